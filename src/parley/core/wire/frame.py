"""What a bearer carries: nine clear bytes, then what is sealed (spec 7).

A frame stands alone: form *act* or *node* holds all that a receiver of the same epoch needs to
rebuild the signed bytes with every earlier frame missing; form *any* carries what those leave out;
form *loose* is authenticated, unsigned and never recorded. The sealing itself is in `suite`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from parley.core.errors import RemoteError
from parley.core.types import (
    BATCH_MAX,
    FRAME_BYTES_MAX,
    HASH_BYTES,
    KEM_KEY_BYTES,
    NODE_AUTHOR,
    SIGNATURE_BYTES,
    SUITE,
    U8,
    U16,
    U32,
    ClockQuality,
    LooseKind,
    Precedence,
    within,
)

CLEAR_BYTES = 9
TAG_BYTES = 16
BARE_FRAME_BYTES_MIN = CLEAR_BYTES + 2 + TAG_BYTES
FRONTIER_FRAME_BYTES_MAX = 140
_FRONTIER_FIXED = 1 + 36 + 36 + 4
_PATH_MAX = 6  # of a batch of 64


class Form(IntEnum):
    """How the signed bytes are to be rebuilt."""

    ACT = 0
    NODE = 1
    ANY = 2
    LOOSE = 3


class BodyForm(IntEnum):
    """Where the body is."""

    NONE = 0
    INLINE = 1
    WITHHELD = 2  # its commitment stands in its place
    FRAGMENTS = 3  # reserved


@dataclass(frozen=True, slots=True)
class Clear:
    """The nine clear bytes, which are also the associated data of the seal."""

    tag: bytes
    counter: int


@dataclass(frozen=True, slots=True)
class ActLayout:
    """An act at its place, less what both ends know."""

    kind: int
    precedence: Precedence
    quality: ClockQuality
    author: int
    number: int
    time: int
    sequence: int
    seen_size: int
    body_form: BodyForm
    codec: int
    body: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class NodeLayout:
    """A statement, less what both ends know; a root is None where the receiver rebuilds it."""

    kind: int
    precedence: Precedence
    quality: ClockQuality
    sequence: int
    time: int
    own_root: bytes | None
    their_size: int
    their_root: bytes | None
    body_form: BodyForm
    codec: int
    body: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class AnyLayout:
    """Either layout with what it could not carry. `of_receiver`: the entry is of the receiver's own
    log (history). `of_order_wire`: an act of line 0, entered on this line."""

    of_receiver: bool
    of_order_wire: bool
    incarnation: int
    their_incarnation: int
    author_key: bytes | None
    commitment: bytes | None
    inner: ActLayout | NodeLayout


@dataclass(frozen=True, slots=True)
class SignOfLife:
    """Automatic; says that an end lives and what it holds (spec 7.5).

    `watch`: somebody has the watch; None when the line is set not to tell. `echo`: the highest
    counter heard from the receiver, 0 for none (counters begin at 1), in its latest epoch that was heard;
    `former`: an EPOCH later than that one is held.
    """

    watch: bool | None
    our_size: int
    their_size: int
    echo: int
    former: bool = False


@dataclass(frozen=True, slots=True)
class Frontier:
    """All a sender has, and what it lacks of the receiver's log (spec 7.6).

    `holes`: (first, count) of sequences lacking below the highest held. `wanted`: sequences whose
    frame could not be rebuilt and whose form *any* is asked for. `floor`: counters of the sender
    below it carry nothing the receiver lacks. `more`: not all of it fitted.
    """

    our_size: int
    our_root: bytes
    their_size: int
    their_root: bytes
    floor: int
    holes: tuple[tuple[int, int], ...] = ()
    wanted: tuple[int, ...] = ()
    more: bool = False


class CallSign(IntEnum):
    """What a call frame says."""

    RING = 1
    ANSWER = 2
    END = 3


@dataclass(frozen=True, slots=True)
class Call:
    """An attempt to reach the other watch, or its answer. `slot`: the scheduled time called for,
    0 when ad hoc; `by`: the author number of the officer, 0 when not told."""

    sign: CallSign
    slot: int
    by: int


@dataclass(frozen=True, slots=True)
class Prekey:
    """One key of a batch of the sender's, with its audit path (spec 7.9). `batch`: the sequence of the
    PREKEYS that announced it."""

    batch: int
    index: int
    key: bytes
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class PrekeysWanted:
    """Asks for `count` keys of a batch of the receiver's, from `first` on (spec 7.9); beyond its end, or
    of NO_BATCH, for a further batch."""

    batch: int
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of a block of an object (spec 7.10). `sequence` and `object`: the act in the sender's log that names
    it, and which of the objects it names. `pieces`: of how many systematic fragments the block is made (k);
    `index`: which one this is, and from `pieces` on parity, of `sent` fragments in all (n); `last`: bytes of the
    last systematic one."""

    sequence: int
    object: int
    block: int
    pieces: int
    sent: int
    index: int
    last: int
    data: bytes


