"""The simulator: two real ends on one virtual clock, joined by bad bearers, crashed at will, all from one seed.

Nothing of the product is faked. Homes lie on a disk, everything is asked through a Desk, frames go by memory
bearers whose faults are drawn. What a world adds stands around the parts: a store that can be made to stop at
a commit, and a tap on each bearer that opens every frame that leaves and writes down what it says.

Each world switches some kinds of fault off (swarm testing): a fault that is always on hides what shows only
without it. A world is a *course* of steps drawn beforehand from its seed; a prefix of a course runs as the
whole course does up to there, so that a failure is cut down to the shortest prefix that still fails. That
needs the same keys each time: while a world runs, the chance of `parley.keys` comes from the seed as well.

What must hold, at every step unless it says so, numbered as in the code:

1. Nothing leaves within a turn; what leaves is in the author's record, byte for byte, also after any crash.
2. No end signs two different entries at one place. No frame counter serves two different frames.
3. What a node has acknowledged it holds, up to the size and with the root it signed for, also after any crash.
4. What the desk said was released is waiting, in the record, or withdrawn; never two of these, never twice;
   what it refused is not released.
5. The logs of both ends, and of one end over time, agree on their common prefix.
6. No end shows as open a line that its own side has severed, unless a settled restore names that cut.
7. An end that holds a line for not open enters no message on it.
8. A fresh node on the same files says the same of every line as the one in memory.
9. Once both ends hold the same entries, they say the same: severs, what ended them, the hour of opening, terms
   and who stands behind them, accords, rosters.
10. No end finds a fault or a record difference in the other, and nothing but a LocalError leaves a desk.
11. After the bearers have been well for long enough, both ends hold the same, everything released where it
    may leave has left, and everything that wants a receipt has one.
"""

from __future__ import annotations

import os
import random
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from unittest import mock

import apsw
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from parley import keys
from parley.bearers import Traits
from parley.bearers.memory import Faults, MemoryBearer, Way, memory_pair
from parley.core import line as lines
from parley.core import suite
from parley.core.accord import EVERY_DAY, Accord, Meaning, Slot
from parley.core.errors import LocalError
from parley.core.line import Declared, Line
from parley.core.types import (
    NONCE_BYTES,
    POWERS_ALL,
    ActKind,
    NodeKind,
    Power,
    Precedence,
    Statement,
    Subject,
)
from parley.core.wire import frame as frames
from parley.desk import Desk
from parley.home import Home
from parley.keys import Cost, KeyRoom, check_card, decode_chain
from parley.node import Node, Room, Settings
from parley.scenario.clock import VirtualClock
from parley.store import Store

COST: Final = Cost(64, 1, 1)  # the least that Argon2id takes
WORDS: Final = "simulated"
START: Final = 1_767_225_600  # 2026-01-01T00:00:00Z
STEPS: Final = 60
HEALED_WITHIN_S: Final = 900.0
OFFICERS: Final = ("first", "second", "clerk")

LINK_FAULTS: Final = ("loss", "repeat", "reorder", "garble", "alien")
CRASHES: Final = (
    "crash before the commit",
    "crash in the commit",
    "crash after the commit",
    "crash while sending",
    "crash between turns",
)
KINDS: Final = (
    *LINK_FAULTS,
    *CRASHES,
    "one-way spells",
    "long absences",
    "bearers down",
    "two bearers",
    "narrow bearer",
    "disk refuses",
    "clocks apart",
    "all lines cut",
    "new lines",
    "new officers",
)


class Broken(Exception):
    """Something that must hold does not."""


class Crash(BaseException):
    """An end is killed at this very point. Not an Exception: nothing in the product may catch it."""

    def __init__(self, end: _End, *, whole: bool) -> None:
        super().__init__("crash")
        self.end = end
        self.whole = whole  # memory is as the last commit left it


# --- the course -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens, at which end, from what chance; and how long is waited afterwards."""

    number: int
    do: str
    end: int
    chance: str
    then_s: float

    def __str__(self) -> str:
        return f"{self.number}: {self.do} at {'ab'[self.end]}, then {self.then_s:.3g} s"


@dataclass(frozen=True, slots=True)
class Course:
    """All of a world that is drawn before it runs."""

    seed: int
    kinds: frozenset[str]
    life_s: int
    latency_s: float
    quorums: tuple[int, ...]  # one line for each
    steps: tuple[Step, ...]


_SAID: Final = {
    "message": 22,
    "draft": 2,
    "release": 3,
    "release again": 5,
    "acknowledge": 14,
    "sever": 4,
    "offer": 4,
    "reopen": 5,
    "agree": 8,
    "agree to all": 9,
    "withdraw terms": 3,
    "cancel": 3,
    "withdraw": 3,
    "call": 3,
    "answer": 3,
    "watch": 1,
    "amend": 2,
    "wait": 6,
}


def course(seed: int, steps: int = STEPS) -> Course:
    """The course of a world, from its seed alone."""
    chance = random.Random(f"course/{seed}")
    kinds = frozenset(kind for kind in KINDS if chance.random() < 0.5)
    weights = dict(_SAID)
    for kind, what, weight in (
        ("all lines cut", "sever all", 3),
        ("new lines", "new line", 3),
        ("new officers", "new officer", 2),
        ("long absences", "absence", 3),
        ("bearers down", "bearer", 8),
        ("one-way spells", "one way", 5),
        ("disk refuses", "disk", 3),
        ("clocks apart", "clock", 2),
    ):
        if kind in kinds:
            weights[what] = weight
    if kinds.intersection(LINK_FAULTS):
        weights["weather"] = 12
    for kind in kinds.intersection(CRASHES):
        weights[kind] = 4
    whats = sorted(weights)
    drawn = tuple(
        Step(
            number,
            chance.choices(whats, [weights[w] for w in whats])[0],
            chance.randrange(2),
            f"{seed}/{number}",
            _pause(chance),
        )
        for number in range(1, steps + 1)
    )
    quorums = tuple(chance.choice((1, 2)) for _ in range(chance.randint(1, 3)))
    return Course(seed, kinds, chance.choice((15, 40)), chance.choice((0.0, 0.05, 0.4, 2.0)), quorums, drawn)


