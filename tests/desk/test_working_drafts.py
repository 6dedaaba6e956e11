"""A draft keeps one ref from the first key to the receipt, loses nothing, and is released only as it was offered."""

from __future__ import annotations

import pytest
from two_desks import SECRET, Pair, theirs

from parley.core.errors import LocalError
from parley.desk.drafts import DRAFT_BYTES_MAX, FIELDS
from parley.watch_log import Happened

TEXT = "산불이 났습니다.\nHelicopters: 2."


def offered(pair: Pair, **fields: str) -> str:
    """A draft offered for release at the North; gives its ref."""
    desk = pair.north.desk
    ref = desk.begin_draft("Liaison", "duty").ref
    desk.save_draft(ref, "duty", {"text": TEXT, **fields})
    assert desk.offer_draft(ref, "duty").ref == ref
    return ref


def happened(pair: Pair) -> list[Happened]:
    return [event.what for event in reversed(pair.north.desk.journal())]


def test_a_draft_keeps_its_ref_from_the_first_key_to_the_receipt(pair: Pair) -> None:
    desk = pair.north.desk
    begun = desk.begin_draft("Liaison", "duty")
    pair.wait(60)
    typed = desk.save_draft(begun.ref, "duty", {"text": TEXT, "precedence": "PRIORITY"})
    assert (typed.ref, typed.begun_at, typed.saved_at) == (begun.ref, begun.begun_at, begun.begun_at + 60)
    assert desk.drafting() == (typed,) and desk.drafts() == ()
    assert desk.message(begun.ref).state == "DRAFT" and desk.message(begun.ref).text == TEXT

    pair.wait(60)
    waiting = desk.offer_draft(begun.ref, "duty")
    assert (waiting.ref, waiting.state, waiting.precedence) == (begun.ref, "WAITING RELEASE", "PRIORITY")
    assert [(r.state, r.at) for r in waiting.ladder] == [
        ("DRAFT", begun.begun_at), ("WAITING RELEASE", begun.begun_at + 120)
    ]  # fmt: skip
    assert desk.drafting() == () and desk.drafts() == (waiting,)

    sent = desk.release(begun.ref, "chief", SECRET)
    pair.wait(5)
    assert [r.state for r in desk.message(begun.ref).ladder] == [
        "DRAFT", "WAITING RELEASE", "RELEASED", "SENDING", "AT THEIR END"
    ]  # fmt: skip
    assert desk.message(begun.ref).ref == sent.ref and desk.message(begun.ref).drafted_by == "duty"
    assert desk.drafts() == () and desk.drafting() == ()
    assert pair.south.desk.message(theirs(sent.ref)).text == TEXT


def test_what_is_typed_outlives_a_killed_process_and_is_seen_by_all_officers(pair: Pair) -> None:
    desk = pair.north.desk
    ref = desk.begin_draft("Liaison", "duty").ref
    desk.save_draft(ref, "duty", {"text": "half a sen", "reply_by": "tomorrow, perhaps"})
    desk.save_draft(ref, "duty", {"text": "half a sentence"})
    pair.start_again(pair.north)
    (kept,) = pair.north.desk.drafting()
    assert kept.ref == ref and kept.by == "duty"
    assert kept.fields["text"] == "half a sentence" and kept.fields["reply_by"] == "tomorrow, perhaps"
    pair.wait(3600)
    assert pair.north.desk.drafting() == (kept,)


def test_keystrokes_are_no_events_and_what_is_offered_is(pair: Pair) -> None:
    desk = pair.north.desk
    before = len(happened(pair))
    ref = desk.begin_draft("Liaison", "duty").ref
    for end in range(1, len(TEXT) + 1):
        desk.save_draft(ref, "duty", {"text": TEXT[:end]})
    desk.offer_draft(ref, "duty")
    desk.release(ref, "chief", SECRET)
    assert happened(pair)[before:] == [Happened.DRAFT, Happened.OFFERED, Happened.RELEASED]
    assert pair.north.node.watch_log.broken_at() is None


