"""Our own private journal: drafts, releases, attempts, who read what (docs/architecture.md). Never sent.

Append-only and chained: each event carries the hash of the one before it and of itself, so that a page
taken out is seen. A draft has the id of the event that began it; what became of it are later events that name it.

What is typed is not in the chain: a chain that grew by every keystroke would be nothing to read, and what was typed
and deleted again is nobody's affair. It lies beside it, in the table `working`, one row for each draft that is
neither released nor withdrawn. The chain has what was *offered* for release, whole: the body, by whom, why.

Two things are written without waiting for the disk: keystrokes, and who read what. A power cut may take the last of
them; it takes nothing else, because the next event that waits for the disk waits for them too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

import apsw

from parley.core import suite
from parley.core.errors import LocalError, Sentence
from parley.core.types import Seconds
from parley.core.wire import cbor

Detail: TypeAlias = "dict[str, str | int | None]"

# What each version of the file adds to the one before it.
SCHEMA = (
    """
    CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL,
        what TEXT NOT NULL, officer TEXT NOT NULL, line BLOB NOT NULL, draft INTEGER NOT NULL,
        detail TEXT NOT NULL, chain BLOB NOT NULL) STRICT;
    CREATE INDEX IF NOT EXISTS events_draft ON events (draft) WHERE draft > 0;
    """,
    # version 2: drafts while they are written, who read what, and the ways to the latest of some kinds.
    # `fields` is NULL for a draft offered as it was begun, and never edited since.
    """
    CREATE TABLE working (draft INTEGER PRIMARY KEY, saved_at INTEGER NOT NULL, fields TEXT) STRICT;
    INSERT INTO working SELECT id, at, NULL FROM events WHERE what = 'draft' AND NOT EXISTS (
        SELECT 1 FROM events later WHERE later.draft = events.id AND later.draft > 0
        AND later.what IN ('released', 'withdrawn'));
    CREATE TABLE readings (what BLOB NOT NULL, officer TEXT NOT NULL, at INTEGER NOT NULL,
        PRIMARY KEY (what, officer)) STRICT, WITHOUT ROWID;
    CREATE INDEX events_watch ON events (id) WHERE what = 'watch';
    CREATE INDEX events_alarm ON events (id) WHERE what = 'alarm';
    """,
    # version 3: the way to what is known of the calls of a line
    """
    CREATE INDEX events_calls ON events (line, id)
        WHERE what IN ('called', 'heard a call', 'answered', 'noted of a call', 'unanswered');
    """,
    # version 4: the way to what is prepared and waits for a release
    """
    CREATE INDEX events_prepared ON events (id) WHERE what = 'prepared';
    """,
    # version 5: announcements of ours, each where it stands: what is signed waits here, outside the record, for its
    # hour, and what is published stays, for the public site is written from it
    """
    CREATE TABLE announcements (id INTEGER PRIMARY KEY AUTOINCREMENT, line BLOB NOT NULL, state TEXT NOT NULL,
        at INTEGER NOT NULL, body BLOB NOT NULL, drafted_by TEXT NOT NULL, drafted_at INTEGER NOT NULL, act BLOB,
        released_by TEXT NOT NULL, released_at INTEGER, doubt TEXT NOT NULL, reason TEXT NOT NULL,
        trusted_since INTEGER NOT NULL, published_at INTEGER, asked_late INTEGER NOT NULL) STRICT;
    CREATE INDEX announcements_state ON announcements (state);
    """,
    # version 6: the ways to what our clock is held against at a start
    """
    CREATE INDEX events_at ON events (at);
    CREATE INDEX events_announcement ON events (id) WHERE what = 'announcement';
    """,
)
VERSION = len(SCHEMA)
DRAFTS_READ_MAX = 256  # drafts kept as they were read: one is asked for several times while it is released


class Happened(StrEnum):
    """What the journal tells apart."""

    DRAFT = "draft"
    OFFERED = "offered"
    REOPENED = "reopened"  # its drafter edits it again: the offer is void
    PREPARED = "prepared"  # a formal act, as a body: it waits for its release by a second person
    RELEASED = "released"
    WITHDRAWN = "withdrawn"
    CALLED = "called"
    ANSWERED = "answered"
    HEARD_CALL = "heard a call"  # their ring, or their answer to ours
    NOTED_OF_CALL = "noted of a call"  # a step of a guided call
    UNANSWERED = "unanswered"  # a slot that closed and is not entered by itself: the run until then
    REKEYED = "rekeyed"
    WATCH = "watch"
    SIGNED = "signed"
    ALARM = "alarm"
    STARTED = "started"
    STOPPED = "stopped"
    READ = "read"
    SIGNED_IN = "signed in"
    SIGNED_OUT = "signed out"
    REFUSED_SIGN_IN = "refused sign-in"
    COURIER = "courier"  # a file by hand, given out or taken in
    FORGOTTEN = "forgotten"  # the bytes of an object of theirs, let go of by an officer
    ANNOUNCEMENT = "announcement"  # a step of a text of ours: drafted, released, held, published ...


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the journal. `officer`: the log-in name, empty for the end itself. `draft`: the id of
    the draft it is about, 0 for none; a draft's own id is that of the event that began it."""

    id: int
    at: Seconds
    what: Happened
    officer: str
    line: bytes
    draft: int
    detail: Detail


