"""Makes vectors/suite: transcript, pairing secret, derivations, key tree, epoch, seal."""

from __future__ import annotations

import common as c

from parley.core import suite


def main() -> None:
    c.write(
        "suite",
        "transcript-and-line-ids",
        "from two card payloads, in either order",
        "PA-3 PA-4 PA-7 PA-8",
        "good",
        card_payloads=c.PAYLOADS,
        transcript=c.TRANSCRIPT,
        line_0=c.ORDER_WIRE,
        line_name=c.LINE_NAME,
        line_nonce=c.LINE_NONCE,
        line=c.LINE,
    )
    c.write(
        "suite",
        "pairing-secret",
        "from both opened shares, in the order of the parties",
        "PA-5 PA-6 SU-5",
        "good",
        transcript=c.TRANSCRIPT,
        shares=c.SHARES,
        pairing_secret=c.PAIRING_SECRET,
        commitment_master=c.COMMITMENT_MASTER,
        line_master_seed=c.MASTER.nodes[0][2],
    )
    c.write(
        "suite",
        "line-secret",
        "from the leaf at the first 32 bits of the line id",
        "PA-9 PA-10",
        "good",
        line_master_seed=c.MASTER.nodes[0][2],
        commitment_master=c.COMMITMENT_MASTER,
        line=c.LINE,
        leaf_index=int.from_bytes(c.LINE[:4], "big"),
        leaf=c.MASTER.leaf(int.from_bytes(c.LINE[:4], "big")),
        line_secret=c.LINE_SECRET,
        commitment_key=c.KEYS[c.LINE],
    )
    for sender in (0, 1):
        epoch = suite.epoch_seed(c.LINE_SECRET, c.LINE, sender, (1, 1), 0)
        tree = suite.key_tree(epoch)
        c.write(
            "suite",
            f"epoch-0-of-party-{sender}",
            "seed, tag, leaves and frame keys",
            "SU-4 SU-9 SU-10 SU-11",
            "good",
            line_secret=c.LINE_SECRET,
            line=c.LINE,
            sender=sender,
            incarnations=(1, 1),
            epoch=0,
            seed=epoch,
            tag=suite.epoch_tag(epoch),
            frames=[
                {"counter": i, "leaf": tree.leaf(i).hex(), "frame_key": suite.frame_key(tree.leaf(i)).hex()}
                for i in (1, 2, 3, 256, 2**31, 2**32 - 1)
            ],
        )
    whole = suite.key_tree(c.SEED)
    tree = whole.without(5)
    c.write(
        "suite",
        "key-tree-leaf-5-erased",
        "the nodes kept after one erasure: (depth, prefix, key)",
        "SU-6 SU-7",
        "good",
        seed=c.SEED,
        erased=[5],
        nodes=sorted(tree.nodes),
        leaf_4=whole.leaf(4),
        leaf_6=whole.leaf(6),
    )
    floor = whole.without_below(1000)
    c.write(
        "suite",
        "key-tree-floor-1000",
        "the nodes kept when all below 1000 is erased",
        "SU-8",
        "good",
        seed=c.SEED,
        floor=1000,
        nodes=sorted(floor.nodes),
        leaf_1000=whole.leaf(1000),
    )
    c.write(
        "suite",
        "salts",
        "of an act of author 1, number 1, and of a statement at sequence 1",
        "EN-10",
        "good",
        commitment_key=c.KEYS[c.LINE],
        act=[suite.salt(c.KEYS[c.LINE], 0, 1, 1, i) for i in range(3)],
        statement=[suite.node_salt(c.KEYS[c.LINE], 0, 1, 1, i) for i in range(3)],
    )
    key, clear = suite.frame_key(whole.leaf(1)), bytes((1, *suite.epoch_tag(c.SEED), 0, 0, 0, 1))
    sealed = suite.seal(key, clear, b"sealed")
    c.write(
        "suite",
        "seal",
        "AES-256-GCM-SIV with a zero nonce",
        "SU-3",
        "good",
        key=key,
        associated=clear,
        plain=b"sealed",
        sealed=sealed,
    )
    c.write(
        "suite",
        "seal-bad-tag",
        "one bit of the tag changed",
        "SU-3",
        "refused",
        key=key,
        associated=clear,
        sealed=sealed[:-1] + bytes((sealed[-1] ^ 1,)),
    )
    c.write(
        "suite",
        "seal-bad-associated",
        "one bit of the counter changed",
        "SU-3 FR-1",
        "refused",
        key=key,
        associated=clear[:-1] + b"\x03",
        sealed=sealed,
    )


if __name__ == "__main__":
    main()
