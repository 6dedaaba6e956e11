"""The lines of all pairs as the record makes them: restart is replay, and every entry goes one way in.

An entry, ours as placed or theirs as rebuilt, is judged, written and folded in `_take` and nowhere else.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from parley.core import accord as accords
from parley.core import line as lines
from parley.core import record, suite
from parley.core.accord import ORDER_WIRE, Accord
from parley.core.errors import LocalError, RemoteError, Sentence
from parley.core.exchange import Ends
from parley.core.instruments import roster
from parley.core.line import Draft, Line
from parley.core.record import Held
from parley.core.types import (
    ENTRY_AND_BODY_BYTES_MAX,
    NONCE_BYTES,
    ROOT_AUTHOR,
    Act,
    ActKind,
    Body,
    Entry,
    NodeKind,
    Officer,
    Precedence,
    Seconds,
    Seen,
    Stamp,
    Statement,
    Subject,
)
from parley.core.wire import body as bodies
from parley.core.wire import cbor
from parley.core.wire import entry as wire
from parley.home import Home
from parley.keys import SecretTaken, Signer, signed
from parley.node.answered import Open, closes
from parley.node.room import Clock, PairRoom, Room, Settings
from parley.node.snapshot import Keeper, Kept
from parley.store import Fault, Pair, Row, Waiting, refers


class Lines:
    """The record of one end, folded. Everything that writes is to be called within a turn."""

    kept_from = 1000  # entries replayed at a start from which on what they fold to is kept for the next

    def __init__(self, home: Home, *, clock: Clock, settings: Settings) -> None:
        self.home, self.clock, self.settings = home, clock, settings
        self.store, self.keys, self.watch_log = home.store, home.keys, home.watch_log
        self.pairs: dict[str, PairRoom] = {}
        self._by_tag: dict[bytes, list[Room]] = {}  # two lines may share four bytes
        self._running = False
        self._touched = False  # the fold has gone on in this turn: if the turn fails, it is made again
        self._last_said: Seconds = 0
        self.put_back = ""  # why this end may sign nothing; empty if it may
        self._keeper = Keeper(home.path, self.store)
        self._kept: dict[bytes, Kept] = {}  # while the record is loaded: what needs no replay
        self._load()

    def now(self) -> Seconds:
        """Our wall clock, in whole seconds."""
        return int(self.clock.wall())

    def check_may_sign(self) -> None:
        """Raises LocalError when this end may sign nothing any more."""
        if self.put_back:
            raise LocalError(
                self.put_back, "it can be read and exported; pair a new end, and tell the other side of it"
            )

    def rooms(self) -> list[Room]:
        return [room for pair in self.pairs.values() for room in pair.rooms.values()]

    def sign(
        self, room: Room, kind: ActKind, body: Body, precedence: Precedence, author: int, signer: Signer
    ) -> tuple[bytes, int]:
        """An act on a line, signed: its COSE_Sign1 bytes and its number. Within a turn."""
        self.check_may_sign()
        bodies.check_act(kind, body)
        if author != ROOT_AUTHOR and author not in room.pair.rosters[room.pair.ours]:
            raise LocalError(
                "our roster with this officer is not entered yet: the act would have no effect",
                "run the end until a bearer has taken it: parley up",
            )
        number = self.store.next_number(room.id, author)
        salts = record.act_salts(room.commitment_key, room.pair.ours, author, number, len(body))
        theirs = room.line.their_log
        act = Act(
            room.id,
            room.pair.ours,
            kind,
            precedence,
            author,
            number,
            self._stamp(),
            Seen(theirs.incarnation, theirs.size),
            record.commitment(kind, body, lambda i: salts[i]),
        )
        cose = wire.encode_signed(signed(signer, wire.encode_act(act)))
        if len(cose) + 16 + len(wire.encode_body(body)) > ENTRY_AND_BODY_BYTES_MAX:
            raise LocalError(
                "this is too long for one entry", "shorten it to about 1,600 bytes, or send it in parts"
            )
        return cose, number

    def release(
        self, room: Room, cose: bytes, body: Body, subject: int | None = None, draft: int | None = None
    ) -> None:
        """Takes a signed act into what waits; it becomes an entry when a bearer can take it. Within a turn."""
        found = wire.decode_signed(cbor.decode(cose))
        act = wire.decode_payload(found.payload)
        assert isinstance(act, Act)
        kept = Waiting(
            0,
            room.id,
            cose,
            wire.encode_body(body),
            act.kind,
            subject,
            int(act.precedence),
            act.author,
            act.number,
            draft,
            self.now(),
        )
        self.store.wait(kept)
        if draft is not None:
            self.store.add_released(draft, room.id, act.author, act.number)

    def enter(self, room: Room, cose: bytes, body: Body) -> None:
        """Places a signed act of ours in our log at once. Within a turn."""
        found = wire.decode_signed(cbor.decode(cose))
        entry = Entry(room.line.our_log.incarnation, room.line.our_log.size, found)
        self._take(room, entry, body, "")

    def offered_line_id(self, pair: PairRoom, agreed: Accord) -> bytes:
        return suite.line_id(pair.transcript, agreed.name, agreed.nonce)

    def keep_fold(self, *, behind: int = 1) -> None:
        """Keeps what the record folds to beside it, for the next start, if `behind` entries or more came since it
        was last kept. Not within a turn."""
        if self._keeper.behind < behind or self.store.in_turn:
            return
        self._keeper.write(
            Kept(
                room.line, tuple(name for name, _ in room.line.accords), room.unproven, tuple(room.unanswered)
            )
            for room in self.rooms()
        )

    def _load(self) -> None:
        self.pairs, self._by_tag = {}, {}
        pairs = self.store.pairs()
        self._kept = self._keeper.read(self._order_wire_id(pair) for pair in pairs)
        for pair in pairs:
            self._open_pair(pair)
        self._kept = {}
        self.keep_fold(behind=self.kept_from)

    @staticmethod
    def _order_wire_id(pair: Pair) -> bytes:
        return suite.line_id(pair.transcript, "", bytes(NONCE_BYTES))

    def _open_pair(self, pair: Pair) -> None:
        room0 = PairRoom(pair)
        self.pairs[pair.name] = room0
        line_id = self._order_wire_id(pair)
        room0.order_wire = self._add_room(
            room0, lines.new_line(line_id, room0.ours, ORDER_WIRE, is_order_wire=True)
        )
        self._collect_rosters(room0)
        self._fold(room0.order_wire)

    def _add_room(self, pair: PairRoom, line: Line) -> Room:
        self.keys.make_line(pair.transcript, line.id, pair.ours, pair.incarnations)
        room = Room(
            pair,
            line,
            self.keys.commitment_key(pair.transcript, line.id),
            self.keys.sending(line.id, pair.ours, pair.incarnations),
            self.keys.receiving(line.id, pair.ours, pair.incarnations),
        )
        room.difference = any(fault.differs for fault in self.store.faults(line.id))
        pair.rooms[line.id] = room
        self._know_tags(room)
        room.frontier_wanted = self._running
        room.slot_next = self.now()
        room.life_at = self.clock.monotonic()
        return room

    def _know_tags(self, room: Room) -> None:
        """What a frame of this line may begin with; again after an epoch came or went."""
        for tag in room.receive.tags:
            there = self._by_tag.setdefault(tag, [])
            if all(other.id != room.id for other in there):
                there.append(room)

    def _collect_rosters(self, pair: PairRoom) -> None:
        """The rosters as all ROSTER acts held make them, whatever the order they came in."""
        pair.rosters, pair.rostered_at = [{}, {}], {}
        acts = [row.held for row in self.store.acts(pair.order_wire.id, ActKind.ROSTER)]
        for held in sorted(acts, key=lambda h: h.sequence):
            self._delegate(pair, held)

    def _is_roster(self, pair: PairRoom, held: Held) -> bool:
        """Whether an act delegates anything: of the root, under its key, with the schema."""
        assert isinstance(held.said, Act)
        root_key = pair.cards[held.party].root_key
        if held.said.author != ROOT_AUTHOR or held.body is None or held.kid != suite.key_id(root_key):
            return False
        try:
            bodies.check_act(ActKind.ROSTER, held.body)
        except RemoteError:
            return False
        return True

    def _delegate(self, pair: PairRoom, held: Held) -> None:
        if not self._is_roster(pair, held):
            return
        assert held.body is not None
        before = pair.rosters[held.party]
        pair.rosters[held.party] = roster.added(before, held.body)
        if held.party == pair.ours:
            for author in pair.rosters[held.party].keys() - before.keys():
                pair.rostered_at[author] = held.sequence

    def _fold(self, room: Room) -> None:
        """The line as the fold over its entries, in the order in which we had them; of what was kept, if the record
        is being loaded, only over those that came after."""
        known = room.line.accords
        kept, after = self._kept.get(room.id), 0
        if kept is not None and kept.accords == tuple(name for name, _ in known):
            room.line, room.unproven = replace(kept.line, accords=known), kept.unproven
            room.unanswered, after = Open(kept.waits), self._keeper.until
            if room.is_order_wire:
                self._line_zero(room)
        else:
            line = lines.new_line(room.id, room.pair.ours, known[0][1], is_order_wire=room.is_order_wire)
            room.line, room.unproven, room.unanswered = replace(line, accords=known), False, Open()
        later = {(held.party, held.sequence): held for held in self._beyond(room)}
        cuts = deque(row for row in self._order_wire_cuts(room) if row.id > after)
        for row in self.store.of_line(room.id, after):
            while cuts and cuts[0].id < row.id:
                self._cut_by_order_wire(room, cuts.popleft().held)
            held = row.held
            officer = self._officer(room, held)
            room.line = lines.heard(room.line, held, officer)
            self._await_answer(room, held, row.id)
            later[held.party, held.sequence] = held
            while (step := later.pop((held.party, room.line.logs[held.party].size), None)) is not None:
                room.line = self._with(room, step, officer if step is held else self._officer(room, step))
            if room.is_order_wire:
                self._line_zero(room)
        for row in cuts:
            self._cut_by_order_wire(room, row.held)
        room.flight_next = room.line.covered

    def _beyond(self, room: Room) -> Iterator[Held]:
        """The entries that a line holds beyond a hole."""
        for party, log in enumerate(room.line.logs):
            for sequence, _ in log.beyond:
                row = self.store.at(room.id, party, sequence)
                assert row is not None, "what a line holds is in the record"
                yield row.held

    def _await_answer(self, room: Room, held: Held, row_id: int | None = None) -> None:
        """Keeps which messages wait: one more, or one less. `row_id`: of the entry, if later ones may be there."""
        if not isinstance(held.said, Act):
            return
        if held.kind == ActKind.MESSAGE and held.said.line == room.id:
            before = (row for row in self.store.referring(held.id) if row_id is None or row.id < row_id)
            if not any(self._closes(room, row.held, held.party) for row in before if row.line == room.id):
                room.unanswered.add(held.id, (held.party, held.sequence))
        named = refers(held)
        party = None if named is None else room.unanswered.party_of(named)
        if named is not None and party is not None and self._closes(room, held, party):
            room.unanswered.close(named)

    def _closes(self, room: Room, found: Held, party: int) -> bool:
        return closes(found, party, self.proven(room, found))

    def _order_wire_cuts(self, room: Room) -> tuple[Row, ...]:
        """The SEVERs on line 0 that may cut this line, in the order in which we had them."""
        if room.is_order_wire:
            return ()
        return tuple(reversed(self.store.acts(room.pair.order_wire.id, ActKind.SEVER)))

    def _cut_by_order_wire(self, room: Room, held: Held) -> None:
        room.line = lines.severed(room.line, held, self._officer(room.pair.order_wire, held))

    def proven(self, room: Room, held: Held) -> Officer | None:
        """Who the roster says the author of an act is, if the key is the same."""
        if not isinstance(held.said, Act):
            return None
        officer = room.pair.rosters[held.party].get(held.said.author)
        return officer if officer is not None and suite.key_id(officer.key) == held.kid else None

    def _officer(self, room: Room, held: Held) -> Officer | None:
        """Who the roster says an act's author is, if the key is the same and the body fits its kind."""
        if not isinstance(held.said, Act):
            return None
        officer = self.proven(room, held)
        if officer is None:
            room.unproven = room.unproven or held.said.author != ROOT_AUTHOR
            return None
        named = self.store.first_named(held.said.line, held.party, held.said.author, held.said.number)
        if named is not None:
            act_id, line, sequence = named
            if act_id != held.id:
                return None  # a second act under one name has no effect
            if line == room.id and sequence < held.sequence:
                return None  # nor has the same act a second time
        try:
            bodies.check_act(held.said.kind, held.body or ())
        except RemoteError:
            return None
        return officer

    def _agrees(self, room: Room, held: Held) -> bool:
        """Whether the root a statement signs of the other log is the root we hold at that size."""
        said = held.said
        if not isinstance(said, Statement):
            return True
        known = self._root_at(room, 1 - held.party, said.their_size)
        return known is not None and known == said.their_root

    def _with(self, room: Room, held: Held, officer: Officer | None) -> Line:
        """The line with an entry that has come to its place."""
        named = frozenset(s for s, right in self._named_beyond(room, held) if right)
        return lines.placed(room.line, held, officer, self._agrees(room, held), named)

    def _named_beyond(self, room: Room, held: Held) -> Iterator[tuple[int, bool]]:
        """The places of ours that a RECEIPT of theirs names, and whether the leaf is that of our entry there."""
        if held.party == room.pair.ours or not held.is_statement or held.kind != NodeKind.RECEIPT:
            return
        for field in held.body or ():
            if isinstance(field, tuple) and len(field) == 2 and isinstance(field[0], int):
                there = 0 <= field[0] < 1 << 32
                ours = self.store.at(room.id, room.pair.ours, field[0]) if there else None
                yield field[0], ours is not None and ours.held.leaf == field[1]

    def _root_at(self, room: Room, party: int, size: int) -> bytes | None:
        return record.EMPTY_ROOT if size == 0 else self.store.root_at(room.id, party, size)

    def _take(
        self, room: Room, entry: Entry, body: Body | None, bearer: str, said: Statement | None = None
    ) -> Held:
        """An entry, ours as placed or theirs as rebuilt, into record and fold; gives it as it is held. Held already:
        nothing. `said`: what its payload says, if that is known."""
        data = wire.encode_entry(entry)
        held = record.hold(data, entry, said or wire.decode_payload(entry.signed.payload), body, self.now())
        log = room.line.logs[held.party]
        if log.has(held.sequence):
            there = self.store.at(room.id, held.party, held.sequence)
            if there is not None and there.entry != data:
                self._fault(room, Sentence("two entries at one place of their log"), data, differs=True)
            elif there is not None and there.body is None and body is not None:
                self._unwithheld(room, held, there, body)
            elif held.party != room.pair.ours:
                room.frontier_wanted = True
            return held
        if held.party != room.pair.ours:
            self._judge(room, held, data)
        self._touched = True
        body_bytes = None if body is None else wire.encode_body(body)
        self.store.add(room.id, data, held, body_bytes, bearer)
        officer = self._officer(room, held)
        room.line = lines.heard(room.line, held, officer)
        self._await_answer(room, held)
        self._named_objects(room, held)
        step: Held | None = held
        while step is not None and step.sequence == room.line.logs[held.party].size:
            room.line = self._with(room, step, officer if step is held else self._officer(room, step))
            self._placed(room, step)
            log = room.line.logs[held.party]
            self.store.add_root(room.id, held.party, log.size, log.tree.root)
            following = self.store.at(room.id, held.party, log.size) if log.beyond else None
            step = following.held if following else None
            if following is not None and step is not None and held.party != room.pair.ours:
                self._judge_own_root(room, step, following.entry)  # it came before what lies below it
        if room.contested:
            room.contested = False
            for other in list(room.pair.rooms.values()) if room.is_order_wire else [room]:
                self._fold(other)
        if held.party != room.pair.ours:
            room.owed_precedence = max(room.owed_precedence, held.said.precedence)
        self._consequences(room, held, officer)
        return held

    def _unwithheld(self, room: Room, held: Held, there: Row, body: Body) -> None:
        """The body of an entry that was held without it: from now on it has the effect it would have had."""
        self._touched = True
        self.store.add_body(there.id, wire.encode_body(body))
        self._keeper.forget_hashes()
        self._judge(room, held, there.entry)
        self._named_objects(room, held)
        if room.is_order_wire:
            self._collect_rosters(room.pair)
        for other in list(room.pair.rooms.values()) if room.is_order_wire else [room]:
            self._fold(other)
        self._consequences(room, held, self._officer(room, held))

    def _placed(self, room: Room, held: Held) -> None:
        """An entry has come to its place, for the first time: what that means for the keys is said elsewhere."""

    def _named_objects(self, room: Room, held: Held) -> None:
        """An entry has come with its body: the objects it names are fetched elsewhere."""

    def _judge(self, room: Room, held: Held, data: bytes) -> None:
        """What is well signed and wrong is the peer's fault: kept, shown, and recorded all the same."""
        said = held.said
        if len(data) + len(wire.encode_body(held.body or ())) > ENTRY_AND_BODY_BYTES_MAX:
            self._fault(room, Sentence("an entry of theirs is over 2,048 bytes with its body"), data)
        try:
            if held.body is not None:
                check = bodies.check_statement if held.is_statement else bodies.check_act
                check(said.kind, held.body)
        except RemoteError as e:
            self._fault(room, Sentence("an entry of theirs is malformed: {why}", why=e.text), data)
        if isinstance(said, Statement):
            ours = room.line.our_log
            if said.their_size > ours.size:
                reason = Sentence("they acknowledge entries that our record does not have")
                self._fault(room, reason, data, differs=True)
            elif not self._agrees(room, held):
                reason = Sentence("record difference: their root of our log is not ours")
                self._fault(room, reason, data, differs=True)
            self._judge_own_root(room, held, data)
        else:
            named = self.store.named(said.line, held.party, said.author, said.number)
            if named is not None and named.held.id != held.id:
                reason = Sentence("two different acts named {name}", name=f"{said.author}/{said.number}")
                self._fault(room, reason, data)
                room.contested = True

    def _judge_own_root(self, room: Room, held: Held, data: bytes) -> None:
        """What a statement of theirs signs of their own log, once we hold that log up to there."""
        said = held.said
        if isinstance(said, Statement):
            if said.kind == NodeKind.RECEIPT:
                self._judge_beyond(room, held, data)
            known = self._root_at(room, held.party, said.sequence)
            if known is not None and known != said.own_root:
                reason = Sentence("record difference: their own root is not that of what they sent")
                self._fault(room, reason, data, differs=True)

    def _judge_beyond(self, room: Room, held: Held, data: bytes) -> None:
        """Whether the leaves a receipt names beyond a hole are those of our entries there."""
        if not all(right for _, right in self._named_beyond(room, held)):
            reason = Sentence("their receipt names another entry of ours than we have")
            self._fault(room, reason, data, differs=True)

    def _fault(self, room: Room, reason: str, evidence: bytes, *, differs: bool = False) -> None:
        """Keeps what they signed and should not have; `differs`: the two records are not one any more."""
        room.difference = room.difference or differs
        self._touched = True
        self.store.add_fault(Fault(room.id, reason, evidence, self.now(), differs))

    def _consequences(self, room: Room, held: Held, officer: Officer | None) -> None:
        """What an entry on line 0 means for the other lines."""
        if not room.is_order_wire:
            return
        if isinstance(held.said, Act) and held.said.kind == ActKind.ROSTER:
            before = room.pair.rosters
            self._collect_rosters(room.pair)
            changed = any(
                new.get(author) != officer
                for old, new in zip(before, room.pair.rosters, strict=True)
                for author, officer in old.items()
            )
            for row in self._second_delegations(room, held.party):
                self._fault(room, Sentence("two delegations of one author number differ"), row.entry)
            for other in list(room.pair.rooms.values()):
                if changed or other.unproven or room.unproven:  # all, if on line 0: its SEVERs cut the others
                    self._fold(other)
        self._line_zero(room)
        if isinstance(held.said, Act) and held.said.kind == ActKind.SEVER and officer is not None:
            for other in room.pair.rooms.values():
                if not other.is_order_wire:
                    other.line = lines.severed(other.line, held, officer)

    def _second_delegations(self, room: Room, party: int) -> Iterator[Row]:
        """The ROSTERs that delegate a number otherwise than a lower place, or an earlier field, does."""
        rows = self.store.acts(room.id, ActKind.ROSTER, party)
        known: dict[int, Officer] = {}
        for row in sorted(rows, key=lambda r: r.held.sequence):
            found = roster.delegated(row.held.body) if self._is_roster(room.pair, row.held) else ()
            if any(known.setdefault(one.author, one) != one for one in found):
                yield row

    def _line_zero(self, room: Room) -> None:
        """Accords settled on line 0 make lines, or amend them."""
        rooms = room.pair.rooms
        known = {name for there in rooms.values() for name, _ in there.line.accords}
        fresh: dict[bytes, list[tuple[bytes, Accord]]] = {}
        for standing in room.line.standings:
            if standing.settled and standing.subject == Subject.ACCORD and standing.hash not in known:
                agreed = accords.decode_terms(standing.terms)
                line_id = self.offered_line_id(room.pair, agreed)
                fresh.setdefault(line_id, []).append((standing.hash, agreed))
        for line_id, settled in fresh.items():
            there = rooms.get(line_id)
            if there is None:
                self._make_line(room.pair, line_id, settled)
            else:
                there.line = lines.with_accords(there.line, (*there.line.accords, *settled))
                self._fold(there)  # what it holds may be under this accord already

    def _make_line(self, pair: PairRoom, line_id: bytes, settled: list[tuple[bytes, Accord]]) -> None:
        """A line whose secret was taken by another cannot be made; that stops neither the order wire nor
        the end, and is told as an alarm until it is offered again."""
        _, agreed = settled[0]
        try:
            made = self._add_room(pair, lines.new_line(line_id, pair.ours, agreed))
        except SecretTaken:
            pair.unmade[line_id] = agreed.name
            return
        made.line = lines.with_accords(made.line, tuple(settled))
        pair.unmade.pop(line_id, None)
        self._fold(made)

    def _state(self, room: Room, draft: Draft) -> Held:
        """Our node's statement at the next place of our log; gives it as it is held."""
        line, kind, body = room.line, draft.kind, draft.body
        ours, theirs = line.our_log, line.their_log
        salts = record.statement_salts(room.commitment_key, line.ours, ours.incarnation, ours.size, len(body))
        said = Statement(
            line.id,
            line.ours,
            kind,
            room.owed_precedence if kind == NodeKind.RECEIPT else Precedence.ROUTINE,
            ours.incarnation,
            ours.size,
            self._stamp(),
            ours.tree.root,
            theirs.incarnation,
            theirs.size,
            theirs.tree.root,
            record.commitment(kind, body, lambda i: salts[i]),
        )
        room.owed_precedence = Precedence.ROUTINE
        cose = signed(self.keys.node, wire.encode_statement(said))
        entry = Entry(ours.incarnation, ours.size, cose)
        return self._take(room, entry, body, "", said)

    def _ends(self, room: Room) -> Ends:
        pair, store, line = room.pair, self.store, room.line

        def place_in(party: int, act_id: bytes) -> int | None:
            row = store.by_id(act_id)
            if row is None or row.line != line.id:
                return None
            return row.held.sequence if row.held.party == party else None

        def act_at(party: int, sequence: int) -> bytes | None:
            row = store.at(line.id, party, sequence)
            return row.held.id if row else None

        theirs = 1 - line.ours

        return Ends(
            line.id,
            line.ours,
            pair.incarnations,
            pair.order_wire.id,
            (room.commitment_key, pair.order_wire.commitment_key),
            (pair.cards[0].node_key, pair.cards[1].node_key),
            pair.key_of,
            lambda party, size: self._root_at(room, party, size),
            bodies.Context(
                line.accords[0][1].languages,
                partial(place_in, theirs),
                partial(act_at, line.ours),
                partial(place_in, line.ours),
                partial(act_at, theirs),
            ),
        )

    def _stamp(self) -> Stamp:
        """The time we say, which does not fall while this process lives."""
        self._last_said = max(self._last_said, self.now())
        return Stamp(self._last_said, self.settings.clock_quality)
