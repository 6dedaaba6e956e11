"""The part of the bench that verifies and replays: what it measures is what was verified."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

import pytest

from bench import audit

VECTORS = Path(__file__).parents[2] / "vectors" / "export"


def test_a_rate_of_checks_is_counted_by_what_was_checked() -> None:
    assert 100 < audit.bare_rate(0.01) < 1_000_000


@pytest.mark.slow
def test_a_file_that_does_not_hold_has_no_rate(tmp_path: Path) -> None:
    for name, holds in (("whole", True), ("bad-a-letter-changed", False)):
        file = tmp_path / name
        file.write_bytes(bytes.fromhex(json.loads((VECTORS / f"{name}.json").read_text())["file"]))
        if holds:
            assert 1 < audit.verified_rate(file) < 1_000
        else:
            with pytest.raises(ValueError, match="was not verified"):
                audit.verified_rate(file)


@pytest.mark.slow
def test_the_short_audit_verifies_a_real_export() -> None:
    found = audit.run(Namespace(short=True, json=True))
    assert {name for name, figure in found.items() if figure.value is None} == {
        "verify_ratio",
        "replay_entries_per_s",
    }
    assert all(figure.value > 100 for figure in found.values() if figure.value is not None)
