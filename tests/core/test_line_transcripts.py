"""The line transcripts (vectors/README.md), told to the product as the frames of a peer would tell them.

Each entry goes the product's own way in: as the explicit layout of a frame, decoded, rebuilt and verified,
then into a record and the fold of a node. The keys of frames are the only thing that is not there. Then what
the node holds is compared with what the file says, after a restart once more, and for other orders of
arrival.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from parley.core import exchange, record, suite
from parley.core import line as lines
from parley.core.accord import encode_terms
from parley.core.errors import RemoteError
from parley.core.exchange import Ends
from parley.core.line import Declared, Line, Mark
from parley.core.types import Act, ActKind, Entry, NodeKind, Statement, Subject
from parley.core.wire import entry as wire
from parley.core.wire import frame as frames
from parley.node.folded import Lines
from parley.node.room import Room, Settings
from parley.store import Pair, Store

VECTORS = Path(__file__).parents[2] / "vectors"
Vector = dict[str, Any]
Step = dict[str, Any]
FILES = sorted((VECTORS / "line").glob("*.json"))
LONG = 100  # steps: such a file is told in one order only
WORDS = {
    "malformed": "an entry of theirs is malformed",
    "two acts under one name": "two different acts named",
    "two entries at one place": "two entries at one place of their log",
    "acknowledges the future": "they acknowledge entries that our record does not have",
    "wrong root of our log": "record difference: their root of our log is not ours",
    "wrong own root": "record difference: their own root is not that of what they sent",
    "names another entry": "their receipt names another entry of ours than we have",
    "two delegations of one number": "two delegations of one author number differ",
}
MARKS = {
    Mark.WHILE_CUT: "said while cut",
    Mark.BEFORE_THE_CUT: "sent before the cut, came after",
    Mark.EARLY: "early",
}
ORIGINATED: dict[str, tuple[ActKind, Subject | None]] = {
    "MESSAGE": (ActKind.MESSAGE, None),
    "SEVER": (ActKind.SEVER, None),
    "CANCEL": (ActKind.CANCEL, None),
    "ACKNOWLEDGE": (ActKind.ACKNOWLEDGE, None),
    "OFFER": (ActKind.OFFER, Subject.RESTORE),
    "AGREE": (ActKind.AGREE, Subject.RESTORE),
    "WITHDRAW": (ActKind.WITHDRAW, Subject.RESTORE),
}
RESERVED = {NodeKind.RESUME, NodeKind.CHECKPOINT}  # on receipt unknown kinds (section 6.2)
KINDS = {False: {int(k) for k in ActKind}, True: {int(k) for k in NodeKind} - RESERVED}
JOINT = (
    "size", "root", "holes", "covered", "terms", "severs", "opens_at", "accords", "adopted", "judged_by",
    "in_force", "not_proven", "unknown", "declared",
)  # fmt: skip


def h(vector: Vector, name: str, at: int | None = None) -> bytes:
    return bytes.fromhex(vector[name] if at is None else vector[name][at])


def read(path: Path) -> Vector:
    found: Vector = json.loads(path.read_text(encoding="utf-8"))
    return found


def given(*, short: bool = False) -> list[Any]:
    files = [pytest.param(v, id=p.stem) for p in FILES if len((v := read(p))["steps"]) < LONG or not short]
    assert len(files) > 80
    return files


# --- the end ------------------------------------------------------------------------------------------------


class NoFrames:
    """Stands where the keys of frames would: no frame is sealed or opened here."""

    tags: tuple[bytes, ...] = ()
    number = 0


class Told:
    """One end, with a record in memory, told the steps of a file."""

    def __init__(self, v: Vector) -> None:
        self.v, self.clock_now, self.dropped = v, 0, 0
        self.keys = {h(v, "line"): h(v, "commitment_key"), h(v, "line_0"): h(v, "commitment_key_0")}
        cards = [read(VECTORS / "wire" / f"card-of-party-{p}.json") for p in (0, 1)]
        assert [h(card, "card")[1:].find(h(v, "card_payloads", p)) > 0 for p, card in enumerate(cards)] == [
            True
        ] * 2
        signed = [h(card, "card") for card in cards]
        self.store = Store(Path(":memory:"), sync=False)
        pair = Pair("theirs", h(v, "transcript"), signed[v["ours"]], signed[1 - v["ours"]])
        with self.store.turn():
            self.store.add_pair(pair, 0)
        self.node = self.started()

    def started(self) -> Lines:
        """The node as it is after a start: the record folded."""
        keys = SimpleNamespace(
            make_line=lambda *_: None,
            commitment_key=lambda _, line: self.keys[line],
            sending=lambda *_: NoFrames(),
            receiving=lambda *_: NoFrames(),
        )
        nowhere = Path("nowhere")  # no fold is kept there
        home: Any = SimpleNamespace(store=self.store, keys=keys, watch_log=None, path=nowhere)
        clock = SimpleNamespace(wall=lambda: float(self.clock_now), monotonic=lambda: float(self.clock_now))
        return Lines(home, clock=clock, settings=Settings())

    def room(self, line: str) -> Room | None:
        name = {"0": "line_0", "1": "line"}[line]
        return self.node.pairs["theirs"].rooms.get(h(self.v, name))

    def step(self, step: Step) -> None:
        if "clock" in step:
            self.clock_now = step["clock"]
        elif "entry" in step:
            self.clock_now = max(self.clock_now, step["at"])
            self.take(step)
        else:
            assert "shows" in step, sorted(step)

    def take(self, step: Step) -> None:
        room = self.room(step["line"])
        assert room is not None, "a line's entries come after the accord that makes it"
        entry = wire.decode_entry(h(step, "entry"))
        with self.store.turn():
            try:
                rebuilt, body = self.through_a_frame(room, entry, step)
            except RemoteError:
                self.dropped += 1
                return
            assert wire.encode_entry(rebuilt) == h(step, "entry")
            self.node._take(room, rebuilt, body, "")

    def through_a_frame(self, room: Room, entry: Entry, step: Step) -> tuple[Entry, Any]:
        """The entry as the other end would send it in its explicit form, read as this end reads a frame."""
        said = wire.decode_payload(entry.signed.payload)
        body = None if step["body"] is None else wire.decode_body(h(step, "body"))
        held = record.hold(h(step, "entry"), entry, said, body)
        ends: Ends = self.node._ends(room)
        if said.party == room.pair.ours:  # ours at their placement: read as the other end would
            ends = replace(ends, ours=1 - ends.ours)
        key = bytes.fromhex(step["key"]) if "key" in step else None
        sender = replace(ends, ours=1 - ends.ours)
        layout = exchange.layout(held, entry.signed, sender, covered=0, author_key=key, explicit=True)
        assert isinstance(layout, frames.AnyLayout)
        layout = replace(layout, inner=replace(layout.inner, sequence=entry.sequence))
        plain = frames.decode_plain(frames.encode_plain(layout))
        assert isinstance(plain, frames.AnyLayout)
        return exchange.rebuild(plain, ends)

    # --- what it shows --------------------------------------------------------------------------------------

    def shows(self) -> Vector:
        order_wire, room = self.room("0"), self.room("1")
        assert order_wire is not None
        return {
            "clock": self.clock_now,
            "dropped": self.dropped,
            "line_0": self.of_either(order_wire),
            "line": None if room is None else self.of_line(room),
        }

    def of_either(self, room: Room) -> Vector:
        line, ours = room.line, room.pair.ours
        rows = [row.held for row in self.store.of_line(room.id)]
        theirs = [held for held in rows if held.party != ours]
        keys = {author: suite.key_id(officer.key) for author, officer in room.pair.rosters[1 - ours].items()}
        with_adopt = replace(line, adopted=(line.accords[-1][0],) * 2)
        drafts = {d.kind: d.body for d in lines.due(with_adopt, self.clock_now)}
        quiet = replace(with_adopt, owed=0, owed_beyond=())
        return {
            "size": [log.size for log in line.logs],
            "root": [log.tree.root.hex() for log in line.logs],
            "holes": [[list(hole) for hole in log.holes] for log in line.logs],
            "covered": [line.logs[1].stated, line.logs[0].stated],
            "named_by_them": [s for s in line.received_beyond if s >= line.covered],
            "terms": [terms(line, s) for s in sorted(line.standings, key=lambda s: s.hash)],
            "not_proven": sorted(
                held.id.hex()
                for held in theirs
                if isinstance(held.said, Act) and held.said.author and keys.get(held.said.author) != held.kid
            ),
            "unknown": sorted(
                [held.party, held.sequence] for held in rows if held.kind not in KINDS[held.is_statement]
            ),
            "faults": self.faults(room),
            "owed": {
                "RECEIPT": NodeKind.RECEIPT in drafts,
                "names": [[s, leaf.hex()] for s, leaf in drafts.get(NodeKind.RECEIPT, ())],  # type: ignore[misc,union-attr]
                "HEAD": NodeKind.HEAD in {d.kind for d in lines.due(quiet, self.clock_now)},
            },
        }

    def of_line(self, room: Room) -> Vector:
        line = room.line
        shown = self.of_either(room)
        latest = line.accords[-1][0]
        shown["owed"]["ADOPT"] = None if line.adopted[line.ours] == latest else latest.hex()
        settled = {suite.sha256(encode_terms(accord)) for _, accord in line.accords}
        judged = [name if name in settled else None for name in line.adopted]
        theirs = [row.held for row in self.store.of_line(room.id)]
        marks = {held.id.hex(): MARKS.get(lines.mark(line, held)) for held in theirs}
        return shown | {
            "declared": lines.declared(line, self.clock_now).value,
            "severs": [
                {"act": s.act.hex(), "party": s.party, "at": s.at, "ended_by": ended_by(line, s)}
                for s in sorted(line.severs, key=lambda s: s.act)
            ],
            "opens_at": line.opens_at,
            "accords": [name.hex() for name, _ in line.accords],
            "adopted": [None if name is None else name.hex() for name in line.adopted],
            "judged_by": [name and name.hex() for name in judged],
            "in_force": line.adopted[0].hex() if line.in_force and line.adopted[0] else None,
            "may_originate": {
                name: lines.refuse(line, kind, subject, self.clock_now) is None
                for name, (kind, subject) in ORIGINATED.items()
            },
            "marks": {name: mark for name, mark in marks.items() if mark},
        }

    def faults(self, room: Room) -> list[Vector]:
        found = set()
        for fault in self.store.faults(room.id):
            (word,) = (word for word, begins in WORDS.items() if fault.reason.startswith(begins))
            evidence = self.evidence(room, fault.evidence)
            found.add((evidence.sequence, word))
        return [{"fault": w, "party": 1 - room.pair.ours, "sequence": s} for s, w in sorted(found)]

    def evidence(self, room: Room, data: bytes) -> Entry:
        """The entry a fault shows: the evidence is its bytes, or the act id of a roster."""
        for row in self.store.of_line(room.id):
            if row.held.id == data:
                return wire.decode_entry(row.entry)
        return wire.decode_entry(data)


def ended_by(line: Line, cut: lines.Sever) -> list[str]:
    named = sorted(
        s.hash.hex()
        for s in line.standings
        if s.settled and any(cut.act in side for side in lines.decode_restore(s.terms).severs)
    )
    assert bool(named) == (cut.ended_at is not None)
    return named


def terms(line: Line, standing: lines.Standing) -> Vector:
    stands = list(standing.agreed)
    shown = "settled" if standing.settled else "agreed, not yet confirmed" if all(stands) else None
    return {
        "hash": standing.hash.hex(),
        "subject": standing.subject,
        "behind": [sorted(side.authors) for side in standing.sides],
        "stands": stands,
        "intervals": [
            [[i.since, lines.cover_of(line, party, i)] for i in side.intervals]
            for party, side in enumerate(standing.sides)
        ],
        "settled": standing.settled,
        "shown": shown,
    }


def assert_shown(said: Vector, found: Vector) -> None:
    """What is named must be so; what is not named is not asked."""
    for name, value in said.items():
        if name in ("line", "line_0") and value is not None:
            assert found[name] is not None
            wrong = {k: (x, found[name][k]) for k, x in value.items() if found[name][k] != x}
            assert not wrong, f"{name}: said, found {wrong}"
        else:
            assert found[name] == value, name


def joint(shown: Vector) -> Vector:
    return {
        name: shown[name] and {k: x for k, x in shown[name].items() if k in JOINT}
        for name in ("line_0", "line")
    }


# --- in the order of the file -------------------------------------------------------------------------------


@pytest.mark.parametrize("v", given())
def test_the_product_shows_what_a_transcript_says(v: Vector) -> None:
    """PA-8, PA-11, PA-12, EN-6 to EN-15, KI-1 to KI-4, AC-3 to AC-5, LI-1 to LI-13, RE-1 to RE-7."""
    told = Told(v)
    for step in v["steps"]:
        told.step(step)
        if "shows" in step:
            assert_shown(step["shows"], told.shows())
    shown = told.shows()
    assert "shows" in v["steps"][-1]
    assert bool(told.dropped) == (v["outcome"] == "refused")
    both = [shown["line_0"], *([shown["line"]] if shown["line"] else [])]
    assert any(line["faults"] for line in both) == (v["outcome"] == "fault")


@pytest.mark.parametrize("v", given())
def test_a_restart_shows_the_same_as_before(v: Vector) -> None:
    """LI-1: replay equals memory, marks and what is owed included."""
    told = Told(v)
    for step in v["steps"]:
        told.step(step)
    before = told.shows()
    told.node = told.started()
    assert told.shows() == before


# --- in other orders ----------------------------------------------------------------------------------------


@contextmanager
def in_words(v: Vector, seed: int) -> Iterator[None]:
    try:
        yield
    except AssertionError as e:
        raise AssertionError(f"seed {seed}: {v['what']}\n{e}") from None


class Shuffled:
    """The entries of a file in another order that could have come about (vectors/README.md, joint facts)."""

    def __init__(self, v: Vector) -> None:
        self.v = v
        told, self.steps = Told(v), []
        for step in v["steps"]:
            before = told.dropped
            told.step(step)
            if "entry" in step and told.dropped == before:
                self.steps.append(step)
        self.shown, self.clock = told.shows(), told.clock_now
        self.said = [wire.decode_entry(h(step, "entry")) for step in self.steps]
        self.payloads = [wire.decode_payload(e.signed.payload) for e in self.said]
        self.roots = {(line, party): self.roots_of(line, party) for line in "01" for party in (0, 1)}

    def roots_of(self, line: str, party: int) -> list[bytes]:
        """The root of a log at each size, as far as the file has it without a hole."""
        log = {
            entry.sequence: record.leaf_hash(h(step, "entry"))
            for step, entry, said in reversed(list(zip(self.steps, self.said, self.payloads, strict=True)))
            if (step["line"], said.party) == (line, party)
        }
        tree, found = record.Tree(), [record.EMPTY_ROOT]
        while tree.size in log:
            tree = tree.extended(log[tree.size])
            found.append(tree.root)
        return found

    def true(self, line: str, said: Statement) -> bool:
        """Whether what a statement acknowledges is there, with the root it signs."""
        roots = self.roots[line, 1 - said.party]
        return said.their_size < len(roots) and roots[said.their_size] == said.their_root

    def may_come(self, told: Told, at: int, left: list[int]) -> bool:
        step, entry, said = self.steps[at], self.said[at], self.payloads[at]
        room = told.room(step["line"])
        if room is None:
            return False
        here = [i for i in left if i < at and self.steps[i]["line"] == step["line"]]
        place = (said.party, entry.sequence)
        if any((self.payloads[i].party, self.said[i].sequence) == place for i in here):
            return False
        ours = said.party == self.v["ours"]
        own, other = room.line.logs[said.party], room.line.logs[1 - said.party]
        if ours and entry.sequence > own.size:
            return False
        if isinstance(said, Statement):
            return said.their_size <= other.size or not self.true(step["line"], said)
        if said.author == 0:
            return not any(self.displaces(at, i, left) for i in left)
        if "key" in step:
            return True
        known = room.pair.rosters[said.party].get(said.author)
        return known is not None and suite.key_id(known.key) == entry.signed.kid

    def given_by(self, at: int, author: int) -> bytes | None:
        """The key id that a ROSTER gives an author."""
        if self.steps[at]["line"] != "0" or self.payloads[at].kind != ActKind.ROSTER:
            return None
        body = wire.decode_body(h(self.steps[at], "body"))
        keys = {f[0]: f[1] for f in body if isinstance(f, tuple)}
        key = keys.get(author)
        return suite.key_id(key) if isinstance(key, bytes) else None

    def displaces(self, at: int, act: int, left: list[int]) -> bool:
        """Whether after this ROSTER an act that is still to come could not be verified any more."""
        said = self.payloads[act]
        if not isinstance(said, Act) or said.author == 0 or said.party != self.payloads[at].party:
            return False
        if "key" in self.steps[act]:
            return False
        key = self.given_by(at, said.author)
        if key is None or key == self.said[act].signed.kid:
            return False
        return all(
            i in left or self.given_by(i, said.author) is None
            for i in range(len(self.steps))
            if self.payloads[i].party == said.party and self.said[i].sequence < self.said[at].sequence
        )

    def told(self, choose: Callable[[list[int]], int]) -> Told:
        told, left = Told(self.v), list(range(len(self.steps)))
        told.clock_now = self.clock
        while left:
            at = choose([i for i in left if self.may_come(told, i, left)])
            left.remove(at)
            told.take(self.steps[at])
        return told


def assert_order_is_nothing(v: Vector, seeds: range) -> None:
    shuffled = Shuffled(v)
    for seed in seeds:
        with in_words(v, seed):
            chance = random.Random(f"{v['what']} {seed}")
            told = shuffled.told(chance.choice)
            assert told.dropped == 0
            assert joint(told.shows()) == joint(shuffled.shown)
            told.node = told.started()
            assert joint(told.shows()) == joint(shuffled.shown)


@pytest.mark.parametrize("v", given(short=True))
def test_another_order_of_arrival_ends_in_the_same_joint_facts(v: Vector) -> None:
    """LI-1, LI-9, PA-12."""
    assert_order_is_nothing(v, range(1))


@pytest.mark.slow
@pytest.mark.parametrize("v", given(short=True))
def test_ten_other_orders_of_arrival_end_in_the_same_joint_facts(v: Vector) -> None:
    """LI-1, LI-9, PA-12."""
    assert_order_is_nothing(v, range(1, 11))


def test_the_transcripts_cover_every_declared_word_mark_and_fault() -> None:
    """LI-12, LI-13: what no file shows nobody has tried."""
    shown = [
        s["shows"]["line"] for p in FILES for s in read(p)["steps"] if "shows" in s and s["shows"].get("line")
    ]
    assert {line.get("declared") for line in shown} >= {word.value for word in Declared}
    assert {mark for line in shown for mark in line.get("marks", {}).values()} == set(MARKS.values())
    both = [
        s["shows"].get(n) for p in FILES for s in read(p)["steps"] if "shows" in s for n in ("line", "line_0")
    ]
    assert {f["fault"] for line in both if line for f in line.get("faults", ())} == set(WORDS)
