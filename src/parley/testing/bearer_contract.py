"""The contract of a bearer, as a check that any bearer can run against itself, a third party's included.

`check_bearer` wants a way to make two joined ends and to take what joins them down and up again. What joins
them must itself be faithful: it may reorder, but not lose, so that a missing frame is the bearer's doing. The
ends run on the running event loop, in real time; nothing waits for a fixed time except to be refused by a
full queue, for which the seam has no event, so that it is polled as a node does.

An attended bearer is checked with something that acts for the person; a one-way bearer from the first end to
the second only.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from parley.bearers import FRAME_BYTES_FLOOR, Bearer

_BURST_FRAMES: Final = 500
_QUIET_TURNS: Final = 50  # turns of the event loop in which nothing more may happen
_POLL_S: Final = 0.001


@dataclass(frozen=True, slots=True)
class BearerPair:
    """Two joined ends, not attached and not started, and the hands on what joins them."""

    ours: Bearer
    theirs: Bearer
    go_down: Callable[[], Awaitable[None]]
    """Make both ends unable to carry. Each end that sends must notice within the time limit."""
    go_up: Callable[[], Awaitable[None]]
    """Undo `go_down`; both ends must come up by themselves."""
    aclose: Callable[[], Awaitable[None]]
    """Clear away what joins them; called last, with both ends closed."""


MakePair = Callable[[], Awaitable[BearerPair]]


async def check_bearer(make_pair: MakePair, *, wait_s: float = 5.0) -> None:
    """Run every check, each on a new pair from `make_pair`. Raises AssertionError saying what is broken.

    `wait_s`: how long any one awaited thing may take, seconds.
    """
    for check in (
        _refuses_unless_started,
        _carries_every_size_whole,
        _carries_a_burst,
        _keeps_nothing_it_refused,
        _tells_down_and_up,
        _survives_a_receiver_that_raises,
        _closes_for_good,
    ):
        pair = await make_pair()
        ours, theirs = _End(pair.ours, wait_s), _End(pair.theirs, wait_s)
        try:
            await check(pair, ours, theirs)
            ours.must_have_heard_only(theirs.taken)
            theirs.must_have_heard_only(ours.taken)
        finally:
            await pair.ours.aclose()
            await pair.theirs.aclose()
            await pair.aclose()


class _End:
    """One end under check, with all it was given and all it told."""

    def __init__(self, bearer: Bearer, wait_s: float) -> None:
        self.bearer = bearer
        self.taken: set[bytes] = set()
        self.heard: list[bytes] = []
        self.told: list[bool] = []
        self.raises: Exception | None = None
        self._wait_s = wait_s
        self._news = asyncio.Event()

    def attach(self) -> None:
        self.bearer.attach(self._receive, self._changed)

    def send(self, frame: bytes) -> bool:
        taken = self.bearer.send(frame)
        _must(isinstance(taken, bool), "send answers True or False")
        if taken:
            self.taken.add(frame)
        return taken

    async def send_patiently(self, frame: bytes) -> None:
        """Send as soon as the queue has room."""
        try:
            async with asyncio.timeout(self._wait_s):
                while not self.send(frame):
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            raise AssertionError(f"a frame of {len(frame)} bytes was not taken in {self._wait_s} s") from None

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until `condition`, looked at after each callback of this end."""
        try:
            async with asyncio.timeout(self._wait_s):
                while not condition():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"not within {self._wait_s} s: {what}") from None

    async def until_up(self) -> None:
        await self.until(lambda: self.told[-1:] == [True], "changed(True) is called when the bearer comes up")
        _must(self.bearer.up, "up agrees with the last changed")

    async def until_down(self) -> None:
        await self.until(
            lambda: self.told[-1:] == [False], "changed(False) is called when the bearer goes down"
        )
        _must(not self.bearer.up, "up agrees with the last changed")

    async def until_heard(self, *frames: bytes) -> None:
        await self.until(
            lambda: set(frames) <= set(self.heard), "each taken frame arrives, whole and unchanged"
        )

    def must_have_heard_only(self, sent: set[bytes]) -> None:
        _must(set(self.heard) <= sent, "every frame that arrives was sent: whole, unchanged, and taken")

    def _receive(self, frame: bytes) -> None:
        _must(type(frame) is bytes, "receive gets bytes, which cannot change later")
        self.heard.append(frame)
        self._news.set()
        if self.raises is not None:
            raise self.raises

    def _changed(self, up: bool) -> None:
        self.told.append(up)
        self._news.set()


async def _start_both(pair: BearerPair, ours: _End, theirs: _End) -> list[tuple[_End, _End]]:
    """Start, wait until both are up, and give the directions (from, to) that carry."""
    for end in (theirs, ours):
        end.attach()
        await end.bearer.start()
    ways = [(ours, theirs)] + ([(theirs, ours)] if pair.ours.traits.duplex else [])
    for sender, _ in ways:
        await sender.until_up()
    return ways


async def _refuses_unless_started(pair: BearerPair, ours: _End, theirs: _End) -> None:
    for end in (ours, theirs):
        end.attach()
        _must(not end.bearer.up, "a bearer is not up before start")
        _must(not end.send(_frame(1)), "send before start answers False")


