"""Vectors of contacts over days: when slots open, what a side enters of them, and what a calendar makes of both logs.

Hours are of April 2021 and, where a civil clock changes, of August 2015 and May 2018. All are UTC seconds since 1970.
"""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from common import LINE_NAME, LINE_NONCE, write

from parley.core import accord
from parley.core.accord import DAY, EVERY_DAY, Accord, Meaning, Slot
from parley.core.instruments import calendar, contact
from parley.core.instruments.calendar import Cut, Record
from parley.core.instruments.contact import Attempts, Check, Contact, Content, Due, Era
from parley.core.types import Precedence

OPENING = Slot(0, EVERY_DAY, Meaning.OPENING, None, 1800)
CLOSING = Slot(480, EVERY_DAY, Meaning.CLOSING, 0, 1800)
BOTH = Accord(LINE_NAME, LINE_NONCE, 1, civil_clocks=(540, 540), schedule=(OPENING, CLOSING))
WORKDAYS = 0x1F


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    return int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp())


MONDAY = at(2021, 4, 26)


# --- when slots open --------------------------------------------------------------------------


def slots(name: str, what: str, cites: str, eras: tuple[Era, ...], after: int, until: int) -> None:
    write(
        "contacts", f"slots-{name}", what, cites, "good",
        versions=[{"adopted": e.since, "terms": accord.encode_terms(e.accord)} for e in eras],
        after=after, until=until,
        slots=[
            {"at": d.at, "closes_at": d.closes_at, "meaning": int(d.meaning), "caller": d.caller}
            for d in contact.slots_between(eras, after, until)
        ],
    )  # fmt: skip


def later(before: Accord, **changes: Any) -> Accord:
    return replace(before, version=before.version + 1, **changes)


def moved(of: Accord, minutes: int) -> tuple[Slot, ...]:
    return tuple(replace(slot, minute=(slot.minute + minutes) % 1440) for slot in of.schedule)


