"""The page of appointments: those to come, the offers on the table, those past, and a form for a new one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from parley.console.forms import Typed, Unfit
from parley.console.leaf import Asked, Done, Instrument, Leaf
from parley.console.sessions import Session, signed
from parley.console.words import _
from parley.desk import Desk
from parley.desk.appointments import OCCASION_WORDS
from parley.desk.times import instant

OCCASIONS: Final = tuple(str(word) for word in OCCASION_WORDS.values())


def appointment_url(ref: str) -> str:
    """The place of one appointment on its page."""
    return f"/appointments#terms-{ref}"


def _all(desk: Desk, asked: Asked) -> Leaf:
    return Leaf(
        "appointments.html",
        "/appointments",
        {
            "appointments": desk.appointments.list(),
            "terms": {t.ref: t for t in desk.terms() if t.subject == "appointment"},
            "lines": tuple(line for line in desk.lines() if not line.is_order_wire),
        },
    )


def _offer(desk: Desk, typed: Typed, session: Session) -> Done:
    by, key = signed(session)
    made = desk.appointments.offer(
        typed.needed("line", _("The line")),
        by,
        key,
        occasion=typed.one_of("occasion", _("The occasion"), OCCASIONS),
        at=instant(typed.needed("at", _("The hour")), _("The hour")),
        lasts=_minutes(typed.optional("minutes")) or 0,
        place=typed.optional("place"),
        who_ours=typed.optional("who_ours"),
        who_theirs=typed.optional("who_theirs"),
        purpose=typed.optional("purpose"),
        read_out=typed.optional("read_out"),
    )
    return "/appointments?done=appointment-offered#terms-" + made.ref


def _move(desk: Desk, typed: Typed, session: Session) -> Done:
    by, key = signed(session)
    at = typed.optional("at")
    made = desk.appointments.move(
        typed.needed("about", _("The appointment")),
        by,
        key,
        reason=typed.needed("reason", _("The reason")),
        at=instant(at, _("The hour")) if at else None,
        lasts=_minutes(typed.optional("minutes")),
        place=typed.optional("place"),
        read_out=typed.optional("read_out"),
    )
    return "/appointments?done=appointment-offered#terms-" + made.ref


def _call_off(desk: Desk, typed: Typed, session: Session) -> Done:
    by, key = signed(session)
    ref = typed.needed("about", _("The appointment"))
    made = desk.appointments.call_off(ref, by, key, reason=typed.needed("reason", _("The reason")))
    return "/appointments?done=appointment-offered#terms-" + made.ref


def _agree(desk: Desk, typed: Typed, session: Session) -> Done:
    terms = desk.agree(typed.needed("about", _("The appointment")), *signed(session))
    return "/appointments?done=agreed#terms-" + terms.ref


def _withdraw(desk: Desk, typed: Typed, session: Session) -> Done:
    terms = desk.withdraw_terms(typed.needed("about", _("The appointment")), *signed(session))
    return "/appointments?done=terms-withdrawn#terms-" + terms.ref


def _minutes(typed: str) -> int | None:
    """A length in minutes as seconds; None where nothing was typed."""
    if not typed:
        return None
    if not (typed.isascii() and typed.isdigit() and len(typed) < 6):
        raise Unfit(_("The length is not a number of minutes; nothing was done."), _("Give it like 30."))
    return int(typed) * 60


def _notices() -> Mapping[str, str]:
    return {"appointment-offered": _("Offered. It binds when both parties stand behind it.")}


INSTRUMENT: Final = Instrument(
    {"/appointments": _all},
    {
        "offer-appointment": ("release", _offer),
        "move-appointment": ("release", _move),
        "call-off-appointment": ("release", _call_off),
        "agree-appointment": ("release", _agree),
        "withdraw-appointment": ("release", _withdraw),
    },
    {"appointments": lambda desk, typed: _all(desk, {})},
    _notices,
    {"OCCASIONS": OCCASIONS, "appointment_url": appointment_url},
    link=lambda: ("/appointments", _("Appointments")),
)
