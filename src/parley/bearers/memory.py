"""Two bearers joined by a link inside one process, with the faults of real ones, at will and from one seed.

For tests, the simulator and the scenario player. Nothing here reads a clock or the system's entropy: time is
the injected timer, chance the injected generator, so that a run is repeated exactly from its seed. Each frame
draws the same numbers whatever faults are set, so that turning one fault up does not reshuffle the others.

Known and unknown failures differ. A way that *is down* is known to be: `up` is False and `send` refuses. A
way with `Faults(loss=1.0)` is believed up and carries nothing: that is the silent, one-way failure. An end
knows only its own sending way; it does not know whether anybody listens at the other end, as with a radio.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from parley.bearers import Timer, Traits, nobody

IN_FLIGHT_FRAMES_MAX: Final = 1024
"""Frames under way in one direction beyond which `send` says the queue is full."""

_TRAITS: Final = Traits(frame_bytes_max=4096, latency_ms=0, duplex=True, attended=False, cost=0)
_GARBLED_BYTES_MAX: Final = 4


@dataclass(frozen=True, slots=True)
class Faults:
    """What one way does to frames. Chances are 0..1, each drawn per frame. Raises ValueError out of range."""

    loss: float = 0.0
    """Chance that a taken frame does not arrive."""
    repeat: float = 0.0
    """Chance that it arrives twice, the second time with a delay of its own."""
    garble: float = 0.0
    """Chance that 1..4 of its bytes arrive changed (both copies alike)."""
    alien: float = 0.0
    """Chance that 1..frame_bytes_max bytes of nobody's arrive beside it."""
    reorder_s: float = 0.0
    """Each arrival is delayed by a further 0..reorder_s seconds, so that frames overtake one another."""

    def __post_init__(self) -> None:
        if not all(0.0 <= chance <= 1.0 for chance in (self.loss, self.repeat, self.garble, self.alien)):
            raise ValueError("a chance is from 0 to 1")
        if self.reorder_s < 0.0:
            raise ValueError("reorder_s cannot be negative")


class Way:
    """One direction of a link; `faults` and `latency_s` may be changed at any time, for what is sent then."""

    def __init__(self, timer: Timer, chance: random.Random, frame_bytes_max: int, latency_s: float) -> None:
        self.faults = Faults()
        self.latency_s = latency_s
        """Seconds from sending to arrival, before `faults.reorder_s`."""
        self._timer = timer
        self._chance = chance
        self._frame_bytes_max = frame_bytes_max
        self._up = True
        self._cuts = 0  # a frame that left before the last cut does not arrive
        self._in_flight = 0
        self._arrive: Callable[[bytes], None] = _drop
        self._tell: Callable[[bool], None] = _drop_news

    @property
    def up(self) -> bool:
        """Carries, and its sender knows it."""
        return self._up

    def go_down(self) -> None:
        """Down, known to the sender; frames in flight are lost. Nothing happens when it is down already."""
        if self._up:
            self._up = False
            self._cuts += 1
            self._in_flight = 0
            self._tell(False)

    def go_up(self) -> None:
        """Up again, known to the sender. Nothing happens when it is up already."""
        if not self._up:
            self._up = True
            self._tell(True)

    def inject(self, frame: bytes) -> None:
        """A stranger's bytes arrive at the receiving end after `latency_s`, though the way be down."""
        self._timer.call_later(self.latency_s, lambda: self._arrive(frame))

    def _carry(self, frame: bytes) -> bool:
        if not self._up or self._in_flight >= IN_FLIGHT_FRAMES_MAX:
            return False
        faults, draw = self.faults, random.Random(self._chance.getrandbits(64))
        lost, repeated, garbled, accompanied = (draw.random() for _ in range(4))
        first_s, second_s, alien_s = (self.latency_s + faults.reorder_s * draw.random() for _ in range(3))
        if garbled < faults.garble:
            frame = _garble(frame, draw)
        if lost >= faults.loss:
            self._launch(first_s, frame)
            if repeated < faults.repeat:
                self._launch(second_s, frame)
        if accompanied < faults.alien:
            self._launch(alien_s, draw.randbytes(draw.randint(1, self._frame_bytes_max)))
        return True

    def _launch(self, delay_s: float, frame: bytes) -> None:
        cuts = self._cuts
        self._in_flight += 1

        def land() -> None:
            if cuts == self._cuts:
                self._in_flight -= 1
                self._arrive(frame)

        self._timer.call_later(delay_s, land)