def make_slots() -> None:
    began = MONDAY - 30 * DAY
    workdays = replace(BOTH, schedule=(replace(OPENING, weekdays=WORKDAYS), replace(CLOSING, weekdays=0x40)))
    week = (MONDAY - 1, MONDAY + 7 * DAY - 1)
    slots("of-a-week", "an opening on workdays, a closing on Sundays", "CT-1", (Era(began, workdays),), *week)
    slots(
        "after-and-until", "the instant after which is looked is not among them, the last one is", "CT-1",
        (Era(began, BOTH),), MONDAY, MONDAY + DAY,
    )  # fmt: skip
    tuesday = MONDAY // DAY + 1
    clocks = {"north": (510, 540), "far apart": (-600, 840)}
    for name, pair in clocks.items():
        off = replace(BOTH, civil_clocks=pair, holidays=((tuesday,), (tuesday + 2,)))
        slots(
            f"holidays-{name.replace(' ', '-')}", f"holidays of both by clocks of {pair[0]} and {pair[1]} minutes",
            "CT-2 AC-9", (Era(began, off),), *week,
        )  # fmt: skip
    held = replace(BOTH, holidays=((tuesday,), ()), held_on_holidays=0b10)
    slots(
        "held-on-a-holiday",
        "the second slot is held on holidays too",
        "CT-2 AC-9",
        (Era(began, held),),
        *week,
    )

    # Half an hour later, as in August 2015, and back, as in May 2018: by ADOPTs before, between and after both hours.
    for year, month, day, minutes in ((2015, 8, 15, 30), (2018, 5, 5, -30)):
        hour = at(year, month, day)
        first = BOTH if minutes > 0 else replace(BOTH, civil_clocks=(510, 540), schedule=moved(BOTH, 30))
        second = later(first, civil_clocks=(540 - minutes, 540), schedule=moved(first, minutes))
        for name, adopted in (
            ("before-both", hour - 1), ("at-the-first", hour), ("between", hour + 900), ("at-the-second", hour + 1800),
            ("after-both", hour + 3600), ("between-the-closings", hour + 8 * 3600 + 600),
        ):  # fmt: skip
            slots(
                f"clock-of-{year}-adopted-{name}", f"a clock moved by {minutes} minutes, adopted {name}", "CT-3 AC-10",
                (Era(hour - 9 * DAY, first), Era(adopted, second)), hour - DAY - 1, hour + 2 * DAY - 1,
            )  # fmt: skip

    tuesdays = ((tuesday,), ())
    half_later = later(BOTH, schedule=moved(BOTH, 30))
    for name, first, second in (
        ("later", BOTH, replace(half_later, holidays=tuesdays)),
        ("earlier", replace(BOTH, holidays=tuesdays), half_later),
    ):
        for when, adopted in (("before", -900), ("between", 900), ("after", 3600)):
            slots(
                f"holiday-of-the-{name}-alone-adopted-{when}",
                f"a day that is a holiday in the {name} version alone, adopted {when} the opening hours of that day",
                "CT-2 CT-3", (Era(began, first), Era(tuesday * DAY + adopted, second)),
                MONDAY - 1, MONDAY + 3 * DAY - 1,
            )  # fmt: skip

    noon = Slot(720, EVERY_DAY, Meaning.CHECK, 1, 600)
    more = later(BOTH, schedule=(OPENING, noon, CLOSING))
    less = later(more, schedule=(OPENING, noon))
    window = (MONDAY + DAY - 1, MONDAY + 4 * DAY - 1)
    midday = MONDAY + 2 * DAY + 720 * 60
    for name, adopted in (("before", midday - 1), ("then", midday), ("after", midday + 1)):
        slots(
            f"one-more-adopted-{name}", f"a slot that only the later version has, adopted {name}", "CT-3",
            (Era(began, BOTH), Era(adopted, more)), *window,
        )  # fmt: skip
        slots(
            f"one-less-adopted-{name}", f"a slot that only the earlier version has, adopted {name}", "CT-3",
            (Era(began, more), Era(adopted, BOTH)), *window,
        )  # fmt: skip
    slots(
        "three-versions", "three versions one after another", "CT-3",
        (Era(began, BOTH), Era(midday - DAY, more), Era(midday, less)), *window,
    )  # fmt: skip
    two = replace(BOTH, schedule=(OPENING, replace(OPENING, minute=60), CLOSING))
    shifted = later(two, schedule=(replace(OPENING, minute=30), replace(OPENING, minute=120), CLOSING))
    slots(
        "second-of-one-meaning", "two slots of one meaning: the first is the first, the second the second", "CT-3",
        (Era(began, two), Era(MONDAY + 45 * 60, shifted)), MONDAY - 1, MONDAY + DAY - 1,
    )  # fmt: skip
    night = replace(BOTH, schedule=(replace(OPENING, minute=1425),))
    morning = later(night, schedule=(replace(OPENING, minute=15),))
    for name, adopted in (("before", MONDAY - 1800), ("between", MONDAY), ("after", MONDAY + 1800)):
        slots(
            f"over-midnight-adopted-{name}", f"moved over midnight, to the nearest hour, adopted {name}", "CT-3",
            (Era(began, night), Era(adopted, morning)), MONDAY - 2 * DAY, MONDAY + 2 * DAY,
        )  # fmt: skip

    apart = tuple(replace(BOTH, schedule=(replace(OPENING, minute=minute),)) for minute in (360, 1080))
    for name, (first, second) in (("forward", apart), ("back", apart[::-1])):
        for hours in (3, 12, 21):
            slots(
                f"twelve-hours-{name}-adopted-at-{hours}",
                "two hours equally near: that which puts the later version's after the earlier's", "CT-3",
                (Era(began, first), Era(MONDAY + hours * 3600, later(second))), MONDAY - DAY, MONDAY + 3 * DAY,
            )  # fmt: skip

    def chain(name: str, what: str, *moves: tuple[int, int]) -> None:
        """One contact a day; `moves`: the minute of an ADOPT on Monday, and the contact's minute from it on."""
        eras = [Era(began, replace(BOTH, schedule=(replace(OPENING, minute=540),)))]
        for adopted, minute in moves:
            slot = replace(OPENING, minute=minute, open_s=600 * (len(eras) + 1))
            eras.append(Era(MONDAY + adopted * 60, later(eras[-1].accord, schedule=(slot,))))
        slots(f"chain-{name}", what, "CT-3", tuple(eras), MONDAY - DAY, MONDAY + 3 * DAY)

    chain(
        "held-at-the-first",
        "held before the second version began, not again by the third",
        (570, 600),
        (585, 660),
    )
    chain("moved-twice", "moved twice before any of its hours", (480, 600), (500, 660))
    chain(
        "moved-back",
        "moved on, then to an hour that is past: held where it was to be",
        (480, 720),
        (600, 500),
    )
    chain("stays-then-moves", "kept at its old hour by the second version, moved on by the third before it",
          (300, 240), (360, 700))  # fmt: skip
    early = replace(BOTH, schedule=(replace(OPENING, minute=540),))
    noon_open = later(early, schedule=(replace(OPENING, minute=720),))
    slots(
        "before-the-first-version", "its old hour lay before the first version began: not held that day", "CT-3",
        (Era(MONDAY + 36_000, early), Era(MONDAY + 39_600, noon_open)), MONDAY - DAY, MONDAY + 2 * DAY,
    )  # fmt: skip
    listed = replace(BOTH, schedule=(replace(OPENING, minute=600), replace(OPENING, minute=60)))
    relisted = later(listed, schedule=(replace(OPENING, minute=660), replace(OPENING, minute=120)))
    slots(
        "listed-out-of-order", "as far down in the schedule, not by the hour", "CT-3",
        (Era(began, listed), Era(MONDAY + 90 * 60, relisted)), MONDAY - 1, MONDAY + 2 * DAY - 1,
    )  # fmt: skip
    same = replace(
        BOTH, schedule=(OPENING, replace(CLOSING, minute=0, open_s=3600), replace(OPENING, minute=480))
    )
    slots("at-one-instant", "two slots of one minute are one, which closes last", "CT-1", (Era(began, same),),
          MONDAY - 1, MONDAY + DAY - 1)  # fmt: skip
    met = (
        replace(BOTH, schedule=(replace(OPENING, minute=480), replace(OPENING, minute=720))),
        replace(BOTH, schedule=(replace(OPENING, minute=420), replace(OPENING, minute=480, open_s=900))),
    )
    slots("met-at-one-instant", "one stays at an hour to which another moves: they are one", "CT-1 CT-3",
          (Era(began, met[0]), Era(MONDAY + 450 * 60, later(met[1]))), MONDAY - 1, MONDAY + 2 * DAY - 1)  # fmt: skip


