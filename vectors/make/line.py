"""Makes vectors/line: what one end has of a line, entry by entry, and what it then says of it (sections 3.4,
5, 6, 9 to 11; the form is in vectors/README.md).

Each function is one file, named after it. What it states by hand is what the scenario is about; the maker
stops when the product's fold does not say the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import common as c
from transcript import ACCORD, START, World, officer, restore

from parley.core import accord as accords
from parley.core import suite
from parley.core.instruments import roster
from parley.core.line import Prefix
from parley.core.types import ActKind, NodeKind, Power, Precedence, Subject
from parley.core.wire import entry as wire

Fields = dict[str, Any]
SCENARIOS: list[tuple[Callable[[], Fields], str, str]] = []
OPEN, OPENING, NOT_YET = "OPEN", "OPENING", "NOT YET OPENED"
BY_US, BY_THEM, BY_BOTH = "SEVERED BY US", "SEVERED BY THEM", "SEVERED BY BOTH"
FLASH = Precedence.FLASH
NOBODY: list[list[int]] = [[], []]


def scenario(cites: str, outcome: str = "good") -> Callable[[Callable[[], Fields]], Callable[[], Fields]]:
    def kept(made: Callable[[], Fields]) -> Callable[[], Fields]:
        SCENARIOS.append((made, cites, outcome))
        return made

    return kept


def hash_of(terms: bytes) -> bytes:
    return suite.sha256(terms)


def fault(word: str, party: int, sequence: int) -> dict[str, Any]:
    return {"fault": word, "party": party, "sequence": sequence}


def last(fields: Fields) -> dict[str, Any]:
    """What is shown of the line at the end."""
    shown: dict[str, Any] = fields["steps"][-1]["shows"]["line"]
    return shown


def of_terms(fields: Fields, terms: bytes) -> dict[str, Any]:
    """What is shown at the end of these terms."""
    found: dict[str, Any] = next(t for t in last(fields)["terms"] if t["hash"] == hash_of(terms))
    return found


def offer_of(terms: bytes, subject: Subject = Subject.RESTORE) -> tuple[int, bytes]:
    return (int(subject), terms)


# --- accords and the first opening --------------------------------------------------------------------------


@scenario("PA-8 AC-5 RE-7 LI-9 LI-12")
def accord_makes_a_line() -> Fields:
    """An accord is offered and agreed on line 0; when it is settled here the line is there and an ADOPT is
    owed."""
    w = World(ours=0)
    w.rosters(1)
    terms = accords.encode_terms(ACCORD)
    w.act(0, ActKind.OFFER, offer_of(terms, Subject.ACCORD), line="0")
    w.statement(1, NodeKind.RECEIPT, line="0")
    w.act(1, ActKind.AGREE, (hash_of(terms),), line="0")
    agreed = {"hash": hash_of(terms), "subject": 1, "behind": [[1], [1]], "stands": [True, True]}
    agreed |= {"intervals": [[[1, 0]], [[2, 2]]], "settled": False, "shown": "agreed, not yet confirmed"}
    w.shows(line_0={"terms": [agreed]})
    assert w.end.shows()["line"] is None
    w.statement(0, NodeKind.RECEIPT, line="0")
    return w.ends(
        line_0={
            "terms": [{**agreed, "intervals": [[[1, 3]], [[2, 2]]], "settled": True, "shown": "settled"}]
        },
        declared=NOT_YET,
        accords=[hash_of(terms)],
        adopted=[None, None],
        judged_by=[None, None],
        in_force=None,
        owed={"RECEIPT": False, "names": [], "HEAD": False, "ADOPT": hash_of(terms)},
    )


@scenario("LI-9 PA-8")
def accord_agreed_and_not_yet_confirmed() -> Fields:
    """We agreed to an accord; without their statement that covers our AGREE there is no line yet."""
    w = World(ours=1)
    w.rosters(1)
    terms = accords.encode_terms(ACCORD)
    w.act(0, ActKind.OFFER, offer_of(terms, Subject.ACCORD), line="0")
    w.statement(1, NodeKind.RECEIPT, line="0")
    w.act(1, ActKind.AGREE, (hash_of(terms),), line="0")
    fields = w.ends()
    assert last(fields) is None
    return fields


@scenario("LI-7 LI-9")
def accord_withdrawn_before_it_was_agreed() -> Fields:
    """An offer of an accord withdrawn before it is acknowledged leaves nothing settled, whatever is agreed
    then."""
    w = World(ours=1)
    w.rosters(1)
    terms = accords.encode_terms(ACCORD)
    offered = w.act(0, ActKind.OFFER, offer_of(terms, Subject.ACCORD), line="0")
    w.act(0, ActKind.WITHDRAW, (offered.id,), line="0")
    w.statement(1, NodeKind.RECEIPT, line="0")
    w.act(1, ActKind.AGREE, (hash_of(terms),), line="0")
    w.statement(0, NodeKind.RECEIPT, line="0")
    fields = w.ends()
    (standing,) = fields["steps"][-1]["shows"]["line_0"]["terms"]
    assert standing["stands"] == [False, True] and not standing["settled"]
    return fields


@scenario("AC-4 LI-5")
def accord_offered_without_the_power() -> Fields:
    """An officer who may only release and acknowledge offers an accord: it has no effect."""
    w = World(ours=1)
    w.rosters(1, 3)
    terms = accords.encode_terms(ACCORD)
    w.act(0, ActKind.OFFER, offer_of(terms, Subject.ACCORD), author=3, line="0")
    w.statement(1, NodeKind.RECEIPT, line="0")
    w.act(1, ActKind.AGREE, (hash_of(terms),), line="0")
    w.statement(0, NodeKind.RECEIPT, line="0")
    return w.ends(line_0={"terms": [], "faults": []})


@scenario("AC-5")
def accord_adopted_by_one() -> Fields:
    """Only their node has adopted the accord: it is not in force yet, and ours is still owed."""
    w = World(ours=0)
    w.rosters(1)
    name = w.accord()
    w.adopts(1, name)
    owed = {"RECEIPT": True, "names": [], "HEAD": False, "ADOPT": name}
    return w.ends(adopted=[None, name], in_force=None, judged_by=[None, name], owed=owed)


@scenario("AC-5 RE-7")
def accord_adopted_by_both() -> Fields:
    """Both nodes have adopted it: the accord is in force."""
    w = World(ours=1)
    name = w.begun()
    return w.ends(adopted=[name, name], in_force=name, declared=NOT_YET)


@scenario("AC-5 LI-8")
def accord_amended_quorum_rises() -> Fields:
    """An amendment asks for two officers a side. Each side's acts after its own ADOPT are judged by it."""
    w = World(ours=0)
    first = w.begun()
    amended = replace(ACCORD, version=2, quorum_restore=2)
    second = w.accord(amended)
    owed = {"RECEIPT": False, "names": [], "HEAD": False, "ADOPT": second}
    w.statement(0)
    w.shows(accords=[first, second], in_force=first, judged_by=[first, first], owed=owed)
    w.adopts(0, second)
    w.shows(adopted=[second, first], in_force=None, judged_by=[second, first])
    terms = restore(opens_at=START)
    w.offer(1, terms)  # one of theirs is enough: their node has not adopted yet
    w.statement(0)
    w.agree(0, terms)  # one of ours is not
    w.statement(1)
    w.shows(declared=NOT_YET)
    w.agree(0, terms, author=2)
    w.statement(1)
    w.adopts(1, second)
    return w.ends(declared=OPEN, in_force=second, owed={**owed, "ADOPT": None, "RECEIPT": True})


