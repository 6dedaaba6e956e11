"""The web console of an end: an ASGI app that is handed a desk, one page to start from.

Every act is a form of its own that asks who does it; there is no session and no cookie. The desk is
called directly, on the loop's own thread: an end has one writer, and a thread pool would be a second.
An act that cannot be done brings its form back as it was typed, all but the passphrase, with one
sentence of what is true and what to do; an act that was done leads on with a short notice.

`guard` holds the door, `forms` reads what was typed, `shown` says how values look, `state` is the
machine-readable page. Visual language: templates/ and static/console.css.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from parley.console import forms, shown, words
from parley.console.forms import Typed, Unfit
from parley.console.guard import Guard, Refused
from parley.console.state import state
from parley.console.words import _
from parley.core.errors import ParleyError
from parley.core.types import Grade, Seconds
from parley.desk import Desk
from parley.desk.views import LineView, MessageView, StatusView, TermsView

ENTRIES_MOST: Final = 200
FAULTS_MOST: Final = 50
MESSAGES_MOST: Final = 50  # in one list; what lies beyond is counted
TERMS_MOST: Final = 10
ALL_LINES: Final = "ALL LINES"
_REF: Final = re.compile(r"draft:[0-9]{1,15}|.{1,128}:(ours|theirs):[0-9]{1,5}/[0-9]{1,10}", re.DOTALL)
_STATIC: Final = {"console.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"}
_STATIC_KEPT: Final = "public, max-age=86400"


def app(desk: Desk, *, allowed_hosts: tuple[str, ...], title: str = "Parley") -> ASGIApp:
    """The console of the end behind `desk`.

    `allowed_hosts`: the names it answers to, each `name` (any port) or `name:port`. `title`: shown in
    the footer and the window's title.
    """
    return Console(desk, title).guarded(allowed_hosts)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the bar says besides the status."""

    counterparts: tuple[str, ...]
    needs_us: tuple[MessageView, ...]
    terms_need_us: tuple[TermsView, ...]
    needs: int
    first_due: Seconds | None
    next_contact: Seconds | None
    next_line: LineView | None
    open_lines: tuple[LineView, ...]  # with a contact slot open now
    last_contacts: tuple[LineView, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an act was not done, for the head of the page."""

    text: str
    hint: str


class Console:
    """The pages, and the acts behind their forms."""

    def __init__(self, desk: Desk, title: str) -> None:
        self._desk = desk
        self._title = title
        folder = files("parley.console") / "static"
        self._static = {name: (folder / name).read_bytes() for name in _STATIC}
        self._templates = _environment(hashlib.sha256(b"".join(self._static.values())).hexdigest()[:12])
        self._acts: Mapping[str, Callable[[Typed], str]] = {
            "compose": self._compose,
            "release": self._release,
            "withdraw": self._withdraw,
            "acknowledge": self._acknowledge,
            "cancel": self._cancel,
            "call": self._call,
            "answer": self._answer,
            "sever": self._sever,
            "sever-all": self._sever_all,
            "offer": self._offer,
            "agree": self._agree,
            "withdraw-terms": self._withdraw_terms,
            "take-watch": self._take_watch,
            "hand-over": self._hand_over,
        }

    def guarded(self, allowed_hosts: tuple[str, ...]) -> ASGIApp:
        pages = Starlette(
            routes=[
                Route("/", self._board),
                Route("/message/{ref:path}", self._message),
                Route("/line/{name:path}", self._line),
                Route("/state.json", self._state),
                Route("/static/{name}", self._file),
                Route("/act/{act}", self._act, methods=["POST"]),
            ],
            exception_handlers={
                HTTPException: self._no_page,
                Refused: self._refused,
                ParleyError: self._desk_refused,
                Exception: self._failed,
            },
        )
        pages.router.redirect_slashes = False
        return Guard(pages, allowed_hosts, self._refusal)

    # --- pages ----------------------------------------------------------------------------------------------

    async def _board(self, request: Request) -> Response:
        return self._show_board(
            Typed(), done=request.query_params.get("done", ""), query=request.query_params
        )

    async def _message(self, request: Request) -> Response:
        return self._show_message(
            request.path_params["ref"], Typed(), done=request.query_params.get("done", "")
        )

    async def _line(self, request: Request) -> Response:
        return self._show_line(
            request.path_params["name"], Typed(), done=request.query_params.get("done", "")
        )

    async def _state(self, request: Request) -> Response:
        return JSONResponse(state(self._desk.status()))

    async def _file(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self._static:
            raise HTTPException(404)
        return Response(self._static[name], media_type=_STATIC[name], headers={"cache-control": _STATIC_KEPT})

    def _show_board(
        self,
        typed: Typed,
        problem: Problem | None = None,
        *,
        done: str = "",
        query: Mapping[str, str] | None = None,
        status_code: int = 200,
    ) -> Response:
        speaking = tuple(line for line in self._desk.lines() if not line.is_order_wire)
        return self._page(
            "board.html",
            status_code,
            problem=problem,
            speaking=speaking,
            languages=tuple(dict.fromkeys(tag for line in speaking for tag in line.languages)),
            done=done,
            typed=typed,
            drafts=self._desk.drafts(),
            waiting_on_them=self._desk.waiting_on_them(),
            terms_wait=tuple(t for t in self._desk.terms() if t.state != "settled" and not _needs_us(t)),
            messages=self._desk.messages(most=MESSAGES_MOST),
            answering=(query or {}).get("answers", ""),
            chosen_line=(query or {}).get("line", ""),
        )

    def _show_message(
        self,
        ref: str,
        typed: Typed,
        problem: Problem | None = None,
        *,
        done: str = "",
        status_code: int = 200,
    ) -> Response:
        message = self._message_of(ref)
        return self._page(
            "message.html",
            status_code,
            problem=problem,
            done=done,
            typed=typed,
            message=message,
            line=self._line_of(message.line),
            climb=shown.climb(message),
        )

    def _show_line(
        self,
        name: str,
        typed: Typed,
        problem: Problem | None = None,
        *,
        done: str = "",
        status_code: int = 200,
    ) -> Response:
        line = self._line_of(name)
        return self._page(
            "line.html",
            status_code,
            problem=problem,
            done=done,
            typed=typed,
            line=line,
            terms=self._desk.terms(line.id),
            messages=self._desk.messages(line.id, MESSAGES_MOST),
            faults=self._desk.faults(line.id, FAULTS_MOST),
            faults_most=FAULTS_MOST,
            entries=self._desk.entries(line.id, ENTRIES_MOST),
            entries_most=ENTRIES_MOST,
        )

    def _page(self, template: str, status_code: int, *, done: str, **values: object) -> Response:
        status = self._desk.status()
        values |= {
            "title": self._title,
            "status": status,
            "now": status.now,
            "facts": self._facts(status),
            "notice": _notices().get(done, ""),
        }
        return HTMLResponse(self._templates.get_template(template).render(values), status_code)

    def _facts(self, status: StatusView) -> Facts:
        needs = self._desk.needs_us()
        terms = tuple(t for t in self._desk.terms() if _needs_us(t))
        ringing = sum(line.ringing for line in status.lines)
        upcoming = [(line.next_contact, line) for line in status.lines if line.next_contact is not None]
        at, line = min(upcoming, key=lambda pair: pair[0], default=(None, None))
        return Facts(
            tuple(name for name, _fingerprint in status.pairs),
            needs,
            terms,
            len(needs) + ringing + len(terms),
            min((m.deadline for m in needs if m.deadline is not None), default=None),
            at,
            line,
            tuple(line for line in status.lines if line.open_slot is not None),
            tuple(line for line in status.lines if line.last_contact),
        )

    # --- what is not a page ---------------------------------------------------------------------------------

    def _refusal(self, refused: Refused) -> Response:
        page = self._templates.get_template("sentence.html")
        values = {"title": self._title, "text": refused.text, "hint": refused.hint, "code": refused.status}
        return HTMLResponse(page.render(values), refused.status)

    async def _refused(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        return self._refusal(error)

    async def _no_page(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == 405:
            return self._refusal(
                Refused(405, _("This address does not take that."), _("Go back to the board."))
            )
        return self._refusal(
            Refused(error.status_code, _("There is no such page."), _("Go back to the board."))
        )

    async def _desk_refused(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, ParleyError)
        return self._refusal(Refused(404, error.text, error.hint))

    async def _failed(self, request: Request, error: Exception) -> Response:
        return self._refusal(
            Refused(
                500,
                _("The console failed at this page. What was entered in the record stays as it is."),
                _("Look at the board and the record first; do the act again only if it is not there."),
            )
        )

    # --- acts -----------------------------------------------------------------------------------------------

    async def _act(self, request: Request) -> Response:
        act = request.path_params["act"]
        if act not in self._acts:
            raise HTTPException(404)
        fields = forms.read(await request.body())
        typed = Typed(act, fields.get("about", ""), fields)
        try:
            return RedirectResponse(self._acts[act](typed), 303)
        except (Unfit, Refused, ParleyError) as error:
            return self._again(typed, Problem(error.text, error.hint))

    def _again(self, typed: Typed, problem: Problem) -> Response:
        """The page the form stood on, filled in again; the board if that page is gone."""
        page = typed.optional("page")
        try:
            if page == "message":
                return self._show_message(typed.subject, typed, problem, status_code=422)
            if page == "line":
                return self._show_line(typed.optional("line"), typed, problem, status_code=422)
        except (Refused, ParleyError):
            pass
        return self._show_board(typed, problem, status_code=422, query=typed.fields)

    def _compose(self, typed: Typed) -> str:
        line = self._line_of(typed.needed("line", _("The line")))
        precedence = typed.one_of("precedence", _("The precedence"), shown.PRECEDENCES)
        reason = typed.optional("reason")
        if precedence == "FLASH" and not reason:
            raise Unfit(
                _("A FLASH needs its reason; the draft was not saved."),
                _("FLASH is for what cannot wait ten minutes. Say in one sentence why, or choose less."),
            )
        reply_by, stale_after = typed.optional("reply_by"), typed.optional("stale_after")
        draft = self._desk.compose(
            line.id,
            typed.needed("text", _("The text")),
            typed.needed("by", _("The log-in name")),
            precedence=precedence,
            language=typed.optional("language") or None,
            subject=typed.optional("title"),
            in_whose_name=typed.optional("in_whose_name"),
            form_of_address=typed.optional("form_of_address"),
            answers=typed.optional("answers"),
            reply_by=forms.instant(reply_by, _("Reply by")) if reply_by else None,
            stale_after=forms.instant(stale_after, _("Of no use after")) if stale_after else None,
            reason=reason,
        )
        return shown.message_url(draft.ref) + "?done=composed"

    def _release(self, typed: Typed) -> str:
        draft = self._message_of(typed.needed("about", _("The draft")))
        line = self._line_of(draft.line)
        typed.retyped("counterpart", _("The counterpart's name"), line.pair)
        if typed.one_of("precedence", _("The precedence"), shown.PRECEDENCES) != draft.precedence:
            raise Unfit(
                _("The precedence chosen is not the draft's, which is %(precedence)s; nothing was released.")
                % {"precedence": draft.precedence},
                _("Read the draft again. To change its precedence, withdraw it and draft it anew."),
            )
        message = self._desk.release(draft.ref, *self._signed(typed))
        return shown.message_url(message.ref) + "?done=released"

    def _withdraw(self, typed: Typed) -> str:
        message = self._message_of(typed.needed("about", _("The message")))
        self._desk.withdraw(message.ref, *self._signed(typed))
        return "/?done=withdrawn"

    def _acknowledge(self, typed: Typed) -> str:
        message = self._message_of(typed.needed("about", _("The message")))
        grade = typed.one_of("grade", _("The grade"), tuple(g.name for g in Grade))
        read_back = typed.optional("read_back")
        if grade == Grade.READ_BACK.name and not read_back:
            raise Unfit(
                _("A read-back needs its text; nothing was acknowledged."),
                _("Type the key fields of the message as you read them."),
            )
        self._desk.acknowledge(message.ref, grade, *self._signed(typed), read_back or None)
        return shown.message_url(message.ref) + "?done=acknowledged"

    def _cancel(self, typed: Typed) -> str:
        message = self._message_of(typed.needed("about", _("The message")))
        by, passphrase = self._signed(typed)
        self._desk.cancel(message.ref, by, passphrase, typed.needed("reason", _("The reason")))
        return shown.message_url(message.ref) + "?done=cancelled"

    def _call(self, typed: Typed) -> str:
        line = self._line_of(typed.needed("line", _("The line")))
        self._desk.call(line.id, typed.needed("by", _("The log-in name")))
        return self._back(typed, line, "called")

    def _answer(self, typed: Typed) -> str:
        line = self._line_of(typed.needed("line", _("The line")))
        self._desk.answer(line.id, typed.needed("by", _("The log-in name")))
        return self._back(typed, line, "answered")

    def _sever(self, typed: Typed) -> str:
        line = self._line_of(typed.needed("line", _("The line")))
        grounds = typed.needed("grounds", _("The grounds"))
        typed.retyped("retyped", _("The line's name"), line.name)
        self._desk.sever(line.id, grounds, *self._signed(typed), typed.optional("language") or None)
        return self._back(typed, line, "severed")

    def _sever_all(self, typed: Typed) -> str:
        grounds = typed.needed("grounds", _("The grounds"))
        typed.retyped("retyped", _("The confirmation"), ALL_LINES)
        self._desk.sever(None, grounds, *self._signed(typed), pair=typed.optional("pair") or None)
        return "/?done=severed-all"

    def _offer(self, typed: Typed) -> str:
        line = self._line_of(typed.needed("line", _("The line")))
        opens_at = typed.instant("opens_at", _("The hour of opening"))
        contact = typed.optional("opening_contact")
        self._desk.offer_restore(
            line.id,
            opens_at,
            *self._signed(typed),
            opening_contact=forms.instant(contact, _("The opening contact")) if contact else None,
            reserved=typed.optional("reserved"),
        )
        return self._back(typed, line, "offered")

    def _agree(self, typed: Typed) -> str:
        self._desk.agree(typed.needed("about", _("The terms")), *self._signed(typed))
        return "/?done=agreed"

    def _withdraw_terms(self, typed: Typed) -> str:
        self._desk.withdraw_terms(typed.needed("about", _("The terms")), *self._signed(typed))
        return "/?done=terms-withdrawn"

    def _take_watch(self, typed: Typed) -> str:
        self._desk.take_watch(typed.needed("by", _("The log-in name")))
        return "/?done=watch-taken"

    def _hand_over(self, typed: Typed) -> str:
        self._desk.hand_over()
        return "/?done=watch-left"

    # --- of the acts ----------------------------------------------------------------------------------------

    def _signed(self, typed: Typed) -> tuple[str, str]:
        """Who does it: log-in name and passphrase, for this one act."""
        return typed.needed("by", _("The log-in name")), typed.needed("passphrase", _("The passphrase"))

    def _back(self, typed: Typed, line: LineView, done: str) -> str:
        return (shown.line_url(line) if typed.optional("page") == "line" else "/") + f"?done={done}"

    def _line_of(self, name: str) -> LineView:
        """The line of that name, or of that id where a name cannot stand in an address."""
        lines = self._desk.lines()
        for line in (*(x for x in lines if x.id == name), *(x for x in lines if x.name == name)):
            return line
        raise Refused(404, _("There is no line of that name."), _("Go back to the board."))

    def _message_of(self, ref: str) -> MessageView:
        """The message of that ref; what cannot be one is not asked for."""
        if not _REF.fullmatch(ref):
            raise Refused(404, _("That names no message."), _("Go back to the board."))
        try:
            return self._desk.message(ref)
        except ParleyError as error:
            raise Refused(404, error.text, error.hint or _("Go back to the board.")) from None


def _needs_us(terms: TermsView) -> bool:
    """Whether terms on the table wait for officers of ours."""
    return terms.state == "offered" and len(terms.ours) < terms.needed


def _notices() -> dict[str, str]:
    """What a page says after an act, by the word in its address; never text from the address itself."""
    return {
        "composed": _("The draft is saved and waits for release by a second person."),
        "released": _(
            "Released. It is at their end only when their node has signed for it; the ladder says so."
        ),
        "withdrawn": _("Withdrawn. Nothing of it was sent."),
        "acknowledged": _("Acknowledged."),
        "cancelled": _("Cancelled. The message stays on both records, with its cancellation."),
        "called": _("Called. The line rings at their end if a way carries."),
        "answered": _("Answered."),
        "severed": _("The line is severed by us. Opening it again needs both parties."),
        "severed-all": _("All lines are severed by us. Opening them again needs both parties."),
        "offered": _("The terms are offered. The line opens only when both parties agree to the same terms."),
        "agreed": _("Agreed. The terms bind when both parties' officers stand behind them."),
        "terms-withdrawn": _("We no longer stand behind these terms."),
        "watch-taken": _("You have the watch."),
        "watch-left": _("Nobody has the watch here; their end is told so."),
    }


def _environment(static_version: str) -> Environment:
    environment = Environment(
        loader=PackageLoader("parley.console", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(words.catalogue, newstyle=True)  # type: ignore[attr-defined]
    environment.globals |= {
        "static_version": static_version,
        "clock": shown.clock,
        "weekday": shown.weekday,
        "day": forms.day,
        "group": forms.group,
        "when": shown.when,
        "age": shown.age,
        "plain": shown.plain,
        "language": shown.language,
        "line_url": shown.line_url,
        "message_url": shown.message_url,
        "troubles": shown.troubles,
        "state_word": shown.state_word,
        "needs_us": _needs_us,
        "LETTERS": shown.LETTERS,
        "PRECEDENCES": shown.PRECEDENCES,
        "GRADES": tuple(g.name for g in Grade),
        "ALL_LINES": ALL_LINES,
        "MESSAGES_MOST": MESSAGES_MOST,
        "TERMS_MOST": TERMS_MOST,
    }
    return environment
