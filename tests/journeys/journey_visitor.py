"""A visitor's five minutes with the demonstration, from the guide page to the record that proves it.

`parley demo` is a process of its own; everything is done by pressing what the guide says. The officers' links sign in
with one click, each in the tab of their end, one after the other as a visitor alone would do it.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from leftover import READ, english_left
from pictures import Darkroom
from playwright.sync_api import Browser
from real_pair import free_port
from windows import Window, opened, until

from parley.scenario import DEMO_PASSPHRASE, load

WHERE: Final = Path(os.environ.get("PARLEY_PICTURES", "build/journeys"))
TEXT: Final = (
    "[invented] Fire near post 7 at 1005. Two helicopters fly from 1040, 2 kilometres south of the line."
)
SCENARIO: Final = Path(__file__).parents[2] / "scenarios" / "korea-2021.toml"


def names() -> set[str]:
    """What the scenario names, which stands in every language as it is."""
    scenario = load(SCENARIO)
    officers = [officer for party in scenario.parties for officer in party.officers]
    return {
        DEMO_PASSPHRASE,
        *(line.name for line in scenario.lines),
        *(bearer.key for bearer in scenario.bearers),
        *(text for officer in officers for text in (officer.login, officer.office)),
    }


class Demo:
    """The demonstration, up: `guide` is its address."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process, self.port = process, port
        self.guide = f"http://localhost:{port - 1}"


