"""What has become of a letter between its preparing and its release, and what a cut keeps back (spec 20)."""

from __future__ import annotations

import pytest
from test_letters_at_the_desk import NAMES, Writers, answered, both, handed_in, keys, pair, released, tendered
from two_desks import SECRET, End, Pair, theirs

from parley.core.errors import LocalError
from parley.core.instruments import letter
from parley.core.types import ActKind, LetterClass, Precedence, TenderAnswer
from parley.keys import officer_signer
from parley.watch_log import Happened

__all__ = ["keys", "pair"]  # fixtures


def accepted(pair: Pair) -> str:
    ref = tendered(pair)
    answered(pair, ref, "accepted")
    return ref


def test_an_answer_prepared_before_another_was_given_is_not_released(pair: Pair) -> None:
    ref = tendered(pair)
    first = pair.north.desk.letters.answer(theirs(ref), "accepted", "duty")
    second = pair.north.desk.letters.answer(theirs(ref), "refused", "duty")
    released(pair.north, first)
    with pytest.raises(LocalError, match="already"):
        released(pair.north, second)
    pair.wait(5)
    with pytest.raises(LocalError, match="ACCEPTED already"):
        released(pair.north, second)
    assert [v.state for v in both(pair, ref)] == ["ACCEPTED", "ACCEPTED"]
    pair.north.desk.letters.discard(second.ref, "duty")
    assert pair.north.desk.letters.papers() == ()


def test_a_letter_prepared_before_its_tender_was_taken_back_is_not_released(
    pair: Pair, keys: Writers
) -> None:
    ref = accepted(pair)
    paper = pair.south.desk.letters.hand_in(keys.letter("Held."), "duty", ref=ref)
    pair.south.desk.letters.take_back(ref, "chief", SECRET, "Another hour.")
    pair.wait(5)
    with pytest.raises(LocalError, match="this tender is WITHDRAWN"):
        released(pair.south, paper)
    with pytest.raises(LocalError, match="WITHDRAWN already"):
        pair.south.desk.letters.take_back(ref, "chief", SECRET, "Again.")


def test_a_letter_is_prepared_once_and_handed_in_once(pair: Pair, keys: Writers) -> None:
    first, second = accepted(pair), accepted(pair)
    data = keys.letter("Once.")
    paper = pair.south.desk.letters.hand_in(data, "duty", ref=first)
    assert "in the name of Office of the South to Office of the North" in paper.words
    with pytest.raises(LocalError, match="is prepared already"):
        pair.south.desk.letters.hand_in(data, "duty", ref=second)
    pair.cut_cable()
    released(pair.south, paper)
    assert pair.south.desk.letters.get(first).letter_waits
    with pytest.raises(LocalError, match="this tender is released"):
        pair.south.desk.letters.hand_in(keys.letter("Twice."), "duty", ref=first)
    with pytest.raises(LocalError, match="in the record already"):
        pair.south.desk.letters.hand_in(data, "duty", ref=second)


def test_what_the_journal_could_not_note_as_released_is_not_released_again(pair: Pair) -> None:
    """A kill between the record and the journal."""
    paper = pair.south.desk.letters.tender("Liaison", "duty", **NAMES)
    note = pair.south.node.watch_log.note
    with pytest.MonkeyPatch.context() as patch:

        def killed(at: int, what: Happened, *given: object, **detail: object) -> int:
            if what == Happened.SIGNED:
                raise KeyboardInterrupt
            return note(at, what, *given, **detail)  # type: ignore[arg-type]

        patch.setattr(pair.south.node.watch_log, "note", killed)
        with pytest.raises(KeyboardInterrupt):
            released(pair.south, paper)
    pair.wait(5)
    assert len(pair.north.desk.letters.list()) == 1
    assert pair.south.desk.letters.papers() == ()
    with pytest.raises(LocalError, match="nothing prepared"):
        released(pair.south, paper)


def kept_back(pair: Pair, keys: Writers) -> tuple[str, str]:
    """A tender that was accepted, and its letter released and kept back by a cut; both refs."""
    ref = accepted(pair)
    pair.cut_cable()
    released(pair.south, pair.south.desk.letters.hand_in(keys.letter("Kept."), "duty", ref=ref))
    pair.south.desk.sever("Liaison", "Cut for a test.", "duty", SECRET)
    pair.mend_cable()
    pair.wait(60)
    (paper,) = pair.south.desk.letters.papers()
    assert paper.kept_back and paper.state == "kept back by a cut"
    return ref, paper.ref


def test_a_letter_that_a_cut_kept_back_is_released_again_by_a_second_person(
    pair: Pair, keys: Writers
) -> None:
    ref, paper = kept_back(pair, keys)
    with pytest.raises(LocalError, match="SEVERED BY US"):
        pair.south.desk.letters.release(paper, "chief", SECRET)
    pair.open("Liaison")
    with pytest.raises(LocalError, match="second person"):
        pair.south.desk.letters.release(paper, "duty", SECRET)
    pair.south.desk.letters.release(paper, "chief", SECRET)
    pair.wait(60)
    assert [v.state for v in both(pair, ref)] == ["AT THEIR END", "AT THEIR END"]
    assert pair.south.desk.letters.papers() == ()
    assert pair.south.desk.letters.get(ref).there


