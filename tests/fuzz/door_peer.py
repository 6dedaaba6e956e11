"""The whole node, tried by a peer with real keys: what it says is well sealed and well signed, and may be anything.

Two real ends are set up, paired, with three open lines. Then one is silenced and its keys are played by this
file: its node's key, its root's, its officers', and the keys of every frame. A case is a course of steps, each
drawn from a seed of its own. After every few of them, and at the end, all of this must hold:

1. The node runs: a turn works, and nothing but LocalError leaves a desk.
2. What was well signed is in the record, or kept as a fault, byte for byte; and the views show all of both.
3. A message of ours is released, recorded and sent. It is AT THEIR END once they have acknowledged it with
   the right root, and not before.
4. A fresh node on the same home has the same lines as memory, before and after a restart.
5. Memory, files and queues stay within the limits that are stated.
6. The line goes on: an honest act at the next place of their log gets our receipt.
7. Every frame of ours can be read, were it honest, at their end.

Line 1 is cut by nobody, so that 3 can be asked of it. On line 3 they use up the counters there are, so that 6
is not asked of it: whoever skips his own counters has lost them. The others take everything.
"""

from __future__ import annotations

import gc
import random
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from damage import NUMBERS, TEXTS, changed, spoilt, value

from parley import keys
from parley import node as nodes
from parley.bearers.memory import Faults, MemoryBearer, memory_pair
from parley.core import accord as accords
from parley.core import line as lines
from parley.core import record, suite
from parley.core.errors import LocalError, RemoteError
from parley.core.record import Held
from parley.core.suite import KeyTree
from parley.core.types import (
    FRAME_BYTES_MAX,
    POWERS_ALL,
    U16,
    U32,
    Act,
    ActKind,
    Body,
    ClockQuality,
    Entry,
    NodeKind,
    Power,
    Precedence,
    Seen,
    Signed,
    Stamp,
    Statement,
    Subject,
)
from parley.core.wire import body as bodies
from parley.core.wire import cbor
from parley.core.wire import entry as wire
from parley.core.wire import frame as frames
from parley.core.wire.frame import (
    ActLayout,
    AnyLayout,
    BodyForm,
    Call,
    CallSign,
    Frontier,
    NodeLayout,
    Prekey,
    PrekeysWanted,
    SignOfLife,
)
from parley.desk import Desk
from parley.home import Home
from parley.keys import Cost, Signer
from parley.keys import chance as key_chance
from parley.node import Node, Room, Settings
from parley.node.outgoing import FLIGHTS_MAX
from parley.scenario.clock import VirtualClock
from parley.store import FAULTS_MAX

CBOR = 7
WORDS, OFFICERS = "words", ("first", "second", "clerk")
START = 1_767_225_600.0  # 2026-01-01T00:00:00Z
LIFE_S = 15
QUIET, LOUD, LOST = "Line 1", "Line 2", "Line 3"
STEPS = 50
LOOK_EVERY = 24
MESSAGE: Body = ("en", None, None, None, None, None, None, "Honest text.")
DISK_BYTES_PER_ENTRY = 12_000
PREKEY_BYTES = 1216
SEALED_SECRET_BYTES = bodies.SEALED_SECRET_BYTES


@dataclass(frozen=True)
class Sent:
    """A well signed entry that we are to find again."""

    line: bytes
    sequence: int
    data: bytes


class End:
    """One party's end: a home that stays, and a node that can fall and get up on it."""

    def __init__(
        self, index: int, folder: Path, clock: VirtualClock, build: type[Node], bearer: MemoryBearer
    ) -> None:
        self.index, self.path, self.clock, self.build, self.bearer = (
            index,
            folder / "ab"[index],
            clock,
            build,
            bearer,
        )
        self.chance = random.Random(f"end/{index}")
        made = Home.create(
            self.path, party=f"Party {'ab'[index]}", passphrase=WORDS, root_passphrase=WORDS, cost=Cost(64, 1, 1),
            sync=False,
        )  # fmt: skip
        self._begin(made)

    def _begin(self, home: Home) -> None:
        self.home, self.node = home, self.fresh_node(home)
        self.desk, self.store = Desk(self.node), home.store
        sealed = self.node._sealed

        def read_first(room: Room, plain: bytes) -> tuple[bytes, int, bytes]:
            try:
                frames.decode_plain(plain)  # 7
            except RemoteError as e:
                raise AssertionError(f"a frame of ours cannot be read at their end: {e.text}") from None
            return sealed(room, plain)

        self.node._sealed = read_first  # type: ignore[method-assign]
        self.node.attach(self.bearer)
        self.node.start()
        self.bearer.open()

    def fresh_node(self, home: Home) -> Node:
        """A node on these files, as a restart would make it."""
        return self.build(
            home,
            clock=self.clock,
            timer=self.clock,
            entropy=self.chance.randbytes,
            settings=Settings(life_s=LIFE_S),
        )

    def rooms(self) -> dict[bytes, Room]:
        return {room.id: room for room in self.node.rooms()}

    def replays(self) -> None:
        """A fresh node on the same home says the same of every line, and of every roster."""
        fresh = self.fresh_node(self.home)
        again = {room.id: room.line for room in fresh.rooms()}
        for room in self.node.rooms():
            assert room.id in again, f"replay has no line {room.name}"
            differ = [n for n in room.line.__slots__ if getattr(room.line, n) != getattr(again[room.id], n)]
            assert not differ, f"replay of {room.name} differs in {', '.join(differ)}"
        assert len(again) == len(self.rooms()), "replay has a line more"
        for name, pair in self.node.pairs.items():
            assert fresh.pairs[name].rosters == pair.rosters, "replay gives other rosters"

    def fall(self) -> None:
        """Killed: nothing more is written."""
        self.bearer.close()
        self.node.crash()

    def restart(self) -> None:
        self._begin(Home.open(self.path, WORDS, sync=False))


