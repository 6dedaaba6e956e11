"""./run bench growth: what a record costs as it grows, from 1,000 entries to a million.

Ends of one line each, made as all ends of the bench are and kept. Measured at each size, of the first of the two: its
start as a process, its fold kept; a message appended, that is composed, released and entered through the desk with
the disk waited for; sync, when the other end lacks a hundred entries and the link comes up, until both hold the same;
and what a reader asks for, a few times, as a screen does. There is no search in texts: what is found is found by its
ref, by being late, or by its line.

Both ends run in this process, joined by a link in memory under a clock of its own, so that what is counted is work
(CPU time) and bytes, whatever else the machine does. `store` is the file of the record, with its indexes, divided by
the entries.

The table is kept as build/bench/growth.json, and drawn as build/bench/growth.svg; `--growth-picture` draws it
elsewhere too. By default it goes to 100,000; `--growth 1000000` makes and keeps a million, which takes some ten
minutes and 2 GB.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.ends import PARTIES, PLACE, TEXTS, WORDS, Ends, kept
from bench.figures import Figure
from bench.growth_picture import drawn
from bench.up import Up
from parley.bearers.memory import Faults, MemoryBearer, memory_pair
from parley.core.types import Act, ActKind
from parley.desk import Desk
from parley.home import Home
from parley.keys.officers import Unlocked, unlock
from parley.node import Node, Room, Settings
from parley.scenario.clock import VirtualClock

SIZES = (1_000, 10_000, 100_000, 1_000_000)
SHORT_SIZES = (1_000,)
LACKING = 100
FLAT = 1.5
WITHIN_S = 600.0  # of the link's own time, for both to agree
LATENCY_S = 0.01
READ_TIMES = 5

# Of each column of the table: its title, with its unit.
COLUMNS = {
    "entries": "entries",
    "open_s": "start s",
    "append_cpu_ms": "append CPU ms",
    "append_ms": "append, with fsync ms",
    "sync_cpu_ms": "sync of 100 CPU ms",
    "sync_bytes": "sync of 100 bytes",
    "latest_ms": "latest 50 ms",
    "needs_us_ms": "needs us ms",
    "by_ref_ms": "one by ref ms",
    "entries_ms": "last 100 entries ms",
    "store_bytes_per_entry": "store bytes an entry",
    "journal_bytes_per_entry": "journal bytes an entry",
}


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--growth", type=int, default=100_000, metavar="N", help="entries up to which growth is measured"
    )
    parser.add_argument("--growth-picture", type=Path, metavar="FILE", help="draw the growth there as well")


def run(chosen: argparse.Namespace) -> dict[str, Figure]:
    """Measures each size, prints and keeps the table, draws it; gives the figures by name."""
    sizes = SHORT_SIZES if chosen.short else [size for size in SIZES if size <= chosen.growth]
    rows = [at_size(of_size(size)) for size in sizes]
    PLACE.mkdir(parents=True, exist_ok=True)
    (PLACE / "growth.json").write_text(json.dumps({"columns": COLUMNS, "rows": rows}, indent=1) + "\n")
    picture = drawn(rows)
    for file in (PLACE / "growth.svg", chosen.growth_picture):
        if file is not None:
            file.write_text(picture)
    if not chosen.json:
        print(table_of(rows))
    return figures(rows)


def figures(rows: list[dict[str, float]]) -> dict[str, Figure]:
    """What the table comes to: the largest against the smallest."""
    first, last = rows[0], rows[-1]
    found = {
        "growth_entries": Figure(last["entries"], "entries"),
        "store_bytes_per_entry": Figure(last["store_bytes_per_entry"], "bytes"),
    }
    for name, column in (("growth_append_ratio", "append_cpu_ms"), ("growth_sync_ratio", "sync_cpu_ms")):
        if len(rows) > 1:
            found[name] = Figure(last[column] / first[column], "", FLAT)
        else:
            found[name] = Figure(None, "", FLAT, "one size only")
    return found


def table_of(rows: list[dict[str, float]]) -> str:
    """The table for a person."""
    cells = [list(COLUMNS.values())] + [[shown(row[column]) for column in COLUMNS] for row in rows]
    columns = list(zip(*cells, strict=True))  # sizes stand beside one another, what is measured below
    widths = [max(len(column[i]) for column in columns) for i in range(len(cells))]
    return "\n".join("  ".join(cell.rjust(w) for cell, w in zip(c, widths, strict=True)) for c in columns)


def shown(value: float) -> str:
    """Three digits that count, and whole thousands."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def of_size(size: int) -> Ends:
    """Ends with a record of that size; made again when what was measured before has made it a tenth longer."""
    ends = kept(1, size)
    home = Home.open(ends.home(PARTIES[0]), WORDS["end"])
    longer = home.store.newest_id() > 1.1 * size
    home.close()
    if longer:
        shutil.rmtree(ends.place)
    return kept(1, size)


