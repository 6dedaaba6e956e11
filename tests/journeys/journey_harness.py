"""The journeys' own means: a window that sees nothing wrong is worth something only if it sees what is wrong."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

import pytest
from leftover import READ, english_left
from playwright.sync_api import Browser
from windows import opened

PAGES: Final = {
    "/": "<table bgcolor='#888888'><tr><td><font color='#777777'>pale</font></table><img src='/none.png'>",
    "/inline": "<script>document.title = 'run'</script><button onclick='go()'>go</button>",
    "/throws": "<script type='module' src='/throws.js'></script>",
    "/well": "<h1>well</h1><p>well</p>",
}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        script = self.path == "/throws.js"
        page = PAGES.get(self.path)
        self.send_response(200 if page or script else 404)
        self.send_header("content-type", "text/javascript" if script else "text/html; charset=utf-8")
        self.send_header("content-security-policy", "default-src 'none'; script-src 'self'; img-src 'self'")
        self.end_headers()
        words = "null.f()" if script else (
            f"<!doctype html><html lang='en'><title>page</title><main>{page}</main></html>"
        )  # fmt: skip
        self.wfile.write(words.encode())

    def log_message(self, *_: object) -> None:
        """Nothing is told."""


@pytest.fixture(scope="module")
def bad_site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(5)
    server.server_close()


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/", "status of 404"),
        ("/", "color-contrast"),
        ("/", "image-alt"),
        ("/inline", "ContentSecurityPolicyIssue"),
        ("/throws", "uncaught"),
    ],
)
def test_a_window_sees_what_is_wrong_with_a_page(
    path: str, seen: str, browser: Browser, bad_site: str
) -> None:
    window = opened(browser, bad_site).go(path)
    window.judge()
    window.close()
    assert any(seen in fault for fault in window.faults), window.faults


def test_a_window_finds_no_fault_with_a_page_that_has_none(browser: Browser, bad_site: str) -> None:
    window = opened(browser, bad_site).go("/well")
    window.judge()
    window.close()
    assert window.faults == []


def test_reading_a_page_for_words_left_over_takes_what_folds_and_labels_say_too(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content(
        "<title>당직 board</title><p aria-label='labelled'>가</p><details><summary>나</summary>folded</details>"
        "<p hidden>hidden</p><textarea>typed</textarea>"
    )
    said = page.evaluate(READ)
    page.close()
    assert {"당직 board", "labelled", "folded"} <= set(said)
    assert "typed" not in said


def test_english_left_in_a_korean_page_is_found_and_what_people_wrote_is_not() -> None:
    read = {"board": ["당직 Watch", "Liaison · 열림", "271005Z JUL 21", "9d74fb8fee6e159a", "UTC"]}
    assert english_left(read, {"Liaison"}) == ["board: Watch [당직 Watch]"]
