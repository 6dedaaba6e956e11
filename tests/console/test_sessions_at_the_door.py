"""Who is let in and stays in: tokens, cookies, passphrases tried, ways on, and the streams of open pages."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import pytest
from asgi_client import FORM, HOST, Answer, Browser, ask, get, scope_of
from pair_of_ends import HOSTS, SECRET, End, Ends, accord, console_by, paired
from test_door import is_guarded
from test_pages import Page, read

from parley import console as consoles
from parley.console import app, live
from parley.console.demo import Demo
from parley.console.sessions import SESSION_S
from parley.watch_log import Happened

CHOSEN = "A" * 43  # what a token looks like


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ends]:
    found = paired(tmp_path_factory.mktemp("at-the-door"))
    south = found.south.desk
    south.release(
        south.compose("Liaison", "산불", "duty", precedence="FLASH", reason="x").ref, "chief", SECRET
    )
    found.wait(5)
    yield found
    found.close()


def cookie_of(end: End) -> str:
    return "parley-" + end.desk.fingerprint()[:8]


# --- the token in a form ------------------------------------------------------------------------------------


def test_an_act_takes_the_token_of_its_own_session_and_no_other(ends: Ends) -> None:
    duty, chief, head = ends.north.anew("duty"), ends.north.anew("chief"), ends.north.anew("head")
    for browser in (duty, chief, head):
        browser.get("/")
    old = head.token
    head.act("sign-out")
    drafts, line = len(ends.north.desk.drafting()), ends.north.line("Liaison").id
    odd = (
        "",
        chief.token,
        old,
        duty.token[:-1],
        duty.token + "x",
        duty.token.swapcase(),
        "é" * 43,
        "x" * 60_000,
    )
    for token in (None, *odd):
        fields = {"line": line} if token is None else {"line": line, "csrf": token}
        for act in ("begin-draft", "take-watch", "sign-out"):
            answer = duty.post(f"/act/{act}", fields)
            assert answer.status == 403 and "nothing was done" in Page(answer).words
    assert len(ends.north.desk.drafting()) == drafts and ends.north.desk.status().watch is None
    assert duty.post("/act/begin-draft", {"line": line, "csrf": duty.token}).status == 303


def test_two_tokens_in_one_form_are_refused(ends: Ends) -> None:
    duty = ends.north.anew("duty")
    duty.get("/")
    body = f"csrf={duty.token}&csrf={duty.token}&line=x".encode()
    assert duty.ask("POST", "/act/begin-draft", FORM, [body]).status == 400


def test_a_form_that_comes_after_the_session_says_so_and_does_nothing(ends: Ends) -> None:
    duty = ends.north.anew("duty")
    duty.get("/")
    token, cookies = duty.token, dict(duty.cookies)
    duty.act("sign-out")
    for carried in ({}, cookies, {cookie_of(ends.north): CHOSEN}):
        late = Browser(ends.north.console, dict(carried))
        answer = late.post("/act/take-watch", {"csrf": token})
        assert answer.status == 401
        assert "Your session has ended, so nothing was done." in Page(answer).words
    assert ends.north.desk.status().watch is None


# --- the cookie ---------------------------------------------------------------------------------------------


def test_a_token_that_somebody_chose_is_never_taken(ends: Ends) -> None:
    victim = Browser(ends.north.console, {cookie_of(ends.north): CHOSEN})
    assert victim.get("/").status == 303
    assert victim.sign_in("duty", SECRET).status == 303
    assert victim.cookies[cookie_of(ends.north)] != CHOSEN
    assert victim.get("/").status == 200
    assert Browser(ends.north.console, {cookie_of(ends.north): CHOSEN}).get("/").status == 303


def test_a_sign_in_gives_new_tokens_and_ends_the_session_it_takes_the_place_of(ends: Ends) -> None:
    browser = ends.north.anew("duty")
    browser.get("/")
    before, form_before = dict(browser.cookies), browser.token
    assert browser.sign_in("chief", SECRET).status == 303
    browser.get("/")
    assert browser.cookies != before and browser.token != form_before
    assert Browser(ends.north.console, before).get("/").status == 303


def test_the_cookie_is_kept_from_scripts_and_from_other_sites(ends: Ends) -> None:
    for scheme, secure in (("http", False), ("https", True)):
        browser = Browser(ends.north.console, scheme=scheme)
        given = browser.sign_in("duty", SECRET).headers["set-cookie"]
        parts = {part.strip().lower() for part in given.split(";")[1:]}
        assert {"httponly", "samesite=lax", "path=/", f"max-age={SESSION_S}"} <= parts
        assert ("secure" in parts) == secure and not any(part.startswith("domain") for part in parts)
        assert browser.sign_in("duty", "wrong").headers.get("set-cookie") is None


def test_two_ends_under_one_host_do_not_take_each_others_cookies(ends: Ends) -> None:
    jar: dict[str, str] = {}  # a browser sends a cookie to every port of a name
    north, south = Browser(ends.north.console, jar), Browser(ends.south.console, jar)
    assert north.sign_in("duty", SECRET).status == 303 and south.sign_in("chief", SECRET).status == 303
    assert cookie_of(ends.north) != cookie_of(ends.south)
    assert "duty" in read(north, "/").words and "chief" in read(south, "/").words
    south.act("sign-out")
    assert north.get("/").status == 200 and south.get("/").status == 303
    stolen = {cookie_of(ends.south): jar[cookie_of(ends.north)]}
    assert Browser(ends.south.console, stolen).get("/").status == 303


def test_a_cookie_of_our_name_from_elsewhere_does_not_hide_the_session(ends: Ends) -> None:
    duty, name = ends.north.anew("duty"), cookie_of(ends.north)
    for before in (f"{name}={CHOSEN}", f"{name}=", f"{name}={CHOSEN}; {name}={CHOSEN[:-1]}B"):
        assert get_with(ends, "/", ("cookie", f"{before}; {name}={duty.cookies[name]}")).status == 200


def test_headers_of_any_size_are_answered(ends: Ends) -> None:
    token = ends.north.anew("duty").cookies[cookie_of(ends.north)]
    ours = f"{cookie_of(ends.north)}={token}"
    for header in (
        "x" * 1_000_000,
        ";" * 100_000,
        "=" * 100_000,
        f"{ours}x; ÿ=\x80",
        ours[:-1],
        f"x{ours}",
        "",
    ):
        answer = get_with(ends, "/", ("cookie", header))
        assert answer.status == 303 and answer.location.startswith("/sign-in")
        is_guarded(answer)
    assert get_with(ends, "/", ("cookie", f"a=b; {ours}; c=d")).status == 200
    for name in ("accept-language", "x-odd", "referer", "user-agent", "accept", "range"):
        is_guarded(get_with(ends, "/sign-in", (name, "x,;q=1" * 20_000)))


def get_with(ends: Ends, target: str, *headers: tuple[str, str]) -> Answer:
    return ask(ends.north.console, "GET", target, headers)


# --- passphrases tried --------------------------------------------------------------------------------------


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names under which a passphrase was stretched."""
    names: list[str] = []

    def counted(home: Any, name: str, passphrase: str) -> Any:
        names.append(name)
        return stretch(home, name, passphrase)

    stretch = consoles.unlock
    monkeypatch.setattr(consoles, "unlock", counted)
    return names


