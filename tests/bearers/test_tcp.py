"""What TCP brings beside a well-behaved peer: strangers, rubbish, half frames, floods and vanished hosts."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import Coroutine
from typing import Any

import pytest

from parley.bearers.tcp import FRAME_BYTES_MAX, TcpBearer, TcpLimits

WAIT_S = 5.0
HOST = "127.0.0.1"
FRAME = b"\x01" * 41


class End:
    """A bearer and what it told, with waiting."""

    def __init__(
        self,
        *,
        listen: int | None = None,
        dial: int | None = None,
        limits: TcpLimits | None = None,
    ) -> None:
        self.bearer = TcpBearer(
            "wire",
            listen=None if listen is None else (HOST, listen),
            dial=None if dial is None else (HOST, dial),
            chance=random.Random(7),
            limits=limits or TcpLimits(backoff_first_s=0.002, backoff_max_s=0.01),
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

    @property
    def port(self) -> int:
        assert self.bearer.bound_port is not None
        return self.bearer.bound_port

    async def until_heard(self, *frames: bytes) -> None:
        async with asyncio.timeout(WAIT_S):
            while not set(frames) <= set(self.heard):
                self._news.clear()
                await self._news.wait()

    async def until(self, up: bool) -> None:
        async with asyncio.timeout(WAIT_S):
            while self.bearer.up is not up:
                self._news.clear()
                await self._news.wait()

    def _receive(self, frame: bytes) -> None:
        self.heard.append(frame)
        self._news.set()

    def _changed(self, up: bool) -> None:
        self.told.append(up)
        self._news.set()


class Stranger:
    """A raw connection to a bearer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def at(cls, end: End) -> Stranger:
        return cls(*await asyncio.open_connection(HOST, end.port))

    async def until_thrown_out(self) -> None:
        async with asyncio.timeout(WAIT_S):
            try:
                while await self.reader.read(4096):
                    pass
            except ConnectionResetError:
                pass
        self.writer.close()

    def reset(self) -> None:
        sock: socket.socket = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


def packet(frame: bytes) -> bytes:
    return len(frame).to_bytes(2, "big") + frame


def run(story: Coroutine[Any, Any, None]) -> None:
    asyncio.run(story)


