"""The guide page of the demonstration: where the visitor is, what to do next, and both ends seen at once.

An ASGI app over a `House`. One page, made on the server from what both desks show at that moment; its script asks
for the page again once a second and puts the changed parts in place, so it works as well without script, by
reload. Every act is a form, sent from this very page or refused (`parley.console.guard`), and leads back to it.

It is no console: it has no sign-in, shows both ends, and can act for either. Nothing but the demonstration makes one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from importlib.resources import files
from pathlib import Path
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from parley.console import forms
from parley.console.guard import Guard, Refused
from parley.core.errors import ParleyError
from parley.demo import words
from parley.demo.course import LANDING, next_landing
from parley.demo.house import RATES, House
from parley.demo.story import LIAISON, STEPS
from parley.demo.tap import SEEN_MAX
from parley.desk import Desk
from parley.desk.views import LineView
from parley.scenario import DEMO_PASSPHRASE

PALETTES: Final = ("", "day", "dusk", "night")
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_STATIC: Final = {
    "console.css": ("parley.console", "text/css; charset=utf-8"),
    "icon.svg": ("parley.console", "image/svg+xml"),
    "guide.css": ("parley.demo", "text/css; charset=utf-8"),
    "guide.js": ("parley.demo", "text/javascript; charset=utf-8"),
}
_PUBLIC: Final = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "xml": "application/atom+xml",
    "cbor": "application/cbor",
}
_SEOUL: Final = timezone(timedelta(hours=9))
_LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, slots=True)
class Row:
    """One line on both boards, by party."""

    name: str
    views: dict[str, LineView]


class Guide:
    """The page, and the acts behind its buttons."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._static = {
            name: (files(room) / "static" / name).read_bytes() for name, (room, _) in _STATIC.items()
        }
        version = hashlib.sha256(b"".join(self._static.values())).hexdigest()[:12]
        self._templates = _environment(version)
        self._acts: dict[str, Callable[[dict[str, str]], Awaitable[str]]] = {
            "rate": self._rate,
            "jump": self._jump,
            "pilot": self._pilot,
            "flash": self._flash,
            "wire": self._wire,
            "prove": self._prove,
            "flip": self._flip,
        }

    def guarded(self, allowed_hosts: tuple[str, ...]) -> ASGIApp:
        pages = Starlette(
            routes=[
                Route("/", self._page),
                Route("/static/{name}", self._file),
                Route("/site/{party}/", self._public),
                Route("/site/{party}/{name}", self._public),
                Route("/act/{act}", self._act, methods=["POST"]),
            ],
            exception_handlers={HTTPException: self._no_page, Refused: self._refused},
        )
        pages.router.redirect_slashes = False
        return _Strict(Guard(pages, allowed_hosts, self._refusal))

    # --- the page

    async def _page(self, request: Request) -> Response:
        look = _look(dict(request.query_params))
        return self._shown(look, request.headers.get("host", "localhost"))

    def _shown(
        self, look: dict[str, str], host: str, trouble: ParleyError | None = None, status: int = 200
    ) -> Response:
        house, language = self._house, look["lang"]
        live = house.live
        desks = live.desks if live else {}
        statuses = {key: desk.status() for key, desk in desks.items()}
        page = self._templates.get_template("guide.html").render(
            look=look,
            lang=language,
            say=lambda key, **values: words.say(language, key, **values),
            word=lambda word: words.state(language, word),
            contact=lambda text: words.contact(language, text),
            refusal=lambda text: words.refusal(language, text),
            language_index=words.LANGUAGES.index(language),
            house=house,
            trouble=trouble or house.trouble,
            rate=f"{house.clock.rate:g}",
            now=house.now,
            steps=[(key, words.STEPS[key], words.PARTS[key]) for key in STEPS],
            story=house.story,
            parties=house.scenario.parties,
            on={key: pilot.on for key, pilot in house.pilots.items()},
            silent=house.silent,
            landed=next_landing(house.now) is None,
            jump="jump august" if house.now < LANDING else "jump october",
            links=_links(house, host),
            consoles=_consoles(house, host),
            public={key: _on_site(house.site(key)) for key in house.places},
            LIAISON=LIAISON,
            passphrase=DEMO_PASSPHRASE,
            statuses=statuses,
            rows=_rows(house, desks),
            line_labels={x.name: x.label.get(language, "") for x in house.scenario.lines if language != "en"},
            wires=[
                (plan.key, live.taps[plan.key].up, [house.scenario.line(k).name for k in plan.lines])
                for plan in house.scenario.bearers
                if live
            ],
            seen=list(house.wire.seen),
            seen_max=SEEN_MAX,
            labels={p.key: p.label.get(language, p.name) for p in house.scenario.parties},
        )
        return HTMLResponse(page, status)

    async def _public(self, request: Request) -> Response:
        """A file of a party's public site, as any web server would show it."""
        party, name = request.path_params["party"], request.path_params.get("name", "index.html")
        media_type = _PUBLIC.get(name.rpartition(".")[2])
        if party not in self._house.places or media_type is None or name.startswith("."):
            raise HTTPException(404)
        folder = self._house.site(party)
        if not folder.is_dir() or name not in {path.name for path in folder.iterdir()}:
            raise HTTPException(404)
        return Response((folder / name).read_bytes(), media_type=media_type)

    async def _file(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self._static:
            raise HTTPException(404)
        return Response(
            self._static[name],
            media_type=_STATIC[name][1],
            headers={"cache-control": "public, max-age=86400"},
        )

    # --- acts

    async def _act(self, request: Request) -> Response:
        act = request.path_params["act"]
        if act not in self._acts:
            raise HTTPException(404)
        fields = forms.read(await request.body())
        look = _look(fields)
        try:
            at = await self._acts[act](fields)
        except ParleyError as e:
            return self._shown(look, request.headers.get("host", "localhost"), e, 422)
        self._house.trouble = None
        query = "&".join(f"{key}={value}" for key, value in look.items() if value)
        return RedirectResponse(f"/?{query}#{at}", 303)

    async def _rate(self, fields: dict[str, str]) -> str:
        rates = {f"{rate:g}": rate for rate in RATES}
        self._house.set_rate(rates.get(fields.get("rate", ""), -1.0))
        return "clock"

    async def _jump(self, fields: dict[str, str]) -> str:
        self._house.jump()
        return "clock"

    async def _pilot(self, fields: dict[str, str]) -> str:
        self._house.let_act(fields.get("end", ""), fields.get("on") == "yes")
        return "ends"

    async def _flash(self, fields: dict[str, str]) -> str:
        self._house.flash(fields.get("end", ""))
        return "ends"

    async def _wire(self, fields: dict[str, str]) -> str:
        await self._house.set_wire(fields.get("bearer", ""), fields.get("up") == "yes")
        return "wires"

    async def _prove(self, fields: dict[str, str]) -> str:
        self._house.prove()
        return "proof"

    async def _flip(self, fields: dict[str, str]) -> str:
        self._house.flip_byte()
        return "proof"

    # --- what is not a page

    def _refusal(self, refused: Refused) -> Response:
        page = self._templates.get_template("refused.html")
        return HTMLResponse(page.render(text=refused.text, hint=refused.hint), refused.status)

    async def _refused(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        return self._refusal(error)

    async def _no_page(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return self._refusal(Refused(error.status_code, "There is no such page.", "Go back to the guide."))


class _Strict:
    """The guide's own policy on every answer: it has a script, and asks for itself again."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_strict(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [(k, v) for k, v in message["headers"] if k.lower() != b"content-security-policy"]
                headers.append((b"content-security-policy", CONTENT_SECURITY_POLICY.encode()))
                message = {**message, "headers": headers}
            await send(message)

        await self._inner(scope, receive, send_strict)


def app(house: House, *, allowed_hosts: tuple[str, ...]) -> ASGIApp:
    """The guide to `house`, for the host names it answers to."""
    return Guide(house).guarded(allowed_hosts)


def _look(fields: dict[str, str]) -> dict[str, str]:
    """Language and palette, carried in every address and form of the page."""
    language, palette = fields.get("lang", ""), fields.get("palette", "")
    return {
        "lang": language if language in words.LANGUAGES else words.LANGUAGES[0],
        "palette": palette if palette in PALETTES else "",
    }


def _links(house: House, host: str) -> dict[str, list[tuple[str, str]]]:
    """By party, log-in name and address of each one-click link. On this machine each console has a name of its own;
    elsewhere it is reached as the guide was."""
    return {
        key: [(login, f"{console}/demo/sign-in/{secret}") for secret, login in house.links[key].items()]
        for key, console in _consoles(house, host).items()
    }


def _consoles(house: House, host: str) -> dict[str, str]:
    """By party, the address of its console, for whoever reached the guide under `host`."""
    name = host.rpartition(":")[0] or host
    near = name in _LOOPBACK or host in _LOOPBACK
    return {key: f"http://{place.host if near else name}:{place.port}" for key, place in house.places.items()}


def _on_site(folder: Path) -> int:
    """How many statements lie on a public site."""
    return len(list(folder.glob("*.cbor")))


def _rows(house: House, desks: dict[str, Desk]) -> list[Row]:
    """The lines of both ends, side by side, in the order of the scenario; the order wire last."""
    if not desks:
        return []
    views = {key: {line.id: line for line in desk.lines()} for key, desk in desks.items()}
    first = next(iter(views.values()))
    order = {line.name: number for number, line in enumerate(house.scenario.lines)}
    known = sorted(first.values(), key=lambda line: order.get(line.name, len(order)))
    return [
        Row(
            "" if line.is_order_wire else line.name,
            {key: of[line.id] for key, of in views.items() if line.id in of},
        )
        for line in known
    ]


def _clock(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%H:%M:%S}Z"


def _seoul(at: float) -> str:
    return f"{datetime.fromtimestamp(at, _SEOUL):%H:%M:%S}"


def _day(at: float) -> str:
    return f"{datetime.fromtimestamp(at, _SEOUL):%Y-%m-%d}"


def _environment(version: str) -> Environment:
    environment = Environment(
        loader=PackageLoader("parley.demo", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "version": version,
        "clock": _clock,
        "seoul": _seoul,
        "day": _day,
        "PALETTES": PALETTES,
    }
    return environment
