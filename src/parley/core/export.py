"""A line's record as a file, and its verification by anyone, with no node and no keys (spec 13).

The file carries both logs whole, the cards, the rosters and the accords, and beside each body the
salts of its fields, so that every signature, commitment and root can be rebuilt. It carries no key of
the line: what is exported later, or withheld, stays as hidden as it was.

A file proves that two keys signed this. Whose keys they are only a fingerprint learnt elsewhere proves;
without both, the verdict is "consistent; identities NOT pinned".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

from parley.core import accord as accords
from parley.core import line as lines
from parley.core import record, suite
from parley.core.errors import RemoteError
from parley.core.instruments import roster
from parley.core.record import Roots
from parley.core.types import (
    NODE_AUTHOR,
    NONCE_BYTES,
    ROOT_AUTHOR,
    Act,
    ActKind,
    Body,
    Card,
    NodeKind,
    Officer,
    Seconds,
    Signed,
    Value,
)
from parley.core.wire import body as bodies
from parley.core.wire import cbor
from parley.core.wire import entry as wire
from parley.core.wire.entry import Flat

MAGIC = b"parley-export/1\n"
HEAD_LABEL = "parley/export-head/1"
END_LABEL = "parley/export-end/1"
FILE_BYTES_MAX = 1 << 30
ITEM_BYTES_USUAL = 1 << 16  # of one value of the file; none may be longer than any CBOR
PIECE_BYTES = 1 << 17  # of the file, checked at a time


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
    prefix_roots: tuple[Roots, Roots]  # at every size: what two files have in common
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


@dataclass(frozen=True, slots=True)
class Begun:
    """What the beginning of a file gives, against which each of its entries is held. `entries_at`: where those
    begin."""

    line: bytes
    order_wire: bytes
    name: str
    nonce: bytes
    cards: tuple[Card, Card]
    rosters: tuple[dict[int, Officer], dict[int, Officer]]
    terms: tuple[bytes, ...]
    entries_at: int


class Checked(NamedTuple):
    """An entry of which all holds that can be seen of it alone. `at`: where its item begins in the file. `id`: of an
    act. `known`: it is signed with the key that the roster gives its author. `withheld`: it has no body here.
    `findings`: each as (whether its signature could not be checked, what). Of a statement: the heads it signs."""

    at: int
    party: int
    sequence: int
    is_statement: bool
    kind: int
    of_order_wire: bool
    author: int
    number: int
    id: bytes
    leaf: bytes
    time: Seconds
    known: bool
    withheld: bool
    findings: tuple[tuple[bool, str], ...]
    own_root: bytes = b""
    their_size: int = 0
    their_root: bytes = b""


@dataclass(frozen=True, slots=True)
class Totals:
    """What a file says at its end that it adds up to: sizes and roots of both logs."""

    sizes: tuple[int, int]
    roots: tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a file, checked. `stops`: where the next begins. `refused`: what and why, of the item after
    `entries`. `end`: what the file says at its end, if that was read."""

    entries: list[Checked]
    stops: int
    refused: tuple[str, str] | None = None
    end: Totals | None = None


Checker: TypeAlias = "Callable[[Begun, bytes], Generator[Piece]]"


def verify(data: bytes, pins: Iterable[str] = (), checker: Checker | None = None) -> Verdict:
    """What `data` proves. `pins`: fingerprints (hex of SHA-256 of a root key) learnt elsewhere. `checker`: who
    gives all stretches of the file in order, each from `Check.piece`; `in_turn` if it is None.

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

    5 to 7 are of each entry alone and can be done by several at a time (`check`); 8 to 10 are folded in the order of
    the file. Raises Refused, which names the first entry or part that does not hold.
    """
    begun = _begin(data, pins)  # 1 to 4
    checker = checker or in_turn
    fold = _folded(begun, data, checker(begun, data))
    if fold.misnamed:  # of two acts under one name the lower has effect: rare enough to read the file again
        fold = _folded(begun, data, checker(begun, data), by_place=True)
    fold.check_accords()
    if fold.totals != Totals(fold.sizes, fold.roots):  # 10
        raise Refused("end of the file", "sizes and roots are not those of the entries")
    first, second = begun.cards
    fingerprints = (suite.key_id(first.root_key).hex(), suite.key_id(second.root_key).hex())
    return Verdict(
        begun.line,
        begun.name or "order wire",
        (first.party_name, second.party_name),
        fingerprints,
        fold.totals.sizes,
        fold.totals.roots,
        fold.prefix_roots,
        fold.acts,
        fold.statements,
        fold.withheld,
        fold.declared,
        fold.signed,
        tuple(fold.findings),
        _plain_pins(pins) == set(fingerprints),
        fold.first_at,
        fold.last_at,
    )


