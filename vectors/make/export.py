"""Makes vectors/export: a small line as a file, and what a verifier makes of it and of others like it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import common as c
from transcript import ACCORD, IDS, Placed, World, restore

from parley.core import accord as accords
from parley.core import export, record, suite
from parley.core.export import Opened
from parley.core.types import Act, ActKind, NodeKind, Statement
from parley.core.wire import entry as wire

TERMS = accords.encode_terms(ACCORD)
CARDS = tuple(
    wire.encode_signed(c.sign(f"root {side}", payload), tagged=True)
    for side, payload in zip(c.SIDES, c.PAYLOADS, strict=True)
)


def opened(placed: Placed, *, withheld: bool = False) -> Opened:
    if withheld or placed.body is None:
        return Opened(None, ())
    said = wire.decode_payload(wire.decode_entry(placed.entry).signed.payload)
    fields = len(wire.decode_body(placed.body))
    return Opened(placed.body, record.salts_of(c.KEYS[said.line], said, fields))


def rosters(world: World) -> list[tuple[bytes, Opened]]:
    found = []
    for log in world.logs["0"]:
        for placed in log.entries:
            signed = wire.decode_entry(placed.entry).signed
            if getattr(wire.decode_payload(signed.payload), "author", None) == 0:
                found.append((wire.encode_signed(signed, tagged=True), opened(placed)))
    return found


@dataclass
class File:
    """An export in its parts, to be spoilt."""

    world: World
    cards: tuple[bytes, bytes]
    terms: list[bytes]
    items: list[tuple[bytes, Opened]]
    rosters: list[tuple[bytes, Opened]]
    sizes: tuple[int, int]
    roots: tuple[bytes, bytes]

    def whole(self) -> bytes:
        parts = [export.head(self.cards, c.LINE_NAME, c.LINE_NONCE, self.terms, self.rosters)]
        parts += [export.item(entry, found) for entry, found in self.items]
        return b"".join([*parts, export.end(self.sizes, self.roots)])


def told(*, cut: bool = True) -> World:
    world = World()
    world.opened()
    first = world.message(0, "The buoy at the northern mark is out.")
    world.statement(1, NodeKind.RECEIPT)
    world.act(1, ActKind.ACKNOWLEDGE, (first.id, 2, "The northern buoy is out."))
    world.message(1, "북측 부표 소등을 확인했습니다.")
    world.statement(0, NodeKind.RECEIPT)
    if cut:
        world.sever(1)
    world.statement(1)
    world.statement(0, NodeKind.RECEIPT)
    return world


def file(world: World, withheld: Callable[[Act | Statement], bool] = lambda said: False) -> File:
    placed = [one for log in world.logs["1"] for one in log.entries]
    items = []
    for one in placed:
        said = wire.decode_payload(wire.decode_entry(one.entry).signed.payload)
        items.append((one.entry, opened(one, withheld=withheld(said))))
    logs = world.logs["1"]
    sizes, roots = (logs[0].size, logs[1].size), (logs[0].trees[-1].root, logs[1].trees[-1].root)
    return File(world, (CARDS[0], CARDS[1]), [TERMS], items, rosters(world), sizes, roots)


def of_kind(kind: int, *, node: bool = False) -> Callable[[Act | Statement], bool]:
    return lambda said: said.kind == kind and isinstance(said, Statement) == node


def found_at(verdict: export.Verdict) -> list[tuple[int, int]]:
    """Party and sequence of each entry in which something was found."""
    places = set()
    for words in verdict.findings:
        entry, _, name = words.partition(":")[0].removeprefix("entry ").partition(" of ")
        places.add((verdict.parties.index(name), int(entry)))
    return sorted(places)


def write(name: str, what: str, cites: str, data: bytes) -> None:
    try:
        verdict = export.verify(data)
    except export.Refused as e:
        assert name.startswith("bad-"), (name, e.text)
        c.write("export", name, what, cites, "refused", file=data)
        return
    assert not name.startswith("bad-"), name
    c.write(
        "export", name, what, cites, "good",
        file=data, line=verdict.line, fingerprints=list(verdict.fingerprints), sizes=verdict.sizes,
        roots=verdict.roots, signed=verdict.signed, withheld=verdict.withheld, findings=found_at(verdict),
        declared=verdict.declared.partition(":")[0],
    )  # fmt: skip


def main() -> None:
    world = told()
    good = file(world)
    data = good.whole()
    write(
        "whole",
        "a line opened, a message read back, one answered, and a cut",
        "XP-1 XP-2 XP-3 XP-4 XP-5 XP-6 XP-7",
        data,
    )
    write(
        "whole-with-texts-withheld",
        "the same with both messages withheld",
        "XP-5",
        file(world, of_kind(ActKind.MESSAGE)).whole(),
    )
    turned = file(world)
    turned.items.reverse()
    write("whole-in-reverse", "the same, its entries in reverse", "XP-9", turned.whole())
    write("bad-cut-short", "the last byte is missing", "XP-1", data[:-1])
    write("bad-a-byte-more", "a byte after the end", "XP-1", data + b"\x00")
    at = data.index(b"northern mark")
    write(
        "bad-a-letter-changed", "a letter of a message is another", "XP-5", data[:at] + b"s" + data[at + 1 :]
    )
    left = file(world)
    del left.items[3]
    write("bad-an-entry-left-out", "an entry of party 0 is missing", "XP-4", left.whole())
    write("bad-cards-in-the-other-order", "the cards are in the other order", "XP-2",
          replace(good, cards=(CARDS[1], CARDS[0])).whole())  # fmt: skip
    write("bad-without-an-accord", "no terms are carried", "XP-2", replace(good, terms=[]).whole())
    twice = told()
    first = twice.message(0, "First under this name.", number=77)
    twice.message(0, "Second under this name.", number=77)
    twice.statement(0)
    twice.statement(1, NodeKind.RECEIPT)
    assert first.id
    write(
        "two-acts-under-one-name",
        "two messages under one name: a finding",
        "XP-10 EN-14",
        file(twice).whole(),
    )
    alone = told()
    alone.sever(0)
    write(
        "a-cut-above-the-last-statement",
        "the last entry lies under no statement yet",
        "XP-10",
        file(alone).whole(),
    )
    beyond = told()
    beyond.statement(1, covers=0, their_root=None)
    write("a-statement-that-acknowledges-nothing", "a HEAD that states size 0", "XP-6", file(beyond).whole())


def make_states() -> None:
    """The declared words, and what hides them."""
    world = told()
    for name, what, hidden in (
        ("a-cut", "the SEVER", of_kind(ActKind.SEVER)),
        ("an-offer", "the OFFER", of_kind(ActKind.OFFER)),
        ("an-agreement", "the AGREE", of_kind(ActKind.AGREE)),
        ("an-adoption", "both ADOPTs", of_kind(NodeKind.ADOPT, node=True)),
    ):
        what = f"{what} withheld: the state of the line cannot be told"
        write(f"whole-with-{name}-withheld", what, "XP-10", file(world, hidden).whole())
    write("whole-and-open", "a line that nobody cut", "XP-1 XP-9", file(told(cut=False)).whole())
    world = World()
    world.begun()
    world.statement(0)
    world.statement(1)
    write("whole-and-not-yet-opened", "a line adopted and never opened", "XP-1 XP-9", file(world).whole())
    world = told()
    world.sever(0)
    world.statement(0)
    write("whole-and-cut-by-both", "both have cut the line", "XP-1 XP-9", file(world).whole())
    world = told()
    world.restored(restore(((), (first_of(world, ActKind.SEVER, 1).id,))))
    write(
        "whole-and-restored",
        "the cut is ended by a RESTORE that names it",
        "XP-1 XP-9 LI-3",
        file(world).whole(),
    )


def first_of(world: World, kind: int, party: int = 0) -> Placed:
    return next(one for one in world.logs["1"][party].entries if said_of(one).kind == kind)


def said_of(placed: Placed) -> Act | Statement:
    return wire.decode_payload(wire.decode_entry(placed.entry).signed.payload)


def make_findings() -> None:
    """What is well signed and wrong below the last statement, and above it."""

    def both(name: str, what: str, wrong: Callable[[World], object]) -> None:
        """A finding below the last statement of its log, and refused above it."""
        world = told()
        wrong(world)
        write(
            f"bad-{name}-above-the-last-statement",
            f"{what}, and no statement above it",
            "XP-10",
            file(world).whole(),
        )
        world.statement(0)
        write(name, f"{what}: a finding", "XP-10", file(world).whole())

    def finding(name: str, what: str, cites: str, wrong: Callable[[World], object]) -> None:
        world = told()
        wrong(world)
        write(name, f"{what}: a finding", cites, file(world).whole())

    both("the-same-act-again", "a message of the log entered once more",
         lambda w: w.again(first_of(w, ActKind.MESSAGE)))  # fmt: skip
    both(
        "an-author-in-no-roster",
        "a message of an author in no roster",
        lambda w: w.message(0, "Text.", author=9, attached=True),
    )
    both("an-author-under-another-key", "a message of an author under a key the roster does not give",
         lambda w: w.message(0, "Text.", signer="another officer", attached=True))  # fmt: skip
    finding("an-act-of-line-0", "an AGREE of line 0 among the entries", "XP-10 LI-5",
            lambda w: w.act(0, ActKind.AGREE, (suite.sha256(TERMS),), of_line_0=True))  # fmt: skip
    finding("an-adoption-of-terms-not-carried", "an ADOPT of terms that the file does not have", "XP-10",
            lambda w: w.adopts(0, c.seed("other terms")))  # fmt: skip
    finding("a-statement-beyond-the-file", "a HEAD that acknowledges entries that are not there", "XP-10 RE-5",
            lambda w: w.statement(0, covers=99, their_root=c.seed("no root")))  # fmt: skip


def make_broken() -> None:
    """Files that are not what they say, each for one reason."""
    world = told()
    good = file(world)
    entry, shown = good.items[-1]
    text = next(i for i, (e, _) in enumerate(good.items) if said_in(e).kind == ActKind.MESSAGE)
    salted, message = good.items[text][1], good.items[text][0]

    def changed(at: int, item: tuple[bytes, Opened]) -> bytes:
        return replace(good, items=[*good.items[:at], item, *good.items[at + 1 :]]).whole()

    def with_roster(**how: Any) -> File:
        return replace(good, rosters=[roster_act(world, **how), *good.rosters[1:]])

    other_root = f"root {c.SIDES[1]}"
    other_card = wire.encode_signed(c.sign(other_root, c.PAYLOADS[0]), tagged=True)
    other_terms = accords.encode_terms(replace(ACCORD, name="Other"))
    one_more = (good.sizes[0] + 1, good.sizes[1])
    for name, what, cites, data in (
        ("sizes-at-the-end", "the end names one entry more", "XP-7", replace(good, sizes=one_more)),
        ("roots-at-the-end", "the end names another root", "XP-7", replace(good, roots=good.roots[:1] * 2)),
        (
            "an-entry-twice",
            "one entry is there twice",
            "XP-4",
            replace(good, items=[*good.items, (entry, shown)]),
        ),
        (
            "terms-of-another-line",
            "the terms are of another line",
            "XP-2",
            replace(good, terms=[other_terms]),
        ),
        (
            "card-signed-by-another-root",
            "the card of party 0 is signed by the root of party 1",
            "XP-2 PA-2",
            replace(good, cards=(other_card, CARDS[1])),
        ),
        ("roster-of-another-line", "a ROSTER of the root on the line itself", "XP-3", with_roster(line="1")),
        ("roster-of-an-officer", "a ROSTER of an officer", "XP-3", with_roster(author=1)),
        (
            "roster-of-the-other-root",
            "a ROSTER of party 0 signed by the root of party 1",
            "XP-3",
            with_roster(signer=other_root),
        ),
    ):
        write(f"bad-{name}", what, cites, data.whole())
    write("bad-a-salt-missing", "a body with one salt less than it has fields", "XP-5 EN-9",
          changed(text, (message, Opened(salted.body, salted.salts[:-1]))))  # fmt: skip
    write("bad-a-salt-changed", "a salt that is another", "XP-5",
          changed(text, (message, Opened(salted.body, (bytes(32), *salted.salts[1:])))))  # fmt: skip
    for name, what, how in (
        (
            "own-root-inside",
            "a statement within the file signs another root of its own log",
            {"own_root": c.seed("root")},
        ),
        (
            "other-root-inside",
            "a statement within the file signs another root of the other log",
            {"their_root": c.seed("root")},
        ),
    ):
        world = told()
        world.statement(0, **how)
        world.statement(0)
        write(f"bad-{name}", what, "XP-6", file(world).whole())
    write(
        "bad-an-entry-of-another-line",
        "a statement of line 0 among the entries",
        "XP-4",
        foreign(good).whole(),
    )
    changed_signature = bytes((message[-1] ^ 1,))
    write("bad-a-signature-changed", "the last bit of the signature of a message is another", "XP-4",
          changed(text, (message[:-1] + changed_signature, salted)))  # fmt: skip


def said_in(data: bytes) -> Act | Statement:
    return wire.decode_payload(wire.decode_entry(data).signed.payload)


def foreign(good: File) -> File:
    """With a HEAD of line 0 at the end of the log of party 0."""
    own = good.world.logs["1"][0].trees[-1]
    _, signed = c.statement(NodeKind.HEAD, (), own=own, theirs=record.Tree(), line=c.ORDER_WIRE)
    data = c.entry(good.sizes[0], signed)
    grown = own.extended(record.leaf_hash(data))
    return replace(good, items=[*good.items, (data, Opened(b"\x80", ()))], sizes=(good.sizes[0] + 1, good.sizes[1]),
                   roots=(grown.root, good.roots[1]))  # fmt: skip


def roster_act(world: World, *, line: str = "0", author: int = 0, signer: str = "") -> tuple[bytes, Opened]:
    """The first ROSTER of party 0, otherwise."""
    placed = next(one for one in world.logs["0"][0].entries if said_of(one).kind == ActKind.ROSTER)
    assert placed.body is not None
    fields = wire.decode_body(placed.body)
    said, signed = c.act(ActKind.ROSTER, fields, author=author, line=IDS[line], number=1,
                         signer=signer or (f"officer {c.SIDES[0]}1" if author else f"root {c.SIDES[0]}"))  # fmt: skip
    salts = record.salts_of(c.KEYS[IDS[line]], said, len(fields))
    return wire.encode_signed(signed, tagged=True), Opened(placed.body, salts)


if __name__ == "__main__":
    assert IDS["1"] == c.LINE and suite.line_id(c.TRANSCRIPT, c.LINE_NAME, c.LINE_NONCE) == c.LINE
    main()
    make_states()
    make_findings()
    make_broken()
