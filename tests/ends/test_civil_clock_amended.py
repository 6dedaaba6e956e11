"""A change of civil clock is an amendment that both sign: 15 August 2015 and 5 May 2018 (AC-10, CT-3).

The northern clock stood half an hour behind the southern one for those years. The contacts of a line move with it by
what both agreed, and with nothing else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "console"))
from pair_of_ends import OFFICERS, SECRET, End, Ends, accord

from parley.core.accord import EVERY_DAY, Accord, Meaning, Slot
from parley.core.errors import LocalError
from parley.core.instruments import contact
from parley.core.types import NodeKind
from parley.desk import ask
from parley.node import Settings

LINE = "Liaison"


def at(words: str) -> int:
    return int(datetime.fromisoformat(words).replace(tzinfo=UTC).timestamp())


def shown(at: int, minutes: int) -> str:
    return f"{datetime.fromtimestamp(at + 60 * minutes, UTC):%H:%M}"


NINE_AND_FIVE = (
    Slot(0, EVERY_DAY, Meaning.OPENING, None, 1800),
    Slot(480, EVERY_DAY, Meaning.CLOSING, None, 1800),
)


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[Ends]:
    made = Ends(tmp_path, start=at("2015-08-14 06:00"))
    made.add_officers(*OFFICERS)
    made.pair()
    made.join()
    made.start()
    agreed = Accord(
        LINE, os.urandom(16), languages=("ko", "en"), civil_clocks=(540, 540), schedule=NINE_AND_FIVE
    )
    made.agree_line(agreed)
    made.restore(LINE)
    made.wait(61)
    for end in (made.north, made.south):
        end.node.settings = Settings(life_s=600)  # days pass without a sign of life every ten seconds
    yield made
    made.close()


def amended(ends: Ends, end: End, **how: str) -> None:
    """One side offers, the other agrees; both adopt."""
    other = ends.south if end is ends.north else ends.north
    terms = ask.ask(end.desk, "line_amend", line=LINE, by="duty", passphrase=SECRET, **how)
    assert isinstance(terms, dict)
    ends.wait(5)
    other.desk.agree(str(terms["ref"]), "duty", SECRET)
    ends.wait(10)


def room(end: End) -> object:
    return next(r for r in end.node.rooms() if r.name == LINE)


def hours(end: End, day: str) -> list[tuple[str, str, str, str]]:
    """The contacts of a UTC day: in UTC, by the northern and by the southern civil clock, and what for."""
    begins = at(f"{day} 00:00")
    year, month, _ = (int(part) for part in day.split("-"))
    (found,) = (d for d in end.desk.contacts.month(LINE, year, month).days if d.day == begins // 86400)
    told = []
    for mark in found.marks:
        ours, theirs = mark.civil_clocks
        north, south = (ours, theirs) if end.desk.party() == "North" else (theirs, ours)
        told.append((shown(mark.at, 0), shown(mark.at, north), shown(mark.at, south), mark.meaning))
    return told


def kept(ends: Ends) -> None:
    """The next contact: the South calls, the North answers, and both enter it."""
    slot = contact.next_slot(ends.south.node.schedule(room(ends.south)), int(ends.clock.wall()))  # type: ignore[arg-type]
    assert slot is not None
    ends.clock.run_until(slot.at + 30)
    ends.south.desk.call(LINE, "duty")
    ends.wait(5)
    ends.north.desk.answer(LINE, "duty")
    ends.clock.run_until(slot.closes_at + 5)
    for end in (ends.north, ends.south):
        last = end.home.store.latest_statement(room(end).id, NodeKind.CONTACT, room(end).pair.ours)  # type: ignore[attr-defined]
        assert last is not None and last.held.body is not None
        assert contact.contact(last.held.body).first == slot.at


def test_the_contacts_of_2015_to_2018_as_both_civil_clocks_and_utc_show_them(ends: Ends) -> None:
    """AC-10, CT-1, CT-3."""
    kept(ends)
    for end in (ends.north, ends.south):
        assert hours(end, "2015-08-15") == [
            ("00:00", "09:00", "09:00", "OPENING"),
            ("08:00", "17:00", "17:00", "CLOSING"),
        ]
    # 14 August, in the evening of both: the northern clock goes back by half an hour at midnight of the 15th, and the
    # contacts move so that nobody there comes before half past nine of the southern clock.
    ends.clock.run_until(at("2015-08-14 14:30"))
    amended(ends, ends.north, civil_clocks="510,540", slots="00:30 opening; 08:30 closing")
    for end in (ends.north, ends.south):
        line = end.line(LINE)
        assert (line.declared, line.agree, line.observed in ("OK", "NO WATCH")) == ("OPEN", "agree", True)
        assert end.desk.accord(LINE).version == 2
        assert hours(end, "2015-08-14") == [("08:00", "17:00", "17:00", "CLOSING")]
        assert hours(end, "2015-08-15") == [
            ("00:30", "09:00", "09:30", "OPENING"),
            ("08:30", "17:00", "17:30", "CLOSING"),
        ]
    kept(ends)
    assert int(ends.clock.wall()) == at("2015-08-15 01:00") + 5

    ends.bearers[0].link.go_down()  # without signs of life the years between pass at once
    ends.clock.run_until(at("2018-05-04 14:00"))
    ends.bearers[0].link.go_up()
    ends.wait(60)
    amended(ends, ends.south, civil_clocks="540,540", slots="00:00 opening; 08:00 closing")
    for end in (ends.north, ends.south):
        assert hours(end, "2018-05-04") == [
            ("00:30", "09:00", "09:30", "OPENING"),
            ("08:30", "17:00", "17:30", "CLOSING"),
        ]
        assert hours(end, "2018-05-05") == [
            ("00:00", "09:00", "09:00", "OPENING"),
            ("08:00", "17:00", "17:00", "CLOSING"),
        ]
        assert end.line(LINE).declared == "OPEN"
    kept(ends)
    assert int(ends.clock.wall()) == at("2018-05-05 00:30") + 5


@pytest.mark.parametrize("adopted", ["23:50", "00:10", "00:40"])
def test_the_contact_of_the_hour_in_which_an_amendment_is_adopted_is_held_once(
    ends: Ends, adopted: str
) -> None:
    """CT-3: before, between and after the two hours of the opening contact."""
    day = "2015-08-14" if adopted == "23:50" else "2015-08-15"
    ends.clock.run_until(at(f"{day} {adopted}") - 12)
    amended(ends, ends.north, civil_clocks="510,540", slots="00:30 opening; 08:30 closing")
    expected = "00:30" if adopted == "23:50" else "00:00"
    for end in (ends.north, ends.south):
        assert [told[0] for told in hours(end, "2015-08-15")] == [expected, "08:30"]
        assert [told[0] for told in hours(end, "2015-08-16")] == ["00:30", "08:30"]
    if adopted == "23:50":
        kept(ends)
    kept(ends)


def test_an_earlier_hour_that_is_agreed_is_not_overslept(ends: Ends) -> None:
    """CT-3: the node wakes for a slot that opens before the one it waited for."""
    ends.clock.run_until(at("2015-08-14 10:00"))
    amended(ends, ends.south, slots="22:00 opening; 08:00 closing")
    ends.clock.run_until(at("2015-08-14 22:00") + 1)
    for end in (ends.north, ends.south):
        assert end.line(LINE).open_slot == at("2015-08-14 22:00")


def test_holidays_test_texts_and_escalation_are_agreed_as_an_amendment_too(ends: Ends) -> None:
    """AC-6, AC-9."""
    amended(
        ends,
        ends.south,
        holidays_ours="2015-08-15",
        holidays_theirs="2015-08-16,2015-08-17",
        test_texts="Test of the line.; 회선 시험.",
        escalation="2 The heads of both line offices are told.",
    )
    for end, own in ((ends.south, 0), (ends.north, 1)):
        agreed = room(end).line.accord  # type: ignore[attr-defined]
        ours = room(end).pair.ours  # type: ignore[attr-defined]
        days = [len(agreed.holidays[ours]), len(agreed.holidays[1 - ours])]
        assert days == ([1, 2] if own == 0 else [2, 1])
        assert agreed.test_texts == ("Test of the line.", "회선 시험.")
        marks = end.desk.contacts.month(LINE, 2015, 8).days[14:18]
        assert [[m.outcome for m in day.marks] for day in marks] == [
            *[["not held"] * 2] * 3,
            ["to come"] * 2,
        ]
        assert end.line(LINE).next_contact == at("2015-08-14 08:00")
    ends.clock.run_until(at("2015-08-14 08:01"))
    following = contact.next_slot(ends.south.node.schedule(room(ends.south)), int(ends.clock.wall()))  # type: ignore[arg-type]
    assert following is not None and following.at == at("2015-08-18 00:00")


def test_an_amendment_that_changes_nothing_or_cannot_be_is_refused(ends: Ends) -> None:
    for how, words in (
        ({}, "changes nothing"),
        ({"civil_clocks": "540,540"}, "changes nothing"),
        ({"civil_clocks": "900,0"}, "cannot be offered"),
        ({"slots": "09:70"}, "cannot be offered"),
        ({"slots": "09:00 sometimes"}, "cannot be offered"),
        ({"holidays_ours": "2015-02-30"}, "cannot be offered"),
        ({"escalation": "x tell"}, "cannot be offered"),
        ({"test_texts": "; ".join(f"{n}" + "t" * 126 for n in range(8)), "purpose": "p" * 250}, ""),
    ):
        if not words:
            continue
        with pytest.raises(LocalError) as refused:
            ask.ask(ends.south.desk, "line_amend", line=LINE, by="duty", passphrase=SECRET, **how)
        assert words in refused.value.text
    with pytest.raises(LocalError):
        ask.ask(ends.south.desk, "line_amend", line="order wire North", by="duty", passphrase=SECRET)


def test_an_accord_of_another_line_is_left_alone(ends: Ends) -> None:
    ends.agree_line(replace(accord("Other", "", 60), civil_clocks=(540, 540)))
    ends.restore("Other")
    amended(ends, ends.north, civil_clocks="510,540")
    assert ends.north.desk.accord("Other").version == 1
    assert ends.north.desk.accord(LINE).civil_clocks == (510, 540)
    assert ends.south.desk.accord(LINE).civil_clocks == (540, 510)
