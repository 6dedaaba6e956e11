"""What is entered of scheduled contacts, answered or not (spec 6.4)."""

from __future__ import annotations

from parley.core.accord import Accord, Meaning, Slot
from parley.core.instruments import contact
from parley.core.instruments.contact import Attempts, Contact, Due
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
