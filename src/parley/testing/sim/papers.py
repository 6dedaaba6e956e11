"""What people do with letters and appointments in a world, and what both ends must say of them once all is well.

A letter's inside is noise under a header that is in order: no end looks further.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from parley.core.instruments import sealed
from parley.core.instruments.sealed import Header
from parley.testing.sim.end import WORDS, End
from parley.testing.sim.must_hold import Broken
from parley.testing.sim.scene import Scene

_CLERK: Final = "clerk"  # prepares; who releases is another


def something(scene: Scene, end: End, chance: random.Random) -> None:
    """Some things about letters and appointments, each with the release of what is prepared."""
    for _ in range(8):
        do = chance.choice(_DOES)
        do(scene, end, chance)
        scene.figures.count("letters asked", do.__name__.strip("_").replace("_", " "))
        for paper in end.desk.letters.papers() if end.up else ():
            if paper.ref.startswith("paper:") and end.up and chance.random() < 0.9:
                end.desk.letters.release(paper.ref, _who(scene, end, chance), WORDS)
        scene.advance(chance.choice((0.0, 0.2, 2.0)))
        if not end.up:
            return


def _tender(scene: Scene, end: End, chance: random.Random) -> None:
    ours = [v for v in end.desk.letters.list() if v.ours]
    names = {"in_whose_name": f"Office of {end.key}", "to_whom": "Their office"}
    if ours and chance.random() < 0.3:
        again = chance.choice(ours)
        end.desk.letters.tender(again.line, _CLERK, **names, instead_of=again.ref)
    else:
        end.desk.letters.tender(_line(scene, end, chance), _CLERK, **names)


def _answer(scene: Scene, end: End, chance: random.Random) -> None:
    asked = [v for v in end.desk.letters.needs_us() if v.state in ("TENDERED", "UNDETERMINED")]
    if asked:
        answer = chance.choice(("accepted", "accepted", "accepted", "refused", "undetermined"))
        reason = chance.choice(("", "a reason"))
        end.desk.letters.answer(chance.choice(asked).ref, answer, _CLERK, reason=reason)


def _hand_in(scene: Scene, end: End, chance: random.Random) -> None:
    accepted = [v for v in end.desk.letters.list() if v.ours and v.state == "ACCEPTED"]
    if accepted:
        one, number = (
            chance.choice(accepted),
            1 + sum(s.both + s.on_the_way for s in end.desk.letters.count()),
        )
        card = end.key.encode() * 32
        header = Header(card, b"t" * 32, number, chance.randbytes(32))
        data = sealed.encode_sealed(header, chance.randbytes(sealed.SEAL_BYTES + sealed.PAD_BYTES))
        end.desk.letters.hand_in(data, _CLERK, ref=one.ref)


def _tier(scene: Scene, end: End, chance: random.Random) -> None:
    there = [v for v in end.desk.letters.list() if v.number is not None]
    if there:
        tier = chance.choice(("existence", "count and dates", "content"))
        end.desk.letters.tier(chance.choice(there).ref, tier, _CLERK)


def _take_back(scene: Scene, end: End, chance: random.Random) -> None:
    ours = [v for v in end.desk.letters.list() if v.ours and v.state not in ("WITHDRAWN", "TAKEN BACK")]
    if ours:
        end.desk.letters.take_back(chance.choice(ours).ref, _who(scene, end, chance), WORDS, "overtaken")


def _receive(scene: Scene, end: End, chance: random.Random) -> None:
    theirs = [v for v in end.desk.letters.needs_us() if v.whole]
    if theirs:
        end.desk.letters.acknowledge(chance.choice(theirs).ref, _who(scene, end, chance), WORDS)


def _appoint(scene: Scene, end: End, chance: random.Random) -> None:
    occasion = chance.choice(("call", "meeting", "handover"))
    at = end.node.now() + chance.choice((60, 3600, 86400))
    line, by = _line(scene, end, chance), _who(scene, end, chance)
    end.desk.appointments.offer(line, by, WORDS, occasion=occasion, at=at, lasts=600)


def _move(scene: Scene, end: End, chance: random.Random) -> None:
    agreed = [a for a in end.desk.appointments.list() if a.state in ("AGREED", "PAST")]
    if agreed:
        ref, by = chance.choice(agreed).ref, _who(scene, end, chance)
        if chance.random() < 0.3:
            end.desk.appointments.call_off(ref, by, WORDS, reason="a reason")
        else:
            at = end.node.now() + 7200
            end.desk.appointments.move(ref, by, WORDS, reason="a reason", at=at, read_out="Both met.")


def _agree(scene: Scene, end: End, chance: random.Random) -> None:
    for view in end.desk.appointments.list():
        if view.state == "OFFERED" and not view.ours and end.up:
            end.desk.agree(view.ref, _who(scene, end, chance), WORDS)


_DOES: Final[tuple[Callable[[Scene, End, random.Random], None], ...]] = (
    _tender, _tender, _answer, _answer, _hand_in, _hand_in, _tier, _take_back, _receive, _appoint, _move, _agree,
    _agree,
)  # fmt: skip


def check_agreed(one: End, other: End) -> None:
    """Raises Broken (9) unless both ends say the same of every letter and every appointment, and count alike."""
    for line in one.node.pairs[other.key].rooms:
        mine, theirs = one.node.pairs[other.key].rooms[line], other.node.pairs[one.key].rooms[line]
        if mine.is_order_wire:
            continue
        said = [_said(end, end.named(room), end is one) for end, room in ((one, mine), (other, theirs))]
        if said[0] != said[1]:
            told = ", ".join(f"{end.key} says {words}" for end, words in zip((one, other), said, strict=True))
            raise Broken(9, f"{one.named(mine)}: {told}")
        letters = one.desk.letters.list(one.named(mine))
        one.stage.figures.count("letters", "told alike", len(letters))
        one.stage.figures.count("letters", "numbered", sum(v.number is not None for v in letters))
        appointments = len(one.desk.appointments.list(one.named(mine)))
        one.stage.figures.count("letters", "appointments told alike", appointments)


def _said(end: End, line: str, first: bool) -> list[str]:
    """What an end says of the letters and appointments of a line, in words that are the same at both. `first`: whether
    it is the end that counts its own as ours."""
    desk = end.desk
    letters = [
        (v.ours == first, v.check, str(v.state), v.number, str(v.tier), v.whole, v.unasked)
        for v in desk.letters.list(line)
    ]
    counts = [(s.ours == first, s.both, s.on_the_way, s.missing, s.twice) for s in desk.letters.count(line)]
    appointments = [
        (
            a.ref,
            a.replaced_by,
            "AGREED" if a.state == "PAST" else str(a.state),
        )  # past by a clock of one's own
        for a in desk.appointments.list(line)
        if a.state != "released, waits for a bearer"  # kept back by a cut: only one end has it
    ]
    return sorted(map(repr, (*letters, *counts, *appointments)))


def _line(scene: Scene, end: End, chance: random.Random) -> str:
    return end.named(chance.choice(scene.lines(end)))


def _who(scene: Scene, end: End, chance: random.Random) -> str:
    return chance.choice(scene.officers[end.index])
