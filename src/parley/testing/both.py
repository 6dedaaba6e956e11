"""Two ends in this process: real homes on a disk, paired, with officers, on a virtual clock and a link in memory.

What tries ends from without (a power cut, a kill) begins with two of them between which a line is open. Here they
are made as people make them, through the desk; nothing is faked but time and the way between them. Passphrases
cost the least that Argon2id takes, and are one and the same for all.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from parley.bearers import Bearer, nobody
from parley.bearers.memory import MemoryBearer, memory_pair
from parley.core.accord import Accord
from parley.core.types import NONCE_BYTES, POWERS_ALL, Precedence
from parley.desk import Desk
from parley.home import Home
from parley.keys import Cost
from parley.node import Node, Settings
from parley.scenario.clock import VirtualClock

CHEAP: Final = Cost(64, 1, 1)
WORDS: Final = "only for a trial"
PARTIES: Final = ("North", "South")
OFFICERS: Final = ("duty", "chief")
LATENCY_S: Final = 0.01

Sent = Callable[[int, bytes], None]  # which end (0 or 1), and the frame that leaves it


class End:
    """One end: its folder, and, while it is up, its home, node and desk."""

    def __init__(self, index: int, path: Path) -> None:
        self.index, self.path, self.party = index, path, PARTIES[index]
        self._running: tuple[Home, Node, Desk] | None = None

    @property
    def up(self) -> bool:
        return self._running is not None

    @property
    def home(self) -> Home:
        return self._sure()[0]

    @property
    def node(self) -> Node:
        return self._sure()[1]

    @property
    def desk(self) -> Desk:
        return self._sure()[2]

    def _sure(self) -> tuple[Home, Node, Desk]:
        assert self._running is not None, "the end is down"
        return self._running


class Both:
    """North and South. `folder`: where their homes are, or are to be; `start`: Unix seconds.

    `sent` hears of each frame as a node hands it to the bearer; `build` is the node to try; `sync`: whether the
    homes wait for the disk.
    """

    def __init__(
        self,
        folder: Path,
        start: float,
        *,
        sent: Sent | None = None,
        build: type[Node] = Node,
        sync: bool = False,
        entropy: Callable[[int], bytes] = os.urandom,
        settings: Settings | None = None,
    ) -> None:
        self.clock = VirtualClock(start)
        self.ends = (End(0, folder / "north"), End(1, folder / "south"))
        self._build, self._sync, self._entropy = build, sync, entropy
        self._settings = settings or Settings(life_s=20)
        self._inner = memory_pair(self.clock, name="cable", latency_s=LATENCY_S)
        self._bearers = [
            _Tap(end.index, inner, sent) for end, inner in zip(self.ends, self._inner, strict=True)
        ]
        self.link = self._inner[0].link

    @property
    def desks(self) -> tuple[Desk, Desk]:
        return self.ends[0].desk, self.ends[1].desk

    def wait(self, seconds: float) -> None:
        """Time passes, and with it all that is due."""
        self.clock.run_until(self.clock.wall() + seconds)

    # --- an end goes up and down

    def create(self) -> None:
        """New homes, two officers each, and a pairing; both are up then."""
        for end in self.ends:
            home = Home.create(
                end.path,
                party=end.party,
                passphrase=WORDS,
                root_passphrase=WORDS,
                cost=CHEAP,
                sync=self._sync,
            )
            self._begin(end, home)
            for name in OFFICERS:
                end.desk.add_officer(
                    name, f"{name} officer", POWERS_ALL, Precedence.FLASH, WORDS, WORDS, CHEAP
                )
        one, two = self.desks
        cards = (one.pair_card(WORDS), two.pair_card(WORDS))
        shares = (
            one.pair_share(cards[1], two.fingerprint(), WORDS),
            two.pair_share(cards[0], one.fingerprint(), WORDS),
        )
        one.pair_finish(PARTIES[1], cards[1], shares[1], WORDS)
        two.pair_finish(PARTIES[0], cards[0], shares[0], WORDS)
        self.wait(2)

    def start(self, end: End) -> None:
        """The end is up again, from what is on its disk."""
        self._begin(end, Home.open(end.path, WORDS, sync=self._sync))

    def _begin(self, end: End, home: Home) -> None:
        try:
            node = self._build(
                home, clock=self.clock, timer=self.clock, entropy=self._entropy, settings=self._settings
            )
        except BaseException:
            home.close()
            raise
        end._running = (home, node, Desk(node))
        node.attach(self._bearers[end.index])
        node.start()
        self._inner[end.index].open()

    def stop(self, end: End) -> None:
        """Stopped in order."""
        self._inner[end.index].close()
        end.node.stop()
        end.home.close()
        end._running = None

    def fall(self, end: End) -> None:
        """Stopped as it stands; nothing more is written, but what closing its files writes."""
        self._inner[end.index].close()
        end.node.crash()
        end._running = None

    def close(self) -> None:
        for end in self.ends:
            if end.up:
                self.stop(end)

    # --- what both do together

    def add_line(self, name: str, quorum_restore: int = 1) -> None:
        """A line, offered by North and agreed to by South; not open yet."""
        agreed = Accord(
            name, self._entropy(NONCE_BYTES), languages=("en", "ko"), quorum_restore=quorum_restore
        )
        offered = self.desks[0].offer_line(PARTIES[1], agreed, "duty", WORDS)
        self.wait(2)
        self.desks[1].agree(offered.ref, "duty", WORDS)
        self.wait(2)

    def open_line(self, name: str, by: int = 0) -> None:
        """Opens a line at once, or again: as many officers of each side as its accord wants."""
        first, second = self.ends[by], self.ends[1 - by]
        room = next(room for room in first.node.rooms() if room.line.accord.name == name)
        quorum = room.line.accord.quorum_restore
        terms = first.desk.offer_restore(name, first.node.now(), OFFICERS[0], WORDS)
        self.wait(2)
        for end in (first, second):
            for officer in OFFICERS[:quorum]:
                if (end, officer) != (first, OFFICERS[0]):
                    end.desk.agree(terms.ref, officer, WORDS)
        self.wait(2)

    def unsettled(self) -> str:
        """Why the two ends do not hold the same yet; empty when they do."""
        one, two = ({room.id: room for room in end.node.rooms()} for end in self.ends)
        if one.keys() != two.keys():
            return "the ends have different lines"
        for line, room in one.items():
            for mine, other in ((room, two[line]), (two[line], room)):
                sent, held = mine.line.our_log, other.line.their_log
                if (sent.size, sent.tree.root) != (held.size, held.tree.root):
                    return f"{room.name}: of {sent.size} entries of one end the other holds {held.size}"
                end = self.ends[0] if mine is room else self.ends[1]
                view = end.desk.line(mine.name)
                if view.agree == "difference":
                    return f"{room.name}: {end.party} finds a record difference"
                if view.declared == "OPEN" and any(not w.kept_back for w in end.home.store.waiting(line)):
                    return f"{room.name}: something waits at {end.party} for nothing"
        return ""


class _Tap:
    """A bearer as the node sees it, with somebody listening to what is handed to it."""

    def __init__(self, index: int, inner: MemoryBearer, sent: Sent | None) -> None:
        self.name, self.traits = inner.name, inner.traits
        self._index, self._inner, self._sent = index, inner, sent

    @property
    def up(self) -> bool:
        return self._inner.up

    def attach(
        self,
        receive: Callable[[bytes], None],
        changed: Callable[[bool], None],
        ready: Callable[[], None] = nobody,
    ) -> None:
        self._inner.attach(receive, changed, ready)

    async def start(self) -> None:
        self._inner.open()

    def send(self, frame: bytes) -> bool:
        if self._sent is not None:
            self._sent(self._index, frame)
        return self._inner.send(frame)

    async def aclose(self) -> None:
        self._inner.close()


_: type[Bearer] = _Tap  # the seam, whole
