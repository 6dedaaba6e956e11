"""What is signed and recorded, as bytes: act, statement, COSE_Sign1, entry, card (spec 3.1 and 5).

The payload is rebuilt from a frame by the receiver, so that its encoding is part of the treaty to
the last byte. Nothing here checks a signature; see `suite` and `record`.
"""

from __future__ import annotations

from parley.core.errors import RemoteError
from parley.core.types import (
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
    return cbor.encode({1: ALG_EDDSA, 4: kid})


def to_be_signed(kid: bytes, payload: bytes) -> bytes:
    """The Sig_structure of RFC 9052 section 4.4, with empty external data."""
    return cbor.encode(("Signature1", protected_header(kid), b"", payload))


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
    incarnation, sequence, cose = cbor.array(cbor.decode(data), 3, "entry")
    return Entry(cbor.integer(incarnation), cbor.integer(sequence), decode_signed(cose))


def encode_body(body: Body) -> bytes:
    """A body as it is kept and exported: the array of its fields."""
    return cbor.encode(body)


def decode_body(data: bytes) -> Body:
    """The fields of a body. Raises RemoteError."""
    value = cbor.decode(data)
    if not isinstance(value, tuple):
        raise RemoteError("body is not an array")
    return value


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