class Ends:
    """Two ends, set up: three officers each, paired, with three open lines."""

    def __init__(self, folder: Path, build: type[Node]) -> None:
        self.clock = VirtualClock(START)
        bearers = memory_pair(self.clock, name="main", chance=random.Random(0))
        self.link = bearers[0].link
        self.victim, self.taken = (
            End(index, folder, self.clock, what, bearer)
            for index, (what, bearer) in enumerate(zip((build, Node), bearers, strict=True))
        )
        self._set_up(self.victim, self.taken)

    def wait(self, seconds: float) -> None:
        self.clock.run_until(self.clock.wall() + seconds)

    def _set_up(self, one: End, two: End) -> None:
        cards, prints, shares = [], [], []
        for end in (one, two):
            for name in OFFICERS:
                powers = Power.RELEASE | Power.ACKNOWLEDGE if name == "clerk" else POWERS_ALL
                end.desk.add_officer(
                    name, f"office {name}", powers, Precedence.FLASH, WORDS, WORDS, Cost(64, 1, 1)
                )
            cards.append(end.desk.pair_card(WORDS))
            prints.append(end.desk.fingerprint())
        for end, other in ((one, 1), (two, 0)):
            shares.append(end.desk.pair_share(cards[other], prints[other], WORDS))
        for end, other in ((one, 1), (two, 0)):
            end.desk.pair_finish("them", cards[other], shares[other], WORDS)
        self.wait(2)
        for name in (QUIET, LOUD, LOST):
            agreed = accords.Accord(name, one.chance.randbytes(16), languages=("en", "ko"), quorum_restore=1)
            offered = one.desk.offer_line("them", agreed, "first", WORDS)
            self.wait(1)
            two.desk.agree(offered.ref, "first", WORDS)
            self.wait(1)
            terms = one.desk.offer_restore(name, one.node.now(), "first", WORDS)
            self.wait(1)
            two.desk.agree(terms.ref, "first", WORDS)
            self.wait(1)
        self.wait(5)
        for end in (one, two):
            assert all(line.declared == "OPEN" and line.agree == "agree" for line in end.desk.lines()), (
                "the set-up"
            )

    def close(self) -> None:
        for end in (self.victim, self.taken):
            end.fall()


@contextmanager
def seeded_keys() -> Iterator[None]:
    """Keys that are the same each time, so that a case runs the same way twice."""
    with mock.patch.object(key_chance, "draw", random.Random("keys").randbytes):
        yield


