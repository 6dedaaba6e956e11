"""kill -9 of a real node during traffic: nothing reported is lost, nothing is doubled, both records agree."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
import realends
from realends import LINE, WORDS, Gone, Pair, RealEnd


class Officers(threading.Thread):
    """Duty drafts and chief releases at one end, one message after another, whatever becomes of its node."""

    def __init__(self, end: RealEnd, series: str, pause_s: float) -> None:
        super().__init__(name=end.party, daemon=True)
        self.end, self.series, self.pause_s = end, f"{end.party}, series {series}:", pause_s
        self.written: list[str] = []
        self.reported: list[str] = []  # the texts that a release reported as released
        self.stopped = threading.Event()
        self.trouble = ""

    def run(self) -> None:
        try:
            while not self.stopped.is_set():
                self._one(f"{self.series} {len(self.written)}")
                time.sleep(self.pause_s)
        except BaseException as e:
            self.trouble = repr(e)
            raise

    def _one(self, text: str) -> None:
        self.written.append(text)
        try:
            draft = self.end.ask("compose", line=LINE, text=text, by="duty")["ref"]
        except Gone:
            return  # whether it was drafted nobody knows; it is not released
        while not self.stopped.is_set():
            try:
                found = self.end.ask("message", ref=draft)
                if found["ref"] == draft:  # it still waits
                    found = self.end.ask("release", draft=draft, by="chief", passphrase=WORDS["chief"])
                assert found["text"] == text and found["ref"] != draft
                self.reported.append(text)
                return
            except Gone:
                time.sleep(0.02)  # look before you repeat


def play(pair: Pair, kills: int, seed: int, pause_s: float, lives_s: tuple[float, float]) -> list[Officers]:
    """Traffic both ways while nodes are killed in turn; gives the officers once all has settled."""
    chance = random.Random(seed)
    officers = [Officers(end, str(seed), pause_s) for end in pair]
    for each in officers:
        each.start()
    for number in range(kills):
        time.sleep(chance.uniform(*lives_s))
        end = (pair.north, pair.south)[number % 2]
        end.kill()
        end.up(wait=False)
        if chance.random() < 0.25:  # and once more while it starts
            time.sleep(chance.uniform(0.1, 0.6))
            end.kill()
            end.up(wait=False)
    for end in pair:
        end.answers()
    time.sleep(lives_s[0])
    for each in officers:
        each.stopped.set()
    for each in officers:
        each.join(30)
        assert not each.is_alive() and not each.trouble, each.trouble
    pair.settled()
    return officers


def assert_nothing_lost(pair: Pair, officers: list[Officers], place: Path) -> None:
    pins = []
    for each in officers:
        ours, theirs = (
            [m for m in end.ask("messages", line=LINE, most=100_000) if m["text"].startswith(each.series)]
            for end in (each.end, pair.other(each.end))
        )
        arrived = Counter(m["text"] for m in theirs)
        assert set(each.reported) <= set(arrived) <= set(each.written)
        assert set(arrived.values()) == {1}
        assert Counter(m["text"] for m in ours) == arrived
        for message in ours:
            assert any(r["state"] == "AT THEIR END" and r["at"] is not None for r in message["ladder"]), (
                message
            )
        status = each.end.ask("status")
        assert status["alarms"] == [] and status["unopened_frames"] == 0
        assert all(line["agree"] == "agree" and line["missing"] == 0 for line in status["lines"])
        pins.append(status["fingerprint"])
    files = []
    for end in pair:
        for line in end.ask("lines"):
            files.append(str(place / f"{end.party} {line['name'].partition(' wire')[0]}.export"))
            end.ask("export", line=line["name"], path=files[-1])
        assert end.down() == 0
        assert "fault" not in end.node_said()
    said = realends.run("verify", *files, "--pin", pins[0], "--pin", pins[1])
    assert said.code == 0 and "both records agree" in said.out, said


@pytest.mark.slow
def test_three_kills_lose_nothing(prepared: Pair, tmp_path: Path) -> None:
    pair = Pair(*(realends.twin(end, tmp_path / end.party) for end in prepared))
    pair.join()
    pair.up()
    try:
        officers = play(pair, 3, seed=1, pause_s=0.01, lives_s=(0.1, 0.2))
        assert min(len(each.reported) for each in officers) > 3
        assert_nothing_lost(pair, officers, tmp_path)
    finally:
        pair.stop()


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_twenty_kills_lose_nothing(by_commands: Pair, tmp_path: Path, seed: int) -> None:
    for end in by_commands:
        if end.process is None:
            end.up()
    officers = play(by_commands, 20, seed, pause_s=0.05, lives_s=(0.3, 1.5))
    assert min(len(each.reported) for each in officers) > 20
    assert_nothing_lost(by_commands, officers, tmp_path)
