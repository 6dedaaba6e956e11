"""Two real ends on a virtual clock, joined by memory bearers, each with a desk and its console."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

from asgi_client import Browser

from parley.bearers.memory import MemoryBearer, memory_pair
from parley.console import app
from parley.core.accord import EVERY_DAY, Accord, Meaning, Slot
from parley.core.types import POWERS_ALL, Power, Precedence, Seconds
from parley.desk import Desk
from parley.desk.views import LineView
from parley.home import Home
from parley.keys import Cost
from parley.node import Node, Settings
from parley.scenario.clock import VirtualClock

START = int(datetime(2021, 7, 27, 0, 50, tzinfo=UTC).timestamp())
CHEAP = Cost(64, 1, 1)
SECRET = "correct horse"
ROOT = "root of it all"
HOSTS = ("127.0.0.1", "localhost")
OFFICERS = (("duty", "Duty officer"), ("chief", "Chief of the watch"), ("head", "Head of section"))


@dataclass
class End:
    """One party's end."""

    home: Home
    node: Node
    desk: Desk
    console: Any
    _signed_in: dict[str, Browser] = field(default_factory=dict)

    def line(self, name: str) -> LineView:
        return self.desk.line(name)

    def by(self, name: str) -> Browser:
        """A browser of this officer's own, signed in to this end's console; the same at each call."""
        if name not in self._signed_in:
            self._signed_in[name] = self.anew(name)
        return self._signed_in[name]

    def sign_in_again(self, name: str) -> None:
        """For one who signed out: from now on `by` gives a new browser."""
        del self._signed_in[name]

    def anew(self, name: str, console: Any = None) -> Browser:
        """Another browser, signed in; at another console of this end, if it is given."""
        browser = Browser(console or self.console)
        answer = browser.sign_in(name, SECRET)
        assert answer.status == 303, answer.text
        return browser

    def add(self, name: str, powers: Power) -> None:
        """One officer more, of this end alone."""
        self.desk.add_officer(name, name.capitalize(), powers, Precedence.FLASH, SECRET, ROOT, CHEAP)


def console_by(clock: Callable[[], float], desk: Desk) -> Any:
    """A console whose sessions live by another clock than this machine's."""
    with mock.patch("parley.console.time") as time:
        time.monotonic = clock
        return app(desk, allowed_hosts=HOSTS)


class Ends:
    """North and South. Alone at first; `pair` joins them, `open_line` makes a line and opens it."""

    def __init__(
        self, place: Path, *, names: tuple[str, str] = ("North", "South"), start: Seconds = START
    ) -> None:
        self.clock = VirtualClock(float(start))
        self.names = names
        self.north, self.south = (
            self._end(place / name.casefold().encode().hex()[:24], name) for name in names
        )
        self.bearers: list[MemoryBearer] = []

    def _end(self, path: Path, party: str) -> End:
        home = Home.create(path, party=party, passphrase=SECRET, root_passphrase=ROOT, cost=CHEAP, sync=False)
        node = Node(home, clock=self.clock, timer=self.clock, entropy=os.urandom, settings=Settings())
        desk = Desk(node)
        return End(home, node, desk, app(desk, allowed_hosts=HOSTS))

    def add_officers(self, *officers: tuple[str, str]) -> None:
        for end in (self.north, self.south):
            for name, office in officers or OFFICERS:
                end.desk.add_officer(name, office, POWERS_ALL, Precedence.FLASH, SECRET, ROOT, CHEAP)

    def pair(self) -> None:
        a, b = self.north.desk, self.south.desk
        cards = a.pair_card(ROOT), b.pair_card(ROOT)
        prints = a.fingerprint(), b.fingerprint()
        shares = a.pair_share(cards[1], prints[1], ROOT), b.pair_share(cards[0], prints[0], ROOT)
        a.pair_finish(self.names[1], cards[1], shares[1], ROOT)
        b.pair_finish(self.names[0], cards[0], shares[0], ROOT)

    def join(self, name: str = "cable", latency_s: float = 0.04) -> None:
        ours, theirs = memory_pair(self.clock, name=name, latency_s=latency_s)
        for end, bearer in ((self.north, ours), (self.south, theirs)):
            end.node.attach(bearer)
            bearer.open()
            self.bearers.append(bearer)

    def start(self) -> None:
        self.north.node.start()
        self.south.node.start()
        self.wait(5)

    def wait(self, seconds: float) -> None:
        self.clock.run_until(self.clock.wall() + seconds)

    def agree_line(self, agreed: Accord) -> None:
        terms = self.north.desk.offer_line(self.names[1], agreed, "duty", SECRET)
        self.wait(5)
        self.south.desk.agree(terms.ref, "duty", SECRET)
        self.wait(5)

    def restore(self, line: str, in_s: int = 60) -> None:
        terms = self.north.desk.offer_restore(line, int(self.clock.wall()) + in_s, "duty", SECRET)
        self.wait(5)
        self.north.desk.agree(terms.ref, "chief", SECRET)
        self.wait(5)
        for officer in ("duty", "chief"):
            self.south.desk.agree(terms.ref, officer, SECRET)
        self.wait(5)

    def close(self) -> None:
        for end in (self.north, self.south):
            end.node.stop()
            end.home.close()


def accord(
    name: str, purpose: str, *minutes: int, languages: tuple[str, ...] = ("ko", "en"), open_s: int = 3600
) -> Accord:
    """A line with a contact at each of `minutes` of the day (UTC), open for `open_s`."""
    slots = tuple(Slot(m, EVERY_DAY, Meaning.CHECK, None, open_s) for m in minutes)
    return Accord(name, os.urandom(16), purpose=purpose, languages=languages, schedule=slots)


def paired(
    place: Path, *lines: Accord, names: tuple[str, str] = ("North", "South"), office: str | None = None
) -> Ends:
    """Two ends with officers, paired, joined, running, each of `lines` agreed and open."""
    ends = Ends(place, names=names)
    ends.add_officers(*((name, office) for name, _ in OFFICERS if office))
    ends.pair()
    ends.join()
    ends.start()
    for agreed in lines or (accord("Liaison", "liaison between the two governments", 60),):
        ends.agree_line(agreed)
        ends.restore(agreed.name)
    ends.wait(61)
    return ends
