"""Two hosts on one machine: a network namespace each, joined by a cable that can drop, slow down and delay packets.

The cable is a TUN device at either host and a thread of this process that carries every IP packet from one to the
other (`Cable`), since the kernel's own emulator of bad links is not everywhere. It carries packets and knows nothing
of connections: what it drops nobody hears of, and the devices stay up. Each direction is a queue in order: a packet
leaves it when those before it have left at the given rate, and arrives a fixed time later, or is lost.

Needs Linux, root, and the command `ip` (Debian: iproute2). Names hold the number of this process. All is taken away at
the end, on an error too; what a killed bench left is taken away by the next.
"""

from __future__ import annotations

import contextlib
import fcntl
import heapq
import os
import random
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.desk_link import DeskLink
from bench.ends import PARTIES, Ends

ADDRESSES = ("192.0.2.1", "192.0.2.2")
PORT = 7411
UP_WITHIN_S = 60.0
QUEUE_PACKETS = 1000
_DEVICE = "cable0"
_PREFIX = "parley-bench-"
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000


def missing() -> str:
    """Why there can be no two hosts here; empty if there can."""
    if not sys.platform.startswith("linux"):
        return "needs Linux"
    if os.geteuid() != 0:
        return "needs root"
    if shutil.which("ip") is None:
        return "needs the command ip; Debian: apt-get install -y iproute2"
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        return "needs /dev/net/tun"
    name = f"{_PREFIX}{os.getpid()}-t"
    try:
        _ip("netns", "add", name)
        _ip("netns", "del", name)
    except OSError as e:
        return f"no network namespace can be made here: {e}"
    return ""


@dataclass(frozen=True)
class Way:
    """What becomes of packets, the same in both directions. `delay_s`: on the way; `loss`: 0 to 1; `rate`: bit/s, 0 for
    no limit."""

    delay_s: float = 0.0
    loss: float = 0.0
    rate: float = 0.0


GOOD, DEAD = Way(), Way(loss=1.0)


class Hosts:
    """The two and their cable; to be used in a `with`."""

    def __init__(self, *, way: Way = GOOD, mtu: int = 1500, seed: int = 1) -> None:
        self._mtu, self._way, self._chance = mtu, way, random.Random(seed)
        self.names = tuple(f"{_PREFIX}{os.getpid()}-{n}" for n in (0, 1))
        self.cable: Cable

    def __enter__(self) -> Hosts:
        _sweep()
        ends = [_tun(f"{_DEVICE}{os.getpid()}{n}"[-15:]) for n in (0, 1)]
        self.cable = Cable((ends[0][0], ends[1][0]), self._way, self._chance)
        try:
            for host, (name, (_, device)) in enumerate(zip(self.names, ends, strict=True)):
                _ip("netns", "add", name)
                _ip("link", "set", device, "netns", name)
                _ip("-n", name, "link", "set", "lo", "up")
                _ip("-n", name, "link", "set", device, "name", _DEVICE, "mtu", str(self._mtu))
                _ip("-n", name, "addr", "add", ADDRESSES[host], "peer", ADDRESSES[1 - host], "dev", _DEVICE)
                _ip("-n", name, "link", "set", _DEVICE, "up")
            self.cable.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.cable.stop()
        for name in self.names:
            with contextlib.suppress(OSError):
                _ip("netns", "del", name)


class Cable:
    """Carries packets between two TUN devices, on a thread of its own."""

    def __init__(self, devices: tuple[int, int], way: Way, chance: random.Random) -> None:
        self._devices, self._chance = devices, chance
        self._way = way
        self.octets = self.packets = 0
        """What was put on it so far, IP headers included, whether it arrived or not."""
        self._wake = os.pipe()
        self._thread = threading.Thread(target=self._carry, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        os.close(self._wake[1])
        if self._thread.ident is not None:
            self._thread.join()
        for fd in (*self._devices, self._wake[0]):
            os.close(fd)

    def becomes(self, way: Way) -> float:
        """From now on packets fare so; what is under way still arrives. The instant (perf_counter)."""
        self._way = way
        return time.perf_counter()

    def _carry(self) -> None:
        under_way: list[tuple[float, int, int, bytes]] = []
        free_at = [0.0, 0.0]
        order = 0
        while True:
            wait_s = max(0.0, under_way[0][0] - time.monotonic()) if under_way else None
            ready, _, _ = select.select([*self._devices, self._wake[0]], [], [], wait_s)
            if self._wake[0] in ready:
                return
            now, way = time.monotonic(), self._way
            for here, device in enumerate(self._devices):
                if device not in ready:
                    continue
                packet = os.read(device, 65536)
                self.octets, self.packets = self.octets + len(packet), self.packets + 1
                if self._chance.random() < way.loss or len(under_way) >= QUEUE_PACKETS:
                    continue
                free_at[here] = max(now, free_at[here]) + (len(packet) * 8 / way.rate if way.rate else 0.0)
                order += 1
                heapq.heappush(under_way, (free_at[here] + way.delay_s, order, 1 - here, packet))
            while under_way and under_way[0][0] <= time.monotonic():
                _, _, there, packet = heapq.heappop(under_way)
                with contextlib.suppress(OSError):  # a host that is being taken away
                    os.write(self._devices[there], packet)


def _tun(name: str) -> tuple[int, str]:
    """A new TUN device: what reads and writes its packets, and its name."""
    fd = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(fd, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI))
    return fd, name


@contextlib.contextmanager
def up(hosts: Hosts, ends: Ends) -> Iterator[None]:
    """An end up on either host, as `parley up` makes it, with default settings: North listens, South dials."""
    ways = (f'listen = "{ADDRESSES[0]}:{PORT}"', f'dial = "{ADDRESSES[0]}:{PORT}"')
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for host, party in enumerate(PARTIES):
            home = ends.home(party)
            (home / "parley.toml").write_text(f"[bearer.cable]\n{ways[host]}\n")
            words = [
                "ip",
                "netns",
                "exec",
                hosts.names[host],
                sys.executable,
                "-m",
                "parley",
                "--home",
                str(home),
            ]
            words += ["--passphrase-file", str(ends.secret("end")), "up"]
            processes.append(subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL))
        yield
        if any(process.poll() is not None for process in processes):
            raise OSError("an end went down while it was measured")
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def desk_of(home: Path) -> DeskLink:
    """A connection to the desk of an end that is starting. Raises TimeoutError."""
    deadline = time.monotonic() + UP_WITHIN_S
    while True:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            if probe.connect_ex(str(home / "desk.sock")) == 0:
                return DeskLink(home)
        if time.monotonic() > deadline:
            raise TimeoutError(f"the end at {home} did not come up")
        time.sleep(0.02)


def _sweep() -> None:
    """Takes away what benches left that were killed."""
    for row in _ip("netns", "list").splitlines():
        name = row.partition(" ")[0]
        number = name.removeprefix(_PREFIX).partition("-")[0]
        if name.startswith(_PREFIX) and number.isdecimal() and not Path(f"/proc/{number}").exists():
            with contextlib.suppress(OSError):
                for process in _ip("netns", "pids", name).split():
                    os.kill(int(process), signal.SIGKILL)  # an end that was up in it
                _ip("netns", "del", name)


def _ip(*words: str) -> str:
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"ip {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout
