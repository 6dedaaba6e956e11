"""Whatever the order of arrival: every interleaving of small histories, and random ones of large (spec 10,
LI-1).

`test_settled` asks when terms are settled, with logs that come in their order. Here everything comes in any
order, beyond holes too, and all that acts on a line is in it: offers of several terms, agreements,
withdrawals, SEVERs, RESTOREs that name them, adoptions that change the quorum, receipts. Asked of every
history: both ends say the same once they hold the same; that is what a reader of the two finished logs says;
nothing settled, nothing ended is ever taken back. The last tests ask whether these would notice: a fold that
hangs on the order is planted, in five ways, and each must be found.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import pytest

from parley.core import line as lines
from parley.core import suite
from parley.core.accord import Accord, encode_terms
from parley.core.line import Line, Prefix, RestoreTerms
from parley.core.record import EMPTY_ROOT, Held
from parley.core.types import (
    POWERS_ALL,
    Act,
    ActKind,
    Body,
    NodeKind,
    Officer,
    Precedence,
    Seen,
    Stamp,
    Statement,
    Subject,
)

LINE = hashlib.sha256(b"line").digest()
ACCORDS = tuple(Accord("hotline", bytes(16), version=q, quorum_restore=q) for q in (1, 2))
NAMES = tuple(suite.sha256(encode_terms(accord)) for accord in ACCORDS)
OFFICERS = {
    a: Officer(a, hashlib.sha256(bytes((a,))).digest(), "watch", Precedence.FLASH, POWERS_ALL) for a in (1, 2)
}
HOURS = (1000, 2000)  # what each party offers to open at


class Said(NamedTuple):
    """One entry. O(ffer) of terms, A(gree) to a hash, W(ithdraw) of an act id, C(ut), M(essage); of the node
    S(tatement) of size `n`, R(eceipt) of size `n` naming the sequences in `beyond`, D: adoption of a hash."""

    what: str
    author: int = 0
    n: int = 0
    name: bytes = b""
    beyond: tuple[int, ...] = ()


Log = tuple[Said, ...]
Logs = tuple[Log, Log]
Fold = Callable[[Line, Held, Officer | None, bool], Line]


def name_of(party: int, sequence: int) -> bytes:
    return hashlib.sha256(bytes((party,)) + sequence.to_bytes(4, "big")).digest()


@lru_cache(100_000)
def as_held(party: int, sequence: int, said: Said) -> Held:
    stamp, name = Stamp(0), name_of(party, sequence)
    body: Body = ()
    if said.what in "SRD":
        kind = {"S": NodeKind.HEAD, "R": NodeKind.RECEIPT, "D": NodeKind.ADOPT}[said.what]
        if said.what == "R":
            body = tuple((s, name_of(1 - party, s)) for s in said.beyond)
        elif said.what == "D":
            body = (said.name,)
        statement = Statement(
            LINE, party, kind, Precedence.ROUTINE, 1, sequence, stamp, name, 1, said.n, name, name
        )
        return Held(statement, party, 1, sequence, name, name, body, name)
    act_kind, body = {
        "O": (ActKind.OFFER, (int(Subject.RESTORE), said.name)),
        "A": (ActKind.AGREE, (said.name,)),
        "W": (ActKind.WITHDRAW, (said.name,)),
        "C": (ActKind.SEVER, (None, 500, "en", "Grounds.")),
        "M": (ActKind.MESSAGE, ("en", None, None, None, None, None, None, "Text.")),
    }[said.what]
    act = Act(LINE, party, act_kind, Precedence.ROUTINE, said.author, sequence, stamp, Seen(0, 0), name)
    return Held(act, party, 1, sequence, name, name, body, name)


# --- the two ends -------------------------------------------------------------------------------------------


def product(line: Line, held: Held, officer: Officer | None, at_its_place: bool) -> Line:
    """The product's fold: heard, or heard before and now at its place."""
    return lines.placed(line, held, officer) if at_its_place else lines.heard(line, held, officer)


