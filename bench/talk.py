"""./run bench talk: what a message costs until their end has it on disk and their signed receipt is on ours.

Two ends, each as `parley up` makes it, joined by TCP over loopback, with default settings. A message is composed by
`duty` before the clock starts. The clock runs from writing the question `release` (by `chief`), on a connection to
the desk that is open already, to the line on that connection which says that their node has signed for the message
(`follow`). Both records are synced before that line. To see it, on both processes:

    strace -f -tt -e trace=fsync,fdatasync,sendto,recvfrom,writev -p PID

The floor (bench/floor.py) runs on the same disk just before and just after. A ratio is taken within one repetition,
over the mean of the two floors beside it; the figure is the median of the repetitions, and beside it are told their
least and their most.
"""

from __future__ import annotations

import argparse
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean, median

from bench import wire
from bench.console import joined
from bench.desk_link import Answered, DeskLink
from bench.ends import PLACE, Ends, kept_at
from bench.figures import Figure
from bench.floor import Floor, Talked, cpu_s
from bench.up import Up, free_port

LINE = "Line 01"
FLYING = 32
TEXTS = (  # 100 characters each, in turn
    "Fishing boat adrift north of the line, three persons aboard, no radio. Will you search, or shall we?",
    "Our engineers clear the road east of post 14 tomorrow from 0900 to 1500. No fire, no more than nine.",
    "Fire reported in the forest south of the river at 2140. Please tell us at once if it is on your side",
    "We have read your note of 3 May. The answer of our government follows by letter before Friday, 1700.",
    "A balloon without lights crossed at 41.2 N at 0615 and drifts west. It is not ours. Is it one of you",
)
PACE_S = 0.25  # longer than a host waits before it acknowledges what it has nothing to answer to


@dataclass(frozen=True)
class Size:
    """How often: repetitions, messages one at a time, messages in flight, messages counted on the wire, the same
    with a pause after each."""

    repeats: int
    alone: int
    crowd: int
    wired: int
    paced: int


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--repeats", type=int, default=5, help="repetitions of talk, each between two floors")


def run(chosen: argparse.Namespace) -> dict[str, Figure]:
    """Measures everything; gives the figures by name."""
    size = Size(1, 20, 64, 20, 4) if chosen.short else Size(chosen.repeats, 300, 2000, 200, 60)
    ends = talking()
    port = free_port()
    with (
        Floor(ends.place / "floor") as floor,
        joined(ends, port=port, settles_s=0.5) as both,
        DeskLink(both[0].home) as desk,
    ):
        talk = Talk(desk, both)
        for warm in (floor.talk, talk.talk):
            warm(size.alone, 1)
        alone = _beside(size.repeats, lambda: floor.talk(size.alone, 1), lambda: talk.talk(size.alone, 1))
        crowd = _beside(
            size.repeats, lambda: floor.talk(size.crowd, FLYING), lambda: talk.talk(size.crowd, FLYING)
        )
        wired = _wired(talk, port, size)
    return _latency(alone) | _throughput(crowd) | wired


def talking(name: str = "talk") -> Ends:
    """Ends that talk: one line, a short past."""
    return kept_at(PLACE.resolve() / name, 1, 40)


class Talk:
    """What is said from one end to the other, and how long each message waits for its durable receipt."""

    def __init__(self, desk: DeskLink, both: tuple[Up, Up]) -> None:
        self._desk, self._both = desk, both
        self._number = 0
        line = desk.ask("line", name=LINE)
        self._size, self._covered = line["our_size"], line["their_receipt"]

    def talk(self, count: int, flying: int) -> Talked:
        """Says so many messages, so many of them at once in flight. One at a time, each is composed after the one
        before has its receipt; else all are composed before."""
        if flying > 1:
            return self._said([self._composed() for _ in range(count)], flying)
        found = [self._said([self._composed()], 1) for _ in range(count)]
        return Talked(
            [waited for one in found for waited in one.waited_ms],
            sum(one.lasted_s for one in found),
            sum(one.cpu_s for one in found),
        )

    def paced(self, count: int, pause_s: float) -> None:
        """Says so many messages, one at a time, and waits after each."""
        for _ in range(count):
            self.talk(1, 1)
            time.sleep(pause_s)

    def _composed(self) -> str:
        self._number += 1
        text = TEXTS[self._number % len(TEXTS)]
        draft = self._desk.ask("compose", line=LINE, text=text, by="duty", precedence="ROUTINE")
        return str(draft["ref"])

    def _said(self, drafts: list[str], flying: int) -> Talked:
        left, asked, placed = deque(drafts), deque[float](), dict[int, float]()
        waited: list[float] = []
        before, begun = self._used_s(), time.perf_counter()
        covered_at = begun
        while len(waited) < len(drafts):
            if now := [left.popleft() for _ in range(min(len(left), flying - len(asked) - len(placed)))]:
                asked.extend([time.perf_counter()] * len(now))
                self._desk.put(
                    *(("release", {"draft": draft, "by": "chief", "brief": True}) for draft in now)
                )
            heard = self._desk.next()
            if isinstance(heard, Answered):
                # told before the answer: the size of our log with the message in it
                place = heard.value.get("sequence")
                placed[self._size - 1 if place is None else place] = asked.popleft()
            elif heard.line == LINE:
                self._size, self._covered, covered_at = heard.our_size, heard.at_their_end, heard.at
            for place in [p for p in placed if p < self._covered]:
                waited.append((covered_at - placed.pop(place)) * 1000)
        return Talked(waited, covered_at - begun, self._used_s() - before)

    def _used_s(self) -> float:
        return sum(cpu_s(end.pid) for end in self._both)


