"""What a scenario says, as values: parties, lines, bearers, steps and expectations (docs/guide/scenarios.md).

A `Scenario` that exists names only parties, lines, bearers, officers and messages that it has. Whether an
end *allows* a step is for the desk to say when it is played. Reading a file into these is in `reading`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TypeAlias

from parley.core.accord import EVERY_DAY, Accord, Meaning, Slot
from parley.core.types import ActKind, Grade, Power, Precedence, Seconds

FORMAT = "parley-scenario/1"
BOTH = "both"

Words: TypeAlias = "Mapping[str, str]"
"""A text by language."""

# --- the values -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OfficerPlan:
    """An officer of a party: `login` is typed, `office` is what the other side reads."""

    login: str
    office: str
    powers: Power
    precedence_max: Precedence


OFFICERS: tuple[OfficerPlan, ...] = (
    OfficerPlan("duty", "Duty officer", Power.ACKNOWLEDGE, Precedence.FLASH),
    OfficerPlan(
        "chief", "Chief of the watch", Power.RELEASE | Power.ACKNOWLEDGE | Power.RESTORE, Precedence.FLASH
    ),
    OfficerPlan(
        "head",
        "Head of the line office",
        Power.RELEASE | Power.SEVER | Power.RESTORE | Power.ADMINISTER,
        Precedence.FLASH,
    ),
)
"""Who a party has when its table names nobody."""


@dataclass(frozen=True, slots=True)
class Party:
    """One of the two. `civil_clock`: minutes east of UTC."""

    key: str
    name: str
    label: Words
    languages: tuple[str, ...]
    civil_clock: int
    officers: tuple[OfficerPlan, ...]

    def officer(self, login: str) -> OfficerPlan:
        return next(o for o in self.officers if o.login == login)

    def first_with(self, powers: Power, other_than: Iterable[str] = ()) -> OfficerPlan | None:
        """The first officer listed who holds all of `powers`."""
        found = (o for o in self.officers if o.powers & powers == powers and o.login not in other_than)
        return next(found, None)


@dataclass(frozen=True, slots=True)
class BearerPlan:
    """A link between the ends. `lines`: keys of the lines it carries; the order wire goes by every bearer."""

    key: str
    lines: tuple[str, ...]
    latency_s: float
    up: bool


@dataclass(frozen=True, slots=True)
class SlotPlan:
    """A scheduled contact by the line's civil clock. `caller`: key of a party, None for either."""

    minute: int
    weekdays: int
    meaning: Meaning
    caller: str | None
    open_s: int


@dataclass(frozen=True, slots=True)
class LinePlan:
    """A line as it is set up before the story."""

    key: str
    name: str
    label: Words
    purpose: str
    languages: tuple[str, ...]
    clock: int
    schedule: tuple[SlotPlan, ...]
    quorum: int
    second_person: bool
    tells_watch: bool
    always_open: tuple[ActKind, ...]
    opened: bool

    def accord(self, parties: tuple[Party, Party], nonce: bytes) -> Accord:
        """The accord of the line, `parties` in the order of their index. Raises RemoteError."""
        return Accord(
            self.name,
            nonce,
            purpose=self.purpose,
            languages=self.languages,
            civil_clocks=(parties[0].civil_clock, parties[1].civil_clock),
            schedule=tuple(_slot(s, self.clock, parties) for s in self.schedule),
            quorum_restore=self.quorum,
            second_person=self.second_person,
            always_open=tuple(int(kind) for kind in self.always_open),
            tells_watch=self.tells_watch,
        )


def _slot(plan: SlotPlan, clock: int, parties: tuple[Party, Party]) -> Slot:
    """A slot by the civil clock as the accord has it, in UTC: over midnight the weekdays turn with it."""
    days, minute = divmod(plan.minute - clock, 1440)
    weekdays = plan.weekdays
    if days < 0:
        weekdays = weekdays >> 1 | (weekdays & 1) << 6
    elif days > 0:
        weekdays = (weekdays << 1 | weekdays >> 6) & EVERY_DAY
    caller = None if plan.caller is None else [p.key for p in parties].index(plan.caller)
    return Slot(minute, weekdays, plan.meaning, caller, plan.open_s)


@dataclass(frozen=True, slots=True)
class Message:
    """Composed by `drafter`, and released at once by `officer` unless `release` is False."""

    line: str
    id: str
    text: str
    drafter: str
    officer: str
    release: bool
    precedence: Precedence
    language: str
    reason: str
    subject: str
    in_whose_name: str
    form_of_address: str
    answers: str | None
    reply_by: Seconds | None
    stale_after: Seconds | None


@dataclass(frozen=True, slots=True)
class Release:
    message: str
    officer: str


@dataclass(frozen=True, slots=True)
class Withdraw:
    message: str
    officer: str


@dataclass(frozen=True, slots=True)
class Cancel:
    message: str
    officer: str
    reason: str


@dataclass(frozen=True, slots=True)
class Acknowledge:
    message: str
    officer: str
    grade: Grade
    read_back: str | None


@dataclass(frozen=True, slots=True)
class Call:
    lines: tuple[str, ...]
    officer: str


