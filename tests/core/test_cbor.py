"""The CBOR subset: one value, one encoding, everything else refused (spec section 2)."""

from __future__ import annotations

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.core.errors import RemoteError
from parley.core.wire import cbor

SCALARS = (
    st.integers(-(2**64), 2**64 - 1)
    | st.booleans()
    | st.none()
    | st.binary(max_size=40)
    | st.text(max_size=20)
)
KEYS = st.integers(-(2**64), 2**64 - 1) | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5).map(tuple) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)


def listed(value: object) -> object:
    """A value as cbor2 reads it: arrays as lists."""
    if isinstance(value, tuple):
        return [listed(item) for item in value]
    if isinstance(value, dict):
        return {key: listed(item) for key, item in value.items()}
    return value


@settings(max_examples=150, deadline=None)
@given(VALUES)
def test_a_value_has_one_encoding_and_cbor2_reads_it_as_the_same_value(value: cbor.Value) -> None:
    """CB-1, CB-2, CB-3."""
    data = cbor.encode(value)
    assert cbor.decode(data) == value
    assert cbor2.loads(data) == listed(value)
    assert cbor2.dumps(listed(value), canonical=True) == data or isinstance(value, dict) or "{" in repr(value)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60) | VALUES.map(cbor.encode).flatmap(lambda d: st.permutations(d).map(bytes)))
def test_whatever_is_accepted_encodes_to_the_same_bytes(data: bytes) -> None:
    """CB-1 to CB-6: for random bytes there is the value with exactly this encoding, or a RemoteError."""
    try:
        value = cbor.decode(data)
    except RemoteError:
        return
    assert cbor.encode(value) == data
    assert cbor2.loads(data) == listed(value)


@pytest.mark.parametrize(
    ("defect", "data"),
    [
        ("nothing", ""),
        ("number in two bytes that fits in one", "1817"),
        ("number in three bytes that fits in two", "1900ff"),
        ("number in five bytes that fits in three", "1a0000ffff"),
        ("number in nine bytes that fits in five", "1b00000000ffffffff"),
        ("reserved head", "1c"),
        ("indefinite byte string", "5f4100ff"),
        ("indefinite text", "7f6161ff"),
        ("indefinite array", "9fff"),
        ("indefinite map", "bfff"),
        ("break alone", "ff"),
        ("tag", "c100"),
        ("bignum", "c249010000000000000000"),
        ("half float", "f93c00"),
        ("float", "fa47c35000"),
        ("double", "fb3ff199999999999a"),
        ("NaN", "f97e00"),
        ("undefined", "f7"),
        ("simple value", "f0"),
        ("false in two bytes", "f814"),
        ("keys out of order", "a2020001f6"),
        ("key twice", "a201000101"),
        ("longer key first", "a2616100" + "0100"),
        ("byte string as key", "a1410000"),
        ("false as key", "a1f400"),
        ("array as key", "a18000"),
        ("text not UTF-8", "61ff"),
        ("surrogate in UTF-8", "63eda080"),
        ("overlong UTF-8", "62c0af"),
        ("string longer than the data", "4401"),
        ("string of 2^64 - 1 bytes", "5bffffffffffffffff"),
        ("array of 2^64 - 1 items", "9bffffffffffffffff"),
        ("map of 2^32 pairs", "bb0000000100000000"),
        ("bytes left over", "0000"),
        ("nested ten deep", "81" * 9 + "80"),
    ],
)
def test_anything_but_the_one_encoding_is_refused(defect: str, data: str) -> None:
    """CB-1 to CB-6."""
    with pytest.raises(RemoteError):
        cbor.decode(bytes.fromhex(data))


def test_nesting_eight_deep_is_the_limit_for_both_ways() -> None:
    """CB-5."""
    deep: cbor.Value = ()
    for _ in range(8):
        deep = (deep,)
    assert cbor.decode(cbor.encode(deep)) == deep
    with pytest.raises(RemoteError):
        cbor.encode((deep,))


def test_more_than_a_mebibyte_is_refused() -> None:
    """CB-5."""
    with pytest.raises(RemoteError):
        cbor.decode(cbor.encode(bytes(cbor.SIZE_MAX)))


def test_a_value_outside_the_subset_is_not_encoded() -> None:
    """CB-1, CB-4."""
    for value in (1.0, 2**64, -(2**64) - 1, "\ud800", [1], {b"k": 1}, {True: 1}, object()):
        with pytest.raises(RemoteError):
            cbor.encode(value)  # type: ignore[arg-type]
