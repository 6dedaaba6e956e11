"""The demonstration as it runs: two ends that live and die with the clock, three sites, and what may be asked of it.

All of this is on the loop's thread, so each desk has one caller; only the part of the story that a jump plays runs
on a thread of its own, and while it does nobody else has the homes.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from parley import console
from parley.console.demo import Demo
from parley.core.errors import LocalError, ParleyError, Sentence
from parley.demo import proof
from parley.demo.autopilot import PATIENCE_S, Autopilot, send_flash
from parley.demo.course import RETURN, SILENT_FROM, START, Course, carrying, changes, next_landing
from parley.demo.live import Live, open_ends, site_of
from parley.demo.proof import Flip, Proof
from parley.demo.story import MILITARY, OURS, THEIRS, Story
from parley.demo.switchboard import Switchboard
from parley.demo.tap import Wire
from parley.scenario import DEMO_PASSPHRASE
from parley.scenario.paced import PacedClock

RATES: Final = (1.0, 60.0)
TICK_S: Final = 0.2
FLASHES: Final = {
    "south": (
        "[invented] [지어낸 글] 어선 1척 기관 고장, 37-40 N 124-50 E에서 북쪽으로 표류 중. "
        "비무장, 3명. 구조와 인도를 요청함."
    ),
    "north": (
        "[invented] [지어낸 글] 미확인 부유물 1개, 37-42 N 124-48 E에서 남쪽으로 이동 중. "
        "폭발 위험이 있으니 접근을 금할 것."
    ),
}
_FLASH_REASON: Final = "[invented] danger to life, and of a clash"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a console is found. `host`: the name under which this machine's own browser reaches it."""

    host: str
    port: int
    allowed_hosts: tuple[str, ...]


