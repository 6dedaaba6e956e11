"""The terms of an accord and of a RESTORE at their bounds, and the powers (spec 9, 10.4)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parley.core import accord
from parley.core import line as lines
from parley.core.accord import Accord, Meaning, Slot
from parley.core.errors import RemoteError
from parley.core.line import Prefix, RestoreTerms
from parley.core.types import ActKind, Officer, Power, Precedence, Subject, Value
from parley.core.wire import cbor

SLOT = Slot(540, 0x1F, Meaning.OPENING, 0, 1800)
ACCORD = Accord(
    "Hotline",
    b"n" * 16,
    3,
    purpose="Incidents at sea.",
    owners=("Navy of A", "Navy of B"),
    languages=("en", "ko"),
    civil_clocks=(540, -300),
    schedule=(SLOT, replace(SLOT, minute=0, caller=None)),
    addresses=(("Watch", "Sir"),),
    always_open=(8,),
    tells_watch=False,
)
FIELDS: tuple[Value, ...] = (
    "parley/accord/1",
    "Hotline",
    b"n" * 16,
    3,
    1,
    "Incidents at sea.",
    ("Navy of A", "Navy of B"),
    ("en", "ko"),
    (540, -300),
    ((540, 31, 1, 0, 1800), (0, 31, 1, None, 1800)),
    ((21600, 21600), (10800, 10800), (1800, 1800), (600, 600)),
    2,
    True,
    (("Watch", "Sir"),),
    (8,),
    False,
)


def changed(at: int, value: Value) -> bytes:
    return cbor.encode((*FIELDS[:at], value, *FIELDS[at + 1 :]))


def test_terms_are_the_array_of_the_spec_and_come_back() -> None:
    """AC-1."""
    assert accord.encode_terms(ACCORD) == cbor.encode(FIELDS)
    assert accord.decode_terms(cbor.encode(FIELDS)) == ACCORD


def slot(**fields: Value) -> Value:
    known: dict[str, Value] = {"minute": 540, "weekdays": 31, "meaning": 1, "caller": 0, "open_s": 1800}
    return (tuple({**known, **fields}.values()),)


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (1, "n" * 64),
        (3, 1),
        (3, 65535),
        (5, ""),
        (5, "p" * 256),
        (6, ("", "o" * 128)),
        (7, ("l" * 16,)),
        (7, ("en",) * 15),
        (8, (-840, 840)),
        (9, ()),
        (9, ((540, 31, 1, 0, 1800),) * 16),
        (9, slot(minute=0)),
        (9, slot(minute=1439)),
        (9, slot(weekdays=1)),
        (9, slot(weekdays=127)),
        (9, slot(meaning=3)),
        (9, slot(caller=1)),
        (9, slot(open_s=60)),
        (9, slot(open_s=43200)),
        (10, ((1, 2592000),) * 4),
        (11, 1),
        (11, 8),
        (12, False),
        (13, ()),
        (13, (("o" * 64, "f" * 5),)),
        (13, (("", "f" * 128),) * 2),
        (13, (("o", "f"),) * 16),
        (14, (0, 63)),
        (15, True),
    ],
)
def test_terms_at_their_bounds_hold(at: int, value: Value) -> None:
    """AC-2."""
    assert accord.encode_terms(accord.decode_terms(changed(at, value))) == changed(at, value)


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (0, "parley/accord/2"),
        (1, "n" * 65),
        (1, b"Hotline"),
        (2, b"n" * 15),
        (3, 0),
        (3, 65536),
        (4, 0),
        (4, 2),
        (5, "p" * 257),
        (6, ("o",)),
        (6, ("o" * 129, "")),
        (6, ("", b"o")),
        (7, ()),
        (7, ("en",) * 16),
        (7, ("l" * 17,)),
        (8, (0,)),
        (8, (-841, 0)),
        (8, (0, 841)),
        (9, ((540, 31, 1, 0, 1800),) * 17),
        (9, ((540, 31, 1, 0),)),
        (9, slot(minute=-1)),
        (9, slot(minute=1440)),
        (9, slot(weekdays=0)),
        (9, slot(weekdays=128)),
        (9, slot(meaning=0)),
        (9, slot(meaning=4)),
        (9, slot(caller=2)),
        (9, slot(caller=-1)),
        (9, slot(open_s=59)),
        (9, slot(open_s=43201)),
        (10, ((1, 1),) * 3),
        (10, ((1, 1),) * 5),
        (10, ((0, 1), (1, 1), (1, 1), (1, 1))),
        (10, ((1, 2592001), (1, 1), (1, 1), (1, 1))),
        (10, ((1,), (1, 1), (1, 1), (1, 1))),
        (11, 0),
        (11, 9),
        (12, 1),
        (12, None),
        (13, (("o", "f"),) * 17),
        (13, (("o" * 65, "f"),)),
        (13, (("o", "f" * 129),)),
        (13, (("o",),)),
        (14, (64,)),
        (14, (-1,)),
        (14, 8),
        (15, 0),
    ],
)
def test_terms_one_step_beyond_a_bound_are_refused(at: int, value: Value) -> None:
    """AC-2."""
    with pytest.raises(RemoteError):
        accord.decode_terms(changed(at, value))


def test_terms_have_sixteen_fields_and_at_most_1500_bytes() -> None:
    """AC-2."""
    long = ("o" * 64, "f" * 128)
    most = changed(13, (long,) * 6)
    room = 1500 - len(most) - 133
    assert 24 <= room < 64
    exactly = changed(13, (*[long] * 6, ("o" * room, "f" * 128)))
    assert len(exactly) == 1500
    accord.decode_terms(exactly)
    for bad in (
        changed(13, (*[long] * 6, ("o" * (room + 1), "f" * 128))),
        cbor.encode(FIELDS[:-1]),
        cbor.encode(5),
    ):
        with pytest.raises(RemoteError):
            accord.decode_terms(bad)


def test_an_accord_that_is_made_here_keeps_the_same_bounds() -> None:
    """AC-2."""
    for wrong in (
        {"languages": ()},
        {"languages": ("en",) * 16},
        {"schedule": (SLOT,) * 17},
        {"clocks": ((1, 1),) * 3},
        {"addresses": (("o", "f"),) * 17},
        {"quorum_restore": 0},
    ):
        with pytest.raises(RemoteError):
            replace(ACCORD, **wrong)  # type: ignore[arg-type]


# --- powers -----------------------------------------------------------------------------------------------------

POWERS = [
    (ActKind.MESSAGE, None, Power.RELEASE),
    (ActKind.CANCEL, None, Power.RELEASE),
    (ActKind.ACKNOWLEDGE, None, Power.ACKNOWLEDGE),
    (ActKind.SEVER, None, Power.SEVER),
    (ActKind.OFFER, Subject.RESTORE, Power.RESTORE),
    (ActKind.AGREE, Subject.RESTORE, Power.RESTORE),
    (ActKind.OFFER, Subject.ACCORD, Power.ADMINISTER),
    (ActKind.AGREE, Subject.ACCORD, Power.ADMINISTER),
]


@pytest.mark.parametrize(("kind", "subject", "power"), POWERS)
def test_an_act_has_effect_by_exactly_its_power(kind: ActKind, subject: Subject | None, power: Power) -> None:
    """AC-4."""
    assert accord.power_needed(kind, subject) == power
    for held in Power(31):
        officer = Officer(1, bytes(32), "watch", Precedence.FLASH, held)
        assert accord.may(officer, kind, subject, Precedence.ROUTINE) is (held == power)
        without = replace(officer, powers=Power(31) & ~held)
        assert accord.may(without, kind, subject, Precedence.ROUTINE) is (held != power)


def test_a_message_is_of_no_higher_precedence_than_its_author_may_give() -> None:
    """AC-4: of a SEVER the precedence does not matter."""
    for highest in Precedence:
        officer = Officer(1, bytes(32), "watch", highest, Power(31))
        for precedence in Precedence:
            assert accord.may(officer, ActKind.MESSAGE, None, precedence) is (precedence <= highest)
            assert accord.may(officer, ActKind.SEVER, None, precedence) is True


def test_a_kind_without_a_power_of_its_own_needs_none() -> None:
    nobody = Officer(1, bytes(32), "watch", Precedence.ROUTINE, Power.NONE)
    for kind in (ActKind.ROSTER, 62, 63):
        assert accord.power_needed(kind, None) == Power.NONE
        assert accord.may(nobody, kind, None, Precedence.FLASH)


# --- terms to restore -------------------------------------------------------------------------------------------

NAMES = tuple(bytes((i,)) * 32 for i in range(17))
TERMS = RestoreTerms((NAMES[:2], NAMES[:1]), (Prefix(1, 7, b"p" * 32), Prefix(2, 9, b"q" * 32)), "", 5, 6)
RESTORE: tuple[Value, ...] = (
    "parley/restore/1",
    (NAMES[:2], NAMES[:1]),
    ((1, 7, b"p" * 32), (2, 9, b"q" * 32)),
    "",
    5,
    6,
)


def test_terms_to_restore_are_the_array_of_the_spec_and_come_back() -> None:
    """LI-15."""
    assert lines.encode_restore(TERMS) == cbor.encode(RESTORE)
    assert lines.decode_restore(cbor.encode(RESTORE)) == TERMS


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (1, ((), ())),
        (1, (NAMES[:16], NAMES[:16])),
        (2, ((0, 0, b"p" * 32), (2**32 - 1, 2**32 - 1, b"q" * 32))),
        (3, "r" * 512),
        (4, 0),
        (4, 2**32 - 1),
        (5, None),
        (5, 0),
        (5, 2**32 - 1),
    ],
)
def test_terms_to_restore_at_their_bounds_hold(at: int, value: Value) -> None:
    """LI-15."""
    data = cbor.encode((*RESTORE[:at], value, *RESTORE[at + 1 :]))
    assert lines.encode_restore(lines.decode_restore(data)) == data


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (0, "parley/accord/1"),
        (1, ((),)),
        (1, ((), (), ())),
        (1, (NAMES, ())),
        (1, ((), NAMES)),
        (1, ((NAMES[0], NAMES[0]), ())),
        (1, ((NAMES[1], NAMES[0]), ())),
        (1, ((NAMES[0][1:],), ())),
        (1, ((NAMES[0].hex(),), ())),
        (2, ((1, 7, b"p" * 32),)),
        (2, ((1, 7), (1, 7, b"q" * 32))),
        (2, ((-1, 7, b"p" * 32), (2, 9, b"q" * 32))),
        (2, ((2**32, 7, b"p" * 32), (2, 9, b"q" * 32))),
        (2, ((1, -1, b"p" * 32), (2, 9, b"q" * 32))),
        (2, ((1, 2**32, b"p" * 32), (2, 9, b"q" * 32))),
        (2, ((1, 7, b"p" * 31), (2, 9, b"q" * 32))),
        (3, "r" * 513),
        (3, None),
        (4, -1),
        (4, 2**32),
        (4, None),
        (5, -1),
        (5, 2**32),
        (5, ""),
    ],
)
def test_terms_to_restore_one_step_beyond_a_bound_are_refused(at: int, value: Value) -> None:
    """LI-15."""
    with pytest.raises(RemoteError):
        lines.decode_restore(cbor.encode((*RESTORE[:at], value, *RESTORE[at + 1 :])))


def test_terms_to_restore_have_six_fields() -> None:
    """LI-15."""
    for bad in (RESTORE[:-1], (*RESTORE, None), ()):
        with pytest.raises(RemoteError):
            lines.decode_restore(cbor.encode(bad))


# --- the second form -----------------------------------------------------------------------------

MORE: tuple[Value, ...] = (
    ((18_628, 18_993), (18_658,)),
    1,
    (4, 5),
    ("Test of the line.", "회선 시험."),
    ((1, "Ring again at the next slot."), (3, "Tell the head of the line office.")),
)
SECOND = replace(
    ACCORD,
    holidays=((18_628, 18_993), (18_658,)),
    held_on_holidays=1,
    untendered=(4, 5),
    test_texts=("Test of the line.", "회선 시험."),
    escalation=((1, "Ring again at the next slot."), (3, "Tell the head of the line office.")),
)
NOTHING_MORE: tuple[Value, ...] = (((), ()), 0, (), (), ())


def second(at: int | None = None, value: Value = None, more: tuple[Value, ...] = MORE) -> bytes:
    fields = more if at is None else (*more[:at], value, *more[at + 1 :])
    return cbor.encode(("parley/accord/2", *FIELDS[1:], *fields))


def test_terms_of_the_second_form_are_those_of_the_first_and_five_fields() -> None:
    """AC-6."""
    assert accord.encode_terms(SECOND) == second()
    assert accord.decode_terms(second()) == SECOND


def test_one_accord_has_one_form() -> None:
    """AC-7: with nothing in the five fields it is the first, and the second is refused."""
    plain = replace(
        SECOND, holidays=((), ()), held_on_holidays=0, untendered=(), test_texts=(), escalation=()
    )
    assert accord.encode_terms(plain) == cbor.encode(FIELDS)
    for bad in (
        second(more=NOTHING_MORE),
        cbor.encode(("parley/accord/1", *FIELDS[1:], *MORE)),
        cbor.encode(("parley/accord/2", *FIELDS[1:])),
        second()[:-1],
        cbor.encode(()),
    ):
        with pytest.raises(RemoteError):
            accord.decode_terms(bad)
    for at, value in enumerate(MORE):
        data = second(at, value, NOTHING_MORE)
        assert accord.encode_terms(accord.decode_terms(data)) == data


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (0, (tuple(range(64)), (0, 49_710))),
        (1, 3),
        (2, (1, 2, 3, 4, 5)),
        (3, tuple("abcdefgh")),
        (3, ("t" * 128,)),
        (4, ((1, "a"), (2, "b"), (3, "c"), (255, "d" * 128))),
    ],
)
def test_the_five_fields_at_their_bounds_hold(at: int, value: Value) -> None:
    """AC-8."""
    assert accord.encode_terms(accord.decode_terms(second(at, value))) == second(at, value)


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (0, (tuple(range(65)), ())),
        (0, ((2, 1), ())),
        (0, ((1, 1), ())),
        (0, ((-1,), ())),
        (0, ((49_711,), ())),
        (0, ((1,),)),
        (0, ((), (), ())),
        (0, ((True,), ())),
        (1, 4),
        (1, -1),
        (1, None),
        (2, (0,)),
        (2, (6,)),
        (2, (5, 4)),
        (2, (4, 4)),
        (3, tuple("abcdefghi")),
        (3, ("a", "a")),
        (3, ("",)),
        (3, ("t" * 129,)),
        (3, (b"t",)),
        (4, ((1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e"))),
        (4, ((2, "a"), (1, "b"))),
        (4, ((1, "a"), (1, "b"))),
        (4, ((0, "a"),)),
        (4, ((256, "a"),)),
        (4, ((1, ""),)),
        (4, ((1, "a" * 129),)),
        (4, ((1,),)),
    ],
)
def test_the_five_fields_one_step_beyond_a_bound_are_refused(at: int, value: Value) -> None:
    """AC-8."""
    with pytest.raises(RemoteError):
        accord.decode_terms(second(at, value))


def test_terms_of_the_second_form_have_at_most_1500_bytes_too() -> None:
    """AC-8."""
    texts = tuple(f"{n}" + "t" * 127 for n in range(8))
    spare = 1500 - len(second(3, texts))
    assert 0 < spare < 256 - len("Incidents at sea.")
    for more in (spare, spare - 1, spare - 2):  # the head of a longer text takes a byte or two more
        purpose = "Incidents at sea." + "p" * more
        data = cbor.encode(("parley/accord/2", *FIELDS[1:5], purpose, *FIELDS[6:], *MORE[:3], texts, MORE[4]))
        if len(data) <= 1500:
            accord.decode_terms(data)
            break
        with pytest.raises(RemoteError):
            accord.decode_terms(data)
    assert len(data) == 1500


def test_a_holiday_is_a_day_of_a_partys_own_civil_calendar() -> None:
    """AC-9: the same instant is a holiday of one party and not of the other."""
    days = replace(SECOND, civil_clocks=(540, -300), holidays=((100,), (100,)))
    begins = 100 * 86_400 - 540 * 60
    assert [days.holiday_of(at) for at in (begins - 1, begins)] == [(False, False), (True, False)]
    assert days.holiday_of(begins + 86_399) == (True, True)
    assert days.holiday_of(begins + 86_400) == (False, True)
    assert days.holiday_of(100 * 86_400 + 300 * 60 + 86_399) == (False, True)
    assert days.holiday_of(100 * 86_400 + 300 * 60 + 86_400) == (False, False)
