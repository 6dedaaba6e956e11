"""An end's home on disk: one process holds it, and a copy of it refuses to start (spec 3.6).

A home is bound to the place it was made in: the file `home.json` remembers its own inode, those of the
record and the keys, and the machine. A copy has other inodes, a back-up put back on another machine another
machine id; either would be a second end that signs as the first, so both refuse and say why. What is rebuilt from a
back-up gets a new incarnation (not built yet); until then a lost end is paired anew.

A file overwritten in place, and a snapshot of a whole virtual machine, cannot be told from the machine by
anything inside it; there the peer's receipts, which cover more than we have, are what shows it.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from parley.core import suite
from parley.core.errors import LocalError, RemoteError
from parley.core.record import Tree, leaf_hash
from parley.core.types import written
from parley.core.wire import entry as wire
from parley.keys import Cost, KeyRoom, write_private
from parley.store import Store
from parley.watch_log import WatchLog

FORMAT = "parley-home/1"
SMALL_FILE_BYTES_MAX = 1 << 20  # of every file of a home but the three that grow
DATABASES = ("record.db", "keys.db", "watch.db")
_MACHINE_ID = Path("/etc/machine-id")


class Home:
    """The open home of one end: its keys, record and watch log, under the lock."""

    def __init__(self, path: Path, party: str, lock: int, keys: KeyRoom, *, sync: bool) -> None:
        self.path, self.party, self.keys = path, party, keys
        self._lock = lock
        self.store = Store(path / "record.db", sync=sync)
        self.watch_log = WatchLog(path / "watch.db", sync=sync)

    @classmethod
    def create(
        cls,
        path: Path,
        *,
        party: str,
        passphrase: str,
        root_passphrase: str,
        cost: Cost | None = None,
        sync: bool = True,
    ) -> Home:
        """A new home at `path`, which must not exist or be empty. Raises LocalError."""
        party = written("party name", party, 64)
        if not party:
            raise LocalError("a party needs a name", 'for example: parley init --party "North"')
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            if (path / "home.json").exists():
                raise LocalError(f"{path} is the home of an end already", "choose another place")
            raise LocalError(
                f"{path} is not empty",
                "choose another place; if an init was interrupted here, delete the folder",
            )
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.chmod(path, 0o700)
            lock = _lock(path, wait_s=0)
            keys = KeyRoom.create(path, passphrase, root_passphrase, cost or Cost(), sync=sync)
            made = cls(path, party, lock, keys, sync=sync)
            _bind(path, party)  # last: a home without it was interrupted in the making
        except OSError as e:
            raise LocalError(
                f"{path} cannot be made: {e.strerror}", "check the path and its permissions"
            ) from None
        return made

    @classmethod
    def open(cls, path: Path, passphrase: str, *, sync: bool = True, wait_s: float = 0.0) -> Home:
        """The home at `path`, once no other process holds it (waits up to `wait_s` seconds).

        Raises LocalError when it is no home, a copy, in use, or the passphrase is wrong.
        """
        party = check_binding(path)
        lock = _lock(path, wait_s)
        try:
            keys = KeyRoom.open(path, passphrase, sync=sync)
            return cls(path, party, lock, keys, sync=sync)
        except BaseException:
            os.close(lock)
            raise

    def close(self) -> None:
        """Closes all and lets the home go."""
        self.keys.close()
        self.store.close()
        self.watch_log.close()
        os.close(self._lock)


def check_binding(path: Path) -> str:
    """The party's name, if `path` is a home in the place it was made in. Raises LocalError."""
    file = path / "home.json"
    _check_files(path)
    try:
        with file.open("rb") as f:
            inode, found = os.fstat(f.fileno()).st_ino, json.loads(f.read())
        kind, party, bound = found["format"], found["party"], found["binding"]
    except OSError:
        raise LocalError(f"{path} is not the home of an end", "make one with: parley init") from None
    except (ValueError, KeyError, TypeError):
        raise LocalError(f"{file} is damaged", "put back this one file from a back-up taken here") from None
    if not isinstance(party, str) or not isinstance(bound, dict):
        raise LocalError(f"{file} is damaged", "put back this one file from a back-up taken here")
    if kind != FORMAT:
        raise LocalError(f"{path} is of another version ({kind})", "use the program that made it")
    if bound.get("inode") != inode or bound.get("machine") != _machine():
        raise LocalError(
            f"{path} is a copy: this home was made on another disk or machine",
            "two ends with one key would contradict each other; start the original, or pair a new end",
        )
    files = bound.get("files", {})
    if not isinstance(files, dict) or not all(isinstance(name, str) and "\0" not in name for name in files):
        raise LocalError(f"{file} is damaged", "put back this one file from a back-up taken here")
    for name, number in files.items():
        if not (path / name).exists() or (path / name).stat().st_ino != number:
            raise LocalError(
                f"{path / name} is not the file this home was made with: it was put back from a copy",
                "an end put back to an earlier state would sign a second time where it has signed; pair a new end",
            )
    for name in DATABASES:
        if not (path / name).exists() or not (path / name).stat().st_size:
            raise LocalError(
                f"{path / name} is missing or empty: this end would go on without what was in it",
                "find out what took it; nothing else was changed",
            )
    return party


