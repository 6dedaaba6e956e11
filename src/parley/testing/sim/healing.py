"""The end of a world: all faults end, every end runs, and everything must come right by itself (11)."""

from __future__ import annotations

from typing import Final

from parley.core import line as lines
from parley.core import objects
from parley.core.objects import ObjectName
from parley.core.types import ActKind, NodeKind
from parley.testing.sim.end import End
from parley.testing.sim.judge import Judge
from parley.testing.sim.must_hold import Broken
from parley.testing.sim.papers import check_agreed
from parley.testing.sim.scene import Scene

HEALED_WITHIN_S: Final = 900.0
_RECEIPTS: Final = (NodeKind.RECEIPT, NodeKind.HEAD)


def heal(scene: Scene, judge: Judge) -> None:
    """Raises Broken for what has not come right after `HEALED_WITHIN_S` seconds."""
    for end in scene.ends:
        end.armed.clear()
        end.disk.well()
        end.clock.set_right()
    for link in scene.links:
        link.mend()
    scene.advance(0.1)
    scene.advance(20.0)  # who was to get up later is up by now
    for end in scene.ends:
        if not end.up:
            raise Broken(11, f"{end.key} does not get up")
        end.disk.well()
    healed_s, why = 0.0, ""
    while (why := unsettled(scene)) and healed_s < HEALED_WITHIN_S:
        scene.advance(20.0)
        judge.check()
        healed_s += 20.0
    if why:
        raise Broken(11, f"after {HEALED_WITHIN_S:.0f} s of good bearers {why}")
    judge.check(all_again=True)
    for end in scene.ends:
        check_objects(end)
    for one, other in scene.pairs:
        check_agreed(one, other)


def unsettled(scene: Scene) -> str:
    """Why the world is not yet as it must be once all is well; empty when it is."""
    for one, other in scene.pairs:
        for end, theirs in ((one, other), (other, one)):
            found = _unsettled(end, theirs)
            if found:
                return found
    return ""


def _unsettled(end: End, other: End) -> str:
    """The same of what one end has said to another."""
    ours, theirs = end.node.pairs[other.key], other.node.pairs[end.key]
    if ours.rooms.keys() != theirs.rooms.keys():
        return f"{end.key} and {other.key} have different lines"
    for line, room in ours.rooms.items():
        log, there = room.line.our_log, theirs.rooms[line].line.their_log
        name = f"{room.name} with {other.key}"
        if (log.size, log.tree.root) != (there.size, there.tree.root):
            return f"{name}: of {log.size} entries of {end.key} the other holds {there.size}"
        for row in end.store.of_log(line, ours.ours, room.line.covered):
            held = row.held
            if not (held.is_statement and held.kind in _RECEIPTS):
                return f"{name}: entry {held.sequence} of {end.key} has no receipt"
        for waiting in end.store.waiting(line):
            if waiting.kept_back:
                continue  # until it is released again
            if lines.refuse(room.line, waiting.kind, waiting.subject, end.node.now()) is None:
                return f"{name}: {waiting.author}/{waiting.number} of {end.key} waits for nothing"
        for row in end.store.acts(line, ActKind.LETTER, ours.ours):
            for one in objects.objects_named(row.held.kind, row.held.body):
                if other.store.object_held_at(one) is None:
                    return f"{name}: an object of {end.key} is not held by the other"
        if other.store.wanted_count(line):
            return f"{name}: {other.key} wants an object that it holds"
    return ""


def check_objects(end: End) -> None:
    """Every object that is held is what was named, and no honest end has sent another."""
    for root, size, salt, theirs, data in end.store._db.execute(
        "SELECT root, size, salt, theirs, bytes FROM objects"
    ):
        end.stage.figures.count("objects", "came whole" if theirs else "held")
        if not objects.fits(ObjectName(root, size, salt), data):  # 3
            raise Broken(3, f"{end.key} holds an object that is not what was named")
    misfits = end.store._db.execute("SELECT coalesce(sum(misfits), 0) FROM wanted").fetchone()
    if misfits != (0,):  # 10
        raise Broken(10, f"{end.key} counts a misfit of an honest end")
