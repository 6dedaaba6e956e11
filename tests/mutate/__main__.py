"""`./run mutate`: how many small faults in the heart of core the tests notice (docs/mutation.md).

    ./run mutate                                 everything, about half an hour on two cores
    ./run mutate --module line --module record   these alone
    ./run mutate --sample 40 --seed 7            so many of each module, drawn anew by another seed
    ./run mutate --short                         a fixed draw within about a minute; what CI runs

Ends with 1 if too few are noticed, or if docs/mutation.md explains what is not there.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
from pathlib import Path

import mutants
import trials
from mutants import Module, Mutant
from trials import Outcome

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "src" / "parley" / "core"
MODULES = ("wire/cbor", "wire/entry", "wire/frame", "wire/body", "record", "line")
EXPLAINED = ROOT / "docs" / "mutation.md"
TESTS = ("tests/core",)
# In a short run without those that walk through whole histories: they take longer than all others together.
LONG = ("test_interleavings.py", "test_settled.py", "test_line_transcripts.py")
SHORT_SAMPLE, SHORT_SEED = 30, 1
MOST_S, SHORT_MOST_S = 20.0, 3.0  # processor time of the tests that one mutant gets, as they take without it
FLOOR = 90  # per cent of each module's mutants; of a draw, of all together
_ROW = re.compile(
    r"^\| `(?P<file>[^`]+)` \| (`(?P<where>[^`]+)`)? ?\| `(?P<before>.+?)` \| `(?P<after>.+?)` \| (?P<why>.+) \|$"
)


def main(argv: list[str]) -> int:
    given = _arguments(argv)
    modules = [mutants.read(CORE / f"{name}.py", f"core/{name}.py") for name in given.module or MODULES]
    drawn = {module.file: _draw(module, given.sample, given.seed) for module in modules}
    if given.list:
        for module in modules:
            print(*drawn[module.file], sep="\n")
        return 0
    from_s = time.monotonic()
    selection = [*TESTS, *(f"--deselect={name}" for name in given.deselect)]
    if given.short:
        selection += [f"--ignore=tests/core/{name}" for name in LONG]
    trials.prepare()
    try:
        outcomes = _run(selection, modules, [m for ms in drawn.values() for m in ms], given.jobs, given.most)
    except trials.Broken as e:
        print(f"{e}. Mend the tests first: ./run test tests/core", file=sys.stderr)
        return 1
    return _report(modules, drawn, outcomes, given.floor, given.sample is None, time.monotonic() - from_s)


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "./run mutate", description="How many small faults in core the tests notice."
    )
    parser.add_argument("--module", action="append", choices=MODULES, help="one module; may be repeated")
    parser.add_argument("--sample", type=int, metavar="N", help="at most N mutants of each module")
    parser.add_argument("--seed", type=int, default=SHORT_SEED, help="which ones (default: %(default)s)")
    parser.add_argument(
        "--short", action="store_true", help="a fixed draw, about a minute, quick tests alone"
    )
    parser.add_argument(
        "--floor", type=float, default=FLOOR, help="per cent a module must reach (default: %(default)s)"
    )
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time (default: %(default)s)")
    parser.add_argument(
        "--most", type=float, metavar="S", help="seconds of tests for one mutant (default: 20, short: 3)"
    )
    parser.add_argument("--deselect", action="append", default=[], metavar="TEST", help="a test to leave out")
    parser.add_argument("--list", action="store_true", help="show the mutants and run nothing")
    given = parser.parse_args(argv)
    if given.short and given.sample is None:
        given.sample = SHORT_SAMPLE
    if given.most is None:
        given.most = SHORT_MOST_S if given.short else MOST_S
    return given


def _draw(module: Module, sample: int | None, seed: int) -> list[Mutant]:
    if sample is None or sample >= len(module.mutants):
        return module.mutants
    chosen = sorted(random.Random(f"{seed} {module.file}").sample(range(len(module.mutants)), sample))
    return [module.mutants[i] for i in chosen]


def _run(
    selection: list[str], modules: list[Module], wanted: list[Mutant], jobs: int, most_s: float
) -> dict[Mutant, Outcome]:
    swaps, others = [m for m in wanted if m.swaps], [m for m in wanted if not m.swaps]
    tests, found = trials.swapped(selection, modules, swaps, jobs, most_s)
    outcomes = dict(zip(swaps, found, strict=True))
    return outcomes | dict(zip(others, trials.anew(tests, modules, others, jobs, most_s), strict=True))


def explained() -> dict[tuple[str, str, str, str], str]:
    """The rows of docs/mutation.md: why a mutant may survive, by its name."""
    rows = {}
    for line in EXPLAINED.read_text("utf-8").splitlines() if EXPLAINED.exists() else ():
        row = _ROW.match(line.replace(r"\|", "\x00"))
        if row is not None:
            cells = {k: (v or "").replace("\x00", "|") for k, v in row.groupdict().items()}
            rows[cells["file"], cells["where"], cells["before"], cells["after"]] = cells["why"]
    return rows


def _report(
    modules: list[Module],
    drawn: dict[str, list[Mutant]],
    outcomes: dict[Mutant, Outcome],
    floor: float,
    whole: bool,
    took_s: float,
) -> int:
    reasons, below, stale = explained(), False, False
    left: list[Mutant] = []
    print(
        f"{'module':<20} {'mutants':>8} {'killed':>8} {'timeouts':>8} {'survived':>8} {'explained':>9} {'score':>7}"
    )
    sums = [0] * 5
    for module in modules:
        found = [outcomes[m] for m in drawn[module.file]]
        survivors = [m for m in drawn[module.file] if outcomes[m] is Outcome.SURVIVED]
        known = [m for m in survivors if m.name in reasons]
        left += [m for m in survivors if m.name not in reasons]
        counts = [
            len(found),
            found.count(Outcome.KILLED),
            found.count(Outcome.TIMEOUT),
            len(survivors),
            len(known),
        ]
        sums = [a + b for a, b in zip(sums, counts, strict=True)]
        below = below or (whole and _score(counts) < floor)
        print(_row(module.file, counts))
    below = below or _score(sums) < floor
    if len(modules) > 1:
        print(_row("together", sums))
    if left:
        print("\nSurvived, and not explained in docs/mutation.md:")
        print(*(f"  {m}" for m in left), sep="\n")
    if whole:
        known_names = {m.name for module in modules for m in module.mutants}
        survived = {m.name for m, o in outcomes.items() if o is Outcome.SURVIVED}
        for name in reasons:
            if name[0] in drawn and name not in survived:
                why = "is killed" if name in known_names else "is no mutant of it"
                print(f"docs/mutation.md explains what {why}: {name}")
                stale = True
    print(f"\n{took_s:.0f} s")
    if below:
        print(
            f"Below the floor of {floor:g} %{' in a module' if whole else ''}: a test is missing for the above."
        )
    return int(below or stale)


def _score(counts: list[int]) -> float:
    """Noticed, in per cent of those that are no explained survivors."""
    total, killed, timeouts, _, known = counts
    return 100 * (killed + timeouts) / max(total - known, 1)


def _row(name: str, counts: list[int]) -> str:
    total, killed, timeouts, survived, known = counts
    return f"{name:<20} {total:>8} {killed:>8} {timeouts:>8} {survived:>8} {known:>9} {_score(counts):>6.1f}%"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
