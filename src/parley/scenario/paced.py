"""A clock of its own instant and pace: the seam for demonstrations and drills.

A node is handed a clock and a timer and knows no other time. Handed this one for both, it lives at whatever
instant a drill is about, as fast as the drill wants: the running event loop moves it along, so that real
bearers and real people can take part, and one second of the loop is `rate` seconds here. At rate 0 it stands
still, nothing runs, and it can be set on to a later instant; what was waiting keeps its delay from the old
reading, and so is due when the clock goes on.

What is waiting follows a change of rate. Wall and monotonic reading move together, so that no node sees its
wall clock jump. A callback never runs before its time, and an exception out of one reaches the loop's
exception handler, with all others still waiting.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from typing import Final, Protocol

from parley.bearers import TimerHandle
from parley.scenario.clock import VirtualHandle

RATE_MAX: Final = 3600.0


class Loop(Protocol):
    """What is needed of an asyncio loop."""

    def time(self) -> float: ...

    def call_later(self, delay_s: float, callback: Callable[[], None], /) -> TimerHandle: ...


class PacedClock:
    """Wall clock, monotonic clock and timer in one, on the thread of its loop."""

    def __init__(self, loop: Loop, start_unix_s: float, rate: float = 1.0) -> None:
        """The wall reads `start_unix_s` (Unix seconds), the monotonic reading is 0. ValueError for a rate that
        is not from 0 to 3600."""
        self._loop = loop
        self._wall_at_zero = start_unix_s
        self._anchor = (loop.time(), 0.0)  # a reading of the loop, and ours then
        self._rate = _checked(rate)
        self._waiting: list[tuple[float, int, VirtualHandle]] = []  # a heap by (monotonic reading, insertion)
        self._inserted = 0
        self._alarm: TimerHandle | None = None

    @property
    def rate(self) -> float:
        """Seconds of this clock that pass in one second of the loop."""
        return self._rate

    def wall(self) -> float:
        """Unix seconds."""
        return self._wall_at_zero + self.monotonic()

    def monotonic(self) -> float:
        """Seconds since the clock was made, those it was set on included; never falls."""
        at, reading = self._anchor
        return reading + max(0.0, self._loop.time() - at) * self._rate

    def call_later(self, delay_s: float, callback: Callable[[], object], /) -> VirtualHandle:
        """Run `callback` after `delay_s` seconds of this clock, never within the call; a negative delay is none.
        ValueError unless finite."""
        if not math.isfinite(delay_s):
            raise ValueError("an instant must be finite")
        handle = VirtualHandle(callback)
        due = self.monotonic() + max(0.0, delay_s)
        first = not self._waiting or due < self._waiting[0][0]
        heapq.heappush(self._waiting, (due, self._inserted, handle))
        self._inserted += 1
        if first:
            self._arm()
        return handle

    def set_rate(self, rate: float) -> None:
        """From now on at `rate`; 0 lets it stand still. ValueError for a rate that is not from 0 to 3600."""
        reading = self.monotonic()
        self._rate = _checked(rate)
        self._anchor = (self._loop.time(), reading)
        self._arm()

    def set_on(self, wall_s: float) -> None:
        """The clock, standing still, reads `wall_s` (Unix seconds). ValueError when it runs, or is past that."""
        if self._rate:
            raise ValueError("only a clock that stands still can be set on")
        reading = wall_s - self._wall_at_zero
        if not math.isfinite(reading) or reading < self._anchor[1]:
            raise ValueError(f"the wall reads {self.wall()} already, later than {wall_s}")
        self._anchor = (self._loop.time(), reading)

    def _arm(self) -> None:
        """One alarm of the loop, for the first that waits."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        while self._waiting and self._waiting[0][2].cancelled():
            heapq.heappop(self._waiting)
        if self._waiting and self._rate:
            delay_s = max(0.0, self._waiting[0][0] - self.monotonic()) / self._rate
            self._alarm = self._loop.call_later(delay_s, self._run)

    def _run(self) -> None:
        """All that is due and was asked for before now; what these ask for has its own turn."""
        self._alarm = None
        asked_before, now = self._inserted, self.monotonic()
        later = []
        try:
            while self._waiting and self._waiting[0][0] <= now and self._rate:
                due, inserted, handle = heapq.heappop(self._waiting)
                if inserted >= asked_before:
                    later.append((due, inserted, handle))
                elif (callback := handle._take()) is not None:
                    callback()
        finally:
            for each in later:
                heapq.heappush(self._waiting, each)
            self._arm()


def _checked(rate: float) -> float:
    if not 0 <= rate <= RATE_MAX:
        raise ValueError(f"a rate is from 0 to {RATE_MAX:.0f}")
    return rate
