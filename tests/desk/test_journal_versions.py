"""A journal written by the first version opens, with its drafts; one of a later version is refused."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from parley.core import suite
from parley.core.errors import LocalError
from parley.core.wire import cbor
from parley.watch_log import VERSION, Happened, WatchLog

# As the first version made and wrote it.
FIRST = (
    "CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL,"
    " what TEXT NOT NULL, officer TEXT NOT NULL, line BLOB NOT NULL, draft INTEGER NOT NULL,"
    " detail TEXT NOT NULL, chain BLOB NOT NULL) STRICT",
    "CREATE INDEX IF NOT EXISTS events_draft ON events (draft) WHERE draft > 0",
    "PRAGMA user_version=1",
)
LINE = b"l" * 32
EVENTS = (
    (10, "started", "", b"", 0, "{}"),
    (20, "draft", "duty", LINE, 0, '{"body": "00", "precedence": "ROUTINE", "reason": ""}'),
    (30, "draft", "duty", LINE, 0, '{"body": "01", "precedence": "FLASH", "reason": "fire"}'),
    (40, "released", "chief", LINE, 2, "{}"),
    (50, "draft", "chief", LINE, 0, '{"body": "02", "precedence": "ROUTINE", "reason": ""}'),
    (60, "withdrawn", "chief", LINE, 5, "{}"),
    (70, "watch", "duty", b"", 0, "{}"),
)


def first_version(path: Path) -> Path:
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode=WAL")
    for statement in FIRST:
        db.execute(statement)
    chain = bytes(32)
    for at, what, officer, line, draft, detail in EVENTS:
        chain = suite.sha256(cbor.encode((chain, at, what, officer, line, draft, detail)))
        db.execute(
            "INSERT INTO events (at, what, officer, line, draft, detail, chain) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (at, what, officer, line, draft, detail, chain),
        )
    db.commit()
    db.close()
    return path


def test_a_journal_of_the_first_version_opens_with_its_drafts(tmp_path: Path) -> None:
    for _ in range(2):  # made anew, and as it is then
        log = WatchLog(first_version(tmp_path / "watch.db") if _ == 0 else tmp_path / "watch.db")
        (draft,) = log.drafts()
        assert (draft.id, draft.officer, draft.at, draft.line) == (3, "duty", 30, LINE)
        assert draft.detail == {"body": "01", "precedence": "FLASH", "reason": "fire", "offered_at": 30}
        assert log.broken_at() is None and len(log.latest(100)) == len(EVENTS)
        watch = log.watch()
        assert watch is not None and (watch.officer, watch.at) == ("duty", 70)
        log.close()
    log = WatchLog(tmp_path / "watch.db")
    log.keep(3, 80, {"text": "edited"}, reopens="duty")
    assert log.drafts() == () and [e.id for e in log.open_drafts()] == [3]
    log.note(90, Happened.WITHDRAWN, "duty", LINE, 3)
    assert log.open_drafts() == () and log.broken_at() is None
    log.close()


def test_a_journal_of_a_later_version_is_refused(tmp_path: Path) -> None:
    WatchLog(tmp_path / "watch.db").close()
    db = sqlite3.connect(tmp_path / "watch.db")
    db.execute(f"PRAGMA user_version={VERSION + 1}")
    db.close()
    with pytest.raises(LocalError, match="newer than this program knows"):
        WatchLog(tmp_path / "watch.db")


def test_a_page_taken_out_is_seen_in_the_events_of_reading_too(tmp_path: Path) -> None:
    log = WatchLog(tmp_path / "watch.db")
    for number in range(5):
        assert log.note_read(number, b"%d" % number, "duty", LINE, ref=f"draft:{number}")
    assert not log.note_read(9, b"1", "duty", LINE, ref="draft:1") and log.broken_at() is None
    log.close()
    db = sqlite3.connect(tmp_path / "watch.db")
    db.execute("UPDATE events SET officer = 'chief' WHERE id = 3")
    db.commit()
    db.close()
    log = WatchLog(tmp_path / "watch.db")
    assert log.broken_at() == 3
    log.close()


def test_what_is_saved_without_waiting_is_there_when_the_journal_is_opened_again(tmp_path: Path) -> None:
    log = WatchLog(tmp_path / "watch.db")
    draft = log.note(1, Happened.DRAFT, "duty", LINE)
    for number in range(50):
        log.keep(draft, number, {"text": "x" * number})
    again = WatchLog(tmp_path / "watch.db")  # the first process is killed: nothing of it is closed
    kept = again.working(draft)
    assert kept is not None and kept.fields == {"text": "x" * 49} and kept.saved_at == 49
    again.close()
    log.close()
