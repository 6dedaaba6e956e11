"""Frames over TCP: a 2-byte big-endian length (1..4096), then the frame.

Either end may listen, dial, or both. There is no handshake and no key: a stranger who connects can send
rubbish, which the node drops because it does not open, and can read sealed frames, which tell him their sizes
and times. What this file owes the node against strangers is that they cost little (fixed memory per
connection, a bound on connections, a limit in time on half a frame, no log lines) and that they cannot take
the bearer away from the peer.

A frame is written to *every* live connection, newest first. The newest one must be among them: after a path
was dropped silently, the older connection looks alive until TCP gives up on it, and the newest is the one
just seen to work. But the newest alone is not enough: without keys a bearer cannot tell the peer from a
stranger, so anyone who connected last would draw off all that a listening end sends. Ordinarily there is one
connection (two when both ends dial and listen); a copy is "already had" to the exchange above, which must
bear repeats from any bearer.

`up` means that some connection exists, a stranger's included: belief, not proof. Proof is an authenticated
frame, and that is the node's business.
"""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

from parley.bearers import Traits

FRAME_BYTES_MAX: Final = 4096
_PREFIX_BYTES: Final = 2
# Room for one whole frame behind the rest of another, so that there is always room to read into.
_BUFFER_BYTES: Final = 2 * (_PREFIX_BYTES + FRAME_BYTES_MAX)


@dataclass(frozen=True, slots=True)
class TcpLimits:
    """The numbers a TcpBearer lives by; the defaults suit the open Internet, tests shorten them."""

    backoff_first_s: float = 0.2
    """Longest pause before the first new dial, seconds; doubles with each failure."""
    backoff_max_s: float = 5.0
    """Where the doubling stops, seconds."""
    dial_timeout_s: float = 10.0
    """How long one dial may take, seconds, name look-up included."""
    partial_timeout_s: float = 30.0
    """How long half a frame may stay unfinished, seconds from its first byte; further bytes do not renew
    it."""
    dead_path_s: int = 20
    """After this long without an answer from the other host TCP gives the connection up, seconds (>= 4)."""
    waiting_bytes_max: int = 64 * 1024
    """Most that waits in this process for one connection, bytes, prefixes included."""
    unsent_bytes_max: int = 16 * 1024
    """Most that waits unsent in the kernel for one connection, bytes, where the system lets us say so.
    Without it the kernel would queue megabytes, and a FLASH would stand behind them."""
    inbound_max: int = 8
    """Inbound connections at once (>= 1)."""

    def __post_init__(self) -> None:
        if not 0 < self.backoff_first_s <= self.backoff_max_s:
            raise ValueError("backoff_first_s must be above 0 and at most backoff_max_s")
        if self.dial_timeout_s <= 0 or self.partial_timeout_s <= 0 or self.dead_path_s < 4:
            raise ValueError("timeouts must be above 0, dead_path_s at least 4")
        if self.waiting_bytes_max < _PREFIX_BYTES + FRAME_BYTES_MAX or self.unsent_bytes_max < 1:
            raise ValueError(
                "waiting_bytes_max must hold one whole frame, unsent_bytes_max at least one byte"
            )
        if self.inbound_max < 1:
            raise ValueError("inbound_max must be at least 1")


