"""Steps of announcements in a scenario (spec 18): the hour, a side's statement for it, and the hand on the brake.

A play has no public site: what an end has committed as published, and when by its clock, is what can be expected.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from parley.core.errors import LocalError
from parley.core.instruments.announcement import POINTS_MAX, State
from parley.core.types import U32, Power, Seconds
from parley.desk.announcements import AnnouncementView, TextView
from parley.scenario.deeds import Deed, Expected, Facts, Ground, Kind, Read
from parley.scenario.format import Party
from parley.scenario.table import Table

NEVER = U32  # seconds after its hour at which what is not published was published


@dataclass(slots=True)
class Kept:
    """What a play remembers: by id, the ref of an hour; of a statement its party, its number there and its title."""

    hours: dict[str, str] = field(default_factory=dict)
    statements: dict[str, tuple[str, int, str]] = field(default_factory=dict)

    def hour(self, name: str) -> str:
        """The ref of an hour. Raises LocalError if an earlier step was refused."""
        ref = self.hours.get(name)
        if ref is None:
            raise LocalError(f"the hour {name!r} was never offered", "an earlier step was refused")
        return ref

    def statement(self, name: str) -> tuple[str, int, str]:
        """Whose a statement is, its number and its title. Raises LocalError if an earlier step was refused."""
        found = self.statements.get(name)
        if found is None:
            raise LocalError(f"the statement {name!r} was never drafted", "an earlier step was refused")
        return found


@dataclass(frozen=True, slots=True)
class OfferHourDeed:
    lines: tuple[str, ...]
    id: str
    hour: Seconds
    subject: str
    points: tuple[str, ...]
    officer: str

    def take(self, ground: Ground, party: str) -> None:
        made = ground.desk(party).announcements.offer_hour(
            ground.line_name(self.lines[0]),
            self.hour,
            self.subject,
            self.officer,
            ground.passphrase,
            self.points,
        )
        ground.kept(Kept).hours[self.id] = made.ref


@dataclass(frozen=True, slots=True)
class AgreeHourDeed:
    lines: tuple[str, ...]
    hour: str
    officer: str

    def take(self, ground: Ground, party: str) -> None:
        ground.desk(party).agree(ground.kept(Kept).hour(self.hour), self.officer, ground.passphrase)


@dataclass(frozen=True, slots=True)
class AnnounceDeed:
    """A statement, drafted, and released at once unless `release` is False. `announcement`: the hour agreed; empty for
    one nobody agreed on, which `hour` then says."""

    lines: tuple[str, ...]
    id: str
    announcement: str
    hour: Seconds | None
    title: str
    text: str
    language: str
    channel: str
    points: tuple[int, ...] | None
    drafter: str
    officer: str
    release: bool

    def take(self, ground: Ground, party: str) -> None:
        kept, desk = ground.kept(Kept), ground.desk(party).announcements
        number = desk.draft(
            kept.hour(self.announcement) if self.announcement else "",
            self.drafter,
            self.title,
            self.text,
            language=self.language,
            channel=self.channel,
            points=self.points,
            line=ground.line_name(self.lines[0]),
            at=self.hour,
        )
        kept.statements[self.id] = party, number, self.title
        if self.release:
            desk.release(number, self.officer, ground.passphrase)


@dataclass(frozen=True, slots=True)
class StepDeed:
    """`release_statement`, `hold`, `resume`, `abort` or `send_statement`."""

    lines: tuple[str, ...]
    step: str
    statement: str
    officer: str
    reason: str

    def take(self, ground: Ground, party: str) -> None:
        desk, words = ground.desk(party).announcements, ground.passphrase
        _, number, _ = ground.kept(Kept).statement(self.statement)
        if self.step == "hold":
            desk.hold(number, self.officer, self.reason)
        else:
            {
                "release_statement": desk.release,
                "resume": desk.resume,
                "abort": desk.abort,
                "send_statement": desk.send,
            }[self.step](number, self.officer, words)


# --- reading ----------------------------------------------------------------------------------


def _offer_hour(read: Read, t: Table, party: Party) -> Deed:
    line = read.line_of(t)
    name = read.new(t, "announcement", (party.key, line))
    points = t.texts("points", ())
    if len(points) > POINTS_MAX:
        t.fail(f"has more than {POINTS_MAX} points", "say it in fewer", "points")
    return OfferHourDeed(
        (line,), name, t.instant("hour")[0], t.text("subject"), points, read.officer(t, party, Power.RELEASE)
    )


def _agree_hour(read: Read, t: Table, party: Party) -> Deed:
    name, line = _hour(read, t)
    return AgreeHourDeed((line,), name, read.officer(t, party, Power.RELEASE))


def _announce(read: Read, t: Table, party: Party) -> Deed:
    name, hour = "", None
    if t.has("announcement"):
        name, line = _hour(read, t)
    else:
        line, hour = read.line_of(t), t.instant("hour")[0]
    t.asked.append("announcement")
    plan = read.plan(line)
    spoken = next((x for x in party.languages if x in plan.languages), plan.languages[0])
    officer = read.officer(t, party, Power.RELEASE)
    return AnnounceDeed(
        (line,),
        read.new(t, "statement", (party.key, line)),
        name,
        hour,
        t.text("title"),
        t.text("text").strip(),
        t.text("language", spoken),
        t.text("channel", ""),
        _points(t),
        read.officer(t, party, Power.NONE, "drafter", officer),
        officer,
        t.flag("release", True),
    )


def _points(t: Table) -> tuple[int, ...] | None:
    if not t.has("points"):
        t.asked.append("points")
        return None
    found = t.get("points")
    if not isinstance(found, list) or not all(type(n) is int and 1 <= n <= POINTS_MAX for n in found):
        t.fail("are not numbers from 1 to 16", "write: points = [1, 3], or [] for none of them", "points")
    return tuple(sorted({n - 1 for n in found}))


def _step(step: str, power: Power) -> Callable[[Read, Table, Party], Deed]:
    def read_step(read: Read, t: Table, party: Party) -> Deed:
        statement, about = read.known(t, "statement")
        assert isinstance(about, tuple)
        if about[0] != party.key:
            t.fail(f"{statement!r} is not a statement of {party.key}", "name one of its own", "statement")
        reason = t.text("reason", "") if step == "hold" else ""
        return StepDeed((about[1],), step, statement, read.officer(t, party, power), reason)

    return read_step


def _hour(read: Read, t: Table) -> tuple[str, str]:
    """An hour that was offered, and its line."""
    name, about = read.known(t, "announcement")
    assert isinstance(about, tuple)
    return name, about[1]


# --- what can be expected ---------------------------------------------------------------------


def _statement_facts(ground: Ground, party: str, statement: str) -> Facts:
    """At its own end where it stands; at the other, whether it came."""
    absent: Facts = {"held": False, "state": "", "public": False, "late_s": NEVER, "early_s": 0}
    kept = ground.kept(Kept)
    try:
        owner, number, title = kept.statement(statement)
    except LocalError:
        return absent
    desk = ground.desk(party).announcements
    if owner == party:
        view = desk.of_text(number)
        text = next(t for t in view.ours if t.number == number)
        public = text.state == State.PUBLISHED
        late_s = NEVER if text.published_at is None else text.published_at - view.at
        return {"held": True, "state": text.state, "public": public, "late_s": late_s, "early_s": 0}
    came = [(view, text) for view in desk.all() for text in view.theirs if text.title == title]
    return _as_came(*came[0]) if came else absent


def _as_came(view: AnnouncementView, text: TextView) -> Facts:
    late = max(0, (text.heard_at or 0) - view.at)
    return {"held": True, "state": "", "public": False, "late_s": late, "early_s": text.early_s}


def _hour_facts(ground: Ground, party: str, name: str) -> Facts:
    try:
        view = ground.desk(party).announcements.one(ground.kept(Kept).hour(name))
    except LocalError:
        return {"held": False, "state": "", "ours": 0, "theirs": 0, "silent": True}
    return {
        "held": True,
        "state": str(view.terms.state) if view.terms else "",
        "ours": len(view.ours),
        "theirs": len(view.theirs),
        "silent": bool(view.silence),
    }


KIND = Kind(
    {
        "offer_hour": _offer_hour,
        "agree_hour": _agree_hour,
        "announce": _announce,
        "release_statement": _step("release_statement", Power.RELEASE),
        "hold": _step("hold", Power.NONE),
        "resume": _step("resume", Power.RELEASE),
        "abort": _step("abort", Power.RELEASE),
        "send_statement": _step("send_statement", Power.RELEASE),
    },
    {
        "statement": Expected(
            {"held": bool, "state": str, "public": bool, "late_s": int, "early_s": int}, _statement_facts
        ),
        "announcement": Expected(
            {"held": bool, "state": str, "ours": int, "theirs": int, "silent": bool}, _hour_facts
        ),
    },
)
