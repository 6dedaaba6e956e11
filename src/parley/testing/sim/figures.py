"""What happened in a world, in numbers, by group and kind: the proof that each fault was really there.

A group is what is counted ("frames"), a kind is what became of it ("lost on the way"). Figures of many worlds
are the sum of theirs, whatever the order.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "worlds": ("with two ends", "with three ends", "with a bearer for both counterparts"),
    "crashes": (
        "before the commit",
        "in the commit",
        "after the commit",
        "while sending",
        "between turns",
        "off for long",
    ),
    "of them": ("with the power cut", "with writes lost", "with a restart refused"),
    "frames": (
        "sent",
        "arrived",
        "lost on the way",
        "lost one way",
        "lost in a break",
        "met nobody",
        "garbled",
    ),
    "beside them": ("overtaken", "repeated", "nobody's", "copies for another"),
    "bearers": ("breaks", "one-way spells", "absences"),
    "clocks": ("jumps", "stood still", "ran apart", "disagreed"),
    "disks": ("filled", "failed", "writes refused full", "writes refused failed"),
    "people": ("acts asked", "acts refused", "lost in a crash"),
    "checks": ("steps", "replays", "pages"),
    "keys": ("directions", "epochs begun by EPOCH or counter", "frames under them"),
    "entries": ("held", "of them PREKEYS", "of them EPOCH"),
    "objects": ("named", "held", "came whole"),
    "letters asked": (
        "tender",
        "answer",
        "hand in",
        "tier",
        "take back",
        "receive",
        "appoint",
        "move",
        "agree",
    ),
    "letters": ("told alike", "numbered", "appointments told alike"),
    "courier files": ("made", "taken", "refused", "lost", "damaged", "taken twice"),
}
"""Every group and every kind that is counted; a test asks that many worlds leave none of them at 0."""


class Figures:
    """Counts by group and kind; of one world or of many."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()

    def count(self, group: str, kind: str, number: int = 1) -> None:
        """`number` more of a kind. Raises KeyError for one that is in no group."""
        if kind not in GROUPS[group]:
            raise KeyError(f"{group}: {kind}")
        self._counts[group, kind] += number

    def of(self, group: str, kind: str | None = None) -> int:
        """How many of a kind, or of a whole group."""
        kinds = GROUPS[group] if kind is None else (kind,)
        return sum(self._counts[group, each] for each in kinds)

    def add(self, other: Figures) -> None:
        self._counts.update(other._counts)

    def never(self) -> tuple[str, ...]:
        """What did not happen at all."""
        return tuple(
            f"{group}: {kind}"
            for group, kinds in GROUPS.items()
            for kind in kinds
            if not self._counts[group, kind]
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Figures) and +self._counts == +other._counts

    def __hash__(self) -> int:
        raise TypeError("figures change")

    def told(self) -> str:
        """One line for each group."""
        return "\n".join(
            f"{group}: " + ", ".join(f"{self._counts[group, kind]} {kind}" for kind in kinds)
            for group, kinds in GROUPS.items()
        )
