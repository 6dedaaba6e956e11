"""Both ends at work in one process: real nodes, and for each bearer of the scenario a TCP connection with a tap.

One life lasts from an opening of both homes to their closing; before and after it the player has them. The
bearers run in the time of the event loop, the nodes in that of the demonstration's clock.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from parley.bearers.tcp import TcpBearer, TcpLimits
from parley.demo.tap import Tap, Wire
from parley.desk import Desk
from parley.home import Home
from parley.node import Node, Settings
from parley.scenario import DEMO_PASSPHRASE, Scenario
from parley.scenario.format import Party
from parley.scenario.paced import PacedClock
from parley.site import Folder

LIFE_S: Final = 10
_LIMITS: Final = TcpLimits(backoff_first_s=0.1, backoff_max_s=0.5)  # a wire that is mended is tried soon
_LOOPBACK: Final = "127.0.0.1"


@dataclass(slots=True)
class LiveEnd:
    """One party's end at work."""

    party: Party
    home: Home
    node: Node
    desk: Desk
    bearers: list[TcpBearer] = field(default_factory=list)


def site_of(folder: Path, party: str) -> Path:
    """Where the public site of a party lies."""
    return folder / "site" / party


class Live:
    """Both ends, and the wires between them by bearer."""

    def __init__(self, ends: dict[str, LiveEnd], taps: dict[str, Tap]) -> None:
        self.ends, self.taps = ends, taps

    @property
    def desks(self) -> dict[str, Desk]:
        return {key: end.desk for key, end in self.ends.items()}

    async def close(self) -> None:
        """Nodes stopped, wires gone, both homes let go; idempotent."""
        for end in self.ends.values():
            end.node.stop()
        for end in self.ends.values():
            for bearer in end.bearers:
                await bearer.aclose()
        for tap in self.taps.values():
            await tap.cut()
        for end in self.ends.values():
            end.home.close()
        self.ends, self.taps = {}, {}


async def open_ends(
    scenario: Scenario, folder: Path, clock: PacedClock, wire: Wire, up: Mapping[str, bool]
) -> Live:
    """The homes `folder`/PARTY opened and at work. `up`: by bearer, whether its wire carries from the start.
    Raises LocalError for a home that cannot be opened, OSError where loopback cannot be used."""
    live = Live({}, {})
    try:
        for party in scenario.parties:
            home = Home.open(folder / party.key, DEMO_PASSPHRASE, sync=False)
            node = Node(home, clock=clock, timer=clock, entropy=os.urandom, settings=Settings(life_s=LIFE_S))
            node.announcing.publish_to(Folder(site_of(folder, party.key), home.party))
            live.ends[party.key] = LiveEnd(party, home, node, Desk(node))
        names = {line.key: line.name for line in scenario.lines}
        listens, dials = live.ends.values()
        for plan in scenario.bearers:
            carried, latency_ms = frozenset(names[key] for key in plan.lines), round(plan.latency_s * 1000)
            near = TcpBearer(plan.key, listen=(_LOOPBACK, 0), limits=_LIMITS, latency_ms=latency_ms)
            await _begin(listens, near, carried)
            tap = Tap(
                plan.key,
                wire,
                dialler=dials.party.key,
                listener=listens.party.key,
                listener_port=near.bound_port or 0,
            )
            await tap.mend()
            live.taps[plan.key] = tap
            if not up[plan.key]:
                await tap.cut()
            far = TcpBearer(plan.key, dial=(_LOOPBACK, tap.port), limits=_LIMITS, latency_ms=latency_ms)
            await _begin(dials, far, carried)
        for end in live.ends.values():
            end.node.start()
    except BaseException:
        await live.close()
        raise
    return live


async def _begin(end: LiveEnd, bearer: TcpBearer, lines: frozenset[str]) -> None:
    end.node.attach(bearer, lines)
    await bearer.start()
    end.bearers.append(bearer)
