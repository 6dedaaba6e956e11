"""What was seen of a contact survives a restart, and a call between the hours rings on into a slot (CT-4 to CT-7)."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "console"))
from pair_of_ends import SECRET, End, Ends, accord, paired

from parley.core.errors import LocalError
from parley.core.instruments import contact
from parley.core.instruments.contact import Contact
from parley.core.types import NodeKind
from parley.desk import Desk
from parley.home import Home
from parley.node import Node, Settings
from parley.watch_log import Happened

LINE = "Liaison"
OPEN_S = 1200
HOUR = 3600


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[Ends]:
    made = paired(tmp_path, accord(LINE, "", *(60 * h for h in range(0, 24, 6)), open_s=OPEN_S))
    yield made
    made.close()


def slot_begins(ends: Ends) -> int:
    """Goes on to the opening of the next slot, and gives it."""
    at = int(ends.clock.wall()) // (6 * HOUR) * 6 * HOUR + 6 * HOUR
    ends.clock.run_until(at + 5)
    return at


def stop(ends: Ends, end: End, *, killed: bool = True) -> None:
    """The process of an end ends."""
    ends.bearers[0 if end is ends.north else 1].close()
    if killed:
        end.node.crash()
    else:
        end.node.stop()
        end.home.close()


def begin(ends: Ends, end: End) -> None:
    """Another process begins on the same home and the same cable."""
    end.home = Home.open(end.home.path, SECRET, sync=False)
    end.node = Node(end.home, clock=ends.clock, timer=ends.clock, entropy=os.urandom, settings=Settings())
    end.desk = Desk(end.node)
    bearer = ends.bearers[0 if end is ends.north else 1]
    end.node.attach(bearer)
    bearer.open()
    end.node.start()


def again(ends: Ends, end: End, *, killed: bool = True) -> None:
    stop(ends, end, killed=killed)
    begin(ends, end)


def entered(end: End, line: str = LINE) -> list[Contact]:
    """Our CONTACTs of a line, in order."""
    room = next(r for r in end.node.rooms() if r.name == line)
    rows = end.home.store.statements(room.id, NodeKind.CONTACT, room.pair.ours)
    return [contact.contact(row.held.body) for row in rows if row.held.body is not None]


def ring(end: End) -> None:
    end.desk.call(LINE, "duty")


def answer(end: End) -> None:
    end.desk.answer(LINE, "duty")


@pytest.mark.parametrize("killed", [True, False])
def test_a_contact_answered_before_a_restart_is_entered_when_its_slot_closes(
    ends: Ends, killed: bool
) -> None:
    """CT-6."""
    at = slot_begins(ends)
    ring(ends.south)
    ends.wait(5)
    answer(ends.north)
    ends.wait(5)
    for end in (ends.north, ends.south):
        again(ends, end, killed=killed)
    ends.wait(OPEN_S)
    for end in (ends.north, ends.south):
        (found,) = entered(end)
        assert (found.first, found.last, found.slots, found.calls) == (at, at, 1, 1)
        assert found.answered_at is not None and at <= found.answered_at <= at + 15
        assert end.line(LINE).observed != "QUIET"


def test_a_contact_answered_is_entered_though_the_end_was_down_when_its_slot_closed(ends: Ends) -> None:
    """CT-6."""
    at = slot_begins(ends)
    ring(ends.south)
    ends.wait(5)
    answer(ends.north)
    ends.wait(5)
    stop(ends, ends.south)
    ends.wait(OPEN_S + 60)
    begin(ends, ends.south)
    ends.wait(5)
    (found,) = entered(ends.south)
    assert (found.first, found.answered_at is not None) == (at, True)


def test_the_calls_of_an_open_slot_and_of_the_run_before_it_survive_restarts(ends: Ends) -> None:
    """CT-6, CT-7: three slots unanswered, with a restart in each, are two entries once the fourth is answered."""
    begins = []
    for n in range(3):
        begins.append(slot_begins(ends))
        ring(ends.south)
        ends.wait(5)
        again(ends, ends.south)
        ends.wait(5)
        if n == 1:
            ring(ends.south)
        ends.wait(OPEN_S)
        again(ends, ends.south)
        ends.wait(10)
        assert ends.south.line(LINE).observed == "QUIET"
    last = slot_begins(ends)
    ring(ends.south)
    ends.wait(5)
    answer(ends.north)
    ends.wait(OPEN_S)
    for end in (ends.south, ends.north):
        first, run, good = entered(end)
        assert (first.first, first.slots, first.calls, first.answered_at) == (begins[0], 1, 1, None)
        assert (run.first, run.last, run.slots, run.calls) == (begins[1], begins[2], 2, 3)
        assert (good.first, good.slots, good.calls) == (last, 1, 1) and good.answered_at is not None


def test_a_line_that_rang_before_a_restart_rings_after_it_while_its_slot_is_open(ends: Ends) -> None:
    """CT-6."""
    slot_begins(ends)
    ring(ends.south)
    ends.wait(5)
    again(ends, ends.north)
    ends.wait(5)
    assert ends.north.line(LINE).ringing
    answer(ends.north)
    ends.wait(OPEN_S)
    assert all(end.line(LINE).last_contact.startswith("answered") for end in (ends.north, ends.south))


def test_a_call_between_the_hours_that_is_not_answered_rings_on_into_the_slot_that_opens(ends: Ends) -> None:
    """CT-5."""
    at = int(ends.clock.wall()) // (6 * HOUR) * 6 * HOUR + 6 * HOUR
    ends.clock.run_until(at - 120)
    ring(ends.south)
    ends.clock.run_until(at + 30)
    assert ends.north.line(LINE).ringing
    assert ends.south.line(LINE).observed != "QUIET"
    answer(ends.north)
    ends.wait(OPEN_S)
    for end in (ends.north, ends.south):
        (found,) = entered(end)
        assert (found.first, found.slots, found.calls) == (at, 1, 1)
        assert found.answered_at == pytest.approx(at + 30, abs=2)
    again(ends, ends.south)
    ends.wait(OPEN_S)
    assert len(entered(ends.south)) == 1


def test_a_call_that_rang_into_a_slot_is_of_that_slot_though_the_end_was_down_when_it_opened(
    ends: Ends,
) -> None:
    """CT-5, CT-6."""
    at = int(ends.clock.wall()) // (6 * HOUR) * 6 * HOUR + 6 * HOUR
    ends.clock.run_until(at - 120)
    ring(ends.south)
    ends.wait(5)
    stop(ends, ends.south)
    ends.clock.run_until(at + 2 * OPEN_S)
    begin(ends, ends.south)
    ends.wait(5)
    (found,) = entered(ends.south)
    assert (found.first, found.slots, found.calls, found.answered_at) == (at, 1, 1, None)


def test_a_clock_put_back_enters_no_slot_twice(ends: Ends) -> None:
    """CT-4."""
    at = slot_begins(ends)
    ring(ends.south)
    ends.wait(5)
    answer(ends.north)
    ends.wait(OPEN_S)
    shift = -(OPEN_S - 60)

    class Back:
        def wall(self) -> float:
            return ends.clock.wall() + shift

        def monotonic(self) -> float:
            return ends.clock.monotonic()

    ends.south.node.clock = Back()  # type: ignore[assignment]
    ring(ends.south)
    ends.wait(2 * OPEN_S)
    times = [c for c in entered(ends.south) if c.covers(at)]
    assert len(times) == 1 and times[0].answered_at is not None


def test_rings_beyond_what_is_noted_of_a_slot_are_counted_all_the_same(ends: Ends) -> None:
    """CT-6: a peer that rings without end does not fill our journal."""
    slot_begins(ends)
    for _ in range(40):
        ring(ends.south)
        ends.wait(1)
    heard = [e for e in ends.north.home.watch_log.latest(500) if e.what == Happened.HEARD_CALL]
    assert len(heard) == 32
    ends.wait(OPEN_S)
    (found,) = entered(ends.north)
    assert found.calls == 40


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.deep) for n in (1, 2))])
def test_a_slot_has_at_most_one_entry_a_side_through_calls_answers_restarts_and_crashes(
    tmp_path: Path, seed: int
) -> None:
    """CT-4: and what a desk was told is answered is entered as answered."""
    chance = random.Random(seed)
    minutes = sorted(chance.sample(range(1440), 5))
    ends = paired(tmp_path, accord(LINE, "", *minutes, open_s=chance.choice((300, 1200, 5400))))
    told: dict[str, set[int]] = {"north": set(), "south": set()}
    both = {"north": ends.north, "south": ends.south}
    for _ in range(80):
        ends.wait(chance.expovariate(1 / 1500))
        name = chance.choice(("north", "south"))
        end = both[name]
        deed = chance.random()
        try:
            if deed < 0.4:
                ring(end)
            elif deed < 0.7:
                answer(end)
                slot = next(r for r in end.node.rooms() if r.name == LINE).slot
                assert slot is not None
                told[name].add(slot.at)
            else:
                again(ends, end, killed=deed < 0.9)
        except LocalError:
            continue
    ends.wait(3 * HOUR)
    for name, end in both.items():
        found = entered(end)
        spans = [(c.first, c.last) for c in found]
        assert all(a[1] < b[0] for a, b in pairwise(spans)), (name, spans)
        answered = {c.first for c in found if c.answered_at is not None}
        assert told[name] <= answered, (name, told[name] - answered)
    ends.close()
