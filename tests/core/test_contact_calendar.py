"""A line over days: marks of both sides' contacts, cuts apart from them, holidays, amendments (spec 17)."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from parley.core.accord import EVERY_DAY, Accord, Meaning, Slot
from parley.core.instruments import calendar, contact
from parley.core.instruments.calendar import Cut, Mark, Outcome, Record
from parley.core.instruments.contact import Contact, Era

DAY = 86_400
D = 18_000  # a day, as 2019-04-14
NINE, FIVE = 0, 8 * 3600  # the hours of the two contacts in UTC
ACCORD = Accord(
    "Liaison",
    bytes(16),
    civil_clocks=(540, 540),
    schedule=(
        Slot(0, EVERY_DAY, Meaning.OPENING, None, 1800),
        Slot(480, EVERY_DAY, Meaning.CLOSING, None, 1800),
    ),
)


def answered(at: int, after: int = 60) -> Contact:
    return Contact(at, at, 1, 1, at + after, 1)


def missed(at: int, last: int | None = None, slots: int = 1) -> Contact:
    return Contact(at, at if last is None else last, slots, slots)


def record(
    *ours: Contact, theirs: tuple[Contact, ...] = (), cuts: tuple[Cut, ...] = (), **more: object
) -> Record:
    schedule = more.get("schedule", ACCORD)
    return Record(schedule, 0, ours, theirs, cuts)  # type: ignore[arg-type]


def marks(r: Record, day: int = D, now: int = (D + 9) * DAY) -> list[Outcome]:
    (found,) = calendar.days(r, day, day, now)
    return [m.outcome for m in found.marks]


OPENING, CLOSING = D * DAY + NINE, D * DAY + FIVE


@pytest.mark.parametrize(
    ("ours", "theirs", "outcome"),
    [
        ((answered(OPENING),), (answered(OPENING),), Outcome.ANSWERED),
        ((answered(OPENING, 300),), (answered(OPENING, 301),), Outcome.ANSWERED),
        ((answered(OPENING, 301),), (answered(OPENING, 301),), Outcome.LATE),
        ((answered(OPENING),), (), Outcome.ANSWERED),
        ((answered(OPENING),), (answered(OPENING - DAY),), Outcome.ANSWERED),
        ((answered(OPENING),), (answered(OPENING + DAY),), Outcome.ONE_WAY),
        ((answered(OPENING),), (missed(OPENING),), Outcome.ONE_WAY),
        ((missed(OPENING),), (answered(OPENING),), Outcome.ONE_WAY),
        ((), (answered(OPENING),), Outcome.ONE_WAY),
        ((missed(OPENING),), (missed(OPENING),), Outcome.UNANSWERED),
        ((missed(OPENING),), (), Outcome.UNANSWERED),
        ((), (missed(OPENING),), Outcome.UNANSWERED),
        ((), (), Outcome.NOT_HELD),
    ],
)
def test_the_mark_of_a_slot_is_made_of_what_both_sides_entered(
    ours: tuple[Contact, ...], theirs: tuple[Contact, ...], outcome: Outcome
) -> None:
    """CT-14."""
    assert marks(record(*ours, theirs=theirs))[0] == outcome


def test_what_is_declared_is_not_what_is_observed() -> None:
    """CT-15: a call within a cut has its own mark, and a slot in which nobody called then is cut."""
    cut = Cut(OPENING - DAY, CLOSING + 3600, (1,))
    (day, after) = calendar.days(record(missed(OPENING), cuts=(cut,)), D, D + 1, (D + 9) * DAY)
    assert [m.outcome for m in day.marks] == [Outcome.UNANSWERED, Outcome.CUT]
    assert day.cuts == (cut,) and after.cuts == ()
    assert [m.outcome for m in after.marks] == [Outcome.NOT_HELD] * 2
    lasting = record(cuts=(Cut(OPENING, None, (0,)),))
    days = calendar.days(lasting, D + 8, D + 10, (D + 9) * DAY)
    assert [bool(day.cuts) for day in days] == [True, True, False]  # nothing is declared of days to come
    assert marks(lasting, D + 5, (D + 9) * DAY) == [Outcome.CUT] * 2


def test_a_run_marks_every_slot_it_speaks_of() -> None:
    """CT-14."""
    run = record(missed(OPENING), missed(CLOSING, CLOSING + 3 * DAY, 7), answered(OPENING + 4 * DAY))
    found = calendar.days(run, D, D + 4, (D + 9) * DAY)
    outcomes = [m.outcome for day in found for m in day.marks]
    assert outcomes == [*[Outcome.UNANSWERED] * 8, Outcome.ANSWERED, Outcome.NOT_HELD]


def test_a_holiday_inside_a_run_of_unanswered_slots_was_not_held() -> None:
    """CT-2: the run speaks of the slots before and after it; a call of that day alone is marked all the same."""
    accord = replace(ACCORD, holidays=((D,), ()))
    run = missed(OPENING - DAY, CLOSING + DAY, 4)
    assert marks(record(run, schedule=accord)) == [Outcome.NOT_HELD, Outcome.NOT_HELD]
    assert marks(record(run, schedule=accord), D + 1) == [Outcome.UNANSWERED, Outcome.UNANSWERED]
    assert marks(record(missed(OPENING), schedule=accord))[0] == Outcome.UNANSWERED


def test_a_slot_that_is_open_or_to_come_has_no_mark_yet() -> None:
    assert marks(record(), now=OPENING + 1799) == [Outcome.TO_COME] * 2
    assert marks(record(), now=OPENING + 1800) == [Outcome.NOT_HELD, Outcome.TO_COME]


def test_slots_before_the_line_began_are_none() -> None:
    r = replace(record(), begins=OPENING + 1)
    assert marks(r, D) == [Outcome.NOT_HELD] and marks(r, D - 1) == []


def test_calls_between_the_hours_stand_beside_the_slots_and_are_matched_by_nearness() -> None:
    """CT-14."""
    at = OPENING + 7200
    both = record(answered(at), theirs=(answered(at + 2), answered(at + 9000)))
    (day,) = calendar.days(both, D, D, (D + 9) * DAY)
    between = [m for m in day.marks if not m.due.scheduled]
    assert [(m.due.at, m.outcome) for m in between] == [(at, Outcome.ANSWERED), (at + 9000, Outcome.ONE_WAY)]
    assert isinstance(between[0], Mark) and between[0].theirs == answered(at + 2)


def test_a_day_in_two_marks_shows_the_gravest_of_each_half() -> None:
    """CT-16."""
    four = replace(ACCORD, schedule=tuple(replace(ACCORD.schedule[0], minute=60 * h) for h in (0, 6, 12, 18)))
    at = [D * DAY + h * 6 * 3600 for h in range(4)]
    r = record(answered(at[0]), answered(at[1], 900), answered(at[2]), missed(at[3]), schedule=four)
    (day,) = calendar.days(r, D, D, (D + 9) * DAY)
    assert calendar.two_marks(day) == (Outcome.LATE, Outcome.UNANSWERED)
    (two,) = calendar.days(record(answered(OPENING)), D, D, (D + 9) * DAY)
    assert calendar.two_marks(two) == (Outcome.ANSWERED, Outcome.NOT_HELD)
    one = replace(ACCORD, schedule=ACCORD.schedule[:1])
    (single,) = calendar.days(record(answered(OPENING), answered(CLOSING), schedule=one), D, D, (D + 9) * DAY)
    assert calendar.two_marks(single) == (Outcome.ANSWERED, None)
    none = replace(ACCORD, schedule=())
    (bare,) = calendar.days(record(answered(CLOSING), schedule=none), D, D, (D + 9) * DAY)
    assert calendar.two_marks(bare) == (Outcome.ANSWERED, None)
    (empty,) = calendar.days(record(schedule=none), D, D, (D + 9) * DAY)
    assert calendar.two_marks(empty) == (None, None)


# --- holidays and amendments ---------------------------------------------------------------------


def slots(schedule: contact.Schedule, first: int, last: int) -> list[int]:
    return [d.at for d in contact.slots_between(schedule, first * DAY - 1, (last + 1) * DAY - 1)]


def test_a_slot_is_not_held_on_a_holiday_of_either_party_unless_the_accord_says_so() -> None:
    """AC-9, CT-2."""
    off = replace(ACCORD, holidays=((D + 1,), (D + 3,)))
    assert slots(off, D, D + 3) == [OPENING, CLOSING, OPENING + 2 * DAY, CLOSING + 2 * DAY]
    all_the_same = replace(off, held_on_holidays=2)
    assert slots(all_the_same, D + 1, D + 1) == [CLOSING + DAY]
    following = contact.next_slot(off, CLOSING)
    assert following is not None and following.at == OPENING + 2 * DAY
    assert contact.open_slot(off, OPENING + DAY + 60) is None
    (day,) = calendar.days(record(schedule=off), D + 1, D + 1, (D + 9) * DAY)
    assert day.holidays == (True, False) and [m.outcome for m in day.marks] == [Outcome.NOT_HELD] * 2
    (kept,) = calendar.days(record(answered(OPENING + DAY), schedule=off), D + 1, D + 1, (D + 9) * DAY)
    assert kept.marks[0].outcome == Outcome.ANSWERED


def test_the_next_slot_is_found_beyond_as_many_holidays_as_there_can_be() -> None:
    """CT-2."""
    off = replace(ACCORD, holidays=(tuple(range(D + 1, D + 65)), ()))
    following = contact.next_slot(off, CLOSING)
    assert following is not None and following.at == OPENING + 65 * DAY
    assert contact.next_slot(replace(ACCORD, schedule=()), CLOSING) is None
    both = replace(off, holidays=(tuple(range(D + 1, D + 65)), tuple(range(D + 65, D + 129))))
    following = contact.next_slot(both, CLOSING)
    assert following is not None and following.at == OPENING + 129 * DAY
    weekly = replace(ACCORD.schedule[0], weekdays=1 << (D + 3) % 7)
    rare = replace(ACCORD, schedule=(weekly,), holidays=(tuple(range(D, D + 64 * 7, 7)), ()))
    assert contact.next_slot(rare, OPENING) is None  # none for more than a year: that is not told as the next


LATER = replace(
    ACCORD,
    version=2,
    civil_clocks=(510, 540),
    schedule=tuple(replace(s, minute=s.minute + 30) for s in ACCORD.schedule),
)


@pytest.mark.parametrize(("before", "after"), [(ACCORD, LATER), (LATER, ACCORD)])
def test_an_amended_schedule_neither_doubles_nor_loses_a_contact_whenever_it_is_adopted(
    before: Accord, after: Accord
) -> None:
    """CT-3: each day has its opening and its closing contact once, at the old or at the new hour."""
    for adopted in range(OPENING - 3600, CLOSING + 3600, 60):
        eras = (Era(0, before), Era(adopted, after))
        for day in range(D - 1, D + 3):
            found = slots(eras, day, day)
            hours = [at - day * DAY for at in found]
            assert len(hours) == 2, (adopted, day, hours)
            assert hours[0] in (0, 1800) and hours[1] in (FIVE, FIVE + 1800)
        old, new = (s.schedule[0].minute * 60 for s in (before, after))
        at_old = slots(eras, D, D)[0] == D * DAY + old
        assert at_old is (adopted >= D * DAY + min(old, new))


def test_a_contact_moved_over_midnight_is_held_once_too() -> None:
    """CT-3."""
    night = replace(ACCORD, schedule=(replace(ACCORD.schedule[0], minute=1425),))
    morning = replace(night, version=2, schedule=(replace(ACCORD.schedule[0], minute=15),))
    for adopted in range(D * DAY - 7200, D * DAY + 7200, 300):
        found = slots((Era(0, night), Era(adopted, morning)), D - 2, D + 2)
        assert all(DAY - 1800 <= b - a <= DAY + 1800 for a, b in pairwise(found)), adopted


def test_what_an_amendment_adds_begins_and_what_it_drops_ends_when_it_is_adopted() -> None:
    """CT-3."""
    noon = replace(ACCORD.schedule[0], minute=720, meaning=Meaning.CHECK)
    more = replace(ACCORD, version=2, schedule=(*ACCORD.schedule, noon))
    at_noon = D * DAY + 720 * 60
    assert at_noon in slots((Era(0, ACCORD), Era(at_noon - 1, more)), D, D)
    assert at_noon not in slots((Era(0, ACCORD), Era(at_noon, more)), D, D)
    assert at_noon in slots((Era(0, more), Era(at_noon, ACCORD)), D, D)
    assert at_noon not in slots((Era(0, more), Era(at_noon - 1, ACCORD)), D, D)


def test_the_civil_clocks_of_a_slot_are_those_of_the_accord_then_held() -> None:
    """AC-10."""
    eras = (Era(OPENING, ACCORD), Era(CLOSING, LATER))
    assert calendar.accord_at(ACCORD, 0) is ACCORD
    assert [calendar.accord_at(eras, at) for at in (0, OPENING, CLOSING - 1, CLOSING)] == [
        ACCORD,
        ACCORD,
        ACCORD,
        LATER,
    ]
