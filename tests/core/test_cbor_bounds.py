"""CBOR at its bounds: depth by arrays, maps and keys alike, sizes to the byte, and values read from the middle of
others (spec 2)."""

from __future__ import annotations

import pytest

from parley.core.errors import RemoteError
from parley.core.wire import cbor


def arrays(levels: int, inmost: cbor.Value = 0) -> cbor.Value:
    for _ in range(levels):
        inmost = (inmost,)
    return inmost


def maps(levels: int, inmost: cbor.Value = 0) -> cbor.Value:
    for _ in range(levels):
        inmost = {0: inmost}
    return inmost


@pytest.mark.parametrize("nested", [arrays, maps])
def test_eight_levels_are_read_and_written_and_nine_are_not(nested: object) -> None:
    """CB-5: a map is a level as an array is."""
    assert callable(nested)
    data = cbor.encode(nested(8))
    assert cbor.decode(data) == nested(8)
    with pytest.raises(RemoteError):
        cbor.encode(nested(9))
    for head in (b"\x81", b"\xa1\x00"):
        with pytest.raises(RemoteError):
            cbor.decode(head + data)


def test_a_key_lies_one_level_below_its_map() -> None:
    """CB-5: eight maps may have keys, a ninth may not."""
    assert cbor.decode(b"\xa1\x00" * 7 + b"\xa1\x60\x00") == maps(7, {"": 0})
    with pytest.raises(RemoteError):
        cbor.decode(b"\xa1\x00" * 8 + b"\xa1\x00\x00")


def test_a_value_read_from_the_middle_of_others_may_be_as_deep_as_one_alone() -> None:
    """CB-5."""
    data = cbor.encode(arrays(8))
    assert cbor.decode_first(b"\x00" + data + b"\x00", 1) == (arrays(8), 1 + len(data))
    with pytest.raises(RemoteError):
        cbor.decode_first(b"\x81" + data, 0)


def test_keys_are_in_the_order_of_their_encodings_whatever_order_they_came_in() -> None:
    """CB-3."""
    wanted = bytes.fromhex("a5 01f6 1819f6 20f6 6162f6 626161f6")
    for keys in ((1, 25, -1, "b", "aa"), ("aa", "b", -1, 25, 1), (25, "b", 1, "aa", -1)):
        assert cbor.encode(dict.fromkeys(keys)) == wanted


@pytest.mark.parametrize("info", [28, 29, 30, 31])
def test_a_reserved_head_is_refused_with_anything_behind_it(info: int) -> None:
    """CB-2."""
    for major in range(8):
        for behind in (bytes(16), bytes(40), b"\xff" * 40):
            with pytest.raises(RemoteError):
                cbor.decode_first(bytes((major << 5 | info,)) + behind, 0)


@pytest.mark.parametrize("data", ["c0", "c100", "c10000", "c1a0", "d820", "db000000000000000000", "c0f6"])
def test_a_tag_is_refused_whatever_it_stands_before(data: str) -> None:
    """CB-4: also where it would read as a map."""
    with pytest.raises(RemoteError):
        cbor.decode(bytes.fromhex(data))


@pytest.mark.parametrize("number", [23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**64 - 1])
def test_a_number_takes_as_few_bytes_as_it_can(number: int) -> None:
    """CB-2."""
    size = next(
        n for n, top in ((1, 23), (2, 255), (3, 65535), (5, 2**32 - 1), (9, 2**64 - 1)) if number <= top
    )
    for value in (number, -1 - number):
        data = cbor.encode(value)
        assert len(data) == size
        assert cbor.decode(data) == value


def test_a_value_of_exactly_a_mebibyte_is_read() -> None:
    """CB-5."""
    most = bytes((1 << 20) - 5)
    data = cbor.encode(most)
    assert len(data) == 1 << 20
    assert cbor.decode(data) == most
    with pytest.raises(RemoteError):
        cbor.decode(cbor.encode(most + b"\x00"))


@pytest.mark.parametrize(
    ("defect", "data"),
    [
        ("nothing there", ""),
        ("a string cut short", "4401ff"),
        ("a text cut short", "63c3a9"),
        ("a text that is not UTF-8", "61ff"),
        ("a head cut short, with a number too small for it", "1900"),
        ("a head of nine bytes cut to one", "1b"),
        ("a head of five bytes cut to four", "1affffff"),
        ("a head of nine bytes cut to eight", "1bffffffffffffff"),
        ("a float", "f93c00"),
        ("an undefined", "f7"),
        ("a simple value in two bytes", "f818"),
        ("an array with fewer items than it says", "8200"),
        ("a map with fewer pairs than it says", "a100"),
    ],
)
def test_a_value_in_a_sequence_is_as_strict_as_one_alone(defect: str, data: str) -> None:
    """CB-1 to CB-6: what follows in the buffer does not make up for what lacks, and no position excuses a defect."""
    for before in (b"", b"\x00" * 40):
        with pytest.raises(RemoteError):
            cbor.decode_first(before + bytes.fromhex(data), len(before))


def test_arrays_and_maps_are_read_to_their_end_and_no_further() -> None:
    """CB-1."""
    assert cbor.decode_first(b"\x00\x82\x00\x01\x02", 1) == ((0, 1), 4)
    assert cbor.decode_first(b"\x00\xa1\x00\x01\x02", 1) == ({0: 1}, 4)


@pytest.mark.parametrize(
    ("read", "good", "bad"),
    [
        (cbor.items, [(), (1,)], [[], {}, "ab", b"ab", 5, None]),
        (cbor.integer, [0, -1, 2**64], [True, "1", b"1", None, (1,), 1.0]),
        (cbor.octets, [b"", b"a"], ["", 1, None, (), bytearray(b"a")]),
        (cbor.string, ["", "a"], [b"", 1, None, ()]),
    ],
)
def test_a_field_of_another_type_is_refused(read: object, good: list[object], bad: list[object]) -> None:
    """CB-1: a field is of the type its schema says, and true is no number."""
    assert callable(read)
    for value in good:
        assert read(value) is value
    for value in bad:
        with pytest.raises(RemoteError):
            read(value)


def test_an_array_is_taken_with_exactly_its_number_of_items() -> None:
    """CB-1."""
    assert cbor.array((1, 2), 2, "pair") == (1, 2)
    for value in ((1,), (1, 2, 3), "ab", b"ab", {0: 1, 1: 2}, None):
        with pytest.raises(RemoteError):
            cbor.array(value, 2, "pair")
