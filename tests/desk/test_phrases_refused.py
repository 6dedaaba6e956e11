"""A peer that asks for the explicit form of a text by phrases gets no other text so (PK-17)."""

from __future__ import annotations

from two_desks import Pair

from parley.bearers.memory import Faults
from parley.core import exchange
from parley.core.wire.frame import Frontier
from parley.node import Room


def by_phrases(pair: Pair, room: Room, sequence: int) -> bool:
    row = pair.north.home.store.at(room.id, room.pair.ours, sequence)
    assert row is not None
    return exchange.by_phrases(pair.north.node._layout(room, row))


def test_who_asks_for_the_explicit_form_of_a_text_by_phrases_gets_no_other_so(pair: Pair) -> None:
    """PK-17."""
    room = next(r for r in pair.north.node.rooms() if r.name == "Liaison")
    pair.bearers[1].link.b_to_a.faults = Faults(loss=1.0)
    pair.said(pair.north, "We confirm that the meeting of the working group takes place tomorrow.")
    first = room.line.our_log.size - 1
    assert room.phrases and room.by_phrases == {first} and by_phrases(pair, room, first)
    ours, theirs = room.line.our_log, room.line.their_log
    asked = Frontier(theirs.size, theirs.tree.root, first, b"", 1, wanted=(first,))
    pair.north.node._told(room, asked, pair.clock.monotonic())
    assert not room.phrases
    pair.said(pair.north, "We confirm that the meeting of the working group takes place on Friday.")
    assert not by_phrases(pair, room, room.line.our_log.size - 1) and ours.size < room.line.our_log.size