def test_a_thousand_wrong_passphrases_are_mostly_not_tried_and_lock_nobody_out(
    ends: Ends, tried: list[str]
) -> None:
    seconds = [0.0]
    console = console_by(lambda: seconds[0], ends.north.desk)
    refused = len([e for e in ends.north.desk.journal(10_000) if e.what == Happened.REFUSED_SIGN_IN])
    for number in range(1000):
        answer = Browser(console).sign_in("duty", f"wrong {number}")
        assert answer.status == 422 and "set-cookie" not in answer.headers
        seconds[0] += 0.01
    assert len(tried) <= 7  # three at once, then after 1, 2 and 4 s
    assert "Nobody is locked out for good." in Page(answer).words
    assert Browser(console).sign_in("duty", SECRET).status == 422
    noted = [e for e in ends.north.desk.journal(10_000) if e.what == Happened.REFUSED_SIGN_IN]
    assert len(noted) <= refused + 1
    seconds[0] += 61
    assert Browser(console).sign_in("duty", SECRET).status == 303


def test_wrong_passphrases_under_many_names_hold_the_officers_up_for_two_seconds_at_most(
    ends: Ends, tried: list[str]
) -> None:
    seconds = [0.0]
    console = console_by(lambda: seconds[0], ends.north.desk)
    for number in range(300):
        Browser(console).sign_in(f"stranger{number}", "wrong")
    assert len(tried) < 30
    seconds[0] += 2
    assert Browser(console).sign_in("duty", SECRET).status == 303


def test_a_wrong_passphrase_and_an_unknown_name_leave_the_page_as_it_was_but_for_the_passphrase(
    ends: Ends,
) -> None:
    console = console_by(lambda: 0.0, ends.north.desk)
    for name in ("duty", "nobody"):
        answer = Browser(console).sign_in(name, "wrong & secret")
        assert answer.status == 422 and "wrong &" not in answer.text
        assert f'value="{name}"' in answer.text


# --- ways on ------------------------------------------------------------------------------------------------

