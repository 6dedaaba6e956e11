"""One world: set up, led through its course, judged at every step, healed."""

from __future__ import annotations

import os
import random
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from parley.core.errors import LocalError
from parley.core.types import NodeKind
from parley.keys import chains
from parley.node import Node, epochs
from parley.testing.sim.course import Course, Step, course
from parley.testing.sim.disk import Disk, simulated_disks
from parley.testing.sim.end import Crash
from parley.testing.sim.figures import Figures
from parley.testing.sim.healing import heal
from parley.testing.sim.judge import Judge
from parley.testing.sim.mishaps import ARMING, BEFALLING, arm, disagree
from parley.testing.sim.must_hold import Broken
from parley.testing.sim.one_seed import _seeded_keys
from parley.testing.sim.people import SPOKEN
from parley.testing.sim.remembered import remembered
from parley.testing.sim.scene import Scene
from parley.testing.sim.setting_up import set_up


@dataclass(frozen=True, slots=True)
class Failure:
    """What did not hold (a number of `must_hold`), after which step (0: in the set-up, one past the last:
    in the healed world), and how it was seen."""

    step: int
    number: int
    text: str


@dataclass(slots=True)
class WorldResult:
    """What a world came to."""

    course: Course
    failure: Failure | None
    figures: Figures = field(default_factory=Figures)

    @property
    def ok(self) -> bool:
        return self.failure is None


class World(Scene):
    """The ends, what joins them, and the judge."""

    def __init__(self, drawn: Course, build: type[Node], folder: Path, disks: dict[str, Disk]) -> None:
        super().__init__(drawn, build, folder, disks)
        self.judge = Judge(self)
        three = len(self.ends) > 2
        self.figures.count("worlds", "with three ends" if three else "with two ends")
        if three and not drawn.apart:
            self.figures.count("worlds", "with a bearer for both counterparts")

    def set_up(self) -> None:
        set_up(self)

    def run(self) -> Failure | None:
        """Sets up, takes the steps, heals; the first thing that does not hold, or None."""
        at = 0
        try:
            self.set_up()
            if "clocks disagree" in self.course.kinds:
                disagree(self, random.Random(f"clocks/{self.course.seed}"))
            for step in self.course.steps:
                at = step.number
                self.take(step)
                self.advance(step.then_s)
                self.judge.check()
            at += 1
            heal(self, self.judge)
        except Broken as e:
            return Failure(at, e.number, e.text)
        except Exception as e:  # 10
            where = "".join(traceback.format_tb(e.__traceback__)[-4:])
            return Failure(at, 10, f"{type(e).__name__}: {e}\n{where}")
        finally:
            self.sum_up()
        return None

    def take(self, step: Step) -> None:
        """One step. What the desk refuses is refused; nothing else may come out of it."""
        end, chance = self.ends[step.end], random.Random(step.chance)
        if step.do in ARMING:
            arm(self, end, step.do, chance)
        elif step.do in BEFALLING:
            BEFALLING[step.do](self, end, chance)
        elif end.up:
            self.figures.count("people", "acts asked")
            try:
                SPOKEN[step.do](self, end, chance)
            except LocalError:
                self.figures.count("people", "acts refused")
            except Crash as crash:
                self.figures.count("people", "lost in a crash")
                self.fall(crash)

    def sum_up(self) -> None:
        """The figures that are known only at the end."""
        for link in self.links:
            for traffic in link.traffic:
                traffic.close()
        used = self.ledger.epochs.values()
        self.figures.count("keys", "directions", len(used))
        self.figures.count("keys", "epochs begun by EPOCH or counter", sum(len(tags) - 1 for tags in used))
        self.figures.count("keys", "frames under them", self.ledger.under_later_epochs())
        for one, other in self.pairs:
            pair = one.node.pairs.get(other.key) if one.up else None
            for room in pair.rooms.values() if pair else ():
                self.figures.count("entries", "held", sum(log.size for log in room.line.logs))
                for kind, told in ((NodeKind.PREKEYS, "of them PREKEYS"), (NodeKind.EPOCH, "of them EPOCH")):
                    held = sum(len(one.store.statements(room.id, kind, party)) for party in (0, 1))
                    self.figures.count("entries", told, held)

    def close(self) -> None:
        for end in self.ends:
            end.fall()


@contextmanager
def begun(drawn: Course, build: type[Node] = Node, *, remembering: bool = True) -> Iterator[World]:
    """A world in a folder of its own, in memory where the machine has such a place; not set up yet."""
    shared = Path("/dev/shm")
    place = shared if os.access(shared, os.W_OK) else None
    with (
        tempfile.TemporaryDirectory(prefix="parley-sim-", dir=place) as folder,
        _seeded_keys(drawn.seed),
        simulated_disks() as disks,
    ):
        world = World(drawn, build, Path(folder), disks)
        with world.ledger.learn_trees(), chosen_numbers(drawn):
            try:
                if remembering:
                    with remembered():
                        yield world
                else:
                    yield world
            finally:
                world.close()


@contextmanager
def chosen_numbers(drawn: Course) -> Iterator[None]:
    """The numbers an end may choose freely, as this course has them."""
    with (
        mock.patch.object(chains, "BLOCK", drawn.block),
        mock.patch.object(chains, "COUNTER_MAX", drawn.counter_max),
        mock.patch.object(epochs, "BATCH_KEYS", drawn.batch_keys),
    ):
        yield


def run_world(
    seed: int, build: type[Node] = Node, *, steps: int | None = None, only: frozenset[int] | None = None
) -> WorldResult:
    """One world from its seed; or the first `steps` steps of it, or `only` some, healed and judged at the end.

    `build`: the node to try; tests of this test pass broken ones.
    """
    drawn = course(seed)
    numbers = frozenset(step.number for step in drawn.steps[:steps])
    return run_course(drawn.only(numbers if only is None else numbers & only), build)


def run_course(drawn: Course, build: type[Node] = Node, *, remembering: bool = True) -> WorldResult:
    """One world by its course. `remembering` False: every byte is read anew each time."""
    with begun(drawn, build, remembering=remembering) as world:
        failure = world.run()
    return WorldResult(drawn, failure, world.figures)
