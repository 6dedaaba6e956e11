"""The schemas of bodies (spec 6) and of terms (spec 9.1, 10.4, 18.1, 19.1)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from otherend import cbor, tree
from otherend.fields import (
    Question,
    exactly,
    items,
    lang,
    number,
    octets,
    optional,
    record,
    sha256,
    text,
    truth,
    u16,
    u32,
)
from otherend.refused import Refused, check, under
from otherend.suite import line_id

ROSTER, OFFER, AGREE, WITHDRAW, SEVER, CANCEL, ACKNOWLEDGE, MESSAGE = range(1, 9)
TENDER, TENDER_ANSWER, LETTER, TIER, ANNOUNCEMENT = range(9, 14)
RECEIPT, HEAD, EPOCH, ADOPT, CONTACT, RESUME, CHECKPOINT, PREKEYS = range(1, 9)
RELEASE, MAY_ACKNOWLEDGE, MAY_SEVER, MAY_RESTORE, ADMINISTER = 1, 2, 4, 8, 16
ACCORD, RESTORE, ANNOUNCEMENT_HOUR, APPOINTMENT = 1, 2, 3, 4
# AC-4. An OFFER and an AGREE need the power of their subject, a ROSTER that of author 0, a WITHDRAW none.
POWERS = {
    MESSAGE: RELEASE,
    CANCEL: RELEASE,
    TENDER: RELEASE,
    TENDER_ANSWER: RELEASE,
    LETTER: RELEASE,
    TIER: RELEASE,
    ANNOUNCEMENT: RELEASE,
    ACKNOWLEDGE: MAY_ACKNOWLEDGE,
    SEVER: MAY_SEVER,
}
POWERS_OF_SUBJECT = {
    ACCORD: ADMINISTER,
    RESTORE: MAY_RESTORE,
    ANNOUNCEMENT_HOUR: RELEASE,
    APPOINTMENT: RELEASE,
}

DELEGATION = record(number(1, 65534), octets(32), text(64), number(0, 3), number(0, 31))
LETTER_CLASS = number(1, 5)
OBJECT = record(octets(32), number(1, 2**20), octets(32))
NUMBER = number(1, 2**32 - 1)
AUTHOR = number(0, 65534)
FEW = record  # a body is an array of exactly these fields
ACTS = {
    ROSTER: items(DELEGATION, 1, 64),
    OFFER: FEW(number(1, 4), lambda value: type(value) is bytes),
    AGREE: FEW(sha256),
    WITHDRAW: FEW(sha256),
    SEVER: FEW(optional(items(sha256, 1, 64)), u32, lang, text(1600)),
    CANCEL: FEW(sha256, lang, text(1600)),
    ACKNOWLEDGE: FEW(sha256, number(1, 6), optional(text(1600))),
    TENDER: FEW(LETTER_CLASS, text(128), text(128), optional(text(64)), optional(sha256)),
    TIER: FEW(sha256, number(1, 3)),
}
MESSAGE_FIXED = (
    lang,
    optional(text(256)),
    optional(text(256)),
    optional(text(256)),
    optional(items(sha256, 1, 16)),
    optional(u32),
    optional(u32),
)
STATEMENTS = {
    RECEIPT: items(record(u32, sha256), 0, 3),
    HEAD: FEW(),
    EPOCH: FEW(number(1, 2**32 - 1), u32, u16, octets(1168), u32),
    ADOPT: FEW(sha256),
    PREKEYS: FEW(number(1, 64), sha256, exactly(None)),
}


def ascending(value: list[object]) -> bool:
    """And none twice."""
    return value == sorted(set(value))


def then_paragraphs(*fixed: Question) -> Question:
    """These fields, then one or more paragraphs."""
    return lambda body: (
        type(body) is list
        and len(fixed) < len(body) <= 64
        and record(*fixed)(body[: len(fixed)])
        and all(map(text(1600), body[len(fixed) :]))
    )


ACTS[MESSAGE] = then_paragraphs(*MESSAGE_FIXED)

POINTS = items(number(0, 15), 0, 16)
ACTS[ANNOUNCEMENT] = then_paragraphs(
    optional(sha256),
    u32,
    text(128),
    lang,
    text(256),
    optional(lambda value: POINTS(value) and ascending(value)),
)

ANSWER = FEW(sha256, number(1, 3), optional(lang), optional(text(1600)))
ACTS[TENDER_ANSWER] = lambda body: ANSWER(body) and (body[2] is None) == (body[3] is None)

NAMELESS = record(exactly(None), exactly(None), exactly(None))
NAMES = record(text(128), text(128), optional(text(64)))
A_LETTER = FEW(
    optional(sha256), LETTER_CLASS, *[lambda _: True] * 3, NUMBER, octets(32), octets(32), OBJECT, sha256
)
ACTS[LETTER] = lambda body: A_LETTER(body) and (NAMES if body[0] is None else NAMELESS)(body[2:5])

CONTACT_SEVEN = (u32, u32, u32, u32, optional(u32), optional(AUTHOR), optional(u32))
CONTACT_TEN = record(*CONTACT_SEVEN, u16, optional(AUTHOR), number(0, 2))
STATEMENTS[CONTACT] = lambda body: (
    FEW(*CONTACT_SEVEN)(body) or (CONTACT_TEN(body) and body[7:] != [0, None, 0])
)


def fits(is_statement: bool, kind: int, body: list[object]) -> bool | None:
    """Whether a body has the schema of its kind (KI-2, KI-3); None for a kind without one here (KI-1)."""
    schema = (STATEMENTS if is_statement else ACTS).get(kind)
    return schema and schema(body)


# --- terms


@dataclass(frozen=True)
class AccordTerms:
    name: str
    nonce: bytes
    version: int
    languages: list[str]
    clocks: list[list[int]]
    quorum: int
    second_person: bool
    always_open: list[int]
    tells_watch: bool
    untendered: list[int]
    hash: bytes

    def line(self, transcript: bytes) -> bytes:
        return line_id(transcript, self.name, self.nonce)


SLOT = record(number(0, 1439), number(1, 127), number(1, 3), optional(number(0, 1)), number(60, 43200))
A_TIME = number(1, 2592000)
ACCORD_FIELDS = (
    text(64, 1),
    octets(16),
    number(1, 65535),
    exactly(1),
    text(256),
    items(text(128), 2, 2),
    items(lang, 1, 15),
    items(number(-840, 840), 2, 2),
    items(SLOT, 0, 16),
    items(record(A_TIME, A_TIME), 4, 4),
    number(1, 8),
    truth,
    items(record(text(64), text(128)), 0, 16),
    items(number(0, 63), 0, 64),
    truth,
)
FIRST_FORM = record(exactly("parley/accord/1"), *ACCORD_FIELDS)
SECOND = "parley/accord/2"
NOTHING_MORE = [[[], []], 0, [], [], []]
HOLIDAYS = items(number(0, 49710), 0, 64)
CLASSES = items(LETTER_CLASS, 0, 5)
TEST_TEXTS = items(text(128, 1), 0, 8)
STEPS = items(record(number(1, 255), text(128, 1)), 0, 4)
THE_FIVE = record(
    items(lambda days: HOLIDAYS(days) and ascending(days), 2, 2),
    number(0, 2**16 - 1),
    lambda value: CLASSES(value) and ascending(value),
    lambda value: TEST_TEXTS(value) and len(set(value)) == len(value),
    lambda value: STEPS(value) and ascending([missed for missed, _ in value]),
)


def accord_terms(data: bytes) -> AccordTerms:
    """Of either form (AC-1, AC-6)."""
    value = cbor.decode(data)
    return second_form(data) if type(value) is list and value[:1] == [SECOND] else first_form(data)


def first_form(data: bytes) -> AccordTerms:
    check(len(data) <= 1500, "AC-2", "more than 1,500 bytes")
    value = cbor.decode(data)
    check(type(value) is not list or len(value) != 21, "AC-7", "the fields of the second form")
    check(FIRST_FORM(value), "AC-2", "no terms of an accord")
    return read_accord(data, [*value[1:], *NOTHING_MORE])


def second_form(data: bytes) -> AccordTerms:
    value = cbor.decode(data)
    check(len(value) == 21, "AC-6", "not the label, the fifteen fields and the five")
    check(record(*ACCORD_FIELDS)(value[1:16]), "AC-6", "not the fifteen fields of the first form")
    check(len(data) <= 1500, "AC-8", "more than 1,500 bytes")
    check(THE_FIVE(value[16:]), "AC-8", "not the five fields within their bounds")
    check(value[17] < 2 ** len(value[9]), "AC-8", "a bit beyond the schedule")
    check(value[16:] != NOTHING_MORE, "AC-7", "nothing that the first form has not")
    return read_accord(data, value[1:])


def read_accord(data: bytes, fields: list[object]) -> AccordTerms:
    name, nonce, version, _, _, _, languages, _, _, clocks, quorum, second, _, always, tells = fields[:15]
    untendered = fields[17]
    return AccordTerms(
        name, nonce, version, languages, clocks, quorum, second, always, tells, untendered, tree.sha(data)
    )


@dataclass(frozen=True)
class RestoreTerms:
    severs: list[list[bytes]]
    prefixes: list[list[object]]
    reserved: str
    opens_at: int
    contact: int | None
    hash: bytes


SEVERS = items(sha256, 0, 16)
PREFIX = record(u32, u32, sha256)
RESTORE_SHAPE = record(
    exactly("parley/restore/1"),
    items(lambda value: SEVERS(value) and ascending(value), 2, 2),
    items(PREFIX, 2, 2),
    text(512),
    u32,
    optional(u32),
)


def restore_terms(data: bytes) -> RestoreTerms:
    value = cbor.decode(data)
    check(RESTORE_SHAPE(value), "LI-15", "no terms to restore")
    return RestoreTerms(*value[1:], tree.sha(data))


@dataclass(frozen=True)
class HourTerms:
    nonce: bytes
    hour: int
    subject: str
    points: list[str]
    hash: bytes


HOUR_SHAPE = record(exactly("parley/announcement/1"), octets(16), u32, text(256), items(text(256), 0, 16))


def hour_terms(data: bytes) -> HourTerms:
    value = under("AN-1", lambda: cbor.decode(data))
    check(HOUR_SHAPE(value), "AN-1", "no terms of an announcement hour")
    return HourTerms(*value[1:], tree.sha(data))


@dataclass(frozen=True)
class AppointmentTerms:
    nonce: bytes
    occasion: int
    at: int
    lasts: int
    place: str
    who: list[str]
    purpose: str
    read_out: str | None
    instead_of: bytes | None
    reason: str | None
    called_off: bool
    hash: bytes


APPOINTMENT_SHAPE = record(
    exactly("parley/appointment/1"),
    octets(16),
    number(1, 3),
    u32,
    number(0, 2678400),
    text(256),
    items(text(256), 2, 2),
    text(512),
    optional(text(512)),
    optional(sha256),
    optional(text(512)),
    truth,
)


def appointment_terms(data: bytes) -> AppointmentTerms:
    value = under("AP-1", lambda: cbor.decode(data))
    check(APPOINTMENT_SHAPE(value), "AP-1", "no terms of an appointment")
    read = AppointmentTerms(*value[1:], tree.sha(data))
    check(not read.called_off or read.instead_of is not None, "AP-1", "called off, and names nothing")
    return read


AnyTerms = AccordTerms | RestoreTerms | HourTerms | AppointmentTerms
READERS: dict[int, Callable[[bytes], AnyTerms]] = {
    ACCORD: accord_terms,
    RESTORE: restore_terms,
    ANNOUNCEMENT_HOUR: hour_terms,
    APPOINTMENT: appointment_terms,
}


@lru_cache
def terms_of(subject: int, data: bytes) -> AnyTerms | None:
    """None if they do not decode."""
    try:
        return READERS[subject](data)
    except Refused:
        return None
