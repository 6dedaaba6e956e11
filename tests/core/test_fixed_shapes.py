"""What is read by a pattern is what the strict decoder reads, to the byte: acts, statements, entries,
bodies (spec 2, 5).

Each way is compared with the general one, over values of every size and over bytes changed anywhere: the same value, or
the same refusal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.core import record, suite
from parley.core.errors import RemoteError
from parley.core.types import (
    NODE_AUTHOR,
    U32,
    Act,
    ClockQuality,
    Entry,
    Precedence,
    Seen,
    Signed,
    Stamp,
    Statement,
)
from parley.core.wire import cbor
from parley.core.wire import entry as wire

EDGES = (0, 1, 23, 24, 255, 256, 65534, 65535, 65536, U32)
NUMBERS = st.sampled_from(EDGES) | st.integers(0, U32)
PLACES = st.sampled_from(EDGES[1:]) | st.integers(1, U32)
HASHES = st.binary(min_size=32, max_size=32)
STAMPS = st.builds(Stamp, NUMBERS, st.sampled_from(ClockQuality))
ACTS = st.builds(
    Act,
    HASHES,
    st.integers(0, 1),
    st.integers(0, 63),
    st.sampled_from(Precedence),
    st.sampled_from(EDGES[:7]) | st.integers(0, NODE_AUTHOR - 1),
    NUMBERS,
    STAMPS,
    st.builds(Seen, NUMBERS, NUMBERS),
    HASHES,
)
STATEMENTS = st.builds(
    Statement,
    HASHES,
    st.integers(0, 1),
    st.integers(0, 63),
    st.sampled_from(Precedence),
    PLACES,
    NUMBERS,
    STAMPS,
    HASHES,
    NUMBERS,
    NUMBERS,
    HASHES,
    HASHES,
)
PAYLOADS = ACTS.map(wire.encode_act) | STATEMENTS.map(wire.encode_statement)
SIGNATURES = st.binary(min_size=64, max_size=64)
ENTRIES = st.builds(
    Entry, PLACES, NUMBERS, st.builds(Signed, HASHES, PAYLOADS | st.binary(max_size=300), SIGNATURES)
)


@st.composite
def changed(draw: st.DrawFn, whole: st.SearchStrategy[bytes]) -> bytes:
    """Bytes of a shape with a few of them changed, put in or left out; most often near their beginning."""
    data = bytearray(draw(whole))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, min(len(data), 60)) | st.integers(0, len(data)))
        how = draw(st.sampled_from(("change", "put in", "leave out")))
        byte = draw(
            st.sampled_from(b"\x00\x01\x17\x18\x19\x1a\x1b\x20\x58\x59\x82\x83\xa0\xf6\xff")
            | st.integers(0, 255)
        )
        data[at : at + (how != "put in")] = b"" if how == "leave out" else bytes((byte,))
    return bytes(data)


def told(read: Callable[[bytes], object], data: bytes) -> object:
    """What a way of reading says: a value, or why not."""
    try:
        return read(data)
    except RemoteError as e:
        return ("refused", e.text)


def flat_by_the_general_decoder(data: bytes) -> object:
    return wire.flat(wire._decode_entry(data))


@settings(max_examples=200, deadline=None)
@given(PAYLOADS)
def test_every_act_and_statement_is_read_by_its_pattern(payload: bytes) -> None:
    """EN-1, EN-6: so that what follows compares two ways and not one with itself."""
    assert wire._ACT.fullmatch(payload) or wire._STATEMENT.fullmatch(payload)
    assert wire.decode_payload(payload) == wire._decode_payload(payload)


@settings(max_examples=600, deadline=None)
@given(changed(PAYLOADS))
def test_a_changed_payload_is_the_same_to_both_ways(payload: bytes) -> None:
    """CB-1 to CB-6, EN-1, EN-6."""
    assert told(wire.decode_payload, payload) == told(wire._decode_payload, payload)


@settings(max_examples=200, deadline=None)
@given(ENTRIES)
def test_every_entry_is_the_same_to_all_ways(entry: Entry) -> None:
    """EN-3, EN-7."""
    data = wire.encode_entry(entry)
    assert wire.decode_entry(data) == wire._decode_entry(data) == entry
    assert told(wire.decode_flat, data) == told(flat_by_the_general_decoder, data)


@settings(max_examples=800, deadline=None)
@given(changed(ENTRIES.map(wire.encode_entry)))
def test_a_changed_entry_is_the_same_to_all_ways(data: bytes) -> None:
    """CB-1 to CB-6, EN-3, EN-7."""
    assert told(wire.decode_entry, data) == told(wire._decode_entry, data)
    assert told(wire.decode_flat, data) == told(flat_by_the_general_decoder, data)


LONG = Signed(
    bytes(32),
    wire.encode_act(Act(bytes(32), 0, 8, Precedence.FLASH, 1, 1, Stamp(1), Seen(1, 1), bytes(32))),
    bytes(64),
)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("585d", "59005d"),  # the length of the payload, not in its shortest form
        ("585d", "585c"),
        ("585d", "585e"),
        ("8301", "8300"),  # of an incarnation there is none
        ("8301", "831801"),
        ("8301", "831a00000001"),
        ("8301", "831b0000000100000000"),
        ("5826a2", "5827a2"),
        ("a0", "a10000"),
        ("5840", "5841"),
        ("0127", "0126"),
    ],
)
def test_an_entry_with_one_head_wrong_is_refused_by_both_ways(was: str, becomes: str) -> None:
    """CB-2, EN-3, EN-7."""
    data = wire.encode_entry(Entry(1, 5, LONG))
    assert len(LONG.payload) == 0x5D and wire._ENTRY_OF_ACT.fullmatch(data)
    wrong = data.replace(bytes.fromhex(was), bytes.fromhex(becomes), 1)
    assert wrong != data
    for read in (wire.decode_entry, wire._decode_entry, wire.decode_flat):
        with pytest.raises(RemoteError):
            read(wrong)


def test_a_statement_of_no_incarnation_or_of_another_length_is_refused_by_both_ways() -> None:
    """EN-6, EN-7."""
    said = Statement(
        bytes(32), 1, 1, Precedence.ROUTINE, 1, 7, Stamp(1), bytes(32), 1, 3, bytes(32), bytes(32)
    )
    payload = wire.encode_statement(said)
    data = wire.encode_entry(Entry(1, 7, replace(LONG, payload=payload)))
    head = bytes((0x58, len(payload)))
    assert wire._ENTRY_OF_STATEMENT.fullmatch(data) and head in data
    own = payload.replace(b"\x01\x00\x01\x07", b"\x01\x00\x00\x07", 1)
    for wrong in (
        data.replace(head, bytes((0x58, len(payload) - 1)), 1),
        data.replace(b"\x83\x01\x07", b"\x83\x00\x07", 1),
        data.replace(payload, own, 1),
    ):
        assert wrong != data
        assert told(wire.decode_flat, wrong) == told(flat_by_the_general_decoder, wrong)
        with pytest.raises(RemoteError):
            wire.decode_flat(wrong)


def test_a_statement_tells_whether_it_lies_where_it_says() -> None:
    """EN-11."""
    said = Statement(
        bytes(32), 1, 1, Precedence.ROUTINE, 1, 7, Stamp(1), bytes(32), 1, 3, bytes(32), bytes(32)
    )
    entry = Entry(1, 7, replace(LONG, payload=wire.encode_statement(said)))
    assert wire.decode_flat(wire.encode_entry(entry)).lies_there
    for wrong in (replace(entry, sequence=8), replace(entry, incarnation=2)):
        assert not wire.decode_flat(wire.encode_entry(wrong)).lies_there


@pytest.mark.parametrize("size", [0, 1, 23, 24, 255, 256, 65535, 65536])
def test_what_is_signed_is_the_sig_structure_whatever_the_size(size: int) -> None:
    """EN-3, EN-4: RFC 9052 section 4.4."""
    for kid in (bytes(32), bytes(31)):
        header = cbor.encode({1: -8, 4: kid})
        assert wire.protected_header(kid) == header
        assert wire.to_be_signed(kid, bytes(size)) == cbor.encode(("Signature1", header, b"", bytes(size)))


SCALARS = (
    st.integers(-(2**64), 2**64 - 1)
    | st.none()
    | st.booleans()
    | st.binary(max_size=300)
    | st.text(max_size=9)
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4).map(tuple), max_leaves=8)
ARRAYS = st.lists(VALUES, max_size=9).map(tuple).map(cbor.encode)


def items_one_by_one(data: bytes) -> object:
    values = wire.decode_body(data)
    return values, tuple(cbor.encode(value) for value in values)


@settings(max_examples=500, deadline=None)
@given(ARRAYS | changed(ARRAYS) | changed(VALUES.map(cbor.encode)) | st.binary(max_size=20))
def test_the_fields_of_a_body_come_with_the_one_encoding_of_each(data: bytes) -> None:
    """CB-1 to CB-6: or the body is refused in the same words."""
    assert told(wire.decode_fields, data) == told(items_one_by_one, data)


def test_an_array_of_more_than_a_mebibyte_has_no_fields() -> None:
    """CB-5."""
    for data in (cbor.encode((bytes(cbor.SIZE_MAX),)), b"\x9b" + b"\xff" * 8, b"\x82\x00", b"\x81\x00\x00"):
        assert told(wire.decode_fields, data) == told(items_one_by_one, data)
        with pytest.raises(RemoteError):
            cbor.decode_items(data)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 63), st.lists(VALUES, max_size=9).map(tuple), st.integers(0, 40))
def test_a_commitment_is_the_same_of_values_and_of_their_encodings(
    kind: int, body: cbor.Value, size: int
) -> None:
    """EN-9: with salts of any length, which a file may carry."""
    fields = cbor.items(body)
    salts = [suite.sha256(bytes((i,)))[:size] for i in range(len(fields))]
    encoded = [cbor.encode(field) for field in fields]
    wanted = record.commitment(kind, fields, lambda i: salts[i])
    assert record.commitment_of(kind, encoded, [cbor.encode(salt) for salt in salts]) == wanted
    if fields:
        with pytest.raises(ValueError, match="shorter"):
            record.commitment_of(kind, encoded, [])


def test_a_log_that_grows_knows_its_root_at_every_size() -> None:
    """EN-8: the same as the compact tree and as the hash over all leaves at once."""
    roots, tree, leaves = record.Roots(), record.Tree(), list[bytes]()
    known = [tree.root]
    for number in range(70):
        leaves.append(record.leaf_hash(bytes((number,))))
        roots.add(leaves[-1])
        tree = tree.extended(leaves[-1])
        known.append(tree.root)
        assert roots.tree() == tree and record.root_of(leaves) == tree.root
    assert [roots[size] for size in range(71)] == known and [
        roots[size] for size in range(70, -1, -1)
    ] == known[::-1]
    for size in (-1, 71):
        with pytest.raises(IndexError):
            roots[size]


def test_two_logs_are_equal_by_size_and_root() -> None:
    """EN-8."""
    first, second, other = record.Roots(), record.Roots(), record.Roots()
    for log in (first, second):
        log.add(bytes(32))
    other.add(suite.sha256(b""))
    assert first == second and hash(first) == hash(second)
    assert first != other and first != record.Roots() and first != object()
