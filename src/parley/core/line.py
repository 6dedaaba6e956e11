"""The life of a line: what both logs say of it, and what an end may originate (spec 10).

A line is the fold of `evolve` over the entries an end holds; restart is replay, audit is replay. A
joint fact is two matching unilateral facts: the line is open while both hold it open, terms are
settled when each log says so. Two kinds of effect are kept apart:

* order-free, applied when an entry is *heard*, holes or not: a SEVER, and an entry's being held;
* in order, applied when an entry is *placed*, that is when every earlier one of its log is held:
  offers, agreements, withdrawals, acknowledgement by size, adoption of an accord.

Whatever the order of arrival, two ends that hold the same entries say the same of a line.

A log that contradicts itself is kept as evidence and alarmed; the freeze until RESUME comes with the
incarnations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum, StrEnum

from parley.core import accord as accords
from parley.core import suite
from parley.core.accord import Accord
from parley.core.errors import LocalError, RemoteError, Sentence
from parley.core.instruments import announcement, appointment
from parley.core.record import Held, Tree
from parley.core.types import (
    HASH_BYTES,
    U32,
    Act,
    ActKind,
    NodeKind,
    Officer,
    Precedence,
    Seconds,
    Statement,
    Subject,
    Value,
    exactly,
    text,
    within,
)
from parley.core.wire import body as bodies
from parley.core.wire import cbor

RESTORE_LABEL = "parley/restore/1"
SEVERS_MAX = 16  # severs a side that one RESTORE can name
OFFERS_MAX_OF: dict[int, int] = {
    Subject.ACCORD: 1024,
    Subject.RESTORE: 1024,
    Subject.ANNOUNCEMENT_HOUR: 4096,
    Subject.APPOINTMENT: 4096,
}
"""How many different terms of a subject a side can offer on a line, by its own log alone. Each subject has its own, so
that none uses up what opens a line again (LI-16)."""
BEYOND_MAX = 4096  # entries beyond a hole a peer may make us keep, per line
HEAD_AFTER_S = 60
HEAD_AFTER_ENTRIES = 256
HOLES_IN_RECEIPT_MAX = 3
_READ_IN_ORDER: dict[bool, frozenset[int]] = {  # withheld, they hide what terms its log stands behind
    False: frozenset({ActKind.OFFER, ActKind.AGREE, ActKind.WITHDRAW}),
    True: frozenset({NodeKind.ADOPT}),
}
_NOBODY = U32  # a quorum that is never reached
_NO_CONTENT = frozenset({NodeKind.RECEIPT, NodeKind.HEAD, NodeKind.EPOCH})

ALWAYS_ORIGINATED = frozenset({ActKind.SEVER, ActKind.ACKNOWLEDGE, ActKind.CANCEL})


class Declared(StrEnum):
    """What the parties say of a line. Never mixed with what is observed of it."""

    NOT_YET_OPENED = "NOT YET OPENED"
    OPENING = "OPENING"
    OPEN = "OPEN"
    SEVERED_BY_US = "SEVERED BY US"
    SEVERED_BY_THEM = "SEVERED BY THEM"
    SEVERED_BY_BOTH = "SEVERED BY BOTH"


class Mark(Enum):
    """What is said of an act of theirs beside its text."""

    ORDINARY = ""
    BEFORE_THE_CUT = "sent before the cut, came after"
    WHILE_CUT = "said while cut"
    EARLY = "early: before the hour of opening"


@dataclass(frozen=True, slots=True)
class Prefix:
    """A log up to a size: stays true while the log grows."""

    incarnation: int
    size: int
    root: bytes

    def __post_init__(self) -> None:
        within("incarnation", self.incarnation, 0, U32)
        within("size", self.size, 0, U32)
        exactly("root", self.root, HASH_BYTES)


@dataclass(frozen=True, slots=True)
class RestoreTerms:
    """What both must agree on for a line to open (spec 10.4). Severs and prefixes by party."""

    severs: tuple[tuple[bytes, ...], tuple[bytes, ...]]
    prefixes: tuple[Prefix, Prefix]
    reserved: str
    opens_at: Seconds
    opening_contact: Seconds | None

    def __post_init__(self) -> None:
        for side in self.severs:
            if len(side) > SEVERS_MAX or list(side) != sorted(set(side)):
                raise RemoteError("severs of a restore are more than 16, repeat, or are out of order")
            for name in side:
                exactly("act id", name, HASH_BYTES)
        text("differences reserved", self.reserved, 512)
        within("hour of opening", self.opens_at, 0, U32)
        if self.opening_contact is not None:
            within("opening contact", self.opening_contact, 0, U32)


def encode_restore(t: RestoreTerms) -> bytes:
    """The terms an OFFER to restore carries and an AGREE names by their SHA-256."""
    return cbor.encode(
        (
            RESTORE_LABEL,
            t.severs,
            tuple((p.incarnation, p.size, p.root) for p in t.prefixes),
            t.reserved,
            t.opens_at,
            t.opening_contact,
        )
    )


def decode_restore(terms: bytes) -> RestoreTerms:
    """The terms to restore in `terms`. Raises RemoteError."""
    label, severs, prefixes, reserved, opens_at, contact = cbor.array(
        cbor.decode(terms), 6, "terms to restore"
    )
    if label != RESTORE_LABEL:
        raise RemoteError("terms are not those of a restore")
    first, second = (
        tuple(cbor.octets(name) for name in cbor.items(side)) for side in cbor.array(severs, 2, "severs")
    )
    one, other = (_prefix(item) for item in cbor.array(prefixes, 2, "prefixes"))
    return RestoreTerms(
        (first, second),
        (one, other),
        cbor.string(reserved),
        cbor.integer(opens_at),
        None if contact is None else cbor.integer(contact),
    )


def _prefix(value: Value) -> Prefix:
    incarnation, size, root = cbor.array(value, 3, "prefix")
    return Prefix(cbor.integer(incarnation), cbor.integer(size), cbor.octets(root))


# --- the state --------------------------------------------------------------------------------


EMPTY_TREE = Tree()


@dataclass(frozen=True, slots=True)
class Log:
    """One party's log as held here. `tree`: its contiguous part. `beyond`: (sequence, leaf) held past
    a hole. `stated`: the largest size of the other log a statement of it has acknowledged."""

    incarnation: int = 1
    tree: Tree = EMPTY_TREE
    beyond: tuple[tuple[int, bytes], ...] = ()
    stated: int = 0

    @property
    def size(self) -> int:
        return self.tree.size

    def has(self, sequence: int) -> bool:
        return sequence < self.size or any(s == sequence for s, _ in self.beyond)

    @property
    def holes(self) -> tuple[tuple[int, int], ...]:
        """(first, count) of what lacks below the highest held."""
        found, at = [], self.size
        for sequence, _ in self.beyond:
            if sequence > at:
                found.append((at, sequence - at))
            at = sequence + 1
        return tuple(found)


EMPTY_LOG = Log()


@dataclass(frozen=True, slots=True)
class Sever:
    """A cut: whose, by which act, on what grounds. `sequence`: its place on this line, the highest number
    while it was read on line 0 alone. `ended_at`: both log sizes (by party) when a
    settled RESTORE that names it took effect here, or None."""

    party: int
    act: bytes
    sequence: int
    grounds: str
    at: Seconds
    ended_at: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of one log in which its side's quorum stood behind some terms.

    From `since` (the sequence of the quorum's last act) until its side withdrew; `cover` is the largest size of the
    other log its node acknowledged before that. None while its side stands: then it is what that log has
    acknowledged so far, so that a statement need not touch the terms (`cover_of`).
    """

    since: int
    cover: int | None = None

    @property
    def closed(self) -> bool:
        return self.cover is not None


