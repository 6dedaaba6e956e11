"""The life of a line: SEVER, RESTORE, early, crossing, late; what may leave; receipts (spec 10, 11)."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from twoends import begun

from parley.core import line as lines
from parley.core import suite
from parley.core.accord import Accord
from parley.core.errors import RemoteError
from parley.core.line import Declared, Line, Mark, Prefix, RestoreTerms
from parley.core.record import EMPTY_ROOT, Held
from parley.core.types import (
    POWERS_ALL,
    Act,
    ActKind,
    Body,
    NodeKind,
    Officer,
    Power,
    Precedence,
    Seen,
    Stamp,
    Statement,
    Subject,
    Value,
)

LINE, ORDER_WIRE = hashlib.sha256(b"line").digest(), hashlib.sha256(b"order wire").digest()
ACCORD = Accord("hotline", bytes(16), quorum_restore=1)
OFFICER = Officer(1, hashlib.sha256(b"key").digest(), "watch", Precedence.FLASH, POWERS_ALL)
MESSAGE: Body = ("en", None, None, None, None, None, None, "Text.")
CUT: Body = (None, 500, "en", "Grounds.")


def name_of(party: int, sequence: int, unlike: int) -> bytes:
    return hashlib.sha256(f"{party}/{sequence}/{unlike}".encode()).digest()


class Told:
    """One end's line and what was placed on it; `ours` is party 0."""

    def __init__(self, accord: Accord = ACCORD, ours: int = 0, *, adopted: bool = True) -> None:
        line = lines.new_line(LINE, ours, accord)
        self.line: Line = begun(line) if adopted else line
        self.sizes = [0, 0]

    def act(
        self,
        party: int,
        kind: int,
        body: Body | None,
        *,
        officer: Officer | None = OFFICER,
        at: int | None = None,
        seen: int = 0,
        heard_at: int = 1000,
        precedence: Precedence = Precedence.FLASH,
        line: bytes = LINE,
        unlike: int = 0,
    ) -> Held:
        sequence = self.sizes[party] if at is None else at
        name = name_of(party, sequence, unlike)
        said = Act(line, party, kind, precedence, 1, sequence, Stamp(0), Seen(1, seen), name)
        held = Held(said, party, 1, sequence, name, name, body, name, heard_at)
        self._take(held, officer)
        return held

    def statement(self, party: int, kind: int, their_size: int, body: Body | None = ()) -> Held:
        sequence = self.sizes[party]
        name = name_of(party, sequence, 255)
        said = Statement(
            LINE, party, kind, Precedence.ROUTINE, 1, sequence, Stamp(0), name, 1, their_size, name, name
        )
        held = Held(said, party, 1, sequence, name, name, body, name)
        self._take(held, None)
        return held

    def _take(self, held: Held, officer: Officer | None) -> None:
        self.line = lines.heard(self.line, held, officer)
        if held.sequence == self.line.logs[held.party].size:
            fields = held.body if held.is_statement and held.kind == NodeKind.RECEIPT else ()
            named = frozenset(
                f[0] for f in fields or () if isinstance(f, tuple) and f and isinstance(f[0], int)
            )
            self.line = lines.placed(self.line, held, officer, named=named)
            self.sizes[held.party] += 1

    def restored(self, *, severs: tuple[tuple[bytes, ...], tuple[bytes, ...]], opens_at: int) -> None:
        """A settled RESTORE: offered by party 0, agreed by party 1, acknowledged both ways."""
        prefix = Prefix(1, 0, EMPTY_ROOT)
        sides = (tuple(sorted(severs[0])), tuple(sorted(severs[1])))
        terms = lines.encode_restore(RestoreTerms(sides, (prefix, prefix), "", opens_at, None))
        self.act(0, ActKind.OFFER, (int(Subject.RESTORE), terms))
        self.statement(1, NodeKind.HEAD, self.sizes[0])
        self.act(1, ActKind.AGREE, (suite.sha256(terms),))
        self.statement(0, NodeKind.HEAD, self.sizes[1])


def declared(told: Told, now: int = 5000) -> Declared:
    return lines.declared(told.line, now)


# --- stances ------------------------------------------------------------------------------------------------