@pytest.fixture
def demo() -> Iterator[Demo]:
    port = free_port() + 2
    process = subprocess.Popen(
        [sys.executable, "-m", "parley", "demo", "--port", str(port)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if line.startswith("Stop with"):
                break
        assert process.poll() is None, "the demonstration did not start"
        yield Demo(process, port)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


class Visit:
    """The guide in one tab, the South's console in another."""

    def __init__(self, browser: Browser, demo: Demo) -> None:
        self.guide = opened(browser, demo.guide)
        self.guide.go("/")
        self._south_base = f"http://south.localhost:{demo.port + 1}"
        self.south: Window | None = None
        self.faults: list[str] = []

    def as_officer(self, name: str) -> Window:
        """Presses the officer's link; the South's tab, signed in."""
        self.guide.page.click(f"#link-south-{name}")
        signed = until(lambda: self._tab(name), what=f"signed in as {name}")
        if self.south is None or signed is not self.south.page:
            self._forget()
            self.south = Window(self.guide.context, self._south_base, signed)
        return self.south

    def _tab(self, name: str):  # type: ignore[no-untyped-def]
        self.guide.page.evaluate("1")  # a new tab is heard of while something is asked
        for page in reversed(self.guide.context.pages):
            if page.url.startswith(self._south_base) and "/demo/" not in page.url:
                words = page.evaluate("document.querySelector('.mode')?.innerText || ''")
                if re.search(rf"\b{name}\b", words):
                    return page
        return None

    def _forget(self) -> None:
        if self.south is not None:
            self.faults += self.south.faults
            self.south.page.close()

    def step(self, words: str, within_s: float = 15.0) -> None:
        """Waits until the guide says that this part is done."""
        self.guide.shows(words, "#story", within_s)

    def end(self) -> list[str]:
        self._forget()
        self.guide.close()
        return self.faults + self.guide.faults


def test_a_visitor_restores_the_lines_is_answered_sends_a_flash_meets_silence_and_has_it_proved(
    browser: Browser, demo: Demo
) -> None:
    began = time.monotonic()
    visit = Visit(browser, demo)
    guide = visit.guide
    assert guide.has("Take the watch at the South", "#story")
    guide.judge()

    # 1: the watch
    south = visit.as_officer("duty")
    south.judge()
    south.go("/watch").press("TAKE THE WATCH")
    south.shows("You have the watch", "main").judge()
    visit.step("Answer a tender now")

    # 2: the tender on the board, answered by two persons
    tender = south.go("/").page.get_attribute('#needs a[href^="/letter/"]', "href")
    south.go(tender or "").judge()
    south.press("PREPARE THIS ANSWER")
    south = visit.as_officer("chief")
    south.go("/letters").judge()
    with south.page.expect_navigation():
        south.page.click('form[action="/act/release-paper"] button')
    visit.step("Offer to restore two lines now")

    # 3: two offers, a second officer, the other side by itself
    for line in ("Liaison", "Military West"):
        south.go(f"/restore/{line}")
        south.page.fill('input[name="opens_at"]', "2021-07-27 01:00")
        south.press(f"OFFER TO RESTORE {line}")
    south.judge()
    south = visit.as_officer("head")
    for line in ("Liaison", "Military West"):
        south.go(f"/restore/{line}").press("AGREE TO OPEN")
    visit.step("Make the first call now", 30)
    guide.judge()

    # 4: the hour comes, the first call is answered
    guide.page.click("#rate-60")
    visit.step("Liaison is open: done", 40)
    guide.page.click("#rate-1")
    south = visit.as_officer("duty")
    south.go("/call/Liaison").press("CALL ON Liaison")
    south.shows("answered", "#call .checklist", 15)
    south.judge()
    visit.step("Send a FLASH and see it read back now", 20)

    # 5: a FLASH by two persons
    south.begin_draft("Military West")
    south.page.check('input[value="FLASH"]')
    south.page.fill('input[name="reason"]', "lives are in danger now")
    south.page.fill('textarea[name="text"]', TEXT)
    south.press("CHECK AS THEY WILL READ IT")
    south.press("FOR RELEASE")
    message = south.path().partition("?")[0]
    south = visit.as_officer("military")
    south.go(message).judge()
    south.page.fill('input[name="counterpart"]', "North")
    south.page.select_option('select[name="precedence"]', "FLASH")
    south.press("RELEASE FLASH TO NORTH")
    south.shows("READ BACK", "#state .reached >> nth=-1", 20)
    south.judge()
    visit.step("See both sides announce it now", 20)
    guide.judge()
    assert guide.page.locator("#wire tbody tr").count() > 5  # every frame, as an observer sees it
    room = Darkroom(browser)
    (WHERE / "guide.png").write_bytes(room.small(guide.picture()))
    room.close()

    # 6: at 11:00 both texts are public, each on its own site
    guide.page.click("#rate-60")
    visit.step("Meet a silence now", 90)
    guide.page.click("#rate-1")
    for party, count in (("south", 2), ("north", 1)):
        guide.shows(f"{count} public", f"li:has(#site-{party})")
        public = opened(browser, f"{visit.guide.base}/site/{party}/")
        public.go("").judge()
        assert public.has("[invented]")
        visit.faults += public.faults
        public.close()
    assert visit.south is not None
    visit.south.go("/announcements").judge()

    # 7: two weeks on, nobody answers
    guide.page.click("#jump")
    guide.shows("2021-08-10", "#clock", 60)
    until(lambda: guide.page.is_enabled("#rate-60"), 30, "both ends again")
    visit.south.faults = [f for f in visit.south.faults if "503" not in f]  # type: ignore[union-attr]
    south = visit.as_officer("duty")
    guide.page.click("#rate-60")
    guide.shows("17:0", "#clock", 40)
    guide.page.click("#rate-1")
    south.go("/call/Liaison").press("CALL ON Liaison")
    guide.page.click("#rate-60")
    visit.step("Be answered again now", 120)
    guide.page.click("#rate-1")
    south.go("/line/Liaison").shows("QUIET", "#line", 15)
    assert south.has("OPEN", "#line .declared")
    south.judge()

    # 8: October
    guide.page.click("#jump")
    guide.shows("2021-10-04", "#clock", 60)
    until(lambda: guide.page.is_enabled("#rate-60"), 30, "both ends again")
    visit.south.faults = [f for f in visit.south.faults if "503" not in f]  # type: ignore[union-attr]
    south = visit.as_officer("duty")
    south.go("/call/Liaison").press("CALL ON Liaison")
    visit.step("Let the record prove it now", 30)
    south.go("/year/Liaison").judge()

    # 9: proved; and a flipped byte is noticed
    guide.page.click("#prove")
    visit.step("proved: done", 60)
    guide.page.click("#flip")
    until(lambda: guide.page.locator("#story .g-done").count() == 9, 60, "the story told to its end")
    assert re.search(r"Byte \d+ of \d+", guide.text("#proof"), re.I), guide.text("#proof")
    guide.judge()
    took = time.monotonic() - began
    faults = visit.end()
    if faults:
        pytest.fail("\n".join([f"{len(faults)} faults", *faults[:12]]), pytrace=False)
    assert took < 300, took


def test_the_guide_stands_in_both_languages_and_all_palettes(browser: Browser, demo: Demo) -> None:
    guide = opened(browser, demo.guide)
    for language in ("en", "ko"):
        for palette in ("day", "dusk", "night"):
            guide.go(f"/?lang={language}&palette={palette}")
            assert guide.page.evaluate("document.documentElement.lang") == language
            assert guide.page.evaluate("document.documentElement.dataset.palette") == palette
            guide.judge()
            wide = guide.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= 1280, (language, palette, wide)
    left = english_left({"guide": guide.page.evaluate(READ)}, names())
    guide.close()
    if guide.faults or left:
        pytest.fail("\n".join([*guide.faults[:12], *left]), pytrace=False)
