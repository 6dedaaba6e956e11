"""What an officer does: every act behind a form, in a table with the power it takes.

An act is done as the officer who signed in. What is signed takes that officer's key: it lies in the session while
the officer is at work, and is asked for again by passphrase once the session has locked itself. An act that cannot
be done brings its form back as it was typed, with one sentence of what is true and what to do; an act that was done
leads on with a short notice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from parley.console import shown
from parley.console.forms import Typed, Unfit
from parley.console.guard import Refused
from parley.console.instruments import INSTRUMENTS
from parley.console.leaf import Done
from parley.console.sessions import Session, signed
from parley.console.words import _
from parley.core.errors import ParleyError
from parley.core.types import Grade
from parley.desk import Desk, drafts
from parley.desk.times import instant
from parley.desk.views import LineView, MessageView

ALL_LINES: Final = "ALL LINES"


class NotAllowed(Exception):
    """The officer does not hold the power the act takes."""

    def __init__(self, power: str) -> None:
        super().__init__()
        self.text = _("This act needs the power “%(power)s”, which you do not hold; nothing was done.") % {
            "power": _(power)
        }
        self.hint = _("Ask an officer who holds it.")


class Acts:
    """The acts of one end. `POWERS` says what each takes: a power, or "" for any officer who has one."""

    POWERS: Final[Mapping[str, str]] = {
        "begin-draft": "", "save-draft": "", "offer-draft": "", "discard-draft": "",
        "release": "release", "withdraw": "", "cancel": "release", "acknowledge": "acknowledge",
        "call": "", "answer": "", "sever": "sever", "sever-all": "sever",
        "offer": "restore", "agree": "restore", "agree-accord": "administer", "withdraw-terms": "restore",
        "take-watch": "", "hand-over": "",
    }  # fmt: skip

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._table: dict[str, Callable[[Typed, Session], Done]] = {
            name: getattr(self, "_" + name.replace("-", "_")) for name in self.POWERS
        }
        self._powers = dict(self.POWERS)
        for instrument in INSTRUMENTS:
            for name, (power, act) in instrument.acts.items():
                self._powers[name] = power
                self._table[name] = partial(act, desk)

    def knows(self, act: str) -> bool:
        return act in self._table

    def do(self, act: str, typed: Typed, session: Session) -> Done:
        """The act, done; where to go on. Raises Unfit, Refused, Locked, NotAllowed or ParleyError: nothing was
        done then."""
        held, needed = self._desk.powers(session.name), self._powers[act]
        if needed not in held if needed else not held:
            raise NotAllowed(needed or "any")
        return self._table[act](typed, session)

    # --- drafts and messages

    def _begin_draft(self, typed: Typed, session: Session) -> Done:
        line = self.line_of(typed.needed("line", _("The line")))
        draft = self._desk.begin_draft(line.id, session.name)
        fields = {name: value for name, value in _draft_fields(typed).items() if value}
        if fields:
            self._desk.save_draft(draft.ref, session.name, {**draft.fields, **fields, "line": line.id})
        return shown.draft_url(draft.ref)

    def _save_draft(self, typed: Typed, session: Session) -> Done:
        draft = self._desk.save_draft(self._draft_of(typed), session.name, _draft_fields(typed))
        return {"saved_at": draft.saved_at, "now": self._desk.time()}

    def _offer_draft(self, typed: Typed, session: Session) -> Done:
        ref = self._draft_of(typed)
        if "text" in typed.fields:
            self._desk.save_draft(ref, session.name, _draft_fields(typed))
            if typed.optional("then") != "offer":
                return shown.draft_url(ref) + "/check"
        message = self._desk.offer_draft(ref, session.name)
        return shown.message_url(message.ref) + "?done=composed"

    def _discard_draft(self, typed: Typed, session: Session) -> Done:
        self._desk.discard_draft(self._draft_of(typed), session.name)
        return "/?done=discarded"

    def _release(self, typed: Typed, session: Session) -> Done:
        draft = self.message_of(typed.needed("about", _("The draft")))
        line = self.line_of(draft.line)
        typed.retyped("counterpart", _("The counterpart's name"), line.pair)
        if typed.one_of("precedence", _("The precedence"), shown.PRECEDENCES) != draft.precedence:
            raise Unfit(
                _("The precedence chosen is not the draft's, which is %(precedence)s; nothing was released.")
                % {"precedence": _(draft.precedence)},
                _(
                    "Read the draft again. To change its precedence, its drafter edits it; that voids this offer."
                ),
            )
        if draft.offer and typed.optional("offer") != draft.offer:
            raise Unfit(
                _("This draft was changed since you read it; nothing was released."),
                _("Read it again as it stands now."),
            )
        message = self._desk.release(draft.ref, *signed(session), offer=typed.optional("offer"))
        return shown.message_url(message.ref) + "?done=released"

    def _withdraw(self, typed: Typed, session: Session) -> Done:
        message = self.message_of(typed.needed("about", _("The message")))
        self._desk.withdraw(message.ref, *signed(session))
        return "/?done=withdrawn"

    def _acknowledge(self, typed: Typed, session: Session) -> Done:
        message = self.message_of(typed.needed("about", _("The message")))
        grade = typed.one_of("grade", _("The grade"), tuple(g.name for g in Grade))
        read_back = typed.optional("read_back")
        if grade == Grade.READ_BACK.name and not read_back:
            raise Unfit(
                _("A read-back needs its text; nothing was acknowledged."),
                _("Type the key fields of the message as you read them."),
            )
        self._desk.acknowledge(message.ref, grade, *signed(session), read_back or None)
        return shown.message_url(message.ref) + "?done=acknowledged"

    def _cancel(self, typed: Typed, session: Session) -> Done:
        message = self.message_of(typed.needed("about", _("The message")))
        by, key = signed(session)
        self._desk.cancel(message.ref, by, key, typed.needed("reason", _("The reason")))
        return shown.message_url(message.ref) + "?done=cancelled"

    # --- contacts and the watch

    def _call(self, typed: Typed, session: Session) -> Done:
        line = self.line_of(typed.needed("line", _("The line")))
        self._desk.call(line.id, session.name)
        return shown.call_url(line) + "?done=called"

    def _answer(self, typed: Typed, session: Session) -> Done:
        line = self.line_of(typed.needed("line", _("The line")))
        self._desk.answer(line.id, session.name)
        return shown.call_url(line) + "?done=answered"

    def _take_watch(self, typed: Typed, session: Session) -> Done:
        self._desk.take_watch(session.name)
        return "/?done=watch-taken"

    def _hand_over(self, typed: Typed, session: Session) -> Done:
        self._desk.hand_over(session.name, note=typed.optional("note"))
        return "/watch?done=watch-left"

    # --- the life of a line

    def _sever(self, typed: Typed, session: Session) -> Done:
        line = self.line_of(typed.needed("line", _("The line")))
        grounds = typed.needed("grounds", _("The grounds"))
        typed.retyped("retyped", _("The line's name"), line.name)
        self._desk.sever(line.id, grounds, *signed(session), typed.optional("language") or None)
        return shown.line_url(line) + "?done=severed"

    def _sever_all(self, typed: Typed, session: Session) -> Done:
        grounds = typed.needed("grounds", _("The grounds"))
        typed.retyped("retyped", _("The confirmation"), ALL_LINES)
        self._desk.sever(None, grounds, *signed(session), pair=typed.optional("pair") or None)
        return "/?done=severed-all"

    def _offer(self, typed: Typed, session: Session) -> Done:
        line = self.line_of(typed.needed("line", _("The line")))
        accord = self._desk.accord(line.id)
        opens_at = instant(typed.needed("opens_at", _("The hour of opening")), _("The hour of opening"))
        contact = typed.optional("opening_contact")
        self._desk.offer_restore(
            line.id,
            opens_at,
            *signed(session),
            opening_contact=instant(contact, _("The opening contact")) if contact else None,
            reserved=typed.optional("reserved"),
        )
        done = "offered" if accord.quorum_restore > 1 else "offered-whole"
        return shown.restore_url(line) + f"?done={done}"

    def _agree(self, typed: Typed, session: Session) -> Done:
        terms = self._desk.agree(typed.needed("about", _("The terms")), *signed(session))
        return self._terms_page(terms.line) + "?done=agreed"

    _agree_accord = _agree

    def _withdraw_terms(self, typed: Typed, session: Session) -> Done:
        terms = self._desk.withdraw_terms(typed.needed("about", _("The terms")), *signed(session))
        return self._terms_page(terms.line) + "?done=terms-withdrawn"

    def _terms_page(self, line: str) -> str:
        try:
            return shown.restore_url(self.line_of(line))
        except Refused:  # an accord of a line that is not yet
            return "/"

    # --- what an act is about

    def line_of(self, name: str) -> LineView:
        """The line of that name, or of that id where a name cannot stand in an address. Raises Refused."""
        return line_among(self._desk.lines(), name)

    def message_of(self, ref: str) -> MessageView:
        """The message of that ref; what cannot be one is not asked for."""
        if not shown.REF.fullmatch(ref):
            raise Refused(404, _("That names no message."), _("Go back to the board."))
        try:
            return self._desk.message(ref)
        except ParleyError as error:
            raise Refused(404, error.text, error.hint or _("Go back to the board.")) from None

    def _draft_of(self, typed: Typed) -> str:
        ref = typed.needed("about", _("The draft"))
        if not shown.DRAFT_REF.fullmatch(ref):
            raise Refused(404, _("That names no draft."), _("Go back to the board."))
        return ref


def line_among(lines: tuple[LineView, ...], name: str) -> LineView:
    """Of `lines` the one of that id, else of that name. Raises Refused."""
    for line in (*(x for x in lines if x.id == name), *(x for x in lines if x.name == name)):
        return line
    raise Refused(404, _("There is no line of that name."), _("Go back to the board."))


def _draft_fields(typed: Typed) -> dict[str, str]:
    return {name: typed.fields[name] for name in drafts.FIELDS if name in typed.fields}
