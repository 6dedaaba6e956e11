"""Announcements on the console: the hour, both sides' texts beside each other, and the hand on the brake (spec 18).

HOLD is one key press for any officer and stands open at all times. What lets a text out is confirmed by doing: the hour
is typed again as it stands. What the other side has not said is shown as silence, with the time up to which it lasted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from parley.console.forms import Typed, Unfit
from parley.console.leaf import Act, Asked, Done, Instrument, Leaf
from parley.console.sessions import Session, signed
from parley.console.shown import group
from parley.console.words import _
from parley.core.errors import LocalError
from parley.desk import Desk
from parley.desk.announcements import AnnouncementView, TextView
from parley.desk.times import instant

POINTS_SHOWN: Final = 8  # fields for points in the form of an offer
_OF_A_TEXT: Final = frozenset(
    {"edit-announcement", "release-announcement", "hold-announcement", "resume-announcement", "abort-announcement",
     "send-announcement"}
)  # fmt: skip


# --- pages --------------------------------------------------------------------------------------------------


def _all(desk: Desk, asked: Asked) -> Leaf:
    return Leaf("announcements.html", "/announcements", {"announcements": desk.announcements.all()})


def _one(desk: Desk, asked: Asked) -> Leaf:
    return _page(desk.announcements.one(asked["ref"]))


def _page(found: AnnouncementView) -> Leaf:
    return Leaf("announcement.html", url(found.ref), {"a": found})


def _all_again(desk: Desk, typed: Typed) -> Leaf:
    return _all(desk, {})


def _one_again(desk: Desk, typed: Typed) -> Leaf:
    if typed.act in _OF_A_TEXT:
        return _page(desk.announcements.of_text(_number(typed)))
    return _page(desk.announcements.one(typed.subject))


def url(ref: str) -> str:
    """The page of an announcement."""
    return f"/announcement/{ref}"


# --- acts ---------------------------------------------------------------------------------------------------


def _offer(desk: Desk, typed: Typed, session: Session) -> Done:
    line = typed.needed("line", _("The line"))
    at = instant(typed.needed("at", _("The hour")), _("The hour"))
    subject = typed.needed("subject", _("What it is about"))
    points = [typed.optional(f"point_{i}") for i in range(POINTS_SHOWN)]
    terms = desk.announcements.offer_hour(line, at, subject, *signed(session), [p for p in points if p])
    return url(terms.ref) + "?done=hour-offered"


def _agree(desk: Desk, typed: Typed, session: Session) -> Done:
    terms = desk.agree(typed.needed("about", _("The terms")), *signed(session))
    return url(terms.ref) + "?done=hour-agreed"


def _withdraw(desk: Desk, typed: Typed, session: Session) -> Done:
    terms = desk.withdraw_terms(typed.needed("about", _("The terms")), *signed(session))
    return url(terms.ref) + "?done=terms-withdrawn"


def _draft(desk: Desk, typed: Typed, session: Session) -> Done:
    about, alone = typed.optional("about"), typed.optional("at")
    found = None if alone else desk.announcements.one(about)
    number = desk.announcements.draft(
        "" if found is None else found.ref,
        session.name,
        typed.needed("title", _("The title")),
        typed.needed("text", _("The text")),
        language=typed.optional("language"),
        channel=typed.optional("channel"),
        points=None if found is None else _points(typed, found),
        line=typed.optional("line"),
        at=instant(alone, _("The hour")) if alone else None,
    )
    return url(desk.announcements.of_text(number).ref) + "?done=announcement-drafted"


def _edit(desk: Desk, typed: Typed, session: Session) -> Done:
    number = _number(typed)
    found = desk.announcements.of_text(number)
    desk.announcements.edit(
        number,
        session.name,
        typed.needed("title", _("The title")),
        typed.needed("text", _("The text")),
        language=typed.optional("language"),
        channel=typed.optional("channel"),
        points=_points(typed, found),
    )
    return url(found.ref) + "?done=announcement-drafted"


def _release(desk: Desk, typed: Typed, session: Session) -> Done:
    number, found = _confirmed(desk, typed)
    desk.announcements.release(number, *signed(session), offer=typed.optional("offer"))
    return url(found.ref) + "?done=announcement-released"


def _hold(desk: Desk, typed: Typed, session: Session) -> Done:
    number = _number(typed)
    desk.announcements.hold(number, session.name, typed.optional("reason"))
    return url(desk.announcements.of_text(number).ref) + "?done=announcement-held"


def _resume(desk: Desk, typed: Typed, session: Session) -> Done:
    number, found = _confirmed(desk, typed)
    desk.announcements.resume(number, *signed(session))
    return url(found.ref) + "?done=announcement-resumed"


def _abort(desk: Desk, typed: Typed, session: Session) -> Done:
    number = _number(typed)
    desk.announcements.abort(number, *signed(session))
    return url(desk.announcements.of_text(number).ref) + "?done=announcement-aborted"


def _send(desk: Desk, typed: Typed, session: Session) -> Done:
    number = _number(typed)
    desk.announcements.send(number, *signed(session))
    return url(desk.announcements.of_text(number).ref) + "?done=announcement-sent"


def _confirmed(desk: Desk, typed: Typed) -> tuple[int, AnnouncementView]:
    """The text whose hour was typed again. Raises Unfit."""
    number = _number(typed)
    found = desk.announcements.of_text(number)
    typed.retyped("retyped", _("The hour"), group(found.at))
    return number, found


def _number(typed: Typed) -> int:
    words = typed.subject
    if not (words.isascii() and words.isdecimal() and len(words) <= 10):
        raise LocalError(_("That names no text."), _("Go back to the announcements."))
    return int(words)


def _points(typed: Typed, found: AnnouncementView) -> tuple[int, ...] | None:
    """The points that were ticked; None where the hour has none, or the officer says that the text does not say."""
    if not found.points or typed.optional("points") == "untold":
        return None
    ticked = tuple(i for i in range(len(found.points)) if typed.optional(f"point_{i}"))
    if not ticked and typed.optional("points") != "none":
        raise Unfit(
            _("It is not said which of the points the text speaks of; nothing was recorded."),
            _("Tick those it speaks of, or say that it speaks of none, or that it does not say."),
        )
    return ticked


# --- words --------------------------------------------------------------------------------------------------


def state_word(state: str) -> str:
    """Where a text of ours stands."""
    return {
        "DRAFT": _("DRAFT"),
        "WAITS FOR ITS HOUR": _("WAITS FOR ITS HOUR"),
        "HELD": _("HELD"),
        "ABORTED": _("ABORTED"),
        "PUBLISHED": _("PUBLISHED"),
    }[state]


def spoken_word(spoken: str) -> str:
    """What a side's texts do with a point."""
    return {
        "spoken of": _("spoken of"),
        "in some of its texts": _("in some of its texts"),
        "left out": _("left out"),
        "its texts do not say": _("its texts do not say"),
        "no text": _("no text"),
    }[spoken]


