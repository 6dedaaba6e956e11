"""A switchboard before each console of the demonstration.

A console is built anew with each life of its end. While there is none, because the clock is being moved, its
switchboard answers every request with one calm page, and streams of the old console are ended.
"""

from __future__ import annotations

import asyncio
import contextlib
from importlib.resources import files
from typing import Final

from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_STYLE: Final = "/static/console.css"
_HEADERS: Final = {
    "content-security-policy": "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
    "retry-after": "2",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
_MOVING: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>The clock is being moved</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="2">
<link rel="stylesheet" href="/static/console.css">
</head>
<body>
<main>
<h1>The clock of the demonstration is being moved</h1>
<p>Nothing is lost. This takes some seconds; then sign in again from the guide page.</p>
<div lang="ko">
<h1>시연 시계를 옮기는 중입니다</h1>
<p>잃는 것은 없습니다. 몇 초 뒤에 안내 화면에서 다시 로그인하십시오.</p>
</div>
</main>
</body>
</html>
"""


class Switchboard:
    """An ASGI app that passes requests on to the console there is now, and says so when there is none."""

    def __init__(self) -> None:
        self._app: ASGIApp | None = None
        self._left = asyncio.Event()
        self._style = (files("parley.console") / "static" / "console.css").read_bytes()

    def connect(self, app: ASGIApp | None) -> None:
        """From now on this console, or none; what the old one is still answering is ended."""
        self._left.set()
        self._left = asyncio.Event()
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app, left = self._app, self._left
        if scope["type"] == "lifespan" or app is None:
            if scope["type"] == "http":
                await self._moving(scope)(scope, receive, send)
            return
        begun = False

        async def send_on(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        answering = asyncio.ensure_future(app(scope, receive, send_on))
        leaving = asyncio.ensure_future(left.wait())
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            if not answering.done():
                answering.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await answering
        if answering.cancelled():
            if begun:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            else:
                await self._moving(scope)(scope, receive, send)

    def _moving(self, scope: Scope) -> Response:
        if scope["path"] == _STYLE:
            return Response(self._style, media_type="text/css")
        return HTMLResponse(_MOVING, 503, headers=_HEADERS)
