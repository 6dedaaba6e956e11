"""Power cuts: two real ends at work, every write of theirs noted, and each end started from what a cut may leave.

A *course* of two paired ends is played once, drawn from a seed, on a virtual clock: messages, receipts,
acknowledgements, cuts and restorations on several lines, stops and kills. All that is written is noted
(`written`). Then power is cut: after any operation, and of what no sync has made sure any part kept, lost or torn,
each file by itself. Each *image* so made must pass:

1. Each database opens, and is whole (integrity check).
2. It holds exactly what it held after one of its commits: none that had returned is missing, none is there in part.
   Each such state of the record is sound: no hole that it does not tell, every stored root made again from the
   entries, every entry that had left the end in it.
3. The end starts from it, as after a power cut, and has no alarm.
4. No frame it then sends has a counter that was used before the cut.
5. For some of them: joined to the other end as that was at this moment, both come to hold the same.

Keys that are erased may come back, unless the build says that it waited for the disk: what is asked of keys.db is
that a commit with full sync is kept, and (4).

`python -m parley.testing.disk --images 5000 --seed 0` tries images and tells those that fail, each by end, operation,
kind and number; `--only` tries one again. What none of this can show stands in `written`.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final
from unittest import mock

import apsw

from parley import home as homes
from parley.core.errors import LocalError
from parley.core.line import Cadence
from parley.core.record import EMPTY_ROOT, Tree
from parley.core.wire import frame as frames
from parley.keys import chance as keys_chance
from parley.node import Node, Settings
from parley.store import Store
from parley.testing.both import OFFICERS, PARTIES, WORDS, Both, End
from parley.testing.written import (
    KINDS,
    Content,
    Disk,
    Name,
    Operation,
    Recorder,
    SyncFolder,
    fates,
    ways,
)

DATABASES: Final = ("record.db", "keys.db", "watch.db")
PROMISED: Final = ("record.db", "watch.db")  # every commit of these is to be on the disk when it returns
BESIDE: Final = ("", "-wal", "-journal")
LINES: Final = ("Liaison", "Maritime")
START: Final = 1_767_225_600.0  # 2026-01-01T00:00:00Z
STEPS: Final = 120
CHECKPOINT_PAGES: Final = 60  # the default of 1000 would give a course two or three
SETTINGS: Final = Settings(life_s=20, cadence=Cadence(600, 8, 20))  # new epochs far sooner than by default
HEALED_WITHIN_S: Final = 900.0
HEALS_EVERY: Final = 40  # of the different states found, so many are joined to the other end again
FAILURES_SHOWN: Final = 20

Build = Mapping[tuple[str, str], str]  # (file, what is said to SQLite) -> what is said instead


# --- what an end was at each moment ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class State:
    """A database after a commit. `began`: operations before its first write; `at`: when it had returned.

    `promised`: it was to be on the disk then. `last_entry`: the highest id in the record, 0 elsewhere.
    """

    began: int
    at: int
    digest: bytes
    promised: bool
    last_entry: int


@dataclass(slots=True)
class History:
    """One end through the course: the states of its databases, and what left it, by operation."""

    begun: int = 0  # its home is whole, and from here on a cut is judged
    states: dict[str, list[State]] = field(default_factory=lambda: {name: [] for name in DATABASES})
    entries: dict[int, bytes] = field(default_factory=dict)  # by id, as they were committed
    early: list[tuple[int, int, bytes]] = field(default_factory=list)  # left before it was committed
    counters: list[tuple[int, bytes, int]] = field(default_factory=list)  # (operation, epoch tag, counter)
    unsound: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Played:
    """A course that was played, with all that was written."""

    seed: int
    folder: Path
    operations: list[Operation]
    histories: tuple[History, History]
    wall: float


def digest(db: apsw.Connection) -> bytes:
    """What a database says, whatever pages it says it on."""
    said = hashlib.sha256()
    execute = _SQLITE.execute
    tables = execute(db, "SELECT name, sql FROM sqlite_schema WHERE type = 'table' ORDER BY name").fetchall()
    for name, sql in tables:
        said.update(repr((name, sql)).encode())
        for row in execute(db, f'SELECT * FROM "{name}"'):
            said.update(repr(row).encode())
    return said.digest()


_SQLITE: Final = apsw.Connection  # the real one, while another stands in its place


class _Observer:
    """Notes, for each end, every state its databases have after a commit."""

    def __init__(self, recorder: Recorder, build: Build) -> None:
        self.recorder, self.build = recorder, build
        self.histories = (History(), History())
        self.open: dict[str, list[apsw.Connection]] = {}

    def end_of(self, name: str) -> int | None:
        """Whose file it is."""
        below = os.path.relpath(name, self.recorder.folder).split(os.sep)[0]
        return next((i for i, party in enumerate(PARTIES) if party.lower() == below), None)

    def sent(self, index: int, frame: bytes) -> None:
        """A frame was handed to the bearer: its counter is used, and what it is made of is out."""
        clear, history = frames.decode_clear(frame), self.histories[index]
        history.counters.append((self.recorder.now, clear.tag, clear.counter))
        path = f"{self.recorder.folder}/{PARTIES[index].lower()}/record.db"
        for db in self.open.get(path, []):
            if db.in_transaction:
                known = history.states["record.db"][-1].last_entry
                for row in _SQLITE.execute(db, "SELECT id, entry FROM entries WHERE id > ?", (known,)):
                    history.early.append((self.recorder.now, int(row[0]), bytes(row[1])))

    def committed(self, path: str, began: int, db: apsw.Connection) -> None:
        end, name = self.end_of(path), os.path.basename(path)
        if end is None or name not in DATABASES:
            return
        history = self.histories[end]
        promised = name in PROMISED or _SQLITE.execute(db, "PRAGMA synchronous").fetchone() == (2,)
        last = 0
        if (
            name == "record.db"
            and _SQLITE.execute(db, "SELECT 1 FROM sqlite_schema WHERE name = 'entries'").fetchone()
        ):
            for row in _SQLITE.execute(db, "SELECT id, entry FROM entries ORDER BY id"):
                last = int(row[0])
                history.entries.setdefault(last, bytes(row[1]))
        history.states[name].append(State(began, self.recorder.now, digest(db), promised, last))

    def connection(self) -> type[apsw.Connection]:
        """A connection that tells when it has committed, and says to SQLite what the build says."""
        observer = self

        class Observed(apsw.Connection):
            def __init__(self, filename: str, *args: Any, **how: Any) -> None:
                super().__init__(filename, *args, **how)
                self._path = os.path.realpath(filename)
                self._seen = observer.recorder.now
                self.wal_autocheckpoint(CHECKPOINT_PAGES)
                observer.open.setdefault(self._path, []).append(self)

            def execute(self, statements: str, *args: Any, **how: Any) -> Any:
                said = observer.build.get((os.path.basename(self._path), statements), statements)
                found = super().execute(said, *args, **how)
                self._look()
                return found

            def __exit__(self, *why: Any) -> Any:
                left = super().__exit__(*why)
                self._look()
                return left

            def close(self, *args: Any) -> None:
                observer.open[self._path].remove(self)
                super().close(*args)

            def _look(self) -> None:
                if self.in_transaction:
                    return
                done = observer.recorder.done
                began = next(
                    (n for n in range(self._seen, len(done)) if observer.recorder.is_of(done[n], self._path)),
                    None,
                )
                self._seen = len(done)
                if began is not None:
                    observer.committed(self._path, began, self)

        return Observed


# --- the course -----------------------------------------------------------------------------------


def play(
    folder: Path, seed: int, steps: int = STEPS, build: Build | None = None, node: type[Node] = Node
) -> Played:
    """Two new ends in `folder` through a course of `steps`. `build` and `node`: a broken one, to be caught."""
    recorder = Recorder(folder)
    observer = _Observer(recorder, build or {})
    chance = Random(f"power/{seed}")
    with (
        mock.patch.object(keys_chance, "draw", Random(f"keys/{seed}").randbytes),
        recorder.recording(),
        mock.patch.object(apsw, "Connection", observer.connection()),
    ):
        both = Both(
            folder,
            START,
            sent=observer.sent,
            build=node,
            sync=True,
            entropy=Random(f"entropy/{seed}").randbytes,
        )
        both.create()
        for history in observer.histories:
            history.begun = recorder.now
        for name in LINES:
            both.add_line(name)
            both.open_line(name)
        for _ in range(steps):
            _step(both, observer, chance)
            both.wait(chance.choice((0.0, 0.005, 0.02, 1.0, 30.0)))
        both.wait(60)
        wall = both.clock.wall()
        for end in both.ends:
            both.stop(end)
    played = Played(seed, folder, recorder.done, observer.histories, wall)
    for party, history in zip(PARTIES, played.histories, strict=True):
        history.unsound += _unsound(folder / party.lower() / "record.db")
    return played


def _step(both: Both, observer: _Observer, chance: Random) -> None:
    """One thing that people or fate do. What the desk refuses is refused."""
    end = chance.choice(both.ends)
    do = chance.choices(list(_DONE), [weight for weight, _ in _DONE.values()])[0]
    with suppress(LocalError):
        _DONE[do][1](both, observer, end, chance)


def _message(both: Both, observer: _Observer, end: End, chance: Random) -> None:
    for _ in range(chance.choice((1, 1, 2, 5))):
        text = chance.choice(
            ("No change.", "A longer notice. " * 30, "우리 측 순찰정은 04시에 나갑니다. " * 8)
        )
        urgency = chance.choice(("ROUTINE", "PRIORITY", "FLASH"))
        line = chance.choice(LINES)
        draft = end.desk.compose(
            line, text, "duty", precedence=urgency, language="en" if text.isascii() else "ko"
        )
        if chance.random() < 0.9:
            end.desk.release(draft.ref, "chief", WORDS)


def _acknowledge(both: Both, observer: _Observer, end: End, chance: Random) -> None:
    for wanting in end.desk.needs_us()[:3]:
        end.desk.acknowledge(wanting.ref, "seen", chance.choice(OFFICERS), WORDS)


def _cancel(both: Both, observer: _Observer, end: End, chance: Random) -> None:
    ours = [m for m in end.desk.messages() if m.ours]
    if ours:
        end.desk.cancel(chance.choice(ours).ref, "chief", WORDS, "overtaken")


def _sever(both: Both, observer: _Observer, end: End, chance: Random) -> None:
    end.desk.sever(chance.choice((None, *LINES)), "a reason", "chief", WORDS)


def _restore(both: Both, observer: _Observer, end: End, chance: Random) -> None:
    both.wait(1)
    for view in end.desk.lines():
        if view.declared != "OPEN":
            both.open_line(view.name, end.index)


def _call(both: Both, observer: _Observer, end: End, chance: Random) -> None:
    end.desk.call(chance.choice(LINES), "duty")
    both.wait(1)
    other = both.ends[1 - end.index]
    other.desk.answer(chance.choice(LINES), "duty")


def _apart(both: Both, observer: _Observer, end: End, chance: Random) -> None:
    """The way is down while both go on; then all goes at once."""
    both.link.go_down()
    try:
        for each in both.ends:
            _message(both, observer, each, chance)
        both.wait(chance.choice((1.0, 100.0)))
    finally:
        both.link.go_up()


def _restart(both: Both, observer: _Observer, end: End, chance: Random) -> None:
    both.stop(end)
    both.wait(chance.choice((0.0, 5.0)))
    both.start(end)


def _kill(both: Both, observer: _Observer, end: End, chance: Random) -> None:
    """Killed: the log stays as it lies, and is read again by the next process."""
    for path, connections in observer.open.items():
        if observer.end_of(path) == end.index:
            for db in connections:
                db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    both.fall(end)
    both.start(end)


_DONE: Final[dict[str, tuple[int, Callable[[Both, _Observer, End, Random], None]]]] = {
    "message": (40, _message),
    "acknowledge": (15, _acknowledge),
    "restore": (12, _restore),
    "cancel": (4, _cancel),
    "sever": (4, _sever),
    "call": (4, _call),
    "apart": (5, _apart),
    "restart": (4, _restart),
    "kill": (4, _kill),
}


def _unsound(record: Path) -> list[str]:
    """What is wrong with a record, which holds all that it ever held: entries and roots that do not fit."""
    store, wrong = Store(record, sync=False), []
    try:
        logs: Any = store._db.execute("SELECT DISTINCT line, party FROM entries")
        for line, party in logs.fetchall():
            tree = Tree()
            for row in store.of_log(line, party):
                if row.held.sequence != tree.size:
                    break  # beyond a hole there is no root yet
                tree = tree.extended(row.held.leaf)
                if store.root_at(line, party, tree.size) != tree.root:
                    wrong.append(f"the root of log {party} at {tree.size} is not that of its entries")
            stored = store._db.execute(
                "SELECT count(*) FROM roots WHERE line = ? AND party = ?", (line, party)
            ).fetchone()
            if stored != (tree.size,) or (tree.size == 0 and tree.root != EMPTY_ROOT):
                wrong.append(f"log {party} has {tree.size} entries without a hole and {stored} roots")
    finally:
        store.close()
    return wrong


# --- the judge ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, order=True)
class Cut:
    """One image: power is cut after so many operations; which of the ways of its kind (see `written`)."""

    after: int
    end: int
    kind: str
    way: int

    def __str__(self) -> str:
        return f"{PARTIES[self.end]}/{self.after}/{self.kind}/{self.way}"

    @classmethod
    def read(cls, words: str) -> Cut:
        """What `str` gives, back. Raises ValueError."""
        party, after, kind, way = words.split("/")
        if kind not in KINDS:
            raise ValueError(f"no kind {kind!r}")
        return cls(int(after), PARTIES.index(party), kind, int(way))


@dataclass(slots=True)
class Result:
    """What a run came to."""

    tried: Counter[str] = field(default_factory=Counter)  # images, by kind
    contents: int = 0  # of them different in their bytes
    states: int = 0  # of them different in what they say: an end was started from each
    healed: int = 0  # of these, joined to the other end again
    failures: list[tuple[Cut | None, str]] = field(default_factory=list)


class Judge:
    """Tries images of one played course. `work`: a folder for them."""

    def __init__(self, played: Played, work: Path) -> None:
        self._played, self._work = played, work
        self._ends = self._whose()
        self._disks = [Disk(), Disk()]
        self._taken = 0
        self._bases = tuple(self._base(end) for end in (0, 1))
        self._found: dict[bytes, bytes | str] = {}
        self._restarted: dict[tuple[int, bytes], str | dict[bytes, int]] = {}
        self.result = Result()

    def cuts(self, images: int) -> list[Cut]:
        """Which images to try: every operation, whole and with all that is not sure lost, when `images` reach so
        far; the rest drawn. At every commit in any case, unless there are more commits than images."""
        chance = Random(f"cuts/{self._played.seed}")
        after: list[tuple[int, int]] = []
        commits: list[tuple[int, int]] = []
        for end, history in enumerate(self._played.histories):
            own = {n + 1 for n, whose in enumerate(self._ends) if whose == end}
            committed = {s.at for states in history.states.values() for s in states}
            left = {n for n, _, _ in history.counters}
            after += [(n, end) for n in sorted(own | committed | left) if n >= history.begun]
            commits += [(n, end) for n in sorted(committed) if n >= history.begun]
        chosen = {Cut(n, end, "none", 0) for n, end in _some(commits, images // 4, chance)}
        every = [Cut(n, end, kind, 0) for n, end in after for kind in ("all", "none")]
        chosen.update(_some(every, images // 2, chance))
        loose = self._ways(after)
        kinds = sorted({kind for _, kind in loose})
        by_kind = {kind: [c for c, k in loose if k == kind] for kind in kinds}
        for _ in range(20 * images):
            if len(chosen) >= images or not kinds:
                break
            kind = chance.choice(kinds)
            n, end, count = chance.choice(by_kind[kind])
            chosen.add(Cut(n, end, kind, chance.randrange(count)))
        return sorted(chosen)

    def _ways(self, after: list[tuple[int, int]]) -> list[tuple[tuple[int, int, int], str]]:
        """How many ways of each kind there are after so many operations."""
        disks, taken, found = (Disk(), Disk()), 0, []
        for n, end in sorted(after):
            taken = self._advance(disks, taken, n)
            for kind in KINDS[2:]:
                count = ways(disks[end], kind)
                if count != 0:
                    found.append(((n, end, 1 << 20 if count is None else count), kind))
        return found

    def _advance(self, disks: tuple[Disk, Disk] | list[Disk], taken: int, until: int) -> int:
        for number in range(taken, until):
            whose = self._ends[number]
            if whose is not None:
                disks[whose].take(number, self._played.operations[number])
        return max(taken, until)

    def try_all(self, cuts: list[Cut], tell: Callable[[int], None] = lambda _: None) -> Result:
        """Tries images, in the order of their operations."""
        for end, history in enumerate(self._played.histories):
            for words in history.unsound:
                self.result.failures.append((None, f"{PARTIES[end]}: {words}"))
        for number, cut in enumerate(sorted(cuts)):
            self._taken = self._advance(self._disks, self._taken, cut.after)
            why = self._judge(cut)
            self.result.tried[cut.kind] += 1
            if why:
                self.result.failures.append((cut, why))
            tell(number + 1)
        return self.result

    # --- one image

    def _judge(self, cut: Cut) -> str:
        """Why this image is not what it must be; empty when it is."""
        disk, history = self._disks[cut.end], self._played.histories[cut.end]
        image = disk.image(fates(disk, cut.kind, cut.way, f"{self._played.seed}/{cut.after}/{cut.end}"))
        path = f"{self._played.folder}/{PARTIES[cut.end].lower()}"
        digests = []
        for name in DATABASES:
            of_it = {f"{name}{more}": image.get(f"{path}/{name}{more}") for more in BESIDE}
            found = self._open(name, of_it)
            if isinstance(found, str):  # 1
                return f"{name} {found}"
            why = self._state(cut, name, found)
            if why:
                return f"{name} {why}"
            digests.append(found)
        plain = [data for name, data in image.items() if not _is_database(name)]
        key = cut.end, hashlib.sha256(b"".join(digests) + repr(plain).encode()).digest()
        if key not in self._restarted:
            self.result.states += 1
            self._restarted[key] = self._restart(cut.end, image)
            if self.result.states % HEALS_EVERY == 0 and not isinstance(self._restarted[key], str):
                self.result.healed += 1
                why = self._heal(cut, image)
                if why:
                    self._restarted[key] = why
        sent = self._restarted[key]
        if isinstance(sent, str):  # 3, 5
            return sent
        for number, tag, counter in history.counters:
            if number <= cut.after and sent.get(tag, counter + 1) <= counter:  # 4
                return f"started again it uses counter {sent[tag]} of an epoch in which {counter} was used"
        return ""

    def _open(self, name: str, files: Mapping[str, bytes | None]) -> bytes | str:
        """What a database says, as a digest; or what is wrong with it."""
        if files[name] is None:
            return "is not there"
        key = hashlib.sha256(repr([len(data or b"") for data in files.values()]).encode())
        for data in files.values():
            key.update(data or b"")
        known = self._found.get(key.digest())
        if known is None:
            self.result.contents += 1
            known = self._found[key.digest()] = self._opened(name, files)
        return known

    def _opened(self, name: str, files: Mapping[str, bytes | None]) -> bytes | str:
        folder = self._work / "opened"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for each, data in files.items():
            if data is not None:
                (folder / each).write_bytes(data)
        try:
            if name == "record.db":
                db = Store(folder / name, sync=False)._db
            else:
                db = apsw.Connection(str(folder / name))
            try:
                whole = db.execute("PRAGMA integrity_check").fetchall()
                return digest(db) if whole == [("ok",)] else f"is damaged: {whole[0][0]}"
            finally:
                db.close()
        except (apsw.Error, LocalError) as e:
            return f"does not open: {e}"

    def _state(self, cut: Cut, name: str, found: bytes) -> str:  # 2
        """Why what a database says is nothing it may say after this cut."""
        history = self._played.histories[cut.end]
        states = history.states[name]
        begun = [i for i, state in enumerate(states) if state.began < cut.after]
        least = max(
            (i for i, state in enumerate(states) if state.promised and state.at <= cut.after), default=0
        )
        same = [i for i, state in enumerate(states) if state.digest == found]
        held = [i for i in same if i <= max(begun, default=0)]
        if not held:
            return "is as it was after no commit: part of one is there, or of several"
        if max(held) < least:
            return f"is as it was after commit {max(held)}, and commit {least} had returned"
        last = states[max(held)].last_entry
        for number, entry_id, entry in history.early if name == "record.db" else ():
            if number <= cut.after and (entry_id > last or history.entries.get(entry_id) != entry):
                return f"lacks entry {entry_id}, and a frame had left that was made of it or after it"
        return ""

    def _restart(self, end: int, image: Content) -> str | dict[bytes, int]:
        """The end started from an image: what is wrong; or the lowest counter it sends, by epoch tag."""
        sent: dict[bytes, int] = {}

        def note(_: int, frame: bytes) -> None:
            clear = frames.decode_clear(frame)
            sent[clear.tag] = min(sent.get(clear.tag, clear.counter), clear.counter)

        both = Both(self._bases[end].parent, self._played.wall + 60, sent=note, settings=SETTINGS)
        try:
            with self._laid(end, image):
                both.start(both.ends[end])
                both.wait(0.1)  # all that a start sends goes at once
                alarms = both.ends[end].desk.status().alarms
        except Exception as e:
            return f"the end does not start: {type(e).__name__}: {e}"
        finally:
            _fallen(both)
        return f"the end has an alarm: {alarms[0]}" if alarms else sent

    def _heal(self, cut: Cut, image: Content) -> str:
        """The end from an image and the other as it was then, which every other time loses power too, joined: why
        they do not come to hold the same."""
        other = 1 - cut.end
        keeps = self.result.healed % 2 == 1
        theirs = self._disks[other].image(dict.fromkeys(self._disks[other].pending, keeps))
        both = Both(self._bases[cut.end].parent, self._played.wall + 60, settings=SETTINGS)
        try:
            with self._laid(cut.end, image), self._laid(other, theirs):
                for end in both.ends:
                    both.start(end)
                waited, why = 0.0, "not tried"
                while why and waited < HEALED_WITHIN_S:
                    both.wait(20)
                    waited, why = waited + 20, both.unsettled()
                alarms = [alarm for desk in both.desks for alarm in desk.status().alarms]
        except Exception as e:
            return f"joined again: {type(e).__name__}: {e}"
        finally:
            _fallen(both)
        return f"joined again, {why or alarms[0]}" if why or alarms else ""

    @contextmanager
    def _laid(self, end: int, image: Content) -> Iterator[None]:
        """An image in the home kept for it: the same files in their place, as the home's binding wants."""
        base, was = self._bases[end], f"{self._played.folder}/{PARTIES[end].lower()}/"
        for path in base.glob("*.db-*"):
            path.unlink()
        for name, data in image.items():
            path = base / name.removeprefix(was)
            if path.name != "home.json":  # what binds this home to its own place
                with path.open("r+b" if path.exists() else "wb") as f:
                    f.truncate(0)
                    f.write(data)
        yield

    def _base(self, end: int) -> Path:
        """A home like the end's for images to be laid in: its own place, and what is not in the record."""
        there, base = self._played.folder / PARTIES[end].lower(), self._work / PARTIES[end].lower()
        shutil.copytree(there, base, ignore=shutil.ignore_patterns("home.json", "*.db-*", "*.sock"))
        homes._bind(base, PARTIES[end])
        return base

    def _whose(self) -> list[int | None]:
        """Whose each operation is."""
        whose: list[int | None] = []
        files: dict[int, int | None] = {}
        for op in self._played.operations:
            if isinstance(op, Name | SyncFolder):
                name = op.name if isinstance(op, Name) else op.folder
                below = os.path.relpath(name, self._played.folder).split(os.sep)[0]
                end = next((i for i, party in enumerate(PARTIES) if party.lower() == below), None)
                if isinstance(op, Name) and op.file is not None:
                    files[op.file] = end
                whose.append(end)
            else:
                whose.append(files[op.file])
        return whose