AWAY = (
    "https://elsewhere.example/", "//elsewhere.example", "///elsewhere.example", "/\\elsewhere.example",
    "\\\\elsewhere.example", "/\t/elsewhere.example", "/\n/elsewhere.example", " //elsewhere.example",
    "javascript:alert(1)", "/\r\nset-cookie: x=y", "/x\r\n\r\n<b>", "http:elsewhere.example", "@elsewhere.example",
    "/\x00/elsewhere.example", "/sign-in?next=//elsewhere.example", "/demo/sign-in/x", "x" * 9000, "/" + "x" * 9000,
    "/\u2028//elsewhere.example", "/\u00a0", "//", "\ufeff//elsewhere.example",
)  # fmt: skip


@pytest.mark.parametrize("target", AWAY)
def test_nobody_is_sent_away_from_this_console(ends: Ends, target: str) -> None:
    browser = Browser(ends.north.console)
    for answer in (
        browser.sign_in("duty", SECRET, target),
        browser.post("/look", {"palette": "night", "next": target}),
    ):
        assert answer.status == 303
        there = urlsplit(urljoin(f"http://{HOST}/sign-in", answer.location))
        assert (there.scheme, there.netloc) == ("http", HOST) and answer.location.isascii()
        assert not answer.location.startswith(("//", "/\\"))
        assert not any(ord(c) <= 0x20 or c == "\\" for c in answer.location)


PATHS = ("/watch", "/line/Liaison", "/record/Liaison?x=y", "/message/Liaison:theirs:2/1", "/line/a%3Fb%20c",
         "/line/100%2541x", "/line/%EC%82%B0%20%231", "/draft/1/check")  # fmt: skip


def led_on(page: str) -> set[str]:
    """Where the forms of a page lead on to."""
    return {unescape(found) for found in re.findall(r'name="next" value="([^"]*)"', page)}


@pytest.mark.parametrize("target", PATHS)
def test_a_sign_in_leads_to_the_page_that_was_asked_for(ends: Ends, target: str) -> None:
    browser = Browser(ends.north.console)
    page = browser.get(browser.get(target).location).text
    (kept,) = led_on(page)
    assert browser.post("/look", {"palette": "dusk", "next": kept}).location == target
    assert led_on(browser.get(browser.get(target).location).text) == {kept}
    assert browser.sign_in("duty", SECRET, kept).location == target


def test_a_change_of_palette_comes_back_to_the_page_and_a_page_knows_its_own_address(tmp_path: Path) -> None:
    names = ("Ship radio", "100%41x", "a?b", "a#b", "산불 1", "a/b", "a&b;c", "\u202e")
    found = paired(tmp_path, *(accord(name, "") for name in names))
    duty = found.north.by("duty")
    for name in names:
        target = "/line/" + quote(name, safe="/")
        page = duty.get(target).text
        assert led_on(page) == {target} and f'data-page="{target}"' in page
        assert duty.post("/look", {"palette": "night", "next": target}).location == target
        assert duty.get(target).status == 200
    found.close()


# --- streams ------------------------------------------------------------------------------------------------


class Stream:
    """An open page that listens."""

    def __init__(self) -> None:
        self.said: asyncio.Queue[bytes] = asyncio.Queue()
        self.status = 0
        self.gone = asyncio.Event()
        self.over = asyncio.Event()

    async def event(self) -> dict[str, Any]:
        """The next event, as its data; {} for the one that ends it."""
        while True:
            block = await asyncio.wait_for(self.said.get(), 10)
            for row in block.decode().split("\n"):
                if row.startswith("data: "):
                    found = json.loads(row.removeprefix("data: "))
                    assert isinstance(found, dict)
                    return found


@contextlib.asynccontextmanager
async def listening(browser: Browser, target: str) -> AsyncIterator[Stream]:
    stream, asked = Stream(), [False]

    async def receive() -> dict[str, Any]:
        if not asked[0]:
            asked[0] = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await stream.gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            stream.status = message["status"]
            headers = {k.decode(): v.decode() for k, v in message["headers"]}
            assert headers["content-security-policy"] and headers["cache-control"] == "no-store"
        stream.said.put_nowait(message.get("body", b""))

    async def run() -> None:
        await browser.app(scope_of("GET", target, browser.carried()), receive, send)
        stream.over.set()

    task = asyncio.create_task(run())
    try:
        yield stream
    finally:
        stream.gone.set()
        await asyncio.wait_for(task, 10)


@pytest.fixture
def quick_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "BEAT_S", 0.02)


def played(play: Callable[[], Any]) -> None:
    asyncio.run(asyncio.wait_for(play(), 30))


