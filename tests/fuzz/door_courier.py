"""The courier file: what somebody hands over, damaged, made up, or made by a peer with real keys (spec 16.4).

Two real ends with no bearer that is up; one makes files and the other takes them. After each file that should not be
taken whole, all of this must hold:

1. It is told in one sentence, or taken as far as it can be; nothing but LocalError leaves the desk.
2. What is stored under a name is what was named, and an act of theirs names it.
3. A fresh node on the same home says the same of every line.
4. The file as it was made is then taken, and all that it brings is there; taken again it changes nothing.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from damage import changed, spoilt
from door_peer import LOUD, WORDS, Ends, seeded_keys

from parley.core import objects
from parley.core.errors import LocalError, RemoteError
from parley.core.objects import ObjectName
from parley.core.types import ActKind, Precedence
from parley.core.wire import cbor
from parley.core.wire import frame as frames
from parley.core.wire.frame import Call, CallSign, Fragment, Frontier, ObjectWanted, SignOfLife
from parley.keys import officer_signer
from parley.node import Node, Room, courier

STEPS = 8
PRINT = b"f" * 32


class Hand:
    """Two ends, the file that one made, and what it should bring."""

    def __init__(self, ends: Ends) -> None:
        self.ends, self.giver, self.taker = ends, ends.taken, ends.victim
        ends.link.go_down()
        ends.wait(1)
        self.room = self.line(self.giver.node)
        self.officer = officer_signer(self.giver.path, "first", WORDS)[1]

    @staticmethod
    def line(node: Node) -> Room:
        return next(room for room in node.rooms() if room.name == LOUD)

    def letter(self, chance: random.Random) -> None:
        """A letter released, with its object, or with the name of one that nobody has."""
        node, data = self.giver.node, chance.randbytes(chance.choice((1, 100, 4096, 9000)))
        salt = chance.randbytes(32)

        def release() -> None:
            named = node.keep_object(self.room, data, salt)
            if chance.random() < 0.2:
                named = ObjectName(named.root, chance.choice((1, named.size, 1 << 20)), chance.randbytes(32))
            body = (None, 1, "A", "B", None, 1, PRINT, PRINT, objects.encode_name(named), PRINT)
            cose, _ = node.sign(self.room, ActKind.LETTER, body, Precedence.ROUTINE, 1, self.officer)
            node.release(self.room, cose, body)

        node.turn(release)

    def loose(self, chance: random.Random) -> bytes:
        """Something that a courier file must not make anything of, well sealed."""
        said = chance.choice(
            (
                SignOfLife(True, 1, 1, chance.randrange(1000)),
                Call(CallSign.RING, 0, 1),
                Fragment(chance.randrange(50), 0, 0, 1, 1, 0, 10, b"x" * 10),
                ObjectWanted(chance.randrange(50), 0, 0, chance.choice((0, 1, 255))),
                Frontier(2**31, b"r" * 32, 2**31, b"r" * 32, 0),  # a floor would be their own lie
            )
        )
        return Node._sealed(self.giver.node, self.room, frames.encode_plain(said))[2]

    def sealed_garbage(self, chance: random.Random) -> bytes:
        return Node._sealed(self.giver.node, self.room, chance.randbytes(chance.randrange(2, 300)))[2]

    def rang(self) -> bool:
        return self.line(self.taker.node).ringing is not None

    def take(self, data: bytes) -> courier.Taken | None:
        """As the desk would; None for what it refuses."""
        try:
            return courier.courier_in(self.taker.node, data)
        except LocalError as e:  # 1
            assert e.text and "\n" not in e.text and e.hint, e
            return None

    def holds(self) -> None:
        """What must hold after each file."""
        store = self.taker.store
        named = {
            one
            for room in self.taker.node.rooms()
            for row in store.acts(room.id, ActKind.LETTER)
            for one in objects.objects_named(row.held.kind, row.held.body)
        }
        for root, size, salt, data in store._db.execute("SELECT root, size, salt, bytes FROM objects"):
            one = ObjectName(root, size, salt)  # 2
            assert objects.fits(one, data) and one in named
        self.taker.replays()  # 3
        assert not self.rang()


@contextmanager
def opened(folder: Path) -> Iterator[Callable[[str, frozenset[int] | None], int]]:
    """A pair, and what plays one case on it: a file made, spoilt some times over, and taken as it was made."""
    with seeded_keys():
        hand = Hand(Ends(folder, Node))
        try:
            yield lambda seed, steps: _play(hand, seed, steps)
        finally:
            hand.ends.close()


def _play(hand: Hand, seed: str, steps: frozenset[int] | None) -> int:
    chance = random.Random(seed)
    if chance.random() < 0.7:
        hand.letter(chance)
    draft = hand.giver.desk.compose(LOUD, f"{seed} said by hand", "clerk").ref
    hand.giver.desk.release(draft, "first", WORDS)
    made = courier.courier_out(hand.giver.node, hand.room).data
    for number in range(STEPS):
        if steps is None or number in steps:
            hand.take(_spoilt(hand, made, random.Random(f"{seed}/{number}")))
            hand.holds()
    if hand.take(made) is not None:  # 4
        room = hand.line(hand.taker.node)
        said = [v.text for v in hand.taker.desk.messages(LOUD) if not v.ours]
        assert f"{seed} said by hand" in said
        for named, data in courier.decode(made)[1]:
            fetched = any(f.wanted.named == named for f in hand.taker.node.fetches(room).values())
            assert hand.taker.store.object_bytes(named.root) == data or not fetched
        size, known = hand.taker.store.newest_id(), hand.taker.store.objects_bytes(room.id)
        hand.take(made)
        assert (hand.taker.store.newest_id(), hand.taker.store.objects_bytes(room.id)) == (size, known)
    else:
        raise AssertionError("a file as it was made is refused")
    back = courier.courier_out(hand.taker.node, hand.line(hand.taker.node)).data
    courier.courier_in(hand.giver.node, back)
    hand.holds()
    return STEPS


def _spoilt(hand: Hand, made: bytes, chance: random.Random) -> bytes:
    """A file that is not as it was made."""
    how = chance.randrange(8)
    if how == 0:
        return spoilt(chance, made)
    if how == 1:
        with suppress(RemoteError):
            return cbor.encode(changed(chance, cbor.decode_first(made, 0)[0]))
        return made[: chance.randrange(len(made))]
    sealed, beside = courier.decode(made)
    listed = list(sealed)
    if how == 2:
        chance.shuffle(listed)
    elif how == 3:
        listed = [frame for frame in listed if chance.random() < 0.5]
    elif how == 4:
        listed.insert(chance.randrange(len(listed) + 1), hand.loose(chance))
    elif how == 5:
        listed.insert(chance.randrange(len(listed) + 1), hand.sealed_garbage(chance))
    elif how == 6:
        at = chance.randrange(len(listed))
        listed[at] = spoilt(chance, listed[at])[:4096]
    else:
        changed_data = [(name, spoilt(chance, data)) for name, data in beside]
        beside = tuple(
            (name, (data + bytes(name.size))[: name.size]) for name, data in changed_data
        )  # of its size, and nothing else
    return courier.encode(listed, beside)
