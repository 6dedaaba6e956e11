"""A line's record as a file, and its verification by anyone, with no node and no keys (spec 13).

The file carries both logs whole, the cards, the rosters and the accords, and beside each body the
salts of its fields, so that every signature, commitment and root can be rebuilt. It carries no key of
the line: what is exported later, or withheld, stays as hidden as it was.

A file proves that two keys signed this. Whose keys they are only a fingerprint learnt elsewhere proves;
without both, the verdict is "consistent; identities NOT pinned".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from parley.core import accord as accords
from parley.core import line as lines
from parley.core import record, suite
from parley.core.errors import RemoteError
from parley.core.instruments import roster
from parley.core.record import EMPTY_ROOT, Tree
from parley.core.types import (
    NONCE_BYTES,
    ROOT_AUTHOR,
    Act,
    ActKind,
    Body,
    Card,
    Entry,
    NodeKind,
    Officer,
    Seconds,
    Signed,
    Statement,
    Value,
)
from parley.core.wire import body as bodies
from parley.core.wire import cbor
from parley.core.wire import entry as wire

MAGIC = b"parley-export/1\n"
HEAD_LABEL = "parley/export-head/1"
END_LABEL = "parley/export-end/1"
FILE_BYTES_MAX = 1 << 30
ITEM_BYTES_USUAL = 1 << 16  # of one value of the file; none may be longer than any CBOR


@dataclass(frozen=True, slots=True)
class Opened:
    """A body with the salts of its fields; None where the body is withheld."""

    body: bytes | None
    salts: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the file proves. Sizes, roots and names by party; `lines` says which line it is."""

    line: bytes
    name: str
    parties: tuple[str, str]
    fingerprints: tuple[str, str]
    sizes: tuple[int, int]
    roots: tuple[bytes, bytes]
    prefix_roots: tuple[tuple[bytes, ...], tuple[bytes, ...]]  # at every size: what two files have in common
    acts: int
    statements: int
    withheld: int
    declared: str
    signed: tuple[int, int]  # how much of each log lies under its own node's last statement
    findings: tuple[str, ...]  # what is well signed and wrong, or cannot be judged, by entry
    pinned: bool
    first_at: Seconds | None
    last_at: Seconds | None


