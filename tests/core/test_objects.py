"""Objects larger than an entry: their names, their way in fragments, the file that carries them (spec 16)."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from parley.core import objects
from parley.core.errors import RemoteError
from parley.core.objects import Assembly, ObjectName
from parley.core.types import ActKind
from parley.core.wire import frame as frames
from parley.core.wire.frame import Fragment, ObjectWanted
from parley.node import courier

FOLDER = Path(__file__).parents[2] / "vectors" / "objects"
Vector = dict[str, Any]
SALT = b"s" * 32
SHOWN: set[str] = set()


def vectors(begins: str) -> list[Any]:
    paths = sorted(FOLDER.glob(f"{begins}*.json"))
    assert paths, begins
    SHOWN.update(path.stem for path in paths)
    return [pytest.param(json.loads(path.read_text(encoding="utf-8")), id=path.stem) for path in paths]


def h(vector: Vector, name: str) -> bytes:
    return bytes.fromhex(vector[name])


def name_in(v: Vector) -> ObjectName:
    return ObjectName(h(v, "root"), v["size"], h(v, "salt"))


def cut(data: bytes, frame_bytes: int, place: tuple[int, int] = (7, 0)) -> list[Fragment]:
    """Every block of `data` as fragments for a bearer of so many bytes."""
    found = []
    for block in range(-(-len(data) // objects.BLOCK_BYTES)):
        piece = data[block * objects.BLOCK_BYTES : (block + 1) * objects.BLOCK_BYTES]
        pieces, each = objects.cut(len(piece), frame_bytes)
        found += [objects.fragment(place, block, piece, i, pieces, each) for i in range(pieces)]
    return found


# --- names ------------------------------------------------------------------------------------


@pytest.mark.parametrize("v", [*vectors("name-"), *vectors("bad-name-")])
def test_an_object_is_what_was_named_and_nothing_else(v: Vector) -> None:
    """OB-1 to OB-3."""
    data = bytes(v["size"]) if v["data"] is None else h(v, "data")
    if v["outcome"] == "good":
        assert objects.name(data, h(v, "salt")) == name_in(v)
        assert objects.fits(name_in(v), data)
        return
    try:
        named = name_in(v)
    except RemoteError:
        assert "OB-2" in v["spec"]
        return
    assert "OB-3" in v["spec"] and not objects.fits(named, data)


def test_the_same_bytes_under_another_salt_have_another_name() -> None:
    """OB-1."""
    data = random.Random(1).randbytes(9000)
    assert objects.name(data, SALT).root != objects.name(data, b"t" * 32).root


def test_only_a_letter_names_an_object_and_only_where_it_is_well_named() -> None:
    """OB-4."""
    named = objects.name(b"sealed", SALT)
    body = (*(None,) * 8, objects.encode_name(named), b"c" * 32)
    assert objects.objects_named(ActKind.LETTER, body) == (named,)
    assert objects.objects_named(ActKind.MESSAGE, body) == ()
    assert objects.objects_named(ActKind.LETTER, None) == ()
    assert objects.objects_named(ActKind.LETTER, body[:8]) == ()
    for bad in (None, b"root", (named.root, 0, SALT), (named.root, 7), (named.root[:31], 7, SALT)):
        assert objects.objects_named(ActKind.LETTER, (*body[:8], bad, b"c" * 32)) == ()


# --- blocks and fragments ---------------------------------------------------------------------


@pytest.mark.parametrize("v", vectors("blocks-"))
def test_a_receiver_puts_blocks_together_as_the_file_says(v: Vector) -> None:
    """OB-6, FR-19."""
    assembly = Assembly(name_in(v))
    for step in v["steps"]:
        said = frames.decode_plain(h(step, "plain"))
        assert isinstance(said, Fragment)
        assert assembly.add(said) == step["taken"]
    assert list(assembly.lacking(256)) == v["blocks_lacking"]
    assert assembly.is_whole == (v["data"] is not None)
    if v["data"] is not None:
        assert assembly.data == h(v, "data") and objects.fits(name_in(v), assembly.data)


@pytest.mark.parametrize("frame_bytes", [56, 57, 60, 128, 270, 300, 1100, 4096])
def test_an_object_survives_any_frame_size_and_any_order(frame_bytes: int) -> None:
    """OB-6, FR-19: and every frame is as small as the bearer wants it."""
    data = random.Random(frame_bytes).randbytes(2 * 4096 + 17)
    assembly, fragments = Assembly(objects.name(data, SALT)), cut(data, frame_bytes)
    for said in fragments:
        plain = frames.encode_plain(said)
        assert len(plain) + frames.BARE_FRAME_BYTES_MIN - 2 <= frame_bytes
        assert frames.decode_plain(plain) == said
        assert said.sent == said.pieces <= 255  # parity has a place and is not sent
    random.Random(0).shuffle(fragments)
    assert all(assembly.add(said) for said in fragments)
    assert assembly.is_whole and assembly.data == data
    assert not any(assembly.add(said) for said in fragments)


def test_blocks_go_in_the_fewest_fragments_and_those_as_equal_as_can_be() -> None:
    for size in (1, 2, 17, 255, 256, 1000, 4095, 4096):
        for frame_bytes in range(objects.FRAME_BYTES_MIN, 1200, 7):
            room = frame_bytes - objects.FRAME_OVERHEAD_BYTES
            pieces, each = objects.cut(size, frame_bytes)
            assert each <= room and pieces <= min(255, -(-size // room))
            assert (pieces - 1) * each < size <= pieces * each


def test_a_block_that_comes_in_two_forms_is_put_together_from_one_of_them() -> None:
    """OB-6: two bearers carry frames of two sizes, and a third form takes the place of the first."""
    data = random.Random(3).randbytes(4096)
    narrow, wide, third = (cut(data, size) for size in (270, 1100, 500))
    assembly = Assembly(objects.name(data, SALT))
    for said in (*narrow[:-1], *wide[:-1]):
        assert assembly.add(said)
    assert assembly.held_of(0) == (len(wide), frozenset(range(len(wide) - 1)))
    assert assembly.add(third[0])  # the oldest form is given up for it
    assert assembly.add(wide[-1])
    assert assembly.is_whole and assembly.data == data
    assert not assembly.add(narrow[-1])


def test_a_fragment_of_other_numbers_than_the_block_has_is_ignored() -> None:
    """OB-6: whatever a peer writes into the numbers, nothing is kept that cannot be of the block."""
    data = random.Random(4).randbytes(4096 + 5)
    good = cut(data, 270)
    chance = random.Random(5)
    assembly = Assembly(objects.name(data, SALT))
    for _ in range(3000):
        said = chance.choice(good)
        field = chance.choice(("block", "pieces", "index", "last", "data"))
        value: object = chance.choice((0, 1, 2, 17, 18, 19, 228, 255, 4096, 65535))
        if field == "data":
            value = said.data[: chance.randrange(len(said.data))] or b"x" * 300
        spoilt = replace(said, **{field: value, "sent": 255})  # type: ignore[arg-type]
        assembly.add(spoilt)
        for block in assembly.whole:
            assert len(assembly.whole[block]) == assembly.named.block_bytes(block)
    held = sum(
        len(part) for forms in assembly._parts.values() for parts in forms.values() for part in parts.values()
    )
    assert held <= objects.FORMS_MAX * len(data)


def test_what_lacks_is_asked_for_by_block_and_within_a_block_by_fragment() -> None:
    """FR-20."""
    data = random.Random(6).randbytes(5 * 4096)
    assembly, fragments = Assembly(objects.name(data, SALT)), cut(data, 270)
    assert list(objects.requests((7, 0), assembly, assembly.lacking(8))) == [ObjectWanted(7, 0, 0, 5)]
    for said in fragments:
        if said.block == 1 or (said.block == 2 and said.index != 3):
            assembly.add(said)
    asked = list(objects.requests((7, 0), assembly, assembly.lacking(8)))
    assert asked == [
        ObjectWanted(7, 0, 0, 1),
        ObjectWanted(7, 0, 2, 1, 18, frozenset((3,))),
        ObjectWanted(7, 0, 3, 2),
    ]
    for one in asked:
        plain = frames.encode_plain(one)
        assert frames.decode_plain(plain) == one
        assert len(plain) + frames.BARE_FRAME_BYTES_MIN - 2 in (36, 39)
    assert assembly.lacking(2) == (0, 2)
    assert list(objects.requests((7, 0), assembly, (2,))) == [asked[1]]


# --- the courier file -------------------------------------------------------------------------


@pytest.mark.parametrize("v", [*vectors("courier"), *vectors("bad-courier-")])
def test_a_courier_file_is_read_to_its_last_byte_or_refused(v: Vector) -> None:
    """OB-13, OB-17."""
    if v["outcome"] == "refused":
        with pytest.raises(RemoteError):
            courier.decode(h(v, "file"))
        return
    sealed, beside = courier.decode(h(v, "file"))
    assert [frame.hex() for frame in sealed] == v["frames"]
    named = [{"root": n.root.hex(), "size": n.size, "salt": n.salt.hex()} for n, _ in beside]
    assert named == v["objects"]
    assert all(objects.fits(name, data) for name, data in beside)
    assert courier.encode(sealed, beside) == h(v, "file")


def test_no_vector_of_objects_is_left_out() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == SHOWN
