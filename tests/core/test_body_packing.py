"""How a body becomes small and is rebuilt to the byte (spec sections 6 and 8)."""

from __future__ import annotations

import contextlib
import hashlib
import unicodedata
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.core.errors import LocalError, RemoteError
from parley.core.instruments import message
from parley.core.types import ActKind, Body, NodeKind, Value
from parley.core.wire import body as bodies
from parley.core.wire import cbor
from parley.core.wire.body import Context

LANGUAGES = ("en", "ko", "fr")
KOREAN = "양측은 다음 접촉을 내일 아홉 시에 하기로 하였다. 확인 바람."
ENGLISH = "Please confirm receipt of our message of this morning."
TEXTS = st.sampled_from(
    [KOREAN, ENGLISH, "Où êtes-vous ?", "Подтвердите", "確認してください", "请确认收到", "🕊", ""]
)
ANY_TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=40).map(
    lambda t: unicodedata.normalize("NFC", t)
)
TEXT = TEXTS | ANY_TEXT
U32 = st.integers(0, 2**32 - 1)
HASH = st.binary(min_size=32, max_size=32)


def optional(what: st.SearchStrategy[Value]) -> st.SearchStrategy[Value]:
    return st.none() | what


MESSAGES = st.tuples(
    st.sampled_from(["en", "ko", "fr", "de", "zh-Hant"]),
    optional(TEXT),
    optional(TEXT),
    optional(TEXT),
    optional(st.lists(HASH, min_size=1, max_size=3).map(tuple)),
    optional(U32),
    optional(U32),
    st.lists(TEXT, min_size=1, max_size=4).map(tuple),
).map(lambda m: (*m[:7], *m[7]))


@settings(max_examples=120, deadline=None)
@given(MESSAGES)
def test_a_message_in_any_script_is_unpacked_to_the_fields_it_was_packed_from(body: Body) -> None:
    """PK-1, PK-4, PK-5, PK-9."""
    bodies.check_act(ActKind.MESSAGE, body)
    context = Context(LANGUAGES)
    codec, packed = bodies.pack(False, ActKind.MESSAGE, body, context)
    assert bodies.unpack(False, ActKind.MESSAGE, codec, packed, context) == body
    assert len(packed) <= len(cbor.encode(body))


@settings(max_examples=60, deadline=None)
@given(MESSAGES)
def test_every_packing_a_sender_may_choose_gives_the_same_fields(body: Body) -> None:
    """PK-2: coding is never evidence."""
    context = Context(LANGUAGES)
    for codec, packed in bodies._pack_message(body, context):
        assert bodies.unpack(False, ActKind.MESSAGE, codec, packed, context) == body
    plain = cbor.encode(body)
    assert bodies.unpack(False, ActKind.MESSAGE, 7, plain, context) == body


@pytest.mark.parametrize(
    ("text", "charset", "bytes_a_sign"), [(ENGLISH * 3, 0, 1), (KOREAN * 3, 2, 2), ("请确认收到" * 9, 3, 2)]
)
def test_the_shortest_charset_is_taken(text: str, charset: int, bytes_a_sign: int) -> None:
    """PK-4."""
    body: Body = ("en", None, None, None, None, None, None, text)
    codec, packed = bodies.pack(False, ActKind.MESSAGE, body, Context(LANGUAGES), phrases_cost=None)
    assert codec & 7 == charset and codec & bodies.DEFLATE
    assert len(packed) < len(text) * bytes_a_sign


@pytest.mark.parametrize(("text", "charset"), [(ENGLISH, 4), (KOREAN, 5)])
def test_phrases_are_taken_where_the_whole_frame_becomes_shorter(text: str, charset: int) -> None:
    """PK-16: nine bytes dearer where the form is not *any* anyway, and never towards an end that could not rebuild."""
    body: Body = ("en", None, None, None, None, None, None, text)

    def packed(cost: int | None) -> tuple[int, int]:
        codec, data = bodies.pack(False, ActKind.MESSAGE, body, Context(LANGUAGES), phrases_cost=cost)
        return codec & 7, len(data)

    (free, short), (_, plain) = packed(0), packed(None)
    assert free == charset and short < plain and packed(bodies.ANY_FORM_BYTES) == (free, short)
    assert packed(plain - short - 1) == (free, short)
    assert packed(plain - short + 1)[1] == packed(1000)[1] == plain


def test_the_language_costs_nothing_when_the_accord_lists_it() -> None:
    """PK-9."""
    for language, index in (("en", 0), ("fr", 2), ("de", 15)):
        body: Body = (language, None, None, None, None, None, None, "Hm.")
        codec, packed = bodies.pack(False, ActKind.MESSAGE, body, Context(LANGUAGES))
        assert codec >> 4 == index and len(packed) == (4 if index < 15 else 7)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 6), optional(TEXT))
