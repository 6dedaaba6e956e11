"""A connection on which nothing is acknowledged any more: dialled anew beside it, and kept if it is only slow.

What the kernel says of a connection is handed in, since loopback loses nothing; `./run bench outage` loses packets.
"""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Coroutine
from typing import Any

import pytest

from parley.bearers.tcp import FRAME_BYTES_MAX, TcpBearer, TcpLimits
from parley.bearers.unanswered import Answers, Socket, answers

WAIT_S = 5.0
HOST = "127.0.0.1"
FRAME = b"\x01" * 41
SOON = TcpLimits(backoff_first_s=0.002, backoff_max_s=0.01, redial_s=0.01, silent_s=0.01)
UNANSWERED = Answers(100, 3, 0.001)
ANSWERED = Answers(0, 0, 0.001)


class Kernel:
    """Says of each connection what the test says, by the order in which they were opened here."""

    def __init__(self) -> None:
        self.says: dict[int, Answers | None] = {}
        self._seen: dict[int, int] = {}

    def __call__(self, sock: Socket) -> Answers | None:
        number = self._seen.setdefault(id(sock), len(self._seen))
        return self.says.get(number, ANSWERED)


class End:
    """A bearer, what it told, and waiting for it."""

    def __init__(self, *, listen: bool = False, dial: int | None = None) -> None:
        self.kernel = Kernel()
        self.bearer = TcpBearer(
            "wire",
            listen=(HOST, 0) if listen else None,
            dial=None if dial is None else (HOST, dial),
            chance=random.Random(7),
            kernel=self.kernel,
            limits=SOON,
        )
        self.heard: list[bytes] = []
        self.told: list[bool] = []
        self._news = asyncio.Event()
        self.bearer.attach(self._receive, self._changed)

    async def __aenter__(self) -> End:
        await self.bearer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.bearer.aclose()

    async def until_heard(self, frame: bytes) -> None:
        async with asyncio.timeout(WAIT_S):
            while frame not in self.heard:
                self._news.clear()
                await self._news.wait()

    async def until_told(self, *told: bool) -> None:
        async with asyncio.timeout(WAIT_S):
            while self.told != list(told):
                self._news.clear()
                await self._news.wait()

    def _receive(self, frame: bytes) -> None:
        self.heard.append(frame)
        self._news.set()

    def _changed(self, up: bool) -> None:
        assert self.bearer.up is up
        self.told.append(up)
        self._news.set()