def _pause(chance: random.Random) -> float:
    """Mostly so short that what follows crosses what is under way."""
    return chance.choice((0.0, 0.0, 0.02, 0.1, 0.5, 1.0, 3.0, 3.0, 8.0, 20.0)) * (0.5 + chance.random())


# --- an end that can be killed ----------------------------------------------------------------


class _Store(Store):
    """The real store, which a world can stop at a commit: a kill leaves the write-ahead log as it lies, and
    a kill in the commit leaves a torn one."""

    def __init__(self, path: Path, end: _End) -> None:
        super().__init__(path, sync=False)
        self._end = end
        self._log = path.with_name(path.name + "-wal")
        self._index = path.with_name(path.name + "-shm")
        self._torn_at: int | None = None
        self._db.execute("PRAGMA wal_autocheckpoint=0")
        self._db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)

    @property
    def in_turn(self) -> bool:
        return self._db.in_transaction

    @contextmanager
    def turn(self) -> Iterator[None]:
        end, before, changes = self._end, self._log_bytes(), self._db.total_changes()
        with super().turn():
            yield
            changed = self._db.total_changes() != changes
            if end.disk_refuses:
                raise LocalError("the disk refused: simulated", "wait")
            if changed and end.pauses("crash before the commit"):
                raise Crash(end, whole=False)
        if changed and end.pauses("crash in the commit"):
            self._torn_at = end.chance.randrange(before, max(self._log_bytes(), before + 1))
            raise Crash(end, whole=False)
        if changed and end.pauses("crash after the commit"):
            raise Crash(end, whole=False)  # the node has not seen that it is committed

    def close(self) -> None:
        super().close()
        if self._torn_at is not None:
            os.truncate(self._log, self._torn_at)
            self._index.unlink(missing_ok=True)

    def _log_bytes(self) -> int:
        return self._log.stat().st_size if self._log.exists() else 0


class _Clock:
    """The clock of one end: the world's, with a wall reading of its own."""

    def __init__(self, world: VirtualClock) -> None:
        self._world = world
        self.apart_s = 0.0

    def wall(self) -> float:
        return self._world.wall() + self.apart_s

    def monotonic(self) -> float:
        return self._world.monotonic()


class _Tap:
    """A bearer as the node sees it: the memory bearer, with the ledger reading along."""

    def __init__(self, end: _End, inner: MemoryBearer, ledger: Ledger) -> None:
        self.name, self.traits = inner.name, inner.traits
        self.inner = inner
        self._end, self._ledger = end, ledger

    @property
    def up(self) -> bool:
        return self.inner.up

    def attach(self, receive: Callable[[bytes], None], changed: Callable[[bool], None]) -> None:
        way = (self.name, self._end.index)

        def arrived(frame: bytes) -> None:
            self._ledger.arrived(way, frame)
            receive(frame)

        self.inner.attach(arrived, changed)

    async def start(self) -> None:
        self.inner.open()

    def send(self, frame: bytes) -> bool:
        end = self._end
        self._ledger.left(end, frame)
        if end.pauses("crash while sending"):
            raise Crash(end, whole=True)
        taken = self.inner.send(frame)
        if taken:
            self._ledger.taken((self.name, 1 - end.index), frame)
        return taken

    async def aclose(self) -> None:
        self.inner.close()


def note_whole_trees(room: KeyRoom, whole: dict[bytes, suite.KeyTree]) -> None:
    """Notes each direction's key tree when it is made: an end keeps no way back to it, a judge needs it."""
    put = room.put

    def noting(name: str, secret: bytes, *, at_once: bool = True) -> None:
        if name.startswith(("send/", "receive/")):
            tag, _, tree = decode_chain(secret)
            if len(tree.nodes) == 1:
                whole.setdefault(tag, tree)
        put(name, secret, at_once=at_once)

    room.put = noting  # type: ignore[method-assign]


