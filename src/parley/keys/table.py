"""The table of secrets: sealed under a wrapping key that is overwritten, so that erasing reaches the disk.

A database leaves what it deletes lying about: in its log of changes, in freed pages. So the secrets are sealed under
a *wrapping key* that lies apart, in the file `keys.wrap`, itself sealed under the home key. At an *erasure
point* everything still needed is sealed anew under a fresh wrapping key, and the old one is overwritten in place:
whatever the database left behind is then noise (spec 14.4).

`keys.wrap` has two slots, a block apart. The next key is written into the free slot and is on the disk before the
table says that it counts; only then the other slot is overwritten. A crash anywhere leaves a slot that opens the
table, and the next start finishes the overwriting.

What no program can promise: that a disk writes in place. Flash moves blocks, some file systems copy on write;
there the file should lie on a medium that does not, see docs/attacks.md.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from parley.core.errors import LocalError
from parley.keys import chance
from parley.keys.at_rest import write_private

VERSION = 2
SLOT_APART = 4096
_SLOT_BYTES = 12 + 32 + 16
_WRAPPING = b"parley/wrapping-key/1"
_SCHEMA = """
    CREATE TABLE secrets (name TEXT PRIMARY KEY, sealed BLOB NOT NULL) STRICT, WITHOUT ROWID;
