"""The strict deterministic subset of CBOR in which everything signed is written (spec 2).

RFC 8949 section 4.2.1 with less: whole numbers, byte strings, UTF-8 text, arrays, maps with
whole-number or text keys, false, true, null. No floats, no tags, no indefinite lengths, no
simple values beyond those three. A value has exactly one encoding, and a decoder that met any other
would let two ends disagree about what was signed; so everything else is refused, trailing bytes
included. By hand, because no library refuses all of it (ADR 2).
"""

from __future__ import annotations

from collections.abc import Callable

from parley.core.errors import RemoteError
from parley.core.types import Value

DEPTH_MAX = 8
SIZE_MAX = 1 << 20


def encode(value: Value) -> bytes:
    """The one encoding of `value`. Raises RemoteError for a value outside the subset."""
    out: list[bytes] = []
    _put(out.append, value, 0)
    return b"".join(out)


def octets_head(size: int) -> bytes:
    """What the one encoding of a byte string of so many bytes begins with."""
    return _OCTETS[size] if size < 256 else _head(2, size)


def decode(data: bytes) -> Value:
    """The value whose one encoding is `data`; arrays come as tuples.

    Raises RemoteError for anything that is not exactly one value of the subset in its one encoding.
    """
    if len(data) > SIZE_MAX:
        raise RemoteError(f"CBOR of {len(data)} bytes is over the limit of {SIZE_MAX}")
    value, end = _get(data, 0, 0)
    if end != len(data):
        raise RemoteError("bytes are left after the CBOR value")
    return value


def decode_first(data: bytes, start: int) -> tuple[Value, int]:
    """The value that begins at `start`, and where it ends; for sequences of values (RFC 8742)."""
    return _get(data, start, 0)


def decode_items(data: bytes) -> tuple[tuple[Value, ...], tuple[bytes, ...]]:
    """The items of the array whose one encoding is `data`, and the one encoding of each.

    Raises RemoteError where `decode` does, and if it is not an array.
    """
    if data == b"\x80":
        return (), ()
    if len(data) > SIZE_MAX or not data or data[0] >> 5 != 4:
        items(decode(data))  # which says what is wrong
    n, at = _argument(data, 1, data[0] & 0x1F)
    if n > len(data) - at:
        raise RemoteError("CBOR array longer than the data")
    values: list[Value] = []
    pieces: list[bytes] = []
    for _ in range(n):
        if at < len(data) and data[at] == 0xF6:
            values.append(None)
            pieces.append(b"\xf6")
            at += 1
            continue
        value, end = _get(data, at, 1)
        values.append(value)
        pieces.append(data[at:end])
        at = end
    if at != len(data):
        raise RemoteError("bytes are left after the CBOR value")
    return tuple(values), tuple(pieces)


def array(value: Value, size: int, what: str) -> tuple[Value, ...]:
    """`value`, if it is an array of `size` items. Raises RemoteError otherwise."""
    if not isinstance(value, tuple) or len(value) != size:
        raise RemoteError(f"{what} is not an array of {size}")
    return value


def items(value: Value) -> tuple[Value, ...]:
    """`value`, if it is an array. Raises RemoteError otherwise."""
    if not isinstance(value, tuple):
        raise RemoteError("a field is not an array")
    return value


def integer(value: Value) -> int:
    """`value`, if it is a whole number. Raises RemoteError otherwise."""
    if type(value) is not int:
        raise RemoteError("a field is not a whole number")
    return value


def octets(value: Value) -> bytes:
    """`value`, if it is a byte string. Raises RemoteError otherwise."""
    if not isinstance(value, bytes):
        raise RemoteError("a field is not a byte string")
    return value


def string(value: Value) -> str:
    """`value`, if it is text. Raises RemoteError otherwise."""
    if not isinstance(value, str):
        raise RemoteError("a field is not text")
    return value


def _head(major: int, n: int) -> bytes:
    """What a value begins with: its major type, and a number in its shortest form."""
    first = major << 5
    if n < 24:
        return bytes((first | n,))
    if n <= 0xFF:
        return bytes((first | 24, n))
    if n <= 0xFFFF:
        return bytes((first | 25,)) + n.to_bytes(2, "big")
    if n <= 0xFFFFFFFF:
        return bytes((first | 26,)) + n.to_bytes(4, "big")
    if n <= 0xFFFFFFFFFFFFFFFF:
        return bytes((first | 27,)) + n.to_bytes(8, "big")
    raise RemoteError("number outside 64 bits")


# The heads of what is usual, by number or length, made once: half of all that is encoded.
_NUMBERS, _OCTETS, _TEXTS, _ARRAYS = (tuple(_head(major, n) for n in range(256)) for major in (0, 2, 3, 4))