class Far:
    """The other host: a listening socket, and the connections it has taken."""

    def __init__(self) -> None:
        self._taken: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
        self._writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server
        self.port = 0

    async def __aenter__(self) -> Far:
        self._server = await asyncio.start_server(lambda *both: self._taken.put_nowait(both), HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.refuse()
        for writer in self._writers:
            writer.transport.abort()

    async def connection(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The next one that came."""
        async with asyncio.timeout(WAIT_S):
            reader, writer = await self._taken.get()
        self._writers.append(writer)
        return reader, writer

    def refuse(self) -> None:
        """Takes no further ones."""
        self._server.close()


def packet(frame: bytes) -> bytes:
    return len(frame).to_bytes(2, "big") + frame


async def stranger_at(end: End, says: bytes) -> asyncio.StreamWriter:
    """A connection to a listening end, which has said one frame and been heard."""
    assert end.bearer.bound_port is not None
    _, writer = await asyncio.open_connection(HOST, end.bearer.bound_port)
    writer.write(packet(says))
    await end.until_heard(says)
    return writer


def run(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(story)


def test_a_silent_connection_is_dialled_anew_and_reset_when_the_new_one_speaks() -> None:
    async def story() -> None:
        async with Far() as far, End(dial=far.port) as ours:
            first, _ = await far.connection()
            await ours.until_told(True)
            ours.kernel.says[0] = UNANSWERED
            assert ours.bearer.send(FRAME)
            _, second_writer = await far.connection()
            await ours.until_told(True, False, True)
            second_writer.write(packet(b"here"))
            await ours.until_heard(b"here")
            async with asyncio.timeout(WAIT_S):
                with pytest.raises(ConnectionResetError):
                    while await first.read(4096):
                        pass
            assert ours.bearer.up and ours.told == [True, False, True]

    run(story())


def test_what_is_sent_while_an_old_connection_is_silent_goes_by_the_new_one() -> None:
    async def story() -> None:
        async with Far() as far, End(dial=far.port) as ours:
            await far.connection()
            await ours.until_told(True)
            ours.kernel.says[0] = UNANSWERED
            assert ours.bearer.send(b"lost")
            second, _ = await far.connection()
            await ours.until_told(True, False, True)
            assert ours.bearer.send(FRAME)
            async with asyncio.timeout(WAIT_S):
                assert await second.readexactly(len(packet(FRAME))) == packet(FRAME)

    run(story())


def test_a_connection_that_is_only_slow_stays_and_is_not_told_of() -> None:
    async def story() -> None:
        async with Far() as far, End(dial=far.port) as ours:
            first, writer = await far.connection()
            await ours.until_told(True)
            far.refuse()  # who dials beside it now gets nowhere
            ours.kernel.says[0] = UNANSWERED
            assert ours.bearer.send(FRAME)
            silent = ours.bearer._connections[0]
            silent._progress_at_s -= 3600
            silent._look()
            assert silent.silent
            await asyncio.sleep(0)
            ours.kernel.says[0] = ANSWERED
            silent._look()
            assert not silent.silent
            writer.write(packet(b"slow, not gone"))
            await ours.until_heard(b"slow, not gone")
            assert await first.readexactly(len(packet(FRAME))) == packet(FRAME)
            assert ours.told == [True]

    run(story())


def test_silence_is_repeats_and_not_seconds() -> None:
    async def story() -> None:
        async with Far() as far, End(dial=far.port) as ours:
            await far.connection()
            await ours.until_told(True)
            once = Answers(100, SOON.silent_repeats - 1, 0.001)
            ours.kernel.says[0] = once
            assert ours.bearer.send(FRAME)
            connection = ours.bearer._connections[0]
            connection._look()
            connection._progress_at_s -= 3600
            connection._look()
            assert not connection.silent
            ours.kernel.says[0] = UNANSWERED
            connection._look()
            assert connection.silent

    run(story())


def test_a_listening_end_tells_that_it_was_away_when_it_is_dialled_while_its_old_connection_is_unanswered() -> (
    None
):
    async def story() -> None:
        async with End(listen=True) as ours:
            first = await stranger_at(ours, b"first")
            ours.kernel.says[0] = Answers(100, 1, 0.001)
            second = await stranger_at(ours, b"second")
            await ours.until_told(True, False, True)
            for writer in (first, second):
                writer.close()

    run(story())


def test_whoever_connects_while_all_is_acknowledged_draws_nothing() -> None:
    async def story() -> None:
        async with End(listen=True) as ours:
            writers = [await stranger_at(ours, b"%d" % number) for number in range(4)]
            assert ours.told == [True]
            for writer in writers:
                writer.close()

    run(story())


def test_who_connects_again_and_again_draws_repeats_no_oftener_than_once_a_second() -> None:
    async def story() -> None:
        async with End(listen=True) as ours:
            first = await stranger_at(ours, b"first")
            ours.kernel.says[0] = Answers(100, 1, 0.001)
            began_s = asyncio.get_running_loop().time()
            writers = [await stranger_at(ours, b"%d" % number) for number in range(6)]
            lasted_s = asyncio.get_running_loop().time() - began_s
            assert ours.told.count(False) <= 1 + lasted_s
            for writer in (first, *writers):
                writer.close()

    run(story())


def test_what_is_acknowledged_is_not_outstanding() -> None:
    async def story() -> None:
        async with Far() as far:
            reader, writer = await asyncio.open_connection(HOST, far.port)
            there, _ = await far.connection()
            writer.write(FRAME)
            assert await there.readexactly(len(FRAME)) == FRAME
            known = answers(writer.get_extra_info("socket"))
            assert known is not None
            assert known.repeats == 0 and known.outstanding_bytes == 0 and 0 < known.round_trip_s < WAIT_S
            writer.close()
            del reader

    run(story())


def test_a_peer_that_does_not_read_is_not_silent() -> None:
    with socket.create_server((HOST, 0)) as server, socket.socket() as ours:
        ours.connect(server.getsockname())
        theirs, _ = server.accept()
        with theirs:
            ours.setblocking(False)
            with pytest.raises(BlockingIOError):
                while True:
                    ours.send(bytes(FRAME_BYTES_MAX))
            known = answers(ours)
            assert known is not None and known.outstanding_bytes > 0 and known.repeats == 0


def test_of_a_socket_that_is_closed_nothing_is_known() -> None:
    gone = socket.socket()
    gone.close()
    assert answers(gone) is None


@pytest.mark.parametrize(
    "wrong", [{"redial_s": 0.0}, {"silent_s": 0.0}, {"silent_repeats": 0}, {"redial_for_s": -1.0}]
)
def test_silence_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        TcpLimits(**wrong)
