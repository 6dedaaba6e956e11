"""A letter and the appointment for its handover, in the browsers of both sides, in English and in Korean.

Tendered, released by a second person, answered, handed in as a sealed file, received; then how much of it may be said,
and an appointment that is moved. Buttons are found by what they do. Every text is invented.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from given import Opener
from principals import Offline
from principals import offline as alone
from real_pair import Sites
from windows import Window, until

NAMES = {"en": ("Office of the North", "Office of the South"), "ko": ("북측 국정실", "남측 국정실")}
TEXT = {"en": "We propose an hour. [invented]", "ko": "시각을 제안합니다. [지어낸 글]"}


@pytest.fixture(autouse=True)
def _alone() -> Iterator[None]:
    with alone():
        yield


def does(window: Window, act: str, nth: int = 0, *, refused: bool = False) -> None:
    """Presses the button of the form that does `act`, and waits for the page it leads to."""
    with window.page.expect_navigation():
        window.page.locator(f'form[action="/act/{act}"] button').nth(nth).click()
    assert ("done=" in window.path()) is not refused, (act, window.as_it_stands())


def speaks(window: Window, language: str) -> Window:
    if language != "en":
        with window.page.expect_navigation():
            window.page.click(f'button[name="language"][value="{language}"]')
    return window


def releases(chief: Window) -> None:
    """The one thing about letters that waits for a second person."""
    until(lambda: chief.go("/letters").page.locator('form[action="/act/release-paper"]').count() == 1)
    chief.judge()
    does(chief, "release-paper")


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_letter_goes_from_tender_to_receipt_and_its_handover_is_moved(
    sites: Sites, window: Opener, tmp_path: Path, language: str
) -> None:
    n_duty, n_chief, s_duty, s_chief = (
        speaks(window(site, officer), language) for site in sites for officer in ("duty", "chief")
    )
    writer = Offline(tmp_path / "writer", "writer", NAMES[language][0])
    addressee = Offline(tmp_path / "addressee", "addressee", NAMES[language][1])

    # The tender: names and nothing else. Not released by whoever prepared it.
    form = 'form[action="/act/tender"]'
    n_duty.go("/letters").page.fill(f'{form} input[name="in_whose_name"]', NAMES[language][0])
    with n_duty.expecting(422):  # half a tender is none, and what was typed stays
        n_duty.page.eval_on_selector(f'{form} input[name="to_whom"]', "field => field.required = false")
        does(n_duty, "tender", refused=True)
    assert n_duty.page.input_value(f'{form} input[name="in_whose_name"]') == NAMES[language][0]
    n_duty.judge()
    n_duty.page.fill(f'{form} input[name="to_whom"]', NAMES[language][1])
    does(n_duty, "tender")
    assert not n_duty.page.locator('form[action="/act/release-paper"]').count()
    n_duty.judge()
    releases(n_chief)

    # It is on their board; accepted by one, released by another.
    link = '#needs a[href^="/letter/"]'
    until(lambda: s_duty.go("/").page.locator(link).count() == 1, what="the tender on their board")
    s_duty.judge()
    page = s_duty.page.get_attribute(link, "href") or ""
    s_duty.go(page).judge()
    does(s_duty, "answer-tender")
    releases(s_chief)

    # The sealed file, chosen from the disk; the end cannot open it.
    sealed = writer.seals(addressee, TEXT[language], "--language", language)
    ours = page.replace(":theirs:", ":ours:")
    until(lambda: n_duty.go(ours).page.locator("[data-sealed-file]").count() == 1, what="it is accepted")
    n_duty.judge()
    n_duty.page.set_input_files("[data-sealed-file]", str(sealed))
    does(n_duty, "hand-in")
    releases(n_chief)
    until(lambda: s_duty.go(page).page.locator('a[href^="/letter-file/"]').count() == 1, what="it is whole")
    s_duty.judge()
    assert not s_duty.has(TEXT[language])
    with s_duty.page.expect_download() as download:
        s_duty.page.click('a[href^="/letter-file/"]')
    download.value.save_as(str(tmp_path / "taken"))
    opened = addressee.opens(tmp_path / "taken", writer, "--json").found
    assert opened["paragraphs"] == [TEXT[language]]
    does(s_duty, "receive-letter")
    until(
        lambda: (
            n_duty.go(ours).page.locator(".ladder .reached").count()
            == n_duty.page.locator(".ladder li").count()
        ),
        what="the whole ladder is climbed",
    )
    n_duty.judge()

    # How much may be said: what both have said.
    for duty, chief, at in ((n_duty, n_chief, ours), (s_duty, s_chief, page)):
        duty.go(at).page.select_option('form[action="/act/tier"] select[name="tier"]', "existence")
        does(duty, "tier")
        releases(chief)
    until(lambda: s_duty.go(page).page.locator("#tier .large").inner_text() not in ("nothing agreed", ""))
    s_duty.judge()
    n_duty.go("/letters").judge()
    assert n_duty.page.locator("#count td.large").first.inner_text() == "1"

    # The appointment: offered, agreed, moved with a reason.
    hour = datetime.fromtimestamp(int(time.time()) + 7200, UTC)
    form = 'form[action="/act/offer-appointment"]'
    n_chief.go("/appointments").page.select_option(f'{form} select[name="occasion"]', "handover")
    n_chief.page.fill(f'{form} input[name="at"]', f"{hour:%Y-%m-%d %H:%M}")
    n_chief.page.fill(f'{form} input[name="place"]', "Conference room")
    does(n_chief, "offer-appointment")
    n_chief.judge()
    until(lambda: s_chief.go("/").page.locator('#needs a[href="/appointments"]').count() == 1)
    s_chief.go("/appointments").judge()
    does(s_chief, "agree-appointment")
    moves = 'details[id^="move-"]'
    until(lambda: n_chief.go("/appointments").page.locator(moves).count() == 1, what="it is settled")
    n_chief.page.click(f"{moves} summary")
    n_chief.page.fill(f'{moves} input[name="at"]', f"{hour:%Y-%m-%d} 23:59")
    n_chief.page.fill(f'{moves} input[name="reason"]', "The road is closed. [invented]")
    n_chief.judge()
    does(n_chief, "move-appointment")
    until(
        lambda: s_chief.go("/appointments").page.locator('form[action="/act/agree-appointment"]').count() == 1
    )
    does(s_chief, "agree-appointment")
    until(lambda: s_chief.go("/appointments").page.locator("#past article").count() == 1, what="it was moved")
    s_chief.judge()
