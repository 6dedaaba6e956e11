"""How good values are spoilt: bytes, CBOR values, texts, JSON, each from one `random.Random` and nothing else.

Random bytes alone seldom get past the first check of a parser. So most of what is tried is a good value with
little changed: a byte, a length, a field left out, doubled, put elsewhere or of another kind.
"""

from __future__ import annotations

import json
import os
import random
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from parley.core.errors import RemoteError
from parley.core.types import U32, Value
from parley.core.wire import cbor

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "vectors"
NUMBERS = (
    0, 1, 2, 3, 23, 24, 63, 64, 127, 128, 255, 256, 1439, 1440, 65534, 65535, 65536, 86400, (1 << 31) - 1, 1 << 31,
    U32 - 1, U32, U32 + 1, (1 << 53), (1 << 63) - 1, 1 << 63, (1 << 64) - 1, -1, -2, -(1 << 31), -(1 << 63),
    -(1 << 63) - 1, -(1 << 64),
)  # fmt: skip
TEXTS = (
    "", " ", "a", "text", "\x00", "\x07", "\n", "\t", "\x1b]0;title\x07", "e\u0301", "é", "한글", "통신선",
    "\u202e" * 8, "\ufeff", "\u2028", "\U0010ffff", "\ud7ff", "\ue000", "x" * 64, "x" * 65, "x" * 300, "가" * 600,
    "x" * 1601, "a\u0301" * 90, "<script>", "{{7*7}}", "%(n)s", "../../etc/passwd", "a:b/c", "-1", "1e9",
)  # fmt: skip
LENGTHS = (0, 1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 200, 1216, 2000)


@cache
def vectors(folder: str, begins: str = "") -> tuple[dict[str, Any], ...]:
    """Our vectors, as they lie in the checkout."""
    paths = sorted((VECTORS / folder).glob(f"{begins}*.json"))
    assert paths, f"no vectors in {folder}"
    return tuple(json.loads(path.read_text(encoding="utf-8")) for path in paths)


@cache
def pool(*names: str) -> tuple[bytes, ...]:
    """The bytes that stand under any of `names` in any of our vectors."""
    found = {
        bytes.fromhex(vector[name])
        for folder in ("wire", "frame", "record", "suite")
        for vector in vectors(folder)
        for name in names
        if isinstance(vector.get(name), str)
    }
    assert found, names
    return tuple(sorted(found))