# --- what is entered --------------------------------------------------------------------------


class Side:
    """One side of a line, as its slots close one by one."""

    def __init__(self) -> None:
        self.attempts = Attempts()
        self.slots: list[dict[str, Any]] = []

    def slot(
        self, day: int, calls: int = 0, answered: int | None = None, following: int | None = None,
        noted: tuple[Check, int | None, Content] | None = None,
    ) -> Side:  # fmt: skip
        """The opening slot of a day: so many calls in it, and answered so many seconds after it opened."""
        opens = MONDAY + day * DAY
        attempts = self.attempts
        for _ in range(calls):
            attempts = contact.called(attempts, opens)
        if answered is not None:
            attempts = contact.answered(attempts, opens + answered, 1)
        if noted is not None:
            attempts = contact.proven(attempts, *noted)
        due = Due(opens, opens + 1800, Meaning.OPENING, None)
        self.attempts, entered = contact.closed(attempts, due, following)
        self.slots.append(
            {
                "at": opens, "calls": calls, "answered": None if answered is None else [opens + answered, 1],
                "noted": noted and [int(noted[0]), noted[1], int(noted[2])], "next": following,
                "entered": [list(contact.body(one)) for one in entered], "missed": self.attempts.missed_in_a_row,
            }
        )  # fmt: skip
        return self


