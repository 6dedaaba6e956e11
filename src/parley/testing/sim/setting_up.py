"""What every world begins with: homes, officers, pairings, and the lines agreed and open."""

from __future__ import annotations

from parley.core import suite
from parley.core.types import POWERS_ALL, Power, Precedence
from parley.keys import check_card
from parley.testing.sim.end import COST, WORDS, End
from parley.testing.sim.must_hold import Broken
from parley.testing.sim.scene import OFFICERS, Scene


def set_up(scene: Scene) -> None:
    """Raises Broken when the lines do not open."""
    settle_s = 4 * scene.course.latency_s + 0.5
    for end in scene.ends:
        end.create()
        for name in OFFICERS:
            powers = Power.RELEASE | Power.ACKNOWLEDGE if name == "clerk" else POWERS_ALL
            end.desk.add_officer(name, f"office {name}", powers, Precedence.FLASH, WORDS, WORDS, COST)
    for pair in scene.pairs:
        _pair(*pair)
    scene.advance(settle_s)
    for number, (one, other) in enumerate(scene.pairs):
        for quorum in scene.course.lines[number]:
            offered = one.desk.offer_line(other.key, scene.accord(one, number, quorum), "first", WORDS)
            scene.advance(settle_s)
            other.desk.agree(offered.ref, "first", WORDS)
    scene.advance(settle_s)
    for one, other in scene.pairs:
        _open_lines(scene, one, other, settle_s)
    scene.advance(settle_s)
    for end in scene.ends:
        known = sum(
            1 + len(lines) for lines, pair in zip(scene.course.lines, scene.pairs, strict=True) if end in pair
        )
        if [view.declared for view in end.desk.lines()] != ["OPEN"] * known:
            raise Broken(11, f"the lines are not open at {end.key} after the set-up")


def _pair(one: End, other: End) -> None:
    """Cards cross, fingerprints are compared, shares cross; each calls the other by its key."""
    ends = (one, other)
    cards = [end.desk.pair_card(WORDS) for end in ends]
    shares = []
    for end, theirs in zip(ends, reversed(cards), strict=True):
        fingerprint = suite.key_id(check_card(theirs).root_key).hex()
        shares.append(end.desk.pair_share(theirs, fingerprint, WORDS))
    for side, end in enumerate(ends):
        end.desk.pair_finish(ends[1 - side].key, cards[1 - side], shares[1 - side], WORDS)


def _open_lines(scene: Scene, one: End, other: End, settle_s: float) -> None:
    for room in list(one.node.pairs[other.key].rooms.values()):
        if room.is_order_wire:
            continue
        terms = one.desk.offer_restore(one.named(room), one.node.now(), "first", WORDS)
        scene.advance(settle_s)
        for end in (one, other):
            for name in OFFICERS[: room.line.accord.quorum_restore]:
                if (end, name) != (one, "first"):
                    end.desk.agree(terms.ref, name, WORDS)
        scene.advance(settle_s)
