"""./run bench [WHAT ...]: measures ends at work and prints a table, or one JSON object with --json. Gates nothing.

A part of the bench is a module with `options` and `run`; called without a name, all parts run, one after another.
Exit code 0 when everything was measured or said to be not measured; aims that are not met are said in the table.
"""

from __future__ import annotations

import argparse
import json
import sys

from bench import audit, console, flash, growth, idle, killed, outage, slow, talk, texts
from bench.figures import Figure, table, told

WHAT = {
    "console": console,
    "talk": talk,
    "idle": idle,
    "killed": killed,
    "flash": flash,
    "outage": outage,
    "slow": slow,
    "audit": audit,
    "growth": growth,
    "texts": texts,
}


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./run bench", description="Measures ends at work; gates nothing.")
    parts = "; ".join(
        f"{name}: {(module.__doc__ or '').partition(chr(10))[0].partition(': ')[2]}"
        for name, module in WHAT.items()
    )
    parser.add_argument("what", nargs="*", metavar="WHAT", help=f"{parts} (all)")
    parser.add_argument("--json", action="store_true", help="one object: name -> value, unit, aim, met")
    parser.add_argument(
        "--short", action="store_true", help="small and few, to show that all works; says nothing of the aims"
    )
    for module in WHAT.values():
        module.options(parser)
    chosen = parser.parse_args(words)
    unknown = [name for name in chosen.what if name not in WHAT]
    if unknown:
        parser.error(f"there is no part {unknown[0]!r}; there are {', '.join(WHAT)}")
    found: dict[str, Figure] = {}
    for name in chosen.what or WHAT:
        found |= WHAT[name].run(chosen)
    print(json.dumps(told(found)) if chosen.json else table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