def test_a_stream_beats_and_says_nothing_but_that_something_changed(ends: Ends, quick_beats: None) -> None:
    desk = ends.north.desk
    chief = ends.north.anew("chief", app(desk, allowed_hosts=HOSTS))

    async def play() -> None:
        async with listening(chief, "/events") as stream:
            first = await stream.event()
            beat = await stream.event()
            assert set(first) == set(beat) == {"v", "now", "rate"} and beat["v"] == first["v"]
            desk.begin_draft("Liaison", "duty")
            while (heard := await stream.event())["v"] == first["v"]:
                pass
            assert heard["v"] == first["v"] + 1

    played(play)


def test_the_stream_of_the_wall_counts_and_names_nothing(ends: Ends, quick_beats: None) -> None:
    async def play() -> None:
        async with listening(Browser(ends.north.console), "/wall/events") as stream:
            said = await stream.event()
            assert set(said) == {"v", "now", "rate", "alarms", "warnings"}
            assert (said["alarms"], said["warnings"]) == ends.north.desk.wall()
            assert said["alarms"] >= 1  # a FLASH nobody has read back

    played(play)
    for target in ("/wall", "/sign-in"):
        text = get(ends.north.console, target).text
        for word in ("Liaison", "산불", "FLASH", "South", "duty", "Duty officer"):
            assert word not in text, f"{word} at {target}"


def test_a_stream_ends_with_its_session(ends: Ends, quick_beats: None) -> None:
    seconds = [0.0]
    console = console_by(lambda: seconds[0], ends.north.desk)
    by_time, by_sign_out = ends.north.anew("duty", console), ends.north.anew("chief", console)
    by_sign_out.get("/")

    async def play() -> None:
        async with (
            listening(by_sign_out, "/events") as stream,
            listening(Browser(console), "/wall/events") as wall,
        ):
            await stream.event()
            await asyncio.to_thread(by_sign_out.act, "sign-out")
            while await stream.event():
                pass
            await asyncio.wait_for(stream.over.wait(), 10)
            async with listening(by_time, "/events") as other:
                await other.event()
                seconds[0] = SESSION_S
                while await other.event():
                    pass
                await asyncio.wait_for(other.over.wait(), 10)
            assert not wall.over.is_set() and await wall.event()

    played(play)


def test_all_streams_end_when_the_console_closes(ends: Ends, quick_beats: None) -> None:
    console = app(ends.north.desk, allowed_hosts=HOSTS)
    duty = ends.north.anew("duty", console)

    async def play() -> None:
        async with listening(duty, "/events") as stream, listening(duty, "/wall/events") as wall:
            await stream.event()
            await wall.event()
            console.end_streams()
            for one in (stream, wall):
                await asyncio.wait_for(one.over.wait(), 10)

    played(play)


@pytest.mark.parametrize("target", ["/events", "/wall/events"])
def test_there_are_no_more_streams_than_fit_and_one_that_goes_makes_room(
    ends: Ends, quick_beats: None, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    monkeypatch.setattr(consoles, "STREAMS_MAX", 3)
    monkeypatch.setattr(consoles, "WALLS_MAX", 3)
    duty = ends.north.anew("duty", app(ends.north.desk, allowed_hosts=HOSTS))
    other = {"/events": "/wall/events", "/wall/events": "/events"}[target]

    async def play() -> None:
        async with contextlib.AsyncExitStack() as pages:
            for _ in range(2):
                await (await pages.enter_async_context(listening(duty, target))).event()
            async with listening(duty, target) as third:
                await third.event()
                async with listening(duty, target) as one_more:
                    await one_more.said.get()
                    assert one_more.status == 503
                async with listening(duty, other) as of_the_other_kind:
                    assert await of_the_other_kind.event()
            async with listening(duty, target) as again:
                assert await again.event()

    assert (live.STREAMS_MAX, live.WALLS_MAX) == (48, 16)
    played(play)


# --- what only the demonstration has ------------------------------------------------------------------------


def test_a_one_click_link_is_there_in_the_demonstration_alone(ends: Ends) -> None:
    demo = Demo(lambda: 60.0, "http://localhost:8410/", SECRET, {"s3cret": "chief"})
    console = app(ends.north.desk, allowed_hosts=HOSTS, demo=demo)
    assert get(ends.north.console, "/demo/sign-in/s3cret").status == 404
    for target in ("/demo/sign-in/", "/demo/sign-in/chief", "/demo/sign-in/s3cret/x", "/demo/sign-in/s3creT"):
        answer = get(console, target)
        assert answer.status == 404 and "set-cookie" not in answer.headers
    browser = Browser(console)
    answer = browser.get("/demo/sign-in/s3cret")
    assert (answer.status, answer.location) == (303, "/")
    page = Page(browser.get("/"))
    assert "chief" in page.words and "DEMO CLOCK × 60" in page.words
    browser.get("/")
    assert browser.act("take-watch").status == 303
    ends.north.desk.hand_over()
    assert browser.act("sign-out").status == 303 and browser.get("/").status == 303
