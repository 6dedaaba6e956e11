"""Two ends with a long past: fifty open lines, and as many entries as are wanted; made once and kept.

Every entry is made as an end makes it: an officer signs, a turn places, judges, folds and commits, our node adds
the statements it owes. Two things are left out to make it in minutes: the disk is not waited for, and an entry
crosses from one end to the other as a value and not in a frame. So both records are whole and agree, and no key of
a frame was used for them. An exchange is a message, its receipt, its acknowledgement and the receipt of that; of
each line the newest message stays open at a fifth of the lines, either way.

A home is bound to the place it was made in, so the ends are used where they lie, and never copied.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from parley.bearers.memory import memory_pair
from parley.core.accord import EVERY_DAY, Accord, Meaning, Slot
from parley.core.instruments import message
from parley.core.types import POWERS_ALL, ActKind, Body, Grade, Precedence
from parley.core.wire import entry as wire
from parley.desk import Desk
from parley.home import Home
from parley.keys import Cost, Signer, officer_signer, write_private
from parley.node import Node, Room, Settings
from parley.scenario.clock import VirtualClock
from parley.watch_log import Happened

PLACE = Path("build/bench")
FORM = 1  # of what is made here: another number makes it all again
QUICK = Cost(
    64, 1, 1
)  # of the officers' keys and the root; the end's own passphrase costs what it always does
WORDS = {"end": "end of the day", "root": "root of it all", "duty": "duty calls", "chief": "chief concern"}
PARTIES = ("North", "South")
STEP_S = 30
OPEN_EVERY = 5  # of so many lines one has a message open each way
TEXTS = (
    "Fishing boat adrift north of the line, three persons, no radio. Will you search, or may we?",
    "어선 한 척이 표류 중입니다. 승선원 세 명, 무전기 없음. 귀측에서 수색하시겠습니까?",
    "Exercise of the engineers tomorrow, 0900 to 1500, two kilometres from the road; blank rounds only.",
    "표류 어선을 확인했습니다. 예인선이 17시에 도착합니다.",
)


@dataclass(frozen=True)
class Ends:
    """Where two ends lie, and what they have: lines, and entries of both logs of all lines together."""

    place: Path
    lines: int
    entries: int
    made_in_s: float

    def home(self, party: str) -> Path:
        return self.place / party.lower()

    def secret(self, whose: str) -> Path:
        return self.place / "secrets" / whose


def kept(lines: int, entries: int) -> Ends:
    """The ends with so many lines and (to within an exchange a line) entries; made now if they are not there."""
    return kept_at(PLACE.resolve() / f"{lines}-lines-{entries}-entries", lines, entries)


def kept_at(place: Path, lines: int, entries: int, cost: Cost | None = None) -> Ends:
    """The same in a folder of their own. `cost`: of the passphrases of end and root; None for what it always is."""
    card = place / "made.json"
    try:
        found = json.loads(card.read_text())
        if found["form"] == FORM:
            return Ends(place, lines, found["entries"], found["made_in_s"])
    except (OSError, ValueError, KeyError):
        pass
    if sys.stderr.isatty():
        print(f"making two ends with {lines} lines and {entries} entries ...", file=sys.stderr)
    shutil.rmtree(place, ignore_errors=True)
    begun = time.monotonic()
    number = _Making(place, lines, entries, cost or Cost()).made()
    made_in_s = round(time.monotonic() - begun, 1)
    card.write_text(json.dumps({"form": FORM, "entries": number, "made_in_s": made_in_s}))
    return Ends(place, lines, number, made_in_s)


class _Making:
    """Two ends in this process while they are being made."""

    def __init__(self, place: Path, lines: int, entries: int, cost: Cost) -> None:
        self.place, self.lines, self.entries = place, lines, entries
        rounds = entries // 8 + 1
        start = int(time.time()) - rounds * STEP_S - 3600 * 2 - lines * 120
        self.clock = VirtualClock(float(start))
        for whose, words in WORDS.items():
            write_private(place / "secrets" / whose, words.encode() + b"\n")
        self.homes = [
            Home.create(
                place / party.lower(),
                party=party,
                passphrase=WORDS["end"],
                root_passphrase=WORDS["root"],
                cost=cost,
                sync=False,
            )
            for party in PARTIES
        ]
        self.nodes = [
            Node(h, clock=self.clock, timer=self.clock, entropy=os.urandom, settings=Settings(life_s=3600))
            for h in self.homes
        ]
        self.desks = [Desk(node) for node in self.nodes]

    def made(self) -> int:
        """Makes everything; gives the number of entries."""
        self._pair()
        for number in range(self.lines):
            self._line(f"Line {number + 1:02}")
        for node in self.nodes:
            node.stop()
        count = self._talk()
        for node in self.nodes:
            node.stop()
            node.home.close()
        return count

    def _wait(self, seconds: float) -> None:
        self.clock.run_until(self.clock.wall() + seconds)

    def _pair(self) -> None:
        (a, b), root = self.desks, WORDS["root"]
        for desk in self.desks:
            for name in ("duty", "chief"):
                desk.add_officer(
                    name, f"{name} officer", POWERS_ALL, Precedence.FLASH, WORDS[name], root, QUICK
                )
        cards = a.pair_card(root), b.pair_card(root)
        shares = a.pair_share(cards[1], b.fingerprint(), root), b.pair_share(cards[0], a.fingerprint(), root)
        a.pair_finish(PARTIES[1], cards[1], shares[1], root)
        b.pair_finish(PARTIES[0], cards[0], shares[0], root)
        for node, bearer in zip(
            self.nodes, memory_pair(self.clock, name="cable", latency_s=0.01), strict=True
        ):
            node.attach(bearer)
            bearer.open()
            node.start()
        self._wait(5)

    def _line(self, name: str) -> None:
        north, south = self.desks
        slot = Slot(60, EVERY_DAY, Meaning.CHECK, None, 3600)
        agreed = Accord(
            name, os.urandom(16), purpose=f"purpose of {name}", languages=("ko", "en"), schedule=(slot,)
        )
        offered = north.offer_line(PARTIES[1], agreed, "duty", WORDS["duty"])
        self._wait(5)
        south.agree(offered.ref, "duty", WORDS["duty"])
        self._wait(5)
        terms = north.offer_restore(name, int(self.clock.wall()) + 30, "duty", WORDS["duty"])
        self._wait(5)
        north.agree(terms.ref, "chief", WORDS["chief"])
        self._wait(5)
        for officer in ("duty", "chief"):
            south.agree(terms.ref, officer, WORDS[officer])
        self._wait(40)

    # --- the long past

    def _talk(self) -> int:
        chiefs = [officer_signer(node.home.path, "chief", WORDS["chief"]) for node in self.nodes]
        authors = [found.officer.author for found, _ in chiefs]
        signers: list[Signer] = [signer for _, signer in chiefs]
        names = [f"Line {number + 1:02}" for number in range(self.lines)]
        pairs = [self._rooms(name) for name in names]
        turn = 0
        while (have := self._count()) < self.entries:
            share = max(1, (self.entries - have) // (8 * self.lines) // 8)
            for rooms in pairs:
                for _ in range(share):
                    turn += 1
                    self._wait(STEP_S)
                    said = [
                        self._say(rooms, way, authors[way], signers[way], TEXTS[(turn + way) % len(TEXTS)])
                        for way in (0, 1)
                    ]
                    self._carry(rooms)
                    self._wait(1)
                    for way, name in enumerate(said):
                        self._acknowledge(rooms, 1 - way, authors[1 - way], signers[1 - way], name, turn)
                    self._carry(rooms)
        for number, rooms in enumerate(pairs):
            if number % OPEN_EVERY == 0:
                for way in (0, 1):
                    self._say(rooms, way, authors[way], signers[way], TEXTS[number % len(TEXTS)])
                self._carry(rooms)
        return self._count()

    def _rooms(self, name: str) -> tuple[Room, Room]:
        north, south = (next(r for r in node.rooms() if r.name == name) for node in self.nodes)
        return north, south

    def _count(self) -> int:
        return sum(log.size for room in self.nodes[0].rooms() for log in room.line.logs)

    def _say(self, rooms: tuple[Room, Room], way: int, author: int, signer: Signer, text: str) -> bytes:
        """A message, drafted by one officer and released by another; its act id."""
        node, room = self.nodes[way], rooms[way]
        body = message.body(message.written("ko" if ord(text[0]) > 127 else "en", text))
        at = node.now()
        draft = node.watch_log.note(
            at,
            Happened.DRAFT,
            "duty",
            room.id,
            precedence="ROUTINE",
            body=wire.encode_body(body).hex(),
            reason="",
        )

        def do() -> bytes:
            cose, number = node.sign(room, ActKind.MESSAGE, body, Precedence.ROUTINE, author, signer)
            node.store.add_released(draft, room.id, author, number)
            place = room.line.our_log.size
            node.enter(room, cose, body)
            row = node.store.at(room.id, room.pair.ours, place)
            assert row is not None
            return row.held.id

        name = node.turn(do)
        node.watch_log.note(at, Happened.RELEASED, "chief", room.id, draft)
        return name

    def _acknowledge(
        self, rooms: tuple[Room, Room], way: int, author: int, signer: Signer, name: bytes, turn: int
    ) -> None:
        node, room = self.nodes[way], rooms[way]
        grade = (Grade.SEEN, Grade.WILL_COMPLY, Grade.NOTED)[turn % 3]
        body: Body = (name, int(grade), None)

        def do() -> None:
            cose, _ = node.sign(room, ActKind.ACKNOWLEDGE, body, Precedence.ROUTINE, author, signer)
            node.enter(room, cose, body)

        node.turn(do)

    def _carry(self, rooms: tuple[Room, Room]) -> None:
        """What each end lacks, as values, until neither lacks anything."""
        while any(rooms[0].line.logs[p].size != rooms[1].line.logs[p].size for p in (0, 1)):
            for way in (0, 1):
                self.nodes[way].turn(self._given(rooms, way))

    def _given(self, rooms: tuple[Room, Room], way: int) -> Callable[[], None]:
        node, room, other = self.nodes[way], rooms[way], rooms[1 - way]
        theirs = 1 - room.pair.ours
        rows = self.nodes[1 - way].store.of_log(other.id, theirs, room.line.logs[theirs].size)

        def do() -> None:
            for row in rows:
                body = None if row.body is None else wire.decode_body(row.body)
                node._take(room, wire.decode_entry(row.entry), body, "cable")

        return do
