"""Contacts in a scenario: amendments of an accord, what a watch notes of a call, document tests, and the calendar.

An amendment is offered by one party and agreed by the other, each by an officer who may administer. What can be
expected of a line is what its call page and its calendar show.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from parley.core.errors import LocalError
from parley.core.types import Power
from parley.desk.contacts import CONTENTS, STEPS, changes, send_test
from parley.scenario.deeds import Deed, Expected, Facts, Ground, Kind, Read
from parley.scenario.format import Party
from parley.scenario.table import Table

_TYPED: Final = (
    "civil_clocks", "slots", "holidays_ours", "holidays_theirs", "untendered", "test_texts", "escalation", "purpose",
)  # fmt: skip


@dataclass
class _Known:
    """The amendments and tests of this play: their refs by id, and by line and party."""

    terms: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Amend:
    """The next version of a line's accord is offered. `changed`: as `parley line amend` takes it."""

    id: str
    line: str
    officer: str
    changed: tuple[tuple[str, str], ...]

    @property
    def lines(self) -> tuple[str, ...]:
        return (self.line,)

    def take(self, ground: Ground, party: str) -> None:
        """Raises LocalError when it cannot be offered."""
        contacts, name = ground.desk(party).contacts, ground.line_name(self.line)
        changed = changes(contacts.ours_first(name), **dict(self.changed))
        made = contacts.amend(name, self.officer, ground.passphrase, changed)
        ground.kept(_Known).terms[self.id] = made.ref


@dataclass(frozen=True, slots=True)
class AgreeAmendment:
    """The other party agrees to an amendment."""

    id: str
    line: str
    officer: str

    @property
    def lines(self) -> tuple[str, ...]:
        return (self.line,)

    def take(self, ground: Ground, party: str) -> None:
        """Raises LocalError when the desk refuses it."""
        ref = ground.kept(_Known).terms.get(self.id)
        if ref is None:
            raise LocalError(f"the amendment {self.id!r} was not offered", "an earlier step was refused")
        ground.desk(party).agree(ref, self.officer, ground.passphrase)


@dataclass(frozen=True, slots=True)
class NoteContact:
    """What the watch notes of the call that is answered now."""

    line: str
    officer: str
    steps: tuple[str, ...]
    heard: bool
    content: str

    @property
    def lines(self) -> tuple[str, ...]:
        return (self.line,)

    def take(self, ground: Ground, party: str) -> None:
        """Raises LocalError when no call is answered."""
        contacts, name = ground.desk(party).contacts, ground.line_name(self.line)
        there = contacts.guided(name).their_officers
        heard = there[0][0] if self.heard and there else None
        contacts.note(name, self.officer, ",".join(self.steps), heard, self.content)


@dataclass(frozen=True, slots=True)
class TestDocument:
    """A document test, drafted and released."""

    line: str
    number: int
    drafter: str
    officer: str

    @property
    def lines(self) -> tuple[str, ...]:
        return (self.line,)

    def take(self, ground: Ground, party: str) -> None:
        """Raises LocalError when it cannot be sent."""
        desk, name = ground.desk(party), ground.line_name(self.line)
        draft = send_test(desk, name, self.number, self.drafter)
        desk.release(draft.ref, self.officer, ground.passphrase)


@dataclass(frozen=True, slots=True)
class ReadBackTest:
    """The latest document test of theirs is read back. `text`: as read; empty: as it stands."""

    line: str
    officer: str
    text: str

    @property
    def lines(self) -> tuple[str, ...]:
        return (self.line,)

    def take(self, ground: Ground, party: str) -> None:
        """Raises LocalError when there is none."""
        desk, name = ground.desk(party), ground.line_name(self.line)
        test = desk.contacts.guided(name).their_test
        if test is None:
            raise LocalError(f"no document test of theirs has come on {name}", "test first")
        desk.acknowledge(test.ref, "READ_BACK", self.officer, ground.passphrase, self.text or test.text)


# --- reading ------------------------------------------------------------------------------------------------


