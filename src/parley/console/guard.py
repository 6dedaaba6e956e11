"""The doorkeeper of the console: what may come in, and what goes on every answer.

A web page is a door that strangers can push at from inside the officer's own browser. Four things are
held before a page sees a request:

1. the Host is one we were told to answer for, so that a name of somebody else's, pointed at our address,
   gets nothing (DNS rebinding);
2. a form was sent from a page of this very console, as the browser says it (`Sec-Fetch-Site`, or `Origin`
   where that is missing). Pages ask for no referrer, so `Origin` may be the word null; over plain http
   beyond this machine browsers then prove nothing, and acts are refused, as they should be: a passphrase
   would cross the wire in the clear;
3. a body is a short form that arrives within a fixed time;
4. the method is one a page has.

A session is a cookie (`sessions`), so a stranger's page could ride on it; that is what 2 is for, and the token in
every form beside it. The cookie is not kept back from links (SameSite=Lax), because reading changes nothing.

The content policy leaves a page nothing but what this console serves: no script, style or image of others, no form to
elsewhere, no frame. A script fetches pages as documents and puts their nodes in place; none makes nodes of text, so
that no trusted type is needed and none is allowed.

What a slow or greedy client can hold: a form for `BODY_SECONDS_MAX`, and of more than `BODIES_MAX` such forms the
oldest makes room, so that an act is always taken. Before a request has come whole nothing of ours runs: connections
that say nothing are bounded where the server is set up (`patience`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from parley.core.errors import Sentence

BODY_BYTES_MAX: Final = 64 * 1024
LONG_BODY_BYTES_MAX: Final = 1_402_000  # a sealed letter of 1 MiB as base64, and the fields beside it
LONG_FORMS: Final = frozenset({"/act/hand-in"})
BODY_SECONDS_MAX: Final = 10.0
BODIES_MAX: Final = 16  # forms on their way at once; the oldest makes room
METHODS: Final = frozenset({"GET", "HEAD", "POST"})

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS: Final = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)
NOT_KEPT: Final = (b"cache-control", b"no-store")


class Refused(Exception):
    """A request that is not let through: the status, one sentence, and what to do."""

    def __init__(self, status: int, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.hint = hint


class Guard:
    """An ASGI app around the pages. `refusal` makes the answer for a request that is not let through."""

    def __init__(
        self, pages: ASGIApp, allowed_hosts: tuple[str, ...], refusal: Callable[[Refused], ASGIApp]
    ) -> None:
        self._pages = pages
        self._allowed = frozenset(host.lower() for host in allowed_hosts)
        self._refusal = refusal
        self._coming: list[asyncio.Timeout] = []  # forms that have not come whole, the oldest first

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":  # no page has one
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._pages(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": _with_ours(message.get("headers", ()))}
            await send(message)

        try:
            self._check(scope)
            if scope["method"] == "POST":
                receive = _replay(await self._body(scope, receive))
        except Refused as refused:
            await self._refusal(refused)(scope, _replay(b""), send_guarded)
            return
        await self._pages(scope, receive, send_guarded)

    def _check(self, scope: Scope) -> None:
        host = _one(scope, b"host")
        if host is None or _count(scope, b"host") > 1 or not self._is_ours(host):  # 1
            raise Refused(
                421,
                "This console does not answer under that name.",
                "Open it under the address it printed when it started.",
            )
        if scope["method"] not in METHODS:  # 4
            raise Refused(405, "This console reads pages and takes forms, nothing else.")
        if scope["method"] == "POST" and not _from_here(scope, host):  # 2
            raise Refused(
                403,
                "This form was not sent from a page of this console, so nothing was done.",
                "Open the console itself, on the machine it runs on or over https, and do the act there.",
            )

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        """The whole body, if it is a short form and comes in time."""  # 3
        kind = (_one(scope, b"content-type") or "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            raise Refused(415, "This address takes a form of this console, nothing else; nothing was done.")
        told = _one(scope, b"content-length")
        if told is not None and (not told.isascii() or not told.isdigit()):
            raise Refused(400, "The form does not say how long it is; nothing was done.")
        most = LONG_BODY_BYTES_MAX if scope.get("path") in LONG_FORMS else BODY_BYTES_MAX
        if told is not None and (len(told) > 10 or int(told) > most):
            raise _too_long(most)
        if len(self._coming) >= BODIES_MAX:
            self._coming.pop(0).reschedule(asyncio.get_running_loop().time())
        try:
            async with asyncio.timeout(BODY_SECONDS_MAX) as patience:
                self._coming.append(patience)
                try:
                    return await _whole(receive, most)
                finally:
                    if patience in self._coming:
                        self._coming.remove(patience)
        except TimeoutError:
            raise Refused(
                408, "The form did not arrive in time, so nothing was done.", "Send it again."
            ) from None

    def _is_ours(self, host: str) -> bool:
        host = host.lower()
        name, colon, port = host.rpartition(":")
        without_port = name if colon and port.isascii() and port.isdigit() else host
        return host in self._allowed or without_port in self._allowed


def _from_here(scope: Scope, host: str) -> bool:
    """Whether the browser says that a page of ours sent this. Saying nothing is not saying yes."""
    site, origin = _one(scope, b"sec-fetch-site"), _one(scope, b"origin")
    if _count(scope, b"sec-fetch-site") > 1 or _count(scope, b"origin") > 1:
        return False
    if site is not None and site != "same-origin":
        return False
    if origin is None or origin == "null":
        return site is not None
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc.lower() == host.lower()


def _too_long(most: int) -> Refused:
    return Refused(
        413,
        Sentence("The form is longer than {kib} KiB, so nothing was done.", kib=most // 1024),
        "Shorten the text; a message carries at most about two kilobytes.",
    )


async def _whole(receive: Receive, most: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(400, "The form broke off; nothing was done.")
        body += message.get("body", b"")
        if len(body) > most:
            raise _too_long(most)
        if not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes) -> Receive:
    """A `receive` that gives `body` and then nothing more."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    return receive


def _with_ours(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    given = [(name.lower(), value) for name, value in headers]
    ours = HEADERS if any(name == b"cache-control" for name, _ in given) else (*HEADERS, NOT_KEPT)
    names = {name for name, _ in ours}
    return [*((name, value) for name, value in given if name not in names), *ours]


def _one(scope: Scope, name: bytes) -> str | None:
    """The header's value, None when it is missing; of several, the first."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), None)


def _count(scope: Scope, name: bytes) -> int:
    return sum(key == name for key, _ in scope["headers"])
