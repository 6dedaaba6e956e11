"""Contacts: the scheduled slots of a line, and what became of each (spec 6.2, 17).

A call is a frame; when a slot closes, each side enters at most one CONTACT. The first unanswered slot
of a run is entered at once, the rest of the run as one entry when it ends, so that 413 days of
unanswered calls are two entries and not eight hundred.

The schedule of a line is that of its accord; of the accords an end has adopted one after another, each from the
instant at which that end adopted it. Around such an instant a contact that the amendment moves is held once: at its
old hour if either of its two hours has come by then, else at its new one (CT-3).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum, IntFlag
from typing import TypeAlias

from parley.core.accord import DAY, Accord, Meaning, Slot
from parley.core.types import Body, Precedence, Seconds
from parley.core.wire import cbor

_TEST_SUBJECT = re.compile(r"DOCUMENT TEST ([1-8])")
LOOK_AHEAD_DAYS = 144  # as far as the next slot is looked for: beyond the most holidays there can be in a row


class Check(IntFlag):
    """What an answered contact proved, as the watch of this side saw it (spec 17.3)."""

    NONE = 0
    OUR_IDENTITY = 1  # ours was said, and they repeated it
    THEIR_IDENTITY = 2  # theirs was said, and we heard whom we expected
    WE_ARE_HEARD = 4
    THEY_ARE_HEARD = 8
    OUR_DOCUMENT = 16  # a test text of ours came back in their read-back letter for letter
    THEIR_DOCUMENT = 32  # a test text of theirs came as the accord has it, and was read back
    NEXT_FIXED = 64


class Content(IntEnum):
    """What a contact was for in the end; "no message" is a valid content."""

    NOT_SAID = 0
    NO_MESSAGE = 1
    MESSAGES = 2


@dataclass(frozen=True, slots=True)
class Era:
    """An accord, and from when on this end holds it."""

    since: Seconds
    accord: Accord


Schedule: TypeAlias = "Accord | tuple[Era, ...]"
"""One accord for all time, or several one after another, the earliest first."""


@dataclass(frozen=True, slots=True)
class Due:
    """One slot on one day: opens and closes at, what it is for, who calls. `scheduled`: False for a call between
    the hours. `held`: False on a holiday."""

    at: Seconds
    closes_at: Seconds
    meaning: Meaning
    caller: int | None
    scheduled: bool = True
    held: bool = True


@dataclass(frozen=True, slots=True)
class Contact:
    """What became of a slot, or of a run of unanswered ones: the body of a CONTACT. `author`: whose office of
    theirs was heard."""

    first: Seconds
    last: Seconds
    slots: int
    calls: int
    answered_at: Seconds | None = None
    by: int | None = None
    next_contact: Seconds | None = None
    checks: Check = Check.NONE
    author: int | None = None
    content: Content = Content.NOT_SAID

    def covers(self, at: Seconds) -> bool:
        """Whether it speaks of the slot that opened at `at`."""
        return self.first <= at <= self.last


@dataclass(frozen=True, slots=True)
class Attempts:
    """What we have seen of the slot now open and of the run before it.

    `slot`: its opening time, 0 for none. `run`: unanswered slots not yet entered, as one CONTACT. `checks`, `author`,
    `content`: what the watch has noted of the call.
    """

    slot: Seconds = 0
    calls: int = 0
    answered_at: Seconds | None = None
    by: int | None = None
    missed: bool = False
    run: Contact | None = None
    checks: Check = Check.NONE
    author: int | None = None
    content: Content = Content.NOT_SAID

    @property
    def missed_in_a_row(self) -> int:
        """How many slots in a row, in which somebody called, went unanswered since one was answered (CT-13)."""
        return 0 if self.run is None else self.run.slots + 1


def slots_between(schedule: Schedule, after: Seconds, until: Seconds) -> tuple[Due, ...]:
    """The slots that open in (after, until], in order; none of those that a holiday takes away."""
    return tuple(due for due in planned_between(schedule, after, until) if due.held)


def planned_between(schedule: Schedule, after: Seconds, until: Seconds) -> tuple[Due, ...]:
    """As `slots_between`, with those that a holiday takes away."""
    if isinstance(schedule, Accord):
        found = [due for _, due in _occurring(schedule, after, until)]
    else:
        found = [due for due in _of_eras(schedule, after, until) if after < due.at <= until]
    one: dict[Seconds, Due] = {}  # of several that open at one instant
    for due in found:
        other = one.get(due.at)
        if other is None or (due.held, due.closes_at) > (other.held, other.closes_at):
            one[due.at] = due
    return tuple(one[at] for at in sorted(one))


def next_slot(schedule: Schedule, now: Seconds) -> Due | None:
    """The first slot that opens after `now`, within some months."""
    if not any(accord.schedule for accord in _accords(schedule)):
        return None
    for begins in range(now, now + LOOK_AHEAD_DAYS * DAY, 8 * DAY):
        found = slots_between(schedule, begins, begins + 8 * DAY)
        if found:
            return found[0]
    return None


def open_slot(schedule: Schedule, now: Seconds) -> Due | None:
    """The slot open at `now`, if any; of several, the latest."""
    longest = max((s.open_s for accord in _accords(schedule) for s in accord.schedule), default=0)
    found = [d for d in slots_between(schedule, now - longest - 1, now) if d.closes_at > now]
    return found[-1] if found else None


def overtaking(schedule: Schedule, slot: Due, now: Seconds) -> Due | None:
    """The first scheduled slot that has opened, by `now`, while `slot` was open."""
    found = slots_between(schedule, slot.at, min(now, slot.closes_at - 1))
    return next((due for due in found if due.at > slot.at), None)


def due_at(schedule: Schedule, at: Seconds) -> Due | None:
    """The scheduled slot that opens at `at`, if there is one."""
    return next(iter(slots_between(schedule, at - 1, at)), None)


# --- what became of a slot --------------------------------------------------------------------


def called(attempts: Attempts, slot: Seconds) -> Attempts:
    """One more call in a slot, by us or by them."""
    if attempts.slot != slot:
        attempts = Attempts(slot, missed=attempts.missed, run=attempts.run)
    return replace(attempts, calls=attempts.calls + 1)


def carried(attempts: Attempts, slot: Due) -> Attempts:
    """A call between the hours that is not answered when a slot opens is a call of that slot."""
    return replace(attempts, slot=slot.at)


def answered(attempts: Attempts, at: Seconds, by: int) -> Attempts:
    """The call of the open slot was answered; a second answer changes nothing."""
    if attempts.answered_at is not None:
        return attempts
    return replace(attempts, answered_at=at, by=by)


def proven(
    attempts: Attempts, checks: Check, author: int | None = None, content: Content = Content.NOT_SAID
) -> Attempts:
    """What the watch has noted of an answered call, beside what it noted before."""
    return replace(
        attempts,
        checks=attempts.checks | checks,
        author=attempts.author if author is None else author,
        content=content or attempts.content,
    )


def closed(attempts: Attempts, slot: Due, following: Seconds | None) -> tuple[Attempts, tuple[Contact, ...]]:
    """What to enter when `slot` closes, and what is left to remember. Nothing is entered for a slot in
    which nobody called: an attempt is evidence, a missing one is not."""
    ours = attempts if attempts.slot == slot.at else Attempts(run=attempts.run)
    if ours.answered_at is not None:
        run = (attempts.run,) if attempts.run and attempts.run.slots else ()
        contact = Contact(
            slot.at,
            slot.at,
            1,
            ours.calls,
            ours.answered_at,
            ours.by,
            following,
            ours.checks,
            ours.author,
            ours.content,
        )
        return Attempts(), (*run, contact)
    if not ours.calls:
        return Attempts(missed=True, run=attempts.run), ()
    if attempts.run is None:
        begun = Contact(slot.at, slot.at, 0, 0)
        return Attempts(missed=True, run=begun), (
            Contact(slot.at, slot.at, 1, ours.calls, None, None, following),
        )
    first = attempts.run.first if attempts.run.slots else slot.at
    run_on = Contact(first, slot.at, attempts.run.slots + 1, attempts.run.calls + ours.calls)
    return Attempts(missed=True, run=run_on), ()


# --- the document test ------------------------------------------------------------------------


def document_test_subject(number: int) -> str:
    """The subject of the document test by the text at `number` of the accord's, from 1 (CT-10)."""
    return f"DOCUMENT TEST {number}"


