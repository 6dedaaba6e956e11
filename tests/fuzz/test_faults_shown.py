"""What the other party signed and should not have is kept, listed, shown and written out, byte for byte."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path

import beside
import door_peer
import pytest
from asgi_client import Browser
from door_peer import LOUD, MESSAGE, WORDS, Peer
from realends import Said, in_process, refused

from parley.console import app
from parley.core.record import check_signed
from parley.core.types import ActKind
from parley.core.wire import entry as wire
from parley.desk.views import FaultView

PAGE = (Path(__file__).parents[2] / "docs" / "guide" / "commands.md").read_text(encoding="utf-8")
assert beside


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """An end whose peer put two entries at one place, and signed for what is not there."""
    with door_peer.peer_at(tmp_path_factory.mktemp("faulty")) as peer:
        room = peer.rooms[LOUD]
        at = peer.next(room)
        for text in ("one", "two \u202e hostile"):
            peer.act(room, ActKind.MESSAGE, (*MESSAGE, text), sequence=at)
        peer.wait(5)
        peer.statement(room, their_size=1 << 20, their_root=bytes(32))
        peer.wait(1)
        yield peer


@pytest.fixture
def at_rest(faulty: Peer, tmp_path: Path) -> Iterator[list[str]]:
    """The command line for that end, whose node is not up meanwhile."""
    (tmp_path / "pass").write_text(WORDS)
    (tmp_path / "pass").chmod(0o600)
    faulty.victim.fall()
    yield ["--home", str(faulty.victim.path), "--passphrase-file", str(tmp_path / "pass")]
    faulty.victim.restart()


def says(at_rest: list[str], *words: str) -> Said:
    return in_process([*at_rest, *words])


def test_faults_are_listed_newest_first_with_time_and_reason(faulty: Peer) -> None:
    views = faulty.victim.desk.faults()
    assert [view.reason for view in views] == [
        "they acknowledge entries that our record does not have",
        "two entries at one place of their log",
    ]
    assert views[0].heard_at > views[1].heard_at and {view.line for view in views} == {LOUD}
    assert all(view.kind == "entry" and view.differs for view in views)
    assert faulty.victim.desk.faults(LOUD, 1) == views[:1]
    assert faulty.victim.desk.faults(door_peer.QUIET) == ()


def test_the_evidence_of_a_fault_is_the_entry_their_key_signed(faulty: Peer) -> None:
    for view in faulty.victim.desk.faults():
        found = faulty.victim.desk.fault(view.ref)
        evidence = bytes.fromhex(found.evidence)
        assert found.fault == view and len(evidence) == view.bytes
        assert evidence in {said.data for said in faulty.sent}
        entry = wire.decode_entry(evidence)
        signer = faulty.node_key if "acknowledge" in view.reason else faulty.officers[1]
        check_signed(entry, signer.public_key)
        assert entry.sequence == view.sequence


def test_the_commands_list_and_show_what_the_desk_has(
    faulty: Peer, at_rest: list[str], tmp_path: Path
) -> None:
    listed = says(at_rest, "fault", "list", "--json")
    assert listed.code == 0 and len(listed.found) == 2
    assert json.loads(listed.out)["command"] == "fault list"
    keys = [
        row.split("`")[1]
        for row in re.findall(r"^\| `.*$", PAGE.partition("### A fault")[2].partition("###")[0], re.M)
    ]
    assert list(listed.found[0]) == keys == [f.name for f in dataclasses.fields(FaultView)]
    for fault in listed.found:
        out = tmp_path / fault["ref"]
        said = says(at_rest, "fault", "show", fault["ref"], "-o", str(out), "--json")
        assert said.code == 0 and said.found["fault"] == fault
        assert out.read_bytes().hex() == said.found["evidence"]
        assert fault["reason"] in says(at_rest, "fault", "show", fault["ref"][:8]).out
    assert "two entries at one place" in says(at_rest, "fault", "list", LOUD).out
    assert "two entries" not in says(at_rest, "fault", "list", door_peer.QUIET).out


def test_what_is_no_fault_is_told_so_and_nothing_is_overwritten(at_rest: list[str], tmp_path: Path) -> None:
    for ref in ("", "0123456789abcdef", "xyz", "\u202e", "f" * 4):
        refused(says(at_rest, "fault", "show", ref), "there is no fault")
    (tmp_path / "mine").write_text("mine")
    ref = says(at_rest, "fault", "list", "--json").found[0]["ref"]
    refused(says(at_rest, "fault", "show", ref, "-o", str(tmp_path / "mine")), "exists already")
    assert (tmp_path / "mine").read_text() == "mine"
    refused(says(at_rest, "fault", "show", ref, "-o", str(tmp_path / "mine" / "x")), "cannot be written")
    refused(says(at_rest, "fault", "list", "Nope"), "there is no line 'Nope'")


def test_the_page_of_a_line_shows_its_faults_and_other_pages_do_not(faulty: Peer) -> None:
    officer = Browser(app(faulty.victim.desk, allowed_hosts=("127.0.0.1",)))
    assert officer.sign_in(door_peer.OFFICERS[0], door_peer.WORDS).status == 303
    words = officer.get("/line/Line%202").text
    for view in faulty.victim.desk.faults():
        assert view.reason in words and " ".join(re.findall("....", view.ref)) in words
    assert "Faults of theirs" in words
    assert "Faults of theirs" not in officer.get("/line/Line%201").text


def test_a_frame_that_cannot_be_rebuilt_is_shown_as_a_frame(faulty: Peer) -> None:
    room = faulty.rooms[LOUD]
    before = len(faulty.victim.desk.faults())
    stranger = door_peer.keys.FileSigner(bytes(32))
    faulty.act(room, ActKind.MESSAGE, MESSAGE, signer=stranger, explicit=True)
    faulty.wait(1)
    newest, *rest = faulty.victim.desk.faults()
    assert len(rest) == before and newest.kind == "frame" and newest.sequence is None
    assert newest.reason.startswith("a frame of theirs cannot be rebuilt")
