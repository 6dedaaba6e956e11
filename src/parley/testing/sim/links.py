"""What joins the ends: memory bearers with drawn faults, a tap at each end, and what became of each frame."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from parley.bearers import Timer, Traits, nobody
from parley.bearers.memory import Faults, MemoryBearer, Way, memory_pair
from parley.testing.sim.figures import Figures

_GARBLED_BYTES_MAX: Final = 4


class Traffic:
    """One way of one link: counts what is sent on it and what arrives."""

    def __init__(self, way: Way, figures: Figures) -> None:
        self.way = way
        self.one_way = False  # believed up and carrying nothing, for now
        self._figures = figures
        self._under_way: Counter[bytes] = Counter()
        self._swallowed: Counter[bytes] = Counter()
        self._order: dict[bytes, int] = {}
        self._latest = 0
        self._had: set[bytes] = set()

    def sent(self, frame: bytes, *, to_another: bool) -> None:
        """The link has taken a frame."""
        self._order.setdefault(frame, len(self._order) + 1)
        if to_another:
            self._figures.count("beside them", "copies for another")
        else:
            self._figures.count("frames", "sent")
            (self._swallowed if self.one_way else self._under_way)[frame] += 1

    def landed(self, frame: bytes, somebody: bool) -> None:
        """A frame is at the other end, whether or not anybody is there."""
        if self._under_way[frame] > 0:
            self._under_way[frame] -= 1
            self._figures.count("frames", "arrived" if somebody else "met nobody")
            order = self._order[frame]
            if order < self._latest:
                self._figures.count("beside them", "overtaken")
            self._latest = max(order, self._latest)
        elif frame in self._had:
            self._figures.count("beside them", "repeated")
        elif frame in self._order:
            pass  # a copy for another
        elif (was := self._like(frame)) is not None:
            self._under_way[was] -= 1
            self._figures.count("frames", "garbled")
        else:
            self._figures.count("beside them", "nobody's")
        self._had.add(frame)

    def broken(self) -> None:
        """The link breaks: what is under way is lost."""
        self._figures.count("frames", "lost in a break", self._under_way.total())
        self._under_way.clear()

    def close(self) -> None:
        """What has not arrived by the end was lost."""
        self._figures.count("frames", "lost on the way", self._under_way.total())
        self._figures.count("frames", "lost one way", self._swallowed.total())
        self._under_way.clear()
        self._swallowed.clear()

    def _like(self, frame: bytes) -> bytes | None:
        """The frame under way of which this is a garbled copy."""
        for sent, number in self._under_way.items():
            if number > 0 and len(sent) == len(frame):
                differing = sum(a != b for a, b in zip(sent, frame, strict=True))
                if differing <= _GARBLED_BYTES_MAX:
                    return sent
        return None


class Link:
    """One bearer between the two ends of a pair."""

    def __init__(
        self,
        name: str,
        ends: tuple[int, int],
        timer: Timer,
        figures: Figures,
        traits: Traits,
        latency_s: float,
        chance: random.Random,
    ) -> None:
        self.name, self.ends = name, ends
        self.bearers = memory_pair(timer, name=name, traits=traits, latency_s=latency_s, chance=chance)
        both = self.bearers[0].link
        self.ways = (both.a_to_b, both.b_to_a)
        self.traffic = tuple(Traffic(way, figures) for way in self.ways)
        self._figures = figures
        for side, way in enumerate(self.ways):
            self._listen(way, self.traffic[side], self.bearers[1 - side])

    def _listen(self, way: Way, traffic: Traffic, hears: MemoryBearer) -> None:
        arrive = way._arrive

        def landing(frame: bytes) -> None:
            traffic.landed(frame, hears._open)
            arrive(frame)

        way._arrive = landing

    def go_down(self) -> None:
        """Both ends know; what is under way is lost."""
        if self.ways[0].up:
            self._figures.count("bearers", "breaks")
        for way, traffic in zip(self.ways, self.traffic, strict=True):
            if way.up:
                traffic.broken()
            way.go_down()

    def go_up(self) -> None:
        for way in self.ways:
            way.go_up()

    def mend(self) -> None:
        """No faults, both ways up."""
        for way, traffic in zip(self.ways, self.traffic, strict=True):
            way.faults, traffic.one_way = Faults(), False
        self.go_up()


@dataclass(slots=True)
class Port:
    """One end's side of a link: the bearer there, what it sends on, and the key of the end it reaches."""

    bearer: MemoryBearer
    traffic: Traffic
    reaches: str


@dataclass(slots=True)
class Tap:
    """A bearer as a node sees it: one port, or several that all get every frame, as a listening TCP bearer's
    connections do. `sending` is told each frame before it goes and gives whom it is for."""

    name: str
    traits: Traits
    ports: list[Port]
    sending: Callable[[Tap, bytes], str]
    _told_up: bool = field(default=False)

    @property
    def up(self) -> bool:
        return self.ports[0].bearer.up or any(port.bearer.up for port in self.ports[1:])

    @property
    def reaches(self) -> str | None:
        """Whom frames reach, if it is one end alone."""
        return self.ports[0].reaches if len(self.ports) == 1 else None

    def attach(
        self,
        receive: Callable[[bytes], None],
        changed: Callable[[bool], None],
        ready: Callable[[], None] = nobody,
    ) -> None:
        self._told_up = False

        def one_changed(up: bool) -> None:
            if self.up != self._told_up:
                self._told_up = self.up
                changed(self.up)

        for port in self.ports:
            port.bearer.attach(receive, one_changed, ready)

    async def start(self) -> None:
        self.open()

    def open(self) -> None:
        for port in self.ports:
            port.bearer.open()

    def send(self, frame: bytes) -> bool:
        whom, taken = self.sending(self, frame), False
        for port in self.ports:
            if port.bearer.send(frame):
                taken = True
                port.traffic.sent(frame, to_another=port.reaches != whom)
        return taken

    async def aclose(self) -> None:
        self.close()

    def close(self) -> None:
        for port in self.ports:
            port.bearer.close()