def document_test_number(precedence: Precedence, subject: str | None) -> int | None:
    """Which document test a message is; None if it is none."""
    found = _TEST_SUBJECT.fullmatch(subject or "")
    return int(found[1]) if found and precedence == Precedence.ROUTINE else None


def is_test_text(texts: Sequence[str], number: int, text: str) -> bool:
    """Whether the text of a document test is the one that the accord has at its number."""
    return number <= len(texts) and text == texts[number - 1]


def read_alike(text: str, read_back: str) -> bool:
    """Whether a text was read back letter for letter; how its words are spaced counts for nothing (CT-11)."""
    return _spaced_alike(text) == _spaced_alike(read_back)


def _spaced_alike(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


# --- as the record has it -----------------------------------------------------------------------


def body(c: Contact) -> Body:
    """The body of a CONTACT statement: of seven fields, or of ten when more is said."""
    plain: Body = (c.first, c.last, c.slots, c.calls, c.answered_at, c.by, c.next_contact)
    if not (c.checks or c.content or c.author is not None):
        return plain
    return (*plain, int(c.checks), c.author, int(c.content))


def contact(fields: Body) -> Contact:
    """The contact in a body that has passed its schema."""
    first, last, slots, calls, answered_at, by, next_contact, *more = fields
    checks, author, content = more or (0, None, 0)
    return Contact(
        cbor.integer(first),
        cbor.integer(last),
        cbor.integer(slots),
        cbor.integer(calls),
        None if answered_at is None else cbor.integer(answered_at),
        None if by is None else cbor.integer(by),
        None if next_contact is None else cbor.integer(next_contact),
        Check(cbor.integer(checks)),
        None if author is None else cbor.integer(author),
        Content(cbor.integer(content)),
    )


# --- the schedule, day by day ---------------------------------------------------------------------


def _accords(schedule: Schedule) -> tuple[Accord, ...]:
    return (schedule,) if isinstance(schedule, Accord) else tuple(era.accord for era in schedule)


def _occurring(accord: Accord, after: Seconds, until: Seconds) -> Iterator[tuple[int, Due]]:
    """What an accord alone makes open in (after, until], each with its place in the schedule."""
    for day in range(after // DAY, until // DAY + 1):
        for place, slot in enumerate(accord.schedule):
            at = day * DAY + slot.minute * 60
            if after < at <= until and _on_weekday(slot, at):
                yield place, _due(accord, place, at)


def _of_eras(eras: Sequence[Era], after: Seconds, until: Seconds) -> Iterator[Due]:
    """What accords adopted one after another make open in (after, until], and some around it.

    A contact goes from version to version and is told by the last one that has it. Its hour may move by half a day at
    each, so that much more is looked at on both sides.
    """
    margin = len(eras) * DAY
    for n, era in enumerate(eras):
        following = eras[n + 1] if n + 1 < len(eras) else None
        ends = until + margin if following is None else following.since
        for place, due in _occurring(era.accord, after - margin, until + margin):
            if not due.held:
                if era.since < due.at <= ends:
                    yield due
                continue
            if (
                following is not None
                and _counterpart(era.accord, following.accord, place, due.at, 1) is not None
            ):
                continue
            found = _held(eras, n, place, due)
            if found is not None and found.at <= ends:
                yield found


def _held(eras: Sequence[Era], n: int, place: int, due: Due) -> Due | None:
    """When a contact of version `n` is held, by all versions until that one: at its old hour if that or the new one
    is not after the ADOPT (CT-3). None if it would have been before there was such a contact."""
    since = eras[n].since
    former = _counterpart(eras[n].accord, eras[n - 1].accord, place, due.at, -1) if n else None
    if former is None:
        return due if due.at > since else None
    old = _held(eras, n - 1, *former)
    return old if old is None or old.at <= since or due.at <= since else due


def _counterpart(of: Accord, other: Accord, place: int, at: Seconds, way: int) -> tuple[int, Due] | None:
    """The contact that `of` holds at `at` by the slot at `place`, as `other` holds it, with its place there: the slot
    as far down among those of its meaning, at its hour nearest to that one; of two the one that makes the later
    version's the later. None if it holds none. `way`: 1 if `other` is the later version, else -1."""
    meaning = of.schedule[place].meaning
    number = sum(1 for slot in of.schedule[:place] if slot.meaning == meaning)
    alike = [n for n, slot in enumerate(other.schedule) if slot.meaning == meaning]
    if number >= len(alike):
        return None
    there = alike[number]
    shift = (way * (other.schedule[there].minute - of.schedule[place].minute) + 719) % 1440 - 719
    hour = at + way * 60 * shift
    if not _on_weekday(other.schedule[there], hour):
        return None
    due = _due(other, there, hour)
    return (there, due) if due.held else None


def _on_weekday(slot: Slot, at: Seconds) -> bool:
    weekday = (at // DAY + 3) % 7  # 1970-01-01 was a Thursday
    return bool(slot.weekdays >> weekday & 1)


def _due(accord: Accord, place: int, at: Seconds) -> Due:
    slot = accord.schedule[place]
    held = bool(accord.held_on_holidays >> place & 1) or not any(accord.holiday_of(at))
    return Due(at, at + slot.open_s, slot.meaning, slot.caller, held=held)
