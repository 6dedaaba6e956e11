"""What line transcripts are made with: two logs a line, and one end that is told of them (vectors/README.md).

`World` writes the entries of both parties, signed, and the steps in which one end has them. `End` says what
that end shows: the product's own fold (`parley.core.line`) over all that is held, folded anew for every
answer, so that what came late (a roster, an accord) counts as if it had been known from the beginning. Each
scenario states by hand what matters in it; the rest is filled in, and a second program reads all of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import common as c

from parley.core import accord as accords
from parley.core import line as lines
from parley.core import record, suite
from parley.core.accord import Accord
from parley.core.errors import RemoteError
from parley.core.instruments import roster
from parley.core.line import Line, Mark, Prefix, RestoreTerms
from parley.core.record import EMPTY_ROOT, Held, Tree
from parley.core.types import (
    POWERS_ALL,
    Act,
    ActKind,
    Body,
    ClockQuality,
    Entry,
    NodeKind,
    Officer,
    Power,
    Precedence,
    Seen,
    Signed,
    Stamp,
    Statement,
    Subject,
)
from parley.core.wire import body as bodies
from parley.core.wire import cbor
from parley.core.wire import entry as wire

START = c.STAMP.time
IDS = {"0": c.ORDER_WIRE, "1": c.LINE}
ACCORD = Accord(c.LINE_NAME, c.LINE_NONCE, languages=("en", "ko"), quorum_restore=1)
RESERVED = {NodeKind.RESUME, NodeKind.CHECKPOINT}
KINDS = {False: frozenset(map(int, ActKind)), True: frozenset(set(NodeKind) - RESERVED)}  # by: is a statement
MARKS = {
    Mark.WHILE_CUT: "said while cut",
    Mark.BEFORE_THE_CUT: "sent before the cut, came after",
    Mark.EARLY: "early",
}
ORIGINATED = {
    "MESSAGE": (ActKind.MESSAGE, None),
    "SEVER": (ActKind.SEVER, None),
    "CANCEL": (ActKind.CANCEL, None),
    "ACKNOWLEDGE": (ActKind.ACKNOWLEDGE, None),
    "OFFER": (ActKind.OFFER, Subject.RESTORE),
    "AGREE": (ActKind.AGREE, Subject.RESTORE),
    "WITHDRAW": (ActKind.WITHDRAW, Subject.RESTORE),
}


def officer(party: int, author: int, key: str = "") -> Officer:
    """Authors 1 and 2 hold every power; 3 may release and acknowledge, up to PRIORITY."""
    public = c.public(key or f"officer {c.SIDES[party]}{author}")
    if author == 3:
        return Officer(3, public, "clerk", Precedence.PRIORITY, Power.RELEASE | Power.ACKNOWLEDGE)
    return Officer(author, public, "duty officer", Precedence.FLASH, POWERS_ALL)


def restore(
    severs: tuple[tuple[bytes, ...], tuple[bytes, ...]] = ((), ()),
    opens_at: int = START,
    prefixes: tuple[Prefix, Prefix] = (Prefix(1, 0, EMPTY_ROOT), Prefix(1, 0, EMPTY_ROOT)),
    reserved: str = "",
) -> bytes:
    """Terms to restore."""
    first, second = (tuple(sorted(side)) for side in severs)
    return lines.encode_restore(RestoreTerms((first, second), prefixes, reserved, opens_at, None))


@dataclass(frozen=True, slots=True)
class Placed:
    """One entry as written: where it lies, its bytes, its body (None: withheld), the key attached."""

    line: str
    party: int
    sequence: int
    entry: bytes
    body: bytes | None
    id: bytes
    leaf: bytes
    key: bytes | None = None


@dataclass
class Log:
    """One party's log on one line, as its node writes it."""

    entries: list[Placed] = field(default_factory=list)
    trees: list[Tree] = field(default_factory=lambda: [Tree()])

    @property
    def size(self) -> int:
        return len(self.entries)


