"""Objects between two real ends: over bad and narrow bearers, through crashes and cuts, and from a peer who lies."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from parley.bearers import Traits, nobody
from parley.bearers.memory import Faults
from parley.core import objects
from parley.core.objects import ObjectName
from parley.core.record import Held
from parley.core.types import ActKind, Precedence
from parley.core.wire import frame as frames
from parley.core.wire.frame import Fragment, ObjectWanted
from parley.keys import officer_signer
from parley.node import Node, Room, courier
from parley.node import objects as moving
from parley.testing import sim
from parley.testing.sim.people import letter_naming

QUIET = sim.Course(11, frozenset(("two bearers", "loss")), 15, 0.1, ((1, 1),), ())
NARROW = Traits(270, 100, True, False, 0)


class Ends:
    """Two ends with two open lines and two bearers; `giver` names objects, `taker` fetches them."""

    def __init__(self, world: sim.World) -> None:
        self.world = world
        world.set_up()
        self.giver, self.taker = world.ends
        world.advance(30)

    def room(self, end: sim.End, name: str = "Line 1") -> Room:
        return next(room for room in end.node.rooms() if room.name == name)

    def letter(
        self, data: bytes, precedence: Precedence = Precedence.ROUTINE, *, under: ObjectName | None = None
    ) -> ObjectName:
        """A letter of the giver's, with its object; or with the name of another."""
        room, node = self.room(self.giver), self.giver.node
        found, signer = officer_signer(self.giver.path, "first", sim.WORDS)

        def release() -> ObjectName:
            named = under or node.keep_object(room, data, random.Random(len(data)).randbytes(32))
            body = letter_naming(named, 1)
            cose, _ = node.sign(room, ActKind.LETTER, body, precedence, found.officer.author, signer)
            node.release(room, cose, body)
            return named

        return node.turn(release)

    def held(self, named: ObjectName) -> bool:
        return self.taker.up and self.taker.store.object_held_at(named) is not None

    def until_held(self, named: ObjectName, within_s: float) -> float:
        """How long it takes, seconds."""
        begun = self.world.clock.monotonic()
        while not self.held(named):
            self.world.advance(0.5)
            assert self.world.clock.monotonic() - begun <= within_s, "it is not held"
        return self.world.clock.monotonic() - begun

    def blocks_here(self) -> int:
        fetches = self.taker.node.fetches(self.room(self.taker)).values()
        return sum(len(fetch.assembly.whole) for fetch in fetches)

    def narrow(self) -> None:
        """Only frames of 270 bytes are left between them."""
        self.world.links[0].go_down()
        for end in self.world.ends:
            for tap in end.taps:
                if tap.name == "other":
                    tap.traits = NARROW

    def seal(self, said: Fragment | ObjectWanted) -> None:
        """What the giver's keys say, arrives at the taker."""
        node, room = self.giver.node, self.room(self.giver)
        frame = node._sealed(room, frames.encode_plain(said))[2]
        self.world.ways[0].inject(frame)


@pytest.fixture
def ends() -> Iterator[Ends]:
    with sim.begun(QUIET) as world:
        yield Ends(world)


def bytes_of(size: int) -> bytes:
    return random.Random(size).randbytes(size)


# --- honest ends ------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 4096, 4097, 50_000])
def test_an_object_follows_the_act_that_names_it(ends: Ends, size: int) -> None:
    """OB-4, OB-7, OB-11."""
    named = ends.letter(bytes_of(size))
    ends.until_held(named, 10)
    assert ends.taker.store.object_bytes(named.root) == bytes_of(size)
    ends.world.advance(2)
    moves = ends.room(ends.taker).objects
    assert not moves.fetches and not moves.stale  # nothing of it is left in memory
    (view,) = ends.giver.desk.objects.of_line("Line 1")
    assert view.ours and view.told_held and view.state == "HELD"
    (view,) = ends.taker.desk.objects.of_line("Line 1")
    assert not view.ours and view.state == "HELD" and view.misfits == 0
    ends.world.judge.check(all_again=True)


