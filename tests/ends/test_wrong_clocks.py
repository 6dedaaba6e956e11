"""A clock an hour off, or one that jumps: lines go on, and it is noted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import realends
from realends import LINE, WORDS, Live

from parley.core import export
from parley.desk import Desk
from parley.watch_log import Event, Happened

START = datetime(2030, 1, 1, 9, tzinfo=UTC).timestamp()


@pytest.fixture
def live(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Live]:
    """Two ends with a line that is not open yet; the parameter: by how much South's clock is wrong."""
    made = Live(realends.empty(tmp_path), START, getattr(request, "param", 0.0))
    made.offer_line()
    yield made
    made.close()


def at_their_end(desk: Desk, ref: str) -> bool:
    return any(rung.state == "AT THEIR END" and rung.at is not None for rung in desk.message(ref).ladder)


def assert_whole(live: Live) -> None:
    """Both ends have the same, nobody is at fault, and anyone can verify it."""
    pins = [desk.fingerprint() for desk in live.desks]
    views = [desk.line(LINE) for desk in live.desks]
    assert (views[0].our_size, views[0].their_size) == (views[1].their_size, views[1].our_size)
    for desk, node, view in zip(live.desks, live.nodes, views, strict=True):
        assert view.agree == "agree" and view.waiting == 0 and view.missing == 0
        assert not desk.faults() and not desk.status().alarms
        assert export.verify(desk.export(LINE), pins).pinned
        assert node.watch_log.broken_at() is None


def alarms(desk: Desk) -> list[Event]:
    return [e for e in desk.journal(1000) if e.what == Happened.ALARM]


@pytest.mark.parametrize(
    "live",
    [
        pytest.param(3600.0, id="an hour fast"),
        pytest.param(-3600.0, id="an hour slow"),
    ],
    indirect=True,
)
def test_a_clock_an_hour_off_delays_no_line_for_good(live: Live) -> None:
    live.open_line()
    refs = [(desk, live.say(desk, "first")) for desk in live.desks]
    live.wait(3700)  # by then the hour of opening has come on the slower clock too
    assert [desk.line(LINE).declared for desk in live.desks] == ["OPEN", "OPEN"]
    refs += [(desk, live.say(desk, "second")) for desk in live.desks]
    live.wait(30)
    assert all(at_their_end(desk, ref) for desk, ref in refs)
    for desk in live.desks:
        for message in desk.needs_us():
            desk.acknowledge(message.ref, "seen", "duty", WORDS["duty"])
    live.wait(30)
    assert all(desk.message(ref).acknowledged for desk, ref in refs)
    live.south.sever(LINE, "grounds", "duty", WORDS["duty"])
    live.wait(30)
    assert live.north.line(LINE).declared == "SEVERED BY THEM"
    live.open_line()
    live.wait(3700)
    assert [desk.line(LINE).declared for desk in live.desks] == ["OPEN", "OPEN"]
    assert [desk.line(LINE).observed for desk in live.desks] == ["NO WATCH", "NO WATCH"]
    assert_whole(live)


@pytest.mark.parametrize("jump", [3600, -3600, 40 * 365 * 86400])
def test_a_clock_that_jumps_is_noted_and_stops_nothing(live: Live, jump: int) -> None:
    live.open_line()
    live.say(live.south, "before")
    live.wait(4000)
    live.clocks[1].off_s += jump
    live.wait(70)
    (alarm,) = alarms(live.south)
    assert alarm.detail["jumped_s"] == pytest.approx(jump, abs=2)
    assert not alarms(live.north)
    refs = [(desk, live.say(desk, "after")) for desk in live.desks]
    live.wait(30)
    assert all(at_their_end(desk, ref) for desk, ref in refs)
    said = [e.said_at for e in reversed(live.south.entries(LINE, 1000)) if e.ours]
    assert said == sorted(said), "what our own end says does not fall while it lives"
    live.clocks[1].off_s -= jump
    live.wait(70)
    assert len(alarms(live.south)) == 2
    live.say(live.south, "and back")
    live.wait(30)
    assert_whole(live)


def test_a_clock_set_back_before_the_hour_of_opening_lets_our_own_wait_until_it_is_right(live: Live) -> None:
    """The hour of opening is by each end's own clock (LI-11), so that clock decides what we originate."""
    live.open_line()
    live.clocks[1].off_s -= 9 * 365 * 86400
    live.wait(70)
    assert alarms(live.south)
    assert [desk.line(LINE).declared for desk in live.desks] == ["OPEN", "OPENING"]
    ours, theirs = live.say(live.south, "waits"), live.say(live.north, "heard all the same")
    live.wait(30)
    assert live.south.message(ours).state == "RELEASED" and live.south.line(LINE).waiting == 1
    assert at_their_end(live.north, theirs)
    live.clocks[1].off_s = 0
    live.wait(90)  # noticed with the next sign of life
    assert at_their_end(live.south, ours)
    assert_whole(live)


def test_both_clocks_jump_and_nothing_is_lost(live: Live) -> None:
    live.open_line()
    refs = []
    for seconds in (-7200, 86400, -86400, 7200):
        live.clock.jump_wall(seconds)
        refs += [(desk, live.say(desk, f"at {seconds}")) for desk in live.desks]
        live.wait(30)
    assert all(at_their_end(desk, ref) for desk, ref in refs)
    assert [len(alarms(desk)) for desk in live.desks] == [4, 4]
    assert_whole(live)
