"""Vectors of contacts: terms of an accord in their second form, and bodies of a CONTACT that says what was proven."""

from __future__ import annotations

import hashlib

from common import LINE, LINE_NAME, LINE_NONCE, TRANSCRIPT, write

from parley.core import accord
from parley.core.accord import Accord, Meaning, Slot
from parley.core.types import NodeKind, Value
from parley.core.wire import cbor

FIRST = Accord(
    LINE_NAME,
    LINE_NONCE,
    2,
    purpose="Contacts of two offices.",
    languages=("en", "ko"),
    civil_clocks=(510, 540),
    schedule=(Slot(30, 0x1F, Meaning.OPENING, None, 1800), Slot(510, 0x1F, Meaning.CLOSING, 0, 1800)),
)
MORE: tuple[Value, ...] = (
    ((16_683, 17_014), (16_707,)),
    2,
    (4, 5),
    ("Test of the line. No message.", "회선 시험. 전언 없음."),
    ((2, "The heads of both line offices are told."), (6, "A letter goes by another line.")),
)
NOTHING: tuple[Value, ...] = (((), ()), 0, (), (), ())


def fields_of_first() -> tuple[Value, ...]:
    value = cbor.decode(accord.encode_terms(FIRST))
    assert isinstance(value, tuple)
    return value


def second(*more: Value, label: str = accord.ACCORD_2_LABEL) -> bytes:
    return cbor.encode((label, *fields_of_first()[1:], *more))


def but(at: int, value: Value, of: tuple[Value, ...] = MORE) -> tuple[Value, ...]:
    return (*of[:at], value, *of[at + 1 :])


def terms(name: str, what: str, cites: str, data: bytes, outcome: str = "good") -> None:
    fields = {"terms": data, "hash": hashlib.sha256(data).digest(), "transcript": TRANSCRIPT, "line": LINE}
    if outcome != "good":
        fields = {"terms": data}
    write("wire", f"terms-accord2-{name}", what, cites, outcome, **fields)


def good_terms() -> None:
    terms("whole", "terms of the second form with all that it has more", "AC-6 AC-8", second(*MORE))
    for at, (name, what) in enumerate(
        (
            ("holidays", "holidays of both parties and nothing else more"),
            ("held-on-holidays", "a slot that is held on holidays, with no holiday agreed yet"),
            ("untendered", "classes of letters that pass without a tender"),
            ("test-texts", "two neutral texts for the document test"),
            ("escalation", "two steps for missed contacts"),
        )
    ):
        terms(name, what, "AC-6 AC-7", second(*but(at, MORE[at], NOTHING)))
    most = but(0, (tuple(range(16_000, 16_064)), tuple(range(17_000, 17_064))))
    terms("with-the-most-holidays", "64 holidays of each party", "AC-8", second(*most))


def bad_terms() -> None:
    def refused(name: str, what: str, cites: str, data: bytes) -> None:
        terms(f"bad-{name}", what, cites, data, "refused")

    refused(
        "with-nothing-more", "the second form with nothing that the first has not", "AC-7", second(*NOTHING)
    )
    refused(
        "under-the-first-label",
        "the label of the first form",
        "AC-7",
        second(*MORE, label=accord.ACCORD_LABEL),
    )
    refused(
        "without-its-fields", "the label of the second form over the fields of the first", "AC-6", second()
    )
    refused("a-field-less", "four of the five fields", "AC-6", second(*MORE[:-1]))
    refused("a-field-more", "a sixth field", "AC-6", second(*MORE, None))
    for name, what, at, value in (
        ("65-holidays", "65 holidays of one party", 0, (tuple(range(65)), ())),
        ("holidays-descending", "holidays out of order", 0, ((2, 1), ())),
        ("a-holiday-twice", "one holiday twice", 0, ((), (7, 7))),
        ("a-holiday-before-1970", "a day before 1970", 0, ((-1,), ())),
        ("a-holiday-beyond-u32", "a day whose seconds are beyond u32", 0, ((49_711,), ())),
        ("holidays-of-one-party", "holidays of one party alone", 0, ((16_683,),)),
        ("a-flag-beyond-the-schedule", "the third slot of two is held on holidays", 1, 4),
        ("a-class-unknown", "a class of letters that there is not", 2, (6,)),
        ("classes-descending", "classes out of order", 2, (5, 4)),
        ("nine-test-texts", "nine test texts", 3, tuple("abcdefghi")),
        ("a-test-text-twice", "one test text twice", 3, ("a", "a")),
        ("a-test-text-empty", "an empty test text", 3, ("",)),
        ("a-test-text-of-129-bytes", "a test text of 129 bytes", 3, ("t" * 129,)),
        ("five-steps", "five steps", 4, tuple((n, "a") for n in range(1, 6))),
        ("steps-descending", "steps out of order", 4, ((2, "a"), (1, "b"))),
        ("a-step-at-once", "a step after no missed contact", 4, ((0, "a"),)),
        ("a-step-without-words", "a step without words", 4, ((1, ""),)),
    ):
        refused(name, what, "AC-8", second(*but(at, value)))
    long = but(3, tuple(f"{n}" + "t" * 127 for n in range(8)))
    refused(
        "of-1501-bytes-and-more",
        "more than 1,500 bytes",
        "AC-8",
        second(*long[:4], tuple((n, "s" * 128) for n in range(1, 5))),
    )


def contacts() -> None:
    slot = 1_439_598_600
    plain: tuple[Value, ...] = (slot, slot, 1, 2, slot + 60, 3, slot + 28_800)

    def body(name: str, what: str, cites: str, outcome: str, *more: Value) -> None:
        write(
            "wire",
            f"body-{name}",
            what,
            cites,
            outcome,
            node=True,
            kind=int(NodeKind.CONTACT),
            body=cbor.encode((*plain, *more)),
        )

    body(
        "contact-proven",
        "a contact of ten fields: all was proven, and there was no message",
        "CT-9",
        "good",
        127,
        4,
        1,
    )
    body("contact-with-their-office-alone", "only whose office was heard is said", "CT-9", "good", 0, 4, 0)
    body("contact-with-a-check-unknown", "a check that there is not yet", "CT-9", "good", 32_768, None, 0)
    body(
        "bad-contact-that-says-nothing-more",
        "ten fields, with nothing in the last three",
        "CT-9",
        "fault",
        0,
        None,
        0,
    )
    body("bad-contact-of-nine-fields", "two of the last three fields", "CT-9", "fault", 127, 4)
    body("bad-contact-checks-beyond-u16", "checks beyond u16", "CT-9", "fault", 65_536, 4, 1)
    body("bad-contact-content-3", "a content that there is not", "CT-9", "fault", 127, 4, 3)
    body("bad-contact-of-author-65535", "an author number that nobody has", "CT-9", "fault", 127, 65_535, 1)


if __name__ == "__main__":
    good_terms()
    bad_terms()
    contacts()
