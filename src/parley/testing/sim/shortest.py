"""The shortest course found on which a world still fails in the same way.

First the course is cut to its shortest failing beginning, by bisection; then steps inside are left out, in ever
smaller groups (delta debugging), while the same number of `must_hold` fails. Each step has a chance of its own, so
what is left out does not change what the others draw. The number of runs is bounded; what is found is short, not
always the shortest there is.
"""

from __future__ import annotations

from typing import Final

from parley.node import Node
from parley.testing.sim.course import KINDS, STEPS
from parley.testing.sim.must_hold import MUST_HOLD
from parley.testing.sim.world import Failure, WorldResult, run_course

RUNS_MAX: Final = 100


def shortest(result: WorldResult, build: type[Node] = Node, *, runs_max: int = RUNS_MAX) -> WorldResult:
    """A failed world again, by the shortest course found in at most `runs_max` runs."""
    assert result.failure is not None, "only a failure is made shorter"
    return _Search(result, result.failure, build, runs_max).found()


class _Search:
    def __init__(self, result: WorldResult, failure: Failure, build: type[Node], runs_max: int) -> None:
        self.best, self._number, self._build, self._left = result, failure.number, build, runs_max
        self._tried: set[frozenset[int]] = set()

    def found(self) -> WorldResult:
        assert self.best.failure is not None
        steps = [step.number for step in self.best.course.steps]
        self._cut([number for number in steps if number <= self.best.failure.step])
        self._thin()
        return self.best

    def _fails(self, numbers: list[int]) -> bool:
        """Whether these steps alone fail in the same way; then they are the best so far."""
        chosen = frozenset(numbers)
        if self._left <= 0 or chosen in self._tried:
            return False
        self._tried.add(chosen)
        self._left -= 1
        tried = run_course(self.best.course.only(chosen), self._build)
        if tried.failure is None or tried.failure.number != self._number:
            return False
        self.best = tried
        return True

    def _cut(self, steps: list[int]) -> None:
        """The shortest beginning that fails, if the beginning up to the failure does."""
        if not self._fails(steps):
            return
        works, fails = -1, len(steps)
        while fails - works > 1:
            middle = (works + fails) // 2
            if self._fails(steps[:middle]):
                fails = middle
            else:
                works = middle

    def _thin(self) -> None:
        """Leaves out groups of steps, halves first, then ever smaller, until no single one can be left out."""
        parts = 2
        while (steps := [step.number for step in self.best.course.steps]) and self._left > 0:
            size = -(-len(steps) // parts)
            groups = [steps[at : at + size] for at in range(0, len(steps), size)]
            for group in groups:
                if self._fails([number for number in steps if number not in group]):
                    parts = max(parts - 1, 2)
                    break
            else:
                if size == 1:
                    return
                parts = min(parts * 2, len(steps))


def again(result: WorldResult) -> str:
    """The command that runs a world again."""
    numbers = [step.number for step in result.course.steps]
    only = "" if numbers == list(range(1, STEPS + 1)) else f" --only {','.join(map(str, numbers)) or '0'}"
    return f"./run sim --seed {result.course.seed}{only}"


def told(result: WorldResult) -> str:
    """A failure in words: what does not hold, the course that leads to it, and how to see it again."""
    failure, drawn = result.failure, result.course
    assert failure is not None, "only a failure is told"
    kinds = ", ".join(kind for kind in KINDS if kind in drawn.kinds) or "none"
    return "\n".join(
        (
            f"seed {drawn.seed} fails after step {failure.step}, ({failure.number}) {MUST_HOLD[failure.number]}:",
            f"  {failure.text}",
            f"kinds on: {kinds}",
            f"{len(drawn.lines) + 1} ends, lines by quorum {drawn.lines}, latency {drawn.latency_s} s,"
            f" a sign of life every {drawn.life_s} s",
            f"the shortest course found, {len(drawn.steps)} of {STEPS} steps:",
            *(f"  {step}" for step in drawn.steps),
            f"again: {again(result)}",
        )
    )
