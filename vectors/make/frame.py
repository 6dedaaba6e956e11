"""Makes vectors/frame: every form and every row of the table of sizes, sealed under epoch 0 of party 0."""

from __future__ import annotations

from dataclasses import replace

import common as c

from parley.core import record, suite
from parley.core.types import Act, ActKind, Body, ClockQuality, NodeKind, Precedence, Seen, Signed, Statement
from parley.core.wire import cbor, phrases
from parley.core.wire import frame as f
from parley.core.wire.frame import ActLayout, AnyLayout, BodyForm, NodeLayout

ENGLISH = (
    "Our patrol boat has lost its engine and is drifting south. We ask you to hold fire. Reply by phone.."
)
KOREAN = ("우리 경비정이 기관 고장으로 남쪽으로 떠내려가고 있습니다. 사격을 하지 말아 주시기 바랍니다. " * 2)[
    :100
]
TREE = suite.key_tree(c.SEED)
KEYS = {
    "line": c.LINE,
    "epoch_seed": c.SEED,
    "commitment_key": c.KEYS[c.LINE],
    "languages": list(c.LANGUAGES),
}
assert len(ENGLISH) == len(KOREAN) == 100


def sealed(plain: bytes, counter: int) -> bytes:
    clear = f.encode_clear(f.Clear(suite.epoch_tag(c.SEED), counter))
    return clear + suite.seal(suite.frame_key(TREE.leaf(counter)), clear, plain)


def inline(codec: int, text: str, charset: str, head: bytes = b"\x00") -> tuple[BodyForm, int, bytes]:
    return BodyForm.INLINE, codec, head + text.encode(charset)


def of_act(said: Act, signed: Signed, sequence: int, body: tuple[BodyForm, int, bytes]) -> ActLayout:
    return ActLayout(
        said.kind,
        said.precedence,
        said.stamp.quality,
        said.author,
        said.number,
        said.stamp.time,
        sequence,
        said.seen.size,
        *body,
        signed.signature,
    )


def of_node(
    said: Statement,
    signed: Signed,
    body: tuple[BodyForm, int, bytes],
    *,
    own: bool = False,
    theirs: bool = False,
) -> NodeLayout:
    return NodeLayout(
        said.kind,
        said.precedence,
        said.stamp.quality,
        said.sequence,
        said.stamp.time,
        said.own_root if own else None,
        said.their_size,
        said.their_root if theirs else None,
        *body,
        signed.signature,
    )


NONE = (BodyForm.NONE, 0, b"")
OFFICER = {"public_key": c.public(f"officer {c.SIDES[0]}1")}
OWN = record.Tree().extended(record.leaf_hash(b"our entry"))
THEIRS = record.Tree().extended(record.leaf_hash(b"their entry"))


def put(
    name: str,
    what: str,
    cites: str,
    counter: int,
    plain: f.Plain,
    signed: Signed | None = None,
    sequence: int = 0,
    **fields: object,
) -> None:
    data = f.encode_plain(plain)
    frame = sealed(data, counter)
    if signed is not None:
        fields |= {"payload": signed.payload, "entry": c.entry(sequence, signed)}
    c.write(
        "frame",
        name,
        what,
        cites,
        "good",
        size=len(frame),
        **KEYS,
        counter=counter,
        frame=frame,
        plain=data,
        **fields,
    )


