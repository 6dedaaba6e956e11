"""The product over every vector of ours but the line transcripts, each with the verdict of its file.

What the files have in them says vectors/README.md. Another reader of them, written from the spec alone, is in
tests/second; line transcripts are told to the product in test_line_transcripts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from parley.core import accord, exchange, export, record, suite
from parley.core import line as lines
from parley.core.errors import LocalError, RemoteError
from parley.core.exchange import Ends
from parley.core.instruments import appointment
from parley.core.types import ROOT_AUTHOR, Act, Entry, Statement
from parley.core.wire import body as bodies
from parley.core.wire import cbor, frame, phrases
from parley.core.wire import entry as wire
from parley.keys import Direction, Prekeys, ReceiveChain, SendChain, cards, hybrid
from parley.keys.chains import begin, first_rows, hash_only
from parley.node.epochs import Epochs

VECTORS = Path(__file__).parents[2] / "vectors"
FOLDERS = ("wire", "suite", "record", "frame", "epoch", "export")
Vector = dict[str, Any]
SHOWN: set[str] = set()


def vectors(folder: str, *begins: str) -> list[Any]:
    """The files of a folder whose names begin so, told as shown."""
    paths = sorted({p for one in begins or ("",) for p in (VECTORS / folder).glob(f"{one}*.json")})
    assert paths, f"no vectors in {folder}"
    SHOWN.update(f"{folder}/{p.stem}" for p in paths)
    return [pytest.param(json.loads(p.read_text(encoding="utf-8")), id=p.stem) for p in paths]


def h(vector: Vector, name: str) -> bytes:
    return bytes.fromhex(vector[name])


def many(vector: Vector, name: str) -> list[bytes]:
    return [bytes.fromhex(one) for one in vector[name]]


def need(holds: bool) -> None:
    """What a check of the product says with False."""
    if not holds:
        raise RemoteError("it does not hold")


def judged(v: Vector, judge: Callable[[], object]) -> None:
    """`judge` holds, or refuses where the file says so."""
    if v["outcome"] != "refused":
        judge()
        return
    with pytest.raises((RemoteError, LocalError)):
        judge()


# --- wire ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("v", vectors("wire", "cbor-"))
def test_the_product_reads_the_cbor_subset(v: Vector) -> None:
    """CB-1 to CB-6."""

    def judge() -> None:
        value = cbor.decode(h(v, "cbor"))
        assert cbor.encode(value) == h(v, "cbor")
        assert shown(value) == in_order(v["value"])

    judged(v, judge)


def shown(value: object) -> object:
    """A value as the files show it; the pairs of a map by their text."""
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, tuple):
        return [shown(item) for item in value]
    if isinstance(value, dict):
        return {"map": sorted(([shown(k), shown(x)] for k, x in value.items()), key=str)}
    return str(value) if isinstance(value, int) and abs(value) >= 2**53 else value


def in_order(value: object) -> object:
    if isinstance(value, list):
        return [in_order(item) for item in value]
    if isinstance(value, dict) and "map" in value:
        return {"map": sorted(([k, in_order(x)] for k, x in value["map"]), key=str)}
    return value


@pytest.mark.parametrize("v", vectors("wire", "act-", "statement-", "entry-", "line-0-"))
def test_the_product_checks_every_entry_or_refuses_it(v: Vector) -> None:
    """EN-1 to EN-7, EN-11."""

    def judge() -> None:
        found = wire.decode_entry(h(v, "entry"))
        record.check_signed(found, h(v, "public_key"))
        said = wire.decode_payload(found.signed.payload)
        if isinstance(said, Statement):
            need((said.incarnation, said.sequence) == (found.incarnation, found.sequence))
        assert wire.encode_entry(found) == h(v, "entry")
        assert found.signed.payload == h(v, "payload")
        encode = wire.encode_statement if isinstance(said, Statement) else wire.encode_act
        assert encode(said) == h(v, "payload")  # type: ignore[operator]
        assert said.commitment == h(v, "commitment")
        if "act_id" in v:
            assert record.act_id(found.signed.payload) == h(v, "act_id")
        if "to_be_signed" in v:
            assert wire.to_be_signed(found.signed.kid, found.signed.payload) == h(v, "to_be_signed")
        if "exported" in v:
            assert wire.encode_signed(found.signed, tagged=True) == h(v, "exported")
        if "body" in v:
            body = wire.decode_body(h(v, "body"))
            salts = record.salts_of(h(v, "commitment_key"), said, len(body))
            assert record.commitment(said.kind, body, lambda i: salts[i]) == said.commitment

    judged(v, judge)


@pytest.mark.parametrize("v", vectors("wire", "card-"))
def test_a_card_is_signed_by_the_root_it_names(v: Vector) -> None:
    """PA-1, PA-2, SU-2, EN-5."""

    def judge() -> None:
        card = cards.check_card(h(v, "card"))
        told = (card.party_name, card.root_key, card.node_key, card.kem_key, card.nonce)
        named = (h(v, name) for name in ("root_key", "node_key", "kem_key", "nonce"))
        assert told == (v["party_name"], *named)
        assert wire.encode_card(card) == h(v, "payload")

    judged(v, judge)


@pytest.mark.parametrize("v", vectors("wire", "packing-"))
def test_the_product_unpacks_every_packing_or_refuses_it(v: Vector) -> None:
    """PK-1 to PK-9."""

    def judge() -> None:
        at = {7: h(v, "named_at_7")}.get
        context = bodies.Context(tuple(v["languages"]), act_at=at, their_act_at=at)
        body = bodies.unpack(v["node"], v["kind"], v["codec"], h(v, "packed"), context)
        assert wire.encode_body(body) == h(v, "body")
        (bodies.check_statement if v["node"] else bodies.check_act)(v["kind"], body)

    judged(v, judge)


@pytest.mark.parametrize("v", vectors("wire", "body-"))
def test_a_body_has_the_schema_of_its_kind_or_is_a_fault(v: Vector) -> None:
    """KI-1 to KI-5."""
    check = bodies.check_statement if v["node"] else bodies.check_act
    body = wire.decode_body(h(v, "body"))
    assert wire.encode_body(body) == h(v, "body")
    if v["outcome"] == "good":
        check(v["kind"], body)
        return
    assert v["outcome"] == "fault"
    with pytest.raises(RemoteError):
        check(v["kind"], body)


@pytest.mark.parametrize("v", vectors("wire", "terms-accord"))
def test_terms_of_an_accord_are_named_by_their_hash(v: Vector) -> None:
    """AC-1, AC-2."""

    def judge() -> None:
        found = accord.decode_terms(h(v, "terms"))
        assert accord.encode_terms(found) == h(v, "terms")
        assert suite.sha256(h(v, "terms")) == h(v, "hash")
        assert suite.line_id(h(v, "transcript"), found.name, found.nonce) == h(v, "line")

    judged(v, judge)


@pytest.mark.parametrize("v", vectors("wire", "terms-appointment"))
def test_terms_of_an_appointment_decode_to_themselves_or_are_refused(v: Vector) -> None:
    """AP-1."""

    def judge() -> None:
        terms = h(v, "terms")
        assert appointment.encode_terms(appointment.decode_terms(terms)) == terms
        assert hashlib.sha256(terms).digest() == h(v, "hash")

    judged(v, judge)


@pytest.mark.parametrize("v", vectors("wire", "terms-restore"))
def test_terms_to_restore_are_named_by_their_hash(v: Vector) -> None:
    """LI-15."""

    def judge() -> None:
        assert lines.encode_restore(lines.decode_restore(h(v, "terms"))) == h(v, "terms")
        assert suite.sha256(h(v, "terms")) == h(v, "hash")

    judged(v, judge)


@pytest.mark.slow
@pytest.mark.parametrize("v", vectors("wire", "charset-"))
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


@pytest.mark.parametrize("v", vectors("wire", "phrases-"))
def test_the_product_has_the_phrase_dictionaries_of_the_spec(v: Vector) -> None:
    """PK-11 to PK-16."""
    for charset, text, packed in v.get("texts", ()):
        assert phrases.decode(charset, bytes.fromhex(packed)) == text
        assert phrases.encode(charset, text) == bytes.fromhex(packed)
    if "entries" in v:
        told = "\v".join("\t".join((length, *row)) for length, row in v["entries"].items())
        assert phrases.DICTIONARIES[v["charset"]] == told
        rows = [(int(length), entry) for length, row in v["entries"].items() for entry in row]
        assert rows == sorted(rows) and len(rows) == v["count"]
        listing = "".join(f"{length} {entry.encode().hex().upper()}\n" for length, entry in rows)
        assert hashlib.sha256(listing.encode()).hexdigest() == v["sha256"]


# --- suite --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("v", vectors("suite", "transcript-and-line-ids"))
def test_cards_make_the_transcript_and_the_line_ids(v: Vector) -> None:
    """PA-3, PA-4, PA-7, PA-8."""
    payloads = many(v, "card_payloads")
    assert suite.transcript_hash(payloads) == suite.transcript_hash(payloads[::-1]) == h(v, "transcript")
    assert sorted(payloads, key=suite.sha256) == payloads
    assert suite.line_id(h(v, "transcript"), "", bytes(16)) == h(v, "line_0")
    assert suite.line_id(h(v, "transcript"), v["line_name"], h(v, "line_nonce")) == h(v, "line")


@pytest.mark.parametrize("v", vectors("suite", "pairing-secret"))
def test_shares_make_the_pairing_secret_and_its_two_halves(v: Vector) -> None:
    """PA-5, PA-6."""
    first, second = many(v, "shares")
    secret = suite.pairing_secret(h(v, "transcript"), (first, second))
    assert secret == h(v, "pairing_secret")
    assert suite.commitment_master(secret) == h(v, "commitment_master")
    assert suite.line_master(secret).nodes == ((0, 0, h(v, "line_master_seed")),)


@pytest.mark.parametrize("v", vectors("suite", "line-secret"))
def test_a_line_has_its_secret_and_its_commitment_key(v: Vector) -> None:
    """PA-9, PA-10."""
    master = suite.key_tree(h(v, "line_master_seed"))
    assert v["leaf_index"] == int.from_bytes(h(v, "line")[:4], "big")
    assert master.leaf(v["leaf_index"]) == h(v, "leaf")
    assert suite.line_secret(master, h(v, "line")) == h(v, "line_secret")
    with pytest.raises(KeyError):
        suite.line_taken(master, h(v, "line")).leaf(v["leaf_index"])
    assert suite.commitment_key(h(v, "commitment_master"), h(v, "line")) == h(v, "commitment_key")


@pytest.mark.parametrize("v", vectors("suite", "epoch-0-"))
def test_the_first_epoch_has_its_seed_tag_and_frame_keys(v: Vector) -> None:
    """SU-4, SU-9 to SU-11."""
    first, second = v["incarnations"]
    seed = suite.epoch_seed(h(v, "line_secret"), h(v, "line"), v["sender"], (first, second), v["epoch"])
    assert (seed, suite.epoch_tag(seed)) == (h(v, "seed"), h(v, "tag"))
    for each in v["frames"]:
        leaf = suite.key_tree(seed).leaf(each["counter"])
        assert (leaf, suite.frame_key(leaf)) == (h(each, "leaf"), h(each, "frame_key"))


@pytest.mark.parametrize("v", vectors("suite", "salts"))
def test_salts_of_acts_and_statements_are_those_of_the_file(v: Vector) -> None:
    """EN-10."""
    key = h(v, "commitment_key")
    assert record.act_salts(key, 0, 1, 1, len(v["act"])) == tuple(many(v, "act"))
    assert record.statement_salts(key, 0, 1, 1, len(v["statement"])) == tuple(many(v, "statement"))


@pytest.mark.parametrize("v", vectors("suite", "key-tree"))
def test_an_erased_tree_keeps_what_the_spec_says(v: Vector) -> None:
    """SU-6, SU-7, SU-8."""
    whole = suite.key_tree(h(v, "seed"))
    for index in v.get("erased", ()):
        whole = whole.without(index)
        with pytest.raises(KeyError):
            whole.leaf(index)
    whole = whole.without_below(v.get("floor", 0))
    assert sorted([d, p, k.hex()] for d, p, k in whole.nodes) == v["nodes"]
    leaves = [name for name in v if name.startswith("leaf_")]
    assert [whole.leaf(int(name[5:])) for name in leaves] == [h(v, name) for name in leaves] != []


@pytest.mark.parametrize("v", vectors("suite", "seal"))
def test_a_seal_opens_or_not(v: Vector) -> None:
    """SU-3."""

    def judge() -> None:
        plain = suite.unseal(h(v, "key"), h(v, "associated"), h(v, "sealed"))
        assert plain == h(v, "plain")
        assert suite.seal(h(v, "key"), h(v, "associated"), plain) == h(v, "sealed")

    judged(v, judge)


@pytest.mark.parametrize("v", vectors("suite", "share"))
def test_a_share_is_signed_and_opens_with_the_private_pairing_key(v: Vector) -> None:
    """PA-5."""
    sealed = cards.share_for(h(v, "signed"), h(v, "root_key"), h(v, "transcript"))
    assert sealed == h(v, "sealed")
    assert hybrid.public_key(h(v, "private_seed")) == h(v, "public_key")
    assert hybrid.unseal(h(v, "private_seed"), sealed, h(v, "transcript")) == h(v, "share")


# --- record -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("v", vectors("record", "commitment"))
def test_a_body_has_the_commitment_of_its_fields_and_salts(v: Vector) -> None:
    """EN-9, EN-10."""
    body, salts = wire.decode_body(h(v, "body")), tuple(many(v, "salts"))
    if "commitment_key" in v:
        place = (v["party"], v["author"], v["number"])
        assert record.act_salts(h(v, "commitment_key"), *place, len(body)) == salts
    assert record.commitment(v["kind"], body, lambda i: salts[i]) == h(v, "commitment")


@pytest.mark.parametrize("v", vectors("record", "field"))
def test_a_field_is_disclosed_alone_and_not_as_another(v: Vector) -> None:
    """EN-9."""
    field = cbor.decode(h(v, "field"))
    hashed = suite.field_hash(v["kind"], v["count"], v["index"], h(v, "salt"), field)
    place = (record.leaf_hash(hashed), v["index"], v["count"])
    proven = record.verify_inclusion(*place, many(v, "path"), h(v, "commitment"))
    judged(v, lambda: need(proven))


@pytest.mark.parametrize("v", vectors("record", "tree"))
def test_the_tree_has_the_root_of_the_spec_at_every_size(v: Vector) -> None:
    """EN-8."""
    leaves, grown = [record.leaf_hash(x) for x in many(v, "inputs")], record.Tree()
    assert grown.root == h(v, "empty")
    for size, root in enumerate(many(v, "roots"), 1):
        grown = grown.extended(leaves[size - 1])
        assert grown.root == record.root_of(leaves[:size]) == root


@pytest.mark.parametrize("v", vectors("record", "consistency"))
def test_a_consistency_proof_holds_or_not(v: Vector) -> None:
    """EN-8."""
    roots = (h(v, "root1"), h(v, "root2"))
    holds = record.verify_consistency(v["size1"], v["size2"], *roots, many(v, "proof"))
    judged(v, lambda: need(holds))


# --- frame --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("v", vectors("frame"))
def test_the_product_reads_every_frame_or_refuses_it(v: Vector) -> None:
    """FR-1 to FR-12, FR-14, FR-17, FR-18, SU-11."""

    def judge() -> None:
        clear = frame.decode_clear(h(v, "frame"))
        need(clear.tag == suite.epoch_tag(h(v, "epoch_seed")))
        key = suite.frame_key(suite.key_tree(h(v, "epoch_seed")).leaf(clear.counter))
        plain = suite.unseal(key, h(v, "frame")[:9], h(v, "frame")[9:])
        told = frame.decode_plain(plain)
        if isinstance(told, frame.ActLayout | frame.NodeLayout | frame.AnyLayout):
            entry, body = exchange.rebuild(told, ends(v))
            said_so(v, entry, body)
        else:
            loosely_said(v, told)
        assert (plain, clear.counter, len(h(v, "frame"))) == (h(v, "plain"), v["counter"], v["size"])
        assert frame.encode_clear(clear) + suite.seal(key, h(v, "frame")[:9], plain) == h(v, "frame")
        assert frame.encode_plain(told) == plain

    judged(v, judge)


def ends(v: Vector) -> Ends:
    """The receiver of a frame vector, party 1, who knows what the file gives it."""

    def given(name: str) -> bytes | None:
        return bytes.fromhex(v[name]) if name in v else None

    def key_of(party: int, author: int) -> bytes | None:
        return h(v, "public_key") if v.get("author_known", True) or author == ROOT_AUTHOR else None

    return Ends(
        line=h(v, "line"),
        ours=1,
        incarnations=(1, 1),
        order_wire=given("order_wire") or bytes(32),
        commitment_keys=(h(v, "commitment_key"), given("commitment_key_0") or bytes(32)),
        node_keys=(h(v, "public_key"), h(v, "public_key")),
        key_of=key_of,
        root_at=lambda party, size: given("own_root" if party == 0 else "their_root"),
        context=bodies.Context(tuple(v["languages"]), act_at={7: given("named_at_7")}.get),
    )


def said_so(v: Vector, entry: Entry, body: object) -> None:
    assert wire.encode_entry(entry) == h(v, "entry")
    assert entry.signed.payload == h(v, "payload")
    assert (None if body is None else cbor.encode(body).hex()) == v.get("body")  # type: ignore[arg-type]


def loosely_said(v: Vector, told: frame.Loose) -> None:
    names = [name for name in told.__slots__ if name in v]
    plain = {name: getattr(told, name) for name in names}
    found = {name: x.hex() if isinstance(x, bytes) else x for name, x in plain.items()}
    found |= {name: [list(hole) for hole in found[name]] for name in ("holes",) if name in found}
    found |= {name: list(found[name]) for name in ("wanted",) if name in found}
    found |= {name: [step.hex() for step in found[name]] for name in ("path",) if name in found}
    assert len(names) >= 3
    assert found == {name: v[name] for name in names}


# --- epoch --------------------------------------------------------------------------------------------------


class Rows:
    """A table of secrets in memory."""

    def __init__(self) -> None:
        self.rows: dict[str, bytes] = {}

    def get(self, name: str) -> bytes | None:
        return self.rows.get(name)

    def put(self, name: str, secret: bytes, *, at_once: bool = True) -> None:
        self.rows[name] = secret

    def drop(self, name: str) -> None:
        self.rows.pop(name, None)

    @contextmanager
    def turn(self) -> Iterator[None]:
        yield


def way_of(v: Vector, sender: int) -> Direction:
    first, second = v["incarnations"]
    return Direction(h(v, "line"), sender, (first, second))


@pytest.mark.parametrize("v", vectors("epoch", "chain-"))
def test_each_root_key_makes_an_epoch_and_the_next_root_key(v: Vector) -> None:
    """EP-1, SU-9 to SU-11."""
    way, root_key, first = way_of(v, v["sender"]), h(v, "line_secret"), b""
    carried = b""
    for number, told in enumerate(v["epochs"]):
        if number:
            by = v["made_by"][number - 1]
            assert record.leaf_hash(h(by, "entry")) == h(by, "leaf")
            root_key = suite.next_root_key(
                carried, h(by, "new_secret"), h(by, "their_secret"), first, h(by, "leaf")
            )
        assert root_key == h(told, "root_key")
        epoch, carried = begin(way, root_key, number)
        first = first or carried
        assert carried == h(told, "carried_value")
        same_epoch(epoch, told)


@pytest.mark.parametrize("v", vectors("epoch", "hash-only"))
def test_a_hash_only_epoch_comes_from_the_reserve(v: Vector) -> None:
    """EP-2."""
    way = way_of(v, v["sender"])
    epoch, _ = begin(way, h(v, "line_secret"), 0)
    for told in v["epochs"]:
        same_epoch(epoch, told)
        epoch = hash_only(way, epoch)


def same_epoch(epoch: Any, told: Vector) -> None:
    assert (epoch.number, epoch.step) == (told["epoch"], told["step"])
    assert (epoch.tree.nodes[0][2], epoch.tag, epoch.reserve) == tuple(
        h(told, name) for name in ("seed", "tag", "reserve")
    )
    keys = {counter: suite.frame_key(epoch.tree.leaf(int(counter))).hex() for counter in told["frame_keys"]}
    assert keys == told["frame_keys"]


@pytest.mark.parametrize("v", vectors("epoch", "batch-"))
def test_a_batch_has_the_root_of_its_public_keys(v: Vector) -> None:
    """EP-3, FR-17, KI-3."""
    keys = [hybrid.public_key(seed) for seed in many(v, "private_seeds")]
    assert keys == many(v, "public_keys")
    leaves = [record.leaf_hash(key) for key in keys]
    assert record.root_of(leaves) == h(v, "root")
    for index, path in enumerate(v["paths"]):
        assert [step.hex() for step in record.inclusion_proof(leaves, index)] == path
    assert wire.encode_body((len(keys), h(v, "root"), None)) == h(v, "body")
    told = frame.decode_plain(h(v, "plain"))
    assert isinstance(told, frame.Prekey)
    place = (record.leaf_hash(told.key), told.index, len(keys))
    assert record.verify_inclusion(*place, told.path, h(v, "root"))


@pytest.mark.parametrize("v", vectors("epoch", "bad-prekey-"))
def test_a_prekey_off_its_path_is_refused(v: Vector) -> None:
    """EP-3."""
    leaf = record.leaf_hash(h(v, "public_key"))
    proven = record.verify_inclusion(leaf, v["index"], v["count"], many(v, "path"), h(v, "root"))
    judged(v, lambda: need(proven))


@pytest.mark.parametrize("v", vectors("epoch", "sealed-", "bad-sealed-"))
def test_a_secret_opens_for_the_epoch_it_is_sealed_for(v: Vector) -> None:
    """EP-4, EP-11."""
    way = way_of(v, v["sender"])
    place = (v["epoch"], v["batch"], v["index"])
    info = suite.epoch_secret_info(way.line, way.sender, way.incarnations, *place)
    assert hybrid.public_key(h(v, "private_seed")) == h(v, "public_key")
    found = hybrid.unseal(h(v, "private_seed"), h(v, "sealed"), info)
    judged(v, lambda: need(found is not None))
    if v["outcome"] == "good":
        assert (info, found) == (h(v, "info"), h(v, "new_secret"))


class Receiver:
    """What the node keeps of one line's keys, told their log entry by entry as `vectors/epoch` has it."""

    def __init__(self, v: Vector) -> None:
        self.v, self.ours, self.size = v, v["ours"], 0
        self.held: dict[int, tuple[Entry, Any]] = {}
        self.faults: list[int] = []
        table: Any = Rows()
        theirs, ours = way_of(v, 1 - self.ours), way_of(v, self.ours)
        table.put(f"receive/{theirs.line.hex()}", first_rows(theirs, h(v, "line_secret"))[1])
        table.put(f"send/{ours.line.hex()}", first_rows(ours, h(v, "line_secret"))[0])
        self.chain, self.sending = ReceiveChain(table, theirs), SendChain(table, ours)
        _, self.first = begin(theirs, h(v, "line_secret"), 0)
        for one in v["our_epochs"]:
            secret = h(one, "new_secret")
            self.sending.prepare(one["sequence"], bytes(32), secret, bytes(32), self.first)
            self.sending.switch()
        self.prekeys = Prekeys(table, bytes(32))
        self.prekeys._keep(v["batch"], [], dict(enumerate(many(v, "prekeys"))))

    def take(self, step: Vector) -> None:
        entry = wire.decode_entry(h(step, "entry"))
        record.check_signed(entry, h(self.v, "node_key"))
        body = None if step["body"] is None else wire.decode_body(h(step, "body"))
        said = wire.decode_payload(entry.signed.payload)
        assert not isinstance(said, Act)
        if body is not None:
            salts = record.salts_of(h(self.v, "commitment_key"), said, len(body))
            assert record.commitment(said.kind, body, lambda i: salts[i]) == said.commitment
        self.held[entry.sequence] = (entry, record.hold(h(step, "entry"), entry, said, body))
        while self.size in self.held:
            self.follow(*self.held[self.size])
            self.size += 1
        self.settle()

    def follow(self, entry: Entry, held: Any) -> None:
        """The node's own rule, with just enough of a node around it."""

        def fault(*_: object) -> None:
            self.faults.append(entry.sequence)

        room = SimpleNamespace(
            id=h(self.v, "line"),
            receive=self.chain,
            send=self.sending,
            is_order_wire=False,
            pair=SimpleNamespace(ours=self.ours, incarnations=(1, 1), prekeys_used=[]),
        )
        node = SimpleNamespace(
            store=SimpleNamespace(at=lambda *_: None),
            _prekeys_used=lambda pair: set(pair.prekeys_used),
            keys=SimpleNamespace(first_carried=lambda _: self.first),
            _prekeys=lambda _: self.prekeys,
            _know_tags=lambda _: None,
            _fault=fault,
        )
        node._follow = lambda *a: Epochs._follow(node, *a)  # type: ignore[arg-type]
        try:
            if held.body is not None:
                bodies.check_statement(held.kind, held.body)
        except RemoteError:
            fault()  # told where any entry is judged
        Epochs._placed(node, room, held)  # type: ignore[arg-type]

    def settle(self) -> None:
        taken = self.chain.taken
        if taken is not None:
            self.prekeys.erase(*taken.prekey)
        self.chain.retire(self.size)

    def shows(self) -> Vector:
        live = [tag.hex() for tag in self.chain.live]
        return {"taken": self.chain.number, "live": live, "faults": self.faults}


