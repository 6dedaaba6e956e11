"""The letter book of a principal: how many letters went each way with each counterpart (spec 15.5).

The number of a letter is its writer's; that both sides count alike comes from three facts inside each letter: its
number, the one before it, and the last of the other side's that was opened. From them a book tells whether a letter
is the next one, one that was opened before, a second one under one number, after a gap, or of another chain; and how
far our own were read when it was written. Nothing is refused for it: a gap is shown, and filled when what lacks comes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from parley.core.errors import RemoteError
from parley.core.instruments.sealed import OFFICE_BYTES_MAX, Letter, PrincipalCard
from parley.core.types import HASH_BYTES, U32, Value, exactly, text, within
from parley.core.wire import cbor

BOOK_LABEL: Final = "parley/letter-book/1"


class Told(StrEnum):
    """What a book tells of one letter that was opened."""

    IN_ORDER = "in order"  # (number): the next one, and it names the one before it
    OPENED_BEFORE = "opened before"  # the same letter again
    SECOND = "second under its number"  # not the letter that was opened under this number
    LATER = "before one that was opened"  # it fills a gap
    MISSING = "missing"  # (first, last): not opened, below this one
    CHAIN = "chain does not fit"  # (number): this one and the letter of that number do not name each other
    READ = "ours were read to"  # (number): what the writer had opened of ours; 0 for none
    UNREAD = "ours not yet read"  # (first, last)
    BEYOND = (
        "ours beyond this book"  # (number): they had opened a letter of ours that this book does not know
    )
    OTHER = "not the letter we sealed"  # (number): they had opened another one under a number of ours
    FEWER = "fewer than before"  # (number, number): read, as an earlier letter said, and as this one says


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a book tells, with its numbers."""

    told: Told
    numbers: tuple[int, ...] = ()


TROUBLES: Final = frozenset({Told.SECOND, Told.CHAIN, Told.BEYOND, Told.OTHER, Told.FEWER})
"""What no loss or delay explains: a copy of a book put back, or somebody who is not honest."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What is kept of a letter of theirs that was opened."""

    number: int
    commitment: bytes
    previous: bytes | None
    heard: tuple[int, bytes] | None

    def __post_init__(self) -> None:
        within("number of a letter", self.number, 1, U32)
        exactly("content commitment", self.commitment, HASH_BYTES)
        if self.previous is not None:
            exactly("hash of the letter before", self.previous, HASH_BYTES)
        if self.heard is not None:
            within("number of a letter", self.heard[0], 1, U32)
            exactly("hash of their letter", self.heard[1], HASH_BYTES)


@dataclass(frozen=True, slots=True)
class Thread:
    """Letters with one counterpart: the content commitments of ours in the order of their numbers, from 1, and
    theirs that were opened, by number."""

    counterpart: bytes
    office: str
    ours: tuple[bytes, ...] = ()
    theirs: tuple[Opened, ...] = ()

    def __post_init__(self) -> None:
        exactly("fingerprint", self.counterpart, HASH_BYTES)
        text("office", self.office, OFFICE_BYTES_MAX)
        for each in self.ours:
            exactly("content commitment", each, HASH_BYTES)
        names = [(each.number, each.commitment) for each in self.theirs]
        if names != sorted(set(names)):
            raise RemoteError("letters of a book repeat or are out of order")

    @property
    def last(self) -> Opened | None:
        """Theirs with the highest number that was opened; of two under it, the first by its commitment."""
        highest = max((each.number for each in self.theirs), default=0)
        return next((each for each in self.theirs if each.number == highest), None)

    @property
    def read_to(self) -> int:
        """How many of ours they have opened, by their own signed word; 0 for none."""
        return max(
            (each.heard[0] for each in self.theirs if each.heard and self._is_ours(each.heard)), default=0
        )

    def missing(self, below: int | None = None) -> tuple[tuple[int, int], ...]:
        """The numbers of theirs that were not opened, as (first, last), below a number or the highest opened."""
        top = below if below is not None else max((each.number for each in self.theirs), default=0)
        gaps, at = [], 1
        for number in sorted({each.number for each in self.theirs if each.number < top} | {top}):
            if number > at:
                gaps.append((at, number - 1))
            at = number + 1
        return tuple(gaps)

    def _is_ours(self, heard: tuple[int, bytes]) -> bool:
        return heard[0] <= len(self.ours) and self.ours[heard[0] - 1] == heard[1]


@dataclass(frozen=True, slots=True)
class Book:
    """The letter book of the principal whose fingerprint is `owner`."""

    owner: bytes
    threads: tuple[Thread, ...] = ()

    def __post_init__(self) -> None:
        exactly("fingerprint", self.owner, HASH_BYTES)
        names = [thread.counterpart for thread in self.threads]
        if names != sorted(set(names)):
            raise RemoteError("counterparts of a book repeat or are out of order")

    def thread(self, card: PrincipalCard) -> Thread:
        """The letters with the principal of a card; none yet, if it is not in the book."""
        found = (thread for thread in self.threads if thread.counterpart == card.fingerprint)
        return next(found, Thread(card.fingerprint, card.office))

    def sealed(self, card: PrincipalCard, commitment: bytes) -> Book:
        """The book with one letter of ours more."""
        thread = self.thread(card)
        return self._with(replace(thread, ours=(*thread.ours, commitment)))

    def opened(self, card: PrincipalCard, letter: Letter, commitment: bytes) -> Book:
        """The book in which this letter of theirs was opened; the same book if it was before."""
        thread = self.thread(card)
        one = Opened(letter.number, commitment, letter.previous, letter.heard)
        if any((each.number, each.commitment) == (one.number, one.commitment) for each in thread.theirs):
            return self
        theirs = sorted((*thread.theirs, one), key=lambda each: (each.number, each.commitment))
        return self._with(replace(thread, theirs=tuple(theirs)))

    def _with(self, thread: Thread) -> Book:
        others = (each for each in self.threads if each.counterpart != thread.counterpart)
        return replace(self, threads=tuple(sorted((*others, thread), key=lambda each: each.counterpart)))