@dataclass(frozen=True, slots=True)
class Answer:
    lines: tuple[str, ...]
    officer: str


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Told, and nothing done: who is called lets it ring, or does not hear it."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sever:
    """`lines` empty: all lines of the pair by one act."""

    lines: tuple[str, ...]
    grounds: str
    officer: str


@dataclass(frozen=True, slots=True)
class OfferRestore:
    lines: tuple[str, ...]
    id: str
    opens_at: Seconds
    opening_contact: Seconds | None
    reserved: str
    officer: str


@dataclass(frozen=True, slots=True)
class Agree:
    terms: str
    lines: tuple[str, ...]
    officers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WithdrawTerms:
    terms: str
    lines: tuple[str, ...]
    officer: str


@dataclass(frozen=True, slots=True)
class BearerChange:
    """`sender`: only the way on which this party sends. `silently`: believed up, and carries nothing."""

    bearers: tuple[str, ...]
    up: bool
    sender: str | None
    silently: bool


@dataclass(frozen=True, slots=True)
class Crash:
    pass


@dataclass(frozen=True, slots=True)
class Restart:
    pass


@dataclass(frozen=True, slots=True)
class Watch:
    """Who has the watch from now on; None: nobody."""

    officer: str | None


@dataclass(frozen=True, slots=True)
class Tell:
    """Something that happened beside the lines; only the story has it."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bound:
    """A whole number within bounds, as an expectation has it."""

    low: int
    high: int

    def holds(self, value: int) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        if self.low == self.high:
            return str(self.low)
        return f"at most {self.high}" if self.low == 0 else f"at least {self.low}"


Wanted: TypeAlias = "str | bool | Bound | tuple[str, ...]"
"""What is expected: these words, yes or no, a number, or any of several words."""


@dataclass(frozen=True, slots=True)
class Expect:
    """What the ends of `parties` must show of `lines`, of a message, or of terms on those lines."""

    parties: tuple[str, ...]
    lines: tuple[str, ...]
    message: str | None
    terms: str | None
    wanted: tuple[tuple[str, Wanted], ...]
    thing: tuple[str, str] | None = None  # of an instrument: its noun and id


@dataclass(frozen=True, slots=True)
class OfInstrument:
    """A step of an instrument, which its own module has read and takes (`deeds`)."""

    deed: object
    lines: tuple[str, ...]


Action: TypeAlias = (
    Message | Release | Withdraw | Cancel | Acknowledge | Call | Answer | NoAnswer | Sever | OfferRestore
    | Agree | WithdrawTerms | BearerChange | Crash | Restart | Watch | Tell | Expect | OfInstrument
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `number` counts from 1; `file_line` is where it begins, 0 if not known; `instants`: more
    than one when it is repeated; `refused`: words of the sentence with which the desk must refuse it."""

    number: int
    file_line: int
    instants: tuple[Seconds, ...]
    do: str
    by: str | None
    action: Action
    note: Words
    cites: tuple[str, ...]
    refused: str | None

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines it names itself."""
        match self.action:
            case Message(line=line):
                return (line,)
            case (
                Call()
                | Answer()
                | NoAnswer()
                | Sever()
                | OfferRestore()
                | Agree()
                | WithdrawTerms()
                | Tell()
                | Expect()
                | OfInstrument()
            ):
                return self.action.lines
            case _:
                return ()


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario file, read. Tables keep the order of the file."""

    title: Words
    about: Words
    start: Seconds
    end: Seconds
    seed: int
    sign_of_life_s: int
    sync: bool
    clock: int
    clock_name: Words
    parties: tuple[Party, Party]
    bearers: tuple[BearerPlan, ...]
    lines: tuple[LinePlan, ...]
    steps: tuple[Step, ...]
    message_lines: Mapping[str, str] = field(default_factory=dict)
    message_senders: Mapping[str, str] = field(default_factory=dict)

    def party(self, key: str) -> Party:
        return next(p for p in self.parties if p.key == key)

    def line(self, key: str) -> LinePlan:
        return next(line for line in self.lines if line.key == key)


def in_language(words: Words, language: str) -> str:
    """The text in `language`, else in English, else in whatever there is; empty if there is none."""
    return words.get(language) or words.get("en") or next(iter(words.values()), "")


LINE_STATES: dict[str, type] = {
    "declared": str,
    "observed": str,
    "agree": str,
    "last_contact": str,
    "our_size": int,
    "their_size": int,
    "their_receipt": int,
    "waiting": int,
    "missing": int,
    "contacts": int,
    "ringing": bool,
}
"""What may be expected of a line, and how it is written: words, a number, yes or no."""

MESSAGE_STATES: dict[str, type] = {
    "state": str,
    "reached": str,
    "mark": str,
    "acknowledged": bool,
    "missing_before": int,
    "held": bool,
}
TERMS_STATES: dict[str, type] = {"state": str, "held": bool}


def clock_text(minutes: int) -> str:
    """A civil clock in words: "UTC+09:00"."""
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '-'}{hours:02}:{rest:02}"


def civil(at: Seconds, clock: int) -> datetime:
    """An instant by a civil clock."""
    return datetime.fromtimestamp(at, timezone(timedelta(minutes=clock)))
