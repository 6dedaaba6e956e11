"""What an officer's eyes get: the first paint of the watch screen, and how soon it shows what the other end said.

Both clocks are those of one machine. An event begins when the desk's call at the other end has returned, that is
when the release is on its disk and its turn has ended; it ends when the document of this end has the message in it.
"""

from __future__ import annotations

import os
import shutil
import time
from typing import Any

from bench.ends import WORDS
from bench.up import Up

try:
    from playwright.sync_api import sync_playwright
except ImportError:  # a developer's package, which an end does not need
    sync_playwright = None  # type: ignore[assignment]

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync",
    "--disable-component-update", "--disable-extensions", "--no-first-run", "--disable-dev-shm-usage",
)  # fmt: skip
_WATCHED = """() => {
  window.seen = {};
  const look = () => {
    const at = performance.timeOrigin + performance.now();
    for (const mark of document.body.textContent.match(/Bench mark [0-9]+\\./g) || [])
      if (!(mark in window.seen)) window.seen[mark] = at;
  };
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
}"""
_PAINT = "() => (performance.getEntriesByName('first-contentful-paint')[0] || {}).startTime || null"


def missing() -> str:
    """Why nothing can be measured in a browser here; empty if it can."""
    if sync_playwright is None:
        return "the package playwright is not installed: ./run setup"
    if _chromium() is None:
        return "no chromium was found; Debian: apt-get install -y chromium"
    return ""


def _chromium() -> str | None:
    for name in (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name) if name else None
        if found:
            return found
    return None


def seen(here: Up, there: Up, line: str, *, paints: int, events: int) -> tuple[list[float], list[float]]:
    """First paints of the watch screen, each in a window with nothing cached, and the delays of events, all in ms."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=_chromium(), args=list(FLAGS), headless=True)
        try:
            painted = [_painted(browser, here) for _ in range(paints)]
            return painted, _events(browser, here, there, line, events)
        finally:
            browser.close()


def _signed_in(browser: Any, here: Up) -> Any:
    context = browser.new_context(locale="en", viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(here.address + "/sign-in")
    page.fill("input[name=by]", "chief")
    page.fill("input[name=passphrase]", WORDS["chief"])
    page.click("form[action='/sign-in'] button")
    page.wait_for_url(here.address + "/")
    return page


def _painted(browser: Any, here: Up) -> float:
    """The first contentful paint of the watch screen, from the start of its navigation; scripts and styles anew."""
    page = _signed_in(browser, here)
    tools = page.context.new_cdp_session(page)
    tools.send("Network.clearBrowserCache")
    page.goto(here.address + "/")
    deadline = time.monotonic() + 10
    while (at := page.evaluate(_PAINT)) is None and time.monotonic() < deadline:
        time.sleep(0.02)
    page.context.close()
    return float(at)


def _events(browser: Any, here: Up, there: Up, line: str, events: int) -> list[float]:
    page = _signed_in(browser, here)
    time.sleep(2.5)  # the stream is open, and its first beat has gone
    page.evaluate(_WATCHED)
    delays = []
    base = time.time_ns() % 1_000_000_000
    for number in range(events):
        mark = f"Bench mark {base + number}."
        draft = there.ask("compose", line=line, text=mark, by="duty", precedence="ROUTINE")
        time.sleep(0.25)
        there.ask("release", draft=draft["ref"], by="chief", passphrase=WORDS["chief"])
        said = time.time()
        deadline = time.monotonic() + 10
        while (at := page.evaluate("mark => window.seen[mark] || null", mark)) is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the other end's screen did not show {mark}")
            time.sleep(0.05)
        delays.append(at - said * 1000)
        time.sleep(0.1 + 0.037 * (number % 5))  # not in step with any beat
    page.context.close()
    return delays
