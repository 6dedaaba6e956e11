"""What we measure of a line: one word, from evidence alone (spec 10.6). Never mixed with what is declared.

Silence has a meaning because there is a schedule, authenticated signs of life, and a record of
attempts. Times here are our own monotonic clock, in seconds; None means never.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Observed(StrEnum):
    """The observed words."""

    OK = "OK"
    SLOW = "SLOW"
    ONE_WAY = "ONE WAY"
    NO_WATCH = "NO WATCH"
    QUIET = "QUIET"
    DOWN = "DOWN"
    NOT_PROVEN = "NOT PROVEN"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was measured of a line.

    `heard_at`: last frame of theirs that opened. `echo_at`: last time their echo of our counter
    advanced. `sent_at`: last frame of ours handed to a bearer. `unopened_at`: last bytes that did not
    open, on the bearers of this line. `watch`: their last word on whether somebody has the watch.
    `missed`: the last scheduled contact closed unanswered. `round_trip_s`: measured by echo.
    """

    heard_at: float | None = None
    echo_at: float | None = None
    sent_at: float | None = None
    unopened_at: float | None = None
    watch: bool | None = None
    missed: bool = False
    round_trip_s: float = 0.0


def observed(evidence: Evidence, now: float, tolerance_s: float, flash_target_s: float) -> Observed:
    """The one word for `evidence` at `now`. `tolerance_s`: how old a sign of life may be to be fresh;
    `flash_target_s`: the accord's time for a FLASH to reach their end."""
    fresh = evidence.heard_at is not None and now - evidence.heard_at <= tolerance_s
    echoed = evidence.echo_at is not None and now - evidence.echo_at <= tolerance_s
    if not fresh:
        unopened = evidence.unopened_at is not None and now - evidence.unopened_at <= tolerance_s
        return Observed.NOT_PROVEN if unopened else Observed.DOWN
    if not echoed:
        return Observed.ONE_WAY
    if evidence.missed:
        return Observed.QUIET
    if evidence.watch is False:
        return Observed.NO_WATCH
    if evidence.round_trip_s > flash_target_s:
        return Observed.SLOW
    return Observed.OK
