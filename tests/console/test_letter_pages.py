"""The pages of letters and of appointments: what an officer sees and does there (spec 19, 20)."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from asgi_client import Browser
from pair_of_ends import CHEAP, SECRET, START, End, Ends, paired
from test_pages import read

from parley.core.instruments.sealed import Content
from parley.core.types import Tier
from parley.keys import principal as principals

NAMES = {"in_whose_name": "Office of the South", "to_whom": "Office of the North"}
TENDER = {**NAMES, "line": "Liaison", "kind": "personal letter", "precedence": "ROUTINE", "page": "letters"}


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[Ends]:
    found = paired(tmp_path)
    yield found
    found.close()


def sealed(place: Path, words: str) -> bytes:
    """A letter of one principal to another, sealed."""
    made = []
    for name in ("writer", "addressee"):
        principals.make_principal(place / f"{name}.key", f"Office of the {name}", SECRET, CHEAP)
        made.append(principals.unlock_principal(place / f"{name}.key", SECRET))
    content = Content("en", None, None, Tier.EXISTENCE, (words,), None)
    with principals.held_book(made[0], place / "writer.key") as book:
        letter, _ = principals.seal(made[0], book.book, made[1].card, content, START)
    return letter.data


def released(end: End) -> None:
    """The one paper of an end, released by the chief on its page."""
    (paper,) = end.desk.letters.papers()
    answer = end.by("chief").act("release-paper", about=paper.ref, page="letters", line="Liaison")
    assert answer.status == 303 and answer.location.startswith("/letters?done=paper-released")


def letter_path(end: End) -> str:
    (letter,) = end.desk.letters.list()
    return "/letter/" + quote(letter.ref, safe="/:")


def test_a_letter_goes_its_way_by_the_pages_alone(ends: Ends, tmp_path: Path) -> None:
    """LE-1, LE-7, LE-10."""
    ended = ends.south.by("duty").act("tender", **TENDER)
    assert ended.location.startswith("/letters?done=paper-prepared")
    page = read(ends.south.by("duty"), "/letters").words
    assert "personal letter in the name of Office of the South to Office of the North" in page
    assert "another officer releases it" in page
    assert "RELEASE TENDER" in read(ends.south.by("chief"), "/letters").words
    released(ends.south)
    ends.wait(5)
    assert "TENDERED" in read(ends.north.by("duty"), "/letters").words
    theirs = letter_path(ends.north)
    assert "PREPARE THIS ANSWER" in read(ends.north.by("duty"), theirs).words
    ref = ends.north.desk.letters.list()[0].ref
    ends.north.by("duty").act("answer-tender", about=ref, answer="accepted", reason="", page="letter")
    released(ends.north)
    ends.wait(5)
    ours = ends.south.desk.letters.list()[0].ref
    assert "PREPARE THIS LETTER" in read(ends.south.by("duty"), letter_path(ends.south)).words
    data = sealed(tmp_path, "Sealed, and read by nobody here.")
    form = base64.urlsafe_b64encode(data).decode()
    handed = ends.south.by("duty").act("hand-in", about=ours, sealed=form, page="letter", line="Liaison")
    assert handed.location.startswith("/letters?done=paper-prepared"), handed.text
    released(ends.south)
    ends.wait(60)
    page = read(ends.north.by("duty"), theirs).words
    assert "ACKNOWLEDGE: THE SEALED LETTER IS HERE" in page and "Sealed, and read" not in page
    given = ends.north.by("duty").get(theirs.replace("/letter/", "/letter-file/"))
    assert given.status == 200 and given.body == data
    assert "attachment" in dict(given.headers)["content-disposition"]
    ends.north.by("duty").act("receive-letter", about=ref, page="letter")
    ends.wait(5)
    assert "RECEIVED" in read(ends.south.by("duty"), letter_path(ends.south)).words
    for end, about in ((ends.south, ours), (ends.north, ref)):
        end.by("duty").act("tier", about=about, tier="existence", page="letter")
        released(end)
        ends.wait(5)
    assert "existence" in read(ends.south.by("duty"), letter_path(ends.south)).words
    assert ends.south.desk.letters.list()[0].tier == "existence"
    assert "LET GO OF" not in read(ends.south.by("duty"), letter_path(ends.south)).words
    assert "LET GO OF THE SEALED BYTES" in read(ends.north.by("duty"), theirs).words
    act = {"about": ref, "page": "letter"}
    assert ends.north.by("duty").act("forget-letter", **act, retyped="00000000").status == 422
    assert ends.north.desk.letters.get(ref).whole
    ended = ends.north.by("duty").act(
        "forget-letter", **act, retyped=ends.north.desk.letters.get(ref).check[:8]
    )
    assert "?done=letter-forgotten" in ended.location, ended.text
    page = read(ends.north.by("duty"), theirs).words
    assert "let go of" in page and "LET GO OF" not in page
    assert ends.north.by("duty").get(theirs.replace("/letter/", "/letter-file/")).status == 404


def test_a_form_that_is_refused_comes_back_as_it_was_typed(ends: Ends) -> None:
    refused = ends.south.by("duty").act("tender", **{**TENDER, "to_whom": " "})
    assert refused.status == 422 and 'value="Office of the South"' in refused.text
    odd = ends.south.by("duty").act("tender", **{**TENDER, "kind": "postcard"})
    assert odd.status == 422 and "not one of those offered" in odd.text
    not_base64 = ends.south.by("duty").act("hand-in", sealed="é%", page="letters", line="Liaison")
    assert not_base64.status == 422
    nothing = ends.south.by("duty").act("hand-in", sealed="AAAA", page="letters", line="Liaison", **NAMES)
    assert nothing.status == 422
    for act in ("answer-tender", "tier", "take-back", "receive-letter", "forget-letter"):
        found = ends.south.by("chief").act(act, about="Liaison:ours:1/99", page="letter", answer="accepted",
                                           tier="content", reason="x", retyped="x")  # fmt: skip
        assert found.status == 422, (act, found.text)
    assert ends.south.desk.letters.papers() == ()


def test_what_a_cut_keeps_back_is_released_again_or_withdrawn_on_the_page(ends: Ends) -> None:
    for bearer in ends.bearers:
        bearer.link.go_down()
    ends.south.by("duty").act("tender", **TENDER)
    released(ends.south)
    (waits,) = ends.south.desk.letters.papers()
    page = read(ends.south.by("chief"), "/letters").words
    assert "waits for a bearer" in page and "WITHDRAW" in page and "RELEASE AGAIN" not in page
    ends.south.desk.sever("Liaison", "Works on the line.", "chief", SECRET)
    for bearer in ends.bearers:
        bearer.link.go_up()
    ends.wait(60)
    page = read(ends.south.by("chief"), "/letters").words
    assert "kept back by a cut" in page and "RELEASE AGAIN" in page
    assert "another officer releases it" in read(ends.south.by("duty"), "/letters").words
    act = {"about": waits.ref, "page": "letters", "line": "Liaison"}
    refused = ends.south.by("chief").act("release-paper", **act)
    assert refused.status == 422 and "SEVERED BY US" in refused.text
    gone = ends.south.by("chief").act("withdraw-paper", **act)
    assert gone.location.startswith("/letters?done=paper-withdrawn"), gone.text
    assert ends.south.desk.letters.papers() == ()


def test_no_letter_is_given_out_to_whoever_is_not_signed_in(ends: Ends) -> None:
    stranger = Browser(ends.south.console)
    for path in ("/letters", "/letter/Liaison:ours:1/1", "/letter-file/Liaison:ours:1/1", "/appointments"):
        assert stranger.get(path).status == 303
    assert ends.south.by("duty").get("/letter-file/Liaison:ours:1/1").status == 404
    assert ends.south.by("duty").get("/letter/Liaison:ours:1/1").status == 404


def test_an_appointment_is_offered_agreed_and_moved_on_its_page(ends: Ends) -> None:
    """AP-2, AP-3."""
    offer = {
        "line": "Liaison", "occasion": "handover", "at": "2021-07-29 01:00", "minutes": "30",
        "place": "Conference room", "who_ours": "Liaison officer", "who_theirs": "Liaison officer",
        "purpose": "Handover of a letter", "read_out": "", "page": "appointments",
    }  # fmt: skip
    made = ends.south.by("duty").act("offer-appointment", **offer)
    assert made.location.startswith("/appointments?done=appointment-offered"), made.text
    ends.wait(5)
    page = read(ends.north.by("duty"), "/appointments").words
    assert "AGREE TO THIS handover AT 290100Z JUL 21" in page and "Handover of a letter" in page
    (terms,) = ends.north.desk.appointments.list()
    ends.north.by("duty").act("agree-appointment", about=terms.ref, page="appointments")
    ends.wait(5)
    assert "AGREED" in read(ends.south.by("duty"), "/appointments").words
    later = {
        "about": terms.ref,
        "at": "2021-07-29 02:00",
        "place": "",
        "read_out": "",
        "page": "appointments",
    }
    refused = ends.south.by("duty").act("move-appointment", **later, reason="")
    assert refused.status == 422 and 'value="2021-07-29 02:00"' in refused.text
    ends.south.by("duty").act("move-appointment", **later, reason="The road is closed.")
    ends.wait(5)
    new = next(a for a in ends.north.desk.appointments.list() if a.state == "OFFERED")
    ends.north.by("duty").act("agree-appointment", about=new.ref, page="appointments")
    ends.wait(5)
    assert {a.state for a in ends.south.desk.appointments.list()} == {"MOVED", "AGREED"}
    bad = ends.south.by("duty").act("offer-appointment", **{**offer, "at": "soon"})
    assert bad.status == 422 and re.search("not a time", bad.text)
    bad = ends.south.by("duty").act("offer-appointment", **{**offer, "minutes": "half"})
    assert bad.status == 422 and "number of minutes" in bad.text
