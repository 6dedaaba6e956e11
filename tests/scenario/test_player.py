"""Playing a scenario: real ends, what was expected and found, and homes that can be opened afterwards."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from parley.core.errors import LocalError
from parley.home import Home
from parley.scenario import DEMO_PASSPHRASE, Outcome, Result, load, parse, play
from parley.scenario.format import LINE_STATES, MESSAGE_STATES
from parley.scenario.player import Play
from parley.scenario.stage import Stage

SCENARIOS = Path(__file__).parents[2] / "scenarios"
TWO_MINUTES = replace(load(SCENARIOS / "two-minutes.toml"), sync=False)

HEAD = """
format = "parley-scenario/1"
title = "A test"
start = 2030-01-01T09:00:00Z
end = 2030-01-01T09:10:00Z
[settings]
sign_of_life = "10s"
sync = false
[party.north]
name = "North"
[party.south]
name = "South"
[bearer.cable]
latency_ms = 30
[line.liaison]
"""


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, Path, list[Result]]:
    folder = tmp_path_factory.mktemp("two-minutes")
    told: list[Result] = []
    return play(TWO_MINUTES, folder, told.append), folder, told


def quickly(steps: str, folder: Path, head: str = HEAD) -> Outcome:
    """The steps, each written "MM:SS do=..." with its keys on lines below it."""
    text = re.sub(
        r"^(\d\d:\d\d) (\w+)$",
        r'[[step]]\nat = 2030-01-01T09:\1Z\ndo = "\2"',
        steps,
        flags=re.MULTILINE,
    )
    return play(parse(head + text), folder)


def test_two_minutes_go_as_told(played: tuple[Outcome, Path, list[Result]]) -> None:
    outcome, _, told = played
    assert [r.found for r in outcome.results if not r.ok] == []
    assert outcome.ok and outcome.expectations == (11, 0)
    assert sorted(r.step.number for r in told) == [r.step.number for r in outcome.results]


def test_the_outcome_has_the_documented_shape(played: tuple[Outcome, Path, list[Result]]) -> None:
    found = json.loads(json.dumps(played[0].as_json()))
    assert list(found) == ["format", "ok", "scenario", "expectations", "results", "final"]
    assert found["format"] == "parley-outcome/1"
    assert found["scenario"]["start"] == "2030-01-01T00:00:00Z"
    assert found["expectations"] == {"held": 11, "failed": 0}
    assert set(found["results"][0]) == {
        "step", "file_line", "at", "until", "times", "kind", "by", "ok", "failed", "expected", "found", "cites",
    }  # fmt: skip
    for party in ("north", "south"):
        final = found["final"][party]
        assert set(final) == {"up", "party", "unopened_frames", "lines", "messages"}
        assert set(final["lines"]["liaison"]) == set(LINE_STATES)
        assert set(final["messages"]["notice"]) == set(MESSAGE_STATES)


def test_both_homes_can_be_opened_afterwards(played: tuple[Outcome, Path, list[Result]]) -> None:
    for party, name in (("north", "North"), ("south", "South")):
        home = Home.open(played[1] / party, DEMO_PASSPHRASE)
        assert home.party == name
        home.close()


def test_a_place_that_is_taken_is_refused(played: tuple[Outcome, Path, list[Result]]) -> None:
    with pytest.raises(LocalError, match="home of an end already"):
        play(TWO_MINUTES, played[1])


def test_the_same_file_comes_to_the_same(played: tuple[Outcome, Path, list[Result]], tmp_path: Path) -> None:
    assert play(TWO_MINUTES, tmp_path).as_json() == played[0].as_json()


def test_a_wrong_expectation_fails_and_the_play_goes_on(tmp_path: Path) -> None:
    outcome = quickly(
        """
01:00 expect
party = "both"
line = "liaison"
declared = "OPEN"
observed = "DOWN"
02:00 expect
party = "both"
line = "liaison"
observed = ["DOWN", "OK"]
our_size = "at least 3"
""",
        tmp_path,
    )
    assert not outcome.ok and outcome.expectations == (2, 1)
    failed, held = outcome.results
    assert (failed.expected, failed.found) == ("north, liaison: observed DOWN", "north, liaison: observed OK")
    assert held.ok and held.found.startswith("north, liaison: observed OK, our_size ")


def test_a_step_that_the_desk_refuses_is_a_failed_step_with_its_sentence(tmp_path: Path) -> None:
    outcome = quickly(
        """
01:00 answer
by = "north"
line = "liaison"
01:00 answer
by = "north"
line = "liaison"
refused = "does not ring"
01:00 watch
by = "north"
officer = "head"
refused = "may not"
""",
        tmp_path,
    )
    assert [r.ok for r in outcome.results] == [False, True, False]
    assert outcome.results[0].found == "liaison does not ring"
    assert (outcome.results[2].expected, outcome.results[2].found) == ("refused: may not", "done")
    assert outcome.expectations == (2, 1)


def test_what_is_told_while_an_end_is_down_arrives_after_it_starts_again(tmp_path: Path) -> None:
    outcome = quickly(
        """