def test_a_new_line_is_not_yet_open_and_nothing_but_its_opening_may_leave() -> None:
    """LI-4, LI-12."""
    told = Told()
    assert declared(told) == Declared.NOT_YET_OPENED
    assert lines.refuse(told.line, ActKind.MESSAGE, None, 0) is not None
    for kind, subject in (
        (ActKind.SEVER, None),
        (ActKind.ACKNOWLEDGE, None),
        (ActKind.CANCEL, None),
        (ActKind.OFFER, Subject.RESTORE),
        (ActKind.AGREE, Subject.RESTORE),
        (ActKind.WITHDRAW, Subject.RESTORE),
    ):
        assert lines.refuse(told.line, kind, subject, 0) is None


def test_a_settled_restore_opens_at_its_hour_by_our_clock() -> None:
    """LI-10, LI-11, LI-12."""
    told = Told()
    told.restored(severs=((), ()), opens_at=2000)
    assert declared(told, 1999) == Declared.OPENING
    assert lines.refuse(told.line, ActKind.MESSAGE, None, 1999) is not None
    assert declared(told, 2000) == Declared.OPEN
    assert lines.refuse(told.line, ActKind.MESSAGE, None, 2000) is None


@pytest.mark.parametrize(
    ("parties", "word"),
    [((0,), Declared.SEVERED_BY_US), ((1,), Declared.SEVERED_BY_THEM), ((0, 1), Declared.SEVERED_BY_BOTH)],
)
def test_a_sever_of_either_side_cuts_the_line(parties: tuple[int, ...], word: Declared) -> None:
    """LI-2, LI-12."""
    told = Told()
    told.restored(severs=((), ()), opens_at=0)
    for party in parties:
        told.act(party, ActKind.SEVER, CUT)
    assert declared(told) == word
    assert lines.refuse(told.line, ActKind.MESSAGE, None, 5000) is not None
    always_open = replace(told.line, accords=((b"", replace(ACCORD, always_open=(ActKind.MESSAGE,))),))
    assert lines.refuse(always_open, ActKind.MESSAGE, None, 5000) is None


def test_a_sever_beyond_a_hole_takes_effect_when_read() -> None:
    """LI-1, LI-2: it waits for nothing."""
    told = Told()
    told.restored(severs=((), ()), opens_at=0)
    told.act(1, ActKind.SEVER, CUT, at=told.sizes[1] + 3)
    assert declared(told) == Declared.SEVERED_BY_THEM


def test_a_sever_without_the_power_or_a_proven_officer_has_no_effect() -> None:
    """LI-2, AC-4."""
    told = Told()
    told.restored(severs=((), ()), opens_at=0)
    told.act(1, ActKind.SEVER, CUT, officer=None)
    told.act(1, ActKind.SEVER, CUT, officer=replace(OFFICER, powers=Power.RELEASE))
    assert declared(told) == Declared.OPEN


def test_a_sever_of_the_order_wire_cuts_exactly_the_lines_it_lists() -> None:
    """LI-2: on the line, from line 0, or both: once."""
    for listed, word in ((LINE, Declared.SEVERED_BY_THEM), (bytes(32), Declared.OPEN), (None, Declared.OPEN)):
        told = Told()
        told.restored(severs=((), ()), opens_at=0)
        body: Body = (None if listed is None else (listed,), 500, "en", "Grounds.")
        held = told.act(1, ActKind.SEVER, body, line=ORDER_WIRE)
        assert declared(told) == word
        assert lines.severed(told.line, held, OFFICER) == told.line


def test_a_restore_ends_exactly_the_severs_it_names() -> None:
    """LI-3: a crossing SEVER keeps the line cut."""
    told = Told()
    ours = told.act(0, ActKind.SEVER, CUT)
    crossing = told.act(1, ActKind.SEVER, CUT)
    told.restored(severs=((ours.id,), ()), opens_at=0)
    assert declared(told) == Declared.SEVERED_BY_THEM
    told.restored(severs=((), (crossing.id,)), opens_at=0)
    assert declared(told) == Declared.OPEN


def test_a_restore_needs_no_possession_of_the_severs_it_names() -> None:
    """LI-10: a SEVER that comes late and was named is ended when it comes."""
    told = Told()
    late = told.sizes[1] + 7
    name = name_of(1, late, 0)
    told.restored(severs=((), (name,)), opens_at=0)
    told.act(1, ActKind.SEVER, CUT, at=late)
    assert declared(told) == Declared.OPEN


