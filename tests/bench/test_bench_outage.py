"""The bench of an outage: a cable that loses what it should and nothing else, and a short outage that comes right."""

from __future__ import annotations

import argparse
import random
import socket
import time

import pytest
from bench.two_hosts import DEAD, GOOD, Cable, Way

from bench import outage, two_hosts

WITHIN_S = 5.0


class Wired:
    """Two hosts of the test at a cable that carries datagrams."""

    def __init__(self, way: Way) -> None:
        pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in (0, 1)]
        self.hosts = [near for near, _ in pairs]
        for host in self.hosts:
            host.settimeout(WITHIN_S)
        self.cable = Cable((pairs[0][1].detach(), pairs[1][1].detach()), way, random.Random(1))

    def __enter__(self) -> Wired:
        self.cable.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.cable.stop()
        for host in self.hosts:
            host.close()


def test_a_good_cable_carries_both_ways_in_order() -> None:
    with Wired(GOOD) as wired:
        near, far = wired.hosts
        for number in range(50):
            near.send(b"to %d" % number)
        far.send(b"back")
        assert [far.recv(100) for _ in range(50)] == [b"to %d" % number for number in range(50)]
        assert near.recv(100) == b"back"
        assert (wired.cable.packets, wired.cable.octets) == (
            51,
            sum(len(b"to %d" % n) for n in range(50)) + 4,
        )


def test_what_a_dead_cable_drops_does_not_come_after_it_is_healed() -> None:
    with Wired(DEAD) as wired:
        near, far = wired.hosts
        near.send(b"lost")
        deadline = time.monotonic() + WITHIN_S
        while not wired.cable.packets and time.monotonic() < deadline:
            pass
        wired.cable.becomes(GOOD)
        near.send(b"healed")
        assert far.recv(100) == b"healed"


def test_a_slow_cable_takes_the_time_of_its_rate_and_its_delay() -> None:
    with Wired(Way(delay_s=0.02, rate=80_000)) as wired:
        near, far = wired.hosts
        begun = time.monotonic()
        for _ in range(5):
            near.send(bytes(100))
        for _ in range(5):
            far.recv(200)
        assert time.monotonic() - begun >= 0.02 + 5 * 100 * 8 / 80_000


def test_a_bad_cable_loses_about_what_it_is_told_to() -> None:
    with Wired(Way(loss=0.3)) as wired:
        near, far = wired.hosts
        for _ in range(200):
            near.send(b"maybe")
        deadline = time.monotonic() + WITHIN_S
        while wired.cable.packets < 200 and time.monotonic() < deadline:
            pass
        wired.cable.becomes(GOOD)
        near.send(b"end")
        arrived = 0
        while far.recv(100) != b"end":
            arrived += 1
        assert 110 <= arrived <= 170


def test_without_root_nothing_is_measured_and_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(two_hosts, "missing", lambda: "needs root")
    found = outage.run(argparse.Namespace(short=False, outage_messages=1000))
    assert set(found) == {
        f"catchup_{which}_s_{lasting}" for which in ("first", "all") for lasting in (30, 180)
    }
    assert all(figure.value is None and figure.why == "needs root" for figure in found.values())


@pytest.mark.slow
def test_after_a_short_outage_all_messages_are_there_once_and_in_order() -> None:
    if why := two_hosts.missing():
        print(f"not shown here: {why}")
        pytest.skip(why)
    caught = outage.outage(4.0, 50)
    assert caught.wrong == ""
    assert caught.released == 50
    assert 0 < caught.first_s <= caught.all_s < 30
