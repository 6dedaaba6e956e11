"""Makes more of vectors/line: the readings that every other transcript leaves open, one a file.

Each function is one file, as in line.py; each shows what another reading of the spec would say otherwise.
"""

from __future__ import annotations

from dataclasses import replace

import common as c
from line import (
    BY_THEM,
    BY_US,
    FLASH,
    NOT_YET,
    OPEN,
    OPENING,
    SCENARIOS,
    Fields,
    cut,
    cut_on_line_0,
    fault,
    hash_of,
    last,
    named,
    of_terms,
    owed,
    scenario,
)
from transcript import ACCORD, START, Placed, World, officer, restore

from parley.core import accord as accords
from parley.core.instruments import roster
from parley.core.types import ActKind, NodeKind, Officer, Power, Precedence

OTHERS = len(SCENARIOS)  # of line.py, which writes them itself


def delegation(author: int, powers: Power, precedence: Precedence = Precedence.FLASH) -> Officer:
    """An officer of party 1 with these powers alone."""
    return Officer(author, officer(1, author).key, "duty officer", precedence, powers)


# --- rosters ------------------------------------------------------------------------------------------------


@scenario("AC-4 PA-11")
def roster_of_an_officer() -> Fields:
    """A ROSTER entered by an officer with every power: the root key alone delegates, so who it names stays
    unproven."""
    w = World(0)
    w.opened()
    w.act(1, ActKind.ROSTER, roster.body([officer(1, 4)]), author=1, line="0")
    sever = w.act(
        1, ActKind.SEVER, (None, w.now, "en", "Grounds."), author=4, precedence=FLASH, attached=True
    )
    return w.ends(declared=OPEN, severs=[], not_proven=[sever.id], faults=[])


@scenario("AC-4 PA-8 PA-11")
def roster_on_the_line_itself() -> Fields:
    """A ROSTER of their root on the line itself has no effect: rosters belong on line 0."""
    w = World(0)
    w.opened()
    w.act(1, ActKind.ROSTER, roster.body([officer(1, 4)]), author=0, line="1")
    sever = w.act(
        1, ActKind.SEVER, (None, w.now, "en", "Grounds."), author=4, precedence=FLASH, attached=True
    )
    return w.ends(declared=OPEN, severs=[], not_proven=[sever.id])


@scenario("AC-4")
def sever_by_the_root() -> Fields:
    """A SEVER signed by their root key as author 0: the root has the power over rosters and no other."""
    w = World(0)
    w.opened()
    w.act(1, ActKind.SEVER, (None, w.now, "en", "Grounds."), author=0, precedence=FLASH)
    return w.ends(declared=OPEN, severs=[], not_proven=[], faults=[])


@scenario("SU-2 PA-11 FR-12", "refused")
def bad_roster_with_a_key_of_small_order() -> Fields:
    """Their root delegates a key of small order, under which anybody can sign: it is refused where it is
    enrolled, so nothing verifies under it."""
    w = World(0)
    w.opened()
    unfit = replace(officer(1, 4), key=c.UNFIT_KEY)
    w.act(1, ActKind.ROSTER, roster.body([unfit]), author=0, line="0")
    sever = w.sever(1, author=4, later=True)
    w.hear(forged(sever))
    return w.ends(declared=OPEN, severs=[], dropped=1)


def forged(placed: Placed) -> Placed:
    """The same act under the key of small order: its key id, and the signature that fits anything."""
    found = c.wire.decode_entry(placed.entry)
    signed = replace(found.signed, kid=c.suite.key_id(c.UNFIT_KEY), signature=c.FITS_ANYTHING)
    return replace(placed, entry=c.wire.encode_entry(replace(found, signed=signed)))


# --- accords and quorums ------------------------------------------------------------------------------------


@scenario("LI-8 AC-5")
def restore_withdrawn_judged_by_a_lower_quorum() -> Fields:
    """Two of theirs are behind terms under an accord that asks for two; their node adopts one that asks for
    one; then one withdraws: by the accord that judges the WITHDRAW their side still stands."""
    w = World(0)
    w.begun(replace(ACCORD, quorum_restore=2))
    terms = restore(opens_at=START)
    first = w.offer(1, terms)
    w.offer(1, terms, author=2)
    second = w.accord(replace(ACCORD, version=2, quorum_restore=1))
    w.adopts(1, second)
    w.act(1, ActKind.WITHDRAW, (first.id,))
    w.statement(1)
    fields = w.ends(declared=NOT_YET)
    shown = of_terms(fields, terms)
    assert shown["behind"] == [[], [2]] and shown["stands"] == [False, True]
    assert len(shown["intervals"][1]) == 1
    return fields


