"""Contacts by the vectors: when slots open, what is entered of them, document tests, and calendars."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from parley.core import accord
from parley.core.instruments import calendar, contact
from parley.core.instruments.calendar import Cut, Record
from parley.core.instruments.contact import Attempts, Check, Content, Due, Era
from parley.core.types import Precedence

VECTORS = Path(__file__).parents[2] / "vectors" / "contacts"


def files(pattern: str) -> list[Any]:
    found = sorted(VECTORS.glob(pattern))
    assert found, f"no vectors {pattern}"
    return [pytest.param(json.loads(p.read_text(encoding="utf-8")), id=p.stem) for p in found]


@pytest.mark.parametrize("v", files("slots-*.json"))
def test_slots_open_when_the_vector_says(v: dict[str, Any]) -> None:
    """CT-1, CT-2, CT-3."""
    eras = tuple(Era(e["adopted"], accord.decode_terms(bytes.fromhex(e["terms"]))) for e in v["versions"])
    found = contact.slots_between(eras, v["after"], v["until"])
    told = [[d.at, d.closes_at, int(d.meaning), d.caller] for d in found]
    assert told == [[s[name] for name in ("at", "closes_at", "meaning", "caller")] for s in v["slots"]]


@pytest.mark.parametrize("v", files("entered-*.json"))
def test_what_a_slot_came_to_is_entered_as_the_vector_says(v: dict[str, Any]) -> None:
    """CT-4, CT-7, CT-9, CT-13."""
    seen = Attempts()
    for slot in v["slots"]:
        for _ in range(slot["calls"]):
            seen = contact.called(seen, slot["at"])
        if slot["answered"]:
            seen = contact.answered(seen, *slot["answered"])
        if slot["noted"]:
            checks, author, content = slot["noted"]
            seen = contact.proven(seen, Check(checks), author, Content(content))
        due = Due(slot["at"], slot["at"] + 1800, accord.Meaning.OPENING, None)
        seen, entered = contact.closed(seen, due, slot["next"])
        assert [list(contact.body(one)) for one in entered] == slot["entered"]
        assert [contact.contact(contact.body(one)) for one in entered] == list(entered)
        assert seen.missed_in_a_row == slot["missed"]


@pytest.mark.parametrize("v", files("test-*.json"))
def test_a_document_test_proves_what_the_vector_says(v: dict[str, Any]) -> None:
    """CT-10, CT-11."""
    number = contact.document_test_number(Precedence(v["precedence"]), v["subject"])
    assert number == v["number"]
    if number is not None:
        assert contact.document_test_subject(number) == v["subject"]
    proven = number is not None and contact.is_test_text(v["texts"], number, v["text"])
    assert (proven and contact.read_alike(v["text"], v["read_back"])) is v["proven"]


@pytest.mark.parametrize("v", files("calendar-*.json"))
def test_a_calendar_is_made_of_both_logs_as_the_vector_says(v: dict[str, Any]) -> None:
    """CT-14, CT-15, CT-16."""
    eras = (Era(v["adopted"], accord.decode_terms(bytes.fromhex(v["terms"]))),)
    ours, theirs = (tuple(contact.contact(tuple(b)) for b in v[side]) for side in ("ours", "theirs"))
    record = Record(eras, v["adopted"], ours, theirs, tuple(Cut(*c) for c in v["cut"]))
    found = calendar.days(record, v["first_day"], v["last_day"], v["now"])
    told = [
        {
            "slots": [[m.due.at, m.outcome.value] for m in day.marks],
            "two": [m and m.value for m in calendar.two_marks(day)],
        }
        for day in found
    ]
    assert told == v["days"]