def quick_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder that is gone afterwards; in memory where there is such a place: key files wait for the disk."""
    shared = Path("/dev/shm")
    return tempfile.TemporaryDirectory(
        prefix="parley-fuzz-", dir=shared if os.access(shared, os.W_OK) else None
    )


# --- bytes ------------------------------------------------------------------------------------


def spoilt(chance: random.Random, data: bytes, most: int = 1 << 16) -> bytes:
    """`data` with a few changes; now and then as it was, or bytes of chance alone."""
    if chance.random() < 0.05:
        return chance.randbytes(chance.choice((0, 1, 2, 8, 40, 300)))
    out = bytearray(data)
    for _ in range(chance.choice((0, 1, 1, 1, 2, 3, 8))):
        at = chance.randrange(len(out) + 1)
        match chance.randrange(8):
            case 0 if out:
                out[at % len(out)] ^= 1 << chance.randrange(8)
            case 1 if out:
                out[at % len(out)] = chance.choice(
                    (0, 1, 0x18, 0x1B, 0x3B, 0x5B, 0x7F, 0x80, 0x9B, 0xBB, 0xF6, 0xFF)
                )
            case 2:
                del out[at:]
            case 3:
                del out[at : at + chance.choice((1, 2, 4, 32))]
            case 4:
                out[at:at] = out[at : at + chance.choice((1, 4, 32, 200))]
            case 5:
                out[at:at] = chance.randbytes(chance.choice((1, 2, 4, 32)))
            case 6:
                number = chance.choice((0, 1, 0xFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)).to_bytes(8, "big")
                size = chance.choice((1, 2, 4, 8))
                out[at : at + size] = number[8 - size :]
            case _:
                out += chance.choice((b"\0", b"\xf6", chance.randbytes(5), bytes(out[:50])))
    return bytes(out[:most])


# --- CBOR values ------------------------------------------------------------------------------


def value(chance: random.Random, depth: int = 0) -> Value:
    """Any value, also such as no schema takes."""
    kind = chance.randrange(10 if depth < 4 else 7)
    match kind:
        case 0:
            return None
        case 1:
            return chance.random() < 0.5
        case 2 | 3:
            return chance.choice(NUMBERS)
        case 4:
            return chance.randbytes(chance.choice(LENGTHS))
        case 5:
            return chance.choice(TEXTS)
        case 6:
            return chance.randrange(100)
        case 7:
            keys = (1, 2, 4, -1, "k", "l")
            return {chance.choice(keys): value(chance, depth + 1) for _ in range(chance.randrange(3))}
        case _:
            return tuple(value(chance, depth + 1) for _ in range(chance.choice((0, 1, 2, 2, 3, 5, 7))))


def changed(chance: random.Random, good: Value) -> Value:
    """A good value with one place of it changed, at any depth."""
    if isinstance(good, tuple) and good and chance.random() < 0.8:
        items = list(good)
        at = chance.randrange(len(items))
        match chance.randrange(6):
            case 0:
                del items[at]
            case 1:
                items.insert(at, items[at])
            case 2:
                other = chance.randrange(len(items))
                items[at], items[other] = items[other], items[at]
            case 3:
                items *= chance.choice((2, 3, 20))
            case _:
                items[at] = changed(chance, items[at])
        return tuple(items)
    if isinstance(good, dict) and good and chance.random() < 0.8:
        key = chance.choice(sorted(good, key=str))
        return {**good, key: changed(chance, good[key])}
    if isinstance(good, bytes) and good and chance.random() < 0.6:
        inner = decoded(good)
        if inner is not None and chance.random() < 0.7:
            return encoded(changed(chance, inner), good)
        return spoilt(chance, good)
    if isinstance(good, str) and chance.random() < 0.4:
        return good + chance.choice(TEXTS)
    if type(good) is int and chance.random() < 0.5:
        return good + chance.choice((-1, 1, 2, 1 << 16, 1 << 32))
    return value(chance)


def decoded(data: bytes) -> Value:
    """The value that `data` encodes, None where it encodes none."""
    try:
        return cbor.decode(data)
    except RemoteError:
        return None


def encoded(found: Value, otherwise: bytes) -> bytes:
    """The one encoding of a value, or `otherwise` where it has none."""
    try:
        return cbor.encode(found)
    except RemoteError:
        return otherwise


def spoilt_cbor(chance: random.Random, data: bytes) -> bytes:
    """Good CBOR with its value changed, with its bytes changed, or both."""
    found = decoded(data)
    if found is not None and chance.random() < 0.6:
        data = encoded(changed(chance, found), data)
        if chance.random() < 0.7:
            return data
    return spoilt(chance, data)


# --- texts and JSON ---------------------------------------------------------------------------


def spoilt_text(chance: random.Random, words: str) -> str:
    """A text with lines or words of it changed."""
    lines = words.split("\n")
    for _ in range(chance.choice((1, 1, 2, 4))):
        at = chance.randrange(len(lines))
        match chance.randrange(8):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, lines[chance.randrange(len(lines))])
            case 2:
                lines[at] = lines[at][: chance.randrange(len(lines[at]) + 1)]
            case 3:
                head, eq, _ = lines[at].partition("=")
                lines[at] = head + eq + " " + toml_value(chance)
            case 4:
                lines[at] = lines[at].replace(
                    chance.choice(('"', "[", "]", "=", ".", "a")), chance.choice(TEXTS[:20]), 1
                )
            case 5:
                where = chance.randrange(len(lines[at]) + 1)
                lines[at] = lines[at][:where] + chance.choice(TEXTS) + lines[at][where:]
            case 6:
                other = chance.randrange(len(lines))
                lines[at], lines[other] = lines[other], lines[at]
            case _:
                lines[at] = f"{chance.choice(TEXTS)!r} = {toml_value(chance)}"
        lines = lines or [""]
    return "\n".join(lines)


def toml_value(chance: random.Random) -> str:
    """A value as TOML has it, or nearly."""
    return chance.choice(
        (
            str(chance.choice(NUMBERS)), "true", "1.5", "nan", "inf", "[]", "[[]]", "{}", '{a = 1}', "1979-05-27",
            "07:32:00", "2021-07-27T10:00:00Z", "0x" + "f" * 40, "9" * 400, "'x'", '"' + "x" * 5000 + '"', '""',
            "[" * 60 + "]" * 60, '"\\u0000"', '"\\ud800"', "-0", "+1_0", '["a", 1]', '"draft:1"', '"1d"', '"-1s"',
        )
    )  # fmt: skip


def spoilt_json(chance: random.Random, document: Any) -> Any:
    """A JSON document with one place of it changed."""
    if isinstance(document, dict) and document and chance.random() < 0.8:
        key = chance.choice(sorted(document))
        kept = dict(document)
        if chance.random() < 0.3:
            del kept[key]
        else:
            kept[key] = spoilt_json(chance, kept[key])
        return kept
    if isinstance(document, list) and document and chance.random() < 0.7:
        at = chance.randrange(len(document))
        return [*document[:at], spoilt_json(chance, document[at]), *document[at + 1 :]]
    return json_value(chance)


def json_value(chance: random.Random) -> Any:
    """Any value that JSON has."""
    return chance.choice(
        (None, True, False, 1.5, [], {}, [1], {"a": [1, {"b": None}]}, "é" * 40, "a" * 5000, "\ud800", 10**40,
         *NUMBERS, *TEXTS)
    )  # fmt: skip