def at_size(ends: Ends) -> dict[str, float]:
    """One row of the table: each value by the name of its column."""
    row: dict[str, float] = {}
    with Up(ends, PARTIES[0]):  # whoever had the ends before may not have kept the fold
        pass
    with Up(ends, PARTIES[0]) as end:
        row["open_s"] = end.started_in_s
    with _Both(ends) as both:
        row["entries"] = sum(log.size for log in both.rooms[0].line.logs)
        row |= both.read()
        row |= both.append_and_sync()
    entries = row["entries"] + LACKING
    for column, name in (("store_bytes_per_entry", "record.db"), ("journal_bytes_per_entry", "watch.db")):
        row[column] = sum(file.stat().st_size for file in ends.home(PARTIES[0]).glob(f"{name}*")) / entries
    return row


@dataclass
class _Counted:
    """A bearer, and how many bytes were given to it."""

    bearer: MemoryBearer
    sent: int = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.bearer, name)

    def send(self, frame: bytes) -> bool:
        self.sent += len(frame)
        return self.bearer.send(frame)


class _Both:
    """Two ends in this process, on a link that loses everything, which neither knows; to be used in a `with`."""

    def __init__(self, ends: Ends) -> None:
        self.clock = VirtualClock(time.time())
        self.homes = [Home.open(ends.home(party), WORDS["end"]) for party in PARTIES]
        self.nodes = [
            Node(home, clock=self.clock, timer=self.clock, entropy=os.urandom, settings=Settings(life_s=3600))
            for home in self.homes
        ]
        self.desk = Desk(self.nodes[0])
        self.rooms: list[Room] = [
            next(room for room in node.rooms() if room.name == "Line 01") for node in self.nodes
        ]
        self.bearers = [_Counted(b) for b in memory_pair(self.clock, name="cable", latency_s=LATENCY_S)]
        self.link = self.bearers[0].bearer.link
        self.link.a_to_b.faults = self.link.b_to_a.faults = Faults(loss=1.0)  # what is sent now is lost
        for node, bearer in zip(self.nodes, self.bearers, strict=True):
            node.attach(bearer)
            bearer.bearer.open()
            node.start()
        self.clock.run_until(self.clock.wall() + 1)

    def __enter__(self) -> _Both:
        return self

    def __exit__(self, *_: object) -> None:
        for node in self.nodes:
            node.stop()
            node.home.close()

    def read(self) -> dict[str, float]:
        """What a reader asks for: the median of a few times, CPU ms; each time something else where it can be."""
        refs = self._old_refs()
        return {
            "latest_ms": self._median_ms(lambda i: self.desk.messages("Line 01", 50)),
            "needs_us_ms": self._median_ms(lambda i: self.desk.needs_us()),
            "by_ref_ms": self._median_ms(lambda i: self.desk.message(refs[i])),
            "entries_ms": self._median_ms(lambda i: self.desk.entries("Line 01", 100)),
        }

    def _old_refs(self) -> list[str]:
        """Refs of messages of ours from all over the record."""
        room, found, step = self.rooms[0], list[str](), self.rooms[0].line.our_log.size // (READ_TIMES + 1)
        for row in (
            row
            for i in range(READ_TIMES)
            for row in self.homes[0].store.of_log(room.id, room.pair.ours, 1 + i * step, 50)
        ):
            said = row.held.said
            if isinstance(said, Act) and said.kind == ActKind.MESSAGE:
                found.append(f"Line 01:ours:{said.author}/{said.number}")
        return found[:: len(found) // READ_TIMES]

    def _median_ms(self, do: Callable[[int], object]) -> float:
        times = []
        for i in range(READ_TIMES):
            begun = time.process_time()
            do(i)
            times.append((time.process_time() - begun) * 1000)
        return median(times)

    def append_and_sync(self) -> dict[str, float]:
        """A hundred messages that do not arrive; then the link fails where it can be seen, and comes up whole."""
        chief: Unlocked = unlock(self.homes[0].path, "chief", WORDS["chief"])
        cpu, wall = [], []
        for number in range(LACKING):
            at, worked = time.perf_counter(), time.process_time()
            draft = self.desk.compose("Line 01", TEXTS[number % len(TEXTS)], "duty")
            self.desk.release(draft.ref, "chief", chief)
            cpu.append((time.process_time() - worked) * 1000)
            wall.append((time.perf_counter() - at) * 1000)
        if self._lacks() < LACKING:
            raise ValueError(f"of {LACKING} messages {self._lacks()} were entered")
        self.link.go_down()
        self.clock.run_until(self.clock.wall() + 1)
        self.link.a_to_b.faults = self.link.b_to_a.faults = Faults()
        for bearer in self.bearers:
            bearer.sent = 0
        worked, until = time.process_time(), self.clock.wall() + WITHIN_S
        self.link.go_up()
        while self._lacks() and self.clock.wall() < until:
            self.clock.run_until(self.clock.wall() + LATENCY_S)
        if self._lacks():
            raise ValueError(f"after {WITHIN_S:.0f} s of the link {self._lacks()} entries were still lacking")
        return {
            "append_cpu_ms": median(cpu),
            "append_ms": median(wall),
            "sync_cpu_ms": (time.process_time() - worked) * 1000,
            "sync_bytes": float(sum(bearer.sent for bearer in self.bearers)),
        }

    def _lacks(self) -> int:
        """How many entries one of them holds and the other does not."""
        first, second = (room.line.logs for room in self.rooms)
        return sum(abs(first[party].size - second[party].size) for party in (0, 1))
