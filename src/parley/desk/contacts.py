"""The contacts of a line: the guided call, the calendar, and the amendment of what was agreed on both (spec 17).

What a watch notes of a call (who was heard, whether both directions carried, what for) goes into the journal at once
and into the one CONTACT of the slot when it closes. What the records themselves prove is not noted by anybody: a
document test is found by its subject, and its read-back compared with the text, when it is looked at and when the slot
closes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Protocol

from parley.core import accord as accords
from parley.core import line as lines
from parley.core.accord import DAY, EVERY_DAY, Accord, Meaning, Slot
from parley.core.errors import LocalError, RemoteError, Sentence
from parley.core.instruments import calendar, contact, message
from parley.core.instruments.calendar import Cut, Record
from parley.core.instruments.contact import Check, Contact, Content, Due
from parley.core.record import Held
from parley.core.types import Act, ActKind, Grade, NodeKind, Power, Precedence, Seconds, Subject
from parley.core.wire import cbor
from parley.desk.reading import Reading
from parley.desk.signing import Signing
from parley.desk.views import MessageView, TermsView
from parley.keys.officers import Unlocked
from parley.node import Node, Room, slot_detail
from parley.watch_log import Happened

TESTS_LOOKED_AT: Final = 32  # messages of a line among which a document test is looked for
STEPS: Final = {
    "our_identity": Check.OUR_IDENTITY,
    "their_identity": Check.THEIR_IDENTITY,
    "we_are_heard": Check.WE_ARE_HEARD,
    "they_are_heard": Check.THEY_ARE_HEARD,
    "next_fixed": Check.NEXT_FIXED,
}  # what a watch notes itself; the document tests are proven by the records
CONTENTS: Final = {"no_message": Content.NO_MESSAGE, "messages": Content.MESSAGES}
_EPOCH: Final = date(1970, 1, 1).toordinal()
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CALLERS: Final = ("we", "they", "either")


@dataclass(frozen=True, slots=True)
class TestView:
    """A document test in the call now open. `same`: None while there is no read-back; for one of theirs, whether it
    came as the accord has it and was read back letter for letter. `came_whole`: the text is that of the accord."""

    number: int
    text: str
    ref: str
    state: str
    came_whole: bool
    read_back: str
    same: bool | None


@dataclass(frozen=True, slots=True)
class GuidedView:
    """The call now open, as far as it has come. `slot`: its opening time, 0 for none. `answered_by`: the office that
    answered; `rung_by_us`: whether that was theirs. `noted`: names of `STEPS` noted; `heard`: the office of theirs
    that was heard. `content`: "", "no_message" or "messages". `pending`: the draft of a test of ours that waits for its
    release. `tests`: the texts both agreed on."""

    slot: Seconds
    scheduled: bool
    closes_at: Seconds | None
    meaning: str
    calls: int
    answered_at: Seconds | None
    answered_by: str
    our_office: str
    noted: tuple[str, ...]
    heard: str
    content: str
    our_test: TestView | None
    their_test: TestView | None
    pending: str
    tests: tuple[str, ...]
    their_officers: tuple[tuple[int, str], ...]
    next_contact: Seconds | None
    missed_in_a_row: int
    escalation: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class EnteredView:
    """What one side entered of a slot."""

    slots: int
    calls: int
    answered_at: Seconds | None
    checks: tuple[str, ...]
    content: str


@dataclass(frozen=True, slots=True)
class MarkView:
    """A slot on the calendar. `outcome`: as in `core.instruments.calendar.Outcome`. `civil_clocks`: ours and theirs
    then, minutes east of UTC. `held`: False on a holiday."""

    at: Seconds
    closes_at: Seconds
    meaning: str
    scheduled: bool
    held: bool
    outcome: str
    civil_clocks: tuple[int, int]
    ours: EnteredView | None
    theirs: EnteredView | None


@dataclass(frozen=True, slots=True)
class DayView:
    """A UTC day. `holidays`: ours and theirs, by the date in each calendar. `cut`: "" or what was declared then.
    `two`: the day in two marks, empty where there is none."""

    day: int
    marks: tuple[MarkView, ...]
    holidays: tuple[bool, bool]
    cut: str
    two: tuple[str, str]


@dataclass(frozen=True, slots=True)
class CalendarView:
    """Days of a line, as known at `now`. `parties`: ours and theirs. `following`: the next slots."""

    line: str
    parties: tuple[str, str]
    now: Seconds
    days: tuple[DayView, ...]
    following: tuple[MarkView, ...]


class Contacts:
    """Contacts at one end."""

    def __init__(self, node: Node, look: Reading, signing: Signing) -> None:
        self._node, self._look, self._signing = node, look, signing
        self._store, self._log = node.store, node.watch_log
        node.proving.append(self._documents_proven)

    # --- the guided call

    def guided(self, line: str) -> GuidedView:
        """The call now open on a line, as far as it has come."""
        room = self._look.room(line)
        now, accord, theirs = self._node.now(), room.line.accord, 1 - room.pair.ours
        slot = room.slot
        seen = room.attempts if slot is not None and room.attempts.slot == slot.at else contact.Attempts()
        following = contact.next_slot(self._node.schedule(room), now)
        rung_by_us = slot is not None and self._rang_first(room, slot)
        answered_by = ""
        if seen.answered_at is not None and seen.by is not None:
            answered_by = self._look.office(room, theirs if rung_by_us else room.pair.ours, seen.by)
        roster = room.pair.rosters[theirs]
        return GuidedView(
            slot.at if slot else 0,
            slot is not None and slot.scheduled,
            slot.closes_at if slot else None,
            slot.meaning.name if slot else "",
            seen.calls,
            seen.answered_at,
            answered_by,
            self._our_office(),
            tuple(name for name, check in STEPS.items() if check in seen.checks),
            "" if seen.author is None else self._look.office(room, theirs, seen.author),
            next((name for name, content in CONTENTS.items() if content == seen.content), ""),
            self._test(room, slot, room.pair.ours),
            self._test(room, slot, theirs),
            self._pending(room),
            accord.test_texts,
            tuple((author, officer.office) for author, officer in sorted(roster.items())),
            following.at if following else None,
            room.attempts.missed_in_a_row,
            accord.escalation,
        )

    def note(
        self, line: str, by: str, steps: str = "", heard: int | None = None, content: str = ""
    ) -> GuidedView:
        """What the watch notes of an answered call. `steps`: names of `STEPS`, with commas between. `heard`: the
        author number of the officer of theirs who spoke. `content`: no_message or messages. Raises LocalError."""
        room = self._look.room(line)
        self._signing.acting(by)
        checks = Check.NONE
        for name in filter(None, (word.strip() for word in steps.split(","))):
            if name not in STEPS:
                raise LocalError(
                    Sentence("there is no step {name!r} of a call", name=name),
                    Sentence("one of: {words}", words=", ".join(STEPS)),
                )
            checks |= STEPS[name]
        if content and content not in CONTENTS:
            raise LocalError(
                Sentence("there is no content {name!r} of a contact", name=content),
                Sentence("one of: {words}", words=", ".join(CONTENTS)),
            )
        if heard is not None and heard not in room.pair.rosters[1 - room.pair.ours]:
            raise LocalError(
                Sentence("their roster has no officer {number}", number=heard),
                Sentence("ask again who speaks; note who it is, or nobody"),
            )
        said = CONTENTS.get(content, Content.NOT_SAID)
        self._node.note_of_call(room, checks, heard, said)
        assert room.slot is not None, "a call that is answered has a slot"
        detail = {**slot_detail(room.slot), "checks": int(checks), "content": int(said), "author": heard}
        self._log.note(self._node.now(), Happened.NOTED_OF_CALL, by, room.id, **detail)
        self._node.changed()
        return self.guided(line)

    def test_text(self, line: str, number: int) -> tuple[str, str]:
        """Subject and text of a document test: the text from the list of the accord at `number`, from 1."""
        texts = self._look.room(line).line.accord.test_texts
        if not 1 <= number <= len(texts):
            raise LocalError(
                Sentence("the accord of {line} has no test text {number}", line=line, number=number),
                Sentence("it has {count}; more are agreed by an amendment", count=len(texts)),
            )
        return contact.document_test_subject(number), texts[number - 1]

    def releases_alone(self, line: str, by: str) -> bool:
        """Whether this officer may release what he has drafted on a line."""
        officer = self._look.officer_named(by).officer
        return not self._look.room(line).line.accord.second_person and Power.RELEASE in officer.powers

    def _our_office(self) -> str:
        watch = self._node.watch
        return self._look.officer_named(watch).officer.office if watch else ""

    def _rang_first(self, room: Room, slot: Due) -> bool:
        """Whether the answer of this slot is theirs: the journal has it as heard."""
        for event in reversed(self._log.calls(room.id, 64)):
            if event.detail.get("slot") == slot.at and event.what == Happened.ANSWERED:
                return False
            if event.detail.get("slot") == slot.at and event.detail.get("sign") == "ANSWER":
                return True
        return False

    # --- document tests

    def _test(self, room: Room, slot: Due | None, party: int) -> TestView | None:
        """The latest document test of a party since the slot opened; None if there is none."""
        if slot is None:
            return None
        for held in self._look.said_here(room, party, TESTS_LOOKED_AT):
            number = self._test_number(held)
            if number is None or held.heard_at < slot.at:
                continue
            said = message.message(held.body or ())
            texts = room.line.accord.test_texts
            whole = contact.is_test_text(texts, number, said.text)
            read_back = self._read_back(room, held)
            same = None if read_back is None else whole and contact.read_alike(said.text, read_back)
            view = self._look.message_view(room, held)
            return TestView(number, said.text, view.ref, view.state, whole, read_back or "", same)
        return None

    def _pending(self, room: Room) -> str:
        """The ref of a draft of a document test that waits for its release; empty if none does."""
        for event in self._log.drafts():
            if event.line == room.id and self._store.released(event.id) is None:
                view = self._look.draft_view(event)
                if contact.document_test_number(Precedence.ROUTINE, view.subject) is not None:
                    return view.ref
        return ""

    @staticmethod
    def _test_number(held: Held) -> int | None:
        """Which document test a message is: a ROUTINE one with its subject; None for another."""
        if held.body is None:
            return None
        try:
            return contact.document_test_number(held.said.precedence, message.message(held.body).subject)
        except (RemoteError, ValueError):
            return None

    def _read_back(self, room: Room, held: Held) -> str | None:
        """The latest read-back of a message by an officer of the other side."""
        for row in reversed(self._store.referring(held.id)):
            found = row.held
            body = found.body
            is_ack = isinstance(found.said, Act) and found.said.kind == ActKind.ACKNOWLEDGE
            if found.party == held.party or not is_ack or body is None or len(body) != 3:
                continue
            if self._node.proven(room, found) is None or body[1] != Grade.READ_BACK or body[2] is None:
                continue
            return cbor.string(body[2])
        return None

    def _documents_proven(self, room: Room, slot: Due) -> Check:
        """What the records prove when a slot closes."""
        found = Check.NONE
        for party, check in (
            (room.pair.ours, Check.OUR_DOCUMENT),
            (1 - room.pair.ours, Check.THEIR_DOCUMENT),
        ):
            test = self._test(room, slot, party)
            if test is not None and test.same:
                found |= check
        return found

    # --- the calendar

    def month(self, line: str, year: int = 0, month: int = 0) -> CalendarView:
        """A month of a line, by UTC days; the present one when none is named."""
        room = self._look.room(line)
        first, last = _month(self._node.now(), year, month)
        return self._calendar(room, first, last)

    def year(self, line: str, year: int = 0) -> CalendarView:
        """A year of a line, by UTC days; the present one when none is named."""
        room = self._look.room(line)
        return self._calendar(room, *_span_of_year(self._node.now(), year))

    def _calendar(self, room: Room, first: int, last: int) -> CalendarView:
        record, now = self._record(room), self._node.now()
        following = contact.slots_between(record.schedule, now, now + 8 * DAY)[:4]
        return CalendarView(
            self._look.name(room),
            (self._look.party(room, room.pair.ours), self._look.party(room, 1 - room.pair.ours)),
            now,
            tuple(self._day(room, record, day) for day in calendar.days(record, first, last, now)),
            tuple(
                self._mark(room, record, calendar.Mark(due, calendar.Outcome.TO_COME)) for due in following
            ),
        )

    def _record(self, room: Room) -> Record:
        ours, run = room.pair.ours, room.attempts.run
        waiting = (run,) if run is not None and run.slots else ()  # known here, entered when the run ends
        adopted = self._store.statements(room.id, NodeKind.ADOPT, ours)
        begins = adopted[0].held.said.stamp.time if adopted else self._node.now()
        return Record(
            self._node.schedule(room),
            begins,
            (*self._entered(room, ours), *waiting),
            self._entered(room, 1 - ours),
            () if room.is_order_wire else _cuts(room, begins),
        )

    def _entered(self, room: Room, party: int) -> tuple[Contact, ...]:
        """The contacts a side entered; of theirs, none that has not its schema."""
        found = []
        for row in self._store.statements(room.id, NodeKind.CONTACT, party):
            try:
                found.append(contact.contact(row.held.body or ()))
            except (RemoteError, ValueError):
                continue
        return tuple(found)

    def _day(self, room: Room, record: Record, day: calendar.Day) -> DayView:
        ours = room.pair.ours
        first, second = calendar.two_marks(day)
        cut = _declared_words(ours, day.cuts[-1]) if day.cuts else ""
        return DayView(
            day.number,
            tuple(self._mark(room, record, mark) for mark in day.marks),
            (day.holidays[ours], day.holidays[1 - ours]),
            cut,
            (first.value if first else "", second.value if second else ""),
        )

    def _mark(self, room: Room, record: Record, mark: calendar.Mark) -> MarkView:
        clocks = calendar.accord_at(record.schedule, mark.due.at).civil_clocks
        ours = room.pair.ours
        due = mark.due
        return MarkView(
            due.at,
            due.closes_at,
            due.meaning.name,
            due.scheduled,
            due.held,
            mark.outcome.value,
            (clocks[ours], clocks[1 - ours]),
            _entered_view(mark.ours),
            _entered_view(mark.theirs),
        )

    # --- what is agreed

    def amend(
        self, line: str, by: str, passphrase: str | Unlocked, changed: Callable[[Accord], Accord]
    ) -> TermsView:
        """Offers the next version of a line's accord on the order wire. Raises LocalError when nothing changes."""
        room = self._look.room(line)
        if room.is_order_wire:
            raise LocalError(
                Sentence("the order wire has no accord of its own"), Sentence("name a line: parley line")
            )
        latest = room.line.accords[-1][1]
        agreed = replace(changed(latest), version=latest.version + 1)
        if agreed == replace(latest, version=agreed.version):
            raise LocalError(
                Sentence("this changes nothing of the accord of {line}", line=self._look.name(room)),
                Sentence("name what is to be agreed: parley line amend --help"),
            )
        terms = accords.encode_terms(agreed)
        if len(terms) > accords.TERMS_BYTES_MAX:
            raise LocalError(
                Sentence("the accord would have {bytes} bytes", bytes=len(terms)),
                Sentence("terms have at most {most}; leave something out", most=accords.TERMS_BYTES_MAX),
            )
        return self._signing.offer(room.pair.order_wire, Subject.ACCORD, terms, by, passphrase)

    def ours_first(self, line: str) -> int:
        """Which party of the line we are, 0 or 1."""
        return self._look.room(line).pair.ours


