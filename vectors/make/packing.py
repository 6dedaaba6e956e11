"""Makes vectors/wire/packing-* and charset-*: packed bodies that must be accepted, others that must not, the tables.

Where the bytes of DEFLATE matter they are stored blocks or stand here: two libraries may pack differently.
"""

from __future__ import annotations

import hashlib

import common as c

from parley.core.types import ActKind, Grade, NodeKind
from parley.core.wire import body as bodies
from parley.core.wire import cbor, phrases

NAMED = c.seed("an act")
SEVENTH = (7).to_bytes(4, "big")
TWELVE_BITS = min(entry for entry, bits in phrases.table(phrases.KOREAN).bits.items() if bits == 12)
HUNDRED_THOUSAND_A = bytes.fromhex("edc13101000000c2a0aceb5fc21a1e4001") + bytes(96) + b"\xaf\x06"


def stored(data: bytes, *, last: bool = True) -> bytes:
    """DEFLATE in one block, not compressed."""
    size = len(data)
    return bytes((last,)) + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little") + data


def one(
    name: str,
    what: str,
    cites: str,
    kind: int,
    codec: int,
    packed: bytes,
    *,
    node: bool = False,
    body: tuple[object, ...] | None = None,
) -> None:
    """One packed body: with the fields it has, or to be refused."""
    held = {} if body is None else {"body": cbor.encode(body)}  # type: ignore[arg-type]
    c.write(
        "wire",
        f"packing-{name}",
        what,
        cites,
        "refused" if body is None else "good",
        node=node,
        kind=int(kind),
        codec=codec,
        packed=packed,
        **held,
        languages=list(c.LANGUAGES),
        named_at_7=NAMED,
    )


def make_other_packings() -> None:
    """What a sender would not choose and a receiver must accept."""
    text = "Hold fire."
    said, array = c.message(text), cbor.encode(c.message(text))
    accepted, kind = "PK-1 PK-2", ActKind.MESSAGE
    one("message-in-utf-8", "a text in UTF-8 that ASCII would do for", f"{accepted} PK-5", kind, 0x00,
        b"\x00" + text.encode(), body=said)  # fmt: skip
    one("message-in-deflate", "texts in one stored block of DEFLATE", f"{accepted} PK-3 PK-5", kind, 0x09,
        b"\x00" + stored(text.encode()), body=said)  # fmt: skip
    one(
        "message-as-an-array",
        "the CBOR array of the fields",
        f"{accepted} PK-8",
        kind,
        0x07,
        array,
        body=said,
    )
    one("message-as-an-array-in-deflate", "the CBOR array of the fields in DEFLATE", f"{accepted} PK-3 PK-8",
        kind, 0x0F, stored(array), body=said)  # fmt: skip
    korean = "사격 중지."
    one("message-in-gb18030", "a Korean text in GB18030", f"{accepted} PK-5 PK-10", kind, 0x13,
        b"\x00" + korean.encode("gb18030"), body=c.message(korean, "ko"))  # fmt: skip
    long = (*c.message("a" * 1600), "b" * 447)
    one("message-of-2048-bytes-in-deflate", "DEFLATE that gives 2,048 bytes", f"{accepted} PK-3 PK-5", kind, 0x09,
        b"\x00" + stored(("a" * 1600 + "\n" + "b" * 447).encode()), body=long)  # fmt: skip
    named = ("fr", None, None, None, None, None, None, text)
    one("message-names-a-listed-language", "the language named in the body though the accord lists it",
        f"{accepted} PK-9", kind, 0xF1, b"\x00en\n" + text.encode(), body=c.message(text))  # fmt: skip
    one("message-empty-paragraph", "one paragraph, empty", f"{accepted} PK-5", kind, 0xF1, b"\x00fr\n",
        body=(*named[:7], ""))  # fmt: skip
    one("acknowledge-as-an-array", "an empty read-back, which has no form of its own", f"{accepted} PK-6 PK-8",
        ActKind.ACKNOWLEDGE, 0x07, cbor.encode((NAMED, int(Grade.READ_BACK), "")),
        body=(NAMED, int(Grade.READ_BACK), ""))  # fmt: skip
    one("receipt-as-an-array", "a receipt beyond a hole as the array", f"{accepted} PK-8", NodeKind.RECEIPT, 0x07,
        cbor.encode(((9, c.seed("leaf")),)), node=True, body=((9, c.seed("leaf")),))  # fmt: skip


