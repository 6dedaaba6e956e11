"""Officers of an end: a file each, the key wrapped under the officer's passphrase (spec 4.5).

The key is needed only at the moment of signing; an unattended end runs on its node key alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from parley.core.errors import LocalError, RemoteError, Sentence
from parley.core.types import Officer, Power, Precedence
from parley.keys import chance
from parley.keys.at_rest import Cost, unwrap, wrap, write_private
from parley.keys.signing import FileSigner, Signer


@dataclass(frozen=True, slots=True)
class OfficerFile:
    """An officer of our end: the log-in name, and what the roster says of the key."""

    name: str
    officer: Officer


@dataclass(frozen=True, slots=True)
class Unlocked:
    """An officer whose key was opened with the passphrase: whoever has this can sign as that officer."""

    name: str
    officer: Officer
    signer: Signer


def make_officer(
    home: Path,
    name: str,
    author: int,
    office: str,
    precedence_max: Precedence,
    powers: Power,
    passphrase: str,
    cost: Cost,
) -> OfficerFile:
    """A new officer with a key of their own. Raises LocalError when the name is taken."""
    if not name.isascii() or not name.replace("-", "").isalnum() or len(name) > 32:
        raise LocalError(
            Sentence("{name!r} cannot be a log-in name", name=name),
            "use letters, digits and hyphens, at most 32",
        )
    seed = chance.draw(32)
    officer = Officer(author, FileSigner(seed).public_key, office, precedence_max, powers)
    document = {
        "name": name,
        "author": author,
        "key": officer.key.hex(),
        "office": office,
        "precedence_max": int(precedence_max),
        "powers": int(powers),
        "wrapped": wrap(seed, passphrase, cost).hex(),
    }
    try:
        write_private(
            home / "officers" / f"{name}.json", json.dumps(document, ensure_ascii=False, indent=1).encode()
        )
    except FileExistsError:
        raise LocalError(
            Sentence("there is an officer {name} already", name=name), "choose another log-in name"
        ) from None
    return OfficerFile(name, officer)


def officers(home: Path) -> tuple[OfficerFile, ...]:
    """Our officers, by author number."""
    found = [_officer_file(path)[0] for path in sorted((home / "officers").glob("*.json"))]
    return tuple(sorted(found, key=lambda o: o.officer.author))


def officer(home: Path, name: str) -> OfficerFile | None:
    """Our officer of that log-in name, or None."""
    path = _path(home, name)
    return None if path is None else _officer_file(path)[0]


def _path(home: Path, name: str) -> Path | None:
    """The file of an officer, if there is one."""
    path = home / "officers" / f"{name}.json"
    return path if len(name) <= 32 and name.replace("-", "").isalnum() and path.exists() else None


def unlock(home_path: Path, name: str, passphrase: str) -> Unlocked:
    """An officer and the key, opened. Reads the officer's file and stretches the passphrase, nothing else, so that
    it may run beside the node, in a thread. Raises LocalError for an unknown name or a wrong passphrase."""
    found, signer = officer_signer(home_path, name, passphrase)
    return Unlocked(found.name, found.officer, signer)


def officer_signer(home: Path, name: str, passphrase: str) -> tuple[OfficerFile, Signer]:
    """An officer and the key, opened. Raises LocalError for an unknown name or a wrong passphrase."""
    path = _path(home, name)
    if path is None:
        raise LocalError(
            Sentence("there is no officer {name} at this end", name=name[:64]),
            Sentence("see: parley officer list"),
        )
    found, wrapped = _officer_file(path)
    return found, FileSigner(unwrap(wrapped, passphrase, name))


def _officer_file(path: Path) -> tuple[OfficerFile, bytes]:
    """An officer and the wrapped key; read again when the file has changed."""
    seen = path.stat()
    return _read_officer_file(path, seen.st_mtime_ns, seen.st_ino, seen.st_size)


@lru_cache(maxsize=256)
def _read_officer_file(path: Path, *_changes: int) -> tuple[OfficerFile, bytes]:
    try:
        d = json.loads(path.read_bytes())
        officer = Officer(
            d["author"],
            bytes.fromhex(d["key"]),
            d["office"],
            Precedence(d["precedence_max"]),
            Power(d["powers"]),
        )
        return OfficerFile(d["name"], officer), bytes.fromhex(d["wrapped"])
    except (ValueError, KeyError, TypeError, RemoteError):
        raise LocalError(
            Sentence("the officer file {file} is damaged", file=path.name), "put back a copy of this file"
        ) from None
