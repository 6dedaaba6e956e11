"""Two paired ends on a virtual clock, each with its desk and nothing above it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from parley.bearers.memory import MemoryBearer, memory_pair
from parley.core.accord import EVERY_DAY, Accord, Meaning, Slot
from parley.core.types import POWERS_ALL, Power, Precedence
from parley.desk import Desk
from parley.home import Home
from parley.keys import Cost
from parley.node import Node, Settings
from parley.scenario.clock import VirtualClock

START = int(datetime(2021, 7, 27, 0, 50, tzinfo=UTC).timestamp())
CHEAP = Cost(64, 1, 1)
SECRET = "correct horse"
CONTACT_MINUTE = 120  # of the day, UTC


@dataclass
class End:
    home: Home
    node: Node
    desk: Desk


class Pair:
    """North and South with one open line, Liaison, unless told otherwise. Officers of both: duty and chief with all
    powers, guest with none."""

    def __init__(self, place: Path, *lines: str, slots: bool = False) -> None:
        self.clock = VirtualClock(float(START))
        self.place = place
        self.north, self.south = (self._made(name) for name in ("North", "South"))
        a, b = self.north.desk, self.south.desk
        cards = a.pair_card(SECRET), b.pair_card(SECRET)
        prints = a.fingerprint(), b.fingerprint()
        shares = a.pair_share(cards[1], prints[1], SECRET), b.pair_share(cards[0], prints[0], SECRET)
        a.pair_finish("South", cards[1], shares[1], SECRET)
        b.pair_finish("North", cards[0], shares[0], SECRET)
        self.bearers: tuple[MemoryBearer, MemoryBearer] = memory_pair(
            self.clock, name="cable", latency_s=0.04
        )
        for end, bearer in zip((self.north, self.south), self.bearers, strict=True):
            end.node.attach(bearer)
            bearer.open()
            end.node.start()
        self.wait(5)
        schedule = (Slot(CONTACT_MINUTE, EVERY_DAY, Meaning.CHECK, None, 600),) if slots else ()
        for name in lines or ("Liaison",):
            agreed = Accord(name, os.urandom(16), languages=("ko", "en"), schedule=schedule, quorum_restore=1)
            terms = a.offer_line("South", agreed, "duty", SECRET)
            self.south.desk.agree(self._offered(terms.ref), "duty", SECRET)
            self.wait(5)
            self.open(name)
        self.begun = int(self.clock.wall())  # when all of that is done

    def _made(self, party: str) -> End:
        home = Home.create(
            self.place / party, party=party, passphrase=SECRET, root_passphrase=SECRET, cost=CHEAP, sync=False
        )
        end = self._end(home)
        for name, powers in (("duty", POWERS_ALL), ("chief", POWERS_ALL), ("guest", Power.NONE)):
            end.desk.add_officer(name, f"{name} office", powers, Precedence.FLASH, SECRET, SECRET, CHEAP)
        return end

    def _end(self, home: Home) -> End:
        node = Node(home, clock=self.clock, timer=self.clock, entropy=os.urandom, settings=Settings())
        return End(home, node, Desk(node))

    def _offered(self, ref: str) -> str:
        self.wait(5)
        return ref

    def open(self, line: str) -> None:
        terms = self.north.desk.offer_restore(line, int(self.clock.wall()), "duty", SECRET)
        self.south.desk.agree(self._offered(terms.ref), "duty", SECRET)
        self.wait(5)

    def wait(self, seconds: float) -> None:
        self.clock.run_until(self.clock.wall() + seconds)

    def cut_cable(self) -> None:
        self.bearers[0].link.go_down()

    def mend_cable(self) -> None:
        self.bearers[0].link.go_up()

    def start_again(self, end: End) -> None:
        """Kills the process of an end and begins it anew, without a bearer."""
        end.node.crash()
        made = self._end(Home.open(end.home.path, SECRET, sync=False))
        end.home, end.node, end.desk = made.home, made.node, made.desk

    def close(self) -> None:
        for end in (self.north, self.south):
            end.node.stop()
            end.home.close()

    def said(self, sender: End, text: str, precedence: str = "ROUTINE") -> str:
        """A message drafted and released; gives its ref at the sender."""
        draft = sender.desk.compose("Liaison", text, "duty", precedence=precedence, reason="a reason")
        return sender.desk.release(draft.ref, "chief", SECRET).ref


def theirs(ref: str) -> str:
    """The ref of a message at the end that received it."""
    return ref.replace(":ours:", ":theirs:")
