"""A disk that fills up under a running node: an alarm and refusals, no loss, and it goes on by itself.

The disk is full as far as the node can tell: the system lets it make no file longer than it has.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import pytest
import realends
from realends import LINE, WORDS, Live, Pair, RealEnd, asked, until

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
