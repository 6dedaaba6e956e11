"""The formal message: its body, and the ladder of states it climbs (spec 6.1, 6.5).

A state says who vouches and when. "Sent" is never claimed before their end has signed for it: what we
see below AT THEIR END is our own doing, what we see above is theirs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from parley.core.errors import LocalError, Sentence
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
    paragraphs = tuple(
        ours_written(Sentence("paragraph"), line, PARAGRAPH_BYTES_MAX) for line in lines if line.strip()
    )
    if len(paragraphs) > PARAGRAPHS_MAX:
        raise LocalError(
            Sentence(
                "a message has at most {most} paragraphs; this one has {count}",
                most=PARAGRAPHS_MAX,
                count=len(paragraphs),
            ),
            "join lines, or send it in parts; nothing was recorded",
        )
    return Message(
        ours_written(Sentence("language"), language, 16),
        paragraphs,
        _optional(Sentence("subject"), subject),
        _optional(Sentence("in whose name"), in_whose_name),
        _optional(Sentence("form of address"), form_of_address),
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
        rungs.append(Rung(State.SENDING, entered_at, Sentence("entered in the log of {party}", party=sender)))
    if receipted_at is not None:
        voucher = Sentence("signed by the node of {party}", party=receiver)
        rungs.append(Rung(State.AT_THEIR_END, receipted_at, voucher))
    for ack in acknowledgements:
        rungs.append(Rung(_STATE_OF_GRADE[ack.grade], ack.at, _voucher(ack)))
    if answered_at is not None:
        voucher = Sentence("a message of {party} refers to it", party=receiver)
        rungs.append(Rung(State.ANSWERED, answered_at, voucher))
    if cancelled_at is not None:
        rungs.append(Rung(State.CANCELLED, cancelled_at, Sentence("taken back by {party}", party=sender)))
    return tuple(rungs)


def highest(rungs: Iterable[Rung]) -> State:
    """The state to show for a message in the record: the highest rung, whatever order they came in."""
    order = list(State)
    return max((rung.state for rung in rungs), key=order.index, default=State.SENDING)


GRADE_WORDS = {
    Grade.SEEN: Sentence("seen"),
    Grade.READ_BACK: Sentence("read back"),
    Grade.WILL_COMPLY: Sentence("will comply"),
    Grade.CANNOT_COMPLY: Sentence("cannot comply"),
    Grade.STAND_BY: Sentence("stand by"),
    Grade.NOTED: Sentence("noted"),
}
"""The grades as words in a sentence."""

_STATE_OF_GRADE = {
    Grade.SEEN: State.SEEN_BY_WATCH,
    Grade.READ_BACK: State.READ_BACK,
    Grade.WILL_COMPLY: State.SEEN_BY_WATCH,
    Grade.CANNOT_COMPLY: State.CANNOT_COMPLY,
    Grade.STAND_BY: State.SEEN_BY_WATCH,
    Grade.NOTED: State.SEEN_BY_WATCH,
}
assert MESSAGE_OPTIONAL == 6


def _voucher(ack: Acknowledged) -> Sentence:
    grade = GRADE_WORDS[ack.grade]
    if ack.read_back:
        return Sentence("{office}, {grade}: {words}", office=ack.office, grade=grade, words=ack.read_back)
    return Sentence("{office}, {grade}", office=ack.office, grade=grade)


def _optional(what: str, value: str | None) -> str | None:
    return ours_written(what, value, 256) if value else None


def _text(value: Value) -> str | None:
    return None if value is None else cbor.string(value)