@scenario("LI-8 AC-5")
def restore_withdrawn_judged_by_a_higher_quorum() -> Fields:
    """Two of theirs are behind terms under an accord that asks for one; their node adopts one that asks for
    two, which ends nothing; then one withdraws, and their side stands no more."""
    w = World(0)
    w.begun()
    terms = restore(opens_at=START)
    first = w.offer(1, terms)
    second = w.accord(replace(ACCORD, version=2, quorum_restore=2))
    w.adopts(1, second)
    stands = w.end.shows()["line"]["terms"][0]
    assert stands["stands"] == [False, True] and stands["behind"] == [[], [1]]
    w.shows(terms=[stands])
    w.offer(1, terms, author=2)
    w.act(1, ActKind.WITHDRAW, (first.id,))
    fields = w.ends(declared=NOT_YET)
    shown = of_terms(fields, terms)
    assert shown["behind"] == [[], [2]] and shown["stands"] == [False, False]
    assert len(shown["intervals"][1]) == 1
    return fields


@scenario("AC-5 LI-8")
def restore_withdrawn_under_an_accord_not_settled_here() -> Fields:
    """Two of theirs are behind terms that one would do for; their node adopts terms nobody agreed to; one
    withdraws: while no accord judges, any WITHDRAW that takes an author away ends the interval."""
    w = World(0)
    w.begun()
    terms = restore(opens_at=START)
    first = w.offer(1, terms)
    w.offer(1, terms, author=2)
    w.adopts(1, hash_of(accords.encode_terms(replace(ACCORD, version=2))))
    w.act(1, ActKind.WITHDRAW, (first.id,))
    fields = w.ends(declared=NOT_YET)
    shown = of_terms(fields, terms)
    assert shown["behind"] == [[], [2]] and shown["stands"] == [False, False]
    return fields


@scenario("LI-4 AC-5")
def accord_amended_so_that_a_kind_is_always_open() -> Fields:
    """An amendment lists MESSAGE as always open. Settled, it changes nothing for us; adopted by our node, it
    does, though theirs has not adopted it."""
    w = World(0)
    w.opened()
    w.sever(1)
    second = w.accord(replace(ACCORD, version=2, always_open=(int(ActKind.MESSAGE),)))
    shut = w.end.shows()["line"]["may_originate"]
    assert not shut["MESSAGE"]
    w.shows(accords=[hash_of(accords.encode_terms(ACCORD)), second], may_originate=shut)
    w.adopts(0, second)
    return w.ends(declared=BY_THEM, may_originate={**shut, "MESSAGE": True})


@scenario("LI-7 AC-4")
def restore_withdrawn_one_act_of_two_kinds() -> Fields:
    """Our officer offered terms and agreed to them too; he takes the OFFER back, and by the AGREE is still
    behind them."""
    w, sever = cut()
    terms = restore(named(1, sever.id), w.now)
    offered = w.offer(0, terms)
    w.agree(0, terms)
    w.act(0, ActKind.WITHDRAW, (offered.id,))
    w.statement(1)
    w.agree(1, terms)
    w.statement(0)
    fields = w.ends(declared=OPEN)
    assert of_terms(fields, terms)["behind"] == [[1], [1]]
    return fields


@scenario("LI-3 LI-10")
def restore_names_a_sever_in_the_list_of_the_other_side() -> Fields:
    """The settled terms name a SEVER of party 1 in the list of party 0: it is ended all the same."""
    w, sever = cut()
    name = w.restored(restore(named(0, sever.id), w.now))
    fields = w.ends(declared=OPEN)
    assert last(fields)["severs"][0]["ended_by"] == [name]
    return fields


@scenario("LI-1 LI-5")
def withheld_withdrawal_hides_what_lies_above() -> Fields:
    """Their WITHDRAW comes withheld; their OFFER above it does not count until its body comes, and counts
    then: the WITHDRAW was of other terms."""
    w, sever = cut()
    other, terms = restore(named(1, sever.id), w.now + 7200), restore(named(1, sever.id), w.now)
    taken = w.offer(1, other)
    withdrawal = w.act(1, ActKind.WITHDRAW, (taken.id,), later=True)
    w.hear(replace(withdrawal, body=None))
    w.offer(1, terms)
    w.statement(0)
    w.agree(0, terms)
    w.statement(1)
    w.shows(declared=BY_THEM)
    w.hear(withdrawal)
    return w.ends(declared=OPEN)