@dataclass(frozen=True, slots=True)
class ObjectWanted:
    """Asks for `count` blocks of an object that an act in the receiver's log names, from `first` on (spec 7.10).
    With `pieces` it asks, of that one block in so many fragments, for those in `lacks`. `count` 0: the sender holds
    the object whole and wants nothing of it."""

    sequence: int
    object: int
    first: int
    count: int
    pieces: int = 0
    lacks: frozenset[int] = frozenset()


FRAGMENT_HEAD_BYTES = 12
NO_BATCH = U32
Loose: TypeAlias = SignOfLife | Frontier | Call | Prekey | PrekeysWanted | Fragment | ObjectWanted
Plain: TypeAlias = ActLayout | NodeLayout | AnyLayout | Loose


def encode_clear(clear: Clear) -> bytes:
    """Suite, epoch tag, counter: 9 bytes."""
    return bytes((SUITE,)) + clear.tag + clear.counter.to_bytes(4, "big")


def decode_clear(frame: bytes) -> Clear:
    """The clear part of a frame. Raises RemoteError for another suite or a frame too short."""
    if len(frame) < BARE_FRAME_BYTES_MIN:
        raise RemoteError("frame is too short")
    if len(frame) > FRAME_BYTES_MAX:
        raise RemoteError("frame is too long")
    if frame[0] != SUITE:
        raise RemoteError(f"frame names suite {frame[0]}")
    if frame[5:9] == bytes(4):
        raise RemoteError("counters begin at 1")
    return Clear(frame[1:5], int.from_bytes(frame[5:9], "big"))


def encode_plain(plain: Plain) -> bytes:
    """What is sealed: header and layout."""
    match plain:
        case ActLayout():
            return _header(Form.ACT, plain) + _act(plain)
        case NodeLayout():
            return _header(Form.NODE, plain) + _node(plain)
        case AnyLayout(inner=inner):
            flags = (
                isinstance(inner, NodeLayout)
                | plain.of_receiver << 1
                | plain.of_order_wire << 2
                | (plain.author_key is not None) << 3
                | (plain.commitment is not None) << 4
            )
            return (
                _header(Form.ANY, inner)
                + bytes((flags,))
                + _u32(plain.incarnation)
                + _u32(plain.their_incarnation)
                + (plain.author_key or b"")
                + (plain.commitment or b"")
                + (_node(inner) if isinstance(inner, NodeLayout) else _act(inner))
            )
        case SignOfLife():
            flags = (plain.watch is True) | (plain.watch is None) << 1 | plain.former << 2
            return (
                _loose(LooseKind.SIGN_OF_LIFE)
                + bytes((flags,))
                + _u32(plain.our_size)
                + _u32(plain.their_size)
                + _u32(plain.echo)
            )
        case Frontier():
            return _loose(LooseKind.FRONTIER) + _frontier(plain)
        case Call():
            return (
                _loose(LooseKind.CALL) + bytes((plain.sign,)) + _u32(plain.slot) + plain.by.to_bytes(2, "big")
            )
        case Prekey():
            head = _u32(plain.batch) + plain.index.to_bytes(2, "big")
            return _loose(LooseKind.PREKEY) + head + plain.key + b"".join(plain.path)
        case PrekeysWanted():
            head = _u32(plain.batch) + plain.first.to_bytes(2, "big")
            return _loose(LooseKind.PREKEYS_WANTED) + head + bytes((plain.count,))
        case Fragment():
            return _loose(LooseKind.FRAGMENT) + _fragment(plain)
        case ObjectWanted():  # pragma: no branch
            return _loose(LooseKind.OBJECT_WANTED) + _object_wanted(plain)