def next_of_ours(thread: Thread) -> tuple[int, bytes | None, tuple[int, bytes] | None]:
    """What our next letter says of those before it: its number, the hash of our last, and the last of theirs."""
    last = thread.last
    return (
        len(thread.ours) + 1,
        thread.ours[-1] if thread.ours else None,
        None if last is None else (last.number, last.commitment),
    )


def judge(thread: Thread, letter: Letter, commitment: bytes) -> tuple[Finding, ...]:
    """What the book tells of a letter of theirs, before it is entered (spec 15.5)."""
    return (*_of_its_place(thread, letter, commitment), *_of_ours(thread, letter, commitment))


def _of_its_place(thread: Thread, letter: Letter, commitment: bytes) -> Iterable[Finding]:
    number, known = letter.number, {each.number for each in thread.theirs}
    same = [each for each in thread.theirs if each.number == number]
    if any(each.commitment == commitment for each in same):
        yield Finding(Told.OPENED_BEFORE)
        return
    found: list[Finding] = []
    if same:
        found.append(Finding(Told.SECOND, (number,)))
    elif known and number < max(known):
        found.append(Finding(Told.LATER))
    found += [Finding(Told.MISSING, gap) for gap in thread.missing(number)]
    if (number == 1) != (letter.previous is None) or (
        number - 1 in known and not _has(thread, number - 1, letter.previous)
    ):
        found.append(Finding(Told.CHAIN, (number - 1,)))
    after = [each for each in thread.theirs if each.number == number + 1]
    if after and all(each.previous != commitment for each in after):
        found.append(Finding(Told.CHAIN, (number + 1,)))
    yield from found or [Finding(Told.IN_ORDER, (number,))]


def _has(thread: Thread, number: int, commitment: bytes | None) -> bool:
    return any(each.number == number and each.commitment == commitment for each in thread.theirs)


def _of_ours(thread: Thread, letter: Letter, commitment: bytes) -> Iterable[Finding]:
    number, named = letter.heard or (0, b"")
    if number > len(thread.ours):
        yield Finding(Told.BEYOND, (number,))
        return
    if number and thread.ours[number - 1] != named:
        yield Finding(Told.OTHER, (number,))
        return
    if number or thread.ours:
        yield Finding(Told.READ, (number,))
    if number < len(thread.ours):
        yield Finding(Told.UNREAD, (number + 1, len(thread.ours)))
    earlier = (e for e in thread.theirs if e.number < letter.number and e.commitment != commitment)
    before = max((e.heard[0] for e in earlier if e.heard is not None), default=0)
    if before > number:
        yield Finding(Told.FEWER, (before, number))


# --- as a file --------------------------------------------------------------------------------


def encode_book(book: Book) -> bytes:
    """The one encoding of a book. Raises RemoteError for one that could not be read again."""
    data = cbor.encode((BOOK_LABEL, book.owner, tuple(_thread_value(thread) for thread in book.threads)))
    if len(data) > cbor.SIZE_MAX:
        raise RemoteError("the letter book is full")
    return data


def read_book(data: bytes) -> Book:
    """The book in `data`. Raises RemoteError."""
    label, owner, threads = cbor.array(cbor.decode(data), 3, "letter book")
    if label != BOOK_LABEL:
        raise RemoteError("it is not a letter book")
    return Book(cbor.octets(owner), tuple(_thread(each) for each in cbor.items(threads)))


def _thread_value(thread: Thread) -> Value:
    theirs = tuple((each.number, each.commitment, each.previous, each.heard) for each in thread.theirs)
    return thread.counterpart, thread.office, thread.ours, theirs


def _thread(value: Value) -> Thread:
    counterpart, office, ours, theirs = cbor.array(value, 4, "thread of a letter book")
    return Thread(
        cbor.octets(counterpart),
        cbor.string(office),
        tuple(cbor.octets(each) for each in cbor.items(ours)),
        tuple(_opened(each) for each in cbor.items(theirs)),
    )


def _opened(value: Value) -> Opened:
    number, commitment, previous, heard = cbor.array(value, 4, "letter of a letter book")
    return Opened(
        cbor.integer(number),
        cbor.octets(commitment),
        None if previous is None else cbor.octets(previous),
        None if heard is None else _heard(heard),
    )


def _heard(value: Value) -> tuple[int, bytes]:
    number, commitment = cbor.array(value, 2, "last letter of ours")
    return cbor.integer(number), cbor.octets(commitment)
