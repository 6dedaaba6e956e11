"""One end at work: bearers, the desk's socket, the console, until it is told to stop.

A module apart from `up`, which loads it while the passphrase of the home is being stretched.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import sys
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path
from typing import TypeVar

from parley import config, console
from parley.bearers.tcp import TcpBearer
from parley.cli import DONE, FAULT
from parley.config import Config
from parley.console.serving import listen, serving, stop_when_told
from parley.core.errors import LocalError
from parley.desk import Desk
from parley.desk.door import serve
from parley.home import Home
from parley.node import Node, Settings, SystemClock
from parley.site import Folder


async def run_end(home: Home, settings: Config, stop: asyncio.Event | None = None) -> int:
    """One end, until a signal or `stop`. Gives the exit code. Raises LocalError for what cannot start."""
    loop = asyncio.get_running_loop()
    stop = stop or asyncio.Event()
    faults = stop_when_told(stop)
    node = Node(
        home,
        clock=SystemClock(),
        timer=loop,
        entropy=os.urandom,
        settings=Settings(settings.life_s, settings.fresh_lives, announce_late_s=settings.announce_late_s),
    )
    if settings.site:
        node.announcing.publish_to(Folder(Path(settings.site).expanduser(), home.party))
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
        gc.collect()
        gc.freeze()  # what an end consists of stays: it need not be gone through again and again
        await stop.wait()
    if faults:
        print(f"parley: a fault of this program stopped the node ({faults[0]})", file=sys.stderr)
        print("Hint: nothing acknowledged is lost; start it again, and report this line", file=sys.stderr)
        return FAULT
    return DONE


def _bearer(b: config.BearerConfig) -> TcpBearer:
    try:
        return TcpBearer(b.name, listen=config.address(b.listen), dial=config.address(b.dial))
    except ValueError as e:
        raise LocalError(f"bearer {b.name} has no usable address: {e}", "mend it in parley.toml") from None


T = TypeVar("T")


@contextlib.asynccontextmanager
async def _console(desk: Desk, settings: Config) -> AsyncIterator[None]:
    app = console.app(desk, allowed_hosts=settings.console_hosts)
    bound = (settings.console_bind, settings.console_port)
    listening = listen(
        *bound,
        lambda why: LocalError(
            f"the console cannot listen on {bound[0]}, port {bound[1]}: {why}",
            "check console_bind in parley.toml, or choose another console_port",
        ),
    )
    async with serving(app, listening, leave_s=2):
        try:
            yield
        finally:
            app.end_streams()


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