class Peer:
    """Both ends after the set-up: `victim` is tried, `taken` is the end whose keys we have."""

    def __init__(self, ends: Ends) -> None:
        self.ends = ends
        self.victim, self.taken = ends.victim, ends.taken
        self.way = ends.link.b_to_a
        self.way.faults = Faults(loss=1.0)  # its own node is not heard any more
        self.node_key: Signer = self.taken.home.keys.node
        self.root_key: Signer = self.taken.home.keys.root(WORDS)
        self.officers = {
            author: keys.officer_signer(self.taken.path, name, WORDS)[1]
            for author, name in enumerate(OFFICERS, 1)
        }
        self.rooms = {room.name: room for room in self.taken.node.rooms() if not room.is_order_wire}
        self.order_wire = self.taken.node.pairs["them"].order_wire
        self.rooms["order wire"] = self.order_wire
        self.party = self.order_wire.pair.ours
        self.counters: dict[bytes, int] = {}
        self.trees: dict[bytes, KeyTree] = {}
        self.tags: dict[bytes, bytes] = {}
        for room in self.rooms.values():
            self.learn_keys(room)
        self.numbers = 5000
        self.sent: list[Sent] = []
        self.frames: list[bytes] = []
        self.said = 0
        self.disk_before = self.disk_bytes()

    def learn_keys(self, room: Room) -> None:
        """The keys with which their end would seal from now on, all of them ours."""
        row = self.taken.home.keys.get(f"send/{room.id.hex()}")
        assert row is not None
        ((tag, (counter, tree)),) = keys.trees(row).items()
        self.tags[room.id], self.counters[room.id], self.trees[room.id] = tag, counter, tree

    # --- what is there

    def ours(self, room: Room) -> Room:
        """The line as the victim has it."""
        return self.victim.rooms()[room.id]

    def next(self, room: Room) -> int:
        """The next place of their log, as the victim has it."""
        return self.ours(room).line.their_log.size

    def line(self, chance: random.Random) -> Room:
        return self.rooms[chance.choice((QUIET, LOUD, LOUD, LOST, "order wire"))]

    def disk_bytes(self) -> int:
        db = self.victim.store._db
        return int(db.execute("PRAGMA page_count").fetchone()[0]) * int(
            db.execute("PRAGMA page_size").fetchone()[0]
        )

    def wait(self, seconds: float) -> None:
        self.ends.wait(seconds)

    # --- what is said

    def bytes(self, frame: bytes) -> None:
        """Anybody's bytes arrive."""
        self.way.inject(frame)
        self.frames.append(frame)
        self.said += 1

    def seal(self, plain: bytes, room: Room, counter: int | None = None) -> bool:
        """Any plain text, sealed under the next counter or another; False where no frame can carry it."""
        counter = self.counters[room.id] if counter is None else counter
        if counter > U32 or len(plain) + frames.CLEAR_BYTES + frames.TAG_BYTES > FRAME_BYTES_MAX:
            return False
        try:
            key = suite.frame_key(self.trees[room.id].leaf(counter))
        except KeyError:  # their end used it before we had its keys
            return False
        self.counters[room.id] = max(self.counters[room.id], counter + 1)
        clear = frames.encode_clear(frames.Clear(self.tags[room.id], counter))
        self.bytes(clear + suite.seal(key, clear, plain))
        return True

    def act(
        self,
        room: Room,
        kind: int,
        body: Body,
        *,
        sequence: int | None = None,
        author: int = 1,
        number: int | None = None,
        signer: Signer | None = None,
        attach: bytes | None = None,
        precedence: Precedence = Precedence.ROUTINE,
        time: int = 7,
        seen: int = 0,
        of_order_wire: bool = False,
        withheld: bool = False,
        explicit: bool = False,
        counter: int | None = None,
    ) -> None:
        """An act, well signed. `of_order_wire`: an act of line 0, entered here."""
        self.numbers += 1
        number = self.numbers if number is None else number
        source = self.order_wire if of_order_wire else room
        sequence = self.next(room) if sequence is None else sequence
        salts = record.act_salts(source.commitment_key, self.party, author, number, len(body))
        commitment = record.commitment(kind, body, lambda i: salts[i])
        said = Act(
            source.id, self.party, kind, precedence, author, number, Stamp(time, ClockQuality.UNKNOWN), Seen(1, seen),
            commitment,
        )  # fmt: skip
        signer = signer or self.officers[author]
        found = keys.signed(signer, wire.encode_act(said))
        form, codec, packed = self._packed(body, commitment, withheld)
        layout = ActLayout(
            kind, precedence, ClockQuality.UNKNOWN, author, number, time, sequence, seen, form, codec, packed,
            found.signature,
        )  # fmt: skip
        any_form = explicit or attach is not None or of_order_wire
        plain = AnyLayout(False, of_order_wire, 1, 1, attach, None, layout) if any_form else layout
        sealed = self.seal(frames.encode_plain(plain), room, counter)
        known = self.ours(room).pair.key_of(self.party, author)
        if sealed and (known or attach) == signer.public_key and room.name != LOST:
            self._expect(room, sequence, found)

    def statement(
        self,
        room: Room,
        kind: int = NodeKind.HEAD,
        body: Body = (),
        *,
        sequence: int | None = None,
        own_root: bytes | None = None,
        their_size: int | None = None,
        their_root: bytes | None = None,
        precedence: Precedence = Precedence.ROUTINE,
        time: int = 7,
        counter: int | None = None,
        lean: bool = False,
    ) -> None:
        """A statement, well signed; roots and sizes as they are, or as given. `lean`: its roots are left out,
        for the receiver to put in."""
        held = self.ours(room).line
        sequence = held.their_log.size if sequence is None else sequence
        size = held.our_log.size if their_size is None else their_size
        own, theirs = own_root or held.their_log.tree.root, their_root or held.our_log.tree.root
        salts = record.statement_salts(room.commitment_key, self.party, 1, sequence, len(body))
        commitment = record.commitment(kind, body, lambda i: salts[i])
        said = Statement(
            room.id, self.party, kind, precedence, 1, sequence, Stamp(time, ClockQuality.UNKNOWN), own, 1, size,
            theirs, commitment,
        )  # fmt: skip
        found = keys.signed(self.node_key, wire.encode_statement(said))
        form, codec, packed = self._packed(body, commitment, False)
        layout = NodeLayout(
            kind, precedence, ClockQuality.UNKNOWN, sequence, time, None if lean else own, size,
            None if lean else theirs, form, codec, packed, found.signature,
        )  # fmt: skip
        sealed = self.seal(frames.encode_plain(layout), room, counter)
        if sealed and not lean and room.name != LOST:
            self._expect(room, sequence, found)

    def _packed(self, body: Body, commitment: bytes, withheld: bool) -> tuple[BodyForm, int, bytes]:
        if withheld:
            return BodyForm.WITHHELD, 0, commitment
        return (BodyForm.INLINE, CBOR, wire.encode_body(body)) if body else (BodyForm.NONE, 0, b"")

    def _expect(self, room: Room, sequence: int, found: Signed) -> None:
        self.sent.append(Sent(room.id, sequence, wire.encode_entry(Entry(1, sequence, found))))

    def batches(self) -> list[Held]:
        """The batches of prekeys that the victim has announced."""
        rows = self.taken.store.statements(self.order_wire.id, NodeKind.PREKEYS, 1 - self.party)
        return [row.held for row in rows]

    def new_epoch(self, room: Room) -> None:
        """An EPOCH of theirs as an honest end would make it, if a prekey of ours is in their stock."""
        if room.name == LOST:
            return
        self.wait(0.05)
        room = self.taken.rooms()[room.id]
        held, theirs = self.ours(room).line, room.receive.taken
        prekey = self.taken.store.use_prekey(self.order_wire.id)
        if prekey is None or held.our_log.size != room.line.their_log.size:
            return
        batch, index, key = prekey
        number, secret, sequence = (
            room.send.number + 1,
            bytes([room.send.number + 1]) * 32,
            held.their_log.size,
        )
        info = suite.epoch_secret_info(room.id, self.party, room.pair.incarnations, number, batch, index)
        sealed = self.taken.home.keys.seal_secret(key, secret, info)
        assert sealed is not None
        self.statement(room, NodeKind.EPOCH, (number, batch, index, sealed, 0))
        leaf = record.leaf_hash(self.sent[-1].data)
        first = self.taken.home.keys.first_carried(room.id)
        room.send.prepare(sequence, leaf, secret, keys.NO_SECRET if theirs is None else theirs.secret, first)
        self.wait(0.1)
        assert self.ours(room).receive.number == number, f"{room.name}: their EPOCH {number} is not taken"
        room.send.switch()
        self.learn_keys(room)

    # --- what must hold

    def holds(self) -> None:
        """All of it, numbered as above."""
        self.wait(2)  # 1
        self.kept()
        self.bounded()
        self.shown()
        self.replayed()
        self.goes_on()
        self.victim.fall()
        self.victim.restart()
        self.wait(1)
        self.kept()
        self.shown()
        self.goes_on()
        self.replayed()

    def kept(self) -> None:  # 2
        evidence = {(fault.line, fault.evidence) for fault in self.victim.store.faults()}
        full = len(evidence) >= FAULTS_MAX
        for said in self.sent:
            row = self.victim.store.at(said.line, self.party, said.sequence)
            here = row is not None and row.entry == said.data
            assert here or full or (said.line, said.data) in evidence, (
                f"a well signed entry at place {said.sequence} is neither in the record nor among the faults"
            )

    def shown(self) -> None:  # 2
        desk = self.victim.desk
        status = desk.status()
        for line in desk.lines():
            room = self.victim.rooms()[bytes.fromhex(line.id)]
            rows = list(self.victim.store.of_line(room.id))
            assert len(desk.entries(line.id, 1 << 20)) == len(rows), "a page leaves out what is in the record"
            faults = self.victim.store.faults(room.id)
            assert len(desk.faults(line.id)) == len(faults), "a page leaves out a fault"
            if faults:
                assert any(line.name in words for words in status.alarms), "a fault raises no alarm"
            if any(fault.differs for fault in faults):
                assert line.agree == "difference"
            desk.export(line.id)
        named: set[str] = set()
        for view in desk.messages(most=1 << 20):
            if view.ref not in named:
                named.add(view.ref)
                desk.message(view.ref)  # what is listed can be opened
        desk.needs_us(), desk.waiting_on_them(), desk.terms(), desk.journal(200), desk.drafts()
        for letter in desk.letters.list():
            desk.letters.get(letter.ref)
        desk.letters.count(), desk.letters.papers(), desk.letters.needs_us()
        for appointment in desk.appointments.list():
            desk.appointments.get(appointment.ref)
        for announced in desk.announcements.all():
            desk.announcements.one(announced.ref)

    def bounded(self) -> None:  # 5
        node, store = self.victim.node, self.victim.store
        assert len(node._inbox) <= nodes.INBOX_MAX
        assert len(store.faults()) <= FAULTS_MAX
        for room in node.rooms():
            assert len(room.wanted) <= nodes.WANTED_MAX and len(room.flights) <= 2 * FLIGHTS_MAX
            assert len(room.explicit) <= room.line.our_log.size and len(room.calls) <= 4
            assert len(room.life_sent) <= 200
            for party, log in enumerate(room.line.logs):
                assert len(log.beyond) <= lines.BEYOND_MAX
                for subject, most in lines.OFFERS_MAX_OF.items():
                    assert room.line.offered_by(party, subject) <= most
            stored = self.victim.home.keys.get(f"receive/{room.id.hex()}")
            assert stored is None or len(stored) < 1 << 19
        grown = self.disk_bytes() - self.disk_before
        assert grown < (1 << 20) + self.said * DISK_BYTES_PER_ENTRY, (
            f"{grown} bytes of disk for {self.said} frames"
        )

    def replayed(self) -> None:  # 4
        self.victim.replays()

    def goes_on(self) -> None:
        desk = self.victim.desk
        assert desk.line(QUIET).declared == "OPEN", "the quiet line is to stay open"
        draft = desk.compose(QUIET, "ours", "clerk").ref
        ref = desk.release(draft, "first", WORDS).ref
        self.wait(1)
        view = desk.message(ref)  # 3
        assert view.state == "SENDING", f"our message is {view.state} before they acknowledged it"
        for room in self.rooms.values():
            if room.name == LOST:
                continue
            for _ in range(3):
                place = self.next(room)
                self.act(room, ActKind.MESSAGE, MESSAGE)
                self.wait(0.2)
                assert self.next(room) > place, f"{room.name}: their honest act at place {place} is not taken"
            size = self.next(room)
            self.statement(room, NodeKind.RECEIPT)
            self.wait(2)
            line = self.ours(room).line
            assert line.our_log.stated >= size, (
                f"{room.name}: {size} entries, receipt for {line.our_log.stated}"
            )  # 6
        view = desk.message(ref)
        assert view.state == "AT THEIR END", f"our message is {view.state} after they acknowledged it"  # 3