@scenario("AC-5 LI-8 LI-9")
def accord_amended_and_adopted_before_it_is_settled_here() -> Fields:
    """Their node adopted an amendment that is not settled here: until it is, their side does not come to
    stand by what it enters. Then all is judged anew, and stands and is settled."""
    w = World(ours=1)
    first = w.begun()
    encoded = accords.encode_terms(replace(ACCORD, version=2, purpose="Amended."))
    second = hash_of(encoded)
    w.act(0, ActKind.OFFER, offer_of(encoded, Subject.ACCORD), line="0")
    w.statement(1, NodeKind.RECEIPT, line="0")
    w.act(1, ActKind.AGREE, (second,), line="0")
    late = w.statement(0, NodeKind.RECEIPT, line="0", later=True)
    w.adopts(0, second)
    w.shows(accords=[first], adopted=[second, first], judged_by=[None, first], in_force=None)
    terms = restore(opens_at=START)
    w.offer(0, terms)
    w.statement(1)
    w.agree(1, terms)
    w.statement(0)
    standing = {"hash": hash_of(terms), "subject": 2, "behind": [[1], [1]]}
    ours = [w.logs["1"][1].size - 1, w.end.shows()["line"]["covered"][0]]
    agreed = {**standing, "stands": [False, True], "intervals": [[], [ours]], "settled": False, "shown": None}
    w.shows(declared=NOT_YET, terms=[agreed])
    w.hear(late)
    fields = w.ends(declared=OPEN, accords=[first, second], judged_by=[second, first], in_force=None)
    assert of_terms(fields, terms)["stands"] == [True, True] and last(fields)["owed"]["ADOPT"] == second
    return fields


@scenario("AC-5 LI-8")
def accord_settled_late_asks_for_more() -> Fields:
    """The same with an amendment that asks for two officers: one of theirs does not stand, neither before it
    is settled here nor after."""
    w = World(ours=1)
    w.begun()
    encoded = accords.encode_terms(replace(ACCORD, version=2, quorum_restore=2))
    w.act(0, ActKind.OFFER, offer_of(encoded, Subject.ACCORD), line="0")
    w.statement(1, NodeKind.RECEIPT, line="0")
    w.act(1, ActKind.AGREE, (hash_of(encoded),), line="0")
    late = w.statement(0, NodeKind.RECEIPT, line="0", later=True)
    w.adopts(0, hash_of(encoded))
    terms = restore(opens_at=START)
    w.offer(0, terms)
    w.statement(1)
    w.agree(1, terms)
    w.statement(0)
    w.shows(declared=NOT_YET)
    w.hear(late)
    fields = w.ends(declared=NOT_YET)
    assert of_terms(fields, terms)["stands"] == [False, True]
    return fields


@scenario("AC-5 LI-8")
def accord_before_the_first_adopt() -> Fields:
    """Their officer offers before their node has adopted any accord here: he is behind the terms, their side
    does not stand; by an offer after the ADOPT it does."""
    w = World(ours=0)
    w.rosters(1)
    name = w.accord()
    w.adopts(0, name)
    terms = restore(opens_at=START)
    w.offer(1, terms)
    behind = {"hash": hash_of(terms), "subject": 2, "behind": [[], [1]], "settled": False, "shown": None}
    w.shows(terms=[{**behind, "stands": [False, False], "intervals": [[], []]}], judged_by=[name, None])
    w.adopts(1, name)
    w.shows(terms=[{**behind, "stands": [False, False], "intervals": [[], []]}], judged_by=[name, name])
    w.offer(1, terms)
    return w.ends(terms=[{**behind, "stands": [False, True], "intervals": [[], [[2, 1]]]}])


@scenario("AC-2 LI-5")
def accord_without_a_name() -> Fields:
    """Terms with an empty name are those of no line: an offer of them has no effect."""
    w = World(ours=0)
    w.rosters(1)
    terms = accords.encode_terms(replace(ACCORD, name=""))
    w.act(1, ActKind.OFFER, offer_of(terms, Subject.ACCORD), line="0")
    return w.ends(line_0={"terms": [], "faults": []})


@scenario("AC-5")
def accord_two_amendments_of_one_version() -> Fields:
    """Both sides had an amendment settled, both of version 2: the one with the higher hash is to be
    adopted."""
    w = World(ours=0)
    first = w.begun()
    one = w.accord(replace(ACCORD, version=2, purpose="One."))
    other = w.accord(replace(ACCORD, version=2, purpose="Other."), offered_by=1)
    low, high = sorted((one, other))
    w.statement(0)
    owed = {"RECEIPT": False, "names": [], "HEAD": False, "ADOPT": high}
    return w.ends(accords=[first, low, high], in_force=first, owed=owed)


@scenario("LI-4 AC-5")
def accord_keeps_a_kind_always_open() -> Fields:
    """An accord that lists MESSAGE as always open: it may be originated while the line is cut."""
    w = World(ours=0)
    w.opened(replace(ACCORD, always_open=(int(ActKind.MESSAGE),)))
    w.sever(1)
    fields = w.ends(declared=BY_THEM)
    assert all(last(fields)["may_originate"].values())
    return fields


@scenario("LI-4 LI-9 LI-10 LI-11 LI-12")
def opening_first() -> Fields:
    """The first opening: offered by them, agreed here, confirmed both ways; open from the hour on by our
    clock."""
    w = World(ours=0)
    w.begun()
    w.shows(declared=NOT_YET, opens_at=None)
    hour = START + 3600
    w.restored(restore(opens_at=hour))
    closed = dict.fromkeys(("SEVER", "CANCEL", "ACKNOWLEDGE", "OFFER", "AGREE", "WITHDRAW"), True)
    w.shows(declared=OPENING, opens_at=hour, may_originate={"MESSAGE": False, **closed})
    w.clock(hour - 1)
    w.shows(declared=OPENING)
    w.clock(hour)
    return w.ends(declared=OPEN, opens_at=hour, may_originate={"MESSAGE": True, **closed})


@scenario("LI-9")
def opening_agreed_and_not_yet_confirmed() -> Fields:
    """Both acts are held, their statement that covers ours is not: not settled, and the line is not
    opening."""
    w = World(ours=1)
    w.begun()
    terms = restore()
    w.offer(0, terms)
    w.statement(1)
    w.agree(1, terms)
    fields = w.ends(declared=NOT_YET, opens_at=None)
    standing = of_terms(fields, terms)
    assert standing["shown"] == "agreed, not yet confirmed"
    return fields


# --- SEVER --------------------------------------------------------------------------------------------------


@scenario("LI-2 LI-4 LI-12")
def sever_ours() -> Fields:
    """An officer of ours cuts the line."""
    w = World(ours=0)
    w.opened()
    w.shows(declared=OPEN)
    cut = w.sever(0)
    severs = [{"act": cut.id, "party": 0, "at": w.now - 1, "ended_by": []}]
    return w.ends(declared=BY_US, severs=severs)


@scenario("LI-2 LI-4 LI-12")
def sever_theirs() -> Fields:
    """An officer of theirs cuts the line."""
    w = World(ours=0)
    w.opened()
    cut = w.sever(1)
    return w.ends(declared=BY_THEM, severs=[{"act": cut.id, "party": 1, "at": w.now - 1, "ended_by": []}])


@scenario("LI-12")
def sever_both() -> Fields:
    """Both have cut the line, each knowing of the other."""
    w = World(ours=1)
    w.opened()
    w.sever(0)
    w.shows(declared=BY_THEM)
    w.sever(1)
    return w.ends(declared=BY_BOTH)


@scenario("LI-3 LI-12")
def sever_crossing() -> Fields:
    """Two SEVERs cross; a RESTORE names only ours, so theirs keeps the line cut."""
    w = World(ours=0)
    w.opened()
    theirs = w.sever(1, later=True)
    ours = w.sever(0)
    w.shows(declared=BY_US)
    w.hear(theirs)
    w.shows(declared=BY_BOTH)
    name = w.restored(restore(((ours.id,), ()), w.now))
    severs = [
        {"act": ours.id, "party": 0, "at": ours_at(w, ours.id), "ended_by": [name]},
        {"act": theirs.id, "party": 1, "at": ours_at(w, theirs.id), "ended_by": []},
    ]
    return w.ends(declared=BY_THEM, severs=sorted(severs, key=lambda s: s["act"]))


def ours_at(w: World, act: bytes) -> int:
    """The time of the cut that a SEVER states."""
    held = next(h.held for h in w.end.had if h.held.id == act)
    assert held.body is not None and isinstance(held.body[1], int)
    return held.body[1]


@scenario("LI-2 LI-12")
def sever_before_the_first_opening() -> Fields:
    """A SEVER on a line never opened: the word is of the cut, and an opening that does not name it does not
    open."""
    w = World(ours=0)
    w.begun()
    w.sever(1)
    w.shows(declared=BY_THEM)
    w.restored(restore())
    return w.ends(declared=BY_THEM, opens_at=START)