def main() -> None:
    officer = {"public_key": c.public(f"officer {c.SIDES[0]}1")}
    node = {"public_key": c.CARDS[0].node_key}
    body = c.message(ENGLISH)
    said, signed = c.act(ActKind.MESSAGE, body)
    text = inline(0x01, ENGLISH, "ascii")
    cites = "FR-1 FR-2 FR-3 FR-11 FR-12 FR-14 FR-15"
    put(
        "act-flash-100-english-ascii",
        "a complete FLASH of 100 English characters",
        cites,
        1,
        of_act(said, signed, 4, text),
        signed,
        4,
        **officer,
        body=cbor.encode(body),
    )
    put(
        "any-flash-100-english-with-key",
        "the same from an officer the peer may not know",
        "FR-6 FR-14",
        2,
        AnyLayout(False, False, 1, 1, officer["public_key"], None, of_act(said, signed, 4, text)),
        signed,
        4,
        **officer,
        author_known=False,
        body=cbor.encode(body),
    )
    korean = c.message(KOREAN, "ko")
    k_said, k_signed = c.act(ActKind.MESSAGE, korean, number=2)
    put(
        "act-flash-100-korean-cp949",
        "a complete FLASH of 100 Korean characters",
        "FR-3 FR-14 PK-4",
        3,
        of_act(k_said, k_signed, 5, inline(0x12, KOREAN, "cp949")),
        k_signed,
        5,
        **officer,
        body=cbor.encode(korean),
    )
    for name, what, counter, (of, by), place, written, charset, index in (
        ("english", "English", 40, (said, signed), 4, ENGLISH, phrases.ENGLISH, 0),
        ("korean", "Korean", 41, (k_said, k_signed), 5, KOREAN, phrases.KOREAN, 1),
    ):
        coded = phrases.encode(charset, written)
        assert coded is not None
        put(
            f"any-flash-100-{name}-phrases",
            f"a complete FLASH of 100 {what} characters by phrases",
            "FR-6 FR-14 PK-11 PK-16 PK-17",
            counter,
            AnyLayout(
                False,
                False,
                1,
                1,
                None,
                None,
                of_act(of, by, place, (BodyForm.INLINE, index << 4 | charset, b"\x00" + coded)),
            ),
            by,
            place,
            **officer,
            body=cbor.encode(c.message(written, c.LANGUAGES[index])),
        )
    put(
        "act-withheld",
        "the first message withheld: its commitment in place of the body",
        "FR-11",
        4,
        of_act(said, signed, 4, (BodyForm.WITHHELD, 0, said.commitment)),
        signed,
        4,
        **officer,
    )
    theirs = record.Tree().extended(record.leaf_hash(b"their entry"))
    own = record.Tree().extended(record.leaf_hash(c.entry(0, signed)))
    stated, by_node = c.statement(NodeKind.RECEIPT, (), own=own, theirs=theirs)
    roots = {"own_root": stated.own_root, "their_root": stated.their_root}
    for counter, size, own_given, theirs_given in (
        (5, 104, False, False),
        (6, 136, True, False),
        (7, 168, True, True),
    ):
        put(
            f"node-receipt-{size}",
            f"a receipt of {size} bytes",
            "FR-4 FR-5 FR-14",
            counter,
            of_node(stated, by_node, NONE, own=own_given, theirs=theirs_given),
            by_node,
            1,
            **node,
            **roots,
            body=cbor.encode(()),
        )
    beyond: Body = ((9, c.seed("leaf")),)
    b_stated, b_signed = c.statement(NodeKind.RECEIPT, beyond, own=own, theirs=theirs)
    packed = (BodyForm.INLINE, 0, (9).to_bytes(4, "big") + c.seed("leaf"))
    put(
        "node-receipt-beyond-a-hole",
        "a receipt that names one entry beyond a hole: 36 bytes more",
        "FR-4 PK-7",
        8,
        of_node(b_stated, b_signed, packed),
        b_signed,
        1,
        **node,
        **roots,
        body=cbor.encode(beyond),
    )
    named = c.seed("an act")
    back: Body = (named, 2, "hold fire, 21 by ph.")
    a_said, a_signed = c.act(ActKind.ACKNOWLEDGE, back, number=3)
    put(
        "act-acknowledge-read-back",
        "an acknowledgement with 25 bytes packed; the act named lies at 7",
        "FR-14 PK-6",
        9,
        of_act(a_said, a_signed, 6, inline(0x01, back[2], "ascii", (7).to_bytes(4, "big") + b"\x02")),
        a_signed,
        6,
        **officer,
        body=cbor.encode(back),
        named_at_7=named,
    )
    cut: Body = ((c.LINE,), 1_795_262_000, "en", "By order.")
    s_said, s_signed = c.act(ActKind.SEVER, cut, line=c.ORDER_WIRE)
    put(
        "any-sever-of-line-0",
        "an act of line 0 that lists lines, entered on one of them",
        "FR-6 LI-2 EN-10",
        10,
        AnyLayout(
            False, True, 1, 1, None, None, of_act(s_said, s_signed, 7, (BodyForm.INLINE, 7, cbor.encode(cut)))
        ),
        s_signed,
        7,
        **{**officer, "order_wire": c.ORDER_WIRE, "commitment_key_0": c.KEYS[c.ORDER_WIRE]},
        body=cbor.encode(cut),
    )
    put(
        "sign-of-life",
        "somebody has the watch",
        "FR-7 FR-8 FR-14",
        11,
        f.SignOfLife(True, 5, 6, 7),
        watch=True,
        our_size=5,
        their_size=6,
        echo=7,
    )
    frontier = f.Frontier(5, c.seed("ours"), 6, c.seed("theirs"), 3, ((6, 2), (300, 1)), (9,))
    put(
        "frontier",
        "two holes and one wanted",
        "FR-7 FR-9",
        12,
        frontier,
        our_size=5,
        our_root=frontier.our_root,
        their_size=6,
        their_root=frontier.their_root,
        floor=3,
        holes=[[6, 2], [300, 1]],
        wanted=[9],
        more=False,
    )
    many = f.Frontier(5, c.seed("ours"), 6, c.seed("theirs"), 3, tuple((7 + 9 * i, 1) for i in range(60)))
    put(
        "frontier-not-all-fitted",
        "as many holes as fit, and more",
        "FR-9",
        13,
        many,
        our_size=5,
        our_root=frontier.our_root,
        their_size=6,
        their_root=frontier.their_root,
        floor=3,
        holes=[[7 + 9 * i, 1] for i in range(17)],
        wanted=[],
        more=True,
    )
    put(
        "call-ring",
        "a call to a scheduled contact",
        "FR-7 FR-10 FR-14",
        14,
        f.Call(f.CallSign.RING, 1_795_262_400, 1),
        sign=1,
        slot=1_795_262_400,
        by=1,
    )
    put(
        "sign-of-life-of-the-former-epoch",
        "nobody is told of the watch, and the echo is of the receiver's former epoch",
        "FR-8",
        15,
        f.SignOfLife(None, 5, 6, 7, True),
        watch=None,
        our_size=5,
        their_size=6,
        echo=7,
        former=True,
    )
    put(
        "prekeys-wanted",
        "eight keys of a batch, from the third",
        "FR-18",
        16,
        f.PrekeysWanted(3, 2, 8),
        batch=3,
        first=2,
        count=8,
    )
    key = f.Prekey(
        3, 2, b"".join(c.seed(f"prekey {i}") for i in range(38)), (c.seed("left"), c.seed("right"))
    )
    put(
        "prekey",
        "the third key of a batch of three or four, with its path",
        "FR-17",
        17,
        key,
        batch=3,
        index=2,
        key=key.key,
        path=key.path,
    )
    make_any(said, signed, text)
    make_bad_heads(said, signed, text)
    make_bad_any(said, signed, text)
    make_bad_loose()


