"""What is shown of a message, and who vouches for each rung (spec 6.5); what a roster holds (spec 6.1)."""

from __future__ import annotations

import itertools

import pytest
from twoends import officer

from parley.core.errors import LocalError, RemoteError
from parley.core.instruments import message, roster
from parley.core.instruments.message import Acknowledged, Message, Rung, State
from parley.core.types import Grade, Officer, Power, Precedence, text, within, written

GRADES = [
    (Grade.SEEN, State.SEEN_BY_WATCH, "seen"),
    (Grade.READ_BACK, State.READ_BACK, "read back"),
    (Grade.WILL_COMPLY, State.SEEN_BY_WATCH, "will comply"),
    (Grade.CANNOT_COMPLY, State.CANNOT_COMPLY, "cannot comply"),
    (Grade.STAND_BY, State.SEEN_BY_WATCH, "stand by"),
    (Grade.NOTED, State.SEEN_BY_WATCH, "noted"),
]


def ladder(*acknowledgements: Acknowledged, entered: int | None = 1, **at: int | None) -> tuple[Rung, ...]:
    times = {"receipted_at": None, "answered_at": None, "cancelled_at": None, **at}
    return message.ladder(
        entered,
        times["receipted_at"],
        acknowledgements,
        times["answered_at"],
        times["cancelled_at"],
        sender="A",
        receiver="B",
    )


def test_each_rung_says_when_and_who_vouches_for_it() -> None:
    ack = Acknowledged(Grade.READ_BACK, 3, "Watch B", "Hold fire.")
    assert ladder(ack, receipted_at=2, answered_at=4, cancelled_at=5) == (
        Rung(State.SENDING, 1, "entered in the log of A"),
        Rung(State.AT_THEIR_END, 2, "signed by the node of B"),
        Rung(State.READ_BACK, 3, "Watch B, read back: Hold fire."),
        Rung(State.ANSWERED, 4, "a message of B refers to it"),
        Rung(State.CANCELLED, 5, "taken back by A"),
    )


def test_a_later_rung_implies_no_earlier_one() -> None:
    """6.5: each is there by its own evidence."""
    for entered, receipted, answered, cancelled in itertools.product((None, 0), repeat=4):
        found = ladder(entered=entered, receipted_at=receipted, answered_at=answered, cancelled_at=cancelled)
        expected = [
            state
            for state, at in (
                (State.SENDING, entered),
                (State.AT_THEIR_END, receipted),
                (State.ANSWERED, answered),
                (State.CANCELLED, cancelled),
            )
            if at is not None
        ]
        assert [rung.state for rung in found] == expected


@pytest.mark.parametrize(("grade", "state", "words"), GRADES)
def test_every_grade_has_its_state_and_its_words(grade: Grade, state: State, words: str) -> None:
    (rung,) = ladder(Acknowledged(grade, 3, "Watch B", None), entered=None)
    assert rung == Rung(state, 3, f"Watch B, {words}")


def test_the_highest_rung_is_shown_whatever_order_they_came_in() -> None:
    rungs = ladder(
        Acknowledged(Grade.CANNOT_COMPLY, 9, "Watch B", None),
        Acknowledged(Grade.SEEN, 3, "Watch B", None),
        receipted_at=10,
    )
    for order in itertools.permutations(rungs):
        assert message.highest(order) == State.CANNOT_COMPLY
    assert message.highest(()) == State.SENDING


def test_a_message_comes_back_from_its_body_with_every_field() -> None:
    """KI-6: what is absent is null and stays null."""
    full = Message("ko", ("일", "이"), "Subject", "Minister", "Sir", (b"r" * 32,), 5, 6)
    bare = Message("en", ("One.",))
    for each in (full, bare):
        assert message.message(message.body(each)) == each
    assert message.body(bare) == ("en", None, None, None, None, None, None, "One.")
    assert full.text == "일\n이"
    typed = message.written("en", "One.", subject="S", in_whose_name="", reply_by=1, stale_after=2)
    assert typed == Message("en", ("One.",), "S", reply_by=1, stale_after=2)


def test_a_roster_comes_back_from_its_body() -> None:
    """PA: one number is one key for ever; the lower place stands."""
    first, second = officer(1), officer(2)
    assert roster.officers(roster.body((first, second))) == (first, second)
    added = roster.added({}, roster.body((first, second)))
    assert added == {1: first, 2: second}
    other = Officer(1, second.key, "another", Precedence.ROUTINE, Power.NONE)
    assert roster.added(added, roster.body((other,))) == added


def test_an_act_with_one_unfit_key_delegates_nobody() -> None:
    """SU-2: keys of small order are refused, and the whole act with them."""
    unfit = Officer(3, bytes(32), "watch", Precedence.FLASH, Power.NONE)
    body = roster.body((officer(1), unfit))
    assert roster.delegated(body) == ()
    assert roster.added({2: officer(2)}, body) == {2: officer(2)}
    assert roster.delegated(None) == ()
    with pytest.raises(RemoteError):
        roster.officers(body)


def test_a_value_is_a_whole_number_within_bounds_or_text_of_some_length() -> None:
    """CV-3."""
    assert within("n", 3, 3, 3) == 3 and within("n", Grade.NOTED, 1, 6) == 6
    for bad in (2, 4, True, 3.0, "3", None):
        with pytest.raises(RemoteError):
            within("n", bad, 3, 3)  # type: ignore[arg-type]
    assert text("t", "é" * 4, 8) == "é" * 4
    for wrong in ("é" * 5, "e\u0301", "\ud800", "\x1f", "\x7f", "\x9f", "\t", b"abc", None):
        with pytest.raises(RemoteError):
            text("t", wrong, 8)  # type: ignore[arg-type]
    assert text("t", " \xa0~", 8) == " \xa0~"
    assert written("t", "e\u0301", 2) == "é"
    with pytest.raises(LocalError):
        written("t", "too long", 2)
