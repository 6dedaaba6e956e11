"""The life of a line at its edges: limits, repeats, withheld entries, and who counts for a quorum (spec 10, 11)."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from test_line_life import ACCORD, CUT, LINE, MESSAGE, OFFICER, ORDER_WIRE, Told, name_of

from parley.core import accord as accords
from parley.core import line as lines
from parley.core import suite
from parley.core.accord import Accord
from parley.core.errors import RemoteError
from parley.core.line import Declared, Log, Mark, Prefix, RestoreTerms, Sever, Side, Standing
from parley.core.record import EMPTY_ROOT, Held
from parley.core.types import (
    Act,
    ActKind,
    Body,
    NodeKind,
    Power,
    Precedence,
    Seen,
    Stamp,
    Subject,
)

PREFIX = Prefix(1, 0, EMPTY_ROOT)
U32 = 2**32 - 1


def terms(opens_at: int, severs: tuple[bytes, ...] = ()) -> bytes:
    return lines.encode_restore(RestoreTerms((severs, ()), (PREFIX, PREFIX), "", opens_at, None))


def offer(restore: bytes) -> Body:
    return (int(Subject.RESTORE), restore)


def agree(restore: bytes) -> Body:
    return (suite.sha256(restore),)


# --- the constants the spec names -----------------------------------------------------------------------------------


def test_the_limits_are_those_that_are_promised() -> None:
    """RE-3, RE-4, LI-15, and the limits against a faulty peer."""
    assert (lines.HEAD_AFTER_S, lines.HEAD_AFTER_ENTRIES, lines.HOLES_IN_RECEIPT_MAX) == (60, 256, 3)
    assert (lines.SEVERS_MAX, lines.OFFERS_MAX_OF[Subject.RESTORE], lines.BEYOND_MAX) == (16, 1024, 4096)
    assert frozenset({5, 6, 7}) == lines.ALWAYS_ORIGINATED


def test_the_declared_words_are_those_of_the_spec() -> None:
    """LI-12."""
    assert [word.value for word in Declared] == [
        "NOT YET OPENED",
        "OPENING",
        "OPEN",
        "SEVERED BY US",
        "SEVERED BY THEM",
        "SEVERED BY BOTH",
    ]
    assert [mark.value for mark in Mark] == [
        "",
        "sent before the cut, came after",
        "said while cut",
        "early: before the hour of opening",
    ]


# --- logs -----------------------------------------------------------------------------------------------------------


def test_a_log_tells_what_it_has_and_where_its_holes_are() -> None:
    log = Log(tree=lines.Tree(2, (bytes(32),)), beyond=((3, b"a"), (4, b"b"), (8, b"c")))
    assert [s for s in range(10) if log.has(s)] == [0, 1, 3, 4, 8]
    assert log.holes == ((2, 1), (5, 3)) and log.size == 2
    assert Log().holes == () and Log().incarnation == 1 and not Log().has(0)
    assert Log(beyond=((0, b"a"), (2, b"b"))).holes == ((1, 1),)


def test_a_line_begins_empty_for_both_and_with_nothing_owed() -> None:
    for ours in (0, 1):
        line = lines.new_line(LINE, ours, ACCORD)
        assert (line.our_log, line.their_log, line.covered) == (Log(), Log(), 0)
        assert (line.opens_at, line.severs, line.standings, line.is_order_wire) == (None, (), (), False)
        assert (line.owed, line.owed_beyond, line.received_beyond, line.unheaded) == (0, (), (), (0, 0))
        assert line.accord == ACCORD and not line.in_force
        assert lines.new_line(ORDER_WIRE, ours, ACCORD, is_order_wire=True).in_force


def test_an_entry_at_the_end_of_a_log_leaves_nothing_beyond_and_one_past_it_does() -> None:
    """LI-1."""
    told = Told()
    at = told.sizes[1]
    told.act(1, ActKind.MESSAGE, MESSAGE)
    assert told.line.their_log.beyond == () and told.line.their_log.size == at + 1
    held = told.act(1, ActKind.MESSAGE, MESSAGE, at=at + 2)
    assert told.line.their_log.beyond == ((at + 2, held.leaf),)
    assert told.line.owed == at + 3


def test_as_many_entries_beyond_a_hole_as_the_limit_are_kept() -> None:
    told = Told()
    first = told.sizes[1] + 1
    log = replace(told.line.logs[1], beyond=tuple((first + i, bytes(32)) for i in range(4095)))
    told.line = replace(told.line, logs=(told.line.logs[0], log))
    told.act(1, ActKind.MESSAGE, MESSAGE, at=first + 5000)
    assert len(told.line.their_log.beyond) == 4096
    with pytest.raises(RemoteError):
        told.act(1, ActKind.MESSAGE, MESSAGE, at=first + 5001)


# --- the accord that judges -----------------------------------------------------------------------------------------


def test_accords_are_kept_by_version_and_then_by_hash() -> None:
    """AC-5, RE-7: the highest is adopted; before that the lowest judges what we originate."""
    versions = [
        replace(ACCORD, version=version, purpose=purpose)
        for version, purpose in ((2, "a"), (1, "b"), (2, "c"))
    ]
    named = tuple((suite.sha256(accords.encode_terms(a)), a) for a in versions)
    line = lines.with_accords(lines.new_line(LINE, 0, ACCORD), named)
    twos = sorted(name for name, a in named if a.version == 2)
    assert [name for name, _ in line.accords] == [named[1][0], *twos]
    assert line.accord == versions[1]
    (draft,) = lines.due(line, 0)
    assert draft == lines.Draft(NodeKind.ADOPT, (twos[-1],))
    for party in (0, 1):
        adopted = replace(line, adopted=(twos[0], None) if party == 0 else (None, twos[0]))
        assert adopted.accord_of(party) == dict(named)[twos[0]]
        assert adopted.accord_of(1 - party) == versions[1] and not adopted.in_force
    assert replace(line, adopted=(twos[0], twos[1])).in_force is False
    assert replace(line, adopted=(twos[1], twos[1])).in_force is True
    assert replace(line, adopted=(bytes(32), bytes(32))).accord == versions[1]


def test_a_line_on_which_the_latest_is_adopted_owes_no_adoption_and_line_0_never_does() -> None:
    """RE-7."""
    line = lines.new_line(LINE, 0, ACCORD)
    assert [d.kind for d in lines.due(line, 0)] == [NodeKind.ADOPT]
    assert lines.due(replace(line, adopted=(line.accords[0][0], None)), 0) == ()
    assert [d.kind for d in lines.due(replace(line, adopted=(None, line.accords[0][0])), 0)] == [
        NodeKind.ADOPT
    ]
    assert lines.due(lines.new_line(ORDER_WIRE, 0, ACCORD, is_order_wire=True), 0) == ()


def test_an_adoption_owed_stands_before_a_receipt_for_what_was_not_yet_named() -> None:
    """RE-1, RE-7: a statement of whatever kind acknowledges, so one is enough; a hole is named beside it."""
    told = Told(adopted=False)
    told.act(1, ActKind.MESSAGE, MESSAGE)
    assert [d.kind for d in lines.due(told.line, 0)] == [NodeKind.ADOPT]
    told.act(1, ActKind.MESSAGE, MESSAGE, at=5)
    assert [d.kind for d in lines.due(told.line, 0)] == [NodeKind.ADOPT, NodeKind.RECEIPT]


# --- what may leave -------------------------------------------------------------------------------------------------


def test_while_a_line_is_cut_only_a_restore_is_dealt_with_on_it() -> None:
    """LI-4."""
    told = Told()
    told.act(0, ActKind.SEVER, CUT)
    for kind in (ActKind.OFFER, ActKind.AGREE, ActKind.WITHDRAW):
        assert lines.refuse(told.line, kind, Subject.RESTORE, 0) is None
        assert lines.refuse(told.line, kind, Subject.ACCORD, 0) is not None
    for kind in (ActKind.MESSAGE, ActKind.ROSTER, 9):
        assert lines.refuse(told.line, kind, None, 0) is not None
        assert lines.refuse(told.line, kind, Subject.RESTORE, 0) is not None
    order_wire = lines.new_line(ORDER_WIRE, 0, ACCORD, is_order_wire=True)
    assert lines.refuse(order_wire, ActKind.MESSAGE, None, 0) is None


# --- offers and agreements ------------------------------------------------------------------------------------------


def test_an_offer_beyond_the_limit_of_its_side_stands_for_nothing_and_the_other_side_is_not_touched() -> None:
    told = Told()
    filled = tuple(
        Standing(Subject.RESTORE, hashlib.sha256(b"%d" % i).digest(), b"", (Side(), Side()), (i, None))
        for i in range(lines.OFFERS_MAX_OF[Subject.RESTORE] - 1)
    )
    told.line = replace(told.line, standings=filled)
    told.act(0, ActKind.OFFER, offer(terms(1)))
    told.act(0, ActKind.OFFER, offer(terms(2)))
    told.act(1, ActKind.OFFER, offer(terms(3)))
    assert told.line.standing(suite.sha256(terms(1))) is not None
    assert told.line.standing(suite.sha256(terms(2))) is None
    assert told.line.standing(suite.sha256(terms(3))) is not None


def test_the_same_act_entered_twice_has_no_second_effect() -> None:
    """EN-14: not after a WITHDRAW of it either, where it would come back."""
    told = Told()
    first = told.act(0, ActKind.OFFER, offer(terms(1)))
    again = replace(first, sequence=told.sizes[0])
    told._take(again, OFFICER)
    (standing,) = told.line.standings
    assert standing.sides[0].acts == ((1, first.id, first.sequence),)
    assert standing.offered == (first.sequence, None)
    assert standing.agreed == (True, False)


def test_an_offer_keeps_the_place_of_its_first_on_each_side() -> None:
    """LI-6."""
    told = Told()
    for party in (0, 1):
        at = told.sizes[party]
        told.act(party, ActKind.OFFER, offer(terms(1)))
        told.act(party, ActKind.OFFER, offer(terms(1)))
        (standing,) = told.line.standings
        assert standing.offered[party] == at
        assert len(standing.sides[party].acts) == 2 and standing.sides[party].authors == (1,)


def test_an_agreement_needs_the_power_that_its_offer_needs() -> None:
    """AC-4, LI-5."""
    powers = {
        Power.RESTORE: True,
        Power.ADMINISTER: False,
        Power(31) & ~Power.RESTORE: False,
        Power(31): True,
    }
    for power, counts in powers.items():
        told = Told()
        told.act(0, ActKind.OFFER, offer(terms(1)))
        told.statement(1, NodeKind.HEAD, told.sizes[0])
        told.act(1, ActKind.AGREE, agree(terms(1)), officer=replace(OFFICER, powers=power))
        (standing,) = told.line.standings
        assert standing.agreed == (True, counts)


def test_what_a_log_stands_behind_above_a_withheld_entry_does_not_count() -> None:
    """10.3: an OFFER, AGREE, WITHDRAW or ADOPT held withheld hides what terms its log stands behind."""
    for party, kind in ((p, k) for p in (0, 1) for k in (ActKind.OFFER, ActKind.AGREE, ActKind.WITHDRAW)):
        told = Told()
        told.act(party, kind, None)
        assert told.line.unread == ((True, False) if party == 0 else (False, True))
        told.act(party, ActKind.OFFER, offer(terms(1)))
        assert told.line.standings == ()
        told.act(1 - party, ActKind.OFFER, offer(terms(1)))
        assert len(told.line.standings) == 1
    for party in (0, 1):
        told = Told()
        told.statement(party, NodeKind.ADOPT, 0, None)
        told.act(party, ActKind.OFFER, offer(terms(1)))
        assert told.line.standings == ()


@pytest.mark.parametrize(
    "kind", [ActKind.MESSAGE, ActKind.SEVER, ActKind.CANCEL, ActKind.ACKNOWLEDGE, ActKind.ROSTER, 9]
)
def test_another_act_withheld_hides_nothing_of_what_its_log_stands_behind(kind: int) -> None:
    """10.3."""
    told = Told()
    told.act(0, kind, None)
    told.act(0, ActKind.OFFER, offer(terms(1)))
    assert len(told.line.standings) == 1


def test_an_agreement_above_a_withheld_entry_is_not_confirmed_by_a_statement_above_it() -> None:
    """10.3: what a statement acknowledges it acknowledges, but no interval is covered by it."""
    told = Told()
    told.act(0, ActKind.OFFER, offer(terms(1)))
    told.statement(1, NodeKind.HEAD, told.sizes[0])
    told.act(1, ActKind.AGREE, agree(terms(1)))
    told.act(0, ActKind.AGREE, None)
    told.statement(0, NodeKind.HEAD, told.sizes[1])
    assert told.line.our_log.stated == told.sizes[1]
    assert not told.line.standings[0].settled and told.line.opens_at is None


# --- cuts -----------------------------------------------------------------------------------------------------------


def test_a_cut_says_whose_it_is_on_what_grounds_and_when() -> None:
    """LI-2."""
    told = Told()
    held = told.act(1, ActKind.SEVER, (None, 500, "en", "By order."))
    assert told.line.severs == (Sever(1, held.id, held.sequence, "By order.", 500),)
    assert told.line.epoch.cut and (told.line.severed_by(0), told.line.severed_by(1)) == (False, True)


def test_a_cut_without_its_text_has_no_effect() -> None:
    """LI-1, LI-2."""
    told = Told()
    told.act(1, ActKind.SEVER, None)
    assert told.line.severs == () and not told.line.epoch.cut


def test_on_line_0_a_cut_is_read_and_cuts_nothing_there() -> None:
    """LI-2, LI-4: line 0 is always open."""
    line = lines.new_line(ORDER_WIRE, 0, ACCORD, is_order_wire=True)
    said = Act(ORDER_WIRE, 1, ActKind.SEVER, Precedence.FLASH, 1, 0, Stamp(0), Seen(1, 0), bytes(32))
    name = name_of(1, 0, 0)
    held = Held(said, 1, 1, 0, name, name, ((LINE,), 500, "en", "Grounds."), name, 500)
    after = lines.placed(lines.heard(line, held, OFFICER), held, OFFICER)
    assert after.severs == () and after.logs[1].size == 1


def test_a_cut_of_one_of_several_lines_and_one_of_this_line_with_a_list() -> None:
    """LI-2: an act of another line with a list cuts none; one of this line with a list neither."""
    for of_line, listed, cuts in (
        (ORDER_WIRE, (bytes(32), LINE), True),
        (ORDER_WIRE, (LINE, bytes(32)), True),
        (LINE, (LINE,), False),
        (LINE, None, True),
    ):
        told = Told()
        told.act(1, ActKind.SEVER, (listed, 500, "en", "Grounds."), line=of_line)
        assert bool(told.line.severs) is cuts


def test_a_restore_that_names_cuts_of_both_sides_ends_them_on_whichever_list_they_stand() -> None:
    """LI-3, LI-10."""
    told = Told()
    ours, theirs = told.act(0, ActKind.SEVER, CUT), told.act(1, ActKind.SEVER, CUT)
    for _ in range(3):
        told.act(1, ActKind.MESSAGE, MESSAGE)
    told.restored(severs=((theirs.id,), (ours.id,)), opens_at=0)
    assert lines.declared(told.line, 0) == Declared.OPEN and told.sizes[0] != told.sizes[1]
    sizes = (told.sizes[0], told.sizes[1])
    assert {cut.ended_at for cut in told.line.severs} == {sizes}
    told.restored(severs=((theirs.id,), (ours.id,)), opens_at=1)
    assert {cut.ended_at for cut in told.line.severs} == {sizes}  # when it was ended first


def test_an_hour_that_does_not_come_to_rule_is_not_noted() -> None:
    """LI-11, LI-13."""
    told = Told()
    told.restored(severs=((), ()), opens_at=2000)
    first = told.line.hours
    assert first == ((2000, told.sizes[1]),)
    told.restored(severs=((), ()), opens_at=1000)
    assert told.line.hours == first
    told.restored(severs=((), ()), opens_at=3000)
    assert told.line.hours == (*first, (3000, told.sizes[1]))


# --- marks ----------------------------------------------------------------------------------------------------------


def test_marks_are_for_messages_of_theirs_alone() -> None:
    """LI-13."""
    told = Told()
    told.restored(severs=((), ()), opens_at=5000)
    theirs = told.act(1, ActKind.MESSAGE, MESSAGE, heard_at=100)
    ours = told.act(0, ActKind.MESSAGE, MESSAGE, heard_at=100)
    other = told.act(1, ActKind.CANCEL, (bytes(32), "en", ""), heard_at=100)
    assert [lines.mark(told.line, held) for held in (theirs, ours, other)] == [
        Mark.EARLY,
        Mark.ORDINARY,
        Mark.ORDINARY,
    ]


def test_a_message_that_came_in_the_second_of_our_cut_came_after_it() -> None:
    """LI-13: heard at or after the time that the SEVER states."""
    told = Told()
    told.restored(severs=((), ()), opens_at=0)
    early = told.act(1, ActKind.MESSAGE, MESSAGE, heard_at=499)
    at_once = told.act(1, ActKind.MESSAGE, MESSAGE, heard_at=500)
    told.act(0, ActKind.SEVER, CUT)
    assert lines.mark(told.line, early) == Mark.ORDINARY
    assert lines.mark(told.line, at_once) == Mark.BEFORE_THE_CUT


def test_a_message_below_their_own_cut_was_not_said_while_cut() -> None:
    """LI-13: nor one at the place of a cut that was read on line 0 alone."""
    told = Told()
    told.restored(severs=((), ()), opens_at=0)
    before = told.act(1, ActKind.MESSAGE, MESSAGE, heard_at=100)
    told.act(1, ActKind.SEVER, CUT)
    after = told.act(1, ActKind.MESSAGE, MESSAGE, heard_at=100)
    assert lines.mark(told.line, before) == Mark.ORDINARY
    assert lines.mark(told.line, after) == Mark.WHILE_CUT


def test_a_message_at_the_size_at_which_a_cut_was_ended_is_not_concerned_by_it() -> None:
    """LI-13."""
    told = Told()
    told.restored(severs=((), ()), opens_at=0)
    cut = told.act(1, ActKind.SEVER, CUT)
    last = told.act(1, ActKind.MESSAGE, MESSAGE, heard_at=9000)
    told.restored(severs=((), (cut.id,)), opens_at=0)
    first = told.act(1, ActKind.MESSAGE, MESSAGE, heard_at=9000)
    assert lines.mark(told.line, last) == Mark.WHILE_CUT
    assert lines.mark(told.line, first) == Mark.ORDINARY


def test_the_first_mark_that_fits_is_shown() -> None:
    """LI-13: said while cut stands before what came after the cut."""
    told = Told()
    told.restored(severs=((), ()), opens_at=0)
    told.act(0, ActKind.SEVER, CUT)
    told.act(1, ActKind.SEVER, CUT)
    held = told.act(1, ActKind.MESSAGE, MESSAGE, heard_at=100)
    assert lines.mark(told.line, held) == Mark.WHILE_CUT


# --- receipts and heads ---------------------------------------------------------------------------------------------


def test_a_head_is_owed_for_256_acts_and_not_for_255() -> None:
    """RE-4."""
    told = Told()
    for _ in range(255):
        told.act(0, ActKind.MESSAGE, MESSAGE, heard_at=1000)
    assert lines.due(told.line, 1000) == () and told.line.unheaded == (255, 1000)
    told.act(0, ActKind.MESSAGE, MESSAGE, heard_at=1030)
    assert [d.kind for d in lines.due(told.line, 1000)] == [NodeKind.HEAD]
    assert lines.due_at(told.line) == 1060  # from the first of them


def test_a_receipt_that_is_owed_serves_as_the_head() -> None:
    """RE-4: any statement of ours signs for our acts."""
    told = Told()
    told.act(0, ActKind.MESSAGE, MESSAGE, heard_at=1000)
    told.act(1, ActKind.MESSAGE, MESSAGE, heard_at=1000)
    assert [d.kind for d in lines.due(told.line, 5000)] == [NodeKind.RECEIPT]


def test_what_is_named_beyond_a_hole_is_named_once_and_by_our_receipts_alone() -> None:
    """RE-3."""
    told = Told()
    far = told.act(1, ActKind.MESSAGE, MESSAGE, at=told.sizes[1] + 4)
    assert told.line.owed_beyond == ((False, far.sequence),)
    told.statement(1, NodeKind.RECEIPT, 0, ((far.sequence, bytes(32)),))
    assert told.line.owed_beyond == ((False, far.sequence),)
    told.statement(0, NodeKind.HEAD, 0)
    assert told.line.owed_beyond == ((False, far.sequence),)
    told.statement(0, NodeKind.RECEIPT, 0, ((far.sequence, far.leaf),))
    assert told.line.owed_beyond == ()


def test_an_entry_of_ours_named_beyond_a_hole_stays_named_up_to_the_size_that_covers_it() -> None:
    """RE-3, RE-6."""
    told = Told()
    for _ in range(8):
        told.act(0, ActKind.MESSAGE, MESSAGE)
    told.statement(1, NodeKind.RECEIPT, 0, ((6, bytes(32)),))
    told.statement(1, NodeKind.RECEIPT, 6)
    assert told.line.received_beyond == (6,)
    told.statement(1, NodeKind.RECEIPT, 7)
    assert told.line.received_beyond == ()


def test_a_receipt_that_claims_what_is_not_written_takes_nothing_named_back() -> None:
    """RE-3, RE-5: what was named stays received until a statement covers it, and this one covers nothing."""
    told = Told()
    for _ in range(8):
        told.act(0, ActKind.MESSAGE, MESSAGE)
    told.statement(1, NodeKind.RECEIPT, 0, ((6, bytes(32)),))
    told.statement(1, NodeKind.RECEIPT, 99)
    assert told.line.covered == 0 and told.line.received_beyond == (6,)


def test_a_receipt_or_head_beyond_a_hole_is_not_named() -> None:
    """RE-2."""
    told = Told()
    at = told.sizes[1]
    for kind in (NodeKind.RECEIPT, NodeKind.HEAD):
        told.sizes[1] = at + 3
        told.statement(1, kind, 0)
    assert told.line.owed_beyond == () and lines.due(told.line, 10**6) == ()


def test_a_statement_of_ours_is_not_owed_to_ourselves() -> None:
    """RE-1."""
    told = Told()
    owed = told.line.owed
    told.act(0, ActKind.MESSAGE, MESSAGE)
    told.statement(0, NodeKind.CONTACT, 0, (0, 0, 1, 1, None, None, None))
    assert told.line.owed == owed
    told.statement(1, NodeKind.CONTACT, 0, (0, 0, 1, 1, None, None, None))
    assert told.line.owed == told.sizes[1]


def test_a_statement_that_does_not_agree_acknowledges_nothing() -> None:
    """RE-5: nor does a later one that states less take anything back."""
    told = Told()
    told.act(0, ActKind.MESSAGE, MESSAGE)
    before = told.line.covered
    at = told.sizes[1]
    held = told.act(1, ActKind.MESSAGE, MESSAGE, at=at + 9)  # only to keep the log open above
    assert held.sequence == at + 9
    name = name_of(1, at, 255)
    said = lines.Statement(
        LINE, 1, NodeKind.HEAD, Precedence.ROUTINE, 1, at, Stamp(0), name, 1, told.sizes[0], name, name
    )
    wrong = Held(said, 1, 1, at, name, name, (), name)
    line = lines.placed(lines.heard(told.line, wrong, None), wrong, None, agrees=False)
    assert line.covered == before and line.logs[1].size == at + 1
    told.statement(1, NodeKind.HEAD, told.sizes[0])
    assert told.line.covered == told.sizes[0]
    told.statement(1, NodeKind.HEAD, 1)
    assert told.line.covered == told.sizes[0]


# --- the quorum -----------------------------------------------------------------------------------------------------


def test_as_many_officers_of_a_side_as_the_accord_it_adopted_asks_for_stand_behind_a_restore() -> None:
    """LI-7, LI-8: each counts once, however often he speaks."""
    told = Told(Accord("hotline", bytes(16), quorum_restore=3))
    for author, enough in ((1, False), (1, False), (2, False), (2, False), (3, True), (4, True)):
        sequence = told.sizes[0]
        name = name_of(0, sequence, 0)
        said = Act(LINE, 0, ActKind.OFFER, Precedence.FLASH, author, sequence, Stamp(0), Seen(1, 0), name)
        held = Held(said, 0, 1, sequence, name, name, offer(terms(1)), name, 0)
        told._take(held, replace(OFFICER, author=author))
        (standing,) = told.line.standings
        assert standing.agreed == (enough, False)
    assert standing.sides[0].authors == (1, 2, 3, 4)
    assert len(standing.sides[0].intervals) == 1


def test_an_act_again_behind_terms_that_stand_begins_no_further_stretch() -> None:
    """LI-8: not after an earlier stretch that was ended either."""
    told = Told()
    first = told.act(0, ActKind.OFFER, offer(terms(1)))
    told.act(0, ActKind.WITHDRAW, (first.id,))
    second = told.act(0, ActKind.OFFER, offer(terms(1)))
    told.act(0, ActKind.OFFER, offer(terms(1)))
    (standing,) = told.line.standings
    assert [(i.since, i.closed) for i in standing.sides[0].intervals] == [
        (first.sequence, True),
        (second.sequence, False),
    ]


# --- what is heard and not yet placed -------------------------------------------------------------------------------


def heard_of(told: Told, kind: int, body: Body | None, sequence: int, *, line: bytes = LINE) -> Held:
    name = name_of(1, sequence, 3)
    said = Act(line, 1, kind, Precedence.ROUTINE, 1, sequence, Stamp(0), Seen(1, 0), name)
    return Held(said, 1, 1, sequence, name, name, body, name, 0)


def test_an_entry_at_the_end_of_its_log_is_heard_without_lying_beyond_a_hole() -> None:
    """LI-1, RE-3: it is placed in the same breath, and named by nobody."""
    told = Told()
    held = heard_of(told, ActKind.MESSAGE, MESSAGE, told.sizes[1])
    after = lines.heard(told.line, held, OFFICER)
    assert after.owed_beyond == () and after.their_log.beyond == () and after.owed == told.sizes[1] + 1


def test_an_entry_beyond_a_hole_heard_again_is_kept_and_named_once() -> None:
    """LI-1."""
    told = Told()
    held = heard_of(told, ActKind.MESSAGE, MESSAGE, told.sizes[1] + 4)
    once = lines.heard(told.line, held, OFFICER)
    assert lines.heard(once, held, OFFICER) == once
    assert len(once.their_log.beyond) == len(once.owed_beyond) == 1


def test_each_cut_keeps_its_own_place() -> None:
    """LI-13: also when one was read on line 0 first, or is entered again."""
    told = Told()
    from_line_0 = heard_of(told, ActKind.SEVER, ((LINE,), 500, "en", "Grounds."), 40, line=ORDER_WIRE)
    told.line = lines.severed(told.line, from_line_0, OFFICER)
    first, second = told.act(1, ActKind.SEVER, CUT), told.act(1, ActKind.SEVER, CUT)
    assert [cut.sequence for cut in told.line.severs] == [U32, first.sequence, second.sequence]
    told._take(replace(first, sequence=told.sizes[1]), OFFICER)
    assert [cut.sequence for cut in told.line.severs] == [U32, first.sequence, second.sequence]
    told._take(replace(from_line_0, sequence=told.sizes[1]), OFFICER)
    assert [cut.sequence for cut in told.line.severs] == [told.sizes[1] - 1, first.sequence, second.sequence]


def test_line_0_is_not_cut_by_a_cut_with_no_list() -> None:
    """LI-2, LI-4: an act of line 0 with a null list cuts none."""
    line = lines.new_line(ORDER_WIRE, 0, ACCORD, is_order_wire=True)
    held = heard_of(Told(), ActKind.SEVER, CUT, 0, line=ORDER_WIRE)
    assert lines.heard(line, held, OFFICER).severs == ()


def test_a_named_cut_that_comes_late_is_ended_at_the_sizes_at_which_it_came() -> None:
    """LI-10, LI-13."""
    told = Told()
    for _ in range(3):
        told.act(0, ActKind.MESSAGE, MESSAGE)
    late = told.sizes[1] + 9
    told.restored(severs=((), (name_of(1, late, 0),)), opens_at=0)
    told.act(1, ActKind.SEVER, CUT, at=late)
    (cut,) = told.line.severs
    assert cut.ended_at == (told.sizes[0], told.sizes[1]) and told.sizes[0] != told.sizes[1]


def test_a_message_of_theirs_is_concerned_by_every_cut_and_not_by_the_first_alone() -> None:
    """LI-13."""
    told = Told()
    told.restored(severs=((), ()), opens_at=0)
    ended = told.act(1, ActKind.SEVER, CUT)
    told.restored(severs=((), (ended.id,)), opens_at=0)
    told.act(1, ActKind.SEVER, CUT)
    assert lines.mark(told.line, told.act(1, ActKind.MESSAGE, MESSAGE)) == Mark.WHILE_CUT


def test_a_statement_has_no_mark_even_where_its_number_is_that_of_a_message() -> None:
    """LI-13: PREKEYS has the number of a MESSAGE."""
    told = Told()
    told.act(0, ActKind.SEVER, CUT)
    assert int(NodeKind.PREKEYS) == int(ActKind.MESSAGE)
    assert (
        lines.mark(told.line, told.statement(1, NodeKind.PREKEYS, 0, (1, bytes(32), None))) == Mark.ORDINARY
    )


def test_an_act_of_theirs_wants_no_head_of_ours() -> None:
    """RE-4."""
    told = Told()
    told.act(1, ActKind.MESSAGE, MESSAGE, heard_at=1000)
    assert told.line.unheaded == (0, 0) and lines.due_at(told.line) is None


def test_a_receipt_of_ours_held_without_its_names_names_nothing() -> None:
    """LI-1."""
    told = Told()
    far = told.act(1, ActKind.MESSAGE, MESSAGE, at=told.sizes[1] + 4)
    told.statement(0, NodeKind.RECEIPT, 0, None)
    assert told.line.owed_beyond == ((False, far.sequence),)


def test_an_adoption_above_a_withheld_entry_does_not_judge_yet() -> None:
    """AC-5, 10.3."""
    told = Told(adopted=False)
    name = told.line.accords[0][0]
    told.act(1, ActKind.OFFER, None)
    told.statement(1, NodeKind.ADOPT, 0, (name,))
    told.statement(0, NodeKind.ADOPT, 0, (name,))
    assert told.line.adopted == (name, None)


def test_what_is_withheld_in_one_log_hides_nothing_of_the_other() -> None:
    """10.3."""
    told = Told()
    told.act(1, ActKind.OFFER, None)
    assert told.line.unread == (False, True)
    told.act(0, ActKind.OFFER, None)
    assert told.line.unread == (True, True)
    told.act(1, ActKind.OFFER, None)
    assert told.line.unread == (True, True)
    again = Told()
    again.act(0, ActKind.AGREE, None)
    again.act(0, ActKind.AGREE, None)
    assert again.line.unread == (True, False)
    again.act(1, ActKind.AGREE, None)
    assert again.line.unread == (True, True)
