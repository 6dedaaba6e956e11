"""Makes `vectors/letters`: cards of principals, sealed letters, what a letter book tells, disclosed letters.

Keys and salts come from fixed names. Sealing draws entropy inside the library, so a seal that is committed and opens
to what it should is kept.
"""

from __future__ import annotations

import json
from typing import Any

import common as c

from parley.core.errors import RemoteError
from parley.core.instruments import letter_book, sealed
from parley.core.instruments.letter_book import Book
from parley.core.instruments.sealed import Content, Facsimile, Header, Letter, PrincipalCard
from parley.core.types import Tier, Value
from parley.core.wire import cbor
from parley.core.wire import entry as wire
from parley.keys import hybrid

FOLDER = "letters"
WHEN = 1_619_136_000  # 2021-04-23 00:00 UTC
OFFICES = {"a": "Chair of the Commission", "b": "평의회 의장", "c": "Secretary of the Third Office"}
SEEDS = {who: b"".join(c.seed(f"principal {who} {i}") for i in range(3)) for who in OFFICES}
SIGNS = {who: f"principal {who} signs" for who in OFFICES}
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010800000000"
    "3a7e9b550000000a49444154789c6360000000020001e221bc330000000049454e44ae426082"
)


def card_data(payload: bytes, signer: str) -> bytes:
    return wire.encode_signed(c.sign(signer, payload), tagged=True)


def own_card(who: str) -> PrincipalCard:
    payload = sealed.card_payload(OFFICES[who], hybrid.public_key(SEEDS[who]), c.public(SIGNS[who]))
    return sealed.read_card(card_data(payload, SIGNS[who]))


CARDS = {who: own_card(who) for who in OFFICES}
A, B, C = (CARDS[who].fingerprint for who in "abc")


WEBP = b"RIFF" + (4).to_bytes(4, "little") + b"WEBP"
JPEG = b"\xff\xd8\xff\xe0" + bytes(8)


def kept_seals() -> dict[tuple[bytes, bytes], bytes]:
    """By what they are bound to and what is inside: the seals of the committed files."""
    found = {}
    for path in (c.VECTORS / FOLDER).glob("*.json"):
        scenario = json.loads(path.read_text(encoding="utf-8"))
        for one in [scenario, *(scenario["steps"] if path.stem.startswith("book-") else ())]:
            try:
                header, closed = sealed.read_sealed(bytes.fromhex(one.get("sealed", "")))
            except RemoteError:
                continue
            for seed in SEEDS.values():
                plain = hybrid.unseal(seed, closed, sealed.header_bytes(header))
                if plain is not None:
                    found[sealed.header_bytes(header), plain] = closed
    return found


KEPT = kept_seals()


def close(header: Header, plain: bytes, to: str) -> bytes:
    """A sealed letter with anything inside."""
    bound = sealed.header_bytes(header)
    if (bound, plain) not in KEPT:
        KEPT[bound, plain] = hybrid.seal(CARDS[to].sealing_key, plain, bound)
    return sealed.encode_sealed(header, KEPT[bound, plain])


def content(*paragraphs: str, **more: Any) -> Content:
    fields: dict[str, Any] = {
        "language": "en",
        "address": None,
        "in_whose_name": None,
        "tier": Tier.EXISTENCE,
    }
    return Content(**{**fields, "paragraphs": paragraphs, "facsimile": None, **more})


def letter(number: int = 1, text: str = "", **more: Any) -> Letter:
    """A letter of a to b."""
    fields: dict[str, Any] = {
        "salt": c.seed(f"salt {number} {text} {sorted(more)}"),
        "sender": A,
        "addressee": B,
        "number": number,
        "previous": None,
        "heard": None,
        "written_at": WHEN + number,
        "content": content(text or f"Letter {number}."),
    }
    return Letter(**{**fields, **more})


def sign(payload: bytes, who: str = "a") -> bytes:
    return wire.encode_signed(c.sign(SIGNS[who], payload), tagged=True)


def signed(one: Letter, who: str = "a") -> bytes:
    return sign(sealed.letter_payload(one), who)


