"""The observed word is a function of the evidence alone (spec 10.6)."""

from __future__ import annotations

import pytest

from parley.core.observed import Evidence, Observed, observed

WELL = {"heard_at": 95.0, "echo_at": 95.0, "sent_at": 99.0, "watch": True, "round_trip_s": 2.0}


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({}, Observed.OK),
        ({"watch": None}, Observed.OK),
        ({"round_trip_s": 601.0}, Observed.SLOW),
        ({"echo_at": 30.0}, Observed.ONE_WAY),
        ({"echo_at": None}, Observed.ONE_WAY),
        ({"watch": False}, Observed.NO_WATCH),
        ({"missed": True}, Observed.QUIET),
        ({"missed": True, "watch": False}, Observed.QUIET),
        ({"heard_at": 30.0}, Observed.DOWN),
        ({"heard_at": None, "echo_at": None}, Observed.DOWN),
        ({"heard_at": 30.0, "unopened_at": 30.0}, Observed.DOWN),
        ({"heard_at": 30.0, "unopened_at": 95.0}, Observed.NOT_PROVEN),
        ({"unopened_at": 99.0}, Observed.OK),  # noise beside frames that open proves nothing
        ({"heard_at": 40.0, "echo_at": 40.0}, Observed.OK),  # exactly as old as is tolerated
    ],
)
def test_the_word_follows_from_the_evidence(changed: dict[str, object], word: Observed) -> None:
    """LI-14."""
    assert observed(Evidence(**{**WELL, **changed}), 100.0, 60.0, 600.0) == word  # type: ignore[arg-type]
