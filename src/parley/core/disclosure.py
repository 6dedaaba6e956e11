"""One announcement as a file that proves itself: who said it, under which root key (spec 18.6).

An export proves a whole line. This file proves one text and shows nothing else of the line: the act as it was signed,
its fields with their salts, the delegation of the officer who signed it, and the card with the root key that
delegated. A field that is withheld stands there by its hash: the points that a text speaks of, and so those it leaves
out, and who else is in the roster.

It proves that a root key stands behind the text. Whose root key that is only a fingerprint learnt elsewhere proves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from parley.core import accord as accords
from parley.core import record, suite
from parley.core.errors import RemoteError
from parley.core.instruments import announcement, roster
from parley.core.instruments.announcement import POINTS_FIELD, TERMS_FIELD, Announcement
from parley.core.types import (
    HASH_BYTES,
    ROOT_AUTHOR,
    Act,
    ActKind,
    Body,
    Card,
    Officer,
    Seconds,
    Signed,
    Value,
)
from parley.core.wire import body as bodies
from parley.core.wire import cbor
from parley.core.wire import entry as wire

LABEL = "parley/announcement-disclosure/1"
FILE_BYTES_MAX = 1 << 15
MAY_BE_WITHHELD = frozenset({TERMS_FIELD, POINTS_FIELD})  # of an announcement


@dataclass(frozen=True, slots=True)
class Part:
    """An act with what is shown of its body. `act`: tagged COSE_Sign1. `salts`: one for each field. `withheld`: the
    places of the fields that are shown by their hash alone."""

    act: bytes
    body: Body
    salts: tuple[bytes, ...]
    withheld: Collection[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Disclosed:
    """What a file proves. `points_told`: the points are in the file; otherwise they are withheld, and `points` of the
    announcement is None. `terms`: of the hour agreed; two sides that name the same agreed on it. `said_at`: when it
    was signed, by the claim of its author."""

    party: str
    fingerprint: str
    officer: Officer
    act: bytes
    line: bytes
    said_at: Seconds
    announcement: Announcement
    points_told: bool
    pinned: bool


class Refused(RemoteError):
    """The file is not what it says; `where` names the part."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where, self.why = where, why


def write(card: bytes, delegation: Part, said: Part) -> bytes:
    """The file. `card`: tagged, as it was handed over. The same bytes for the same text, whenever it is written."""
    return cbor.encode((LABEL, card, _part(delegation), _part(said)))


def read(data: bytes, pins: Iterable[str] = ()) -> Disclosed:
    """What `data` proves. `pins`: fingerprints (hex of SHA-256 of a root key) learnt elsewhere.

    Everything that must hold, numbered as in the code:

    1. The file is a disclosure of this version, in its one encoding.
    2. The card is signed by the root key it names.
    3. A pin that is given is the fingerprint of that root key.
    4. The delegation is a ROSTER of that root key, and its fields are what was committed to.
    5. The act is an ANNOUNCEMENT of the same party, by an officer whom the delegation shows, under his key.
    6. That officer may release.
    7. The fields are what was committed to; all are shown but the terms and the points.

    Raises Refused, which names the first part that does not hold.
    """
    card_bytes, delegation, said = _parts(data)  # 1
    card, fingerprint = _card(card_bytes)  # 2
    pinned = {pin.replace(" ", "").replace(":", "").lower() for pin in pins}
    if pinned and fingerprint not in pinned:  # 3
        raise Refused(
            "identity", f"it is of the root key {fingerprint[:16]}..., which is none that was pinned"
        )
    officers, party = _delegation(delegation, card)  # 4
    try:
        act, signed, fields = _said(said)
        officer = officers.get(act.author)
        if act.kind != ActKind.ANNOUNCEMENT or act.party != party or officer is None:  # 5
            raise RemoteError("it is no announcement of an officer whom the delegation shows")
        _check_signature(signed, officer.key)
        if not accords.may(officer, act.kind, None, act.precedence):  # 6
            raise RemoteError("its officer may not release")
        body = _body(act, fields, MAY_BE_WITHHELD)  # 7
        bodies.check_act(act.kind, body)
    except RemoteError as e:
        raise Refused("announcement", e.text) from None
    return Disclosed(
        card.party_name,
        fingerprint,
        officer,
        record.act_id(signed.payload),
        act.line,
        act.stamp.time,
        announcement.announcement(body),
        isinstance(fields[POINTS_FIELD], tuple),
        bool(pinned),
    )