@dataclass(frozen=True, slots=True)
class Side:
    """What of one party stands behind some terms, each act as (author, act id, sequence); and since when."""

    acts: tuple[tuple[int, bytes, int], ...] = ()
    intervals: tuple[Interval, ...] = ()

    @property
    def authors(self) -> tuple[int, ...]:
        """Who is behind the terms, each once, in the order of their first acts."""
        return tuple(dict.fromkeys(author for author, _, _ in self.acts))


@dataclass(frozen=True, slots=True)
class Standing:
    """Terms on offer, and who stands behind them."""

    subject: int
    hash: bytes
    terms: bytes
    sides: tuple[Side, Side]
    offered: tuple[int | None, int | None] = (None, None)  # sequence of each side's first OFFER
    settled: bool = False

    @property
    def agreed(self) -> tuple[bool, bool]:
        """By party: its quorum stands behind the terms now."""
        first, second = (bool(s.intervals) and not s.intervals[-1].closed for s in self.sides)
        return first, second


@dataclass(frozen=True, slots=True)
class Cadence:
    """When a sender begins a new epoch (spec 14.3, OPEN): after so many seconds or entries of its own, and never
    sooner than `apart_s` after the last."""

    after_s: int = 7 * 86400
    after_entries: int = 10_000
    apart_s: int = 3600


