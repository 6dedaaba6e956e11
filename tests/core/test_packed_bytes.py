"""Packed bodies byte by byte, at their bounds (spec 8)."""

from __future__ import annotations

import hashlib
import zlib

import pytest

from parley.core.errors import RemoteError
from parley.core.types import ActKind, Body, NodeKind, Value
from parley.core.wire import body as bodies
from parley.core.wire import cbor, phrases
from parley.core.wire.body import Context

MESSAGE, ACKNOWLEDGE, RECEIPT = ActKind.MESSAGE, ActKind.ACKNOWLEDGE, NodeKind.RECEIPT
NAME, OTHER = hashlib.sha256(b"name").digest(), hashlib.sha256(b"other").digest()
CONTEXT = Context(
    ("en", "ko"),
    lambda name: 0x01020304 if name == NAME else None,
    lambda place: NAME if place == 0x01020304 else None,
)
PLACE = bytes.fromhex("01020304")


def message(*paragraphs: Value, language: str = "en", **fields: Value) -> Body:
    named = ("subject", "name", "form", "references", "reply_by", "stale_after")
    return (language, *(fields.get(name) for name in named), *paragraphs)


def deflated(data: bytes) -> bytes:
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    return squeeze.compress(data) + squeeze.flush()


def both_ways(node: bool, kind: int, body: Body, codec: int, data: bytes, context: Context = CONTEXT) -> None:
    assert bodies.pack(node, kind, body, context) == (codec, data)
    assert bodies.unpack(node, kind, codec, data, context) == body


def refused(node: bool, kind: int, codec: int, data: bytes, context: Context = CONTEXT) -> None:
    with pytest.raises(RemoteError):
        bodies.unpack(node, kind, codec, data, context)


# --- messages ---------------------------------------------------------------------------------------------------


def test_a_message_is_its_presence_then_its_numbers_then_its_texts() -> None:
    """PK-5."""
    both_ways(False, MESSAGE, message("Text."), 0x00, b"\x00Text.")
    both_ways(False, MESSAGE, message("Text.", subject="S"), 0x00, b"\x01S\nText.")
    both_ways(False, MESSAGE, message("Text.", name="N"), 0x00, b"\x02N\nText.")
    both_ways(False, MESSAGE, message("Text.", form="F"), 0x00, b"\x04F\nText.")
    both_ways(False, MESSAGE, message("T", references=(NAME,)), 0x00, b"\x08" + cbor.encode((NAME,)) + b"T")
    both_ways(False, MESSAGE, message("Text.", reply_by=5), 0x00, b"\x10\x05Text.")
    both_ways(False, MESSAGE, message("Text.", stale_after=500), 0x00, b"\x20\x19\x01\xf4Text.")
    full = message("A", "B", subject="S", name="N", form="F", references=(NAME,), reply_by=1, stale_after=2)
    head = b"\x3f" + cbor.encode((NAME,)) + b"\x01\x02"
    both_ways(False, MESSAGE, full, 0x00, head + b"S\nN\nF\nA\nB")


def test_the_language_is_an_index_into_the_accords_list_or_the_first_text() -> None:
    """PK-1, PK-9: index 15 says that it is written out."""
    both_ways(False, MESSAGE, message("A", language="ko"), 0x10, b"\x00A")
    both_ways(False, MESSAGE, message("A", language="fr"), 0xF0, b"\x00fr\nA")
    both_ways(False, MESSAGE, message("A", language="fr", subject="S"), 0xF0, b"\x01fr\nS\nA")
    many = Context(tuple(f"l{i}" for i in range(15)))
    both_ways(False, MESSAGE, message("A", language="l14"), 0xE0, b"\x00A", many)
    refused(False, MESSAGE, 0x20, b"\x00A")
    refused(False, MESSAGE, 0xE0, b"\x00A")
    sixteen = Context(tuple(f"l{i}" for i in range(16)))
    both_ways(False, MESSAGE, message("A", language="l15"), 0xF0, b"\x00l15\nA", sixteen)


def test_texts_marked_present_are_taken_one_by_one_and_none_may_lack() -> None:
    """PK-5."""
    for bitmap, texts in ((0x01, b"S"), (0x03, b"S\nN"), (0x07, b"S\nN\nF")):
        found = bodies.unpack(False, MESSAGE, 0, bytes((bitmap,)) + texts, CONTEXT)
        assert len(found) == 7  # without a paragraph: its schema does not hold, it is no frame to refuse
    refused(False, MESSAGE, 0, b"\x03")
    refused(False, MESSAGE, 0, b"\x03S")
    refused(False, MESSAGE, 0, b"\x07S\nN")
    refused(False, MESSAGE, 0xF0, b"\x01fr")
    for number in (0x08, 0x10, 0x20):
        refused(False, MESSAGE, 0, bytes((number,)) + b"\xf6A")
        refused(False, MESSAGE, 0, bytes((number,)))
    refused(False, MESSAGE, 0, b"\x40A")
    refused(False, MESSAGE, 0, b"\x80A")
    refused(False, MESSAGE, 0, b"")