def seal(
    written: bytes, *, to: str = "b", number: int = 1, plain: bytes | None = None, **more: bytes
) -> bytes:
    """A signed letter, sealed under the header it should have, but for `more`."""
    fields: dict[str, Any] = {
        "sender": A,
        "addressee": CARDS[to].fingerprint,
        "number": number,
        "commitment": sealed.commitment(written),
        **more,
    }
    return close(Header(**fields), sealed.padded(written) if plain is None else plain, to)


def numbered_0(written: bytes) -> bytes:
    """A letter sealed under number 0."""
    header = (sealed.SEALED_LABEL, A, B, 0, sealed.commitment(written))
    there = c.VECTORS / FOLDER / "sealed-bad-number-0-inside-and-outside.json"
    kept = json.loads(there.read_text(encoding="utf-8"))["sealed"] if there.exists() else ""
    if kept:
        closed = cbor.octets(cbor.items(cbor.decode(bytes.fromhex(kept)))[5])
        if hybrid.unseal(SEEDS["b"], closed, cbor.encode(header)) == sealed.padded(written):
            return bytes.fromhex(kept)
    closed = hybrid.seal(CARDS["b"].sealing_key, sealed.padded(written), cbor.encode(header))
    return cbor.encode((*header, closed))


# --- cards ------------------------------------------------------------------------------------


def cards() -> None:
    for who in "ab":
        c.write(
            FOLDER, f"card-{who}", f"the card of principal {who}", "SL-1 SL-2", "good",
            sealing_seed=SEEDS[who], signing_seed=c.seed(SIGNS[who]), card=CARDS[who].data,
            office=OFFICES[who], fingerprint=CARDS[who].fingerprint,
        )  # fmt: skip
    keys = hybrid.public_key(SEEDS["a"]), c.public(SIGNS["a"])
    good = sealed.card_payload(OFFICES["a"], *keys)
    bad: list[tuple[str, str, bytes]] = [
        ("signed-by-another", "signed by another key than the one it names", card_data(good, SIGNS["b"])),
        ("untagged", "without tag 18", CARDS["a"].data[1:]),
        ("a-byte-more", "followed by a byte", CARDS["a"].data + b"\0"),
        (
            "office-changed",
            "another office under the signature",
            CARDS["a"].data.replace(b"Chair of", b"Chief of"),
        ),
    ]
    for name, what, fields in (
        (
            "signing-key-of-small-order",
            "a signing key of small order",
            (OFFICES["a"], keys[0], b"\1" + bytes(31)),
        ),
        ("sealing-key-of-1215-bytes", "a sealing key too short", (OFFICES["a"], keys[0][:-1], keys[1])),
        ("office-of-129-bytes", "an office too long", ("x" * 129, *keys)),
        ("office-of-blanks", "no office", ("  ", *keys)),
        ("a-field-more", "a field more", (OFFICES["a"], *keys, None)),
        ("of-another-label", "another label", None),
    ):
        label = sealed.CARD_LABEL if fields is not None else "parley/principal/2"
        payload = cbor.encode((label, *(fields or (OFFICES["a"], *keys))))
        bad.append((name, what, card_data(payload, SIGNS["a"])))
    for name, what, data in bad:
        c.write(FOLDER, f"card-bad-{name}", what, "SL-2", "refused", card=data)


# --- sealed letters ---------------------------------------------------------------------------


def receiver() -> dict[str, Any]:
    return {"card": CARDS["a"].data, "fingerprint": A, "sealing_seed": SEEDS["b"], "our_fingerprint": B}


def good(name: str, what: str, cites: str, one: Letter) -> bytes:
    written = signed(one)
    data = seal(written, number=one.number)
    c.write(
        FOLDER, f"sealed-{name}", what, cites, "good", **receiver(), sealed=data, signed=written,
        number=one.number, commitment=sealed.commitment(written), paragraphs=one.content.paragraphs,
    )  # fmt: skip
    return data


