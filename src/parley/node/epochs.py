"""How a line heals: new epochs of ours, epochs of theirs that are taken, and the prekeys both need (spec 14).

Keys are on the disk before the record says that they are needed: what a crash leaves of an epoch that never came
into the record is written over by the next, and what the record lost comes again and is known by its leaf.
What must be gone for good (an old tree, a prekey's private half) is dropped after the commit, and an erasure
point follows.
"""

from __future__ import annotations

from collections.abc import Callable

from parley.core import line as lines
from parley.core import record, suite
from parley.core.errors import RemoteError, Sentence
from parley.core.line import Draft
from parley.core.record import Held
from parley.core.types import BATCH_MAX, NodeKind, Seconds, Statement
from parley.core.wire import body as bodies
from parley.core.wire import cbor
from parley.core.wire import frame as frames
from parley.core.wire.frame import NO_BATCH, Prekey, PrekeysWanted
from parley.keys import NO_SECRET, Prekeys, Taken
from parley.node.outgoing import Outgoing
from parley.node.room import ASK_AGAIN_S, Batch, PairRoom, Room
from parley.store import Row

Entropy = Callable[[int], bytes]

BATCH_KEYS = 32
BATCH_APART_S = 3600
STOCK_LOW = 4  # fewer prekeys in stock than this, and more are asked for
ASKED_AT_ONCE = 8
ASK_AGAIN_MAX_S = 600.0
ANSWER_APART_S = 1.0
EPOCH_FRAME_BYTES_MAX = 1_367  # 1,294, both roots, and what the form any adds


