"""Makes vectors/wire/terms-bad-* and body-*: values at their bounds and a step beyond."""

from __future__ import annotations

import hashlib
from typing import Any

import common as c

from parley.core.record import EMPTY_ROOT
from parley.core.types import ActKind, NodeKind, Value
from parley.core.wire import cbor

CLOCKS = ((21600, 21600), (10800, 10800), (1800, 1800), (600, 600))
SLOT = (0, 0x1F, 1, None, 1800)
NAMED = c.seed("an act")
DECOMPOSED = "\u1112\u1161\u11ab"  # 한 in three letters: text, and not in normal form C
PREFIX = (1, 0, EMPTY_ROOT)


def accord(**other: Value) -> bytes:
    """Terms of an accord with some fields otherwise, whatever the bounds say."""
    fields: dict[str, Value] = {
        "label": "parley/accord/1",
        "name": c.LINE_NAME,
        "nonce": c.LINE_NONCE,
        "version": 1,
        "suite": 1,
        "purpose": "",
        "owners": ("", ""),
        "languages": c.LANGUAGES,
        "civil_clocks": (540, 540),
        "schedule": (SLOT,),
        "clocks": CLOCKS,
        "quorum": 2,
        "second_person": True,
        "addresses": (),
        "always_open": (),
        "tells_watch": True,
    }
    assert other.keys() <= fields.keys()
    return cbor.encode(tuple((fields | other).values()))


def restore(*, first: Value = (), opens_at: Value = 0, reserved: Value = "", prefix: Value = PREFIX) -> bytes:
    return cbor.encode(("parley/restore/1", (first, ()), (prefix, PREFIX), reserved, opens_at, None))


def of_size(size: int) -> bytes:
    """Terms of exactly so many bytes, each field within its bounds."""
    for last in range(128):
        terms = accord(addresses=(("o" * 64, "f" * 128),) * 6 + (("", "f" * last),), purpose="p" * 100)
        if len(terms) == size:
            return terms
    raise AssertionError(size)


def make_terms() -> None:
    def good(name: str, what: str, terms: bytes) -> None:
        c.write("wire", f"terms-accord-{name}", what, "AC-2", "good", terms=terms,
                hash=hashlib.sha256(terms).digest(), transcript=c.TRANSCRIPT, line=c.LINE)  # fmt: skip

    good("of-1500-bytes", "as many bytes as there may be", of_size(1500))
    good("at-its-bounds", "numbers at their bounds", accord(
        version=65535, languages=("en",) * 15, civil_clocks=(-840, 840), quorum=8,
        schedule=((1439, 127, 3, 1, 43200), (0, 1, 1, 0, 60)), clocks=((1, 2592000),) * 4, always_open=(0, 63),
        second_person=False, tells_watch=False))  # fmt: skip
    slots: dict[str, tuple[Value, ...]] = {
        "slot-at-minute-1440": (1440, 1, 1, None, 60),
        "slot-without-a-day": (0, 0, 1, None, 60),
        "slot-with-an-eighth-day": (0, 128, 1, None, 60),
        "slot-of-meaning-4": (0, 1, 4, None, 60),
        "slot-of-caller-2": (0, 1, 1, 2, 60),
        "slot-of-59-seconds": (0, 1, 1, None, 59),
        "slot-of-43201-seconds": (0, 1, 1, None, 43201),
    }
    others: dict[str, dict[str, Value]] = {
        "label-of-another-version": {"label": "parley/accord/2"},
        "name-of-65-bytes": {"name": "n" * 65},
        "name-not-normalized": {"name": DECOMPOSED},
        "name-with-a-tab": {"name": "Hot\tline"},
        "name-with-a-control-character-of-latin-1": {"name": "Hot\u0085line"},
        "nonce-of-15-bytes": {"nonce": bytes(15)},
        "version-0": {"version": 0},
        "version-65536": {"version": 65536},
        "suite-2": {"suite": 2},
        "one-owner": {"owners": ("",)},
        "owner-of-129-bytes": {"owners": ("o" * 129, "")},
        "no-language": {"languages": ()},
        "sixteen-languages": {"languages": ("en",) * 16},
        "language-of-17-bytes": {"languages": ("x" * 17,)},
        "civil-clock-of-841-minutes": {"civil_clocks": (0, 841)},
        "seventeen-slots": {"schedule": (SLOT,) * 17},
        "three-clocks": {"clocks": CLOCKS[:3]},
        "clock-of-0-seconds": {"clocks": (*CLOCKS[:3], (0, 1))},
        "clock-of-2592001-seconds": {"clocks": (*CLOCKS[:3], (1, 2592001))},
        "quorum-0": {"quorum": 0},
        "quorum-9": {"quorum": 9},
        "second-person-1": {"second_person": 1},
        "seventeen-addresses": {"addresses": (("", ""),) * 17},
        "office-of-65-bytes": {"addresses": (("o" * 65, ""),)},
        "always-open-64": {"always_open": (64,)},
        "watch-null": {"tells_watch": None},
    }
    bad = {name: accord(**other) for name, other in others.items()}
    bad |= {name: accord(schedule=(slot,)) for name, slot in slots.items()}
    bad |= {
        "1501-bytes": of_size(1501),
        "a-field-more": b"\x91" + accord()[1:] + b"\xf6",
        "a-byte-more": accord() + b"\0",
    }
    for name, terms in bad.items():
        c.write("wire", f"terms-accord-bad-{name}", "terms of an accord outside their bounds", "AC-2 CB-6 CV-1 CV-3",
                "refused", terms=terms)  # fmt: skip
    one, other = sorted((c.seed("one"), c.seed("other")))
    sixteen = tuple(sorted(c.seed(f"sever {i}") for i in range(17)))
    for name, terms in {
        "severs-descending": restore(first=(other, one)),
        "severs-twice": restore(first=(one, one)),
        "seventeen-severs": restore(first=sixteen),
        "sever-of-31-bytes": restore(first=(one[:31],)),
        "reserved-of-513-bytes": restore(reserved="r" * 513),
        "reserved-not-normalized": restore(reserved=DECOMPOSED),
        "hour-beyond-u32": restore(opens_at=2**32),
        "hour-null": restore(opens_at=None),
        "prefix-without-a-root": restore(prefix=(1, 0)),
        "prefix-with-a-root-of-31-bytes": restore(prefix=(1, 0, EMPTY_ROOT[:31])),
    }.items():
        c.write("wire", f"terms-restore-bad-{name}", "terms to restore outside their bounds", "LI-15 CV-3", "refused",
                terms=terms)  # fmt: skip


