"""`./run journeys [--short] [--keep]`: the console and the demonstration, gone through in a real browser.

Each journey is a file `journey_*.py` here, which the quick suite does not collect: a journey needs Chromium, axe-core
(`npm ci` in this folder) and some minutes. `--short` leaves out the pictures and the demonstration, and goes through
the instruments, and all pages at all sizes, in Korean alone. `--keep` writes the pictures of docs/guide/pictures anew;
without it they are made, judged, and left in build/journeys. Other arguments go to pytest.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
INSTRUMENTS = ("journey_announcement", "journey_contacts", "journey_letter_desk", "journey_letters")


def main(words: list[str]) -> int:
    sys.path.insert(0, str(HERE))
    short, keep = "--short" in words, "--keep" in words
    rest = [w for w in words if w not in ("--short", "--keep")]
    where = ROOT / ("docs/guide/pictures" if keep else "build/journeys")
    where.mkdir(parents=True, exist_ok=True)
    os.environ["PARLEY_PICTURES"] = str(where)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(HERE), os.environ.get("PYTHONPATH"))))
    left_out = ("journey_pictures.py", "journey_visitor.py") if short else ()
    named = any(w.endswith(".py") or ".py::" in w for w in rest)
    given = ["-p", "given", "-o", "python_files=journey_*.py", "--rootdir", str(ROOT)]
    given += ["-c", str(ROOT / "pyproject.toml")]
    how = "-n 2 --dist loadgroup --durations=12 --tb=short"
    ignored = [f"--ignore={HERE / name}" for name in left_out]
    if short and not named:
        english = [*(f"({name} and [en])" for name in INSTRUMENTS), "(journey_sizes and -en])"]
        ignored += ["-k", "not (" + " or ".join(english) + ")"]
    return int(pytest.main([*given, *how.split(), *ignored, *(() if named else (str(HERE),)), *rest]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
