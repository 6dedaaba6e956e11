"""Ready for tests/ends: a node whose peer is silent does not run hot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from parley.core.line import Cadence
from parley.node import Node, Settings
from parley.testing.both import WORDS, Both

T = TypeVar("T")
LINE = "Liaison"


@pytest.fixture
def alone(tmp_path: Path) -> tuple[Both, Counter[str]]:
    """North up, South off, and no prekey of theirs left in stock; what North does is counted."""
    did: Counter[str] = Counter()

    class Counted(Node):
        def turn(self, do: Callable[[], T]) -> T:
            did["turns"] += 1
            return super().turn(do)

    both = Both(
        tmp_path,
        1_800_000_000.0,
        build=Counted,
        settings=Settings(life_s=20, cadence=Cadence(600, 8, 20)),
        sent=lambda end, frame: did.update(["frames"]),
    )
    both.create()
    both.add_line(LINE)
    both.open_line(LINE)
    both.wait(30)
    node = both.ends[0].node
    wire0 = node.pairs["South"].order_wire.id
    both.stop(both.ends[1])
    node.turn(lambda: [node.store.use_prekey(wire0) for _ in range(8)])
    return both, did


def test_a_node_started_without_prekeys_asks_for_them_now_and_then(alone: tuple[Both, Counter[str]]) -> None:
    both, did = alone
    both.stop(both.ends[0])
    both.start(both.ends[0])
    did.clear()
    both.wait(10)
    both.close()
    assert did["frames"] < 30 and did["turns"] < 30


def test_an_epoch_that_is_due_waits_quietly_for_a_prekey(alone: tuple[Both, Counter[str]]) -> None:
    both, did = alone
    for number in range(9):
        draft = both.ends[0].desk.compose(LINE, f"text {number}", "duty")
        both.ends[0].desk.release(draft.ref, "chief", WORDS)
    both.wait(700)
    did.clear()
    both.wait(10)
    both.close()
    assert did["turns"] < 30
