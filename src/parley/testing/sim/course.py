"""The course of a world: all that is drawn before it runs, from its seed alone.

Each world switches some kinds of fault off (swarm testing): a fault that is always on hides what shows only
without it. Each step has a chance of its own, named by the seed and its number, so that a course with steps left
out runs the others as before: that is what makes a failure's course short.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Final

STEPS: Final = 60
KEYS: Final = "abc"  # the ends; a is the one that may have two counterparts

LINK_FAULTS: Final = ("loss", "repeat", "reorder", "garble", "alien")
CRASHES: Final = (
    "crash before the commit",
    "crash in the commit",
    "crash after the commit",
    "crash while sending",
    "crash between turns",
)
CLOCKS: Final = ("clocks jump", "clocks stand still", "clocks disagree")
_DRAWN: Final = (
    *LINK_FAULTS,
    *CRASHES,
    *CLOCKS,
    "power cuts",
    "one-way spells",
    "long absences",
    "bearers down",
    "two bearers",
    "narrow bearer",
    "full disks",
    "failing disks",
    "all lines cut",
    "new lines",
    "new officers",
    "short epochs",
    "counters run out",
)
_LATER: Final = {"objects": ("object", 0.5), "courier files": ("courier", 0.3), "letters": ("letters", 0.4)}
"""Kinds that came later, each with its step and the share of worlds that has it. They are drawn apart, and their steps
put between the others under numbers of their own, so that the courses known by their seeds stay what they are."""
KINDS: Final = (*_DRAWN, *_LATER)
_FEW_COUNTERS: Final = 250  # of an epoch; with fewer, a bad hour loses all of one, which 2^32 cannot be
THREE_ENDS: Final = 0.25  # the share of worlds in which end a has two counterparts


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens, at which end, from what chance; and how long is waited afterwards."""

    number: int
    do: str
    end: int
    chance: str
    then_s: float

    def __str__(self) -> str:
        return f"{self.number}: {self.do} at {KEYS[self.end]}, then {self.then_s:.3g} s"


@dataclass(frozen=True, slots=True)
class Course:
    """All of a world that is drawn before it runs.

    `lines`: for each pair of ends its lines, each by how many officers a side it takes to open it. `apart`:
    whether end a has a bearer of its own for each counterpart, or one that carries every frame to both, as a
    listening TCP bearer does. `same_names`: whether the lines of two pairs have the same names. Of numbers that
    an end may choose freely: `block`, counters reserved at once; `counter_max`, the last of an epoch;
    `batch_keys`, prekeys announced at once.
    """

    seed: int
    kinds: frozenset[str]
    life_s: int
    latency_s: float
    lines: tuple[tuple[int, ...], ...]
    steps: tuple[Step, ...]
    apart: bool = False
    same_names: bool = False
    block: int = 256
    counter_max: int = 0xFFFFFFFF
    batch_keys: int = 8

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """The two ends of each pair."""
        return tuple((0, other) for other in range(1, len(self.lines) + 1))

    @property
    def ends(self) -> int:
        return len(self.lines) + 1

    def only(self, numbers: frozenset[int]) -> Course:
        """The same course without the other steps."""
        return replace(self, steps=tuple(step for step in self.steps if step.number in numbers))


# How often people do what, beside one another.
_SAID: Final = {
    "message": 22,
    "draft": 2,
    "release": 3,
    "release again": 5,
    "acknowledge": 14,
    "sever": 4,
    "offer": 4,
    "reopen": 5,
    "agree": 8,
    "agree to all": 9,
    "withdraw terms": 3,
    "cancel": 3,
    "withdraw": 3,
    "call": 3,
    "answer": 3,
    "watch": 1,
    "amend": 2,
    "rekey": 2,
    "wait": 6,
}
_BEFALLS: Final = (
    ("all lines cut", "sever all", 3),
    ("new lines", "new line", 3),
    ("new officers", "new officer", 2),
    ("long absences", "absence", 3),
    ("bearers down", "bearer", 8),
    ("one-way spells", "one way", 5),
    ("full disks", "disk full", 4),
    ("failing disks", "disk fails", 3),
    ("clocks jump", "clock jumps", 3),
    ("clocks stand still", "clock stands still", 3),
    ("clocks disagree", "clock runs apart", 2),
)


def course(seed: int, steps: int = STEPS) -> Course:
    """The course of a world, from its seed alone."""
    chance = random.Random(f"course/{seed}")
    kinds = frozenset(kind for kind in _DRAWN if chance.random() < 0.5)
    weights = dict(_SAID)
    for kind, what, weight in _BEFALLS:
        if kind in kinds:
            weights[what] = weight
    if kinds.intersection(LINK_FAULTS):
        weights["weather"] = 12
    for kind in kinds.intersection(CRASHES):
        weights[kind] = 4
    three = chance.random() < THREE_ENDS
    whats = sorted(weights)
    drawn = tuple(
        Step(
            number,
            chance.choices(whats, [weights[w] for w in whats])[0],
            chance.randrange(3 if three else 2),
            f"{seed}/{number}",
            _pause(chance),
        )
        for number in range(1, steps + 1)
    )
    lines = tuple(
        tuple(chance.choice((1, 2)) for _ in range(chance.randint(1, 2 if three else 3)))
        for _ in range(2 if three else 1)
    )
    later, drawn = _with_later(seed, drawn, 3 if three else 2)
    return Course(
        seed,
        kinds | later,
        chance.choice((15, 40)),
        chance.choice((0.0, 0.05, 0.4, 2.0)),
        lines,
        drawn,
        apart=len(lines) > 1 and random.Random(f"apart/{seed}").random() < 0.5,
        same_names=chance.random() < 0.5,
        block=8 if "counters run out" in kinds else chance.choice((8, 32, 256)),
        counter_max=_FEW_COUNTERS if "counters run out" in kinds else 0xFFFFFFFF,
        batch_keys=chance.choice((4, 8, 8, 32)),
    )


def _with_later(seed: int, drawn: tuple[Step, ...], ends: int) -> tuple[frozenset[str], tuple[Step, ...]]:
    """The kinds that came later which this world has, and its steps with theirs among them."""
    kinds, steps, number = set(), list(drawn), STEPS
    for kind, (what, share) in _LATER.items():
        chance = random.Random(f"{kind}/{seed}")
        if chance.random() < share:
            kinds.add(kind)
            for _ in range(chance.randint(2, 6)):
                number += 1
                step = Step(number, what, chance.randrange(ends), f"{seed}/{number}", _pause(chance))
                steps.insert(chance.randint(0, len(steps)), step)
    return frozenset(kinds), tuple(steps)


def _pause(chance: random.Random) -> float:
    """Mostly so short that what follows crosses what is under way."""
    return chance.choice((0.0, 0.0, 0.02, 0.1, 0.5, 1.0, 3.0, 3.0, 8.0, 20.0)) * (0.5 + chance.random())
