"""A tap on each wire: a relay on loopback that carries bytes on, can be cut, and reads what any observer would.

It stands where somebody with full sight of the network stands. It has no key, so all it can read of a frame is
its length, its direction, its time and the nine clear bytes; the rest of this file is what follows from these
(docs/attacks.md, "The network watched").
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from parley.core.errors import RemoteError
from parley.core.wire import frame as frames

SEEN_MAX: Final = 200
_PREFIX_BYTES: Final = 2
_LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Reading:
    """What an observer reads of one frame, without a key. `size`: a name for what has frames of this size, a key
    of `words.SIZES`. `tag` (hex) and `counter` are None for bytes that are no frame of this suite."""

    bytes: int
    size: str
    tag: str | None
    counter: int | None


@dataclass(frozen=True, slots=True)
class Seen:
    """One frame on a wire. `number` counts from 1 over all wires; `at`: Unix seconds by the clock of the
    demonstration; `sender`: key of the party it came from."""

    number: int
    at: float
    bearer: str
    sender: str
    reading: Reading


def read(frame: bytes) -> Reading:
    """What the bytes of a frame say to who has no key."""
    try:
        clear = frames.decode_clear(frame)
    except RemoteError:
        return Reading(len(frame), "nothing", None, None)
    return Reading(len(frame), _size(len(frame)), clear.tag.hex(), clear.counter)


def _size(length: int) -> str:
    """What an observer guesses from the length alone; sizes are not padded."""
    if length == 40:
        return "life"
    if length == 34:
        return "call"
    if length in (104, 136, 168):
        return "statement"
    if 106 <= length <= frames.FRONTIER_FRAME_BYTES_MAX:
        return "frontier or act"
    if length == 1409:
        return "prekey"
    if 1280 <= length <= 1300:
        return "epoch"
    return "act" if length > 110 else "other"


class Wire:
    """All frames of all wires, the last SEEN_MAX of them kept."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall
        self.seen: deque[Seen] = deque(maxlen=SEEN_MAX)
        self.frames = 0
        self.bytes = 0

    def note(self, bearer: str, sender: str, frame: bytes) -> None:
        self.frames += 1
        self.bytes += len(frame) + _PREFIX_BYTES
        self.seen.appendleft(Seen(self.frames, self._wall(), bearer, sender, read(frame)))


_CLOSING_TURNS = (
    8  # of the loop: until a connection that was being accepted has been made, aborted and closed
)


class Tap:
    """The wire of one bearer. The end that dials it is `dialler`, the end it dials on is `listener`."""

    def __init__(self, bearer: str, wire: Wire, *, dialler: str, listener: str, listener_port: int) -> None:
        self.bearer = bearer
        self._wire, self._dialler, self._listener = wire, dialler, listener
        self._listener_port = listener_port
        self._server: asyncio.Server | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._port = 0

    @property
    def port(self) -> int:
        """Where it is dialled; stays the same when it is cut and mended. 0 before the first `mend`."""
        return self._port

    @property
    def up(self) -> bool:
        return self._server is not None

    async def mend(self) -> None:
        """Carries from now on; nothing happens when it does already. Raises OSError."""
        if self._server is None:
            self._server = await asyncio.start_server(self._accepted, _LOOPBACK, self._port)
            self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Carries nothing from now on, and both ends notice; nothing happens when it is cut already."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for _ in range(_CLOSING_TURNS):
            await asyncio.sleep(0)

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._server is None:  # cut while it was being accepted
            writer.transport.abort()
            return
        task = asyncio.create_task(self._join(reader, writer))
        self._running.add(task)

        def over(task: asyncio.Task[None]) -> None:
            self._running.discard(task)
            writer.transport.abort()

        task.add_done_callback(over)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection carried on to the listening end, until either side or the tap is done with it."""
        try:
            back, onward = await asyncio.open_connection(_LOOPBACK, self._listener_port)
        except OSError:  # nobody listens there now
            return
        ways = [
            asyncio.create_task(self._carry(self._dialler, reader, onward)),
            asyncio.create_task(self._carry(self._listener, back, writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            onward.transport.abort()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _carry(self, sender: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                prefix = await reader.readexactly(_PREFIX_BYTES)
                frame = await reader.readexactly(int.from_bytes(prefix, "big"))
                self._wire.note(self.bearer, sender, frame)
                writer.write(prefix + frame)
                await writer.drain()