def damage(path: Path) -> str:
    """What is wrong with the files of a home that opens and then fails, in a sentence; empty for nothing that
    can be seen. For whoever has met a failure: it reads everything. An entry changed into another that can be
    read is seen by its root; what is changed with its root is seen by the peer alone."""
    for name in DATABASES:
        try:
            for sentence in _damage_of(path / name):
                return f"{path / name} is damaged: {sentence}"
        except sqlite3.Error as e:
            return f"{path / name} is damaged: {e}"
    return ""


def _damage_of(file: Path) -> Iterator[str]:
    db = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)
    try:
        (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            yield str(found).split("\n")[-1]
        if file.name == "record.db":
            yield from _damage_of_record(db)
        if file.name == "watch.db":
            for event_id, words in db.execute("SELECT id, detail FROM events ORDER BY id"):
                try:
                    json.loads(words)
                except ValueError:
                    yield f"event {event_id} of the journal cannot be read"
    finally:
        db.close()


def _damage_of_record(db: sqlite3.Connection) -> Iterator[str]:
    """Entries that cannot be read, and logs whose roots are not those that were kept beside them."""
    kept = {
        (line, party, size): root
        for line, party, size, root in db.execute("SELECT line, party, size, root FROM roots")
    }
    trees: dict[tuple[bytes, int], Tree] = {}
    rows = db.execute("SELECT line, party, sequence, entry, body FROM entries ORDER BY line, party, sequence")
    for line, party, sequence, entry, body in rows:
        where = f"entry {sequence} of one log"
        try:
            wire.decode_payload(wire.decode_entry(entry).signed.payload)
            if body is not None:
                wire.decode_body(body)
        except (RemoteError, TypeError):
            yield f"{where} cannot be read"
        tree = trees.get((line, party), Tree())
        if tree.size == sequence:
            trees[line, party] = tree = tree.extended(leaf_hash(entry))
            if kept.get((line, party, tree.size)) != tree.root:
                yield f"{where} is not the one that was recorded"
    (pairs,) = db.execute("SELECT count(*) FROM pairs").fetchone()
    if trees and not pairs:
        yield "it has entries, and no pair they are of"


def _check_files(path: Path) -> None:
    """Whether what is to be read as a file is one, and of a size that can be read. Raises LocalError."""
    small = ("home.json", "home.key", "root.key", "keys.wrap", "parley.toml")
    try:
        officers = sorted((path / "officers").glob("*.json"))
    except OSError:
        officers = []
    for file in (*(path / name for name in (*small, *DATABASES)), *officers):
        try:
            found = file.stat()
        except (FileNotFoundError, NotADirectoryError):
            continue  # whoever needs it says so
        except OSError as e:
            raise LocalError(f"{file} cannot be read: {e.strerror}", "look what lies there") from None
        if not stat.S_ISREG(found.st_mode):
            raise LocalError(f"{file} is not a file", "look what lies there, and put the file back")
        if file.name not in DATABASES and found.st_size > SMALL_FILE_BYTES_MAX:
            raise LocalError(f"{file} is too large to be what it is called", "look what lies there")


def _bind(path: Path, party: str) -> None:
    file = path / "home.json"
    write_private(file, b"")
    document = {
        "format": FORMAT,
        "party": party,
        "binding": {
            "inode": file.stat().st_ino,
            "machine": _machine(),
            "files": {name: (path / name).stat().st_ino for name in ("record.db", "keys.db")},
        },
    }
    with file.open("r+b") as f:  # the same file: its inode is what binds
        f.write(json.dumps(document, ensure_ascii=False, indent=1).encode())
        f.flush()
        os.fsync(f.fileno())


def _machine() -> str:
    try:
        words = _MACHINE_ID.read_bytes().strip()
    except OSError:
        words = b""
    return suite.sha256(b"parley/machine/1" + words).hex()[:32]


def _lock(path: Path, wait_s: float) -> int:
    try:
        handle = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as e:
        raise LocalError(f"{path} cannot be locked: {e.strerror}", "check its permissions") from None
    deadline = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return handle
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(handle)
                raise LocalError(
                    f"another process holds {path}", "one process holds a home; use the running node"
                ) from None
            time.sleep(0.02)