def test_a_letter_that_a_cut_kept_back_is_withdrawn_with_its_sealed_bytes(pair: Pair, keys: Writers) -> None:
    ref, paper = kept_back(pair, keys)
    letters = pair.south.desk.letters
    (body,) = letters.waiting_bodies(letters.find(ref)[0], ActKind.LETTER)
    named = letter.letter(body).named
    assert pair.south.node.store.object_bytes(named[0]) is not None
    with pytest.raises(LocalError, match="may read"):
        pair.south.desk.letters.withdraw(paper, "guest", SECRET)
    pair.south.desk.letters.withdraw(paper, "chief", SECRET)
    assert pair.south.desk.letters.papers() == ()
    assert pair.south.node.store.object_bytes(named[0]) is None
    with pytest.raises(LocalError, match="nothing about letters waits"):
        pair.south.desk.letters.withdraw(paper, "chief", SECRET)
    pair.open("Liaison")
    assert pair.south.desk.letters.get(ref).state == "ACCEPTED"


def test_a_letter_is_acknowledged_once(pair: Pair, keys: Writers) -> None:
    ref = accepted(pair)
    handed_in(pair, ref, keys.letter("Here."))
    pair.north.desk.letters.acknowledge(theirs(ref), "duty", SECRET)
    with pytest.raises(LocalError, match="RECEIVED already"):
        pair.wait(5)
        pair.north.desk.letters.acknowledge(theirs(ref), "duty", SECRET)


@pytest.mark.parametrize("name", ["", " ", "\u200b", "·", "—", "…"])
def test_a_name_that_shows_nothing_is_refused(pair: Pair, name: str) -> None:
    with pytest.raises(LocalError):
        pair.south.desk.letters.tender("Liaison", "duty", in_whose_name=name, to_whom="Office of the North")


def test_an_undetermined_tender_is_not_overdue(pair: Pair) -> None:
    ref = tendered(pair, precedence="IMMEDIATE")
    answered(pair, ref, "undetermined")
    pair.wait(4000)
    assert pair.north.desk.letters.get(theirs(ref)).deadline is None
    assert "letter_waits" not in [alarm.kind for alarm in pair.north.desk.alarms()]


def test_what_is_said_about_letters_and_does_not_get_through_is_an_alarm(pair: Pair) -> None:
    pair.cut_cable()
    released(pair.south, pair.south.desk.letters.tender("Liaison", "duty", **NAMES))
    kinds = lambda: [alarm.kind for alarm in pair.south.desk.alarms()]  # noqa: E731
    at = pair.south.desk.next_change_at()
    assert at is not None and at <= pair.south.node.now() + 240
    assert "not_getting_through" not in kinds()
    pair.wait(240)
    assert "not_getting_through" in kinds()
    pair.mend_cable()
    pair.wait(60)
    assert "not_getting_through" not in kinds()


def entered(end: End, kind: ActKind, body: object) -> None:
    """An act signed with an officer's key and asked of no desk."""
    (room,) = (r for r in end.node.rooms() if r.name == "Liaison")
    found, signer = officer_signer(end.home.path, "chief", SECRET)

    def do() -> None:
        cose, _ = end.node.sign(room, kind, body, Precedence.ROUTINE, found.officer.author, signer)  # type: ignore[arg-type]
        end.node.release(room, cose, body)  # type: ignore[arg-type]

    end.node.turn(do)


def test_of_two_tenders_under_one_name_only_the_first_has_effect(pair: Pair) -> None:
    """EN-14: an officer's key signs a second act under the number of the first."""
    ref = tendered(pair)
    number = int(ref.rpartition("/")[2])
    tender = letter.Tender(LetterClass.NOTICE, letter.Names("Another office", "Office of the North"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(pair.south.node.store), "next_number", lambda *_: number)
        entered(pair.south, ActKind.TENDER, letter.tender_body(tender))
    pair.wait(60)
    for end in (pair.south, pair.north):
        assert [v.in_whose_name for v in end.desk.letters.list()] == ["Office of the South"]


def test_an_answer_above_one_that_is_withheld_has_no_effect_until_that_comes(pair: Pair) -> None:
    """LE-11: whoever held the first answer's body would else see another state than who does not."""
    ref = tendered(pair)
    _, way = pair.north.desk.letters.find(theirs(ref))
    for answer in (TenderAnswer.ACCEPTED, TenderAnswer.REFUSED):
        body = letter.answer_body(letter.Answer(way.id, answer))
        entered(pair.north, ActKind.TENDER_ANSWER, body)
        pair.wait(5)
    assert [v.state for v in both(pair, ref)] == ["ACCEPTED", "ACCEPTED"]
    store = pair.south.node.store
    (first, _) = store._db.execute("SELECT id, body FROM entries WHERE kind = 10 ORDER BY id").fetchall()
    store._db.execute("UPDATE entries SET body = NULL WHERE id = ?", (first[0],))
    pair.start_again(pair.south)
    assert pair.south.desk.letters.get(ref).state == "TENDERED"
    pair.south.node.store._db.execute("UPDATE entries SET body = ? WHERE id = ?", (first[1], first[0]))
    pair.start_again(pair.south)
    assert pair.south.desk.letters.get(ref).state == "ACCEPTED"
