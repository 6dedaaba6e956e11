"""Announcements at the desk: the hour agreed, our texts on their way to it, and both sides beside each other (spec 18).

An announcement is named by its hour: the first 16 hex digits of the agreed terms, or, where nobody agreed on an hour,
of a hash over line and hour. A text of ours has a number, which it keeps from the draft to the public site.

Holding is a matter of one officer and no signature: whoever sees that something is wrong must not look for a key
first. What lets a text out, or ends it, takes the power to release, and the officer's key to say who it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from parley.core import accord as accords
from parley.core import line as lines
from parley.core import record, suite
from parley.core.errors import LocalError, RemoteError, Sentence
from parley.core.instruments import announcement
from parley.core.instruments.announcement import Announcement, Hour, Published, State, Step
from parley.core.line import Standing
from parley.core.record import Held
from parley.core.types import (
    Act,
    ActKind,
    Body,
    ClockQuality,
    Precedence,
    Seconds,
    Subject,
    written,
)
from parley.core.wire import body as bodies
from parley.core.wire import cbor
from parley.core.wire import entry as wire
from parley.desk.reader import clock
from parley.desk.reading import Reading
from parley.desk.signing import Signing
from parley.desk.views import TermsView
from parley.keys.officers import Unlocked
from parley.node import Node, Room
from parley.watch_log import Announced

PRECEDENCE = Precedence.IMMEDIATE  # both sides wait for the other's text


@dataclass(frozen=True, slots=True)
class TextView:
    """One side's text in one language. `number`: of ours; 0 for theirs. `state`: of ours, where it stands. `points`:
    which of the agreed it speaks of; None: it does not say. `early_s`: theirs came so many seconds before the hour.
    `doubt`: why this end holds it, `reason`: what the officer said. `offer`: what a release confirms to have read.
    `on_the_line`: what has become of it between the ends. `kept_back`: by a cut, until an officer sends it."""

    number: int
    ours: bool
    state: str
    language: str
    title: str
    channel: str
    text: str
    points: tuple[int, ...] | None
    by: str
    drafted_by: str
    said_at: Seconds | None
    heard_at: Seconds | None
    published_at: Seconds | None
    early_s: int
    doubt: str
    reason: str
    mark: str
    check: str  # first 16 hex digits of the act id, for reading aloud; empty for a draft
    offer: str
    on_the_line: str
    kept_back: bool


@dataclass(frozen=True, slots=True)
class PointView:
    """One of the points agreed, and what each side's texts do with it."""

    words: str
    ours: str
    theirs: str


@dataclass(frozen=True, slots=True)
class AnnouncementView:
    """One hour: what was agreed, both sides' texts, and the silence of a side that says nothing. `terms`: None where
    nobody agreed on the hour. `silence`: of theirs, in words; empty once they have said something. `has_site`: this
    end has a public site to publish on."""

    ref: str
    line: str
    line_id: str
    counterpart: str
    terms: TermsView | None
    at: Seconds
    subject: str
    points: tuple[PointView, ...]
    ours: tuple[TextView, ...]
    theirs: tuple[TextView, ...]
    silence: str
    civil_clocks: tuple[int, int]
    languages: tuple[str, ...]
    second_person: bool  # a text is released by another officer than its drafter
    has_site: bool