def make_any(said: Act, signed: Signed, text: tuple[BodyForm, int, bytes]) -> None:
    """What the form *any* may carry beside an act of an unknown author; and two bounds."""
    body = cbor.encode(c.message(ENGLISH))
    put(
        "any-with-a-commitment-that-is-skipped",
        "flag 16 and 32 bytes that mean nothing",
        "FR-6",
        21,
        AnyLayout(False, False, 1, 1, None, c.seed("no commitment"), of_act(said, signed, 4, text)),
        signed,
        4,
        **OFFICER,
        body=body,
    )
    theirs, by_them = c.act(ActKind.MESSAGE, c.message(ENGLISH), party=1)
    put(
        "any-of-the-receivers-own-log",
        "a message of party 1, which the receiver wrote and lacks",
        "FR-6",
        22,
        AnyLayout(True, False, 1, 1, None, None, of_act(theirs, by_them, 4, text)),
        by_them,
        4,
        public_key=c.public(f"officer {c.SIDES[1]}1"),
        body=body,
    )
    cut: Body = (None, 1_795_262_000, "en", "By order.")
    safe, from_safe = c.act(ActKind.SEVER, cut, seen=Seen(0, 0), number=1000)
    array = (BodyForm.INLINE, 7, cbor.encode(cut))
    put(
        "any-from-a-safe",
        "an act that has seen nothing: incarnation seen 0",
        "FR-6 EN-15",
        23,
        AnyLayout(False, False, 1, 0, None, None, of_act(safe, from_safe, 4, array)),
        from_safe,
        4,
        **OFFICER,
        body=cbor.encode(cut),
    )
    stated, by_node = c.statement(NodeKind.HEAD, (), own=OWN, theirs=THEIRS)
    put(
        "any-of-a-statement",
        "the explicit form of a HEAD, with both roots",
        "FR-6 FR-13",
        24,
        AnyLayout(False, False, 1, 1, None, None, of_node(stated, by_node, NONE, own=True, theirs=True)),
        by_node,
        1,
        public_key=c.CARDS[0].node_key,
        body=cbor.encode(()),
    )
    open_ended = f.Frontier(5, c.seed("ours"), 6, c.seed("theirs"), 3, ((6, 2), (9, 2**32 - 10)))
    put(
        "frontier-with-a-hole-to-the-end",
        "the last hole lies above all that is held: first and length together 2^32 - 1",
        "FR-9 EX-2",
        25,
        open_ended,
        our_size=5,
        our_root=open_ended.our_root,
        their_size=6,
        their_root=open_ended.their_root,
        floor=3,
        holes=[[6, 2], [9, 2**32 - 10]],
        wanted=[],
        more=False,
    )
    put(
        "prekeys-wanted-sixty-four",
        "as many keys as one frame may ask for",
        "FR-18",
        26,
        f.PrekeysWanted(3, 0, 64),
        batch=3,
        first=0,
        count=64,
    )