def body(name: str, cites: str, outcome: str, node: bool, kind: int, fields: tuple[Any, ...]) -> None:
    what = (
        "a body with the schema of its kind" if outcome == "good" else "a body without the schema of its kind"
    )
    c.write("wire", f"body-{name}", what, cites, outcome, node=node, kind=int(kind), body=cbor.encode(fields))


def make_bodies() -> None:
    delegation = (1, c.public("officer"), "Duty officer", 3, 31)
    said = ("en", None, None, None, None, None, None)
    long = (NAMED,) * 16
    acts: dict[str, tuple[int, tuple[Any, ...]]] = {
        "roster-at-its-bounds": (ActKind.ROSTER, ((65534, c.public("officer"), "o" * 64, 0, 0), delegation)),
        "message-at-its-bounds": (
            ActKind.MESSAGE,
            ("x" * 16, "s" * 256, "n" * 256, "f" * 256, long, 2**32 - 1, 0, "p" * 1600, ""),
        ),
        "message-of-64-fields": (ActKind.MESSAGE, (*said, *("p",) * 57)),
        "sever-of-two-lines": (ActKind.SEVER, ((c.LINE, c.ORDER_WIRE), 0, "en", "g" * 1600)),
        "acknowledge-noted": (ActKind.ACKNOWLEDGE, (NAMED, 6, None)),
        "cancel": (ActKind.CANCEL, (NAMED, "en", "Sent by mistake.")),
        "tender-at-its-bounds": (ActKind.TENDER, (5, "n" * 128, "t" * 128, "r" * 64, NAMED)),
        "tender-of-two-names": (
            ActKind.TENDER,
            (1, "Office of the South", "Office of the North", None, None),
        ),
        "tender-answer-without-a-reason": (ActKind.TENDER_ANSWER, (NAMED, 3, None, None)),
        "tender-answer-with-a-reason": (ActKind.TENDER_ANSWER, (NAMED, 2, "en", "r" * 1600)),
        "letter-after-a-tender": (ActKind.LETTER, letter(0, NAMED, two=None, three=None)),
        "letter-without-a-tender": (ActKind.LETTER, letter(1, 4)),
        "letter-at-its-bounds": (ActKind.LETTER, letter(8, (NAMED, 1 << 20, NAMED))),
        "tier": (ActKind.TIER, (NAMED, 3)),
        "announcement-at-its-bounds": (
            ActKind.ANNOUNCEMENT,
            (NAMED, 2**32 - 1, "c" * 128, "x" * 16, "t" * 256, tuple(range(16)), "p" * 1600),
        ),
        "announcement-of-one-side": (ActKind.ANNOUNCEMENT, announcement(0, None)),
        "kind-unknown": (63, ("anything", 1, None)),
    }
    for name, (kind, fields) in acts.items():
        body(f"good-{name}", "KI-1 KI-5" if kind == 63 else "KI-2 KI-5", "good", False, kind, fields)
    statements: dict[str, tuple[int, tuple[Any, ...]]] = {
        "receipt-of-three": (NodeKind.RECEIPT, ((2**32 - 1, NAMED),) * 3),
        "epoch-at-its-bounds": (NodeKind.EPOCH, (2**32 - 1, 0, 65535, bytes(1168), 0)),
        "contact-unanswered": (NodeKind.CONTACT, (0, 2**32 - 1, 3, 9, None, None, None)),
        "contact-answered": (NodeKind.CONTACT, (1, 1, 1, 2, 7, 65534, 2**32 - 1)),
        "prekeys-of-64": (NodeKind.PREKEYS, (64, NAMED, None)),
    }
    for name, (kind, fields) in statements.items():
        body(f"good-{name}", "KI-3 KI-5", "good", True, kind, fields)
    make_bad_acts(delegation, said)
    make_bad_statements()