def taken(line: Line, party: int, sequence: int, logs: Logs, fold: Fold) -> Line:
    """The line of an end with one entry more, and with what lay beyond the hole that it filled."""
    held = as_held(party, sequence, logs[party][sequence])
    line = fold(line, held, OFFICERS.get(logs[party][sequence].author), False)
    while line.logs[party].size == sequence:
        held = as_held(party, sequence, logs[party][sequence])
        line = fold(line, held, OFFICERS.get(logs[party][sequence].author), True)
        beyond = line.logs[party].beyond
        sequence = beyond[0][0] if beyond else -1
    return line


@dataclass(frozen=True, slots=True)
class Ends:
    """Both logs, both folds, and which entries of the other log each end has not had."""

    logs: Logs
    folds: tuple[Line, Line]
    lacks: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())


def pair(first: object, second: object, party: int) -> tuple:  # type: ignore[type-arg]
    return (first, second) if party == 0 else (second, first)


def written(ends: Ends, party: int, said: Said, fold: Fold = product) -> Ends:
    """Its own node places an entry; the other end lacks it."""
    log = (*ends.logs[party], said)
    logs: Logs = pair(log, ends.logs[1 - party], party)
    line = taken(ends.folds[party], party, len(log) - 1, logs, fold)
    return Ends(
        logs,
        pair(line, ends.folds[1 - party], party),
        pair(ends.lacks[party], (*ends.lacks[1 - party], len(log) - 1), party),
    )


def delivered(ends: Ends, to: int, sequence: int, fold: Fold = product) -> Ends:
    """One end has one entry of the other, whatever it lacks below."""
    line = taken(ends.folds[to], 1 - to, sequence, ends.logs, fold)
    lacks = tuple(s for s in ends.lacks[to] if s != sequence)
    return Ends(ends.logs, pair(line, ends.folds[1 - to], to), pair(lacks, ends.lacks[1 - to], to))


def all_delivered(ends: Ends, fold: Fold = product) -> Ends:
    for to in (0, 1):
        while ends.lacks[to]:
            ends = delivered(ends, to, ends.lacks[to][0], fold)
    return ends


def empty(quorum: int) -> tuple[Line, Line]:
    """The line at both ends as it begins, with the accords settled for it: those from this quorum up."""
    accords = tuple(zip(NAMES, ACCORDS, strict=True))[quorum - 1 :]
    first, second = (lines.with_accords(lines.new_line(LINE, p, accords[0][1]), accords) for p in (0, 1))
    return first, second


def start(quorum: int = 1) -> Ends:
    """Both nodes have adopted the first accord, and both ends have that: without it no side stands (AC-5)."""
    ends = Ends(((), ()), empty(quorum))
    for party in (0, 1):
        ends = delivered(written(ends, party, Said("D", name=NAMES[quorum - 1])), 1 - party, 0)
    return ends


# --- what must not hang on the order ------------------------------------------------------------------------

Joint = tuple[object, ...]


def joint(line: Line) -> Joint:
    """What an end says of a line that the other must say too, once it holds the same."""
    return (
        tuple((log.tree, log.stated, tuple(s for s, _ in log.beyond)) for log in line.logs),
        line.adopted,
        frozenset((s.act, s.party, s.ended_at is None) for s in line.severs),
        line.ended,
        line.opens_at,
        frozenset((s.hash, frozenset(s.sides[0].acts), frozenset(s.sides[1].acts),
                   s.sides[0].intervals, s.sides[1].intervals, s.offered, s.settled) for s in line.standings),
        (line.severed_by(0), line.severed_by(1), line.in_force),
    )  # fmt: skip


def settled(line: Line) -> frozenset[bytes]:
    return frozenset(s.hash for s in line.standings if s.settled)


def ended(line: Line) -> frozenset[bytes]:
    return frozenset(s.act for s in line.severs if s.ended_at is not None)


def never_back(before: Line, after: Line) -> bool:
    """What was settled is, and what a settled RESTORE ended stays ended."""
    return (
        settled(before) <= settled(after)
        and ended(before) <= ended(after)
        and (before.opens_at or 0) <= (after.opens_at or 0)
    )


