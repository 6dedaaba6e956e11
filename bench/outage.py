"""./run bench outage: how soon all is there after packets vanished for a while and nobody was told.

Two ends as `parley up` makes them, each in a network namespace of its own (bench/two_hosts.py), joined by TCP with
default settings: North listens, South dials. One message goes and has its receipt. Then every packet is dropped both
ways, without a reset and with the links up, and 1,000 messages, composed before, are released through North's desk at
once. After 30 or 180 seconds packets pass again, and the clock starts. It ends when North has their node's signature,
synced here as there, for the first and for the last of them, which is later than the moment in question: that they are
durable at South. Then South's record is read: a message that is not there, is there twice, or came before one that was
released earlier, has the figures count as the 120 s after which nobody waits any more, and is told as why.

The listening end has what is to be said, since that is the worse case: it can only wait until it is dialled.
Where the bench does not run as root on Linux, nothing is measured: a proxy that swallows bytes acknowledges them first,
and shows nothing of TCP's timers.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass

from bench import two_hosts
from bench.desk_link import Answered, DeskLink, Followed
from bench.ends import PARTIES, PLACE, QUICK, Ends, kept_at
from bench.figures import Figure

LINE = "Line 01"
TEXT = "Mark {mark} {number:04}. Fishing boat adrift north of the line, three persons, no radio. Will you search?"
ALL_WITHIN_S = 120.0
LATEST = 200  # entries among which the last message is, when all are entered
QUIET_WITHIN_S = 30.0
AT_ONCE = 32  # questions written before an answer is read
AIMS = {30: (1.0, 3.0), 180: (1.0, None)}


@dataclass(frozen=True)
class CaughtUp:
    """Seconds from the healing until the first and the last message were signed for; what was wrong with the record
    of the other end, empty if nothing; how many were released, and in how many seconds."""

    first_s: float
    all_s: float
    wrong: str
    released: int
    released_in_s: float


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--outage-messages", type=int, default=1000, help="messages released in an outage")


def run(chosen: argparse.Namespace) -> dict[str, Figure]:
    """Measures everything; gives the figures by name."""
    why = two_hosts.missing()
    if why or chosen.short:
        found = {s: Figure(None, "s", aim, why or "not with --short") for s, aim in _names().items()}
        if not why:
            caught = outage(4.0, 50)
            if caught.wrong:
                found = {s: Figure(None, "s", aim, caught.wrong) for s, aim in _names().items()}
        return found
    figures: dict[str, Figure] = {}
    for lasting in AIMS:
        caught = outage(float(lasting), chosen.outage_messages)
        for which, value in (("first", caught.first_s), ("all", caught.all_s)):
            name = f"catchup_{which}_s_{lasting}"
            counted = ALL_WITHIN_S if caught.wrong else value
            figures[name] = Figure(counted, "s", _names()[name], caught.wrong)
    return figures


def _names() -> dict[str, float | None]:
    return {
        f"catchup_{which}_s_{lasting}": aim
        for lasting, aims in AIMS.items()
        for which, aim in zip(("first", "all"), aims, strict=True)
    }


def outage(lasting_s: float, count: int) -> CaughtUp:
    """One outage of so many seconds with so many messages in it, between ends that are made and up for it."""
    place = PLACE.resolve() / f"outage-{os.getpid()}"
    try:
        return _outage(kept_at(place, 1, 40, QUICK), lasting_s, count)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _outage(ends: Ends, lasting_s: float, count: int) -> CaughtUp:
    with (
        two_hosts.Hosts() as hosts,
        two_hosts.up(hosts, ends),
        two_hosts.desk_of(ends.home(PARTIES[0])) as north,
        two_hosts.desk_of(ends.home(PARTIES[0])) as beside,
        two_hosts.desk_of(ends.home(PARTIES[1])) as south,
    ):
        mark = str(time.time_ns() // 1_000_000)
        drafts = [_composed(north, mark, number) for number in range(count + 1)]
        _until(lambda: _quiet(north), QUIET_WITHIN_S, "the ends did not come to rest")
        _released(north, drafts[:1])
        _until(lambda: _quiet(north), QUIET_WITHIN_S, "the first message had no receipt")
        before = int(north.ask("line", name=LINE)["our_size"])
        hosts.cable.becomes(two_hosts.DEAD)
        begun = time.perf_counter()
        _released(north, drafts[1:])
        released_in_s = time.perf_counter() - begun
        while (left_s := begun + lasting_s - time.perf_counter()) > 0:
            time.sleep(left_s)
        covered = int(north.ask("line", name=LINE)["their_receipt"])
        healed = hosts.cable.becomes(two_hosts.GOOD)
        first, last = _caught_up(north, before, count, lambda: _last_place(beside, mark, count))
        wrong = _wrong(south, mark, count)
        if math.isinf(last):
            wrong = wrong or f"not all was signed for {ALL_WITHIN_S:g} s after the healing"
        if covered > before:
            wrong = wrong or "packets passed in the outage"
    return CaughtUp(first - healed, last - healed, wrong, count, released_in_s)


def _composed(desk: DeskLink, mark: str, number: int) -> str:
    text = TEXT.format(mark=mark, number=number)
    return str(desk.ask("compose", line=LINE, text=text, by="duty", precedence="ROUTINE")["ref"])


def _released(desk: DeskLink, drafts: list[str]) -> None:
    """Has `chief` release them, in their order."""
    asked = answered = 0
    while answered < len(drafts):
        now = drafts[asked : answered + AT_ONCE]
        if now:
            for draft in now:
                desk.put(("release", {"draft": draft, "by": "chief"}))
            asked += len(now)
        if isinstance(desk.next(), Answered):
            answered += 1


def _quiet(desk: DeskLink) -> bool:
    """Whether both ends hold the same of the line and their node has signed for all of ours."""
    line = desk.ask("line", name=LINE)
    return line["agree"] == "agree" and line["their_receipt"] >= line["our_size"] - 1 and not line["waiting"]


def _caught_up(
    desk: DeskLink, before: int, count: int, last: Callable[[], int | None]
) -> tuple[float, float]:
    """When their node had signed for the first of our entries from `before` on, and for that at the place `last`: None
    while it has none. What does not come counts as infinitely late."""
    first, place = math.inf, None
    deadline = time.perf_counter() + ALL_WITHIN_S
    with contextlib.suppress(TimeoutError):
        while time.perf_counter() < deadline:
            told = desk.next()
            if isinstance(told, Followed) and told.line == LINE and told.at_their_end > before:
                first = min(first, told.at)
                if place is None and told.our_size >= before + count:
                    place = last()
                if place is not None and told.at_their_end > place:
                    return first, told.at
    return first, math.inf


def _last_place(desk: DeskLink, mark: str, count: int) -> int | None:
    """The place of the last message of this run in our log; None while it is not entered."""
    return dict(_said(desk, mark, LATEST, ours=True)).get(count)


def _said(desk: DeskLink, mark: str, most: int, *, ours: bool) -> list[tuple[int, int]]:
    """Number and place of each message of this run among the latest entries of a record, as they came into it."""
    rows = desk.ask("entries", line=LINE, most=most)
    pattern = re.compile(rf"Mark {mark} (\d{{4}})\.")
    said = [row for row in reversed(rows) if row["kind"] == "MESSAGE" and row["ours"] is ours]
    return [(int(found[1]), row["sequence"]) for row in said if (found := pattern.search(row["words"]))]


def _wrong(desk: DeskLink, mark: str, count: int) -> str:
    """What is wrong with the messages of this run at the other end; empty if all are there once, in order."""
    numbers = [number for number, _ in _said(desk, mark, 4 * count + 1000, ours=False)]
    if len(set(numbers)) < len(numbers):
        return "messages are there twice"
    if lost := count + 1 - len(numbers):
        return f"{lost} messages are not there"
    return "" if numbers == sorted(numbers) else "messages came out of order"


def _until(holds: Callable[[], bool], within_s: float, else_: str) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(else_)
        time.sleep(0.05)