# --- steps ------------------------------------------------------------------------------------


def place(peer: Peer, room: Room, chance: random.Random) -> int:
    """A place of their log: mostly the next, sometimes past a hole, at the very end, or taken."""
    size = peer.next(room)
    far = chance.choice((1, 2, 7, 300, 1 << 16, 1 << 31))
    return chance.choice(
        (size, size, size, size + far, max(0, size - far), chance.choice((U32, U32 - 1, U32 - 2)))
    )


def number(chance: random.Random) -> int:
    return chance.choice([n for n in NUMBERS if 0 <= n <= U32])


def hashes(peer: Peer, room: Room, chance: random.Random) -> bytes:
    """A hash that may name something."""
    ours = peer.ours(room)
    rows = peer.victim.store.of_log(ours.id, chance.randrange(2), max(0, peer.next(room) - 20), 20)
    known = (
        [row.held.id for row in rows]
        + [s.hash for s in ours.line.standings]
        + [s.act for s in ours.line.severs]
    )
    known += [room.id, peer.order_wire.id, bytes(32), chance.randbytes(32)]
    return chance.choice(known)


def terms(peer: Peer, room: Room, chance: random.Random, subject: Subject | None = None) -> bytes:
    """Terms of an accord or a restore, right or nearly so."""
    ours = peer.ours(room)
    cuts = [
        sorted(c.act for c in ours.line.severs if c.party == party and c.ended_at is None) for party in (0, 1)
    ]
    log0, log1 = ours.line.logs
    subject = subject or chance.choice(tuple(Subject))
    if subject == Subject.RESTORE:
        sides = [tuple(side[: chance.choice((16, 16, 1))]) for side in cuts]
        good: object = lines.encode_restore(
            lines.RestoreTerms(
                (sides[0], sides[1]),
                (
                    lines.Prefix(1, log0.size, log0.tree.root),
                    lines.Prefix(1, chance.choice((log1.size, log1.size, number(chance))), log1.tree.root),
                ),
                "reserved",
                chance.choice((number(chance), int(peer.ends.clock.wall()))),
                chance.choice((None, number(chance))),
            )
        )
    else:
        first = ours.line.accords[0][1]
        good = accords.encode_terms(
            accords.Accord(
                chance.choice(("", first.name, LOUD, "Line 9", "a:b/c", "\u202e")),
                chance.choice((bytes(16), chance.randbytes(16), first.nonce)),
                chance.choice((1, 2, 3, 65535)),
                languages=chance.choice((("en",), ("ko", "en"), ("",), ("a" * 16,) * 15)),
                schedule=(accords.Slot(chance.randrange(1440), 127, accords.Meaning.CHECK, None, 60),)
                * chance.randrange(17),
                quorum_restore=chance.choice((1, 8)),
                always_open=chance.choice(((), (8,), (63,), tuple(range(64)))),
                tells_watch=chance.random() < 0.5,
            )
        )
    assert isinstance(good, bytes)
    if chance.random() < 0.7:
        return good
    found = changed(chance, cbor.decode(good))
    with suppress(RemoteError):
        return cbor.encode(found)
    return spoilt(chance, good)


def an_hour(peer: Peer, room: Room, chance: random.Random) -> bytes:
    """Terms of an announcement hour, or nearly."""
    points = tuple(chance.choice(TEXTS[:20]) for _ in range(chance.choice((0, 1, 16, 17))))
    return nearly(
        chance, ("parley/announcement/1", bytes(16), number(chance), chance.choice(TEXTS[:20]), points)
    )