class _End:
    """One party's end: a home that stays, a node that is killed and started again."""

    def __init__(self, index: int, folder: Path, world: _World) -> None:
        self.index, self.world = index, world
        self.key = "ab"[index]
        self.path = folder / self.key
        self.chance = random.Random(f"end/{world.course.seed}/{index}")
        self.clock = _Clock(world.clock)
        self.taps: list[_Tap] = []
        self.armed: dict[str, int] = {}  # what kills it -> at the how manieth occasion
        self.disk_refuses = False
        self.keys_refuse = False
        self.was_open: dict[bytes, tuple[object, int]] = {}
        self.fell_with: dict[bytes, Line] | None = None
        self._running: tuple[Home, Node, Desk, _Store] | None = None

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
    def store(self) -> _Store:
        return self._sure()[3]

    def _sure(self) -> tuple[Home, Node, Desk, _Store]:
        assert self._running is not None, "the end is down"
        return self._running

    def create(self) -> None:
        self._begin(
            Home.create(
                self.path,
                party=f"Party {self.key}",
                passphrase=WORDS,
                root_passphrase=WORDS,
                cost=COST,
                sync=False,
            )
        )

    def restart(self) -> None:
        if not self.up:
            self._begin(Home.open(self.path, WORDS, sync=False))

    def _begin(self, home: Home) -> None:
        note_whole_trees(home.keys, self.world.ledger.whole_trees)
        home.store.close()
        home.store = store = _Store(self.path / "record.db", self)
        put = home.keys.put

        def put_or_refuse(*secret: Any, **how: Any) -> None:
            if self.keys_refuse:
                raise LocalError("the disk refused a key: simulated", "wait")
            put(*secret, **how)

        mock.patch.object(home.keys, "put", put_or_refuse).start()  # as long as these keys are open
        node = self.fresh_node(home)
        self._running = (home, node, Desk(node), store)
        self.world.ledger.kept(self)
        if self.fell_with is not None:
            self.replays(self.fell_with, node)
            self.fell_with = None
        for tap in self.taps:
            node.attach(tap)
        node.start()
        for tap in self.taps:
            tap.inner.open()

    def fresh_node(self, home: Home) -> Node:
        """A node on these files, as a restart would make it."""
        world = self.world
        return world.build(
            home,
            clock=self.clock,
            timer=world.clock,
            entropy=self.chance.randbytes,
            settings=Settings(life_s=world.course.life_s),
        )

    def replays(self, said: dict[bytes, Line], fresh: Node) -> None:
        """Whether a fresh node on the same files says the same of every line (8)."""
        again = {room.id: room for room in fresh.rooms()}
        if again.keys() != said.keys():
            raise Broken(f"{self.key} has other lines after a replay")
        for line, now in said.items():
            replayed = again[line].line
            if replayed != now:
                names = [n for n in now.__slots__ if getattr(now, n) != getattr(replayed, n)]
                was, became = (repr(getattr(one, names[0]))[:1000] for one in (now, replayed))
                raise Broken(
                    f"{self.key}: replay of {again[line].name} differs in {', '.join(names)}:"
                    f" {was} became {became}"
                )

    def fall(self, *, whole: bool = True) -> None:
        """Killed: nothing more is written. `whole`: between two commits, so that a replay must give
        what is in memory now."""
        if self._running is not None:
            self.fell_with = {room.id: room.line for room in self.node.rooms()} if whole else None
            for tap in self.taps:
                tap.inner.close()
            self.node.crash()
            self._running = None
            self.armed.clear()

    def pauses(self, what: str) -> bool:
        """Whether this occasion is the one at which the end is to be killed."""
        left = self.armed.get(what)
        if left is None:
            return False
        if left > 0:
            self.armed[what] = left - 1
            return False
        return True

    def rooms(self) -> dict[bytes, Room]:
        return {room.id: room for room in self.node.rooms()}


# --- what is written down of what left ---------------------------------------------------------


@dataclass(slots=True)
class Figures:
    """What happened, in numbers; of one world or of many."""

    worlds: int = 0
    crashes: int = 0
    sent: int = 0
    lost: int = 0
    garbled: int = 0  # changed on the way, or of nobody
    repeated: int = 0
    entries: int = 0

    def add(self, other: Figures) -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Ledger:
    """Every frame that ever left an end, opened, over all crashes. Checks 1, 2, 3 as frames leave."""

    def __init__(self, figures: Figures) -> None:
        self.placed: dict[tuple[bytes, int, int, int], bytes] = {}
        self.promised: dict[tuple[bytes, int], int] = {}  # (line, who acknowledges) -> size
        self.roots: dict[tuple[bytes, int, int], bytes] = {}
        self._frames: dict[tuple[bytes, int], bytes] = {}
        self._epochs: dict[bytes, tuple[bytes, suite.KeyTree]] = {}
        self.whole_trees: dict[
            bytes, suite.KeyTree
        ] = {}  # by epoch tag: as it was before anything was erased
        self._under_way: dict[tuple[str, int], Counter[bytes]] = {}
        self._arrived: dict[tuple[str, int], set[bytes]] = {}
        self._figures = figures

    def left(self, end: _End, frame: bytes) -> None:
        """A frame is handed to a bearer."""
        if end.store.in_turn:  # 1
            raise Broken(f"{end.key} hands out a frame before its turn is committed")
        clear = frames.decode_clear(frame)
        known = self._frames.setdefault((clear.tag, clear.counter), frame)
        if known != frame:  # 2
            raise Broken(f"{end.key} seals two frames under counter {clear.counter} of one epoch")
        line, tree = self._epoch(end, clear.tag)
        key = suite.frame_key(tree.leaf(clear.counter))
        size = frames.CLEAR_BYTES
        plain = frames.decode_plain(suite.unseal(key, frame[:size], frame[size:]))
        if isinstance(plain, frames.ActLayout | frames.NodeLayout | frames.AnyLayout):
            inner = plain.inner if isinstance(plain, frames.AnyLayout) else plain
            self._entry(end, line, inner.sequence, inner.signature)

    def _entry(self, end: _End, line: bytes, sequence: int, signature: bytes) -> None:
        party = end.rooms()[line].pair.ours
        row = end.store.at(line, party, sequence)
        if row is None:  # 1
            raise Broken(f"{end.key} sent entry {sequence} of its log, which is not in its record")
        held = row.held
        known = self.placed.setdefault((line, party, held.incarnation, sequence), row.entry)
        if known != row.entry or not row.entry.endswith(signature):  # 2
            raise Broken(f"{end.key} signed two different entries at place {sequence}")
        if isinstance(held.said, Statement):  # 3
            self._holds(end, line, 1 - party, held.said.their_size, held.said.their_root)
            before = self.promised.get((line, party), 0)
            self.promised[line, party] = max(before, held.said.their_size)

    def _holds(self, end: _End, line: bytes, party: int, size: int, root: bytes) -> None:
        if size and end.store.root_at(line, party, size) != root:
            raise Broken(f"{end.key} acknowledged {size} entries with a root that is not that of its record")

    def kept(self, end: _End) -> None:
        """Whether all that ever left is still there (1, 2) and all that was acknowledged is held (3)."""
        for line, room in end.rooms().items():
            promised = self.promised.get((line, room.pair.ours), 0)
            held = len(end.store.of_log(line, 1 - room.pair.ours, 0, promised))
            if held < promised:
                raise Broken(f"{end.key} acknowledged {promised} entries and holds {held}")
            rows = {row.held.sequence: row.entry for row in end.store.of_log(line, room.pair.ours)}
            for (of_line, party, _, sequence), entry in self.placed.items():
                if of_line == line and party == room.pair.ours and rows.get(sequence) != entry:
                    what = "another entry" if sequence in rows else "nothing"
                    raise Broken(f"{end.key} sent entry {sequence} and has {what} at its place")
            for party, log in enumerate(room.line.logs):
                if log.size:
                    self.root(end, line, party, log.size, end.store.root_at(line, party, log.size))

    def root(self, end: _End, line: bytes, party: int, size: int, root: bytes | None) -> None:
        """The root of a log at a size, as an end says it: one for all, for ever (5)."""
        if root is None or self.roots.setdefault((line, party, size), root) != root:
            raise Broken(f"log {party} of a line has two roots at size {size}, or none at {end.key}")

    def _epoch(self, end: _End, tag: bytes) -> tuple[bytes, suite.KeyTree]:
        found = self._epochs.get(tag)
        if found is None:
            room = next(r for r in end.node.rooms() if r.send.tag == tag)
            found = self._epochs[tag] = (room.id, self.whole_trees[tag])
        return found

    # --- counting

    def taken(self, way: tuple[str, int], frame: bytes) -> None:
        self._figures.sent += 1
        self._under_way.setdefault(way, Counter())[frame] += 1

    def arrived(self, way: tuple[str, int], frame: bytes) -> None:
        under_way = self._under_way.setdefault(way, Counter())
        had = self._arrived.setdefault(way, set())
        if under_way[frame] > 0:
            under_way[frame] -= 1
        elif frame in had:
            self._figures.repeated += 1
        else:
            self._figures.garbled += 1
        had.add(frame)

    def count_lost(self) -> None:
        self._figures.lost += sum(left.total() for left in self._under_way.values())


