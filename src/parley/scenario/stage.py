"""The stage of a scenario: two real ends with homes on disk, the links in memory between them, one virtual clock.

A stage is set up once: both ends are made, paired, and their lines agreed and opened. It can be left, which
closes both homes, and come back to later with the homes as they then are: what happened in between, and who
did it, is in the homes and nowhere else. What a node keeps in memory only is gone then, as at any restart.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from parley.bearers import Traits
from parley.bearers.memory import Link, MemoryBearer, memory_pair
from parley.core import suite
from parley.core.errors import LocalError
from parley.core.types import NONCE_BYTES, Power, Seconds
from parley.core.wire import entry as wire
from parley.desk import Desk
from parley.home import Home
from parley.keys import Cost, check_card
from parley.node import Node, Settings
from parley.scenario.clock import VirtualClock
from parley.scenario.format import LinePlan, Party, Scenario

DEMO_PASSPHRASE: Final = "demonstration only"
"""Opens the homes a play leaves, their root keys and their officers' keys, unless another is given."""

SETUP_S: Final = 1800
"""Both ends are made so long before the start, longer on slow bearers; the lines open five minutes before it."""

_OPENED_BEFORE_S: Final = 300
_PAIR_NAME_BYTES_MAX: Final = 32
_COST: Final = Cost(64, 1, 1)  # the passphrase is known to all; to stretch it would only cost time


class End:
    """One party's end: a home that stays, a node that may be killed and started again."""

    def __init__(self, party: Party, path: Path, stage: Stage) -> None:
        self.party, self.path, self._stage = party, path, stage
        self._entropy = random.Random(f"{stage.scenario.seed}/{party.key}")
        self._bearers: list[tuple[MemoryBearer, frozenset[str]]] = []
        self._home: Home | None = None
        self._node: Node | None = None
        self._desk: Desk | None = None

    @property
    def desk(self) -> Desk:
        """Raises LocalError while the end is down."""
        if self._desk is None:
            raise LocalError(f"the end of {self.party.key} is down", "restart it first")
        return self._desk

    @property
    def node(self) -> Node:
        """For those who look on from outside at every moment of a play. Raises LocalError while the end is down."""
        if self._node is None:
            raise LocalError(f"the end of {self.party.key} is down", "restart it first")
        return self._node

    def join(self, bearers: list[tuple[MemoryBearer, frozenset[str]]]) -> None:
        """The bearers of this end from now on, each with the names of the lines it carries."""
        self._bearers = bearers

    def create(self) -> None:
        words, scenario = self._stage.passphrase, self._stage.scenario
        home = Home.create(
            self.path,
            party=self.party.name,
            passphrase=words,
            root_passphrase=words,
            cost=_COST,
            sync=scenario.sync,
        )
        self._begin(home)

    def restart(self) -> None:
        """Raises LocalError when it is not down."""
        if self._node is not None:
            raise LocalError(f"the end of {self.party.key} is not down", "crash it first")
        self._begin(Home.open(self.path, self._stage.passphrase, sync=self._stage.scenario.sync))

    def _begin(self, home: Home) -> None:
        self._home = home
        clock = self._stage.clock
        settings = Settings(life_s=self._stage.scenario.sign_of_life_s)
        node = Node(home, clock=clock, timer=clock, entropy=self._entropy.randbytes, settings=settings)
        for bearer, lines in self._bearers:
            node.attach(bearer, lines=lines)
        self._node, self._desk = node, Desk(node)
        node.start()
        for bearer, _ in self._bearers:
            bearer.open()

    def crash(self) -> None:
        """Raises LocalError when it is down already."""
        if self._node is None:
            raise LocalError(f"the end of {self.party.key} is down already", "restart it first")
        self._let_go()
        self._node.crash()
        self._node = self._home = self._desk = None

    def close(self) -> None:
        """The node stopped, the home let go; nothing when it is down."""
        if self._node is not None:
            self._node.stop()
        if self._home is not None:
            self._let_go()
            self._home.close()
        self._node = self._home = self._desk = None

    def _let_go(self) -> None:
        for bearer, _ in self._bearers:
            bearer.close()


