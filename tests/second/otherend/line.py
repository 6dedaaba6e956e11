"""The line machine: what one end says of a line and of line 0, entry by entry (spec 3.4, 5, 6, 9, 10, 11).

Nothing is kept up to date. The machine keeps what came, in the order in which it came, and every answer is worked out
again from that (LI-1): slow, and plainly a function of the two logs as held.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from otherend import bodies, cbor, signed, suite, tree
from otherend.refused import Refused, check

FLASH = 3
OFFERS = {
    bodies.ACCORD: 1024,
    bodies.RESTORE: 1024,
}  # different terms of a subject that a side can offer (LI-16)
OFFERS_OF_OTHERS = 4096
MAY_SETTLE = {bodies.ROSTER, bodies.OFFER, bodies.AGREE, bodies.WITHDRAW}  # of acts; and statements
CUT_MAY = {
    bodies.SEVER,
    bodies.ACKNOWLEDGE,
    bodies.CANCEL,
}  # originated while the line is not open, of acts (LI-4)


@dataclass(frozen=True)
class Held:
    """An entry as it was heard: `at` is our clock then."""

    entry: signed.Entry
    body: list[object] | None
    at: int

    @property
    def said(self) -> signed.Act | signed.Statement:
        return self.entry.said

    @property
    def sequence(self) -> int:
        return self.entry.sequence

    @property
    def is_statement(self) -> bool:
        return isinstance(self.said, signed.Statement)

    @cached_property
    def fits(self) -> bool | None:
        """Whether the body has its schema; None where the kind has none, or the body is withheld."""
        return None if self.body is None else bodies.fits(self.is_statement, self.said.kind, self.body)

    def is_statement_of(self, *kinds: int) -> bool:
        return self.is_statement and self.said.kind in kinds

    def is_act_of(self, *kinds: int) -> bool:
        return not self.is_statement and self.said.kind in kinds


class Log:
    """One party's log on one line, holes and all."""

    def __init__(self) -> None:
        self.held: dict[int, Held] = {}
        self.roots = [tree.sha()]
        self._peaks: list[tuple[int, bytes]] = []

    @property
    def size(self) -> int:
        """Of the contiguous part."""
        return len(self.roots) - 1

    def place_next(self) -> Held | None:
        """Places the entry at the end of the contiguous part, if it is held."""
        following = self.held.get(self.size)
        if following is not None:
            self._peaks.append((0, following.entry.leaf))
            while len(self._peaks) > 1 and self._peaks[-1][0] == self._peaks[-2][0]:
                (height, left), (_, right) = self._peaks[-2:]
                self._peaks[-2:] = [(height + 1, tree.node_hash(left, right))]
            top = self._peaks[-1][1]
            for _, left in reversed(self._peaks[:-1]):
                top = tree.node_hash(left, top)
            self.roots.append(top)
        return following

    def placed(self) -> Iterator[Held]:
        return (self.held[i] for i in range(self.size))

    def everything(self) -> list[Held]:
        return [self.held[i] for i in sorted(self.held)]

    def holes(self) -> list[list[int]]:
        found, at = [], self.size
        for i in sorted(i for i in self.held if i >= self.size):
            if i > at:
                found.append([at, i - at])
            at = i + 1
        return found


@dataclass
class Interval:
    since: int
    cover: int = 0
    ended: bool = False


@dataclass
class Terms:
    """What is known of one set of terms on one line."""

    hash: bytes
    subject: int
    read: bodies.AnyTerms
    behind: list[dict[int, set[bytes]]] = field(
        default_factory=lambda: [{}, {}]
    )  # author to the acts that put him there
    intervals: list[list[Interval]] = field(default_factory=lambda: [[], []])

    def stands(self, party: int) -> bool:
        return bool(self.intervals[party]) and not self.intervals[party][-1].ended

    def settled(self) -> bool:
        """LI-9."""
        return any(
            a.cover > b.since and b.cover > a.since for a in self.intervals[0] for b in self.intervals[1]
        )