@scenario("LI-2 AC-4")
def sever_without_the_power() -> Fields:
    """A SEVER of an officer who may not sever has no effect; it is recorded, and no fault."""
    w = World(ours=0)
    w.opened()
    w.sever(1, author=3)
    return w.ends(declared=OPEN, severs=[], faults=[])


def cut_on_line_0(w: World, party: int, listed: tuple[bytes, ...] | None, **how: Any) -> Any:
    body = (listed, w.now, "en", "Grounds.")
    return w.act(party, ActKind.SEVER, body, precedence=FLASH, of_line_0=True, **how)


@scenario("LI-2")
def sever_of_line_0_with_this_line_listed() -> Fields:
    """A SEVER on line 0 that lists this line cuts it; on this line nothing is entered."""
    w = World(ours=0)
    w.opened()
    cut = cut_on_line_0(w, 1, (c.LINE,), line="0")
    severs = [{"act": cut.id, "party": 1, "at": w.now - 1, "ended_by": []}]
    return w.ends(declared=BY_THEM, severs=severs)


@scenario("LI-2")
def sever_of_line_0_with_null_list() -> Fields:
    """An act of line 0 cuts exactly what it lists, and with a null list nothing."""
    w = World(ours=0)
    w.opened()
    cut_on_line_0(w, 1, None, line="0")
    return w.ends(declared=OPEN, severs=[])


@scenario("LI-2")
def sever_of_line_0_with_another_line_listed() -> Fields:
    """A list without this line leaves it open."""
    w = World(ours=0)
    w.opened()
    cut_on_line_0(w, 1, (c.seed("another line"),), line="0")
    return w.ends(declared=OPEN, severs=[])


@scenario("LI-2 EN-10")
def sever_of_line_0_entered_on_the_line() -> Fields:
    """An act of line 0, entered on this line and not on line 0, that lists this line: it is cut."""
    w = World(ours=1)
    w.opened()
    cut_on_line_0(w, 0, (c.LINE,))
    return w.ends(declared=BY_THEM, faults=[])


@scenario("LI-2")
def sever_of_the_line_with_a_list() -> Fields:
    """An act of this line that carries a list cuts nothing, this line listed or not."""
    w = World(ours=0)
    w.opened()
    w.act(1, ActKind.SEVER, ((c.LINE,), w.now, "en", "Grounds."), precedence=FLASH)
    return w.ends(declared=OPEN, severs=[], faults=[])


@scenario("LI-2 LI-13")
def sever_of_line_0_read_on_both() -> Fields:
    """The same SEVER, read on line 0 first and then on the line: it counts once, and what follows it there
    was said while cut."""
    w = World(ours=0)
    w.opened()
    cut = cut_on_line_0(w, 1, (c.LINE,), later=True)
    there = w.logs["0"][1]
    found = wire.decode_entry(cut.entry).signed
    assert cut.body is not None
    w._place("0", 1, found, wire.decode_body(cut.body), None, False)
    w.shows(declared=BY_THEM)
    said = w.message(1, later=True)
    w.hear(cut, said)
    assert there.size
    fields = w.ends(declared=BY_THEM, marks={said.id.hex(): "said while cut"})
    assert len(last(fields)["severs"]) == 1
    return fields


@scenario("LI-1 LI-2")
def sever_beyond_a_hole() -> Fields:
    """A SEVER read before the two entries below it: it waits for nothing."""
    w = World(ours=0)
    w.opened()
    lost = [w.message(1, later=True), w.message(1, later=True)]
    cut = w.sever(1, later=True)
    w.hear(cut)
    at = lost[0].sequence
    w.shows(declared=BY_THEM, holes=[[], [[at, 2]]])
    w.hear(lost[1])
    w.shows(declared=BY_THEM, holes=[[], [[at, 1]]])
    w.hear(lost[0])
    return w.ends(declared=BY_THEM, holes=NOBODY)


# --- RESTORE ------------------------------------------------------------------------------------------------


def cut(ours: int = 0, by: int = 1, **terms: Any) -> tuple[World, Any]:
    """A line opened, and cut by one party."""
    w = World(ours)
    w.opened(replace(ACCORD, **terms))
    return w, w.sever(by)


def named(party: int, act: bytes) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    return ((act,), ()) if party == 0 else ((), (act,))


@scenario("LI-3 LI-8 LI-9 LI-11")
def restore_settled() -> Fields:
    """Offered by them, agreed by us, confirmed by both: the SEVER it names is ended, and the line open at its
    hour."""
    w, sever = cut()
    hour = w.now + 3600
    name = w.restored(restore(named(1, sever.id), hour))
    w.shows(declared=OPENING, opens_at=hour)
    w.clock(hour)
    fields = w.ends(declared=OPEN, opens_at=hour)
    assert last(fields)["severs"][0]["ended_by"] == [name]
    return fields


@scenario("LI-9")
def restore_not_yet_confirmed() -> Fields:
    """Our statement covers their AGREE, and theirs covered our OFFER before: settled here only when their
    statement is had, which lies after the AGREE."""
    w, sever = cut()
    terms = restore(named(1, sever.id), w.now)
    w.offer(0, terms)
    w.agree(1, terms, later=True)  # names an OFFER their log has not acknowledged: no effect
    stated = w.statement(1, later=True)
    again = w.agree(1, terms, later=True)
    w.hear(*w.logs["1"][1].entries[-3:-2], stated, again)
    w.shows(declared=BY_THEM)
    w.statement(0)
    return w.ends(declared=OPEN)


@scenario("LI-7 LI-9")
def restore_withdrawn_before() -> Fields:
    """They withdraw their offer before their node covers our AGREE: nothing is settled."""
    w, sever = cut()
    terms = restore(named(1, sever.id), w.now)
    offered = w.offer(1, terms)
    w.statement(0)
    w.agree(0, terms)
    w.act(1, ActKind.WITHDRAW, (offered.id,))
    w.statement(1)
    w.statement(0)
    fields = w.ends(declared=BY_THEM)
    assert of_terms(fields, terms)["stands"] == [True, False]
    return fields


@scenario("LI-7 LI-8")
def restore_withdrawn_one_act_of_two() -> Fields:
    """Their officer offered twice and takes one of the two back: by the other he is still behind the
    terms."""
    w, sever = cut()
    terms = restore(named(1, sever.id), w.now)
    first = w.offer(1, terms)
    w.offer(1, terms)
    w.act(1, ActKind.WITHDRAW, (first.id,))
    w.statement(0)
    w.agree(0, terms)
    w.statement(1)
    return w.ends(declared=OPEN)


@scenario("LI-6 LI-7")
def restore_agreed_to_an_offer_withdrawn_since() -> Fields:
    """Their second officer agrees to what the first of the same side offered and withdrew: the OFFER was
    there, so the AGREE counts."""
    w, sever = cut()
    terms = restore(named(1, sever.id), w.now)
    first = w.offer(1, terms)
    w.act(1, ActKind.WITHDRAW, (first.id,))
    w.agree(1, terms, author=2)
    w.statement(0)
    w.agree(0, terms)
    w.statement(1)
    fields = w.ends(declared=OPEN)
    assert of_terms(fields, terms)["behind"] == [[1], [2]]
    return fields


@scenario("LI-7 LI-9")
def restore_withdrawn_too_late() -> Fields:
    """They withdraw after their node covered our AGREE: it stays settled, also when we withdraw too."""
    w, sever = cut()
    terms = restore(named(1, sever.id), w.now)
    offered = w.offer(1, terms)
    w.statement(0)
    agreed = w.agree(0, terms)
    w.statement(1)
    w.shows(declared=OPEN)
    w.act(1, ActKind.WITHDRAW, (offered.id,))
    w.act(0, ActKind.WITHDRAW, (agreed.id,))
    w.statement(1)
    w.statement(0)
    return w.ends(declared=OPEN)


@scenario("LI-7")
def restore_withdrawn_by_another_officer() -> Fields:
    """A WITHDRAW names the act of another officer of the same side: it takes nothing away."""
    w, sever = cut()
    terms = restore(named(1, sever.id), w.now)
    offered = w.offer(1, terms)
    w.act(1, ActKind.WITHDRAW, (offered.id,), author=2)
    w.statement(0)
    w.agree(0, terms)
    w.statement(1)
    return w.ends(declared=OPEN)