@pytest.mark.parametrize(
    ("charset", "name", "text"),
    [(0, "utf-8", "é"), (1, "ascii", "e"), (2, "cp949", "한국"), (3, "gb18030", "中文")],
)
def test_each_charset_has_its_number_with_and_without_deflate(charset: int, name: str, text: str) -> None:
    """PK-1, PK-2, PK-4."""
    coded = text.encode(name)
    assert bodies.unpack(False, MESSAGE, charset, b"\x00" + coded, CONTEXT) == message(text)
    # the codec's DEFLATE is over the texts alone
    assert bodies.unpack(False, MESSAGE, charset | 8, b"\x00" + deflated(coded), CONTEXT) == message(text)
    refused(False, MESSAGE, charset | 8, b"\x00" + coded)
    refused(False, MESSAGE, 6, b"\x00" + coded)


def test_the_shortest_packing_is_taken_and_of_equally_short_ones_the_lowest_codec() -> None:
    """PK-2."""
    codec, data = bodies.pack(False, MESSAGE, message("한국"), CONTEXT)
    assert (codec, data) == (2, b"\x00" + "한국".encode("cp949"))
    both_ways(False, MESSAGE, message("é"), 0, b"\x00\xc3\xa9")  # GB18030 has it in two bytes as well
    codec, data = bodies.pack(False, MESSAGE, message("a" * 300), CONTEXT)
    assert codec == 8 and len(data) < 20
    assert bodies.unpack(False, MESSAGE, codec, data, CONTEXT) == message("a" * 300)


def test_a_text_by_phrases_has_the_number_of_its_table_and_no_deflate() -> None:
    """PK-11: the frame is nine bytes longer with it, so a short text goes otherwise."""
    text = "사격을 중지하여 주시기 바랍니다. 수신을 확인하여 주시기 바랍니다."
    by_phrases = phrases.encode(phrases.KOREAN, text)
    assert by_phrases is not None
    both_ways(False, MESSAGE, message(text), 0x05, b"\x00" + by_phrases)
    both_ways(False, MESSAGE, message(text, language="ko"), 0x15, b"\x00" + by_phrases)
    refused(False, MESSAGE, 0x0D, b"\x00" + by_phrases)
    refused(False, MESSAGE, 0x0D, b"\x00" + deflated(by_phrases))
    both_ways(False, ACKNOWLEDGE, (NAME, 2, text), 0x05, PLACE + b"\x02" + by_phrases)
    refused(False, ACKNOWLEDGE, 0x05, PLACE + b"\x02")
    refused(True, RECEIPT, 0x04, PLACE + NAME)


def test_a_text_of_theirs_that_breaks_its_schema_is_packed_all_the_same_and_not_by_phrases() -> None:
    """PK-14: history of the receiver's own log is sent back as it is."""
    text = "Please confirm receipt\x07 of our message of this morning."
    codec, data = bodies.pack(False, MESSAGE, message(text), CONTEXT, phrases_cost=0)
    assert not bodies.by_phrases(codec)
    assert bodies.unpack(False, MESSAGE, codec, data, CONTEXT) == message(text)


# --- acknowledgements and receipts ------------------------------------------------------------------------------


def test_an_acknowledgement_is_place_grade_and_what_was_read_back() -> None:
    """PK-6."""
    both_ways(False, ACKNOWLEDGE, (NAME, 1, None), 0, PLACE + b"\x01")
    both_ways(False, ACKNOWLEDGE, (NAME, 2, "Hold"), 0, PLACE + b"\x02Hold")
    both_ways(False, ACKNOWLEDGE, (NAME, 2, "한국"), 2, PLACE + b"\x02" + "한국".encode("cp949"))


def test_an_empty_read_back_and_an_act_not_held_go_as_the_array() -> None:
    """PK-6, PK-8: none and an empty one would look alike."""
    for body in ((NAME, 2, ""), (OTHER, 1, None), (OTHER, 1, "Hold")):
        both_ways(False, ACKNOWLEDGE, body, 7, cbor.encode(body))


