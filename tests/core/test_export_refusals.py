"""What of an export file is refused, and what is a finding, part by part (spec 13)."""

from __future__ import annotations

from typing import Any

import pytest
from test_export_file import ACCORD, CARDS, LINE, ORDER_WIRE, SIDES, File, example, message, public, sign

from parley.core import accord, export, record, suite
from parley.core.export import Opened, Refused
from parley.core.line import BEYOND_MAX
from parley.core.types import Act, ActKind, Entry, NodeKind, Precedence, Seen, Signed, Stamp, Value
from parley.core.wire import cbor
from parley.core.wire import entry as wire


def head(**changed: Value) -> bytes:
    """The example with parts of its head changed."""
    data = example().whole()
    parts, end = cbor.decode_first(data, len(export.MAGIC))
    names = ("label", "cards", "name", "nonce", "terms", "rosters")
    known = dict(zip(names, cbor.array(parts, 6, "head"), strict=True))
    return export.MAGIC + cbor.encode(tuple({**known, **changed}.values())) + data[end:]


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("label", "parley/export-head/2"),
        ("terms", ()),
        ("terms", (b"\x80",)),
        ("terms", (accord.encode_terms(accord.Accord("Another", bytes(16))),)),
        ("terms", (accord.encode_terms(accord.Accord("Hotline", b"n" * 16)),)),
        ("terms", accord.encode_terms(ACCORD)),
        ("rosters", ((b"act", b"\x80"),)),
        ("rosters", ((b"act", b"\x80", ()),)),
        ("cards", (b"\xd2\x80", b"\xd2\x80")),
        ("name", 5),
        ("nonce", None),
    ],
)
def test_a_head_with_one_part_wrong_is_refused(part: str, value: Value) -> None:
    """XP-1, XP-2, XP-3."""
    export.verify(head())
    with pytest.raises(Refused):
        export.verify(head(**{part: value}))


def test_a_card_or_roster_without_the_tag_is_refused() -> None:
    """XP-1, EN-5."""
    cards = [wire.encode_signed(sign(f"root {s}", c)) for s, c in zip(SIDES, CARDS, strict=True)]
    with pytest.raises(Refused, match="tagged"):
        export.verify(head(cards=(cards[0], cards[1])))


def test_a_card_signed_by_another_key_than_it_names_is_refused() -> None:
    """XP-2."""
    for name in ("node", "root"):
        signer = SIDES[1] if name == "root" else SIDES[0]
        wrong = wire.encode_signed(sign(f"{name} {signer}", CARDS[0]), tagged=True)
        good = wire.encode_signed(sign(f"root {SIDES[1]}", CARDS[1]), tagged=True)
        with pytest.raises(Refused, match="card 0"):
            export.verify(head(cards=(wrong, good)))
    kid = suite.key_id(public(f"root {SIDES[0]}"))
    forged = wire.encode_signed(Signed(kid, CARDS[0], bytes(64)), tagged=True)
    with pytest.raises(Refused, match="signature"):
        export.verify(head(cards=(forged, good)))


def act(party: int, number: int, text: str, **changed: Any) -> tuple[Signed, Opened]:
    """An act with its salts, signed by its officer, or with something of it changed."""
    body = message(text)
    salts = tuple(suite.salt(bytes(32), party, 1, number, i) for i in range(len(body)))
    committed = record.commitment(ActKind.MESSAGE, body, lambda i: salts[i])
    fields = {"line": LINE, "author": 1, "signer": f"officer {SIDES[party]}", **changed}
    said = Act(
        fields["line"],
        party,
        ActKind.MESSAGE,
        Precedence.ROUTINE,
        fields["author"],
        number,
        Stamp(5),
        Seen(1, 0),
        committed,
    )
    return sign(fields["signer"], wire.encode_act(said)), Opened(wire.encode_body(body), salts)


def test_an_act_of_another_line_or_incarnation_is_refused() -> None:
    """XP-4."""
    file = example()
    file._item(0, *act(0, 99, "Elsewhere.", line=bytes(32)))
    with pytest.raises(Refused, match="another line"):
        export.verify(file.whole())
    file = example()
    signed, opened = act(0, 99, "Later.")
    file.items.append(export.item(wire.encode_entry(Entry(2, file.trees[0].size, signed)), opened))
    with pytest.raises(Refused, match="incarnation"):
        export.verify(file.whole())


def test_two_entries_at_one_place_are_refused() -> None:
    """XP-4, XP-7."""
    file = example()
    signed, opened = act(0, 99, "Instead.")
    file.items.append(export.item(wire.encode_entry(Entry(1, 0, signed)), opened))
    with pytest.raises(Refused, match="two entries at this place"):
        export.verify(file.whole())


def test_a_text_without_its_salts_or_with_others_is_refused() -> None:
    """XP-5."""
    for change in ("fewer", "more", "others"):
        file = example()
        signed, opened = act(0, 99, "Text.")
        salts = {
            "fewer": opened.salts[:-1],
            "more": (*opened.salts, bytes(32)),
            "others": (bytes(32), *opened.salts[1:]),
        }[change]
        file._item(0, signed, Opened(opened.body, salts))
        with pytest.raises(Refused):
            export.verify(file.whole())