@scenario("LI-7 AC-4")
def restore_withdrawn_without_the_power() -> Fields:
    """A WITHDRAW needs no power beyond being its author's; of an act without effect it takes nothing away."""
    w, sever = cut()
    terms = restore(named(1, sever.id), w.now)
    idle = w.offer(1, terms, author=3)
    w.act(1, ActKind.WITHDRAW, (idle.id,), author=3)
    w.offer(1, terms)
    w.statement(0)
    w.agree(0, terms)
    w.statement(1)
    return w.ends(declared=OPEN)


@scenario("LI-7 LI-8 LI-9")
def restore_withdrawn_and_offered_again() -> Fields:
    """Offered, withdrawn before it is covered, and offered again by a later act: a second interval begins,
    and that one is matched."""
    w, sever = cut()
    terms = restore(named(1, sever.id), w.now)
    offered = w.offer(1, terms)
    w.statement(0)
    w.agree(0, terms)
    w.act(1, ActKind.WITHDRAW, (offered.id,))
    w.statement(1)
    w.statement(0)
    w.shows(declared=BY_THEM)
    w.offer(1, terms)
    w.shows(declared=BY_THEM)
    w.statement(0)
    fields = w.ends(declared=OPEN)
    standing = of_terms(fields, terms)
    assert [len(side) for side in standing["intervals"]] == [1, 2]
    return fields


@scenario("LI-7 LI-9")
def restore_withdrawn_by_the_one_who_agreed() -> Fields:
    """They agree and withdraw at once. Their AGREE lay after their acknowledgement of the offer, so our
    statement that covers it settles the terms all the same: who agreed is bound as long as the offer
    stands."""
    w, sever = cut()
    terms = restore(named(1, sever.id), w.now)
    w.offer(0, terms)
    w.statement(1)
    agreed = w.agree(1, terms)
    w.act(1, ActKind.WITHDRAW, (agreed.id,))
    w.shows(declared=BY_THEM)
    w.statement(0)
    fields = w.ends(declared=OPEN)
    assert of_terms(fields, terms)["behind"] == [[1], []]
    return fields


@scenario("LI-5 LI-9")
def restore_crossing_equal_offers() -> Fields:
    """Both offer the same terms, neither agrees: settled when each has acknowledged the other's offer."""
    w, sever = cut()
    terms = restore(named(1, sever.id), w.now)
    theirs = w.offer(1, terms, later=True)
    w.offer(0, terms)
    w.hear(theirs)
    w.statement(0)
    w.shows(declared=BY_THEM)
    w.statement(1)
    return w.ends(declared=OPEN)


@scenario("LI-8")
def restore_quorum_of_two() -> Fields:
    """Two officers a side: one twice is one, and the second makes the quorum."""
    w = World(0)
    w.begun(replace(ACCORD, quorum_restore=2))
    terms = restore(opens_at=START)
    for author in (1, 2):
        w.offer(1, terms, author=author)
    w.statement(0)
    w.agree(0, terms)
    w.agree(0, terms)
    w.statement(1)
    w.shows(declared=NOT_YET)
    w.agree(0, terms, author=2)
    w.shows(declared=NOT_YET)
    w.statement(1)
    fields = w.ends(declared=OPEN)
    standing = of_terms(fields, terms)
    assert standing["behind"] == [[1, 2], [1, 2]]
    return fields


@scenario("LI-7 LI-8")
def restore_quorum_of_two_less_one() -> Fields:
    """One of their two withdraws before their node covers our quorum: theirs no longer stands."""
    w = World(0)
    w.begun(replace(ACCORD, quorum_restore=2))
    terms = restore(opens_at=START)
    first = w.offer(1, terms)
    w.offer(1, terms, author=2)
    w.statement(0)
    w.agree(0, terms)
    w.agree(0, terms, author=2)
    w.act(1, ActKind.WITHDRAW, (first.id,))
    w.statement(1)
    fields = w.ends(declared=NOT_YET)
    standing = of_terms(fields, terms)
    assert standing["behind"] == [[1, 2], [2]] and standing["stands"] == [True, False]
    return fields


@scenario("LI-6")
def restore_agreed_without_acknowledgement_before() -> Fields:
    """They agree to our offer before a statement of theirs covers it: the AGREE has no effect, also later."""
    w, sever = cut()
    terms = restore(named(1, sever.id), w.now)
    w.offer(0, terms)
    w.agree(1, terms)
    w.statement(1)
    w.statement(0)
    fields = w.ends(declared=BY_THEM)
    assert of_terms(fields, terms)["behind"] == [[1], []]
    return fields


@scenario("LI-6 LI-8")
def restore_agreed_to_an_offer_of_its_own_log() -> Fields:
    """A second officer agrees to what the first of the same side offered: no acknowledgement is needed for
    that."""
    w = World(1)
    w.begun(replace(ACCORD, quorum_restore=2))
    terms = restore(opens_at=START)
    w.offer(0, terms)
    w.agree(0, terms, author=2)
    w.statement(1)
    w.agree(1, terms)
    w.agree(1, terms, author=2)
    w.statement(0)
    return w.ends(declared=OPEN)


@scenario("LI-15")
def restore_with_an_agreed_prefix() -> Fields:
    """The terms name both logs as they were; that stays true while they grow."""
    w, sever = cut()
    prefixes = tuple(Prefix(1, log.size, log.trees[-1].root) for log in w.logs["1"])
    w.message(0, "Since.", seen=0)
    terms = restore(named(1, sever.id), w.now, (prefixes[0], prefixes[1]), "We reserve the map.")
    w.restored(terms)
    return w.ends(declared=OPEN)


@scenario("LI-3")
def restore_names_one_sever_of_two() -> Fields:
    """They cut twice; the RESTORE names the first, the second keeps the line cut until it is named too."""
    w, first = cut()
    second = w.sever(1, grounds="Again.")
    w.restored(restore(named(1, first.id), w.now))
    w.shows(declared=BY_THEM)
    w.restored(restore(named(1, second.id), w.now))
    return w.ends(declared=OPEN)


@scenario("LI-3")
def restore_and_cut_anew() -> Fields:
    """A new SEVER after a settled RESTORE cuts the line again."""
    w, sever = cut()
    w.restored(restore(named(1, sever.id), w.now))
    w.shows(declared=OPEN)
    w.sever(0)
    return w.ends(declared=BY_US)


@scenario("LI-3")
def restore_named_twice() -> Fields:
    """Two settled RESTOREs name the same SEVER."""
    w, sever = cut()
    names = [w.restored(restore(named(1, sever.id), w.now, reserved=text)) for text in ("", "Reserved.")]
    fields = w.ends(declared=OPEN)
    assert last(fields)["severs"][0]["ended_by"] == sorted(names)
    return fields


@scenario("LI-11")
def restore_two_settled_the_later_hour_rules() -> Fields:
    """Two terms settled with different hours, the later one first: it rules."""
    w, sever = cut()
    late, soon = w.now + 7200, w.now + 3600
    w.restored(restore(named(1, sever.id), late))
    w.restored(restore(named(1, sever.id), soon))
    w.clock(soon)
    w.shows(declared=OPENING, opens_at=late)
    w.clock(late)
    return w.ends(declared=OPEN, opens_at=late)


@scenario("LI-11")
def restore_two_settled_of_one_hour() -> Fields:
    """Two different terms settled with the same hour."""
    w, sever = cut()
    hour = w.now + 3600
    for text in ("", "Reserved."):
        w.restored(restore(named(1, sever.id), hour, reserved=text))
    w.shows(declared=OPENING)
    w.clock(hour)
    return w.ends(declared=OPEN, opens_at=hour)


@scenario("LI-10 LI-13")
def restore_names_a_sever_not_held() -> Fields:
    """The SEVER that was named comes late, from beyond nothing: it is ended when it comes."""
    w = World(0)
    w.opened()
    late = w.sever(1, later=True)
    terms = restore(named(1, late.id), w.now)
    w.offer(0, terms)
    w.shows(declared=OPEN)
    theirs = [w.statement(1, later=True), w.agree(1, terms, later=True)]
    w.hear(*theirs)
    w.shows(declared=OPEN, holes=[[], [[late.sequence, 1]]])
    w.hear(late)
    w.shows(declared=BY_THEM)
    w.statement(0)
    return w.ends(declared=OPEN)