def test_of_two_settled_restores_the_later_hour_rules() -> None:
    """LI-11."""
    for hours in ((2000, 3000), (3000, 2000)):
        told = Told()
        for hour in hours:
            told.restored(severs=((), ()), opens_at=hour)
        assert told.line.opens_at == 3000


def test_an_offer_of_nonsense_stands_for_nothing() -> None:
    """LI-5, LI-15."""
    told = Told()
    for terms in (b"", b"\xff", lines.accords.encode_terms(ACCORD)):
        for subject in Subject:
            told.act(1, ActKind.OFFER, (int(subject), terms))
    assert told.line.standings == ()


def test_acts_of_the_order_wire_other_than_a_sever_have_no_effect_on_a_line() -> None:
    """LI-5."""
    told = Told()
    prefix = Prefix(1, 0, EMPTY_ROOT)
    terms = lines.encode_restore(RestoreTerms(((), ()), (prefix, prefix), "", 0, None))
    told.act(1, ActKind.OFFER, (int(Subject.RESTORE), terms), line=ORDER_WIRE)
    assert told.line.standings == ()


MALFORMED: tuple[tuple[Value, ...], ...] = ((), (1,), (None,), ("x", "y"), ((), (), (), ()), (1, 2, 3, 4, 5))


@pytest.mark.parametrize("body", MALFORMED)
def test_a_signed_body_without_its_schema_is_recorded_and_has_no_effect(body: Body) -> None:
    """KI-4: a peer with real keys cannot stop the fold."""
    told = Told(adopted=False)
    for kind in ActKind:
        told.act(1, kind, body)
    for node_kind in NodeKind:
        if body:
            told.statement(1, node_kind, 0, body)
    assert told.line.logs[1].size == told.sizes[1] >= 8
    assert told.line.standings == () and told.line.severs == () and told.line.adopted == (None, None)


def test_restore_terms_hold_their_bounds_and_come_back_from_their_bytes() -> None:
    """LI-15."""
    prefix = Prefix(1, 7, bytes(32))
    terms = RestoreTerms(((bytes(32),), ()), (prefix, prefix), "We reserve.", 5, 6)
    assert lines.decode_restore(lines.encode_restore(terms)) == terms
    one, two = bytes(32), b"\x01" * 32
    for severs in ((two, one), (one, one), tuple(bytes((i,)) * 32 for i in range(17)), (b"short",)):
        with pytest.raises(RemoteError):
            RestoreTerms((severs, ()), (prefix, prefix), "", 0, None)


# --- marks --------------------------------------------------------------------------------------------------


def test_what_they_said_around_a_cut_is_marked_by_what_they_knew() -> None:
    """LI-13."""
    told = Told()
    told.restored(severs=((), ()), opens_at=0)
    plain = told.act(1, ActKind.MESSAGE, MESSAGE, seen=told.sizes[0], heard_at=400)
    sever = told.act(0, ActKind.SEVER, CUT)
    crossed = told.act(1, ActKind.MESSAGE, MESSAGE, seen=sever.sequence, heard_at=600)
    knowing = told.act(1, ActKind.MESSAGE, MESSAGE, seen=sever.sequence + 1, heard_at=700)
    assert lines.mark(told.line, plain) == Mark.ORDINARY
    assert lines.mark(told.line, crossed) == Mark.BEFORE_THE_CUT
    assert lines.mark(told.line, knowing) == Mark.WHILE_CUT
    told.restored(severs=((sever.id,), ()), opens_at=0)
    after = told.act(1, ActKind.MESSAGE, MESSAGE, seen=told.sizes[0], heard_at=5000)
    assert lines.mark(told.line, after) == Mark.ORDINARY
    assert lines.mark(told.line, knowing) == Mark.WHILE_CUT


def test_what_they_said_after_their_own_cut_was_said_while_cut() -> None:
    """LI-13."""
    told = Told()
    told.restored(severs=((), ()), opens_at=0)
    told.act(1, ActKind.SEVER, CUT)
    assert lines.mark(told.line, told.act(1, ActKind.MESSAGE, MESSAGE)) == Mark.WHILE_CUT


