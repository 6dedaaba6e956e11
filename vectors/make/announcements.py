"""Makes vectors/announcements: the terms of an hour, the body of a text, and the file that proves one."""

from __future__ import annotations

from collections.abc import Callable

import common as c

from parley.core import disclosure, record
from parley.core.disclosure import Part
from parley.core.instruments import announcement, roster
from parley.core.instruments.announcement import POINTS_FIELD, Hour
from parley.core.types import POWERS_ALL, ActKind, Body, Officer, Power, Precedence, Value
from parley.core.wire import cbor
from parley.core.wire import entry as wire

FOLDER = "announcements"
AT = 1_795_269_600
NONCE = c.seed("announcement hour")[:16]
POINTS = ("The lines are open again.", "양측은 신뢰를 쌓는다.", "A summit is not decided.")
HOUR = Hour(NONCE, AT, "통신연락선 / the lines", POINTS)
TERMS = announcement.encode_hour(HOUR)
NAME = c.hashlib.sha256(TERMS).digest()
BODY: Body = (
    NAME,
    AT,
    "press hall",
    "ko",
    "통신연락선 재개",
    (0, 2),
    "모든 통신연락선이 다시 가동된다. [지어낸 글]",
    "회담은 정해지지 않았다. [지어낸 글]",
)
WEAK = Officer(2, c.public(f"officer {c.SIDES[0]}2"), "watch officer", Precedence.FLASH, Power.ACKNOWLEDGE)
CARD = wire.encode_signed(c.sign(f"root {c.SIDES[0]}", c.PAYLOADS[0]), tagged=True)


def hour(
    *, label: str = announcement.HOUR_LABEL, nonce: bytes = NONCE, at: Value = AT, points: Value = POINTS
) -> bytes:
    return cbor.encode((label, nonce, at, HOUR.subject, points))


def hours() -> None:
    good = {"hour": AT, "subject": HOUR.subject, "points": POINTS, "nonce": NONCE, "hash": NAME}
    c.write(FOLDER, "hour", "the terms of an announcement hour", "AN-1", "good", terms=TERMS, **good)
    none = announcement.encode_hour(Hour(NONCE, AT, "one thing"))
    told = {
        "hour": AT,
        "subject": "one thing",
        "points": (),
        "nonce": NONCE,
        "hash": c.hashlib.sha256(none).digest(),
    }
    c.write(FOLDER, "hour-without-points", "an hour may have no points", "AN-1", "good", terms=none, **told)
    for name, what, data in (
        ("hour-other-label", "terms with the label of others", hour(label="parley/restore/1")),
        ("hour-short-nonce", "a nonce of 15 bytes", hour(nonce=NONCE[:15])),
        ("hour-too-late", "an hour beyond u32", hour(at=1 << 32)),
        ("hour-in-words", "an hour that is no number", hour(at="11:00")),
        ("hour-17-points", "17 points", hour(points=("a point",) * 17)),
        ("hour-long-point", "a point of 257 bytes", hour(points=("p" * 257,))),
        ("hour-control-character", "a point of two lines", hour(points=("one\ntwo",))),
        ("hour-field-more", "a field too many", cbor.encode((*_fields(TERMS), None))),
    ):
        c.write(FOLDER, name, what, "AN-1", "refused", terms=data)


def _fields(data: bytes) -> tuple[Value, ...]:
    return cbor.items(cbor.decode(data))


def bodies() -> None:
    c.write(
        FOLDER,
        "body",
        "a text that speaks of two of three points",
        "AN-2",
        "good",
        body=wire.encode_body(BODY),
    )
    alone = (None, AT, "", "en", "A notice", None, "A notice of our own. [invented]")
    c.write(FOLDER, "body-alone", "a text for an hour nobody agreed on, which does not say its points", "AN-2", "good",
            body=wire.encode_body(alone))  # fmt: skip
    for name, what, body in (
        ("body-no-paragraph", "a text without a paragraph", BODY[:6]),
        ("body-points-repeat", "a point twice", (*BODY[:5], (0, 0), *BODY[6:])),
        ("body-points-out-of-order", "points out of order", (*BODY[:5], (2, 0), *BODY[6:])),
        ("body-point-16", "a point beyond the sixteenth", (*BODY[:5], (16,), *BODY[6:])),
        ("body-short-terms", "terms that are no hash", (NAME[:31], *BODY[1:])),
    ):
        c.write(FOLDER, name, what, "AN-2", "refused", body=wire.encode_body(body))


class Parts:
    """A disclosure in its parts, to be spoilt."""

    def __init__(self) -> None:
        self.card, self.signer, self.root = CARD, f"officer {c.SIDES[0]}1", f"root {c.SIDES[0]}"
        self.officers: tuple[Officer, ...] = c.OFFICERS
        self.author, self.party, self.kind = 1, 0, int(ActKind.ANNOUNCEMENT)
        self.body, self.withheld, self.shown = BODY, {POINTS_FIELD}, {0}
        self.roster_kind, self.roster_author = int(ActKind.ROSTER), 0

    def made(self) -> bytes:
        body = roster.body(self.officers)
        delegation = self._part(
            self.roster_kind,
            body,
            self.roster_author,
            self.root,
            c.ORDER_WIRE,
            set(range(len(body))) - self.shown,
        )
        said = self._part(self.kind, self.body, self.author, self.signer, c.LINE, self.withheld)
        return disclosure.write(self.card, delegation, said)

    def _part(self, kind: int, body: Body, author: int, signer: str, line: bytes, withheld: set[int]) -> Part:
        said, signed = c.act(kind, body, party=self.party, author=author, line=line, signer=signer)
        salts = record.salts_of(c.KEYS[line], said, len(body))
        return Part(wire.encode_signed(signed, tagged=True), body, salts, withheld)