class Announcements:
    """The announcements of one end."""

    def __init__(self, node: Node, look: Reading, signing: Signing) -> None:
        self._node, self._look, self._signing = node, look, signing
        self._store, self._log = node.store, node.watch_log

    # --- reading

    def all(self, line: str | None = None) -> tuple[AnnouncementView, ...]:
        """Every hour that was agreed, offered, or spoken at; the latest first."""
        found = [
            self._view(room, *group)
            for room in self._look.rooms(line)
            if not room.is_order_wire
            for group in self._groups(room)
        ]
        return tuple(sorted(found, key=lambda view: (-view.at, view.ref)))

    def one(self, ref: str) -> AnnouncementView:
        """The announcement of that ref, or of that beginning of it. Raises LocalError."""
        found = [view for view in self.all() if len(ref) >= 8 and view.ref.startswith(ref.lower())]
        if len(found) != 1:
            raise LocalError(
                Sentence("there is no announcement {ref!r}", ref=ref),
                Sentence("see: parley announcement list"),
            )
        return found[0]

    def of_text(self, number: int) -> AnnouncementView:
        """The announcement that a text of ours belongs to. Raises LocalError."""
        row = self._row(number)
        return self.one(_ref(row.line, wire.decode_body(row.body)))

    def published(self) -> tuple[Published, ...]:
        """All of ours that is public, with the file that proves each."""
        return self._node.announcing.published()

    # --- the hour

    def offer_hour(
        self,
        line: str,
        at: Seconds,
        subject: str,
        by: str,
        passphrase: str | Unlocked,
        points: Iterable[str] = (),
    ) -> TermsView:
        """Offers an hour for announcements on a line, with what they are about. Counts as our agreement to it."""
        room = self._speaking(line)
        if at <= self._node.now():
            raise LocalError(Sentence("the hour is past"), Sentence("name one that is to come"))
        refused = lines.refuse(room.line, ActKind.OFFER, Subject.ANNOUNCEMENT_HOUR, self._node.now())
        if refused:
            raise refused
        try:
            hour = Hour(
                self._node.nonce(),
                at,
                written(Sentence("subject"), subject, announcement.SUBJECT_BYTES_MAX),
                tuple(written(Sentence("point"), point, announcement.POINT_BYTES_MAX) for point in points),
            )
        except RemoteError as e:
            raise LocalError(e.text, Sentence("say it in fewer points; nothing was recorded")) from None
        return self._signing.offer(
            room, Subject.ANNOUNCEMENT_HOUR, announcement.encode_hour(hour), by, passphrase
        )

    # --- a text of ours

    def draft(
        self,
        hour: str,
        by: str,
        title: str,
        text: str,
        *,
        language: str = "",
        channel: str = "",
        points: tuple[int, ...] | None = None,
        line: str = "",
        at: Seconds | None = None,
    ) -> int:
        """A text for an hour, by its ref; gives the number of the draft. For an hour nobody agreed on `hour` is empty,
        and `line` and `at` say where and when. `points`: of the hour's, from 0; None: it does not say."""
        self._signing.acting(by)
        if hour:
            room, standing = self._hour(hour)
            terms, when, most = (
                standing.hash,
                announcement.decode_hour(standing.terms).at,
                len(_points(standing)),
            )
        else:
            if at is None:
                raise LocalError(
                    Sentence("an announcement has an hour"), Sentence("name it, or one agreed on")
                )
            room, terms, when, most = self._speaking(line), None, at, 0
        made = self._written(room, terms, when, most, title, text, language, channel, points)
        row = Announced(
            0, room.id, State.DRAFT, when, wire.encode_body(announcement.body(made)), by, self._node.now()
        )
        number = self._log.keep_announcement(self._node.now(), by, "draft", row).id
        self._node.changed()
        return number

    def edit(
        self,
        number: int,
        by: str,
        title: str,
        text: str,
        *,
        language: str = "",
        channel: str = "",
        points: tuple[int, ...] | None = None,
    ) -> None:
        """Another text for a draft, by its drafter. Raises LocalError for what is released already."""
        row, room = self._ours(number)
        if row.state != State.DRAFT or row.drafted_by != by:
            raise LocalError(
                Sentence("text {number} is not a draft of {officer}", number=number, officer=by),
                Sentence("abort it, and draft another"),
            )
        before = announcement.announcement(wire.decode_body(row.body))
        standing = None if before.terms is None else room.line.standing(before.terms)
        most = len(_points(standing)) if standing else 0
        made = self._written(room, before.terms, before.at, most, title, text, language, channel, points)
        changed = replace(row, body=wire.encode_body(announcement.body(made)))
        self._log.keep_announcement(self._node.now(), by, "edit", changed)
        self._node.changed()

    def release(self, number: int, by: str, passphrase: str | Unlocked, *, offer: str = "") -> None:
        """Signs a text for its hour, a second person where the accord says so. It waits then, and nothing of it is in
        the record before. `offer`: what the officer read; refused when the text was changed since."""
        self._node.announcing.settle()
        row, room = self._ours(number)
        state = announcement.stepped(State(row.state), Step.RELEASE)
        found, signer = self._signing.signer(by, passphrase)
        if offer and offer != _offer(row):
            raise LocalError(
                Sentence("text {number} was changed since you read it", number=number),
                Sentence("read it again; nothing was released"),
            )
        if room.line.accord.second_person and row.drafted_by == by:
            raise LocalError("a draft is released by a second person", "ask another officer to release it")
        self._look.may(found, ActKind.ANNOUNCEMENT, None, PRECEDENCE)
        body = wire.decode_body(row.body)
        made = announcement.announcement(body)
        self._check_hour(room, row, made)

        def do() -> bytes:
            return self._node.sign(
                room, ActKind.ANNOUNCEMENT, body, PRECEDENCE, found.officer.author, signer
            )[0]

        act = self._node.turn(do)
        now = self._node.now()
        waits = replace(row, state=state, act=act, released_by=by, released_at=now)
        self._step(by, Step.RELEASE, waits, trusted=True)

    def hold(self, number: int, by: str, reason: str = "") -> None:
        """Keeps a text from going out at its hour, until an officer resumes it."""
        row, _ = self._ours(number)
        self._signing.acting(by)
        state = announcement.stepped(State(row.state), Step.HOLD)
        words = written(Sentence("reason"), " ".join(reason.split()), 512)
        self._step(by, Step.HOLD, replace(row, state=state, doubt="", reason=words))

    def resume(self, number: int, by: str, passphrase: str | Unlocked) -> None:
        """Lets a text that is held go out at its hour; at once, if that is past: the officer has seen that it is. An
        end that is down judges the hour anew when it starts."""
        self._node.announcing.settle()
        row, _ = self._ours(number)
        found, _ = self._signing.signer(by, passphrase)
        self._look.may(found, ActKind.ANNOUNCEMENT, None, PRECEDENCE)
        self._node.check_may_sign()
        state = announcement.stepped(State(row.state), Step.RESUME)
        now = self._node.now()
        past = now >= row.at
        if not past and self._node.settings.clock_quality == ClockQuality.UNKNOWN:
            raise LocalError(
                Sentence("nothing is known of what the clock of this machine is worth"),
                Sentence("resume it once the hour has come, by a clock that you trust"),
            )
        waits = replace(row, state=state, doubt="", reason="", asked_late=now if past else 0)
        self._step(by, Step.RESUME, waits, trusted=True)

    def abort(self, number: int, by: str, passphrase: str | Unlocked) -> None:
        """Ends a text before its hour: it is never published, and nothing of it comes into the record. A draft is
        thrown away so too, by its drafter or whoever may release."""
        row, _ = self._ours(number)
        found, _ = self._signing.signer(by, passphrase)
        if row.state != State.DRAFT or row.drafted_by != by:
            self._look.may(found, ActKind.ANNOUNCEMENT, None, PRECEDENCE)
        state = announcement.stepped(State(row.state), Step.ABORT)
        self._step(by, Step.ABORT, replace(row, state=state, doubt=""))

    def send(self, number: int, by: str, passphrase: str | Unlocked) -> None:
        """Sends a published text that a cut has kept back, as it was signed: it is public already."""
        row, room = self._ours(number)
        found, _ = self._signing.signer(by, passphrase)
        self._look.may(found, ActKind.ANNOUNCEMENT, None, PRECEDENCE)
        said = _said(row)
        waiting = None if said is None else self._store.waiting_named(room.id, said.author, said.number)
        if waiting is None or not waiting.kept_back:
            raise LocalError(
                Sentence("text {number} is not kept back", number=number),
                Sentence("see: parley announcement list"),
            )
        refused = lines.refuse(room.line, ActKind.ANNOUNCEMENT, None, self._node.now())
        if refused:
            raise refused

        def do() -> None:
            self._store.entered(waiting.id)
            self._node.release(room, waiting.act, wire.decode_body(waiting.body))

        self._node.turn(do)
        self._log.keep_announcement(self._node.now(), by, "send", row)

    # --- the ways

    def _step(self, by: str, step: Step, row: Announced, *, trusted: bool = False) -> None:
        self._log.keep_announcement(self._node.now(), by, step, row, trusted=trusted)
        self._node.announcing.reread()
        self._node.changed()

    def _speaking(self, line: str) -> Room:
        room = self._look.room(line)
        if room.is_order_wire:
            raise LocalError("announcements do not go by the order wire", "name a line")
        return room

    def _hour(self, ref: str) -> tuple[Room, Standing]:
        room, standing = self._look.standing(ref)
        if standing.subject != Subject.ANNOUNCEMENT_HOUR:
            raise LocalError(
                Sentence("the terms {ref} are not those of an announcement hour", ref=ref),
                Sentence("see: parley announcement list"),
            )
        return room, standing

    def _row(self, number: int) -> Announced:
        row = self._log.announcement(number)
        if row is None:
            raise LocalError(
                Sentence("there is no text {number}", number=number),
                Sentence("see: parley announcement list"),
            )
        return row

    def _ours(self, number: int) -> tuple[Announced, Room]:
        row = self._row(number)
        return row, self._look.room_by_id(row.line)

    def _written(
        self,
        room: Room,
        terms: bytes | None,
        at: Seconds,
        most: int,
        title: str,
        text: str,
        language: str,
        channel: str,
        points: tuple[int, ...] | None,
    ) -> Announcement:
        """What was typed, as it will be signed. Raises LocalError."""
        if any(not 0 <= point < most for point in points or ()):
            raise LocalError(
                Sentence("the hour has {count} points", count=most), Sentence("name those the text speaks of")
            )
        tag = language or room.line.accord.languages[0]
        made = announcement.written(terms, at, tag, title, text, channel=channel, points=points)
        try:
            bodies.check_act(ActKind.ANNOUNCEMENT, announcement.body(made))
        except RemoteError as e:
            raise LocalError(e.text, Sentence("mend the text; nothing was recorded")) from None
        return made

    def _check_hour(self, room: Room, row: Announced, made: Announcement) -> None:
        """Whether a text may be released for its hour. Raises LocalError."""
        if made.terms is not None:
            standing = room.line.standing(made.terms)
            if standing is None or not standing.settled:
                raise LocalError(
                    Sentence("the other side has not agreed to this hour yet"),
                    Sentence("release it once both have; or announce at an hour of your own"),
                )
        if self._node.now() >= made.at:
            raise LocalError(
                Sentence("the hour is past"), Sentence("offer another hour; nothing was released")
            )
        for other in self._log.announcements(State.WAITS, State.HELD, State.PUBLISHED):
            of = announcement.announcement(wire.decode_body(other.body))
            same = (of.terms, of.at, of.language) == (made.terms, made.at, made.language)
            if same and other.line == row.line:
                raise LocalError(
                    Sentence(
                        "text {number} is released for this hour in this language already", number=other.id
                    ),
                    Sentence("abort it first, while its hour has not come"),
                )

    # --- views

    def _groups(self, room: Room) -> list[tuple[str, Standing | None, list[Announced], list[Held]]]:
        """The hours of a line: ref, terms, our texts, theirs."""
        found: dict[str, tuple[Standing | None, list[Announced], list[Held]]] = {}
        for standing in self._look.standings(room):
            if standing.subject == Subject.ANNOUNCEMENT_HOUR:
                found[standing.hash.hex()[:16]] = (standing, [], [])
        for row in self._log.announcements():
            if row.line == room.id:
                ref = _ref(room.id, wire.decode_body(row.body))
                found.setdefault(ref, (None, [], []))[1].append(row)
        theirs = self._store.acts(room.id, ActKind.ANNOUNCEMENT, 1 - room.pair.ours)
        for held in (row.held for row in reversed(theirs)):
            body = _fit(held)
            if body is not None and not self._is_again(room, held):
                found.setdefault(_ref(room.id, body), (None, [], []))[2].append(held)
        return [(ref, *group) for ref, group in found.items()]

    def _view(
        self, room: Room, ref: str, standing: Standing | None, rows: list[Announced], theirs: list[Held]
    ) -> AnnouncementView:
        ours_index = room.pair.ours
        hour = None if standing is None else announcement.decode_hour(standing.terms)
        ours_said = [announcement.announcement(wire.decode_body(row.body)) for row in _that_count(rows)]
        theirs_said = [
            announcement.announcement(_fit(held) or ())
            for held in theirs
            if not self._without_effect(room, held)
        ]
        at = hour.at if hour else _hour_of(rows, theirs)
        clocks = room.line.accord.civil_clocks
        return AnnouncementView(
            ref,
            self._look.name(room),
            room.id.hex(),
            self._look.party(room, 1 - ours_index),
            None if standing is None else self._look.terms_view(room, standing),
            at,
            hour.subject if hour else "",
            tuple(
                PointView(
                    words,
                    announcement.speaks(i, ours_said).value,
                    announcement.speaks(i, theirs_said).value,
                )
                for i, words in enumerate(hour.points if hour else ())
            ),
            tuple(self._our_text(room, row) for row in rows),
            tuple(self._their_text(room, held, at) for held in theirs),
            "" if theirs_said else self._silence(room, at, bool(theirs)),
            (clocks[ours_index], clocks[1 - ours_index]),
            room.line.accord.languages,
            room.line.accord.second_person,
            self._node.announcing.has_site,
        )

    def _silence(self, room: Room, at: Seconds, is_shown: bool) -> Sentence:
        """That they have said nothing, and what is known of the way to them: silence is no agreement. `is_shown`: a
        text of theirs that does not speak for them."""
        now, them = self._node.now(), self._look.party(room, 1 - room.pair.ours)
        said = {
            "party": them,
            "now": clock(now),
            **({} if now < at else {"observed": Sentence(self._node.observed(room).value)}),
        }
        match now < at, is_shown:
            case True, False:
                return Sentence("nothing from {party} yet, {now}", **said)
            case True, True:
                return Sentence("nothing that counts from {party} yet, {now}", **said)
            case False, False:
                return Sentence("nothing from {party} by {now}; the line is {observed}", **said)
            case _:
                return Sentence("nothing that counts from {party} by {now}; the line is {observed}", **said)

    def _is_again(self, room: Room, held: Held) -> bool:
        """Whether it is the same act as one at a lower place."""
        said = held.said
        assert isinstance(said, Act)
        first = self._store.first_named(room.id, held.party, said.author, said.number)
        return first is not None and first[0] == held.id and first[2] < held.sequence

    def _without_effect(self, room: Room, held: Held) -> str:
        """Why a text of theirs does not speak for them; empty if it does."""
        officer, said = self._look.proven(room, held), held.said
        assert isinstance(said, Act)
        if officer is None:
            return Sentence("from their end; officer not yet proven")
        if not accords.may(officer, said.kind, None, said.precedence):
            return Sentence("by an officer without the power to release")
        return self._look.doubled(room, held)

    def _our_text(self, room: Room, row: Announced) -> TextView:
        made, said = announcement.announcement(wire.decode_body(row.body)), _said(row)
        on_the_line, kept_back = self._on_the_line(room, row, said)
        return TextView(
            row.id,
            True,
            row.state,
            made.language,
            made.title,
            made.channel,
            made.text,
            made.points,
            self._look.office(room, said.party, said.author) if said else "",
            row.drafted_by,
            said.stamp.time if said else None,
            None,
            row.published_at,
            0,
            Sentence(row.doubt) if row.doubt else "",
            row.reason,
            "",
            _act_id(row).hex()[:16] if row.act else "",
            _offer(row),
            on_the_line,
            kept_back,
        )

    def _on_the_line(self, room: Room, row: Announced, said: Act | None) -> tuple[str, bool]:
        """What has become of a published text between the ends, and whether a cut keeps it back."""
        if said is None or row.state != State.PUBLISHED:
            return "", False
        entered = self._store.named(room.id, said.party, said.author, said.number)
        if entered is not None:
            receipted = self._look.receipted_at(room, entered.held)
            if receipted is None:
                return Sentence("sent to them; their node has not signed for it"), False
            return Sentence("at their end since {at}, signed by their node", at=clock(receipted)), False
        waiting = self._store.waiting_named(room.id, said.author, said.number)
        if waiting is not None and waiting.kept_back:
            return Sentence("not sent to them: kept back by a cut"), True
        return Sentence("not sent to them yet: waits for a bearer"), False

    def _their_text(self, room: Room, held: Held, at: Seconds) -> TextView:
        made, said = announcement.announcement(_fit(held) or ()), held.said
        assert isinstance(said, Act)
        mark = self._without_effect(room, held)
        if not mark and made.at != at:
            mark = Sentence("names another hour: {at}", at=clock(made.at))
        return TextView(
            0,
            False,
            "",
            made.language,
            made.title,
            made.channel,
            made.text,
            made.points,
            self._look.office(room, held.party, said.author),
            "",
            said.stamp.time,
            held.heard_at,
            None,
            max(0, at - held.heard_at),
            "",
            "",
            mark,
            held.id.hex()[:16],
            "",
            "",
            False,
        )


