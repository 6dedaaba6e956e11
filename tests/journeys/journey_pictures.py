"""Every page of the console in both languages and all three palettes: judged, read for English left over, pictured.

The ends stand still on a virtual clock (`morning`), so that a picture taken tomorrow shows the same morning. Single
pictures go into the README and the guide; contact sheets show all pages at once. In a Korean page no English word of
the interface may be left: what is shown is read, what people wrote is taken out, and what stays in Latin letters must
be a name or a code that is the same in both languages.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Final

import pytest
from leftover import READ, english_left
from morning import SECRET, Shown, busy, calm, empty, hostile, on_air, papers, said_by_people
from pictures import BYTES_MAX, TILE, Darkroom, Tile
from playwright.sync_api import Browser
from windows import Window, opened, until

from parley.console.acts import ALL_LINES

WHERE: Final = Path(os.environ.get("PARLEY_PICTURES", "build/journeys"))
LARGE: Final = Path(__file__).parents[2] / "build" / "journeys" / "large"  # to look at; not kept
SINGLES: Final = (
    "board-alarms", "message-flash", "release", "record", "wall", "board-calm", "letter", "announcement", "year",
)  # fmt: skip
PALETTES: Final = {
    "day": ("#dde0e2", "#1a1f23"),
    "dusk": ("#2b3035", "#e6e9eb"),
    "night": ("#0c0d0e", "#c8bfb2"),
}
SHEET: Final = {"width": 1280, "height": 1200}  # of a page on a contact sheet: more than a first screen shows
CHIEF: Final = frozenset({"release", "restore", "sever", "sever-all", "message-kept-back"})
NOBODY: Final = frozenset({"sign-in", "wall"})
ORDER: Final = (
    "sign-in",
    "board-first-day",
    "board-calm",
    "board-alarms",
    "message-flash",
    "message-late",
    "message-ladder",
    "message-unanswered",
    "draft",
    "check",
    "release",
    "message-kept-back",
    "line",
    "line-cut",
    "record",
    "call",
    "restore",
    "sever",
    "sever-all",
    "letters",
    "letter",
    "letter-desk",
    "appointments",
    "announcements",
    "announcement",
    "calendar",
    "year",
    "watch",
    "wall",
    "sentence",
    "act-refused",
    "message-hostile",
    "board-hostile",
    "line-hostile",
    "letter-hostile",
)


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, SimpleNamespace]]:
    """The ends of `morning`, by the name of what makes them."""
    with ExitStack() as up:
        yield {
            build.__name__: up.enter_context(
                on_air(tmp_path_factory.mktemp(build.__name__), build, f"-{build.__name__}")
            )
            for build in (busy, calm, papers, hostile, empty)
        }


@pytest.fixture(scope="module")
def darkroom(browser: Browser) -> Iterator[Darkroom]:
    room = Darkroom(browser)
    yield room
    room.close()


def _windows(browser: Browser, site: Shown, language: str) -> dict[str, Window]:
    size = SHEET["width"], SHEET["height"]
    made = {"": opened(browser, site.base, language=language, size=size)}
    for officer in ("duty", "chief"):
        made[officer] = opened(browser, site.base, language=language, size=size)
        made[officer].go("/sign-in")
        made[officer].page.fill('input[name="by"]', officer)
        made[officer].page.fill('input[name="passphrase"]', SECRET)
        made[officer].page.press('input[name="passphrase"]', "Enter")
        until(lambda w=made[officer]: w.path() == "/", what="signed in")
    return made


def _refused_act(window: Window) -> None:
    """A page that came back from an act that could not be done."""
    window.go("/sever/Liaison")
    window.page.fill('textarea[name="grounds"]', "[지어낸 글]")
    window.page.fill('input[name="retyped"]', "Liaison 2")
    with window.expecting(422):
        window.page.locator("main button.grave").click()
        until(lambda: window.page.locator(".problem").count(), what="the refusal")


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_page_stands_in_three_palettes_with_nothing_to_find_fault_with(
    language: str, browser: Browser, stages: dict[str, SimpleNamespace], darkroom: Darkroom
) -> None:
    alarmed = stages["busy"]
    LARGE.mkdir(parents=True, exist_ok=True)
    tiles: dict[str, dict[str, Tile]] = {palette: {} for palette in PALETTES}
    read: dict[str, list[str]] = {}
    windows: list[Window] = []
    for site in (
        *(stages[name].north for name in ("empty", "calm", "papers", "hostile")),
        alarmed.south,
        alarmed.north,
    ):
        signed = _windows(browser, site, language)
        windows += signed.values()
        for name, path in (*site.paths.items(), *([("act-refused", "")] if site is alarmed.north else [])):
            window = signed["" if name in NOBODY else "chief" if name in CHIEF or not path else "duty"]
            with window.expecting(*((404,) if name == "sentence" else ())):
                if path:
                    window.go(path)
                else:
                    _refused_act(window)
            read[name] = window.page.evaluate(READ)
            assert window.page.evaluate("document.documentElement.scrollWidth") <= SHEET["width"], name
            for palette in PALETTES:
                window.page.evaluate("(name) => { document.documentElement.dataset.palette = name }", palette)
                window.judge(*(() if palette == "day" else ("color-contrast",)))
                png = window.picture()
                tiles[palette][name] = Tile(name, darkroom.small(png, width=TILE[0], colours=64))
                if palette == "day":
                    (LARGE / f"{name}-{language}.png").write_bytes(png)
                if palette == "day" and language == "en" and name in SINGLES:
                    window.page.set_viewport_size({"width": 1280, "height": 800})
                    (WHERE / f"{name}.png").write_bytes(darkroom.small(window.picture()))
                    window.page.set_viewport_size(SHEET)
    assert set(tiles["day"]) == set(ORDER)
    for palette, (ground, text) in PALETTES.items():
        sheet = darkroom.sheet(
            f"Parley, {language}, {palette}", [tiles[palette][name] for name in ORDER], ground, text
        )
        assert len(sheet) <= BYTES_MAX
        (WHERE / f"pages-{language}-{palette}.png").write_bytes(sheet)
    faults = [fault for window in windows for fault in window.faults]
    for window in windows:
        window.close()
    people = {ALL_LINES}.union(*(said_by_people(stage.ends) for stage in stages.values()))
    left = english_left(read, people) if language == "ko" else []
    if faults or left:
        pytest.fail(
            "\n".join(
                [*faults[:12], f"English left in {len(left)} places of Korean pages:" if left else "", *left]
            ),
            pytrace=False,
        )


def test_an_officer_chooses_language_and_palette_by_the_buttons_of_the_bar_and_they_stay(
    browser: Browser, stages: dict[str, SimpleNamespace]
) -> None:
    quiet = stages["calm"]
    window = opened(browser, quiet.north.base)
    window.sign_in("duty", SECRET)
    for palette, (ground, _text) in PALETTES.items():
        window.go("/line/Liaison")
        with window.page.expect_navigation():
            window.page.click(f'button[name="palette"][value="{palette}"]')
        assert window.path() == "/line/Liaison"
        colour = window.page.evaluate("getComputedStyle(document.body).backgroundColor")
        red, green, blue = (int(ground[i : i + 2], 16) for i in (1, 3, 5))
        assert colour == f"rgb({red}, {green}, {blue})", (palette, colour)
    with window.page.expect_navigation():
        window.page.click('button[name="language"][value="ko"]')
    assert window.page.evaluate("document.documentElement.lang") == "ko"
    window.go("/")
    assert window.page.evaluate("document.documentElement.lang") == "ko"
    window.close()
    assert window.faults == []
