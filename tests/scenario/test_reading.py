"""Reading a scenario: what is written is what is there, and every refusal is one sentence with its place."""

from __future__ import annotations

import copy
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.core.accord import EVERY_DAY, Meaning
from parley.core.errors import LocalError
from parley.core.types import Grade, Power, Precedence
from parley.scenario import format as plans
from parley.scenario import load, parse
from parley.scenario.reading import _Reader, _weekdays

SCENARIOS = Path(__file__).parents[2] / "scenarios"

HEAD = """
format = "parley-scenario/1"
title = "A test"
start = 2030-01-01T09:00:00Z
end = 2030-01-02T09:00:00Z
[party.north]
name = "North"
[party.south]
name = "South"
civil_clock = "UTC+09:00"
[bearer.cable]
[line.liaison]
"""


def step(words: str, at: str = "2030-01-01T10:00:00Z") -> str:
    return f"[[step]]\nat = {at}\n{words}\n"


SEND = step('do = "message"\nby = "south"\nline = "liaison"\nid = "m"\ntext = "Hello."')
OFFER = step(
    'do = "offer_restore"\nby = "south"\nline = "liaison"\nid = "t"\nopens_at = 2030-01-01T11:00:00Z'
)


def test_what_is_left_out_has_its_default() -> None:
    scenario = parse(HEAD)
    assert (scenario.seed, scenario.sign_of_life_s, scenario.sync) == (1, 3600, True)
    assert scenario.clock_name == {"en": "UTC"}
    assert [o.login for o in scenario.party("north").officers] == ["duty", "chief", "head"]
    line = scenario.line("liaison")
    assert (line.name, line.quorum, line.second_person, line.opened) == ("liaison", 2, True, True)
    assert scenario.bearers[0].lines == ("liaison",)


def test_a_message_is_drafted_by_one_officer_and_released_by_another() -> None:
    (first,) = parse(HEAD + SEND).steps
    assert isinstance(first.action, plans.Message)
    assert (first.action.drafter, first.action.officer) == ("duty", "chief")
    assert first.action.precedence == Precedence.ROUTINE


def test_words_read_back_make_the_grade_read_back() -> None:
    text = HEAD + SEND + step('do = "acknowledge"\nby = "north"\nmessage = "m"\nread_back = "Hello."')
    action = parse(text).steps[1].action
    assert isinstance(action, plans.Acknowledge)
    assert (action.grade, action.officer) == (Grade.READ_BACK, "duty")


def test_those_who_agree_are_the_quorum_without_the_one_who_offered() -> None:
    text = (
        HEAD
        + OFFER
        + step('do = "agree"\nby = "south"\nterms = "t"')
        + step('do = "agree"\nby = "north"\nterms = "t"')
    )
    _, ours, theirs = (s.action for s in parse(text).steps)
    assert isinstance(ours, plans.Agree) and isinstance(theirs, plans.Agree)
    assert ours.officers == ("head",)
    assert theirs.officers == ("chief", "head")


def test_a_slot_of_the_civil_clock_keeps_its_weekdays_over_midnight() -> None:
    text = (
        HEAD
        + 'clock = "UTC+09:00"\nschedule = ["mon-fri 08:30 opening south", "sun 23:00 check either 1h"]\n'
    )
    scenario = parse(text)
    first, second = scenario.line("liaison").accord(scenario.parties, bytes(16)).schedule
    assert (first.minute, first.meaning, first.caller) == (23 * 60 + 30, Meaning.OPENING, 1)
    assert first.weekdays == 0b1001111  # Sunday to Thursday in UTC
    assert (second.minute, second.weekdays, second.caller, second.open_s) == (14 * 60, 1 << 6, None, 3600)


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        ("daily", EVERY_DAY),
        ("mon-fri", 31),
        ("sat,sun", 96),
        ("fri-mon", 0b1110001),
        ("mon-mon", None),
        ("x", None),
    ],
)
def test_days_of_the_week(text: str, bits: int | None) -> None:
    assert _weekdays(text) == bits


def test_a_repeat_falls_on_its_days_only() -> None:
    scenario = parse(
        HEAD.replace("2030-01-02T09", "2030-01-20T09")
        + step(
            'do = "call"\nby = "south"\nline = "liaison"\n'
            'repeat = { every = "1d", until = 2030-01-10T10:00:00Z, days = "mon,wed" }'
        )
    )
    assert [plans.civil(at, 0).day for at in scenario.steps[0].instants] == [2, 7, 9]


EXPECT = step('do = "expect"\nparty = "both"\nline = "liaison"\n')

