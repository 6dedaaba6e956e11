"""The pages of letters: what needs us, all letters with what became of them, how many there are, and each by itself.

What a letter says is on none of these pages: no end can open it. A sealed file is handed in with the form of the letter
desk or a command, and is given out to be taken to its addressee.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Final

from parley.console import shown
from parley.console.forms import Typed, Unfit
from parley.console.guard import Refused
from parley.console.leaf import Asked, Done, Instrument, Leaf
from parley.console.sessions import Session, signed
from parley.console.words import _
from parley.core.errors import ParleyError
from parley.desk import Desk
from parley.desk.passages import ANSWERS, CLASSES, TIERS, LetterView


def letter_url(ref: str) -> str:
    """The page of one letter."""
    return shown.message_url(ref).replace("/message/", "/letter/", 1)


def rungs(view: LetterView) -> tuple[shown.Rung, ...]:
    """The way of a letter as a ladder: what has been reached, when and by whom, and what has not."""
    found = [shown.Rung("TENDERED", view.tendered_at is not None, view.tendered_at)]
    accepted = False
    for answer in view.answers:
        accepted = accepted or answer.answer == "accepted"
        words = f"{answer.office}: {answer.reason}" if answer.reason else answer.office
        found.append(shown.Rung(answer.answer.upper(), True, answer.at, words))
    if not accepted:
        found.append(shown.Rung("ACCEPTED", False))
    found.append(shown.Rung("HANDED IN", view.entered_at is not None, view.entered_at))
    found.append(shown.Rung(shown.state_word("AT THEIR END", view.ours), view.at_their_end))
    found.append(shown.Rung("RECEIVED", view.received_at is not None, view.received_at))
    if view.state in ("WITHDRAWN", "TAKEN BACK"):
        found.append(shown.Rung(view.state, True))
    return tuple(found)


# --- pages ----------------------------------------------------------------------------------------------------


SHOWN_MAX: Final = 50  # letters on the page of all; the command lists every one


def _all(desk: Desk, asked: Asked) -> Leaf:
    letters = desk.letters.list()
    lines = tuple(line for line in desk.lines() if not line.is_order_wire)
    return Leaf(
        "letters.html",
        "/letters",
        {
            "letters": letters[:SHOWN_MAX],
            "letters_more": max(0, len(letters) - SHOWN_MAX),
            "letters_need": desk.letters.needs_us(),
            "papers": desk.letters.papers(),
            "series": desk.letters.count(),
            "lines": lines,
        },
    )


def _one(desk: Desk, asked: Asked) -> Leaf:
    letter = desk.letters.get(asked["ref"])
    return Leaf(
        "letter.html",
        letter_url(letter.ref),
        {
            "letter": letter,
            "line": next(line for line in desk.lines() if line.name == letter.line),
            "papers": sum(p.line == letter.line for p in desk.letters.papers()),
            "climb": rungs(letter),
        },
    )


def _again(desk: Desk, typed: Typed) -> Leaf:
    return _one(desk, {"ref": typed.subject})


# --- acts -----------------------------------------------------------------------------------------------------


def _tender(desk: Desk, typed: Typed, session: Session) -> Done:
    desk.letters.tender(
        typed.needed("line", _("The line")),
        session.name,
        in_whose_name=typed.needed("in_whose_name", _("In whose name")),
        to_whom=typed.needed("to_whom", _("To whom")),
        rank=typed.optional("rank"),
        kind=typed.one_of("kind", _("The class"), CLASSES),
        instead_of=typed.optional("instead_of"),
        precedence=typed.one_of("precedence", _("The precedence"), shown.PRECEDENCES),
    )
    return "/letters?done=paper-prepared#papers"


def _answer(desk: Desk, typed: Typed, session: Session) -> Done:
    desk.letters.answer(
        _ref(typed),
        typed.one_of("answer", _("The answer"), ANSWERS),
        session.name,
        reason=typed.optional("reason"),
        language=typed.optional("language"),
    )
    return "/letters?done=paper-prepared#papers"


def _hand_in(desk: Desk, typed: Typed, session: Session) -> Done:
    try:
        data = base64.b64decode(typed.needed("sealed", _("The sealed letter")), b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise Unfit(
            _("This is not the sealed letter as it was made; nothing was handed in."),
            _("Choose the file that the letter desk or the command gave."),
        ) from None
    ref = typed.optional("about") if typed.optional("page") == "letter" else ""
    desk.letters.hand_in(
        data,
        session.name,
        ref=ref,
        line=typed.optional("line"),
        in_whose_name=typed.optional("in_whose_name"),
        to_whom=typed.optional("to_whom"),
        rank=typed.optional("rank"),
        kind=typed.optional("kind") or CLASSES[0],
    )
    return "/letters?done=paper-prepared#papers"


def _tier(desk: Desk, typed: Typed, session: Session) -> Done:
    desk.letters.tier(_ref(typed), typed.one_of("tier", _("The tier"), TIERS), session.name)
    return "/letters?done=paper-prepared#papers"


def _release(desk: Desk, typed: Typed, session: Session) -> Done:
    by, key = signed(session)
    desk.letters.release(typed.needed("about", _("What is prepared")), by, key)
    return "/letters?done=paper-released"


def _withdraw(desk: Desk, typed: Typed, session: Session) -> Done:
    by, key = signed(session)
    desk.letters.withdraw(typed.needed("about", _("What is prepared")), by, key)
    return "/letters?done=paper-withdrawn"


def _discard(desk: Desk, typed: Typed, session: Session) -> Done:
    desk.letters.discard(typed.needed("about", _("What is prepared")), session.name)
    return "/letters?done=paper-discarded"


def _take_back(desk: Desk, typed: Typed, session: Session) -> Done:
    by, key = signed(session)
    view = desk.letters.take_back(_ref(typed), by, key, typed.needed("reason", _("The reason")))
    return letter_url(view.ref) + "?done=letter-taken-back"


def _acknowledge(desk: Desk, typed: Typed, session: Session) -> Done:
    by, key = signed(session)
    view = desk.letters.acknowledge(_ref(typed), by, key)
    return letter_url(view.ref) + "?done=letter-received"


def _forget(desk: Desk, typed: Typed, session: Session) -> Done:
    view = desk.letters.get(_ref(typed))
    typed.retyped("retyped", _("The check value"), view.check[:8])
    desk.letters.forget(view.ref, session.name)
    return letter_url(view.ref) + "?done=letter-forgotten"


def _ref(typed: Typed) -> str:
    ref = typed.needed("about", _("The letter"))
    if not shown.REF.fullmatch(ref):
        raise Refused(404, _("That names no letter."), _("Go back to the letters."))
    return ref


def sealed_file(desk: Desk, ref: str) -> tuple[str, bytes]:
    """The sealed file of a letter, with a name for it. Raises Refused."""
    try:
        view = desk.letters.get(ref)
        return f"letter-{view.number}-{view.check}.sealed", desk.letters.sealed_letter(ref)
    except ParleyError as error:
        raise Refused(404, error.text, error.hint) from None


def _notices() -> Mapping[str, str]:
    return {
        "paper-prepared": _("Prepared. It waits for its release by a second person; nothing of it was sent."),
        "paper-released": _("Released. It is at their end only when their node has signed for it."),
        "paper-withdrawn": _("Withdrawn. Nothing of it is in the record."),
        "paper-discarded": _("Discarded. Nothing of it was sent."),
        "letter-taken-back": _("Taken back. It stays on both records, with that it was taken back."),
        "letter-received": _("Acknowledged: the sealed letter is here, whole, for its addressee."),
        "letter-forgotten": _(
            "Let go of. The letter stays in the record; its sealed bytes are not here any more."
        ),
    }


INSTRUMENT: Final = Instrument(
    {"/letters": _all, "/letter/{ref:path}": _one},
    {
        "tender": ("", _tender),
        "answer-tender": ("", _answer),
        "hand-in": ("", _hand_in),
        "tier": ("", _tier),
        "release-paper": ("release", _release),
        "withdraw-paper": ("release", _withdraw),
        "discard-paper": ("", _discard),
        "take-back": ("release", _take_back),
        "receive-letter": ("acknowledge", _acknowledge),
        "forget-letter": ("", _forget),
    },
    {"letters": lambda desk, typed: _all(desk, {}), "letter": _again},
    _notices,
    {"letter_url": letter_url, "CLASSES": CLASSES, "ANSWERS": ANSWERS, "TIERS": TIERS},
    link=lambda: ("/letters", _("Letters")),
)
