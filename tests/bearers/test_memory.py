"""The link between two memory bearers does to frames what it is told to, the same way for the same seed."""

from __future__ import annotations

import random

import pytest

from parley.bearers import Traits
from parley.bearers.memory import IN_FLIGHT_FRAMES_MAX, Faults, MemoryBearer, memory_pair
from parley.scenario.clock import VirtualClock

START = 1_627_347_600.0
SMALL = Traits(41, latency_ms=0, duplex=True, attended=False, cost=0)


class Bench:
    """Two opened ends on a virtual clock, and what each heard and was told."""

    def __init__(self, *, seed: int = 1, latency_s: float = 0.0, traits: Traits = SMALL) -> None:
        self.clock = VirtualClock(START)
        self.a, self.b = memory_pair(
            self.clock, traits=traits, latency_s=latency_s, chance=random.Random(seed)
        )
        self.link = self.a.link
        self.heard: dict[str, list[bytes]] = {"a": [], "b": []}
        self.told: dict[str, list[bool]] = {"a": [], "b": []}
        self.plug("a", self.a)
        self.plug("b", self.b)

    def plug(self, who: str, end: MemoryBearer) -> None:
        end.attach(self.heard[who].append, self.told[who].append)
        end.open()

    def run(self, seconds: float = 0.0) -> None:
        self.clock.run_until(self.clock.wall() + seconds)

    def send(self, count: int) -> list[bytes]:
        frames = [n.to_bytes(4, "big") * 5 for n in range(count)]
        for frame in frames:
            assert self.a.send(frame)
        return frames


def test_frames_arrive_after_the_latency_and_never_from_within_send() -> None:
    bench = Bench(latency_s=0.25)
    assert bench.a.send(b"one") and bench.b.send(b"two")
    bench.run(0.249)
    assert bench.heard == {"a": [], "b": []}
    bench.run(0.001)
    assert bench.heard == {"a": [b"two"], "b": [b"one"]}


def test_a_frame_without_latency_still_waits_for_the_timer() -> None:
    bench = Bench()
    bench.a.send(b"one")
    assert bench.heard["b"] == []
    bench.run()
    assert bench.heard["b"] == [b"one"]


def test_a_link_that_goes_down_loses_what_is_in_flight_and_says_so() -> None:
    bench = Bench(latency_s=1.0)
    bench.a.send(b"lost")
    bench.link.go_down()
    assert not bench.a.up and not bench.a.send(b"refused")
    bench.link.go_up()
    assert bench.a.send(b"kept")
    bench.run(2.0)
    assert bench.heard["b"] == [b"kept"]
    assert bench.told == {"a": [True, False, True], "b": [True, False, True]}


def test_one_way_alone_can_go_down() -> None:
    bench = Bench()
    bench.link.a_to_b.go_down()
    assert (bench.a.up, bench.b.up) == (False, True)
    assert not bench.a.send(b"no") and bench.b.send(b"yes")
    bench.run()
    assert bench.heard == {"a": [b"yes"], "b": []}
    assert bench.told == {"a": [True, False], "b": [True]}


def test_a_way_that_loses_everything_is_still_believed_up() -> None:
    bench = Bench()
    bench.link.a_to_b.faults = Faults(loss=1.0)
    bench.send(50)
    bench.run()
    assert bench.a.up and bench.heard["b"] == []


def test_going_down_twice_is_told_once() -> None:
    bench = Bench()
    bench.link.go_down()
    bench.link.go_down()
    bench.link.go_up()
    bench.link.go_up()
    bench.run()
    assert bench.told["a"] == [True, False, True]


def test_about_as_many_are_lost_as_the_chance_says() -> None:
    bench = Bench()
    bench.link.a_to_b.faults = Faults(loss=0.3)
    sent = bench.send(1000)
    bench.run()
    assert 620 < len(bench.heard["b"]) < 780
    assert set(bench.heard["b"]) <= set(sent)


def test_a_repeated_frame_arrives_twice_and_no_oftener() -> None:
    bench = Bench()
    bench.link.a_to_b.faults = Faults(repeat=1.0)
    sent = bench.send(20)
    bench.run()
    assert sorted(bench.heard["b"]) == sorted(sent * 2)


def test_reordering_delays_within_its_bound_and_loses_nothing() -> None:
    bench = Bench(latency_s=1.0)
    bench.link.a_to_b.faults = Faults(reorder_s=2.0)
    sent = bench.send(50)
    bench.run(0.999)
    assert bench.heard["b"] == []
    bench.run(2.001)
    assert bench.heard["b"] != sent
    assert sorted(bench.heard["b"]) == sent


