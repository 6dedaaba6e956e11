"""./run bench console: how large, how fast and how heavy an end with its console is.

Two ends with fifty lines and 20,000 entries, one with 200,000, one with nothing; each is up as a process of its own.
What each figure is, and what limits it: docs/performance.md.
"""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from bench import browser
from bench.ends import PARTIES, WORDS, Ends, kept
from bench.figures import Figure
from bench.up import Up, free_port

SETTLES_S = 3.0
QUIET_WITHIN_S = 120.0
LARGE = 200_000


@dataclass(frozen=True)
class Size:
    """What is measured: lines and entries of the watch screen, entries of the large end, repeats."""

    lines: int
    entries: int
    large: int | None
    starts: int
    pages: int
    paints: int
    events: int


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lines", type=int, default=50, help="lines of the watch screen")
    parser.add_argument(
        "--entries", type=int, default=20_000, help="entries of the watch screen, all lines together"
    )


def run(chosen: argparse.Namespace) -> dict[str, Figure]:
    """Measures everything; gives the figures by name."""
    if chosen.short:
        size = Size(5, 800, None, 1, 5, 1, 3)
    else:
        size = Size(chosen.lines, chosen.entries, LARGE, 5, 40, 5, 20)
    return {**_starts(size), **_watch(size)}


def _starts(size: Size) -> dict[str, Figure]:
    """From the start of the process until desk and console answer: of an empty end, and of a large one."""
    found = {}
    empty = kept(0, 0)
    found["start_empty"] = Figure(median(start(empty) for _ in range(size.starts)), "s", 0.6)
    found["memory_empty"] = Figure(_memory(empty), "MiB", 70)
    if size.large is None:
        why = "not with --short"
        found["start_large"] = Figure(None, "s", 3.0, why)
        found["start_large_replayed"] = Figure(None, "s", None, why)
        found["memory_large"] = Figure(None, "MiB", 70, why)
    else:
        large = kept(50, size.large)
        for file in large.home(PARTIES[0]).glob("fold.kept*"):
            file.unlink()
        found["start_large_replayed"] = Figure(start(large), "s")
        found["start_large"] = Figure(median(start(large) for _ in range(size.starts)), "s", 3.0)
        found["memory_large"] = Figure(_memory(large), "MiB", 70)
    return found


def start(ends: Ends) -> float:
    """Seconds from the start of the process until its desk and its console answer."""
    with Up(ends, PARTIES[0]) as end:
        return end.started_in_s


def _memory(ends: Ends) -> float:
    """What an end holds that was asked for its watch screen a few times, and is left alone then."""
    with Up(ends, PARTIES[0]) as end:
        end.sign_in()
        for _ in range(5):
            end.page("/")
        time.sleep(SETTLES_S)
        return end.memory_mib()


def _watch(size: Size) -> dict[str, Figure]:
    """The watch screen of an end that is joined to its counterpart over loopback."""
    ends = kept(size.lines, size.entries)
    found = {}
    with joined(ends) as (north, south):
        north.sign_in()
        found["watch_screen"] = Figure(len(north.page("/")) / 1000, "kB", 60)
        times = []
        for _ in range(size.pages):
            begun = time.perf_counter()
            north.page("/")
            times.append((time.perf_counter() - begun) * 1000)
        found["watch_screen_served"] = Figure(median(times), "ms")
        why = browser.missing()
        if why:
            found["first_paint"] = Figure(None, "ms", 300, why)
            found["event_to_screen"] = Figure(None, "ms", 60, why)
        else:
            line = next(v["name"] for v in north.ask("lines") if not v["is_order_wire"])
            before = {m["ref"] for m in north.ask("needs_us")}
            painted, delays = browser.seen(north, south, line, paints=size.paints, events=size.events)
            found["first_paint"] = Figure(median(painted), "ms", 300)
            found["event_to_screen"] = Figure(median(delays), "ms", 60)
            found["event_to_screen_worst"] = Figure(max(delays), "ms")
            for m in north.ask("needs_us"):  # or the next run would measure a longer screen
                if m["ref"] not in before:
                    north.ask(
                        "acknowledge", ref=m["ref"], grade="seen", by="chief", passphrase=WORDS["chief"]
                    )
        time.sleep(SETTLES_S)
        found["memory_joined"] = Figure(north.memory_mib(), "MiB", 70)
    return found


@contextlib.contextmanager
def joined(ends: Ends, *, port: int | None = None, settles_s: float = SETTLES_S) -> Iterator[tuple[Up, Up]]:
    """Both ends up and joined over loopback TCP (`port`: by which), once they have told each other everything they
    owe, and `settles_s` has passed without a change."""
    port = port or free_port()
    with (
        Up(ends, PARTIES[0], way=f'listen = "127.0.0.1:{port}"') as north,
        Up(ends, PARTIES[1], way=f'dial = "127.0.0.1:{port}"') as south,
    ):
        for end in (north, south):
            end.ask("take_watch", by="duty")
        deadline, before = time.monotonic() + QUIET_WITHIN_S, None
        while True:
            lines = [v for end in (north, south) for v in end.ask("lines")]
            sizes = [(v["our_size"], v["their_size"]) for v in lines]
            agree = all(v["agree"] == "agree" and v["observed"] == "OK" for v in lines)
            if agree and sizes == before:
                break
            if time.monotonic() > deadline:
                raise TimeoutError("the two ends did not come to rest")
            before = sizes
            time.sleep(settles_s)
        yield north, south