def decode_plain(data: bytes) -> Plain:
    """The layout in an opened frame. Raises RemoteError for anything else.

    The header is kind 6, precedence 2, form 2, own root 1, their root 1, body 2, clock quality 2
    bits, most significant first.
    """
    read = _Reader(data)
    head = read.number(2)
    kind, precedence, form = head >> 10, Precedence(head >> 8 & 3), Form(head >> 6 & 3)
    own, theirs, body_form = bool(head >> 5 & 1), bool(head >> 4 & 1), BodyForm(head >> 2 & 3)
    quality = ClockQuality(head & 3)
    if form == Form.LOOSE:
        if head & 0x3FF != Form.LOOSE << 6:
            raise RemoteError("a loose frame sets bits that mean nothing there")
        return _decode_loose(kind, read)
    if body_form == BodyForm.FRAGMENTS:
        raise RemoteError("bodies in fragments are reserved")
    if form == Form.ANY:
        flags = read.number(1)
        if flags >> 5:
            raise RemoteError("form any sets a flag that means nothing")
        incarnation, their_incarnation = read.number(4), read.number(4)
        author_key = read.take(32) if flags >> 3 & 1 else None
        commitment = read.take(HASH_BYTES) if flags >> 4 & 1 else None
        node = bool(flags & 1)
    else:
        node = form == Form.NODE
    inner: ActLayout | NodeLayout
    if node:
        inner = read.node(kind, precedence, quality, own, theirs, body_form)
    else:
        if own or theirs:
            raise RemoteError("an act carries no root")
        inner = read.act(kind, precedence, quality, body_form)
    if form != Form.ANY:
        return inner
    if node and (author_key is not None or flags >> 2 & 1):
        raise RemoteError("a statement is of its own line and carries no author's key")
    return AnyLayout(
        bool(flags >> 1 & 1),
        bool(flags >> 2 & 1),
        incarnation,
        their_incarnation,
        author_key,
        commitment,
        inner,
    )


def _header(form: Form, layout: ActLayout | NodeLayout) -> bytes:
    own = their = 0
    if isinstance(layout, NodeLayout):
        own, their = layout.own_root is not None, layout.their_root is not None
    head = (
        layout.kind << 10
        | layout.precedence << 8
        | form << 6
        | own << 5
        | their << 4
        | layout.body_form << 2
        | layout.quality
    )
    return head.to_bytes(2, "big")


def _loose(kind: LooseKind) -> bytes:
    return (kind << 10 | Form.LOOSE << 6).to_bytes(2, "big")


def _act(a: ActLayout) -> bytes:
    return (
        a.author.to_bytes(2, "big")
        + _u32(a.number)
        + _u32(a.time)
        + _u32(a.sequence)
        + _u32(a.seen_size)
        + bytes((a.codec,))
        + a.body
        + a.signature
    )


def _node(n: NodeLayout) -> bytes:
    return (
        _u32(n.sequence)
        + _u32(n.time)
        + (n.own_root or b"")
        + _u32(n.their_size)
        + (n.their_root or b"")
        + bytes((n.codec,))
        + n.body
        + n.signature
    )


