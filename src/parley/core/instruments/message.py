"""The formal message: its body, and the ladder of states it climbs (spec 6.1, 6.5).

A state says who vouches and when. "Sent" is never claimed before their end has signed for it: what we
see below AT THEIR END is our own doing, what we see above is theirs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from parley.core.errors import LocalError
from parley.core.types import PARAGRAPHS_MAX, Body, Grade, Seconds, Value
from parley.core.types import written as ours_written
from parley.core.wire import cbor
from parley.core.wire.body import MESSAGE_OPTIONAL, PARAGRAPH_BYTES_MAX


class State(StrEnum):
    """The rungs, lowest first."""

    DRAFT = "DRAFT"
    WAITING_RELEASE = "WAITING RELEASE"
    RELEASED = "RELEASED"
    SENDING = "SENDING"
    AT_THEIR_END = "AT THEIR END"
    SEEN_BY_WATCH = "SEEN BY WATCH"
    READ_BACK = "READ BACK"
    ANSWERED = "ANSWERED"
    CANNOT_COMPLY = "CANNOT COMPLY"
    CANCELLED = "CANCELLED"
    WITHDRAWN = "WITHDRAWN"


@dataclass(frozen=True, slots=True)
class Message:
    """A message's fields. `language` is one of the accord's, as a BCP 47 tag."""

    language: str
    paragraphs: tuple[str, ...]
    subject: str | None = None
    in_whose_name: str | None = None
    form_of_address: str | None = None
    references: tuple[bytes, ...] = ()
    reply_by: Seconds | None = None
    stale_after: Seconds | None = None

    @property
    def text(self) -> str:
        return "\n".join(self.paragraphs)


@dataclass(frozen=True, slots=True)
class Rung:
    """One state reached: when by whose clock, and who vouches for it."""

    state: State
    at: Seconds | None
    voucher: str


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """An officer's acknowledgement of a message, as it came."""

    grade: Grade
    at: Seconds
    office: str
    read_back: str | None


def written(
    language: str,
    text: str,
    *,
    subject: str | None = None,
    in_whose_name: str | None = None,
    form_of_address: str | None = None,
    references: tuple[bytes, ...] = (),
    reply_by: Seconds | None = None,
    stale_after: Seconds | None = None,
) -> Message:
    """A message from what an officer typed: one paragraph a line, blank lines dropped, tabs as blanks.

    Raises LocalError with a hint for text that cannot be carried.
    """
    lines = [" ".join(line.split("\t")).rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    paragraphs = tuple(ours_written("paragraph", line, PARAGRAPH_BYTES_MAX) for line in lines if line.strip())
    if len(paragraphs) > PARAGRAPHS_MAX:
        raise LocalError(
            f"a message has at most {PARAGRAPHS_MAX} paragraphs; this one has {len(paragraphs)}",
            "join lines, or send it in parts; nothing was recorded",
        )
    return Message(
        ours_written("language", language, 16),
        paragraphs,
        _optional("subject", subject),
        _optional("in whose name", in_whose_name),
        _optional("form of address", form_of_address),
        references,
        reply_by,
        stale_after,
    )


def body(m: Message) -> Body:
    """The body of a MESSAGE act."""
    return (
        m.language,
        m.subject,
        m.in_whose_name,
        m.form_of_address,
        m.references or None,
        m.reply_by,
        m.stale_after,
        *m.paragraphs,
    )


def message(fields: Body) -> Message:
    """The message in a body that has passed its schema."""
    language, subject, name, form, references, reply_by, stale_after, *paragraphs = fields
    return Message(
        cbor.string(language),
        tuple(cbor.string(p) for p in paragraphs),
        _text(subject),
        _text(name),
        _text(form),
        tuple(cbor.octets(r) for r in cbor.items(references or ())),
        None if reply_by is None else cbor.integer(reply_by),
        None if stale_after is None else cbor.integer(stale_after),
    )


def ladder(
    entered_at: Seconds | None,
    receipted_at: Seconds | None,
    acknowledgements: Iterable[Acknowledged],
    answered_at: Seconds | None,
    cancelled_at: Seconds | None,
    *,
    sender: str,
    receiver: str,
) -> tuple[Rung, ...]:
    """The rungs a released message has reached above RELEASED, in order.

    Times of theirs are their claims. A later state implies no earlier one: a message may be seen at
    their end before their node's receipt has come back to us.
    """
    rungs = []
    if entered_at is not None:
        rungs.append(Rung(State.SENDING, entered_at, f"entered in the log of {sender}"))
    if receipted_at is not None:
        rungs.append(Rung(State.AT_THEIR_END, receipted_at, f"signed by the node of {receiver}"))
    for ack in acknowledgements:
        rungs.append(Rung(_STATE_OF_GRADE[ack.grade], ack.at, f"{ack.office}, {_words(ack)}"))
    if answered_at is not None:
        rungs.append(Rung(State.ANSWERED, answered_at, f"a message of {receiver} refers to it"))
    if cancelled_at is not None:
        rungs.append(Rung(State.CANCELLED, cancelled_at, f"taken back by {sender}"))
    return tuple(rungs)


def highest(rungs: Iterable[Rung]) -> State:
    """The state to show for a message in the record: the highest rung, whatever order they came in."""
    order = list(State)
    return max((rung.state for rung in rungs), key=order.index, default=State.SENDING)


_STATE_OF_GRADE = {
    Grade.SEEN: State.SEEN_BY_WATCH,
    Grade.READ_BACK: State.READ_BACK,
    Grade.WILL_COMPLY: State.SEEN_BY_WATCH,
    Grade.CANNOT_COMPLY: State.CANNOT_COMPLY,
    Grade.STAND_BY: State.SEEN_BY_WATCH,
    Grade.NOTED: State.SEEN_BY_WATCH,
}
assert MESSAGE_OPTIONAL == 6


def _words(ack: Acknowledged) -> str:
    word = ack.grade.name.lower().replace("_", " ")
    return f"{word}: {ack.read_back}" if ack.read_back else word


def _optional(what: str, value: str | None) -> str | None:
    return ours_written(what, value, 256) if value else None


def _text(value: Value) -> str | None:
    return None if value is None else cbor.string(value)
