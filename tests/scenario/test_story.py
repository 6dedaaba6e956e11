"""The story as a table: columns that hold in Korean, one row for what happened, no colour."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from parley.console.words import in_language
from parley.scenario import Outcome, load, play
from parley.scenario.story import STATES, columns_of, ending, rows, table, wrapped

SCENARIOS = Path(__file__).parents[2] / "scenarios"


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    scenario = replace(load(SCENARIOS / "two-minutes.toml"), sync=False)
    return play(scenario, tmp_path_factory.mktemp("story"))


def test_a_state_is_called_in_the_story_what_the_console_calls_it() -> None:
    assert {state: in_language("ko", state) for state in STATES} == STATES


@pytest.mark.parametrize("language", ["en", "ko", "fr"])
@pytest.mark.parametrize("width", [92, 120, 160])
def test_no_line_is_wider_than_asked(outcome: Outcome, language: str, width: int) -> None:
    text = table(outcome, language, width)
    assert max(columns_of(line) for line in text.splitlines()) <= width
    assert "\x1b" not in text and text.endswith("\n")


def test_what_was_cut_stands_in_its_own_words_at_each_side(outcome: Outcome) -> None:
    cut = next(row for row in rows(outcome) if "cuts" in row.what)
    assert (cut.who, cut.views) == ("North", (("SEVERED BY US | OK",), ("SEVERED BY THEM | OK",)))
    cut = next(row for row in rows(outcome, "ko") if "끊는다" in row.what)
    assert (cut.who, cut.views) == ("북", (("우리가 차단 | 정상",), ("상대가 차단 | 정상",)))


def test_expectations_without_a_note_are_not_told(outcome: Outcome) -> None:
    told = [row.what for row in rows(outcome)]
    assert told[-1] == "Now it has gone." and "" not in told


def test_the_last_line_says_whether_it_went_as_told(outcome: Outcome) -> None:
    assert ending(outcome) == "all went as the scenario says; 11 expectations held"


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("", 4, [""]),
        ("one two three", 7, ["one two", "three"]),
        ("통신선 복구", 6, ["통신선", "복구"]),
        ("통신선", 5, ["통신", "선"]),
        ("abcdefgh", 3, ["abc", "def", "gh"]),
    ],
)
def test_text_is_broken_by_columns(text: str, width: int, lines: list[str]) -> None:
    assert wrapped(text, width) == lines


def test_a_korean_syllable_takes_two_columns_and_a_combining_mark_none() -> None:
    assert (columns_of("선"), columns_of("a"), columns_of("e\u0301")) == (2, 1, 1)
