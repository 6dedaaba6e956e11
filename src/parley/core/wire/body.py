"""How a body becomes small on the wire, and is rebuilt to the byte (spec 6 and 8).

The commitment is over the fields, so packing is never evidence: a sender takes the shortest form he
knows, a receiver unpacks any. The codec byte says how: language 4 bits, DEFLATE 1, charset 3; two of the
charsets are the phrase dictionaries of `phrases`.
A kind without a packing of its own goes as the CBOR array of its fields (charset 7).

What a packing leaves out the receiver must be able to rebuild: the language from the accord's list,
the act an acknowledgement names from its place in the receiver's own log.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

from parley.core.errors import RemoteError
from parley.core.types import (
    BATCH_MAX,
    BODY_FIELDS_MAX,
    ENTRY_AND_BODY_BYTES_MAX,
    HASH_BYTES,
    SEALED_SECRET_BYTES,
    U16,
    U32,
    ActKind,
    Body,
    Grade,
    LetterClass,
    NodeKind,
    Power,
    Subject,
    TenderAnswer,
    Tier,
    Value,
    exactly,
    text,
    within,
)
from parley.core.wire import cbor, phrases

CHARSETS = {0: "utf-8", 1: "ascii", 2: "cp949", 3: "gb18030"}
CHARSET_CBOR = 7  # not text: the CBOR array of all fields
DEFLATE = 0x08
LANGUAGE_IN_BODY = 15
ANY_FORM_BYTES = (
    9  # what the form *any*, in which a text by phrases goes, takes more than the others (spec 7.8)
)
PARAGRAPH_BYTES_MAX = 1600
NAME_BYTES_MAX = 128  # in whose name, to whom, by which channel
RANK_BYTES_MAX = 64
OBJECT_BYTES_MAX = 1 << 20
ANNOUNCEMENT_FIELDS = 6  # before the paragraphs
CONTACT_FIELDS = 7  # three more where it says what was proven
MESSAGE_OPTIONAL = 6  # subject, in whose name, form of address, references, reply by, stale after


@dataclass(frozen=True, slots=True)
class Context:
    """What both ends know and a packing may leave out.

    `languages`: the accord's list. `place_of`: the sequence, in the log of the party that is
    answered, of an act id. `act_at`: the reverse. `own_place_of` and `their_act_at`: the same for the log of the
    party that speaks. Each gives None for what is not held.
    """

    languages: tuple[str, ...] = ()
    place_of: Callable[[bytes], int | None] = lambda act_id: None
    act_at: Callable[[int], bytes | None] = lambda sequence: None
    own_place_of: Callable[[bytes], int | None] = lambda act_id: None
    their_act_at: Callable[[int], bytes | None] = lambda sequence: None


# --- schemas ----------------------------------------------------------------------------------


def check_act(kind: int, body: Body) -> None:
    """Whether `body` has the schema of `kind` (spec 6.1). Raises RemoteError if not.

    Unknown kinds have no schema and pass: they are stored, receipted and shown as unknown.
    """
    if len(body) > BODY_FIELDS_MAX:
        raise RemoteError(f"body has {len(body)} fields, over {BODY_FIELDS_MAX}")
    check = _ACT_SCHEMAS.get(kind)
    if check is not None:
        check(body)


def check_statement(kind: int, body: Body) -> None:
    """Whether `body` has the schema of a statement of `kind` (spec 6.2). Raises RemoteError if not."""
    if len(body) > BODY_FIELDS_MAX:
        raise RemoteError(f"body has {len(body)} fields, over {BODY_FIELDS_MAX}")
    check = _NODE_SCHEMAS.get(kind)
    if check is not None:
        check(body)


def _check_roster(body: Body) -> None:
    if not body:
        raise RemoteError("roster without a delegation")
    for field in body:
        author, key, office, precedence_max, powers = cbor.array(field, 5, "delegation")
        within("author", cbor.integer(author), 1, U16 - 1)
        exactly("officer key", cbor.octets(key), 32)
        text("office", cbor.string(office), 64)
        within("highest precedence", cbor.integer(precedence_max), 0, 3)
        within("powers", cbor.integer(powers), 0, int(~Power.NONE))


def _check_offer(body: Body) -> None:
    subject, terms = _fields(body, 2)
    within("subject", cbor.integer(subject), min(Subject), max(Subject))
    cbor.octets(terms)


def _check_hash(body: Body) -> None:
    (name,) = _fields(body, 1)
    exactly("hash", cbor.octets(name), HASH_BYTES)


def _check_sever(body: Body) -> None:
    lines, at, language, grounds = _fields(body, 4)
    if lines is not None:
        if not isinstance(lines, tuple) or not lines:
            raise RemoteError("list of lines is neither null nor a list")
        for line in lines:
            exactly("line id", cbor.octets(line), HASH_BYTES)
    within("time of the cut", cbor.integer(at), 0, U32)
    text("language", cbor.string(language), 16)
    text("grounds", cbor.string(grounds), PARAGRAPH_BYTES_MAX)


def _check_cancel(body: Body) -> None:
    name, language, reason = _fields(body, 3)
    exactly("act id", cbor.octets(name), HASH_BYTES)
    text("language", cbor.string(language), 16)
    text("reason", cbor.string(reason), PARAGRAPH_BYTES_MAX)


def _check_acknowledge(body: Body) -> None:
    name, grade, read_back = _fields(body, 3)
    exactly("act id", cbor.octets(name), HASH_BYTES)
    within("grade", cbor.integer(grade), min(Grade), max(Grade))
    if read_back is not None:
        text("read-back", cbor.string(read_back), PARAGRAPH_BYTES_MAX)


def _check_message(body: Body) -> None:
    if len(body) < MESSAGE_OPTIONAL + 2:
        raise RemoteError("message without a paragraph")
    language, subject, name, form, references, reply_by, stale_after, *paragraphs = body
    text("language", cbor.string(language), 16)
    for what, field in (("subject", subject), ("in whose name", name), ("form of address", form)):
        if field is not None:
            text(what, cbor.string(field), 256)
    if references is not None:
        if not isinstance(references, tuple) or not 1 <= len(references) <= 16:
            raise RemoteError("references are neither null nor 1 to 16 act ids")
        for reference in references:
            exactly("act id", cbor.octets(reference), HASH_BYTES)
    for what, field in (("reply by", reply_by), ("stale after", stale_after)):
        if field is not None:
            within(what, cbor.integer(field), 0, U32)
    for paragraph in paragraphs:
        text("paragraph", cbor.string(paragraph), PARAGRAPH_BYTES_MAX)


def _check_tender(body: Body) -> None:
    kind, name, to, rank, instead_of = _fields(body, 5)
    within("class", cbor.integer(kind), min(LetterClass), max(LetterClass))
    _check_names(name, to, rank)
    if instead_of is not None:
        exactly("act id", cbor.octets(instead_of), HASH_BYTES)


def _check_names(name: Value, to: Value, rank: Value) -> None:
    text("in whose name", cbor.string(name), NAME_BYTES_MAX)
    text("to whom", cbor.string(to), NAME_BYTES_MAX)
    if rank is not None:
        text("rank", cbor.string(rank), RANK_BYTES_MAX)


def _check_tender_answer(body: Body) -> None:
    name, answer, language, reason = _fields(body, 4)
    exactly("act id", cbor.octets(name), HASH_BYTES)
    within("answer", cbor.integer(answer), min(TenderAnswer), max(TenderAnswer))
    if (language is None) != (reason is None):
        raise RemoteError("a reason and its language stand together")
    if reason is not None:
        text("language", cbor.string(language), 16)
        text("reason", cbor.string(reason), PARAGRAPH_BYTES_MAX)


def _check_letter(body: Body) -> None:
    tender, kind, name, to, rank, number, writer, addressee, named, content = _fields(body, 10)
    within("class", cbor.integer(kind), min(LetterClass), max(LetterClass))
    if tender is None:
        _check_names(name, to, rank)
    else:
        exactly("act id", cbor.octets(tender), HASH_BYTES)
        if (name, to, rank) != (None, None, None):
            raise RemoteError("a letter that names its tender says the names again")
    within("number", cbor.integer(number), 1, U32)
    root, size, salt = cbor.array(named, 3, "object")
    within("size of the object", cbor.integer(size), 1, OBJECT_BYTES_MAX)
    for what, value in (
        ("fingerprint", writer),
        ("fingerprint", addressee),
        ("root of the object", root),
        ("salt", salt),
        ("commitment to the content", content),
    ):
        exactly(what, cbor.octets(value), HASH_BYTES)


def _check_tier(body: Body) -> None:
    name, tier = _fields(body, 2)
    exactly("act id", cbor.octets(name), HASH_BYTES)
    within("tier", cbor.integer(tier), min(Tier), max(Tier))


def _check_announcement(body: Body) -> None:
    if len(body) < ANNOUNCEMENT_FIELDS + 1:
        raise RemoteError("announcement without a paragraph")
    terms, hour, channel, language, title, points, *paragraphs = body
    if terms is not None:
        exactly("terms", cbor.octets(terms), HASH_BYTES)
    within("announcement hour", cbor.integer(hour), 0, U32)
    text("channel", cbor.string(channel), NAME_BYTES_MAX)
    text("language", cbor.string(language), 16)
    text("title", cbor.string(title), 256)
    if points is not None:
        named = [within("point", cbor.integer(point), 0, 15) for point in cbor.items(points)]
        if named != sorted(set(named)):
            raise RemoteError("points of an announcement repeat, or are out of order")
    for paragraph in paragraphs:
        text("paragraph", cbor.string(paragraph), PARAGRAPH_BYTES_MAX)


def _check_receipt(body: Body) -> None:
    if len(body) > 3:
        raise RemoteError("receipt names more than three entries beyond a hole")
    for field in body:
        sequence, leaf = cbor.array(field, 2, "entry beyond a hole")
        within("sequence", cbor.integer(sequence), 0, U32)
        exactly("leaf hash", cbor.octets(leaf), HASH_BYTES)


def _check_epoch(body: Body) -> None:
    number, batch, index, sealed, floor = _fields(body, 5)
    within("epoch", cbor.integer(number), 1, U32)
    within("batch", cbor.integer(batch), 0, U32)
    within("index of a prekey", cbor.integer(index), 0, U16)
    exactly("sealed secret", cbor.octets(sealed), SEALED_SECRET_BYTES)
    within("floor", cbor.integer(floor), 0, U32)


def _check_prekeys(body: Body) -> None:
    count, root, reserved = _fields(body, 3)
    within("prekeys", cbor.integer(count), 1, BATCH_MAX)
    exactly("root", cbor.octets(root), HASH_BYTES)
    if reserved is not None:
        raise RemoteError("the place of a post-quantum signature is not null")


def _check_contact(body: Body) -> None:
    if len(body) == CONTACT_FIELDS + 3:
        _check_proven(body[CONTACT_FIELDS:])
        body = body[:CONTACT_FIELDS]
    first, last, slots, calls, answered_at, by, next_contact = _fields(body, CONTACT_FIELDS)
    for what, field in (("first slot", first), ("last slot", last), ("slots", slots), ("calls", calls)):
        within(what, cbor.integer(field), 0, U32)
    if answered_at is not None:
        within("answered at", cbor.integer(answered_at), 0, U32)
    if by is not None:
        within("answered by", cbor.integer(by), 0, U16 - 1)
    if next_contact is not None:
        within("next contact", cbor.integer(next_contact), 0, U32)


def _check_proven(more: Body) -> None:
    checks, author, content = more
    within("checks", cbor.integer(checks), 0, U16)
    if author is not None:
        within("their author", cbor.integer(author), 0, U16 - 1)
    within("content", cbor.integer(content), 0, 2)
    if (checks, author, content) == (0, None, 0):
        raise RemoteError("a contact says that it says nothing more")


def _check_empty(body: Body) -> None:
    if body:
        raise RemoteError("body is not empty")


_ACT_SCHEMAS: dict[int, Callable[[Body], None]] = {
    ActKind.ROSTER: _check_roster,
    ActKind.OFFER: _check_offer,
    ActKind.AGREE: _check_hash,
    ActKind.WITHDRAW: _check_hash,
    ActKind.SEVER: _check_sever,
    ActKind.CANCEL: _check_cancel,
    ActKind.ACKNOWLEDGE: _check_acknowledge,
    ActKind.MESSAGE: _check_message,
    ActKind.TENDER: _check_tender,
    ActKind.TENDER_ANSWER: _check_tender_answer,
    ActKind.LETTER: _check_letter,
    ActKind.TIER: _check_tier,
    ActKind.ANNOUNCEMENT: _check_announcement,
}
_NODE_SCHEMAS: dict[int, Callable[[Body], None]] = {
    NodeKind.RECEIPT: _check_receipt,
    NodeKind.HEAD: _check_empty,
    NodeKind.EPOCH: _check_epoch,
    NodeKind.ADOPT: _check_hash,
    NodeKind.CONTACT: _check_contact,
    NodeKind.PREKEYS: _check_prekeys,
}


# --- packing ----------------------------------------------------------------------------------


def pack(
    node: bool, kind: int, body: Body, context: Context, *, phrases_cost: int | None = ANY_FORM_BYTES
) -> tuple[int, bytes]:
    """The codec byte and the bytes for `body`, which has passed its schema, that make the shortest frame we know.

    `phrases_cost`: the bytes by which a frame with a text by phrases grows apart from the body; None for a receiver
    to whom none is sent.
    """
    packed: list[tuple[int, bytes]] = []
    if not node and kind == ActKind.MESSAGE:
        packed += _pack_message(body, context)
    elif not node and kind == ActKind.ACKNOWLEDGE:
        packed += _pack_acknowledge(body, context)
    elif not node and kind == ActKind.TENDER:
        packed += _pack_tender(body, context)
    elif not node and kind == ActKind.TENDER_ANSWER:
        packed += _pack_tender_answer(body, context)
    elif node and kind == NodeKind.RECEIPT:
        packed.append(
            (0, b"".join(_u32(cbor.integer(f[0])) + cbor.octets(f[1]) for f in body if isinstance(f, tuple)))
        )
    plain = cbor.encode(body)
    packed.append((CHARSET_CBOR, plain))
    packed.append((CHARSET_CBOR | DEFLATE, _deflate(plain)))
    if phrases_cost is None:
        packed = [choice for choice in packed if not by_phrases(choice[0])]

    def size(choice: tuple[int, bytes]) -> tuple[int, int]:
        codec, data = choice
        return len(data) + (phrases_cost if phrases_cost and by_phrases(codec) else 0), codec

    return min(packed, key=size)


def by_phrases(codec: int) -> bool:
    """Whether the codec byte names a phrase dictionary: such a body goes in the form *any*."""
    return codec & 0x07 in phrases.DICTIONARIES


def unpack(node: bool, kind: int, codec: int, data: bytes, context: Context) -> Body:
    """The fields of a body from its packed form. Raises RemoteError, also for a codec above the
    start set: the frame is then kept and its explicit form asked for (spec 8.6)."""
    charset = codec & 0x07
    if charset == CHARSET_CBOR:
        if codec >> 4:
            raise RemoteError("codec byte names a language beside the CBOR array")
        value = cbor.decode(_inflate(data) if codec & DEFLATE else data)
        if not isinstance(value, tuple):
            raise RemoteError("body is not an array")
        if not value:
            raise RemoteError("an empty body is not told inline")
        return value
    if charset not in CHARSETS and not by_phrases(codec):
        raise RemoteError(f"codec {codec:#04x} is above the start set")
    if not node and kind == ActKind.MESSAGE:
        return _unpack_message(codec, data, context)
    if not node and kind == ActKind.ACKNOWLEDGE:
        return _unpack_acknowledge(codec, data, context)
    if not node and kind == ActKind.TENDER:
        return _unpack_tender(codec, data, context)
    if not node and kind == ActKind.TENDER_ANSWER:
        return _unpack_tender_answer(codec, data, context)
    if node and kind == NodeKind.RECEIPT and codec == 0 and data and len(data) % 36 == 0:
        return tuple(
            (int.from_bytes(data[i : i + 4], "big"), data[i + 4 : i + 36]) for i in range(0, len(data), 36)
        )
    raise RemoteError("this kind has no packing but the CBOR array")


def _pack_message(body: Body, context: Context) -> list[tuple[int, bytes]]:
    optional = body[1 : MESSAGE_OPTIONAL + 1]
    bitmap = sum(1 << i for i, field in enumerate(optional) if field is not None)
    head = bytes((bitmap,)) + b"".join(cbor.encode(field) for field in optional[3:] if field is not None)
    texts = [
        cbor.string(field) for field in (*optional[:3], *body[MESSAGE_OPTIONAL + 1 :]) if field is not None
    ]
    language = cbor.string(body[0])
    if language in context.languages[:LANGUAGE_IN_BODY]:
        index = context.languages.index(language)
    else:
        index, texts = LANGUAGE_IN_BODY, [language, *texts]
    return [(index << 4 | codec, head + coded) for codec, coded in _code_text("\n".join(texts))]


def _unpack_message(codec: int, data: bytes, context: Context) -> Body:
    if not data or data[0] >> MESSAGE_OPTIONAL:
        raise RemoteError("presence bitmap of a message is missing or out of range")
    bitmap, at = data[0], 1
    fields: list[Value] = [None] * MESSAGE_OPTIONAL
    for i in range(3, MESSAGE_OPTIONAL):
        if bitmap >> i & 1:
            fields[i], at = cbor.decode_first(data, at)
            if fields[i] is None:
                raise RemoteError("a field marked present is null")
    texts = _decode_text(codec, data[at:]).split("\n")
    index = codec >> 4
    if index == LANGUAGE_IN_BODY:
        language = texts.pop(0)
    elif index < len(context.languages):
        language = context.languages[index]
    else:
        raise RemoteError("codec byte names a language the accord does not list")
    for i in range(3):
        if bitmap >> i & 1:
            if not texts:
                raise RemoteError("packed message ends early")
            fields[i] = texts.pop(0)
    return (language, *fields, *texts)


def _pack_acknowledge(body: Body, context: Context) -> list[tuple[int, bytes]]:
    name, grade, read_back = body
    place = context.place_of(cbor.octets(name))
    if place is None:
        return []
    head = _u32(place) + bytes((cbor.integer(grade),))
    if read_back is None:
        return [(0, head)]
    if not read_back:
        return []  # an empty read-back and none would look alike
    return [(codec, head + coded) for codec, coded in _code_text(cbor.string(read_back))]


def _unpack_acknowledge(codec: int, data: bytes, context: Context) -> Body:
    if len(data) < 5 or codec >> 4 or (codec and len(data) == 5):
        raise RemoteError("packed acknowledgement is too short, or its codec says what is not there")
    name = context.act_at(int.from_bytes(data[:4], "big"))
    if name is None:
        raise RemoteError("acknowledgement names a place we do not hold")
    read_back = _decode_text(codec, data[5:]) if len(data) > 5 else None
    if read_back == "":
        raise RemoteError("a packed read-back is empty")
    return (name, data[4], read_back)


def _pack_tender(body: Body, context: Context) -> list[tuple[int, bytes]]:
    kind, name, to, rank, instead_of = body
    head = bytes((cbor.integer(kind) | (0x10 if rank is not None else 0) | (0x20 if instead_of else 0),))
    if instead_of is not None:
        place = context.own_place_of(cbor.octets(instead_of))
        if place is None:
            return []
        head += _u32(place)
    joined = "\n".join(cbor.string(field) for field in (name, to, rank) if field is not None)
    return [(codec, head + coded) for codec, coded in _code_text(joined)]


def _unpack_tender(codec: int, data: bytes, context: Context) -> Body:
    if not data or codec >> 4 or data[0] & 0xC0:
        raise RemoteError("packed tender is empty, or its flags or its codec say what is not there")
    instead_of, at = None, 1
    if data[0] & 0x20:
        instead_of, at = context.their_act_at(int.from_bytes(data[1:5], "big")), 5
        if instead_of is None or len(data) < at:
            raise RemoteError("tender names a place we do not hold")
    texts = _decode_text(codec, data[at:]).split("\n")
    ranked = bool(data[0] & 0x10)
    if len(texts) != 2 + ranked:
        raise RemoteError("packed tender has not the texts its flags say")
    return (data[0] & 0x0F, texts[0], texts[1], texts[2] if ranked else None, instead_of)


def _pack_tender_answer(body: Body, context: Context) -> list[tuple[int, bytes]]:
    name, answer, language, reason = body
    place = context.place_of(cbor.octets(name))
    if place is None:
        return []
    head = _u32(place) + bytes((cbor.integer(answer),))
    if reason is None:
        return [(0, head)]
    joined = "\n".join((cbor.string(language), cbor.string(reason)))
    return [(codec, head + coded) for codec, coded in _code_text(joined)]


def _unpack_tender_answer(codec: int, data: bytes, context: Context) -> Body:
    if len(data) < 5 or codec >> 4 or (codec and len(data) == 5):
        raise RemoteError("packed answer to a tender is too short, or its codec says what is not there")
    name = context.act_at(int.from_bytes(data[:4], "big"))
    if name is None:
        raise RemoteError("answer to a tender names a place we do not hold")
    if len(data) == 5:
        return (name, data[4], None, None)
    texts = _decode_text(codec, data[5:]).split("\n")
    if len(texts) != 2:
        raise RemoteError("packed answer to a tender has not a language and a reason")
    return (name, data[4], texts[0], texts[1])


def _code_text(joined: str) -> list[tuple[int, bytes]]:
    """Ways to code a text, the shortest among them. Those that cannot be the shortest are left out: ASCII is the same
    bytes in every charset, and the Korean dictionary spells Latin letters out."""
    choices = []
    is_ascii = joined.isascii()
    for charset, codec_name in list(CHARSETS.items())[: 1 if is_ascii else None]:
        try:
            coded = joined.encode(codec_name)
            if coded.decode(codec_name) != joined:
                continue  # pragma: no cover  (a text that does not come back; these tables have none)
        except UnicodeError:
            continue
        choices.append((charset, coded))
        choices.append((charset | DEFLATE, _deflate(coded)))
    for charset in (phrases.ENGLISH,) if is_ascii else phrases.DICTIONARIES:
        by_entries = phrases.encode(charset, joined)
        if by_entries is not None:
            choices.append((charset, by_entries))
    return choices


def _decode_text(codec: int, data: bytes) -> str:
    """The text in a charset. Bytes that a codec would take and never give are refused: a text has one coding
    in a charset. By phrases it has many."""
    if by_phrases(codec):
        if codec & DEFLATE:
            raise RemoteError("a text by phrases is not in DEFLATE")
        return phrases.decode(codec & 0x07, data)
    plain, charset = _inflate(data) if codec & DEFLATE else data, CHARSETS[codec & 0x07]
    try:
        found = plain.decode(charset)
        if found.encode(charset) != plain:
            raise RemoteError("packed text is not as its charset codes it")  # pragma: no cover
    except UnicodeError:
        raise RemoteError("packed text is not in its charset") from None
    return found


def _deflate(data: bytes) -> bytes:
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    return squeeze.compress(data) + squeeze.flush()


def _inflate(data: bytes) -> bytes:
    stretch = zlib.decompressobj(-15)
    try:
        plain = stretch.decompress(data, ENTRY_AND_BODY_BYTES_MAX + 1)
    except zlib.error:
        raise RemoteError("packed body is not DEFLATE") from None
    if len(plain) > ENTRY_AND_BODY_BYTES_MAX or not stretch.eof or stretch.unused_data:
        raise RemoteError("packed body unpacks to too much or does not end where it should")
    return plain


def _fields(body: Body, size: int) -> tuple[Value, ...]:
    return cbor.array(body, size, "body")


def _u32(n: int) -> bytes:
    return n.to_bytes(4, "big")
