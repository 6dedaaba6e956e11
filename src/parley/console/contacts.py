"""Contacts on the console: the steps of a guided call, and a line's calendar, by month and by year (spec 17).

The calendar is made to be printed: on paper it has no bar, needs no colour, and tells its marks apart by shape. What
was declared of a line is a bar below the days, what was observed are the marks in them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from parley.console import shown
from parley.console.forms import Typed, Unfit
from parley.console.guard import Refused
from parley.console.leaf import Asked, Done, Instrument, Leaf
from parley.console.sessions import Session, signed
from parley.console.vocabulary import MEANINGS
from parley.console.words import _
from parley.core.types import Seconds
from parley.desk import Desk
from parley.desk.contacts import CONTENTS, STEPS, CalendarView, DayView, EnteredView, send_test
from parley.desk.views import LineView

MARKS: Final = ("answered", "late", "unanswered", "one way", "cut", "not held")  # in the order of the legend
_DAY_S: Final = 86400


@dataclass(frozen=True, slots=True)
class MonthRow:
    """A month of the year's picture: its number, and its days; None where the month has none of that date."""

    month: int
    days: tuple[DayView | None, ...]


# --- pages --------------------------------------------------------------------------------------------------


def _calendar(desk: Desk, asked: Asked) -> Leaf:
    line = _line(desk, asked["name"])
    year, month = _named(asked.get("month", ""), 2)
    view = desk.contacts.month(line.id, year, month)
    year, month = _of_day(view.days[0].day)
    values = {
        "line": line,
        "view": view,
        "accord": desk.accord(line.id),
        "year": year,
        "month": month,
        "before": f"{calendar_url(line)}?month={_shifted(year, month, -1)}",
        "after": f"{calendar_url(line)}?month={_shifted(year, month, 1)}",
    }
    return Leaf("calendar.html", calendar_url(line), values)


def _year(desk: Desk, asked: Asked) -> Leaf:
    line = _line(desk, asked["name"])
    (year,) = _named(asked.get("year", ""), 1)
    view = desk.contacts.year(line.id, year)
    year, _month = _of_day(view.days[0].day)
    values = {
        "line": line,
        "view": view,
        "accord": desk.accord(line.id),
        "year": year,
        "rows": rows(view),
        "counts": counted(view),
        "stretches": stretches(view.days),
    }
    return Leaf("year.html", year_url(line), values)


def _line(desk: Desk, name: str) -> LineView:
    lines = desk.lines()
    for line in (*(x for x in lines if x.id == name), *(x for x in lines if x.name == name)):
        return line
    raise Refused(404, _("There is no line of that name."), _("Go back to the board."))


def _named(words: str, parts: int) -> tuple[int, ...]:
    """The year, or the year and the month, of an address; zeros where it names none."""
    found = words.split("-")
    if len(found) != parts or not all(part.isascii() and part.isdigit() and len(part) < 5 for part in found):
        return (0,) * parts
    return tuple(int(part) for part in found)


def _of_day(day: int) -> tuple[int, int]:
    at = datetime.fromtimestamp(day * _DAY_S, UTC)
    return at.year, at.month


def _shifted(year: int, month: int, by: int) -> str:
    years, months = divmod(year * 12 + month - 1 + by, 12)
    return f"{years:04}-{months + 1:02}"


def calendar_url(line: LineView) -> str:
    """The calendar of a line, by month."""
    return shown.line_url(line).replace("/line/", "/calendar/", 1)


def year_url(line: LineView) -> str:
    """A year of a line at a glance."""
    return shown.line_url(line).replace("/line/", "/year/", 1)


def rows(view: CalendarView) -> tuple[MonthRow, ...]:
    """The days of a year as twelve rows of 31."""
    found: dict[int, list[DayView | None]] = {month: [None] * 31 for month in range(1, 13)}
    for day in view.days:
        at = datetime.fromtimestamp(day.day * _DAY_S, UTC)
        found[at.month][at.day - 1] = day
    return tuple(MonthRow(month, tuple(days)) for month, days in found.items())


def counted(view: CalendarView) -> tuple[tuple[str, int], ...]:
    """How many slots of each mark; a call between the hours is not a slot."""
    found = Counter(mark.outcome for day in view.days for mark in day.marks if mark.scheduled)
    return tuple((word, found[word]) for word in MARKS)


def stretches(days: Sequence[DayView]) -> tuple[tuple[int, int, str], ...]:
    """What was declared, where that was not open: first day, last day and the words."""
    found: list[tuple[int, int, str]] = []
    for day in days:
        if not day.cut:
            continue
        if found and found[-1][1] == day.day - 1 and found[-1][2] == day.cut:
            found[-1] = (found[-1][0], day.day, day.cut)
        else:
            found.append((day.day, day.day, day.cut))
    return tuple(found)


