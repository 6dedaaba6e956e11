"""A line is cut by one side and opened again by both; what was released meanwhile is kept back, and sent when said so.

And every line at once, by one act.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta

from given import Opener
from real_pair import SPARE, Sites
from windows import until

LINE = SPARE[0]
TEXT = "[invented] The survey vessel leaves the western anchorage at 0600."


def _minute() -> str:
    """The next whole minute but a few seconds, as the page reads it; terms name an hour to the second at most."""
    at = datetime.now(UTC) + timedelta(seconds=12)
    return f"{at:%Y-%m-%d %H:%M:%S}"


def test_a_cut_line_keeps_back_what_is_released_until_both_parties_opened_it_and_it_is_released_again(
    sites: Sites, window: Opener
) -> None:
    chief = window(sites.south, "chief")
    duty = window(sites.south, "duty")
    north = window(sites.north, "duty")
    north_chief = window(sites.north, "chief")

    # Sever: grounds, and the name retyped; a wrong name cuts nothing and loses nothing.
    chief.go(f"/sever/{LINE}").judge()
    chief.page.fill('textarea[name="grounds"]', "Calls on this channel by parties unknown")
    chief.page.fill('input[name="retyped"]', "Ship to shore")
    with chief.expecting(422):
        chief.press(f"SEVER {LINE}")
        assert chief.has("nothing was done")
        assert chief.page.input_value('textarea[name="grounds"]').startswith("Calls on this channel")
        chief.judge()
    chief.page.fill('input[name="retyped"]', LINE)
    chief.press(f"SEVER {LINE}")
    assert chief.has("SEVERED BY US", "#line")
    chief.judge()
    north.go(f"/line/{LINE}").shows("SEVERED BY THEM", "#line")
    assert north.has("Calls on this channel by parties unknown", "#line")
    north.judge()

    # A message released now is kept back, and its page says so.
    duty.begin_draft(LINE)
    duty.page.fill('textarea[name="text"]', TEXT)
    duty.press("CHECK AS THEY WILL READ IT")
    duty.press("FOR RELEASE")
    message = duty.path().partition("?")[0]
    _release(chief, message)
    kept = chief.path().partition("?")[0]
    chief.shows("kept back", "#paper").judge()
    duty.go("/")
    assert duty.has("kept back", "#latest")
    north.go("/")
    assert not north.has(TEXT)

    # Restore: one officer offers, a second agrees, then both of theirs; the line opens at the hour named.
    chief.go(f"/restore/{LINE}").judge()
    chief.page.fill('input[name="opens_at"]', _minute())
    chief.page.fill('textarea[name="reserved"]', "Whose calls they were.")
    chief.press(f"OFFER TO RESTORE {LINE}")
    chief.shows("1 of 2", "#table").judge()
    duty.go(f"/restore/{LINE}").press("AGREE TO OPEN")
    duty.shows("2 of 2", "#table")
    north.go("/").shows("Opens at", "#needs").judge()
    for officer in (north, north_chief):
        officer.go(f"/restore/{LINE}")
        until(lambda w=officer: w.page.locator("#table form.act button").count(), what="terms to agree to")
        officer.press("AGREE TO OPEN")
        officer.judge()
    for one in (chief, north):
        one.go(f"/line/{LINE}")
        until(lambda w=one: w.text("#line .declared") == "OPEN", 40, "the hour of opening")

    # It is still kept back: opening a line sends nothing by itself. Released again, it arrives.
    chief.go(kept)
    assert chief.has("kept back", "#paper")
    north.go(f"/line/{LINE}")
    assert not north.has(TEXT)
    _release(chief, kept)
    chief.shows("AT THEIR END", "#state")
    assert not chief.has("kept back", "#paper")
    chief.judge()
    north.shows(TEXT, "#messages")
    north.judge()


def _release(window, message: str) -> None:  # type: ignore[no-untyped-def]
    window.go(message)
    window.page.fill('input[name="counterpart"]', "North")
    window.page.select_option('select[name="precedence"]', "ROUTINE")
    window.press("RELEASE ROUTINE TO NORTH")
    assert window.has("Released.", "main"), window.text("main")


def test_all_lines_are_severed_by_one_act_that_is_retyped(sites: Sites, window: Opener) -> None:
    chief, south = window(sites.north, "chief"), window(sites.south, "duty")
    south.go("/")
    chief.go("/sever").judge()
    chief.page.fill('textarea[name="grounds"]', "An order of the invented council")
    chief.page.fill('input[name="retyped"]', "ALL LINES")
    chief.press("SEVER ALL LINES WITH SOUTH")
    for line in ("Liaison", "Military West", LINE):
        row = chief.page.locator("#lines tbody", has=chief.page.get_by_role("link", name=line, exact=True))
        assert "SEVERED BY US" in row.inner_text(), line
    chief.judge()
    began = time.monotonic()
    until(lambda: len(re.findall("SEVERED BY THEM", south.text("#lines"))) == 3, what="three cuts seen")
    assert time.monotonic() - began < 5
    assert south.has("Liaison")
    south.judge()