def make_bad_packings() -> None:
    make_bad_messages()
    make_bad_others()
    make_bad_deflate()


def bad(
    name: str, what: str, cites: str, kind: int, codec: int, packed: bytes, *, node: bool = False
) -> None:
    one(f"bad-{name}", what, cites, kind, codec, packed, node=node)


def make_bad_messages() -> None:
    text, kind = b"Hold fire.", ActKind.MESSAGE
    bad("presence-bit-6", "bit 6 of the byte of presence is set", "PK-5", kind, 0x01, b"\x40" + text)
    bad("presence-bit-7", "bit 7 of the byte of presence is set", "PK-5", kind, 0x01, b"\x80" + text)
    bad("null-told", "a reply-by that is present and null", "PK-5", kind, 0x01, b"\x10\xf6" + text)
    bad(
        "too-few-texts",
        "a subject and a name are present, and one text is there",
        "PK-5",
        kind,
        0x01,
        b"\x03" + text,
    )
    bad(
        "value-cut-short",
        "references are present, and their value ends early",
        "PK-5 CB-6",
        kind,
        0x01,
        b"\x08\x81\x58\x20",
    )
    bad(
        "value-not-shortest",
        "a reply-by not in its shortest form",
        "PK-5 CB-2",
        kind,
        0x01,
        b"\x10\x18\x05" + text,
    )
    bad(
        "language-not-listed",
        "index 2 of a list of two languages: kept, and asked for",
        "PK-1",
        kind,
        0x21,
        b"\x00" + text,
    )
    bad("charset-6", "charset 6, which is none yet: kept, and asked for", "PK-1", kind, 6, b"\x00" + text)
    for name, codec, coded in (
        ("ascii-beyond-7f", 0x01, "é".encode("latin-1")),
        ("utf-8-overlong", 0x00, b"\xc1\x81"),
        ("utf-8-surrogate", 0x00, b"\xed\xa0\x80"),
        ("cp949-byte-80", 0x12, b"\x80"),
        ("cp949-half-a-letter", 0x12, b"\xb0"),
        ("gb18030-byte-80", 0x03, b"\x80"),
        ("gb18030-half-a-letter", 0x03, b"\x81\x30\x81"),
    ):
        bad(name, "bytes that are no text in their charset", "PK-4", kind, codec, b"\x00" + coded)
    bad(
        "array-with-a-language",
        "language bits beside the CBOR array",
        "PK-8",
        kind,
        0x17,
        cbor.encode(c.message("Hold fire.")),
    )
    bad("array-that-is-a-map", "a map in place of the array", "PK-8", kind, 0x07, cbor.encode({0: "en"}))


