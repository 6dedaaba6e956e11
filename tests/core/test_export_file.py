"""The export file: what it proves, and that no change of it goes unseen (spec 13)."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from parley.core import accord, export, record, suite
from parley.core.errors import RemoteError
from parley.core.export import Opened
from parley.core.line import Prefix, RestoreTerms, encode_restore
from parley.core.types import (
    POWERS_ALL,
    Act,
    ActKind,
    Body,
    Card,
    Entry,
    NodeKind,
    Precedence,
    Seen,
    Signed,
    Stamp,
    Statement,
    Subject,
)
from parley.core.wire import cbor
from parley.core.wire import entry as wire


def key(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(suite.sha256(name.encode()))


def public(name: str) -> bytes:
    return key(name).public_key().public_bytes_raw()


def sign(name: str, payload: bytes) -> Signed:
    kid = suite.key_id(public(name))
    return Signed(kid, payload, key(name).sign(wire.to_be_signed(kid, payload)))


def card(side: str) -> Card:
    nonce = suite.sha256(side.encode())[:16]
    return Card(f"Party {side}", public(f"root {side}"), 1, public(f"node {side}"), bytes(1216), nonce)


SIDES = sorted("ab", key=lambda side: suite.sha256(wire.encode_card(card(side))))
CARDS = [wire.encode_card(card(side)) for side in SIDES]
TRANSCRIPT = suite.transcript_hash(CARDS)
ACCORD = accord.Accord("Hotline", bytes(16), quorum_restore=1)
LINE = suite.line_id(TRANSCRIPT, "Hotline", bytes(16))
ORDER_WIRE = suite.line_id(TRANSCRIPT, "", bytes(16))
PINS = [suite.key_id(public(f"root {side}")).hex() for side in SIDES]


class File:
    """Entries one after the other, each log with its tree."""

    def __init__(self) -> None:
        self.trees = [record.Tree(), record.Tree()]
        self.items: list[bytes] = []

    def act(self, party: int, kind: int, body: Body, *, withheld: bool = False, line: bytes = LINE) -> bytes:
        number = self.trees[party].size
        salts = tuple(suite.salt(bytes(32), party, 1, number, i) for i in range(len(body)))
        committed = record.commitment(kind, body, lambda i: salts[i])
        said = Act(line, party, kind, Precedence.ROUTINE, 1, number, Stamp(5), Seen(1, 0), committed)
        opened = Opened(None, ()) if withheld else Opened(wire.encode_body(body), salts)
        signed = sign(f"officer {SIDES[party]}", wire.encode_act(said))
        return self._item(party, signed, opened)

    def statement(self, party: int, kind: int, body: Body = ()) -> bytes:
        own, theirs = self.trees[party], self.trees[1 - party]
        salts = tuple(suite.node_salt(bytes(32), party, 1, own.size, i) for i in range(len(body)))
        committed = record.commitment(kind, body, lambda i: salts[i])
        head = (own.root, 1, theirs.size, theirs.root, committed)
        said = Statement(LINE, party, kind, Precedence.ROUTINE, 1, own.size, Stamp(6), *head)
        signed = sign(f"node {SIDES[party]}", wire.encode_statement(said))
        return self._item(party, signed, Opened(wire.encode_body(body), salts))

    def _item(self, party: int, signed: Signed, opened: Opened) -> bytes:
        data = wire.encode_entry(Entry(1, self.trees[party].size, signed))
        self.trees[party] = self.trees[party].extended(record.leaf_hash(data))
        self.items.append(export.item(data, opened))
        return self.items[-1]

    def whole(self, *, roster_line: bytes = ORDER_WIRE, roster_signer: str = "root") -> bytes:
        rosters = []
        for party, side in enumerate(SIDES):
            body: Body = ((1, public(f"officer {side}"), "watch", 3, int(POWERS_ALL)),)
            salts = (suite.salt(bytes(32), party, 0, 0, 0),)
            committed = record.commitment(ActKind.ROSTER, body, lambda i, s=salts: s[i])  # type: ignore[misc]
            routine = Precedence.ROUTINE
            said = Act(roster_line, party, ActKind.ROSTER, routine, 0, 0, Stamp(1), Seen(0, 0), committed)
            signed = sign(f"{roster_signer} {side}", wire.encode_act(said))
            rosters.append((wire.encode_signed(signed, tagged=True), Opened(wire.encode_body(body), salts)))
        cards = [
            wire.encode_signed(sign(f"root {s}", c), tagged=True) for s, c in zip(SIDES, CARDS, strict=True)
        ]
        terms = [accord.encode_terms(ACCORD)]
        head = export.head((cards[0], cards[1]), "Hotline", bytes(16), terms, rosters)
        sizes, roots = [t.size for t in self.trees], [t.root for t in self.trees]
        return head + b"".join(self.items) + export.end((sizes[0], sizes[1]), (roots[0], roots[1]))


def message(text: str) -> Body:
    return ("en", None, None, None, None, None, None, text)


def example() -> File:
    file = File()
    for party in (0, 1):
        file.statement(party, NodeKind.ADOPT, (suite.sha256(accord.encode_terms(ACCORD)),))
    file.act(0, ActKind.MESSAGE, message("One."))
    file.statement(1, NodeKind.RECEIPT)
    file.act(1, ActKind.MESSAGE, message("Withheld."), withheld=True)
    file.act(1, ActKind.SEVER, ((LINE,), 5, "en", "By order."), line=ORDER_WIRE)
    file.statement(0, NodeKind.RECEIPT)
    return file


def test_a_whole_file_is_verified_and_pinned_by_both_fingerprints() -> None:
    """XP-1 to XP-8."""
    data = example().whole()
    verdict = export.verify(data, PINS)
    assert verdict.pinned and verdict.sizes == (3, 4) and verdict.line == LINE
    assert (verdict.acts, verdict.statements, verdict.withheld) == (3, 4, 1)
    assert verdict.declared == f"severed by Party {SIDES[1]}"
    assert not export.verify(data).pinned and not export.verify(data, PINS[:1]).pinned
    with pytest.raises(RemoteError):
        export.verify(data, [bytes(32).hex()])


def test_no_flipped_bit_goes_unseen() -> None:
    """XP-1, XP-4, XP-5, XP-6, XP-7. The pairing key and other filler of a card are under its signature too."""
    data = example().whole()
    for at in range(0, len(data), 37):
        changed = data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]
        with pytest.raises(RemoteError):
            export.verify(changed)
            pytest.fail(f"byte {at} of {len(data)}")


def test_a_file_cut_short_or_lengthened_anywhere_is_refused() -> None:
    """XP-1."""
    data = example().whole()
    for bad in (*(data[:at] for at in range(0, len(data), 211)), data + b"\x00", data + data, b""):
        with pytest.raises(RemoteError):
            export.verify(bad)


def test_an_entry_left_out_doubled_or_moved_within_its_log_is_refused() -> None:
    """XP-4, XP-7."""
    for change in ("left out", "doubled"):
        for at in range(7):
            file = example()
            file.items[at : at + 1] = [] if change == "left out" else [file.items[at]] * 2
            with pytest.raises(RemoteError):
                export.verify(file.whole())


def test_a_roster_of_another_pair_or_not_signed_by_the_root_is_refused() -> None:
    """XP-3."""
    with pytest.raises(RemoteError):
        export.verify(example().whole(roster_line=LINE))
    with pytest.raises(RemoteError):
        export.verify(example().whole(roster_signer="node"))


def test_an_act_of_line_0_other_than_a_sever_is_a_finding() -> None:
    """XP-4."""
    file = File()
    file.act(0, ActKind.MESSAGE, message("On line 0."), line=ORDER_WIRE)
    (finding,) = export.verify(file.whole()).findings
    assert "an act of the order wire that has no effect here" in finding


def test_cards_in_the_wrong_order_or_twice_are_refused() -> None:
    """XP-2."""
    data = example().whole()
    at = len(export.MAGIC)
    (label, cards, *rest), end = cbor.decode_first(data, at)  # type: ignore[misc]
    for bad in ((cards[1], cards[0]), (cards[0], cards[0])):  # type: ignore[index]
        changed = export.MAGIC + cbor.encode((label, bad, *rest)) + data[end:]
        with pytest.raises(RemoteError):
            export.verify(changed)


def test_what_a_file_says_does_not_hang_on_the_order_in_which_it_has_the_two_logs() -> None:
    """XP-6, XP-9: an exporter cannot turn an open line into one never opened."""
    prefix = Prefix(1, 0, record.EMPTY_ROOT)
    terms = encode_restore(RestoreTerms(((), ()), (prefix, prefix), "", 0, None))
    file, name = File(), (suite.sha256(accord.encode_terms(ACCORD)),)
    logs: tuple[list[bytes], list[bytes]] = ([], [])
    for party in (0, 1):
        logs[party].append(file.statement(party, NodeKind.ADOPT, name))
    logs[0].append(file.act(0, ActKind.OFFER, (int(Subject.RESTORE), terms)))
    logs[1].append(file.statement(1, NodeKind.RECEIPT))
    logs[1].append(file.act(1, ActKind.AGREE, (suite.sha256(terms),)))
    logs[0].append(file.statement(0, NodeKind.RECEIPT))
    verdicts = set()
    for items in (file.items, logs[0] + logs[1], logs[1] + logs[0]):
        file.items = items
        verdicts.add(export.verify(file.whole()))
    assert {verdict.declared for verdict in verdicts} == {"open"} and len(verdicts) == 1


def test_a_statement_of_more_than_the_file_has_of_the_other_log_is_refused() -> None:
    """XP-6."""
    file = example()
    kept = [file.items[i] for i in (1, 4, 3)]
    with pytest.raises(RemoteError):
        file.items = kept
        export.verify(file.whole())


def doubled(file: File, party: int) -> None:
    """The last act of a log again, at its next place, as anybody who has the file could put it there."""
    data, body, salts = cbor.array(cbor.decode(file.items[-1]), 3, "item")
    opened = Opened(cbor.octets(body), tuple(cbor.octets(s) for s in cbor.items(salts)))
    file._item(party, wire.decode_entry(cbor.octets(data)).signed, opened)


def test_an_act_doubled_above_the_last_statement_is_refused_and_below_it_a_finding() -> None:
    """XP-10."""
    file = example()
    file.act(1, ActKind.MESSAGE, message("Once."))
    assert export.verify(file.whole()).findings == ()
    doubled(file, 1)
    with pytest.raises(export.Refused, match="the same act again"):
        export.verify(file.whole())
    file.statement(1, NodeKind.RECEIPT)
    verdict = export.verify(file.whole())
    assert len(verdict.findings) == 1 and "the same act again" in verdict.findings[0]
    assert verdict.signed[1] == verdict.sizes[1]


def test_a_withheld_sever_leaves_the_state_of_the_line_untold() -> None:
    """XP-10: taking a text out of a file opens no line."""
    for withheld, word in ((False, "severed by"), (True, "cannot be told")):
        file = File()
        file.act(0, ActKind.SEVER, (None, 5, "en", "By order."), withheld=withheld)
        assert export.verify(file.whole()).declared.startswith(word)


def test_what_a_faulty_node_signs_does_not_make_the_rest_worthless() -> None:
    """XP-10: an adoption of nothing agreed, and an acknowledgement of what is not there."""
    file = example()
    file.statement(0, NodeKind.ADOPT, (bytes(32),))
    file.statement(0, NodeKind.ADOPT, (bytes(32), bytes(32)))
    findings = export.verify(file.whole()).findings
    assert [("adopts an accord" in f, "without its schema" in f) for f in findings] == [
        (True, False),
        (False, True),
        (True, False),
    ]
    file.trees[1], before = file.trees[1].extended(bytes(32)), file.trees[1]
    file.statement(0, NodeKind.HEAD)
    file.trees[1] = before
    (*_, last) = export.verify(file.whole()).findings
    assert "acknowledges entries that are not in this file" in last


def test_terms_that_differ_from_those_adopted_are_refused() -> None:
    """XP-10: an adoption of other terms is a finding beside an adopted accord, never in its place."""
    data = example().whole()
    terms = accord.encode_terms(ACCORD)
    changed = accord.encode_terms(accord.Accord("Hotline", bytes(16), quorum_restore=2))
    assert len(changed) == len(terms)
    with pytest.raises(export.Refused, match="no node adopted"):
        export.verify(data.replace(terms, changed))
