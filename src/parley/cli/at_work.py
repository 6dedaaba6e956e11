"""One end at work: bearers, the desk's socket, the console, until it is told to stop.

A module apart from `up`, which loads it while the passphrase of the home is being stretched.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import TypeVar

import uvicorn

from parley import config, console
from parley.bearers.tcp import TcpBearer
from parley.cli import DONE, FAULT
from parley.config import Config
from parley.console.patience import CONNECTIONS_MAX, Patient
from parley.core.errors import LocalError
from parley.desk import Desk
from parley.desk.ask import serve
from parley.home import Home
from parley.node import Node, Settings, SystemClock


async def run_end(home: Home, settings: Config, stop: asyncio.Event | None = None) -> int:
    """One end, until a signal or `stop`. Gives the exit code. Raises LocalError for what cannot start."""
    loop = asyncio.get_running_loop()
    stop = stop or asyncio.Event()
    fault: list[str] = []

    def failed(_: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        fault.append(f"{context.get('message')}: {context.get('exception')!r}")
        stop.set()

    loop.set_exception_handler(failed)
    for name in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(ValueError, RuntimeError):
            loop.add_signal_handler(name, stop.set)
    node = Node(
        home,
        clock=SystemClock(),
        timer=loop,
        entropy=os.urandom,
        settings=Settings(settings.life_s, settings.fresh_lives),
    )
    bearers = [_bearer(described) for described in settings.bearers]
    for bearer, described in zip(bearers, settings.bearers, strict=True):
        node.attach(bearer, frozenset(described.lines) or None, pair=described.pair or None)
    desk = Desk(node)
    async with contextlib.AsyncExitStack() as parts:
        for bearer in bearers:
            await _started(bearer.start(), f"bearer {bearer.name}")
            parts.push_async_callback(bearer.aclose)
        door = await _started(serve(desk, home.path), "the desk's socket")
        parts.callback((home.path / "desk.sock").unlink, missing_ok=True)
        parts.callback(door.close)
        node.start()
        parts.callback(node.stop)
        if settings.console_port:
            await parts.enter_async_context(_console(desk, settings))
        _say(
            f"{home.party}: up at {home.path}"
            + (f", console at {_address(settings)}" if settings.console_port else "")
        )
        await stop.wait()
    if fault:
        print(f"parley: a fault of this program stopped the node ({fault[0]})", file=sys.stderr)
        print("Hint: nothing acknowledged is lost; start it again, and report this line", file=sys.stderr)
        return FAULT
    return DONE


def _bearer(b: config.BearerConfig) -> TcpBearer:
    try:
        return TcpBearer(b.name, listen=config.address(b.listen), dial=config.address(b.dial))
    except ValueError as e:
        raise LocalError(f"bearer {b.name} has no usable address: {e}", "mend it in parley.toml") from None


T = TypeVar("T")


class _Server(uvicorn.Server):
    """The server in our loop: the signals are ours."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def _console(desk: Desk, settings: Config) -> AsyncIterator[None]:
    app = console.app(desk, allowed_hosts=settings.console_hosts)
    server = _Server(
        uvicorn.Config(
            app,
            http=Patient,
            host=settings.console_bind,
            port=settings.console_port,
            log_level="error",
            access_log=False,
            server_header=False,
            limit_concurrency=CONNECTIONS_MAX,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=2,
        )
    )
    bound = (settings.console_bind, settings.console_port)
    try:
        family = socket.AF_INET6 if ":" in settings.console_bind else socket.AF_INET
        listening = socket.create_server(bound, family=family)
    except (OSError, ValueError) as e:
        why = str((isinstance(e, OSError) and e.strerror) or e).partition(" (")[0]
        raise LocalError(
            f"the console cannot listen on {bound[0]}, port {bound[1]}: {why}",
            "check console_bind in parley.toml, or choose another console_port",
        ) from None
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield
    finally:
        app.end_streams()
        server.should_exit = True
        await task
        listening.close()


async def _started(begun: Awaitable[T], what: str) -> T:
    try:
        return await begun
    except OSError as e:
        raise LocalError(
            f"{what} cannot start: {e.strerror or e}", "check the address in parley.toml, and that it is free"
        ) from None


def _address(settings: Config) -> str:
    return f"http://{settings.console_hosts[0]}:{settings.console_port} (bound to {settings.console_bind})"


def _say(words: str) -> None:
    if sys.stderr.isatty():
        print(words, file=sys.stderr)