def sealed_letters() -> None:
    one = letter()
    first = good("first", "a first letter of one line", "SL-3 SL-5 SL-6 SL-7", one)
    full = content(
        "The lines have been silent since June.", "", "군 통신선을 다시 여는 날을 정하고자 합니다.",
        language="ko", address="귀하", in_whose_name="The Commission", tier=Tier.CONTENT,
        facsimile=Facsimile("image/png", PNG),
    )  # fmt: skip
    named = {"previous": c.seed("before"), "heard": (7, c.seed("theirs")), "content": full}
    good("with-every-field", "every field, two scripts and a facsimile", "SL-3 SL-4", letter(3, **named))
    paper = content(facsimile=Facsimile("image/png", PNG))
    good("facsimile-alone", "a facsimile and no text", "SL-4", letter(content=paper))
    for kind, image in (("jpeg", JPEG), ("webp", WEBP)):
        scanned = content(facsimile=Facsimile(f"image/{kind}", image))
        good(f"facsimile-{kind}", f"a facsimile as {kind.upper()}", "SL-4", letter(content=scanned))
    bounds = content(
        "", language="x" * 16, address="x" * 256, in_whose_name="x" * 128, tier=Tier.COUNT_AND_DATES
    )
    at_bounds = {"content": bounds, "written_at": 0xFFFFFFFF, "previous": c.seed("before")}
    good(
        "at-its-bounds",
        "fields as long and numbers as high as they may be",
        "SL-4",
        letter(0xFFFFFFFF, **at_bounds),
    )
    good("at-0", "written in the first second of 1970", "SL-4", letter(written_at=0))
    spare = sealed.PAD_BYTES - len(signed(letter(text="x" * 600))) + 600
    good("one-byte-of-padding", "as long as one KiB allows", "SL-6", letter(text="x" * (spare - 1)))
    good("a-kib-more-for-one-byte", "one byte more", "SL-6", letter(text="x" * spare))
    longest = content("나" * 533 + ".", *("나" for _ in range(sealed.PARAGRAPHS_MAX - 1)))
    good(
        "of-128-paragraphs",
        "as many paragraphs as there may be, one as long as it may be",
        "SL-4",
        letter(content=longest),
    )

    written = signed(one)
    header, closed = sealed.read_sealed(first)
    values = list(cbor.items(cbor.decode(first)))

    def with_header(place: int, value: Value) -> bytes:
        changed = list(values)
        changed[place] = value
        return cbor.encode(tuple(changed))

    flipped = bytearray(first)
    flipped[-40] ^= 1
    capsule = bytearray(closed)
    capsule[5] ^= 1
    padded = sealed.padded(written)
    other = signed(letter(text="Another one."))
    bad: list[tuple[str, str, str, bytes]] = [
        ("altered", "one bit of the ciphertext changed", "SL-5", bytes(flipped)),
        ("altered-capsule", "one bit of what is encapsulated changed", "SL-5",
         sealed.encode_sealed(header, bytes(capsule))),
        ("header-number-changed", "number 2 in the header, which the seal is not bound to", "SL-5", with_header(3, 2)),
        ("header-sender-changed", "another sender in the header", "SL-5 SL-7", with_header(1, C)),
        ("header-addressee-changed", "sealed to us and addressed to another", "SL-5 SL-7", with_header(2, C)),
        ("header-commitment-changed", "another content commitment in the header", "SL-5",
         with_header(4, c.seed("another"))),
        ("other-addressee", "sealed and addressed to a third principal", "SL-7",
         seal(signed(letter(addressee=C)), to="c")),
        ("sealed-on-by-its-addressee", "a letter to the third principal, which that one sealed to us", "SL-7",
         seal(signed(letter(addressee=C)))),
        ("wrong-number", "number 1 inside, number 2 outside, well sealed", "SL-7", seal(written, number=2)),
        ("number-0", "number 0", "SL-5", cbor.encode((*values[:3], 0, *values[4:]))),
        ("signed-by-another", "in the name of one and signed by another", "SL-7", seal(signed(one, "c"))),
        ("from-another-inside", "from another inside than outside", "SL-7", seal(signed(letter(sender=C)))),
        ("commitment-of-another", "the content commitment of another letter", "SL-7",
         seal(written, commitment=sealed.commitment(other))),
        ("truncated", "cut short", "SL-5", first[:-1]),
        ("truncated-by-a-kib", "a whole KiB of the ciphertext cut off", "SL-5",
         sealed.encode_sealed(header, closed[:-1024])),
        ("a-byte-more", "followed by a byte", "SL-5", first + b"\0"),
        ("a-field-more", "a field more", "SL-5", cbor.encode((*values, None))),
        ("of-another-label", "another label", "SL-5", with_header(0, "parley/sealed-letter/2")),
        ("padding-a-kib-more", "filled up with a KiB more than needed", "SL-6",
         seal(written, plain=padded + bytes(1024))),
        ("padding-not-zero", "filled up with something else than zeros", "SL-6",
         seal(written, plain=padded[:-1] + b"\1")),
        ("padding-without-its-mark", "filled up with zeros alone", "SL-6",
         seal(written, plain=written.ljust(len(padded), b"\0"))),
        ("padding-of-zeros-only", "nothing but zeros inside", "SL-6", seal(written, plain=bytes(1024))),
    ]  # fmt: skip
    fields = list(cbor.items(cbor.decode(sealed.letter_payload(one))))
    for name, what, place, value in (
        ("salt-of-31-bytes", "a salt too short", 1, c.seed("x")[:31]),
        ("number-inside-as-text", "a number as text", 4, "1"),
        ("previous-of-31-bytes", "a hash too short", 5, c.seed("x")[:31]),
        ("heard-number-0", "a letter of theirs with number 0", 6, (0, c.seed("x"))),
        ("heard-without-hash", "a letter of theirs without its hash", 6, (1,)),
        ("time-beyond-u32", "an instant beyond 32 bits", 7, 1 << 32),
        ("language-of-17-bytes", "a language too long", 8, "x" * 17),
        ("address-of-257-bytes", "a form of address too long", 9, "x" * 257),
        ("name-of-129-bytes", "in a name too long", 10, "x" * 129),
        ("name-with-a-line-break", "a line break in the name", 10, "a\nb"),
        ("sender-of-31-bytes", "a fingerprint too short", 2, A[:31]),
        ("address-with-a-tab", "a control character in the form of address", 9, "a\tb"),
        ("tier-0", "disclosure tier 0", 11, 0),
        ("tier-4", "disclosure tier 4", 11, 4),
        ("no-text-and-no-facsimile", "nothing to read", 12, ()),
        ("paragraph-with-a-line-break", "a line break in a paragraph", 12, ("a\nb",)),
        ("paragraph-not-normalized", "a paragraph not in NFC", 12, ("e\u0301",)),
        ("paragraph-of-1601-bytes", "a paragraph too long", 12, ("x" * 1601,)),
        ("129-paragraphs", "a paragraph too many", 12, ("x",) * 129),
        ("facsimile-as-svg", "a facsimile that is no raster image", 13, ("image/svg+xml", b"<svg/>")),
        ("facsimile-as-wave", "a sound said to be a WebP", 13, ("image/webp", b"RIFF\0\0\0\0WAVE")),
        ("facsimile-as-webp-cut-short", "half the signature of a WebP", 13, ("image/webp", WEBP[:11])),
        ("facsimile-of-another-kind", "a JPEG said to be a PNG", 13, ("image/png", b"\xff\xd8\xff\xe0")),
    ):
        changed = list(fields)
        changed[place] = value
        bad.append((f"field-{name}", what, "SL-4", seal(sign(cbor.encode(tuple(changed))))))
    more = sign(cbor.encode((*fields, None)))
    without = list(fields)
    without[4] = 0
    bad.append(
        (
            "number-0-inside-and-outside",
            "number 0, well sealed",
            "SL-5",
            numbered_0(sign(cbor.encode(tuple(without)))),
        )
    )
    bad.append(("field-more", "a field more inside", "SL-4", seal(more)))
    for name, what, cites, data in bad:
        c.write(FOLDER, f"sealed-bad-{name}", what, cites, "refused", **receiver(), sealed=data)