def an_appointment(peer: Peer, room: Room, chance: random.Random) -> bytes:
    """Terms of an appointment, or nearly: of another, of itself, of what is not there."""
    text = chance.choice(TEXTS[:20])
    known = [s.hash for s in peer.ours(room).line.standings] or [bytes(32)]
    return nearly(
        chance,
        (
            "parley/appointment/1", chance.randbytes(16), chance.randrange(5), number(chance), chance.choice((0, 60)),
            text, (text, text), text, chance.choice((None, text)), chance.choice((None, chance.choice(known))),
            chance.choice((None, text)), chance.random() < 0.3,
        ),
    )  # fmt: skip


def nearly(chance: random.Random, value_: tuple[object, ...]) -> bytes:
    found = value_ if chance.random() < 0.7 else changed(chance, value_)
    with suppress(RemoteError):
        return cbor.encode(found)
    return b"\xa0"


def good_body(peer: Peer, room: Room, kind: int, chance: random.Random) -> Body:
    """A body that has the schema of its kind, or nearly."""
    text = chance.choice(TEXTS[:20])
    match kind:
        case ActKind.MESSAGE:
            references = tuple(hashes(peer, room, chance) for _ in range(chance.randrange(3))) or None
            return (
                "en",
                text,
                None,
                text,
                references,
                chance.choice((None, number(chance))),
                None,
                text,
                "p",
            )
        case ActKind.ACKNOWLEDGE:
            return (hashes(peer, room, chance), chance.randrange(8), chance.choice((None, text)))
        case ActKind.CANCEL:
            return (hashes(peer, room, chance), "en", text)
        case ActKind.SEVER:
            ids = tuple(chance.randbytes(32) for _ in range(chance.choice((0, 1, 20, 40))))
            ids += tuple(peer.rooms[name].id for name in (LOUD, LOST, "order wire") if chance.random() < 0.5)
            return (chance.choice((None, ids)), number(chance), "en", text)
        case ActKind.OFFER:
            if chance.random() < 0.4:
                return (chance.choice((3, 4)), chance.choice((an_hour, an_appointment))(peer, room, chance))
            return (chance.choice((1, 2)), terms(peer, room, chance))
        case ActKind.TENDER:
            again = chance.choice((None, None, hashes(peer, room, chance)))
            return (chance.randrange(7), text, text, chance.choice((None, text)), again)
        case ActKind.TENDER_ANSWER:
            reason = chance.choice((None, text))
            return (hashes(peer, room, chance), chance.randrange(5), "en" if reason else None, reason)
        case ActKind.LETTER:
            tender = chance.choice((None, hashes(peer, room, chance)))
            names = (None, None, None) if tender else (text, text, chance.choice((None, text)))
            named = (
                chance.randbytes(32),
                chance.choice((1, 5000, 1 << 20, number(chance))),
                chance.randbytes(32),
            )
            print_ = chance.choice((bytes(32), chance.randbytes(32)))
            return (tender, chance.randrange(7), *names, number(chance), print_, print_, named, bytes(32))
        case ActKind.TIER:
            return (hashes(peer, room, chance), chance.randrange(5))
        case ActKind.ANNOUNCEMENT:
            points = chance.choice((None, (), (0, 1), (15,), (1, 0)))
            return (
                chance.choice((None, hashes(peer, room, chance))),
                number(chance),
                text,
                "en",
                text,
                points,
                text,
            )
        case ActKind.AGREE | ActKind.WITHDRAW:
            return (hashes(peer, room, chance),)
        case ActKind.ROSTER:
            return tuple(delegation(peer, chance) for _ in range(chance.choice((1, 1, 2, 20))))
        case _:
            return tuple(value(chance) for _ in range(chance.randrange(5)))


def delegation(peer: Peer, chance: random.Random) -> tuple[object, ...]:
    small = sorted(suite._SMALL_ORDER_Y)
    key = chance.choice(
        (
            chance.choice(small).to_bytes(32, "little"), peer.officers[1].public_key, peer.node_key.public_key,
            peer.root_key.public_key, keys.FileSigner(chance.randbytes(32)).public_key, chance.randbytes(32), bytes(31),
        )
    )  # fmt: skip
    author = chance.choice((0, 1, 2, 9, 9, 10, 300, 65534, 65535))
    return (author, key, chance.choice(TEXTS), chance.choice((0, 3, 4)), chance.choice((0, 31, 32, 255, -1)))


def spares_the_quiet_line(peer: Peer, room: Room, kind: int, body: Body) -> bool:
    """Whether this cannot cut the quiet line, which is to be asked what an open line is asked."""
    if kind != ActKind.SEVER:
        return True
    quiet = peer.rooms[QUIET].id
    return room.id != quiet and not any(quiet in field for field in body if isinstance(field, tuple))


def an_act(peer: Peer, chance: random.Random) -> None:
    """Any act: its kind and body right or changed, by an officer, the root, the node or a stranger."""
    room = peer.line(chance)
    kind = chance.choice((*ActKind, *ActKind, 0, 9, 33, 63))
    if room is peer.order_wire and chance.random() < 0.5:
        kind = chance.choice((ActKind.ROSTER, ActKind.OFFER, ActKind.SEVER, ActKind.AGREE))
    body: Body = good_body(peer, room, kind, chance)
    if chance.random() < 0.4:
        found = changed(chance, body)
        body = found if isinstance(found, tuple) else (found,)
    author = chance.choice((1, 1, 1, 2, 3, 0, 9, 65534))
    signer: Signer
    attach: bytes | None = None
    if author in peer.officers and chance.random() < 0.85:
        signer = peer.officers[author]
        attach = chance.choice((None, None, signer.public_key))
    elif author == 0 and chance.random() < 0.8:
        signer = peer.root_key
    else:
        signer = chance.choice((keys.FileSigner(chance.randbytes(32)), peer.node_key, peer.officers[1]))
        attach = chance.choice((signer.public_key, signer.public_key, None))
    of_order_wire = room is not peer.order_wire and chance.random() < 0.1
    if not spares_the_quiet_line(peer, room, kind, body) or (of_order_wire and kind == ActKind.SEVER):
        return
    with suppress(RemoteError):  # not even we can encode it
        peer.act(
            room, kind, body, sequence=place(peer, room, chance), author=author, signer=signer, attach=attach,
            number=chance.choice((None, None, None, 1, 2, 5001, U32)),
            precedence=chance.choice(tuple(Precedence)), time=number(chance), seen=number(chance),
            of_order_wire=of_order_wire, withheld=chance.random() < 0.1, explicit=chance.random() < 0.2,
        )  # fmt: skip


