"""./run bench flash: how many frames of a backlog of 10 MB leave before a FLASH that is released into it.

50,000 ROUTINE messages are released and wait; then the line gets a way that passes 16,000 bytes a second: an emulator
of ours, a relay on loopback that reads from the sender no faster than that. While the backlog goes out, a FLASH is
released. When the question `release` has its answer, the kernel of the sender is asked how much of the stream it has
sent (TCP_INFO): that is the mark. Counted are the frames that end beyond the mark, in the order of the stream, before
the FLASH; one that had begun to leave is among them. The FLASH is known by its length, which no other frame has: the
frames are sealed. If it is not there after a minute, what went until then is what counts.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import fcntl
import os
import random
import shutil
import socket
import stat
import string
import struct
import termios
import threading
import time

from bench.desk_link import DeskLink
from bench.ends import PARTIES, PLACE, QUICK, TEXTS, WORDS, Ends, kept_at
from bench.figures import Figure
from bench.talk import LINE
from bench.up import Up, free_port
from parley.core.instruments import message
from parley.core.types import ActKind, Precedence
from parley.core.wire import entry as wire
from parley.home import Home
from parley.keys import officer_signer
from parley.node import Node, Settings, SystemClock
from parley.scenario.clock import VirtualClock
from parley.watch_log import Happened

BYTES_PER_S = 16_000
BACKLOG = 50_000  # messages, of some 200 bytes each as frames
BACKLOG_SHORT = 600
FLASH_CHARACTERS = 500  # by chance, so that they do not pack well
FLASH_BYTES = range(400, 900)  # of its frame, and of no other's
ALONG_S = 3.0  # the backlog has been going out for so long
WITHIN_S = 600.0  # the whole backlog gets its places first, in one turn
FLASH_WITHIN_S = 60.0
TICK_S = 0.005
PIDFD_GETFD = 438  # the number of the system call
TCP_INFO_BYTES, BYTES_SENT_AT = 216, 200  # of the struct tcp_info: sent, and of them sent again
RECEIVE_BYTES = 2048  # of the relay, from the sender: what has left and waits on the way is little
BATCH = 1000


def options(parser: argparse.ArgumentParser) -> None:
    """None of its own."""


def run(chosen: argparse.Namespace) -> dict[str, Figure]:
    """Measures everything; gives the figures by name."""
    ends = _with_backlog(BACKLOG_SHORT if chosen.short else BACKLOG)
    here, there = free_port(), free_port()
    with (
        Up(ends, PARTIES[0], way=f'listen = "127.0.0.1:{here}"') as north,
        DeskLink(north.home) as desk,
    ):
        desk.patience(WITHIN_S)
        text = "".join(random.choices(string.ascii_letters + string.digits, k=FLASH_CHARACTERS))
        draft = desk.ask("compose", line=LINE, text=text, by="duty", precedence="FLASH")
        with Up(ends, PARTIES[1], way=f'dial = "127.0.0.1:{there}"'), Slow(there, here) as slow:
            slow.wait_for(BYTES_PER_S * (1 if chosen.short else ALONG_S))
            asked = time.perf_counter()
            desk.ask("release", draft=draft["ref"], by="chief")
            released = time.perf_counter()
            slow.mark(north.pid)
            frames, came = slow.before_flash()
        line = desk.ask("line", name=LINE)
    left = line["waiting"] + line["our_size"] - line["their_receipt"]
    return {
        "flash_wait_frames": Figure(frames, "frames", 1),
        "flash_arrives_ms": Figure((came - asked) * 1000, "ms"),
        "flash_release_ms": Figure((released - asked) * 1000, "ms"),
        "flash_backlog_left": Figure(left, "messages"),
    }


# --- the slow way -----------------------------------------------------------------------------


class Slow:
    """A relay on loopback that takes from the sender BYTES_PER_S and no more; back it is as fast as it can. Each end
    finds it where it looks for the other: it listens on `there` and dials `here`. To be used in a `with`."""

    def __init__(self, there: int, here: int) -> None:
        self._listening = socket.create_server(("127.0.0.1", there))
        self._here = here
        self._lock = threading.Condition()
        self._taken = self._mark = 0  # bytes of the stream
        self._rest = b""
        self._ends: list[int] = []  # where each frame ends
        self._flash: tuple[int, float] | None = None  # how many frames were before it, and when it was here
        self._over = False
        self._sender: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Slow:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)  # or nobody who connects would be waited for
        self._thread.join()
        self._listening.close()

    def wait_for(self, count: float) -> None:
        """Waits until so many bytes were taken from the sender."""
        with self._lock:
            if not self._lock.wait_for(lambda: self._taken >= count, WITHIN_S):
                raise TimeoutError("the backlog does not go out")

    def mark(self, sender_pid: int) -> None:
        """What has left the sender until now is before the mark: what its kernel says it has sent, or, where we may
        not ask that, what has arrived at our kernel."""
        with self._lock:
            sender = self._sender
            assert sender is not None
            sent = sent_bytes(sender_pid, sender.getsockname())
            unread = struct.unpack("i", fcntl.ioctl(sender, termios.FIONREAD, bytes(4)))[0]
            self._mark = self._taken + unread if sent is None else sent

    def before_flash(self) -> tuple[int, float]:
        """How many frames ended beyond the mark before the FLASH, and when it was here (perf_counter). A FLASH that
        is not here within FLASH_WITHIN_S: how many were before it until then, and that moment."""
        with self._lock:
            self._lock.wait_for(lambda: self._flash is not None, FLASH_WITHIN_S)
            before, came = self._flash or (len(self._ends), time.perf_counter())
            return sum(end > self._mark for end in self._ends[:before]), came

    def _run(self) -> None:
        try:
            receiver, _ = self._listening.accept()
        except OSError:
            return
        with receiver, socket.socket() as sender, contextlib.suppress(ConnectionError):  # an end has gone
            sender.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
            sender.connect(("127.0.0.1", self._here))
            sender.setblocking(False)
            receiver.setblocking(False)
            self._sender = sender
            begun, due = time.perf_counter(), 0.0
            while not self._over:
                time.sleep(TICK_S)
                due = min(due, BYTES_PER_S * 4 * TICK_S) + BYTES_PER_S * (time.perf_counter() - begun)
                begun = time.perf_counter()
                with self._lock:
                    due -= self._taken_over(sender, receiver, int(due))
                with contextlib.suppress(BlockingIOError):
                    _all(sender, receiver.recv(1 << 16))

    def _taken_over(self, sender: socket.socket, receiver: socket.socket, most: int) -> int:
        """Takes up to so many bytes, and hands them on; how many."""
        data = b""
        with contextlib.suppress(BlockingIOError):
            if most > 0:
                data = sender.recv(most)
        if data:
            _all(receiver, data)
            self._rest += data
            while len(self._rest) >= 2 and len(self._rest) >= (
                size := 2 + int.from_bytes(self._rest[:2], "big")
            ):
                at = self._taken + len(data) - len(self._rest) + size
                if size - 2 in FLASH_BYTES and self._flash is None:
                    self._flash = len(self._ends), time.perf_counter()
                self._ends.append(at)
                self._rest = self._rest[size:]
            self._taken += len(data)
            self._lock.notify_all()
        return len(data)


def sent_bytes(pid: int, peer: tuple[str, int]) -> int | None:
    """How many bytes the kernel has sent on the connection of another process with `peer`, each counted once; None
    where it may not be asked."""
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        process = os.pidfd_open(pid)
    except (OSError, AttributeError):
        return None
    try:
        for number in map(int, os.listdir(f"/proc/{pid}/fd")):
            copied = libc.syscall(PIDFD_GETFD, process, number, 0)
            if copied < 0:
                return None
            if not stat.S_ISSOCK(os.fstat(copied).st_mode):
                os.close(copied)
                continue
            with socket.socket(fileno=copied) as link, contextlib.suppress(OSError):
                if link.family == socket.AF_INET and link.getpeername() == peer:
                    told = link.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_BYTES)
                    sent, again = struct.unpack_from("QQ", told, BYTES_SENT_AT)
                    return int(sent - again)
    except OSError:
        return None
    finally:
        os.close(process)
    return None


def _all(link: socket.socket, data: bytes) -> None:
    link.setblocking(True)
    link.sendall(data)
    link.setblocking(False)


# --- the backlog ------------------------------------------------------------------------------


def _with_backlog(messages: int) -> Ends:
    """Two ends, one of which has so many messages released and waiting; made anew each time, since what a run leaves
    behind is not what it began with, and has a FLASH in it."""
    place = PLACE.resolve() / f"flash-{messages}"
    shutil.rmtree(place, ignore_errors=True)
    ends = kept_at(place, 1, 40, QUICK)
    _released(ends, messages)
    return ends


def _released(ends: Ends, messages: int) -> None:
    """Has `chief` release so many messages while no bearer is up; the disk is waited for once, at the end."""
    home = Home.open(ends.home(PARTIES[0]), WORDS["end"], sync=False)
    node = Node(
        home, clock=SystemClock(), timer=VirtualClock(time.time()), entropy=os.urandom, settings=Settings()
    )
    room = next(room for room in node.rooms() if room.name == LINE)
    chief, signer = officer_signer(home.path, "chief", WORDS["chief"])
    author = chief.officer.author

    def release(numbers: range) -> None:
        for number in numbers:
            text = f"{TEXTS[0]} ({number})"
            body = message.body(message.written("en", text))
            packed = wire.encode_body(body).hex()
            draft = node.watch_log.note(
                node.now(), Happened.DRAFT, "duty", room.id, precedence="ROUTINE", body=packed, reason=""
            )
            cose, _ = node.sign(room, ActKind.MESSAGE, body, Precedence.ROUTINE, author, signer)
            node.release(room, cose, body, draft=draft)

    for first in range(0, messages, BATCH):
        batch = range(first, min(first + BATCH, messages))
        node.turn(lambda batch=batch: release(batch))  # type: ignore[misc]
    home.close()
