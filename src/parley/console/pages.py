"""The pages: what each shows, gathered from the desk and put into its template.

Every page is handed who visits (`Visit`) and gives the whole document; the bar and the alarms above it are the same
on all. A page that shows a message notes that this officer read it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.ext import Extension
from starlette.requests import Request

from parley.console import shown, words
from parley.console.acts import ALL_LINES, Acts, line_among
from parley.console.demo import Demo
from parley.console.forms import Typed
from parley.console.guard import Refused
from parley.console.instruments import INSTRUMENTS
from parley.console.leaf import Asked, Leaf
from parley.console.sessions import Session
from parley.console.words import _
from parley.core.errors import ParleyError
from parley.core.types import Grade, Seconds
from parley.desk import Desk
from parley.desk.passages import LetterView
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
class Outcome:
    """What became of the act before this page. `done`: the word in its address after one that was done. `typed`,
    `problem`: the form that came back from one that was not, and why."""

    done: str = ""
    typed: Typed = field(default_factory=Typed)
    problem: Problem | None = None


NOTHING: Final = Outcome()


@dataclass(frozen=True, slots=True)
class Facts:
    """What the bar says besides the status."""

    counterparts: tuple[str, ...]
    civil: tuple[tuple[str, int], ...]  # each party's civil clock: name, minutes east of UTC
    needs_us: tuple[MessageView, ...]
    terms_need_us: tuple[TermsView, ...]
    letters_need_us: tuple[LetterView, ...]
    needs: int
    first_due: Seconds | None
    next_contact: Seconds | None
    next_line: LineView | None
    open_lines: tuple[LineView, ...]  # with a contact slot open now
    last_contact: LineView | None  # the line whose last contact is the latest
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

    def board(self, visit: Visit, request: Request) -> str:
        return self._board(visit, _done(request))

    def _board(self, visit: Visit, outcome: Outcome) -> str:
        drafts = self._desk.drafts()
        return self._page(
            "board.html",
            visit,
            outcome,
            drafts=drafts,
            drafting=self._desk.drafting(),
            papers=self._desk.letters.papers(),
            waiting_on_them=self._desk.waiting_on_them(),
            messages=self._desk.messages(most=LATEST_MOST),
        )

    def watch(self, visit: Visit, request: Request) -> str:
        return self._watch(visit, _done(request))

    def _watch(self, visit: Visit, outcome: Outcome) -> str:
        return self._page("watch.html", visit, outcome, journal=self._desk.journal(JOURNAL_MOST))

    def draft(self, visit: Visit, request: Request) -> str:
        return self._draft(visit, request.path_params["number"], _done(request))

    def _draft(self, visit: Visit, number: int, outcome: Outcome) -> str:
        draft, status = self._desk.draft(f"draft:{number}"), self._desk.status()
        line = line_among(status.lines, draft.line_id)
        return self._page(
            "draft.html",
            visit,
            outcome,
            status,
            draft=draft,
            line=line,
            accord=self._desk.accord(line.id),
            ours=visit.session is not None and draft.by == visit.session.name,
        )

    def check(self, visit: Visit, request: Request) -> str:
        """The draft as they will read it; if it cannot be sent as it is, its page again with the reason."""
        number = request.path_params["number"]
        try:
            message = self._desk.check_draft(f"draft:{number}")
        except ParleyError as error:
            problem = Problem(words.say(error.text), words.say(error.hint))
            return self._draft(visit, number, Outcome(problem=problem))
        status = self._desk.status()
        return self._page(
            "check.html",
            visit,
            _done(request),
            status,
            draft=self._desk.draft(f"draft:{number}"),
            message=message,
            line=line_among(status.lines, message.line),
        )

    def message(self, visit: Visit, request: Request) -> str:
        return self._message(visit, request.path_params["ref"], _done(request))

    def _message(self, visit: Visit, ref: str, outcome: Outcome) -> str:
        message = self._find.message_of(ref)
        if visit.session is not None:
            self._desk.note_read(message.ref, visit.session.name)
        status = self._desk.status()
        line = line_among(status.lines, message.line)
        return self._page(
            "message.html",
            visit,
            outcome,
            status,
            message=message,
            about_ref=message.ref,
            line=line,
            accord=self._desk.accord(line.id),
            climb=shown.climb(message),
            readers=self._desk.readers(message.ref),
        )

    def line(self, visit: Visit, request: Request) -> str:
        status = self._desk.status()
        line = line_among(status.lines, request.path_params["name"])
        return self._page(
            "line.html",
            visit,
            _done(request),
            status,
            line=line,
            accord=self._desk.accord(line.id),
            four=self._desk.four(line.id),
            terms=self._desk.terms(line.id),
            messages=self._desk.messages(line.id, MESSAGES_MOST),
            faults=self._desk.faults(line.id, FAULTS_MOST),
        )

    def record(self, visit: Visit, request: Request) -> str:
        status = self._desk.status()
        line = line_among(status.lines, request.path_params["name"])
        entries = self._desk.entries(line.id, ENTRIES_MOST)
        return self._page("record.html", visit, _done(request), status, line=line, entries=entries)

    def call(self, visit: Visit, request: Request) -> str:
        return self._of_line("call.html", visit, request.path_params["name"], _done(request))

    def restore(self, visit: Visit, request: Request) -> str:
        return self._of_line("restore.html", visit, request.path_params["name"], _done(request))

    def sever(self, visit: Visit, request: Request) -> str:
        return self._of_line("sever.html", visit, request.path_params["name"], _done(request))

    def sever_all(self, visit: Visit, request: Request) -> str:
        return self._page("sever-all.html", visit, _done(request))

    def _of_line(self, template: str, visit: Visit, name: str, outcome: Outcome) -> str:
        status = self._desk.status()
        line = line_among(status.lines, name)
        return self._page(
            template,
            visit,
            outcome,
            status,
            line=line,
            accord=self._desk.accord(line.id),
            four=self._desk.four(line.id),
            contact=self._desk.contact_now(line.id),
            guided=self._desk.contacts.guided(line.id),
            terms=self._desk.terms(line.id),
        )

    def leaf(self, make: Callable[[Desk, Asked], Leaf]) -> Callable[[Visit, Request], str]:
        """A page of an instrument."""

        def show(visit: Visit, request: Request) -> str:
            made = make(self._desk, {**request.query_params, **request.path_params})
            return self._page(made.template, visit, _done(request), None, **made.values)

        return show

    def again(self, visit: Visit, typed: Typed, problem: Problem) -> str:
        """The page the form stood on, filled in again; the board if that page is gone."""
        page, line = typed.optional("page"), typed.optional("line")
        outcome = Outcome(typed=typed, problem=problem)
        try:
            if page == "message":
                at = replace(visit, path=shown.message_url(typed.subject))
                return self._message(at, typed.subject, outcome)
            if page == "draft" and shown.DRAFT_REF.fullmatch(typed.subject):
                at = replace(visit, path=shown.draft_url(typed.subject))
                return self._draft(at, int(typed.subject.removeprefix("draft:")), outcome)
            if page in _OF_A_LINE:
                at = replace(visit, path=_OF_A_LINE[page](self._find.line_of(line)))
                return self._of_line(f"{page}.html", at, line, outcome)
            for instrument in INSTRUMENTS:
                if page in instrument.again:
                    made = instrument.again[page](self._desk, typed)
                    at = replace(visit, path=made.path)
                    return self._page(made.template, at, outcome, None, **made.values)
            if page == "sever-all":
                return self._page("sever-all.html", replace(visit, path="/sever"), outcome)
            if page == "watch":
                return self._watch(replace(visit, path="/watch"), outcome)
        except (Refused, ParleyError):
            pass
        return self._board(replace(visit, path="/"), outcome)

    # --- pages for whoever is not signed in

    def sign_in(self, visit: Visit, outcome: Outcome = NOTHING, *, next_page: str = "") -> str:
        return self._outside(
            "sign-in.html", visit, typed=outcome.typed, problem=outcome.problem, next_page=next_page
        )

    def wall(self, visit: Visit) -> str:
        return self._outside("wall.html", visit)

    def signed_out(self, visit: Visit) -> str:
        """For an act that came after the session had ended."""
        problem = Problem(
            _("Your session has ended, so nothing was done."),
            _("Sign in again. A draft is kept as it was last saved; go back in the browser for a form."),
        )
        return self.sign_in(visit, Outcome(problem=problem))

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
        outcome: Outcome,
        status: StatusView | None = None,
        **values: object,
    ) -> str:
        """The page with its bar; `status`: that of the end, where the page has asked for it already."""
        assert visit.session is not None
        status, terms = status or self._desk.status(), self._desk.terms()
        values = {
            "title": self._title,
            "visit": visit,
            "session": visit.session,
            "language_now": visit.language,
            "powers": self._desk.powers(visit.session.name),
            "typed": outcome.typed,
            "problem": outcome.problem,
            "status": status,
            "now": status.now,
            "demo": self._demo,
            "facts": self._facts(status, terms),
            "about_ref": "",
            "terms_wait": tuple(t for t in terms if t.state != "settled" and not needs_us(t)),
            "bands": BANDS_ON_THE_BOARD if template == "board.html" else 1,
            "notice": notices().get(outcome.done, ""),
            "instruments": tuple(i.link() for i in INSTRUMENTS if i.link is not None),
            "speaking": tuple(line for line in status.lines if not line.is_order_wire),
            **values,
        }
        return self._templates.get_template(template).render(values)

    def _facts(self, status: StatusView, on_the_table: tuple[TermsView, ...]) -> Facts:
        lines = status.lines
        needs = self._desk.needs_us()
        terms = tuple(t for t in on_the_table if needs_us(t))
        letters = self._desk.letters.needs_us()
        due = [*(m.deadline for m in needs), *(v.deadline for v in letters)]
        ringing = sum(line.ringing for line in lines)
        upcoming = [(line.next_contact, line) for line in lines if line.next_contact is not None]
        at, next_line = min(upcoming, key=lambda pair: pair[0], default=(None, None))
        odd = [line for line in lines if shown.abnormal(line)]
        strip = lines if len(lines) <= STRIP_MOST else odd[:STRIP_MOST]
        return Facts(
            tuple(name for name, _fingerprint in status.pairs),
            self._civil(status),
            needs,
            terms,
            letters,
            len(needs) + ringing + len(terms) + len(letters),
            min((at for at in due if at is not None), default=None),
            at,
            next_line,
            tuple(line for line in lines if line.open_slot is not None),
            latest_contact(lines),
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


def _done(request: Request) -> Outcome:
    return Outcome(done=request.query_params.get("done", ""))


def latest_contact(lines: Sequence[LineView]) -> LineView | None:
    """The line whose last contact is the latest; of several at one time the first; None if there was none."""
    met = [(line.last_contact_at, line) for line in lines if line.last_contact_at is not None]
    return max(met, key=lambda pair: pair[0])[1] if met else None


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
        **{word: text for instrument in INSTRUMENTS for word, text in instrument.notices().items()},
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
    for instrument in INSTRUMENTS:
        environment.globals |= instrument.names
    return environment
