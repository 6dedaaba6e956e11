"""Two ends for the tests of core: fixed keys, acts and statements signed and placed, no clock, no chance."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from parley.core import record, suite
from parley.core.exchange import Ends
from parley.core.line import Line
from parley.core.record import EMPTY_ROOT, Held, Tree
from parley.core.types import (
    POWERS_ALL,
    Act,
    Body,
    ClockQuality,
    Entry,
    Officer,
    Precedence,
    Seen,
    Signed,
    Stamp,
    Statement,
)
from parley.core.wire import body as bodies
from parley.core.wire import entry as wire

LINE = hashlib.sha256(b"line").digest()
ORDER_WIRE = hashlib.sha256(b"order wire").digest()
COMMITMENT_KEYS = (hashlib.sha256(b"commitments").digest(), hashlib.sha256(b"commitments 0").digest())
NOON = 1_795_262_400
STAMP = Stamp(NOON, ClockQuality.DISCIPLINED)


def begun(line: Line) -> Line:
    """The line with the accord it began with adopted by both nodes, as their first entries do."""
    name = line.accords[0][0]
    return replace(line, adopted=(name, name))


def private(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(name.encode()).digest())


def public(name: str) -> bytes:
    return private(name).public_key().public_bytes_raw()


def sign(name: str, payload: bytes) -> Signed:
    kid = suite.key_id(public(name))
    return Signed(kid, payload, private(name).sign(wire.to_be_signed(kid, payload)))


def officer(author: int, party: int = 0) -> Officer:
    return Officer(author, public(f"officer {party}/{author}"), "watch", Precedence.FLASH, POWERS_ALL)


NODE_KEYS = (public("node 0"), public("node 1"))
OFFICER_KEYS = {(p, a): public(f"officer {p}/{a}") for p in (0, 1) for a in (1, 2)}


@dataclass
class Log:
    """One party's log, made here: what is held, the signed halves, and the tree at every size."""

    party: int
    line: bytes = LINE
    incarnation: int = 1
    stamp: Stamp = STAMP
    held: list[Held] = field(default_factory=list)
    signed: list[Signed] = field(default_factory=list)
    trees: list[Tree] = field(default_factory=lambda: [Tree()])

    @property
    def size(self) -> int:
        return len(self.held)

    def root(self, size: int) -> bytes | None:
        return self.trees[size].root if size < len(self.trees) else None

    def act(
        self,
        kind: int,
        body: Body,
        *,
        author: int = 1,
        number: int = 1,
        precedence: Precedence = Precedence.FLASH,
        seen: Seen = Seen(1, 0),  # noqa: B008
        of_order_wire: bool = False,
        withheld: bool = False,
    ) -> Held:
        key = COMMITMENT_KEYS[of_order_wire]
        salts = record.act_salts(key, self.party, author, number, len(body))
        commitment = record.commitment(kind, body, lambda i: salts[i])
        line = ORDER_WIRE if of_order_wire else self.line
        said = Act(line, self.party, kind, precedence, author, number, self.stamp, seen, commitment)
        return self._place(said, wire.encode_act(said), f"officer {self.party}/{author}", body, withheld)

    def statement(
        self, kind: int, other: Log | None = None, body: Body = (), *, their_size: int | None = None
    ) -> Held:
        size = (other.size if other else 0) if their_size is None else their_size
        root = other.root(size) if other else EMPTY_ROOT
        assert root is not None
        salts = record.statement_salts(COMMITMENT_KEYS[0], self.party, self.incarnation, self.size, len(body))
        commitment = record.commitment(kind, body, lambda i: salts[i])
        said = Statement(
            self.line,
            self.party,
            kind,
            Precedence.ROUTINE,
            self.incarnation,
            self.size,
            self.stamp,
            self.trees[-1].root,
            1,
            size,
            root,
            commitment,
        )
        return self._place(said, wire.encode_statement(said), f"node {self.party}", body, False)

    def _place(self, said: Act | Statement, payload: bytes, name: str, body: Body, withheld: bool) -> Held:
        signed = sign(name, payload)
        placed = Entry(self.incarnation, self.size, signed)
        held = record.hold(wire.encode_entry(placed), placed, said, None if withheld else body, NOON)
        self.held.append(held)
        self.signed.append(signed)
        self.trees.append(self.trees[-1].extended(held.leaf))
        return held


def ends(
    ours: int,
    logs: tuple[Log, Log],
    *,
    languages: tuple[str, ...] = ("en", "ko"),
    keys: dict[tuple[int, int], bytes] = OFFICER_KEYS,
) -> Ends:
    """What the end of party `ours` knows, holding both logs whole."""

    def place_of(answered: int) -> bodies.Context:
        ids = {held.id: held.sequence for held in logs[answered].held}
        acts = {held.sequence: held.id for held in logs[answered].held}
        return bodies.Context(languages, ids.get, acts.get)

    return Ends(
        LINE,
        ours,
        (1, 1),
        ORDER_WIRE,
        COMMITMENT_KEYS,
        NODE_KEYS,
        lambda party, author: keys.get((party, author)),
        lambda party, size: logs[party].root(size),
        place_of(1),
    )
