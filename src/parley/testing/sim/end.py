"""One party's end: a home that stays, and a node in it that is killed and started again."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from parley.core.errors import LocalError
from parley.core.line import Cadence, Line
from parley.desk import Desk
from parley.home import Home
from parley.keys import Cost
from parley.node import Node, Room, Settings
from parley.scenario.clock import VirtualClock
from parley.store import Store
from parley.testing.sim.clocks import EndClock
from parley.testing.sim.course import KEYS, Course
from parley.testing.sim.disk import Disk
from parley.testing.sim.figures import Figures
from parley.testing.sim.ledger import Ledger
from parley.testing.sim.links import Tap
from parley.testing.sim.must_hold import Broken
from parley.testing.sim.pace import Pace

COST: Final = Cost(64, 1, 1)  # the least that Argon2id takes
WORDS: Final = "simulated"
RESTART_AGAIN_S: Final = 5.0  # what starts an end tries again, as a service manager does


class Crash(BaseException):
    """An end is killed at this very point. Not an Exception: nothing in the product may catch it."""

    def __init__(self, end: End, what: str) -> None:
        super().__init__("crash")
        self.end, self.what = end, what


@dataclass(frozen=True, slots=True)
class Stage:
    """What all ends of a world share."""

    course: Course
    build: type[Node]
    folder: Path
    clock: VirtualClock
    ledger: Ledger
    figures: Figures
    disks: dict[str, Disk]


class End:
    """A home on a simulated disk, its clock, its taps; and node and desk while it is up."""

    def __init__(self, index: int, stage: Stage) -> None:
        self.index, self.stage = index, stage
        self.key = KEYS[index]
        self.path = stage.folder / self.key
        self.chance = random.Random(f"end/{stage.course.seed}/{index}")
        self.clock = EndClock(stage.clock)
        self.disk = stage.disks[str(self.path)] = Disk(self._refused)
        self.taps: list[Tap] = []
        self.armed: dict[str, int] = {}  # what kills it -> at the how manieth occasion
        self.fell_with: dict[bytes, Line] | None = None
        self.starts = 0
        self._turns = Pace(f"{self.key} takes a turn")
        self._frames: dict[bytes, Pace] = {}
        self._running: tuple[Home, Node, Desk] | None = None

    # --- what runs

    @property
    def up(self) -> bool:
        return self._running is not None

    @property
    def home(self) -> Home:
        return self._sure()[0]

    @property
    def node(self) -> Node:
        return self._sure()[1]

    @property
    def desk(self) -> Desk:
        return self._sure()[2]

    @property
    def store(self) -> Store:
        return self.home.store

    def _sure(self) -> tuple[Home, Node, Desk]:
        assert self._running is not None, "the end is down"
        return self._running

    def rooms(self) -> dict[bytes, Room]:
        return {room.id: room for room in self.node.rooms()}

    def named(self, room: Room) -> str:
        """A line's name that no other line of this end has: its id."""
        return room.id.hex()

    # --- up and down

    def create(self) -> None:
        home = Home.create(
            self.path, party=f"Party {self.key}", passphrase=WORDS, root_passphrase=WORDS, cost=COST
        )
        self._begin(home)

    def restart(self) -> bool:
        """Up again, if the disk lets it; whether it is."""
        if self.up:
            return True
        home = Home.open(self.path, WORDS)
        try:
            self._begin(home)
        except LocalError:
            self.stage.figures.count("of them", "with a restart refused")
            begun, self._running = self._running, None
            for tap in self.taps:
                tap.close()
            self._kill(begun[1].crash if begun else home.close, in_commit=False, power_cut=False)
            return False
        return True

    def _begin(self, home: Home) -> None:
        self._watch_turns(home.store)
        node = self.fresh_node(home)
        self._running = (home, node, Desk(node))
        self.starts += 1
        self.stage.ledger.kept(self.key, node)
        if self.fell_with is not None:
            self.replays(self.fell_with, node)
            self.fell_with = None
        for tap in self.taps:
            node.attach(tap, pair=self.only_for(tap))
        node.start()
        for tap in self.taps:
            tap.open()

    def only_for(self, tap: Tap) -> str | None:
        """The pair a tap is for, if this end has counterparts it does not reach; None for all."""
        return tap.ports[0].reaches if self.stage.course.apart and len(tap.ports) == 1 else None

    def fresh_node(self, home: Home) -> Node:
        """A node on these files, as a restart would make it."""
        return self.stage.build(
            home,
            clock=self.clock,
            timer=self.stage.clock,
            entropy=self.chance.randbytes,
            settings=self.settings(),
        )

    def settings(self) -> Settings:
        """With short epochs a line gets a new one after a few entries or a minute, or as soon as it is cut."""
        life_s = self.stage.course.life_s
        if "short epochs" not in self.stage.course.kinds:
            return Settings(life_s=life_s)
        return Settings(
            life_s=life_s, cadence=Cadence(after_s=60, after_entries=6, apart_s=2), erase_every_s=5
        )

    def replays(self, said: dict[bytes, Line], fresh: Node) -> None:
        """Whether a fresh node on the same files says the same of every line (8)."""
        self.stage.figures.count("checks", "replays")
        again = {room.id: room for room in fresh.rooms()}
        if again.keys() != said.keys():
            raise Broken(8, f"{self.key} has other lines after a replay")
        for line, now in said.items():
            replayed = again[line].line
            if replayed != now:
                names = [n for n in now.__slots__ if getattr(now, n) != getattr(replayed, n)]
                was, became = (repr(getattr(one, names[0]))[:1000] for one in (now, replayed))
                raise Broken(
                    8,
                    f"{self.key}: replay of {again[line].name} differs in {', '.join(names)}:"
                    f" {was} became {became}",
                )

    def fall(self, what: str = "") -> None:
        """Killed here and now: nothing more is written. Where it is killed between two commits, a replay
        must give what is in memory now."""
        if self._running is None:
            return
        whole = what not in ("before the commit", "in the commit", "after the commit")
        self.fell_with = {room.id: room.line for room in self.node.rooms()} if whole else None
        power_cut = bool(what) and "power cuts" in self.stage.course.kinds and self.chance.random() < 0.5
        if what:
            self.stage.figures.count("crashes", what)
        if power_cut:
            self.stage.figures.count("of them", "with the power cut")
        for tap in self.taps:
            tap.close()
        node, self._running = self.node, None
        self.armed.clear()
        self._kill(node.crash, in_commit=what == "in the commit", power_cut=power_cut)

    def _kill(self, close: Callable[[], None], *, in_commit: bool, power_cut: bool) -> None:
        if self.disk.kill(close, self.chance, in_commit=in_commit, power_cut=power_cut):
            self.stage.figures.count("of them", "with writes lost")

    # --- where it can be killed

    def pauses(self, what: str) -> bool:
        """Whether this occasion is the one at which the end is to be killed."""
        left = self.armed.get(what)
        if left is None:
            return False
        if left > 0:
            self.armed[what] = left - 1
            return False
        return True

    def _watch_turns(self, store: Store) -> None:
        """Puts the moments about a commit within reach of a kill."""
        turn, db = store.turn, store._db

        @contextmanager
        def watched() -> Iterator[None]:
            self._turns.once_more(self.clock.monotonic())
            before = db.total_changes()
            self.disk.begin_turn()
            with turn():
                yield
                changed = db.total_changes() != before
                if changed and self.pauses("before the commit"):
                    raise Crash(self, "before the commit")
            for what in ("in the commit", "after the commit"):
                if changed and self.pauses(what):
                    raise Crash(self, what)

        store.turn = watched  # type: ignore[method-assign]

    def sending(self, tap: Tap, frame: bytes) -> str:
        """A frame is about to leave by a tap: written down, and a moment at which the end can be killed."""
        room = self.stage.ledger.left(self.key, self.node, frame, tap.reaches)
        if room.id not in self._frames:
            self._frames[room.id] = Pace(f"{self.key} sends a frame of {room.name}")
        self._frames[room.id].once_more(self.clock.monotonic())
        if self.pauses("while sending"):
            raise Crash(self, "while sending")
        return room.pair.name

    def _refused(self, how: str) -> None:
        self.stage.figures.count("disks", f"writes refused {how}")
