"""Plays a scenario: two real ends with real stores on disk, joined by links in memory, on a virtual clock.

Everything an end does in a play it does through its desk, as a person would; nothing is faked but time and
the links. Both ends are made, paired and their lines opened before the story starts. Then every step is
taken at its instant: what the desk refuses, and what is not as expected, is a result that did not hold, and
the play goes on.

Chance (what the links lose, what the nodes draw) comes from the seed of the file. The keys do not: they
are made as every end makes them, so no two plays have the same hashes, and what a play reports has none.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias, TypeVar, assert_never, cast

from parley.bearers.memory import Faults
from parley.core.errors import LocalError
from parley.core.types import Seconds
from parley.desk import Desk
from parley.desk.views import LineView, MessageView, TermsView
from parley.scenario import format as plans
from parley.scenario.deeds import Deed
from parley.scenario.format import Bound, Scenario, Step, Wanted
from parley.scenario.instruments import EXPECTED
from parley.scenario.stage import DEMO_PASSPHRASE, End, Stage

OUTCOME_FORMAT: Final = "parley-outcome/1"
_SETTLE_S: Final = 60  # what a step came to is looked at so long after it, or before the next one

T = TypeVar("T")
Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | bool | None"
View: TypeAlias = "tuple[str, str]"
"""Declared and observed, as one end shows a line."""


@dataclass(slots=True)
class Result:
    """What became of a step; of all its occurrences, when it is repeated.

    `expected` and `found` are words for a person, of the first occurrence that did not hold. `views`: by
    line and party, what the ends showed a little after the first occurrence, for the story.
    """

    step: Step
    at: Seconds
    until: Seconds
    times: int = 0
    failed: int = 0
    expected: str = ""
    found: str = ""
    views: dict[str, dict[str, View]] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not self.failed


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a play came to. `final`: by party, as plain values; deterministic from file and program."""

    scenario: Scenario
    results: tuple[Result, ...]
    final: Mapping[str, Json]

    @property
    def ok(self) -> bool:
        """Every step went as the file says."""
        return all(result.ok for result in self.results)

    @property
    def expectations(self) -> tuple[int, int]:
        """How many expectations were looked at, and how many of them did not hold."""
        found = [r for r in self.results if r.step.do == "expect" or r.step.refused is not None]
        return sum(r.times for r in found), sum(r.failed for r in found)

    def as_json(self) -> dict[str, Json]:
        """The documented shape (docs/guide/scenarios.md)."""
        looked, failed = self.expectations
        return {
            "format": OUTCOME_FORMAT,
            "ok": self.ok,
            "scenario": {
                "title": dict(self.scenario.title),
                "start": iso(self.scenario.start),
                "end": iso(self.scenario.end),
                "seed": self.scenario.seed,
            },
            "expectations": {"held": looked - failed, "failed": failed},
            "results": [_result_json(result) for result in self.results],
            "final": dict(self.final),
        }


Progress: TypeAlias = "Callable[[Result], None]"


def iso(at: Seconds) -> str:
    """An instant as "2021-07-27T01:00:00Z"."""
    return plans.civil(at, 0).strftime("%Y-%m-%dT%H:%M:%SZ")


def play(
    scenario: Scenario,
    directory: str | Path,
    progress: Progress | None = None,
    *,
    passphrase: str = DEMO_PASSPHRASE,
) -> Outcome:
    """Plays it, and leaves both homes closed in `directory`/PARTY; `progress` is told each result in turn.

    Raises LocalError when the homes cannot be made there.
    """
    stage = Stage(scenario, Path(directory), passphrase)
    try:
        stage.set_up()
        return Play(stage, progress).run()
    finally:
        stage.leave()


# --- the play ---------------------------------------------------------------------------------