# --- the world --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Failure:
    """What did not hold, and after which step (STEPS + 1: in the healed world)."""

    step: int
    text: str


@dataclass(slots=True)
class WorldResult:
    """What a world came to."""

    course: Course
    steps: int
    failure: Failure | None
    figures: Figures = field(default_factory=Figures)

    @property
    def ok(self) -> bool:
        return self.failure is None


def run_world(seed: int, build: type[Node] = Node, *, steps: int | None = None) -> WorldResult:
    """One world from its seed, or the first `steps` steps of it, healed and judged at the end.

    `build`: the node to try; tests of this test pass broken ones.
    """
    drawn = course(seed)
    count = len(drawn.steps) if steps is None else steps
    shared = Path("/dev/shm")
    place = shared if os.access(shared, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="parley-sim-", dir=place) as folder, _seeded_keys(seed):
        world = _World(drawn, build, Path(folder))
        try:
            failure = world.run(drawn.steps[:count])
        finally:
            world.close()
    return WorldResult(drawn, count, failure, world.figures)


def shortest(result: WorldResult, build: type[Node] = Node) -> WorldResult:
    """The failed world again, cut by bisection to the shortest prefix of its course that still fails."""
    assert result.failure is not None, "only a failure is cut down"
    best, works, fails = result, -1, min(result.steps, result.failure.step)
    if fails < result.steps:
        again = run_world(result.course.seed, build, steps=fails)
        if again.failure is None:
            return result  # what failed is seen only with what came after
        best = again
    while fails - works > 1:
        middle = (works + fails) // 2
        tried = run_world(result.course.seed, build, steps=middle)
        if tried.failure is None:
            works = middle
        else:
            best, fails = tried, middle
    return best


def told(result: WorldResult) -> str:
    """A failure in words: how to see it again, and what led to it."""
    failure = result.failure
    assert failure is not None, "only a failure is told"
    last = result.course.steps[max(0, result.steps - 12) : result.steps]
    return "\n".join(
        (
            f"seed {result.course.seed} fails within {result.steps} of its steps: {failure.text}",
            f"kinds on: {', '.join(k for k in KINDS if k in result.course.kinds) or 'none'}",
            "the last steps:",
            *(f"  {step}" for step in last),
            f"again: python -m parley.testing --worlds 1 --seed {result.course.seed}",
        )
    )


