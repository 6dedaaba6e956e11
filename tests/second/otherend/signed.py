"""What carries a signature: COSE_Sign1, cards, shares, acts, statements, entries; and the commitment (spec 3, 5)."""

from collections.abc import Sequence
from dataclasses import dataclass

from otherend import cbor, suite, tree
from otherend.fields import exactly, number, octets, record, sha256, text, u32
from otherend.refused import Refused, check

ACT, STATEMENT = "parley/act/1", "parley/node/1"
TIME = record(u32, number(0, 3))
SHAPES = {
    ACT: record(
        exactly(ACT),
        sha256,
        number(0, 1),
        number(0, 63),
        number(0, 3),
        number(0, 65534),
        u32,
        TIME,
        record(u32, u32),
        sha256,
    ),
    STATEMENT: record(
        exactly(STATEMENT),
        sha256,
        number(0, 1),
        number(0, 63),
        number(0, 3),
        number(1, 2**32 - 1),
        u32,
        TIME,
        sha256,
        record(u32, u32, sha256),
        sha256,
    ),
}
CARD = record(
    exactly("parley/card/1"),
    text(64, 1),
    octets(32),
    record(exactly(1), octets(32)),
    octets(1216),
    octets(16),
)
SHARE = record(exactly("parley/share/1"), sha256, octets(1168))


@dataclass(frozen=True)
class Signed:
    """A COSE_Sign1 of the one form allowed (EN-3)."""

    key_id: bytes
    payload: bytes
    signature: bytes

    @property
    def to_be_signed(self) -> bytes:
        return cbor.encode(["Signature1", header(self.key_id), b"", self.payload])

    def verify(self, key: bytes, rule: str = "EN-4") -> None:
        check(self.key_id == suite.key_id(key), rule, "another key id")
        check(suite.verify(key, self.signature, self.to_be_signed), rule, "the signature does not verify")

    def value(self) -> list[object]:
        return [header(self.key_id), {}, self.payload, self.signature]

    def tagged(self) -> bytes:
        return b"\xd2" + cbor.encode(self.value())


def header(key_id: bytes) -> bytes:
    return cbor.encode({1: -8, 4: key_id})


def sign1(value: object) -> Signed:
    """From the array of four."""
    check(type(value) is list and len(value) == 4, "EN-3", "not an array of four")
    protected, unprotected, payload, signature = value
    check(type(protected) is bytes and type(payload) is bytes, "EN-3", "no protected header, or no payload")
    check(unprotected == {} and type(unprotected) is dict, "EN-3", "an unprotected header")
    check(type(signature) is bytes and len(signature) == 64, "EN-3", "a signature of another length")
    told = cbor.decode(protected)
    check(type(told) is dict and told.keys() == {1, 4} and sha256(told[4]), "EN-3", "another header")
    check(protected == header(told[4]), "EN-3", "another algorithm")
    return Signed(told[4], payload, signature)


def tagged(data: bytes) -> Signed:
    check(data[:1] == b"\xd2", "EN-5", "no tag 18")
    return sign1(cbor.decode(data[1:]))


@dataclass(frozen=True)
class Card:
    party: str
    root_key: bytes
    node_key: bytes
    pairing_key: bytes
    nonce: bytes
    payload: bytes


def card(data: bytes) -> Card:
    signed = tagged(data)
    value = cbor.decode(signed.payload)
    check(CARD(value), "PA-1", "no card")
    _, party, root_key, (_, node_key), pairing_key, nonce = value
    suite.check_key(root_key)
    suite.check_key(node_key)
    signed.verify(root_key, "PA-2")
    return Card(party, root_key, node_key, pairing_key, nonce, signed.payload)


def share(data: bytes, root_key: bytes, transcript: bytes) -> bytes:
    """The sealed share."""
    signed = tagged(data)
    value = cbor.decode(signed.payload)
    check(SHARE(value), "PA-5", "no share")
    signed.verify(root_key, "PA-5")
    check(value[1] == transcript, "PA-5", "another transcript")
    return value[2]


@dataclass(frozen=True)
class Act:
    line: bytes
    party: int
    kind: int
    precedence: int
    author: int
    number: int
    time: int
    clock: int
    seen: tuple[int, int]
    commitment: bytes
    payload: bytes

    @property
    def id(self) -> bytes:
        return tree.sha(self.payload)

    def salt(self, key: bytes, index: int) -> bytes:
        return suite.act_salt(key, self.party, self.author, self.number, index)


