"""Courses on which a world once failed, as short as they were found; each must come right."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest

from parley.core.errors import LocalError
from parley.testing import sim

FOUND = {
    "an end asked for prekeys a thousand times a second after a restart": (0, (9, 10, 35, 40)),
    "an end woke a thousand times a second for an EPOCH that it could not enter": (
        1,
        (16, 26, 27, 28, 29, 32, 33, 34, 35, 38, 39, 42, 43),
    ),
    "two EPOCHs of one number, when the first was acknowledged as the second fell due": (14, (18, 19)),
    "a full disk of keys began one more retry for ever with each frame that came": (
        45,
        (9, 10, 13, 14, 32, 33, 34, 35, 40, 41, 42, 50, 51, 52, 53),
    ),
    "a hash-only epoch first heard in a frontier, so that the tag of the one after it was not known": (
        5002,
        tuple(n for n in range(1, 53) if n not in (2, 6, 11, 12, *range(22, 29), *range(42, 51))),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", FOUND)
def test_a_course_that_once_failed_comes_right(what: str) -> None:
    seed, steps = FOUND[what]
    result = sim.run_world(seed, only=frozenset(steps))
    assert result.ok, f"{what}: {sim.told(result)}"


TWO_COUNTERPARTS = sim.Course(0, frozenset(), 15, 0.0, ((1,), (1,)), ())


def test_two_counterparts_on_one_bearer_come_right() -> None:
    result = sim.run_course(TWO_COUNTERPARTS)
    assert result.ok, sim.told(result)


def test_two_counterparts_on_bearers_of_their_own_come_right() -> None:
    result = sim.run_course(replace(TWO_COUNTERPARTS, apart=True))
    assert result.ok, sim.told(result)


def test_an_act_of_one_pair_is_not_named_to_another() -> None:
    with sim.begun(TWO_COUNTERPARTS) as world:
        world.set_up()
        ours, b, c = world.ends
        b.desk.release(b.desk.compose("Line 1", "b>a one", "clerk").ref, "first", sim.WORDS)
        world.advance(3)
        (theirs,) = ours.desk.messages()
        with_c = next(view.id for view in ours.desk.lines() if view.pair == "c" and not view.is_order_wire)
        with suppress(LocalError):
            draft = ours.desk.compose(with_c, "a>c two", "clerk", answers=theirs.ref).ref
            ours.desk.release(draft, "first", sim.WORDS)
        world.advance(3)
        assert all(not view.references for view in c.desk.messages())
