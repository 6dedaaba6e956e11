"""A FLASH, from the first key at one end to the read-back at the other."""

from __future__ import annotations

import re
import time

from given import Opener
from real_pair import Sites
from windows import until

TEXT = "Fire near post 7 at 1005. Two helicopters fly south of the line, 40 minutes, below 300 metres."
REASON = "lives are in danger now"


def test_a_flash_goes_out_by_two_persons_and_is_read_back_with_its_difference_seen_at_both_ends(
    sites: Sites, window: Opener
) -> None:
    duty = window(sites.south, "duty")
    chief = window(sites.south, "chief")
    north = window(sites.north, "duty")
    north.go("/")

    # The drafter types key by key; every key is saved, and a page loaded anew in the middle has them all.
    draft = duty.begin_draft("Military West")
    duty.page.check('input[value="FLASH"]')
    duty.judge()
    half = len(TEXT) // 2
    duty.page.locator('textarea[name="text"]').press_sequentially(TEXT[:half], delay=4)
    duty.page.reload()  # at once, while the last keys are still on their way
    assert duty.page.input_value('textarea[name="text"]') == TEXT[:half]
    assert duty.page.is_checked('input[value="FLASH"]')
    duty.page.locator('textarea[name="text"]').press("Control+End")
    duty.page.locator('textarea[name="text"]').press_sequentially(TEXT[half:], delay=4)
    duty.page.locator('input[name="reason"]').press_sequentially(REASON, delay=4)
    until(lambda: duty.text("#saved").startswith("saved"), what="saved")
    duty.page.fill('input[name="title"]', "Fire and helicopters")
    duty.press("CHECK AS THEY WILL READ IT")
    assert duty.path() == draft + "/check"
    assert duty.has(TEXT)
    duty.judge()
    duty.press("FOR RELEASE")
    message = duty.path().partition("?")[0]
    assert duty.has("released by a second person")  # the drafter is not offered the button
    assert not duty.page.locator("button", has_text=re.compile("release flash", re.I)).count()
    duty.judge()

    # The second person reads it, retypes the name, chooses the precedence again. A wrong name releases nothing.
    chief.go(message)
    assert chief.has(TEXT)
    chief.page.fill('input[name="counterpart"]', "Nord")
    chief.page.select_option('select[name="precedence"]', "FLASH")
    with chief.expecting(422):
        chief.press("RELEASE FLASH TO NORTH")
        assert chief.has("nothing was done")
        chief.judge()
    chief.page.fill('input[name="counterpart"]', "north")
    chief.page.select_option('select[name="precedence"]', "FLASH")
    before = time.monotonic()
    chief.press("RELEASE FLASH TO NORTH")

    # At the other end the band is there without a reload.
    north.shows("FLASH from South", "#alarms", 3.0)
    took = time.monotonic() - before
    assert took < 2.0, (
        took
    )  # the release itself, a commit at each end, and a browser on a machine that is busy
    assert north.path() == "/"
    north.judge()
    chief.shows("AT THEIR END", "#state .reached:last-of-type, #state")

    # Read back with one number wrong: both ends show which.
    north.page.click("#alarms .flash a")
    north.page.wait_for_load_state("load")
    assert north.has(TEXT)
    north.judge()
    north.page.fill(
        'textarea[name="read_back"]', "post 7, 1005, two helicopters, 40 minutes, below 200 metres"
    )
    north.press("ACKNOWLEDGE TO SOUTH")
    assert north.has("Not in the read-back", "#state"), north.text("#state")
    assert "300" in north.text("#state .compared .warning")
    north.judge()
    chief.shows("Not in the read-back", "#state")
    assert "300" in chief.text("#state .compared .warning")

    # Then rightly: nothing differs any more, at either end.
    north.page.check('input[name="grade"][value="READ_BACK"]')
    north.page.fill(
        'textarea[name="read_back"]', "post 7, 1005, 2 helicopters, two, 40 minutes, below 300 metres"
    )
    north.press("ACKNOWLEDGE TO SOUTH")
    north.shows("All key fields are in it", "#state")
    chief.shows("All key fields are in it", "#state")
    assert not north.has("FLASH from South", "#alarms")
    chief.judge()
