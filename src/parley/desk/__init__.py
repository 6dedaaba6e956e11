"""The door for people and programs: what a console, a command or an API client may ask of an end.

Reading gives views: frozen values of plain text and numbers, in the agreement's words. Acting takes a
log-in name and, where something is signed, the officer's key: by the passphrase that opens it for this one
act, or opened already (`Unlocked`), as a session of the console has it. An officer without any power may read
and nothing else. Whoever asks for what is not allowed gets a LocalError, one sentence and a hint, and nothing is
recorded. A message is named by its ref everywhere: LINE:ours|theirs:AUTHOR/NUMBER, or draft:N.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from parley import __version__, keys
from parley.core import accord as accords
from parley.core import export, record, suite
from parley.core import line as lines
from parley.core.accord import Accord
from parley.core.errors import LocalError, Sentence
from parley.core.instruments import roster
from parley.core.line import Mark, RestoreTerms, Standing
from parley.core.types import (
    ROOT_AUTHOR,
    ActKind,
    Body,
    Grade,
    Power,
    Precedence,
    Seconds,
    Subject,
    written,
)
from parley.core.wire import entry as wire
from parley.core.wire.body import PARAGRAPH_BYTES_MAX
from parley.core.wire.frame import CallSign
from parley.desk.agreed import (
    AccordView,
    AnswerView,
    ContactNowView,
    accord_view,
    contact_now,
    four_questions,
)
from parley.desk.alarms import Alarms
from parley.desk.announcements import Announcements
from parley.desk.appointments import Appointments
from parley.desk.contacts import Contacts
from parley.desk.drafts import Drafts
from parley.desk.letters import Letters
from parley.desk.objects import Objects
from parley.desk.readback import key_fields
from parley.desk.reader import powers_of, precedence_named, sure
from parley.desk.reading import Reading, offer_of
from parley.desk.signing import Signing
from parley.desk.signing_in import SigningIn
from parley.desk.views import (
    AlarmView,
    DraftView,
    EntryView,
    FaultEvidenceView,
    FaultView,
    LineView,
    MessageView,
    OfficerView,
    StatusView,
    TermsView,
)
from parley.keys import Cost, OfficerFile, Signer
from parley.keys.officers import Unlocked, unlock
from parley.node import Node, PairRoom, Room, slot_detail
from parley.store import Pair, Waiting
from parley.watch_log import Event, Happened, is_offered

__all__ = ["Desk", "Unlocked", "unlock"]


class Desk:
    """What may be asked of an end. Every method is a plain call; acting ones return when it is durable."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._store, self._log = node.store, node.watch_log
        self._look = Reading(node)
        self._drafts = Drafts(node, self._look)
        self._signing_in = SigningIn(node)
        self._signing = Signing(node, self._look)
        self.objects = Objects(node, self._look, self._signing)
        self.letters = Letters(node, self._look, self._signing, self.objects)
        self.appointments = Appointments(node, self._look, self._signing)
        self.contacts = Contacts(node, self._look, self._signing)
        self.announcements = Announcements(node, self._look, self._signing)
        self._alarms = Alarms(node, self._look, self.letters, self.appointments)
        last = self._log.watch()
        if node.watch is None and last is not None and last.officer:
            node.watch = last.officer  # who has the watch keeps it over a restart

    # --- reading

    @property
    def home_path(self) -> Path:
        """The folder of this end, for `unlock`."""
        return self._node.home.path

    def powers(self, by: str) -> tuple[str, ...]:
        """The powers of an officer, in words; none for one who may read and nothing else."""
        return powers_of(self._look.officer_named(by).officer)

    def status(self) -> StatusView:
        node = self._node
        pairs = tuple(
            (pair.name, suite.key_id(pair.cards[1 - pair.ours].root_key).hex())
            for pair in node.pairs.values()
        )
        return StatusView(
            node.home.party,
            self.fingerprint(),
            node.now(),
            __version__,
            pairs,
            tuple((bearer.name, bearer.up) for bearer in (carrier.bearer for carrier in node.carriers)),
            self._alarms.of_end(),
            node.unopened_frames,
            node.watch,
            self.lines(),
            self._watch_since(),
        )

    def fingerprint(self) -> str:
        """SHA-256 of our root key, hex: what the other party must be told by another way."""
        found = self._node.keys.get("root fingerprint")
        return found.hex() if found else ""

    def lines(self) -> tuple[LineView, ...]:
        """All lines, the order wires first."""
        rooms = sorted(self._node.rooms(), key=lambda r: (not r.is_order_wire, r.pair.name, r.name))
        return tuple(self._look.line_view(room) for room in rooms)

    def line(self, name: str) -> LineView:
        return self._look.line_view(self._look.room(name))

    def accord(self, line: str) -> AccordView:
        """What both parties agreed of a line."""
        return accord_view(self._look.room(line))

    def contact_now(self, line: str) -> ContactNowView:
        """What has become so far of the contact now open on a line."""
        return contact_now(self._look.room(line))

    def four(self, line: str) -> tuple[AnswerView, ...]:
        """Can bytes move, is it really them, is a human there, do our records agree: each with its evidence."""
        return four_questions(self._node, self._look.room(line))

    def party(self) -> str:
        """What our party is called on its card."""
        return self._node.home.party

    def time(self) -> float:
        """Our wall clock, in seconds since 1970-01-01T00:00:00Z."""
        return self._node.clock.wall()

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Calls `listener` after everything an officer should see; gives what ends that."""
        self._node.listeners.append(listener)
        return lambda: self._node.listeners.remove(listener)

    def at_their_end(self) -> dict[bytes, tuple[int, int]]:
        """By line id: the size of our log, and how much of it their node has signed for."""
        return {room.id: (room.line.our_log.size, room.line.covered) for room in self._node.rooms()}

    def line_name(self, line_id: bytes) -> str:
        """The name under which a line is known at this desk."""
        return self._look.name(self._look.room_by_id(line_id))

    def together(self) -> AbstractContextManager[None]:
        """What is asked within becomes durable by one commit, and only then does anything leave; each stands or falls
        alone. Raises LocalError when the disk refuses: nothing of all of it is there then."""
        return self._node.together()

    def officers(self) -> tuple[OfficerView, ...]:
        return tuple(
            OfficerView(
                o.name,
                o.officer.author,
                o.officer.office,
                o.officer.precedence_max.name,
                powers_of(o.officer),
            )
            for o in keys.officers(self._node.home.path)
        )

    def alarms(self) -> tuple[AlarmView, ...]:
        """What needs a person's act or soon will, one for each situation, the most urgent first."""
        return self._alarms.now()

    def wall(self) -> tuple[int, int]:
        """How many alarms and how many warnings there are: all that whoever is not signed in may see."""
        return self._alarms.wall()

    def next_change_at(self) -> Seconds | None:
        """The next instant at which alarms or deadlines change by time alone, by the end's clock."""
        return self._alarms.next_change_at()

    def drafts(self) -> tuple[MessageView, ...]:
        """What waits for a second person's release."""
        waiting = (e for e in self._log.drafts() if self._store.released(e.id) is None)
        return tuple(self._look.draft_view(event) for event in waiting)

    def messages(self, line: str | None = None, most: int = 50) -> tuple[MessageView, ...]:
        """Both ways, newest first, those released and not entered included."""
        found: list[MessageView] = []
        for room in self._look.rooms(line):
            waiting = [w for w in self._store.waiting(room.id) if w.kind == ActKind.MESSAGE]
            waiting.sort(key=lambda w: (-w.released_at, w.author, w.number))
            found += [self._look.waiting_view(room, w) for w in waiting[:most]]
        found += [self._look.message_view(*said) for said in self._look.latest(self._look.rooms(line), most)]
        return tuple(sorted(found, key=lambda m: (-m.heard_at, m.ref))[:most])

    def needs_us(self) -> tuple[MessageView, ...]:
        """Messages of theirs that no officer of ours has acknowledged, most urgent first."""
        return self._look.unacknowledged(theirs=True)

    def waiting_on_them(self) -> tuple[MessageView, ...]:
        """Messages of ours that no officer of theirs has acknowledged, most urgent first."""
        return self._look.unacknowledged(theirs=False)

    def message(self, ref: str) -> MessageView:
        if ref.startswith("draft:"):
            event, room = self._look.draft(ref)
            became = self._look.became(event, room)
            return became if became is not None else self._look.draft_view(event)
        room, held, waiting = self._look.find(ref)
        return (
            self._look.waiting_view(room, waiting) if waiting else self._look.message_view(room, sure(held))
        )

    def place(self, ref: str) -> int | None:
        """The place of a message in the log it is in; None while it waits."""
        _, held, _ = self._look.find(ref)
        return None if held is None else held.sequence

    def terms(self, line: str | None = None) -> tuple[TermsView, ...]:
        """Terms on the table or settled; those of new lines stand on the order wire. Newest last."""
        return tuple(
            self._look.terms_view(room, standing)
            for room in self._look.rooms(line)
            for standing in self._look.standings(room)
        )

    def entries(self, line: str, most: int = 100) -> tuple[EntryView, ...]:
        """Both logs of a line in the order in which we had them, newest first."""
        room = self._look.room(line)
        return tuple(self._look.entry_view(room, row.held) for row in self._store.last(room.id, most))

    def faults(self, line: str | None = None, most: int = 1_000_000) -> tuple[FaultView, ...]:
        """What a peer signed and should not have, kept as evidence; newest first."""
        found = [(room, f) for room in self._look.rooms(line) for f in reversed(self._store.faults(room.id))]
        found.sort(key=lambda kept: -kept[1].heard_at)
        return tuple(self._look.fault_view(room, fault) for room, fault in found[:most])

    def fault(self, ref: str) -> FaultEvidenceView:
        """One fault with its evidence, which anyone who has our cards and rosters can check."""
        room, fault = self._look.fault(ref)
        return FaultEvidenceView(self._look.fault_view(room, fault), fault.evidence.hex())

    def journal(self, most: int = 50) -> tuple[Event, ...]:
        """The latest of our own watch log, newest first; never sent."""
        return self._log.latest(most)

    # --- messages

    def compose(
        self,
        line: str,
        text: str,
        by: str,
        *,
        precedence: str = "ROUTINE",
        language: str | None = None,
        subject: str = "",
        in_whose_name: str = "",
        form_of_address: str = "",
        answers: str = "",
        reply_by: Seconds | None = None,
        stale_after: Seconds | None = None,
        reason: str = "",
    ) -> MessageView:
        """A draft, begun and offered in one step, kept in the watch log until a second person releases it.
        `answers`: the ref of the message it replies to. `reason`: why this precedence; stays here."""
        room = self._drafts.speaking(line)
        self._signing.acting(by)
        urgency = precedence_named(precedence)
        body = self._drafts.body(
            room,
            text,
            language=language or "",
            title=subject,
            in_whose_name=in_whose_name,
            form_of_address=form_of_address,
            answers=answers,
            reply_by=reply_by,
            stale_after=stale_after,
        )
        event_id = self._log.note(
            self._node.now(),
            Happened.DRAFT,
            by,
            room.id,
            precedence=urgency.name,
            body=wire.encode_body(body).hex(),
            reason=reason,
        )
        self._node.changed()
        return self.message(f"draft:{event_id}")

    def begin_draft(self, line: str, by: str) -> DraftView:
        """A new draft, empty: its ref lasts from the first key to the receipt."""
        self._signing.acting(by)
        return self._drafts.begin(line, by)

    def save_draft(self, ref: str, by: str, fields: Mapping[str, str]) -> DraftView:
        """Keeps what the drafter typed (keys: `drafts.FIELDS`), at once and unchecked; fields not named stay. An
        edit makes an offer for release void. Raises LocalError for another's draft, or one over 64 KiB."""
        return self._drafts.save(ref, by, fields)

    def draft(self, ref: str) -> DraftView:
        """A draft as it is being written."""
        return self._drafts.view(ref)

    def drafting(self) -> tuple[DraftView, ...]:
        """The drafts being written, newest first; every officer sees them."""
        return self._drafts.being_written()

    def check_draft(self, ref: str) -> MessageView:
        """A draft as they will read it. Raises LocalError, one sentence, if it cannot be sent as it is."""
        return self._drafts.check(ref)

    def offer_draft(self, ref: str, by: str) -> MessageView:
        """Offers a draft for release, by its drafter. A FLASH needs its reason, which stays here."""
        self._signing.acting(by)
        return self._drafts.offer(ref, by)

    def discard_draft(self, ref: str, by: str) -> None:
        """Throws a draft away, by its drafter. What was only typed is dropped; the journal keeps what was offered."""
        self._drafts.discard(ref, by)

    def release(self, draft: str, by: str, passphrase: str | Unlocked, *, offer: str = "") -> MessageView:
        """Signs a draft as its releasing authority: a second person's act, unless the accord says not. `offer`:
        what the officer read (`MessageView.offer`); refused when another text was offered since.

        What a cut has kept back (its ref, or that of its draft) is released again so: signed anew, under a
        new number, and the act kept back is gone.
        """
        return self.message(self.released(draft, by, passphrase, offer=offer))

    def released(self, draft: str, by: str, passphrase: str | Unlocked, *, offer: str = "") -> str:
        """As `release`; gives the ref of the message alone."""
        event, room, kept = self._to_release(draft)
        found, signer = self._signing.signer(by, passphrase)
        if offer and offer != offer_of(event):
            raise LocalError(
                Sentence("{ref} was changed since you read it", ref=f"draft:{event.id}"),
                Sentence("read it again; nothing was released"),
            )
        if room.line.accord.second_person and event.officer == by:
            raise LocalError("a draft is released by a second person", "ask another officer to release it")
        body = wire.decode_body(bytes.fromhex(str(event.detail["body"])))
        urgency = precedence_named(str(event.detail["precedence"]))
        self._look.may(found, ActKind.MESSAGE, None, urgency)
        if kept is not None and (refused := lines.refuse(room.line, ActKind.MESSAGE, None, self._node.now())):
            raise refused

        def do() -> int:
            if kept is not None:
                self._store.entered(kept.id)
            cose, number = self._node.sign(room, ActKind.MESSAGE, body, urgency, found.officer.author, signer)
            self._node.release(room, cose, body, draft=event.id)
            return number

        number = self._node.turn(do)
        self._log.note(self._node.now(), Happened.RELEASED, by, room.id, event.id)
        return f"{self._look.name(room)}:ours:{found.officer.author}/{number}"

    def _to_release(self, ref: str) -> tuple[Event, Room, Waiting | None]:
        """The draft to release, its line, and the act of it that a cut keeps back."""
        if not ref.startswith("draft:"):
            room, _, waiting = self._look.find(ref)
            if waiting is None or waiting.draft is None:
                raise LocalError(
                    Sentence("{ref} is in the record already", ref=ref), "see it with: parley show"
                )
            ref = f"draft:{waiting.draft}"
        event, room = self._look.draft(ref)
        waiting = self._store.waiting_of_draft(event.id)
        kept = waiting if waiting is not None and waiting.kept_back else None
        became = self._look.became(event, room)
        if became is not None and kept is None:
            raise LocalError(
                Sentence("{ref} is {state} already", ref=ref, state=Sentence(became.state)),
                "see it with: parley inbox --all",
            )
        if not is_offered(event):
            raise LocalError(
                Sentence("draft:{number} is not offered for release: it is being written", number=event.id),
                Sentence("its drafter, {officer}, offers it", officer=event.officer),
            )
        return event, room, kept

    def withdraw(self, ref: str, by: str, passphrase: str | Unlocked) -> MessageView:
        """Takes back a draft, or an act released and not entered: nothing of it is in the record."""
        self._signing.signer(by, passphrase)
        if ref.startswith("draft:"):
            event, room = self._look.draft(ref)
            became = self._look.became(event, room)
            if became is None and not is_offered(event):
                self._drafts.discard(ref, by)
                return self.message(ref)
            if became is None:
                self._log.note(self._node.now(), Happened.WITHDRAWN, by, event.line, event.id)
                self._node.changed()
                return self._look.draft_view(event)
            ref = became.ref
        room, _, waiting = self._look.find(ref)
        if waiting is None:
            raise LocalError("this is in the record for good", "take it back with: parley cancel")
        view = self._look.waiting_view(room, waiting)
        self._node.turn(lambda: self._store.entered(waiting.id))
        self._log.note(self._node.now(), Happened.WITHDRAWN, by, room.id, waiting.draft or 0, ref=ref)
        return view

    def cancel(self, ref: str, by: str, passphrase: str | Unlocked, reason: str) -> MessageView:
        """Takes back a message of ours that is in the record, by a CANCEL act beside it."""
        room, held, waiting = self._look.find(ref)
        if waiting is not None:
            raise LocalError("this is not in the record yet", "withdraw it instead")
        if sure(held).party != room.pair.ours:
            raise LocalError(
                "only the party that said it can take it back", "answer it, or acknowledge: cannot comply"
            )
        language = room.line.accord.languages[0]
        body: Body = (sure(held).id, language, written(Sentence("reason"), reason, PARAGRAPH_BYTES_MAX))
        self._signing.sign_and_release(room, ActKind.CANCEL, body, sure(held).said.precedence, by, passphrase)
        return self.message(ref)

    def acknowledge(
        self, ref: str, grade: str, by: str, passphrase: str | Unlocked, read_back: str | None = None
    ) -> MessageView:
        """An officer's acknowledgement of a message of theirs; `grade`: seen, read back, will comply,
        cannot comply, stand by, noted. A read back carries the words."""
        return self.message(self.acknowledged(ref, grade, by, passphrase, read_back))

    def acknowledged(
        self, ref: str, grade: str, by: str, passphrase: str | Unlocked, read_back: str | None = None
    ) -> str:
        """As `acknowledge`; gives the ref of the message alone."""
        room, held, _ = self._look.find(ref)
        if held is None or held.party == room.pair.ours:
            raise LocalError("only a message of theirs can be acknowledged", "see: parley inbox")
        try:
            step = Grade[grade.upper().replace(" ", "_").replace("-", "_")]
        except KeyError:
            words = ", ".join(g.name.lower().replace("_", " ") for g in Grade)
            raise LocalError(
                Sentence("there is no grade {grade!r}", grade=grade), Sentence("one of: {words}", words=words)
            ) from None
        if step == Grade.READ_BACK and not read_back:
            raise LocalError("a read-back carries the words read", 'give them: --read-back "..."')
        words_read = written(Sentence("read-back"), read_back, PARAGRAPH_BYTES_MAX) if read_back else None
        if lines.mark(room.line, held) == Mark.WHILE_CUT:
            raise LocalError("it was said while the line is cut", "acknowledge it once the line is restored")
        body: Body = (held.id, int(step), words_read)
        self._signing.sign_and_release(room, ActKind.ACKNOWLEDGE, body, held.said.precedence, by, passphrase)
        return ref

    # --- the life of a line

    def sever(
        self,
        line: str | None,
        grounds: str,
        by: str,
        passphrase: str | Unlocked,
        language: str | None = None,
        *,
        pair: str | None = None,
    ) -> tuple[LineView, ...]:
        """Cuts a line, or all lines of a pair (line None), at once, whether or not they hear of it."""
        found, signer = self._signing.signer(by, passphrase)
        self._look.may(found, ActKind.SEVER, None, Precedence.FLASH)
        if line is None:
            of_pair = self._look.pair(pair)
            targets = [r for r in of_pair.rooms.values() if not r.is_order_wire]
            room = of_pair.order_wire
        else:
            room = self._look.room(line)
            targets = [room]
            if room.is_order_wire:
                raise LocalError("the order wire is never severed", "name a line, or sever all lines")
        if not targets:
            raise LocalError("there is no line to sever", "see: parley line")
        names = tuple(sorted(r.id for r in targets)) if line is None else None
        words = written(Sentence("grounds"), grounds, PARAGRAPH_BYTES_MAX)
        body: Body = (names, self._node.now(), language or targets[0].line.accord.languages[0], words)

        def do() -> None:
            cose, _ = self._node.sign(
                room, ActKind.SEVER, body, Precedence.FLASH, found.officer.author, signer
            )
            self._node.enter(room, cose, body)
            for target in targets:
                if target is not room:
                    self._node.enter(target, cose, body)

        self._node.turn(do)
        for target in targets:
            self._log.note(self._node.now(), Happened.SIGNED, by, target.id, act="SEVER")
        return tuple(self._look.line_view(target) for target in targets)

    def offer_restore(
        self,
        line: str,
        opens_at: Seconds,
        by: str,
        passphrase: str | Unlocked,
        *,
        opening_contact: Seconds | None = None,
        reserved: str = "",
    ) -> TermsView:
        """Offers to open a line, or to open it again: names every cut there is, both logs as they stand,
        and the hour. Counts as this officer's agreement."""
        room = self._look.room(line)
        if room.is_order_wire:
            raise LocalError("the order wire is always open", "name a line")
        self._look.may(self._look.officer_named(by), ActKind.OFFER, Subject.RESTORE, Precedence.IMMEDIATE)
        most = lines.SEVERS_MAX  # those beyond it need another restore after this one
        by_party = [
            tuple(sorted(s.act for s in room.line.severs if s.party == party and s.ended_at is None)[:most])
            for party in (0, 1)
        ]
        logs = room.line.logs
        prefixes = [lines.Prefix(log.incarnation, log.size, log.tree.root) for log in logs]
        terms = lines.encode_restore(
            RestoreTerms(
                (by_party[0], by_party[1]),
                (prefixes[0], prefixes[1]),
                written(Sentence("differences reserved"), reserved, 512),
                opens_at,
                opening_contact,
            )
        )
        return self._signing.offer(room, Subject.RESTORE, terms, by, passphrase)

    def our_index(self, pair: str) -> int:
        """Which party of the pair we are, 0 or 1; the order in which an accord names both."""
        return self._look.pair(pair).ours

    def offer_line(self, pair: str, agreed: Accord, by: str, passphrase: str | Unlocked) -> TermsView:
        """Offers the first accord of a new line, or a later version of an accord, on the order wire."""
        of_pair = self._look.pair(pair)
        self._name_is_free(of_pair, agreed)
        return self._signing.offer(
            of_pair.order_wire, Subject.ACCORD, accords.encode_terms(agreed), by, passphrase
        )

    def agree(self, ref: str, by: str, passphrase: str | Unlocked) -> TermsView:
        """One officer's agreement to terms on offer. Before signing, our copy of both logs is compared
        with the prefixes in the terms."""
        room, standing = self._look.standing(ref)
        if standing.offered == (None, None):
            raise LocalError(
                Sentence("these terms are released and wait for a bearer"),
                Sentence("agree once they are in the record"),
            )
        if standing.offered[room.pair.ours] is None and not self._acknowledged(room, standing):
            raise LocalError("their offer is not receipted by our node yet", "wait a moment, then agree")
        if standing.subject == Subject.RESTORE:
            self._compare(room, lines.decode_restore(standing.terms))
        elif standing.subject == Subject.ACCORD:
            self._name_is_free(room.pair, accords.decode_terms(standing.terms))
        found, signer = self._signing.signer(by, passphrase)
        self._look.may(found, ActKind.AGREE, standing.subject, Precedence.IMMEDIATE)
        if found.officer.author in standing.sides[room.pair.ours].authors:
            raise LocalError(
                Sentence("{officer} stands behind these terms already", officer=by),
                "another officer's agreement is needed",
            )
        body: Body = (standing.hash,)

        def do() -> None:
            cose, _ = self._node.sign(
                room, ActKind.AGREE, body, Precedence.IMMEDIATE, found.officer.author, signer
            )
            self._node.release(room, cose, body, standing.subject)

        self._node.turn(do)
        self._log.note(
            self._node.now(), Happened.SIGNED, by, room.id, act="AGREE", terms=standing.hash.hex()[:16]
        )
        return self._look.terms_view(*self._look.standing(ref))

    def withdraw_terms(self, ref: str, by: str, passphrase: str | Unlocked) -> TermsView:
        """Takes this officer's own offer or agreement back, while the terms are not settled."""
        room, standing = self._look.standing(ref)
        found, signer = self._signing.signer(by, passphrase)
        behind = [a for a in standing.sides[room.pair.ours].acts if a[0] == found.officer.author]
        if standing.settled or not behind:
            why = (
                Sentence("they are settled")
                if standing.settled
                else Sentence("{officer} does not stand behind them", officer=by)
            )
            raise LocalError(Sentence("these terms cannot be withdrawn: {why}", why=why), "see: parley line")

        def do() -> None:
            for _, name, _ in behind:
                body: Body = (name,)
                cose, _ = self._node.sign(
                    room, ActKind.WITHDRAW, body, Precedence.IMMEDIATE, found.officer.author, signer
                )
                self._node.release(room, cose, body, standing.subject)

        self._node.turn(do)
        self._log.note(
            self._node.now(), Happened.SIGNED, by, room.id, act="WITHDRAW", terms=standing.hash.hex()[:16]
        )
        return self._look.terms_view(*self._look.standing(ref))

    # --- contacts and the watch

    def call(self, line: str, by: str) -> LineView:
        """Rings the other watch, at a scheduled slot or ad hoc; every attempt is noted."""
        return self._ring(line, by, CallSign.RING)

    def answer(self, line: str, by: str) -> LineView:
        """Answers a line that rings."""
        if self._look.room(line).ringing is None:
            raise LocalError(Sentence("{line} does not ring", line=line), "see: parley status")
        return self._ring(line, by, CallSign.ANSWER)

    def rekey(self, line: str, by: str) -> LineView:
        """Asks for a new epoch of keys for what we send on a line; it comes with the next prekey of theirs and
        is in use once their node has signed for it. Raises LocalError within an hour of the last."""
        room, found = self._look.room(line), self._signing.acting(by)
        self._node.rekey(room)
        self._log.note(self._node.now(), Happened.REKEYED, found.name, room.id)
        return self._look.line_view(room)

    def take_watch(self, by: str) -> StatusView:
        """Says who has the watch now; from another officer too, which is noted."""
        self._signing.acting(by)
        before = self._node.watch
        if before != by:
            takes_over = {"takes_over_from": before} if before else {}
            self._log.note(self._node.now(), Happened.WATCH, by, **takes_over)
            self._node.give_watch(by)
        return self.status()

    def hand_over(self, by: str = "", to: str | None = None, note: str = "") -> StatusView:
        """Gives the watch up, to another officer (`to`) or to nobody; signs of life say whether somebody has it,
        unless the line is set not to tell. `by`: who hands over, if it is known; `note`: words for whoever comes."""
        if by:
            self._signing.acting(by)
            if self._node.watch is not None and by not in (self._node.watch, to):
                raise LocalError(
                    Sentence("{officer} has the watch, not {by}", officer=self._node.watch, by=by),
                    Sentence("take the watch first"),
                )
        if to is not None:
            self._signing.acting(to)
        detail = {
            "handed_over_by": by or self._node.watch or "",
            "note": written(Sentence("note"), " ".join(note.split()), 512),
        }
        self._log.note(self._node.now(), Happened.WATCH, to or "", **{k: v for k, v in detail.items() if v})
        self._node.give_watch(to)
        return self.status()

    def _watch_since(self) -> Seconds | None:
        last = self._log.watch()
        return last.at if last is not None and self._node.watch and last.officer == self._node.watch else None

    # --- who reads, who signs in

    def note_read(self, ref: str, by: str) -> None:
        """That a message or draft was shown to an officer; the first time is kept."""
        what, line = self._look.reading_id(ref)
        self._log.note_read(self._node.now(), what, by, line, ref=ref)

    def readers(self, ref: str) -> tuple[tuple[str, Seconds], ...]:
        """Which officers of ours a message was shown to, and when first; in that order."""
        return self._log.readers(self._look.reading_id(ref)[0])

    def key_fields(self, ref: str) -> tuple[str, ...]:
        """The numbers, times and positions in a message's text, in order: what a read-back is compared by."""
        return key_fields(self.message(ref).text)

    def note_sign_in(self, by: str) -> None:
        """That an officer signed in to the console."""
        self._signing_in.signed_in(by)

    def note_sign_out(self, by: str) -> None:
        """That an officer signed out."""
        self._signing_in.signed_out(by)

    def note_refused_sign_in(self, name_as_typed: str) -> None:
        """That somebody failed to sign in under a name; at most one event a minute, which counts the others."""
        self._signing_in.refused(name_as_typed)

    # --- pairing, officers, export

    def add_officer(
        self,
        name: str,
        office: str,
        powers: Power,
        precedence_max: Precedence,
        passphrase: str,
        root_passphrase: str,
        cost: Cost | None = None,
    ) -> OfficerView:
        """A new officer of ours with a key of their own, put in the roster of every pair."""
        root = self._node.keys.root(root_passphrase)
        before = {o.name: o for o in keys.officers(self._node.home.path)}
        made = before.get(name)
        if made is None or not self._unrostered(made):
            author = max((o.officer.author for o in before.values()), default=0) + 1
            office = written(Sentence("office"), office, 64)
            made = keys.make_officer(
                self._node.home.path, name, author, office, precedence_max, powers, passphrase, cost or Cost()
            )
        of_end = made  # a file without a delegation: we were interrupted, so this goes on from there

        def do() -> None:
            for pair in self._unrostered(of_end):
                self._put_in_roster(pair, of_end, root)

        self._node.turn(do)
        officer = of_end.officer
        return OfficerView(
            name, officer.author, officer.office, officer.precedence_max.name, powers_of(officer)
        )

    def pair_card(self, root_passphrase: str) -> bytes:
        """Our card for one pairing, to be handed to the other party."""
        root = self._node.keys.root(root_passphrase)
        card = self._node.keys.make_card(self._node.home.party, root)
        self._node.keys.put("card", card)
        return card

    def pair_share(self, their_card: bytes, fingerprint: str, root_passphrase: str) -> bytes:
        """Our share of the pairing secret, sealed to their card, whose fingerprint was learnt by another way."""
        theirs = keys.check_card(their_card)
        wanted = fingerprint.replace(" ", "").replace(":", "").lower()
        if suite.key_id(theirs.root_key).hex() != wanted:
            raise LocalError(
                "the fingerprint of this card is not the one you were told",
                "compare both by voice again; do not go on with this card",
            )
        root = self._node.keys.root(root_passphrase)
        return self._node.keys.make_share(self._our_card(), their_card, root)

    def pair_finish(self, name: str, their_card: bytes, their_share: bytes, root_passphrase: str) -> LineView:
        """Both shares are here: the pair begins with its order wire, on which our root key puts our
        officers. `name`: ours for the other party."""
        root = self._node.keys.root(root_passphrase)
        name = written(Sentence("name of the pair"), name, 32)
        if not name or name in self._node.pairs or ":" in name or "/" in name:
            raise LocalError(
                Sentence("{name!r} cannot name a pair", name=name),
                "choose a name not yet taken, without : and /",
            )
        ours = self._our_card()
        transcript = self._node.keys.finish_pairing(ours, their_card, their_share)

        def do() -> None:
            self._node.add_pair(Pair(name, transcript, ours, their_card))
            for officer in keys.officers(self._node.home.path):
                self._put_in_roster(self._node.pairs[name], officer, root)

        self._node.turn(do)
        self._node.keys.end_pairing(ours, their_card)
        return self._look.line_view(self._node.pairs[name].order_wire)

    def export(self, line: str, progress: Callable[[int, int], None] | None = None) -> bytes:
        """A whole line, both logs, as a file anyone can verify. `progress(done, of)` is called as it grows."""
        room = self._look.room(line)
        pair = room.pair
        stored = next(p for p in self._store.pairs() if p.name == pair.name)
        cards = (stored.our_card, stored.their_card)
        rosters = [
            (
                wire.encode_signed(wire.decode_entry(row.entry).signed, tagged=True),
                self._look.opened(pair.order_wire, row),
            )
            for row in reversed(self._store.acts(pair.order_wire.id, ActKind.ROSTER))
        ]
        first = room.line.accords[0][1]
        parts = [
            export.head(
                cards if pair.ours == 0 else (cards[1], cards[0]),
                first.name,
                first.nonce,
                [accords.encode_terms(agreed) for _, agreed in room.line.accords],
                rosters,
            )
        ]
        total = sum(log.size for log in room.line.logs)
        placed = [log.size for log in room.line.logs]
        for number, row in enumerate(self._store.of_line(room.id)):
            held = row.held
            if held.sequence >= placed[held.party]:
                continue  # beyond a hole: the file holds what is whole
            parts.append(export.item(row.entry, self._look.opened(room, row)))
            if progress:
                progress(number + 1, total)
        logs = room.line.logs
        parts.append(export.end((logs[0].size, logs[1].size), (logs[0].tree.root, logs[1].tree.root)))
        return b"".join(parts)

    # --- the ways of acting

    def _acknowledged(self, room: Room, standing: Standing) -> bool:
        theirs = standing.offered[1 - room.pair.ours]
        return theirs is not None and theirs < room.line.our_log.stated

    def _name_is_free(self, pair: PairRoom, agreed: Accord) -> None:
        """Refuses a line that could not be told from another by its name, and a version that is not new."""
        if not agreed.name:
            raise LocalError("a line needs a name", "agree on terms that name it")
        for room in pair.rooms.values():
            first = room.line.accords[0][1]
            if first.name == agreed.name and first.nonce != agreed.nonce:
                raise LocalError(
                    Sentence("there is another line called {line}", line=agreed.name),
                    "agree on terms with another name",
                )
            if (first.name, first.nonce) == (
                agreed.name,
                agreed.nonce,
            ) and agreed.version <= room.line.accords[-1][1].version:
                known = room.line.accords[-1][1].version
                raise LocalError(
                    Sentence(
                        "{line} is under version {version} of its accord", line=agreed.name, version=known
                    ),
                    "agree on terms with a higher version",
                )

    def _compare(self, room: Room, terms: RestoreTerms) -> None:
        """Refuses to sign an agreed prefix that is not ours."""
        for party, prefix in enumerate(terms.prefixes):
            known = (
                record.EMPTY_ROOT if prefix.size == 0 else self._store.root_at(room.id, party, prefix.size)
            )
            if known is None:
                raise LocalError(
                    "we do not hold all entries that these terms name", "wait until the records agree"
                )
            if known != prefix.root:
                raise LocalError(
                    "the records differ: these terms name another log than ours",
                    "do not agree; compare exports",
                )

    def _ring(self, line: str, by: str, sign: CallSign) -> LineView:
        room, found = self._look.room(line), self._signing.acting(by)
        said = self._node.turn(lambda: self._node.call(room, sign, found.officer.author))
        happened = Happened.CALLED if sign == CallSign.RING else Happened.ANSWERED
        carried = ", ".join(b.name for b in self._node.bearers_up(room)) or "no bearer is up"
        slot: dict[str, int | str | None] = slot_detail(room.slot) if room.slot else {"slot": said.slot}
        self._log.note(
            self._node.now(), happened, by, room.id, bearers=carried, author=found.officer.author, **slot
        )
        return self._look.line_view(room)

    def _our_card(self) -> bytes:
        card = self._node.keys.get("card")
        if card is None:
            raise LocalError("this end has made no card for a pairing", "make one: parley pair card")
        return card

    def _unrostered(self, made: OfficerFile) -> list[PairRoom]:
        """The pairs whose roster does not know an officer of ours."""
        return [p for p in self._node.pairs.values() if made.officer.author not in p.rosters[p.ours]]

    def _put_in_roster(self, pair: PairRoom, made: OfficerFile, root: Signer) -> None:
        body = roster.body((made.officer,))
        cose, _ = self._node.sign(
            pair.order_wire, ActKind.ROSTER, body, Precedence.IMMEDIATE, ROOT_AUTHOR, root
        )
        self._node.enter(pair.order_wire, cose, body)  # at once: an officer can act while no bearer is up