# --- from values to views -------------------------------------------------------------------------


def _entered_view(found: Contact | None) -> EnteredView | None:
    if found is None:
        return None
    content = next((name for name, content in CONTENTS.items() if content == found.content), "")
    checks = tuple(str(check.name).lower() for check in Check if check & found.checks)
    return EnteredView(found.slots, found.calls, found.answered_at, checks, content)


def _cuts(room: Room, begins: Seconds) -> tuple[Cut, ...]:
    """The stretches in which a line was declared not open, from its cuts and the hours at which it opened."""
    line = room.line
    theirs = 1 - line.ours
    opened = line.hours
    found = [Cut(begins, opened[0][0] if opened else None)]
    for cut in line.severs:
        ended = None
        if cut.ended_at is not None:
            ended = next(
                (hour for hour, size in opened if size >= cut.ended_at[theirs] and hour > cut.at), None
            )
        if ended is None and cut.ended_at is not None:
            continue  # ended before any hour ruled
        found.append(Cut(cut.at, ended, (cut.party,)))
    return tuple(sorted(found, key=lambda c: c.since))


def _declared_words(ours: int, cut: Cut) -> str:
    if not cut.by:
        return lines.Declared.NOT_YET_OPENED.value
    return (lines.Declared.SEVERED_BY_US if ours in cut.by else lines.Declared.SEVERED_BY_THEM).value


