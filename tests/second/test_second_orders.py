"""The joint facts of a transcript do not hang on the order in which its entries came."""

import pytest
from otherend.line import hexed, joint
from otherend.reorder import Orders
from otherend.running import files, load

LONG = {"line/bad-delegation-the-lower-heard-later", "line/head-owed-after-256-entries"}
NAMES = [pytest.param(name, marks=pytest.mark.slow) if name in LONG else name for name in files("line")]


def differing(name: str, count: int) -> list[object]:
    """What other orders of one transcript end in, where it is not what its last show asks."""
    vector = load(name)
    asked = joint(vector["steps"][-1]["shows"])
    ends = (joint(hexed(machine.shows())) for machine in Orders(vector).draws(count))
    told = ({part: one[part] for part in asked} for one in ends)
    return [one for one in told if one != asked]


@pytest.mark.parametrize("name", NAMES)
def test_joint_facts_are_the_same_in_another_order(name: str) -> None:
    assert differing(name, 1) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in files("line") if name not in LONG])
def test_joint_facts_are_the_same_in_many_orders(name: str) -> None:
    assert differing(name, 8) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_the_file_is_one_of_those_allowed(name: str) -> None:
    assert Orders(load(name)).broken_by_the_file() == []
