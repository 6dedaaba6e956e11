"""What an officer typed: the fields of a form, read strictly and kept until the act is done.

An error never loses what was typed: the page comes back with the form filled in, all but the passphrase.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

from parley.console.guard import Refused
from parley.console.words import _

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


def _folded(value: str) -> str:
    return " ".join(unicodedata.normalize("NFC", value).split()).casefold()
