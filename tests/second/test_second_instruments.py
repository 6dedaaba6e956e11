"""Offers of every subject, letters, appointments and announcements, in histories made by chance and by hand."""

from collections import Counter
from collections.abc import Callable

import pytest
from otherend import appointed, bodies, passages, pen, tree
from otherend.histories import CALLED_OFF, CALLED_OFF_AT_ONCE, HOUR, MEETING, MOVED, History
from otherend.line import Machine, Terms, hexed, joint
from otherend.reorder import Orders
from otherend.running import machine_of, step

SEEDS = [*range(12), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(12, 100))]


def shown(history: History) -> dict[str, object]:
    return history.vector["steps"][-1]["shows"]


@pytest.mark.parametrize("seed", SEEDS)
def test_both_ends_say_the_same_of_offers_of_every_subject_in_any_order(seed: int) -> None:
    history = History(seed)
    assert shown(history)["dropped"] == 0
    wanted = joint(shown(history))
    assert joint(history.at_the_other_end()["steps"][-1]["shows"]) == wanted
    orders = Orders(history.vector)
    assert orders.broken_by_the_file() == []
    assert [joint(hexed(machine.shows())) for machine in orders.draws(2)] == [wanted, wanted]


def test_the_histories_settle_terms_of_every_subject_and_leave_others_open() -> None:
    told = Counter(
        (one["subject"], one["shown"]) for seed in range(24) for one in shown(History(seed))["line"]["terms"]
    )
    subjects = (bodies.RESTORE, bodies.ANNOUNCEMENT_HOUR, bodies.APPOINTMENT)
    words = ("settled", "agreed, not yet confirmed", None)
    assert {(subject, word) for subject in subjects for word in words} <= told.keys()


class Told(History):
    """A history by hand: one turn after another, then what a machine makes of it."""

    def __init__(self) -> None:
        super().__init__(0, turns=0)

    def settle(self, subject: int, terms: bytes, party: int = 0) -> None:
        self.offer(subject, terms, party)
        self.state(1 - party)
        self.act(1 - party, bodies.AGREE, tree.sha(terms))
        self.state(party)

    def offer(self, subject: int, terms: bytes, party: int = 0, author: int = 1) -> bytes:
        return self.act(party, bodies.OFFER, subject, terms, author=author)

    def act(self, party: int, kind: int, *body: object, author: int = 1) -> bytes:
        return self._act(self.line, party, kind, list(body), author)

    def state(self, party: int) -> None:
        self._state(self.line, party)

    def machine(self) -> Machine:
        vector = self._transcript("by hand", 0)
        machine = machine_of(vector)
        for one in vector["steps"]:
            step(machine, one)
        return machine

    def terms(self) -> list[Terms]:
        machine = self.machine()
        return machine.terms(machine.lines[1])

    def appointments(self, now: int = 1_700_000_000) -> dict[bytes, str]:
        return appointed.states(self.terms(), now)


def test_an_hour_and_an_appointment_settle_before_the_first_adopt_with_one_officer_a_side() -> None:
    """AN-3, AP-2, LI-8: only the quorum to restore is that of an accord."""
    told = Told()
    told.settle(bodies.ANNOUNCEMENT_HOUR, HOUR)
    told.settle(bodies.APPOINTMENT, MEETING)
    assert [(one.subject, one.settled()) for one in sorted(told.terms(), key=lambda one: one.subject)] == [
        (bodies.ANNOUNCEMENT_HOUR, True),
        (bodies.APPOINTMENT, True),
    ]


@pytest.mark.parametrize("subject, terms", [(bodies.ANNOUNCEMENT_HOUR, HOUR), (bodies.APPOINTMENT, MEETING)])
def test_who_may_restore_and_not_release_offers_no_hour_and_no_appointment(
    subject: int, terms: bytes
) -> None:
    """AC-4."""
    told = Told()
    told.offer(subject, terms, author=3)
    assert told.terms() == []
    told.offer(subject, terms, author=2)
    assert [one.subject for one in told.terms()] == [subject]


def test_terms_of_one_subject_offered_as_another_have_no_effect() -> None:
    """LI-5."""
    told = Told()
    told.offer(bodies.APPOINTMENT, HOUR)
    told.offer(bodies.ANNOUNCEMENT_HOUR, MEETING)
    assert told.terms() == []


