"""What must hold at every step, judged; the numbers are those of `must_hold`.

What was judged and has not changed since is not judged again: an end's record and watch log say by the number of
their changes whether anything was written, and the pages and the replay follow from them and from memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import apsw

from parley.core import line as lines
from parley.core import suite
from parley.core.instruments import message
from parley.core.line import Declared, Line
from parley.core.types import Act, ActKind, Subject
from parley.core.wire import entry as wire
from parley.desk.views import MessageView
from parley.node import Node, Room
from parley.store import Row
from parley.testing.sim.end import End
from parley.testing.sim.must_hold import Broken
from parley.testing.sim.scene import Scene
from parley.watch_log import Happened

Stance: TypeAlias = "tuple[Declared, int, int, int | None]"

_TAILS: Final = "SELECT line, sum(statement = 0), count(*), max(id) FROM entries GROUP BY line"


@dataclass(slots=True)
class _Replayed:
    """A node made from an end's files, and what it was made from: by line, the last entry and the fold."""

    starts: int
    fresh: Node
    tails: dict[Any, list[Any]]
    said: dict[bytes, Line]


class Judge:
    """Judges the ends of one world, step by step."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._stances: dict[tuple[str, bytes], tuple[Stance, int]] = {}
        self._acts: dict[tuple[str, bytes], tuple[tuple[int, ...], frozenset[bytes], int]] = {}
        self._rows_read: dict[str, tuple[int, int, int]] = {}  # starts, entry id, event id
        self._written: dict[str, tuple[object, ...]] = {}
        self._replayed: dict[str, _Replayed] = {}
        self._lines_compared: dict[int, list[Line]] = {}

    def check(self, *, all_again: bool = False) -> None:
        """All that must hold at any moment, of the ends that are up. `all_again`: also what has not changed."""
        self.scene.figures.count("checks", "steps")
        for end in self.scene.ends:
            if end.up:
                self.check_end(end, all_again=all_again)
        for number in range(len(self.scene.pairs)):
            self.facts(number)

    def check_end(self, end: End, *, all_again: bool = False) -> None:
        if all_again:
            self._replayed.pop(end.key, None)
            self._written.pop(end.key, None)
            self._acts.clear()
            self.scene.ledger.kept(end.key, end.node)
        tails = {line: tail for line, *tail in rows(end.store._db, _TAILS)}
        self.faults(end)
        self.logs(end)
        for room in self.scene.lines(end):
            self.stance(end, room, tails)
        self.rows(end)
        self.replay(end, tails)
        if self._wrote(end):
            self.released(end)
            self.shown(end)

    def _wrote(self, end: End) -> bool:
        """Whether an act, a draft, or what became of either was written since this was asked last: what pages
        show as things of their own. (A receipt changes what is said of them.)"""
        db, log = end.store._db, end.home.watch_log._db
        (acts,) = rows(db, "SELECT count(*), max(id) FROM entries WHERE statement = 0")
        (waiting,) = rows(db, "SELECT count(*), max(id), sum(kept_back) FROM waiting")
        now = (end.starts, acts, waiting, log.total_changes())
        before = self._written.get(end.key)
        self._written[end.key] = now
        return now != before

    # --- one end

    def faults(self, end: End) -> None:
        """No end finds a fault or a difference in an honest one (10)."""
        found = end.store.faults()
        if found:
            raise Broken(10, f"{end.key} finds a fault of the other: {found[0].reason}")
        for room in end.node.rooms():
            if room.difference:
                raise Broken(10, f"{end.key} finds a difference in {room.name} by frontier")

    def logs(self, end: End) -> None:
        """Every log has at this size the root that it has everywhere (5), and what this end has acknowledged it
        holds (3)."""
        for room in end.node.rooms():
            self.scene.ledger.line(end.key, room)
            for party, log in enumerate(room.line.logs):
                if log.size:
                    self.scene.ledger.root(end.key, room.id, party, log.size, log.tree.root)
            promised = self.scene.ledger.promised.get((room.id, room.pair.ours), 0)
            if room.line.their_log.size < promised:
                raise Broken(
                    3, f"{end.key} acknowledged {promised} entries and holds {room.line.their_log.size}"
                )

    def stance(self, end: End, room: Room, tails: dict[Any, list[Any]]) -> None:
        """What an end shows of a line that it has cut (6), and what it enters on one that is not open (7)."""
        declared = lines.declared(room.line, end.node.now())
        places = (room.id, room.pair.order_wire.id)
        acts = (end.starts, len(room.line.severs), *(tails[line][0] for line in places if line in tails))
        known = self._acts.get((end.key, room.id))
        if known is None or known[0] != acts:
            known = self._acts[end.key, room.id] = (acts, *self._cuts_and_messages(end, room))
        _, cuts, messages = known
        for standing in room.line.standings if cuts else ():
            if standing.settled and standing.subject == Subject.RESTORE:
                cuts = cuts - set(lines.decode_restore(standing.terms).severs[room.pair.ours])
        if cuts and declared not in (Declared.SEVERED_BY_US, Declared.SEVERED_BY_BOTH):  # 6
            raise Broken(6, f"{end.key} shows {room.name} as {declared.value} and has cut it")
        if room.ringing is not None and room.id not in self.scene.called:  # 13
            raise Broken(13, f"{room.name} rings at {end.key}, and nobody rang on it")
        state = (declared, len(room.line.severs), len(room.line.ended), room.line.opens_at)
        before, count = self._stances.get((end.key, room.id), (None, 0))
        if before == state and declared != Declared.OPEN and messages > count:  # 7
            raise Broken(
                7, f"{end.key} entered a message on {room.name}, which it holds for {declared.value}"
            )
        self._stances[end.key, room.id] = (state, messages)

    def _cuts_and_messages(self, end: End, room: Room) -> tuple[frozenset[bytes], int]:
        """Which acts of our side cut a line, as the record has them; and how many messages of ours are on it."""
        ours = room.pair.ours
        cuts = {row.held.id for row in end.store.acts(room.id, ActKind.SEVER, ours)}
        for row in end.store.acts(room.pair.order_wire.id, ActKind.SEVER, ours):
            body = row.held.body or (None,)
            if isinstance(body[0], tuple) and room.id in body[0]:
                cuts.add(row.held.id)
        for cut in room.line.severs:  # 13
            read = end.store.by_id(cut.act)
            if read is None or read.line not in room.pair.rooms:
                raise Broken(13, f"{end.key} has {room.name} cut by an act that is not of its pair")
        return frozenset(cuts), len(end.store.acts(room.id, ActKind.MESSAGE, ours))

    def rows(self, end: End) -> None:
        """Each new entry has its place once for all (2) and is of the pair whose line it lies on; so is each
        event of the watch log (13)."""
        starts, entry_id, event_id = self._rows_read.get(end.key, (0, 0, 0))
        if starts != end.starts:
            entry_id = event_id = 0  # a torn commit takes rows away, and their numbers are given again
        rooms = end.rooms()
        for found in end.store._db.execute(
            "SELECT id, line, entry, body, heard_at, bearer FROM entries WHERE id > ? ORDER BY id",
            (entry_id,),
        ):
            row = Row(*found)
            entry_id = row.id
            self._row(end, rooms, row)
        for event in end.home.watch_log._events("WHERE id > ? ORDER BY id", (event_id,)):
            event_id = event.id
            if event.line and event.line not in rooms:
                raise Broken(13, f"the watch log of {end.key} names a line that it has not")
            if event.what == Happened.DRAFT:
                text = message.message(wire.decode_body(bytes.fromhex(str(event.detail["body"])))).text
                if not text.startswith(f"{end.key}>{rooms[event.line].pair.name} "):
                    raise Broken(13, f"the watch log of {end.key} has a draft on a line of another pair")
        self._rows_read[end.key] = (end.starts, entry_id, event_id)

    def _row(self, end: End, rooms: dict[bytes, Room], row: Row) -> None:
        held = row.held
        place = (row.line, held.party, held.incarnation, held.sequence)
        known = self.scene.ledger.placed.get(place)
        if known is not None and known != row.entry:  # 2
            raise Broken(2, f"{end.key} holds another entry at place {held.sequence} than was sent")
        room = rooms.get(row.line)
        if room is None:  # 13
            raise Broken(13, f"{end.key} holds an entry of a line that it has not")
        pair = room.pair
        if held.said.line not in (row.line, pair.order_wire.id):
            raise Broken(13, f"{end.key} holds on {room.name} an entry that was said on another line")
        keys = [pair.cards[held.party].node_key, pair.cards[held.party].root_key]
        keys += [officer.key for officer in pair.rosters[held.party].values()]
        if isinstance(held.said, Act) and held.kid not in {suite.key_id(key) for key in keys}:
            if held.party == pair.ours:
                raise Broken(13, f"{end.key} has an entry of its own on {room.name} by a key of nobody there")
        elif not isinstance(held.said, Act) and held.kid != suite.key_id(keys[0]):
            raise Broken(13, f"{end.key} holds on {room.name} a statement of another node")

    def released(self, end: End) -> None:
        """What the desk said was released waits or is in the record, once; a draft is not lost (4)."""
        scene = self.scene
        waiting = [(w.line, w.author, w.number) for w in end.store.waiting()]
        if len(waiting) != len(set(waiting)):
            raise Broken(4, f"{end.key} has an act waiting twice")
        rooms = end.rooms()
        for index, line, author, number in scene.released:
            if index != end.index:
                continue
            room = rooms[line]
            entered = end.store.named(line, room.pair.ours, author, number) is not None
            if entered == ((line, author, number) in waiting):
                how = "waits and is in the record" if entered else "is gone"
                raise Broken(4, f"{end.key} released {author}/{number} on {room.name}, and it {how}")
        drafts = {event.id for event in end.home.watch_log.drafts() if end.store.released(event.id) is None}
        for index, number in scene.drafts:
            if index == end.index and number not in drafts:
                raise Broken(4, f"{end.key} took down draft {number}, and it is gone")

    def replay(self, end: End, now: dict[Any, list[Any]]) -> None:
        """A fresh node on the same files says what this one says (8). Where only some lines have new entries
        they alone are folded again, from their first entry; an act on line 0 bears on all."""
        rooms = end.rooms()
        known = self._replayed.get(end.key)
        changed = (
            now.keys() if known is None else {line for line in now if now[line] != known.tails.get(line)}
        )
        if known is None or known.starts != end.starts or any(rooms[line].is_order_wire for line in changed):
            known = self._replayed[end.key] = _Replayed(end.starts, end.fresh_node(end.home), {}, {})
            for name, pair in end.node.pairs.items():
                if known.fresh.pairs[name].rosters != pair.rosters:
                    raise Broken(8, f"{end.key}: replay gives other rosters")
        else:
            for room in known.fresh.rooms():
                if room.id in changed:
                    known.fresh._fold(room)
        said = {line: room.line for line, room in rooms.items()}
        if changed or any(known.said.get(line) is not line_now for line, line_now in said.items()):
            end.replays(said, known.fresh)
        known.tails, known.said = now, said

    def shown(self, end: End) -> None:
        """No page shows a thing twice (12), and each shows on a line what is of its pair (13)."""
        self.scene.figures.count("checks", "pages")
        desk = end.desk
        status = desk.status()
        messages, needs = desk.messages(most=10_000), desk.needs_us()
        for what, refs in (
            ("line", [view.id for view in status.lines]),
            ("name of a line", [view.name for view in status.lines]),
            ("alarm", list(status.alarms)),
            ("message", [view.ref for view in messages]),
            ("message that needs us", [view.ref for view in needs]),
            ("message that waits on them", [view.ref for view in desk.waiting_on_them()]),
            ("draft", [view.ref for view in desk.drafts()]),
            ("terms", [f"{view.line} {view.ref}" for view in desk.terms()]),
        ):
            once(end.key, what, refs)
        for room in end.node.rooms():
            for party in (0, 1):
                ids = end.store._db.execute(
                    "SELECT said_id FROM entries WHERE line = ? AND party = ? AND statement = 0",
                    (room.id, party),
                )
                once(end.key, f"act in the record of {room.name}", [str(found[0]) for found in ids])
        theirs = {view.ref for view in messages if not view.ours}
        for view in needs:
            if view.ref not in theirs:
                raise Broken(
                    12, f"{end.key} is told that {view.ref} needs it, and it is no message of theirs"
                )
        pairs = {view.name: view.pair for view in status.lines}
        for view in (*messages, *needs):
            self._marked(end, view, pairs[view.line])

    def _marked(self, end: End, view: MessageView, other: str) -> None:
        between = (end.key, other) if view.ours else (other, end.key)
        if not view.text.startswith("{}>{} ".format(*between)):
            raise Broken(
                13, f"{end.key} shows on {view.line} what was not said between {' and '.join(between)}"
            )

    # --- both ends of a pair

    def facts(self, number: int) -> None:
        """Both ends of a pair, once they hold the same entries of all its lines, say the same of it (9)."""
        ends = self.scene.pairs[number]
        if not all(end.up for end in ends):
            return
        pairs = [end.node.pairs.get(other.key) for end, other in (ends, ends[::-1])]
        if pairs[0] is None or pairs[1] is None or pairs[0].rooms.keys() != pairs[1].rooms.keys():
            return
        both = [(pairs[0].rooms[line], pairs[1].rooms[line]) for line in pairs[0].rooms]
        compared, known = (
            [room.line for rooms in both for room in rooms],
            self._lines_compared.get(number, []),
        )
        if len(compared) == len(known) and all(a is b for a, b in zip(compared, known, strict=True)):
            return
        self._lines_compared[number] = compared
        for one, other in both:
            for party in (0, 1):
                logs = [room.line.logs[party] for room in (one, other)]
                size = min(log.size for log in logs)
                if size:  # 5
                    for end, log in zip(ends, logs, strict=True):
                        root = log.tree.root if log.size == size else end.store.root_at(one.id, party, size)
                        self.scene.ledger.root(end.key, one.id, party, size, root)
        whole = all(
            one.line.logs[party].size == other.line.logs[party].size
            and not one.line.logs[party].beyond
            and not other.line.logs[party].beyond
            for one, other in both
            for party in (0, 1)
        )
        if whole:
            for one, other in both:
                facts, others = joint_facts(one), joint_facts(other)
                for name, fact in facts.items():
                    if fact != others[name]:
                        raise Broken(9, f"both hold the same entries of {one.name}, but differ in {name}")
            if pairs[0].rosters != pairs[1].rosters:
                raise Broken(9, "both hold the same entries, but differ in the rosters")


def rows(db: apsw.Connection, sql: str) -> list[tuple[Any, ...]]:
    """What a question to the record gives."""
    return [tuple(found) for found in db.execute(sql)]


def once(key: str, what: str, refs: Iterable[str]) -> None:
    """Raises Broken when something is shown twice (12)."""
    seen: set[str] = set()
    for ref in refs:
        if ref in seen:
            raise Broken(12, f"{key} shows one {what} twice: {ref}")
        seen.add(ref)


def joint_facts(room: Room) -> dict[str, object]:
    """What both ends must say alike, of one line, by the name it has in a failure."""
    line = room.line
    return {
        "the severs": {(s.party, s.act, s.grounds, s.at, s.ended_at is None) for s in line.severs},
        "what ended them": line.ended,
        "the hour of opening": line.opens_at,
        "the terms": {s.hash: s for s in line.standings},
        "the accords": line.accords,
        "what is adopted": line.adopted,
        "what is acknowledged": [log.stated for log in line.logs],
        "who has cut it": (line.severed_by(0), line.severed_by(1)),
    }
