"""The schemas of bodies (spec 6) and of terms (spec 9.1, 10.4)."""

from dataclasses import dataclass
from functools import lru_cache

from otherend import cbor, tree
from otherend.fields import (
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
from otherend.refused import Refused, check
from otherend.suite import line_id

ROSTER, OFFER, AGREE, WITHDRAW, SEVER, CANCEL, ACKNOWLEDGE, MESSAGE = range(1, 9)
RECEIPT, HEAD, EPOCH, ADOPT, CONTACT, RESUME, CHECKPOINT, PREKEYS = range(1, 9)
RELEASE, MAY_ACKNOWLEDGE, MAY_SEVER, MAY_RESTORE, ADMINISTER = 1, 2, 4, 8, 16
ACCORD, RESTORE = 1, 2

DELEGATION = record(number(1, 65534), octets(32), text(64), number(0, 3), number(0, 31))
FEW = record  # a body is an array of exactly these fields
ACTS = {
    ROSTER: items(DELEGATION, 1, 64),
    OFFER: FEW(number(1, 2), lambda value: type(value) is bytes),
    AGREE: FEW(sha256),
    WITHDRAW: FEW(sha256),
    SEVER: FEW(optional(items(sha256, 0, 64)), u32, lang, text(1600)),
    CANCEL: FEW(sha256, lang, text(1600)),
    ACKNOWLEDGE: FEW(sha256, number(1, 6), optional(text(1600))),
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
    CONTACT: FEW(u32, u32, u32, u32, optional(u32), optional(u16), optional(u32)),
    PREKEYS: FEW(number(1, 64), sha256, exactly(None)),
}


def is_message(body: object) -> bool:
    fixed = len(MESSAGE_FIXED)
    return (
        type(body) is list
        and fixed < len(body) <= 64
        and record(*MESSAGE_FIXED)(body[:fixed])
        and all(map(text(1600), body[fixed:]))
    )


def fits(is_statement: bool, kind: int, body: list[object]) -> bool | None:
    """Whether a body has the schema of its kind (KI-2, KI-3); None for a kind without one here (KI-1)."""
    if not is_statement and kind == MESSAGE:
        return is_message(body)
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
    hash: bytes

    def line(self, transcript: bytes) -> bytes:
        return line_id(transcript, self.name, self.nonce)


SLOT = record(number(0, 1439), number(1, 127), number(1, 3), optional(number(0, 1)), number(60, 43200))
A_TIME = number(1, 2592000)
ACCORD_SHAPE = record(
    exactly("parley/accord/1"),
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


def accord_terms(data: bytes) -> AccordTerms:
    check(len(data) <= 1500, "AC-2", "more than 1,500 bytes")
    value = cbor.decode(data)
    check(ACCORD_SHAPE(value), "AC-2", "no terms of an accord")
    _, name, nonce, version, _, _, _, languages, _, _, clocks, quorum, second, _, always, tells = value
    return AccordTerms(name, nonce, version, languages, clocks, quorum, second, always, tells, tree.sha(data))


@dataclass(frozen=True)
class RestoreTerms:
    severs: list[list[bytes]]
    prefixes: list[list[object]]
    reserved: str
    opens_at: int
    contact: int | None
    hash: bytes


def ascending(value: list[bytes]) -> bool:
    return value == sorted(set(value))


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


@lru_cache
def terms_of(subject: int, data: bytes) -> AccordTerms | RestoreTerms | None:
    """None if they do not decode."""
    try:
        return accord_terms(data) if subject == ACCORD else restore_terms(data)
    except Refused:
        return None
