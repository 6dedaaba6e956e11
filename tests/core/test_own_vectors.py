"""Our vectors, read by a second program written from the spec: nothing of parley is imported in its half.

The second half runs the product over the same files.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from parley.core import accord, record, suite
from parley.core import line as lines
from parley.core.errors import RemoteError
from parley.core.wire import body as bodies
from parley.core.wire import cbor, entry, frame

VECTORS = Path(__file__).parents[2] / "vectors"
Vector = dict[str, Any]


def vectors(folder: str, begins: str = "") -> list[Any]:
    paths = sorted((VECTORS / folder).glob(f"{begins}*.json"))
    assert paths, f"no vectors in {folder}"
    return [pytest.param(json.loads(p.read_text(encoding="utf-8")), id=p.stem) for p in paths]


def h(vector: Vector, name: str) -> bytes:
    return bytes.fromhex(vector[name])


# --- a second program, from the spec ------------------------------------------------------------------------


class No(Exception):
    """Refused."""


def need(holds: bool) -> None:
    if not holds:
        raise No


def head(major: int, n: int) -> bytes:
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if n < 24:
            return bytes((major << 5 | n,))
        if n < 1 << 8 * size:
            return bytes((major << 5 | info,)) + n.to_bytes(size, "big")
    raise No


def enc(v: object) -> bytes:
    """Section 2."""
    if v is None or isinstance(v, bool):
        return {None: b"\xf6", True: b"\xf5", False: b"\xf4"}[v]
    if isinstance(v, int):
        return head(0, v) if v >= 0 else head(1, -1 - v)
    if isinstance(v, bytes):
        return head(2, len(v)) + v
    if isinstance(v, str):
        return head(3, len(v.encode())) + v.encode()
    if isinstance(v, list):
        return head(4, len(v)) + b"".join(map(enc, v))
    assert isinstance(v, dict)
    return head(5, len(v)) + b"".join(k + x for k, x in sorted((enc(k), enc(x)) for k, x in v.items()))


def dec(data: bytes) -> Any:
    """Section 2: read liberally, then compare with the one encoding."""

    def item(at: int, level: int) -> tuple[Any, int]:
        need(at < len(data) and level <= 8)
        major, info = data[at] >> 5, data[at] & 31
        if major == 7:
            need(info in (20, 21, 22))
            return {20: False, 21: True, 22: None}[info], at + 1
        need(info < 28)
        size = 0 if info < 24 else 1 << info - 24
        n, at = int.from_bytes(data[at + 1 : at + 1 + size], "big") if size else info, at + 1 + size
        if major < 2:
            return n if major == 0 else -1 - n, at
        if major < 4:
            need(at + n <= len(data))
            piece = data[at : at + n]
            try:
                return piece if major == 2 else piece.decode("utf-8"), at + n
            except UnicodeDecodeError:
                raise No from None
        need(major < 6 and n <= len(data))
        found: list[Any] = []
        for _ in range(n * (major - 3)):
            value, at = item(at, level + 1)
            found.append(value)
        if major == 4:
            return found, at
        keys = found[::2]
        need(all(isinstance(k, int | str) and not isinstance(k, bool) for k in keys))
        return dict(zip(keys, found[1::2], strict=True)), at

    value, end = item(0, 0)
    need(end == len(data) and enc(value) == data)
    return value


def sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def expand(key: bytes, info: list[object], size: int = 32) -> bytes:
    """Section 4.3: HKDF-Expand for at most one block."""
    return hmac.new(key, enc(info) + b"\x01", "sha256").digest()[:size]


def leaf_key(seed: bytes, index: int) -> bytes:
    for bit in f"{index:032b}":
        seed = hmac.new(seed, bytes((int(bit),)), "sha256").digest()
    return seed


def root(leaves: list[bytes]) -> bytes:
    """RFC 6962 over leaf inputs."""
    if not leaves:
        return sha(b"")
    if len(leaves) == 1:
        return sha(b"\x00" + leaves[0])
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return sha(b"\x01" + root(leaves[:k]) + root(leaves[k:]))


def signed_by(key: bytes, message: bytes, signature: bytes) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        raise No from None


def check_entry(data: bytes, key: bytes) -> list[Any]:
    """Sections 5.1 to 5.4: the payload of an entry that holds."""
    incarnation, sequence, cose = dec(data)
    protected, unprotected, payload, signature = cose
    need(dec(protected) == {1: -8, 4: sha(key)} and unprotected == {} and len(signature) == 64)
    signed_by(key, enc(["Signature1", protected, b"", payload]), signature)
    said = dec(payload)
    need((said[0], len(said)) in (("parley/act/1", 10), ("parley/node/1", 11)))
    if said[0] == "parley/node/1":
        need(said[5:7] == [incarnation, sequence])
    assert isinstance(said, list)
    return said


@dataclass
class Cursor:
    data: bytes

    def take(self, size: int) -> bytes:
        need(len(self.data) >= size)
        piece, self.data = self.data[:size], self.data[size:]
        return piece

    def n(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def varint(self) -> int:
        n = shift = 0
        while True:
            byte = self.n(1)
            n |= (byte & 127) << shift
            if byte < 128:
                need((byte > 0 or shift == 0) and n < 2**32)
                return n
            shift += 7


def open_frame(v: Vector) -> bytes:
    """Section 7.1 and 4.6."""
    whole = h(v, "frame")
    need(len(whole) >= 27 and whole[0] == 1)
    tag, counter = whole[1:5], int.from_bytes(whole[5:9], "big")
    need(tag == expand(h(v, "epoch_seed"), ["parley/epoch-tag/1", 0], 4))
    key = expand(leaf_key(h(v, "epoch_seed"), counter), ["parley/frame-key/1"])
    try:
        return AESGCMSIV(key).decrypt(bytes(12), whole[9:], whole[:9])
    except InvalidTag:
        raise No from None


def unpacked(kind: int, node: bool, codec: int, data: bytes, v: Vector) -> list[Any]:
    """Section 8, without DEFLATE."""
    need(not codec & 8)
    if codec & 7 == 7:
        fields = dec(data)
        assert isinstance(fields, list)
        return fields
    charset = {0: "utf-8", 1: "ascii", 2: "cp949", 3: "gb18030"}[codec & 7]
    if node:
        return [
            [int.from_bytes(data[i : i + 4], "big"), data[i + 4 : i + 36]] for i in range(0, len(data), 36)
        ]
    if kind == 7:
        need(int.from_bytes(data[:4], "big") == 7)
        return [h(v, "named_at_7"), data[4], data[5:].decode(charset) if data[5:] else None]
    need(kind == 8 and data[0] < 64)
    fields = [None] * 6
    rest = data[1:]
    for i in range(3, 6):
        if data[0] >> i & 1:
            for end in range(1, len(rest) + 1):
                try:
                    fields[i] = dec(rest[:end])
                except (No, AssertionError):
                    continue
                rest = rest[end:]
                break
    texts = rest.decode(charset).split("\n")
    language = texts.pop(0) if codec >> 4 == 15 else v["languages"][codec >> 4]
    for i in range(3):
        if data[0] >> i & 1:
            fields[i] = texts.pop(0)
    return [language, *fields, *texts]


def commitment(key: bytes, kind: int, fields: list[Any], place: list[object]) -> bytes:
    """Section 5.5."""
    salts = [expand(key, ["parley/salt/1", *place, i]) for i in range(len(fields))]
    return root(
        [sha(enc(["parley/field/1", kind, len(fields), i, salts[i], f])) for i, f in enumerate(fields)]
    )


def read_frame(v: Vector) -> dict[str, Any]:
    """Section 7: what is said in a frame of party 0; for an entry its payload, entry and body."""
    c = Cursor(open_frame(v))
    bits = c.n(2)
    kind, precedence, form = bits >> 10, bits >> 8 & 3, bits >> 6 & 3
    own, theirs, body_form, quality = bits >> 5 & 1, bits >> 4 & 1, bits >> 2 & 3, bits & 3
    if form == 3:
        need(bits & 0x3FF == 0xC0)
        said = read_loose(kind, c)
        need(not c.data)
        return said
    need(body_form != 3)
    line, key, incarnation, their_incarnation, node = h(v, "line"), h(v, "commitment_key"), 1, 1, form == 1
    if form == 2:
        flags, incarnation, their_incarnation = c.n(1), c.n(4), c.n(4)
        need(flags < 32)
        node = bool(flags & 1)
        if flags & 4:
            line, key = h(v, "order_wire"), h(v, "commitment_key_0")
        if flags & 8:
            need(c.take(32) == h(v, "public_key"))
    if node:
        sequence, time = c.n(4), c.n(4)
        own_root = c.take(32) if own else h(v, "own_root")
        their_size = c.n(4)
        their_root = c.take(32) if theirs else h(v, "their_root")
        place: list[object] = [0, 65535, incarnation, sequence]
    else:
        need(not own and not theirs)
        author, number, time, sequence, seen = c.n(2), c.n(4), c.n(4), c.n(4), c.n(4)
        place = [0, author, number]
    codec, inner, signature = c.n(1), c.data[:-64], c.data[-64:]
    need(len(c.data) >= 64)
    fields: list[Any] | None = []
    if body_form == 0:
        need(not inner and not codec)
    elif body_form == 2:
        need(len(inner) == 32 and not codec)
        fields = None
    else:
        need(bool(inner))
        fields = unpacked(kind, node, codec, inner, v)
    committed = inner if fields is None else commitment(key, kind, fields, place)
    if node:
        theirs_head = [their_incarnation, their_size, their_root]
        said = ["parley/node/1", line, 0, kind, precedence, incarnation, sequence, [time, quality], own_root,
                theirs_head, committed]  # fmt: skip
    else:
        said = ["parley/act/1", line, 0, kind, precedence, author, number, [time, quality],
                [their_incarnation, seen], committed]  # fmt: skip
    payload, public = enc(said), h(v, "public_key")
    protected = enc({1: -8, 4: sha(public)})
    signed_by(public, enc(["Signature1", protected, b"", payload]), signature)
    whole = enc([incarnation, sequence, [protected, {}, payload, signature]])
    return {"payload": payload.hex(), "entry": whole.hex()} | (
        {} if fields is None else {"body": enc(fields).hex()}
    )


def read_loose(kind: int, c: Cursor) -> dict[str, Any]:
    if kind == 2:
        flags = c.n(1)
        need(flags < 3)
        watch = {0: False, 1: True, 2: None}[flags]
        return {"watch": watch, "our_size": c.n(4), "their_size": c.n(4), "echo": c.n(4)}
    if kind == 3:
        flags = c.n(1)
        need(flags < 2)
        said: dict[str, Any] = {"more": bool(flags), "our_size": c.n(4), "our_root": c.take(32).hex()}
        said |= {"their_size": c.n(4), "their_root": c.take(32).hex(), "floor": c.n(4)}
        holes, at = [], 0
        for _ in range(c.n(1)):
            first = at + c.varint()
            holes.append([first, c.varint()])
            at = sum(holes[-1])
        return said | {"holes": holes, "wanted": [c.varint() for _ in range(c.n(1))]}
    need(kind == 4)
    return {"sign": c.n(1), "slot": c.n(4), "by": c.n(2)}


def judged(v: Vector, judge: Callable[[], object]) -> None:
    if v["outcome"] == "good":
        judge()
        return
    with pytest.raises((No, RemoteError)):
        judge()


@pytest.mark.parametrize("v", vectors("frame"))
def test_a_second_program_reads_every_frame_or_refuses_it(v: Vector) -> None:
    """FR-1 to FR-12, FR-14, SU-11."""

    def judge() -> None:
        said = read_frame(v)
        assert {name: v[name] for name in said if name in v} == said
        assert len(h(v, "frame")) == v["size"]

    judged(v, judge)


@pytest.mark.parametrize("v", vectors("wire", "cbor-"))
def test_a_second_program_reads_the_cbor_subset(v: Vector) -> None:
    """CB-1 to CB-6."""
    judged(v, lambda: dec(h(v, "cbor")))
    judged(v, lambda: cbor.decode(h(v, "cbor")))


ENTRIES = [p for p in vectors("wire") if "entry" in p.values[0]]


@pytest.mark.parametrize("v", ENTRIES)
def test_a_second_program_checks_every_entry_or_refuses_it(v: Vector) -> None:
    """EN-1 to EN-7, EN-11."""

    def judge() -> None:
        said = check_entry(h(v, "entry"), h(v, "public_key"))
        if "payload" in v:
            assert enc(said) == h(v, "payload") and said[1] == h(v, "line")
            assert said[-1] == h(v, "commitment")
        if "act_id" in v:
            assert sha(h(v, "payload")) == h(v, "act_id")
        if "exported" in v:
            assert h(v, "exported") == b"\xd2" + enc(dec(h(v, "entry"))[2])

    judged(v, judge)


@pytest.mark.parametrize("v", ENTRIES)
def test_the_product_checks_every_entry_or_refuses_it(v: Vector) -> None:
    """EN-1 to EN-7, EN-11."""

    def judge() -> None:
        found = entry.decode_entry(h(v, "entry"))
        record.check_signed(found, h(v, "public_key"))
        assert entry.encode_entry(found) == h(v, "entry")

    judged(v, judge)


def test_a_second_program_derives_every_secret() -> None:
    """PA-3 to PA-10, SU-5 to SU-11, EN-10."""
    v = {p.id: p.values[0] for p in vectors("suite")}
    t = v["transcript-and-line-ids"]
    cards = sorted((bytes.fromhex(x) for x in t["card_payloads"]), key=sha)
    assert [c.hex() for c in cards] == t["card_payloads"]
    assert sha(enc(["parley/transcript/1", *cards])) == h(t, "transcript")
    assert sha(enc(["parley/line/1", h(t, "transcript"), "", bytes(16)])) == h(t, "line_0")
    named = enc(["parley/line/1", h(t, "transcript"), t["line_name"], h(t, "line_nonce")])
    assert sha(named) == h(t, "line")
    p = v["pairing-secret"]
    ikm = b"".join(bytes.fromhex(s) for s in p["shares"])
    extracted = hmac.new(h(p, "transcript"), ikm, "sha256").digest()
    assert expand(extracted, ["parley/pairing/1"]) == h(p, "pairing_secret")
    assert expand(h(p, "pairing_secret"), ["parley/commitment-master/1"]) == h(p, "commitment_master")
    assert expand(h(p, "pairing_secret"), ["parley/line-master/1"]) == h(p, "line_master_seed")
    s = v["line-secret"]
    assert s["leaf_index"] == int.from_bytes(h(s, "line")[:4], "big")
    assert leaf_key(h(s, "line_master_seed"), s["leaf_index"]) == h(s, "leaf")
    assert expand(h(s, "leaf"), ["parley/line-secret/1", h(s, "line")]) == h(s, "line_secret")
    key = expand(h(s, "commitment_master"), ["parley/commitment-key/1", h(s, "line")])
    assert key == h(s, "commitment_key")
    for name in ("epoch-0-of-party-0", "epoch-0-of-party-1"):
        e = v[name]
        info = ["parley/epoch/1", 1, h(e, "line"), e["sender"], e["incarnations"], e["epoch"]]
        assert expand(h(e, "line_secret"), info) == h(e, "seed")
        assert expand(h(e, "seed"), ["parley/epoch-tag/1", 0], 4) == h(e, "tag") != bytes(4)
        for each in e["frames"]:
            assert leaf_key(h(e, "seed"), each["counter"]) == h(each, "leaf")
            assert expand(h(each, "leaf"), ["parley/frame-key/1"]) == h(each, "frame_key")
    salts = v["salts"]
    for i in range(3):
        act = expand(h(salts, "commitment_key"), ["parley/salt/1", 0, 1, 1, i])
        node = expand(h(salts, "commitment_key"), ["parley/salt/1", 0, 65535, 1, 1, i])
        assert (act.hex(), node.hex()) == (salts["act"][i], salts["statement"][i])


@pytest.mark.parametrize("v", vectors("suite", "key-tree"))
def test_an_erased_tree_keeps_what_the_spec_says(v: Vector) -> None:
    """SU-6, SU-7, SU-8."""
    whole = suite.key_tree(h(v, "seed"))
    for index in v.get("erased", ()):
        whole = whole.without(index)
    whole = whole.without_below(v.get("floor", 0))
    assert sorted([d, p, k.hex()] for d, p, k in whole.nodes) == v["nodes"]
    for depth, prefix, key in v["nodes"]:
        way, at = f"{prefix:0{depth}b}", h(v, "seed")
        for bit in way:
            at = hmac.new(at, bytes((int(bit),)), "sha256").digest()
        assert at.hex() == key
    for name in v:
        if name.startswith("leaf_"):
            assert leaf_key(h(v, "seed"), int(name[5:])) == h(v, name) == whole.leaf(int(name[5:]))


@pytest.mark.parametrize("v", vectors("suite", "seal"))
def test_a_seal_opens_or_not(v: Vector) -> None:
    """SU-3."""
    judged(v, lambda: suite.unseal(h(v, "key"), h(v, "associated"), h(v, "sealed")))


@pytest.mark.parametrize("v", vectors("record", "commitment"))
def test_a_second_program_commits_to_the_same_root(v: Vector) -> None:
    """EN-9, EN-10."""
    fields = dec(h(v, "body"))
    if fields:
        place = [v["party"], v["author"], v["number"]]
        assert commitment(h(v, "commitment_key"), v["kind"], fields, place) == h(v, "commitment")
    salts = [bytes.fromhex(s) for s in v["salts"]]
    body = entry.decode_body(h(v, "body"))
    assert record.commitment(v["kind"], body, lambda i: salts[i]) == h(v, "commitment")


@pytest.mark.parametrize("v", vectors("record", "field"))
def test_a_field_is_disclosed_alone_and_not_as_another(v: Vector) -> None:
    """EN-9."""
    hashed = sha(enc(["parley/field/1", v["kind"], v["count"], v["index"], h(v, "salt"), dec(h(v, "field"))]))
    path = [bytes.fromhex(step) for step in v["path"]]
    leaf = sha(b"\x00" + hashed)
    proven = record.verify_inclusion(leaf, v["index"], v["count"], path, h(v, "commitment"))
    assert proven == (v["outcome"] == "good")


def test_the_tree_has_the_root_of_the_spec_at_every_size() -> None:
    """EN-8."""
    (p,) = vectors("record", "tree")
    inputs = [bytes.fromhex(x) for x in p.values[0]["inputs"]]
    for size, expected in enumerate(p.values[0]["roots"], 1):
        assert root(inputs[:size]).hex() == expected
        assert record.root_of([record.leaf_hash(x) for x in inputs[:size]]).hex() == expected
    assert root([]).hex() == p.values[0]["empty"]


@pytest.mark.parametrize("v", vectors("record", "consistency"))
def test_a_consistency_proof_holds_or_not(v: Vector) -> None:
    """EN-8."""
    proof = [bytes.fromhex(step) for step in v["proof"]]
    holds = record.verify_consistency(v["size1"], v["size2"], h(v, "root1"), h(v, "root2"), proof)
    assert holds == (v["outcome"] == "good")


@pytest.mark.parametrize("v", vectors("wire", "card"))
def test_a_card_is_signed_by_the_root_it_names(v: Vector) -> None:
    """PA-1, PA-2."""

    def judge() -> None:
        protected, _, payload, signature = dec(h(v, "card")[1:])
        need(h(v, "card")[:1] == b"\xd2")
        label, name, root_key, node, kem, nonce = dec(payload)
        need(label == "parley/card/1" and dec(protected) == {1: -8, 4: sha(root_key)})
        signed_by(root_key, enc(["Signature1", protected, b"", payload]), signature)
        assert [name, root_key, node, kem, nonce] == [
            v["party_name"], h(v, "root_key"), [1, h(v, "node_key")], h(v, "kem_key"), h(v, "nonce"),
        ]  # fmt: skip
        assert entry.encode_card(entry.decode_card(payload)) == payload

    judged(v, judge)


@pytest.mark.parametrize("v", vectors("wire", "packing"))
def test_both_programs_unpack_the_same_fields(v: Vector) -> None:
    """PK-1 to PK-9."""
    fields = unpacked(v["kind"], v["node"], v["codec"], h(v, "packed"), v)
    assert enc(fields) == h(v, "body")
    context = bodies.Context(tuple(v["languages"]), act_at={7: h(v, "named_at_7")}.get)
    body = bodies.unpack(v["node"], v["kind"], v["codec"], h(v, "packed"), context)
    assert entry.encode_body(body) == h(v, "body")
    (bodies.check_statement if v["node"] else bodies.check_act)(v["kind"], body)


@pytest.mark.parametrize("v", [p for p in vectors("frame") if "plain" in p.values[0]])
def test_the_product_decodes_and_encodes_every_layout(v: Vector) -> None:
    """FR-2 to FR-10."""
    assert frame.encode_plain(frame.decode_plain(h(v, "plain"))) == h(v, "plain")


@pytest.mark.parametrize("v", vectors("frame", "bad-"))
def test_the_product_refuses_every_broken_frame(v: Vector) -> None:
    """FR-1, FR-2, FR-6 to FR-11."""

    def judge() -> None:
        whole = h(v, "frame")
        clear = frame.decode_clear(whole)
        key = suite.frame_key(suite.key_tree(h(v, "epoch_seed")).leaf(clear.counter))
        frame.decode_plain(suite.unseal(key, whole[:9], whole[9:]))

    judged(v, judge)


def test_terms_are_named_by_their_hash() -> None:
    """AC-1, AC-2, LI-15."""
    agreed, restore = (p.values[0] for p in vectors("wire", "terms"))
    for v in (agreed, restore):
        assert sha(h(v, "terms")) == h(v, "hash") and enc(dec(h(v, "terms"))) == h(v, "terms")
    found = accord.decode_terms(h(agreed, "terms"))
    assert accord.encode_terms(found) == h(agreed, "terms")
    assert suite.line_id(h(agreed, "transcript"), found.name, found.nonce) == h(agreed, "line")
    assert lines.encode_restore(lines.decode_restore(h(restore, "terms"))) == h(restore, "terms")


@pytest.mark.slow
@pytest.mark.parametrize("v", vectors("wire", "charset"))
def test_this_pythons_charsets_are_those_of_the_spec(v: Vector) -> None:
    """PK-10: a Python with another table must not send in this charset."""
    table, count = hashlib.sha256(), 0
    for point in range(0x110000):
        try:
            coded = chr(point).encode(v["charset"])
        except UnicodeError:
            continue
        table.update(f"{point:X} {coded.hex().upper()}\n".encode())
        count += 1
    assert (count, table.hexdigest()) == (v["lines"], v["sha256"])
