"""The export file (spec 13), verified from its bytes: no node, no secret, no key of the line."""

from dataclasses import dataclass

from otherend import bodies, cbor, signed, suite
from otherend.fields import exactly, items, octets, optional, record, sha256, u32
from otherend.line import Held, Machine, name
from otherend.refused import Refused, check

MAGIC = b"parley-export/1\n"
some_bytes = lambda value: type(value) is bytes  # noqa: E731
any_text = lambda value: type(value) is str  # noqa: E731
SAID = record(
    some_bytes, optional(some_bytes), items(octets(32), 0, 64)
)  # a roster act or an entry, body, salts
HEAD = record(
    exactly("parley/export-head/1"),
    items(some_bytes, 2, 2),
    any_text,
    octets(16),
    items(some_bytes, 0, 65535),
    items(SAID, 0, 65535),
)
END = record(exactly("parley/export-end/1"), items(u32, 2, 2), items(sha256, 2, 2))
MAKES_STATE = (bodies.SEVER, bodies.OFFER, bodies.AGREE, bodies.WITHDRAW)


@dataclass(frozen=True)
class Verdict:
    sizes: list[int]
    roots: list[bytes]
    line: bytes
    fingerprints: list[bytes]
    under_a_statement: list[int]  # how much of each log its last statement signs the places of
    withheld: int
    findings: list[tuple[int, int, str]]  # party, sequence, words
    pinned: str
    state: dict[str, object] | None  # None: it cannot be told


class Export(Machine):
    """The line machine, told its accords and rosters by the head of the file."""

    def __init__(
        self, payloads: list[bytes], title: str, nonce: bytes, terms: list[bodies.AccordTerms]
    ) -> None:
        self.given = terms
        super().__init__(payloads, title, nonce, [b"", b""], 0)

    def settled_accords(self) -> dict[bytes, bodies.AccordTerms]:
        return {one.hash: one for one in self.given}


def verify(data: bytes, pins: tuple[bytes, ...] = ()) -> Verdict:
    check(data.startswith(MAGIC), "XP-1", "no export")
    at, parts = len(MAGIC), []
    try:
        while at < len(data):
            part, at = cbor.decode_first(data, at)
            parts.append(part)
    except Refused as refused:
        raise Refused("XP-1", str(refused)) from None
    check(len(parts) >= 2, "XP-1", "ends early")
    head, *told, end = parts
    check(HEAD(head), "XP-1", "no head")
    check(END(end), "XP-1", "no end")
    check(all(map(SAID, told)), "XP-1", "something that is no entry")
    _, cards, title, nonce, terms, rosters = head
    cards = [signed.card(one) for one in cards]
    check(cards[0].root_key != cards[1].root_key, "XP-2", "one party twice")
    prints = [suite.key_id(card.root_key) for card in cards]
    check(all(pin in prints for pin in pins), "XP-8", "a fingerprint of neither party")
    try:
        file = Export(
            [card.payload for card in cards], title, nonce, [bodies.accord_terms(one) for one in terms]
        )
    except Refused as refused:
        raise Refused("XP-2", str(refused)) from None
    of_the_line = [(one.name, one.nonce) == (title, nonce) for one in file.given]
    check(bool(of_the_line) and all(of_the_line), "XP-2", "no terms, or terms of another line")
    findings: list[tuple[int, int, str]] = []
    for part in rosters:
        _take_roster(file, *part)
    entries = [_entry(file, *part) for part in told]
    _check_logs(file, entries, findings)
    sizes = [log.size for log in file.lines[1].logs]
    check(
        end[1:] == [sizes, [log.roots[-1] for log in file.lines[1].logs]],
        "XP-7",
        "other sizes or roots at the end",
    )
    return Verdict(
        sizes,
        [log.roots[-1] for log in file.lines[1].logs],
        file.lines[1].id,
        prints,
        [_under_a_statement(entries, party) for party in (0, 1)],
        sum(body is None for _, body in entries),
        sorted(set(findings)),
        "pinned" if set(pins) == set(prints) else "identities NOT pinned",
        None if any(_hides_state(entry, body) for entry, body in entries) else _state(file),
    )


def _take_roster(file: Export, act: bytes, body: bytes | None, salts: list[bytes]) -> None:
    one = signed.tagged(act)
    said = signed.read_payload(one.payload)
    check(isinstance(said, signed.Act) and said.line == file.lines[0].id, "XP-3", "not of line 0")
    check(said.author == 0 and said.kind == bodies.ROSTER, "XP-3", "no roster of the root key")
    one.verify(file.root_keys[said.party], "XP-3")
    for delegation in _body(said, body, salts) or []:
        check(bodies.DELEGATION(delegation), "XP-3", "no delegation")
        suite.check_key(delegation[1])
        file.rosters[said.party].setdefault(delegation[0], delegation)


