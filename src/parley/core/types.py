"""The vocabulary: frozen values. A value that exists is within the bounds of the spec (section 2).

Bounds live here so that a huge instant, a lone surrogate or an oversized list dies when the value is
made, whoever made it, and not later in a database or on a page. Bytes from outside have no type but
`bytes` until `wire` has made them one of these.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import TypeAlias

from parley.core.errors import LocalError, RemoteError, Sentence

Seconds: TypeAlias = int  # since 1970-01-01T00:00:00Z, u32; a claim wherever somebody else said it
PartyIndex: TypeAlias = int  # 0 or 1, by the order of the card hashes (spec 3.2)
Value: TypeAlias = "int | bool | bytes | str | tuple[Value, ...] | dict[int | str, Value] | None"
Body: TypeAlias = "tuple[Value, ...]"  # the fields of an act or a node entry, in the order of its schema

U8, U16, U32 = 0xFF, 0xFFFF, 0xFFFFFFFF
HASH_BYTES = 32
KEY_BYTES = 32
SIGNATURE_BYTES = 64
NONCE_BYTES = 16
BODY_FIELDS_MAX = 64
PARAGRAPHS_MAX = BODY_FIELDS_MAX - 7
MARKS_MAX = 6  # more than any script stacks on one letter
ENTRY_AND_BODY_BYTES_MAX = 2048  # an entry with its unpacked body (spec 5.6)
KEM_KEY_BYTES = 1216  # an X-Wing public key: ML-KEM-768 then X25519
SEALED_SECRET_BYTES = 1168  # 32 bytes sealed to one
BATCH_MAX = 64  # prekeys that one PREKEYS announces
FRAME_BYTES_MAX = 4096  # room for an entry of the largest size in the form "any"

ROOT_AUTHOR = 0  # the party's root key; signs the roster on line 0 and nothing else
NODE_AUTHOR = 0xFFFF  # stands for the node where salts are derived (spec 5.5); never an author
FIRST_INCARNATION = 1
SUITE = 1  # Ed25519, SHA-256, HKDF-SHA256, AES-256-GCM-SIV (spec 4)


class Precedence(IntEnum):
    """How urgent; the order of the numbers is the order of handling."""

    ROUTINE = 0
    PRIORITY = 1
    IMMEDIATE = 2
    FLASH = 3


class ClockQuality(IntEnum):
    """What the author's clock was worth, by his own word."""

    UNKNOWN = 0
    FREE_RUNNING = 1
    SET_BY_HAND = 2
    DISCIPLINED = 3


class ActKind(IntEnum):
    """What a person signs (spec 6.1). Numbers are never reused."""

    ROSTER = 1
    OFFER = 2
    AGREE = 3
    WITHDRAW = 4
    SEVER = 5
    CANCEL = 6
    ACKNOWLEDGE = 7
    MESSAGE = 8
    TENDER = 9
    TENDER_ANSWER = 10
    LETTER = 11
    TIER = 12
    ANNOUNCEMENT = 13


class NodeKind(IntEnum):
    """What the node signs at its place (spec 6.2)."""

    RECEIPT = 1
    HEAD = 2
    EPOCH = 3
    ADOPT = 4
    CONTACT = 5
    RESUME = 6  # reserved
    CHECKPOINT = 7  # reserved
    PREKEYS = 8


class LooseKind(IntEnum):
    """What is authenticated by the frame alone: unsigned, not recorded (spec 6.3)."""

    FRAGMENT = 1
    SIGN_OF_LIFE = 2
    FRONTIER = 3
    CALL = 4
    CHAT = 5  # reserved
    PREKEY = 6
    PREKEYS_WANTED = 7
    OBJECT_WANTED = 8


class Subject(IntEnum):
    """What an OFFER is about."""

    ACCORD = 1
    RESTORE = 2
    ANNOUNCEMENT_HOUR = 3
    APPOINTMENT = 4


class Grade(IntEnum):
    """An officer's acknowledgement of an act of theirs."""

    SEEN = 1
    READ_BACK = 2
    WILL_COMPLY = 3
    CANNOT_COMPLY = 4
    STAND_BY = 5
    NOTED = 6


