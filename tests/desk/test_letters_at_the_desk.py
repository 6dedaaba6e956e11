"""Letters at the desks of two real ends: tendered, answered, handed in, counted and taken (spec 20)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from two_desks import CHEAP, SECRET, START, End, Pair, theirs

from parley.core.errors import LocalError
from parley.core.instruments.sealed import Content
from parley.core.types import Tier
from parley.desk.letters import PaperView
from parley.desk.passages import LetterView
from parley.keys import principal as principals

NAMES = {"in_whose_name": "Office of the South", "to_whom": "Office of the North"}


@dataclass
class Writers:
    """A principal of each side, each with a key that no end has."""

    south: principals.Principal
    north: principals.Principal
    south_key: Path
    north_key: Path

    def letter(self, words: str) -> bytes:
        """The next letter of the South's principal to the North's, sealed."""
        content = Content("en", None, None, Tier.COUNT_AND_DATES, (words,), None)
        with principals.held_book(self.south, self.south_key) as book:
            made, after = principals.seal(self.south, book.book, self.north.card, content, START)
            book.keep(after)
        return made.data

    def opened(self, data: bytes) -> tuple[str, ...]:
        with principals.held_book(self.north, self.north_key) as book:
            found, after = principals.open_letter(self.north, book.book, self.south.card, data)
            book.keep(after)
        return found.letter.content.paragraphs


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    two = Pair(tmp_path)
    yield two
    two.close()


@pytest.fixture
def keys(tmp_path: Path) -> Writers:
    place = tmp_path / "principals"
    place.mkdir()
    made = []
    for side in ("south", "north"):
        principals.make_principal(place / f"{side}.key", f"Office of the {side}", SECRET, CHEAP)
        made.append(principals.unlock_principal(place / f"{side}.key", SECRET))
    return Writers(made[0], made[1], place / "south.key", place / "north.key")


def released(end: End, paper: PaperView) -> str:
    """A paper of duty's, released by the chief; the ref of the act."""
    return end.desk.letters.release(paper.ref, "chief", SECRET).ref


def tendered(pair: Pair, **more: str) -> str:
    """A tender of the South's; its ref there."""
    ref = released(pair.south, pair.south.desk.letters.tender("Liaison", "duty", **{**NAMES, **more}))
    pair.wait(5)
    return ref


def answered(pair: Pair, ref: str, answer: str, reason: str = "") -> None:
    released(pair.north, pair.north.desk.letters.answer(theirs(ref), answer, "duty", reason=reason))
    pair.wait(5)


def handed_in(pair: Pair, ref: str, data: bytes) -> str:
    """The letter of an accepted tender; the ref of the letter's act."""
    act = released(pair.south, pair.south.desk.letters.hand_in(data, "duty", ref=ref))
    pair.wait(60)
    return act


def both(pair: Pair, ref: str) -> tuple[LetterView, LetterView]:
    return pair.south.desk.letters.get(ref), pair.north.desk.letters.get(theirs(ref))


def test_a_letter_goes_from_its_tender_to_the_addressee_and_nobody_else_reads_it(
    pair: Pair, keys: Writers
) -> None:
    """LE-1, LE-2, LE-6, LE-7."""
    ref = tendered(pair, rank="Head of office")
    ours, their = both(pair, ref)
    assert (ours.state, their.state) == ("TENDERED", "TENDERED")
    assert (their.in_whose_name, their.to_whom, their.rank) == (*NAMES.values(), "Head of office")
    assert [v.ref for v in pair.north.desk.letters.needs_us()] == [theirs(ref)]
    answered(pair, ref, "accepted")
    assert [v.state for v in both(pair, ref)] == ["ACCEPTED", "ACCEPTED"]
    words = "We propose that the lines open again at an hour to be agreed."
    data = keys.letter(words)
    handed_in(pair, ref, data)
    ours, their = both(pair, ref)
    assert (ours.state, ours.number, their.whole, their.unasked) == ("AT THEIR END", 1, True, False)
    taken = pair.north.desk.letters.sealed_letter(theirs(ref))
    assert taken == data and words.encode() not in taken
    assert keys.opened(taken) == (words,)
    pair.north.desk.letters.acknowledge(theirs(ref), "duty", SECRET)
    pair.wait(5)
    assert [v.state for v in both(pair, ref)] == ["RECEIVED", "RECEIVED"]
    for end in (pair.north, pair.south):
        written = b"".join(f.read_bytes() for f in end.home.path.rglob("*") if f.is_file())
        assert words.encode() not in written