class Play:
    """One run through the steps of a scenario on a stage, whole or in parts."""

    def __init__(
        self,
        stage: Stage,
        progress: Progress | None = None,
        *,
        leave_out: Callable[[Step], bool] | None = None,
    ) -> None:
        """`leave_out`: the steps that are not to be taken."""
        self._stage, self._scenario, self._progress = stage, stage.scenario, progress
        steps = [step for step in stage.scenario.steps if leave_out is None or not leave_out(step)]
        self._to_take = deque(
            sorted((at, step.number, n, step) for step in steps for n, at in enumerate(step.instants))
        )
        self._results: dict[int, Result] = {}
        self._unseen: list[tuple[Result, bool]] = []  # to be looked at; and: the last time
        self._messages: dict[str, str] = {}  # id -> ref at its sender's desk
        self._terms: dict[tuple[str, str], str] = {}  # id and line -> ref
        self._ground = _Ground(stage)

    def run(self) -> Outcome:
        """To the end of the scenario."""
        self.until(self._scenario.end)
        return self.outcome()

    def until(self, instant: Seconds) -> None:
        """Takes every step up to `instant`, that instant included, and lets the time pass until then."""
        clock = self._stage.clock
        while self._to_take and self._to_take[0][0] <= instant:
            at, _, n, step = self._to_take.popleft()
            if at > clock.wall():
                self._look(at)
                clock.run_until(at)
            self._take(step, n, at)
        self._look(instant)
        clock.run_until(instant)

    def skip_to(self, instant: float) -> None:
        """Takes no step that is earlier than `instant`: others have had the ends meanwhile."""
        while self._to_take and self._to_take[0][0] < instant:
            self._to_take.popleft()

    def outcome(self) -> Outcome:
        """What it has come to so far."""
        results = tuple(self._results[number] for number in sorted(self._results))
        return Outcome(self._scenario, results, {key: self._final(key) for key in self._stage.ends})

    def _take(self, step: Step, n: int, at: Seconds) -> None:
        """One occurrence of a step, at its instant."""
        result = self._results.setdefault(step.number, Result(step, at, at))
        result.until, result.times = at, result.times + 1
        expected, found = "", ""
        try:
            if isinstance(step.action, plans.Expect):
                ok, expected, found = self._expect(step.action)
            else:
                self._do(step, step.action)
                ok = step.refused is None
                found = "done"
        except LocalError as e:
            ok = step.refused is not None and step.refused in e.text
            found = e.text
        if step.refused is not None:
            expected = f"refused: {step.refused}"
        elif not isinstance(step.action, plans.Expect):
            expected = "done"
        if not ok:
            result.failed += 1
        if (not ok and result.failed == 1) or (ok and not result.failed):
            result.expected, result.found = expected, found
        last = n == len(step.instants) - 1
        if n == 0 or last:
            self._unseen.append((result, last))

    def _look(self, before: Seconds) -> None:
        """What the steps just taken came to, before anything else happens."""
        if not self._unseen:
            return
        clock = self._stage.clock
        clock.run_until(min(before, clock.wall() + _SETTLE_S))
        for result, last in self._unseen:
            if not result.views:
                for key in self._lines_of(result.step):
                    name = self._scenario.line(key).name
                    result.views[key] = {party: _view(end, name) for party, end in self._stage.ends.items()}
            if last and self._progress is not None:
                self._progress(result)
        self._unseen = []

    def _lines_of(self, step: Step) -> tuple[str, ...]:
        match step.action:
            case plans.Release() | plans.Withdraw() | plans.Cancel() | plans.Acknowledge():
                return (self._scenario.message_lines[step.action.message],)
            case plans.Expect(message=str() as message):
                return (self._scenario.message_lines[message],)
            case plans.Sever(lines=()):
                return tuple(line.key for line in self._scenario.lines)
            case _:
                return step.lines

    # --- steps

    def _do(self, step: Step, action: plans.Action) -> None:
        """Takes a step. Raises LocalError when the desk refuses it."""
        words, names = self._stage.passphrase, {line.key: line.name for line in self._scenario.lines}
        if isinstance(action, plans.NoAnswer | plans.Tell | plans.Expect):
            return
        if isinstance(action, plans.BearerChange):
            self._change(action)
            return
        assert step.by is not None, "all other steps are somebody's"
        end = self._stage.ends[step.by]
        if isinstance(action, plans.Crash):
            end.crash()
            return
        if isinstance(action, plans.Restart):
            end.restart()
            return
        desk = end.desk
        match action:
            case plans.Message():
                self._messages[action.id] = self._compose(desk, action, names[action.line])
            case plans.Release():
                self._messages[action.message] = desk.release(
                    self._ours(action.message), action.officer, words
                ).ref
            case plans.Withdraw():
                desk.withdraw(self._ours(action.message), action.officer, words)
            case plans.Cancel():
                desk.cancel(self._ours(action.message), action.officer, words, action.reason)
            case plans.Acknowledge():
                desk.acknowledge(
                    self._theirs(action.message),
                    action.grade.name,
                    action.officer,
                    words,
                    action.read_back,
                )
            case plans.Call():
                for key in action.lines:
                    desk.call(names[key], action.officer)
            case plans.Answer():
                for key in action.lines:
                    desk.answer(names[key], action.officer)
            case plans.Sever():
                if not action.lines:
                    desk.sever(None, action.grounds, action.officer, words)
                for key in action.lines:
                    desk.sever(names[key], action.grounds, action.officer, words)
            case plans.OfferRestore():
                for key in action.lines:
                    self._terms[action.id, key] = desk.offer_restore(
                        names[key],
                        action.opens_at,
                        action.officer,
                        words,
                        opening_contact=action.opening_contact,
                        reserved=action.reserved,
                    ).ref
            case plans.Agree():
                for key in action.lines:
                    for login in action.officers:
                        desk.agree(self._ref(action.terms, key), login, words)
            case plans.WithdrawTerms():
                for key in action.lines:
                    desk.withdraw_terms(self._ref(action.terms, key), action.officer, words)
            case plans.Watch():
                if action.officer is None:
                    desk.hand_over()
                else:
                    desk.take_watch(action.officer)
            case plans.OfInstrument():
                cast(Deed, action.deed).take(self._ground, step.by)
            case _:
                assert_never(action)

    def _compose(self, desk: Desk, action: plans.Message, line: str) -> str:
        draft = desk.compose(
            line,
            action.text,
            action.drafter,
            precedence=action.precedence.name,
            language=action.language,
            subject=action.subject,
            in_whose_name=action.in_whose_name,
            form_of_address=action.form_of_address,
            answers="" if action.answers is None else self._theirs(action.answers),
            reply_by=action.reply_by,
            stale_after=action.stale_after,
            reason=action.reason,
        )
        if not action.release:
            return draft.ref
        return desk.release(draft.ref, action.officer, self._stage.passphrase).ref

    def _change(self, action: plans.BearerChange) -> None:
        for key in action.bearers:
            link = self._stage.links[key]
            ways = [link.a_to_b, link.b_to_a]
            if action.sender is not None:
                ways = [ways[[*self._stage.ends].index(action.sender)]]
            for way in ways:
                if action.silently:
                    way.faults = Faults(loss=1.0)
                elif action.up:
                    way.faults = Faults()
                    way.go_up()
                else:
                    way.go_down()

    def _ours(self, message: str) -> str:
        ref = self._messages.get(message)
        if ref is None:
            raise LocalError(f"the message {message!r} was never composed", "an earlier step was refused")
        return ref

    def _theirs(self, message: str) -> str:
        """The reference of a message at the end that received it."""
        ref = self._ours(message)
        if ":ours:" not in ref:
            raise LocalError(f"the message {message!r} was not released", "release it first")
        return ref.replace(":ours:", ":theirs:")

    def _ref(self, terms: str, line: str) -> str:
        ref = self._terms.get((terms, line))
        if ref is None:
            raise LocalError(
                f"the terms {terms!r} were not offered on {line!r}", "an earlier step was refused"
            )
        return ref

    # --- expectations

    def _expect(self, action: plans.Expect) -> tuple[bool, str, str]:
        """Whether it holds; what was expected and what was found, in words; for more than one end or
        line, of the first that differs."""
        told = ("", "")
        for party in action.parties:
            end = self._stage.ends[party]
            for line in action.lines or ("",):
                found = self._found(end, action, line)
                about = action.message or (action.thing[1] if action.thing else line)
                expected_words, found_words, ok = [], [], True
                for key, wanted in action.wanted:
                    value = found[key]
                    if not _holds(key, wanted, value):
                        ok = False
                        expected_words.append(f"{key} {_wanted_words(wanted)}")
                        found_words.append(f"{key} {_words(value)}")
                place = f"{party}, {about}: "
                if not ok:
                    return False, place + ", ".join(expected_words), place + ", ".join(found_words)
                if not told[0]:
                    told = (
                        place + ", ".join(f"{key} {_wanted_words(wanted)}" for key, wanted in action.wanted),
                        place + ", ".join(f"{key} {_words(found[key])}" for key, _ in action.wanted),
                    )
        return True, *told

    def _found(self, end: End, action: plans.Expect, line: str) -> dict[str, Json]:
        """All that can be expected, as it is. Raises LocalError when the end is down."""
        desk = end.desk
        if action.message is not None:
            return _message_facts(self._message_at(end, action.message))
        if action.terms is not None:
            ref = self._ref(action.terms, line)
            return _terms_facts(desk, ref, self._scenario.line(line).name)
        if action.thing is not None:
            noun, name = action.thing
            return {**EXPECTED[noun].facts(self._ground, end.party.key, name)}
        counted = any(key == "contacts" for key, _ in action.wanted)
        return _line_facts(desk, self._scenario.line(line).name, counted=counted)

    def _message_at(self, end: End, message: str) -> MessageView | None:
        """The message as this end has it; None when it has it not."""
        sender = self._scenario.message_senders[message]
        ref = self._ours(message) if sender == end.party.key else self._messages.get(message, "")
        if sender != end.party.key:
            if ":ours:" not in ref:
                return None
            ref = ref.replace(":ours:", ":theirs:")
        desk = end.desk
        try:
            return desk.message(ref)
        except LocalError:
            return None

    # --- the end of the play

    def _final(self, key: str) -> Json:
        """All an end shows at the end, without what is new in every play: keys and hashes."""
        end = self._stage.ends[key]
        try:
            desk = end.desk
        except LocalError:
            return {"up": False}
        lines: dict[str, Json] = {}
        for line in self._scenario.lines:
            facts = _line_facts(desk, line.name)
            lines[line.key] = facts
        messages: dict[str, Json] = {}
        for message in self._scenario.message_lines:
            if message in self._messages:
                messages[message] = _message_facts(self._message_at(end, message))
        status = desk.status()
        return {
            "up": True,
            "party": status.party,
            "unopened_frames": status.unopened_frames,
            "lines": lines,
            "messages": messages,
        }


