"""Sockets: the port of a TCP bearer, and the desk's own, with visitors who send rubbish, half of something, too
much, slowly, or nothing, one or many at a time. Afterwards whoever is honest is served as before.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import beside
from damage import TEXTS, json_value, spoilt, spoilt_json
from pair_of_ends import CHEAP, SECRET, Ends, paired

from parley.bearers.tcp import FRAME_BYTES_MAX, TcpBearer, TcpLimits
from parley.desk.ask import QUESTIONS
from parley.desk.door import LINE_BYTES_MAX, SOCKET_NAME, serve

HOST = "127.0.0.1"
WITHIN_S = 10.0
HONEST = b"\x01" * 41
assert beside


class Faults:
    """What the loop was told of failures of ours."""

    def __init__(self) -> None:
        self.found: list[str] = []
        asyncio.get_running_loop().set_exception_handler(self._failed)

    def _failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        self.found.append(f"{context.get('message')}: {context.get('exception')!r}")


# --- TCP --------------------------------------------------------------------------------------


def packet(frame: bytes, length: int | None = None) -> bytes:
    return (len(frame) if length is None else length).to_bytes(2, "big") + frame


def rubbish(chance: random.Random) -> bytes:
    """What a stranger sends: frames, half frames, lengths no frame has, protocols of others."""
    out = b""
    for _ in range(chance.randrange(1, 30)):
        frame = chance.randbytes(chance.choice((1, 9, 27, 41, 140, FRAME_BYTES_MAX)))
        out += chance.choice(
            (
                packet(frame), packet(frame), packet(frame), packet(frame)[: chance.randrange(1, len(frame) + 2)],
                packet(frame, chance.randrange(1 << 16)), b"\0\0", b"\xff\xff", b"GET / HTTP/1.1\r\n\r\n", frame,
            )
        )  # fmt: skip
    return out


async def visit(chance: random.Random, port: int) -> None:
    """One stranger: sends in pieces, now and then hangs up in the middle or says no more."""
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return
    data, slowly = rubbish(chance), chance.randrange(60)
    with contextlib.suppress(OSError):
        while data and not writer.is_closing():
            size = chance.choice((1, 2, 3)) if slowly > 0 else chance.choice((100, 1 << 16))
            writer.write(data[:size])
            data, slowly = data[size:], slowly - 1
            if chance.random() < 0.3:
                await writer.drain()
                await asyncio.sleep(0)
            if chance.random() < 0.01:
                break
    if chance.random() < 0.5:
        writer.transport.abort()
    else:
        await asyncio.sleep(0.01)
        writer.close()


async def at_the_port(chance: random.Random) -> None:
    faults = Faults()
    heard: list[bytes] = []
    news = asyncio.Event()

    def receive(frame: bytes) -> None:
        assert 1 <= len(frame) <= FRAME_BYTES_MAX
        heard.append(frame)
        news.set()

    bearer = TcpBearer("wire", listen=(HOST, 0), limits=TcpLimits(partial_timeout_s=0.2))
    bearer.attach(receive, lambda up: None)
    await bearer.start()
    assert bearer.bound_port is not None
    try:
        await asyncio.gather(*(visit(chance, bearer.bound_port) for _ in range(chance.choice((1, 3, 12)))))
        assert len(bearer._connections) <= TcpLimits().inbound_max
        reader, writer = await asyncio.open_connection(HOST, bearer.bound_port)
        writer.write(packet(HONEST))
        async with asyncio.timeout(WITHIN_S):
            while HONEST not in heard:
                news.clear()
                await news.wait()
            bearer.send(HONEST)
            assert await reader.readexactly(2 + len(HONEST)) == packet(HONEST)
        writer.close()
    finally:
        await bearer.aclose()
        await rest()
    assert not faults.found, faults.found


@contextmanager
def opened_tcp(folder: Path) -> Iterator[Callable[[str, frozenset[int] | None], int]]:
    """The door of a TCP bearer; each case has a bearer of its own."""

    def play(seed: str, steps: frozenset[int] | None) -> int:
        if steps is None:
            asyncio.run(at_the_port(random.Random(seed)))
        return 1

    yield play


# --- the desk's socket ------------------------------------------------------------------------


def good(ends: Ends, folder: Path) -> dict[str, object]:
    """Arguments that can be meant, by name."""
    desk = ends.north.desk
    messages, terms = desk.messages(), desk.terms()
    return {
        "name": "Liaison", "line": "Liaison", "text": "x", "by": "duty", "passphrase": SECRET, "precedence": "FLASH",
        "root_passphrase": "root of it all", "draft": "draft:1", "ref": messages[0].ref if messages else "draft:1",
        "pair": "South", "grounds": "x", "reason": "x", "grade": "seen", "office": "x", "powers": "release",
        "precedence_max": "FLASH", "opens_at": 4_000_000_000, "languages": "en", "slots": "09:00 check", "owners": ";",
        "civil_clocks": "0,0", "always_open": "", "most": 3, "path": str(folder / "out"), "fingerprint": "ab" * 32,
        "their_card": "AAAA", "their_share": "AAAA", "terms": terms[0].ref if terms else "00000000",
    }  # fmt: skip


def question(chance: random.Random, known: dict[str, object]) -> bytes:
    """One line: a question with arguments right and wrong, or JSON of chance, or bytes."""
    name = chance.choice(sorted(QUESTIONS))
    given = {key: known[key] for key in chance.sample(sorted(known), chance.randrange(6))}
    for key in list(given):
        if chance.random() < 0.3:
            given[key] = chance.choice((json_value(chance), chance.choice(TEXTS)))
    if name == "add_officer":  # its passphrase costs what it is to cost
        given["root_passphrase"] = "wrong"
    document: object = {"ask": name, "with": given}
    if chance.random() < 0.3:
        document = spoilt_json(chance, document)
    line = json.dumps(document).encode()
    if chance.random() < 0.2:
        line = spoilt(chance, line).replace(b"\n", b" ")
    if chance.random() < 0.03:
        line = chance.choice(
            (b"[" * 100_000, b'"' + b"x" * (LINE_BYTES_MAX + 10), b"1" * 5000, b"\xff" * 100)
        )
    return line + b"\n"


async def at_the_desk(chance: random.Random, ends: Ends, folder: Path) -> None:
    faults = Faults()
    home = ends.north.home.path
    known = good(ends, folder)
    server = await serve(ends.north.desk, home)
    try:
        path = str(home / SOCKET_NAME)
        await asyncio.gather(*(ask(chance, path, known) for _ in range(chance.choice((1, 2, 12)))))
        reader, writer = await asyncio.open_unix_connection(path, limit=1 << 26)
        writer.write(b'{"ask": "status", "with": {}}\n')
        async with asyncio.timeout(WITHIN_S):
            assert json.loads(await reader.readline())["answer"]["party"] == "North"
        writer.close()
    finally:
        server.close()
    await rest()
    assert not faults.found, faults.found


async def rest() -> None:
    """Waits until whoever still serves a visitor has seen him go."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    if others:
        await asyncio.wait(others, timeout=WITHIN_S)
    for _ in range(3):  # what was closed is let go by the loop
        await asyncio.sleep(0)