# --- names and kinds ----------------------------------------------------------------------------------------


@scenario("EN-14 KI-4", "fault")
def bad_two_acts_under_one_name_the_lower_without_its_schema() -> Fields:
    """Two SEVERs under one name, the lower without its schema: the lower has the name, so neither has
    effect."""
    w = World(0)
    w.opened()
    lower = w.act(1, ActKind.SEVER, (None, w.now, "en"), number=77, precedence=FLASH)
    higher = w.act(1, ActKind.SEVER, (None, w.now, "en", "Grounds."), number=77, precedence=FLASH)
    faults = [fault("malformed", 1, lower.sequence), fault("two acts under one name", 1, higher.sequence)]
    return w.ends(declared=OPEN, severs=[], faults=faults)


@scenario("KI-1 RE-1")
def kind_reserved() -> Fields:
    """RESUME and CHECKPOINT are reserved: on receipt they are kinds nobody knows, whatever is in them."""
    w = World(0)
    w.opened()
    resume = w.statement(1, NodeKind.RESUME, (1, b"two"))
    checkpoint = w.statement(1, NodeKind.CHECKPOINT)
    unknown = [[1, resume.sequence], [1, checkpoint.sequence]]
    return w.ends(unknown=unknown, faults=[], owed=owed(True))


@scenario("KI-1 PA-12 LI-1")
def kind_unknown_and_author_unproven_beyond_a_hole() -> Fields:
    """A statement of an unknown kind and an act of an officer not yet proven lie beyond a hole that is never
    filled: both are shown as what they are."""
    w = World(0)
    w.opened()
    w.message(1, later=True)
    strange = w.statement(1, 63, (b"\x01",))
    sever = w.act(
        1, ActKind.SEVER, (None, w.now, "en", "Grounds."), author=4, precedence=FLASH, attached=True
    )
    return w.ends(declared=OPEN, unknown=[[1, strange.sequence]], not_proven=[sever.id], faults=[])


# --- receipts and heads -------------------------------------------------------------------------------------


@scenario("LI-1 RE-3 RE-5")
def receipt_of_theirs_that_lies_beyond_a_hole() -> Fields:
    """Their RECEIPT lies beyond a hole: what it covers and what it names counts when it is placed, not when
    it is heard."""
    w = World(0)
    w.opened()
    sent = [w.message(0, f"No. {i}") for i in range(4)]
    before = w.end.shows()["line"]["covered"]
    lost = w.message(1, later=True)
    body = ((sent[3].sequence, sent[3].leaf),)
    w.statement(1, NodeKind.RECEIPT, body, covers=sent[2].sequence)
    w.shows(covered=before, named_by_them=[], holes=[[], [[lost.sequence, 1]]])
    w.hear(lost)
    covered = [sent[2].sequence, before[1]]
    return w.ends(covered=covered, named_by_them=[sent[3].sequence], faults=[])


@scenario("RE-3")
def receipt_beyond_holes_immediate_is_not_first() -> Fields:
    """Four entries beyond holes, the highest IMMEDIATE, the others ROUTINE: after FLASH the order is that of
    the log, so the three lowest are named."""
    w = World(0)
    w.opened()
    w.statement(0)
    said = [
        w.message(
            1, f"No. {i}", precedence=Precedence.IMMEDIATE if i == 7 else Precedence.ROUTINE, later=True
        )
        for i in range(8)
    ]
    beyond = said[1::2]
    w.hear(*reversed(beyond))
    return w.ends(owed=owed(True, [[p.sequence, p.leaf] for p in beyond[:3]]))


@scenario("RE-4")
def head_owed_for_a_sever_alone() -> Fields:
    """The only act of ours under no statement is a SEVER: a HEAD is owed after it like after any other."""
    w = World(0)
    w.opened()
    w.statement(0)
    w.sever(0)
    placed = w.now
    w.clock(placed + 59)
    w.shows(declared=BY_US, owed=owed(False))
    w.clock(placed + 60)
    return w.ends(declared=BY_US, owed=owed(False, head=True))


@scenario("RE-4")
def head_not_owed_for_statements() -> Fields:
    """Statements of ours call for no HEAD: only acts do."""
    w = World(0)
    w.opened()
    w.statement(0)
    w.statement(0, NodeKind.CONTACT, (w.now, w.now, 1, 1, None, None, None))
    w.clock(w.now + 3600)
    return w.ends(owed=owed(False))


