"""What is signed and recorded, byte by byte: payloads, COSE_Sign1, entries, cards (spec 3.1, 5)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from twoends import NODE_KEYS, NOON, OFFICER_KEYS, Log, public, sign

from parley.core import record
from parley.core.errors import RemoteError
from parley.core.types import (
    Act,
    ActKind,
    Card,
    ClockQuality,
    Entry,
    NodeKind,
    Precedence,
    Seen,
    Signed,
    Stamp,
    Statement,
    Value,
)
from parley.core.wire import cbor
from parley.core.wire import entry as wire

ACT = Act(
    b"l" * 32, 1, 8, Precedence.FLASH, 7, 9, Stamp(NOON, ClockQuality.SET_BY_HAND), Seen(2, 5), b"c" * 32
)
STATEMENT = Statement(
    b"l" * 32,
    1,
    4,
    Precedence.PRIORITY,
    2,
    6,
    Stamp(NOON, ClockQuality.DISCIPLINED),
    b"o" * 32,
    3,
    5,
    b"t" * 32,
    b"c" * 32,
)
CARD = Card("Party", b"r" * 32, 1, b"n" * 32, b"k" * 1216, b"0" * 16)
ACT_FIELDS: tuple[Value, ...] = ("parley/act/1", b"l" * 32, 1, 8, 3, 7, 9, (NOON, 2), (2, 5), b"c" * 32)
STATEMENT_FIELDS: tuple[Value, ...] = (
    "parley/node/1",
    b"l" * 32,
    1,
    4,
    1,
    2,
    6,
    (NOON, 3),
    b"o" * 32,
    (3, 5, b"t" * 32),
    b"c" * 32,
)
CARD_FIELDS: tuple[Value, ...] = ("parley/card/1", "Party", b"r" * 32, (1, b"n" * 32), b"k" * 1216, b"0" * 16)


def test_a_payload_is_exactly_the_array_of_the_spec() -> None:
    """EN-1, EN-6, PA-1."""
    assert wire.encode_act(ACT) == cbor.encode(ACT_FIELDS)
    assert wire.encode_statement(STATEMENT) == cbor.encode(STATEMENT_FIELDS)
    assert wire.encode_card(CARD) == cbor.encode(CARD_FIELDS)
    assert wire.decode_payload(cbor.encode(ACT_FIELDS)) == ACT
    assert wire.decode_payload(cbor.encode(STATEMENT_FIELDS)) == STATEMENT
    assert wire.decode_card(cbor.encode(CARD_FIELDS)) == CARD


def test_a_payload_has_every_precedence_and_clock_quality() -> None:
    """EN-1, EN-6."""
    for precedence in Precedence:
        for quality in ClockQuality:
            stamp = Stamp(NOON, quality)
            act = replace(ACT, precedence=precedence, stamp=stamp)
            statement = replace(STATEMENT, precedence=precedence, stamp=stamp)
            assert wire.decode_payload(wire.encode_act(act)) == act
            assert wire.decode_payload(wire.encode_statement(statement)) == statement


def changed(fields: tuple[Value, ...], at: int, value: Value) -> bytes:
    return cbor.encode((*fields[:at], value, *fields[at + 1 :]))


@pytest.mark.parametrize(
    "payload",
    [
        cbor.encode(()),
        cbor.encode("parley/act/1"),
        cbor.encode({0: "parley/act/1"}),
        cbor.encode(ACT_FIELDS[:-1]),
        cbor.encode((*ACT_FIELDS, None)),
        changed(ACT_FIELDS, 0, "parley/act/2"),
        changed(ACT_FIELDS, 0, b"parley/act/1"),
        changed(ACT_FIELDS, 1, b"l" * 31),
        changed(ACT_FIELDS, 1, "l" * 32),
        changed(ACT_FIELDS, 2, 2),
        changed(ACT_FIELDS, 2, -1),
        changed(ACT_FIELDS, 3, 64),
        changed(ACT_FIELDS, 3, -1),
        changed(ACT_FIELDS, 4, 4),
        changed(ACT_FIELDS, 4, -1),
        changed(ACT_FIELDS, 4, True),
        changed(ACT_FIELDS, 5, 65535),
        changed(ACT_FIELDS, 6, 2**32),
        changed(ACT_FIELDS, 7, (NOON,)),
        changed(ACT_FIELDS, 7, (NOON, 4)),
        changed(ACT_FIELDS, 7, (NOON, -1)),
        changed(ACT_FIELDS, 7, (2**32, 0)),
        changed(ACT_FIELDS, 7, (-1, 0)),
        changed(ACT_FIELDS, 8, (2, 5, 0)),
        changed(ACT_FIELDS, 8, (2, 2**32)),
        changed(ACT_FIELDS, 9, b"c" * 33),
        changed(STATEMENT_FIELDS, 0, "parley/node/2"),
        cbor.encode(STATEMENT_FIELDS[:-1]),
        cbor.encode((*STATEMENT_FIELDS, None)),
        changed(STATEMENT_FIELDS, 2, 2),
        changed(STATEMENT_FIELDS, 3, 64),
        changed(STATEMENT_FIELDS, 4, 4),
        changed(STATEMENT_FIELDS, 4, -1),
        changed(STATEMENT_FIELDS, 5, 0),
        changed(STATEMENT_FIELDS, 6, -1),
        changed(STATEMENT_FIELDS, 7, (NOON, 9)),
        changed(STATEMENT_FIELDS, 8, None),
        changed(STATEMENT_FIELDS, 9, (3, 5)),
        changed(STATEMENT_FIELDS, 9, (3, -1, b"t" * 32)),
        changed(STATEMENT_FIELDS, 9, (3, 5, b"t" * 31)),
        changed(STATEMENT_FIELDS, 10, None),
    ],
)
def test_a_payload_with_one_field_wrong_is_refused(payload: bytes) -> None:
    """EN-1, EN-6."""
    with pytest.raises(RemoteError):
        wire.decode_payload(payload)


@pytest.mark.parametrize(
    "payload",
    [
        cbor.encode(CARD_FIELDS[:-1]),
        cbor.encode((*CARD_FIELDS, None)),
        changed(CARD_FIELDS, 0, "parley/act/1"),
        changed(CARD_FIELDS, 1, ""),
        changed(CARD_FIELDS, 1, b"Party"),
        changed(CARD_FIELDS, 1, "p" * 65),
        changed(CARD_FIELDS, 2, b"r" * 31),
        changed(CARD_FIELDS, 3, (0, b"n" * 32)),
        changed(CARD_FIELDS, 3, (1, b"n" * 32, None)),
        changed(CARD_FIELDS, 4, b"k" * 1215),
        changed(CARD_FIELDS, 5, b"0" * 15),
    ],
)
def test_a_card_with_one_field_wrong_is_refused(payload: bytes) -> None:
    """PA-1."""
    with pytest.raises(RemoteError):
        wire.decode_card(payload)


def test_what_is_signed_is_the_sig_structure_over_the_one_header() -> None:
    """EN-3, EN-4, EN-5."""
    kid = b"i" * 32
    header = cbor.encode({1: -8, 4: kid})
    assert wire.protected_header(kid) == header
    assert wire.to_be_signed(kid, b"payload") == cbor.encode(("Signature1", header, b"", b"payload"))
    signed = Signed(kid, b"payload", b"s" * 64)
    cose = cbor.encode((header, {}, b"payload", b"s" * 64))
    assert wire.encode_signed(signed) == cose
    assert wire.encode_signed(signed, tagged=True) == b"\xd2" + cose
    assert wire.decode_signed(cbor.decode(cose)) == signed
    assert wire.encode_entry(Entry(2, 7, signed)) == cbor.encode((2, 7, (header, {}, b"payload", b"s" * 64)))


HEADER = cbor.encode({1: -8, 4: b"i" * 32})


@pytest.mark.parametrize(
    "cose",
    [
        (HEADER, {}, b"payload"),
        (HEADER, {}, b"payload", b"s" * 64, None),
        (HEADER, {1: 0}, b"payload", b"s" * 64),
        (HEADER, None, b"payload", b"s" * 64),
        (HEADER, {}, None, b"s" * 64),
        (HEADER, {}, b"payload", b"s" * 63),
        (cbor.encode({1: -7, 4: b"i" * 32}), {}, b"payload", b"s" * 64),
        (cbor.encode({1: -8}), {}, b"payload", b"s" * 64),
        (cbor.encode({1: -8, 4: b"i" * 32, 5: 0}), {}, b"payload", b"s" * 64),
        (cbor.encode({1: -8, 3: b"i" * 32}), {}, b"payload", b"s" * 64),
        (cbor.encode({1: -8, 4: b"i" * 31}), {}, b"payload", b"s" * 64),
        (cbor.encode({1: -8, 4: "i" * 32}), {}, b"payload", b"s" * 64),
        (cbor.encode((1, -8)), {}, b"payload", b"s" * 64),
        (cbor.encode(5), {}, b"payload", b"s" * 64),
        (cbor.encode(None), {}, b"payload", b"s" * 64),
        (b"", {}, b"payload", b"s" * 64),
        ({1: -8, 4: b"i" * 32}, {}, b"payload", b"s" * 64),
    ],
)
def test_any_other_header_or_shape_of_a_signature_is_refused(cose: Value) -> None:
    """EN-3."""
    with pytest.raises(RemoteError):
        wire.decode_signed(cose)
    with pytest.raises(RemoteError):
        wire.decode_entry(cbor.encode((1, 0, cose)))


def test_an_entry_is_an_array_of_three() -> None:
    """EN-7."""
    cose: Value = (HEADER, {}, b"payload", b"s" * 64)
    assert wire.decode_entry(cbor.encode((1, 0, cose))) == Entry(
        1, 0, Signed(b"i" * 32, b"payload", b"s" * 64)
    )
    for bad in ((1, 0), (1, 0, cose, None), (0, 0, cose), (1, -1, cose), (1, 2**32, cose), (1, "0", cose)):
        with pytest.raises(RemoteError):
            wire.decode_entry(cbor.encode(bad))


def test_a_body_is_an_array_of_fields() -> None:
    """EN-9."""
    assert wire.decode_body(wire.encode_body((1, "two", None))) == (1, "two", None)
    for data in (b"", cbor.encode(1), cbor.encode({0: 1}), cbor.encode("body"), cbor.encode(None)):
        with pytest.raises(RemoteError):
            wire.decode_body(data)


def test_a_signature_holds_under_the_one_key_that_its_id_names() -> None:
    """EN-2, EN-3, EN-4."""
    log = Log(0)
    log.act(ActKind.MESSAGE, (1,))
    placed = Entry(1, 0, log.signed[0])
    record.check_signed(placed, OFFICER_KEYS[0, 1])
    record.check_signed(replace(placed, sequence=5), OFFICER_KEYS[0, 1])  # an act has no place of its own
    forged = replace(log.signed[0], signature=bytes(64))
    misnamed = replace(log.signed[0], kid=b"i" * 32)
    for entry, key in (
        (placed, OFFICER_KEYS[0, 2]),
        (placed, public("stranger")),
        (replace(placed, signed=forged), OFFICER_KEYS[0, 1]),
        (replace(placed, signed=misnamed), OFFICER_KEYS[0, 1]),
    ):
        with pytest.raises(RemoteError):
            record.check_signed(entry, key)


def test_a_key_id_of_another_key_is_refused_even_where_the_signature_verifies() -> None:
    """EN-3: the header is under the signature, so its key id must be that of the key."""
    payload = wire.encode_act(ACT)
    kid = b"i" * 32
    signature = sign("officer 0/1", payload).signature
    with pytest.raises(RemoteError, match="key id"):
        record.check_signed(Entry(1, 0, Signed(kid, payload, signature)), OFFICER_KEYS[0, 1])


def test_a_statement_holds_only_at_the_place_it_states() -> None:
    """EN-11."""
    log = Log(1, incarnation=2)
    log.act(ActKind.MESSAGE, (1,))
    log.statement(NodeKind.HEAD)
    record.check_signed(Entry(2, 1, log.signed[1]), NODE_KEYS[1])
    for incarnation, sequence in ((1, 1), (2, 0), (2, 2), (1, 2)):
        with pytest.raises(RemoteError):
            record.check_signed(Entry(incarnation, sequence, log.signed[1]), NODE_KEYS[1])