class World:
    """Both logs of both lines, and the steps of the end of party `ours`."""

    def __init__(self, ours: int = 0) -> None:
        self.ours, self.now = ours, START
        self.logs = {line: (Log(), Log()) for line in IDS}
        self.steps: list[dict[str, Any]] = []
        self.end = End(ours)
        self._numbers: dict[tuple[str, int, int], int] = {}

    # --- what is written ------------------------------------------------------------------------------------

    def act(
        self,
        party: int,
        kind: int,
        body: Body,
        *,
        author: int = 1,
        line: str = "1",
        of_line_0: bool = False,
        number: int | None = None,
        seen: int | None = None,
        precedence: Precedence = Precedence.ROUTINE,
        signer: str = "",
        attached: bool = False,
        later: bool = False,
    ) -> Placed:
        """An act at the next place; had here at once unless `later`."""
        of = "0" if of_line_0 else line
        name = (of, party, author)
        if number is None:
            number = self._numbers.get(name, 0) + 1
        self._numbers[name] = max(number, self._numbers.get(name, 0))
        salts = record.act_salts(c.KEYS[IDS[of]], party, author, number, len(body))
        commitment = record.commitment(kind, body, lambda i: salts[i])
        seen_size = self.logs[line][1 - party].size if seen is None else seen
        stamp = Stamp(self.now, ClockQuality.DISCIPLINED)
        said = Act(IDS[of], party, kind, precedence, author, number, stamp, Seen(1, seen_size), commitment)
        signer = signer or (f"root {c.SIDES[party]}" if author == 0 else f"officer {c.SIDES[party]}{author}")
        key = c.public(signer) if attached else None
        return self._place(line, party, c.sign(signer, wire.encode_act(said)), body, key, later)

    def again(self, placed: Placed, *, later: bool = False) -> Placed:
        """The same act, entered a second time."""
        found = wire.decode_entry(placed.entry).signed
        assert placed.body is not None
        return self._place(placed.line, placed.party, found, wire.decode_body(placed.body), None, later)

    def statement(
        self,
        party: int,
        kind: int = NodeKind.HEAD,
        body: Body = (),
        *,
        line: str = "1",
        covers: int | None = None,
        own_root: bytes | None = None,
        their_root: bytes | None = None,
        later: bool = False,
    ) -> Placed:
        """A statement at the next place, which acknowledges `covers` entries (all there are) of the other
        log."""
        own, other = self.logs[line][party], self.logs[line][1 - party]
        size = other.size if covers is None else covers
        if their_root is None:
            their_root = other.trees[size].root
        salts = record.statement_salts(c.KEYS[IDS[line]], party, 1, own.size, len(body))
        said = Statement(
            IDS[line],
            party,
            kind,
            Precedence.ROUTINE,
            1,
            own.size,
            Stamp(self.now, ClockQuality.DISCIPLINED),
            own.trees[-1].root if own_root is None else own_root,
            1,
            size,
            their_root,
            record.commitment(kind, body, lambda i: salts[i]),
        )
        signed = c.sign(f"node {c.SIDES[party]}", wire.encode_statement(said))
        return self._place(line, party, signed, body, None, later)

    def _place(
        self, line: str, party: int, signed: Signed, body: Body, key: bytes | None, later: bool
    ) -> Placed:
        log = self.logs[line][party]
        data = wire.encode_entry(Entry(1, log.size, signed))
        leaf = record.leaf_hash(data)
        placed = Placed(
            line, party, log.size, data, wire.encode_body(body), suite.sha256(signed.payload), leaf, key
        )
        log.entries.append(placed)
        log.trees.append(log.trees[-1].extended(leaf))
        if not later:
            self.hear(placed)
        return placed

    # --- what this end has of it ----------------------------------------------------------------------------

    def hear(self, *entries: Placed) -> None:
        """This end has these, a second apart."""
        for placed in entries:
            self.now += 1
            step: dict[str, Any] = {
                "entry": placed.entry,
                "body": placed.body,
                "line": placed.line,
                "at": self.now,
            }
            if placed.key is not None:
                step["key"] = placed.key
            self.steps.append(step)
            self.end.take(placed.line, placed.entry, placed.body, placed.key, self.now)

    def clock(self, now: int) -> None:
        """The clock of this end is now `now`."""
        self.now = self.end.now = now
        self.steps.append({"clock": now})

    def shows(self, *, line_0: dict[str, Any] | None = None, **line: Any) -> None:
        """This end shows this much here. Raises if the product's fold says otherwise."""
        self.end.now = self.now
        told: dict[str, Any] = {"clock": self.now}
        found = self.end.shows()
        if line_0:
            told["line_0"] = line_0
            self._same(line_0, found["line_0"])
        if line:
            told["line"] = line
            self._same(line, found["line"])
        self.steps.append({"shows": told})

    def ends(self, *, line_0: dict[str, Any] | None = None, dropped: int = 0, **line: Any) -> dict[str, Any]:
        """The fields of the file, its last step being all that is shown; what is given must be in it."""
        self.end.now = self.now
        found = self.end.shows()
        self._same(line_0 or {}, found["line_0"])
        self._same(line, found["line"] or {})
        self._same({"dropped": dropped}, found)
        return {
            "card_payloads": c.PAYLOADS,
            "transcript": c.TRANSCRIPT,
            "line_0": c.ORDER_WIRE,
            "commitment_key_0": c.KEYS[c.ORDER_WIRE],
            "line_name": c.LINE_NAME,
            "line_nonce": c.LINE_NONCE,
            "line": c.LINE,
            "commitment_key": c.KEYS[c.LINE],
            "ours": self.ours,
            "steps": [*self.steps, {"shows": found}],
        }

    @staticmethod
    def _same(stated: dict[str, Any], found: dict[str, Any]) -> None:
        for name, value in stated.items():
            assert c.plain(found[name]) == c.plain(value), (name, value, found[name])

    # --- told often -----------------------------------------------------------------------------------------

    def rosters(self, *authors: int) -> None:
        """Each party's root delegates these on line 0."""
        for party in (0, 1):
            self.roster(party, *authors)

    def roster(self, party: int, *authors: int, later: bool = False) -> Placed:
        body = roster.body(officer(party, author) for author in authors)
        return self.act(party, ActKind.ROSTER, body, author=0, line="0", later=later)

    def accord(self, terms: Accord = ACCORD, offered_by: int = 0) -> bytes:
        """An accord settled on line 0: offered, agreed, each acknowledged. Its hash."""
        other = 1 - offered_by
        encoded = accords.encode_terms(terms)
        self.act(offered_by, ActKind.OFFER, (int(Subject.ACCORD), encoded), line="0")
        self.statement(other, NodeKind.RECEIPT, line="0")
        self.act(other, ActKind.AGREE, (suite.sha256(encoded),), line="0")
        self.statement(offered_by, NodeKind.RECEIPT, line="0")
        return suite.sha256(encoded)

    def adopts(self, party: int, name: bytes, *, later: bool = False) -> Placed:
        return self.statement(party, NodeKind.ADOPT, (name,), later=later)

    def begun(self, terms: Accord = ACCORD) -> bytes:
        """Rosters, the accord, both ADOPTs: the line is there, not yet opened."""
        self.rosters(1, 2, 3)
        name = self.accord(terms)
        for party in (self.ours, 1 - self.ours):
            self.adopts(party, name)
        return name

    def offer(self, party: int, terms: bytes, *, author: int = 1, later: bool = False) -> Placed:
        return self.act(party, ActKind.OFFER, (int(Subject.RESTORE), terms), author=author, later=later)

    def agree(self, party: int, terms: bytes, *, author: int = 1, later: bool = False) -> Placed:
        return self.act(party, ActKind.AGREE, (suite.sha256(terms),), author=author, later=later)

    def restored(self, terms: bytes, offered_by: int | None = None) -> bytes:
        """A RESTORE settled at both ends. Its hash."""
        first = 1 - self.ours if offered_by is None else offered_by
        self.offer(first, terms)
        self.statement(1 - first, NodeKind.RECEIPT)
        self.agree(1 - first, terms)
        self.statement(first, NodeKind.RECEIPT)
        return suite.sha256(terms)

    def opened(self, terms: Accord = ACCORD) -> None:
        """The line, opened at once."""
        self.begun(terms)
        self.restored(restore(opens_at=self.now))

    def sever(self, party: int, *, author: int = 1, later: bool = False, grounds: str = "Grounds.") -> Placed:
        """A SEVER of this line by its own act."""
        self.now += 1  # not in the second in which something else was heard
        body = (None, self.now, "en", grounds)
        return self.act(party, ActKind.SEVER, body, author=author, precedence=Precedence.FLASH, later=later)

    def message(self, party: int, text: str = "Text.", **how: Any) -> Placed:
        return self.act(party, ActKind.MESSAGE, c.message(text), **how)


