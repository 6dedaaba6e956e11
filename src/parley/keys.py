"""The only room that sees private keys: at rest under Argon2id, in use behind a `Signer` (spec 3, 4).

Three kinds of secret, kept apart:

* the *home key* (file `home.key`, wrapped under the end's passphrase) opens the table of secrets in
  `keys.db`: node key, commitment and line masters, line secrets, the key trees of both directions;
* the *root key* (file `root.key`, wrapped under a passphrase of its own) signs cards and rosters;
* an *officer's key* (a file each in `officers/`) is wrapped under the officer's passphrase and needed
  only at the moment of signing. An unattended end runs on its node key alone.

What is erased here must not come back: the sending side reserves counters in blocks and keeps on disk
only keys above the block in use, so that no used key is on disk and no counter is used twice, whatever
moment a crash chooses. The receiving side erases a leaf in step with the commit of its plaintext.
This protects a stolen disk, not a subverted end; see docs/attacks.md.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import apsw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from parley.core import suite
from parley.core.errors import LocalError, RemoteError
from parley.core.suite import KeyTree
from parley.core.types import FIRST_INCARNATION, NONCE_BYTES, Card, Officer, Power, Precedence, Signed
from parley.core.wire import cbor
from parley.core.wire import entry as wire

SHARE_LABEL = "parley/share/1"
NODES_MAX = 4096  # of a key tree whose owner is the peer
BLOCK = 256  # counters reserved at once; a crash skips at most so many
COUNTER_MAX = 0xFFFFFFFF
_HPKE = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
_MLKEM_BYTES = 1184


@dataclass(frozen=True, slots=True)
class Cost:
    """What Argon2id costs (RFC 9106): memory in KiB, passes, lanes."""

    memory_kib: int = 65536
    passes: int = 3
    lanes: int = 1


class SecretTaken(LocalError):
    """The leaf from which the secret of a line would come was erased: another line had it."""


class Signer(Protocol):
    """Whatever can sign for one public key: a file now, a token behind the same method."""

    public_key: bytes

    def sign(self, message: bytes) -> bytes: ...


class FileSigner:
    """A signer whose 32-byte Ed25519 seed is in memory."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public_key = self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


def signed(signer: Signer, payload: bytes) -> Signed:
    """`payload` as a COSE_Sign1 of `signer`."""
    kid = suite.key_id(signer.public_key)
    return Signed(kid, payload, signer.sign(wire.to_be_signed(kid, payload)))


# --- at rest ----------------------------------------------------------------------------------


def wrap(secret: bytes, passphrase: str, cost: Cost) -> bytes:
    """`secret` wrapped under a passphrase: everything needed to unwrap it is in the bytes."""
    salt, nonce = os.urandom(16), os.urandom(12)
    sealed = AESGCMSIV(_stretched(passphrase, salt, cost)).encrypt(nonce, secret, b"parley/wrap/1")
    return cbor.encode(("parley/wrap/1", (cost.memory_kib, cost.passes, cost.lanes), salt, nonce, sealed))


def unwrap(wrapped: bytes, passphrase: str, whose: str) -> bytes:
    """The secret under a passphrase. Raises LocalError for a wrong passphrase or a broken file."""
    try:
        label, numbers, salt, nonce, sealed = cbor.array(cbor.decode(wrapped), 5, "wrapped key")
        memory, passes, lanes = (cbor.integer(n) for n in cbor.array(numbers, 3, "cost"))
        if label != "parley/wrap/1" or not (
            8 <= memory <= 1 << 21 and 1 <= passes <= 64 and 1 <= lanes <= 16
        ):
            raise RemoteError("not a wrapped key")
        key = _stretched(passphrase, cbor.octets(salt), Cost(memory, passes, lanes))
        return AESGCMSIV(key).decrypt(cbor.octets(nonce), cbor.octets(sealed), b"parley/wrap/1")
    except InvalidTag:
        raise LocalError(f"wrong passphrase for {whose}", "nothing was changed; try again") from None
    except (RemoteError, ValueError):
        raise LocalError(f"the key file of {whose} is damaged", "put back a copy of this file") from None