CADENCE = Cadence()


@dataclass(frozen=True, slots=True)
class OurEpoch:
    """What calls for the next epoch of our direction. `sequence`: that of our last EPOCH, None before the
    first. `since`: when that was entered, or our first entry. `entries`: of our log since; `content`: one
    of them was more than RECEIPT, HEAD or EPOCH; `cut`: a SEVER came since."""

    sequence: int | None = None
    since: Seconds | None = None
    entries: int = 0
    content: bool = False
    cut: bool = False


_FIRST_EPOCH = OurEpoch()


@dataclass(frozen=True, slots=True)
class Line:
    """All an end knows of a line from its record. `ours` is our party index.

    `accords` are the terms settled for it on line 0, by hash; `adopted` what each node has stated.
    `ended`: the SEVERs that settled RESTOREs name, held or not. `opens_at`: None before the first. `hours`: each
    hour of opening that came to rule here, and the size of their log then.
    `owed`: one past the last entry of theirs for which a receipt is due. `owed_beyond`: (not FLASH, sequence) of
    those beyond a hole still to be named, in the order of naming. `received_beyond`: entries of
    ours beyond a hole that their receipts named. `unheaded`: our acts under no statement yet, and since when.
    `unread`: by party, an entry of its log is held withheld that says what terms it stands behind.
    `acknowledged`: by party, the largest size of the other log that its log states, as far as it is read.
    `matching`: places in `standings` of what both sides stood behind and is not settled: what a statement may settle.
    """

    id: bytes
    ours: int
    accords: tuple[tuple[bytes, Accord], ...]
    is_order_wire: bool = False
    logs: tuple[Log, Log] = (EMPTY_LOG, EMPTY_LOG)
    adopted: tuple[bytes | None, bytes | None] = (None, None)
    severs: tuple[Sever, ...] = ()
    ended: frozenset[bytes] = frozenset()
    standings: tuple[Standing, ...] = ()
    opens_at: Seconds | None = None
    hours: tuple[tuple[Seconds, int], ...] = ()
    owed: int = 0
    owed_beyond: tuple[tuple[bool, int], ...] = ()
    received_beyond: tuple[int, ...] = ()
    unheaded: tuple[int, Seconds] = (0, 0)
    epoch: OurEpoch = _FIRST_EPOCH
    unread: tuple[bool, bool] = (False, False)
    acknowledged: tuple[int, int] = (0, 0)
    matching: tuple[int, ...] = ()

    @property
    def our_log(self) -> Log:
        return self.logs[self.ours]

    @property
    def their_log(self) -> Log:
        return self.logs[1 - self.ours]

    @property
    def covered(self) -> int:
        """How much of our log their node has signed for, without a hole."""
        return self.their_log.stated

    @property
    def accord(self) -> Accord:
        """The accord our own node last stated, or the one the line began with."""
        return self.accord_of(self.ours)

    def accord_of(self, party: int) -> Accord:
        adopted = self.adopted[party]
        for name, terms in self.accords:
            if name == adopted:
                return terms
        return self.accords[0][1]

    @property
    def in_force(self) -> bool:
        """Both nodes have adopted the same accord."""
        return self.is_order_wire or (self.adopted[0] is not None and self.adopted[0] == self.adopted[1])

    def severed_by(self, party: int) -> bool:
        return any(s.party == party and s.ended_at is None for s in self.severs)

    def standing(self, name: bytes) -> Standing | None:
        at = self.place_of(name)
        return None if at is None else self.standings[at]

    def place_of(self, name: bytes) -> int | None:
        """Where terms lie in `standings`, which they never leave; None if nobody has offered them."""
        for at, standing in enumerate(self.standings):
            if standing.hash == name:
                return at
        return None

    def offered_by(self, party: int, subject: int) -> int:
        """How many different terms of a subject a party has offered with effect."""
        return sum(1 for s in self.standings if s.subject == subject and s.offered[party] is not None)


