"""What goes out: frontiers, signs of life, and the entries the peer may lack, each picked afresh.

Called after the commit and only then. A frame may be lost on its way without a word; what their node
has not signed for is sent again.
"""

from __future__ import annotations

from dataclasses import replace

from parley.bearers import Bearer
from parley.core import exchange, suite
from parley.core.exchange import Candidate
from parley.core.record import Held
from parley.core.types import (
    ROOT_AUTHOR,
    Act,
    NodeKind,
    Precedence,
)
from parley.core.wire import entry as wire
from parley.core.wire import frame as frames
from parley.core.wire.frame import Call, Frontier, SignOfLife
from parley.home import Home
from parley.node.folded import Lines
from parley.node.room import Carrier, Clock, Room, Settings
from parley.store import Row

FLIGHTS_MAX = 128  # entries per line sent and not yet signed for
FRONTIER_EVERY_S = 1.0


class Outgoing(Lines):
    """The lines, and what is to leave on them by which bearer."""

    def __init__(self, home: Home, *, clock: Clock, settings: Settings) -> None:
        self.carriers: list[Carrier] = []
        self._carry: dict[bytes, list[Bearer]] = {}  # by line: the name and the pair of one never change
        self.watch: str | None = None  # the officer who has the watch: signs of life tell
        self._frames_out = 0
        super().__init__(home, clock=clock, settings=settings)

    def bearers_up(self, room: Room) -> list[Bearer]:
        """The bearers of a line that are up, cheapest first."""
        return [b for b in self._carrying(room) if b.up]

    def _carrying(self, room: Room) -> list[Bearer]:
        """The bearers of a line, cheapest first."""
        found = self._carry.get(room.id)
        if found is None:
            name, pair, wire0 = room.line.accord.name, room.pair.name, room.is_order_wire
            found = [c.bearer for c in self.carriers if c.carries(pair, name, is_order_wire=wire0)]
            found.sort(key=lambda b: (b.traits.cost, b.traits.latency_ms))
            self._carry[room.id] = found
        return found

    def _pump(self) -> None:
        now = self.clock.monotonic()
        soon = self._soon(now)
        for room in self.rooms():
            self._refill(room)
            up = self.bearers_up(room)
            for bearer in up[:1]:
                if room.frontier_wanted and now >= room.frontier_at:
                    room.frontier_wanted, room.frontier_at = False, now + FRONTIER_EVERY_S
                    self._send_loose(room, self._frontier(room), bearer)
            for said in room.calls:
                for bearer in up:
                    self._send_loose(room, said, bearer)
            room.calls.clear()
            if room.life_at <= soon:
                room.life_at = now + self.settings.life_s
                for bearer in up:
                    self._send_loose(room, self._sign_of_life(room), bearer)
        self._send_due(now)

    def _soon(self, now: float) -> float:
        """Signs of life due until then leave now: those of all lines go together, which costs the bearers less than
        one here and one there."""
        due = any(now >= room.life_at for room in self.rooms())
        return now + self.settings.life_s / 2 if due else now

    def _send_due(self, now: float) -> None:
        """The entries that are due, each picked afresh, while a bearer takes them."""
        full: set[str] = set()
        due = self._due(now)
        while (flight := exchange.next_to_send(due.values(), now, self._frames_out)) is not None:
            del due[flight.line, flight.sequence]
            room = self._room_of(flight)
            if any(b.name not in full for b in self.bearers_up(room)):
                if self._frames_out % exchange.FLOOR_SHARE == exchange.FLOOR_SHARE - 1:
                    self._background(now, full, most=1)  # the lowest class of all has its floor too (EX-4)
                self._send_entry(room, flight, now, full)
                if self._refill(room):
                    due = self._due(now)
        self._background(now, full)

    def _background(self, now: float, full: set[str], most: int | None = None) -> None:
        """What leaves when nothing more urgent is due: at most so many frames."""

    def _due(self, now: float) -> dict[tuple[bytes, int], Candidate]:
        """The entries of ours that are to be sent now, by line and sequence."""
        return {
            (flight.line, flight.sequence): flight
            for room in self.rooms()
            if room.flights and self.bearers_up(room)
            for flight in room.flights.values()
            if exchange.resend_at(flight) <= now
        }

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
        elif not flight.once and any(len(frame) <= b.traits.frame_bytes_max for b in self.bearers_up(room)):
            room.flights[flight.sequence] = exchange.sent(flight, now)  # the bearer that can is full now
        else:
            del room.flights[flight.sequence]  # no bearer of this line can carry it whole

    def _send_loose(self, room: Room, said: SignOfLife | Frontier | Call, bearer: Bearer) -> None:
        _, counter, frame = self._sealed(room, frames.encode_plain(said))
        now = self.clock.monotonic()
        if isinstance(said, SignOfLife):
            longest = self.settings.tolerance_s + room.line.accord.clocks[Precedence.FLASH][0]
            room.life_sent = {c: t for c, t in room.life_sent.items() if now - t <= longest}
            room.life_sent[counter] = now
        if bearer.send(frame):
            room.evidence = replace(room.evidence, sent_at=now)

    def _frame(self, room: Room, sequence: int) -> bytes:
        """The frame of an entry of ours; a repeat is the same bytes."""
        found = room.sealed.get(sequence)
        if found is None:
            row = self.store.at(room.id, room.pair.ours, sequence)
            assert row is not None, "what is in flight is in the record"
            plain = self._layout(room, row)
            if exchange.by_phrases(plain):
                room.by_phrases.add(sequence)
            found = self._sealed(room, frames.encode_plain(plain))
            room.sealed[sequence] = found
        return found[2]

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
            phrases=room.phrases,
        )

    def _ready(self, room: Room) -> None:
        """Before a floor is stated or a frame sealed: both are of one epoch."""
        before = room.send.tag
        room.send.ready()
        if room.send.tag != before:
            room.echoed = 0
            room.life_sent.clear()

    def _sealed(self, room: Room, plain: bytes) -> tuple[bytes, int, bytes]:
        """Tag, counter and frame."""
        self._ready(room)
        counter, key = room.send.take()  # which may be the first of another epoch
        tag = room.send.tag
        clear = frames.encode_clear(frames.Clear(tag, counter))
        return tag, counter, clear + suite.seal(key, clear, plain)

    def _sign_of_life(self, room: Room) -> SignOfLife:
        told = (self.watch is not None) if room.line.accord.tells_watch else None
        echo, former = room.receive.heard
        return SignOfLife(told, room.line.our_log.size, room.line.their_log.size, echo, former)

    def _frontier(self, room: Room) -> Frontier:
        return exchange.frontier(
            room.line, lambda party, size: self._root_at(room, party, size), self._floor(room), room.wanted
        )

    def _floor(self, room: Room) -> int:
        """Counters of the epoch in use below it carry nothing they lack."""
        self._ready(room)
        under = (counter for tag, counter, _ in room.sealed.values() if tag == room.send.tag)
        return min(under, default=room.send.next_counter)

    def _refill(self, room: Room) -> bool:
        """Keeps in flight what their node has not signed for, up to a window, and what is urgent beyond it; forgets
        what it has. Whether anything more is in flight now."""
        covered, size, more = room.line.covered, room.line.our_log.size, False
        room.flight_next = max(room.flight_next, covered)
        if room.flight_next >= size and not room.flights and not room.sealed:
            return False
        for sequence in [s for s in room.flights if s < covered]:
            del room.flights[sequence]
        for sequence in [s for s in room.sealed if s < covered]:
            del room.sealed[sequence]
        for sequence in room.line.received_beyond if not room.difference else ():  # not if its leaves differ
            room.flights.pop(sequence, None)
        if room.by_phrases:
            room.by_phrases = {s for s in room.by_phrases if s >= covered}
        if room.explicit:
            room.explicit = {s for s in room.explicit if s >= covered}
        room_left = FLIGHTS_MAX - len(room.flights)
        if room_left > 0 and room.flight_next < size:
            for row in self.store.of_log(room.id, room.pair.ours, room.flight_next, room_left):
                room.flight_next += 1
                if row.held.sequence not in room.early and row.held.sequence not in room.flights:
                    room.flights[row.held.sequence], more = self._candidate(room, row.held), True
        room.early_next = max(room.early_next, room.flight_next)
        if room.early_next < size:
            for row in self.store.urgent(room.id, room.pair.ours, room.early_next, FLIGHTS_MAX):
                room.early.add(row.held.sequence)
                room.flights[row.held.sequence], more = self._candidate(room, row.held), True
            room.early_next = size
        if room.early:
            room.early = {s for s in room.early if s >= covered}
        return more

    def _window(self, room: Room) -> int:
        """How many more entries of ours may be under way: those their node has not signed for, and those that are
        still to be sent."""
        return FLIGHTS_MAX - len(room.flights) - max(0, room.line.our_log.size - room.flight_next)

    def _candidate(self, room: Room, held: Held) -> Candidate:
        once = held.is_statement and held.kind in (NodeKind.RECEIPT, NodeKind.HEAD)
        return Candidate(room.id, held.sequence, held.said.precedence, once, self.clock.monotonic())

    def _room_of(self, flight: Candidate) -> Room:
        return next(pair.rooms[flight.line] for pair in self.pairs.values() if flight.line in pair.rooms)
