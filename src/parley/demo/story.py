"""Where the visitor is in the story: nine steps, each seen from what both desks show.

A step that was seen done stays done. Nothing here is told by the pages: whoever does an act, at a console, from a
terminal or by the end itself, the story goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from parley.core.types import Seconds
from parley.demo.course import ANNOUNCED_AT, LANDING, RETURN, START
from parley.desk import Desk
from parley.watch_log import Happened

STEPS: Final = ("watch", "letter", "restore", "call", "flash", "announce", "silence", "return", "prove")
"""The steps in order, keys of `words.STEPS`."""

OURS: Final = "south"
THEIRS: Final = "north"
LIAISON: Final = "Liaison"
MILITARY: Final = "Military West"
SERVICES: Final = "Services"
_TENDERED_WITHIN_S: Final = 3600  # before START: the tender that waits for the visitor
_JOURNAL_MOST: Final = 200
_READ_BACK: Final = frozenset({"READ BACK", "ANSWERED"})


@dataclass(slots=True)
class Story:
    """What was seen done so far. `proved` and `flipped` are set by who does these."""

    done: set[str] = field(default_factory=set)
    parts: dict[str, bool] = field(default_factory=dict)
    """Parts of the present steps, by key of `words.PARTS`."""
    proved: bool = False
    flipped: bool = False

    @property
    def now(self) -> str:
        """The first step not done; empty when all are."""
        return next((step for step in STEPS if step not in self.done), "")

    def look(self, desks: Mapping[str, Desk], now: Seconds) -> None:
        """What both desks show at `now`, taken in."""
        ours, theirs = desks[OURS], desks[THEIRS]
        terms = [t for t in ours.terms(LIAISON) if t.subject == "restore" and t.state != "settled"]
        liaison, military = ours.line(LIAISON), ours.line(MILITARY)
        open_soon = {"OPEN", "OPENING"}
        restored = liaison.declared in open_soon and military.declared in open_soon
        called = _happened(ours, Happened.CALLED, liaison.id)
        answered = _happened(theirs, Happened.ANSWERED, liaison.id)
        flashes = [m for m in ours.messages(most=_JOURNAL_MOST) if m.ours and m.precedence == "FLASH"]
        flashes = [m for m in flashes if m.said_at >= START]
        drafted = any(m.precedence == "FLASH" for m in ours.drafts())
        late = [at for at in called if LANDING <= at < RETURN]
        tender = _tender(ours)
        announced = [a for a in ours.announcements.all(SERVICES) if a.at == ANNOUNCED_AT]
        public = any(t.published_at is not None for a in announced for t in a.ours)
        came = any(a.theirs for a in announced)
        quiet = liaison.observed == "QUIET" and liaison.declared == "OPEN"
        self.parts = {
            "tender prepared": tender != "TENDERED"
            or any(p.kind == "TENDER ANSWER" for p in ours.letters.papers()),
            "tender answered": tender != "TENDERED",
            "offered": restored or any(t.ours for t in terms),
            "quorum": restored or any(len(t.ours) >= t.needed for t in terms),
            "liaison agreed": liaison.declared in open_soon,
            "military agreed": military.declared in open_soon,
            "open": liaison.declared == "OPEN",
            "called": any(at >= START for at in called),
            "answered": any(at >= START for at in answered),
            "drafted": drafted or bool(flashes),
            "released": bool(flashes),
            "read back": any(m.state in _READ_BACK for m in flashes),
            "ours public": public,
            "theirs came": came,
            "jumped": now >= LANDING,
            "called late": bool(late),
            "quiet": bool(late) and quiet,
            "october": now >= RETURN,
            "called again": any(at >= RETURN for at in called),
            "answered again": any(at >= RETURN for at in answered),
            "proved": self.proved,
            "flipped": self.flipped,
        }
        part = self.parts
        seen = {
            "watch": ours.status().watch is not None,
            "letter": part["tender answered"],
            "restore": restored,
            "call": part["answered"],
            "flash": part["read back"],
            "announce": public and came,
            "silence": part["quiet"],
            "return": part["answered again"],
            "prove": self.proved and self.flipped,
        }
        self.done |= {step for step, is_done in seen.items() if is_done}


def _tender(desk: Desk) -> str:
    """What has become of the tender that waits for the visitor; "TENDERED" while nobody has answered it."""
    found = [
        letter
        for letter in desk.letters.list(SERVICES)
        if not letter.ours and START - _TENDERED_WITHIN_S <= (letter.tendered_at or 0) <= START
    ]
    return found[0].state if found else "TENDERED"


def _happened(desk: Desk, what: Happened, line_id: str) -> list[Seconds]:
    return [e.at for e in desk.journal(_JOURNAL_MOST) if e.what == what and e.line.hex() == line_id]