def test_an_appointment_is_offered_agreed_moved_and_called_off() -> None:
    """AP-3 and the table of 19.2."""
    told = Told()
    first, second, last = (tree.sha(terms) for terms in (MEETING, MOVED, CALLED_OFF))
    act = told.offer(bodies.APPOINTMENT, MEETING)
    assert told.appointments() == {first: "OFFERED"}
    told.act(0, bodies.WITHDRAW, act)
    assert told.appointments() == {first: "WITHDRAWN"}
    told.offer(bodies.APPOINTMENT, MEETING)
    told.state(1)
    told.act(1, bodies.AGREE, first)
    assert told.appointments() == {first: "AGREED, NOT YET CONFIRMED"}
    told.state(0)
    assert told.appointments() == {first: "AGREED"}
    assert told.appointments(1_700_100_600) == {first: "AGREED"}
    assert told.appointments(1_700_100_601) == {first: "PAST"}
    told.offer(bodies.APPOINTMENT, MOVED)
    assert told.appointments() == {first: "AGREED", second: "OFFERED"}
    told.settle(bodies.APPOINTMENT, MOVED)
    assert told.appointments() == {first: "MOVED", second: "AGREED"}
    told.settle(bodies.APPOINTMENT, CALLED_OFF)
    assert told.appointments() == {first: "MOVED", second: "CALLED OFF", last: "CALLED OFF"}


def test_what_takes_the_place_of_terms_never_settled_moves_them_and_of_several_one_calls_off() -> None:
    """AP-3, in whatever order they were settled."""
    for several in ((MOVED, CALLED_OFF_AT_ONCE), (CALLED_OFF_AT_ONCE, MOVED)):
        told = Told()
        told.offer(bodies.APPOINTMENT, MEETING)
        told.settle(bodies.APPOINTMENT, several[0], party=1)
        first = "CALLED OFF" if several[0] == CALLED_OFF_AT_ONCE else "MOVED"
        assert told.appointments()[tree.sha(MEETING)] == first
        told.settle(bodies.APPOINTMENT, several[1])
        assert told.appointments() == {
            tree.sha(MEETING): "CALLED OFF",
            tree.sha(MOVED): "AGREED",
            tree.sha(CALLED_OFF_AT_ONCE): "CALLED OFF",
        }


def letter(tender: bytes | None, number: int = 1) -> list[object]:
    names = [None, None, None] if tender else ["Head of the office", "Head of the office", None]
    prints = [pen.named("card of the writer"), pen.named("card of the addressee")]
    return [tender, 4, *names, number, *prints, [bytes(32), 4096, bytes(32)], bytes(32)]


def passage(told: Told) -> list[tuple[str, int | None]]:
    return [(one.state, one.tier) for one in passages.of_line(told.machine()).passages()]


def test_a_letter_goes_its_way_by_the_acts_of_both_logs() -> None:
    """The table of 20.2."""
    told, seen = Told(), []

    def then(act: Callable[[], object]) -> object:
        found = act()
        seen.extend(passage(told))
        return found

    tender = then(lambda: told.act(0, bodies.TENDER, 4, "Head", "Head", None, None))
    then(lambda: told.act(1, bodies.TENDER_ANSWER, tender, 3, None, None))
    then(lambda: told.act(1, bodies.TENDER_ANSWER, tender, 1, None, None))
    act = then(lambda: told.act(0, bodies.LETTER, *letter(tender)))
    then(lambda: told.state(1))
    then(lambda: told.act(1, bodies.ACKNOWLEDGE, act, 1, None))
    told.act(0, bodies.TIER, act, 3)
    then(lambda: told.act(1, bodies.TIER, act, 2))
    then(lambda: told.act(0, bodies.CANCEL, act, "en", "By mistake."))
    words = ["TENDERED", "UNDETERMINED", "ACCEPTED", "HANDED IN", "AT THEIR END", "RECEIVED"]
    assert seen == [*((one, None) for one in words), ("RECEIVED", 2), ("TAKEN BACK", 2)]


def test_a_tender_taken_back_changes_nothing_of_a_letter_that_was_handed_in() -> None:
    """The table of 20.2: WITHDRAWN is of a tender without a letter, TAKEN BACK of the letter itself."""
    told = Told()
    tender = told.act(0, bodies.TENDER, 4, "Head", "Head", None, None)
    told.act(0, bodies.CANCEL, tender, "en", "By mistake.")
    assert passage(told) == [("WITHDRAWN", None)]
    told.act(0, bodies.LETTER, *letter(tender))
    assert passage(told) == [("HANDED IN", None)]


@pytest.mark.parametrize("kind", [bodies.TENDER, bodies.LETTER])
def test_a_tender_or_a_letter_without_the_power_to_release_changes_nothing(kind: int) -> None:
    """LE-1."""
    told = Told()
    body = letter(None) if kind == bodies.LETTER else [1, "Head", "Head", None, None]
    told.act(0, kind, *body, author=3)
    assert passage(told) == []
    told.act(0, kind, *body, author=2)
    assert len(passage(told)) == 1


def test_a_gap_of_billions_in_a_series_is_one_run() -> None:
    """LE-9."""
    told = Told()
    told.act(0, bodies.LETTER, *letter(None, 2**32 - 1))
    (one,) = passages.of_line(told.machine()).series()
    assert (one.missing, one.both, one.on_the_way) == ([(1, 2**32 - 2)], 0, 1)