def read_whole(logs: Logs, quorum: int) -> Line:
    """The two finished logs read in an order of their own (XP-9): each in its sequence, a statement only
    after all of the other that it acknowledges."""
    line = empty(quorum)[0]
    at = [0, 0]
    while at != [len(logs[0]), len(logs[1])]:
        before = list(at)
        for party in (0, 1):
            while at[party] < len(logs[party]) and logs[party][at[party]].n <= at[1 - party]:
                line = taken(line, party, at[party], logs, product)
                at[party] += 1
        assert at != before, "a statement acknowledges what nobody wrote"
    return line


# --- every small history ------------------------------------------------------------------------------------


def terms_for(line: Line, party: int) -> bytes:
    """Terms that end every SEVER this end knows of and that is not ended."""
    sides = tuple(
        tuple(sorted(s.act for s in line.severs if s.party == p and s.ended_at is None)) for p in (0, 1)
    )
    prefix = Prefix(1, 0, EMPTY_ROOT)
    return lines.encode_restore(RestoreTerms((sides[0], sides[1]), (prefix, prefix), "", HOURS[party], None))


def may_say(ends: Ends, party: int, kinds: str, authors: tuple[int, ...]) -> Iterator[Said]:
    """What a party may do next, of the kinds given."""
    line, log = ends.folds[party], ends.logs[party]
    held = line.logs[1 - party]
    covered = line.logs[party].stated
    if held.size > covered:
        yield Said("S", n=held.size)
    if "R" in kinds and held.beyond:
        yield Said("R", n=held.size, beyond=tuple(s for s, _ in held.beyond)[:3])
    if "D" in kinds and line.adopted[party] != NAMES[1]:
        yield Said("D", n=held.size, name=NAMES[1])
    for author in authors:
        if "O" in kinds:
            yield Said("O", author, name=terms_for(line, party))
        if "M" in kinds:
            yield Said("M", author)
        if "C" in kinds and not line.severed_by(party):
            yield Said("C", author)
        for standing in line.standings:
            if "A" in kinds and author not in standing.sides[party].authors:
                yield Said("A", author, name=standing.hash)
            for own, act, _ in standing.sides[party].acts:
                withdrawal = Said("W", author, name=act)
                if "W" in kinds and own == author and withdrawal not in log:
                    yield withdrawal


def moves(ends: Ends, kinds: str, authors: tuple[int, ...], fold: Fold) -> Iterator[Ends]:
    for party in (0, 1):
        for said in may_say(ends, party, kinds, authors):
            yield written(ends, party, said, fold)
        for sequence in ends.lacks[party]:
            yield delivered(ends, party, sequence, fold)


class Found(NamedTuple):
    """How much a search has seen: states, different pairs of logs, and of these how many with terms settled,
    with a SEVER ended, with entries beyond a hole."""

    states: int
    histories: int
    settled: int
    ended: int
    holes: int


def search(
    begun: Ends,
    depth: int,
    kinds: str,
    *,
    quorum: int = 1,
    authors: tuple[int, ...] = (1,),
    fold: Fold = product,
    whole: bool = True,
) -> Found:
    """Every history of at most `depth` moves from `begun`, every arrival in it; raises at the first that
    differs. `quorum`: that of the accord the line began with. `whole`: compare with the reading of the
    finished logs too, not only the ends with each other."""
    said_of: dict[Logs, Joint] = {}
    states, seen = {begun}, {begun}
    settled_count = ended_count = holes = 0
    for step in range(depth + 1):
        following: set[Ends] = set()
        for ends in states:
            last = all_delivered(ends, fold)
            for party in (0, 1):
                assert never_back(ends.folds[party], last.folds[party]), ends.logs
            first, second = joint(last.folds[0]), joint(last.folds[1])
            assert first == second, ends.logs
            if ends.logs not in said_of:
                said_of[ends.logs] = joint(read_whole(ends.logs, quorum)) if whole else first
                settled_count += bool(settled(last.folds[0]))
                ended_count += bool(ended(last.folds[0]))
            assert first == said_of[ends.logs], ends.logs
            holes += any(fold.logs[p].beyond for p, fold in ((1, ends.folds[0]), (0, ends.folds[1])))
            if step < depth:
                for then in moves(ends, kinds, authors, fold):
                    for party in (0, 1):
                        assert never_back(ends.folds[party], then.folds[party]), then.logs
                    following.add(then)
        states = following - seen
        seen |= states
    return Found(len(seen), len(said_of), settled_count, ended_count, holes)