def letter(at: int, value: Value, **names: Value) -> tuple[Any, ...]:
    """A letter without a tender, but for one field; names by their places."""
    fields = [
        None,
        1,
        "Office of the South",
        "Office of the North",
        None,
        1,
        NAMED,
        NAMED,
        (NAMED, 1, NAMED),
        NAMED,
    ]
    fields[2], fields[3] = names.get("two", fields[2]), names.get("three", fields[3])
    return (*fields[:at], value, *fields[at + 1 :])


def announcement(at: int, value: Value) -> tuple[Any, ...]:
    """An announcement of one side, but for one field."""
    fields = (NAMED, 1_795_262_400, "Press office", "en", "The lines", (0, 1), "The lines work again.")
    return (*fields[:at], value, *fields[at + 1 :])


def make_bad_acts(delegation: tuple[Any, ...], said: tuple[Any, ...]) -> None:
    def delegated(at: int, value: Value) -> tuple[Any, ...]:
        return ((*delegation[:at], value, *delegation[at + 1 :]),)

    def written(at: int, value: Value) -> tuple[Any, ...]:
        return (*said[:at], value, *said[at + 1 :], "Text.")

    roster, message = ActKind.ROSTER, ActKind.MESSAGE
    for name, kind, fields in (
        ("roster-of-nobody", roster, ()),
        ("roster-author-0", roster, delegated(0, 0)),
        ("roster-author-65535", roster, delegated(0, 65535)),
        ("roster-key-of-31-bytes", roster, delegated(1, bytes(31))),
        ("roster-office-of-65-bytes", roster, delegated(2, "o" * 65)),
        ("roster-precedence-4", roster, delegated(3, 4)),
        ("roster-power-32", roster, delegated(4, 32)),
        ("roster-a-field-more", roster, ((*delegation, None),)),
        ("offer-subject-0", ActKind.OFFER, (0, b"")),
        ("offer-subject-5", ActKind.OFFER, (5, b"")),
        ("offer-terms-as-text", ActKind.OFFER, (1, "")),
        ("agree-hash-of-31-bytes", ActKind.AGREE, (NAMED[:31],)),
        ("withdraw-null", ActKind.WITHDRAW, (None,)),
        ("sever-of-no-line", ActKind.SEVER, ((), 0, "en", "")),
        ("sever-line-of-31-bytes", ActKind.SEVER, ((c.LINE[:31],), 0, "en", "")),
        ("sever-time-beyond-u32", ActKind.SEVER, (None, 2**32, "en", "")),
        ("sever-grounds-null", ActKind.SEVER, (None, 0, "en", None)),
        ("sever-grounds-of-1601-bytes", ActKind.SEVER, (None, 0, "en", "g" * 1601)),
        ("cancel-without-a-reason", ActKind.CANCEL, (NAMED, "en")),
        ("acknowledge-grade-0", ActKind.ACKNOWLEDGE, (NAMED, 0, None)),
        ("acknowledge-grade-7", ActKind.ACKNOWLEDGE, (NAMED, 7, None)),
        ("acknowledge-grade-true", ActKind.ACKNOWLEDGE, (NAMED, True, None)),
        ("acknowledge-read-back-of-1601-bytes", ActKind.ACKNOWLEDGE, (NAMED, 2, "r" * 1601)),
        ("message-without-a-paragraph", message, said),
        ("message-language-of-17-bytes", message, written(0, "x" * 17)),
        ("message-subject-of-257-bytes", message, written(1, "s" * 257)),
        ("message-no-references", message, written(4, ())),
        ("message-seventeen-references", message, written(4, (NAMED,) * 17)),
        ("message-reply-by-beyond-u32", message, written(5, 2**32)),
        ("message-reply-by-negative", message, written(5, -1)),
        ("message-paragraph-of-1601-bytes", message, (*said, "p" * 1601)),
        ("message-paragraph-of-534-korean-letters", message, (*said, "가" * 534)),
        ("message-paragraph-not-normalized", message, (*said, DECOMPOSED)),
        ("message-paragraph-with-a-line-break", message, (*said, "one\ntwo")),
        ("message-paragraph-with-a-delete", message, (*said, "one\x7ftwo")),
        ("message-paragraph-null", message, (*said, "Text.", None)),
        ("tender-class-6", ActKind.TENDER, (6, "n", "t", None, None)),
        ("tender-name-null", ActKind.TENDER, (1, None, "t", None, None)),
        ("tender-name-of-129-bytes", ActKind.TENDER, (1, "n" * 129, "t", None, None)),
        ("tender-answer-4", ActKind.TENDER_ANSWER, (NAMED, 4, None, None)),
        ("tender-answer-reason-without-a-language", ActKind.TENDER_ANSWER, (NAMED, 2, None, "r")),
        ("letter-names-beside-its-tender", ActKind.LETTER, letter(0, NAMED)),
        ("letter-number-0", ActKind.LETTER, letter(5, 0)),
        ("letter-object-of-0-bytes", ActKind.LETTER, letter(8, (NAMED, 0, NAMED))),
        ("letter-object-over-1-mib", ActKind.LETTER, letter(8, (NAMED, (1 << 20) + 1, NAMED))),
        ("letter-object-without-a-salt", ActKind.LETTER, letter(8, (NAMED, 1))),
        ("letter-commitment-of-31-bytes", ActKind.LETTER, letter(9, NAMED[:31])),
        ("tier-4", ActKind.TIER, (NAMED, 4)),
        ("announcement-point-16", ActKind.ANNOUNCEMENT, announcement(5, (16,))),
        ("announcement-points-out-of-order", ActKind.ANNOUNCEMENT, announcement(5, (1, 0))),
        ("announcement-without-a-paragraph", ActKind.ANNOUNCEMENT, announcement(0, None)[:6]),
    ):
        body(f"bad-{name}", "KI-2 KI-4 CV-3", "fault", False, kind, fields)


