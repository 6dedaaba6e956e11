"""Two ends as they are in earnest: two processes of `parley up`, joined by TCP over loopback, each with a console.

Their homes are made in this process on a virtual clock that ends now: paired, with officers, three lines open. Then
each end is a process of its own, and everything after that goes through its console, as an officer would do it.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1] / "ends"))
from realends import WORDS, Live, Pair, RealEnd, empty, free_port

from parley.core.accord import EVERY_DAY, Accord, Meaning, Slot

LINES: Final = (("Liaison", "liaison between the two sides"), ("Military West", "notices, western sector"))
SPARE: Final = ("Ship to ship", "radio between vessels")
OFFICERS: Final = ("duty", "chief")
DAY_S: Final = 86400


class Site:
    """One running end and the address of its console."""

    def __init__(self, end: RealEnd, port: int) -> None:
        self.end, self.port = end, port
        self.party = end.party
        self.base = f"http://{end.party.lower()}.localhost:{port}"
        self.public = str(end.home.parent / f"{end.party.lower()}-public")

    def secret(self, officer: str) -> str:
        return WORDS[officer]

    def stall(self) -> None:
        """The process stands still, as on a machine that hangs."""
        assert self.end.process is not None
        self.end.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        if self.end.process is not None:
            self.end.process.send_signal(signal.SIGCONT)


class Sites:
    """North and South, up."""

    def __init__(self, north: Site, south: Site) -> None:
        self.north, self.south = north, south

    def __iter__(self) -> Iterator[Site]:
        return iter((self.north, self.south))


def _soon(now: float) -> tuple[Slot, ...]:
    """A contact that opened a minute ago, and one in some hours."""
    minute = int(now % DAY_S // 60)
    slots = (minute - 1) % 1440, (minute + 240) % 1440
    return tuple(Slot(m, EVERY_DAY, Meaning.CHECK, None, 1800) for m in sorted(slots))


def made(place: Path) -> Pair:
    """Two homes that were paired two hours ago and have three open lines."""
    pair, now = empty(place), time.time()
    live = Live(pair, float(int(now) - 2 * 3600))
    for name, purpose in (*LINES, SPARE):
        agreed = Accord(
            name,
            os.urandom(16),
            purpose=purpose,
            languages=("en", "ko"),
            civil_clocks=(540, 540),
            schedule=_soon(now) if name == LINES[0][0] else (),
        )
        terms = live.north.offer_line("South", agreed, "duty", WORDS["duty"])
        live.wait(5)
        live.south.agree(terms.ref, "duty", WORDS["duty"])
        live.wait(5)
        opening = live.north.offer_restore(name, int(live.clock.wall()) + 60, "duty", WORDS["duty"])
        live.wait(5)
        live.north.agree(opening.ref, "chief", WORDS["chief"])
        live.wait(5)
        for officer in OFFICERS:
            live.south.agree(opening.ref, officer, WORDS[officer])
        live.wait(70)
    live.close()
    return pair


@contextmanager
def running(place: Path) -> Iterator[Sites]:
    """Two ends, up until the end of the context."""
    pair, wire = made(place), free_port()
    sites = []
    for end, way in ((pair.north, "listen"), (pair.south, "dial")):
        site = Site(end, free_port())
        host = f"{end.party.lower()}.localhost"
        end.configure(
            f'site = "{site.public}"\nlife_s = 2\nconsole_port = {site.port}\nconsole_hosts = ["{host}"]\n'
            f'[bearer.cable]\n{way} = "127.0.0.1:{wire}"\n'
        )
        sites.append(site)
    try:
        pair.up()
        yield Sites(*sites)
    finally:
        for site in sites:
            site.go_on()
        pair.stop()
