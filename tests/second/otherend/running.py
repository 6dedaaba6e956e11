"""Each vector file by its kind: which function runs it. A good one returns, a bad one raises Refused."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from otherend import (
    bodies,
    cbor,
    epochs,
    export,
    frames,
    hybrid,
    instruments,
    letters,
    line,
    objects,
    packing,
    phrases,
    signed,
    suite,
    tree,
)
from otherend.refused import check
from otherend.vector import Vector, raw, same

VECTORS = Path(__file__).resolve().parents[3] / "vectors"


# --- wire


def run_cbor(vector: Vector) -> None:
    value = cbor.decode(raw(vector, "cbor"))
    same(as_json(value), in_order(vector["value"]))
    same(cbor.encode(value), raw(vector, "cbor"))


def as_json(value: object) -> object:
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, dict):
        return {"map": sorted(([as_json(key), as_json(one)] for key, one in value.items()), key=str)}
    if isinstance(value, list):
        return [as_json(one) for one in value]
    if type(value) is int and abs(value) >= 2**53:
        return str(value)
    return value


def in_order(value: object) -> object:
    """The pairs of a map stand in the file in no order that means anything."""
    if isinstance(value, list):
        return [in_order(one) for one in value]
    if isinstance(value, dict) and "map" in value:
        return {"map": sorted(([key, in_order(one)] for key, one in value["map"]), key=str)}
    return value


def run_card(vector: Vector) -> None:
    card = signed.card(raw(vector, "card"))
    same(
        [
            card.party,
            card.root_key.hex(),
            card.node_key.hex(),
            card.pairing_key.hex(),
            card.nonce.hex(),
            card.payload.hex(),
        ],
        [vector[name] for name in ("party_name", "root_key", "node_key", "kem_key", "nonce", "payload")],
    )
    same(signed.tagged(raw(vector, "card")).tagged(), raw(vector, "card"))


def run_act(vector: Vector) -> None:
    entry = run_entry(vector)
    act = entry.said
    same(
        [
            act.line.hex(),
            act.party,
            act.kind,
            act.precedence,
            act.author,
            act.number,
            act.time,
            act.clock,
            list(act.seen),
            act.commitment.hex(),
            act.payload.hex(),
            act.id.hex(),
        ],
        [
            vector[name]
            for name in (
                "line",
                "party",
                "kind",
                "precedence",
                "author",
                "number",
                "time",
                "clock_quality",
                "seen",
                "commitment",
                "payload",
                "act_id",
            )
        ],
    )
    run_signed_bytes(vector, entry)
    same(entry.signed.tagged(), raw(vector, "exported"))
    same(signed.tagged(raw(vector, "exported")), entry.signed)
    same(
        signed.act_payload(
            act.line,
            act.party,
            act.kind,
            act.precedence,
            act.author,
            act.number,
            (act.time, act.clock),
            act.seen,
            act.commitment,
        ),
        act.payload,
    )


def run_statement(vector: Vector) -> None:
    entry = run_entry(vector)
    told = entry.said
    same(
        [
            told.line.hex(),
            told.party,
            told.kind,
            told.precedence,
            told.incarnation,
            told.sequence,
            told.time,
            told.clock,
            told.own_root.hex(),
            told.their_incarnation,
            told.their_size,
            told.their_root.hex(),
            told.commitment.hex(),
            told.payload.hex(),
        ],
        [
            vector[name]
            for name in (
                "line",
                "party",
                "kind",
                "precedence",
                "incarnation",
                "sequence",
                "time",
                "clock_quality",
                "own_root",
                "their_incarnation",
                "their_size",
                "their_root",
                "commitment",
                "payload",
            )
        ],
    )
    run_signed_bytes(vector, entry)


def run_signed_bytes(vector: Vector, entry: signed.Entry) -> None:
    same(entry.signed.to_be_signed, raw(vector, "to_be_signed"))
    same(entry.signed.signature, raw(vector, "signature"))
    same(signed.entry_bytes(entry.incarnation, entry.sequence, entry.signed), raw(vector, "entry"))


def run_entry(vector: Vector) -> signed.Entry:
    entry = signed.read_entry(raw(vector, "entry"))
    entry.signed.verify(raw(vector, "public_key"))
    return entry


def run_roster(vector: Vector) -> None:
    entry, key, body = run_entry(vector), raw(vector, "commitment_key"), cbor.decode(raw(vector, "body"))
    same(entry.said.line, raw(vector, "line"))
    same(entry.said.commitment, raw(vector, "commitment"))
    signed.check_body(entry.said, body, signed.salts_of(entry.said, key, len(body)))
    assert bodies.fits(False, bodies.ROSTER, body)
    for _, public, *_ in body:
        suite.check_key(public)


def run_packing(vector: Vector) -> None:
    named = {7: raw(vector, "named_at_7")}
    body = packing.unpack(
        vector["node"],
        vector["kind"],
        vector["codec"],
        raw(vector, "packed"),
        vector["languages"],
        named.get,
        named.get,
    )
    same(cbor.encode(body), raw(vector, "body"))
    assert bodies.fits(vector["node"], vector["kind"], body)


def run_charset(vector: Vector) -> None:
    table = packing.charset_table(vector["charset"])
    same(table.count(b"\n"), vector["lines"])
    same(hashlib.sha256(table).hexdigest(), vector["sha256"])


def run_phrases(vector: Vector) -> None:
    if "texts" in vector:
        for charset, text, packed in vector["texts"]:
            same(phrases.decode(charset, bytes.fromhex(packed)), text)
            same(phrases.decode(charset, phrases.encode(charset, text)), text)
            same(len(phrases.encode(charset, text)), len(packed) // 2)  # two ends may part a text otherwise
        return
    rows = phrases.listing(vector["entries"])
    same(
        [len(rows), hashlib.sha256(phrases.canonical(rows)).hexdigest()], [vector["count"], vector["sha256"]]
    )
    assert len(phrases.codes(rows)) == len(rows)


def run_body(vector: Vector) -> None:
    body = cbor.decode(raw(vector, "body"))
    fits = bodies.fits(vector["node"], vector["kind"], body)
    same(fits is not False, vector["outcome"] == "good")
    assert vector["outcome"] in ("good", "fault")


def run_accord(vector: Vector) -> None:
    """Terms of the first form: what has the label of the second is none of these."""
    same(bodies.terms_of(bodies.ACCORD, raw(vector, "terms")) is None, vector["outcome"] == "refused")
    read = bodies.first_form(raw(vector, "terms"))
    same(read.hash, raw(vector, "hash"))
    same(read.line(raw(vector, "transcript")), raw(vector, "line"))


def run_restore(vector: Vector) -> None:
    same(bodies.restore_terms(raw(vector, "terms")).hash, raw(vector, "hash"))


# --- suite


def run_epoch_0(vector: Vector) -> None:
    secret, line = raw(vector, "line_secret", "line")
    seed = suite.epoch_seed(secret, line, vector["sender"], vector["incarnations"], vector["epoch"])
    same(seed, raw(vector, "seed"))
    same(suite.epoch_tag(seed), raw(vector, "tag"))
    keys = suite.Tree(seed)
    for one in vector["frames"]:
        leaf = keys.leaf(one["counter"])
        same([leaf.hex(), suite.frame_key(leaf).hex()], [one["leaf"], one["frame_key"]])


def run_key_tree(vector: Vector) -> None:
    keys = suite.Tree(raw(vector, "seed"))
    for index in vector.get("erased", []):
        keys.erase(index)
        assert keys.leaf(index) is None
    if "floor" in vector:
        keys.erase_below(vector["floor"])
        assert keys.leaf(vector["floor"] - 1) is None
    same([[*place, key.hex()] for place, key in sorted(keys.nodes.items())], vector["nodes"])
    leaves = [name for name in vector if name.startswith("leaf_")]
    assert leaves
    for one in leaves:
        same(keys.leaf(int(one.removeprefix("leaf_"))), raw(vector, one))


def run_line_secret(vector: Vector) -> None:
    master, line = suite.Tree(raw(vector, "line_master_seed")), raw(vector, "line")
    same(master.leaf(vector["leaf_index"]), raw(vector, "leaf"))
    same(suite.line_secret(master, line), raw(vector, "line_secret"))
    assert master.leaf(vector["leaf_index"]) is None
    same(suite.commitment_key(raw(vector, "commitment_master"), line), raw(vector, "commitment_key"))


def run_pairing(vector: Vector) -> None:
    secret = suite.pairing_secret([bytes.fromhex(one) for one in vector["shares"]], raw(vector, "transcript"))
    same(secret, raw(vector, "pairing_secret"))
    same(suite.commitment_master(secret), raw(vector, "commitment_master"))
    same(suite.line_master_seed(secret), raw(vector, "line_master_seed"))


def run_share(vector: Vector) -> None:
    half, transcript = private_half(vector["private_seed"]), raw(vector, "transcript")
    same(half.public, raw(vector, "public_key"))
    sealed = signed.share(raw(vector, "signed"), raw(vector, "root_key"), transcript)
    same(sealed, raw(vector, "sealed"))
    same(hybrid.unseal(half, sealed, transcript, "PA-5"), raw(vector, "share"))


def run_salts(vector: Vector) -> None:
    key, count = raw(vector, "commitment_key"), len(vector["act"])
    same([suite.act_salt(key, 0, 1, 1, i).hex() for i in range(count)], vector["act"])
    same(
        [suite.statement_salt(key, 0, 1, 1, i).hex() for i in range(len(vector["statement"]))],
        vector["statement"],
    )


def run_seal(vector: Vector) -> None:
    key, associated, sealed = raw(vector, "key", "associated", "sealed")
    plain = suite.unseal(key, sealed, associated)
    same(plain, raw(vector, "plain"))
    same(suite.seal(key, plain, associated), sealed)


def run_transcript(vector: Vector) -> None:
    payloads = [bytes.fromhex(one) for one in vector["card_payloads"]]
    for given in (payloads, payloads[::-1]):
        transcript, ordered = suite.transcript_of(given)
        same(transcript, raw(vector, "transcript"))
        same(ordered, payloads)
    same(suite.order_wire(transcript), raw(vector, "line_0"))
    same(suite.line_id(transcript, vector["line_name"], raw(vector, "line_nonce")), raw(vector, "line"))


# --- record


def run_commitment(vector: Vector) -> None:
    body, salts = cbor.decode(raw(vector, "body")), [bytes.fromhex(one) for one in vector["salts"]]
    if "commitment_key" in vector:
        key, who = raw(vector, "commitment_key"), [vector[name] for name in ("party", "author", "number")]
        same([suite.act_salt(key, *who, i) for i in range(len(body))], salts)
    hashes = [
        signed.field_hash(vector["kind"], len(body), i, salts[i], body[i]).hex() for i in range(len(body))
    ]
    same(hashes, vector["field_hashes"])
    same(signed.commitment(vector["kind"], body, salts), raw(vector, "commitment"))


def run_consistency(vector: Vector) -> None:
    proof = [bytes.fromhex(one) for one in vector["proof"]]
    tree.check_consistency(vector["size1"], vector["size2"], *raw(vector, "root1", "root2"), proof)


def run_field(vector: Vector) -> None:
    path, field = [bytes.fromhex(one) for one in vector["path"]], cbor.decode(raw(vector, "field"))
    signed.check_field(
        vector["kind"],
        vector["count"],
        vector["index"],
        raw(vector, "salt"),
        field,
        path,
        raw(vector, "commitment"),
    )


def run_tree(vector: Vector) -> None:
    inputs = [bytes.fromhex(one) for one in vector["inputs"]]
    same([tree.root(inputs[:size]).hex() for size in range(1, len(inputs) + 1)], vector["roots"])
    same(tree.root([]), raw(vector, "empty"))


# --- frame


def run_frame(vector: Vector) -> None:
    frame = raw(vector, "frame")
    keys = suite.Tree(raw(vector, "epoch_seed"))
    tag, counter = frames.clear(frame)
    check(tag == suite.epoch_tag(raw(vector, "epoch_seed")), "FR-1", "a tag not known here")
    plain = frames.open_frame(frame, keys)
    told = frames.header(plain)
    if told.form == frames.FORM_LOOSE:
        found = frames.loose(plain, told)
        found = line.hexed(found)
        if vector["outcome"] == "good":
            asked = {key: vector[key] for key in found if key in vector}
            assert len(asked) >= 3
            same({key: found[key] for key in asked}, asked)
    else:
        context = context_of(vector)
        rebuilt = frames.rebuild(plain, told, context)
        if vector["outcome"] == "good":
            same(rebuilt.entry.data, raw(vector, "entry"))
            same(rebuilt.entry.said.payload, raw(vector, "payload"))
            same(
                rebuilt.body and cbor.encode(rebuilt.body).hex(),
                vector.get("body") if rebuilt.body else rebuilt.body,
            )
    if vector["outcome"] == "good":
        same([counter, len(frame), plain.hex()], [vector["counter"], vector["size"], vector["plain"]])
        leaf = keys.leaf(counter)
        same(frame[:9] + suite.seal(suite.frame_key(leaf), plain, frame[:9]), frame)


def context_of(vector: Vector) -> frames.Context:
    """Of a receiver with exactly what the file gives; the author's or node's key is one field."""
    get = lambda field: bytes.fromhex(vector[field]) if field in vector else None  # noqa: E731
    wanted = [get("own_root"), get("their_root")]
    attached = vector.get("author_known") is False
    return frames.Context(
        line=raw(vector, "line"),
        sender=0,
        commitment_key=raw(vector, "commitment_key"),
        languages=vector["languages"],
        author_key=lambda party, author: None if attached else get("public_key"),
        node_key=lambda party, incarnation: get("public_key"),
        root=lambda party, size: wanted[party],
        named={7: get("named_at_7")}.get,
        order_wire=get("order_wire") or bytes(32),
        commitment_key_0=get("commitment_key_0") or bytes(32),
    )


# --- line


def machine_of(vector: Vector) -> line.Machine:
    """As it is at the beginning of a transcript, with what the file says of the beginning compared."""
    payloads = [bytes.fromhex(one) for one in vector["card_payloads"]]
    keys = raw(vector, "commitment_key_0", "commitment_key")
    machine = line.Machine(payloads, vector["line_name"], raw(vector, "line_nonce"), keys, vector["ours"])
    same(machine.transcript, raw(vector, "transcript"))
    same([one.id for one in machine.lines], raw(vector, "line_0", "line"))
    return machine


def step(machine: line.Machine, one: Vector) -> list[str]:
    """Takes one step; what a show asks and is told otherwise."""
    if "entry" in one:
        body, key = (one.get(name) and bytes.fromhex(one[name]) for name in ("body", "key"))
        machine.hear(bytes.fromhex(one["entry"]), body, int(one["line"]), one["at"], key)
        return []
    if "clock" in one:
        machine.clock = one["clock"]
        return []
    assert "shows" in one, f"a step without a name known here: {sorted(one)}"
    return list(line.differences(one["shows"], line.hexed(machine.shows())))


def run_line(vector: Vector) -> None:
    machine = machine_of(vector)
    found = [
        f"step {number}: {each}" for number, one in enumerate(vector["steps"]) for each in step(machine, one)
    ]
    assert found == [], "\n".join(found)


# --- epoch


def private_half(text: str) -> hybrid.Private:
    data = bytes.fromhex(text)
    return hybrid.Private(data[:64], data[64:])


def compare_epoch(told: epochs.Epoch, wanted: Vector) -> None:
    names = ("tag", "carried_value", "reserve")
    found = {"tag": told.tag.hex(), "carried_value": told.carried.hex(), "reserve": told.reserve.hex()}
    same(
        {key: found[key] for key in names if key in wanted},
        {key: wanted[key] for key in names if key in wanted},
    )
    same([told.number, told.tree.nodes[0, 0].hex()], [wanted["epoch"], wanted["seed"]])
    for counter, key in wanted["frame_keys"].items():
        same(suite.frame_key(told.tree.leaf(int(counter))).hex(), key)


def run_chain(vector: Vector) -> None:
    root, line_id, sender, both = (
        raw(vector, "line_secret"),
        raw(vector, "line"),
        vector["sender"],
        vector["incarnations"],
    )
    made = [None, *vector["made_by"]]
    carried_0 = carried = b""
    for number, (wanted, by) in enumerate(zip(vector["epochs"], made, strict=True)):
        if by is not None:
            leaf = tree.leaf_hash(raw(by, "entry"))
            same(leaf, raw(by, "leaf"))
            root = epochs.next_root(*raw(by, "new_secret", "their_secret"), carried_0, carried, leaf)
        same(root, raw(wanted, "root_key"))
        told = epochs.epoch_of(root, line_id, sender, both, number)
        compare_epoch(told, wanted)
        carried, carried_0 = told.carried, carried_0 or told.carried


def run_hash_only(vector: Vector) -> None:
    line_id, sender, both = raw(vector, "line"), vector["sender"], vector["incarnations"]
    told = epochs.epoch_of(raw(vector, "line_secret"), line_id, sender, both, 0)
    for step_number, wanted in enumerate(vector["epochs"]):
        same(wanted["step"], step_number)
        compare_epoch(told, wanted)
        told = epochs.hash_only(told, line_id, sender, both)


def run_batch(vector: Vector) -> None:
    keys = [private_half(one).public for one in vector["private_seeds"]]
    same([one.hex() for one in keys], vector["public_keys"])
    same(tree.root(keys), raw(vector, "root"))
    body = cbor.decode(raw(vector, "body"))
    assert bodies.fits(True, bodies.PREKEYS, body)
    same(body[:2], [len(keys), raw(vector, "root")])
    for index, path in enumerate(vector["paths"]):
        epochs.check_prekey(
            keys[index], index, [bytes.fromhex(one) for one in path], len(keys), raw(vector, "root")
        )
    plain = raw(vector, "plain")
    told = frames.loose(plain, frames.header(plain))
    same(told["batch"], vector["batch"])
    epochs.check_prekey(told["key"], told["index"], told["path"], len(keys), raw(vector, "root"))


def run_prekey(vector: Vector) -> None:
    path = [bytes.fromhex(one) for one in vector["path"]]
    epochs.check_prekey(
        raw(vector, "public_key"), vector["index"], path, vector["count"], raw(vector, "root")
    )


def run_sealed(vector: Vector) -> None:
    half = private_half(vector["private_seed"])
    same(half.public, raw(vector, "public_key"))
    place = [vector[name] for name in ("sender", "incarnations", "epoch", "batch", "index")]
    info = epochs.secret_info(raw(vector, "line"), *place)
    same(info, raw(vector, "info"))
    same(hybrid.unseal(half, raw(vector, "sealed"), info, "EP-11"), raw(vector, "new_secret"))


def run_receiver(vector: Vector) -> None:
    halves = {(vector["batch"], index): private_half(one) for index, one in enumerate(vector["prekeys"])}
    line_id, key, sender = raw(vector, "line"), raw(vector, "commitment_key"), 1 - vector["ours"]
    chain = epochs.Chain(
        line_id, sender, vector["incarnations"], raw(vector, "line_secret"), epochs.Prekeys(halves)
    )
    chain.ours = {one["sequence"]: raw(one, "new_secret") for one in vector["our_epochs"]}
    roots = tree.roots([bytes.fromhex(one) for one in vector["our_entries"]])
    shown = wrong_roots = 0
    for one in vector["steps"]:
        if "entry" in one:
            entry = signed.read_entry(raw(one, "entry"))
            body = None if one["body"] is None else cbor.decode(raw(one, "body"))
            same([entry.said.line, entry.said.party], [line_id, sender])
            wrong_roots += entry.said.their_root != roots[entry.said.their_size]
            entry.signed.verify(raw(vector, "node_key"))
            if body is not None:
                signed.check_body(entry.said, body, signed.salts_of(entry.said, key, len(body)))
            chain.hear(line.Held(entry, body, 0))
        elif "stated" in one:
            chain.told(raw(one["stated"], "tag"), one["stated"]["size"])
        elif "key" in one:
            found = chain.frame_key(raw(one["key"], "tag"), one["key"]["counter"])
            same(found and found.hex(), one["key"]["frame_key"])
        else:
            told = {
                "taken": chain.latest.number,
                "live": [each.tag.hex() for each in chain.live],
                "faults": chain.faults,
            }
            same(told, one["shows"])
            shown += 1
    assert shown > 0
    same(bool(chain.faults), vector["outcome"] == "fault")
    same(wrong_roots, vector.get("wrong_roots", 0))


# --- export


def run_export(vector: Vector) -> None:
    told = export.verify(raw(vector, "file"))
    found = {
        "line": told.line,
        "fingerprints": told.fingerprints,
        "sizes": told.sizes,
        "roots": told.roots,
        "signed": told.under_a_statement,
        "withheld": told.withheld,
        "findings": sorted({(party, sequence) for party, sequence, _ in told.findings}),
        "declared": declared(told.state),
    }
    same(line.hexed(found), {name: vector[name] for name in found})
    same(told.pinned, "identities NOT pinned")
    pins = tuple(bytes.fromhex(one) for one in vector["fingerprints"])
    same(export.verify(raw(vector, "file"), pins).pinned, "pinned")


def declared(state: dict[str, object] | None) -> str:
    if state is None:
        return "cannot be told"
    names = [state["names"][party] for party in state["severed_by"]]
    if names:
        return "severed by " + " and ".join(names)
    return "not yet opened" if state["opens_at"] is None else "open"


# --- letters


def run_letter_card(vector: Vector) -> None:
    found = letters.card(raw(vector, "card"))
    same([found.office, found.fingerprint.hex()], [vector["office"], vector["fingerprint"]])
    same(hybrid_private(raw(vector, "sealing_seed")).public, found.sealing_key)


def hybrid_private(seed: bytes) -> hybrid.Private:
    return hybrid.Private(seed[:64], seed[64:])


def letter_of(vector: Vector, data: bytes) -> letters.Opened:
    sender = letters.card(raw(vector, "card"))
    same(sender.fingerprint, raw(vector, "fingerprint"))
    seed, ours = raw(vector, "sealing_seed", "our_fingerprint")
    return letters.opened(data, hybrid_private(seed), ours, sender)


def run_letter_sealed(vector: Vector) -> None:
    one = letter_of(vector, raw(vector, "sealed"))
    same([one.number, one.commitment.hex()], [vector["number"], vector["commitment"]])
    same([one.tagged.hex(), one.value[12]], [vector["signed"], vector["paragraphs"]])


def run_letter_book(vector: Vector) -> None:
    book = letters.Book([bytes.fromhex(one) for one in vector["ours"]])
    for step in vector["steps"]:
        same(book.tells(letter_of(vector, bytes.fromhex(step["sealed"]))), step["told"])
    same(book.next(), vector["next"])


def run_letter_disclosed(vector: Vector) -> None:
    card, value, commitment = letters.disclosed(raw(vector, "disclosed"))
    same([card.fingerprint, commitment], raw(vector, "fingerprint", "commitment"))
    same([value[4], value[3].hex(), value[12]], [vector["number"], vector["addressee"], vector["paragraphs"]])


# --- objects


def name_in(vector: Vector) -> objects.Name:
    where, salt = raw(vector, "root", "salt")
    return objects.Name(where, vector["size"], salt)


def run_object_name(vector: Vector) -> None:
    data = bytes(vector["size"]) if vector["data"] is None else raw(vector, "data")
    objects.check_is(name_in(vector), data)


def run_object_blocks(vector: Vector) -> None:
    receiver = objects.Receiver(name_in(vector))
    for step in vector["steps"]:
        plain = raw(step, "plain")
        same(receiver.take(frames.loose(plain, frames.header(plain))), step["taken"])
    same([b for b in range(receiver.count) if b not in receiver.whole], vector["blocks_lacking"])
    same(receiver.data and receiver.data.hex(), vector["data"])


def run_courier(vector: Vector) -> None:
    sealed, named = objects.courier(raw(vector, "file"))
    same([one.hex() for one in sealed], vector["frames"])
    told = [{"root": n.root.hex(), "size": n.size, "salt": n.salt.hex()} for n, _ in named]
    same(told, vector["objects"])
    for one, data in named:
        objects.check_is(one, data)


RUNNERS: dict[str, Callable[[Vector], object]] = {
    "objects/name": run_object_name,
    "objects/bad-name": run_object_name,
    "objects/blocks": run_object_blocks,
    "objects/courier": run_courier,
    "objects/bad-courier": run_courier,
    "wire/cbor": run_cbor,
    "wire/card": run_card,
    "wire/act": run_act,
    "wire/statement": run_statement,
    "wire/entry": run_entry,
    "wire/line-0-roster": run_roster,
    "wire/packing": run_packing,
    "wire/charset": run_charset,
    "wire/phrases": run_phrases,
    "wire/body": run_body,
    "wire/terms-accord": run_accord,
    "wire/terms-restore": run_restore,
    "suite/epoch-0": run_epoch_0,
    "suite/key-tree": run_key_tree,
    "suite/line-secret": run_line_secret,
    "suite/pairing-secret": run_pairing,
    "suite/share": run_share,
    "suite/salts": run_salts,
    "suite/seal": run_seal,
    "suite/transcript": run_transcript,
    "record/commitment": run_commitment,
    "record/consistency": run_consistency,
    "record/field": run_field,
    "record/tree": run_tree,
    "frame/": run_frame,
    "line/": run_line,
    "export/": run_export,
    "epoch/chain": run_chain,
    "epoch/hash-only": run_hash_only,
    "epoch/batch": run_batch,
    "epoch/bad-prekey": run_prekey,
    "epoch/sealed": run_sealed,
    "epoch/bad-sealed": run_sealed,
    "epoch/receiver": run_receiver,
    "epoch/bad-epoch": run_receiver,
    "letters/card": run_letter_card,
    "letters/sealed": run_letter_sealed,
    "letters/book": run_letter_book,
    "letters/disclosed": run_letter_disclosed,
} | instruments.RUNNERS


def files(folder: str = "") -> list[str]:
    """Names of all vectors of ours, as folder/name."""
    found = [path.relative_to(VECTORS) for path in sorted((VECTORS / folder).rglob("*.json"))]
    return [path.with_suffix("").as_posix() for path in found if path.parts[0] != "third-party"]


def load(name: str) -> Vector:
    return json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8")) | {"name": name}


def runner(name: str) -> Callable[[Vector], object] | None:
    """That of the longest name it begins with."""
    prefixes = [prefix for prefix in RUNNERS if name.startswith(prefix)]
    return RUNNERS[max(prefixes, key=len)] if prefixes else None
