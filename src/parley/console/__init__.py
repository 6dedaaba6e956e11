"""The web console of an end: an ASGI app that is handed a desk.

Every page is made on the server and works without script for reading and acknowledging; script keeps it true
(`live`), saves a draft at every keystroke and sounds an alarm. Every act is a form, done as the officer who signed
in. The desk is called directly, on the loop's own thread: an end has one writer, and a thread pool would be a
second. Only the stretching of a passphrase runs beside it, because it touches nothing but the officer's file.

`guard` holds the door, `sessions` knows who is signed in, `pages` shows, `acts` does, `forms` reads what was typed,
`shown` says how values look, `words` says it in the officer's language, `live` is the stream, `state` the
machine-readable page. Visual language: templates/ and static/console.css.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import time
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Final
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from parley.console import forms, letter_desk, letters, sessions, words
from parley.console.acts import Acts, NotAllowed
from parley.console.demo import Demo
from parley.console.forms import Typed, Unfit
from parley.console.guard import Guard, Refused
from parley.console.instruments import INSTRUMENTS
from parley.console.live import STREAMS_MAX, WALLS_MAX, Pulse
from parley.console.pages import PALETTES, Outcome, Pages, Problem, Visit
from parley.console.sessions import Locked, Session, Sessions, Throttle
from parley.console.state import state
from parley.console.words import _
from parley.core.errors import ParleyError
from parley.desk import Desk, Unlocked, unlock

LOOK_COOKIE: Final = "parley-look"  # language and palette, for a browser that is not signed in
LOOK_KEPT_S: Final = 365 * 86400
_STATIC: Final = {
    "console.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "live.js": "text/javascript; charset=utf-8",
    "draft.js": "text/javascript; charset=utf-8",
    "keys.js": "text/javascript; charset=utf-8",
    "sound.js": "text/javascript; charset=utf-8",
    "sealed-file.js": "text/javascript; charset=utf-8",
}
_STATIC_KEPT: Final = "public, max-age=86400"
NOBODY: Final = Visit(None, "en", "")  # at the door, before it is known who asks
Handler = Callable[[Request], Awaitable[Response]]


def app(
    desk: Desk, *, allowed_hosts: tuple[str, ...], title: str = "Parley", demo: Demo | None = None
) -> Console:
    """The console of the end behind `desk`, as an ASGI app.

    `allowed_hosts`: the names it answers to, each `name` (any port) or `name:port`. `title`: shown in the footer and
    the window's title. `demo`: what only the demonstration gives.
    """
    return Console(desk, allowed_hosts, title, demo)


class Console:
    """The door, the sessions, and the way from an address to a page or an act."""

    def __init__(self, desk: Desk, allowed_hosts: tuple[str, ...], title: str, demo: Demo | None) -> None:
        self._desk, self._demo = desk, demo
        folder = files("parley.console") / "static"
        self._static = {name: (folder / name).read_bytes() for name in _STATIC}
        version = hashlib.sha256(b"".join(self._static.values())).hexdigest()[:12]
        self._sessions = Sessions(time.monotonic, os.urandom)
        self._throttle = Throttle(time.monotonic)
        self._cookie = sessions.cookie_name(desk.fingerprint())
        self._pulse = Pulse(desk, demo.rate if demo else lambda: 1.0)
        self._pages = Pages(desk, title, version, demo)
        self._acts = Acts(desk)
        self._sweeping: asyncio.TimerHandle | None = None
        self._app = Guard(self._routes(), allowed_hosts, self._refusal)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    def end_streams(self) -> None:
        """Ends what would keep a server from stopping: the streams of open pages."""
        self._pulse.close()

    def _routes(self) -> Starlette:
        pages = self._pages
        reading: dict[str, Callable[[Visit, Request], str]] = {
            "/": pages.board,
            "/watch": pages.watch,
            "/draft/{number:int}": pages.draft,
            "/draft/{number:int}/check": pages.check,
            "/message/{ref:path}": pages.message,
            "/line/{name:path}": pages.line,
            "/record/{name:path}": pages.record,
            "/call/{name:path}": pages.call,
            "/restore/{name:path}": pages.restore,
            "/sever/{name:path}": pages.sever,
            "/sever": pages.sever_all,
        }
        for instrument in INSTRUMENTS:
            reading |= {path: pages.leaf(make) for path, make in instrument.pages.items()}
        reading |= {path: pages.leaf(make) for path, make in letter_desk.ROUTES.items()}
        routes = [Route(path, self._signed_in(page)) for path, page in reading.items()]
        routes += letter_desk.STATIC_ROUTES
        routes += [
            Route("/sign-in", self._sign_in_page),
            Route("/sign-in", self._sign_in, methods=["POST"]),
            Route("/wall", self._wall),
            Route("/wall/events", self._wall_events),
            Route("/events", self._events),
            Route("/state.json", self._state),
            Route("/look", self._look, methods=["POST"]),
            Route("/static/{name}", self._file),
            Route("/letter-file/{ref:path}", self._letter_file),
            Route("/act/{act}", self._act, methods=["POST"]),
        ]
        if self._demo is not None:
            routes.append(Route("/demo/sign-in/{secret}", self._demo_sign_in))
        starlette = Starlette(
            routes=routes,
            exception_handlers={
                HTTPException: self._no_page,
                Refused: self._refused,
                ParleyError: self._desk_refused,
                Exception: self._failed,
            },
        )
        starlette.router.redirect_slashes = False
        return starlette

    # --- who asks -------------------------------------------------------------------------------------------

    def _session(self, request: Request) -> Session | None:
        tokens = sessions.tokens_of(request.headers.get("cookie", ""), self._cookie)
        return next((s for s in map(self._sessions.get, tokens) if s is not None), None)

    def _visit(self, request: Request, session: Session | None) -> Visit:
        """Who asks, in which language and palette; from here on all is said in that language."""
        if session is not None:
            visit = Visit(session, session.language, session.palette, _address(request))
        else:
            language, palette = self._look_of(request)
            visit = Visit(None, language, palette, _address(request))
        words.use(visit.language)
        return visit

    def _look_of(self, request: Request) -> tuple[str, str]:
        """Language and palette of a browser that is not signed in."""
        language, _dot, palette = request.cookies.get(LOOK_COOKIE, "").partition(".")
        if language not in words.LANGUAGES:
            language = words.preferred(request.headers.get("accept-language", ""))
        return language, palette if palette in PALETTES else ""

    def _signed_in(self, page: Callable[[Visit, Request], str]) -> Handler:
        async def show(request: Request) -> Response:
            session = self._session(request)
            visit = self._visit(request, session)
            if session is None:
                return RedirectResponse(_signing_in(_path(request)), 303)
            return HTMLResponse(page(visit, request))

        return show

    # --- signing in and out ---------------------------------------------------------------------------------

    async def _sign_in_page(self, request: Request) -> Response:
        visit = self._visit(request, None)
        return HTMLResponse(self._pages.sign_in(visit, next_page=request.query_params.get("next", "")))

    async def _sign_in(self, request: Request) -> Response:
        visit = self._visit(request, None)
        fields = forms.read(await request.body())
        typed = Typed("sign-in", "", fields)
        name = typed.optional("by")
        try:
            unlocked = await self._unlocked(name, fields.get("passphrase", ""))
        except (Unfit, ParleyError) as error:
            problem = Problem(words.say(error.text), words.say(error.hint))
            outcome = Outcome(typed=typed, problem=problem)
            page = self._pages.sign_in(visit, outcome, next_page=fields.get("next", ""))
            return HTMLResponse(page, 422)
        return self._begin(request, unlocked, visit, fields.get("next", ""))

    async def _unlocked(self, name: str, passphrase: str) -> Unlocked:
        """The officer's key, opened. Raises Unfit or LocalError; a wrong one costs the next a wait."""
        wait = self._throttle.wait_s(name)
        if wait > 0:
            raise Unfit(
                _("Too many wrong passphrases; nothing was tried."),
                _("Try again in %(n)d s. Nobody is locked out for good.") % {"n": int(wait) + 1},
            )
        if not name or not passphrase:
            raise Unfit(_("Log-in name or passphrase is missing."), _("Fill in both."))
        self._throttle.tried(name)
        try:
            unlocked = await asyncio.to_thread(unlock, self._desk.home_path, name, passphrase)
        except ParleyError:
            self._desk.note_refused_sign_in(name)
            raise
        self._throttle.succeeded(name)
        return unlocked

    def _begin(self, request: Request, unlocked: Unlocked, visit: Visit, next_page: str) -> Response:
        """A new session, under a new token whatever the browser brought."""
        old = self._session(request)
        if old is not None:
            self._sessions.close(old)
        session = self._sessions.open(unlocked, visit.language, visit.palette)
        self._sweep()
        self._desk.note_sign_in(unlocked.name)
        answer = RedirectResponse(_local(next_page), 303)
        secure = request.url.scheme == "https"
        answer.headers.append("set-cookie", sessions.cookie(self._cookie, session.token, secure=secure))
        return answer

    def _sweep(self) -> None:
        """Lets go of keys that lie idle, now and when the next one will, though no request comes."""
        self._sessions.sweep()
        following = self._sessions.next_sweep_at()
        if self._sweeping is not None:
            self._sweeping.cancel()
        self._sweeping = None
        if following is not None:
            wait = max(1.0, following - time.monotonic())
            self._sweeping = asyncio.get_running_loop().call_later(wait, self._sweep)

    async def _demo_sign_in(self, request: Request) -> Response:
        """A one-click link of the demonstration's guide page; there is no such address elsewhere."""
        demo = self._demo
        name = demo.links.get(request.path_params["secret"]) if demo else None
        if demo is None or name is None:
            raise HTTPException(404)
        visit = self._visit(request, None)
        return self._begin(request, unlock(self._desk.home_path, name, demo.passphrase), visit, "/")

    def _sign_out(self, session: Session) -> Response:
        self._sessions.close(session)
        self._desk.note_sign_out(session.name)
        answer = RedirectResponse("/sign-in", 303)
        answer.headers.append("set-cookie", sessions.no_cookie(self._cookie))
        return answer

    async def _look(self, request: Request) -> Response:
        """Another language or palette, for this browser and for the session in it."""
        session = self._session(request)
        visit = self._visit(request, session)
        fields = forms.read(await request.body())
        language = fields.get("language", visit.language)
        palette = fields.get("palette", visit.palette)
        language = language if language in words.LANGUAGES else visit.language
        palette = palette if palette in PALETTES else ""
        if session is not None:
            session.language, session.palette = language, palette
        to = _local(fields.get("next", ""))
        answer = RedirectResponse(_signing_in(to) if "sign-in" in fields else to, 303)
        answer.set_cookie(
            LOOK_COOKIE, f"{language}.{palette}", LOOK_KEPT_S, httponly=True, samesite="lax", path="/"
        )
        return answer

    # --- streams, and what is not a page --------------------------------------------------------------------

    async def _events(self, request: Request) -> Response:
        session = self._session(request)

        def still() -> bool:
            return session is not None and self._session(request) is session

        return self._streamed(still)

    async def _wall_events(self, request: Request) -> Response:
        return self._streamed(lambda: True, wall=True)

    def _streamed(self, still_allowed: Callable[[], bool], *, wall: bool = False) -> Response:
        if self._pulse.walls >= WALLS_MAX if wall else self._pulse.open >= STREAMS_MAX:
            raise Refused(503, _("Too many pages of this console are open."), _("Close some of them."))
        counts = self._wall_counts if wall else None
        return StreamingResponse(
            self._pulse.stream(still_allowed, counts),
            media_type="text/event-stream",
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    def _wall_counts(self) -> dict[str, object]:
        alarms, warnings = self._desk.wall()
        return {"alarms": alarms, "warnings": warnings}

    async def _wall(self, request: Request) -> Response:
        return HTMLResponse(self._pages.wall(self._visit(request, None)))

    async def _state(self, request: Request) -> Response:
        if self._session(request) is None:
            return JSONResponse(
                {"error": "nobody is signed in", "hint": "sign in, or use: parley status --json"}, 401
            )
        return JSONResponse(state(self._desk.status()))

    async def _file(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self._static:
            raise HTTPException(404)
        return Response(self._static[name], media_type=_STATIC[name], headers={"cache-control": _STATIC_KEPT})

    async def _letter_file(self, request: Request) -> Response:
        """The sealed file of a letter, for its addressee: bytes that nobody here can read."""
        session = self._session(request)
        self._visit(request, session)
        if session is None:
            return RedirectResponse(_signing_in(_path(request)), 303)
        name, data = letters.sealed_file(self._desk, request.path_params["ref"])
        return Response(
            data,
            media_type="application/octet-stream",
            headers={"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"},
        )

    def _refusal(self, refused: Refused, visit: Visit = NOBODY) -> Response:
        text, hint = words.say(refused.text), words.say(refused.hint)
        return HTMLResponse(self._pages.sentence(visit, refused.status, text, hint), refused.status)

    def _asked_by(self, request: Request) -> Visit:
        return self._visit(request, self._session(request))

    async def _refused(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        return self._refusal(error, self._asked_by(request))

    async def _no_page(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        visit = self._asked_by(request)
        if error.status_code == 405:
            text = _("This address does not take that.")
        else:
            text = _("There is no such page.")
        return self._refusal(Refused(error.status_code, text, _("Go back to the board.")), visit)

    async def _desk_refused(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, ParleyError)
        return self._refusal(Refused(404, error.text, error.hint), self._asked_by(request))

    async def _failed(self, request: Request, error: Exception) -> Response:
        visit = self._asked_by(request)
        return self._refusal(
            Refused(
                500,
                _("The console failed at this page. What was entered in the record stays as it is."),
                _("Look at the board and the record first; do the act again only if it is not there."),
            ),
            visit,
        )

    # --- acts -----------------------------------------------------------------------------------------------

    async def _act(self, request: Request) -> Response:
        act = request.path_params["act"]
        session = self._session(request)
        visit = self._visit(request, session)
        if act != "sign-out" and not self._acts.knows(act):
            raise HTTPException(404)
        fields = forms.read(await request.body())
        if session is None:
            return HTMLResponse(self._pages.signed_out(visit), 401)
        if not hmac.compare_digest(fields.get("csrf", "").encode(), session.csrf.encode()):
            raise Refused(
                403,
                _("This form is not of the session you are signed in to; nothing was done."),
                _("Go back, load the page again, and do the act there."),
            )
        if act == "sign-out":
            return self._sign_out(session)
        typed = Typed(act, fields.get("about", ""), fields)
        try:
            if session.unlocked is None and fields.get("passphrase"):
                self._sessions.unlock(session, await self._unlocked(session.name, fields["passphrase"]))
            session.touch()
            to = self._acts.do(act, typed, session)
            return JSONResponse(to) if isinstance(to, dict) else RedirectResponse(to, 303)
        except (Unfit, Refused, Locked, NotAllowed, ParleyError) as error:
            if act == "save-draft":
                return JSONResponse({"error": words.say(error.text), "hint": words.say(error.hint)}, 422)
            status = 403 if isinstance(error, NotAllowed) else 422
            problem = Problem(words.say(error.text), words.say(error.hint))
            return HTMLResponse(self._pages.again(visit, typed, problem), status)


def _address(request: Request) -> str:
    """The path as it was asked for, quoted as it was: a line's name may hold what a decoded one would change."""
    raw: bytes = request.scope.get("raw_path") or quote(request.url.path).encode()
    return raw.decode("ascii", "replace").partition("?")[0]


def _path(request: Request) -> str:
    return _address(request) + (f"?{request.url.query}" if request.url.query else "")


def _signing_in(next_page: str) -> str:
    """The address of the sign-in page that leads on to another."""
    return "/sign-in?next=" + quote(next_page, safe="")


def _local(path: str) -> str:
    """An address of this console, and of no other: what a form may send a browser on to."""
    odd = not path.startswith("/") or path.startswith(("//", "/\\")) or len(path) > 2048
    if odd or any(ord(c) < 0x21 or ord(c) == 0x7F for c in path) or path.startswith(("/sign-in", "/demo/")):
        return "/"
    return quote(path, safe="/?&=:%#@!$'()*+,;~-._")