"""
_SCHEMA_2 = "CREATE TABLE wrapping (slot INTEGER NOT NULL) STRICT;"


class SecretTable:
    """The secrets of one end by name. One process at a time; the home's lock sees to that."""

    def __init__(self, home: Path, home_key: bytes, *, sync: bool = True) -> None:
        self._home = AESGCMSIV(home_key)
        self._file = home / "keys.wrap"
        self._sync, self._at_once = ("FULL" if sync else "OFF"), True
        self._fsync = sync
        try:
            self._db = apsw.Connection(str(home / "keys.db"), flags=apsw.SQLITE_OPEN_READWRITE)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute(f"PRAGMA synchronous={self._sync}")
            self._db.execute("PRAGMA secure_delete=ON")
            version = self._db.pragma("user_version")
            if version > VERSION:
                raise LocalError(
                    f"the table of secrets is of version {version}, newer than this program knows ({VERSION})",
                    "install the newer program; nothing was changed",
                )
            if version < VERSION:
                self._to_version_2()
            (self._slot,) = next(self._db.execute("SELECT slot FROM wrapping"))
        except (apsw.Error, StopIteration) as e:
            raise refused(e) from None
        self._aead = AESGCMSIV(self._read_slot(self._slot))
        self._overwrite(1 - self._slot, chance.draw(_SLOT_BYTES))  # what a crash may have left undone

    @classmethod
    def create(cls, home: Path, home_key: bytes, secrets: dict[str, bytes]) -> None:
        """A new table with its first secrets. Raises FileExistsError, or LocalError for a disk that refuses."""
        database, key = home / "keys.db", chance.draw(32)
        os.close(os.open(database, os.O_CREAT | os.O_EXCL, 0o600))
        slot = _seal(AESGCMSIV(home_key), _WRAPPING, key)
        write_private(home / "keys.wrap", slot.ljust(SLOT_APART, b"\0") + chance.draw(SLOT_APART))
        try:
            db = apsw.Connection(str(database))
            with db:
                db.execute(_SCHEMA + _SCHEMA_2)
                db.execute("INSERT INTO wrapping VALUES (0)")
                db.executemany(
                    "INSERT INTO secrets VALUES (?, ?)",
                    [(name, _seal(AESGCMSIV(key), name.encode(), one)) for name, one in secrets.items()],
                )
                db.execute(f"PRAGMA user_version={VERSION}")
            db.close()
        except apsw.Error as e:
            raise refused(e) from None

    def close(self) -> None:
        self._db.close()

    # --- reading and writing

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Several changes as one, on the disk when this returns."""
        try:
            self._wait_for_disk(True)
            with self._db:
                yield
        except apsw.Error as e:
            raise refused(e) from None

    def get(self, name: str) -> bytes | None:
        """The secret kept under `name`, or None. Raises LocalError if it is of another end."""
        row = self._db.execute("SELECT sealed FROM secrets WHERE name = ?", (name,)).fetchone()
        if row is None:
            return None
        assert isinstance(row[0], bytes)
        return _open(self._aead, name.encode(), row[0])

    def names(self, beginning: str) -> list[str]:
        """The names that begin so, in order."""
        rows = self._db.execute(
            "SELECT name FROM secrets WHERE substr(name, 1, ?) = ? ORDER BY name", (len(beginning), beginning)
        )
        return [str(name) for (name,) in rows]

    def put(self, name: str, secret: bytes, *, at_once: bool = True) -> None:
        """Keeps `secret` under `name`, over what was there; on the disk when this returns, or, not
        `at_once`, with the next that is. Raises LocalError when the disk refuses."""
        try:
            if not self._db.in_transaction:
                self._wait_for_disk(at_once)
            self._db.execute(
                "INSERT INTO secrets VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET sealed = ?2",
                (name, _seal(self._aead, name.encode(), secret)),
            )
        except apsw.Error as e:
            raise refused(e) from None

    def drop(self, name: str) -> None:
        """Takes out what is kept under `name`; an erasure point makes that final."""
        try:
            self._db.execute("DELETE FROM secrets WHERE name = ?", (name,))
        except apsw.Error as e:
            raise refused(e) from None

    def _wait_for_disk(self, at_once: bool) -> None:
        """Whether the next commit waits for the disk; not to be changed within one."""
        if at_once is not self._at_once and self._sync == "FULL":
            self._db.execute(f"PRAGMA synchronous={'FULL' if at_once else 'NORMAL'}")
            self._at_once = at_once

    # --- erasing

    def erase(self) -> None:
        """An erasure point: nothing dropped or written over before can be had from the disk after this.
        Raises LocalError when the disk refuses; what was erased before stays so."""
        key, slot = chance.draw(32), 1 - self._slot
        self._overwrite(slot, _seal(self._home, _WRAPPING, key))
        fresh = AESGCMSIV(key)
        with self.turn():
            self._seal_anew(self._aead, fresh)
            self._db.execute("UPDATE wrapping SET slot = ?", (slot,))
        self._aead, self._slot = fresh, slot
        self._overwrite(1 - slot, chance.draw(_SLOT_BYTES))

    def _seal_anew(self, old: AESGCMSIV, fresh: AESGCMSIV) -> None:
        for name, sealed in self._db.execute("SELECT name, sealed FROM secrets").fetchall():
            assert isinstance(name, str) and isinstance(sealed, bytes)
            again = _seal(fresh, name.encode(), _open(old, name.encode(), sealed))
            self._db.execute("UPDATE secrets SET sealed = ? WHERE name = ?", (again, name))

    def _read_slot(self, slot: int) -> bytes:
        try:
            with self._file.open("rb") as file:
                file.seek(slot * SLOT_APART)
                return _open(self._home, _WRAPPING, file.read(_SLOT_BYTES))
        except OSError as e:
            raise LocalError(
                f"{self._file} cannot be read: {e.strerror}",
                "without it the keys cannot be opened: pair a new end",
            ) from None

    def _overwrite(self, slot: int, data: bytes) -> None:
        try:
            handle = os.open(self._file, os.O_WRONLY)
            try:
                os.pwrite(handle, data, slot * SLOT_APART)
                if self._fsync:
                    os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as e:
            raise LocalError(f"{self._file} cannot be written: {e.strerror}", "check the disk") from None

    def _to_version_2(self) -> None:
        """Version 1 sealed everything under the home key itself. Its chains of keys had one epoch; what a later
        hash-only epoch would come from was not kept, so such a line ends with its last counter."""
        if self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'secrets'").fetchone() is None:
            raise LocalError(
                "the table of secrets is empty", "an init was interrupted here: delete the folder"
            )
        key = chance.draw(32)
        slots = _seal(self._home, _WRAPPING, key).ljust(SLOT_APART, b"\0") + chance.draw(SLOT_APART)
        self._file.unlink(missing_ok=True)  # of a migration that was interrupted
        write_private(self._file, slots)
        with self._db:
            self._seal_anew(self._home, AESGCMSIV(key))
            self._db.execute(_SCHEMA_2)
            self._db.execute("INSERT INTO wrapping VALUES (0)")
            self._db.execute(f"PRAGMA user_version={VERSION}")


def refused(error: Exception) -> LocalError:
    """What a database error means to the person at the end."""
    if isinstance(error, apsw.FullError):
        return LocalError("the disk is full: keys cannot be kept", "free some space")
    return LocalError(f"the table of secrets cannot be used: {error}", "check the disk and its permissions")


def _seal(aead: AESGCMSIV, name: bytes, secret: bytes) -> bytes:
    nonce = chance.draw(12)
    return nonce + aead.encrypt(nonce, secret, name)


def _open(aead: AESGCMSIV, name: bytes, sealed: bytes) -> bytes:
    try:
        return aead.decrypt(sealed[:12], sealed[12:], name)
    except (InvalidTag, ValueError):
        raise LocalError(
            "the table of secrets is damaged, put back from a copy, or of another end", "pair a new end"
        ) from None
