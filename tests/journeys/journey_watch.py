"""What holds on a watch floor: a page that lost its stream, session rules, a browser without script, a text typed."""

from __future__ import annotations

import re
import time
from urllib.parse import urlsplit

from given import Opener
from real_pair import Sites
from windows import until


def test_a_page_that_lost_its_stream_says_so_within_five_seconds_and_catches_up(
    sites: Sites, window: Opener
) -> None:
    watch = window(sites.north, "duty")
    other = window(sites.south, "duty")
    watch.go("/")
    until(lambda: not watch.page.is_visible("#lost"))
    watch.page.evaluate("performance.mark('calm')")
    sites.north.stall()
    try:
        began = time.monotonic()
        until(lambda: watch.page.is_visible("#lost"), 8, "the band of a lost stream")
        # A beat comes every two seconds, so up to two of the five may have passed before the end stood still.
        assert 2.5 <= time.monotonic() - began <= 5.6, time.monotonic() - began
        watch.judge()
        other.go("/line/Liaison")
        other.press("BEGIN A DRAFT ON Liaison")  # something to catch up with: their watch rings meanwhile
        other.go("/call/Liaison").press("CALL ON Liaison")
    finally:
        sites.north.go_on()
    until(lambda: not watch.page.is_visible("#lost"), 8, "the stream again")
    watch.shows("RINGING", "#needs")
    assert (
        watch.page.evaluate("performance.getEntriesByName('calm').length") == 1
    )  # the same page all the time
    watch.press("ANSWER Liaison")
    watch.shows("answered", "#call").judge()
    other.shows("answered", "#call").judge()


def test_a_page_whose_end_is_gone_says_so_and_comes_back_with_it(sites: Sites, window: Opener) -> None:
    watch = window(sites.south, "duty")
    watch.go("/")
    with watch.expecting(0):
        sites.south.end.kill()
        until(lambda: watch.page.is_visible("#lost"), 8, "the band of a lost stream")
        sites.south.end.up()
        # Sessions live in the process: whoever was signed in is not any more, and sees the alarm wall.
        until(lambda: watch.path() == "/wall", 12, "the alarm wall")
    watch.judge()


def test_an_update_takes_neither_the_focus_nor_what_was_typed(sites: Sites, window: Opener) -> None:
    north, south = window(sites.north, "chief"), window(sites.south, "duty")
    # A fold that is open, with a field that has the focus, on a page whose state changes under it.
    north.go("/line/Liaison").press("BEGIN A DRAFT ON Liaison")
    text = north.page.locator('textarea[name="text"]')
    text.press_sequentially("Half a sen", delay=3)
    before = north.text("#alarms")
    south.go("/call/Liaison").press("CALL ON Liaison")
    until(lambda: north.text("#alarms") != before, what="an alarm above the draft")
    assert north.focused() == "text"
    text.press_sequentially("tence.", delay=3)
    assert text.input_value() == "Half a sentence."
    assert north.page.evaluate("document.activeElement.selectionStart") == len("Half a sentence.")
    north.judge()
    north.go("/call/Liaison").press("ANSWER Liaison")
    # A link that has the focus keeps it, though the list it stands in is put in place anew.
    north.go("/")
    north.page.focus("#lines a")
    named = north.focused()
    south.go("/call/Military West").press("CALL ON Military West")
    north.shows("RINGING", "#needs")
    assert north.focused() == named
    north.go("/call/Military West").press("ANSWER Military West")


def test_signing_out_in_one_tab_leaves_the_other_with_the_alarm_wall(sites: Sites, window: Opener) -> None:
    one = window(sites.north, "duty")
    token = one.context.cookies()[0]
    assert token["httpOnly"]
    assert token["sameSite"] == "Lax"
    tab = one.context.new_page()
    tab.goto(one.base + "/")
    one.go("/").press("sign out")
    assert one.path().startswith("/sign-in")
    one.judge()
    until(lambda: tab.evaluate("location.pathname") == "/wall", 8, "the alarm wall in the other tab")
    one.go("/line/Liaison")
    assert one.path().startswith("/sign-in?next=")
    one.page.fill('input[name="by"]', "duty")
    one.page.fill('input[name="passphrase"]', "not it")
    with one.expecting(422):
        one.press("SIGN IN")
        assert one.page.input_value('input[name="by"]') == "duty"
        assert one.page.input_value('input[name="passphrase"]') == ""
        one.judge()
    one.page.fill('input[name="passphrase"]', sites.north.secret("duty"))
    one.press("SIGN IN")
    assert one.path() == "/line/Liaison"  # back to where they were going
    assert one.context.cookies()[0]["value"] != token["value"]


