"""An end put back to an earlier state refuses to start: it would sign a second time where it has signed.

And what an end of the version before left on the disk, which is no earlier state: it is brought up, and goes on.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import apsw
import pytest
import realends
from realends import LINE, Pair

from parley.core.errors import LocalError
from parley.home import Home
from parley.keys import Cost
from parley.store import SCHEMA, Store


def made(path: Path) -> Path:
    Home.create(
        path, party="North", passphrase="p", root_passphrase="p", cost=Cost(64, 1, 1), sync=False
    ).close()
    return path


@pytest.mark.parametrize("name", ["record.db", "keys.db"])
def test_a_file_put_back_from_a_copy_is_refused(tmp_path: Path, name: str) -> None:
    home = made(tmp_path / "home")
    shutil.copy2(home / name, tmp_path / "copy")
    (tmp_path / "copy").replace(home / name)
    with pytest.raises(LocalError, match="put back from a copy"):
        Home.open(home, "p")


def test_a_home_moved_as_a_whole_opens(tmp_path: Path) -> None:
    home = made(tmp_path / "home")
    moved = home.rename(tmp_path / "elsewhere")
    Home.open(moved, "p").close()


def test_a_copy_of_a_home_is_refused(tmp_path: Path) -> None:
    home = made(tmp_path / "home")
    shutil.copytree(home, tmp_path / "copy")
    with pytest.raises(LocalError, match="is a copy"):
        Home.open(tmp_path / "copy", "p")


@pytest.mark.parametrize("name", ["record.db", "keys.db", "watch.db"])
def test_a_file_that_is_gone_or_empty_is_not_begun_anew(tmp_path: Path, name: str) -> None:
    home = made(tmp_path / "home")
    whole = (home / name).read_bytes()
    (home / name).write_bytes(b"")
    with pytest.raises(LocalError, match="is missing or empty"):
        Home.open(home, "p")
    assert (home / name).read_bytes() == b""
    (home / name).write_bytes(whole)
    Home.open(home, "p").close()
    (home / name).rename(tmp_path / name)
    with pytest.raises(LocalError, match=r"is missing or empty|put back from a copy"):
        Home.open(home, "p")
    assert not (home / name).exists()


# --- the version before -------------------------------------------------------------------------

TABLES_1 = ("pairs", "entries", "roots", "waiting", "released", "numbers", "faults")


def rows(db: apsw.Connection, tables: tuple[str, ...]) -> dict[str, list[object]]:
    return {table: list(db.execute(f"SELECT * FROM {table} ORDER BY 1, 2")) for table in tables}


def test_a_record_of_the_version_before_is_brought_up_with_all_that_is_in_it(
    prepared: Pair, tmp_path: Path
) -> None:
    """Built from the first step of the schema, with the rows of a real record in it."""
    old = apsw.Connection(str(tmp_path / "record.db"))
    old.execute(SCHEMA[0])
    old.execute("PRAGMA user_version=1")
    real = apsw.Connection(str(prepared.north.home / "record.db"))
    for table, found in rows(real, TABLES_1).items():
        for row in found:
            assert isinstance(row, tuple)
            old.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
    before = rows(old, TABLES_1)
    assert before["entries"] and before["pairs"] and before["roots"]
    old.close()
    real.close()
    for _ in range(2):  # the second time there is nothing to do
        store = Store(tmp_path / "record.db", sync=False)
        assert len(store.pairs()) == 1
        store.close()
        new = apsw.Connection(str(tmp_path / "record.db"))
        assert next(new.execute("PRAGMA user_version")) == (len(SCHEMA),)
        assert rows(new, TABLES_1) == before
        new.close()


def test_each_step_of_the_schema_can_be_the_last_one_done(tmp_path: Path) -> None:
    """A program that is stopped between two steps leaves a record of a version there was."""
    for version in range(len(SCHEMA) + 1):
        path = tmp_path / f"{version}.db"
        db = apsw.Connection(str(path))
        for step in SCHEMA[:version]:
            db.execute(step)
        db.execute(f"PRAGMA user_version={version}")
        db.close()
        Store(path, sync=False).close()
        db = apsw.Connection(str(path))
        assert next(db.execute("PRAGMA user_version")) == (len(SCHEMA),)
        db.close()


def test_an_end_with_a_record_of_the_version_before_goes_on(prepared: Pair, tmp_path: Path) -> None:
    end = realends.twin(prepared.north, tmp_path)
    before = end.says("record", LINE, "--json").found
    db = apsw.Connection(str(end.home / "record.db"))
    later = {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    for table in later - set(TABLES_1) - {"sqlite_sequence"}:
        db.execute(f"DROP TABLE {table}")
    for (name,) in list(
        db.execute("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
    ):
        db.execute(f"DROP INDEX {name}")  # a later version has others
    db.execute("PRAGMA user_version=1")
    db.close()
    assert end.says("record", LINE, "--json").found == before
    draft = end.says("send", LINE, "after", "--as", "duty", "--json").found["ref"]
    assert end.says("release", draft, "--as", "chief").code == 0
    assert end.says("status", "--json").found["alarms"] == []