def _begin(data: bytes, pins: Iterable[str]) -> Begun:
    read = _File(data)
    header = read.head()  # 1
    cards = _cards(header.cards)  # 2
    transcript = suite.transcript_hash(tuple(wire.encode_card(card) for card in cards))
    order_wire = suite.line_id(transcript, "", bytes(NONCE_BYTES))
    line_id = suite.line_id(transcript, header.name, header.nonce)
    of_parties = {suite.key_id(card.root_key).hex() for card in cards}
    for pin in _plain_pins(pins) - of_parties:  # 3
        raise Refused("identity", f"no party of this file has the fingerprint {pin[:16]}...")
    rosters = _rosters(header.rosters, cards, order_wire)  # 4
    return Begun(line_id, order_wire, header.name, header.nonce, cards, rosters, header.terms, read.at)


def _plain_pins(pins: Iterable[str]) -> set[str]:
    return {pin.replace(" ", "").replace(":", "").lower() for pin in pins}


def _folded(begun: Begun, data: bytes, pieces: Generator[Piece], *, by_place: bool = False) -> _Fold:
    """All pieces folded, in the order of the file or, `by_place`, of the sequences in it."""
    fold = _Fold(begun, data)
    try:
        entries: Iterable[Checked] = _entries(pieces, fold)  # 5 to 7
        for entry in sorted(entries, key=lambda entry: entry.sequence) if by_place else entries:
            fold.take(entry)  # 8, 9
    finally:
        pieces.close()
    return fold


def _entries(pieces: Iterable[Piece], fold: _Fold) -> Iterator[Checked]:
    """The entries of all pieces, in the order of the file."""
    for piece in pieces:
        yield from piece.entries
        if piece.refused is not None:
            raise Refused(*piece.refused)
        if piece.end is not None:
            fold.totals = piece.end


def in_turn(begun: Begun, data: bytes, number: int = 0, at: int | None = None) -> Generator[Piece]:
    """All pieces of a file, checked here, one after another; from the `number`th item on, which begins at `at`."""
    at, check = begun.entries_at if at is None else at, Check(begun, data)
    while True:
        piece = check.piece(number, at, at + PIECE_BYTES)
        yield piece
        if piece.refused is not None or piece.end is not None:
            return
        number, at = number + len(piece.entries), piece.stops


@dataclass(frozen=True, slots=True)
class _Head:
    cards: tuple[bytes, bytes]
    name: str
    nonce: bytes
    terms: tuple[bytes, ...]
    rosters: tuple[tuple[bytes, Opened], ...]


_Item: TypeAlias = (
    "tuple[bytes, bytes | None, list[bytes]]"  # an entry, its body, the salts as they are encoded
)

_SALTS = re.compile(rb"(?:\x58\x20.{32})*", re.DOTALL)


class _Unusual(Exception):
    """A byte string of more than 64 KiB, not in its shortest form, or none at all."""


def _octets(data: bytes, at: int) -> tuple[int, int]:
    """Where the byte string at `at` begins and ends, by its length alone. Raises _Unusual, and IndexError at the end of
    the file."""
    head = data[at]
    if head == 0x58:
        size, at = data[at + 1], at + 2
        if size >= 24:
            return at, at + size
    elif head == 0x59:
        size, at = data[at + 1] << 8 | data[at + 2], at + 3
        if size >= 0x100:
            return at, at + size
    elif 0x40 <= head < 0x58:
        return at + 1, at + head - 0x3F
    raise _Unusual


