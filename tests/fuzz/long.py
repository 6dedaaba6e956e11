"""Every door tried for as long as there is time: `./run fuzz [--seconds N] [--door NAME] [--seed S]`.

Without a seed each run has another. Each door is told with its cases, its slowest case and its failures; a
failure is cut down to the steps it needs, where it has steps, and told with the command that repeats it.
"""

from __future__ import annotations

import argparse
import secrets
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import doors

SECONDS = 300.0


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if options.door is not None and options.door not in doors.DOORS:
        print(f"There is no door {options.door!r}. The doors are: {', '.join(doors.DOORS)}.", file=sys.stderr)
        return 2
    chosen = [door for door in doors.DOORS.values() if options.door in (None, door.name)]
    seed = options.seed if options.seed is not None else secrets.token_hex(3)
    if options.only is not None:
        return _again(chosen[0], seed, options.only, options.steps)
    whole = sum(door.weight for door in chosen)
    print(f"seed {seed}, about {options.seconds:g} s")
    print(f"{'door':20} {'cases':>8} {'a second':>9} {'slowest':>9}  failures")
    failed = False
    for door in chosen:
        result = doors.run(door, seed, seconds=options.seconds * door.weight / whole)
        pace = result.cases / result.seconds if result.seconds else 0.0
        print(
            f"{door.name:20} {result.cases:8} {pace:9.1f} {result.slowest_s:7.2f} s  {len(result.failures) or ''}",
            flush=True,
        )
        for failure in result.failures:
            failed = True
            _tell(failure)
    return 1 if failed else 0


def _again(door: doors.Door, seed: str, number: int, steps: str | None) -> int:
    kept = None if steps is None else [int(word) for word in steps.split(",") if word]
    failure = doors.once(door, seed, number, kept)
    if failure is None:
        print(f"{door.name}: case {number} of seed {seed} passes")
        return 0
    _tell(failure)
    return 1


def _tell(failure: doors.Failure) -> None:
    print(f"  FAILED  {failure.again}")
    for line in failure.text.rstrip().split("\n"):
        print(f"    {line}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./run fuzz", description="Try every door with what it should not get."
    )
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, help="how long, all doors together (default 300)"
    )
    parser.add_argument("--door", default=None, metavar="NAME", help="one door only")
    parser.add_argument("--seed", default=None, help="from this seed; else another each time")
    parser.add_argument(
        "--only", type=int, default=None, metavar="N", help="case N of --door and --seed alone"
    )
    parser.add_argument(
        "--steps", default=None, metavar="I,J", help="with --only: these steps of the case alone"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
