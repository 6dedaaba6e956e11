"""What is signed beforehand and waits for its hour: published then, by our own clock, or held (spec 18.4).

Nothing of it is in the record before its hour: the signed act lies in the journal. At the hour the journal says first
that it is published, and only then anything leaves: the act goes to what waits for a bearer, as everything that is
released, and the text to our public site, which is written whole from what the journal says. So a crash between any
two of these steps costs nothing: at the next start the same is done again, and doing it twice changes nothing.

The hour is that of our wall clock, which nobody else vouches for. The machine's steady clock can only tell that the
wall clock was set; so it is read often while something waits, and what speaks against it holds every text at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from parley.bearers import Timer, TimerHandle
from parley.core import disclosure, record
from parley.core.disclosure import Part
from parley.core.errors import LocalError, Sentence
from parley.core.instruments import announcement, roster
from parley.core.instruments.announcement import POINTS_FIELD, Doubt, Published, State, Step
from parley.core.types import Act, ActKind, ClockQuality
from parley.core.wire import cbor
from parley.core.wire import entry as wire
from parley.node.folded import Lines
from parley.node.room import PairRoom, Room
from parley.watch_log import Announced

LOOK_EVERY_S = 10.0  # at our clock, while something waits
NEAR_S = 40.0  # before the hour it is read so often that a clock set by less than JUMP_S is seen in time
NEAR_EVERY_S = 0.5
JUMP_S = 30.0
RETRY_S = 5.0  # a site or a disk that refused is tried again


class Site(Protocol):
    """Our public site."""

    def write(self, published: Sequence[Published]) -> None:
        """Makes it say exactly what is published. Raises LocalError or OSError when it cannot."""
        ...


class Announcing:
    """The announcements of one end that wait, and those that are public."""

    def __init__(
        self,
        lines: Lines,
        *,
        timer: Timer,
        turn: Callable[[Callable[[], None]], None],
        joined: Callable[[], bool],
        watch_clock: Callable[[], None],
        changed: Callable[[], None],
    ) -> None:
        self._lines, self._timer, self._turn, self._joined = lines, timer, turn, joined
        self._watch_clock, self._changed = watch_clock, changed
        self._log, self._store = lines.watch_log, lines.store
        self._site: Site | None = None
        self.trouble = ""  # why what is published is not on the site, or what is due is not published
        self._waits: tuple[Announced, ...] = ()
        self._unsaid: list[Announced] = []  # published, and not yet with what waits for a bearer
        self._unwritten = False  # the site is to be written
        self._apart: float | None = None  # wall less steady clock, when both were last believed
        self._began = 0  # the last event before this start
        self._next: TimerHandle | None = None

    @property
    def has_site(self) -> bool:
        """Whether this end publishes anywhere."""
        return self._site is not None

    def publish_to(self, site: Site) -> None:
        """Where to publish; before `start`."""
        self._site = site

    def start(self) -> None:
        """Begins to keep the hours. The clock is held against the journal, in which this start is noted after it."""
        clock = self._lines.clock
        self._began = max((event.id for event in self._log.latest(1)), default=0)
        self._apart = clock.wall() - clock.monotonic()
        self._waits = self._log.announcements(State.WAITS)
        for waits in self._waits:
            if self._log.is_behind(clock.wall(), waits.id):
                self._hold(waits, Doubt.BEHIND)
        self._unsaid = [p for p in self._log.announcements(State.PUBLISHED) if not self._is_said(p)]
        self._unwritten = self._site is not None
        self.look()

    def stop(self) -> None:
        """Keeps no hour any more."""
        if self._next is not None:
            self._next.cancel()
        self._next = self._apart = None

    def settle(self) -> None:
        """What speaks against our clock is noted, and held for, before an officer's step ends the doubt: it was
        there before the step."""
        if self._apart is not None:
            self._watch_clock()
            self.look()

    def reread(self) -> None:
        """An officer has taken a step: what waits is read anew, and what is due is done."""
        if self._apart is not None:
            self.look()

    def look(self) -> None:
        """Does what is due now, and sets the next time to look."""
        if self._joined():  # nothing may be public before all of it is on the disk
            self._arm(0.0)
            return
        trouble, before = "", self.trouble
        if not self._waits:  # what was set while nothing waited was set before the release
            self._apart = self._lines.clock.wall() - self._lines.clock.monotonic()
        try:
            self._waits = self._log.announcements(State.WAITS)
            self._keep_hours()
            self._say()
        except LocalError as e:  # a disk that refuses: nothing that was not committed has left
            trouble = e.text
        try:
            self._write()
        except (LocalError, OSError) as e:
            trouble = (
                e.text if isinstance(e, LocalError) else Sentence("the public site: {why}", why=e.strerror)
            )
        self.trouble = trouble
        if trouble != before:
            self._changed()
        self._arm(RETRY_S if trouble else None)

    def published(self) -> tuple[Published, ...]:
        """All that is public, in the order in which it was drafted."""
        return tuple(self._as_published(row) for row in self._log.announcements(State.PUBLISHED))

    def _keep_hours(self) -> None:
        if not self._waits:
            return
        self._watch_clock()  # which notes a jump in the journal
        clock = self._lines.clock
        wall, apart = clock.wall(), clock.wall() - clock.monotonic()
        assert self._apart is not None
        jumped = abs(apart - self._apart) > JUMP_S
        for waits in self._waits:
            late_s = math.inf if self._is_asked(waits) else self._lines.settings.announce_late_s
            found = announcement.asked(waits.at, wall, late_s, self._doubt(waits, jumped))
            if found is None:
                continue
            step, doubt = found
            if step == Step.PUBLISH:
                self._publish(waits)
            else:
                assert doubt is not None
                self._hold(waits, doubt)
        if jumped:
            self._apart = apart  # it was told, and all that waited is held
        self._waits = self._log.announcements(State.WAITS)

    def _doubt(self, waits: Announced, jumped: bool) -> Doubt | None:
        if self._lines.put_back:
            return Doubt.PUT_BACK
        if self._is_asked(waits):
            return None  # the officer who asked has looked at another clock
        if self._lines.settings.clock_quality == ClockQuality.UNKNOWN:
            return Doubt.UNKNOWN
        alarm = self._log.last_alarm()
        noted = alarm is not None and "jumped_s" in alarm.detail and alarm.id > waits.trusted_since
        return Doubt.JUMPED if jumped or noted else None

    def _is_asked(self, waits: Announced) -> bool:
        """Whether an officer has asked for it after its hour, to be published at once: of this process, and a short
        while ago. What could not be done then is not what he would ask for now."""
        asked_s = abs(self._lines.now() - waits.asked_late)
        is_of_now = waits.asked_late > 0 and waits.trusted_since > self._began
        return is_of_now and asked_s <= self._lines.settings.announce_late_s

    def _hold(self, waits: Announced, doubt: Doubt) -> None:
        state = announcement.stepped(State(waits.state), Step.HOLD)
        self._log.keep_announcement(
            self._lines.now(), "", Step.HOLD, replace(waits, state=state, doubt=doubt.value, reason="")
        )
        self._changed()

    def _publish(self, waits: Announced) -> None:
        """Says in the journal that it is published; from here on nothing takes it back."""
        now = self._lines.now()
        state = announcement.stepped(State(waits.state), Step.PUBLISH)
        row = replace(waits, state=state, published_at=now)
        self._unsaid.append(self._log.keep_announcement(now, "", Step.PUBLISH, row))
        self._unwritten = self._site is not None
        self._changed()

    def _say(self) -> None:
        """What is published goes to what waits for a bearer, once."""
        while self._unsaid:
            row = self._unsaid[0]
            room = self._room(row)
            if room is not None and not self._is_said(row):
                act, body = _act_of(row), wire.decode_body(row.body)
                self._turn(lambda: self._lines.release(room, act, body))  # noqa: B023  (called at once)
            self._unsaid.pop(0)

    def _is_said(self, row: Announced) -> bool:
        said, room = _said(row), self._room(row)
        return room is not None and (
            self._store.named(row.line, said.party, said.author, said.number) is not None
            or self._store.waiting_named(row.line, said.author, said.number) is not None
        )

    def _write(self) -> None:
        if self._unwritten and self._site is not None:
            self._site.write(self.published())
            self._unwritten = False

    def _arm(self, again: float | None) -> None:
        if self._next is not None:
            self._next.cancel()
        self._next = None
        if self._apart is None:
            return
        wall = self._lines.clock.wall()
        waits = [again] if again is not None else []
        for row in self._waits:
            if again is not None and row.at <= wall:
                continue  # it could not be done now: with the rest that could not
            left = max(0.001, row.at - wall)
            waits.append(min(NEAR_EVERY_S, left) if left <= NEAR_S else min(LOOK_EVERY_S, left - NEAR_S))
        if waits:
            self._next = self._timer.call_later(min(waits), self.look)

    # --- what the site is given

    def _as_published(self, row: Announced) -> Published:
        act, body = _act_of(row), wire.decode_body(row.body)
        said, room = _said(row), self._room(row)
        assert room is not None and row.published_at is not None
        officer = room.pair.rosters[said.party][said.author]
        return Published(
            record.act_id(wire.decode_signed(cbor.decode(act)).payload),
            row.line,
            announcement.announcement(body),
            row.published_at,
            room.pair.cards[said.party].party_name,
            officer.office,
            room.line.accord.civil_clocks[said.party],
            self._disclosure(room, said, act, row),
        )

    def _disclosure(self, room: Room, said: Act, act: bytes, row: Announced) -> bytes:
        body = wire.decode_body(row.body)
        salts = record.salts_of(room.commitment_key, said, len(body))
        tagged = wire.encode_signed(wire.decode_signed(cbor.decode(act)), tagged=True)
        card = next(p.our_card for p in self._store.pairs() if p.name == room.pair.name)
        return disclosure.write(
            card, self._delegation(room.pair, said.author), Part(tagged, body, salts, {POINTS_FIELD})
        )

    def _delegation(self, pair: PairRoom, author: int) -> Part:
        """The ROSTER of ours that delegates an author, with that delegation alone."""
        wire0 = pair.order_wire
        rows = sorted(self._store.acts(wire0.id, ActKind.ROSTER, pair.ours), key=lambda r: r.held.sequence)
        for row in rows:
            body = row.held.body or ()
            shown = [i for i, one in enumerate(roster.delegated(body)) if one.author == author]
            if shown:
                hidden = set(range(len(body))) - {shown[0]}
                salts = record.salts_of(wire0.commitment_key, row.held.said, len(body))
                tagged = wire.encode_signed(wire.decode_entry(row.entry).signed, tagged=True)
                return Part(tagged, body, salts, hidden)
        raise LocalError("our roster does not have this officer any more", "see: parley record")

    def _room(self, row: Announced) -> Room | None:
        return next(self._rooms(row), None)

    def _rooms(self, row: Announced) -> Iterator[Room]:
        return (room for room in self._lines.rooms() if room.id == row.line)


def _act_of(row: Announced) -> bytes:
    assert row.act is not None, "what waits and what is published is signed"
    return row.act


def _said(row: Announced) -> Act:
    said = wire.decode_payload(wire.decode_signed(cbor.decode(_act_of(row))).payload)
    assert isinstance(said, Act)
    return said