def new_line(line_id: bytes, ours: int, agreed: Accord, *, is_order_wire: bool = False) -> Line:
    """A line as it begins: both logs empty, under the accord that made it."""
    name = suite.sha256(accords.encode_terms(agreed))
    return Line(line_id, ours, ((name, agreed),), is_order_wire)


def with_accords(line: Line, agreed: tuple[tuple[bytes, Accord], ...]) -> Line:
    """The line with the accords settled for it, by version; the first is the one it began with."""
    return replace(line, accords=tuple(sorted(agreed, key=lambda a: (a[1].version, a[0]))))


def declared(line: Line, now: Seconds) -> Declared:
    """What the two stances make of the line at `now`."""
    us, them = line.severed_by(line.ours), line.severed_by(1 - line.ours)
    if us and them:
        return Declared.SEVERED_BY_BOTH
    if us:
        return Declared.SEVERED_BY_US
    if them:
        return Declared.SEVERED_BY_THEM
    if line.opens_at is None:
        return Declared.NOT_YET_OPENED
    return Declared.OPEN if now >= line.opens_at else Declared.OPENING


# --- what may be originated -------------------------------------------------------------------


def refuse(line: Line, kind: int, subject: int | None, now: Seconds) -> LocalError | None:
    """Why our end may not originate an act of `kind` now, or None if it may (spec 10.2)."""
    if line.is_order_wire or kind in ALWAYS_ORIGINATED:
        return None
    if kind in (ActKind.OFFER, ActKind.AGREE, ActKind.WITHDRAW) and subject == Subject.RESTORE:
        return None
    state = declared(line, now)
    if state == Declared.OPEN or kind in line.accord.always_open:
        return None
    if state == Declared.OPENING:
        return LocalError(
            Sentence("the line is OPENING: this may not leave before the hour of opening"),
            "wait for the hour, or withdraw it",
        )
    return LocalError(
        Sentence("the line is {state}: this may not leave now", state=Sentence(state.value)),
        "it waits here, kept back; offer to restore the line, or withdraw it",
    )


def mark(line: Line, held: Held) -> Mark:
    """What to show beside an act of theirs on a line that was cut or not yet open."""
    said = held.said
    if not isinstance(said, Act) or said.party == line.ours or said.kind != ActKind.MESSAGE:
        return Mark.ORDINARY
    after_every_cut = True
    for cut in line.severs:
        if cut.ended_at is not None and held.sequence >= cut.ended_at[said.party]:
            continue
        after_every_cut = False
        if cut.party == said.party:
            if held.sequence > cut.sequence:
                return Mark.WHILE_CUT
        elif said.seen.size > cut.sequence:
            return Mark.WHILE_CUT
        elif held.heard_at >= cut.at:
            return Mark.BEFORE_THE_CUT
    ruling = [hour for hour, their_size in line.hours if their_size <= held.sequence]
    if after_every_cut and ruling and held.heard_at < ruling[-1]:
        return Mark.EARLY
    return Mark.ORDINARY


# --- what our node owes -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Draft:
    """A statement our node is to make: kind and body; place, roots and signature come in the turn."""

    kind: NodeKind
    body: tuple[Value, ...] = ()


