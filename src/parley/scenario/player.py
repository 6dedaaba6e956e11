"""Plays a scenario: two real ends with real stores on disk, joined by links in memory, on a virtual clock.

Everything an end does in a play it does through its desk, as a person would; nothing is faked but time and
the links. Both ends are made, paired and their lines opened before the story starts. Then every step is
taken at its instant: what the desk refuses, and what is not as expected, is a result that did not hold, and
the play goes on.

Chance (what the links lose, what the nodes draw) comes from the seed of the file. The keys do not: they
are made as every end makes them, so no two plays have the same hashes, and what a play reports has none.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias, assert_never

from parley.bearers import Traits
from parley.bearers.memory import Faults, Link, MemoryBearer, memory_pair
from parley.core import suite
from parley.core.errors import LocalError
from parley.core.types import NONCE_BYTES, Power, Seconds
from parley.core.wire import entry as wire
from parley.desk import Desk
from parley.desk.views import LineView, MessageView, TermsView
from parley.home import Home
from parley.keys import Cost, check_card
from parley.node import Node, Settings
from parley.scenario import format as plans
from parley.scenario.clock import VirtualClock
from parley.scenario.format import Bound, LinePlan, Party, Scenario, Step, Wanted

DEMO_PASSPHRASE: Final = "demonstration only"
"""Opens the homes a play leaves, their root keys and their officers' keys, unless another is given."""

SETUP_S: Final = 1800
"""Both ends are made so long before the start, longer on slow bearers; the lines open five minutes before it."""

OUTCOME_FORMAT: Final = "parley-outcome/1"
_OPENED_BEFORE_S: Final = 300
_SETTLE_S: Final = 60  # what a step came to is looked at so long after it, or before the next one
_COST: Final = Cost(64, 1, 1)  # the passphrase is known to all; to stretch it would only cost time

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
    stage = _Stage(scenario, Path(directory), passphrase)
    try:
        stage.set_up()
        return _Play(stage, progress).run()
    finally:
        stage.close()


# --- the two ends -----------------------------------------------------------------------------


class _End:
    """One party's end: a home that stays, a node that may be killed and started again."""

    def __init__(self, party: Party, path: Path, stage: _Stage) -> None:
        self.party, self.path, self._stage = party, path, stage
        self._entropy = random.Random(f"{stage.scenario.seed}/{party.key}")
        self._bearers: list[tuple[MemoryBearer, frozenset[str]]] = []
        self._home: Home | None = None
        self._node: Node | None = None
        self._desk: Desk | None = None

    @property
    def desk(self) -> Desk:
        """Raises LocalError while the end is down."""
        if self._desk is None:
            raise LocalError(f"the end of {self.party.key} is down", "restart it first")
        return self._desk

    def join(self, bearer: MemoryBearer, lines: frozenset[str]) -> None:
        self._bearers.append((bearer, lines))

    def create(self) -> None:
        words, scenario = self._stage.passphrase, self._stage.scenario
        home = Home.create(
            self.path,
            party=self.party.name,
            passphrase=words,
            root_passphrase=words,
            cost=_COST,
            sync=scenario.sync,
        )
        self._begin(home)

    def restart(self) -> None:
        """Raises LocalError when it is not down."""
        if self._node is not None:
            raise LocalError(f"the end of {self.party.key} is not down", "crash it first")
        self._begin(Home.open(self.path, self._stage.passphrase, sync=self._stage.scenario.sync))

    def _begin(self, home: Home) -> None:
        self._home = home
        clock = self._stage.clock
        settings = Settings(life_s=self._stage.scenario.sign_of_life_s)
        node = Node(home, clock=clock, timer=clock, entropy=self._entropy.randbytes, settings=settings)
        for bearer, lines in self._bearers:
            node.attach(bearer, lines=lines)
        self._node, self._desk = node, Desk(node)
        node.start()
        for bearer, _ in self._bearers:
            bearer.open()

    def crash(self) -> None:
        """Raises LocalError when it is down already."""
        if self._node is None:
            raise LocalError(f"the end of {self.party.key} is down already", "restart it first")
        self._let_go()
        self._node.crash()
        self._node = self._home = self._desk = None

    def close(self) -> None:
        if self._node is not None:
            self._node.stop()
        if self._home is not None:
            self._let_go()
            self._home.close()
        self._node = self._home = self._desk = None

    def _let_go(self) -> None:
        for bearer, _ in self._bearers:
            bearer.close()


