"""The bench of messages: what it counts and how it tells it, and that each of its parts measures at all."""

from __future__ import annotations

import json
import os
import socket
import time
from pathlib import Path

import pytest
from bench.flash import Slow
from bench.floor import Floor, Talked
from bench.talk import FLYING, TEXTS, Beside, per_s, percentile
from bench.up import free_port

from bench import __main__ as command
from bench import flash, talk, wire


def test_every_text_that_is_said_has_a_hundred_characters() -> None:
    assert {len(text) for text in TEXTS} == {100}
    assert all(text.strip() == text and text.isascii() for text in TEXTS)


def test_a_percentile_is_a_wait_that_was_waited() -> None:
    hundred = Talked([float(n) for n in range(100, 0, -1)], 2.0, 0.5)
    assert (percentile(hundred, 50), percentile(hundred, 99), per_s(hundred)) == (51.0, 100.0, 50.0)
    assert percentile(Talked([7.0], 1.0, 0.0), 99) == 7.0


def test_a_ratio_is_taken_over_the_floors_on_both_sides_of_it() -> None:
    floors = Talked([1.0], 1.0, 0.0), Talked([3.0], 1.0, 0.0)
    assert Beside(Talked([4.0], 1.0, 0.0), floors).ratio(lambda t: t.waited_ms[0]) == 2.0


def test_without_leave_to_count_packets_the_wire_is_said_to_be_not_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wire, "missing", lambda: "packets are counted by root only")
    found = talk._wired(None, 0, None)  # type: ignore[arg-type]
    assert {f.value for f in found.values()} == {None}
    assert {f.why for f in found.values()} == {"packets are counted by root only"}
    assert found["wire_bytes_per_message"].aim == 420


@pytest.mark.skipif(bool(wire.missing()), reason=wire.missing())
def test_packets_of_the_port_are_counted_with_their_headers_and_no_others() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mine, socket.create_server(("127.0.0.1", 0)) as other:
        with wire.counted(mine.getsockname()[1]) as found, wire.counted(free_port()) as nothing:
            for server, size in ((mine, 100), (other, 700)):
                with socket.create_connection(server.getsockname()) as one, server.accept()[0] as two:
                    one.sendall(b"x" * size)
                    assert two.recv(size, socket.MSG_WAITALL) == b"x" * size
        assert nothing.packets == 0
        assert found.packets >= 7  # three to begin, one with what was said, three or four to end
        assert 100 + 40 * 7 <= found.ip_bytes < 700


def test_the_floor_syncs_and_signs_each_record_and_its_receipt(tmp_path: Path) -> None:
    with Floor(tmp_path) as floor:
        alone, crowd = floor.talk(3, 1), floor.talk(40, FLYING)
    assert (len(alone.waited_ms), len(crowd.waited_ms)) == (3, 40)
    assert min(alone.waited_ms) > 0 and crowd.lasted_s > 0
    assert (tmp_path / "sent").stat().st_size == 43 * (364 + 72)
    assert (tmp_path / "received").stat().st_size == 43 * 364


def test_frames_before_a_flash_are_counted_from_the_mark_in_the_order_of_the_stream() -> None:
    here, there = free_port(), free_port()

    def frame(size: int) -> bytes:
        return size.to_bytes(2, "big") + b"f" * size

    with (
        socket.create_server(("127.0.0.1", here)) as server,
        Slow(there, here) as slow,
        socket.create_connection(("127.0.0.1", there)) as receiver,
        server.accept()[0] as sender,
    ):
        sender.sendall(frame(200) * 3)
        slow.wait_for(3 * 202)
        slow.mark(os.getpid())
        sender.sendall(frame(200) * 2 + frame(flash.FLASH_BYTES[0]) + frame(200))
        assert slow.before_flash()[0] == 2
        receiver.sendall(b"back")
        assert sender.recv(4, socket.MSG_WAITALL) == b"back"
        wanted = 3 * 202 + 3 * 202 + 2 + flash.FLASH_BYTES[0]
        assert len(receiver.recv(wanted, socket.MSG_WAITALL)) == wanted


def test_the_slow_way_is_slow() -> None:
    here, there = free_port(), free_port()
    with (
        socket.create_server(("127.0.0.1", here)) as server,
        Slow(there, here) as slow,
        socket.create_connection(("127.0.0.1", there)),
        server.accept()[0] as sender,
    ):
        sender.setblocking(False)
        begun = time.perf_counter()
        sender.send(bytes([0, 1, 7]) * 10_000)
        slow.wait_for(flash.BYTES_PER_S / 4)
        assert time.perf_counter() - begun > 0.15


@pytest.mark.slow
@pytest.mark.parametrize(
    "part", ["killed", *(pytest.param(part, marks=pytest.mark.deep) for part in ("flash", "talk", "idle"))]
)
def test_a_short_run_measures_all_it_can(part: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([part, "--short", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    unmeasured = {name for name, figure in told.items() if figure["value"] is None}
    of_the_wire = {"wire_bytes_per_message", "wire_bytes_per_message_paced", "idle_bytes_per_s"}
    assert unmeasured <= {"startup_s_200k"} | (of_the_wire if wire.missing() else set())
    if part == "killed":
        assert told["kill_arrived"]["value"] == 100 and told["kill_arrived_twice"]["value"] == 0
