"""Objects: what is larger than an entry, named by the acts that speak of it (spec 16).

An act carries the name of an object and not its bytes: root of a tree over chunks of 4,096 bytes, size, and a salt
that goes into every leaf. So a signature over some hundred bytes binds a letter with its facsimile, the bytes may
come later or by another way, and from the name alone nobody can try whether he guesses them, as long as the act that
carries the salt is sealed.

On a bearer an object goes in blocks, a block in fragments of whatever size the bearer carries; the two ends need not
agree on that size beforehand, since every fragment says of how many it is one. A fragment is authenticated by its
frame and by nothing else: whether the bytes are those that were named is known when the object is whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from parley.core import record
from parley.core.errors import RemoteError
from parley.core.types import HASH_BYTES, ActKind, Body, Value, exactly, within
from parley.core.wire import cbor
from parley.core.wire.frame import BARE_FRAME_BYTES_MIN, FRAGMENT_HEAD_BYTES, Fragment, ObjectWanted

LABEL: Final = b"parley/object/1"  # of the registry (spec 1.4); with a salt of 32 bytes it begins every leaf
BLOCK_BYTES: Final = 4096
OBJECT_BYTES_MAX: Final = 1 << 20
BLOCKS_MAX: Final = OBJECT_BYTES_MAX // BLOCK_BYTES
SALT_BYTES: Final = 32
PIECES_MAX: Final = 255  # fragments of one block: their number is one byte
NAMED_MAX: Final = 16  # objects that one act can name, as far as they are looked for
FORMS_MAX: Final = 2  # ways of cutting one block that a receiver puts together side by side
FRAME_OVERHEAD_BYTES: Final = BARE_FRAME_BYTES_MIN + FRAGMENT_HEAD_BYTES
FRAME_BYTES_MIN: Final = FRAME_OVERHEAD_BYTES + -(-BLOCK_BYTES // PIECES_MAX)
"""The smallest frame that can carry a fragment: a block has at most 255 of them."""


@dataclass(frozen=True, slots=True)
class ObjectName:
    """What an act calls an object by. Raises RemoteError for a size that no object has (1 to 1,048,576 bytes)."""

    root: bytes
    size: int
    salt: bytes

    def __post_init__(self) -> None:
        exactly("root of an object", self.root, HASH_BYTES)
        within("size of an object", self.size, 1, OBJECT_BYTES_MAX)
        exactly("salt of an object", self.salt, SALT_BYTES)

    @property
    def blocks(self) -> int:
        """Of how many blocks it is made."""
        return -(-self.size // BLOCK_BYTES)

    def block_bytes(self, block: int) -> int:
        """How long a block is: 4,096 bytes, the last what is left."""
        return min(BLOCK_BYTES, self.size - block * BLOCK_BYTES)


def name(data: bytes, salt: bytes) -> ObjectName:
    """The name of `data` (1 to 1,048,576 bytes) under a salt of 32 bytes. Raises RemoteError outside those."""
    found = ObjectName(bytes(HASH_BYTES), len(data), salt)
    leaves = [record.leaf_hash(LABEL + salt + chunk) for chunk in _chunks(data)]
    return ObjectName(record.root_of(leaves), found.size, salt)


def fits(named: ObjectName, data: bytes) -> bool:
    """Whether `data` is what the name is of."""
    return len(data) == named.size and name(data, named.salt) == named


def _chunks(data: bytes) -> Iterator[bytes]:
    return (data[at : at + BLOCK_BYTES] for at in range(0, len(data), BLOCK_BYTES))


# --- which acts name objects ------------------------------------------------------------------


def encode_name(named: ObjectName) -> Value:
    """A name as a field of a body: [root, size, salt]."""
    return (named.root, named.size, named.salt)


def decode_name(value: Value) -> ObjectName:
    """The name in such a field. Raises RemoteError."""
    root, size, salt = cbor.array(value, 3, "name of an object")
    return ObjectName(cbor.octets(root), cbor.integer(size), cbor.octets(salt))


def _of_letter(body: Body) -> tuple[Value, ...]:
    return (body[_OBJECT_OF_LETTER],) if len(body) > _OBJECT_OF_LETTER else ()


_OBJECT_OF_LETTER: Final = 8
NAMING: Final[dict[int, Callable[[Body], tuple[Value, ...]]]] = {ActKind.LETTER: _of_letter}
"""By kind of act: the fields of its body that name objects, in their order; the place in it is the object's index."""