class Stage:
    """Both ends, the links between them, and the clock."""

    def __init__(self, scenario: Scenario, directory: Path, passphrase: str = DEMO_PASSPHRASE) -> None:
        """Nothing is made on disk yet: see `set_up`. The homes will be `directory`/PARTY."""
        self.scenario, self.passphrase, self.folder = scenario, passphrase, directory
        self._pause_s = 2 + 4 * max(bearer.latency_s for bearer in scenario.bearers)
        setup_s = max(SETUP_S, round(2 * _OPENED_BEFORE_S + 4 * self._pause_s * len(scenario.lines)))
        self.clock = VirtualClock(scenario.start - setup_s)
        self.ends = {p.key: End(p, directory / p.key, self) for p in scenario.parties}
        self.links: dict[str, Link] = {}
        self._join({plan.key: plan.up for plan in scenario.bearers})

    def wait(self, seconds: float) -> None:
        """Lets so many seconds pass."""
        self.clock.run_until(self.clock.wall() + seconds)

    def leave(self) -> None:
        """Both homes closed and free for others."""
        for end in self.ends.values():
            end.close()

    def come_back(self, at: float, up: Mapping[str, bool]) -> None:
        """Both ends at work again at `at` (Unix seconds), with the homes as they are; `up`: by bearer, whether it
        carries. The officer listed first has the watch at each end. Raises LocalError for a home that cannot be
        opened, and when the stage was not left."""
        self.clock = VirtualClock(at)
        self._join(up)
        for end in self.ends.values():
            end.restart()
            end.desk.take_watch(end.party.officers[0].login)

    def open_lines(self, lines: list[LinePlan], opens_at: Seconds) -> None:
        """Terms to open each of `lines` at `opens_at`, offered by the first party and agreed by both, with as many
        officers as the line wants. Raises LocalError where a desk refuses."""
        for line in lines:
            self._open(line, opens_at)

    def _join(self, up: Mapping[str, bool]) -> None:
        scenario = self.scenario
        names = {line.key: line.name for line in scenario.lines}
        ways: tuple[list[tuple[MemoryBearer, frozenset[str]]], ...] = ([], [])
        for plan in scenario.bearers:
            pair = memory_pair(
                self.clock,
                name=plan.key,
                traits=Traits(4096, round(plan.latency_s * 1000), True, False, 0),
                latency_s=plan.latency_s,
                chance=random.Random(f"{scenario.seed}/{plan.key}"),
            )
            carried = frozenset(names[key] for key in plan.lines)
            for side, bearer in zip(ways, pair, strict=True):
                side.append((bearer, carried))
            self.links[plan.key] = pair[0].link
            if not up[plan.key]:
                pair[0].link.go_down()
        for end, side in zip(self.ends.values(), ways, strict=True):
            end.join(side)

    # --- before the story

    def set_up(self) -> None:
        """Makes both ends, pairs them, agrees the lines and opens them."""
        for end in self.ends.values():
            end.create()
            for officer in end.party.officers:
                end.desk.add_officer(
                    officer.login,
                    officer.office,
                    officer.powers,
                    officer.precedence_max,
                    self.passphrase,
                    self.passphrase,
                    _COST,
                )
        parties = self._pair()
        self.wait(60)
        one, other = self.ends.values()
        chance = random.Random(f"{self.scenario.seed}/lines")
        for line in self.scenario.lines:
            by = _able(one.party, Power.ADMINISTER)
            agreed = line.accord(parties, chance.randbytes(NONCE_BYTES))
            offered = one.desk.offer_line(_pair_name(other.party), agreed, by, self.passphrase)
            self.wait(self._pause_s)
            other.desk.agree(offered.ref, _able(other.party, Power.ADMINISTER), self.passphrase)
            self.wait(self._pause_s)
        self.wait(60)
        opens_at = self.scenario.start - _OPENED_BEFORE_S
        self.open_lines([line for line in self.scenario.lines if line.opened], opens_at)
        for end in self.ends.values():
            end.desk.take_watch(end.party.officers[0].login)
        self.clock.run_until(self.scenario.start - 1)
        for line in self.scenario.lines:
            for end in self.ends.values():
                view = end.desk.line(line.name)
                if line.opened and view.declared != "OPEN":
                    raise LocalError(
                        f"the line {line.key!r} is {view.declared} at {end.party.key} after the set-up",
                        "report this: it is a fault of the program",
                    )

    def _pair(self) -> tuple[Party, Party]:
        """The pairing, as two administrators do it; gives the parties in the order of their index."""
        one, other = self.ends.values()
        words = self.passphrase
        cards = {end.party.key: end.desk.pair_card(words) for end in (one, other)}
        read = {key: check_card(card) for key, card in cards.items()}
        shares = {}
        for end, far in ((one, other), (other, one)):
            fingerprint = suite.key_id(read[far.party.key].root_key).hex()
            shares[end.party.key] = end.desk.pair_share(cards[far.party.key], fingerprint, words)
        for end, far in ((one, other), (other, one)):
            end.desk.pair_finish(_pair_name(far.party), cards[far.party.key], shares[far.party.key], words)
        ordered = sorted((one, other), key=lambda end: suite.sha256(wire.encode_card(read[end.party.key])))
        return ordered[0].party, ordered[1].party

    def _open(self, line: LinePlan, opens_at: Seconds) -> None:
        one, other = self.ends.values()
        able = {
            end.party.key: [o.login for o in end.party.officers if Power.RESTORE in o.powers][: line.quorum]
            for end in (one, other)
        }
        first, *rest = able[one.party.key]
        terms = one.desk.offer_restore(line.name, opens_at, first, self.passphrase)
        for login in rest:
            one.desk.agree(terms.ref, login, self.passphrase)
        self.wait(self._pause_s)
        for login in able[other.party.key]:
            other.desk.agree(terms.ref, login, self.passphrase)
        self.wait(self._pause_s)


def _pair_name(party: Party) -> str:
    """What the other end calls it: its name, or its key where the name cannot be that of a pair."""
    fits = len(party.name.encode()) <= _PAIR_NAME_BYTES_MAX and not {":", "/"} & {*party.name}
    return party.name if fits else party.key


def _able(party: Party, power: Power) -> str:
    found = party.first_with(power)
    if found is None:
        raise LocalError(
            f"no officer of {party.key} has the power {(power.name or '').lower()}",
            "give it to an officer: the lines are made by one who has it",
        )
    return found.login
