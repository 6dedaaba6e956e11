"""Every frame that ever left an end, opened and written down, over all crashes; and what of it must stay true.

The keys come from `learn_trees`, which sees every epoch's key tree when it is first made, whole: an end keeps no
way back to it, a judge needs it. A frame is known by (epoch tag, counter), so later epochs need nothing new here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from parley.core import suite
from parley.core.types import Statement
from parley.core.wire import frame as frames
from parley.node import Node, Room
from parley.testing.sim.must_hold import Broken


class Ledger:
    """What left, by line, party and place, and by epoch tag and counter. Judges 1, 2, 3 and 13 frame by frame."""

    def __init__(self) -> None:
        self.whole_trees: dict[bytes, suite.KeyTree] = {}  # by epoch tag, as before anything was erased
        self.frames: dict[tuple[bytes, int], bytes] = {}
        self.placed: dict[tuple[bytes, int, int, int], bytes] = {}  # (line, party, incarnation, sequence)
        self.promised: dict[tuple[bytes, int], int] = {}  # (line, who acknowledges) -> size
        self.roots: dict[tuple[bytes, int, int], bytes] = {}
        self.pairs: dict[bytes, frozenset[str]] = {}  # by line: the two ends it is between
        self.judges_turns = True  # off: only the harm done by sending before a commit is judged
        self._line_of: dict[bytes, bytes] = {}  # by epoch tag
        self.epochs: dict[tuple[bytes, int], list[bytes]] = {}  # (line, party) -> tags used, in order

    @contextmanager
    def learn_trees(self) -> Iterator[None]:
        """While it lasts, whoever names an epoch tells us the whole tree under its seed."""
        tag_of = suite.epoch_tag

        def noting(seed: bytes) -> bytes:
            tag = tag_of(seed)
            self.whole_trees[tag] = suite.key_tree(seed)
            return tag

        with mock.patch.object(suite, "epoch_tag", noting):
            yield

    def line(self, key: str, room: Room) -> None:
        """A line that an end has: it is between this end and that counterpart, for every end that has it (13)."""
        between = frozenset((key, room.pair.name))
        if self.pairs.setdefault(room.id, between) != between:
            raise Broken(13, f"{key} has {room.name} with {room.pair.name}, and so have others with others")

    def left(self, key: str, node: Node, frame: bytes, counterpart: str | None) -> Room:
        """A frame is handed to a bearer that reaches `counterpart`, None for one that reaches several."""
        if self.judges_turns and node.store._db.in_transaction:  # 1
            raise Broken(1, f"{key} hands out a frame before its turn is committed")
        clear = frames.decode_clear(frame)
        if self.frames.setdefault((clear.tag, clear.counter), frame) != frame:  # 2
            raise Broken(2, f"{key} seals two frames under counter {clear.counter} of one epoch")
        room = self._room(node, clear.tag)
        if counterpart not in (None, room.pair.name):  # 13
            raise Broken(13, f"{key} hands a frame of {room.name} to a bearer that reaches {counterpart}")
        leaf = suite.frame_key(self.whole_trees[clear.tag].leaf(clear.counter))
        size = frames.CLEAR_BYTES
        plain = frames.decode_plain(suite.unseal(leaf, frame[:size], frame[size:]))
        if isinstance(plain, frames.ActLayout | frames.NodeLayout | frames.AnyLayout):
            inner = plain.inner if isinstance(plain, frames.AnyLayout) else plain
            self._entry(key, node, room, inner.sequence, inner.signature)
        return room

    def _entry(self, key: str, node: Node, room: Room, sequence: int, signature: bytes) -> None:
        party = room.pair.ours
        row = node.store.at(room.id, party, sequence)
        if row is None:  # 1
            raise Broken(1, f"{key} sent entry {sequence} of its log, which is not in its record")
        held = row.held
        known = self.placed.setdefault((room.id, party, held.incarnation, sequence), row.entry)
        if known != row.entry or not row.entry.endswith(signature):  # 2
            raise Broken(2, f"{key} signed two different entries at place {sequence}")
        if isinstance(held.said, Statement):  # 3
            size, root = held.said.their_size, held.said.their_root
            if size and node.store.root_at(room.id, 1 - party, size) != root:
                raise Broken(
                    3, f"{key} acknowledged {size} entries with a root that is not that of its record"
                )
            self.promised[room.id, party] = max(self.promised.get((room.id, party), 0), size)

    def kept(self, key: str, node: Node) -> None:
        """Whether all that ever left is still there (1, 2) and all that was acknowledged is held (3)."""
        for room in node.rooms():
            ours = room.pair.ours
            rows: tuple[dict[int, bytes], dict[int, bytes]] = ({}, {})
            for party, sequence, entry in node.store._db.execute(
                "SELECT party, sequence, entry FROM entries WHERE line = ?", (room.id,)
            ):
                rows[party][sequence] = entry
            promised = self.promised.get((room.id, ours), 0)
            held = sum(sequence < promised for sequence in rows[1 - ours])
            if held < promised:
                raise Broken(3, f"{key} acknowledged {promised} entries and holds {held}")
            for (line, party, _, sequence), entry in self.placed.items():
                if line == room.id and party == ours and rows[ours].get(sequence) != entry:
                    what = "another entry" if sequence in rows[ours] else "nothing"
                    raise Broken(1, f"{key} sent entry {sequence} and has {what} at its place")
            for party, log in enumerate(room.line.logs):
                if log.size:
                    self.root(key, room.id, party, log.size, node.store.root_at(room.id, party, log.size))

    def root(self, key: str, line: bytes, party: int, size: int, root: bytes | None) -> None:
        """The root of a log at a size, as an end says it: one for all, for ever (5)."""
        if root is None or self.roots.setdefault((line, party, size), root) != root:
            raise Broken(5, f"log {party} of a line has two roots at size {size}, or none at {key}")

    def _room(self, node: Node, tag: bytes) -> Room:
        """The line a frame is of: an epoch once seen stays with its line."""
        line = self._line_of.get(tag)
        found = next(r for r in node.rooms() if (r.send.tag == tag if line is None else r.id == line))
        if line is None:
            self._line_of[tag] = found.id
            self.epochs.setdefault((found.id, found.pair.ours), []).append(tag)
        return found

    def under_later_epochs(self) -> int:
        """How many frames left under an epoch that was not the first of its direction."""
        first = {tags[0] for tags in self.epochs.values()}
        return sum(tag not in first for tag, _ in self.frames)
