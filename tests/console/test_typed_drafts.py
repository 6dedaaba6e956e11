"""Drafts over HTTP: what is typed is kept, by whom it may be changed, and what an edit does to an offer."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from pair_of_ends import SECRET, End, Ends, console_by, paired
from test_acts import begin, compose, did, not_done, offer_on_page, release
from test_pages import read

from parley.console.sessions import IDLE_LOCK_S, SESSION_S
from parley.core.types import Power


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ends]:
    found = paired(tmp_path_factory.mktemp("typed"))
    yield found
    found.close()


def page_of(ref: str) -> str:
    return "/draft/" + ref.removeprefix("draft:")


def typed(end: End, ref: str) -> str:
    return end.desk.draft(ref).fields.get("text", "")


def test_every_keystroke_is_kept_under_one_number(ends: Ends) -> None:
    duty, ref = ends.north.by("duty"), begin(ends.north)
    text = "산불 2건\n<b> & \u202e x"
    for length in range(1, len(text) + 1):
        answer = duty.act("save-draft", about=ref, text=text[:length])
        assert answer.status == 200 and answer.headers["content-type"] == "application/json"
        assert typed(ends.north, ref) == text[:length]
    assert re.search(r'"saved_at": ?\d+', answer.text)
    other = ends.north.anew("duty")  # another window, or the same after it was closed
    assert "산불 2건" in read(other, page_of(ref)).words
    assert [d.ref for d in ends.north.desk.drafting()].count(ref) == 1


def test_what_is_not_a_field_of_a_draft_is_not_kept(ends: Ends) -> None:
    duty, ref = ends.north.by("duty"), begin(ends.north)
    assert (
        duty.act("save-draft", about=ref, text="x", by="chief", offered="1", passphrase=SECRET).status == 200
    )
    kept = ends.north.desk.draft(ref)
    assert (kept.by, kept.offered) == ("duty", False)
    assert set(kept.fields) <= {"line", "text", "precedence", "language"} and SECRET not in str(kept)


def test_another_officer_reads_a_draft_and_cannot_change_it(ends: Ends) -> None:
    ref, chief = begin(ends.north), ends.north.by("chief")
    ends.north.by("duty").act("save-draft", about=ref, text="of duty")
    page = read(chief, page_of(ref))
    assert "of duty" in page.words and "only its drafter can change it" in page.words
    assert not [to for to in page.offered if to.endswith("-draft")]
    assert chief.act("save-draft", about=ref, text="of chief").status == 422
    form = {"about": ref, "page": "draft"}
    not_done(chief.act("offer-draft", **form, text="of chief"), "is being written by duty")
    not_done(chief.act("offer-draft", **form, then="offer"), "is being written by duty")
    not_done(chief.act("discard-draft", **form), "is being written by duty")
    not_done(chief.act("withdraw", about=ref, page="message"), "is being written by duty")
    assert typed(ends.north, ref) == "of duty" and not ends.north.desk.draft(ref).offered


def test_an_officer_without_powers_reads_a_draft_and_begins_none(ends: Ends) -> None:
    ends.north.add("guest", Power(0))
    guest, ref = ends.north.by("guest"), begin(ends.north)
    ends.north.by("duty").act("save-draft", about=ref, text="to be read")
    assert "to be read" in read(guest, page_of(ref)).words
    before = len(ends.north.desk.drafting())
    assert guest.act("begin-draft", line=ends.north.line("Liaison").id).status == 403
    assert guest.act("save-draft", about=ref, text="changed").status in (403, 422)
    assert len(ends.north.desk.drafting()) == before and typed(ends.north, ref) == "to be read"


def test_an_edit_takes_the_offer_back_and_what_was_read_before_is_not_released(ends: Ends) -> None:
    north, chief = ends.north, ends.north.by("chief")
    ref = compose(north, text="two boats")
    read_first = offer_on_page(chief, ref)
    assert north.by("duty").act("save-draft", about=ref, text="three boats").status == 200
    assert not north.desk.draft(ref).offered and ref not in {m.ref for m in north.desk.drafts()}
    not_done(release(north, ref, offer=read_first), "not offered for release")
    ends.wait(1)
    did(north.by("duty"), north.by("duty").act("offer-draft", about=ref, page="draft", then="offer"))
    not_done(release(north, ref, offer=read_first), "was changed since you read it", "three boats")
    sent = did(chief, release(north, ref, offer=offer_on_page(chief, ref)))
    assert "three boats" in read(chief, sent).words
    ends.wait(5)
    assert [m.text for m in ends.south.desk.messages() if "boats" in m.text] == ["three boats"]


def test_a_release_names_what_was_read(ends: Ends) -> None:
    ref = compose(ends.north, text="read by nobody")
    for offer in ("", "0" * 16, "x"):
        not_done(release(ends.north, ref, offer=offer), "changed since you read it")
    given = {"about": ref, "page": "message", "counterpart": "South", "precedence": "FLASH"}
    not_done(ends.north.by("chief").act("release", **given), "changed since you read it")
    assert ref in {m.ref for m in ends.north.desk.drafts()}


def test_what_was_released_is_changed_by_no_form(ends: Ends) -> None:
    north, duty = ends.north, ends.north.by("duty")
    ref = compose(north, text="as it was released")
    sent = did(north.by("chief"), release(north, ref))
    for act in ("save-draft", "offer-draft", "discard-draft"):
        assert duty.act(act, about=ref, page="draft", text="changed", then="offer").status == 422
    assert "as it was released" in read(duty, sent).words and "changed" not in read(duty, sent).words


def test_an_unchanged_draft_saved_again_stays_offered(ends: Ends) -> None:
    ref = compose(ends.north, text="as it is")
    fields = ends.north.desk.draft(ref).fields
    assert ends.north.by("duty").act("save-draft", about=ref, **fields).status == 200
    assert ends.north.desk.draft(ref).offered
    did(ends.north.by("chief"), release(ends.north, ref))


def test_a_draft_outlives_the_sign_out_and_the_session(ends: Ends) -> None:
    seconds = [0.0]
    console = console_by(lambda: seconds[0], ends.north.desk)
    duty = ends.north.anew("duty", console)
    ref = "draft:" + did(duty, duty.act("begin-draft", line=ends.north.line("Liaison").id)).removeprefix(
        "/draft/"
    )
    duty.act("save-draft", about=ref, text="first")
    token, cookies = duty.token, dict(duty.cookies)
    assert duty.act("sign-out").status == 303
    duty.cookies.update(cookies)
    late = duty.post("/act/save-draft", {"csrf": token, "about": ref, "text": "after the sign-out"})
    assert late.status == 401 and typed(ends.north, ref) == "first"

    again = ends.north.anew("duty", console)
    assert "first" in read(again, page_of(ref)).words
    seconds[0] += SESSION_S
    late = again.post("/act/save-draft", {"csrf": again.token, "about": ref, "text": "after the end"})
    assert late.status == 401 and typed(ends.north, ref) == "first"
    third = ends.north.anew("duty", console)
    assert (
        third.act("save-draft", about=ref, text="second").status == 200 and typed(ends.north, ref) == "second"
    )


def test_a_locked_session_goes_on_saving(ends: Ends) -> None:
    seconds = [0.0]
    duty = ends.north.anew("duty", console_by(lambda: seconds[0], ends.north.desk))
    ref = "draft:" + did(duty, duty.act("begin-draft", line=ends.north.line("Liaison").id)).removeprefix(
        "/draft/"
    )
    seconds[0] = IDLE_LOCK_S
    assert "locked" in read(duty, page_of(ref)).words
    assert duty.act("save-draft", about=ref, text="typed meanwhile").status == 200
    assert typed(ends.north, ref) == "typed meanwhile"
    assert "locked" in read(duty, page_of(ref)).words


def test_a_keystroke_keeps_the_session_unlocked_and_a_look_does_not(ends: Ends) -> None:
    seconds = [0.0]
    duty = ends.north.anew("duty", console_by(lambda: seconds[0], ends.north.desk))
    ref = "draft:" + did(duty, duty.act("begin-draft", line=ends.north.line("Liaison").id)).removeprefix(
        "/draft/"
    )
    for _ in range(3):
        seconds[0] += IDLE_LOCK_S - 1
        assert duty.act("save-draft", about=ref, text=str(seconds)).status == 200
    assert "locked" not in read(duty, "/").words
    for _ in range(3):
        seconds[0] += IDLE_LOCK_S / 2
        duty.get("/")
    assert "locked" in read(duty, "/").words


def test_a_draft_that_is_not_there_is_answered_with_a_sentence(ends: Ends) -> None:
    duty = ends.north.by("duty")
    for ref in ("draft:0", "draft:999999", "draft:-1", "draft:1x", "Liaison:ours:1/1", ""):
        answer = duty.act("save-draft", about=ref, text="x")
        assert answer.status == 422 and '"error"' in answer.text
    assert len(read(duty, "/draft/999999", 404).words) > 20
    assert len(read(duty, "/draft/" + "9" * 400, 404).words) > 20