def _part(part: Part) -> Value:
    kind = _act(_untagged(part.act)).kind
    fields: list[Value] = []
    for i, (value, salt) in enumerate(zip(part.body, part.salts, strict=True)):
        hidden = i in part.withheld
        fields.append(suite.field_hash(kind, len(part.body), i, salt, value) if hidden else (salt, value))
    return (part.act, tuple(fields))


def _parts(data: bytes) -> tuple[bytes, Value, Value]:
    if len(data) > FILE_BYTES_MAX:
        raise Refused("file", f"it is over {FILE_BYTES_MAX} bytes long")
    try:
        label, card, delegation, said = cbor.array(cbor.decode(data), 4, "disclosure")
        if label != LABEL:
            raise RemoteError("this is not a disclosure of version 1")
        return cbor.octets(card), delegation, said
    except RemoteError as e:
        raise Refused("file", e.text) from None


def _card(data: bytes) -> tuple[Card, str]:
    try:
        found = _untagged(data)
        card = wire.decode_card(found.payload)
        _check_signature(found, suite.check_public_key(card.root_key))
    except RemoteError as e:
        raise Refused("card", e.text) from None
    return card, suite.key_id(card.root_key).hex()


def _delegation(value: Value, card: Card) -> tuple[dict[int, Officer], int]:
    try:
        act, signed, fields = _said(value)
        if act.kind != ActKind.ROSTER or act.author != ROOT_AUTHOR:
            raise RemoteError("it is no act of a root key")
        _check_signature(signed, card.root_key)
        shown = tuple(field for field in _body(act, fields, range(len(fields))) if field is not None)
        bodies.check_act(ActKind.ROSTER, shown)
        return {officer.author: officer for officer in reversed(roster.officers(shown))}, act.party
    except RemoteError as e:
        raise Refused("delegation", e.text) from None


def _said(value: Value) -> tuple[Act, Signed, tuple[Value, ...]]:
    data, fields = cbor.array(value, 2, "act with its fields")
    signed = _untagged(cbor.octets(data))
    return _act(signed), signed, cbor.items(fields)


def _act(signed: Signed) -> Act:
    act = wire.decode_payload(signed.payload)
    if not isinstance(act, Act):
        raise RemoteError("it is no act of a person")
    return act


def _body(act: Act, fields: Sequence[Value], may_be_withheld: Collection[int]) -> Body:
    """The fields that were committed to; None where one is withheld. Raises RemoteError."""
    leaves: list[bytes] = []
    body: list[Value] = []
    for i, field in enumerate(fields):
        if isinstance(field, bytes):
            if i not in may_be_withheld or len(field) != HASH_BYTES:
                raise RemoteError(f"its field {i} is withheld")
            leaves.append(record.leaf_hash(field))
            body.append(None)
        else:
            salt, value = cbor.array(field, 2, "field")
            hashed = suite.field_hash(act.kind, len(fields), i, cbor.octets(salt), value)
            leaves.append(record.leaf_hash(hashed))
            body.append(value)
    if record.root_of(leaves) != act.commitment:
        raise RemoteError("its text is not what was signed")
    return tuple(body)


def _untagged(data: bytes) -> Signed:
    if data[:1] != wire.COSE_SIGN1_TAG:
        raise RemoteError("it is not a tagged COSE_Sign1")
    return wire.decode_signed(cbor.decode(data[1:]))


def _check_signature(found: Signed, key: bytes) -> None:
    if found.kid != suite.key_id(key):
        raise RemoteError("key id is not that of the key")
    if not suite.verify(key, wire.to_be_signed(found.kid, found.payload), found.signature):
        raise RemoteError("signature does not verify")
