"""The wall clock of one end: it disagrees with others, jumps, stands still and runs at a rate of its own.

The monotonic reading is the world's and always goes on, as that of a real machine does when somebody sets its
wall clock.
"""

from __future__ import annotations

from parley.scenario.clock import VirtualClock

EARLIEST: float = 0.0  # a dead battery: 1970
LATEST: float = float((1 << 32) - 86_400 * 366)  # the formats end with 32 bits of seconds


class EndClock:
    """Both readings of one end."""

    def __init__(self, world: VirtualClock) -> None:
        self._world = world
        self._rate = 1.0
        self._read, self._at = world.wall(), world.monotonic()

    def wall(self) -> float:
        """Unix seconds, as this end has them."""
        wall = self._read + self._rate * (self._world.monotonic() - self._at)
        return min(max(wall, EARLIEST), LATEST)

    def monotonic(self) -> float:
        return self._world.monotonic()

    def jump(self, seconds: float) -> None:
        """The wall reading moves at once, either way."""
        self._set(self.wall() + seconds, self._rate)

    def run_at(self, rate: float) -> None:
        """From now on `rate` seconds a second; 0 stands still, 1 is right."""
        self._set(self.wall(), rate)

    def set_right(self) -> None:
        """As the world's, from now on."""
        self._set(self._world.wall(), 1.0)

    def _set(self, read: float, rate: float) -> None:
        self._read, self._at, self._rate = read, self._world.monotonic(), rate
