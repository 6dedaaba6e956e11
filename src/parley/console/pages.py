"""The pages: what each shows, gathered from the desk and put into its template.

Every page is handed who visits (`Visit`) and gives the whole document; the bar and the alarms above it are the same
on all. A page that shows a message notes that this officer read it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.ext import Extension
from starlette.requests import Request

from parley.console import shown, words
from parley.console.acts import ALL_LINES, Acts
from parley.console.demo import Demo
from parley.console.forms import Typed
from parley.console.guard import Refused
from parley.console.sessions import Session
from parley.console.words import _
from parley.core.errors import ParleyError
from parley.core.types import Grade, Seconds
from parley.desk import Desk
from parley.desk.views import AlarmView, LineView, MessageView, StatusView, TermsView

ENTRIES_MOST: Final = 200
FAULTS_MOST: Final = 50
JOURNAL_MOST: Final = 100
LATEST_MOST: Final = 8  # on the board
MESSAGES_MOST: Final = 50  # in one list; what lies beyond is counted
TERMS_MOST: Final = 10
STRIP_MOST: Final = 12  # lines in the bar; beyond that those in order are counted
BANDS_ON_THE_BOARD: Final = 3  # alarms beside FLASH that each have a band; elsewhere one band for all
PALETTES: Final = ("", "day", "dusk", "night")
_OF_A_LINE: Final = {"call": shown.call_url, "restore": shown.restore_url, "sever": shown.sever_url}


@dataclass(frozen=True, slots=True)
class Visit:
    """Who asks for a page: the session (None: nobody is signed in), language, palette ("": as the machine has it),
    and the address asked for."""

    session: Session | None
    language: str
    palette: str
    path: str = "/"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an act was not done, for the head of the page."""

    text: str
    hint: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What the bar says besides the status."""

    counterparts: tuple[str, ...]
    civil: tuple[tuple[str, int], ...]  # each party's civil clock: name, minutes east of UTC
    needs_us: tuple[MessageView, ...]
    terms_need_us: tuple[TermsView, ...]
    needs: int
    first_due: Seconds | None
    next_contact: Seconds | None
    next_line: LineView | None
    open_lines: tuple[LineView, ...]  # with a contact slot open now
    last_contact: LineView | None
    strip: tuple[LineView, ...]
    in_order: int  # lines that are not in the strip
    differ: tuple[str, ...]  # lines whose records differ
    alarms: tuple[AlarmView, ...]
    flash: tuple[MessageView, ...]  # theirs, not acknowledged


class Pages:
    """The pages of one end."""

    def __init__(self, desk: Desk, title: str, static_version: str, demo: Demo | None) -> None:
        self._desk, self._title, self._demo = desk, title, demo
        self._find = Acts(desk)
        self._templates = _environment(static_version)

    # --- pages

    def board(
        self,
        visit: Visit,
        request: Request | None = None,
        typed: Typed | None = None,
        problem: Problem | None = None,
    ) -> str:
        drafts = self._desk.drafts()
        return self._page(
            "board.html",
            visit,
            request,
            typed,
            problem,
            drafts=drafts,
            drafting=self._desk.drafting(),
            waiting_on_them=self._desk.waiting_on_them(),
            messages=self._desk.messages(most=LATEST_MOST),
        )

    def watch(
        self,
        visit: Visit,
        request: Request | None = None,
        typed: Typed | None = None,
        problem: Problem | None = None,
    ) -> str:
        return self._page(
            "watch.html", visit, request, typed, problem, journal=self._desk.journal(JOURNAL_MOST)
        )

    def draft(self, visit: Visit, request: Request) -> str:
        return self._draft_page(visit, request, request.path_params["number"])

    def _draft_page(
        self,
        visit: Visit,
        request: Request | None,
        number: int,
        typed: Typed | None = None,
        problem: Problem | None = None,
    ) -> str:
        draft = self._desk.draft(f"draft:{number}")
        speaking = tuple(line for line in self._desk.lines() if not line.is_order_wire)
        line = self._find.line_of(draft.line_id)
        return self._page(
            "draft.html",
            visit,
            request,
            typed,
            problem,
            draft=draft,
            line=line,
            accord=self._desk.accord(line.id),
            speaking=speaking,
            ours=visit.session is not None and draft.by == visit.session.name,
        )

    def check(self, visit: Visit, request: Request) -> str:
        """The draft as they will read it; if it cannot be sent as it is, its page again with the reason."""
        number = request.path_params["number"]
        try:
            message = self._desk.check_draft(f"draft:{number}")
        except ParleyError as error:
            problem = Problem(words.say(error.text), words.say(error.hint))
            return self._draft_page(visit, None, number, problem=problem)
        line = self._find.line_of(message.line)
        return self._page(
            "check.html",
            visit,
            request,
            draft=self._desk.draft(f"draft:{number}"),
            message=message,
            line=line,
        )

    def message(self, visit: Visit, request: Request) -> str:
        return self._message_page(visit, request, request.path_params["ref"])

    def _message_page(
        self,
        visit: Visit,
        request: Request | None,
        ref: str,
        typed: Typed | None = None,
        problem: Problem | None = None,
    ) -> str:
        message = self._find.message_of(ref)
        if visit.session is not None:
            self._desk.note_read(message.ref, visit.session.name)
        line = self._find.line_of(message.line)
        return self._page(
            "message.html",
            visit,
            request,
            typed,
            problem,
            message=message,
            about_ref=message.ref,
            line=line,
            accord=self._desk.accord(line.id),
            climb=shown.climb(message),
            readers=self._desk.readers(message.ref),
        )

    def line(self, visit: Visit, request: Request) -> str:
        line = self._find.line_of(request.path_params["name"])
        return self._page(
            "line.html",
            visit,
            request,
            line=line,
            accord=self._desk.accord(line.id),
            four=self._desk.four(line.id),
            terms=self._desk.terms(line.id),
            messages=self._desk.messages(line.id, MESSAGES_MOST),
            faults=self._desk.faults(line.id, FAULTS_MOST),
        )

    def record(self, visit: Visit, request: Request) -> str:
        line = self._find.line_of(request.path_params["name"])
        entries = self._desk.entries(line.id, ENTRIES_MOST)
        return self._page("record.html", visit, request, line=line, entries=entries)

    def call(self, visit: Visit, request: Request) -> str:
        return self._line_page("call.html", visit, request, request.path_params["name"])

    def restore(self, visit: Visit, request: Request) -> str:
        return self._line_page("restore.html", visit, request, request.path_params["name"])

    def sever(self, visit: Visit, request: Request) -> str:
        return self._line_page("sever.html", visit, request, request.path_params["name"])

    def sever_all(self, visit: Visit, request: Request) -> str:
        return self._page("sever-all.html", visit, request)

    def _line_page(
        self,
        template: str,
        visit: Visit,
        request: Request | None,
        name: str,
        typed: Typed | None = None,
        problem: Problem | None = None,
    ) -> str:
        line = self._find.line_of(name)
        return self._page(
            template,
            visit,
            request,
            typed,
            problem,
            line=line,
            accord=self._desk.accord(line.id),
            four=self._desk.four(line.id),
            contact=self._desk.contact_now(line.id),
            terms=self._desk.terms(line.id),
        )

    def again(self, visit: Visit, typed: Typed, problem: Problem) -> str:
        """The page the form stood on, filled in again; the board if that page is gone."""
        page, line = typed.optional("page"), typed.optional("line")
        try:
            if page == "message":
                at = replace(visit, path=shown.message_url(typed.subject))
                return self._message_page(at, None, typed.subject, typed, problem)
            if page == "draft" and shown.DRAFT_REF.fullmatch(typed.subject):
                at = replace(visit, path=shown.draft_url(typed.subject))
                return self._draft_page(at, None, int(typed.subject.removeprefix("draft:")), typed, problem)
            if page in _OF_A_LINE:
                at = replace(visit, path=_OF_A_LINE[page](self._find.line_of(line)))
                return self._line_page(f"{page}.html", at, None, line, typed, problem)
            if page == "sever-all":
                return self._page("sever-all.html", replace(visit, path="/sever"), None, typed, problem)
            if page == "watch":
                return self.watch(replace(visit, path="/watch"), None, typed, problem)
        except (Refused, ParleyError):
            pass
        return self.board(replace(visit, path="/"), None, typed, problem)

    # --- pages for whoever is not signed in

    def sign_in(
        self, visit: Visit, typed: Typed | None = None, problem: Problem | None = None, *, next_page: str = ""
    ) -> str:
        return self._outside(
            "sign-in.html", visit, typed=typed or Typed(), problem=problem, next_page=next_page
        )

    def wall(self, visit: Visit) -> str:
        return self._outside("wall.html", visit)

    def signed_out(self, visit: Visit) -> str:
        """For an act that came after the session had ended."""
        return self._outside(
            "sign-in.html",
            visit,
            typed=Typed(),
            problem=Problem(
                _("Your session has ended, so nothing was done."),
                _("Sign in again. A draft is kept as it was last saved; go back in the browser for a form."),
            ),
            next_page="",
        )

    def sentence(self, visit: Visit, code: int, text: str, hint: str) -> str:
        """A refusal: what is true, and what to do."""
        return self._outside("sentence.html", visit, text=text, hint=hint, code=code)

    def _outside(self, template: str, visit: Visit, **values: object) -> str:
        alarms, warnings = self._desk.wall()
        values |= {
            "title": self._title,
            "visit": visit,
            "language_now": visit.language,
            "now": self._desk.time(),
            "demo": self._demo,
            "alarms_count": alarms,
            "warnings_count": warnings,
            "party": self._desk.party(),
        }
        return self._templates.get_template(template).render(values)

    # --- what all pages have

    def _page(
        self,
        template: str,
        visit: Visit,
        request: Request | None,
        typed: Typed | None = None,
        problem: Problem | None = None,
        **values: object,
    ) -> str:
        assert visit.session is not None
        status, terms = self._desk.status(), self._desk.terms()
        query = request.query_params if request is not None else {}
        values = {
            "title": self._title,
            "visit": visit,
            "session": visit.session,
            "language_now": visit.language,
            "powers": self._desk.powers(visit.session.name),
            "typed": typed or Typed(),
            "problem": problem,
            "status": status,
            "now": status.now,
            "demo": self._demo,
            "facts": self._facts(status, terms),
            "about_ref": "",
            "terms_wait": tuple(t for t in terms if t.state != "settled" and not needs_us(t)),
            "bands": BANDS_ON_THE_BOARD if template == "board.html" else 1,
            "notice": notices().get(query.get("done", ""), ""),
            "speaking": tuple(line for line in status.lines if not line.is_order_wire),
            **values,
        }
        return self._templates.get_template(template).render(values)

    def _facts(self, status: StatusView, on_the_table: tuple[TermsView, ...]) -> Facts:
        lines = status.lines
        needs = self._desk.needs_us()
        terms = tuple(t for t in on_the_table if needs_us(t))
        ringing = sum(line.ringing for line in lines)
        upcoming = [(line.next_contact, line) for line in lines if line.next_contact is not None]
        at, next_line = min(upcoming, key=lambda pair: pair[0], default=(None, None))
        odd = [line for line in lines if shown.abnormal(line)]
        strip = lines if len(lines) <= STRIP_MOST else odd[:STRIP_MOST]
        met = [line for line in lines if line.last_contact]
        return Facts(
            tuple(name for name, _fingerprint in status.pairs),
            self._civil(status),
            needs,
            terms,
            len(needs) + ringing + len(terms),
            min((m.deadline for m in needs if m.deadline is not None), default=None),
            at,
            next_line,
            tuple(line for line in lines if line.open_slot is not None),
            met[0] if met else None,
            tuple(sorted(strip, key=lambda line: line.is_order_wire)),
            len(lines) - len(strip),
            tuple(line.name for line in lines if line.agree == "difference"),
            self._desk.alarms(),
            tuple(m for m in needs if m.precedence == "FLASH"),
        )

    def _civil(self, status: StatusView) -> tuple[tuple[str, int], ...]:
        """The civil clocks of both parties, by the accord of the first line that has one."""
        for line in status.lines:
            if not line.is_order_wire:
                ours, theirs = self._desk.accord(line.id).civil_clocks
                return ((status.party, ours), (line.pair, theirs))
        return ()


def needs_us(terms: TermsView) -> bool:
    """Whether terms on the table wait for officers of ours."""
    return terms.state == "offered" and len(terms.ours) < terms.needed


def notices() -> Mapping[str, str]:
    """What a page says after an act, by the word in its address; never text from the address itself."""
    return {
        "composed": _("Offered for release. It waits for a second person."),
        "discarded": _("The draft is discarded. Nothing of it was sent."),
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
        "offered": _(
            "The terms are offered. A second officer of ours and theirs must agree before they bind."
        ),
        "offered-whole": _("The terms are offered. They bind when their officers agree."),
        "agreed": _("Agreed. The terms bind when both parties' officers stand behind them."),
        "terms-withdrawn": _("You no longer stand behind these terms."),
        "watch-taken": _("You have the watch."),
        "watch-left": _("Nobody has the watch here; their end is told so."),
    }


class _Lean(Extension):
    """Templates without the blanks their lines begin with, which would be a tenth of every page. Values keep theirs."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return re.sub(r"^[ \t]+", "", source, flags=re.MULTILINE)