def _body(said: signed.Act | signed.Statement, body: bytes | None, salts: list[bytes]) -> list[object] | None:
    if body is None:
        check(not salts, "XP-1", "salts of what is withheld")
        return None
    fields = cbor.decode(body)
    check(type(fields) is list, "XP-5", "no body")
    signed.check_body(said, fields, salts, "XP-5")
    return fields


def _entry(
    file: Export, data: bytes, body: bytes | None, salts: list[bytes]
) -> tuple[signed.Entry, list[object] | None]:
    entry = signed.read_entry(data)
    said, line = entry.said, file.lines[1].id
    check(entry.incarnation == 1, "XP-4", "another incarnation")
    if isinstance(said, signed.Statement):
        check(said.line == line, "XP-4", "of another line")
        entry.signed.verify(file.node_keys[said.party], "XP-4")
    else:
        check(said.line in (line, file.lines[0].id), "XP-4", "of another line")
        key = file.key_of(said.party, said.author)
        if said.author == 0 or (key is not None and entry.signed.key_id == suite.key_id(key)):
            entry.signed.verify(
                key, "XP-4"
            )  # else it was recorded under an attached key, which a file does not carry
    fields = _body(said, body, salts)
    check(len(data) + len(body or b"") <= 2048, "EN-12", "entry and body too large")
    return entry, fields


def _under_a_statement(entries: list[tuple[signed.Entry, object]], party: int) -> int:
    """How much of a log its node has signed the places of: all below its last statement, and that."""
    signing = [
        one for one, _ in entries if one.said.party == party and isinstance(one.said, signed.Statement)
    ]
    return max((one.sequence + 1 for one in signing), default=0)


def _check_logs(
    file: Export,
    entries: list[tuple[signed.Entry, list[object] | None]],
    findings: list[tuple[int, int, str]],
) -> None:
    line = file.lines[1]
    waiting = [
        [Held(entry, body, 0) for entry, body in entries if entry.said.party == party] for party in (0, 1)
    ]
    for party in (0, 1):
        waiting[party].sort(key=lambda held: held.sequence)  # a file may have them in any order
        for place, held in enumerate(waiting[party]):
            check(held.sequence == place, "XP-4", f"log {party}, {place}: missing, or there twice")
    # In an order of the logs' own (XP-9); what acknowledges more than there is comes in the end.
    sizes = [len(side) for side in waiting]
    while any(waiting):
        ready = [
            side
            for party, side in enumerate(waiting)
            if side and _ready(side[0], line.logs[1 - party].size, sizes[1 - party])
        ]
        check(bool(ready), "XP-9", "two statements that acknowledge each other")
        file._take(ready[0].pop(0), line)
    ids: list[set[bytes]] = [set(), set()]
    names: list[dict[object, bytes]] = [{}, {}]
    carried = {one.hash for one in file.given}
    for party in (0, 1):
        log, last, other = line.logs[party], _under_a_statement(entries, party), line.logs[1 - party]
        for held in log.placed():
            said = held.said

            def found(words: str, held: Held = held, party: int = party) -> None:
                findings.append((party, held.sequence, words))

            if held.fits is False:
                found("a body without its schema")
            if held.is_statement:
                check(
                    said.own_root == log.roots[held.sequence],
                    "XP-6",
                    f"log {party}, {held.sequence}: wrong own root",
                )
                if said.their_size > other.size:
                    found("acknowledges what is not there")
                else:
                    check(
                        said.their_root == other.roots[said.their_size],
                        "XP-6",
                        f"log {party}, {held.sequence}: wrong root of the other log",
                    )
                if held.is_statement_of(bodies.ADOPT) and held.fits and held.body[0] not in carried:
                    found("adopts terms the file does not carry")
                continue
            if said.line == file.lines[0].id and said.kind != bodies.SEVER:
                found("an act of line 0")
            if said.id in ids[party]:
                check(held.sequence < last, "XP-10", "the same act again, above the last statement")
                found("the same act again")
            elif names[party].setdefault(name(said), said.id) != said.id:
                found("two acts under one name")
            ids[party].add(said.id)
            if not file.proven(said, held.entry):
                check(held.sequence < last, "XP-10", "an author in no roster, above the last statement")
                found("an author in no roster")


def _ready(held: Held, other_size: int, other_in_all: int) -> bool:
    return not held.is_statement or held.said.their_size <= other_size or held.said.their_size > other_in_all


def _hides_state(entry: signed.Entry, body: object) -> bool:
    kinds = (bodies.ADOPT,) if isinstance(entry.said, signed.Statement) else MAKES_STATE
    return body is None and entry.said.kind in kinds


def _state(file: Export) -> dict[str, object]:
    severs = file.severs()
    return {
        "severed_by": sorted({held.said.party for act, held in severs.items() if not file.ended_by(act)}),
        "names": [cbor.decode(one)[1] for one in file.card_payloads],
        "restores": [one.hash for one in file.restores()],
        "opens_at": file.opens_at(),
        "judged_by": [file.judge(party) for party in (0, 1)],
    }
