"""A long backlog: it is entered as the way has room for it, and what is urgent does not lie behind it."""

from __future__ import annotations

from two_desks import SECRET, Pair

from parley.bearers.memory import Faults
from parley.node.outgoing import FLIGHTS_MAX

BACKLOG = FLIGHTS_MAX + 40


def cut_off_and_said(pair: Pair, count: int) -> None:
    pair.cut_cable()
    pair.wait(1)
    for number in range(count):
        pair.said(pair.north, f"message {number}")


def texts(pair: Pair) -> list[str]:
    """What South has on the line, in the order of North's log."""
    arrived = pair.south.desk.messages("Liaison", 1000)
    return [m.text for m in sorted(arrived, key=lambda m: -1 if m.sequence is None else m.sequence)]


def hear_nothing(pair: Pair) -> None:
    """What South sends is lost from now on."""
    pair.bearers[1].link.b_to_a.faults = Faults(loss=1.0)


def test_a_backlog_longer_than_the_window_arrives_whole_and_in_order(pair: Pair) -> None:
    cut_off_and_said(pair, BACKLOG)
    pair.mend_cable()
    pair.wait(60)
    assert texts(pair) == [f"message {number}" for number in range(BACKLOG)]
    assert pair.north.desk.line("Liaison").waiting == 0


def test_no_more_of_a_backlog_is_entered_than_the_way_has_room_for_and_a_cut_keeps_back_the_rest(
    pair: Pair,
) -> None:
    cut_off_and_said(pair, BACKLOG)
    hear_nothing(pair)
    pair.mend_cable()
    pair.wait(5)
    line = pair.north.desk.line("Liaison")
    assert line.waiting >= BACKLOG - FLIGHTS_MAX and len(texts(pair)) + line.waiting == BACKLOG
    pair.north.desk.sever("Liaison", "test", "duty", SECRET)
    kept = [m for m in pair.north.desk.waiting_on_them() if m.state == "RELEASED"]
    assert len(kept) == line.waiting and all(m.mark == "kept back" for m in kept)


def test_a_flash_does_not_wait_for_the_window(pair: Pair) -> None:
    cut_off_and_said(pair, BACKLOG)
    hear_nothing(pair)
    pair.mend_cable()
    pair.wait(5)
    pair.said(pair.north, "fire on the bridge", "FLASH")
    pair.wait(0.1)
    assert texts(pair)[-1] == "fire on the bridge" and pair.north.desk.line("Liaison").waiting > 0
    pair.bearers[1].link.b_to_a.faults = Faults()
    pair.wait(120)
    assert sorted(texts(pair)) == sorted([f"message {n}" for n in range(BACKLOG)] + ["fire on the bridge"])


def test_after_a_restart_an_urgent_entry_is_sent_before_the_window_reaches_it(pair: Pair) -> None:
    hear_nothing(pair)
    for number in range(FLIGHTS_MAX):
        pair.said(pair.north, f"message {number}")
    pair.said(pair.north, "fire on the bridge", "FLASH")
    room = next(r for r in pair.north.node.rooms() if r.name == "Liaison")
    last = room.line.our_log.size - 1
    pair.start_again(pair.north)
    room = next(r for r in pair.north.node.rooms() if r.name == "Liaison")
    pair.north.node._refill(room)
    assert last in room.flights and max(s for s in room.flights if s != last) < last
    assert room.early == {last}
