"""The disk of each end: it fills up, fails, and at a power cut loses what was not synced.

SQLite is given a file system of ours (an apsw VFS) that writes through to real files and keeps count of what
it was asked for. So a full disk is an append that finds no room, in the middle of a real commit; a failing one
is a write that gives an error; and what a power cut leaves depends on the fsyncs that the product really asked
for, not on what it was meant to ask for.

A kill leaves all that was written. A power cut leaves, of the writes since the last fsync of a file, any
part, in any order, the last perhaps torn. Only SQLite's files are here; the few others an end writes (keys
under a passphrase) are made whole or not at all.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import apsw

FILES: Final = ("record.db", "keys.db", "watch.db")
_NAME: Final = "parley-simulated"
_OPENED: Final = "unix"


@dataclass(frozen=True, slots=True)
class _Write:
    """One change of a file. `new` None: the file was cut off at `offset`."""

    path: str
    offset: int
    old: bytes
    old_size: int
    new: bytes | None

    def undo(self, image: bytearray) -> None:
        image[self.offset : self.offset + len(self.new or b"")] = self.old
        del image[self.old_size :]

    def do(self, image: bytearray, part: int | None = None) -> None:
        if self.new is None:
            del image[self.offset :]
            return
        new = self.new if part is None else self.new[:part]
        if len(image) < self.offset:
            image += bytes(self.offset - len(image))
        image[self.offset : self.offset + len(new)] = new


@dataclass(slots=True)
class Disk:
    """The SQLite files of one home."""

    refused: Callable[[str], None]  # told "full" or "failed", each time a write is refused
    images: dict[str, bytearray] = field(default_factory=dict)  # by path, as the files are now
    full: frozenset[str] = frozenset()  # of FILES: which find no room to grow
    failing: frozenset[str] = frozenset()  # which give an error on every write
    _unsynced: list[_Write] = field(default_factory=list)
    _in_turn: list[_Write] = field(default_factory=list)
    _dying: bool = False

    def begin_turn(self) -> None:
        """What is written from here on can be torn by a kill in the commit."""
        self._in_turn.clear()

    def well(self) -> None:
        self.full = self.failing = frozenset()

    def kill(
        self, close: Callable[[], None], chance: random.Random, *, in_commit: bool, power_cut: bool
    ) -> bool:
        """Closes by `close` and leaves the files as the kill left them; whether unsynced writes were lost.

        `in_commit`: the last turn's writes to the record are cut at some point, with all that came after.
        """
        left = {path: bytearray(image) for path, image in self.images.items()}
        torn = self._cut_commit(left, chance) if in_commit else set()
        lost = power_cut and self._lose(left, chance, torn)
        self._dying = True
        close()
        self._dying = False
        for path, image in left.items():
            write_over(Path(path), bytes(image))
        for path in self.images.keys() - left.keys():
            Path(path).unlink(missing_ok=True)
        for path in left:
            Path(path + "-shm").unlink(missing_ok=True)
        self.images = left
        self._in_turn.clear()
        if power_cut:
            self._unsynced.clear()
        return lost

    def _cut_commit(self, left: dict[str, bytearray], chance: random.Random) -> set[int]:
        """The ids of the writes before the cut that the turn's own fsync, which never came, does not cover."""
        ours = [i for i, write in enumerate(self._in_turn) if _file_of(write.path) == "record.db"]
        if not ours:
            return set()
        at = chance.choice(ours)
        for write in reversed(self._in_turn[at:]):
            if write.path in left:
                write.undo(left[write.path])
        last = self._in_turn[at]
        if last.new and last.path in left:
            last.do(left[last.path], chance.randrange(len(last.new)))
        undone = {id(write) for write in self._in_turn[at:]}
        self._unsynced = [write for write in self._unsynced if id(write) not in undone]
        return {id(self._in_turn[i]) for i in ours if i < at}

    def _lose(self, left: dict[str, bytearray], chance: random.Random, torn: set[int]) -> bool:
        """Of what was not synced any part stays."""
        known = {id(write) for write in self._unsynced}
        at_risk = [*self._unsynced, *(w for w in self._in_turn if id(w) in torn and id(w) not in known)]
        at_risk = [write for write in at_risk if write.path in left]
        for write in reversed(at_risk):
            write.undo(left[write.path])
        share, lost = chance.choice((0.0, 0.5, 0.9, 1.0)), False
        for write in at_risk:
            if chance.random() < share:
                write.do(left[write.path])
            else:
                lost = True
                if write.new and chance.random() < 0.2:
                    write.do(left[write.path], chance.randrange(len(write.new)))
        return lost

    # --- what SQLite asks for

    def opened(self, path: str) -> None:
        now = Path(path).read_bytes()
        if path not in self.images or bytes(self.images[path]) != now:
            self.images[path] = bytearray(now)
            self._unsynced = [write for write in self._unsynced if write.path != path]

    def check(self, path: str, end: int) -> None:
        """Raises apsw's FullError or IOError when the disk does not take a write up to `end`."""
        if self._dying:
            return
        file = _file_of(path)
        if file in self.failing:
            self.refused("failed")
            raise apsw.IOError("the disk failed: simulated")
        if file in self.full and end > len(self.images[path]):
            self.refused("full")
            raise apsw.FullError("the disk is full: simulated")

    def wrote(self, path: str, offset: int, new: bytes) -> None:
        image = self.images[path]
        self._note(_Write(path, offset, bytes(image[offset : offset + len(new)]), len(image), new))

    def cut_off(self, path: str, size: int) -> None:
        image = self.images[path]
        self._note(_Write(path, size, bytes(image[size:]), len(image), None))

    def synced(self, path: str) -> None:
        self._unsynced = [write for write in self._unsynced if write.path != path]

    def deleted(self, path: str) -> None:
        if not self._dying:
            self.images.pop(path, None)
            self._unsynced = [write for write in self._unsynced if write.path != path]

    def _note(self, write: _Write) -> None:
        if not self._dying:
            write.do(self.images[write.path])
            self._unsynced.append(write)
            self._in_turn.append(write)


