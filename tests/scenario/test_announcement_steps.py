"""Announcements in a scenario: an hour agreed, a statement of each side, one held, one after a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from parley.core.errors import LocalError
from parley.scenario import reading
from parley.scenario.player import play

HEAD = """
format = "parley-scenario/1"
title = { en = "Two announcements" }
start = 2021-07-27T09:00:00+09:00
end = 2021-07-27T14:00:00+09:00

[settings]
sync = false
sign_of_life = "10m"

[party.north]
name = "North"
languages = ["ko", "en"]
civil_clock = "UTC+09:00"

[party.south]
name = "South"
languages = ["ko", "en"]
civil_clock = "UTC+09:00"

[line.liaison]
name = "Liaison"

[bearer.cable]
lines = ["liaison"]
"""

STORY = """
[[step]]
at = 2021-07-27T09:05:00+09:00
do = "offer_hour"
by = "north"
line = "liaison"
id = "lines-open"
hour = 2021-07-27T11:00:00+09:00
subject = "the lines open again"
points = ["All lines work.", "A summit is not decided."]

[[step]]
at = 2021-07-27T09:10:00+09:00
do = "agree_hour"
by = "south"
announcement = "lines-open"

[[step]]
at = 2021-07-27T09:20:00+09:00
do = "announce"
by = "north"
announcement = "lines-open"
id = "ours"
title = "통신선 재개"
text = "모든 통신선이 가동된다. [지어낸 글]"
points = [1]

[[step]]
at = 2021-07-27T09:21:00+09:00
do = "announce"
by = "south"
announcement = "lines-open"
id = "theirs"
language = "en"
title = "Lines open"
text = "All lines work; a summit is not decided. [invented]"
points = [1, 2]

[[step]]
at = 2021-07-27T10:00:00+09:00
do = "bearer_down"
bearer = "cable"

[[step]]
at = 2021-07-27T10:30:00+09:00
do = "hold"
by = "south"
statement = "theirs"
reason = "read again"

[[step]]
at = 2021-07-27T10:59:59+09:00
do = "expect"
party = "north"
statement = "ours"
state = "WAITS FOR ITS HOUR"
public = false

[[step]]
at = 2021-07-27T10:59:59+09:00
do = "crash"
by = "north"

[[step]]
at = 2021-07-27T11:00:20+09:00
do = "restart"
by = "north"

[[step]]
at = 2021-07-27T11:01:00+09:00
do = "expect"
party = "north"
statement = "ours"
public = true
late_s = 20

[[step]]
at = 2021-07-27T11:01:00+09:00
do = "expect"
party = "south"
statement = "theirs"
state = "HELD"

[[step]]
at = 2021-07-27T11:01:00+09:00
do = "expect"
party = "south"
announcement = "lines-open"
theirs = 0
silent = true

[[step]]
at = 2021-07-27T11:02:00+09:00
do = "abort"
by = "north"
statement = "ours"
refused = "is PUBLISHED"

[[step]]
at = 2021-07-27T11:30:00+09:00
do = "bearer_up"
bearer = "cable"

[[step]]
at = 2021-07-27T11:40:00+09:00
do = "resume"
by = "south"
statement = "theirs"

[[step]]
at = 2021-07-27T11:50:00+09:00
do = "expect"
party = "south"
statement = "ours"
held = true
early_s = 0

[[step]]
at = 2021-07-27T11:50:00+09:00
do = "expect"
party = "north"
announcement = "lines-open"
ours = 1
theirs = 1
silent = false

[[step]]
at = 2021-07-27T12:00:00+09:00
do = "announce"
by = "north"
line = "liaison"
hour = 2021-07-27T12:30:00+09:00
id = "alone"
title = "Of our own"
text = "A notice. [invented]"

[[step]]
at = 2021-07-27T12:10:00+09:00
do = "abort"
by = "north"
statement = "alone"

[[step]]
at = 2021-07-27T13:00:00+09:00
do = "expect"
party = "south"
statement = "alone"
held = false
"""


def test_a_story_with_announcements_is_played_as_it_is_told(tmp_path: Path) -> None:
    outcome = play(reading.parse(HEAD + STORY), tmp_path)
    assert outcome.ok, [(r.step.number, r.expected, r.found) for r in outcome.results if not r.ok]


SEVENTEEN = str([str(i) for i in range(17)]).replace("'", '"')


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ("points = [1]", "points = [17]", "not numbers from 1 to 16"),
        ('points = [1, 2]', 'points = "1"', "not numbers from 1 to 16"),
        ('by = "south"\nstatement = "theirs"\nreason', 'by = "north"\nstatement = "theirs"\nreason', "not a statement"),
        ('announcement = "lines-open"\nid = "ours"', 'announcement = "lines"\nid = "ours"', "lines"),
        ('points = ["All lines work.", ', f"points = {SEVENTEEN} #", "more than 16"),
    ],
)  # fmt: skip
def test_a_slip_in_an_announcement_step_is_told(was: str, becomes: str, told: str) -> None:
    assert was in STORY
    with pytest.raises(LocalError, match=told):
        reading.parse(HEAD + STORY.replace(was, becomes, 1))
