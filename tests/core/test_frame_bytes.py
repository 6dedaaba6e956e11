"""What is sealed in a frame, byte by byte, at its bounds (spec 7)."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from parley.core.errors import RemoteError
from parley.core.types import ClockQuality, LooseKind, Precedence
from parley.core.wire import frame as frames
from parley.core.wire.frame import (
    ActLayout,
    AnyLayout,
    BodyForm,
    Call,
    CallSign,
    Clear,
    Form,
    Frontier,
    NodeLayout,
    Plain,
    Prekey,
    PrekeysWanted,
    SignOfLife,
)

U32 = 2**32 - 1
FLASH, MANUAL = Precedence.FLASH, ClockQuality.SET_BY_HAND
SIGNATURE = b"s" * 64
ACT = ActLayout(8, FLASH, MANUAL, 0x0102, 3, 4, 5, 6, BodyForm.INLINE, 9, b"body", SIGNATURE)
ACT_BYTES = bytes.fromhex("0102 00000003 00000004 00000005 00000006 09") + b"body" + SIGNATURE
NODE = NodeLayout(
    1, Precedence.ROUTINE, MANUAL, 5, 4, b"o" * 32, 6, b"t" * 32, BodyForm.INLINE, 9, b"body", SIGNATURE
)
NODE_BYTES = (
    bytes.fromhex("00000005 00000004")
    + b"o" * 32
    + bytes.fromhex("00000006")
    + b"t" * 32
    + b"\x09body"
    + SIGNATURE
)
KEY = b"k" * 1216


def head(kind: int, precedence: int, form: int, own: int, their: int, body: int, quality: int) -> bytes:
    """FR-2: six fields in sixteen bits, most significant first."""
    bits = f"{kind:06b}{precedence:02b}{form:02b}{own:b}{their:b}{body:02b}{quality:02b}"
    return int(bits, 2).to_bytes(2, "big")


def same(plain: Plain, data: bytes) -> None:
    assert frames.encode_plain(plain) == data
    assert frames.decode_plain(data) == plain


def refused(data: bytes) -> None:
    with pytest.raises(RemoteError):
        frames.decode_plain(data)


# --- the clear part and the header ------------------------------------------------------------------------------


def test_the_clear_part_is_suite_tag_and_counter() -> None:
    """FR-1."""
    clear = Clear(b"\x01\x02\x03\x04", 0x05060708)
    assert frames.encode_clear(clear) == bytes.fromhex("01 01020304 05060708")
    assert frames.decode_clear(frames.encode_clear(clear) + bytes(18)) == clear


def test_a_frame_is_27_to_4096_bytes_of_suite_1_with_a_counter_from_1() -> None:
    """FR-1, FR-15."""
    clear = bytes.fromhex("01 01020304 00000001")
    for size in (27, 28, 4096):
        assert frames.decode_clear(clear + bytes(size - 9)) == Clear(b"\x01\x02\x03\x04", 1)
    for bad in (
        b"",
        clear + bytes(17),
        clear + bytes(4088),
        b"\x00" + clear[1:] + bytes(18),
        b"\x02" + clear[1:] + bytes(18),
        clear[:5] + bytes(22),
    ):
        with pytest.raises(RemoteError):
            frames.decode_clear(bad)


def test_every_field_of_the_header_has_its_bits() -> None:
    """FR-2."""
    for kind, precedence, quality in itertools.product((0, 1, 8, 63), Precedence, ClockQuality):
        act = replace(ACT, kind=kind, precedence=precedence, quality=quality)
        same(act, head(kind, precedence, 0, 0, 0, 1, quality) + ACT_BYTES)
        node = replace(NODE, kind=kind, precedence=precedence, quality=quality)
        same(node, head(kind, precedence, 1, 1, 1, 1, quality) + NODE_BYTES)


def test_an_act_carries_no_root_and_no_fragments() -> None:
    """FR-2, FR-3."""
    for own, their in ((1, 0), (0, 1), (1, 1)):
        refused(head(8, 3, 0, own, their, 1, 2) + ACT_BYTES)
        refused(head(8, 3, 2, own, their, 1, 2) + bytes(9) + ACT_BYTES)
    refused(head(8, 3, 0, 0, 0, 3, 2) + ACT_BYTES)
    refused(head(1, 0, 1, 1, 1, 3, 2) + NODE_BYTES)


def test_a_statement_carries_the_roots_that_its_header_announces() -> None:
    """FR-4, FR-5."""
    for own, their in itertools.product((0, 1), repeat=2):
        node = replace(NODE, own_root=b"o" * 32 if own else None, their_root=b"t" * 32 if their else None)
        data = bytes.fromhex("00000005 00000004") + b"o" * 32 * own + bytes.fromhex("00000006")
        same(node, head(1, 0, 1, own, their, 1, 2) + data + b"t" * 32 * their + b"\x09body" + SIGNATURE)


@pytest.mark.parametrize("layout", [ACT, NODE])
def test_the_body_is_what_lies_between_codec_and_signature(layout: ActLayout | NodeLayout) -> None:
    """FR-11: none, inline, withheld, each exactly."""

    def data(form: int, codec: int, body: bytes) -> bytes:
        return frames.encode_plain(replace(layout, body_form=BodyForm(form), codec=codec, body=body))

    for form, codec, body in ((0, 0, b""), (1, 0, b"x"), (1, 255, b"x" * 99), (2, 0, b"c" * 32)):
        found = frames.decode_plain(data(form, codec, body))
        assert isinstance(found, ActLayout | NodeLayout)
        assert (found.body_form, found.codec, found.body, found.signature) == (form, codec, body, SIGNATURE)
    for form, codec, body in (
        (0, 1, b""),
        (0, 0, b"x"),
        (1, 0, b""),
        (1, 9, b""),
        (2, 1, b"c" * 32),
        (2, 0, b"c" * 31),
        (2, 0, b"c" * 33),
        (2, 0, b""),
    ):
        refused(data(form, codec, body))
    refused(data(0, 0, b"")[:-1])
    refused(data(1, 0, b"x")[:-1])


@pytest.mark.parametrize("plain", [ACT, NODE, AnyLayout(False, False, 1, 1, None, None, ACT)])
def test_a_layout_cut_short_anywhere_before_its_body_is_refused(plain: Plain) -> None:
    """FR-3, FR-4, FR-6."""
    data = frames.encode_plain(plain)
    for size in range(len(data) - len(b"body")):
        refused(data[:size])


# --- the form any -----------------------------------------------------------------------------------------------


def test_the_form_any_carries_what_its_flags_announce() -> None:
    """FR-6."""
    places = bytes.fromhex("00000007 00000008")
    for theirs, order_wire, key, commitment in itertools.product((False, True), repeat=4):
        plain = AnyLayout(
            theirs, order_wire, 7, 8, b"k" * 32 if key else None, b"c" * 32 if commitment else None, ACT
        )
        flags = bytes((theirs << 1 | order_wire << 2 | key << 3 | commitment << 4,))
        attached = b"k" * 32 * key + b"c" * 32 * commitment
        same(plain, head(8, 3, 2, 0, 0, 1, 2) + flags + places + attached + ACT_BYTES)
    for theirs, commitment in itertools.product((False, True), repeat=2):
        plain = AnyLayout(theirs, False, 7, 8, None, b"c" * 32 if commitment else None, NODE)
        flags = bytes((1 | theirs << 1 | commitment << 4,))
        same(plain, head(1, 0, 2, 1, 1, 1, 2) + flags + places + b"c" * 32 * commitment + NODE_BYTES)


def test_the_form_any_refuses_a_flag_without_meaning_and_a_statement_of_an_officer_or_of_line_0() -> None:
    """FR-6."""
    for flags in (0x20, 0x40, 0x80):
        refused(head(8, 3, 2, 0, 0, 1, 2) + bytes((flags,)) + bytes(8) + ACT_BYTES)
    refused(head(1, 0, 2, 1, 1, 1, 2) + bytes((1 | 4,)) + bytes(8) + NODE_BYTES)
    refused(head(1, 0, 2, 1, 1, 1, 2) + bytes((1 | 8,)) + bytes(8) + b"k" * 32 + NODE_BYTES)


# --- loose frames -----------------------------------------------------------------------------------------------


def loose(kind: int) -> bytes:
    return (kind << 10 | 3 << 6).to_bytes(2, "big")


def test_a_loose_frame_sets_no_bit_but_its_kind() -> None:
    """FR-7."""
    call = frames.encode_plain(Call(CallSign.RING, 0, 0))
    for bit in (0, 1, 2, 3, 4, 5, 8, 9):
        refused((int.from_bytes(call[:2], "big") | 1 << bit).to_bytes(2, "big") + call[2:])


def test_a_loose_kind_that_is_unknown_or_reserved_is_refused() -> None:
    for kind in set(range(64)) - {1, 2, 3, 4, 6, 7, 8}:
        for size in (0, 1, 7, 13):
            refused(loose(kind) + bytes(size))
    assert {int(kind) for kind in LooseKind} == {1, 2, 3, 4, 5, 6, 7, 8}


def test_a_sign_of_life_says_whether_somebody_has_the_watch_and_what_is_held() -> None:
    """FR-8."""
    numbers = bytes.fromhex("00000001 00000002 ffffffff")
    for watch, former in itertools.product((False, True, None), (False, True)):
        flags = {False: 0, True: 1, None: 2}[watch] | former << 2
        same(SignOfLife(watch, 1, 2, U32, former), loose(2) + bytes((flags,)) + numbers)
    assert SignOfLife(True, 1, 2, 3) == SignOfLife(True, 1, 2, 3, False)
    for flags in set(range(256)) - {0, 1, 2, 4, 5, 6}:
        refused(loose(2) + bytes((flags,)) + numbers)
    refused(loose(2) + b"\x00" + numbers[:-1])
    refused(loose(2) + b"\x00" + numbers + b"\x00")


def test_a_call_is_a_ring_an_answer_or_an_end_by_an_officer_or_by_nobody_named() -> None:
    """FR-10."""
    for number, sign in enumerate(CallSign, 1):
        for slot, by in ((0, 0), (U32, 65534)):
            same(
                Call(sign, slot, by),
                loose(4) + bytes((number,)) + slot.to_bytes(4, "big") + by.to_bytes(2, "big"),
            )
    refused(loose(4) + bytes.fromhex("00 00000000 0000"))
    refused(loose(4) + bytes.fromhex("04 00000000 0000"))
    refused(loose(4) + bytes.fromhex("01 00000000 ffff"))
    refused(loose(4) + bytes.fromhex("01 00000000 0000 00"))


@pytest.mark.parametrize("steps", range(7))
def test_a_prekey_comes_with_at_most_six_steps(steps: int) -> None:
    """FR-17: 1,409 bytes with the five of a batch of 32."""
    path = tuple(bytes((i,)) * 32 for i in range(steps))
    data = loose(6) + bytes.fromhex("00000003 0002") + KEY + b"".join(path)
    same(Prekey(3, 2, KEY, path), data)
    assert 9 + len(data) + 16 == 1249 + 32 * steps


def test_a_prekey_with_a_seventh_step_or_half_a_step_or_half_a_key_is_refused() -> None:
    """FR-17."""
    data = loose(6) + bytes.fromhex("ffffffff ffff") + KEY
    assert frames.decode_plain(data) == Prekey(U32, 65535, KEY, ())
    refused(data + bytes(32) * 7)
    refused(data + bytes(32) * 6 + b"\x00")
    refused(data + bytes(31))
    refused(data + bytes(33))
    refused(data[:-1])


def test_prekeys_are_asked_for_one_to_sixty_four_at_a_time() -> None:
    """FR-18: 34 bytes."""
    for batch, first, count in ((0, 0, 1), (3, 2, 8), (U32, 65535, 64)):
        data = loose(7) + batch.to_bytes(4, "big") + first.to_bytes(2, "big") + bytes((count,))
        same(PrekeysWanted(batch, first, count), data)
        assert 9 + len(data) + 16 == 34
    assert frames.NO_BATCH == U32
    for count in (0, 65, 255):
        refused(loose(7) + bytes(6) + bytes((count,)))
    refused(loose(7) + bytes(6))
    refused(loose(7) + bytes(6) + b"\x01\x00")


# --- the frontier -----------------------------------------------------------------------------------------------

FIXED = (
    bytes.fromhex("00000001") + b"o" * 32 + bytes.fromhex("00000002") + b"t" * 32 + bytes.fromhex("00000003")
)


def frontier(**changed: object) -> Frontier:
    return replace(Frontier(1, b"o" * 32, 2, b"t" * 32, 3), **changed)  # type: ignore[arg-type]


def test_a_frontier_tells_holes_by_their_distance_and_length() -> None:
    """FR-9."""
    same(frontier(), loose(3) + b"\x00" + FIXED + b"\x00\x00")
    same(frontier(more=True), loose(3) + b"\x01" + FIXED + b"\x00\x00")
    holes = ((5, 1), (6, 127), (200, 300))
    told = bytes.fromhex("03 0501 007f 43ac02")
    same(frontier(holes=holes), loose(3) + b"\x00" + FIXED + told + b"\x00")
    same(
        frontier(wanted=(0, 127, 128, U32)),
        loose(3) + b"\x00" + FIXED + b"\x00\x04\x00\x7f\x80\x01\xff\xff\xff\xff\x0f",
    )
    same(frontier(holes=((0, U32),)), loose(3) + b"\x00" + FIXED + b"\x01\x00\xff\xff\xff\xff\x0f\x00")


@pytest.mark.parametrize(
    "told",
    [
        "00",  # no count of wanted
        "01 05 00 00",  # a hole of no length
        "01 01 ffffffff0f 00",  # first and length beyond 2^32 - 1
        "02 00 ffffffff0f 01 01 00",  # the next hole begins beyond it
        "02 00 feffffff0f 01 01 00",  # or ends there
        "01 ffffffff1f 01 00",  # a varint over 2^32 - 1
        "01 8000 01 00",  # a varint not in its shortest form
        "00 01 808000",
        "00 01 ff8000",
        "00 01 ffffffff8f00",  # a varint of six bytes
        "00 01 8080808080",
        "00 01 80",  # a varint cut short
        "00 02 00",
        "00 00 00",  # bytes left over
    ],
)
def test_a_frontier_with_a_defect_is_refused(told: str) -> None:
    """FR-9."""
    refused(loose(3) + b"\x00" + FIXED + bytes.fromhex(told))


def test_a_frontier_of_more_than_140_bytes_is_refused() -> None:
    """FR-9: also where every number in it would do."""
    most = loose(3) + b"\x00" + FIXED + b"\x00" + bytes((34,)) + bytes(34)
    assert 9 + len(most) + 16 == 140
    assert frames.decode_plain(most) == frontier(wanted=(0,) * 34)
    refused(loose(3) + b"\x00" + FIXED + b"\x00" + bytes((35,)) + bytes(35))


def test_a_frontier_has_no_flag_but_more() -> None:
    """FR-9."""
    for flags in (2, 3, 4, 128, 255):
        refused(loose(3) + bytes((flags,)) + FIXED + b"\x00\x00")


def frame_size(plain: Plain) -> int:
    return 9 + len(frames.encode_plain(plain)) + 16


def test_a_frontier_fills_140_bytes_to_the_last_and_says_when_not_all_fitted() -> None:
    """FR-9: 34 bytes are left for holes and wanted."""
    seventeen = tuple((3 * i, 1) for i in range(17))
    full = frontier(holes=seventeen)
    assert frame_size(full) == 140 and frames.decode_plain(frames.encode_plain(full)) == full
    over = frames.decode_plain(frames.encode_plain(frontier(holes=(*seventeen, (99, 1)))))
    assert over == frontier(holes=seventeen, more=True)
    wide = frontier(holes=(*seventeen[:16], (60, 200)))  # the last takes three bytes where two are left
    assert frames.decode_plain(frames.encode_plain(wide)) == frontier(holes=seventeen[:16], more=True)
    both = frontier(holes=seventeen[:16], wanted=(1, 2))
    assert frame_size(both) == 140 and frames.decode_plain(frames.encode_plain(both)) == both
    one_over = frontier(holes=seventeen[:16], wanted=(1, 2, 3))
    assert frames.decode_plain(frames.encode_plain(one_over)) == replace(both, more=True)
    begun = (*seventeen[:14], (42, 130))  # 31 bytes; then one of four, and one of three that would fit
    later = frontier(holes=(*begun, (400, 300), (701, 1)))
    assert frames.decode_plain(frames.encode_plain(later)) == frontier(holes=begun, more=True)
    wide = frontier(wanted=(*range(33), 128, 5))
    assert frames.decode_plain(frames.encode_plain(wide)) == frontier(wanted=tuple(range(33)), more=True)
    wanted = frontier(wanted=tuple(range(40)))
    assert frame_size(wanted) == 140
    assert frames.decode_plain(frames.encode_plain(wanted)) == frontier(wanted=tuple(range(34)), more=True)


def test_the_numbers_of_forms_are_those_of_the_spec() -> None:
    """FR-2."""
    assert [int(form) for form in Form] == [0, 1, 2, 3]
    assert [int(form) for form in BodyForm] == [0, 1, 2, 3]
    assert [int(sign) for sign in CallSign] == [1, 2, 3]
