"""Who has the watch, since when, from whom; and that a restart does not forget it."""

from __future__ import annotations

import pytest
from two_desks import Pair

from parley.core.errors import LocalError


def test_the_watch_is_taken_since_an_hour_and_taking_it_again_changes_nothing(pair: Pair) -> None:
    desk = pair.north.desk
    assert (desk.status().watch, desk.status().watch_since) == (None, None)
    taken = desk.take_watch("duty")
    assert (taken.watch, taken.watch_since) == ("duty", pair.begun)
    pair.wait(60)
    assert desk.take_watch("duty").watch_since == pair.begun


def test_taking_the_watch_from_another_is_allowed_and_noted(pair: Pair) -> None:
    desk = pair.north.desk
    desk.take_watch("duty")
    pair.wait(60)
    assert desk.take_watch("chief").watch_since == pair.begun + 60
    assert desk.journal(1)[0].detail == {"takes_over_from": "duty"}


def test_the_watch_is_handed_to_another_or_to_nobody_with_a_note(pair: Pair) -> None:
    desk = pair.north.desk
    desk.take_watch("duty")
    assert desk.hand_over("duty", "chief", " the boat\r\nis still out ").watch == "chief"
    assert desk.journal(1)[0].officer == "chief"
    assert desk.journal(1)[0].detail == {"handed_over_by": "duty", "note": "the boat is still out"}
    with pytest.raises(LocalError, match="chief has the watch, not duty"):
        desk.hand_over("duty")
    left = desk.hand_over("chief")
    assert (left.watch, left.watch_since) == (None, None)
    assert desk.hand_over().watch is None


def test_a_restart_does_not_forget_who_has_the_watch(pair: Pair) -> None:
    pair.north.desk.take_watch("duty")
    pair.start_again(pair.north)
    assert (pair.north.desk.status().watch, pair.north.desk.status().watch_since) == ("duty", pair.begun)
    pair.north.desk.hand_over("duty")
    pair.start_again(pair.north)
    assert pair.north.desk.status().watch is None


def test_nobody_takes_the_watch_who_is_no_officer(pair: Pair) -> None:
    for refused in (lambda: pair.north.desk.take_watch("x"), lambda: pair.north.desk.hand_over("duty", "x")):
        with pytest.raises(LocalError, match="no officer"):
            refused()
