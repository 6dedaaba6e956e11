"""Sessions, their clocks, the wait after wrong passphrases, the cookie, and clients that are slow on purpose."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from parley.console import sessions
from parley.console.guard import BODIES_MAX, Guard
from parley.console.patience import CONNECTIONS_MAX, Patient
from parley.console.sessions import (
    FORGOTTEN_AFTER_S,
    IDLE_LOCK_S,
    SESSION_S,
    SESSIONS_MAX,
    Session,
    Sessions,
    Throttle,
)
from parley.core.types import POWERS_ALL, Precedence
from parley.desk import Unlocked, unlock
from parley.keys import Cost, make_officer

SECRET = "correct horse"


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def people(clock: Clock) -> Sessions:
    drawn = itertools.count(1)
    return Sessions(clock, lambda size: next(drawn).to_bytes(size, "big"))


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Unlocked]:
    home: Path = tmp_path_factory.mktemp("home")
    for author, name in enumerate(("duty", "chief"), 1):
        make_officer(home, name, author, name, Precedence.FLASH, POWERS_ALL, SECRET, Cost(64, 1, 1))
    return {name: unlock(home, name, SECRET) for name in ("duty", "chief")}


# --- sessions -----------------------------------------------------------------------------------


def test_a_token_opens_its_session_and_no_other_word_does(
    people: Sessions, keys: dict[str, Unlocked]
) -> None:
    session = people.open(keys["duty"], "ko", "night")
    token = session.token
    assert len(token) == 43 and people.get(token) is session and session.unlocked is keys["duty"]
    assert (session.name, session.language, session.palette) == ("duty", "ko", "night")
    for word in ("", token[:-1], token + "A", token.swapcase(), session.csrf, "\udcff", "x" * 100_000):
        assert people.get(word) is None
    people.close(token)
    assert people.get(token) is None and session.unlocked is None


def test_every_sign_in_has_a_token_and_a_word_for_forms_of_its_own(
    people: Sessions, keys: dict[str, Unlocked]
) -> None:
    opened = [people.open(keys["duty"], "en", "") for _ in range(3)]
    words = [word for session in opened for word in (session.token, session.csrf)]
    assert len(set(words)) == len(words)


def test_the_token_is_forgotten_once_the_browser_has_it(people: Sessions, keys: dict[str, Unlocked]) -> None:
    session = people.open(keys["duty"], "en", "")
    token = session.token
    assert people.get(token) is session and session.token == ""
    held = [value for value in vars(session).values() if isinstance(value, str)]
    assert token not in held and token.encode() not in people._by_digest
    assert people.get(token) is session


def test_the_key_leaves_after_a_quarter_of_an_hour_without_an_act(
    clock: Clock, people: Sessions, keys: dict[str, Unlocked]
) -> None:
    session = people.open(keys["duty"], "en", "")
    token = session.token
    for _ in range(5):
        clock.at += IDLE_LOCK_S - 1
        session.touch()
    for _ in range(IDLE_LOCK_S):
        clock.at += 1
        assert people.get(token) is session  # a page that keeps itself fresh
    assert session.unlocked is None and session.locked
    session.touch()
    clock.at -= IDLE_LOCK_S
    assert session.unlocked is None, "the key is let go, not only hidden"


def test_a_key_leaves_memory_though_no_request_comes(
    clock: Clock, people: Sessions, keys: dict[str, Unlocked]
) -> None:
    session = people.open(keys["duty"], "en", "")
    assert people.next_sweep_at() == clock.at + IDLE_LOCK_S
    clock.at += IDLE_LOCK_S
    people.sweep()
    assert session._unlocked is None
    assert people.next_sweep_at() == session.opened_at + SESSION_S
    clock.at = session.opened_at + SESSION_S
    people.sweep()
    assert people.next_sweep_at() is None


def test_a_locked_session_is_unlocked_by_its_own_officer(people: Sessions, keys: dict[str, Unlocked]) -> None:
    session = people.open(keys["duty"], "en", "")
    token = session.token
    people.lock(session)
    assert people.get(token) is session and session.unlocked is None
    with pytest.raises(ValueError, match="own officer"):
        people.unlock(session, keys["chief"])
    assert session.unlocked is None
    people.unlock(session, keys["duty"])
    assert session.unlocked is keys["duty"]


def test_a_session_ends_after_a_watch_however_busy(
    clock: Clock, people: Sessions, keys: dict[str, Unlocked]
) -> None:
    session = people.open(keys["duty"], "en", "")
    token = session.token
    while clock.at - session.opened_at < SESSION_S - 600:
        clock.at += 600
        session.touch()
    assert people.get(token) is session
    clock.at += 600
    assert people.get(token) is None and session.unlocked is None


def test_there_are_no_more_than_64_sessions_and_the_least_used_goes(
    clock: Clock, people: Sessions, keys: dict[str, Unlocked]
) -> None:
    opened: list[tuple[str, Session]] = []
    for _ in range(SESSIONS_MAX):
        clock.at += 1
        session = people.open(keys["duty"], "en", "")
        opened.append((session.token, session))
    clock.at += 1
    opened[0][1].touch()
    people.open(keys["chief"], "en", "")
    gone = [number for number, (token, _) in enumerate(opened) if people.get(token) is None]
    assert gone == [1] and opened[1][1].unlocked is None


# --- the wait -----------------------------------------------------------------------------------


def test_three_tries_are_free_and_then_the_wait_doubles_up_to_a_minute(clock: Clock) -> None:
    throttle, waits = Throttle(clock), []
    for _ in range(12):
        assert throttle.wait_s("duty") == 0.0
        waits.append(throttle.failed("duty"))
        clock.at += waits[-1]
    assert waits == [0.0, 0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0, 60.0]


def test_what_was_right_starts_anew(clock: Clock) -> None:
    throttle = Throttle(clock)
    for _ in range(5):
        throttle.tried("duty")
    clock.at += throttle.wait_s("duty")
    throttle.tried("duty")
    throttle.succeeded("duty")
    assert throttle.wait_s("duty") == 0.0
    assert [throttle.failed("duty") for _ in range(3)] == [0.0, 0.0, 1.0]


def test_nobody_is_locked_out_for_good(clock: Clock) -> None:
    throttle = Throttle(clock)
    for _ in range(10_000):
        throttle.tried("duty")
    assert throttle.wait_s("duty") == 60.0 and throttle.wait_s("chief") == 2.0
    clock.at += 60.0
    assert throttle.wait_s("duty") == 0.0
    clock.at += FORGOTTEN_AFTER_S
    assert throttle.failed("duty") == 0.0


def test_a_name_written_otherwise_is_the_same_name(clock: Clock) -> None:
    throttle = Throttle(clock)
    for name in ("duty", " DUTY ", "Duty"):
        throttle.tried(name)
    assert throttle.wait_s("duty") == 1.0 and throttle.wait_s("chief") == 0.0


def test_many_names_wait_too_and_little_is_remembered(clock: Clock) -> None:
    throttle = Throttle(clock)
    for number in range(1000):
        throttle.tried(f"name {number}" + "x" * 10_000)
    assert throttle.wait_s("duty") == 2.0
    assert len(throttle._names) == sessions.NAMES_MAX and max(map(len, throttle._names)) == 32


def test_tries_at_once_are_not_free(clock: Clock) -> None:
    throttle = Throttle(clock)
    for _ in range(3):
        assert throttle.wait_s("duty") == 0.0
        throttle.tried("duty")  # and none has ended yet
    assert throttle.wait_s("duty") == 1.0


# --- the cookie ---------------------------------------------------------------------------------


def test_the_cookie_is_named_by_the_end_and_bound_as_it_should_be() -> None:
    name = sessions.cookie_name("0123456789abcdef" * 4)
    assert name == "parley-01234567"
    plain = sessions.cookie(name, "A" * 43, secure=False)
    assert plain == f"parley-01234567={'A' * 43}; Max-Age=43200; Path=/; HttpOnly; SameSite=Lax"
    assert sessions.cookie(name, "A" * 43, secure=True) == plain + "; Secure"
    assert sessions.no_cookie(name) == "parley-01234567=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"


@pytest.mark.parametrize(
    ("header", "token"),
    [
        (f"parley-01234567={'A' * 43}", "A" * 43),
        (f"x=y; parley-01234567={'A' * 43}; z", "A" * 43),
        (f"parley-89abcdef={'B' * 43}; parley-01234567={'A' * 43}", "A" * 43),
        (f"parley-01234567=short; parley-01234567={'A' * 43}", "A" * 43),
        (f"parley-01234567={'A' * 44}", ""),
        (f'parley-01234567="{"A" * 43}"', ""),
        (f"Parley-01234567={'A' * 43}", ""),
        ("parley-01234567=", ""),
        (";;;===", ""),
        ("", ""),
        ("x" * 1_000_000 + f"; parley-01234567={'A' * 43}", ""),
    ],
)
def test_the_token_is_read_from_a_cookie_header_and_nothing_else_is(header: str, token: str) -> None:
    assert sessions.tokens_of(header, "parley-01234567")[:1] == ((token,) if token else ())


# --- slow clients -------------------------------------------------------------------------------


class Hasty(Patient):
    """One that waits a moment only."""

    HEAD_S = 0.1
    READING_S = 0.1


@contextlib.asynccontextmanager
async def served(app: Any, protocol: type[Patient]) -> AsyncIterator[int]:
    """The port on loopback where a server as the console's answers."""
    config = uvicorn.Config(
        app,
        http=protocol,
        lifespan="off",
        log_level="critical",
        timeout_keep_alive=60,
        limit_concurrency=CONNECTIONS_MAX,
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listening := socket.create_server(("127.0.0.1", 0))])
    try:
        yield listening.getsockname()[1]
    finally:
        for open_one in list(server.server_state.connections):
            open_one.transport.abort()
        server.servers[0].close()
        listening.close()


