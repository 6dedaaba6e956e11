"""What a command prints for a person: tables that line up in Korean too, no colour, nothing hostile.

Text of theirs is shown with every control, format and bidirectional character made visible, so that a
message can change nothing but its own line of the terminal.
"""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from parley.cli.terminal import safe
from parley.desk.ask import Json

Shown: TypeAlias = "Callable[[Json], None]"
View: TypeAlias = "dict[str, Json]"


def status(found: Json, alarms: Json = None) -> None:
    """An end: `found` as the desk's status, `alarms` as its alarms (None: only those in the status)."""
    view = _view(found)
    since = f" since {clock(view['watch_since'])}" if view["watch_since"] else ""
    print(
        f"{_safe(view['party'])}   parley {view['version']}   {clock(view['now'])}"
        f"   watch: {_safe(view['watch'] or 'nobody')}{since}"
    )
    print(f"our fingerprint  {fingerprint(str(view['fingerprint']))}")
    for name, theirs in _pairs(view["pairs"]):
        print(f"paired with {_safe(name)}  {fingerprint(str(theirs))}")
    for name, up in _pairs(view["bearers"]):
        print(f"bearer {_safe(name)}: {'up' if up else 'down'}")
    if alarms is None:
        for text in _items(view["alarms"]):
            print(f"ALARM  {_safe(text)}")
    else:
        for item in _items(alarms):
            alarm = _view(item)
            print(f"{str(alarm['level']).upper():<7}  {_safe(alarm['text'])}")
    print()
    board(view["lines"])


def board(found: Json) -> None:
    """The lines board: declared and observed side by side."""
    rows = [("LINE", "DECLARED", "OBSERVED", "AGE", "OURS", "THEIRS", "RECEIPTED", "WAITING", "RECORDS")]
    for item in _items(found):
        v = _view(item)
        age = v["observed_age_s"]
        rows.append(
            (
                _safe(v["name"]) + (" (rings)" if v["ringing"] else ""),
                _safe(v["declared"]),
                _safe(v["observed"]),
                "never" if age is None else _age(_int(age)),
                str(v["our_size"]),
                str(v["their_size"]),
                str(v["their_receipt"]),
                str(v["waiting"]),
                _safe(v["agree"]),
            )
        )
    table(rows)


def line(found: Json) -> None:
    view = _view(_view(found)["line"])
    board([view])
    for words in ("declared_detail", "last_contact", "purpose"):
        if view[words]:
            print(f"{words.replace('_', ' ')}: {_safe(view[words])}")
    if view["next_contact"]:
        print(f"next contact: {clock(view['next_contact'])}")
    since = f" since {clock(view['epoch_since'])}" if view["epoch_since"] else ""
    print(f"keys: epoch {view['epoch']}{since}, theirs {view['their_epoch']}")
    if view["unhealed"]:
        print("not healed: a new epoch is due, and no prekey of theirs is in stock")
    print()
    terms(_view(found)["terms"])


def terms(found: Json) -> None:
    rows = [("TERMS", "LINE", "SUBJECT", "OPENS AT", "OURS BEHIND IT", "THEIRS", "NEEDED", "STATE")]
    for item in _items(found):
        v = _view(item)
        rows.append(
            (
                _safe(v["ref"]),
                _safe(v["line"]),
                str(v["subject"]),
                clock(v["opens_at"]) if v["opens_at"] is not None else "",
                _safe(", ".join(map(str, _items(v["ours"])))),
                _safe(", ".join(map(str, _items(v["theirs"])))),
                f"{v['needed']} a side",
                str(v["state"]),
            )
        )
    table(rows)


def messages(found: Json) -> None:
    rows = [("REF", "PRECEDENCE", "STATE", "HEARD", "BY", "TEXT")]
    for item in _items(found):
        v = _view(item)
        by = v["office"] or v["drafted_by"]
        text = _safe(v["text"]).replace("\n", " / ")
        rows.append(
            (
                _safe(v["ref"]),
                str(v["precedence"]),
                str(v["state"]),
                clock(v["heard_at"]),
                _safe(by),
                _cut(text, 48),
            )
        )
    table(rows)


def message(found: Json) -> None:
    v = _view(found)
    print(
        f"{_safe(v['ref'])}   {v['precedence']}   {v['state']}"
        + (f"   {_safe(v['mark'])}" if v["mark"] else "")
    )
    who = _safe(v["office"] or v["drafted_by"])
    proven = "" if v["proven"] else "   from their end; officer not yet proven"
    print(f"{who}   said {clock(v['said_at'])}   check {v['check'] or '-'}{proven}")
    if v["missing_before"]:
        print(f"{v['missing_before']} missing before this")
    for words in ("subject", "in_whose_name", "form_of_address"):
        if v[words]:
            print(f"{words.replace('_', ' ')}: {_safe(v[words])}")
    print()
    for paragraph in str(v["text"]).split("\n"):
        print(f"  {_safe(paragraph)}")
    print()
    rows = []
    for item in _items(v["ladder"]):
        rung = _view(item)
        rows.append((str(rung["state"]), clock(rung["at"]) if rung["at"] else "", _safe(rung["voucher"])))
    table(rows)


