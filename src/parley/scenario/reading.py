"""Reading a scenario file: TOML in, a `Scenario` out, or one sentence that says what is wrong and where.

A file is read once, wholly and strictly: what the format does not know is refused, with the place and a
hint, so that a slip of the pen is not a story that quietly tells something else. Every refusal is a
LocalError of one sentence. A step that a desk refuses is no error of the file but a result of the play.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import NoReturn

from parley.core.accord import EVERY_DAY, Meaning
from parley.core.errors import LocalError, RemoteError
from parley.core.types import NONCE_BYTES, U32, ActKind, Grade, Power, Precedence, Seconds, text
from parley.scenario.format import (
    BOTH,
    FORMAT,
    LINE_STATES,
    MESSAGE_STATES,
    OFFICERS,
    TERMS_STATES,
    Acknowledge,
    Action,
    Agree,
    Answer,
    BearerChange,
    BearerPlan,
    Bound,
    Call,
    Cancel,
    Crash,
    Expect,
    LinePlan,
    Message,
    NoAnswer,
    OfferRestore,
    OfficerPlan,
    Party,
    Release,
    Restart,
    Scenario,
    Sever,
    SlotPlan,
    Step,
    Tell,
    Wanted,
    Watch,
    Withdraw,
    WithdrawTerms,
    Words,
    clock_text,
)

FILE_BYTES_MAX = 1 << 20
WORDS_MAX = 300  # of an error
OCCURRENCES_MAX = 100_000
DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")
_STEP_HEADING = re.compile(r"^[ \t]*\[\[[ \t]*step[ \t]*\]\]", re.MULTILINE)
_SLOT = re.compile(
    r"(?P<days>[a-z,-]+) (?P<hour>\d\d):(?P<minute>\d\d) (?P<meaning>[a-z]+) (?P<caller>[a-z0-9-]+)"
    r"(?: (?P<length>\d{1,5}[smhd]))?"
)
_CLOCK = re.compile(r"UTC(?:([+-])(\d\d):(\d\d))?")
_BOUND = re.compile(r"(at least|at most) (\d{1,9})")


def load(path: str | Path) -> Scenario:
    """The scenario in a file. Raises LocalError."""
    path = Path(path)
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= FILE_BYTES_MAX else b""
    except OSError as e:
        raise LocalError(f"{path}: cannot be read: {e.strerror}", "check the path") from None
    if size > FILE_BYTES_MAX:
        raise LocalError(f"{path}: is over {FILE_BYTES_MAX} bytes long", "is this a scenario?")
    try:
        return parse(data.decode("utf-8"), str(path))
    except UnicodeDecodeError:
        raise LocalError(f"{path}: is not UTF-8 text", "save the file as UTF-8") from None


def parse(text: str, name: str = "scenario") -> Scenario:
    """The scenario in a text; `name` is what errors call the file. Raises LocalError."""
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as e:  # a number or a nesting too large is none of tomllib's own
        raise LocalError(f"{name}: is not TOML: {_small(str(e))}", "see https://toml.io") from None
    headings = [text.count("\n", 0, m.start()) + 1 for m in _STEP_HEADING.finditer(text)]
    return _Reader(name, headings).scenario(document)


# --- reading ----------------------------------------------------------------------------------


class _Table:
    """A TOML table read key by key; what is left at the end is refused."""

    def __init__(self, file: str, where: str, value: object) -> None:
        self.file, self.where = file, where
        if not isinstance(value, dict):
            self.fail(f"is {_kind(value)}, not a table", f"write it as [{where}] with keys below it")
        self._left: dict[str, object] = dict(value)
        self._asked: list[str] = []

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
        self._asked.append(key)
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
            self.fail(f"is {_kind(value)}, not a text", f'write: {key} = "..."', key)
        return value

    def named(self, key: str) -> str:
        """A name that the record carries: 1 to 64 bytes."""
        value = self.text(key)
        try:
            text(key, value, 64)
        except RemoteError as e:
            self.fail(_small(e.text), "shorten or retype it", key)
        if not value.strip():
            self.fail("is empty", f'write: {key} = "..."', key)
        return value

    def optional(self, key: str) -> str | None:
        if self.has(key):
            return self.text(key)
        self._asked.append(key)
        return None

    def flag(self, key: str, default: bool) -> bool:
        value = self.get(key)
        if value is not None and not isinstance(value, bool):
            self.fail(f"is {_kind(value)}, not true or false", f"write: {key} = true", key)
        return default if value is None else value

    def whole(self, key: str, default: int, low: int, high: int) -> int:
        value = self.get(key)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool):
            self.fail(f"is {_kind(value)}, not a whole number", f"write: {key} = {default}", key)
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
            seconds = int(value[:-1]) * _UNITS[value[-1]]
        if seconds is None:
            self.fail("is not a length of time", 'write it as "90s", "15m", "6h" or "1d"', key)
        if not low <= seconds <= high:
            self.fail(f"is {seconds} seconds, outside {low} to {high}", "", key)
        return seconds

    def instant(self, key: str) -> tuple[Seconds, datetime]:
        value = self.take(key, f"add: {key} = 2021-07-27T10:00:00+09:00")
        hint = "write date, time and zone without quotation marks: 2021-07-27T10:00:00+09:00"
        if not isinstance(value, datetime):
            self.fail(f"is {_kind(value)}, not a date and time", hint, key)
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
            self.fail(f"{value!r} is not known", _closest(value, known), key)
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

    def table(self, key: str) -> _Table:
        """A table that may be left out."""
        value = self.get(key)
        return _Table(self.file, key, {} if value is None else value)

    def inner(self, key: str) -> dict[str, _Table]:
        """The named tables of a table of tables."""
        value = self.get(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.fail(f"is {_kind(value)}, not a table", f"write: [{key}.NAME]", key)
        return {name: _Table(self.file, f"{key}.{name}", each) for name, each in value.items()}

    def listed(self, key: str) -> list[object]:
        value = self.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self.fail(f"is {_kind(value)}, not a list of tables", f"write: [[{key}]]", key)
        return value

    def done(self) -> None:
        for key in self._left:
            self.fail(f"the key {key!r} is not known here", _closest(key, self._asked))


class _Reader:
    """One file being read: what has been named so far, so that later names can be checked."""

    def __init__(self, file: str, headings: list[int]) -> None:
        self._file = file
        self._headings = headings
        self._parties: tuple[Party, ...] = ()
        self._lines: dict[str, LinePlan] = {}
        self._bearers: dict[str, BearerPlan] = {}
        self._messages: dict[str, str] = {}  # id -> line
        self._senders: dict[str, str] = {}  # id -> party
        self._terms: dict[str, tuple[str, ...]] = {}  # id -> lines
        self._offerers: dict[str, str] = {}  # id -> login, with the party: PARTY/LOGIN

    def scenario(self, document: dict[str, object]) -> Scenario:
        top = _Table(self._file, "", document)
        version = top.text("format")
        if version != FORMAT:
            top.fail(f"the format is {version!r}, not {FORMAT!r}", f'this program reads format = "{FORMAT}"')
        title, about = top.words("title", must=True), top.words("about")
        (start, _), (end, _) = top.instant("start"), top.instant("end")
        if end <= start:
            top.fail("'end' is not after 'start'", "the end is the later of the two")
        seed = top.whole("seed", 1, 0, 1 << 62)
        settings = top.table("settings")
        life = settings.duration("sign_of_life", 3600, 10, 7 * 86400)
        sync = settings.flag("sync", True)
        settings.done()
        self._read_parties(top)
        clock, clock_name = self._read_clock(top)
        self._read_lines(top)
        self._read_bearers(top)
        steps = self._read_steps(top, start, end)
        top.done()
        first, second = self._parties
        return Scenario(
            title, about, start, end, seed, life, sync, clock, clock_name, (first, second),
            tuple(self._bearers.values()), tuple(self._lines.values()), steps,
            dict(self._messages), dict(self._senders),
        )  # fmt: skip

    def _read_clock(self, top: _Table) -> tuple[int, Words]:
        """The civil clock of the story; that of the first party when nothing is said."""
        table = top.table("clock")
        zone = table.optional("zone")
        name = table.words("name")
        table.done()
        clock = self._parties[0].civil_clock if zone is None else _civil(table, "zone", zone)
        return clock, name or {"en": clock_text(clock)}

    def _read_parties(self, top: _Table) -> None:
        tables = top.inner("party")
        if len(tables) != 2:
            top.fail(
                f"there are {len(tables)} parties, not exactly two", "write [party.north] and [party.south]"
            )
        for key, t in tables.items():
            _check_name(t, key, (BOTH, "either", "nobody"))
            name = t.named("name")
            label = t.words("label") or {"en": name}
            languages = _languages(t, ("en",))
            clock = _civil(t, "civil_clock", t.text("civil_clock", "UTC"))
            officers = tuple(
                self._officer(_Table(self._file, f"party.{key}.officer {n}", each))
                for n, each in enumerate(t.listed("officer"), 1)
            )
            t.done()
            logins = [o.login for o in officers]
            for login in logins:
                if logins.count(login) > 1:
                    t.fail(f"there are two officers {login!r}", "choose another login for one of them")
            if officers and not any(Power.ADMINISTER in o.powers for o in officers):
                t.fail(
                    "no officer has the power 'administer'", "give it to one: lines are made by that power"
                )
            self._parties += (Party(key, name, label, languages, clock, officers or OFFICERS),)

    def _officer(self, t: _Table) -> OfficerPlan:
        login = t.text("login")
        _check_name(t, login, ("nobody",))
        office = t.named("office")
        known = {_word(p): p for p in Power if p}
        powers = Power.NONE
        for name in t.texts("powers", ()):
            powers |= known[t.one_of("powers", name, known)]
        highest = Precedence[t.choice("highest_precedence", Precedence.__members__, "FLASH")]
        t.done()
        return OfficerPlan(login, office, powers, highest)

    def _read_lines(self, top: _Table) -> None:
        for key, t in top.inner("line").items():
            _check_name(t, key, ())
            name = t.text("name", key)
            label, purpose = t.words("label"), t.text("purpose", "")
            languages = _languages(t, tuple(dict.fromkeys(x for p in self._parties for x in p.languages)))
            clocks = {p.civil_clock for p in self._parties}
            zone = t.optional("clock")
            if zone is None and len(clocks) > 1 and t.has("schedule"):
                t.fail("the parties keep different civil clocks", 'add: clock = "UTC+09:00"')
            clock = min(clocks) if zone is None else _civil(t, "clock", zone)
            schedule = tuple(self._slot(t, text) for text in t.texts("schedule", ()))
            always = t.texts("always_open", ())
            kinds = {_word(kind): kind for kind in (ActKind.MESSAGE,)}
            line = LinePlan(
                key, name, label or {"en": name}, purpose, languages, clock, schedule,
                t.whole("quorum", 2, 1, 8), t.flag("second_person", True), t.flag("tells_watch", True),
                tuple(kinds[t.one_of("always_open", kind, kinds)] for kind in always),
                t.flag("opened", True),
            )  # fmt: skip
            t.done()
            if any(line.name == other.name for other in self._lines.values()):
                t.fail(f"there are two lines of the name {line.name!r}", "name each line differently")
            try:
                line.accord((self._parties[0], self._parties[1]), bytes(NONCE_BYTES))
            except RemoteError as e:
                t.fail(_small(e.text), "this is what an accord allows")
            for party in self._parties:
                able = [o for o in party.officers if Power.RESTORE in o.powers]
                if line.opened and len(able) < line.quorum:
                    t.fail(
                        f"{len(able)} officers of {party.key} have the power 'restore', not {line.quorum}",
                        "give the power to more officers, or lower the quorum",
                    )
            self._lines[key] = line
        if not self._lines:
            top.fail("there is no line", 'write [line.NAME] with a purpose = "..." below it')

    def _slot(self, t: _Table, text: str) -> SlotPlan:
        hint = 'write it as "mon-fri 09:00 opening south" or "daily 16:00 check either 30m"'
        m = _SLOT.fullmatch(text)
        if m is None or int(m["hour"]) > 23 or int(m["minute"]) > 59:
            t.fail(f"{text!r} is not a slot", hint, "schedule")
        weekdays = _weekdays(m["days"])
        if weekdays is None:
            t.fail(f"{m['days']!r} are no days of the week", hint, "schedule")
        meanings = {_word(meaning): meaning for meaning in Meaning}
        meaning = meanings[t.one_of("schedule", m["meaning"], meanings)]
        caller = t.one_of("schedule", m["caller"], [*(p.key for p in self._parties), "either"])
        length = m["length"] or "30m"
        seconds = int(length[:-1]) * _UNITS[length[-1]]
        if not 60 <= seconds <= 12 * 3600:
            t.fail(f"a slot is open for 1 minute to 12 hours, not {length}", hint, "schedule")
        minute = int(m["hour"]) * 60 + int(m["minute"])
        return SlotPlan(minute, weekdays, meaning, None if caller == "either" else caller, seconds)

    def _read_bearers(self, top: _Table) -> None:
        known = list(self._lines)
        for key, t in top.inner("bearer").items():
            _check_name(t, key, ())
            lines = t.texts("lines", tuple(known))
            for name in lines:
                t.one_of("lines", name, known)
            latency_ms = t.whole("latency_ms", 0, 0, 60_000)
            up = t.flag("up", True)
            t.done()
            self._bearers[key] = BearerPlan(key, lines, latency_ms / 1000, up)
        carried = {name for bearer in self._bearers.values() if bearer.up for name in bearer.lines}
        for name in known:
            if name not in carried:
                top.fail(
                    f"no bearer that is up carries the line {name!r}",
                    f'add "{name}" to the lines of a [bearer.NAME]',
                )

    # --- steps

    def _read_steps(self, top: _Table, start: Seconds, end: Seconds) -> tuple[Step, ...]:
        steps: list[Step] = []
        raw = top.listed("step")
        known_places = len(raw) == len(self._headings)
        for number, value in enumerate(raw, 1):
            file_line = self._headings[number - 1] if known_places else 0
            where = f"step {number} (line {file_line})" if known_places else f"step {number}"
            t = _Table(self._file, where, value)
            at, civil = t.instant("at")
            if not start <= at <= end:
                t.fail("is before the start or after the end of the scenario", "", "at")
            if steps and at < steps[-1].instants[0]:
                t.fail("is before the step above it", "keep the steps in the order of time", "at")
            steps.append(self._step(t, number, file_line, at, civil, end))
        if sum(len(step.instants) for step in steps) > OCCURRENCES_MAX:
            top.fail(f"there are more than {OCCURRENCES_MAX} steps, repeats counted", "repeat less often")
        return tuple(steps)

    def _step(
        self, t: _Table, number: int, file_line: int, at: Seconds, civil: datetime, end: Seconds
    ) -> Step:
        do = t.choice("do", _ACTIONS)
        note, cites, refused = t.words("note"), t.texts("cites", ()), t.optional("refused")
        instants = self._instants(t, at, civil, end) if t.has("repeat") else (at,)
        t.get("repeat")
        if len(instants) > 1 and do not in _REPEATABLE:
            t.fail(f"{do!r} cannot be repeated", f"what can: {', '.join(sorted(_REPEATABLE))}", "repeat")
        by: str | None = None
        if do in _WITHOUT_PARTY:
            if do == "note":
                by = t.optional("by")
                if by is not None:
                    t.one_of("by", by, [p.key for p in self._parties])
        else:
            by = t.one_of("by", t.text("by"), [p.key for p in self._parties])
        action = _ACTIONS[do](self, t, None if by is None else self._party(by))
        t.done()
        return Step(number, file_line, instants, do, by, action, note, cites, refused)

    def _instants(self, t: _Table, at: Seconds, civil: datetime, end: Seconds) -> tuple[Seconds, ...]:
        r = _Table(self._file, f"{t.where}: repeat", t.get("repeat"))
        every = r.duration("every", None, 60, 366 * 86400)
        until, _ = r.instant("until")
        days = r.text("days", "daily")
        r.done()
        weekdays = _weekdays(days)
        if weekdays is None:
            r.fail(f"{days!r} are no days of the week", 'write: days = "mon-fri"', "days")
        if not at < until <= end:
            r.fail("is not after the step, or is after the end of the scenario", "", "until")
        if (until - at) // every >= OCCURRENCES_MAX:
            r.fail(f"makes more than {OCCURRENCES_MAX} steps", "repeat less often", "every")
        every_one = range(at, until + 1, every)
        found = tuple(s for s in every_one if weekdays >> (civil + timedelta(seconds=s - at)).weekday() & 1)
        if not found:
            r.fail("none of these days is between the step and the end of the repeat", "", "days")
        return found

    def _party(self, key: str) -> Party:
        return next(p for p in self._parties if p.key == key)

    def _officer_of(self, t: _Table, key: str, party: Party, power: Power, other_than: str = "") -> str:
        """The officer named, or the first of the party with this power."""
        login = t.optional(key)
        if login is not None:
            return t.one_of(key, login, [o.login for o in party.officers])
        found = party.first_with(power, (other_than,)) or party.first_with(power)
        if found is None:
            t.fail(f"no officer of {party.key} has the power {_word(power)}", f'name one: {key} = "..."')
        return found.login

    def _lines_of(self, t: _Table, *, must: bool = True) -> tuple[str, ...]:
        if t.has("line") and t.has("lines"):
            t.fail("has both 'line' and 'lines'", "keep one of the two")
        key = "lines" if t.has("lines") else "line"
        t._asked += ["line", "lines"]
        lines = t.texts(key, None if must else ())
        return tuple(t.one_of(key, name, self._lines) for name in lines)

    def _message_of(self, t: _Table, key: str) -> str:
        return t.one_of(key, t.text(key), self._messages)

    def _theirs(self, t: _Table, key: str, party: Party) -> str:
        message = self._message_of(t, key)
        if self._senders[message] == party.key:
            t.fail(f"{message!r} is a message of {party.key} itself", "name one of the other party", key)
        return message

    def _ours(self, t: _Table, key: str, party: Party) -> str:
        message = self._message_of(t, key)
        if self._senders[message] != party.key:
            t.fail(f"{message!r} is not a message of {party.key}", "name one of its own", key)
        return message

    def _message(self, t: _Table, party: Party, answers: str | None) -> Message:
        if answers is None:
            line = t.one_of("line", t.text("line"), self._lines)
        else:
            line = self._messages[answers]
        plan = self._lines[line]
        name = t.text("id", f"message-{len(self._messages) + 1}")
        _check_name(t, name, ())
        if name in self._messages:
            t.fail(f"there is a message {name!r} already", "give each message an id of its own", "id")
        text = t.text("text")
        if not text.strip():
            t.fail("is empty", 'write: text = "..."', "text")
        officer = self._officer_of(t, "officer", party, Power.RELEASE)
        drafter = t.optional("drafter") or next(
            (o.login for o in party.officers if o.login != officer), officer
        )
        t.one_of("drafter", drafter, [o.login for o in party.officers])
        spoken = next((x for x in party.languages if x in plan.languages), plan.languages[0])
        language = t.text("language", spoken)
        if not LANGUAGE.fullmatch(language):
            t.fail(f"{language!r} is not a language tag", 'write: language = "ko"', "language")
        precedence = Precedence[t.choice("precedence", Precedence.__members__, "ROUTINE")]
        made = Message(
            line, name, text.strip(), drafter, officer, t.flag("release", True), precedence, language,
            t.text("reason", ""), t.text("subject", ""), t.text("in_whose_name", ""),
            t.text("form_of_address", ""), answers,
            t.instant("reply_by")[0] if t.has("reply_by") else None,
            t.instant("stale_after")[0] if t.has("stale_after") else None,
        )  # fmt: skip
        t._asked += ["reply_by", "stale_after"]
        self._messages[name], self._senders[name] = line, party.key
        return made

    def do_message(self, t: _Table, party: Party | None) -> Action:
        assert party is not None
        return self._message(t, party, self._message_of(t, "answers") if t.has("answers") else None)

    def do_reply(self, t: _Table, party: Party | None) -> Action:
        assert party is not None
        return self._message(t, party, self._theirs(t, "to", party))

    def do_release(self, t: _Table, party: Party | None) -> Action:
        assert party is not None
        return Release(self._ours(t, "message", party), self._officer_of(t, "officer", party, Power.RELEASE))

    def do_withdraw(self, t: _Table, party: Party | None) -> Action:
        assert party is not None
        return Withdraw(self._ours(t, "message", party), self._officer_of(t, "officer", party, Power.RELEASE))

    def do_cancel(self, t: _Table, party: Party | None) -> Action:
        assert party is not None
        message = self._ours(t, "message", party)
        return Cancel(message, self._officer_of(t, "officer", party, Power.RELEASE), t.text("reason"))

    def do_acknowledge(self, t: _Table, party: Party | None) -> Action:
        assert party is not None
        message = self._theirs(t, "message", party)
        officer = self._officer_of(t, "officer", party, Power.ACKNOWLEDGE)
        read_back = t.optional("read_back")
        grades = {_word(grade): grade for grade in Grade}
        grade = grades[t.choice("grade", grades, "seen" if read_back is None else "read back")]
        return Acknowledge(message, officer, grade, read_back)

    def do_call(self, t: _Table, party: Party | None) -> Action:
        assert party is not None
        return Call(self._lines_of(t), self._officer_of(t, "officer", party, Power.NONE))

    def do_answer(self, t: _Table, party: Party | None) -> Action:
        assert party is not None
        return Answer(self._lines_of(t), self._officer_of(t, "officer", party, Power.NONE))

    def do_no_answer(self, t: _Table, party: Party | None) -> Action:
        return NoAnswer(self._lines_of(t))

    def do_sever(self, t: _Table, party: Party | None) -> Action:
        assert party is not None
        officer = self._officer_of(t, "officer", party, Power.SEVER)
        return Sever(self._lines_of(t, must=False), t.text("grounds"), officer)

    def do_offer_restore(self, t: _Table, party: Party | None) -> Action:
        assert party is not None
        lines = self._lines_of(t)
        name = t.text("id")
        _check_name(t, name, ())
        if name in self._terms:
            t.fail(f"there are terms {name!r} already", "give each offer an id of its own", "id")
        opens_at, _ = t.instant("opens_at")
        contact = t.instant("opening_contact")[0] if t.has("opening_contact") else None
        t._asked.append("opening_contact")
        officer = self._officer_of(t, "officer", party, Power.RESTORE)
        self._terms[name], self._offerers[name] = lines, f"{party.key}/{officer}"
        return OfferRestore(lines, name, opens_at, contact, t.text("reserved", ""), officer)

    def _terms_of(self, t: _Table) -> tuple[str, tuple[str, ...]]:
        name = t.one_of("terms", t.text("terms"), self._terms)
        lines = self._lines_of(t, must=False) or self._terms[name]
        for line in lines:
            t.one_of("lines", line, self._terms[name])
        return name, lines

    def do_agree(self, t: _Table, party: Party | None) -> Action:
        assert party is not None
        name, lines = self._terms_of(t)
        able = [o.login for o in party.officers if Power.RESTORE in o.powers]
        needed = max(self._lines[line].quorum for line in lines)
        if any(f"{party.key}/{login}" == self._offerers[name] for login in able):
            able = [login for login in able if f"{party.key}/{login}" != self._offerers[name]]
            needed -= 1
        officers = t.texts("officers", tuple(able[:needed]))
        for login in officers:
            t.one_of("officers", login, [o.login for o in party.officers])
        return Agree(name, lines, officers)

    def do_withdraw_terms(self, t: _Table, party: Party | None) -> Action:
        assert party is not None
        name, lines = self._terms_of(t)
        return WithdrawTerms(name, lines, self._officer_of(t, "officer", party, Power.RESTORE))

    def _bearer(self, t: _Table, up: bool) -> Action:
        key = "bearers" if t.has("bearers") else "bearer"
        t._asked += ["bearer", "bearers"]
        bearers = tuple(t.one_of(key, name, self._bearers) for name in t.texts(key))
        sender = t.optional("sender")
        if sender is not None:
            t.one_of("sender", sender, [p.key for p in self._parties])
        return BearerChange(bearers, up, sender, not up and t.flag("silently", False))

    def do_bearer_up(self, t: _Table, party: Party | None) -> Action:
        return self._bearer(t, True)

    def do_bearer_down(self, t: _Table, party: Party | None) -> Action:
        return self._bearer(t, False)

    def do_crash(self, t: _Table, party: Party | None) -> Action:
        return Crash()

    def do_restart(self, t: _Table, party: Party | None) -> Action:
        return Restart()

    def do_watch(self, t: _Table, party: Party | None) -> Action:
        assert party is not None
        officer = t.one_of("officer", t.text("officer"), ["nobody", *(o.login for o in party.officers)])
        return Watch(None if officer == "nobody" else officer)

    def do_note(self, t: _Table, party: Party | None) -> Action:
        return Tell(self._lines_of(t, must=False))

    def do_expect(self, t: _Table, party: Party | None) -> Action:
        keys = [p.key for p in self._parties]
        named = t.one_of("party", t.text("party"), [*keys, BOTH])
        parties = tuple(keys) if named == BOTH else (named,)
        kinds = [key for key in ("message", "terms") if t.has(key)]
        if len(kinds) > 1:
            t.fail("has both 'message' and 'terms'", "one expectation is about one thing")
        message: str | None = None
        terms: str | None = None
        lines: tuple[str, ...] = ()
        if kinds == ["message"]:
            known, message = MESSAGE_STATES, self._message_of(t, "message")
        elif kinds == ["terms"]:
            (terms, lines), known = self._terms_of(t), TERMS_STATES
        else:
            lines, known = self._lines_of(t), LINE_STATES
        wanted = tuple((key, self._wanted(t, key, known[key])) for key in t.left() if key in known)
        t._asked += known
        if not wanted and not t.left():
            t.fail("expects nothing", f"add one of: {', '.join(known)}")
        return Expect(parties, lines, message, terms, wanted)

    def _wanted(self, t: _Table, key: str, kind: type) -> Wanted:
        if kind is bool:
            return t.flag(key, False)
        if kind is str:
            texts = t.texts(key)
            return texts[0] if len(texts) == 1 else texts
        value = t.get(key)
        bound = _BOUND.fullmatch(value) if isinstance(value, str) else None
        if bound is not None:
            number = int(bound[2])
            return Bound(number, U32) if bound[1] == "at least" else Bound(0, number)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            t.fail("is not a number", f'write: {key} = 3, or "at least 3", or "at most 3"', key)
        return Bound(value, value)


_REPEATABLE = frozenset({"call", "answer", "no_answer", "note", "expect", "watch"})
_WITHOUT_PARTY = frozenset({"note", "expect", "bearer_up", "bearer_down"})
_ACTIONS: dict[str, Callable[[_Reader, _Table, Party | None], Action]] = {
    "message": _Reader.do_message,
    "reply": _Reader.do_reply,
    "release": _Reader.do_release,
    "withdraw": _Reader.do_withdraw,
    "cancel": _Reader.do_cancel,
    "acknowledge": _Reader.do_acknowledge,
    "call": _Reader.do_call,
    "answer": _Reader.do_answer,
    "no_answer": _Reader.do_no_answer,
    "sever": _Reader.do_sever,
    "offer_restore": _Reader.do_offer_restore,
    "agree": _Reader.do_agree,
    "withdraw_terms": _Reader.do_withdraw_terms,
    "bearer_up": _Reader.do_bearer_up,
    "bearer_down": _Reader.do_bearer_down,
    "crash": _Reader.do_crash,
    "restart": _Reader.do_restart,
    "watch": _Reader.do_watch,
    "note": _Reader.do_note,
    "expect": _Reader.do_expect,
}


# --- small words ------------------------------------------------------------------------------


def _civil(t: _Table, key: str, value: str) -> int:
    m = _CLOCK.fullmatch(value)
    minutes = 0 if m is None or m[1] is None else int(m[2]) * 60 + int(m[3])
    if m is None or minutes > 14 * 60 or (m[3] is not None and int(m[3]) > 59):
        t.fail(f"{value!r} is not a civil clock", 'write it as "UTC+09:00" or "UTC"', key)
    return -minutes if m[1] == "-" else minutes


def _languages(t: _Table, default: tuple[str, ...]) -> tuple[str, ...]:
    languages = t.texts("languages", default)
    for language in languages:
        if not LANGUAGE.fullmatch(language):
            t.fail(f"{language!r} is not a language tag", 'write: languages = ["ko", "en"]', "languages")
    return languages


def _weekdays(text: str) -> int | None:
    """The bits of "daily", "mon-fri", "sat,sun"; None for what is none of these."""
    if text == "daily":
        return EVERY_DAY
    bits = 0
    for part in text.split(","):
        first, _, last = part.partition("-")
        last = last or first
        if first not in DAY_NAMES or last not in DAY_NAMES or ("-" in part and first == last):
            return None
        day = DAY_NAMES.index(first)
        bits |= 1 << day
        while DAY_NAMES[day] != last:
            day = (day + 1) % 7
            bits |= 1 << day
    return bits


def _check_name(t: _Table, name: str, taken: Iterable[str]) -> None:
    if not _NAME.fullmatch(name):
        t.fail(f"{name!r} cannot be a name here", "use small letters, digits and hyphens, at most 32")
    if name in taken:
        t.fail(f"{name!r} has a meaning of its own", "choose another name")


def _word(value: ActKind | Grade | Power | Meaning) -> str:
    return (value.name or "none").lower().replace("_", " ")


def _closest(value: str, known: Iterable[str]) -> str:
    options = sorted(set(known))
    near = difflib.get_close_matches(value, options, 1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known are: {', '.join(options)}" if options else "there is none yet"


def _kind(value: object) -> str:
    names = {dict: "a table", list: "a list", str: "a text", bool: "true or false", int: "a number"}
    return names.get(type(value), "a date" if "date" in type(value).__name__ else "something else")


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]
