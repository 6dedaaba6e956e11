"""Fifty commands at once: each is done, once; the record does not fork and the journal is one chain."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import realends
from realends import LINE, WORDS, Pair, RealEnd, Said

from parley.home import Home
from parley.watch_log import Happened

AT_ONCE = 50


def together(end: RealEnd, commands: list[tuple[str, ...]]) -> list[Said]:
    """All of them begun before any is waited for."""
    begun = [
        subprocess.Popen(
            [sys.executable, "-m", "parley", *end.words(*words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for words in commands
    ]
    done = []
    for process in begun:
        out, err = process.communicate(timeout=180)
        done.append(Said(process.returncode, out.decode(), err.decode()))
    return done


@pytest.fixture(params=["node up", "no node"])
def end(prepared: Pair, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[RealEnd]:
    made = realends.twin(prepared.north, tmp_path)
    made.configure("")
    if request.param == "node up":
        made.up()
    yield made
    if made.process is not None:
        made.kill()


def close_and_open(end: RealEnd) -> Home:
    if end.process is not None:
        assert end.down() == 0
        assert end.node_said() == ""
    return Home.open(end.home, WORDS["end"])


@pytest.mark.slow
def test_fifty_drafts_and_releases_at_once(end: RealEnd) -> None:
    (end.secrets / "node.err").write_bytes(b"")
    texts = [f"text {i}" for i in range(AT_ONCE)]
    said = together(end, [("send", LINE, text, "--as", "duty", "--json") for text in texts])
    assert [s.code for s in said] == [0] * AT_ONCE, Counter(s.err for s in said)
    drafts = {s.found["ref"]: s.found["text"] for s in said}
    assert len(drafts) == AT_ONCE and sorted(drafts.values()) == sorted(texts)

    # all are released at once, ten of them twice: one of the two is refused
    said = together(end, [("release", d, "--as", "chief", "--json") for d in [*drafts, *list(drafts)[:10]]])
    done = [s.found for s in said if s.code == 0]
    assert sorted(m["text"] for m in done) == sorted(texts)
    assert len({m["ref"] for m in done}) == AT_ONCE
    assert len(done) == AT_ONCE
    for s in said:
        if s.code:
            realends.refused(s, "is RELEASED already")

    home = close_and_open(end)
    try:
        assert home.watch_log.broken_at() is None
        journal = Counter(event.what for event in home.watch_log.latest(10_000))
        assert journal[Happened.DRAFT] == journal[Happened.RELEASED] == AT_ONCE
        waiting = home.store.waiting()
        assert len({(w.author, w.number) for w in waiting}) == len(waiting) == AT_ONCE
    finally:
        home.close()


@pytest.mark.slow
def test_a_node_that_starts_among_commands_waits_its_turn(prepared: Pair, tmp_path: Path) -> None:
    end = realends.twin(prepared.north, tmp_path)
    end.configure("")
    (end.secrets / "node.err").write_bytes(b"")
    before = [("send", LINE, f"before {i}", "--as", "duty", "--json") for i in range(10)]
    begun = [
        subprocess.Popen(
            [sys.executable, "-m", "parley", *end.words(*words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for words in before
    ]
    end.up()
    said = together(end, [("send", LINE, f"after {i}", "--as", "duty", "--json") for i in range(10)])
    for process in begun:
        out, err = process.communicate(timeout=60)
        said.append(Said(process.returncode, out.decode(), err.decode()))
    assert [s.code for s in said] == [0] * 20, Counter(s.err for s in said)
    assert len({s.found["ref"] for s in said}) == 20
    close_and_open(end).close()


@pytest.mark.slow
def test_fifty_releases_at_once_reach_the_other_end_once_each(prepared: Pair, tmp_path: Path) -> None:
    pair = Pair(*(realends.twin(end, tmp_path / end.party) for end in prepared))
    for end in pair:
        (end.secrets / "node.err").write_bytes(b"")
    pair.join()
    pair.up()
    try:
        for end in pair:
            drafts = [
                end.ask("compose", line=LINE, text=f"{end.party} {i}", by="duty")["ref"] for i in range(25)
            ]
            said = together(end, [("release", d, "--as", "chief", "--json") for d in drafts])
            assert [s.code for s in said] == [0] * 25, Counter(s.err for s in said)
        pair.settled()
        files, pins = [], []
        for end in pair:
            arrived = [m["text"] for m in end.ask("messages", line=LINE, most=1000) if not m["ours"]]
            assert sorted(arrived) == sorted(f"{pair.other(end).party} {i}" for i in range(25))
            status = end.ask("status")
            assert status["alarms"] == []
            pins += ["--pin", status["fingerprint"]]
            files.append(str(tmp_path / f"{end.party}.export"))
            end.ask("export", line=LINE, path=files[-1])
            assert end.down() == 0 and end.node_said() == ""
        assert realends.run("verify", *files, *pins).code == 0
    finally:
        pair.stop()