def spoilt(change: Callable[[Parts], None]) -> bytes:
    parts = Parts()
    change(parts)
    return parts.made()


def altered(change: Callable[[list[Value]], None], part: int = 3) -> bytes:
    """The good file with one field of a part changed."""
    whole = list(_fields(Parts().made()))
    act, fields = cbor.items(whole[part])
    changed = list(cbor.items(fields))
    change(changed)
    whole[part] = (act, tuple(changed))
    return cbor.encode(tuple(whole))


def put(at: int, value: Value) -> Callable[[list[Value]], None]:
    def change(fields: list[Value]) -> None:
        salt = cbor.items(fields[at])[0] if isinstance(fields[at], tuple) else bytes(32)
        fields[at] = (salt, value)

    return change


def to(**values: object) -> Callable[[Parts], None]:
    def change(parts: Parts) -> None:
        for name, value in values.items():
            setattr(parts, name, value)

    return change


def disclosures() -> None:
    good = Parts().made()
    told = {
        "party": c.CARDS[0].party_name,
        "fingerprint": c.suite.key_id(c.CARDS[0].root_key),
        "office": "duty officer",
        "title": BODY[4],
        "terms": NAME,
        "points_told": False,
    }
    c.write(FOLDER, "disclosure", "a text with its points withheld", "AN-11 AN-12", "good", file=good, **told)
    whole = spoilt(to(withheld=set(), shown={0, 1}))
    c.write(FOLDER, "disclosure-whole", "a text with nothing withheld", "AN-11", "good", file=whole,
            **{**told, "points_told": True})  # fmt: skip
    no_terms = spoilt(to(withheld={0, POINTS_FIELD}))
    c.write(FOLDER, "disclosure-no-terms", "a text with terms and points withheld", "AN-11", "good", file=no_terms,
            **{**told, "terms": None})  # fmt: skip

    other = f"officer {c.SIDES[0]}2"
    other_card = wire.encode_signed(c.sign(f"root {c.SIDES[1]}", c.PAYLOADS[1]), tagged=True)
    longer = altered(lambda fields: fields.append((bytes(32), "one more")))

    def withhold(at: int) -> Callable[[list[Value]], None]:
        def change(fields: list[Value]) -> None:
            salt, value = cbor.items(fields[at])
            assert isinstance(salt, bytes)
            fields[at] = c.suite.field_hash(ActKind.ANNOUNCEMENT, len(BODY), at, salt, value)

        return change

    refused = (
        ("altered-title", "another title than was signed", "announcement", altered(put(4, "Lines closed"))),
        ("altered-hour", "another hour than was signed", "announcement", altered(put(1, AT + 60))),
        ("altered-paragraph", "a paragraph more than was signed", "announcement", longer),
        ("altered-points", "points in the place of those withheld", "announcement", altered(put(5, (0,)))),
        ("withheld-paragraph", "a paragraph is withheld", "announcement", altered(withhold(6))),
        ("short-hash", "a hash of 31 bytes", "announcement", altered(lambda f: f.__setitem__(5, bytes(31)))),
        ("other-key", "signed by another officer's key", "announcement", spoilt(to(signer=other))),
        ("unknown-author", "an author the delegation does not show", "announcement",
         spoilt(to(author=2, signer=other))),
        ("no-power", "an officer who may not release", "announcement",
         spoilt(to(author=2, signer=other, officers=(WEAK,)))),
        ("other-kind", "an act that is no announcement", "announcement", spoilt(to(kind=int(ActKind.MESSAGE)))),
        ("no-schema", "a body without its schema", "announcement", spoilt(to(body=BODY[:6]))),
        ("altered-delegation", "another office than was delegated", "delegation",
         altered(lambda f: f.__setitem__(0, (cbor.items(f[0])[0], (1, c.OFFICERS[0].key, "chief", 3, int(POWERS_ALL)))),
                 2)),
        ("delegation-of-an-officer", "a delegation that an officer signed", "delegation", spoilt(to(root=other))),
        ("delegation-other-kind", "a delegation that is no roster", "delegation", spoilt(to(roster_kind=8))),
        ("delegation-other-author", "a delegation by an officer's number", "delegation", spoilt(to(roster_author=1))),
        ("delegation-nobody", "a delegation that shows nobody", "delegation", spoilt(to(shown=set()))),
        ("other-card", "the card of the other party", "delegation", spoilt(to(card=other_card))),
        ("card-other-root", "a card signed by another key", "card",
         spoilt(to(card=wire.encode_signed(c.sign(f"root {c.SIDES[1]}", c.PAYLOADS[0]), tagged=True)))),
        ("card-untagged", "a card without its tag", "card", spoilt(to(card=CARD[1:]))),
        ("other-label", "a file of another label", "file",
         cbor.encode(("parley/export-head/1", *_fields(good)[1:]))),
        ("byte-more", "a byte after the end", "file", good + b"\x00"),
        ("too-long", "a file over 32,768 bytes", "file", bytes(disclosure.FILE_BYTES_MAX + 1)),
        ("no-act", "a statement of a node in the place of the act", "announcement", _with_statement(good)),
    )  # fmt: skip
    for name, what, where, data in refused:
        c.write(FOLDER, f"disclosure-{name}", what, "AN-11", "refused", file=data, where=where)


def _with_statement(good: bytes) -> bytes:
    _, signed = c.statement(1, (), own=record.Tree(), theirs=record.Tree())
    label, card, delegation, _ = _fields(good)
    return cbor.encode((label, card, delegation, (wire.encode_signed(signed, tagged=True), ())))


if __name__ == "__main__":
    for old in (c.VECTORS / FOLDER).glob("*.json"):
        old.unlink()
    hours()
    bodies()
    disclosures()
