"""Room for objects: an alarm when there is none, bytes an officer lets go of, and what a crash left (spec 16.3)."""

from __future__ import annotations

from pathlib import Path

import pytest
from two_desks import CHEAP, SECRET, START, End, Pair, theirs

from parley.core.errors import LocalError
from parley.core.instruments.sealed import Content
from parley.core.objects import ObjectName
from parley.core.types import Tier
from parley.desk.views import AlarmView
from parley.keys import principal as principals
from parley.node import Room
from parley.node import objects as moving
from parley.store import Store

NAMES = {"in_whose_name": "Office of the South", "to_whom": "Office of the North"}
DAY = 86400


class Writers:
    """A principal of each end; South's seals letters to North's."""

    def __init__(self, place: Path) -> None:
        place.mkdir()
        self._file = place / "south.key"
        made = []
        for name in ("south", "north"):
            principals.make_principal(place / f"{name}.key", f"Office of the {name}", SECRET, CHEAP)
            made.append(principals.unlock_principal(place / f"{name}.key", SECRET))
        self._writer, self._addressee = made

    def letter(self, words: str = "x") -> bytes:
        content = Content("en", None, None, Tier.COUNT_AND_DATES, (words,), None)
        with principals.held_book(self._writer, self._file) as book:
            made, after = principals.seal(self._writer, book.book, self._addressee.card, content, START)
            book.keep(after)
        return made.data


@pytest.fixture
def writers(tmp_path: Path) -> Writers:
    return Writers(tmp_path / "principals")


def room_of(end: End) -> Room:
    return next(room for room in end.node.rooms() if room.name == "Liaison")


def released(pair: Pair, end: End, paper: str) -> str:
    ref = end.desk.letters.release(paper, "chief", SECRET).ref
    pair.wait(5)
    return ref


def accepted(pair: Pair) -> str:
    ref = released(pair, pair.south, pair.south.desk.letters.tender("Liaison", "duty", **NAMES).ref)
    released(pair, pair.north, pair.north.desk.letters.answer(theirs(ref), "accepted", "duty").ref)
    return ref


def sent(pair: Pair, writers: Writers) -> str:
    """A letter of South's; its ref there."""
    ref = accepted(pair)
    released(pair, pair.south, pair.south.desk.letters.hand_in(writers.letter(), "duty", ref=ref).ref)
    pair.wait(60)
    return ref


def named(end: End, at: int = 0) -> ObjectName:
    """The name of the object of a line that was named first, or so many after it."""
    view = end.desk.objects.of_line("Liaison")[-1 - at]
    found = end.node.store.object_of_theirs(view.root)
    assert found is not None, "it is not held"
    return found[0]


def warnings(end: End) -> list[AlarmView]:
    return [alarm for alarm in end.desk.alarms() if alarm.kind == "not_fetched"]


def ours(store: Store) -> int:
    return len(store.objects_of_ours(2**32 - 1))


def test_no_room_for_a_letter_is_a_warning_and_letting_go_of_one_makes_room(
    pair: Pair, writers: Writers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OB-12, OB-19: one warning a line, which says what to do; the name stays, and is not fetched again."""
    assert moving.KEPT_BYTES_MAX == 512 << 20
    monkeypatch.setattr(moving, "KEPT_BYTES_MAX", 2500)
    north = pair.north.desk
    first, second = sent(pair, writers), sent(pair, writers)
    assert north.letters.get(theirs(first)).whole and not north.letters.get(theirs(second)).whole
    (warning,) = warnings(pair.north)
    assert (warning.level, warning.line) == ("warning", "Liaison")
    assert "want of room: 1" in warning.text and "letter forget" in warning.text
    one = named(pair.north)

    with pytest.raises(LocalError, match="not acknowledged"):
        north.objects.forget(one.root, "duty")
    assert north.objects.held(one)
    north.letters.acknowledge(theirs(first), "duty", SECRET)
    pair.wait(5)
    with pytest.raises(LocalError, match="may read, and nothing else"):
        north.objects.forget(one.root, "guest")
    north.objects.forget(one.root, "duty")

    assert not north.objects.held(one) and north.letters.is_forgotten(north._look.room("Liaison"), one)
    states = [view.state for view in north.objects.of_line("Liaison")]
    assert states == ["FETCHING", "FORGOTTEN"]
    pair.wait(300)
    assert north.letters.get(theirs(second)).whole and not warnings(pair.north)
    assert not north.objects.held(one), "it was fetched again"
    (note,) = [e for e in pair.north.node.watch_log.latest(50) if e.what == "forgotten"]
    assert (note.officer, note.detail["object"]) == ("duty", one.root.hex())
    with pytest.raises(LocalError, match="not here"):
        north.objects.forget(one.root, "duty")


def test_what_was_let_go_of_is_not_fetched_again_when_a_later_act_names_it(
    pair: Pair, writers: Writers
) -> None:
    """OB-19: also after a restart."""
    first = sent(pair, writers)
    pair.north.desk.letters.acknowledge(theirs(first), "duty", SECRET)
    one, room, node = named(pair.north), room_of(pair.north), pair.north.node
    pair.north.desk.objects.forget(one.root, "duty")
    (row,) = node._acts_naming(room)
    node.turn(lambda: node._named_objects(room, row.held))
    assert not node.store.is_wanted(room.id, row.held.sequence, 0) and not room.objects.held
    pair.start_again(pair.north)
    (view,) = pair.north.desk.objects.of_line("Liaison")
    assert view.state == "FORGOTTEN" and view.held_at is None and view.blocks_here == 0


def test_our_own_object_is_not_let_go_of(pair: Pair, writers: Writers) -> None:
    """OB-10: they may still ask for it."""
    sent(pair, writers)
    (view,) = pair.south.desk.objects.of_line("Liaison")
    with pytest.raises(LocalError, match="not here"):
        pair.south.desk.objects.forget(view.root, "duty")
    assert pair.south.desk.objects.of_line("Liaison")[0].state == "HELD"


def test_too_many_letters_at_once_are_a_warning_while_they_wait(
    pair: Pair, writers: Writers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OB-12."""
    monkeypatch.setattr(moving, "WANTED_MAX", 0)
    sent(pair, writers)
    (warning,) = warnings(pair.north)
    assert "until others before them are here: 1" in warning.text
    monkeypatch.setattr(moving, "WANTED_MAX", 64)
    room_of(pair.north).objects.fetches = None
    assert not warnings(pair.north)


def test_a_start_sweeps_what_a_crash_left_and_nothing_that_is_named(pair: Pair, writers: Writers) -> None:
    """OB-20: entered, waiting for a bearer, and prepared stay; what nothing names goes after a day."""
    sent(pair, writers)
    waits, prepared = accepted(pair), accepted(pair)
    letters, south = pair.south.desk.letters, pair.south
    paper = letters.hand_in(writers.letter(), "duty", ref=waits).ref
    pair.cut_cable()
    pair.wait(400)
    letters.release(paper, "chief", SECRET)
    letters.hand_in(writers.letter(), "duty", ref=prepared)
    south.node.turn(lambda: south.node.keep_object(room_of(south), b"left by a crash", b"s" * 32))
    assert len(south.node.store.waiting()) == 1 and ours(south.node.store) == 4

    pair.start_again(south)
    south.node.start()
    assert ours(south.node.store) == 4, "younger than a day"
    pair.wait(DAY + 1)
    pair.start_again(south)
    south.node.start()
    assert ours(south.node.store) == 3
    data = [south.node.store.object_bytes(n.root) for n in south.node.store.objects_of_ours(2**32 - 1)]
    assert b"left by a crash" not in data
