"""The guided call, the calendar and the year of a line on the console (CT-8 to CT-16)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pair_of_ends import SECRET, Ends, accord, paired
from test_pages import read

from parley.desk.contacts import changes
from parley.node import Settings

LINE = "Liaison"
TEXT = "Test of the line. No message."


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ends]:
    """One contact answered, one not; an amendment with test texts, holidays and escalation; the next contact open."""
    made = paired(tmp_path_factory.mktemp("met"), accord(LINE, "liaison", 0, 480, open_s=1800))
    for end in (made.north, made.south):
        end.node.settings = Settings(life_s=300)
        end.desk.take_watch("duty")
    contacts = made.south.desk.contacts
    changed = changes(
        contacts.ours_first(LINE),
        civil_clocks="540,510",
        test_texts=f"{TEXT}; 회선 시험.",
        holidays_theirs="2021-07-30",
        escalation="1 Ring the other line.",
    )
    terms = contacts.amend(LINE, "duty", SECRET, changed)
    made.wait(5)
    made.north.desk.agree(terms.ref, "duty", SECRET)
    made.wait(10)
    day = int(made.clock.wall()) // 86400 * 86400
    made.clock.run_until(day + 480 * 60 + 30)
    made.south.desk.call(LINE, "duty")
    made.wait(400)
    made.north.desk.answer(LINE, "duty")
    made.clock.run_until(day + 86400 + 30)
    made.south.desk.call(LINE, "duty")
    made.clock.run_until(day + 86400 + 480 * 60 + 30)
    yield made
    made.close()


def test_the_call_page_leads_from_the_ring_to_the_next_contact(ends: Ends) -> None:
    """CT-8, CT-11."""
    south, north = ends.south.by("duty"), ends.north.by("duty")
    before = read(south, f"/call/{LINE}").words
    assert (
        "Who speaks" in before and "BOTH SAID AND REPEATED" not in before and "Ring the other line." in before
    )
    ends.south.desk.call(LINE, "duty")
    ends.wait(5)
    ends.north.desk.answer(LINE, "duty")
    ends.wait(5)
    page = read(south, f"/call/{LINE}").words
    assert "Duty officer" in page and "BOTH SAID AND REPEATED" in page and TEXT in page
    where = {"page": "call", "line": ends.south.line(LINE).id}

    def act(browser: object, act: str, **fields: str) -> str:
        answer = browser.act(act, **where, **fields)  # type: ignore[attr-defined]
        return str(answer.headers.get("location", answer.status))

    noted = act(south, "note-contact", steps="our_identity,their_identity", heard="1")
    assert noted == f"/call/{LINE}?done=contact-noted"
    act(south, "note-contact", steps="we_are_heard,they_are_heard")
    act(south, "note-contact", content="no_message")
    assert act(south, "test-document", number="1") == f"/call/{LINE}?done=test-drafted"
    assert "waits for its release" in read(south, f"/call/{LINE}").words
    pending = ends.south.desk.contacts.guided(LINE).pending
    ends.south.desk.release(pending, "chief", SECRET)
    ends.wait(5)
    theirs = ends.north.desk.contacts.guided(LINE).their_test
    assert theirs is not None and "read it back" in read(north, f"/call/{LINE}").words
    assert (
        act(north, "read-back-test", about=theirs.ref, read_back=TEXT) == f"/call/{LINE}?done=test-read-back"
    )
    ends.wait(5)
    act(south, "note-contact", steps="next_fixed")
    after = read(south, f"/call/{LINE}").words
    assert "the same, letter for letter" in after and "No message" in after
    assert "SAID AND REPEATED" not in after
    refused = south.act("note-contact", **where, steps="nonsense")
    assert refused.status == 422 and "Contact call on" in refused.text
    refused = south.act("note-contact", **where, heard="one")
    assert refused.status == 422


def test_the_month_has_each_contact_in_utc_and_on_both_civil_clocks(ends: Ends) -> None:
    """CT-14."""
    words = read(ends.south.by("duty"), f"/calendar/{LINE}?month=2021-07").words
    assert "27 Tue NOT YET OPENED 08:00 17:00 16:30 CHECK CALL late" in words
    assert "28 Wed 00:00 09:00 08:30 CHECK CALL unanswered" in words
    assert "holiday: theirs" in words and "not held: a holiday" in words
    north = read(ends.north.by("duty"), f"/calendar/{LINE}?month=2021-07").words
    assert "27 Tue NOT YET OPENED 08:00 16:30 17:00 CHECK CALL late" in north and "holiday: ours" in north


def test_the_year_has_two_marks_a_day_and_what_was_declared_apart(ends: Ends) -> None:
    """CT-15, CT-16."""
    address = f"/year/{LINE}?year=2021"
    words, text = read(ends.south.by("duty"), address).words, ends.south.by("duty").get(address).text
    assert 'href="#mark-late"' in text and 'href="#mark-unanswered"' in text
    assert "NOT YET OPENED" in words and "late 1" in words and "unanswered 1" in words
    assert text.count("<td") == 12 * 31


@pytest.mark.parametrize(
    "address", ["/calendar/Liaison", "/year/Liaison", "/calendar/Liaison?month=x", "/year/Liaison?year=-1"]
)
def test_a_calendar_without_a_date_is_the_present_one(ends: Ends, address: str) -> None:
    assert "2021" in read(ends.south.by("duty"), address).words


@pytest.mark.parametrize(
    "address",
    ["/calendar/Nowhere", "/year/Nowhere", "/calendar/Liaison?month=2021-13", "/year/Liaison?year=1066"],
)
def test_a_calendar_that_cannot_be_is_refused_in_one_sentence(ends: Ends, address: str) -> None:
    answer = ends.south.by("duty").get(address)
    assert answer.status == 404 and "Traceback" not in answer.text
