"""The snapshot of the fold: the same state as a replay, whatever happened; anything else, and the record is replayed.

The simulator's worlds are run with nodes that keep their fold at every start: each load is made twice, from what was
kept and by a whole replay, and both must give the same. So it is tried in histories with holes, faults, crashes, lost
writes, epochs, cuts and rosters that come late.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, ClassVar

import pytest

from parley.core.accord import EVERY_DAY, Accord, Meaning, Slot
from parley.core.types import POWERS_ALL, Act, ActKind, Precedence
from parley.desk import Desk
from parley.home import Home
from parley.keys import Cost
from parley.node import Node, Settings
from parley.node.answered import closes
from parley.node.snapshot import FILE_NAME, LABEL
from parley.scenario.clock import VirtualClock
from parley.testing import sim

CHEAP = Cost(64, 1, 1)
SECRET, ROOT = "correct horse", "root of it all"


def told(node: Node) -> dict[str, Any]:
    """Everything a node knows from its record alone."""
    return {
        pair.name: {
            "rosters": pair.rosters,
            "rostered at": pair.rostered_at,
            "unmade": pair.unmade,
            "lines": {
                room.id: (room.line, room.unproven, sorted(room.unanswered), room.flight_next)
                for room in pair.rooms.values()
            },
        }
        for pair in node.pairs.values()
    }


def unanswered_by_the_walk(node: Node, line: bytes) -> list[Any]:
    """The open messages of a line, from all that was ever said on it."""
    (room,) = (room for room in node.rooms() if room.id == line)
    found = []
    for row in node.store.of_line(line):
        held = row.held
        if isinstance(held.said, Act) and held.kind == ActKind.MESSAGE and held.said.line == line:
            others = [other.held for other in node.store.referring(held.id) if other.line == line]
            if not any(closes(other, held.party, node.proven(room, other)) for other in others):
                found.append((held.id, (held.party, held.sequence)))
    return sorted(found)


class Remembering(Node):
    """A node that keeps its fold at every start, and now and then as it runs, and holds it against a whole replay."""

    kept_from = 0
    turns: ClassVar[int] = 0
    used: ClassVar[int] = 0
    replayed: ClassVar[int] = 0

    def _load(self) -> None:
        super()._load()
        said, until = told(self), self._keeper.until
        (self.home.path / FILE_NAME).unlink()
        super()._load()
        assert told(self) == said
        assert until == self._keeper.until == self.store.newest_id()

    def _open_pair(self, pair: Any) -> None:
        if self._kept:
            type(self).used += 1
        else:
            type(self).replayed += 1
        super()._open_pair(pair)

    def _after(self) -> None:
        super()._after()
        type(self).turns += 1
        if type(self).turns % 5 == 0:
            self.keep_fold()
        for room in self.rooms():
            assert sorted(room.unanswered) == unanswered_by_the_walk(self, room.id)


@pytest.mark.slow
@pytest.mark.parametrize(
    "first", [pytest.param(n, marks=[pytest.mark.deep] if n >= 8 else []) for n in range(0, 40, 4)]
)
def test_what_is_kept_is_what_a_replay_gives_in_random_histories(first: int) -> None:
    Remembering.used = 0
    for seed in range(first, first + 4):
        result = sim.run_course(sim.course(seed, steps=25), Remembering)
        assert result.ok, sim.told(result)
    assert Remembering.used > 10


def test_what_is_kept_is_what_a_replay_gives_in_a_random_history() -> None:
    Remembering.used = 0
    assert sim.run_course(sim.course(24, steps=8), Remembering).ok
    assert Remembering.used > 0


class OneEnd:
    """A home with entries, opened as often as one likes; its pair partner is there only to pair."""

    def __init__(self, place: Path) -> None:
        self.clock = VirtualClock(1_767_225_600.0)
        self.path = place / "north"
        self.homes: list[Home] = []
        north, south = (self._made(place / name, name.title()) for name in ("north", "south"))
        cards = north.pair_card(ROOT), south.pair_card(ROOT)
        shares = (
            north.pair_share(cards[1], south.fingerprint(), ROOT),
            south.pair_share(cards[0], north.fingerprint(), ROOT),
        )
        north.pair_finish("South", cards[1], shares[1], ROOT)
        south.pair_finish("North", cards[0], shares[0], ROOT)
        slot = Slot(60, EVERY_DAY, Meaning.CHECK, None, 3600)
        north.offer_line("South", Accord("Liaison", os.urandom(16), schedule=(slot,)), "chief", SECRET)
        for home in self.homes:
            home.close()

    def _made(self, path: Path, party: str) -> Desk:
        home = Home.create(path, party=party, passphrase=SECRET, root_passphrase=ROOT, cost=CHEAP, sync=False)
        self.homes.append(home)
        desk = Desk(self._node(home))
        for name in ("duty", "chief"):
            desk.add_officer(name, name, POWERS_ALL, Precedence.FLASH, SECRET, ROOT, CHEAP)
        return desk

    def _node(self, home: Home) -> Node:
        return Remembered(home, clock=self.clock, timer=self.clock, entropy=os.urandom, settings=Settings())

    def opened(self) -> tuple[Home, Remembered]:
        home = Home.open(self.path, SECRET, sync=False)
        node = Remembered(home, clock=self.clock, timer=self.clock, entropy=os.urandom, settings=Settings())
        return home, node

    def started(self) -> tuple[bool, dict[str, Any]]:
        """Whether a start relied on what was kept, and what it gave."""
        home, node = self.opened()
        try:
            return node.relied, told(node)
        finally:
            home.close()

    @property
    def kept(self) -> Path:
        return self.path / FILE_NAME


class Remembered(Node):
    """A node that keeps its fold at every start, and remembers whether it relied on it."""

    kept_from = 1
    relied = False

    def _open_pair(self, pair: Any) -> None:
        self.relied = bool(self._kept)
        super()._open_pair(pair)


def test_a_start_relies_on_what_was_kept_and_gives_the_same(tmp_path: Path) -> None:
    end = OneEnd(tmp_path)
    end.kept.unlink(missing_ok=True)
    first = end.started()
    assert first[0] is False and end.started() == (True, first[1])


def test_deleting_it_loses_nothing(tmp_path: Path) -> None:
    end = OneEnd(tmp_path)
    said = end.started()[1]
    end.kept.unlink()
    assert end.started() == (False, said)


@pytest.mark.parametrize("how", ["cut short", "empty", "longer", "another label"])
def test_what_is_damaged_is_not_relied_on(tmp_path: Path, how: str) -> None:
    end = OneEnd(tmp_path)
    said = end.started()[1]
    whole = end.kept.read_bytes()
    damaged = {
        "cut short": whole[:-1],
        "empty": b"",
        "longer": whole + b"\0",
        "another label": b"X" + whole[1:],
    }
    end.kept.write_bytes(damaged[how])
    assert end.started() == (False, said)
    assert end.started() == (True, said)  # it was made anew


def test_no_flipped_bit_of_it_goes_unseen(tmp_path: Path) -> None:
    end = OneEnd(tmp_path)
    said = end.started()[1]
    whole = end.kept.read_bytes()
    for at in range(0, len(whole), max(1, len(whole) // 40)):
        end.kept.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert end.started() == (False, said), at


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE entries SET heard_at = heard_at + 1 WHERE id = 1",
        "UPDATE entries SET entry = CAST(substr(entry, 1, length(entry) - 1) || x'7f' AS BLOB) WHERE id = 1",
        "UPDATE entries SET body = NULL WHERE id = 2",
        "DELETE FROM entries WHERE id = (SELECT max(id) FROM entries)",
        "UPDATE pairs SET name = 'Sunday'",
    ],
)
def test_it_is_never_believed_against_the_record(tmp_path: Path, change: str) -> None:
    end = OneEnd(tmp_path)
    end.started()
    assert end.started()[0] is True
    home = Home.open(end.path, SECRET, sync=False)
    home.store._db.execute(change)
    assert home.store._db.changes() == 1
    home.close()
    assert end.started()[0] is False


def test_of_another_code_it_is_not_relied_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    end = OneEnd(tmp_path)
    said = end.started()[1]
    monkeypatch.setattr("parley.node.snapshot._code", lambda: bytes(32))
    assert end.started() == (False, said)


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    end = OneEnd(tmp_path)
    end.started()
    assert end.kept.stat().st_mode & 0o777 == 0o600
    assert end.kept.read_bytes().startswith(LABEL)


def test_a_folder_that_takes_no_new_file_is_no_matter(tmp_path: Path) -> None:
    end = OneEnd(tmp_path)
    said = end.started()[1]
    end.kept.unlink()
    end.kept.mkdir()  # nothing can be put in its place
    assert end.started() == (False, said) == end.started()
    assert not end.kept.with_name(FILE_NAME + ".new").exists()
