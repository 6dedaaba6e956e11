"""Fifty years: the scenario, the picture and the page are as made; and what is expected of them can fail."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from parley.core.errors import LocalError
from parley.scenario import Scenario, load, parse
from parley.scenario import format as plans
from parley.scenario.player import Play
from parley.scenario.stage import Stage

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scenarios" / "make"))

import fifty_data  # noqa: E402
import fifty_drawn  # noqa: E402
import fifty_made  # noqa: E402
import fifty_played  # noqa: E402
import fifty_table  # noqa: E402

SCENARIO = ROOT / "scenarios" / "korea-1971-2023.toml"
PICTURE = ROOT / "docs" / "guide" / "pictures" / "fifty-years.svg"
PAGE = ROOT / "docs" / "guide" / "fifty-years.md"


@pytest.fixture(scope="module")
def data() -> fifty_data.Data:
    return fifty_data.load()


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load(SCENARIO)


def part_of_the_data(folder: Path, **changed: dict[str, Any]) -> fifty_data.Data:
    """The Panmunjom line until 1984, with its two outages; `changed`: fields of an event or outage, by its id."""
    found = json.loads(fifty_data.DATA.read_text("utf-8"))
    found["lines"] = [each for each in found["lines"] if each["id"] == "pmj-rc"]
    found["events"] = [
        each for each in found["events"] if each["date"] < "1985" and each["lines"] == ["pmj-rc"]
    ]
    found["outages"] = [each for each in found["outages"] if each["id"] in ("o01", "o02")]
    for each in (*found["events"], *found["outages"]):
        each.update(changed.get(each["id"], {}))
    path = folder / "data.json"
    path.write_text(json.dumps(found), "utf-8")
    return fifty_data.load(path)


def played(data: fifty_data.Data) -> fifty_played.Played:
    return fifty_played.played(parse(fifty_made.made(data)))


# --- what is made ------------------------------------------------------------------------------


def test_the_scenario_is_what_the_maker_makes_of_the_data(data: fifty_data.Data) -> None:
    assert fifty_made.made(data) == SCENARIO.read_text("utf-8")


def test_eighteen_lines_are_played_and_a_by_pass_without_ends_is_a_note(scenario: Scenario) -> None:
    keys = {line.key for line in scenario.lines}
    assert len(keys) == 18 and not {"voice", "media"} & keys
    assert all(step.do == "note" for step in scenario.steps if {"k076", "k077", "k107"} & set(step.cites))


def test_steps_come_from_events_and_expectations_from_outages(scenario: Scenario) -> None:
    for step in scenario.steps:
        letters = {name[0] for name in step.cites}
        if step.do == "expect":
            assert letters == {"o"}
        elif not step.cites:
            note = step.note["en"].lower()
            assert "daily contact" in note or "terms" in note or step.do == "agree"
        else:
            assert letters == {"k"}


def test_every_event_of_the_data_is_in_the_story(data: fifty_data.Data, scenario: Scenario) -> None:
    cited = {name for step in scenario.steps for name in step.cites}
    assert {event.id for event in data.events} <= cited


def test_each_outage_of_high_confidence_is_expected_on_the_lines_its_events_name(
    data: fifty_data.Data, scenario: Scenario
) -> None:
    expected: dict[str, set[str]] = {}
    for step in scenario.steps:
        if isinstance(step.action, plans.Expect):
            expected.setdefault(step.cites[0], set()).update(step.action.lines)
    for outage in data.outages:
        lines = {
            line for line in outage.lines if outage.names(line) and not data.overlapping(outage, line)
        }  # fmt: skip
        assert expected.get(outage.id, set()) == (lines if outage.sure else set())
    assert len(expected) == 20


def test_an_announced_cut_is_severed_by_the_side_that_cut_and_a_silent_one_by_nobody(
    scenario: Scenario,
) -> None:
    by_event = {step.cites[0]: step for step in scenario.steps if isinstance(step.action, plans.Sever)}
    assert by_event["k062"].by == "north" and set(by_event["k062"].lines) == {"mil-west", "mil-sea"}
    assert "war may break out" in str(by_event["k062"].action)
    assert not {"k010", "k067", "k105", "k115"} & set(by_event)


def test_daily_contacts_are_called_only_near_an_event_of_their_line(scenario: Scenario) -> None:
    near_s = (fifty_made.NEAR_DAYS + 1) * 86400
    assert fifty_made.NEAR_DAYS <= 30
    by_line: dict[str, list[int]] = {}
    for step in scenario.steps:
        for line in step.lines if step.do != "expect" and step.cites else ():
            by_line.setdefault(line, []).append(step.instants[0])
    for step in scenario.steps:
        if step.do == "call" and not step.cites:
            for at in step.instants:
                assert any(abs(at - other) <= near_s for other in by_line[step.lines[0]])


def test_what_is_known_of_an_instant_is_no_more_than_what_the_data_writes() -> None:
    day = fifty_data.period("1976-08-30")
    assert (day.known, day.last - day.first) == ("day", 86399)
    month = fifty_data.period("2008-12")
    assert (month.known, (month.last + 1 - month.first) // 86400) == ("month", 31)
    assert fifty_data.period("2018-01-03T15:30:00+09:00").known == "minute"
    assert fifty_data.pyongyang(fifty_data.period("2018-01-03T15:30:00+09:00").first) == "15:00"
    assert fifty_data.pyongyang(fifty_data.period("2018-07-01T09:00:00+09:00").first) == ""


def test_the_picture_says_what_it_shows_in_words_and_without_colour(data: fifty_data.Data) -> None:
    tree = ElementTree.parse(PICTURE).getroot()
    space = "{http://www.w3.org/2000/svg}"
    described = tree.findtext(f"{space}desc") or ""
    for line in data.lines:
        assert f"{line.label}: open from" in described
    assert (tree.get("width"), tree.get("height")) == ("297mm", "210mm")
    heights = {"cut": set(), "sound": set()}
    for box in tree.iter(f"{space}rect"):
        if box.get("fill") == fifty_drawn._INK or (box.get("fill") or "").startswith("url("):
            heights["cut"].add(float(box.get("height") or 0))
        elif box.get("fill") == fifty_drawn._SOUND:
            heights["sound"].add(float(box.get("height") or 0))
    assert min(heights["cut"]) >= 5 >= max(heights["sound"])


# --- what makes fifty years playable ----------------------------------------------------------


QUIET_YEAR = """
format = "parley-scenario/1"
title = "A year in which nothing happens"
start = 2030-01-01T00:00:00Z
end = 2031-01-01T00:00:00Z
[settings]
sign_of_life = "{life}"
sync = false
[party.north]
name = "North"
[party.south]
name = "South"
[bearer.cable]
[line.a]
[line.b]
[line.c]
[line.d]
[line.e]
[line.f]
"""


def test_a_sign_of_life_may_be_a_month_apart_and_no_more() -> None:
    assert parse(QUIET_YEAR.format(life="31d")).sign_of_life_s == 31 * 86400
    with pytest.raises(LocalError, match="outside 10 to 2678400"):
        parse(QUIET_YEAR.format(life="32d"))


def test_lines_without_a_schedule_wake_their_end_together(tmp_path: Path) -> None:
    stage = Stage(parse(QUIET_YEAR.format(life="31d")), tmp_path)
    stage.set_up()
    turns = []
    stage.ends["north"].node.listeners.append(lambda: turns.append(1))
    Play(stage).run()
    stage.leave()
    assert 52 <= len(turns) <= 4 * 52  # six lines, each once a week by itself, would be 312


# --- what is played ----------------------------------------------------------------------------


@pytest.mark.slow
def test_a_part_of_the_data_goes_as_its_outages_say(tmp_path: Path) -> None:
    data = part_of_the_data(tmp_path)
    found = played(data)
    assert found.failures == () and found.ok and found.held == 4
    (row,) = fifty_table.rows(data, found)
    assert row.agrees and row.declared == (None, None) and all(row.observed)


@pytest.mark.slow
@pytest.mark.parametrize(
    "changed",
    [
        {"o01": {"to": "1980-03-06"}},  # the outage lasts a month longer than the event says
        {"o01": {"from": "1976-08-01"}},  # and begins earlier
        {"k011": {"date": "1981-02-06"}},  # the event that ends it is a year late
        {"k011": {"act": "agreed"}},  # nobody answers after what ends it
        {"k010": {"act": "judged cut"}},  # nobody is silent after what begins it
    ],
    ids=["longer", "earlier", "late", "not restored", "not cut"],
)
def test_damaged_data_is_found_by_the_play_and_by_the_table(
    tmp_path: Path, changed: dict[str, dict[str, Any]]
) -> None:
    data = part_of_the_data(tmp_path, **changed)
    found = played(data)
    assert found.failures and not found.ok and found.failed
    (row,) = fifty_table.rows(data, found)
    assert not row.agrees


@pytest.mark.slow
def test_an_announced_cut_that_nobody_declared_is_found(tmp_path: Path) -> None:
    sure = {"k014": {"confidence": "high"}}
    data = part_of_the_data(tmp_path, **sure)
    rows = fifty_table.rows(data, played(data))
    assert [row.agrees for row in rows] == [True, True] and all(rows[1].declared)
    unsaid = part_of_the_data(tmp_path, **sure)
    quiet = played(part_of_the_data(tmp_path, k013={"announced": False}, **sure))
    assert "never cut" in " ".join(fifty_table.rows(unsaid, quiet)[1].why)


@pytest.mark.slow
def test_a_play_that_is_kept_draws_the_same_picture_and_each_row_has_its_reason(tmp_path: Path) -> None:
    """Of a part; the whole is played and held against picture and page by `./run fifty-years`, in `./run play-all`."""
    data = part_of_the_data(tmp_path, k011={"date": "1981-02-06"})
    found = played(data)
    kept = fifty_played.from_json(json.loads(json.dumps(fifty_played.as_json(found))))
    assert kept == found
    assert fifty_drawn.picture(data, kept) == fifty_drawn.picture(data, found)
    rows = fifty_table.rows(data, found)
    assert {row.outage.id for row in rows} == {outage.id for outage in data.outages if outage.sure}
    assert all(row.why for row in rows if not row.agrees)
    for row in rows:
        for why in row.why:
            assert re.search(r"[ko]\d{2,3}|no event", why), why