def test_an_acknowledgement_too_short_or_with_a_codec_for_nothing_is_refused() -> None:
    """PK-6."""
    refused(False, ACKNOWLEDGE, 0, PLACE)
    refused(False, ACKNOWLEDGE, 0, b"")
    for codec in (1, 2, 3, 8, 0x10, 0xF0):
        refused(False, ACKNOWLEDGE, codec, PLACE + b"\x01")
    refused(False, ACKNOWLEDGE, 0x10, PLACE + b"\x02Hold")
    refused(False, ACKNOWLEDGE, 0, b"\x00\x00\x00\x09\x01")
    refused(False, ACKNOWLEDGE, 8, PLACE + b"\x02" + deflated(b""))  # an empty read-back goes as the array
    assert bodies.unpack(False, ACKNOWLEDGE, 1, PLACE + b"\x02H", CONTEXT) == (NAME, 2, "H")
    assert bodies.unpack(False, ACKNOWLEDGE, 9, PLACE + b"\x02" + deflated(b"H"), CONTEXT) == (NAME, 2, "H")


def test_a_receipt_is_36_bytes_for_each_entry_it_names_and_an_empty_one_the_array() -> None:
    """PK-7."""
    both_ways(True, RECEIPT, ((5, NAME),), 0, bytes.fromhex("00000005") + NAME)
    both_ways(True, RECEIPT, ((5, NAME), (7, OTHER)), 0, b"\0\0\0\5" + NAME + b"\0\0\0\7" + OTHER)
    for codec, data in (
        (0, b""),
        (0, bytes(35)),
        (0, bytes(37)),
        (1, bytes(36)),
        (8, bytes(36)),
        (0x10, bytes(36)),
    ):
        refused(True, RECEIPT, codec, data)


def test_only_these_three_kinds_have_a_packing_of_their_own() -> None:
    """PK-8: an act and a statement of one number are told apart."""
    for node, kind in ((True, 8), (True, 7), (False, 1), (False, 5), (True, 2), (False, 63)):
        refused(node, kind, 0, b"\x00Text.")
        refused(node, kind, 0, bytes(36))
        refused(node, kind, 0, PLACE + b"\x01")
        assert bodies.unpack(node, kind, 7, cbor.encode((1, "x")), CONTEXT) == (1, "x")
        assert bodies.pack(node, kind, (1, "x"), CONTEXT) == (7, cbor.encode((1, "x")))


# --- the array --------------------------------------------------------------------------------------------------


def test_the_array_goes_for_every_kind_with_or_without_deflate_and_names_no_language() -> None:
    """PK-8."""
    data = cbor.encode((1, "x"))
    for node, kind in ((False, 8), (False, 7), (True, 1), (True, 3)):
        assert bodies.unpack(node, kind, 7, data, CONTEXT) == (1, "x")
        assert bodies.unpack(node, kind, 15, deflated(data), CONTEXT) == (1, "x")
        for codec in (0x17, 0x1F, 0xF7):
            refused(node, kind, codec, data if codec & 15 == 7 else deflated(data))
        refused(node, kind, 15, data)
        for other in (5, "body", {0: 1}, None, b"body", ()):
            refused(node, kind, 7, cbor.encode(other))
    long: Body = (bytes(500),)
    assert bodies.pack(True, 3, long, CONTEXT) == (15, deflated(cbor.encode(long)))


def test_unpacking_gives_2048_bytes_and_not_one_more() -> None:
    """PK-3."""
    most = cbor.encode((bytes(2044),))
    assert len(most) == 2048
    assert bodies.unpack(True, 63, 15, deflated(most), CONTEXT) == (bytes(2044),)
    squeeze = zlib.compressobj(0, zlib.DEFLATED, -15)
    in_blocks = (
        squeeze.compress(most) + squeeze.flush(zlib.Z_FULL_FLUSH) + squeeze.flush()
    )  # the last one empty
    assert bodies.unpack(True, 63, 15, in_blocks, CONTEXT) == (bytes(2044),)
    refused(True, 63, 15, deflated(cbor.encode((bytes(2045),))))
    refused(True, 63, 15, deflated(most)[:-1])
    refused(True, 63, 15, deflated(most) + b"\x00")
    refused(True, 63, 15, b"\xff\xff")
    refused(True, 63, 15, b"")


def test_nothing_is_known_of_a_log_unless_it_is_said() -> None:
    nothing = Context()
    assert nothing.languages == () and nothing.place_of(NAME) is None and nothing.act_at(0) is None
    refused(False, ACKNOWLEDGE, 0, PLACE + b"\x01", nothing)
    assert bodies.pack(False, ACKNOWLEDGE, (NAME, 1, None), nothing)[0] == 7
