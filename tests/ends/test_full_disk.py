"""What lasts: a disk that fills up or becomes read-only, and a stranger who floods; no loss, and it goes on by itself.

A disk that is really full, or read-only, is a small file system in memory, which root may mount. Where nobody may,
those tests are skipped, and what is left is a disk that is full as far as a process can tell: the system lets it make
no file longer than it has.
"""

from __future__ import annotations

import random
import resource
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import realends
from realends import LINE, WORDS, Live, Pair, RealEnd, asked, refused, until

from parley.core.errors import LocalError

START = 1_900_000_000.0

FREE = resource.RLIM_INFINITY


def let_write(end: RealEnd, bytes_max: int) -> None:
    assert end.process is not None and sys.platform == "linux"
    resource.prlimit(end.process.pid, resource.RLIMIT_FSIZE, (bytes_max, FREE))


def say(end: RealEnd, text: str) -> str:
    """A message, released; the sentence of the refusal when it was refused."""
    found = asked(end.door(), {"ask": "compose", "with": {"line": LINE, "text": text, "by": "duty"}})
    if "answer" in found:
        given = {"draft": found["answer"]["ref"], "by": "chief", "passphrase": WORDS["chief"]}
        found = asked(end.door(), {"ask": "release", "with": given})
    return str(found.get("error", ""))


def texts(end: RealEnd, *, ours: bool) -> list[str]:
    return sorted(m["text"] for m in end.ask("messages", line=LINE, most=10_000) if m["ours"] is ours)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux can limit a process that runs")
@pytest.mark.parametrize("room_bytes", [0, 4096, 100_000])
def test_a_node_on_a_full_disk_lives_and_goes_on(prepared: Pair, tmp_path: Path, room_bytes: int) -> None:
    pair = Pair(*(realends.twin(end, tmp_path / end.party) for end in prepared))
    for end in pair:
        (end.secrets / "node.err").write_bytes(b"")
    pair.join()
    pair.up()
    north, south = pair
    try:
        for end in pair:
            assert say(end, f"{end.party} before") == ""
        pair.settled()
        largest = max(path.stat().st_size for path in north.home.glob("*.db*"))
        let_write(north, room_bytes if room_bytes == 0 else largest + room_bytes)

        refusals = [say(north, f"North full {i}") for i in range(30)]
        assert all(say(south, f"South full {i}") == "" for i in range(30))
        assert any(refusals)
        until(lambda: bool(north.ask("status")["alarms"]))
        assert south.ask("status")["alarms"] == []
        if room_bytes == 0:
            assert texts(north, ours=False) == ["South before"]

        let_write(north, FREE)
        until(lambda: not north.ask("status")["alarms"])
        assert say(north, "North after") == ""
        pair.settled()
        written = [f"North full {i}" for i in range(30)]
        released = {text for text, refusal in zip(written, refusals, strict=True) if not refusal}
        arrived = texts(south, ours=False)
        assert len(arrived) == len(set(arrived))
        assert released | {"North before", "North after"} <= set(arrived)
        assert texts(north, ours=False) == sorted(["South before", *(f"South full {i}" for i in range(30))])

        pins, files = [], []
        for end in pair:
            pins += ["--pin", end.ask("status")["fingerprint"]]
            files.append(str(tmp_path / f"{end.party}.export"))
            end.ask("export", line=LINE, path=files[-1])
            assert end.ask("status")["alarms"] == []
        for end in pair:
            assert end.down() == 0 and end.node_said() == ""
        assert realends.run("verify", *files, *pins).code == 0
    finally:
        pair.stop()


def test_keys_that_cannot_be_kept_are_an_alarm_and_no_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is committed is done, whatever the disk says of the keys a moment later."""
    live = Live(realends.empty(tmp_path), START)
    live.offer_line()
    live.open_line()

    def full(*_: object, **__: object) -> None:
        raise LocalError("the disk is full: keys cannot be kept", "free some space")

    refs = []
    for desk, node in zip(live.desks, live.nodes, strict=True):
        with monkeypatch.context() as patch:
            patch.setattr(node.keys.table, "put", full)
            for number in range(300):  # beyond the block of counters that is reserved
                refs.append((desk, live.say(desk, f"{node.home.party} {number}")))
                live.wait(0.1)
            assert desk.status().alarms == ("the disk is full: keys cannot be kept",)
        live.wait(120)
        assert desk.status().alarms == ()
    for desk, ref in refs:
        assert any(r.state == "AT THEIR END" and r.at is not None for r in desk.message(ref).ladder)
    assert not any(desk.faults() or desk.line(LINE).missing for desk in live.desks)
    live.close()


# --- a file system of its own -------------------------------------------------------------------


@contextmanager
def small_disk(place: Path, kib: int) -> Iterator[Path]:
    """A file system of `kib` KiB at `place`; skips the test where none may be mounted."""
    place.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={kib}k,mode=700", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(["mount", *options], capture_output=True).returncode:
        pytest.skip("only root may mount a small file system; a full disk is also tried by limits on files")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill(disk: Path, left_bytes: int) -> Path:
    """Fills a disk up to the last bytes; gives the file that does."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
        file.truncate(max(0, file.tell() - left_bytes))
    return filler


