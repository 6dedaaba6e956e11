"""The writing side, as small as the tests need it: two parties with keys from fixed names, and what they sign."""

import hashlib
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from otherend import cbor, signed, suite, tree
from otherend.bodies import ADOPT, AGREE, HEAD, OFFER, ROSTER

NAME, NONCE, TIME = "Line", bytes(range(16)), [1_700_000_000, 2]


def named(words: str, size: int = 32) -> bytes:
    return hashlib.shake_128(words.encode()).digest(size)


def private(words: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(named(words))


def public(words: str) -> bytes:
    return private(words).public_key().public_bytes_raw()


def sign(payload: bytes, words: str) -> signed.Signed:
    blank = signed.Signed(suite.key_id(public(words)), payload, b"")
    return signed.Signed(blank.key_id, payload, private(words).sign(blank.to_be_signed))


@dataclass
class Pair:
    """Both ends' logs on one line, complete on both sides: entries with body and salts as an export has them."""

    logs: list[list[tuple[bytes, list[object], list[bytes]]]] = field(default_factory=lambda: [[], []])

    def __post_init__(self) -> None:
        made = []
        for party in "AB":
            card = [
                "parley/card/1",
                f"Party {party}",
                public(f"root {party}"),
                [1, public(f"node {party}")],
                named(f"pairing {party}", 1216),
                named(f"nonce {party}", 16),
            ]
            made.append((sign(cbor.encode(card), f"root {party}"), party))
        made.sort(key=lambda one: tree.sha(one[0].payload))
        self.cards = [one.tagged() for one, _ in made]
        self.payloads = [one.payload for one, _ in made]
        self.words = [party for _, party in made]
        self.prints = tuple(suite.key_id(public(f"root {party}")) for party in self.words)
        self.transcript, _ = suite.transcript_of(self.payloads)
        self.line, self.order_wire = (
            suite.line_id(self.transcript, NAME, NONCE),
            suite.order_wire(self.transcript),
        )
        self.key, self.key_0 = named("commitment key"), named("commitment key of line 0")
        self.numbers = [0, 0]

    def roster(self, party: int) -> list[object]:
        word = self.words[party]
        body = [[1, public(f"duty {word}"), "Duty officer", 3, 31]]
        salts = [suite.act_salt(self.key_0, party, 0, 1, 0)]
        payload = signed.act_payload(
            self.order_wire, party, ROSTER, 0, 0, 1, TIME, [0, 0], signed.commitment(ROSTER, body, salts)
        )
        return [sign(payload, f"root {word}").tagged(), cbor.encode(body), salts]

    def act(
        self,
        party: int,
        kind: int,
        body: list[object],
        precedence: int = 0,
        author: int = 1,
        who: str = "duty",
    ) -> bytes:
        """Its act id."""
        self.numbers[party] += 1
        number = self.numbers[party]
        salts = [suite.act_salt(self.key, party, author, number, i) for i in range(len(body))]
        seen = [1, len(self.logs[1 - party])]
        committed = signed.commitment(kind, body, salts)
        payload = signed.act_payload(
            self.line, party, kind, precedence, author, number, TIME, seen, committed
        )
        self.enter(party, sign(payload, f"{who} {self.words[party]}"), body, salts)
        return tree.sha(payload)

    def state(
        self,
        party: int,
        kind: int = HEAD,
        body: list[object] | None = None,
        their_size: int | None = None,
        own_root: bytes | None = None,
        their_root: bytes | None = None,
    ) -> None:
        body, sequence, other = body or [], len(self.logs[party]), self.entries(1 - party)
        size = len(other) if their_size is None else their_size
        salts = [suite.statement_salt(self.key, party, 1, sequence, i) for i in range(len(body))]
        payload = signed.statement_payload(
            self.line,
            party,
            kind,
            0,
            (1, sequence),
            TIME,
            own_root or tree.root(self.entries(party)),
            (1, size, their_root or tree.root(other[:size])),
            signed.commitment(kind, body, salts),
        )
        self.enter(party, sign(payload, f"node {self.words[party]}"), body, salts)

    def enter(self, party: int, one: signed.Signed, body: list[object], salts: list[bytes]) -> None:
        self.logs[party].append((signed.entry_bytes(1, len(self.logs[party]), one), body, salts))

    def entries(self, party: int) -> list[bytes]:
        return [entry for entry, _, _ in self.logs[party]]

    def export(self, terms: list[bytes], withheld: set[tuple[int, int]] = frozenset()) -> bytes:
        head = ["parley/export-head/1", self.cards, NAME, NONCE, terms, [self.roster(0), self.roster(1)]]
        told = [
            [entry, None, []] if (party, place) in withheld else [entry, cbor.encode(body), salts]
            for party in (1, 0)
            for place, (entry, body, salts) in enumerate(self.logs[party])
        ]
        end = [
            "parley/export-end/1",
            [len(log) for log in self.logs],
            [tree.root(self.entries(party)) for party in (0, 1)],
        ]
        return b"parley-export/1\n" + b"".join(map(cbor.encode, [head, *told, end]))


def accord(quorum: int = 1, version: int = 1) -> bytes:
    return cbor.encode(
        [
            "parley/accord/1",
            NAME,
            NONCE,
            version,
            1,
            "",
            ["", ""],
            ["en"],
            [0, 0],
            [],
            [[60, 60]] * 4,
            quorum,
            True,
            [],
            [],
            True,
        ]
    )


def opening(severs: list[list[bytes]], at: int) -> bytes:
    nothing = [1, 0, tree.sha()]
    return cbor.encode(["parley/restore/1", severs, [nothing, nothing], "", at, None])


def opened() -> Pair:
    """A line adopted by both and opened."""
    pair, terms = Pair(), opening([[], []], 1_700_000_100)
    for party in (0, 1):
        pair.state(party, ADOPT, [tree.sha(accord())])
    pair.act(0, OFFER, [2, terms])
    pair.state(1)
    pair.act(1, AGREE, [tree.sha(terms)])
    pair.state(0)
    return pair
