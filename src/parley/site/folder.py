"""The folder a web server shows: each file is put in place whole, and only where it differs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from parley.core.errors import LocalError, Sentence
from parley.core.instruments.announcement import Published
from parley.site.pages import files_of

FILE_MODE, FOLDER_MODE = (
    0o644,
    0o755,
)  # to be read by everyone, whatever the mask of an end that keeps secrets


class Folder:
    """A public site in a folder of its own. What else lies there stays; what is public is never taken away."""

    def __init__(self, path: Path, party: str) -> None:
        self.path, self._party = path, party

    def write(self, published: Sequence[Published]) -> None:
        """Makes the folder say exactly what is `published`. Raises LocalError when it cannot be written."""
        try:
            if not self.path.exists():
                self.path.mkdir(parents=True)
                os.chmod(self.path, FOLDER_MODE)
            changed = [self._put(name, data) for name, data in files_of(self._party, published).items()]
            if any(changed):
                _sync(self.path)
        except OSError as e:
            raise LocalError(
                Sentence(
                    "the public site at {path} cannot be written: {why}", path=self.path, why=e.strerror or e
                ),
                Sentence("check the folder and its permissions; it is tried again by itself"),
            ) from None

    def _put(self, name: str, data: bytes) -> bool:
        """One file, whole; gives whether it was not there as it is."""
        place = self.path / name
        try:
            if place.read_bytes() == data:
                return False
        except FileNotFoundError:
            pass
        fresh = self.path / f".{name}.new"
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(handle, rest) :]
            os.fchmod(handle, FILE_MODE)
            os.fsync(handle)
        finally:
            os.close(handle)
        os.replace(fresh, place)
        return True


def _sync(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
