"""The shipped scenarios: they play as told, and the one from history cites what it takes from it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from parley.scenario import Scenario, load, play
from parley.scenario import format as plans
from parley.scenario.story import table

SCENARIOS = Path(__file__).parents[2] / "scenarios"
INVENTED = "[invented] [지어낸 글]"


@pytest.fixture(scope="module")
def korea() -> Scenario:
    return load(SCENARIOS / "korea-2021.toml")


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_scenario_is_read_and_tells_all_in_both_languages(path: Path) -> None:
    for step in load(path).steps:
        assert set(step.note) in (set(), {"en", "ko"})
        assert step.note or step.do in ("expect", "agree")


def test_what_is_cited_is_in_the_data(korea: Scenario) -> None:
    data = json.loads((SCENARIOS / "data" / "korea-lines.json").read_text("utf-8"))
    known = {each["id"]: each for each in (*data["events"], *data["outages"])}
    for step in korea.steps:
        for name in step.cites:
            assert name in known
            if step.do in ("call", "answer", "sever") and known[name].get("iso"):
                day = plans.civil(step.instants[0], korea.clock).strftime("%Y-%m-%d")
                assert known[name]["date"] == day
                assert set(step.lines) <= set(known[name]["lines"]) | {"mil-west", "mil-east"}


def test_what_is_not_cited_says_that_it_is_invented(korea: Scenario) -> None:
    for step in korea.steps:
        if step.do != "expect" and not step.cites:
            assert "invented" in step.note["en"] and "지어낸" in step.note["ko"], step.note["en"]
        match step.action:
            case plans.Message(text=text) | plans.Sever(grounds=text):
                assert text.startswith(INVENTED)


def test_the_lines_cut_are_those_the_north_named(korea: Scenario) -> None:
    (cut,) = (step for step in korea.steps if step.do == "sever")
    assert set(cut.lines) == {"jlo", "mil-west", "mil-east", "pmj-test", "leaders"}
    assert {line.key for line in korea.lines} - set(cut.lines) == {"pmj-rc", "nis-ufd"}


@pytest.mark.slow
def test_korea_goes_as_told_on_both_ends(korea: Scenario, tmp_path: Path) -> None:
    outcome = play(korea, tmp_path)
    assert [(r.step.file_line, r.expected, r.found) for r in outcome.results if not r.ok] == []
    assert outcome.expectations[0] >= 30
    assert "413" in table(outcome) and "413" in table(outcome, "ko")
