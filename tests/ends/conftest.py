"""The ends these tests share; whoever spoils one takes a twin of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import realends


@pytest.fixture(scope="module", autouse=True)
def _cheap() -> Iterator[None]:
    """What is made within this process costs little; what commands make in theirs, what it costs."""
    with pytest.MonkeyPatch.context() as patch:
        for where in ("parley.home", "parley.desk"):
            patch.setattr(f"{where}.Cost", lambda: realends.CHEAP)
        yield


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[realends.Pair]:
    """Two ends with an open line; no node is up."""
    pair = realends.prepared(tmp_path_factory.mktemp("p"))
    yield pair
    pair.stop()


@pytest.fixture(scope="session")
def by_commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[realends.Pair]:
    """Two ends made through the commands alone; both nodes are up."""
    pair = realends.by_commands(tmp_path_factory.mktemp("c"))
    yield pair
    pair.stop()