def drafts_and_record(end: RealEnd) -> tuple[list[str], set[str]]:
    drafts = [end.runs("send", LINE, f"text {i}", "--as", "duty", "--json").found["ref"] for i in range(3)]
    return drafts, {e["check"] for e in end.says("record", LINE, "--json").found}


def goes_on(end: RealEnd, drafts: list[str], before: set[str], place: Path) -> None:
    """Everything that was there is there, and each draft can be released, once."""
    found = end.runs("record", LINE, "--json").found
    assert before <= {e["check"] for e in found}
    for draft in drafts:
        if end.runs("show", draft, "--json").found["state"] == "WAITING RELEASE":
            end.runs("release", draft, "--as", "chief")
        assert end.runs("show", draft, "--json").found["state"] == "RELEASED"
    end.runs("export", LINE, "-o", str(place / "whole.export"))
    assert realends.run("verify", str(place / "whole.export")).code == 4
    assert end.says("status", "--json").found["alarms"] == []


@pytest.mark.slow
@pytest.mark.parametrize("left_bytes", [0, pytest.param(8192, marks=pytest.mark.deep), 120_000])
def test_a_disk_that_is_really_full_is_told_and_nothing_is_lost(
    prepared: Pair, tmp_path: Path, left_bytes: int
) -> None:
    with small_disk(tmp_path / "disk", 4096) as disk:
        end = realends.twin(prepared.north, disk)
        drafts, before = drafts_and_record(end)
        filler = fill(disk, left_bytes)
        refusals = 0
        for words in (
            ("send", LINE, "more", "--as", "duty"),
            ("release", drafts[0], "--as", "chief"),
            ("export", LINE, "-o", str(disk / "x.export")),
            ("pair", "card", "-o", str(disk / "x.card")),
            ("officer", "add", "new", "--office", "x", "--officer-passphrase-file", end.secret("duty")),
            ("sever", LINE, "--grounds", "x", "--as", "nobody"),
            ("status",),
        ):
            said = end.runs(*words, code=None)
            if said.code:
                refused(said, "")
                refusals += 1
        assert refusals > 1 or left_bytes > 100_000
        for made in ("x.export", "x.card"):
            if (disk / made).exists():  # whole, or not there
                assert (disk / made).stat().st_size > 1000
        new = RealEnd("New", disk / "new", end.secrets)
        said = new.runs("init", "--party", "New", code=None)
        if said.code:
            refused(said, "")
        filler.unlink()
        goes_on(end, drafts, before, tmp_path)


@pytest.mark.slow
def test_a_disk_that_became_read_only_is_told_and_nothing_is_lost(prepared: Pair, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 8192) as disk:
        end = realends.twin(prepared.north, disk)
        drafts, before = drafts_and_record(end)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        for words in (
            ("status",),
            ("record", LINE),
            ("send", LINE, "more", "--as", "duty"),
            ("release", drafts[0], "--as", "chief"),
            ("up",),
        ):
            refused(end.runs(*words, code=None), "")
        new = RealEnd("New", disk / "new", end.secrets)
        refused(new.runs("init", "--party", "New", code=None), "Read-only file system")
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
        goes_on(end, drafts, before, tmp_path)


# --- a stranger who floods ----------------------------------------------------------------------


class Flooder(threading.Thread):
    """Connects to a port and pours frames of nobody into it, as fast as they are taken, until it is stopped."""

    def __init__(self, port: int, seed: int) -> None:
        super().__init__(daemon=True)
        self.port, self.chance, self.stopped, self.poured = port, random.Random(seed), threading.Event(), 0

    def run(self) -> None:
        frames = [self.chance.randbytes(self.chance.choice((41, 140, 300, 4096))) for _ in range(50)]
        frames += [b"\1" + self.chance.randbytes(40) for _ in range(50)]
        packets = b"".join(len(frame).to_bytes(2, "big") + frame for frame in frames)
        while not self.stopped.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1) as link:
                    while not self.stopped.is_set():
                        link.sendall(packets)
                        self.poured += len(frames)
            except OSError:
                continue  # another took the place


@pytest.mark.slow
def test_a_stranger_at_line_speed_keeps_nobody_from_talking(prepared: Pair, tmp_path: Path) -> None:
    pair = Pair(*(realends.twin(end, tmp_path / end.party) for end in prepared))
    for end in pair:
        (end.secrets / "node.err").write_bytes(b"")
    pair.join()
    port = int((pair.north.home / "parley.toml").read_text().rpartition(":")[2].strip().strip('"'))
    pair.up()
    flooders = [Flooder(port, seed) for seed in range(3)]
    try:
        until(lambda: all(dict(end.ask("status")["bearers"])["cable"] for end in pair))
        for flooder in flooders:
            flooder.start()
        until(lambda: sum(flooder.poured for flooder in flooders) > 2000)
        for number in range(5):
            for end in pair:
                assert say(end, f"{end.party} {number}") == ""
        pair.settled(60)  # while they pour
        assert all(flooder.is_alive() for flooder in flooders)
        assert pair.north.ask("status")["unopened_frames"] > 1000
        for end in pair:
            assert len(texts(end, ours=False)) == 5
            assert end.ask("status")["alarms"] == []
    finally:
        for flooder in flooders:
            flooder.stopped.set()
        for flooder in flooders:
            if flooder.ident is not None:
                flooder.join(10)
        try:
            pair.settled()
            for end in pair:
                assert end.down() == 0 and end.node_said() == ""
        finally:
            pair.stop()
