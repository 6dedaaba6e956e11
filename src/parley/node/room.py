"""What a node knows of a pair and of a line: the fold, the keys, and what may be forgotten."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from parley.bearers import Bearer
from parley.core import suite
from parley.core.exchange import Candidate
from parley.core.instruments import contact
from parley.core.line import CADENCE, Cadence, Line
from parley.core.observed import Evidence
from parley.core.types import (
    ROOT_AUTHOR,
    Card,
    ClockQuality,
    Officer,
    Precedence,
    Seconds,
)
from parley.core.wire import entry as wire
from parley.core.wire.frame import Call
from parley.keys import Prekeys, ReceiveChain, SendChain, check_card
from parley.node.answered import Open
from parley.node.moving import Moving
from parley.store import Pair


class Clock(Protocol):
    """Two readings: one that people agree on, and one that never falls."""

    def wall(self) -> float: ...

    def monotonic(self) -> float: ...


class SystemClock:
    """The machine's two clocks."""

    def wall(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


ASK_AGAIN_S = 5.0  # seconds between two requests for prekeys, doubled while none comes


@dataclass(frozen=True, slots=True)
class Settings:
    """How a node behaves; what both parties must agree on is in the accord, not here.

    `life_s`: seconds between signs of life on a line. `fresh_lives`: how many of them may be missed.
    `cadence`: when a line gets a new epoch. `erase_every_s`: seconds between erasure points at most, while
    keys of frames are being erased. `announce_late_s`: by how much this end may be late with an announcement by
    itself; later, it is held for a person.
    """

    life_s: int = 10
    fresh_lives: int = 3
    clock_quality: ClockQuality = ClockQuality.FREE_RUNNING
    cadence: Cadence = CADENCE
    erase_every_s: int = 60
    announce_late_s: int = 900

    @property
    def tolerance_s(self) -> float:
        return self.life_s * self.fresh_lives


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of prekeys as its PREKEYS statement announces it; named by the sequence of that statement."""

    number: int
    count: int
    root: bytes
    heard_at: Seconds


@dataclass(frozen=True, slots=True)
class Carrier:
    """A bearer, and what it is for: the named lines (None: all) of one pair (None: of every pair). Line 0 goes by
    every bearer of its pair."""

    bearer: Bearer
    lines: frozenset[str] | None
    pair: str | None

    def carries(self, pair: str, line: str, *, is_order_wire: bool) -> bool:
        return self.pair in (None, pair) and (self.lines is None or is_order_wire or line in self.lines)


class Room:
    """One line at this end: its fold, its keys, and what may be forgotten."""

    def __init__(
        self, pair: PairRoom, line: Line, commitment_key: bytes, send: SendChain, receive: ReceiveChain
    ) -> None:
        self.pair, self.line, self.commitment_key = pair, line, commitment_key
        self.id, self.is_order_wire = line.id, line.is_order_wire
        self.name = line.accord.name or f"order wire {pair.name}"  # of whatever version of its accord
        self.send, self.receive = send, receive
        self.flights: dict[int, Candidate] = {}
        self.flight_next = 0  # the next entry of ours that the window reaches
        self.early: set[int] = set()  # urgent ones beyond it that were put in flight before their turn
        self.early_next = 0
        self.sealed: dict[
            int, tuple[bytes, int, bytes]
        ] = {}  # by sequence: tag, counter and frame, for repeats
        self.explicit: set[int] = set()
        self.by_phrases: set[int] = set()  # our entries whose frame needed a phrase dictionary at their end
        self.phrases = True  # they have the dictionaries, as far as we know (PK-17)
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
        self.slot_seen: Seconds = 0  # our clock when slots were last looked at
        self.schedule: contact.Schedule = line.accord
        self.scheduled_by: tuple[object, ...] = ()  # what `schedule` was made of
        self.recalled = False  # what the journal knows of calls is in `attempts`
        self.ringing: Call | None = None
        self.calls: list[Call] = []  # to be sent once the turn is committed
        self.owed_precedence = Precedence.ROUTINE
        self.unproven = False
        self.loose_heard = {tag: receive.highest(tag) for tag in receive.tags}  # of a loose frame taken
        self.waits_for_window = False  # more could be entered, once their node has signed for some
        self.rekey_asked = False  # an officer asked for a new epoch
        self.unhealed = False  # one is due, and no prekey is in stock
        self.contested = False  # two acts under one name: which has effect is for a fold to say
        self.difference = False
        self.unanswered = Open()  # which messages wait for an officer of the other side
        self.objects = Moving()  # what is on its way of objects, either way


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
        self.unmade: dict[bytes, str] = {}  # lines agreed whose secret cannot be had: id and name
        self.prekeys: Prekeys | None = None
        self.batches: dict[int, Batch | None] = {}  # by party: the newest, as far as it was looked up
        self.prekeys_ask_at = float("-inf")
        self.prekeys_ask_every_s = ASK_AGAIN_S
        self.prekeys_asked: set[tuple[int, int]] = set()  # batch and index, to be sent after the commit
        self.prekeys_answer_at = float("-inf")
        self.prekeys_used: list[tuple[int, int]] = []  # by EPOCHs of this turn: gone after the commit
        self.batch_wanted = False  # they asked beyond the end of our newest batch
        self.order_wire: Room

    @property
    def incarnations(self) -> tuple[int, int]:
        return (self.cards[0].incarnation, self.cards[1].incarnation)

    def key_of(self, party: int, author: int) -> bytes | None:
        if author == ROOT_AUTHOR:
            return self.cards[party].root_key
        officer = self.rosters[party].get(author)
        return officer.key if officer else None
