"""Letters at the desk: tendered, answered, handed in, counted, and how much of them may be disclosed (spec 20).

A tender, an answer, a letter and a tier are formal acts. Each is prepared by one officer and released by another,
unless the accord says that one is enough. What is sealed in a letter nobody here can read: it comes as a file from
its writer's own machine, and goes to its addressee as the same file.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from parley.core import accord as accords
from parley.core import line as lines
from parley.core.errors import LocalError, RemoteError, Sentence
from parley.core.instruments import letter, sealed
from parley.core.instruments.letter import ANSWER_WORDS, CLASS_WORDS, TIER_WORDS, Passage, Said, State
from parley.core.objects import SALT_BYTES, ObjectName
from parley.core.record import Held
from parley.core.types import (
    Act,
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
from parley.desk.reader import verbatim
from parley.desk.reading import Reading
from parley.desk.signing import Signing
from parley.keys.officers import Unlocked
from parley.node import Node, Room
from parley.store import Waiting
from parley.watch_log import Event, Happened

Kind = TypeVar("Kind", LetterClass, TenderAnswer, Tier)

KINDS = (ActKind.TENDER, ActKind.TENDER_ANSWER, ActKind.LETTER, ActKind.TIER)

NEEDS_THEM = (State.TENDERED, State.UNDETERMINED, State.HANDED_IN, State.AT_THEIR_END)
"""States in which a letter waits for an officer of the side it goes to."""
CLASSES = tuple(str(word) for word in CLASS_WORDS.values())
ANSWERS = tuple(str(word) for word in ANSWER_WORDS.values())
TIERS = tuple(str(word) for word in TIER_WORDS.values())


@dataclass(frozen=True, slots=True)
class AnsweredView:
    """What was said to a tender, when, by which office, and why if they said why."""

    answer: str
    at: Seconds
    office: str
    reason: str


@dataclass(frozen=True, slots=True)
class LetterView:
    """One letter, from its tender on. `number`: in its writer's series; None before it is handed in. `whole`: its
    sealed bytes are at our end. `tier`: what both have said may be disclosed, in a word; empty while one has said
    nothing. `unasked`: it came without a tender though its class does not pass without. `deadline`: when our answer is
    due, while it needs us."""

    ref: str
    line: str
    ours: bool
    kind: str
    in_whose_name: str
    to_whom: str
    rank: str
    state: str
    tendered_at: Seconds | None
    answers: tuple[AnsweredView, ...]
    entered_at: Seconds | None
    received_at: Seconds | None
    number: int | None
    bytes: int | None
    whole: bool
    unasked: bool
    tier_ours: str
    tier_theirs: str
    tier: str
    instead_of: str
    replaced_by: str
    writer: str
    addressee: str
    check: str
    deadline: Seconds | None = None


@dataclass(frozen=True, slots=True)
class SeriesView:
    """How many letters one writer has sent to one addressee: the one answer both ends give. `both`: in both logs;
    `on_the_way`: in the sender's log, their end has not signed for it."""

    line: str
    ours: bool
    in_whose_name: str
    to_whom: str
    writer: str
    addressee: str
    both: int
    on_the_way: int
    missing: tuple[int, ...]
    twice: tuple[int, ...]
    first_at: Seconds | None
    last_at: Seconds | None


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


