"""Announcements in worlds of chance: clocks set, ends killed, links down, texts held, resumed, aborted at any moment.

Whatever happens, by the clock of each end: nothing is public or in the record before its hour; what is public stays;
what was aborted never is; what goes out later than the bound was asked for a moment before, of an end that was up; what
is public is in the record once, as soon as the line allows; and an end that was up at
the hour, with nothing against its clock, was in time.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from announcing_ends import HOUR, SECRET, End, Ends

from parley.core.errors import LocalError
from parley.core.instruments.announcement import State

KINDS = ("kill", "jump", "drift", "link", "hold", "abort", "command")


class World:
    """One course of chance for both ends."""

    def __init__(self, place: Path, seed: int) -> None:
        self.chance = random.Random(seed)
        self.ends = Ends(place)
        self.ends.agree_on()
        self.number = {end.party: end.released() for end in self.ends.both()}
        self.up = {end.party: True for end in self.ends.both()}
        self.disturbed = {
            end.party: False for end in self.ends.both()
        }  # anything that may hold it or make it late
        self.suspect = {
            end.party: False for end in self.ends.both()
        }  # its clock was set, and no officer looked since
        self.was_public = {end.party: False for end in self.ends.both()}
        self.kinds = [kind for kind in KINDS if self.chance.random() < 0.4]
        self.aborted: set[str] = set()
        self.asked_at = {end.party: -1.0 for end in self.ends.both()}  # when last resumed while it was up
        self.told: list[str] = []

    def run(self) -> None:
        for _ in range(40):
            self.ends.wait(self.chance.choice((0.3, 5, 40, 300, 900)))
            if self.chance.random() < 0.5:
                self.step(self.chance.choice(self.ends.both()))
            self.judge()
        at = self.ends.common.wall()
        self.ends.until(max(at, HOUR) + 8200)  # by every clock
        self.judge()
        for end in self.ends.both():
            if not self.up[end.party]:
                end.start_again()
                self.up[end.party] = True
        self.ends.link.go_up()
        self.ends.wait(120)
        self.judge(ended=True)

    def step(self, end: End) -> None:
        does = self.chance.choice((*self.kinds, "start", "resume", "nothing", "nothing"))
        self.told.append(f"{self.ends.common.wall() - HOUR:+.1f} {end.party} {does}")
        party, number = end.party, self.number[end.party]
        try:
            match does:
                case "kill" if self.up[party]:
                    seen = end.state(number) == State.HELD  # else the end never looked at its clock again
                    self.suspect[party] = self.suspect[party] and seen
                    end.kill()
                    self.up[party], self.disturbed[party] = False, True
                case "start" if not self.up[party]:
                    end.start_again()
                    self.up[party] = True
                case "jump":
                    end.clock.off_s += self.chance.choice((-4000.0, -90.0, 90.0, 4000.0))
                    self.disturbed[party] = True
                    self.suspect[party] = self.up[party]
                case "drift" if self.chance.random() < 0.3:
                    end.clock.off_s += self.chance.choice((-9.0, 9.0))
                    self.disturbed[party] = True
                case "link":
                    self.chance.choice((self.ends.link.go_up, self.ends.link.go_down))()
                case "hold" if self.up[party]:
                    end.desk.announcements.hold(number, "watch")
                    self.disturbed[party] = True
                case "resume" if self.up[party]:
                    end.desk.announcements.resume(number, "chief", SECRET)
                    self.suspect[party] = False
                    self.asked_at[party] = self.ends.common.wall()
                case "command" if not self.up[party]:
                    end.open_for_a_command()
                    try:
                        end.desk.announcements.resume(number, "chief", SECRET)
                        self.suspect[party] = False
                    finally:
                        end.node.crash()
                case "abort" if self.up[party] and self.chance.random() < 0.2:
                    end.desk.announcements.abort(number, "chief", SECRET)
                    self.aborted.add(party)
                    self.disturbed[party] = True
        except LocalError as e:
            assert "is not possible" in e.text, (self.told, e.text)

    def judge(self, *, ended: bool = False) -> None:
        for end in self.ends.both():
            party = end.party
            public = end.title in end.site.said
            if public and not self.was_public[party]:
                assert not self.suspect[party], (self.told, "out by a clock that was set")
                is_late = end.site.at(end.title) - HOUR > 901
                asked_s = self.ends.common.wall() - self.asked_at[party]
                assert not is_late or asked_s <= 901, (self.told, "out late, and nobody asked")
            self.was_public[party] = public
            if public:
                assert end.site.at(end.title) >= HOUR, (self.told, "before its hour")
                assert party not in self.aborted, (self.told, "aborted, and public")
            if not self.up[party]:
                continue
            state = end.state(self.number[party])
            assert end.entered() <= (state == State.PUBLISHED), (
                self.told,
                "in the record though not published",
            )
            assert public == (state == State.PUBLISHED), (self.told, state)
            if public and not self.disturbed[party]:
                assert end.site.at(end.title) - HOUR <= 1.0, (self.told, "late")
            if not self.disturbed[party] and end.clock.wall() > HOUR + 1:
                assert public, (self.told, "not out though nothing spoke against it")
            if ended and public:
                assert end.entered() == 1, (self.told, "never entered")


@pytest.mark.parametrize("seed", range(2))
def test_whatever_happens_nothing_is_out_before_its_hour_and_what_is_out_stays(
    tmp_path: Path, seed: int
) -> None:
    World(tmp_path, seed).run()


@pytest.mark.slow
@pytest.mark.parametrize(
    "seed", [pytest.param(n, marks=[pytest.mark.deep] if n >= 12 else []) for n in range(2, 24)]
)
def test_whatever_happens_nothing_is_out_before_its_hour_in_many_worlds(tmp_path: Path, seed: int) -> None:
    World(tmp_path, seed).run()
