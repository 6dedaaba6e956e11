"""The two chains of epochs of a line: which key seals or opens a frame, and what is erased when (spec 4.4, 14).

The sending side reserves counters in blocks and keeps on disk only keys above the block in use, so that no used
key is on disk and no counter is used twice, whatever moment a crash chooses. The receiving side erases a leaf in
step with the commit of its plaintext, and a whole epoch once everything that may lie under it is held.

Of an epoch its tree is kept, the *carried value* from which the next root key comes, and the *reserve* for a hash-only
epoch after the last counter; never the root key or the seed, which would give back what is erased.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from parley.core import suite
from parley.core.errors import LocalError
from parley.core.suite import KeyTree
from parley.core.types import Value
from parley.core.wire import cbor
from parley.keys.table import SecretTable

NODES_MAX = 4096  # of a key tree whose owner is the peer
BLOCK = 256  # counters reserved at once; a crash skips at most so many
COUNTER_MAX = 0xFFFFFFFF  # never used: the epoch before it goes on as a hash-only one
PAST_TAGS_MAX = 64
EPOCHS_MAX = 3  # of their direction: one that goes, one in use, and a hash-only one between or after
NO_SECRET = bytes(32)


@dataclass(frozen=True, slots=True)
class Direction:
    """What every seed of one direction of a line is bound to; incarnations in the order of the parties."""

    line: bytes
    sender: int
    incarnations: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Epoch:
    """An epoch as it is kept. `step`: how many hash-only epochs came before it under its number.
    `counter`: the next to be used (sending), one past the highest heard (receiving)."""

    number: int
    step: int
    tag: bytes
    counter: int
    tree: KeyTree
    reserve: bytes

    @property
    def place(self) -> tuple[int, int]:
        return self.number, self.step

    def leaf(self, counter: int) -> bytes | None:
        try:
            return self.tree.leaf(counter)
        except KeyError:
            return None


@dataclass(frozen=True, slots=True)
class NewSecret:
    """The secret an EPOCH carried, and the sequence of that EPOCH in its log."""

    sequence: int
    secret: bytes


def begin(way: Direction, root_key: bytes, number: int) -> tuple[Epoch, bytes]:
    """An epoch from its root key, and the value to carry on; the root key is to be forgotten."""
    seed = suite.epoch_seed(root_key, way.line, way.sender, way.incarnations, number)
    kept = suite.reserve(root_key, way.line, way.sender)
    epoch = Epoch(number, 0, suite.epoch_tag(seed), 1, suite.key_tree(seed), kept)
    return epoch, suite.carried_value(root_key, way.line)


def hash_only(way: Direction, epoch: Epoch) -> Epoch:
    """What follows when the last counter is used before the next EPOCH is acknowledged (spec EP-2)."""
    seed = suite.epoch_seed(epoch.reserve, way.line, way.sender, way.incarnations, epoch.number)
    kept = suite.reserve(epoch.reserve, way.line, way.sender)
    return Epoch(epoch.number, epoch.step + 1, suite.epoch_tag(seed), 1, suite.key_tree(seed), kept)


class SendChain:
    """The keys of our direction: each counter once, counters from 1 upwards in each epoch."""

    def __init__(self, table: SecretTable, way: Direction) -> None:
        self._table, self._way = table, way
        self._name, self._next_name = f"send/{way.line.hex()}", f"next/{way.line.hex()}"
        stored = table.get(self._name)
        assert stored is not None, "a line has its keys before it is used"
        self._epoch, self._carried, self._known_from, self._said = _decode_send(table, way, stored)
        waiting = table.get(self._next_name)
        self._next = None if waiting is None else _decode_next(waiting)
        self._block: list[bytes] = []
        self.dirty = False  # keys left the table that are not yet erased on the disk
        self.next_counter = self._epoch.counter

    # --- sealing

    @property
    def tag(self) -> bytes:
        return self._epoch.tag

    @property
    def number(self) -> int:
        """The number of the epoch in use."""
        return self._epoch.number

    def take(self) -> tuple[int, bytes]:
        """The next counter of the epoch in use, and the key of its frame; neither will be given again."""
        if not self._block:
            self._reserve()
        counter = self.next_counter
        self.next_counter += 1
        return counter, suite.frame_key(self._block.pop())

    def ready(self) -> None:
        """Goes over to the next hash-only epoch now if the next counter is its first."""
        if not self._block:
            self._reserve()

    def _reserve(self) -> None:
        epoch = self._epoch
        if epoch.counter >= COUNTER_MAX:
            if not epoch.reserve:
                raise LocalError(
                    "the last counter of this line is used", "offer the line anew under another nonce"
                )
            epoch = hash_only(self._way, epoch)
        first, end = epoch.counter, min(epoch.counter + BLOCK, COUNTER_MAX)
        rest = replace(epoch, counter=end, tree=epoch.tree.without_below(end))
        self._put(rest, self._carried, self._known_from, self._said)  # may fail: nothing is given then
        self._block, self.dirty = epoch.tree.leaves(first, end)[::-1], True
        self._epoch, self.next_counter = rest, first

    @property
    def begun_by(self) -> int | None:
        """The sequence of the EPOCH that began the epoch in use; None for epoch 0."""
        return self._known_from - 1 if self._known_from else None

    # --- the next epoch

    @property
    def waiting(self) -> int | None:
        """The sequence of our EPOCH that their node has not acknowledged yet."""
        return None if self._next is None else self._next.secret.sequence

    def prepare(self, sequence: int, leaf: bytes, secret: bytes, theirs: bytes, first_carried: bytes) -> None:
        """Makes the epoch our EPOCH at `sequence` begins; on the disk when this returns. It comes into use by
        `switch`. One that was prepared for an EPOCH that never came into the record is written over."""
        root_key = suite.next_root_key(self._carried, secret, theirs, first_carried, leaf)
        epoch, carried = begin(self._way, root_key, self.number + 1)
        self._next = _Next(epoch, carried, leaf, NewSecret(sequence, secret))
        self._table.put(self._next_name, _encode_next(self._next))

    def forget_unless(self, leaf: bytes | None) -> None:
        """Forgets the epoch that waits if the record has another entry, or none, where its EPOCH should lie; on
        the disk the next one is written over it."""
        if self._next is not None and self._next.leaf != leaf:
            self._next = None

    def switch(self) -> None:
        """Takes the waiting epoch into use; the old tree is gone."""
        assert self._next is not None
        found = self._next
        said = (*self._said, found.secret)
        known_from = found.secret.sequence + 1
        with self._table.turn():
            self._put(found.epoch, found.carried, known_from, said)
            self._table.drop(self._next_name)
        self._epoch, self._carried, self._known_from, self._said = (
            found.epoch,
            found.carried,
            known_from,
            said,
        )
        self._next, self._block, self.next_counter = None, [], found.epoch.counter

    def number_known_at(self, size: int) -> int:
        """The number of our latest EPOCH that whoever holds our log up to `size` has; 0 for none."""
        if self._next is not None and self._next.secret.sequence < size:
            return self._next.epoch.number
        return self.number if self._known_from <= size else self.number - 1

    def secret_below(self, size: int) -> bytes | None:
        """The secret of our last EPOCH whose sequence is below `size`; 32 zero bytes if there never was one,
        None if it is erased because nothing honest refers to it any more."""
        waiting = () if self._next is None else (self._next.secret,)
        kept: tuple[NewSecret, ...] = (*self._said, *waiting)
        below = [s.secret for s in kept if s.sequence < size]
        if below:
            return below[-1]
        ever_made = self.number + len(waiting)
        return NO_SECRET if len(kept) == ever_made else None

    def forget_below(self, size: int) -> None:
        """Erases the secrets that an EPOCH of theirs stating `size` makes superfluous."""
        last = max((s.sequence for s in self._said if s.sequence < size), default=None)
        if last is not None and self._said[0].sequence < last:
            said = tuple(s for s in self._said if s.sequence >= last)
            self._put(self._epoch, self._carried, self._known_from, said)
            self._said = said

    def _put(self, epoch: Epoch, carried: bytes, known_from: int, said: tuple[NewSecret, ...]) -> None:
        kept = (_plain(epoch), carried, known_from, tuple((s.sequence, s.secret) for s in said))
        self._table.put(self._name, cbor.encode(kept))


class ReceiveChain:
    """The keys of their direction: a leaf opens one frame and is erased, an epoch goes with the next."""

    def __init__(self, table: SecretTable, way: Direction) -> None:
        self._table, self._way = table, way
        self._name = f"receive/{way.line.hex()}"
        stored = table.get(self._name)
        assert stored is not None, "a line has its keys before it is used"
        self._epochs, self._carried, self.taken, self._past = _decode_receive(table, way, stored)
        self._after: dict[tuple[int, int], Epoch] = {}  # by epoch: the hash-only one that may follow
        self._stated: dict[tuple[int, int], int] = {}  # by epoch: the least size a loose frame of it stated
        self._changed = False

    # --- opening

    @property
    def tags(self) -> tuple[bytes, ...]:
        """Every tag that is known here: of epochs that are kept, of the hash-only one after each, of erased ones."""
        following = [self._following(e) for e in self._epochs]
        return (*(e.tag for e in (*self._epochs, *(f for f in following if f))), *self._past)

    @property
    def live(self) -> tuple[bytes, ...]:
        """The tags of the epochs that are kept, oldest first."""
        return tuple(epoch.tag for epoch in self._epochs)

    @property
    def number(self) -> int:
        """The number of the last EPOCH of theirs that was taken."""
        return self._epochs[-1].number

    @property
    def newest_tag(self) -> bytes:
        """The tag of the newest epoch that is kept, whether anything was heard under it or not."""
        return self._epochs[-1].tag

    @property
    def heard(self) -> tuple[int, bool]:
        """The highest counter heard in the latest epoch in which anything was, 0 for none; and whether an
        EPOCH of theirs was taken since."""
        for epoch in reversed(self._epochs):
            if epoch.counter > 1:
                return epoch.counter - 1, epoch.number < self.number
        return 0, False

    def highest(self, tag: bytes) -> int:
        """The highest counter heard under a tag, 0 for none."""
        return max((e.counter - 1 for e in self._epochs if e.tag == tag), default=0)

    def key(self, tag: bytes, counter: int) -> bytes | None:
        """The key of a frame, or None when it was erased: the frame is one we already had."""
        epoch = self._of_tag(tag)
        leaf = epoch.leaf(counter) if epoch else None
        return None if leaf is None else suite.frame_key(leaf)

    def erase(self, tag: bytes, counter: int) -> bool:
        """Erases the leaf in memory; `keep` puts that on disk, in step with the record's commit. Whether it was
        the first of a hash-only epoch: then there is a tag more to be known.

        A peer that scatters its counters could make us keep keys without end; past a limit the lowest
        quarter of what was never used is given up. An honest peer loses nothing by it: what it repeats
        comes under a new counter.
        """
        epoch = self._of_tag(tag)
        if epoch is None:
            return False
        tree = epoch.tree.without(counter)
        if len(tree.nodes) > NODES_MAX:
            starts = sorted(prefix << (suite.TREE_DEPTH - depth) for depth, prefix, _ in tree.nodes)
            tree = tree.without_below(starts[len(starts) // 4])
        begun = all(e.place != epoch.place for e in self._epochs)
        self._with(replace(epoch, tree=tree, counter=max(epoch.counter, counter + 1)))
        return begun

    def erase_below(self, tag: bytes, floor: int) -> None:
        """Erases all leaves below the floor they stated in a frame under `tag`. (Of a hash-only epoch first heard
        now there is nothing to erase yet: its frame begins it, by `erase`.)"""
        epoch = next((e for e in self._epochs if e.tag == tag), None)
        if epoch is not None:
            self._with(replace(epoch, tree=epoch.tree.without_below(floor)))

    # --- epochs that come and go

    def take(self, found: Taken, ours: bytes, first_carried: bytes) -> None:
        """Makes the epoch that an EPOCH of theirs begins; on the disk when this returns. `ours`: the secret of
        our own EPOCH that it refers to."""
        root_key = suite.next_root_key(self._carried, found.secret, ours, first_carried, found.leaf)
        epoch, self._carried = begin(self._way, root_key, self.number + 1)
        self.taken = found
        former = [e for e in self._epochs if e.number >= epoch.number - 1]
        self._gone([e for e in self._epochs if e not in former])
        self._epochs = [*former, epoch]
        self._table.put(self._name, self._encoded())

    def stated(self, tag: bytes, size: int) -> None:
        """A loose frame under this tag stated the size of their log: what lies under an earlier epoch is
        below it."""
        epoch = self._of_tag(tag)
        if epoch is not None:
            self._stated[epoch.place] = min(size, self._stated.get(epoch.place, size))

    def retire(self, held: int) -> bool:
        """Erases the epochs before one whose stated size we hold without a hole; whether there were any."""
        over = [e for e in self._epochs if self._stated.get(e.place, held + 1) <= held]
        gone = [e for e in self._epochs if over and e.place < over[-1].place]
        self._gone(gone)
        self._epochs = [e for e in self._epochs if e not in gone]
        self._changed = self._changed or bool(gone)
        return bool(gone)

    @property
    def dirty(self) -> bool:
        """Whether anything was erased that is not yet erased on the disk."""
        return self._changed

    def keep(self) -> None:
        """Overwrites what is on disk with what is in memory, if that changed.

        Without waiting for the disk: an erasure that a power cut undoes is done again by the next floor.
        """
        if self._changed:
            self._table.put(self._name, self._encoded(), at_once=False)
            self._changed = False

    def _of_tag(self, tag: bytes) -> Epoch | None:
        for epoch in self._epochs:
            if epoch.tag == tag:
                return epoch
            following = self._following(epoch)
            if following is not None and following.tag == tag:
                return following
        return None

    def _following(self, epoch: Epoch) -> Epoch | None:
        """The hash-only epoch that may come after this one, if it has not."""
        if not epoch.reserve or any(e.place == (epoch.number, epoch.step + 1) for e in self._epochs):
            return None
        if epoch.place not in self._after:
            self._after[epoch.place] = hash_only(self._way, epoch)
        return self._after[epoch.place]

    def _with(self, epoch: Epoch) -> None:
        rest = [e for e in self._epochs if e.place != epoch.place]
        epochs = sorted((*rest, epoch), key=lambda e: e.place)
        self._gone(epochs[:-EPOCHS_MAX])
        self._epochs = epochs[-EPOCHS_MAX:]
        self._changed = True

    def _gone(self, epochs: list[Epoch]) -> None:
        self._past = (*self._past, *(e.tag for e in epochs))[-PAST_TAGS_MAX:]
        for epoch in epochs:
            self._after.pop(epoch.place, None)
            self._stated.pop(epoch.place, None)

    def _encoded(self) -> bytes:
        taken = None
        if self.taken is not None:
            t = self.taken
            taken = (t.leaf, t.sequence, t.their_size, t.secret, t.prekey)
        return cbor.encode((tuple(_plain(e) for e in self._epochs), self._carried, taken, self._past))


@dataclass(frozen=True, slots=True)
class Taken:
    """The last EPOCH of theirs that was taken: its leaf hash and place, the size of our log it states, its
    secret, and the prekey it used (batch and index)."""

    leaf: bytes
    sequence: int
    their_size: int
    secret: bytes
    prekey: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Next:
    epoch: Epoch
    carried: bytes
    leaf: bytes
    secret: NewSecret


# --- at rest ----------------------------------------------------------------------------------


def first_rows(way: Direction, root_key: bytes) -> tuple[bytes, bytes]:
    """How epoch 0 is kept: the row of the sending side, and that of the receiving side."""
    epoch, carried = begin(way, root_key, 0)
    return cbor.encode((_plain(epoch), carried, 0, ())), cbor.encode(((_plain(epoch),), carried, None, ()))


def trees(row: bytes) -> dict[bytes, tuple[int, KeyTree]]:
    """By tag, the counter and the key tree in a row of either side; what is kept is all that can be derived."""
    first = cbor.items(cbor.decode(row))[0]
    found = cbor.items(first)
    epochs = [_epoch(one) for one in (found if isinstance(found[0], tuple) else (first,))]
    return {epoch.tag: (epoch.counter, epoch.tree) for epoch in epochs}


def _plain(epoch: Epoch) -> Value:
    return (epoch.number, epoch.step, epoch.tag, epoch.counter, suite.encode_tree(epoch.tree), epoch.reserve)


def _epoch(value: Value) -> Epoch:
    number, step, tag, counter, tree, kept = cbor.array(value, 6, "epoch")
    return Epoch(
        cbor.integer(number),
        cbor.integer(step),
        cbor.octets(tag),
        cbor.integer(counter),
        suite.decode_tree(cbor.octets(tree)),
        cbor.octets(kept),
    )


def _decode_send(
    table: SecretTable, way: Direction, row: bytes
) -> tuple[Epoch, bytes, int, tuple[NewSecret, ...]]:
    fields = cbor.items(cbor.decode(row))
    if len(fields) == 3:
        return (*_version_1(table, way, fields), 0, ())
    epoch, carried, known_from, said = cbor.array(fields, 4, "chain")
    return (
        _epoch(epoch),
        cbor.octets(carried),
        cbor.integer(known_from),
        tuple(_secret(s) for s in cbor.items(said)),
    )


def _decode_receive(
    table: SecretTable, way: Direction, row: bytes
) -> tuple[list[Epoch], bytes, Taken | None, tuple[bytes, ...]]:
    fields = cbor.items(cbor.decode(row))
    if len(fields) == 3:
        epoch, carried = _version_1(table, way, fields)
        return [epoch], carried, None, ()
    epochs, carried_too, taken, past = cbor.array(fields, 4, "chain")
    found = None
    if taken is not None:
        leaf, sequence, size, secret, prekey = cbor.array(taken, 5, "epoch taken")
        batch, index = (cbor.integer(n) for n in cbor.array(prekey, 2, "prekey"))
        place, stated = cbor.integer(sequence), cbor.integer(size)
        found = Taken(cbor.octets(leaf), place, stated, cbor.octets(secret), (batch, index))
    return (
        [_epoch(one) for one in cbor.items(epochs)],
        cbor.octets(carried_too),
        found,
        tuple(cbor.octets(tag) for tag in cbor.items(past)),
    )


def _version_1(table: SecretTable, way: Direction, fields: tuple[Value, ...]) -> tuple[Epoch, bytes]:
    """A chain as it was kept before there were epochs beyond the first."""
    tag, counter, tree = fields
    carried = table.get(f"later epochs/{way.line.hex()}")
    assert carried is not None, "it was kept with the chain"
    kept = suite.decode_tree(cbor.octets(tree))
    return Epoch(0, 0, cbor.octets(tag), cbor.integer(counter), kept, b""), carried


def _encode_next(found: _Next) -> bytes:
    return cbor.encode(
        (_plain(found.epoch), found.carried, found.leaf, found.secret.sequence, found.secret.secret)
    )


def _decode_next(row: bytes) -> _Next:
    epoch, carried, leaf, sequence, secret = cbor.array(cbor.decode(row), 5, "epoch that waits")
    return _Next(_epoch(epoch), cbor.octets(carried), cbor.octets(leaf), _secret((sequence, secret)))


def _secret(value: Value) -> NewSecret:
    sequence, secret = cbor.array(value, 2, "secret")
    return NewSecret(cbor.integer(sequence), cbor.octets(secret))
