"""What an end says it holds and lacks (spec 7.6), and the form *any* for what the usual layouts cannot carry."""

from __future__ import annotations

from dataclasses import replace

from parley.core import exchange
from parley.core import line as lines
from parley.core.accord import Accord
from parley.core.line import Line, Log
from parley.core.record import Tree
from parley.core.wire.frame import Frontier

U32 = 2**32 - 1
LEAF = bytes(32)
OURS = Tree().extended(b"o" * 32).extended(b"p" * 32)
THEIRS = Tree().extended(b"t" * 32)


def line(*beyond: int, ours: int = 0) -> Line:
    mine, theirs = Log(tree=OURS), Log(tree=THEIRS, beyond=tuple((s, LEAF) for s in beyond))
    made = lines.new_line(b"l" * 32, ours, Accord("hotline", bytes(16)))
    return replace(made, logs=(mine, theirs) if ours == 0 else (theirs, mine))


def told(made: Line, wanted: tuple[int, ...] = ()) -> Frontier:
    return exchange.frontier(made, lambda party, size: None, 7, wanted)


def test_with_nothing_beyond_a_hole_no_hole_is_told() -> None:
    """FR-9."""
    for ours in (0, 1):
        assert told(line(ours=ours)) == Frontier(2, OURS.root, 1, THEIRS.root, 7)


def test_what_lies_above_the_highest_held_is_a_hole_to_the_end() -> None:
    """FR-9."""
    assert told(line(3, 4, 8)).holes == ((1, 2), (5, 3), (9, U32 - 9))
    assert exchange.lacking(told(line(3, 4, 8)), 12) == (1, 2, 5, 6, 7, 9, 10, 11)


def test_a_hole_to_the_end_is_told_only_where_there_is_room_for_one() -> None:
    """FR-9: first and length together do not exceed 2^32 - 1."""
    assert told(line(U32 - 2)).holes == ((1, U32 - 3), (U32 - 1, 1))
    assert told(line(U32 - 1)).holes == ((1, U32 - 2),)


def test_what_could_not_be_rebuilt_is_wanted_in_order() -> None:
    """FR-13."""
    assert told(line(), (9, 3, 5)).wanted == (3, 5, 9)
