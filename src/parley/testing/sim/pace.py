"""How much an end does in a stretch of time: one that asks, answers or wakes without end would hang a line (14)."""

from __future__ import annotations

from typing import Final

from parley.testing.sim.must_hold import Broken

MOST: Final = ((1.0, 400), (60.0, 2400))
"""In so many seconds at most so often. A bearer that comes up after a long absence lets some 130 frames of a line
go at once; what comes of a fault is a thousand a second."""


class Pace:
    """Counts one thing that one end does."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._begun = [float("-inf")] * len(MOST)
        self._count = [0] * len(MOST)

    def once_more(self, now: float) -> None:
        """It was done again. Raises Broken when that is too often."""
        for i, (seconds, most) in enumerate(MOST):
            if now - self._begun[i] > seconds:
                self._begun[i], self._count[i] = now, 0
            self._count[i] += 1
            if self._count[i] > most:
                raise Broken(14, f"{self._what} more than {most} times in {seconds:.0f} s")
