"""The frame (spec 7): what is clear, what is sealed, and the entry rebuilt from it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from otherend import cbor, packing, signed, suite
from otherend.refused import CannotRebuild, Refused, check

FORM_ACT, FORM_NODE, FORM_ANY, FORM_LOOSE = range(4)
NO_BODY, INLINE, WITHHELD, FRAGMENTS = range(4)
FRAGMENT, LIFE, FRONTIER, CALL, PREKEY, WANTED, OBJECT_WANTED = 1, 2, 3, 4, 6, 7, 8


@dataclass(frozen=True)
class Header:
    kind: int
    precedence: int
    form: int
    gives_own_root: bool
    gives_their_root: bool
    body: int
    clock: int


class Bytes:
    """Read from the front; what is missing refuses."""

    def __init__(self, data: bytes, rule: str) -> None:
        self.data, self.rule = data, rule

    def take(self, count: int) -> bytes:
        check(len(self.data) >= count, self.rule, "ends early")
        taken, self.data = self.data[:count], self.data[count:]
        return taken

    def number(self, count: int) -> int:
        return int.from_bytes(self.take(count), "big")

    def varint(self) -> int:
        value = 0
        for place in range(5):
            byte = self.number(1)
            value |= (byte & 127) << 7 * place
            if byte < 128:
                check(byte > 0 or place == 0, self.rule, "a varint not in its shortest form")
                check(value < 2**32, self.rule, "a varint beyond u32")
                return value
        raise Refused(self.rule, "a varint of six bytes")

    def end(self) -> None:
        check(not self.data, self.rule, "bytes left over")


def clear(frame: bytes) -> tuple[bytes, int]:
    """Tag and counter."""
    check(27 <= len(frame) <= 4096, "FR-1", "too short or too long")
    check(frame[0] == 1, "FR-1", "another suite")
    return frame[1:5], int.from_bytes(frame[5:9], "big")


def open_frame(frame: bytes, tree: suite.Tree) -> bytes:
    """What is sealed; `tree` is that of the epoch whose tag the frame has."""
    _, counter = clear(frame)
    check(counter > 0, "FR-15", "counters begin at 1")
    leaf = tree.leaf(counter)
    check(leaf is not None, "FR-15", "already had")
    try:
        return suite.unseal(suite.frame_key(leaf), frame[9:], frame[:9])
    except Refused:
        raise Refused("FR-1", "does not open") from None


def header(plain: bytes) -> Header:
    check(len(plain) >= 2, "FR-1", "no header")
    bits = int.from_bytes(plain[:2], "big")
    told = Header(
        bits >> 10,
        bits >> 8 & 3,
        bits >> 6 & 3,
        bool(bits >> 5 & 1),
        bool(bits >> 4 & 1),
        bits >> 2 & 3,
        bits & 3,
    )
    if told.form == FORM_LOOSE:
        check(told.precedence == 0 and bits & 63 == 0, "FR-7", "bits set in a loose frame")
    return told


# --- loose frames


def loose(plain: bytes, told: Header) -> dict[str, object]:
    read = {
        FRAGMENT: _fragment,
        LIFE: _life,
        FRONTIER: _frontier,
        CALL: _call,
        PREKEY: _prekey,
        WANTED: _wanted,
        OBJECT_WANTED: _object_wanted,
    }.get(told.kind)
    check(read is not None, "CV-2", "a loose kind unknown or reserved")
    return read(plain[2:])


def _life(data: bytes) -> dict[str, object]:
    rest = Bytes(data, "FR-8")
    flags, our, their, echo = rest.number(1), rest.number(4), rest.number(4), rest.number(4)
    rest.end()
    check(flags < 8 and flags & 3 != 3, "FR-8", "another flag")
    watch = {0: False, 1: True, 2: None}[flags & 3]
    return {"watch": watch, "former": bool(flags & 4), "our_size": our, "their_size": their, "echo": echo}


def _frontier(data: bytes) -> dict[str, object]:
    check(len(data) <= 140 - 27, "FR-9", "a frontier of more than 140 bytes")
    rest = Bytes(data, "FR-9")
    flags = rest.number(1)
    check(flags < 2, "FR-9", "another flag")
    found = {
        "our_size": rest.number(4),
        "our_root": rest.take(32),
        "their_size": rest.number(4),
        "their_root": rest.take(32),
        "floor": rest.number(4),
        "more": flags == 1,
    }
    holes, at = [], 0
    for _ in range(rest.number(1)):
        at += rest.varint()
        length = rest.varint()
        check(length > 0, "FR-9", "a hole of nothing")
        check(at + length < 2**32, "FR-9", "a hole beyond the last sequence")
        holes.append([at, length])
        at += length
    found |= {"holes": holes, "wanted": [rest.varint() for _ in range(rest.number(1))]}
    rest.end()
    return found


def _call(data: bytes) -> dict[str, object]:
    rest = Bytes(data, "FR-10")
    found = {"sign": rest.number(1), "slot": rest.number(4), "by": rest.number(2)}
    rest.end()
    check(found["sign"] in (1, 2, 3), "FR-10", "another sign")
    check(found["by"] < 65535, "FR-10", "by an author number there is not")
    return found


def _prekey(data: bytes) -> dict[str, object]:
    rest = Bytes(data, "FR-17")
    found = {"batch": rest.number(4), "index": rest.number(2), "key": rest.take(1216)}
    check(len(rest.data) % 32 == 0 and len(rest.data) <= 6 * 32, "FR-17", "no path")
    return found | {"path": [rest.take(32) for _ in range(len(rest.data) // 32)]}


def _wanted(data: bytes) -> dict[str, object]:
    rest = Bytes(data, "FR-18")
    found = {"batch": rest.number(4), "first": rest.number(2), "count": rest.number(1)}
    rest.end()
    check(1 <= found["count"] <= 64, "FR-18", "no count")
    return found


def _fragment(data: bytes) -> dict[str, object]:
    rest = Bytes(data, "FR-19")
    places = (
        ("sequence", 4),
        ("object", 1),
        ("block", 2),
        ("pieces", 1),
        ("sent", 1),
        ("index", 1),
        ("last", 2),
    )
    found = {name: rest.number(size) for name, size in places}
    check(1 <= found["pieces"] <= found["sent"], "FR-19", "n below k, or k 0")
    check(found["index"] < found["sent"], "FR-19", "an index not below n")
    check(found["last"] >= 1 and rest.data != b"", "FR-19", "a fragment of nothing")
    return found | {"data": rest.take(len(rest.data))}


def _object_wanted(data: bytes) -> dict[str, object]:
    rest = Bytes(data, "FR-20")
    places = (("sequence", 4), ("object", 1), ("first", 2), ("count", 1), ("pieces", 1))
    found = {name: rest.number(size) for name, size in places}
    k = found["pieces"]
    bits = "".join(f"{byte:08b}" for byte in rest.take((k + 7) // 8))
    rest.end()
    wanted = [i for i, bit in enumerate(bits) if bit == "1"]
    if k:
        check(found["count"] == 1 and wanted != [] and wanted[-1] < k, "FR-20", "fragments of no one block")
    check(found["count"] > 0 or found["first"] == 0, "FR-20", "none from a block on")
    return found | {"fragments": wanted}


# --- frames of an entry


@dataclass(frozen=True)
class Context:
    """What a receiver knows that a frame leaves out. The callables return None for what is not known."""

    line: bytes
    sender: int
    commitment_key: bytes
    languages: list[str]
    author_key: Callable[[int, int], bytes | None]  # party, author
    node_key: Callable[[int, int], bytes | None]  # party, incarnation
    root: Callable[[int, int], bytes | None]  # party whose log, size
    named: packing.Named  # act id at a sequence of the receiver's own log
    incarnations: list[int] = field(default_factory=lambda: [1, 1])
    order_wire: bytes = bytes(32)
    commitment_key_0: bytes = bytes(32)
    named_by_sender: packing.Named = lambda sequence: None  # the same of the sender's


@dataclass(frozen=True)
class Rebuilt:
    entry: signed.Entry
    body: list[object] | None  # None where withheld
    of_receiver: bool
    plain_author_key: bytes | None = None


def rebuild(plain: bytes, told: Header, here: Context) -> Rebuilt:
    """The entry of a frame that opened, checked as FR-12 says."""
    check(told.form != FORM_LOOSE, "FR-7", "a loose frame has no entry")
    check(told.body != FRAGMENTS, "FR-2", "fragments are reserved")
    rest = Bytes(plain[2:], "FR-6" if told.form == FORM_ANY else "FR-3" if told.form == FORM_ACT else "FR-4")
    party, line, key_of_salts, attached = here.sender, here.line, here.commitment_key, None
    is_node = told.form == FORM_NODE
    incarnation, other = here.incarnations[party], here.incarnations[1 - party]
    if told.form == FORM_ANY:
        flags = rest.number(1)
        check(flags < 32, "FR-6", "another flag")
        is_node = bool(flags & 1)
        check(not (is_node and flags & 12), "FR-6", "a statement with the flag of an act")
        if flags & 2:
            party = 1 - party
        if flags & 4:
            line, key_of_salts = here.order_wire, here.commitment_key_0
        incarnation, other = rest.number(4), rest.number(4)
        attached = rest.take(32) if flags & 8 else None
        if flags & 16:
            rest.take(32)
    # The layout.
    roots = [None, None]
    if is_node:
        sequence, time = rest.number(4), rest.number(4)
        roots[0] = rest.take(32) if told.gives_own_root else None
        their_size = rest.number(4)
        roots[1] = rest.take(32) if told.gives_their_root else None
    else:
        check(not (told.gives_own_root or told.gives_their_root), "FR-2", "a root bit in a layout act")
        author, number = rest.number(2), rest.number(4)
        time, sequence, seen = rest.number(4), rest.number(4), rest.number(4)
    codec = rest.number(1)
    check(len(rest.data) >= 64, rest.rule, "no signature")
    packed, signature = rest.data[:-64], rest.data[-64:]
    sizes = {
        NO_BODY: len(packed) == 0 and codec == 0,
        INLINE: len(packed) > 0,
        WITHHELD: len(packed) == 32 and codec == 0,
    }
    check(sizes[told.body], "FR-11", "a body of another length")
    # The checks, in their order.
    check(incarnation == here.incarnations[party], "FR-12", "an incarnation not known")
    body: list[object] | None = [] if told.body == NO_BODY else None
    if told.body == INLINE:
        body = packing.unpack(
            is_node, told.kind, codec, packed, here.languages, here.named, here.named_by_sender
        )
        check(len(cbor.encode(body)) <= 2048, "EN-12", "a body too large")
    if is_node:
        salt = lambda i: suite.statement_salt(key_of_salts, party, incarnation, sequence, i)  # noqa: E731
    else:
        salt = lambda i: suite.act_salt(key_of_salts, party, author, number, i)  # noqa: E731
    committed = (
        packed if body is None else signed.commitment(told.kind, body, [salt(i) for i in range(len(body))])
    )
    if is_node:
        for place, (whose, size) in enumerate(((party, sequence), (1 - party, their_size))):
            roots[place] = roots[place] or here.root(whose, size)
            if roots[place] is None:
                raise CannotRebuild("FR-12: a root left out is not held here")
        payload = signed.statement_payload(
            line,
            party,
            told.kind,
            told.precedence,
            (incarnation, sequence),
            (time, told.clock),
            roots[0],
            (other, their_size, roots[1]),
            committed,
        )
        key = here.node_key(party, incarnation)
    else:
        payload = signed.act_payload(
            line,
            party,
            told.kind,
            told.precedence,
            author,
            number,
            (time, told.clock),
            (other, seen),
            committed,
        )
        key = here.author_key(party, author) or attached
        if key is attached and key is not None:
            suite.check_key(key)
    if key is None:
        raise CannotRebuild("FR-12: the author's key is not known")
    said = signed.Signed(suite.key_id(key), payload, signature)
    try:
        said.verify(key)
    except Refused:
        raise CannotRebuild("FR-12: the signature does not verify over what was rebuilt") from None
    data = signed.entry_bytes(incarnation, sequence, said)
    check(
        len(data) + (len(cbor.encode(body)) if body is not None else 0) <= 2048,
        "EN-12",
        "entry and body too large",
    )
    return Rebuilt(signed.read_entry(data), body, party != here.sender, attached)