class _File:
    """The parts of a file in order; every read bounded. `at`: where the next one begins."""

    def __init__(self, data: bytes, at: int | None = None) -> None:
        if not data.startswith(MAGIC):
            raise Refused("beginning of the file", "this is not an export of version 1")
        self._data, self.at = data, len(MAGIC) if at is None else at

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

    def item(self) -> _Item | Totals:
        """The next entry, or the end. Raises RemoteError."""
        found = self._usual()
        if found is not None:
            return found
        parts = cbor.array(self._next(), 3, "entry")
        if parts[0] == END_LABEL:
            return self._end(parts)
        entry, opened = cbor.octets(parts[0]), _opened(parts[1], parts[2])
        return entry, opened.body, [cbor.encode(salt) for salt in opened.salts]

    def _usual(self) -> _Item | None:
        """The next entry, if it has the usual shape; None, and nothing is read, otherwise."""
        data, at = self._data, self.at
        try:
            if data[at] != 0x83:
                return None
            first, at = _octets(data, at + 1)
            entry, body = data[first:at], None
            if data[at] == 0xF6:
                at += 1
            else:
                first, at = _octets(data, at)
                body = data[first:at]
            count = data[at] - 0x80
        except (IndexError, _Unusual):
            return None
        first, at = at + 1, at + 1 + 34 * count
        if count == 0:
            self.at = at
            return entry, body, []
        if not 0 < count < 24 or at > len(data) or _SALTS.fullmatch(data, first, at) is None:
            return None
        self.at = at
        return entry, body, [data[salt : salt + 34] for salt in range(first, at, 34)]

    def _end(self, parts: tuple[Value, ...]) -> Totals:
        size0, size1 = (cbor.integer(s) for s in cbor.array(parts[1], 2, "sizes"))
        root0, root1 = (cbor.octets(r) for r in cbor.array(parts[2], 2, "roots"))
        if self.at != len(self._data):
            raise RemoteError("bytes are left after the end")
        return Totals((size0, size1), (root0, root1))

    def _next(self) -> Value:
        if self.at >= len(self._data):
            raise RemoteError("the file ends early")
        try:
            value, size = cbor.decode_first(self._data[self.at : self.at + ITEM_BYTES_USUAL], 0)
        except RemoteError:  # changed or cut, or one of the few that are longer
            value, size = cbor.decode_first(self._data[self.at : self.at + cbor.SIZE_MAX], 0)
        self.at += size
        return value


def cuts(data: bytes, begun: Begun, every: int) -> Iterator[tuple[int, int]]:
    """Where the file can be cut into stretches: (number of the item, where it begins), for each `every`th item.

    It only looks at lengths, and stops where they are not plain: what begins at a cut is an item if the stretch
    before it was found to stop there, and not otherwise.
    """
    number, at = 0, begun.entries_at
    yield number, at
    try:
        while data[at] == 0x83:
            _, at = _octets(data, at + 1)
            at = at + 1 if data[at] == 0xF6 else _octets(data, at)[1]
            at += 1 + 34 * (data[at] & 0x1F)
            number += 1
            if number % every == 0 and at < len(data):
                yield number, at
    except (IndexError, _Unusual):
        return


class Check:
    """The checks of entries one by one, each against the beginning of the file and nothing else."""

    def __init__(self, begun: Begun, data: bytes) -> None:
        self._begun, self._data = begun, data
        self._authors: dict[tuple[int, int], tuple[bytes, bytes]] = {}

    def piece(self, number: int, start: int, stop: int) -> Piece:
        """The items that begin in [start, stop), of which the first is the `number`th of the file; up to the first
        that does not hold."""
        read, entries = _File(self._data, start), list[Checked]()
        while read.at < stop:
            at = read.at
            try:
                found = read.item()
            except RemoteError as e:
                why = f"the file is cut short or changed here: {e.text}"
                return Piece(entries, at, (f"item {number}", why))
            if isinstance(found, Totals):
                return Piece(entries, read.at, None, found)
            try:
                entries.append(self._entry(number, at, *found))
            except Refused as e:
                return Piece(entries, at, (e.where, e.why))
            number += 1
        return Piece(entries, read.at)

    def _entry(self, number: int, at: int, data: bytes, body: bytes | None, salts: list[bytes]) -> Checked:
        try:
            entry = wire.decode_flat(data)
        except RemoteError as e:
            raise Refused(f"item {number}", e.text) from None
        try:
            return self._checked(at, data, entry, body, salts)
        except RemoteError as e:
            where = f"entry {entry.sequence} of {self._begun.cards[entry.party].party_name}"
            raise Refused(where, e.text) from None

    def _checked(self, at: int, data: bytes, entry: Flat, body: bytes | None, salts: list[bytes]) -> Checked:
        begun, is_act = self._begun, entry.author != NODE_AUTHOR
        of_order_wire = is_act and entry.line == begun.order_wire
        findings: tuple[tuple[bool, str], ...] = ()
        if entry.line != begun.line:  # 5
            if not of_order_wire:
                raise RemoteError("it is of another line")
            if entry.kind != ActKind.SEVER:
                findings = ((False, "an act of the order wire that has no effect here"),)
        if entry.incarnation != begun.cards[entry.party].incarnation:
            raise RemoteError("it is of an incarnation the card does not name")
        kid, key = self._authors.get((entry.party, entry.author)) or self._author(entry.party, entry.author)
        known = not is_act or entry.kid == kid
        if known:
            record.check_flat(entry, key, kid)  # 6
        else:
            why = "its author is in no roster with this key, its signature not checked"
            findings = (*findings, (True, why))
        fields = _check_body(entry.kind, entry.commitment, body, salts)  # 7
        if fields is not None:
            try:
                (bodies.check_act if is_act else bodies.check_statement)(entry.kind, fields)
            except RemoteError as e:
                findings = (*findings, (False, f"a body without its schema: {e.text}"))
        return Checked(
            at,
            entry.party,
            entry.sequence,
            not is_act,
            entry.kind,
            of_order_wire,
            entry.author,
            entry.number,
            suite.sha256(entry.payload) if is_act else b"",
            record.leaf_hash(data),
            entry.time,
            known,
            fields is None,
            findings,
            entry.own_root,
            entry.their_size,
            entry.their_root,
        )

    def _author(self, party: int, author: int) -> tuple[bytes, bytes]:
        """The key id and the key of who says it; empty if the rosters do not know him."""
        card, key = self._begun.cards[party], b""
        if author == NODE_AUTHOR:
            key = card.node_key
        elif author == ROOT_AUTHOR:
            key = card.root_key
        else:
            officer = self._begun.rosters[party].get(author)
            key = officer.key if officer else b""
        found = self._authors[party, author] = (suite.key_id(key) if key else b"", key)
        return found


