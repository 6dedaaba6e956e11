"""The record on disk: one SQLite file, one writer, entries in and never changed (spec 5, docs/architecture.md).

Write-ahead log with full sync: when `turn` returns, what was written in it has been through fsync, so
that whatever leaves afterwards can be relied on. Derived columns beside an entry (kind, act id, what it
refers to) are there to be searched; the entry's bytes are the evidence.

What is released and not entered waits in `waiting`, apart from the entries: a cut may still keep it
back, and nothing of it is then in the record.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeAlias

import apsw

from parley.core.errors import LocalError, RemoteError, Sentence
from parley.core.objects import ObjectName
from parley.core.record import Held, hold
from parley.core.types import Act, ActKind, Seconds, Statement
from parley.core.wire import cbor
from parley.core.wire import entry as wire

Column: TypeAlias = "int | str | bytes | None"

SCHEMA = (
    # version 1
    """
    CREATE TABLE pairs (
        name TEXT PRIMARY KEY, transcript BLOB NOT NULL UNIQUE, our_card BLOB NOT NULL,
        their_card BLOB NOT NULL, made_at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE entries (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        line BLOB NOT NULL, party INTEGER NOT NULL, incarnation INTEGER NOT NULL, sequence INTEGER NOT NULL,
        statement INTEGER NOT NULL, kind INTEGER NOT NULL, precedence INTEGER NOT NULL,
        author INTEGER, number INTEGER, their_size INTEGER,
        said_id BLOB NOT NULL, refers BLOB,
        entry BLOB NOT NULL, body BLOB, heard_at INTEGER NOT NULL, bearer TEXT NOT NULL,
        UNIQUE (line, party, incarnation, sequence)
    ) STRICT;
    CREATE INDEX entries_named ON entries (line, party, author, number) WHERE author IS NOT NULL;
    CREATE INDEX entries_said ON entries (said_id);
    CREATE INDEX entries_refers ON entries (refers) WHERE refers IS NOT NULL;
    CREATE INDEX entries_kind ON entries (line, statement, kind, party, sequence);
    CREATE INDEX entries_covering ON entries (line, party, their_size, sequence) WHERE their_size IS NOT NULL;
    CREATE TABLE roots (
        line BLOB NOT NULL, party INTEGER NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL,
        PRIMARY KEY (line, party, size)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE waiting (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        line BLOB NOT NULL, act BLOB NOT NULL, body BLOB NOT NULL, kind INTEGER NOT NULL, subject INTEGER,
        precedence INTEGER NOT NULL, author INTEGER NOT NULL, number INTEGER NOT NULL,
        draft INTEGER, released_at INTEGER NOT NULL, kept_back INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE released (
        draft INTEGER PRIMARY KEY, line BLOB NOT NULL, author INTEGER NOT NULL, number INTEGER NOT NULL,
        UNIQUE (line, author, number)
    ) STRICT;
    CREATE TABLE numbers (
        line BLOB NOT NULL, author INTEGER NOT NULL, next INTEGER NOT NULL, PRIMARY KEY (line, author)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE faults (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        line BLOB NOT NULL, reason TEXT NOT NULL, evidence BLOB NOT NULL, heard_at INTEGER NOT NULL,
        differs INTEGER NOT NULL
    ) STRICT;
    """,
    # version 2: their prekeys, to which the secrets of our next epochs are sealed; used ones lose their key
    """
    CREATE TABLE prekeys (
        line BLOB NOT NULL, batch INTEGER NOT NULL, place INTEGER NOT NULL, key BLOB,
        PRIMARY KEY (line, batch, place)
    ) STRICT, WITHOUT ROWID;
    """,
    # version 3: an entry is found by its place, the latest by their ids (which end every index); before, all of
    # a log were looked through
    """
    ALTER TABLE entries RENAME TO entries_2;
    CREATE TABLE entries (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        line BLOB NOT NULL, party INTEGER NOT NULL, incarnation INTEGER NOT NULL, sequence INTEGER NOT NULL,
        statement INTEGER NOT NULL, kind INTEGER NOT NULL, precedence INTEGER NOT NULL,
        author INTEGER, number INTEGER, their_size INTEGER,
        said_id BLOB NOT NULL, refers BLOB,
        entry BLOB NOT NULL, body BLOB, heard_at INTEGER NOT NULL, bearer TEXT NOT NULL,
        UNIQUE (line, party, sequence, incarnation)
    ) STRICT;
    INSERT INTO entries SELECT * FROM entries_2 ORDER BY id;
    DROP TABLE entries_2;
    CREATE INDEX entries_named ON entries (line, party, author, number, sequence) WHERE author IS NOT NULL;
    CREATE INDEX entries_said ON entries (said_id);
    CREATE INDEX entries_refers ON entries (refers) WHERE refers IS NOT NULL;
    CREATE INDEX entries_line ON entries (line);
    CREATE INDEX entries_kind ON entries (line, statement, kind);
    CREATE INDEX entries_covering ON entries (line, party, their_size, sequence) WHERE their_size IS NOT NULL;
    CREATE INDEX waiting_next ON waiting (line, kept_back, precedence DESC, id);
    CREATE INDEX waiting_named ON waiting (line, author, number);
    CREATE INDEX waiting_draft ON waiting (draft);
    """,
    # version 4: objects larger than an entry, those that acts of theirs name and we lack, with the blocks that came
    # of them, and those of ours that they say they hold
    """
    CREATE TABLE objects (
        root BLOB PRIMARY KEY, size INTEGER NOT NULL, salt BLOB NOT NULL, line BLOB NOT NULL,
        theirs INTEGER NOT NULL, heard_at INTEGER NOT NULL, bytes BLOB NOT NULL
    ) STRICT;
    CREATE INDEX objects_of ON objects (line, theirs, size);
    CREATE TABLE wanted (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        line BLOB NOT NULL, sequence INTEGER NOT NULL, place INTEGER NOT NULL,
        root BLOB NOT NULL, size INTEGER NOT NULL, salt BLOB NOT NULL,
        misfits INTEGER NOT NULL, heard_at INTEGER NOT NULL,
        UNIQUE (line, sequence, place)
    ) STRICT;
    CREATE INDEX wanted_line ON wanted (line, id);
    CREATE INDEX wanted_root ON wanted (root);
    CREATE TABLE blocks (
        wanted INTEGER NOT NULL, block INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (wanted, block)
    ) STRICT;
    CREATE TABLE told (
        line BLOB NOT NULL, sequence INTEGER NOT NULL, place INTEGER NOT NULL,
        PRIMARY KEY (line, sequence, place)
    ) STRICT, WITHOUT ROWID;
    """,
    # version 5: objects of theirs whose bytes an officer let go of
    """
    CREATE TABLE forgotten (
        root BLOB NOT NULL, size INTEGER NOT NULL, salt BLOB NOT NULL, line BLOB NOT NULL, at INTEGER NOT NULL,
        PRIMARY KEY (root, size, salt, line)
    ) STRICT, WITHOUT ROWID;
    """,
)
CHECKPOINT_PAGES = (
    4000  # 16 MB of the log are moved into the file at once: one commit in some 300 waits for that
)
DECODED_MAX = 512  # entries kept decoded: a screen asks for the same ones again at every change
_PLACE = struct.Struct(">qBIIqiii")
FAULTS_MAX = 10_000  # a peer with real keys can make us keep so many; later ones are counted only


class Digest(Protocol):
    """A hash that is being made."""

    def update(self, data: bytes, /) -> None: ...


@dataclass(frozen=True, slots=True)
class Pair:
    """A pairing that is finished: our name for the other party, and both cards as signed."""

    name: str
    transcript: bytes
    our_card: bytes
    their_card: bytes


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as it lies in the store."""

    id: int
    line: bytes
    entry: bytes
    body: bytes | None
    heard_at: Seconds
    bearer: str

    @property
    def held(self) -> Held:
        key = (self.entry, self.body, self.heard_at)
        held = _decoded.get(key)
        if held is None:
            entry = wire.decode_entry(self.entry)
            body = None if self.body is None else wire.decode_body(self.body)
            held = hold(self.entry, entry, wire.decode_payload(entry.signed.payload), body, self.heard_at)
            _remember(key, held)
        return held


_Decoded: TypeAlias = "tuple[bytes, bytes | None, Seconds]"
_decoded: dict[_Decoded, Held] = {}  # a pure function of its key, so shared by all stores of a process


def _remember(key: _Decoded, held: Held) -> None:
    if len(_decoded) >= DECODED_MAX:
        del _decoded[next(iter(_decoded))]
    _decoded[key] = held


@dataclass(frozen=True, slots=True)
class Waiting:
    """An act that is released and not entered."""

    id: int
    line: bytes
    act: bytes
    body: bytes
    kind: int
    subject: int | None
    precedence: int
    author: int
    number: int
    draft: int | None
    released_at: Seconds
    kept_back: bool = False  # by a SEVER: it leaves only when released again


@dataclass(frozen=True, slots=True)
class Fault:
    """What a peer signed and should not have; `differs`: it shows that the two records are not one."""

    line: bytes
    reason: str
    evidence: bytes
    heard_at: Seconds
    differs: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """An object that an act of theirs names and we lack. `place`: which of the objects the act names; `misfits`: how
    often what came was not what was named."""

    id: int
    line: bytes
    sequence: int
    place: int
    named: ObjectName
    misfits: int
    heard_at: Seconds


class Store:
    """One end's record. One writer at a time; the home's lock sees to that."""

    def __init__(self, path: Path, *, sync: bool = True) -> None:
        # Looked up when first asked for, and again after what was written is rolled back.
        self._with_waiting: set[bytes] | None = None  # lines on which something may wait
        self._newest: int | None = None  # id of the newest entry
        try:
            self._db = apsw.Connection(str(path))
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute(f"PRAGMA synchronous={'FULL' if sync else 'OFF'}")
            self._db.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
            self._migrate()
        except apsw.Error as e:
            raise LocalError(
                Sentence("the record cannot be opened: {why}", why=e), "check the disk and its permissions"
            ) from None

    def _migrate(self) -> None:
        (version,) = self._one("PRAGMA user_version")
        assert isinstance(version, int)
        if version > len(SCHEMA):
            raise LocalError(
                Sentence(
                    "the record is of version {version}, newer than this program knows ({known})",
                    version=version,
                    known=len(SCHEMA),
                ),
                "install the newer program; nothing was changed",
            )
        for step in range(version, len(SCHEMA)):
            with self._db:
                self._db.execute(SCHEMA[step])
                self._db.execute(f"PRAGMA user_version={step + 1}")
        if 0 < version < 3:
            with suppress(apsw.FullError):  # then the file stays larger than it need be
                self._db.execute("VACUUM")

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """All that is written within is one commit, durable when this returns; or nothing is.

        Raises LocalError when the disk refuses.
        """
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except apsw.Error as e:
            raise _refused(e) from None
        try:
            yield
            self._check_not_rolled_back()
            self._db.execute("COMMIT")
        except apsw.Error as e:
            self._rollback()
            raise _refused(e) from None
        except BaseException:
            self._rollback()
            raise

    @property
    def in_turn(self) -> bool:
        """Whether what was written last is not durable yet."""
        return self._db.in_transaction

    @contextmanager
    def part(self) -> Iterator[None]:
        """A part of a turn: all that is written within stays, or nothing of it does and the rest of the turn goes on.

        Raises LocalError when the disk refuses.
        """
        try:
            self._check_not_rolled_back()
            self._db.execute("SAVEPOINT part")
            try:
                yield
            except BaseException:
                self._newest = self._with_waiting = None
                if self._db.in_transaction:  # else the disk refused so that the whole turn is rolled back
                    self._db.execute("ROLLBACK TO part; RELEASE part")
                raise
            self._db.execute("RELEASE part")
        except apsw.Error as e:
            raise _refused(e) from None

    def _check_not_rolled_back(self) -> None:
        """A part that meets a full disk has SQLite roll the whole turn back: nothing of it may be recorded then."""
        if not self._db.in_transaction:
            raise apsw.FullError("the turn was rolled back")

    def _rollback(self) -> None:
        self._newest = self._with_waiting = None
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    # --- pairs

    def add_pair(self, pair: Pair, made_at: Seconds) -> None:
        self._db.execute(
            "INSERT INTO pairs VALUES (?, ?, ?, ?, ?)",
            (pair.name, pair.transcript, pair.our_card, pair.their_card, made_at),
        )

    def pairs(self) -> tuple[Pair, ...]:
        rows = self._db.execute("SELECT name, transcript, our_card, their_card FROM pairs ORDER BY name")
        return tuple(Pair(*row) for row in rows)

    # --- entries

    def add(self, line: bytes, entry: bytes, held: Held, body: bytes | None, bearer: str) -> None:
        """One more entry. The place must be free."""
        _remember((entry, body, held.heard_at), held)
        said = held.said
        author = number = their_size = None
        if isinstance(said, Act):
            if said.line == line:  # an act of line 0 entered here has its name there
                author, number = said.author, said.number
        else:
            their_size = said.their_size
        self._db.execute(
            "INSERT INTO entries (line, party, incarnation, sequence, statement, kind, precedence, author, number,"
            " their_size, said_id, refers, entry, body, heard_at, bearer)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                line,
                held.party,
                held.incarnation,
                held.sequence,
                int(held.is_statement),
                said.kind,
                int(said.precedence),
                author,
                number,
                their_size,
                held.id,
                refers(held),
                entry,
                body,
                held.heard_at,
                bearer,
            ),
        )

        self._newest = self._db.last_insert_rowid()

    def add_body(self, entry_id: int, body: bytes) -> None:
        """The body of an entry that was held withheld."""
        self._db.execute("UPDATE entries SET body = ? WHERE id = ? AND body IS NULL", (body, entry_id))
        row = self.row(entry_id)
        if row is not None:  # what it names could not be read before
            self._db.execute("UPDATE entries SET refers = ? WHERE id = ?", (refers(row.held), entry_id))

    def add_root(self, line: bytes, party: int, size: int, root: bytes) -> None:
        self._db.execute("INSERT OR IGNORE INTO roots VALUES (?, ?, ?, ?)", (line, party, size, root))

    def root_at(self, line: bytes, party: int, size: int) -> bytes | None:
        """The root of a log at a size, if we hold it without a hole up to there."""
        row = self._db.execute(
            "SELECT root FROM roots WHERE line = ? AND party = ? AND size = ?", (line, party, size)
        ).fetchone()
        return _blob(row[0]) if row else None

    def at(self, line: bytes, party: int, sequence: int) -> Row | None:
        """The entry at a place (of the one incarnation there is yet)."""
        return self._first("WHERE line = ? AND party = ? AND sequence = ?", (line, party, sequence))

    def row(self, entry_id: int) -> Row | None:
        return self._first("WHERE id = ?", (entry_id,))

    def by_id(self, said_id: bytes) -> Row | None:
        """The first entry of an act."""
        return self._first("WHERE said_id = ? ORDER BY id", (said_id,))

    def named(self, line: bytes, party: int, author: int, number: int) -> Row | None:
        """The act of this name; of several under one name the one at the lowest place, whatever came first."""
        return self._first(
            "WHERE line = ? AND party = ? AND author = ? AND number = ? ORDER BY sequence",
            (line, party, author, number),
        )

    def first_named(
        self, line: bytes, party: int, author: int, number: int
    ) -> tuple[bytes, bytes, int] | None:
        """Of the entry that `named` gives: its act id, the line it lies on, and its sequence; nothing is decoded."""
        row = self._db.execute(
            "SELECT said_id, line, sequence FROM entries"
            " WHERE line = ? AND party = ? AND author = ? AND number = ? ORDER BY sequence LIMIT 1",
            (line, party, author, number),
        ).fetchone()
        return (row[0], row[1], row[2]) if row else None

    def referring(self, said_id: bytes) -> tuple[Row, ...]:
        """The entries that name an act, in the order we had them."""
        return self._rows("WHERE refers = ? ORDER BY id", (said_id,))

    def of_line(self, line: bytes, after: int = 0) -> Iterator[Row]:
        """All entries of a line in the order we had them, those beyond the id `after`: what a line is the fold of."""
        for row in self._db.execute(
            f"SELECT {_ROW} FROM entries WHERE line = ? AND id > ? ORDER BY id",
            (line, after),
        ):
            yield Row(*row)

    def last(self, line: bytes, most: int) -> tuple[Row, ...]:
        """The last entries of a line, the latest first."""
        return self._rows("WHERE line = ? ORDER BY id DESC LIMIT ?", (line, most))

    def of_log(self, line: bytes, party: int, first: int = 0, count: int = -1) -> tuple[Row, ...]:
        """A log from a sequence on, in its own order."""
        return self._rows(
            "WHERE line = ? AND party = ? AND sequence >= ? ORDER BY sequence LIMIT ?",
            (line, party, first, count),
        )

    def urgent(self, line: bytes, party: int, first: int, count: int) -> tuple[Row, ...]:
        """Of a log from a sequence on, what is above ROUTINE, in its own order."""
        return self._rows(
            "WHERE line = ? AND party = ? AND sequence >= ? AND precedence > 0 ORDER BY sequence LIMIT ?",
            (line, party, first, count),
        )

    def acts(self, line: bytes, kind: ActKind, party: int | None = None, most: int = -1) -> tuple[Row, ...]:
        """The acts of a kind on a line, the latest first."""
        return self._rows(
            "WHERE line = ?1 AND statement = 0 AND kind = ?2 AND (?3 IS NULL OR party = ?3)"
            " ORDER BY id DESC LIMIT ?4",
            (line, int(kind), party, most),
        )

    def heard(self, line: bytes, kind: ActKind, most: int) -> tuple[tuple[Seconds, int], ...]:
        """When we had the latest acts of a kind on a line, each with the id of its entry; the latest first."""
        rows = self._db.execute(
            "SELECT heard_at, id FROM entries WHERE line = ? AND statement = 0 AND kind = ?"
            " ORDER BY id DESC LIMIT ?",
            (line, int(kind), most),
        )
        return tuple((at, number) for at, number in rows)

    def statements(self, line: bytes, kind: int, party: int) -> tuple[Row, ...]:
        """The statements of a kind in a log, in its order."""
        return self._rows(
            "WHERE line = ? AND statement = 1 AND kind = ? AND party = ? ORDER BY +sequence",  # by the index of kinds
            (line, kind, party),
        )

    def latest_statement(self, line: bytes, kind: int, party: int) -> Row | None:
        """The statement of a kind at the highest place of a log."""
        return self._first(
            "WHERE line = ? AND statement = 1 AND kind = ? AND party = ? ORDER BY +sequence DESC LIMIT 1",
            (line, kind, party),
        )

    def covering(self, line: bytes, party: int, sequence: int) -> Row | None:
        """The first statement of `party` that acknowledges the other log past `sequence`: of the least size, which
        in an honest log is the first said."""
        return self._first(
            "WHERE line = ? AND party = ? AND their_size > ? ORDER BY their_size, sequence LIMIT 1",
            (line, party, sequence),
        )

    # --- the record as a whole, for what is folded of it and kept beside it

    def newest_id(self) -> int:
        """The id of the entry that came last; 0 for none."""
        if self._newest is None:
            (newest,) = self._one("SELECT coalesce(max(id), 0) FROM entries")
            assert isinstance(newest, int)
            self._newest = newest
        return self._newest

    def digest(self, digest: Digest, after: int, until: int) -> None:
        """Adds to `digest` every byte that a fold reads of the entries with ids in (after, until], in their order."""
        for number, line, party, incarnation, sequence, heard_at, entry, body in self._db.execute(
            "SELECT id, line, party, incarnation, sequence, heard_at, entry, body FROM entries"
            " WHERE id > ? AND id <= ? ORDER BY id",
            (after, until),
        ):
            sizes = (len(line), len(entry), -1 if body is None else len(body))
            digest.update(_PLACE.pack(number, party, incarnation, sequence, heard_at, *sizes))
            digest.update(line + entry + (body or b""))

    def is_plain_after(self, after: int, order_wires: Collection[bytes]) -> bool:
        """Whether the entries beyond the id `after` only go on from those before: none is an act on or of an order
        wire, and none has the name of another."""
        rows = self._db.execute(
            "SELECT line, party, author, number FROM entries WHERE id > ? AND statement = 0", (after,)
        )
        for line, party, author, number in rows:
            if author is None or line in order_wires:
                return False
            (same,) = self._one(
                "SELECT count(*) FROM entries WHERE line = ? AND party = ? AND author = ? AND number = ?",
                (line, party, author, number),
            )
            if same != 1:
                return False
        return True

    # --- waiting

    def wait(self, w: Waiting) -> None:
        """Keeps a released act until it is entered; `w.id` is given by the store."""
        self._lines_with_waiting().add(w.line)
        self._db.execute(
            "INSERT INTO waiting (line, act, body, kind, subject, precedence, author, number, draft, released_at,"
            " kept_back) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
            (
                w.line,
                w.act,
                w.body,
                w.kind,
                w.subject,
                w.precedence,
                w.author,
                w.number,
                w.draft,
                w.released_at,
            ),
        )

    def add_released(self, draft: int, line: bytes, author: int, number: int) -> None:
        """What a draft of the watch log became; in the same commit as the act, so that no crash makes
        a released draft look as if it still waited."""
        self._db.execute("INSERT OR REPLACE INTO released VALUES (?, ?, ?, ?)", (draft, line, author, number))

    def released(self, draft: int) -> tuple[bytes, int, int] | None:
        """(line, author, number) of what a draft became, or None while it waits."""
        row = self._db.execute(
            "SELECT line, author, number FROM released WHERE draft = ?", (draft,)
        ).fetchone()
        return (row[0], row[1], row[2]) if row else None

    def draft_of(self, line: bytes, author: int, number: int) -> int | None:
        """The draft an act of ours came from."""
        row = self._db.execute(
            "SELECT draft FROM released WHERE line = ? AND author = ? AND number = ?", (line, author, number)
        ).fetchone()
        return row[0] if row else None

    def waiting(self, line: bytes | None = None) -> tuple[Waiting, ...]:
        """What is released and not entered, most urgent first."""
        return tuple(self._waiting("WHERE ?1 IS NULL OR line = ?1 ORDER BY precedence DESC, id", (line,)))

    def enterable(self, line: bytes) -> Iterator[Waiting]:
        """What waits on a line and is not kept back, most urgent first, read as it is asked for; nothing may be
        written meanwhile."""
        found = False
        if line in self._lines_with_waiting():  # asked at every turn, of every line
            for waiting in self._waiting(
                "WHERE line = ? AND kept_back = 0 ORDER BY precedence DESC, id", (line,)
            ):
                found = True
                yield waiting
            if not found:
                self._lines_with_waiting().discard(line)

    def _lines_with_waiting(self) -> set[bytes]:
        if self._with_waiting is None:
            rows = self._db.execute("SELECT DISTINCT line FROM waiting WHERE kept_back = 0")
            self._with_waiting = {_blob(line) for (line,) in rows}
        return self._with_waiting

    def waiting_of_draft(self, draft: int) -> Waiting | None:
        """What a draft became, while that waits."""
        return next(self._waiting("WHERE draft = ?", (draft,)), None)

    def waiting_named(self, line: bytes, author: int, number: int) -> Waiting | None:
        """What waits under a name."""
        return next(
            self._waiting("WHERE line = ? AND author = ? AND number = ?", (line, author, number)), None
        )

    def waiting_count(self, line: bytes) -> int:
        """How many acts wait on a line."""
        (count,) = self._one("SELECT count(*) FROM waiting WHERE line = ?", (line,))
        assert isinstance(count, int)
        return count

    def _waiting(self, where: str, values: tuple[Column, ...]) -> Iterator[Waiting]:
        for row in self._db.execute(
            "SELECT id, line, act, body, kind, subject, precedence, author, number, draft, released_at,"
            f" kept_back FROM waiting {where}",
            values,
        ):
            yield replace(Waiting(*row), kept_back=bool(row[-1]))

    def keep_back(self, waiting_id: int) -> None:
        """Marks an act as kept back by a cut."""
        self._db.execute("UPDATE waiting SET kept_back = 1 WHERE id = ?", (waiting_id,))

    def entered(self, waiting_id: int) -> None:
        """Takes an act out of what waits: it is an entry now, or was withdrawn."""
        self._db.execute("DELETE FROM waiting WHERE id = ?", (waiting_id,))

    def next_number(self, line: bytes, author: int) -> int:
        """A number no act of this author on this line has had, from 1; given once. Gaps are allowed."""
        (number,) = self._one(
            "INSERT INTO numbers VALUES (?, ?, 2) ON CONFLICT DO UPDATE SET next = next + 1 RETURNING next - 1",
            (line, author),
        )
        assert isinstance(number, int)
        return number

    # --- prekeys of theirs, by the id of line 0

    def add_prekey(self, line: bytes, batch: int, index: int, key: bytes) -> None:
        """Keeps a prekey; one that is held, or was used, stays as it is."""
        self._db.execute("INSERT OR IGNORE INTO prekeys VALUES (?, ?, ?, ?)", (line, batch, index, key))

    def use_prekey(self, line: bytes) -> tuple[int, int, bytes] | None:
        """Batch, index and key of the oldest unused prekey, which is used from now on; None if there is none."""
        row = self._db.execute(
            "SELECT batch, place, key FROM prekeys WHERE line = ? AND key IS NOT NULL ORDER BY batch, place LIMIT 1",
            (line,),
        ).fetchone()
        if row is None:
            return None
        self._db.execute(
            "UPDATE prekeys SET key = NULL WHERE line = ? AND batch = ? AND place = ?", (line, row[0], row[1])
        )
        return (row[0], row[1], row[2])

    def prekeys_unused(self, line: bytes) -> int:
        """How many prekeys are in stock."""
        (count,) = self._one("SELECT count(*) FROM prekeys WHERE line = ? AND key IS NOT NULL", (line,))
        assert isinstance(count, int)
        return count

    def prekeys_known(self, line: bytes, batch: int) -> frozenset[int]:
        """The indices of a batch that we have or had."""
        rows = self._db.execute("SELECT place FROM prekeys WHERE line = ? AND batch = ?", (line, batch))
        return frozenset(int(place) for (place,) in rows)

    # --- objects

    def add_object(
        self,
        named: ObjectName,
        data: bytes,
        line: bytes,
        heard_at: Seconds,
        *,
        theirs: bool,
        lines: Collection[bytes],
    ) -> None:
        """Keeps an object, whose bytes fit its name; one that is held stays as it is. `lines`: those of its pair, on
        which it is wanted no more."""
        self._db.execute(
            "INSERT OR IGNORE INTO objects VALUES (?, ?, ?, ?, ?, ?, ?)",
            (named.root, named.size, named.salt, line, int(theirs), heard_at, data),
        )
        for one in lines:
            self._db.execute(
                "DELETE FROM blocks WHERE wanted IN"
                " (SELECT id FROM wanted WHERE root = ? AND size = ? AND salt = ? AND line = ?)",
                (named.root, named.size, named.salt, one),
            )
            self._db.execute(
                "DELETE FROM wanted WHERE root = ? AND size = ? AND salt = ? AND line = ?",
                (named.root, named.size, named.salt, one),
            )

    def drop_object(self, named: ObjectName) -> None:
        """Forgets an object of ours; the caller has seen that nothing names it."""
        self._db.execute(
            "DELETE FROM objects WHERE root = ? AND size = ? AND salt = ? AND theirs = 0",
            (named.root, named.size, named.salt),
        )

    def objects_of_ours(self, before: Seconds) -> tuple[ObjectName, ...]:
        """The objects of ours that were kept before a time, whatever names them."""
        rows = self._db.execute(
            "SELECT root, size, salt FROM objects WHERE theirs = 0 AND heard_at < ?", (before,)
        )
        return tuple(ObjectName(*row) for row in rows)

    def forget_object(self, named: ObjectName, lines: Collection[bytes], at: Seconds) -> None:
        """Lets go of the bytes of an object of theirs, and marks that for the lines on which it is named."""
        self._db.execute(
            "DELETE FROM objects WHERE root = ? AND size = ? AND salt = ? AND theirs = 1",
            (named.root, named.size, named.salt),
        )
        for line in lines:
            self._db.execute(
                "INSERT OR IGNORE INTO forgotten VALUES (?, ?, ?, ?, ?)",
                (named.root, named.size, named.salt, line, at),
            )

    def object_forgotten_at(self, named: ObjectName, lines: Collection[bytes]) -> Seconds | None:
        """When the bytes of an object that is named on one of these lines were let go of; None if they were not."""
        rows = self._db.execute(
            "SELECT line, at FROM forgotten WHERE root = ? AND size = ? AND salt = ?",
            (named.root, named.size, named.salt),
        )
        return next((int(at) for line, at in rows if line in lines), None)

    def object_of_theirs(self, root: bytes) -> tuple[ObjectName, bytes] | None:
        """Name and line of an object of theirs that is held, by its root."""
        row = self._db.execute(
            "SELECT root, size, salt, line FROM objects WHERE root = ? AND theirs = 1", (root,)
        ).fetchone()
        return None if row is None else (ObjectName(*row[:3]), row[3])

    def object_held_at(self, named: ObjectName) -> Seconds | None:
        """Since when an object is held, None if it is not."""
        row = self._db.execute(
            "SELECT heard_at FROM objects WHERE root = ? AND size = ? AND salt = ?",
            (named.root, named.size, named.salt),
        ).fetchone()
        return None if row is None else int(row[0])

    def object_is_of(self, named: ObjectName, lines: Collection[bytes]) -> bool:
        """Whether an object is held that was kept for one of these lines."""
        row = self._db.execute(
            "SELECT line FROM objects WHERE root = ? AND size = ? AND salt = ?",
            (named.root, named.size, named.salt),
        ).fetchone()
        return row is not None and row[0] in lines

    def object_bytes(self, root: bytes) -> bytes | None:
        """An object by its root, None if it is not held."""
        row = self._db.execute("SELECT bytes FROM objects WHERE root = ?", (root,)).fetchone()
        return _blob(row[0]) if row else None

    def object_piece(self, root: bytes, first: int, size: int) -> bytes | None:
        """Bytes of an object from `first` on, at most `size`; None if it is not held."""
        row = self._db.execute(
            "SELECT substr(bytes, ?, ?) FROM objects WHERE root = ?", (first + 1, size, root)
        ).fetchone()
        return _blob(row[0]) if row else None

    def objects_bytes(self, line: bytes) -> int:
        """How many bytes of objects of theirs are kept for a line."""
        (size,) = self._one(
            "SELECT coalesce(sum(size), 0) FROM objects WHERE line = ? AND theirs = 1", (line,)
        )
        assert isinstance(size, int)
        return size

    def want(self, line: bytes, sequence: int, place: int, named: ObjectName, heard_at: Seconds) -> None:
        """Notes that an object is named and not held."""
        self._db.execute(
            "INSERT OR IGNORE INTO wanted (line, sequence, place, root, size, salt, misfits, heard_at)"
            " VALUES (?, ?, ?, ?, ?, ?, 0, ?)",
            (line, sequence, place, named.root, named.size, named.salt, heard_at),
        )

    def wanted(self, line: bytes, most: int = -1) -> tuple[Wanted, ...]:
        """What is wanted on a line, in the order in which it was named to us."""
        rows = self._db.execute(
            "SELECT id, line, sequence, place, root, size, salt, misfits, heard_at FROM wanted"
            " WHERE line = ? ORDER BY id LIMIT ?",
            (line, most),
        )
        return tuple(
            Wanted(number, line, sequence, place, ObjectName(root, size, salt), misfits, heard_at)
            for number, line, sequence, place, root, size, salt, misfits, heard_at in rows
        )

    def is_wanted(self, line: bytes, sequence: int, place: int) -> bool:
        """Whether the object that an act of theirs names at a place is still wanted."""
        row = self._db.execute(
            "SELECT 1 FROM wanted WHERE line = ? AND sequence = ? AND place = ?", (line, sequence, place)
        ).fetchone()
        return row is not None

    def wanted_count(self, line: bytes) -> int:
        """How many objects are wanted on a line."""
        (count,) = self._one("SELECT count(*) FROM wanted WHERE line = ?", (line,))
        assert isinstance(count, int)
        return count

    def misfit(self, wanted_id: int) -> None:
        """What came for an object was not what was named: all of it is dropped."""
        self._db.execute("DELETE FROM blocks WHERE wanted = ?", (wanted_id,))
        self._db.execute("UPDATE wanted SET misfits = misfits + 1 WHERE id = ?", (wanted_id,))

    def add_block(self, wanted_id: int, block: int, data: bytes) -> None:
        """Keeps a block of an object that is wanted, for a restart; nobody has checked it."""
        self._db.execute("INSERT OR REPLACE INTO blocks VALUES (?, ?, ?)", (wanted_id, block, data))

    def blocks(self, wanted_id: int) -> dict[int, bytes]:
        """The blocks that are kept of an object that is wanted."""
        rows = self._db.execute("SELECT block, bytes FROM blocks WHERE wanted = ?", (wanted_id,))
        return {int(block): _blob(data) for block, data in rows}

    def tell_held(self, line: bytes, sequence: int, place: int) -> None:
        """They say that they hold an object that an act of ours names."""
        self._db.execute("INSERT OR IGNORE INTO told VALUES (?, ?, ?)", (line, sequence, place))

    def is_told_held(self, line: bytes, sequence: int, place: int) -> bool:
        """Whether they said that they hold it."""
        row = self._db.execute(
            "SELECT 1 FROM told WHERE line = ? AND sequence = ? AND place = ?", (line, sequence, place)
        ).fetchone()
        return row is not None

    # --- faults

    def add_fault(self, fault: Fault) -> None:
        """Keeps evidence, up to a limit: what a faulty peer can make us keep is bounded."""
        self._db.execute(
            "INSERT INTO faults (line, reason, evidence, heard_at, differs)"
            " SELECT ?1, ?2, ?3, ?4, ?6 WHERE (SELECT count(*) FROM faults) < ?5"
            " AND NOT EXISTS (SELECT 1 FROM faults WHERE line = ?1 AND evidence = ?3)",
            (fault.line, fault.reason, fault.evidence, fault.heard_at, FAULTS_MAX, int(fault.differs)),
        )

    def faults(self, line: bytes | None = None) -> tuple[Fault, ...]:
        rows = self._db.execute(
            "SELECT line, reason, evidence, heard_at, differs FROM faults WHERE ?1 IS NULL OR line = ?1 ORDER BY id",
            (line,),
        )
        return tuple(Fault(line, why, data, at, bool(differs)) for line, why, data, at, differs in rows)

    # --- the ways in

    def _one(self, sql: str, values: tuple[Column, ...] = ()) -> tuple[Column, ...]:
        row = self._db.execute(sql, values).fetchone()
        assert row is not None
        return tuple(row)

    def _first(self, where: str, values: tuple[Column, ...]) -> Row | None:
        row = self._db.execute(f"SELECT {_ROW} FROM entries {where}", values).fetchone()
        return Row(*row) if row else None

    def _rows(self, where: str, values: tuple[Column, ...]) -> tuple[Row, ...]:
        return tuple(Row(*row) for row in self._db.execute(f"SELECT {_ROW} FROM entries {where}", values))


_ROW = "id, line, entry, body, heard_at, bearer"


def refers(held: Held) -> bytes | None:
    """The act an entry names: what an acknowledgement or a CANCEL is of, what a message answers."""
    if isinstance(held.said, Statement) or not held.body:
        return None
    try:
        match held.said.kind:
            case ActKind.ACKNOWLEDGE | ActKind.CANCEL | ActKind.AGREE | ActKind.WITHDRAW:
                return cbor.octets(held.body[0])
            case ActKind.MESSAGE:
                references = cbor.items(held.body[4] or ())
                return cbor.octets(references[0]) if references else None
            case _:
                return None
    except (IndexError, RemoteError):
        return None


def _blob(value: Column) -> bytes:
    assert isinstance(value, bytes)
    return value


def _refused(error: apsw.Error) -> LocalError:
    if isinstance(error, apsw.FullError):
        return LocalError(
            "the disk is full: nothing more can be recorded", "free some space; nothing was lost"
        )
    if isinstance(error, apsw.ReadOnlyError):
        return LocalError(
            "the record may not be written to", "check the disk and its permissions; nothing was lost"
        )
    if isinstance(error, apsw.BusyError):
        return LocalError("the record is in use by another process", "wait for it to end")
    return LocalError(
        Sentence("the disk refused: {why}", why=error), "check the disk; nothing unsent was lost"
    )
