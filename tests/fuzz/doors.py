"""Every door of Parley, tried with what it should not get; each case from one seed, so that it can be tried again.

A door is opened once and takes many cases. A case is played from its seed, a text; it raises when something
comes of it that is not documented: an error that is neither LocalError nor RemoteError, a traceback, a lost
record. A case that is made of steps draws each step from a seed of its own, so that a failure can be tried
with steps left out, and is cut down to those that matter.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import door_courier
import door_files
import door_letters
import door_pages
import door_parsers
import door_peer
import door_scenarios
import door_sockets
from damage import quick_folder

Steps: TypeAlias = "frozenset[int] | None"  # the steps to take, None for all
Case: TypeAlias = "Callable[[str, Steps], int]"  # plays a case from its seed; gives how many steps it has
SHRINK_WITHIN_S = 60.0
FAILURES_MOST = 5  # of one door in one run: what is wrong is wrong


@dataclass(frozen=True)
class Door:
    """One way in. `opened`: gives what plays a case. `short`, `middle`: cases in the quick suite, in the slow
    one; `./run fuzz` plays as many as there is time for. `case_s_max`: processor time that no case may take, seconds.
    `weight`: its part of a long run."""

    name: str
    opened: Callable[[Path], AbstractContextManager[Case]]
    short: int
    middle: int
    case_s_max: float = 0.5
    weight: float = 1.0


DOORS: dict[str, Door] = {
    door.name: door
    for door in (
        *(Door(f"parse {name}", door_parsers.opened(name), 60, 1500) for name in door_parsers.PARSERS),
        Door("values of commands", door_parsers.opened_values, 60, 2000),
        Door("files of a home", door_files.opened_home, 3, 50, 5.0, 4.0),
        Door("files handed over", door_files.opened_handed, 4, 40, 5.0, 2.0),
        Door("scenario files", door_scenarios.opened, 12, 100, 5.0, 2.0),
        Door("tcp", door_sockets.opened_tcp, 6, 150, 2.0, 2.0),
        Door("desk socket", door_sockets.opened_desk, 25, 500, 3.0, 2.0),
        Door("pages", door_pages.opened, 15, 400, 3.0, 3.0),
        Door("courier file", door_courier.opened, 4, 60, 5.0, 2.0),
        Door("letters", door_letters.opened, 6, 150, 3.0, 2.0),
        Door("peer", door_peer.opened, 1, 40, 30.0, 12.0),
        Door("flood", door_peer.opened_flood, 0, 2, 120.0, 3.0),
    )
}


@dataclass(frozen=True)
class Failure:
    """What a case came to that it should not. `steps`: those it was cut down to, None for all."""

    door: str
    seed: str
    number: int
    steps: tuple[int, ...] | None
    text: str

    @property
    def again(self) -> str:
        """The command that repeats it."""
        words = f'./run fuzz --door "{self.door}" --seed {self.seed} --only {self.number}'
        return words if self.steps is None else f"{words} --steps {','.join(map(str, self.steps))}"


@dataclass
class Result:
    """What a run of one door came to."""

    door: str
    cases: int = 0
    seconds: float = 0.0
    slowest_s: float = 0.0
    slowest: int = 0
    failures: list[Failure] = field(default_factory=list)


def run(
    door: Door, seed: str, *, cases: int | None = None, seconds: float | None = None, shrink: bool = True
) -> Result:
    """`cases` cases, or as many as there is time for, from `seed`."""
    result, number = Result(door.name), 0
    began = time.monotonic()

    def more() -> bool:
        enough = number >= cases if cases is not None else time.monotonic() - began >= (seconds or 0.0)
        return not enough and len(result.failures) < FAILURES_MOST

    while more():
        with quick_folder() as folder, door.opened(Path(folder)) as play:
            while more():
                failure = _one(door, play, seed, number, result)
                number += 1
                if failure is not None:  # what comes after is tried at a door that nothing has happened to
                    result.failures.append(shortest(door, failure) if shrink else failure)
                    break
    result.seconds = time.monotonic() - began
    return result


def once(door: Door, seed: str, number: int, steps: Sequence[int] | None = None) -> Failure | None:
    """One case again, or some of its steps, at a door of its own."""
    with quick_folder() as folder, door.opened(Path(folder)) as play:
        return _one(door, play, seed, number, Result(door.name), steps)


def _one(
    door: Door, play: Case, seed: str, number: int, result: Result, steps: Sequence[int] | None = None
) -> Failure | None:
    began = time.process_time()
    text = ""
    try:
        play(f"{door.name}/{seed}/{number}", None if steps is None else frozenset(steps))
    except (Exception, SystemExit) as e:
        text = f"{type(e).__name__}: {e}\n{''.join(traceback.format_tb(e.__traceback__)[-5:])}"
    took = time.process_time() - began
    result.cases += 1
    if took > result.slowest_s:
        result.slowest_s, result.slowest = took, number
    if not text and took > door.case_s_max:
        text = f"the case took {took:.1f} s of the processor, over {door.case_s_max} s"
    return Failure(door.name, seed, number, None if steps is None else tuple(steps), text) if text else None


def shortest(door: Door, failure: Failure) -> Failure:
    """The failure with the steps left out that it does not need, as far as that is found in a minute."""
    deadline = time.monotonic() + SHRINK_WITHIN_S
    count = steps_of(door, failure)
    if count < 2:
        return failure
    kept, best, size = list(range(count)), failure, count // 2
    while size and time.monotonic() < deadline:
        at = 0
        while at < len(kept) and time.monotonic() < deadline:
            tried = kept[:at] + kept[at + size :]
            again = once(door, failure.seed, failure.number, tried)
            if again is not None and again.text.split(":")[0] == failure.text.split(":")[0]:
                kept, best = tried, again
            else:
                at += size
        size //= 2
    return best


def steps_of(door: Door, failure: Failure) -> int:
    """Of how many steps a case is made; 1 for a case without."""
    with quick_folder() as folder, door.opened(Path(folder)) as play:
        return play(f"{door.name}/{failure.seed}/{failure.number}", frozenset())
