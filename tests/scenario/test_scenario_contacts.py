"""Contacts in a scenario: an amendment, a guided call, a document test, and what the calendar then shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from parley.core.errors import LocalError
from parley.scenario.player import play
from parley.scenario.reading import parse

STORY = """
format = "parley-scenario/1"
title = "A contact over a change of civil clock"
start = 2015-08-14T13:00:00+09:00
end = 2015-08-15T13:00:00+09:00
settings = { sign_of_life = "1h" }

[party.north]
name = "North"
civil_clock = "UTC+09:00"

[party.south]
name = "South"
civil_clock = "UTC+09:00"

[line.liaison]
name = "Liaison"
clock = "UTC+09:00"
schedule = ["daily 09:00 opening south", "daily 17:00 closing south"]

[bearer.cable]

[[step]]
at = 2015-08-14T20:00:00+09:00
do = "amend"
by = "north"
line = "liaison"
id = "half-hour"
civil_clocks = "510,540"
slots = "00:30 opening; 08:30 closing"
test_texts = "Line test.; 회선 시험."

[[step]]
at = 2015-08-14T20:05:00+09:00
do = "agree_amendment"
by = "south"
amendment = "half-hour"

[[step]]
at = 2015-08-14T20:10:00+09:00
do = "expect"
party = "both"
contact = "liaison"
next = "2015-08-15 00:30"

[[step]]
at = 2015-08-15T09:30:30+09:00
do = "call"
by = "south"
line = "liaison"

[[step]]
at = 2015-08-15T09:30:50+09:00
do = "answer"
by = "north"
line = "liaison"

[[step]]
at = 2015-08-15T09:31:00+09:00
do = "note_contact"
by = "south"
line = "liaison"
steps = ["our_identity", "their_identity"]
heard = true
content = "no_message"

[[step]]
at = 2015-08-15T09:32:00+09:00
do = "test_document"
by = "south"
line = "liaison"
number = 2

[[step]]
at = 2015-08-15T09:35:00+09:00
do = "read_back_test"
by = "north"
line = "liaison"

[[step]]
at = 2015-08-15T09:36:00+09:00
do = "expect"
party = "south"
contact = "liaison"
our_test = "same"
noted = "our_identity, their_identity"
content = "no_message"

[[step]]
at = 2015-08-15T12:00:00+09:00
do = "expect"
party = "both"
calendar = "liaison"
answered = 1
unanswered = 0
"""


def test_a_story_with_an_amendment_a_guided_call_and_a_document_test_holds(tmp_path: Path) -> None:
    """AC-10, CT-8, CT-10, CT-14."""
    outcome = play(parse(STORY), tmp_path)
    assert [(r.step.number, r.expected, r.found) for r in outcome.results if not r.ok] == []
    assert outcome.expectations == (3, 0)


@pytest.mark.parametrize(
    ("was", "becomes", "words"),
    [
        (
            'civil_clocks = "510,540"\nslots = "00:30 opening; 08:30 closing"\ntest_texts = "Line test.; 회선 시험."',
            "",
            "amends nothing",
        ),
        ('amendment = "half-hour"', 'amendment = "another"', "another"),
        ('"our_identity", "their_identity"', '"our_document"', "our_document"),
        ('content = "no_message"', 'content = "plans"', "plans"),
        ("number = 2", "number = 9", "9"),
    ],
)
def test_a_step_of_a_contact_that_cannot_be_is_refused_when_it_is_read(
    was: str, becomes: str, words: str
) -> None:
    assert was in STORY
    with pytest.raises(LocalError, match=words):
        parse(STORY.replace(was, becomes, 1))