class TcpBearer:
    """A Bearer over TCP. Lives on the event loop it is started on; not for other threads."""

    def __init__(
        self,
        name: str,
        *,
        listen: tuple[str, int] | None = None,
        dial: tuple[str, int] | None = None,
        chance: random.Random | None = None,
        limits: TcpLimits | None = None,
        latency_ms: int = 100,
        cost: int = 0,
    ) -> None:
        """`listen` and `dial` are (host, port); port 0 to listen on means any free one, see `bound_port`.

        `chance` spreads the pauses between dials (None: the operating system's); `latency_ms` and `cost` go
        into the traits. Raises ValueError for an address that cannot be one, or when both are None.
        """
        if listen is None and dial is None:
            raise ValueError("a TCP bearer must listen, dial or both")
        for address, lowest in ((listen, 0), (dial, 1)):
            if address is not None:
                address[0].encode(
                    "idna"
                )  # UnicodeError is a ValueError; later it would end the dialling task
                if not lowest <= address[1] <= 65535:
                    raise ValueError(f"{address[1]} is not a port")
        self.name: str = name
        self.traits: Traits = Traits(FRAME_BYTES_MAX, latency_ms, duplex=True, attended=False, cost=cost)
        self._listen = listen
        self._dial = dial
        self._chance = chance or random.SystemRandom()
        self._limits = limits or TcpLimits()
        self._receive: Callable[[bytes], None] | None = None
        self._changed: Callable[[bool], None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: asyncio.Server | None = None
        self._dialling: asyncio.Task[None] | None = None
        self._connections: list[_Connection] = []  # oldest first
        self._told_up = False
        self._closed = False

    @property
    def up(self) -> bool:
        """True while any connection exists."""
        return bool(self._connections) and not self._closed

    @property
    def bound_port(self) -> int | None:
        """The port really listened on (the first, if the host has several); None when not listening."""
        if self._server is None or not self._server.sockets:
            return None
        return cast(int, self._server.sockets[0].getsockname()[1])

    def attach(self, receive: Callable[[bytes], None], changed: Callable[[bool], None]) -> None:
        """Raises RuntimeError when attached already."""
        if self._receive is not None:
            raise RuntimeError(f"bearer {self.name} is attached already")
        self._receive, self._changed = receive, changed

    async def start(self) -> None:
        """Raises OSError as it is (port in use, no such address); RuntimeError when used out of order."""
        in_order = self._receive is not None and self._loop is None and not self._closed
        if not in_order:
            raise RuntimeError(f"bearer {self.name} must be attached, and can be started once")
        self._loop = asyncio.get_running_loop()
        if self._listen is not None:
            host, port = self._listen
            server = await self._loop.create_server(
                lambda: _Connection(self, dialled=False), host, port, backlog=16
            )
            if self._closed:  # closed while we were starting
                server.close()
                return
            self._server = server
        if self._dial is not None:
            self._dialling = self._loop.create_task(self._keep_dialled(self._loop, self._dial))
            self._dialling.add_done_callback(self._dialling_ended)

    def send(self, frame: bytes) -> bool:
        """True when at least one connection took the frame (1..4096 bytes)."""
        if self._closed or not 1 <= len(frame) <= FRAME_BYTES_MAX:
            return False
        packet = len(frame).to_bytes(_PREFIX_BYTES, "big") + frame
        taken = False
        for connection in reversed(self._connections):
            taken = connection.put(packet) or taken
        return taken

    async def aclose(self) -> None:
        """What the kernel already holds still goes out; what waits in this process is lost."""
        self._closed = True
        if self._server is not None:
            self._server.close()
        if self._dialling is not None:
            self._dialling.cancel()
            await asyncio.wait([self._dialling])
        leaving = list(self._connections)
        for connection in leaving:
            connection.leave()
        for connection in leaving:
            await connection.gone.wait()

    async def _keep_dialled(self, loop: asyncio.AbstractEventLoop, address: tuple[str, int]) -> None:
        pause_s = self._limits.backoff_first_s
        while True:
            connection: _Connection | None = None
            began_s = loop.time()
            try:
                async with asyncio.timeout(self._limits.dial_timeout_s):
                    _, connection = await loop.create_connection(
                        lambda: _Connection(self, dialled=True), *address, happy_eyeballs_delay=0.25
                    )
            except OSError:  # refused, unreachable, no such name, timed out: all the same to us
                pass
            if connection is not None:
                await connection.gone.wait()
                # A host that accepts and hangs up at once is not to be hammered: only a connection that was
                # of use, or lasted, sets the pause back.
                if connection.has_spoken or loop.time() - began_s > self._limits.backoff_max_s:
                    pause_s = self._limits.backoff_first_s
            await asyncio.sleep(pause_s * self._chance.uniform(0.5, 1.0))
            pause_s = min(2 * pause_s, self._limits.backoff_max_s)

    def _dialling_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (fault := task.exception()) is not None:
            self._report(fault)

    # What a connection tells the bearer.

    def _opened(self, connection: _Connection) -> bool:
        """True when the connection may stay; makes room for a new inbound one."""
        if self._closed:
            return False
        self._connections.append(connection)
        inbound = [each for each in self._connections if not each.dialled]
        if len(inbound) > self._limits.inbound_max:
            # First those that never brought a whole frame, then the one silent for longest; never the
            # newcomer, or eight idle strangers would lock the peer out.
            inbound.remove(connection)
            min(inbound, key=lambda each: (each.has_spoken, each.heard_at_s)).drop()
        self._tell()
        return True

    def _lost(self, connection: _Connection) -> None:
        if connection in self._connections:
            self._connections.remove(connection)
            self._tell()

    def _heard(self, frame: bytes) -> None:
        if self._closed or self._receive is None:
            return
        try:
            self._receive(frame)
        except Exception as fault:
            self._report(fault)

    def _tell(self) -> None:
        if self._closed or self._changed is None or self._told_up == self.up:
            return
        self._told_up = self.up
        try:
            self._changed(self._told_up)
        except Exception as fault:
            self._report(fault)

    def _report(self, fault: BaseException) -> None:
        if self._loop is not None:
            self._loop.call_exception_handler(
                {"message": f"bearer {self.name}: an exception where none may be", "exception": fault}
            )


class _Connection(asyncio.BufferedProtocol):
    """One TCP connection: cuts the stream into frames within a buffer that never grows."""

    def __init__(self, bearer: TcpBearer, *, dialled: bool) -> None:
        self.dialled = dialled
        self.has_spoken = False
        """A whole frame has come in; by whom nobody here knows."""
        self.heard_at_s = 0.0
        """Loop time of the last whole frame, or of the opening."""
        self.gone = asyncio.Event()
        self._bearer = bearer
        self._limits = bearer._limits
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray(_BUFFER_BYTES)
        self._filled_bytes = 0
        self._deadline: asyncio.TimerHandle | None = None

    def put(self, packet: bytes) -> bool:
        transport = self._transport
        if transport is None or transport.is_closing():
            return False
        if transport.get_write_buffer_size() + len(packet) > self._limits.waiting_bytes_max:
            return False
        transport.write(packet)
        return True

    def drop(self) -> None:
        """Close now and forget at once; `connection_lost` follows."""
        self._stop_deadline()
        if self._transport is not None:
            self._transport.abort()
        self._bearer._lost(self)

    def leave(self) -> None:
        """Close without waiting for a peer that does not read."""
        self._stop_deadline()
        if self._transport is not None:
            if self._transport.get_write_buffer_size():
                self._transport.abort()
            else:
                self._transport.close()

    # asyncio calls these.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.heard_at_s = self._loop.time()
        try:
            self._set_options(transport.get_extra_info("socket"))
        except OSError:  # reset before we looked
            self.drop()
            return
        # Dialling a free port of one's own host can, by TCP's simultaneous open, connect a socket to itself.
        to_itself = self.dialled and transport.get_extra_info("sockname") == transport.get_extra_info(
            "peername"
        )
        if to_itself or not self._bearer._opened(self):
            self.drop()

    def get_buffer(self, sizehint: int) -> memoryview:
        return memoryview(self._buffer)[self._filled_bytes :]

    def buffer_updated(self, nbytes: int) -> None:
        self._filled_bytes += nbytes
        at = 0
        while self._filled_bytes - at >= _PREFIX_BYTES:
            body_at = at + _PREFIX_BYTES
            length = int.from_bytes(self._buffer[at:body_at], "big")
            if not 1 <= length <= FRAME_BYTES_MAX:
                self.drop()
                return
            if self._filled_bytes - body_at < length:
                break
            at = body_at + length
            self.has_spoken = True
            self.heard_at_s = self._loop.time()
            self._bearer._heard(bytes(self._buffer[body_at:at]))
            if self._transport is None or self._transport.is_closing():
                return
        rest_bytes = self._filled_bytes - at
        if at:
            self._buffer[:rest_bytes] = self._buffer[at : self._filled_bytes]
            self._filled_bytes = rest_bytes
            self._stop_deadline()
        if rest_bytes and self._deadline is None:
            self._deadline = self._loop.call_later(self._limits.partial_timeout_s, self.drop)

    def eof_received(self) -> None:
        # No bearer of ours closes one half only; waiting to flush to a host that has left would keep the
        # buffer.
        self.drop()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_deadline()
        self.gone.set()
        self._bearer._lost(self)

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _set_options(self, sock: socket.socket) -> None:
        """Small frames at once, a short kernel queue, a dead path noticed within `dead_path_s` (RFC 5482).

        Keepalive finds it when we are idle (probes from half the time on), TCP_USER_TIMEOUT when data is
        under way. Not every system has every option; what is missing is left at the system's own numbers.
        """
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        dead_path_s = self._limits.dead_path_s
        for option, value in (
            ("TCP_USER_TIMEOUT", dead_path_s * 1000),
            ("TCP_KEEPIDLE", dead_path_s // 2),
            ("TCP_KEEPINTVL", max(1, dead_path_s // 4)),
            ("TCP_KEEPCNT", 2),
            ("TCP_NOTSENT_LOWAT", self._limits.unsent_bytes_max),
        ):
            if (number := getattr(socket, option, None)) is not None:
                sock.setsockopt(socket.IPPROTO_TCP, number, value)
