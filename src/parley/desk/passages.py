"""Letters as an officer sees them, from the record: each with what became of it, and how many there are (spec 20).

Nothing here acts. What has effect is chosen here (proven, with the power, in its form, placed); what follows from it
says `core.instruments.letter`.
"""

from __future__ import annotations

from dataclasses import dataclass

from parley.core import accord as accords
from parley.core.errors import LocalError, RemoteError, Sentence
from parley.core.instruments import letter
from parley.core.instruments.letter import ANSWER_WORDS, CLASS_WORDS, TIER_WORDS, Passage, Said, State
from parley.core.objects import ObjectName
from parley.core.record import Held
from parley.core.types import Act, ActKind, Body, Seconds, TenderAnswer
from parley.core.wire import body as bodies
from parley.core.wire import entry as wire
from parley.desk.reading import Reading
from parley.node import Node, Room
from parley.store import Waiting

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
    due, while it needs us. `at_their_end`: their node has signed for the letter; `there`: their end says that it holds
    the sealed bytes. `letter_waits`: the letter is released, and waits for a bearer. `forgotten`: its
    sealed bytes were here, and an officer let go of them."""

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
    at_their_end: bool = False
    there: bool = False
    letter_waits: bool = False
    forgotten: bool = False


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


class Passages:
    """The letters of one end."""

    def __init__(self, node: Node, look: Reading) -> None:
        self._node, self._look, self._store = node, look, node.store
        self._made: dict[bytes, tuple[Passage, ...]] = {}  # by line, until something changes
        node.readers.append(self._made.clear)

    def list(self, line: str | None = None) -> tuple[LetterView, ...]:
        """All letters, the newest first."""
        found = [
            self.view(room, way)
            for room in self._look.rooms(line)
            if not room.is_order_wire
            for way in self.passages(room)
        ]
        return tuple(sorted(found, key=lambda v: (-(v.tendered_at or v.entered_at or 0), v.ref)))

    def get(self, ref: str) -> LetterView:
        """One letter, by the ref of its tender or of the letter itself."""
        room, way = self.find(ref)
        return self.view(room, way)

    def count(self, line: str | None = None) -> tuple[SeriesView, ...]:
        """How many letters there are, by line, writer and addressee."""
        found = []
        for room in self._look.rooms(line):
            ways = () if room.is_order_wire else self.passages(room)
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

    def needs_us(self) -> tuple[LetterView, ...]:
        """Tenders of theirs that nobody of ours has decided, and letters of theirs nobody has acknowledged."""
        return tuple(v for v in self.list() if not v.ours and v.state in NEEDS_THEM)

    def find(self, ref: str) -> tuple[Room, Passage]:
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
        for way in self.passages(room):
            if way.party == party and ref in (
                self.ref(room, way.tendered, party),
                self.ref(room, way.entered, party),
            ):
                return room, way
        raise LocalError(
            Sentence("there is no letter {ref} on this line", ref=ref), Sentence("see: parley letter list")
        )

    def ref(self, room: Room, said: Said | None, party: int) -> str:
        if said is None:
            return ""
        whose = "ours" if party == room.pair.ours else "theirs"
        return f"{self._look.name(room)}:{whose}:{said.author}/{said.number}"

    def passages(self, room: Room) -> tuple[Passage, ...]:
        """The letters of a line by the acts that have effect: proven, with the power, in their form, placed. A page
        asks several times; they are made once between two changes."""
        found = self._made.get(room.id)
        if found is None:
            found = self._made[room.id] = self._passages(room)
        return found

    def _passages(self, room: Room) -> tuple[Passage, ...]:
        acts = [row.held for kind in KINDS for row in self._store.acts(room.id, kind)]
        withheld = [(held.party, ActKind(held.kind), held.sequence) for held in acts if held.body is None]
        for held in tuple(acts):
            if held.kind in (ActKind.TENDER, ActKind.LETTER):
                acts += [
                    row.held
                    for row in self._store.referring(held.id)
                    if row.line == room.id and row.held.kind in (ActKind.CANCEL, ActKind.ACKNOWLEDGE)
                ]
        said = (found for held in acts if (found := self._said(room, held)) is not None)
        return letter.passages(said, withheld)

    def waiting_bodies(self, room: Room, kind: ActKind, but: Waiting | None = None) -> tuple[Body, ...]:
        """What of ours of this kind is released and not in the record, but for one."""
        return tuple(
            wire.decode_body(w.body)
            for w in self._store.waiting(room.id)
            if w.kind == kind and (but is None or w.id != but.id)
        )

    def is_forgotten(self, room: Room, named: ObjectName) -> bool:
        """Whether the sealed bytes of a letter of theirs were here, and were let go of."""
        held = self._store.object_held_at(named) is not None
        return not held and self._store.object_forgotten_at(named, room.pair.rooms.keys()) is not None

    def _said(self, room: Room, held: Held) -> Said | None:
        act, officer = held.said, self._look.proven(room, held)
        if not isinstance(act, Act) or officer is None or held.body is None or act.line != room.id:
            return None
        if held.sequence >= room.line.logs[held.party].size:
            return None  # beyond a hole: it has effect once it is placed
        if self._look.doubled(room, held):
            return None
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

    def view(self, room: Room, way: Passage) -> LetterView:
        ours, theirs = way.tiers[room.pair.ours], way.tiers[1 - room.pair.ours]
        earlier = None if way.tender is None else way.tender.instead_of
        first = way.tendered or way.entered
        assert first is not None
        untendered = way.tendered is None or way.decided is None
        passes = int(way.kind) in room.line.accord.untendered
        open_ = way.state in NEEDS_THEM and way.state != State.UNDETERMINED
        last = (way.entered or way.tendered) if open_ else None
        accepted = way.decided is not None and way.decided.answer.answer == TenderAnswer.ACCEPTED
        return LetterView(
            self.ref(room, first, way.party),
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
            way.entered is not None and way.entered.covered,
            way.entered is not None and self._store.is_told_held(room.id, way.entered.sequence, 0),
            any(letter.letter(body).tender == way.id for body in self.waiting_bodies(room, ActKind.LETTER)),
            way.letter is not None and self.is_forgotten(room, ObjectName(*way.letter.named)),
        )