class _Ground:
    """Where the steps of instruments are taken (deeds.Ground)."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.passphrase, self.folder = stage.passphrase, stage.folder
        self._kept: dict[type, object] = {}

    def now(self) -> Seconds:
        return int(self._stage.clock.wall())

    def desk(self, party: str) -> Desk:
        return self._stage.ends[party].desk

    def other(self, party: str) -> str:
        return next(key for key in self._stage.ends if key != party)

    def line_name(self, key: str) -> str:
        return self._stage.scenario.line(key).name

    def kept(self, kind: type[T]) -> T:
        found = self._kept.setdefault(kind, kind())
        assert isinstance(found, kind)
        return found


# --- what an end shows, as plain values ---------------------------------------------------------


def _line_facts(desk: Desk, name: str, *, counted: bool = True) -> dict[str, Json]:
    """`counted`: with the number of contacts, for which the whole record of the line is read."""
    view: LineView = desk.line(name)
    entries = desk.entries(name, most=view.our_size + view.their_size) if counted else ()
    contacts = sum(1 for e in entries if e.ours and e.kind == "CONTACT")
    return {
        "declared": view.declared,
        "observed": view.observed,
        "agree": view.agree,
        "last_contact": view.last_contact,
        "our_size": view.our_size,
        "their_size": view.their_size,
        "their_receipt": view.their_receipt,
        "waiting": view.waiting,
        "missing": view.missing,
        "contacts": contacts,
        "ringing": view.ringing,
    }


def _message_facts(view: MessageView | None) -> dict[str, Json]:
    if view is None:
        return {
            "held": False,
            "state": "",
            "reached": [],
            "mark": "",
            "acknowledged": False,
            "missing_before": 0,
        }
    return {
        "held": True,
        "state": view.state,
        "reached": [rung.state for rung in view.ladder],
        "mark": view.mark,
        "acknowledged": view.acknowledged,
        "missing_before": view.missing_before,
    }


def _terms_facts(desk: Desk, ref: str, line: str) -> dict[str, Json]:
    found: TermsView | None = next((t for t in desk.terms(line) if t.ref == ref), None)
    return {"held": found is not None, "state": "" if found is None else found.state}


def _view(end: End, name: str) -> View:
    try:
        view = end.desk.line(name)
    except LocalError:
        return ("", "")
    return (view.declared, view.observed)


def _holds(key: str, wanted: Wanted, value: Json) -> bool:
    match wanted:
        case Bound():
            return isinstance(value, int) and wanted.holds(value)
        case bool():
            return value is wanted
        case tuple():
            return any(_holds(key, each, value) for each in wanted)
        case str():
            if isinstance(value, list):
                return wanted in value
            if key == "last_contact":
                return isinstance(value, str) and wanted in value
            return value == wanted


def _wanted_words(wanted: Wanted) -> str:
    match wanted:
        case bool():
            return "yes" if wanted else "no"
        case tuple():
            return " or ".join(wanted)
        case _:
            return str(wanted)


def _words(value: Json) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(str(each) for each in value) or "nothing"
        case _:
            return str(value) or "nothing"


def _result_json(result: Result) -> Json:
    step = result.step
    return {
        "step": step.number,
        "file_line": step.file_line,
        "at": iso(result.at),
        "until": iso(result.until),
        "times": result.times,
        "kind": step.do,
        "by": step.by,
        "ok": result.ok,
        "failed": result.failed,
        "expected": result.expected,
        "found": result.found,
        "cites": list(step.cites),
    }
