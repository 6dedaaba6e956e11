"""An end put back to an earlier state refuses to start: it would sign a second time where it has signed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from parley.core.errors import LocalError
from parley.home import Home
from parley.keys import Cost


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
