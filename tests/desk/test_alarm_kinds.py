"""One alarm for each situation, while it is, with a clock of its own; and on the wall nothing but how many."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from two_desks import CONTACT_MINUTE, SECRET, START, End, Pair, theirs

from parley.core.errors import Sentence
from parley.desk.alarms import KINDS
from parley.desk.views import AlarmView
from parley.store import Fault
from parley.watch_log import Happened


def of(end: End, kind: str) -> list[AlarmView]:
    """The alarms of one kind; all of them hold what every alarm holds."""
    found = end.desk.alarms()
    assert len({alarm.key for alarm in found}) == len(found)
    for alarm in found:
        assert (
            alarm.kind in KINDS and alarm.level in ("alarm", "warning") and isinstance(alarm.text, Sentence)
        )
    levels = [alarm.level for alarm in found]
    assert levels == sorted(levels), "an alarm stands below a warning"
    assert end.desk.wall() == (levels.count("alarm"), levels.count("warning"))
    return [alarm for alarm in found if alarm.kind == kind]


def one(end: End, kind: str) -> AlarmView:
    (found,) = of(end, kind)
    return found


def test_two_ends_in_order_raise_nothing(pair: Pair) -> None:
    assert pair.north.desk.alarms() == pair.south.desk.alarms() == ()
    assert pair.north.desk.wall() == (0, 0)


def test_a_flash_of_theirs_alarms_until_it_is_acknowledged_and_is_overdue_in_time(pair: Pair) -> None:
    ref = theirs(pair.said(pair.north, "fire", "FLASH"))
    pair.wait(5)
    alarm = one(pair.south, "flash_unacknowledged")
    assert (alarm.level, alarm.ref, alarm.line) == ("alarm", ref, "Liaison")
    assert alarm.due == pair.south.desk.message(ref).deadline
    pair.wait(600)
    late = one(pair.south, "overdue_acknowledgement")
    assert late.key == alarm.key and late.due is None and not of(pair.south, "flash_unacknowledged")
    pair.south.desk.acknowledge(ref, "seen", "duty", SECRET)
    assert pair.south.desk.alarms() == ()


@pytest.mark.slow
def test_messages_of_theirs_past_their_time_are_one_alarm_of_their_line(pair: Pair) -> None:
    for number in range(3):
        pair.said(pair.north, f"routine {number}")
    pair.wait(6 * 3600 - 60)
    assert pair.south.desk.alarms() == ()
    pair.wait(120)
    alarm = one(pair.south, "overdue_acknowledgement")
    assert alarm.line == "Liaison" and "3 messages" in alarm.text
    for message in pair.south.desk.needs_us():
        pair.south.desk.acknowledge(message.ref, "noted", "duty", SECRET)
    pair.wait(5)
    assert pair.south.desk.alarms() == pair.north.desk.alarms() == ()


def test_ours_at_their_end_and_not_acknowledged_in_time_alarms(pair: Pair) -> None:
    ref = pair.said(pair.north, "fire", "FLASH")
    pair.wait(590)
    assert pair.north.desk.alarms() == ()
    pair.wait(20)
    alarm = one(pair.north, "not_acknowledged")
    assert (alarm.ref, alarm.level) == (ref, "alarm")
    pair.south.desk.acknowledge(theirs(ref), "seen", "duty", SECRET)
    pair.wait(5)
    assert pair.north.desk.alarms() == ()


@pytest.mark.parametrize("precedence", ["FLASH", "IMMEDIATE", "ROUTINE"])
def test_what_does_not_get_through_warns_after_a_minute_and_alarms_after_four(
    pair: Pair, precedence: str
) -> None:
    pair.cut_cable()
    ref = pair.said(pair.north, "fire", precedence)
    released = int(pair.clock.wall())
    within_s = {"FLASH": 600, "IMMEDIATE": 1800, "ROUTINE": 6 * 3600}[precedence]
    assert pair.north.desk.message(ref).delivery_deadline == released + within_s
    pair.wait(59)
    assert not of(pair.north, "not_getting_through")
    pair.wait(1)
    if precedence == "ROUTINE":
        assert not of(pair.north, "not_getting_through")
    else:
        warning = one(pair.north, "not_getting_through")
        assert (warning.level, warning.ref, warning.since, warning.due) == (
            "warning",
            ref,
            released,
            released + 240,
        )
    pair.wait(180)
    alarm = one(pair.north, "not_getting_through")
    assert (alarm.level, alarm.ref, alarm.since) == ("alarm", ref, released)
    pair.mend_cable()
    pair.wait(10)
    assert not of(pair.north, "not_getting_through")
    assert pair.north.desk.message(ref).delivery_deadline is None


def test_what_an_entry_cannot_pass_alarms_too(pair: Pair) -> None:
    pair.north.node.carriers[0].bearer.link.a_to_b.faults = replace(  # type: ignore[attr-defined]
        pair.north.node.carriers[0].bearer.link.a_to_b.faults, loss=1.0  # type: ignore[attr-defined]
    )  # fmt: skip
    ref = pair.said(pair.north, "fire", "FLASH")
    assert pair.north.desk.message(ref).state == "SENDING"
    pair.wait(240)
    assert one(pair.north, "not_getting_through").ref == ref


def test_what_a_cut_keeps_back_is_no_alarm(pair: Pair) -> None:
    pair.cut_cable()
    pair.said(pair.north, "fire", "FLASH")
    pair.north.desk.sever("Liaison", "grounds", "duty", SECRET)
    pair.wait(3600)
    assert not of(pair.north, "not_getting_through") and not of(pair.north, "not_acknowledged")


def test_a_line_that_rings_alarms_until_it_is_answered(pair: Pair) -> None:
    pair.north.desk.call("Liaison", "duty")
    pair.wait(5)
    alarm = one(pair.south, "ringing")
    assert alarm.line == "Liaison" and alarm.due is not None and pair.south.desk.alarms()[0] == alarm
    pair.wait(30)
    assert one(pair.south, "ringing") == alarm
    pair.south.desk.answer("Liaison", "duty")
    assert pair.south.desk.alarms() == ()


def test_a_contact_that_went_unanswered_alarms_on_an_open_line_and_not_on_a_cut_one(tmp_path: Path) -> None:
    pair = Pair(tmp_path, slots=True)
    opens = START - START % 86400 + CONTACT_MINUTE * 60
    pair.clock.run_until(opens + 10)
    pair.north.desk.call("Liaison", "duty")
    pair.wait(700)
    alarm = one(pair.north, "missed_contact")
    assert (alarm.level, alarm.line, alarm.since) == ("alarm", "Liaison", opens + 600)
    pair.north.desk.sever("Liaison", "grounds", "duty", SECRET)
    pair.wait(5)
    assert not of(pair.north, "missed_contact") and not of(pair.south, "missed_contact")
    pair.close()


def test_a_pair_that_is_not_heard_is_one_warning_since_it_was_last_heard(pair: Pair) -> None:
    heard = int(pair.clock.wall())
    pair.cut_cable()
    pair.wait(60)
    warning = one(pair.north, "line_down")
    assert warning.level == "warning" and "South" in warning.text and heard - 11 <= warning.since <= heard + 1
    pair.mend_cable()
    pair.wait(15)
    assert pair.north.desk.alarms() == ()


def test_a_line_that_is_cut_is_not_called_down(pair: Pair) -> None:
    pair.north.desk.sever("Liaison", "grounds", "duty", SECRET)
    pair.wait(5)
    assert pair.north.desk.alarms() == pair.south.desk.alarms() == ()


def test_faults_differences_troubles_and_lines_without_a_secret_are_of_the_end(pair: Pair) -> None:
    node = pair.north.node
    room = next(r for r in node.rooms() if not r.is_order_wire)
    room.difference = True
    with node.store.turn():
        node.store.add_fault(Fault(room.id, "a wrong root", b"evidence", 7))
    node.trouble = "the disk is full"
    node.pairs["South"].unmade[b"x" * 32] = "Leaders"
    found = {alarm.kind: alarm for alarm in pair.north.desk.alarms()}
    assert {kind: alarm.level for kind, alarm in found.items()} == {
        "difference": "alarm", "trouble": "alarm", "fault": "warning", "unpaired": "warning"
    }  # fmt: skip
    assert "a wrong root" in found["fault"].text and found["fault"].since == 7
    assert set(pair.north.desk.status().alarms) == {alarm.text for alarm in found.values()}
    since = found["difference"].since
    pair.wait(60)
    assert one(pair.north, "difference").since == since


def test_a_clock_that_jumped_alarms_until_somebody_takes_the_watch(pair: Pair) -> None:
    pair.north.node.watch_log.note(int(pair.clock.wall()), Happened.ALARM, jumped_s=-3600)
    alarm = one(pair.north, "clock")
    assert "-3600 s" in alarm.text and alarm.due == alarm.since + 86400
    pair.north.desk.take_watch("duty")
    assert pair.north.desk.alarms() == ()


@pytest.mark.slow
def test_a_line_that_comes_back_after_long_is_one_alarm_and_no_flood(pair: Pair) -> None:
    for number in range(12):
        pair.said(pair.north, f"routine {number}")
    pair.wait(5)
    pair.north.desk.sever("Liaison", "grounds", "duty", SECRET)
    pair.wait(8 * 3600)
    assert not of(pair.north, "not_acknowledged")
    pair.open("Liaison")
    pair.wait(5)
    assert [alarm.kind for alarm in pair.south.desk.alarms()] == ["overdue_acknowledgement"]
    assert [alarm.kind for alarm in pair.north.desk.alarms()] == ["not_acknowledged"]
    assert "12 messages" in pair.north.desk.alarms()[0].text


def test_the_next_change_is_told_and_nothing_changes_before(pair: Pair) -> None:
    pair.cut_cable()
    pair.said(pair.north, "fire", "FLASH")
    seen = []
    before = [(a.key, a.kind, a.level) for a in pair.north.desk.alarms()]
    for _ in range(40):
        at = pair.north.desk.next_change_at()
        assert at is not None and at > pair.clock.wall()
        if at > START + 3600:
            break
        pair.clock.run_until(at - 1)
        assert [(a.key, a.kind, a.level) for a in pair.north.desk.alarms()] == before
        pair.clock.run_until(at)
        before = [(a.key, a.kind, a.level) for a in pair.north.desk.alarms()]
        seen += [(kind, level) for _, kind, level in before]
    assert {
        ("not_getting_through", "warning"),
        ("not_getting_through", "alarm"),
        ("line_down", "warning"),
    } <= set(seen)
