"""A test of the test: builds of the product with one rule broken, each of which the simulator must catch.

Each is caught by one of the rules in `parley.testing.sim.must_hold`, named by its number, within a bounded number of
worlds; `pytest -s` prints by which.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from parley import desk as desks
from parley.core import line as lines
from parley.core.errors import LocalError, RemoteError
from parley.core.line import Line
from parley.core.record import Held
from parley.core.types import Act, ActKind, Body, Entry, Officer, Seconds, Statement
from parley.core.wire import entry as wire
from parley.core.wire import frame as frames
from parley.desk.reading import Reading
from parley.desk.views import MessageView
from parley.keys import chains
from parley.node import Node, Room
from parley.testing import sim
from parley.testing.sim.ledger import Ledger

T = TypeVar("T")
WORLDS = 16


def caught(build: type[Node], *numbers: int, told: str = "", first: int = 0, ends: int = 0) -> None:
    """Some world fails, by a rule that this build breaks. `ends`: only worlds with so many."""
    seeds = (seed for seed in range(first, 1000) if ends in (0, sim.course(seed).ends))
    for tried, seed in enumerate(itertools.islice(seeds, WORLDS), 1):
        failure = sim.run_world(seed, build).failure
        if failure is not None and failure.number in numbers and told in failure.text:
            print(
                f"\n{build.__name__}: caught by ({failure.number}) {sim.MUST_HOLD[failure.number]},"
                f" seed {seed}, the {tried}. world: {failure.text[:120]}"
            )
            return
    pytest.fail(f"{WORLDS} worlds did not catch {build.__name__} by {numbers} {told}")


def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks whether a commit is still open: only the harm can be seen."""
    left = Ledger.left

    def unlooked(self: Ledger, *how: Any) -> Room:
        self.judges_turns = False
        return left(self, *how)

    monkeypatch.setattr(Ledger, "left", unlooked)


class SendsFirst(Node):
    """Lets frames out before the commit."""

    def turn(self, do: Callable[[], T]) -> T:
        self._touched = False
        try:
            with self.store.turn():
                result = do()
                self._follow_up()
                self._after()
        except BaseException:
            if self._touched:
                self._load()
            raise
        return result


def test_sending_before_the_commit_is_caught() -> None:
    caught(SendsFirst, 1, told="before its turn is committed")


@pytest.mark.slow
def test_sending_before_the_commit_is_caught_by_its_harm_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    blind(monkeypatch)
    caught(SendsFirst, 1, told="has nothing at its place")


class ReceiptsFirst(Node):
    """Lets its statements out before the commit, and all else after it."""

    def turn(self, do: Callable[[], T]) -> T:
        def eager() -> T:
            result = do()
            self._follow_up()
            for room in self.rooms() if self._running else ():
                self._refill(room)
                for flight in [f for f in room.flights.values() if f.once]:
                    self._send_entry(room, flight, self.clock.monotonic(), set())
            return result

        return super().turn(eager)


@pytest.mark.slow
def test_acknowledging_what_is_then_rolled_back_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    blind(monkeypatch)
    caught(ReceiptsFirst, 3, told="entries and holds")


class WritesLate(Node):
    """Signs for an act that it has in memory and writes it down a turn later."""

    def _take(
        self, room: Room, entry: Entry, body: Body | None, bearer: str, stated: Statement | None = None
    ) -> Held:
        said = wire.decode_payload(entry.signed.payload)
        if said.party == room.pair.ours or room.is_order_wire or isinstance(said, Statement):
            return super()._take(room, entry, body, bearer, stated)
        add, self._late = self.store.add, getattr(self, "_late", [])

        def later(line: bytes, data: bytes, held: Held, packed: bytes | None, by: str) -> None:
            self._late.append(lambda: add(line, data, held, packed, by))

        self.store.add = later  # type: ignore[method-assign]
        try:
            return super()._take(room, entry, body, bearer, stated)
        finally:
            del self.store.add

    def _take_in(self) -> None:
        for write in getattr(self, "_late", []):
            write()
        self._late = []
        super()._take_in()


