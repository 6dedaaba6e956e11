"""./run bench WHAT: measures an end and prints a table, or one JSON object with --json. Gates nothing.

Exit code 0 when everything was measured or said to be not measured; aims that are not met are said in the table.
"""

from __future__ import annotations

import argparse
import json
import sys

from bench import console

WHAT = {"console": console}


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./run bench", description="Measures an end; gates nothing.")
    what = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    for name, module in WHAT.items():
        one = what.add_parser(name, help=(module.__doc__ or "").partition("\n")[0].partition(": ")[2])
        one.add_argument("--json", action="store_true", help="one object: name -> value, unit, aim, met")
        module.options(one)
    chosen = parser.parse_args(words)
    found = WHAT[chosen.what].run(chosen)
    if chosen.json:
        told = {
            name: {"value": f.value, "unit": f.unit, "aim": f.aim, "met": f.met}
            | ({"why": f.why} if f.why else {})
            for name, f in found.items()
        }
        print(json.dumps(told))
    else:
        print(console.table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
