"""A clock that moves only when told: months of a scenario run in a moment, and run the same way twice.

It has a monotonic reading, which only grows, and a wall reading, which can be made to jump as real ones do.
Inside, both are whole microseconds, so that a year of additions does not drift and an alarm set for an
instant falls on it. A callback never runs before its time: delays are rounded up, except for what floating
point itself adds.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from typing import Final

_TICKS_PER_S: Final = 1_000_000
_FLOAT_NOISE_TICKS: Final = 0.02  # a double holds a century of seconds to better than this


class VirtualHandle:
    """A callback that is to run; cancelling late or twice does nothing."""

    __slots__ = ("_callback",)

    def __init__(self, callback: Callable[[], object]) -> None:
        self._callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        self._callback = None

    def cancelled(self) -> bool:
        """Cancelled, or run already."""
        return self._callback is None

    def _take(self) -> Callable[[], object] | None:
        callback, self._callback = self._callback, None
        return callback


class VirtualClock:
    """Wall clock, monotonic clock and timer in one; satisfies the bearers' Timer."""

    def __init__(self, start_unix_s: float, *, callbacks_per_instant_max: int = 100_000) -> None:
        """The wall reads `start_unix_s` (Unix seconds, to the microsecond), the monotonic reading is 0.

        More than `callbacks_per_instant_max` callbacks at one instant of one run are taken for a loop without
        delay.
        """
        self._wall_at_zero = _nearest(start_unix_s)
        self._now = 0
        self._waiting: list[tuple[int, int, VirtualHandle]] = []  # a heap by (tick, insertion)
        self._inserted = 0
        self._running = False
        self._callbacks_per_instant_max = callbacks_per_instant_max

    def wall(self) -> float:
        """Unix seconds."""
        return (self._wall_at_zero + self._now) / _TICKS_PER_S

    def monotonic(self) -> float:
        """Seconds since the clock was made; never falls, whatever the wall does."""
        return self._now / _TICKS_PER_S

    def call_later(self, delay_s: float, callback: Callable[[], object], /) -> VirtualHandle:
        """Run `callback` after `delay_s` seconds; a negative delay is none. ValueError unless finite."""
        delay = _up(delay_s)
        return self._insert(self._now + (max(1, delay) if delay_s > 0 else 0), callback)

    def call_at(self, monotonic_s: float, callback: Callable[[], object], /) -> VirtualHandle:
        """Run `callback` at a monotonic reading; one that has passed means now. ValueError unless finite."""
        tick = _up(monotonic_s)
        return self._insert(
            max(self._now + 1, tick) if monotonic_s > self.monotonic() else self._now, callback
        )

    def next_at(self) -> float | None:
        """The monotonic reading at which the next callback is due; None when none is waiting."""
        while self._waiting and self._waiting[0][2].cancelled():
            heapq.heappop(self._waiting)
        return self._waiting[0][0] / _TICKS_PER_S if self._waiting else None

    def advance_to(self, wall_s: float) -> None:
        """As `run_until`, but an instant the wall has passed already is the caller's mistake: ValueError."""
        if _nearest(wall_s) < self._wall_at_zero + self._now:
            raise ValueError(f"the wall reads {self.wall()} already, later than {wall_s}")
        self.run_until(wall_s)

    def run_until(self, wall_s: float) -> None:
        """Run all due until the wall reads `wall_s`, that instant included, by time and then by insertion.

        Returns at once when the wall is past `wall_s`. When a callback makes the wall jump, the run ends
        where the wall then reads `wall_s`, or at once if it is past it. An exception out of a callback comes
        out here, with the clock at that instant and the rest still waiting. Raises RuntimeError for a loop
        without delay, and when called from within a callback.
        """
        if self._running:
            raise RuntimeError("the clock is running already; a callback cannot run it")
        self._running = True
        try:
            self._run(_nearest(wall_s))
        finally:
            self._running = False

    def jump_wall(self, seconds: float) -> None:
        """Move the wall reading, either way; the monotonic reading and what is waiting stay as they are."""
        self._wall_at_zero += _nearest(seconds)

    def _insert(self, tick: int, callback: Callable[[], object]) -> VirtualHandle:
        handle = VirtualHandle(callback)
        heapq.heappush(self._waiting, (tick, self._inserted, handle))
        self._inserted += 1
        return handle

    def _run(self, wall: int) -> None:
        ran_at_instant = 0
        while self._waiting and self._waiting[0][0] <= wall - self._wall_at_zero:
            tick, _, handle = heapq.heappop(self._waiting)
            callback = handle._take()
            if callback is None:
                continue
            if tick > self._now:
                self._now, ran_at_instant = tick, 0
            ran_at_instant += 1
            if ran_at_instant > self._callbacks_per_instant_max:
                raise RuntimeError(
                    f"more than {self._callbacks_per_instant_max} callbacks at one instant: a loop"
                )
            callback()
        self._now = max(self._now, wall - self._wall_at_zero)


def _nearest(seconds: float) -> int:
    if not math.isfinite(seconds):
        raise ValueError("an instant must be finite")
    return round(seconds * _TICKS_PER_S)


def _up(seconds: float) -> int:
    if not math.isfinite(seconds):
        raise ValueError("an instant must be finite")
    return math.ceil(seconds * _TICKS_PER_S - _FLOAT_NOISE_TICKS)