REFUSED = [
    ("format = 3", "format: is a number, not a text"),
    (HEAD.replace("scenario/1", "scenario/2"), "the format is 'parley-scenario/2', not 'parley-scenario/1'"),
    ("x", "is not TOML"),
    ("x = " + "[" * 5000, "is not TOML"),
    (HEAD.replace('title = "A test"', "title = {}"), "title: is neither a text nor a table of languages"),
    (HEAD.replace("T09:00:00Z\nend", "T09:00:00\nend"), "start: has no zone"),
    (HEAD.replace("start = 2030-01-01T09:00:00Z", 'start = "noon"'), "start: is a text, not a date and time"),
    (HEAD.replace("end = 2030", "end = 2029"), "'end' is not after 'start'"),
    ("settings = 3\n" + HEAD, "settings: is a number, not a table"),
    ("seed = -1\n" + HEAD, "seed: is -1, outside"),
    ("sed = 3\n" + HEAD, "the key 'sed' is not known here"),
    (HEAD + '[settings]\nsign_of_life = "soon"', "settings.sign_of_life: is not a length of time"),
    (HEAD + "[party.east]\nname = 'East'", "there are 3 parties, not exactly two"),
    (HEAD.replace('"North"', '""'), "party.north.name: is empty"),
    (HEAD.replace('"North"', f'"{"N" * 65}"'), "party.north.name: name is 65 bytes long, over 64"),
    (HEAD.replace("[party.north]", "[party.both]"), "party.both: 'both' has a meaning of its own"),
    (HEAD.replace("UTC+09:00", "KST"), "party.south.civil_clock: 'KST' is not a civil clock"),
    (
        HEAD + "[[party.north.officer]]\nlogin = 'a'\noffice = 'A'\npowers = ['fly']",
        "powers: 'fly' is not known",
    ),
    (
        HEAD + "[[party.north.officer]]\nlogin = 'a'\noffice = 'A'\npowers = ['release']",
        "no officer has the power 'administer'",
    ),
    (HEAD + "quorum = 3", "2 officers of north have the power 'restore', not 3"),
    (HEAD + 'schedule = ["daily 09:00 opening south"]', "the parties keep different civil clocks"),
    (HEAD + 'clock = "UTC"\nschedule = ["always"]', "line.liaison.schedule: 'always' is not a slot"),
    (HEAD + 'clock = "UTC"\nschedule = ["daily 09:00 tea south"]', "schedule: 'tea' is not known"),
    (HEAD + "[line.other]\nname = 'liaison'", "line.other: there are two lines of the name 'liaison'"),
    (
        HEAD.replace("[bearer.cable]", "[bearer.cable]\nup = false"),
        "no bearer that is up carries the line 'liaison'",
    ),
    (HEAD.replace("[bearer.cable]", "[bearer.cable]\nlines = ['x']"), "bearer.cable.lines: 'x' is not known"),
    (HEAD + step('do = "dance"'), "step 1 (line 13): do: 'dance' is not known"),
    (HEAD + step('do = "call"\nby = "east"\nline = "liaison"'), "by: 'east' is not known"),
    (HEAD + step('do = "call"\nby = "south"'), "step 1 (line 13): the key 'line' is missing"),
    (HEAD + step('do = "call"\nby = "south"\nline = "liason"'), "line: 'liason' is not known"),
    (
        HEAD + step('do = "call"\nby = "south"\nline = "liaison"\nlines = ["liaison"]'),
        "has both 'line' and 'lines'",
    ),
    (HEAD + step('do = "call"', "2031-01-01T00:00:00Z"), "at: is before the start or after the end"),
    (
        HEAD + SEND + step('do = "note"', "2030-01-01T09:30:00Z"),
        "step 2 (line 20): at: is before the step above it",
    ),
    (HEAD + SEND + SEND, "id: there is a message 'm' already"),
    (HEAD + SEND.replace('"Hello."', '" "'), "text: is empty"),
    (
        HEAD + SEND + step('do = "acknowledge"\nby = "south"\nmessage = "m"'),
        "'m' is a message of south itself",
    ),
    (HEAD + SEND + step('do = "withdraw"\nby = "north"\nmessage = "m"'), "'m' is not a message of north"),
    (HEAD + SEND + step('do = "acknowledge"\nby = "north"\nmessage = "n"'), "message: 'n' is not known"),
    (
        HEAD + SEND.replace("id =", "repeat = { every = '1h', until = 2030-01-01T12:00:00Z }\nid ="),
        "cannot be repeated",
    ),
    (HEAD + OFFER + OFFER, "id: there are terms 't' already"),
    (HEAD + EXPECT, "step 1 (line 13): expects nothing"),
    (HEAD + EXPECT + "stated = 'OPEN'", "the key 'stated' is not known here"),
    (HEAD + EXPECT + "waiting = 'two'", "waiting: is not a number"),
    (HEAD + step('do = "crash"\nby = "north"\nwhy = "x"'), "the key 'why' is not known here"),
]


@pytest.mark.parametrize(("text", "words"), REFUSED)
def test_a_slip_is_refused_in_one_sentence_with_its_place(text: str, words: str) -> None:
    with pytest.raises(LocalError) as refused:
        parse(text, "case.toml")
    said = refused.value
    assert said.text.startswith("case.toml: ") and words in said.text
    assert "\n" not in said.text + said.hint


def test_a_near_miss_is_told_the_right_key() -> None:
    with pytest.raises(LocalError) as refused:
        parse("titel = 'x'\n" + HEAD)
    assert refused.value.hint == "did you mean 'title'?"


def test_a_file_that_is_missing_or_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="cannot be read"):
        load(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(LocalError, match="not UTF-8"):
        load(tmp_path / "bytes.toml")


def test_the_powers_of_the_default_officers_open_and_cut_a_line() -> None:
    held = Power.NONE
    for officer in plans.OFFICERS:
        held |= officer.powers
    assert Power.SEVER in held and Power.ADMINISTER in held
    assert sum(Power.RESTORE in o.powers for o in plans.OFFICERS) == 2


# --- whatever stands in the file, it is read or refused ---------------------------------------

ANYTHING = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.floats(), st.datetimes(), st.dates(),
        st.datetimes(timezones=st.timezones()),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)  # fmt: skip
WHOLE = tomllib.loads((SCENARIOS / "two-minutes.toml").read_text("utf-8"))


def paths(value: object, before: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [before] if before else []
    if isinstance(value, dict):
        for key, inner in value.items():
            found += paths(inner, (*before, key))
    elif isinstance(value, list):
        for n, inner in enumerate(value):
            found += paths(inner, (*before, n))
    return found


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(paths(WHOLE)), ANYTHING)
def test_anything_in_any_place_is_read_or_refused(path: tuple[str | int, ...], value: object) -> None:
    document = copy.deepcopy(WHOLE)
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    try:
        _Reader("f", []).scenario(document)
    except LocalError as e:
        assert e.text.startswith("f: ")
