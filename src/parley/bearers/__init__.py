"""The seam between a node and whatever carries its frames.

A bearer carries bytes and knows nothing else: no keys, no lines, no parties, no meaning. It may lose, repeat,
reorder or garble frames, and strangers may put frames of their own on it; the frame's seal and the exchange
above deal with all of that. What a bearer must not do is block, keep without bound, or fall silent without
saying so.

The duties below are checked by `parley.testing.bearer_contract.check_bearer`, which a third party's bearer
can run against itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

FRAME_BYTES_FLOOR: Final = 41
"""Bytes a bearer must at least carry whole to be of use; a sign of life takes one less."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What a bearer is like, for the scheduler. Raises ValueError for values no bearer can have."""

    frame_bytes_max: int
    """Largest frame carried whole, bytes (>= 41)."""
    latency_ms: int
    """Typical one-way latency, ms (>= 0)."""
    duplex: bool
    """False: one-way."""
    attended: bool
    """True: a person must act for a frame to travel."""
    cost: int
    """Relative cost per frame; 0 = free."""

    def __post_init__(self) -> None:
        if self.frame_bytes_max < FRAME_BYTES_FLOOR:
            raise ValueError(
                f"frame_bytes_max is {self.frame_bytes_max}; at least {FRAME_BYTES_FLOOR} is needed"
            )
        if self.latency_ms < 0 or self.cost < 0:
            raise ValueError("latency_ms and cost cannot be negative")


def nobody() -> None:
    """Whom a bearer tells that it is ready where nobody asked."""


class Bearer(Protocol):
    """One end of one way of carrying frames. Everything is called on, and calls back on, one thread."""

    name: str
    traits: Traits

    @property
    def up(self) -> bool:
        """Believed able to carry now; never a proof of anything. False before start and after aclose."""
        ...

    def attach(
        self,
        receive: Callable[[bytes], None],
        changed: Callable[[bool], None],
        ready: Callable[[], None] = nobody,
    ) -> None:
        """Name the callbacks; once, before start.

        `receive` gets each frame whole (1..frame_bytes_max bytes, from anyone). `changed` gets the new `up`
        at each transition the bearer notices, but not for the owner's own aclose. A bearer that notices an absence
        only when it is over (a silent connection is replaced by one that works) gives both, one after the other:
        what it took before may be lost. `ready` is called when a bearer that refused a frame because one waits
        has room again. None is ever called from
        within `send`. An exception out of one is a bug above the bearer: it reaches the event loop's
        exception handler (or whoever runs the timer), that one frame is lost, and the bearer goes on or goes
        down visibly.
        """
        ...

    async def start(self) -> None:
        """Begin to carry; returns without waiting to be up. Raises OSError as the system gave it."""
        ...

    def send(self, frame: bytes) -> bool:
        """Take a frame without blocking.

        False = not taken (down, empty, too large, queue full) and nothing is kept of it.
        True promises nothing about arrival.
        """
        ...

    async def aclose(self) -> None:
        """Stop for good; idempotent, also before start; no callback after it returns."""
        ...


class TimerHandle(Protocol):
    """After `cancel` the callback does not run; cancelling late or twice does nothing."""

    def cancel(self) -> None: ...


class Timer(Protocol):
    """Runs a callback later, never within the call; satisfied by an asyncio loop and by a virtual clock."""

    def call_later(self, delay_s: float, callback: Callable[[], None], /) -> TimerHandle:
        """Run `callback` once after `delay_s` seconds (>= 0); equal instants in the order asked for."""
        ...