def by_entries(charset: int, *entries: str, bits: str = "", fill: bool = True) -> bytes:
    """Entries of a dictionary one after another, then `bits`, and ones to the end of the byte."""
    codes = phrases.table(charset).codes
    told = "".join(f"{codes[entry]:b}"[1:] for entry in entries) + bits
    if fill:
        told += "1" * (-len(told) % 8)
    return b"\x00" + int(told, 2).to_bytes(len(told) // 8, "big")


def make_phrases() -> None:
    """Texts by phrases as no sender would part them, and what is none."""
    kind, en, ko = ActKind.MESSAGE, phrases.ENGLISH, phrases.KOREAN
    for name, what, cites, codec, packed, text in (
        ("letter-by-letter", "a text parted into letters", "PK-16", en, by_entries(en, *"hold fire."), "Hold fire."),
        ("of-the-other-language", "an English text by the Korean table", "PK-11", ko,
            b"\x00" + (phrases.encode(ko, "Hold fire.") or b""), "Hold fire."),
        ("small-where-a-sentence-begins", "a mark before the first letter makes it small", "PK-13", en,
            by_entries(en, "\x01", "a"), "a"),
        ("a-mark-ends-a-run", "the other mark inside a run of capitals", "PK-13", en,
            by_entries(en, "\x02", "a", "b", "\x01", "c", "d"), "ABCd"),
        ("an-escaped-letter", "a letter by the escape, which a mark makes a capital", "PK-13 PK-14", en,
            by_entries(en, "a", "\x01", "\x00", bits="10" + f"{ord('b'):016b}"), "AB"),
        ("an-escaped-capital", "a capital by the escape", "PK-14", en,
            by_entries(en, "a", "\x00", bits="10" + f"{ord('B'):016b}"), "AB"),
        ("an-escaped-entry", "a character by the escape though it has an entry", "PK-14", ko,
            by_entries(ko, "\x00", bits="0" + f"{ord('가') - 0xAC00:014b}"), "가"),
        ("the-last-syllable", "the last syllable there is", "PK-14", ko,
            by_entries(ko, "\x00", bits="0" + f"{11171:014b}"), "힣"),
        ("the-last-code-point", "the last code point there is", "PK-14", ko,
            by_entries(ko, "\x00", bits="11" + f"{0xFFFFF:020b}"), "\U0010ffff"),
        ("of-nothing", "an empty paragraph", "PK-15", en, b"\x00", ""),
    ):  # fmt: skip
        one(f"phrases-{name}", what, f"PK-2 {cites}", kind, codec, packed, body=c.message(text))
    long = (*c.message("A" + "a" * 1599), "B" + "b" * 446)
    one("phrases-of-2048-bytes", "a text of 2,048 bytes", "PK-2 PK-15", kind, en,
        by_entries(en, *("a" * 1600), "\n", *("b" * 447)), body=long)  # fmt: skip
    one("phrases-with-a-subject", "a subject, a language by its name, two paragraphs", "PK-5 PK-9 PK-11", kind,
        0xF0 | ko, b"\x01" + (phrases.encode(ko, "de\nBetreff\nErstens.\nZweitens.") or b""),
        body=("de", "Betreff", None, None, None, None, None, "Erstens.", "Zweitens."))  # fmt: skip
    one("phrases-read-back", "a read-back by phrases", "PK-6 PK-11", ActKind.ACKNOWLEDGE, ko,
        SEVENTH + b"\x02" + (phrases.encode(ko, "사격 중지.") or b""), body=(NAMED, 2, "사격 중지."))  # fmt: skip
    for name, what, cites, codec, packed in (
        ("with-deflate", "the DEFLATE bit beside a dictionary", "PK-11", en | 8, stored(b"Hold fire.")),
        ("with-the-free-code", "the code that stands for nothing", "PK-15", en, by_entries(en, "a", bits="1" * 24)),
        ("filled-up-with-eight-ones", "a whole byte of ones after the last entry", "PK-15", en,
            by_entries(en, "a") + b"\xff"),
        ("filled-up-with-zeros", "an entry begun and not ended", "PK-15", en,
            by_entries(en, ".", bits="0" * (8 - phrases.table(en).bits["."] % 8), fill=False)),
        ("with-a-mark-before-a-blank", "a mark before a blank", "PK-13", en, by_entries(en, "a", "\x01", " ", "b")),
        ("with-a-mark-before-a-mark", "a mark before the other", "PK-13", en, by_entries(en, "\x02", "\x01", "b")),
        ("with-a-mark-before-a-capital", "a mark before an escaped capital", "PK-13 PK-14", en,
            by_entries(en, "\x01", "\x00", bits="10" + f"{ord('B'):016b}")),
        ("with-a-mark-at-the-end", "a mark and nothing after it", "PK-13", ko, by_entries(ko, "a", "\x02")),
        ("with-an-escape-cut-short", "an escape without its last bits", "PK-14", ko,
            by_entries(ko, "가", "\x00", bits="10" + "0" * 5)),
        ("with-an-escape-and-no-more", "an escape with one bit after it", "PK-14", ko,
            by_entries(ko, TWELVE_BITS, "\x00")),
        ("with-a-syllable-too-many", "syllable 11,172", "PK-14", ko,
            by_entries(ko, "\x00", bits="0" + f"{11172:014b}")),
        ("with-an-escaped-mark", "a mark by the escape", "PK-14", en,
            by_entries(en, "\x00", bits="10" + f"{1:016b}") + b"\xff"),
        ("with-an-escaped-surrogate", "half a surrogate by the escape", "PK-14", en,
            by_entries(en, "\x00", bits="10" + f"{0xD800:016b}")),
        ("of-2049-bytes", "a text of 2,049 bytes", "PK-15", en, by_entries(en, *("a" * 2049))),
        ("of-many-long-entries", "a text of 20,000 bytes and more", "PK-15", ko,
            by_entries(ko, *(["하여 주시기 바랍니다."] * 800))),
    ):  # fmt: skip
        bad(
            f"phrases-{name}", what, cites, kind, codec, packed if packed[:1] == b"\x00" else b"\x00" + packed
        )


def make_bad_others() -> None:
    receipt, back = (9).to_bytes(4, "big") + c.seed("leaf"), SEVENTH + b"\x02Hold fire."
    for name, what, codec, packed in (
        ("receipt-with-a-charset", "a receipt with a charset", 0x01, receipt),
        ("receipt-with-a-language", "a receipt with language bits", 0x10, receipt),
        ("receipt-of-35-bytes", "a receipt with a byte too few", 0x00, receipt[:-1]),
        ("receipt-of-37-bytes", "a receipt with a byte too many", 0x00, receipt + b"\x00"),
    ):
        bad(name, what, "PK-7", NodeKind.RECEIPT, codec, packed, node=True)
    for name, what, codec, packed in (
        ("acknowledge-with-a-language", "language bits beside a read-back", 0x11, back),
        ("acknowledge-with-a-charset-and-no-read-back", "a charset, and no read-back", 0x01, back[:5]),
        ("acknowledge-with-deflate-and-no-read-back", "the DEFLATE bit, and no read-back", 0x08, back[:5]),
        ("acknowledge-of-4-bytes", "no grade", 0x00, back[:4]),
        (
            "acknowledge-of-nothing-held",
            "nothing lies at place 8: kept, and asked for",
            0x01,
            b"\0\0\0\x08" + back[4:],
        ),
    ):
        bad(name, what, "PK-6", ActKind.ACKNOWLEDGE, codec, packed)
    two = b"Office\nOffice"
    for name, what, codec, packed in (
        ("tender-with-a-language", "language bits beside a tender", 0x11, b"\x01" + two),
        ("tender-with-a-flag-more", "a flag that stands for nothing", 0x01, b"\x41" + two),
        ("tender-of-one-name", "one text", 0x01, b"\x01Office"),
        ("tender-of-three-names", "three texts, and no rank", 0x01, b"\x01" + two + b"\nOffice"),
        ("tender-without-the-rank-it-says", "two texts, and a rank", 0x01, b"\x11" + two),
        (
            "tender-of-nothing-held",
            "nothing lies at place 8: kept, and asked for",
            0x01,
            b"\x21\0\0\0\x08" + two,
        ),
    ):
        bad(name, what, "PK-18", ActKind.TENDER, codec, packed)
    answer = b"\0\0\0\x07\x02"
    for name, what, codec, packed in (
        ("tender-answer-of-4-bytes", "no answer", 0x00, answer[:4]),
        ("tender-answer-with-a-language", "language bits beside a reason", 0x11, answer + b"en\nNo."),
        ("tender-answer-with-a-charset-and-no-reason", "a charset, and no reason", 0x01, answer),
        ("tender-answer-without-a-language", "a reason, and no language", 0x01, answer + b"No."),
        (
            "tender-answer-of-nothing-held",
            "nothing lies at place 8: kept, and asked for",
            0x00,
            b"\0\0\0\x08\x01",
        ),
    ):
        bad(name, what, "PK-19", ActKind.TENDER_ANSWER, codec, packed)
    bad("adopt-without-the-array", "a kind that has no packing but the array", "PK-1 PK-8", NodeKind.ADOPT, 0x00,
        c.seed("terms"), node=True)  # fmt: skip
    bad(
        "sever-without-the-array",
        "a kind that has no packing but the array",
        "PK-1 PK-8",
        ActKind.SEVER,
        0x01,
        b"en\nGo.",
    )


def make_bad_deflate() -> None:
    kind, text = ActKind.MESSAGE, b"Hold fire."
    for name, what, data in (
        ("of-2049-bytes", "DEFLATE that gives 2,049 bytes", stored(b"a" * 2049)),
        ("of-100000-bytes", "DEFLATE that gives 100,000 bytes", HUNDRED_THOUSAND_A),
        ("that-does-not-end", "a block that is not the last, and no other", stored(text, last=False)),
        ("cut-short", "a stored block with a byte too few", stored(text)[:-1]),
        ("followed-by-a-byte", "a byte after the last block", stored(text) + b"\x00"),
        ("of-a-reserved-type", "a block of type 3", b"\x07" + text),
        ("that-is-none", "the DEFLATE bit over a plain text", text),
    ):
        bad(f"deflate-{name}", what, "PK-3", kind, 0x09, b"\x00" + data)
    array = stored(cbor.encode(c.message("Hold fire."))) + b"\x00"
    bad(
        "deflate-of-an-array-followed-by-a-byte",
        "a byte after the last block of an array",
        "PK-3",
        kind,
        0x0F,
        array,
    )


def make_packings() -> None:
    place, at = {NAMED: 7}.get, {7: NAMED}.get
    context = bodies.Context(c.LANGUAGES, place, at, place, at)
    for name, node, kind, body, cites in (
        (
            "message-english",
            False,
            ActKind.MESSAGE,
            c.message("We ask you to hold fire. Reply by phone."),
            "PK-5 KI-6",
        ),
        (
            "message-korean",
            False,
            ActKind.MESSAGE,
            c.message("사격을 멈추어 주시기 바랍니다.", "ko"),
            "PK-5 PK-9",
        ),
        ("message-french-not-listed", False, ActKind.MESSAGE, c.message("Où êtes-vous ?", "fr"), "PK-5 PK-9"),
        (
            "message-all-fields",
            False,
            ActKind.MESSAGE,
            (
                "ko",
                "제목",
                "합참",
                "귀측",
                (NAMED, c.seed("another")),
                1_795_266_000,
                0,
                "첫째 단락.",
                "",
                "셋째 단락.",
            ),
            "PK-5",
        ),
        ("acknowledge-seen", False, ActKind.ACKNOWLEDGE, (NAMED, int(Grade.SEEN), None), "PK-6"),
        (
            "acknowledge-read-back",
            False,
            ActKind.ACKNOWLEDGE,
            (NAMED, int(Grade.READ_BACK), "Hold fire."),
            "PK-6",
        ),
        (
            "tender-english",
            False,
            ActKind.TENDER,
            (1, "Head of the Office of the South", "Head of the Office of the North", "Minister", None),
            "PK-18",
        ),
        ("tender-korean", False, ActKind.TENDER, (1, "남측 국정실", "북측 국정실", None, None), "PK-18"),
        (
            "tender-again",
            False,
            ActKind.TENDER,
            (2, "Deputy head of the Office of the South", "Head of the Office of the North", None, NAMED),
            "PK-18",
        ),
        ("tender-answer-accepted", False, ActKind.TENDER_ANSWER, (NAMED, 1, None, None), "PK-19"),
        (
            "tender-answer-refused",
            False,
            ActKind.TENDER_ANSWER,
            (NAMED, 2, "en", "Not at this rank."),
            "PK-19",
        ),
        ("receipt-beyond-a-hole", True, NodeKind.RECEIPT, ((9, c.seed("leaf")),), "PK-7 KI-3"),
        ("sever", False, ActKind.SEVER, (None, 1_795_262_000, "en", "By order."), "PK-8"),
    ):
        codec, packed = bodies.pack(node, kind, body, context)
        if (
            codec & bodies.DEFLATE
        ):  # two DEFLATEs may differ: the vector holds the plain form of the same charset
            chosen = next(p for p in packings(node, kind, body, context) if p[0] == codec & ~bodies.DEFLATE)
            codec, packed = chosen
        c.write(
            "wire",
            f"packing-{name}",
            "a packed body and its fields; the act id of place 7 is named_at_7",
            f"PK-1 {cites}",
            "good",
            node=node,
            kind=int(kind),
            codec=codec,
            packed=packed,
            body=cbor.encode(body),
            languages=list(c.LANGUAGES),
            named_at_7=NAMED,
        )


def packings(
    node: bool, kind: int, body: tuple[object, ...], context: bodies.Context
) -> list[tuple[int, bytes]]:
    if not node and kind == ActKind.MESSAGE:
        return bodies._pack_message(body, context)
    if not node and kind == ActKind.ACKNOWLEDGE:
        return bodies._pack_acknowledge(body, context)
    if not node and kind == ActKind.TENDER:
        return bodies._pack_tender(body, context)
    if not node and kind == ActKind.TENDER_ANSWER:
        return bodies._pack_tender_answer(body, context)
    return [(bodies.CHARSET_CBOR, cbor.encode(body))]


def make_charsets() -> None:
    for name in ("cp949", "gb18030"):
        table, count = hashlib.sha256(), 0
        for point in range(0x110000):
            try:
                coded = chr(point).encode(name)
            except UnicodeError:
                continue
            if coded.decode(name) == chr(point):
                table.update(f"{point:X} {coded.hex().upper()}\n".encode())
                count += 1
        c.write(
            "wire",
            f"charset-{name}",
            "the table as in PK-10: its SHA-256 and the number of its lines",
            "PK-10",
            "good",
            charset=name,
            lines=count,
            sha256=table.hexdigest(),
        )


if __name__ == "__main__":
    make_packings()
    make_other_packings()
    make_bad_packings()
    make_phrases()
    make_charsets()
