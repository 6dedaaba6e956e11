"""From record, fold and watch log to views, and from a name or ref to the thing it names.

Nothing here changes anything: a view is made from what is there at the moment it is asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeVar

from parley import keys
from parley.core import accord as accords
from parley.core import line as lines
from parley.core import record, suite
from parley.core.errors import LocalError, RemoteError, Sentence
from parley.core.export import Opened
from parley.core.instruments import announcement, appointment, contact, letter, message, roster
from parley.core.instruments.letter import ANSWER_WORDS, TIER_WORDS
from parley.core.instruments.message import Message, State
from parley.core.line import Declared, Standing
from parley.core.record import Held
from parley.core.types import (
    ROOT_AUTHOR,
    Act,
    ActKind,
    Grade,
    NodeKind,
    Officer,
    Power,
    Precedence,
    Seconds,
    Statement,
    Subject,
    Tier,
)
from parley.core.wire import body as bodies
from parley.core.wire import cbor
from parley.core.wire import entry as wire
from parley.desk.views import EntryView, FaultView, LineView, MessageView, RungView, TermsView
from parley.keys import OfficerFile
from parley.node import Node, PairRoom, Room
from parley.node.answered import closes
from parley.store import Fault, Row, Waiting
from parley.watch_log import Event, Happened

MADE_MAX = 256  # views of messages kept until the next change


class Reader:
    """Makes the views of one end."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._store, self._log = node.store, node.watch_log
        self._names: tuple[dict[str, PairRoom], dict[bytes, str]] = ({}, {})
        self._made_of: dict[str, PairRoom] = {}
        self._made: dict[tuple[bytes, int, int], MessageView] = {}
        node.readers.append(self._forget)

    # --- views

    def line_view(self, room: Room) -> LineView:
        node, line = self._node, room.line
        now = node.now()
        declared = lines.declared(line, now)
        heard = room.evidence.heard_at
        following = contact.next_slot(node.schedule(room), now)
        word = "OPEN" if room.is_order_wire else declared.value
        return LineView(
            self.name(room),
            room.id.hex(),
            room.pair.name,
            line.accord.purpose,
            room.is_order_wire,
            word,
            "" if room.is_order_wire else self.declared_detail(room, declared),
            node.observed(room).value,
            None if heard is None else int(node.clock.monotonic() - heard),
            line.our_log.size,
            line.their_log.size,
            line.covered,
            self._store.waiting_count(room.id),
            following.at if following else None,
            room.slot.at if room.slot and room.slot.scheduled else None,
            room.ringing is not None,
            *self.last_contact(room),
            "difference"
            if room.difference
            else "behind"
            if line.covered < self.receiptable(room)
            else "agree",
            line.accord.languages,
            sum(count for _, count in line.their_log.holes),
            room.send.number,
            node.healed_at(room, room.pair.ours),
            room.receive.number,
            room.unhealed,
        )

    def declared_detail(self, room: Room, declared: Declared) -> str:
        cuts = [s for s in room.line.severs if s.ended_at is None]
        if cuts:
            return _all_of(
                [
                    Sentence(
                        "{party} since {at}: {grounds}",
                        party=self.party(room, s.party),
                        at=clock(s.at),
                        grounds=s.grounds,
                    )
                    for s in cuts
                ]
            )
        if room.line.opens_at is not None:
            at = clock(room.line.opens_at)
            return Sentence("since {at}", at=at) if declared == Declared.OPEN else Sentence("at {at}", at=at)
        return ""

    def receiptable(self, room: Room) -> int:
        """Our log up to and with the last entry for which a receipt of theirs is owed."""
        flights = [s for s, flight in room.flights.items() if not flight.once]
        return max(flights) + 1 if flights else room.line.covered

    def last_contact(self, room: Room) -> tuple[str, Seconds | None]:
        """What became of the last contact, in a sentence, and when that was; empty and None if there was none."""
        row = self._store.latest_statement(room.id, NodeKind.CONTACT, room.pair.ours)
        if row is None:
            return "", None
        found = contact.contact(sure(row.held.body))
        if found.answered_at is not None:
            return Sentence("answered {at}", at=clock(found.answered_at)), found.answered_at
        first, calls = clock(found.first), _calls(found.calls)
        if found.slots > 1:
            several = Sentence(
                "{slots} slots unanswered, {first} to {last}, {calls}",
                slots=found.slots,
                first=first,
                last=clock(found.last),
                calls=calls,
            )
            return several, found.last
        return Sentence("unanswered {at}, {calls}", at=first, calls=calls), found.last

    def draft_view(self, event: Event) -> MessageView:
        room = self.room_by_id(event.line)
        found = message.message(wire.decode_body(bytes.fromhex(str(event.detail["body"]))))
        state = State.WITHDRAWN if self.withdrawn(event.id) else State.WAITING_RELEASE
        begun = RungView(State.DRAFT.value, event.at, verbatim(event.officer))
        rungs = (begun, RungView(state.value, event.at, ""))
        return self.view(
            room,
            found,
            f"draft:{event.id}",
            True,
            str(event.detail["precedence"]),
            state,
            "",
            event.at,
            event.at,
            rungs,
            drafted_by=event.officer,
        )

    def waiting_view(self, room: Room, w: Waiting) -> MessageView:
        found = message.message(wire.decode_body(w.body))
        payload = wire.decode_signed(cbor.decode(w.act)).payload
        refused = lines.refuse(room.line, w.kind, w.subject, self._node.now())
        if w.kept_back:
            voucher = Sentence("kept back by a cut: release it again, or withdraw it")
        elif refused:
            voucher = Sentence("waits: {why}", why=refused.text)
        else:
            voucher = Sentence("waits for a bearer")
        rungs = (*self.draft_rungs(w.draft), RungView(State.RELEASED.value, w.released_at, voucher))
        ref = f"{self.name(room)}:ours:{w.author}/{w.number}"
        view = self.view(
            room,
            found,
            ref,
            True,
            Precedence(w.precedence).name,
            State.RELEASED,
            self.office(room, room.pair.ours, w.author),
            w.released_at,
            w.released_at,
            rungs,
        )
        return replace(
            view,
            check=record.act_id(payload).hex()[:16],
            drafted_by=self.drafter(w.draft),
            mark="kept back" if w.kept_back else "",
        )

    def message_view(self, room: Room, held: Held) -> MessageView:
        """A message of the record. One page asks for the same several times: it is made once between two changes."""
        if self._made_of is not self._node.pairs:
            self._made_of = self._node.pairs
            self._made.clear()
        place = (room.id, held.party, held.sequence)
        made = self._made.get(place)
        if made is None:
            made = self._message_view(room, held)
            if len(self._made) < MADE_MAX:
                self._made[place] = made
        return made

    def _message_view(self, room: Room, held: Held) -> MessageView:
        act = held.said
        assert isinstance(act, Act)
        ours = held.party == room.pair.ours
        ref = f"{self.name(room)}:{'ours' if ours else 'theirs'}:{act.author}/{act.number}"
        found = self.readable(held)
        rungs, state, acknowledged = self.ladder(room, held)
        officer = self.proven(room, held)
        view = self.view(
            room,
            found,
            ref,
            ours,
            act.precedence.name,
            state,
            self.office(room, held.party, act.author),
            act.stamp.time,
            held.heard_at,
            rungs,
        )
        clocks = room.line.accord.clocks[act.precedence]
        log = room.line.logs[held.party]
        return replace(
            view,
            mark=lines.mark(room.line, held).value or _beyond(officer, act) or self.doubled(room, held),
            missing_before=sum(
                min(count, held.sequence - first) for first, count in log.holes if first < held.sequence
            ),
            acknowledged=acknowledged,
            proven=officer is not None,
            check=held.id.hex()[:16],
            drafted_by=self.drafter(self.draft_of(room, act)) if ours else "",
            deadline=None if acknowledged else held.heard_at + clocks[1],
            sequence=held.sequence,
        )

    def view(
        self,
        room: Room,
        m: Message,
        ref: str,
        ours: bool,
        precedence: str,
        state: State,
        office: str,
        said_at: Seconds,
        heard_at: Seconds,
        rungs: tuple[RungView, ...],
        drafted_by: str = "",
    ) -> MessageView:
        return MessageView(
            ref,
            self.name(room),
            ours,
            precedence,
            state.value,
            office,
            m.language,
            m.text,
            m.subject or "",
            m.in_whose_name or "",
            m.form_of_address or "",
            tuple(self.ref_of(r) for r in m.references),
            said_at,
            heard_at,
            rungs,
            "",
            0,
            False,
            True,
            "",
            m.reply_by,
            m.stale_after,
            drafted_by,
        )

    def doubled(self, room: Room, held: Held) -> str:
        """What is said of an act whose name another act had before it (EN-14); empty if none had."""
        act = held.said
        assert isinstance(act, Act)
        first = self._store.first_named(room.id, held.party, act.author, act.number)
        if first is None or first[0] == held.id:
            return ""
        return Sentence("another act has this name; this one has no effect")

    def said_here(self, room: Room, party: int | None = None, most: int = -1) -> list[Held]:
        """The messages of a line, latest first; one of line 0 entered here is in the record and no more."""
        rows = self._store.acts(room.id, ActKind.MESSAGE, party, most)
        return [held for held in (row.held for row in rows) if held.said.line == room.id]

    def latest(self, rooms: Iterable[Room], most: int) -> list[tuple[Room, Held]]:
        """Of the `most` latest messages in the record of each of several lines, the `most` that we had last, and
        those of the same second as the last of them; in no order."""
        times = [
            (*found, room) for room in rooms for found in self._store.heard(room.id, ActKind.MESSAGE, most)
        ]
        times.sort(key=lambda found: -found[0])
        since = times[most - 1][0] if 0 < most <= len(times) else 0
        rows = (
            (room, sure(self._store.row(number))) for at, number, room in times if at >= since and most > 0
        )
        return [
            (room, held) for room, held in ((r, row.held) for r, row in rows) if held.said.line == room.id
        ]

    def readable(self, held: Held) -> Message:
        """The message, or a placeholder in words when it is withheld or malformed."""
        try:
            if held.body is None:
                return Message("en", ("(the text is withheld)",))
            bodies.check_act(ActKind.MESSAGE, held.body)
            return message.message(held.body)
        except RemoteError as e:
            return Message("en", (f"(malformed: {e.text})",))

    def ladder(self, room: Room, held: Held) -> tuple[tuple[RungView, ...], State, bool]:
        party, other = held.party, 1 - held.party
        receipted = self.receipted_at(room, held)
        acks, cancelled, answered = [], None, None
        for row in self._store.referring(held.id):
            found = row.held
            officer = self.proven(room, found)
            if (
                row.line != room.id
                or officer is None
                or found.body is None
                or not closes(found, party, officer)
            ):
                continue
            at = found.said.stamp.time
            if found.kind == ActKind.ACKNOWLEDGE:
                words = found.body[2]
                acks.append(
                    message.Acknowledged(
                        Grade(cbor.integer(found.body[1])),
                        at,
                        officer.office,
                        None if words is None else cbor.string(words),
                    )
                )
            elif found.kind == ActKind.CANCEL:
                cancelled = at
            else:
                answered = at
        rungs = message.ladder(
            held.heard_at if party == room.pair.ours else held.said.stamp.time,
            receipted,
            acks,
            answered,
            cancelled,
            sender=self.party(room, party),
            receiver=self.party(room, other),
        )
        state = message.highest(rungs)
        views = tuple(RungView(r.state.value, r.at, r.voucher) for r in rungs)
        if party == room.pair.ours:
            act = held.said
            assert isinstance(act, Act)
            draft = self.draft_of(room, act)
            by = verbatim(self.office(room, party, act.author))
            released = [RungView(State.RELEASED.value, act.stamp.time, by)]
            views = (*self.draft_rungs(draft), *released, *views)
        return views, state, bool(acks) or answered is not None or cancelled is not None

    def receipted_at(self, room: Room, held: Held) -> Seconds | None:
        """When the receiving node says it signed for an entry; None while it has not. A statement whose root
        is not ours, or of more than we have, is recorded and acknowledges nothing."""
        other = 1 - held.party
        if held.sequence >= room.line.logs[other].stated:
            return None
        row = self._store.covering(room.id, other, held.sequence)
        while row is not None:  # the first, unless they signed what is not so
            found = row.held
            said = found.said
            if (
                isinstance(said, Statement)
                and said.their_size > held.sequence
                and said.their_root == self._store.root_at(room.id, held.party, said.their_size)
            ):
                return said.stamp.time
            row = self._store.at(room.id, other, found.sequence + 1)
        return None

    def draft_rungs(self, draft: int | None) -> tuple[RungView, ...]:
        event = self._log.event(draft) if draft else None
        if event is None:
            return ()
        return (
            RungView(State.DRAFT.value, event.at, verbatim(event.officer)),
            RungView(State.WAITING_RELEASE.value, event.at, ""),
        )

    def proven(self, room: Room, held: Held) -> Officer | None:
        """Who the roster says the author of an act is, if the key is the same."""
        return self._node.proven(room, held)

    def draft_of(self, room: Room, act: Act) -> int | None:
        return self._store.draft_of(room.id, act.author, act.number)

    def drafter(self, draft: int | None) -> str:
        event = self._log.event(draft) if draft else None
        return event.officer if event else ""

    def terms_view(self, room: Room, standing: Standing) -> TermsView:
        ours, theirs = room.pair.ours, 1 - room.pair.ours
        offices = [
            tuple(self.office(room, party, author) for author in standing.sides[party].authors)
            for party in (ours, theirs)
        ]
        needed = room.line.accord.quorum_restore if standing.subject == Subject.RESTORE else 1
        if standing.settled:
            state = "settled"
        elif standing.offered == (None, None):
            state = "released, waits for a bearer"
        else:
            state = "agreed, not yet confirmed" if all(standing.agreed) else "offered"
        if standing.subject == Subject.RESTORE:
            restore = _restore_of(standing.terms)
            return TermsView(
                standing.hash.hex()[:16],
                self.name(room),
                "restore",
                restore.opens_at,
                restore.opening_contact,
                restore.reserved,
                offices[0],
                offices[1],
                needed,
                state,
                standing.sides[ours].authors,
            )
        if standing.subject in _OF_AN_HOUR:
            subject, hour_of = _OF_AN_HOUR[standing.subject]
            at, about = hour_of(standing.terms)
            return TermsView(
                standing.hash.hex()[:16],
                self.name(room),
                subject,
                at,
                None,
                about,
                offices[0],
                offices[1],
                needed,
                state,
                standing.sides[ours].authors,
            )
        agreed = _accord_of(standing.terms)
        return TermsView(
            standing.hash.hex()[:16],
            agreed.name,
            "accord",
            None,
            None,
            agreed.purpose,
            offices[0],
            offices[1],
            needed,
            state,
            standing.sides[ours].authors,
        )

    def entry_view(self, room: Room, held: Held) -> EntryView:
        said = held.said
        if isinstance(said, Statement):
            known = said.kind in list(NodeKind) and said.kind not in (NodeKind.RESUME, NodeKind.CHECKPOINT)
            kind = NodeKind(said.kind).name if known else _unknown(said.kind)
            by: str = Sentence("node of {party}", party=self.party(room, held.party))
        else:
            kind = ActKind(said.kind).name if said.kind in list(ActKind) else _unknown(said.kind)
            by = verbatim(self.office(room, held.party, said.author))
        return EntryView(
            self.party(room, held.party),
            held.party == room.pair.ours,
            held.sequence,
            kind,
            said.precedence.name,
            by,
            said.stamp.time,
            held.heard_at,
            held.leaf.hex()[:16],
            self.entry_words(room, held),
        )

    def entry_words(self, room: Room, held: Held) -> str:
        said, body = held.said, held.body
        if isinstance(said, Statement):
            words = Sentence(
                "holds {size} of {party}", size=said.their_size, party=self.party(room, 1 - held.party)
            )
            try:
                bodies.check_statement(said.kind, body or ())
            except RemoteError as e:
                return _all_of([words, _malformed(e)])
            if said.kind == NodeKind.CONTACT and body:
                return _contact_words(contact.contact(body))
            return words
        if body is None:
            return Sentence("withheld")
        try:
            bodies.check_act(said.kind, body)
        except RemoteError as e:
            return _malformed(e)
        match said.kind:
            case ActKind.MESSAGE:
                return verbatim(f"{said.author}/{said.number}: {message.message(body).text}")
            case ActKind.ANNOUNCEMENT:
                return verbatim(announcement.announcement(body).title)
            case ActKind.TENDER:
                names = letter.tender(body).names
                return verbatim(f"{names.in_whose_name} → {names.to_whom}")
            case ActKind.TENDER_ANSWER:
                answered = letter.answer(body)
                words = ANSWER_WORDS[answered.answer]
                return Sentence("{ref}: {words}", ref=self.ref_of(answered.tender), words=words)
            case ActKind.LETTER:
                number = letter.letter(body).number
                return Sentence("sealed letter, number {number} of its series", number=number)
            case ActKind.TIER:
                ref, tier = self.ref_of(cbor.octets(body[0])), TIER_WORDS[Tier(cbor.integer(body[1]))]
                return Sentence("{ref}: {words}", ref=ref, words=tier)
            case ActKind.ACKNOWLEDGE:
                grade = message.GRADE_WORDS[Grade(cbor.integer(body[1]))]
                return Sentence("{ref}: {grade}", ref=self.ref_of(cbor.octets(body[0])), grade=grade)
            case ActKind.SEVER:
                return verbatim(cbor.string(body[3]))
            case ActKind.OFFER:
                terms = suite.sha256(cbor.octets(body[1])).hex()[:16]
                if cbor.integer(body[0]) == Subject.RESTORE:
                    return Sentence("to restore, terms {terms}", terms=terms)
                if cbor.integer(body[0]) == Subject.ANNOUNCEMENT_HOUR:
                    return Sentence("an announcement hour, terms {terms}", terms=terms)
                if cbor.integer(body[0]) == Subject.APPOINTMENT:
                    return Sentence("an appointment, terms {terms}", terms=terms)
                return Sentence("to accord, terms {terms}", terms=terms)
            case ActKind.AGREE:
                return Sentence("to terms {terms}", terms=cbor.octets(body[0]).hex()[:16])
            case ActKind.ROSTER:
                try:
                    return verbatim(", ".join(o.office for o in roster.officers(body)))
                except RemoteError as e:
                    return _malformed(e)
            case ActKind.CANCEL | ActKind.WITHDRAW:
                return verbatim(self.ref_of(cbor.octets(body[0])))
            case _:
                return ""

    def fault_view(self, room: Room, fault: Fault) -> FaultView:
        try:
            sequence: int | None = wire.decode_entry(fault.evidence).sequence
        except RemoteError:
            sequence = None
        return FaultView(
            fault_ref(fault),
            self.name(room),
            fault.heard_at,
            reason_of(fault),
            fault.differs,
            "frame" if sequence is None else "entry",
            sequence,
            len(fault.evidence),
        )

    # --- the ways to a thing

    def name(self, room: Room) -> str:
        """The line's name, unique at this end: PAIR/NAME where two pairs have a line of one name, and the
        beginning of its id behind it where a pair has two (offers that crossed, and both were agreed)."""
        pairs, names = self._names
        if pairs is not self._node.pairs or len(names) != len(self._node.rooms()):
            names = self._named()
            self._names = self._node.pairs, names
        return names[room.id]

    def _named(self) -> dict[bytes, str]:
        """The unique names of all lines, by id. They hold until there is one more: no line goes or changes its name."""
        rooms = self._node.rooms()
        alone = Counter(room.name for room in rooms)
        in_pair = Counter((room.pair.name, room.name) for room in rooms)
        names = {}
        for room in rooms:
            of_pair = f"{room.pair.name}/{room.name}"
            twice = in_pair[room.pair.name, room.name] > 1
            names[room.id] = (
                room.name if alone[room.name] == 1 else f"{of_pair} {room.id.hex()[:8]}" if twice else of_pair
            )
        return names

    def _forget(self) -> None:
        """Something has changed: what was made before holds no more."""
        self._made.clear()

    def room(self, name: str) -> Room:
        """The line called `name`, or PAIR/NAME; a unique beginning will do."""
        rooms = self._node.rooms()
        exact = [r for r in rooms if name in (r.name, f"{r.pair.name}/{r.name}", r.id.hex())]
        unique = [r for r in rooms if name == self.name(r)]
        found = unique or exact or [r for r in rooms if name and r.name.lower().startswith(name.lower())]
        if len(found) == 1:
            return found[0]
        known = ", ".join(r.name for r in rooms) or Sentence("none yet: pair first")
        if found:
            several = ", ".join(self.name(r) for r in found)
            raise LocalError(
                Sentence("{line!r} could be several lines", line=name),
                Sentence("give it whole: {lines}", lines=several),
            )
        raise LocalError(
            Sentence("there is no line {line!r}", line=name), Sentence("the lines are: {lines}", lines=known)
        )

    def room_by_id(self, line: bytes) -> Room:
        return next(room for room in self._node.rooms() if room.id == line)

    def rooms(self, line: str | None) -> list[Room]:
        return [self.room(line)] if line else self._node.rooms()

    def pair(self, name: str | None) -> PairRoom:
        pairs = self._node.pairs
        if name is None and len(pairs) == 1:
            return next(iter(pairs.values()))
        if name is None or name not in pairs:
            known = ", ".join(pairs) or Sentence("none yet")
            raise LocalError(
                Sentence("there is no pair {name}", name=name) if name else Sentence("there is no pair"),
                Sentence("the pairs are: {pairs}", pairs=known),
            )
        return pairs[name]

    def find(self, ref: str) -> tuple[Room, Held | None, Waiting | None]:
        """A message by its ref: in the record, or waiting."""
        try:
            name, whose, numbers = ref.rsplit(":", 2)
            author, number = (_number(digits) for digits in numbers.split("/"))
            ours = {"ours": True, "theirs": False}[whose]
        except (ValueError, KeyError):
            raise LocalError(
                Sentence("{ref!r} names no message", ref=ref),
                "a ref looks like: Liaison:theirs:2/1, or draft:3",
            ) from None
        room = self.room(name)
        party = room.pair.ours if ours else 1 - room.pair.ours
        if not (0 <= author < 0xFFFF and 0 <= number <= 0xFFFFFFFF):
            raise LocalError(Sentence("{ref!r} names no message", ref=ref), "see: parley inbox --all")
        row = self._store.named(room.id, party, author, number)
        if row is not None and row.held.kind == ActKind.MESSAGE:
            return room, row.held, None
        if row is not None:  # another act has the name too, and comes first
            for held in reversed(self.said_here(room, party)):
                if isinstance(held.said, Act) and (held.said.author, held.said.number) == (author, number):
                    return room, held, None
        waiting = self._store.waiting_named(room.id, author, number) if ours else None
        if waiting is not None and waiting.kind == ActKind.MESSAGE:
            return room, None, waiting
        raise LocalError(Sentence("there is no message {ref}", ref=ref), "see: parley inbox --all")

    def act_id(self, ref: str, pair: PairRoom) -> bytes:
        """The act id of a message, to be named to the other end of `pair`: none of another pair is."""
        room, held, _ = self.find(ref)
        if room.pair is not pair:
            raise LocalError(
                Sentence("{ref} is of another pair: the other end has not seen it", ref=ref),
                "answer it on a line of its own pair",
            )
        if held is None:
            raise LocalError(
                Sentence("{ref} is not in the record yet", ref=ref), "wait until it is at their end"
            )
        return held.id

    def ref_of(self, act_id: bytes) -> str:
        row = self._store.by_id(act_id)
        if row is None:
            return Sentence("act {id}", id=act_id.hex()[:16])
        held = row.held
        room = next((r for r in self._node.rooms() if r.id == row.line), None)
        if room is None or not isinstance(held.said, Act):
            return Sentence("act {id}", id=act_id.hex()[:16])
        whose = "ours" if held.party == room.pair.ours else "theirs"
        return f"{self.name(room)}:{whose}:{held.said.author}/{held.said.number}"

    def draft(self, ref: str) -> tuple[Event, Room]:
        try:
            event = self._log.event(_number(ref.removeprefix("draft:")))
        except ValueError:
            event = None
        if event is None or event.what != Happened.DRAFT:
            raise LocalError(Sentence("there is no {ref}", ref=ref), "see what waits: parley inbox --drafts")
        return event, self.room_by_id(event.line)

    def became(self, event: Event, room: Room) -> MessageView | None:
        """The message a draft became, or the draft withdrawn; None while it waits for its release."""
        found = self._store.released(event.id)
        if found is not None:
            _, author, number = found
            row = self._store.named(room.id, room.pair.ours, author, number)
            if row is not None:
                return self.message_view(room, row.held)
            waiting = self._store.waiting_of_draft(event.id)
            if waiting is not None:
                return self.waiting_view(room, waiting)
        if found is not None or self.withdrawn(event.id):
            return self.draft_view(event)
        return None

    def withdrawn(self, draft: int) -> bool:
        return any(e.what == Happened.WITHDRAWN for e in self._log.of_draft(draft))

    def standings(self, room: Room) -> tuple[Standing, ...]:
        """The terms of a line; behind those of the record, what of ours is released and waits for a bearer."""
        known, waiting = {s.hash for s in room.line.standings}, {}
        for w in self._store.waiting(room.id):
            if w.kind == ActKind.OFFER:
                subject, terms = wire.decode_body(w.body)
                name = suite.sha256(cbor.octets(terms))
                if name not in known:
                    waiting[name] = Standing(
                        cbor.integer(subject), name, cbor.octets(terms), (lines.Side(), lines.Side())
                    )
        return (*room.line.standings, *waiting.values())

    def standing(self, ref: str) -> tuple[Room, Standing]:
        found = [
            (room, standing)
            for room in self._node.rooms()
            for standing in self.standings(room)
            if len(ref) >= 8 and standing.hash.hex().startswith(ref.lower())
        ]
        if len(found) != 1:
            raise LocalError(Sentence("there are no terms {ref!r}", ref=ref), "see: parley restore list")
        return found[0]

    def fault(self, ref: str) -> tuple[Room, Fault]:
        """A fault by the beginning of its ref; kept on several lines, the first."""
        for room in self._node.rooms():
            for fault in self._store.faults(room.id):
                if len(ref) >= 8 and fault_ref(fault).startswith(ref.lower()):
                    return room, fault
        raise LocalError(Sentence("there is no fault {ref!r}", ref=ref), "see: parley fault list")

    def officer_named(self, name: str) -> OfficerFile:
        found = keys.officer(self._node.home.path, name)
        if found is None:
            raise LocalError(
                Sentence("there is no officer {name!r} at this end", name=name), "see: parley officer list"
            )
        return found

    def may(self, found: OfficerFile, kind: int, subject: int | None, precedence: Precedence) -> None:
        if not accords.may(found.officer, kind, subject, precedence):
            who = {
                "officer": found.name,
                "office": found.officer.office,
                "kind": Sentence(ActKind(kind).name),
            }
            raise LocalError(
                Sentence(
                    "{officer} ({office}) may not sign {precedence} {kind}",
                    precedence=Sentence(precedence.name),
                    **who,
                )
                if kind == ActKind.MESSAGE
                else Sentence("{officer} ({office}) may not sign {kind}", **who),
                "ask an officer whose powers allow it: parley officer list",
            )

    def office(self, room: Room, party: int, author: int) -> str:
        if author == ROOT_AUTHOR:
            return Sentence("root key of {party}", party=self.party(room, party))
        officer = room.pair.rosters[party].get(author)
        if officer is None and party == room.pair.ours:  # our roster may wait for its first bearer
            officer = next(
                (o.officer for o in keys.officers(self._node.home.path) if o.officer.author == author), None
            )
        return officer.office if officer else Sentence("officer {author}, not yet proven", author=author)

    def party(self, room: Room, party: int) -> str:
        return room.pair.cards[party].party_name

    def unacknowledged(self, *, theirs: bool) -> tuple[MessageView, ...]:
        found = []
        for room in self._node.rooms():
            party = 1 - room.pair.ours if theirs else room.pair.ours
            for _, sequence in room.unanswered.of(party):
                row = sure(self._store.at(room.id, party, sequence))
                found.append(self.message_view(room, row.held))
            if not theirs:
                found += [
                    self.waiting_view(room, w)
                    for w in self._store.waiting(room.id)
                    if w.kind == ActKind.MESSAGE
                ]
        return tuple(sorted(found, key=lambda m: (-Precedence[m.precedence], m.heard_at, m.ref)))

    def opened(self, room: Room, row: Row) -> Opened:
        if row.body is None:
            return Opened(None, ())
        held = row.held
        source = room if held.said.line == room.id else room.pair.order_wire
        return Opened(row.body, record.salts_of(source.commitment_key, held.said, len(held.body or ())))