def make_bad_statements() -> None:
    contact = (0, 0, 1, 0, None, None, None)
    for name, kind, fields in (
        ("receipt-of-four", NodeKind.RECEIPT, ((9, NAMED),) * 4),
        ("receipt-with-half-a-name", NodeKind.RECEIPT, ((9,),)),
        ("head-with-a-field", NodeKind.HEAD, (None,)),
        ("epoch-0", NodeKind.EPOCH, (0, 0, 0, bytes(1168), 0)),
        ("epoch-index-beyond-u16", NodeKind.EPOCH, (1, 0, 65536, bytes(1168), 0)),
        ("epoch-sealed-of-1167-bytes", NodeKind.EPOCH, (1, 0, 0, bytes(1167), 0)),
        ("adopt-hash-of-33-bytes", NodeKind.ADOPT, (NAMED + b"\0",)),
        ("contact-calls-null", NodeKind.CONTACT, (*contact[:3], None, *contact[4:])),
        ("contact-by-65535", NodeKind.CONTACT, (*contact[:4], 7, 65535, None)),
        ("contact-a-field-less", NodeKind.CONTACT, contact[:6]),
        ("prekeys-of-0", NodeKind.PREKEYS, (0, NAMED, None)),
        ("prekeys-of-65", NodeKind.PREKEYS, (65, NAMED, None)),
        ("prekeys-with-a-signature", NodeKind.PREKEYS, (32, NAMED, bytes(64))),
    ):
        body(f"bad-{name}", "KI-3 KI-4", "fault", True, kind, fields)


if __name__ == "__main__":
    make_terms()
    make_bodies()
