"""What an observer of every wire reads, on real frames of two real ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from standing import TWO_MINUTES, WITHIN_S, two_ends

from parley.demo import words
from parley.demo.live import Live, open_ends
from parley.demo.tap import SEEN_MAX, Reading, Wire, read
from parley.scenario import DEMO_PASSPHRASE
from parley.scenario.paced import PacedClock

TEXT = "one boat adrift, three persons, unarmed; Qx7 Zk4 Vj9 Wp2 Gy8 Hb5 Xn3 Jd6 Kf1 Lz0 Qv5 Xw8"


class Recording(Wire):
    """A wire that keeps the bytes too, to compare them with what was read of them."""

    def __init__(self, wall: Callable[[], float]) -> None:
        super().__init__(wall)
        self.raw: list[bytes] = []

    def note(self, bearer: str, sender: str, frame: bytes) -> None:
        self.raw.append(frame)
        super().note(bearer, sender, frame)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not condition():
            await asyncio.sleep(0.005)


def live(folder: Path, then: Callable[[Live, Recording], object], *, up: bool = True) -> Recording:
    """Both ends of the two minutes live, with the coroutine `then` made of."""
    with two_ends(folder) as stage:
        at = stage.clock.wall()

    async def run() -> Recording:
        clock = PacedClock(asyncio.get_running_loop(), at, 20.0)
        wire = Recording(clock.wall)
        both = await open_ends(TWO_MINUTES, folder, clock, wire, dict.fromkeys(("cable", "fibre"), up))
        try:
            await then(both, wire)  # type: ignore[misc]
        finally:
            await both.close()
        return wire

    return asyncio.run(run())


def test_an_observer_reads_length_tag_and_counter_of_real_frames_and_no_word_of_theirs(
    tmp_path: Path,
) -> None:
    async def say_something(both: Live, wire: Recording) -> None:
        desk = both.desks["south"]
        draft = desk.compose("military", TEXT, "duty", language="en")
        sent = desk.release(draft.ref, "chief", DEMO_PASSPHRASE)
        await until(lambda: desk.message(sent.ref).state == "AT THEIR END")

    wire = live(tmp_path, say_something)
    assert {s.bearer for s in wire.seen} == {"cable", "fibre"}
    assert {s.sender for s in wire.seen} == {"north", "south"}
    kept = list(reversed(wire.seen))
    assert wire.frames == len(wire.raw) and len(kept) == min(len(wire.raw), SEEN_MAX)
    for seen, frame in zip(kept, wire.raw[-len(kept) :], strict=True):
        reading = seen.reading
        assert reading.bytes == len(frame)
        assert reading.tag == frame[1:5].hex() and reading.counter == int.from_bytes(frame[5:9], "big")
    assert {"life", "statement", "act"} <= {s.reading.size for s in kept}
    assert not [frame for frame in wire.raw if TEXT.encode()[:8] in frame or b"military" in frame]


def test_a_wire_that_is_cut_carries_nothing_and_one_that_is_mended_carries_on(tmp_path: Path) -> None:
    async def cut_and_mend(both: Live, wire: Recording) -> None:
        tap, port = both.taps["cable"], both.taps["cable"].port

        def up() -> set[bool]:
            return {
                state
                for desk in both.desks.values()
                for key, state in desk.status().bearers
                if key == "cable"
            }

        await until(lambda: up() == {True})
        await tap.cut()
        await until(lambda: up() == {False})
        frames = len([s for s in wire.seen if s.bearer == "cable"])
        await until(lambda: both.desks["south"].line("liaison").observed == "DOWN")
        assert len([s for s in wire.seen if s.bearer == "cable"]) == frames
        assert both.desks["south"].line("military").observed != "DOWN"
        await tap.mend()
        await until(lambda: up() == {True})
        await until(lambda: both.desks["south"].line("liaison").observed == "OK")
        assert tap.port == port

    wire = live(tmp_path, cut_and_mend)
    assert wire.frames > 0


def test_wires_that_are_cut_from_the_start_carry_nothing(tmp_path: Path) -> None:
    async def wait(both: Live, wire: Recording) -> None:
        await until(lambda: both.desks["south"].line("liaison").observed == "DOWN")

    assert live(tmp_path, wait, up=False).frames == 0


@pytest.mark.parametrize("data", [b"", b"\x00" * 40, b"\xff" * 200, b"\x01" * 20], ids=len)
def test_bytes_that_are_no_frame_are_told_as_such(data: bytes) -> None:
    assert read(data) == Reading(len(data), "nothing", None, None)


def test_there_are_words_for_every_size_an_observer_tells_apart() -> None:
    frame = bytes((1,)) + b"tags" + (7).to_bytes(4, "big")
    sizes = {read(frame + bytes(length - len(frame))).size for length in range(30, 1500)}
    assert sizes == {"life", "call", "statement", "frontier or act", "prekey", "epoch", "act", "other"}
    for size in sizes | {"nothing"}:
        assert words.say("en", f"see {size}") and words.say("ko", f"not {size}")
