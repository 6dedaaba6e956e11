"""The demonstration one can act in: `run` plays the story up to a morning, then both ends stay up and live on.

`course` says which part of the scenario is played and which is the visitor's; `live` has both ends at work, joined
over loopback through a `tap` for each wire; `autopilot` acts for an end that is left to itself; `story` sees where
the visitor is; `proof` exports, verifies and flips a byte; `house` holds all of it; `guide` shows it, in `words`, and
serves the public sites of both ends beside it;
`switchboard` is before each console, and answers while its end is closed.

Its ends are not meant to keep anything: their homes lie in a folder that is deleted, they open with a passphrase
that everybody knows, and what they write is not forced to the disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final, TypeAlias

from parley.console.serving import listen, serving, stop_when_told
from parley.core.errors import LocalError, Sentence
from parley.demo import guide
from parley.demo.course import Course
from parley.demo.house import House, Place
from parley.scenario import Scenario
from parley.scenario.player import Progress

_LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
_ANY: Final = ("0.0.0.0", "::")
LEAVE_S: Final = 1  # for answers under way when all of it ends
Ready: TypeAlias = "Callable[[str, dict[str, str]], None]"
"""Told the address of the guide and, by party, of each console."""


def run(
    scenario: Scenario,
    folder: Path,
    bind: str,
    port: int,
    progress: Progress | None,
    ready: Ready,
) -> None:
    """Until a signal: the demonstration, with both homes in `folder`, which the caller deletes.

    The first party's console listens at `bind` on `port`, the second's on the port above it, the guide on the port
    below. `progress` is told what is played; `ready` the address of the guide and, by party, of each console, once
    all of them answer. Raises LocalError for what cannot start, RuntimeError for a fault of the program.
    """
    ports = {party.key: port + number for number, party in enumerate(scenario.parties)}
    listening = {key: _listen(bind, at) for key, at in (("guide", port - 1), *ports.items())}
    try:
        course = Course(replace(scenario, sync=False), folder, progress)
        course.play_to_start()
        allowed = (*_LOOPBACK, *({bind} - {*_LOOPBACK, *_ANY}))
        places = {
            key: Place(f"{key}.localhost", at, (f"{key}.localhost", *allowed)) for key, at in ports.items()
        }
        asyncio.run(_live(course, folder, places, f"http://localhost:{port - 1}", listening, ready))
    finally:
        for each in listening.values():
            each.close()


def _listen(bind: str, port: int) -> socket.socket:
    return listen(
        bind,
        port,
        lambda why: LocalError(
            Sentence(
                "the demonstration cannot listen on {bind}, port {port}: {why}", bind=bind, port=port, why=why
            ),
            Sentence("choose another port: parley demo --port N"),
        ),
    )


async def _live(
    course: Course,
    folder: Path,
    places: dict[str, Place],
    guide_url: str,
    listening: dict[str, socket.socket],
    ready: Ready,
) -> None:
    stop = asyncio.Event()
    faults = stop_when_told(stop)
    house = House(course, folder, places, guide_url)
    async with contextlib.AsyncExitStack() as parts:
        parts.push_async_callback(house.end)
        try:
            await house.open()
        except OSError as e:
            raise LocalError(
                Sentence("the wires of the demonstration cannot start: {why}", why=e.strerror or str(e))
            ) from None
        for key, switchboard in house.switchboards.items():
            await parts.enter_async_context(serving(switchboard, listening[key], leave_s=LEAVE_S))
        site = guide.app(house, allowed_hosts=next(iter(places.values())).allowed_hosts[1:])
        await parts.enter_async_context(serving(site, listening["guide"], leave_s=LEAVE_S))
        running = asyncio.create_task(house.run())
        running.add_done_callback(lambda task: None if task.cancelled() else stop.set())
        ready(guide_url, {key: f"http://{place.host}:{place.port}" for key, place in places.items()})
        await stop.wait()
        running.cancel()
        done = await asyncio.gather(running, return_exceptions=True)
        faults += [repr(e) for e in done if isinstance(e, Exception)]
        for switchboard in house.switchboards.values():
            switchboard.connect(None)  # open streams would keep the servers from stopping
    if faults:
        raise RuntimeError(f"a fault of this program stopped the demonstration ({faults[0]})")
