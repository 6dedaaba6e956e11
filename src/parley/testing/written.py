"""What was written to a disk, in order, and what a power cut at any moment may leave of it.

`Recorder` stands between SQLite and the system (a VFS of apsw) and between this process and the system (`os.open`,
`os.write` and their like), and notes each write, truncation, sync, creation and deletion below its folder. `Disk`
takes such operations one after the other and knows which of them a disk must have kept: a write once a sync of
its file has returned, a name once its folder was synced. Of the rest any part may be there: `image` gives the
files as a cut would leave them, from the fate of each operation that is not sure.

What this cannot show, because it stands above the system:

* a disk that says it has synced and has not, or that damages what it is not writing;
* what a file system does of itself with names, sizes and blocks (it may keep more in order than is assumed here,
  and a faulty one less);
* a sector that holds synced bytes and is lost while other bytes of it are written: SQLite relies on it that none
  is (its "power-safe overwrite"), and so does this;
* shared memory (the -shm file), which a power cut always takes.

That a write-ahead log or a journal is synced together with its name is how SQLite's unix VFS does it, and is
taken on trust; folders are taken to be there once made.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final, TypeAlias
from unittest import mock

import apsw

VFS_NAME: Final = "parley-recorder"


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes at a place of a file (named by its number, as the name may change)."""

    file: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Resize:
    """A file cut, or made longer with zeros, to `size` bytes."""

    file: int
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    """All of a file is on the disk; with `name`, its name too."""

    file: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Name:
    """A name that from now on means this file, or no file (None)."""

    name: str
    file: int | None


@dataclass(frozen=True, slots=True)
class SyncFolder:
    """All names in a folder are on the disk."""

    folder: str


Operation: TypeAlias = "Write | Resize | Sync | Name | SyncFolder"
Content: TypeAlias = "dict[str, bytes]"  # by name: the files as they are


# --- what is surely there, and what may be -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class Torn:
    """Of a write only these sectors were kept, counted from the start of the file; `junk`: what of the others
    lies beyond what the file surely had holds bytes of nobody's, from this seed, as fresh blocks may."""

    sector_bytes: int
    kept: frozenset[int]
    junk: str = ""


Fate: TypeAlias = "bool | Torn"  # of one operation: kept, lost, or kept in part


@dataclass(slots=True)
class Disk:
    """What is surely on the disk (`names`, `files`), and what may be (`pending`, by the operation's number)."""

    names: dict[str, int] = field(default_factory=dict)
    files: dict[int, bytearray] = field(default_factory=dict)
    pending: dict[int, Write | Resize | Name] = field(default_factory=dict)

    def take(self, number: int, done: Operation) -> None:
        """One more operation. Numbers grow."""
        match done:
            case Write() | Resize() | Name():
                self.pending[number] = done
            case Sync(file, name):
                self._sure(lambda op: not isinstance(op, Name) and op.file == file)
                if name:
                    folder = os.path.dirname(name)
                    self._sure(lambda op: isinstance(op, Name) and os.path.dirname(op.name) == folder)
            case SyncFolder(folder):
                self._sure(lambda op: isinstance(op, Name) and os.path.dirname(op.name) == folder)

    def _sure(self, is_now: Any) -> None:
        for number in [n for n, op in self.pending.items() if is_now(op)]:
            match self.pending.pop(number):
                case Name(name, file):
                    _rename(self.names, name, file)
                case op:
                    _change(self.files.setdefault(op.file, bytearray()), op, True)

    def image(self, fates: Mapping[int, Fate]) -> Content:
        """The files as a cut now would leave them. `fates`: of each pending operation; lost when not there.

        The names a folder has are in order: one that is kept makes those of the same name before it past.
        """
        names, changed = dict(self.names), dict[int, bytearray]()
        for number, op in self.pending.items():
            fate = fates.get(number, False)
            if fate is False:
                continue
            match op:
                case Name(name, file):
                    _rename(names, name, file)
                case _:
                    data = changed.get(op.file)
                    if data is None:
                        data = changed[op.file] = bytearray(self.files.get(op.file, b""))
                    _change(data, op, fate)
        return {
            name: bytes(changed.get(file, self.files.get(file, b""))) for name, file in sorted(names.items())
        }


def _rename(names: dict[str, int], name: str, file: int | None) -> None:
    if file is None:
        names.pop(name, None)
    else:
        names[name] = file


