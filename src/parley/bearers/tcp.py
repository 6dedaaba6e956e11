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

A connection that falls silent (what we wrote stays unacknowledged though TCP has repeated it) is not torn down:
it may be slow. But a dialling end then dials anew beside it, again and again, since TCP doubles the pause between
its repeats and would notice a mended path only as long after as it was broken. The first of the two to bring a
frame stays. When a new connection comes while another one is unanswered, the bearer tells that it was away and
is back: what was written may be lost, so the exchange above repeats it at once and not by its timers (ADR 24).

One frame waits below us and no more, so that a FLASH does not stand behind what was taken before; the node is told
when there is room. With several connections what one of them cannot take yet waits here, up to a limit, while another
takes it: else whoever reads fastest, a stranger too, would draw frames away from the peer.

`up` means that some connection exists, a stranger's included: belief, not proof. Proof is an authenticated
frame, and that is the node's business.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

from parley.bearers import Traits, nobody
from parley.bearers.unanswered import Answers, Socket, answers, unsent_bytes

FRAME_BYTES_MAX: Final = 4096
_PREFIX_BYTES: Final = 2
_BEHIND_BYTES_MAX: Final = 64 * 1024
"""Most that waits here for one of several connections, bytes, while another takes frames."""
_RENEW_EVERY_S: Final = 1.0
_LOOK_EVERY_S: Final = 0.25  # at what is unacknowledged, while anything is
_CLOSING_TURNS: Final = 8  # of the loop: until what was being accepted has been made, aborted and closed
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)  # SO_LINGER: what the kernel still holds is thrown away


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
    redial_s: float = 0.5
    """Pause between two dials to where we were connected before, seconds; longer where the path took longer. The
    kernel would repeat the opening packet after 1, 3 and 7 seconds, a new dial sends one at once."""
    redial_for_s: float = 900.0
    """For how long after a path fell silent it is dialled at that pace, seconds; then as after any failure."""
    silent_s: float = 1.5
    """How long at least nothing may be acknowledged before a connection counts as silent, seconds."""
    silent_repeats: int = 2
    """And how often TCP must have repeated it in that time."""
    partial_timeout_s: float = 30.0
    """How long half a frame may stay unfinished, seconds from its first byte; further bytes do not renew
    it."""
    dead_path_s: int = 20
    """After this long without an answer from the other host TCP gives the connection up, seconds (>= 4)."""
    inbound_max: int = 8
    """Inbound connections at once (>= 1)."""

    def __post_init__(self) -> None:
        if not 0 < self.backoff_first_s <= self.backoff_max_s:
            raise ValueError("backoff_first_s must be above 0 and at most backoff_max_s")
        if self.dial_timeout_s <= 0 or self.partial_timeout_s <= 0 or self.dead_path_s < 4:
            raise ValueError("timeouts must be above 0, dead_path_s at least 4")
        if self.redial_s <= 0 or self.redial_for_s < 0 or self.silent_s <= 0 or self.silent_repeats < 1:
            raise ValueError(
                "redial_s, silent_s and silent_repeats must be above 0, redial_for_s not below it"
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
        kernel: Callable[[Socket], Answers | None] = answers,
        limits: TcpLimits | None = None,
        latency_ms: int = 100,
        cost: int = 0,
    ) -> None:
        """`listen` and `dial` are (host, port); port 0 to listen on means any free one, see `bound_port`.

        `chance` spreads the pauses between dials (None: the operating system's); `kernel` says what is known of
        a connection; `latency_ms` and `cost` go into the traits. Raises ValueError for an address that cannot be
        one, or when both are None.
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
        self._kernel = kernel
        self._limits = limits or TcpLimits()
        self._receive: Callable[[bytes], None] | None = None
        self._changed: Callable[[bool], None] | None = None
        self._ready = nobody
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: asyncio.Server | None = None
        self._dialling: asyncio.Task[None] | None = None
        self._connections: list[_Connection] = []  # oldest first
        self._stirred = asyncio.Event()  # a connection came, went, fell silent or was answered
        self._pause_s = self._limits.backoff_first_s
        self._reached: tuple[tuple[str, int], float] | None = None
        """Where the last dial ended up, and how long a round trip was then, seconds."""
        self._told_up = False
        self._owed = False  # a connection died with bytes that nobody acknowledged
        self._away = False
        self._renewed_at_s = float("-inf")
        self._renewing: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def up(self) -> bool:
        """True while any connection exists."""
        return bool(self._connections) and not self._closed and not self._away

    @property
    def bound_port(self) -> int | None:
        """The port really listened on (the first, if the host has several); None when not listening."""
        if self._server is None or not self._server.sockets:
            return None
        return cast(int, self._server.sockets[0].getsockname()[1])

    def attach(
        self,
        receive: Callable[[bytes], None],
        changed: Callable[[bool], None],
        ready: Callable[[], None] = nobody,
    ) -> None:
        """Raises RuntimeError when attached already."""
        if self._receive is not None:
            raise RuntimeError(f"bearer {self.name} is attached already")
        self._receive, self._changed, self._ready = receive, changed, ready

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
        full = [each for each in reversed(self._connections) if not each.put(packet)]
        taken = len(full) < len(self._connections)
        for connection in full if taken else ():
            connection.queue(
                packet
            )  # it may be the peer's: a stranger who reads must not draw frames away from it
        return taken

    async def aclose(self) -> None:
        """What the kernel already holds still goes out; what waits in this process is lost."""
        self._closed = True
        if self._renewing is not None:
            self._renewing.cancel()
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
        for _ in range(_CLOSING_TURNS):
            await asyncio.sleep(0)

    # Dialling.

    def _wants_dial(self) -> bool:
        return not any(each.settled and not each.silent for each in self._connections)

    async def _until(self, *, wanted: bool) -> None:
        while self._wants_dial() is not wanted:
            self._stirred.clear()
            await self._stirred.wait()

    async def _keep_dialled(self, loop: asyncio.AbstractEventLoop, address: tuple[str, int]) -> None:
        made = False
        while True:
            await self._until(wanted=True)
            if made and self._dialled_is_young():
                await self._pause()
            dials = [loop.create_task(self._dial_with_patience(loop, address))]
            if self._reached is not None:
                dials.append(loop.create_task(self._dial_briskly(loop, *self._reached)))
            for dial in dials:
                dial.add_done_callback(self._dialling_ended)
            try:
                await self._until(wanted=False)
            finally:
                for dial in dials:
                    dial.cancel()
                await asyncio.wait(dials)
            made = True

    def _dialled_is_young(self) -> bool:
        """Whether no dialled connection is left that has lasted: it ended by itself, or it fell silent soon."""
        return all(each.age_s() <= self._limits.backoff_max_s for each in self._connections if each.dialled)

    async def _dial_with_patience(self, loop: asyncio.AbstractEventLoop, address: tuple[str, int]) -> None:
        """Dials until somebody answers, each time after a longer pause."""
        while True:
            made = await self._dial_once(loop, address, self._limits.dial_timeout_s)
            if isinstance(made, _Connection):
                await made.gone.wait()
            await self._pause()

    async def _dial_briskly(
        self, loop: asyncio.AbstractEventLoop, address: tuple[str, int], round_trip_s: float
    ) -> None:
        """Dials at a steady pace a host that was reached before and now does not answer at all."""
        pace_s = max(self._limits.redial_s, 2 * round_trip_s)
        began_s = loop.time()
        await asyncio.sleep(pace_s)  # the patient dial has just begun
        while (at_s := loop.time()) - began_s < self._limits.redial_for_s:
            if await self._dial_once(loop, address, pace_s, known=True) is not None:
                return
            await asyncio.sleep(max(0.0, at_s + pace_s - loop.time()))

    async def _dial_once(
        self,
        loop: asyncio.AbstractEventLoop,
        address: tuple[str, int],
        within_s: float,
        *,
        known: bool = False,
    ) -> _Connection | bool | None:
        """The connection, False when refused, None when nobody answered. `known`: the address is one and numeric,
        so that nothing is looked up or raced for."""
        try:
            async with asyncio.timeout(within_s):
                _, connection = await loop.create_connection(
                    lambda: _Connection(self, dialled=True),
                    *address,
                    happy_eyeballs_delay=None if known else 0.25,
                )
        except ConnectionError:  # refused or reset: a host is there, and is not to be hammered
            return False
        except OSError:  # unreachable, no such name, timed out
            return None
        connection.settled = True  # until now a dial that is called off would have closed it again
        self._stirred.set()
        return connection

    async def _pause(self) -> None:
        pause_s = self._pause_s * self._chance.uniform(0.5, 1.0)
        self._pause_s = min(2 * self._pause_s, self._limits.backoff_max_s)
        await asyncio.sleep(pause_s)

    def _dialling_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (fault := task.exception()) is not None:
            self._report(fault)

    # What a connection tells the bearer.

    def _opened(self, connection: _Connection) -> bool:
        """True when the connection may stay; makes room for a new inbound one."""
        if self._closed:
            return False
        was_up, unanswered = self.up, self._owed or any(each.unanswered() for each in self._connections)
        if connection.dialled:  # of those that fell silent the last one may yet be answered
            for former in [each for each in self._connections if each.dialled][:-1]:
                former.forsake()
        self._connections.append(connection)
        inbound = [each for each in self._connections if not each.dialled]
        if len(inbound) > self._limits.inbound_max:
            # First those that never brought a whole frame, then the one silent for longest; never the
            # newcomer, or eight idle strangers would lock the peer out.
            inbound.remove(connection)
            min(inbound, key=lambda each: (each.has_spoken, each.heard_at_s)).drop()
        self._tell()
        if was_up and unanswered:
            self._renew()
        return True

    def _reachable(self, address: tuple[str, int], round_trip_s: float) -> None:
        """A dial has ended up at `address`, whose host answers within `round_trip_s`."""
        self._reached = (address, min(round_trip_s, self._limits.dial_timeout_s / 2))

    def _lost(self, connection: _Connection, *, unanswered: bool = False) -> None:
        """`unanswered`: TCP gave it up, with bytes that nobody acknowledged."""
        if connection not in self._connections:
            return
        self._connections.remove(connection)
        self._owed = bool(self._connections) and (self._owed or unanswered)
        if connection.dialled:
            # A host that accepts and hangs up at once is not to be hammered: only a connection that was of
            # use, or lasted, sets the pause back.
            if connection.has_spoken or connection.age_s() > self._limits.backoff_max_s:
                self._pause_s = self._limits.backoff_first_s
            self._stirred.set()
        self._tell()

    def _heard(self, connection: _Connection, frame: bytes) -> None:
        if self._closed or self._receive is None:
            return
        if connection.dialled and not connection.silent:
            # It carries: another that we dialled before it, or at the same time, would only carry the same again.
            for other in [each for each in self._connections if each.dialled and each is not connection]:
                other.forsake()
        try:
            self._receive(frame)
        except Exception as fault:
            self._report(fault)

    def _has_room(self) -> None:
        if not self._closed:
            try:
                self._ready()
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

    def _renew(self) -> None:
        """Tells that the bearer was away and is back, at most once in `_RENEW_EVERY_S`: strangers can provoke it."""
        self._owed = False
        if self._renewing is not None or self._loop is None:
            return
        wait_s = self._renewed_at_s + _RENEW_EVERY_S - self._loop.time()
        if wait_s > 0:
            self._renewing = self._loop.call_later(wait_s, self._renewed)
        else:
            self._renewed()

    def _renewed(self) -> None:
        self._renewing = None
        if self._loop is None or not self._connections:
            return
        self._renewed_at_s = self._loop.time()
        self._away = True
        self._tell()
        self._away = False
        self._tell()

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
        self._opened_at_s = 0.0
        self._written_bytes = 0
        self._acknowledged_bytes = 0
        self._progress_at_s = 0.0
        self._looking: asyncio.TimerHandle | None = None
        self._room_fd: int | None = None
        """Watched while the kernel has something of ours to send."""
        self.settled = False
        """Dialled, and in the hands of the bearer."""
        self.silent = False
        """Nothing of what we wrote was acknowledged for long, though TCP has repeated it."""
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
        if transport.get_write_buffer_size():
            return False  # `resume_writing` follows
        if unsent_bytes(transport.get_extra_info("socket")):
            self._await_room(transport.get_extra_info("socket").fileno())
            return False
        transport.write(packet)
        self._written_bytes += len(packet)
        if self._looking is None:
            self._progress_at_s = self._loop.time()
            self._looking = self._loop.call_later(_LOOK_EVERY_S, self._look)
        return True

    def queue(self, packet: bytes) -> None:
        """Write behind what waits already, up to a limit."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if transport.get_write_buffer_size() + len(packet) <= _BEHIND_BYTES_MAX:
            transport.write(packet)
            self._written_bytes += len(packet)

    def _await_room(self, fd: int) -> None:
        """Has the bearer told when the kernel has sent what it took. One frame waits below us and no more, so that a
        FLASH does not stand behind a backlog; the kernel would add to what it has not sent yet, whatever limit it
        was given. The transport watches its own descriptor, so this is another of the same socket."""
        if self._room_fd is None:
            with contextlib.suppress(OSError):  # no descriptor is left: the next turn tries again
                self._room_fd = os.dup(fd)
                self._loop.add_writer(self._room_fd, self._room)

    def _room(self) -> None:
        self._stop_awaiting_room()
        self._bearer._has_room()

    def _stop_awaiting_room(self) -> None:
        if self._room_fd is not None:
            self._loop.remove_writer(self._room_fd)
            os.close(self._room_fd)
            self._room_fd = None

    def age_s(self) -> float:
        return self._loop.time() - self._opened_at_s

    def unanswered(self) -> bool:
        """Whether TCP is repeating what it sent, and nobody acknowledges it."""
        known = self._answers()
        return self.silent or (known is not None and known.outstanding_bytes > 0 and known.repeats > 0)

    def forsake(self) -> None:
        """Close, and have the kernel throw away what it holds: another connection carries it."""
        if self._transport is not None:
            with contextlib.suppress(OSError):
                self._transport.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE
                )
        self.drop()

    def drop(self) -> None:
        """Close now and forget at once; `connection_lost` follows."""
        self._stop_timers()
        if self._transport is not None:
            self._transport.abort()
        self._bearer._lost(self)

    def leave(self) -> None:
        """Close without waiting for a peer that does not read."""
        self._stop_timers()
        if self._transport is not None:
            if self._transport.get_write_buffer_size():
                self._transport.abort()
            else:
                self._transport.close()

    # asyncio calls these.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(0)
        self.heard_at_s = self._opened_at_s = self._loop.time()
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
        elif self.dialled and (known := self._answers()) is not None:
            self._bearer._reachable(transport.get_extra_info("peername")[:2], known.round_trip_s)

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
            self._bearer._heard(self, bytes(self._buffer[body_at:at]))
            if self._transport is None or self._transport.is_closing():
                return
        rest_bytes = self._filled_bytes - at
        if at:
            self._buffer[:rest_bytes] = self._buffer[at : self._filled_bytes]
            self._filled_bytes = rest_bytes
            self._stop_deadline()
        if rest_bytes and self._deadline is None:
            self._deadline = self._loop.call_later(self._limits.partial_timeout_s, self.drop)

    def resume_writing(self) -> None:
        self._bearer._has_room()

    def eof_received(self) -> None:
        # No bearer of ours closes one half only; waiting to flush to a host that has left would keep the
        # buffer.
        self.drop()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timers()
        self.gone.set()
        self._bearer._lost(self, unanswered=isinstance(exc, TimeoutError))

    def _answers(self) -> Answers | None:
        return (
            None
            if self._transport is None
            else self._bearer._kernel(self._transport.get_extra_info("socket"))
        )

    def _look(self) -> None:
        """Whether what we wrote is being acknowledged; again in a while, as long as some of it is not."""
        self._looking = None
        known, now_s = self._answers(), self._loop.time()
        if known is None or self._transport is None:
            return
        left_bytes = self._transport.get_write_buffer_size() + known.outstanding_bytes
        if self._written_bytes - left_bytes > self._acknowledged_bytes:
            self._acknowledged_bytes, self._progress_at_s = self._written_bytes - left_bytes, now_s
        silent = (
            known.outstanding_bytes > 0
            and now_s - self._progress_at_s >= self._limits.silent_s
            and (self.silent or known.repeats >= self._limits.silent_repeats)
        )
        if silent is not self.silent:
            self.silent = silent
            self._bearer._stirred.set()
        if left_bytes:
            self._looking = self._loop.call_later(_LOOK_EVERY_S, self._look)

    def _stop_timers(self) -> None:
        self._stop_awaiting_room()
        self._stop_deadline()
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None

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
            ("TCP_NOTSENT_LOWAT", 1),  # a frame is taken when all before it have been sent
        ):
            if (number := getattr(socket, option, None)) is not None:
                sock.setsockopt(socket.IPPROTO_TCP, number, value)
