"""Makes vectors/objects: names, blocks put together from fragments, courier files; and the frames of 7.10."""

from __future__ import annotations

import hashlib

import common as c
import frame as fr

from parley.core import objects
from parley.core.objects import Assembly, ObjectName
from parley.core.types import Value
from parley.core.wire import cbor
from parley.core.wire import frame as f
from parley.core.wire.frame import Fragment, ObjectWanted

SALT = c.seed("salt of an object")


def bytes_of(name: str, size: int) -> bytes:
    """Bytes that look like chance and are the same each time."""
    blocks = (hashlib.sha256(f"{name}/{i}".encode()).digest() for i in range(-(-size // 32)))
    return b"".join(blocks)[:size]


def told(named: ObjectName) -> dict[str, object]:
    return {"root": named.root, "size": named.size, "salt": named.salt}


def make_names() -> None:
    for name, what, size in (
        ("of-one-byte", "an object of one byte: one leaf", 1),
        ("of-one-chunk", "an object of exactly one chunk", 4096),
        ("of-one-chunk-and-a-byte", "an object of two chunks, the last of one byte", 4097),
        ("of-five-chunks", "an object of five chunks, the last of 700 bytes", 4 * 4096 + 700),
    ):
        data = bytes_of(name, size)
        c.write(
            "objects",
            f"name-{name}",
            what,
            "OB-1 OB-2 OB-3",
            "good",
            **told(objects.name(data, SALT)),
            data=data,
        )
    whole = bytes(objects.OBJECT_BYTES_MAX)
    c.write(
        "objects", "name-of-256-chunks", "the largest object there is, of zeros: size says how many", "OB-1 OB-2",
        "good", **told(objects.name(whole, SALT)), data=None,
    )  # fmt: skip
    data = bytes_of("bad", 5000)
    named = objects.name(data, SALT)

    def bad(name: str, cites: str, **fields: object) -> None:
        given = {**told(named), "data": data, **fields}
        c.write("objects", f"bad-name-{name}", name.replace("-", " "), cites, "refused", **given)

    bad("a-byte-changed", "OB-3", data=data[:4999] + bytes((data[4999] ^ 1,)))
    bad("a-byte-more", "OB-3", data=data + b"\0")
    bad("another-size", "OB-3", size=4999)
    bad("another-salt", "OB-3", salt=c.seed("another salt"))
    bad("chunks-in-another-order", "OB-3", data=data[4096:] + data[:4096])
    bad("without-the-salt", "OB-3", root=objects.name(data, bytes(32)).root)
    bad("of-nothing", "OB-2", size=0, data=b"")
    bad("over-1-mib", "OB-2", size=objects.OBJECT_BYTES_MAX + 1)
    bad("salt-of-31-bytes", "OB-2", salt=SALT[:31])


def cut(data: bytes, place: tuple[int, int], block: int, frame_bytes: int) -> list[Fragment]:
    piece = data[block * 4096 : (block + 1) * 4096]
    pieces, each = objects.cut(len(piece), frame_bytes)
    return [objects.fragment(place, block, piece, i, pieces, each) for i in range(pieces)]


def make_blocks() -> None:
    data = bytes_of("blocks", 4096 + 1000)
    named, place = objects.name(data, SALT), (7, 0)

    def put(name: str, what: str, cites: str, fragments: list[Fragment], *, whole: bool) -> None:
        assembly = Assembly(named)
        steps = [{"plain": f.encode_plain(one), "taken": assembly.add(one)} for one in fragments]
        assert assembly.is_whole == whole and (not whole or assembly.data == data), name
        lacks = [] if whole else list(assembly.lacking(256))
        c.write(
            "objects", name, what, cites, "good", **told(named), steps=steps, blocks_lacking=lacks,
            data=data if whole else None,
        )  # fmt: skip

    narrow = cut(data, place, 0, 270) + cut(data, place, 1, 270)
    wide = cut(data, place, 0, 4096) + cut(data, place, 1, 4096)
    put("blocks-of-270", "two blocks from frames of 270 bytes", "OB-6 FR-19", narrow, whole=True)
    put("blocks-of-4096", "two blocks from frames of 4,096 bytes", "OB-6 FR-19", wide, whole=True)
    put("blocks-in-reverse", "the same, the last fragment first", "OB-6", narrow[::-1], whole=True)
    twice = [one for one in narrow for _ in range(2)]
    put("blocks-twice", "every fragment twice", "OB-6", twice, whole=True)
    mixed = narrow[:10] + wide[:1] + narrow[10:]
    put("blocks-of-two-sizes", "a fragment of another k among them", "OB-6", mixed, whole=True)
    put(
        "blocks-one-lacking",
        "all but the third fragment of the first block",
        "OB-6",
        narrow[:2] + narrow[3:],
        whole=False,
    )
    first, last = narrow[0], narrow[17]

    def spoilt(one: Fragment, **fields: object) -> Fragment:
        given: dict[str, object] = {name: getattr(one, name) for name in one.__slots__}
        return Fragment(**{**given, **fields})  # type: ignore[arg-type]

    put(
        "blocks-ignored", "what makes up no block of this object", "OB-6",
        [
            spoilt(first, block=2),
            spoilt(first, data=first.data + b"\0"),
            spoilt(first, data=first.data[:-1]),
            spoilt(first, last=first.last + 1),
            spoilt(first, pieces=17, sent=17),
            spoilt(last, data=last.data[:-1]),
            spoilt(last, last=last.last - 1, data=last.data[:-1]),
            spoilt(first, sent=20, index=18),
            spoilt(first, sent=20, index=19, data=bytes(228)),
            spoilt(narrow[18], block=0),
        ],
        whole=False,
    )  # fmt: skip


def make_frames() -> None:
    """Those of 7.10, in vectors/frame."""
    data = bytes_of("frame", 4096)
    pieces, each = objects.cut(4096, 270)
    said = objects.fragment((7, 0), 3, data, 4, pieces, each)
    fields = {name: getattr(said, name) for name in said.__slots__}
    fr.put("fragment", "the fifth of eighteen fragments of the fourth block", "FR-19", 30, said, **fields)
    one = Fragment(0xFFFFFFFF, 255, 255, 1, 255, 254, 4096, b"p")
    fields = {name: getattr(one, name) for name in one.__slots__}
    fr.put(
        "fragment-at-its-bounds",
        "a fragment of parity, its numbers at their bounds",
        "FR-19",
        31,
        one,
        **fields,
    )

    def wanted(name: str, what: str, counter: int, asks: ObjectWanted) -> None:
        fields = {name: getattr(asks, name) for name in ("sequence", "object", "first", "count", "pieces")}
        fr.put(name, what, "FR-20", counter, asks, **fields, fragments=sorted(asks.lacks))

    wanted("object-wanted", "eight blocks of an object, from the third", 32, ObjectWanted(7, 0, 2, 8))
    wanted(
        "object-wanted-fragments", "three of eighteen fragments of one block", 33,
        ObjectWanted(7, 0, 2, 1, 18, frozenset((0, 9, 17))),
    )  # fmt: skip
    wanted(
        "object-wanted-all-fragments", "every one of 255 fragments", 34,
        ObjectWanted(7, 0, 255, 1, 255, frozenset(range(255))),
    )  # fmt: skip
    wanted("object-wanted-none", "the sender holds it", 35, ObjectWanted(7, 0, 0, 0))

    whole = f.encode_plain(said)
    head = whole[:2]
    asks = f.encode_plain(ObjectWanted(7, 0, 2, 1, 18, frozenset((0, 9, 17))))

    def bad(name: str, cites: str, plain: bytes) -> None:
        fr.bad(name, cites, plain)

    bad("fragment-empty", "FR-19", whole[:14])
    bad("fragment-cut-short", "FR-19", whole[:10])
    bad("fragment-of-none", "FR-19", head + bytes.fromhex("00000007 00 0003 00 12 04 00dc") + b"x")
    bad("fragment-n-below-k", "FR-19", head + bytes.fromhex("00000007 00 0003 12 11 04 00dc") + b"x")
    bad("fragment-index-not-below-n", "FR-19", head + bytes.fromhex("00000007 00 0003 12 12 12 00dc") + b"x")
    bad("fragment-last-of-nothing", "FR-19", head + bytes.fromhex("00000007 00 0003 12 12 04 0000") + b"x")
    bad("object-wanted-with-bytes-left", "FR-20 CV-1", asks + b"\0")
    bad("object-wanted-without-its-bits", "FR-20", asks[:-1])
    bad("object-wanted-no-bit-set", "FR-20", asks[:-3] + bytes(3))
    bad("object-wanted-bits-beyond-k", "FR-20 CV-1", asks[:-1] + bytes((asks[-1] | 1,)))
    bad("object-wanted-fragments-of-two-blocks", "FR-20", asks[:9] + b"\2" + asks[10:])
    bad("object-wanted-fragments-of-no-block", "FR-20", asks[:9] + b"\0" + asks[10:])
    bad("object-wanted-none-from-the-third", "FR-20 CV-1", asks[:9] + b"\0\0")


def make_courier_files() -> None:
    frames = (fr.sealed(f.encode_plain(f.Call(f.CallSign.RING, 0, 0)), 40), bytes(4096), b"")
    data = bytes_of("carried", 5000)
    named = objects.name(data, SALT)
    carried: Value = ((named.root, named.size, named.salt, data),)

    def put(name: str, what: str, cites: str, outcome: str, value: Value, after: bytes = b"") -> None:
        fields = {"frames": list(frames), "objects": [told(named)]} if outcome == "good" else {}
        c.write("objects", name, what, cites, outcome, file=cbor.encode(value) + after, **fields)

    label = "parley/courier/1"
    put(
        "courier",
        "three frames, none of which need open, and an object",
        "OB-13 OB-17",
        "good",
        (label, frames, carried),
    )
    for name, value, after in (
        ("label-of-another-version", ("parley/courier/2", frames, carried), b""),
        ("a-byte-more", (label, frames, carried), b"\0"),
        ("a-field-less", (label, frames), b""),
        ("a-field-more", (label, frames, carried, None), b""),
        ("frame-as-text", (label, ("frame",), carried), b""),
        ("frame-of-4097-bytes", (label, (bytes(4097),), carried), b""),
        ("4097-frames", (label, (b"",) * 4097, ()), b""),
        ("object-of-another-size", (label, frames, ((named.root, 4999, named.salt, data),)), b""),
        ("object-of-nothing", (label, frames, ((named.root, 0, named.salt, b""),)), b""),
        ("object-without-its-bytes", (label, frames, ((named.root, 5000, named.salt),)), b""),
        ("65-objects", (label, (), ((named.root, 1, named.salt, b"x"),) * 65), b""),
    ):
        put(
            f"bad-courier-{name}",
            name.replace("-", " "),
            "OB-17 CB-6" if after else "OB-17",
            "refused",
            value,
            after,
        )


if __name__ == "__main__":
    make_names()
    make_blocks()
    make_frames()
    make_courier_files()
