"""A whole watch without a mouse: every step by Tab, arrows, Space and Enter, with the focus always to be seen."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from given import Opener
from real_pair import SPARE, Site, Sites
from windows import Window, until

TEXT = "[invented] Two boats adrift 3 miles west of buoy 12."
_SEEN: Final = (Path(__file__).parent / "focus.js").read_text(encoding="utf-8")


def tab_to(window: Window, selector: str, most: int = 120) -> Window:
    """Presses Tab until the focus is on the first thing that `selector` names; each stop on the way must be seen."""
    for _ in range(most):
        if window.page.evaluate(
            "(s) => { const e = document.querySelector(s); return e === document.activeElement }", selector
        ):
            return window
        window.page.keyboard.press("Tab")
        unseen = window.page.evaluate(_SEEN)
        assert not unseen or unseen == "nothing has the focus", (window.page.url, unseen)
    raise AssertionError(f"{selector} is not reached by Tab at {window.page.url}")


def enter(window: Window) -> Window:
    with window.page.expect_navigation(wait_until="load"):
        window.page.keyboard.press("Enter")
    return window


def signed_in(window: Window, site: Site, name: str) -> Window:
    window.go("/sign-in")
    tab_to(window, 'input[name="by"]').page.keyboard.type(name)
    tab_to(window, 'input[name="passphrase"]').page.keyboard.type(site.secret(name))
    enter(window)
    assert window.path() == "/"
    return window


def test_a_watch_is_kept_by_keyboard_alone(sites: Sites, window: Opener) -> None:
    north = signed_in(window(sites.north), sites.north, "duty")
    duty, chief = (signed_in(window(sites.south), sites.south, name) for name in ("duty", "chief"))

    # Take the watch; the key press is also what lets the window sound.
    enter(tab_to(north, '#bar a[href="/watch"]'))
    enter(tab_to(north, 'form[action="/act/take-watch"] button'))
    north.shows("You have the watch", "main")
    assert north.has("duty", "#bar")
    north.shows("proven", "#sound")
    assert not north.has("not proven", "#sound")

    # Draft a FLASH: arrows move between the precedences.
    enter(tab_to(duty, "#compose button"))
    tab_to(duty, 'input[name="precedence"]:checked')
    for _ in range(4):
        if duty.page.is_checked('input[value="FLASH"]'):
            break
        duty.page.keyboard.press("ArrowDown")
    assert duty.page.is_checked('input[value="FLASH"]')
    tab_to(duty, 'input[name="reason"]').page.keyboard.type("lives are in danger now")
    tab_to(duty, 'textarea[name="text"]').page.keyboard.type(TEXT)
    enter(tab_to(duty, "#draft button"))
    assert duty.path().endswith("/check")
    enter(tab_to(duty, 'form[action="/act/offer-draft"] button'))

    # Release it, as the second person, from the board.
    chief.go("/")
    enter(tab_to(chief, "#drafts a.message"))
    tab_to(chief, 'input[name="counterpart"]').page.keyboard.type("North")
    tab_to(chief, 'select[name="precedence"]').page.keyboard.type("Z")
    assert chief.page.input_value('select[name="precedence"]') == "FLASH"
    enter(tab_to(chief, 'form[action="/act/release"] button'))

    # Read it from the band, and read it back.
    north.shows("FLASH from South", "#alarms")
    enter(tab_to(north, "#alarms .flash a"))
    assert north.has(TEXT)
    tab_to(north, 'textarea[name="read_back"]').page.keyboard.type("two boats, 3 miles, buoy 12, 2")
    enter(tab_to(north, 'form[action="/act/acknowledge"] button'))
    north.shows("Acknowledged", "main")
    chief.shows("READ BACK", "#state .reached >> nth=-1")

    # Sever and offer to restore.
    chief.go("/")
    line = SPARE[0].replace(" ", "%20")
    enter(tab_to(chief, f'a[href="/sever/{line}"]'))
    tab_to(chief, 'textarea[name="grounds"]').page.keyboard.type("A trial of the cut")
    tab_to(chief, 'input[name="retyped"]').page.keyboard.type(SPARE[0])
    enter(tab_to(chief, 'form[action="/act/sever"] button'))
    chief.shows("SEVERED BY US", "#line")
    enter(tab_to(chief, f'main a[href="/restore/{line}"]'))
    tab_to(chief, 'input[name="opens_at"]').page.keyboard.type("2030-01-01 10:00")
    enter(tab_to(chief, 'form[action="/act/offer"] button'))
    chief.shows("1 of 2", "#table")

    # The first stop of a page is the way past the bar.
    north.go("/line/Liaison")
    north.page.keyboard.press("Tab")
    assert re.search("skip", north.focused(), re.I)
    north.page.keyboard.press("Enter")
    until(
        lambda: north.page.evaluate("document.activeElement.id") == "main",
        what="the page itself has the focus",
    )
    for one in (north, duty, chief):
        one.judge()


def test_the_function_keys_named_in_the_bar_lead_where_it_says(sites: Sites, window: Opener) -> None:
    watch = window(sites.south, "duty")
    keys = watch.page.locator(".mode kbd")
    named = {keys.nth(i).inner_text() for i in range(keys.count())}
    assert named, "the bar names no key"
    for key in sorted(named):
        watch.go("/line/Liaison")
        before = (watch.path(), watch.focused(), watch.page.evaluate("location.hash"))
        watch.page.keyboard.press(key)
        until(
            lambda b=before: (watch.path(), watch.focused(), watch.page.evaluate("location.hash")) != b,
            3,
            f"{key} leads somewhere",
        )
