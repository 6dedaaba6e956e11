"""Windows of a real browser that notice what a person would not: errors, policy violations, faults axe-core finds.

Chromium is driven over its own protocol. Nothing of a page's policy is switched off: scripts of ours run as the
developer tools' do, beside the page, so that what the policy refuses is refused here too. A window collects every
console error, every uncaught exception, every issue the browser reports, and where `judge` is called every violation
axe-core sees; a journey goes on past them, and its fixture fails when it is over. What a test expects (the answer 422
to a form) it says with `expecting`.

Waiting is asking again: `until` asks the page every 20 ms. A page's own strict policy refuses the usual helpers.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, CDPSession, ConsoleMessage, Page, Playwright
from playwright.sync_api import Error as PageError

HERE: Final = Path(__file__).parent
AXE: Final = HERE / "node_modules" / "axe-core" / "axe.min.js"
TAGS: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
FLAGS: Final = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-sync",
    "--disable-component-update", "--disable-extensions", "--no-first-run", "--force-color-profile=srgb",
    "--disable-dev-shm-usage", "--host-resolver-rules=MAP *.localhost 127.0.0.1",
)  # fmt: skip
WITHIN_S: Final = 10.0
Found = TypeVar("Found")


def chromium() -> str:
    """The browser: $CHROMIUM, else the first of Debian's names that there is. Raises LookupError."""
    for name in (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name) if name else None
        if found:
            return found
    raise LookupError("no chromium was found; Debian: apt-get install -y chromium fonts-noto-cjk")


def launched(driver: Playwright) -> Browser:
    return driver.chromium.launch(executable_path=chromium(), args=list(FLAGS), headless=True)


def until(ask: Callable[[], Found], within_s: float = WITHIN_S, what: str = "") -> Found:
    """The first answer that is true, asked again and again. Fails after `within_s`."""
    deadline = time.monotonic() + within_s
    while True:
        try:
            found = ask()
            if found:
                return found
        except PageError as error:
            if "context was destroyed" not in str(error):  # a page that is being left has no answer yet
                raise
        assert time.monotonic() < deadline, f"it did not come to pass within {within_s} s: {what or ask}"
        time.sleep(0.02)


