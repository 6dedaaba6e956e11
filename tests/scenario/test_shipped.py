"""The shipped scenarios: they play as told, and the one from history cites what it takes from it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from parley.scenario import Scenario, instruments, load, play, reading
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
                working = known[name].get("other_lines_working", [])
                assert set(step.lines) <= {*known[name]["lines"], *working}


def test_what_is_not_cited_says_that_it_is_invented(korea: Scenario) -> None:
    for step in korea.steps:
        if step.do != "expect" and not step.cites:
            assert "invented" in step.note["en"] and "지어낸" in step.note["ko"], step.note["en"]
        match step.action:
            case plans.Message(text=text) | plans.Sever(grounds=text):
                assert text.startswith(INVENTED)
            case plans.OfInstrument(deed=deed):
                for text in texts_of(deed):
                    assert text.startswith(INVENTED), text


def texts_of(deed: object) -> list[str]:
    """What a step of an instrument has somebody say; names of offices, channels and points are none."""
    keys = ("text", "title", "subject", "reason", "place", "purpose", "read_out")
    return [text for key in keys if (text := getattr(deed, key, ""))]


def test_the_lines_cut_are_those_the_north_named(korea: Scenario) -> None:
    (cut,) = (step for step in korea.steps if step.do == "sever")
    assert set(cut.lines) == {"jlo", "mil-west", "mil-east", "pmj-test", "leaders"}
    assert {line.key for line in korea.lines} - set(cut.lines) == {"pmj-rc", "nis-ufd", "radio"}


def test_the_radio_has_contacts_and_nothing_else(korea: Scenario) -> None:
    of_radio = [s for s in korea.steps if s.lines == ("radio",) and s.do != "expect"]
    assert {s.do for s in of_radio} == {"call", "answer", "no_answer"}
    answered = [
        plans.civil(at, korea.clock).date() for s in of_radio if s.do == "answer" for at in s.instants
    ]
    assert [f"{day:%Y-%m-%d}" for day in answered] == ["2020-06-08", "2021-10-05", "2021-10-06"]
    called = {plans.civil(at, korea.clock).date() for s in of_radio if s.do == "call" for at in s.instants}
    assert len(called) == (max(called) - min(called)).days + 1 == 486


def test_letters_go_only_by_the_line_that_was_not_cut_and_both_sides_write_as_many(korea: Scenario) -> None:
    deeds = [s for s in korea.steps if s.do in ("tender", "letter", "carry")]
    assert {s.lines for s in deeds} == {("nis-ufd",)}
    spring = [s.by for s in deeds if s.do == "letter" and s.instants[0] > korea.start + 250 * 86400]
    assert sorted(map(str, spring)) == ["north", "north", "south", "south"]


def test_each_side_leaves_out_one_of_the_points_agreed_and_not_the_same(korea: Scenario) -> None:
    deeds = [(s.by, s.action.deed) for s in korea.steps if isinstance(s.action, plans.OfInstrument)]
    points = {
        (by, numbers)
        for by, deed in deeds
        if (numbers := getattr(deed, "points", None)) and by is not None and not hasattr(deed, "subject")
    }
    assert points == {("south", (0, 1, 2)), ("north", (0, 1, 3))}


def test_the_guide_tells_every_step_and_everything_that_can_be_expected_and_no_other() -> None:
    guide = (SCENARIOS.parent / "docs" / "guide" / "scenarios.md").read_text("utf-8")
    table_of_steps = guide.partition("| `do` | keys |")[2].partition("\n\n")[0]
    first_cells = [row.split("|")[1] for row in table_of_steps.splitlines()[2:]]
    told = {word for cell in first_cells for word in re.findall("`([a-z_]+)`", cell)}
    assert told == {*reading._ACTIONS, *instruments.STEPS}
    of_expectations = guide.partition("## Expectations")[2].partition("## What a play leaves")[0]
    words = set(re.findall("`([a-z_]+)`", of_expectations))
    for noun, expected in instruments.EXPECTED.items():
        assert {noun, *expected.keys} <= words, noun
    for key in {*plans.LINE_STATES, *plans.MESSAGE_STATES, *plans.TERMS_STATES}:
        assert key in words, key


def test_the_scenario_to_learn_letters_from_goes_as_told(tmp_path: Path) -> None:
    outcome = play(replace(load(SCENARIOS / "letters.toml"), sync=False), tmp_path)
    assert [(r.step.file_line, r.expected, r.found) for r in outcome.results if not r.ok] == []
    assert {"tender", "letter", "appoint", "announce"} <= {r.step.do for r in outcome.results}


@pytest.mark.slow
def test_korea_goes_as_told_on_both_ends(korea: Scenario, tmp_path: Path) -> None:
    outcome = play(korea, tmp_path)
    assert [(r.step.file_line, r.expected, r.found) for r in outcome.results if not r.ok] == []
    assert outcome.expectations[0] >= 90
    for language in ("en", "ko"):
        told = table(outcome, language)
        assert all(days in told for days in ("413", "483"))
