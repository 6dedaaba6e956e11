"""Epochs at work: two real ends change the keys of their lines, and what is erased stays erased (spec 14)."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import realends
from realends import LINE, Live

from parley.core import line as lines
from parley.core import suite
from parley.core.errors import LocalError, RemoteError
from parley.core.line import Cadence
from parley.core.types import NodeKind, Value
from parley.core.wire import cbor
from parley.core.wire import frame as frames
from parley.desk import Desk
from parley.home import Home
from parley.keys import trees
from parley.node import Node, Room

START = 1_627_347_000.0


class Wire:
    """Every frame that left either end, in order."""

    def __init__(self, live: Live) -> None:
        self.frames: list[bytes] = []
        for node in live.nodes:
            for carrier in node.carriers:
                self._tap(carrier.bearer)

    def _tap(self, bearer: object) -> None:
        send = bearer.send  # type: ignore[attr-defined]

        def tapped(frame: bytes) -> bool:
            self.frames.append(frame)
            return bool(send(frame))

        bearer.send = tapped  # type: ignore[attr-defined]


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    made = Live(realends.empty(tmp_path), START)
    made.offer_line()
    made.open_line()
    yield made
    made.close()


def room_of(node: Node, name: str = LINE) -> Room:
    return next(room for room in node.rooms() if room.name == name)


def rekey(live: Live, node: Node) -> None:
    node.rekey(room_of(node))
    live.wait(5)


def arrives(live: Live, text: str) -> None:
    """A message each way is at the other end."""
    for sender, receiver in itertools.permutations(live.desks, 2):
        live.say(sender, text)
        live.wait(5)
        assert any(m.text == text and not m.ours for m in receiver.messages(LINE))


def secrets(node: Node) -> dict[str, bytes]:
    """All that the table of secrets of an end gives to whoever has its passphrase."""
    return {name: node.keys.get(name) or b"" for name in node.keys.table.names("")}


def test_a_new_epoch_comes_into_use_when_their_node_has_signed_for_it(live: Live) -> None:
    """EP-8."""
    ours, theirs = (room_of(node) for node in live.nodes)
    before = ours.send.tag
    live.nodes[0].rekey(ours)
    live.clock.run_until(live.clock.wall() + 0.015)  # on its way, and not acknowledged
    assert ours.send.waiting is not None and ours.send.tag == before
    live.wait(5)
    assert ours.send.number == 1 and ours.send.tag != before and theirs.receive.number == 1
    assert theirs.send.number == 0, "the other direction is theirs to advance"
    arrives(live, "after the change")


def test_both_directions_change_again_and_again(live: Live) -> None:
    for number in range(1, 4):
        for node in live.nodes:
            rekey(live, node)
        live.wait(3700)
        assert [room_of(n).send.number for n in live.nodes] == [number, number]
        assert [room_of(n).receive.number for n in live.nodes] == [number, number]
        arrives(live, f"in epoch {number}")
    assert all(node.store.faults(room_of(node).id) == () for node in live.nodes)


def test_a_new_epoch_never_comes_twice_in_an_hour(live: Live) -> None:
    rekey(live, live.nodes[0])
    with pytest.raises(LocalError, match="less than an hour"):
        live.nodes[0].rekey(room_of(live.nodes[0]))
    live.wait(3601)
    rekey(live, live.nodes[0])
    assert room_of(live.nodes[0]).send.number == 2


def test_a_line_with_content_gets_a_new_epoch_after_its_time_and_an_idle_one_does_not(live: Live) -> None:
    north = live.nodes[0]
    north.settings = replace(north.settings, cadence=Cadence(after_s=7200))  # two hours for a week
    live.say(live.north, "content")
    live.wait(7300)
    assert room_of(live.nodes[0]).send.number == 1
    live.wait(7300)
    assert room_of(live.nodes[0]).send.number == 1, "nothing of ours but statements since"


def test_a_cut_is_followed_by_a_new_epoch_of_both(live: Live) -> None:
    live.south.sever(LINE, "a reason", "chief", realends.WORDS["chief"])
    live.wait(30)
    assert [room_of(node).send.number for node in live.nodes] == [1, 1]


def test_the_old_epoch_is_erased_once_nothing_can_lie_under_it(live: Live) -> None:
    """EP-10, EP-14."""
    ours, theirs = (room_of(node) for node in live.nodes)
    old = ours.send.tag
    rekey(live, live.nodes[0])
    live.wait(90)
    row = theirs.receive
    assert row.newest_tag == ours.send.tag
    assert old in row.tags and row.key(old, 2**31) is None, "known, and already had"
    assert set(trees(live.nodes[1].keys.get(f"receive/{theirs.id.hex()}") or b"")) == {ours.send.tag}


def test_a_prekey_is_used_once_and_its_private_half_goes(live: Live) -> None:
    """EP-4."""
    south = live.nodes[1]
    wire0 = room_of(live.nodes[0], "order wire South").id
    name = south.keys.table.names(f"prekeys/{wire0.hex()}/")[0]
    before = south.keys.get(name) or b""
    rekey(live, live.nodes[0])
    after = south.keys.get(name) or b""
    taken = {i for i, _ in _seeds(before)} - {i for i, _ in _seeds(after)}
    assert len(taken) == 1
    assert room_of(live.nodes[1]).receive.taken is not None
    rows = live.nodes[0].store.statements(
        room_of(live.nodes[0]).id, NodeKind.EPOCH, room_of(live.nodes[0]).pair.ours
    )
    assert {row.held.body[2] for row in rows if row.held.body} == taken


def _seeds(row: bytes) -> list[tuple[int, bytes]]:
    return [(int(i), bytes(s)) for i, s in cbor.items(cbor.decode(row))[1]]  # type: ignore[misc, arg-type, union-attr]


def test_without_a_prekey_the_epoch_stays_and_that_is_told(live: Live) -> None:
    """EP-6."""
    north = live.nodes[0]
    order_wire = room_of(north, "order wire South")
    with north.store.turn():
        while north.store.use_prekey(order_wire.id) is not None:
            pass
    order_wire.pair.prekeys_ask_at = float("inf")  # none come
    rekey(live, north)
    assert room_of(north).send.number == 0 and room_of(north).unhealed
    order_wire.pair.prekeys_ask_at = float("-inf")
    live.wait(130)
    assert room_of(north).send.number == 1 and not room_of(north).unhealed


@pytest.mark.slow
def test_a_further_batch_is_placed_when_the_first_runs_out(live: Live) -> None:
    """EP-5."""
    north, south = live.nodes
    south_wire = room_of(south, "order wire North")
    for _ in range(27):
        rekey(live, north)
        live.wait(3700)
    batches = south.store.statements(south_wire.id, NodeKind.PREKEYS, south_wire.pair.ours)
    assert len(batches) == 2
    assert room_of(north).send.number == 27
    arrives(live, "with keys of the second batch near")


# --- what a thief has ---------------------------------------------------------------------------


def _values(value: Value) -> Iterator[bytes]:
    """Every byte string of 32 bytes in a decoded row, and inside byte strings that decode."""
    match value:
        case bytes() if len(value) == 32:
            yield value
        case bytes():
            try:
                yield from _values(cbor.decode(value))
            except RemoteError:
                return
        case tuple():
            for item in value:
                yield from _values(item)


def _derivable(rows: dict[str, bytes], line: bytes) -> list[suite.KeyTree]:
    """Every key tree that can be had from what lies in the rows: those that are kept, and those under any 32 bytes
    taken as a seed, as a root key of any of the first epochs, or as a reserve."""
    found = [
        tree
        for name, row in rows.items()
        if name.startswith(("send/", "receive/"))
        for _, tree in trees(row).values()
    ]
    for row in rows.values():
        try:
            values = set(_values(cbor.decode(row)))
        except RemoteError:
            values = {row} if len(row) == 32 else set()
        for value in values:
            found.append(suite.key_tree(value))
            for sender, epoch in itertools.product((0, 1), range(3)):
                found.append(suite.key_tree(suite.epoch_seed(value, line, sender, (1, 1), epoch)))
    return found


def _opened(frames_sent: list[bytes], from_trees: list[suite.KeyTree]) -> int:
    """How many frames any of the trees opens."""
    count = 0
    for frame in frames_sent:
        clear = frames.decode_clear(frame)
        for tree in from_trees:
            try:
                suite.unseal(suite.frame_key(tree.leaf(clear.counter)), frame[:9], frame[9:])
                count += 1
                break
            except (KeyError, RemoteError):
                continue
    return count


def test_all_secrets_on_disk_today_open_no_frame_from_before_the_last_switch(live: Live) -> None:
    """EP-1, EP-13."""
    wire = Wire(live)
    arrives(live, "of yesterday")
    line = room_of(live.nodes[0]).id
    tags = {room_of(node).send.tag for node in live.nodes}
    yesterday = [secrets(node) for node in live.nodes]
    for node in live.nodes:
        rekey(live, node)
    live.wait(90)
    captured = [frame for frame in wire.frames if frame[1:5] in tags]
    assert len(captured) > 4
    today = [tree for node in live.nodes for tree in _derivable(secrets(node), line)]
    assert _opened(captured, today) == 0
    past = [tree for rows in yesterday for tree in _derivable(rows, line)]
    assert _opened(captured, past) > 0, "the same thief, a day earlier, opens what had not been sent yet"


def test_what_is_stolen_from_an_end_opens_nothing_it_sends_in_a_later_epoch(live: Live) -> None:
    """What it receives heals too, with the first EPOCH to a prekey it made after the theft: he has the older ones."""
    line = room_of(live.nodes[0]).id
    stolen = _derivable(secrets(live.nodes[0]), line)
    rekey(live, live.nodes[0])
    live.wait(90)
    wire = Wire(live)
    arrives(live, "after the theft")
    captured = [frame for frame in wire.frames if frame[1:5] == room_of(live.nodes[0]).send.tag]
    assert len(captured) > 1
    assert _opened(captured, stolen) == 0
    assert _opened(wire.frames, stolen) > 0, "the other direction, in its first epoch still"


def test_what_a_back_up_may_hold_opens_no_frame(live: Live) -> None:
    """The commitment master, and nothing else of the table of secrets (spec 4.5)."""
    wire = Wire(live)
    arrives(live, "in a back-up there is the record, and no key of this frame")
    line = room_of(live.nodes[0]).id
    held = {n: row for node in live.nodes for n, row in secrets(node).items() if n.startswith("commitment/")}
    assert len(held) == 1, "both ends have the same"
    assert len(wire.frames) > 3
    assert _opened(wire.frames, _derivable(held, line)) == 0


def test_a_restart_between_the_epoch_and_its_receipt_changes_nothing(tmp_path: Path) -> None:
    live = Live(realends.empty(tmp_path), START)
    live.offer_line()
    live.open_line()
    live.nodes[0].rekey(room_of(live.nodes[0]))
    live.clock.run_until(live.clock.wall() + 0.001)
    waiting = room_of(live.nodes[0]).send.waiting
    assert waiting is not None
    fresh = Node(
        live.nodes[0].home,
        clock=live.clock,
        timer=live.clock,
        entropy=lambda n: bytes(n),
        settings=live.nodes[0].settings,
    )
    assert room_of(fresh).send.waiting == waiting
    assert lines.epoch_due(room_of(fresh).line, fresh.now(), fresh.settings.cadence, asked=True) is False
    live.close()


def test_a_record_overwritten_in_place_by_an_older_copy_is_noticed_and_signs_nothing(tmp_path: Path) -> None:
    live = Live(realends.empty(tmp_path), START)
    live.offer_line()
    live.open_line()
    live.close()
    path = live.nodes[0].home.path
    older = (path / "record.db").read_bytes()
    settings = live.nodes[0].settings

    def again() -> Node:
        home = Home.open(path, realends.WORDS["end"], sync=False)
        return Node(home, clock=live.clock, timer=live.clock, entropy=os.urandom, settings=settings)

    node = again()
    desk = Desk(node)
    node.start()
    draft = desk.compose(LINE, "said after the copy", "duty")
    desk.release(draft.ref, "chief", realends.WORDS["chief"])
    desk.sever(LINE, "so that it is entered at once", "chief", realends.WORDS["chief"])
    node.stop()
    node.home.close()

    for left in path.glob("record.db-*"):
        left.unlink()
    (path / "record.db").write_bytes(older)
    node = again()
    desk = Desk(node)
    assert desk.status().alarms == (
        "the record was put back from a copy: it lacks entries that this end has signed",
    )
    with pytest.raises(LocalError, match="put back from a copy"):
        node.start()
    with pytest.raises(LocalError, match="put back from a copy"):
        desk.sever(LINE, "again", "chief", realends.WORDS["chief"])
    assert desk.line(LINE).declared == "OPEN", "what it has can still be read"
    node.home.close()


# --- what a hostile reader of all this found ----------------------------------------------------


def erasures(node: Node) -> list[float]:
    """When erasure points come from now on, by the virtual clock."""
    found: list[float] = []
    erase = node.keys.erase

    def noted() -> None:
        found.append(node.clock.monotonic())
        erase()

    node.keys.erase = noted  # type: ignore[method-assign]
    return found


def test_an_erasure_point_comes_also_when_the_way_is_down(live: Live) -> None:
    """EP-13."""
    live.wait(70)
    node = live.nodes[1]
    live.say(live.north, "taken a moment before the way fails")
    live.wait(1)
    found = erasures(node)
    node.carriers[0].bearer.link.go_down()  # type: ignore[attr-defined]
    live.wait(130)
    assert len(found) == 1


def test_an_erasure_point_comes_when_we_only_send(live: Live) -> None:
    """EP-13: the keys of a block leave the disk, and what the database left of them with it."""
    node = live.nodes[0]
    node.carriers[0].bearer.attach = lambda *_: None  # type: ignore[method-assign]
    live.wait(70)
    room_of(node).send._reserve()
    found = erasures(node)
    live.say(live.north, "one more")
    live.wait(70)
    assert found


def test_a_start_is_an_erasure_point(tmp_path: Path) -> None:
    """EP-13: whatever a crash left between a change of epochs and its erasure point."""
    live = Live(realends.empty(tmp_path), START)
    live.offer_line()
    for node in live.nodes:
        node.crash()
    home = Home.open(live.nodes[0].home.path, realends.WORDS["end"], sync=False)
    node = Node(home, clock=live.clock, timer=live.clock, entropy=os.urandom, settings=live.nodes[0].settings)
    found = erasures(node)
    node.start()
    live.wait(1)
    assert len(found) == 1
    node.stop()
    home.close()


def test_no_epoch_is_entered_that_no_bearer_can_carry(live: Live) -> None:
    """EP-7: entered, it would be a hole below all that is said later."""
    for node in live.nodes:
        bearer = node.carriers[0].bearer
        bearer.traits = replace(bearer.traits, frame_bytes_max=400)  # type: ignore[misc]
    live.south.sever(LINE, "a reason", "chief", realends.WORDS["chief"])
    live.wait(30)
    assert [room_of(node).send.waiting for node in live.nodes] == [None, None]
    assert [room_of(node).send.number for node in live.nodes] == [0, 0]
    live.open_line()
    arrives(live, "the line goes on in its epoch")


def test_requests_for_prekeys_are_answered_once_a_second_and_each_of_them(live: Live) -> None:
    """FR-18."""
    node = live.nodes[0]
    wire = Wire(live)
    room = room_of(node, "order wire South")
    batch = node._batch(room.pair, room.pair.ours)
    assert batch is not None
    wire.frames.clear()

    def asked() -> None:
        for _ in range(50):
            node._prekeys_wanted(room, frames.PrekeysWanted(batch.number, 0, 4))
            node._prekeys_wanted(room, frames.PrekeysWanted(batch.number, 20, 4))

    node.turn(asked)
    node.turn(asked)
    live.wait(0.5)
    assert len([f for f in wire.frames if len(f) == 1409]) == 8
    live.wait(2)
    assert len([f for f in wire.frames if len(f) == 1409]) == 16