def entered(name: str, what: str, cites: str, side: Side) -> None:
    write("contacts", f"entered-{name}", what, cites, "good", slots=side.slots)


def make_entered() -> None:
    entered("answered", "an answered slot", "CT-4", Side().slot(0, 2, 90, MONDAY + DAY))
    entered(
        "nobody-called", "a slot in which nobody called is not entered", "CT-7", Side().slot(0).slot(1, 1, 5)
    )
    side = Side()
    for day in range(5):
        side.slot(day, 1 + day, following=MONDAY + (day + 1) * DAY)
    entered(
        "run",
        "the first of a run at once, the rest before the next answered one",
        "CT-4 CT-7 CT-13",
        side.slot(5, 1, 60, MONDAY + 6 * DAY),
    )
    entered(
        "run-of-one",
        "a run of one leaves nothing to enter later",
        "CT-7 CT-13",
        Side().slot(0, 3).slot(1, 1, 60),
    )
    side = Side().slot(0, 1).slot(1).slot(2, 2).slot(3).slot(4, 1, 30).slot(5, 1)
    entered(
        "run-with-gaps", "slots in which nobody called lie in a run and are not counted", "CT-7 CT-13", side
    )
    noted = (Check.OUR_IDENTITY | Check.THEIR_IDENTITY | Check.NEXT_FIXED, 4, Content.NO_MESSAGE)
    entered(
        "noted", "what the watch noted of the call", "CT-8 CT-9", Side().slot(0, 1, 20, MONDAY + DAY, noted)
    )
    only = (Check.NONE, 2, Content.NOT_SAID)
    entered(
        "noted-an-office-alone",
        "whose voice was heard, and nothing more",
        "CT-9",
        Side().slot(0, 1, 20, None, only),
    )


# --- the document test ------------------------------------------------------------------------

TEXTS = ("Test of the line. No message.", "회선 시험. 전언 없음.", "Caf\u00e9 seven  eight")


def test(
    name: str, what: str, subject: str, text: str, read_back: str, precedence: Precedence = Precedence.ROUTINE
) -> None:
    number = contact.document_test_number(precedence, subject)
    proven = (
        number is not None
        and contact.is_test_text(TEXTS, number, text)
        and contact.read_alike(text, read_back)
    )
    write(
        "contacts", f"test-{name}", what, "CT-10 CT-11", "good", texts=TEXTS, precedence=int(precedence),
        subject=subject, text=text, read_back=read_back, number=number, proven=proven,
    )  # fmt: skip


def make_tests() -> None:
    test("alike", "read back as it stands", "DOCUMENT TEST 1", TEXTS[0], TEXTS[0])
    test("korean", "a Korean text read back", "DOCUMENT TEST 2", TEXTS[1], TEXTS[1])
    decomposed = unicodedata.normalize("NFD", TEXTS[2])
    test(
        "decomposed", "read back in another form of the same letters", "DOCUMENT TEST 3", TEXTS[2], decomposed
    )
    test(
        "spaced", "read back with other blanks", "DOCUMENT TEST 3", TEXTS[2], " Caf\u00e9\nseven eight\u3000"
    )
    test("a-letter-less", "read back with a letter less", "DOCUMENT TEST 1", TEXTS[0], TEXTS[0][:-1])
    test("another-case", "read back in small letters", "DOCUMENT TEST 1", TEXTS[0], TEXTS[0].lower())
    test("run-together", "read back with a blank less", "DOCUMENT TEST 3", TEXTS[2], "Caf\u00e9 seveneight")
    test("another-text", "a text that is not the one of its number", "DOCUMENT TEST 2", TEXTS[0], TEXTS[0])
    test("beyond-the-list", "a number for which there is no text", "DOCUMENT TEST 4", TEXTS[0], TEXTS[0])
    test("number-9", "a number beyond eight", "DOCUMENT TEST 9", TEXTS[0], TEXTS[0])
    test("number-01", "a number with a nought before it", "DOCUMENT TEST 01", TEXTS[0], TEXTS[0])
    test("small-letters", "the subject in small letters", "document test 1", TEXTS[0], TEXTS[0])
    test("more-words", "a subject with a word more", "DOCUMENT TEST 1 again", TEXTS[0], TEXTS[0])
    test("flash", "another precedence", "DOCUMENT TEST 1", TEXTS[0], TEXTS[0], Precedence.FLASH)