# --- letter books -----------------------------------------------------------------------------


def chain(count: int, heard: dict[int, tuple[int, bytes]] | None = None, text: str = "") -> list[Letter]:
    """Letters of a to b, each naming the one before."""
    made: list[Letter] = []
    previous = None
    for number in range(1, count + 1):
        one = letter(number, text=text, previous=previous, heard=(heard or {}).get(number))
        made.append(one)
        previous = sealed.commitment(signed(one))
    return made


def book(name: str, what: str, cites: str, letters: list[Letter], ours: tuple[bytes, ...] = ()) -> None:
    """What the book of b tells of letters opened in this order; `ours`: what b sealed to a before."""
    held, steps = Book(B), []
    for commitment in ours:
        held = held.sealed(CARDS["a"], commitment)
    for one in letters:
        written = signed(one)
        commitment = sealed.commitment(written)
        told = letter_book.judge(held.thread(CARDS["a"]), one, commitment)
        held = held.opened(CARDS["a"], one, commitment)
        steps.append(
            {
                "sealed": seal(written, number=one.number).hex(),
                "told": [[each.told.value, *each.numbers] for each in told],
            }
        )
    number, previous, heard = letter_book.next_of_ours(held.thread(CARDS["a"]))
    c.write(
        FOLDER, f"book-{name}", what, cites, "good", **receiver(), ours=ours, steps=steps,
        next={"number": number, "previous": None if previous is None else previous.hex(),
              "heard": None if heard is None else [heard[0], heard[1].hex()]},
    )  # fmt: skip


