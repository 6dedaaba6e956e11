"""A guided call: what the watch notes and what the records prove go into one CONTACT each side (CT-8 to CT-13)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from two_desks import CONTACT_MINUTE, SECRET, End, Pair, theirs

from parley.core.accord import Accord
from parley.core.errors import LocalError
from parley.core.instruments import contact
from parley.core.instruments.contact import Check, Contact, Content
from parley.core.types import NodeKind
from parley.desk import ask
from parley.desk.contacts import changes, send_test
from parley.node import Settings

DAY = 86_400
TEXT = "회선 시험: 하나, 둘, 셋."


def amended(pair: Pair, **how: str) -> None:
    contacts = pair.south.desk.contacts
    terms = contacts.amend("Liaison", "duty", SECRET, changes(contacts.ours_first("Liaison"), **how))
    pair.wait(5)
    pair.north.desk.agree(terms.ref, "duty", SECRET)
    pair.wait(10)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """The scheduled contact is open, the South has called, the North has answered."""
    made = Pair(tmp_path, slots=True)
    amended(
        made,
        test_texts=f"Test of the line.;{TEXT}",
        escalation="1 Ring the other line.; 3 Tell the heads of both line offices.",
    )
    for end in (made.north, made.south):
        end.desk.take_watch("duty")
        end.node.settings = Settings(life_s=600)  # days pass without a sign of life every ten seconds
    made.clock.run_until(int(made.clock.wall()) // DAY * DAY + CONTACT_MINUTE * 60 + 30)
    yield made
    made.close()


def talk(pair: Pair) -> None:
    pair.south.desk.call("Liaison", "duty")
    pair.wait(4)
    pair.north.desk.answer("Liaison", "duty")
    pair.wait(4)


def entered(end: End) -> list[Contact]:
    room = next(r for r in end.node.rooms() if r.name == "Liaison")
    rows = end.home.store.statements(room.id, NodeKind.CONTACT, room.pair.ours)
    return [contact.contact(row.held.body or ()) for row in rows]


def test_what_both_watches_noted_is_entered_by_each_as_one_contact(pair: Pair) -> None:
    """CT-8, CT-9."""
    talk(pair)
    for end in (pair.south, pair.north):
        view = end.desk.contacts.guided("Liaison")
        assert view.our_office == "duty office" and view.answered_by == "duty office"
        assert view.heard == "" and view.noted == ()
        end.desk.contacts.note("Liaison", "duty", "our_identity,their_identity", 1)
        end.desk.contacts.note("Liaison", "duty", "we_are_heard, they_are_heard")
    pair.south.desk.contacts.note("Liaison", "duty", content="no_message")
    done = pair.south.desk.contacts.note("Liaison", "duty", "next_fixed")
    assert done.heard == "duty office" and done.content == "no_message"
    assert done.noted == ("our_identity", "their_identity", "we_are_heard", "they_are_heard", "next_fixed")
    pair.wait(700)
    (ours,), (north,) = entered(pair.south), entered(pair.north)
    spoken = Check.OUR_IDENTITY | Check.THEIR_IDENTITY | Check.WE_ARE_HEARD | Check.THEY_ARE_HEARD
    assert (ours.checks, ours.author, ours.content) == (spoken | Check.NEXT_FIXED, 1, Content.NO_MESSAGE)
    assert (north.checks, north.author, north.content) == (spoken, 1, Content.NOT_SAID)
    events = [e for e in pair.south.desk.journal(50) if e.what == "noted of a call"]
    assert len(events) == 4 and all(e.officer == "duty" for e in events)


def test_a_contact_of_which_nothing_is_noted_keeps_its_seven_fields(pair: Pair) -> None:
    """CT-9."""
    talk(pair)
    pair.wait(700)
    room = next(r for r in pair.south.node.rooms() if r.name == "Liaison")
    (row,) = pair.south.home.store.statements(room.id, NodeKind.CONTACT, room.pair.ours)
    assert row.held.body is not None and len(row.held.body) == 7


def test_what_was_noted_survives_a_crash(pair: Pair) -> None:
    """CT-6, CT-8."""
    talk(pair)
    pair.south.desk.contacts.note("Liaison", "duty", "their_identity", 1, "messages")
    pair.bearers[1].close()
    pair.start_again(pair.south)
    pair.south.node.start()
    pair.wait(700)
    (found,) = entered(pair.south)
    assert (found.checks, found.author, found.content) == (Check.THEIR_IDENTITY, 1, Content.MESSAGES)


def test_nothing_is_noted_of_a_call_that_is_not_answered(pair: Pair) -> None:
    contacts = pair.south.desk.contacts
    with pytest.raises(LocalError, match="no call on Liaison is answered"):
        contacts.note("Liaison", "duty", "our_identity")
    pair.south.desk.call("Liaison", "duty")
    with pytest.raises(LocalError, match="no call on Liaison is answered"):
        contacts.note("Liaison", "duty", "our_identity")
    pair.wait(4)
    pair.north.desk.answer("Liaison", "duty")
    pair.wait(4)
    for how, words in (
        ({"steps": "our_document"}, "no step"),
        ({"steps": "all"}, "no step"),
        ({"content": "plans"}, "no content"),
        ({"heard": 99}, "no officer 99"),
    ):
        with pytest.raises(LocalError, match=words):
            contacts.note("Liaison", "duty", **how)  # type: ignore[arg-type]
    with pytest.raises(LocalError, match="may read"):
        contacts.note("Liaison", "guest", "our_identity")
    assert contacts.guided("Liaison").noted == ()


@pytest.mark.parametrize(
    ("read", "same"),
    [(TEXT, True), (f" {TEXT.replace(' ', '  ')} ", True), (TEXT.replace("셋", "넷"), False)],
)
def test_a_document_test_is_read_back_and_compared_by_both_ends(pair: Pair, read: str, same: bool) -> None:
    """CT-10, CT-11."""
    talk(pair)
    draft = send_test(pair.south.desk, "Liaison", 2, "duty", SECRET)
    assert draft.ref.startswith("draft:")  # the accord wants a second person
    assert pair.south.desk.contacts.guided("Liaison").pending == draft.ref
    sent = pair.south.desk.release(draft.ref, "chief", SECRET)
    assert (sent.subject, sent.precedence, sent.text) == ("DOCUMENT TEST 2", "ROUTINE", TEXT)
    pair.wait(4)
    there = pair.north.desk.contacts.guided("Liaison").their_test
    assert there is not None and there.came_whole and there.same is None and there.number == 2
    pair.north.desk.acknowledge(theirs(sent.ref), "read back", "duty", SECRET, read)
    pair.wait(4)
    here = pair.south.desk.contacts.guided("Liaison").our_test
    there = pair.north.desk.contacts.guided("Liaison").their_test
    assert here is not None and there is not None and (here.same, there.same) == (same, same)
    pair.wait(700)
    (ours,), (north,) = entered(pair.south), entered(pair.north)
    assert (Check.OUR_DOCUMENT in ours.checks, Check.THEIR_DOCUMENT in north.checks) == (same, same)
    assert Check.THEIR_DOCUMENT not in ours.checks and Check.OUR_DOCUMENT not in north.checks


def test_a_text_that_is_not_the_accords_proves_nothing_though_it_is_read_back(pair: Pair) -> None:
    """CT-10."""
    talk(pair)
    desk = pair.south.desk
    draft = desk.compose("Liaison", "Another text.", "duty", subject="DOCUMENT TEST 1")
    sent = desk.release(draft.ref, "chief", SECRET)
    pair.wait(4)
    pair.north.desk.acknowledge(theirs(sent.ref), "read back", "duty", SECRET, "Another text.")
    pair.wait(4)
    there = pair.north.desk.contacts.guided("Liaison").their_test
    assert there is not None and not there.came_whole and there.same is False
    pair.wait(700)
    assert entered(pair.south)[0].checks == Check.NONE


def test_a_test_of_an_earlier_contact_or_with_another_subject_is_not_one_of_this(pair: Pair) -> None:
    """CT-10."""
    desk = pair.south.desk
    sent = send_test(desk, "Liaison", 1, "duty")
    desk.release(sent.ref, "chief", SECRET)
    for subject, precedence in (
        ("DOCUMENT TEST 9", "ROUTINE"),
        ("DOCUMENT TEST 1", "PRIORITY"),
        ("", "ROUTINE"),
    ):
        other = desk.compose("Liaison", "Test of the line.", "duty", subject=subject, precedence=precedence)
        desk.release(other.ref, "chief", SECRET)
    pair.wait(4)
    found = desk.contacts.guided("Liaison").our_test
    assert found is not None and found.state == "AT THEIR END" and found.number == 1
    pair.wait(DAY)
    talk(pair)
    assert desk.contacts.guided("Liaison").our_test is None


def test_where_no_second_person_is_agreed_a_test_goes_at_once(tmp_path: Path) -> None:
    pair = Pair(tmp_path)
    agreed = Accord("Alone", os.urandom(16), second_person=False, quorum_restore=1, test_texts=("Test.",))
    terms = pair.north.desk.offer_line("South", agreed, "duty", SECRET)
    pair.wait(5)
    pair.south.desk.agree(terms.ref, "duty", SECRET)
    pair.wait(5)
    pair.open("Alone")
    sent = send_test(pair.south.desk, "Alone", 1, "duty", SECRET)
    assert sent.ref == "Alone:ours:1/2" or sent.ref.startswith("Alone:ours:1/")
    with pytest.raises(LocalError, match="no test text 2"):
        send_test(pair.south.desk, "Alone", 2, "duty", SECRET)
    pair.close()


def test_missed_contacts_climb_the_steps_of_the_accord(pair: Pair) -> None:
    """CT-12, CT-13."""
    told = []
    for _ in range(4):
        pair.south.desk.call("Liaison", "duty")
        pair.wait(700)
        told += [a.text for a in pair.south.desk.alarms() if a.kind == "missed_contact"]
        pair.wait(DAY - 700)
    assert [str(words) for words in told] == [
        "Liaison: the last contact went unanswered; by the accord: Ring the other line.",
        "Liaison: the last 2 contacts went unanswered; by the accord: Ring the other line.",
        "Liaison: the last 3 contacts went unanswered; by the accord: Tell the heads of both line offices.",
        "Liaison: the last 4 contacts went unanswered; by the accord: Tell the heads of both line offices.",
    ]
    talk(pair)
    pair.wait(700)
    assert not [a for a in pair.south.desk.alarms() if a.kind == "missed_contact"]


def test_what_rang_in_vain_while_the_line_was_cut_was_not_missed(pair: Pair) -> None:
    """CT-13."""
    for cut in (False, True, True):
        if cut and pair.north.desk.line("Liaison").declared == "OPEN":
            pair.north.desk.sever("Liaison", "invented grounds", "duty", SECRET)
        pair.south.desk.call("Liaison", "duty")
        pair.wait(700)
        pair.wait(DAY - 700)
    assert not [a for a in pair.south.desk.alarms() if a.kind == "missed_contact"]
    pair.open("Liaison")
    pair.south.desk.call("Liaison", "duty")
    pair.wait(700)
    (alarm,) = [a for a in pair.south.desk.alarms() if a.kind == "missed_contact"]
    assert alarm.text == "Liaison: the last contact went unanswered; by the accord: Ring the other line."


def test_the_calendar_of_a_desk_has_the_marks_of_both_records_and_the_cuts(pair: Pair) -> None:
    """CT-14, CT-15."""
    talk(pair)
    pair.wait(DAY)
    pair.south.desk.call("Liaison", "duty")
    pair.wait(DAY)
    pair.north.desk.sever("Liaison", "invented grounds", "duty", SECRET)
    pair.wait(DAY)
    for end, word in ((pair.south, "SEVERED BY THEM"), (pair.north, "SEVERED BY US")):
        days = end.desk.contacts.month("Liaison", 2021, 7).days
        by_date = {n + 1: day for n, day in enumerate(days)}
        outcomes = {n: [m.outcome for m in by_date[n].marks] for n in (27, 28, 29, 30, 31)}
        assert outcomes == {
            27: ["answered"],
            28: ["unanswered"],
            29: ["cut"],
            30: ["to come"],
            31: ["to come"],
        }
        assert [bool(by_date[n].cut) for n in (28, 29, 30, 31)] == [False, True, True, False]
        assert by_date[29].cut == word
        year = end.desk.contacts.year("Liaison", 2021)
        assert len(year.days) == 365 and year.days[207].two == ("answered", "")
    json = ask.ask(pair.south.desk, "contact_month", line="Liaison", year=2021, month=7)
    assert isinstance(json, dict) and json["line"] == "Liaison"
    for bad in ((1969, 1), (2021, 13), (2106, 1)):
        with pytest.raises(LocalError, match="no such month"):
            pair.south.desk.contacts.month("Liaison", *bad)


def test_holidays_of_an_amendment_stand_beside_those_it_leaves_alone() -> None:
    accord = Accord("Liaison", bytes(16), holidays=((1,), (2,)))
    assert changes(0, holidays_theirs="1970-01-05")(accord).holidays == ((1,), (4,))
    assert changes(1, holidays_theirs="none")(accord).holidays == ((), (2,))
    assert changes(0)(accord) == accord
    slots = changes(1, slots="09:00 opening mon-fri we 45min holidays; 17:00 closing sat,sun they")(accord)
    first, second = slots.schedule
    assert (first.minute, first.weekdays, first.caller, first.open_s) == (540, 0x1F, 1, 2700)
    assert (second.minute, second.weekdays, second.caller, slots.held_on_holidays) == (1020, 0x60, 0, 1)
    assert replace(slots, schedule=(), held_on_holidays=0).holidays == accord.holidays
