"""What officers do through the forms happens at both ends, and what they may not do loses nothing typed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from asgi_client import Answer, get, post
from pair_of_ends import SECRET, End, Ends, accord, paired
from test_pages import Page, read

TEXT = "산불이 났습니다.\n헬기 두 대가 뜹니다."


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[Ends]:
    found = paired(tmp_path)
    yield found
    found.close()


def signed(by: str, **fields: str) -> dict[str, str]:
    return {"by": by, "passphrase": SECRET, **fields}


def did(answer: Answer) -> str:
    """The page the act led to."""
    assert answer.status == 303, Page(answer).words
    return answer.headers["location"]


def not_done(answer: Answer, *words: str) -> Page:
    assert answer.status == 422
    page = Page(answer)
    for word in words:
        assert word in page.words, page.words
    assert SECRET not in answer.text
    return page


def line_id(end: End, name: str = "Liaison") -> str:
    return end.line(name).id


def compose(end: End, **fields: str) -> str:
    """A draft through the form; gives its ref."""
    given = {"line": line_id(end), "precedence": "FLASH", "reason": "fire at the line", "language": "ko",
             "title": "산불", "text": TEXT, "by": "duty", "page": "board", "about": ""}  # fmt: skip
    to = did(post(end.console, "/act/compose", {**given, **fields}))
    assert to.endswith("?done=composed")
    return unquote(to.removeprefix("/message/").partition("?")[0])


def release(end: End, ref: str, **fields: str) -> Answer:
    given = signed("chief", about=ref, page="message", counterpart="South", precedence="FLASH")
    return post(end.console, "/act/release", {**given, **fields})


def test_a_message_is_drafted_released_read_acknowledged_and_its_ladder_says_so(ends: Ends) -> None:
    draft = compose(ends.north)
    page = read(ends.north.console, "/message/" + quote(draft))
    assert "RELEASE FLASH TO SOUTH" in page.words and "산불이 났습니다." in page.words
    assert "산불" in read(ends.north.console, "/").words

    sent = unquote(did(release(ends.north, draft)).removeprefix("/message/").partition("?")[0])
    ends.wait(5)
    assert "signed by the node of South" in read(ends.north.console, "/message/" + quote(sent)).words
    theirs = ends.south.desk.needs_us()[0].ref
    words = read(ends.south.console, "/message/" + quote(theirs)).words
    assert "헬기 두 대가 뜹니다." in words and "A FLASH is read back" in words

    did(
        post(
            ends.south.console,
            "/act/acknowledge",
            signed("duty", about=theirs, page="message", grade="READ_BACK", read_back="헬기 2"),
        )
    )
    ends.wait(5)
    words = read(ends.north.console, "/message/" + quote(sent)).words
    assert "Duty officer, read back: 헬기 2" in words
    assert not ends.north.desk.waiting_on_them()

    answer = compose(
        ends.south, answers=theirs, text="알았습니다.", precedence="ROUTINE", reason="", title=""
    )
    did(release(ends.south, answer, counterpart="North", precedence="ROUTINE"))
    ends.wait(5)
    words = read(ends.north.console, "/message/" + quote(sent)).words
    assert "a message of South refers to it" in words


def test_a_release_needs_a_second_person_the_name_and_the_precedence(ends: Ends) -> None:
    draft = compose(ends.north)
    not_done(release(ends.north, draft, by="duty"), "second person")
    page = not_done(release(ends.north, draft, counterpart="Sauth"), "was not retyped as it stands", "South")
    assert "RELEASE FLASH TO SOUTH" in page.words
    not_done(release(ends.north, draft, precedence="ROUTINE"), "which is FLASH")
    not_done(release(ends.north, draft, precedence=""), "The precedence is missing")
    not_done(release(ends.north, draft, precedence="flash"), "not one of those offered")
    not_done(release(ends.north, draft, passphrase="wrong"))
    assert len(ends.north.desk.drafts()) == 1
    did(release(ends.north, draft, counterpart="  south "))
    not_done(release(ends.north, draft))


def test_what_was_typed_is_kept_and_the_passphrase_never_is(ends: Ends) -> None:
    kept = {"line": line_id(ends.north), "text": TEXT + "\n</textarea><b>", "title": 'a "title"', "by": "nobody",
            "precedence": "IMMEDIATE", "language": "en", "in_whose_name": "<x>", "reply_by": "yesterday",
            "passphrase": SECRET}  # fmt: skip
    answer = post(ends.north.console, "/act/compose", kept)
    page = not_done(answer, "Reply by is not a time this page can read", "271015Z JUL 21")
    assert "</textarea><b>" in page.words and "&lt;/textarea&gt;" in answer.text
    assert 'value="a &#34;title&#34;"' in answer.text and 'value="nobody"' in answer.text
    assert 'value="IMMEDIATE" checked' in answer.text and 'value="&lt;x&gt;"' in answer.text
    not_done(post(ends.north.console, "/act/compose", {**kept, "reply_by": ""}), "nobody")
    not_done(
        post(ends.north.console, "/act/compose", {**kept, "reply_by": "", "precedence": "FLASH"}),
        "A FLASH needs its reason",
    )
    not_done(
        post(ends.north.console, "/act/compose", {**kept, "line": "gone"}), "There is no line of that name."
    )
    long = {**kept, "by": "duty", "reply_by": "", "text": "가" * 6000}
    assert "가" * 6000 in not_done(post(ends.north.console, "/act/compose", long)).words
    assert not ends.north.desk.drafts()


def test_drafts_are_withdrawn_and_entered_messages_cancelled(ends: Ends) -> None:
    draft = compose(ends.north)
    form = signed("chief", about=draft, page="message")
    not_done(post(ends.north.console, "/act/withdraw", {**form, "passphrase": "wrong"}))
    assert did(post(ends.north.console, "/act/withdraw", form)) == "/?done=withdrawn"
    assert "WITHDRAWN" in read(ends.north.console, "/message/" + quote(draft)).words
    assert not ends.north.desk.drafts()

    sent = unquote(did(release(ends.north, compose(ends.north))).removeprefix("/message/").partition("?")[0])
    ends.wait(5)
    form = signed("chief", about=sent, page="message", reason="overtaken")
    not_done(post(ends.north.console, "/act/withdraw", form))
    not_done(post(ends.north.console, "/act/cancel", {**form, "reason": " "}), "The reason is missing")
    did(post(ends.north.console, "/act/cancel", form))
    ends.wait(5)
    assert "CANCELLED" in read(ends.north.console, "/message/" + quote(sent)).words
    theirs = sent.replace(":ours:", ":theirs:")
    assert "CANCELLED" in read(ends.south.console, "/message/" + quote(theirs)).words


def test_a_line_is_cut_and_restored_through_the_forms(ends: Ends) -> None:
    north, south = ends.north, ends.south
    cut = signed(
        "duty",
        about=line_id(north),
        line=line_id(north),
        page="board",
        grounds="전단 살포",
        retyped="Liaison",
    )
    page = not_done(
        post(north.console, "/act/sever", {**cut, "retyped": "Leaders"}), "was not retyped as it stands"
    )
    assert "전단 살포" in page.words
    assert did(post(north.console, "/act/sever", cut)) == "/?done=severed"
    ends.wait(5)
    assert "SEVERED BY US" in read(north.console, "/").words
    assert (
        "전단 살포" in read(south.console, "/").words
        and "SEVERED BY THEM" in read(south.console, "/line/Liaison").words
    )

    offer = signed("duty", about=line_id(south), line=line_id(south), page="line", opens_at="270100Z JUL 21",
                   opening_contact="2021-07-27 01:05", reserved="전단")  # fmt: skip
    not_done(
        post(south.console, "/act/offer", {**offer, "opens_at": "soon"}),
        "not a time this page can read",
        "전단",
    )
    assert did(post(south.console, "/act/offer", offer)) == "/line/Liaison?done=offered"
    ends.wait(5)
    ref = next(t.ref for t in north.desk.terms("Liaison") if t.state == "offered")
    words = read(north.console, "/").words
    assert "AGREE TO OPEN Liaison AT 270100Z JUL 21" in words and "270105Z JUL 21" in words
    for end, by in ((south, "chief"), (north, "duty"), (north, "chief")):
        form = signed(by, about=ref, page="line", line=line_id(end))
        did(post(end.console, "/act/agree", form))
        ends.wait(5)
        not_done(post(end.console, "/act/agree", form))
    ends.clock.run_until(ends.clock.wall() + 900)
    for end in (north, south):
        assert end.line("Liaison").declared == "OPEN"
        assert "since 2021-07-27 01:00Z" in read(end.console, "/").words


def test_terms_are_withdrawn_by_whoever_stands_behind_them(ends: Ends) -> None:
    ends.north.desk.sever("Liaison", "x", "duty", SECRET)
    terms = ends.north.desk.offer_restore("Liaison", int(ends.clock.wall()) + 600, "duty", SECRET)
    form = signed("chief", about=terms.ref, page="board")
    not_done(post(ends.north.console, "/act/withdraw-terms", form), "chief")
    did(post(ends.north.console, "/act/withdraw-terms", {**form, "by": "duty"}))
    ends.wait(5)


def test_all_lines_are_cut_at_once(tmp_path: Path) -> None:
    ends = paired(tmp_path, accord("Liaison", "", 60), accord("Leaders", ""))
    cut = signed("head", about="", page="board", grounds="both offices", retyped="ALL LINES")
    not_done(
        post(ends.north.console, "/act/sever-all", {**cut, "retyped": "all"}), "ALL LINES", "both offices"
    )
    did(post(ends.north.console, "/act/sever-all", cut))
    ends.wait(5)
    assert [x.declared for x in ends.south.desk.lines() if not x.is_order_wire] == ["SEVERED BY THEM"] * 2
    ends.close()


def test_a_line_rings_and_is_answered_and_the_watch_is_taken(ends: Ends) -> None:
    assert did(post(ends.south.console, "/act/take-watch", {"by": "duty"})) == "/?done=watch-taken"
    assert "duty has the watch" in read(ends.south.console, "/").words
    form = {"by": "duty", "about": line_id(ends.north), "line": line_id(ends.north), "page": "line"}
    not_done(post(ends.south.console, "/act/answer", form), "does not ring")
    did(post(ends.north.console, "/act/call", form))
    ends.wait(5)
    assert "ANSWER Liaison" in read(ends.south.console, "/").words
    not_done(post(ends.south.console, "/act/answer", {**form, "by": "stranger"}), "stranger")
    did(post(ends.south.console, "/act/answer", form))
    ends.wait(5)
    assert "RINGING" not in read(ends.south.console, "/").words
    did(post(ends.south.console, "/act/hand-over", {}))
    assert "Nobody" in read(ends.south.console, "/").words


def test_a_read_back_needs_its_words(ends: Ends) -> None:
    did(release(ends.south, compose(ends.south), counterpart="North"))
    ends.wait(5)
    form = signed("duty", about=ends.north.desk.needs_us()[0].ref, page="message", grade="READ_BACK")
    not_done(post(ends.north.console, "/act/acknowledge", form), "A read-back needs its text")
    not_done(post(ends.north.console, "/act/acknowledge", {**form, "grade": "9"}), "not one of those offered")
    for grade in ("SEEN", "WILL_COMPLY", "CANNOT_COMPLY", "STAND_BY", "NOTED"):
        did(post(ends.north.console, "/act/acknowledge", {**form, "grade": grade}))


def test_an_act_that_led_on_leads_to_a_page_that_is_there(ends: Ends) -> None:
    draft = compose(ends.north)
    for target in (
        "/?done=severed",
        "/message/" + quote(draft) + "?done=composed",
        "/line/Liaison?done=called",
    ):
        page = Page(get(ends.north.console, target))
        assert page.words
