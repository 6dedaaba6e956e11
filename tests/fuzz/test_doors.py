"""Each door for a moment, and in the slow suite for longer; and builds with a fault planted, which are caught."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import door_parsers
import door_peer
import doors
import long
import pytest
from damage import quick_folder

from parley.core import line as lines
from parley.core.errors import RemoteError
from parley.core.types import ActKind
from parley.core.wire import frame as frames
from parley.node import Node, Room


@pytest.fixture
def place() -> Iterator[Path]:
    with quick_folder() as folder:
        yield Path(folder)


QUICK = [name for name, door in doors.DOORS.items() if door.short]


@pytest.mark.parametrize("name", QUICK)
def test_a_door_takes_what_it_should_not_get_for_a_moment(name: str) -> None:
    passes(name, "quick", doors.DOORS[name].short)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.deep] if name == "peer" else []) for name in doors.DOORS]
)
def test_a_door_takes_what_it_should_not_get_for_long(name: str) -> None:
    passes(name, "slow", doors.DOORS[name].middle)


def passes(name: str, seed: str, cases: int) -> None:
    result = doors.run(doors.DOORS[name], seed, cases=cases, shrink=False)
    assert result.cases == cases or result.failures
    assert not result.failures, "\n\n".join(f"{f.again}\n{f.text}" for f in result.failures)


def test_every_step_of_the_peer_is_taken_within_the_middle_form() -> None:
    """A step nobody ever takes would try nothing."""
    steps = door_peer.STEPS * doors.DOORS["peer"].middle
    least = min(weight for _, weight in door_peer.DO) / sum(weight for _, weight in door_peer.DO)
    assert steps * least > 20


# --- the test of the test: what is planted is found ---------------------------------------------


def test_a_parser_that_fails_in_another_way_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    right = frames.decode_plain

    def planted(data: bytes) -> frames.Plain:
        try:
            return right(data)
        except RemoteError as e:
            if "ends early" in e.text:
                raise KeyError("planted") from None
            raise

    monkeypatch.setattr(frames, "decode_plain", planted)
    found = doors.run(doors.DOORS["parse opened frame"], "planted", cases=400, shrink=False)
    assert any("KeyError" in failure.text for failure in found.failures)


def test_a_parser_that_takes_a_second_encoding_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    parser = door_parsers.PARSERS["cbor"]

    def planted(data: bytes) -> None:
        parser.take(data[:-1] if data.endswith(b"\0") else data)
        assert not data.endswith(b"\0") or parser.take(data) is None

    monkeypatch.setitem(door_parsers.PARSERS, "cbor", door_parsers.Parser(parser.good, planted, ()))
    assert doors.run(doors.DOORS["parse cbor"], "planted", cases=200, shrink=False).failures


def test_a_parser_that_takes_too_much_memory_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    parser = door_parsers.PARSERS["payload"]
    kept: list[bytes] = []

    def planted(data: bytes) -> None:
        kept.append(bytes(8 << 20))
        kept.clear()

    monkeypatch.setitem(door_parsers.PARSERS, "payload", door_parsers.Parser(parser.good, planted))
    found = doors.run(doors.DOORS["parse payload"], "planted", cases=200, shrink=False)
    assert any("bytes of memory" in failure.text for failure in found.failures)


class StopsOnAWrongRoot(Node):
    """A node that does not go on after a statement with a root that is not its own."""

    def _fault(self, room: Room, reason: str, evidence: bytes, *, differs: bool = False) -> None:
        super()._fault(room, reason, evidence, differs=differs)
        if "their root of our log" in reason:
            raise ValueError("planted")


class DropsFaults(Node):
    """A node that keeps no evidence of two entries at one place."""

    def _fault(self, room: Room, reason: str, evidence: bytes, *, differs: bool = False) -> None:
        if "two entries at one place" not in reason:
            super()._fault(room, reason, evidence, differs=differs)


class ForgetsWhatIsBeyond(Node):
    """A node whose fold after a restart is another than the one it had in memory."""

    def _fold(self, room: Room) -> None:
        super()._fold(room)
        room.line = lines.replace(room.line, owed=0)


def two_at_a_place(peer: door_peer.Peer) -> None:
    room = peer.rooms[door_peer.LOUD]
    at = peer.next(room)
    for text in ("one", "two"):
        peer.act(room, ActKind.MESSAGE, (*door_peer.MESSAGE, text), sequence=at)


def a_wrong_root(peer: door_peer.Peer) -> None:
    peer.statement(peer.rooms[door_peer.QUIET], their_root=b"\1" * 32)


def a_lie_about_the_future(peer: door_peer.Peer) -> None:
    peer.statement(peer.rooms[door_peer.QUIET], their_size=1 << 20, their_root=b"\1" * 32)


@pytest.mark.parametrize(
    ("build", "does", "says"),
    [
        (StopsOnAWrongRoot, a_wrong_root, "planted"),
        (DropsFaults, two_at_a_place, "neither in the record nor among the faults"),
        (ForgetsWhatIsBeyond, two_at_a_place, "replay"),
    ],
)
def test_a_node_with_a_planted_fault_is_caught(
    place: Path, build: type[Node], does: Callable[[door_peer.Peer], None], says: str
) -> None:
    with door_peer.peer_at(place / "right") as peer:
        does(peer)
        peer.holds()
    with pytest.raises(Exception, match=says), door_peer.peer_at(place / "planted", build) as peer:
        does(peer)
        peer.holds()


def test_a_node_that_gives_no_receipts_any_more_is_caught(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with door_peer.peer_at(place) as peer:
        monkeypatch.setattr(lines, "due", lambda line, now: ())
        with pytest.raises(AssertionError, match="receipt for"):
            peer.holds()


def test_a_record_that_grows_without_bound_is_caught(place: Path) -> None:
    with door_peer.peer_at(place) as peer:
        peer.bounded()
        peer.victim.store._db.execute("CREATE TABLE planted AS SELECT zeroblob(1 << 23)")
        with pytest.raises(AssertionError, match="bytes of disk"):
            peer.bounded()


# --- what the doors found ----------------------------------------------------------------------


@pytest.fixture
def peer(place: Path) -> Iterator[door_peer.Peer]:
    with door_peer.peer_at(place) as found:
        yield found


def test_what_was_acknowledged_wrongly_does_not_show_as_at_their_end(peer: door_peer.Peer) -> None:
    for lie in (a_lie_about_the_future, a_wrong_root):
        lie(peer)
        peer.wait(1)
        desk = peer.victim.desk
        ref = desk.release(desk.compose(door_peer.QUIET, "x", "clerk").ref, "first", door_peer.WORDS).ref
        peer.wait(1)
        assert desk.message(ref).state == "SENDING"
    peer.statement(peer.rooms[door_peer.QUIET])
    peer.wait(1)
    assert desk.message(ref).state == "AT THEIR END"


def test_a_message_whose_name_another_act_has_can_be_opened_and_says_so(peer: door_peer.Peer) -> None:
    room = peer.rooms[door_peer.LOUD]
    peer.act(room, ActKind.ACKNOWLEDGE, (bytes(32), 1, None), number=77)
    peer.wait(0.1)
    peer.act(room, ActKind.MESSAGE, door_peer.MESSAGE, number=77)
    peer.wait(1)
    (view,) = [m for m in peer.victim.desk.messages(door_peer.LOUD) if not m.ours]
    assert peer.victim.desk.message(view.ref).mark == "another act has this name; this one has no effect"


def test_a_message_of_line_0_entered_on_another_line_waits_for_nobody(peer: door_peer.Peer) -> None:
    room = peer.rooms[door_peer.LOUD]
    peer.act(room, ActKind.MESSAGE, door_peer.MESSAGE, of_order_wire=True)
    peer.wait(1)
    desk = peer.victim.desk
    assert desk.needs_us() == () and not [m for m in desk.messages() if not m.ours]
    assert "MESSAGE" in [entry.kind for entry in desk.entries(door_peer.LOUD) if not entry.ours]


@pytest.mark.parametrize("below_the_end", [0, 1, 2])
def test_an_entry_at_the_very_end_of_a_log_does_not_stop_the_node(
    peer: door_peer.Peer, below_the_end: int
) -> None:
    """Nothing lies above the last place, so a frontier has no hole to tell of there."""
    peer.act(
        peer.rooms[door_peer.LOUD], ActKind.MESSAGE, door_peer.MESSAGE, sequence=0xFFFFFFFF - below_the_end
    )
    peer.wait(2)
    peer.holds()


@pytest.mark.parametrize("sequence", [-1, -(1 << 63) - 1, -(1 << 64), 1 << 32, (1 << 64) - 1])
def test_a_receipt_for_a_place_that_cannot_be_is_a_fault_and_does_not_stop_the_node(
    peer: door_peer.Peer, sequence: int
) -> None:
    peer.statement(peer.rooms[door_peer.LOUD], 1, ((sequence, bytes(32)),))
    peer.wait(1)
    assert peer.victim.desk.faults(door_peer.LOUD)
    peer.holds()


@contextmanager
def stumbling(folder: Path) -> Iterator[doors.Case]:
    """A door of eight steps, the sixth of which fails if the third was taken."""

    def play(seed: str, steps: doors.Steps) -> int:
        taken = range(8) if steps is None else steps
        if 2 in taken and 5 in taken:
            raise KeyError("planted")
        return 8

    yield play


def test_a_failure_is_cut_down_and_told_with_what_repeats_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(doors.DOORS, "planted", doors.Door("planted", stumbling, 1, 1))
    assert long.main(["--door", "planted", "--seed", "7", "--seconds", "0.01"]) == 1
    told = capsys.readouterr().out
    assert (
        './run fuzz --door "planted" --seed 7 --only 0 --steps 2,5' in told and "KeyError: 'planted'" in told
    )
    assert long.main(["--door", "planted", "--seed", "7", "--only", "0", "--steps", "2,5"]) == 1
    assert long.main(["--door", "planted", "--seed", "7", "--only", "0", "--steps", "2,4"]) == 0


def test_a_door_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert long.main(["--door", "cellar"]) == 2
    assert "There is no door 'cellar'" in capsys.readouterr().err
