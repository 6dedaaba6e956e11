"""Our own private journal: drafts, releases, attempts (docs/architecture.md). Never sent.

Append-only and chained: each event carries the hash of the one before it and of itself, so that a page
taken out is seen. A draft is the event that wrote it; what became of it are later events that name it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

import apsw

from parley.core import suite
from parley.core.errors import LocalError
from parley.core.types import Seconds
from parley.core.wire import cbor

Detail: TypeAlias = "dict[str, str | int | None]"
VERSION = 1


class Happened(StrEnum):
    """What the journal tells apart."""

    DRAFT = "draft"
    RELEASED = "released"
    WITHDRAWN = "withdrawn"
    CALLED = "called"
    ANSWERED = "answered"
    REKEYED = "rekeyed"
    WATCH = "watch"
    SIGNED = "signed"
    ALARM = "alarm"
    STARTED = "started"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the journal. `officer`: the log-in name, empty for the end itself. `draft`: the id of
    the draft it is about, 0 for none; a draft's own id is its event's."""

    id: int
    at: Seconds
    what: Happened
    officer: str
    line: bytes
    draft: int
    detail: Detail


class WatchLog:
    """The journal of one end."""

    def __init__(self, path: Path, *, sync: bool = True) -> None:
        try:
            self._db = apsw.Connection(str(path))
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute(f"PRAGMA synchronous={'FULL' if sync else 'OFF'}")
            version = self._db.execute("PRAGMA user_version").fetchone()
            if version and isinstance(version[0], int) and version[0] > VERSION:
                raise LocalError(
                    "the watch log is newer than this program knows", "install the newer program"
                )
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL,"
                " what TEXT NOT NULL, officer TEXT NOT NULL, line BLOB NOT NULL, draft INTEGER NOT NULL,"
                " detail TEXT NOT NULL, chain BLOB NOT NULL) STRICT"
            )
            self._db.execute("CREATE INDEX IF NOT EXISTS events_draft ON events (draft) WHERE draft > 0")
            if version != (VERSION,):  # or every reading command would write, and wait for the disk
                self._db.execute(f"PRAGMA user_version={VERSION}")
        except apsw.Error as e:
            raise LocalError(
                f"the watch log cannot be opened: {e}", "check the disk and its permissions"
            ) from None

    def close(self) -> None:
        self._db.close()

    def note(
        self,
        at: Seconds,
        what: Happened,
        officer: str = "",
        line: bytes = b"",
        draft: int = 0,
        **detail: str | int | None,
    ) -> int:
        """One more event; gives its id. Raises LocalError when the disk refuses."""
        words = json.dumps(detail, ensure_ascii=False, sort_keys=True)
        try:
            with self._db:
                row = self._db.execute("SELECT chain FROM events ORDER BY id DESC LIMIT 1").fetchone()
                before = bytes(row[0]) if row and isinstance(row[0], bytes) else bytes(32)
                chain = _link(before, at, what, officer, line, draft, words)
                self._db.execute(
                    "INSERT INTO events (at, what, officer, line, draft, detail, chain) VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (at, what, officer, line, draft, words, chain),
                )
        except apsw.Error as e:
            raise LocalError(
                f"the watch log cannot be written: {e}",
                "check the disk; look before you repeat: parley status",
            ) from None
        return self._db.last_insert_rowid()

    def event(self, event_id: int) -> Event | None:
        return next(self._events("WHERE id = ?", (event_id,)), None)

    def of_draft(self, draft: int) -> tuple[Event, ...]:
        """What became of a draft, in order."""
        return tuple(self._events("WHERE draft = ? ORDER BY id", (draft,)))

    def drafts(self) -> tuple[Event, ...]:
        """The drafts that wait for a release: written, neither released nor withdrawn."""
        return tuple(
            self._events(
                "WHERE what = 'draft' AND NOT EXISTS (SELECT 1 FROM events later WHERE later.draft = events.id"
                " AND later.what IN ('released', 'withdrawn')) ORDER BY id",
                (),
            )
        )

    def latest(self, most: int) -> tuple[Event, ...]:
        """The latest events, newest first."""
        return tuple(self._events("ORDER BY id DESC LIMIT ?", (most,)))

    def broken_at(self) -> int | None:
        """The id of the first event whose chain does not hold, or None when the journal is whole."""
        before, expected = bytes(32), 1
        for row in self._db.execute(
            "SELECT id, at, what, officer, line, draft, detail, chain FROM events ORDER BY id"
        ):
            event_id, at, what, officer, line, draft, words, chain = row
            if event_id != expected or chain != _link(before, at, what, officer, line, draft, words):
                return int(event_id)
            before, expected = bytes(chain), expected + 1
        return None

    def _events(self, where: str, values: tuple[int | str, ...]) -> Iterator[Event]:
        for row in self._db.execute(
            f"SELECT id, at, what, officer, line, draft, detail FROM events {where}", values
        ):
            event_id, at, what, officer, line, draft, words = row
            yield Event(event_id, at, Happened(what), officer, line, draft, json.loads(words))


def _link(before: bytes, at: int, what: str, officer: str, line: bytes, draft: int, words: str) -> bytes:
    return suite.sha256(cbor.encode((before, at, str(what), officer, line, draft, words)))
