"""Announcements of two real ends whose clocks disagree by a minute: each publishes at its own instant, or holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from announcing_ends import HOUR, POINTS, SECRET, START, TEXTS, End, Ends

from parley.core import disclosure
from parley.core.errors import LocalError
from parley.core.instruments import announcement
from parley.core.instruments.announcement import Doubt, Spoken, State
from parley.core.types import ActKind, Body, ClockQuality
from parley.desk.announcements import PRECEDENCE
from parley.keys.officers import unlock
from parley.node import Room
from parley.site import Folder


def also_slow(value: float) -> Any:
    """One more of a kind: for `./run slow`."""
    return pytest.param(value, marks=pytest.mark.slow)


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[Ends]:
    made = Ends(tmp_path)
    yield made
    for end in made.both():
        end.node.announcing.stop()


def at_its_hour(end: End, hour: int = HOUR) -> None:
    assert 0 <= end.site.at(end.title) - hour <= 1.0, end.site.at(end.title) - hour


def test_each_end_publishes_at_its_own_instant_and_never_before(
    ends: Ends,
) -> None:  # AN-4, AN-6, AN-7, AN-14
    ends.agree_on()
    assert ends.north.hour().terms is not None and ends.north.hour().terms.state == "settled"
    for end in ends.both():
        end.released()
    ends.until(HOUR - 60 - 0.001)
    assert not ends.north.site.said and not ends.south.site.said
    assert ends.north.entered() == ends.south.entered() == 0  # nothing of it is in the record
    ends.until(HOUR - 0.001)
    at_its_hour(ends.south)  # whose clock is a minute ahead
    assert not ends.north.site.said and ends.north.entered() == 0
    (theirs,) = ends.north.hour().theirs
    assert theirs.early_s == 60 and theirs.title == TEXTS["South"][1]
    ends.until(HOUR + 5)
    at_its_hour(ends.north)
    rows = [(p.ours, p.theirs) for p in ends.north.hour().points]
    both, ours, theirs_only = rows
    assert both == (Spoken.SPOKEN_OF, Spoken.SPOKEN_OF)
    assert ours == (Spoken.SPOKEN_OF, Spoken.LEFT_OUT) and theirs_only == (Spoken.LEFT_OUT, Spoken.SPOKEN_OF)
    assert "signed by their node" in ends.north.hour().ours[0].on_the_line


def test_the_signed_text_is_disclosed_and_says_whose_it_is(ends: Ends) -> None:  # AN-11
    ref = ends.agree_on()
    for end in ends.both():
        end.released()
    ends.until(HOUR + 5)
    found = {}
    for end in ends.both():
        (published, _), *_ = end.site.said.values()
        read = disclosure.read(published.disclosure, [end.desk.fingerprint()])
        assert read.party == end.party and read.pinned and read.officer.office == f"chief of the {end.party}"
        assert read.announcement.text == TEXTS[end.party][2] and not read.points_told
        found[end.party] = read.announcement.terms
    assert found["North"] == found["South"] and found["North"].hex().startswith(ref)


def test_an_hour_that_is_near_and_has_no_text_of_ours_is_warned_of(ends: Ends) -> None:
    def due(end: End) -> list[tuple[str, int | None]]:
        return [(a.level, a.due) for a in end.desk.alarms() if a.kind == "announcement_due"]

    ref = ends.agree_on()
    ends.until(HOUR - 1800 - 1)
    assert due(ends.north) == [] and ends.north.desk.next_change_at() == HOUR - 1800
    ends.until(HOUR - 1800)
    assert due(ends.north) == [("warning", HOUR)]
    number = ends.north.draft(ref)  # a draft says nothing yet
    assert due(ends.north) == [("warning", HOUR)]
    ends.north.desk.announcements.release(number, "chief", SECRET)
    assert due(ends.north) == [] and due(ends.south) == [("warning", HOUR)]
    ends.north.desk.announcements.abort(number, "chief", SECRET)
    assert due(ends.north) == [("warning", HOUR)]
    ends.until(HOUR)
    assert due(ends.north) == []


def test_a_line_that_is_down_keeps_no_text_from_the_public_and_it_is_sent_later(ends: Ends) -> None:
    ends.agree_on()
    for end in ends.both():
        end.released()
    ends.link.go_down()
    ends.until(HOUR + 600)
    for end in ends.both():
        at_its_hour(end)
        assert end.entered() == 0 and "waits for a bearer" in end.hour().ours[0].on_the_line
        assert not end.hour().theirs and "nothing from" in end.hour().silence
    assert "DOWN" in ends.north.hour().silence
    ends.link.go_up()
    ends.wait(30)
    assert ends.north.entered() == ends.south.entered() == 1
    assert len(ends.north.hour().theirs) == 1 and ends.north.hour().silence == ""


def test_a_text_goes_out_at_the_hour_though_the_line_is_cut_and_is_sent_once_it_is_open(ends: Ends) -> None:
    ends.agree_on()
    number = ends.north.released()
    ends.south.desk.sever("Liaison", "a repair [invented]", "duty", SECRET)
    ends.until(HOUR + 5)
    at_its_hour(ends.north)
    (text,) = ends.north.hour().ours
    assert text.kept_back and ends.north.entered() == 0
    with pytest.raises(LocalError, match="may not leave now"):
        ends.north.desk.announcements.send(number, "chief", SECRET)
    ends.restore()
    assert ends.north.entered() == 0  # it leaves when an officer sends it, and not by itself
    ends.north.desk.announcements.send(number, "chief", SECRET)
    ends.wait(5)
    assert ends.north.entered() == 1 and ends.south.hour().theirs[0].title == ends.north.title
    with pytest.raises(LocalError, match="is not kept back"):
        ends.north.desk.announcements.send(number, "chief", SECRET)


@pytest.mark.parametrize("up_after_s", [0.0, also_slow(0.4), also_slow(20.0), 899.0])
def test_an_end_that_restarts_at_the_instant_publishes_as_soon_as_it_is_up(  # AN-8
    ends: Ends, up_after_s: float
) -> None:
    ends.agree_on()
    ends.north.released()
    ends.until(HOUR - 0.2)
    ends.north.kill()
    ends.until(HOUR + up_after_s)
    assert not ends.north.site.said
    ends.north.start_again()
    ends.wait(1)
    assert ends.north.site.at(ends.north.title) - (HOUR + up_after_s) < 0.01
    ends.wait(10)
    assert ends.north.entered() == 1  # once, however often it is told to


def test_a_crash_at_any_step_of_the_publication_leaves_it_published_once(ends: Ends) -> None:  # AN-8
    ends.agree_on()
    number = ends.north.released()
    ends.north.site.refuses = True
    ends.north.node.announcing._say = lambda: None  # type: ignore[method-assign]  # the power fails after the commit
    ends.until(HOUR + 2)
    assert ends.north.state(number) == State.PUBLISHED and not ends.north.site.said
    ends.north.kill()
    ends.north.site.refuses = False
    for _ in range(3):
        ends.north.start_again()
        ends.wait(5)
        assert ends.north.entered() == 1 and list(ends.north.site.said) == [ends.north.title]
        ends.north.kill()
    ends.north.start_again()


def test_an_end_that_comes_back_too_late_holds_and_an_officer_decides(ends: Ends) -> None:  # AN-9
    ends.agree_on()
    number = ends.north.released()
    ends.until(HOUR - 5)
    ends.north.kill()
    ends.until(HOUR + 901)
    ends.north.start_again()
    ends.wait(30)
    assert not ends.north.site.said and ends.north.state(number) == State.HELD
    assert ends.north.doubt(number) == Doubt.LATE.value
    assert "announcement_held" in {alarm.kind for alarm in ends.north.desk.alarms()}
    ends.north.desk.announcements.resume(number, "duty", SECRET)
    ends.wait(1)
    assert ends.north.title in ends.north.site.said and ends.north.entered() == 1
    assert "announcement_held" not in {alarm.kind for alarm in ends.north.desk.alarms()}


@pytest.mark.parametrize(
    "jump_s", [-3600.0, also_slow(-31.0), 31.0, *map(also_slow, (3600.0, 7200.0, 28800.0))]
)
def test_a_clock_that_jumps_after_the_release_holds_whatever_it_says_then(  # AN-9
    ends: Ends, jump_s: float
) -> None:
    ends.agree_on()
    number = ends.north.released()
    ends.wait(60)
    ends.north.clock.off_s += jump_s
    ends.until(HOUR + 2000)
    assert not ends.north.site.said and ends.north.state(number) == State.HELD
    assert ends.north.doubt(number) == Doubt.JUMPED.value


def test_a_clock_that_jumps_across_the_hour_in_the_last_second_holds(ends: Ends) -> None:  # AN-9
    ends.agree_on()
    number = ends.north.released()
    ends.link.go_down()  # nothing else wakes the end
    ends.until(HOUR - 45)
    ends.north.clock.off_s += 44.5
    ends.wait(60)
    assert ends.north.state(number) == State.HELD and not ends.north.site.said


@pytest.mark.parametrize("step_s", [-29.0, 29.0, also_slow(5.0), also_slow(0.7)])
def test_a_small_correction_of_the_clock_moves_the_instant_with_it(ends: Ends, step_s: float) -> None:
    ends.agree_on()
    ends.north.released()
    ends.link.go_down()
    ends.until(HOUR - 41)
    ends.north.clock.off_s += step_s
    ends.wait(120)
    assert 0 <= ends.north.site.at(ends.north.title) - HOUR <= 1.0


def test_a_clock_that_was_set_before_the_release_holds_nothing(ends: Ends) -> None:
    ends.agree_on()
    for _ in range(2):
        ends.north.clock.off_s += 25
        ends.wait(60)
    ends.north.clock.off_s -= 3600
    ends.north.released()
    ends.until(HOUR + 3600 + 60)
    at_its_hour(ends.north)


def test_small_corrections_that_add_up_hold_too(ends: Ends) -> None:  # AN-9
    ends.agree_on()
    number = ends.north.released()
    for _ in range(3):
        ends.wait(60)
        ends.north.clock.off_s -= 20
    ends.wait(60)
    assert ends.north.state(number) == State.HELD


def test_a_clock_behind_the_journal_at_the_start_holds(ends: Ends) -> None:  # AN-9
    ends.agree_on()
    number = ends.north.released()
    ends.wait(10)
    ends.north.kill()
    ends.north.clock.off_s -= 3600
    ends.north.start_again()
    ends.until(HOUR + 7200)
    assert ends.north.state(number) == State.HELD and ends.north.doubt(number) == Doubt.BEHIND.value
    assert not ends.north.site.said


def test_a_clock_of_which_nothing_is_known_holds_and_publishes_only_when_asked_after_the_hour(
    tmp_path: Path,
) -> None:  # AN-9
    ends = Ends(tmp_path, clock_quality=ClockQuality.UNKNOWN)
    ends.agree_on()
    number = ends.north.released()
    assert ends.north.doubt(number) == Doubt.UNKNOWN.value
    with pytest.raises(LocalError, match="nothing is known"):
        ends.north.desk.announcements.resume(number, "chief", SECRET)
    ends.until(HOUR + 60)
    assert not ends.north.site.said
    ends.north.desk.announcements.resume(number, "chief", SECRET)
    ends.wait(1)
    assert ends.north.title in ends.north.site.said


def test_any_officer_holds_until_the_instant_and_a_resumed_text_still_meets_its_hour(
    ends: Ends,
) -> None:  # AN-10
    ends.agree_on()
    number = ends.north.released()
    ends.until(HOUR - 0.3)
    ends.north.desk.announcements.hold(number, "watch", "the text is being read again")
    ends.wait(0.1)
    with pytest.raises(LocalError, match="may not sign"):
        ends.north.desk.announcements.resume(number, "watch", SECRET)
    ends.north.desk.announcements.resume(number, "duty", SECRET)
    ends.wait(3)
    at_its_hour(ends.north)
    with pytest.raises(LocalError, match="is PUBLISHED"):
        ends.north.desk.announcements.hold(number, "watch")
    with pytest.raises(LocalError, match="is PUBLISHED"):
        ends.north.desk.announcements.abort(number, "duty", SECRET)


def test_a_held_text_stays_held_through_its_hour_and_a_restart(ends: Ends) -> None:  # AN-10
    ends.agree_on()
    number = ends.north.released()
    ends.north.desk.announcements.hold(number, "watch")
    ends.until(HOUR - 1)
    ends.north.kill()
    ends.until(HOUR + 1)
    ends.north.start_again()
    ends.wait(30)
    assert ends.north.state(number) == State.HELD and not ends.north.site.said
    ends.north.desk.announcements.resume(number, "chief", SECRET)  # the hour has passed: now
    assert ends.north.title in ends.north.site.said


def test_an_aborted_text_is_never_published_and_nothing_of_it_is_in_the_record(ends: Ends) -> None:  # AN-10
    ends.agree_on()
    number = ends.north.released()
    ends.until(HOUR - 1)
    ends.north.desk.announcements.abort(number, "chief", SECRET)
    ends.until(HOUR + 3600)
    ends.north.kill()
    ends.north.start_again()
    ends.wait(5)
    assert (
        not ends.north.site.said and ends.north.entered() == 0 and ends.north.state(number) == State.ABORTED
    )
    assert not ends.south.hour().theirs and "nothing from North by" in ends.south.hour().silence


def test_a_text_is_released_by_a_second_person_for_an_hour_both_agreed_on(ends: Ends) -> None:  # AN-3
    terms = ends.north.desk.announcements.offer_hour("Liaison", HOUR, "one thing", "duty", SECRET, POINTS)
    number = ends.north.draft(terms.ref)
    with pytest.raises(LocalError, match="second person"):
        ends.north.desk.announcements.release(number, "duty", SECRET)
    with pytest.raises(LocalError, match="has not agreed"):
        ends.north.desk.announcements.release(number, "chief", SECRET)
    ends.wait(5)
    ends.south.desk.agree(terms.ref, "duty", SECRET)
    ends.wait(5)
    offer = ends.north.hour().ours[0].offer
    ends.north.desk.announcements.edit(number, "duty", "another", "words [invented]", language="ko")
    with pytest.raises(LocalError, match="was changed since you read it"):
        ends.north.desk.announcements.release(number, "chief", SECRET, offer=offer)
    ends.north.desk.announcements.release(number, "chief", SECRET, offer=ends.north.hour().ours[0].offer)
    with pytest.raises(LocalError, match="is not a draft"):
        ends.north.desk.announcements.edit(number, "duty", "a third", "words")
    other = ends.north.draft()
    with pytest.raises(LocalError, match="released for this hour in this language already"):
        ends.north.desk.announcements.release(other, "chief", SECRET)
    with pytest.raises(LocalError, match="the hour has 3 points"):
        ends.north.desk.announcements.draft(terms.ref, "duty", "t", "x", points=(3,))
    ends.until(HOUR + 1)
    with pytest.raises(LocalError, match="the hour is past"):
        ends.south.desk.announcements.release(ends.south.draft(), "chief", SECRET)


def test_a_side_announces_at_an_hour_of_its_own_and_the_other_side_sees_it_beside_nothing(ends: Ends) -> None:
    number = ends.north.desk.announcements.draft(
        "", "duty", "Of our own accord", "A notice. [invented]", language="en", line="Liaison", at=HOUR
    )
    ends.north.desk.announcements.release(number, "chief", SECRET)
    ends.until(HOUR + 5)
    assert ends.north.site.at("Of our own accord") - HOUR <= 1.0
    seen = ends.south.hour()
    assert seen.terms is None and seen.at == HOUR and not seen.ours and seen.theirs[0].points is None
    assert seen.ref == ends.north.hour().ref


def test_a_site_that_cannot_be_written_is_alarmed_and_written_when_it_can(ends: Ends) -> None:  # AN-8
    ends.agree_on()
    ends.north.released()
    ends.north.site.refuses = True
    ends.until(HOUR + 3)
    assert "announcement_trouble" in {alarm.kind for alarm in ends.north.desk.alarms()}
    assert ends.north.entered() == 1  # the record does not wait for the site
    ends.north.site.refuses = False
    ends.wait(6)
    assert ends.north.title in ends.north.site.said
    assert "announcement_trouble" not in {alarm.kind for alarm in ends.north.desk.alarms()}


def test_a_journal_that_cannot_be_written_keeps_the_text_back_until_it_can(ends: Ends) -> None:  # AN-7
    ends.agree_on()
    number = ends.north.released()
    log, keep = ends.north.node.watch_log, ends.north.node.watch_log.keep_announcement

    def full(*_: object, **__: object) -> None:
        raise LocalError("the disk is full")

    log.keep_announcement = full  # type: ignore[method-assign,assignment]
    ends.until(HOUR + 60)
    assert not ends.north.site.said and ends.north.entered() == 0
    log.keep_announcement = keep  # type: ignore[method-assign]
    ends.wait(6)
    assert ends.north.state(number) == State.PUBLISHED and ends.north.title in ends.north.site.said


def asked_while_down(ends: Ends, after_s: float) -> int:
    """A text of North that is past its hour, held, and resumed by a command while the end is down; then it starts."""
    ends.agree_on()
    number = ends.north.released()
    ends.north.desk.announcements.hold(number, "watch")
    ends.until(HOUR + 600)
    ends.north.kill()
    ends.north.open_for_a_command()
    ends.north.desk.announcements.resume(number, "chief", SECRET)
    ends.north.node.crash()
    assert not ends.north.site.said
    ends.until(HOUR + 600 + after_s)
    ends.north.start_again()
    ends.wait(2)
    return number


def test_a_text_that_was_asked_for_while_the_end_was_down_is_judged_anew_when_it_is_up(ends: Ends) -> None:
    number = asked_while_down(ends, 3 * 86400)  # AN-9, AN-10
    assert ends.north.state(number) == State.HELD and ends.north.doubt(number) == Doubt.LATE.value
    assert not ends.north.site.said
    assert "announcement_held" in {alarm.kind for alarm in ends.north.desk.alarms()}
    ends.north.desk.announcements.resume(number, "chief", SECRET)
    assert ends.north.title in ends.north.site.said


def test_a_text_that_was_asked_for_while_the_end_was_down_goes_out_within_the_bound_of_its_hour(
    ends: Ends,
) -> None:  # AN-8
    number = asked_while_down(ends, 200)
    assert ends.north.state(number) == State.PUBLISHED and ends.north.title in ends.north.site.said


def test_what_was_asked_for_and_could_not_go_out_is_not_asked_for_for_ever(ends: Ends) -> None:  # AN-9
    ends.agree_on()
    number = ends.north.released()
    ends.north.desk.announcements.hold(number, "watch")
    ends.until(HOUR + 3600)
    log, keep = ends.north.node.watch_log, ends.north.node.watch_log.keep_announcement

    tries = 0

    def full(at: int, officer: str, step: str, *rest: Any, **also: Any) -> Any:
        nonlocal tries
        if not officer:
            tries += 1
            raise LocalError("the disk is full")
        return keep(at, officer, step, *rest, **also)

    log.keep_announcement = full  # type: ignore[method-assign]
    ends.north.desk.announcements.resume(number, "chief", SECRET)
    ends.wait(901)
    assert not ends.north.site.said
    assert 100 < tries < 200  # every five seconds, and no oftener
    log.keep_announcement = keep  # type: ignore[method-assign]
    ends.wait(10)
    assert ends.north.state(number) == State.HELD and ends.north.doubt(number) == Doubt.LATE.value


def behind_at_the_start(ends: Ends, noted: str) -> int:
    """A text of North that waits, an end that is down, its clock 50 minutes behind, a command, and a start."""
    ends.agree_on()
    number = ends.north.released()
    ends.wait(300)
    ends.north.kill()
    ends.north.clock.off_s -= 3000
    ends.north.open_for_a_command()
    match noted:
        case "a draft":
            ends.north.desk.compose("Liaison", "a draft while the end is down", "duty")
        case "the watch":
            ends.north.desk.take_watch("duty")
        case "a resume":
            ends.north.desk.announcements.hold(number, "watch")
            ends.north.desk.announcements.resume(number, "chief", SECRET)
        case "the resume of another":
            of_another = {"language": "en", "line": "Liaison", "at": HOUR + 60}
            other = ends.north.desk.announcements.draft("", "duty", "Another", "Words.", **of_another)
            ends.north.desk.announcements.release(other, "chief", SECRET)
            ends.north.desk.announcements.hold(other, "watch")
            ends.north.desk.announcements.resume(other, "chief", SECRET)
    ends.north.node.crash()
    ends.north.start_again()
    return number


@pytest.mark.parametrize("noted", ["nothing", "a draft", "the resume of another"])
def test_a_clock_behind_the_journal_holds_whatever_was_noted_by_it_before_the_start(  # AN-9
    ends: Ends, noted: str
) -> None:
    number = behind_at_the_start(ends, noted)
    assert ends.north.state(number) == State.HELD and ends.north.doubt(number) == Doubt.BEHIND.value


@pytest.mark.parametrize("noted", ["the watch", "a resume"])
def test_a_clock_that_an_officer_has_looked_at_is_not_behind_what_was_noted_before(  # AN-9
    ends: Ends, noted: str
) -> None:
    assert ends.north.state(behind_at_the_start(ends, noted)) == State.WAITS


def test_two_texts_of_one_minute_have_a_page_each_and_a_late_one_takes_no_page(
    ends: Ends, tmp_path: Path
) -> None:  # AN-5
    south, hour = ends.south, START + 3600
    south.node.announcing.publish_to(Folder(tmp_path / "site", "South"))
    texts = {"First": hour, "Second": hour + 30, "Third": hour}
    of_line = {"First": "Liaison", "Second": "Liaison", "Third": ends.second_line()}
    number = {}
    for title, at in texts.items():
        number[title] = south.desk.announcements.draft(
            "", "duty", title, f"The text {title}.", language="en", line=of_line[title], at=at
        )
        south.desk.announcements.release(number[title], "chief", SECRET)
    south.desk.announcements.hold(number["First"], "duty")
    ends.until(hour + 100)

    def public() -> dict[str, list[str]]:
        pages = list((tmp_path / "site").glob("2021*.html"))
        return {title: [p.name for p in pages if f"The text {title}." in p.read_text()] for title in texts}

    before = public()
    assert {title: len(names) for title, names in before.items()} == {"First": 0, "Second": 1, "Third": 1}
    south.desk.announcements.resume(number["First"], "chief", SECRET)
    after = public()
    assert {title: len(names) for title, names in after.items()} == {"First": 1, "Second": 1, "Third": 1}
    assert (after["Second"], after["Third"]) == (before["Second"], before["Third"])
    assert len({names[0] for names in after.values()}) == 3


def spoken_by(end: End, officer: str, title: str, *, again: int = 0, under: int | None = None) -> int:
    """An ANNOUNCEMENT for the hour agreed, put into the record beside what the desk allows, as another program could;
    `again` more times, `under` a number used before. Gives its number."""
    room = next(r for r in end.node.rooms() if r.name == "Liaison")
    key, terms = unlock(end.place, officer, SECRET), bytes(room.line.standings[-1].hash)
    for standing in room.line.standings:
        if standing.hash.hex().startswith(end.hour().ref):
            terms = standing.hash
    made = announcement.written(terms, HOUR, "en", title, "All points.", points=(0, 1, 2))

    def do() -> int:
        kept = end.node.store.next_number
        if under is not None:
            end.node.store.next_number = lambda *_: under  # type: ignore[method-assign]
        try:
            cose, number = sign(end, room, announcement.body(made), key)
        finally:
            end.node.store.next_number = kept  # type: ignore[method-assign]
        for _ in range(1 + again):
            end.node.enter(room, cose, announcement.body(made))
        return number

    return end.node.turn(do)


def sign(end: End, room: Room, body: Body, key: Any) -> tuple[bytes, int]:
    return end.node.sign(room, ActKind.ANNOUNCEMENT, body, PRECEDENCE, key.officer.author, key.signer)


def test_an_officer_without_the_power_to_release_does_not_speak_for_them(ends: Ends) -> None:  # AN-13, AN-16
    ends.agree_on()
    spoken_by(ends.south, "watch", "By the watch alone")
    ends.wait(10)
    seen = ends.north.hour()
    assert [(t.title, t.mark) for t in seen.theirs] == [
        ("By the watch alone", "by an officer without the power to release")
    ]
    assert {p.theirs for p in seen.points} == {Spoken.NO_TEXT.value}
    assert "nothing that counts from South yet" in seen.silence
    ends.until(HOUR + 60)
    assert "nothing that counts from South by" in ends.north.hour().silence
    spoken_by(ends.south, "chief", "By the chief")
    ends.wait(10)
    seen = ends.north.hour()
    assert {p.theirs for p in seen.points} == {Spoken.SPOKEN_OF.value} and seen.silence == ""
    assert [t.title for t in seen.theirs if not t.mark] == ["By the chief"]


def test_of_two_texts_under_one_name_only_the_first_counts_and_one_entered_twice_stands_once(
    ends: Ends,
) -> None:  # EN-14, AN-16
    ends.agree_on()
    number = spoken_by(ends.south, "chief", "The first", again=1)
    ends.wait(10)
    assert [(t.title, t.mark) for t in ends.north.hour().theirs] == [("The first", "")]
    spoken_by(ends.south, "chief", "The second", under=number)
    ends.wait(10)
    assert [(t.title, t.mark) for t in ends.north.hour().theirs] == [
        ("The first", ""),
        ("The second", "another act has this name; this one has no effect"),
    ]


@pytest.mark.parametrize("another_waits", [False, True])
def test_a_text_resumed_after_the_clock_was_set_right_stays_resumed(  # AN-9
    ends: Ends, another_waits: bool
) -> None:
    north = ends.north
    of_own = {"language": "en", "line": "Liaison"}
    number, other = (
        north.desk.announcements.draft("", "duty", "T", "x.", at=HOUR + 20_000 + i, **of_own)
        for i in range(2)
    )
    ends.link.go_down()  # nothing else wakes the end
    ends.wait(600)
    north.desk.announcements.release(number, "chief", SECRET)
    north.desk.announcements.hold(number, "duty", "the clock looks wrong")
    if another_waits:
        north.desk.announcements.release(other, "chief", SECRET)
    ends.wait(301)
    north.clock.off_s += 300
    north.desk.announcements.resume(number, "chief", SECRET)
    assert north.state(number) == State.WAITS
    assert not another_waits or north.doubt(other) == Doubt.JUMPED.value
    ends.wait(60)
    assert north.state(number) == State.WAITS


def test_what_is_asked_for_within_a_longer_commit_is_public_only_once_that_is_on_the_disk(
    ends: Ends,
) -> None:  # AN-7
    ends.agree_on()
    number = ends.north.released()
    ends.north.desk.announcements.hold(number, "watch")
    ends.until(HOUR + 60)
    with pytest.raises(LocalError, match="full"), ends.north.desk.together():
        ends.north.desk.announcements.resume(number, "chief", SECRET)
        raise LocalError("the disk is full")
    ends.wait(5)
    assert not ends.north.site.said and ends.north.state(number) == State.HELD
    with ends.north.desk.together():
        ends.north.desk.announcements.resume(number, "chief", SECRET)
        assert not ends.north.site.said
    ends.wait(1)
    assert ends.north.title in ends.north.site.said and ends.north.entered() == 1
