"""Makes vectors/epoch and suite/share: keys of later epochs, prekeys, what a receiver makes of EPOCH statements.

What HPKE draws cannot be given to the library, so a sealed secret that lies in a committed file and opens is kept; only
one that is missing is sealed anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import common as c

from parley.core import record, suite
from parley.core.record import Tree
from parley.core.types import NodeKind
from parley.core.wire import cbor
from parley.core.wire import entry as wire
from parley.core.wire import frame as f
from parley.keys import NO_SECRET, Direction, ReceiveChain, Taken, hybrid
from parley.keys.cards import SHARE_LABEL
from parley.keys.chains import Epoch, begin, first_rows, hash_only

WAYS = tuple(Direction(c.LINE, sender, (1, 1)) for sender in (0, 1))
PREKEY_SEEDS = [c.seed(f"prekey {i} a") + c.seed(f"prekey {i} b") + c.seed(f"prekey {i} c") for i in range(5)]
PUBLIC = [hybrid.public_key(seed) for seed in PREKEY_SEEDS]
BATCH = 3  # the sequence of the PREKEYS that announced them


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


def kept_seals() -> dict[str, str]:
    """By info and secret: the sealed secret of the committed files."""
    found = {}
    for path in ((c.VECTORS / "suite" / "share.json"), *(c.VECTORS / "epoch").glob("*.json")):
        if not path.exists():
            continue
        for one in json.loads(path.read_text(encoding="utf-8")).get("seals", ()):
            found[one["info"] + one["new_secret"]] = one["sealed"]
    return found


SEALS = kept_seals()


def seal(index: int, secret: bytes, info: bytes) -> bytes:
    name = info.hex() + secret.hex()
    there = bytes.fromhex(SEALS.get(name, ""))
    if hybrid.unseal(PREKEY_SEEDS[index], there, info) == secret:
        return there
    made = hybrid.seal(PUBLIC[index], secret, info)
    SEALS[name] = made.hex()
    return made


def told(epoch: Epoch, root_key: bytes | None = None, carried: bytes | None = None) -> dict[str, object]:
    leaves = {i: epoch.tree.leaf(i) for i in (1, 2, 600_000)}
    return {
        **({} if root_key is None else {"root_key": root_key}),
        "epoch": epoch.number,
        "step": epoch.step,
        "seed": epoch.tree.nodes[0][2],
        "tag": epoch.tag,
        **({} if carried is None else {"carried_value": carried}),
        "reserve": epoch.reserve,
        "frame_keys": {str(i): suite.frame_key(leaf) for i, leaf in leaves.items()},
    }


def chain() -> None:
    """Three epochs of one direction: epoch 0, one with no secret of theirs, one with."""
    way, first = WAYS[1], suite.carried_value(c.LINE_SECRET, c.LINE)
    epoch, carried = begin(way, c.LINE_SECRET, 0)
    epochs = [told(epoch, c.LINE_SECRET, carried)]
    made = []
    for number, theirs in ((1, NO_SECRET), (2, c.seed("new secret of party 0"))):
        new, leaf = c.seed(f"new secret {number}"), record.leaf_hash(f"entry {number}".encode())
        root_key = suite.next_root_key(carried, new, theirs, first, leaf)
        epoch, carried = begin(way, root_key, number)
        epochs.append(told(epoch, root_key, carried))
        made.append(
            {"new_secret": new, "their_secret": theirs, "entry": f"entry {number}".encode(), "leaf": leaf}
        )
    common = {"line": c.LINE, "sender": 1, "incarnations": (1, 1), "line_secret": c.LINE_SECRET}
    c.write(
        "epoch", "chain-of-three", "root keys, seeds, tags and carried values of epochs 0, 1 and 2",
        "EP-1 SU-9 SU-10 SU-11", "good", **common, epochs=epochs, made_by=made,
    )  # fmt: skip
    stepped = [begin(WAYS[0], c.LINE_SECRET, 0)[0]]
    for _ in range(2):
        stepped.append(hash_only(WAYS[0], stepped[-1]))
    c.write(
        "epoch", "hash-only-twice", "what follows when the last counter is used before the next EPOCH",
        "EP-2", "good", **{**common, "sender": 0}, epochs=[told(one) for one in stepped],
    )  # fmt: skip


def prekeys() -> None:
    leaves = [record.leaf_hash(key) for key in PUBLIC]
    root = record.root_of(leaves)
    paths = [record.inclusion_proof(leaves, i) for i in range(len(leaves))]
    body = (len(PUBLIC), root, None)
    c.write(
        "epoch", "batch-of-five", "the root of a batch, and the path of each key", "EP-3 KI-3 FR-17", "good",
        batch=BATCH, private_seeds=PREKEY_SEEDS, public_keys=PUBLIC, root=root, paths=paths,
        body=cbor.encode(body), plain=f.encode_plain(f.Prekey(BATCH, 4, PUBLIC[4], paths[4])),
    )  # fmt: skip
    c.write(
        "epoch", "bad-prekey-of-another-index", "the path of another key of the batch", "EP-3", "refused",
        batch=BATCH, count=len(PUBLIC), root=root, index=1, public_key=PUBLIC[1], path=paths[2],
    )  # fmt: skip
    info = suite.epoch_secret_info(c.LINE, 1, (1, 1), 1, BATCH, 0)
    secret = c.seed("new secret 1")
    sealed = seal(0, secret, info)
    common = {"private_seed": PREKEY_SEEDS[0], "public_key": PUBLIC[0]}
    bound = {"line": c.LINE, "sender": 1, "incarnations": (1, 1), "epoch": 1, "batch": BATCH, "index": 0}
    c.write(
        "epoch", "sealed-secret", "the secret of an EPOCH, sealed to a prekey", "EP-4", "good",
        **common, **bound, info=info, sealed=sealed, new_secret=secret,
        seals=[{"info": info, "new_secret": secret, "sealed": sealed}],
    )  # fmt: skip
    c.write(
        "epoch", "bad-sealed-for-another-epoch", "the same said to be of epoch 2", "EP-11", "refused",
        **common, **{**bound, "epoch": 2}, info=suite.epoch_secret_info(c.LINE, 1, (1, 1), 2, BATCH, 0), sealed=sealed,
    )  # fmt: skip


def share() -> None:
    """A share of the pairing secret, sealed to a pairing key and signed (section 3.3)."""
    ours, transcript = c.SHARES[0], c.TRANSCRIPT
    sealed = seal(0, ours, transcript)
    payload = cbor.encode((SHARE_LABEL, transcript, sealed))
    signed = wire.encode_signed(c.sign(f"root {c.SIDES[0]}", payload), tagged=True)
    c.write(
        "suite", "share", "the share of party 0, sealed to a pairing key, signed by its root", "PA-5", "good",
        private_seed=PREKEY_SEEDS[0], public_key=PUBLIC[0], transcript=transcript, root_key=c.CARDS[0].root_key,
        sealed=sealed, share=ours, signed=signed,
        seals=[{"info": transcript, "new_secret": ours, "sealed": sealed}],
    )  # fmt: skip


class Their:
    """The log of party 1 on the line, as its node signs it."""

    def __init__(self) -> None:
        self.log, self.seals = Tree(), []
        self.steps: list[dict[str, object]] = []

    def says(
        self, kind: int, body: tuple[object, ...] = (), our_size: int = 0, *, true_root: bool = True
    ) -> dict[str, object]:
        ours = Tree()
        for i in range(our_size):
            ours = ours.extended(record.leaf_hash((f"ours {i}" if true_root else "not ours").encode()))
        _, signed = c.statement(kind, body, own=self.log, theirs=ours, party=1)  # type: ignore[arg-type]
        data = c.entry(self.log.size, signed)
        self.log = self.log.extended(record.leaf_hash(data))
        return {"entry": data, "body": cbor.encode(body)}  # type: ignore[arg-type]

    def epoch(
        self,
        number: int,
        index: int,
        our_size: int = 0,
        *,
        sealed_as: int | None = None,
        floor: int = 1,
        batch: int = BATCH,
        true_root: bool = True,
    ) -> dict[str, object]:
        info = suite.epoch_secret_info(c.LINE, 1, (1, 1), sealed_as or number, batch, index)
        secret = c.seed(f"new secret {number}")
        sealed = seal(index, secret, info)
        one = {"info": info, "new_secret": secret, "sealed": sealed}
        if one not in self.seals:
            self.seals.append(one)
        body = (number, batch, index, sealed, floor)
        return self.says(NodeKind.EPOCH, body, our_size, true_root=true_root)


class Receiver:
    """Party 0, who takes what party 1 says; it has said EPOCHs of its own at sequences 2 and 5."""

    def __init__(self) -> None:
        table = Rows()
        table.put(f"receive/{c.LINE.hex()}", first_rows(WAYS[1], c.LINE_SECRET)[1])
        self.chain = ReceiveChain(table, WAYS[1])  # type: ignore[arg-type]
        self.first = suite.carried_value(c.LINE_SECRET, c.LINE)
        self.said = {2: c.seed("our secret at 2"), 5: c.seed("our secret at 5")}
        self.used: set[int] = set()
        self.held: dict[int, tuple[bytes, tuple[object, ...] | None]] = {}
        self.size = 0
        self.faults: list[int] = []

    def hears(self, data: bytes, body: bytes | None) -> None:
        entry = wire.decode_entry(data)
        self.held[entry.sequence] = (data, None if body is None else wire.decode_body(body))
        while self.size in self.held:
            self._placed(*self.held[self.size])
            self.size += 1
        self.chain.retire(self.size)

    def _placed(self, data: bytes, body: tuple[object, ...] | None) -> None:
        said = wire.decode_payload(wire.decode_entry(data).signed.payload)
        if said.kind != NodeKind.EPOCH:
            return
        if body is None or len(body) != 5:
            self.faults.append(said.sequence)  # type: ignore[union-attr]
            return
        number, batch, index, sealed, floor = body
        info = suite.epoch_secret_info(c.LINE, 1, (1, 1), self.chain.number + 1, batch, index)  # type: ignore[arg-type]
        known = batch == BATCH and index not in self.used
        secret = None if not known else hybrid.unseal(PREKEY_SEEDS[index], sealed, info)  # type: ignore
        below = [s for s in self.said if s < said.their_size]  # type: ignore[union-attr]
        taken = self.chain.taken
        if (
            number != self.chain.number + 1
            or secret is None
            or (taken is not None and said.their_size < taken.their_size)  # type: ignore[union-attr]
        ):
            self.faults.append(said.sequence)  # type: ignore[union-attr]
            return
        ours = self.said[max(below)] if below else NO_SECRET
        self.used.add(index)  # type: ignore[arg-type]
        self.chain.erase_below(self.chain.newest_tag, floor)  # type: ignore[arg-type]
        leaf = record.leaf_hash(data)
        found = Taken(leaf, said.sequence, said.their_size, secret, (batch, index))  # type: ignore
        self.chain.take(found, ours, self.first)

    def states(self, tag: bytes, size: int) -> None:
        self.chain.stated(tag, size)
        self.chain.retire(self.size)

    def shows(self) -> dict[str, object]:
        return {"taken": self.chain.number, "live": list(self.chain.live), "faults": list(self.faults)}


def receiver(
    name: str, what: str, cites: str, steps: list[dict[str, object]], seals: object, **fields: object
) -> None:
    """Runs the steps and writes what the receiver shows after each that is named so."""
    end, tags = Receiver(), [begin(WAYS[1], c.LINE_SECRET, 0)[0].tag]
    written: list[dict[str, object]] = []
    for step in steps:
        if "entry" in step:
            end.hears(step["entry"], step["body"])  # type: ignore[arg-type]
            tags += [tag for tag in end.chain.live if tag not in tags]
            written.append(step)
        elif "stated" in step:
            epoch, size = step["stated"]  # type: ignore[misc]
            end.states(tags[epoch], size)
            written.append({"stated": {"tag": tags[epoch], "size": size}})
        elif "key" in step:
            epoch, counter = step["key"]  # type: ignore[misc]
            key = end.chain.key(tags[epoch], counter)
            written.append({"key": {"tag": tags[epoch], "counter": counter, "frame_key": key}})
            continue
        written.append({"shows": end.shows()})
    c.write(
        "epoch", name, what, cites, "fault" if end.faults else "good",
        line=c.LINE, ours=0, incarnations=(1, 1), line_secret=c.LINE_SECRET, commitment_key=c.KEYS[c.LINE],
        node_key=c.CARDS[1].node_key, batch=BATCH, prekeys=PREKEY_SEEDS,
        our_entries=[f"ours {i}".encode() for i in range(6)],
        our_epochs=[{"sequence": s, "new_secret": secret} for s, secret in end.said.items()],
        **fields, steps=written, seals=seals,
    )  # fmt: skip


def receivers() -> None:
    them = Their()
    steps = [them.says(NodeKind.HEAD), them.epoch(1, 0), them.says(NodeKind.HEAD)]
    receiver(
        "receiver-takes-it-when-it-is-placed", "an EPOCH that comes beyond a hole is taken when the hole is filled",
        "EP-9 EP-10", [steps[1], steps[0], steps[2], {"stated": (1, 3)}], them.seals,
    )  # fmt: skip
    them = Their()
    steps = [them.epoch(1, 0), them.says(NodeKind.HEAD), them.says(NodeKind.HEAD)]
    receiver(
        "receiver-keeps-the-former-until-all-is-held",
        "the new epoch is heard and states three entries; the former goes when the third is held",
        "EP-10", [steps[0], {"stated": (0, 1)}, {"stated": (1, 3)}, steps[1], steps[2]], them.seals,
    )  # fmt: skip
    them = Their()
    receiver(
        "receiver-with-secrets-of-its-own", "each EPOCH refers to the last of ours below the size it states",
        "EP-9 EP-12",
        [them.epoch(1, 0, 2), them.epoch(2, 1, 3), them.epoch(3, 2, 5), them.epoch(4, 3, 6)], them.seals,
    )  # fmt: skip
    them = Their()
    receiver(
        "bad-epoch-number-skipped", "the second EPOCH says it begins epoch 3", "EP-7 EP-11",
        [them.epoch(1, 0), them.epoch(3, 1), them.says(NodeKind.HEAD)], them.seals,
    )  # fmt: skip
    them = Their()
    receiver(
        "bad-epoch-prekey-used-twice", "the second EPOCH is sealed to the prekey of the first", "EP-4 EP-11",
        [them.epoch(1, 0), them.epoch(2, 0), them.epoch(2, 1)], them.seals,
    )  # fmt: skip
    them = Their()
    receiver(
        "bad-epoch-acknowledges-less", "the second EPOCH states less of our log than the first", "EP-11",
        [them.epoch(1, 0, 3), them.epoch(2, 1, 2), them.epoch(2, 2, 3)], them.seals,
    )  # fmt: skip
    them = Their()
    receiver(
        "bad-epoch-sealed-for-another-number", "what it seals does not open for the epoch it begins", "EP-11",
        [them.epoch(1, 0, sealed_as=2), them.epoch(1, 1)], them.seals,
    )  # fmt: skip


def other_receivers() -> None:
    them = Their()
    heads = [them.epoch(1, 0), *(them.says(NodeKind.HEAD) for _ in range(3))]
    receiver(
        "receiver-forgets-the-former-at-the-least-size-stated",
        "three sizes were stated under the new epoch: the former goes when the least of them is held",
        "EP-10", [heads[0], {"stated": (1, 4)}, {"stated": (1, 2)}, {"stated": (1, 3)}, *heads[1:]], them.seals,
    )  # fmt: skip
    them = Their()
    asked = [{"key": (0, counter)} for counter in (1, 999, 1000, 1001)]
    receiver(
        "receiver-erases-below-the-floor",
        "the first EPOCH has a floor of 1,000: the leaves of epoch 0 below it are erased, those above it are not",
        "SU-8 EP-9 FR-15", [*asked, them.epoch(1, 0, floor=1000), *asked, {"key": (1, 1)}], them.seals,
    )  # fmt: skip
    them = Their()
    receiver(
        "receiver-goes-by-the-size-alone",
        "the EPOCH states a size of our log under another root: it is taken with our secret below that size",
        "EP-9 RE-5", [them.epoch(1, 0, 3, true_root=False), them.epoch(2, 1, 3)], them.seals, wrong_roots=1,
    )  # fmt: skip
    them = Their()
    receiver(
        "bad-epoch-number-skipped-and-sealed-for-the-next",
        "the second EPOCH says it begins epoch 3; its secret is sealed for epoch 2", "EP-7 EP-11",
        [them.epoch(1, 0), them.epoch(3, 1, sealed_as=2), them.epoch(2, 2)], them.seals,
    )  # fmt: skip
    them = Their()
    receiver(
        "bad-epoch-number-again", "the second EPOCH says it begins epoch 1 once more; its secret is sealed for epoch 2",
        "EP-7 EP-11", [them.epoch(1, 0), them.epoch(1, 1, sealed_as=2), them.epoch(2, 2)], them.seals,
    )  # fmt: skip
    them = Their()
    receiver(
        "bad-epoch-leaves-its-prekey",
        "three EPOCHs at fault name the prekey of the next good one, one not opening: it is not used", "EP-4 EP-11",
        [
            them.epoch(1, 0, 3), them.epoch(3, 1, 3, sealed_as=2), them.epoch(2, 1, 2),
            them.epoch(2, 1, 3, sealed_as=3), them.epoch(2, 1, 3),
        ], them.seals,
    )  # fmt: skip
    them = Their()
    receiver(
        "bad-epoch-prekey-of-another-batch", "the second EPOCH names a batch we never announced", "EP-4 EP-11",
        [them.epoch(1, 0), them.epoch(2, 1, batch=BATCH + 1), them.epoch(2, 1)], them.seals,
    )  # fmt: skip
    them = Their()
    receiver(
        "bad-epoch-withheld", "the first EPOCH comes without its body", "EP-11",
        [{**them.epoch(1, 0), "body": None}, them.epoch(1, 1)], them.seals,
    )  # fmt: skip
    them = Their()
    receiver(
        "bad-epoch-without-its-schema", "the first EPOCH has no floor", "EP-11 KI-4",
        [them.says(NodeKind.EPOCH, (1, BATCH, 0, bytes(1168))), them.epoch(1, 0)], them.seals,
    )  # fmt: skip
    make_bad_prekeys()


def make_bad_prekeys() -> None:
    leaves = [record.leaf_hash(key) for key in PUBLIC]
    path, root = record.inclusion_proof(leaves, 1), record.root_of(leaves)
    good = {
        "batch": BATCH,
        "count": len(PUBLIC),
        "root": root,
        "index": 1,
        "public_key": PUBLIC[1],
        "path": path,
    }
    for name, what, other in (
        ("beyond-the-batch", "an index that the batch does not have", {"index": 5}),
        ("with-a-step-too-few", "the path lacks its last step", {"path": path[:-1]}),
        ("with-a-step-too-many", "the path has a step more", {"path": (*path, bytes(32))}),
        (
            "changed",
            "a bit of the key is another",
            {"public_key": bytes((PUBLIC[1][0] ^ 1,)) + PUBLIC[1][1:]},
        ),
        (
            "in-a-tree-of-another-size",
            "the path and the root of a batch of five, read as one of nine",
            {"count": 9},
        ),
    ):
        c.write("epoch", f"bad-prekey-{name}", what, "EP-3", "refused", **{**good, **other})  # type: ignore[arg-type]


def main() -> None:
    share()
    chain()
    prekeys()
    receivers()
    other_receivers()


if __name__ == "__main__":
    main()