def test_an_edit_makes_the_offer_void_and_saving_the_same_does_not(pair: Pair) -> None:
    desk = pair.north.desk
    ref = offered(pair)
    assert desk.save_draft(ref, "duty", {"text": TEXT}).offered
    read = desk.message(ref)
    assert not desk.save_draft(ref, "duty", {"text": TEXT + " 3."}).offered
    assert desk.message(ref).state == "DRAFT" and desk.drafts() == ()
    with pytest.raises(LocalError, match="not offered for release"):
        desk.release(ref, "chief", SECRET)
    desk.offer_draft(ref, "duty")
    with pytest.raises(LocalError, match="was changed since you read it"):
        desk.release(ref, "chief", SECRET, offer=read.offer)
    desk.release(ref, "chief", SECRET, offer=desk.message(ref).offer)
    assert happened(pair)[-5:] == [
        Happened.DRAFT, Happened.OFFERED, Happened.REOPENED, Happened.OFFERED, Happened.RELEASED
    ]  # fmt: skip


def test_a_draft_made_in_one_step_can_be_edited_too(pair: Pair) -> None:
    desk = pair.north.desk
    first = desk.release(desk.compose("Liaison", "first", "chief").ref, "duty", SECRET)
    pair.wait(5)
    made = desk.compose(
        "Liaison", TEXT, "duty", precedence="FLASH", reason="fire", subject="산불", answers=first.ref,
        reply_by=1627350305, in_whose_name="the commander", form_of_address="Sir", stale_after=1627400000,
    )  # fmt: skip
    draft = desk.draft(made.ref)
    assert draft.offered and draft.fields == {
        "line": draft.line_id, "precedence": "FLASH", "language": "ko", "title": "산불", "text": TEXT,
        "in_whose_name": "the commander", "form_of_address": "Sir", "answers": first.ref,
        "reply_by": "2021-07-27 01:45:05Z", "stale_after": "2021-07-27 15:33:20Z", "reason": "fire",
    }  # fmt: skip
    assert set(draft.fields) == set(FIELDS)
    desk.save_draft(made.ref, "duty", {"text": "other"})
    again = desk.offer_draft(made.ref, "duty")
    assert (again.text, again.reply_by, again.stale_after) == ("other", 1627350305, 1627400000)
    assert again.references == made.references and again.subject == "산불"


def test_only_the_drafter_writes_offers_and_discards(pair: Pair) -> None:
    desk = pair.north.desk
    ref = desk.begin_draft("Liaison", "duty").ref
    for refused in (
        lambda: desk.save_draft(ref, "chief", {"text": "x"}),
        lambda: desk.offer_draft(ref, "chief"),
        lambda: desk.discard_draft(ref, "chief"),
        lambda: desk.withdraw(ref, "chief", SECRET),
    ):
        with pytest.raises(LocalError, match="is being written by duty"):
            refused()
    desk.discard_draft(ref, "duty")
    assert desk.message(ref).state == "WITHDRAWN" and desk.drafting() == ()
    with pytest.raises(LocalError, match="WITHDRAWN already"):
        desk.save_draft(ref, "duty", {"text": "x"})


def test_what_is_offered_is_released_by_a_second_person(pair: Pair) -> None:
    ref = offered(pair)
    with pytest.raises(LocalError, match="second person"):
        pair.north.desk.release(ref, "duty", SECRET)


def test_a_released_draft_is_written_no_more(pair: Pair) -> None:
    ref = offered(pair)
    pair.north.desk.release(ref, "chief", SECRET)
    with pytest.raises(LocalError, match="already"):
        pair.north.desk.save_draft(ref, "duty", {"text": "x"})
    assert pair.north.desk.draft(ref).fields["text"] == TEXT