def _wired(talk: Talk, port: int, size: Size) -> dict[str, Figure]:
    """IP bytes of all packets of the connection, both ways, while messages of 100 characters were said one at a time,
    divided by their number. Nothing is subtracted: signs of life that fall in are in it."""
    name, aim = "wire_bytes_per_message", 420
    if why := wire.missing():
        return {n: Figure(None, "B", a, why) for n, a in ((name, aim), (f"{name}_paced", None))}
    with wire.counted(port) as close:
        talk.talk(size.wired, 1)
    with wire.counted(port) as apart:
        talk.paced(size.paced, PACE_S)
    return {
        name: Figure(close.ip_bytes / size.wired, "B", aim),
        "wire_packets_per_message": Figure(close.packets / size.wired, "packets"),
        f"{name}_paced": Figure(apart.ip_bytes / size.paced, "B"),
        "wire_packets_per_message_paced": Figure(apart.packets / size.paced, "packets"),
    }


# --- beside the floor -------------------------------------------------------------------------


@dataclass(frozen=True)
class Beside:
    """One repetition: what an end took, and the floors just before and just after."""

    ours: Talked
    floors: tuple[Talked, Talked]

    def floor(self, of: Callable[[Talked], float]) -> float:
        return fmean(of(floor) for floor in self.floors)

    def ratio(self, of: Callable[[Talked], float]) -> float:
        return of(self.ours) / self.floor(of)


def _beside(repeats: int, floor: Callable[[], Talked], ours: Callable[[], Talked]) -> list[Beside]:
    found, before = [], floor()
    for _ in range(repeats):
        talked, after = ours(), floor()
        found.append(Beside(talked, (before, after)))
        before = after
    return found


def percentile(talked: Talked, percent: float) -> float:
    """The wait that so many percent of the messages did not exceed, ms."""
    waits = sorted(talked.waited_ms)
    return waits[min(len(waits) - 1, int(len(waits) * percent / 100))]


def per_s(talked: Talked) -> float:
    return len(talked.waited_ms) / talked.lasted_s


def _cpu_ms(talked: Talked) -> float:
    return talked.cpu_s * 1000 / len(talked.waited_ms)


def _latency(found: list[Beside]) -> dict[str, Figure]:
    figures = {}
    for percent, aim in ((50, 1.5), (99, 2.0)):

        def wait(talked: Talked, percent: float = percent) -> float:
            return percentile(talked, percent)

        name = f"p{percent}"
        ratios = [one.ratio(wait) for one in found]
        figures |= _spread(f"latency_receipt_{name}_ratio", ratios, aim)
        figures[f"latency_receipt_{name}_ms"] = Figure(median(wait(one.ours) for one in found), "ms")
        figures[f"floor_{name}_ms"] = Figure(median(one.floor(wait) for one in found), "ms")
    return figures | _processor("latency", found)


def _throughput(found: list[Beside]) -> dict[str, Figure]:
    rates = [per_s(one.ours) for one in found]
    return {
        "throughput_per_s": Figure(median(rates), "per s", 1000, at_least=True),
        **_spread("throughput_ratio", [one.ratio(per_s) for one in found], 0.4, at_least=True),
        "floor_throughput_per_s": Figure(median(one.floor(per_s) for one in found), "per s"),
        **_processor("throughput", found),
    }


def _spread(name: str, values: list[float], aim: float, *, at_least: bool = False) -> dict[str, Figure]:
    return {
        name: Figure(median(values), "x", aim, at_least=at_least),
        f"{name}_least": Figure(min(values), "x"),
        f"{name}_most": Figure(max(values), "x"),
    }


def _processor(name: str, found: list[Beside]) -> dict[str, Figure]:
    """Processor time of both processes together for one message, while it was on its way: composing it is not in
    it."""
    return {
        f"{name}_cpu_ms_per_message": Figure(median(_cpu_ms(one.ours) for one in found), "ms"),
        f"{name}_floor_cpu_ms_per_message": Figure(median(one.floor(_cpu_ms) for one in found), "ms"),
    }
