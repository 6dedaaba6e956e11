"""The log and what proves it: leaf, tree, proofs, commitment, and the check of one entry (spec 5).

A log is the entries of one party on one line, a tree of RFC 6962 over their bytes; there is no way to
take one out. A `Tree` is the compact form: the size and the roots of its perfect subtrees, enough to
grow it and to say its root at any moment, in memory that does not grow with the log.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from parley.core import suite
from parley.core.errors import RemoteError
from parley.core.types import HASH_BYTES, Act, Body, Entry, Seconds, Statement
from parley.core.wire import entry as wire
from parley.core.wire.entry import Flat

EMPTY_ROOT = suite.sha256(b"")


# --- the tree (RFC 6962 section 2.1, RFC 9162) ------------------------------------------------


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf input."""
    return suite.sha256(b"\x00" + data)


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return suite.sha256(b"\x01" + left + right)


@dataclass(frozen=True, slots=True)
class Tree:
    """`size` leaves, and the roots of the perfect subtrees that make them up, largest first."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def extended(self, leaf: bytes) -> Tree:
        """The tree with one more leaf hash."""
        peaks, n = list(self.peaks), self.size
        node = leaf
        while n & 1:
            node = node_hash(peaks.pop(), node)
            n >>= 1
        return Tree(self.size + 1, (*peaks, node))

    @property
    def root(self) -> bytes:
        """The root; the SHA-256 of nothing for the empty tree."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes, level by level; what has no neighbour goes up as it is."""
    if not leaves:
        return EMPTY_ROOT
    level, digest = list(leaves), hashlib.sha256
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        above = [digest(b"\x01" + left + right).digest() for left, right in pairs]
        level = [*above, level[-1]] if len(level) & 1 else above
    return level[0]