@dataclass(frozen=True, slots=True)
class Working:
    """A draft as it is being written. `fields`: as typed; None when it stands as it was offered."""

    saved_at: Seconds
    fields: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class Announced:
    """An announcement of ours as it stands (states: `core.instruments.announcement`). `id`: 0 before it is kept.
    `at`: its hour. `act`: signed, None for a draft. `doubt`: why the end holds it; `reason`: an officer's own words.
    `trusted_since`: the event after which nothing has spoken against our clock, as far as an officer knows."""

    id: int
    line: bytes
    state: str
    at: Seconds
    body: bytes
    drafted_by: str
    drafted_at: Seconds
    act: bytes | None = None
    released_by: str = ""
    released_at: Seconds | None = None
    doubt: str = ""
    reason: str = ""
    trusted_since: int = 0
    published_at: Seconds | None = None
    asked_late: Seconds = 0  # when an officer asked for it after its hour; 0: nobody did


class WatchLog:
    """The journal of one end."""

    def __init__(self, path: Path, *, sync: bool = True) -> None:
        self._sync = sync
        self._drafts_read: dict[int, Event] = {}  # drafts as they stand, until something happens to them
        self._joined = False  # what is noted now is a part of a longer commit
        try:
            self._db = apsw.Connection(str(path))
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute(f"PRAGMA synchronous={'FULL' if sync else 'OFF'}")
            found = self._db.execute("PRAGMA user_version").fetchone()
            version = found[0] if found and isinstance(found[0], int) else 0
            if version > VERSION:
                raise LocalError(
                    Sentence("the watch log is newer than this program knows"),
                    Sentence("install the newer program"),
                )
            for step in range(version, VERSION):
                with self._db:
                    self._db.execute(SCHEMA[step])
                    self._db.execute(f"PRAGMA user_version={step + 1}")
        except apsw.Error as e:
            raise LocalError(
                Sentence("the watch log cannot be opened: {why}", why=e),
                Sentence("check the disk and its permissions"),
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
        /,
        **detail: str | int | None,
    ) -> int:
        """One more event, on the disk when this returns; gives its id. Raises LocalError when the disk refuses."""
        with self._writing():
            return self._add(at, what, officer, line, draft, detail)

    def note_read(self, at: Seconds, what: bytes, officer: str, line: bytes = b"", /, **detail: str) -> bool:
        """That an officer read something, the first time; gives whether it was. `what`: the id of an act, or of a
        draft in other words. Does not wait for the disk."""
        known = self._db.execute("SELECT 1 FROM readings WHERE what = ? AND officer = ?", (what, officer))
        if known.fetchone():
            return False
        with self._writing(wait=False):
            self._db.execute("INSERT INTO readings VALUES (?, ?, ?)", (what, officer, at))
            self._add(at, Happened.READ, officer, line, 0, dict(detail))
        return True

    def readers(self, what: bytes) -> tuple[tuple[str, Seconds], ...]:
        """Who read something, and when first; in that order."""
        rows = self._db.execute(
            "SELECT officer, at FROM readings WHERE what = ? ORDER BY at, officer", (what,)
        )
        return tuple((row[0], row[1]) for row in rows)

    # --- announcements

    def announcements(self, *states: str) -> tuple[Announced, ...]:
        """The announcements of ours in these states, or all, oldest first."""
        where = f"WHERE state IN ({', '.join('?' * len(states))})" if states else ""
        found = self._db.execute(
            "SELECT id, line, state, at, body, drafted_by, drafted_at, act, released_by, released_at, doubt, reason,"
            f" trusted_since, published_at, asked_late FROM announcements {where} ORDER BY id",
            states,
        )
        return tuple(Announced(*row) for row in found)

    def announcement(self, number: int) -> Announced | None:
        """One announcement of ours."""
        return next((one for one in self.announcements() if one.id == number), None)

    def keep_announcement(
        self, at: Seconds, officer: str, step: str, found: Announced, /, *, trusted: bool = False
    ) -> Announced:
        """An announcement as it stands after a step, and the event of that step, as one commit; gives it as it is kept.
        `trusted`: an officer has looked, so what spoke against our clock before counts no more."""
        with self._writing():
            if not found.id:
                self._db.execute(
                    "INSERT INTO announcements VALUES (NULL, ?, ?, ?, ?, ?, ?, NULL, '', NULL, '', '', 0, NULL, 0)",
                    (found.line, found.state, found.at, found.body, found.drafted_by, found.drafted_at),
                )
                found = replace(found, id=self._db.last_insert_rowid())
            event = self._add(
                at,
                Happened.ANNOUNCEMENT,
                officer,
                found.line,
                0,
                {
                    "announcement": found.id,
                    "act": step.upper(),
                    "hour": found.at,
                    **{k: v for k, v in (("doubt", found.doubt), ("reason", found.reason)) if v},
                },
            )
            found = replace(found, trusted_since=event if trusted else found.trusted_since)
            self._db.execute(
                "UPDATE announcements SET state = ?, at = ?, body = ?, act = ?, released_by = ?, released_at = ?,"
                " doubt = ?, reason = ?, trusted_since = ?, published_at = ?, asked_late = ? WHERE id = ?",
                (
                    found.state,
                    found.at,
                    found.body,
                    found.act,
                    found.released_by,
                    found.released_at,
                    found.doubt,
                    found.reason,
                    found.trusted_since,
                    found.published_at,
                    found.asked_late,
                    found.id,
                ),
            )
            return found

    def is_behind(self, wall: float, number: int) -> bool:
        """Whether a later time than `wall` was noted since an officer last vouched for our clock: resumed that
        announcement, or took the watch."""
        since = self._db.execute(
            "SELECT max(coalesce((SELECT max(id) FROM events WHERE what = 'watch' AND officer != ''), 0),"
            " coalesce((SELECT max(id) FROM events WHERE what = 'announcement'"
            " AND json_extract(detail, '$.act') = 'RESUME' AND json_extract(detail, '$.announcement') = ?), 0))",
            (number,),
        ).fetchone()
        later = "SELECT 1 FROM events WHERE at > ? AND +id >= ? LIMIT 1"  # by the index of times: mostly none
        return since is not None and self._db.execute(later, (wall, since[0])).fetchone() is not None

    # --- drafts

    def keep(self, draft: int, at: Seconds, fields: Mapping[str, str], *, reopens: str = "") -> None:
        """Keeps what was typed into a draft, over what was kept before. Does not wait for the disk, but for
        `reopens`: the officer whose edit makes the offer of it void, which is an event."""
        with self._writing(wait=bool(reopens)):
            self._db.execute(
                "INSERT INTO working VALUES (?1, ?2, ?3)"
                " ON CONFLICT DO UPDATE SET saved_at = ?2, fields = ?3",
                (draft, at, json.dumps(dict(fields), ensure_ascii=False, sort_keys=True)),
            )
            if reopens:
                self._add(at, Happened.REOPENED, reopens, b"", draft, {})

    def working(self, draft: int) -> Working | None:
        """A draft as it is being written; None when there is no open draft of that id."""
        row = self._db.execute("SELECT saved_at, fields FROM working WHERE draft = ?", (draft,)).fetchone()
        if row is None:
            return None
        return Working(row[0], None if row[1] is None else json.loads(row[1]))

    def open_drafts(self) -> tuple[Event, ...]:
        """The drafts that are neither released nor withdrawn, offered or not, oldest first."""
        found = self._db.execute("SELECT draft FROM working ORDER BY draft").fetchall()
        drafts = (self.event(int(str(row[0]))) for row in found)
        return tuple(event for event in drafts if event is not None)

    def drafts(self) -> tuple[Event, ...]:
        """The drafts that wait for a release: offered, neither released nor withdrawn."""
        return tuple(event for event in self.open_drafts() if is_offered(event))

    def event(self, event_id: int) -> Event | None:
        """One event. That of a draft is given as the draft stands: on the line, with the body, precedence and
        reason it was last offered with, `offered_at` when that was; with `reopened_at` when the offer is void."""
        known = self._drafts_read.get(event_id)
        if known is not None:
            return known
        found = self._event(event_id)
        if found is not None and found.what == Happened.DRAFT and len(self._drafts_read) < DRAFTS_READ_MAX:
            self._drafts_read[event_id] = found
        return found

    def _event(self, event_id: int) -> Event | None:
        found = next(self._events("WHERE id = ?", (event_id,)), None)
        if found is None or found.what != Happened.DRAFT:
            return found
        last = next(
            self._events(
                "WHERE draft = ? AND draft > 0 AND what IN ('offered', 'reopened') ORDER BY id DESC LIMIT 1",
                (event_id,),
            ),
            None,
        )
        if last is None:
            offered_at = {"offered_at": found.at} if "body" in found.detail else {}
            return replace(found, detail={**found.detail, **offered_at})
        if last.what == Happened.REOPENED:
            return replace(found, detail={**found.detail, "reopened_at": last.at})
        return replace(found, line=last.line, detail={**found.detail, **last.detail, "offered_at": last.at})

    def prepared(self) -> tuple[Event, ...]:
        """The formal acts that are prepared and neither released nor withdrawn, oldest first."""
        return tuple(
            self._events(
                "WHERE what = 'prepared' AND NOT EXISTS (SELECT 1 FROM events AS later WHERE later.draft = events.id"
                " AND later.draft > 0 AND later.what IN ('signed', 'withdrawn')) ORDER BY id",
                (),
            )
        )

    def of_draft(self, draft: int) -> tuple[Event, ...]:
        """What became of a draft, in order."""
        return tuple(self._events("WHERE draft = ? AND draft > 0 ORDER BY id", (draft,)))

    def latest(self, most: int) -> tuple[Event, ...]:
        """The latest events, newest first."""
        return tuple(self._events("ORDER BY id DESC LIMIT ?", (most,)))

    def watch(self) -> Event | None:
        """The last event of who has the watch: its officer has it, nobody when that is empty."""
        return next(self._events("WHERE what = 'watch' ORDER BY id DESC LIMIT 1", ()), None)

    def calls(self, line: bytes, most: int) -> tuple[Event, ...]:
        """The latest events of the calls on a line, oldest first."""
        found = self._events(
            "WHERE line = ? AND what IN ('called', 'heard a call', 'answered', 'noted of a call', 'unanswered')"
            " ORDER BY id DESC LIMIT ?",
            (line, most),
        )
        return tuple(found)[::-1]

    def last_alarm(self) -> Event | None:
        """The last event that was an alarm of the end itself: its clock jumped."""
        return next(self._events("WHERE what = 'alarm' ORDER BY id DESC LIMIT 1", ()), None)

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

    @contextmanager
    def together(self) -> Iterator[None]:
        """All events noted within are one commit, on the disk when this returns; or none is there. Raises LocalError
        when the disk refuses."""
        with self._writing():
            self._joined = True
            try:
                yield
            finally:
                self._joined = False

    @contextmanager
    def _writing(self, *, wait: bool = True) -> Iterator[None]:
        """One commit. Without `wait` it is there for every later reader and after a crash of the program, and may
        be gone after a power cut. Raises LocalError when the disk refuses."""
        cheap = self._sync and not wait and not self._joined
        try:
            if (
                self._joined and not self._db.in_transaction
            ):  # the disk was full: SQLite has rolled all of it back
                raise apsw.FullError("nothing of this can be noted")
            if cheap:
                self._db.execute("PRAGMA synchronous=NORMAL")
            try:
                with self._db:
                    yield
            except BaseException:
                self._drafts_read.clear()  # they may have been read with what is not there any more
                raise
            finally:
                if cheap:
                    self._db.execute("PRAGMA synchronous=FULL")
        except apsw.Error as e:
            raise LocalError(
                Sentence("the watch log cannot be written: {why}", why=e),
                Sentence("check the disk; look before you repeat: parley status"),
            ) from None

    def _add(
        self, at: Seconds, what: Happened, officer: str, line: bytes, draft: int, detail: Mapping[str, object]
    ) -> int:
        words = json.dumps(detail, ensure_ascii=False, sort_keys=True)
        self._drafts_read.pop(draft, None)
        row = self._db.execute("SELECT chain FROM events ORDER BY id DESC LIMIT 1").fetchone()
        before = bytes(row[0]) if row and isinstance(row[0], bytes) else bytes(32)
        chain = _link(before, at, what, officer, line, draft, words)
        self._db.execute(
            "INSERT INTO events (at, what, officer, line, draft, detail, chain) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (at, what, officer, line, draft, words, chain),
        )
        event_id = self._db.last_insert_rowid()
        if what == Happened.DRAFT:
            self._db.execute("INSERT INTO working VALUES (?, ?, NULL)", (event_id, at))
        elif what in (Happened.RELEASED, Happened.WITHDRAWN) and draft:
            self._db.execute("DELETE FROM working WHERE draft = ?", (draft,))
        return event_id

    def _events(self, where: str, values: tuple[int | str | bytes, ...]) -> Iterator[Event]:
        for row in self._db.execute(
            f"SELECT id, at, what, officer, line, draft, detail FROM events {where}", values
        ):
            event_id, at, what, officer, line, draft, words = row
            yield Event(event_id, at, Happened(what), officer, line, draft, json.loads(words))


def is_offered(draft: Event) -> bool:
    """Whether a draft, as `WatchLog.event` gives it, waits for a release as it stands."""
    return "offered_at" in draft.detail


def _link(before: bytes, at: int, what: str, officer: str, line: bytes, draft: int, words: str) -> bytes:
    return suite.sha256(cbor.encode((before, at, str(what), officer, line, draft, words)))
