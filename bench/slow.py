"""./run bench slow: what a message costs on a bad link: 600 ms there and back, 5 % lost each way, packets of 576 bytes.

Two ends as `parley up` makes them, each in a network namespace of its own (bench/two_hosts.py), joined by TCP with
default settings over a link of 9,600 or of 1,200 bit/s. Cold: both ends have just been started and have found each
other or not, when `chief` releases a message that was composed before. Warm: nothing is owed any more. Delivered is
when South has it on disk, receipt when South's signature for it is on North's. Bytes are those of all IP packets that
were put on the link between, both ways, whether they arrived or were lost. Medians of the repetitions, each with other
losses; what took longer than 150 s counts as 150.
"""

from __future__ import annotations

import argparse
import os
import shutil
import time
from dataclasses import dataclass
from statistics import median

from bench import two_hosts
from bench.desk_link import DeskLink
from bench.ends import PARTIES, PLACE, QUICK, Ends, kept_at
from bench.figures import Figure

LINE = "Line 01"
TEXT = "Fishing boat adrift north of the line, three persons aboard, no radio. Will you search, or shall we?"
RATES = (9600, 1200)
WITHIN_S = 150.0
RESTS_WITHIN_S = 600.0
LOOKS_S = 11.0  # longer than signs of life are apart
SIGNS_OF_LIFE = (
    80  # IP bytes a second, both ways, of two lines, with what acknowledges them and what is repeated
)
WARM = 3
BAD = two_hosts.Way(delay_s=0.3, loss=0.05)
MTU = 576


@dataclass(frozen=True)
class Sent:
    """One message: seconds until it was delivered and until its receipt was there, and the bytes that took."""

    delivered_s: float
    receipt_s: float
    octets: int


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--slow-repeats", type=int, default=3, help="repetitions of slow, for each rate")


def run(chosen: argparse.Namespace) -> dict[str, Figure]:
    """Measures everything; gives the figures by name."""
    why = two_hosts.missing()
    if why or chosen.short:
        if not why:
            link(two_hosts.Way(delay_s=0.03, rate=64_000), seed=1, warm=0)
        return {
            name: Figure(None, unit, None, why or "not with --short")
            for rate in RATES
            for name, unit in _names(rate)
        }
    figures: dict[str, Figure] = {}
    for rate in RATES:
        runs = [
            link(two_hosts.Way(BAD.delay_s, BAD.loss, rate), seed=seed, warm=WARM)
            for seed in range(1, chosen.slow_repeats + 1)
        ]
        colds, warms = [cold for cold, _ in runs], [sent for _, warm in runs for sent in warm]
        values = [
            median(value(sent) for sent in some)
            for some in (colds, warms)
            for value in (_delivered, _receipt, _octets)
        ]
        figures |= {
            name: Figure(value, unit) for (name, unit), value in zip(_names(rate), values, strict=True)
        }
    return figures


def _names(rate: int) -> list[tuple[str, str]]:
    return [
        (f"slow_{rate}_{warm}{what}", unit)
        for warm in ("", "warm_")
        for what, unit in (("delivered_s", "s"), ("receipt_s", "s"), ("bytes", "B"))
    ]


def _delivered(sent: Sent) -> float:
    return sent.delivered_s


def _receipt(sent: Sent) -> float:
    return sent.receipt_s


def _octets(sent: Sent) -> float:
    return sent.octets


def link(way: two_hosts.Way, *, seed: int, warm: int) -> tuple[Sent, list[Sent]]:
    """One message between ends that have just been started on such a link, and so many once all is said."""
    place = PLACE.resolve() / f"slow-{os.getpid()}"
    try:
        return _link(kept_at(place, 1, 40, QUICK), way, seed, warm)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _link(ends: Ends, way: two_hosts.Way, seed: int, warm: int) -> tuple[Sent, list[Sent]]:
    with (
        two_hosts.Hosts(way=way, mtu=MTU, seed=seed) as hosts,
        two_hosts.up(hosts, ends),
        two_hosts.desk_of(ends.home(PARTIES[0])) as north,
        two_hosts.desk_of(ends.home(PARTIES[1])) as south,
    ):
        cold = _sent(hosts, north, south)
        found = []
        for _ in range(warm):
            _rest(hosts, north, south)
            found.append(_sent(hosts, north, south))
        return cold, found


def _sent(hosts: two_hosts.Hosts, north: DeskLink, south: DeskLink) -> Sent:
    draft = north.ask("compose", line=LINE, text=TEXT, by="duty", precedence="ROUTINE")["ref"]
    octets, begun = hosts.cable.octets, time.perf_counter()
    north.ask("release", draft=draft, by="chief")
    delivered_s = receipt_s = WITHIN_S
    place = None
    while time.perf_counter() - begun < WITHIN_S:
        if place is None and not north.ask("line", name=LINE)["waiting"]:
            entries = north.ask("entries", line=LINE, most=20)  # newest first
            place = next(e["sequence"] for e in entries if e["kind"] == "MESSAGE" and e["ours"])
        if place is not None:
            if delivered_s == WITHIN_S and south.ask("line", name=LINE)["their_size"] > place:
                delivered_s = time.perf_counter() - begun
            if north.ask("line", name=LINE)["their_receipt"] > place:
                receipt_s = time.perf_counter() - begun
                break
        time.sleep(0.01)
    return Sent(delivered_s, receipt_s, hosts.cable.octets - octets)


def _rest(hosts: two_hosts.Hosts, north: DeskLink, south: DeskLink) -> None:
    """Until nothing but signs of life is on the link: both hold the same, and little was carried for a while. Raises
    TimeoutError."""
    deadline = time.monotonic() + RESTS_WITHIN_S
    while time.monotonic() < deadline:
        before = hosts.cable.octets
        time.sleep(LOOKS_S)
        lines = [end.ask("line", name=LINE) for end in (north, south)]
        sizes = [(line["our_size"], line["their_size"]) for line in lines]
        if sizes[0] == sizes[1][::-1] and hosts.cable.octets - before <= SIGNS_OF_LIFE * LOOKS_S:
            return
    raise TimeoutError("the ends did not come to rest")
