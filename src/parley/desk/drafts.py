"""Drafts, from the first key to the offer: kept as typed, checked when somebody asks, offered whole.

A draft has one ref, `draft:N`, from the first key to the receipt. While it is written nothing of it is checked but
its size: a draft that cannot be saved is a draft that is lost. It does not time out. What is offered for release is
the body as it would be signed, in the journal; an edit afterwards makes that offer void, so that nobody releases what
was not offered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from parley.core.errors import LocalError, RemoteError, Sentence
from parley.core.instruments import message
from parley.core.types import PARAGRAPHS_MAX, ActKind, Body, Precedence, Seconds
from parley.core.wire import body as bodies
from parley.core.wire import entry as wire
from parley.desk import times
from parley.desk.reader import precedence_named
from parley.desk.reading import Reading
from parley.desk.views import DraftView, MessageView
from parley.node import Node, Room
from parley.watch_log import Event, Happened, is_offered

FIELDS: Final = (
    "line", "precedence", "language", "title", "text", "in_whose_name", "form_of_address", "answers", "reply_by",
    "stale_after", "reason",
)  # fmt: skip
DRAFT_BYTES_MAX: Final = 64 * 1024
BODY_BYTES_MAX: Final = 1700


class Drafts:
    """The drafts of one end. Who may act at all is for the desk to say."""

    def __init__(self, node: Node, look: Reading) -> None:
        self._node, self._look = node, look
        self._store, self._log = node.store, node.watch_log

    def begin(self, line: str, by: str) -> DraftView:
        """A new draft on a line, empty."""
        room = self.speaking(line)
        draft = self._log.note(self._node.now(), Happened.DRAFT, by, room.id)
        self._node.changed()
        return self.view(f"draft:{draft}")

    def save(self, ref: str, by: str, fields: Mapping[str, str]) -> DraftView:
        """Keeps what was typed; fields not named stay as they were."""
        event, _ = self._open(ref)
        self._only_drafter(event, by)
        unknown = sorted(set(fields) - set(FIELDS))
        if unknown:
            raise LocalError(
                Sentence("a draft has no field {name}", name=unknown[0][:64]),
                Sentence("use the page of the same version"),
            )
        before = self._fields(event)
        after = {**before, **fields}
        try:
            size = sum(len(value.encode("utf-8")) for value in after.values())
        except UnicodeEncodeError:
            raise LocalError(
                Sentence("the draft holds a lone surrogate, which is no character"),
                Sentence("retype it; what was saved before is kept"),
            ) from None
        if size > DRAFT_BYTES_MAX:
            raise LocalError(
                Sentence("the draft is over {kib} KiB", kib=DRAFT_BYTES_MAX // 1024),
                Sentence("shorten it; what was saved before is kept"),
            )
        if after != before:
            offered = is_offered(event)
            self._log.keep(event.id, self._node.now(), after, reopens=by if offered else "")
            if offered:
                self._node.changed()
        return self.view(ref)

    def view(self, ref: str) -> DraftView:
        """A draft as it is being written, or as it was offered."""
        event, _ = self._look.draft(ref)
        return self._view(event)

    def being_written(self) -> tuple[DraftView, ...]:
        """The drafts that are neither offered nor withdrawn, newest first."""
        waiting = (e for e in self._log.open_drafts() if not is_offered(e))
        return tuple(self._view(e) for e in reversed(list(waiting)) if self._store.released(e.id) is None)

    def check(self, ref: str) -> MessageView:
        """A draft as they will read it. Raises LocalError if it cannot be sent as it is."""
        event, _ = self._open(ref)
        room, urgency, body = self._finished(self._fields(event))
        at = self._node.now()
        view = self._look.view(
            room,
            message.message(body),
            ref,
            True,
            urgency.name,
            message.State.WAITING_RELEASE if is_offered(event) else message.State.DRAFT,
            "",
            at,
            at,
            self._look.draft_rungs(event.id),
            event.officer,
        )
        return view

    def offer(self, ref: str, by: str) -> MessageView:
        """Offers a draft for release by a second person."""
        event, _ = self._open(ref)
        self._only_drafter(event, by)
        if is_offered(event):
            return self._look.draft_view(event)
        fields = self._fields(event)
        room, urgency, body = self._finished(fields)
        self._log.note(
            self._node.now(),
            Happened.OFFERED,
            by,
            room.id,
            event.id,
            precedence=urgency.name,
            body=wire.encode_body(body).hex(),
            reason=fields.get("reason", ""),
        )
        self._node.changed()
        return self._look.message_of_draft(event.id)

    def discard(self, ref: str, by: str) -> None:
        """Throws a draft away, by whoever wrote it; what was offered of it stays in the journal."""
        event, room = self._open(ref)
        self._only_drafter(event, by)
        self._log.note(self._node.now(), Happened.WITHDRAWN, by, room.id, event.id)
        self._node.changed()

    # --- what a message is made of

    def body(
        self,
        room: Room,
        text: str,
        *,
        language: str = "",
        title: str = "",
        in_whose_name: str = "",
        form_of_address: str = "",
        answers: str = "",
        reply_by: Seconds | None = None,
        stale_after: Seconds | None = None,
    ) -> Body:
        """What would be signed. Raises LocalError for what cannot be sent."""
        found = message.written(
            language or room.line.accord.languages[0],
            text,
            subject=title or None,
            in_whose_name=in_whose_name or None,
            form_of_address=form_of_address or None,
            references=(self._look.act_id(answers, room.pair),) if answers else (),
            reply_by=reply_by,
            stale_after=stale_after,
        )
        if not found.paragraphs:
            raise LocalError(Sentence("a message needs a text"), Sentence("write at least one line"))
        body = message.body(found)
        _fits(body)
        packing = bodies.Context(room.line.accords[0][1].languages)
        bodies.pack(
            False, ActKind.MESSAGE, body, packing
        )  # costs more than a signature: not when it is released
        return body

    def _finished(self, fields: Mapping[str, str]) -> tuple[Room, Precedence, Body]:
        """Line, precedence and body of what was typed. Raises LocalError for what cannot be sent."""
        room = self.speaking(fields.get("line", ""))
        urgency = precedence_named(fields.get("precedence") or Precedence.ROUTINE.name)
        if urgency == Precedence.FLASH and not fields.get("reason", "").strip():
            raise LocalError(
                Sentence("a FLASH needs its reason; the draft is kept"),
                Sentence("say in one sentence why it cannot wait, or choose a lower precedence"),
            )
        reply_by, stale_after = fields.get("reply_by", "").strip(), fields.get("stale_after", "").strip()
        body = self.body(
            room,
            fields.get("text", ""),
            language=fields.get("language", "").strip(),
            title=fields.get("title", "").strip(),
            in_whose_name=fields.get("in_whose_name", "").strip(),
            form_of_address=fields.get("form_of_address", "").strip(),
            answers=fields.get("answers", "").strip(),
            reply_by=times.instant(reply_by, Sentence("Reply by")) if reply_by else None,
            stale_after=times.instant(stale_after, Sentence("Of no use after")) if stale_after else None,
        )
        return room, urgency, body

    def speaking(self, line: str) -> Room:
        """The line of that name, if it carries messages. Raises LocalError."""
        room = self._look.room(line)
        if room.is_order_wire:
            raise LocalError(
                Sentence("the order wire carries no messages"), Sentence("choose a line: parley line")
            )
        return room

    # --- what there is of a draft

    def _open(self, ref: str) -> tuple[Event, Room]:
        """A draft that can still be written. Raises LocalError."""
        event, room = self._look.draft(ref)
        became = self._look.became(event, room)
        if became is not None:
            raise LocalError(
                Sentence("{ref} is {state} already", ref=ref, state=Sentence(became.state)),
                Sentence("begin a new draft"),
            )
        return event, room

    def _only_drafter(self, event: Event, by: str) -> None:
        if event.officer != by:
            raise LocalError(
                Sentence(
                    "{ref} is being written by {officer}", ref=f"draft:{event.id}", officer=event.officer
                ),
                Sentence("ask {officer}, or begin a draft of your own", officer=event.officer),
            )

    def _fields(self, event: Event) -> dict[str, str]:
        """A draft as typed; one that was made in one step, in words that say the same."""
        working = self._log.working(event.id)
        if working is not None and working.fields is not None:
            return dict(working.fields)
        line = {"line": event.line.hex()}
        body = event.detail.get("body")
        if not isinstance(body, str):
            return line
        found = message.message(wire.decode_body(bytes.fromhex(body)))
        fields = line | {
            "precedence": str(event.detail["precedence"]),
            "language": found.language,
            "title": found.subject or "",
            "text": found.text,
            "in_whose_name": found.in_whose_name or "",
            "form_of_address": found.form_of_address or "",
            "answers": self._look.ref_of(found.references[0]) if found.references else "",
            "reply_by": "" if found.reply_by is None else times.as_typed(found.reply_by),
            "stale_after": "" if found.stale_after is None else times.as_typed(found.stale_after),
            "reason": str(event.detail.get("reason") or ""),
        }
        return {name: value for name, value in fields.items() if value}

    def _view(self, event: Event) -> DraftView:
        fields, working = self._fields(event), self._log.working(event.id)
        room = self._look.line_typed(fields.get("line", ""), self._look.room_by_id(event.line))
        return DraftView(
            f"draft:{event.id}",
            self._look.name(room),
            room.id.hex(),
            event.officer,
            event.at,
            working.saved_at if working is not None else event.at,
            is_offered(event),
            fields,
        )


def _fits(body: Body) -> None:
    try:
        bodies.check_act(ActKind.MESSAGE, body)
    except RemoteError as e:
        raise LocalError(
            Sentence("this cannot be sent: {why}", why=e.text),
            Sentence("at most {most} paragraphs and about 1,600 bytes", most=PARAGRAPHS_MAX),
        ) from None
    if len(wire.encode_body(body)) > BODY_BYTES_MAX:
        raise LocalError(
            Sentence("this is too long for one message"),
            Sentence("send it in parts of about 1,600 bytes (500 Korean syllables)"),
        )
