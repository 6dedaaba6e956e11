"""Letters at the desk: tendered, answered, handed in, counted, and how much of them may be disclosed (spec 20).

A tender, an answer, a letter and a tier are formal acts. Each is prepared by one officer and released by another,
unless the accord says that one is enough. What is sealed in a letter nobody here can read: it comes as a file from
its writer's own machine, and goes to its addressee as the same file.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from parley.core import line as lines
from parley.core import objects
from parley.core.errors import LocalError, RemoteError, Sentence
from parley.core.instruments import letter, sealed
from parley.core.instruments.letter import ANSWER_WORDS, CLASS_WORDS, TIER_WORDS, Passage, State
from parley.core.objects import SALT_BYTES, ObjectName
from parley.core.types import (
    ActKind,
    Body,
    Grade,
    LetterClass,
    Precedence,
    Seconds,
    TenderAnswer,
    Tier,
    written,
)
from parley.core.wire import body as bodies
from parley.core.wire import entry as wire
from parley.core.wire.body import NAME_BYTES_MAX, PARAGRAPH_BYTES_MAX, RANK_BYTES_MAX
from parley.desk.files import read_file, write_file
from parley.desk.objects import Objects
from parley.desk.passages import KINDS, NEEDS_THEM, LetterView, Passages
from parley.desk.reader import precedence_named, verbatim
from parley.desk.reading import Reading
from parley.desk.signing import Signing
from parley.keys.officers import Unlocked
from parley.node import Node, Room
from parley.store import Waiting
from parley.watch_log import Event, Happened

Kind = TypeVar("Kind", LetterClass, TenderAnswer, Tier)


@dataclass(frozen=True, slots=True)
class PaperView:
    """A formal act about letters that is not in the record: it waits for its release, or for a bearer."""

    ref: str
    line: str
    kind: str
    words: str
    prepared_by: str
    at: Seconds
    state: str
    needs_another: bool = True  # it is not released by the officer who prepared it
    kept_back: bool = False  # by a cut: it goes when it is released again


class Letters(Passages):
    """The letters of one end."""

    def __init__(self, node: Node, look: Reading, signing: Signing, kept: Objects) -> None:
        super().__init__(node, look)
        self._signing, self._objects, self._log = signing, kept, node.watch_log

    # --- reading

    def papers(self) -> tuple[PaperView, ...]:
        """What is prepared and waits for its release, and what is released and waits for a bearer."""
        prepared = [self._paper_view(event) for event in self._prepared()]
        waiting = [
            self._waiting_view(room, w)
            for room in self._look.rooms(None)
            for w in self._store.waiting(room.id)
            if w.kind in KINDS
        ]
        return (*prepared, *waiting)

    def _prepared(self) -> tuple[Event, ...]:
        """What waits for a release. The record knows what was released, also where the journal could not note it."""
        return tuple(
            event
            for event in self._log.prepared()
            if _kind_of(event) in KINDS and self._store.released(event.id) is None
        )

    def not_there(self) -> tuple[tuple[str, Seconds], ...]:
        """What we said about letters and is not at their end, by line and since when: what waits for a bearer, and
        tenders and letters in our log that their node has not signed for. What a cut keeps back is none of it."""
        waiting = [
            (self._look.name(room), w.released_at)
            for room in self._look.rooms(None)
            for w in self._store.waiting(room.id)
            if w.kind in KINDS and not w.kept_back
        ]
        entered = [
            (self._look.name(room), said.at)
            for room in self._look.rooms(None)
            if not room.is_order_wire
            for way in self.passages(room)
            if way.party == room.pair.ours
            and (said := way.entered or way.tendered) is not None
            and not said.covered
        ]
        return (*waiting, *entered)

    def addresses(self, line: str) -> tuple[tuple[str, str], ...]:
        """The protocol book of a line: which office is addressed how, as the accord has it."""
        return self._look.room(line).line.accord.addresses

    # --- acting

    def tender(
        self,
        line: str,
        by: str,
        *,
        in_whose_name: str,
        to_whom: str,
        rank: str = "",
        kind: str = "personal letter",
        instead_of: str = "",
        precedence: str = "ROUTINE",
    ) -> PaperView:
        """Prepares a tender: in whose name, to whom, rank and class, and nothing else. `instead_of`: the ref of the
        tender it takes the place of, by another signatory."""
        room = self._speaking(line, ActKind.TENDER)
        earlier = None
        if instead_of:
            of, way = self.find(instead_of)
            if of is not room or way.party != room.pair.ours or way.tendered is None:
                raise LocalError(
                    Sentence("{ref} is not a tender of ours on this line", ref=instead_of),
                    Sentence("see: parley letter list"),
                )
            earlier = way.id
        names, urgency = _names(in_whose_name, to_whom, rank), precedence_named(precedence)
        said = letter.Tender(_named(CLASS_WORDS, kind, Sentence("class")), names, earlier)
        return self._prepare(room, ActKind.TENDER, letter.tender_body(said), by, urgency)

    def answer(self, ref: str, answer: str, by: str, *, reason: str = "", language: str = "") -> PaperView:
        """Prepares an answer to a tender of theirs: accepted, refused or undetermined, with a reason or without."""
        room, way = self.find(ref)
        if way.party == room.pair.ours or way.tendered is None:
            raise LocalError(
                Sentence("only a tender of theirs can be answered"), Sentence("see: parley letter list")
            )
        words = written(Sentence("reason"), reason, PARAGRAPH_BYTES_MAX) if reason else None
        said = letter.Answer(
            way.id,
            _named(ANSWER_WORDS, answer, Sentence("answer")),
            (language or room.line.accord.languages[0]) if words else None,
            words,
        )
        return self._prepare(room, ActKind.TENDER_ANSWER, letter.answer_body(said), by)

    def hand_in(
        self,
        data: bytes,
        by: str,
        *,
        ref: str = "",
        line: str = "",
        in_whose_name: str = "",
        to_whom: str = "",
        rank: str = "",
        kind: str = "personal letter",
        precedence: str = "ROUTINE",
    ) -> PaperView:
        """Prepares a letter from the sealed file of its writer. `ref`: the tender they have accepted; without one, the
        line, the names and a class that passes without a tender."""
        self._signing.acting(by)
        header = _header(data)
        if ref:
            room, way = self.find(ref)
            if way.party != room.pair.ours or way.tendered is None:
                raise LocalError(
                    Sentence("{ref} is not a tender of ours", ref=ref),
                    Sentence("see: parley letter list"),
                )
            tender, names, of_kind = way.id, None, way.kind
            self._speaking(self._look.name(room), ActKind.LETTER)
        else:
            room = self._speaking(line, ActKind.LETTER)
            tender, names = None, _names(in_whose_name, to_whom, rank)
            of_kind = _named(CLASS_WORDS, kind, Sentence("class"))
        salt = self._node.entropy(SALT_BYTES)
        named = objects.name(data, salt)
        said = letter.Letter(
            tender,
            of_kind,
            names,
            header.number,
            header.sender,
            header.addressee,
            (named.root, named.size, named.salt),
            header.commitment,
        )
        body, urgency = letter.letter_body(said), precedence_named(precedence)
        self._check(room, ActKind.LETTER, body)
        others = [letter.letter(_body_of(e)) for e in self._prepared() if _kind_of(e) == ActKind.LETTER]
        if any(_in_series(other) == _in_series(said) for other in others):
            raise LocalError(
                Sentence("letter {number} of this writer is prepared already", number=header.number),
                Sentence("see: parley letter papers"),
            )
        self._node.turn(lambda: self._node.keep_object(room, data, salt))
        return self._prepare(room, ActKind.LETTER, body, by, urgency)

    def tier(self, ref: str, tier: str, by: str) -> PaperView:
        """Prepares our word on how much of a letter may be disclosed. A tier once said can be raised, never lowered."""
        room, way = self.find(ref)
        if way.entered is None:
            raise LocalError(
                Sentence(
                    "there is no letter yet: {ref} is {state}", ref=ref, state=Sentence(way.state.value)
                ),
                Sentence("a tier is of a letter"),
            )
        said = _named(TIER_WORDS, tier, Sentence("tier"))
        return self._prepare(room, ActKind.TIER, (way.entered.id, int(said)), by)

    def release(self, ref: str, by: str, passphrase: str | Unlocked) -> PaperView:
        """Signs what is prepared, as its releasing authority; or what a cut has kept back, anew."""
        room, kept = self._kept_back(ref)
        event = self._log.event(kept.draft) if kept is not None and kept.draft else None
        if kept is None:
            event, room = self._paper(ref)
        assert event is not None and room is not None, "what waits was prepared"
        kind, body = _kind_of(event), _body_of(event)
        if room.line.accord.second_person and event.officer == by:
            raise LocalError(
                Sentence("{ref} is released by a second person", ref=ref),
                Sentence("ask another officer to release it"),
            )
        if (refused := lines.refuse(room.line, kind, None, self._node.now())) is not None:
            raise refused
        self._check(room, kind, body, kept)
        precedence = Precedence[str(event.detail["precedence"])]
        self._signing.sign_and_release(
            room, kind, body, precedence, by, passphrase, event.id, None if kept is None else kept.id
        )
        released = self._store.released(event.id)
        assert released is not None
        ref = f"{self._look.name(room)}:ours:{released[1]}/{released[2]}"
        return replace(self._paper_view(event), ref=ref, at=self._node.now(), state=Sentence("released"))

    def withdraw(self, ref: str, by: str, passphrase: str | Unlocked) -> None:
        """Withdraws what is released and still waits: nothing of it is in the record."""
        self._signing.signer(by, passphrase)
        room, waiting = self._waiting_at(ref)
        if room is None or waiting is None:
            raise LocalError(
                Sentence("nothing about letters waits as {ref!r}", ref=ref),
                Sentence("see: parley letter papers; what is in the record: parley letter take-back"),
            )

        def do() -> None:
            self._store.entered(waiting.id)
            if waiting.kind == ActKind.LETTER:
                self._drop_object(wire.decode_body(waiting.body))

        self._node.turn(do)
        self._log.note(self._node.now(), Happened.WITHDRAWN, by, room.id, waiting.draft or 0, ref=ref)
        self._node.changed()

    def discard(self, ref: str, by: str) -> None:
        """Takes back what is prepared and not released: nothing of it is in the record."""
        self._signing.acting(by)
        event, room = self._paper(ref)
        self._log.note(self._node.now(), Happened.WITHDRAWN, by, room.id, event.id)
        if _kind_of(event) == ActKind.LETTER:
            self._node.turn(lambda: self._drop_object(_body_of(event)))
        self._node.changed()

    def take_back(self, ref: str, by: str, passphrase: str | Unlocked, reason: str) -> LetterView:
        """Takes back a tender or a letter of ours that is in the record, by a CANCEL beside it."""
        room, way = self.find(ref)
        if way.party != room.pair.ours:
            raise LocalError(
                Sentence("only the party that said it can take it back"),
                Sentence("answer the tender instead"),
            )
        if way.state in (State.WITHDRAWN, State.TAKEN_BACK):
            raise LocalError(
                Sentence("{ref} is {state} already", ref=ref, state=Sentence(way.state.value)),
                Sentence("see: parley letter show"),
            )
        last = way.entered or way.tendered
        assert last is not None
        words = written(Sentence("reason"), reason, PARAGRAPH_BYTES_MAX)
        body: Body = (last.id, room.line.accord.languages[0], words)
        self._signing.sign_and_release(room, ActKind.CANCEL, body, Precedence.ROUTINE, by, passphrase)
        return self.get(ref)

    def acknowledge(self, ref: str, by: str, passphrase: str | Unlocked) -> LetterView:
        """Says that a letter of theirs is here, whole, for its addressee. Raises LocalError while it is not whole."""
        room, way = self.find(ref)
        if way.party == room.pair.ours or way.entered is None or way.letter is None:
            raise LocalError(
                Sentence("only a letter of theirs can be acknowledged"), Sentence("see: parley letter list")
            )
        if way.state in (State.RECEIVED, State.TAKEN_BACK):
            raise LocalError(
                Sentence("{ref} is {state} already", ref=ref, state=Sentence(way.state.value)),
                Sentence("see: parley letter show"),
            )
        self._bytes(ref, room, way)
        body: Body = (way.entered.id, int(Grade.SEEN), None)
        self._signing.sign_and_release(room, ActKind.ACKNOWLEDGE, body, Precedence.ROUTINE, by, passphrase)
        return self.get(ref)

    def forget(self, ref: str, by: str) -> LetterView:
        """Lets go of the sealed bytes of a letter of theirs that we have acknowledged, to make room; its act stays in
        the record. Raises LocalError while it is not acknowledged."""
        room, way = self.find(ref)
        if way.party == room.pair.ours or way.letter is None:
            raise LocalError(
                Sentence("only a letter of theirs can be let go of"), Sentence("see: parley letter list")
            )
        self._objects.forget(way.letter.named[0], by)
        return self.get(ref)

    def sealed_letter(self, ref: str) -> bytes:
        """The sealed file of a letter, for its addressee. Raises LocalError while it is not whole at our end."""
        return self._bytes(ref, *self.find(ref))

    # --- what is behind

    def _bytes(self, ref: str, room: Room, way: Passage) -> bytes:
        data = None if way.letter is None else self._store.object_bytes(way.letter.named[0])
        if data is None and way.letter is not None and self.is_forgotten(room, ObjectName(*way.letter.named)):
            raise LocalError(
                Sentence("the sealed bytes of {ref} were here, and were let go of", ref=ref),
                Sentence("its addressee has them, or a copy that was taken before"),
            )
        if data is None:
            raise LocalError(
                Sentence("the sealed letter of {ref} is not whole at our end yet", ref=ref),
                Sentence("it comes behind all messages; or take it from a file: parley letter import"),
            )
        return data

    def _drop_object(self, body: Body) -> None:
        """The sealed bytes of a letter that does not go go with it."""
        self._node.drop_object(ObjectName(*letter.letter(body).named))

    def _check(self, room: Room, kind: ActKind, body: Body, kept: Waiting | None = None) -> None:
        """Raises LocalError if this act can have no effect by what both records say now. It is asked when the act is
        prepared and again when it is released: days may lie between. `kept`: the act it takes the place of."""
        match kind:
            case ActKind.TENDER_ANSWER:
                self._check_answer(room, letter.answer(body), kept)
            case ActKind.LETTER:
                self._check_letter(room, letter.letter(body), kept)
            case ActKind.TIER:
                name, tier = body
                ours = room.pair.ours
                way = next((w for w in self.passages(room) if w.entered and w.entered.id == name), None)
                before = None if way is None else way.tiers[ours]
                if before is not None and tier <= before:  # type: ignore[operator]
                    raise LocalError(
                        Sentence("we have said {tier} already", tier=TIER_WORDS[before]),
                        Sentence("what may be disclosed can be more, and never less"),
                    )
            case _:
                return

    def _check_answer(self, room: Room, said: letter.Answer, kept: Waiting | None) -> None:
        way = self._tendered(room, said.tender)
        others = [letter.answer(body) for body in self.waiting_bodies(room, ActKind.TENDER_ANSWER, kept)]
        decided = [way.decided.answer] if way.decided else []
        final = any(
            other.tender == said.tender and other.answer != TenderAnswer.UNDETERMINED
            for other in (*decided, *others)
        )
        if way.withdrawn or final:
            state = Sentence("answered") if others and way.state in NEEDS_THEM else Sentence(way.state.value)
            raise LocalError(
                Sentence("this tender is {state} already", state=state),
                Sentence("the first answer that accepts or refuses counts; they may tender again"),
            )

    def _tendered(self, room: Room, tender: bytes) -> Passage:
        found = next((way for way in self.passages(room) if way.id == tender), None)
        if found is None:
            raise LocalError(
                Sentence("its tender has no effect any more"), Sentence("see: parley log, parley verify")
            )
        return found

    def _check_letter(self, room: Room, said: letter.Letter, kept: Waiting | None) -> None:
        others = [letter.letter(body) for body in self.waiting_bodies(room, ActKind.LETTER, kept)]
        ways = [way for way in self.passages(room) if way.party == room.pair.ours]
        if said.tender is not None:
            way = self._tendered(room, said.tender)
            if way.state != State.ACCEPTED or any(other.tender == way.id for other in others):
                state = Sentence("released") if way.state == State.ACCEPTED else Sentence(way.state.value)
                raise LocalError(
                    Sentence("this tender is {state}", state=state),
                    Sentence("a letter is handed in once, when they have accepted its tender"),
                )
        elif int(said.kind) not in room.line.accord.untendered:
            raise LocalError(
                Sentence("a {kind} does not pass without a tender", kind=CLASS_WORDS[said.kind]),
                Sentence("tender it first: parley letter tender"),
            )
        there = (*(way.letter for way in ways if way.letter is not None), *others)
        if any(_in_series(other) == _in_series(said) for other in there):
            raise LocalError(
                Sentence("letter {number} of this writer is in the record already", number=said.number),
                Sentence("each letter has a number of its own, given when it is sealed"),
            )

    def _waiting_at(self, ref: str) -> tuple[Room, Waiting] | tuple[None, None]:
        """What waits under a ref, as a line and an act about letters."""
        for room in self._look.rooms(None):
            for waiting in self._store.waiting(room.id):
                if waiting.kind in KINDS and self._waiting_ref(room, waiting) == ref:
                    return room, waiting
        return None, None

    def _kept_back(self, ref: str) -> tuple[Room, Waiting] | tuple[None, None]:
        room, waiting = self._waiting_at(ref)
        if room is None or waiting is None or not waiting.kept_back or not waiting.draft:
            return None, None
        return room, waiting

    def _waiting_ref(self, room: Room, w: Waiting) -> str:
        return f"{self._look.name(room)}:ours:{w.author}/{w.number}"

    def _prepare(
        self, room: Room, kind: ActKind, body: Body, by: str, precedence: Precedence = Precedence.ROUTINE
    ) -> PaperView:
        self._signing.acting(by)
        try:
            bodies.check_act(kind, body)
        except RemoteError as e:
            raise LocalError(e.text, Sentence("nothing was prepared")) from None
        self._check(room, kind, body)
        event_id = self._log.note(
            self._node.now(),
            Happened.PREPARED,
            by,
            room.id,
            kind=kind.name,
            precedence=precedence.name,
            body=wire.encode_body(body).hex(),
        )
        self._node.changed()
        event = self._log.event(event_id)
        assert event is not None
        return self._paper_view(event)

    def _speaking(self, line: str, kind: ActKind) -> Room:
        """The line, if an act of this kind may leave on it now."""
        room = self._look.room(line)
        if room.is_order_wire:
            raise LocalError(Sentence("the order wire carries no letters"), Sentence("name a line"))
        refused = lines.refuse(room.line, kind, None, self._node.now())
        if refused is not None:
            raise refused
        return room

    def _paper(self, ref: str) -> tuple[Event, Room]:
        digits = ref.removeprefix("paper:")
        known = {event.id: event for event in self._prepared()}
        event = known.get(int(digits)) if digits.isdecimal() and len(digits) < 19 else None
        if event is None or not ref.startswith("paper:"):
            raise LocalError(
                Sentence("nothing prepared is called {ref!r}", ref=ref), Sentence("see: parley letter papers")
            )
        return event, self._look.room_by_id(event.line)

    def _paper_view(self, event: Event) -> PaperView:
        room = self._look.room_by_id(event.line)
        body = _body_of(event)
        kind = _kind_of(event)
        state = Sentence("waits for release by a second person")
        if not room.line.accord.second_person:
            state = Sentence("waits for release")
        words = self._words(room, kind, body)
        return PaperView(
            f"paper:{event.id}",
            self._look.name(room),
            Sentence(kind.name.replace("_", " ")),
            words,
            event.officer,
            event.at,
            state,
            room.line.accord.second_person,
        )

    def _waiting_view(self, room: Room, w: Waiting) -> PaperView:
        event = self._log.event(w.draft) if w.draft else None
        state = Sentence("kept back by a cut") if w.kept_back else Sentence("waits for a bearer")
        kind = ActKind(w.kind)
        return PaperView(
            self._waiting_ref(room, w),
            self._look.name(room),
            Sentence(kind.name.replace("_", " ")),
            self._words(room, kind, wire.decode_body(w.body)),
            event.officer if event else "",
            w.released_at,
            state,
            room.line.accord.second_person,
            w.kept_back,
        )

    def _names_of(self, room: Room, tender: bytes | None) -> letter.Names:
        """What the tender of a letter states."""
        way = next((way for way in self.passages(room) if way.id == tender), None)
        return letter.Names("", "") if way is None else way.names

    def _words(self, room: Room, kind: ActKind, body: Body) -> str:
        """A formal act about a letter in one line."""
        match kind:
            case ActKind.TENDER:
                said = letter.tender(body)
                return Sentence(
                    "{kind} in the name of {name} to {to}",
                    kind=CLASS_WORDS[said.kind],
                    name=verbatim(said.names.in_whose_name),
                    to=verbatim(said.names.to_whom),
                )
            case ActKind.TENDER_ANSWER:
                answer = letter.answer(body)
                words = ANSWER_WORDS[answer.answer]
                ref = self._look.ref_of(answer.tender)
                if answer.reason:
                    return Sentence("{ref}: {words}: {reason}", ref=ref, words=words, reason=answer.reason)
                return Sentence("{ref}: {words}", ref=ref, words=words)
            case ActKind.LETTER:
                one = letter.letter(body)
                names = one.names or self._names_of(room, one.tender)
                return Sentence(
                    "{kind} number {number} in the name of {name} to {to}: {size} bytes, sealed; cards {writer} to"
                    " {addressee}",
                    kind=CLASS_WORDS[one.kind],
                    number=one.number,
                    name=verbatim(names.in_whose_name),
                    to=verbatim(names.to_whom),
                    size=one.named[1],
                    writer=one.writer.hex()[:16],
                    addressee=one.addressee.hex()[:16],
                )
            case _:
                name, tier = body
                assert isinstance(name, bytes) and isinstance(tier, int)
                return Sentence("{ref}: {words}", ref=self._look.ref_of(name), words=TIER_WORDS[Tier(tier)])


def _kind_of(event: Event) -> ActKind:
    return ActKind[str(event.detail["kind"])]


def _body_of(event: Event) -> Body:
    return wire.decode_body(bytes.fromhex(str(event.detail["body"])))


def _in_series(one: letter.Letter) -> tuple[bytes, bytes, int]:
    """What no two letters of a party have alike."""
    return one.writer, one.addressee, one.number


def _seen(name: str) -> bool:
    """Whether a name shows anything: a letter or a digit."""
    return any(unicodedata.category(sign)[0] in "LN" for sign in name)


def _names(in_whose_name: str, to_whom: str, rank: str) -> letter.Names:
    if not _seen(in_whose_name) or not _seen(to_whom):
        raise LocalError(
            Sentence("a letter states in whose name it is and to whom"), Sentence("give both: offices")
        )
    return letter.Names(
        written(Sentence("in whose name"), in_whose_name.strip(), NAME_BYTES_MAX),
        written(Sentence("to whom"), to_whom.strip(), NAME_BYTES_MAX),
        written(Sentence("rank"), rank.strip(), RANK_BYTES_MAX) if rank.strip() else None,
    )


def _named(words: Mapping[Kind, Sentence], word: str, what: Sentence) -> Kind:
    """The value called so. Raises LocalError with the words there are."""
    for value, name in words.items():
        if name == word.strip().lower().replace("-", " "):
            return value
    raise LocalError(
        Sentence("there is no {what} {word!r}", what=what, word=word),
        Sentence("one of: {words}", words=", ".join(words.values())),
    )


def _header(data: bytes) -> sealed.Header:
    try:
        return sealed.read_sealed(data)[0]
    except RemoteError as e:
        raise LocalError(e.text, Sentence("give the file that parley letter seal made")) from None


# --- questions: what a command or an API client may ask (desk/ask.py) ---------------------------


class HasLetters(Protocol):
    """What these questions are put to: a desk."""

    letters: Letters


def _hand_in(
    desk: HasLetters,
    path: str,
    by: str,
    ref: str = "",
    line: str = "",
    in_whose_name: str = "",
    to_whom: str = "",
    rank: str = "",
    kind: str = "personal letter",
    precedence: str = "ROUTINE",
) -> object:
    data = read_file(path, sealed.FILE_BYTES_MAX)
    return desk.letters.hand_in(
        data,
        by,
        ref=ref,
        line=line,
        in_whose_name=in_whose_name,
        to_whom=to_whom,
        rank=rank,
        kind=kind,
        precedence=precedence,
    )


def _take(desk: HasLetters, ref: str, path: str) -> object:
    data = desk.letters.sealed_letter(ref)
    write_file(path, data)
    return {"path": path, "bytes": len(data)}


def _of(name: str) -> Callable[..., object]:
    """A method of `Letters`, asked of a desk."""
    method: Callable[..., object] = getattr(Letters, name)

    @functools.wraps(method)
    def ask(desk: HasLetters, **given: object) -> object:
        return method(desk.letters, **given)

    return ask


_BY_NAME = (
    "list", "get", "count", "papers", "needs_us", "tender", "answer", "tier", "release", "withdraw", "discard",
    "take_back", "acknowledge", "forget", "addresses",
)  # fmt: skip
QUESTIONS: dict[str, Callable[..., object]] = {f"letter_{name}": _of(name) for name in _BY_NAME}
QUESTIONS |= {"letter_hand_in": _hand_in, "letter_take": _take}