def due(line: Line, now: Seconds) -> tuple[Draft, ...]:
    """The statements owed at `now`, in the order in which they are to be placed (spec 10.5, 11)."""
    drafts = []
    latest = line.accords[-1][0]
    if not line.is_order_wire and line.adopted[line.ours] != latest:
        drafts.append(Draft(NodeKind.ADOPT, (latest,)))
    theirs = line.their_log
    if line.owed_beyond:
        leaves = dict(theirs.beyond)
        named = [s for _, s in line.owed_beyond if s in leaves][:HOLES_IN_RECEIPT_MAX]
        if named:  # pragma: no branch  (what is owed beyond a hole lies there)
            drafts.append(Draft(NodeKind.RECEIPT, tuple((s, leaves[s]) for s in sorted(named))))
    elif line.owed > line.our_log.stated and theirs.size > line.our_log.stated and not drafts:
        drafts.append(Draft(NodeKind.RECEIPT))
    count, since = line.unheaded
    if not drafts and count and (count >= HEAD_AFTER_ENTRIES or now >= since + HEAD_AFTER_S):
        drafts.append(Draft(NodeKind.HEAD))
    return tuple(drafts)


def due_at(line: Line) -> Seconds | None:
    """When `due` will next have something to say by the passing of time alone."""
    count, since = line.unheaded
    return since + HEAD_AFTER_S if count else None


def epoch_due(line: Line, now: Seconds, cadence: Cadence, *, asked: bool = False) -> bool:
    """Whether our direction should have a new epoch; `asked`: an officer said so (spec 14.3)."""
    ours = line.epoch
    if ours.sequence is not None:
        if ours.sequence >= line.covered:
            return False  # at most one that is not acknowledged
        if ours.since is not None and 0 <= now - ours.since < cadence.apart_s:
            return False
    aged = ours.entries >= cadence.after_entries or (
        ours.since is not None and not 0 <= now - ours.since < cadence.after_s  # or set back since
    )
    return asked or ours.cut or (ours.content and aged)


def epoch_due_at(line: Line, cadence: Cadence) -> Seconds | None:
    """When `epoch_due` may next say yes by the passing of time alone."""
    ours = line.epoch
    if ours.since is None or (ours.sequence is not None and ours.sequence >= line.covered):
        return None
    if ours.cut or ours.entries >= cadence.after_entries:
        return ours.since + cadence.apart_s
    return ours.since + cadence.after_s if ours.content else None


# --- the fold ---------------------------------------------------------------------------------


def heard(line: Line, held: Held, officer: Officer | None) -> Line:
    """The line with an entry held whose order may not be known yet. `officer`: who the roster says
    the author of an act is, None if not proven yet, or a statement.

    An entry that is already held changes nothing.
    """
    log = line.logs[held.party]
    if log.has(held.sequence):
        return line
    if held.party != line.ours and not _is_receipt_or_head(held):
        line = replace(line, owed=max(line.owed, held.sequence + 1))
        if held.sequence > log.size:
            owed = (held.said.precedence != Precedence.FLASH, held.sequence)
            line = replace(line, owed_beyond=tuple(sorted((*line.owed_beyond, owed))))
    if isinstance(held.said, Act) and held.said.kind == ActKind.SEVER and not line.is_order_wire:
        line = severed(line, held, officer)
        lies_here = tuple(
            replace(s, sequence=held.sequence) if s.act == held.id and s.sequence == U32 else s
            for s in line.severs
        )
        line = replace(line, severs=lies_here)
    if held.sequence > log.size:
        if len(log.beyond) >= BEYOND_MAX:
            raise RemoteError("more entries beyond a hole than an end keeps")
        log = replace(log, beyond=tuple(sorted((*log.beyond, (held.sequence, held.leaf)))))
        return _with_log(line, held.party, log)
    return line