class _World:
    """Both ends, the bearers between them, the clock, and the judge."""

    def __init__(self, drawn: Course, build: type[Node], folder: Path) -> None:
        self.course, self.build = drawn, build
        self.clock = VirtualClock(START)
        self.figures = Figures(worlds=1)
        self.ledger = Ledger(self.figures)
        self.ends = (_End(0, folder, self), _End(1, folder, self))
        self.released: set[tuple[int, bytes, int, int]] = set()  # (end, line, author, number)
        self.lines_offered = 0
        self.officers: tuple[list[str], list[str]] = (list(OFFICERS), list(OFFICERS))
        self.ways: list[Way] = []
        self._join()

    def _join(self) -> None:
        plans = [("main", 4096, 0)]
        if "two bearers" in self.course.kinds:
            plans.append(("other", 300 if "narrow bearer" in self.course.kinds else 4096, -1))
        for name, size, cost in plans:
            bearers = memory_pair(
                self.clock,
                name=name,
                traits=Traits(size, 100, True, False, cost + 1),
                latency_s=self.course.latency_s,
                chance=random.Random(f"bearer/{self.course.seed}/{name}"),
            )
            for end, bearer in zip(self.ends, bearers, strict=True):
                end.taps.append(_Tap(end, bearer, self.ledger))
            self.ways += [bearers[0].link.a_to_b, bearers[0].link.b_to_a]

    def run(self, steps: tuple[Step, ...]) -> Failure | None:
        """Sets up, takes the steps, heals; the first thing that does not hold, or None."""
        at = 0
        try:
            self.set_up()
            for step in steps:
                at = step.number
                self.take(step)
                self.advance(step.then_s)
                self.check(thorough=at % 20 == 0)
            at = len(self.course.steps) + 1
            self.heal()
        except Broken as e:
            return Failure(at, str(e))
        except Exception as e:
            where = "".join(traceback.format_tb(e.__traceback__)[-4:])
            return Failure(at, f"{type(e).__name__}: {e}\n{where}")
        finally:
            self.ledger.count_lost()
        return None

    def close(self) -> None:
        for end in self.ends:
            end.fall()

    def advance(self, seconds: float) -> None:
        """Time passes; who is killed in it falls, and gets up some time later."""
        until = self.clock.wall() + seconds
        while True:
            try:
                self.clock.run_until(until)
                return
            except Crash as crash:
                self.fall(crash.end, whole=crash.whole)

    def fall(self, end: _End, *, whole: bool) -> None:
        self.figures.crashes += 1
        end.fall(whole=whole)
        again_s = end.chance.choice((0.0, 0.2, 2.0, 15.0))

        def again() -> None:
            end.restart()
            self.check_released(end)

        self.clock.call_later(again_s, again)

    # --- before the course

    def set_up(self) -> None:
        """Two homes, three officers each, a pairing, the lines agreed and open."""
        for end in self.ends:
            end.create()
            for name in OFFICERS:
                powers = Power.RELEASE | Power.ACKNOWLEDGE if name == "clerk" else POWERS_ALL
                end.desk.add_officer(name, f"office {name}", powers, Precedence.FLASH, WORDS, WORDS, COST)
        cards = [end.desk.pair_card(WORDS) for end in self.ends]
        shares = []
        for end, theirs in zip(self.ends, reversed(cards), strict=True):
            fingerprint = suite.key_id(check_card(theirs).root_key).hex()
            shares.append(end.desk.pair_share(theirs, fingerprint, WORDS))
        for end in self.ends:
            other = 1 - end.index
            end.desk.pair_finish("them", cards[other], shares[other], WORDS)
        one, two = self.ends
        settle_s = 4 * self.course.latency_s + 0.5
        self.advance(settle_s)
        for quorum in self.course.quorums:
            offered = one.desk.offer_line("them", self.accord(one, quorum), "first", WORDS)
            self.advance(settle_s)
            two.desk.agree(offered.ref, "first", WORDS)
        self.advance(settle_s)
        for room in one.node.rooms():
            if not room.is_order_wire:
                terms = one.desk.offer_restore(room.name, one.node.now(), "first", WORDS)
                self.advance(settle_s)
                for end in self.ends:
                    for name in OFFICERS[: room.line.accord.quorum_restore]:
                        if (end, name) != (one, "first"):
                            end.desk.agree(terms.ref, name, WORDS)
                self.advance(settle_s)
        self.advance(settle_s)
        for end in self.ends:
            if [v.declared for v in end.desk.lines()] != ["OPEN"] * (len(self.course.quorums) + 1):
                raise Broken(f"the lines are not open at {end.key} after the set-up")

    def accord(self, end: _End, quorum: int) -> Accord:
        self.lines_offered += 1
        slots = (Slot(3, EVERY_DAY, Meaning.CHECK, None, 120),) if self.lines_offered % 2 else ()
        return Accord(
            f"Line {self.lines_offered}",
            end.chance.randbytes(NONCE_BYTES),
            languages=("en", "ko"),
            schedule=slots,
            quorum_restore=quorum,
        )

    # --- a step

    def take(self, step: Step) -> None:
        """One step. What the desk refuses is refused; nothing else may come out of it."""
        end, chance = self.ends[step.end], random.Random(step.chance)
        if step.do in CRASHES:
            self.arm(end, step.do, chance)
        elif step.do in _WORLDLY:
            _WORLDLY[step.do](self, end, chance)
        elif end.up:
            try:
                _SPOKEN[step.do](self, end, chance)
            except LocalError:
                pass
            except Crash as crash:
                self.fall(crash.end, whole=crash.whole)

    def arm(self, end: _End, what: str, chance: random.Random) -> None:
        if not end.up:
            return
        if what == "crash between turns":
            self.fall(end, whole=True)
        else:
            end.armed[what] = chance.choice((0, 0, 0, 1, 2, 5))

    # --- what must hold

    def check(self, *, thorough: bool) -> None:
        """All that must hold at any moment, of the ends that are up."""
        running = [end for end in self.ends if end.up]
        for end in running:
            self.check_end(end)
            if thorough:
                self.ledger.kept(end)
                self.check_released(end)
                self.check_replay(end)
        if len(running) == 2:
            self.check_both()

    def check_end(self, end: _End) -> None:
        for line, room in end.rooms().items():
            if room.difference or end.store.faults(line):  # 10
                reasons = ", ".join(f.reason for f in end.store.faults(line)) or "by frontier"
                raise Broken(f"{end.key} finds a difference or a fault of the other: {reasons}")
            for party, log in enumerate(room.line.logs):
                if log.size:
                    self.ledger.root(end, line, party, log.size, log.tree.root)  # 5
            if not room.is_order_wire:
                self.check_stance(end, room)
        end.desk.status()

    def check_stance(self, end: _End, room: Room) -> None:
        declared = lines.declared(room.line, end.node.now())
        ours = room.pair.ours
        cuts = {row.held.id for row in end.store.acts(room.id, ActKind.SEVER, ours)}
        for row in end.store.acts(room.pair.order_wire.id, ActKind.SEVER, ours):
            body = row.held.body or (None,)
            if isinstance(body[0], tuple) and room.id in body[0]:
                cuts.add(row.held.id)
        for standing in room.line.standings:
            if standing.settled and standing.subject == Subject.RESTORE:
                cuts -= set(lines.decode_restore(standing.terms).severs[ours])
        if cuts and declared not in (Declared.SEVERED_BY_US, Declared.SEVERED_BY_BOTH):  # 6
            raise Broken(f"{end.key} shows {room.name} as {declared.value} and has cut it")
        messages = len(end.store.acts(room.id, ActKind.MESSAGE, ours))
        state = (declared, len(room.line.severs), len(room.line.ended), room.line.opens_at)
        before, count = end.was_open.get(room.id, (None, 0))
        if before == state and declared != Declared.OPEN and messages > count:  # 7
            raise Broken(f"{end.key} entered a message on {room.name}, which it holds for {declared.value}")
        end.was_open[room.id] = (state, messages)

    def check_released(self, end: _End) -> None:  # 4
        waiting = {(w.line, w.author, w.number) for w in end.store.waiting()}
        for index, line, author, number in self.released:
            if index != end.index:
                continue
            room = end.rooms()[line]
            entered = end.store.named(line, room.pair.ours, author, number) is not None
            if entered == ((line, author, number) in waiting):
                how = "waits and is in the record" if entered else "is gone"
                raise Broken(f"{end.key} released {author}/{number} on {room.name}, and it {how}")
        for line, room in end.rooms().items():
            for party in (0, 1):
                names = [row.held.id for kind in ActKind for row in end.store.acts(line, kind, party)]
                if len(names) != len(set(names)):
                    raise Broken(f"{end.key} has an act twice in one log of {room.name}")
        refs = [m.ref for m in end.desk.messages(most=10_000)]
        if len(refs) != len(set(refs)):
            raise Broken(f"{end.key} shows a message twice")

    def check_replay(self, end: _End) -> None:  # 8
        fresh = end.fresh_node(end.home)
        end.replays({line: room.line for line, room in end.rooms().items()}, fresh)
        for name, pair in end.node.pairs.items():
            if fresh.pairs[name].rosters != pair.rosters:
                raise Broken(f"{end.key}: replay gives other rosters")

    def check_both(self) -> None:
        one, two = (end.rooms() for end in self.ends)
        whole = True
        for line in one.keys() | two.keys():
            if line not in one or line not in two:
                whole = False
                continue
            for party in (0, 1):
                sizes = [rooms[line].line.logs[party].size for rooms in (one, two)]
                if min(sizes):  # 5
                    for end in self.ends:
                        root = end.store.root_at(line, party, min(sizes))
                        self.ledger.root(end, line, party, min(sizes), root)
                if sizes[0] != sizes[1] or any(r[line].line.logs[party].beyond for r in (one, two)):
                    whole = False
        if whole:
            self.check_facts(one, two)

    def check_facts(self, one: dict[bytes, Room], two: dict[bytes, Room]) -> None:  # 9
        for line, room in one.items():
            facts, others = _facts(room), _facts(two[line])
            for name, fact in facts.items():
                if fact != others[name]:
                    raise Broken(f"both hold the same entries of {room.name}, but differ in {name}")
        for pairs in zip(self.ends[0].node.pairs.values(), self.ends[1].node.pairs.values(), strict=True):
            if pairs[0].rosters != pairs[1].rosters:
                raise Broken("both hold the same entries, but differ in the rosters")

    # --- the end

    def heal(self) -> None:
        """All faults end, both ends run; then everything must come right by itself."""
        for end in self.ends:
            end.armed.clear()
            end.disk_refuses = end.keys_refuse = False
        for way in self.ways:
            way.faults = Faults()
            way.go_up()
        self.advance(0.1)
        self.advance(20.0)  # who was to get up later is up by now
        healed_s, why = 0.0, ""
        while (why := self.unsettled()) and healed_s < HEALED_WITHIN_S:
            self.advance(20.0)
            self.check(thorough=False)
            healed_s += 20.0
        if why:  # 11
            raise Broken(f"after {HEALED_WITHIN_S:.0f} s of good bearers {why}")
        self.check(thorough=True)
        self.figures.entries = sum(
            log.size for room in self.ends[0].rooms().values() for log in room.line.logs
        )

    def unsettled(self) -> str:
        """Why the world is not yet as it must be once all is well; empty when it is."""
        one, two = (end.rooms() for end in self.ends)
        if one.keys() != two.keys():
            return "the ends have different lines"
        for line, room in one.items():
            for mine, other in ((room, two[line]), (two[line], room)):
                end = self.ends[0] if mine is room else self.ends[1]
                log, held_log = mine.line.our_log, other.line.their_log
                if (log.size, log.tree.root) != (held_log.size, held_log.tree.root):
                    return f"{room.name}: of {log.size} entries of {end.key} the other holds {held_log.size}"
                for row in end.store.of_log(line, mine.pair.ours, mine.line.covered):
                    held = row.held
                    if not (held.is_statement and held.kind in (NodeKind.RECEIPT, NodeKind.HEAD)):
                        return f"{room.name}: entry {held.sequence} of {end.key} has no receipt"
                for waiting in end.store.waiting(line):
                    now = end.node.now()
                    if waiting.kept_back:
                        continue  # until it is released again
                    if lines.refuse(mine.line, waiting.kind, waiting.subject, now) is None:
                        return (
                            f"{room.name}: {waiting.author}/{waiting.number} of {end.key} waits for nothing"
                        )
        return ""