class House:
    """The demonstration. Made on a running loop; `open` begins the first life, `close` ends the last."""

    def __init__(
        self, course: Course, folder: Path, places: dict[str, Place], guide_url: str,
        *, patience_s: float = PATIENCE_S,
    ) -> None:  # fmt: skip
        """`folder` holds both homes, as `course` left them at START; `places` is by party."""
        self.course, self.scenario, self.places = course, course.scenario, places
        self._folder, self._guide_url, self._patience_s = folder, guide_url, patience_s
        self.clock = PacedClock(asyncio.get_running_loop(), float(START), 0.0)
        self.wire = Wire(self.clock.wall)
        self.story = Story()
        self.switchboards = {key: Switchboard() for key in places}
        self.links = {
            key: {secrets.token_urlsafe(16): officer.login for officer in self.scenario.party(key).officers}
            for key in places
        }
        self.live: Live | None = None
        self.pilots: dict[str, Autopilot] = {}
        self.proof: Proof | None = None
        self.flip: Flip | None = None
        self.busy = ""
        """What is under way and takes seconds: "jump", "prove", "flip", or nothing."""
        self.trouble: ParleyError | None = None
        """Why the last thing asked for was not done."""
        self._on = {OURS: False, THEIRS: True}
        self._changes = [(at, change) for at, change in changes(self.scenario) if at > START]
        self._working: asyncio.Task[None] | None = None
        self._looked_at = float("-inf")

    def site(self, party: str) -> Path:
        """The folder of a party's public site."""
        return site_of(self._folder, party)

    @property
    def silent(self) -> frozenset[str]:
        """The parties whose people do not answer now, as it was."""
        return frozenset({THEIRS} if SILENT_FROM <= self.now < RETURN else ())

    @property
    def now(self) -> int:
        """Unix seconds by the clock of the demonstration."""
        return int(self.clock.wall())

    async def open(self) -> None:
        """A life begins: both ends at work, both consoles connected, the clock runs at rate 1. Raises LocalError
        and OSError."""
        up = carrying(self.scenario, self.clock.wall())
        self.live = await open_ends(self.scenario, self._folder, self.clock, self.wire, up)
        for key, end in self.live.ends.items():
            place = self.places[key]
            demo = Demo(lambda: self.clock.rate, self._guide_url, DEMO_PASSPHRASE, self.links[key])
            self.switchboards[key].connect(
                console.app(end.desk, allowed_hosts=place.allowed_hosts, demo=demo)
            )
            pilot = Autopilot(end.desk, DEMO_PASSPHRASE, on=self._on[key], patience_s=self._patience_s)
            self.pilots[key] = pilot
        self.clock.set_rate(1.0)

    async def close(self) -> None:
        """The life ends: the clock stands, the consoles are gone, both homes are closed; idempotent."""
        self.clock.set_rate(0.0)
        for switchboard in self.switchboards.values():
            switchboard.connect(None)
        self.pilots = {}
        live, self.live = self.live, None
        if live is not None:
            await live.close()

    async def end(self) -> None:
        """As `close`, after what is under way is done; a jump is played to its end first."""
        if self._working is not None:
            await asyncio.wait([self._working])
        await self.close()

    # --- by itself

    async def run(self) -> None:
        """What goes on by itself, until cancelled."""
        while True:
            await self.tick()
            await asyncio.sleep(TICK_S)

    async def tick(self) -> None:
        """The wires of the story, the ends that act by themselves, and where the visitor is."""
        live = self.live
        if live is None:
            return
        while self._changes and self._changes[0][0] <= self.now:
            _, change = self._changes.pop(0)
            for key in change.bearers:
                await (live.taps[key].mend() if change.up else live.taps[key].cut())
        now = asyncio.get_running_loop().time()
        for key, pilot in self.pilots.items():
            pilot.silent = key in self.silent
            pilot.act(now)
        if now - self._looked_at >= 1.0:
            self._looked_at = now
            self.story.look(live.desks, self.now)

    # --- what may be asked; each raises LocalError for what cannot be done now

    def set_rate(self, rate: float) -> None:
        if rate not in RATES:
            raise LocalError(Sentence("the clock runs at 1 or 60 seconds a second"))
        self._at_work()
        self.clock.set_rate(rate)

    def let_act(self, end: str, on: bool) -> None:
        """Whether an end acts by itself."""
        self._at_work()
        self._party(end)
        self._on[end] = self.pilots[end].on = on

    def flash(self, end: str) -> None:
        """An end sends a FLASH of an invented text, drafted and released by its officers."""
        live = self._at_work()
        self._party(end)
        if live.desks[end].line(MILITARY).declared != "OPEN":
            raise LocalError(
                Sentence("the line {line} is not open", line=MILITARY), Sentence("restore it first")
            )
        send_flash(live.desks[end], MILITARY, FLASHES[end], _FLASH_REASON, DEMO_PASSPHRASE)

    async def set_wire(self, bearer: str, up: bool) -> None:
        """Cuts or mends the wire of a bearer."""
        live = self._at_work()
        if bearer not in live.taps:
            raise LocalError(Sentence("there is no wire {bearer}", bearer=bearer))
        await (live.taps[bearer].mend() if up else live.taps[bearer].cut())

    def jump(self) -> None:
        """Begins to move the clock to where the story goes on, with all played up to there."""
        self._at_work()
        if next_landing(self.clock.wall()) is None:
            raise LocalError(Sentence("it is October already"), Sentence("go on with the next step"))
        self._begin("jump", self._jump)

    def prove(self) -> None:
        """Begins to prove the record of both ends."""
        self._at_work()
        self._begin("prove", self._prove)

    def flip_byte(self) -> None:
        """Begins to show what becomes of one byte changed."""
        self._at_work()
        self._begin("flip", self._flip)

    async def settled(self) -> None:
        """Waits until what was begun is done."""
        if self._working is not None:
            await asyncio.wait([self._working])

    # --- the rest

    def _at_work(self) -> Live:
        if self.live is None:
            raise LocalError(
                Sentence("the clock is being moved"), Sentence("wait some seconds, and press again")
            )
        return self.live

    def _party(self, end: str) -> None:
        if end not in self.places:
            raise LocalError(Sentence("there is no end {end}", end=end))

    def _begin(self, what: str, do: Callable[[], object]) -> None:
        if self.busy:
            raise LocalError(
                Sentence("something else is under way"), Sentence("wait some seconds, and press again")
            )
        self.busy, self.trouble = what, None

        async def work() -> None:
            try:
                made = do()
                assert asyncio.iscoroutine(made)
                await made
            except ParleyError as e:
                self.trouble = e
            finally:
                self.busy = ""

        self._working = asyncio.create_task(work())
        self._working.add_done_callback(_tell_fault)

    async def _jump(self) -> None:
        await self.close()
        at = self.clock.wall()
        try:
            await asyncio.to_thread(self.course.play_on, at)
        finally:
            self.clock.set_on(max(at, self.course.reached))
            self._changes = [(at, change) for at, change in self._changes if at > self.clock.wall()]
            await self.open()

    async def _prove(self) -> None:
        desks = self._at_work().desks
        sites = [self.site(key) for key in desks]
        self.proof = await proof.prove(desks, sites, self._folder / "proof", self.now)
        self.story.proved = self.proof.ok

    async def _flip(self) -> None:
        desks = self._at_work().desks
        self.flip = await proof.flip(desks, OURS, MILITARY, self._folder / "proof", self.now)
        self.story.flipped = self.flip.refused


def _tell_fault(task: asyncio.Task[None]) -> None:
    """A bug of ours reaches the loop's handler, which ends the demonstration."""
    if not task.cancelled() and (fault := task.exception()) is not None:
        task.get_loop().call_exception_handler({"message": "the demonstration failed", "exception": fault})
