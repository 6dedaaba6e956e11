"""The joint facts of a transcript do not hang on the order in which its entries came."""

import pytest
from otherend.line import hexed, joint
from otherend.reorder import Orders
from otherend.running import files, load

LONG = {"line/bad-delegation-the-lower-heard-later"}
NAMES = [pytest.param(name, marks=pytest.mark.slow) if name in LONG else name for name in files("line")]


@pytest.mark.parametrize("name", NAMES)
def test_joint_facts_are_the_same_in_other_orders(name: str) -> None:
    vector = load(name)
    asked = joint(vector["steps"][-1]["shows"])
    for machine in Orders(vector).draws(3 if len(vector["steps"]) < 100 else 1):
        told = joint(hexed(machine.shows()))
        assert {part: told[part] for part in asked} == asked


@pytest.mark.parametrize("name", files("line"))
def test_the_order_of_the_file_is_one_of_those_allowed(name: str) -> None:
    assert Orders(load(name)).broken_by_the_file() == []
