"""What waits for an answer, found through the fold, is what a walk over everything that was said gives."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import ClassVar

import pytest
from bench.ends import QUICK, kept_at

from parley.core.types import ActKind
from parley.desk import Desk
from parley.desk.reader import Reader
from parley.desk.views import MessageView
from parley.home import Home
from parley.node import Node, Settings
from parley.scenario.clock import VirtualClock
from parley.testing import sim

WORDS = "end of the day"


def by_the_walk(look: Reader, *, theirs: bool) -> set[str]:
    """The refs of the messages in the record that no officer has acknowledged, from all that was ever said."""
    found = set()
    for room in look._node.rooms():
        party = 1 - room.pair.ours if theirs else room.pair.ours
        views = [look.message_view(room, held) for held in look.said_here(room, party)]
        found |= {view.ref for view in views if not view.acknowledged}
    return found


def in_the_record(views: tuple[MessageView, ...]) -> set[str]:
    return {view.ref for view in views if view.state not in ("RELEASED", "DRAFT", "WAITING RELEASE")}


class Compared(Node):
    """A node that after every turn holds what waits against the walk."""

    turns: ClassVar[int] = 0
    open_ones: ClassVar[int] = 0

    def _after(self) -> None:
        super()._after()
        look = Reader(self)
        for theirs in (True, False):
            walked = by_the_walk(look, theirs=theirs)
            assert in_the_record(look.unacknowledged(theirs=theirs)) == walked
            type(self).open_ones += len(walked)
        self.readers.remove(look._forget)
        type(self).turns += 1


def test_what_waits_is_what_the_walk_gives_in_a_random_history() -> None:
    assert sim.run_course(sim.course(24, steps=6), Compared).ok
    assert Compared.turns > 0 and Compared.open_ones > 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", (3, 5, 11, 17, 29, 31))
def test_what_waits_is_what_the_walk_gives_in_random_histories(seed: int) -> None:
    before = Compared.turns
    result = sim.run_course(sim.course(seed, steps=20), Compared)
    assert result.ok, sim.told(result)
    assert Compared.turns > before


@pytest.fixture(scope="module")
def north(tmp_path_factory: pytest.TempPathFactory) -> Node:
    """An end with three lines and a past, from the maker of the bench."""
    ends = kept_at(tmp_path_factory.mktemp("ends"), 3, 120, QUICK)
    home = Home.open(ends.home("North"), WORDS, sync=False)
    clock = VirtualClock(1_800_000_000.0)
    return Node(home, clock=clock, timer=clock, entropy=os.urandom, settings=Settings())


def test_the_maker_makes_two_ends_whose_records_agree(north: Node) -> None:
    desk = Desk(north)
    lines = desk.lines()
    assert len(lines) == 4 and {line.agree for line in lines} == {"agree"}
    assert sum(line.our_size + line.their_size for line in lines) >= 120
    assert {line.declared for line in lines} == {"OPEN"}
    assert len(desk.needs_us()) == len(desk.waiting_on_them()) == 1
    assert desk.faults() == ()


def test_the_last_entries_of_a_line_are_the_end_of_all_of_them(north: Node) -> None:
    for room in north.rooms():
        every = [row.id for row in north.store.of_line(room.id)]
        for most in (0, 1, 7, 1000):
            assert [row.id for row in north.store.last(room.id, most)] == every[::-1][:most]


def test_the_entries_beyond_one_are_the_rest(north: Node) -> None:
    for room in north.rooms():
        every = [row.id for row in north.store.of_line(room.id)]
        for after in random.Random(3).sample(every, 4):
            assert [row.id for row in north.store.of_line(room.id, after)] == [n for n in every if n > after]


def test_the_latest_messages_of_several_lines_are_those_of_all_that_was_said(north: Node) -> None:
    look = Reader(north)
    rooms = look.rooms(None)
    for most in (1, 5, 12, 1000):
        every = [(held.heard_at, held.id) for room in rooms for held in look.said_here(room, None, most)]
        times = sorted((at for at, _ in every), reverse=True)
        since = times[min(most, len(times)) - 1]
        found = look.latest(rooms, most)
        assert {held.id for _, held in found} == {name for at, name in every if at >= since}
        assert all(held.said.line == room.id for room, held in found)
    assert look.latest(rooms, 0) == []


def test_the_acts_of_a_kind_are_the_latest_first(north: Node) -> None:
    for room in north.rooms():
        every = [row for row in north.store.of_line(room.id) if not row.held.is_statement]
        said = [row.id for row in every if row.held.kind == ActKind.MESSAGE][::-1]
        assert [row.id for row in north.store.acts(room.id, ActKind.MESSAGE)] == said
        assert [row.id for row in north.store.acts(room.id, ActKind.MESSAGE, None, 3)] == said[:3]
        assert [n for _, n in north.store.heard(room.id, ActKind.MESSAGE, 3)] == said[:3]


def test_a_body_that_comes_later_is_found_under_what_it_names(north: Node) -> None:
    for row in north.store.of_line(north.rooms()[1].id):
        if row.held.kind == ActKind.ACKNOWLEDGE and not row.held.is_statement:
            assert row.body is not None and row.held.body is not None
            named = bytes(row.held.body[0])  # type: ignore[arg-type]
            north.store._db.execute("UPDATE entries SET body = NULL, refers = NULL WHERE id = ?", (row.id,))
            assert row.id not in [other.id for other in north.store.referring(named)]
            north.store.add_body(row.id, row.body)
            assert row.id in [other.id for other in north.store.referring(named)]
            return
    raise AssertionError("no acknowledgement in the record")


def test_a_home_lies_where_it_was_made(tmp_path: Path) -> None:
    ends = kept_at(tmp_path / "here", 1, 20, QUICK)
    assert ends.entries >= 20 and kept_at(tmp_path / "here", 1, 20, QUICK) == ends
