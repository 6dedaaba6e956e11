"""What is entered of scheduled contacts, answered or not (spec 6.4)."""

from __future__ import annotations

from dataclasses import replace

from parley.core.accord import Accord, Meaning, Slot
from parley.core.instruments import contact
from parley.core.instruments.contact import Attempts, Check, Contact, Content, Due, Era
from parley.core.types import NodeKind, Seconds
from parley.core.wire import body as bodies

DAY = contact.DAY
MONDAY = 4 * DAY  # 1970-01-05
NINE = Slot(9 * 60, 0x1F, Meaning.OPENING, None, 1800)
ACCORD = Accord("hotline", bytes(16), schedule=(NINE,))


def day(n: int) -> Due:
    return Due(n * DAY, n * DAY + 1800, Meaning.OPENING, None)


def run(calls: dict[int, int], answered: set[int], days: int) -> list[Contact]:
    """What is entered over some days, with so many calls a day and an answer on some."""
    attempts, entered = Attempts(), []
    for n in range(days):
        for _ in range(calls.get(n, 0)):
            attempts = contact.called(attempts, day(n).at)
        if n in answered:
            attempts = contact.answered(attempts, day(n).at + 60, 1)
            attempts = contact.answered(attempts, day(n).at + 90, 2)
        attempts, found = contact.closed(attempts, day(n), None)
        entered += found
    return entered


def test_413_days_of_unanswered_calls_are_two_entries() -> None:
    """KI-7, KI-8."""
    entered = run(dict.fromkeys(range(414), 2), {413}, 414)
    assert entered == [
        Contact(0, 0, 1, 2),
        Contact(DAY, 412 * DAY, 412, 824),
        Contact(413 * DAY, 413 * DAY, 1, 2, 413 * DAY + 60, 1),
    ]


def test_an_answered_slot_is_one_entry_with_its_first_answer() -> None:
    """KI-7."""
    assert run({0: 1}, {0}, 1) == [Contact(0, 0, 1, 1, 60, 1)]


def test_a_slot_in_which_nobody_called_is_not_entered() -> None:
    """KI-8."""
    assert run({}, set(), 5) == []


def test_slots_open_on_their_weekdays_in_utc() -> None:
    """AC-2."""
    week: list[Seconds] = [d.at for d in contact.slots_between(ACCORD, MONDAY - 1, MONDAY + 7 * DAY - 1)]
    assert week == [MONDAY + n * DAY + 9 * 3600 for n in range(5)]
    opened = contact.open_slot(ACCORD, MONDAY + 9 * 3600 + 1799)
    assert opened is not None and opened.at == MONDAY + 9 * 3600
    assert contact.open_slot(ACCORD, MONDAY + 9 * 3600 + 1800) is None
    following = contact.next_slot(ACCORD, MONDAY + 4 * DAY + 10 * 3600)
    assert following is not None and following.at == MONDAY + 7 * DAY + 9 * 3600


def test_a_contact_comes_back_from_its_body() -> None:
    """KI-3."""
    for each in (Contact(1, 2, 3, 4), Contact(1, 1, 1, 1, 5, 6, 7)):
        bodies.check_statement(NodeKind.CONTACT, contact.body(each))
        assert contact.contact(contact.body(each)) == each


def test_a_contact_that_says_what_was_proven_has_ten_fields_and_one_that_does_not_has_seven() -> None:
    """CT-9."""
    plain = Contact(1, 1, 1, 1, 5, 6, 7)
    assert len(contact.body(plain)) == 7
    for said in (
        replace(plain, checks=Check.OUR_IDENTITY | Check.NEXT_FIXED),
        replace(plain, author=4),
        replace(plain, content=Content.NO_MESSAGE),
        replace(plain, checks=Check(1 << 15), author=0, content=Content.MESSAGES),
    ):
        fields = contact.body(said)
        assert len(fields) == 10
        bodies.check_statement(NodeKind.CONTACT, fields)
        assert contact.contact(fields) == said


def test_what_is_noted_of_a_call_adds_up_and_goes_into_its_contact() -> None:
    """CT-8."""
    seen = contact.answered(contact.called(Attempts(), 0), 60, 1)
    seen = contact.proven(seen, Check.OUR_IDENTITY, 3)
    seen = contact.proven(seen, Check.THEY_ARE_HEARD, content=Content.NO_MESSAGE)
    left, (entered,) = contact.closed(seen, day(0), None)
    assert entered.checks == Check.OUR_IDENTITY | Check.THEY_ARE_HEARD
    assert (entered.author, entered.content) == (3, Content.NO_MESSAGE)
    assert left == Attempts()


def test_a_call_carried_into_a_slot_is_of_that_slot() -> None:
    """CT-5."""
    seen = contact.carried(contact.called(contact.called(Attempts(), 5), 5), day(1))
    assert (seen.slot, seen.calls) == (DAY, 2)
    _, (entered,) = contact.closed(seen, day(1), None)
    assert entered == Contact(DAY, DAY, 1, 2)
    assert entered.covers(DAY) and not entered.covers(DAY + 1)


def test_slots_missed_in_a_row_are_counted_from_the_last_answered_one() -> None:
    """CT-13."""
    seen, counts = Attempts(), []
    for n in range(4):
        if n != 1:  # nobody called in this one
            seen = contact.called(seen, day(n).at)
        if n == 3:
            seen = contact.answered(seen, day(n).at + 9, 1)
        seen, _ = contact.closed(seen, day(n), None)
        counts.append(seen.missed_in_a_row)
    assert counts == [1, 1, 2, 0]
    nobody, _ = contact.closed(Attempts(), day(0), None)
    assert (Attempts().missed_in_a_row, nobody.missed_in_a_row) == (0, 0)


def test_a_slot_that_opens_while_another_is_open_overtakes_it() -> None:
    """CT-5."""
    at = MONDAY + 9 * 3600
    rings = Due(at - 120, at + 480, Meaning.CHECK, None, False)
    assert contact.overtaking(ACCORD, rings, at - 1) is None
    following = contact.overtaking(ACCORD, rings, at)
    assert following is not None and following.at == at
    assert contact.overtaking(ACCORD, following, at + 60) is None
    assert contact.overtaking(ACCORD, Due(at - 700, at, Meaning.CHECK, None, False), at) is None
    assert contact.due_at(ACCORD, at) == following and contact.due_at(ACCORD, at + 60) is None


def test_a_contact_of_a_day_that_the_other_version_leaves_out_has_no_counterpart() -> None:
    """CT-3."""
    monday = Accord("hotline", bytes(16), schedule=(Slot(9 * 60, 1, Meaning.OPENING, None, 1800),))
    tuesday = Accord("hotline", bytes(16), 2, schedule=(Slot(10 * 60, 2, Meaning.OPENING, None, 1800),))
    adopted = MONDAY + 9 * 3600 + 60
    found = contact.slots_between((Era(0, monday), Era(adopted, tuesday)), MONDAY - 1, MONDAY + 9 * DAY)
    assert [d.at for d in found] == [
        MONDAY + 9 * 3600,
        MONDAY + DAY + 10 * 3600,
        MONDAY + 8 * DAY + 10 * 3600,
    ]