def told(begun: Ends, *steps: tuple[int, Said] | int, fold: Fold = product) -> Ends:
    """`(party, said)`: written; a number: that end has all it lacks, in order."""
    for step in steps:
        if isinstance(step, int):
            while begun.lacks[step]:
                begun = delivered(begun, step, begun.lacks[step][0], fold)
        else:
            begun = written(begun, *step, fold)
    return begun


def cut_and_offered(fold: Fold = product) -> Ends:
    """Party 0 has cut and offers to restore; party 1 has acknowledged both and agreed; nothing of that is had
    by 0 yet."""
    ends = told(start(), (0, Said("C", 1)), fold=fold)
    ends = told(ends, (0, Said("O", 1, name=terms_for(ends.folds[0], 0))), 1, fold=fold)
    (standing,) = ends.folds[1].standings
    return told(ends, (1, Said("S", n=3)), (1, Said("A", 1, name=standing.hash)), fold=fold)


def named_before_it_is_had(fold: Fold = product) -> Ends:
    """Party 1 agreed to terms of party 0 that name a SEVER which party 1 enters only then (it was read on
    line 0)."""
    prefix = Prefix(1, 0, EMPTY_ROOT)
    terms = lines.encode_restore(RestoreTerms(((), (name_of(1, 3),)), (prefix, prefix), "", HOURS[0], None))
    ends = told(start(), (0, Said("O", 1, name=terms)), 1, fold=fold)
    agreed = Said("A", 1, name=suite.sha256(terms))
    return told(ends, (1, Said("S", n=2)), (1, agreed), (1, Said("C", 1)), fold=fold)


def both_agreed(fold: Fold = product) -> Ends:
    """Each has agreed to the other's terms, and neither has acknowledged that yet."""
    ends = told(two_offered(fold), (0, Said("S", n=2)), (1, Said("S", n=2)), fold=fold)
    for party in (0, 1):
        (other,) = (s for s in ends.folds[party].standings if s.offered[party] is None)
        ends = told(ends, (party, Said("A", 1, name=other.hash)), fold=fold)
    return told(ends, 0, 1, fold=fold)


def two_offered(fold: Fold = product) -> Ends:
    """Both have offered terms of their own and have each other's; neither has acknowledged."""
    ends = start()
    for party in (0, 1):
        ends = told(ends, (party, Said("O", 1, name=terms_for(ends.folds[party], party))), fold=fold)
    return told(ends, 0, 1, fold=fold)


def one_of_two_agreed() -> Ends:
    """With a quorum of two: both officers of party 0 offer, and one of party 1 has agreed."""
    terms = terms_for(start().folds[0], 0)
    ends = told(start(2), (0, Said("O", 1, name=terms)), (0, Said("O", 2, name=terms)), 1)
    return told(ends, (1, Said("S", n=3)), (1, Said("A", 1, name=suite.sha256(terms))), 0)


def test_in_every_interleaving_of_three_moves_the_ends_end_the_same() -> None:
    """LI-1, LI-2, LI-5 to LI-9: from the first entry on, every kind."""
    found = search(start(), 3, "OAWCDRM")
    assert found.states > 400 and found.histories > 300 and found.holes > 20


def test_from_a_restore_in_flight_every_interleaving_ends_the_same() -> None:
    """LI-1, LI-3, LI-9: settling, cutting anew, withdrawing and losing within reach."""
    found = search(cut_and_offered(), 5, "WCR")
    assert found.settled > 20 and found.ended > 20 and found.holes > 200


def test_a_sever_named_before_it_is_had_is_ended_in_every_interleaving() -> None:
    """LI-10."""
    found = search(named_before_it_is_had(), 5, "CR")
    assert found.ended > 10 and found.holes > 50


