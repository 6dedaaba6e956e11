"""Makes vectors/wire: the CBOR subset, card, act, statement, entry, terms that hold."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import common as c

from parley.core import accord, line, record, suite
from parley.core.types import ActKind, NodeKind, Precedence, Seen, Signed
from parley.core.wire import cbor
from parley.core.wire import entry as wire

GOOD = {
    "numbers": (0, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**64 - 1, -1, -24, -25, -(2**64)),
    "strings": (b"", b"\x00\xff", "", "양측", "é"),
    "simple": (False, True, None),
    "map": {2: b"", 10: "x", -1: None, "": 1, "aa": (), "b": {}},
    "nested-eight-deep": ((((((((),),),),),),),),
    "value-at-level-eight": ((((((((0,),),),),),),),),
}
BAD = {
    "number-not-shortest": "1817",
    "length-not-shortest": "580100",
    "indefinite-array": "9fff",
    "float": "f93c00",
    "tag": "c100",
    "undefined": "f7",
    "keys-out-of-order": "a20a000200",
    "key-twice": "a201000100",
    "key-is-bytes": "a1410000",
    "text-not-utf8": "61ff",
    "text-surrogate": "63eda080",
    "bytes-left-over": "0000",
    "ends-early": "8201",
    "nested-nine-deep": "81" * 9 + "00",
}


def show(value: object) -> object:
    """A CBOR value in JSON without loss: bytes and maps in an object."""
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, tuple):
        return [show(item) for item in value]
    if isinstance(value, dict):
        return {"map": [[show(k), show(v)] for k, v in value.items()]}
    return (
        str(value)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53
        else value
    )


def make_cbor() -> None:
    for name, value in GOOD.items():
        data = cbor.encode(value)
        c.write(
            "wire",
            f"cbor-good-{name}",
            "CBOR of the subset; whole numbers of 2^53 and more as strings",
            "CB-1 CB-2 CB-3 CB-5",
            "good",
            cbor=data,
            value=show(value),
        )
    for name, data in BAD.items():
        c.write(
            "wire",
            f"cbor-bad-{name}",
            "CBOR outside the subset",
            "CB-1 CB-2 CB-3 CB-4 CB-5 CB-6 CV-1",
            "refused",
            cbor=data,
        )


def make_cards() -> None:
    for party, card in enumerate(c.CARDS):
        signed = c.sign(f"root {c.SIDES[party]}", c.PAYLOADS[party])
        c.write(
            "wire",
            f"card-of-party-{party}",
            "a card; its pairing key is filler",
            "PA-1 PA-4 EN-5",
            "good",
            party_name=card.party_name,
            root_key=card.root_key,
            node_key=card.node_key,
            nonce=card.nonce,
            kem_key=card.kem_key,
            payload=c.PAYLOADS[party],
            card=wire.encode_signed(signed, tagged=True),
        )
    signed = c.sign("root b", c.PAYLOADS[c.SIDES.index("a")])
    c.write(
        "wire",
        "card-bad-signed-by-another-root",
        "signed by a root key the card does not name",
        "PA-2",
        "refused",
        card=wire.encode_signed(signed, tagged=True),
    )
    make_bad_cards()


def make_bad_cards() -> None:
    """Each is well signed by the root key it names, but for its one defect."""
    own = c.CARDS[0]
    root = f"root {c.SIDES[0]}"

    def signed_by_root(payload: bytes) -> bytes:
        return wire.encode_signed(c.sign(root, payload), tagged=True)

    unfit = wire.encode_card(replace(own, root_key=c.UNFIT_KEY))
    forged = Signed(suite.key_id(c.UNFIT_KEY), unfit, c.FITS_ANYTHING)
    for name, what, cites, data in (
        ("untagged", "a COSE_Sign1 without its tag", "PA-1 EN-5", signed_by_root(c.PAYLOADS[0])[1:]),
        (
            "node-key-of-small-order",
            "a node key under which a signature over anything can be made",
            "PA-2 SU-2",
            signed_by_root(wire.encode_card(replace(own, node_key=c.UNFIT_KEY))),
        ),
        (
            "root-key-of-small-order",
            "a root key under which this signature verifies over anything",
            "PA-2 SU-2",
            wire.encode_signed(forged, tagged=True),
        ),
        ("a-byte-more", "a byte after the card", "PA-1 CV-1 CB-6", signed_by_root(c.PAYLOADS[0]) + b"\x00"),
        (
            "of-a-share",
            "a share in place of a card",
            "PA-1 CV-2",
            signed_by_root(cbor.encode(("parley/share/1", c.TRANSCRIPT, bytes(1168)))),
        ),
    ):
        c.write("wire", f"card-bad-{name}", what, cites, "refused", card=data)


def make_entries() -> None:
    said, signed = c.act(ActKind.MESSAGE, c.message("Please confirm."))
    payload = signed.payload
    common = {"public_key": c.public(f"officer {c.SIDES[0]}1"), "line": c.LINE}
    c.write(
        "wire",
        "act-message",
        "an act, its Sig_structure and its entry",
        "EN-1 EN-2 EN-3 EN-4 EN-7 EN-14",
        "good",
        **common,
        party=0,
        kind=8,
        precedence=3,
        author=1,
        number=1,
        time=said.stamp.time,
        clock_quality=3,
        seen=[1, 0],
        commitment=said.commitment,
        payload=payload,
        act_id=record.act_id(payload),
        to_be_signed=wire.to_be_signed(signed.kid, payload),
        signature=signed.signature,
        entry=c.entry(0, signed),
        exported=wire.encode_signed(signed, tagged=True),
    )
    other, from_safe = c.act(
        ActKind.SEVER, (None, 1_795_262_000, "en", "By order."), seen=Seen(0, 0), number=1000
    )
    c.write(
        "wire",
        "act-sever-from-a-safe",
        "an act kept signed in a safe: it has seen nothing",
        "EN-1 EN-15",
        "good",
        **common,
        party=0,
        kind=5,
        precedence=3,
        author=1,
        number=1000,
        time=other.stamp.time,
        clock_quality=3,
        seen=[0, 0],
        commitment=other.commitment,
        payload=from_safe.payload,
        act_id=record.act_id(from_safe.payload),
        to_be_signed=wire.to_be_signed(from_safe.kid, from_safe.payload),
        signature=from_safe.signature,
        entry=c.entry(0, from_safe),
        exported=wire.encode_signed(from_safe, tagged=True),
    )
    own = record.Tree().extended(record.leaf_hash(c.entry(0, signed)))
    stated, by_node = c.statement(NodeKind.HEAD, (), own=own, theirs=record.Tree())
    c.write(
        "wire",
        "statement-head",
        "a HEAD at sequence 1, over the entry of act-message",
        "EN-6 EN-7 EN-8 EN-11",
        "good",
        public_key=c.CARDS[0].node_key,
        line=c.LINE,
        party=0,
        kind=2,
        precedence=0,
        incarnation=1,
        sequence=1,
        time=stated.stamp.time,
        clock_quality=3,
        own_root=stated.own_root,
        their_incarnation=1,
        their_size=0,
        their_root=stated.their_root,
        commitment=stated.commitment,
        payload=by_node.payload,
        to_be_signed=wire.to_be_signed(by_node.kid, by_node.payload),
        signature=by_node.signature,
        entry=c.entry(1, by_node),
    )
    c.write(
        "wire",
        "entry-bad-statement-at-another-place",
        "the HEAD of sequence 1 entered at 2",
        "EN-11 EN-13",
        "refused",
        public_key=c.CARDS[0].node_key,
        entry=c.entry(2, by_node),
    )
    good = cbor.decode(c.entry(0, signed))
    protected, unprotected, _, signature = good[2]
    for name, cites, cose in (
        (
            "header-with-content-type",
            "EN-3",
            (cbor.encode({1: -8, 3: 0, 4: signed.kid}), {}, payload, signature),
        ),
        ("algorithm-es256", "EN-3", (cbor.encode({1: -7, 4: signed.kid}), {}, payload, signature)),
        (
            "key-id-beside-the-protected-one",
            "EN-3",
            (protected, {4: signed.kid}, payload, signature),
        ),
        ("tagged", "EN-5 CB-1", None),
        ("key-id-unprotected", "EN-3", (cbor.encode({1: -8}), {4: signed.kid}, payload, signature)),
        ("signature-of-63-bytes", "EN-3", (protected, unprotected, payload, signature[:63])),
        (
            "signature-changed",
            "EN-4",
            (protected, unprotected, payload, bytes((signature[0] ^ 1,)) + signature[1:]),
        ),
        (
            "payload-changed",
            "EN-4",
            (protected, unprotected, payload[:-1] + bytes((payload[-1] ^ 1,)), signature),
        ),
        (
            "payload-with-another-label",
            "EN-1 CV-2",
            (protected, unprotected, payload.replace(b"act/1", b"act/2"), signature),
        ),
    ):
        c.write(
            "wire",
            f"entry-bad-{name}",
            name.replace("-", " "),
            cites,
            "refused",
            public_key=common["public_key"],
            entry=b"\x83\x01\x00" + (b"\xd2" + cbor.encode(good[2]) if cose is None else cbor.encode(cose)),
        )
    for name, cites, place in (
        ("incarnation-0", "EN-7", (0, 0)),
        ("incarnation-beyond-u32", "EN-7", (2**32, 0)),
        ("sequence-beyond-u32", "EN-7", (1, 2**32)),
    ):
        c.write(
            "wire",
            f"entry-bad-{name}",
            name.replace("-", " "),
            cites,
            "refused",
            public_key=common["public_key"],
            entry=cbor.encode((*place, good[2])),
        )


def make_roster() -> None:
    body = tuple((o.author, o.key, o.office, int(o.precedence_max), int(o.powers)) for o in c.OFFICERS)
    said, signed = c.act(
        ActKind.ROSTER,
        body,
        author=0,
        line=c.ORDER_WIRE,
        signer=f"root {c.SIDES[0]}",
        precedence=Precedence.ROUTINE,
    )
    c.write(
        "wire",
        "line-0-roster",
        "the roster of party 0, entered first on line 0",
        "PA-8 PA-11 PA-12 KI-2 EN-10",
        "good",
        public_key=c.CARDS[0].root_key,
        line=c.ORDER_WIRE,
        commitment_key=c.KEYS[c.ORDER_WIRE],
        body=cbor.encode(body),
        commitment=said.commitment,
        payload=signed.payload,
        entry=c.entry(0, signed),
    )


def make_terms() -> None:
    agreed = accord.Accord(
        c.LINE_NAME,
        c.LINE_NONCE,
        languages=c.LANGUAGES,
        civil_clocks=(540, 540),
        schedule=(accord.Slot(0, 0x1F, accord.Meaning.OPENING, None, 1800),),
    )
    terms = accord.encode_terms(agreed)
    c.write(
        "wire",
        "terms-accord",
        "terms of an accord; its name and nonce make the line id",
        "AC-1 AC-2 AC-3",
        "good",
        terms=terms,
        hash=hashlib.sha256(terms).digest(),
        transcript=c.TRANSCRIPT,
        line=c.LINE,
    )
    prefix = line.Prefix(1, 0, record.EMPTY_ROOT)
    restore = line.encode_restore(line.RestoreTerms(((), ()), (prefix, prefix), "", 1_795_266_000, None))
    c.write(
        "wire",
        "terms-restore",
        "terms of a first opening",
        "LI-15",
        "good",
        terms=restore,
        hash=hashlib.sha256(restore).digest(),
    )


if __name__ == "__main__":
    make_cbor()
    make_cards()
    make_entries()
    make_roster()
    make_terms()
