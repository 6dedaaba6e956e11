"""Letters between principals as their addressee reads them: cards, seals, what a letter book tells (spec 15)."""

from dataclasses import dataclass, field
from itertools import pairwise

from otherend import cbor, hybrid, signed, suite
from otherend.fields import exactly, items, lang, number, octets, optional, record, sha256, text, u32
from otherend.refused import check, under
from otherend.tree import sha

KIB = 1024
CARD = record(exactly("parley/principal/1"), text(128, 1), octets(1216), octets(32))
HEARD = record(number(1, 2**32 - 1), sha256)
NUMBER = number(1, 2**32 - 1)


def is_bytes(value: object) -> bool:
    return type(value) is bytes


LETTER = record(
    exactly("parley/letter/1"),
    octets(32),
    sha256,
    sha256,
    NUMBER,
    optional(sha256),
    optional(HEARD),
    u32,
    lang,
    optional(text(256)),
    optional(text(128)),
    number(1, 3),
    items(text(1600), 0, 128),
    optional(record(text(32), is_bytes)),
)
SEALED = record(exactly("parley/sealed-letter/1"), sha256, sha256, NUMBER, sha256, is_bytes)
DISCLOSED = record(exactly("parley/disclosed-letter/1"), is_bytes, is_bytes)


@dataclass(frozen=True)
class Card:
    office: str
    sealing_key: bytes
    signing_key: bytes
    fingerprint: bytes


def card(data: bytes) -> Card:
    found = under("SL-2", lambda: signed.tagged(data))
    value = under("SL-2", lambda: cbor.decode(found.payload))
    check(CARD(value) and value[1].strip() != "", "SL-2", "no card")
    under("SL-2", lambda: suite.check_key(value[3]))
    found.verify(value[3], "SL-2")
    return Card(*value[1:], sha(found.payload))


def commitment(tagged: bytes) -> bytes:
    return sha(cbor.encode(["parley/letter-content/1", tagged]))


def letter(tagged: bytes, sender: Card, rule: str) -> list[object]:
    found = under(rule, lambda: signed.tagged(tagged))
    found.verify(sender.signing_key, rule)
    value = under("SL-4", lambda: cbor.decode(found.payload))
    check(LETTER(value), "SL-4", "not these fields")
    paragraphs, facsimile = value[12:]
    check(bool(paragraphs) or facsimile is not None, "SL-4", "nothing to read")
    if facsimile is not None:
        kind, image = facsimile
        begins = {
            "image/png": image[:8] == b"\x89PNG\r\n\x1a\n",
            "image/jpeg": image[:3] == b"\xff\xd8\xff",
            "image/webp": image[:4] == b"RIFF" and image[8:12] == b"WEBP",
        }
        check(begins.get(kind, False), "SL-4", "no raster image of that kind")
    check(value[2] == sender.fingerprint, rule, "from another")
    return value


def unpadded(plain: bytes) -> bytes:
    check(len(plain) % KIB == 0, "SL-6", "no whole KiB")
    end = len(plain) - 1
    while end >= 0 and plain[end] == 0:
        end -= 1
    check(end >= 0 and plain[end] == 0x80, "SL-6", "no mark")
    check(len(plain) - end <= KIB, "SL-6", "a KiB too many")
    return plain[:end]


@dataclass(frozen=True)
class Opened:
    number: int
    commitment: bytes
    value: list[object]
    tagged: bytes


def opened(data: bytes, private: hybrid.Private, ours: bytes, sender: Card) -> Opened:
    check(len(data) <= 2**20, "SL-5", "too long")
    value = under("SL-5", lambda: cbor.decode(data))
    check(SEALED(value), "SL-5", "no sealed letter")
    *header, closed = value
    size = len(closed) - 1136
    check(size > 0 and size % KIB == 0 and size <= 1022 * KIB, "SL-5", "a length that no letter has")
    check(header[1] == sender.fingerprint and header[2] == ours, "SL-7", "between others")
    plain = hybrid.opened(private, closed, cbor.encode(header))
    check(plain is not None, "SL-5", "it does not open")
    tagged = unpadded(plain)
    check(commitment(tagged) == header[4], "SL-7", "another content commitment")
    inside = letter(tagged, sender, "SL-7")
    check(inside[3:5] == header[2:4], "SL-7", "other inside than outside")
    return Opened(header[3], header[4], inside, tagged)


def disclosed(data: bytes) -> tuple[Card, list[object], bytes]:
    value = under("SL-11", lambda: cbor.decode(data))
    check(DISCLOSED(value), "SL-11", "no disclosed letter")
    found = under("SL-11", lambda: card(value[1]))
    return found, letter(value[2], found, "SL-11"), commitment(value[2])


@dataclass
class Book:
    """What one principal holds of the letters with one other."""

    ours: list[bytes]
    theirs: dict[int, dict[bytes, list[object]]] = field(default_factory=dict)

    def tells(self, one: Opened) -> list[list[object]]:
        """SL-9, then SL-10; then it is entered."""
        told = [*self._of_its_place(one), *self._of_ours(one)]
        self.theirs.setdefault(one.number, {})[one.commitment] = one.value
        return told

    def _of_its_place(self, one: Opened) -> list[list[object]]:
        n, previous = one.number, one.value[5]
        if one.commitment in self.theirs.get(n, {}):
            return [["opened before"]]
        told: list[list[object]] = []
        if n in self.theirs:
            told.append(["second under its number", n])
        elif any(other > n for other in self.theirs):
            told.append(["before one that was opened"])
        below = [0, *sorted(other for other in self.theirs if other < n), n]
        told += [["missing", a + 1, b - 1] for a, b in pairwise(below) if b > a + 1]
        before, after = self.theirs.get(n - 1), self.theirs.get(n + 1)
        if (previous is None) != (n == 1) or (before is not None and previous not in before):
            told.append(["chain does not fit", n - 1])
        if after is not None and one.commitment not in [value[5] for value in after.values()]:
            told.append(["chain does not fit", n + 1])
        return told or [["in order", n]]

    def _of_ours(self, one: Opened) -> list[list[object]]:
        n, name = one.value[6] or (0, None)
        if n > len(self.ours):
            return [["ours beyond this book", n]]
        if n and self.ours[n - 1] != name:
            return [["not the letter we sealed", n]]
        told: list[list[object]] = []
        if n or self.ours:
            told.append(["ours were read to", n])
        if n < len(self.ours):
            told.append(["ours not yet read", n + 1, len(self.ours)])
        lower = [v[6][0] for m, held in self.theirs.items() if m < one.number for v in held.values() if v[6]]
        if max(lower, default=0) > n:
            told.append(["fewer than before", max(lower), n])
        return told

    def next(self) -> dict[str, object]:
        """What our next letter says of those before it, as the vectors have it."""
        top = max(self.theirs, default=None)
        return {
            "number": len(self.ours) + 1,
            "previous": self.ours[-1].hex() if self.ours else None,
            "heard": None if top is None else [top, min(self.theirs[top]).hex()],
        }
