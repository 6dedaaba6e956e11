"""A small browser: it asks an ASGI app in this process, and says what a browser would say."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

HOST = "127.0.0.1:8000"
FORM = (
    ("content-type", "application/x-www-form-urlencoded"),
    ("sec-fetch-site", "same-origin"),
    ("origin", "null"),
)
Headers = Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


def ask(
    app: Any,
    method: str,
    target: str,
    headers: Headers = (),
    chunks: Iterable[bytes | None] = (b"",),
    host: str | None = HOST,
    answered: list[Answer] | None = None,
) -> Answer:
    """The answer; it is in `answered` too, for an app that fails after it has answered."""
    url = urlsplit(target)
    names = ((b"host", host.encode("latin-1")),) if host is not None else ()
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": unquote(url.path, errors="replace"), "raw_path": url.path.encode(), "root_path": "",
        "query_string": url.query.encode(), "client": ("127.0.0.1", 50000), "server": ("127.0.0.1", 8000),
        "headers": [*names, *((k.encode(), v.encode("latin-1")) for k, v in headers)],
    }  # fmt: skip
    sending, said = list(chunks), list[dict[str, Any]]()

    async def receive() -> dict[str, Any]:
        if not sending:
            return {"type": "http.disconnect"}
        chunk = sending.pop(0)
        if chunk is None:  # a browser that stops sending and stays
            await asyncio.Event().wait()
        return {"type": "http.request", "body": chunk, "more_body": bool(sending)}

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    answered = [] if answered is None else answered
    try:
        asyncio.run(app(scope, receive, send))
    finally:
        headers_out = {k.decode().lower(): v.decode("latin-1") for k, v in said[0]["headers"]}
        assert len(headers_out) == len(said[0]["headers"]), "a header is sent twice"
        body = b"".join(m.get("body", b"") for m in said[1:])
        answered.append(Answer(said[0]["status"], headers_out, body))
    return answered[-1]


def get(app: Any, target: str, **how: Any) -> Answer:
    return ask(app, "GET", target, **how)


def post(app: Any, target: str, fields: Mapping[str, str], headers: Headers = FORM, **how: Any) -> Answer:
    return ask(app, "POST", target, headers, [urlencode(fields).encode()], **how)
