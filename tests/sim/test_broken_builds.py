"""A test of the test: builds of the node with one rule broken, each of which the simulator must catch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest

from parley import keys
from parley import node as nodes
from parley.core import line as lines
from parley.core import suite
from parley.core.errors import RemoteError
from parley.core.line import Line
from parley.core.record import Held
from parley.core.types import Body, Entry, Officer, Seconds, Statement
from parley.core.wire import entry as wire
from parley.core.wire import frame as frames
from parley.node import Node, Room
from parley.testing import sim

T = TypeVar("T")
WORLDS = 12


def caught(build: type[Node], told: str, first: int = 0) -> None:
    """Some world fails, and for the reason that this build is broken."""
    for seed in range(first, first + WORLDS):
        failure = sim.run_world(seed, build).failure
        if failure is not None and told in failure.text:
            return
    pytest.fail(f"{WORLDS} worlds did not catch a build in which: {told}")


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
    caught(SendsFirst, "before its turn is committed")


@pytest.mark.slow
def test_sending_before_the_commit_is_caught_by_its_harm_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sim._Store, "in_turn", False)
    caught(SendsFirst, "has nothing at its place")


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
    monkeypatch.setattr(sim._Store, "in_turn", False)
    caught(ReceiptsFirst, "entries and holds")


class WritesLate(Node):
    """Signs for an act that it has in memory and writes it down a turn later."""

    def _take(self, room: Room, entry: Entry, body: Body | None, bearer: str) -> None:
        said = wire.decode_payload(entry.signed.payload)
        if said.party == room.pair.ours or room.is_order_wire or isinstance(said, Statement):
            super()._take(room, entry, body, bearer)
            return
        add, self._late = self.store.add, getattr(self, "_late", [])

        def later(line: bytes, data: bytes, held: Held, packed: bytes | None, by: str) -> None:
            self._late.append(lambda: add(line, data, held, packed, by))

        self.store.add = later  # type: ignore[method-assign]
        try:
            super()._take(room, entry, body, bearer)
        finally:
            del self.store.add

    def _take_in(self) -> None:
        for write in getattr(self, "_late", []):
            write()
        self._late = []
        super()._take_in()


def test_writing_down_later_what_is_signed_for_now_is_caught() -> None:
    caught(WritesLate, "replay of Line")


def test_counters_used_again_after_a_crash_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chain that derives its keys as it goes and keeps on disk where it began."""

    def reserve(chain: keys.SendChain) -> None:
        first, end = chain._reserved, chain._reserved + keys.BLOCK
        chain._block = chain._tree.leaves(first, end)[::-1]
        chain._reserved = end

    monkeypatch.setattr(keys.SendChain, "_reserve", reserve)
    caught(Node, "two frames under counter")


def test_a_cut_that_waits_for_its_receipt_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = lines.severed

    def severed(line: Line, held: Held, officer: Officer | None) -> Line:
        if held.party == line.ours and line.covered <= held.sequence:
            return line
        return honest(line, held, officer)

    monkeypatch.setattr(lines, "severed", severed)
    caught(Node, "and has cut it")


class Refuses(Node):
    """Drops what comes on a line that it has cut."""

    def _entry(
        self, room: Room, plain: frames.ActLayout | frames.NodeLayout | frames.AnyLayout, bearer: str
    ) -> None:
        if room.line.severed_by(room.pair.ours) and isinstance(plain, frames.ActLayout):
            raise RemoteError("the line is cut")
        super()._entry(room, plain, bearer)


@pytest.mark.slow
def test_refusing_what_was_signed_before_the_cut_was_heard_is_caught() -> None:
    caught(Refuses, "the other holds")


class ForgetsReplay(Node):
    """Shows as open, in memory, what the record says is cut until the hour comes."""

    def _fold(self, room: Room) -> None:
        super()._fold(room)
        room.line = lines.replace(room.line, opens_at=None)


def test_a_replay_that_says_otherwise_is_caught() -> None:
    caught(ForgetsReplay, "replay of Line")


class OriginatesWhileCut(Node):
    """Enters all that waits, whatever the state of the line."""

    def _enter_waiting(self, room: Room, now: Seconds) -> None:
        for waiting in self.store.waiting(room.id):
            self.enter(room, waiting.act, wire.decode_body(waiting.body))
            self.store.entered(waiting.id)


def test_a_message_entered_while_the_line_is_cut_is_caught() -> None:
    caught(OriginatesWhileCut, "entered a message on")


class LosesReleased(Node):
    """Begins with an empty outbox."""

    def start(self) -> None:
        for waiting in self.store.waiting():
            self.store.entered(waiting.id)
        super().start()


@pytest.mark.slow
def test_a_release_that_is_lost_is_caught() -> None:
    caught(LosesReleased, "and it is gone")


@pytest.mark.slow
def test_the_course_of_a_failure_is_cut_down_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    found = next(r for s in range(WORLDS) if not (r := sim.run_world(s, Refuses)).ok)
    short = sim.shortest(found, Refuses)
    assert short.failure is not None and short.steps < sim.STEPS
    assert sim.run_world(found.course.seed, Refuses, steps=short.steps).failure == short.failure
    words = sim.told(short)
    assert f"seed {found.course.seed} fails" in words and "kinds on:" in words and "sever" in words


assert nodes.suite is suite  # the patches above reach the modules the node looks them up in
