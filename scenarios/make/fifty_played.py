"""Fifty years played on two real ends, and what each end showed of each line from one moment to the next.

A play is looked at from outside, by the two words that each desk shows of a line: after every step, when the calls
of that step have closed, and once a week. What is kept is only where something changed. Contacts are read afterwards
from the record that each end holds. Table and picture are made from this, and of the data they take nothing but the
outages that they compare it with.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from parley.core import export
from parley.core import line as lines
from parley.core.instruments import contact
from parley.core.types import NodeKind
from parley.scenario import Outcome, Scenario
from parley.scenario.player import Play
from parley.scenario.stage import End, Stage

FORMAT: Final = "parley-fifty-years/1"
_SHOWN_S: Final = (
    2,
    601,
)  # after a step: what it did, and what became of a call (it is open for ten minutes)
_WEEK_S: Final = 7 * 86400


@dataclass(frozen=True, slots=True)
class Shown:
    """From `at` on (Unix seconds) an end shows these words of a line."""

    at: int
    declared: str
    observed: str


@dataclass(frozen=True, slots=True)
class Run:
    """Contacts of one end's record that came to the same: from the first to the last, no two more than a week apart."""

    first: int
    last: int
    contacts: int
    answered: bool


@dataclass(frozen=True, slots=True)
class Track:
    """A line at one end, through the whole play."""

    line: str
    party: str
    shown: tuple[Shown, ...]
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Played:
    """A play. `held`, `failed`: expectations. `differences`: lines of which the two exports do not verify, or are not
    of one record. `entries`: how many were verified. `cited`: by line, instant and event of each step that an event of
    the data caused. `failures`: in words, of each step that did not go as the scenario says."""

    start: int
    end: int
    ok: bool
    held: int
    failed: int
    differences: tuple[str, ...]
    entries: int
    tracks: tuple[Track, ...]
    cited: dict[str, tuple[tuple[int, str], ...]]
    failures: tuple[str, ...]

    def track(self, line: str, party: str) -> Track:
        return next(t for t in self.tracks if (t.line, t.party) == (line, party))


def played(scenario: Scenario) -> Played:
    """Plays it, in a folder that is deleted afterwards. Raises LocalError as `parley play` does."""
    with tempfile.TemporaryDirectory(prefix="parley-") as folder:
        stage = Stage(scenario, Path(folder))
        try:
            stage.set_up()
            watcher = _Watcher(stage)
            outcome = Play(stage).run()
            watcher.look()
            return _kept(outcome, stage, watcher)
        finally:
            stage.leave()