def test_of_crossing_terms_the_same_are_settled_in_every_interleaving() -> None:
    """LI-9, LI-11: two terms, two hours."""
    assert search(two_offered(), 3, "AW").histories > 100
    assert search(both_agreed(), 3, "AW").settled > 10


def test_a_rising_quorum_counts_the_same_in_every_interleaving() -> None:
    """AC-5, LI-8."""
    found = search(cut_and_offered(), 4, "AD", authors=(1, 2))
    assert found.histories > 100 and found.settled > 10


@pytest.mark.slow
@pytest.mark.parametrize(
    ("begun", "depth", "kinds", "quorum", "authors"),
    [
        pytest.param(start, 7, "OAC", 1, (1,), marks=pytest.mark.deep),
        pytest.param(start, 4, "OAWCDRM", 1, (1, 2), marks=pytest.mark.deep),
        (cut_and_offered, 7, "WCR", 1, (1,)),
        pytest.param(cut_and_offered, 5, "ADWCR", 1, (1, 2), marks=pytest.mark.deep),
        pytest.param(named_before_it_is_had, 7, "WCR", 1, (1,), marks=pytest.mark.deep),
        (two_offered, 6, "AW", 1, (1,)),
        (both_agreed, 5, "AWCR", 1, (1,)),
        (one_of_two_agreed, 6, "AW", 2, (1, 2)),
    ],
    ids=[
        "from nothing",
        "all kinds",
        "a restore in flight",
        "a rising quorum",
        "a sever named before it is had",
        "crossing offers",
        "crossing agreements",
        "a quorum of two",
    ],
)
def test_larger_histories_end_the_same_in_every_interleaving(
    begun: Callable[[], Ends], depth: int, kinds: str, quorum: int, authors: tuple[int, ...]
) -> None:
    """LI-1, LI-9."""
    found = search(begun(), depth, kinds, quorum=quorum, authors=authors)
    assert found.states > 5000 and found.holes > 500
    assert found.settled > 10 or begun is start


# --- large histories, at random -----------------------------------------------------------------------------


@dataclass
class Lived:
    """A long history: the ends as they lived through it, and in which order each had its entries."""

    ends: Ends
    orders: tuple[list[tuple[int, int]], list[tuple[int, int]]]
    settled_count: int


def lived(seed: int, length: int, quorum: int) -> Lived:
    """`length` moves at random: said, lost for long, and come in any order. Raises when something settled is
    taken back."""
    chance = random.Random(seed)
    ends = start(quorum)
    orders = [(0, 0), (1, 0)], [(0, 0), (1, 0)]
    while len(ends.logs[0]) + len(ends.logs[1]) < length:
        party = chance.randrange(2)
        lacks = ends.lacks[party]
        if lacks and chance.random() < 0.55:
            at = chance.choice(lacks if chance.random() < 0.3 else lacks[:2])
            then = delivered(ends, party, at)
            orders[party].append((1 - party, at))
        else:
            options = list(may_say(ends, party, "OAWCDRM", (1, 2)))
            weights = [
                {"O": 2, "A": 8, "W": 2, "C": 2, "D": 1, "M": 3, "S": 12, "R": 4}[s.what] for s in options
            ]
            then = written(ends, party, chance.choices(options, weights)[0])
            orders[party].append((party, len(then.logs[party]) - 1))
        for p in (0, 1):
            assert never_back(ends.folds[p], then.folds[p]), f"seed {seed}"
        ends = then
    for party in (0, 1):
        while ends.lacks[party]:
            at = chance.choice(ends.lacks[party])
            orders[party].append((1 - party, at))
            ends = delivered(ends, party, at)
    return Lived(ends, orders, len(settled(ends.folds[0])))


