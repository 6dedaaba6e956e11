"""Stands for the tests of the demonstration: two ends on a virtual clock, and a whole house with a short past."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path

from parley.demo import guide
from parley.demo.course import START, Course
from parley.demo.house import House, Place
from parley.scenario import Scenario, load
from parley.scenario.format import OfferRestore
from parley.scenario.stage import Stage

SCENARIOS = Path(__file__).parents[2] / "scenarios"
KOREA = replace(load(SCENARIOS / "korea-2021.toml"), sync=False)
TWO_MINUTES = replace(load(SCENARIOS / "two-minutes.toml"), sync=False)
HOSTS = ("localhost", "127.0.0.1")
WITHIN_S = 60.0


def short_past() -> Scenario:
    """The scenario of the demonstration from ten minutes before it is live: nothing was cut, and it is ready soon."""
    start = START - 600
    kept = [s for s in KOREA.steps if s.instants[0] >= start or isinstance(s.action, OfferRestore)]
    return replace(KOREA, start=start, steps=tuple(kept))


@contextlib.contextmanager
def two_ends(folder: Path) -> Iterator[Stage]:
    """Both ends of the two minutes, set up and joined, on a virtual clock."""
    stage = Stage(TWO_MINUTES, folder)
    try:
        stage.set_up()
        yield stage
    finally:
        stage.leave()


class MadeOnce:
    """Both ends of the two minutes, set up once in `folder` and then had again, as they were, as often as one asks.

    A home is bound to its files, so what they held is written back into them, while both homes are closed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with two_ends(folder) as stage:
            self._left_at = stage.clock.wall()
        self._held = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    @contextlib.contextmanager
    def again(self) -> Iterator[Stage]:
        """Both ends, at the instant at which the set-up was done."""
        for path in self._folder.rglob("*"):
            if path.is_file() and path not in self._held:
                path.unlink()
        for path, held in self._held.items():
            path.write_bytes(held)
        stage = Stage(TWO_MINUTES, self._folder)
        try:
            stage.come_back(self._left_at, {plan.key: plan.up for plan in TWO_MINUTES.bearers})
            yield stage
        finally:
            stage.leave()


@contextlib.asynccontextmanager
async def standing(course: Course, folder: Path) -> AsyncIterator[House]:
    """A house at work, whose ends act quickly, and which nobody serves."""
    places = {
        party.key: Place(f"{party.key}.localhost", 8411 + n, (f"{party.key}.localhost", *HOSTS))
        for n, party in enumerate(course.scenario.parties)
    }
    house = House(course, folder, places, "http://localhost:8410", patience_s=0.05)
    await house.open()
    try:
        yield house
    finally:
        await house.end()


async def until(house: House, condition: Callable[[], bool]) -> None:
    """Lets the house go on until `condition` holds. TimeoutError when it does not."""
    async with asyncio.timeout(WITHIN_S):
        while not condition():
            await house.tick()
            house.story.look(house.live.desks, house.now) if house.live else None
            await asyncio.sleep(0.01)


def page_of(house: House) -> guide.Guide:
    return guide.Guide(house)