@pytest.mark.parametrize("rubbish", [b"\x00\x00", b"\xff\xff", b"\x10\x01", b"GET / HTTP/1.1\r\n\r\n"])
def test_a_length_no_frame_has_closes_that_connection_and_no_other(
    rubbish: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        async with End(listen=0) as ours, End(dial=ours.port) as theirs:
            await theirs.until(up=True)
            stranger = await Stranger.at(ours)
            stranger.writer.write(rubbish)
            await stranger.until_thrown_out()
            assert theirs.bearer.send(FRAME)
            await ours.until_heard(FRAME)
            assert ours.heard == [FRAME]
            assert theirs.told == [True]

    run(story())
    assert caplog.records == []


def test_frames_are_cut_from_the_stream_wherever_it_breaks() -> None:
    async def story() -> None:
        frames = [
            bytes([n]) * size for n, size in enumerate((1, 41, FRAME_BYTES_MAX, 2, FRAME_BYTES_MAX, 300))
        ]
        stream = b"".join(packet(frame) for frame in frames)
        async with End(listen=0) as ours:
            stranger = await Stranger.at(ours)
            chance = random.Random(5)
            at = 0
            while at < len(stream):
                size = chance.choice((1, 2, 3, 700, 5000))
                stranger.writer.write(stream[at : at + size])
                await stranger.writer.drain()
                await asyncio.sleep(0)
                at += size
            await ours.until_heard(*frames)
            assert ours.heard == frames
            stranger.writer.close()

    run(story())


def test_half_a_frame_that_is_never_finished_closes_the_connection() -> None:
    async def story() -> None:
        async with End(listen=0, limits=TcpLimits(partial_timeout_s=0.02)) as ours:
            for half in (b"\x00", packet(FRAME)[:-1], packet(FRAME) + b"\x00\x29abc"):
                stranger = await Stranger.at(ours)
                stranger.writer.write(half)
                await stranger.until_thrown_out()
            assert ours.heard == [FRAME]

    run(story())


def test_dribbling_further_bytes_does_not_renew_the_time_for_half_a_frame() -> None:
    async def story() -> None:
        async with End(listen=0, limits=TcpLimits(partial_timeout_s=0.05)) as ours:
            stranger = await Stranger.at(ours)
            stranger.writer.write(b"\x10\x00")

            async def dribble() -> None:
                while not stranger.writer.is_closing():
                    stranger.writer.write(b"x")
                    await asyncio.sleep(0.005)  # the slowness under test, not a synchronisation

            dribbling = asyncio.create_task(dribble())
            await stranger.until_thrown_out()
            dribbling.cancel()
            await asyncio.wait([dribbling])
            assert ours.heard == []

    run(story())


def test_an_idle_connection_between_frames_is_left_alone() -> None:
    async def story() -> None:
        async with End(listen=0, limits=TcpLimits(partial_timeout_s=0.01)) as ours:
            idle = await Stranger.at(ours)
            idle.writer.write(packet(FRAME))
            await ours.until_heard(FRAME)
            halting = await Stranger.at(ours)
            halting.writer.write(b"\x00")
            await halting.until_thrown_out()  # the same limit has now run out for both
            idle.writer.write(packet(b"again"))
            await ours.until_heard(b"again")
            idle.writer.close()

    run(story())


def test_a_flood_of_silent_strangers_is_bounded_and_does_not_throw_out_the_peer() -> None:
    async def story() -> None:
        limits = TcpLimits(inbound_max=3)
        async with End(listen=0, limits=limits) as ours, End(dial=ours.port) as theirs:
            await theirs.until(up=True)
            assert theirs.bearer.send(FRAME)
            await ours.until_heard(FRAME)
            strangers = [await Stranger.at(ours) for _ in range(30)]
            await asyncio.gather(*(stranger.until_thrown_out() for stranger in strangers[:-2]))
            assert theirs.bearer.send(b"still here") and ours.bearer.send(b"so are we")
            await ours.until_heard(b"still here")
            await theirs.until_heard(b"so are we")
            assert theirs.told == [True]
            for stranger in strangers[-2:]:
                assert await stranger.reader.readexactly(11) == packet(b"so are we")
                stranger.writer.close()

    run(story())


def test_a_newcomer_is_let_in_when_strangers_hold_every_place() -> None:
    async def story() -> None:
        async with End(listen=0, limits=TcpLimits(inbound_max=2)) as ours:
            strangers = [await Stranger.at(ours) for _ in range(2)]
            for number, stranger in enumerate(strangers):
                stranger.writer.write(packet(b"%d" % number))
                await ours.until_heard(b"%d" % number)
            async with End(dial=ours.port) as theirs:
                await theirs.until(up=True)
                assert theirs.bearer.send(FRAME)
                await ours.until_heard(FRAME)
                await strangers[0].until_thrown_out()  # of the two the one silent for longer
                strangers[1].writer.write(packet(b"still in"))
                await ours.until_heard(b"still in")
            strangers[1].writer.close()

    run(story())


def test_a_stranger_who_connects_last_does_not_draw_our_frames_away_from_the_peer() -> None:
    async def story() -> None:
        async with End(listen=0) as ours, End(dial=ours.port) as theirs:
            await theirs.until(up=True)
            stranger = await Stranger.at(ours)
            stranger.writer.write(packet(b"rubbish"))
            await ours.until_heard(b"rubbish")
            assert ours.bearer.send(FRAME)
            await theirs.until_heard(FRAME)
            stranger.writer.close()

    run(story())


def test_a_reset_in_mid_frame_delivers_nothing_of_it() -> None:
    async def story() -> None:
        async with End(listen=0) as ours:
            stranger = await Stranger.at(ours)
            await ours.until(up=True)
            stranger.writer.write(packet(FRAME)[:20])
            await stranger.writer.drain()
            stranger.reset()
            await ours.until(up=False)
            async with End(dial=ours.port) as theirs:
                await theirs.until(up=True)
                assert theirs.bearer.send(FRAME)
                await ours.until_heard(FRAME)
            assert ours.heard == [FRAME]

    run(story())


def test_a_dialling_end_comes_back_after_the_peer_vanished() -> None:
    async def story() -> None:
        theirs = End(listen=0)
        await theirs.bearer.start()
        port = theirs.port
        async with End(dial=port) as ours:
            await ours.until(up=True)
            await theirs.bearer.aclose()
            await ours.until(up=False)
            assert not ours.bearer.send(FRAME)
            async with End(listen=port) as rebuilt:
                await ours.until(up=True)
                assert ours.bearer.send(b"welcome back")
                await rebuilt.until_heard(b"welcome back")
                assert rebuilt.heard == [b"welcome back"]
            assert ours.told[:3] == [True, False, True]

    run(story())


def test_both_ends_may_dial_and_listen_at_once() -> None:
    async def story() -> None:
        with socket.socket() as free:
            free.bind((HOST, 0))
            port = free.getsockname()[1]
        async with End(listen=0, dial=port) as ours, End(listen=port, dial=ours.port) as theirs:
            await ours.until(up=True)
            await theirs.until(up=True)
            assert ours.bearer.send(FRAME) and theirs.bearer.send(b"and back")
            await theirs.until_heard(FRAME)
            await ours.until_heard(b"and back")

    run(story())


def test_send_refuses_once_too_much_is_waiting_and_takes_again_when_it_has_gone() -> None:
    async def story() -> None:
        async with End(listen=0) as ours:
            reader, writer = await asyncio.open_connection(HOST, ours.port, limit=2048)
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            await ours.until(up=True)
            taken = 0
            frame = bytes(FRAME_BYTES_MAX)
            while ours.bearer.send(frame):
                taken += 1
                assert taken < 4096, "16 MiB and no end"
            assert not ours.bearer.send(frame)
            writer.transport.resume_reading()  # type: ignore[attr-defined]
            for _ in range(taken):
                await reader.readexactly(len(packet(frame)))
            assert ours.bearer.send(FRAME)
            assert await reader.readexactly(len(packet(FRAME))) == packet(FRAME)
            writer.close()

    run(story())


def test_a_port_in_use_is_an_os_error_on_start() -> None:
    async def story() -> None:
        async with End(listen=0) as ours:
            second = End(listen=ours.port)
            with pytest.raises(OSError):
                await second.bearer.start()
            await second.bearer.aclose()

    run(story())


def test_the_bound_port_is_known_only_while_listening() -> None:
    async def story() -> None:
        end = End(listen=0)
        assert end.bearer.bound_port is None
        async with end:
            assert end.port > 0
        assert end.bearer.bound_port is None

    run(story())


def test_starting_twice_or_without_callbacks_is_refused() -> None:
    async def story() -> None:
        with pytest.raises(RuntimeError):
            await TcpBearer("wire", listen=(HOST, 0)).start()
        async with End(listen=0) as ours:
            with pytest.raises(RuntimeError):
                await ours.bearer.start()
            with pytest.raises(RuntimeError):
                ours.bearer.attach(lambda _: None, lambda _: None)

    run(story())


@pytest.mark.parametrize(
    ("listen", "dial"),
    [(None, None), ((HOST, -1), None), (None, (HOST, 0)), (None, (HOST, 65536)), (None, ("a" * 64, 1))],
)
def test_addresses_that_cannot_be_are_refused(
    listen: tuple[str, int] | None, dial: tuple[str, int] | None
) -> None:
    with pytest.raises(ValueError):
        TcpBearer("wire", listen=listen, dial=dial)


@pytest.mark.parametrize(
    "wrong",
    [
        {"backoff_first_s": 0.0},
        {"backoff_first_s": 9.0},
        {"partial_timeout_s": 0.0},
        {"inbound_max": 0},
    ],
)
def test_limits_nobody_can_live_by_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        TcpLimits(**wrong)


def test_a_stranger_who_reads_does_not_draw_frames_away_from_a_peer_whose_way_is_slow() -> None:
    async def scene() -> None:
        async with End(listen=0) as end:
            peer = socket.socket()
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            peer.connect((HOST, end.port))
            peer.setblocking(False)
            loop = asyncio.get_running_loop()
            reader, writer = await asyncio.open_connection(HOST, end.port)
            eats = loop.create_task(reader.read())
            while len(end.bearer._connections) < 2:
                await asyncio.sleep(0)
            packets = b""
            for number in range(60):  # the peer reads nothing yet
                frame = number.to_bytes(4, "big") + bytes(996)
                assert end.bearer.send(frame)
                packets += len(frame).to_bytes(2, "big") + frame
                await asyncio.sleep(0)
            heard = b""
            async with asyncio.timeout(WAIT_S):
                while len(heard) < len(packets):
                    heard += await loop.sock_recv(peer, 65536)
            assert heard == packets
            eats.cancel()
            writer.close()
            peer.close()

    asyncio.run(scene())