@dataclass(frozen=True)
class Fault:
    sequence: int
    word: str
    party: int


@dataclass
class Line:
    id: bytes
    key: bytes
    logs: list[Log] = field(default_factory=lambda: [Log(), Log()])
    faults: set[Fault] = field(default_factory=set)
    ahead: set[tuple[int, int]] = field(
        default_factory=set
    )  # party, sequence of statements that acknowledged the future


class Machine:
    def __init__(
        self, card_payloads: Sequence[bytes], name: str, nonce: bytes, keys: Sequence[bytes], ours: int
    ) -> None:
        """`keys`: commitment keys of line 0 and of the line; either may be empty if salts are given with each body."""
        self.card_payloads = card_payloads
        cards = [cbor.decode(payload) for payload in card_payloads]
        self.transcript, ordered = suite.transcript_of(card_payloads)
        check(ordered == list(card_payloads), "PA-4", "cards in another order")
        self.root_keys = [card[2] for card in cards]
        self.node_keys = [card[3][1] for card in cards]
        ids = [suite.order_wire(self.transcript), suite.line_id(self.transcript, name, nonce)]
        self.lines = [Line(*pair) for pair in zip(ids, keys, strict=True)]
        self.ours, self.theirs = ours, 1 - ours
        self.rosters: list[dict[int, list[object]]] = [{}, {}]  # by party: author to delegation
        self.clock = self.dropped = self.taken = 0
        self._accords: dict[bytes, bodies.AccordTerms] = {}
        self._accords_at: tuple[int, ...] = ()
        self.their_size_when: dict[
            bytes, int
        ] = {}  # terms to the size their log on the line had when they settled here
        self.hour: int | None = None  # of opening, as it rules now
        self.hour_at: dict[
            int, int | None
        ] = {}  # size of their log on the line to the hour of opening that ruled then

    # --- what comes

    def hear(
        self,
        data: bytes,
        body: bytes | None,
        line: int,
        at: int,
        key: bytes | None = None,
        salts: Sequence[bytes] | None = None,
    ) -> Held | None:
        """Takes one entry; None if it is dropped or held already."""
        self.clock = max(self.clock, at)
        try:
            entry, fields = self._read(data, body, self.lines[line], key, salts)
        except Refused:
            self.dropped += 1
            return None
        return self._take(Held(entry, fields, at), self.lines[line])

    def _read(
        self, data: bytes, body: bytes | None, line: Line, key: bytes | None, salts: Sequence[bytes] | None
    ) -> tuple[signed.Entry, list[object] | None]:
        entry = signed.read_entry(data)
        said = entry.said
        check(entry.incarnation == 1, "FR-12", "another incarnation")
        if isinstance(said, signed.Act):
            check(said.line in (line.id, self.lines[0].id), "FR-6", "another line")
            check(said.seen[0] <= 1, "FR-12", "another incarnation")
            signing = self.key_of(said.party, said.author)
            if said.author and key is not None and entry.signed.key_id == suite.key_id(key):
                suite.check_key(
                    key
                )  # under neither the roster's key nor the attached one it is dropped (FR-12)
                signing = key
        else:
            check(said.line == line.id, "FR-6", "another line")
            check(said.their_incarnation <= 1, "FR-12", "another incarnation")
            signing = self.node_keys[said.party]
        check(signing is not None, "FR-12", "an author not known")
        entry.signed.verify(signing)
        if body is None:
            return entry, None
        fields = cbor.decode(body)
        check(type(fields) is list and len(fields) <= 64, "KI-5", "no body")
        check(len(data) + len(body) <= 2048, "EN-12", "entry and body too large")
        if salts is None:
            of = next(one for one in self.lines if one.id == said.line)
            salts = signed.salts_of(said, of.key, len(fields))
        signed.check_body(said, fields, salts)
        return entry, fields

    def key_of(self, party: int, author: int) -> bytes | None:
        if author == 0:
            return self.root_keys[party]
        delegation = self.rosters[party].get(author)
        return delegation and delegation[1]

    def _take(self, held: Held, line: Line) -> Held | None:
        party = held.said.party
        self.taken += 1
        log = line.logs[party]
        there = log.held.get(held.sequence)
        if there is not None and there.entry.data != held.entry.data:
            self._fault(line, held, "two entries at one place")
            return None
        if there is not None and (there.body is not None or held.body is None):
            return None  # held already, and nothing new in it
        if there is not None:  # it was held withheld (LI-1)
            held = log.held[held.sequence] = replace(there, body=held.body)
        if there is None:
            log.held[held.sequence] = held
            self._told_once(held, line)
        if held.fits is False:
            self._fault(line, held, "malformed")
        if held.is_statement_of(bodies.RECEIPT) and held.fits and party == self.theirs:
            self._check_names(held, line)
        if held.is_act_of(bodies.ROSTER):
            self._enroll()
        self._place(held, log, line)
        return held

    def _place(self, heard: Held, log: Log, line: Line) -> None:
        """One by one, for it matters which hour of opening ruled at which size (LI-13)."""
        last = heard
        while last is not None:
            if last.is_statement or last.said.kind in MAY_SETTLE:
                restores = self.restores()
                for one in restores:
                    self.their_size_when.setdefault(one.hash, self.lines[1].logs[self.theirs].size)
                self.hour = max((one.read.opens_at for one in restores), default=None)
            self.hour_at[self.lines[1].logs[self.theirs].size] = self.hour
            last = log.place_next()
            if last is not None and last.is_statement and last.said.own_root != log.roots[last.sequence]:
                self._fault(line, last, "wrong own root")

    def _told_once(self, held: Held, line: Line) -> None:
        if not held.is_statement:
            self._same_name(held, line)
            return
        said, other = held.said, line.logs[1 - held.said.party]
        if said.their_size > other.size:  # judged once, when it comes (RE-5)
            line.ahead.add((said.party, held.sequence))
            self._fault(line, held, "acknowledges the future")
        elif said.their_root != other.roots[said.their_size]:
            self._fault(line, held, "wrong root of our log")

    def _fault(self, line: Line, held: Held, word: str) -> None:
        if held.said.party == self.theirs:
            line.faults.add(Fault(held.sequence, word, held.said.party))

    def _same_name(self, held: Held, line: Line) -> None:
        others = (
            other
            for one in self.lines
            for other in one.logs[held.said.party].held.values()
            if not other.is_statement
        )
        if any(name(other.said) == name(held.said) and other.said.id != held.said.id for other in others):
            self._fault(line, held, "two acts under one name")

    def _enroll(self) -> None:
        """Of each number the delegation at the lowest place of line 0 (PA-11)."""
        line = self.lines[0]
        for party in (0, 1):
            self.rosters[party] = {}
            for held in firsts(line, party, holes_too=True):
                if held.is_act_of(bodies.ROSTER) and held.said.author == 0:
                    if not all(suite.is_key(key) for _, key, *_ in held.body):
                        continue  # it delegates nothing (SU-2)
                    for delegation in held.body:
                        if self.rosters[party].setdefault(delegation[0], delegation) != delegation:
                            self._fault(line, held, "two delegations of one number")

    def _check_names(self, held: Held, line: Line) -> None:
        for sequence, leaf in held.body:
            named = line.logs[self.ours].held.get(sequence)
            if named is None or named.entry.leaf != leaf:
                self._fault(line, held, "names another entry")

    # --- who may

    def proven(self, act: signed.Act, entry: signed.Entry) -> bool:
        key = self.key_of(act.party, act.author)
        return key is not None and entry.signed.key_id == suite.key_id(key)

    def may(self, held: Held, subject: int | None = None) -> bool:
        """AC-4; an OFFER and an AGREE by the subject of their terms."""
        power = bodies.POWERS_OF_SUBJECT[subject] if subject else bodies.POWERS[held.said.kind]
        delegation = self.rosters[held.said.party].get(held.said.author)
        return delegation is not None and self.proven(held.said, held.entry) and bool(delegation[4] & power)

    # --- the fold of 10.3

    def acknowledged(self, line: Line, held: Held) -> int:
        """The their size of a statement, 0 where it acknowledges nothing (RE-5, 5.7)."""
        said, other = held.said, line.logs[1 - held.said.party]
        if (said.party, held.sequence) in line.ahead or said.their_size > other.size:
            return 0
        return said.their_size if said.their_root == other.roots[said.their_size] else 0

    def terms(self, line: Line) -> list[Terms]:
        subjects = (
            {bodies.ACCORD} if line is self.lines[0] else bodies.POWERS_OF_SUBJECT.keys() - {bodies.ACCORD}
        )
        found: dict[bytes, Terms] = {}
        offered: list[dict[bytes, int]] = [{}, {}]  # by party: terms to the lowest place of an OFFER of them
        for party in (0, 1):
            for held in firsts(line, party):
                if held.sequence >= read_up_to(line, party):
                    break
                if not held.is_act_of(bodies.OFFER) or held.said.line != line.id:
                    continue
                subject = held.body[0]
                if subject in subjects and self.may(held, subject):
                    read = bodies.terms_of(subject, held.body[1])
                    if read is None or read.hash in offered[party]:
                        continue
                    before = sum(found[name].subject == subject for name in offered[party])
                    if before < OFFERS.get(subject, OFFERS_OF_OTHERS):
                        found.setdefault(read.hash, Terms(read.hash, subject, read))
                        offered[party][read.hash] = held.sequence
        for party in (0, 1):
            self._one_side(line, party, found, offered)
        return sorted(found.values(), key=lambda one: one.hash)

    def _one_side(
        self, line: Line, party: int, found: dict[bytes, Terms], offered: list[dict[bytes, int]]
    ) -> None:
        acknowledged, first = 0, {held.sequence for held in firsts(line, party)}
        put_behind: dict[bytes, tuple[int, Terms]] = {}  # act id to author and terms
        quorum_to_restore = self._quorums(line, party)

        def quorum(one: Terms, sequence: int) -> int | None:
            return quorum_to_restore(sequence) if one.subject == bodies.RESTORE else 1

        for held in line.logs[party].placed():
            if held.sequence >= read_up_to(line, party):
                break
            if held.is_statement:
                acknowledged = max(acknowledged, self.acknowledged(line, held))
                for one in found.values():
                    if one.stands(party):
                        one.intervals[party][-1].cover = acknowledged
                continue
            if held.sequence not in first or held.said.line != line.id:
                continue
            author = held.said.author
            if held.is_act_of(bodies.OFFER, bodies.AGREE):
                wanted = tree.sha(held.body[1]) if held.is_act_of(bodies.OFFER) else held.body[0]
                one = found.get(wanted)
                if one is None or not self.may(held, one.subject):
                    continue
                if held.is_act_of(bodies.OFFER):
                    if held.body[0] != one.subject or wanted not in offered[party]:
                        continue
                elif not (
                    offered[party].get(wanted, held.sequence) < held.sequence
                    or offered[1 - party].get(wanted, acknowledged) < acknowledged
                ):
                    continue
                one.behind[party].setdefault(author, set()).add(held.said.id)
                put_behind[held.said.id] = (author, one)
                needed = quorum(one, held.sequence)
                if not one.stands(party) and needed is not None and len(one.behind[party]) >= needed:
                    one.intervals[party].append(Interval(held.sequence, acknowledged))
            elif held.is_act_of(bodies.WITHDRAW) and self.proven(held.said, held.entry):
                whose, one = put_behind.get(held.body[0], (None, None))
                if whose != author:
                    continue
                acts = one.behind[party].get(author, set())
                acts.discard(held.body[0])
                if not acts:
                    one.behind[party].pop(author, None)
                needed = quorum(one, held.sequence)
                fewer = not acts if needed is None else len(one.behind[party]) < needed
                if one.stands(party) and fewer:
                    one.intervals[party][-1].ended = True

    def _quorums(self, line: Line, party: int) -> Callable[[int], int | None]:
        """The quorum to restore of a side at a sequence, None while no accord judges there (LI-8, AC-5)."""
        if line is self.lines[0]:
            return lambda sequence: None
        settled = self.settled_accords()
        adopted = self._adopts(party)

        def quorum(sequence: int) -> int | None:
            stated = [held.body[0] for held in adopted if held.sequence < sequence]
            return settled[stated[-1]].quorum if stated and stated[-1] in settled else None

        return quorum

    # --- accords

    def accords(self) -> list[Terms]:
        """Settled for the line, ascending."""
        found = [one for one in self.terms(self.lines[0]) if one.settled()]
        found = [one for one in found if one.read.line(self.transcript) == self.lines[1].id]
        return sorted(found, key=lambda one: (one.read.version, one.hash))

    def adopted(self, party: int) -> bytes | None:
        """What a node stated last on the line."""
        stated = [held.body[0] for held in self._adopts(party)]
        return stated[-1] if stated else None

    def _adopts(self, party: int) -> list[Held]:
        line = self.lines[1]
        end = read_up_to(line, party)
        placed = (held for held in line.logs[party].placed() if held.sequence < end)
        return [held for held in placed if held.is_statement_of(bodies.ADOPT) and held.fits]

    def settled_accords(self) -> dict[bytes, bodies.AccordTerms]:
        """Those settled for the line, the lowest first; found once for each state of line 0."""
        state = (self.taken, *(log.size for log in self.lines[0].logs))
        if state != self._accords_at:
            self._accords, self._accords_at = {one.hash: one.read for one in self.accords()}, state
        return self._accords

    def judge(self, party: int) -> bytes | None:
        """The accord by which a next entry of a party is judged; None while there is none (AC-5)."""
        adopted = self.adopted(party)
        return adopted if adopted in self.settled_accords() else None

    # --- the line

    def severs(self) -> dict[bytes, Held]:
        """By act id: every SEVER with effect on the line, heard on it or on line 0 (LI-2)."""
        found: dict[bytes, Held] = {}
        for line in self.lines[::-1]:  # the place on the line itself is the one that counts for marks
            for held in firsts(line, 0, holes_too=True) + firsts(line, 1, holes_too=True):
                if held.is_act_of(bodies.SEVER) and self.may(held) and self._cuts(held):
                    found.setdefault(held.said.id, held)
        return found

    def _cuts(self, held: Held) -> bool:
        listed = held.body[0]
        if held.said.line == self.lines[0].id:
            return listed is not None and self.lines[1].id in listed
        return listed is None

    def settled(self, subject: int) -> list[Terms]:
        return [one for one in self.terms(self.lines[1]) if one.subject == subject and one.settled()]

    def restores(self) -> list[Terms]:
        return self.settled(bodies.RESTORE)

    def opens_at(self) -> int | None:
        return max((one.read.opens_at for one in self.restores()), default=None)

    def ended_by(self, act: bytes) -> list[bytes]:
        return [one.hash for one in self.restores() if act in one.read.severs[0] + one.read.severs[1]]

    def declared(self) -> str:
        cutting = {held.said.party for act, held in self.severs().items() if not self.ended_by(act)}
        if cutting:
            return (
                "SEVERED BY BOTH"
                if len(cutting) == 2
                else "SEVERED BY US"
                if self.ours in cutting
                else "SEVERED BY THEM"
            )
        hour = self.opens_at()
        return "NOT YET OPENED" if hour is None else "OPENING" if self.clock < hour else "OPEN"

    def may_originate(self) -> dict[str, bool]:
        is_open = self.declared() == "OPEN"
        settled = self.settled_accords()
        accord = settled[self.judge(self.ours) or next(iter(settled))]
        kinds = {"MESSAGE": 8, "SEVER": 5, "CANCEL": 6, "ACKNOWLEDGE": 7}
        told = {
            word: is_open or kind in CUT_MAY or kind in accord.always_open for word, kind in kinds.items()
        }
        return told | {"OFFER": True, "AGREE": True, "WITHDRAW": True}

    def marks(self) -> dict[bytes, str]:
        """LI-13."""
        severs = self.severs()
        found: dict[bytes, str] = {}
        for held in firsts(self.lines[1], self.theirs, holes_too=True):
            if held.is_act_of(bodies.MESSAGE) and held.said.line == self.lines[1].id:
                mark = self._mark(held, severs)
                if mark:
                    found[held.said.id] = mark
        return found

    def _mark(self, message: Held, severs: dict[bytes, Held]) -> str | None:
        concerning = [held for act, held in severs.items() if not self._is_over(act, message)]
        for sever in concerning:
            if sever is self.lines[1].logs[sever.said.party].held.get(
                sever.sequence
            ):  # on line 0 alone it has no place here
                reach = message.sequence if sever.said.party == self.theirs else message.said.seen[1]
                if reach > sever.sequence:
                    return "said while cut"
        if any(sever.said.party == self.ours and message.at >= sever.body[1] for sever in concerning):
            return "sent before the cut, came after"
        hour = self.hour_at.get(message.sequence)
        return "early" if not concerning and hour is not None and message.at < hour else None

    def _is_over(self, sever: bytes, message: Held) -> bool:
        return any(message.sequence >= self.their_size_when[one] for one in self.ended_by(sever))

    # --- what is owed, what is shown

    def owed(self, line: Line) -> dict[str, object]:
        ours, theirs = line.logs[self.ours], line.logs[self.theirs]
        statements = [held for held in ours.placed() if held.is_statement]
        covered = max((self.acknowledged(line, held) for held in statements), default=0)
        named = {
            one[0]
            for held in statements
            if held.is_statement_of(bodies.RECEIPT) and held.fits
            for one in held.body
        }
        counts = [
            held for held in theirs.everything() if not held.is_statement_of(bodies.RECEIPT, bodies.HEAD)
        ]
        unnamed = [held for held in counts if held.sequence >= theirs.size and held.sequence not in named]
        picked = sorted(unnamed, key=lambda held: (held.said.precedence != FLASH, held.sequence))[:3]
        under = max((held.sequence for held in statements), default=0)
        open_acts = [held for held in ours.placed() if held.sequence >= under and not held.is_statement]
        told = {
            "RECEIPT": any(covered <= held.sequence < theirs.size for held in counts) or bool(unnamed),
            "names": sorted([held.sequence, held.entry.leaf] for held in picked),
            "HEAD": len(open_acts) >= 256 or (bool(open_acts) and self.clock - open_acts[0].at >= 60),
        }
        if line is self.lines[0]:
            return told
        best = self.accords()[-1].hash
        return told | {"ADOPT": None if self.adopted(self.ours) == best else best}

    def covered(self, line: Line) -> list[int]:
        """By party, how much of its log the other party's statements acknowledge."""
        return [
            max(
                (
                    self.acknowledged(line, held)
                    for held in line.logs[1 - party].placed()
                    if held.is_statement
                ),
                default=0,
            )
            for party in (0, 1)
        ]

    def shows(self) -> dict[str, object]:
        exists = bool(self.accords())
        return {
            "clock": self.clock,
            "dropped": self.dropped,
            "line_0": self._either(self.lines[0]),
            "line": self._either(self.lines[1]) | self._the_line() if exists else None,
        }

    def _either(self, line: Line) -> dict[str, object]:
        logs = line.logs
        everything = [held for log in logs for held in log.everything()]
        covered = self.covered(line)
        named = {
            one[0]
            for held in logs[self.theirs].placed()
            if held.is_statement_of(bodies.RECEIPT) and held.fits
            for one in held.body
            if (there := logs[self.ours].held.get(one[0])) is not None and there.entry.leaf == one[1]
        }
        return {
            "size": [log.size for log in logs],
            "root": [log.roots[-1] for log in logs],
            "holes": [log.holes() for log in logs],
            "covered": covered,
            "named_by_them": sorted(one for one in named if one >= covered[self.ours]),
            "terms": [show_terms(one) for one in self.terms(line)],
            "not_proven": sorted(
                {
                    held.said.id
                    for held in logs[self.theirs].everything()
                    if not held.is_statement and not self.proven(held.said, held.entry)
                }
            ),
            "unknown": sorted(
                [held.said.party, held.sequence]
                for held in everything
                if bodies.fits(held.is_statement, held.said.kind, []) is None
            ),
            "faults": [
                {"fault": one.word, "party": one.party, "sequence": one.sequence}
                for one in sorted(line.faults, key=lambda one: (one.sequence, one.word))
            ],
            "owed": self.owed(line),
        }

    def _the_line(self) -> dict[str, object]:
        last = [self.adopted(party) for party in (0, 1)]
        return {
            "declared": self.declared(),
            "severs": [
                {"act": act, "party": held.said.party, "at": held.body[1], "ended_by": self.ended_by(act)}
                for act, held in sorted(self.severs().items())
            ],
            "opens_at": self.opens_at(),
            "accords": [one.hash for one in self.accords()],
            "adopted": last,
            "judged_by": [self.judge(party) for party in (0, 1)],
            "in_force": last[0] if last[0] == last[1] else None,
            "may_originate": self.may_originate(),
            "marks": {act.hex(): mark for act, mark in self.marks().items()},
        }