class Window:
    """One page of one browser profile at one console. `base`: `http://HOST:PORT`."""

    def __init__(self, context: BrowserContext, base: str, page: Page | None = None) -> None:
        self.context, self.base = context, base
        self.faults: list[str] = []
        self.page = page or context.new_page()
        self._expected: set[int] = set()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.faults.append(f"uncaught: {error}"))
        self.page.on("requestfailed", self._failed)
        self.cdp: CDPSession = context.new_cdp_session(self.page)
        self.cdp.on("Audits.issueAdded", self._issue)
        self.cdp.send("Audits.enable")

    # --- what goes wrong

    def _console(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning") or "AudioContext was not allowed" in message.text:
            return  # trying the sound is how a page learns that it is not proven yet; the browser notes each try
        status = re.search(r"status of (\d+)", message.text)
        if status and int(status[1]) in self._expected:
            return
        if 0 in self._expected and "ERR_" in message.text:
            return
        self.faults.append(f"{message.type} at {message.location.get('url')}: {message.text}")

    def _failed(self, request: Any) -> None:
        why = request.failure or ""
        if "ERR_ABORTED" not in why and 0 not in self._expected:  # aborted: the page was left
            self.faults.append(f"request failed: {request.url}: {why}")

    def _issue(self, event: dict[str, Any]) -> None:
        issue = event["issue"]
        if issue["code"] in ("ContentSecurityPolicyIssue", "MixedContentIssue", "BlockedByResponseIssue"):
            self.faults.append(f"{issue['code']}: {json.dumps(issue['details'])[:600]}")

    @contextlib.contextmanager
    def expecting(self, *statuses: int) -> Iterator[None]:
        """Within it, an answer with one of these statuses is no fault; 0 stands for an end that does not answer."""
        self._expected |= set(statuses)
        try:
            yield
            self.page.evaluate("1")  # what was reported before this answer has been heard by now
        finally:
            self._expected -= set(statuses)

    def violations(self, *rules: str) -> list[str]:
        """What axe-core finds on the page as it stands; with `rules`, only those. A line each."""
        if self._run("typeof axe") != "object":
            self._run(AXE.read_text(encoding="utf-8"))
        only = {"type": "rule", "values": rules} if rules else {"type": "tag", "values": TAGS}
        asked = {"runOnly": only, "resultTypes": ["violations"]}
        found = self._run(
            f"axe.run(document, {json.dumps(asked)}).then(r => JSON.stringify(r.violations.map(v => "
            "({id: v.id, help: v.help, nodes: v.nodes.map(n => [n.target.join(' '), n.failureSummary])}))))"
        )
        return [
            f"{v['id']} ({v['help']}): {target}: {' '.join((why or '').split())[:300]}"
            for v in json.loads(found)
            for target, why in v["nodes"]
        ]

    def judge(self, *rules: str) -> None:
        """What axe-core finds here joins the faults; the journey goes on, and fails at its end."""
        for found in self.violations(*rules):
            fault = f"{urlsplit(self.page.url).path}: {found}"
            if fault not in self.faults:
                self.faults.append(fault)

    def _run(self, program: str) -> Any:
        answer = self.cdp.send(
            "Runtime.evaluate", {"expression": program, "awaitPromise": True, "returnByValue": True}
        )
        assert "exceptionDetails" not in answer, (self.page.url, answer["exceptionDetails"])
        return answer["result"].get("value")

    # --- going about

    def go(self, path: str) -> Window:
        self.page.goto(self.base + path, wait_until="load")
        return self

    def path(self) -> str:
        return str(self.page.evaluate("location.pathname + location.search"))

    def sign_in(self, name: str, passphrase: str) -> Window:
        self.go("/sign-in")
        self.page.fill('input[name="by"]', name)
        self.page.fill('input[name="passphrase"]', passphrase)
        self.press("SIGN IN")
        assert self.path() == "/", self.path()
        return self

    def press(self, words: str) -> Window:
        """Presses the first button that says `words`, in whatever capitals; what it leads to is loaded then."""
        button = self.page.locator("button", has_text=re.compile(re.escape(words), re.I)).first
        try:
            with self.page.expect_navigation(wait_until="load"):
                button.click()
        except PageError as error:
            raise AssertionError(f"{words!r} pressed, and nothing came; {self.as_it_stands()}") from error
        return self

    def begin_draft(self, line: str) -> str:
        """A draft on that line, begun at the board; the path of its page."""
        self.go("/")
        option = self.page.locator("#begin-line option", has_text=line).get_attribute("value")
        self.page.select_option("#begin-line", option)
        self.press("BEGIN A DRAFT")
        assert re.fullmatch(r"/draft/\d+", self.path()), self.path()
        return self.path()

    def text(self, selector: str = "body") -> str:
        """What a person reads there."""
        return " ".join(self.page.inner_text(selector).split())

    def has(self, words: str, selector: str = "body") -> bool:
        return words.casefold() in self.text(selector).casefold()

    def shows(self, words: str, selector: str = "body", within_s: float = WITHIN_S) -> Window:
        """Waits until `words` stand there."""
        try:
            until(lambda: self.has(words, selector), within_s)
        except AssertionError:
            raise AssertionError(f"{words!r} is not in {selector}; {self.as_it_stands()}") from None
        return self

    def holds(self, path: str, words: str) -> Window:
        """Waits until the page at `path`, asked for beside this one, holds `words` as they stand in its source."""
        fetched = "(path) => fetch(path).then((answer) => answer.text())"
        until(lambda: words in self.page.evaluate(fetched, path), what=f"{words!r} at {path}")
        return self

    def focused(self) -> str:
        """What has the focus: its words, or the name of its field."""
        return str(
            self.page.evaluate(
                "(() => { const e = document.activeElement; return e.name || e.innerText || e.tagName })()"
            )
        ).strip()

    def as_it_stands(self) -> str:
        """For a failure: where the window is, with a picture of it in build/journeys."""
        into = HERE.parents[1] / "build" / "journeys" / f"failed-{time.time_ns() // 1_000_000}.png"
        into.parent.mkdir(parents=True, exist_ok=True)
        into.write_bytes(self.picture())
        return f"at {self.page.url}, picture in {into}; faults: {self.faults[:5]}"

    def picture(self) -> bytes:
        """The window as it stands, as PNG; taken by the browser itself, which adds nothing to the page."""
        return bytes_of(self.cdp.send("Page.captureScreenshot", {"format": "png"})["data"])

    def close(self) -> None:
        self.context.close()


def bytes_of(encoded: str) -> bytes:
    return base64.b64decode(encoded)


def opened(
    browser: Browser,
    base: str,
    *,
    language: str = "en",
    size: tuple[int, int] = (1280, 800),
    script: bool = True,
    zoom: float = 1.0,
) -> Window:
    """A new window in a profile of its own. `zoom`: as a person zooms: fewer CSS pixels on the same glass."""
    width, height = int(size[0] / zoom), int(size[1] / zoom)
    context = browser.new_context(
        locale="ko-KR" if language == "ko" else "en-GB",
        viewport={"width": width, "height": height},
        device_scale_factor=zoom,
        java_script_enabled=script,
        color_scheme="light",
        reduced_motion="reduce",
        timezone_id="UTC",
    )
    context.set_default_timeout(WITHIN_S * 1000)
    return Window(context, base)
