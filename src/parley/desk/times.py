"""Times as officers write them: a date-time group, `271015Z JUL 21`, or `2021-07-27 10:15`; both UTC.

Read here, for whatever takes a time in words: a form of the console, a field of a draft.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from parley.core.errors import LocalError, Sentence
from parley.core.types import U32, Seconds

MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_GROUP: Final = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{2})Z ?([A-Z]{3}) ?([0-9]{2}|[0-9]{4})")
_ISO: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})[ T]([0-9]{2}):([0-9]{2})(?::([0-9]{2}))? ?Z?")


def instant(typed: str, what: str) -> Seconds:
    """The instant that was typed, in UTC. `what`: the name of the field, for the sentence. Raises LocalError."""
    value = " ".join(typed.upper().split())
    group, iso = _GROUP.fullmatch(value), _ISO.fullmatch(value)
    try:
        if group and group[4] in MONTHS:
            year = int(group[5]) if len(group[5]) == 4 else 2000 + int(group[5])
            month = MONTHS.index(group[4]) + 1
            found = datetime(year, month, int(group[1]), int(group[2]), int(group[3]), tzinfo=UTC)
        elif iso:
            year, month, date, hour, minute, second = (int(part or 0) for part in iso.groups())
            found = datetime(year, month, date, hour, minute, second, tzinfo=UTC)
        else:
            raise ValueError
        seconds = int(found.timestamp())
        if 0 <= seconds <= U32:
            return seconds
    except ValueError:
        pass
    raise LocalError(
        Sentence("{what} is not a time that can be read; nothing was done.", what=what),
        Sentence("Write it in UTC, like 271015Z JUL 21 or 2021-07-27 10:15."),
    )


def as_typed(at: Seconds) -> str:
    """An instant in words that `instant` reads as the same instant."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