class Refused(RemoteError):
    """The file is not what it says; `where` names the entry or the part."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where = where
        self.why = why


# --- writing ----------------------------------------------------------------------------------


def head(
    cards: tuple[bytes, bytes],
    name: str,
    nonce: bytes,
    terms: Iterable[bytes],
    rosters: Iterable[tuple[bytes, Opened]],
) -> bytes:
    """The beginning of a file. `cards`: tagged, in the order of the parties. `terms`: of the line's
    accords. `rosters`: the ROSTER acts of both (tagged COSE_Sign1)."""
    acts = tuple((act, opened.body, opened.salts) for act, opened in rosters)
    return MAGIC + cbor.encode((HEAD_LABEL, cards, name, nonce, tuple(terms), acts))


def item(entry: bytes, opened: Opened) -> bytes:
    """One entry, in the order in which the exporting end had them."""
    return cbor.encode((entry, opened.body, opened.salts))


def end(sizes: tuple[int, int], roots: tuple[bytes, bytes]) -> bytes:
    """The end of a file: what it must add up to."""
    return cbor.encode((END_LABEL, sizes, roots))


# --- verifying --------------------------------------------------------------------------------


def verify(data: bytes, pins: Iterable[str] = ()) -> Verdict:
    """What `data` proves. `pins`: fingerprints (hex of SHA-256 of a root key) learnt elsewhere.

    Everything that must hold, numbered as in the code:

    1. The file is an export of this version, in its one encoding, and complete to its end.
    2. Each card is signed by the root key it names; line id and parties follow from the cards.
    3. A pin that is given is the fingerprint of one of the parties.
    4. Each roster is signed by its party's root key, for line 0 of this pair.
    5. Each entry lies at the next place of its log, on this line.
    6. Each act is signed by an officer of the roster, each statement by its party's node.
    7. Each body, rebuilt with its salts, is what was committed to.
    8. Each statement's own root is the root of its log at its place.
    9. Each statement's root of the other log is the root of that log at that size.
    10. Sizes and roots at the end are those the entries add up to.

    What a party signed and should not have (an adoption of terms nobody agreed, an acknowledgement of what
    is not there, an act twice, an author in no roster) is a finding: it neither vanishes nor makes the rest
    worthless. Above a log's last statement only the exporter gives the places; so much is said, and an act
    twice or of an unknown author is refused there.

    Raises Refused, which names the first entry or part that does not hold.
    """
    read = _File(data)
    header = read.head()  # 1
    cards = _cards(header.cards)  # 2
    payloads = tuple(wire.encode_card(card) for card in cards)
    transcript = suite.transcript_hash(payloads)
    order_wire = suite.line_id(transcript, "", bytes(NONCE_BYTES))
    line_id = suite.line_id(transcript, header.name, header.nonce)
    fingerprints = (suite.key_id(cards[0].root_key).hex(), suite.key_id(cards[1].root_key).hex())
    wanted = {pin.replace(" ", "").replace(":", "").lower() for pin in pins}
    for pin in wanted - set(fingerprints):  # 3
        raise Refused("identity", f"no party of this file has the fingerprint {pin[:16]}...")
    rosters = _rosters(header.rosters, cards, order_wire)  # 4
    named = (header.name, header.nonce)

    def folded(items: Iterable[tuple[int, bytes, Opened]]) -> _Fold:
        made = _Fold(line_id, order_wire, cards, rosters, header.terms, named, line_id == order_wire)
        for number, entry, opened in items:
            made.take(number, entry, opened)  # 5 to 9
        return made

    fold = folded((number, entry, opened) for number, (entry, opened) in enumerate(read.entries()))
    sizes, roots = read.sizes, read.roots
    if fold.misnamed:  # of two acts under one name the lower has effect: rare enough to read the file again
        again = _File(data)
        again.head()
        items = [(number, entry, opened) for number, (entry, opened) in enumerate(again.entries())]
        fold = folded(sorted(items, key=lambda item: wire.decode_entry(item[1]).sequence))
    fold.check_accords()
    if sizes != fold.sizes or roots != fold.roots:  # 10
        raise Refused("end of the file", "sizes and roots are not those of the entries")
    return Verdict(
        line_id,
        header.name or "order wire",
        (cards[0].party_name, cards[1].party_name),
        fingerprints,
        sizes,
        roots,
        fold.prefix_roots,
        fold.acts,
        fold.statements,
        fold.withheld,
        fold.declared,
        fold.signed,
        tuple(fold.findings),
        wanted == set(fingerprints),
        fold.first_at,
        fold.last_at,
    )


@dataclass(frozen=True, slots=True)
class _Head:
    cards: tuple[bytes, bytes]
    name: str
    nonce: bytes
    terms: tuple[bytes, ...]
    rosters: tuple[tuple[bytes, Opened], ...]


class _File:
    """The parts of a file in order; every read bounded."""

    def __init__(self, data: bytes) -> None:
        if not data.startswith(MAGIC):
            raise Refused("beginning of the file", "this is not an export of version 1")
        self._data, self._at = data, len(MAGIC)
        self.sizes: tuple[int, int] = (-1, -1)
        self.roots: tuple[bytes, bytes] = (b"", b"")

    def head(self) -> _Head:
        try:
            label, cards, name, nonce, terms, rosters = cbor.array(self._next(), 6, "head")
            if label != HEAD_LABEL:
                raise RemoteError("it does not begin with a head")
            first, second = (cbor.octets(c) for c in cbor.array(cards, 2, "cards"))
            acts = []
            for found in cbor.items(rosters):
                act, body, salts = cbor.array(found, 3, "roster")
                acts.append((cbor.octets(act), _opened(body, salts)))
            return _Head(
                (first, second),
                cbor.string(name),
                cbor.octets(nonce),
                tuple(cbor.octets(t) for t in cbor.items(terms)),
                tuple(acts),
            )
        except RemoteError as e:
            raise Refused("beginning of the file", e.text) from None

    def entries(self) -> Iterator[tuple[bytes, Opened]]:
        number = 0
        while True:
            try:
                parts = cbor.array(self._next(), 3, "entry")
                if parts[0] == END_LABEL:
                    self._end(parts)
                    return
                entry, opened = cbor.octets(parts[0]), _opened(parts[1], parts[2])
            except RemoteError as e:
                raise Refused(f"item {number}", f"the file is cut short or changed here: {e.text}") from None
            yield entry, opened
            number += 1

    def _end(self, parts: tuple[Value, ...]) -> None:
        size0, size1 = (cbor.integer(s) for s in cbor.array(parts[1], 2, "sizes"))
        root0, root1 = (cbor.octets(r) for r in cbor.array(parts[2], 2, "roots"))
        self.sizes, self.roots = (size0, size1), (root0, root1)
        if self._at != len(self._data):
            raise RemoteError("bytes are left after the end")

    def _next(self) -> Value:
        if self._at >= len(self._data):
            raise RemoteError("the file ends early")
        try:
            value, size = cbor.decode_first(self._data[self._at : self._at + ITEM_BYTES_USUAL], 0)
        except RemoteError:  # changed or cut, or one of the few that are longer
            value, size = cbor.decode_first(self._data[self._at : self._at + cbor.SIZE_MAX], 0)
        self._at += size
        return value


# what the state of the line hangs on: by whether it is a statement
_BEARING: dict[bool, frozenset[int]] = {
    False: frozenset((ActKind.SEVER, ActKind.OFFER, ActKind.AGREE, ActKind.WITHDRAW)),
    True: frozenset((NodeKind.ADOPT,)),
}


class _Fold:
    """The checks of entry after entry, and the line they make."""

    def __init__(
        self,
        line_id: bytes,
        order_wire: bytes,
        cards: tuple[Card, Card],
        rosters: tuple[dict[int, Officer], dict[int, Officer]],
        terms: tuple[bytes, ...],
        named: tuple[str, bytes],
        is_order_wire: bool,
    ) -> None:
        self._line_id, self._order_wire, self._cards, self._rosters = line_id, order_wire, cards, rosters
        try:
            agreed = [(suite.sha256(t), accords.decode_terms(t)) for t in terms]
        except RemoteError as e:
            raise Refused("accord", e.text) from None
        if not agreed:
            raise Refused("accord", "the file carries none")
        if any((terms.name, terms.nonce) != named for _, terms in agreed):
            raise Refused("accord", "its terms are of another line")
        self._line = lines.new_line(line_id, 0, agreed[0][1], is_order_wire=is_order_wire)
        self._names = {name for name, _ in agreed}
        self._adopted: set[bytes] = set()
        self._adoptions = 0
        self._seen: set[tuple[int, bytes]] = set()
        self._named: dict[tuple[bytes, int, int, int], tuple[int, bytes]] = {}
        self.misnamed = False  # an act had effect, and then a lower one of its name came
        self._doubtful: dict[tuple[int, int], str] = {}
        self._effects_withheld = False
        self._last_statement = [0, 0]
        self.findings: list[str] = []
        self._line = lines.with_accords(self._line, tuple(agreed))
        self._roots: tuple[dict[int, bytes], dict[int, bytes]] = ({0: EMPTY_ROOT}, {0: EMPTY_ROOT})
        self.acts = self.statements = self.withheld = 0
        self.first_at: Seconds | None = None
        self.last_at: Seconds | None = None
        self._early: dict[tuple[int, int], tuple[record.Held, Officer | None]] = {}

    def check_accords(self) -> None:
        """No terms beside those that a node adopted; before the first adoption, one accord."""
        unadopted = self._names - self._adopted
        if not self._line.is_order_wire and unadopted and (self._adoptions or len(unadopted) > 1):
            raise Refused("accord", "the file carries terms that no node adopted")

    @property
    def prefix_roots(self) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
        """The root of each log at every size from 0 on."""
        first, second = (tuple(known[size] for size in range(len(known))) for known in self._roots)
        return first, second

    @property
    def sizes(self) -> tuple[int, int]:
        self._settle()
        return (self._line.logs[0].size, self._line.logs[1].size)

    @property
    def signed(self) -> tuple[int, int]:
        """How much of each log its own node has signed for."""
        return (self._last_statement[0], self._last_statement[1])

    @property
    def roots(self) -> tuple[bytes, bytes]:
        return (self._line.logs[0].tree.root, self._line.logs[1].tree.root)

    @property
    def declared(self) -> str:
        """What both stances made of the line at the end of the file; by nobody's clock."""
        if self._effects_withheld:
            return "cannot be told: texts that bear on it are withheld"
        us, them = self._line.severed_by(0), self._line.severed_by(1)
        names = [self._cards[i].party_name for i, cut in enumerate((us, them)) if cut]
        if names:
            return "severed by " + " and ".join(names)
        return "not yet opened" if self._line.opens_at is None else "open"

    def take(self, number: int, data: bytes, opened: Opened) -> None:
        where = f"item {number}"
        try:
            entry = wire.decode_entry(data)
            said = wire.decode_payload(entry.signed.payload)
            where = f"entry {entry.sequence} of {self._cards[said.party].party_name}"
            self._check(where, entry, said, opened)
            body = None if opened.body is None else wire.decode_body(opened.body)
        except RemoteError as e:
            raise Refused(where, e.text) from None
        held = record.hold(data, entry, said, body)
        officer = self._officer(where, said, held)
        if self._line.logs[said.party].has(entry.sequence):
            raise Refused(where, "the file has two entries at this place")
        try:
            self._line = lines.heard(self._line, held, officer)
        except RemoteError as e:
            raise Refused(where, e.text) from None
        self._early[said.party, entry.sequence] = (held, officer)
        self._place()
        self._count(said, opened)

    def _officer(self, where: str, said: Act | Statement, held: record.Held) -> Officer | None:
        """Whose act it is; None if it has no effect, since another act has its name at a lower place."""
        if not isinstance(said, Act):
            return None
        name = (said.line, said.party, said.author, said.number)
        sequence, first = self._named.setdefault(name, (held.sequence, held.id))
        if first != held.id:
            self.findings.append(f"{where}: another act has its name; the one at the lower place has effect")
        if sequence != held.sequence:
            self.misnamed = self.misnamed or held.sequence < sequence
            return None
        officer = self._rosters[said.party].get(said.author)
        return officer if officer is not None and held.kid == suite.key_id(officer.key) else None

    def _check(self, where: str, entry: Entry, said: Act | Statement, opened: Opened) -> None:
        of_order_wire = isinstance(said, Act) and said.line == self._order_wire
        if said.line != self._line_id and not of_order_wire:  # 5
            raise RemoteError("it is of another line")
        if of_order_wire and said.line != self._line_id and said.kind != ActKind.SEVER:
            self.findings.append(f"{where}: an act of the order wire that has no effect here")
        if entry.incarnation != self._cards[said.party].incarnation:
            raise RemoteError("it is of an incarnation the card does not name")
        key = self._key(said)
        if key is None or (isinstance(said, Act) and entry.signed.kid != suite.key_id(key)):
            self._doubt(
                where,
                said.party,
                entry.sequence,
                "its author is in no roster with this key, its signature not checked",
            )
        else:
            record.check_signed(entry, key)  # 6
        _check_body(said, opened)  # 7
        if opened.body is not None:
            try:
                check = bodies.check_statement if isinstance(said, Statement) else bodies.check_act
                check(said.kind, wire.decode_body(opened.body))
            except RemoteError as e:
                self.findings.append(f"{where}: a body without its schema: {e.text}")
        if isinstance(said, Act):
            name = (said.party, record.act_id(entry.signed.payload))
            if name in self._seen:
                self._doubt(where, said.party, entry.sequence, "the same act again")
            self._seen.add(name)

    def _doubt(self, where: str, party: int, sequence: int, why: str) -> None:
        """A finding below the last statement of its node, and a reason to refuse above it."""
        self.findings.append(f"{where}: {why}")
        self._doubtful[party, sequence] = f"{why}, and no statement of its node covers it"

    def _key(self, said: Act | Statement) -> bytes | None:
        if isinstance(said, Statement):
            return self._cards[said.party].node_key
        if said.author == ROOT_AUTHOR:
            return self._cards[said.party].root_key
        officer = self._rosters[said.party].get(said.author)
        return officer.key if officer else None

    def _place(self) -> None:
        """Places what can be: in the order of each log, and a statement only after all it acknowledges,
        so that what the file says does not hang on the order in which its exporter put the two logs."""
        moved = True
        while moved:
            moved = False
            for party in (0, 1):
                log, other = self._line.logs[party], self._line.logs[1 - party]
                held, officer = self._early.get((party, log.size), (None, None))
                if held is None:
                    continue
                if isinstance(held.said, Statement) and held.said.their_size > other.size:
                    continue
                self._place_one(held, officer)
                moved = True

    def _place_one(self, held: record.Held, officer: Officer | None, agrees: bool = True) -> None:
        party = held.party
        if isinstance(held.said, Statement):
            self._heads(held.said, self._line.logs[party].tree, agrees)
            self._last_statement[party] = held.sequence + 1
        del self._early[party, held.sequence]
        self._line = lines.placed(self._line, held, officer, agrees)
        tree = self._line.logs[party].tree
        self._roots[party][tree.size] = tree.root

    def _heads(self, said: Statement, tree: Tree, agrees: bool) -> None:
        where = f"entry {said.sequence} of {self._cards[said.party].party_name}"
        if said.own_root != tree.root:  # 8
            raise Refused(where, "the root it signs is not that of the entries before it")
        if agrees and said.their_root != self._roots[1 - said.party][said.their_size]:  # 9
            raise Refused(where, "the root it signs of the other log is not that of its entries")

    def _settle(self) -> None:
        """Nothing is left that waits for an entry which the file does not have. A statement that
        acknowledges what its peer never wrote acknowledges nothing, and is a finding."""
        stuck = True
        while stuck:
            stuck = False
            for party in (0, 1):
                held, officer = self._early.get((party, self._line.logs[party].size), (None, None))
                top = max((s for p, s in self._early if p != party), default=-1)
                other = max(self._line.logs[1 - party].size, top + 1)
                if held is not None and isinstance(held.said, Statement) and held.said.their_size > other:
                    where = f"entry {held.sequence} of {self._cards[party].party_name}"
                    self.findings.append(f"{where}: it acknowledges entries that are not in this file")
                    self._place_one(held, officer, agrees=False)
                    self._place()
                    stuck = True
        for (party, sequence), why in sorted(self._doubtful.items()):
            if sequence >= self._last_statement[party]:
                raise Refused(f"entry {sequence} of {self._cards[party].party_name}", why)
        if self._early:
            party, sequence = min(self._early)
            raise Refused(
                f"entry {sequence} of {self._cards[party].party_name}",
                "an entry before it is missing, or one of the other log that it acknowledges",
            )

    def _count(self, said: Act | Statement, opened: Opened) -> None:
        if isinstance(said, Statement):
            self.statements += 1
            if said.kind == NodeKind.ADOPT and opened.body is not None:
                self._adoptions += 1
                (name, *_) = (*wire.decode_body(opened.body), None)
                if isinstance(name, bytes) and name in self._names:
                    self._adopted.add(name)
                else:
                    where = f"entry {said.sequence} of {self._cards[said.party].party_name}"
                    self.findings.append(f"{where}: it adopts an accord that the file does not carry")
        else:
            self.acts += 1
        if opened.body is None:
            self._effects_withheld |= said.kind in _BEARING[isinstance(said, Statement)]
        self.withheld += opened.body is None
        times = [t for t in (self.first_at, said.stamp.time) if t is not None]
        self.first_at = min(times)
        self.last_at = max(said.stamp.time, self.last_at or 0)


