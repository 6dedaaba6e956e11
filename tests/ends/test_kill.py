"""kill -9 of two real nodes under load: nothing reported is lost, nothing is doubled, both records agree.

The kills and the judge are `parley.testing.crash`, which `./run crash` calls for two hundred kills.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import realends
from realends import LINE, Pair

from parley.testing import crash

RECEIPTS_FIRST = """
import sys, time
from parley import cli
from parley.node import Node

honest = Node.turn

def turn(self, do):
    def eager():
        result = do()
        self._follow_up()
        for room in self.rooms() if self._running else ():
            self._refill(room)
            for flight in [f for f in room.flights.values() if f.once]:
                self._send_entry(room, flight, self.clock.monotonic(), set())
                time.sleep(0.03)  # a slow disk: what is sent has time to arrive before it is committed
        return result
    return honest(self, eager)

Node.turn = turn
sys.exit(cli.main())
"""

ENDS_ITSELF = """
import os, sys, threading
from parley import cli

threading.Timer(0.8, lambda: os._exit(7)).start()
sys.exit(cli.main())
"""


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.deep)])
def test_kills_lose_nothing_and_double_nothing(seed: int) -> None:
    result = crash.run(20, seed)
    assert result.problems == []
    assert min(result.kills) >= 5 and min(result.released) >= 20 and len(result.starts_s) >= 10


@pytest.mark.slow
def test_a_node_that_signs_receipts_before_its_commit_is_caught_by_kills(tmp_path: Path) -> None:
    """A kill must fall between what was sent and its commit: how soon one does hangs on the machine."""
    for attempt in range(4):
        place = tmp_path / str(attempt)
        place.mkdir()
        problems = broken(place, RECEIPTS_FIRST, kills=30).problems
        if any("not ours" in words or "differ" in words or "two entries" in words for words in problems):
            return
    pytest.fail("120 kills noticed nothing")


@pytest.mark.slow
def test_a_node_that_ends_of_itself_is_told(tmp_path: Path) -> None:
    result = broken(tmp_path, ENDS_ITSELF, kills=8)
    assert any("its node ended with 7" in words for words in result.problems)


@pytest.mark.slow
def test_two_ends_made_by_commands_alone_outlive_a_kill(by_commands: Pair, tmp_path: Path) -> None:
    north, south = by_commands
    for end, text in ((north, "before"), (south, "between"), (north, "after")):
        draft = end.runs("send", LINE, text, "--as", "duty", "--json").found["ref"]
        end.runs("release", draft, "--as", "chief")
        north.kill()
        north.up()
        by_commands.settled()
    files, pins = [], []
    for end in by_commands:
        found = end.runs("inbox", "--all", "--json").found
        assert sorted(message["text"] for message in found) == ["after", "before", "between"]
        files.append(str(tmp_path / f"{end.party}.export"))
        end.runs("export", LINE, "-o", files[-1])
        pins += ["--pin", end.ask("status")["fingerprint"]]
    said = realends.run("verify", *files, *pins)
    assert said.code == 0 and "both records agree" in said.out, said


def broken(place: Path, text: str, kills: int) -> crash.Result:
    program = place / "parley"
    program.write_text(text)
    return crash.run(kills, 1, program=(sys.executable, str(program)), settles_within_s=10.0)
