"""The turn: one input, decide, sign and place, commit, and only then let anything out (docs/architecture.md).

The only room with a clock, entropy and timers. A node holds one end's home and the lines of all its
pairs; frames come in from bearers it knows only by their traits, acts come in signed from the desk.

Several frames that lie in the inbox are taken in one turn: one commit, one receipt for all. A turn that
fails on the disk leaves nothing behind: the lines are folded again from the store, as after a restart.

Five layers, a file each: `folded` (the record, folded), `outgoing` (what leaves), `epochs` (how keys change),
`objects` (what acts name and is larger than an entry), and here the turn itself, what comes in, and the timers;
`courier` makes and takes a file by hand. What must be forgettable (when a frame was sent, what the
peer said it holds, who rang) lives in `Room` and nowhere else; facts live in the record, secrets with the keys.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial
from typing import TypeVar

from parley.bearers import Bearer, Timer, TimerHandle
from parley.core import accord as accords
from parley.core import exchange, suite
from parley.core import line as lines
from parley.core.errors import LocalError, RemoteError, Sentence
from parley.core.exchange import CannotRebuild
from parley.core.instruments import contact
from parley.core.line import Declared, Draft
from parley.core.observed import Observed, observed
from parley.core.types import (
    NONCE_BYTES,
    Entry,
    NodeKind,
    Precedence,
    Seconds,
)
from parley.core.wire import entry as wire
from parley.core.wire import frame as frames
from parley.core.wire.frame import (
    Call,
    CallSign,
    Fragment,
    Frontier,
    ObjectWanted,
    Prekey,
    PrekeysWanted,
    SignOfLife,
)
from parley.home import Home
from parley.node.announcing import Announcing
from parley.node.epochs import Entropy
from parley.node.objects import Objects
from parley.node.outgoing import FLIGHTS_MAX
from parley.node.room import Carrier, Clock, PairRoom, Room, Settings, SystemClock
from parley.store import Pair, Waiting
from parley.watch_log import Event, Happened

__all__ = ["Clock", "Node", "PairRoom", "Room", "Settings", "SystemClock", "slot_detail"]

T = TypeVar("T")

INBOX_MAX = 4096  # frames a stranger or a peer can make us hold before a turn
TURN_FRAMES_MAX = 256
WANTED_MAX = 64
AD_HOC_OPEN_S = 600
CALLS_RECALLED_MAX = 2048  # events of the journal looked at for what a restart forgot of calls
RINGS_NOTED_MAX = 32  # calls of theirs noted in one slot; what comes beyond is counted and no more
BY_HAND = "by hand"  # the bearer of what came in a courier file
CLOCK_JUMP_S = 30
RETRY_S = 1.0
RESEAL_AFTER_S = 60.0  # an entry they still lack then goes under a new counter


class Node(Objects):
    """One end at work. All methods are to be called on one thread."""

    def __init__(
        self, home: Home, *, clock: Clock, timer: Timer, entropy: Entropy, settings: Settings | None = None
    ) -> None:
        self.timer, self.entropy = timer, entropy
        self.unopened_frames = 0
        self.trouble = ""  # why turns fail now: a full disk, a record that may not be written
        self.listeners: list[Callable[[], None]] = []  # told of what is durable
        self.proving: list[
            Callable[[Room, contact.Due], contact.Check]
        ] = []  # asked when an answered slot closes
        self.readers: list[Callable[[], None]] = []  # told that what they read before may not hold any more
        self._inbox: deque[tuple[str, bytes]] = deque()
        self._scheduled = False
        self._joined = False  # turns taken now are parts of one commit
        self._wake: TimerHandle | None = None
        self._retry: TimerHandle | None = None
        self._clocks: tuple[float, float] | None = None
        super().__init__(home, clock=clock, settings=settings or Settings())
        self.announcing = Announcing(
            self,
            timer=timer,
            turn=self.turn,
            joined=lambda: self._joined,
            watch_clock=self._watch_clock,
            changed=self.changed,
        )

    # --- life of the process

    def attach(self, bearer: Bearer, lines: frozenset[str] | None = None, *, pair: str | None = None) -> None:
        """Lets a bearer carry the named lines (None: all) of a pair (None: of every pair, as one that reaches
        several counterparts does). Line 0 goes by every bearer of its pair."""
        self.carriers.append(Carrier(bearer, lines, pair))
        self._carry.clear()
        bearer.attach(
            lambda frame: self._arrived(bearer.name, frame),
            lambda up: self._changed(bearer.name, up),
            self._has_room,
        )

    def start(self) -> None:
        """Begins to speak: says what it has on every bearer that is up. Raises LocalError when this end may
        sign nothing."""
        self.check_may_sign()
        self.sweep_objects()
        self._running = True
        self.announcing.start()
        self.watch_log.note(self.now(), Happened.STARTED)
        for room in self.rooms():
            room.frontier_wanted = True
            room.evidence = replace(room.evidence, missed=self._was_missed(room))
        self._schedule()

    def _was_missed(self, room: Room) -> bool:
        """Whether the last contact that we entered since the line opened went unanswered: a restart does not make
        a quiet line a sound one."""
        row = self.store.latest_statement(room.id, NodeKind.CONTACT, room.pair.ours)
        if row is None or row.held.body is None or room.line.opens_at is None:
            return False
        last = contact.contact(row.held.body)
        is_open = lines.declared(room.line, self.now()) == Declared.OPEN
        return is_open and last.last >= room.line.opens_at and last.answered_at is None

    def stop(self) -> None:
        """Stops speaking; what is on the disk is complete."""
        if self._running:
            self._running = False
            self.watch_log.note(self.now(), Happened.STOPPED)
        self.announcing.stop()
        self._cancel_wake()
        for room in self.rooms():
            room.receive.keep()
        if not self.put_back:
            self._erasure_point()
        self.keep_fold()

    def crash(self) -> None:
        """Stops as a killed process would: nothing more is written, the home is let go."""
        self._running = False
        self.announcing.stop()
        self._cancel_wake()
        self.home.close()

    # --- what the desk asks for

    def turn(self, do: Callable[[], T]) -> T:
        """`do`, and all that follows from it, as one commit; then the sending.

        Raises LocalError when the disk refuses or `do` does; nothing has changed then.
        """
        if self._joined:
            return self._part(do)
        self._touched = False
        result = self._decided(do, self.store.turn())
        self._committed()
        return result

    @contextmanager
    def together(self) -> Iterator[None]:
        """All turns taken within become durable by one commit, and only then does anything leave. Each stands or
        falls alone. What the journal notes of them is committed after them, while their frames are on the way.

        Raises LocalError when the disk refuses; nothing of all of it has happened then, but for a journal that alone
        could not be written.
        """
        self._touched = committed = False
        try:
            with self.watch_log.together():
                with self.store.turn():
                    self._joined = True
                    try:
                        yield
                    finally:
                        self._joined = False
                committed = True
                self._committed()
        finally:
            if not committed and self._touched:
                self._load()

    def _part(self, do: Callable[[], T]) -> T:
        """A turn within `together`."""
        before, self._touched = self._touched, False
        try:
            return self._decided(do, self.store.part())
        finally:
            self._touched = self._touched or before
            self._reread()

    def _decided(self, do: Callable[[], T], written: AbstractContextManager[None]) -> T:
        """`do` and what follows from it, written as a whole; the fold as it was if that fails."""
        try:
            with written:
                result = do()
                self._follow_up()
        except BaseException:
            if self._touched:
                self._load()
            raise
        return result

    def _committed(self) -> None:
        self.trouble = ""
        try:
            self._after()
        except LocalError as e:  # it is committed, and true; what could not leave now leaves later
            self.trouble = e.text
            self._retry_later()

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
            self._tend_slot(room, now)
            room.slot = room.slot or _between_the_hours(now)
            said = Call(sign, room.slot.at, by)
            room.attempts = contact.called(room.attempts, room.slot.at)
        room.calls.append(said)
        return said

    def note_of_call(
        self, room: Room, checks: contact.Check, author: int | None, content: contact.Content
    ) -> None:
        """What the watch notes of the call now open, beside what it noted before; it goes into our CONTACT. Raises
        LocalError when no call is answered."""
        if room.slot is None or room.attempts.slot != room.slot.at or room.attempts.answered_at is None:
            raise LocalError(
                Sentence("no call on {line} is answered now", line=room.name),
                Sentence("ring first, or answer; then note what was said"),
            )
        room.attempts = contact.proven(room.attempts, checks, author, content)

    def schedule(self, room: Room) -> contact.Schedule:
        """The schedule of a line: of each accord that our node adopted, from when on it did."""
        made_of = (room.line.accords, room.line.adopted[room.pair.ours])
        if room.scheduled_by != made_of:
            room.scheduled_by = made_of
            room.schedule = self._eras(room)
            room.slot_next = min(
                room.slot_next, self.now()
            )  # it may have a slot before the one we waited for
        return room.schedule

    def _eras(self, room: Room) -> contact.Schedule:
        agreed = dict(room.line.accords)
        eras: list[contact.Era] = []
        for row in self.store.statements(room.id, NodeKind.ADOPT, room.pair.ours):
            name = row.held.body[0] if row.held.body else None
            adopted = agreed.get(name) if isinstance(name, bytes) else None
            if adopted is not None and (not eras or eras[-1].accord != adopted):
                eras.append(contact.Era(row.held.said.stamp.time, adopted))
        return tuple(eras) if len(eras) > 1 else room.line.accord

    def rekey(self, room: Room) -> None:
        """An officer asks for a new epoch of our direction; it is entered as soon as a bearer is up and a prekey
        in stock. Raises LocalError when the last one is too fresh or not acknowledged."""
        if not lines.epoch_due(room.line, self.now(), self.settings.cadence, asked=True):
            raise LocalError(
                "the last new epoch of this line is less than an hour old, or their end has not signed for it yet",
                "wait; until then the keys of frames are erased as always",
            )
        room.rekey_asked = True
        self._schedule()

    def add_pair(self, pair: Pair) -> None:
        """A finished pairing: begins line 0. Within a turn."""
        self._touched = True  # a turn that fails leaves no pair behind in memory
        self.store.add_pair(pair, self.now())
        self._open_pair(pair)

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
        self._reread()
        for listener in self.listeners if not self._joined else ():  # they are told once it is durable
            listener()

    def _reread(self) -> None:
        for forget in self.readers:
            forget()

    def observed(self, room: Room) -> Observed:
        """What is measured of a line now."""
        flash_s = room.line.accord.clocks[Precedence.FLASH][0]
        return observed(room.evidence, self.clock.monotonic(), self.settings.tolerance_s, flash_s)

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
                    self._ask_again(room)
        self._schedule()

    def _has_room(self) -> None:
        """A bearer that refused a frame takes one again: what is due goes on, nothing is decided."""
        if self._running:
            self._refused_at.clear()
            try:
                self._send_due(self.clock.monotonic())
            except LocalError as e:
                self.trouble = e.text
                self._retry_later()

    def _run(self) -> None:
        """One turn over what lies in the inbox."""
        self._scheduled = False
        if not self._running:
            return
        try:
            self.turn(self._take_in)
        except LocalError as e:  # the disk refused: nothing was acknowledged, so the peer repeats it
            self.trouble = e.text
            self._retry_later()
            return
        self._settle_objects()
        if self._inbox:
            self._schedule()

    def _settle_objects(self) -> None:
        """Stores what is whole, each in a turn of its own: a disk that has no room for an object has some for what
        else came, and what came of the object is kept for another try."""
        for line, place in self._whole_objects():
            try:
                self.turn(partial(self._store_whole, line, place))
            except LocalError as e:
                self.trouble = e.text
                self._store_later(line, place)
        for line, place in self._to_save():
            saved: list[int] = []
            try:
                saved = self.turn(partial(self._save_blocks, line, place))
            except LocalError as e:
                self.trouble = e.text
            self._saved(line, place, saved)

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
            found = self._unsealed(clear, frame)
        except RemoteError:
            self._unopened(bearer)
            raise
        if found is None:
            return
        room, plain_bytes = found
        done = True
        try:
            done = self._opened(room, clear, frames.decode_plain(plain_bytes), bearer)
        finally:
            if done:  # else it opens again, and so proves nothing of when it was sent
                room.evidence = replace(room.evidence, heard_at=self.clock.monotonic())
                if room.receive.erase(clear.tag, clear.counter):
                    self._know_tags(room)

    def _unsealed(self, clear: frames.Clear, frame: bytes) -> tuple[Room, bytes] | None:
        """The line a frame is of, and what is in it; None if it is one we already had. Raises RemoteError for
        what no line opens."""
        had = False
        for room in self._by_tag.get(clear.tag, ()):
            key = room.receive.key(clear.tag, clear.counter)
            if key is None:
                room.frontier_wanted = had = True  # they lack our receipt, or somebody replays
                continue
            try:
                return room, suite.unseal(key, frame[: frames.CLEAR_BYTES], frame[frames.CLEAR_BYTES :])
            except RemoteError:
                continue
        if had:
            return None
        raise RemoteError("no line has a key that opens it")

    def _opened(self, room: Room, clear: frames.Clear, plain: frames.Plain, bearer: str) -> bool:
        """What a frame says. False when it could not be taken now, and its repeat must open again."""
        match plain:
            case (
                SignOfLife() | Frontier() | Call() | Prekey() | PrekeysWanted() | Fragment() | ObjectWanted()
            ):
                if clear.counter > room.loose_heard.get(clear.tag, 0):
                    room.loose_heard[clear.tag] = (
                        clear.counter
                    )  # what a restart forgot to erase comes only once
                    self._loose(room, clear.tag, plain)
                return True
            case _:
                return self._entry(room, plain, bearer)

    def _unopened(self, bearer: str) -> None:
        now = self.clock.monotonic()
        for room in self.rooms():
            if any(b.name == bearer for b in self._carrying(room)):
                room.evidence = replace(room.evidence, unopened_at=now)

    def _entry(
        self, room: Room, plain: frames.ActLayout | frames.NodeLayout | frames.AnyLayout, bearer: str
    ) -> bool:
        try:
            entry, body = exchange.rebuild(plain, self._ends(room))
        except CannotRebuild as e:
            if isinstance(plain, frames.AnyLayout):
                reason = Sentence("a frame of theirs cannot be rebuilt: {why}", why=e.text)
                self._fault(room, reason, frames.encode_plain(plain))
                return True
            if len(room.wanted) < WANTED_MAX:
                room.wanted.add(e.sequence)
                room.frontier_wanted = True
            return False
        room.wanted.discard(entry.sequence)
        if isinstance(plain, frames.AnyLayout) and plain.of_receiver:
            self._sent_back(room, entry)
            return True
        log = room.line.their_log
        if entry.sequence > log.size and not log.has(entry.sequence) and len(log.beyond) >= lines.BEYOND_MAX:
            return False  # more beyond a hole than we keep: it comes again when the hole is filled
        self._take(room, entry, body, bearer)
        return True

    def _sent_back(self, room: Room, entry: Entry) -> None:
        """An entry of our own log, from them. Only we give places in it, so it is compared and not taken;
        that an act of ours lies where they say is not under our signature."""
        there = self.store.at(room.id, room.pair.ours, entry.sequence)
        data = wire.encode_entry(entry)
        if there is None or there.entry != data:
            reason = Sentence("they hold an entry of ours that our record does not have")
            self._fault(room, reason, data, differs=True)

    # --- by hand

    def frame(self, room: Room, sequence: int) -> bytes:
        """The frame of an entry of ours, as a bearer would carry it; a repeat is the same bytes. Not within a turn."""
        return self._frame(room, sequence)

    def loose_frames(self, room: Room, said: Iterable[ObjectWanted]) -> list[bytes]:
        """What is said beside the entries of a courier file, sealed: this, and our frontier last. Not within a turn."""
        sealed = [self._sealed(room, frames.encode_plain(one))[2] for one in said]
        return [*sealed, self._sealed(room, frames.encode_plain(self._frontier(room)))[2]]

    def take_by_hand(self, frame: bytes) -> bool:
        """A frame out of a courier file, as if a bearer had brought it; False for one that was had already. Within
        a turn. It proves nothing of a way between the ends, and calls and signs of life in it are void.

        Raises RemoteError for bytes that no line here opens.
        """
        clear = frames.decode_clear(frame)
        found = self._unsealed(clear, frame)
        if found is None:
            return False
        room, plain_bytes = found
        plain, done = frames.decode_plain(plain_bytes), True
        if not isinstance(plain, SignOfLife | Call | Prekey | PrekeysWanted | Fragment):
            done = self._opened(room, clear, plain, BY_HAND)
        if done and room.receive.erase(clear.tag, clear.counter):
            self._know_tags(room)
        return True

    # --- loose frames

    def _loose(self, room: Room, tag: bytes, said: frames.Loose) -> None:
        now = self.clock.monotonic()
        match said:
            case SignOfLife():
                room.evidence = replace(room.evidence, watch=said.watch)
                if room.life_at - now <= self.settings.life_s / 2:
                    room.life_at = now  # ours goes back with the acknowledgement that the bearer owes theirs
                room.receive.stated(tag, said.our_size)
                of_epoch = room.send.number_known_at(said.their_size) - said.former
                self._echoed(room, said.echo if of_epoch == room.send.number else 0, now)
                if said.our_size > room.line.their_log.size:
                    room.frontier_wanted = True
                if said.their_size < room.line.our_log.size:
                    self._lacked(room, range(said.their_size, room.line.our_log.size), now)
            case Frontier():
                room.receive.stated(tag, said.our_size)
                room.receive.erase_below(tag, said.floor)
                self._told(room, said, now)
            case Call():
                self._called(room, said)
            case Prekey():
                self._prekey_came(room, said)
            case PrekeysWanted():
                self._prekeys_wanted(room, said)
            case Fragment():
                self._fragment_came(room, said)
            case ObjectWanted():
                self._object_wanted(room, said)

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
        fresh = {s for s in said.wanted if s < line.our_log.size} - room.explicit
        room.explicit |= fresh
        if fresh & room.by_phrases:
            room.phrases = False  # whatever was the reason: a text in its charset needs less of them
        for sequence in fresh:
            room.sealed.pop(sequence, None)
        self._lacked(room, (*exchange.lacking(said, line.our_log.size), *said.wanted), now, fresh)
        if said.our_size > line.their_log.size or line.their_log.holes:
            room.frontier_wanted = True

    def _lacked(
        self, room: Room, sequences: Iterable[int], now: float, fresh: AbstractSet[int] = frozenset()
    ) -> None:
        """The peer has shown that it lacks entries of ours: they are due again, but not at once after
        they were sent; those of `fresh`, in another form, at once."""
        for sequence in list(sequences)[:FLIGHTS_MAX]:
            flight = room.flights.get(sequence)
            if flight is None:
                row = self.store.at(room.id, room.pair.ours, sequence)
                if row is None:
                    continue
                flight = self._candidate(room, row.held)
                room.sealed.pop(sequence, None)
            elif now - flight.since > RESEAL_AFTER_S:
                flight = replace(flight, since=now)
                room.sealed.pop(sequence, None)  # they may have given up the key of that frame
            if sequence in fresh or now - flight.sent_at > exchange.RESEND_FIRST_S / 2:
                room.flights[sequence] = replace(flight, tries=0)

    def _called(self, room: Room, said: Call) -> None:
        now = self.now()
        self._tend_slot(room, now)
        if said.sign == CallSign.RING:
            room.slot = room.slot or _between_the_hours(now)
            room.attempts = contact.called(room.attempts, room.slot.at)
            room.ringing = said
            if room.attempts.calls <= RINGS_NOTED_MAX:
                self._note_heard(room, room.slot, said)
        elif said.sign == CallSign.ANSWER and room.slot is not None:
            if room.attempts.answered_at is None:
                self._note_heard(room, room.slot, said)
            room.attempts = contact.answered(room.attempts, now, said.by)
            room.evidence = replace(room.evidence, missed=False)
        elif said.sign == CallSign.END:
            room.ringing = None

    def _note_heard(self, room: Room, slot: contact.Due, said: Call) -> None:
        """Their ring or answer into the journal, so that a restart does not forget it."""
        self._journal(room, Happened.HEARD_CALL, sign=said.sign.name, author=said.by, **slot_detail(slot))

    def _journal(self, room: Room, what: Happened, **detail: str | int | None) -> None:
        try:
            self.watch_log.note(self.now(), what, "", room.id, **detail)
        except LocalError as e:  # what is not noted is forgotten by a restart: no reason to stop the line
            self.trouble = e.text

    # --- what follows in the same turn

    def _follow_up(self) -> None:
        """Statements owed, slots closed, and what waits and may now be entered."""
        if self.put_back:
            return
        now = self.now()
        self._watch_clock()
        for room in self.rooms():
            self._tend_slot(room, now)
        for pair in self.pairs.values():
            for room in [pair.order_wire, *(r for r in pair.rooms.values() if not r.is_order_wire)]:
                self._keep_back(room, now)
                if self._running and self.bearers_up(room):
                    self._enter_waiting(room, now)
                while drafts := lines.due(room.line, now):
                    for draft in drafts:
                        self._state(room, draft)
                self._heal(room, now)
            self._tend_prekeys(pair, now)

    def _keep_back(self, room: Room, now: Seconds) -> None:
        """A cut keeps back what still waits: it leaves when released again, and not by itself."""
        if room.line.severed_by(0) or room.line.severed_by(1):
            for waiting in self.store.waiting(room.id):
                if not waiting.kept_back and lines.refuse(room.line, waiting.kind, waiting.subject, now):
                    self.store.keep_back(waiting.id)

    def _enter_waiting(self, room: Room, now: Seconds) -> None:
        """Enters what waits as the way to them has room for it, the most urgent first, so that a long backlog can
        still be kept back or withdrawn, and does not lie before what is released later. A FLASH is entered at once, up
        to a second window of them."""
        window = self._window(room)
        entered: list[Waiting] = []
        room.waits_for_window = False
        for waiting in self.store.enterable(room.id):
            if lines.refuse(room.line, waiting.kind, waiting.subject, now) is not None:
                continue
            if len(entered) >= window + (FLIGHTS_MAX if waiting.precedence == Precedence.FLASH else 0):
                room.waits_for_window = True
                break
            entered.append(waiting)
        for waiting in entered:
            self.enter(room, waiting.act, wire.decode_body(waiting.body))
            self.store.entered(waiting.id)

    # --- slots

    def _tend_slot(self, room: Room, now: Seconds) -> None:
        """Closes the slot that has ended, and notices a scheduled one that has opened since we last looked."""
        schedule = self.schedule(room)
        if not room.recalled:
            room.recalled = True
            self._recall(room, now)
        if now < room.slot_seen:
            room.slot_next = min(room.slot_next, now)  # the clock was put back
        room.slot_seen = now
        self._pass_slots(room, now)
        if room.slot is None and now >= room.slot_next:
            found = contact.open_slot(schedule, now)
            if found is not None and not self._is_entered(room, found.at):
                room.slot = found
        if now >= room.slot_next:
            following = contact.next_slot(schedule, now)
            week = 7 * 86400  # those without a schedule look again together: one turn for all, not one each
            room.slot_next = following.at if following else (now // week + 1) * week

    def _pass_slots(self, room: Room, now: Seconds) -> None:
        """What the passing of time until `now` makes of the slot that is open."""
        while room.slot is not None:
            slot, following = room.slot, contact.overtaking(room.schedule, room.slot, now)
            if following is not None and not slot.scheduled and room.attempts.answered_at is None:
                if room.attempts.slot == slot.at:
                    room.attempts = contact.carried(room.attempts, following)
                room.slot = following  # and it rings on
            elif following is not None:
                self._close_slot(room, slot, now)
                room.slot = following
            elif now >= slot.closes_at or now < slot.at - AD_HOC_OPEN_S:
                self._close_slot(room, slot, now)
            else:
                return

    def _close_slot(self, room: Room, slot: contact.Due, now: Seconds) -> None:
        """Enters what became of a slot, if anybody called in it, once."""
        again = slot.scheduled and self._is_entered(room, slot.at)
        following = contact.next_slot(room.schedule, now)
        before = room.attempts.run
        if not again:
            if room.attempts.slot == slot.at and room.attempts.answered_at is not None:
                for checks in self.proving:
                    room.attempts = contact.proven(room.attempts, checks(room, slot))
            room.attempts, entered = contact.closed(room.attempts, slot, following.at if following else None)
            for found in entered:
                self._state(room, Draft(NodeKind.CONTACT, contact.body(found)))
        else:
            room.attempts = replace(room.attempts, slot=0, calls=0, answered_at=None, by=None)
        room.evidence = replace(room.evidence, missed=room.attempts.missed)
        room.slot = room.ringing = None
        run = room.attempts.run
        if run is not None and run != before and run.slots:
            self._journal(
                room, Happened.UNANSWERED, first=run.first, slot=run.last, slots=run.slots, calls=run.calls
            )

    def _is_entered(self, room: Room, at: Seconds) -> bool:
        """Whether a CONTACT of ours speaks of the slot that opened at `at`, or the run that waits to be entered
        does: it is not entered again, though the clock be put back."""
        run = room.attempts.run
        if run is not None and run.covers(at):
            return True
        latest = self.store.latest_statement(room.id, NodeKind.CONTACT, room.pair.ours)
        if latest is None or (latest.held.body and contact.contact(latest.held.body).last < at):
            return False
        rows = self.store.statements(room.id, NodeKind.CONTACT, room.pair.ours)
        return any(contact.contact(row.held.body).covers(at) for row in reversed(rows) if row.held.body)

    def _recall(self, room: Room, now: Seconds) -> None:
        """What the journal knows of calls that are not entered yet, as if this process had seen them."""
        row = self.store.latest_statement(room.id, NodeKind.CONTACT, room.pair.ours)
        last = contact.contact(row.held.body) if row is not None and row.held.body else None
        run, done = None, -1
        if last is not None:
            done = last.last
            run = None if last.answered_at is not None else contact.Contact(done, done, 0, 0)
        events = self.watch_log.calls(room.id, CALLS_RECALLED_MAX)
        for event in events:
            if event.what == Happened.UNANSWERED and run is not None and _number(event, "slot") > done:
                done = _number(event, "slot")
                run = contact.Contact(
                    _number(event, "first"), done, _number(event, "slots"), _number(event, "calls")
                )
        room.attempts = contact.Attempts(missed=run is not None, run=run)
        room.evidence = replace(room.evidence, missed=self._was_missed(room))
        for event in events:
            if event.what != Happened.UNANSWERED and _number(event, "slot") > done:
                self._see_again(room, event, now)

    def _see_again(self, room: Room, event: Event, now: Seconds) -> None:
        """One call or answer of before this process began."""
        at = _number(event, "slot")
        if room.slot is not None and room.slot.at != at:
            self._pass_slots(room, min(now, event.at))
        if room.slot is not None and room.slot.at != at:
            self._close_slot(room, room.slot, now)
        if room.slot is None:
            room.slot = self._slot_again(room, event, at)
        attempts = room.attempts
        sign, author = event.detail.get("sign"), event.detail.get("author")
        by = author if isinstance(author, int) else 0
        if event.what == Happened.NOTED_OF_CALL:
            room.attempts = contact.proven(
                attempts,
                contact.Check(_number(event, "checks")),
                author if isinstance(author, int) else None,
                contact.Content(_number(event, "content")),
            )
        elif event.what == Happened.ANSWERED or sign == CallSign.ANSWER.name:
            room.attempts = contact.answered(attempts, event.at, by)
            room.ringing = None
            room.evidence = replace(room.evidence, missed=False)
        else:
            room.attempts = contact.called(attempts, at)
            if event.what == Happened.HEARD_CALL:
                room.ringing = Call(CallSign.RING, at, by)

    def _slot_again(self, room: Room, event: Event, at: Seconds) -> contact.Due:
        """The slot an event speaks of, as it was then: an amendment may have moved it since."""
        closes_at = event.detail.get("closes_at")
        if not isinstance(closes_at, int):
            return contact.due_at(room.schedule, at) or _between_the_hours(at)
        meaning = accords.Meaning[str(event.detail.get("meaning", accords.Meaning.CHECK.name))]
        return contact.Due(at, closes_at, meaning, None, bool(event.detail.get("scheduled")))

    def _after(self) -> None:
        """The commit has returned: now, and only now, anything may leave."""
        self._switch_keys()
        if self._running:
            self._pump()
            self._send_prekeys()
        self._reread()
        for listener in self.listeners:
            listener()
        self._erase_keys()
        if self._running:
            self._arm()
            if any(room.waits_for_window and self._window(room) > 0 for room in self.rooms()):
                self._schedule()
        self.keep_fold(behind=10 * self.kept_from)

    def _watch_clock(self) -> None:
        """A wall clock that jumps is an event and an alarm, never a freeze."""
        wall, steady = self.clock.wall(), self.clock.monotonic()
        if self._clocks is not None:
            jump = (wall - self._clocks[0]) - (steady - self._clocks[1])
            if abs(jump) > CLOCK_JUMP_S:
                try:
                    self.watch_log.note(int(wall), Happened.ALARM, jumped_s=int(jump))
                except LocalError as e:  # noted when there is room; no reason to stop the line
                    self.trouble = e.text
                    return
        self._clocks = (wall, steady)

    # --- timers

    def _schedule(self) -> None:
        if self._running and not self._scheduled:
            self._scheduled = True
            self.timer.call_later(0, self._run)

    def _retry_later(self) -> None:
        """A turn again in a while, whatever else comes: one, however many fail meanwhile."""
        if self._retry is not None:
            self._retry.cancel()
        self._retry = self.timer.call_later(RETRY_S, self._schedule)

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
            epoch_at = lines.epoch_due_at(room.line, self.settings.cadence)
            if epoch_at is not None and epoch_at > wall and self.bearers_up(room):
                by_wall.append(epoch_at)  # one that is overdue waits for a prekey, which comes with a turn
            times += [steady + (at - wall) for at in by_wall if at is not None]
            if self.bearers_up(room):
                times.append(room.life_at)
                if room.frontier_wanted:
                    times.append(room.frontier_at)
                times += [max(exchange.resend_at(f), steady + 0.02) for f in room.flights.values()]
                times += self._objects_at(room, steady)
        for pair in self.pairs.values():
            if self.bearers_up(pair.order_wire):
                times.append(max(steady, pair.prekeys_ask_at))
                if pair.prekeys_asked:
                    times.append(pair.prekeys_answer_at)
        if self._leaves_erased:
            times.append(self._erase_at)
        return min((t for t in times if t < float("inf")), default=None)

    def _cancel_wake(self) -> None:
        for handle in (self._wake, self._retry):
            if handle is not None:
                handle.cancel()
        self._wake = self._retry = None


def slot_detail(slot: contact.Due) -> dict[str, int | str | None]:
    """A slot as the journal has it."""
    return {
        "slot": slot.at,
        "closes_at": slot.closes_at,
        "meaning": slot.meaning.name,
        "scheduled": int(slot.scheduled),
    }


def _between_the_hours(now: Seconds) -> contact.Due:
    return contact.Due(now, now + AD_HOC_OPEN_S, accords.Meaning.CHECK, None, False)


def _number(event: Event, name: str) -> int:
    """A number of an event; 0 where it has none."""
    found = event.detail.get(name)
    return found if isinstance(found, int) else 0
