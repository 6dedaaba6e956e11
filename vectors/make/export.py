"""Makes vectors/export: a small line as a file, and what a verifier makes of it and of others like it."""

from __future__ import annotations

from dataclasses import dataclass

import common as c
from transcript import ACCORD, IDS, Placed, World

from parley.core import accord as accords
from parley.core import export, record, suite
from parley.core.export import Opened
from parley.core.types import ActKind, NodeKind
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

    def whole(self) -> bytes:
        logs = self.world.logs["1"]
        parts = [export.head(self.cards, c.LINE_NAME, c.LINE_NONCE, self.terms, rosters(self.world))]
        parts += [export.item(entry, found) for entry, found in self.items]
        sizes, roots = (logs[0].size, logs[1].size), (logs[0].trees[-1].root, logs[1].trees[-1].root)
        return b"".join([*parts, export.end(sizes, roots)])


def told() -> World:
    world = World()
    world.opened()
    first = world.message(0, "The buoy at the northern mark is out.")
    world.statement(1, NodeKind.RECEIPT)
    world.act(1, ActKind.ACKNOWLEDGE, (first.id, 2, "The northern buoy is out."))
    world.message(1, "북측 부표 소등을 확인했습니다.")
    world.statement(0, NodeKind.RECEIPT)
    world.sever(1)
    world.statement(1)
    world.statement(0, NodeKind.RECEIPT)
    return world


def file(world: World, *, withheld: bool = False) -> File:
    placed = [one for log in world.logs["1"] for one in log.entries]
    items = []
    for one in placed:
        said = wire.decode_payload(wire.decode_entry(one.entry).signed.payload)
        hide = withheld and said.kind == ActKind.MESSAGE and not hasattr(said, "own_root")
        items.append((one.entry, opened(one, withheld=hide)))
    return File(world, (CARDS[0], CARDS[1]), [TERMS], items)


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
        roots=verdict.roots, signed=verdict.signed, withheld=verdict.withheld, findings=len(verdict.findings),
        declared=verdict.declared,
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
        file(world, withheld=True).whole(),
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
          File(world, (CARDS[1], CARDS[0]), [TERMS], good.items).whole())  # fmt: skip
    other = File(world, (CARDS[0], CARDS[1]), [], good.items)
    write("bad-without-an-accord", "no terms are carried", "XP-2", other.whole())
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


if __name__ == "__main__":
    assert IDS["1"] == c.LINE and suite.line_id(c.TRANSCRIPT, c.LINE_NAME, c.LINE_NONCE) == c.LINE
    main()
