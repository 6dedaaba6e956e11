"""Announcements in the console: who may do what, what a refused form keeps, hostile text, and silence as silence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from asgi_client import Browser
from pair_of_ends import SECRET, End, Ends, paired
from test_pages import Page, read

from parley.console.shown import group
from parley.core.instruments import announcement
from parley.core.types import ActKind, Power, Precedence
from parley.keys.officers import unlock

POINTS = ("<b>All lines</b> work.", "\u202eesrever", "W" * 200)
HOSTILE = "<script>alert(1)</script>\n\u202eThis line turns itself around\n" + "W" * 300


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ends]:
    found = paired(tmp_path_factory.mktemp("announcements"))
    for end in (found.north, found.south):
        end.add("clerk", Power.ACKNOWLEDGE)
        end.add("guest", Power.NONE)
    yield found
    found.close()


@pytest.fixture
def hour(ends: Ends) -> str:
    """An hour both agreed on, two hours from now."""
    at = int(ends.clock.wall()) + 7200
    north = ends.north.desk.announcements
    ref = north.offer_hour("Liaison", at, "<i>The lines</i>", "duty", SECRET, POINTS).ref
    ends.wait(5)
    ends.south.desk.agree(ref, "duty", SECRET)
    ends.wait(5)
    return ref


def page(end: End, ref: str, by: str = "chief") -> Page:
    return read(end.by(by), f"/announcement/{ref}")


def draft(browser: Browser, ref: str, **fields: str) -> str:
    given = {"about": ref, "page": "announcement", "title": "A title", "text": HOSTILE, "language": "en"}
    return browser.act("draft-announcement", **{**given, "point_0": "yes", **fields}).location


def number_of(end: End, ref: str) -> str:
    return str(end.desk.announcements.one(ref).ours[-1].number)


def test_an_hour_is_offered_and_agreed_by_forms_and_both_pages_say_so(ends: Ends) -> None:
    north, south = ends.north, ends.south
    line = north.line("Liaison").id
    fields = {
        "line": line,
        "page": "announcements",
        "at": "2030-07-27 10:15",
        "subject": "One thing",
        "point_0": "a point",
    }
    answer = north.by("chief").act("offer-hour", **fields)
    ref = answer.location.removeprefix("/announcement/").partition("?")[0]
    assert answer.status == 303 and len(ref) == 16
    refused = north.by("chief").act("offer-hour", **{**fields, "at": "2020-01-01 10:15"})
    assert refused.status == 422 and "One thing" in refused.text and "the hour is past" in Page(refused).words
    ends.wait(5)
    assert "agree-hour" in " ".join(page(south, ref).offered)
    assert not [a for a in page(south, ref, "clerk").offered if "agree-hour" in a]
    assert south.by("clerk").act("agree-hour", about=ref).status == 403
    assert south.by("duty").act("agree-hour", about=ref, page="announcement").status == 303
    ends.wait(5)
    assert (
        "settled" in page(north, ref).words and "One thing" in read(north.by("duty"), "/announcements").words
    )
    assert "nothing from South yet" in page(north, ref).words
    assert "Silence is not agreement" in page(north, ref).words


def test_a_text_is_drafted_released_held_resumed_and_aborted_by_those_who_may(ends: Ends, hour: str) -> None:
    north = ends.north
    at = group(north.desk.announcements.one(hour).at)
    unticked = north.by("duty").act(
        "draft-announcement", about=hour, page="announcement", title="T", text="kept words"
    )
    assert unticked.status == 422 and "kept words" in unticked.text
    assert draft(north.by("duty"), hour).startswith(f"/announcement/{hour}")
    number = number_of(north, hour)
    form = {"about": number, "page": "announcement"}
    assert not [a for a in page(north, hour, "duty").offered if "release-announcement" in a]  # its drafter
    offer = north.desk.announcements.one(hour).ours[-1].offer
    wrong = north.by("chief").act("release-announcement", **form, offer=offer, retyped="010000Z JAN 21")
    assert wrong.status == 422 and "was not retyped" in Page(wrong).words
    assert north.by("chief").act("release-announcement", **form, offer="0" * 16, retyped=at).status == 422
    assert north.by("clerk").act("release-announcement", **form, offer=offer, retyped=at).status == 403
    assert north.by("chief").act("release-announcement", **form, offer=offer, retyped=at).status == 303
    assert north.by("guest").act("hold-announcement", **form).status == 403
    assert [a for a in page(north, hour, "clerk").offered if "hold-announcement" in a]
    assert north.by("clerk").act("hold-announcement", **form, reason="read again").status == 303
    shown = page(north, hour)
    assert "HELD" in shown.words and "read again" in shown.words
    assert "/announcements" in read(north.by("duty"), "/").links
    assert north.by("clerk").act("resume-announcement", **form, retyped=at).status == 403
    assert north.by("chief").act("resume-announcement", **form, retyped=at).status == 303
    assert "WAITS FOR ITS HOUR" in page(north, hour).words
    assert north.by("clerk").act("abort-announcement", **form).status == 422
    assert north.by("chief").act("abort-announcement", **form).status == 303
    assert "ABORTED" in page(north, hour).words


def test_hostile_texts_of_theirs_stay_text_beside_ours(ends: Ends, hour: str) -> None:
    south = ends.south
    draft(south.by("duty"), hour, channel="<img src=x>")
    number = number_of(south, hour)
    south.desk.announcements.release(int(number), "chief", SECRET)
    ends.wait(7205)
    for end in (ends.north, ends.south):
        shown = page(end, hour)
        assert (
            "alert(1)" in shown.words and "script" not in shown.tags - {"script"} and "img" not in shown.tags
        )
        assert "\u202e" not in shown.words and "b" not in shown.tags and "i" not in shown.tags
    assert "left out" in page(ends.north, hour).words
    assert "nothing from North by" in page(south, hour).words
    read(ends.north.by("duty"), "/announcements")
    read(ends.north.by("duty"), "/watch")
    read(ends.north.by("duty"), "/record/Liaison")


def test_a_text_by_an_officer_who_may_not_release_stands_beside_the_silence_of_its_party(  # AN-16
    ends: Ends, hour: str
) -> None:
    north, south = ends.north, ends.south
    room = next(r for r in north.node.rooms() if r.name == "Liaison")
    at = north.desk.announcements.one(hour).at
    (terms,) = [s.hash for s in room.line.standings if s.hash.hex().startswith(hour)]
    body = announcement.body(
        announcement.written(terms, at, "en", "By the clerk", "Words.", points=(0, 1, 2))
    )
    key = unlock(north.home.path, "clerk", SECRET)

    def do() -> None:
        cose, _ = north.node.sign(
            room, ActKind.ANNOUNCEMENT, body, Precedence.IMMEDIATE, key.officer.author, key.signer
        )
        north.node.enter(room, cose, body)

    north.node.turn(do)
    ends.wait(5)
    words = page(south, hour).words
    assert "by an officer without the power to release" in words and "By the clerk" in words
    assert "nothing that counts from North yet" in words and "Silence is not agreement" in words
    assert "spoken of" not in words


@pytest.mark.parametrize("ref", ["0" * 16, "x", "..", "%00", "a" * 5000])
def test_an_announcement_that_is_not_there_is_told_in_a_sentence(ends: Ends, ref: str) -> None:
    assert ends.north.by("duty").get(f"/announcement/{ref}").status == 404


@pytest.mark.parametrize("number", ["", "0", "x", "-1", "99999999999", "²"])
@pytest.mark.parametrize("act", ["hold-announcement", "release-announcement", "abort-announcement"])
def test_a_text_that_is_not_there_is_told_in_a_sentence(ends: Ends, act: str, number: str) -> None:
    answer = ends.north.by("chief").act(act, about=number, page="announcement", retyped="x")
    assert answer.status == 422 and "Traceback" not in answer.text


def test_the_pages_are_for_officers_who_signed_in(ends: Ends, hour: str, tmp_path: Path) -> None:
    stranger = Browser(ends.north.console)
    assert (
        stranger.get(f"/announcement/{hour}").status == 303 and stranger.get("/announcements").status == 303
    )