def test_what_comes_before_the_hour_of_opening_is_early_and_recorded() -> None:
    """LI-13."""
    told = Told()
    told.restored(severs=((), ()), opens_at=2000)
    early = told.act(1, ActKind.MESSAGE, MESSAGE, heard_at=1999)
    assert lines.mark(told.line, early) == Mark.EARLY
    on_time = told.act(1, ActKind.MESSAGE, MESSAGE, heard_at=2000)
    assert lines.mark(told.line, on_time) == Mark.ORDINARY


def test_early_is_said_of_a_second_opening_too_and_not_of_what_lay_before_the_cut() -> None:
    """LI-13."""
    told = Told()
    told.restored(severs=((), ()), opens_at=0)
    before = told.act(1, ActKind.MESSAGE, MESSAGE, seen=told.sizes[0], heard_at=400)
    sever = told.act(0, ActKind.SEVER, CUT)
    told.restored(severs=((sever.id,), ()), opens_at=9000)
    early = told.act(1, ActKind.MESSAGE, MESSAGE, seen=told.sizes[0], heard_at=8999)
    assert lines.mark(told.line, early) == Mark.EARLY
    assert lines.mark(told.line, before) == Mark.ORDINARY


def test_a_sever_read_on_line_0_first_gets_its_place_when_it_comes_on_the_line() -> None:
    """LI-13: places of line 0 are not places of this line."""
    told = Told()
    told.restored(severs=((), ()), opens_at=0)
    name = name_of(0, 50, 9)
    said = Act(ORDER_WIRE, 0, ActKind.SEVER, Precedence.FLASH, 1, 9, Stamp(0), Seen(1, 0), name)
    on_line_0 = Held(said, 0, 1, 50, name, name, ((LINE,), 500, "en", "Grounds."), name, 500)
    told.line = lines.severed(told.line, on_line_0, OFFICER)
    assert declared(told) == Declared.SEVERED_BY_US
    crossed = told.act(1, ActKind.MESSAGE, MESSAGE, seen=told.sizes[0], heard_at=600)
    told._take(replace(on_line_0, sequence=told.sizes[0]), OFFICER)
    knowing = told.act(1, ActKind.MESSAGE, MESSAGE, seen=told.sizes[0], heard_at=700)
    assert len(told.line.severs) == 1
    assert lines.mark(told.line, crossed) == Mark.BEFORE_THE_CUT
    assert lines.mark(told.line, knowing) == Mark.WHILE_CUT


# --- receipts -----------------------------------------------------------------------------------------------


def owed(told: Told, now: int = 0) -> list[NodeKind]:
    return [draft.kind for draft in lines.due(told.line, now)]


def adopted() -> Told:
    told = Told(adopted=False)
    (draft,) = lines.due(told.line, 0)
    assert draft.kind == NodeKind.ADOPT
    told.statement(0, NodeKind.ADOPT, 0, draft.body)
    return told


def test_a_receipt_is_owed_for_an_entry_until_a_statement_of_ours_covers_it() -> None:
    """RE-1."""
    told = adopted()
    assert owed(told) == []
    told.act(1, ActKind.MESSAGE, MESSAGE)
    assert owed(told) == [NodeKind.RECEIPT]
    told.statement(0, NodeKind.RECEIPT, 1)
    assert owed(told) == []


def test_no_receipt_is_owed_for_receipts_and_heads_but_for_every_other_statement() -> None:
    """RE-2: two ends do not acknowledge acknowledgements for ever."""
    told = adopted()
    told.statement(1, NodeKind.RECEIPT, 1)
    told.statement(1, NodeKind.HEAD, 1)
    assert owed(told) == []
    told.statement(1, NodeKind.CONTACT, 1, (0, 0, 1, 1, None, None, None))
    assert owed(told) == [NodeKind.RECEIPT]


def test_an_unknown_kind_is_receipted_like_any_other() -> None:
    """KI-1."""
    told = adopted()
    told.act(1, 63, (1, 2, 3))
    assert owed(told) == [NodeKind.RECEIPT]


