"""Letters between principals, as the record has them: tender, answer, letter, tier (spec 6.1, 20).

What a letter says is sealed (`sealed`); the record says that there is one, in whose name, to whom, under which
number, and how much of it may be disclosed. A tender states the names and nothing else, and the other side takes it,
refuses it, or leaves it undetermined; some classes pass without one, as the accord says.

All that is said here is a function of the two logs: what an officer of each party said, and how much of one log a
statement of the other covers. So both ends count the same letters.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from parley.core.errors import Sentence
from parley.core.types import U32, ActKind, Body, LetterClass, Seconds, TenderAnswer, Tier, Value
from parley.core.wire import cbor


class State(StrEnum):
    """What has become of a letter, from its tender on."""

    TENDERED = "TENDERED"
    UNDETERMINED = "UNDETERMINED"
    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"
    HANDED_IN = "HANDED IN"
    AT_THEIR_END = "AT THEIR END"
    RECEIVED = "RECEIVED"
    TAKEN_BACK = "TAKEN BACK"


@dataclass(frozen=True, slots=True)
class Names:
    """What a tender states: in whose name, to whom, at which rank. Offices, not persons."""

    in_whose_name: str
    to_whom: str
    rank: str | None = None


@dataclass(frozen=True, slots=True)
class Tender:
    """The body of a TENDER. `instead_of`: the tender that this one takes the place of, by another signatory."""

    kind: LetterClass
    names: Names
    instead_of: bytes | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of a TENDER_ANSWER; `reason` in `language`, None for one without."""

    tender: bytes
    answer: TenderAnswer
    language: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """The body of a LETTER. `names`: None where its tender has stated them. `number`: in the writer's series to this
    addressee; `writer`, `addressee`: fingerprints of their cards. `named`: root, size and salt of the sealed letter.
    `content`: the commitment to what it says."""

    tender: bytes | None
    kind: LetterClass
    names: Names | None
    number: int
    writer: bytes
    addressee: bytes
    named: tuple[bytes, int, bytes]
    content: bytes