class _Stage:
    """Both ends, the links between them, and the clock."""

    def __init__(self, scenario: Scenario, directory: Path, passphrase: str) -> None:
        self.scenario, self.passphrase = scenario, passphrase
        self._pause_s = 2 + 4 * max(bearer.latency_s for bearer in scenario.bearers)
        setup_s = max(SETUP_S, round(2 * _OPENED_BEFORE_S + 4 * self._pause_s * len(scenario.lines)))
        self.clock = VirtualClock(scenario.start - setup_s)
        self.ends = {p.key: _End(p, directory / p.key, self) for p in scenario.parties}
        self.links: dict[str, Link] = {}
        names = {line.key: line.name for line in scenario.lines}
        one, other = self.ends.values()
        for plan in scenario.bearers:
            a, b = memory_pair(
                self.clock,
                name=plan.key,
                traits=Traits(4096, round(plan.latency_s * 1000), True, False, 0),
                latency_s=plan.latency_s,
                chance=random.Random(f"{scenario.seed}/{plan.key}"),
            )
            carried = frozenset(names[key] for key in plan.lines)
            one.join(a, carried)
            other.join(b, carried)
            self.links[plan.key] = a.link
            if not plan.up:
                a.link.go_down()

    def wait(self, seconds: float) -> None:
        self.clock.run_until(self.clock.wall() + seconds)

    def close(self) -> None:
        for end in self.ends.values():
            end.close()

    # --- before the story

    def set_up(self) -> None:
        """Makes both ends, pairs them, agrees the lines and opens them."""
        for end in self.ends.values():
            end.create()
            for officer in end.party.officers:
                end.desk.add_officer(
                    officer.login,
                    officer.office,
                    officer.powers,
                    officer.precedence_max,
                    self.passphrase,
                    self.passphrase,
                    _COST,
                )
        parties = self._pair()
        self.wait(60)
        one, other = self.ends.values()
        chance = random.Random(f"{self.scenario.seed}/lines")
        for line in self.scenario.lines:
            by = _able(one.party, Power.ADMINISTER)
            agreed = line.accord(parties, chance.randbytes(NONCE_BYTES))
            offered = one.desk.offer_line(other.party.key, agreed, by, self.passphrase)
            self.wait(self._pause_s)
            other.desk.agree(offered.ref, _able(other.party, Power.ADMINISTER), self.passphrase)
            self.wait(self._pause_s)
        self.wait(60)
        opens_at = self.scenario.start - _OPENED_BEFORE_S
        for line in self.scenario.lines:
            if line.opened:
                self._open(line, opens_at)
        for end in self.ends.values():
            end.desk.take_watch(end.party.officers[0].login)
        self.clock.run_until(self.scenario.start - 1)
        for line in self.scenario.lines:
            for end in self.ends.values():
                view = end.desk.line(line.name)
                if line.opened and view.declared != "OPEN":
                    raise LocalError(
                        f"the line {line.key!r} is {view.declared} at {end.party.key} after the set-up",
                        "report this: it is a fault of the program",
                    )

    def _pair(self) -> tuple[Party, Party]:
        """The pairing, as two administrators do it; gives the parties in the order of their index."""
        one, other = self.ends.values()
        words = self.passphrase
        cards = {end.party.key: end.desk.pair_card(words) for end in (one, other)}
        read = {key: check_card(card) for key, card in cards.items()}
        shares = {}
        for end, far in ((one, other), (other, one)):
            fingerprint = suite.key_id(read[far.party.key].root_key).hex()
            shares[end.party.key] = end.desk.pair_share(cards[far.party.key], fingerprint, words)
        for end, far in ((one, other), (other, one)):
            end.desk.pair_finish(far.party.key, cards[far.party.key], shares[far.party.key], words)
        ordered = sorted((one, other), key=lambda end: suite.sha256(wire.encode_card(read[end.party.key])))
        return ordered[0].party, ordered[1].party

    def _open(self, line: LinePlan, opens_at: Seconds) -> None:
        one, other = self.ends.values()
        able = {
            end.party.key: [o.login for o in end.party.officers if Power.RESTORE in o.powers][: line.quorum]
            for end in (one, other)
        }
        first, *rest = able[one.party.key]
        terms = one.desk.offer_restore(line.name, opens_at, first, self.passphrase)
        for login in rest:
            one.desk.agree(terms.ref, login, self.passphrase)
        self.wait(self._pause_s)
        for login in able[other.party.key]:
            other.desk.agree(terms.ref, login, self.passphrase)
        self.wait(self._pause_s)


def _able(party: Party, power: Power) -> str:
    found = party.first_with(power)
    if found is None:
        raise LocalError(
            f"no officer of {party.key} has the power {(power.name or '').lower()}",
            "give it to an officer: the lines are made by one who has it",
        )
    return found.login


# --- the play ---------------------------------------------------------------------------------


class _Play:
    """One run through the steps."""

    def __init__(self, stage: _Stage, progress: Progress | None) -> None:
        self._stage, self._scenario, self._progress = stage, stage.scenario, progress
        self._results: dict[int, Result] = {}
        self._unseen: list[tuple[Result, bool]] = []  # to be looked at; and: the last time
        self._messages: dict[str, str] = {}  # id -> ref at its sender's desk
        self._terms: dict[tuple[str, str], str] = {}  # id and line -> ref

    def run(self) -> Outcome:
        clock = self._stage.clock
        taken = sorted(
            (at, step.number, n, step) for step in self._scenario.steps for n, at in enumerate(step.instants)
        )
        for at, _, n, step in taken:
            if at > clock.wall():
                self._look(at)
                clock.run_until(at)
            self._take(step, n, at)
        self._look(self._scenario.end)
        clock.run_until(self._scenario.end)
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
                about = action.message or line
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

    def _found(self, end: _End, action: plans.Expect, line: str) -> dict[str, Json]:
        """All that can be expected, as it is. Raises LocalError when the end is down."""
        desk = end.desk
        if action.message is not None:
            return _message_facts(self._message_at(end, action.message))
        if action.terms is not None:
            ref = self._ref(action.terms, line)
            return _terms_facts(desk, ref, self._scenario.line(line).name)
        return _line_facts(desk, self._scenario.line(line).name)

    def _message_at(self, end: _End, message: str) -> MessageView | None:
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


# --- what an end shows, as plain values ---------------------------------------------------------


def _line_facts(desk: Desk, name: str) -> dict[str, Json]:
    view: LineView = desk.line(name)
    contacts = sum(
        1 for e in desk.entries(name, most=view.our_size + view.their_size) if e.ours and e.kind == "CONTACT"
    )
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


def _view(end: _End, name: str) -> View:
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