def test_an_object_comes_through_frames_of_270_bytes_of_which_a_third_is_lost(ends: Ends) -> None:
    """OB-6, OB-8: and it costs not much more than what is lost."""
    ends.narrow()
    for way in ends.world.ways:
        way.faults = Faults(loss=0.33)
    named = ends.letter(bytes_of(40_000))
    ends.until_held(named, 240)
    least = -(-40_000 // 228)
    assert ends.room(ends.giver).objects.frames < 3 * least / (1 - 0.33)


def test_an_object_is_fetched_on_after_a_crash_of_its_receiver(ends: Ends) -> None:
    """OB-8: what is wanted stands in the record, and the blocks that came but for the last."""
    named = ends.letter(bytes_of(objects.OBJECT_BYTES_MAX))
    while ends.blocks_here() < 100:
        ends.world.advance(0.1)
    here = ends.blocks_here()
    ends.taker.fall()
    ends.world.advance(3)
    given = ends.room(ends.giver).objects.frames
    assert ends.taker.restart()
    assert ends.taker.store.wanted_count(ends.room(ends.taker).id) == 1
    ends.until_held(named, 30)
    least = 4 * (named.blocks - here)
    assert ends.room(ends.giver).objects.frames - given <= least + 4 * (
        moving.SAVE_BLOCKS + moving.WINDOW_BLOCKS
    )
    assert not list(ends.taker.store._db.execute("SELECT * FROM blocks"))


def test_a_few_blocks_over_a_slow_way_outlive_a_crash_too(ends: Ends) -> None:
    """OB-8: what came is put on the disk after half a minute at the latest."""
    serial(ends)
    named = ends.letter(bytes_of(objects.OBJECT_BYTES_MAX))
    while ends.blocks_here() < 10:
        ends.world.advance(5)
    ends.world.advance(moving.SAVE_EVERY_S + 15)
    ends.taker.fall()
    assert ends.taker.restart() and not ends.held(named)
    (wanted,) = ends.taker.store.wanted(ends.room(ends.taker).id)
    assert len(ends.taker.store.blocks(wanted.id)) >= 10


def test_blocks_of_a_misfit_are_gone_from_the_disk_as_well(ends: Ends) -> None:
    """OB-7."""
    size = 30 * 4096
    ends.giver.node._block_of = lambda room, place, block: b"x" * 4096  # type: ignore[method-assign]
    ends.letter(bytes_of(size))
    ends.world.advance(20)
    assert ends.taker.desk.objects.of_line("Line 1")[0].misfits == 1
    assert not list(ends.taker.store._db.execute("SELECT * FROM blocks"))


def test_an_object_goes_on_after_a_crash_of_its_sender(ends: Ends) -> None:
    """OB-8: what they asked for they ask for again, and only what lacks."""
    named = ends.letter(bytes_of(200_000))
    while not ends.blocks_here():
        ends.world.advance(0.1)
    here = ends.blocks_here()
    ends.giver.fall()
    ends.world.advance(3)
    assert ends.blocks_here() >= here and ends.giver.restart()
    ends.until_held(named, 30)
    assert ends.room(ends.giver).objects.frames <= 4 * (named.blocks - here + moving.WINDOW_BLOCKS)


def test_an_object_of_an_act_that_was_allowed_comes_while_the_line_is_cut(ends: Ends) -> None:
    """OB-10."""
    for link in ends.world.links:
        link.go_up()
    named = ends.letter(bytes_of(300_000))
    ends.world.advance(0.4)
    assert not ends.held(named)
    ends.taker.desk.sever("Line 1", "a reason", "first", sim.WORDS)
    ends.world.advance(0.5)
    assert ends.giver.desk.line("Line 1").declared != "OPEN" and not ends.held(named)
    ends.until_held(named, 30)


def test_no_way_to_them_and_nothing_is_asked_and_then_it_is_asked_at_once(ends: Ends) -> None:
    """OB-8."""
    named = ends.letter(bytes_of(500_000))
    ends.world.advance(0.5)
    for link in ends.world.links:
        link.go_down()
    ends.world.advance(3600)
    assert not ends.held(named)
    for link in ends.world.links:
        link.go_up()
    ends.until_held(named, 20)


def test_a_bearer_too_narrow_for_a_fragment_carries_no_request_either(ends: Ends) -> None:
    ends.narrow()
    for end in ends.world.ends:
        for tap in end.taps:
            if tap.name == "other":
                tap.traits = Traits(50, 100, True, False, 0)
    room = ends.room(ends.taker)
    ends.taker.node.turn(
        lambda: ends.taker.store.want(room.id, 999, 0, objects.name(b"x", b"s" * 32), ends.taker.node.now())
    )
    room.objects.fetches = None
    before = room.send.next_counter
    assert ends.taker.node._wide(room, set()) == []
    ends.world.advance(1)
    assert room.send.next_counter - before < 8 and not any(
        fetch.is_open for fetch in ends.taker.node.fetches(room).values()
    )


def test_the_same_object_named_twice_is_kept_once_and_both_are_told(ends: Ends) -> None:
    """OB-11."""
    named = ends.letter(bytes_of(9000))
    assert ends.letter(bytes_of(9000)) == named
    ends.until_held(named, 10)
    ends.world.advance(3)
    assert [view.told_held for view in ends.giver.desk.objects.of_line("Line 1")] == [True, True]
    assert ends.taker.store.wanted_count(ends.room(ends.taker).id) == 0


def test_a_disk_with_no_room_for_the_object_keeps_what_came_and_lets_the_rest_go_on(ends: Ends) -> None:
    """OB-7: it is stored when there is room, without being fetched again."""
    named = ends.letter(bytes_of(100_000))
    while ends.blocks_here() < named.blocks - 2:
        ends.world.advance(0.05)
    ends.taker.disk.full = frozenset(("record.db", "record.db-wal"))
    ends.world.advance(20)
    assert not ends.held(named)
    sent = ends.room(ends.giver).objects.frames
    ends.taker.disk.well()
    ends.until_held(named, 200)
    assert ends.room(ends.giver).objects.frames - sent <= 4 * moving.WINDOW_BLOCKS


def test_an_object_of_ours_is_forgotten_only_while_no_act_names_it(ends: Ends) -> None:
    node, room = ends.giver.node, ends.room(ends.giver)
    unnamed = node.turn(lambda: node.keep_object(room, b"never released", b"s" * 32))
    assert ends.giver.store.object_held_at(unnamed) is not None
    assert node.turn(lambda: node.drop_object(unnamed))
    assert ends.giver.store.object_held_at(unnamed) is None
    for link in ends.world.links:
        link.go_down()
    ends.world.advance(1)
    named = ends.letter(bytes_of(100))
    assert not node.turn(lambda: node.drop_object(named))  # it waits
    ends.world.links[0].go_up()
    ends.until_held(named, 20)
    assert not node.turn(lambda: node.drop_object(named))  # it is entered
    assert not ends.taker.node.turn(lambda: ends.taker.node.drop_object(named))


# --- what is urgent goes first ----------------------------------------------------------------


@dataclass
class Serial:
    """One end of a slow wire: takes one frame at a time, says when it has room again."""

    ends: Ends
    name: str = "serial"
    traits: Traits = field(default_factory=lambda: Traits(4096, 100, True, False, 0))
    bytes_per_s: float = 2000.0
    up: bool = False
    other: Serial | None = None
    sent: list[tuple[float, bytes]] = field(default_factory=list)
    refused: int = 0
    _busy: bool = False

    def attach(
        self,
        receive: Callable[[bytes], None],
        changed: Callable[[bool], None],
        ready: Callable[[], None] = nobody,
    ) -> None:
        self._receive, self._changed, self._ready = receive, changed, ready

    async def start(self) -> None:
        """Begun by `open`."""

    async def aclose(self) -> None:
        self.up = False

    def open(self) -> None:
        self.up = True
        self._changed(True)

    def send(self, frame: bytes) -> bool:
        clock = self.ends.world.clock
        if not self.up or self._busy or len(frame) > self.traits.frame_bytes_max:
            self.refused += self._busy
            return False
        self._busy = True
        self.sent.append((clock.monotonic(), frame))

        def landed() -> None:
            self._busy = False
            assert self.other is not None
            self.other._receive(frame)
            self._ready()

        clock.call_later(len(frame) / self.bytes_per_s, landed)
        return True


def serial(ends: Ends) -> tuple[Serial, Serial]:
    for link in ends.world.links:
        link.go_down()
    ends.world.advance(1)
    one, two = Serial(ends), Serial(ends)
    one.other, two.other = two, one
    ends.giver.node.attach(one)
    ends.taker.node.attach(two)
    one.open()
    two.open()
    ends.world.advance(30)
    return one, two


def test_a_flash_in_the_middle_of_an_object_waits_for_one_frame_at_most(ends: Ends) -> None:
    """OB-9: over a wire of 2,000 bytes a second, and the object goes on after it."""
    one, _ = serial(ends)
    named = ends.letter(bytes_of(objects.OBJECT_BYTES_MAX))
    ends.world.advance(60)
    assert ends.blocks_here() > 4 and not ends.held(named)
    text = "a>b Now."
    begun = ends.world.clock.monotonic()
    ends.giver.desk.release(
        ends.giver.desk.compose("Line 1", text, "clerk", precedence="FLASH", reason="a test").ref,
        "first",
        sim.WORDS,
    )
    while not any(view.text == text for view in ends.taker.desk.messages("Line 1")):
        ends.world.advance(0.05)
    waited = ends.world.clock.monotonic() - begun
    assert waited <= (moving.FRAGMENT_FRAME_BYTES_MAX + 400) / one.bytes_per_s + 0.2
    here = ends.blocks_here()
    ends.world.advance(30)
    assert ends.blocks_here() > here + 4


def test_an_object_has_its_share_while_entries_wait_and_the_wire_is_not_wasted(ends: Ends) -> None:
    """OB-9, EX-4: one frame in twenty, at the least; and hardly a counter is taken for nothing."""
    one, _ = serial(ends)
    named = ends.letter(bytes_of(100_000))
    ends.world.advance(20)
    for n in range(60):
        draft = ends.giver.desk.compose("Line 1", f"a>b {n} " + "Long. " * 100, "clerk").ref
        ends.giver.desk.release(draft, "first", sim.WORDS)
    before, frames_before = ends.blocks_here(), ends.room(ends.giver).objects.frames
    sent_before = len(one.sent)
    ends.world.advance(15)
    sent = len(one.sent) - sent_before
    fragments = ends.room(ends.giver).objects.frames - frames_before
    assert sent / 40 <= fragments <= sent / 2, (sent, fragments, before)
    ends.until_held(named, 600)


def test_the_bearers_time_goes_to_the_object_and_not_to_repeats(ends: Ends) -> None:
    """OB-8: a receiver that sees its object come does not ask for it again."""
    _, two = serial(ends)
    named = ends.letter(bytes_of(60_000))
    ends.until_held(named, 120)
    assert ends.room(ends.giver).objects.frames <= 4 * named.blocks + 4
    asked = [frame for _, frame in two.sent if len(frame) in range(36, 40)]
    assert len(asked) < 2 * named.blocks


# --- a peer with real keys --------------------------------------------------------------------


def test_bytes_that_are_not_what_was_named_are_dropped_whole_and_counted_and_asked_for_later(
    ends: Ends,
) -> None:
    """OB-3, OB-7: again and again, and each time later."""
    data = bytes_of(10_000)
    ends.giver.node._block_of = lambda room, place, block: b"x" * min(4096, 10_000 - block * 4096)  # type: ignore[method-assign]
    named = ends.letter(data)
    ends.world.advance(30)
    view = ends.taker.desk.objects.of_line("Line 1")[0]
    assert (view.state, view.misfits, view.blocks_here) == ("FETCHING", 1, 0)
    frames_then = ends.room(ends.giver).objects.frames
    ends.world.advance(25)
    assert ends.room(ends.giver).objects.frames == frames_then
    ends.world.advance(60)
    assert ends.taker.desk.objects.of_line("Line 1")[0].misfits == 2
    ends.world.advance(60)
    assert ends.taker.desk.objects.of_line("Line 1")[0].misfits == 2
    del ends.giver.node._block_of  # type: ignore[method-assign]
    ends.until_held(named, 300)
    assert ends.taker.store.object_bytes(named.root) == data


def test_fragments_of_wrong_sizes_or_unasked_for_leave_nothing_behind(ends: Ends) -> None:
    """OB-6: nor do those for acts that name nothing, or are not there."""
    for link in ends.world.links:
        link.go_down()
    chance, room = random.Random(5), ends.room(ends.taker)
    ends.world.advance(1)
    named = objects.name(bytes_of(20_000), b"s" * 32)
    ends.world.links[0].go_up()
    ends.letter(b"", under=named)
    ends.world.advance(5)
    (place,) = ends.taker.node.fetches(room)
    for _ in range(300):
        ends.seal(
            Fragment(
                chance.choice((place[0], 0, 1, 2**32 - 1)),
                chance.choice((0, 1, 255)),
                chance.choice((0, 4, 5, 255, 65535)),
                pieces := chance.randint(1, 255),
                255,
                chance.randint(0, 254) if chance.random() < 0.5 else pieces - 1,
                chance.choice((1, 16, 4096, 65535)),
                chance.randbytes(chance.choice((1, 16, 17, 1000))),
            )
        )
    ends.world.advance(5)
    view = ends.taker.desk.objects.of_line("Line 1")[0]
    assert (view.state, view.blocks_here) == ("FETCHING", 0)
    assembly = ends.taker.node.fetches(room)[place].assembly
    held = sum(
        len(d) for forms in assembly._parts.values() for parts in forms.values() for d in parts.values()
    )
    assert held <= objects.FORMS_MAX * named.size
    assert ends.taker.store.objects_bytes(room.id) == 0


def test_endless_requests_cost_a_bounded_queue_and_a_bounded_rate(ends: Ends) -> None:
    """OB-5, OB-12: and nothing is given that no act of ours on that line names."""
    named = ends.letter(bytes_of(500_000))
    ends.until_held(named, 60)
    ends.world.advance(10)
    (row,) = ends.giver.store.acts(ends.room(ends.giver).id, ActKind.LETTER)
    place, taker, room = (row.held.sequence, 0), ends.taker, ends.room(ends.giver)
    before = room.objects.frames
    for n in range(400):
        for asks in (
            ObjectWanted(*place, 0, 255),
            ObjectWanted(n, 0, 0, 255),
            ObjectWanted(place[0], 9, 0, 1),
        ):
            frame = taker.node._sealed(ends.room(taker), frames.encode_plain(asks))[2]
            ends.world.ways[1].inject(frame)
        if not n % 40:
            ends.world.advance(0.05)
            assert len(room.objects.answers) <= moving.ANSWERS_MAX
    began = ends.world.clock.monotonic()
    ends.world.advance(5)
    took = ends.world.clock.monotonic() - began + 1
    assert before < room.objects.frames <= before + moving.BURST * (took / moving.BURST_EVERY_S + 2)
    assert {key[:2] for key in room.objects.answers} <= {place}


def test_an_object_is_not_given_for_an_act_that_does_not_name_it_or_on_another_line(ends: Ends) -> None:
    """OB-5: to know the root of an object is not enough."""
    named = ends.letter(bytes_of(5000))
    ends.until_held(named, 10)
    ends.world.advance(10)
    other, taker = ends.room(ends.giver, "Line 2"), ends.taker
    for n in range(20):
        frame = taker.node._sealed(ends.room(taker, "Line 2"), frames.encode_plain(ObjectWanted(n, 0, 0, 8)))[
            2
        ]
        ends.world.ways[1].inject(frame)
    ends.world.advance(2)
    assert other.objects.frames == 0 and not other.objects.answers


def test_what_they_name_beyond_the_limits_is_shown_and_not_fetched(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OB-12: by number and by bytes; the others have their turn once there is room."""
    monkeypatch.setattr(moving, "WANTED_MAX", 3)
    monkeypatch.setattr(moving, "KEPT_BYTES_MAX", 60_000)
    for link in ends.world.links:
        link.go_down()
    names = [ends.letter(bytes_of(10_000 + n)) for n in range(8)]
    ends.world.links[0].go_up()
    ends.world.advance(1)
    assert ends.taker.store.wanted_count(ends.room(ends.taker).id) <= 8
    assert len(ends.taker.node.fetches(ends.room(ends.taker))) <= 3
    ends.world.advance(60)
    assert [ends.held(named) for named in names] == [True] * 5 + [False] * 3
    states = [view.state for view in ends.taker.desk.objects.of_line("Line 1")]
    assert states == ["WAITING"] * 3 + ["HELD"] * 5
    assert ends.taker.node.not_fetched(ends.room(ends.taker))[0] == 3


def test_objects_that_never_come_do_not_keep_others_from_coming(ends: Ends) -> None:
    """OB-8, OB-12: named by real acts, and held by nobody."""
    for n in range(6):
        ends.letter(b"", under=objects.name(bytes_of(50 + n), b"s" * 32))
    ends.world.advance(5)
    named = ends.letter(bytes_of(30_000))
    ends.until_held(named, 300)
    assert ends.taker.store.wanted_count(ends.room(ends.taker).id) == 6
    room = ends.room(ends.taker)
    before = room.send.next_counter
    ends.world.advance(600)
    assert room.send.next_counter - before < 300  # asked for ever, ever less often
    begun = [f for f in ends.taker.node.fetches(room).values() if f.is_open]
    assert len(begun) <= moving.OPEN_MAX


def test_who_names_an_object_does_not_learn_that_others_have_exchanged_it() -> None:
    """OB-18: it is fetched from whoever names it."""
    with sim.begun(sim.Course(12, frozenset(), 15, 0.1, ((1,), (1,)), (), apart=True)) as world:
        world.set_up()
        world.advance(30)
        ours, b, c = world.ends
        data, salt, names = bytes_of(6000), b"s" * 32, []
        for end, holds in ((b, True), (c, False)):
            room = next(room for room in end.node.rooms() if not room.is_order_wire)
            found, signer = officer_signer(end.path, "first", sim.WORDS)
            named = objects.name(data, salt)

            def release(end: sim.End = end, room: Room = room, holds: bool = holds) -> None:
                if holds:
                    end.node.keep_object(room, data, salt)
                body = letter_naming(named, 1)  # noqa: B023
                author = found.officer.author  # noqa: B023
                cose, _ = end.node.sign(room, ActKind.LETTER, body, Precedence.ROUTINE, author, signer)  # noqa: B023
                end.node.release(room, cose, body)

            end.node.turn(release)
            world.advance(20)
            names.append((end, room, named))
        assert ours.store.object_bytes(named.root) == data
        for end, room, _ in names:
            (row,) = end.store.acts(room.id, ActKind.LETTER)
            assert end.store.is_told_held(room.id, row.held.sequence, 0) == (end is b)
            there = next(r for r in ours.node.rooms() if r.id == room.id)
            assert ours.store.wanted_count(room.id) == (end is c)
            given = courier.courier_out(ours.node, there)
            assert courier.courier_in(end.node, given.data).unopened == 0
            assert end.store.is_told_held(room.id, row.held.sequence, 0) == (end is b)


def test_an_end_that_is_not_up_makes_and_takes_files_all_the_same(ends: Ends) -> None:
    """OB-14, OB-15: as a command does where no node runs."""
    for link in ends.world.links:
        link.go_down()
    ends.world.advance(1)
    ends.giver.node.stop()
    ends.taker.node.stop()
    named = ends.letter(bytes_of(20_000))
    given = courier.courier_out(ends.giver.node, ends.room(ends.giver))
    assert courier.courier_in(ends.taker.node, given.data).objects == 1
    assert ends.held(named)
    back = courier.courier_out(ends.taker.node, ends.room(ends.taker))
    courier.courier_in(ends.giver.node, back.data)
    assert ends.giver.desk.objects.of_line("Line 1")[0].told_held


# --- the test of the test: what is planted is found ---------------------------------------------


class ForgetsWhatItWants(Node):
    """Does not note what an act of theirs names."""

    def _named_objects(self, room: Room, held: Held) -> None:
        pass


class AsksOnce(Node):
    """Takes a request for an answer."""

    def _objects_at(self, room: Room, now: float) -> list[float]:
        for fetch in self.fetches(room).values():
            if fetch.is_open:
                fetch.ask_at = float("inf")
        return super()._objects_at(room, now)

    def _ask_again(self, room: Room) -> None:
        pass


class StoresWhateverComes(Node):
    """Does not compare what came with its name."""

    def _block_of(self, room: Room, place: tuple[int, int], block: int) -> bytes | None:
        found = super()._block_of(room, place, block)
        return None if found is None else found[:-1] + bytes((found[-1] ^ 1,))

    def _store_whole(self, line: bytes, place: tuple[int, int]) -> None:
        room, fetch = self._fetch_of(line, place)
        if fetch is not None:
            self._keep_theirs(room, fetch.wanted.named, fetch.assembly.data)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("build", "number"), [(ForgetsWhatItWants, 11), (AsksOnce, 11), (StoresWhateverComes, 3)]
)
def test_a_node_that_goes_wrong_with_objects_is_found_by_the_simulator(
    build: type[Node], number: int
) -> None:
    seeds = [seed for seed in range(60) if sim.course(seed).kinds >= {"objects", "loss"}]
    failures = (sim.run_world(seed, build).failure for seed in seeds)
    found = next((failure for failure in failures if failure is not None), None)
    assert found is not None and found.number == number, found