def _fallen(both: Both) -> None:
    for end in both.ends:
        if end.up:
            both.fall(end)


def _some(all_of: list[Any], most: int, chance: Random) -> list[Any]:
    return all_of if len(all_of) <= most else chance.sample(all_of, most)


def _is_database(name: str) -> bool:
    return any(os.path.basename(name) == f"{db}{more}" for db in DATABASES for more in BESIDE)


# --- from the command line ------------------------------------------------------------------------


def run(
    seed: int,
    images: int,
    *,
    steps: int = STEPS,
    build: Build | None = None,
    node: type[Node] = Node,
    only: Cut | None = None,
    tell: Callable[[int], None] = lambda _: None,
) -> Result:
    """One course from its seed, and images of it."""
    shared = Path("/dev/shm")
    place = shared if os.access(shared, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="parley-disk-", dir=place) as made:
        folder = Path(os.path.realpath(made))
        for name in ("course", "images"):
            (folder / name).mkdir()
        played = play(folder / "course", seed, steps, build, node)
        judge = Judge(played, folder / "images")
        return judge.try_all([only] if only else judge.cuts(images), tell)


def main(arguments: list[str] | None = None) -> int:
    """Tries images; 1 if one of them failed."""
    parser = argparse.ArgumentParser(
        prog="parley.testing.disk",
        description="Power cuts: what a disk may then hold, and an end started from it.",
    )
    parser.add_argument("--images", type=int, default=5000, metavar="N", help="how many images (5000)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="the seed of course and images (0)")
    parser.add_argument(
        "--steps", type=int, default=STEPS, metavar="K", help=f"steps of the course ({STEPS})"
    )
    parser.add_argument(
        "--only", type=Cut.read, metavar="IMAGE", help="this image alone, as a failure names it"
    )
    asked = parser.parse_args(arguments)
    if asked.images < 1 or asked.steps < 1:
        parser.error("at least one image, and one step")
    started, terminal = time.monotonic(), sys.stderr.isatty()

    def tell(number: int) -> None:
        if terminal and number % 20 == 0:
            print(f"\r\033[K{number} images", end="", file=sys.stderr)

    result = run(asked.seed, asked.images, steps=asked.steps, only=asked.only, tell=tell)
    if terminal:
        print("\r\033[K", end="", file=sys.stderr)
    for cut, why in result.failures[:FAILURES_SHOWN]:
        print(f"{cut or 'the course'}: {why}", file=sys.stderr)
    if len(result.failures) > FAILURES_SHOWN:
        print(f"and {len(result.failures) - FAILURES_SHOWN} more", file=sys.stderr)
    for cut in [cut for cut, _ in result.failures if cut is not None][:1]:
        print(
            f"again: python -m parley.testing.disk --seed {asked.seed} --steps {asked.steps} --only '{cut}'",
            file=sys.stderr,
        )
    kinds = ", ".join(f"{result.tried[kind]} {kind}" for kind in KINDS)
    print(
        f"images {result.tried.total()}, failed {len(result.failures)}: {kinds}; {result.contents} different files,"
        f" {result.states} restarts, {result.healed} joined again; {time.monotonic() - started:.0f} s"
    )
    return 1 if result.failures else 0


if __name__ == "__main__":
    sys.exit(main())
