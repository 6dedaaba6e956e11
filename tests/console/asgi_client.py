"""A small browser: it asks an ASGI app in this process, says what a browser would say, and keeps its cookies."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import unescape
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

    @property
    def location(self) -> str:
        """Where it leads on; empty if it does not."""
        return self.headers.get("location", "")


def ask(
    app: Any,
    method: str,
    target: str,
    headers: Headers = (),
    chunks: Iterable[bytes | None] = (b"",),
    host: str | None = HOST,
    answered: list[Answer] | None = None,
    scheme: str = "http",
) -> Answer:
    """The answer; it is in `answered` too, for an app that fails after it has answered."""
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
        asyncio.run(app(scope_of(method, target, headers, host, scheme), receive, send))
    finally:
        headers_out = {k.decode().lower(): v.decode("latin-1") for k, v in said[0]["headers"]}
        assert len(headers_out) == len(said[0]["headers"]), "a header is sent twice"
        body = b"".join(m.get("body", b"") for m in said[1:])
        answered.append(Answer(said[0]["status"], headers_out, body))
    return answered[-1]


def scope_of(
    method: str, target: str, headers: Headers = (), host: str | None = HOST, scheme: str = "http"
) -> dict[str, Any]:
    """What a server would tell the app of a request."""
    url = urlsplit(target)
    names = ((b"host", host.encode("latin-1")),) if host is not None else ()
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": scheme,
        "path": unquote(url.path, errors="replace"), "raw_path": url.path.encode(), "root_path": "",
        "query_string": url.query.encode(), "client": ("127.0.0.1", 50000), "server": ("127.0.0.1", 8000),
        "headers": [*names, *((k.encode(), v.encode("latin-1")) for k, v in headers)],
    }  # fmt: skip


def get(app: Any, target: str, **how: Any) -> Answer:
    return ask(app, "GET", target, **how)


def post(app: Any, target: str, fields: Mapping[str, str], headers: Headers = FORM, **how: Any) -> Answer:
    return ask(app, "POST", target, headers, [urlencode(fields).encode()], **how)


class Browser:
    """A browser at one console. It keeps what cookies it is given, and the token that the forms of the last page
    carry. `cookies`: a jar shared with other consoles, as a browser shares it among the ports of one name."""

    def __init__(self, app: Any, cookies: dict[str, str] | None = None, scheme: str = "http") -> None:
        self.app, self.scheme = app, scheme
        self.cookies = {} if cookies is None else cookies
        self.token = ""

    def ask(
        self,
        method: str,
        target: str,
        headers: Headers = (),
        chunks: Iterable[bytes | None] = (b"",),
        **how: Any,
    ) -> Answer:
        answer = ask(self.app, method, target, (*headers, *self.carried()), chunks, scheme=self.scheme, **how)
        if (given := answer.headers.get("set-cookie")) is not None:
            name, _, value = given.partition(";")[0].partition("=")
            if "Max-Age=0" in given:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        if (
            found := re.search(r'name="csrf" value="([^"]*)"', answer.body.decode("utf-8", "replace"))
        ) is not None:
            self.token = unescape(found[1])
        return answer

    def carried(self) -> tuple[tuple[str, str], ...]:
        """The header with the cookies; none while there are none."""
        return (("cookie", "; ".join(f"{k}={v}" for k, v in self.cookies.items())),) if self.cookies else ()

    def get(self, target: str, **how: Any) -> Answer:
        return self.ask("GET", target, **how)

    def post(self, target: str, fields: Mapping[str, str], headers: Headers = FORM, **how: Any) -> Answer:
        return self.ask("POST", target, headers, [urlencode(fields, errors="surrogatepass").encode()], **how)

    def act(self, act: str, **fields: str) -> Answer:
        """A form of a page of ours, sent: with the token of the last page, or of the board."""
        if not self.token:
            self.get("/")
        return self.post(f"/act/{act}", {"csrf": self.token, **fields})

    def sign_in(self, name: str, passphrase: str, next_page: str = "") -> Answer:
        return self.post("/sign-in", {"by": name, "passphrase": passphrase, "next": next_page})