_Waits: TypeAlias = (
    "tuple[Checked, bool, bool]"  # an entry, whether it has effect, whether it came beyond a hole
)

# what the state of the line hangs on: by whether it is a statement
_BEARING: dict[bool, frozenset[int]] = {
    False: frozenset((ActKind.SEVER, ActKind.OFFER, ActKind.AGREE, ActKind.WITHDRAW)),
    True: frozenset((NodeKind.ADOPT,)),
}


class _Fold:
    """The checks of entry after entry, and the line they make.

    Most entries bear on nothing but the length of a log and how much of it is acknowledged; those are counted here.
    What the state of the line hangs on goes through `line.heard` and `line.placed` as at an end, and so does each
    statement while terms are on offer that it may settle.
    """

    def __init__(self, begun: Begun, data: bytes) -> None:
        self._data, self._cards, self._rosters = data, begun.cards, begun.rosters
        self.totals = Totals((-1, -1), (b"", b""))
        try:
            agreed = [(suite.sha256(t), accords.decode_terms(t)) for t in begun.terms]
        except RemoteError as e:
            raise Refused("accord", e.text) from None
        if not agreed:
            raise Refused("accord", "the file carries none")
        if any((terms.name, terms.nonce) != (begun.name, begun.nonce) for _, terms in agreed):
            raise Refused("accord", "its terms are of another line")
        self._line = lines.new_line(begun.line, 0, agreed[0][1], is_order_wire=begun.line == begun.order_wire)
        self._names = {name for name, _ in agreed}
        self._adopted: set[bytes] = set()
        self._adoptions = 0
        self._seen: tuple[set[bytes], set[bytes]] = (set(), set())
        self._named: dict[tuple[bool, int, int, int], tuple[int, bytes]] = {}
        self.misnamed = False  # an act had effect, and then a lower one of its name came
        self._doubtful: dict[tuple[int, int], str] = {}
        self._effects_withheld = False
        self._last_statement = [0, 0]
        self.findings: list[str] = []
        self._line = lines.with_accords(self._line, tuple(agreed))
        self._roots = (Roots(), Roots())
        self._sizes = [0, 0]  # of both logs, as far as they are placed
        self._stated = [0, 0]  # how much of the other log each has acknowledged
        self._offers_wait = False  # terms stand that a statement may settle
        self.acts = self.statements = self.withheld = 0
        self.first_at: Seconds | None = None
        self.last_at: Seconds | None = None
        self._early: tuple[dict[int, _Waits], dict[int, _Waits]] = ({}, {})
        self._beyond = [0, 0]  # how many of those came when one at a lower place of their log had not

    def check_accords(self) -> None:
        """No terms beside those that a node adopted; before the first adoption, one accord."""
        unadopted = self._names - self._adopted
        if not self._line.is_order_wire and unadopted and (self._adoptions or len(unadopted) > 1):
            raise Refused("accord", "the file carries terms that no node adopted")

    @property
    def prefix_roots(self) -> tuple[Roots, Roots]:
        """The root of each log at every size from 0 on."""
        return self._roots

    @property
    def sizes(self) -> tuple[int, int]:
        self._settle()
        return (self._sizes[0], self._sizes[1])

    @property
    def signed(self) -> tuple[int, int]:
        """How much of each log its own node has signed for."""
        return (self._last_statement[0], self._last_statement[1])

    @property
    def roots(self) -> tuple[bytes, bytes]:
        first, second = (roots[roots.size] for roots in self._roots)
        return first, second

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

    def take(self, entry: Checked) -> None:
        party, sequence, size = entry.party, entry.sequence, self._sizes[entry.party]
        for unchecked, why in entry.findings:
            self._found(entry, why, doubt=unchecked)
        has_effect = not entry.is_statement and self._has_effect(entry)
        if sequence < size or sequence in self._early[party]:
            raise Refused(self._where(entry), "the file has two entries at this place")
        if not entry.is_statement and entry.kind == ActKind.SEVER:
            held = self._held(entry)
            self._line = lines.heard(self._now(), held, self._officer(entry, has_effect))
        if sequence > size:
            if self._beyond[party] >= lines.BEYOND_MAX:
                raise Refused(self._where(entry), "more entries beyond a hole than an end keeps")
            self._beyond[party] += 1
        self._early[party][sequence] = (entry, has_effect, sequence > size)
        self._place()
        self._count(entry)

    def _where(self, entry: Checked) -> str:
        return f"entry {entry.sequence} of {self._cards[entry.party].party_name}"

    def _found(self, entry: Checked, why: str, *, doubt: bool = False) -> None:
        """A finding; with `doubt` it is one below the last statement of its node, and a reason to refuse above it."""
        self.findings.append(f"{self._where(entry)}: {why}")
        if doubt:
            self._doubtful[entry.party, entry.sequence] = f"{why}, and no statement of its node covers it"

    def _has_effect(self, entry: Checked) -> bool:
        """Whether an act may have effect: not if another has its name at a lower place."""
        seen = self._seen[entry.party]
        if entry.id in seen:
            self._found(entry, "the same act again", doubt=True)
        seen.add(entry.id)
        name = (entry.of_order_wire, entry.party, entry.author, entry.number)
        sequence, first = self._named.setdefault(name, (entry.sequence, entry.id))
        if first != entry.id:
            self._found(entry, "another act has its name; the one at the lower place has effect")
        if sequence != entry.sequence:
            self.misnamed = self.misnamed or entry.sequence < sequence
            return False
        return True

    def _officer(self, entry: Checked, has_effect: bool) -> Officer | None:
        """Whose act it is, by the roster; None if it has no effect."""
        officer = self._rosters[entry.party].get(entry.author) if has_effect else None
        return officer if entry.known else None

    def _held(self, entry: Checked) -> record.Held:
        """The entry as an end would hold it, read again."""
        item = _File(self._data, entry.at).item()
        assert not isinstance(item, Totals), "it was read as an entry before"
        data, body, _ = item
        found = wire.decode_entry(data)
        fields = None if body is None else wire.decode_body(body)
        return record.hold(data, found, wire.decode_payload(found.signed.payload), fields)

    def _now(self) -> lines.Line:
        """The line, with both logs as they are."""
        first, second = (
            lines.Log(tree=roots.tree(), stated=stated)
            for roots, stated in zip(self._roots, self._stated, strict=True)
        )
        return replace(self._line, logs=(first, second))

    def _place(self) -> None:
        """Places what can be: in the order of each log, and a statement only after all it acknowledges,
        so that what the file says does not hang on the order in which its exporter put the two logs."""
        early, sizes = self._early, self._sizes
        moved = True
        while moved:
            moved = False
            for party in (0, 1):
                if not early[party]:
                    continue
                waits = early[party].get(sizes[party])
                if waits is None or waits[0].their_size > sizes[1 - party]:
                    continue
                self._place_one(*waits)
                moved = True

    def _place_one(self, entry: Checked, has_effect: bool, beyond: bool, agrees: bool = True) -> None:
        party = entry.party
        if entry.is_statement:
            self._heads(entry, agrees)
            self._last_statement[party] = entry.sequence + 1
        del self._early[party][entry.sequence]
        self._beyond[party] -= beyond
        if self._bears(entry):
            officer = self._officer(entry, has_effect) if not entry.is_statement else None
            self._line = lines.placed(self._now(), self._held(entry), officer, agrees)
            self._stated = [log.stated for log in self._line.logs]
            self._offers_wait = any(_may_settle(standing) for standing in self._line.standings)
        elif entry.is_statement and agrees:
            self._stated[party] = max(self._stated[party], entry.their_size)
        self._roots[party].add(entry.leaf)
        self._sizes[party] += 1

    def _bears(self, entry: Checked) -> bool:
        """Whether the state of the line may hang on it when it is placed."""
        return entry.kind in _BEARING[entry.is_statement] or (entry.is_statement and self._offers_wait)

    def _heads(self, said: Checked, agrees: bool) -> None:
        if said.own_root != self._roots[said.party][said.sequence]:  # 8
            raise Refused(self._where(said), "the root it signs is not that of the entries before it")
        if agrees and said.their_root != self._roots[1 - said.party][said.their_size]:  # 9
            raise Refused(self._where(said), "the root it signs of the other log is not that of its entries")

    def _settle(self) -> None:
        """Nothing is left that waits for an entry which the file does not have. A statement that
        acknowledges what its peer never wrote acknowledges nothing, and is a finding."""
        stuck = True
        while stuck:
            stuck = False
            for party in (0, 1):
                waits = self._early[party].get(self._sizes[party])
                other = max(self._sizes[1 - party], max(self._early[1 - party], default=-1) + 1)
                if waits is not None and waits[0].their_size > other:
                    self._found(waits[0], "it acknowledges entries that are not in this file")
                    self._place_one(*waits, agrees=False)
                    self._place()
                    stuck = True
        for (party, sequence), why in sorted(self._doubtful.items()):
            if sequence >= self._last_statement[party]:
                raise Refused(f"entry {sequence} of {self._cards[party].party_name}", why)
        for party in (0, 1):
            if self._early[party]:
                raise Refused(
                    f"entry {min(self._early[party])} of {self._cards[party].party_name}",
                    "an entry before it is missing, or one of the other log that it acknowledges",
                )

    def _count(self, entry: Checked) -> None:
        if entry.is_statement:
            self.statements += 1
            if entry.kind == NodeKind.ADOPT and not entry.withheld:
                self._adoptions += 1
                (name, *_) = (*(self._held(entry).body or ()), None)
                if isinstance(name, bytes) and name in self._names:
                    self._adopted.add(name)
                else:
                    self._found(entry, "it adopts an accord that the file does not carry")
        else:
            self.acts += 1
        if entry.withheld:
            self._effects_withheld |= entry.kind in _BEARING[entry.is_statement]
            self.withheld += 1
        if self.first_at is None or entry.time < self.first_at:
            self.first_at = entry.time
        if self.last_at is None or entry.time > self.last_at:
            self.last_at = entry.time