class _Watcher:
    """Looks at both ends at the instants at which something may have changed."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        scenario = stage.scenario
        self._names = {line.key: line.name for line in scenario.lines}
        self.shown: dict[tuple[str, str], list[Shown]] = {
            (line, party): [] for line in self._names for party in stage.ends
        }
        looks = {at + after for step in scenario.steps for at in step.instants for after in _SHOWN_S}
        looks |= set(range(scenario.start, scenario.end, _WEEK_S))
        self._looks = iter(sorted(at for at in looks if scenario.start <= at <= scenario.end))
        self._next()

    def _next(self) -> None:
        at = next(self._looks, None)
        if at is not None:
            self._stage.clock.call_later(at - self._stage.clock.wall(), self._look_and_go_on)

    def _look_and_go_on(self) -> None:
        self.look()
        self._next()

    def look(self) -> None:
        now = int(self._stage.clock.wall())
        for party, end in self._stage.ends.items():
            for key, words in self._words(end, now):
                kept = self.shown[key, party]
                if not kept or (kept[-1].declared, kept[-1].observed) != words:
                    kept.append(Shown(now, *words))

    def _words(self, end: End, now: int) -> Iterator[tuple[str, tuple[str, str]]]:
        node = end.node
        by_name = {room.name: room for room in node.rooms()}
        for key, name in self._names.items():
            room = by_name[name]
            yield key, (lines.declared(room.line, now).value, node.observed(room).value)


def _kept(outcome: Outcome, stage: Stage, watcher: _Watcher) -> Played:
    scenario = outcome.scenario
    held, failed = outcome.expectations
    tracks = []
    differences, entries = [], 0
    pins = [end.desk.fingerprint() for end in stage.ends.values()]
    for line in scenario.lines:
        verdicts = []
        for party, end in stage.ends.items():
            tracks.append(
                Track(line.key, party, tuple(watcher.shown[line.key, party]), _runs(end, line.name))
            )
            verdicts.append(export.verify(end.desk.export(line.name), pins))
        one, other = verdicts
        entries += sum(one.sizes)
        sound = one.pinned and other.pinned and not one.findings and not other.findings
        if not sound or (one.sizes, one.roots) != (other.sizes, other.roots):
            differences.append(line.key)
    cited: dict[str, list[tuple[int, str]]] = {line.key: [] for line in scenario.lines}
    for step in scenario.steps:
        if step.do == "expect":
            continue
        wires = [b for b in scenario.bearers if b.key in getattr(step.action, "bearers", ())]
        for key in step.lines or [key for wire in wires for key in wire.lines]:
            cited[key] += [(step.instants[0], event) for event in step.cites]
    failures = tuple(
        f"line {r.step.file_line} of the file: expected {r.expected}; found {r.found}"
        for r in outcome.results
        if not r.ok
    )
    return Played(
        scenario.start, scenario.end, outcome.ok, held - failed, failed, tuple(differences), entries, tuple(tracks),
        {line: tuple(found) for line, found in cited.items()}, failures,
    )  # fmt: skip


def _runs(end: End, name: str) -> tuple[Run, ...]:
    """The CONTACT entries of an end's own log, joined where one follows another within a week."""
    node = end.node
    room = next(room for room in node.rooms() if room.name == name)
    found: list[Run] = []
    for row in node.store.statements(room.id, NodeKind.CONTACT, room.pair.ours):
        assert row.held.body is not None, "our own statements are held with their bodies"
        said = contact.contact(row.held.body)
        at = said.answered_at
        run = Run(at or said.first, at or said.last, said.slots, at is not None)
        before = found[-1] if found else None
        if before and before.answered == run.answered and run.first - before.last <= _WEEK_S:
            found[-1] = Run(before.first, run.last, before.contacts + run.contacts, run.answered)
        else:
            found.append(run)
    return tuple(found)


# --- as a file --------------------------------------------------------------------------------


def as_json(played: Played) -> dict[str, Any]:
    """Plain values, from which `from_json` makes the same again."""
    return {
        "format": FORMAT,
        "start": played.start,
        "end": played.end,
        "ok": played.ok,
        "held": played.held,
        "failed": played.failed,
        "differences": list(played.differences),
        "entries": played.entries,
        "failures": list(played.failures),
        "cited": {line: [list(each) for each in found] for line, found in played.cited.items()},
        "tracks": [
            {
                "line": t.line,
                "party": t.party,
                "shown": [[s.at, s.declared, s.observed] for s in t.shown],
                "runs": [[r.first, r.last, r.contacts, r.answered] for r in t.runs],
            }
            for t in played.tracks
        ],
    }


def from_json(found: dict[str, Any]) -> Played:
    """Raises ValueError for another format."""
    if found.get("format") != FORMAT:
        raise ValueError(f"the format is {found.get('format')!r}, not {FORMAT!r}")
    return Played(
        found["start"],
        found["end"],
        found["ok"],
        found["held"],
        found["failed"],
        tuple(found["differences"]),
        found["entries"],
        tuple(
            Track(
                t["line"],
                t["party"],
                tuple(Shown(*each) for each in t["shown"]),
                tuple(Run(*each) for each in t["runs"]),
            )
            for t in found["tracks"]
        ),
        {line: tuple((at, event) for at, event in each) for line, each in found["cited"].items()},
        tuple(found["failures"]),
    )
