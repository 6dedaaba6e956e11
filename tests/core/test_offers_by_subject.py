"""How many offers a side has on a line: each subject its own, counted over that side's log alone (LI-16)."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from test_line_life import Told

from parley.core import line as lines
from parley.core import suite
from parley.core.instruments import announcement, appointment
from parley.core.line import Prefix, RestoreTerms, Side, Standing
from parley.core.record import EMPTY_ROOT
from parley.core.types import ActKind, Subject

PREFIX = Prefix(1, 0, EMPTY_ROOT)


def restore(opens_at: int) -> bytes:
    return lines.encode_restore(RestoreTerms(((), ()), (PREFIX, PREFIX), "", opens_at, None))


def hour(number: int) -> bytes:
    return announcement.encode_hour(announcement.Hour(number.to_bytes(16, "big"), 1000, "a subject", ()))


def meeting(number: int) -> bytes:
    return appointment.encode_terms(
        appointment.Appointment(
            number.to_bytes(16, "big"),
            appointment.Occasion.MEETING,
            1000,
            60,
            "a place",
            ("a", "b"),
            "a purpose",
        )
    )


MADE = {Subject.RESTORE: restore, Subject.ANNOUNCEMENT_HOUR: hour, Subject.APPOINTMENT: meeting}
MOST = {Subject.RESTORE: 1024, Subject.ANNOUNCEMENT_HOUR: 4096, Subject.APPOINTMENT: 4096}


def filled(told: Told, subject: Subject, count: int, party: int = 0) -> None:
    """The line of `told` as it is after so many offers of a subject by a party."""
    more = tuple(
        Standing(
            subject,
            hashlib.sha256(b"%d %d" % (subject, i)).digest(),
            b"",
            (Side(), Side()),
            (i, None) if party == 0 else (None, i),
        )
        for i in range(count)
    )
    told.line = replace(told.line, standings=(*told.line.standings, *more))


def offered(told: Told, party: int, subject: Subject, terms: bytes) -> bool:
    """Whether an offer of these terms by a party has effect."""
    told.act(party, ActKind.OFFER, (int(subject), terms))
    standing = told.line.standing(suite.sha256(terms))
    return standing is not None and bool(standing.sides[party].acts)


@pytest.mark.parametrize("subject", MADE)
def test_each_subject_has_its_own_number_of_offers_and_what_is_beyond_stands_for_nothing(
    subject: Subject,
) -> None:
    """LI-16."""
    told, make = Told(), MADE[subject]
    assert lines.OFFERS_MAX_OF[subject] == MOST[subject]
    filled(told, subject, MOST[subject] - 1)
    assert offered(told, 0, subject, make(1))
    assert not offered(told, 0, subject, make(2))
    assert offered(told, 1, subject, make(3)), "the other side is touched"
    for other in MADE.keys() - {subject}:
        assert offered(told, 0, other, MADE[other](4)), f"{subject.name} uses up {other.name}"


def test_a_line_of_many_appointments_can_still_be_opened() -> None:
    """LI-16: of both sides, whoever filled it."""
    told = Told()
    for party in (0, 1):
        filled(told, Subject.APPOINTMENT, 4096, party)
    assert offered(told, 0, Subject.RESTORE, restore(1)) and offered(told, 1, Subject.RESTORE, restore(2))


def test_terms_a_side_has_offered_before_count_once_and_may_be_offered_again_at_the_limit() -> None:
    """LI-16: different terms are counted."""
    told = Told()
    filled(told, Subject.APPOINTMENT, 4095)
    terms = meeting(1)
    assert offered(told, 0, Subject.APPOINTMENT, terms)
    told.act(0, ActKind.OFFER, (int(Subject.APPOINTMENT), terms))
    standing = told.line.standing(suite.sha256(terms))
    assert standing is not None and len(standing.sides[0].acts) == 2


def test_terms_of_the_other_side_are_not_ours_to_offer_again_at_the_limit() -> None:
    """LI-16: what the other side offers changes nothing of our count, so that no order of arrival does."""
    told = Told()
    filled(told, Subject.APPOINTMENT, 4096)
    assert offered(told, 1, Subject.APPOINTMENT, meeting(1))
    assert not offered(told, 0, Subject.APPOINTMENT, meeting(1))
