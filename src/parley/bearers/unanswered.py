"""What the kernel knows of a TCP connection and no byte of ours can tell: what was written and never acknowledged.

A path that drops everything without a word looks, from inside, like a path on which nothing is said. TCP knows better:
it has sent the same bytes again by its timer, and nobody has answered. Its timer follows the path it has measured, so
two repeats mean "silent" on a fast path after less than a second and on a slow one after many, which is why repeats are
counted here and not seconds.

Linux tells both; elsewhere nothing is known, and TCP's own limits are left to find a dead path.
"""

from __future__ import annotations

import fcntl
import socket
import struct
import sys
import termios
from dataclasses import dataclass
from typing import Final, Protocol

_INFO: Final = struct.Struct(
    "@8B24I"
)  # the start of Linux's struct tcp_info, which only ever grew at its end
_REPEATS_AT: Final = 2  # tcpi_retransmits: repeats by the timer since the last acknowledgement
_RTT_AT: Final = 8 + 15  # tcpi_rtt, microseconds, smoothed
_OUTQ: Final = struct.Struct("@i")
_UNSENT: Final = 0x894B  # SIOCOUTQNSD


class Socket(Protocol):
    """What is asked of a socket; asyncio hands out one that can do little more."""

    def fileno(self) -> int: ...

    def getsockopt(self, level: int, option: int, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Answers:
    """`outstanding_bytes`: written to the kernel and not acknowledged by the other host. `repeats`: how often the timer
    has sent their beginning again, unanswered. `round_trip_s`: as TCP has measured it, 0 if it has not."""

    outstanding_bytes: int
    repeats: int
    round_trip_s: float


def unsent_bytes(sock: Socket) -> int:
    """How much the kernel has taken and not sent for the first time yet; 0 where the system does not tell."""
    if sys.platform != "linux":
        return 0
    try:
        (unsent,) = _OUTQ.unpack(fcntl.ioctl(sock.fileno(), _UNSENT, bytes(_OUTQ.size)))
    except (OSError, ValueError):
        return 0
    assert isinstance(unsent, int)
    return unsent


def answers(sock: Socket) -> Answers | None:
    """What is known of a connected socket now; None where the system does not tell, or the socket is gone."""
    if sys.platform != "linux":
        return None
    try:
        (outstanding,) = _OUTQ.unpack(fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, bytes(_OUTQ.size)))
        info = _INFO.unpack(sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO.size))
    except (OSError, ValueError, struct.error):  # ValueError: closed
        return None
    return Answers(outstanding, info[_REPEATS_AT], info[_RTT_AT] / 1e6)
