"""What a line's own page says: the accord in plain values, and the four questions that stay apart.

Can bytes move? Is it really them? Is a human there? Do our records agree? Each has its own answer and its own
evidence; no answer stands in for another (the one observed word of `core.observed` is a summary of the first
three, for the board).
"""

from __future__ import annotations

from dataclasses import dataclass

from parley.core.accord import Accord, Slot
from parley.core.errors import Sentence
from parley.core.types import Precedence, Seconds
from parley.node import Node, Room

YES, NO, UNKNOWN = "yes", "no", "unknown"


@dataclass(frozen=True, slots=True)
class SlotView:
    """A scheduled contact: minutes after midnight UTC, weekdays from Monday (bit 0), meaning, who calls (True: we,
    False: they, None: either), seconds it stays open."""

    minute: int
    weekdays: int
    meaning: str
    ours: bool | None
    open_s: int


@dataclass(frozen=True, slots=True)
class AccordView:
    """A line's accord as an officer needs it, ours before theirs.

    `civil_clocks`: minutes east of UTC. `clocks`: for each precedence, seconds to their end and to an officer's
    acknowledgement. `addresses`: (office, form of address), the protocol book.
    """

    version: int
    purpose: str
    owners: tuple[str, str]
    languages: tuple[str, ...]
    civil_clocks: tuple[int, int]
    schedule: tuple[SlotView, ...]
    clocks: tuple[tuple[str, int, int], ...]
    quorum_restore: int
    second_person: bool
    addresses: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class AnswerView:
    """The answer to one of the four questions: "yes", "no" or "unknown", and on what evidence."""

    question: str  # "moves", "proven", "watch" or "records"
    answer: str
    evidence: Sentence


@dataclass(frozen=True, slots=True)
class ContactNowView:
    """The contact now open, scheduled or not: calls by either side, and when it was answered; 0 and None before."""

    calls: int
    answered_at: Seconds | None


def contact_now(room: Room) -> ContactNowView:
    """What has become so far of the contact now open."""
    slot, seen = room.slot, room.attempts
    if slot is None or seen.slot != slot.at:
        return ContactNowView(0, None)
    return ContactNowView(seen.calls, seen.answered_at)


def accord_view(room: Room) -> AccordView:
    """The accord a line is under."""
    accord, ours = room.line.accord, room.pair.ours
    return AccordView(
        accord.version,
        accord.purpose,
        (accord.owners[ours], accord.owners[1 - ours]),
        accord.languages,
        (accord.civil_clocks[ours], accord.civil_clocks[1 - ours]),
        tuple(_slot(slot, ours) for slot in accord.schedule),
        clocks(accord),
        accord.quorum_restore,
        accord.second_person,
        accord.addresses,
    )


def clocks(accord: Accord) -> tuple[tuple[str, int, int], ...]:
    """(precedence, seconds to their end, seconds to an acknowledgement), the most urgent first."""
    return tuple((p.name, *accord.clocks[p]) for p in sorted(Precedence, reverse=True))


def four_questions(node: Node, room: Room) -> tuple[AnswerView, ...]:
    """The four answers about a line now."""
    now, evidence = node.clock.monotonic(), room.evidence
    tolerance_s = node.settings.tolerance_s

    def fresh(at: float | None) -> bool:
        return at is not None and now - at <= tolerance_s

    up = [bearer.name for bearer in node.bearers_up(room)]
    if up:
        moves = AnswerView("moves", YES, Sentence("up: {bearers}", bearers=", ".join(up)))
    else:
        moves = AnswerView("moves", NO, Sentence("no bearer of this line is up"))
    if not fresh(evidence.heard_at):
        if fresh(evidence.unopened_at):
            proven = AnswerView("proven", NO, Sentence("bytes come that no key of theirs has made"))
        else:
            proven = AnswerView("proven", UNKNOWN, Sentence("no word of theirs is fresh"))
    elif fresh(evidence.echo_at):
        proven = AnswerView("proven", YES, Sentence("their keys, both ways, just now"))
    else:
        proven = AnswerView("proven", NO, Sentence("we hear them; that they hear us is not shown"))
    if not fresh(evidence.heard_at) or evidence.watch is None:
        watch = AnswerView("watch", UNKNOWN, Sentence("their end does not say"))
    elif evidence.missed:
        watch = AnswerView("watch", NO, Sentence("the last scheduled contact went unanswered"))
    elif evidence.watch:
        watch = AnswerView("watch", YES, Sentence("their end says that the watch is kept"))
    else:
        watch = AnswerView("watch", NO, Sentence("their end says that nobody has the watch"))
    if room.difference:
        records = AnswerView("records", NO, Sentence("they have signed another record than ours"))
    elif room.line.covered < room.line.our_log.size:
        records = AnswerView(
            "records",
            UNKNOWN,
            Sentence(
                "their node has signed for {held} of {all} entries of ours",
                held=room.line.covered,
                all=room.line.our_log.size,
            ),
        )
    else:
        records = AnswerView(
            "records", YES, Sentence("their node has signed for all {all}", all=room.line.covered)
        )
    return moves, proven, watch, records


def _slot(slot: Slot, ours: int) -> SlotView:
    caller = None if slot.caller is None else slot.caller == ours
    return SlotView(slot.minute, slot.weekdays, slot.meaning.name, caller, slot.open_s)