@scenario("LI-5 AC-4")
def restore_offered_without_the_power() -> Fields:
    """An officer who may not restore offers terms, and one of ours agrees: nothing comes of it."""
    w, sever = cut()
    terms = restore(named(1, sever.id), w.now)
    w.offer(1, terms, author=3)
    w.statement(0)
    w.agree(0, terms)
    w.statement(1)
    return w.ends(declared=BY_THEM, faults=[])


@scenario("LI-5 LI-15")
def restore_offer_of_nonsense() -> Fields:
    """Offers whose terms do not decode, or are those of an accord: recorded, no fault of schema, and no
    effect."""
    w, _ = cut()
    before = w.end.shows()["line"]["terms"]
    for terms in (b"", b"\xff", accords.encode_terms(ACCORD)):
        w.offer(1, terms)
        w.act(1, ActKind.OFFER, offer_of(terms, Subject.ACCORD))
    return w.ends(declared=BY_THEM, terms=before, faults=[])


@scenario("LI-5 PA-8")
def restore_by_an_act_of_line_0() -> Fields:
    """An OFFER to restore that is an act of line 0, entered on this line: no effect here."""
    w, sever = cut()
    terms = restore(named(1, sever.id), w.now)
    w.act(1, ActKind.OFFER, offer_of(terms), of_line_0=True)
    w.statement(0)
    w.agree(0, terms)
    w.statement(1)
    return w.ends(declared=BY_THEM, faults=[])


@scenario("LI-1 LI-9")
def restore_beyond_a_hole() -> Fields:
    """Their AGREE and their statement lie beyond a hole: nothing is settled until it is filled."""
    w, sever = cut()
    terms = restore(named(1, sever.id), w.now)
    w.offer(0, terms)
    lost = w.statement(1, later=True)
    agreed, stated = w.agree(1, terms, later=True), w.statement(1, later=True)
    w.hear(stated, agreed)
    w.statement(0, covers=lost.sequence)
    w.shows(declared=BY_THEM, holes=[[], [[lost.sequence, 1]]])
    w.hear(lost)
    w.shows(declared=BY_THEM)
    w.statement(0)
    return w.ends(declared=OPEN)


# --- names, kinds, bodies -----------------------------------------------------------------------------------


@scenario("EN-14", "fault")
def bad_two_acts_under_one_name() -> Fields:
    """Two different messages of one officer under one number."""
    w = World(0)
    w.opened()
    first = w.message(1, "One.")
    second = w.message(1, "Another.", number=5)
    assert second.sequence == first.sequence + 1
    w.message(1, "A third.", number=5)
    return w.ends(faults=[fault("two acts under one name", 1, second.sequence + 1)])


@scenario("EN-14 LI-2", "fault")
def bad_two_acts_under_one_name_the_second_a_sever() -> Fields:
    """Of two different acts under one name that at the lower place of its log has effect: a SEVER above it
    has none."""
    w = World(0)
    w.opened()
    said = w.message(1, number=9)
    w.act(1, ActKind.SEVER, (None, w.now, "en", "Grounds."), number=9, precedence=FLASH)
    return w.ends(declared=OPEN, severs=[], faults=[fault("two acts under one name", 1, said.sequence + 1)])


@scenario("EN-14 LI-2 LI-1", "fault")
def bad_two_acts_under_one_name_a_sever_heard_first() -> Fields:
    """The SEVER at the higher place is heard first and cuts; when the message below it comes it has no effect
    any more."""
    w = World(0)
    w.opened()
    said = w.message(1, number=9, later=True)
    sever = w.act(1, ActKind.SEVER, (None, w.now, "en", "Grounds."), number=9, precedence=FLASH, later=True)
    w.hear(sever)
    w.shows(declared=BY_THEM)
    w.hear(said)
    return w.ends(declared=OPEN, severs=[], faults=[fault("two acts under one name", 1, said.sequence)])


@scenario("EN-14 LI-2 LI-1", "fault")
def bad_two_acts_under_one_name_on_line_0() -> Fields:
    """The same on line 0: a SEVER that lists this line is heard first, then an OFFER below it under the same name."""
    w = World(0)
    w.opened()
    terms = accords.encode_terms(replace(ACCORD, version=2))
    lower = w.act(1, ActKind.OFFER, offer_of(terms, Subject.ACCORD), line="0", number=9, later=True)
    body = ((c.LINE,), w.now, "en", "Grounds.")
    sever = w.act(1, ActKind.SEVER, body, line="0", number=9, precedence=FLASH, later=True)
    w.hear(sever)
    w.shows(declared=BY_THEM)
    w.hear(lower)
    faults = [fault("two acts under one name", 1, lower.sequence)]
    return w.ends(declared=OPEN, severs=[], line_0={"faults": faults})


@scenario("EN-14 LI-5", "fault")
def bad_two_acts_under_one_name_the_lower_heard_later() -> Fields:
    """The offer at the higher place is had first; when the message below it comes the offer has no effect any
    more."""
    w = World(0)
    w.begun()
    lower = w.message(1, number=9, later=True)
    terms = restore()
    higher = w.act(1, ActKind.OFFER, offer_of(terms), number=9, later=True)
    w.hear(higher)
    w.shows(terms=[], holes=[[], [[lower.sequence, 1]]])
    w.hear(lower)
    return w.ends(terms=[], faults=[fault("two acts under one name", 1, lower.sequence)])


@scenario("EN-14 LI-2")
def act_entered_twice() -> Fields:
    """The same SEVER and the same message at two places of the log: no second effect, and no fault."""
    w = World(0)
    w.opened()
    said = w.message(1)
    w.again(said)
    sever = w.sever(1)
    name = w.restored(restore(named(1, sever.id), w.now))
    w.again(sever)
    fields = w.ends(declared=OPEN, faults=[])
    assert [s["ended_by"] for s in last(fields)["severs"]] == [[name]]
    return fields


@scenario("EN-14 LI-7")
def act_entered_again_after_its_withdrawal() -> Fields:
    """Their officer offered and withdrew; their node enters the same OFFER a second time: it has no second
    effect."""
    w, sever = cut()
    terms = restore(named(1, sever.id), w.now)
    offered = w.offer(1, terms)
    w.statement(0)
    w.agree(0, terms)
    w.act(1, ActKind.WITHDRAW, (offered.id,))
    w.again(offered)
    w.statement(1)
    w.statement(0)
    fields = w.ends(declared=BY_THEM, faults=[])
    assert of_terms(fields, terms)["behind"] == [[1], []]
    return fields


@scenario("KI-1 RE-1")
def kind_unknown() -> Fields:
    """An act and a statement of kinds nobody has defined: recorded, receipted, shown as unknown; the
    statement acknowledges all the same."""
    w = World(0)
    w.opened()
    w.message(0)
    strange = w.act(1, 63, (1, "two", None))
    w.statement(1, 63, (b"\x01",))
    unknown = [[1, strange.sequence], [1, strange.sequence + 1]]
    ours = w.logs["1"][0].size
    owed = {"RECEIPT": True, "names": [], "HEAD": False, "ADOPT": None}
    fields = w.ends(unknown=unknown, owed=owed, faults=[])
    assert last(fields)["covered"][0] == ours
    return fields


@scenario("KI-2 KI-4 RE-1", "fault")
def bad_sever_without_its_schema() -> Fields:
    """A SEVER whose body has a field too few: a fault, receipted, and without effect."""
    w = World(0)
    w.opened()
    cut_short = w.act(1, ActKind.SEVER, (None, w.now, "en"), precedence=FLASH)
    owed = {"RECEIPT": True, "names": [], "HEAD": False, "ADOPT": None}
    return w.ends(declared=OPEN, severs=[], owed=owed, faults=[fault("malformed", 1, cut_short.sequence)])


@scenario("KI-3 KI-4 RE-5", "fault")
def bad_statement_without_its_schema() -> Fields:
    """A HEAD with a field: a fault, and it acknowledges by its numbers all the same."""
    w = World(0)
    w.opened()
    w.message(0)
    head = w.statement(1, NodeKind.HEAD, (7,))
    adopt = w.statement(1, NodeKind.ADOPT, (b"short",))
    faults = [fault("malformed", 1, head.sequence), fault("malformed", 1, adopt.sequence)]
    fields = w.ends(faults=faults)
    shown = last(fields)
    assert shown["covered"][0] == w.logs["1"][0].size and shown["in_force"]
    return fields


