"""Contacts around later versions, what is entered of them, and the calendar, by chance and by hand."""

from itertools import pairwise
from random import Random

from otherend import bodies, contacts
from otherend.contacts import DAY, Accord, Became, Row, Seen, Slot

EVERY_DAY = 127
MONDAY = 18743 * DAY  # 2021-04-26
FAR_BEFORE = MONDAY - 100 * DAY
HALF_A_DAY = DAY // 2


def version(*minutes: int) -> Accord:
    """One slot of each meaning, in UTC."""
    rows = [Row(minute, EVERY_DAY, place, None, 600, False, 0) for place, minute in enumerate(minutes, 1)]
    return Accord([0, 0], rows, [[], []])


def opened(found: list[Slot], meaning: int = 1) -> list[int]:
    return [one.at for one in found if one.meaning == meaning]


def test_a_contact_moved_to_any_hour_at_any_instant_is_held_exactly_once() -> None:
    chance = Random("two versions")
    for _ in range(900):
        was, is_now = (chance.randrange(1440) for _ in range(2))
        instant = MONDAY + chance.randrange(DAY)
        versions = [(FAR_BEFORE, version(was)), (instant, version(is_now))]
        found = opened(contacts.slots(versions, MONDAY - 4 * DAY, MONDAY + 4 * DAY))
        if abs(was - is_now) == 720:
            continue
        days = [(at - was * 60 + HALF_A_DAY) // DAY for at in found]
        assert days == list(range(days[0], days[0] + len(days))), (was, is_now, instant)
        assert len(days) in (7, 8, 9)


def test_a_contact_moved_by_twelve_hours_is_held_exactly_once_each_day() -> None:
    for instant in range(MONDAY - DAY, MONDAY + DAY, 1800):
        found = opened(
            contacts.slots(
                [(FAR_BEFORE, version(360)), (instant, version(1080))], MONDAY - 5 * DAY, instant + 5 * DAY
            )
        )
        apart = {later - earlier for earlier, later in pairwise(found)}
        assert apart in ({DAY, DAY + HALF_A_DAY}, {DAY, HALF_A_DAY})


def test_through_many_versions_within_a_few_days_each_day_has_its_contact_once() -> None:
    chance = Random("many versions")
    for _ in range(200):
        instants = sorted(MONDAY + chance.randrange(3 * DAY) for _ in range(chance.randrange(2, 8)))
        versions = [(at, version(chance.randrange(480, 960))) for at in (FAR_BEFORE, *instants)]
        found = opened(contacts.slots(versions, MONDAY - DAY - 1, MONDAY + 6 * DAY - 1))
        assert [at // DAY for at in found] == list(range(MONDAY // DAY - 1, MONDAY // DAY + 6))


def test_the_same_version_adopted_again_at_any_instant_changes_no_slot() -> None:
    chance = Random("again")
    one = Accord(
        [510, -600],
        [Row(50, 21, 1, 0, 900, False, 0), Row(1430, EVERY_DAY, 1, 1, 60, True, 1)],
        [[18744, 18746], [18745]],
    )
    wanted = contacts.slots([(FAR_BEFORE, one)], MONDAY, MONDAY + 7 * DAY)
    assert len(wanted) >= 7
    for _ in range(50):
        versions = [(FAR_BEFORE, one), (MONDAY + chance.randrange(7 * DAY), one)]
        assert contacts.slots(versions, MONDAY, MONDAY + 7 * DAY) == wanted


def test_the_slots_of_two_stretches_are_those_of_the_whole() -> None:
    chance = Random("stretches")
    for _ in range(100):
        instant, between = (MONDAY + chance.randrange(4 * DAY) for _ in range(2))
        versions = [
            (at, version(chance.randrange(1440), chance.randrange(1440))) for at in (FAR_BEFORE, instant)
        ]
        first = contacts.slots(versions, MONDAY, between)
        second = contacts.slots(versions, between, MONDAY + 5 * DAY)
        assert first + second == contacts.slots(versions, MONDAY, MONDAY + 5 * DAY)


def what_becomes(chance: Random, days: int) -> list[Became]:
    """Of a slot a day; the last is answered."""
    told = []
    for day in range(days):
        at, calls = MONDAY + day * DAY + 28800, chance.randrange(4)
        answered = (calls and chance.random() < 0.4) or day == days - 1
        when = [at + chance.choice((0, 300, 301, 599)), 1] if answered else None
        told.append(Became(at, max(calls, int(bool(answered))), when, None, None))
    return told


def entered(told: list[Became]) -> list[contacts.Contact]:
    return [body for now, _ in contacts.entered(told) for body in now]


def marks(ours: list[contacts.Contact], theirs: list[contacts.Contact], days: int) -> list[str]:
    first = MONDAY // DAY
    shown = contacts.calendar(
        (FAR_BEFORE, version(480)), Seen(ours, theirs, []), range(first, first + days), MONDAY + days * DAY
    )
    return [mark for day in shown for _, mark, _ in day]


def test_each_slot_in_which_somebody_called_is_entered_once_and_no_other() -> None:
    chance = Random("entered")
    for _ in range(200):
        told = what_becomes(chance, 20)
        found = entered(told)
        assert all(bodies.fits(True, bodies.CONTACT, body) for body in found)
        assert sum(body[2] for body in found) == sum(one.calls > 0 for one in told)
        assert sum(body[3] for body in found) == sum(one.calls for one in told)
        assert [body[1] for body in found] == sorted({body[1] for body in found})
        assert all(earlier[1] < later[0] for earlier, later in pairwise(found))


def test_what_both_entered_alike_has_the_mark_of_what_became_of_it() -> None:
    chance = Random("alike")
    for _ in range(100):
        told = what_becomes(chance, 10)
        both = entered(told)
        for one, mark in zip(told, marks(both, both, len(told)), strict=True):
            if one.answered is not None:
                assert mark == ("late" if one.answered[0] > one.at + 300 else "answered")
            elif one.calls:
                assert mark == "unanswered"


def test_both_ends_show_the_same_calendar_once_each_has_entered_the_last_slot() -> None:
    chance = Random("both ends")
    seen = set()
    for _ in range(100):
        one, other = what_becomes(chance, 10), what_becomes(chance, 10)
        told = marks(entered(one), entered(other), 10)
        assert told == marks(entered(other), entered(one), 10)
        seen.update(told)
    assert seen == {"one way", "unanswered", "late", "answered", "not held"}


def test_a_read_back_proves_nothing_without_a_text_of_that_number_or_with_two_paragraphs() -> None:
    texts = ["One.", "Two  words."]
    assert contacts.proves(texts, 0, "DOCUMENT TEST 2", ["Two  words."], "\u2003Two\u00a0words. ")
    assert not contacts.proves(texts, 0, "DOCUMENT TEST 3", ["One."], "One.")
    assert not contacts.proves(texts, 0, "DOCUMENT TEST 1", ["One.", "Two  words."], "One.")
    assert not contacts.proves(texts, 0, "DOCUMENT TEST 1", ["One."], None)
    assert not contacts.proves(texts, 0, None, ["One."], "One.")
    assert not contacts.proves(texts, 0, "DOCUMENT TEST 1", ["One."], "One\u200b.")