def bad(name: str, cites: str, plain: bytes, frame: bytes | None = None, **fields: object) -> None:
    """A frame with one defect; all else in it is as it should be."""
    whole = sealed(plain, 20) if frame is None else frame
    known = {} if "public_key" in fields else OFFICER
    c.write(
        "frame", f"bad-{name}", name.replace("-", " "), cites, "refused",
        **KEYS, **known, **fields, counter=20, frame=whole,
    )  # fmt: skip


def make_bad_heads(said: Act, signed: Signed, text: tuple[BodyForm, int, bytes]) -> None:
    layout = of_act(said, signed, 4, text)
    good = f.encode_plain(layout)
    head = int.from_bytes(good[:2], "big")

    def with_head(value: int) -> bytes:
        return value.to_bytes(2, "big") + good[2:]

    def with_body(form: BodyForm, codec: int, body: bytes, of: tuple[Act, Signed] = (said, signed)) -> bytes:
        return f.encode_plain(of_act(*of, 4, (form, codec, body)))

    whole = sealed(good, 20)
    other = f.encode_clear(f.Clear(c.seed("another tag")[:4], 20))
    bad("suite-2", "FR-1 CV-2", good, b"\x02" + whole[1:])
    bad("counter-changed", "FR-1 SU-3", good, whole[:8] + b"\x15" + whole[9:])
    bad("too-short", "FR-1", good, whole[:26])
    bad("tag-unknown", "FR-1", good, other + suite.seal(suite.frame_key(TREE.leaf(20)), other, good))
    bad("act-with-a-root-bit", "FR-2", with_head(head | 1 << 5))
    bad("act-with-the-other-root-bit", "FR-2", with_head(head | 1 << 4))
    bad("body-in-fragments", "FR-2", with_head(head | 3 << 2))
    bad("inline-body-empty", "FR-11", with_body(BodyForm.INLINE, 0, b""))
    bad("withheld-33-bytes", "FR-11", with_body(BodyForm.WITHHELD, 0, bytes(33)))
    bad("withheld-with-a-codec", "FR-11", with_body(BodyForm.WITHHELD, 7, said.commitment))
    empty = c.act(60, ())
    bad("no-body-with-a-codec", "FR-11", with_body(BodyForm.NONE, 7, b"", empty))
    bad("no-body-and-a-byte", "FR-11", with_body(BodyForm.NONE, 0, b"\x80", empty))
    bad("without-a-signature", "FR-3", good[: 2 + 18 + 1 + 63])
    changed = bytes((layout.signature[0] ^ 1,)) + layout.signature[1:]
    bad("signature-changed", "FR-12", f.encode_plain(replace(layout, signature=changed)))
    bad("time-changed", "FR-12", f.encode_plain(replace(layout, time=layout.time + 1)))
    bad("author-not-known", "FR-12", good, author_known=False)
    stated, by_node = c.statement(NodeKind.HEAD, (), own=OWN, theirs=THEIRS)
    roots = {"own_root": c.seed("another root"), "their_root": stated.their_root}
    bad("node-over-another-own-root", "FR-5 FR-12", f.encode_plain(of_node(stated, by_node, NONE)),
        public_key=c.CARDS[0].node_key, **roots)  # fmt: skip


