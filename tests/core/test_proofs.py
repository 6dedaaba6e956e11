"""Trees and their proofs, held against RFC 6962 and RFC 9162 read anew, at every small size (spec 5.4, 5.5)."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from twoends import COMMITMENT_KEYS, Log

from parley.core import record, suite
from parley.core.errors import RemoteError
from parley.core.record import Tree
from parley.core.types import ActKind, NodeKind
from parley.core.wire import entry as wire

SIZES = range(1, 18)
LEAVES = [hashlib.sha256(bytes((i,))).digest() for i in range(max(SIZES))]


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def split(n: int) -> int:
    """The largest power of two below n."""
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def root(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, over leaf hashes."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha(b"")
    k = split(len(leaves))
    return sha(b"\x01" + root(leaves[:k]) + root(leaves[k:]))


def path(m: int, leaves: list[bytes]) -> tuple[bytes, ...]:
    """PATH of RFC 6962 section 2.1.1."""
    if len(leaves) == 1:
        return ()
    k = split(len(leaves))
    if m < k:
        return (*path(m, leaves[:k]), root(leaves[k:]))
    return (*path(m - k, leaves[k:]), root(leaves[:k]))


def subproof(m: int, leaves: list[bytes], whole: bool) -> tuple[bytes, ...]:
    """SUBPROOF of RFC 6962 section 2.1.2."""
    if m == len(leaves):
        return () if whole else (root(leaves),)
    k = split(len(leaves))
    if m <= k:
        return (*subproof(m, leaves[:k], whole), root(leaves[k:]))
    return (*subproof(m - k, leaves[k:], False), root(leaves[:k]))


def test_a_leaf_and_a_node_are_hashed_apart() -> None:
    """EN-8."""
    assert record.leaf_hash(b"entry") == sha(b"\x00entry")
    assert record.node_hash(b"left", b"right") == sha(b"\x01leftright")


def test_a_tree_grown_leaf_by_leaf_has_the_root_of_the_rfc_at_every_size() -> None:
    """EN-8."""
    tree = Tree()
    assert tree.root == record.EMPTY_ROOT == sha(b"")
    for n in SIZES:
        tree = tree.extended(LEAVES[n - 1])
        assert (tree.size, tree.root) == (n, root(LEAVES[:n]))
        assert record.root_of(LEAVES[:n]) == tree.root
        assert len(tree.peaks) == bin(n).count("1")


def test_every_leaf_of_every_small_tree_has_its_path_and_no_other() -> None:
    """EN-8, EP-3: at its index, in its size, under its root, and with no step changed, left out or added."""
    for n in SIZES:
        top = root(LEAVES[:n])
        for i in range(n):
            proof = record.inclusion_proof(LEAVES[:n], i)
            assert proof == path(i, LEAVES[:n])
            assert record.verify_inclusion(LEAVES[i], i, n, proof, top)
            assert not record.verify_inclusion(LEAVES[i], i, n, (*proof, top), top)
            assert not record.verify_inclusion(sha(b"another"), i, n, proof, top)
            assert not record.verify_inclusion(LEAVES[i], i, n, proof, sha(b"another"))
            for other in range(n):
                assert (other == i) == record.verify_inclusion(LEAVES[i], other, n, proof, top)
            for at in range(len(proof)):
                changed = (*proof[:at], sha(proof[at]), *proof[at + 1 :])
                assert not record.verify_inclusion(LEAVES[i], i, n, changed, top)
                assert not record.verify_inclusion(LEAVES[i], i, n, (*proof[:at], *proof[at + 1 :]), top)


def test_a_path_is_only_of_a_leaf_that_is_there() -> None:
    for index in (-1, 3):
        with pytest.raises(RemoteError):
            record.inclusion_proof(LEAVES[:3], index)
        assert not record.verify_inclusion(LEAVES[2], index, 3, path(2, LEAVES[:3]), root(LEAVES[:3]))
    assert not record.verify_inclusion(LEAVES[0], 0, 0, (), LEAVES[0])
    assert record.verify_inclusion(LEAVES[0], 0, 1, (), LEAVES[0])


def test_every_prefix_of_every_small_tree_has_its_proof_and_no_other() -> None:
    """EN-8."""
    for n in SIZES:
        for m in range(1, n + 1):
            old, new = root(LEAVES[:m]), root(LEAVES[:n])
            proof = record.consistency_proof(LEAVES[:n], m)
            assert proof == subproof(m, LEAVES[:n], True)
            assert record.verify_consistency(m, n, old, new, proof)
            assert not record.verify_consistency(m, n, sha(old), new, proof)
            assert not record.verify_consistency(m, n, old, sha(new), proof)
            assert not record.verify_consistency(m, n, old, new, (*proof, old))
            for at in range(len(proof)):
                changed = (*proof[:at], sha(proof[at]), *proof[at + 1 :])
                assert not record.verify_consistency(m, n, old, new, changed)
                assert not record.verify_consistency(m, n, old, new, (*proof[:at], *proof[at + 1 :]))
            if m < n:
                assert not record.verify_consistency(n, m, new, old, proof)
                assert not record.verify_consistency(m, n, old, new, ())


def test_a_prefix_is_proven_from_one_leaf_to_all_and_not_from_none() -> None:
    """EN-8: a proof from size 0 is refused."""
    for size in (0, -1, 4):
        with pytest.raises(RemoteError):
            record.consistency_proof(LEAVES[:3], size)
    assert record.consistency_proof(LEAVES[:3], 3) == ()
    assert not record.verify_consistency(0, 3, sha(b""), root(LEAVES[:3]), ())
    assert not record.verify_consistency(0, 0, sha(b""), sha(b""), ())
    assert record.verify_consistency(3, 3, root(LEAVES[:3]), root(LEAVES[:3]), ())


def test_a_path_that_goes_on_above_its_tree_proves_nothing() -> None:
    """EN-8: else a leaf of a large tree could be said to be the only one of a small one."""
    over = root(LEAVES[:2])
    assert not record.verify_inclusion(LEAVES[1], 0, 1, (LEAVES[0],), over)
    assert not record.verify_inclusion(LEAVES[1], -1, 2, (LEAVES[0],), over)
    left, right = root(LEAVES[:4]), LEAVES[4:8]
    steps = (*subproof(3, right, True), left)
    assert not record.verify_consistency(3, 4, root(LEAVES[:7]), root(LEAVES[:8]), steps)


@pytest.mark.parametrize("short", [b"", b"x" * 31, b"x" * 33, b"x" * 64])
def test_a_step_leaf_or_root_that_is_no_hash_is_refused(short: bytes) -> None:
    """EN-8: else the bytes of a leaf and those of a step could be cut elsewhere and give the same hash."""
    over = sha(b"\x01" + LEAVES[0] + short)
    assert not record.verify_inclusion(LEAVES[0], 0, 2, (short,), over)
    over = sha(b"\x01" + short + LEAVES[0])
    assert not record.verify_inclusion(short, 0, 2, (LEAVES[0],), over)
    assert not record.verify_inclusion(short, 0, 1, (), short)
    assert not record.verify_consistency(1, 2, LEAVES[0], sha(b"\x01" + LEAVES[0] + short), (short,))
    assert not record.verify_consistency(1, 2, short, sha(b"\x01" + short + LEAVES[0]), (LEAVES[0],))


def test_a_commitment_is_the_tree_over_the_hashes_of_the_fields() -> None:
    """EN-9."""
    body = ("a", 2, None)
    salts = (b"s0", b"s1", b"s2")
    hashes = [suite.field_hash(9, 3, i, salts[i], body[i]) for i in range(3)]
    assert record.commitment(9, body, lambda i: salts[i]) == root([sha(b"\x00" + h) for h in hashes])
    assert record.commitment(9, (), lambda i: b"") == sha(b"")


def test_the_salts_of_an_act_and_of_a_statement_come_from_their_own_numbers() -> None:
    """EN-10."""
    log = Log(1)
    act = log.act(ActKind.MESSAGE, (1, 2), author=2, number=9).said
    statement = log.statement(NodeKind.HEAD).said
    key = COMMITMENT_KEYS[0]
    assert record.salts_of(key, act, 2) == (suite.salt(key, 1, 2, 9, 0), suite.salt(key, 1, 2, 9, 1))
    assert record.salts_of(key, statement, 2) == (
        suite.node_salt(key, 1, 1, 1, 0),
        suite.node_salt(key, 1, 1, 1, 1),
    )
    assert len({*record.salts_of(key, act, 3), *record.salts_of(key, statement, 3)}) == 6


def test_an_entry_is_held_with_its_place_its_id_and_its_leaf() -> None:
    """EN-2, EN-8."""
    log = Log(1, incarnation=3)
    log.act(ActKind.MESSAGE, (1,))
    held = log.act(ActKind.MESSAGE, (2,), number=2)
    data = wire.encode_entry(wire.Entry(3, 1, log.signed[1]))
    assert (held.party, held.incarnation, held.sequence, held.kind) == (1, 3, 1, ActKind.MESSAGE)
    assert held.id == record.act_id(log.signed[1].payload) == sha(log.signed[1].payload)
    assert held.leaf == sha(b"\x00" + data) and held.kid == log.signed[1].kid
    assert not held.is_statement and log.statement(NodeKind.HEAD).is_statement
    assert record.hold(data, wire.Entry(3, 1, log.signed[1]), held.said, (2,)).heard_at == 0
    bare = record.Held(held.said, 1, 3, 1, held.id, held.leaf, None, held.kid)
    assert bare.heard_at == 0 and bare == replace(held, body=None, heard_at=0)
