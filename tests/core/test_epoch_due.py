"""When our direction of a line should have a new epoch, as tables (spec 14.3)."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from parley.core import line as lines
from parley.core.accord import Accord
from parley.core.line import CADENCE, Cadence, Line, Log, OurEpoch
from parley.core.record import Held
from parley.core.types import (
    POWERS_ALL,
    Act,
    ActKind,
    Body,
    NodeKind,
    Officer,
    Precedence,
    Seen,
    Stamp,
    Statement,
)

LINE = hashlib.sha256(b"line").digest()
OFFICER = Officer(1, hashlib.sha256(b"key").digest(), "watch", Precedence.FLASH, POWERS_ALL)
SHORT = Cadence(after_s=1000, after_entries=50, apart_s=100)
EPOCH: Body = (1, 0, 0, bytes(1168), 0)
NEVER, AT_ONCE = None, 0


def line(epoch: OurEpoch, covered: int = 0, ours: int = 0) -> Line:
    """A line whose direction of ours is so far, and their node has signed for so much of our log."""
    made = lines.new_line(LINE, ours, Accord("hotline", bytes(16)))
    logs = (Log(), Log(stated=covered)) if ours == 0 else (Log(stated=covered), Log())
    return replace(made, logs=logs, epoch=epoch)


def test_the_usual_cadence_is_a_week_or_ten_thousand_entries_and_an_hour_between() -> None:
    assert Cadence(7 * 24 * 3600, 10_000, 3600) == CADENCE == Cadence()


BEFORE_THE_FIRST = [
    # entries, content, cut, due below a thousand seconds, due from then on
    (0, False, False, False, False),
    (49, False, False, False, False),
    (50, False, False, False, False),  # receipts alone age nothing
    (1, True, False, False, True),
    (49, True, False, False, True),
    (50, True, False, True, True),
    (51, True, False, True, True),
    (1, False, True, True, True),  # a cut is enough
    (1, True, True, True, True),
]


@pytest.mark.parametrize(("entries", "content", "cut", "young", "old"), BEFORE_THE_FIRST)
def test_the_first_epoch_is_due_after_a_cut_or_with_content_and_age(
    entries: int, content: bool, cut: bool, young: bool, old: bool
) -> None:
    told = line(OurEpoch(None, 5000, entries, content, cut))
    for now, due in ((5000, young), (5099, young), (5999, young), (6000, old), (9000, old)):
        assert lines.epoch_due(told, now, SHORT) is due
        assert lines.epoch_due(told, now, SHORT, asked=True) is True


@pytest.mark.parametrize("ours", [0, 1])
def test_an_epoch_that_their_node_has_not_signed_for_is_the_only_one(ours: int) -> None:
    """EP-7: whatever calls for the next, and whoever asks."""
    pressing = OurEpoch(7, 5000, 10**6, content=True, cut=True)
    for covered, due in ((0, False), (6, False), (7, False), (8, True), (9, True)):
        told = line(pressing, covered, ours)
        assert lines.epoch_due(told, 9000, SHORT) is due
        assert lines.epoch_due(told, 9000, SHORT, asked=True) is due
        assert (lines.epoch_due_at(told, SHORT) is not None) is due
    first = line(OurEpoch(0, 5000, 60, content=True), 0, ours)
    assert lines.epoch_due(first, 9000, SHORT) is False
    assert lines.epoch_due(line(OurEpoch(0, 5000, 60, content=True), 1, ours), 9000, SHORT) is True


def test_two_epochs_lie_apart_by_our_clock_unless_it_went_back() -> None:
    """14.3: never twice in an hour; one clock of ours, put back, does not stretch the hour."""
    cut = line(OurEpoch(7, 5000, cut=True), 8)
    for now, due in (
        (5000, False),
        (5001, False),
        (5099, False),
        (5100, True),
        (9000, True),
        (4999, True),
        (0, True),
    ):
        assert lines.epoch_due(cut, now, SHORT) is due
        assert lines.epoch_due(cut, now, SHORT, asked=True) is due


def test_a_clock_set_back_since_makes_content_old() -> None:
    """14.3: a clock that was a year ahead does not keep a line from healing for a year."""
    for now, due in ((5000, False), (5999, False), (6000, True), (4999, True), (0, True)):
        assert lines.epoch_due(line(OurEpoch(None, 5000, 1, content=True)), now, SHORT) is due
        assert lines.epoch_due(line(OurEpoch(None, 5000, 1, content=False)), now, SHORT) is False


def test_an_epoch_without_a_time_or_before_any_entry_is_not_aged() -> None:
    untouched = line(OurEpoch())
    assert lines.epoch_due(untouched, 10**9, SHORT) is False
    assert lines.epoch_due(untouched, 10**9, SHORT, asked=True) is True
    assert lines.epoch_due(line(OurEpoch(None, None, 0, content=True)), 10**9, SHORT) is False
    assert lines.epoch_due(line(OurEpoch(3, None, 50, content=True), 4), 0, SHORT) is True


DUE_AT = [
    (OurEpoch(), NEVER),
    (OurEpoch(None, 5000), NEVER),
    (OurEpoch(None, 5000, 49), NEVER),
    (OurEpoch(None, 5000, 1, content=True), 6000),
    (OurEpoch(None, 5000, 49, content=True), 6000),
    (OurEpoch(None, 5000, 50, content=True), 5100),
    (OurEpoch(None, 5000, 51, content=True), 5100),
    (OurEpoch(None, 5000, 1, cut=True), 5100),
    (OurEpoch(None, 5000, 1, content=True, cut=True), 5100),
    (OurEpoch(7, 5000, 1, content=True), 6000),
    (OurEpoch(7, 5000, 0, cut=True), 5100),
    (OurEpoch(7, 5000), NEVER),
    (OurEpoch(8, 5000, 60, content=True, cut=True), NEVER),  # their node has signed for 8, not for it
    (OurEpoch(9, 5000, 60, content=True, cut=True), NEVER),
    (OurEpoch(7, None, 60, content=True, cut=True), NEVER),
]


@pytest.mark.parametrize(("epoch", "at"), DUE_AT)
def test_when_it_may_next_be_due_by_the_passing_of_time_is_told(epoch: OurEpoch, at: int | None) -> None:
    told = line(epoch, 8)
    assert lines.epoch_due_at(told, SHORT) == at
    if at is not None:
        assert lines.epoch_due(told, at, SHORT) is True


# --- what is counted ------------------------------------------------------------------------------------------------


class End:
    """Our log on a line, entry by entry."""

    def __init__(self) -> None:
        self.line = lines.new_line(LINE, 0, Accord("hotline", bytes(16)))

    def place(self, party: int, said: Act | Statement, body: Body, at: int) -> None:
        sequence = self.line.logs[party].size
        name = hashlib.sha256(f"{party}/{sequence}".encode()).digest()
        held = Held(said, party, 1, sequence, name, name, body, name, at)
        self.line = lines.placed(lines.heard(self.line, held, OFFICER), held, OFFICER)

    def act(self, kind: int, body: Body, at: int, party: int = 0) -> None:
        number = self.line.logs[party].size
        said = Act(LINE, party, kind, Precedence.FLASH, 1, number, Stamp(0), Seen(1, 0), bytes(32))
        self.place(party, said, body, at)

    def statement(self, kind: int, at: int, body: Body = (), party: int = 0, their_size: int = 0) -> None:
        root, sequence = bytes(32), self.line.logs[party].size
        said = Statement(
            LINE, party, kind, Precedence.ROUTINE, 1, sequence, Stamp(0), root, 1, their_size, root, root
        )
        self.place(party, said, body, at)


MESSAGE: Body = ("en", None, None, None, None, None, None, "Text.")
CUT: Body = (None, 500, "en", "Grounds.")


def test_receipts_heads_and_epochs_are_counted_and_are_no_content() -> None:
    end = End()
    assert end.line.epoch == OurEpoch(None, None, 0, False, False)
    end.statement(NodeKind.RECEIPT, 100)
    end.statement(NodeKind.HEAD, 200)
    assert end.line.epoch == OurEpoch(None, 100, 2, False, False)
    end.statement(NodeKind.ADOPT, 300, (bytes(32),))
    assert end.line.epoch == OurEpoch(None, 100, 3, True, False)
    end.statement(NodeKind.HEAD, 400)
    assert end.line.epoch == OurEpoch(None, 100, 4, True, False)


@pytest.mark.parametrize("kind", [NodeKind.ADOPT, NodeKind.CONTACT, NodeKind.PREKEYS, 9, 63])
def test_every_other_statement_is_content(kind: int) -> None:
    end = End()
    end.statement(kind, 100, (1, 2, 3))
    assert end.line.epoch == OurEpoch(None, 100, 1, True, False)


def test_an_act_is_content_even_where_its_number_is_that_of_a_receipt() -> None:
    for kind in (NodeKind.RECEIPT, NodeKind.HEAD, NodeKind.EPOCH):
        end = End()
        end.act(kind, MESSAGE, 100)
        assert end.line.epoch == OurEpoch(None, 100, 1, True, False)


def test_an_epoch_of_ours_begins_the_count_anew_from_its_own_place_and_time() -> None:
    end = End()
    end.act(ActKind.MESSAGE, MESSAGE, 100)
    end.act(ActKind.SEVER, CUT, 200)
    assert end.line.epoch == OurEpoch(None, 100, 2, True, True)
    end.statement(NodeKind.EPOCH, 300, EPOCH)
    assert end.line.epoch == OurEpoch(2, 300, 0, False, False)
    end.act(ActKind.MESSAGE, MESSAGE, 400)
    assert end.line.epoch == OurEpoch(2, 300, 1, True, False)


def test_nothing_of_their_log_is_counted_but_a_cut() -> None:
    end = End()
    end.act(ActKind.MESSAGE, MESSAGE, 100, party=1)
    end.statement(NodeKind.EPOCH, 200, EPOCH, party=1)
    assert end.line.epoch == OurEpoch()
    end.act(ActKind.SEVER, CUT, 300, party=1)
    assert end.line.epoch == OurEpoch(cut=True)