def a_statement(peer: Peer, chance: random.Random) -> None:
    """Any statement: roots and sizes right, wrong or of the future; bodies of their kind or not."""
    room = peer.line(chance)
    held = peer.ours(room).line
    kind = chance.choice((*NodeKind, NodeKind.RECEIPT, NodeKind.CONTACT, 0, 33, 63))
    leaves = [row.held.leaf for row in peer.victim.store.of_log(room.id, 1 - peer.party, 0, 5)] or [bytes(32)]
    body: Body = chance.choice(
        (
            (),
            tuple(
                (
                    chance.choice((number(chance), chance.choice(NUMBERS), 2)),
                    chance.choice((*leaves, bytes(32))),
                )
                for _ in range(chance.choice((1, 3, 4, 30)))
            ),
            tuple(chance.choice((number(chance), None)) for _ in range(7)),
            (hashes(peer, room, chance),),
            (held.accords[0][0],),
            tuple(value(chance) for _ in range(chance.randrange(4))),
        )
    )
    if chance.random() < 0.3:
        found = changed(chance, body)
        body = found if isinstance(found, tuple) else ()
    their_size = chance.choice(
        (None, None, number(chance), held.our_log.size + 1, max(0, held.our_log.size - 3))
    )
    with suppress(RemoteError):
        peer.statement(
            room, kind, body, sequence=place(peer, room, chance),
            own_root=chance.choice((None, None, chance.randbytes(32))), their_size=their_size,
            their_root=chance.choice((None, None, chance.randbytes(32))),
            precedence=chance.choice(tuple(Precedence)), time=number(chance), lean=chance.random() < 0.2,
        )  # fmt: skip


def two_at_one_place(peer: Peer, chance: random.Random) -> None:
    room = peer.line(chance)
    at = place(peer, room, chance)
    for text in ("one", "two"):
        if chance.random() < 0.7:
            peer.act(room, ActKind.MESSAGE, (*MESSAGE, text), sequence=at)
        else:
            peer.statement(room, sequence=at, time=number(chance))


def two_of_one_name(peer: Peer, chance: random.Random) -> None:
    """Two acts under one name, in either order, with or without a hole between them."""
    room = peer.line(chance)
    peer.numbers += 1
    name, size = peer.numbers, peer.next(room)
    places = [size, size + 1, size + 4]
    chance.shuffle(places)
    for at in places[:2]:
        kind = chance.choice(
            (ActKind.MESSAGE, ActKind.ACKNOWLEDGE, ActKind.AGREE, ActKind.OFFER, ActKind.SEVER)
        )
        body = good_body(peer, room, kind, chance)
        if spares_the_quiet_line(peer, room, kind, body):
            with suppress(RemoteError):
                peer.act(room, kind, body, sequence=at, number=name)
        peer.wait(chance.choice((0.0, 0.1)))


def a_roster(peer: Peer, chance: random.Random) -> None:
    """The root signs delegations that nobody should sign; then an officer so made speaks."""
    body = good_body(peer, peer.order_wire, ActKind.ROSTER, chance)
    with suppress(RemoteError):
        peer.act(peer.order_wire, ActKind.ROSTER, body, author=0, signer=peer.root_key,
                 sequence=place(peer, peer.order_wire, chance))  # fmt: skip
    fresh = keys.FileSigner(chance.randbytes(32))
    author = chance.choice((9, 10, 300, 65534))
    delegated = (author, fresh.public_key, chance.choice(TEXTS[:12]), 3, chance.choice((31, 0)))
    with suppress(RemoteError):
        peer.act(peer.order_wire, ActKind.ROSTER, (delegated,), author=0, signer=peer.root_key)
        peer.wait(0.1)
        peer.act(
            peer.rooms[LOUD], ActKind.MESSAGE, MESSAGE, author=author, signer=fresh, attach=fresh.public_key
        )


def an_agreement(peer: Peer, chance: random.Random) -> None:
    """They offer, maybe after a cut; officers of ours may agree at the desk; they acknowledge. Whatever it was, it
    takes effect."""
    room = chance.choice((peer.rooms[LOUD], peer.rooms[LOUD], peer.order_wire))
    subject = Subject.ACCORD if room is peer.order_wire else Subject.RESTORE
    if subject == Subject.RESTORE and chance.random() < 0.5:
        peer.act(room, ActKind.SEVER, (None, 1, "en", "again"))
        peer.wait(0.1)
    with suppress(RemoteError):
        offered = terms(peer, room, chance, subject)
        peer.act(room, ActKind.OFFER, (int(subject), offered), author=chance.choice((1, 1, 2, 3)))
    peer.wait(0.1)
    desk = peer.victim.desk
    for view in desk.terms():
        if view.line != QUIET and view.state != "settled" and chance.random() < 0.7:
            for officer in ("first", "second")[: chance.randrange(3)]:
                with suppress(LocalError):
                    desk.agree(view.ref, officer, WORDS)
            with suppress(LocalError):
                if chance.random() < 0.1:
                    desk.withdraw_terms(view.ref, "first", WORDS)
    peer.wait(0.1)
    peer.statement(room)
    peer.wait(0.1)