def _month(now: Seconds, year: int, month: int) -> tuple[int, int]:
    """The first and the last day of a month; of the present one for 0. Raises LocalError."""
    today = date.fromordinal(now // DAY + _EPOCH)
    year, month = year or today.year, month or today.month
    if not (1970 <= year <= 2105 and 1 <= month <= 12):
        raise LocalError(
            Sentence("there is no such month"), Sentence("a year from 1970 to 2105, a month from 1 to 12")
        )
    first = date(year, month, 1)
    following = date(year + month // 12, month % 12 + 1, 1)
    return first.toordinal() - _EPOCH, following.toordinal() - _EPOCH - 1


def _span_of_year(now: Seconds, year: int) -> tuple[int, int]:
    named = year or date.fromordinal(now // DAY + _EPOCH).year
    return _month(now, named, 1)[0], _month(now, named, 12)[1]


# --- an amendment as it is typed ------------------------------------------------------------------


def changes(
    ours: int,
    *,
    civil_clocks: str = "",
    slots: str = "",
    holidays_ours: str = "",
    holidays_theirs: str = "",
    untendered: str = "",
    test_texts: str = "",
    escalation: str = "",
    purpose: str = "",
) -> Callable[[Accord], Accord]:
    """An amendment as it is typed; what is empty stays as it is, and the word none empties a list.

    `civil_clocks`: ours and theirs, minutes east of UTC. `slots`: "09:00 opening mon-fri we 30min holidays; ...", in
    UTC, all but the hour optional. Holidays: dates of the party's own calendar, "2021-09-21,2021-09-22". `untendered`:
    classes of letters by number. `test_texts`: with ; between. `escalation`: "1 ring again; 3 tell the head".
    """

    def changed(accord: Accord) -> Accord:
        try:
            found = accord
            if civil_clocks:
                one, other = (int(word) for word in civil_clocks.split(","))
                found = replace(found, civil_clocks=(one, other) if ours == 0 else (other, one))
            if slots:
                planned = [_slot(words, ours) for words in _listed(slots, ";")]
                held = sum(1 << n for n, (_, on_holidays) in enumerate(planned) if on_holidays)
                found = replace(found, held_on_holidays=0, schedule=tuple(slot for slot, _ in planned))
                found = replace(found, held_on_holidays=held)
            for words, party in ((holidays_ours, ours), (holidays_theirs, 1 - ours)):
                if words:
                    days = tuple(sorted({_day(word) for word in _listed(words, ",")}))
                    both = (days, found.holidays[1]) if party == 0 else (found.holidays[0], days)
                    found = replace(found, holidays=both)
            if untendered:
                found = replace(found, untendered=tuple(sorted({int(w) for w in _listed(untendered, ",")})))
            if test_texts:
                found = replace(found, test_texts=tuple(_listed(test_texts, ";")))
            if escalation:
                found = replace(found, escalation=tuple(_step(words) for words in _listed(escalation, ";")))
            return replace(found, purpose=purpose) if purpose else found
        except (RemoteError, ValueError) as e:
            raise LocalError(
                Sentence("this amendment cannot be offered: {why}", why=getattr(e, "text", str(e))),
                Sentence("see: parley line amend --help"),
            ) from None

    return changed


def _listed(words: str, between: str) -> list[str]:
    return [] if words.strip() == "none" else [word.strip() for word in words.split(between) if word.strip()]


def _day(word: str) -> int:
    return date.fromisoformat(word).toordinal() - _EPOCH


def _step(words: str) -> tuple[int, str]:
    number, _, step = words.partition(" ")
    return int(number), step.strip()


def _slot(words: str, ours: int) -> tuple[Slot, bool]:
    """A slot as it is typed, and whether it is held on holidays."""
    time, *rest = words.lower().split()
    hours, _, minutes = time.partition(":")
    if not (hours.isdecimal() and minutes.isdecimal() and int(minutes) < 60):
        raise ValueError(f"{words!r} does not begin with an hour, such as 09:00")
    meaning, weekdays, caller, open_s, on_holidays = Meaning.CHECK, EVERY_DAY, None, 1800, False
    for word in rest:
        if word.upper() in Meaning.__members__:
            meaning = Meaning[word.upper()]
        elif word in _CALLERS:
            caller = {"we": ours, "they": 1 - ours, "either": None}[word]
        elif word == "holidays":
            on_holidays = True
        elif word.endswith("min") and word[:-3].isdecimal():
            open_s = 60 * int(word[:-3])
        elif word != "daily":
            weekdays = _weekdays(word)
    return Slot(int(hours) * 60 + int(minutes), weekdays, meaning, caller, open_s), on_holidays


def _weekdays(word: str) -> int:
    found = 0
    for part in word.split(","):
        first, _, last = part.partition("-")
        if first not in _DAYS or (last and last not in _DAYS):
            raise ValueError(f"{word!r} is no day of the week, no meaning, and nobody who calls")
        begins, ends = _DAYS.index(first), _DAYS.index(last or first)
        found |= sum(1 << day for day in range(begins, ends + 1))
    return found


# --- questions ------------------------------------------------------------------------------------


class HasContacts(Protocol):
    """What of a desk these questions need."""

    contacts: Contacts

    def compose(
        self, line: str, text: str, by: str, *, subject: str = ..., language: str | None = ...
    ) -> MessageView:
        """A draft."""
        ...

    def release(self, draft: str, by: str, passphrase: str | Unlocked) -> MessageView:
        """A draft, released."""
        ...


def send_test(
    desk: HasContacts, line: str, number: int, by: str, passphrase: str | Unlocked | None = None
) -> MessageView:
    """A document test: the text from the accord's list at `number`, as a ROUTINE message with a subject of its own.
    It is a draft for a second person's release, unless this officer may release it alone and gives a key."""
    subject, text = desk.contacts.test_text(line, number)
    draft = desk.compose(line, text, by, subject=subject)
    if passphrase is None or not desk.contacts.releases_alone(line, by):
        return draft
    return desk.release(draft.ref, by, passphrase)


def _amend(
    desk: HasContacts,
    line: str,
    by: str,
    passphrase: str | Unlocked,
    civil_clocks: str = "",
    slots: str = "",
    holidays_ours: str = "",
    holidays_theirs: str = "",
    untendered: str = "",
    test_texts: str = "",
    escalation: str = "",
    purpose: str = "",
) -> object:
    contacts = desk.contacts
    changed = changes(
        contacts.ours_first(line),
        civil_clocks=civil_clocks,
        slots=slots,
        holidays_ours=holidays_ours,
        holidays_theirs=holidays_theirs,
        untendered=untendered,
        test_texts=test_texts,
        escalation=escalation,
        purpose=purpose,
    )
    return contacts.amend(line, by, passphrase, changed)


def _of(name: str) -> Callable[..., object]:
    """A method of `Contacts`, asked of a desk."""
    method: Callable[..., object] = getattr(Contacts, name)

    @functools.wraps(method)
    def ask(desk: HasContacts, **given: object) -> object:
        return method(desk.contacts, **given)

    return ask


QUESTIONS: dict[str, Callable[..., object]] = {
    f"contact_{name}": _of(name) for name in ("guided", "note", "month", "year")
} | {"contact_test": send_test, "line_amend": _amend}
