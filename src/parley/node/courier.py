"""The courier file: what a person carries in a pocket where no bearer goes, or faster than one (spec 16.4).

The file holds frames, the very ones a bearer would carry, of all that their node has not signed for on a line and on
line 0, and beside them the objects that they are not known to hold. What waits becomes an entry in the turn that
makes the file. Nothing in it has to arrive: what is in the file goes by every bearer too, a file comes twice or
never, and what is had already changes nothing.

Objects lie beside the frames under their names, because a fragment is a loose frame and so only good until a later
one was heard (FR-19): a file that is three weeks on its way would lose them all. Nobody can put other bytes under a
name, and nothing is kept that no act of theirs names.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from parley.core import line as lines
from parley.core import objects
from parley.core.errors import LocalError, RemoteError, Sentence
from parley.core.objects import ObjectName
from parley.core.types import FRAME_BYTES_MAX, ActKind, Value
from parley.core.wire import cbor
from parley.core.wire import entry as wire
from parley.core.wire.frame import ObjectWanted
from parley.node import Node, Room
from parley.store import Row

LABEL: Final = "parley/courier/1"
FRAMES_MAX: Final = 4096
OBJECTS_MAX: Final = 64
OBJECTS_BYTES_MAX: Final = 32 << 20
FILE_BYTES_MAX: Final = FRAMES_MAX * (FRAME_BYTES_MAX + 3) + OBJECTS_BYTES_MAX + OBJECTS_MAX * 128
TOLD_MAX: Final = 64  # objects of theirs, the latest, of which a file tells that we hold them


@dataclass(frozen=True, slots=True)
class Given:
    """A courier file that was made: its bytes; entries and objects of ours in it; what did not fit and still goes by
    another way or in the next file."""

    data: bytes
    entries: int
    objects: int
    left_out: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What a courier file brought. `entries`: new ones; `known`: frames and objects that were had already;
    `unopened`: frames that no line here opens, damaged or of others; `objects`: new ones; `unwanted`: objects that no
    act held here names, or that are damaged."""

    entries: int
    known: int
    unopened: int
    objects: int
    unwanted: int


# --- the file ---------------------------------------------------------------------------------


def encode(sealed: Iterable[bytes], beside: Iterable[tuple[ObjectName, bytes]]) -> bytes:
    """["parley/courier/1", [frame], [[root, size, salt, bytes]]]."""
    named: tuple[Value, ...] = tuple((one.root, one.size, one.salt, data) for one, data in beside)
    return cbor.encode((LABEL, tuple(sealed), named))


def decode(data: bytes) -> tuple[tuple[bytes, ...], tuple[tuple[ObjectName, bytes], ...]]:
    """The frames and the objects of a file, none of them looked at. Raises RemoteError."""
    if len(data) > FILE_BYTES_MAX:
        raise RemoteError("courier file is too long")
    value, end = cbor.decode_first(data, 0)
    label, sealed, beside = cbor.array(value, 3, "courier file")
    if end != len(data) or label != LABEL:
        raise RemoteError("this is not a courier file")
    found = tuple(cbor.octets(frame) for frame in cbor.items(sealed))
    named: list[tuple[ObjectName, bytes]] = []
    for item in cbor.items(beside):
        root, size, salt, given = cbor.array(item, 4, "object")
        one = ObjectName(cbor.octets(root), cbor.integer(size), cbor.octets(salt))
        if len(cbor.octets(given)) != one.size:
            raise RemoteError("object has another size than its name says")
        named.append((one, cbor.octets(given)))
    if len(found) > FRAMES_MAX or len(named) > OBJECTS_MAX:
        raise RemoteError("courier file has too much in it")
    if any(len(frame) > FRAME_BYTES_MAX for frame in found):
        raise RemoteError("courier file has a frame that is too long")
    return found, tuple(named)


# --- out --------------------------------------------------------------------------------------