def loose(peer: Peer, chance: random.Random) -> None:
    """Signs of life, calls and frontiers with extreme numbers; frontiers of hostile bytes."""
    room = peer.line(chance)
    some = [number(chance) for _ in range(4)]
    roots = [
        chance.choice((bytes(32), record.EMPTY_ROOT, peer.ours(room).line.our_log.tree.root))
        for _ in range(2)
    ]
    match chance.randrange(4):
        case 0:
            plain = frames.encode_plain(SignOfLife(chance.choice((True, False, None)), *some[:3]))
        case 1:
            plain = frames.encode_plain(Call(chance.choice(list(CallSign)), some[0], min(some[1], U16) % U16))
        case 2:
            at, holes = 0, []
            for _ in range(chance.randrange(12)):
                first, count = at + chance.choice((0, 1, 200)), chance.choice((1, 2, 1 << 20))
                holes.append((first, count))
                at = first + count
            wanted = tuple(number(chance) for _ in range(chance.randrange(20)))
            floor = chance.choice((0, 1, peer.counters[room.id] - 1))
            plain = frames.encode_plain(
                Frontier(
                    some[0], roots[0], some[1], roots[1], floor, tuple(holes), wanted, chance.random() < 0.3
                )
            )
        case _:
            good = frames.encode_plain(Frontier(some[0], roots[0], some[1], roots[1], 0, ((1, 1),), (1, 2)))
            fixed = len(good) - 6
            plain = good[:fixed] + spoilt(chance, good[fixed:])
    peer.seal(plain, room)


def prekeys(peer: Peer, chance: random.Random) -> None:
    """Batches of keys that are none, keys that are of no batch, and requests for more than there are."""
    wire0 = peer.order_wire if chance.random() < 0.8 else peer.line(chance)
    match chance.randrange(4):
        case 0:
            body: Body = (chance.choice((0, 1, 32, 255, 256, number(chance))), chance.randbytes(32), None)
            if chance.random() < 0.3:
                found = changed(chance, body)
                body = found if isinstance(found, tuple) else ()
            with suppress(RemoteError):
                peer.statement(wire0, NodeKind.PREKEYS, body, sequence=place(peer, wire0, chance))
        case 1:
            leaves = [record.leaf_hash(key := chance.randbytes(PREKEY_BYTES)) for _ in range(2)]
            at = peer.next(wire0)
            peer.statement(wire0, NodeKind.PREKEYS, (2, record.root_of(leaves), None))
            proof = record.inclusion_proof(leaves, 1)
            peer.seal(frames.encode_plain(Prekey(at, 1, key, proof)), wire0)  # well announced, and no key
        case 2:
            path = tuple(chance.randbytes(32) for _ in range(chance.choice((0, 1, 8))))
            key = chance.randbytes(PREKEY_BYTES)
            peer.seal(frames.encode_plain(Prekey(number(chance), chance.randrange(256), key, path)), wire0)
        case _:
            batch = chance.choice((number(chance), *(b.sequence for b in peer.batches())))
            wanted = PrekeysWanted(batch, chance.choice((0, 1, 31, 32, 65535)), chance.choice((1, 8, 255)))
            with suppress(RemoteError):
                peer.seal(frames.encode_plain(wanted), wire0)


def an_epoch(peer: Peer, chance: random.Random) -> None:
    """An EPOCH that cannot be taken; or one that can, under which they then speak."""
    room = peer.line(chance)
    if chance.random() < 0.6:
        body: Body = (
            chance.choice((1, 2, number(chance))), number(chance), chance.choice((0, 1, 65535)),
            chance.randbytes(SEALED_SECRET_BYTES), number(chance),
        )  # fmt: skip
        if chance.random() < 0.3:
            found = changed(chance, body)
            body = found if isinstance(found, tuple) else ()
        with suppress(RemoteError):
            peer.statement(room, NodeKind.EPOCH, body, sequence=place(peer, room, chance))
        return
    peer.new_epoch(room)


def nonsense(peer: Peer, chance: random.Random) -> None:
    """Well sealed bytes of chance, or an honest entry with some bytes changed."""
    room = peer.line(chance)
    if chance.random() < 0.3:
        peer.seal(chance.randbytes(chance.randrange(600)), room)
        return
    row = chance.choice(peer.taken.store.of_log(room.id, peer.party))
    peer.seal(spoilt(chance, frames.encode_plain(peer.taken.node._layout(room, row)), 3000), room)


def sent_back(peer: Peer, chance: random.Random) -> None:
    """Entries of our own log come back to us, in their place, in another, or changed."""
    room = peer.line(chance)
    rows = peer.victim.store.of_log(room.id, 1 - peer.party)
    if not rows:
        return
    held = (row := chance.choice(rows)).held
    signed = wire.decode_entry(row.entry).signed
    layout = peer.victim.node._layout(peer.ours(room), row)
    inner = layout.inner if isinstance(layout, AnyLayout) else layout
    if isinstance(inner, ActLayout) and isinstance(held.said, Act):
        at = chance.choice((held.sequence, len(rows), len(rows) + 5, U32))
        inner = ActLayout(
            inner.kind, inner.precedence, inner.quality, inner.author, inner.number, inner.time, at, inner.seen_size,
            inner.body_form, inner.codec, inner.body, signed.signature,
        )  # fmt: skip
    plain = frames.encode_plain(AnyLayout(True, False, 1, 1, None, None, inner))
    peer.seal(spoilt(chance, plain, 3000) if chance.random() < 0.3 else plain, room)


def stranger(peer: Peer, chance: random.Random) -> None:
    """Bytes that are not sealed, and frames once more."""
    frame = chance.choice(peer.frames[-200:]) if peer.frames else b"x"
    peer.bytes(
        chance.choice(
            (frame, spoilt(chance, frame, FRAME_BYTES_MAX), chance.randbytes(chance.randrange(1, 300)))
        )
    )


def skipped_counters(peer: Peer, chance: random.Random) -> None:
    """Counters that leap; on the line given up to it, up to the very last."""
    room = peer.line(chance)
    for _ in range(chance.choice((1, 5, 60))):
        if room.name == LOST:
            counter = chance.choice((chance.randrange(1 << 32), U32, U32 - 1, 0))
        else:
            counter = peer.counters[room.id] + chance.choice((1, 7, 300, 1 << 14))
        peer.seal(frames.encode_plain(SignOfLife(True, 1, 1, 0)), room, counter)


def burst(peer: Peer, chance: random.Random) -> None:
    """Much of one thing at once."""
    do = chance.choice((an_act, a_statement, loose, nonsense, stranger, two_at_one_place))
    for _ in range(chance.choice((10, 40))):
        do(peer, chance)