async def _carries_every_size_whole(pair: BearerPair, ours: _End, theirs: _End) -> None:
    for sender, receiver in await _start_both(pair, ours, theirs):
        largest = sender.bearer.traits.frame_bytes_max
        middle = (FRAME_BYTES_FLOOR + largest) // 2
        sizes = {FRAME_BYTES_FLOOR, FRAME_BYTES_FLOOR + 1, middle, largest - 1, largest}
        frames = [_frame(size, size) for size in sorted(sizes) if FRAME_BYTES_FLOOR <= size <= largest]
        frames += [bytes(largest), b"\xff" * largest]  # nothing may depend on what the bytes are
        for frame in frames:
            await sender.send_patiently(frame)
        _must(not sender.send(_frame(0, largest + 1)), "a frame above frame_bytes_max is refused")
        _must(not sender.send(b""), "an empty frame is refused")
        await receiver.until_heard(*frames)


async def _carries_a_burst(pair: BearerPair, ours: _End, theirs: _End) -> None:
    for sender, receiver in await _start_both(pair, ours, theirs):
        heard_before = len(receiver.heard)
        taken = [frame for frame in (_frame(n) for n in range(_BURST_FRAMES)) if sender.send(frame)]
        _must(bool(taken), "a bearer that is up takes at least one frame")
        _must(len(receiver.heard) == heard_before, "nothing is received from within send")
        wanted = set(taken)
        await receiver.until(
            lambda wanted=wanted, receiver=receiver, sender=sender: (  # type: ignore[misc]
                wanted <= set(receiver.heard) or False in sender.told
            ),
            "each taken frame of a burst arrives, or the bearer goes down",
        )


async def _keeps_nothing_it_refused(pair: BearerPair, ours: _End, theirs: _End) -> None:
    ways = await _start_both(pair, ours, theirs)
    await pair.go_down()
    for sender, _ in ways:
        await sender.until_down()
        _must(not sender.send(_frame(1)), "send on a bearer that is down answers False")
    await pair.go_up()
    for sender, receiver in ways:
        await sender.until_up()
        await sender.send_patiently(_frame(2))
        await receiver.until_heard(_frame(2))
        _must(_frame(1) not in receiver.heard, "what was refused while down does not arrive later")


async def _tells_down_and_up(pair: BearerPair, ours: _End, theirs: _End) -> None:
    ways = await _start_both(pair, ours, theirs)
    for _ in range(2):
        await pair.go_down()
        for sender, _receiver in ways:
            await sender.until_down()
        await pair.go_up()
        for sender, _receiver in ways:
            await sender.until_up()
    for sender, _ in ways:
        _must(
            all(earlier != later for earlier, later in zip(sender.told, sender.told[1:], strict=False)),
            "changed is called at transitions only",
        )


async def _survives_a_receiver_that_raises(pair: BearerPair, ours: _End, theirs: _End) -> None:
    """The exception reaches the loop's handler; the bearer goes on, or goes down and says so: no silence."""
    loop = asyncio.get_running_loop()
    reported: list[object] = []

    def report(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        reported.append(context.get("exception"))

    former = loop.get_exception_handler()
    loop.set_exception_handler(report)
    try:
        for sender, receiver in await _start_both(pair, ours, theirs):
            fault = receiver.raises = RuntimeError("the receiver is broken")
            await sender.send_patiently(_frame(1))
            await receiver.until_heard(_frame(1))
            await _turns()
            _must(fault in reported, "an exception out of receive reaches the event loop's exception handler")
            receiver.raises = None
            if False in receiver.told:
                continue
            await sender.send_patiently(_frame(2))
            await receiver.until(
                lambda receiver=receiver: (  # type: ignore[misc]
                    _frame(2) in receiver.heard or False in receiver.told
                ),
                "after an exception out of receive the bearer goes on carrying, or goes down",
            )
    finally:
        loop.set_exception_handler(former)


async def _closes_for_good(pair: BearerPair, ours: _End, theirs: _End) -> None:
    ways = await _start_both(pair, ours, theirs)
    for sender, _ in ways:
        for number in range(20):
            sender.send(_frame(number))
    for end in (ours, theirs):
        await end.bearer.aclose()
        heard, told = len(end.heard), len(end.told)
        await end.bearer.aclose()
        _must(not end.bearer.up, "a closed bearer is not up")
        _must(not end.send(_frame(99)), "send on a closed bearer answers False")
        await _turns()
        _must((heard, told) == (len(end.heard), len(end.told)), "no callback after aclose has returned")


async def _turns() -> None:
    for _ in range(_QUIET_TURNS):
        await asyncio.sleep(0)


def _frame(number: int, size: int = FRAME_BYTES_FLOOR) -> bytes:
    """A frame of `size` bytes (>= 4) like no other."""
    return number.to_bytes(4, "big") + random.Random(number).randbytes(size - 4)


def _must(holds: bool, what: str) -> None:
    if not holds:
        raise AssertionError(f"broken: {what}")
