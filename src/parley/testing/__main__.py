"""The simulator from the command line: `python -m parley.testing --worlds 100 --seed 0`, or `./run sim`."""

from __future__ import annotations

import argparse
import sys
import time

from parley.testing.sim import Figures, run_world, shortest, told


def main(arguments: list[str] | None = None) -> int:
    """Runs worlds from consecutive seeds; 1 if one of them failed."""
    parser = argparse.ArgumentParser(
        prog="parley.testing", description="Two real ends, bad bearers, crashes: one world for each seed."
    )
    parser.add_argument("--worlds", type=int, default=100, metavar="N", help="how many worlds (100)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="the seed of the first (0)")
    parser.add_argument(
        "--steps", type=int, default=None, metavar="K", help="only the first K steps of each course"
    )
    asked = parser.parse_args(arguments)
    if asked.worlds < 1 or (asked.steps is not None and asked.steps < 0):
        parser.error("at least one world, and no fewer than 0 steps")
    started, total, failed = time.monotonic(), Figures(), 0
    terminal = sys.stderr.isatty()
    for seed in range(asked.seed, asked.seed + asked.worlds):
        result = run_world(seed, steps=asked.steps)
        total.add(result.figures)
        if not result.ok:
            failed += 1
            if terminal:
                print(f"\r\033[Kseed {seed} fails; cutting its course down", end="", file=sys.stderr)
            text = told(shortest(result))
            print(("\r\033[K" if terminal else "") + text, file=sys.stderr)
        if terminal:
            print(
                f"\r\033[K{total.worlds} of {asked.worlds} worlds, {failed} failed", end="", file=sys.stderr
            )
    if terminal:
        print("\r\033[K", end="", file=sys.stderr)
    print(
        f"worlds {total.worlds}, failed {failed}: {total.crashes} crashes, {total.sent} frames of which"
        f" {total.lost} lost, {total.garbled} garbled or nobody's, {total.repeated} repeated,"
        f" {total.entries} entries, {time.monotonic() - started:.0f} s"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