async def ask(chance: random.Random, path: str, known: dict[str, object]) -> None:
    """One visitor: some questions, each answered with one object of JSON, or the door is shut."""
    reader, writer = await asyncio.open_unix_connection(path, limit=1 << 26)
    with contextlib.suppress(ConnectionError, BrokenPipeError):
        for _ in range(chance.randrange(1, 5)):
            line = question(chance, known)
            if chance.random() < 0.05:
                writer.write(line[: len(line) // 2])  # half a question, and gone
                break
            writer.write(line)
            async with asyncio.timeout(WITHIN_S):
                answer = await reader.readline()
            if not answer:
                break
            found = json.loads(answer)
            assert ("answer" in found) != ("error" in found), answer[:300]
            if "error" in found:
                assert found["error"] and "\n" not in found["error"], found
    writer.close()


@contextmanager
def opened_desk(folder: Path) -> Iterator[Callable[[str, frozenset[int] | None], int]]:
    """The door of the desk's socket: one end for all cases, which goes on."""
    with mock.patch("parley.desk.Cost", lambda: CHEAP):
        ends = paired(folder / "e")
        ends.north.desk.compose("Liaison", "text", "duty")

        def play(seed: str, steps: frozenset[int] | None) -> int:
            if steps is None:
                asyncio.run(at_the_desk(random.Random(seed), ends, folder))
                ends.wait(1)
            return 1

        try:
            yield play
        finally:
            ends.close()
