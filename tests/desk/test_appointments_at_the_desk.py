"""Appointments at the desks of two real ends (spec 19)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from two_desks import SECRET, START, End, Pair

from parley.core.errors import LocalError
from parley.desk.appointments import AppointmentView

AT = START + 7200
HANDOVER = {
    "occasion": "handover",
    "at": AT,
    "place": "Conference room of the commission",
    "who_ours": "Liaison officer of the South",
    "who_theirs": "Liaison officer of the North",
    "purpose": "Handover of a letter",
}


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    two = Pair(tmp_path)
    yield two
    two.close()


def offered(pair: Pair, **more: object) -> str:
    given = {**HANDOVER, **more}
    ref = pair.south.desk.appointments.offer("Liaison", "duty", SECRET, **given).ref  # type: ignore[arg-type]
    pair.wait(5)
    return ref


def agreed(pair: Pair, end: End, ref: str) -> None:
    end.desk.agree(ref, "duty", SECRET)
    pair.wait(5)


def both(pair: Pair, ref: str) -> tuple[AppointmentView, AppointmentView]:
    return pair.south.desk.appointments.get(ref), pair.north.desk.appointments.get(ref)


def test_an_appointment_is_agreed_when_both_stand_behind_it_and_each_sees_its_own_side(pair: Pair) -> None:
    """AP-1, AP-2."""
    ref = offered(pair)
    assert [v.state for v in both(pair, ref)] == ["OFFERED", "OFFERED"]
    agreed(pair, pair.north, ref)
    ours, their = both(pair, ref)
    assert (ours.state, their.state) == ("AGREED", "AGREED")
    assert (ours.who_ours, their.who_theirs) == ("Liaison officer of the South",) * 2
    assert (ours.who_theirs, their.who_ours) == ("Liaison officer of the North",) * 2
    pair.wait(7200)
    assert [v.state for v in both(pair, ref)] == ["PAST", "PAST"]


def test_an_appointment_is_moved_with_a_reason_and_stays_until_both_have_agreed(pair: Pair) -> None:
    """AP-3."""
    ref = offered(pair)
    with pytest.raises(LocalError, match="OFFERED"):
        pair.south.desk.appointments.move(ref, "duty", SECRET, at=AT + 3600, reason="Too early.")
    agreed(pair, pair.north, ref)
    with pytest.raises(LocalError, match="with a reason"):
        pair.north.desk.appointments.move(ref, "duty", SECRET, at=AT + 3600, reason=" ")
    later = pair.north.desk.appointments.move(
        ref, "duty", SECRET, at=AT + 3600, reason="The road is closed."
    ).ref
    pair.wait(5)
    assert [v.state for v in both(pair, ref)] == ["AGREED", "AGREED"]
    agreed(pair, pair.south, later)
    assert [v.state for v in both(pair, ref)] == ["MOVED", "MOVED"]
    ours, _ = both(pair, later)
    assert (ours.state, ours.at, ours.reason, ours.place) == (
        "AGREED", AT + 3600, "The road is closed.", HANDOVER["place"],
    )  # fmt: skip
    assert both(pair, ref)[0].replaced_by == later
    with pytest.raises(LocalError, match="MOVED"):
        pair.south.desk.appointments.call_off(ref, "duty", SECRET, reason="By agreement.")


def test_an_appointment_is_called_off_by_both_and_the_read_out_line_agreed_afterwards(pair: Pair) -> None:
    """AP-3, AP-4."""
    ref = offered(pair)
    agreed(pair, pair.north, ref)
    off = pair.south.desk.appointments.call_off(ref, "duty", SECRET, reason="By agreement.").ref
    pair.wait(5)
    agreed(pair, pair.north, off)
    assert [v.state for v in both(pair, ref)] == ["CALLED OFF", "CALLED OFF"]
    second = offered(pair, occasion="call", at=AT + 60)
    agreed(pair, pair.north, second)
    pair.wait(2 * 7200)
    words = "The two sides spoke by telephone; the call lasted ten minutes."
    told = pair.north.desk.appointments.move(
        second, "duty", SECRET, read_out=words, reason="Read-out line."
    ).ref
    pair.wait(5)
    agreed(pair, pair.south, told)
    assert {v.read_out for v in both(pair, told)} == {words}


def test_what_is_offered_while_no_bearer_is_up_is_listed_as_waiting(pair: Pair) -> None:
    """AP-2: and in the list of all terms."""
    pair.cut_cable()
    pair.wait(5)
    ref = pair.south.desk.appointments.offer("Liaison", "duty", SECRET, occasion="call", at=AT).ref
    assert pair.south.desk.appointments.get(ref).state == "released, waits for a bearer"
    assert "released, waits for a bearer" in [t.state for t in pair.south.desk.terms("Liaison")]
    with pytest.raises(LocalError, match="wait for a bearer"):
        pair.south.desk.agree(ref, "chief", SECRET)
    pair.mend_cable()
    pair.wait(30)
    assert [v.state for v in both(pair, ref)] == ["OFFERED", "OFFERED"]


def test_what_cannot_be_an_appointment_is_refused_with_a_sentence(pair: Pair) -> None:
    """AP-1."""
    offer = pair.south.desk.appointments.offer
    for match, given in (
        ("no occasion", {"occasion": "dinner", "at": AT}),
        ("is past", {"occasion": "call", "at": START}),
        ("at most 31 days", {"occasion": "call", "at": AT, "lasts": 32 * 86400}),
        ("place", {"occasion": "call", "at": AT, "place": "p" * 257}),
    ):
        with pytest.raises(LocalError, match=match):
            offer("Liaison", "duty", SECRET, **given)  # type: ignore[arg-type]
    with pytest.raises(LocalError, match="order wire"):
        offer(pair.south.desk.lines()[0].name, "duty", SECRET, occasion="call", at=AT)
    with pytest.raises(LocalError, match="may read"):
        offer("Liaison", "guest", SECRET, occasion="call", at=AT)
    pair.south.desk.sever("Liaison", "By order.", "duty", SECRET)
    with pytest.raises(LocalError, match="SEVERED"):
        offer("Liaison", "duty", SECRET, occasion="call", at=AT)


def test_an_appointment_is_told_from_half_an_hour_before_until_it_is_past(pair: Pair) -> None:
    """AP-2."""
    ref = offered(pair, at=START + 7200, lasts=600)
    agreed(pair, pair.north, ref)

    def told(end: End) -> list[str]:
        return [alarm.text for alarm in end.desk.alarms() if alarm.kind == "appointment"]

    assert told(pair.north) == []
    pair.wait(START + 7200 - 1800 - pair.clock.wall())
    assert (
        told(pair.north)
        == told(pair.south)
        == ["handover at 2021-07-27 02:50Z: Conference room of the commission"]
    )
    pair.wait(1800 + 601)
    assert told(pair.north) == told(pair.south) == []


@pytest.mark.parametrize("at", [START, 2**32 + 5, 2**64])
def test_an_hour_that_is_past_or_cannot_be_written_is_refused(pair: Pair, at: int) -> None:
    with pytest.raises(LocalError, match=r"past|2106"):
        offered(pair, at=at)
    ref = offered(pair)
    agreed(pair, pair.north, ref)
    with pytest.raises(LocalError, match=r"past|2106"):
        pair.south.desk.appointments.move(ref, "duty", SECRET, reason="Moved.", at=at)


def test_the_read_out_line_of_what_is_past_can_be_agreed_on_and_no_other_hour(pair: Pair) -> None:
    ref = offered(pair)
    agreed(pair, pair.north, ref)
    pair.wait(2 * 7200)
    made = pair.south.desk.appointments.move(
        ref, "duty", SECRET, reason="Afterwards.", at=AT, read_out="Both sides met."
    )
    assert made.read_out == "Both sides met."