def _environment(static_version: str) -> Environment:
    environment = Environment(
        loader=PackageLoader("parley.console", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", _Lean],
        auto_reload=False,
    )
    environment.install_gettext_callables(words._, words.ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.globals |= {
        "static_version": static_version,
        "LANGUAGES": words.LANGUAGES,
        "PALETTES": PALETTES,
        "say": words.say,
        "direction": words.direction,
        "clock": shown.clock,
        "civil": shown.civil,
        "offset": shown.offset,
        "weekday": shown.weekday,
        "day": shown.day,
        "group": shown.group,
        "when": shown.when,
        "since": shown.since,
        "until": shown.until,
        "age": shown.age,
        "plain": shown.plain,
        "bare": shown.bare,
        "odd_letters": shown.odd_letters,
        "language": shown.language,
        "line_url": shown.line_url,
        "record_url": shown.record_url,
        "call_url": shown.call_url,
        "restore_url": shown.restore_url,
        "sever_url": shown.sever_url,
        "message_url": shown.message_url,
        "draft_url": shown.draft_url,
        "troubles": shown.troubles,
        "state_word": shown.state_word,
        "slot_words": shown.slot_words,
        "needs_us": needs_us,
        "LETTERS": shown.LETTERS,
        "PRECEDENCES": shown.PRECEDENCES,
        "GRADES": tuple(g.name for g in Grade),
        "ALL_LINES": ALL_LINES,
        "MESSAGES_MOST": MESSAGES_MOST,
        "TERMS_MOST": TERMS_MOST,
        "ENTRIES_MOST": ENTRIES_MOST,
        "FAULTS_MOST": FAULTS_MOST,
        "JOURNAL_MOST": JOURNAL_MOST,
    }
    return environment
