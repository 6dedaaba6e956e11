"""An offer that would stand for nothing is refused before it is signed (LI-16)."""

from __future__ import annotations

from pathlib import Path

import pytest
from two_desks import SECRET, START, Pair

from parley.core import line as lines
from parley.core.errors import LocalError
from parley.core.types import ActKind, Subject


def meeting(pair: Pair, place: str) -> None:
    pair.south.desk.appointments.offer(
        "Liaison", "duty", SECRET, occasion="meeting", at=START + 10**6, place=place
    )


def test_an_offer_beyond_ours_is_refused_unsigned_and_the_line_is_opened_again_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(lines.OFFERS_MAX_OF, int(Subject.APPOINTMENT), 3)
    pair = Pair(tmp_path)
    south, north = pair.south.desk, pair.north.desk
    for number in range(2):
        meeting(pair, f"room {number}")
    pair.wait(5)
    pair.cut_cable()
    pair.wait(400)
    meeting(pair, "waits")  # what is released and waits is counted too
    (room,) = (room for room in pair.south.node.rooms() if room.name == "Liaison")
    assert [w.kind for w in pair.south.node.store.waiting(room.id)] == [ActKind.OFFER]
    next_number = pair.south.node.store.next_number(room.id, 1)
    with pytest.raises(LocalError, match="we have offered 3 terms of this kind") as refused:
        meeting(pair, "one too many")
    assert "new line" in refused.value.hint
    assert pair.south.node.store.next_number(room.id, 1) == next_number + 1, "it was signed"
    pair.mend_cable()
    pair.wait(120)
    assert {view.place for view in north.appointments.list()} == {"room 0", "room 1", "waits"}
    south.sever("Liaison", "grounds", "chief", SECRET)
    pair.wait(5)
    terms = south.offer_restore("Liaison", int(pair.clock.wall()), "duty", SECRET)
    pair.wait(5)
    north.agree(terms.ref, "duty", SECRET)
    pair.wait(5)
    assert north.line("Liaison").declared == south.line("Liaison").declared == "OPEN"
    pair.close()
