"""What both sides agreed for a line, and the verdicts that follow from it (spec 9).

An accord never makes an entry valid or not: it says what an act may have effect for, which clocks
run, and what an end may originate while the line is cut. It is a value; agreeing on it is in `line`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from parley.core.errors import RemoteError
from parley.core.types import (
    NONCE_BYTES,
    SUITE,
    U32,
    ActKind,
    LetterClass,
    Officer,
    Power,
    Precedence,
    Subject,
    Value,
    exactly,
    text,
    within,
)
from parley.core.wire import cbor

ACCORD_LABEL = "parley/accord/1"
ACCORD_2_LABEL = "parley/accord/2"  # the same, and what /1 has no place for; never without any of it
SLOTS_MAX = 16
HOLIDAYS_MAX = 64
TEST_TEXTS_MAX = 8
STEPS_MAX = 4
FIRST_FIELDS = 16
DAY = 86400
TERMS_BYTES_MAX = 1500
EVERY_DAY = 0x7F
LETTERS = (ActKind.TENDER, ActKind.TENDER_ANSWER, ActKind.LETTER, ActKind.TIER)
"""What stays open on a cut line unless the parties agree otherwise: letters and their tenders."""


class Meaning(IntEnum):
    """What a scheduled contact is for."""

    OPENING = 1
    CLOSING = 2
    CHECK = 3


@dataclass(frozen=True, slots=True)
class Slot:
    """A scheduled contact: minute of the day in UTC, weekdays (bit 0 = Monday, in UTC), what it is
    for, which party calls (None: either), and for how long it stays open."""

    minute: int
    weekdays: int
    meaning: Meaning
    caller: int | None
    open_s: int

    def __post_init__(self) -> None:
        within("minute of a slot", self.minute, 0, 1439)
        within("weekdays", self.weekdays, 1, EVERY_DAY)
        within("meaning of a slot", self.meaning, 1, 3)
        if self.caller is not None:
            within("caller", self.caller, 0, 1)
        within("length of a slot", self.open_s, 60, 12 * 3600)


# (seconds to their end, seconds to an officer's acknowledgement), by precedence
CLOCKS = ((6 * 3600, 6 * 3600), (3 * 3600, 3 * 3600), (1800, 1800), (600, 600))


@dataclass(frozen=True, slots=True)
class Accord:
    """A line's agreed configuration. `name` and `nonce` make the line id; `version` counts up.

    `suite`: the cryptographic suite, named here and never negotiated. `owners`: who answers for the line,
    by party. `clocks`: per precedence, seconds allowed to reach their end and to be acknowledged.
    `civil_clocks`: minutes east of UTC, by party. `quorum_restore`: officers a side for a RESTORE.
    `second_person`: a release is a second person's act. `addresses`: (office, form of address).
    `always_open`: act kinds an end may originate while the line is cut.

    `holidays`: by party, the days of its civil calendar, counted from 1970-01-01, on which slots are not held.
    `held_on_holidays`: the slots that are held all the same, bit by place in the schedule. `untendered`: classes of
    letters that pass without a tender. `test_texts`: neutral texts for the document test of a call. `escalation`:
    (contacts missed in a row, what is then done), rising.
    """

    name: str
    nonce: bytes
    version: int = 1
    suite: int = SUITE
    purpose: str = ""
    owners: tuple[str, str] = ("", "")
    languages: tuple[str, ...] = ("en",)
    civil_clocks: tuple[int, int] = (0, 0)
    schedule: tuple[Slot, ...] = ()
    clocks: tuple[tuple[int, int], ...] = CLOCKS
    quorum_restore: int = 2
    second_person: bool = True
    addresses: tuple[tuple[str, str], ...] = ()
    always_open: tuple[int, ...] = ()
    tells_watch: bool = True
    holidays: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
    held_on_holidays: int = 0
    untendered: tuple[int, ...] = ()
    test_texts: tuple[str, ...] = ()
    escalation: tuple[tuple[int, str], ...] = ()

    def __post_init__(self) -> None:
        text("line name", self.name, 64)
        exactly("nonce", self.nonce, NONCE_BYTES)
        within("version", self.version, 1, 0xFFFF)
        within("suite", self.suite, SUITE, SUITE)
        text("purpose", self.purpose, 256)
        for owner in self.owners:
            text("owner", owner, 128)
        if not 1 <= len(self.languages) <= 15:
            raise RemoteError("an accord lists 1 to 15 languages")
        for language in self.languages:
            text("language", language, 16)
        for offset in self.civil_clocks:
            within("civil clock", offset, -14 * 60, 14 * 60)
        if len(self.schedule) > SLOTS_MAX:
            raise RemoteError(f"an accord has at most {SLOTS_MAX} slots a day")
        if len(self.clocks) != 4:
            raise RemoteError("an accord has clocks for four precedences")
        for pair in self.clocks:
            for seconds in pair:
                within("clock of a precedence", seconds, 1, 30 * 86400)
        within("quorum to restore", self.quorum_restore, 1, 8)
        if len(self.addresses) > 16:
            raise RemoteError("an accord lists at most 16 forms of address")
        for office, form in self.addresses:
            text("office", office, 64)
            text("form of address", form, 128)
        for kind in self.always_open:
            within("kind", kind, 0, 63)
        self._check_second()

    def _check_second(self) -> None:
        """The fields that terms of the first form do not have."""
        for days in self.holidays:
            _rising("holidays", days, HOLIDAYS_MAX)
            for day in days:
                within("holiday", day, 0, U32 // DAY)
        within("slots held on holidays", self.held_on_holidays, 0, (1 << len(self.schedule)) - 1)
        _rising("classes of letters", self.untendered, len(LetterClass))
        for kind in self.untendered:
            within("class", kind, min(LetterClass), max(LetterClass))
        if len(self.test_texts) > TEST_TEXTS_MAX or len(set(self.test_texts)) != len(self.test_texts):
            raise RemoteError(f"an accord has at most {TEST_TEXTS_MAX} test texts, each once")
        _rising("steps of escalation", tuple(missed for missed, _ in self.escalation), STEPS_MAX)
        for missed, step in self.escalation:
            within("contacts missed", missed, 1, 255)
            _some("step of escalation", step)
        for words in self.test_texts:
            _some("test text", words)

    @property
    def is_second(self) -> bool:
        """Whether its terms need the second form."""
        return (
            any(self.holidays)
            or self.held_on_holidays != 0
            or bool(self.untendered or self.test_texts or self.escalation)
        )

    def holiday_of(self, at: int) -> tuple[bool, bool]:
        """By party, whether the instant `at` (seconds since 1970 UTC) lies in a holiday of its civil calendar."""
        first, second = (
            (at + 60 * offset) // DAY in days
            for offset, days in zip(self.civil_clocks, self.holidays, strict=True)
        )
        return first, second


def _rising(what: str, numbers: tuple[int, ...], most: int) -> None:
    if len(numbers) > most or list(numbers) != sorted(set(numbers)):
        raise RemoteError(f"{what} of an accord are more than {most}, repeat, or are out of order")


def _some(what: str, words: str) -> None:
    text(what, words, 128)
    if not words:
        raise RemoteError(f"{what} is empty")


ORDER_WIRE = Accord("", bytes(NONCE_BYTES), quorum_restore=1, second_person=False)


def encode_terms(a: Accord) -> bytes:
    """The terms an OFFER of an accord carries and an AGREE names by their SHA-256. One accord has one form."""
    more: tuple[Value, ...] = ()
    if a.is_second:
        more = (a.holidays, a.held_on_holidays, a.untendered, a.test_texts, a.escalation)
    return cbor.encode(
        (
            ACCORD_2_LABEL if more else ACCORD_LABEL,
            a.name,
            a.nonce,
            a.version,
            a.suite,
            a.purpose,
            a.owners,
            a.languages,
            a.civil_clocks,
            tuple((s.minute, s.weekdays, int(s.meaning), s.caller, s.open_s) for s in a.schedule),
            a.clocks,
            a.quorum_restore,
            a.second_person,
            a.addresses,
            a.always_open,
            a.tells_watch,
            *more,
        )
    )


def decode_terms(terms: bytes) -> Accord:
    """The accord in `terms`. Raises RemoteError."""
    if len(terms) > TERMS_BYTES_MAX:
        raise RemoteError(f"terms of an accord are over {TERMS_BYTES_MAX} bytes")
    fields = cbor.items(cbor.decode(terms))
    label, later = (fields[0] if fields else None), fields[FIRST_FIELDS:]
    if label != (ACCORD_2_LABEL if later else ACCORD_LABEL):
        raise RemoteError("terms are not those of an accord")
    (
        _,
        name,
        nonce,
        version,
        suite,
        purpose,
        owners,
        languages,
        civil_clocks,
        schedule,
        clocks,
        quorum_restore,
        second_person,
        addresses,
        always_open,
        tells_watch,
    ) = cbor.array(fields[:FIRST_FIELDS], FIRST_FIELDS, "terms of an accord")
    if not isinstance(second_person, bool) or not isinstance(tells_watch, bool):
        raise RemoteError("a yes-or-no of the accord is neither")
    first, second = (cbor.string(owner) for owner in cbor.array(owners, 2, "owners"))
    one, other = (cbor.integer(minutes) for minutes in cbor.array(civil_clocks, 2, "civil clocks"))
    found = Accord(
        cbor.string(name),
        cbor.octets(nonce),
        cbor.integer(version),
        cbor.integer(suite),
        cbor.string(purpose),
        (first, second),
        tuple(cbor.string(language) for language in cbor.items(languages)),
        (one, other),
        tuple(_slot(slot) for slot in cbor.items(schedule)),
        tuple(_clocks(pair) for pair in cbor.items(clocks)),
        cbor.integer(quorum_restore),
        second_person,
        tuple(_address(pair) for pair in cbor.items(addresses)),
        tuple(cbor.integer(kind) for kind in cbor.items(always_open)),
        tells_watch,
        *(_second(later) if later else ()),
    )
    if later and not found.is_second:
        raise RemoteError("terms of the second form say nothing that the first does not")
    return found


def _second(
    fields: tuple[Value, ...],
) -> tuple[
    tuple[tuple[int, ...], tuple[int, ...]],
    int,
    tuple[int, ...],
    tuple[str, ...],
    tuple[tuple[int, str], ...],
]:
    """The fields that only the second form has, as an Accord takes them."""
    holidays, held, untendered, texts, steps = cbor.array(fields, 5, "second part of an accord")
    one, other = (_numbers(days) for days in cbor.array(holidays, 2, "holidays"))
    return (
        (one, other),
        cbor.integer(held),
        _numbers(untendered),
        tuple(cbor.string(words) for words in cbor.items(texts)),
        tuple(_step(step) for step in cbor.items(steps)),
    )


def _numbers(value: Value) -> tuple[int, ...]:
    return tuple(cbor.integer(number) for number in cbor.items(value))


def _step(value: Value) -> tuple[int, str]:
    missed, words = cbor.array(value, 2, "step of escalation")
    return cbor.integer(missed), cbor.string(words)


def _slot(value: Value) -> Slot:
    minute, weekdays, meaning, caller, open_s = cbor.array(value, 5, "slot")
    return Slot(
        cbor.integer(minute),
        cbor.integer(weekdays),
        Meaning(within("meaning of a slot", cbor.integer(meaning), 1, 3)),
        None if caller is None else cbor.integer(caller),
        cbor.integer(open_s),
    )


def _clocks(value: Value) -> tuple[int, int]:
    delivery, acknowledgement = cbor.array(value, 2, "clocks of a precedence")
    return cbor.integer(delivery), cbor.integer(acknowledgement)


def _address(value: Value) -> tuple[str, str]:
    office, form = cbor.array(value, 2, "form of address")
    return cbor.string(office), cbor.string(form)


_RELEASED = frozenset(
    {
        ActKind.MESSAGE,
        ActKind.CANCEL,
        ActKind.TENDER,
        ActKind.TENDER_ANSWER,
        ActKind.LETTER,
        ActKind.TIER,
        ActKind.ANNOUNCEMENT,
    }
)
_POWER_OF_SUBJECT: dict[int, Power] = {
    Subject.ACCORD: Power.ADMINISTER,
    Subject.RESTORE: Power.RESTORE,
    Subject.ANNOUNCEMENT_HOUR: Power.RELEASE,
    Subject.APPOINTMENT: Power.RELEASE,
}


def power_needed(kind: int, subject: int | None) -> Power:
    """The power an author must hold for an act of `kind` (an OFFER's by its subject) to have effect."""
    if kind in _RELEASED:
        return Power.RELEASE
    if kind == ActKind.ACKNOWLEDGE:
        return Power.ACKNOWLEDGE
    if kind == ActKind.SEVER:
        return Power.SEVER
    if kind in (ActKind.OFFER, ActKind.AGREE, ActKind.WITHDRAW):
        return _POWER_OF_SUBJECT.get(subject or 0, Power.ADMINISTER)
    return Power.NONE


def may(officer: Officer, kind: int, subject: int | None, precedence: Precedence) -> bool:
    """Whether an act of this officer may have effect."""
    if kind == ActKind.MESSAGE and precedence > officer.precedence_max:
        return False
    needed = power_needed(kind, subject)
    return officer.powers & needed == needed
