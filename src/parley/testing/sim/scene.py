"""A world as people and mishaps find it: the ends, the links, the clock, and what was asked of whom."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Final

from parley.bearers import Traits
from parley.bearers.memory import Way
from parley.core.accord import EVERY_DAY, Accord, Meaning, Slot
from parley.core.types import NONCE_BYTES
from parley.node import Node, Room
from parley.scenario.clock import VirtualClock
from parley.testing.sim.course import KEYS, Course
from parley.testing.sim.disk import Disk
from parley.testing.sim.end import RESTART_AGAIN_S, Crash, End, Stage
from parley.testing.sim.figures import Figures
from parley.testing.sim.ledger import Ledger
from parley.testing.sim.links import Link, Port, Tap

START: Final = 1_767_225_600  # 2026-01-01T00:00:00Z
OFFICERS: Final = ("first", "second", "clerk")


class Scene:
    """The ends of a world and what joins them."""

    def __init__(self, drawn: Course, build: type[Node], folder: Path, disks: dict[str, Disk]) -> None:
        self.course = drawn
        self.clock = VirtualClock(START)
        self.figures = Figures()
        self.ledger = Ledger()
        stage = Stage(drawn, build, folder, self.clock, self.ledger, self.figures, disks)
        self.ends = tuple(End(index, stage) for index in range(drawn.ends))
        self.officers: list[list[str]] = [list(OFFICERS) for _ in self.ends]
        self.released: set[tuple[int, bytes, int, int]] = set()  # (end, line, author, number)
        self.drafts: set[tuple[int, int]] = set()  # (end, number) of drafts that wait
        self.called: set[bytes] = set()  # lines on which somebody rang
        self.offered: list[int] = [0] * len(drawn.pairs)  # lines offered, by pair
        self.links: list[Link] = []
        self._join()

    @property
    def pairs(self) -> list[tuple[End, End]]:
        """The two ends of each pair."""
        return [(self.ends[one], self.ends[other]) for one, other in self.course.pairs]

    @property
    def ways(self) -> list[Way]:
        """Every way of every link; those from a pair's first end first."""
        return [way for link in self.links for way in link.ways]

    def _join(self) -> None:
        kinds = self.course.kinds
        plans = [("main", 4096, 1)]
        if "two bearers" in kinds:
            plans.append(("other", 300 if "narrow bearer" in kinds else 4096, 0))
        for name, size, cost in plans:
            traits = Traits(size, 100, True, False, cost)
            shared: Tap | None = None
            for number, (one, other) in enumerate(self.course.pairs):
                link = Link(
                    name,
                    (one, other),
                    self.clock,
                    self.figures,
                    traits,
                    self.course.latency_s,
                    random.Random(f"bearer/{self.course.seed}/{number}/{name}"),
                )
                self.links.append(link)
                for side, index in enumerate((one, other)):
                    end = self.ends[index]
                    port = Port(link.bearers[side], link.traffic[side], KEYS[(other, one)[side]])
                    if side == 0 and shared is not None and not self.course.apart:
                        shared.ports.append(port)
                        continue
                    tap = Tap(
                        name if side or not number else f"{name} {number + 1}", traits, [port], end.sending
                    )
                    end.taps.append(tap)
                    if side == 0:
                        shared = tap

    # --- time

    def advance(self, seconds: float) -> None:
        """Time passes; who is killed in it falls, and gets up some time later."""
        until = self.clock.wall() + seconds
        while True:
            try:
                self.clock.run_until(until)
                return
            except Crash as crash:
                self.fall(crash)

    def fall(self, crash: Crash) -> None:
        """An end is killed, and gets up after a while; again later, if its disk is full."""
        end = crash.end
        end.fall(crash.what)
        self._get_up(end, end.chance.choice((0.0, 0.2, 2.0, 15.0)))

    def _get_up(self, end: End, after_s: float) -> None:
        def again() -> None:
            if not end.restart():
                self._get_up(end, RESTART_AGAIN_S)

        self.clock.call_later(after_s, again)

    def start(self, end: End) -> None:
        """Up now, or as soon as its disk lets it."""
        if not end.restart():
            self._get_up(end, RESTART_AGAIN_S)

    # --- lines

    def accord(self, end: End, pair: int, quorum: int) -> Accord:
        """The first accord of one more line of a pair."""
        self.offered[pair] += 1
        number = self.offered[pair]
        slots = (Slot(3, EVERY_DAY, Meaning.CHECK, None, 120),) if number % 2 else ()
        other = "" if self.course.same_names or not pair else f" of {KEYS[self.course.pairs[pair][1]]}"
        return Accord(
            f"Line {number}{other}",
            end.chance.randbytes(NONCE_BYTES),
            languages=("en", "ko"),
            schedule=slots,
            quorum_restore=quorum,
        )

    def lines(self, end: End) -> list[Room]:
        """The lines of an end, order wires not."""
        found = [room for room in end.node.rooms() if not room.is_order_wire]
        return sorted(found, key=lambda r: (r.pair.name, r.name, r.id))

    def pair_of(self, end: End, name: str) -> int:
        """Which pair it is that an end knows by that name."""
        return self.course.pairs.index(tuple(sorted((end.index, KEYS.index(name)))))
