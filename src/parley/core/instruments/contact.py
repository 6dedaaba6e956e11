"""Contacts: the scheduled slots of a line, and what became of each (spec 6.2, 6.4).

A call is a frame; when a slot closes, each side enters at most one CONTACT. The first unanswered slot
of a run is entered at once, the rest of the run as one entry when it ends, so that 413 days of
unanswered calls are two entries and not eight hundred.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from parley.core.accord import Accord, Meaning, Slot
from parley.core.types import Body, Seconds
from parley.core.wire import cbor

DAY = 86400


@dataclass(frozen=True, slots=True)
class Due:
    """One slot on one day: opens and closes at, what it is for, who calls. `scheduled`: False for a call between
    the hours."""

    at: Seconds
    closes_at: Seconds
    meaning: Meaning
    caller: int | None
    scheduled: bool = True


@dataclass(frozen=True, slots=True)
class Contact:
    """What became of a slot, or of a run of unanswered ones: the body of a CONTACT."""

    first: Seconds
    last: Seconds
    slots: int
    calls: int
    answered_at: Seconds | None = None
    by: int | None = None
    next_contact: Seconds | None = None


@dataclass(frozen=True, slots=True)
class Attempts:
    """What we have seen of the slot now open and of the run before it; forgettable.

    `slot`: its opening time, 0 for none. `run`: unanswered slots not yet entered, as one CONTACT.
    """

    slot: Seconds = 0
    calls: int = 0
    answered_at: Seconds | None = None
    by: int | None = None
    missed: bool = False
    run: Contact | None = None


def slots_between(accord: Accord, after: Seconds, until: Seconds) -> tuple[Due, ...]:
    """The slots that open in (after, until], in order."""
    found = []
    for day in range(after // DAY, until // DAY + 1):
        weekday = (day + 3) % 7  # 1970-01-01 was a Thursday
        for slot in accord.schedule:
            at = day * DAY + slot.minute * 60
            if slot.weekdays >> weekday & 1 and after < at <= until:
                found.append(_due(slot, at))
    return tuple(sorted(found, key=lambda d: d.at))


def next_slot(accord: Accord, now: Seconds) -> Due | None:
    """The first slot that opens after `now`, within a week."""
    return next(iter(slots_between(accord, now, now + 8 * DAY)), None)


def open_slot(accord: Accord, now: Seconds) -> Due | None:
    """The slot open at `now`, if any; of several, the latest."""
    longest = max((s.open_s for s in accord.schedule), default=0)
    found = [d for d in slots_between(accord, now - longest - 1, now) if d.closes_at > now]
    return found[-1] if found else None


def called(attempts: Attempts, slot: Seconds) -> Attempts:
    """One more call in a slot, by us or by them."""
    if attempts.slot != slot:
        attempts = replace(attempts, slot=slot, calls=0, answered_at=None, by=None)
    return replace(attempts, calls=attempts.calls + 1)


def answered(attempts: Attempts, at: Seconds, by: int) -> Attempts:
    """The call of the open slot was answered; a second answer changes nothing."""
    if attempts.answered_at is not None:
        return attempts
    return replace(attempts, answered_at=at, by=by)


def closed(attempts: Attempts, slot: Due, following: Seconds | None) -> tuple[Attempts, tuple[Contact, ...]]:
    """What to enter when `slot` closes, and what is left to remember. Nothing is entered for a slot in
    which nobody called: an attempt is evidence, a missing one is not."""
    ours = attempts if attempts.slot == slot.at else Attempts(run=attempts.run)
    if ours.answered_at is not None:
        run = (attempts.run,) if attempts.run and attempts.run.slots else ()
        contact = Contact(slot.at, slot.at, 1, ours.calls, ours.answered_at, ours.by, following)
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


def body(c: Contact) -> Body:
    """The body of a CONTACT statement."""
    return (c.first, c.last, c.slots, c.calls, c.answered_at, c.by, c.next_contact)


def contact(fields: Body) -> Contact:
    """The contact in a body that has passed its schema."""
    first, last, slots, calls, answered_at, by, next_contact = fields
    return Contact(
        cbor.integer(first),
        cbor.integer(last),
        cbor.integer(slots),
        cbor.integer(calls),
        None if answered_at is None else cbor.integer(answered_at),
        None if by is None else cbor.integer(by),
        None if next_contact is None else cbor.integer(next_contact),
    )


def _due(slot: Slot, at: Seconds) -> Due:
    return Due(at, at + slot.open_s, slot.meaning, slot.caller)