def _frontier(f: Frontier) -> bytes:
    """Fixed part, then as many holes and wanted sequences as fit; the rest is said by `more`."""
    room = FRONTIER_FRAME_BYTES_MAX - CLEAR_BYTES - 2 - TAG_BYTES - _FRONTIER_FIXED - 2
    holes, wanted, more = b"", b"", f.more
    hole_count = wanted_count = at = 0
    for first, count in f.holes:
        piece = _varint(first - at) + _varint(count)
        if len(holes) + len(piece) > room:
            more = True
            break
        holes += piece
        hole_count += 1
        at = first + count
    for sequence in f.wanted:
        piece = _varint(sequence)
        if len(holes) + len(wanted) + len(piece) > room:
            more = True
            break
        wanted += piece
        wanted_count += 1
    return (
        bytes((more,))
        + _u32(f.our_size)
        + f.our_root
        + _u32(f.their_size)
        + f.their_root
        + _u32(f.floor)
        + bytes((hole_count,))
        + holes
        + bytes((wanted_count,))
        + wanted
    )


def _fragment(f: Fragment) -> bytes:
    return (
        _u32(f.sequence)
        + bytes((f.object,))
        + f.block.to_bytes(2, "big")
        + bytes((f.pieces, f.sent, f.index))
        + f.last.to_bytes(2, "big")
        + f.data
    )