def _facts(room: Room) -> dict[str, object]:
    """What both ends must say alike, of one line, by the name it has in a failure."""
    line = room.line
    return {
        "the severs": {(s.party, s.act, s.grounds, s.at, s.ended_at is None) for s in line.severs},
        "what ended them": line.ended,
        "the hour of opening": line.opens_at,
        "the terms": {s.hash: s for s in line.standings},
        "the accords": line.accords,
        "what is adopted": line.adopted,
        "what is acknowledged": [log.stated for log in line.logs],
        "who has cut it": (line.severed_by(0), line.severed_by(1)),
    }


# --- what people do ---------------------------------------------------------------------------

_TEXTS: Final = (
    "No change.",
    "Patrol craft of ours leaves the channel eastward at 0400Z; it carries no weapons beyond its own.",
    "우리 측 순찰정은 04시에 수로 동쪽으로 나갑니다.\n확인을 바랍니다.",
    "A longer notice. " * 40,
    "긴 알림입니다. " * 60,
)


def _line(end: _End, chance: random.Random) -> Room:
    found = sorted((r for r in end.node.rooms() if not r.is_order_wire), key=lambda r: r.name)
    return chance.choice(found)


def _who(world: _World, end: _End, chance: random.Random) -> str:
    return chance.choice(world.officers[end.index])


