"""The CBOR subset of spec 2. What was read is written again and compared, and that is the strictness (CV-1)."""

from otherend.refused import Refused, check

SIMPLE = {0xF4: False, 0xF5: True, 0xF6: None}
SIZE_MAX = 2**20


def encode(value: object) -> bytes:
    if value is None or value is True or value is False:
        return {False: b"\xf4", True: b"\xf5", None: b"\xf6"}[value]
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        text = value.encode()
        return _head(3, len(text)) + text
    if isinstance(value, list | tuple):
        return _head(4, len(value)) + b"".join(map(encode, value))
    if isinstance(value, dict):
        pairs = sorted((encode(key), encode(held)) for key, held in value.items())
        return _head(5, len(value)) + b"".join(key + held for key, held in pairs)
    raise TypeError(type(value).__name__)


def _head(major: int, number: int) -> bytes:
    if number < 24:
        return bytes([major << 5 | number])
    for more, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << 8 * size:
            return bytes([major << 5 | more]) + number.to_bytes(size, "big")
    raise OverflowError(number)


def decode(data: bytes) -> object:
    value, end = decode_first(data)
    check(end == len(data), "CB-6", "bytes after the value")
    return value


def decode_first(data: bytes, start: int = 0) -> tuple[object, int]:
    """One value, and where it ends."""
    value, end = _read(data, start, 0)
    check(end - start <= SIZE_MAX, "CB-5", "longer than 2^20")
    check(
        encode(value) == data[start:end], "CB-2", "another encoding of this value"
    )  # CB-3 too: a dict has each key once
    return value, end


def _read(data: bytes, at: int, level: int) -> tuple[object, int]:
    check(level <= 8, "CB-5", "deeper than level 8")
    check(at < len(data), "CB-6", "ends early")
    first, at = data[at], at + 1
    major, low = first >> 5, first & 31
    if major == 7:
        check(first in SIMPLE, "CB-1", "a float or another simple value")
        return SIMPLE[first], at
    check(major != 6, "CB-1", "a tag")
    check(low < 28, "CB-2", "an indefinite length or a reserved one")
    number = low
    if low >= 24:
        size = 1 << low - 24
        check(at + size <= len(data), "CB-6", "ends early")
        number, at = int.from_bytes(data[at : at + size], "big"), at + size
    if major == 0:
        return number, at
    if major == 1:
        return -1 - number, at
    check(number <= len(data) - at, "CB-6", "a length beyond the data")  # each item takes a byte or more
    if major == 2:
        return data[at : at + number], at + number
    if major == 3:
        try:
            return data[at : at + number].decode(), at + number
        except UnicodeDecodeError:
            raise Refused("CB-4", "no UTF-8") from None
    held = []
    for _ in range(number if major == 4 else 2 * number):
        value, at = _read(data, at, level + 1)
        held.append(value)
    if major == 4:
        return held, at
    keys = held[::2]
    check(all(type(key) in (int, str) for key in keys), "CB-3", "a key that is neither number nor text")
    return dict(zip(keys, held[1::2], strict=True)), at