def test_an_acknowledgement_leaves_its_act_id_out_where_the_place_tells_it(grade: int, back: Value) -> None:
    """PK-6."""
    body: Body = (bytes(32), grade, back)
    context = Context(LANGUAGES, {bytes(32): 77}.get, {77: bytes(32)}.get)
    codec, packed = bodies.pack(False, ActKind.ACKNOWLEDGE, body, context)
    assert bodies.unpack(False, ActKind.ACKNOWLEDGE, codec, packed, context) == body
    if back != "":
        assert packed[:5] == (77).to_bytes(4, "big") + bytes((grade,))
        with pytest.raises(RemoteError):
            bodies.unpack(False, ActKind.ACKNOWLEDGE, codec, packed, Context(LANGUAGES))
    codec, packed = bodies.pack(False, ActKind.ACKNOWLEDGE, body, Context(LANGUAGES))
    assert codec & 7 == bodies.CHARSET_CBOR


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5), TEXT, TEXT, optional(TEXT), st.booleans())
def test_a_tender_comes_back_and_leaves_out_the_tender_it_takes_the_place_of(
    kind: int, name: str, to: str, rank: Value, again: bool
) -> None:
    """PK-18."""
    body: Body = (kind, name, to, rank, bytes(32) if again else None)
    context = Context(LANGUAGES, own_place_of={bytes(32): 77}.get, their_act_at={77: bytes(32)}.get)
    codec, packed = bodies.pack(False, ActKind.TENDER, body, context)
    assert bodies.unpack(False, ActKind.TENDER, codec, packed, context) == body
    if again and codec & 7 != bodies.CHARSET_CBOR:
        assert packed[1:5] == (77).to_bytes(4, "big")
        with pytest.raises(RemoteError):
            bodies.unpack(False, ActKind.TENDER, codec, packed, Context(LANGUAGES))
    if again:  # a place we do not know cannot be told: as CBOR
        codec, packed = bodies.pack(False, ActKind.TENDER, body, Context(LANGUAGES))
        assert codec & 7 == bodies.CHARSET_CBOR


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 3), optional(TEXT))
def test_an_answer_to_a_tender_names_it_by_its_place(answer: int, reason: Value) -> None:
    """PK-19."""
    body: Body = (bytes(32), answer, None if reason is None else "en", reason)
    context = Context(LANGUAGES, {bytes(32): 77}.get, {77: bytes(32)}.get)
    codec, packed = bodies.pack(False, ActKind.TENDER_ANSWER, body, context)
    assert bodies.unpack(False, ActKind.TENDER_ANSWER, codec, packed, context) == body
    if codec & 7 != bodies.CHARSET_CBOR:
        assert packed[:5] == (77).to_bytes(4, "big") + bytes((answer,))
        with pytest.raises(RemoteError):
            bodies.unpack(False, ActKind.TENDER_ANSWER, codec, packed, Context(LANGUAGES))
    codec, packed = bodies.pack(False, ActKind.TENDER_ANSWER, body, Context(LANGUAGES))
    assert codec & 7 == bodies.CHARSET_CBOR


@pytest.mark.parametrize(
    ("kind", "packed"),
    [
        (ActKind.TENDER, b""),
        (ActKind.TENDER, b"\x41a\nb"),
        (ActKind.TENDER, b"\x01a"),
        (ActKind.TENDER, b"\x01a\nb\nc"),
        (ActKind.TENDER, b"\x11a\nb"),
        (ActKind.TENDER, b"\x21\x00\x00\x00\x08a\nb"),
        (ActKind.TENDER, b"\x21\x00"),
        (ActKind.TENDER_ANSWER, b"\x00\x00\x00\x4d"),
        (ActKind.TENDER_ANSWER, b"\x00\x00\x00\x08\x01"),
        (ActKind.TENDER_ANSWER, b"\x00\x00\x00\x4d\x02reason"),
        (ActKind.TENDER_ANSWER, b"\x00\x00\x00\x4d\x02en\nrea\nson"),
    ],
)
def test_a_packed_tender_or_answer_out_of_its_form_is_refused(kind: int, packed: bytes) -> None:
    """PK-18, PK-19."""
    at = {77: bytes(32)}.get
    context = Context(LANGUAGES, act_at=at, their_act_at=at)
    for codec in (0, 1):
        with pytest.raises(RemoteError):
            bodies.unpack(False, kind, codec, packed, context)
    with pytest.raises(RemoteError):
        bodies.unpack(False, kind, 0x11, packed, context)


def test_a_receipt_is_packed_as_thirty_six_bytes_an_entry() -> None:
    """PK-7."""
    body: Body = ((5, hashlib.sha256(b"5").digest()), (9, hashlib.sha256(b"9").digest()))
    codec, packed = bodies.pack(True, NodeKind.RECEIPT, body, Context())
    assert (codec, len(packed)) == (0, 72)
    assert bodies.unpack(True, NodeKind.RECEIPT, codec, packed, Context()) == body