def test_writing_down_later_what_is_signed_for_now_is_caught() -> None:
    caught(WritesLate, 8, 3)


class NotDurable(Node):
    """Its record's commits return before they are on the disk: a receipt leaves before the fsync."""

    def start(self) -> None:
        self.store._db.execute("PRAGMA synchronous=NORMAL")
        super().start()


@pytest.mark.slow
def test_acknowledging_before_the_disk_has_it_is_caught() -> None:
    caught(NotDurable, 3, 8, first=5)


class KeysNotDurable(Node):
    """What it keeps of its keys, and of the counters it has reserved, is not on the disk when it goes on."""

    def start(self) -> None:
        table = self.keys.table
        table._wait_for_disk = lambda at_once: None  # type: ignore[method-assign]
        table._db.execute("PRAGMA synchronous=NORMAL")
        super().start()


@pytest.mark.slow
def test_keys_kept_before_the_disk_has_them_are_caught() -> None:
    caught(KeysNotDurable, 2, 10)


def test_counters_used_again_after_a_crash_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chain that derives its keys as it goes and keeps on disk where it began."""

    def reserve(chain: chains.SendChain) -> None:
        epoch = chain._epoch
        first, end = epoch.counter, epoch.counter + chains.BLOCK
        chain._block = epoch.tree.leaves(first, end)[::-1]
        chain._epoch, chain.next_counter = replace(epoch, counter=end), first

    monkeypatch.setattr(chains.SendChain, "_reserve", reserve)
    caught(Node, 2, told="two frames under counter")


def test_a_cut_that_waits_for_its_receipt_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = lines.severed

    def severed(line: Line, held: Held, officer: Officer | None) -> Line:
        if held.party == line.ours and line.covered <= held.sequence:
            return line
        return honest(line, held, officer)

    monkeypatch.setattr(lines, "severed", severed)
    caught(Node, 6)


class Refuses(Node):
    """Drops what comes on a line that it has cut, also what was signed before the cut was heard."""

    def _entry(
        self, room: Room, plain: frames.ActLayout | frames.NodeLayout | frames.AnyLayout, bearer: str
    ) -> bool:
        if room.line.severed_by(room.pair.ours) and isinstance(plain, frames.ActLayout):
            raise RemoteError("the line is cut")
        return super()._entry(room, plain, bearer)


@pytest.mark.slow
def test_refusing_what_was_signed_before_the_cut_was_heard_is_caught() -> None:
    caught(Refuses, 11)


class ForgetsReplay(Node):
    """Shows as open, in memory, what the record says is cut until the hour comes."""

    def _fold(self, room: Room) -> None:
        super()._fold(room)
        room.line = lines.replace(room.line, opens_at=None)


def test_a_replay_that_says_otherwise_is_caught() -> None:
    caught(ForgetsReplay, 8)


class ReplaysByTheClock(Node):
    """Its fold says when something was held by the clock of now, not by the record."""

    def _fold(self, room: Room) -> None:
        super()._fold(room)
        count, since = room.line.unheaded
        room.line = lines.replace(room.line, unheaded=(count, self.now() if count else since))


def test_a_replay_that_depends_on_the_clock_is_caught() -> None:
    caught(ReplaysByTheClock, 8)


class OriginatesWhileCut(Node):
    """Enters all that waits, whatever the state of the line."""

    def _enter_waiting(self, room: Room, now: Seconds) -> None:
        for waiting in self.store.waiting(room.id):
            self.enter(room, waiting.act, wire.decode_body(waiting.body))
            self.store.entered(waiting.id)


def test_a_message_entered_while_the_line_is_cut_is_caught() -> None:
    caught(OriginatesWhileCut, 7)


class LosesReleased(Node):
    """Begins with an empty outbox."""

    def start(self) -> None:
        for waiting in self.store.waiting():
            self.store.entered(waiting.id)
        super().start()


@pytest.mark.slow
def test_a_release_that_is_lost_is_caught() -> None:
    caught(LosesReleased, 4, first=2)


class ReleasesOnAFullDisk(Node):
    """Says that an act is done though the disk has refused it."""

    def turn(self, do: Callable[[], T]) -> T:
        results: list[T] = []

        def noted() -> T:
            results.append(do())
            return results[0]

        try:
            return super().turn(noted)
        except LocalError:
            if not results:
                raise
            return results[0]


@pytest.mark.slow
def test_a_full_disk_that_loses_a_released_act_is_caught() -> None:
    caught(ReleasesOnAFullDisk, 4, first=15)


class MixesCounterparts(Node):
    """Knows its lines by name: a message that waits for one goes into each line of that name, whoever it is with."""

    def _enter_waiting(self, room: Room, now: Seconds) -> None:
        for other in self.rooms():
            if other is not room and other.name == room.name:
                for waiting in self.store.waiting(other.id):
                    if waiting.kind != ActKind.MESSAGE:
                        continue
                    self.enter(room, waiting.act, wire.decode_body(waiting.body))
                    self.store.entered(waiting.id)
        super()._enter_waiting(room, now)


def test_an_end_that_mixes_two_counterparts_is_caught() -> None:
    caught(MixesCounterparts, 13, 4, ends=3)


class CutsForBoth(Node):
    """A cut of all lines with one counterpart cuts those with the other too."""

    def _consequences(self, room: Room, held: Held, officer: Officer | None) -> None:
        super()._consequences(room, held, officer)
        if (
            room.is_order_wire
            and isinstance(held.said, Act)
            and held.said.kind == ActKind.SEVER
            and held.body
        ):
            for other in self.rooms():
                if not other.is_order_wire and other.pair is not room.pair:
                    everywhere = replace(held, body=((other.id,), *held.body[1:]))
                    other.line = lines.severed(other.line, everywhere, officer)


@pytest.mark.slow
def test_a_cut_that_spreads_to_another_counterpart_is_caught() -> None:
    caught(CutsForBoth, 13, ends=3)


class ShowsTwice(Reading):
    """Tells a message that needs us twice."""

    def unacknowledged(self, *, theirs: bool) -> tuple[MessageView, ...]:
        found = super().unacknowledged(theirs=theirs)
        return (*found, *found[:1]) if theirs else found


def test_a_message_shown_twice_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desks, "Reading", ShowsTwice)
    caught(Node, 12)


class WakesWithoutEnd(Node):
    """Wakes at once again while the line is cut."""

    def _wake_at(self) -> float | None:
        if any(room.line.severed_by(0) for room in self.rooms()):
            return self.clock.monotonic()
        return super()._wake_at()


@pytest.mark.slow
def test_an_end_that_wakes_without_end_is_caught() -> None:
    caught(WakesWithoutEnd, 14)


class SaysNothing(Node):
    """Gives a fault for what anybody may put on a bearer."""

    def _unopened(self, bearer: str) -> None:
        raise ValueError("nobody's")


def test_a_fault_raised_for_a_strangers_bytes_is_caught() -> None:
    caught(SaysNothing, 10, told="nobody's")


@pytest.mark.slow
def test_the_course_of_a_failure_is_made_short_and_told() -> None:
    found = next(r for s in range(WORLDS) if (r := sim.run_world(s, OriginatesWhileCut)).failure)
    short = sim.shortest(found, OriginatesWhileCut, runs_max=60)
    assert found.failure is not None and short.failure is not None
    assert short.failure.number == found.failure.number and len(short.course.steps) <= 8
    only = frozenset(step.number for step in short.course.steps)
    assert sim.run_world(found.course.seed, OriginatesWhileCut, only=only).failure == short.failure
    words = sim.told(short)
    numbers = ",".join(str(number) for number in sorted(only)) or "0"
    assert f"seed {found.course.seed} fails after step" in words and "kinds on:" in words
    assert f"again: ./run sim --seed {found.course.seed} --only {numbers}" in words