@scenario("KI-4 PA-11", "fault")
def bad_roster_without_its_schema() -> Fields:
    """A ROSTER without a delegation delegates nothing."""
    w = World(0)
    w.rosters(1)
    empty = w.act(1, ActKind.ROSTER, (), author=0, line="0")
    return w.ends(line_0={"faults": [fault("malformed", 1, empty.sequence)]})


@scenario("PA-11", "fault")
def bad_delegation_of_a_number_given_before() -> Fields:
    """Author 1 is delegated again, with another key: the lower place stands, an act under the first key
    counts."""
    w = World(0)
    w.opened()
    second = roster.body([officer(1, 1, "officer stolen")])
    placed = w.act(1, ActKind.ROSTER, second, author=0, line="0")
    w.sever(1)
    return w.ends(
        declared=BY_THEM, line_0={"faults": [fault("two delegations of one number", 1, placed.sequence)]}
    )


@scenario("PA-11 PA-12 LI-1", "fault")
def bad_delegation_the_lower_heard_later() -> Fields:
    """The second delegation is heard first and his SEVER counts; when the one at the lower place comes that
    stands, and the SEVER is not proven any more."""
    w = World(0)
    w.opened()
    first = w.roster(1, 4, later=True)
    body = roster.body([officer(1, 4, "officer other")])
    second = w.act(1, ActKind.ROSTER, body, author=0, line="0", later=True)
    w.hear(second)
    sever = w.act(
        1, ActKind.SEVER, (None, w.now, "en", "Grounds."), author=4, precedence=FLASH, signer="officer other"
    )
    w.shows(declared=BY_THEM, not_proven=[])
    w.hear(first)
    faults = [fault("two delegations of one number", 1, second.sequence)]
    return w.ends(declared=OPEN, severs=[], not_proven=[sever.id], line_0={"faults": faults})


@scenario("PA-11", "fault")
def bad_delegation_twice_in_one_roster() -> Fields:
    """One ROSTER gives author 4 twice, with different powers: the earlier stands, which may sever."""
    w = World(0)
    w.opened()
    full = officer(1, 4)
    body = roster.body([full, replace(full, powers=Power.RELEASE)])
    placed = w.act(1, ActKind.ROSTER, body, author=0, line="0")
    w.sever(1, author=4)
    faults = [fault("two delegations of one number", 1, placed.sequence)]
    return w.ends(declared=BY_THEM, line_0={"faults": faults})


# --- heads and places ---------------------------------------------------------------------------------------


@scenario("EN-6 EN-13 RE-5", "fault")
def bad_statement_with_another_own_root() -> Fields:
    """A statement whose own root is not that of its log: a fault; it still acknowledges ours."""
    w = World(0)
    w.opened()
    w.message(0)
    wrong = w.statement(1, own_root=c.seed("no root"))
    fields = w.ends(faults=[fault("wrong own root", 1, wrong.sequence)])
    assert last(fields)["covered"][0] == w.logs["1"][0].size
    return fields


@scenario("EN-6 EN-13", "fault")
def bad_statement_with_another_own_root_beyond_a_hole() -> Fields:
    """The same had beyond a hole: it is told once their log is held so far."""
    w = World(0)
    w.opened()
    lost = w.message(1, later=True)
    wrong = w.statement(1, own_root=c.seed("no root"), later=True)
    w.hear(wrong)
    w.shows(faults=[])
    w.hear(lost)
    return w.ends(faults=[fault("wrong own root", 1, wrong.sequence)])


@scenario("EN-6 EN-13 LI-9", "fault")
def bad_statement_with_another_root_of_ours() -> Fields:
    """A statement whose root of our log is not ours: a record difference; it acknowledges nothing, so what
    hangs on it is not settled."""
    w, sever = cut()
    terms = restore(named(1, sever.id), w.now)
    w.offer(1, terms)
    w.statement(0)
    w.agree(0, terms)
    covered = w.end.shows()["line"]["covered"][0]
    wrong = w.statement(1, their_root=c.seed("no root"))
    fields = w.ends(declared=BY_THEM, faults=[fault("wrong root of our log", 1, wrong.sequence)])
    assert last(fields)["covered"][0] == covered
    return fields


@scenario("RE-5 LI-9", "fault")
def bad_statement_that_acknowledges_the_future() -> Fields:
    """A statement whose their size is above our log acknowledges nothing, also when our log has grown."""
    w = World(0)
    w.opened()
    size = w.logs["1"][0].size
    wrong = w.statement(1, covers=size + 2, their_root=c.seed("no root"))
    for _ in range(3):
        w.message(0)
    fields = w.ends(faults=[fault("acknowledges the future", 1, wrong.sequence)])
    assert last(fields)["covered"][0] == size
    return fields


@scenario("EN-13 EN-7", "fault")
def bad_two_entries_at_one_place() -> Fields:
    """Two statements of their node at one place, both well signed: the first had stays, the second is the
    evidence."""
    w = World(0)
    w.opened()
    w.message(0)
    head = w.statement(1, later=True)
    log = w.logs["1"][1]
    log.entries.pop()
    log.trees.pop()
    other = w.statement(1, covers=w.logs["1"][0].size - 1, later=True)
    w.hear(head, other)
    return w.ends(faults=[fault("two entries at one place", 1, head.sequence)])


@scenario("EN-13 EN-7 LI-1", "fault")
def bad_two_acts_at_one_place() -> Fields:
    """A message and a SEVER at one place: the SEVER, had second, is not recorded and has no effect."""
    w = World(0)
    w.opened()
    said = w.message(1)
    log = w.logs["1"][1]
    log.entries.pop()
    log.trees.pop()
    w.sever(1)
    return w.ends(declared=OPEN, faults=[fault("two entries at one place", 1, said.sequence)])


@scenario("LI-1 FR-16")
def entry_had_twice() -> Fields:
    """The same entry comes three times, once beyond a hole: it changes nothing."""
    w = World(0)
    w.opened()
    lost = w.message(1, later=True)
    said = w.message(1, later=True)
    w.hear(said, said, lost, said, lost)
    return w.ends(declared=OPEN, faults=[], holes=NOBODY)


@scenario("EN-3 FR-12", "refused")
def bad_signature() -> Fields:
    """A SEVER with a bit of its signature changed is nobody's: dropped."""
    w = World(0)
    w.opened()
    placed = w.sever(1, later=True)
    w.hear(replace(placed, entry=placed.entry[:-1] + bytes((placed.entry[-1] ^ 1,))))
    return w.ends(declared=OPEN, dropped=1, faults=[])


@scenario("EN-9 FR-12", "refused")
def bad_body_not_committed_to() -> Fields:
    """A well-signed act with another body than it commits to: dropped; with its own it counts."""
    w = World(0)
    w.opened()
    placed = w.sever(1, later=True)
    w.hear(replace(placed, body=wire.encode_body((None, w.now, "en", "Other grounds."))))
    w.shows(declared=OPEN)
    w.hear(placed)
    return w.ends(declared=BY_THEM, dropped=1, faults=[])


@scenario("PA-7 FR-12", "refused")
def bad_act_of_another_line() -> Fields:
    """An act of this line, entered in a log of line 0: dropped."""
    w = World(0)
    w.opened()
    placed = w.sever(1, later=True)
    log = w.logs["0"][1]
    moved = wire.encode_entry(wire.Entry(1, log.size, wire.decode_entry(placed.entry).signed))
    w.hear(replace(placed, line="0", sequence=log.size, entry=moved))
    return w.ends(declared=OPEN, dropped=1, line_0={"faults": []})


@scenario("EN-11 FR-12", "refused")
def bad_statement_at_another_place() -> Fields:
    """A statement moved to another place than it states: dropped."""
    w = World(0)
    w.opened()
    head = w.statement(1, later=True)
    entry = wire.decode_entry(head.entry)
    w.hear(replace(head, entry=wire.encode_entry(wire.Entry(1, head.sequence + 1, entry.signed))))
    return w.ends(dropped=1, faults=[], holes=NOBODY)


