"""Bodies in their small form (spec 8), read only."""

import zlib
from collections.abc import Callable

from otherend import bodies, cbor, phrases
from otherend.refused import CannotRebuild, Refused, check

UNPACKED_MAX = 2048
CHARSETS = {0: "utf-8", 1: "ascii", 2: "cp949", 3: "gb18030"}
ARRAY = 7
Named = Callable[[int], bytes | None]  # the act id at a sequence of a log
PACKED_ACTS = (bodies.MESSAGE, bodies.ACKNOWLEDGE, bodies.TENDER, bodies.TENDER_ANSWER)


def unpack(
    is_statement: bool,
    kind: int,
    codec: int,
    data: bytes,
    languages: list[str],
    named: Named,
    named_by_sender: Named,
) -> list[object]:
    """`named` is of the receiver's own log, `named_by_sender` of the sender's."""
    language, deflated, charset = codec >> 4, bool(codec & 8), codec & 7
    if charset == ARRAY:
        check(language == 0, "PK-8", "language bits in an array")
        body = cbor.decode(inflate(data) if deflated else data)
        check(type(body) is list, "PK-8", "no array")
        check(0 < len(body) <= 64, "KI-5", "no fields, or more than 64")
        return body
    if is_statement and kind == bodies.RECEIPT:
        check(codec == 0 and len(data) % 36 == 0, "PK-7", "not 36 bytes for each entry")
        return [
            [int.from_bytes(data[i : i + 4], "big"), data[i + 4 : i + 36]] for i in range(0, len(data), 36)
        ]
    if is_statement or kind not in PACKED_ACTS:
        raise CannotRebuild("PK-1: no packed form of this kind is known here")
    if charset not in CHARSETS and charset not in phrases.TABLES:
        raise CannotRebuild("PK-1: a charset not known here")
    if kind == bodies.ACKNOWLEDGE:
        check(language == 0 and len(data) >= 5, "PK-6", "no acknowledgement")
        told = data[5:]
        check(bool(told) or codec == 0, "PK-6", "a codec of nothing")
        body = [
            named(int.from_bytes(data[:4], "big")),
            data[4],
            words(told, charset, deflated) if told else None,
        ]
        if body[0] is None:
            raise CannotRebuild("PK-6: nothing lies at the place it names")
        check(body[2] != "", "PK-6", "an empty read-back")
        return body
    if kind == bodies.TENDER:
        check(language == 0, "PK-18", "language bits beside a tender")
        return _tender(data, charset, deflated, named_by_sender)
    if kind == bodies.TENDER_ANSWER:
        check(language == 0, "PK-19", "language bits beside an answer")
        return _answer(data, codec, charset, deflated, named)
    return _message(data, language, charset, deflated, languages)


def _tender(data: bytes, charset: int, deflated: bool, named: Named) -> list[object]:
    check(len(data) > 0 and data[0] < 64, "PK-18", "no first byte")
    letter_class, has_rank, again, rest = data[0] & 15, data[0] >> 4 & 1, data[0] >> 5, data[1:]
    instead = None
    if again:
        check(len(rest) >= 4, "PK-18", "ends early")
        instead, rest = named(int.from_bytes(rest[:4], "big")), rest[4:]
        if instead is None:
            raise CannotRebuild("PK-18: nothing lies at the place it names")
    texts = words(rest, charset, deflated).split("\n")
    check(len(texts) == 2 + has_rank, "PK-18", "another number of texts")
    return [letter_class, *texts, *([] if has_rank else [None]), instead]


def _answer(data: bytes, codec: int, charset: int, deflated: bool, named: Named) -> list[object]:
    check(len(data) >= 5, "PK-19", "no answer")
    told = data[5:]
    check(bool(told) or codec == 0, "PK-19", "a codec of nothing")
    texts = words(told, charset, deflated).split("\n") if told else [None, None]
    check(len(texts) == 2, "PK-19", "not a language and a reason")
    tender = named(int.from_bytes(data[:4], "big"))
    if tender is None:
        raise CannotRebuild("PK-19: nothing lies at the place it names")
    return [tender, data[4], *texts]


def _message(data: bytes, language: int, charset: int, deflated: bool, languages: list[str]) -> list[object]:
    check(len(data) > 0 and data[0] < 64, "PK-5", "no byte of presence")
    present, at = [data[0] >> i & 1 for i in range(6)], 1
    values = []
    for is_present in present[3:]:
        value = None
        if is_present:
            value, at = cbor.decode_first(data, at)
            check(value is not None, "PK-5", "a null that is told")
        values.append(value)
    texts = words(data[at:], charset, deflated).split("\n")
    if language == 15:
        first = texts.pop(0)
    elif language < len(languages):
        first = languages[language]
    else:
        raise CannotRebuild("PK-1: a language the accord does not list")
    check(len(texts) >= sum(present[:3]), "PK-5", "too few texts")  # no paragraph is a fault (KI-4)
    return [first, *(texts.pop(0) if is_present else None for is_present in present[:3]), *values, *texts]


def words(data: bytes, charset: int, deflated: bool) -> str:
    if charset in phrases.TABLES:
        check(not deflated, "PK-11", "the DEFLATE bit beside phrases")
        return phrases.decode(charset, data)
    if deflated:
        data = inflate(data)
    try:
        text = data.decode(CHARSETS[charset])
        check(text.encode(CHARSETS[charset]) == data, "PK-4", "not the one encoding in this charset")
    except UnicodeError:
        raise Refused("PK-4", "no text in this charset") from None
    return text


def inflate(data: bytes) -> bytes:
    machine = zlib.decompressobj(-15)
    try:
        plain = machine.decompress(data, UNPACKED_MAX + 1)
    except zlib.error:
        raise Refused("PK-3", "no DEFLATE") from None
    check(len(plain) <= UNPACKED_MAX, "PK-3", "unpacks to too much")
    check(machine.eof and not machine.unused_data, "PK-3", "does not end, or is followed by bytes")
    return plain


def charset_table(name: str) -> bytes:
    """The table of PK-10."""
    encoded = ((point, chr(point).encode(name, "ignore")) for point in range(0x110000))
    return "".join(f"{point:X} {data.hex().upper()}\n" for point, data in encoded if data).encode()