@pytest.mark.parametrize(
    "kind",
    [
        k
        for k in ActKind
        if k not in (ActKind.MESSAGE, ActKind.ACKNOWLEDGE, ActKind.TENDER, ActKind.TENDER_ANSWER)
    ]
    + [63],
)
def test_a_kind_without_a_packing_goes_as_the_array_of_its_fields(kind: int) -> None:
    """PK-8."""
    body: Body = (None, 5, "en", "x" * 200, (bytes(32),))
    codec, packed = bodies.pack(False, kind, body, Context(LANGUAGES))
    assert codec == bodies.CHARSET_CBOR | bodies.DEFLATE
    assert bodies.unpack(False, kind, codec, packed, Context()) == body
    with pytest.raises(RemoteError):
        bodies.unpack(False, kind, 0, packed, Context())


@settings(max_examples=300, deadline=None)
@given(st.booleans(), st.integers(0, 63), st.integers(0, 255), st.binary(max_size=80))
def test_random_bytes_unpack_to_a_body_or_raise_a_remote_error(
    node: bool, kind: int, codec: int, data: bytes
) -> None:
    """PK-3."""
    for each in (kind, 8, 7, 1):
        try:
            body = bodies.unpack(node, each, codec, data, Context(LANGUAGES, act_at=lambda _: bytes(32)))
            (bodies.check_statement if node else bodies.check_act)(each, body)
        except RemoteError:
            pass


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(0, 9) | st.none() | st.just(b"") | st.just("é") | st.just(()), max_size=9).map(tuple)
)
def test_a_schema_passes_or_raises_a_remote_error(body: Body) -> None:
    """KI-2, KI-3, KI-5."""
    for kind in range(64):
        for check in (bodies.check_act, bodies.check_statement):
            with contextlib.suppress(RemoteError):
                check(kind, body)


def test_what_unpacks_to_too_much_or_does_not_end_is_refused() -> None:
    """PK-3."""

    def deflated(data: bytes) -> bytes:
        squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
        return squeeze.compress(data) + squeeze.flush()

    good = b"\x00" + deflated(b"x" * 2048)
    assert bodies.unpack(False, ActKind.MESSAGE, 0x09, good, Context(LANGUAGES))[-1] == "x" * 2048
    for bad in (deflated(bytes(2049)), deflated(bytes(10**6)), good[1:-1], good[1:] + b"\x00", b"\xff"):
        with pytest.raises(RemoteError):
            bodies.unpack(False, ActKind.MESSAGE, 0x09, b"\x00" + bad, Context(LANGUAGES))


@pytest.mark.parametrize(
    ("codec", "data"),
    [
        (0x06, b"\x00x"),  # a charset of later
        (0x0C, b"\x00x"),  # phrases in DEFLATE
        (0x30, b"\x00x"),  # a language the accord does not list
        (0x17, b"\x80"),  # a language beside the array
        (0x00, b""),
        (0x00, b"\x40x"),  # a bit that means nothing
        (0x00, b"\x07x"),  # three texts marked, one there
        (0x00, b"\x10\xf6x"),  # marked present, and null
        (0x01, b"\x00\xff"),
        (0x02, b"\x00\xff\xff"),
        (0x03, b"\x00\xff"),
    ],
)
def test_a_packed_message_with_a_defect_is_refused(codec: int, data: bytes) -> None:
    """PK-1, PK-4, PK-5."""
    with pytest.raises(RemoteError):
        bodies.unpack(False, ActKind.MESSAGE, codec, data, Context(LANGUAGES))


def test_more_fields_than_sixty_four_or_a_text_not_in_nfc_break_the_schema() -> None:
    """KI-5, CV-3."""
    head: Body = ("en", None, None, None, None, None, None)
    bodies.check_act(ActKind.MESSAGE, (*head, *["x"] * 57))
    for bad in (("x",) * 58, ("e\u0301",), ("a\nb",), ("\x85",), (None,), ()):
        with pytest.raises(RemoteError):
            bodies.check_act(ActKind.MESSAGE, (*head, *bad))
    with pytest.raises(RemoteError):
        bodies.check_act(63, (1,) * 65)


def test_what_an_officer_typed_is_never_cut_short() -> None:
    """KI-5, CV-3: a text that cannot be carried whole is refused to his face."""
    typed = message.written("en", "One.\r\n\n\tTwo. \nThre\u0065\u0301.", references=(bytes(32),))
    assert typed.paragraphs == ("One.", " Two.", "Thre\u00e9.")
    bodies.check_act(ActKind.MESSAGE, message.body(typed))
    assert message.message(message.body(typed)) == typed
    for text in ("\n".join(["x"] * 58), "x" * 1601, "\ud800", "\x07"):
        with pytest.raises(LocalError):
            message.written("en", text)
