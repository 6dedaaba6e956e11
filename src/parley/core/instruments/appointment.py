"""Appointments: a call, a meeting or a handover that both agree on (spec 6.1, 19).

An appointment is terms, offered and agreed like any. To move it is to agree on other terms that name it, with a
reason; to call it off, on terms that name it and say so. The read-out line, what both will say of it, is part of the
terms: it is agreed when both stand behind the same words, before the appointment or, in terms that name it, after it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from parley.core.errors import RemoteError
from parley.core.types import HASH_BYTES, NONCE_BYTES, U32, Seconds, Value, exactly, text, within
from parley.core.wire import cbor

LABEL = "parley/appointment/1"
PLACE_BYTES_MAX = 256
WHO_BYTES_MAX = 256
TEXT_BYTES_MAX = 512
LASTS_MAX = 31 * 86400


class Occasion(IntEnum):
    """What an appointment is for."""

    CALL = 1
    MEETING = 2
    HANDOVER = 3


class State(StrEnum):
    """What has become of an appointment."""

    OFFERED = "OFFERED"
    CONFIRMED = "AGREED, NOT YET CONFIRMED"
    AGREED = "AGREED"
    MOVED = "MOVED"
    CALLED_OFF = "CALLED OFF"
    PAST = "PAST"
    WITHDRAWN = "WITHDRAWN"


@dataclass(frozen=True, slots=True)
class Appointment:
    """The terms of an appointment. `lasts`: seconds, 0 for not said. `who`: by party, offices, not persons.
    `instead_of`: SHA-256 of the terms it takes the place of; `reason`: why. `read_out`: what both will say of it."""

    nonce: bytes
    occasion: Occasion
    at: Seconds
    lasts: int
    place: str
    who: tuple[str, str]
    purpose: str
    read_out: str | None = None
    instead_of: bytes | None = None
    reason: str | None = None
    called_off: bool = False

    def __post_init__(self) -> None:
        exactly("nonce", self.nonce, NONCE_BYTES)
        within("occasion", self.occasion, min(Occasion), max(Occasion))
        within("hour of the appointment", self.at, 0, U32)
        within("length of the appointment", self.lasts, 0, LASTS_MAX)
        text("place", self.place, PLACE_BYTES_MAX)
        for office in self.who:
            text("who comes", office, WHO_BYTES_MAX)
        text("purpose", self.purpose, TEXT_BYTES_MAX)
        for what, words in (("read-out line", self.read_out), ("reason", self.reason)):
            if words is not None:
                text(what, words, TEXT_BYTES_MAX)
        if self.instead_of is not None:
            exactly("terms", self.instead_of, HASH_BYTES)
        if self.called_off and self.instead_of is None:
            raise RemoteError("what is called off is not named")


def encode_terms(a: Appointment) -> bytes:
    """The terms an OFFER of an appointment carries and an AGREE names by their SHA-256."""
    return cbor.encode(
        (
            LABEL,
            a.nonce,
            int(a.occasion),
            a.at,
            a.lasts,
            a.place,
            a.who,
            a.purpose,
            a.read_out,
            a.instead_of,
            a.reason,
            a.called_off,
        )
    )


def decode_terms(terms: bytes) -> Appointment:
    """The appointment in `terms`. Raises RemoteError."""
    fields = cbor.array(cbor.decode(terms), 12, "appointment")
    label, nonce, occasion, at, lasts, place, who, purpose, read_out, instead_of, reason, called_off = fields
    if label != LABEL:
        raise RemoteError("terms are not those of an appointment")
    first, second = cbor.array(who, 2, "who comes")
    if not isinstance(called_off, bool):
        raise RemoteError("whether it is called off is neither true nor false")
    return Appointment(
        cbor.octets(nonce),
        Occasion(within("occasion", cbor.integer(occasion), min(Occasion), max(Occasion))),
        cbor.integer(at),
        cbor.integer(lasts),
        cbor.string(place),
        (cbor.string(first), cbor.string(second)),
        cbor.string(purpose),
        _text(read_out),
        None if instead_of is None else cbor.octets(instead_of),
        _text(reason),
        called_off,
    )


@dataclass(frozen=True, slots=True)
class Terms:
    """What the line says of the terms of one appointment: `agreed` by party, and whether settled."""

    name: bytes
    appointment: Appointment
    agreed: tuple[bool, bool]
    settled: bool


def states(all_terms: Iterable[Terms], now: Seconds) -> dict[bytes, State]:
    """By the hash of its terms, what has become of each appointment at `now`.

    Only what is settled takes another's place: an offer to move leaves the appointment as it is. Of several settled
    that name one, one that calls it off rules.
    """
    found = list(all_terms)
    after = successors(found)
    said = {}
    for terms in found:
        if terms.settled and terms.appointment.called_off:
            said[terms.name] = State.CALLED_OFF
        elif terms.name in after:
            said[terms.name] = State.CALLED_OFF if after[terms.name].appointment.called_off else State.MOVED
        elif not terms.settled:
            said[terms.name] = (
                State.CONFIRMED
                if all(terms.agreed)
                else State.OFFERED
                if any(terms.agreed)
                else State.WITHDRAWN
            )
        elif terms.appointment.at + terms.appointment.lasts < now:
            said[terms.name] = State.PAST
        else:
            said[terms.name] = State.AGREED
    return said


def successors(all_terms: Iterable[Terms]) -> dict[bytes, Terms]:
    """By the hash of terms, the settled ones that took their place: of several, one that calls off, then the lowest
    hash."""
    found: dict[bytes, Terms] = {}
    for terms in sorted(all_terms, key=lambda t: (not t.appointment.called_off, t.name)):
        if terms.settled and terms.appointment.instead_of is not None:
            found.setdefault(terms.appointment.instead_of, terms)
    return found


def _text(value: Value) -> str | None:
    return None if value is None else cbor.string(value)
