"""What one line has on its way of objects, in memory: what we fetch of theirs, and what they asked of ours.

All of it may be forgotten. What is wanted lies in the record, with the blocks that came of it but for the last few, and
is asked for again after a restart; what they asked for they ask for again.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from parley.core.objects import Assembly, ObjectName
from parley.store import Wanted

ObjectPlace = tuple[int, int]  # sequence of the act that names it, and which of its objects


@dataclass(slots=True)
class Fetch:
    """An object of theirs that is wanted. `asked`: by block that was asked for, the order in which it was, and when;
    `tries`: how often it was asked again without anything new; `ask_at`: when to ask (again), on the monotonic clock;
    `is_open`: it was asked for, so that what comes of it is taken; `saved`: the blocks that are on the disk;
    `saved_at`: when that was last tried, and `refused`: the disk would not."""

    wanted: Wanted
    assembly: Assembly
    asked: dict[int, tuple[int, float]] = field(default_factory=dict)
    tries: int = 0
    ask_at: float = float("-inf")
    is_open: bool = False
    saved: set[int] = field(default_factory=set)
    saved_at: float = float("-inf")
    refused: bool = False

    @property
    def place(self) -> ObjectPlace:
        return self.wanted.sequence, self.wanted.place

    def open(self, blocks: dict[int, bytes], now: float) -> None:
        """It is asked for from now on; `blocks` are those that came before."""
        named = self.wanted.named
        self.assembly = Assembly(named, {b: data for b, data in blocks.items() if b < named.blocks})
        self.saved, self.saved_at, self.is_open = set(self.assembly.whole), now, True

    def close(self) -> None:
        """What came of it is forgotten, but for what is on the disk."""
        self.assembly = Assembly(self.wanted.named)
        self.asked.clear()
        self.is_open = False

    @property
    def unsaved(self) -> list[int]:
        """The blocks that a restart would lose."""
        return sorted(self.assembly.whole.keys() - self.saved)


@dataclass(slots=True)
class Answer:
    """A block of ours that they asked for. `pieces` and `lacks`: of so many fragments only those, if it goes in so
    many here too; `form` and `left`: how it goes, once it has begun, and which fragments are still to go."""

    pieces: int
    lacks: frozenset[int]
    form: tuple[int, int] = (0, 0)
    left: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Moving:
    """The objects of one line on their way. `fetches`: None until it is looked up again; `answers`: the blocks they
    asked for, by place and block, in the order in which they did; `held`: places of theirs of which they are to be
    told that we hold the object; `frames`: how many fragments went out, so that lines take turns."""

    fetches: dict[ObjectPlace, Fetch] | None = None
    stale: dict[ObjectPlace, Fetch] = field(default_factory=dict)  # as they were when last looked up
    answers: dict[tuple[int, int, int], Answer] = field(default_factory=dict)
    held: set[ObjectPlace] = field(default_factory=set)
    frames: int = 0
    order: int = 0
    named: dict[ObjectPlace, ObjectName] = field(default_factory=dict)  # of ours and held, as looked up
