"""What the views of messages have besides the record: drafts as they are typed, clocks, and read-backs compared.

`Reader` makes a message from record, fold and journal. Here is added what follows from it and from nothing else:
when it is due at their end, what its read-back lacks, and, for a draft, whether it is offered as it stands.
"""

from __future__ import annotations

from dataclasses import replace

from parley.core import accord as accords
from parley.core import record, suite
from parley.core.errors import LocalError, RemoteError
from parley.core.instruments import message
from parley.core.instruments.message import Message, State
from parley.core.record import Held
from parley.core.types import ActKind, Grade, Precedence, Seconds
from parley.core.wire import body as bodies
from parley.core.wire import cbor
from parley.core.wire import entry as wire
from parley.desk import readback
from parley.desk.reader import Reader, verbatim
from parley.desk.views import MessageView, RungView
from parley.node import Room
from parley.store import Waiting
from parley.watch_log import Event, is_offered

_THERE = frozenset(state.value for state in list(State)[list(State).index(State.AT_THEIR_END) :])


class Reading(Reader):
    """The reader of a desk."""

    def draft_view(self, event: Event) -> MessageView:
        """A draft: as it is offered, or, while it is being written, as it is typed."""
        room, offered = self.room_by_id(event.line), is_offered(event)
        body = event.detail.get("body")
        if isinstance(body, str) and (offered or self._log.working(event.id) is None):
            found = message.message(wire.decode_body(bytes.fromhex(body)))
            precedence = str(event.detail["precedence"])
        else:
            room, found, precedence = self._typed(event, room)
        withdrawn = self.withdrawn(event.id)
        state = State.WITHDRAWN if withdrawn else State.WAITING_RELEASE if offered else State.DRAFT
        at = _offered_at(event)
        rungs = self.draft_rungs(event.id)
        if withdrawn:
            rungs = (*rungs[:1], RungView(state.value, at, ""))
        view = self.view(
            room, found, f"draft:{event.id}", True, precedence, state, "", at, at, rungs, event.officer
        )
        return replace(view, offer=offer_of(event)) if offered and not withdrawn else view

    def message_of_draft(self, draft: int) -> MessageView:
        """The view of a draft, by its number, as it stands now."""
        event, _ = self.draft(f"draft:{draft}")
        return self.draft_view(event)

    def _typed(self, event: Event, room: Room) -> tuple[Room, Message, str]:
        """A draft that is not offered: its line, text and precedence as they stand, checked by nobody yet."""
        working = self._log.working(event.id)
        fields = (working.fields if working is not None else None) or {}
        precedence = fields.get("precedence", "").upper()
        found = Message(
            fields.get("language") or room.line.accord.languages[0],
            tuple(line for line in fields.get("text", "").splitlines() if line.strip()),
            fields.get("title") or None,
            fields.get("in_whose_name") or None,
            fields.get("form_of_address") or None,
        )
        return (
            self.line_typed(fields.get("line", ""), room),
            found,
            precedence if precedence in Precedence.__members__ else Precedence.ROUTINE.name,
        )

    def line_typed(self, typed: str, otherwise: Room) -> Room:
        """The line a draft names, or the one it was begun on while it names none."""
        try:
            return self.room(typed) if typed else otherwise
        except LocalError:
            return otherwise

    def draft_rungs(self, draft: int | None) -> tuple[RungView, ...]:
        event = self._log.event(draft) if draft else None
        if event is None:
            return ()
        begun = RungView(State.DRAFT.value, event.at, verbatim(event.officer))
        if not is_offered(event):
            return (begun,)
        return (begun, RungView(State.WAITING_RELEASE.value, _offered_at(event), ""))

    def waiting_view(self, room: Room, w: Waiting) -> MessageView:
        due = w.released_at + room.line.accord.clocks[w.precedence][0]
        return replace(super().waiting_view(room, w), delivery_deadline=due)

    def _message_view(self, room: Room, held: Held) -> MessageView:
        view = super()._message_view(room, held)
        reached = {rung.state for rung in view.ladder}
        if view.ours and not view.acknowledged and not reached & _THERE:
            due = held.heard_at + room.line.accord.clocks[held.said.precedence][0]
            view = replace(view, delivery_deadline=due)
        if State.READ_BACK.value in reached:
            words = self._read_back(room, held)
            view = replace(view, read_back=words, read_back_differs=readback.lacking(view.text, words))
        return view

    def _read_back(self, room: Room, held: Held) -> str:
        """The words of the latest read-back of a message that has effect."""
        for row in reversed(self._store.referring(held.id)):
            found = row.held
            officer = self.proven(room, found)
            if (
                found.kind != ActKind.ACKNOWLEDGE
                or found.party == held.party
                or row.line != room.id
                or found.body is None
                or officer is None
                or not accords.may(officer, ActKind.ACKNOWLEDGE, None, found.said.precedence)
            ):
                continue
            try:
                bodies.check_act(found.kind, found.body)
            except RemoteError:
                continue
            _, grade, words = found.body
            if cbor.integer(grade) == Grade.READ_BACK and words is not None:
                return cbor.string(words)
        return ""

    def reading_id(self, ref: str) -> tuple[bytes, bytes]:
        """What is read under a ref, and on which line: the id of the act, or a draft's number in words."""
        if ref.startswith("draft:"):
            event, room = self.draft(ref)
            return f"draft:{event.id}".encode(), room.id
        room, held, waiting = self.find(ref)
        if held is not None:
            return held.id, room.id
        assert waiting is not None
        return record.act_id(wire.decode_signed(cbor.decode(waiting.act)).payload), room.id


def offer_of(event: Event) -> str:
    """16 hex digits that stand for what an offered draft would say, with its line and precedence."""
    said = (event.line, str(event.detail["body"]), str(event.detail["precedence"]), _offered_at(event))
    return suite.sha256(cbor.encode(said)).hex()[:16]


def _offered_at(event: Event) -> Seconds:
    at = event.detail.get("offered_at", event.at)
    return at if isinstance(at, int) else event.at
