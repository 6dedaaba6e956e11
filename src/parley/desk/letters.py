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

from parley.core import line as lines
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
from parley.desk.passages import KINDS, LetterView, Passages
from parley.desk.reader import verbatim
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


class Letters(Passages):
    """The letters of one end."""

    def __init__(self, node: Node, look: Reading, signing: Signing) -> None:
        super().__init__(node, look)
        self._signing, self._log = signing, node.watch_log

    # --- reading

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
        names = _names(in_whose_name, to_whom, rank)
        said = letter.Tender(_named(CLASS_WORDS, kind, Sentence("class")), names, earlier)
        return self._prepare(room, ActKind.TENDER, letter.tender_body(said), by, precedence)

    def answer(self, ref: str, answer: str, by: str, *, reason: str = "", language: str = "") -> PaperView:
        """Prepares an answer to a tender of theirs: accepted, refused or undetermined, with a reason or without."""
        room, way = self.find(ref)
        if way.party == room.pair.ours or way.tendered is None:
            raise LocalError(
                Sentence("only a tender of theirs can be answered"), Sentence("see: parley letter list")
            )
        decided = way.decided
        if way.withdrawn or (
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
            room, way = self.find(ref)
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
        room, way = self.find(ref)
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
        room, way = self.find(ref)
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
        room, way = self.find(ref)
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
        return self._bytes(ref, self.find(ref)[1])

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
        for way in self.passages(room):
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
