"""What befalls the ends and the bearers: each step a mishap, most of which end by themselves later."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from parley.bearers.memory import Faults
from parley.testing.sim.course import CRASHES
from parley.testing.sim.disk import FILES
from parley.testing.sim.end import Crash, End
from parley.testing.sim.scene import Scene

_HOUR, _DAY = 3600.0, 86_400.0


def _wait(scene: Scene, end: End, chance: random.Random) -> None:
    scene.advance(chance.choice((5.0, 30.0, 90.0)))


def _weather(scene: Scene, end: End, chance: random.Random) -> None:
    """Other faults on one way, or none."""
    kinds = scene.course.kinds if chance.random() < 0.8 else frozenset()
    high = chance.choice((0.05, 0.3, 0.7))
    chance.choice(scene.ways).faults = Faults(
        loss=high * chance.random() if "loss" in kinds else 0.0,
        repeat=high * chance.random() if "repeat" in kinds else 0.0,
        garble=high * chance.random() if "garble" in kinds else 0.0,
        alien=high * chance.random() if "alien" in kinds else 0.0,
        reorder_s=chance.choice((0.1, 2.0, 30.0)) if "reorder" in kinds else 0.0,
    )


def _one_way(scene: Scene, end: End, chance: random.Random) -> None:
    """Believed up and carries nothing: all that one end sends to one of its counterparts."""
    links = [link for link in scene.links if end.index in link.ends]
    other = chance.choice(sorted({index for link in links for index in link.ends} - {end.index}))
    silent = [
        (way, traffic)
        for link in links
        if other in link.ends
        for index, way, traffic in zip(link.ends, link.ways, link.traffic, strict=True)
        if index == end.index
    ]
    scene.figures.count("bearers", "one-way spells")
    for way, traffic in silent:
        way.faults, traffic.one_way = Faults(loss=1.0), True

    def over() -> None:
        for way, traffic in silent:
            way.faults, traffic.one_way = Faults(), False

    scene.clock.call_later(chance.choice((5.0, 40.0, 200.0)), over)


def _bearer(scene: Scene, end: End, chance: random.Random) -> None:
    link = chance.choice([link for link in scene.links if end.index in link.ends])
    if chance.random() < 0.5:
        link.go_down()
    else:
        link.go_up()


def _absence(scene: Scene, end: End, chance: random.Random) -> None:
    """Hours or months with all bearers down, or with one end off."""
    long_s = chance.choice((_HOUR, _DAY, 40 * _DAY))
    off = chance.random() < 0.4
    scene.figures.count("bearers", "absences")
    if off:
        end.fall("off for long")
    for link in scene.links:
        link.go_down()
    scene.advance(long_s)
    if off:
        scene.start(end)
    for link in scene.links:
        link.go_up()


def _disk_full(scene: Scene, end: End, chance: random.Random) -> None:
    """No file of the disk finds room to grow, or not all of them (another file system, a quota)."""
    full = frozenset(FILES) if chance.random() < 0.5 else frozenset((chance.choice(FILES),))
    scene.figures.count("disks", "filled")
    end.disk.full = full
    scene.clock.call_later(chance.choice((0.5, 3.0, 20.0, 60.0)), end.disk.well)


def _disk_fails(scene: Scene, end: End, chance: random.Random) -> None:
    """Every write gives an error, for a while."""
    failing = frozenset(FILES) if chance.random() < 0.5 else frozenset((chance.choice(FILES),))
    scene.figures.count("disks", "failed")
    end.disk.failing = failing
    scene.clock.call_later(chance.choice((0.5, 3.0, 20.0)), end.disk.well)


def _clock_jumps(scene: Scene, end: End, chance: random.Random) -> None:
    """Set by hand, by a time server that lies, by a dead battery, by a satellite's week that begins again."""
    scene.figures.count("clocks", "jumps")
    how = chance.random()
    if how < 0.1:
        end.clock.jump(-end.clock.wall())
    elif how < 0.15:
        end.clock.jump(-1024 * 7 * _DAY)
    elif how < 0.5:
        end.clock.set_right()
    else:
        end.clock.jump(chance.choice((-40 * _DAY, -_HOUR, -40.0, -2.0, 2.0, 40.0, _HOUR)))


def _clock_stands_still(scene: Scene, end: End, chance: random.Random) -> None:
    scene.figures.count("clocks", "stood still")
    end.clock.run_at(0.0)
    scene.clock.call_later(chance.choice((2.0, 30.0, 300.0)), lambda: end.clock.run_at(1.0))


def _clock_runs_apart(scene: Scene, end: End, chance: random.Random) -> None:
    scene.figures.count("clocks", "ran apart")
    end.clock.run_at(chance.choice((0.9, 0.999, 1.001, 1.1)))


def arm(scene: Scene, end: End, what: str, chance: random.Random) -> None:
    """Kills an end now, or has it killed at one of its next occasions."""
    if not end.up:
        return
    what = what.removeprefix("crash ")
    if what == "between turns":
        scene.fall(Crash(end, what))
    else:
        end.armed[what] = chance.choice((0, 0, 0, 1, 2, 5))


def disagree(scene: Scene, chance: random.Random) -> None:
    """Clocks that disagree from the beginning."""
    for end in scene.ends:
        scene.figures.count("clocks", "disagreed")
        end.clock.jump(chance.choice((-_HOUR, -20.0, 0.0, 5.0, 40.0)))


BEFALLING: Final[dict[str, Callable[[Scene, End, random.Random], None]]] = {
    "wait": _wait,
    "weather": _weather,
    "one way": _one_way,
    "bearer": _bearer,
    "absence": _absence,
    "disk full": _disk_full,
    "disk fails": _disk_fails,
    "clock jumps": _clock_jumps,
    "clock stands still": _clock_stands_still,
    "clock runs apart": _clock_runs_apart,
}
ARMING: Final = frozenset(CRASHES)
