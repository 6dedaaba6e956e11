"""What officers do through the forms happens at both ends, and what they may not do loses nothing typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from asgi_client import Answer, Browser
from pair_of_ends import SECRET, End, Ends, accord, console_by, paired
from test_pages import Page, read

from parley.console.sessions import IDLE_LOCK_S
from parley.desk.views import MessageView

TEXT = "산불이 났습니다.\n헬기 두 대가 뜹니다."


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ends]:
    """For what leaves the line open."""
    found = paired(tmp_path_factory.mktemp("acts"))
    yield found
    found.close()


@pytest.fixture
def to_cut(tmp_path: Path) -> Iterator[Ends]:
    """For what does not."""
    found = paired(tmp_path)
    yield found
    found.close()


def refs(messages: tuple[MessageView, ...]) -> set[str]:
    return {message.ref for message in messages}


def at_the_other_end(ref: str) -> str:
    return ref.replace(":ours:", ":theirs:")


def did(browser: Browser, answer: Answer) -> str:
    """The address the act led to; there is a page."""
    assert answer.status == 303, Page(answer).words
    read(browser, answer.location)
    return answer.location


def does(end: End, by: str, act: str, **fields: str) -> str:
    browser = end.by(by)
    return did(browser, browser.act(act, **fields))


def not_done(answer: Answer, *words: str) -> Page:
    """The page that came back, with these words."""
    assert answer.status == 422, answer.status
    page = Page(answer)
    for word in words:
        assert word in page.words, page.words
    assert SECRET not in answer.text
    return page


def line_id(end: End, name: str = "Liaison") -> str:
    return end.line(name).id


def begin(end: End, by: str = "duty", **fields: str) -> str:
    """A draft, begun through the form; gives its ref."""
    given = {"line": line_id(end), "page": "board", **fields}
    return "draft:" + does(end, by, "begin-draft", **given).removeprefix("/draft/")


def written(ref: str, **fields: str) -> dict[str, str]:
    """The form of a draft, filled in."""
    return {"about": ref, "page": "draft", "precedence": "FLASH", "reason": "fire at the line", "language": "ko",
            "title": "산불", "text": TEXT, **fields}  # fmt: skip


def compose(end: End, by: str = "duty", **fields: str) -> str:
    """A draft, begun, checked and offered through the forms; gives its ref."""
    ref = begin(end, by)
    form = written(ref, line=line_id(end), **fields)
    to = does(end, by, "offer-draft", **form)
    assert to == "/draft/" + ref.removeprefix("draft:") + "/check"
    to = does(end, by, "offer-draft", about=ref, page="draft", then="offer")
    assert to == f"/message/{quote(ref, safe=':')}?done=composed"
    return ref


def offer_on_page(browser: Browser, ref: str) -> str:
    """What an officer read, as the release form on its page carries it; empty where there is no such form."""
    found = re.search(r'name="offer" value="([0-9a-f]*)"', browser.get("/message/" + quote(ref)).text)
    return found[1] if found else ""


def release(end: End, ref: str, by: str = "chief", **fields: str) -> Answer:
    """The release form, sent as it stands on the page of the draft."""
    given = {"about": ref, "page": "message", "counterpart": "South", "precedence": "FLASH"}
    given["offer"] = offer_on_page(end.by(by), ref)
    return end.by(by).act("release", **{**given, **fields})


def released(end: End, ref: str, by: str = "chief", **fields: str) -> str:
    """The ref of the message that the draft became."""
    to = did(end.by(by), release(end, ref, by, **fields))
    assert to.endswith("?done=released")
    return unquote(to.removeprefix("/message/").partition("?")[0])


def test_a_message_is_drafted_released_read_acknowledged_and_its_ladder_says_so(ends: Ends) -> None:
    draft = compose(ends.north)
    page = read(ends.north.by("chief"), "/message/" + quote(draft))
    assert "RELEASE FLASH TO SOUTH" in page.words and "산불이 났습니다." in page.words
    assert "산불" in read(ends.north.by("chief"), "/").words

    sent = released(ends.north, draft)
    ends.wait(5)
    assert "signed by the node of South" in read(ends.north.by("chief"), "/message/" + quote(sent)).words
    theirs = at_the_other_end(sent)
    assert theirs in refs(ends.south.desk.needs_us()) and sent in refs(ends.north.desk.waiting_on_them())
    words = read(ends.south.by("duty"), "/message/" + quote(theirs)).words
    assert "헬기 두 대가 뜹니다." in words and "A FLASH is read back" in words

    does(
        ends.south, "duty", "acknowledge", about=theirs, page="message", grade="READ_BACK", read_back="헬기 2"
    )
    ends.wait(5)
    words = read(ends.north.by("chief"), "/message/" + quote(sent)).words
    assert "Duty officer, read back: 헬기 2" in words
    assert sent not in refs(ends.north.desk.waiting_on_them())

    answer = compose(
        ends.south, answers=theirs, text="알았습니다.", precedence="ROUTINE", reason="", title=""
    )
    released(ends.south, answer, counterpart="North", precedence="ROUTINE")
    ends.wait(5)
    words = read(ends.north.by("chief"), "/message/" + quote(sent)).words
    assert "a message of South refers to it" in words


def test_a_release_needs_a_second_person_the_name_and_the_precedence(ends: Ends) -> None:
    draft = compose(ends.north)
    not_done(release(ends.north, draft, by="duty"), "second person")
    page = not_done(release(ends.north, draft, counterpart="Sauth"), "was not retyped as it stands", "South")
    assert "RELEASE FLASH TO SOUTH" in page.words
    not_done(release(ends.north, draft, precedence="ROUTINE"), "which is FLASH")
    not_done(release(ends.north, draft, precedence=""), "The precedence is missing")
    not_done(release(ends.north, draft, precedence="flash"), "not one of those offered")
    assert draft in refs(ends.north.desk.drafts())
    released(ends.north, draft, counterpart="  south ")
    not_done(release(ends.north, draft))


def test_what_was_typed_is_kept_and_the_passphrase_never_is(ends: Ends) -> None:
    ref = begin(ends.north)
    kept = written(ref, text=TEXT + "\n</textarea><b>", title='a "title"', precedence="IMMEDIATE", language="en",
                   in_whose_name="<x>", reply_by="yesterday", then="offer", passphrase=SECRET)  # fmt: skip

    def offered(**fields: str) -> Answer:
        return ends.north.by("duty").act("offer-draft", **{**kept, **fields})

    answer = offered()
    page = not_done(answer, "Reply by is not a time", "271015Z JUL 21")
    assert "</textarea><b>" in page.words and "&lt;/textarea&gt;" in answer.text
    assert 'value="a &#34;title&#34;"' in answer.text and 'value="yesterday"' in answer.text
    assert 'value="IMMEDIATE" checked' in answer.text and 'value="&lt;x&gt;"' in answer.text
    not_done(offered(reply_by="", precedence="FLASH", reason=" "), "a FLASH needs its reason")
    not_done(offered(reply_by="", line="gone"), "gone")
    kept["line"] = line_id(ends.north)
    not_done(offered(reply_by="", text=" \n "), "a message needs a text")
    assert "가" * 6000 in not_done(offered(reply_by="", text="가" * 6000)).words
    assert ref not in refs(ends.north.desk.drafts()) and ref in {d.ref for d in ends.north.desk.drafting()}
    not_done(
        ends.north.by("duty").act("sever", line=line_id(ends.north), about=line_id(ends.north), page="sever",
                                  grounds="전단 살포", retyped="x", passphrase=SECRET),
        "전단 살포",
    )  # fmt: skip


def test_drafts_are_withdrawn_and_entered_messages_cancelled(ends: Ends) -> None:
    draft = compose(ends.north)
    assert does(ends.north, "chief", "withdraw", about=draft, page="message") == "/?done=withdrawn"
    assert "WITHDRAWN" in read(ends.north.by("chief"), "/message/" + quote(draft)).words
    assert draft not in refs(ends.north.desk.drafts())

    sent = released(ends.north, compose(ends.north))
    ends.wait(5)
    chief, form = ends.north.by("chief"), {"about": sent, "page": "message", "reason": "overtaken"}
    not_done(chief.act("withdraw", **form))
    not_done(chief.act("cancel", **{**form, "reason": " "}), "The reason is missing")
    did(chief, chief.act("cancel", **form))
    ends.wait(5)
    assert "CANCELLED" in read(chief, "/message/" + quote(sent)).words
    assert "CANCELLED" in read(ends.south.by("duty"), "/message/" + quote(at_the_other_end(sent))).words


def test_a_line_is_cut_and_restored_through_the_forms(to_cut: Ends) -> None:
    ends = to_cut
    north, south = ends.north, ends.south
    cut = {"about": line_id(north), "line": line_id(north), "page": "sever", "grounds": "전단 살포",
           "retyped": "Liaison"}  # fmt: skip
    page = not_done(
        north.by("duty").act("sever", **{**cut, "retyped": "Leaders"}), "was not retyped as it stands"
    )
    assert "전단 살포" in page.words and "SEVER Liaison" in page.words
    assert does(north, "duty", "sever", **cut) == "/line/Liaison?done=severed"
    ends.wait(5)
    assert "SEVERED BY US" in read(north.by("duty"), "/").words
    assert (
        "전단 살포" in read(south.by("duty"), "/").words
        and "SEVERED BY THEM" in read(south.by("duty"), "/line/Liaison").words
    )

    offer = {"about": line_id(south), "line": line_id(south), "page": "restore", "opens_at": "270100Z JUL 21",
             "opening_contact": "2021-07-27 01:05", "reserved": "전단"}  # fmt: skip
    soon = south.by("duty").act("offer", **{**offer, "opens_at": "soon"})
    not_done(soon, "is not a time that can be read", "전단", "OFFER TO RESTORE Liaison")
    assert does(south, "duty", "offer", **offer) == "/restore/Liaison?done=offered"
    ends.wait(5)
    ref = next(t.ref for t in north.desk.terms("Liaison") if t.state == "offered")
    words = read(north.by("duty"), "/").words
    assert "AGREE TO OPEN Liaison AT 270100Z JUL 21" in words and "270105Z JUL 21" in words
    for end, by in ((south, "chief"), (north, "duty"), (north, "chief")):
        form = {"about": ref, "page": "line", "line": "Liaison"}
        assert does(end, by, "agree", **form) == "/restore/Liaison?done=agreed"
        ends.wait(5)
        not_done(end.by(by).act("agree", **form))
    ends.clock.run_until(ends.clock.wall() + 900)
    for end in (north, south):
        assert end.line("Liaison").declared == "OPEN"
        assert "since 2021-07-27 01:00Z" in read(end.by("duty"), "/").words


def test_terms_are_withdrawn_by_whoever_stands_behind_them(to_cut: Ends) -> None:
    ends = to_cut
    ends.north.desk.sever("Liaison", "x", "duty", SECRET)
    terms = ends.north.desk.offer_restore("Liaison", int(ends.clock.wall()) + 600, "duty", SECRET)
    form = {"about": terms.ref, "page": "board"}
    not_done(ends.north.by("chief").act("withdraw-terms", **form), "chief")
    does(ends.north, "duty", "withdraw-terms", **form)
    ends.wait(5)
    assert not [t for t in ends.north.desk.terms("Liaison") if t.state == "offered" and t.ours]


def test_all_lines_are_cut_at_once(tmp_path: Path) -> None:
    ends = paired(tmp_path, accord("Liaison", "", 60), accord("Leaders", ""))
    cut = {
        "about": "South",
        "pair": "South",
        "page": "sever-all",
        "grounds": "both offices",
        "retyped": "ALL LINES",
    }
    page = not_done(ends.north.by("head").act("sever-all", **{**cut, "retyped": "all"}), "ALL LINES")
    assert "both offices" in page.words
    does(ends.north, "head", "sever-all", **cut)
    ends.wait(5)
    assert [x.declared for x in ends.south.desk.lines() if not x.is_order_wire] == ["SEVERED BY THEM"] * 2
    ends.close()


def test_a_line_rings_and_is_answered_and_the_watch_is_taken(ends: Ends) -> None:
    assert does(ends.south, "duty", "take-watch") == "/?done=watch-taken"
    assert "duty has the watch" in read(ends.south.by("duty"), "/watch").words
    form = {"about": line_id(ends.north), "line": line_id(ends.north), "page": "call"}
    not_done(ends.south.by("duty").act("answer", **form), "does not ring")
    does(ends.north, "duty", "call", **form)
    ends.wait(5)
    assert "ANSWER Liaison" in read(ends.south.by("duty"), "/").words
    does(ends.south, "duty", "answer", **form)
    ends.wait(5)
    assert "RINGING" not in read(ends.south.by("duty"), "/").words
    not_done(ends.south.by("chief").act("hand-over", page="watch", note="<all> quiet"), "duty has the watch")
    does(ends.south, "chief", "take-watch")
    assert ends.south.desk.status().watch == "chief"
    does(ends.south, "chief", "hand-over", page="watch", note="<all> quiet")
    words = read(ends.south.by("duty"), "/watch").words
    assert "Nobody has the watch" in words and "<all> quiet" in words


def test_a_read_back_needs_its_words(ends: Ends) -> None:
    sent = released(ends.south, compose(ends.south), counterpart="North")
    ends.wait(5)
    duty = ends.north.by("duty")
    form = {"about": at_the_other_end(sent), "page": "message", "grade": "READ_BACK"}
    not_done(duty.act("acknowledge", **form), "A read-back needs its text")
    not_done(duty.act("acknowledge", **{**form, "grade": "9"}), "not one of those offered")
    for grade in ("SEEN", "WILL_COMPLY", "CANNOT_COMPLY", "STAND_BY", "NOTED"):
        did(duty, duty.act("acknowledge", **{**form, "grade": grade}))


def test_a_locked_session_signs_only_with_the_passphrase_of_its_officer(to_cut: Ends) -> None:
    ends = to_cut
    seconds = [0.0]
    console = console_by(lambda: seconds[0], ends.north.desk)
    chief = ends.north.anew("chief", console)
    seconds[0] = IDLE_LOCK_S
    form = {"about": line_id(ends.north), "line": line_id(ends.north), "page": "sever", "grounds": "x & y",
            "retyped": "Liaison"}  # fmt: skip
    page = not_done(chief.act("sever", **form), "Your session is locked", "x & y")
    assert any(field.get("name") == "passphrase" for field in page.fields)
    not_done(chief.act("sever", **form, passphrase="wrong"), "x & y")
    assert ends.north.line("Liaison").declared == "OPEN"
    assert "locked" in read(chief, "/").words
    did(chief, chief.act("sever", **form, passphrase=SECRET))
    assert ends.north.line("Liaison").declared == "SEVERED BY US"
    assert "locked" not in read(chief, "/line/Liaison").words