@dataclass(frozen=True, slots=True)
class Said:
    """An act with effect, in its place: whose, by its id, at which sequence, with what body. `covered`: a statement
    in the other log covers its place. `at` is its author's claim. `answer_by`: when an
    answer to it is due at the end that received it, by the accord."""

    party: int
    id: bytes
    sequence: int
    kind: ActKind
    at: Seconds
    author: int
    number: int
    body: Body
    covered: bool = False
    answer_by: Seconds | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer in its place."""

    answer: Answer
    at: Seconds
    author: int


@dataclass(frozen=True, slots=True)
class Passage:
    """One letter's way: its tender, what the other side answered, the letter. `party`: who sends it.

    `tiers`: by party, the highest tier it has said. `withdrawn`, `taken_back`: its own party took its tender back, the
    letter. `received_at`: when an officer of the other side acknowledged the letter. `replaced_by`: the tender that
    took its place."""

    party: int
    id: bytes
    tendered: Said | None = None
    tender: Tender | None = None
    answers: tuple[Answered, ...] = ()
    entered: Said | None = None
    letter: Letter | None = None
    tiers: tuple[Tier | None, Tier | None] = (None, None)
    withdrawn: bool = False
    taken_back: bool = False
    received_at: Seconds | None = None
    replaced_by: bytes | None = None

    @property
    def kind(self) -> LetterClass:
        said = self.tender or self.letter
        assert said is not None, "a passage has a tender or a letter"
        return said.kind

    @property
    def names(self) -> Names:
        names = self.tender.names if self.tender else self.letter.names if self.letter else None
        return names or Names("", "")

    @property
    def tier(self) -> Tier | None:
        """What both have said may be disclosed: the lower of the two; None while one has said nothing."""
        first, second = self.tiers
        return None if first is None or second is None else min(first, second)

    @property
    def decided(self) -> Answered | None:
        """The answer that counts: the first that accepts or refuses; until then the last."""
        final = (a for a in self.answers if a.answer.answer != TenderAnswer.UNDETERMINED)
        return next(final, self.answers[-1] if self.answers else None)

    @property
    def state(self) -> State:
        if self.entered is not None:
            if self.taken_back:
                return State.TAKEN_BACK
            if self.received_at is not None:
                return State.RECEIVED
            return State.AT_THEIR_END if self.entered.covered else State.HANDED_IN
        if self.withdrawn:
            return State.WITHDRAWN
        decided = self.decided
        return State.TENDERED if decided is None else _STATE_OF_ANSWER[decided.answer.answer]


_STATE_OF_ANSWER = {
    TenderAnswer.ACCEPTED: State.ACCEPTED,
    TenderAnswer.REFUSED: State.REFUSED,
    TenderAnswer.UNDETERMINED: State.UNDETERMINED,
}


@dataclass(frozen=True, slots=True)
class Series:
    """The letters of one writer to one addressee. `both`: how many both logs have, which is how many letters there are;
    `on_the_way`: entered, and not covered by a statement of the other side yet. `missing`: numbers below the
    highest that are not there; `twice`: numbers that more than one letter bears. What was taken back counts: it
    was sent."""

    party: int
    writer: bytes
    addressee: bytes
    both: int = 0
    on_the_way: int = 0
    highest: int = 0
    missing: tuple[int, ...] = ()
    twice: tuple[int, ...] = ()
    first_at: Seconds | None = None
    last_at: Seconds | None = None


CLASS_WORDS = {
    LetterClass.PERSONAL_LETTER: Sentence("personal letter"),
    LetterClass.LETTER: Sentence("letter"),
    LetterClass.NOTICE: Sentence("notice"),
    LetterClass.TELEGRAM: Sentence("telegram"),
    LetterClass.SAFETY_NOTICE: Sentence("safety notice"),
}
ANSWER_WORDS = {
    TenderAnswer.ACCEPTED: Sentence("accepted"),
    TenderAnswer.REFUSED: Sentence("refused"),
    TenderAnswer.UNDETERMINED: Sentence("undetermined"),
}
TIER_WORDS = {
    Tier.EXISTENCE: Sentence("existence"),
    Tier.COUNT_AND_DATES: Sentence("count and dates"),
    Tier.CONTENT: Sentence("content"),
}

MISSING_SHOWN_MAX = 64
_IN_ORDER = frozenset(
    (ActKind.TENDER, ActKind.TENDER_ANSWER, ActKind.LETTER)
)  # kinds of which the first counts


def passages(acts: Iterable[Said], withheld: Iterable[tuple[int, ActKind, int]] = ()) -> tuple[Passage, ...]:
    """The ways of all letters of a line. `acts`: those of both logs that have effect, in any order; `withheld`: party,
    kind and sequence of those held without their bodies."""
    said = sorted(_readable(acts, withheld), key=lambda act: (act.sequence, act.party))
    ways: dict[bytes, Passage] = {}
    ids: dict[bytes, bytes] = {}  # the passage of a tender or a letter
    for act in said:
        if act.kind == ActKind.TENDER:
            ways.setdefault(act.id, Passage(act.party, act.id, act, tender(act.body)))
            ids[act.id] = act.id
    for act in said:
        if act.kind == ActKind.LETTER:
            _with_letter(ways, ids, act)
    for act in said:
        _apply(ways, ids, act)
    return tuple(ways.values())


def _readable(acts: Iterable[Said], withheld: Iterable[tuple[int, ActKind, int]]) -> Iterator[Said]:
    """The acts below the first of their kind and log that is withheld (LE-11): what it says could come before them."""
    first: dict[tuple[int, ActKind], int] = {}
    for party, kind, sequence in withheld:
        if kind in _IN_ORDER:
            first[party, kind] = min(sequence, first.get((party, kind), sequence))
    return (act for act in acts if act.sequence < first.get((act.party, act.kind), U32 + 1))


def _with_letter(ways: dict[bytes, Passage], ids: dict[bytes, bytes], act: Said) -> None:
    found = letter(act.body)
    way = ways.get(found.tender or b"")
    if way is not None and way.party == act.party and way.entered is None:
        ways[way.id] = replace(way, entered=act, letter=found)
        ids[act.id] = way.id
    else:  # without a tender; or of another's, or after another letter of the same: shown by itself
        ways.setdefault(act.id, Passage(act.party, act.id, entered=act, letter=found))
        ids[act.id] = act.id


def _apply(ways: dict[bytes, Passage], ids: dict[bytes, bytes], act: Said) -> None:
    match act.kind:
        case ActKind.TENDER:
            earlier = ways.get(tender(act.body).instead_of or b"")
            if earlier is not None and earlier.party == act.party and earlier.replaced_by is None:
                ways[earlier.id] = replace(earlier, replaced_by=act.id)
        case ActKind.TENDER_ANSWER:
            answered = answer(act.body)
            way = ways.get(answered.tender)
            if way is not None and way.party != act.party and way.tendered is not None:
                one = Answered(answered, act.at, act.author)
                ways[way.id] = replace(way, answers=(*way.answers, one))
        case ActKind.TIER:
            name, tier = cbor.octets(act.body[0]), Tier(cbor.integer(act.body[1]))
            way = ways.get(ids.get(name, b""))
            if way is not None and way.entered is not None and way.entered.id == name:
                tiers = list(way.tiers)
                tiers[act.party] = max(tiers[act.party] or tier, tier)
                ways[way.id] = replace(way, tiers=(tiers[0], tiers[1]))
        case ActKind.CANCEL | ActKind.ACKNOWLEDGE:
            way = ways.get(ids.get(cbor.octets(act.body[0]), b""))
            if way is None:
                return
            own, name = way.party == act.party, cbor.octets(act.body[0])
            of_letter = way.entered is not None and name == way.entered.id
            if act.kind == ActKind.CANCEL and own:
                ways[way.id] = replace(way, taken_back=True) if of_letter else replace(way, withdrawn=True)
            elif act.kind == ActKind.ACKNOWLEDGE and of_letter and not own and way.received_at is None:
                ways[way.id] = replace(way, received_at=act.at)
        case _:
            return


def series(found: Iterable[Passage]) -> tuple[Series, ...]:
    """How many letters there are, by party, writer and addressee."""
    by_way: dict[tuple[int, bytes, bytes], list[Passage]] = {}
    for way in found:
        if way.letter is not None:
            by_way.setdefault((way.party, way.letter.writer, way.letter.addressee), []).append(way)
    return tuple(_counted(*key, ways) for key, ways in sorted(by_way.items()))


def _counted(party: int, writer: bytes, addressee: bytes, ways: list[Passage]) -> Series:
    entered = [way.entered for way in ways if way.entered is not None]
    numbers = [way.letter.number for way in ways if way.letter is not None]
    highest, held = max(numbers), Counter(numbers)
    missing: list[int] = []
    at = 1
    while at < highest and len(missing) < MISSING_SHOWN_MAX:
        if at not in held:
            missing.append(at)
        at += 1
    return Series(
        party,
        writer,
        addressee,
        sum(act.covered for act in entered),
        sum(not act.covered for act in entered),
        highest,
        tuple(missing),
        tuple(sorted(n for n, times in held.items() if times > 1)),
        min(act.at for act in entered),
        max(act.at for act in entered),
    )


def tender(fields: Body) -> Tender:
    """The tender in a body that has passed its schema."""
    kind, name, to, rank, instead_of = fields
    return Tender(
        LetterClass(cbor.integer(kind)),
        Names(cbor.string(name), cbor.string(to), _text(rank)),
        None if instead_of is None else cbor.octets(instead_of),
    )


def tender_body(t: Tender) -> Body:
    """The body of a TENDER."""
    return (int(t.kind), t.names.in_whose_name, t.names.to_whom, t.names.rank, t.instead_of)


def answer(fields: Body) -> Answer:
    """The answer in a body that has passed its schema."""
    name, said, language, reason = fields
    return Answer(cbor.octets(name), TenderAnswer(cbor.integer(said)), _text(language), _text(reason))


def answer_body(a: Answer) -> Body:
    """The body of a TENDER_ANSWER."""
    return (a.tender, int(a.answer), a.language, a.reason)


def letter(fields: Body) -> Letter:
    """The letter in a body that has passed its schema."""
    tender_id, kind, name, to, rank, number, writer, addressee, named, content = fields
    root, size, salt = cbor.array(named, 3, "object")
    return Letter(
        None if tender_id is None else cbor.octets(tender_id),
        LetterClass(cbor.integer(kind)),
        None if name is None else Names(cbor.string(name), cbor.string(to), _text(rank)),
        cbor.integer(number),
        cbor.octets(writer),
        cbor.octets(addressee),
        (cbor.octets(root), cbor.integer(size), cbor.octets(salt)),
        cbor.octets(content),
    )


def letter_body(one: Letter) -> Body:
    """The body of a LETTER."""
    names = (None, None, None)
    said = one.names
    return (
        one.tender,
        int(one.kind),
        *(names if said is None else (said.in_whose_name, said.to_whom, said.rank)),
        one.number,
        one.writer,
        one.addressee,
        one.named,
        one.content,
    )


def _text(value: Value) -> str | None:
    return None if value is None else cbor.string(value)
