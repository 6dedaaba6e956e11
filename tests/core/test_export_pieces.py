"""Checked in pieces, and folded by what bears on the line alone, an export says what it says when every entry goes
through the line (spec 13)."""

from __future__ import annotations

import random
from collections.abc import Generator

import pytest
from test_export_file import ACCORD, LINE, ORDER_WIRE, SIDES, File, example, message, sign

from parley.core import accord, export, record, suite
from parley.core.errors import RemoteError
from parley.core.export import Begun, Check, Opened, Piece, Refused, Verdict
from parley.core.line import BEYOND_MAX, Prefix, RestoreTerms, encode_restore
from parley.core.types import (
    Act,
    ActKind,
    Body,
    NodeKind,
    Precedence,
    Seen,
    Stamp,
    Subject,
)
from parley.core.wire import cbor
from parley.core.wire import entry as wire

ADOPTED = (suite.sha256(accord.encode_terms(ACCORD)),)


def course(seed: int) -> bytes:
    """A file of what two parties might sign in any order, some of it wrong, in an order of its own."""
    chance, file = random.Random(seed), File()
    offered, acts = list[bytes](), [bytes(32)]

    def act(party: int, kind: ActKind, body: Body, **how: object) -> None:
        number = chance.randrange(6) if chance.random() < 0.1 else 100 + len(file.items)
        line = ORDER_WIRE if chance.random() < 0.05 else LINE
        author = 9 if chance.random() < 0.03 else 1
        salts = tuple(suite.salt(bytes(32), party, 1, number, i) for i in range(len(body)))
        committed = record.commitment(kind, body, lambda i: salts[i])
        routine = Precedence.IMMEDIATE
        said = Act(
            line, party, kind, routine, author, number, Stamp(chance.randrange(99)), Seen(1, 0), committed
        )
        opened = Opened(None, ()) if chance.random() < 0.05 else Opened(wire.encode_body(body), salts)
        signed = sign(f"officer {SIDES[party]}", wire.encode_act(said))
        for _ in range(2 if chance.random() < 0.03 else 1):
            file._item(party, signed, opened)
        acts.append(record.act_id(signed.payload))

    for party in (0, 1):
        file.statement(party, NodeKind.ADOPT, ADOPTED)
    for _ in range(chance.randrange(4, 40)):
        party = chance.randrange(2)
        match chance.randrange(12):
            case 0 | 1 | 2:
                act(party, ActKind.MESSAGE, message("Words."))
            case 3:
                prefix = Prefix(1, 0, record.EMPTY_ROOT)
                severs = tuple(sorted({chance.choice(acts)}))
                terms = encode_restore(
                    RestoreTerms((severs, ()), (prefix, prefix), "", chance.randrange(50), None)
                )
                offered.append(terms)
                act(party, ActKind.OFFER, (int(Subject.RESTORE), terms))
            case 4 | 5 if offered:
                act(party, ActKind.AGREE, (suite.sha256(chance.choice(offered)),))
            case 6:
                act(party, ActKind.WITHDRAW, (chance.choice(acts),))
            case 7:
                act(party, ActKind.SEVER, (None, 5, "en", "By order."))
            case 8:
                file.statement(party, NodeKind.ADOPT, ADOPTED if chance.random() < 0.5 else (bytes(32),))
            case _:
                file.statement(party, NodeKind.RECEIPT)
    if chance.random() < 0.9:
        for party in (0, 1):
            file.statement(party, NodeKind.HEAD)
    match chance.randrange(6):
        case 0:
            chance.shuffle(file.items)
        case 1:
            at = chance.randrange(len(file.items))
            file.items.insert(at, file.items[chance.randrange(len(file.items))])
        case 2:
            del file.items[chance.randrange(len(file.items))]
        case 3:
            file.items.sort(key=lambda item: wire.decode_entry(entry_of(item)).sequence)
    return file.whole()


def entry_of(item: bytes) -> bytes:
    return cbor.octets(cbor.array(cbor.decode(item), 3, "item")[0])


def said(data: bytes, checker: export.Checker | None = None) -> Verdict | tuple[str, str]:
    """What verifying says: the verdict, or what is refused and why."""
    try:
        return export.verify(data, (), checker)
    except Refused as e:
        return (e.where, e.why)


def one_by_one(begun: Begun, data: bytes) -> Generator[Piece]:
    """Each item a piece of its own."""
    number, at, check = 0, begun.entries_at, Check(begun, data)
    while True:
        piece = check.piece(number, at, at + 1)
        yield piece
        if piece.refused is not None or piece.end is not None:
            return
        number, at = number + 1, piece.stops