@pytest.mark.parametrize("v", vectors("epoch", "receiver-", "bad-epoch-"))
def test_a_receiver_takes_and_forgets_the_epochs_of_the_file(v: Vector) -> None:
    """EP-4, EP-9 to EP-12."""
    end, shows = Receiver(v), 0
    for step in v["steps"]:
        if "entry" in step:
            end.take(step)
        elif "stated" in step:
            end.chain.stated(h(step["stated"], "tag"), step["stated"]["size"])
            end.settle()
        elif "key" in step:
            key = end.chain.key(h(step["key"], "tag"), step["key"]["counter"])
            assert (None if key is None else key.hex()) == step["key"]["frame_key"]
        else:
            assert end.shows() == step["shows"]
            shows += 1
    assert shows
    assert bool(end.faults) == (v["outcome"] == "fault")


# --- export -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("v", vectors("export"))
def test_the_product_verifies_every_export_or_refuses_it(v: Vector) -> None:
    """XP-1 to XP-10."""

    def judge() -> None:
        found = export.verify(h(v, "file"))
        assert not found.pinned
        told = (found.line.hex(), list(found.fingerprints), list(found.sizes), [r.hex() for r in found.roots])
        assert told == (v["line"], v["fingerprints"], v["sizes"], v["roots"])
        assert (list(found.signed), found.withheld) == (v["signed"], v["withheld"])
        assert found.declared.partition(":")[0] == v["declared"]
        assert sorted(map(list, set(findings(found)))) == v["findings"]
        assert export.verify(h(v, "file"), v["fingerprints"]).pinned

    judged(v, judge)


def findings(verdict: export.Verdict) -> list[tuple[int, int]]:
    """Party and sequence of each entry that the verdict finds something in."""
    found = []
    for words in verdict.findings:
        entry, _, name = words.partition(":")[0].removeprefix("entry ").partition(" of ")
        found.append((verdict.parties.index(name), int(entry)))
    return found


# --- all of them --------------------------------------------------------------------------------------------


def test_no_vector_is_left_out() -> None:
    there = {f"{folder}/{p.stem}" for folder in FOLDERS for p in (VECTORS / folder).glob("*.json")}
    assert there == SHOWN
    folders = {p.parent.name for p in VECTORS.glob("*/*.json")}
    elsewhere = {
        "line",
        "objects",
        "letters",
        "announcements",
        "contacts",
    }  # told to the product in tests of their own
    assert folders == {*FOLDERS, *elsewhere}