@scenario("FR-12", "refused")
def bad_incarnation_unknown() -> Fields:
    """An entry of an incarnation that no card names: dropped."""
    w = World(0)
    w.opened()
    placed = w.sever(1, later=True)
    entry = wire.decode_entry(placed.entry)
    w.hear(replace(placed, entry=wire.encode_entry(wire.Entry(2, placed.sequence, entry.signed))))
    return w.ends(declared=OPEN, dropped=1, faults=[])


@scenario("PA-12 FR-12", "refused")
def bad_author_nobody_knows() -> Fields:
    """An act of an author who is in no roster held, without his key: it cannot be checked, and is dropped."""
    w = World(0)
    w.opened()
    placed = w.message(1, author=7, later=True)
    w.hear(placed)
    return w.ends(dropped=1, not_proven=[])


@scenario("FR-6 FR-12 PA-12")
def key_attached_for_a_known_author() -> Fields:
    """A SEVER in the name of author 1, signed with another key than the roster's, which is attached:
    recorded, not proven, without effect."""
    w = World(0)
    w.opened()
    sever = w.act(1, ActKind.SEVER, (None, w.now, "en", "Grounds."), signer="officer stolen", attached=True)
    return w.ends(declared=OPEN, severs=[], not_proven=[sever.id], faults=[])


@scenario("AC-4 FR-12 PA-12", "refused")
def bad_roster_under_an_attached_key() -> Fields:
    """A ROSTER in the name of author 0, signed with a key that is attached: only the root key of the card
    signs for author 0. Nobody is delegated by it, and what its officer signs is not proven."""
    w = World(0)
    w.opened()
    body = roster.body([officer(1, 4)])
    placed = w.act(
        1, ActKind.ROSTER, body, author=0, line="0", signer="officer stolen", attached=True, later=True
    )
    w.hear(placed)
    sever = w.sever(1, author=4, later=True)
    w.hear(replace(sever, key=c.public(f"officer {c.SIDES[1]}4")))
    return w.ends(declared=OPEN, severs=[], not_proven=[sever.id], dropped=1)


# --- the roster comes later ---------------------------------------------------------------------------------


@scenario("PA-12 FR-6")
def roster_later_than_the_sever() -> Fields:
    """A SEVER of an officer not yet proven has no effect; when his delegation comes it has."""
    w = World(0)
    w.opened()
    sever = w.act(
        1, ActKind.SEVER, (None, w.now, "en", "Grounds."), author=4, precedence=FLASH, attached=True
    )
    w.shows(declared=OPEN, not_proven=[sever.id], faults=[])
    w.roster(1, 4)
    return w.ends(declared=BY_THEM, not_proven=[])


@scenario("PA-12 LI-9")
def roster_later_than_the_offer() -> Fields:
    """They offered by an officer not yet proven, we agreed, all is acknowledged: settled when his delegation
    comes, as if it had been known from the beginning."""
    w, sever = cut()
    terms = restore(named(1, sever.id), w.now)
    w.act(1, ActKind.OFFER, offer_of(terms), author=4, attached=True)
    w.statement(0)
    w.agree(0, terms)
    w.statement(1)
    w.shows(declared=BY_THEM)
    w.roster(1, 4)
    return w.ends(declared=OPEN)


@scenario("PA-12 FR-6")
def roster_that_gives_another_key() -> Fields:
    """A SEVER recorded under an attached key; the roster that comes gives its author another: it stays
    unproven and without effect."""
    w = World(0)
    w.opened()
    sever = w.act(
        1,
        ActKind.SEVER,
        (None, w.now, "en", "Grounds."),
        author=4,
        precedence=FLASH,
        signer="officer other",
        attached=True,
    )
    w.roster(1, 4)
    return w.ends(declared=OPEN, severs=[], not_proven=[sever.id])


@scenario("PA-12")
def roster_that_delegates_without_the_power() -> Fields:
    """The delegation that comes gives no power to sever: the act stays without effect."""
    w = World(0)
    w.rosters(1)
    name = w.accord()
    w.adopts(0, name)
    w.adopts(1, name)
    w.restored(restore(opens_at=w.now))
    sever = w.act(
        1, ActKind.SEVER, (None, w.now, "en", "Grounds."), author=3, precedence=FLASH, attached=True
    )
    w.shows(not_proven=[sever.id])
    w.roster(1, 3)
    return w.ends(declared=OPEN, not_proven=[])


@scenario("PA-12")
def roster_beyond_a_hole() -> Fields:
    """The ROSTER itself lies beyond a hole of line 0: a roster is a union in any order, and it counts when
    held."""
    w = World(0)
    w.opened()
    sever = w.act(
        1, ActKind.SEVER, (None, w.now, "en", "Grounds."), author=4, precedence=FLASH, attached=True
    )
    lost = w.statement(1, line="0", later=True)
    late = w.roster(1, 4, later=True)
    w.shows(not_proven=[sever.id])
    w.hear(late)
    w.shows(declared=BY_THEM, not_proven=[])
    w.hear(lost)
    return w.ends(declared=BY_THEM)


# --- receipts and heads -------------------------------------------------------------------------------------


def owed(receipt: bool, names: list[list[Any]] | None = None, head: bool = False) -> dict[str, Any]:
    return {"RECEIPT": receipt, "names": names or [], "HEAD": head, "ADOPT": None}


@scenario("RE-1 RE-5")
def receipt_owed_until_covered() -> Fields:
    """A RECEIPT is owed for a message until a statement of ours, of whatever kind, covers it."""
    w = World(0)
    w.opened()
    w.statement(0)
    w.shows(owed=owed(False))
    w.message(1)
    w.shows(owed=owed(True))
    w.message(1)
    w.statement(0, NodeKind.RECEIPT, covers=w.logs["1"][1].size - 1)
    w.shows(owed=owed(True))
    w.statement(0, NodeKind.HEAD)
    return w.ends(owed=owed(False))


@scenario("RE-2 KI-7")
def receipt_not_owed_for_receipts_and_heads() -> Fields:
    """None is owed for their RECEIPT and HEAD; one is for their CONTACT."""
    w = World(0)
    w.opened()
    w.statement(0)
    w.statement(1, NodeKind.RECEIPT)
    w.statement(1, NodeKind.HEAD)
    w.shows(owed=owed(False))
    w.statement(1, NodeKind.CONTACT, (w.now, w.now, 1, 1, None, None, None))
    return w.ends(owed=owed(True))


@scenario("RE-1 RE-3")
def receipt_beyond_holes_flash_first() -> Fields:
    """Four entries beyond holes, the last a FLASH: three are named, the FLASH among them, each once."""
    w = World(0)
    w.opened()
    w.statement(0)
    all_of_it = [w.message(1, f"No. {i}", later=True) for i in range(7)]
    flash = w.message(1, "Flash.", precedence=FLASH, later=True)
    beyond = [all_of_it[1], all_of_it[3], all_of_it[5]]
    w.hear(*beyond, flash)
    names = [[p.sequence, p.leaf] for p in (beyond[0], beyond[1], flash)]
    w.shows(owed=owed(True, names))
    at = all_of_it[0].sequence
    w.shows(holes=[[], [[at, 1], [at + 2, 1], [at + 4, 1], [at + 6, 1]]])
    w.statement(0, NodeKind.RECEIPT, tuple((s, leaf) for s, leaf in names), covers=at)
    w.shows(owed=owed(True, [[beyond[2].sequence, beyond[2].leaf]]))
    w.statement(0, NodeKind.RECEIPT, ((beyond[2].sequence, beyond[2].leaf),), covers=at)
    return w.ends(owed=owed(False))


@scenario("RE-3")
def receipt_beyond_holes_in_the_order_of_the_log() -> Fields:
    """Five entries beyond holes come from the last to the first, the two highest a FLASH: those two are named
    and then the lowest, whatever came first."""
    w = World(0)
    w.opened()
    w.statement(0)
    all_of_it = [
        w.message(1, f"No. {i}", precedence=FLASH if i > 6 else Precedence.IMMEDIATE, later=True)
        for i in range(10)
    ]
    beyond = all_of_it[1::2]
    w.hear(*reversed(beyond))
    names = [[p.sequence, p.leaf] for p in (beyond[0], beyond[3], beyond[4])]
    return w.ends(owed=owed(True, names))


