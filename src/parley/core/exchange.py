"""Frames from entries and entries from frames; what lacks, and what to send next (spec 7, 8, 12).

Nothing here keeps state: a node hands in what it knows and gets values back. A frame says what I have
and what you lack, so it may come twice or never, and no loss needs a code of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from parley.core import record, suite
from parley.core.errors import RemoteError
from parley.core.line import Line
from parley.core.record import Held
from parley.core.types import (
    ROOT_AUTHOR,
    U32,
    Act,
    Body,
    Entry,
    Precedence,
    Seen,
    Signed,
    Stamp,
    Statement,
)
from parley.core.wire import body as bodies
from parley.core.wire import entry as wire
from parley.core.wire import frame as frames
from parley.core.wire.frame import ActLayout, AnyLayout, BodyForm, NodeLayout

RootAt = Callable[[int, int], bytes | None]  # (party, size) -> root of the log we hold, None if we do not


@dataclass(frozen=True, slots=True)
class Ends:
    """What both ends of an epoch know of a line, seen from here.

    `incarnations`: by party. `order_wire`: id of line 0. `commitment_keys`: of the line and of line 0.
    `node_keys`: by party. `key_of`: (party, author) -> public key, None if not known. `root_at`: roots
    of either log as held here.
    """

    line: bytes
    ours: int
    incarnations: tuple[int, int]
    order_wire: bytes
    commitment_keys: tuple[bytes, bytes]
    node_keys: tuple[bytes, bytes]
    key_of: Callable[[int, int], bytes | None]
    root_at: RootAt
    context: bodies.Context


class CannotRebuild(RemoteError):
    """A frame that opened, but whose signed bytes could not be rebuilt here: it is kept, and its
    form *any* is asked for (spec 8.6)."""

    def __init__(self, text: str, sequence: int) -> None:
        super().__init__(text)
        self.sequence = sequence


# --- out --------------------------------------------------------------------------------------


def layout(
    held: Held,
    signed: Signed,
    ends: Ends,
    *,
    covered: int,
    author_key: bytes | None,
    explicit: bool = False,
    phrases: bool = True,
) -> ActLayout | NodeLayout | AnyLayout:
    """The smallest layout from which the other end can rebuild an entry of ours (spec 7.3).

    `covered`: the size of our log that their latest statement covers without a hole. `author_key`:
    attached when the peer may not know the author. `explicit`: form *any* with both roots, and a body
    that needs neither an accord nor a log to unpack. `phrases`: texts may go by the phrase dictionaries; False
    towards an end that could not rebuild such a frame.
    """
    said = held.said
    usual = _usual(held, ends, author_key)
    cost = (bodies.ANY_FORM_BYTES if usual else 0) if phrases else None
    body_form, codec, packed = _packed_body(held, ends, explicit, cost)
    inner: ActLayout | NodeLayout
    if isinstance(said, Statement):
        implied = not explicit and (held.sequence <= covered or held.sequence == 0)
        inner = NodeLayout(
            said.kind,
            said.precedence,
            said.stamp.quality,
            said.sequence,
            said.stamp.time,
            None if implied else said.own_root,
            said.their_size,
            said.their_root if explicit else None,
            body_form,
            codec,
            packed,
            signed.signature,
        )
    else:
        inner = ActLayout(
            said.kind,
            said.precedence,
            said.stamp.quality,
            said.author,
            said.number,
            said.stamp.time,
            held.sequence,
            said.seen.size,
            body_form,
            codec,
            packed,
            signed.signature,
        )
    if usual and not explicit and not bodies.by_phrases(codec):
        return inner
    their_incarnation = said.their_incarnation if isinstance(said, Statement) else said.seen.incarnation
    return AnyLayout(
        said.party != ends.ours,
        said.line != ends.line,
        held.incarnation,
        their_incarnation,
        author_key if isinstance(said, Act) else None,
        None,
        inner,
    )


def by_phrases(plain: ActLayout | NodeLayout | AnyLayout) -> bool:
    """Whether a frame needs a phrase dictionary at its receiver: who asks for its explicit form may have none, and
    is sent no other such frame (PK-17)."""
    return bodies.by_phrases(plain.inner.codec if isinstance(plain, AnyLayout) else plain.codec)


def _usual(held: Held, ends: Ends, author_key: bytes | None) -> bool:
    """Whether all that the form *any* would name is that of the epoch and known."""
    said, theirs = held.said, ends.incarnations[1 - ends.ours]
    if isinstance(said, Statement):
        usual = said.their_incarnation == theirs
    else:
        usual = said.line == ends.line and said.seen.incarnation == theirs and author_key is None
    return usual and said.party == ends.ours and held.incarnation == ends.incarnations[ends.ours]


def _packed_body(
    held: Held, ends: Ends, explicit: bool, phrases_cost: int | None
) -> tuple[BodyForm, int, bytes]:
    if held.body is None:
        return BodyForm.WITHHELD, 0, held.said.commitment
    if not held.body:
        return BodyForm.NONE, 0, b""
    if explicit:
        return BodyForm.INLINE, bodies.CHARSET_CBOR, wire.encode_body(held.body)
    codec, packed = bodies.pack(
        held.is_statement, held.kind, held.body, ends.context, phrases_cost=phrases_cost
    )
    return BodyForm.INLINE, codec, packed


# --- in ---------------------------------------------------------------------------------------


def rebuild(plain: ActLayout | NodeLayout | AnyLayout, ends: Ends) -> tuple[Entry, Body | None]:
    """The entry a frame carries, rebuilt to the byte and verified; and its body, None if withheld.

    Everything that must hold, numbered as in the code:

    1. The incarnations, the line and the party are those of the epoch, or the form *any* names them.
    2. The body unpacks within its bounds.
    3. The commitment is rebuilt from the body, or stands in its place when withheld.
    4. Roots left out can be rebuilt from the logs held here.
    5. The author's key is known, or attached and fit to be a key.
    6. The signature verifies over the rebuilt payload.

    A schema that does not hold, or a size over the limit, is no reason to refuse: it is well signed, and
    the peer's fault.

    Raises CannotRebuild when 2, 4, 5 or 6 fails for want of something the form *any* would carry.
    """
    inner = plain.inner if isinstance(plain, AnyLayout) else plain
    party = 1 - ends.ours  # 1
    line, commitment_key = ends.line, ends.commitment_keys[0]
    incarnation, their_incarnation = ends.incarnations[party], ends.incarnations[1 - party]
    attached: bytes | None = None
    if isinstance(plain, AnyLayout):
        if plain.of_receiver:
            party = ends.ours
        if plain.of_order_wire:
            line, commitment_key = ends.order_wire, ends.commitment_keys[1]
        incarnation, their_incarnation = plain.incarnation, plain.their_incarnation
        attached = plain.author_key
    if incarnation != ends.incarnations[party]:
        raise CannotRebuild("entry of another incarnation", inner.sequence)
    node = isinstance(inner, NodeLayout)
    try:
        body = _body(inner, node, ends.context)  # 2
    except RemoteError as e:
        raise CannotRebuild(e.text, inner.sequence) from None
    said: Act | Statement
    if isinstance(inner, NodeLayout):
        salts = record.statement_salts(commitment_key, party, incarnation, inner.sequence, len(body or ()))
        commitment = _commitment(inner, body, salts)  # 3
        own_root = inner.own_root or ends.root_at(party, inner.sequence)  # 4
        their_root = inner.their_root or ends.root_at(1 - party, inner.their_size)
        if own_root is None or their_root is None:
            raise CannotRebuild("a root it leaves out is not held here", inner.sequence)
        said = Statement(
            line,
            party,
            inner.kind,
            inner.precedence,
            incarnation,
            inner.sequence,
            Stamp(inner.time, inner.quality),
            own_root,
            their_incarnation,
            inner.their_size,
            their_root,
            commitment,
        )
        keys = [ends.node_keys[party]]
        payload = wire.encode_statement(said)
    else:
        salts = record.act_salts(commitment_key, party, inner.author, inner.number, len(body or ()))
        commitment = _commitment(inner, body, salts)
        said = Act(
            line,
            party,
            inner.kind,
            inner.precedence,
            inner.author,
            inner.number,
            Stamp(inner.time, inner.quality),
            Seen(their_incarnation, inner.seen_size),
            commitment,
        )
        known = ends.key_of(party, inner.author)
        if inner.author == ROOT_AUTHOR:
            attached = None  # the root has the key of the card and no other
        keys = [key for key in (known, suite.check_public_key(attached) if attached else None) if key]
        payload = wire.encode_act(said)
    if not keys:
        raise CannotRebuild("its author's key is not known here", inner.sequence)  # 5
    for key in keys:  # that of the roster first; what holds under an attached one alone is recorded, unproven
        signed = Signed(suite.key_id(key), payload, inner.signature)
        if suite.verify(key, wire.to_be_signed(signed.kid, payload), signed.signature):  # 6
            return Entry(incarnation, inner.sequence, signed), body
    raise CannotRebuild("it does not verify with what was rebuilt", inner.sequence)


def _body(inner: ActLayout | NodeLayout, node: bool, context: bodies.Context) -> Body | None:
    match inner.body_form:
        case BodyForm.NONE:
            return ()
        case BodyForm.WITHHELD:
            return None
        case _:
            return bodies.unpack(node, inner.kind, inner.codec, inner.body, context)


def _commitment(inner: ActLayout | NodeLayout, body: Body | None, salts: Sequence[bytes]) -> bytes:
    if body is None:
        return inner.body
    return record.commitment(inner.kind, body, lambda i: salts[i])


# --- what lacks -------------------------------------------------------------------------------


def frontier(line: Line, root_at: RootAt, floor: int, wanted: Iterable[int]) -> frames.Frontier:
    """All we hold of a line, and what we lack of theirs. What lies above the highest we hold is the
    last hole, open to the end, so that a sender knows what not to send again."""
    ours, theirs = line.our_log, line.their_log
    holes = theirs.holes
    if theirs.beyond:
        above = theirs.beyond[-1][0] + 1
        if above < U32:
            holes = (*holes, (above, U32 - above))
    return frames.Frontier(
        ours.size, ours.tree.root, theirs.size, theirs.tree.root, floor, holes, tuple(sorted(wanted))
    )


def lacking(told: frames.Frontier, our_size: int) -> tuple[int, ...]:
    """The sequences of our log that a peer's frontier shows it lacks, in order.

    In it, `their_size` is what they hold of ours without a hole. With no hole told they hold nothing
    above it; with holes, they lack those, the last of which is open to the end.
    """
    if not told.holes:
        return tuple(range(told.their_size, our_size))
    lacks: list[int] = []
    for first, count in told.holes:
        lacks += range(max(first, told.their_size), min(first + count, our_size))
    return tuple(lacks)


# --- what to send next ------------------------------------------------------------------------

FLOOR_SHARE = 20  # one frame in 20 (5 %) goes to the lower classes even while higher ones wait
RESEND_FIRST_S = 2.0
RESEND_MAX_S = 60.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry the peer may lack: where it lies, how urgent, and how often it was sent, when last.

    `once`: a receipt or HEAD, which is sent once and again only when the peer shows that it lacks it.
    `since`: when it came into flight, so that lines take turns within a class.
    """

    line: bytes
    sequence: int
    precedence: Precedence
    once: bool = False
    since: float = 0.0
    tries: int = 0
    sent_at: float = float("-inf")


def resend_at(candidate: Candidate) -> float:
    """When a candidate is due (again), on the monotonic clock; infinity when not by itself."""
    if candidate.tries == 0:
        return float("-inf")
    if candidate.once:
        return float("inf")
    return candidate.sent_at + min(RESEND_FIRST_S * (1 << min(candidate.tries - 1, 16)), RESEND_MAX_S)


def sent(candidate: Candidate, now: float) -> Candidate:
    """The candidate after one more try at `now`."""
    return replace(candidate, tries=candidate.tries + 1, sent_at=now)


def next_to_send(candidates: Iterable[Candidate], now: float, turn: int) -> Candidate | None:
    """The one frame to send next, picked afresh each time (spec 12).

    FLASH before IMMEDIATE before PRIORITY before ROUTINE, within one class the order of the log; but
    every twentieth frame (`turn` counts them) goes to the lowest class that waits.
    """
    due = [c for c in candidates if resend_at(c) <= now]
    if not due:
        return None
    lowest_first = turn % FLOOR_SHARE == FLOOR_SHARE - 1
    return min(
        due, key=lambda c: (c.precedence if lowest_first else -c.precedence, c.since, c.sequence, c.line)
    )