# --- one end ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Had:
    """An entry as had: in which line's log, and in which turn."""

    line: str
    held: Held
    data: bytes


class End:
    """What one end holds and what it says of it."""

    def __init__(self, ours: int) -> None:
        self.ours, self.now, self.dropped = ours, 0, 0
        self.had: list[Had] = []
        self.faults: dict[str, set[tuple[int, str]]] = {"0": set(), "1": set()}
        self._rosters: tuple[dict[int, Officer], dict[int, Officer]] = ({}, {})
        self._rostered = 0

    def take(self, line: str, data: bytes, body: bytes | None, key: bytes | None, at: int) -> None:
        self.now = max(self.now, at)
        try:
            entry = wire.decode_entry(data)
            said = wire.decode_payload(entry.signed.payload)
            if said.line not in {IDS[line], c.ORDER_WIRE if isinstance(said, Act) else b""}:
                raise RemoteError("it is of another line")
            if entry.incarnation != 1:
                raise RemoteError("it is of another incarnation")
            self._check_signed(entry, said, key)
            fields = None if body is None else wire.decode_body(body)
            if fields is not None:
                salts = record.salts_of(c.KEYS[said.line], said, len(fields))
                if record.commitment(said.kind, fields, lambda i: salts[i]) != said.commitment:
                    raise RemoteError("the body is not what was committed to")
        except RemoteError:
            self.dropped += 1
            return
        held = record.hold(data, entry, said, fields, at)
        there = self._at(line, held.party, held.sequence)
        if there is not None:
            if there.data != data:
                self.faults[line].add((held.sequence, "two entries at one place"))
            elif there.held.body is None and fields is not None:
                self._unwithheld(there, fields)
            return
        if held.party != self.ours:
            self._judge(line, held)
        self.had.append(Had(line, held, data))
        self._judge_own_roots(line, held.party)

    def _unwithheld(self, had: Had, fields: Body) -> None:
        """What was held without its body has it now, as if from the beginning."""
        held = replace(had.held, body=fields)
        self.had[self.had.index(had)] = replace(had, held=held)
        self._rostered = -1
        if held.party != self.ours and lines._fit(held).body is None:
            self.faults[had.line].add((held.sequence, "malformed"))

    # --- faults ---------------------------------------------------------------------------------------------

    def _judge(self, line: str, held: Held) -> None:
        said, faults = held.said, self.faults[line]
        try:
            check = bodies.check_statement if held.is_statement else bodies.check_act
            if held.body is not None:
                check(held.kind, held.body)
        except RemoteError:
            faults.add((held.sequence, "malformed"))
        if isinstance(said, Act):
            name = (said.line, said.party, said.author, said.number)
            if any(n == name and h.held.id != held.id for n, h in self._named()):
                faults.add((held.sequence, "two acts under one name"))
            return
        ours = self._contiguous(line, self.ours)
        if said.their_size > len(ours):
            faults.add((held.sequence, "acknowledges the future"))
        elif record.root_of([h.leaf for h in ours[: said.their_size]]) != said.their_root:
            faults.add((held.sequence, "wrong root of our log"))
        if self._names_another(line, held):
            faults.add((held.sequence, "names another entry"))

    def _names_another(self, line: str, held: Held) -> bool:
        return not all(there for _, there in self._named_places(line, held))

    def _named_places(self, line: str, held: Held) -> list[tuple[int, bool]]:
        """The places a RECEIPT of theirs names, and whether the leaf is that of our entry there."""
        if held.kind != NodeKind.RECEIPT or not held.is_statement or lines._fit(held).body is None:
            return []
        found = []
        for place, leaf in (cbor.array(f, 2, "entry beyond a hole") for f in held.body or ()):
            there = self._at(line, self.ours, cbor.integer(place))
            found.append((cbor.integer(place), there is not None and there.held.leaf == leaf))
        return found

    def _judge_own_roots(self, line: str, party: int) -> None:
        tree = Tree()
        for held in self._contiguous(line, party):
            if isinstance(held.said, Statement) and party != self.ours and held.said.own_root != tree.root:
                self.faults[line].add((held.sequence, "wrong own root"))
            tree = tree.extended(held.leaf)

    def _second_delegations(self) -> set[tuple[int, str]]:
        """The ROSTERs of theirs that give a number otherwise than one at a lower place, or they themselves
        before."""
        mine: dict[int, Officer] = {}
        found = set()
        for _, held in sorted(self._log("0", 1 - self.ours).items()):
            said = held.said
            if (
                said.kind == ActKind.ROSTER
                and isinstance(said, Act)
                and said.author == 0
                and lines._fit(held).body
            ):
                for delegated in roster.delegated(held.body):
                    if mine.setdefault(delegated.author, delegated) != delegated:
                        found.add((held.sequence, "two delegations of one number"))
        return found

    # --- what is held ---------------------------------------------------------------------------------------

    def _at(self, line: str, party: int, sequence: int) -> Had | None:
        found = (h for h in self.had if (h.line, h.held.party, h.held.sequence) == (line, party, sequence))
        return next(found, None)

    def _log(self, line: str, party: int) -> dict[int, Held]:
        return {h.held.sequence: h.held for h in self.had if (h.line, h.held.party) == (line, party)}

    def _contiguous(self, line: str, party: int) -> list[Held]:
        log, found = self._log(line, party), []
        while len(found) in log:
            found.append(log[len(found)])
        return found

    def _named(self) -> list[tuple[tuple[bytes, int, int, int], Had]]:
        return [
            ((s.line, s.party, s.author, s.number), h) for h in self.had if isinstance(s := h.held.said, Act)
        ]

    def _check_signed(self, entry: Entry, said: Act | Statement, attached: bytes | None) -> None:
        """Under the key of the card, or of the roster, or else under the one attached; then it is
        unproven."""
        card = c.CARDS[said.party]
        if isinstance(said, Statement):
            return record.check_signed(entry, card.node_key)
        if said.author == 0:
            return record.check_signed(entry, card.root_key)
        known = self.rosters()[said.party].get(said.author)
        keys = {suite.key_id(key): key for key in (known.key if known else None, attached) if key}
        if entry.signed.kid not in keys:
            raise RemoteError("the author's key is not known")
        return record.check_signed(entry, keys[entry.signed.kid])

    def rosters(self) -> tuple[dict[int, Officer], dict[int, Officer]]:
        """By party, as all ROSTER acts held make them. Of two delegations of one number the lower in the log
        stands."""
        if self._rostered == len(self.had):
            return self._rosters
        found: list[dict[int, Officer]] = [{}, {}]
        acts = [h.held for h in self.had if h.line == "0" and h.held.kind == ActKind.ROSTER]
        for held in sorted(acts, key=lambda h: h.sequence):
            said = held.said
            if isinstance(said, Act) and said.author == 0 and lines._fit(held).body is not None:
                assert held.body is not None
                found[held.party] = roster.added(found[held.party], held.body)
        self._rosters, self._rostered = (found[0], found[1]), len(self.had)
        return self._rosters

    def _officer(self, line: str, held: Held) -> Officer | None:
        """Who an act's author is, None where the act has no effect whoever he is: a second act under one
        name, the same act at a second place."""
        said = held.said
        if not isinstance(said, Act):
            return None
        known = self.rosters()[held.party].get(said.author)
        if known is None or suite.key_id(known.key) != held.kid:
            return None
        name = (said.line, said.party, said.author, said.number)
        below = [
            had.held.id
            for other, had in self._named()
            if other == name and had.line == line and had.held.sequence < held.sequence
        ]
        if any(act != held.id for act in below) or (below and said.kind != ActKind.SEVER):
            return None  # a SEVER read twice counts once by its id
        return known

    # --- the fold -------------------------------------------------------------------------------------------

    def _fold(self, line: str, begun: Line) -> Line:
        waiting: dict[tuple[int, int], Held] = {}
        for had in self.had:
            held = had.held
            if line == "1" and had.line == "0" and held.kind == ActKind.SEVER and not held.is_statement:
                begun = lines.severed(begun, held, self._officer("0", held))
            if had.line != line:
                continue
            begun = lines.heard(begun, held, self._officer(line, held))
            waiting[held.party, held.sequence] = held
            while (step := waiting.pop((held.party, begun.logs[held.party].size), None)) is not None:
                agrees = self._agrees(line, step)
                right = frozenset(place for place, there in self._named_places(line, step) if there)
                begun = lines.placed(begun, step, self._officer(line, step), agrees, right)
        return begun

    def _agrees(self, line: str, held: Held) -> bool:
        said = held.said
        if not isinstance(said, Statement):
            return True
        other = self._contiguous(line, 1 - held.party)
        root = record.root_of([h.leaf for h in other[: said.their_size]])
        return said.their_size <= len(other) and root == said.their_root

    def line_0(self) -> Line:
        return self._fold(
            "0", lines.new_line(c.ORDER_WIRE, self.ours, accords.ORDER_WIRE, is_order_wire=True)
        )

    def line(self, line_0: Line) -> tuple[Line, tuple[bytes, ...]] | None:
        """The line, if there is one, and the accords settled for it."""
        of_it = [(s, accords.decode_terms(s.terms)) for s in line_0.standings if s.subject == Subject.ACCORD]
        of_it = [(s, t) for s, t in of_it if (t.name, t.nonce) == (c.LINE_NAME, c.LINE_NONCE)]
        of_it.sort(key=lambda found: (found[1].version, found[0].hash))
        settled = [(s.hash, t) for s, t in of_it if s.settled]
        if not settled:
            return None
        begun = lines.with_accords(lines.new_line(c.LINE, self.ours, settled[0][1]), tuple(settled))
        return self._fold("1", begun), tuple(name for name, _ in settled)

    # --- what is shown --------------------------------------------------------------------------------------

    def shows(self) -> dict[str, Any]:
        line_0 = self.line_0()
        found = self.line(line_0)
        return {
            "clock": self.now,
            "dropped": self.dropped,
            "line_0": self._either("0", line_0),
            "line": None if found is None else self._of_line(*found),
        }

    def _either(self, name: str, line: Line) -> dict[str, Any]:
        theirs = [h.held for h in self.had if h.line == name and h.held.party != self.ours]
        mine = self.rosters()[1 - self.ours]
        keys = {author: suite.key_id(delegated.key) for author, delegated in mine.items()}
        acts = [h for h in theirs if isinstance(h.said, Act) and h.said.author]
        unproven = [h.id for h in acts if isinstance(h.said, Act) and keys.get(h.said.author) != h.kid]
        faults = self.faults[name] | (self._second_delegations() if name == "0" else set())
        log, our_cover = line.their_log, line.our_log.stated
        return {
            "size": [log.size for log in line.logs],
            "root": [log.tree.root for log in line.logs],
            "holes": [log.holes for log in line.logs],
            "covered": [line.logs[1].stated, line.logs[0].stated],
            "named_by_them": self._named_by_them(name, line),
            "terms": [self._terms(line, s) for s in sorted(line.standings, key=lambda s: s.hash)],
            "not_proven": sorted(unproven),
            "unknown": sorted(
                [h.held.party, h.held.sequence]
                for h in self.had
                if h.line == name and h.held.kind not in KINDS[h.held.is_statement]
            ),
            "faults": [
                {"fault": word, "party": 1 - self.ours, "sequence": sequence}
                for sequence, word in sorted(faults)
            ],
            "owed": {
                "RECEIPT": bool(line.owed_beyond)
                or any(
                    h.sequence in range(our_cover, log.size) and not lines._is_receipt_or_head(h)
                    for h in theirs
                ),
                "names": self._to_be_named(line),
                "HEAD": any(d.kind == NodeKind.HEAD for d in self._due(line)),
            },
        }

    def _due(self, line: Line) -> tuple[lines.Draft, ...]:
        """What is due of HEAD alone: nothing else owed stands in its way."""
        count, since = line.unheaded
        quiet = lines.new_line(line.id, line.ours, line.accords[0][1], is_order_wire=True)
        return lines.due(replace(quiet, unheaded=(count, since)), self.now)

    @staticmethod
    def _to_be_named(line: Line) -> list[list[Any]]:
        leaves = dict(line.their_log.beyond)
        return [[s, leaves[s]] for s in sorted(s for _, s in line.owed_beyond[: lines.HOLES_IN_RECEIPT_MAX])]

    def _named_by_them(self, name: str, line: Line) -> list[int]:
        ours = self._log(name, self.ours)
        found = set()
        for held in self._contiguous(name, 1 - self.ours):
            if held.is_statement and held.kind == NodeKind.RECEIPT and lines._fit(held).body is not None:
                for item in held.body or ():
                    place, leaf = cbor.array(item, 2, "entry beyond a hole")
                    at = cbor.integer(place)
                    if at in ours and ours[at].leaf == leaf and at >= line.covered:
                        found.add(at)
        return sorted(found)

    @staticmethod
    def _terms(line: Line, standing: lines.Standing) -> dict[str, Any]:
        stands = list(standing.agreed)
        shown = "agreed, not yet confirmed" if all(stands) else None
        return {
            "hash": standing.hash,
            "subject": int(standing.subject),
            "behind": [sorted(side.authors) for side in standing.sides],
            "stands": stands,
            "intervals": [
                [[i.since, lines.cover_of(line, party, i)] for i in side.intervals]
                for party, side in enumerate(standing.sides)
            ],
            "settled": standing.settled,
            "shown": "settled" if standing.settled else shown,
        }

    def _of_line(self, line: Line, settled: tuple[bytes, ...]) -> dict[str, Any]:
        shown = self._either("1", line)
        latest = settled[-1]
        shown["owed"]["ADOPT"] = None if line.adopted[self.ours] == latest else latest
        messages = [h.held for h in self.had if h.line == "1" and h.held.party != self.ours]
        marked = {h.id: lines.mark(line, h) for h in messages}
        return {
            "declared": lines.declared(line, self.now).value,
            **shown,
            "severs": [
                {
                    "act": cut.act,
                    "party": cut.party,
                    "at": cut.at,
                    "ended_by": sorted(
                        s.hash for s in line.standings if s.settled and self._ends(s, cut.act)
                    ),
                }
                for cut in sorted(line.severs, key=lambda cut: cut.act)
            ],
            "opens_at": line.opens_at,
            "accords": settled,
            "adopted": line.adopted,
            "judged_by": [name if name in settled else None for name in line.adopted],
            "in_force": line.adopted[0] if line.in_force else None,
            "may_originate": {
                name: lines.refuse(line, kind, subject, self.now) is None
                for name, (kind, subject) in ORIGINATED.items()
            },
            "marks": {name.hex(): MARKS[mark] for name, mark in sorted(marked.items()) if mark in MARKS},
        }

    @staticmethod
    def _ends(standing: lines.Standing, act: bytes) -> bool:
        terms = lines.decode_restore(standing.terms)
        return standing.subject == Subject.RESTORE and act in {*terms.severs[0], *terms.severs[1]}
