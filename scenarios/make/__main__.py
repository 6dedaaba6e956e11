"""./run fifty-years: the lines between the two Koreas, 1971 to 2023, played on two ends and laid beside the data.

    ./run fifty-years           plays the scenario; prints the outages beside what both ends showed. Fails when an
                                expectation does not hold, when the records of the ends differ, or when the scenario,
                                the picture or the page is not as the play and the data make it
    ./run fifty-years --make    first writes the scenario from the data; then plays, and writes picture and page
    --keep FILE                 what was played, as JSON; --from FILE takes it from there instead of playing

It takes one to two minutes.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Final

from fifty_data import ROOT, load
from fifty_drawn import picture
from fifty_made import made
from fifty_page import page
from fifty_played import as_json, from_json, played
from fifty_table import table

from parley.core.errors import LocalError
from parley.scenario import parse

SCENARIO: Final = ROOT / "scenarios" / "korea-1971-2023.toml"
PAGE: Final = ROOT / "docs" / "guide" / "fifty-years.md"
PICTURE: Final = ROOT / "docs" / "guide" / "pictures" / "fifty-years.svg"


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    data = load()
    files = {SCENARIO: made(data)}
    if options.taken is not None:
        found = from_json(json.loads(options.taken.read_text("utf-8")))
    else:
        found = played(parse(files[SCENARIO], SCENARIO.name))
    if options.keep is not None:
        options.keep.write_text(json.dumps(as_json(found), indent=1) + "\n", "utf-8")
    files[PICTURE] = picture(data, found)
    files[PAGE] = page(PAGE.read_text("utf-8"), data, found)
    print(table(data, found), end="")
    print(f"{found.entries:,} entries verified, as each end exported them.")
    wrong = [f"Not as expected: {failure}" for failure in found.failures]
    for path, text in files.items():
        if options.make:
            path.write_text(text, "utf-8")
        elif not path.exists() or path.read_text("utf-8") != text:
            wrong.append(f"{path.relative_to(ROOT)} is not as made: ./run fifty-years --make writes it.")
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong or found.differences or not found.ok else 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run fifty-years", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--make", action="store_true", help="write the scenario, the picture and the page")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="keep what was played as JSON")
    parser.add_argument(
        "--from", dest="taken", type=Path, metavar="FILE", help="take it from there, play nothing"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except LocalError as e:
        sys.exit(f"{e.text}\nHint: {e.hint}" if e.hint else e.text)