def make_bad_any(said: Act, signed: Signed, text: tuple[BodyForm, int, bytes]) -> None:
    layout, node = of_act(said, signed, 4, text), {"public_key": c.CARDS[0].node_key}

    def of(
        inner: ActLayout | NodeLayout,
        *,
        line_0: bool = False,
        incarnation: int = 1,
        key: bytes | None = None,
    ) -> bytes:
        return f.encode_plain(AnyLayout(False, line_0, incarnation, 1, key, None, inner))

    plain = of(layout)
    bad("any-flag-unknown", "FR-6", plain[:2] + b"\x20" + plain[3:])
    stated = c.statement(NodeKind.HEAD, (), own=OWN, theirs=THEIRS)
    explicit = of_node(*stated, NONE, own=True, theirs=True)
    bad("any-statement-with-a-key", "FR-6", of(explicit, key=c.CARDS[0].node_key), **node)
    of_0 = c.statement(NodeKind.HEAD, (), own=OWN, theirs=THEIRS, line=c.ORDER_WIRE)
    bad("any-statement-of-line-0", "FR-6", of(of_node(*of_0, NONE, own=True, theirs=True), line_0=True),
        **node, order_wire=c.ORDER_WIRE, commitment_key_0=c.KEYS[c.ORDER_WIRE])  # fmt: skip
    of_2 = c.statement(NodeKind.HEAD, (), own=OWN, theirs=THEIRS, incarnation=2)
    bad("any-of-an-incarnation-not-known", "FR-12",
        of(of_node(*of_2, NONE, own=True, theirs=True), incarnation=2), **node)  # fmt: skip
    bad("any-with-a-key-of-small-order", "FR-12 SU-2",
        of(replace(layout, signature=c.FITS_ANYTHING), key=c.UNFIT_KEY), author_known=False)  # fmt: skip
    as_root = c.act(ActKind.MESSAGE, c.message(ENGLISH), author=0, signer=f"officer {c.SIDES[0]}1")
    bad("any-of-the-root-under-an-attached-key", "FR-12",
        of(of_act(*as_root, 4, text), key=OFFICER["public_key"]), public_key=c.CARDS[0].root_key)  # fmt: skip


def make_bad_loose() -> None:
    life = f.encode_plain(f.SignOfLife(True, 5, 6, 7))
    wanted = f.encode_plain(f.PrekeysWanted(3, 2, 8))
    prekey = f.encode_plain(f.Prekey(3, 2, bytes(1216), (bytes(32),)))
    call = f.encode_plain(f.Call(f.CallSign.RING, 1_795_262_400, 1))
    bare = f.encode_plain(f.Frontier(0, bytes(32), 0, bytes(32), 0))

    def with_bits(bits: int) -> bytes:
        return (int.from_bytes(life[:2], "big") | bits).to_bytes(2, "big") + life[2:]

    bad("sign-of-life-with-an-unknown-flag", "FR-8", life[:2] + b"\x08" + life[3:])
    bad("sign-of-life-with-two-watches", "FR-8", life[:2] + b"\x03" + life[3:])
    bad("sign-of-life-with-bytes-left", "FR-8 CV-1", life + b"\x00")
    bad("prekeys-wanted-none", "FR-18", wanted[:-1] + b"\x00")
    bad("prekeys-wanted-sixty-five", "FR-18", wanted[:-1] + b"\x41")
    bad("prekey-with-half-a-step", "FR-17", prekey[:-1])
    bad("prekey-with-seven-steps", "FR-17", prekey + bytes(6 * 32))
    bad("loose-with-precedence", "FR-7", with_bits(3 << 8))
    bad("loose-with-a-root-bit", "FR-7", with_bits(1 << 5))
    bad("loose-with-a-body-form", "FR-7", with_bits(1 << 2))
    bad("loose-with-a-clock-quality", "FR-7", with_bits(3))
    bad("loose-kind-unknown", "FR-7 CV-2", (60 << 10 | 3 << 6).to_bytes(2, "big"))
    bad("loose-kind-reserved", "FR-7 CV-2", (5 << 10 | 3 << 6).to_bytes(2, "big"))
    bad("call-sign-0", "FR-10", call[:2] + b"\x00" + call[3:])
    bad("call-sign-4", "FR-10", call[:2] + b"\x04" + call[3:])
    bad("call-by-author-65535", "FR-10", call[:-2] + b"\xff\xff")
    bad("call-with-bytes-left", "FR-10 CV-1", call + b"\x00")
    bad("frontier-with-an-unknown-flag", "FR-9", bare[:2] + b"\x02" + bare[3:])
    for name, tail in (
        ("varint-not-shortest", b"\x01\x80\x00\x01\x00"),
        ("varint-beyond-u32", b"\x00\x01\xff\xff\xff\xff\x10"),
        ("varint-of-six-bytes", b"\x00\x01\x80\x80\x80\x80\x80\x01"),
        ("hole-of-nothing", b"\x01\x06\x00\x00"),
        ("hole-beyond-the-end", b"\x01\x01\xff\xff\xff\xff\x0f\x00"),
        ("second-hole-beyond-the-end", b"\x02\x06\x02\xf0\xff\xff\xff\x0f\x08\x00"),
        ("hole-not-told", b"\x02\x06\x01\x00"),
        ("wanted-not-told", b"\x00\x01"),
        ("bytes-left", b"\x00\x00\x00"),
    ):
        bad(f"frontier-{name}", "FR-9", bare[:-2] + tail)


assert ClockQuality.DISCIPLINED == 3 and Precedence.FLASH == 3

if __name__ == "__main__":
    main()
