"""Appointments (spec 19): the state of each, from the terms as they stand on a line."""

from collections.abc import Sequence

from otherend.bodies import APPOINTMENT
from otherend.line import Terms


def states(all_terms: Sequence[Terms], now: int) -> dict[bytes, str]:
    """By the hash of the terms (AP-3). `now`: seconds by our clock."""
    mine = [one for one in all_terms if one.subject == APPOINTMENT]
    instead: dict[bytes, list[Terms]] = {}
    for one in mine:
        if one.settled() and one.read.instead_of is not None:
            instead.setdefault(one.read.instead_of, []).append(one)
    return {one.hash: _state(one, instead.get(one.hash, []), now) for one in mine}


def _state(one: Terms, instead: list[Terms], now: int) -> str:
    says_so = one.settled() and one.read.called_off
    if says_so or any(other.read.called_off for other in instead):  # of several one that calls off rules
        return "CALLED OFF"
    if instead:  # settled itself or not (AP-3)
        return "MOVED"
    if not one.settled():
        sides = one.stands(0) + one.stands(1)
        return ("WITHDRAWN", "OFFERED", "AGREED, NOT YET CONFIRMED")[sides]
    return "PAST" if now > one.read.at + one.read.lasts else "AGREED"