def severed(line: Line, held: Held, officer: Officer | None) -> Line:
    """The line with a SEVER in effect, read on this line or on line 0; again changes nothing. An act of line 0
    lists the lines it cuts, one of this line cuts it with no list.

    Its place on this line is told by `heard`; read on line 0 alone, nothing here lies after it.
    """
    held = _fit(held)
    if (
        officer is None
        or not accords.may(officer, ActKind.SEVER, None, held.said.precedence)
        or held.body is None
    ):
        return line
    lines, at, _, grounds = held.body
    of_this_line = held.said.line == line.id
    named = of_this_line if lines is None else not of_this_line and line.id in cbor.items(lines)
    if not named or any(s.act == held.id for s in line.severs):
        return line
    ended_at = (line.logs[0].size, line.logs[1].size) if held.id in line.ended else None
    cut = Sever(held.party, held.id, U32, cbor.string(grounds), cbor.integer(at), ended_at)
    return replace(line, severs=(*line.severs, cut), epoch=replace(line.epoch, cut=True))


def placed(
    line: Line,
    held: Held,
    officer: Officer | None,
    agrees: bool = True,
    named: frozenset[int] = frozenset(),
) -> Line:
    """The line with an entry whose every predecessor is held: extends the log and applies it.

    `held` has been through `heard`, and lies at the size of its log. `agrees`: a statement's root of the
    other log is the root of that log; one that does not agree is recorded and acknowledges nothing. `named`:
    the places of ours that a RECEIPT of theirs names beyond a hole by their right leaves.
    """
    unread = line.unread
    if held.body is None and held.kind in _READ_IN_ORDER[held.is_statement]:
        unread = _at(unread, held.party)
    held = _fit(held)
    log = line.logs[held.party]
    assert held.sequence == log.size, "an entry is placed in order"
    beyond = tuple(b for b in log.beyond if b[0] != held.sequence)
    log = replace(log, tree=log.tree.extended(held.leaf), beyond=beyond)
    epoch, unheaded = line.epoch, line.unheaded
    if held.party == line.ours:
        epoch = _one_more(epoch, held)
        count, since = unheaded
        unheaded = (0, 0) if held.is_statement else (count + 1, since if count else held.heard_at)
    line = replace(
        line,
        unread=unread,
        logs=_in_place(line.logs, held.party, log),
        owed_beyond=tuple(o for o in line.owed_beyond if o[1] != held.sequence),
        epoch=epoch,
        unheaded=unheaded,
    )
    if isinstance(held.said, Statement):
        return _stated(line, held, held.said, agrees, named)
    if officer is None or held.body is None or held.said.line != line.id:
        return line  # of another line's acts only a SEVER of line 0 has effect, when heard
    if line.unread[held.party]:
        return line
    match held.said.kind:
        case ActKind.OFFER:
            return _offered(line, held, held.said, officer)
        case ActKind.AGREE:
            return _agreed(line, held, held.said, officer)
        case ActKind.WITHDRAW:
            return _withdrawn(line, held, held.said)
        case _:
            return line


def _one_more(ours: OurEpoch, held: Held) -> OurEpoch:
    """What calls for the next epoch, after one more entry of ours."""
    if held.is_statement and held.kind == NodeKind.EPOCH:
        return OurEpoch(held.sequence, held.heard_at)
    content = ours.content or not held.is_statement or held.kind not in _NO_CONTENT
    since = held.heard_at if ours.since is None else ours.since
    return replace(ours, since=since, entries=ours.entries + 1, content=content)


def _stated(line: Line, held: Held, said: Statement, agrees: bool, named_beyond: frozenset[int]) -> Line:
    """A statement acknowledges the other log up to a size, in each interval that is open, and may
    name entries beyond a hole."""
    log, acknowledged = line.logs[held.party], line.acknowledged
    owed_beyond, received_beyond = line.owed_beyond, line.received_beyond
    if agrees and log.stated < said.their_size <= line.logs[1 - held.party].size:  # nobody holds what is not
        log = replace(log, stated=said.their_size)
        if not line.unread[held.party]:
            size = said.their_size
            acknowledged = (size, acknowledged[1]) if held.party == 0 else (acknowledged[0], size)
    if held.party == line.ours:
        if held.kind == NodeKind.RECEIPT and held.body:
            named = {cbor.integer(cbor.items(field)[0]) for field in held.body}
            owed_beyond = tuple(o for o in owed_beyond if o[1] not in named)
    elif held.kind == NodeKind.RECEIPT and held.body is not None:
        kept = sorted(s for s in named_beyond.union(received_beyond) if s >= log.stated)
        received_beyond = tuple(kept)
    line = replace(
        line,
        logs=_in_place(line.logs, held.party, log),
        acknowledged=acknowledged,
        owed_beyond=owed_beyond,
        received_beyond=received_beyond,
    )
    if held.kind == NodeKind.ADOPT and held.body is not None and not line.unread[held.party]:
        adopted = list(line.adopted)
        adopted[held.party] = cbor.octets(held.body[0])
        line = replace(line, adopted=(adopted[0], adopted[1]))
    return _settle(line)