def state_of(found: AnnouncementView) -> str:
    """How an announcement stands as a whole, in one word for a list."""
    states = [text.state for text in found.ours]
    for state in ("HELD", "WAITS FOR ITS HOUR", "PUBLISHED", "DRAFT"):
        if state in states:
            return state_word(state)
    return _("no text of ours")


def most_recent_first(texts: tuple[TextView, ...]) -> tuple[TextView, ...]:
    """Ours, those that still matter before those that were aborted."""
    return tuple(sorted(texts, key=lambda text: text.state == "ABORTED"))


def notices() -> Mapping[str, str]:
    """What a page says after an act."""
    return {
        "hour-offered": _("The hour is offered. It binds when both sides stand behind it."),
        "hour-agreed": _("Agreed to the hour. Nobody has agreed to a text."),
        "announcement-drafted": _("The draft is kept. A second person releases it for its hour."),
        "announcement-released": _(
            "Released for its hour. Until then it waits here, and any officer can hold it."
        ),
        "announcement-held": _("Held. It does not go out until an officer resumes it."),
        "announcement-resumed": _("Resumed."),
        "announcement-aborted": _("Aborted. It is never published, and nothing of it is in the record."),
        "announcement-sent": _("Sent to them."),
    }


_ACTS: Final[Mapping[str, tuple[str, Act]]] = {
    "offer-hour": ("release", _offer),
    "agree-hour": ("release", _agree),
    "withdraw-hour": ("release", _withdraw),
    "draft-announcement": ("", _draft),
    "edit-announcement": ("", _edit),
    "release-announcement": ("release", _release),
    "hold-announcement": ("", _hold),
    "resume-announcement": ("release", _resume),
    "abort-announcement": ("", _abort),
    "send-announcement": ("release", _send),
}
INSTRUMENT: Final = Instrument(
    {"/announcements": _all, "/announcement/{ref}": _one},
    _ACTS,
    {"announcements": _all_again, "announcement": _one_again},
    notices,
    {
        "announcement_url": url,
        "text_state": state_word,
        "spoken_word": spoken_word,
        "announcement_state": state_of,
        "texts_in_order": most_recent_first,
        "POINTS_SHOWN": POINTS_SHOWN,
    },
    link=lambda: ("/announcements", _("Announcements")),
)