T = TypeVar("T")


def _announcement_hour(terms: bytes) -> tuple[Seconds, str]:
    hour = announcement.decode_hour(terms)
    return hour.at, hour.subject


def _appointment(terms: bytes) -> tuple[Seconds, str]:
    made = appointment.decode_terms(terms)
    return made.at, made.purpose


# Terms of an hour, by subject: the words for them, and what gives their hour and what they are about.
_OF_AN_HOUR: dict[int, tuple[str, Callable[[bytes], tuple[Seconds, str]]]] = {
    Subject.ANNOUNCEMENT_HOUR: ("announcement hour", _announcement_hour),
    Subject.APPOINTMENT: ("appointment", _appointment),
}


def clock(at: Seconds) -> str:
    """An instant as the screens show it: 2021-07-27 01:00Z."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%MZ")


@lru_cache(maxsize=512)
def _restore_of(terms: bytes) -> lines.RestoreTerms:
    return lines.decode_restore(terms)


@lru_cache(maxsize=512)
def _accord_of(terms: bytes) -> accords.Accord:
    return accords.decode_terms(terms)


def precedence_named(word: str) -> Precedence:
    try:
        return Precedence[word.upper()]
    except KeyError:
        words = ", ".join(p.name for p in reversed(Precedence))
        raise LocalError(
            Sentence("there is no precedence {word!r}", word=word), Sentence("one of: {words}", words=words)
        ) from None


def fault_ref(fault: Fault) -> str:
    return suite.sha256(fault.evidence).hex()[:16]


_REASONS = (
    "a frame of theirs cannot be rebuilt: {why}",
    "an entry of theirs is malformed: {why}",
    "two different acts named {name}",
)


def reason_of(fault: Fault) -> str:
    """Why a fault was kept, as a Sentence where it has values: the record keeps only what was said, in English."""
    for template in _REASONS:
        head, _, hole = template.partition("{")
        if fault.reason.startswith(head):
            return Sentence(template, **{hole.rstrip("}"): fault.reason.removeprefix(head)})
    return fault.reason


def _beyond(officer: Officer | None, act: Act) -> str:
    """What is said of an act that its officer's powers do not cover: it is shown, and has no effect."""
    if officer is None or accords.may(officer, act.kind, None, act.precedence):
        return ""
    return "beyond the powers of this officer"