class LetterClass(IntEnum):
    """What a letter is; an accord says which classes pass without a tender (spec 6.1)."""

    PERSONAL_LETTER = 1
    LETTER = 2
    NOTICE = 3
    TELEGRAM = 4
    SAFETY_NOTICE = 5


class TenderAnswer(IntEnum):
    """What the other side says to a tender; undetermined leaves it open."""

    ACCEPTED = 1
    REFUSED = 2
    UNDETERMINED = 3


class Tier(IntEnum):
    """How much of a letter may be disclosed; each holds what is below it."""

    EXISTENCE = 1
    COUNT_AND_DATES = 2
    CONTENT = 3


class Power(IntFlag):
    """What an author's key may do. Roles carry powers; a change of powers is a new author number."""

    NONE = 0
    RELEASE = 1
    ACKNOWLEDGE = 2
    SEVER = 4
    RESTORE = 8
    ADMINISTER = 16


POWERS_ALL = Power.RELEASE | Power.ACKNOWLEDGE | Power.SEVER | Power.RESTORE | Power.ADMINISTER


def within(what: str, value: int, low: int, high: int) -> int:
    """`value`, if it is an int in [low, high]. Raises RemoteError otherwise."""
    if type(value) is not int and not isinstance(value, IntEnum | IntFlag):
        raise RemoteError(f"{what} is not a whole number")
    if not low <= value <= high:
        raise RemoteError(f"{what} is {value}, outside {low} to {high}")
    return int(value)


def exactly(what: str, value: bytes, size: int) -> bytes:
    """`value`, if it is `size` bytes long. Raises RemoteError otherwise."""
    if not isinstance(value, bytes) or len(value) != size:
        raise RemoteError(f"{what} is not {size} bytes long")
    return value


_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


def text(what: str, value: str, bytes_max: int) -> str:
    """`value`, if it is NFC, free of lone surrogates and of control characters, and short enough.

    Tab and the line breaks are control characters here: a paragraph is a field of its own.
    Raises RemoteError otherwise.
    """
    if not isinstance(value, str):
        raise RemoteError(Sentence("{what} is not text", what=what))
    try:
        encoded = value.encode("utf-8")
    except UnicodeEncodeError:
        raise RemoteError(Sentence("{what} holds a lone surrogate", what=what)) from None
    if len(encoded) > bytes_max:
        size = len(encoded)
        raise RemoteError(
            Sentence("{what} is {size} bytes long, over {most}", what=what, size=size, most=bytes_max)
        )
    if not unicodedata.is_normalized("NFC", value):
        raise RemoteError(Sentence("{what} is not in Unicode normalization form C", what=what))
    if _CONTROL.search(value):
        raise RemoteError(Sentence("{what} holds a control character", what=what))
    return value


def written(what: str, value: str, bytes_max: int) -> str:
    """What somebody at our end wrote, made NFC and held to the same bounds as theirs.

    Raises LocalError with a hint when it cannot be used.
    """
    try:
        return text(what, unicodedata.normalize("NFC", value), bytes_max)
    except RemoteError as e:
        raise LocalError(e.text, "shorten or retype the text; nothing was recorded") from None


@dataclass(frozen=True, slots=True)
class Stamp:
    """When an author says he signed, and what his clock is worth."""

    time: Seconds
    quality: ClockQuality = ClockQuality.UNKNOWN

    def __post_init__(self) -> None:
        within("time", self.time, 0, U32)
        within("clock quality", self.quality, 0, 3)


@dataclass(frozen=True, slots=True)
class Seen:
    """What lay before the author when he signed: the other party's log up to `size`."""

    incarnation: int
    size: int

    def __post_init__(self) -> None:
        within("incarnation seen", self.incarnation, 0, U32)
        within("size seen", self.size, 0, U32)


