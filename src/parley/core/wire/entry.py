"""What is signed and recorded, as bytes: act, statement, COSE_Sign1, entry, card (spec 3.1 and 5).

The payload is rebuilt from a frame by the receiver, so that its encoding is part of the treaty to
the last byte. Nothing here checks a signature; see `suite` and `record`.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from parley.core.errors import RemoteError
from parley.core.types import (
    HASH_BYTES,
    NODE_AUTHOR,
    SIGNATURE_BYTES,
    Act,
    Body,
    Card,
    ClockQuality,
    Entry,
    Precedence,
    Seen,
    Signed,
    Stamp,
    Statement,
    Value,
    within,
)
from parley.core.wire import cbor

ACT_LABEL = "parley/act/1"
NODE_LABEL = "parley/node/1"
CARD_LABEL = "parley/card/1"
ALG_EDDSA = -8  # RFC 9053
COSE_SIGN1_TAG = b"\xd2"  # tag 18: on export only (RFC 9052)

# The shapes, as CBOR bytes: a number in its shortest form up to 32 bits, 32 bytes, and what is fixed.
_U32: Final = rb"([\x00-\x17]|\x18[\x18-\xff]|\x19(?!\x00).{2}|\x1a(?!\x00\x00).{4})"
_AUTHOR: Final = rb"([\x00-\x17]|\x18[\x18-\xff]|\x19(?!\x00|\xff\xff).{2})"
_KIND: Final = rb"([\x00-\x17]|\x18[\x18-\x3f])"
_OF_FOUR: Final = rb"([\x00-\x03])"
_HASH: Final = rb"\x58\x20(.{32})"
_SAID: Final = _HASH + rb"([\x00\x01])" + _KIND + _OF_FOUR  # line, party, kind, precedence
_STAMP: Final = rb"\x82" + _U32 + _OF_FOUR
_ACT_SHAPE: Final = (
    rb"\x8a\x6c" + ACT_LABEL.encode() + _SAID + _AUTHOR + _U32 + _STAMP + rb"\x82" + _U32 + _U32 + _HASH
)
_STATEMENT_SHAPE: Final = (
    rb"\x8b\x6d" + NODE_LABEL.encode() + _SAID + _U32 + _U32 + _STAMP + _HASH
    + rb"\x83" + _U32 + _U32 + _HASH + _HASH
)  # fmt: skip
_ACT: Final = re.compile(_ACT_SHAPE, re.DOTALL)
_STATEMENT: Final = re.compile(_STATEMENT_SHAPE, re.DOTALL)
_PROTECTED: Final = b"\xa2\x01\x27\x04\x58\x20"  # {1: -8, 4: (32 bytes)}
_SIGNED_HEAD: Final = rb"\x84\x58\x26" + re.escape(_PROTECTED) + rb"(.{32})\xa0"
_PAYLOAD_HEAD: Final = rb"(\x58[\x18-\xff]|\x59(?!\x00).{2})"
_ENTRY: Final = re.compile(rb"\x83" + _U32 + _U32 + _SIGNED_HEAD + _PAYLOAD_HEAD, re.DOTALL)
_SIGNATURE: Final = rb"\x58\x40(.{64})"
_ENTRY_OF_ACT: Final = re.compile(_ENTRY.pattern + rb"(" + _ACT_SHAPE + rb")" + _SIGNATURE, re.DOTALL)
_ENTRY_OF_STATEMENT: Final = re.compile(
    _ENTRY.pattern + rb"(" + _STATEMENT_SHAPE + rb")" + _SIGNATURE, re.DOTALL
)
_SIG_STRUCTURE: Final = b"\x84\x6aSignature1"  # an array of four, and its first
_SIGNATURE_HEAD: Final = b"\x58\x40"
_PRECEDENCES: Final = tuple(Precedence)
_QUALITIES: Final = tuple(ClockQuality)


def encode_act(act: Act) -> bytes:
    """The payload an author signs (spec 5.1)."""
    return cbor.encode(
        (
            ACT_LABEL,
            act.line,
            act.party,
            act.kind,
            int(act.precedence),
            act.author,
            act.number,
            (act.stamp.time, int(act.stamp.quality)),
            (act.seen.incarnation, act.seen.size),
            act.commitment,
        )
    )


def encode_statement(s: Statement) -> bytes:
    """The payload a node signs (spec 5.3)."""
    return cbor.encode(
        (
            NODE_LABEL,
            s.line,
            s.party,
            s.kind,
            int(s.precedence),
            s.incarnation,
            s.sequence,
            (s.stamp.time, int(s.stamp.quality)),
            s.own_root,
            (s.their_incarnation, s.their_size, s.their_root),
            s.commitment,
        )
    )


def decode_payload(payload: bytes) -> Act | Statement:
    """The act or statement whose one encoding is `payload`. Raises RemoteError."""
    found = _ACT.fullmatch(payload)
    if found is not None:
        return _act(*found.groups())
    found = _STATEMENT.fullmatch(payload)
    if found is not None:
        return _statement(*found.groups())
    return _decode_payload(payload)


def _act(
    line: bytes,
    party: bytes,
    kind: bytes,
    precedence: bytes,
    author: bytes,
    number: bytes,
    time: bytes,
    quality: bytes,
    incarnation: bytes,
    size: bytes,
    commitment: bytes,
) -> Act:
    """The act of what `_ACT` found."""
    return Act(
        line,
        party[0],
        _number(kind),
        _PRECEDENCES[precedence[0]],
        _number(author),
        _number(number),
        Stamp(_number(time), _QUALITIES[quality[0]]),
        Seen(_number(incarnation), _number(size)),
        commitment,
    )


def _statement(
    line: bytes,
    party: bytes,
    kind: bytes,
    precedence: bytes,
    incarnation: bytes,
    sequence: bytes,
    time: bytes,
    quality: bytes,
    own_root: bytes,
    their_incarnation: bytes,
    their_size: bytes,
    their_root: bytes,
    commitment: bytes,
) -> Statement:
    """The statement of what `_STATEMENT` found."""
    return Statement(
        line,
        party[0],
        _number(kind),
        _PRECEDENCES[precedence[0]],
        _number(incarnation),
        _number(sequence),
        Stamp(_number(time), _QUALITIES[quality[0]]),
        own_root,
        _number(their_incarnation),
        _number(their_size),
        their_root,
        commitment,
    )


def _number(found: bytes) -> int:
    """The number of a CBOR head of major type 0."""
    return found[0] if len(found) == 1 else int.from_bytes(found[1:], "big")


def _decode_payload(payload: bytes) -> Act | Statement:
    """What `decode_payload` gives, by the general decoder."""
    value = cbor.decode(payload)
    if not isinstance(value, tuple) or not value:
        raise RemoteError("payload is not an array")
    if value[0] == ACT_LABEL:
        _, line, party, kind, precedence, author, number, stamp, seen, commitment = cbor.array(
            value, 10, "act"
        )
        their_incarnation, size = cbor.array(seen, 2, "seen")
        return Act(
            cbor.octets(line),
            cbor.integer(party),
            cbor.integer(kind),
            Precedence(within("precedence", cbor.integer(precedence), 0, 3)),
            cbor.integer(author),
            cbor.integer(number),
            _stamp(stamp),
            Seen(cbor.integer(their_incarnation), cbor.integer(size)),
            cbor.octets(commitment),
        )
    if value[0] == NODE_LABEL:
        (_, line, party, kind, precedence, incarnation, sequence, stamp, own_root, theirs, commitment) = (
            cbor.array(value, 11, "statement")
        )
        their_incarnation, their_size, their_root = cbor.array(theirs, 3, "their head")
        return Statement(
            cbor.octets(line),
            cbor.integer(party),
            cbor.integer(kind),
            Precedence(within("precedence", cbor.integer(precedence), 0, 3)),
            cbor.integer(incarnation),
            cbor.integer(sequence),
            _stamp(stamp),
            cbor.octets(own_root),
            cbor.integer(their_incarnation),
            cbor.integer(their_size),
            cbor.octets(their_root),
            cbor.octets(commitment),
        )
    raise RemoteError("payload has a label this version does not know")


def protected_header(kid: bytes) -> bytes:
    """The protected header bucket: algorithm and key id, nothing else (spec 5.2)."""
    return _PROTECTED + kid if len(kid) == HASH_BYTES else cbor.encode({1: ALG_EDDSA, 4: kid})


def to_be_signed(kid: bytes, payload: bytes) -> bytes:
    """The Sig_structure of RFC 9052 section 4.4, with empty external data."""
    if len(kid) == HASH_BYTES and 24 <= len(payload) <= 0xFF:  # as almost always
        return b"%b\x58\x26%b%b\x40\x58%c%b" % (_SIG_STRUCTURE, _PROTECTED, kid, len(payload), payload)
    header = protected_header(kid)
    heads = cbor.octets_head(len(header)), cbor.octets_head(len(payload))
    return b"%b%b%b\x40%b%b" % (_SIG_STRUCTURE, heads[0], header, heads[1], payload)


def encode_signed(signed: Signed, *, tagged: bool = False) -> bytes:
    """COSE_Sign1; tagged when it leaves the record (spec 5.2)."""
    body = cbor.encode((protected_header(signed.kid), {}, signed.payload, signed.signature))
    return COSE_SIGN1_TAG + body if tagged else body


def decode_signed(value: Value) -> Signed:
    """The COSE_Sign1 in `value`, an array of four already decoded. Raises RemoteError."""
    protected, unprotected, payload, signature = cbor.array(value, 4, "COSE_Sign1")
    header = cbor.decode(cbor.octets(protected))
    if not isinstance(header, dict) or set(header) != {1, 4} or header[1] != ALG_EDDSA:
        raise RemoteError("protected header is not exactly EdDSA and a key id")
    if unprotected != {}:
        raise RemoteError("unprotected header is not empty")
    return Signed(cbor.octets(header[4]), cbor.octets(payload), cbor.octets(signature))


def encode_entry(entry: Entry) -> bytes:
    """The leaf input of the log: incarnation, sequence, untagged COSE_Sign1 (spec 5.4)."""
    signed = entry.signed
    cose: Value = (protected_header(signed.kid), {}, signed.payload, signed.signature)
    return cbor.encode((entry.incarnation, entry.sequence, cose))


def decode_entry(data: bytes) -> Entry:
    """The entry whose one encoding is `data`. Raises RemoteError."""
    found = _ENTRY.match(data)
    if found is not None:
        at = found.end()
        incarnation, sequence, kid, head = found.groups()
        end = at + _number(head)
        if data[end : end + 2] == _SIGNATURE_HEAD and len(data) == end + 2 + SIGNATURE_BYTES:
            signed = Signed(kid, data[at:end], data[end + 2 :])
            return Entry(_number(incarnation), _number(sequence), signed)
    return _decode_entry(data)


def _decode_entry(data: bytes) -> Entry:
    """What `decode_entry` gives, by the general decoder."""
    incarnation, sequence, cose = cbor.array(cbor.decode(data), 3, "entry")
    return Entry(cbor.integer(incarnation), cbor.integer(sequence), decode_signed(cose))


class Flat(NamedTuple):
    """An entry and what it says at once, as far as it can be told of it alone; for who reads very many. `author`:
    NODE_AUTHOR for a statement. `number`: of an act; the rest but `commitment`: of a statement, the heads it signs, and
    whether it lies where it says."""

    incarnation: int
    sequence: int
    kid: bytes
    payload: bytes
    signature: bytes
    line: bytes
    party: int
    kind: int
    author: int
    time: int
    commitment: bytes
    number: int = 0
    own_root: bytes = b""
    their_size: int = 0
    their_root: bytes = b""
    lies_there: bool = True


def decode_flat(data: bytes) -> Flat:
    """The entry whose one encoding is `data`, with what it says. Raises RemoteError where `decode_entry` and
    `decode_payload` do."""
    found = _ENTRY_OF_ACT.fullmatch(data)
    if found is not None:
        (
            incarnation, sequence, kid, head, payload, line, party, kind, _, author, number, time, _, _, _, commitment,
            signature,
        ) = found.groups()  # fmt: skip
        if incarnation != b"\x00" and _number(head) == len(payload):
            return Flat(
                _number(incarnation), _number(sequence), kid, payload, signature, line, party[0], _number(kind),
                _number(author), _number(time), commitment, _number(number),
            )  # fmt: skip
    found = _ENTRY_OF_STATEMENT.fullmatch(data)
    if found is not None:
        (
            incarnation, sequence, kid, head, payload, line, party, kind, _, own_incarnation, own_sequence, time, _,
            own_root, _, their_size, their_root, commitment, signature,
        ) = found.groups()  # fmt: skip
        if b"\x00" not in (incarnation, own_incarnation) and _number(head) == len(payload):
            return Flat(
                _number(incarnation), _number(sequence), kid, payload, signature, line, party[0], _number(kind),
                NODE_AUTHOR, _number(time), commitment, 0, own_root, _number(their_size), their_root,
                (incarnation, sequence) == (own_incarnation, own_sequence),
            )  # fmt: skip
    return flat(decode_entry(data))


def flat(entry: Entry) -> Flat:
    """The same of an entry that is read already. Raises RemoteError where `decode_payload` does."""
    signed, said = entry.signed, decode_payload(entry.signed.payload)
    found = Flat(
        entry.incarnation, entry.sequence, signed.kid, signed.payload, signed.signature, said.line, said.party,
        said.kind, NODE_AUTHOR, said.stamp.time, said.commitment,
    )  # fmt: skip
    if isinstance(said, Act):
        return found._replace(author=said.author, number=said.number)
    return found._replace(
        own_root=said.own_root,
        their_size=said.their_size,
        their_root=said.their_root,
        lies_there=(said.incarnation, said.sequence) == (entry.incarnation, entry.sequence),
    )


def encode_body(body: Body) -> bytes:
    """A body as it is kept and exported: the array of its fields."""
    return cbor.encode(body)


def decode_body(data: bytes) -> Body:
    """The fields of a body. Raises RemoteError."""
    value = cbor.decode(data)
    if not isinstance(value, tuple):
        raise RemoteError("body is not an array")
    return value


def decode_fields(data: bytes) -> tuple[Body, tuple[bytes, ...]]:
    """The fields of a body, and the encoding of each. Raises RemoteError where `decode_body` does."""
    try:
        return cbor.decode_items(data)
    except RemoteError:
        decode_body(data)  # which says it as it is said of a body
        raise  # pragma: no cover  (what one refuses the other refuses)


def encode_card(card: Card) -> bytes:
    """The payload of a card, signed by the party's root key (spec 3.1)."""
    return cbor.encode(
        (
            CARD_LABEL,
            card.party_name,
            card.root_key,
            (card.incarnation, card.node_key),
            card.kem_key,
            card.nonce,
        )
    )


def decode_card(payload: bytes) -> Card:
    """The card whose one encoding is `payload`. Raises RemoteError."""
    label, name, root_key, node, kem_key, nonce = cbor.array(cbor.decode(payload), 6, "card")
    if label != CARD_LABEL:
        raise RemoteError("this is not a card")
    incarnation, node_key = cbor.array(node, 2, "node of the card")
    if not isinstance(name, str):
        raise RemoteError("party name is not text")
    return Card(
        name,
        cbor.octets(root_key),
        cbor.integer(incarnation),
        cbor.octets(node_key),
        cbor.octets(kem_key),
        cbor.octets(nonce),
    )


def _stamp(value: Value) -> Stamp:
    time, quality = cbor.array(value, 2, "time")
    return Stamp(cbor.integer(time), ClockQuality(within("clock quality", cbor.integer(quality), 0, 3)))