def _that_count(rows: list[Announced]) -> list[Announced]:
    """Our texts as far as they have come: those that are public, else those that wait or are held, else the drafts."""
    for states in ((State.PUBLISHED,), (State.WAITS, State.HELD), (State.DRAFT,)):
        found = [row for row in rows if row.state in states]
        if found:
            return found
    return []


def _hour_of(rows: list[Announced], theirs: list[Held]) -> Seconds:
    """The hour of texts for which nobody agreed on one."""
    body = wire.decode_body(rows[0].body) if rows else _fit(theirs[0]) or ()
    return announcement.announcement(body).at


def _points(standing: Standing) -> tuple[str, ...]:
    return announcement.decode_hour(standing.terms).points


def _ref(line: bytes, body: Body) -> str:
    """What names the announcement a text belongs to: its terms, or its line and hour."""
    return announcement.name(line, announcement.announcement(body))


def _fit(held: Held) -> Body | None:
    """The body of an announcement of theirs, if it is held and has the schema."""
    if held.body is None:
        return None
    try:
        bodies.check_act(ActKind.ANNOUNCEMENT, held.body)
    except RemoteError:
        return None
    return held.body


def _said(row: Announced) -> Act | None:
    if row.act is None:
        return None
    said = wire.decode_payload(wire.decode_signed(cbor.decode(row.act)).payload)
    assert isinstance(said, Act)
    return said


