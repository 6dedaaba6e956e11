"""Of each subject only so many terms of one log count, and no order of arrival changes which (LI-16)."""

import pytest
from otherend import bodies, line
from otherend.reorder import Orders
from otherend.running import load

TWO_OPENINGS = "line/restore-two-settled-the-later-hour-rules"


def counted() -> list[dict[bytes, bool]]:
    """The terms to restore that count at the end of several orders of one transcript, and whether they are settled."""
    machines = Orders(load(TWO_OPENINGS)).draws(4)
    return [{one.hash: one.settled() for one in machine.terms(machine.lines[1])} for machine in machines]


def test_terms_beyond_the_limit_of_their_subject_stand_for_nothing_in_any_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert (line.OFFERS, line.OFFERS_OF_OTHERS) == ({bodies.ACCORD: 1024, bodies.RESTORE: 1024}, 4096)
    (every, *_) = counted()
    assert len(every) >= 2 and all(every.values())
    monkeypatch.setitem(line.OFFERS, bodies.RESTORE, 1)
    (first, *others) = counted()
    assert 1 <= len(first) < len(every) and first.items() <= every.items()
    assert all(one == first for one in others)
    monkeypatch.setitem(line.OFFERS, bodies.RESTORE, 0)
    assert counted() == [{}] * 4
