"""Every bearer of ours passes the shipped contract, and the contract catches bearers that break it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest

from parley.bearers import Timer, Traits
from parley.bearers.memory import Faults, MemoryBearer, memory_pair
from parley.bearers.tcp import TcpBearer, TcpLimits
from parley.testing.bearer_contract import BearerPair, MakePair, check_bearer

BRISK = TcpLimits(backoff_first_s=0.002, backoff_max_s=0.01)


class Relay:
    """Joins a dialling bearer to a listening one, on loopback, and can be taken down and up again."""

    def __init__(self, onward_port: Callable[[], int]) -> None:
        self._onward_port = onward_port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    async def go_up(self) -> None:
        self._server = await asyncio.start_server(self._join, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def go_down(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._writers.clear()
        self._tasks.clear()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            onward_reader, onward_writer = await asyncio.open_connection("127.0.0.1", self._onward_port())
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, onward_writer}
        self._tasks |= {
            asyncio.ensure_future(self._pump(reader, onward_writer)),
            asyncio.ensure_future(self._pump(onward_reader, writer)),
        }

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while some := await reader.read(65536):
                writer.write(some)
                await writer.drain()
        except OSError:
            pass
        writer.transport.abort()


async def tcp_pair() -> BearerPair:
    theirs = TcpBearer("wire", listen=("127.0.0.1", 0), chance=random.Random(1), limits=BRISK)
    relay = Relay(lambda: theirs.bound_port or 0)
    await relay.go_up()
    ours = TcpBearer("wire", dial=("127.0.0.1", relay.port), chance=random.Random(2), limits=BRISK)
    return BearerPair(ours, theirs, relay.go_down, relay.go_up, relay.go_down)


def memory_maker(
    make: Callable[[Timer], tuple[MemoryBearer, MemoryBearer]],
) -> MakePair:
    async def make_pair() -> BearerPair:
        ours, theirs = make(asyncio.get_running_loop())

        async def go_down() -> None:
            ours.link.go_down()

        async def go_up() -> None:
            ours.link.a_to_b.go_up()
            if ours.traits.duplex:
                ours.link.b_to_a.go_up()

        async def nothing() -> None: ...

        return BearerPair(ours, theirs, go_down, go_up, nothing)

    return make_pair


def reordering(timer: Timer) -> tuple[MemoryBearer, MemoryBearer]:
    pair = memory_pair(timer, chance=random.Random(3))
    pair[0].link.a_to_b.faults = pair[0].link.b_to_a.faults = Faults(reorder_s=0.003, repeat=0.3)
    return pair


def test_a_tcp_bearer_keeps_the_contract() -> None:
    asyncio.run(check_bearer(tcp_pair))


def test_a_memory_bearer_keeps_the_contract() -> None:
    asyncio.run(check_bearer(memory_maker(memory_pair)))


def test_a_memory_bearer_that_reorders_and_repeats_keeps_the_contract() -> None:
    asyncio.run(check_bearer(memory_maker(reordering)))


def test_a_one_way_bearer_of_the_smallest_frames_keeps_the_contract() -> None:
    small = Traits(41, latency_ms=0, duplex=False, attended=False, cost=3)
    asyncio.run(check_bearer(memory_maker(lambda timer: memory_pair(timer, traits=small))))


@pytest.mark.parametrize("faults", [Faults(garble=1.0), Faults(loss=1.0), Faults(alien=1.0)])
def test_the_contract_catches_a_bearer_that_is_not_faithful(faults: Faults) -> None:
    def unfaithful(timer: Timer) -> tuple[MemoryBearer, MemoryBearer]:
        pair = memory_pair(timer)
        pair[0].link.a_to_b.faults = faults
        return pair

    with pytest.raises(AssertionError):
        asyncio.run(check_bearer(memory_maker(unfaithful), wait_s=0.1))


def test_the_contract_catches_a_bearer_that_cuts_frames_short() -> None:
    class Short(MemoryBearer):
        def send(self, frame: bytes) -> bool:
            return super().send(frame[: self.traits.frame_bytes_max])

    def short(timer: Timer) -> tuple[MemoryBearer, MemoryBearer]:
        a, b = memory_pair(timer)
        a.__class__ = Short
        return a, b

    with pytest.raises(AssertionError, match="above frame_bytes_max is refused"):
        asyncio.run(check_bearer(memory_maker(short)))


@pytest.mark.parametrize("wrong", [(40, 0, 0), (41, -1, 0), (41, 0, -1)])
def test_traits_no_bearer_can_have_are_refused(wrong: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"frame_bytes_max|negative"):
        Traits(wrong[0], wrong[1], duplex=True, attended=False, cost=wrong[2])