@dataclass(frozen=True)
class Statement:
    line: bytes
    party: int
    kind: int
    precedence: int
    incarnation: int
    sequence: int
    time: int
    clock: int
    own_root: bytes
    their_incarnation: int
    their_size: int
    their_root: bytes
    commitment: bytes
    payload: bytes

    def salt(self, key: bytes, index: int) -> bytes:
        return suite.statement_salt(key, self.party, self.incarnation, self.sequence, index)


def act_payload(
    line: bytes,
    party: int,
    kind: int,
    precedence: int,
    author: int,
    num: int,
    time: Sequence[int],
    seen: Sequence[int],
    commitment: bytes,
) -> bytes:
    return cbor.encode([ACT, line, party, kind, precedence, author, num, list(time), list(seen), commitment])


def statement_payload(
    line: bytes,
    party: int,
    kind: int,
    precedence: int,
    place: Sequence[int],
    time: Sequence[int],
    own_root: bytes,
    theirs: Sequence[object],
    commitment: bytes,
) -> bytes:
    told = [STATEMENT, line, party, kind, precedence, *place, list(time), own_root, list(theirs), commitment]
    return cbor.encode(told)


def read_payload(payload: bytes) -> Act | Statement:
    value = cbor.decode(payload)
    label = value[0] if type(value) is list and value else None
    check(type(label) is str and label in SHAPES, "EN-1", "a label of no act and no statement")
    if label == ACT:
        check(SHAPES[ACT](value), "EN-1", "not the array of an act")
        _, line, party, kind, precedence, author, num, (time, clock), seen, commitment = value
        return Act(line, party, kind, precedence, author, num, time, clock, tuple(seen), commitment, payload)
    check(SHAPES[STATEMENT](value), "EN-6", "not the array of a statement")
    _, line, party, kind, precedence, incarnation, sequence, (time, clock), own_root, theirs, commitment = (
        value
    )
    return Statement(
        line,
        party,
        kind,
        precedence,
        incarnation,
        sequence,
        time,
        clock,
        own_root,
        *theirs,
        commitment,
        payload,
    )


@dataclass(frozen=True)
class Entry:
    incarnation: int
    sequence: int
    signed: Signed
    said: Act | Statement
    data: bytes

    @property
    def leaf(self) -> bytes:
        return tree.leaf_hash(self.data)


def entry_bytes(incarnation: int, sequence: int, signed: Signed) -> bytes:
    return cbor.encode([incarnation, sequence, signed.value()])


def read_entry(data: bytes) -> Entry:
    """All that can be checked without a key."""
    value = cbor.decode(data)
    check(type(value) is list and len(value) == 3, "EN-7", "not an array of three")
    incarnation, sequence, four = value
    check(u32(incarnation) and u32(sequence), "EN-7", "no place")
    check(incarnation >= 1, "EN-7", "incarnation 0")
    signed = sign1(four)
    said = read_payload(signed.payload)
    if isinstance(said, Statement):
        check(
            (said.incarnation, said.sequence) == (incarnation, sequence),
            "EN-11",
            "a statement at another place",
        )
    return Entry(incarnation, sequence, signed, said, data)


# --- the commitment


def field_hash(kind: int, count: int, index: int, salt: bytes, field: object) -> bytes:
    return tree.sha(cbor.encode(["parley/field/1", kind, count, index, salt, field]))


def commitment(kind: int, fields: Sequence[object], salts: Sequence[bytes]) -> bytes:
    count = len(fields)
    check(len(salts) == count, "EN-9", "not one salt for each field")
    return tree.root([field_hash(kind, count, i, salts[i], fields[i]) for i in range(count)])


def check_body(
    said: Act | Statement, fields: Sequence[object], salts: Sequence[bytes], rule: str = "EN-9"
) -> None:
    check(
        commitment(said.kind, fields, salts) == said.commitment, rule, "the body is not what was committed to"
    )


def salts_of(said: Act | Statement, key: bytes, count: int) -> list[bytes]:
    return [said.salt(key, i) for i in range(count)]


def check_field(
    kind: int, count: int, index: int, salt: bytes, field: object, path: Sequence[bytes], wanted: bytes
) -> None:
    """A field disclosed alone (EN-9)."""
    leaf = tree.leaf_hash(field_hash(kind, count, index, salt, field))
    try:
        tree.check_inclusion(leaf, index, count, path, wanted)
    except Refused as refused:
        raise Refused("EN-9", str(refused)) from None