# --- the calendar -------------------------------------------------------------------------------


def contacts(*days: tuple[int, int | None]) -> tuple[Contact, ...]:
    """Opening contacts of days from MONDAY: answered so many seconds after they opened, None for not answered."""
    return tuple(
        Contact(
            MONDAY + d * DAY, MONDAY + d * DAY, 1, 1, None if s is None else MONDAY + d * DAY + s, s and 1
        )
        for d, s in days
    )


def run(first: int, last: int, slots: int) -> Contact:
    return Contact(MONDAY + first * DAY, MONDAY + last * DAY, slots, slots)


def days(
    name: str, what: str, cites: str, schedule: Accord, ours: tuple[Contact, ...], theirs: tuple[Contact, ...],
    cuts: tuple[Cut, ...] = (), last: int = 6, now: int = MONDAY + 60 * DAY,
) -> None:  # fmt: skip
    eras = (Era(MONDAY - 30 * DAY, schedule),)
    first = MONDAY // DAY
    found = calendar.days(Record(eras, MONDAY - 30 * DAY, ours, theirs, cuts), first, first + last, now)
    write(
        "contacts", f"calendar-{name}", what, cites, "good",
        terms=accord.encode_terms(schedule), adopted=eras[0].since, first_day=first, last_day=first + last, now=now,
        ours=[contact.body(c) for c in ours], theirs=[contact.body(c) for c in theirs],
        cut=[[c.since, c.until] for c in cuts],
        days=[
            {
                "slots": [[m.due.at, m.outcome.value] for m in day.marks],
                "two": [mark and mark.value for mark in calendar.two_marks(day)],
            }
            for day in found
        ],
    )  # fmt: skip