def ours_speak(peer: Peer, chance: random.Random) -> None:
    """Our officers do what officers do; what the desk refuses is refused."""
    desk, line = peer.victim.desk, chance.choice((QUIET, LOUD, LOST))
    with suppress(LocalError):
        match chance.randrange(7):
            case 0 | 1:
                desk.release(desk.compose(line, "text", "clerk").ref, "first", WORDS)
            case 2:
                for view in desk.needs_us()[:3]:
                    desk.acknowledge(view.ref, chance.choice(("seen", "noted")), "first", WORDS)
            case 3:
                desk.call(line, "first")
            case 4:
                desk.answer(line, "first")
            case 5 if line != QUIET:
                desk.sever(line, "grounds", "first", WORDS)
            case 6 if line != QUIET:
                desk.offer_restore(line, peer.victim.node.now(), "first", WORDS)


def time_passes(peer: Peer, chance: random.Random) -> None:
    peer.wait(chance.choice((0.0, 0.1, 2.0, 20.0, 700.0)))


def falls(peer: Peer, chance: random.Random) -> None:
    """Our end is killed and gets up; its record says what its memory said."""
    peer.wait(0.01)
    peer.victim.replays()
    peer.victim.fall()
    peer.victim.restart()


DO: tuple[tuple[Callable[[Peer, random.Random], None], int], ...] = (
    (an_act, 16),
    (a_statement, 10),
    (two_at_one_place, 3),
    (two_of_one_name, 3),
    (a_roster, 4),
    (an_agreement, 5),
    (loose, 8),
    (nonsense, 4),
    (prekeys, 4),
    (an_epoch, 4),
    (sent_back, 3),
    (stranger, 3),
    (skipped_counters, 2),
    (burst, 2),
    (ours_speak, 6),
    (time_passes, 5),
    (falls, 1),
)


# --- the doors --------------------------------------------------------------------------------


@contextmanager
def peer_at(folder: Path, build: type[Node] = Node) -> Iterator[Peer]:
    """Two ends, one of them ours to play. `build`: the node that is tried; a test of this test has broken ones."""
    folder.mkdir(parents=True, exist_ok=True)
    with seeded_keys():
        ends = Ends(folder, build)
        try:
            yield Peer(ends)
        finally:
            ends.close()


def play(
    folder: Path, seed: str, steps: frozenset[int] | None, count: int = STEPS, build: type[Node] = Node
) -> int:
    """A course of `count` steps; gives `count`."""
    if steps == frozenset():
        return count
    with peer_at(folder, build) as peer:
        for step in range(count):
            if steps is not None and step not in steps:
                continue
            chance = random.Random(f"{seed}/{step}")
            chance.choices([do for do, _ in DO], [weight for _, weight in DO])[0](peer, chance)
            if chance.random() < 0.6:
                peer.wait(chance.choice((0.0, 0.0, 0.05, 0.3)))
            if step % LOOK_EVERY == LOOK_EVERY - 1:
                peer.wait(0.5)
                peer.kept()
                peer.bounded()
                peer.shown()
        peer.holds()
    return count


@contextmanager
def opened(folder: Path) -> Iterator[Callable[[str, frozenset[int] | None], int]]:
    """The door of a whole node; each case has ends of its own."""
    done = [0]

    def one(seed: str, steps: frozenset[int] | None) -> int:
        done[0] += 1
        return play(folder / str(done[0]), seed, steps)

    yield one


# --- floods -----------------------------------------------------------------------------------

FLOOD_FRAMES = 3000
FLOOD_MEMORY_BYTES_MAX = 48 << 20


def flood_of(peer: Peer, chance: random.Random, what: str) -> None:
    loud = peer.rooms[LOUD]
    for i in range(FLOOD_FRAMES):
        match what:
            case "signs of life":
                peer.seal(
                    frames.encode_plain(SignOfLife(True, number(chance), number(chance), number(chance))),
                    loud,
                )
            case "frontiers":
                wanted = tuple(range(chance.randrange(20)))
                root = chance.randbytes(32)
                peer.seal(frames.encode_plain(Frontier(i, root, 0, record.EMPTY_ROOT, 0, (), wanted)), loud)
            case "calls":
                peer.seal(frames.encode_plain(Call(chance.choice(list(CallSign)), i, 1)), loud)
            case "entries in order":
                peer.act(loud, ActKind.MESSAGE, MESSAGE)
            case "entries beyond a hole":
                peer.act(loud, ActKind.MESSAGE, MESSAGE, sequence=5000 + 2 * i)
            case "entries at one place":
                peer.act(loud, ActKind.MESSAGE, MESSAGE, sequence=1)
            case "strangers":
                peer.bytes(chance.randbytes(chance.randrange(1, 4096)))
            case "prekeys wanted":
                peer.seal(frames.encode_plain(PrekeysWanted(i, 0, 255)), peer.order_wire)
            case "batches of prekeys":
                peer.statement(peer.order_wire, NodeKind.PREKEYS, (255, chance.randbytes(32), None))
            case "skipped counters":
                plain = frames.encode_plain(SignOfLife(True, 1, 1, 0))
                peer.seal(plain, peer.rooms[LOST], chance.randrange(1 << 20, 1 << 31))
        if i % 50 == 49:
            peer.wait(0.05)


FLOODS = (
    "signs of life", "frontiers", "calls", "entries in order", "entries beyond a hole", "entries at one place",
    "strangers", "skipped counters", "prekeys wanted", "batches of prekeys",
)  # fmt: skip


@contextmanager
def opened_flood(folder: Path) -> Iterator[Callable[[str, frozenset[int] | None], int]]:
    """Thousands of frames of one sort; what they leave in memory is counted."""
    done = [0]

    def one(seed: str, steps: frozenset[int] | None) -> int:
        done[0] += 1
        chance = random.Random(seed)
        what = FLOODS[int(seed.rpartition("/")[2]) % len(FLOODS)]
        if steps is None:
            with peer_at(folder / str(done[0])) as peer:
                flood(peer, chance, what)
        return 1

    yield one


def flood(peer: Peer, chance: random.Random, what: str) -> None:
    """A flood, and what must hold after it."""
    tracemalloc.start()
    try:
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        flood_of(peer, chance, what)
        peer.frames.clear()
        peer.wait(3)
        sent, peer.sent = peer.sent, []
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    peer.sent = sent
    assert after - before < FLOOD_MEMORY_BYTES_MAX, f"{what}: {after - before} bytes of memory stay"
    peer.holds()