def _may_settle(standing: lines.Standing) -> bool:
    """Whether a statement may settle these terms: some side stands behind them, and they are not settled."""
    return not standing.settled and any(standing.agreed)


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
            salts = [cbor.encode(salt) for salt in opened.salts]
            body = _check_body(act.kind, act.commitment, opened.body, salts) or ()
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


def _check_body(kind: int, commitment: bytes, body: bytes | None, salts: Sequence[bytes]) -> Body | None:
    """The fields that were committed to; None where they are withheld. `salts`: as they are encoded. Raises
    RemoteError."""
    if body is None:
        if salts:
            raise RemoteError("salts lie beside a body that is withheld")
        return None
    fields, encoded = wire.decode_fields(body)
    if len(salts) != len(fields):
        raise RemoteError("it does not carry one salt for each field")
    if record.commitment_of(kind, encoded, salts) != commitment:
        raise RemoteError("its text is not what was signed")
    return fields


def _opened(body: Value, salts: Value) -> Opened:
    return Opened(
        None if body is None else cbor.octets(body), tuple(cbor.octets(s) for s in cbor.items(salts))
    )


def _untagged(data: bytes) -> Signed:
    if data[:1] != wire.COSE_SIGN1_TAG:
        raise RemoteError("it is not a tagged COSE_Sign1")
    return wire.decode_signed(cbor.decode(data[1:]))