def test_entries_beyond_a_hole_are_named_by_leaf_three_at_a_time_flash_first() -> None:
    """RE-3."""
    told = adopted()
    for at in (2, 4, 6):
        told.act(1, ActKind.MESSAGE, MESSAGE, at=at, precedence=Precedence.ROUTINE)
    flash = told.act(1, ActKind.MESSAGE, MESSAGE, at=8)
    (draft,) = lines.due(told.line, 0)
    assert [field[0] for field in draft.body if isinstance(field, tuple)] == [2, 4, 8]
    assert (8, flash.leaf) in draft.body
    told.statement(0, NodeKind.RECEIPT, 0, draft.body)
    (draft,) = lines.due(told.line, 0)
    assert [field[0] for field in draft.body if isinstance(field, tuple)] == [6]
    told.statement(0, NodeKind.RECEIPT, 0, draft.body)
    assert owed(told) == []
    assert told.line.their_log.holes == ((0, 2), (3, 1), (5, 1), (7, 1))


def test_what_their_receipts_named_beyond_a_hole_stays_named_until_covered() -> None:
    """RE-3, RE-6."""
    told = adopted()
    for _ in range(7):
        told.act(0, ActKind.MESSAGE, MESSAGE)
    told.statement(1, NodeKind.RECEIPT, 0, ((2, bytes(32)), (4, bytes(32))))
    told.statement(1, NodeKind.RECEIPT, 0, ((6, bytes(32)),))
    assert told.line.received_beyond == (2, 4, 6)
    told.statement(1, NodeKind.RECEIPT, 5)
    assert told.line.received_beyond == (6,) and told.line.covered == 5


def test_a_statement_that_claims_more_than_is_written_acknowledges_nothing() -> None:
    """RE-5: nobody holds what is not written."""
    told = adopted()
    told.statement(1, NodeKind.HEAD, 2)
    assert told.line.covered == 0
    told.statement(1, NodeKind.HEAD, 1)
    assert told.line.covered == 1


def test_filling_the_hole_is_receipted_as_a_whole() -> None:
    """RE-1."""
    told = adopted()
    held = told.act(1, ActKind.MESSAGE, MESSAGE, at=1)
    (draft,) = lines.due(told.line, 0)
    told.statement(0, NodeKind.RECEIPT, 0, draft.body)
    told.act(1, ActKind.MESSAGE, MESSAGE)
    told.line = lines.placed(told.line, held, OFFICER)
    assert [d.body for d in lines.due(told.line, 0)] == [()]
    told.statement(0, NodeKind.RECEIPT, 2)
    assert owed(told) == [] and told.line.our_log.stated == 2


def test_an_act_comes_under_a_head_after_sixty_seconds_or_256_entries() -> None:
    """RE-4."""
    told = adopted()
    told.act(0, ActKind.MESSAGE, MESSAGE, heard_at=1000)
    assert lines.due_at(told.line) == 1060
    assert owed(told, 1059) == [] and owed(told, 1060) == [NodeKind.HEAD]
    for _ in range(255):
        told.act(0, ActKind.MESSAGE, MESSAGE, heard_at=1000)
    assert owed(told, 1000) == [NodeKind.HEAD]
    told.statement(0, NodeKind.HEAD, 0)
    assert owed(told, 2000) == [] and lines.due_at(told.line) is None


def test_an_entry_held_twice_changes_nothing() -> None:
    """LI-1."""
    told = adopted()
    held = told.act(1, ActKind.SEVER, CUT)
    assert lines.heard(told.line, held, OFFICER) == told.line


def test_more_entries_beyond_a_hole_than_the_limit_are_not_kept() -> None:
    told = Told()
    log = replace(told.line.logs[1], beyond=tuple((i, bytes(32)) for i in range(1, lines.BEYOND_MAX + 1)))
    told.line = replace(told.line, logs=(told.line.logs[0], log))
    with pytest.raises(RemoteError):
        told.act(1, ActKind.MESSAGE, MESSAGE, at=lines.BEYOND_MAX + 5)


def test_an_accord_is_in_force_when_both_nodes_have_adopted_it() -> None:
    """AC-5, RE-7."""
    told = adopted()
    assert not told.line.in_force
    name = told.line.adopted[0]
    assert name is not None
    told.statement(1, NodeKind.ADOPT, 1, (name,))
    assert told.line.in_force and told.line.accord == ACCORD