def read_credential(path: Path, *, of_service_manager: bool = False) -> str:
    """A passphrase from a file that only its owner may read; for an unattended start after a power cut.

    A credential `of_service_manager` lies in a folder that only this service may enter, and its access
    list shows as a right of the group. Raises LocalError when the file is missing, empty, open to others,
    or has more than one line.
    """
    others = stat.S_IRWXO if of_service_manager else stat.S_IRWXG | stat.S_IRWXO
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            if found.st_mode & others:
                raise LocalError(f"the passphrase file {path} may be read by others", f"chmod 600 {path}")
            if found.st_uid not in (os.getuid(), 0):
                raise LocalError(
                    f"the passphrase file {path} belongs to another user", f"chown it to uid {os.getuid()}"
                )
            words = file.read(4096).decode("utf-8").rstrip("\r\n")
    except OSError as e:
        raise LocalError(
            f"the passphrase file {path} cannot be read: {e.strerror}", "check the path"
        ) from None
    except UnicodeDecodeError:
        raise LocalError(
            f"the passphrase file {path} is not text", "write the passphrase on its first line"
        ) from None
    if not words:
        raise LocalError(f"the passphrase file {path} is empty", "write the passphrase on its first line")
    if "\n" in words:
        raise LocalError(
            f"the passphrase file {path} has more than one line",
            "leave the passphrase in it and nothing else",
        )
    return words


def _stretched(passphrase: str, salt: bytes, cost: Cost) -> bytes:
    stretch = Argon2id(
        salt=salt, length=32, iterations=cost.passes, lanes=cost.lanes, memory_cost=cost.memory_kib
    )
    try:
        return stretch.derive(passphrase.encode("utf-8"))
    except UnicodeEncodeError:
        raise LocalError("the passphrase holds what is no character", "type it again") from None