@scenario("LI-1 LI-2")
def withheld_body_of_a_sever() -> Fields:
    """A SEVER comes withheld and has no effect; when its body comes it has the effect it would have had."""
    w = World(0)
    w.opened()
    sever = w.sever(1, later=True)
    w.hear(replace(sever, body=None))
    w.shows(declared=OPEN, severs=[])
    w.hear(sever)
    return w.ends(declared=BY_THEM)


@scenario("LI-1 LI-9")
def withheld_body_of_an_offer() -> Fields:
    """Their OFFER comes withheld: our AGREE is without effect here, and all is settled when the body
    comes."""
    w, sever = cut()
    terms = restore(named(1, sever.id), w.now)
    offered = w.offer(1, terms, later=True)
    w.hear(replace(offered, body=None))
    w.statement(0)
    w.agree(0, terms)
    w.statement(1)
    w.shows(declared=BY_THEM)
    w.hear(offered)
    return w.ends(declared=OPEN)


@scenario("RE-1 RE-3")
def receipt_for_a_hole_that_was_filled() -> Fields:
    """What was named beyond a hole is receipted by size once the hole is filled."""
    w = World(0)
    w.opened()
    w.statement(0)
    lost, far = w.message(1, later=True), w.message(1, later=True)
    w.hear(far)
    w.statement(0, NodeKind.RECEIPT, ((far.sequence, far.leaf),), covers=lost.sequence)
    w.shows(owed=owed(False))
    w.hear(lost)
    w.shows(owed=owed(True))
    w.statement(0, NodeKind.RECEIPT)
    return w.ends(owed=owed(False), holes=NOBODY)


@scenario("RE-2 RE-3")
def receipt_not_owed_for_a_head_beyond_a_hole() -> Fields:
    """A HEAD of theirs held beyond a hole is not named; the message below it is owed when it comes."""
    w = World(0)
    w.opened()
    w.statement(0)
    lost, head = w.message(1, later=True), w.statement(1, later=True)
    w.hear(head)
    w.shows(owed=owed(False), holes=[[], [[lost.sequence, 1]]])
    w.hear(lost)
    return w.ends(owed=owed(True))


@scenario("RE-3 RE-6")
def receipt_of_theirs_beyond_a_hole() -> Fields:
    """Their receipts name entries of ours beyond a hole of theirs; what a later statement covers is no longer
    named."""
    w = World(0)
    w.opened()
    sent = [w.message(0, f"No. {i}") for i in range(6)]
    first = sent[0].sequence
    w.statement(
        1,
        NodeKind.RECEIPT,
        ((sent[2].sequence, sent[2].leaf), (sent[4].sequence, sent[4].leaf)),
        covers=first,
    )
    w.statement(1, NodeKind.RECEIPT, ((sent[5].sequence, sent[5].leaf),), covers=first)
    w.shows(named_by_them=[first + 2, first + 4, first + 5])
    w.statement(1, NodeKind.HEAD, covers=first + 4)
    return w.ends(named_by_them=[first + 4, first + 5], faults=[])


@scenario("RE-3 RE-6 EN-13", "fault")
def bad_receipt_names_another_leaf() -> Fields:
    """Their RECEIPT names a place of ours with another leaf: a fault, and that entry is not received."""
    w = World(0)
    w.opened()
    sent = [w.message(0, f"No. {i}") for i in range(3)]
    wrong = w.statement(
        1, NodeKind.RECEIPT, ((sent[2].sequence, c.seed("no leaf")),), covers=sent[0].sequence
    )
    return w.ends(named_by_them=[], faults=[fault("names another entry", 1, wrong.sequence)])


@scenario("RE-4")
def head_owed_after_sixty_seconds() -> Fields:
    """An act of ours not under a statement of ours: a HEAD is owed 60 seconds after it, and a statement
    settles it."""
    w = World(0)
    w.opened()
    w.statement(0)
    w.message(0)
    placed = w.now
    w.message(0)
    w.clock(placed + 59)
    w.shows(owed=owed(False))
    w.clock(placed + 60)
    w.shows(owed=owed(False, head=True))
    w.statement(0)
    w.clock(placed + 600)
    return w.ends(owed=owed(False))


@scenario("RE-4")
def head_owed_after_256_entries() -> Fields:
    """256 acts of ours within the minute: a HEAD is owed at the last of them."""
    w = World(0)
    w.opened()
    w.statement(0)
    placed = w.now
    for i in range(256):
        if i == 255:
            w.shows(owed=owed(False))
        w.now = placed
        w.act(0, ActKind.CANCEL, (c.seed("an act"), "", ""))
    return w.ends(owed=owed(False, head=True))


# --- marks --------------------------------------------------------------------------------------------------


@scenario("LI-13 EN-15")
def mark_around_our_cut() -> Fields:
    """Four messages around a SEVER of ours: before it; crossing it; knowing of it; and after the RESTORE that
    ended it."""
    w = World(0)
    w.opened()
    w.message(1, "Before.")
    sever = w.sever(0)
    crossed = w.message(1, "Crossing.", seen=sever.sequence)
    knowing = w.message(1, "Knowing.", seen=sever.sequence + 1)
    marks = {
        crossed.id.hex(): "sent before the cut, came after",
        knowing.id.hex(): "said while cut",
    }
    w.shows(declared=BY_US, marks=marks)
    w.restored(restore(named(0, sever.id), w.now))
    w.message(1, "After.")
    return w.ends(declared=OPEN, marks=marks)


@scenario("LI-13")
def mark_in_the_second_of_the_cut() -> Fields:
    """A message heard in the very second that our SEVER states as the time of the cut counts as come
    after."""
    w = World(0)
    w.opened()
    said = w.message(1)
    w.act(0, ActKind.SEVER, (None, w.now, "en", "Grounds."), precedence=FLASH)
    return w.ends(declared=BY_US, marks={said.id.hex(): "sent before the cut, came after"})


@scenario("LI-13")
def mark_after_their_own_cut() -> Fields:
    """A message that lies after their own SEVER in their log was said while cut; one below it was not, though
    it came later."""
    w = World(0)
    w.opened()
    below = w.message(1, "Below.", later=True)
    sever = w.sever(1, later=True)
    above = w.message(1, "Above.", later=True)
    w.hear(sever, above, below)
    return w.ends(declared=BY_THEM, marks={above.id.hex(): "said while cut"})


@scenario("LI-13 LI-11")
def mark_early() -> Fields:
    """A message had before the hour of opening is early and recorded; one had at the hour is not."""
    w = World(0)
    w.begun()
    hour = w.now + 3600
    w.restored(restore(opens_at=hour))
    early = w.message(1, "Early.")
    w.clock(hour - 1)
    w.message(1, "In time.")
    return w.ends(declared=OPEN, marks={early.id.hex(): "early"})


@scenario("LI-13 LI-2")
def mark_none_after_a_sever_read_on_line_0_alone() -> Fields:
    """Their SEVER is read on line 0 alone: it has no place on this line, so nothing lies after it there."""
    w = World(0)
    w.opened()
    cut_on_line_0(w, 1, (c.LINE,), line="0")
    w.message(1)
    return w.ends(declared=BY_THEM, marks={})


@scenario("LI-13 LI-11")
def mark_early_for_a_second_opening() -> Fields:
    """Early is told of a second opening too, and not of what lay before the cut."""
    w = World(0)
    w.opened()
    w.message(1, "Before.")
    sever = w.sever(0)
    hour = w.now + 3600
    w.restored(restore(named(0, sever.id), hour))
    early = w.message(1, "Early.")
    return w.ends(declared=OPENING, marks={early.id.hex(): "early"})


@scenario("LI-13 RE-1 AC-3")
def mark_none_and_recorded_while_not_yet_opened() -> Fields:
    """A message on a line never opened: recorded and owed a receipt like any other, and no mark fits."""
    w = World(0)
    w.begun()
    w.statement(0)
    w.message(1)
    return w.ends(declared=NOT_YET, marks={}, owed=owed(True), faults=[])


def main() -> None:
    for made, cites, outcome in SCENARIOS:
        what = " ".join((made.__doc__ or "").split())
        c.write("line", made.__name__.replace("_", "-"), what, cites, outcome, **made())


if __name__ == "__main__":
    main()
