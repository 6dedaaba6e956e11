"""The turn: one input, decide, sign and place, commit, and only then let anything out (docs/architecture.md).

The only room with a clock, entropy and timers. A node holds one end's home and the lines of all its
pairs; frames come in from bearers it knows only by their traits, acts come in signed from the desk.

Several frames that lie in the inbox are taken in one turn: one commit, one receipt for all. A turn that
fails on the disk leaves nothing behind: the lines are folded again from the store, as after a restart.

What must be forgettable (when a frame was sent, what the peer said it holds, who rang) lives in `Room`
and nowhere else; facts live in the record, secrets with the keys.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from parley.bearers import Bearer, Timer, TimerHandle
from parley.core import accord as accords
from parley.core import exchange, record, suite
from parley.core import line as lines
from parley.core.accord import ORDER_WIRE, Accord
from parley.core.errors import LocalError, RemoteError
from parley.core.exchange import Candidate, CannotRebuild, Ends
from parley.core.instruments import contact, roster
from parley.core.line import Draft, Line
from parley.core.observed import Evidence, Observed, observed
from parley.core.record import Held
from parley.core.types import (
    ENTRY_AND_BODY_BYTES_MAX,
    NONCE_BYTES,
    ROOT_AUTHOR,
    Act,
    ActKind,
    Body,
    Card,
    ClockQuality,
    Entry,
    NodeKind,
    Officer,
    Precedence,
    Seconds,
    Seen,
    Stamp,
    Statement,
    Subject,
)
from parley.core.wire import body as bodies
from parley.core.wire import cbor
from parley.core.wire import entry as wire
from parley.core.wire import frame as frames
from parley.core.wire.frame import Call, CallSign, Frontier, SignOfLife
from parley.home import Home
from parley.keys import ReceiveChain, SendChain, Signer, check_card, signed
from parley.store import Fault, Pair, Row, Waiting
from parley.watch_log import Happened

T = TypeVar("T")
Entropy = Callable[[int], bytes]

INBOX_MAX = 4096  # frames a stranger or a peer can make us hold before a turn
TURN_FRAMES_MAX = 256
FLIGHTS_MAX = 128  # entries per line sent and not yet signed for
WANTED_MAX = 64
FRONTIER_EVERY_S = 1.0
AD_HOC_OPEN_S = 600
CLOCK_JUMP_S = 30
RETRY_S = 1.0


class Clock(Protocol):
    """Two readings: one that people agree on, and one that never falls."""

    def wall(self) -> float: ...

    def monotonic(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Settings:
    """How a node behaves; what both parties must agree on is in the accord, not here.

    `life_s`: seconds between signs of life on a line. `fresh_lives`: how many of them may be missed.
    """

    life_s: int = 10
    fresh_lives: int = 3
    clock_quality: ClockQuality = ClockQuality.FREE_RUNNING

    @property
    def tolerance_s(self) -> float:
        return self.life_s * self.fresh_lives


class Room:
    """One line at this end: its fold, its keys, and what may be forgotten."""

    def __init__(
        self, pair: PairRoom, line: Line, commitment_key: bytes, send: SendChain, receive: ReceiveChain
    ) -> None:
        self.pair, self.line, self.commitment_key = pair, line, commitment_key
        self.send, self.receive = send, receive
        self.flights: dict[int, Candidate] = {}
        self.flight_next = 0
        self.sealed: dict[int, tuple[int, bytes]] = {}  # by sequence: counter and frame, for repeats
        self.explicit: set[int] = set()
        self.wanted: set[int] = set()
        self.evidence = Evidence()
        self.echoed = 0
        self.life_sent: dict[int, float] = {}
        self.life_at = 0.0
        self.answered_at = float("-inf")
        self.frontier_wanted = False
        self.frontier_at = float("-inf")
        self.attempts = contact.Attempts()
        self.slot: contact.Due | None = None
        self.slot_next: Seconds = 0
        self.ringing: Call | None = None
        self.calls: list[Call] = []  # to be sent once the turn is committed
        self.owed_precedence = Precedence.ROUTINE
        self.unproven = False
        self.loose_heard = 0
        self.contested = False  # two acts under one name: which has effect is for a fold to say
        self.difference = False

    @property
    def id(self) -> bytes:
        return self.line.id

    @property
    def name(self) -> str:
        return self.line.accord.name or f"order wire {self.pair.name}"

    @property
    def is_order_wire(self) -> bool:
        return self.line.is_order_wire


class PairRoom:
    """One pairing: the two cards, the rosters by party, and the lines."""

    def __init__(self, pair: Pair) -> None:
        self.name, self.transcript = pair.name, pair.transcript
        ours, theirs = check_card(pair.our_card), check_card(pair.their_card)
        payloads = (wire.encode_card(ours), wire.encode_card(theirs))
        self.ours = 0 if suite.sha256(payloads[0]) < suite.sha256(payloads[1]) else 1
        self.cards: tuple[Card, Card] = (ours, theirs) if self.ours == 0 else (theirs, ours)
        self.rosters: list[dict[int, Officer]] = [{}, {}]
        self.rostered_at: dict[int, int] = {}  # our authors: sequence on line 0 of their delegation
        self.rooms: dict[bytes, Room] = {}
        self.order_wire: Room

    @property
    def incarnations(self) -> tuple[int, int]:
        return (self.cards[0].incarnation, self.cards[1].incarnation)

    def key_of(self, party: int, author: int) -> bytes | None:
        if author == ROOT_AUTHOR:
            return self.cards[party].root_key
        officer = self.rosters[party].get(author)
        return officer.key if officer else None


class Node:
    """One end at work. All methods are to be called on one thread."""

    def __init__(
        self, home: Home, *, clock: Clock, timer: Timer, entropy: Entropy, settings: Settings | None = None
    ) -> None:
        self.home, self.clock, self.timer, self.entropy = home, clock, timer, entropy
        self.settings = settings or Settings()
        self.store, self.keys, self.watch_log = home.store, home.keys, home.watch_log
        self.pairs: dict[str, PairRoom] = {}
        self.bearers: list[tuple[Bearer, frozenset[str] | None]] = []
        self.watch: str | None = None  # the officer who has the watch
        self.unopened_frames = 0
        self.trouble = ""  # why turns fail now: a full disk, a record that may not be written
        self.listeners: list[Callable[[], None]] = []
        self._by_tag: dict[bytes, Room] = {}
        self._inbox: deque[tuple[str, bytes]] = deque()
        self._running = False
        self._scheduled = False
        self._wake: TimerHandle | None = None
        self._frames_out = 0
        self._last_said: Seconds = 0
        self._clocks: tuple[float, float] | None = None
        self._touched = False
        self._load()

    # --- life of the process

    def attach(self, bearer: Bearer, lines: frozenset[str] | None = None) -> None:
        """Lets a bearer carry the named lines (None: all). Line 0 goes by every bearer."""
        self.bearers.append((bearer, lines))
        bearer.attach(
            lambda frame: self._arrived(bearer.name, frame), lambda up: self._changed(bearer.name, up)
        )

    def start(self) -> None:
        """Begins to speak: says what it has on every bearer that is up."""
        self._running = True
        self.watch_log.note(self.now(), Happened.STARTED)
        for room in self.rooms():
            room.frontier_wanted = True
        self._schedule()

    def stop(self) -> None:
        """Stops speaking; what is on the disk is complete."""
        if self._running:
            self._running = False
            self.watch_log.note(self.now(), Happened.STOPPED)
        self._cancel_wake()
        for room in self.rooms():
            room.receive.keep()

    def crash(self) -> None:
        """Stops as a killed process would: nothing more is written, the home is let go."""
        self._running = False
        self._cancel_wake()
        self.home.close()

    def now(self) -> Seconds:
        """Our wall clock, in whole seconds."""
        return int(self.clock.wall())

    def rooms(self) -> list[Room]:
        return [room for pair in self.pairs.values() for room in pair.rooms.values()]

    # --- what the desk asks for

    def turn(self, do: Callable[[], T]) -> T:
        """`do`, and all that follows from it, as one commit; then the sending.

        Raises LocalError when the disk refuses or `do` does; nothing has changed then.
        """
        self._touched = False
        try:
            with self.store.turn():
                result = do()
                self._follow_up()
        except BaseException:
            if self._touched:
                self._load()
            raise
        self._after()
        return result

    def sign(
        self, room: Room, kind: ActKind, body: Body, precedence: Precedence, author: int, signer: Signer
    ) -> tuple[bytes, int]:
        """An act on a line, signed: its COSE_Sign1 bytes and its number. Within a turn."""
        bodies.check_act(kind, body)
        if author != ROOT_AUTHOR and author not in room.pair.rosters[room.pair.ours]:
            raise LocalError(
                "this officer is not in our roster: the act would have no effect", "add the officer again"
            )
        number = self.store.next_number(room.id, author)
        salts = record.act_salts(room.commitment_key, room.pair.ours, author, number, len(body))
        theirs = room.line.their_log
        act = Act(
            room.id,
            room.pair.ours,
            kind,
            precedence,
            author,
            number,
            self._stamp(),
            Seen(theirs.incarnation, theirs.size),
            record.commitment(kind, body, lambda i: salts[i]),
        )
        cose = wire.encode_signed(signed(signer, wire.encode_act(act)))
        if len(cose) + 16 + len(wire.encode_body(body)) > ENTRY_AND_BODY_BYTES_MAX:
            raise LocalError(
                "this is too long for one entry", "shorten it to about 1,600 bytes, or send it in parts"
            )
        return cose, number

    def release(
        self, room: Room, cose: bytes, body: Body, subject: int | None = None, draft: int | None = None
    ) -> None:
        """Takes a signed act into what waits; it becomes an entry when a bearer can take it. Within a turn."""
        found = wire.decode_signed(cbor.decode(cose))
        act = wire.decode_payload(found.payload)
        assert isinstance(act, Act)
        kept = Waiting(
            0,
            room.id,
            cose,
            wire.encode_body(body),
            act.kind,
            subject,
            int(act.precedence),
            act.author,
            act.number,
            draft,
            self.now(),
        )
        self.store.wait(kept)
        if draft is not None:
            self.store.add_released(draft, room.id, act.author, act.number)

    def enter(self, room: Room, cose: bytes, body: Body) -> None:
        """Places a signed act of ours in our log at once. Within a turn."""
        found = wire.decode_signed(cbor.decode(cose))
        entry = Entry(room.line.our_log.incarnation, room.line.our_log.size, found)
        self._take(room, entry, body, "")

    def call(self, room: Room, sign: CallSign, by: int) -> Call:
        """Rings the other watch, or answers it, by every bearer of the line that is up."""
        now = self.now()
        if sign == CallSign.ANSWER:
            assert room.ringing is not None, "the desk answers only what rings"
            said = Call(sign, room.ringing.slot, by)
            room.attempts = contact.answered(room.attempts, now, by)
            room.evidence = replace(room.evidence, missed=False)
            room.ringing = None
        else:
            self._open_slot(room, now)
            if room.slot is None or now >= room.slot.closes_at:
                room.slot = contact.Due(now, now + AD_HOC_OPEN_S, accords.Meaning.CHECK, None)
            said = Call(sign, room.slot.at, by)
            room.attempts = contact.called(room.attempts, room.slot.at)
        room.calls.append(said)
        return said

    def add_pair(self, pair: Pair) -> None:
        """A finished pairing: begins line 0. Within a turn."""
        self.store.add_pair(pair, self.now())
        self._open_pair(pair)

    def offered_line_id(self, pair: PairRoom, agreed: Accord) -> bytes:
        return suite.line_id(pair.transcript, agreed.name, agreed.nonce)

    def nonce(self) -> bytes:
        return self.entropy(NONCE_BYTES)

    def give_watch(self, officer: str | None) -> None:
        """Who has the watch from now on, None for nobody; a sign of life on every line says so at once."""
        if (officer is None) != (self.watch is None):
            for room in self.rooms():
                room.life_at = self.clock.monotonic()
        self.watch = officer
        self._schedule()
        self.changed()

    def changed(self) -> None:
        """Something an officer should see has changed, outside a turn."""
        for listener in self.listeners:
            listener()

    def observed(self, room: Room) -> Observed:
        """What is measured of a line now."""
        flash_s = room.line.accord.clocks[Precedence.FLASH][0]
        return observed(room.evidence, self.clock.monotonic(), self.settings.tolerance_s, flash_s)

    # --- loading: restart is replay

    def _load(self) -> None:
        self.pairs, self._by_tag = {}, {}
        for pair in self.store.pairs():
            self._open_pair(pair)

    def _open_pair(self, pair: Pair) -> None:
        room0 = PairRoom(pair)
        self.pairs[pair.name] = room0
        line_id = suite.line_id(pair.transcript, "", bytes(NONCE_BYTES))
        room0.order_wire = self._add_room(
            room0, lines.new_line(line_id, room0.ours, ORDER_WIRE, is_order_wire=True)
        )
        self._collect_rosters(room0)
        self._fold(room0.order_wire)

    def _add_room(self, pair: PairRoom, line: Line) -> Room:
        self.keys.make_line(pair.transcript, line.id, pair.ours, pair.incarnations)
        room = Room(
            pair,
            line,
            self.keys.commitment_key(pair.transcript, line.id),
            self.keys.sending(line.id),
            self.keys.receiving(line.id),
        )
        pair.rooms[line.id] = room
        self._by_tag[room.receive.tag] = room
        room.frontier_wanted = self._running
        room.slot_next = self.now()
        room.life_at = self.clock.monotonic()
        return room

    def _collect_rosters(self, pair: PairRoom) -> None:
        """The rosters as all ROSTER acts held make them, whatever the order they came in."""
        pair.rosters, pair.rostered_at = [{}, {}], {}
        acts = [row.held for row in self.store.acts(pair.order_wire.id, ActKind.ROSTER)]
        for held in sorted(acts, key=lambda h: h.sequence):
            self._delegate(pair, held)

    def _delegate(self, pair: PairRoom, held: Held) -> None:
        assert isinstance(held.said, Act)
        if held.said.author != ROOT_AUTHOR or held.body is None:
            return
        try:
            bodies.check_act(ActKind.ROSTER, held.body)
        except RemoteError:
            return
        before = pair.rosters[held.party]
        pair.rosters[held.party] = roster.added(before, held.body)
        if held.party == pair.ours:
            for author in pair.rosters[held.party].keys() - before.keys():
                pair.rostered_at[author] = held.sequence

    def _fold(self, room: Room) -> None:
        """The line as the fold over its entries, in the order in which we had them."""
        first = room.line.accords[0][1]
        known = room.line.accords
        line = lines.new_line(room.id, room.pair.ours, first, is_order_wire=room.is_order_wire)
        room.line = replace(line, accords=known)
        room.unproven = False
        later: dict[tuple[int, int], Held] = {}
        cuts = deque(self._order_wire_cuts(room))
        for row in self.store.of_line(room.id):
            while cuts and cuts[0].id < row.id:
                self._cut_by_order_wire(room, cuts.popleft().held)
            held = row.held
            officer = self._officer(room, held)
            room.line = lines.heard(room.line, held, officer)
            later[held.party, held.sequence] = held
            while (step := later.pop((held.party, room.line.logs[held.party].size), None)) is not None:
                room.line = lines.placed(room.line, step, self._officer(room, step), self._agrees(room, step))
            if room.is_order_wire:
                self._line_zero(room, held)
        for row in cuts:
            self._cut_by_order_wire(room, row.held)
        room.flight_next = room.line.covered

    def _order_wire_cuts(self, room: Room) -> tuple[Row, ...]:
        """The SEVERs on line 0 that may cut this line, in the order in which we had them."""
        if room.is_order_wire:
            return ()
        return tuple(reversed(self.store.acts(room.pair.order_wire.id, ActKind.SEVER)))

    def _cut_by_order_wire(self, room: Room, held: Held) -> None:
        room.line = lines.severed(room.line, held, self._officer(room.pair.order_wire, held))

    def _officer(self, room: Room, held: Held) -> Officer | None:
        """Who the roster says an act's author is, if the key is the same and the body fits its kind."""
        if not isinstance(held.said, Act):
            return None
        officer = room.pair.rosters[held.party].get(held.said.author)
        if officer is None or suite.key_id(officer.key) != held.kid:
            room.unproven = room.unproven or held.said.author != ROOT_AUTHOR
            return None
        named = self.store.named(held.said.line, held.party, held.said.author, held.said.number)
        if named is not None and named.held.id != held.id:
            return None  # a second act under one name has no effect
        try:
            bodies.check_act(held.said.kind, held.body or ())
        except RemoteError:
            return None
        return officer

    def _agrees(self, room: Room, held: Held) -> bool:
        """Whether the root a statement signs of the other log is the root we hold at that size."""
        said = held.said
        if not isinstance(said, Statement):
            return True
        known = self._root_at(room, 1 - held.party, said.their_size)
        return known is not None and known == said.their_root

    def _root_at(self, room: Room, party: int, size: int) -> bytes | None:
        return record.EMPTY_ROOT if size == 0 else self.store.root_at(room.id, party, size)

    # --- in

    def _arrived(self, bearer: str, frame: bytes) -> None:
        if len(self._inbox) < INBOX_MAX:
            self._inbox.append((bearer, frame))
            self._schedule()

    def _changed(self, bearer: str, up: bool) -> None:
        """A bearer came up or went down: after any absence each side says what it has."""
        if up:
            for room in self.rooms():
                if any(b.name == bearer for b in self._carrying(room)):
                    room.frontier_wanted = True
                    room.life_at = min(room.life_at, self.clock.monotonic())
                    room.life_sent.clear()  # an echo of what was sent before the silence proves nothing now
                    for sequence, flight in room.flights.items():
                        room.flights[sequence] = replace(flight, tries=0)
        self._schedule()

    def _run(self) -> None:
        """One turn over what lies in the inbox."""
        self._scheduled = False
        if not self._running:
            return
        try:
            self.turn(self._take_in)
        except LocalError as e:  # the disk refused: nothing was acknowledged, so the peer repeats it
            self.trouble = e.text
            self.timer.call_later(RETRY_S, self._schedule)
            return
        self.trouble = ""
        if self._inbox:
            self._schedule()

    def _take_in(self) -> None:
        for _ in range(min(len(self._inbox), TURN_FRAMES_MAX)):
            bearer, frame = self._inbox.popleft()
            try:
                self._open(bearer, frame)
            except RemoteError:
                self.unopened_frames += 1

    def _open(self, bearer: str, frame: bytes) -> None:
        """One frame. Raises RemoteError for bytes nobody can be held to."""
        clear = None
        try:
            clear = frames.decode_clear(frame)
            room = self._by_tag.get(clear.tag)
            if room is None:
                raise RemoteError("epoch tag is unknown")
            key = room.receive.key(clear.counter)
            if key is None:
                room.frontier_wanted = True  # already had: they lack our receipt, or somebody replays
                return
            plain_bytes = suite.unseal(key, frame[: frames.CLEAR_BYTES], frame[frames.CLEAR_BYTES :])
        except RemoteError:
            self._unopened(bearer)
            raise
        previous = room.receive.highest
        room.receive.erase(clear.counter)
        room.evidence = replace(room.evidence, heard_at=self.clock.monotonic())
        plain = frames.decode_plain(plain_bytes)
        match plain:
            case SignOfLife() | Frontier() | Call():
                if clear.counter > max(previous, room.loose_heard) or isinstance(plain, Frontier):
                    room.loose_heard = clear.counter
                    self._loose(room, plain)
            case _:
                self._entry(room, plain, bearer)

    def _unopened(self, bearer: str) -> None:
        now = self.clock.monotonic()
        for room in self.rooms():
            if any(b.name == bearer for b in self._carrying(room)):
                room.evidence = replace(room.evidence, unopened_at=now)

    def _entry(
        self, room: Room, plain: frames.ActLayout | frames.NodeLayout | frames.AnyLayout, bearer: str
    ) -> None:
        try:
            entry, body = exchange.rebuild(plain, self._ends(room))
        except CannotRebuild as e:
            if isinstance(plain, frames.AnyLayout):
                self._fault(
                    room, f"a frame of theirs cannot be rebuilt: {e.text}", frames.encode_plain(plain)
                )
            elif len(room.wanted) < WANTED_MAX:
                room.wanted.add(e.sequence)
                room.frontier_wanted = True
            return
        room.wanted.discard(entry.sequence)
        self._take(room, entry, body, bearer)

    def _take(self, room: Room, entry: Entry, body: Body | None, bearer: str) -> None:
        """An entry, ours as placed or theirs as rebuilt, into record and fold. Held already: nothing."""
        data = wire.encode_entry(entry)
        said = wire.decode_payload(entry.signed.payload)
        held = record.hold(data, entry, said, body, self.now())
        log = room.line.logs[held.party]
        if log.has(held.sequence):
            there = self.store.at(room.id, held.party, held.sequence)
            if there is not None and there.entry != data:
                self._fault(room, "two entries at one place of their log", data)
                room.difference = True
            elif held.party != room.pair.ours:
                room.frontier_wanted = True
            return
        if held.party != room.pair.ours:
            self._judge(room, held, data)
        self._touched = True
        body_bytes = None if body is None else wire.encode_body(body)
        self.store.add(room.id, data, held, body_bytes, bearer)
        officer = self._officer(room, held)
        room.line = lines.heard(room.line, held, officer)
        step: Held | None = held
        while step is not None and step.sequence == room.line.logs[held.party].size:
            room.line = lines.placed(room.line, step, self._officer(room, step), self._agrees(room, step))
            log = room.line.logs[held.party]
            self.store.add_root(room.id, held.party, log.size, log.tree.root)
            following = self.store.at(room.id, held.party, log.size) if log.beyond else None
            step = following.held if following else None
        if room.contested:
            room.contested = False
            self._fold(room)
        if held.party != room.pair.ours:
            room.owed_precedence = max(room.owed_precedence, held.said.precedence)
        self._consequences(room, held, officer)

    def _judge(self, room: Room, held: Held, data: bytes) -> None:
        """What is well signed and wrong is the peer's fault: kept, shown, and recorded all the same."""
        said = held.said
        try:
            if held.body is not None:
                check = bodies.check_statement if held.is_statement else bodies.check_act
                check(said.kind, held.body)
        except RemoteError as e:
            self._fault(room, f"an entry of theirs is malformed: {e.text}", data)
        if isinstance(said, Statement):
            ours = room.line.our_log
            if said.their_size > ours.size:
                self._fault(room, "they acknowledge entries that our record does not have", data)
                room.difference = True
            elif not self._agrees(room, held):
                self._fault(room, "record difference: their root of our log is not ours", data)
                room.difference = True
            known = self._root_at(room, held.party, said.sequence)
            if known is not None and known != said.own_root:
                self._fault(room, "record difference: their own root is not that of what they sent", data)
                room.difference = True
        else:
            named = self.store.named(said.line, held.party, said.author, said.number)
            if named is not None and named.held.id != held.id:
                self._fault(room, f"two different acts named {said.author}/{said.number}", data)
                room.contested = True

    def _fault(self, room: Room, reason: str, evidence: bytes) -> None:
        self._touched = True
        self.store.add_fault(Fault(room.id, reason, evidence, self.now()))

    def _consequences(self, room: Room, held: Held, officer: Officer | None) -> None:
        """What an entry on line 0 means for the other lines."""
        if not room.is_order_wire:
            return
        if isinstance(held.said, Act) and held.said.kind == ActKind.ROSTER:
            self._collect_rosters(room.pair)
            unproven = [r for r in room.pair.rooms.values() if r.unproven or room.unproven]
            for other in unproven:  # all, if on line 0: its SEVERs cut the others
                self._fold(other)
        self._line_zero(room, held)
        if isinstance(held.said, Act) and held.said.kind == ActKind.SEVER and officer is not None:
            for other in room.pair.rooms.values():
                if not other.is_order_wire:
                    other.line = lines.severed(other.line, held, officer)

    def _line_zero(self, room: Room, held: Held) -> None:
        """Accords settled on line 0 make lines, or amend them."""
        for standing in room.line.standings:
            if standing.settled and standing.subject == Subject.ACCORD:
                agreed = accords.decode_terms(standing.terms)
                line_id = self.offered_line_id(room.pair, agreed)
                there = room.pair.rooms.get(line_id)
                if there is None:
                    made = self._add_room(room.pair, lines.new_line(line_id, room.pair.ours, agreed))
                    self._fold(made)
                elif all(name != standing.hash for name, _ in there.line.accords):
                    known = (*there.line.accords, (standing.hash, agreed))
                    there.line = lines.with_accords(there.line, known)
                    self._fold(there)  # what it holds may be under this accord already
                    self._fold(there)

    # --- loose frames

    def _loose(self, room: Room, said: SignOfLife | Frontier | Call) -> None:
        now = self.clock.monotonic()
        match said:
            case SignOfLife():
                room.evidence = replace(room.evidence, watch=said.watch)
                self._echoed(room, said.echo, now)
                if said.our_size > room.line.their_log.size:
                    room.frontier_wanted = True
                if said.their_size < room.line.our_log.size:
                    self._lacked(room, range(said.their_size, room.line.our_log.size), now)
            case Frontier():
                self._told(room, said, now)
            case Call():
                self._called(room, said)

    def _echoed(self, room: Room, echo: int, now: float) -> None:
        """What their echo of our counter proves: that they hear us, if what they heard was sent lately.
        While it is not proven their sign of life is answered at once, though not more than once in a life."""
        evidence, settings = room.evidence, self.settings
        proven = evidence.echo_at is not None and now - evidence.echo_at <= settings.tolerance_s
        if room.echoed < echo < room.send.next_counter:
            room.echoed = echo
            heard = max((counter for counter in room.life_sent if counter <= echo), default=None)
            if heard is not None:
                evidence = replace(evidence, echo_at=now)
                if heard == echo:  # they may hold an echo until their next sign of life: the rest is sure
                    trip = max(0.0, now - room.life_sent[heard] - settings.life_s)
                    evidence = replace(evidence, round_trip_s=trip)
                room.life_sent = {c: t for c, t in room.life_sent.items() if c >= heard}
                room.evidence = evidence
        if not proven and now - room.answered_at >= settings.life_s:
            room.answered_at = room.life_at = now

    def _told(self, room: Room, said: Frontier, now: float) -> None:
        ours, theirs = room.pair.ours, 1 - room.pair.ours
        line = room.line
        for party, size, root in (
            (ours, said.their_size, said.their_root),
            (theirs, said.our_size, said.our_root),
        ):
            known = self._root_at(room, party, size)
            if known is not None and known != root:
                room.difference = True  # unsigned: an alarm, not evidence; their next statement is evidence
        if said.their_size > line.our_log.size:
            room.difference = True
        room.receive.erase_below(said.floor)
        for sequence in said.wanted:
            if sequence < line.our_log.size:
                room.explicit.add(sequence)
                room.sealed.pop(sequence, None)
        self._lacked(room, (*exchange.lacking(said, line.our_log.size), *said.wanted), now)
        if said.our_size > line.their_log.size or line.their_log.holes:
            room.frontier_wanted = True

    def _lacked(self, room: Room, sequences: Iterable[int], now: float) -> None:
        """The peer has shown that it lacks entries of ours: they are due again, but not at once after
        they were sent."""
        for sequence in list(sequences)[:FLIGHTS_MAX]:
            flight = room.flights.get(sequence)
            if flight is None:
                row = self.store.at(room.id, room.pair.ours, sequence)
                if row is None:
                    continue
                flight = self._candidate(room, row.held)
            if sequence in room.explicit or now - flight.sent_at > exchange.RESEND_FIRST_S / 2:
                room.flights[sequence] = replace(flight, tries=0)

    def _called(self, room: Room, said: Call) -> None:
        now = self.now()
        self._open_slot(room, now)
        if said.sign == CallSign.RING:
            if room.slot is None or now >= room.slot.closes_at:
                room.slot = contact.Due(said.slot, now + AD_HOC_OPEN_S, accords.Meaning.CHECK, None)
            room.attempts = contact.called(room.attempts, room.slot.at)
            room.ringing = said
        elif said.sign == CallSign.ANSWER and room.slot is not None:
            room.attempts = contact.answered(room.attempts, now, said.by)
            room.evidence = replace(room.evidence, missed=False)
        elif said.sign == CallSign.END:
            room.ringing = None

    # --- what follows in the same turn

    def _follow_up(self) -> None:
        """Statements owed, slots closed, and what waits and may now be entered."""
        now = self.now()
        self._watch_clock()
        for room in self.rooms():
            self._close_slots(room, now)
        for pair in self.pairs.values():
            for room in [pair.order_wire, *(r for r in pair.rooms.values() if not r.is_order_wire)]:
                if self._running and self.bearers_up(room):
                    self._enter_waiting(room, now)
                while drafts := lines.due(room.line, now):
                    for draft in drafts:
                        self._state(room, draft)

    def _enter_waiting(self, room: Room, now: Seconds) -> None:
        for waiting in self.store.waiting(room.id):
            if lines.refuse(room.line, waiting.kind, waiting.subject, now) is None:
                self.enter(room, waiting.act, wire.decode_body(waiting.body))
                self.store.entered(waiting.id)

    def _state(self, room: Room, draft: Draft) -> None:
        """Our node's statement at the next place of our log."""
        line, kind, body = room.line, draft.kind, draft.body
        ours, theirs = line.our_log, line.their_log
        salts = record.statement_salts(room.commitment_key, line.ours, ours.incarnation, ours.size, len(body))
        said = Statement(
            line.id,
            line.ours,
            kind,
            room.owed_precedence if kind == NodeKind.RECEIPT else Precedence.ROUTINE,
            ours.incarnation,
            ours.size,
            self._stamp(),
            ours.tree.root,
            theirs.incarnation,
            theirs.size,
            theirs.tree.root,
            record.commitment(kind, body, lambda i: salts[i]),
        )
        room.owed_precedence = Precedence.ROUTINE
        cose = signed(self.keys.node, wire.encode_statement(said))
        self._take(room, Entry(ours.incarnation, ours.size, cose), body, "")

    def _open_slot(self, room: Room, now: Seconds) -> None:
        """Notices a scheduled slot that has opened since we last looked."""
        if now < room.slot_next:
            return
        found = contact.open_slot(room.line.accord, now)
        if found is not None and (room.slot is None or found.at > room.slot.at):
            if room.slot is not None:
                self._close_slot(room, room.slot, now)  # an ad hoc call the hour of a scheduled one overtakes
            room.slot = found
        following = contact.next_slot(room.line.accord, now)
        room.slot_next = following.at if following else now + 7 * 86400

    def _close_slots(self, room: Room, now: Seconds) -> None:
        if room.slot is not None and now >= room.slot.closes_at:
            self._close_slot(room, room.slot, now)
        self._open_slot(room, now)

    def _close_slot(self, room: Room, slot: contact.Due, now: Seconds) -> None:
        """Enters what became of a slot, if anybody called in it."""
        following = contact.next_slot(room.line.accord, now)
        room.attempts, entered = contact.closed(room.attempts, slot, following.at if following else None)
        room.evidence = replace(room.evidence, missed=room.attempts.missed)
        room.slot = room.ringing = None
        for found in entered:
            self._state(room, Draft(NodeKind.CONTACT, contact.body(found)))

    # --- out

    def _after(self) -> None:
        """The commit has returned: now, and only now, anything may leave."""
        for room in self.rooms():
            room.receive.keep()
        if self._running:
            self._pump()
            self._arm()
        for listener in self.listeners:
            listener()

    def _pump(self) -> None:
        now = self.clock.monotonic()
        for room in self.rooms():
            self._refill(room)
            for bearer in self.bearers_up(room)[:1]:
                if room.frontier_wanted and now >= room.frontier_at:
                    room.frontier_wanted, room.frontier_at = False, now + FRONTIER_EVERY_S
                    self._send_loose(room, self._frontier(room), bearer)
            for said in room.calls:
                for bearer in self.bearers_up(room):
                    self._send_loose(room, said, bearer)
            room.calls.clear()
            if now >= room.life_at:
                room.life_at = now + self.settings.life_s
                for bearer in self.bearers_up(room):
                    self._send_loose(room, self._sign_of_life(room), bearer)
        full: set[str] = set()
        while (flight := self._next_flight(now, full)) is not None:
            self._send_entry(self._room_of(flight), flight, now, full)

    def _next_flight(self, now: float, full: set[str]) -> Candidate | None:
        waiting = [
            flight
            for room in self.rooms()
            if any(b.name not in full for b in self.bearers_up(room))
            for flight in room.flights.values()
        ]
        return exchange.next_to_send(waiting, now, self._frames_out)

    def _send_entry(self, room: Room, flight: Candidate, now: float, full: set[str]) -> None:
        frame = self._frame(room, flight.sequence)
        self._frames_out += 1
        taken = False
        for bearer in self.bearers_up(room):
            if len(frame) > bearer.traits.frame_bytes_max or bearer.name in full:
                continue
            if bearer.send(frame):
                taken = True
                if flight.precedence < Precedence.FLASH:
                    break
            else:
                full.add(bearer.name)
        if taken and flight.once:
            del room.flights[flight.sequence]
        elif taken:
            room.flights[flight.sequence] = exchange.sent(flight, now)
        elif not any(b.name not in full for b in self.bearers_up(room)):
            return
        else:
            del room.flights[flight.sequence]  # no bearer of this line can carry it whole

    def _frame(self, room: Room, sequence: int) -> bytes:
        """The frame of an entry of ours; a repeat is the same bytes."""
        found = room.sealed.get(sequence)
        if found is None:
            row = self.store.at(room.id, room.pair.ours, sequence)
            assert row is not None, "what is in flight is in the record"
            plain = self._layout(room, row)
            found = self._sealed(room, frames.encode_plain(plain))
            room.sealed[sequence] = found
        return found[1]

    def _layout(self, room: Room, row: Row) -> frames.ActLayout | frames.NodeLayout | frames.AnyLayout:
        held, pair = row.held, room.pair
        author_key = None
        if isinstance(held.said, Act) and held.said.author != ROOT_AUTHOR:
            given_at = pair.rostered_at.get(held.said.author)
            if given_at is None or given_at >= pair.order_wire.line.covered or held.sequence in room.explicit:
                author_key = pair.key_of(held.party, held.said.author)
        return exchange.layout(
            held,
            wire.decode_entry(row.entry).signed,
            self._ends(room),
            covered=room.line.covered,
            author_key=author_key,
            explicit=held.sequence in room.explicit,
        )

    def _sealed(self, room: Room, plain: bytes) -> tuple[int, bytes]:
        counter, key = room.send.take()
        clear = frames.encode_clear(frames.Clear(room.send.tag, counter))
        return counter, clear + suite.seal(key, clear, plain)

    def _send_loose(self, room: Room, said: SignOfLife | Frontier | Call, bearer: Bearer) -> None:
        counter, frame = self._sealed(room, frames.encode_plain(said))
        now = self.clock.monotonic()
        if isinstance(said, SignOfLife):
            longest = self.settings.tolerance_s + room.line.accord.clocks[Precedence.FLASH][0]
            room.life_sent = {c: t for c, t in room.life_sent.items() if now - t <= longest}
            room.life_sent[counter] = now
        if bearer.send(frame):
            room.evidence = replace(room.evidence, sent_at=now)

    def _sign_of_life(self, room: Room) -> SignOfLife:
        told = (self.watch is not None) if room.line.accord.tells_watch else None
        return SignOfLife(told, room.line.our_log.size, room.line.their_log.size, room.receive.highest)

    def _frontier(self, room: Room) -> Frontier:
        floor = min((counter for counter, _ in room.sealed.values()), default=room.send.next_counter)
        return exchange.frontier(
            room.line, lambda party, size: self._root_at(room, party, size), floor, room.wanted
        )

    def _refill(self, room: Room) -> None:
        """Keeps in flight what their node has not signed for, up to a window; forgets what it has."""
        covered = room.line.covered
        for sequence in [s for s in room.flights if s < covered]:
            del room.flights[sequence]
        for sequence in [s for s in room.sealed if s < covered]:
            del room.sealed[sequence]
        for sequence in room.line.received_beyond:
            room.flights.pop(sequence, None)
        room.explicit = {s for s in room.explicit if s >= covered}
        room.flight_next = max(room.flight_next, covered)
        room_left = FLIGHTS_MAX - len(room.flights)
        if room_left > 0 and room.flight_next < room.line.our_log.size:
            for row in self.store.of_log(room.id, room.pair.ours, room.flight_next, room_left):
                room.flight_next += 1
                held = row.held
                room.flights[held.sequence] = self._candidate(room, held)

    def _candidate(self, room: Room, held: Held) -> Candidate:
        once = held.is_statement and held.kind in (NodeKind.RECEIPT, NodeKind.HEAD)
        return Candidate(room.id, held.sequence, held.said.precedence, once, self.clock.monotonic())

    # --- small things

    def _room_of(self, flight: Candidate) -> Room:
        return next(pair.rooms[flight.line] for pair in self.pairs.values() if flight.line in pair.rooms)

    def _carrying(self, room: Room) -> list[Bearer]:
        name = room.line.accord.name
        return [b for b, named in self.bearers if named is None or room.is_order_wire or name in named]

    def bearers_up(self, room: Room) -> list[Bearer]:
        """The bearers of a line that are up, cheapest first."""
        return sorted(
            (b for b in self._carrying(room) if b.up), key=lambda b: (b.traits.cost, b.traits.latency_ms)
        )

    def _ends(self, room: Room) -> Ends:
        pair, store, line = room.pair, self.store, room.line

        def place_of(act_id: bytes) -> int | None:
            row = store.by_id(act_id)
            if row is None or row.line != line.id:
                return None
            held = row.held
            return held.sequence if held.party != line.ours else None

        def act_at(sequence: int) -> bytes | None:
            row = store.at(line.id, line.ours, sequence)
            return row.held.id if row else None

        return Ends(
            line.id,
            line.ours,
            pair.incarnations,
            pair.order_wire.id,
            (room.commitment_key, pair.order_wire.commitment_key),
            (pair.cards[0].node_key, pair.cards[1].node_key),
            pair.key_of,
            lambda party, size: self._root_at(room, party, size),
            bodies.Context(line.accords[0][1].languages, place_of, act_at),
        )

    def _stamp(self) -> Stamp:
        """The time we say, which does not fall while this process lives."""
        self._last_said = max(self._last_said, self.now())
        return Stamp(self._last_said, self.settings.clock_quality)

    def _watch_clock(self) -> None:
        """A wall clock that jumps is an event and an alarm, never a freeze."""
        wall, steady = self.clock.wall(), self.clock.monotonic()
        if self._clocks is not None:
            jump = (wall - self._clocks[0]) - (steady - self._clocks[1])
            if abs(jump) > CLOCK_JUMP_S:
                self.watch_log.note(int(wall), Happened.ALARM, jumped_s=int(jump))
        self._clocks = (wall, steady)

    # --- timers

    def _schedule(self) -> None:
        if self._running and not self._scheduled:
            self._scheduled = True
            self.timer.call_later(0, self._run)

    def _arm(self) -> None:
        """Wakes when something is due by the passing of time alone."""
        self._cancel_wake()
        at = self._wake_at()
        if at is not None:
            self._wake = self.timer.call_later(max(0.001, at - self.clock.monotonic()), self._schedule)

    def _wake_at(self) -> float | None:
        steady, wall = self.clock.monotonic(), self.clock.wall()
        times: list[float] = []
        for room in self.rooms():
            by_wall = [room.slot_next, room.slot.closes_at if room.slot else None, lines.due_at(room.line)]
            if room.line.opens_at is not None and room.line.opens_at > wall:
                by_wall.append(room.line.opens_at)
            times += [steady + (at - wall) for at in by_wall if at is not None]
            if self.bearers_up(room):
                times.append(room.life_at)
                if room.frontier_wanted:
                    times.append(room.frontier_at)
                times += [max(exchange.resend_at(f), steady + 0.02) for f in room.flights.values()]
        return min((t for t in times if t < float("inf")), default=None)

    def _cancel_wake(self) -> None:
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None


class SystemClock:
    """The machine's two clocks."""

    def wall(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()