def write_private(path: Path, data: bytes) -> None:
    """`data` in a new file that only we may read, on the disk before this returns; no file when it fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        rest = memoryview(data)
        while rest:  # a disk that fills up takes a part, and refuses only the next
            rest = rest[os.write(handle, rest) :]
        os.fsync(handle)
    except OSError:
        path.unlink()
        raise
    finally:
        os.close(handle)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


# --- the secrets of an end --------------------------------------------------------------------


class KeyRoom:
    """The secrets of one end, open. One process at a time; the home's lock sees to that."""

    def __init__(self, home: Path, home_key: bytes, *, sync: bool = True) -> None:
        self._home = home
        self._aead = AESGCMSIV(home_key)
        self._sync, self._at_once = ("FULL" if sync else "OFF"), True
        try:
            self._db = apsw.Connection(str(home / "keys.db"))
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute(f"PRAGMA synchronous={self._sync}")
            self._db.execute("PRAGMA secure_delete=ON")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS secrets"
                " (name TEXT PRIMARY KEY, sealed BLOB NOT NULL) STRICT, WITHOUT ROWID"
            )
        except apsw.Error as e:
            raise _refused(e) from None
        self.node = FileSigner(self._need("node"))

    @classmethod
    def create(
        cls, home: Path, passphrase: str, root_passphrase: str, cost: Cost, *, sync: bool = True
    ) -> KeyRoom:
        """The key files of a new end. Raises FileExistsError if there are some, LocalError for a disk that
        refuses."""
        home_key = os.urandom(32)
        root_seed, aead = os.urandom(32), AESGCMSIV(home_key)
        fingerprint = suite.key_id(FileSigner(root_seed).public_key)
        write_private(home / "root.key", wrap(root_seed, root_passphrase, cost))
        database = home / "keys.db"
        os.close(os.open(database, os.O_CREAT | os.O_EXCL, 0o600))
        try:
            db = apsw.Connection(str(database))
            db.execute(
                "CREATE TABLE secrets (name TEXT PRIMARY KEY, sealed BLOB NOT NULL) STRICT, WITHOUT ROWID"
            )
            for name, secret in (("node", os.urandom(32)), ("root fingerprint", fingerprint)):
                db.execute("INSERT INTO secrets VALUES (?, ?)", (name, _seal(aead, name, secret)))
            db.close()
        except apsw.Error as e:
            raise _refused(e) from None
        write_private(home / "home.key", wrap(home_key, passphrase, cost))
        return cls(home, home_key, sync=sync)

    @classmethod
    def open(cls, home: Path, passphrase: str, *, sync: bool = True) -> KeyRoom:
        """The secrets of an end. Raises LocalError for a wrong passphrase."""
        try:
            wrapped = (home / "home.key").read_bytes()
        except OSError:
            raise LocalError(f"{home} is not the home of an end", "make one with: parley init") from None
        return cls(home, unwrap(wrapped, passphrase, "this end"), sync=sync)

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Several changes as one, on the disk when this returns."""
        try:
            self._wait_for_disk(True)
            with self._db:
                yield
        except apsw.Error as e:
            raise _refused(e) from None

    def get(self, name: str) -> bytes | None:
        """The secret kept under `name`, or None."""
        row = self._db.execute("SELECT sealed FROM secrets WHERE name = ?", (name,)).fetchone()
        if row is None:
            return None
        sealed = row[0]
        assert isinstance(sealed, bytes)
        try:
            return self._aead.decrypt(sealed[:12], sealed[12:], name.encode())
        except InvalidTag:
            raise LocalError(
                "the table of secrets is damaged or of another end", "rebuild this end"
            ) from None

    def put(self, name: str, secret: bytes, *, at_once: bool = True) -> None:
        """Keeps `secret` under `name`, over what was there; on the disk when this returns, or, not
        `at_once`, with the next that is. Raises LocalError when the disk refuses."""
        sealed = _seal(self._aead, name, secret)
        try:
            if not self._db.in_transaction:
                self._wait_for_disk(at_once)
            self._db.execute(
                "INSERT INTO secrets VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET sealed = ?2",
                (name, sealed),
            )
        except apsw.Error as e:
            raise _refused(e) from None

    def _wait_for_disk(self, at_once: bool) -> None:
        """Whether the next commit waits for the disk; not to be changed within one."""
        if at_once is not self._at_once and self._sync == "FULL":
            self._db.execute(f"PRAGMA synchronous={'FULL' if at_once else 'NORMAL'}")
            self._at_once = at_once

    def drop(self, name: str) -> None:
        """Erases what is kept under `name`; the freed page is overwritten."""
        try:
            self._db.execute("DELETE FROM secrets WHERE name = ?", (name,))
        except apsw.Error as e:
            raise _refused(e) from None

    def _need(self, name: str) -> bytes:
        secret = self.get(name)
        if secret is None:
            raise LocalError(f"the secret {name} is missing from this end", "rebuild this end")
        return secret

    def root(self, passphrase: str) -> FileSigner:
        """The party's root key. Raises LocalError for a wrong passphrase."""
        try:
            wrapped = (self._home / "root.key").read_bytes()
        except FileNotFoundError:
            raise LocalError("the root key is not here", "put root.key back for this one act") from None
        return FileSigner(unwrap(wrapped, passphrase, "the root key"))

    # --- pairing (spec 3.3)

    def make_card(self, party_name: str, root: Signer) -> bytes:
        """Our card for one pairing, signed and tagged; its private half stays here until the pairing ends."""
        mlkem, x = MLKEM768PrivateKey.generate(), X25519PrivateKey.generate()
        kem_key = mlkem.public_key().public_bytes_raw() + x.public_key().public_bytes_raw()
        card = Card(
            party_name,
            root.public_key,
            FIRST_INCARNATION,
            self.node.public_key,
            kem_key,
            os.urandom(NONCE_BYTES),
        )
        payload = wire.encode_card(card)
        self.put(f"pairing/{suite.sha256(payload).hex()}", mlkem.private_bytes_raw() + x.private_bytes_raw())
        return wire.encode_signed(signed(root, payload), tagged=True)

    def make_share(self, our_card: bytes, their_card: bytes, root: Signer) -> bytes:
        """Our share of the pairing secret, sealed to their card, signed and tagged. Twice gives the same
        share: kept until the pairing ends."""
        ours, theirs = _two_cards(our_card, their_card)
        transcript = suite.transcript_hash((wire.encode_card(ours), wire.encode_card(theirs)))
        name = f"share/{transcript.hex()}"
        share = self.get(name)
        if share is None:
            share = os.urandom(32)
            self.put(name, share)
        sealed = _HPKE.encrypt(share, _kem_public(theirs.kem_key), info=transcript)
        payload = cbor.encode((SHARE_LABEL, transcript, sealed))
        return wire.encode_signed(signed(root, payload), tagged=True)

    def finish_pairing(self, our_card: bytes, their_card: bytes, their_share: bytes) -> bytes:
        """Both shares make the pairing secret, which is split at once and kept nowhere; gives the
        transcript hash. Can be done again until `end_pairing`, so that no crash loses a pairing. Raises
        LocalError if the share is not for this pairing or does not open."""
        ours, theirs = _two_cards(our_card, their_card)
        payloads = (wire.encode_card(ours), wire.encode_card(theirs))
        transcript = suite.transcript_hash(payloads)
        sealed = _share_for(their_share, theirs.root_key, transcript)
        kem_name, share_name = f"pairing/{suite.sha256(payloads[0]).hex()}", f"share/{transcript.hex()}"
        secret, our_share = self.get(kem_name), self.get(share_name)
        if secret is None or our_share is None:
            raise LocalError(
                "this pairing was not begun here, or is finished", "begin a new one with: parley pair card"
            )
        private = hpke.MLKEM768X25519PrivateKey(
            MLKEM768PrivateKey.from_seed_bytes(secret[:64]), X25519PrivateKey.from_private_bytes(secret[64:])
        )
        try:
            opened = _HPKE.decrypt(sealed, private, info=transcript)
        except (InvalidTag, ValueError):
            raise LocalError(
                "their share does not open", "ask them to make it again from the same two cards"
            ) from None
        order = sorted(range(2), key=lambda i: suite.sha256(payloads[i]))
        shares = (our_share, opened)
        pairing = suite.pairing_secret(transcript, (shares[order[0]], shares[order[1]]))
        with self.turn():
            if self.get(f"master/{transcript.hex()}") is not None:
                return transcript  # done before a crash; leaves may be taken from it already
            self.put(f"commitment/{transcript.hex()}", suite.commitment_master(pairing))
            self.put(f"master/{transcript.hex()}", suite.encode_tree(suite.line_master(pairing)))
        return transcript

    def end_pairing(self, our_card: bytes, their_card: bytes) -> None:
        """Erases our share and the private half of our card, once the record knows the pair."""
        payloads = tuple(wire.encode_card(card) for card in _two_cards(our_card, their_card))
        with self.turn():
            self.drop(f"pairing/{suite.sha256(payloads[0]).hex()}")
            self.drop(f"share/{suite.transcript_hash(payloads).hex()}")
            self.drop("card")

    # --- lines

    def commitment_key(self, transcript: bytes, line: bytes) -> bytes:
        """The commitment key of a line."""
        return suite.commitment_key(self._need(f"commitment/{transcript.hex()}"), line)

    def make_line(self, transcript: bytes, line: bytes, ours: int, incarnations: tuple[int, int]) -> None:
        """Takes the line's secret from the line master, once, and begins both directions at epoch 0. The
        secret itself is kept nowhere: from it every key of that epoch could be had again.
        A line that is here already is left alone. Raises LocalError when the leaf is taken."""
        if self.get(f"send/{line.hex()}") is not None:
            return
        name = f"master/{transcript.hex()}"
        master = suite.decode_tree(self._need(name))
        try:
            secret = suite.line_secret(master, line)
        except KeyError:
            raise SecretTaken(
                "the secret of this line was taken by another", "offer the line again"
            ) from None
        with self.turn():
            self.put(f"later epochs/{line.hex()}", suite.later_epochs(secret, line))
            for way, sender in (("send", ours), ("receive", 1 - ours)):
                seed = suite.epoch_seed(secret, line, sender, incarnations, 0)
                self.put(f"{way}/{line.hex()}", _encode_chain(suite.epoch_tag(seed), 1, suite.key_tree(seed)))
            self.put(name, suite.encode_tree(suite.line_taken(master, line)))

    def sending(self, line: bytes) -> SendChain:
        """Our direction of a line."""
        return SendChain(self, f"send/{line.hex()}")

    def receiving(self, line: bytes) -> ReceiveChain:
        """Their direction of a line."""
        return ReceiveChain(self, f"receive/{line.hex()}")


