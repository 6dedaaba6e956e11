"""The puncturable tree of keys and the derivations (spec sections 3 and 4)."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.core import suite

SEED = hashlib.sha256(b"seed").digest()
TREE = suite.key_tree(SEED)
INDEX = st.integers(0, 2**32 - 1)


def by_hand(index: int) -> bytes:
    """SU-6 read from the spec: 32 steps of HMAC, most significant bit first."""
    key = SEED
    for bit in f"{index:032b}":
        key = hmac.new(key, bytes((int(bit),)), hashlib.sha256).digest()
    return key


@settings(max_examples=30, deadline=None)
@given(INDEX)
def test_a_leaf_is_thirty_two_hmacs_from_the_seed(index: int) -> None:
    """SU-6."""
    assert TREE.leaf(index) == by_hand(index)


@settings(max_examples=30, deadline=None)
@given(st.lists(INDEX, min_size=1, max_size=12, unique=True), st.lists(INDEX, max_size=12))
def test_an_erased_leaf_is_gone_and_every_other_is_as_before(erased: list[int], others: list[int]) -> None:
    """SU-7."""
    tree = TREE
    for index in erased:
        tree = tree.without(index)
        assert tree.without(index) == tree
    for index in erased:
        with pytest.raises(KeyError):
            tree.leaf(index)
        for near in (index - 1, index + 1, index ^ 1 << 31):
            if near not in erased and 0 <= near < 2**32:
                assert tree.leaf(near) == by_hand(near)
    for index in others:
        if index not in erased:
            assert tree.leaf(index) == by_hand(index)
    assert len(tree.nodes) <= 32 * len(erased)


def test_no_kept_node_is_an_ancestor_of_an_erased_leaf() -> None:
    """SU-7: not only the function refuses; what is kept cannot derive it."""
    tree = TREE.without(5).without(2**31)
    assert not [n for n in tree.nodes if 5 >> (32 - n[0]) == n[1] or 2**31 >> (32 - n[0]) == n[1]]
    assert len(TREE.without(5).nodes) == 32


def test_use_in_sequence_keeps_the_tree_small_and_a_gap_costs_no_more() -> None:
    """SU-7."""
    tree = TREE
    for index in range(300):
        tree = tree.without(index)
        assert len(tree.nodes) <= 32
    for index in (1000, 10**6, 2**32 - 1):
        tree = tree.without(index)
    assert len(tree.nodes) <= 4 * 32


@settings(max_examples=30, deadline=None)
@given(INDEX, st.lists(INDEX, max_size=3))
def test_a_floor_takes_everything_below_it_and_nothing_above(floor: int, erased: list[int]) -> None:
    """SU-8."""
    tree = TREE
    for index in erased:
        tree = tree.without(index)
    tree = tree.without_below(floor)
    for index in {0, floor // 2, floor - 1} - {-1}:
        if index < floor:
            with pytest.raises(KeyError):
                tree.leaf(index)
    for index in {floor, floor + 1, 2**32 - 1}:
        if index < 2**32 and index not in erased:
            assert tree.leaf(index) == by_hand(index)


def test_a_tree_comes_back_from_its_bytes() -> None:
    tree = TREE.without(7).without(70_000)
    assert suite.decode_tree(suite.encode_tree(tree)) == tree


def test_a_line_is_taken_from_the_master_once_and_in_any_order() -> None:
    """PA-9: the ends may make their lines in different orders."""
    master = suite.line_master(SEED)
    first, second = hashlib.sha256(b"1").digest(), hashlib.sha256(b"2").digest()
    one_way = suite.line_secret(suite.line_taken(master, first), second)
    assert one_way == suite.line_secret(master, second)
    assert suite.line_secret(suite.line_taken(master, second), first) == suite.line_secret(master, first)
    with pytest.raises(KeyError):
        suite.line_secret(suite.line_taken(master, first), first)


def test_no_label_is_used_twice() -> None:
    """CV-5."""
    assert len(set(suite.LABELS)) == len(suite.LABELS)


def test_every_value_a_seed_is_bound_to_changes_it() -> None:
    """SU-9."""
    line, other = bytes(32), bytes(31) + b"\x01"
    seeds = {
        suite.epoch_seed(SEED, line, 0, (1, 1), 0),
        suite.epoch_seed(SEED, other, 0, (1, 1), 0),
        suite.epoch_seed(SEED, line, 1, (1, 1), 0),
        suite.epoch_seed(SEED, line, 0, (2, 1), 0),
        suite.epoch_seed(SEED, line, 0, (1, 2), 0),
        suite.epoch_seed(SEED, line, 0, (1, 1), 1),
        suite.epoch_seed(bytes(32), line, 0, (1, 1), 0),
    }
    assert len(seeds) == 7


def test_a_tag_is_four_bytes_of_its_own_label_at_step_zero() -> None:
    """SU-10. A seed whose first tag is zero cannot be found for a test; the next step is read in the code."""
    assert suite.epoch_tag(SEED) == suite.expand(SEED, suite.LABEL_EPOCH_TAG, 0, size=4) != bytes(4)


def test_the_transcript_is_the_same_whoever_computes_it() -> None:
    """PA-3."""
    assert suite.transcript_hash([b"a", b"b"]) == suite.transcript_hash([b"b", b"a"])
    assert suite.transcript_hash([b"a", b"b"]) != suite.transcript_hash([b"a", b"c"])
