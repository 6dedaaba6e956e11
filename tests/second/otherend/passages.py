"""Letters on a line (spec 20): passages, series and tiers, worked out anew from the acts of both logs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from otherend.bodies import ACKNOWLEDGE, CANCEL, LETTER, TENDER, TENDER_ANSWER, TIER
from otherend.line import Machine, firsts

KINDS = (CANCEL, ACKNOWLEDGE, TENDER, TENDER_ANSWER, LETTER, TIER)
WAITING = (TENDER, TENDER_ANSWER, LETTER)  # kinds whose acts wait for a withheld one below them
ACCEPTED, REFUSED, UNDETERMINED = 1, 2, 3
WORDS = {ACCEPTED: "ACCEPTED", REFUSED: "REFUSED"}


@dataclass(frozen=True)
class Said:
    """An act with effect (LE-1), or one held withheld: no `body`. `covered` by a statement of the other log."""

    party: int
    sequence: int
    kind: int
    id: bytes
    body: list[object] | None
    covered: bool


@dataclass(frozen=True)
class Passage:
    """`id` is the tender's, or that of a letter without one."""

    id: bytes
    party: int
    state: str
    tier: int | None
    replaced_by: bytes | None


@dataclass(frozen=True)
class Series:
    """`missing` are runs of numbers, first and last: a number of four billion must not cost as many steps."""

    party: int
    writer: bytes
    addressee: bytes
    both: int
    on_the_way: int
    missing: list[tuple[int, int]]
    twice: list[int]


class Acts:
    """The acts of both logs, each log in its sequence."""

    def __init__(self, acts: Sequence[Said]) -> None:
        self.acts: list[Said] = []
        closed: set[tuple[int, int]] = set()  # LE-11: logs and kinds above whose first withheld act we are
        for one in sorted(acts, key=lambda one: (one.party, one.sequence)):
            if one.body is None:
                closed.add((one.party, one.kind))
            elif one.kind not in WAITING or (one.party, one.kind) not in closed:
                self.acts.append(one)

    def of(self, kind: int, named: bytes | None = None, field: int = 0) -> Iterator[Said]:
        """Those of a kind; with `named` those that name it in a field."""
        return (one for one in self.acts if one.kind == kind and (named is None or one.body[field] == named))

    def passages(self) -> list[Passage]:
        """Ascending by id."""
        found, mine = [], {}
        for tender in self.of(TENDER):
            letter = next((one for one in self.of(LETTER, tender.id) if one.party == tender.party), None)
            if letter is not None:
                mine[letter.id] = tender
            again = (one for one in self.of(TENDER, tender.id, 4) if one.party == tender.party)
            state = self._of_tender(tender) if letter is None else self._of_letter(letter)
            tier = letter and self._tier(letter)
            found.append(Passage(tender.id, tender.party, state, tier, next((one.id for one in again), None)))
        for letter in self.of(LETTER):
            if letter.id not in mine:  # LE-6
                state, tier = self._of_letter(letter), self._tier(letter)
                found.append(Passage(letter.id, letter.party, state, tier, None))
        return sorted(found, key=lambda one: one.id)

    def _cancelled(self, act: Said) -> bool:
        return any(one.party == act.party for one in self.of(CANCEL, act.id))

    def _of_tender(self, tender: Said) -> str:
        if self._cancelled(tender):
            return "WITHDRAWN"
        answers = [one.body[1] for one in self.of(TENDER_ANSWER, tender.id) if one.party != tender.party]
        decided = [WORDS[one] for one in answers if one != UNDETERMINED]
        return decided[0] if decided else "UNDETERMINED" if answers else "TENDERED"

    def _of_letter(self, letter: Said) -> str:
        if self._cancelled(letter):
            return "TAKEN BACK"
        if any(one.party != letter.party for one in self.of(ACKNOWLEDGE, letter.id)):
            return "RECEIVED"
        return "AT THEIR END" if letter.covered else "HANDED IN"

    def _tier(self, letter: Said) -> int | None:
        """LE-10."""
        said = [[one.body[1] for one in self.of(TIER, letter.id) if one.party == party] for party in (0, 1)]
        return min(max(one) for one in said) if all(said) else None

    def series(self) -> list[Series]:
        """Ascending by party, writer, addressee (LE-9)."""
        by: dict[tuple[int, bytes, bytes], list[Said]] = {}
        for letter in self.of(LETTER):
            by.setdefault((letter.party, *letter.body[6:8]), []).append(letter)
        found = []
        for key in sorted(by):
            numbers = [one.body[5] for one in by[key]]
            both = sum(one.covered for one in by[key])
            ordered = [0, *sorted(set(numbers))]
            gaps = [(a + 1, b - 1) for a, b in pairwise(ordered) if b > a + 1]
            twice = sorted({one for one in numbers if numbers.count(one) > 1})
            found.append(Series(*key, both, len(numbers) - both, gaps, twice))
        return found


def of_line(machine: Machine) -> Acts:
    """The acts with effect of the line a machine holds (LE-1, AC-4)."""
    line, covered = machine.lines[1], machine.covered(machine.lines[1])
    acts = [
        one
        for party in (0, 1)
        for one in firsts(line, party)
        if one.is_act_of(*KINDS) and one.said.line == line.id and machine.may(one)
    ]
    for log in line.logs:
        acts += [one for one in log.placed() if one.is_act_of(*KINDS) and one.body is None]
    return Acts(
        [
            Said(
                one.said.party,
                one.sequence,
                one.said.kind,
                one.said.id,
                one.body,
                one.sequence < covered[one.said.party],
            )
            for one in acts
        ]
    )
