"""What the collected data says, as values: lines, events and outages of `scenarios/data/korea-lines.json`.

The data has days, months and minutes, and says which: a `Period` is what is known of an instant, no more. Two things
are read here from words of the data and not from fields of it, because it has no field for them: on which days of the
week a line had its calls (`days`), and that a line carried one way only (`READ`, each with the words it is read from).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
DATA: Final = ROOT / "scenarios" / "data" / "korea-lines.json"
SEOUL: Final = timezone(timedelta(hours=9))
PYONGYANG_2015: Final = timezone(timedelta(hours=8, minutes=30))
_OTHER_CLOCK: Final = (date(2015, 8, 15), date(2018, 5, 4))  # as `zones.exception` of the data says
_FIRST_HOUR: Final = 9 * 60  # when nothing says at what hour of a day, and the line has no daily call

ONE_WAY: Final = "one way"
READ: Final = {
    "k079": ONE_WAY,  # korea-lines.md: "2018-01-09: the military line was back one way only (South to North)"
}
"""Events of which the words say more than the fields."""

LABELS: Final = {
    "pmj-rc": ("Panmunjom Red Cross", "판문점 적십자"),
    "sp-direct": ("Seoul–Pyongyang direct", "서울–평양 직통"),
    "rc-hq": ("Red Cross headquarters", "적십자 본사 간"),
    "talks": ("Lines for talks", "회담선"),
    "pmj-lo": ("Panmunjom liaison offices", "판문점 연락사무소"),
    "atc": ("Air traffic control", "항공 관제"),
    "nis-ufd": ("Intelligence services", "국정원–통일전선부"),
    "mil-west": ("Military west", "서해지구 군통신선"),
    "mil-east": ("Military east", "동해지구 군통신선"),
    "radio": ("Ship-to-ship radio", "함정 간 무선"),
    "sea-auth": ("Maritime authorities", "해사 당국"),
    "mil-sea": ("West Sea posts", "서해 통신연락소"),
    "kec": ("Kaesong economic office", "개성 경협사무소"),
    "kic": ("Kaesong district committee", "개성공단 관리위원회"),
    "leaders": ("Leaders", "정상 간 직통선"),
    "jlo": ("Joint liaison office", "공동연락사무소"),
    "pmj-test": ("Machine-room test line", "기계실 시험선"),
    "unc-kpa": ("UN Command line", "유엔군사령부선"),
}
"""Short names, English and Korean; the data has long ones in English."""


@dataclass(frozen=True, slots=True)
class Period:
    """What is known of an instant: it lies from `first` to `last`, both in Unix seconds, `last` included."""

    first: int
    last: int
    known: str  # "minute", "day", "month" or "year"

    def holds(self, at: int, slack_s: int = 0) -> bool:
        return self.first <= at <= self.last + slack_s


@dataclass(frozen=True, slots=True)
class LineOf:
    """A line of the data. `hours`: minutes of the day of its daily contacts. `weekdays`: as the scenario writes
    them. `contacts_from`: the first day for which daily contacts are told, None when nothing limits them."""

    id: str
    purpose: str
    opened: Period | None
    hours: tuple[int, ...]
    weekdays: str
    contacts_from: date | None

    @property
    def label(self) -> str:
        return LABELS[self.id][0]


@dataclass(frozen=True, slots=True)
class Event:
    """An event. `at`: the instant at which it is played: the minute if that is known, else the first daily contact
    of its first line on the first day of its period."""

    id: str
    when: Period
    at: int
    lines: tuple[str, ...]
    act: str
    by: str | None
    caller: str | None
    announced: bool | None
    technical: bool | None
    partial: bool
    channel: str | None
    delay_min: int | None
    reason: str
    summary: str
    confidence: str

    @property
    def number(self) -> int:
        return int(self.id[1:])


@dataclass(frozen=True, slots=True)
class Outage:
    """An outage: a pair of events, each with what is known of its instant."""

    id: str
    lines: tuple[str, ...]
    begun_by: Event
    ended_by: Event | None
    begun: Period
    ended: Period | None

    @property
    def sure(self) -> bool:
        """Both its events are of high confidence."""
        return (
            self.ended_by is not None and self.begun_by.confidence == "high" == self.ended_by.confidence
        )  # fmt: skip

    def names(self, line: str) -> bool:
        """Both events name the line, as the outage does."""
        return self.ended_by is not None and line in self.begun_by.lines and line in self.ended_by.lines


@dataclass(frozen=True, slots=True)
class Data:
    """The data, as far as a play takes something from it."""

    version: str
    lines: tuple[LineOf, ...]
    events: tuple[Event, ...]
    outages: tuple[Outage, ...]

    def overlapping(self, outage: Outage, line: str) -> Outage | None:
        """Another outage of the same line that the data lets overlap with this one."""
        for other in self.outages:
            if other.id == outage.id or line not in other.lines:
                continue
            ends = [p.last if p else float("inf") for p in (outage.ended, other.ended)]
            if other.begun.first <= ends[0] and outage.begun.first <= ends[1]:
                return other
        return None


def load(path: Path = DATA) -> Data:
    """The data in a file. Raises KeyError or ValueError for what is not of its shape."""
    found = json.loads(path.read_text("utf-8"))
    lines = tuple(_line(each) for each in found["lines"] if each["opened_on"] != "not applicable")
    first_hour = {line.id: line.hours[0] for line in lines if line.hours}
    events = [_event(each, first_hour) for each in found["events"]]
    by_id = {event.id: event for event in events}
    outages = tuple(_outage(each, by_id) for each in found["outages"])
    return Data(found["version"], lines, tuple(sorted(events, key=lambda e: (e.at, e.id))), outages)


def pyongyang(at: int) -> str:
    """The hour in Pyongyang, where another civil clock was kept there at the time; else nothing."""
    there = datetime.fromtimestamp(at, PYONGYANG_2015)
    return f"{there:%H:%M}" if _OTHER_CLOCK[0] <= there.date() <= _OTHER_CLOCK[1] else ""


def seoul(at: int) -> datetime:
    return datetime.fromtimestamp(at, SEOUL)


def midnight(day: date) -> int:
    """The instant at which a day begins in Seoul."""
    return int(datetime(day.year, day.month, day.day, tzinfo=SEOUL).timestamp())


def period(written: str) -> Period:
    """What is known of an instant written as "2008", "2008-05", "2008-05-05" or with its minute and zone."""
    if "T" in written:
        at = int(datetime.fromisoformat(written).timestamp())
        return Period(at, at + 59, "minute")
    parts = [int(part) for part in written.split("-")]
    first = date(parts[0], *[*parts[1:], 1, 1][:2])
    known = ("year", "month", "day")[len(parts) - 1]
    if known == "day":
        after = first + timedelta(days=1)
    elif known == "month":
        after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    else:
        after = date(first.year + 1, 1, 1)
    return Period(midnight(first), midnight(after) - 1, known)


def _line(each: dict[str, Any]) -> LineOf:
    days = each.get("days") or ""
    if "working days" in days:
        weekdays = "mon-fri"
    elif "Monday to Saturday" in days or "except Sundays" in days:
        weekdays = "mon-sat"
    else:
        weekdays = "daily"
    since = re.match(r"since (\d{4})", days)
    hours = (re.fullmatch(r"(\d\d):(\d\d)", contact["time"]) for contact in each["daily_contact"])
    opened = re.match(r"\d{4}(-\d\d(-\d\d)?(?!\d))?", each["opened_on"])
    return LineOf(
        each["id"],
        each["purpose"],
        period(opened[0]) if opened else None,
        tuple(int(m[1]) * 60 + int(m[2]) for m in hours if m),
        weekdays,
        date(int(since[1]), 1, 1) if since else None,
    )


def _event(each: dict[str, Any], first_hour: dict[str, int]) -> Event:
    when = period(each["iso"] or each["date"])
    minute = next((first_hour[line] for line in each["lines"] if line in first_hour), _FIRST_HOUR)
    return Event(
        each["id"],
        when,
        when.first if when.known == "minute" else when.first + minute * 60,
        tuple(each["lines"]),
        each["act"],
        each["by"],
        each["caller"],
        each.get("announced"),
        each.get("technical"),
        bool(each.get("partial")),
        each.get("channel"),
        each.get("delay_min"),
        each.get("stated_reason") or "",
        each["summary"],
        each["confidence"],
    )


def _outage(each: dict[str, Any], events: dict[str, Event]) -> Outage:
    return Outage(
        each["id"],
        tuple(each["lines"]),
        events[each["from_event"]],
        events[each["to_event"]] if each["to_event"] else None,
        period(each["from"]),
        period(each["to"]) if each["to"] else None,
    )