def _amend(read: Read, t: Table, party: Party) -> Deed:
    line = read.line_of(t)
    typed = tuple((key, t.text(key, "")) for key in _TYPED)
    changed = tuple((key, words) for key, words in typed if words)
    if not changed:
        t.fail("amends nothing", f"add one of: {', '.join(_TYPED)}")
    return Amend(read.new(t, "amendment", line), line, read.officer(t, party, Power.ADMINISTER), changed)


def _agree_amendment(read: Read, t: Table, party: Party) -> Deed:
    name, line = read.known(t, "amendment")
    assert isinstance(line, str)
    return AgreeAmendment(name, line, read.officer(t, party, Power.ADMINISTER))


def _note_contact(read: Read, t: Table, party: Party) -> Deed:
    line = read.line_of(t)
    steps = tuple(t.one_of("steps", step, STEPS) for step in t.texts("steps", ()))
    content = t.optional("content") or ""
    if content:
        t.one_of("content", content, CONTENTS)
    return NoteContact(line, read.officer(t, party, Power.NONE), steps, t.flag("heard", False), content)


def _test_document(read: Read, t: Table, party: Party) -> Deed:
    line = read.line_of(t)
    officer = read.officer(t, party, Power.RELEASE)
    drafter = read.officer(t, party, Power.NONE, "drafter", officer)
    return TestDocument(line, t.whole("number", 1, 1, 8), drafter, officer)


def _read_back_test(read: Read, t: Table, party: Party) -> Deed:
    return ReadBackTest(read.line_of(t), read.officer(t, party, Power.ACKNOWLEDGE), t.text("text", ""))


# --- what can be expected -----------------------------------------------------------------------------------


def _contact_facts(ground: Ground, party: str, line: str) -> Facts:
    view = ground.desk(party).contacts.guided(ground.line_name(line))
    following = view.next_contact
    return {
        "noted": ", ".join(view.noted),
        "heard": str(view.heard),
        "content": view.content,
        "our_test": _compared(view.our_test is not None, view.our_test.same if view.our_test else None),
        "their_test": _compared(
            view.their_test is not None, view.their_test.same if view.their_test else None
        ),
        "missed_in_a_row": view.missed_in_a_row,
        "next": "" if following is None else f"{datetime.fromtimestamp(following, UTC):%Y-%m-%d %H:%M}",
    }


def _compared(sent: bool, same: bool | None) -> str:
    if not sent:
        return "none"
    return {None: "waits", True: "same", False: "not the same"}[same]


def _calendar_facts(ground: Ground, party: str, line: str) -> Facts:
    view = ground.desk(party).contacts.year(ground.line_name(line))
    found = Counter(mark.outcome for day in view.days for mark in day.marks if mark.scheduled)
    facts: Facts = {
        word: found[word.replace("_", " ")]
        for word in ("answered", "late", "unanswered", "one_way", "cut", "not_held")
    }
    return facts | {"days_not_open": sum(bool(day.cut) for day in view.days)}


KIND: Final = Kind(
    {
        "amend": _amend,
        "agree_amendment": _agree_amendment,
        "note_contact": _note_contact,
        "test_document": _test_document,
        "read_back_test": _read_back_test,
    },
    {
        "contact": Expected(
            {"noted": str, "heard": str, "content": str, "our_test": str, "their_test": str, "missed_in_a_row": int,
             "next": str},
            _contact_facts,
            True,
        ),
        "calendar": Expected(
            {"answered": int, "late": int, "unanswered": int, "one_way": int, "cut": int, "not_held": int,
             "days_not_open": int},
            _calendar_facts,
            True,
        ),
    },
    {
        "amend": ("An amendment of {lines} is offered.", "{lines}: 합의서 개정 제안."),
        "agree_amendment": ("The amendment of {lines} is agreed.", "{lines}: 합의서 개정에 동의."),
        "note_contact": ("The watch notes the call on {lines}.", "{lines}: 당직이 통화 내용을 적음."),
        "test_document": ("A document test goes over {lines}.", "{lines}: 문서 시험."),
        "read_back_test": ("The document test on {lines} is read back.", "{lines}: 문서 시험 복창."),
    },
)  # fmt: skip
