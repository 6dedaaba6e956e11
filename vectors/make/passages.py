"""Vectors of appointments and of the passages of letters (spec 19, 20).

A `passage-*` has `acts`, those of both logs that have effect and those held withheld, whose `body` is null, and what
each end says of them in `passages` and `series`, whatever the order in which it had them.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import common as c

from parley.core.instruments import letter
from parley.core.instruments.letter import Said
from parley.core.types import ActKind, Value
from parley.core.wire import cbor

DECOMPOSED = "e\u0301"
AT = 1_619_485_200  # 27 April 2021, 01:00 UTC


def appointment(**but: Value) -> bytes:
    fields: dict[str, Value] = {
        "label": "parley/appointment/1",
        "nonce": c.seed("nonce")[:16],
        "occasion": 3,
        "at": AT,
        "lasts": 1800,
        "place": "Conference room of the commission",
        "who": ("Liaison officer of the North", "Liaison officer of the South"),
        "purpose": "Handover of a letter",
        "read_out": None,
        "instead_of": None,
        "reason": None,
        "called_off": False,
    }
    return cbor.encode(tuple((fields | but).values()))


def make_appointments() -> None:
    named = c.seed("terms")
    for name, terms in {
        "handover": appointment(),
        "moved": appointment(instead_of=named, reason="The road is closed."),
        "called-off": appointment(instead_of=named, reason="By agreement.", called_off=True),
        "read-out": appointment(instead_of=named, read_out="The letter was handed over."),
        "at-its-bounds": appointment(
            occasion=1, at=2**32 - 1, lasts=2_678_400, place="p" * 256, who=("w" * 256, ""), purpose="p" * 512,
            read_out="r" * 512, instead_of=named, reason="r" * 512,
        ),
    }.items():  # fmt: skip
        c.write("wire", f"terms-appointment-{name}", "terms of an appointment", "AP-1", "good", terms=terms,
                hash=hashlib.sha256(terms).digest())  # fmt: skip
    bad: dict[str, dict[str, Value]] = {
        "label-of-another-version": {"label": "parley/appointment/2"},
        "nonce-of-15-bytes": {"nonce": bytes(15)},
        "occasion-0": {"occasion": 0},
        "occasion-4": {"occasion": 4},
        "hour-beyond-u32": {"at": 2**32},
        "longer-than-31-days": {"lasts": 2_678_401},
        "place-of-257-bytes": {"place": "p" * 257},
        "place-not-normalized": {"place": DECOMPOSED},
        "three-who-come": {"who": ("", "", "")},
        "purpose-of-513-bytes": {"purpose": "p" * 513},
        "read-out-line-of-513-bytes": {"read_out": "r" * 513},
        "instead-of-31-bytes": {"instead_of": named[:31]},
        "called-off-and-names-nothing": {"called_off": True},
        "called-off-1": {"called_off": 1, "instead_of": named},
    }
    wrong = {name: appointment(**but) for name, but in bad.items()}
    wrong["a-field-less"] = b"\x8b" + appointment()[1:-1]
    for name, terms in wrong.items():
        c.write("wire", f"terms-appointment-bad-{name}", "terms of an appointment outside their bounds", "AP-1 CV-3",
                "refused", terms=terms)  # fmt: skip


class Logs:
    """Two logs of acts with effect, as they are written one by one."""

    def __init__(self) -> None:
        self.acts: list[Said] = []
        self.withheld: set[bytes] = set()

    def say(
        self, party: int, name: str, kind: ActKind, body: tuple[Value, ...], covered: bool = True
    ) -> bytes:
        sequence = sum(a.party == party for a in self.acts)
        said_id = c.seed(f"act {name}")
        at = AT + 60 * len(self.acts)
        self.acts.append(Said(party, said_id, sequence, kind, at, 1, sequence + 1, body, covered))
        return said_id

    def tender(self, party: int, name: str, instead_of: bytes | None = None) -> bytes:
        names = (
            ("Office of the South", "Office of the North")
            if party
            else ("Office of the North", "Office of the South")
        )
        return self.say(party, name, ActKind.TENDER, (1, *names, None, instead_of))

    def answer(self, party: int, name: str, tender: bytes, answer: int, reason: str | None = None) -> bytes:
        language = "en" if reason else None
        return self.say(party, name, ActKind.TENDER_ANSWER, (tender, answer, language, reason))

    def letter(self, party: int, name: str, tender: bytes | None, number: int, covered: bool = True) -> bytes:
        names = (None, None, None) if tender else ("Office of the South", "Office of the North", None)
        named = (c.seed(f"object {name}"), 4096, c.seed(f"salt {name}"))
        writer, addressee = c.seed(f"card {party}"), c.seed(f"card {1 - party}")
        content = c.seed(f"content {name}")
        body = (tender, 1 if tender else 4, *names, number, writer, addressee, named, content)
        return self.say(party, name, ActKind.LETTER, body, covered)


def told(logs: Logs) -> dict[str, Any]:
    """What both ends say of it, as the vector has it."""
    withheld = [(a.party, a.kind, a.sequence) for a in logs.acts if a.id in logs.withheld]
    ways = letter.passages((a for a in logs.acts if a.id not in logs.withheld), withheld)
    return {
        "acts": [
            {
                "party": a.party, "id": a.id, "sequence": a.sequence, "kind": int(a.kind), "at": a.at,
                "author": a.author, "number": a.number,
                "body": None if a.id in logs.withheld else cbor.encode(a.body), "covered": a.covered,
            }
            for a in logs.acts
        ],
        "passages": sorted(
            (
                {
                    "id": w.id.hex(), "party": w.party, "state": w.state.value, "tier": w.tier and int(w.tier),
                    "replaced_by": w.replaced_by and w.replaced_by.hex(),
                }
                for w in ways
            ),
            key=lambda w: str(w["id"]),
        ),
        "series": [
            {
                "party": s.party, "writer": s.writer, "addressee": s.addressee, "both": s.both,
                "on_the_way": s.on_the_way, "missing": list(s.missing), "twice": list(s.twice),
            }
            for s in letter.series(ways)
        ],
    }  # fmt: skip


def passage(name: str, what: str, cites: str, logs: Logs) -> None:
    c.write("letters", f"passage-{name}", what, cites, "good", **told(logs))


def make_passages() -> None:
    logs = Logs()
    first = logs.tender(1, "tender")
    passage("tendered", "a tender and no answer", "LE-2", logs)
    logs.answer(0, "answer 1", first, 3)
    passage("undetermined", "an answer that leaves it open", "LE-4", logs)
    logs.answer(0, "answer 2", first, 1)
    logs.answer(0, "answer 3", first, 2, "Later.")
    logs.answer(1, "answer of its own", first, 2)
    passage("accepted", "the first answer that decides counts, and none of its own party", "LE-4", logs)
    one = logs.letter(1, "letter", first, 1, covered=False)
    passage("handed-in", "a letter that no statement of theirs covers", "LE-6 LE-9", logs)
    logs.acts[-1] = Said(**{**{f: getattr(logs.acts[-1], f) for f in Said.__slots__}, "covered": True})
    passage("at-their-end", "a letter that a statement of theirs covers", "LE-9", logs)
    logs.say(0, "seen", ActKind.ACKNOWLEDGE, (one, 1, None))
    logs.say(1, "tier 1", ActKind.TIER, (one, 3))
    passage("received", "an officer of theirs has it; one side has said a tier", "LE-7 LE-10", logs)
    logs.say(0, "tier 2", ActKind.TIER, (one, 1))
    logs.say(0, "tier 3", ActKind.TIER, (one, 2))
    logs.say(0, "tier 4", ActKind.TIER, (one, 1))
    passage("tier", "the lower of the highest that each has said", "LE-10", logs)
    logs.letter(1, "second of one tender", first, 2)
    logs.letter(1, "a number left out", None, 5)
    logs.letter(1, "a number twice", None, 5)
    logs.letter(0, "of the other side", None, 1)
    passage("counted", "how many, what is missing, and what is there twice", "LE-6 LE-9", logs)
    logs = Logs()
    first = logs.tender(1, "tender")
    logs.answer(0, "answer 1", first, 2, "The rank is not equal.")
    again = logs.tender(1, "again", first)
    logs.tender(1, "and again", first)
    logs.tender(0, "of the other side", again)
    passage("refused-and-again", "refused, and tendered again by another signatory", "LE-4 LE-5", logs)
    logs.say(1, "cancel", ActKind.CANCEL, (again, "en", "By mistake."))
    logs.answer(0, "answer 2", again, 1)
    logs.say(0, "cancel of theirs", ActKind.CANCEL, (first, "en", "Not theirs to take back."))
    passage("withdrawn", "a cancel rules over an answer, and only by its own party", "LE-5", logs)
    logs = Logs()
    first = logs.tender(1, "tender")
    one = logs.letter(1, "letter", first, 1, covered=False)
    logs.say(1, "cancel of the tender", ActKind.CANCEL, (first, "en", "Too late."))
    passage("cancel-of-a-tender-after-its-letter", "the letter stays what it is", "LE-5", logs)
    logs.say(0, "seen", ActKind.ACKNOWLEDGE, (one, 1, None))
    passage(
        "received-and-not-covered",
        "an acknowledgement, and no statement that covers the letter",
        "LE-7",
        logs,
    )
    logs.letter(1, "of a tender of theirs", logs.tender(0, "theirs"), 2)
    logs.letter(1, "of a tender that is not held", c.seed("not held"), 3)
    passage("letters-of-other-tenders", "a tender of the other party, and one that is not held", "LE-6", logs)
    logs = Logs()
    first = logs.tender(1, "tender")
    hidden = logs.answer(0, "answer 1", first, 2)
    logs.answer(0, "answer 2", first, 1)
    logs.withheld = {hidden}
    passage("answer-withheld", "an answer above one that is withheld", "LE-11", logs)
    one = logs.letter(1, "letter", first, 1)
    logs.letter(1, "letter 2", None, 2)
    logs.letter(0, "of the other side", None, 1)
    logs.withheld = {one}
    passage(
        "letter-withheld", "a letter that is withheld, one above it, and one of the other log", "LE-11", logs
    )
    logs = Logs()
    first = logs.tender(1, "tender")
    again = logs.tender(1, "again", first)
    logs.tender(1, "and again", first)
    logs.answer(0, "answer", first, 1)
    one = logs.letter(1, "letter", first, 1)
    tier = logs.say(1, "tier 1", ActKind.TIER, (one, 1))
    logs.say(1, "tier 2", ActKind.TIER, (one, 3))
    logs.say(0, "tier 3", ActKind.TIER, (one, 2))
    logs.withheld = {again, tier}
    passage(
        "tender-withheld", "a tender above one that is withheld; a tier above one counts", "LE-11 LE-10", logs
    )

    logs = Logs()
    first = logs.tender(1, "tender")
    one = logs.letter(1, "letter", first, 1)
    logs.say(1, "tier of a tender", ActKind.TIER, (first, 3))
    logs.say(0, "seen is the tender", ActKind.ACKNOWLEDGE, (first, 1, None))
    logs.say(0, "cancel of theirs", ActKind.CANCEL, (one, "en", "Not theirs to take back."))
    logs.say(1, "cancel of nothing", ActKind.CANCEL, (c.seed("not held"), "en", "By mistake."))
    passage("acts-of-no-effect", "a tier and an acknowledgement of a tender, a cancel of theirs, and one of nothing",
            "LE-5 LE-7 LE-10", logs)  # fmt: skip
    logs.say(0, "seen", ActKind.ACKNOWLEDGE, (one, 1, None))
    logs.say(1, "cancel", ActKind.CANCEL, (one, "en", "By mistake."))
    passage("taken-back", "a letter taken back, which an officer of theirs had; it counts", "LE-2 LE-9", logs)


if __name__ == "__main__":
    make_appointments()
    make_passages()