class SendChain:
    """The keys of our direction: each counter once, counters from 1 upwards.

    On disk are only the keys above the block in use; the block's keys are in memory.
    """

    def __init__(self, room: KeyRoom, name: str) -> None:
        self._room, self._name = room, name
        stored = room.get(name)
        assert stored is not None, "a line has its keys before it is used"
        self.tag, self._reserved, self._tree = decode_chain(stored)
        self._block: list[bytes] = []
        self.next_counter = self._reserved

    def take(self) -> tuple[int, bytes]:
        """The next counter and the key of its frame; neither will be given again."""
        if not self._block:
            self._reserve()
        counter = self.next_counter
        self.next_counter += 1
        return counter, suite.frame_key(self._block.pop())

    def _reserve(self) -> None:
        first, end = self._reserved, min(self._reserved + BLOCK, COUNTER_MAX)
        if first >= end:
            raise LocalError(
                "the last counter of this epoch is used", "pair again; the hash-only epoch is not built yet"
            )
        rest = self._tree.without_below(end)
        self._room.put(self._name, _encode_chain(self.tag, end, rest))  # may fail: nothing is given then
        self._block = self._tree.leaves(first, end)[::-1]
        self._tree, self._reserved = rest, end


class ReceiveChain:
    """The keys of their direction: a leaf opens one frame and is erased."""

    def __init__(self, room: KeyRoom, name: str) -> None:
        self._room, self._name = room, name
        stored = room.get(name)
        assert stored is not None, "a line has its keys before it is used"
        self.tag, self._highest, self._tree = decode_chain(stored)
        self._changed = False

    @property
    def highest(self) -> int:
        """The highest counter heard; 0 for none."""
        return self._highest - 1

    def key(self, counter: int) -> bytes | None:
        """The key of a frame, or None when it was erased: the frame is one we already had."""
        try:
            return suite.frame_key(self._tree.leaf(counter))
        except KeyError:
            return None

    def erase(self, counter: int) -> None:
        """Erases the leaf in memory; `keep` puts that on disk, in step with the record's commit.

        A peer that scatters its counters could make us keep keys without end; past a limit the lowest
        quarter of what was never used is given up. An honest peer loses nothing by it: what it repeats
        comes under a new counter.
        """
        self._tree = self._tree.without(counter)
        if len(self._tree.nodes) > NODES_MAX:
            starts = sorted(prefix << (suite.TREE_DEPTH - depth) for depth, prefix, _ in self._tree.nodes)
            self._tree = self._tree.without_below(starts[len(starts) // 4])
        self._highest = max(self._highest, counter + 1)
        self._changed = True

    def erase_below(self, floor: int) -> None:
        """Erases all leaves below the floor they stated."""
        self._tree = self._tree.without_below(floor)
        self._changed = True

    def keep(self) -> None:
        """Overwrites what is on disk with what is in memory, if that changed.

        Without waiting for the disk: an erasure that a power cut undoes is done again by the next floor.
        """
        if self._changed:
            self._room.put(self._name, _encode_chain(self.tag, self._highest, self._tree), at_once=False)
            self._changed = False


# --- cards and shares -------------------------------------------------------------------------


def check_card(data: bytes) -> Card:
    """The card in `data`, a tagged COSE_Sign1 signed by the root key it names. Raises LocalError.

    1. It is one COSE_Sign1 of the subset, tagged.
    2. Root and node keys are fit to be keys.
    3. The signature holds under the root key.
    """
    try:
        card_signed = _untagged(data)  # 1
        card = wire.decode_card(card_signed.payload)
        suite.check_public_key(card.root_key)  # 2
        suite.check_public_key(card.node_key)
        _check(card_signed, card.root_key)  # 3
    except RemoteError as e:
        raise LocalError(f"this is not a usable card: {e.text}", "ask for the card again") from None
    return card


def _two_cards(our_card: bytes, their_card: bytes) -> tuple[Card, Card]:
    ours, theirs = check_card(our_card), check_card(their_card)
    if ours.root_key == theirs.root_key or ours.node_key == theirs.node_key:
        raise LocalError("this is our own card", "pair with the card of the other party")
    return ours, theirs


def _share_for(data: bytes, root_key: bytes, transcript: bytes) -> bytes:
    try:
        share = _untagged(data)
        _check(share, root_key)
        label, named, sealed = cbor.array(cbor.decode(share.payload), 3, "share")
        if label != SHARE_LABEL or named != transcript:
            raise RemoteError("it is for another pairing")
        return cbor.octets(sealed)
    except RemoteError as e:
        raise LocalError(
            f"this is not a usable share: {e.text}", "check that both used the same two cards"
        ) from None


def _untagged(data: bytes) -> Signed:
    if data[:1] != wire.COSE_SIGN1_TAG:
        raise RemoteError("it is not a tagged COSE_Sign1")
    return wire.decode_signed(cbor.decode(data[1:]))


def _check(found: Signed, key: bytes) -> None:
    if found.kid != suite.key_id(key) or not suite.verify(
        key, wire.to_be_signed(found.kid, found.payload), found.signature
    ):
        raise RemoteError("its signature does not verify")


def _kem_public(key: bytes) -> hpke.MLKEM768X25519PublicKey:
    return hpke.MLKEM768X25519PublicKey(
        MLKEM768PublicKey.from_public_bytes(key[:_MLKEM_BYTES]),
        X25519PublicKey.from_public_bytes(key[_MLKEM_BYTES:]),
    )


# --- officers ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OfficerFile:
    """An officer of our end: the log-in name, and what the roster says of the key."""

    name: str
    officer: Officer


def make_officer(
    home: Path,
    name: str,
    author: int,
    office: str,
    precedence_max: Precedence,
    powers: Power,
    passphrase: str,
    cost: Cost,
) -> OfficerFile:
    """A new officer with a key of their own. Raises LocalError when the name is taken."""
    if not name.isascii() or not name.replace("-", "").isalnum() or len(name) > 32:
        raise LocalError(f"{name!r} cannot be a log-in name", "use letters, digits and hyphens, at most 32")
    seed = os.urandom(32)
    officer = Officer(author, FileSigner(seed).public_key, office, precedence_max, powers)
    document = {
        "name": name,
        "author": author,
        "key": officer.key.hex(),
        "office": office,
        "precedence_max": int(precedence_max),
        "powers": int(powers),
        "wrapped": wrap(seed, passphrase, cost).hex(),
    }
    try:
        write_private(
            home / "officers" / f"{name}.json", json.dumps(document, ensure_ascii=False, indent=1).encode()
        )
    except FileExistsError:
        raise LocalError(f"there is an officer {name} already", "choose another log-in name") from None
    return OfficerFile(name, officer)


def officers(home: Path) -> tuple[OfficerFile, ...]:
    """Our officers, by author number."""
    found = [_officer_file(path)[0] for path in sorted((home / "officers").glob("*.json"))]
    return tuple(sorted(found, key=lambda o: o.officer.author))


def officer_signer(home: Path, name: str, passphrase: str) -> tuple[OfficerFile, Signer]:
    """An officer and the key, opened. Raises LocalError for an unknown name or a wrong passphrase."""
    path = home / "officers" / f"{name}.json"
    if len(name) > 32 or not name.replace("-", "").isalnum() or not path.exists():
        raise LocalError(f"there is no officer {name} at this end", "see: parley officer list")
    found, wrapped = _officer_file(path)
    return found, FileSigner(unwrap(wrapped, passphrase, name))


def _officer_file(path: Path) -> tuple[OfficerFile, bytes]:
    try:
        d = json.loads(path.read_bytes())
        officer = Officer(
            d["author"],
            bytes.fromhex(d["key"]),
            d["office"],
            Precedence(d["precedence_max"]),
            Power(d["powers"]),
        )
        return OfficerFile(d["name"], officer), bytes.fromhex(d["wrapped"])
    except (ValueError, KeyError, TypeError, RemoteError):
        raise LocalError(f"the officer file {path.name} is damaged", "put back a copy of this file") from None


# --- chains at rest ---------------------------------------------------------------------------


def _encode_chain(tag: bytes, counter: int, tree: KeyTree) -> bytes:
    return cbor.encode((tag, counter, suite.encode_tree(tree)))


def decode_chain(data: bytes) -> tuple[bytes, int, KeyTree]:
    """Epoch tag, next counter (sending) or one past the highest heard (receiving), and the key tree."""
    tag, counter, tree = cbor.array(cbor.decode(data), 3, "chain")
    return cbor.octets(tag), cbor.integer(counter), suite.decode_tree(cbor.octets(tree))


def _refused(error: apsw.Error) -> LocalError:
    if isinstance(error, apsw.FullError):
        return LocalError("the disk is full: keys cannot be kept", "free some space")
    return LocalError(f"the table of secrets cannot be used: {error}", "check the disk and its permissions")


def _seal(aead: AESGCMSIV, name: str, secret: bytes) -> bytes:
    nonce = os.urandom(12)
    return nonce + aead.encrypt(nonce, secret, name.encode())
