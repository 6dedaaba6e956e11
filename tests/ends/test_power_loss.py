"""Power cuts at every moment of real ends at work: what a disk may then hold still makes the end that was.

The course, the images and the judge are `parley.testing.disk`; here is a short form of it, builds with one rule
broken that it must catch, and the tests of what notes the writes. The long form: `python -m parley.testing.disk`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import apsw
import pytest

from parley.node import Node
from parley.testing import disk
from parley.testing.both import PARTIES
from parley.testing.written import Disk, Name, Recorder, Resize, Sync, SyncFolder, Torn, Write, fates, ways

T = TypeVar("T")
FULL, WAL = "PRAGMA synchronous=FULL", "PRAGMA journal_mode=WAL"


# --- what a cut may leave, by hand --------------------------------------------------------------


def laid(*operations: disk.Operation) -> Disk:
    made = Disk()
    for number, done in enumerate(operations):
        made.take(number, done)
    return made


NEW = (Name("/d/a", 1), SyncFolder("/d"), Write(1, 0, b"old"), Sync(1))


def test_a_write_is_sure_once_its_file_is_synced_and_not_before() -> None:
    cut = laid(*NEW, Write(1, 0, b"new"))
    assert cut.image({}) == {"/d/a": b"old"}
    assert cut.image({4: True}) == {"/d/a": b"new"}
    cut.take(5, Sync(1))
    assert cut.image({}) == {"/d/a": b"new"} and cut.pending == {}


def test_a_sync_of_one_file_says_nothing_of_another() -> None:
    cut = laid(*NEW, Name("/d/b", 2), SyncFolder("/d"), Write(2, 0, b"b"), Write(1, 0, b"new"), Sync(1))
    assert cut.image({}) == {"/d/a": b"new", "/d/b": b""}


def test_what_is_kept_of_later_writes_stands_over_zeros_where_earlier_ones_were_lost() -> None:
    cut = laid(*NEW, Write(1, 3, b"xx"), Write(1, 5, b"yy"))
    assert cut.image({5: True}) == {"/d/a": b"old\0\0yy"}


def test_a_file_that_was_made_may_be_missing_until_its_folder_is_synced() -> None:
    cut = laid(Name("/d/a", 1), Write(1, 0, b"a"), Sync(1))
    assert cut.image({}) == {}
    assert cut.image({0: True}) == {"/d/a": b"a"}
    cut.take(3, Sync(1, "/d/a"))  # as a log of SQLite is synced the first time
    assert cut.image({}) == {"/d/a": b"a"}


def test_a_file_that_was_deleted_may_be_back_until_its_folder_is_synced() -> None:
    cut = laid(*NEW, Name("/d/a", None))
    assert cut.image({}) == {"/d/a": b"old"} and cut.image({4: True}) == {}
    cut.take(5, Name("/d/a", 2))
    assert cut.image({5: True}) == {"/d/a": b""} and cut.image({}) == {"/d/a": b"old"}
    cut.take(6, SyncFolder("/d"))
    assert cut.image({}) == {"/d/a": b""}


def test_a_file_that_was_cut_off_may_have_its_end_still() -> None:
    cut = laid(*NEW, Resize(1, 1))
    assert cut.image({}) == {"/d/a": b"old"} and cut.image({4: True}) == {"/d/a": b"o"}


def test_a_torn_write_leaves_whole_sectors_of_either_time() -> None:
    cut = laid(*NEW[:2], Write(1, 0, b"a" * 1536), Sync(1), Write(1, 100, b"b" * 1300))
    assert cut.image({4: Torn(512, frozenset({1}))}) == {"/d/a": b"a" * 512 + b"b" * 512 + b"a" * 512}
    assert cut.image({4: Torn(4096, frozenset())}) == {"/d/a": b"a" * 1536}


def test_junk_lies_only_where_the_file_surely_had_nothing() -> None:
    cut = laid(*NEW[:2], Write(1, 0, b"a" * 600), Sync(1), Write(1, 0, b"b" * 1536))
    (left,) = cut.image({4: Torn(512, frozenset({2}), "seed")}).values()
    assert left[:600] == b"a" * 600 and left[1024:] == b"b" * 512
    assert len(set(left[600:1024])) > 100


def test_few_operations_are_lost_and_kept_in_every_way() -> None:
    cut = laid(*NEW, Write(1, 0, b"x"), Write(1, 1, b"y"), Write(1, 2, b"z"))
    count = ways(cut, "some")
    assert count == 8
    images = {cut.image(fates(cut, "some", way, ""))["/d/a"] for way in range(count)}
    assert len(images) == 8
    assert [ways(cut, kind) for kind in ("all", "none", "one lost", "one kept")] == [1, 1, 3, 3]


# --- what is noted ------------------------------------------------------------------------------


def replayed(recorder: Recorder) -> dict[str, bytes]:
    made = laid(*recorder.done)
    return made.image(dict.fromkeys(made.pending, True))


def test_what_a_database_and_a_plain_file_write_is_noted_whole(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    with recorder.recording():
        db = apsw.Connection(str(tmp_path / "a.db"))
        db.execute(
            "PRAGMA journal_mode=WAL; CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(20000))"
        ).fetchall()
        handle = os.open(tmp_path / "slots", os.O_RDWR | os.O_CREAT)
        os.write(handle, b"first")
        os.pwrite(handle, b"next", 4096)
        os.fsync(handle)
        os.close(handle)
        there = {
            str(path): path.read_bytes() for path in tmp_path.iterdir() if not path.name.endswith("-shm")
        }
        noted = replayed(recorder)
        db.close()
    assert len(there) == 3 and noted == there
    assert list(replayed(recorder)) == [str(tmp_path / "a.db"), str(tmp_path / "slots")]
    done = len(recorder.done)
    apsw.Connection(str(tmp_path / "b.db")).execute("CREATE TABLE t (x)")
    assert len(recorder.done) == done


def played(folder: Path, steps: int) -> disk.Played:
    folder.mkdir()
    return disk.play(Path(os.path.realpath(folder)), seed=5, steps=steps)


def test_a_course_is_noted_whole(tmp_path: Path) -> None:
    course = played(tmp_path / "one", steps=1)
    noted = laid(*course.operations)
    image = noted.image(dict.fromkeys(noted.pending, True))
    for party in PARTIES:
        for name in (*disk.DATABASES, "keys.wrap", "home.key", "officers/duty.json"):
            path = course.folder / party.lower() / name
            assert image[str(path)] == path.read_bytes()


@pytest.mark.slow
def test_a_course_writes_the_same_each_time_it_is_played(tmp_path: Path) -> None:
    one, two = (played(tmp_path / name, steps=20) for name in ("one", "two"))
    assert len(one.operations) == len(two.operations)
    for name in ("record.db", "watch.db"):
        assert [h.states[name] for h in one.histories] == [h.states[name] for h in two.histories]


# --- the ends -----------------------------------------------------------------------------------


def test_an_end_starts_from_what_a_power_cut_leaves() -> None:
    result = disk.run(seed=1, images=30, steps=2)
    assert result.failures == [] and result.tried.total() == 30 and result.states > 5


@pytest.mark.slow
def test_nothing_that_may_have_left_is_lost_in_hundreds_of_power_cuts() -> None:
    result = disk.run(seed=2, images=400, steps=40)
    assert result.failures == []
    assert result.tried.total() == 400 and result.states > 80 and result.healed > 3
    assert all(result.tried[kind] for kind in disk.KINDS)


class ReceiptsFirst(Node):
    """Lets its statements out before the commit, and all else after it."""

    def turn(self, do: Callable[[], T]) -> T:
        def eager() -> T:
            result = do()
            self._follow_up()
            for room in self.rooms() if self._running else ():
                self._refill(room)
                for flight in [f for f in room.flights.values() if f.once]:
                    self._send_entry(room, flight, self.clock.monotonic(), set())
            return result

        return super().turn(eager)


BROKEN: dict[str, tuple[disk.Build, type[Node], str]] = {
    "record not synced at commit": (
        {("record.db", FULL): "PRAGMA synchronous=NORMAL"},
        Node,
        "record.db is as it was after commit",
    ),
    "record never synced": ({("record.db", FULL): "PRAGMA synchronous=OFF"}, Node, "record.db"),
    "journal in memory": ({("record.db", WAL): "PRAGMA journal_mode=MEMORY"}, Node, "record.db"),
    "journal that goes with its name unsynced": (
        {("record.db", WAL): "PRAGMA journal_mode=DELETE"},
        Node,
        "record.db is as it was after commit",
    ),
    "keys not synced at commit": (
        {("keys.db", FULL): "PRAGMA synchronous=NORMAL"},
        Node,
        "in which",  # a counter was used before
    ),
    "receipts before the commit": ({}, ReceiptsFirst, "a frame had left"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BROKEN)
def test_a_build_that_loses_what_it_should_keep_is_caught(name: str) -> None:
    build, node, told = BROKEN[name]
    result = disk.run(seed=0, images=120, steps=30, build=build, node=node)
    assert any(told in why for _, why in result.failures), result.failures[:3]


@pytest.mark.slow
def test_a_failed_image_is_tried_again_by_its_name() -> None:
    build = BROKEN["record not synced at commit"][0]
    failed = disk.run(seed=0, images=60, steps=10, build=build).failures
    cut, why = next((cut, why) for cut, why in failed if cut is not None)
    again = disk.run(seed=0, images=1, steps=10, build=build, only=disk.Cut.read(str(cut)))
    assert again.failures == [(cut, why)]
