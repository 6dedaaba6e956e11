"""What the desk gives to read: frozen values of plain text and numbers, in the agreement's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from parley.core.errors import Sentence
from parley.core.types import Seconds


@dataclass(frozen=True, slots=True)
class LineView:
    """A line as an officer sees it. Declared and observed are never mixed.

    `name`: unique at this end (two pairs with a line of one name are told apart as PAIR/NAME).
    `declared_detail`: grounds of a cut and when, or the hour of opening. `observed_age_s`: seconds
    since the last authenticated word, None if never. `next_contact`: when the next slot opens.
    `last_contact`: what became of the last one, in a sentence; empty if none. `last_contact_at`: when it was
    answered, or when the last slot that was not opened; None if none. `agree`: whether both records agree as far
    as both are known ("agree", "behind", "difference").
    """

    name: str
    id: str
    pair: str
    purpose: str
    is_order_wire: bool
    declared: str
    declared_detail: str
    observed: str
    observed_age_s: int | None
    our_size: int
    their_size: int
    their_receipt: int  # how much of our log their node has signed for
    waiting: int  # released, not entered
    next_contact: Seconds | None
    open_slot: Seconds | None
    ringing: bool
    last_contact: str
    last_contact_at: Seconds | None
    agree: str
    languages: tuple[str, ...]
    missing: int  # entries of theirs known to lack
    epoch: int  # of the keys under which we send
    epoch_since: Seconds | None  # when the EPOCH that began it was entered; None for the first
    their_epoch: int
    unhealed: bool  # a new epoch of ours is due, and no prekey of theirs is in stock


@dataclass(frozen=True, slots=True)
class RungView:
    state: str
    at: Seconds | None
    voucher: str


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message with its ladder. `ref` names it everywhere: LINE:ours|theirs:AUTHOR/NUMBER, or
    draft:N before release. `mark`: "sent before the cut, came after" and the like; empty mostly."""

    ref: str
    line: str
    ours: bool
    precedence: str
    state: str
    office: str
    language: str
    text: str
    subject: str
    in_whose_name: str
    form_of_address: str
    references: tuple[str, ...]
    said_at: Seconds
    heard_at: Seconds
    ladder: tuple[RungView, ...]
    mark: str
    missing_before: int
    acknowledged: bool
    proven: bool  # False: from their end; officer not yet proven
    check: str  # first 16 hex digits of the act id, for reading aloud; empty for a draft
    reply_by: Seconds | None = None
    stale_after: Seconds | None = None
    drafted_by: str = ""
    deadline: Seconds | None = None  # when the acknowledgement is due, by the accord's clocks
    delivery_deadline: Seconds | None = None  # of ours: when it is due at their end; None once it is there
    read_back: str = ""  # the words of the latest read-back, whoever's
    read_back_differs: tuple[str, ...] = ()  # numbers, times and positions of the text that it lacks
    sequence: int | None = None  # its place in the log of who said it; None while it waits
    offer: str = ""  # of a draft: 16 hex digits of what is offered for release, as `Desk.release` takes it


@dataclass(frozen=True, slots=True)
class DraftView:
    """A draft as it is being written. `ref`: draft:N, the same from the first key to the receipt. `line`: the name
    of the line it is to go on; what was typed for it, if that names no line, is in `fields`. `offered`: it waits
    for a release as it stands. `fields`: as typed, times too; keys as in `drafts.FIELDS`."""

    ref: str
    line: str
    line_id: str
    by: str
    begun_at: Seconds
    saved_at: Seconds
    offered: bool
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AlarmView:
    """A situation that needs a person's act, or soon will. `key`: the same as long as the situation is. `kind`: as
    in `alarms.KINDS`. `level`: "alarm" or "warning". `line`, `ref`: what it is of, empty for the end itself.
    `due`: when it gets worse by time alone."""

    key: str
    kind: str
    level: str
    line: str
    ref: str
    since: Seconds
    due: Seconds | None
    text: Sentence


@dataclass(frozen=True, slots=True)
class TermsView:
    """Terms on offer: to restore a line, an accord for a new one, an hour for announcements, an appointment.
    `opens_at`: the hour; `reserved`: what differs, the purpose, or what it is about."""

    ref: str  # first 16 hex digits of the terms hash
    line: str
    subject: str  # "restore", "accord", "announcement hour" or "appointment"
    opens_at: Seconds | None
    opening_contact: Seconds | None
    reserved: str
    ours: tuple[str, ...]  # offices of ours behind it
    theirs: tuple[str, ...]
    needed: int  # officers a side
    state: str  # "released, waits for a bearer", "offered", "agreed, not yet confirmed", "settled"
    authors: tuple[int, ...] = ()  # author numbers of the officers of ours behind it


@dataclass(frozen=True, slots=True)
class EntryView:
    """One entry for the record page."""

    party: str
    ours: bool
    sequence: int
    kind: str
    precedence: str
    by: str
    said_at: Seconds
    heard_at: Seconds
    check: str  # first 16 hex digits of the leaf hash
    words: str  # one line of what it says


@dataclass(frozen=True, slots=True)
class FaultView:
    """What the other party signed and should not have, or what its end sent that cannot be rebuilt. The bytes
    themselves are had apart, by `ref`."""

    ref: str  # first 16 hex digits of the SHA-256 of the evidence
    line: str
    heard_at: Seconds
    reason: str
    differs: bool  # it shows that the two records are not one
    kind: str  # "entry", or "frame": a layout as it was opened
    sequence: int | None  # of an entry, its place in the log it is of
    bytes: int


@dataclass(frozen=True, slots=True)
class FaultEvidenceView:
    """A fault with its evidence: the bytes as they were kept, in hex."""

    fault: FaultView
    evidence: str


@dataclass(frozen=True, slots=True)
class OfficerView:
    name: str
    author: int
    office: str
    precedence_max: str
    powers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StatusView:
    party: str
    fingerprint: str
    now: Seconds
    version: str
    pairs: tuple[tuple[str, str], ...]  # (our name for them, their fingerprint)
    bearers: tuple[tuple[str, bool], ...]  # (name, up)
    alarms: tuple[str, ...]  # what is wrong with this end and its records, in words; `Desk.alarms` has all
    unopened_frames: int
    watch: str | None  # the officer who has the watch
    lines: tuple[LineView, ...] = field(default=())
    watch_since: Seconds | None = None
