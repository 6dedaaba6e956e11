"""Nothing comes in that should not, and every answer carries what holds a browser back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from asgi_client import FORM, HOST, Answer, Browser, ask, get, post
from pair_of_ends import HOSTS, SECRET, Ends
from test_pages import Page

from parley.console import app, guard
from parley.console.acts import Acts
from parley.desk import Desk
from parley.desk.views import MessageView

ACTS = (*Acts.POWERS, "sign-out")
KIND = FORM[0]


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ends]:
    found = Ends(tmp_path_factory.mktemp("door"))
    found.add_officers()
    yield found
    found.close()


@pytest.fixture(scope="module")
def console(ends: Ends) -> Any:
    return ends.north.console


def is_guarded(answer: Answer) -> None:
    for name, value in (*guard.HEADERS, guard.NOT_KEPT):
        assert answer.headers[name.decode()] == value.decode(), f"{name!r} on {answer.status}"
    assert not any("cookie" in name for name in answer.headers)


def to_sign_in(answer: Answer, target: str) -> None:
    assert (answer.status, answer.location) == (303, "/sign-in?next=" + quote(target, safe=""))
    is_guarded(answer)


def refused(answer: Answer, status: int) -> None:
    assert answer.status == status, answer.text
    is_guarded(answer)
    assert len(Page(answer).words) > 20, "no sentence"


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/state.json",
        "/line/x",
        "/message/x",
        "/act/call",
        "/nowhere",
        "//",
        "/static/x",
        "/sign-in",
        "/wall",
    ],
)
def test_every_answer_carries_the_headers(ends: Ends, target: str) -> None:
    for asked in (get(ends.north.console, target), ends.north.by("duty").get(target)):
        is_guarded(asked)
    for sent in (post(ends.north.console, target, {}), ends.north.by("duty").post(target, {})):
        is_guarded(sent)


def test_the_policy_leaves_a_page_nothing_but_what_this_console_serves() -> None:
    assert guard.CONTENT_SECURITY_POLICY == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
    assert dict(guard.HEADERS) == {
        b"content-security-policy": guard.CONTENT_SECURITY_POLICY.encode(),
        b"x-content-type-options": b"nosniff",
        b"referrer-policy": b"no-referrer",
        b"cross-origin-opener-policy": b"same-origin",
        b"cross-origin-resource-policy": b"same-origin",
        b"x-frame-options": b"DENY",
    }


def test_styles_and_scripts_may_be_kept_for_a_day_and_no_page_may(console: Any) -> None:
    for name, kind in (
        ("console.css", "text/css; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
        ("live.js", "text/javascript; charset=utf-8"),
        ("draft.js", "text/javascript; charset=utf-8"),
        ("sound.js", "text/javascript; charset=utf-8"),
    ):
        answer = get(console, f"/static/{name}")
        assert (answer.status, answer.headers["content-type"]) == (200, kind)
        assert answer.headers["cache-control"] == "public, max-age=86400"
        assert answer.headers["content-security-policy"] == guard.CONTENT_SECURITY_POLICY


TAKES = (*(f"/act/{act}" for act in ACTS), "/sign-in", "/look")  # every address that takes a form


@pytest.mark.parametrize("target", TAKES)
def test_every_act_refuses_what_another_site_sends(ends: Ends, target: str) -> None:
    duty = ends.north.by("duty")
    duty.get("/")
    fields = {"csrf": duty.token, "by": "duty", "passphrase": SECRET, "palette": "night"}
    for headers in (
        (KIND, ("sec-fetch-site", "cross-site")),
        (KIND, ("sec-fetch-site", "same-site")),
        (KIND, ("sec-fetch-site", "none")),
        (KIND, ("sec-fetch-site", "cross-site"), ("origin", f"http://{HOST}")),
        (KIND, ("sec-fetch-site", "same-origin"), ("origin", "https://elsewhere.example")),
        (KIND, ("origin", "null")),
        (KIND, ("origin", "http://127.0.0.1:8001")),
        (KIND, ("origin", f"ftp://{HOST}")),
        (KIND, ("origin", "http://[")),
        (KIND, ("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")),
        (KIND,),
    ):
        refused(duty.post(target, fields, headers), 403)
    assert duty.get("/").status == 200


@pytest.mark.parametrize("target", TAKES)
def test_every_act_refuses_a_form_too_long_or_broken(console: Any, target: str) -> None:
    long = b"text=" + b"a" * guard.BODY_BYTES_MAX
    refused(ask(console, "POST", target, FORM, [long]), 413)
    refused(ask(console, "POST", target, FORM, [b"a" * 1000] * 80), 413)
    refused(ask(console, "POST", target, (*FORM, ("content-length", str(len(long)))), [b""]), 413)
    refused(ask(console, "POST", target, (*FORM, ("content-length", "9" * 5000)), [b""]), 413)
    refused(ask(console, "POST", target, (*FORM, ("content-length", "-1")), [b""]), 400)
    refused(ask(console, "POST", target, FORM, []), 400)
    refused(ask(console, "POST", target, FORM, [b"by=%ff"]), 400)
    refused(ask(console, "POST", target, FORM, ["by=둘".encode()]), 400)
    refused(ask(console, "POST", target, FORM, [b"by=a&by=b"]), 400)
    refused(ask(console, "POST", target, FORM, [b"&".join(b"f%d=" % n for n in range(99))]), 400)
    refused(ask(console, "POST", target, (("content-type", "text/plain"), *FORM[1:]), [b"by=a"]), 415)
    refused(
        ask(
            console,
            "POST",
            target,
            (("content-type", "multipart/form-data; boundary=x"), *FORM[1:]),
            [b"by=a"],
        ),
        415,
    )
    refused(ask(console, "POST", target, FORM[1:], [b"by=a"]), 415)


@pytest.mark.parametrize("act", sorted(set(Acts.POWERS) - {"take-watch", "hand-over"}))
def test_every_act_says_what_is_missing(ends: Ends, act: str) -> None:
    duty = ends.north.by("duty")
    answer = duty.act(act)
    refused(answer, 422)
    assert "missing; nothing was done." in answer.text
    for page in ("message", "draft", "sever", "x"):
        about = {"page": page, "line": "x", "about": "x"}
        refused(duty.act(act, **about), 422)


def test_a_form_that_does_not_arrive_is_not_waited_for(console: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "BODY_SECONDS_MAX", 0.01)
    refused(ask(console, "POST", "/act/call", FORM, [b"by=", None]), 408)


def test_a_form_of_ours_is_taken_by_either_of_the_two_signs(ends: Ends) -> None:
    duty = ends.north.by("duty")
    duty.get("/")
    for headers in (
        FORM,
        (KIND, ("origin", f"http://{HOST}")),
        (KIND, ("origin", f"https://{HOST}".upper())),
        (KIND, ("sec-fetch-site", "same-origin")),
    ):
        assert duty.post("/act/hand-over", {"csrf": duty.token}, headers).status == 303


@pytest.mark.parametrize(
    "host",
    [
        "elsewhere.example",
        "127.0.0.1.elsewhere.example",
        "elsewhere.example:127.0.0.1",
        "",
        None,
        "127.0.0.1:x",
        "ÿ",
        "[::1]:8000",
    ],
)
def test_another_name_gets_nothing(console: Any, host: str | None) -> None:
    for target in ("/", "/state.json", "/static/console.css", "/wall", "/events", "/wall/events", "/sign-in"):
        refused(get(console, target, host=host), 421)
    refused(post(console, "/act/hand-over", {}, host=host), 421)


def test_two_names_get_nothing(console: Any) -> None:
    refused(ask(console, "GET", "/", (("host", HOST),)), 421)


def test_a_name_may_be_allowed_with_its_port_only(tmp_path: Path) -> None:
    ends = Ends(tmp_path)
    strict = app(Desk(ends.north.node), allowed_hosts=("hotline.example:8443", "[::1]"))
    to_sign_in(get(strict, "/", host="Hotline.Example:8443"), "/")
    to_sign_in(get(strict, "/", host="[::1]:9"), "/")
    for host in ("hotline.example", "hotline.example:8444", "127.0.0.1"):
        refused(get(strict, "/", host=host), 421)
    ends.close()


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "QUERY"])
def test_other_methods_are_refused(console: Any, method: str) -> None:
    refused(ask(console, method, "/", FORM), 405)


def test_a_failure_of_ours_is_a_sentence_with_the_headers(tmp_path: Path) -> None:
    class Broken(Desk):
        def drafts(self) -> tuple[MessageView, ...]:
            raise ZeroDivisionError("a detail of ours")

    ends = Ends(tmp_path)
    ends.add_officers()
    duty = Browser(app(Broken(ends.north.node), allowed_hosts=HOSTS))
    assert duty.sign_in("duty", SECRET).status == 303
    said = list[Answer]()
    with pytest.raises(ZeroDivisionError):  # raised on, so that the server logs it
        duty.get("/", answered=said)
    refused(said[0], 500)
    assert "a detail of ours" not in said[0].text
    ends.close()