def _offered(line: Line, held: Held, said: Act, officer: Officer) -> Line:
    assert held.body is not None
    subject, terms = cbor.integer(held.body[0]), cbor.octets(held.body[1])
    if not accords.may(officer, said.kind, subject, said.precedence) or not _terms_hold(line, subject, terms):
        return line
    name = suite.sha256(terms)
    standing = line.standing(name)
    known = standing is not None and standing.offered[held.party] is not None
    if not known and line.offered_by(held.party, subject) >= OFFERS_MAX_OF[subject]:
        return line
    if standing is None:
        standing = Standing(subject, name, terms, (Side(), Side()))
        line = replace(line, standings=(*line.standings, standing))
    if standing.offered[held.party] is None:
        first, second = standing.offered
        offered = (held.sequence, second) if held.party == 0 else (first, held.sequence)
        standing = replace(standing, offered=offered)
    return _behind(line, standing, held, said)


def _agreed(line: Line, held: Held, said: Act, officer: Officer) -> Line:
    """An AGREE names terms by hash: of an OFFER earlier in its own log, or of one in the other log
    that a statement earlier in its own log acknowledges. So it counts, or not, by the logs alone."""
    assert held.body is not None
    standing = line.standing(cbor.octets(held.body[0]))
    if standing is None or not accords.may(officer, said.kind, standing.subject, said.precedence):
        return line
    own, other = standing.offered[held.party], standing.offered[1 - held.party]
    if own is None and (other is None or other >= line.logs[held.party].stated):
        return line
    return _behind(line, standing, held, said)


def _behind(line: Line, standing: Standing, held: Held, said: Act) -> Line:
    """One more act of a side behind some terms; with that of the quorum's last author, an interval begins."""
    side = standing.sides[held.party]
    if any(name == held.id for _, name, _ in side.acts):
        return _with_standing(line, standing)
    side = replace(side, acts=(*side.acts, (said.author, held.id, held.sequence)))
    quorum = _quorum(line, standing.subject, held.party)
    if len(side.authors) >= quorum and not (side.intervals and not side.intervals[-1].closed):
        side = replace(side, intervals=(*side.intervals, Interval(held.sequence)))
    standing = _with_side(standing, held.party, side)
    line = _with_standing(line, standing)
    if not standing.settled and all(s.intervals for s in standing.sides):
        at = line.place_of(standing.hash)
        if at is not None and at not in line.matching:
            line = replace(line, matching=tuple(sorted((*line.matching, at))))
    return _settle(line)


def _withdrawn(line: Line, held: Held, said: Act) -> Line:
    """A WITHDRAW takes its own author's act away, and nobody else's."""
    assert held.body is not None
    name = cbor.octets(held.body[0])
    for standing in line.standings:
        side = standing.sides[held.party]
        rest = tuple(a for a in side.acts if not (a[1] == name and a[0] == said.author))
        if rest == side.acts:
            continue
        side = replace(side, acts=rest)
        if len(side.authors) < _quorum(line, standing.subject, held.party) and side.intervals:
            last = side.intervals[-1]
            ended = replace(last, cover=cover_of(line, held.party, last))
            side = replace(side, intervals=(*side.intervals[:-1], ended))
        return _with_standing(line, _with_side(standing, held.party, side))
    return line