def objects_named(kind: int, body: Body | None) -> tuple[ObjectName, ...]:
    """The objects that an act names, by index; none for a kind that names none, and where one of the names is
    malformed: such an act is its author's fault and has no effect."""
    fields = NAMING.get(kind)
    if fields is None or body is None:
        return ()
    try:
        return tuple(decode_name(value) for value in fields(body)[:NAMED_MAX])
    except RemoteError:
        return ()


# --- a block on its way -----------------------------------------------------------------------


def cut(block_bytes: int, frame_bytes: int) -> tuple[int, int]:
    """How a block goes in frames of at most `frame_bytes`: (number of fragments, bytes of each but the last).

    The fragments are as equal as can be, so that a parity over them wastes nothing. `frame_bytes`: at least
    FRAME_BYTES_MIN.
    """
    room = max(1, frame_bytes - FRAME_OVERHEAD_BYTES)
    each = -(-block_bytes // -(-block_bytes // room))
    return -(-block_bytes // each), each


def fragment(place: tuple[int, int], block: int, data: bytes, index: int, pieces: int, each: int) -> Fragment:
    """One systematic fragment of a block: `place` is the sequence of the act and the index of the object in it."""
    last = len(data) - (pieces - 1) * each
    piece = data[index * each : (index + 1) * each]
    return Fragment(*place, block, pieces, pieces, index, last, piece)


@dataclass(slots=True)
class Assembly:
    """An object that is being put together; what has come of it lies in memory.

    The blocks that are whole, and of those that are not the fragments, by how their block was cut: two bearers may
    carry frames of different sizes.
    """

    named: ObjectName
    whole: dict[int, bytes] = field(default_factory=dict)
    _parts: dict[int, dict[tuple[int, int], dict[int, bytes]]] = field(default_factory=dict)

    def add(self, said: Fragment) -> bool:
        """Takes a fragment, if it can be one of this object; whether it brought anything new.

        What does not fit the size that was named, comes again, or is parity (an index not below k) changes nothing.
        """
        if said.block >= self.named.blocks or said.block in self.whole or said.index >= said.pieces:
            return False
        if not _is_of(self.named.block_bytes(said.block), said):
            return False
        forms = self._parts.setdefault(said.block, {})
        form = (said.pieces, said.last)
        if form not in forms and len(forms) >= FORMS_MAX:
            del forms[next(iter(forms))]
        parts = forms.setdefault(form, {})
        if said.index in parts:
            return False
        parts[said.index] = said.data
        if len(parts) == said.pieces:
            self.whole[said.block] = b"".join(parts[i] for i in range(said.pieces))
            del self._parts[said.block]
        return True

    @property
    def is_whole(self) -> bool:
        return len(self.whole) == self.named.blocks

    @property
    def data(self) -> bytes:
        """All of it, once it is whole; whether it is what was named is still to be asked (`fits`)."""
        return b"".join(self.whole[block] for block in range(self.named.blocks))

    def lacking(self, most: int) -> tuple[int, ...]:
        """The first blocks that are not whole, at most so many."""
        found: list[int] = []
        for block in range(self.named.blocks):
            if block not in self.whole:
                found.append(block)
                if len(found) == most:
                    break
        return tuple(found)

    def held_of(self, block: int) -> tuple[int, frozenset[int]]:
        """Of a block that is not whole: in how many fragments it came last, and which of them are here; (0, none)
        if nothing is."""
        forms = self._parts.get(block)
        if not forms:
            return 0, frozenset()
        (pieces, _), parts = list(forms.items())[-1]
        return pieces, frozenset(parts)


def _is_of(size: int, said: Fragment) -> bool:
    """Whether a systematic fragment can be one of a block of so many bytes."""
    front = said.pieces - 1
    each = len(said.data) if said.index < front else (size - said.last) // max(1, front)
    mine = each if said.index < front else said.last
    whole = front * each + said.last == size
    return whole and len(said.data) == mine and (not front or 1 <= said.last <= each)


def requests(place: tuple[int, int], assembly: Assembly, blocks: tuple[int, ...]) -> Iterator[ObjectWanted]:
    """What asks for some blocks of an object: one frame for each of which a part is here, naming what lacks of it,
    and one for each run of blocks of which nothing is. `blocks`: ascending."""
    run: list[int] = []
    for block in blocks:
        pieces, held = assembly.held_of(block)
        if run and (pieces or block != run[-1] + 1):
            yield ObjectWanted(*place, run[0], len(run))
            run = []
        if pieces:
            lacks = frozenset(range(pieces)) - held
            yield ObjectWanted(*place, block, 1, pieces, lacks)
        else:
            run.append(block)
    if run:
        yield ObjectWanted(*place, run[0], len(run))
