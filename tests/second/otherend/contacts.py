"""Contacts (spec 17): when slots open, what is entered of them, document tests, and the calendar of a line."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from otherend import bodies, cbor

DAY = 86400
Contact = list[object]  # the body of a CONTACT


# --- slots


@dataclass(frozen=True)
class Slot:
    at: int
    closes_at: int
    meaning: int
    caller: int | None


@dataclass(frozen=True)
class Row:
    """A slot of a schedule, with its place among the slots of its meaning there (CT-3)."""

    minute: int
    weekdays: int
    meaning: int
    caller: int | None
    open_for: int
    held_on_holidays: bool
    rank: int


@dataclass(frozen=True)
class Accord:
    civil_clocks: list[int]
    rows: list[Row]
    holidays: list[list[int]]

    def holds(self, row: Row, at: int) -> bool:
        return bool(row.weekdays >> weekday(at) & 1) and not self.is_holiday(row, at)

    def is_holiday(self, row: Row, at: int) -> bool:
        """AC-9."""
        days = [(at + 60 * minutes) // DAY for minutes in self.civil_clocks]
        off = any(day in those for day, those in zip(days, self.holidays, strict=True))
        return off and not row.held_on_holidays

    def row(self, meaning: int, rank: int) -> Row | None:
        return next((one for one in self.rows if (one.meaning, one.rank) == (meaning, rank)), None)


def weekday(at: int) -> int:
    """0 is Monday; 1970-01-01 was a Thursday."""
    return (at // DAY + 3) % 7


def accord(terms: bytes) -> Accord:
    bodies.accord_terms(terms)
    fields = [*cbor.decode(terms)[1:], *bodies.NOTHING_MORE][:20]
    holidays, held = fields[15:17]
    rows: list[Row] = []
    for place, one in enumerate(fields[8]):
        rank = sum(row.meaning == one[2] for row in rows)
        rows.append(Row(*one, bool(held >> place & 1), rank))
    return Accord(fields[7], rows, holidays)


Version = tuple[int, Accord]  # with the instant of its ADOPT
Key = tuple[int, int, int]  # meaning, rank and hour: what names a contact under one version


def of_row(row: Row, at: int) -> Slot:
    return Slot(at, at + row.open_for, row.meaning, row.caller)


def held(version: Accord, days: range) -> dict[Key, Slot]:
    """What the version holds, whenever it was adopted."""
    hours = ((row, day * DAY + row.minute * 60) for row in version.rows for day in days)
    return {(row.meaning, row.rank, at): of_row(row, at) for row, at in hours if version.holds(row, at)}


def nearest(key: Key, version: Accord) -> Key | None:
    """The same contact's hour under another version; of two 12 hours off the later."""
    meaning, rank, at = key
    row = version.row(meaning, rank)
    if row is None:
        return None
    ahead = (row.minute * 60 - at) % DAY
    return meaning, rank, at + (ahead if ahead <= DAY // 2 else ahead - DAY)


def slots(versions: Sequence[Version], after: int, until: int) -> list[Slot]:
    """Those that open after the one instant and until the other (CT-1 to CT-3), versions as they were adopted."""
    margin = len(versions) + 1
    days = range(after // DAY - margin, until // DAY + margin + 1)
    ended: list[Slot] = []
    contacts: dict[Key, Slot | None] = {}  # None: before its version began
    for adopted, version in versions:
        mine = held(version, days)
        begun: dict[Key, Slot | None] = {key: one if one.at > adopted else None for key, one in mine.items()}
        for key, old in contacts.items():
            near = nearest(key, version)
            if near in mine:
                stays = old is None or old.at <= adopted or near[2] <= adopted
                begun[near] = old if stays else mine[near]
            elif old is not None and old.at <= adopted:
                ended.append(old)
        contacts = begun
    opened: dict[int, Slot] = {}
    for one in (*ended, *(one for one in contacts.values() if one is not None)):
        other = opened.get(one.at)
        if after < one.at <= until and (other is None or one.closes_at > other.closes_at):
            opened[one.at] = one
    return [opened[at] for at in sorted(opened)]


# --- what is entered


@dataclass(frozen=True)
class Became:
    """What became of one slot, as seen when it closes."""

    at: int
    calls: int
    answered: list[int] | None  # when, and by whom
    noted: list[object] | None  # checks, author of theirs, content
    next: int | None


NOTHING_NOTED = [0, None, 0]


def entered(slots_in_order: Iterable[Became]) -> Iterator[tuple[list[Contact], int]]:
    """Of each slot the CONTACTs entered when it closes (CT-4, CT-7, CT-9), and how many are missed then (CT-13)."""
    missed = 0
    rest: list[Became] = []
    for one in slots_in_order:
        bodies_now: list[Contact] = []
        if one.answered is not None:
            if rest:
                bodies_now.append(contact(rest, None, None, None))
            bodies_now.append(contact([one], one.answered, one.noted, one.next))
            missed, rest = 0, []
        elif one.calls:
            missed += 1
            if missed == 1:
                bodies_now.append(contact([one], None, None, one.next))
            else:
                rest.append(one)
        yield bodies_now, missed


def contact(
    run: Sequence[Became], answered: list[int] | None, noted: list[object] | None, following: int | None
) -> Contact:
    seven = [run[0].at, run[-1].at, len(run), sum(one.calls for one in run), *(answered or [None, None])]
    return [*seven, following, *([] if noted in (None, NOTHING_NOTED) else noted)]


# --- a document test

SUBJECT = re.compile("DOCUMENT TEST ([1-8])")  # an accord has at most 8 texts (AC-8), or fewer
WHITE_SPACE = re.compile("[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")
ROUTINE = 0


def document_test(precedence: int, subject: str | None) -> int | None:
    """Its number, whether there is such a text or not; None for another MESSAGE (CT-10)."""
    named = SUBJECT.fullmatch(subject or "")
    return int(named[1]) if named and precedence == ROUTINE else None


def proves(
    texts: Sequence[str],
    precedence: int,
    subject: str | None,
    paragraphs: list[str],
    read_back: str | None,
) -> bool:
    """Whether it may stand for a bit of *checks* (CT-10, CT-11)."""
    number = document_test(precedence, subject)
    if number is None or number > len(texts) or read_back is None:
        return False
    text = texts[number - 1]
    return paragraphs == [text] and as_compared(read_back) == as_compared(text)


def as_compared(said: str) -> str:
    return WHITE_SPACE.sub(" ", unicodedata.normalize("NFC", said)).strip(" ")


# --- the calendar

GRAVEST_FIRST = ("one way", "unanswered", "late", "answered", "cut", "not held", "to come")
ALIKE = 120
LATE = 300


@dataclass(frozen=True)
class Seen:
    """What one end holds of a line: the CONTACTs of both logs, and when the line was not open."""

    ours: list[Contact]
    theirs: list[Contact]
    cut: list[list[int | None]]

    def mark(self, at: int, closes_at: int, holiday: bool, now: int) -> str:
        """Of a slot (CT-14, CT-15)."""
        our_word, their_word = (spoken_of(log, at, holiday) for log in (self.ours, self.theirs))
        if our_word or their_word:
            return self.became(at, our_word, their_word)
        if not holiday and closes_at > now:
            return "to come"
        return "cut" if not holiday and self.was_cut(at, closes_at) else "not held"

    def became(self, at: int, our_word: list[Contact], their_word: list[Contact]) -> str:
        """Of what somebody has entered (CT-14)."""
        answers = [min(when) for when in map(answers_in, (our_word, their_word)) if when]
        if not answers:
            return "unanswered"
        theirs_to_come = not their_word and not any(body[1] > at for body in self.theirs)
        if len(answers) == 1 and not theirs_to_come:
            return "one way"
        return "late" if min(answers) > at + LATE else "answered"

    def was_cut(self, at: int, closes_at: int) -> bool:
        return any(since < closes_at and (until is None or at < until) for since, until in self.cut)

    def outside(self, scheduled: set[int]) -> Iterator[tuple[int, str]]:
        """The calls outside every slot."""
        ours, theirs = (
            [body for body in log if self.alone(body, scheduled)] for log in (self.ours, self.theirs)
        )
        for mine in ours:
            near = [body for body in theirs if abs(body[0] - mine[0]) <= ALIKE]
            other = sorted(near, key=lambda body: abs(body[0] - mine[0]))[:1]
            theirs = [body for body in theirs if body not in other]
            yield mine[0], self.became(mine[0], [mine], other)
        for body in theirs:
            yield body[0], self.became(body[0], [], [body])

    def alone(self, body: Contact, scheduled: set[int]) -> bool:
        return body[0] == body[1] and body[2] == 1 and body[0] not in scheduled


def spoken_of(log: list[Contact], at: int, holiday: bool) -> list[Contact]:
    return [body for body in log if body[:2] == [at, at] or (body[0] <= at <= body[1] and not holiday)]


def answers_in(word: list[Contact]) -> list[int]:
    return [body[4] for body in word if body[4] is not None]


def calendar(version: Version, seen: Seen, days: range, now: int) -> list[list[tuple[int, str, bool]]]:
    """By UTC day what opened in it, each with its mark and whether it was scheduled."""
    adopted, terms = version
    marks: dict[int, tuple[int, str, bool]] = {}
    for day in days:
        for row in terms.rows:
            at = day * DAY + row.minute * 60
            if row.weekdays >> weekday(at) & 1 and adopted < at:
                mark = seen.mark(at, at + row.open_for, terms.is_holiday(row, at), now)
                marks[at] = at, mark, True
    found = [*marks.values(), *((at, mark, False) for at, mark in seen.outside(set(marks)))]
    return [sorted(one for one in found if one[0] // DAY == day) for day in days]


def two(marks: Sequence[tuple[int, str, bool]]) -> list[str | None]:
    """CT-16."""
    counted = [mark for _, mark, scheduled in marks if scheduled] or [mark for _, mark, _ in marks]
    half = (len(counted) + 1) // 2
    return [min(those, key=GRAVEST_FIRST.index, default=None) for those in (counted[:half], counted[half:])]
