"""Makes vectors/record: commitment, disclosure of one field, tree, proofs."""

from __future__ import annotations

import common as c

from parley.core import record, suite
from parley.core.types import ActKind
from parley.core.wire import cbor


def main() -> None:
    body = (*c.message("One paragraph."), "Another.")
    salts = record.act_salts(c.KEYS[c.LINE], 0, 1, 1, len(body))
    hashes = [suite.field_hash(ActKind.MESSAGE, len(body), i, salts[i], f) for i, f in enumerate(body)]
    root = record.commitment(ActKind.MESSAGE, body, lambda i: salts[i])
    c.write(
        "record",
        "commitment-message",
        "salts, field hashes and commitment of a message",
        "EN-9 EN-10",
        "good",
        commitment_key=c.KEYS[c.LINE],
        party=0,
        author=1,
        number=1,
        kind=8,
        body=cbor.encode(body),
        salts=salts,
        field_hashes=hashes,
        commitment=root,
    )
    c.write(
        "record",
        "commitment-empty",
        "the commitment of an empty body",
        "EN-9",
        "good",
        kind=2,
        body=cbor.encode(()),
        salts=[],
        field_hashes=[],
        commitment=record.commitment(2, (), lambda i: b""),
    )
    leaves = [record.leaf_hash(h) for h in hashes]
    field = {
        "kind": 8,
        "count": len(body),
        "index": 7,
        "salt": salts[7],
        "commitment": root,
        "path": record.inclusion_proof(leaves, 7),
    }
    c.write(
        "record",
        "field-disclosed",
        "one field alone, with its salt and path",
        "EN-9",
        "good",
        **field,
        field=cbor.encode(body[7]),
    )
    c.write(
        "record",
        "field-bad-shown-as-another",
        "the same field shown as field 8",
        "EN-9",
        "refused",
        **{**field, "index": 8},
        field=cbor.encode(body[7]),
    )
    tree, sizes = record.Tree(), []
    inputs = [b"entry %d" % i for i in range(8)]
    for data in inputs:
        tree = tree.extended(record.leaf_hash(data))
        sizes.append(tree.root)
    c.write(
        "record",
        "tree",
        "the root at every size from 1; size 0 is SHA-256 of nothing",
        "EN-8",
        "good",
        inputs=inputs,
        roots=sizes,
        empty=record.EMPTY_ROOT,
    )
    hashed = [record.leaf_hash(data) for data in inputs]
    proof = record.consistency_proof(hashed[:7], 3)
    c.write(
        "record",
        "consistency-3-to-7",
        "a log of three entries is a prefix of one of seven",
        "EN-8",
        "good",
        size1=3,
        size2=7,
        root1=sizes[2],
        root2=sizes[6],
        proof=proof,
    )
    c.write(
        "record",
        "consistency-bad-other-prefix",
        "the proof against the root of size 4",
        "EN-8",
        "refused",
        size1=3,
        size2=7,
        root1=sizes[3],
        root2=sizes[6],
        proof=proof,
    )


if __name__ == "__main__":
    main()