def _act_id(row: Announced) -> bytes:
    assert row.act is not None
    return record.act_id(wire.decode_signed(cbor.decode(row.act)).payload)


def _offer(row: Announced) -> str:
    return suite.sha256(row.body).hex()[:16]


# --- questions: what a command or an API client may ask (desk/ask.py) ---------------------------


class HasAnnouncements(Protocol):
    """What these questions are put to: a desk."""

    announcements: Announcements


def _offered(
    desk: HasAnnouncements,
    line: str,
    at: int,
    subject: str,
    by: str,
    passphrase: str | Unlocked,
    points: str = "",
) -> object:
    """`points`: one a line."""
    words = [point.strip() for point in points.split("\n") if point.strip()]
    return desk.announcements.offer_hour(line, at, subject, by, passphrase, words)


def _drafted(
    desk: HasAnnouncements,
    by: str,
    title: str,
    text: str,
    hour: str = "",
    line: str = "",
    at: int | None = None,
    language: str = "",
    channel: str = "",
    points: str = "",
) -> object:
    """`points`: numbers from 1, such as "1,3"; "none"; or empty, if the text is not to say."""
    number = desk.announcements.draft(
        hour, by, title, text, language=language, channel=channel, points=_numbers(points), line=line, at=at
    )
    return desk.announcements.of_text(number)