@dataclass(frozen=True, slots=True)
class Link:
    """Both ways between the two ends, a (the first of the pair) and b."""

    a_to_b: Way
    b_to_a: Way

    def go_down(self) -> None:
        """Both ways down."""
        self.a_to_b.go_down()
        self.b_to_a.go_down()

    def go_up(self) -> None:
        """Both ways up."""
        self.a_to_b.go_up()
        self.b_to_a.go_up()


class MemoryBearer:
    """One end of a Link. Made by `memory_pair`. Works with and without an event loop.

    Callbacks come through the timer only, never from within a call to this class; an exception out of one
    goes to whoever runs the timer. Beyond the seam: a closed end may be attached and opened again, as when an
    end restarts on the same link; what happened on the link in between is lost to it.
    """

    def __init__(self, name: str, traits: Traits, timer: Timer, link: Link, sends: Way, hears: Way) -> None:
        self.name: str = name
        self.traits: Traits = traits
        self.link: Final = link
        self._timer = timer
        self._sends = sends
        self._receive: Callable[[bytes], None] | None = None
        self._changed: Callable[[bool], None] | None = None
        self._open = False
        self._openings = 0
        sends._tell = self._way_changed
        hears._arrive = self._arrived

    @property
    def up(self) -> bool:
        """Open, and the way we send on is not known to be down."""
        return self._open and self._sends.up

    def attach(
        self,
        receive: Callable[[bytes], None],
        changed: Callable[[bool], None],
        ready: Callable[[], None] = nobody,
    ) -> None:
        """Raises RuntimeError when attached already and not closed since. `ready` is never called."""
        if self._receive is not None:
            raise RuntimeError(f"bearer {self.name} is attached already")
        self._receive, self._changed = receive, changed

    async def start(self) -> None:
        """As `open`."""
        self.open()

    def open(self) -> None:
        """Begin to carry. Raises RuntimeError when not attached, or open already."""
        if self._receive is None or self._open:
            raise RuntimeError(f"bearer {self.name} must be attached, and can be opened once")
        self._open = True
        self._openings += 1
        if self._sends.up:
            self._way_changed(True)

    def send(self, frame: bytes) -> bool:
        """True when the link took the frame (1..frame_bytes_max bytes)."""
        if not self._open or not 1 <= len(frame) <= self.traits.frame_bytes_max:
            return False
        return self._sends._carry(bytes(frame))

    async def aclose(self) -> None:
        """As `close`."""
        self.close()

    def close(self) -> None:
        """Stop; idempotent; no callback afterwards. What we sent travels on, what comes finds nobody."""
        self._open = False
        self._receive = self._changed = None

    def _arrived(self, frame: bytes) -> None:
        if self._open and self._receive is not None:
            self._receive(frame)

    def _way_changed(self, up: bool) -> None:
        opening = self._openings

        def tell() -> None:
            if self._open and opening == self._openings and self._changed is not None:
                self._changed(up)

        if self._open:
            self._timer.call_later(0.0, tell)


def memory_pair(
    timer: Timer,
    *,
    name: str = "memory",
    traits: Traits = _TRAITS,
    latency_s: float = 0.0,
    chance: random.Random | None = None,
) -> tuple[MemoryBearer, MemoryBearer]:
    """Ends a and b of one new link, reached as `.link` on either; both bear `name` and `traits`.

    `latency_s` (>= 0) holds for both ways. `chance` feeds the faults (None: seed 0). With `traits.duplex`
    False only a sends: the way back starts down.
    """
    chance = chance or random.Random(0)
    link = Link(
        a_to_b=Way(timer, chance, traits.frame_bytes_max, latency_s),
        b_to_a=Way(timer, chance, traits.frame_bytes_max, latency_s),
    )
    if not traits.duplex:
        link.b_to_a.go_down()
    return (
        MemoryBearer(name, traits, timer, link, sends=link.a_to_b, hears=link.b_to_a),
        MemoryBearer(name, traits, timer, link, sends=link.b_to_a, hears=link.a_to_b),
    )


def _garble(frame: bytes, draw: random.Random) -> bytes:
    garbled = bytearray(frame)
    count = draw.randint(1, min(_GARBLED_BYTES_MAX, len(frame)))
    for at in draw.sample(range(len(frame)), count):
        garbled[at] ^= draw.randint(1, 255)
    return bytes(garbled)


def _drop(frame: bytes) -> None:
    """Nobody is joined to this way yet."""


def _drop_news(up: bool) -> None:
    """Nobody is joined to this way yet."""