def _draft(world: _World, end: _End, chance: random.Random) -> str:
    precedence = chance.choice(("ROUTINE", "ROUTINE", "PRIORITY", "IMMEDIATE", "FLASH"))
    room, answers = _line(end, chance), ""
    if chance.random() < 0.2:
        theirs = [m for m in end.desk.messages(room.name) if not m.ours]
        answers = theirs[0].ref if theirs else ""
    text = chance.choice(_TEXTS)
    language = "en" if text.isascii() else "ko"
    return end.desk.compose(
        room.name, text, "clerk", precedence=precedence, language=language, answers=answers
    ).ref


def _release(world: _World, end: _End, chance: random.Random, draft: str) -> None:
    number = int(draft.removeprefix("draft:"))
    before = end.store.released(number)
    try:
        view = end.desk.release(draft, chance.choice(("first", "second")), WORDS)
    except LocalError as e:
        if end.store.released(number) != before:  # 4
            raise Broken(f"{end.key} recorded a release that its desk refused: {e.text}") from None
        raise
    author, number = (int(n) for n in view.ref.rsplit(":", 1)[1].split("/"))
    line = next(room.id for room in end.node.rooms() if room.name == view.line)
    world.released.add((end.index, line, author, number))


def _message(world: _World, end: _End, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        _release(world, end, chance, _draft(world, end, chance))


def _release_draft(world: _World, end: _End, chance: random.Random) -> None:
    drafts = end.desk.drafts()
    if drafts:
        _release(world, end, chance, chance.choice(drafts).ref)


def _release_again(world: _World, end: _End, chance: random.Random) -> None:
    """What a cut has kept back, under a new number."""
    kept = [w for w in end.store.waiting() if w.kept_back and w.draft is not None]
    if kept:
        found = chance.choice(kept)
        name = (end.index, found.line, found.author, found.number)
        known = name in world.released
        world.released.discard(name)  # also if a crash leaves it open
        try:
            _release(world, end, chance, f"draft:{found.draft}")
        except LocalError:
            if known:
                world.released.add(name)
            raise


def _acknowledge(world: _World, end: _End, chance: random.Random) -> None:
    wanting = end.desk.needs_us()
    if wanting:
        grade = chance.choice(("seen", "read back", "will comply", "cannot comply", "stand by", "noted"))
        words = chance.choice(("read back", "다시 읽음")) if grade == "read back" else None
        end.desk.acknowledge(chance.choice(wanting).ref, grade, _who(world, end, chance), WORDS, words)


def _sever(world: _World, end: _End, chance: random.Random) -> None:
    end.desk.sever(_line(end, chance).name, "a simulated reason", _who(world, end, chance), WORDS)


def _sever_all(world: _World, end: _End, chance: random.Random) -> None:
    end.desk.sever(None, "all of them", _who(world, end, chance), WORDS)


def _offer(world: _World, end: _End, chance: random.Random) -> None:
    opens_at = end.node.now() + chance.choice((0, 0, 20, 120))
    end.desk.offer_restore(_line(end, chance).name, opens_at, _who(world, end, chance), WORDS)


def _reopen(world: _World, end: _End, chance: random.Random) -> None:
    """Both officers of one side behind terms for every line that is not open."""
    for view in end.desk.lines():
        if view.declared != "OPEN" and end.up:
            terms = end.desk.offer_restore(view.name, end.node.now(), "first", WORDS)
            world.advance(chance.choice((0.0, 0.1, 1.0)))
            if end.up:
                end.desk.agree(terms.ref, "second", WORDS)


def _agree(world: _World, end: _End, chance: random.Random) -> None:
    terms = [t for t in end.desk.terms() if t.state != "settled"]
    if terms:
        end.desk.agree(chance.choice(terms).ref, _who(world, end, chance), WORDS)


def _agree_to_all(world: _World, end: _End, chance: random.Random) -> None:
    for terms in end.desk.terms():
        for by in ("first", "second"):
            if terms.state != "settled" and end.up:
                try:
                    end.desk.agree(terms.ref, by, WORDS)
                except LocalError:
                    continue


def _withdraw_terms(world: _World, end: _End, chance: random.Random) -> None:
    terms = [t for t in end.desk.terms() if t.state != "settled"]
    if terms:
        end.desk.withdraw_terms(chance.choice(terms).ref, _who(world, end, chance), WORDS)


def _cancel(world: _World, end: _End, chance: random.Random) -> None:
    ours = [m for m in end.desk.messages() if m.ours]
    if ours:
        end.desk.cancel(chance.choice(ours).ref, _who(world, end, chance), WORDS, "overtaken")


def _withdraw(world: _World, end: _End, chance: random.Random) -> None:
    found = [m.ref for m in (*end.desk.drafts(), *end.desk.messages()) if m.ours and m.state != "SENDING"]
    if found:
        ref = chance.choice(found)
        if not ref.startswith("draft:"):
            name, _, numbers = ref.rsplit(":", 2)
            author, number = (int(n) for n in numbers.split("/"))
            line = next(room.id for room in end.node.rooms() if room.name == name)
            if (line, author, number) in {(w.line, w.author, w.number) for w in end.store.waiting(line)}:
                world.released.discard((end.index, line, author, number))  # also if a crash leaves it open
        end.desk.withdraw(ref, _who(world, end, chance), WORDS)


def _call(world: _World, end: _End, chance: random.Random) -> None:
    end.desk.call(_line(end, chance).name, _who(world, end, chance))


def _answer(world: _World, end: _End, chance: random.Random) -> None:
    for view in end.desk.lines():
        if view.ringing:
            end.desk.answer(view.name, _who(world, end, chance))


def _watch(world: _World, end: _End, chance: random.Random) -> None:
    if chance.random() < 0.5:
        end.desk.take_watch(_who(world, end, chance))
    else:
        end.desk.hand_over()


def _amend(world: _World, end: _End, chance: random.Random) -> None:
    """A later version of a line's accord, with another quorum."""
    now = _line(end, chance).line.accords[-1][1]
    amended = Accord(
        now.name,
        now.nonce,
        now.version + 1,
        languages=now.languages,
        schedule=now.schedule,
        quorum_restore=3 - now.quorum_restore,
        second_person=now.second_person,
    )
    end.desk.offer_line("them", amended, "first", WORDS)


def _new_line(world: _World, end: _End, chance: random.Random) -> None:
    if world.lines_offered < 6:
        end.desk.offer_line("them", world.accord(end, chance.choice((1, 2))), "first", WORDS)


def _new_officer(world: _World, end: _End, chance: random.Random) -> None:
    names = world.officers[end.index]
    name = f"officer-{len(names) + 1}"
    if len(names) < 6:
        names.append(name)
        end.desk.add_officer(name, f"office {name}", POWERS_ALL, Precedence.FLASH, WORDS, WORDS, COST)


def _wait(world: _World, end: _End, chance: random.Random) -> None:
    world.advance(chance.choice((5.0, 30.0, 90.0)))


# --- what befalls them ------------------------------------------------------------------------


def _weather(world: _World, end: _End, chance: random.Random) -> None:
    """Other faults on one way, or none."""
    kinds = world.course.kinds if chance.random() < 0.8 else frozenset()
    high = chance.choice((0.05, 0.3, 0.7))
    chance.choice(world.ways).faults = Faults(
        loss=high * chance.random() if "loss" in kinds else 0.0,
        repeat=high * chance.random() if "repeat" in kinds else 0.0,
        garble=high * chance.random() if "garble" in kinds else 0.0,
        alien=high * chance.random() if "alien" in kinds else 0.0,
        reorder_s=chance.choice((0.1, 2.0, 30.0)) if "reorder" in kinds else 0.0,
    )


def _one_way(world: _World, end: _End, chance: random.Random) -> None:
    """Believed up and carries nothing: all that one end sends."""
    ways = world.ways[end.index :: 2]
    for way in ways:
        way.faults = Faults(loss=1.0)

    def over() -> None:
        for way in ways:
            way.faults = Faults()

    world.clock.call_later(chance.choice((5.0, 40.0, 200.0)), over)


def _bearer(world: _World, end: _End, chance: random.Random) -> None:
    link = chance.choice(end.taps).inner.link
    if chance.random() < 0.5:
        link.go_down()
    else:
        link.go_up()


def _absence(world: _World, end: _End, chance: random.Random) -> None:
    """Hours or months with all bearers down, or with one end off."""
    long_s = chance.choice((3600.0, 86400.0, 40 * 86400.0))
    off = chance.random() < 0.4
    if off and end.up:
        world.figures.crashes += 1
        end.fall()
    for way in world.ways:
        way.go_down()
    world.advance(long_s)
    if off:
        end.restart()
    for way in world.ways:
        way.go_up()


def _disk(world: _World, end: _End, chance: random.Random) -> None:
    end.disk_refuses, end.keys_refuse = chance.choice(((True, True), (True, False), (False, True)))

    def well() -> None:
        end.disk_refuses = end.keys_refuse = False

    world.clock.call_later(chance.choice((0.5, 3.0, 20.0)), well)


def _apart(world: _World, end: _End, chance: random.Random) -> None:
    end.clock.apart_s = chance.choice((-3600.0, -20.0, 0.0, 5.0, 40.0))


_SPOKEN: Final[dict[str, Callable[[_World, _End, random.Random], object]]] = {
    "message": _message,
    "draft": _draft,
    "release": _release_draft,
    "release again": _release_again,
    "acknowledge": _acknowledge,
    "sever": _sever,
    "sever all": _sever_all,
    "offer": _offer,
    "reopen": _reopen,
    "agree": _agree,
    "agree to all": _agree_to_all,
    "withdraw terms": _withdraw_terms,
    "cancel": _cancel,
    "withdraw": _withdraw,
    "call": _call,
    "answer": _answer,
    "watch": _watch,
    "amend": _amend,
    "new line": _new_line,
    "new officer": _new_officer,
}
_WORLDLY: Final[dict[str, Callable[[_World, _End, random.Random], None]]] = {
    "wait": _wait,
    "weather": _weather,
    "one way": _one_way,
    "bearer": _bearer,
    "absence": _absence,
    "disk": _disk,
    "clock": _apart,
}


# --- one seed for all chance ------------------------------------------------------------------


class _Os:
    """The module os as `parley.keys` sees it while a world runs: its chance is the world's."""

    def __init__(self, chance: random.Random) -> None:
        self.urandom = chance.randbytes

    def __getattr__(self, name: str) -> object:
        return getattr(os, name)


@contextmanager
def _seeded_keys(seed: int) -> Iterator[None]:
    """Keys are drawn from the seed, so that a world runs the same way twice. For simulations only."""
    chance = random.Random(f"keys/{seed}")

    def mlkem() -> MLKEM768PrivateKey:
        return MLKEM768PrivateKey.from_seed_bytes(chance.randbytes(64))

    def x25519() -> X25519PrivateKey:
        return X25519PrivateKey.from_private_bytes(chance.randbytes(32))

    with (
        mock.patch.object(keys, "os", _Os(chance)),
        mock.patch.object(keys, "MLKEM768PrivateKey", _Made(MLKEM768PrivateKey, mlkem)),
        mock.patch.object(keys, "X25519PrivateKey", _Made(X25519PrivateKey, x25519)),
    ):
        yield


class _Made:
    """A class of keys whose `generate` is another."""

    def __init__(self, of: type, generate: Callable[[], object]) -> None:
        self._of, self.generate = of, generate

    def __getattr__(self, name: str) -> object:
        return getattr(self._of, name)