def _cards(tagged: tuple[bytes, bytes]) -> tuple[Card, Card]:
    cards = []
    for number, data in enumerate(tagged):
        try:
            found = _untagged(data)
            card = wire.decode_card(found.payload)
            key = suite.check_public_key(card.root_key)
            suite.check_public_key(card.node_key)
            _check_signature(found, key)
        except RemoteError as e:
            raise Refused(f"card {number}", e.text) from None
        cards.append((suite.sha256(found.payload), card))
    if cards[0][0] >= cards[1][0]:
        raise Refused("cards", "they are not two, or not in the order of their hashes")
    return (cards[0][1], cards[1][1])


def _rosters(
    acts: tuple[tuple[bytes, Opened], ...], cards: tuple[Card, Card], order_wire: bytes
) -> tuple[dict[int, Officer], dict[int, Officer]]:
    rosters: tuple[dict[int, Officer], dict[int, Officer]] = ({}, {})
    for number, (data, opened) in enumerate(acts):
        try:
            found = _untagged(data)
            act = wire.decode_payload(found.payload)
            if not isinstance(act, Act) or act.kind != ActKind.ROSTER or act.author != ROOT_AUTHOR:
                raise RemoteError("it is no act of a root key")
            if act.line != order_wire:
                raise RemoteError("it is of another pair")
            _check_signature(found, cards[act.party].root_key)
            _check_body(act, opened)
            body: Body = wire.decode_body(opened.body or b"\x80")
            bodies.check_act(ActKind.ROSTER, body)
            rosters[act.party].update(roster.added(rosters[act.party], body))
        except RemoteError as e:
            raise Refused(f"roster {number}", e.text) from None
    return rosters


def _check_signature(found: Signed, key: bytes) -> None:
    if found.kid != suite.key_id(key):
        raise RemoteError("key id is not that of the key")
    if not suite.verify(key, wire.to_be_signed(found.kid, found.payload), found.signature):
        raise RemoteError("signature does not verify")


def _check_body(said: Act | Statement, opened: Opened) -> None:
    if opened.body is None:
        if opened.salts:
            raise RemoteError("salts lie beside a body that is withheld")
        return
    body = wire.decode_body(opened.body)
    if len(opened.salts) != len(body):
        raise RemoteError("it does not carry one salt for each field")
    if record.commitment(said.kind, body, lambda i: opened.salts[i]) != said.commitment:
        raise RemoteError("its text is not what was signed")


def _opened(body: Value, salts: Value) -> Opened:
    return Opened(
        None if body is None else cbor.octets(body), tuple(cbor.octets(s) for s in cbor.items(salts))
    )


def _untagged(data: bytes) -> Signed:
    if data[:1] != wire.COSE_SIGN1_TAG:
        raise RemoteError("it is not a tagged COSE_Sign1")
    return wire.decode_signed(cbor.decode(data[1:]))