def name(act: signed.Act) -> tuple[bytes, int, int, int]:
    """EN-14."""
    return act.line, act.party, act.author, act.number


def read_up_to(line: Line, party: int) -> int:
    """The place of the first entry held withheld that says what terms a log stands behind (10.3); its size if none."""
    hidden = (bodies.OFFER, bodies.AGREE, bodies.WITHDRAW)
    withheld = (
        held.sequence
        for held in line.logs[party].placed()
        if held.body is None and (held.is_act_of(*hidden) or held.is_statement_of(bodies.ADOPT))
    )
    return next(withheld, line.logs[party].size)


def firsts(line: Line, party: int, holes_too: bool = False) -> list[Held]:
    """The acts that may have effect: of each name the one at the lowest place, once, with a body that fits."""
    log, seen, found = line.logs[party], set(), []
    for held in log.everything() if holes_too else log.placed():
        if not held.is_statement and name(held.said) not in seen:
            seen.add(name(held.said))
            if held.fits:
                found.append(held)
    return found


def show_terms(one: Terms) -> dict[str, object]:
    stands, settled = [one.stands(0), one.stands(1)], one.settled()
    return {
        "hash": one.hash,
        "subject": one.subject,
        "behind": [sorted(side) for side in one.behind],
        "stands": stands,
        "intervals": [[[each.since, each.cover] for each in side] for side in one.intervals],
        "settled": settled,
        "shown": "settled" if settled else "agreed, not yet confirmed" if all(stands) else None,
    }


def hexed(value: object) -> object:
    """With every byte string as lower-case hex, as the files have it."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {key: hexed(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [hexed(one) for one in value]
    return value


def joint(shown: dict[str, object]) -> dict[str, object]:
    """The joint facts of a show."""
    only_ours = {"named_by_them", "faults", "owed", "declared", "may_originate", "marks"}
    return {
        name: one and {key: value for key, value in one.items() if key not in only_ours}
        for name, one in shown.items()
        if name in ("line_0", "line")
    }


def differences(asked: object, told: object, where: str = "") -> Iterable[str]:
    """What a show asks and is told otherwise; what it does not name is not asked."""
    if isinstance(asked, dict) and isinstance(told, dict) and where.count("/") < 2:
        for key, one in asked.items():
            if key in told:
                yield from differences(one, told[key], f"{where}/{key}")
            else:
                yield f"{where}/{key}: not told"
    elif asked != told:
        yield f"{where}: wanted {asked}, told {told}"
