"""Two real ends whose clocks disagree by a minute, each with a public site in memory, on one virtual clock.

Every text is invented, by offices, and neutral to both sides.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from parley.bearers.memory import memory_pair
from parley.core.accord import Accord
from parley.core.errors import LocalError
from parley.core.instruments.announcement import Published
from parley.core.types import POWERS_ALL, ActKind, Power, Precedence
from parley.desk import Desk
from parley.desk.announcements import AnnouncementView
from parley.home import Home
from parley.keys import Cost
from parley.node import Node, Settings
from parley.scenario.clock import VirtualClock

START = 1_627_344_000  # 2021-07-27 00:00Z
HOUR = START + 7200
SECRET = "correct horse"
CHEAP = Cost(64, 1, 1)
POINTS = ("The lines are open again.", "Both sides will build trust.", "A summit is not decided.")
TEXTS = {
    "North": ("ko", "통신선 재개", "북남 사이의 모든 통신선이 다시 가동되었다. [지어낸 글]", (0, 1)),
    "South": ("en", "Lines open again", "All communication lines work again. [invented]", (0, 2)),
}


class Off:
    """A party's clock: the common one, set otherwise by some seconds, and wherever it was made to jump."""

    def __init__(self, common: VirtualClock, off_s: float) -> None:
        self.common, self.off_s = common, off_s

    def wall(self) -> float:
        return self.common.wall() + self.off_s

    def monotonic(self) -> float:
        return self.common.monotonic()


class Paper:
    """A public site in memory: what it said, and when by its own party's clock."""

    def __init__(self, clock: Off) -> None:
        self.clock, self.said, self.refuses = clock, {}, False
        self.writes = 0

    def write(self, published: Sequence[Published]) -> None:
        if self.refuses:
            raise LocalError("the folder is gone")
        self.writes += 1
        now = {one.announcement.title: one for one in published}
        assert set(self.said) <= set(now), "what was public is not there any more"
        self.said.update(
            {title: self.said.get(title, (one, self.clock.wall())) for title, one in now.items()}
        )

    def at(self, title: str) -> float:
        """When it was first there."""
        return self.said[title][1]


class End:
    def __init__(
        self, place: Path, party: str, common: VirtualClock, off_s: float, settings: Settings
    ) -> None:
        self.party, self.place, self.common, self.settings = party, place, common, settings
        self.clock = Off(common, off_s)
        self.site = Paper(self.clock)
        self.bearer = None
        made = Home.create(
            place, party=party, passphrase=SECRET, root_passphrase=SECRET, cost=CHEAP, sync=False
        )
        self._begin(made)
        for name, powers in (("duty", POWERS_ALL), ("chief", POWERS_ALL), ("watch", Power.ACKNOWLEDGE)):
            self.desk.add_officer(
                name, f"{name} of the {party}", powers, Precedence.FLASH, SECRET, SECRET, CHEAP
            )

    def _begin(self, home: Home) -> None:
        self.home = home
        self.node = Node(
            home, clock=self.clock, timer=self.common, entropy=os.urandom, settings=self.settings
        )
        self.node.announcing.publish_to(self.site)
        self.desk = Desk(self.node)

    def kill(self) -> None:
        self.node.crash()
        self.bearer.close()

    def open_for_a_command(self) -> None:
        """As a command does while the end is down: nothing is attached, and nothing runs."""
        self._begin(Home.open(self.place, SECRET, sync=False))

    def start_again(self) -> None:
        self._begin(Home.open(self.place, SECRET, sync=False))
        self.node.attach(self.bearer)
        self.node.start()
        self.bearer.open()

    def hour(self) -> AnnouncementView:
        return self.desk.announcements.all()[0]

    def draft(self, ref: str = "", **also: object) -> int:
        language, title, text, points = TEXTS[self.party]
        return self.desk.announcements.draft(
            ref or self.hour().ref, "duty", title, text, language=language, points=points, **also
        )

    def released(self, ref: str = "") -> int:
        number = self.draft(ref)
        self.desk.announcements.release(number, "chief", SECRET)
        return number

    def state(self, number: int) -> str:
        return next(t.state for t in self.desk.announcements.of_text(number).ours if t.number == number)

    def doubt(self, number: int) -> str:
        return next(t.doubt for t in self.desk.announcements.of_text(number).ours if t.number == number)

    @property
    def title(self) -> str:
        return TEXTS[self.party][1]

    def entered(self) -> int:
        room = next(r for r in self.node.rooms() if r.name == "Liaison")
        return len(self.home.store.acts(room.id, ActKind.ANNOUNCEMENT, room.pair.ours))


class Ends:
    """North by the common clock, South a minute ahead of it. One open line, Liaison."""

    def __init__(self, place: Path, **settings: object) -> None:
        self.common = VirtualClock(float(START))
        made = Settings(**settings)
        self.north = End(place / "n", "North", self.common, 0.0, made)
        self.south = End(place / "s", "South", self.common, 60.0, made)
        a, b = self.north.desk, self.south.desk
        cards = a.pair_card(SECRET), b.pair_card(SECRET)
        prints = a.fingerprint(), b.fingerprint()
        shares = a.pair_share(cards[1], prints[1], SECRET), b.pair_share(cards[0], prints[0], SECRET)
        a.pair_finish("South", cards[1], shares[1], SECRET)
        b.pair_finish("North", cards[0], shares[0], SECRET)
        bearers = memory_pair(self.common, name="cable", latency_s=0.04)
        self.link = bearers[0].link
        for end, bearer in zip((self.north, self.south), bearers, strict=True):
            end.bearer = bearer
            end.node.attach(bearer)
            bearer.open()
            end.node.start()
        self.wait(5)
        self._agree_on_line("Liaison")
        self.restore()

    def _agree_on_line(self, name: str) -> None:
        agreed = Accord(name, os.urandom(16), languages=("ko", "en"), quorum_restore=1)
        terms = self.north.desk.offer_line("South", agreed, "duty", SECRET)
        self.wait(5)
        self.south.desk.agree(terms.ref, "duty", SECRET)
        self.wait(5)

    def second_line(self) -> str:
        """One more line of the two, not opened yet; gives its name."""
        self._agree_on_line("Annex")
        return "Annex"

    def restore(self) -> None:
        terms = self.north.desk.offer_restore("Liaison", int(self.north.clock.wall()), "duty", SECRET)
        self.wait(5)
        self.south.desk.agree(terms.ref, "duty", SECRET)
        self.wait(70)

    def wait(self, seconds: float) -> None:
        self.until(self.common.wall() + seconds)

    def until(self, common: float) -> None:
        self.common.run_until(common)

    def agree_on(self, at: int = HOUR) -> str:
        terms = self.north.desk.announcements.offer_hour(
            "Liaison", at, "the lines open again", "duty", SECRET, POINTS
        )
        self.wait(5)
        self.south.desk.agree(terms.ref, "duty", SECRET)
        self.wait(5)
        return terms.ref

    def both(self) -> tuple[End, End]:
        return self.north, self.south