async def plain(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


async def much(scope: Any, receive: Any, send: Any) -> None:
    """More than the ways between two processes hold."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(1000):
        await send({"type": "http.response.body", "body": bytes(1 << 16), "more_body": True})


async def ended(reader: asyncio.StreamReader) -> bool:
    """True once the other side has let go."""
    async with asyncio.timeout(10):
        with contextlib.suppress(ConnectionError):
            while await reader.read(1 << 16):
                pass
    return True


async def closed(*writers: asyncio.StreamWriter) -> None:
    for writer in writers:
        writer.close()
    await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)


HALF = b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "
WHOLE = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def test_connections_that_say_nothing_do_not_keep_an_officer_out() -> None:
    async def course() -> None:
        async with served(plain, Patient) as port:
            idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3 * CONNECTIONS_MAX // 2)]
            for _, writer in idle[::2]:
                writer.write(HALF)
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(WHOLE)
            async with asyncio.timeout(10):
                assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
            assert await ended(idle[0][0]), "the oldest makes room"
            await closed(writer, *(writer for _, writer in idle))

    asyncio.run(course())


@pytest.mark.parametrize("before", [(b"",), (HALF,), (WHOLE, HALF)])
def test_a_request_whose_head_does_not_come_is_let_go(before: tuple[bytes, ...]) -> None:
    async def course() -> None:
        async with served(plain, Hasty) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for asked in before:
                writer.write(asked)
                if asked == WHOLE:
                    assert await reader.readuntil(b"ok")
            assert await ended(reader)
            await closed(writer)

    asyncio.run(course())


def test_who_asks_and_does_not_read_is_let_go() -> None:
    async def course() -> None:
        gone = asyncio.Event()

        async def app(scope: Any, receive: Any, send: Any) -> None:
            try:
                await much(scope, receive, send)
            finally:
                gone.set()

        async with served(app, Hasty) as port:
            _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
            writer.write(WHOLE)
            async with asyncio.timeout(10):
                await gone.wait()
            await closed(writer)

    asyncio.run(course())


def test_forms_that_come_slowly_make_room_for_one_that_comes_whole() -> None:
    answered: list[int] = []

    async def refusal(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 408, "headers": []})

    guard = Guard(plain, ("x",), lambda refused: refusal)

    async def form(*chunks: bytes | None) -> None:
        waiting = list(chunks)

        async def receive() -> dict[str, Any]:
            chunk = waiting.pop(0)
            if chunk is None:
                await asyncio.Event().wait()
            return {"type": "http.request", "body": chunk, "more_body": bool(waiting)}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                answered.append(message["status"])

        headers = {
            b"host": b"x",
            b"content-type": b"application/x-www-form-urlencoded",
            b"sec-fetch-site": b"same-origin",
        }
        await guard({"type": "http", "method": "POST", "headers": list(headers.items())}, receive, send)

    async def course() -> None:
        slow = [asyncio.ensure_future(form(b"a=", None)) for _ in range(BODIES_MAX)]
        await asyncio.sleep(0)
        await form(b"a=", b"b")
        assert answered == [200]
        done, pending = await asyncio.wait(slow, timeout=10, return_when=asyncio.FIRST_COMPLETED)
        assert done == {slow[0]} and answered == [200, 408]
        for task in pending:
            task.cancel()

    asyncio.run(course())