# --- marks --------------------------------------------------------------------------------------------------


@scenario("LI-13 AC-4")
def mark_beside_an_author_without_the_power() -> Fields:
    """A message after their own SEVER of an officer who may not release: it is a MESSAGE, and has its mark."""
    w = World(0)
    w.opened()
    w.act(1, ActKind.ROSTER, roster.body([delegation(5, Power.ACKNOWLEDGE)]), author=0, line="0")
    w.sever(1)
    said = w.message(1, author=5)
    return w.ends(declared=BY_THEM, marks={said.id.hex(): "said while cut"}, not_proven=[])


@scenario("LI-13 LI-1")
def mark_beyond_a_hole() -> Fields:
    """A message after their own SEVER, held beyond a hole: it has its mark while it waits."""
    w = World(0)
    w.opened()
    w.sever(1)
    w.message(1, "Lost.", later=True)
    said = w.message(1, "Beyond.")
    return w.ends(declared=BY_THEM, marks={said.id.hex(): "said while cut"})


@scenario("LI-13")
def mark_at_the_size_at_which_the_cut_was_ended() -> Fields:
    """A RESTORE ends their SEVER. What lies below the size their log had here when that was settled was said
    while cut; what lies exactly at it was not."""
    w, sever = cut()
    below = w.message(1, "Below.")
    terms = restore(named(1, sever.id), w.now)
    w.offer(0, terms)
    w.statement(1)
    w.agree(1, terms)
    w.statement(0)
    at = w.message(1, "At it.")
    assert at.sequence == w.logs["1"][1].size - 1
    return w.ends(declared=OPEN, marks={below.id.hex(): "said while cut"})


@scenario("LI-13 LI-1")
def mark_of_what_was_heard_before_the_cut_was_ended() -> Fields:
    """A message beyond a hole is heard while the line is cut, and lies above the size their log had when a
    RESTORE was settled: the place counts, not the hour of hearing."""
    w, sever = cut()
    terms = restore(named(1, sever.id), w.now)
    w.offer(0, terms)
    w.statement(1)
    w.agree(1, terms)
    lost, beyond = w.message(1, "Lost.", later=True), w.message(1, "Beyond.", later=True)
    w.hear(beyond)
    w.shows(declared=BY_THEM, marks={beyond.id.hex(): "said while cut"})
    w.statement(0, covers=lost.sequence)
    w.shows(declared=OPEN, marks={})
    w.hear(lost)
    return w.ends(declared=OPEN, marks={})


@scenario("LI-13")
def mark_none_beside_a_sever_that_concerns_it() -> Fields:
    """A message before the hour of opening lies below a SEVER of theirs, which concerns it: it was not said
    while cut, and it is not early."""
    w = World(0)
    w.begun()
    w.restored(restore(opens_at=w.now + 3600))
    early = w.message(1, "Below.")
    w.shows(declared=OPENING, marks={early.id.hex(): "early"})
    w.sever(1)
    return w.ends(declared=BY_THEM, marks={})


@scenario("LI-13 LI-11")
def mark_not_early_for_an_hour_that_came_later() -> Fields:
    """A message heard while the line is open; then a RESTORE with a later hour is settled: what was placed
    before that hour ruled is not early."""
    w = World(0)
    w.opened()
    w.message(1, "While open.")
    hour = w.now + 3600
    w.restored(restore(opens_at=hour, reserved="Later."))
    early = w.message(1, "Early.")
    return w.ends(declared=OPENING, opens_at=hour, marks={early.id.hex(): "early"})


@scenario("LI-13 LI-2")
def mark_after_a_sever_of_line_0_entered_on_the_line() -> Fields:
    """A SEVER of line 0, entered on this line, has a place there: what lies after it was said while cut."""
    w = World(0)
    w.opened()
    below = w.message(1, "Below.", later=True)
    cut_on_line_0(w, 1, (c.LINE,))
    said = w.message(1, "Above.")
    w.hear(below)
    return w.ends(declared=BY_THEM, marks={said.id.hex(): "said while cut"})


def main() -> None:
    for made, cites, outcome in SCENARIOS[OTHERS:]:
        what = " ".join((made.__doc__ or "").split())
        c.write("line", made.__name__.replace("_", "-"), what, cites, outcome, **made())


if __name__ == "__main__":
    main()
