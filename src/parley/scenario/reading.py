"""Reading a scenario file: TOML in, a `Scenario` out, or one sentence that says what is wrong and where.

A file is read once, wholly and strictly: what the format does not know is refused, with the place and a
hint, so that a slip of the pen is not a story that quietly tells something else. Every refusal is a
LocalError of one sentence. A step that a desk refuses is no error of the file but a result of the play.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from parley.core.accord import EVERY_DAY, LETTERS, Meaning
from parley.core.errors import LocalError, RemoteError
from parley.core.types import NONCE_BYTES, U32, ActKind, Grade, Power, Precedence, Seconds
from parley.scenario import instruments
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
    OfInstrument,
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
from parley.scenario.table import LANGUAGE, UNITS, Table, check_name, small, word

FILE_BYTES_MAX = 1 << 20
OCCURRENCES_MAX = 100_000
DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
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
        raise LocalError(f"{name}: is not TOML: {small(str(e))}", "see https://toml.io") from None
    headings = [text.count("\n", 0, m.start()) + 1 for m in _STEP_HEADING.finditer(text)]
    return _Reader(name, headings).scenario(document)


# --- reading ----------------------------------------------------------------------------------


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
        self._things: dict[str, dict[str, object]] = {}  # of instruments: kind -> id -> what is kept of it

    def scenario(self, document: dict[str, object]) -> Scenario:
        top = Table(self._file, "", document)
        version = top.text("format")
        if version != FORMAT:
            top.fail(f"the format is {version!r}, not {FORMAT!r}", f'this program reads format = "{FORMAT}"')
        title, about = top.words("title", must=True), top.words("about")
        (start, _), (end, _) = top.instant("start"), top.instant("end")
        if end <= start:
            top.fail("'end' is not after 'start'", "the end is the later of the two")
        seed = top.whole("seed", 1, 0, 1 << 62)
        settings = top.table("settings")
        life = settings.duration("sign_of_life", 3600, 10, 31 * 86400)
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

    def _read_clock(self, top: Table) -> tuple[int, Words]:
        """The civil clock of the story; that of the first party when nothing is said."""
        table = top.table("clock")
        zone = table.optional("zone")
        name = table.words("name")
        table.done()
        clock = self._parties[0].civil_clock if zone is None else _civil(table, "zone", zone)
        return clock, name or {"en": clock_text(clock)}

    def _read_parties(self, top: Table) -> None:
        tables = top.inner("party")
        if len(tables) != 2:
            top.fail(
                f"there are {len(tables)} parties, not exactly two", "write [party.north] and [party.south]"
            )
        for key, t in tables.items():
            check_name(t, key, (BOTH, "either", "nobody"))
            name = t.named("name")
            label = t.words("label") or {"en": name}
            languages = _languages(t, ("en",))
            clock = _civil(t, "civil_clock", t.text("civil_clock", "UTC"))
            officers = tuple(
                self._officer(Table(self._file, f"party.{key}.officer {n}", each))
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

    def _officer(self, t: Table) -> OfficerPlan:
        login = t.text("login")
        check_name(t, login, ("nobody",))
        office = t.named("office")
        known = {word(p): p for p in Power if p}
        powers = Power.NONE
        for name in t.texts("powers", ()):
            powers |= known[t.one_of("powers", name, known)]
        highest = Precedence[t.choice("highest_precedence", Precedence.__members__, "FLASH")]
        t.done()
        return OfficerPlan(login, office, powers, highest)

    def _read_lines(self, top: Table) -> None:
        for key, t in top.inner("line").items():
            check_name(t, key, ())
            name = t.text("name", key)
            label, purpose = t.words("label"), t.text("purpose", "")
            languages = _languages(t, tuple(dict.fromkeys(x for p in self._parties for x in p.languages)))
            clocks = {p.civil_clock for p in self._parties}
            zone = t.optional("clock")
            if zone is None and len(clocks) > 1 and t.has("schedule"):
                t.fail("the parties keep different civil clocks", 'add: clock = "UTC+09:00"')
            clock = min(clocks) if zone is None else _civil(t, "clock", zone)
            schedule = tuple(self._slot(t, text) for text in t.texts("schedule", ()))
            kinds = {word(kind): kind for kind in (ActKind.MESSAGE, *LETTERS, ActKind.ANNOUNCEMENT)}
            always = t.texts("always_open", tuple(word(kind) for kind in LETTERS))
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
                t.fail(small(e.text), "this is what an accord allows")
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

    def _slot(self, t: Table, text: str) -> SlotPlan:
        hint = 'write it as "mon-fri 09:00 opening south" or "daily 16:00 check either 30m"'
        m = _SLOT.fullmatch(text)
        if m is None or int(m["hour"]) > 23 or int(m["minute"]) > 59:
            t.fail(f"{text!r} is not a slot", hint, "schedule")
        weekdays = _weekdays(m["days"])
        if weekdays is None:
            t.fail(f"{m['days']!r} are no days of the week", hint, "schedule")
        meanings = {word(meaning): meaning for meaning in Meaning}
        meaning = meanings[t.one_of("schedule", m["meaning"], meanings)]
        caller = t.one_of("schedule", m["caller"], [*(p.key for p in self._parties), "either"])
        length = m["length"] or "30m"
        seconds = int(length[:-1]) * UNITS[length[-1]]
        if not 60 <= seconds <= 12 * 3600:
            t.fail(f"a slot is open for 1 minute to 12 hours, not {length}", hint, "schedule")
        minute = int(m["hour"]) * 60 + int(m["minute"])
        return SlotPlan(minute, weekdays, meaning, None if caller == "either" else caller, seconds)

    def _read_bearers(self, top: Table) -> None:
        known = list(self._lines)
        for key, t in top.inner("bearer").items():
            check_name(t, key, ())
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

    def _read_steps(self, top: Table, start: Seconds, end: Seconds) -> tuple[Step, ...]:
        steps: list[Step] = []
        raw = top.listed("step")
        known_places = len(raw) == len(self._headings)
        for number, value in enumerate(raw, 1):
            file_line = self._headings[number - 1] if known_places else 0
            where = f"step {number} (line {file_line})" if known_places else f"step {number}"
            t = Table(self._file, where, value)
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
        self, t: Table, number: int, file_line: int, at: Seconds, civil: datetime, end: Seconds
    ) -> Step:
        do = t.choice("do", {**_ACTIONS, **instruments.STEPS})
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
        if do in instruments.STEPS:
            assert by is not None
            deed = instruments.STEPS[do](self, t, self._party(by))
            action: Action = OfInstrument(deed, deed.lines)
        else:
            action = _ACTIONS[do](self, t, None if by is None else self._party(by))
        t.done()
        return Step(number, file_line, instants, do, by, action, note, cites, refused)

    def _instants(self, t: Table, at: Seconds, civil: datetime, end: Seconds) -> tuple[Seconds, ...]:
        r = Table(self._file, f"{t.where}: repeat", t.get("repeat"))
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

    def _officer_of(self, t: Table, key: str, party: Party, power: Power, other_than: str = "") -> str:
        """The officer named, or the first of the party with this power."""
        login = t.optional(key)
        if login is not None:
            return t.one_of(key, login, [o.login for o in party.officers])
        found = party.first_with(power, (other_than,)) or party.first_with(power)
        if found is None:
            t.fail(f"no officer of {party.key} has the power {word(power)}", f'name one: {key} = "..."')
        return found.login

    def _lines_of(self, t: Table, *, must: bool = True) -> tuple[str, ...]:
        if t.has("line") and t.has("lines"):
            t.fail("has both 'line' and 'lines'", "keep one of the two")
        key = "lines" if t.has("lines") else "line"
        t.asked += ["line", "lines"]
        lines = t.texts(key, None if must else ())
        return tuple(t.one_of(key, name, self._lines) for name in lines)

    # --- what the steps of instruments are read with (deeds.Read)

    def line_of(self, table: Table) -> str:
        return table.one_of("line", table.text("line"), self._lines)

    def plan(self, line: str) -> LinePlan:
        return self._lines[line]

    def officer(self, table: Table, party: Party, power: Power, key: str = "officer", other: str = "") -> str:
        return self._officer_of(table, key, party, power, other)

    def new(self, table: Table, kind: str, about: object) -> str:
        name = table.text("id")
        check_name(table, name, ())
        things = self._things.setdefault(kind, {})
        if name in things:
            table.fail(f"there is {kind} {name!r} already", "give each an id of its own", "id")
        things[name] = about
        return name

    def known(self, table: Table, kind: str, key: str = "") -> tuple[str, object]:
        things = self._things.get(kind, {})
        name = table.one_of(key or kind, table.text(key or kind), things)
        return name, things[name]

    def _message_of(self, t: Table, key: str) -> str:
        return t.one_of(key, t.text(key), self._messages)

    def _theirs(self, t: Table, key: str, party: Party) -> str:
        message = self._message_of(t, key)
        if self._senders[message] == party.key:
            t.fail(f"{message!r} is a message of {party.key} itself", "name one of the other party", key)
        return message

    def _ours(self, t: Table, key: str, party: Party) -> str:
        message = self._message_of(t, key)
        if self._senders[message] != party.key:
            t.fail(f"{message!r} is not a message of {party.key}", "name one of its own", key)
        return message

    def _message(self, t: Table, party: Party, answers: str | None) -> Message:
        if answers is None:
            line = t.one_of("line", t.text("line"), self._lines)
        else:
            line = self._messages[answers]
        plan = self._lines[line]
        name = t.text("id", f"message-{len(self._messages) + 1}")
        check_name(t, name, ())
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
        t.asked += ["reply_by", "stale_after"]
        self._messages[name], self._senders[name] = line, party.key
        return made

    def do_message(self, t: Table, party: Party | None) -> Action:
        assert party is not None
        return self._message(t, party, self._message_of(t, "answers") if t.has("answers") else None)

    def do_reply(self, t: Table, party: Party | None) -> Action:
        assert party is not None
        return self._message(t, party, self._theirs(t, "to", party))

    def do_release(self, t: Table, party: Party | None) -> Action:
        assert party is not None
        return Release(self._ours(t, "message", party), self._officer_of(t, "officer", party, Power.RELEASE))

    def do_withdraw(self, t: Table, party: Party | None) -> Action:
        assert party is not None
        return Withdraw(self._ours(t, "message", party), self._officer_of(t, "officer", party, Power.RELEASE))

    def do_cancel(self, t: Table, party: Party | None) -> Action:
        assert party is not None
        message = self._ours(t, "message", party)
        return Cancel(message, self._officer_of(t, "officer", party, Power.RELEASE), t.text("reason"))

    def do_acknowledge(self, t: Table, party: Party | None) -> Action:
        assert party is not None
        message = self._theirs(t, "message", party)
        officer = self._officer_of(t, "officer", party, Power.ACKNOWLEDGE)
        read_back = t.optional("read_back")
        grades = {word(grade): grade for grade in Grade}
        grade = grades[t.choice("grade", grades, "seen" if read_back is None else "read back")]
        return Acknowledge(message, officer, grade, read_back)

    def do_call(self, t: Table, party: Party | None) -> Action:
        assert party is not None
        return Call(self._lines_of(t), self._officer_of(t, "officer", party, Power.NONE))

    def do_answer(self, t: Table, party: Party | None) -> Action:
        assert party is not None
        return Answer(self._lines_of(t), self._officer_of(t, "officer", party, Power.NONE))

    def do_no_answer(self, t: Table, party: Party | None) -> Action:
        return NoAnswer(self._lines_of(t))

    def do_sever(self, t: Table, party: Party | None) -> Action:
        assert party is not None
        officer = self._officer_of(t, "officer", party, Power.SEVER)
        return Sever(self._lines_of(t, must=False), t.text("grounds"), officer)

    def do_offer_restore(self, t: Table, party: Party | None) -> Action:
        assert party is not None
        lines = self._lines_of(t)
        name = t.text("id")
        check_name(t, name, ())
        if name in self._terms:
            t.fail(f"there are terms {name!r} already", "give each offer an id of its own", "id")
        opens_at, _ = t.instant("opens_at")
        contact = t.instant("opening_contact")[0] if t.has("opening_contact") else None
        t.asked.append("opening_contact")
        officer = self._officer_of(t, "officer", party, Power.RESTORE)
        self._terms[name], self._offerers[name] = lines, f"{party.key}/{officer}"
        return OfferRestore(lines, name, opens_at, contact, t.text("reserved", ""), officer)

    def _terms_of(self, t: Table) -> tuple[str, tuple[str, ...]]:
        name = t.one_of("terms", t.text("terms"), self._terms)
        lines = self._lines_of(t, must=False) or self._terms[name]
        for line in lines:
            t.one_of("lines", line, self._terms[name])
        return name, lines

    def do_agree(self, t: Table, party: Party | None) -> Action:
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

    def do_withdraw_terms(self, t: Table, party: Party | None) -> Action:
        assert party is not None
        name, lines = self._terms_of(t)
        return WithdrawTerms(name, lines, self._officer_of(t, "officer", party, Power.RESTORE))

    def _bearer(self, t: Table, up: bool) -> Action:
        key = "bearers" if t.has("bearers") else "bearer"
        t.asked += ["bearer", "bearers"]
        bearers = tuple(t.one_of(key, name, self._bearers) for name in t.texts(key))
        sender = t.optional("sender")
        if sender is not None:
            t.one_of("sender", sender, [p.key for p in self._parties])
        return BearerChange(bearers, up, sender, not up and t.flag("silently", False))

    def do_bearer_up(self, t: Table, party: Party | None) -> Action:
        return self._bearer(t, True)

    def do_bearer_down(self, t: Table, party: Party | None) -> Action:
        return self._bearer(t, False)

    def do_crash(self, t: Table, party: Party | None) -> Action:
        return Crash()

    def do_restart(self, t: Table, party: Party | None) -> Action:
        return Restart()

    def do_watch(self, t: Table, party: Party | None) -> Action:
        assert party is not None
        officer = t.one_of("officer", t.text("officer"), ["nobody", *(o.login for o in party.officers)])
        return Watch(None if officer == "nobody" else officer)

    def do_note(self, t: Table, party: Party | None) -> Action:
        return Tell(self._lines_of(t, must=False))

    def do_expect(self, t: Table, party: Party | None) -> Action:
        keys = [p.key for p in self._parties]
        named = t.one_of("party", t.text("party"), [*keys, BOTH])
        parties = tuple(keys) if named == BOTH else (named,)
        kinds = [key for key in ("message", "terms", *instruments.EXPECTED) if t.has(key)]
        if len(kinds) > 1:
            t.fail(f"has both {kinds[0]!r} and {kinds[1]!r}", "one expectation is about one thing")
        thing: tuple[str, str] | None = None
        message: str | None = None
        terms: str | None = None
        lines: tuple[str, ...] = ()
        known: Mapping[str, type]
        if kinds == ["message"]:
            known, message = MESSAGE_STATES, self._message_of(t, "message")
        elif kinds == ["terms"]:
            (terms, lines), known = self._terms_of(t), TERMS_STATES
        elif kinds:
            expected = instruments.EXPECTED[kinds[0]]
            if expected.of_line:
                thing = kinds[0], t.one_of(kinds[0], t.text(kinds[0]), self._lines)
            else:
                thing = kinds[0], self.known(t, kinds[0])[0]
            known = expected.keys
        else:
            lines, known = self._lines_of(t), LINE_STATES
        wanted = tuple((key, self._wanted(t, key, known[key])) for key in t.left() if key in known)
        t.asked += known
        if not wanted and not t.left():
            t.fail("expects nothing", f"add one of: {', '.join(known)}")
        return Expect(parties, lines, message, terms, wanted, thing)

    def _wanted(self, t: Table, key: str, kind: type) -> Wanted:
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
_ACTIONS: dict[str, Callable[[_Reader, Table, Party | None], Action]] = {
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


def _civil(t: Table, key: str, value: str) -> int:
    m = _CLOCK.fullmatch(value)
    minutes = 0 if m is None or m[1] is None else int(m[2]) * 60 + int(m[3])
    if m is None or minutes > 14 * 60 or (m[3] is not None and int(m[3]) > 59):
        t.fail(f"{value!r} is not a civil clock", 'write it as "UTC+09:00" or "UTC"', key)
    return -minutes if m[1] == "-" else minutes


def _languages(t: Table, default: tuple[str, ...]) -> tuple[str, ...]:
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
