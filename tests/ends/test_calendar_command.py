"""`parley calendar` and `parley line amend` on the homes of two ends (CT-14, AC-10)."""

from __future__ import annotations

import json

import pytest
import realends
from realends import LINE, Pair


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return realends.prepared(tmp_path_factory.mktemp("ends"))


def test_a_month_and_a_year_are_printed_and_given_to_programs(pair: Pair) -> None:
    month = pair.north.says("calendar", LINE).out
    assert month.startswith("DAY") and "OUTCOME" in month.splitlines()[0]
    year = pair.north.says("calendar", LINE, "--year").out
    assert len([line for line in year.splitlines() if line[:2].isdecimal()]) == 12
    assert "== declared not open" in year
    told = json.loads(pair.north.says("calendar", LINE, "--year", "2021", "--json").out)
    assert told["command"] == "calendar" and len(told["result"]["days"]) == 365
    told = json.loads(pair.north.says("calendar", LINE, "--month", "2020-02", "--json").out)
    assert len(told["result"]["days"]) == 29 and told["result"]["parties"][0] == "North"


@pytest.mark.parametrize("words", [("--month", "2021"), ("--year", "2021-07"), ("--month", "2021-13")])
def test_what_is_no_month_or_year_is_refused_in_one_sentence(pair: Pair, words: tuple[str, str]) -> None:
    said = pair.north.says("calendar", LINE, *words)
    realends.refused(said, "month" if words[0] == "--month" else "year")


def test_an_amendment_is_offered_with_what_is_named_and_nothing_else(pair: Pair) -> None:
    given = ("--as", "duty", "--json")
    told = json.loads(
        pair.north.says(
            "line",
            "amend",
            LINE,
            "--civil-clocks",
            "510,540",
            "--slots",
            "00:30 opening; 08:30 closing",
            *given,
        ).out
    )
    assert told["command"] == "line amend"
    assert (told["result"]["subject"], told["result"]["state"]) == ("accord", "released, waits for a bearer")
    said = pair.north.says("line", "amend", LINE, *given)
    realends.refused(said, "changes nothing")