def write_over(path: Path, data: bytes) -> None:
    """New contents in the same file: a home knows its files by their inodes."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, data, 0)
    finally:
        os.close(handle)


def _file_of(path: str) -> str:
    return os.path.basename(path).removesuffix("-wal").removesuffix("-journal")


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, path: str, name: str | apsw.URIFilename, flags: list[int]) -> None:
        super().__init__(_OPENED, name, flags)
        self._disk, self._path = disk, path
        disk.opened(path)

    def xWrite(self, data: bytes, offset: int) -> None:
        new = bytes(data)
        self._disk.check(self._path, offset + len(new))
        super().xWrite(new, offset)
        self._disk.wrote(self._path, offset, new)

    def xTruncate(self, newsize: int) -> None:
        super().xTruncate(newsize)
        self._disk.cut_off(self._path, newsize)

    def xSync(self, flags: int) -> None:
        self._disk.synced(self._path)  # it is memory; the real file needs none


class _FileSystem(apsw.VFS):
    def __init__(self, disks: dict[str, Disk]) -> None:
        super().__init__(_NAME, _OPENED)
        self._disks = disks

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        disk = self._disks.get(os.path.dirname(path)) if path else None
        if disk is None or path is None or name is None:
            return apsw.VFSFile(_OPENED, name, flags)
        return _File(disk, path, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        super().xDelete(filename, syncdir)
        disk = self._disks.get(os.path.dirname(filename))
        if disk is not None:
            disk.deleted(filename)


@contextmanager
def simulated_disks() -> Iterator[dict[str, Disk]]:
    """While it lasts every SQLite file in a folder named in the dictionary lies on that disk."""
    disks: dict[str, Disk] = {}
    system = _FileSystem(disks)
    apsw.set_default_vfs(_NAME)
    try:
        yield disks
    finally:
        apsw.set_default_vfs(_OPENED)
        system.unregister()
