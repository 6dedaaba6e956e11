"""The virtual clock runs what is due, in order, and nothing else; and the same way every time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from parley.bearers import Timer
from parley.scenario.clock import VirtualClock

START = 1_627_347_600.0  # 2021-07-27 01:00 UTC, 10:00 in Seoul


def noting(seen: list[str], word: str) -> Callable[[], None]:
    return lambda: seen.append(word)


def test_it_serves_as_a_timer_as_an_asyncio_loop_does() -> None:
    timer: Timer = VirtualClock(START)
    timer.call_later(0.0, lambda: None).cancel()

    async def on_a_loop() -> None:
        timer: Timer = asyncio.get_running_loop()
        timer.call_later(9.0, lambda: None).cancel()

    asyncio.run(on_a_loop())


def test_time_stands_still_unless_told_to_move() -> None:
    clock = VirtualClock(START)
    assert (clock.wall(), clock.monotonic(), clock.next_at()) == (START, 0.0, None)
    clock.advance_to(START + 35_683_200)  # 413 days
    assert (clock.wall(), clock.monotonic()) == (START + 35_683_200, 35_683_200.0)


def test_callbacks_run_by_time_and_then_by_insertion() -> None:
    clock, seen = VirtualClock(START), list[str]()
    clock.call_later(2.0, noting(seen, "third"))
    clock.call_later(1.0, noting(seen, "first"))
    clock.call_at(1.0, noting(seen, "second"))
    clock.call_at(2.0, noting(seen, "fourth"))
    clock.run_until(START + 2.0)
    assert seen == ["first", "second", "third", "fourth"]


def test_each_callback_sees_its_own_instant() -> None:
    clock, seen = VirtualClock(START), list[tuple[float, float]]()
    for delay_s in (0.1, 0.25, 3600.0):
        clock.call_later(delay_s, lambda: seen.append((clock.monotonic(), clock.wall() - START)))
    clock.run_until(START + 7200)
    assert seen == [(0.1, pytest.approx(0.1)), (0.25, 0.25), (3600.0, 3600.0)]


def test_an_instant_is_included_and_the_next_one_is_not() -> None:
    clock, seen = VirtualClock(START), list[str]()
    clock.call_later(1.0, noting(seen, "due"))
    clock.call_later(1.000001, noting(seen, "later"))
    clock.run_until(START + 1.0)
    assert seen == ["due"]
    assert clock.next_at() == 1.000001


def test_what_a_callback_asks_for_runs_in_the_same_run_when_due() -> None:
    clock, seen = VirtualClock(START), list[str]()

    def first() -> None:
        seen.append("first")
        clock.call_later(0.0, noting(seen, "at once"))
        clock.call_later(1.0, noting(seen, "after a second"))
        clock.call_later(9.0, noting(seen, "not yet"))
        assert seen == ["first"]

    clock.call_later(1.0, first)
    clock.run_until(START + 2.0)
    assert seen == ["first", "at once", "after a second"]


def test_a_cancelled_callback_does_not_run() -> None:
    clock, seen = VirtualClock(START), list[str]()
    gone = clock.call_later(1.0, noting(seen, "gone"))
    kept = clock.call_later(2.0, noting(seen, "kept"))
    gone.cancel()
    gone.cancel()
    assert gone.cancelled() and not kept.cancelled()
    assert clock.next_at() == 2.0
    clock.run_until(START + 3.0)
    kept.cancel()
    assert seen == ["kept"]


def test_one_callback_can_cancel_another_of_the_same_instant() -> None:
    clock, seen = VirtualClock(START), list[str]()
    handles = [clock.call_at(1.0, lambda: handles[1].cancel()), clock.call_at(1.0, noting(seen, "second"))]
    clock.run_until(START + 1.0)
    assert seen == []


def test_a_deadline_reached_by_its_remaining_time_has_really_been_reached() -> None:
    clock = VirtualClock(START)
    reached: list[float] = []
    for part in range(1, 200):
        deadline_s = clock.monotonic() + 1.0 / (3.0 * part)

        def look(deadline_s: float = deadline_s) -> None:
            if (left_s := deadline_s - clock.monotonic()) > 0:
                clock.call_later(left_s, look)
            else:
                reached.append(deadline_s)

        clock.call_later(deadline_s - clock.monotonic(), look)
        clock.run_until(clock.wall() + 1.0)
    assert len(reached) == 199


def test_an_hour_of_tenths_of_seconds_does_not_drift() -> None:
    clock, count = VirtualClock(START), [0]

    def tick() -> None:
        count[0] += 1
        clock.call_later(0.1, tick)

    clock.call_later(0.1, tick)
    clock.run_until(START + 3600.0)
    assert count[0] == 36_000
    assert clock.next_at() == 3600.1


def test_a_jump_moves_the_wall_and_nothing_else() -> None:
    clock, seen = VirtualClock(START), list[str]()
    clock.call_later(10.0, noting(seen, "ten seconds on"))
    clock.jump_wall(-3600.0)
    assert (clock.wall(), clock.monotonic()) == (START - 3600.0, 0.0)
    clock.run_until(START - 3600.0 + 9.0)
    assert seen == []
    clock.jump_wall(7200.0)
    assert (clock.monotonic(), seen) == (9.0, [])
    clock.run_until(clock.wall() + 1.0)
    assert seen == ["ten seconds on"]


def test_a_callback_that_makes_the_wall_jump_past_the_goal_ends_the_run() -> None:
    clock, seen = VirtualClock(START), list[str]()
    clock.call_later(1.0, lambda: clock.jump_wall(100.0))
    clock.call_later(2.0, noting(seen, "later"))
    clock.run_until(START + 50.0)
    assert (clock.monotonic(), clock.wall(), seen) == (1.0, START + 101.0, [])


def test_running_to_the_past_does_nothing_and_advancing_to_it_is_refused() -> None:
    clock = VirtualClock(START)
    clock.advance_to(START + 5.0)
    clock.run_until(START)
    assert clock.wall() == START + 5.0
    with pytest.raises(ValueError, match="already"):
        clock.advance_to(START)


def test_a_time_that_has_passed_means_now() -> None:
    clock, seen = VirtualClock(START), list[str]()
    clock.advance_to(START + 5.0)
    clock.call_at(1.0, noting(seen, "past"))
    clock.call_later(-3.0, noting(seen, "negative"))
    clock.run_until(START + 5.0)
    assert seen == ["past", "negative"]


def test_a_loop_without_delay_is_an_error_and_not_a_hang() -> None:
    clock = VirtualClock(START, callbacks_per_instant_max=50)

    def again() -> None:
        clock.call_later(0.0, again)

    clock.call_later(1.0, again)
    with pytest.raises(RuntimeError, match="loop"):
        clock.run_until(START + 2.0)


def test_an_exception_comes_out_and_the_rest_can_still_be_run() -> None:
    clock, seen = VirtualClock(START), list[str]()

    def fail() -> None:
        raise KeyError("on purpose")

    clock.call_later(1.0, fail)
    clock.call_later(2.0, noting(seen, "the rest"))
    with pytest.raises(KeyError):
        clock.run_until(START + 5.0)
    assert clock.monotonic() == 1.0
    clock.run_until(START + 5.0)
    assert seen == ["the rest"]


def test_a_callback_cannot_run_the_clock() -> None:
    clock = VirtualClock(START)
    clock.call_later(1.0, lambda: clock.run_until(START + 9.0))
    with pytest.raises(RuntimeError, match="already"):
        clock.run_until(START + 2.0)


@pytest.mark.parametrize("endless", [float("inf"), float("nan")])
def test_times_that_are_no_times_are_refused(endless: float) -> None:
    clock = VirtualClock(START)
    for act in (clock.run_until, clock.jump_wall, VirtualClock):
        with pytest.raises(ValueError, match="finite"):
            act(endless)
    for ask in (clock.call_later, clock.call_at):
        with pytest.raises(ValueError, match="finite"):
            ask(endless, lambda: None)