def test_the_alarm_wall_needs_no_sign_in_and_tells_no_content(sites: Sites, window: Opener) -> None:
    wall = window(sites.north)
    wall.go("/wall")
    assert wall.context.cookies() == []
    assert re.search(r"\d+ alarms", wall.text(), re.I)
    for name in ("Liaison", "Military", "duty", "chief"):
        assert name not in wall.text()
    wall.judge()
    before = wall.text("#counts")
    south = window(sites.south, "duty")
    south.go("/call/Liaison").press("CALL ON Liaison")
    until(lambda: wall.text("#counts") != before, what="the ringing counted")
    north = window(sites.north, "duty")
    north.go("/call/Liaison").press("ANSWER Liaison")


def test_without_script_the_board_and_a_message_are_read_and_the_message_is_acknowledged(
    sites: Sites, window: Opener
) -> None:
    duty, chief = window(sites.south, "duty"), window(sites.south, "chief")
    text = "[invented] Read without script: nine crates, gate 4."
    duty.begin_draft("Liaison")
    duty.page.fill('textarea[name="text"]', text)
    duty.press("CHECK AS THEY WILL READ IT")
    duty.press("FOR RELEASE")
    chief.go(duty.path().partition("?")[0])
    chief.page.fill('input[name="counterpart"]', "North")
    chief.page.select_option('select[name="precedence"]', "ROUTINE")
    chief.press("RELEASE ROUTINE TO NORTH")
    chief.shows("AT THEIR END", "#state")

    bare = window(sites.north, script=False)
    bare.page.goto(bare.base + "/sign-in")
    bare.page.fill('input[name="by"]', "duty")
    bare.page.fill('input[name="passphrase"]', sites.north.secret("duty"))
    bare.page.click('button:has-text("sign in")')
    needs = bare.page.locator("#needs")
    assert text in needs.inner_text()
    needs.locator("a.message", has_text=text).click()
    assert text in bare.page.inner_text("#paper")
    bare.page.click('#acknowledge button:has-text("acknowledge to south")')
    assert "Acknowledged" in bare.page.inner_text("main")
    chief.shows("SEEN BY WATCH", "#state .reached >> nth=-1")


def test_a_press_is_not_lost_when_its_part_of_the_page_changes_meanwhile(
    sites: Sites, window: Opener
) -> None:
    south, north = window(sites.south, "duty"), window(sites.north, "duty")
    north.go("/call/Liaison")
    fetched: list[str] = []
    north.page.on("response", lambda answer: fetched.append(urlsplit(answer.url).path))
    north.page.locator('form[action="/act/call"] button').hover()
    north.page.mouse.down()
    south.go("/watch")  # their watch comes or goes, which this page shows in the bar and in its checklist
    south.press("THE WATCH")
    until(
        lambda: north.page.evaluate("1") and "/call/Liaison" in fetched, what="the page fetched itself anew"
    )
    north.page.evaluate("new Promise(requestAnimationFrame)")
    with north.page.expect_navigation(wait_until="load"):
        north.page.mouse.up()
    assert "done=called" in north.path()
    south.go("/call/Liaison").press("ANSWER Liaison")
    south.shows("answered", "#call")


def test_the_press_that_wakes_the_sound_of_a_window_is_a_press_of_its_button_too(
    sites: Sites, window: Opener
) -> None:
    south, north = window(sites.south, "duty"), window(sites.north, "duty")
    north.go("/watch").press("THE WATCH")  # sound was proven once in this window
    south.go("/call/Liaison").press("CALL ON Liaison")
    north.go("/call/Military%20West").shows("rings", "#alarms")
    until(lambda: north.page.is_visible("#mute"), what="the bar that says that the sound is off")
    north.page.locator('form[action="/act/call"] button').hover()
    north.page.mouse.down()
    north.page.evaluate("new Promise((done) => setTimeout(done, 150))")  # as long as a person presses
    with north.page.expect_navigation(wait_until="load"):
        north.page.mouse.up()
    assert "done=called" in north.path()
    for site, line in ((north, "Liaison"), (south, "Military West")):
        site.go(f"/call/{line}").press(f"ANSWER {line}")