def courier_out(node: Node, room: Room) -> Given:
    """A file of all that the other party is not known to hold on a line, and on line 0. Not within a turn.

    What waits on either and may leave now is entered first; that is durable before this returns, whatever becomes
    of the file. Raises LocalError when this end may sign nothing, or the disk refuses.
    """
    node.check_may_sign()
    both = list(dict.fromkeys((room.pair.order_wire, room)))

    def enter() -> None:
        for one in both:
            _enter(node, one)

    node.turn(enter)
    assert not node.store.in_turn, "a file is let out only after the commit"
    sealed: list[bytes] = []
    beside: list[tuple[ObjectName, bytes]] = []
    entries = left_out = 0
    for one in both:
        lacking = list(_lacking(node, one))
        fitting = lacking[: max(0, FRAMES_MAX - len(sealed) - TOLD_MAX - 1)]
        sealed += [node.frame(one, row.held.sequence) for row in fitting]
        entries, left_out = entries + len(fitting), left_out + len(lacking) - len(fitting)
        held = [ObjectWanted(*place, 0, 0) for place in _held_of_theirs(node, one)]
        sealed += node.loose_frames(one, held)
        for named in _objects_lacking(node, one):
            size = sum(name.size for name, _ in beside) + named.size
            data = node.store.object_bytes(named.root)
            if data is None or size > OBJECTS_BYTES_MAX or len(beside) == OBJECTS_MAX:
                left_out += 1
            elif all(named != name for name, _ in beside):
                beside.append((named, data))
    return Given(encode(sealed, beside), entries, len(beside), left_out)


def _enter(node: Node, room: Room) -> None:
    """Enters what waits and may leave now, however much of it: it is handed over in one piece."""
    now = node.now()
    waiting = [
        w for w in node.store.enterable(room.id) if lines.refuse(room.line, w.kind, w.subject, now) is None
    ]
    for one in waiting[:FRAMES_MAX]:
        node.enter(room, one.act, wire.decode_body(one.body))
        node.store.entered(one.id)


def _lacking(node: Node, room: Room) -> Iterable[Row]:
    """The entries of ours that their node has not signed for, in the order of the log."""
    held = frozenset(room.line.received_beyond if not room.difference else ())
    for row in node.store.of_log(room.id, room.pair.ours, room.line.covered):
        if row.held.sequence not in held:
            yield row


def _objects_lacking(node: Node, room: Room) -> Iterable[ObjectName]:
    """The objects that acts of ours on a line name and they have not said to hold, by the order of the log."""
    for held, place, named in _named_on(node, room, room.pair.ours):
        if not node.store.is_told_held(room.id, held, place) and node.store.object_held_at(named) is not None:
            yield named


def _held_of_theirs(node: Node, room: Room) -> list[tuple[int, int]]:
    """The places of theirs, the latest, of which we hold the object."""
    places = [(held, place) for held, place, _ in _named_on(node, room, 1 - room.pair.ours)]
    return [place for place in places if node.holds_of_theirs(room, place)][-TOLD_MAX:]


def _named_on(node: Node, room: Room, party: int) -> list[tuple[int, int, ObjectName]]:
    rows = [row for kind in objects.NAMING for row in node.store.acts(room.id, ActKind(kind), party)]
    return [
        (row.held.sequence, place, named)
        for row in sorted(rows, key=lambda row: row.held.sequence)
        for place, named in enumerate(objects.objects_named(row.held.kind, row.held.body))
    ]


# --- in ---------------------------------------------------------------------------------------


def courier_in(node: Node, data: bytes) -> Taken:
    """Takes what a courier file brings, in one turn; a file that was taken before changes nothing.

    Raises LocalError, with one sentence, for what is no courier file, for one of which nothing is for this end, and
    when the disk refuses; nothing has changed then.
    """
    node.check_may_sign()
    try:
        sealed, beside = decode(data)
    except RemoteError:
        raise LocalError(
            Sentence("this is not a courier file, or it is damaged"),
            Sentence("ask for it again; nothing was taken from it"),
        ) from None
    return node.turn(lambda: _take(node, sealed, beside))


def _take(node: Node, sealed: tuple[bytes, ...], beside: tuple[tuple[ObjectName, bytes], ...]) -> Taken:
    before, known, unopened, kept, unwanted = node.store.newest_id(), 0, 0, 0, 0
    for frame in sealed:
        try:
            known += not node.take_by_hand(frame)
        except RemoteError:
            unopened += 1
    entries = node.store.newest_id() - before
    for named, data in beside:
        room = next((r for r in node.rooms() if _is_fetched(node, r, named)), None)
        if room is not None and objects.fits(named, data):
            kept += node.take_object(room, named, data)
        elif node.store.object_held_at(named) is not None:
            known += 1
        else:
            unwanted += 1
    if not kept and unopened == len(sealed) and (sealed or not known):
        raise LocalError(
            Sentence("nothing in this file is for this end: no line here opens any of it"),
            Sentence("check whose file it is; nothing was taken from it"),
        )
    return Taken(entries, known, unopened, kept, unwanted)


def _is_fetched(node: Node, room: Room, named: ObjectName) -> bool:
    return any(fetch.wanted.named == named for fetch in node.fetches(room).values())
