"""./run bench idle: what an end takes to come up, and what it takes while nobody says anything.

Starts are those of bench/console.py: from the start of the process until desk and console answer, of an end with
nothing and of one with 200,000 entries. At rest are two ends joined by TCP over loopback with default settings, which
have one line and, like every pair, the order wire: their signs of life go over the wire, and IP bytes of all packets
are counted both ways (bench/wire.py). Memory and processor time are those of the end that takes more.
"""

from __future__ import annotations

import argparse
import time
from statistics import median

from bench import wire
from bench.console import LARGE, joined, start
from bench.ends import kept
from bench.figures import Figure
from bench.floor import cpu_s
from bench.talk import talking
from bench.up import Up, free_port

COMES_TO_REST_S = 12.0  # after the last of what two ends owe each other: then their signs of life go in step
BRIEFLY_S = 0.3  # the same with --short


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--idle-s", type=float, default=60.0, help="for how long the ends are left alone")


def run(chosen: argparse.Namespace) -> dict[str, Figure]:
    """Measures everything; gives the figures by name."""
    starts = 1 if chosen.short else 5
    found = {"startup_s": Figure(median(start(kept(0, 0)) for _ in range(starts)), "s", 0.6)}
    if chosen.short:
        found["startup_s_200k"] = Figure(None, "s", 3, "not with --short")
    else:
        large = kept(50, LARGE)
        start(large)  # the first may have to replay what an older program kept
        found["startup_s_200k"] = Figure(median(start(large) for _ in range(starts)), "s", 3)
    return found | (_at_rest(5.0, BRIEFLY_S) if chosen.short else _at_rest(chosen.idle_s, COMES_TO_REST_S))


def _at_rest(lasts_s: float, comes_to_rest_s: float) -> dict[str, Figure]:
    port, why = free_port(), wire.missing()
    with joined(talking("rest"), port=port, settles_s=comes_to_rest_s) as both:
        if why:
            percent = _left_alone(both, lasts_s)
            said = Figure(None, "B/s", 50, why)
        else:
            with wire.counted(port) as counted:
                percent = _left_alone(both, lasts_s)
            said = Figure(counted.ip_bytes / lasts_s, "B/s", 50)
        memory = max(end.memory_mib() for end in both)
    return {
        "idle_rss_mib": Figure(memory, "MiB", 70),
        "idle_bytes_per_s": said,
        "idle_cpu_percent": Figure(percent, "%", 0.5),
    }


def _left_alone(both: tuple[Up, Up], lasts_s: float) -> float:
    """Waits; gives the processor time taken meanwhile by the end that took more, in percent of one core."""
    before = [cpu_s(end.pid) for end in both]
    time.sleep(lasts_s)
    return max(cpu_s(end.pid) - used for end, used in zip(both, before, strict=True)) / lasts_s * 100
