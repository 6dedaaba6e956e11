"""The course of the demonstration: which part of the scenario is played, which is left to the visitor.

Played: 8 June 2020 until 27 July 2021, 09:50 in Seoul, but for the terms of restoration, which the visitor makes;
so the lines are still cut. For the same reason the services' circuit, by which the offers travel, stays on.
Both sides' statements for 11:00 lie at their ends, released, and go out at that hour by themselves; a tender of
the North waits for an answer. From there the visitor acts, and of the scenario only its wires go on by themselves.
A jump plays what comes next, up to 10 August 2021, 16:55, and from there up to 4 October, 08:55, without what the
visitor has done; lines that are still cut are opened first, as they were then.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from parley.core.errors import LocalError
from parley.core.types import Seconds
from parley.scenario import Scenario
from parley.scenario import format as plans
from parley.scenario.format import Step
from parley.scenario.player import Play, Progress
from parley.scenario.stage import Stage


def _instant(*parts: int) -> Seconds:
    return int(datetime(*parts, tzinfo=UTC).timestamp())  # type: ignore[misc,arg-type]


START: Final = _instant(2021, 7, 27, 0, 50)  # 09:50 in Seoul
OPENING: Final = _instant(2021, 7, 27, 1, 0)
SILENT_FROM: Final = _instant(2021, 8, 10, 6, 0)  # 15:00 in Seoul: from here on no person in the North acts
LANDING: Final = _instant(2021, 8, 10, 7, 55)  # 16:55 in Seoul
RETURN: Final = _instant(
    2021, 10, 3, 23, 55
)  # 4 October, 08:55 in Seoul: from here on the North answers again
ANNOUNCED_AT: Final = _instant(2021, 7, 27, 2, 0)  # 11:00 in Seoul

VISITOR: Final = "south"
"""The end whose watch the visitor takes; nobody has it at START."""

TERMS: Final = "july"
RELAY: Final = "services-relay"
_AGREE_S: Final = 60  # before records that were apart agree
_OPENS_IN_S: Final = 300


def next_landing(at: float) -> Seconds | None:
    """Where a jump from `at` (Unix seconds) leads; None when there is nothing more to play."""
    return next((landing for landing in (LANDING, RETURN) if at < landing), None)


def is_left_out(step: Step) -> bool:
    """Whether a step is not played: what is only looked at, and what the visitor does instead."""
    match step.action:
        case plans.Expect():
            return True
        case plans.OfferRestore(id=terms) | plans.Agree(terms=terms):
            return terms == TERMS
        case plans.BearerChange(bearers=bearers, up=False):
            return RELAY in bearers and step.instants[0] > OPENING - 3 * 86400
        case _:
            return False


def carrying(scenario: Scenario, at: float) -> dict[str, bool]:
    """By bearer, whether it carries at an instant of the story, so far as nobody else cuts or mends it."""
    up = {plan.key: plan.up for plan in scenario.bearers}
    for instant, change in changes(scenario):
        if instant <= at:
            up |= dict.fromkeys(change.bearers, change.up)
    if at >= LANDING:
        up[RELAY] = False
    return up


def changes(scenario: Scenario) -> list[tuple[Seconds, plans.BearerChange]]:
    """What becomes of the wires in the story, in order of time."""
    found = [
        (at, step.action)
        for step in scenario.steps
        for at in step.instants
        if isinstance(step.action, plans.BearerChange) and not is_left_out(step)
    ]
    return sorted(found, key=lambda pair: pair[0])


class Course:
    """The scenario, played in three parts, with the visitor between them. Blocks while it plays."""

    def __init__(self, scenario: Scenario, folder: Path, progress: Progress | None = None) -> None:
        """The homes will be `folder`/PARTY. Raises LocalError for a scenario that this demonstration is not about."""
        if TERMS not in {s.action.id for s in scenario.steps if isinstance(s.action, plans.OfferRestore)} or (
            RELAY not in {bearer.key for bearer in scenario.bearers}
        ):
            raise LocalError(
                "the demonstration is about scenarios/korea-2021.toml", "play others: parley play FILE"
            )
        self.scenario = scenario
        self._stage = Stage(scenario, folder)
        self._play = Play(self._stage, progress, leave_out=is_left_out)

    @property
    def reached(self) -> float:
        """The instant to which it was played, Unix seconds."""
        return self._stage.clock.wall()

    def play_to_start(self) -> None:
        """From the making of both ends to START; both homes are closed then. Raises LocalError."""
        try:
            self._stage.set_up()
            self._play.until(START)
            self._stage.ends[VISITOR].desk.hand_over()
        finally:
            self._stage.leave()

    def play_on(self, at: float) -> None:
        """From `at` (Unix seconds) to the landing that comes next, with the homes as they are; both are closed before
        and after. Raises LocalError."""
        landing = next_landing(at)
        assert landing is not None, "nothing more to play"
        try:
            self._stage.come_back(at, carrying(self.scenario, at))
            self._play.skip_to(at)
            self._stage.wait(_AGREE_S)
            self._open_what_is_cut()
            self._play.until(landing)
        finally:
            self._stage.leave()

    def _open_what_is_cut(self) -> None:
        offered = next(
            s.action
            for s in self.scenario.steps
            if isinstance(s.action, plans.OfferRestore) and s.action.id == TERMS
        )
        lines = [self.scenario.line(key) for key in offered.lines]
        for line in lines:
            shown = {end.desk.line(line.name).declared for end in self._stage.ends.values()}
            if not shown & {"OPEN", "OPENING"}:
                self._stage.open_lines([line], max(OPENING, int(self._stage.clock.wall()) + _OPENS_IN_S))
        self._stage.links[RELAY].go_down()