def test_what_one_officer_prepares_another_releases_and_nothing_leaves_before(pair: Pair) -> None:
    """LE-1."""
    paper = pair.south.desk.letters.tender("Liaison", "duty", **NAMES)
    pair.wait(5)
    assert [p.ref for p in pair.south.desk.letters.papers()] == [paper.ref]
    with pytest.raises(LocalError, match="second person"):
        pair.south.desk.letters.release(paper.ref, "duty", SECRET)
    with pytest.raises(LocalError, match="may read"):
        pair.south.desk.letters.release(paper.ref, "guest", SECRET)
    assert pair.north.desk.letters.list() == ()
    pair.south.desk.letters.discard(paper.ref, "chief")
    assert pair.south.desk.letters.papers() == ()
    with pytest.raises(LocalError, match="nothing prepared"):
        pair.south.desk.letters.release(paper.ref, "chief", SECRET)


def test_a_refused_tender_takes_no_letter_and_another_signatory_may_tender_again(
    pair: Pair, keys: Writers
) -> None:
    """LE-3, LE-4, LE-5."""
    ref = tendered(pair)
    answered(pair, ref, "undetermined")
    assert pair.south.desk.letters.get(ref).state == "UNDETERMINED"
    answered(pair, ref, "refused", "The rank is not equal.")
    view = pair.south.desk.letters.get(ref)
    assert view.state == "REFUSED" and [a.reason for a in view.answers] == ["", "The rank is not equal."]
    with pytest.raises(LocalError, match="REFUSED"):
        pair.south.desk.letters.hand_in(keys.letter("Not sent."), "duty", ref=ref)
    with pytest.raises(LocalError, match="REFUSED already"):
        pair.north.desk.letters.answer(theirs(ref), "accepted", "duty")
    again = tendered(pair, in_whose_name="Deputy head, Office of the South", instead_of=ref)
    assert pair.north.desk.letters.get(theirs(again)).instead_of == theirs(ref)
    assert pair.north.desk.letters.get(theirs(ref)).replaced_by == theirs(again)
    answered(pair, again, "accepted")
    assert pair.south.desk.letters.get(again).state == "ACCEPTED"


@pytest.mark.parametrize(
    "names",
    [
        {"in_whose_name": "Head of the Office of the President", "to_whom": "Chairman of the Commission"},
        {
            "in_whose_name": "Liaison Office of the South Side",
            "to_whom": "Liaison Office of the North",
            "rank": "Head",
        },
        {"in_whose_name": "남측 국가안보실장", "to_whom": "북측 통일전선부장", "rank": "장관급"},
    ],
)
def test_a_tender_takes_at_most_200_bytes_on_the_wire(pair: Pair, names: dict[str, str]) -> None:
    """LE-8: in both languages, alone and in the place of another; measured as frames, where they arrive."""
    sizes: list[int] = []
    take = pair.north.node._arrived

    def measured(bearer: str, frame: bytes) -> None:
        sizes.append(len(frame))
        take(bearer, frame)

    pair.north.node._arrived = measured  # type: ignore[method-assign]
    first = tendered(pair, **names)
    tendered(pair, **names, instead_of=first)
    assert len(pair.north.desk.letters.list()) == 2
    assert 110 < max(sizes) <= 200


def test_how_many_letters_has_one_answer_at_both_ends(pair: Pair, keys: Writers) -> None:
    """LE-9."""
    for words in ("First.", "Second."):
        ref = tendered(pair)
        answered(pair, ref, "accepted")
        handed_in(pair, ref, keys.letter(words))
    (ours,), (their,) = (end.desk.letters.count() for end in (pair.south, pair.north))
    assert (ours.both, their.both, ours.on_the_way, ours.missing) == (2, 2, 0, ours.twice)
    assert (ours.ours, their.ours) == (True, False)
    pair.cut_cable()
    ref = released(pair.south, pair.south.desk.letters.tender("Liaison", "duty", **NAMES))
    assert [p.state for p in pair.south.desk.letters.papers()] == ["waits for a bearer"]
    assert pair.south.desk.letters.count() == (ours,)


