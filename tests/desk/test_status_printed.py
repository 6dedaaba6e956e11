"""`parley status` prints every alarm and warning, with who has the watch and since when."""

from __future__ import annotations

import pytest
from two_desks import Pair, theirs

from parley.cli import show
from parley.desk.ask import ask
from parley.store import Fault


def printed(pair: Pair, capsys: pytest.CaptureFixture[str]) -> str:
    show.status(ask(pair.south.desk, "status"), ask(pair.south.desk, "alarms"))
    return capsys.readouterr().out


def test_alarms_and_warnings_are_printed_by_their_level(
    pair: Pair, capsys: pytest.CaptureFixture[str]
) -> None:
    calm = printed(pair, capsys)
    assert "ALARM" not in calm and "WARNING" not in calm and "watch: nobody\n" in calm
    ref = theirs(pair.said(pair.north, "fire", "FLASH"))
    pair.wait(5)
    pair.cut_cable()
    pair.south.desk.take_watch("duty")
    pair.wait(60)
    words = printed(pair, capsys)
    assert "watch: duty since 2021-07-27 00:" in words
    assert f"ALARM    a FLASH on Liaison is not acknowledged: {ref}\n" in words
    assert "WARNING  North: every line is DOWN\n" in words


def test_words_of_theirs_in_an_alarm_cannot_act_on_the_terminal(
    pair: Pair, capsys: pytest.CaptureFixture[str]
) -> None:
    room = next(room for room in pair.south.node.rooms() if not room.is_order_wire)
    with pair.south.node.store.turn():
        pair.south.node.store.add_fault(Fault(room.id, "a\x1b[2J\u202ebc", b"evidence", 7))
    words = printed(pair, capsys)
    assert "<U+001B>" in words and "<U+202E>" in words and "\x1b" not in words and "\u202e" not in words
