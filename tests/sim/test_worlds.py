"""Simulated worlds: real ends, bad bearers, bad disks, wrong clocks, crashes. What must hold: `sim/must_hold.py`."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from parley.testing import __main__ as command
from parley.testing import sim

SEEDS = range(100, 148)  # of the slow suite; `./run sim` runs others, as many as one asks for


@cache
def judge(seed: int, steps: int | None = None) -> sim.WorldResult:
    """What a world came to; it is the same whoever asks, so it is run once."""
    result = sim.run_world(seed, steps=steps)
    assert result.ok, sim.told(sim.shortest(result, runs_max=40))
    return result


@pytest.mark.parametrize("seed", range(8))
def test_a_world_comes_right(seed: int) -> None:
    assert judge(seed, steps=20).figures.of("frames", "sent") > 0


@pytest.mark.slow
@pytest.mark.parametrize("first", SEEDS[::4])
def test_worlds_come_right(first: int) -> None:
    for seed in range(first, first + 4):
        judge(seed)


@pytest.mark.slow
def test_an_end_with_two_counterparts_comes_right() -> None:
    seeds = [seed for seed in range(300) if sim.course(seed).ends == 3 and sim.course(seed).same_names]
    for seed in seeds[:6]:
        judge(seed)


@pytest.mark.slow
def test_in_some_worlds_everything_happens_that_is_counted() -> None:
    total = sim.Figures()
    for seed in SEEDS:
        total.add(judge(seed).figures)
    assert total.never() == ()


def test_a_world_runs_the_same_way_twice() -> None:
    one, again = (sim.run_world(24, steps=15) for _ in range(2))
    assert one.ok and one.figures == again.figures


@pytest.mark.slow
def test_what_is_remembered_changes_nothing() -> None:
    drawn = sim.course(24)
    one, again = (sim.run_course(drawn, remembering=remembering) for remembering in (True, False))
    assert one.ok and one.figures == again.figures


def test_steps_left_out_do_not_change_what_the_others_draw() -> None:
    whole = sim.course(7)
    some = whole.only(frozenset((3, 9, 12)))
    assert some.steps == tuple(step for step in whole.steps if step.number in (3, 9, 12))
    assert replace(some, steps=whole.steps) == whole


def test_the_courses_switch_every_kind_of_fault_on_and_off() -> None:
    courses = [sim.course(seed) for seed in range(50)]
    for kind in sim.KINDS:
        on = [kind in c.kinds for c in courses]
        assert any(on) and not all(on), kind
    assert {c.ends for c in courses} == {2, 3}


def test_the_command_ends_with_its_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--worlds", "1", "--seed", "24", "--steps", "5"]) == 0
    told = capsys.readouterr()
    assert told.out.splitlines()[-1].startswith("worlds 1 from seed 24, failed 0") and not told.err
    for group in sim.GROUPS:
        assert f"\n{group}: " in f"\n{told.out}"


@pytest.mark.slow
def test_the_result_does_not_hang_on_how_many_worlds_run_at_a_time() -> None:
    alone, together = ([r.figures for r in sim.worlds(range(3), jobs=jobs, steps=10)] for jobs in (1, 2))
    assert alone == together
