"""The fold of the record, kept beside it so that a start need not replay all of it (docs/adr/0018).

A snapshot is a memory of a computation and no second record. It says: this code, over exactly these bytes of these
entries, gave these lines. At a start the entries are read and hashed again, which is a tenth of the work of
replaying them, and the code is hashed too; if either is another, or the file is damaged, cut short, of another
form or not there, the record is replayed as if it had never been. So the snapshot can be deleted at any time, is
never believed against the record, and is not part of a back-up.

The entries that came after it are replayed on top. That is the same as replaying everything as long as they only go
on from what was before; where they do not (an act on an order wire, which may change the rosters or cut other
lines, and an act whose name another has), everything is replayed.

The file: a label, the SHA-256 of all that follows, and CBOR items one after another: the hash of the code, the
highest entry id, the hash of the entries up to it, and for each line its id and the parts of `Kept`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path

from parley import core
from parley.core import suite
from parley.core.errors import RemoteError
from parley.core.line import Interval, Line, Log, OurEpoch, Sever, Side, Standing
from parley.core.record import Tree
from parley.core.types import Value
from parley.core.wire import cbor
from parley.node.answered import Place
from parley.store import Store

FILE_NAME = "fold.kept"
LABEL = b"parley/fold/1\n"
FILE_BYTES_MAX = 1 << 28
_MADE_OF = (Line, Log, Tree, Sever, Standing, Side, Interval, OurEpoch)
_TUPLE, _SET, _FIRST_MADE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Kept:
    """One line as it was folded. `accords`: the hashes of those it was folded under, which `line` leaves out.
    `unproven`: an act on it has an author whom the roster did not prove. `waits`: its unanswered messages."""

    line: Line
    accords: tuple[bytes, ...]
    unproven: bool
    waits: tuple[tuple[bytes, Place], ...]


class Keeper:
    """Reads and writes the snapshot of one end's record."""

    def __init__(self, home: Path, store: Store) -> None:
        self._file, self._store = home / FILE_NAME, store
        self._until = 0  # the newest entry folded in what was read, or was last to be written
        self._hashed = (0, hashlib.sha256())  # up to which entry, and the hash until there

    @property
    def behind(self) -> int:
        """How many ids were given since the fold was read, or was last to be written."""
        return self._store.newest_id() - self._until

    @property
    def until(self) -> int:
        """The newest entry folded in what was read, or was last to be written; 0 if nothing could be relied on."""
        return self._until

    def read(self, order_wires: Iterable[bytes]) -> dict[bytes, Kept]:
        """The lines as they were kept, by id; none if there is nothing that can be relied on."""
        self._until = 0
        try:
            with self._file.open("rb") as file:
                data = file.read(FILE_BYTES_MAX)
            until, found = self._checked(data)
        except (OSError, RemoteError, ValueError, TypeError, IndexError):
            return {}
        if not self._store.is_plain_after(until, frozenset(order_wires)):
            return {}
        self._until = until
        return found

    def write(self, lines: Iterable[Kept]) -> None:
        """Keeps the lines as they are folded from all entries there are. A disk that refuses is no matter: what was
        kept before stays, and the next try is as far away as after a success."""
        self._until = until = self._store.newest_id()
        parts = [cbor.encode(_code()), cbor.encode(until), cbor.encode(self._digest(until))]
        for kept in lines:
            waits = tuple((name, *place) for name, place in kept.waits)
            parts += [cbor.encode(_packed(replace(kept.line, accords=()))), cbor.encode(kept.accords)]
            parts += [cbor.encode(kept.unproven), cbor.encode(waits)]
        body = b"".join(parts)
        beside = self._file.with_name(FILE_NAME + ".new")
        try:
            handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(LABEL + suite.sha256(body) + body)
            os.replace(beside, self._file)
        except OSError:
            with contextlib.suppress(OSError):
                beside.unlink()

    def forget_hashes(self) -> None:
        """An entry that was hashed has changed: its body came later."""
        self._hashed = (0, hashlib.sha256())

    def _checked(self, data: bytes) -> tuple[int, dict[bytes, Kept]]:
        """Raises RemoteError for anything that is not what this code kept of this record."""
        body = data[len(LABEL) + 32 :]
        if data[: len(LABEL)] != LABEL or data[len(LABEL) : len(LABEL) + 32] != suite.sha256(body):
            raise RemoteError("not a snapshot, or damaged")
        items: list[Value] = []
        at = 0
        while at < len(body):
            item, at = cbor.decode_first(body, at)
            items.append(item)
        code, until, digest, *of_lines = items
        if code != _code():
            raise RemoteError("kept by another code")
        if digest != self._digest(cbor.integer(until)):
            raise RemoteError("kept of another record")
        found = {}
        for i in range(0, len(of_lines), 4):
            kept = _kept(*of_lines[i : i + 4])
            found[kept.line.id] = kept
        return cbor.integer(until), found

    def _digest(self, until: int) -> bytes:
        """The hash of all entries up to an id and of the pairs they are of; what was hashed before is not read
        again."""
        done, begun = self._hashed
        if done > until:
            done, begun = 0, hashlib.sha256()
        self._store.digest(begun, done, until)
        self._hashed = (until, begun)
        pairs = [(p.name, p.transcript, p.our_card, p.their_card) for p in self._store.pairs()]
        return suite.sha256(begun.digest() + cbor.encode(tuple(pairs)))


def _kept(line: Value, names: Value, unproven: Value, waits: Value) -> Kept:
    made = _unpacked(line)
    if not isinstance(made, Line) or not isinstance(unproven, bool):
        raise RemoteError("not a line")
    places = []
    for item in cbor.items(waits):
        name, party, sequence = cbor.array(item, 3, "place")
        places.append((cbor.octets(name), (cbor.integer(party), cbor.integer(sequence))))
    return Kept(made, tuple(cbor.octets(name) for name in cbor.items(names)), unproven, tuple(places))


# --- values of the fold as CBOR and back ------------------------------------------------------


def _packed(value: object) -> Value:
    """A value of which a `Line` is made; what it holds beyond those is our bug: TypeError."""
    if value is None or isinstance(value, bool | int | bytes | str):
        return value
    if isinstance(value, tuple):
        return (_TUPLE, *(_packed(item) for item in value))
    if isinstance(value, frozenset):
        return (_SET, *sorted(value))
    if is_dataclass(value) and type(value) in _MADE_OF:
        number = _FIRST_MADE + _MADE_OF.index(type(value))
        return (number, *(_packed(getattr(value, f.name)) for f in fields(value)))
    raise TypeError(f"{type(value).__name__} is not of a fold")


def _unpacked(value: Value) -> object:
    if not isinstance(value, tuple):
        return value
    number, *rest = value
    items = tuple(_unpacked(item) for item in rest)
    if number == _TUPLE:
        return items
    if number == _SET:
        return frozenset(items)
    make: Callable[..., object] = _MADE_OF[cbor.integer(number) - _FIRST_MADE]
    return make(*items)


def _code() -> bytes:
    """The hash of the sources whose work is kept: another fold would make other lines of the same entries."""
    folder = Path(core.__file__).parent
    files = [*sorted(folder.rglob("*.py")), Path(__file__), *(Path(__file__).with_name(n) for n in _OF_NODE)]
    return suite.sha256(b"".join(suite.sha256(file.read_bytes()) for file in files))


_OF_NODE = ("folded.py", "answered.py")
