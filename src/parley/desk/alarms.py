"""What needs a person's act: one alarm for each situation, all derived from what there is, nothing stored.

An alarm is never raised and never cleared: it is there while its situation is. What is acknowledged, cut or answered
is no alarm any more by itself. Messages of one kind on one line are one situation, so that a line that comes back
after months raises one alarm and not four hundred; a FLASH is always a situation of its own.

`line_down` and `missed_contact` are raised only for lines that are declared open: where a line is cut, silence is what
was declared. When nothing of a pair is heard, that is one situation of the pair.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from parley.core import line as lines
from parley.core.accord import DAY
from parley.core.errors import Sentence
from parley.core.instruments import announcement, appointment, contact
from parley.core.instruments.message import State
from parley.core.line import Declared, Mark
from parley.core.observed import Observed
from parley.core.types import Precedence, Seconds, Subject
from parley.core.wire import entry as wire
from parley.desk.appointments import Appointments
from parley.desk.letters import Letters
from parley.desk.passages import LetterView
from parley.desk.reader import clock, reason_of, verbatim
from parley.desk.reading import Reading
from parley.desk.views import AlarmView, MessageView
from parley.node import Node, PairRoom, Room

ALARM: Final = "alarm"
WARNING: Final = "warning"
KINDS: Final = (  # the most urgent first
    "ringing",
    "flash_unacknowledged",
    "overdue_acknowledgement",
    "not_getting_through",
    "missed_contact",
    "not_acknowledged",
    "letter_waits",
    "appointment",
    "announcement_held",
    "announcement_due",
    "announcement_trouble",
    "difference",
    "trouble",
    "clock",
    "fault",
    "not_fetched",
    "line_down",
    "unpaired",
)
TRYING_S: Final = 60  # a FLASH or IMMEDIATE not at their end by then goes by all bearers: a warning
NOT_THROUGH_S: Final = 240  # whatever is not at their end by then
SOON_S: Final = 1800  # an appointment is told so long before, and an hour for which we have no text
CLOCK_STANDS_S: Final = 86400  # a jump of the clock is told for a day, or until the watch is taken
_UNHEARD: Final = (Observed.DOWN, Observed.NOT_PROVEN, Observed.ONE_WAY)
_ON_THE_WAY: Final = (State.RELEASED.value, State.SENDING.value)


@dataclass(frozen=True, slots=True)
class _Want:
    """What messages of ours can want, as an alarm. `one`: its words for one message, by ref; `several`: for more, by
    line and count; `worse_after_s`: when it becomes another by time alone, from its beginning."""

    kind: str
    level: str
    one: Callable[[str], Sentence]
    several: Callable[[str, int], Sentence]
    worse_after_s: int | None = None


_STUCK: Final = _Want(
    "not_getting_through",
    ALARM,
    lambda ref: Sentence("NOT GETTING THROUGH: {ref} is not at their end", ref=ref),
    lambda line, count: Sentence(
        "NOT GETTING THROUGH: {count} messages on {line} are not at their end", line=line, count=count
    ),
)
_TRYING: Final = _Want(
    "not_getting_through",
    WARNING,
    lambda ref: Sentence("{ref} is not at their end yet: trying all bearers", ref=ref),
    lambda line, count: Sentence(
        "{line}: {count} messages are not at their end yet: trying all bearers", line=line, count=count
    ),
    NOT_THROUGH_S,
)
_SILENT: Final = _Want(
    "not_acknowledged",
    ALARM,
    lambda ref: Sentence("{ref} is at their end, and nobody there acknowledged it in time", ref=ref),
    lambda line, count: Sentence(
        "{line}: {count} messages are at their end, and nobody there acknowledged them in time",
        line=line,
        count=count,
    ),
)


class Alarms:
    """The alarms of one end."""

    def __init__(self, node: Node, look: Reading, letters: Letters, appointments: Appointments) -> None:
        self._node, self._look = node, look
        self._letters, self._appointments = letters, appointments
        self._store, self._log = node.store, node.watch_log
        self._first_seen: dict[str, Seconds] = {}  # of situations that have no time of their own
        self._unheard_since: dict[bytes, Seconds] = {}  # of lines not heard since this process began

    def now(self) -> tuple[AlarmView, ...]:
        """All alarms and warnings, the most urgent first."""
        found = [*self._all()]
        keys = {alarm.key for alarm in found}
        self._first_seen = {key: at for key, at in self._first_seen.items() if key in keys}
        return tuple(sorted(found, key=lambda a: (a.level != ALARM, KINDS.index(a.kind), a.since, a.key)))

    def wall(self) -> tuple[int, int]:
        """How many alarms, and how many warnings."""
        levels = [alarm.level for alarm in self._all()]
        return levels.count(ALARM), levels.count(WARNING)

    def of_end(self) -> tuple[str, ...]:
        """In words, what is wrong with the end and its records."""
        return tuple(alarm.text for alarm in self._of_end())

    def next_change_at(self) -> Seconds | None:
        """The next instant at which time alone changes an alarm or lets a deadline pass."""
        now, speaking = self._node.now(), self._open_by_name()
        times: list[Seconds | None] = [alarm.due for alarm in self._all()]
        times += [m.deadline for m in self._look.unacknowledged(theirs=True)]
        times += [view.deadline for view in self._letters.needs_us()]
        times += [since + NOT_THROUGH_S for _, since in self._letters_since()]
        for view in self._appointments.list():
            if view.state == appointment.State.AGREED:
                times += [view.at - SOON_S, view.at, view.at + view.lasts + 1]
        for _, hour, _ in self._hours():
            times += [hour - SOON_S, hour]
        for m in self._look.unacknowledged(theirs=False):
            since = _could_leave_at(m, speaking)
            times += [m.deadline, m.delivery_deadline]
            if since is not None:
                times += [since + TRYING_S, since + NOT_THROUGH_S]
        steady, tolerance = self._node.clock.monotonic(), self._node.settings.tolerance_s
        for room in self._node.rooms():
            slot = room.slot
            times += [slot.closes_at if slot else None, room.slot_next, room.line.opens_at]
            for at in (room.evidence.heard_at, room.evidence.echo_at):
                times.append(None if at is None else int(now + at - steady + tolerance) + 1)
        return min((at for at in times if at is not None and at > now), default=None)

    def _all(self) -> Iterator[AlarmView]:
        yield from self._ringing()
        yield from self._theirs()
        yield from self._ours()
        yield from self._contacts()
        yield from self._letters_waiting()
        yield from self._letters_stuck()
        yield from self._not_fetched()
        yield from self._appointments_due()
        yield from self._announcements()
        yield from self._clock()
        yield from self._of_end()
        for pair in self._node.pairs.values():
            yield from self._unheard(pair)

    # --- people

    def _ringing(self) -> Iterator[AlarmView]:
        for room in self._node.rooms():
            if room.ringing is not None:
                name, slot = self._look.name(room), room.slot
                key = f"ringing:{room.id.hex()}"
                due = slot.closes_at if slot else None
                text = Sentence("{line} rings: their watch calls", line=name)
                yield AlarmView(key, "ringing", ALARM, name, "", self._since(key), due, text)

    def _theirs(self) -> Iterator[AlarmView]:
        """What they said and nobody here has acknowledged."""
        now, late = self._node.now(), defaultdict[str, list[MessageView]](list)
        for m in self._look.unacknowledged(theirs=True):
            if m.mark == Mark.WHILE_CUT.value:
                continue  # it cannot be acknowledged before the line is restored
            overdue = m.deadline is not None and now >= m.deadline
            if m.precedence == Precedence.FLASH.name:
                kind = "overdue_acknowledgement" if overdue else "flash_unacknowledged"
                text = Sentence("a FLASH on {line} is not acknowledged: {ref}", line=m.line, ref=m.ref)
                due = None if overdue else m.deadline
                yield AlarmView(f"unacknowledged:{m.ref}", kind, ALARM, m.line, m.ref, m.heard_at, due, text)
            elif overdue:
                late[m.line].append(m)
        for line, found in late.items():
            yield _of_line(
                "overdue_acknowledgement",
                ALARM,
                line,
                found,
                min(m.deadline or now for m in found),
                Sentence(
                    "{line}: {precedence} of theirs is past the time for its acknowledgement",
                    line=line,
                    precedence=Sentence(found[0].precedence),
                ),
                Sentence(
                    "{line}: {count} messages of theirs are past the time for their acknowledgement",
                    line=line,
                    count=len(found),
                ),
            )

    def _ours(self) -> Iterator[AlarmView]:
        """What we said and is not at their end, or is there and not acknowledged in time."""
        now, speaking = self._node.now(), self._open_by_name()
        found: dict[_Want, defaultdict[str, list[tuple[MessageView, Seconds]]]] = {
            want: defaultdict(list) for want in (_STUCK, _TRYING, _SILENT)
        }
        for m in self._look.unacknowledged(theirs=False):
            since = _could_leave_at(m, speaking)
            if since is not None and now - since >= NOT_THROUGH_S:
                want = _STUCK
            elif since is not None and now - since >= TRYING_S and m.precedence in ("FLASH", "IMMEDIATE"):
                want = _TRYING
            elif m.state not in _ON_THE_WAY and m.line in speaking and now >= (m.deadline or now + 1):
                want, since = _SILENT, m.deadline or now
            else:
                continue
            assert since is not None
            found[want][m.ref if m.precedence == "FLASH" else m.line].append((m, since))
        for want, situations in found.items():
            for key, waiting in situations.items():
                first, since = waiting[0][0], min(at for _, at in waiting)
                yield _of_line(
                    want.kind,
                    want.level,
                    first.line,
                    [m for m, _ in waiting],
                    since,
                    want.one(first.ref),
                    want.several(first.line, len(waiting)),
                    key,
                    due=None if want.worse_after_s is None else since + want.worse_after_s,
                )

    def _contacts(self) -> Iterator[AlarmView]:
        now = self._node.now()
        for room in self._node.rooms():
            if room.evidence.missed and self._is_open(room):
                name, key = self._look.name(room), f"missed_contact:{room.id.hex()}"
                past = contact.slots_between(self._node.schedule(room), now - 8 * DAY, now)
                closed = [slot.closes_at for slot in past if slot.closes_at <= now]
                since = closed[-1] if closed else self._since(key)
                text = _missed(name, self._missed_in_a_row(room, now), room.line.accord.escalation)
                yield AlarmView(key, "missed_contact", ALARM, name, "", since, None, text)

    def _missed_in_a_row(self, room: Room, now: Seconds) -> int:
        """How many contacts in a row went unanswered since the line opened; what rang in vain while it was cut was not
        missed."""
        missed, run, opened = room.attempts.missed_in_a_row, room.attempts.run, room.line.opens_at
        if run is None or opened is None or run.first >= opened:
            return missed
        since = contact.slots_between(self._node.schedule(room), opened - 1, now)
        return min(missed, max(1, sum(slot.closes_at <= now for slot in since)))

    # --- lines and the end

    def _unheard(self, pair: PairRoom) -> Iterator[AlarmView]:
        """Lines declared open that are not heard, or do not hear us; of a whole pair in one."""
        speaking = [room for room in pair.rooms.values() if room.is_order_wire or self._is_open(room)]
        found = [(room, word) for room in speaking if (word := self._node.observed(room)) in _UNHEARD]
        if found and len(found) == len(speaking) and len({word for _, word in found}) == 1:
            word = found[0][1]
            since = max(self._heard_at(room) for room, _ in found)
            if not self._stands(since):
                return
            text = Sentence("{pair}: every line is {observed}", pair=pair.name, observed=Sentence(word.value))
            wire = self._look.name(pair.order_wire)
            yield AlarmView(
                f"line_down:{pair.transcript.hex()}", "line_down", WARNING, wire, "", since, None, text
            )
            return
        for room, word in found:
            name, key = self._look.name(room), f"line_down:{room.id.hex()}"
            text = Sentence(
                "{line} is declared open and {observed}", line=name, observed=Sentence(word.value)
            )
            since = self._heard_at(room)
            if self._stands(since):
                yield AlarmView(key, "line_down", WARNING, name, "", since, None, text)

    def _stands(self, since: Seconds) -> bool:
        """Whether a silence is older than a start of this end takes: what has not been heard yet is no alarm."""
        return self._node.now() - since >= self._node.settings.tolerance_s

    def _heard_at(self, room: Room) -> Seconds:
        """When the line was last heard, or both its ways were last shown."""
        at = room.evidence.heard_at
        if self._node.observed(room) == Observed.ONE_WAY:
            at = room.evidence.echo_at
        if (
            at is None
        ):  # it was heard before this process began, or never: what we know is since when we listen
            return self._unheard_since.setdefault(room.id, self._node.now())
        return round(self._node.clock.wall() + at - self._node.clock.monotonic())

    def _letters_waiting(self) -> Iterator[AlarmView]:
        """Tenders and letters of theirs past the time for an answer; of a line in one."""
        now, late = self._node.now(), defaultdict[str, list[LetterView]](list)
        for view in self._letters.needs_us():
            if view.deadline is not None and now >= view.deadline:
                late[view.line].append(view)
        for line, found in late.items():
            since = min(view.deadline or now for view in found)
            text = Sentence(
                "{line}: letters of theirs wait for our answer: {count}", line=line, count=len(found)
            )
            yield AlarmView(f"letter_waits:{line}", "letter_waits", WARNING, line, "", since, None, text)

    def _letters_stuck(self) -> Iterator[AlarmView]:
        """What we said about letters and is not at their end, on lines that are open; of a line in one."""
        now, stuck = self._node.now(), defaultdict[str, list[Seconds]](list)
        for line, since in self._letters_since():
            if now - since >= NOT_THROUGH_S:
                stuck[line].append(since)
        for line, times in stuck.items():
            text = Sentence(
                "NOT GETTING THROUGH: on {line} {count} of our acts about letters are not at their end",
                line=line,
                count=len(times),
            )
            key = f"letters_stuck:{line}"
            yield AlarmView(key, "not_getting_through", ALARM, line, "", min(times), None, text)

    def _letters_since(self) -> list[tuple[str, Seconds]]:
        """Since when each act of ours about letters could have been at their end."""
        speaking = self._open_by_name()
        return [
            (line, max(since, speaking[line].line.opens_at or 0))
            for line, since in self._letters.not_there()
            if line in speaking
        ]

    def _not_fetched(self) -> Iterator[AlarmView]:
        """Objects of theirs beyond our limits (spec 16.3): of a line in one."""
        for room in self._node.rooms():
            count, no_room = self._node.not_fetched(room)
            if not count:
                continue
            name, key = self._look.name(room), f"not_fetched:{room.id.hex()}"
            text = (
                Sentence(
                    "{line}: letters of theirs not fetched for want of room: {count};"
                    " save and forget acknowledged ones: parley letter forget",
                    line=name,
                    count=count,
                )
                if no_room
                else Sentence(
                    "{line}: letters of theirs not fetched until others before them are here: {count};"
                    " see that a bearer is up, or ask for a courier file",
                    line=name,
                    count=count,
                )
            )
            yield AlarmView(key, "not_fetched", WARNING, name, "", self._since(key), None, text)

    def _appointments_due(self) -> Iterator[AlarmView]:
        """Appointments that both agreed on, from half an hour before until they are past."""
        now = self._node.now()
        for view in self._appointments.list():
            if view.state == appointment.State.AGREED and now >= view.at - SOON_S:
                what = {
                    "occasion": Sentence(view.occasion),
                    "at": clock(view.at),
                    "place": verbatim(view.place),
                }
                text = (
                    Sentence("{occasion} at {at}: {place}", **what)
                    if view.place
                    else Sentence("{occasion} at {at}", occasion=what["occasion"], at=what["at"])
                )
                due = view.at if view.at > now else None
                key = f"appointment:{view.ref}"
                yield AlarmView(key, "appointment", WARNING, view.line, "", view.at - SOON_S, due, text)

    def _hours(self) -> Iterator[tuple[Room, Seconds, bytes]]:
        """The announcement hours that both agreed on and that are to come: line, instant, and name of the terms."""
        for room in self._node.rooms():
            for standing in room.line.standings:
                if standing.subject == Subject.ANNOUNCEMENT_HOUR and standing.settled:
                    at = announcement.decode_hour(standing.terms).at
                    if at > self._node.now():
                        yield room, at, standing.hash

    def _announcements(self) -> Iterator[AlarmView]:
        """Texts that are held, each until an officer resumes or aborts it; agreed hours that are near and have no text
        of ours; and a public site that lacks some."""
        released = self._log.announcements(announcement.State.WAITS, announcement.State.HELD)
        ready = {announcement.announcement(wire.decode_body(row.body)).terms for row in released}
        for room, at, terms in self._hours():
            if at - SOON_S <= self._node.now() and terms not in ready:
                name, key = self._look.name(room), f"announcement_due:{terms.hex()}"
                text = Sentence(
                    "{line}: the hour of the announcement is {at}, and no text of ours is released for it",
                    line=name,
                    at=clock(at),
                )
                yield AlarmView(key, "announcement_due", WARNING, name, "", at - SOON_S, at, text)
        for row in self._log.announcements(announcement.State.HELD):
            name, key = self._look.name(self._look.room_by_id(row.line)), f"announcement_held:{row.id}"
            why = Sentence(row.doubt) if row.doubt else Sentence("by an officer")
            said = {"number": row.id, "line": name, "at": clock(row.at), "why": why}
            text = Sentence("announcement {number} on {line}, for {at}, is HELD: {why}", **said)
            due = row.at if row.at > self._node.now() else None
            yield AlarmView(key, "announcement_held", ALARM, name, "", self._since(key), due, text)
        if self._node.announcing.trouble:
            key, why = "announcement_trouble", _as_sentence(self._node.announcing.trouble)
            text = Sentence(
                "what is published is not on the public site, or not in the record: {why}", why=why
            )
            yield AlarmView(key, "announcement_trouble", ALARM, "", "", self._since(key), None, text)

    def _clock(self) -> Iterator[AlarmView]:
        jump, watch, now = self._log.last_alarm(), self._log.watch(), self._node.now()
        if jump is None or "jumped_s" not in jump.detail or abs(now - jump.at) >= CLOCK_STANDS_S:
            return
        if watch is not None and watch.id > jump.id and watch.officer:
            return  # whoever took the watch since has seen it
        text = Sentence(
            "the clock of this machine jumped by {seconds} s; compare it with another",
            seconds=jump.detail["jumped_s"],
        )
        yield AlarmView(f"clock:{jump.id}", "clock", ALARM, "", "", jump.at, jump.at + CLOCK_STANDS_S, text)

    def _of_end(self) -> Iterator[AlarmView]:
        for name, text in (("put back", self._node.put_back), ("trouble", self._node.trouble)):
            if text:
                key = f"trouble:{name}"
                yield AlarmView(key, "trouble", ALARM, "", "", self._since(key), None, _as_sentence(text))
        for pair in self._node.pairs.values():
            for line, name in pair.unmade.items():
                key = f"unpaired:{line.hex()}"
                text = Sentence(
                    "{line}: agreed with {pair}, and its secret is taken by another line; offer it again",
                    line=name,
                    pair=pair.name,
                )
                yield AlarmView(key, "unpaired", WARNING, name, "", self._since(key), None, text)
        for room in self._node.rooms():
            name = self._look.name(room)
            if room.difference:
                key = f"difference:{room.id.hex()}"
                text = Sentence("{line}: the records differ; compare exports", line=name)
                yield AlarmView(key, "difference", ALARM, name, "", self._since(key), None, text)
            faults = self._store.faults(room.id)
            if faults:
                last, count = faults[-1], len(faults)
                said = {"line": name, "count": count, "reason": reason_of(last)}
                text = (
                    Sentence("{line}: 1 fault of theirs kept as evidence; the last: {reason}", **said)
                    if count == 1
                    else Sentence(
                        "{line}: {count} faults of theirs kept as evidence; the last: {reason}", **said
                    )
                )
                key = f"fault:{room.id.hex()}"
                yield AlarmView(key, "fault", WARNING, name, "", last.heard_at, None, text)

    def _open_by_name(self) -> dict[str, Room]:
        return {self._look.name(room): room for room in self._node.rooms() if self._is_open(room)}

    def _is_open(self, room: Room) -> bool:
        return not room.is_order_wire and lines.declared(room.line, self._node.now()) == Declared.OPEN

    def _since(self, key: str) -> Seconds:
        return self._first_seen.setdefault(key, self._node.now())


def _could_leave_at(m: MessageView, speaking: Mapping[str, Room]) -> Seconds | None:
    """Since when a message of ours that is not at their end could be on its way; None if it is there, or its line
    is not one of those `speaking`, or a cut keeps it back."""
    if m.state not in _ON_THE_WAY or m.mark or m.line not in speaking:
        return None
    released = next((r.at for r in m.ladder if r.state == State.RELEASED.value and r.at), m.heard_at)
    return max(released, speaking[m.line].line.opens_at or 0)


def _of_line(
    kind: str,
    level: str,
    line: str,
    found: list[MessageView],
    since: Seconds,
    one: Sentence,
    several: Sentence,
    key: str = "",
    *,
    due: Seconds | None = None,
) -> AlarmView:
    """One alarm for messages of one kind; `found` has the most urgent first."""
    text = one if len(found) == 1 else several
    return AlarmView(f"{kind}:{key or line}", kind, level, line, found[0].ref, since, due, text)


def _missed(name: str, missed: int, escalation: tuple[tuple[int, str], ...]) -> Sentence:
    """What a missed contact is told as, with what the accord says is done after so many."""
    if not missed:
        return Sentence("{line}: in the last contact nobody called", line=name)
    steps = [words for after, words in escalation if after <= missed]
    if missed < 2 and not steps:
        return Sentence("{line}: the last contact went unanswered", line=name)
    if missed < 2:
        return Sentence(
            "{line}: the last contact went unanswered; by the accord: {step}", line=name, step=steps[-1]
        )
    if not steps:
        return Sentence("{line}: the last {count} contacts went unanswered", line=name, count=missed)
    return Sentence(
        "{line}: the last {count} contacts went unanswered; by the accord: {step}",
        line=name,
        count=missed,
        step=steps[-1],
    )


def _as_sentence(text: str) -> Sentence:
    return text if isinstance(text, Sentence) else Sentence(text)