def _object_wanted(w: ObjectWanted) -> bytes:
    """Fixed part, then a bit for each fragment, the first the most significant; unused bits are 0."""
    bits = sum(1 << (-(-w.pieces // 8) * 8 - 1 - index) for index in w.lacks)
    return (
        _u32(w.sequence)
        + bytes((w.object,))
        + w.first.to_bytes(2, "big")
        + bytes((w.count, w.pieces))
        + bits.to_bytes(-(-w.pieces // 8), "big")
    )


def _decode_fragment(read: _Reader) -> Fragment:
    sequence, which, block = read.number(4), read.number(1), read.number(2)
    pieces = within("fragments of a block", read.number(1), 1, U8)
    sent = within("fragments sent of a block", read.number(1), pieces, U8)
    index = within("index of a fragment", read.number(1), 0, sent - 1)
    last = within("length of the last fragment", read.number(2), 1, U16)
    data = read.take(len(read.data) - read.at)
    if not data:
        raise RemoteError("fragment is empty")
    return Fragment(sequence, which, block, pieces, sent, index, last, data)


def _decode_object_wanted(read: _Reader) -> ObjectWanted:
    sequence, which, first = read.number(4), read.number(1), read.number(2)
    count, pieces = read.number(1), read.number(1)
    size = -(-pieces // 8)
    bits = int.from_bytes(read.take(size), "big")
    lacks = frozenset(index for index in range(size * 8) if bits >> (size * 8 - 1 - index) & 1)
    if pieces and (count != 1 or not lacks or max(lacks) >= pieces):
        raise RemoteError("fragments wanted are of no block, of several, none, or more than there are")
    if not count and first:
        raise RemoteError("an object that is held whole has no first block wanted")
    return ObjectWanted(sequence, which, first, count, pieces, lacks)


def _decode_loose(kind: int, read: _Reader) -> Loose:
    loose: Loose
    if kind == LooseKind.SIGN_OF_LIFE:
        flags = read.number(1)
        within("watch", flags & 3, 0, 2)
        watch, former = None if flags >> 1 & 1 else bool(flags & 1), bool(flags >> 2)
        within("flags", flags, 0, 6)
        loose = SignOfLife(watch, read.number(4), read.number(4), read.number(4), former)
    elif kind == LooseKind.FRONTIER:
        if len(read.data) > FRONTIER_FRAME_BYTES_MAX - CLEAR_BYTES - TAG_BYTES:
            raise RemoteError("frontier is too long")
        more = bool(within("flags", read.number(1), 0, 1))
        our_size, our_root = read.number(4), read.take(HASH_BYTES)
        their_size, their_root = read.number(4), read.take(HASH_BYTES)
        floor, at, holes = read.number(4), 0, []
        for _ in range(read.number(1)):
            first = at + read.varint()
            count = within("length of a hole", read.varint(), 1, U32)
            holes.append((within("hole", first, 0, U32), count))
            at = within("end of a hole", first + count, 0, U32)
        wanted = tuple(read.varint() for _ in range(read.number(1)))
        loose = Frontier(our_size, our_root, their_size, their_root, floor, tuple(holes), wanted, more)
    elif kind == LooseKind.CALL:
        sign = CallSign(within("call", read.number(1), min(CallSign), max(CallSign)))
        loose = Call(sign, read.number(4), within("officer calling", read.number(2), 0, NODE_AUTHOR - 1))
    elif kind == LooseKind.PREKEY:
        batch, index, key = read.number(4), read.number(2), read.take(KEM_KEY_BYTES)
        path: list[bytes] = []
        while read.at < len(read.data) and len(path) < _PATH_MAX:
            path.append(read.take(HASH_BYTES))
        loose = Prekey(batch, index, key, tuple(path))
    elif kind == LooseKind.PREKEYS_WANTED:
        batch, index = read.number(4), read.number(2)
        loose = PrekeysWanted(batch, index, within("prekeys", read.number(1), 1, BATCH_MAX))
    elif kind == LooseKind.FRAGMENT:
        loose = _decode_fragment(read)
    elif kind == LooseKind.OBJECT_WANTED:
        loose = _decode_object_wanted(read)
    else:
        raise RemoteError(f"loose kind {kind} is unknown")
    read.end()
    return loose


class _Reader:
    """A cursor over an opened frame; every read is bounded."""

    __slots__ = ("at", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        piece = self.data[self.at : self.at + size]
        if len(piece) != size:
            raise RemoteError("frame ends early")
        self.at += size
        return piece

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def varint(self) -> int:
        n = 0
        for shift in range(0, 35, 7):
            byte = self.number(1)
            n |= (byte & 0x7F) << shift
            if not byte & 0x80:
                if not byte and shift:
                    raise RemoteError("varint not in its shortest form")
                return within("varint", n, 0, U32)
        raise RemoteError("varint is too long")

    def end(self) -> None:
        if self.at != len(self.data):
            raise RemoteError("bytes are left in the frame")

    def act(self, kind: int, precedence: Precedence, quality: ClockQuality, body_form: BodyForm) -> ActLayout:
        author, number, time = self.number(2), self.number(4), self.number(4)
        sequence, seen_size = self.number(4), self.number(4)
        codec, body = self.body(body_form)
        return ActLayout(
            kind,
            precedence,
            quality,
            author,
            number,
            time,
            sequence,
            seen_size,
            body_form,
            codec,
            body,
            self.take(SIGNATURE_BYTES),
        )

    def node(
        self,
        kind: int,
        precedence: Precedence,
        quality: ClockQuality,
        own: bool,
        theirs: bool,
        body_form: BodyForm,
    ) -> NodeLayout:
        sequence, time = self.number(4), self.number(4)
        own_root = self.take(HASH_BYTES) if own else None
        their_size = self.number(4)
        their_root = self.take(HASH_BYTES) if theirs else None
        codec, body = self.body(body_form)
        return NodeLayout(
            kind,
            precedence,
            quality,
            sequence,
            time,
            own_root,
            their_size,
            their_root,
            body_form,
            codec,
            body,
            self.take(SIGNATURE_BYTES),
        )

    def body(self, body_form: BodyForm) -> tuple[int, bytes]:
        """Codec byte and what stands between it and the signature, which ends the frame."""
        codec = self.number(1)
        size = len(self.data) - self.at - SIGNATURE_BYTES
        if size < 0:
            raise RemoteError("frame ends early")
        if body_form == BodyForm.NONE and (size or codec):
            raise RemoteError("frame without a body carries one")
        if body_form == BodyForm.WITHHELD and (size != HASH_BYTES or codec):
            raise RemoteError("withheld body is not a commitment alone")
        if body_form == BodyForm.INLINE and not size:
            raise RemoteError("inline body is empty")
        return codec, self.take(size)


def _u32(n: int) -> bytes:
    return n.to_bytes(4, "big")


def _varint(n: int) -> bytes:
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)
