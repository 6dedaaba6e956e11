"""The simulator from the command line: `python -m parley.testing --worlds 100 --seed 0`, or `./run sim`."""

from __future__ import annotations

import argparse
import os
import sys
import time

from parley.testing.sim import Figures, told, worlds


def main(arguments: list[str] | None = None) -> int:
    """Runs worlds from consecutive seeds; 1 if one of them failed."""
    parser = argparse.ArgumentParser(
        prog="parley.testing",
        description="Real ends, bad bearers, bad disks, wrong clocks, crashes: one world for each seed.",
    )
    parser.add_argument("--worlds", type=int, metavar="N", help="how many worlds (100; with --only 1)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="the seed of the first (0)")
    parser.add_argument("--steps", type=int, metavar="K", help="only the first K steps of each course")
    parser.add_argument(
        "--only", type=_numbers, metavar="I,J", help="only these steps of each course; 0 for none"
    )
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, metavar="J", help="worlds at a time (all cores)"
    )
    asked = parser.parse_args(arguments)
    count = asked.worlds if asked.worlds is not None else 1 if asked.only is not None else 100
    if count < 1 or asked.jobs < 1 or (asked.steps is not None and asked.steps < 0):
        parser.error("at least one world and one job, and no fewer than 0 steps")
    started, total, failed = time.monotonic(), Figures(), 0
    terminal = sys.stderr.isatty()
    seeds = range(asked.seed, asked.seed + count)
    results = worlds(
        seeds, jobs=min(asked.jobs, count), steps=asked.steps, only=asked.only, shorten=asked.only is None
    )
    done = 0
    try:
        for done, result in enumerate(results, 1):
            total.add(result.figures)
            if not result.ok:
                failed += 1
                print(("\r\033[K" if terminal else "") + told(result), file=sys.stderr, flush=True)
            if terminal:
                print(
                    f"\r\033[K{done} of {count} worlds, {failed} failed", end="", file=sys.stderr, flush=True
                )
    except KeyboardInterrupt:
        pass  # what is done counts
    if terminal:
        print("\r\033[K", end="", file=sys.stderr)
    print(total.told())
    stopped = "" if done == count else f", stopped before the other {count - done}"
    print(
        f"worlds {done} from seed {asked.seed}, failed {failed}, {time.monotonic() - started:.0f} s{stopped}"
    )
    return 1 if failed else 0


def _numbers(words: str) -> frozenset[int]:
    return frozenset(int(word) for word in words.split(","))


if __name__ == "__main__":
    sys.exit(main())
