"""A TOML table read key by key, strictly: what is left at the end is refused, with the place and a hint."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import Enum
from typing import NoReturn

from parley.core.errors import LocalError, RemoteError
from parley.core.types import U32, Seconds, text
from parley.scenario.format import Words

WORDS_MAX = 300  # of an error
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")


class Table:
    """A TOML table read key by key; what is left at the end is refused."""

    def __init__(self, file: str, where: str, value: object) -> None:
        self.file, self.where = file, where
        if not isinstance(value, dict):
            self.fail(f"is {kind_of(value)}, not a table", f"write it as [{where}] with keys below it")
        self._left: dict[str, object] = dict(value)
        self.asked: list[str] = []

    def fail(self, what: str, hint: str = "", key: str | None = None) -> NoReturn:
        if len(what) > WORDS_MAX:  # what is wrong is quoted, and may be a whole chapter
            what = f"{what[: WORDS_MAX // 2]} … {what[-WORDS_MAX // 2 :]}"
        parts = [part for part in (self.where, key) if part]
        place = ".".join(parts) if key is None or " " not in self.where else f"{self.where}: {key}"
        raise LocalError(f"{self.file}: {place + ': ' if place else ''}{what}", hint)

    def take(self, key: str, hint: str = "") -> object:
        """The value of a key that must be there."""
        found = self.get(key)
        if found is None:
            self.fail(f"the key {key!r} is missing", hint or f"add: {key} = ...")
        return found

    def get(self, key: str) -> object:
        self.asked.append(key)
        return self._left.pop(key, None)

    def has(self, key: str) -> bool:
        return key in self._left

    def left(self) -> list[str]:
        return list(self._left)

    def text(self, key: str, default: str | None = None) -> str:
        value = self.get(key) if default is not None else self.take(key, f'add: {key} = "..."')
        if value is None and default is not None:
            return default
        if not isinstance(value, str):
            self.fail(f"is {kind_of(value)}, not a text", f'write: {key} = "..."', key)
        return value

    def named(self, key: str) -> str:
        """A name that the record carries: 1 to 64 bytes."""
        value = self.text(key)
        try:
            text(key, value, 64)
        except RemoteError as e:
            self.fail(small(e.text), "shorten or retype it", key)
        if not value.strip():
            self.fail("is empty", f'write: {key} = "..."', key)
        return value

    def optional(self, key: str) -> str | None:
        if self.has(key):
            return self.text(key)
        self.asked.append(key)
        return None

    def flag(self, key: str, default: bool) -> bool:
        value = self.get(key)
        if value is not None and not isinstance(value, bool):
            self.fail(f"is {kind_of(value)}, not true or false", f"write: {key} = true", key)
        return default if value is None else value

    def whole(self, key: str, default: int, low: int, high: int) -> int:
        value = self.get(key)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool):
            self.fail(f"is {kind_of(value)}, not a whole number", f"write: {key} = {default}", key)
        if not low <= value <= high:
            self.fail(f"is {value}, outside {low} to {high}", "", key)
        return value

    def duration(self, key: str, default: int | None, low: int, high: int) -> int:
        """Seconds, written "90s", "15m", "6h" or "1d", or as a plain number of seconds."""
        value = self.get(key) if default is not None else self.take(key, f'add: {key} = "1d"')
        if value is None and default is not None:
            return default
        seconds = value if isinstance(value, int) and not isinstance(value, bool) else None
        if isinstance(value, str) and re.fullmatch(r"\d{1,9}[smhd]", value):
            seconds = int(value[:-1]) * UNITS[value[-1]]
        if seconds is None:
            self.fail("is not a length of time", 'write it as "90s", "15m", "6h" or "1d"', key)
        if not low <= seconds <= high:
            self.fail(f"is {seconds} seconds, outside {low} to {high}", "", key)
        return seconds

    def instant(self, key: str) -> tuple[Seconds, datetime]:
        value = self.take(key, f"add: {key} = 2021-07-27T10:00:00+09:00")
        hint = "write date, time and zone without quotation marks: 2021-07-27T10:00:00+09:00"
        if not isinstance(value, datetime):
            self.fail(f"is {kind_of(value)}, not a date and time", hint, key)
        if value.tzinfo is None:
            self.fail("has no zone", hint, key)
        seconds = value.timestamp()
        if value.microsecond or not 0 <= seconds <= U32:
            self.fail("is not a whole second between 1970 and 2106", hint, key)
        return int(seconds), value

    def choice(self, key: str, options: Mapping[str, object], default: str | None = None) -> str:
        return self.one_of(key, self.text(key, default), options)

    def one_of(self, key: str, value: str, options: Iterable[str]) -> str:
        known = list(options)
        if value not in known:
            self.fail(f"{value!r} is not known", closest(value, known), key)
        return value

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """A list of texts; one alone may be written without the brackets."""
        value = self.get(key) if default is not None else self.take(key, f'add: {key} = ["..."]')
        if value is None and default is not None:
            return default
        if isinstance(value, str):
            return (value,)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.fail("is not a list of texts", f'write: {key} = ["...", "..."]', key)
        if not value:
            self.fail("is an empty list", "name at least one, or leave the key out", key)
        if len(set(value)) != len(value):
            self.fail("names something twice", "name each once", key)
        return tuple(value)

    def words(self, key: str, *, must: bool = False) -> Words:
        """A text by language; a plain text is English."""
        hint = f'write: {key} = {{ en = "...", ko = "..." }}'
        value = self.take(key, hint) if must else self.get(key)
        if value is None:
            return {}
        if isinstance(value, str):
            return {"en": value}
        if not isinstance(value, dict) or not value:
            self.fail("is neither a text nor a table of languages", hint, key)
        for language, written in value.items():
            if not LANGUAGE.fullmatch(language):
                self.fail(f"{language!r} is not a language tag", hint, key)
            if not isinstance(written, str) or not written.strip():
                self.fail(f"the text in {language!r} is empty or not a text", hint, key)
        return dict(value)

    def table(self, key: str) -> Table:
        """A table that may be left out."""
        value = self.get(key)
        return Table(self.file, key, {} if value is None else value)

    def inner(self, key: str) -> dict[str, Table]:
        """The named tables of a table of tables."""
        value = self.get(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.fail(f"is {kind_of(value)}, not a table", f"write: [{key}.NAME]", key)
        return {name: Table(self.file, f"{key}.{name}", each) for name, each in value.items()}

    def listed(self, key: str) -> list[object]:
        value = self.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self.fail(f"is {kind_of(value)}, not a list of tables", f"write: [[{key}]]", key)
        return value

    def done(self) -> None:
        for key in self._left:
            self.fail(f"the key {key!r} is not known here", closest(key, self.asked))


# --- small words ------------------------------------------------------------------------------


def check_name(t: Table, name: str, taken: Iterable[str]) -> None:
    if not _NAME.fullmatch(name):
        t.fail(f"{name!r} cannot be a name here", "use small letters, digits and hyphens, at most 32")
    if name in taken:
        t.fail(f"{name!r} has a meaning of its own", "choose another name")


def word(value: Enum) -> str:
    return (value.name or "none").lower().replace("_", " ")


def closest(value: str, known: Iterable[str]) -> str:
    options = sorted(set(known))
    near = difflib.get_close_matches(value, options, 1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known are: {', '.join(options)}" if options else "there is none yet"


def kind_of(value: object) -> str:
    names = {dict: "a table", list: "a list", str: "a text", bool: "true or false", int: "a number"}
    return names.get(type(value), "a date" if "date" in type(value).__name__ else "something else")


def small(text: str) -> str:
    return text[:1].lower() + text[1:]
