"""A session that locks itself: the clock is moved, so nobody waits a quarter of an hour."""

from __future__ import annotations

import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from morning import SECRET, calm, on_air
from playwright.sync_api import Browser
from windows import opened, until

from parley import console
from parley.console.sessions import IDLE_LOCK_S, SESSION_S


class Clock:
    """A monotonic clock that can be moved on."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead


@pytest.fixture
def stage(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SimpleNamespace]:
    clock = Clock()
    monkeypatch.setattr(console, "time", clock)
    with on_air(tmp_path_factory.mktemp("locked"), calm, "-locked") as up:
        up.clock = clock
        yield up


def test_a_locked_session_shows_saves_and_sounds_and_asks_the_passphrase_again_for_an_act(
    browser: Browser, stage: SimpleNamespace
) -> None:
    window = opened(browser, stage.north.base)
    window.sign_in("duty", SECRET)
    draft = window.begin_draft("Military West")
    window.page.locator('textarea[name="text"]').press_sequentially("Half ", delay=3)
    window.holds(draft, "\nHalf ")
    stage.clock.ahead += IDLE_LOCK_S + 1

    # Typing goes on and is saved; the page says that the session is locked.
    window.page.locator('textarea[name="text"]').press_sequentially("and half", delay=3)
    window.holds(draft, "\nHalf and half<")
    window.go(draft)
    assert window.page.input_value('textarea[name="text"]') == "Half and half"
    assert window.has("locked", ".mode")
    window.judge()

    # An act asks for the passphrase in its own form; a wrong one does nothing and keeps what was typed.
    window.go("/sever/Services")
    window.page.fill('textarea[name="grounds"]', "A trial")
    window.page.fill('input[name="retyped"]', "Services")
    window.judge()
    window.page.fill('input[name="passphrase"]', "not it")
    with window.expecting(422):
        window.press("SEVER Services")
        assert window.page.input_value('textarea[name="grounds"]') == "A trial"
        assert window.page.input_value('input[name="passphrase"]') == ""
        window.judge()
    window.page.fill('input[name="passphrase"]', SECRET)
    window.press("SEVER Services")
    window.shows("SEVERED BY US", "#line")
    assert not window.has("locked", ".mode")

    # After a long watch there is only the alarm wall, which nobody has to sign in for.
    stage.clock.ahead += SESSION_S
    until(lambda: window.path() == "/wall", 12, "the alarm wall")
    window.judge()
    window.close()
    assert window.faults == []
