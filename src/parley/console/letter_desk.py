"""The letter desk: a page on which a principal writes, seals and opens letters in the browser (spec 15).

The key file is chosen from the reader's own disk and opened in the page; neither it, nor the passphrase, nor a letter
comes here. So this room gives a page and scripts, and takes nothing. What it cannot give is a reason to trust the
scripts: a page is as honest as the end that serves it, which the page says, with the command that needs no end.

The scripts are ES modules. Those of noble lie in static/noble as they were published; a browser has no import map
under our content policy, so a name like '@noble/hashes/sha3.js' is turned into an address as the file is served.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from parley.console.leaf import Asked, Leaf
from parley.desk import Desk

ADDRESS: Final = "/letters/desk"
SCRIPTS: Final = ("letter-desk.js", "letter-sealed.js")
PACKAGES: Final = ("ciphers", "curves", "hashes", "post-quantum")
_BARE: Final = re.compile(rb"""(\bfrom\s*)(['"])@noble/([a-z0-9/_.-]+)\2""")
_NOBLE: Final = "/static/noble/"


def show(desk: Desk, asked: Asked) -> Leaf:
    """The page. It knows nothing of a principal."""
    return Leaf("letter_desk.html", ADDRESS)


async def module(request: Request) -> Response:
    """A script of the desk, or one of noble's."""
    found = MODULES[request.url.path]
    headers = {"cache-control": "no-cache"}  # two versions of these must not meet in one page
    return Response(found, media_type="text/javascript; charset=utf-8", headers=headers)


def addressed(source: bytes) -> bytes:
    """A module of noble with the names of packages it imports turned into addresses of ours."""
    return _BARE.sub(rb"\1\2" + _NOBLE.encode() + rb"\3\2", source)


def _modules(folder: Traversable) -> Iterator[tuple[str, bytes]]:
    for name in SCRIPTS:
        yield name, (folder / name).read_bytes()
    for package in PACKAGES:
        yield from _below(folder / "noble" / package, f"noble/{package}")


def _below(folder: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    for each in folder.iterdir():
        if each.is_dir():
            yield from _below(each, f"{path}/{each.name}")
        elif each.name.endswith(".js"):
            yield f"{path}/{each.name}", addressed(each.read_bytes())


MODULES: Final = {f"/static/{path}": source for path, source in _modules(files("parley.console") / "static")}
"""What is served, by its address."""

ROUTES: Final[dict[str, Callable[[Desk, Asked], Leaf]]] = {ADDRESS: show}
STATIC_ROUTES: Final = tuple(Route(address, module) for address in MODULES)
