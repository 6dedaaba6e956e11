"""Contacts: the call that is open, the calendar, the amendment of an accord: contact, calendar, line amend."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from parley.cli import DONE, name, print_json, reach, show
from parley.cli.terminal import safe
from parley.core.errors import LocalError
from parley.desk.ask import Ask, Json

DAY = 86400
MARKS = {
    "answered": "A",
    "late": "L",
    "unanswered": "U",
    "one way": "W",
    "cut": "x",
    "not held": "-",
    "to come": ".",
}


def add(parser: argparse.ArgumentParser) -> None:
    """The arguments of `parley calendar`."""
    parser.add_argument("line")
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--month", nargs="?", const="", metavar="YYYY-MM", help="a month (default: the present one)"
    )
    which.add_argument("--year", nargs="?", const="", metavar="YYYY", help="a year at a glance")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def add_amend(parser: argparse.ArgumentParser) -> None:
    """The arguments of `parley line amend`: what is named is to change, the rest stays."""
    parser.add_argument("line")
    parser.add_argument(
        "--civil-clocks", default="", help="minutes east of UTC: OURS,THEIRS (such as 510,540)"
    )
    parser.add_argument(
        "--slots", default="", help='in UTC: "00:30 opening mon-fri we 30min; 08:30 closing"; none for none'
    )
    parser.add_argument("--holidays-ours", default="", metavar="DATES", help="2021-09-21,2021-09-22; or none")
    parser.add_argument("--holidays-theirs", default="", metavar="DATES", help="of their civil calendar")
    parser.add_argument("--untendered", default="", help="classes of letters that pass without tender: 4,5")
    parser.add_argument("--test-texts", default="", help='neutral texts: "Test of the line.; 회선 시험."')
    parser.add_argument("--escalation", default="", help='after so many missed: "2 tell the head; 5 write"')
    parser.add_argument("--purpose", default="")


def run(options: argparse.Namespace) -> int:
    """`contact`, `calendar` or `line amend`."""
    return {"contact": _contact, "calendar": _calendar, "line amend": _amend}[options.command](options)


def _contact(options: argparse.Namespace) -> int:
    if options.note is None and (options.heard is not None or options.content):
        raise LocalError(
            "--heard and --content go with --note", "for example: --note their-identity --heard 3 --as duty"
        )
    if options.by is None and not options.show:
        raise LocalError("it is not said which officer does this", "add --as OFFICER")
    with reach.end(options, running=True) as ask:
        found, shown = _called(options, ask)
    if options.json:
        print_json(name(options), found)
    else:
        shown(found)
    return DONE


def _called(options: argparse.Namespace, ask: Ask) -> tuple[Json, show.Shown]:
    line, by = options.line, options.by
    if options.show:
        return ask("contact_guided", line=line), _show_call
    if options.note is not None:
        steps = "" if options.note.strip() == "none" else options.note.replace("-", "_")
        content = (options.content or "").replace("-", "_")
        return ask(
            "contact_note", line=line, by=by, steps=steps, heard=options.heard, content=content
        ), _show_call
    if options.test is not None:
        return ask("contact_test", line=line, number=options.test, by=by), show.message
    return ask("answer" if options.answer else "call", line=line, by=by), lambda view: show.board([view])


def _amend(options: argparse.Namespace) -> int:
    words = reach.officer_passphrase(options, options.by)
    given = {
        "line": options.line, "by": options.by, "passphrase": words, "civil_clocks": options.civil_clocks,
        "slots": options.slots, "holidays_ours": options.holidays_ours, "holidays_theirs": options.holidays_theirs,
        "untendered": options.untendered, "test_texts": options.test_texts, "escalation": options.escalation,
        "purpose": options.purpose,
    }  # fmt: skip
    with reach.end(options) as ask:
        found = ask("line_amend", **given)
    if options.json:
        print_json(name(options), found)
    else:
        show.terms([found])
    return DONE


def _calendar(options: argparse.Namespace) -> int:
    with reach.end(options) as ask:
        if options.year is not None:
            found = ask("contact_year", line=options.line, year=_numbers(options.year, 1)[0])
        else:
            year, month = _numbers(options.month or "", 2)
            found = ask("contact_month", line=options.line, year=year, month=month)
    if options.json:
        print_json(name(options), found)
    elif options.year is not None:
        _show_year(found)
    else:
        _show_month(found)
    return DONE


def _numbers(words: str, parts: int) -> list[int]:
    if not words:
        return [0] * parts
    found = words.split("-")
    if len(found) != parts or not all(part.isascii() and part.isdecimal() for part in found):
        raise LocalError(f"{words!r} is no {'month' if parts == 2 else 'year'}", "like 2021-07, or 2021")
    return [int(part) for part in found]


def _show_call(found: Json) -> None:
    """The call now open: what became of it, what was noted, both document tests; then what comes next."""
    view = _view(found)
    if view["slot"]:
        meaning = str(view["meaning"]).lower() if view["scheduled"] else "between the hours"
        print(f"opened {show.clock(view['slot'])}, {meaning}, closes {show.clock(view['closes_at'])}")
        print(f"calls: {view['calls']}")
    else:
        print("no call is open")
    if view["answered_at"] is not None:
        print(f"answered {show.clock(view['answered_at'])} by {safe(str(view['answered_by']))}")
        noted = ", ".join(str(step).replace("_", "-") for step in _items(view["noted"]))
        print(f"noted: {noted or 'nothing'}")
        print(f"heard: {safe(str(view['heard'])) or 'nobody noted'}")
        print(f"content: {str(view['content']).replace('_', '-') or 'not said'}")
    for words, test in (("our", view["our_test"]), ("their", view["their_test"])):
        if test is not None:
            one = _view(test)
            same = "letter for letter" if one["same"] else "NOT THE SAME"
            same = "not read back" if one["same"] is None else same
            print(f"{words} document test {one['number']}: {same}, {safe(str(one['ref']))}")
    if view["pending"]:
        print(f"a document test waits for its release: {safe(str(view['pending']))}")
    if view["next_contact"] is not None:
        print(f"next contact: {show.clock(view['next_contact'])}")
    if view["missed_in_a_row"]:
        print(f"missed in a row: {view['missed_in_a_row']}")
    officers = [
        f"{number} {safe(str(office))}" for number, office in map(_items, _items(view["their_officers"]))
    ]
    print(f"their officers: {', '.join(officers)}")
    for number, text in enumerate(_items(view["tests"]), 1):
        print(f"test text {number}: {safe(str(text))}")


def _show_month(found: Json) -> None:
    """A row for each contact: the day and hour in UTC, both civil clocks, the outcome, what each side entered."""
    view = _view(found)
    ours, theirs = (safe(str(party)) for party in _items(view["parties"]))
    rows = [("DAY", "UTC", ours, theirs, "FOR", "OUTCOME", "OURS", "THEIRS", "DECLARED")]
    for item in _items(view["days"]):
        day = _view(item)
        for entry in _items(day["marks"]):
            mark = _view(entry)
            at = _int(mark["at"])
            clocks = [_hour(at + 60 * _int(minutes)) for minutes in _items(mark["civil_clocks"])]
            what = str(mark["meaning"]).lower() if mark["scheduled"] else "between the hours"
            rows.append(
                (
                    f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %a}",
                    _hour(at),
                    clocks[0],
                    clocks[1],
                    what,
                    str(mark["outcome"]) + ("" if mark["held"] else " (holiday)"),
                    _entered(mark["ours"]),
                    _entered(mark["theirs"]),
                    str(day["cut"]),
                )
            )
    show.table(rows)


def _show_year(found: Json) -> None:
    """A row for each month, two marks a day; below it what was declared, a line for each day that was not open."""
    view = _view(found)
    days = [_view(item) for item in _items(view["days"])]
    print(f"{safe(str(view['line']))}   {datetime.fromtimestamp(_int(days[0]['day']) * DAY, UTC):%Y}")
    print("      " + " ".join(f"{n:02}" for n in range(1, 32)))
    for month in range(1, 13):
        of_month = [day for day in days if datetime.fromtimestamp(_int(day["day"]) * DAY, UTC).month == month]
        marks = ["".join(MARKS.get(str(word), " ") for word in _items(day["two"])) for day in of_month]
        print(f"{month:02}    " + " ".join(marks))
        if any(day["cut"] for day in of_month):
            print("      " + " ".join("==" if day["cut"] else "  " for day in of_month))
    print("      " + ", ".join(f"{mark} {word}" for word, mark in MARKS.items()) + ", == declared not open")


def _entered(found: Json) -> str:
    if found is None:
        return ""
    view = _view(found)
    if view["answered_at"] is None:
        return f"unanswered, {view['slots']} in a row" if _int(view["slots"]) > 1 else "unanswered"
    content = f", {str(view['content']).replace('_', ' ')}" if view["content"] else ""
    return f"answered {_hour(_int(view['answered_at']))}{content}"


def _hour(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%H:%M}"


def _view(found: Json) -> dict[str, Json]:
    assert isinstance(found, dict)
    return found


def _items(found: Json) -> list[Json]:
    assert isinstance(found, list)
    return found


def _int(found: Json) -> int:
    assert isinstance(found, int)
    return found
