"""Objects on their way: what acts of theirs name is fetched, what acts of ours name is given (spec 16).

The end that lacks an object asks, a few blocks at a time, and asks again: with what lacks of a block when something
of it came, after a growing while when nothing did. The end that has it answers when nothing more urgent is due and
the bearer has room, so that one frame at most lies before a FLASH. What came of an object lies in memory, and by and
by on the disk, for a restart. When it is whole it is compared with its name, and stored or dropped. Whether an
object is wanted stands in the record, written in the turn that took the act.

Nothing here depends on the state of the line: an act that was allowed has its object.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from parley.bearers import Bearer
from parley.core import objects
from parley.core.errors import LocalError, RemoteError, Sentence
from parley.core.objects import Assembly, ObjectName
from parley.core.record import Held
from parley.core.types import ActKind
from parley.core.wire import body as bodies
from parley.core.wire import entry as wire
from parley.core.wire import frame as frames
from parley.core.wire.frame import Fragment, ObjectWanted
from parley.node.epochs import Epochs
from parley.node.moving import Answer, Fetch, ObjectPlace
from parley.node.room import Room
from parley.store import Row

WANTED_MAX: Final = 64  # objects of one line that are fetched; the others wait, and are shown
KEPT_BYTES_MAX: Final = 512 << 20  # of theirs, for one line; an officer can let go of what was acknowledged
SWEPT_AFTER_S: Final = 86400  # an object of ours that nothing names then: a crash left it
WINDOW_BLOCKS: Final = 8  # asked for at a time
OPEN_MAX: Final = 2  # objects of one line of which something may lie in memory
ASK_AGAIN_S: Final = 5.0  # doubled while nothing comes
ASK_AGAIN_MAX_S: Final = 120.0
LOST_AFTER_S: Final = 2.0  # before that a block that is overtaken by another is not asked for again
SAVE_BLOCKS: Final = 16  # that came whole are put on the disk, in one commit
SAVE_EVERY_S: Final = 30.0  # or fewer, that long after the last
STORE_AGAIN_S: Final = 60.0  # what is whole, and the disk refused
MISFIT_AGAIN_S: Final = 60.0  # doubled at each misfit
MISFIT_AGAIN_MAX_S: Final = 3600.0
BUSY_TRIES: Final = 2  # an object of which nothing came for so many requests lets another begin
ANSWERS_MAX: Final = 64  # blocks of one line that they can have us owe
HELD_MAX: Final = 64
FRAGMENT_FRAME_BYTES_MAX: Final = 1100  # so that what is urgent does not wait long for a slow bearer
BURST: Final = 64  # fragments in one go, over all lines
BURST_EVERY_S: Final = 0.25
NAMED_KEPT: Final = 64


class Objects(Epochs):
    """The lines, with the objects that their acts name."""

    burst = BURST

    def _load(self) -> None:
        self._burst_left, self._burst_at = self.burst, float("-inf")
        self._refused_at: dict[str, float] = {}  # bearers that had no room for a fragment
        self._block: tuple[tuple[bytes, int], bytes] | None = None  # looked up last: root, block; its bytes
        before = {room.id: room.objects for room in self.rooms()}
        super()._load()
        for room in self.rooms():
            room.objects = before.get(
                room.id, room.objects
            )  # what came of an object outlives a turn that failed
            room.objects.named.clear()
            self._look_again(room)

    def keep_object(self, room: Room, data: bytes, salt: bytes) -> ObjectName:
        """Keeps an object of ours, to be named by an act on this line. Within a turn, before the act is entered.

        Raises LocalError for one that is empty or larger than 1 MiB.
        """
        try:
            named = objects.name(data, salt)
        except RemoteError as e:
            raise LocalError(
                Sentence("this cannot be kept as an object: {why}", why=e.text),
                "an object has 1 to 1,048,576 bytes",
            ) from None
        self._touched = True
        self.store.add_object(named, data, room.id, self.now(), theirs=False, lines=room.pair.rooms.keys())
        for other in self.rooms():
            self._look_again(other)
        return named

    def drop_object(self, named: ObjectName) -> bool:
        """Forgets an object of ours that no act names, entered or waiting, such as that of a letter which was never
        released; whether it could be. Within a turn."""
        if named in self._named_by_acts():
            return False
        self.store.drop_object(named)
        return True

    def sweep_objects(self) -> int:
        """Forgets the objects of ours that a crash left: older than a day, and named by no act, entered or waiting, and
        by nothing prepared. Gives how many; a disk that refuses is no matter. In a turn of its own."""
        old = self.store.objects_of_ours(self.now() - SWEPT_AFTER_S)
        if not old:
            return 0
        named = self._named_by_acts() | self._named_by_papers()
        left = [one for one in old if one not in named]
        try:
            with self.store.turn():
                for one in left:
                    self.store.drop_object(one)
        except LocalError:
            return 0
        return len(left)

    def forget_object(self, named: ObjectName) -> None:
        """Lets go of the bytes of an object of theirs, which is not fetched again; its name stays. Within a turn.

        Raises LocalError unless each act that names it is one of theirs that we have acknowledged.
        """
        lines: set[bytes] = set()
        for room in self.rooms():
            for row in self._acts_naming(room):
                if named not in objects.objects_named(row.held.kind, row.held.body):
                    continue
                lines.add(room.id)
                if row.held.party == room.pair.ours:
                    raise LocalError(
                        Sentence("an act of ours names this object too: they may ask for it"),
                        Sentence("nothing was changed"),
                    )
                if not self._acknowledged_by_us(room, row):
                    raise LocalError(
                        Sentence(
                            "what names this object is not acknowledged, or that is not in the record yet"
                        ),
                        Sentence("acknowledge the letter first: parley letter ack"),
                    )
        self._touched = True
        self.store.forget_object(named, lines, self.now())
        for room in self.rooms():
            self._look_again(room)

    def not_fetched(self, room: Room) -> tuple[int, bool]:
        """How many objects are wanted on a line and not fetched now, and whether that is for want of room; else so many
        others go before them."""
        fetched = len(self.fetches(room))
        return self.store.wanted_count(room.id) - fetched, fetched < WANTED_MAX

    def _acts_naming(self, room: Room) -> Iterator[Row]:
        for kind in objects.NAMING:
            yield from self.store.acts(room.id, ActKind(kind))

    def _acknowledged_by_us(self, room: Room, row: Row) -> bool:
        return any(
            other.held.party == room.pair.ours
            and not other.held.is_statement
            and other.held.kind == ActKind.ACKNOWLEDGE
            for other in self.store.referring(row.held.id)
        )

    def _named_by_acts(self) -> set[ObjectName]:
        found: set[ObjectName] = set()
        for room in self.rooms():
            for row in self._acts_naming(room):
                found.update(objects.objects_named(row.held.kind, row.held.body))
        for waiting in self.store.waiting():
            found.update(objects.objects_named(waiting.kind, wire.decode_body(waiting.body)))
        return found

    def _named_by_papers(self) -> set[ObjectName]:
        found: set[ObjectName] = set()
        for event in self.watch_log.prepared():
            kind = ActKind[str(event.detail["kind"])]
            body = wire.decode_body(bytes.fromhex(str(event.detail["body"])))
            found.update(objects.objects_named(kind, body))
        return found

    def take_object(self, room: Room, named: ObjectName, data: bytes) -> bool:
        """Keeps an object of theirs that came whole by another way, if it is fetched on this line; whether it is.
        Within a turn. `data` fits the name."""
        fetches = [f for f in self.fetches(room).values() if f.wanted.named == named]
        if not fetches:
            return False
        self._keep_theirs(room, named, data)
        return True

    def fetches(self, room: Room) -> dict[ObjectPlace, Fetch]:
        """What is fetched on a line: the first 64 that are wanted, as far as there is room for them."""
        found = room.objects.fetches
        if found is None:
            found, kept = {}, room.objects.stale
            left = KEPT_BYTES_MAX - self.store.objects_bytes(room.id)
            for wanted in self.store.wanted(room.id, WANTED_MAX):
                left -= wanted.named.size
                if left < 0:
                    break
                place = (wanted.sequence, wanted.place)
                known = kept.get(place)
                found[place] = known or Fetch(wanted, Assembly(wanted.named))
                found[place].wanted = wanted
            room.objects.fetches, room.objects.stale = found, {}  # which lets go of what is stored by now
        return found

    # --- what entries say of objects

    def _named_objects(self, room: Room, held: Held) -> None:
        """Notes what an act of theirs names and we lack. Within the turn that takes it."""
        if held.is_statement or held.party == room.pair.ours or held.body is None:
            return
        named = objects.objects_named(held.kind, held.body)
        if not named:
            return
        try:
            bodies.check_act(held.kind, held.body)
        except RemoteError:
            return  # judged elsewhere, and without effect
        for place, one in enumerate(named):
            if self.store.object_is_of(one, room.pair.rooms.keys()):
                self._say_held(room, (held.sequence, place))
            elif self.store.object_forgotten_at(one, room.pair.rooms.keys()) is not None:
                continue  # an officer let go of it
            else:  # also if another party gave it to us: who names it must not learn that
                self.store.want(room.id, held.sequence, place, one, self.now())
                self._look_again(room)

    def holds_of_theirs(self, room: Room, place: ObjectPlace) -> bool:
        """Whether we hold what an act of theirs names at a place, and had it of this party."""
        named = self._named_at(room, 1 - room.pair.ours, place)
        held = named is not None and self.store.object_held_at(named) is not None
        return held and not self.store.is_wanted(room.id, *place)

    def _look_again(self, room: Room) -> None:
        room.objects.stale = room.objects.fetches or room.objects.stale
        room.objects.fetches = None

    def _say_held(self, room: Room, place: ObjectPlace) -> None:
        if len(room.objects.held) < HELD_MAX:
            room.objects.held.add(place)

    def _named_by_us(self, room: Room, place: ObjectPlace) -> ObjectName | None:
        """What an act of ours on this line names at a place, if we hold it."""
        known = room.objects.named
        if place not in known:
            if len(known) >= NAMED_KEPT:
                known.clear()
            found = self._named_at(room, room.pair.ours, place)
            if found is None or self.store.object_held_at(found) is None:
                return None
            known[place] = found
        return known[place]

    def _named_at(self, room: Room, party: int, place: ObjectPlace) -> ObjectName | None:
        row = self.store.at(room.id, party, place[0])
        if row is None or row.held.is_statement:
            return None
        named = objects.objects_named(row.held.kind, row.held.body)
        return named[place[1]] if place[1] < len(named) else None

    # --- in, within a turn

    def _fragment_came(self, room: Room, said: Fragment) -> None:
        place = (said.sequence, said.object)
        fetch = self.fetches(room).get(place)
        if fetch is None:
            if self.holds_of_theirs(room, place):
                self._say_held(room, place)
            return
        if not fetch.is_open or not fetch.assembly.add(said):
            return
        fetch.tries, fetch.ask_at = 0, self.clock.monotonic() + ASK_AGAIN_S
        if fetch.assembly.is_whole:
            fetch.ask_at = self.clock.monotonic()
        self._lost_before(fetch, said.block)

    def _lost_before(self, fetch: Fetch, block: int) -> None:
        """They answer in order: of blocks asked for before one that comes the rest is lost, or overtaken and so
        refused (4.5). Those of a while ago are asked for again; what was asked for just now may be on its way."""
        order, _ = fetch.asked.get(block, (0, 0.0))
        before = self.clock.monotonic() - LOST_AFTER_S
        for other in [b for b, (earlier, at) in fetch.asked.items() if earlier < order and at <= before]:
            del fetch.asked[other]

    def _whole_objects(self) -> list[tuple[bytes, ObjectPlace]]:
        """What is whole and waits to be stored: line and place of each."""
        now = self.clock.monotonic()
        return [
            (room.id, place)
            for room in self.rooms()
            for place, fetch in (room.objects.fetches or {}).items()
            if fetch.assembly.is_whole and fetch.ask_at <= now
        ]

    def _to_save(self) -> list[tuple[bytes, ObjectPlace]]:
        """Of what blocks have come since they were last put on the disk, enough of them or long enough ago."""
        now = self.clock.monotonic()
        return [
            (room.id, place)
            for room in self.rooms()
            for place, fetch in (room.objects.fetches or {}).items()
            if fetch.is_open
            and not fetch.assembly.is_whole
            and (unsaved := len(fetch.unsaved))
            and (now - fetch.saved_at >= SAVE_EVERY_S or (unsaved >= SAVE_BLOCKS and not fetch.refused))
        ]

    def _save_blocks(self, line: bytes, place: ObjectPlace) -> list[int]:
        """Puts on the disk what a restart would lose; gives which blocks. Within a turn of its own."""
        _, fetch = self._fetch_of(line, place)
        if fetch is None:
            return []
        found = fetch.unsaved
        for block in found:
            self.store.add_block(fetch.wanted.id, block, fetch.assembly.whole[block])
        return found

    def _saved(self, line: bytes, place: ObjectPlace, blocks: list[int]) -> None:
        """These are on the disk now; none, if it refused."""
        _, fetch = self._fetch_of(line, place)
        if fetch is not None:
            fetch.saved |= set(blocks)
            fetch.saved_at, fetch.refused = self.clock.monotonic(), not blocks

    def _fetch_of(self, line: bytes, place: ObjectPlace) -> tuple[Room, Fetch | None]:
        """A fetch, also after the lines were folded again; None if nobody wants it any more."""
        room = next(room for room in self.rooms() if room.id == line)
        return room, self.fetches(room).get(place)

    def _store_whole(self, line: bytes, place: ObjectPlace) -> None:
        """All blocks are here: it is what was named, or it is dropped and asked for again, later each time. Within
        a turn of its own."""
        room, fetch = self._fetch_of(line, place)
        if fetch is None:
            return
        named, data = fetch.wanted.named, fetch.assembly.data
        if objects.fits(named, data):
            self._keep_theirs(room, named, data)
            return
        self._touched = True
        self.store.misfit(fetch.wanted.id)
        wait_s = min(MISFIT_AGAIN_S * 2 ** min(fetch.wanted.misfits, 16), MISFIT_AGAIN_MAX_S)
        fetch.close()
        fetch.tries, fetch.ask_at = 0, self.clock.monotonic() + wait_s
        self._look_again(room)

    def _store_later(self, line: bytes, place: ObjectPlace) -> None:
        """The disk refused: what came is kept, and stored when there is room."""
        _, fetch = self._fetch_of(line, place)
        if fetch is not None:
            fetch.ask_at = self.clock.monotonic() + STORE_AGAIN_S

    def _keep_theirs(self, room: Room, named: ObjectName, data: bytes) -> None:
        """Stores an object of theirs; of every line on which it is wanted they are told, as far as it is fetched."""
        self._touched = True
        for other in room.pair.rooms.values():
            for place, fetch in self.fetches(other).items():
                if fetch.wanted.named == named:
                    self._say_held(other, place)
        self.store.add_object(named, data, room.id, self.now(), theirs=True, lines=room.pair.rooms.keys())
        for other in self.rooms():
            self._look_again(other)

    def _object_wanted(self, room: Room, said: ObjectWanted) -> None:
        """They ask for blocks of an object that an act of ours names, or say that they hold it."""
        place = (said.sequence, said.object)
        named = self._named_by_us(room, place)
        if named is None:
            return
        if not said.count:
            if not self.store.is_told_held(room.id, *place):
                self.store.tell_held(room.id, *place)
            return
        for block in range(said.first, min(said.first + said.count, named.blocks)):
            if len(room.objects.answers) >= ANSWERS_MAX:
                return  # they ask again
            room.objects.answers.setdefault((*place, block), Answer(said.pieces, said.lacks))

    # --- out, after the commit

    def _background(self, now: float, full: set[str], most: int | None = None) -> None:
        for room in self.rooms():
            if (room.objects.held or self.fetches(room)) and self._wide(room, full):
                self._tell_and_ask(room, now, full)
        if now >= self._burst_at:
            self._burst_left, self._burst_at = self.burst, now + BURST_EVERY_S
        sent = 0
        while self._burst_left and (most is None or sent < most):
            owing = [room for room in self.rooms() if room.objects.answers and self._wide(room, full)]
            if not owing:
                return
            self._send_fragment(min(owing, key=lambda r: r.objects.frames), now, full)
            self._burst_left -= 1
            sent += 1

    def _wide(self, room: Room, full: set[str]) -> list[Bearer]:
        """The bearers that can carry a fragment now, as far as we know, the cheapest first."""
        now = self.clock.monotonic()
        return [
            bearer
            for bearer in self.bearers_up(room)
            if bearer.traits.frame_bytes_max >= objects.FRAME_BYTES_MIN
            and bearer.name not in full
            and now - self._refused_at.get(bearer.name, float("-inf")) >= BURST_EVERY_S
        ]

    def _send_fragment(self, room: Room, now: float, full: set[str]) -> None:
        """The next fragment of what they asked for; a bearer that does not take it is left alone for a while, since
        each try takes a counter."""
        key = next(iter(room.objects.answers))
        sequence, place, block = key
        answer, bearer = room.objects.answers[key], self._wide(room, full)[0]
        data = self._block_of(room, (sequence, place), block)
        if data is None:
            del room.objects.answers[key]
            return
        form = objects.cut(len(data), min(bearer.traits.frame_bytes_max, FRAGMENT_FRAME_BYTES_MAX))
        if answer.form != form:
            answer.form = form
            answer.left = sorted(answer.lacks) if answer.pieces == form[0] else list(range(form[0]))
        said = objects.fragment((sequence, place), block, data, answer.left[0], *form)
        if not bearer.send(self._sealed(room, frames.encode_plain(said))[2]):
            full.add(bearer.name)
            self._refused_at[bearer.name] = now
            return
        self._frames_out += 1
        room.objects.frames += 1
        del answer.left[0]
        if not answer.left:
            del room.objects.answers[key]

    def _block_of(self, room: Room, place: ObjectPlace, block: int) -> bytes | None:
        named = self._named_by_us(room, place)
        if named is None:
            return None
        if self._block is None or self._block[0] != (named.root, block):
            found = self.store.object_piece(named.root, block * objects.BLOCK_BYTES, objects.BLOCK_BYTES)
            if not found:
                return None
            self._block = ((named.root, block), found)
        return self._block[1]

    def _tell_and_ask(self, room: Room, now: float, full: set[str]) -> None:
        for place in sorted(room.objects.held):
            held = self.holds_of_theirs(room, place)
            if held and not self._send_small(room, ObjectWanted(*place, 0, 0), full):
                return
            room.objects.held.discard(place)  # not held after all, if the turn that stored it failed
        fetches = list(self.fetches(room).values())
        begun = [fetch for fetch in fetches if fetch.is_open and not fetch.assembly.is_whole]
        for fetch in begun:
            if fetch.ask_at <= now:
                fetch.tries += 1
                fetch.asked.clear()
            if not self._ask(room, fetch, now, full):
                return
        if any(fetch.tries <= BUSY_TRIES for fetch in begun):
            return
        fresh = [fetch for fetch in fetches if not fetch.is_open and fetch.ask_at <= now]
        if fresh:
            if len(begun) >= OPEN_MAX:
                max(begun, key=lambda fetch: fetch.tries).close()
            first = min(fresh, key=lambda fetch: fetch.tries)
            first.open(self.store.blocks(first.wanted.id), now)
            self._ask(room, first, now, full)

    def _ask(self, room: Room, fetch: Fetch, now: float, full: set[str]) -> bool:
        """Asks for what lacks and was not asked for lately, once that is half a window or all there is; False if no
        bearer takes it now."""
        lacking = fetch.assembly.lacking(WINDOW_BLOCKS)
        fresh = tuple(block for block in lacking if block not in fetch.asked)
        if not fresh or (len(fresh) < len(lacking) and len(fresh) < WINDOW_BLOCKS // 2):
            return True
        for said in objects.requests(fetch.place, fetch.assembly, fresh):
            if not self._send_small(room, said, full):
                fetch.ask_at = max(fetch.ask_at, now + 1.0)
                return False
            for block in range(said.first, said.first + said.count):
                room.objects.order += 1
                fetch.asked[block] = (room.objects.order, now)
        again_s = min(ASK_AGAIN_S * 2 ** min(fetch.tries, 16), ASK_AGAIN_MAX_S)
        fetch.ask_at = max(fetch.ask_at, now + again_s) if fetch.tries == 0 else now + again_s
        return True

    def _send_small(self, room: Room, said: ObjectWanted, full: set[str]) -> bool:
        """A request by the cheapest bearer that could carry the answer; without the list of fragments where that does
        not fit. Whether one took it."""
        for bearer in self._wide(room, full):
            plain = frames.encode_plain(said)
            if len(plain) + frames.BARE_FRAME_BYTES_MIN - 2 > bearer.traits.frame_bytes_max:
                plain = frames.encode_plain(ObjectWanted(said.sequence, said.object, said.first, said.count))
            if bearer.send(self._sealed(room, plain)[2]):
                return True
            full.add(bearer.name)
            self._refused_at[bearer.name] = self.clock.monotonic()
        return False

    # --- timers

    def _ask_again(self, room: Room) -> None:
        """A bearer came up: what was asked for without an answer is asked for at once."""
        for fetch in self.fetches(room).values():
            if fetch.is_open and fetch.tries:
                fetch.tries, fetch.ask_at = 0, self.clock.monotonic()

    def _objects_at(self, room: Room, now: float) -> list[float]:
        """When something is due of the objects of a line, by the passing of time alone."""
        times: list[float] = []
        if not (room.objects.answers or room.objects.held or self.fetches(room)):
            return times
        if not any(b.traits.frame_bytes_max >= objects.FRAME_BYTES_MIN for b in self.bearers_up(room)):
            return times
        if room.objects.answers or room.objects.held:
            times.append(max(self._burst_at, now + BURST_EVERY_S / 5))
        fetches = self.fetches(room).values()
        busy = any(fetch.is_open and fetch.tries <= BUSY_TRIES for fetch in fetches)
        times += [max(f.ask_at, now + BURST_EVERY_S) for f in fetches if f.is_open or not busy]
        return times
