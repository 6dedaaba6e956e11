"""An export checked by several processes: the same verdicts, findings and refusals as by one, whatever becomes of the
others (spec 13)."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from parley.cli import checking
from parley.core import export
from parley.core.export import Begun, Checked, Piece, Refused, Verdict

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="nothing is forked here")

VECTORS = sorted((Path(__file__).parents[2] / "vectors" / "export").glob("*.json"))
FILES = {path.stem: bytes.fromhex(json.loads(path.read_text())["file"]) for path in VECTORS}


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """So that small files are cut too; and nothing of a test is left at work, nor open."""
    monkeypatch.setattr(checking, "ITEMS", 1)
    monkeypatch.setattr(checking, "SHORT", 1)
    monkeypatch.setattr(checking, "_cores", lambda: 3)
    before = len(os.listdir("/proc/self/fd"))
    yield
    assert len(os.listdir("/proc/self/fd")) == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def told(data: bytes, checker: export.Checker | None = checking.pieces) -> Verdict | tuple[str, str]:
    """The verdict, or what is refused and why."""
    try:
        return export.verify(data, (), checker)
    except Refused as e:
        return (e.where, e.why)


@pytest.mark.parametrize("name", FILES)
def test_several_say_of_a_file_what_one_says(name: str) -> None:
    """XP-1 to XP-10."""
    assert told(FILES[name]) == told(FILES[name], None)


@pytest.mark.parametrize("seed", range(40))
def test_several_refuse_of_a_damaged_file_what_one_refuses(seed: int) -> None:
    """XP-1: the first part or entry that does not hold is named, whoever found it."""
    chance = random.Random(seed)
    data = bytearray(chance.choice(list(FILES.values())))
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(data) // 2, len(data))
        data[at : at + chance.randrange(2)] = bytes((chance.choice(b"\x00\x18\x58\x59\x80\x81\x83\xf6\xff"),))
    assert told(bytes(data)) == told(bytes(data), None)


WHOLE = FILES["whole-and-restored"]
BEGUN = export._begin(WHOLE, ())
CUTS = list(export.cuts(WHOLE, BEGUN, 1))


Check = Callable[..., Piece]


def works(monkeypatch: pytest.MonkeyPatch, how: Check) -> list[int]:
    """Has helpers check as `how` says; gives the stretches that this process checked, as they come."""
    here, mine, usual = os.getpid(), list[int](), checking._Together.checked

    def checked(work: checking._Together, *asked: int) -> Piece:
        if os.getpid() != here:
            return how(work, *asked)
        mine.append(asked[0])
        return usual(work, *asked)

    monkeypatch.setattr(checking._Together, "checked", checked)
    return mine


def dies(work: checking._Together, *asked: int) -> Piece:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def fails(work: checking._Together, *asked: int) -> Piece:
    raise MemoryError


@pytest.mark.parametrize("how", [dies, fails])
def test_what_a_helper_that_dies_was_to_check_is_checked_here(
    how: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = works(monkeypatch, how)
    assert told(WHOLE) == told(WHOLE, None)
    assert sorted(mine) == list(range(len(CUTS) - 1))


def test_a_helper_at_work_is_ended_when_an_entry_before_its_own_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def waits(work: checking._Together, *asked: int) -> Piece:
        time.sleep(600)
        raise AssertionError

    works(monkeypatch, waits)
    work = checking._Together(BEGUN, WHOLE, 2)
    work._next = 1
    work._hand_out(1)
    assert [helper.has for helper in work._helpers] == [[1, 2, 3], [4, 5, 6]]
    with work:
        assert len(work.checked(*work.asked(0)).entries) == 1


def test_what_helpers_find_is_what_is_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the comparisons above compare something: with one entry changed by a helper the file does not hold."""
    usual = checking._Together.checked

    def wrong(work: checking._Together, *asked: int) -> Piece:
        piece = usual(work, *asked)
        return Piece(
            [Checked._make((*entry[:9], bytes(32), *entry[10:])) for entry in piece.entries], piece.stops
        )

    monkeypatch.setattr(checking, "IN_HAND", 100)
    mine = works(monkeypatch, wrong)
    assert isinstance(told(WHOLE, None), Verdict)
    assert told(WHOLE) != told(WHOLE, None) and len(mine) < len(CUTS) - 1


def test_without_processes_one_does_it_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more processes, one core, a short file."""

    def refused() -> int:
        raise BlockingIOError

    wanted = told(WHOLE, None)
    for name, value in (("SHORT", 1 << 20), ("_cores", lambda: 1)):
        with monkeypatch.context() as now:
            now.setattr(checking, name, value)
            now.setattr(os, "fork", lambda: pytest.fail("it forked"))
            assert told(WHOLE) == wanted
    monkeypatch.setattr(os, "fork", refused)
    assert told(WHOLE) == wanted


def test_lengths_that_mislead_the_cuts_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """XP-1: what begins at a cut is checked only if the stretch before was found to stop there."""
    usual = export.cuts

    def misled(data: bytes, begun: Begun, every: int) -> Iterator[tuple[int, int]]:
        return ((number, at + (number > 2)) for number, at in usual(data, begun, every))

    wanted = told(WHOLE, None)
    monkeypatch.setattr(export, "cuts", misled)
    assert told(WHOLE) == wanted
    monkeypatch.setattr(export, "cuts", lambda *given: ((n + (n > 2), at) for n, at in usual(*given)))
    assert told(WHOLE) == wanted
