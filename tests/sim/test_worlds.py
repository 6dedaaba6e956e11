"""Simulated worlds: two real ends, bad bearers, crashes. What must hold is listed in `parley.testing.sim`."""

from __future__ import annotations

import pytest

from parley.testing import __main__ as command
from parley.testing import sim


def judge(seed: int, steps: int = sim.STEPS) -> sim.WorldResult:
    result = sim.run_world(seed, steps=steps)
    assert result.ok, sim.told(sim.shortest(result))
    return result


@pytest.mark.parametrize("seed", range(4))
def test_a_world_comes_right(seed: int) -> None:
    assert judge(seed, steps=30).figures.sent > 0


@pytest.mark.slow
@pytest.mark.parametrize("first", range(100, 150, 5))
def test_worlds_come_right(first: int) -> None:
    for seed in range(first, first + 5):
        judge(seed)


def test_a_world_runs_the_same_way_twice() -> None:
    one, again = (sim.run_world(24, steps=20) for _ in range(2))
    assert one.ok and one.figures == again.figures


def test_the_courses_switch_every_kind_of_fault_on_and_off() -> None:
    courses = [sim.course(seed) for seed in range(50)]
    for kind in sim.KINDS:
        on = [kind in c.kinds for c in courses]
        assert any(on) and not all(on), kind


def test_the_command_ends_with_its_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--worlds", "1", "--seed", "24", "--steps", "5"]) == 0
    told = capsys.readouterr()
    assert told.out.startswith("worlds 1, failed 0: ") and not told.err