def _number(digits: str) -> int:
    """A number of a ref, as it is written and no other way. Raises ValueError."""
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 10):
        raise ValueError(digits)
    return int(digits)


def _calls(number: int) -> Sentence:
    return Sentence("1 call") if number == 1 else Sentence("{count} calls", count=number)


def verbatim(text: str) -> Sentence:
    """What somebody wrote, such as a name or grounds: the same in every language, even where it is a word that the
    catalogues know."""
    return text if isinstance(text, Sentence) else Sentence("{text}", text=text)


def _contact_words(found: contact.Contact) -> Sentence:
    """What became of a contact, or of a stretch of them."""
    outcome = (
        Sentence("answered {at}", at=clock(found.answered_at))
        if found.answered_at
        else Sentence("no answer, {calls}", calls=_calls(found.calls))
    )
    at = clock(found.first)
    if found.slots > 1:
        return Sentence("{at}: {outcome}, {slots} slots", at=at, outcome=outcome, slots=found.slots)
    told = [Sentence("{at}: {outcome}", at=at, outcome=outcome)]
    if found.content != contact.Content.NOT_SAID:
        told.append(_CONTENT[found.content])
    if found.checks & (contact.Check.OUR_DOCUMENT | contact.Check.THEIR_DOCUMENT):
        told.append(Sentence("document test"))
    return _all_of(told)


_CONTENT = {
    contact.Content.NO_MESSAGE: Sentence("no message"),
    contact.Content.MESSAGES: Sentence("messages exchanged"),
}


def _malformed(error: RemoteError) -> Sentence:
    return Sentence("malformed: {why}", why=error.text)


def _unknown(kind: int) -> Sentence:
    return Sentence("unknown kind {kind}", kind=kind)


def _all_of(said: Sequence[Sentence]) -> Sentence:
    """Several sentences, at least one, as one: joined as text they would forget how they were made."""
    whole = said[0]
    for following in said[1:]:
        whole = Sentence("{first}; {then}", first=whole, then=following)
    return whole


def powers_of(officer: Officer) -> tuple[str, ...]:
    return tuple(str(p.name).lower() for p in Power if p in officer.powers)


def sure(value: T | None) -> T:
    assert value is not None
    return value
