"""Two announcements at one hour, in the browsers of both sides: agreed, drafted, released, held, published, read.

In English at one end and in Korean at the other; buttons are found by what they do. Every text is invented.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from given import Opener
from real_pair import Site, Sites
from windows import Window, until

RULES = (  # those that need nothing fetched, which the site's policy forbids to everybody
    "color-contrast", "document-title", "heading-order", "html-has-lang", "landmark-one-main", "link-name", "list",
    "target-size", "valid-lang",
)  # fmt: skip
SUBJECT = "The lines open again [invented]"
POINTS = ("All lines work from the hour on.", "A summit is not decided.")
TEXTS = {
    "North": ("ko", "통신선 재개", "모든 통신선이 다시 가동된다. [지어낸 글]", (0,)),
    "South": ("en", "Lines open again", "All lines work; a summit is not decided. [invented]", (0, 1)),
}


def group(at: int) -> str:
    months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
    t = datetime.fromtimestamp(at, UTC)
    return f"{t.day:02}{t.hour:02}{t.minute:02}Z {months[t.month - 1]} {t.year % 100:02}"


def does(window: Window, act: str, nth: int = 0, *, refused: bool = False) -> None:
    """Presses the button of the form that does `act`, and waits for the page it leads to."""
    with window.page.expect_navigation():
        window.page.locator(f'form[action="/act/{act}"] button').nth(nth).click()
    assert ("done=" in window.path()) is not refused, (act, window.as_it_stands())


def drafted_and_released(duty: Window, chief: Window, site: Site, page: str, at: int) -> None:
    language, title, text, points = TEXTS[site.party]
    duty.go(page)
    form = 'form[action="/act/draft-announcement"]'
    duty.page.fill(f'{form} input[name="title"]', title)
    duty.page.select_option(f'{form} select[name="language"]', language)
    duty.page.fill(f'{form} textarea[name="text"]', text)
    with duty.expecting(422):  # nothing is ticked: nothing is kept, and what was typed stays
        does(duty, "draft-announcement", refused=True)
    assert duty.page.input_value(f'{form} textarea[name="text"]') == text
    for point in points:
        duty.page.check(f'{form} input[name="point_{point}"]')
    does(duty, "draft-announcement")
    assert duty.has(title)
    assert not duty.page.locator('form[action="/act/release-announcement"]').count()  # a second person's
    duty.judge()
    chief.go(page)
    chief.page.fill('form[action="/act/release-announcement"] input[name="retyped"]', group(at + 86400))
    with chief.expecting(422):
        does(chief, "release-announcement", refused=True)
    chief.page.fill('form[action="/act/release-announcement"] input[name="retyped"]', group(at))
    does(chief, "release-announcement")
    assert chief.page.locator('form[action="/act/hold-announcement"]').count() == 1
    chief.judge()


def proofs(site: Site) -> int:
    """How many texts are public."""
    return len(list(Path(site.public).glob("*.cbor")))


def signed_in(window: Opener, site: Site, officer: str, language: str) -> Window:
    made = window(site, officer)
    if language != "en":
        with made.page.expect_navigation():
            made.page.click(f'button[name="language"][value="{language}"]')
    return made


@pytest.mark.parametrize("language", ["en", "ko"])
def test_both_sides_announce_at_one_hour_and_each_reads_what_the_other_left_out(
    sites: Sites, window: Opener, language: str
) -> None:
    north, south = sites.north, sites.south
    n_duty, n_chief, s_duty, s_chief = (
        signed_in(window, site, officer, language) for site in sites for officer in ("duty", "chief")
    )

    # The hour: offered with its points by one side, agreed by the other.
    at = int(time.time()) + 90
    n_chief.go("/announcements")
    form = 'form[action="/act/offer-hour"]'
    n_chief.page.fill(f'{form} input[name="at"]', f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}")
    n_chief.page.fill(f'{form} input[name="subject"]', SUBJECT)
    for i, point in enumerate(POINTS):
        n_chief.page.fill(f'{form} input[name="point_{i}"]', point)
    n_chief.judge()
    does(n_chief, "offer-hour")
    page = n_chief.path().partition("?")[0]
    assert page.startswith("/announcement/")
    until(lambda: s_chief.go("/").has(SUBJECT, "#needs"), what="the offer on their board")
    s_chief.judge()
    s_chief.page.click(f'#needs a[href="{page}"]')
    s_chief.page.wait_for_load_state("load")
    does(s_chief, "agree-hour")
    s_chief.judge()
    until(lambda: not n_chief.go(page).page.locator("#back-out").count(), what="the hour is settled")

    # The texts: drafted by one, released by a second, who types the hour again.
    drafted_and_released(n_duty, n_chief, north, page, at)
    drafted_and_released(s_duty, s_chief, south, page, at)

    # One press holds, on a page that lay open since before the release; the hour typed again resumes.
    does(n_duty, "hold-announcement")
    until(
        lambda: n_chief.go("/").page.locator('#alarms a[href="/announcements"]').count(),
        what="the alarm of the hold",
    )
    n_chief.judge()
    n_chief.go(page).page.fill('form[action="/act/resume-announcement"] input[name="retyped"]', group(at))
    does(n_chief, "resume-announcement")
    assert TEXTS["South"][2] not in n_chief.text("#theirs")
    assert time.time() < at, "the journey took too long to be at the hour"

    # The hour: both sites have the text within a second and a half of it, and never before.
    before = [proofs(site) for site in sites]
    while (now := time.time()) < at:
        found = [proofs(site) for site in sites]
        assert found == before or time.time() >= at, (found, before, at - now)
        time.sleep(0.02)
    until(lambda: all(proofs(site) > was for site, was in zip(sites, before, strict=True)), 1.5, "published")

    # Each reads the other's text beside its own, and what each left out.
    for one, other in ((n_duty, "South"), (s_duty, "North")):
        until(lambda one=one, other=other: one.go(page).has(TEXTS[other][2], "#theirs"), what="their text")
        assert one.page.locator("#points tbody strong").count() == 1
        one.judge()

    # The public site, in a browser of its own, with scripts and the network switched off.
    for site in sites:
        reader = window(site, language=language)
        reader.page.goto(Path(site.public, "index.html").as_uri())
        assert TEXTS[site.party][2] in reader.page.inner_text("main")
        assert POINTS[1] not in reader.page.content() and SUBJECT not in reader.page.content()
        assert reader.violations(*RULES) == []
