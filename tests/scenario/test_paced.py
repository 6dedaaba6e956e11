"""The paced clock on a loop that is moved by hand."""

from __future__ import annotations

import pytest

from parley.scenario.clock import VirtualClock
from parley.scenario.paced import PacedClock

START = 1_627_347_000.0


class HandLoop(VirtualClock):
    """What a loop is to a paced clock, with a virtual clock behind it."""

    def time(self) -> float:
        return self.monotonic()

    def wait(self, seconds: float) -> None:
        self.run_until(self.wall() + seconds)


def at(rate: float) -> tuple[HandLoop, PacedClock, list[str]]:
    loop = HandLoop(0.0)
    return loop, PacedClock(loop, START, rate), []


@pytest.mark.parametrize("rate", [1.0, 60.0, 0.5])
def test_one_second_of_the_loop_is_a_rate_of_seconds_here(rate: float) -> None:
    loop, clock, _ = at(rate)
    loop.wait(10)
    assert clock.monotonic() == pytest.approx(10 * rate)
    assert clock.wall() == pytest.approx(START + 10 * rate)


def test_a_callback_runs_at_its_time_and_not_before() -> None:
    loop, clock, ran = at(60.0)
    clock.call_later(120, lambda: ran.append("two minutes"))
    loop.wait(1.999)
    assert ran == []
    loop.wait(0.002)
    assert ran == ["two minutes"]


def test_what_waits_follows_a_change_of_rate() -> None:
    loop, clock, ran = at(1.0)
    clock.call_later(100, lambda: ran.append("late"))
    clock.call_later(20, lambda: ran.append("soon"))
    loop.wait(10)
    clock.set_rate(60.0)
    loop.wait(0.2)
    assert (ran, clock.monotonic()) == (["soon"], pytest.approx(22))
    clock.set_rate(1.0)
    loop.wait(77.9)
    assert ran == ["soon"]
    loop.wait(0.2)
    assert ran == ["soon", "late"]


def test_a_clock_that_stands_still_runs_nothing_and_goes_on_where_it_stood() -> None:
    loop, clock, ran = at(1.0)
    clock.call_later(5, lambda: ran.append("due"))
    loop.wait(4)
    clock.set_rate(0.0)
    loop.wait(1000)
    assert (ran, clock.monotonic()) == ([], pytest.approx(4))
    clock.set_rate(1.0)
    loop.wait(1.001)
    assert ran == ["due"]


def test_a_clock_that_is_set_on_moves_both_readings_and_then_runs_what_fell_due() -> None:
    loop, clock, ran = at(0.0)
    clock.call_later(5, lambda: ran.append("due"))
    clock.set_on(START + 86400)
    assert (ran, clock.wall(), clock.monotonic()) == ([], START + 86400, 86400)
    clock.set_rate(1.0)
    loop.wait(0.001)
    assert ran == ["due"]


def test_a_clock_is_never_set_back_nor_set_on_while_it_runs() -> None:
    _, clock, _ = at(0.0)
    clock.set_on(START + 10)
    with pytest.raises(ValueError, match="already"):
        clock.set_on(START + 9)
    clock.set_rate(1.0)
    with pytest.raises(ValueError, match="stands still"):
        clock.set_on(START + 20)


@pytest.mark.parametrize("rate", [-1.0, 3601.0, float("nan")])
def test_a_rate_that_cannot_be_is_refused(rate: float) -> None:
    _, clock, _ = at(1.0)
    with pytest.raises(ValueError, match="a rate is from"):
        clock.set_rate(rate)
    assert clock.rate == 1.0


def test_equal_instants_run_in_the_order_asked_for_and_cancelled_ones_not_at_all() -> None:
    loop, clock, ran = at(1.0)
    handles = [clock.call_later(1, lambda word=word: ran.append(word)) for word in ("a", "b", "c")]
    handles[1].cancel()
    loop.wait(2)
    assert ran == ["a", "c"]


def test_a_callback_without_delay_runs_later_and_does_not_starve_the_loop() -> None:
    loop, clock, ran = at(1.0)
    clock.call_later(0, lambda: clock.call_later(0, lambda: ran.append("second turn")))
    assert ran == []
    loop.wait(0.001)
    assert ran == ["second turn"]


def test_an_exception_reaches_the_loop_and_the_others_still_run() -> None:
    loop, clock, ran = at(1.0)
    clock.call_later(1, lambda: 1 // 0)
    clock.call_later(1, lambda: ran.append("the other"))
    with pytest.raises(ZeroDivisionError):
        loop.wait(2)
    loop.wait(2)
    assert ran == ["the other"]