def test_a_number_is_not_given_to_two_letters(pair: Pair, keys: Writers) -> None:
    """LE-9."""
    ref = tendered(pair)
    answered(pair, ref, "accepted")
    data = keys.letter("Once.")
    handed_in(pair, ref, data)
    second = tendered(pair)
    answered(pair, second, "accepted")
    with pytest.raises(LocalError, match="in the record already"):
        pair.south.desk.letters.hand_in(data, "duty", ref=second)


def test_a_class_passes_without_a_tender_only_as_the_accord_says(pair: Pair, keys: Writers) -> None:
    """LE-3."""
    with pytest.raises(LocalError, match="does not pass without a tender"):
        pair.south.desk.letters.hand_in(
            keys.letter("Urgent."), "duty", line="Liaison", kind="telegram", **NAMES
        )


def test_what_may_be_disclosed_is_what_both_have_said_and_only_rises(pair: Pair, keys: Writers) -> None:
    """LE-10."""
    ref = tendered(pair)
    with pytest.raises(LocalError, match="no letter yet"):
        pair.south.desk.letters.tier(ref, "content", "duty")
    answered(pair, ref, "accepted")
    handed_in(pair, ref, keys.letter("Disclosed or not."))
    released(pair.south, pair.south.desk.letters.tier(ref, "count and dates", "duty"))
    pair.wait(5)
    assert [v.tier for v in both(pair, ref)] == ["", ""]
    released(pair.north, pair.north.desk.letters.tier(theirs(ref), "existence", "duty"))
    pair.wait(5)
    assert [v.tier for v in both(pair, ref)] == ["existence", "existence"]
    with pytest.raises(LocalError, match="said count and dates already"):
        pair.south.desk.letters.tier(ref, "existence", "duty")
    released(pair.north, pair.north.desk.letters.tier(theirs(ref), "content", "duty"))
    pair.wait(5)
    assert [v.tier for v in both(pair, ref)] == ["count and dates", "count and dates"]


def test_a_tender_or_a_letter_is_taken_back_beside_the_record(pair: Pair) -> None:
    """LE-5."""
    ref = tendered(pair)
    pair.south.desk.letters.take_back(ref, "chief", SECRET, "Sent by mistake.")
    pair.wait(5)
    assert [v.state for v in both(pair, ref)] == ["WITHDRAWN", "WITHDRAWN"]
    with pytest.raises(LocalError, match="WITHDRAWN"):
        pair.north.desk.letters.answer(theirs(ref), "accepted", "duty")
    with pytest.raises(LocalError, match="only the party"):
        pair.north.desk.letters.take_back(theirs(ref), "chief", SECRET, "No.")


@pytest.mark.parametrize(
    "ref", ["", "Liaison", "Liaison:ours:x/1", "Liaison:ours:1/99", "Nowhere:ours:1/1", "paper:1"]
)
def test_a_ref_that_names_no_letter_is_answered_with_a_sentence(pair: Pair, ref: str) -> None:
    with pytest.raises(LocalError) as refused:
        pair.south.desk.letters.get(ref)
    assert refused.value.hint
    with pytest.raises(LocalError):
        pair.south.desk.letters.release(ref, "chief", SECRET)


def test_a_file_that_is_no_sealed_letter_is_refused(pair: Pair) -> None:
    for data in (b"", b"\x80", b"x" * 100):
        with pytest.raises(LocalError):
            pair.south.desk.letters.hand_in(data, "duty", line="Liaison", kind="telegram", **NAMES)


def test_a_tender_that_nobody_answers_in_time_is_a_warning_until_it_is_answered(pair: Pair) -> None:
    """A tender of theirs has the time of its precedence, as a message has."""
    ref = tendered(pair, precedence="IMMEDIATE")
    due = pair.north.desk.letters.get(theirs(ref)).deadline
    assert due is not None and 1790 < due - pair.north.node.now() <= 1800
    assert pair.south.desk.letters.get(ref).deadline is None
    kinds = lambda: [alarm.kind for alarm in pair.north.desk.alarms()]  # noqa: E731
    assert "letter_waits" not in kinds()
    at = pair.north.desk.next_change_at()
    assert at is not None and at <= due
    pair.wait(1800)
    assert "letter_waits" in kinds()
    answered(pair, ref, "accepted")
    assert "letter_waits" not in kinds()
    assert pair.north.desk.letters.get(theirs(ref)).deadline is None