def _change(data: bytearray, op: Write | Resize, fate: Fate) -> None:
    if isinstance(op, Resize):
        if op.size <= len(data):
            del data[op.size :]
        else:
            data.extend(bytes(op.size - len(data)))
        return
    had, end = len(data), op.offset + len(op.data)
    if fate is True:
        if end > had:
            data.extend(bytes(end - had))
        data[op.offset : end] = op.data
        return
    assert isinstance(fate, Torn)
    size = fate.sector_bytes
    for sector in range(op.offset // size, -(-end // size)):
        first, last = max(op.offset, sector * size), min(end, (sector + 1) * size)
        if sector in fate.kept:
            if last > len(data):
                data.extend(bytes(last - len(data)))
            data[first:last] = op.data[first - op.offset : last - op.offset]
        elif fate.junk and last > had:
            if last > len(data):
                data.extend(bytes(last - len(data)))
            fresh = max(first, had)
            data[fresh:last] = Random(f"{fate.junk}/{sector}").randbytes(last - fresh)


# --- the ways a power cut may fall ---------------------------------------------------------------

KINDS: Final = ("all", "none", "one lost", "one kept", "some", "torn 512", "torn 4096", "junk")
EVERY_SUBSET_OF: Final = 6  # so few pending operations are lost and kept in every way there is


def ways(disk: Disk, kind: str) -> int | None:
    """How many cuts of a kind there are now; None: as many as one cares to draw."""
    count = len(disk.pending)
    match kind:
        case "all" | "none":
            return 1
        case "one lost" | "one kept":
            return count if count > 1 else 0
        case "some":
            return (2**count if count <= EVERY_SUBSET_OF else None) if count > 1 else 0
        case _:
            return None if any(isinstance(op, Write) for op in disk.pending.values()) else 0


def fates(disk: Disk, kind: str, way: int, seed: str) -> dict[int, Fate]:
    """The fates of one cut: the `way`-th of its kind, what is drawn coming from `seed`."""
    numbers = list(disk.pending)
    chance = Random(f"{seed}/{kind}/{way}")
    if kind == "all":
        return dict.fromkeys(numbers, True)
    if kind == "none":
        return {}
    if kind == "one lost":
        return {number: True for number in numbers if number != numbers[way]}
    if kind == "one kept":
        return {numbers[way]: True}
    if kind == "some" and len(numbers) <= EVERY_SUBSET_OF:
        return {number: bool(way >> i & 1) for i, number in enumerate(numbers)}
    if kind == "some":
        likely = chance.choice((0.1, 0.5, 0.9))
        return {number: chance.random() < likely for number in numbers}
    sector_bytes = 512 if kind == "torn 512" or (kind == "junk" and chance.random() < 0.5) else 4096
    likely, junk = chance.choice((0.2, 0.5, 0.8, 0.95)), f"{seed}/{way}" if kind == "junk" else ""
    drawn: dict[int, Fate] = {}
    for number, op in disk.pending.items():
        if isinstance(op, Write):
            touched = range(op.offset // sector_bytes, -(-(op.offset + len(op.data)) // sector_bytes))
            kept = frozenset(sector for sector in touched if chance.random() < likely)
            drawn[number] = Torn(sector_bytes, kept, junk and f"{junk}/{number}")
        else:
            drawn[number] = chance.random() < likely
    return drawn


# --- recording ------------------------------------------------------------------------------------


class Recorder:
    """All that is written below `folder` while `recording`, in order; -shm files and sockets are left out."""

    def __init__(self, folder: Path) -> None:
        self.folder = os.path.realpath(folder)
        self.done: list[Operation] = []
        self._names: dict[str, int] = {}
        self._files = 0
        self._called: dict[int, str] = {}  # the name under which each file was made
        self._open: dict[int, tuple[str, int]] = {}  # by descriptor: name and file, 0 for a folder

    @property
    def now(self) -> int:
        """How many operations there have been."""
        return len(self.done)

    def ours(self, name: str) -> bool:
        return name.startswith(self.folder + "/") and not name.endswith("-shm")

    def is_of(self, done: Operation, database: str) -> bool:
        """Whether an operation is one of a database: of its file, its log or its journal."""
        if isinstance(done, Write | Resize | Sync):
            return self._called.get(done.file) in (database, f"{database}-wal", f"{database}-journal")
        return False

    @contextmanager
    def recording(self) -> Iterator[Recorder]:
        """While this lasts, every database this process opens goes through the recorder. One at a time."""
        before = apsw.vfs_names()[0]
        vfs = _Vfs(self)
        try:
            with mock.patch.multiple(os, **self._system()):
                yield self
        finally:
            apsw.set_default_vfs(before)
            vfs.unregister()

    # --- what is told it

    def opened(self, name: str, *, new: bool) -> int:
        """A file was opened; its number. `new`: there was none of that name."""
        if new or name not in self._names:
            self._files += 1
            self._names[name] = self._files
            self._called[self._files] = name
            self.done.append(Name(name, self._files))
        return self._names[name]

    def wrote(self, file: int, offset: int, data: bytes) -> None:
        self.done.append(Write(file, offset, bytes(data)))

    def resized(self, file: int, size: int) -> None:
        self.done.append(Resize(file, size))

    def synced(self, file: int, name: str = "") -> None:
        self.done.append(Sync(file, name))

    def deleted(self, name: str, *, for_sure: bool) -> None:
        if self._names.pop(name, None) is not None:
            self.done.append(Name(name, None))
            if for_sure:
                self.done.append(SyncFolder(os.path.dirname(name)))

    def renamed(self, old: str, new: str) -> None:
        file = self._names.pop(old, None)
        if file is not None:
            self._names[new] = file
            self.done += (Name(new, file), Name(old, None))

    # --- plain files

    def _system(self) -> dict[str, Any]:
        """The calls of `os` by which a plain file is written, noting what is ours."""
        real = {
            name: getattr(os, name)
            for name in ("open", "close", "write", "pwrite", "ftruncate", "fsync", "unlink", "replace")
        }

        def opening(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
            name = os.path.realpath(path) if isinstance(path, str | os.PathLike) else ""
            there = os.path.exists(name)
            handle: int = real["open"](path, flags, mode, dir_fd=dir_fd)
            if name == self.folder or self.ours(name):
                if os.path.isdir(name):
                    self._open[handle] = (name, 0)
                elif flags & (os.O_WRONLY | os.O_RDWR):
                    self._open[handle] = (name, self.opened(name, new=not there))
                    if there and flags & os.O_TRUNC:
                        self.resized(self._open[handle][1], 0)
            return handle

        def closing(handle: int) -> None:
            self._open.pop(handle, None)
            real["close"](handle)

        def writing(handle: int, data: Any) -> int:
            offset = os.lseek(handle, 0, os.SEEK_CUR) if handle in self._open else 0
            count: int = real["write"](handle, data)
            if handle in self._open:
                self.wrote(self._open[handle][1], offset, bytes(data)[:count])
            return count

        def writing_at(handle: int, data: Any, offset: int) -> int:
            count: int = real["pwrite"](handle, data, offset)
            if handle in self._open:
                self.wrote(self._open[handle][1], offset, bytes(data)[:count])
            return count

        def cutting(handle: int, length: int) -> None:
            real["ftruncate"](handle, length)
            if handle in self._open:
                self.resized(self._open[handle][1], length)

        def syncing(handle: int) -> None:
            real["fsync"](handle)
            name, file = self._open.get(handle, ("", 0))
            if file:
                self.synced(file)
            elif name:
                self.done.append(SyncFolder(name))

        def removing(path: Any, *, dir_fd: int | None = None) -> None:
            real["unlink"](path, dir_fd=dir_fd)
            self.deleted(os.path.realpath(path), for_sure=False)

        def replacing(src: Any, dst: Any) -> None:
            real["replace"](src, dst)
            self.renamed(os.path.realpath(src), os.path.realpath(dst))

        return {
            "open": opening,
            "close": closing,
            "write": writing,
            "pwrite": writing_at,
            "ftruncate": cutting,
            "fsync": syncing,
            "fdatasync": syncing,
            "unlink": removing,
            "replace": replacing,
            "rename": replacing,
        }


class _Vfs(apsw.VFS):
    """The system's VFS, with the recorder reading along. The default one while it is there."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        super().__init__(VFS_NAME, "unix", makedefault=True)

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        if path is None or not self._recorder.ours(os.path.realpath(path)):
            return apsw.VFSFile("unix", name, flags)
        return _File(self._recorder, os.path.realpath(path), name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        super().xDelete(filename, syncdir)
        if self._recorder.ours(os.path.realpath(filename)):
            self._recorder.deleted(os.path.realpath(filename), for_sure=syncdir)


class _File(apsw.VFSFile):
    def __init__(self, recorder: Recorder, path: str, name: Any, flags: list[int]) -> None:
        new = not os.path.exists(path)
        super().__init__("unix", name, flags)
        self._recorder = recorder
        self._file = recorder.opened(path, new=new)
        # unixOpen: the first sync of a journal or log that may have been made here syncs its folder too
        is_journal = flags[0] & (apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_WAL)
        self._name = path if is_journal and flags[0] & apsw.SQLITE_OPEN_CREATE else ""

    def xWrite(self, data: bytes, offset: int) -> None:
        super().xWrite(data, offset)
        self._recorder.wrote(self._file, offset, data)

    def xTruncate(self, newsize: int) -> None:
        super().xTruncate(newsize)
        self._recorder.resized(self._file, newsize)

    def xSync(self, flags: int) -> None:
        super().xSync(flags)
        self._recorder.synced(self._file, self._name)
        self._name = ""
