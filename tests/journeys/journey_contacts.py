"""A guided call between two real ends, step by step on both consoles, and the calendar on paper; in both languages."""

from __future__ import annotations

import re
from typing import Final

import pytest
from given import Opener
from real_pair import Site, Sites
from windows import Window, until

TEXTS: Final = ("[invented] Test of the line. No message.", "[가상] 회선 시험. 전언 없음.")
LINE_OF: Final = {"en": "Liaison", "ko": "Military West"}  # one open by its schedule, one between the hours
NOTE: Final = '#call form[action="/act/note-contact"]'


def signed_in(window: Opener, site: Site, officer: str, language: str) -> Window:
    made = window(site, officer)
    if language != "en":
        with made.page.expect_navigation(wait_until="load"):
            made.page.click(f'button[name="language"][value="{language}"]')
    return made


def amended(sites: Sites, line: str) -> None:
    """Both agree on test texts and on what is done when contacts are missed."""
    south, north = sites.south.end, sites.north.end
    made = south.ask(
        "line_amend",
        line=line,
        by="duty",
        passphrase=sites.south.secret("duty"),
        test_texts=";".join(TEXTS),
        escalation="2 The heads of both line offices are told.",
    )
    ref = made["ref"]
    until(
        lambda: any(t["ref"] == ref and t["state"] == "offered" for t in north.ask("terms")), 20, "the offer"
    )
    north.ask("agree", ref=ref, by="duty", passphrase=sites.north.secret("duty"))
    for end in (south, north):
        until(lambda end=end: end.ask("contact_guided", line=line)["tests"], 20, "the amendment")


def click(window: Window, selector: str) -> None:
    """Presses a button of the call page and waits for the page after it."""
    with window.page.expect_navigation(wait_until="load"):
        window.page.locator(selector).first.click()


def noted(window: Window, value: str) -> None:
    click(window, f'{NOTE}:has(input[value="{value}"]) button')


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_call_is_led_through_from_the_ring_to_the_next_contact(
    sites: Sites, window: Opener, language: str
) -> None:
    """CT-8, CT-10, CT-11."""
    line = LINE_OF[language]
    amended(sites, line)
    south, north = (signed_in(window, site, "duty", language) for site in (sites.south, sites.north))
    chief = signed_in(window, sites.south, "chief", language)
    for one in (south, north):
        one.go("/watch")
        take = one.page.locator('form[action="/act/take-watch"] button')
        if take.count():
            with one.page.expect_navigation(wait_until="load"):
                take.first.click()
        one.go(f"/call/{line}").judge()
    click(south, '#call form[action="/act/call"] button')
    north.page.wait_for_selector('#call form[action="/act/answer"] button')
    click(north, '#call form[action="/act/answer"] button')
    for one in (south, north):
        one.page.wait_for_selector("#heard")
        one.page.select_option("#heard", index=1)
        click(one, f"{NOTE}:has(#heard) button")
        noted(one, "we_are_heard,they_are_heard")
    click(south, '#call form[action="/act/test-document"] button')
    pending = south.page.locator('#call a[href^="/message/draft:"]').get_attribute("href")
    south.judge()
    chief.go(str(pending))
    chief.page.fill('input[name="counterpart"]', "North")
    chief.page.select_option('select[name="precedence"]', "ROUTINE")
    click(chief, 'form[action="/act/release"] button')
    north.page.wait_for_selector("#read-back")
    north.judge()
    north.page.fill("#read-back", TEXTS[0])
    click(north, '#call form[action="/act/read-back-test"] button')
    for one in (south, north):
        one.page.wait_for_selector("#call .is-same")
        noted(one, "no_message")
        noted(one, "next_fixed")
        one.judge()
        assert one.page.locator(f"{NOTE} button").count() == 0  # nothing is left to note
    guided = sites.south.end.ask("contact_guided", line=line)
    assert guided["content"] == "no_message" and guided["our_test"]["same"] is True
    assert len(guided["noted"]) == 5 and guided["heard"]


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_calendar_and_the_year_are_read_and_print_on_one_sheet_each(
    sites: Sites, window: Opener, language: str
) -> None:
    """CT-14 to CT-16."""
    duty = signed_in(window, sites.south, "duty", language)
    for address, lying in (("/calendar/Liaison", False), ("/year/Liaison", True)):
        duty.go(address).judge()
        assert duty.page.locator("svg.mark").count() >= 6  # the legend at least
        sheets = duty.page.pdf(prefer_css_page_size=True)
        boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", sheets)
        pages = re.findall(rb"/Type /Page\b(?!s)", sheets)
        assert len(pages) == 1, f"{address} takes {len(pages)} sheets"
        width, height = (float(side) for side in boxes[0])
        assert (width > height) is lying
        assert {round(width), round(height)} == {595, 842}  # A4
        duty.page.emulate_media(media="print")
        assert not duty.page.is_visible("header.bar") and not duty.page.is_visible("footer")
        duty.page.emulate_media(media="null")
