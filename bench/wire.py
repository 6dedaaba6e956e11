"""Packets counted on the wire: every IP packet of one TCP port on loopback, both ways, with its headers.

A packet socket of the kernel (AF_PACKET, so Linux and root) sees what arrives on the interface `lo`, which is what
left on it; a filter in the kernel lets through what has the port on either side, and only its first bytes. The length
is the one the IP header states, so packets that carry nothing but an acknowledgement count as well. To check it: in a
network namespace of its own `ip -s link show lo` counts the same packets and the same bytes.
"""

from __future__ import annotations

import contextlib
import ctypes
import socket
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

ETH_P_IP = 0x0800
SO_ATTACH_FILTER, SO_RCVBUFFORCE = 26, 33  # of Linux; the module socket does not name them
SOL_PACKET, PACKET_STATISTICS = 263, 6
QUEUE_BYTES = 8 << 20
HEAD_BYTES = 64


def missing() -> str:
    """Why packets cannot be counted here; empty if they can."""
    if not sys.platform.startswith("linux"):
        return "packets are counted on Linux only"
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0).close()
    except PermissionError:
        return "packets are counted by root only"
    except OSError as e:
        return f"packets cannot be counted here: {e.strerror}"
    return ""


@dataclass
class Counted:
    """What went over the wire: the length of each IP packet, in the order they left."""

    lengths: list[int] = field(default_factory=list)

    @property
    def packets(self) -> int:
        return len(self.lengths)

    @property
    def ip_bytes(self) -> int:
        return sum(self.lengths)


@contextlib.contextmanager
def counted(port: int) -> Iterator[Counted]:
    """Counts while the `with` lasts; read the figures after it. Raises OSError where `missing` says why, and
    RuntimeError when the kernel dropped a packet uncounted."""
    found = Counted()
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0) as ear:
        ear.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, QUEUE_BYTES)
        _filter(ear, port)
        ear.bind(("lo", ETH_P_IP))
        ear.setblocking(False)
        yield found
        with contextlib.suppress(BlockingIOError):
            while True:
                found.lengths.append(int.from_bytes(ear.recv(HEAD_BYTES)[2:4], "big"))
        _, dropped = struct.unpack("II", ear.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
        if dropped:
            raise RuntimeError(f"{dropped} packets were not counted")


def _filter(ear: socket.socket, port: int) -> None:
    """Lets through TCP over IPv4 with this port on either side (a program of the classic packet filter)."""
    program = [
        (0x30, 0, 0, 9),  # the protocol
        (0x15, 0, 6, socket.IPPROTO_TCP),
        (0xB1, 0, 0, 0),  # the length of the IP header
        (0x48, 0, 0, 0),  # the port it is from
        (0x15, 2, 0, port),
        (0x48, 0, 0, 2),  # the port it goes to
        (0x15, 0, 1, port),
        (0x06, 0, 0, HEAD_BYTES),
        (0x06, 0, 0, 0),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in program))
    head = struct.pack("HL", len(program), ctypes.addressof(code))
    ear.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, head)
