"""Many worlds, on several cores: each seed is a world of its own, so the result does not hang on how many."""

from __future__ import annotations

import gc
import multiprocessing
import signal
import sys
from collections.abc import Iterable, Iterator

from parley.testing.sim.shortest import shortest
from parley.testing.sim.world import WorldResult, run_world


def worlds(
    seeds: Iterable[int],
    *,
    jobs: int = 1,
    steps: int | None = None,
    only: frozenset[int] | None = None,
    shorten: bool = True,
) -> Iterator[WorldResult]:
    """What each world came to, in the order of the seeds. A failed one has its course made short, if `shorten`;
    its figures are then those of the short course."""
    asked = [(seed, steps, only, shorten) for seed in seeds]
    if jobs <= 1:
        yield from map(_one, asked)
        return
    with multiprocessing.get_context("spawn").Pool(jobs, _not_interrupted) as pool:
        yield from pool.imap(_one, asked)


def _not_interrupted() -> None:
    """Whoever interrupts the command means its first process, which ends the others; they tidy up and go."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


def _one(asked: tuple[int, int | None, frozenset[int] | None, bool]) -> WorldResult:
    seed, steps, only, shorten = asked
    result = run_world(seed, steps=steps, only=only)
    if shorten and not result.ok:
        result = shortest(result)
    gc.collect()  # a world is a ring of references, and holds open files
    return result
