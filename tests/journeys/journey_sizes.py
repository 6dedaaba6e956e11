"""Every page at the sizes a watch floor has, from a zoomed laptop to a wall of 4K: measured, not looked at.

Nothing scrolls sideways, nothing is cut at the edge of the bar, the bar lies over no text, and what is to be pressed
is large enough to be hit by a tired hand: 24 px, and 44 px for the acts themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest
from morning import SECRET, busy, on_air, papers
from playwright.sync_api import Browser
from windows import opened

SIZES: Final = {
    "1280 by 800": ((1280, 800), 1.0),
    "200 % zoom of 1280 by 800": ((1280, 800), 2.0),
    "1920 by 1080": ((1920, 1080), 1.0),
    "3840 by 2160": ((3840, 2160), 1.0),
}
_MEASURE: Final = (Path(__file__).parent / "measure.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    with (
        on_air(tmp_path_factory.mktemp("sizes"), busy, "-sizes") as up,
        on_air(tmp_path_factory.mktemp("papers"), papers, "-sizes") as more,
    ):
        yield SimpleNamespace(busy=up, papers=more)


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("size", SIZES)
def test_every_page_holds_at_this_size(
    size: str, language: str, browser: Browser, stage: SimpleNamespace
) -> None:
    found: dict[str, list[str]] = {}
    for up in (stage.busy, stage.papers):
        measure(browser, up.north, size, language, found)
    if found:
        told = sorted(f"{said} (on {', '.join(dict.fromkeys(pages))})" for said, pages in found.items())
        pytest.fail("\n".join([f"{len(found)} at {size}, {language}", *told[:25]]), pytrace=False)


def measure(browser: Browser, site: Any, size: str, language: str, found: dict[str, list[str]]) -> None:
    """What is wrong with the pages of one end, and on which, into `found`."""
    glass, zoom = SIZES[size]
    windows: dict[str, Any] = {
        officer: opened(browser, site.base, language=language, size=glass, zoom=zoom)
        for officer in ("", "duty", "chief")
    }
    for officer in ("duty", "chief"):
        windows[officer].go("/sign-in")
        windows[officer].page.fill('input[name="by"]', officer)
        windows[officer].page.fill('input[name="passphrase"]', SECRET)
        windows[officer].page.press('input[name="passphrase"]', "Enter")
        windows[officer].page.wait_for_selector("#board, #lines")
    for name, path in site.paths.items():
        officer = (
            ""
            if name in ("wall", "sign-in")
            else "chief"
            if name in ("release", "message-kept-back")
            else "duty"
        )
        window = windows[officer]
        with window.expecting(*((404,) if name == "sentence" else ())):
            window.go(path)
        window.page.evaluate("document.querySelectorAll('details').forEach((e) => { e.open = true })")
        for said in window.page.evaluate(_MEASURE):
            found.setdefault(said, []).append(name)
    faults = [fault for window in windows.values() for fault in window.faults]
    for window in windows.values():
        window.close()
    assert faults == []


def test_the_measure_finds_what_is_too_wide_too_small_and_covered(browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 640, "height": 400})
    page.set_content(
        "<style>body { margin: 0 } .bar { position: sticky; top: 0; height: 300px } p { width: 900px }"
        "main { margin-top: -10px; padding-top: 1px } button { height: 20px; padding: 0 }</style>"
        "<div class='bar'></div><main><p>wide</p><button>small</button></main>"
    )
    said = page.evaluate(_MEASURE)
    page.close()
    for words in (
        "scrolls sideways",
        "beyond the edge: P wide",
        "act of 20 px",
        "the bar lies over",
        "takes 300 of 400",
    ):
        assert any(words in one for one in said), (words, said)
