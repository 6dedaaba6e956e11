"""Serving an app in a loop that runs other things beside it: a listening socket, a server, and when all of it stops.

The signals are the loop's and not the server's: what runs beside it is to end in its own order.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator

import uvicorn
from starlette.types import ASGIApp

from parley.console.patience import CONNECTIONS_MAX, Patient
from parley.core.errors import LocalError


def stop_when_told(stop: asyncio.Event) -> list[str]:
    """From now on SIGTERM, SIGINT and a fault in the running loop set `stop`. Gives the list of such faults."""
    loop, faults = asyncio.get_running_loop(), list[str]()

    def failed(_: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        faults.append(f"{context.get('message')}: {context.get('exception')!r}")
        stop.set()

    loop.set_exception_handler(failed)
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(ValueError, RuntimeError):  # a loop that is not of the main thread
            loop.add_signal_handler(number, stop.set)
    return faults


def listen(bind: str, port: int, refused: Callable[[str], LocalError]) -> socket.socket:
    """A listening socket. Raises what `refused` makes of the reason why there is none."""
    try:
        return socket.create_server((bind, port), family=socket.AF_INET6 if ":" in bind else socket.AF_INET)
    except (OSError, OverflowError, ValueError) as e:
        raise refused(str((isinstance(e, OSError) and e.strerror) or e).partition(" (")[0]) from None


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, listening: socket.socket, *, leave_s: int) -> AsyncIterator[None]:
    """`app` served on a listening socket until the end of the context, which closes it. `leave_s`: how long answers
    that are under way then have; streams that do not end by themselves are to be ended before."""
    server = _Server(
        uvicorn.Config(
            app,
            http=Patient,
            lifespan="off",
            log_level="error",
            access_log=False,
            server_header=False,
            limit_concurrency=CONNECTIONS_MAX,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=leave_s,
        )
    )
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield
    finally:
        server.should_exit = True
        await task
        listening.close()


class _Server(uvicorn.Server):
    """The server in our loop: the signals are ours."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