class Roots:
    """A log that grows, with its root at every size it had: what its own statements sign of it, and the other
    party's acknowledge. Keeps the root of each perfect subtree, two hashes a leaf; a root of the past is made of
    as many of them as its size has bits, when it is asked for."""

    __slots__ = ("_asked", "_levels")

    def __init__(self) -> None:
        self._levels: list[list[bytes]] = [[]]
        self._asked = (0, EMPTY_ROOT)  # last: what a node signs of its log, the other acknowledges next

    @property
    def size(self) -> int:
        return len(self._levels[0])

    def add(self, leaf: bytes) -> None:
        """One more leaf hash."""
        levels, at, node = self._levels, 0, leaf
        while True:
            level = levels[at]
            level.append(node)
            if len(level) & 1:
                return
            node = hashlib.sha256(b"\x01" + level[-2] + node).digest()
            at += 1
            if at == len(levels):
                levels.append([])

    def __getitem__(self, size: int) -> bytes:
        """The root of the first `size` leaves. Raises IndexError beyond what there is."""
        if size == self._asked[0]:
            return self._asked[1]
        if not 0 <= size <= len(self._levels[0]):
            raise IndexError(size)
        root, left, digest = b"", size, hashlib.sha256
        for level in self._levels:
            if left & 1:
                peak = level[left - 1]
                root = digest(b"\x01" + peak + root).digest() if root else peak
            left >>= 1
        self._asked = (size, root or EMPTY_ROOT)
        return self._asked[1]

    def tree(self) -> Tree:
        """The compact form of all of it."""
        peaks, size = [], self.size
        for level in self._levels:
            if size & 1:
                peaks.append(level[size - 1])
            size >>= 1
        return Tree(self.size, tuple(reversed(peaks)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Roots) and (self.size, self[self.size]) == (other.size, other[other.size])

    def __hash__(self) -> int:
        return hash((self.size, self[self.size]))


def inclusion_proof(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The path from leaf `index` to the root over `leaves`, lowest first."""
    if not 0 <= index < len(leaves):
        raise RemoteError("no such leaf")
    if len(leaves) == 1:
        return ()
    k = _split(len(leaves))
    if index < k:
        return (*inclusion_proof(leaves[:k], index), root_of(leaves[k:]))
    return (*inclusion_proof(leaves[k:], index - k), root_of(leaves[:k]))


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `leaf` lies at `index` in the tree of `size` and `root` (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size or not _hashes(leaf, root, *proof):
        return False
    fn, sn, node = index, size - 1, leaf
    for step in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            node = node_hash(step, node)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            node = node_hash(node, step)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and node == root


def consistency_proof(leaves: Sequence[bytes], size: int) -> tuple[bytes, ...]:
    """That the tree over the first `size` leaves is a prefix of the tree over all."""
    if not 0 < size <= len(leaves):
        raise RemoteError("no such size")
    return _subproof(leaves, size, True)


def _subproof(leaves: Sequence[bytes], m: int, whole: bool) -> tuple[bytes, ...]:
    n = len(leaves)
    if m == n:
        return () if whole else (root_of(leaves),)
    k = _split(n)
    if m <= k:
        return (*_subproof(leaves[:k], m, whole), root_of(leaves[k:]))
    return (*_subproof(leaves[k:], m - k, False), root_of(leaves[:k]))


def verify_consistency(size1: int, size2: int, root1: bytes, root2: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the tree (size1, root1) is a prefix of (size2, root2) (RFC 9162 section 2.1.4.2).

    The empty tree is a prefix of every tree, so nothing proves it and a size of 0 is refused.
    """
    if not 0 < size1 <= size2:
        return False
    if size1 == size2:
        return not proof and root1 == root2
    if not _hashes(root1, root2, *proof):
        return False
    path = list(proof)
    if size1 & (size1 - 1) == 0:
        path.insert(0, root1)
    if not path:
        return False
    fn, sn = size1 - 1, size2 - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    old = new = path[0]
    for step in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            old, new = node_hash(step, old), node_hash(step, new)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            new = node_hash(new, step)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and old == root1 and new == root2


def _hashes(*values: bytes) -> bool:
    return all(len(value) == HASH_BYTES for value in values)


def _split(n: int) -> int:
    return 1 << (n - 1).bit_length() - 1


# --- commitment (spec 5.5) --------------------------------------------------------------------


def commitment(kind: int, body: Body, salt_at: Callable[[int], bytes]) -> bytes:
    """The RFC 6962 root over the field hashes of `body`; `salt_at(i)` is the salt of field i."""
    count = len(body)
    return root_of([leaf_hash(suite.field_hash(kind, count, i, salt_at(i), f)) for i, f in enumerate(body)])


def commitment_of(kind: int, fields: Sequence[bytes], salts: Sequence[bytes]) -> bytes:
    """The same of fields, in the order of the body, and a salt for each, all given as their encodings."""
    if not fields:
        return EMPTY_ROOT
    digest = hashlib.sha256
    return root_of(
        [
            digest(b"\x00" + digest(head + salt + field).digest()).digest()
            for head, salt, field in zip(suite.field_heads(kind, len(fields)), salts, fields, strict=True)
        ]
    )


def act_salts(key: bytes, party: int, author: int, number: int, count: int) -> tuple[bytes, ...]:
    """The salts of an act's fields, from the line's commitment key."""
    return tuple(suite.salt(key, party, author, number, i) for i in range(count))


def statement_salts(key: bytes, party: int, incarnation: int, sequence: int, count: int) -> tuple[bytes, ...]:
    """The salts of a statement's fields, from the line's commitment key."""
    return tuple(suite.node_salt(key, party, incarnation, sequence, i) for i in range(count))


def salts_of(key: bytes, said: Act | Statement, count: int) -> tuple[bytes, ...]:
    """The salts of the fields of what was said."""
    if isinstance(said, Act):
        return act_salts(key, said.party, said.author, said.number, count)
    return statement_salts(key, said.party, said.incarnation, said.sequence, count)


# --- one entry --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Held:
    """An entry as an end holds it: what was said, at its place, with what identifies it.

    `id`: the act id, SHA-256 of the payload (of a statement too, to name it on screens). `leaf`: its
    leaf hash. `body`: None when withheld. `key`: the key its signature verified under. `heard_at`:
    when we had it, by our clock; for our own, when it was placed.
    """

    said: Act | Statement
    party: int
    incarnation: int
    sequence: int
    id: bytes
    leaf: bytes
    body: Body | None
    kid: bytes
    heard_at: Seconds = 0

    @property
    def kind(self) -> int:
        return self.said.kind

    @property
    def is_statement(self) -> bool:
        return isinstance(self.said, Statement)


def act_id(payload: bytes) -> bytes:
    """What names an act: the SHA-256 of exactly its payload bytes."""
    return suite.sha256(payload)


def hold(data: bytes, entry: Entry, said: Act | Statement, body: Body | None, heard_at: Seconds = 0) -> Held:
    """`entry`, whose bytes are `data`, as held."""
    return Held(
        said,
        said.party,
        entry.incarnation,
        entry.sequence,
        act_id(entry.signed.payload),
        leaf_hash(data),
        body,
        entry.signed.kid,
        heard_at,
    )


def check_signed(entry: Entry, key: bytes) -> None:
    """Whether the entry's signature holds under `key`, and it lies where it says. Raises RemoteError if not."""
    check_flat(wire.flat(entry), key, suite.key_id(key))


def check_flat(entry: Flat, key: bytes, kid: bytes) -> None:
    """The same of an entry that was read with what it says. `kid`: the key id of the key, which checks many.

    1. The key id is the SHA-256 of the key.
    2. The signature verifies over the Sig_structure of the payload.
    3. A statement's place is the entry's place.
    """
    if entry.kid != kid:  # 1
        raise RemoteError("key id is not that of the author's key")
    if not suite.verify(key, wire.to_be_signed(entry.kid, entry.payload), entry.signature):  # 2
        raise RemoteError("signature does not verify")
    if not entry.lies_there:  # 3
        raise RemoteError("statement lies at another place than it states")
