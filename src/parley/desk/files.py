"""Files that a person names to the desk: read within bounds, written where nothing lies yet.

A command and the node it asks may stand in different folders, so a path is absolute. A file that exists is never
written over.
"""

from __future__ import annotations

from pathlib import Path

from parley.core.errors import LocalError, Sentence
from parley.keys import write_private


def read_file(path: str, bytes_max: int) -> bytes:
    """The bytes of a file, at most `bytes_max`. Raises LocalError, one sentence, if it cannot be read or is longer."""
    where = _absolute(path)
    try:
        with where.open("rb") as file:
            data = file.read(bytes_max + 1)
    except OSError as e:
        raise LocalError(
            Sentence("{path} cannot be read: {why}", path=path, why=e.strerror or e),
            Sentence("check the name and its permissions"),
        ) from None
    if len(data) > bytes_max:
        raise LocalError(
            Sentence("{path} is longer than {most} bytes", path=path, most=bytes_max),
            Sentence("it is not a file that this command takes"),
        )
    return data


def write_file(path: str, data: bytes) -> None:
    """Writes a new file, readable by its owner alone. Raises LocalError, one sentence, if it is there or cannot be."""
    where = _absolute(path)
    try:
        if not where.parent.is_dir():
            raise LocalError(
                Sentence("there is no folder {path}", path=where.parent), "make it, or name another"
            )
        write_private(where, data)
    except FileExistsError:
        raise LocalError(
            Sentence("{path} exists already", path=path), "name a new file; nothing was overwritten"
        ) from None
    except OSError as e:
        raise LocalError(
            Sentence("{path} cannot be written: {why}", path=path, why=e.strerror or e),
            "check the folder and its permissions",
        ) from None


def _absolute(path: str) -> Path:
    if not path.startswith("/") or "\0" in path:
        raise LocalError("the path of a file is absolute", "the node's folder is not the one you are in")
    try:
        path.encode()
    except UnicodeEncodeError:
        raise LocalError(
            Sentence("{path!r} cannot be the name of a file", path=path), "name another"
        ) from None
    return Path(path)
