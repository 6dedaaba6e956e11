"""Announcements: the hour both agree on, and what each side says at it in its own words (spec 6.1, 18).

Both agree on an hour and on the points it is about; nobody agrees on a text. Each side's text is an act of its own, one
for each of its languages, that says which of the points it speaks of. What a side does not say is shown as not said.

A text is signed beforehand and waits at our end, outside the record, until its hour. What the hour asks of it is
decided here, from the reading of our own clock and from what speaks against that clock: in doubt it is held, because a
text that came too early or hours late cannot be called back, and one that is held can still be released by a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from parley.core import suite
from parley.core.errors import LocalError, RemoteError, Sentence
from parley.core.types import BODY_FIELDS_MAX, NONCE_BYTES, U32, Body, Seconds, Value, exactly, text, within
from parley.core.types import written as ours_written
from parley.core.wire import cbor
from parley.core.wire.body import ANNOUNCEMENT_FIELDS, NAME_BYTES_MAX, PARAGRAPH_BYTES_MAX

HOUR_LABEL = "parley/announcement/1"
POINTS_MAX = 16
POINT_BYTES_MAX = 256
SUBJECT_BYTES_MAX = 256


@dataclass(frozen=True, slots=True)
class Hour:
    """The terms of an announcement hour. `nonce`: 16 bytes, so that two hours alike are two. `points`: what the
    announcement is about, in the order by which a text names them."""

    nonce: bytes
    at: Seconds
    subject: str
    points: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        exactly("nonce", self.nonce, NONCE_BYTES)
        within("announcement hour", self.at, 0, U32)
        text("subject", self.subject, SUBJECT_BYTES_MAX)
        if len(self.points) > POINTS_MAX:
            raise RemoteError(f"an announcement has at most {POINTS_MAX} points")
        for point in self.points:
            text("point", point, POINT_BYTES_MAX)


def encode_hour(hour: Hour) -> bytes:
    """The terms an OFFER of an announcement hour carries and an AGREE names by their SHA-256."""
    return cbor.encode((HOUR_LABEL, hour.nonce, hour.at, hour.subject, hour.points))


def decode_hour(terms: bytes) -> Hour:
    """The announcement hour in `terms`. Raises RemoteError."""
    label, nonce, at, subject, points = cbor.array(cbor.decode(terms), 5, "announcement hour")
    if label != HOUR_LABEL:
        raise RemoteError("terms are not those of an announcement hour")
    return Hour(
        cbor.octets(nonce),
        cbor.integer(at),
        cbor.string(subject),
        tuple(cbor.string(point) for point in cbor.items(points)),
    )


# --- a side's text ----------------------------------------------------------------------------

TITLE_BYTES_MAX = 256
PARAGRAPHS_MAX = BODY_FIELDS_MAX - ANNOUNCEMENT_FIELDS
TERMS_FIELD, POINTS_FIELD = 0, 5  # their places in the body


@dataclass(frozen=True, slots=True)
class Announcement:
    """One side's text in one of its languages. `terms`: SHA-256 of the agreed hour, None where nobody agreed on one.
    `at`: the hour. `points`: which of the agreed points it speaks of; None: it does not say."""

    terms: bytes | None
    at: Seconds
    channel: str
    language: str
    title: str
    points: tuple[int, ...] | None
    paragraphs: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join(self.paragraphs)


def written(
    terms: bytes | None,
    at: Seconds,
    language: str,
    title: str,
    text: str,
    *,
    channel: str = "",
    points: tuple[int, ...] | None = None,
) -> Announcement:
    """A text from what an officer typed: one paragraph a line, blank lines dropped, tabs as blanks.

    Raises LocalError with a hint for what cannot be carried.
    """
    lines = [" ".join(line.split("\t")).rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    paragraphs = tuple(
        ours_written(Sentence("paragraph"), line, PARAGRAPH_BYTES_MAX) for line in lines if line.strip()
    )
    if not paragraphs or not title.strip():
        raise LocalError(
            Sentence("an announcement has a title and a text"), Sentence("fill in both; nothing was recorded")
        )
    if len(paragraphs) > PARAGRAPHS_MAX:
        raise LocalError(
            Sentence(
                "an announcement has at most {most} paragraphs; this one has {count}",
                most=PARAGRAPHS_MAX,
                count=len(paragraphs),
            ),
            Sentence("join lines; nothing was recorded"),
        )
    return Announcement(
        terms,
        at,
        ours_written(Sentence("channel"), channel.strip(), NAME_BYTES_MAX),
        ours_written(Sentence("language"), language, 16),
        ours_written(Sentence("title"), title.strip(), TITLE_BYTES_MAX),
        None if points is None else tuple(sorted(set(points))),
        paragraphs,
    )


def body(a: Announcement) -> Body:
    """The body of an ANNOUNCEMENT act."""
    return (a.terms, a.at, a.channel, a.language, a.title, a.points, *a.paragraphs)


def announcement(fields: Body) -> Announcement:
    """The announcement in a body that has passed its schema."""
    terms, at, channel, language, title, points, *paragraphs = fields
    return Announcement(
        None if terms is None else cbor.octets(terms),
        cbor.integer(at),
        cbor.string(channel),
        cbor.string(language),
        cbor.string(title),
        _points(points),
        tuple(cbor.string(paragraph) for paragraph in paragraphs),
    )


def name(line: bytes, a: Announcement) -> str:
    """What names the announcement a text belongs to, in 16 hex digits: its terms, or, where nobody agreed on an
    hour, its line and hour."""
    found = a.terms if a.terms is not None else suite.sha256(cbor.encode((line, a.at)))
    return found.hex()[:16]


def _points(value: Value) -> tuple[int, ...] | None:
    return None if value is None else tuple(cbor.integer(point) for point in cbor.items(value))


# --- what becomes of it at our end ------------------------------------------------------------


class State(StrEnum):
    """Where a text of ours stands. What is published stays published."""

    DRAFT = "DRAFT"
    WAITS = "WAITS FOR ITS HOUR"
    HELD = "HELD"
    ABORTED = "ABORTED"
    PUBLISHED = "PUBLISHED"


class Step(StrEnum):
    """What is done with a text: by an officer, and PUBLISH and HOLD by the end itself."""

    RELEASE = "release"
    HOLD = "hold"
    RESUME = "resume"
    ABORT = "abort"
    PUBLISH = "publish"


STATES: dict[tuple[State, Step], State] = {
    (State.DRAFT, Step.RELEASE): State.WAITS,
    (State.DRAFT, Step.ABORT): State.ABORTED,
    (State.WAITS, Step.HOLD): State.HELD,
    (State.WAITS, Step.ABORT): State.ABORTED,
    (State.WAITS, Step.PUBLISH): State.PUBLISHED,
    (State.HELD, Step.RESUME): State.WAITS,
    (State.HELD, Step.ABORT): State.ABORTED,
}


def stepped(state: State, step: Step) -> State:
    """The state after a step. Raises LocalError where there is no such step."""
    after = STATES.get((state, step))
    if after is None:
        hint = (
            Sentence("it is public: what follows it is another announcement")
            if state == State.PUBLISHED
            else Sentence("see: parley announcement list")
        )
        raise LocalError(
            Sentence(
                "this text is {state}: {step} is not possible", state=Sentence(state), step=Sentence(step)
            ),
            hint,
        )
    return after


class Doubt(StrEnum):
    """Why our clock is not trusted with an hour, or why the hour is not ours to keep any more."""

    JUMPED = "the clock of this machine jumped since the release"
    BEHIND = "at the start the clock of this machine was behind the last time in our journal"
    UNKNOWN = "nothing is known of what the clock of this machine is worth"
    LATE = "the hour is past by more than this end may be late by itself"
    PUT_BACK = "this end was put back to an earlier state"


def asked(
    at: Seconds, now: float, late_s_max: float, doubt: Doubt | None
) -> tuple[Step, Doubt | None] | None:
    """What the hour asks of a text that waits: HOLD with the doubt, PUBLISH, or None for nothing yet.

    `now`: our wall clock. A doubt holds at once, and not only at the hour: there is time then to look.
    """
    if doubt is not None:
        return Step.HOLD, doubt
    if now < at:
        return None
    return (Step.HOLD, Doubt.LATE) if now - at > late_s_max else (Step.PUBLISH, None)


# --- both texts beside each other -------------------------------------------------------------


class Spoken(StrEnum):
    """What a side's texts do with a point."""

    SPOKEN_OF = "spoken of"
    IN_PART = "in some of its texts"
    LEFT_OUT = "left out"
    NOT_TOLD = "its texts do not say"
    NO_TEXT = "no text"


def speaks(point: int, texts: Sequence[Announcement]) -> Spoken:
    """What the texts of one side, one for each language, do with a point."""
    if not texts:
        return Spoken.NO_TEXT
    told = [point in text.points for text in texts if text.points is not None]
    if not told:
        return Spoken.NOT_TOLD
    if all(told) and len(told) == len(texts):
        return Spoken.SPOKEN_OF
    return Spoken.IN_PART if any(told) else Spoken.LEFT_OUT


@dataclass(frozen=True, slots=True)
class Published:
    """A text of ours that is public. `act`: its id. `line`: the id of its line. `published_at`: by our clock.
    `office`: who signed it. `civil_clock`: ours, minutes east of UTC. `disclosure`: the file that proves it
    (`core.disclosure`)."""

    act: bytes
    line: bytes
    announcement: Announcement
    published_at: Seconds
    party: str
    office: str
    civil_clock: int
    disclosure: bytes