def test_salts_beside_a_withheld_body_are_refused() -> None:
    """13.1: null with no salts."""
    file = example()
    signed, opened = act(0, 99, "Withheld.")
    file._item(0, signed, Opened(None, opened.salts))
    with pytest.raises(Refused):
        export.verify(file.whole())


def test_an_author_in_no_roster_is_refused_above_the_last_statement_and_a_finding_below_it() -> None:
    """XP-10: its signature cannot be checked."""
    for changed in ({"author": 9}, {"signer": f"root {SIDES[0]}"}):
        file = example()
        file._item(0, *act(0, 99, "Who?", **changed))
        with pytest.raises(Refused, match="in no roster"):
            export.verify(file.whole())
        file.statement(0, NodeKind.HEAD)
        verdict = export.verify(file.whole())
        assert len(verdict.findings) == 1 and "in no roster with this key" in verdict.findings[0]


def test_the_root_key_speaks_for_author_0_and_nobody_else() -> None:
    """XP-4: signed by it, it is recorded; it has no effect."""
    file = example()
    file._item(0, *act(0, 99, "By the root.", author=0, signer=f"root {SIDES[0]}"))
    assert export.verify(file.whole()).findings == ()
    file = example()
    file._item(0, *act(0, 99, "By an officer.", author=0))
    file.statement(0, NodeKind.HEAD)
    assert len(export.verify(file.whole()).findings) == 1


def test_of_two_acts_under_one_name_the_file_may_have_either_first() -> None:
    """XP-9, XP-10, EN-14: the lower place has effect, whatever the order of the file."""
    file = example()
    file._item(0, *act(0, 99, "Lower."))
    file._item(0, *act(0, 99, "Higher."))
    file.statement(0, NodeKind.HEAD)
    verdicts = []
    for order in ((-3, -2, -1), (-2, -3, -1)):
        moved = File()
        moved.trees, moved.items = file.trees, [*file.items[:-3], *(file.items[i] for i in order)]
        verdicts.append(export.verify(moved.whole()))
    assert verdicts[0].findings and verdicts[0] == verdicts[1]
    assert any("another act has its name" in finding for finding in verdicts[0].findings)


def test_a_file_with_more_beyond_a_hole_than_an_end_keeps_is_refused() -> None:
    """XP-9: it costs no more than that many entries."""
    file = File()
    signed, opened = act(0, 0, "Far.", author=9)  # of no roster: no signature is checked
    items = [export.item(wire.encode_entry(Entry(1, at, signed)), opened) for at in range(1, BEYOND_MAX + 2)]
    file.items = items
    with pytest.raises(Refused, match="beyond a hole"):
        export.verify(file.whole())


def test_nothing_comes_after_the_end_and_the_end_comes() -> None:
    """XP-1, XP-7."""
    data = example().whole()
    with pytest.raises(Refused, match="after the end"):
        export.verify(data + b"\xf6")
    for sizes in ((4, 4), (3, 5)):
        file = example()
        roots = (file.trees[0].root, file.trees[1].root)
        whole = file.whole()
        end = export.end((3, 4), roots)
        assert whole.endswith(end)
        with pytest.raises(Refused, match="sizes and roots"):
            export.verify(whole[: -len(end)] + export.end(sizes, roots))
        with pytest.raises(Refused, match="sizes and roots"):
            export.verify(whole[: -len(end)] + export.end((3, 4), (roots[1], roots[0])))


def test_an_act_of_line_0_says_so_in_a_file_of_another_line() -> None:
    """XP-10."""
    file = example()
    file._item(0, *act(0, 99, "On line 0.", line=ORDER_WIRE))
    (finding,) = export.verify(file.whole()).findings
    assert "no effect here" in finding


def test_a_file_that_is_only_its_first_line_is_refused() -> None:
    """XP-1."""
    with pytest.raises(Refused, match="ends early"):
        export.verify(export.MAGIC)


def test_a_statement_that_signs_another_root_of_its_own_log_is_refused() -> None:
    """XP-6."""
    file = example()
    whole = file.trees[0]
    file.trees[0] = record.Tree(whole.size, (bytes(32), *whole.peaks[1:]))
    file.statement(0, NodeKind.HEAD)
    file.trees[0] = whole.extended(record.leaf_hash(cbor.octets(cbor.items(cbor.decode(file.items[-1]))[0])))
    with pytest.raises(Refused, match="not that of the entries before it"):
        export.verify(file.whole())


def test_a_statement_that_signs_another_root_of_the_other_log_is_refused() -> None:
    """XP-6."""
    file = example()
    whole = file.trees[1]
    file.trees[1] = record.Tree(whole.size, (bytes(32), *whole.peaks[1:]))
    file.statement(0, NodeKind.HEAD)
    file.trees[1] = whole
    with pytest.raises(Refused, match="not that of its entries"):
        export.verify(file.whole())
