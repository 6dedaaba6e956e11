"""What an officer typed: the fields of a form, read strictly and kept until the act is done.

An error never loses what was typed: the page comes back with the form filled in, all but the passphrase.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl

from parley.console.guard import Refused
from parley.console.words import _
from parley.core.types import U32, Seconds

FIELDS_MAX: Final = 32
SECRET: Final = frozenset({"passphrase"})


class Unfit(Exception):
    """What was typed cannot be used: one sentence, and what to do. The form comes back with it."""

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Typed:
    """A form as it was sent. `act`: which form; `subject`: the line, message or terms it is about."""

    act: str = ""
    subject: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, act: str, subject: str, name: str, otherwise: str = "") -> str:
        """For a template: what was typed in this field of this form, never a secret."""
        if name in SECRET or not self.of(act, subject):
            return otherwise
        return self.fields.get(name, otherwise)

    def of(self, act: str, subject: str) -> bool:
        """Whether this is the form that came back."""
        return (self.act, self.subject) == (act, subject)

    def optional(self, name: str) -> str:
        return self.fields.get(name, "").strip()

    def needed(self, name: str, what: str) -> str:
        """The field; Unfit if it is missing or blank. `what` names it as the page does."""
        value = self.fields.get(name, "")
        if not value.strip():
            raise Unfit(_("%(what)s is missing; nothing was done.") % {"what": what}, _("Fill it in."))
        return value if name in SECRET or name == "text" else value.strip()

    def one_of(self, name: str, what: str, choices: tuple[str, ...]) -> str:
        """The field, if it is one of `choices`."""
        value = self.needed(name, what)
        if value not in choices:
            raise Unfit(
                _("%(what)s is not one of those offered; nothing was done.") % {"what": what},
                _("Choose it again."),
            )
        return value

    def instant(self, name: str, what: str) -> Seconds:
        """The field as an instant in UTC."""
        return instant(self.needed(name, what), what)

    def retyped(self, name: str, what: str, expected: str) -> None:
        """Unfit unless `expected` was typed again: the confirmation by doing."""
        if _folded(self.needed(name, what)) != _folded(expected):
            raise Unfit(
                _("%(what)s was not retyped as it stands; nothing was done.") % {"what": what},
                _("It stands on the page as: %(expected)s") % {"expected": expected},
            )


def read(body: bytes) -> dict[str, str]:
    """The fields of a form. Raises Refused for what no form of ours sends."""
    odd = Refused(400, _("This is not a form of this console; nothing was done."))
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=FIELDS_MAX,
        )
    except ValueError:
        raise odd from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise odd
    return fields


_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_GROUP: Final = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{2})Z ?([A-Z]{3}) ?([0-9]{2}|[0-9]{4})")
_ISO: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})[ T]([0-9]{2}):([0-9]{2})(?::([0-9]{2}))? ?Z?")


def instant(typed: str, what: str) -> Seconds:
    """A date-time group, `271015Z JUL 21`, or `2021-07-27 10:15`, both UTC. Raises Unfit."""
    value = " ".join(typed.upper().split())
    group, iso = _GROUP.fullmatch(value), _ISO.fullmatch(value)
    try:
        if group and group[4] in _MONTHS:
            year = int(group[5]) if len(group[5]) == 4 else 2000 + int(group[5])
            month = _MONTHS.index(group[4]) + 1
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
    raise Unfit(
        _("%(what)s is not a time this page can read; nothing was done.") % {"what": what},
        _("Write it in UTC, like 271015Z JUL 21 or 2021-07-27 10:15."),
    )


def group(at: Seconds) -> str:
    """The date-time group of an instant: `271015Z JUL 21`."""
    t = datetime.fromtimestamp(at, UTC)
    return f"{t.day:02}{t.hour:02}{t.minute:02}Z {_MONTHS[t.month - 1]} {t.year % 100:02}"


def day(at: Seconds) -> str:
    """The date of an instant: `27 JUL 2021`."""
    t = datetime.fromtimestamp(at, UTC)
    return f"{t.day:02} {_MONTHS[t.month - 1]} {t.year}"


def _folded(value: str) -> str:
    return " ".join(unicodedata.normalize("NFC", value).split()).casefold()
