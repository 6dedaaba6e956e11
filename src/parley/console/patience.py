"""HTTP for the console with bounded patience: who connects and does not ask, or asks and does not read, makes room.

The server we use bounds the number of connections and how long one may lie idle *after* an answer. It does not bound
how long the first request may take to come, and it answers everybody with 503 once enough connections are open: a
stranger who opens them and says nothing would silence the console of whoever has the watch, without a passphrase.
Here a request's head must come within `HEAD_S`; of those who have not asked the oldest makes room for a newcomer; and
who stops reading is let go after `READING_S`. A request is with us in one piece a moment after its connection, so
an officer's is never the oldest. What remains is a flood that wins by its mere number; against that stands a packet
filter.
"""

from __future__ import annotations

import asyncio
from typing import Final

from uvicorn.protocols.http.h11_impl import H11Protocol

WAITING_MAX: Final = 32
CONNECTIONS_MAX: Final = 256  # then everybody is told to come back: for the server's `limit_concurrency`


class Patient(H11Protocol):
    """One connection."""

    HEAD_S = 10.0
    READING_S = 30.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._since = self.loop.time()
        self._head: asyncio.TimerHandle | None = self.loop.call_later(self.HEAD_S, self._no_head)
        self._reading: asyncio.TimerHandle | None = None
        waiting = [c for c in self.connections if isinstance(c, Patient) and c.is_waiting]
        if len(waiting) > WAITING_MAX:
            min(waiting, key=lambda c: (c.cycle is not None, c._since)).transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timers()
        super().connection_lost(exc)

    @property
    def is_waiting(self) -> bool:
        """Whether nothing was asked that is not answered: the connection is open, and no more."""
        return self.cycle is None or self.cycle.response_complete

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self.is_waiting:
            self._stop_head()
        elif self._head is None and not self.transport.is_closing():
            self._head = self.loop.call_later(
                self.HEAD_S, self._no_head
            )  # a second request has begun to come

    def on_response_complete(self) -> None:
        self._since = self.loop.time()
        super().on_response_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._reading = self.loop.call_later(self.READING_S, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _no_head(self) -> None:
        self._head = None
        if self.is_waiting:
            self.transport.abort()

    def _stop_head(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _stop_timers(self) -> None:
        self._stop_head()
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None