def books() -> None:
    one, two, three, four, five = chain(5)
    fork = letter(2, "Instead of the second.", previous=sealed.commitment(signed(one)))
    strange = letter(3, "Of another chain.", previous=c.seed("not the second"))
    without = letter(2, "It names none before it.")
    begun = letter(1, "It names one before the first.", previous=c.seed("none"))
    book("in-order", "three letters, one after another", "SL-8", [one, two, three])
    book("replay", "the first again, after the second", "SL-9", [one, two, one])
    book("gap", "the second and third are missing", "SL-9", [one, four])
    book(
        "gap-of-billions",
        "a number far beyond",
        "SL-9",
        [one, letter(0xFFFFFFFF, previous=c.seed("far"), written_at=WHEN)],
    )
    book("reorder", "the third comes before the second, the fifth before the fourth", "SL-9",
         [one, three, two, five, four])  # fmt: skip
    book("two-under-one-number", "another second letter", "SL-9", [one, two, fork, two])
    book("chain-broken", "a third letter that names another second", "SL-9", [one, two, strange])
    book(
        "chain-broken-seen-later",
        "the second comes after a third that names another",
        "SL-9",
        [one, strange, two],
    )
    book("chain-cut", "a second letter that names none before it", "SL-9", [one, without])
    book("chain-before-the-first", "a first letter that names one before it", "SL-9", [begun])
    ours = tuple(c.seed(f"ours {n}") for n in range(1, 5))
    heard = {1: None, 2: (2, ours[1]), 3: (4, ours[3])}
    said = {n: h for n, h in heard.items() if h is not None}
    book("ours-read", "how far ours were read, letter by letter", "SL-10", chain(3, said, "Heard."), ours)
    said = {2: (1, ours[0]), 3: (2, ours[1])}
    first, second, third = chain(3, said, "Late.")
    book("ours-read-told-late", "a letter that comes late told less than the one after it", "SL-10",
         [first, third, second], ours)  # fmt: skip
    book("ours-beyond-the-book", "they opened a fourth of ours and the book has two", "SL-10",
         chain(1, {1: (4, ours[3])}, "Beyond."), ours[:2])  # fmt: skip
    book(
        "ours-another",
        "they opened another second of ours",
        "SL-10",
        chain(1, {1: (2, c.seed("no"))}, "Other."),
        ours,
    )
    book("ours-fewer-than-before", "a later letter says that less was read", "SL-10",
         chain(2, {1: (3, ours[2]), 2: (1, ours[0])}, "Fewer."), ours)  # fmt: skip


def disclosed() -> None:
    one = letter(content=content("To be shown.", tier=Tier.CONTENT))
    written = signed(one)
    shown = sealed.encode_disclosed(CARDS["a"], written)
    c.write(
        FOLDER, "disclosed", "a letter that its addressee shows", "SL-11", "good", disclosed=shown, fingerprint=A,
        commitment=sealed.commitment(written), number=1, addressee=B, paragraphs=one.content.paragraphs,
    )  # fmt: skip
    for name, what, data in (
        ("text-changed", "another text under the signature", shown.replace(b"To be shown.", b"To be known.")),
        ("under-another-card", "with the card of another", sealed.encode_disclosed(CARDS["c"], written)),
        ("signed-by-whoever-shows-it", "signed anew by another than it is from",
         sealed.encode_disclosed(CARDS["b"], sign(sealed.letter_payload(one), "b"))),
    ):  # fmt: skip
        c.write(FOLDER, f"disclosed-bad-{name}", what, "SL-11", "refused", disclosed=data)


def main() -> None:
    cards()
    sealed_letters()
    books()
    disclosed()


if __name__ == "__main__":
    main()
