"""Appointments at the desk: offered, agreed, moved with a reason, called off, and what both will say of them (spec 19).

Agreeing and withdrawing is that of all terms (`Desk.agree`, `Desk.withdraw_terms`).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from parley.core import line as lines
from parley.core import suite
from parley.core.errors import LocalError, RemoteError, Sentence
from parley.core.instruments import appointment
from parley.core.instruments.appointment import (
    LASTS_MAX,
    PLACE_BYTES_MAX,
    TEXT_BYTES_MAX,
    WHO_BYTES_MAX,
    Appointment,
    Occasion,
    State,
    Terms,
)
from parley.core.line import Standing
from parley.core.types import U32, ActKind, Seconds, Subject, written
from parley.desk.reading import Reading
from parley.desk.signing import Signing
from parley.keys.officers import Unlocked
from parley.node import Node, Room

OCCASION_WORDS = {
    Occasion.CALL: Sentence("call"),
    Occasion.MEETING: Sentence("meeting"),
    Occasion.HANDOVER: Sentence("handover"),
}


@dataclass(frozen=True, slots=True)
class AppointmentView:
    """One appointment. `ref`: of its terms. `who_ours`, `who_theirs`: the offices that come. `ours`, `theirs`: which
    offices stand behind the terms. `instead_of`, `replaced_by`: refs of terms."""

    ref: str
    line: str
    occasion: str
    at: Seconds
    lasts: int
    place: str
    who_ours: str
    who_theirs: str
    purpose: str
    read_out: str
    reason: str
    called_off: bool
    instead_of: str
    replaced_by: str
    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    state: str


class Appointments:
    """The appointments of one end."""

    def __init__(self, node: Node, look: Reading, signing: Signing) -> None:
        self._node, self._look, self._signing = node, look, signing

    def list(self, line: str | None = None) -> tuple[AppointmentView, ...]:
        """All appointments, those to come first, the next one at the top; then those past, the latest first."""
        found = [
            view for room in self._look.rooms(line) if not room.is_order_wire for view in self._of_line(room)
        ]
        now = self._node.now()
        return tuple(sorted(found, key=lambda v: (v.at + v.lasts < now, abs(v.at - now), v.ref)))

    def get(self, ref: str) -> AppointmentView:
        """One appointment, by the first hex digits of its terms."""
        found = [v for v in self.list() if len(ref) >= 8 and v.ref.startswith(ref.lower())]
        if len(found) != 1:
            raise LocalError(
                Sentence("there is no appointment {ref!r}", ref=ref), Sentence("see: parley appointment list")
            )
        return found[0]

    def offer(
        self,
        line: str,
        by: str,
        passphrase: str | Unlocked,
        *,
        occasion: str,
        at: Seconds,
        lasts: int = 0,
        place: str = "",
        who_ours: str = "",
        who_theirs: str = "",
        purpose: str = "",
        read_out: str = "",
    ) -> AppointmentView:
        """Offers an appointment; counts as this officer's agreement. `lasts`: seconds, 0 for not said."""
        room = self._look.room(line)
        who = (who_ours, who_theirs)
        what = next((o for o, word in OCCASION_WORDS.items() if word == occasion.strip().lower()), None)
        if what is None:
            raise LocalError(
                Sentence("there is no occasion {word!r}", word=occasion),
                Sentence("one of: {words}", words=", ".join(OCCASION_WORDS.values())),
            )
        made = self._made(room, what, at, lasts, place, who, purpose, read_out)
        return self._offer(room, made, by, passphrase)

    def move(
        self,
        ref: str,
        by: str,
        passphrase: str | Unlocked,
        *,
        reason: str,
        at: Seconds | None = None,
        lasts: int | None = None,
        place: str = "",
        read_out: str = "",
    ) -> AppointmentView:
        """Offers other terms in the place of an appointment: another hour or place, or the read-out line. They take its
        place once both stand behind them; until then it stays as it is."""
        room, old, name = self._standing(ref)
        if at is not None and at != old.at:
            self._check_hour(at)
        made = replace(
            old,
            nonce=self._node.nonce(),
            at=old.at if at is None else at,
            lasts=old.lasts if lasts is None else lasts,
            place=written(Sentence("place"), place, PLACE_BYTES_MAX) if place else old.place,
            read_out=_optional(Sentence("read-out line"), read_out) or old.read_out,
            instead_of=name,
            reason=_needed(reason),
            called_off=False,
        )
        return self._offer(room, made, by, passphrase)

    def call_off(self, ref: str, by: str, passphrase: str | Unlocked, *, reason: str) -> AppointmentView:
        """Offers to call an appointment off, with a reason. It stands until both have agreed to that."""
        room, old, name = self._standing(ref)
        made = replace(
            old, nonce=self._node.nonce(), instead_of=name, reason=_needed(reason), called_off=True
        )
        return self._offer(room, made, by, passphrase)

    # --- what is behind

    def _made(
        self,
        room: Room,
        occasion: Occasion,
        at: Seconds,
        lasts: int,
        place: str,
        who: tuple[str, str],
        purpose: str,
        read_out: str,
    ) -> Appointment:
        self._check_hour(at)
        if not 0 <= lasts <= LASTS_MAX:
            raise LocalError(
                Sentence("an appointment lasts at most {days} days", days=LASTS_MAX // 86400),
                Sentence("give its length in seconds"),
            )
        first, second = (written(Sentence("who comes"), office, WHO_BYTES_MAX) for office in who)
        return Appointment(
            self._node.nonce(),
            occasion,
            at,
            lasts,
            written(Sentence("place"), place, PLACE_BYTES_MAX),
            (first, second) if room.pair.ours == 0 else (second, first),
            written(Sentence("purpose"), purpose, TEXT_BYTES_MAX),
            _optional(Sentence("read-out line"), read_out),
        )

    def _check_hour(self, at: Seconds) -> None:
        if at <= self._node.now():
            raise LocalError(
                Sentence("the hour of the appointment is past"), Sentence("name an hour to come")
            )
        if at > U32:
            raise LocalError(
                Sentence("an appointment is at the latest in the year 2106"), Sentence("name an earlier hour")
            )

    def _offer(self, room: Room, made: Appointment, by: str, passphrase: str | Unlocked) -> AppointmentView:
        if room.is_order_wire:
            raise LocalError(Sentence("the order wire carries no appointments"), Sentence("name a line"))
        refused = lines.refuse(room.line, ActKind.OFFER, Subject.APPOINTMENT, self._node.now())
        if refused is not None:
            raise refused
        terms = appointment.encode_terms(made)
        self._signing.offer(room, Subject.APPOINTMENT, terms, by, passphrase)
        return self.get(suite.sha256(terms).hex()[:16])

    def _standing(self, ref: str) -> tuple[Room, Appointment, bytes]:
        """An appointment that may still be moved: agreed, and neither moved, called off nor withdrawn."""
        view = self.get(ref)
        room = self._look.room(view.line)
        found = next(s for s in self._look.standings(room) if s.hash.hex().startswith(view.ref))
        if view.state not in (State.AGREED, State.PAST):
            raise LocalError(
                Sentence("this appointment is {state}", state=Sentence(view.state)),
                Sentence("only one that both have agreed on can be moved or called off"),
            )
        return room, appointment.decode_terms(found.terms), found.hash

    def _of_line(self, room: Room) -> tuple[AppointmentView, ...]:
        standings = {s.hash: s for s in self._look.standings(room) if s.subject == Subject.APPOINTMENT}
        terms = []
        for standing in standings.values():
            try:
                made = appointment.decode_terms(standing.terms)
            except RemoteError:
                continue  # waits here unsent, and never was: terms on a line decode
            terms.append(Terms(standing.hash, made, standing.agreed, standing.settled))
        states = appointment.states(terms, self._node.now())
        after = appointment.successors(terms)
        return tuple(self._view(room, t, standings[t.name], states[t.name], after.get(t.name)) for t in terms)

    def _view(
        self,
        room: Room,
        terms: Terms,
        standing: Standing,
        state: State,
        after: Terms | None,
    ) -> AppointmentView:
        made, ours = terms.appointment, room.pair.ours
        offices = [
            tuple(self._look.office(room, party, author) for author in standing.sides[party].authors)
            for party in (ours, 1 - ours)
        ]
        waits = standing.offered == (None, None)
        return AppointmentView(
            terms.name.hex()[:16],
            self._look.name(room),
            OCCASION_WORDS[made.occasion],
            made.at,
            made.lasts,
            made.place,
            made.who[ours],
            made.who[1 - ours],
            made.purpose,
            made.read_out or "",
            made.reason or "",
            made.called_off,
            made.instead_of.hex()[:16] if made.instead_of else "",
            after.name.hex()[:16] if after else "",
            offices[0],
            offices[1],
            Sentence("released, waits for a bearer") if waits else Sentence(state.value),
        )


def _needed(reason: str) -> str:
    if not reason.strip():
        raise LocalError(
            Sentence("an appointment is moved or called off with a reason"), Sentence("give it in a sentence")
        )
    return written(Sentence("reason"), reason.strip(), TEXT_BYTES_MAX)


def _optional(what: Sentence, words: str) -> str | None:
    return written(what, words, TEXT_BYTES_MAX) if words else None


# --- questions: what a command or an API client may ask (desk/ask.py) ---------------------------


class HasAppointments(Protocol):
    """What these questions are put to: a desk."""

    appointments: Appointments


def _of(name: str) -> Callable[..., object]:
    """A method of `Appointments`, asked of a desk."""
    method: Callable[..., object] = getattr(Appointments, name)

    @functools.wraps(method)
    def ask(desk: HasAppointments, **given: object) -> object:
        return method(desk.appointments, **given)

    return ask


QUESTIONS: dict[str, Callable[..., object]] = {
    f"appointment_{name}": _of(name) for name in ("list", "get", "offer", "move", "call_off")
}
