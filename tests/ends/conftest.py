"""The ends these tests share; whoever spoils one takes a twin of it."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import apsw
import pytest
import realends

from parley import cli
from parley.home import Home


@pytest.fixture(scope="module", autouse=True)
def _cheap() -> Iterator[None]:
    """What is done within this process costs little and does not wait for the disk; what commands do in
    processes of their own is as it is."""
    with pytest.MonkeyPatch.context() as patch:
        for where in ("parley.home", "parley.desk"):
            patch.setattr(f"{where}.Cost", lambda: realends.CHEAP)
        for opened in (Home.open, Home.create):
            patch.setitem(opened.__func__.__kwdefaults__, "sync", False)  # type: ignore[attr-defined]
        made = cli._parser
        whole = functools.cache(
            lambda: made()
        )  # all instruments, once: to make it takes longer than most commands
        patch.setattr(cli, "_parser", lambda *_: whole())
        yield


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[realends.Pair]:
    """Two ends with an open line; no node is up."""
    pair = realends.prepared(tmp_path_factory.mktemp("p"))
    held = [apsw.Connection(str(file)) for end in pair for file in end.home.glob("*.db")]
    for db in held:  # or each command would make the files beside a database, and remove them
        db.execute("SELECT count(*) FROM sqlite_schema").fetchall()
    yield pair
    for db in held:
        db.close()
    pair.stop()


@pytest.fixture(scope="session")
def by_commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[realends.Pair]:
    """Two ends made through the commands alone; both nodes are up."""
    pair = realends.by_commands(tmp_path_factory.mktemp("c"))
    yield pair
    pair.stop()