@dataclass(frozen=True, slots=True)
class Act:
    """What a person signs; free of position (spec 5.1). `kind` may be one we do not know."""

    line: bytes
    party: PartyIndex
    kind: int
    precedence: Precedence
    author: int
    number: int
    stamp: Stamp
    seen: Seen
    commitment: bytes

    def __post_init__(self) -> None:
        exactly("line id", self.line, HASH_BYTES)
        within("party", self.party, 0, 1)
        within("kind", self.kind, 0, 63)
        within("precedence", self.precedence, 0, 3)
        within("author", self.author, 0, NODE_AUTHOR - 1)
        within("number", self.number, 0, U32)
        exactly("commitment", self.commitment, HASH_BYTES)


@dataclass(frozen=True, slots=True)
class Statement:
    """What a node signs at its place: a signed head of its own log and a signed acknowledgement
    of what it holds of theirs (spec 5.3)."""

    line: bytes
    party: PartyIndex
    kind: int
    precedence: Precedence
    incarnation: int
    sequence: int
    stamp: Stamp
    own_root: bytes
    their_incarnation: int
    their_size: int
    their_root: bytes
    commitment: bytes

    def __post_init__(self) -> None:
        exactly("line id", self.line, HASH_BYTES)
        within("party", self.party, 0, 1)
        within("kind", self.kind, 0, 63)
        within("precedence", self.precedence, 0, 3)
        within("incarnation", self.incarnation, 1, U32)
        within("sequence", self.sequence, 0, U32)
        exactly("own root", self.own_root, HASH_BYTES)
        within("their incarnation", self.their_incarnation, 0, U32)
        within("their size", self.their_size, 0, U32)
        exactly("their root", self.their_root, HASH_BYTES)
        exactly("commitment", self.commitment, HASH_BYTES)


@dataclass(frozen=True, slots=True)
class Signed:
    """A COSE_Sign1 as it lies in an entry: key id, payload bytes, signature (spec 5.2)."""

    kid: bytes
    payload: bytes
    signature: bytes

    def __post_init__(self) -> None:
        exactly("key id", self.kid, HASH_BYTES)
        exactly("signature", self.signature, SIGNATURE_BYTES)


@dataclass(frozen=True, slots=True)
class Entry:
    """An act or a node's statement at its place in one party's log."""

    incarnation: int
    sequence: int
    signed: Signed

    def __post_init__(self) -> None:
        within("incarnation", self.incarnation, 1, U32)
        within("sequence", self.sequence, 0, U32)


@dataclass(frozen=True, slots=True)
class Officer:
    """A delegation of the roster: one key with fixed powers under a number that is never reused."""

    author: int
    key: bytes
    office: str
    precedence_max: Precedence
    powers: Power

    def __post_init__(self) -> None:
        within("author", self.author, 1, NODE_AUTHOR - 1)
        exactly("officer key", self.key, KEY_BYTES)
        text("office", self.office, 64)
        within("highest precedence", self.precedence_max, 0, 3)
        within("powers", self.powers, 0, int(POWERS_ALL))


@dataclass(frozen=True, slots=True)
class Card:
    """What a party hands over at pairing, signed by its root key (spec 3.1)."""

    party_name: str
    root_key: bytes
    incarnation: int
    node_key: bytes
    kem_key: bytes
    nonce: bytes

    def __post_init__(self) -> None:
        text("party name", self.party_name, 64)
        if not self.party_name:
            raise RemoteError("party name is empty")
        exactly("root key", self.root_key, KEY_BYTES)
        within("incarnation", self.incarnation, FIRST_INCARNATION, U32)
        exactly("node key", self.node_key, KEY_BYTES)
        exactly("pairing key", self.kem_key, KEM_KEY_BYTES)
        exactly("nonce", self.nonce, NONCE_BYTES)


def without_towers(text: str) -> Iterator[tuple[str, str, int]]:
    """`text` to be shown: each character with its category and 0, but of combining marks on one letter, which would
    stand over other rows, only the first `MARKS_MAX`; then once ("", "", how many more there are)."""
    marks = 0
    for c in text:
        kind = unicodedata.category(c)
        if kind in ("Mn", "Me"):
            marks += 1
            if marks > MARKS_MAX:
                continue
        else:
            if marks > MARKS_MAX:
                yield "", "", marks - MARKS_MAX
            marks = 0
        yield c, kind, 0
    if marks > MARKS_MAX:
        yield "", "", marks - MARKS_MAX