def in_another_order(chance: random.Random, party: int, logs: Logs, quorum: int) -> Line:
    """The same entries at the same end, in an order drawn from all that could have been."""
    line = empty(quorum)[party]
    left = [set(range(len(log))) for log in logs]
    while left[0] or left[1]:
        own, other = line.logs[party].size, line.logs[1 - party].size
        may = [
            (1 - party, s)
            for s in sorted(left[1 - party])[: chance.choice((1, 3, 40))]
            if logs[1 - party][s].n <= own
        ]
        if own < len(logs[party]) and logs[party][own].n <= other:
            may += [(party, own)] * (1 + len(may) // 2)
        whose, at = chance.choice(may or [(1 - party, min(left[1 - party]))])
        assert logs[whose][at].n <= line.logs[1 - whose].size
        left[whose].remove(at)
        line = taken(line, whose, at, logs, product)
    return line


def assert_lived(seed: int, length: int, quorum: int, others: int) -> int:
    """Raises unless both ends, a replay, a reader of the logs and other orders say the same."""
    one = lived(seed, length, quorum)
    logs, folds = one.ends.logs, one.ends.folds
    said = joint(folds[0])
    assert said == joint(folds[1]), f"seed {seed}: the ends differ"
    assert said == joint(read_whole(logs, quorum)), f"seed {seed}: a reader of the logs says otherwise"
    for party in (0, 1):
        line = empty(quorum)[party]
        for whose, at in one.orders[party]:
            line = taken(line, whose, at, logs, product)
        assert line == folds[party], f"seed {seed}: a replay is not what was in memory"
        chance = random.Random(seed * 2 + party)
        for _ in range(others):
            assert joint(in_another_order(chance, party, logs, quorum)) == said, f"seed {seed}: by the order"
    return one.settled_count


def test_a_long_history_says_the_same_at_both_ends_replayed_read_and_in_other_orders() -> None:
    """LI-1, LI-9, XP-9."""
    assert sum(assert_lived(seed, 200, 1 + seed % 2, 1) for seed in range(2)) > 2


@pytest.mark.slow
@pytest.mark.parametrize(
    "seed", [pytest.param(n, marks=[pytest.mark.deep] if n >= 5 else []) for n in range(15)]
)
def test_many_long_histories_say_the_same_whatever_the_order(seed: int) -> None:
    """LI-1, LI-9, XP-9."""
    assert_lived(seed + 100, 400, 1 + seed % 2, 4)


# --- what comes later than it was placed --------------------------------------------------------------------


def judged_anew(
    ends: Ends, at: int, accords: tuple[int, ...] = (1,), withheld: tuple[int, int] = (-1, -1)
) -> Line:
    """The line of one end folded over both logs, the other after ours as far as causality lets it, as a node
    does when an accord or a body came later: by the accords with these quorums, without the body of one
    entry."""
    known = tuple((NAMES[q - 1], ACCORDS[q - 1]) for q in accords)
    line = lines.with_accords(lines.new_line(LINE, at, known[0][1]), known)
    left = [list(range(len(log))) for log in ends.logs]
    while left[0] or left[1]:
        party = next(
            p for p in (at, 1 - at) if left[p] and ends.logs[p][left[p][0]].n <= line.logs[1 - p].size
        )
        sequence = left[party].pop(0)
        said = ends.logs[party][sequence]
        held = as_held(party, sequence, said)
        if (party, sequence) == withheld:
            held = replace(held, body=None)
        line = lines.placed(
            lines.heard(line, held, OFFICERS.get(said.author)), held, OFFICERS.get(said.author)
        )
    return line


def test_an_accord_that_is_settled_here_later_takes_back_nothing_settled() -> None:
    """LI-9, AC-5: their node adopted the second accord, which asks for two officers, before it was settled
    here."""
    terms = terms_for(start().folds[0], 0)
    ends = told(start(), (0, Said("D", name=NAMES[1])), (0, Said("O", 1, name=terms)), 1)
    ends = told(ends, (1, Said("S", n=3)), (1, Said("A", 1, name=suite.sha256(terms))), 0)
    ends = told(ends, (0, Said("S", n=3)), 1)
    before, after = judged_anew(ends, 1, (1,)), judged_anew(ends, 1, (1, 2))
    assert never_back(before, after) and not settled(after)
    ends = told(ends, (0, Said("O", 2, name=terms)), (0, Said("S", n=3)), 1, (1, Said("S", n=6)))
    before, after = judged_anew(ends, 1, (1,)), judged_anew(ends, 1, (1, 2))
    assert never_back(before, after) and not settled(before) and settled(after)


def test_a_body_that_comes_later_takes_back_nothing_settled() -> None:
    """LI-9, LI-1: their WITHDRAW is held withheld, so what lies above it waits until its body comes."""
    terms = terms_for(start().folds[0], 0)
    ends = told(start(), (0, Said("O", 1, name=terms)), 1)
    ends = told(ends, (1, Said("S", n=2)), (1, Said("A", 1, name=suite.sha256(terms))), 0)
    ends = told(ends, (0, Said("W", 1, name=name_of(0, 1))), (0, Said("S", n=3)), 1)
    assert not settled(ends.folds[0])
    before, after = judged_anew(ends, 1, withheld=(0, 2)), judged_anew(ends, 1)
    assert not settled(before)
    assert never_back(before, after)


# --- would it notice? ---------------------------------------------------------------------------------------


def forgets_what_it_ended(line: Line, held: Held, officer: Officer | None, at_its_place: bool) -> Line:
    """Planted: a SEVER that was named and comes late is not ended (against LI-10)."""
    return replace(product(line, held, officer, at_its_place), ended=frozenset())


def last_hour_heard(line: Line, held: Held, officer: Officer | None, at_its_place: bool) -> Line:
    """Planted: of several settled the one that was settled here last rules (against LI-11)."""
    after = product(line, held, officer, at_its_place)
    for standing in after.standings:
        if standing.settled and standing.hash not in settled(line):
            after = replace(after, opens_at=lines.decode_restore(standing.terms).opens_at)
    return after


def agrees_to_what_is_held(line: Line, held: Held, officer: Officer | None, at_its_place: bool) -> Line:
    """Planted: an AGREE counts when its OFFER is held here, acknowledged before or not (against LI-6)."""
    if not at_its_place or held.is_statement or held.kind != ActKind.AGREE:
        return product(line, held, officer, at_its_place)
    logs = list(line.logs)
    true = logs[held.party]
    logs[held.party] = replace(true, stated=logs[1 - held.party].size)
    sizes = (logs[0].stated, logs[1].stated)
    taken_for_said = replace(line, logs=(logs[0], logs[1]), acknowledged=sizes)
    after = product(taken_for_said, held, officer, at_its_place)
    logs = list(after.logs)
    logs[held.party] = replace(logs[held.party], stated=true.stated)
    return replace(after, logs=(logs[0], logs[1]), acknowledged=line.acknowledged)


def settled_while_both_stand(line: Line, held: Held, officer: Officer | None, at_its_place: bool) -> Line:
    """Planted: a withdrawal takes back what was settled (against LI-9)."""
    after = product(line, held, officer, at_its_place)
    return replace(
        after, standings=tuple(replace(s, settled=s.settled and all(s.agreed)) for s in after.standings)
    )


def sever_at_its_place(line: Line, held: Held, officer: Officer | None, at_its_place: bool) -> Line:
    """Planted: a SEVER that is placed after a RESTORE was settled here is taken for ended (against LI-3)."""
    after = product(line, held, officer, at_its_place)
    if not settled(after) or len(after.severs) == len(line.severs):
        return after
    return replace(after, severs=tuple(replace(s, ended_at=(0, 0)) for s in after.severs))


@pytest.mark.parametrize(
    ("planted", "begun", "kinds"),
    [
        (forgets_what_it_ended, named_before_it_is_had, "C"),
        (last_hour_heard, both_agreed, "A"),
        (agrees_to_what_is_held, two_offered, "A"),
        (settled_while_both_stand, cut_and_offered, "W"),
        (sever_at_its_place, cut_and_offered, "C"),
    ],
)
def test_a_planted_dependence_on_the_order_is_found(
    planted: Fold, begun: Callable[[Fold], Ends], kinds: str
) -> None:
    """The test of the test: the search of the same bound, of the ends alone, with a fold that is wrong."""
    search(begun(product), 4, kinds, whole=False)
    with pytest.raises(AssertionError):
        search(begun(planted), 4, kinds, fold=planted, whole=False)