class Letters:
    """The letters of one end."""

    def __init__(self, node: Node, look: Reading, signing: Signing) -> None:
        self._node, self._look, self._signing = node, look, signing
        self._store, self._log = node.store, node.watch_log

    # --- reading

    def list(self, line: str | None = None) -> tuple[LetterView, ...]:
        """All letters, the newest first."""
        found = [
            self._view(room, way)
            for room in self._look.rooms(line)
            if not room.is_order_wire
            for way in self._passages(room)
        ]
        return tuple(sorted(found, key=lambda v: (-(v.tendered_at or v.entered_at or 0), v.ref)))

    def get(self, ref: str) -> LetterView:
        """One letter, by the ref of its tender or of the letter itself."""
        room, way = self._find(ref)
        return self._view(room, way)

    def count(self, line: str | None = None) -> tuple[SeriesView, ...]:
        """How many letters there are, by line, writer and addressee."""
        found = []
        for room in self._look.rooms(line):
            ways = () if room.is_order_wire else self._passages(room)
            for one in letter.series(ways):
                names = next(
                    w.names
                    for w in reversed(ways)
                    if w.letter is not None
                    and (w.party, w.letter.writer, w.letter.addressee)
                    == (one.party, one.writer, one.addressee)
                )
                found.append(
                    SeriesView(
                        self._look.name(room),
                        one.party == room.pair.ours,
                        names.in_whose_name,
                        names.to_whom,
                        one.writer.hex(),
                        one.addressee.hex(),
                        one.both,
                        one.on_the_way,
                        one.missing,
                        one.twice,
                        one.first_at,
                        one.last_at,
                    )
                )
        return tuple(found)

    def papers(self) -> tuple[PaperView, ...]:
        """What is prepared and waits for its release, and what is released and waits for a bearer."""
        prepared = [self._paper_view(e) for e in self._log.prepared() if _kind_of(e) in KINDS]
        waiting = [
            self._waiting_view(room, w)
            for room in self._look.rooms(None)
            for w in self._store.waiting(room.id)
            if w.kind in KINDS
        ]
        return (*prepared, *waiting)

    def needs_us(self) -> tuple[LetterView, ...]:
        """Tenders of theirs that nobody of ours has decided, and letters of theirs nobody has acknowledged."""
        return tuple(
            v
            for v in self.list()
            if not v.ours and v.state in NEEDS_THEM
        )

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
            of, way = self._find(instead_of)
            if of is not room or way.party != room.pair.ours or way.tendered is None:
                raise LocalError(
                    Sentence("{ref} is not a tender of ours on this line", ref=instead_of),
                    Sentence("see: parley letter list"),
                )
            earlier = way.id
        names = _names(in_whose_name, to_whom, rank)
        said = letter.Tender(_named(CLASS_WORDS, kind, Sentence("class")), names, earlier)
        return self._prepare(room, ActKind.TENDER, letter.tender_body(said), by, precedence)

    def answer(self, ref: str, answer: str, by: str, *, reason: str = "", language: str = "") -> PaperView:
        """Prepares an answer to a tender of theirs: accepted, refused or undetermined, with a reason or without."""
        room, way = self._find(ref)
        if way.party == room.pair.ours or way.tendered is None:
            raise LocalError(
                Sentence("only a tender of theirs can be answered"), Sentence("see: parley letter list")
            )
        decided = way.decided
        if way.cancelled_at is not None or (
            decided is not None and decided.answer.answer != TenderAnswer.UNDETERMINED
        ):
            raise LocalError(
                Sentence("this tender is {state} already", state=Sentence(way.state.value)),
                Sentence("the first answer that accepts or refuses counts; they may tender again"),
            )
        words = written(Sentence("reason"), reason, PARAGRAPH_BYTES_MAX) if reason else None
        said = letter.Answer(
            way.id,
            _named(ANSWER_WORDS, answer, Sentence("answer")),
            (language or room.line.accord.languages[0]) if words else None,
            words,
        )
        return self._prepare(room, ActKind.TENDER_ANSWER, letter.answer_body(said), by, "ROUTINE")

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
            room, way = self._find(ref)
            if way.party != room.pair.ours or way.tendered is None or way.entered is not None:
                raise LocalError(
                    Sentence("{ref} is not an open tender of ours", ref=ref),
                    Sentence("see: parley letter list"),
                )
            if way.state != State.ACCEPTED:
                raise LocalError(
                    Sentence("this tender is {state}", state=Sentence(way.state.value)),
                    Sentence("a letter is handed in once they have accepted its tender"),
                )
            tender, names, of_kind = way.id, None, way.kind
            self._speaking(self._look.name(room), ActKind.LETTER)
        else:
            room = self._speaking(line, ActKind.LETTER)
            tender, names = None, _names(in_whose_name, to_whom, rank)
            of_kind = _named(CLASS_WORDS, kind, Sentence("class"))
            if int(of_kind) not in room.line.accord.untendered:
                raise LocalError(
                    Sentence("a {kind} does not pass without a tender", kind=CLASS_WORDS[of_kind]),
                    Sentence("tender it first: parley letter tender"),
                )
        self._check_number(room, header)
        salt = self._node.entropy(SALT_BYTES)
        named = self._node.turn(lambda: self._node.keep_object(room, data, salt))
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
        return self._prepare(room, ActKind.LETTER, letter.letter_body(said), by, precedence)

    def tier(self, ref: str, tier: str, by: str) -> PaperView:
        """Prepares our word on how much of a letter may be disclosed. A tier once said can be raised, never lowered."""
        room, way = self._find(ref)
        if way.entered is None:
            raise LocalError(
                Sentence(
                    "there is no letter yet: {ref} is {state}", ref=ref, state=Sentence(way.state.value)
                ),
                Sentence("a tier is of a letter"),
            )
        said = _named(TIER_WORDS, tier, Sentence("tier"))
        before = way.tiers[room.pair.ours]
        if before is not None and said <= before:
            raise LocalError(
                Sentence("we have said {tier} already", tier=TIER_WORDS[before]),
                Sentence("what may be disclosed can be more, and never less"),
            )
        return self._prepare(room, ActKind.TIER, (way.entered.id, int(said)), by, "ROUTINE")

    def release(self, ref: str, by: str, passphrase: str | Unlocked) -> PaperView:
        """Signs what is prepared, as its releasing authority."""
        event, room = self._paper(ref)
        kind = _kind_of(event)
        found, _ = self._signing.signer(by, passphrase)
        if room.line.accord.second_person and event.officer == by:
            raise LocalError(
                Sentence("{ref} is released by a second person", ref=ref),
                Sentence("ask another officer to release it"),
            )
        if (refused := lines.refuse(room.line, kind, None, self._node.now())) is not None:
            raise refused
        body = _body_of(event)
        precedence = Precedence[str(event.detail["precedence"])]
        number = self._signing.sign_and_release(room, kind, body, precedence, by, passphrase, event.id)
        view = self._paper_view(event)
        return PaperView(
            f"{self._look.name(room)}:ours:{found.officer.author}/{number}",
            view.line,
            view.kind,
            view.words,
            view.prepared_by,
            self._node.now(),
            Sentence("released"),
        )

    def discard(self, ref: str, by: str) -> None:
        """Takes back what is prepared and not released: nothing of it is in the record."""
        self._signing.acting(by)
        event, room = self._paper(ref)
        self._log.note(self._node.now(), Happened.WITHDRAWN, by, room.id, event.id)
        if _kind_of(event) == ActKind.LETTER:
            named = ObjectName(*letter.letter(_body_of(event)).named)
            self._node.turn(lambda: self._node.drop_object(named))  # its sealed bytes go with it
        self._node.changed()

    def take_back(self, ref: str, by: str, passphrase: str | Unlocked, reason: str) -> LetterView:
        """Takes back a tender or a letter of ours that is in the record, by a CANCEL beside it."""
        room, way = self._find(ref)
        if way.party != room.pair.ours:
            raise LocalError(
                Sentence("only the party that said it can take it back"),
                Sentence("answer the tender instead"),
            )
        last = way.entered or way.tendered
        assert last is not None
        words = written(Sentence("reason"), reason, PARAGRAPH_BYTES_MAX)
        body: Body = (last.id, room.line.accord.languages[0], words)
        self._signing.sign_and_release(room, ActKind.CANCEL, body, Precedence.ROUTINE, by, passphrase)
        return self.get(ref)

    def acknowledge(self, ref: str, by: str, passphrase: str | Unlocked) -> LetterView:
        """Says that a letter of theirs is here, whole, for its addressee. Raises LocalError while it is not whole."""
        room, way = self._find(ref)
        if way.party == room.pair.ours or way.entered is None or way.letter is None:
            raise LocalError(
                Sentence("only a letter of theirs can be acknowledged"), Sentence("see: parley letter list")
            )
        self._bytes(ref, way)
        body: Body = (way.entered.id, int(Grade.SEEN), None)
        self._signing.sign_and_release(room, ActKind.ACKNOWLEDGE, body, Precedence.ROUTINE, by, passphrase)
        return self.get(ref)

    def sealed_letter(self, ref: str) -> bytes:
        """The sealed file of a letter, for its addressee. Raises LocalError while it is not whole at our end."""
        return self._bytes(ref, self._find(ref)[1])

    # --- what is behind

    def _bytes(self, ref: str, way: Passage) -> bytes:
        data = None if way.letter is None else self._store.object_bytes(way.letter.named[0])
        if data is None:
            raise LocalError(
                Sentence("the sealed letter of {ref} is not whole at our end yet", ref=ref),
                Sentence("it comes behind all messages; or take it from a file: parley letter import"),
            )
        return data

    def _check_number(self, room: Room, header: sealed.Header) -> None:
        for way in self._passages(room):
            known = way.letter
            if known is None or way.party != room.pair.ours:
                continue
            if (known.writer, known.addressee, known.number) == (
                header.sender,
                header.addressee,
                header.number,
            ):
                raise LocalError(
                    Sentence("letter {number} of this writer is in the record already", number=header.number),
                    Sentence("each letter has a number of its own, given when it is sealed"),
                )

    def _prepare(self, room: Room, kind: ActKind, body: Body, by: str, precedence: str) -> PaperView:
        self._signing.acting(by)
        try:
            bodies.check_act(kind, body)
            urgency = Precedence[precedence.upper()]
        except RemoteError as e:
            raise LocalError(e.text, Sentence("nothing was prepared")) from None
        except KeyError:
            raise LocalError(
                Sentence("there is no precedence {word!r}", word=precedence),
                Sentence("ROUTINE, PRIORITY, IMMEDIATE or FLASH"),
            ) from None
        event_id = self._log.note(
            self._node.now(),
            Happened.PREPARED,
            by,
            room.id,
            kind=kind.name,
            precedence=urgency.name,
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
        known = {e.id: e for e in self._log.prepared() if _kind_of(e) in KINDS}
        event = known.get(int(digits)) if digits.isdecimal() and len(digits) < 19 else None
        if event is None or not ref.startswith("paper:"):
            raise LocalError(
                Sentence("nothing prepared is called {ref!r}", ref=ref), Sentence("see: parley letter papers")
            )
        return event, self._look.room_by_id(event.line)

    def _find(self, ref: str) -> tuple[Room, Passage]:
        line, _, rest = ref.rpartition(":ours:")
        whose = "ours"
        if not line:
            line, _, rest = ref.rpartition(":theirs:")
            whose = "theirs"
        author, _, number = rest.partition("/")
        if not line or not (author.isdecimal() and number.isdecimal()):
            raise LocalError(
                Sentence("{ref!r} does not name a letter", ref=ref),
                Sentence("LINE:ours|theirs:AUTHOR/NUMBER, as listed by: parley letter list"),
            )
        room = self._look.room(line)
        party = room.pair.ours if whose == "ours" else 1 - room.pair.ours
        for way in self._passages(room):
            if way.party == party and ref in (
                self._ref(room, way.tendered, party),
                self._ref(room, way.entered, party),
            ):
                return room, way
        raise LocalError(
            Sentence("there is no letter {ref} on this line", ref=ref), Sentence("see: parley letter list")
        )

    def _ref(self, room: Room, said: Said | None, party: int) -> str:
        if said is None:
            return ""
        whose = "ours" if party == room.pair.ours else "theirs"
        return f"{self._look.name(room)}:{whose}:{said.author}/{said.number}"

    def _passages(self, room: Room) -> tuple[Passage, ...]:
        """The letters of a line by the acts that have effect: proven, with the power, in their form."""
        acts = []
        for kind in KINDS:
            acts += [row.held for row in reversed(self._store.acts(room.id, kind))]
        for held in tuple(acts):
            if held.kind in (ActKind.TENDER, ActKind.LETTER):
                acts += [
                    row.held
                    for row in self._store.referring(held.id)
                    if row.line == room.id and row.held.kind in (ActKind.CANCEL, ActKind.ACKNOWLEDGE)
                ]
        return letter.passages(found for held in acts if (found := self._said(room, held)) is not None)

    def _said(self, room: Room, held: Held) -> Said | None:
        act, officer = held.said, self._look.proven(room, held)
        if not isinstance(act, Act) or officer is None or held.body is None or act.line != room.id:
            return None
        if held.sequence >= room.line.logs[held.party].size:
            return None  # beyond a hole: it has effect once it is placed
        if not accords.may(officer, act.kind, None, act.precedence):
            return None
        try:
            bodies.check_act(act.kind, held.body)
        except RemoteError:
            return None
        return Said(
            held.party,
            held.id,
            held.sequence,
            ActKind(act.kind),
            act.stamp.time,
            act.author,
            act.number,
            held.body,
            held.sequence < room.line.logs[1 - held.party].stated,
            held.heard_at + room.line.accord.clocks[act.precedence][1],
        )

    def _view(self, room: Room, way: Passage) -> LetterView:
        ours, theirs = way.tiers[room.pair.ours], way.tiers[1 - room.pair.ours]
        earlier = None if way.tender is None else way.tender.instead_of
        first = way.tendered or way.entered
        assert first is not None
        untendered = way.tendered is None or way.decided is None
        passes = int(way.kind) in room.line.accord.untendered
        last = (way.entered or way.tendered) if way.state in NEEDS_THEM else None
        accepted = way.decided is not None and way.decided.answer.answer == TenderAnswer.ACCEPTED
        return LetterView(
            self._ref(room, first, way.party),
            self._look.name(room),
            way.party == room.pair.ours,
            CLASS_WORDS[way.kind],
            way.names.in_whose_name,
            way.names.to_whom,
            way.names.rank or "",
            Sentence(way.state.value),
            way.tendered.at if way.tendered else None,
            tuple(
                AnsweredView(
                    ANSWER_WORDS[a.answer.answer],
                    a.at,
                    self._look.office(room, 1 - way.party, a.author),
                    a.answer.reason or "",
                )
                for a in way.answers
            ),
            way.entered.at if way.entered else None,
            way.received_at,
            way.letter.number if way.letter else None,
            way.letter.named[1] if way.letter else None,
            way.letter is not None and self._store.object_held_at(ObjectName(*way.letter.named)) is not None,
            way.entered is not None and not accepted and not (untendered and passes),
            TIER_WORDS[ours] if ours else "",
            TIER_WORDS[theirs] if theirs else "",
            TIER_WORDS[way.tier] if way.tier else "",
            self._look.ref_of(earlier) if earlier else "",
            self._look.ref_of(way.replaced_by) if way.replaced_by else "",
            way.letter.writer.hex() if way.letter else "",
            way.letter.addressee.hex() if way.letter else "",
            first.id.hex()[:16],
            None if last is None or way.party == room.pair.ours else last.answer_by,
        )

    def _paper_view(self, event: Event) -> PaperView:
        room = self._look.room_by_id(event.line)
        body = _body_of(event)
        kind = _kind_of(event)
        state = Sentence("waits for release by a second person")
        if not room.line.accord.second_person:
            state = Sentence("waits for release")
        words = self._words(kind, body)
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
            f"{self._look.name(room)}:ours:{w.author}/{w.number}",
            self._look.name(room),
            Sentence(kind.name.replace("_", " ")),
            self._words(kind, wire.decode_body(w.body)),
            event.officer if event else "",
            w.released_at,
            state,
        )

    def _words(self, kind: ActKind, body: Body) -> str:
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
                return Sentence(
                    "{kind} number {number}, {size} bytes, sealed",
                    kind=CLASS_WORDS[one.kind],
                    number=one.number,
                    size=one.named[1],
                )
            case _:
                name, tier = body
                assert isinstance(name, bytes) and isinstance(tier, int)
                return Sentence("{ref}: {words}", ref=self._look.ref_of(name), words=TIER_WORDS[Tier(tier)])


def _kind_of(event: Event) -> ActKind:
    return ActKind[str(event.detail["kind"])]


def _body_of(event: Event) -> Body:
    return wire.decode_body(bytes.fromhex(str(event.detail["body"])))


def _names(in_whose_name: str, to_whom: str, rank: str) -> letter.Names:
    if not in_whose_name.strip() or not to_whom.strip():
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
    "list", "get", "count", "papers", "needs_us", "tender", "answer", "tier", "release", "discard", "take_back",
    "acknowledge", "addresses",
)  # fmt: skip
QUESTIONS: dict[str, Callable[..., object]] = {f"letter_{name}": _of(name) for name in _BY_NAME}
QUESTIONS |= {"letter_hand_in": _hand_in, "letter_take": _take}