# --- words --------------------------------------------------------------------------------------------------


def hour(at: Seconds, minutes: int = 0) -> str:
    """`09:00` by a civil clock `minutes` east of UTC, with the days it lies beyond the UTC day: `08:30 +1`."""
    there = at + 60 * minutes
    beyond = there // _DAY_S - at // _DAY_S
    return f"{datetime.fromtimestamp(there, UTC):%H:%M}" + (f" {beyond:+d}" if beyond else "")


def entered_words(found: EnteredView | None) -> str:
    """What one side entered of a slot, in some words."""
    if found is None:
        return _("no entry")
    if found.answered_at is None:
        if found.slots > 1:
            return _("unanswered, one of %(n)d in a row") % {"n": found.slots}
        return _("unanswered, calls: %(n)d") % {"n": found.calls}
    words = _("answered %(at)s") % {"at": hour(found.answered_at)}
    said = {"no_message": _("no message"), "messages": _("messages exchanged")}.get(found.content)
    proven = sum("document" in check for check in found.checks)
    document = _("document test") if proven else None
    return ", ".join(word for word in (words, said, document) if word)


def meaning_words(meaning: str) -> str:
    """What a slot is for."""
    return _(MEANINGS.get(meaning, meaning))


def month_words(year: int, month: int) -> str:
    """`2021-07`: the same in every language."""
    return f"{year:04}-{month:02}"


def of_month(day: int) -> int:
    """The day of the month of a UTC day."""
    return datetime.fromtimestamp(day * _DAY_S, UTC).day


def day_words(day: int) -> str:
    """The date of a UTC day, for a title."""
    return shown.day(day * _DAY_S)


def weekday_of(day: int) -> str:
    """The day of the week of a UTC day, shortened."""
    return shown.weekday(day * _DAY_S)


# --- acts ---------------------------------------------------------------------------------------------------


def _note(desk: Desk, typed: Typed, session: Session) -> Done:
    line = _line(desk, typed.needed("line", _("The line")))
    heard = typed.optional("heard")
    if heard and not (heard.isascii() and heard.isdigit() and len(heard) < 6):
        raise Unfit(_("Who was heard is not one of those offered; nothing was noted."), _("Choose it again."))
    desk.contacts.note(
        line.id,
        session.name,
        typed.optional("steps"),
        int(heard) if heard else None,
        typed.optional("content"),
    )
    return shown.call_url(line) + "?done=contact-noted"


def _test(desk: Desk, typed: Typed, session: Session) -> Done:
    line = _line(desk, typed.needed("line", _("The line")))
    number = typed.one_of("number", _("The test text"), tuple("12345678"))
    key = signed(session)[1] if desk.contacts.releases_alone(line.id, session.name) else None
    made = send_test(desk, line.id, int(number), session.name, key)
    return shown.call_url(line) + (
        "?done=test-drafted" if made.ref.startswith("draft:") else "?done=test-sent"
    )


def _read_back(desk: Desk, typed: Typed, session: Session) -> Done:
    line = _line(desk, typed.needed("line", _("The line")))
    ref = typed.needed("about", _("The message"))
    if not shown.REF.fullmatch(ref):
        raise Refused(404, _("That names no message."), _("Go back to the board."))
    words = typed.needed("read_back", _("The read-back"))
    desk.acknowledge(ref, "READ_BACK", *signed(session), words)
    return shown.call_url(line) + "?done=test-read-back"


def _notices() -> Mapping[str, str]:
    return {
        "contact-noted": _("Noted. It is entered with the contact when that closes."),
        "test-drafted": _("The test text is offered for release. A second person releases it."),
        "test-sent": _("The test text is released. Their read-back is compared as it comes."),
        "test-read-back": _("Read back. Their end compares it with what they sent."),
    }


INSTRUMENT: Final = Instrument(
    {"/calendar/{name:path}": _calendar, "/year/{name:path}": _year},
    {
        "note-contact": ("", _note),
        "test-document": ("", _test),
        "read-back-test": ("acknowledge", _read_back),
    },
    {},
    _notices,
    {
        "calendar_url": calendar_url,
        "year_url": year_url,
        "hour": hour,
        "entered_words": entered_words,
        "meaning_words": meaning_words,
        "month_words": month_words,
        "day_words": day_words,
        "of_month": of_month,
        "weekday_of": weekday_of,
        "CONTACT_MARKS": MARKS,
        "CONTACT_STEPS": tuple(STEPS),
        "CONTACT_CONTENTS": tuple(CONTENTS),
    },
)