def _numbers(words: str) -> tuple[int, ...] | None:
    if not words.strip():
        return None
    if words.strip().lower() == "none":
        return ()
    numbers = [word.strip() for word in words.split(",")]
    if not all(number.isascii() and number.isdecimal() and 0 < int(number) <= 16 for number in numbers):
        raise LocalError(Sentence("{words!r} names no points", words=words), Sentence("for example: 1,3"))
    return tuple(int(number) - 1 for number in numbers)


def _released(
    desk: HasAnnouncements, number: int, by: str, passphrase: str | Unlocked, offer: str = ""
) -> object:
    desk.announcements.release(number, by, passphrase, offer=offer)
    return desk.announcements.of_text(number)


def _held(desk: HasAnnouncements, number: int, by: str, reason: str = "") -> object:
    desk.announcements.hold(number, by, reason)
    return desk.announcements.of_text(number)


def _ended(desk: HasAnnouncements, number: int, by: str, passphrase: str | Unlocked) -> object:
    desk.announcements.abort(number, by, passphrase)
    return desk.announcements.of_text(number)


def _resumed(desk: HasAnnouncements, number: int, by: str, passphrase: str | Unlocked) -> object:
    desk.announcements.resume(number, by, passphrase)
    return desk.announcements.of_text(number)


def _sent(desk: HasAnnouncements, number: int, by: str, passphrase: str | Unlocked) -> object:
    desk.announcements.send(number, by, passphrase)
    return desk.announcements.of_text(number)


def _list(desk: HasAnnouncements, line: str | None = None) -> object:
    return desk.announcements.all(line)


def _show(desk: HasAnnouncements, ref: str) -> object:
    return desk.announcements.one(ref)


def _published(desk: HasAnnouncements) -> object:
    return desk.announcements.published()


QUESTIONS: dict[str, Callable[..., object]] = {
    "announcement_offer": _offered,
    "announcement_draft": _drafted,
    "announcement_release": _released,
    "announcement_hold": _held,
    "announcement_abort": _ended,
    "announcement_resume": _resumed,
    "announcement_send": _sent,
    "announcement_list": _list,
    "announcement_show": _show,
    "announcement_published": _published,
}