def test_a_draft_is_saved_as_typed_whatever_it_says(pair: Pair) -> None:
    desk = pair.north.desk
    ref = desk.begin_draft("Liaison", "duty").ref
    odd = {
        "line": "no such line",
        "precedence": "SOON",
        "text": "\u202e\x00<b>",
        "reply_by": "soon",
        "title": "",
    }
    saved = desk.save_draft(ref, "duty", odd)
    assert {name: saved.fields[name] for name in odd} == odd and saved.line == "Liaison"
    assert desk.message(ref).state == "DRAFT"


def test_a_draft_has_bounds(pair: Pair) -> None:
    desk = pair.north.desk
    ref = desk.begin_draft("Liaison", "duty").ref
    most = DRAFT_BYTES_MAX - len(desk.draft(ref).fields["line"])
    desk.save_draft(ref, "duty", {"text": "x" * most})
    with pytest.raises(LocalError, match="over 64 KiB"):
        desk.save_draft(ref, "duty", {"text": "x" * (most + 1)})
    with pytest.raises(LocalError, match="no field"):
        desk.save_draft(ref, "duty", {"passphrase": "x"})
    with pytest.raises(LocalError, match="lone surrogate"):
        desk.save_draft(ref, "duty", {"text": "\ud800"})
    assert desk.draft(ref).fields["text"] == "x" * most


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"text": " \n "}, "needs a text"),
        ({"text": "x", "precedence": "FLASH"}, "a FLASH needs its reason"),
        ({"text": "x", "precedence": "FLASH", "reason": "  "}, "a FLASH needs its reason"),
        ({"text": "x", "precedence": "SOON"}, "no precedence"),
        ({"text": "x", "line": "no such line"}, "no line"),
        ({"text": "x", "line": "order wire South"}, "order wire"),
        ({"text": "x", "reply_by": "soon"}, "Reply by is not a time"),
        ({"text": "x", "stale_after": "41"}, "Of no use after is not a time"),
        ({"text": "x", "answers": "Liaison:theirs:1/1"}, "no message"),
        ({"text": "0123456789abcdef" * 120}, "cannot be sent|too long|bytes long"),
    ],
)
def test_what_cannot_be_sent_is_not_offered_and_is_kept(pair: Pair, fields: dict[str, str], why: str) -> None:
    desk = pair.north.desk
    ref = desk.begin_draft("Liaison", "duty").ref
    kept = desk.save_draft(ref, "duty", fields)
    for refused in (lambda: desk.check_draft(ref), lambda: desk.offer_draft(ref, "duty")):
        with pytest.raises(LocalError, match=why):
            refused()
    assert desk.draft(ref) == kept


def test_a_draft_is_checked_as_they_will_read_it(pair: Pair) -> None:
    desk = pair.north.desk
    ref = desk.begin_draft("Liaison", "duty").ref
    desk.save_draft(ref, "duty", {"text": "one \n\n two", "reply_by": "271015Z JUL 21"})
    seen = desk.check_draft(ref)
    assert (seen.text, seen.reply_by, seen.language, seen.state) == ("one\n two", 1627380900, "ko", "DRAFT")
    assert desk.draft(ref).fields["text"] == "one \n\n two"


def test_the_line_of_a_draft_can_be_changed_until_it_is_offered(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    pair = Pair(tmp_path_factory.mktemp("two-lines"), "Liaison", "Leaders")
    desk = pair.north.desk
    ref = desk.begin_draft("Liaison", "duty").ref
    desk.save_draft(ref, "duty", {"text": TEXT, "line": "Leaders"})
    assert desk.draft(ref).line == "Leaders" and desk.message(ref).line == "Leaders"
    assert desk.offer_draft(ref, "duty").line == "Leaders"
    sent = desk.release(ref, "chief", SECRET)
    assert sent.line == "Leaders" and desk.message(ref).ref == sent.ref
    pair.close()
