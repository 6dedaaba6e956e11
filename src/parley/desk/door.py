"""The desk's door for programs: questions and answers, one JSON object a line, over a Unix-domain socket.

The socket lies in the home, for its owner only; what may be done with it is what the passphrases given allow.
Answers come in the order of the questions of a connection, which may ask the next before it has the answer.
Questions that lie there together and only sign, draft or acknowledge are durable by one commit, before the first of
their answers leaves; each stands or falls alone.

Two questions are of a connection and not of the desk. `sign_in` opens an officer's key for as long as the connection
lasts: a question that takes a passphrase may then leave it out where `by` is that officer. `follow` answers
"following", and from then on one line {"followed": {"line": NAME, "our_size": N, "at_their_end": M}} for each line
of which that changed: M entries of our log are signed for by their node, and their receipt is durable here.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path

from parley.core.errors import LocalError, RemoteError
from parley.desk import Desk, Unlocked, unlock
from parley.desk.ask import Json, act, check

LINE_BYTES_MAX = 1 << 20
SOCKET_NAME = "desk.sock"
SOCKET_PATH_BYTES_MAX = 103  # of sun_path: 104 with its end on BSD and macOS, 108 on Linux
UNANSWERED_MAX = 64  # questions of one connection; beyond that it is not read
TOGETHER_MAX = 32  # questions of one commit
_TOGETHER = frozenset(("compose", "release", "acknowledge"))  # what writes nothing but record and journal


class Asking:
    """One connection: the key it was given, what it follows, and how many answers it is owed."""

    def __init__(
        self, desk: Desk, tell: Callable[[bytes], None], has_room: Callable[[], bool] = lambda: True
    ) -> None:
        """`tell`: takes a line for the other side of the connection. `has_room`: whether that reads what it is told."""
        self._desk, self.tell, self._has_room = desk, tell, has_room
        self._key: Unlocked | None = None
        self._told: dict[bytes, tuple[int, int]] = {}
        self._leave: Callable[[], None] | None = None
        self.owed = 0
        self.settled = asyncio.Event()  # set at each answer

    def answer(self, name: str, given: dict[str, Json]) -> bytes:
        """One answer line to one question."""
        return self.act(name, given)()

    def act(self, name: str, given: dict[str, Json]) -> Callable[[], bytes]:
        """Does what is asked, and gives what makes the answer line: to be called once it is durable."""
        try:
            found = self._act(name, given)
        except (LocalError, RemoteError, OSError) as e:
            return partial(_told, e)

        def answer() -> bytes:
            try:
                return _line({"answer": found()})
            except (LocalError, RemoteError, OSError) as e:
                return _told(e)

        return answer

    def close(self) -> None:
        """The connection is gone: the key is let go, nothing is followed any more."""
        if self._leave is not None:
            self._leave()
        self._key = self._leave = None

    def _act(self, name: str, given: dict[str, Json]) -> Callable[[], Json]:
        match name:
            case "sign_in":
                check(name, _sign_in, given)
                key = unlock(self._desk.home_path, str(given["by"]), str(given["passphrase"]))
                powers: Json = list(self._desk.powers(key.name))
                self._desk.note_sign_in(key.name)  # which may refuse: then nobody is signed in
                self._key = key
                return lambda: powers
            case "follow":
                check(name, _follow, given)
                if self._leave is None:
                    self._told = self._desk.at_their_end()
                    self._leave = self._desk.on_change(self._follow)
                return lambda: "following"
            case "":
                raise LocalError("this is not a question", 'one JSON object a line: {"ask": ..., "with": {}}')
            case _:
                return act(self._desk, name, self._key, **given)

    def _follow(self) -> None:
        if not self._has_room():
            return  # it is told with the next change after it has read
        now = self._desk.at_their_end()
        for line, (our_size, there) in now.items():
            if self._told.get(line) != (our_size, there):
                told: Json = {"line": self._desk.line_name(line), "our_size": our_size, "at_their_end": there}
                self.tell(_line({"followed": told}))
        self._told = now


def _sign_in(desk: Desk, by: str, passphrase: str) -> None:
    """What `sign_in` takes."""


def _follow(desk: Desk) -> None:
    """What `follow` takes: nothing."""


class Door:
    """The questions of all connections, answered in the order in which they came."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._waiting: deque[tuple[Asking, str, dict[str, Json]]] = deque()
        self._scheduled = False

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until it ends and has its answers."""

        def has_room() -> bool:
            return writer.transport.get_write_buffer_size() <= LINE_BYTES_MAX

        asking = Asking(self._desk, writer.write, has_room)
        try:
            with contextlib.suppress(OSError, ValueError, asyncio.LimitOverrunError):
                while line := await reader.readline():
                    name, given = _question(line)
                    self._put(asking, name, given)
                    while asking.owed >= (UNANSWERED_MAX if name in _TOGETHER else 1):
                        await _answered(asking)  # an answer of another kind may be long
                    await writer.drain()
            while asking.owed:
                await _answered(asking)
        finally:
            asking.close()
            writer.close()

    def _put(self, asking: Asking, name: str, given: dict[str, Json]) -> None:
        asking.owed += 1
        self._waiting.append((asking, name, given))
        self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._run)

    def _run(self) -> None:
        """Answers one question, or as many of one name as may be together."""
        self._scheduled = False
        taken = [self._waiting.popleft()]
        name = taken[0][1]
        most = TOGETHER_MAX if name in _TOGETHER else 1
        while self._waiting and self._waiting[0][1] == name and len(taken) < most:
            taken.append(self._waiting.popleft())
        if self._waiting:
            self._schedule()
        try:
            for (asking, _, _), answer in zip(taken, self._answers(taken), strict=True):
                asking.tell(answer)
        finally:  # also after a fault of ours: a connection that waited for ever would keep the process
            for asking, _, _ in taken:
                asking.owed -= 1
                asking.settled.set()

    def _answers(self, taken: list[tuple[Asking, str, dict[str, Json]]]) -> list[bytes]:
        if taken[0][1] not in _TOGETHER:
            asking, name, given = taken[0]
            return [asking.answer(name, given)]
        try:
            with self._desk.together():
                acted = [asking.act(name, given) for asking, name, given in taken]
        except LocalError as e:
            return [_told(e)] * len(taken)
        return [answer() for answer in acted]


async def _answered(asking: Asking) -> None:
    asking.settled.clear()
    await asking.settled.wait()


def _question(line: bytes) -> tuple[str, dict[str, Json]]:
    """Name and arguments; an empty name for what is no question."""
    try:
        question = json.loads(line)
        name, given = question["ask"], question.get("with", {})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "", {}
    well = isinstance(name, str) and isinstance(given, dict) and all(isinstance(k, str) for k in given)
    return (name, given) if well else ("", {})


async def serve(desk: Desk, home: Path) -> asyncio.Server:
    """Answers questions on the socket of the home, which only its owner may open. Raises OSError, or
    LocalError for a home too deep for a socket's name."""
    path = home / SOCKET_NAME
    spare = SOCKET_PATH_BYTES_MAX - len(os.fsencode(path))
    if spare < 0:
        raise LocalError(
            f"the path of this home is {-spare} bytes too long for the desk's socket",
            "move the home, on the same disk, to a shorter path",
        )
    with contextlib.suppress(FileNotFoundError):
        path.unlink()  # we hold the home's lock: whoever made it is gone
    before = os.umask(0o177)
    try:
        return await asyncio.start_unix_server(Door(desk).meet, path=str(path), limit=LINE_BYTES_MAX)
    finally:
        os.umask(before)


def _told(e: LocalError | RemoteError | OSError) -> bytes:
    """A refusal as an answer line."""
    match e:
        case LocalError():
            return _line({"error": e.text, "hint": e.hint})
        case RemoteError():
            return _line({"error": e.text, "hint": ""})
        case _:  # a file of the home that is not there, or may not be read
            words = f"the system refused: {e.strerror or e}" + (f" ({e.filename})" if e.filename else "")
            return _line({"error": words, "hint": "look before you repeat: parley status"})


_ENCODER = json.JSONEncoder(ensure_ascii=False)


def _line(value: dict[str, Json]) -> bytes:
    return _ENCODER.encode(value).encode("utf-8", "replace") + b"\n"
