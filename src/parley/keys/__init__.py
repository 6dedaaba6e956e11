"""The only room that sees private keys: at rest under Argon2id, in use behind a `Signer` (spec 3, 4, 14).

Three kinds of secret, kept apart:

* the *home key* (file `home.key`, wrapped under the end's passphrase) opens the table of secrets: node key,
  commitment and line masters, the chains of epochs of both directions, the private halves of prekeys;
* the *root key* (file `root.key`, wrapped under a passphrase of its own) signs cards and rosters;
* an *officer's key* (a file each in `officers/`) is wrapped under the officer's passphrase.

A module for each: `at_rest` (files under passphrases), `signing`, `cards`, `officers`, `table` (the table and
its erasure points), `chains` (epochs and frame keys), `prekeys`, `hybrid` (X-Wing), `chance`. Here is what holds
them together: the secrets of one end, open, and how a pairing and a line come by theirs.

This protects a stolen disk, not a subverted end; see docs/attacks.md.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from parley.core import suite
from parley.core.errors import LocalError
from parley.core.types import FIRST_INCARNATION, NONCE_BYTES, Card, PartyIndex
from parley.core.wire import cbor
from parley.core.wire import entry as wire
from parley.keys import chance, hybrid
from parley.keys.at_rest import Cost, read_credential, unwrap, wrap, write_private
from parley.keys.cards import SHARE_LABEL, check_card, share_for, two_cards
from parley.keys.chains import NO_SECRET, Direction, ReceiveChain, SendChain, Taken, first_rows, trees
from parley.keys.officers import OfficerFile, make_officer, officer, officer_signer, officers
from parley.keys.prekeys import Prekeys
from parley.keys.signing import FileSigner, Signer, signed
from parley.keys.table import SecretTable

__all__ = [
    "NO_SECRET",
    "Cost", "Direction", "FileSigner", "KeyRoom", "OfficerFile", "Prekeys", "ReceiveChain", "SecretTaken", "SendChain",
    "Signer", "Taken", "check_card", "make_officer", "officer", "officer_signer", "officers", "read_credential",
    "signed", "trees", "unwrap", "wrap", "write_private",
]  # fmt: skip


class SecretTaken(LocalError):
    """The leaf from which the secret of a line would come was erased: another line had it."""


class KeyRoom:
    """The secrets of one end, open. One process at a time; the home's lock sees to that.

    `erasure_due`: something was dropped that an erasure point should make final soon.
    """

    def __init__(self, home: Path, home_key: bytes, *, sync: bool = True) -> None:
        self._home = home
        self.table = SecretTable(home, home_key, sync=sync)
        self.erasure_due = True  # what a crash left between a change and its erasure point
        self.node = FileSigner(self._need("node"))

    @classmethod
    def create(
        cls, home: Path, passphrase: str, root_passphrase: str, cost: Cost, *, sync: bool = True
    ) -> KeyRoom:
        """The key files of a new end. Raises FileExistsError if there are some, LocalError for a disk that
        refuses."""
        home_key, root_seed = chance.draw(32), chance.draw(32)
        fingerprint = suite.key_id(FileSigner(root_seed).public_key)
        write_private(home / "root.key", wrap(root_seed, root_passphrase, cost))
        SecretTable.create(home, home_key, {"node": chance.draw(32), "root fingerprint": fingerprint})
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
        self.table.close()

    def turn(self) -> AbstractContextManager[None]:
        """Several changes as one, on the disk when this returns."""
        return self.table.turn()

    def get(self, name: str) -> bytes | None:
        """The secret kept under `name`, or None."""
        return self.table.get(name)

    def put(self, name: str, secret: bytes) -> None:
        """Keeps `secret` under `name`, over what was there; on the disk when this returns."""
        self.table.put(name, secret)

    def erase(self) -> None:
        """An erasure point: what was dropped or written over before is gone from the disk."""
        self.table.erase()
        self.erasure_due = False

    def note_sizes(self, sizes: dict[bytes, int]) -> None:
        """Remembers how far our logs have come, by line, so that a record put back from a copy is noticed."""
        self.put("own sizes", cbor.encode(tuple(sorted(sizes.items()))))

    def noted_sizes(self) -> dict[bytes, int]:
        """What `note_sizes` remembered last."""
        pairs = (
            cbor.array(item, 2, "size") for item in cbor.items(cbor.decode(self.get("own sizes") or b"\x80"))
        )
        return {cbor.octets(line): cbor.integer(size) for line, size in pairs}

    def _need(self, name: str) -> bytes:
        secret = self.table.get(name)
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
        seed = hybrid.new_seed()
        card = Card(
            party_name,
            root.public_key,
            FIRST_INCARNATION,
            self.node.public_key,
            hybrid.public_key(seed),
            chance.draw(NONCE_BYTES),
        )
        payload = wire.encode_card(card)
        self.put(f"pairing/{suite.sha256(payload).hex()}", seed)
        return wire.encode_signed(signed(root, payload), tagged=True)

    def make_share(self, our_card: bytes, their_card: bytes, root: Signer) -> bytes:
        """Our share of the pairing secret, sealed to their card, signed and tagged. Twice gives the same
        share: kept until the pairing ends."""
        ours, theirs = two_cards(our_card, their_card)
        transcript = suite.transcript_hash((wire.encode_card(ours), wire.encode_card(theirs)))
        name = f"share/{transcript.hex()}"
        share = self.get(name)
        if share is None:
            share = chance.draw(32)
            self.put(name, share)
        sealed = hybrid.seal(theirs.kem_key, share, transcript)
        payload = cbor.encode((SHARE_LABEL, transcript, sealed))
        return wire.encode_signed(signed(root, payload), tagged=True)

    def finish_pairing(self, our_card: bytes, their_card: bytes, their_share: bytes) -> bytes:
        """Both shares make the pairing secret, which is split at once and kept nowhere; gives the
        transcript hash. Can be done again until `end_pairing`, so that no crash loses a pairing. Raises
        LocalError if the share is not for this pairing or does not open."""
        ours, theirs = two_cards(our_card, their_card)
        payloads = (wire.encode_card(ours), wire.encode_card(theirs))
        transcript = suite.transcript_hash(payloads)
        sealed = share_for(their_share, theirs.root_key, transcript)
        kem_name, share_name = f"pairing/{suite.sha256(payloads[0]).hex()}", f"share/{transcript.hex()}"
        secret, our_share = self.get(kem_name), self.get(share_name)
        if secret is None or our_share is None:
            raise LocalError(
                "this pairing was not begun here, or is finished", "begin a new one with: parley pair card"
            )
        opened = hybrid.unseal(secret, sealed, transcript)
        if opened is None:
            raise LocalError("their share does not open", "ask them to make it again from the same two cards")
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
        payloads = tuple(wire.encode_card(card) for card in two_cards(our_card, their_card))
        with self.turn():
            self.table.drop(f"pairing/{suite.sha256(payloads[0]).hex()}")
            self.table.drop(f"share/{suite.transcript_hash(payloads).hex()}")
            self.table.drop("card")
        self.erasure_due = True

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
        sending, _ = first_rows(Direction(line, ours, incarnations), secret)
        _, receiving = first_rows(Direction(line, 1 - ours, incarnations), secret)
        with self.turn():
            self.put(f"later epochs/{line.hex()}", suite.carried_value(secret, line))
            self.put(f"send/{line.hex()}", sending)
            self.put(f"receive/{line.hex()}", receiving)
            self.put(name, suite.encode_tree(suite.line_taken(master, line)))
        self.erasure_due = True

    def first_carried(self, line: bytes) -> bytes:
        """The carried value of epoch 0, which stands for the line secret in every later root key."""
        return self._need(f"later epochs/{line.hex()}")

    def sending(self, line: bytes, ours: PartyIndex, incarnations: tuple[int, int]) -> SendChain:
        """Our direction of a line."""
        return SendChain(self.table, Direction(line, ours, incarnations))

    def receiving(self, line: bytes, ours: PartyIndex, incarnations: tuple[int, int]) -> ReceiveChain:
        """Their direction of a line."""
        return ReceiveChain(self.table, Direction(line, 1 - ours, incarnations))

    def seal_secret(self, prekey: bytes, secret: bytes, info: bytes) -> bytes | None:
        """The secret of a new epoch, sealed to a prekey of theirs; None if that is no key."""
        try:
            return hybrid.seal(prekey, secret, info)
        except ValueError:
            return None

    def prekeys(self, order_wire: bytes) -> Prekeys:
        """The prekeys we have made for one pair, by the id of its line 0."""
        return Prekeys(self.table, order_wire)
