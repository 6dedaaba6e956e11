"""The Merkle tree of RFC 6962, and the proofs of RFC 9162 (spec 5.4)."""

import hashlib
from collections.abc import Sequence

from otherend.refused import check


def sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def leaf_hash(entry: bytes) -> bytes:
    return sha(b"\x00", entry)


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha(b"\x01", left, right)


def root(inputs: Sequence[bytes]) -> bytes:
    return root_of_leaves([leaf_hash(data) for data in inputs])


def root_of_leaves(leaves: Sequence[bytes]) -> bytes:
    if not leaves:
        return sha()
    level = list(leaves)
    while (
        len(level) > 1
    ):  # pairs from the left, an odd one goes up as it is: the same tree as the definition's
        level = [
            node_hash(*level[i : i + 2]) if i + 1 < len(level) else level[i] for i in range(0, len(level), 2)
        ]
    return level[0]


def roots(inputs: Sequence[bytes]) -> list[bytes]:
    """The root at every size, from 0."""
    found, peaks = [sha()], []  # peaks: (height, hash) of the full trees, from the left
    for data in inputs:
        peaks.append((0, leaf_hash(data)))
        while len(peaks) > 1 and peaks[-1][0] == peaks[-2][0]:
            (height, left), (_, right) = peaks[-2:]
            peaks[-2:] = [(height + 1, node_hash(left, right))]
        top = peaks[-1][1]
        for _, left in reversed(peaks[:-1]):
            top = node_hash(left, top)
        found.append(top)
    return found


def check_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], wanted: bytes) -> None:
    check(all(len(step) == 32 for step in (*path, leaf)), "EN-8", "a step that is no hash")
    check(index < size, "EN-8", "an index outside the tree")
    here, last, found = index, size - 1, leaf
    for step in path:
        check(last > 0, "EN-8", "a path too long")
        if here & 1 or here == last:
            found = node_hash(step, found)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            found = node_hash(found, step)
        here, last = here >> 1, last >> 1
    check(last == 0, "EN-8", "a path too short")
    check(found == wanted, "EN-8", "another root")


def check_consistency(size1: int, size2: int, root1: bytes, root2: bytes, proof: Sequence[bytes]) -> None:
    check(all(len(step) == 32 for step in proof), "EN-8", "a step that is no hash")
    check(0 < size1 <= size2, "EN-8", "sizes out of order, or from size 0")
    if size1 == size2:
        check(not proof and root1 == root2, "EN-8", "two roots of one size")
        return
    check(bool(proof), "EN-8", "no proof")
    steps = [root1, *proof] if size1 & size1 - 1 == 0 else list(proof)
    here, last = size1 - 1, size2 - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    first = second = steps[0]
    for step in steps[1:]:
        check(last > 0, "EN-8", "a proof too long")
        if here & 1 or here == last:
            first, second = node_hash(step, first), node_hash(step, second)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            second = node_hash(second, step)
        here, last = here >> 1, last >> 1
    check(last == 0 and first == root1 and second == root2, "EN-8", "the proof leads elsewhere")