def entries(found: Json) -> None:
    rows = [("PARTY", "SEQ", "KIND", "BY", "SAID", "CHECK", "WORDS")]
    for item in _items(found):
        v = _view(item)
        words = _cut(_safe(v["words"]).replace("\n", " / "), 40)
        rows.append(
            (
                _safe(v["party"]),
                str(v["sequence"]),
                str(v["kind"]),
                _safe(v["by"]),
                clock(v["said_at"]),
                str(v["check"]),
                words,
            )
        )
    table(rows)


def faults(found: Json) -> None:
    rows = [("FAULT", "LINE", "HEARD", "WHAT", "REASON")]
    for item in _items(found):
        v = _view(item)
        rows.append((str(v["ref"]), _safe(v["line"]), clock(v["heard_at"]), _evidence(v), _safe(v["reason"])))
    table(rows)


def fault(found: Json) -> None:
    v = _view(_view(found)["fault"])
    print(f"{v['ref']}   {_safe(v['line'])}   heard {clock(v['heard_at'])}")
    print(_safe(v["reason"]))
    if v["differs"]:
        print("It shows that the two records are not one: compare exports.")
    print(f"evidence: {_evidence(v)}, {v['bytes']} bytes")
    print()
    evidence = str(_view(found)["evidence"])
    for at in range(0, len(evidence), 64):
        print(f"  {evidence[at : at + 64]}")


def _evidence(v: View) -> str:
    return str(v["kind"]) if v["sequence"] is None else f"{v['kind']} {v['sequence']}"


def officers(found: Json) -> None:
    rows = [("NAME", "AUTHOR", "OFFICE", "UP TO", "POWERS")]
    for item in _items(found):
        v = _view(item)
        powers = ", ".join(map(str, _items(v["powers"])))
        rows.append((str(v["name"]), str(v["author"]), _safe(v["office"]), str(v["precedence_max"]), powers))
    table(rows)


def exported(found: Json) -> None:
    v = _view(found)
    print(f"{v['path']}: {v['bytes']} bytes. Verify with: parley verify FILE --pin OURS --pin THEIRS")


def fields(found: Json) -> None:
    """One thing, a field a line."""
    for key, value in _view(found).items():
        print(f"{key.replace('_', ' '):<12} {_safe('' if value is None else value)}")


# --- small things -----------------------------------------------------------------------------


def views(found: Json) -> list[View]:
    """A list of views."""
    return [_view(item) for item in _items(found)]


def pairs(found: Json) -> list[tuple[Json, Json]]:
    """A list of pairs."""
    return _pairs(found)


def words(value: Json) -> str:
    """A text of theirs or ours, with everything that would act on the terminal made visible."""
    return _safe(value)


def numbers(found: Json) -> str:
    """A list of numbers in one cell."""
    return " ".join(str(n) for n in _items(found))


def table(rows: Sequence[Sequence[str]]) -> None:
    """Columns that line up, wide characters counted as two."""
    if not rows:
        return
    widths = [max(width(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [cell + " " * (widths[i] - width(cell)) for i, cell in enumerate(row)]
        print("  ".join(cells).rstrip())


def width(words: str) -> int:
    """How many columns of a terminal `words` takes."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in words
    )


def fingerprint(words: str) -> str:
    """64 hex digits in groups of four, to be read aloud."""
    return " ".join(words[i : i + 4] for i in range(0, len(words), 4))


def clock(at: Json) -> str:
    """UTC, to the minute."""
    return datetime.fromtimestamp(_int(at), UTC).strftime("%Y-%m-%d %H:%MZ")


def progress(done: int, of: int, what: str, last: list[float]) -> str | None:
    """A line of progress at most ten times a second, or None."""
    now = time.monotonic()
    if done < of and last and now - last[0] < 0.1:
        return None
    last[:] = [now]
    return f"\r{what} {done}/{of}"


def _safe(value: Json) -> str:
    return safe(str(value))


def _cut(words: str, columns: int) -> str:
    out, used = "", 0
    for c in words:
        used += width(c)
        if used > columns:
            return out + "…"
        out += c
    return out


def _age(seconds: int) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _view(value: Json) -> View:
    assert isinstance(value, dict)
    return value


def _items(value: Json) -> list[Json]:
    assert isinstance(value, list)
    return value


def _pairs(value: Json) -> list[tuple[Json, Json]]:
    return [(item[0], item[1]) for item in _items(value) if isinstance(item, list)]


def _int(value: Json) -> int:
    assert isinstance(value, int)
    return value