class Epochs(Outgoing):
    """The lines, what leaves on them, and the keys they change to."""

    entropy: Entropy

    def _load(self) -> None:
        asked = {room.id for room in self.rooms() if room.rekey_asked}
        super()._load()
        self.put_back = self._put_back()
        self._erase_at = self.clock.monotonic() + self.settings.erase_every_s
        self._leaves_erased = False
        for room in self.rooms():
            room.rekey_asked = room.id in asked
            waiting = room.send.waiting
            if waiting is not None:
                row = self.store.at(room.id, room.pair.ours, waiting)
                room.send.forget_unless(row.held.leaf if row else None)

    def _put_back(self) -> str:
        """Why this end may sign nothing: its record is behind what its keys remember, so it was put back from a
        copy, and would sign a second time where it has signed. Empty if it is not."""
        noted = self.keys.noted_sizes()
        for room in self.rooms():
            if room.line.our_log.size < noted.get(room.id, 0):
                return Sentence(
                    "the record was put back from a copy: it lacks entries that this end has signed"
                )
        return ""

    # --- epochs of ours

    def _heal(self, room: Room, now: Seconds) -> None:
        """Enters an EPOCH when one is due and a prekey is in stock. Within a turn."""
        if not self._running or not lines.epoch_due(
            room.line, now, self.settings.cadence, asked=room.rekey_asked
        ):
            return
        if not any(b.traits.frame_bytes_max >= EPOCH_FRAME_BYTES_MAX for b in self.bearers_up(room)):
            return  # entered and not to be carried, it would be a hole below all that we say later
        if room.send.waiting is not None:
            return  # it may be acknowledged in this very turn, and comes into use after it
        taken = room.receive.taken
        if taken is not None and taken.sequence >= room.line.their_log.size:
            return  # the record lost that EPOCH in a crash: what it stands on comes again first
        wire0, way = room.pair.order_wire.id, (room.id, room.pair.ours, room.pair.incarnations)
        number = room.send.number + 1
        while (prekey := self.store.use_prekey(wire0)) is not None:
            batch, index, key = prekey
            room.pair.prekeys_ask_at = float("-inf")
            secret = self.entropy(32)
            sealed = self.keys.seal_secret(key, secret, suite.epoch_secret_info(*way, number, batch, index))
            if sealed is None:
                continue  # what they announced is no key
            draft = Draft(NodeKind.EPOCH, (number, batch, index, sealed, self._floor(room)))
            held = self._state(room, draft)
            theirs = NO_SECRET if taken is None else taken.secret
            first = self.keys.first_carried(room.id)
            room.send.prepare(held.sequence, held.leaf, secret, theirs, first)
            room.rekey_asked = room.unhealed = False
            return
        room.unhealed = True

    def healed_at(self, room: Room, party: int) -> Seconds | None:
        """When we first held the last EPOCH of a party's direction that is in use, or None for never."""
        if party != room.pair.ours:
            sequence = None if room.receive.taken is None else room.receive.taken.sequence
        else:
            sequence = room.send.begun_by
        row = None if sequence is None else self.store.at(room.id, party, sequence)
        return row.heard_at if row else None

    # --- epochs of theirs

    def _placed(self, room: Room, held: Held) -> None:
        """Their EPOCH is taken when it comes to its place; a batch of prekeys takes the place of the one before."""
        if not held.is_statement:
            return
        if held.kind == NodeKind.EPOCH and held.party != room.pair.ours:
            self._follow(room, held)
        elif held.kind == NodeKind.PREKEYS and room.is_order_wire:
            room.pair.batches.pop(held.party, None)
            room.pair.prekeys_ask_at, room.pair.prekeys_ask_every_s = float("-inf"), ASK_AGAIN_S

    def _follow(self, room: Room, held: Held) -> None:
        """Takes their EPOCH, or keeps it as their fault when it cannot be taken: then no key changes."""
        said, taken = held.said, room.receive.taken
        assert isinstance(said, Statement)
        if taken is not None and taken.leaf == held.leaf:
            return  # the record lost it in a crash, and has it again
        row = self.store.at(room.id, held.party, held.sequence)
        evidence = row.entry if row else b""
        if held.body is None:
            self._fault(room, Sentence("their EPOCH came without its body"), evidence)
            return
        try:
            bodies.check_statement(NodeKind.EPOCH, held.body)
        except RemoteError:
            return  # judged already
        number, batch, index, sealed, floor = held.body
        batch, index = cbor.integer(batch), cbor.integer(index)
        info = suite.epoch_secret_info(
            room.id, held.party, room.pair.incarnations, room.receive.number + 1, batch, index
        )
        ours = room.send.secret_below(said.their_size)
        secret = self._prekeys(room.pair).open(batch, index, cbor.octets(sealed), info)
        if (batch, index) in self._prekeys_used(room.pair):
            reason = Sentence("their EPOCH names a prekey that is used")
        elif number != room.receive.number + 1:
            reason = Sentence("their EPOCH has another number than the next")
        elif ours is None or (taken is not None and said.their_size < taken.their_size):
            reason = Sentence("their EPOCH acknowledges less than the one before it")
        elif secret is None:
            reason = Sentence("their EPOCH does not open with the prekey it names")
        else:
            room.receive.erase_below(room.receive.newest_tag, cbor.integer(floor))
            found = Taken(held.leaf, held.sequence, said.their_size, secret, (batch, index))
            room.receive.take(found, ours, self.keys.first_carried(room.id))
            room.send.forget_below(said.their_size)
            room.pair.prekeys_used.append((batch, index))
            self._know_tags(room)
            return
        self._fault(room, reason, evidence)

    # --- after the commit

    def _switch_keys(self) -> None:
        """Epochs of ours that their node has acknowledged come into use: what leaves now is sealed under them.
        Raises LocalError when the disk refuses; it is tried again after the next turn."""
        for room in self.rooms():
            waiting = room.send.waiting
            if waiting is not None and waiting < room.line.covered:
                room.send.switch()
                room.echoed, room.life_at = 0, self.clock.monotonic()
                room.life_sent.clear()
                self.keys.erasure_due = True

    def _erase_keys(self) -> None:
        """What was opened and is committed, and epochs that go, lose their keys; after the sending, so that a receipt
        does not wait for it: a crash between leaves what the next floor erases. Raises LocalError when the disk
        refuses; it is tried again after the next turn."""
        now = self.clock.monotonic()
        for pair in self.pairs.values():
            for used in self._prekeys_used(pair):
                if self._prekeys(pair).erase(*used):
                    self.keys.erasure_due = True
            pair.prekeys_used.clear()
        for room in self.rooms():
            if room.receive.retire(room.line.their_log.size):
                self.keys.erasure_due = True
            self._leaves_erased = self._leaves_erased or room.receive.dirty or room.send.dirty
            room.send.dirty = False
            room.receive.keep()
        if not self.put_back and (self.keys.erasure_due or (self._leaves_erased and now >= self._erase_at)):
            self._erasure_point()
            self._erase_at = now + self.settings.erase_every_s

    def _erasure_point(self) -> None:
        self.keys.note_sizes({room.id: room.line.our_log.size for room in self.rooms()})
        self.keys.erase()
        self._leaves_erased = False

    # --- prekeys

    def _prekeys_used(self, pair: PairRoom) -> set[tuple[int, int]]:
        """Prekeys of ours that an EPOCH has used and whose private half may still be here."""
        last = {room.receive.taken.prekey for room in pair.rooms.values() if room.receive.taken is not None}
        return last.union(pair.prekeys_used)

    def _prekeys(self, pair: PairRoom) -> Prekeys:
        if pair.prekeys is None:
            pair.prekeys = self.keys.prekeys(pair.order_wire.id)
        return pair.prekeys

    def _batch(self, pair: PairRoom, party: int) -> Batch | None:
        """The newest batch of a party."""
        if party not in pair.batches:
            row = self.store.latest_statement(pair.order_wire.id, NodeKind.PREKEYS, party)
            pair.batches[party] = _announced(row) if row else None
        return pair.batches[party]

    def _tend_prekeys(self, pair: PairRoom, now: Seconds) -> None:
        """A further batch when ours runs out, and a request when their prekeys do. Within a turn."""
        room = pair.order_wire
        if not self._running or not self.bearers_up(room):
            return
        ours = self._batch(pair, pair.ours)
        if ours is None:
            self._announce(pair)
        else:
            left = self._prekeys(pair).left(ours.number)
            wanted = left < ours.count // 4 or (pair.batch_wanted and left <= ours.count // 2)
            if wanted and not 0 <= now - ours.heard_at < BATCH_APART_S:
                self._announce(pair)

    def _announce(self, pair: PairRoom) -> None:
        room = pair.order_wire
        leaves = self._prekeys(pair).make(room.line.our_log.size, BATCH_KEYS)
        self._state(room, Draft(NodeKind.PREKEYS, (BATCH_KEYS, record.root_of(leaves), None)))
        pair.batch_wanted = False

    def _ask_for_prekeys(self, pair: PairRoom) -> None:
        """Asks for prekeys of theirs while too few are in stock. After the commit."""
        room, now = pair.order_wire, self.clock.monotonic()
        if now < pair.prekeys_ask_at or not self.bearers_up(room):
            return
        pair.prekeys_ask_at = float("inf")  # until one is used, or their next batch comes
        if self.store.prekeys_unused(room.id) >= STOCK_LOW:
            return
        theirs = self._batch(pair, 1 - pair.ours)
        if theirs is None:
            return
        known = self.store.prekeys_known(room.id, theirs.number)
        first = next((i for i in range(theirs.count) if i not in known), theirs.count)
        count = min(ASKED_AT_ONCE, max(1, theirs.count - first))
        self._send_once(room, PrekeysWanted(theirs.number, first, count))
        pair.prekeys_ask_at = now + pair.prekeys_ask_every_s
        pair.prekeys_ask_every_s = min(2 * pair.prekeys_ask_every_s, ASK_AGAIN_MAX_S)

    def _prekeys_wanted(self, room: Room, said: PrekeysWanted) -> None:
        """They ask for prekeys of ours: what is unused of them goes out after the commit."""
        pair = room.pair
        ours = self._batch(pair, pair.ours)
        if not room.is_order_wire or ours is None:
            return
        if said.batch == NO_BATCH or (said.batch == ours.number and said.first >= ours.count):
            pair.batch_wanted = True
        if len(pair.prekeys_asked) < BATCH_MAX:
            pair.prekeys_asked |= {(said.batch, said.first + i) for i in range(said.count)}

    def _send_prekeys(self) -> None:
        """What they asked for, after everything else. After the commit."""
        for pair in self.pairs.values():
            if pair.prekeys_asked and self.clock.monotonic() >= pair.prekeys_answer_at:
                pair.prekeys_answer_at = self.clock.monotonic() + ANSWER_APART_S
                for batch in sorted({batch for batch, _ in pair.prekeys_asked}):
                    asked = sorted(i for b, i in pair.prekeys_asked if b == batch)
                    for owed in self._prekeys(pair).shown(batch, asked):
                        self._send_once(pair.order_wire, owed)
                pair.prekeys_asked = set()
            self._ask_for_prekeys(pair)

    def _send_once(self, room: Room, said: Prekey | PrekeysWanted) -> None:
        """A loose frame by the cheapest bearer that can carry it; lost, it is asked for again."""
        plain = frames.encode_plain(said)
        size = len(plain) + frames.BARE_FRAME_BYTES_MIN - 2
        for bearer in self.bearers_up(room):
            if size <= bearer.traits.frame_bytes_max:
                bearer.send(self._sealed(room, plain)[2])
                return

    def _prekey_came(self, room: Room, said: Prekey) -> None:
        """A prekey of theirs, kept if its path leads to the root their node has signed. Within a turn."""
        pair = room.pair
        row = self.store.at(room.id, 1 - pair.ours, said.batch) if room.is_order_wire else None
        batch = _announced(row) if row else None
        if batch is None or said.index >= batch.count:
            return
        leaf = record.leaf_hash(said.key)
        if record.verify_inclusion(leaf, said.index, batch.count, said.path, batch.root):
            self.store.add_prekey(room.id, batch.number, said.index, said.key)
            pair.prekeys_ask_every_s = ASK_AGAIN_S


def _announced(row: Row) -> Batch | None:
    """The batch a PREKEYS statement announces; None for one without its schema."""
    held = row.held
    try:
        if not held.is_statement or held.kind != NodeKind.PREKEYS:
            return None
        bodies.check_statement(NodeKind.PREKEYS, held.body or ())
    except RemoteError:
        return None
    count, root, _ = held.body or ()
    return Batch(held.sequence, cbor.integer(count), cbor.octets(root), row.heard_at)
