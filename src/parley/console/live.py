"""The stream that keeps a page true: server-sent events that say that something changed, and what time it is.

An event carries no content: `{"v": VERSION, "now": SECONDS, "rate": RATE}`. A page that sees a new version
fetches itself again and puts the changed parts in place, so that there is one way a page is made, with and
without script. A beat comes every BEAT_S seconds at the latest; a page that has heard none for 5 s says that it
lost its stream (static/live.js). What changes by time alone (a line that falls silent, a deadline that passes) is
looked for at each beat, once for all streams.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Final

from parley.desk import Desk

BEAT_S: Final = 2.0
GATHER_S: Final = 0.03  # after an event; changes that come in it are one more
STREAMS_MAX: Final = 48
WALLS_MAX: Final = (
    16  # apart from those, since a wall needs no sign-in and must not keep an officer's page out
)


class Pulse:
    """Tells all open streams of one console that its end has changed."""

    def __init__(self, desk: Desk, rate: Callable[[], float]) -> None:
        self._desk, self._rate = desk, rate
        self._version = 1
        self._changed: asyncio.Event | None = None
        self._gathering = False
        self._told_at = float("-inf")
        self._seen: object = None
        self._seen_at = 0.0
        self._closed = False
        self.open = 0  # streams of pages
        self.walls = 0
        desk.on_change(self.bump)

    def bump(self) -> None:
        """Something changed; the streams hear of it in a moment."""
        if not (self.open or self.walls) or self._gathering:
            return
        self._gathering = True
        loop = asyncio.get_running_loop()
        loop.call_later(max(0.0, self._told_at + GATHER_S - loop.time()), self._tell)

    def close(self) -> None:
        """Ends all streams, so that the server can stop."""
        self._closed = True
        if self._changed is not None:
            self._changed.set()

    def _tell(self) -> None:
        self._gathering = False
        self._told_at = asyncio.get_running_loop().time()
        self._version += 1
        if self._changed is not None:
            self._changed.set()
            self._changed = None

    def _look(self) -> None:
        """Whether time alone has changed something; looked at once a beat, however many streams there are."""
        now = asyncio.get_running_loop().time()
        if now - self._seen_at < BEAT_S / 2:
            return
        self._seen_at = now
        seen = self._state()
        if self._seen not in (None, seen):
            self._tell()
        self._seen = seen

    def _state(self) -> object:
        """What a page shows and time alone can change."""
        alarms = tuple((alarm.key, alarm.level) for alarm in self._desk.alarms())
        lines = tuple((line.declared, line.observed, line.open_slot) for line in self._desk.lines())
        return alarms, lines

    async def stream(
        self, still_allowed: Callable[[], bool], wall: Callable[[], dict[str, object]] | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes of one stream, until the client goes, the console closes, or `still_allowed` says no.
        `wall`: more fields for each event."""
        self.open += wall is None
        self.walls += wall is not None
        try:
            yield b"retry: 1000\n\n"
            while not self._closed:
                if not still_allowed():
                    yield b"event: ended\ndata: {}\n\n"
                    return
                version = self._version
                said = {"v": version, "now": round(self._desk.time(), 3), "rate": self._rate()}
                yield b"data: " + json.dumps(said | (wall() if wall else {})).encode() + b"\n\n"
                if version != self._version:
                    continue  # while that was being sent, something changed
                if self._changed is None:
                    self._changed = asyncio.Event()
                changed = self._changed
                try:
                    async with asyncio.timeout(BEAT_S):
                        await changed.wait()
                except TimeoutError:
                    self._look()
        finally:
            self.open -= wall is None
            self.walls -= wall is not None