01:00 crash
by = "north"
01:10 message
by = "south"
line = "liaison"
id = "m"
text = "Are you there?"
01:11 expect
party = "south"
message = "m"
state = "SENDING"
01:11 expect
party = "north"
line = "liaison"
declared = "OPEN"
refused = "is down"
02:00 restart
by = "north"
02:01 watch
by = "north"
officer = "chief"
03:00 expect
party = "both"
message = "m"
state = "AT THEIR END"
03:00 expect
party = "both"
line = "liaison"
observed = "OK"
agree = "agree"
04:00 crash
by = "south"
""",
        tmp_path,
    )
    assert [(r.expected, r.found) for r in outcome.results if not r.ok] == []
    assert outcome.final["south"] == {"up": False}


def test_a_way_that_fails_silently_is_one_way(tmp_path: Path) -> None:
    outcome = quickly(
        """
01:00 bearer_down
bearer = "cable"
sender = "north"
silently = true
02:00 expect
party = "north"
line = "liaison"
observed = "ONE WAY"
02:00 expect
party = "south"
line = "liaison"
observed = "DOWN"
03:00 bearer_up
bearer = "cable"
04:00 expect
party = "both"
line = "liaison"
observed = "OK"
""",
        tmp_path,
    )
    assert [(r.expected, r.found) for r in outcome.results if not r.ok] == []


def test_a_message_taken_back_before_it_is_entered_leaves_nothing(tmp_path: Path) -> None:
    outcome = quickly(
        """
01:00 message
by = "south"
line = "liaison"
id = "draft"
text = "Not yet."
release = false
01:00 expect
party = "south"
message = "draft"
state = "WAITING RELEASE"
01:10 release
by = "south"
message = "draft"
01:20 expect
party = "north"
message = "draft"
state = "AT THEIR END"
01:30 bearer_down
bearer = "cable"
01:40 message
by = "south"
line = "liaison"
id = "late"
text = "Too late."
01:40 withdraw
by = "south"
message = "late"
01:50 bearer_up
bearer = "cable"
02:00 expect
party = "both"
message = "late"
held = false
02:10 cancel
by = "south"
message = "draft"
reason = "It was an error."
02:20 expect
party = "north"
message = "draft"
state = "CANCELLED"
""",
        tmp_path,
    )
    assert [(r.step.do, r.expected, r.found) for r in outcome.results if not r.ok] == []


def test_slow_bearers_are_waited_for(tmp_path: Path) -> None:
    head = HEAD.replace("latency_ms = 30", "latency_ms = 4000").replace('"10s"', '"1m"')
    outcome = quickly('05:00 expect\nparty = "both"\nline = "liaison"\nobserved = "OK"\n', tmp_path, head)
    assert [(r.expected, r.found) for r in outcome.results if not r.ok] == []


def test_who_has_the_watch_is_told_at_once(tmp_path: Path) -> None:
    outcome = quickly(
        """
01:00 watch
by = "north"
officer = "nobody"
01:01 expect
party = "south"
line = "liaison"
observed = "NO WATCH"
01:02 watch
by = "north"
officer = "duty"
01:03 expect
party = "both"
line = "liaison"
observed = "OK"
""",
        tmp_path,
        HEAD.replace('"10s"', '"1h"'),
    )
    assert [(r.expected, r.found) for r in outcome.results if not r.ok] == []


def test_after_a_long_silence_both_ways_are_proven_at_once(tmp_path: Path) -> None:
    head = HEAD.replace('"10s"', '"1h"').replace("end = 2030-01-01", "end = 2030-03-01")
    outcome = quickly(
        """
01:00 bearer_down
bearer = "cable"
[[step]]
at = 2030-02-01T00:00:00Z
do = "expect"
party = "both"
line = "liaison"
observed = "DOWN"
[[step]]
at = 2030-02-01T00:00:01Z
do = "bearer_up"
bearer = "cable"
[[step]]
at = 2030-02-01T00:00:02Z
do = "expect"
party = "both"
line = "liaison"
observed = "OK"
""",
        tmp_path,
        head,
    )
    assert [(r.expected, r.found) for r in outcome.results if not r.ok] == []


def test_a_play_can_be_left_and_come_back_to_with_the_homes_as_they_are(tmp_path: Path) -> None:
    stage = Stage(TWO_MINUTES, tmp_path)
    start, end = TWO_MINUTES.start, TWO_MINUTES.end
    halfway = start + 90  # no call is open then: a node forgets one that is
    told = Play(stage)
    stage.set_up()
    told.until(halfway)
    before = len(told.outcome().results)
    stage.leave()
    Home.open(tmp_path / "south", DEMO_PASSPHRASE).close()  # nobody holds it meanwhile
    stage.come_back(halfway, {"cable": True, "fibre": True})
    told.skip_to(halfway)
    told.until(end)
    outcome = told.outcome()
    stage.leave()
    assert [(r.step.do, r.expected, r.found) for r in outcome.results if not r.ok] == []
    assert 0 < before < len(outcome.results)
    assert [r.step.number for r in outcome.results] == [s.number for s in TWO_MINUTES.steps]


def test_steps_that_are_left_out_or_passed_are_not_taken(tmp_path: Path) -> None:
    stage = Stage(TWO_MINUTES, tmp_path)
    told = Play(stage, leave_out=lambda step: step.do == "expect")
    stage.set_up()
    told.skip_to(TWO_MINUTES.start + 60)
    told.until(TWO_MINUTES.end)
    outcome = told.outcome()
    stage.leave()
    steps = [s for s in TWO_MINUTES.steps if s.do != "expect" and s.instants[0] >= TWO_MINUTES.start + 60]
    assert [r.step.number for r in outcome.results] == [s.number for s in steps]
