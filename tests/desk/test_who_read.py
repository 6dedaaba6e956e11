"""The journal says who was shown what first, who signed in, and who failed to, and no stranger can fill it."""

from __future__ import annotations

from two_desks import Pair, theirs

from parley.watch_log import Event, Happened


def events(pair: Pair, what: Happened) -> list[Event]:
    return [event for event in reversed(pair.north.desk.journal(1000)) if event.what == what]


def test_the_first_time_an_officer_is_shown_a_message_is_noted_and_no_other(pair: Pair) -> None:
    ref = theirs(pair.said(pair.south, "text"))
    pair.wait(5)
    desk, at = pair.north.desk, int(pair.clock.wall())
    for by, later in (("duty", 0), ("duty", 60), ("chief", 60), ("duty", 60)):
        pair.wait(later)
        desk.note_read(ref, by)
    assert desk.readers(ref) == (("duty", at), ("chief", at + 120))
    assert [(e.officer, e.detail["ref"]) for e in events(pair, Happened.READ)] == [
        ("duty", ref),
        ("chief", ref),
    ]
    assert pair.north.node.watch_log.broken_at() is None


def test_drafts_and_what_waits_have_readers_too(pair: Pair) -> None:
    desk = pair.north.desk
    draft = desk.begin_draft("Liaison", "duty")
    desk.note_read(draft.ref, "chief")
    assert desk.readers(draft.ref) == (("chief", pair.begun),)
    pair.cut_cable()
    waiting = pair.said(pair.north, "text")
    desk.note_read(waiting, "guest")
    assert desk.message(waiting).state == "RELEASED"
    pair.mend_cable()
    pair.wait(5)
    assert desk.message(waiting).state == "AT THEIR END" and [name for name, _ in desk.readers(waiting)] == [
        "guest"
    ]


def test_readers_are_known_after_a_restart(pair: Pair) -> None:
    ref = theirs(pair.said(pair.south, "text"))
    pair.wait(5)
    pair.north.desk.note_read(ref, "duty")
    known = pair.north.desk.readers(ref)
    pair.start_again(pair.north)
    pair.north.desk.note_read(ref, "duty")
    assert pair.north.desk.readers(ref) == known and len(events(pair, Happened.READ)) == 1


def test_signing_in_and_out_is_noted(pair: Pair) -> None:
    pair.north.desk.note_sign_in("duty")
    pair.north.desk.note_sign_out("duty")
    assert [(e.what.value, e.officer) for e in pair.north.desk.journal(2)] == [
        ("signed out", "duty"), ("signed in", "duty")
    ]  # fmt: skip


def test_failed_sign_ins_are_noted_once_a_minute_and_the_others_counted(pair: Pair) -> None:
    desk = pair.north.desk
    for _ in range(100):
        desk.note_refused_sign_in("duty")
    pair.wait(60)
    desk.note_refused_sign_in("chief\x1b[31m\u202e\n" + "x" * 1000)
    found = events(pair, Happened.REFUSED_SIGN_IN)
    assert [e.detail for e in found] == [{"name": "duty"}, {"name": "chief[31m" + "x" * 55, "more": 99}]
    assert [e.officer for e in found] == ["", ""]