@pytest.mark.parametrize("seed", range(60))
def test_the_fold_says_what_it_says_when_every_entry_goes_through_the_line(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """XP-9, XP-10."""
    data = course(seed)
    usual = said(data)
    assert said(data, one_by_one) == usual
    monkeypatch.setattr(export._Fold, "_bears", lambda self, entry: True)
    assert said(data) == usual


def test_the_courses_are_of_many_kinds() -> None:
    """So that what is compared above is not one thing."""
    verdicts = [said(course(seed)) for seed in range(60)]
    declared = {v.declared for v in verdicts if isinstance(v, Verdict)}
    assert {"open", "not yet opened", f"severed by Party {SIDES[0]}"} <= declared
    assert len({v[1] for v in verdicts if isinstance(v, tuple)}) >= 4
    assert any(v.findings for v in verdicts if isinstance(v, Verdict))


def test_an_entry_beside_a_statement_that_waits_at_its_place_is_refused() -> None:
    """XP-4: whichever of the two came first."""
    file, other = File(), File()
    file.act(1, ActKind.MESSAGE, message("One."))
    file.statement(0, NodeKind.RECEIPT)
    other.act(0, ActKind.MESSAGE, message("At the same place."))
    one, receipt = file.items
    for items in ([receipt, other.items[0], one], [other.items[0], receipt, one]):
        file.items = items
        with pytest.raises(Refused, match="two entries at this place"):
            export.verify(file.whole())


def test_more_beyond_a_hole_than_an_end_keeps_is_refused() -> None:
    """XP-4: the same bound as at an end; what comes after the hole was filled counts no more."""
    file = File()
    for number in range(BEYOND_MAX + 2):
        file.act(0, ActKind.MESSAGE, message(str(number)))
    first, *rest = file.items
    file.items = [*rest[:-1], first, rest[-1]]
    assert export.verify(file.whole()).sizes == (BEYOND_MAX + 2, 0)
    file.items = [*rest, first]
    with pytest.raises(Refused, match="more entries beyond a hole"):
        export.verify(file.whole())


ODD = [
    bytes.fromhex("83"),
    bytes.fromhex("8358"),
    bytes.fromhex("83590001"),
    bytes.fromhex("835801ff80"),
    bytes.fromhex("8340f680"),
    bytes.fromhex("8341ff40"),
    bytes.fromhex("83f6f680"),
    bytes.fromhex("84"),
    bytes.fromhex("8341ff4198"),
    bytes.fromhex("8341ff410081"),
]


@pytest.mark.parametrize("odd", ODD)
def test_what_has_not_the_usual_shape_is_read_by_the_strict_decoder(odd: bytes) -> None:
    """XP-1: and refused where that refuses it."""
    data = example().whole()
    *_, last = cuts = list(export.cuts(data, export._begin(data, ()), 1))
    assert len(cuts) == 8 and last[0] == 7
    for at in (cuts[3][1], last[1]):
        with pytest.raises(Refused, match="item"):
            export.verify(data[:at] + odd)
        with pytest.raises(RemoteError):
            export.verify(data[:at] + odd + data[at:])


@pytest.mark.parametrize("size", [0, 23, 31, 33, 300])
def test_salts_of_any_length_are_read(size: int) -> None:
    """XP-5: 32 bytes is what an end makes; what is committed to is what counts."""
    body = message("Text.")
    salts = tuple(suite.sha256(bytes((i,))).ljust(300)[:size] for i in range(len(body)))
    committed = record.commitment(ActKind.MESSAGE, body, lambda i: salts[i])
    told = Act(LINE, 0, ActKind.MESSAGE, Precedence.ROUTINE, 1, 1, Stamp(5), Seen(1, 0), committed)
    file = File()
    file._item(0, sign(f"officer {SIDES[0]}", wire.encode_act(told)), Opened(wire.encode_body(body), salts))
    file.statement(0, NodeKind.HEAD)
    data = file.whole()
    assert export.verify(data).sizes == (2, 0)


def test_cuts_lie_where_the_items_begin() -> None:
    """XP-1: each item of a file whose lengths are plain; the end is none."""
    data = example().whole()
    begun = export._begin(data, ())
    starts = [begun.entries_at]
    for piece in one_by_one(begun, data):
        starts.append(piece.stops)
    assert [at for _, at in export.cuts(data, begun, 1)] == starts[:-1]
    assert list(export.cuts(data, begun, 3)) == [(0, starts[0]), (3, starts[3]), (6, starts[6])]
    odd = data[: starts[2]] + b"\x00" + data[starts[2] :]
    assert list(export.cuts(odd, begun, 1)) == [(0, starts[0]), (1, starts[1]), (2, starts[2])]