def test_every_garbled_frame_differs_in_one_to_four_bytes() -> None:
    bench = Bench()
    bench.link.a_to_b.faults = Faults(garble=1.0)
    sent = bench.send(100)
    bench.run()
    for before, after in zip(sent, bench.heard["b"], strict=True):
        assert len(before) == len(after)
        assert 1 <= sum(x != y for x, y in zip(before, after, strict=True)) <= 4


def test_a_frame_of_one_byte_can_be_garbled() -> None:
    bench = Bench()
    bench.link.a_to_b.faults = Faults(garble=1.0)
    assert bench.a.send(b"x")
    bench.run()
    assert len(bench.heard["b"][0]) == 1 and bench.heard["b"] != [b"x"]


def test_alien_bytes_arrive_beside_ours() -> None:
    bench = Bench()
    bench.link.a_to_b.faults = Faults(alien=1.0)
    sent = bench.send(20)
    bench.run()
    aliens = [frame for frame in bench.heard["b"] if frame not in sent]
    assert len(aliens) == 20 and all(1 <= len(alien) <= 41 for alien in aliens)


def test_injected_bytes_arrive_though_the_way_is_down() -> None:
    bench = Bench(latency_s=1.0)
    bench.link.go_down()
    bench.link.a_to_b.inject(b"nobody's")
    bench.run(1.0)
    assert bench.heard == {"a": [], "b": [b"nobody's"]}


def test_the_same_seed_gives_the_same_run_and_another_seed_another() -> None:
    def heard(seed: int) -> list[bytes]:
        bench = Bench(seed=seed)
        bench.link.a_to_b.faults = Faults(loss=0.2, repeat=0.2, garble=0.2, alien=0.2, reorder_s=1.0)
        bench.send(200)
        bench.run(1.0)
        return bench.heard["b"]

    assert heard(1) == heard(1) != heard(2)


def test_turning_one_fault_up_does_not_change_which_frames_another_takes() -> None:
    def lost(faults: Faults) -> set[bytes]:
        bench = Bench()
        bench.link.a_to_b.faults = faults
        sent = bench.send(200)
        bench.run(1.0)
        return set(sent) - set(bench.heard["b"])

    assert lost(Faults(loss=0.3)) == lost(Faults(loss=0.3, repeat=0.5, alien=0.5, reorder_s=1.0))


def test_a_full_queue_refuses_and_has_room_again_after_arrivals_or_a_cut() -> None:
    bench = Bench(latency_s=1.0)
    bench.send(IN_FLIGHT_FRAMES_MAX)
    assert not bench.a.send(b"one too many")
    bench.run(1.0)
    bench.send(IN_FLIGHT_FRAMES_MAX)
    bench.link.go_down()
    bench.link.go_up()
    bench.send(IN_FLIGHT_FRAMES_MAX)
    bench.run(1.0)
    assert len(bench.heard["b"]) == 2 * IN_FLIGHT_FRAMES_MAX


def test_a_closed_end_hears_nothing_and_may_be_opened_anew() -> None:
    bench = Bench(latency_s=1.0)
    bench.run()
    bench.a.send(b"to nobody")
    bench.b.close()
    bench.b.close()
    assert not bench.b.up and not bench.b.send(b"no")
    bench.run(1.0)
    assert bench.heard["b"] == [] and bench.told["b"] == [True]
    bench.plug("b", bench.b)
    bench.a.send(b"to the new one")
    bench.run(1.0)
    assert bench.heard["b"] == [b"to the new one"] and bench.told["b"] == [True, True]


def test_news_meant_for_a_closed_end_does_not_reach_the_one_opened_after_it() -> None:
    bench = Bench()
    bench.run()
    bench.link.go_down()
    bench.b.close()
    bench.plug("b", bench.b)
    bench.run()
    assert bench.told["b"] == [True]


def test_a_one_way_pair_carries_from_the_first_to_the_second_only() -> None:
    bench = Bench(traits=Traits(41, latency_ms=0, duplex=False, attended=False, cost=0))
    assert (bench.a.up, bench.b.up) == (True, False)
    assert bench.a.send(b"out") and not bench.b.send(b"back")
    bench.run()
    assert bench.heard == {"a": [], "b": [b"out"]}


def test_using_an_end_out_of_order_is_refused() -> None:
    a, b = memory_pair(VirtualClock(START))
    with pytest.raises(RuntimeError):
        a.open()
    b.attach(lambda _: None, lambda _: None)
    with pytest.raises(RuntimeError):
        b.attach(lambda _: None, lambda _: None)
    b.open()
    with pytest.raises(RuntimeError):
        b.open()


@pytest.mark.parametrize("wrong", [{"loss": 1.1}, {"garble": -0.1}, {"reorder_s": -1.0}])
def test_faults_out_of_range_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError):
        Faults(**wrong)