def make_calendar() -> None:
    one = replace(BOTH, schedule=(OPENING,))
    both = contacts((0, 60), (1, 300), (2, 301), (4, 900))
    earlier = contacts((0, 61), (1, 305), (2, 400), (4, 299))
    days(
        "answered-and-late",
        "both entered an answer; late by the earlier of the two",
        "CT-14",
        one,
        both,
        earlier,
    )
    days("nothing-of-theirs-yet", "their silence after what they entered last says nothing", "CT-14", one,
         contacts((0, 60), (1, 60), (2, 60), (3, None)), contacts((0, 60)))  # fmt: skip
    days("one-way", "they entered a later slot, and nothing of this one; and the other way round", "CT-14", one,
         contacts((0, 60), (2, 60), (3, None)), contacts((1, 60), (2, 60), (3, 60)))  # fmt: skip
    runs = (*contacts((0, None)), run(1, 4, 4), *contacts((5, 60)))
    days("unanswered-run", "a run of unanswered slots, entered by one side or by both", "CT-14", one, runs,
         contacts((0, None), (5, 60)))  # fmt: skip
    off = replace(one, holidays=((MONDAY // DAY + 2,), ()))
    days("holiday-in-a-run", "a holiday inside a run is not held", "CT-14 CT-15", off,
         (*contacts((0, None)), run(1, 4, 3), *contacts((5, 60))), contacts((5, 60)))  # fmt: skip
    cut = (Cut(MONDAY - DAY, MONDAY + 2 * DAY + 600),)
    days("cut", "slots nobody entered while the line was not open, and one that somebody did", "CT-15", one,
         contacts((1, None), (4, 60)), contacts((4, 60)), cut)  # fmt: skip
    days("cut-that-lasts", "a cut without an end, and before it slots in which nobody called", "CT-15", one, (), (),
         (Cut(MONDAY + 3 * DAY, None),))  # fmt: skip
    days("cut-within-a-slot", "a cut that begins while a slot is open, one that ends as one opens", "CT-15", one, (),
         (), (Cut(MONDAY + 1799, MONDAY + DAY), Cut(MONDAY + 2 * DAY + 1800, MONDAY + 3 * DAY + 1)))  # fmt: skip
    days("holiday-while-cut", "a holiday is not held, cut or not; what a contact says of one stands", "CT-15",
         replace(one, holidays=((MONDAY // DAY + 1,), (MONDAY // DAY + 3,))), contacts((3, None)), (),
         (Cut(MONDAY - DAY, None),))  # fmt: skip
    days("to-come", "as seen within the slot of the fourth day", "CT-15", one, contacts((0, 60), (3, 30)),
         contacts((0, 60)), now=MONDAY + 3 * DAY + 600)  # fmt: skip
    days("to-come-and-cut", "as seen a second before a slot closes, with the line cut", "CT-15", one, (), (),
         (Cut(MONDAY, None),), now=MONDAY + 3 * DAY + 1799)  # fmt: skip
    days("ours-is-silent", "their answer and nothing of ours, nor anything of ours after it", "CT-14", one,
         contacts((0, 60)), contacts((0, 60), (1, 60)))  # fmt: skip
    days("our-word-alone-late", "our word alone, late", "CT-14", one, contacts((0, 301)), ())
    days("later-by-the-last-slot", "a run of theirs whose last slot is later, and whose first is not", "CT-14", off,
         contacts((2, 60)), (run(1, 4, 3),))  # fmt: skip
    hour = MONDAY + 2 * DAY + 5 * 3600
    days("between-the-hours", "calls outside every slot: one of both sides, and one of each alone", "CT-14 CT-16", one,
         (Contact(hour, hour, 1, 1, hour + 5, 1), Contact(hour + 900, hour + 900, 1, 1)),
         (Contact(hour + 120, hour + 120, 1, 1, hour + 125, 1), Contact(hour + 1021, hour + 1021, 1, 2)))  # fmt: skip
    many = tuple(replace(OPENING, minute=120 * n, open_s=600, meaning=Meaning.CHECK) for n in range(5))
    full = replace(BOTH, schedule=many)

    def hours(day: int, answers: str) -> tuple[Contact, ...]:
        """Of the five slots of a day: `a` answered, `l` late, `u` not answered, `-` not entered."""
        spoken = ((MONDAY + day * DAY + n * 7200, word) for n, word in enumerate(answers) if word != "-")
        return tuple(
            Contact(o, o, 1, 1, None if w == "u" else o + (400 if w == "l" else 30), None if w == "u" else 1)
            for o, w in spoken
        )

    words = ("aaaaa", "uaalu", "aaual", "---a-", "--a--", "al-u-", "aaaaa")
    ours = tuple(c for day, word in enumerate(words) for c in hours(day, word))
    other = tuple(c for day, word in enumerate(("aaaaa", "u-alu", *words[2:])) for c in hours(day, word))
    days("two-marks", "five slots a day in two marks: three and two", "CT-16", full, ours, other,
         (Cut(MONDAY + 3 * DAY + 3 * 3600, MONDAY + 3 * DAY + 8 * 3600 + 1),))  # fmt: skip


if __name__ == "__main__":
    make_slots()
    make_entered()
    make_tests()
    make_calendar()
