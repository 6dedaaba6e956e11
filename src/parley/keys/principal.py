"""Principals: a key file under a passphrase, a letter book beside it, and letters sealed and opened (spec 15).

A principal's key never lies at an end: nothing of the node, the desk or the record is known here, and a machine
without a network has all it takes. The key file carries the card in the clear and three secrets wrapped as an
officer's key is: the private half that letters are opened with, the seed that signs, and the key of the book.

The book is written before anything leaves: a number that is lost shows as a gap, a number given twice would be two
letters under one name. Two commands at once are kept apart by a lock on the key file.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from parley.core.errors import LocalError, RemoteError, Sentence
from parley.core.instruments import letter_book, sealed
from parley.core.instruments.letter_book import Book, Finding
from parley.core.instruments.sealed import Content, Header, Letter, PrincipalCard
from parley.core.types import Seconds
from parley.core.wire import cbor
from parley.core.wire import entry as wire
from parley.keys import chance, hybrid
from parley.keys.at_rest import Cost, unwrap, wrap, write_private
from parley.keys.signing import FileSigner, signed

KEY_LABEL: Final = "parley/principal-key/1"
BOOK_FILE_LABEL: Final = "parley/letter-book-file/1"
KEY_SUFFIX, BOOK_SUFFIX = ".principal", ".book"
KEY_FILE_BYTES_MAX: Final = 1 << 16
_NONCE_BYTES: Final = 12
_SEED_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Principal:
    """A principal whose key was opened: whoever has this reads its letters and signs as it."""

    card: PrincipalCard
    signer: FileSigner
    sealing_seed: bytes
    book_key: bytes


@dataclass(frozen=True, slots=True)
class SealedLetter:
    """A letter of ours. `data`: the sealed letter as a file. `signed`: as it was signed, for our own files."""

    data: bytes
    letter: Letter
    signed: bytes
    commitment: bytes


@dataclass(frozen=True, slots=True)
class OpenedLetter:
    """A letter of theirs. `findings`: what the book told of it before it was entered."""

    letter: Letter
    signed: bytes
    commitment: bytes
    findings: tuple[Finding, ...]


# --- the key file -----------------------------------------------------------------------------


def make_principal(path: Path, office: str, passphrase: str, cost: Cost) -> PrincipalCard:
    """A new principal in the new file `path`, with an empty letter book beside it. Raises LocalError."""
    seed, sealing_seed, book_key = chance.draw(_SEED_BYTES), hybrid.new_seed(), chance.draw(_SEED_BYTES)
    signer = FileSigner(seed)
    try:
        payload = sealed.card_payload(office, hybrid.public_key(sealing_seed), signer.public_key)
    except RemoteError as e:
        raise LocalError(e.text, "give another office; nothing was made") from None
    card = sealed.read_card(wire.encode_signed(signed(signer, payload), tagged=True))
    secret = cbor.encode((KEY_LABEL, sealing_seed, seed, book_key))
    document = {
        "format": KEY_LABEL,
        "office": card.office,
        "fingerprint": card.fingerprint.hex(),
        "card": card.data.hex(),
        "wrapped": wrap(secret, passphrase, cost).hex(),
    }
    book = _sealed_book(Principal(card, signer, sealing_seed, book_key), Book(card.fingerprint))
    files = (path, json.dumps(document, ensure_ascii=False, indent=1).encode()), (book_path(path), book)
    try:
        for where, _ in files:
            if where.exists():
                raise FileExistsError(where)
        for where, data in files:
            write_private(where, data)
    except FileExistsError:
        raise LocalError(Sentence("{file} exists already", file=where.name), "choose another name") from None
    return card


def unlock_principal(path: Path, passphrase: str) -> Principal:
    """The principal of a key file. Raises LocalError for a wrong passphrase and for a file that is damaged, also if
    the card that lies in it in the clear is not of its keys."""
    try:
        with path.open("rb") as file:
            data = file.read(KEY_FILE_BYTES_MAX + 1)
        document = json.loads(data[:KEY_FILE_BYTES_MAX])
        wrapped, card_data = bytes.fromhex(document["wrapped"]), bytes.fromhex(document["card"])
        card = sealed.read_card(card_data)
    except OSError as e:
        raise LocalError(
            Sentence("{file} cannot be read: {why}", file=path.name, why=e.strerror or e), "check the path"
        ) from None
    except (ValueError, KeyError, TypeError, RecursionError, RemoteError):
        raise _damaged(path) from None
    secret = unwrap(wrapped, passphrase, path.name)
    try:
        label, sealing_seed, seed, book_key = cbor.array(cbor.decode(secret), 4, "principal")
        sizes = len(cbor.octets(sealing_seed)), len(cbor.octets(seed)), len(cbor.octets(book_key))
        if label != KEY_LABEL or sizes != (hybrid.SEED_BYTES, _SEED_BYTES, _SEED_BYTES):
            raise RemoteError("not the key of a principal")
        found = Principal(
            card, FileSigner(cbor.octets(seed)), cbor.octets(sealing_seed), cbor.octets(book_key)
        )
        ours = hybrid.public_key(found.sealing_seed), found.signer.public_key
    except (RemoteError, ValueError):
        raise _damaged(path) from None
    if ours != (card.sealing_key, card.signing_key):
        raise _damaged(path)
    return found


def _damaged(path: Path) -> LocalError:
    return LocalError(
        Sentence("the key file of {whose} is damaged", whose=path.name), "put back a copy of this file"
    )


# --- letters ----------------------------------------------------------------------------------


def seal(
    principal: Principal, book: Book, to: PrincipalCard, content: Content, written_at: Seconds
) -> tuple[SealedLetter, Book]:
    """`content` as the next letter to a principal, and the book with it. Raises LocalError.

    The book is kept before the letter leaves.
    """
    if to.fingerprint == principal.card.fingerprint:
        raise LocalError("this is our own card", "give the card of the addressee")
    number, previous, heard = letter_book.next_of_ours(book.thread(to))
    try:
        letter = Letter(
            chance.draw(sealed.SALT_BYTES),
            principal.card.fingerprint,
            to.fingerprint,
            number,
            previous,
            heard,
            written_at,
            content,
        )
        written = wire.encode_signed(signed(principal.signer, sealed.letter_payload(letter)), tagged=True)
        commitment = sealed.commitment(written)
        header = Header(letter.sender, letter.addressee, number, commitment)
        closed = hybrid.seal(to.sealing_key, sealed.padded(written), sealed.header_bytes(header))
        after = book.sealed(to, commitment)
        letter_book.encode_book(after)
    except RemoteError as e:
        raise LocalError(
            Sentence("the letter cannot be sealed: {why}", why=e.text), "nothing was sealed"
        ) from None
    except ValueError:
        raise LocalError(
            "the sealing key of this card is no key", "ask for the card again; nothing was sealed"
        ) from None
    return SealedLetter(sealed.encode_sealed(header, closed), letter, written, commitment), after


def open_letter(
    principal: Principal, book: Book, sender: PrincipalCard, data: bytes
) -> tuple[OpenedLetter, Book]:
    """The letter in a sealed letter's bytes, and the book with it. Raises LocalError when it is not from `sender` to
    us, whole and as it was sealed; nothing is refused for its number, which `findings` tell of."""
    try:
        header, closed = sealed.read_sealed(data)
        if header.addressee != principal.card.fingerprint:
            raise RemoteError("it is addressed to another key")
        if header.sender != sender.fingerprint:
            raise RemoteError("it says to be from another than this card")
        plain = hybrid.unseal(principal.sealing_seed, closed, sealed.header_bytes(header))
        if plain is None:
            raise RemoteError("it does not open: it was altered, or sealed to another key")
        letter, written = sealed.check_inside(header, plain, sender)
        thread = book.thread(sender)
        found = letter_book.judge(thread, letter, header.commitment)
        after = book.opened(sender, letter, header.commitment)
        letter_book.encode_book(after)
    except RemoteError as e:
        raise LocalError(
            Sentence("this is not a letter that can be trusted: {why}", why=e.text),
            "nothing of it is shown; ask for the letter again, and compare the fingerprints",
        ) from None
    return OpenedLetter(letter, written, header.commitment, found), after


# --- the letter book --------------------------------------------------------------------------


def book_path(key_path: Path) -> Path:
    """Where the letter book of a key file lies: beside it."""
    return key_path.with_suffix(BOOK_SUFFIX)


class HeldBook:
    """The letter book of a principal, held under a lock: `book` as it is on the disk, `keep` to replace it."""

    def __init__(self, principal: Principal, path: Path) -> None:
        self._principal, self._path = principal, path
        self.book = _read_book(principal, path)

    def keep(self, book: Book) -> None:
        """`book` on the disk in place of the one before, whole or not at all."""
        if book == self.book:
            return
        aside = self._path.with_name(f"{self._path.name}.{chance.draw(6).hex()}.new")
        write_private(aside, _sealed_book(self._principal, book))
        try:
            os.replace(aside, self._path)
        except OSError:
            aside.unlink(missing_ok=True)
            raise
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self.book = book


@contextmanager
def held_book(principal: Principal, key_path: Path) -> Iterator[HeldBook]:
    """The letter book beside a key file, while no other command has it. Raises LocalError."""
    with key_path.open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield HeldBook(principal, book_path(key_path))


def begin_book(principal: Principal, key_path: Path) -> None:
    """An empty letter book beside a key file whose own is lost. Raises LocalError when there is one."""
    try:
        write_private(book_path(key_path), _sealed_book(principal, Book(principal.card.fingerprint)))
    except FileExistsError:
        raise LocalError("there is a letter book already", "it was left as it is") from None


def _sealed_book(principal: Principal, book: Book) -> bytes:
    nonce = chance.draw(_NONCE_BYTES)
    associated = _book_associated(principal)
    closed = AESGCMSIV(principal.book_key).encrypt(nonce, letter_book.encode_book(book), associated)
    return cbor.encode((BOOK_FILE_LABEL, nonce, closed))


def _read_book(principal: Principal, path: Path) -> Book:
    try:
        with path.open("rb") as file:
            data = file.read(cbor.SIZE_MAX + 1)
    except FileNotFoundError:
        raise LocalError(
            Sentence("the letter book {file} is not there", file=path.name),
            "put it back beside the key; if it is lost for good: parley letter book --anew",
        ) from None
    except OSError as e:
        raise LocalError(
            Sentence("{file} cannot be read: {why}", file=path.name, why=e.strerror or e), "check the path"
        ) from None
    try:
        label, nonce, closed = cbor.array(cbor.decode(data), 3, "letter book")
        if label != BOOK_FILE_LABEL:
            raise RemoteError("not a letter book")
        associated = _book_associated(principal)
        plain = AESGCMSIV(principal.book_key).decrypt(cbor.octets(nonce), cbor.octets(closed), associated)
        book = letter_book.read_book(plain)
        if book.owner != principal.card.fingerprint:
            raise RemoteError("of another principal")
    except (InvalidTag, RemoteError, ValueError):
        raise LocalError(
            Sentence("the letter book {file} is damaged, or not of this key", file=path.name),
            "put back the newest copy of it",
        ) from None
    return book


def _book_associated(principal: Principal) -> bytes:
    return cbor.encode((BOOK_FILE_LABEL, principal.card.fingerprint))
