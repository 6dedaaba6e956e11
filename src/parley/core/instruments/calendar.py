"""A line over days: its slots by the schedule then agreed, what became of each, and when it was cut (spec 17.5).

Declared and observed stay apart: a cut is a stretch of days, what became of a slot is a mark of that slot, also within
a cut. A mark is made of what both sides entered. That a side entered nothing says nothing by itself: only when it has
entered a later contact, or is ours, is its silence about a slot taken as its word that nobody answered.

Pure: values in, values out. Days are UTC days, counted from 1970-01-01.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from parley.core.accord import DAY, Accord, Meaning
from parley.core.instruments.contact import Contact, Due, Schedule, planned_between
from parley.core.types import Seconds

LATE_S: Final = 300  # answered more than this after the slot opened is late
ALIKE_S: Final = (
    120  # calls between the hours that the two sides entered with no more than this between are one
)


class Outcome(StrEnum):
    """What became of a slot, from the contacts of both sides."""

    ANSWERED = "answered"
    LATE = "late"
    UNANSWERED = "unanswered"
    ONE_WAY = "one way"
    CUT = "cut"
    NOT_HELD = "not held"
    TO_COME = "to come"


_GRAVEST: Final = (
    Outcome.ONE_WAY, Outcome.UNANSWERED, Outcome.LATE, Outcome.ANSWERED, Outcome.CUT, Outcome.NOT_HELD,
    Outcome.TO_COME,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cut:
    """A stretch for which a line was declared not open. `until`: None while it lasts."""

    since: Seconds
    until: Seconds | None
    by: tuple[int, ...] = ()  # the parties who cut it; none: it was not opened yet

    def overlaps(self, begins: Seconds, ends: Seconds) -> bool:
        return self.since < ends and (self.until is None or self.until > begins)


@dataclass(frozen=True, slots=True)
class Mark:
    """One slot, and what became of it. `ours`, `theirs`: what each side entered of it."""

    due: Due
    outcome: Outcome
    ours: Contact | None = None
    theirs: Contact | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """One UTC day. `holidays`: by party, whether the civil day of this date is one. `cuts`: those that touch it."""

    number: int
    marks: tuple[Mark, ...]
    holidays: tuple[bool, bool]
    cuts: tuple[Cut, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """What a calendar is made of. `begins`: when the line began; slots before are none. `ours`, `theirs`: the
    contacts each side entered, in the order of its log."""

    schedule: Schedule
    begins: Seconds
    ours: tuple[Contact, ...]
    theirs: tuple[Contact, ...]
    cuts: tuple[Cut, ...]


def days(record: Record, first: int, last: int, now: Seconds) -> tuple[Day, ...]:
    """The days from `first` to `last`, both included, as known at `now`."""
    begins, ends = max(first * DAY, record.begins) - 1, (last + 1) * DAY - 1
    planned = planned_between(record.schedule, begins, ends)
    ours, theirs = _Entered(record.ours), _Entered(record.theirs)
    by_day: dict[int, list[Mark]] = {}
    for due in planned:
        mark = _marked(due, ours.of(due.at), theirs.of(due.at), record, now)
        by_day.setdefault(due.at // DAY, []).append(mark)
    slots = {due.at for due in planned}
    for mark in _between(record, slots, begins, ends):
        by_day.setdefault(mark.due.at // DAY, []).append(mark)
    return tuple(
        Day(
            number,
            tuple(sorted(by_day.get(number, ()), key=lambda m: m.due.at)),
            holidays_of(accord_at(record.schedule, number * DAY), number),
            _cuts_of(record, number, now),
        )
        for number in range(first, last + 1)
    )


def _cuts_of(record: Record, number: int, now: Seconds) -> tuple[Cut, ...]:
    """The cuts that touch a day; a cut that lasts is not said of days that are to come."""
    begins, ends = number * DAY, min((number + 1) * DAY, now + 1)
    return tuple(cut for cut in record.cuts if begins < ends and cut.overlaps(begins, ends))


def two_marks(day: Day) -> tuple[Outcome | None, Outcome | None]:
    """A day in two marks, for the picture of a year: of the first half of its scheduled slots and of the second the
    gravest each; of a day with one, one. A call between the hours counts where nothing is scheduled."""
    found = [m.outcome for m in day.marks if m.due.scheduled] or [m.outcome for m in day.marks]
    if not found:
        return None, None
    half = (len(found) + 1) // 2
    return _gravest(found[:half]), _gravest(found[half:]) if found[half:] else None


def accord_at(schedule: Schedule, at: Seconds) -> Accord:
    """The accord that this end held at an instant; the first before there was one."""
    if isinstance(schedule, Accord):
        return schedule
    return next((era.accord for era in reversed(schedule) if era.since <= at), schedule[0].accord)


def holidays_of(accord: Accord, day: int) -> tuple[bool, bool]:
    """By party, whether the day of that date in its own calendar is a holiday."""
    return day in accord.holidays[0], day in accord.holidays[1]


class _Entered:
    """The contacts of one side, found by slot."""

    def __init__(self, contacts: Sequence[Contact]) -> None:
        self._exact = {c.first: c for c in contacts if c.first == c.last}
        self._runs = sorted((c for c in contacts if c.first != c.last), key=lambda c: c.first)
        self._begins = [c.first for c in self._runs]

    def of(self, at: Seconds) -> Contact | None:
        """What was entered of the slot at `at`, by itself or within a run."""
        if at in self._exact:
            return self._exact[at]
        place = bisect_right(self._begins, at) - 1
        return self._runs[place] if place >= 0 and self._runs[place].covers(at) else None


def _marked(due: Due, ours: Contact | None, theirs: Contact | None, record: Record, now: Seconds) -> Mark:
    return Mark(due, _outcome(due, ours, theirs, record, now), ours, theirs)


def _outcome(due: Due, ours: Contact | None, theirs: Contact | None, record: Record, now: Seconds) -> Outcome:
    answered = [c for c in (ours, theirs) if c is not None and c.answered_at is not None]
    if answered:
        theirs_silent = theirs is None and (not record.theirs or record.theirs[-1].last <= due.at)
        if len(answered) == 2 or (answered[0] is ours and theirs_silent):
            at = min(c.answered_at for c in answered if c.answered_at is not None)
            return Outcome.LATE if at - due.at > LATE_S else Outcome.ANSWERED
        return Outcome.ONE_WAY
    if ours is not None or theirs is not None:
        alone = any(c is not None and c.first == c.last for c in (ours, theirs))
        if not due.held and not alone:
            return Outcome.NOT_HELD  # a holiday inside a run, which speaks of those before and after
        return Outcome.UNANSWERED
    if not due.held:
        return Outcome.NOT_HELD
    if due.closes_at > now:
        return Outcome.TO_COME
    return Outcome.CUT if any(c.overlaps(due.at, due.closes_at) for c in record.cuts) else Outcome.NOT_HELD


def _between(record: Record, slots: set[Seconds], begins: Seconds, ends: Seconds) -> Iterable[Mark]:
    """The calls between the hours that were entered by themselves."""

    def own(contacts: Iterable[Contact]) -> list[Contact]:
        alone = (c for c in contacts if c.slots == 1 and c.first == c.last and c.first not in slots)
        return [c for c in alone if begins < c.first <= ends]

    theirs = own(record.theirs)
    for mine in own(record.ours):
        near = [c for c in theirs if abs(c.first - mine.first) <= ALIKE_S]
        other = min(near, key=lambda c: abs(c.first - mine.first), default=None)
        if other is not None:
            theirs.remove(other)
        yield _marked(_unscheduled(mine.first), mine, other, record, ends)
    for left in theirs:
        yield _marked(_unscheduled(left.first), None, left, record, ends)


def _unscheduled(at: Seconds) -> Due:
    return Due(at, at, Meaning.CHECK, None, scheduled=False)


def _gravest(outcomes: Sequence[Outcome]) -> Outcome:
    return min(outcomes, key=_GRAVEST.index)