def _settle(line: Line) -> Line:
    """Terms are settled when both sides have an interval, each acknowledging the other's (spec 10.3).

    That is a function of the two logs alone, so no interleaving makes the ends differ, and adding
    entries never takes it back.
    """
    for at in line.matching:
        standing = line.standings[at]
        if _matched(line, standing):
            line = _with_standing(line, replace(standing, settled=True))
            line = replace(line, matching=tuple(other for other in line.matching if other != at))
            if standing.subject == Subject.RESTORE:
                line = _restored(line, decode_restore(standing.terms))
    return line


def cover_of(line: Line, party: int, interval: Interval) -> int:
    """The cover of an interval of a party (spec 10.3)."""
    return line.acknowledged[party] if interval.cover is None else interval.cover


def _matched(line: Line, standing: Standing) -> bool:
    return any(
        cover_of(line, 0, a) > b.since and cover_of(line, 1, b) > a.since
        for a in standing.sides[0].intervals
        for b in standing.sides[1].intervals
    )


def _restored(line: Line, terms: RestoreTerms) -> Line:
    """Ends exactly the SEVERs it names, held or not; of several settled, the latest hour rules."""
    ended = line.ended | set(terms.severs[0]) | set(terms.severs[1])
    sizes = (line.logs[0].size, line.logs[1].size)
    severs = tuple(
        replace(s, ended_at=sizes) if s.act in ended and s.ended_at is None else s for s in line.severs
    )
    opens_at = terms.opens_at if line.opens_at is None else max(line.opens_at, terms.opens_at)
    hours = line.hours if opens_at == line.opens_at else (*line.hours, (opens_at, line.their_log.size))
    return replace(line, severs=severs, ended=ended, opens_at=opens_at, hours=hours)


_DECODED: dict[int, Callable[[bytes], object]] = {
    Subject.RESTORE: decode_restore,
    Subject.ANNOUNCEMENT_HOUR: announcement.decode_hour,
    Subject.APPOINTMENT: appointment.decode_terms,
}


def _terms_hold(line: Line, subject: int, terms: bytes) -> bool:
    """Whether the terms are such as `subject` needs; an offer of nonsense stands for nothing."""
    try:
        if subject == Subject.ACCORD:
            return line.is_order_wire and accords.decode_terms(terms).name != ""
        _DECODED[subject](terms)
        return not line.is_order_wire
    except RemoteError:
        return False


def _quorum(line: Line, subject: int, party: int) -> int:
    """How many of a party must be behind terms: by the accord its node stated last. More than there can be while
    that is not settled here, or before the first: so what is settled later only adds, and takes nothing back."""
    if subject != Subject.RESTORE:
        return 1
    return next((t.quorum_restore for name, t in line.accords if name == line.adopted[party]), _NOBODY)


def _fit(held: Held) -> Held:
    """`held`, without its body if that has not the schema of its kind: well signed, so it is recorded
    and acknowledges by its own numbers, but its body has no effect."""
    if held.body is not None:
        try:
            (bodies.check_statement if held.is_statement else bodies.check_act)(held.kind, held.body)
        except RemoteError:
            return replace(held, body=None)
    return held


def _at(pair: tuple[bool, bool], party: int) -> tuple[bool, bool]:
    return (True, pair[1]) if party == 0 else (pair[0], True)


def _is_receipt_or_head(held: Held) -> bool:
    return held.is_statement and held.kind in (NodeKind.RECEIPT, NodeKind.HEAD)


def _with_log(line: Line, party: int, log: Log) -> Line:
    return replace(line, logs=_in_place(line.logs, party, log))


def _in_place(logs: tuple[Log, Log], party: int, log: Log) -> tuple[Log, Log]:
    return (log, logs[1]) if party == 0 else (logs[0], log)


def _with_side(standing: Standing, party: int, side: Side) -> Standing:
    return replace(standing, sides=(side, standing.sides[1]) if party == 0 else (standing.sides[0], side))


def _with_standing(line: Line, standing: Standing) -> Line:
    """The line with these terms, which it has, as they are now."""
    at = line.place_of(standing.hash)
    assert at is not None
    return replace(line, standings=(*line.standings[:at], standing, *line.standings[at + 1 :]))