def _put(put: Callable[[bytes], None], value: Value, depth: int) -> None:
    if depth > DEPTH_MAX:
        raise RemoteError("CBOR nested too deep")
    kind = type(value)
    if kind is bytes and isinstance(value, bytes):
        size = len(value)
        put(_OCTETS[size] if size < 256 else _head(2, size))
        put(value)
    elif kind is int and isinstance(value, int):
        if 0 <= value < 256:
            put(_NUMBERS[value])
        else:
            put(_head(0, value) if value >= 0 else _head(1, -1 - value))
    elif isinstance(value, str):
        try:
            encoded = value.encode("utf-8")
        except UnicodeEncodeError:
            raise RemoteError("text holds a lone surrogate") from None
        size = len(encoded)
        put(_TEXTS[size] if size < 256 else _head(3, size))
        put(encoded)
    elif isinstance(value, tuple):
        size = len(value)
        put(_ARRAYS[size] if size < 256 else _head(4, size))
        for item in value:
            _put(put, item, depth + 1)
    elif value is None:
        put(b"\xf6")
    elif value is True:
        put(b"\xf5")
    elif value is False:
        put(b"\xf4")
    elif isinstance(value, int):  # of an enumeration
        _put(put, int(value), depth)
    elif isinstance(value, dict):
        put(_head(5, len(value)))
        for key, item in sorted((_key(k), v) for k, v in value.items()):
            put(key)
            _put(put, item, depth + 1)
    else:
        raise RemoteError(f"{type(value).__name__} is not in the CBOR subset")


def _key(key: int | str) -> bytes:
    if isinstance(key, bool) or not isinstance(key, int | str):
        raise RemoteError("a map key is neither a whole number nor text")
    return encode(key)


def _get(data: bytes, at: int, depth: int) -> tuple[Value, int]:
    if depth > DEPTH_MAX:
        raise RemoteError("CBOR nested too deep")
    if at >= len(data):
        raise RemoteError("CBOR ends in mid-value")
    first = data[at]
    major, info = first >> 5, first & 0x1F
    if major == 7:
        if first in _SIMPLE:
            return _SIMPLE[first], at + 1
        raise RemoteError("CBOR float or simple value outside the subset")
    n, at = _argument(data, at + 1, info)
    if major == 0:
        return n, at
    if major == 1:
        return -1 - n, at
    if major in (2, 3):
        end = at + n
        if end > len(data):
            raise RemoteError("CBOR string longer than the data")
        piece = data[at:end]
        if major == 2:
            return piece, end
        try:
            return piece.decode("utf-8"), end
        except UnicodeDecodeError:
            raise RemoteError("CBOR text is not UTF-8") from None
    if major == 4:
        if n > len(data) - at:
            raise RemoteError("CBOR array longer than the data")
        return _get_items(data, at, depth + 1, n)
    if major == 5:
        return _get_map(data, at, depth, n)
    raise RemoteError("CBOR tag outside the subset")


def _get_items(data: bytes, at: int, depth: int, n: int) -> tuple[tuple[Value, ...], int]:
    """`n` values one after another. What is most of a record is read here without another call: small numbers,
    null, and byte strings of 24 to 255 bytes; whatever is not plainly one of those goes to `_get`."""
    items: list[Value] = []
    size = len(data)
    for _ in range(n):
        if at < size - 1 and depth <= DEPTH_MAX:
            first = data[at]
            if first < 0x18:
                items.append(first)
                at += 1
                continue
            if first == 0xF6:
                items.append(None)
                at += 1
                continue
            if first == 0x58:
                length = data[at + 1]
                end = at + 2 + length
                if length >= 24 and end <= size:
                    items.append(data[at + 2 : end])
                    at = end
                    continue
        item, at = _get(data, at, depth)
        items.append(item)
    return tuple(items), at


_SIMPLE: dict[int, Value] = {0xF4: False, 0xF5: True, 0xF6: None}


def _get_map(data: bytes, at: int, depth: int, n: int) -> tuple[Value, int]:
    if n > len(data) - at:
        raise RemoteError("CBOR map longer than the data")
    items: dict[int | str, Value] = {}
    last = b""
    for _ in range(n):
        start = at
        key, at = _get(data, at, depth + 1)
        if isinstance(key, bool) or not isinstance(key, int | str):
            raise RemoteError("a map key is neither a whole number nor text")
        if data[start:at] <= last:
            raise RemoteError("map keys repeat or are out of order")
        last = data[start:at]
        items[key], at = _get(data, at, depth + 1)
    return items, at


def _argument(data: bytes, at: int, info: int) -> tuple[int, int]:
    if info < 24:
        return info, at
    if info > 27:
        raise RemoteError("CBOR indefinite length or reserved head")
    size = 1 << (info - 24)
    if at + size > len(data):
        raise RemoteError("CBOR ends in mid-head")
    n = int.from_bytes(data[at : at + size], "big")
    if n < (24, 0x100, 0x10000, 0x100000000)[info - 24]:
        raise RemoteError("CBOR number not in its shortest form")
    return n, at + size
