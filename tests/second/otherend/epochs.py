"""Epochs of keys (spec 14): derivation, prekeys, what opens an EPOCH, and which epochs are live after which step."""

from collections.abc import Sequence
from dataclasses import dataclass

from otherend import bodies, cbor, hybrid, suite, tree
from otherend.line import Held, Log
from otherend.refused import Refused, check


@dataclass
class Epoch:
    """What an end keeps of one epoch of one direction (EP-1)."""

    number: int
    tag: bytes
    tree: suite.Tree
    carried: bytes
    reserve: bytes


def epoch_of(root: bytes, line: bytes, sender: int, incarnations: Sequence[int], number: int) -> Epoch:
    """From a root key, which is gone with this call; that of epoch 0 is the line secret (14.1)."""
    seed = suite.epoch_seed(root, line, sender, incarnations, number)
    carried = suite.expand(root, ["parley/later-epochs/1", line])
    reserve = suite.expand(root, ["parley/hash-only/1", line, sender])
    return Epoch(number, suite.epoch_tag(seed), suite.Tree(seed), carried, reserve)


def hash_only(epoch: Epoch, line: bytes, sender: int, incarnations: Sequence[int]) -> Epoch:
    """The epoch of the same number after its last counter (EP-2)."""
    seed = suite.epoch_seed(epoch.reserve, line, sender, incarnations, epoch.number)
    reserve = suite.expand(epoch.reserve, ["parley/hash-only/1", line, sender])
    return Epoch(epoch.number, suite.epoch_tag(seed), suite.Tree(seed), epoch.carried, reserve)


def next_root(new: bytes, theirs: bytes, carried_0: bytes, carried: bytes, leaf: bytes) -> bytes:
    return suite.hkdf(new + theirs + carried_0, carried, ["parley/root-key/1", leaf])


def secret_info(
    line: bytes, sender: int, incarnations: Sequence[int], epoch: int, batch: int, index: int
) -> bytes:
    return cbor.encode(["parley/epoch-secret/1", line, sender, list(incarnations), epoch, batch, index])


def check_prekey(key: bytes, index: int, path: Sequence[bytes], count: int, root: bytes) -> None:
    """EP-3: the path leads from the index to the root of a batch of `count` keys."""
    check(len(key) == 1216, "EP-3", "no public key")
    try:
        tree.check_inclusion(tree.leaf_hash(key), index, count, path, root)
    except Refused as refused:
        raise Refused("EP-3", str(refused)) from None


@dataclass
class Prekeys:
    """The private halves of our batches on line 0; used ones are gone (EP-4)."""

    private: dict[tuple[int, int], hybrid.Private]

    def open(self, batch: int, index: int, sealed: bytes, info: bytes) -> bytes:
        check((batch, index) in self.private, "EP-11", "a prekey unknown or used")
        secret = hybrid.unseal(self.private[batch, index], sealed, info, "EP-11")
        del self.private[batch, index]
        return secret


class Chain:
    """The direction from the other party as its receiver keeps it: the log that advances it, and what is live."""

    def __init__(
        self, line: bytes, sender: int, incarnations: Sequence[int], secret: bytes, prekeys: Prekeys
    ) -> None:
        self.line, self.sender, self.incarnations, self.prekeys = line, sender, incarnations, prekeys
        first = epoch_of(secret, line, sender, incarnations, 0)
        self.carried_0 = first.carried
        self.live = [first]  # the former for a time, and the latest
        self.log = Log()
        self.faults: list[int] = []
        self.ours: dict[int, bytes] = {}  # by sequence of our log: new secrets of our own EPOCHs there
        self.their_size = 0  # stated by the EPOCH taken last
        self.stated: int | None = None  # the least size of the sender's log told under the latest epoch

    @property
    def latest(self) -> Epoch:
        return self.live[-1]

    def hear(self, held: Held) -> None:
        """An entry of the sender's log; an EPOCH is taken when it is placed (EP-9)."""
        self.log.held.setdefault(held.sequence, held)
        while (one := self.log.place_next()) is not None:
            if one.is_statement_of(bodies.EPOCH):
                try:
                    self._take(one)
                except Refused:
                    self.faults.append(one.sequence)
        self._forget()

    def _take(self, held: Held) -> None:
        check(bool(held.fits), "EP-11", "no schema")
        number, batch, index, sealed, floor = held.body
        check(number == self.latest.number + 1, "EP-11", "another number than the next")
        check(held.said.their_size >= self.their_size, "EP-11", "a smaller their size than the EPOCH before")
        info = secret_info(self.line, self.sender, self.incarnations, number, batch, index)
        secret = self.prekeys.open(batch, index, sealed, info)
        below = [sequence for sequence in self.ours if sequence < held.said.their_size]
        theirs = self.ours[max(below)] if below else bytes(32)
        for old in sorted(below)[:-1]:  # EP-12
            del self.ours[old]
        root = next_root(secret, theirs, self.carried_0, self.latest.carried, held.entry.leaf)
        self.latest.tree.erase_below(floor)
        self.live = [self.latest, epoch_of(root, self.line, self.sender, self.incarnations, number)]
        self.their_size, self.stated = held.said.their_size, None

    def told(self, tag: bytes, size: int) -> None:
        """A sign of life or frontier stated the size of the sender's log (EP-10)."""
        if tag == self.latest.tag:
            self.stated = size if self.stated is None else min(self.stated, size)
        self._forget()

    def frame_key(self, tag: bytes, counter: int) -> bytes | None:
        """The key of a frame of theirs; None where its leaf, or its epoch, is erased (FR-15)."""
        leaves = (epoch.tree.leaf(counter) for epoch in self.live if epoch.tag == tag)
        leaf = next(leaves, None)
        return leaf and suite.frame_key(leaf)

    def _forget(self) -> None:
        if self.stated is not None and self.log.size >= self.stated:
            self.live = [self.latest]


class Sending:
    """The direction to the other party as its sender keeps it."""

    def __init__(self, line: bytes, sender: int, incarnations: Sequence[int], secret: bytes) -> None:
        self.line, self.sender, self.incarnations = line, sender, incarnations
        self.epoch = epoch_of(secret, line, sender, incarnations, 0)
        self.carried_0 = self.epoch.carried
        self.placed: tuple[int, Epoch] | None = (
            None  # an EPOCH of ours not covered yet: its sequence, what it begins
        )

    def place(self, sequence: int, leaf: bytes, new: bytes, theirs: bytes) -> None:
        check(self.placed is None, "EP-7", "an earlier EPOCH is not covered")
        root = next_root(new, theirs, self.carried_0, self.epoch.carried, leaf)
        number = self.epoch.number + 1
        self.placed = (sequence, epoch_of(root, self.line, self.sender, self.incarnations, number))

    def covered(self, size: int) -> None:
        """A statement of theirs that is placed covers our log so far; with the switch the old tree is gone (EP-8)."""
        if self.placed is not None and size > self.placed[0]:
            self.epoch, self.placed = self.placed[1], None
