"""Objects at this end, and the file that carries them by hand: what a screen asks and what a person orders.

What is larger than an entry comes after the act that names it; until it is here, that act is shown as "not yet"
with what came of it (spec 16). A courier file is asked for by an officer, and taken by one, so that the journal
says who gave it out and who brought it in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from parley.core import objects
from parley.core.errors import LocalError, Sentence
from parley.core.objects import ObjectName
from parley.core.types import ActKind, Seconds
from parley.desk.files import read_file, write_file
from parley.desk.reading import Reading
from parley.desk.signing import Signing
from parley.node import Node, Room
from parley.node.courier import FILE_BYTES_MAX, courier_in, courier_out
from parley.watch_log import Happened

HELD: Final = "HELD"
FETCHING: Final = "FETCHING"
WAITING: Final = "WAITING"  # its turn has not come: others before it are fetched, or there is no room for it
FORGOTTEN: Final = "FORGOTTEN"  # it was here, and an officer let go of its bytes
NOT_HERE: Final = "NOT HERE"  # ours, named by an act of ours and not in the store: it was never kept


@dataclass(frozen=True, slots=True)
class ObjectView:
    """An object that an act names. `sequence`: the place of the act in its log; `index`: which of its objects.
    `state`: HELD, FETCHING, WAITING, FORGOTTEN or NOT HERE. `blocks_here` of `blocks` are in memory.
    `misfits`: how often what came of theirs was not what they named. `told_held`: of ours, they say that they hold it,
    unsigned."""

    line: str
    ours: bool
    sequence: int
    index: int
    root: bytes
    size: int
    state: str
    held_at: Seconds | None
    blocks: int
    blocks_here: int
    misfits: int
    told_held: bool


@dataclass(frozen=True, slots=True)
class CourierOutView:
    """A courier file that was written. `left_out`: entries and objects for which there was no room in it."""

    path: str
    bytes: int
    entries: int
    objects: int
    left_out: int


@dataclass(frozen=True, slots=True)
class CourierInView:
    """What a courier file brought. `known`: frames and objects we had; `unopened`: frames of other lines, or
    damaged; `unwanted`: objects that no act here names, or damaged."""

    entries: int
    objects: int
    known: int
    unopened: int
    unwanted: int


class Objects:
    """What the desk knows of objects, and the courier file."""

    def __init__(self, node: Node, look: Reading, signing: Signing) -> None:
        self._node, self._look, self._signing = node, look, signing

    def object_bytes(self, root: bytes) -> bytes | None:
        """An object by its root, None if it is not here."""
        return self._node.store.object_bytes(root)

    def held(self, named: ObjectName) -> bool:
        """Whether an object is here, whole and as it was named."""
        return self._node.store.object_held_at(named) is not None

    def of_line(self, line: str) -> tuple[ObjectView, ...]:
        """The objects that acts on a line name, the latest first."""
        room = self._look.room(line)
        rows = [row for kind in objects.NAMING for row in self._node.store.acts(room.id, ActKind(kind))]
        return tuple(
            self._view(room, row.held.party, row.held.sequence, index, named)
            for row in sorted(rows, key=lambda row: -row.id)
            for index, named in enumerate(objects.objects_named(row.held.kind, row.held.body))
        )

    def at(self, line: str, party: int, sequence: int, index: int = 0) -> ObjectView | None:
        """The object that the act at a place names; None if it names none."""
        room = self._look.room(line)
        row = self._node.store.at(room.id, party, sequence)
        if row is None or row.held.is_statement:
            return None
        named = objects.objects_named(row.held.kind, row.held.body)
        return self._view(room, party, sequence, index, named[index]) if index < len(named) else None

    def _view(self, room: Room, party: int, sequence: int, index: int, named: ObjectName) -> ObjectView:
        ours = party == room.pair.ours
        held_at = self._node.store.object_held_at(named)
        if not ours and self._node.store.is_wanted(room.id, sequence, index):
            held_at = None
        fetch = None if ours else self._node.fetches(room).get((sequence, index))
        if held_at is not None:
            state = HELD
        elif ours:
            state = NOT_HERE
        elif self._node.store.object_forgotten_at(named, room.pair.rooms.keys()) is not None:
            state = FORGOTTEN
        else:
            state = WAITING if fetch is None else FETCHING
        return ObjectView(
            self._look.name(room),
            ours,
            sequence,
            index,
            named.root,
            named.size,
            state,
            held_at,
            named.blocks,
            named.blocks if held_at is not None else len(fetch.assembly.whole) if fetch else 0,
            fetch.wanted.misfits if fetch else 0,
            ours and self._node.store.is_told_held(room.id, sequence, index),
        )

    def forget(self, root: bytes, by: str) -> None:
        """Lets go of the bytes of an object of theirs whose letter was acknowledged; its name stays in the record, and
        it is not fetched again. Raises LocalError."""
        self._signing.acting(by)
        found = self._node.store.object_of_theirs(root)
        if found is None:
            raise LocalError(
                Sentence("the bytes of this object of theirs are not here"), Sentence("nothing was changed")
            )
        named, line = found
        self._node.turn(lambda: self._node.forget_object(named))
        self._node.watch_log.note(
            self._node.now(), Happened.FORGOTTEN, by, line, object=root.hex(), bytes=named.size
        )
        self._node.changed()

    def courier_out(self, line: str, path: str, by: str) -> CourierOutView:
        """Writes a courier file to `path`, absolute, which must not exist. What waits on the line is entered by it,
        whatever becomes of the file. Raises LocalError."""
        room = self._look.room(line)
        self._signing.acting(by)
        _check_new(path)  # before anything is entered for a file that cannot be written
        given = courier_out(self._node, room)
        write_file(path, given.data)
        self._node.watch_log.note(
            self._node.now(),
            Happened.COURIER,
            by,
            room.id,
            way="out",
            bytes=len(given.data),
            entries=given.entries,
        )
        return CourierOutView(path, len(given.data), given.entries, given.objects, given.left_out)

    def courier_in(self, path: str, by: str) -> CourierInView:
        """Takes the courier file at `path`, absolute. Raises LocalError, one sentence, for anything else."""
        self._signing.acting(by)
        data = read_file(path, FILE_BYTES_MAX)
        taken = courier_in(self._node, data)
        self._node.watch_log.note(
            self._node.now(), Happened.COURIER, by, way="in", bytes=len(data), entries=taken.entries
        )
        return CourierInView(taken.entries, taken.objects, taken.known, taken.unopened, taken.unwanted)


def _check_new(path: str) -> None:
    """Raises LocalError if a file cannot be written there as far as that can be told beforehand."""
    try:
        taken, folder = Path(path).exists(), Path(path).parent
        missing = not folder.is_dir()
    except (OSError, ValueError):
        return  # which writing it will tell in its own words
    if taken:
        raise LocalError(
            Sentence("{path} exists already", path=path),
            Sentence("name a new file; nothing was overwritten"),
        )
    if missing:
        raise LocalError(
            Sentence("there is no folder {path}", path=folder), Sentence("make it, or name another")
        )


# --- questions: what a command or an API client may ask (desk/ask.py) ---------------------------


class HasObjects(Protocol):
    """What these questions are put to: a desk."""

    objects: Objects


def _courier_out(desk: HasObjects, line: str, path: str, by: str) -> object:
    return desk.objects.courier_out(line, path, by)


def _courier_in(desk: HasObjects, path: str, by: str) -> object:
    return desk.objects.courier_in(path, by)


def _of_line(desk: HasObjects, line: str) -> object:
    return desk.objects.of_line(line)


QUESTIONS: dict[str, Callable[..., object]] = {
    "courier_out": _courier_out,
    "courier_in": _courier_in,
    "objects": _of_line,
}
