"""Scenario files: those we ship, changed. A file is played, or refused in one sentence that names it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from damage import ROOT, spoilt, spoilt_text
from door_files import ends_in_time

from parley.core.errors import LocalError
from parley.scenario import Scenario, play
from parley.scenario.reading import load

PLAYED_S_MAX = 3600  # of the scenario's own time: more is told, not tried here
PLAYED_STEPS_MAX = 30


@cache
def shipped() -> tuple[str, ...]:
    """The scenarios of the checkout, the short one more often: it can be played."""
    short, long = (ROOT / "scenarios" / name for name in ("two-minutes.toml", "korea-2021.toml"))
    return (short.read_text(encoding="utf-8"),) * 3 + (long.read_text(encoding="utf-8"),)


def a_file(chance: random.Random, folder: Path, homes: Path) -> None:
    words = spoilt_text(chance, chance.choice(shipped()))
    data = words.encode("utf-8", "surrogatepass")
    if chance.random() < 0.15:
        data = spoilt(chance, data, 1 << 21)
    path = folder / "story.toml"
    path.write_bytes(data)
    try:
        found = load(path)
    except LocalError as e:
        assert "\n" not in e.text and len(e.text) < 2000, f"not one sentence: {e.text[:300]!r}"
        assert str(path) in e.text, e.text
        return
    if is_short(found) and chance.random() < 0.3:
        with ends_in_time():
            try:
                outcome = play(found, homes)
            except LocalError as e:
                assert "\n" not in e.text, e.text
            else:
                assert outcome.as_json()


def is_short(found: Scenario) -> bool:
    return found.end - found.start <= PLAYED_S_MAX and len(found.steps) <= PLAYED_STEPS_MAX


@contextmanager
def opened(folder: Path) -> Iterator[Callable[[str, frozenset[int] | None], int]]:
    """The door of scenario files."""
    done = [0]

    def one(seed: str, steps: frozenset[int] | None) -> int:
        done[0] += 1
        if steps is None:
            a_file(random.Random(seed), folder, folder / f"homes-{done[0]}")
        return 1

    yield one
