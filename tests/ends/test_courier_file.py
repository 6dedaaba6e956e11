"""A courier file between two real ends: what a person carries is what a bearer would have brought (spec 16.4)."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from parley.core import objects, suite
from parley.core.errors import LocalError
from parley.core.objects import ObjectName
from parley.core.types import ActKind, Precedence
from parley.core.wire import cbor
from parley.core.wire import frame as frames
from parley.core.wire.frame import Frontier, ObjectWanted
from parley.desk.ask import ask
from parley.keys import officer_signer
from parley.node import Node, Room, courier
from parley.testing import sim
from parley.testing.sim.people import letter_naming

QUIET = sim.Course(7, frozenset(), 15, 0.1, ((1, 1),), ())
DATA = random.Random("courier").randbytes(30_000)


class Pair:
    """Two ends with two open lines, and no bearer between them that is up."""

    def __init__(self, world: sim.World) -> None:
        self.world = world
        self.one, self.two = world.ends
        world.set_up()
        world.advance(30)
        self.down()

    def down(self) -> None:
        for link in self.world.links:
            link.go_down()
        self.world.advance(1)

    def up(self) -> None:
        for link in self.world.links:
            link.go_up()
        self.world.advance(60)

    def room(self, end: sim.End, name: str = "Line 1") -> Room:
        return next(room for room in end.node.rooms() if room.name == name)

    def letter(self, end: sim.End, data: bytes = DATA, name: str = "Line 1") -> ObjectName:
        """A letter, released; it waits as long as nothing carries it."""
        room, node = self.room(end, name), end.node
        found, signer = officer_signer(end.path, "first", sim.WORDS)

        def release() -> ObjectName:
            named = node.keep_object(room, data, random.Random(data).randbytes(32))
            body = letter_naming(named, 1)
            cose, _ = node.sign(room, ActKind.LETTER, body, Precedence.ROUTINE, found.officer.author, signer)
            node.release(room, cose, body)
            return named

        return node.turn(release)

    def message(self, end: sim.End, text: str) -> str:
        other = self.two if end is self.one else self.one
        ref = end.desk.compose("Line 1", f"{end.key}>{other.key} {text}", "clerk").ref
        return end.desk.release(ref, "first", sim.WORDS).ref

    def out(self, end: sim.End, name: str = "Line 1") -> courier.Given:
        given = courier.courier_out(end.node, self.room(end, name))
        for frame in courier.decode(given.data)[0]:
            self.world.ledger.left(end.key, end.node, frame, None)
        return given

    def all_is_well(self) -> None:
        self.world.judge.check(all_again=True)


@pytest.fixture
def pair() -> Iterator[Pair]:
    with sim.begun(QUIET) as world:
        yield Pair(world)


def record(node: Node) -> list[tuple[object, ...]]:
    """All that is recorded of a node, but for when."""
    kept = node.store._db.execute("SELECT line, party, sequence, entry, body FROM entries ORDER BY id")
    held = node.store._db.execute("SELECT root, size, salt, bytes FROM objects ORDER BY root")
    return [*map(tuple, kept), *map(tuple, held)]


def test_a_letter_comes_by_hand_and_its_receipt_goes_back_by_hand(pair: Pair) -> None:
    """OB-13 to OB-16."""
    named = pair.letter(pair.one)
    given = pair.out(pair.one)
    assert (given.objects, given.left_out) == (1, 0) and given.entries >= 1
    taken = courier.courier_in(pair.two.node, given.data)
    assert (taken.objects, taken.unopened, taken.unwanted) == (1, 0, 0)
    assert taken.entries >= 1 and taken.entries + taken.known == given.entries
    assert pair.two.store.object_bytes(named.root) == DATA
    (row,) = pair.two.store.acts(pair.room(pair.two).id, ActKind.LETTER)
    assert row.bearer == "by hand"
    assert pair.room(pair.one).line.covered <= row.held.sequence  # no receipt has come
    back = pair.out(pair.two)
    assert back.objects == 0
    courier.courier_in(pair.one.node, back.data)
    assert pair.room(pair.one).line.covered > row.held.sequence
    assert pair.one.store.is_told_held(pair.room(pair.one).id, row.held.sequence, 0)
    assert pair.out(pair.one).objects == 0  # they said that they hold it
    pair.up()
    pair.all_is_well()


def test_a_file_that_is_taken_twice_changes_nothing(pair: Pair) -> None:
    """OB-15."""
    pair.letter(pair.one)
    pair.message(pair.one, "Once.")
    given = pair.out(pair.one)
    courier.courier_in(pair.two.node, given.data)
    before = record(pair.two.node)
    again = courier.courier_in(pair.two.node, given.data)
    assert (again.entries, again.objects, again.unopened, again.unwanted) == (0, 0, 0, 0) and again.known > 0
    assert record(pair.two.node) == before
    pair.up()
    pair.all_is_well()


def test_what_came_by_hand_is_known_when_a_bearer_brings_it(pair: Pair) -> None:
    """OB-15: and the other way round, a file that is late brings nothing new and harms nothing."""
    pair.message(pair.one, "By both.")
    late = pair.out(pair.one)
    pair.up()
    before = record(pair.two.node)
    taken = courier.courier_in(pair.two.node, late.data)
    assert taken.entries == 0 and taken.known >= 1
    assert record(pair.two.node) == before
    pair.all_is_well()


def test_what_waits_is_an_entry_before_the_file_leaves_and_what_is_kept_back_is_not(pair: Pair) -> None:
    """OB-14."""
    pair.message(pair.one, "Before the cut.")
    node, line = pair.one.node, pair.room(pair.one).id
    assert [w.kept_back for w in node.store.waiting(line)] == [False]
    pair.one.desk.sever("Line 1", "a reason", "first", sim.WORDS)
    assert [w.kept_back for w in node.store.waiting(line)] == [True]
    pair.out(pair.one)
    assert [w.kept_back for w in node.store.waiting(line)] == [True]
    assert not node.store.acts(line, ActKind.MESSAGE)
    pair.message(pair.one, "Nothing may be said on a line that is cut.")
    pair.out(pair.one)
    assert not node.store.acts(line, ActKind.MESSAGE)


def test_a_file_proves_no_way_between_the_ends(pair: Pair) -> None:
    """OB-15: a line on which nothing but a file came is as silent as before."""
    pair.world.advance(3600)
    room = pair.room(pair.two)
    before = (room.evidence, pair.two.node.observed(room))
    pair.message(pair.one, "Carried.")
    courier.courier_in(pair.two.node, pair.out(pair.one).data)
    assert (pair.room(pair.two).evidence, pair.two.node.observed(room)) == before


def test_a_file_has_entries_what_is_held_and_a_frontier_and_nothing_else(pair: Pair) -> None:
    """OB-13: line 0 first, each line in the order of its log; calls and signs of life stay out."""
    pair.letter(pair.two)
    courier.courier_in(pair.one.node, pair.out(pair.two).data)
    pair.one.desk.call("Line 1", "first")
    pair.message(pair.one, "One.")
    pair.message(pair.one, "Two.")
    sealed, beside = courier.decode(pair.out(pair.one).data)
    kinds = []
    for frame in sealed:
        clear = frames.decode_clear(frame)
        key = pair.world.ledger.whole_trees[clear.tag].leaf(clear.counter)
        plain = frames.decode_plain(courier_opened(key, frame))
        kinds.append(type(plain))
        if isinstance(plain, ObjectWanted):
            assert plain.count == 0
    assert kinds[-2:] == [ObjectWanted, Frontier] and kinds.count(Frontier) == 2
    assert set(kinds) <= {frames.ActLayout, frames.NodeLayout, frames.AnyLayout, ObjectWanted, Frontier}
    assert beside == ()


def courier_opened(leaf: bytes, frame: bytes) -> bytes:
    from_suite = frames.CLEAR_BYTES
    return suite.unseal(suite.frame_key(leaf), frame[:from_suite], frame[from_suite:])


def test_a_strangers_file_and_a_damaged_one_are_told_in_one_sentence(pair: Pair) -> None:
    """OB-17."""
    pair.letter(pair.one)
    given = pair.out(pair.one).data
    before = record(pair.two.node)
    for bad, says in (
        (b"", "not a courier file"),
        (given[:-1], "not a courier file"),
        (given + b"\0", "not a courier file"),
        (given[:200], "not a courier file"),
        (b"\x83" * 5000, "not a courier file"),
        (cbor.encode(("parley/courier/1", (), ())), "nothing in this file is for this end"),
        (courier.encode((b"x" * 100, b""), ()), "nothing in this file is for this end"),
        (courier.encode((), [(objects.name(b"x", b"s" * 32), b"x")]), "nothing in this file is for this end"),
    ):
        with pytest.raises(LocalError, match=says):
            courier.courier_in(pair.two.node, bad)
    with pytest.raises(LocalError, match="nothing in this file is for this end"):
        courier.courier_in(pair.one.node, given)  # their own
    assert record(pair.two.node) == before


def test_a_frame_that_is_damaged_keeps_nothing_else_from_being_taken(pair: Pair) -> None:
    """OB-17: and the hole it leaves is filled by the next file, or by a bearer."""
    pair.message(pair.one, "One.")
    pair.message(pair.one, "Two.")
    sealed, beside = courier.decode(pair.out(pair.one).data)
    at = len(sealed) - 3  # the first message
    spoilt = [frame if i != at else frame[:-1] + bytes((frame[-1] ^ 1,)) for i, frame in enumerate(sealed)]
    taken = courier.courier_in(pair.two.node, courier.encode(spoilt, beside))
    assert taken.unopened == 1 and taken.entries >= 1
    assert len(pair.two.store.acts(pair.room(pair.two).id, ActKind.MESSAGE)) == 1
    courier.courier_in(pair.two.node, courier.encode(sealed, beside))
    assert len(pair.two.store.acts(pair.room(pair.two).id, ActKind.MESSAGE)) == 2
    pair.up()
    pair.all_is_well()


def test_an_object_changed_on_its_way_is_not_kept_and_no_fault_of_theirs(pair: Pair) -> None:
    """OB-3, OB-16."""
    named = pair.letter(pair.one)
    sealed, ((_, data),) = courier.decode(pair.out(pair.one).data)
    changed = data[:-1] + bytes((data[-1] ^ 1,))
    taken = courier.courier_in(pair.two.node, courier.encode(sealed, [(named, changed)]))
    assert (taken.objects, taken.unwanted) == (0, 1)
    view = pair.two.desk.objects.of_line("Line 1")[0]
    assert (view.state, view.misfits) == ("FETCHING", 0)
    taken = courier.courier_in(pair.two.node, courier.encode((), [(named, data)]))
    assert (taken.objects, taken.unwanted) == (1, 0)
    assert pair.two.desk.objects.of_line("Line 1")[0].state == "HELD"


def test_an_object_that_no_act_names_is_not_kept(pair: Pair) -> None:
    """OB-16."""
    pair.message(pair.one, "Nothing to see.")
    sealed, _ = courier.decode(pair.out(pair.one).data)
    named = objects.name(b"unasked", b"s" * 32)
    taken = courier.courier_in(pair.two.node, courier.encode(sealed, [(named, b"unasked")]))
    assert taken.unwanted == 1 and pair.two.store.object_bytes(named.root) is None


def test_a_file_made_before_a_restart_is_taken_after_both_have_restarted(pair: Pair) -> None:
    """OB-14, OB-15: what is in the file was durable before it left."""
    named = pair.letter(pair.one)
    given = pair.out(pair.one)
    for end in (pair.one, pair.two):
        end.fall()
        assert end.restart()
    courier.courier_in(pair.two.node, given.data)
    assert pair.two.store.object_bytes(named.root) == DATA
    pair.up()
    pair.all_is_well()


def test_a_file_holds_no_more_than_it_may_and_says_what_it_leaves_out(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier, "OBJECTS_BYTES_MAX", 40_000)
    for n in range(3):
        pair.letter(pair.one, DATA + bytes((n,)))
    given = pair.out(pair.one)
    assert (given.objects, given.left_out) == (1, 2)
    courier.courier_in(pair.two.node, given.data)
    back = pair.out(pair.two)
    courier.courier_in(pair.one.node, back.data)
    given = pair.out(pair.one)
    assert (given.objects, given.left_out) == (1, 1)  # the next one has its turn


def test_the_desk_writes_the_file_and_takes_it_and_notes_who_did(pair: Pair, tmp_path: Path) -> None:
    """OB-13, OB-17: by path, as an export."""
    pair.letter(pair.one)
    path = str(tmp_path / "to b.courier")
    told = ask(pair.one.desk, "courier_out", line="Line 1", path=path, by="first")
    assert isinstance(told, dict) and told["objects"] == 1 and told["bytes"] == Path(path).stat().st_size
    with pytest.raises(LocalError, match="exists already"):
        ask(pair.one.desk, "courier_out", line="Line 1", path=path, by="first")
    with pytest.raises(LocalError, match="no folder"):
        ask(pair.one.desk, "courier_out", line="Line 1", path=str(tmp_path / "no" / "x"), by="first")
    taken = ask(pair.two.desk, "courier_in", path=path, by="second")
    assert isinstance(taken, dict) and taken["objects"] == 1 and taken["unopened"] == 0
    seen = ask(pair.two.desk, "objects", line="Line 1")
    assert isinstance(seen, list) and [o["state"] for o in seen if isinstance(o, dict)] == ["HELD"]
    notes = [e for e in pair.two.home.watch_log._events("ORDER BY id", ()) if e.what == "courier"]
    assert [(e.officer, e.detail["way"]) for e in notes] == [("second", "in")]
    with pytest.raises(LocalError, match="cannot be read"):
        ask(pair.two.desk, "courier_in", path=str(tmp_path / "none"), by="second")
