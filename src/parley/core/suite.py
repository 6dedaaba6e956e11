"""The cryptographic suite, number 1 (spec 4): the only file in core that imports a crypto library.

Ed25519, SHA-256, HKDF-SHA256, AES-256-GCM-SIV, and two trees made of HMAC-SHA256. There is no
negotiation: the accord names the suite, and one key has one purpose under one label of the registry
below. What no library makes from given entropy (the HPKE seals of pairing) is made in `keys`.

Nothing here has had an outside cryptographic review.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from parley.core.errors import RemoteError
from parley.core.types import U32, Value
from parley.core.wire import cbor

# The registry of labels (spec 1.4). One purpose, one label, never reused.
LABEL_LINE = "parley/line/1"
LABEL_TRANSCRIPT = "parley/transcript/1"
LABEL_PAIRING = "parley/pairing/1"
LABEL_COMMITMENT_MASTER = "parley/commitment-master/1"
LABEL_LINE_MASTER = "parley/line-master/1"
LABEL_COMMITMENT_KEY = "parley/commitment-key/1"
LABEL_LINE_SECRET = "parley/line-secret/1"
LABEL_SALT = "parley/salt/1"
LABEL_FIELD = "parley/field/1"
LABEL_LATER_EPOCHS = "parley/later-epochs/1"
LABEL_HASH_ONLY = "parley/hash-only/1"
LABEL_ROOT_KEY = "parley/root-key/1"
LABEL_EPOCH_SECRET = "parley/epoch-secret/1"
LABEL_EPOCH = "parley/epoch/1"
LABEL_EPOCH_TAG = "parley/epoch-tag/1"
LABEL_FRAME_KEY = "parley/frame-key/1"
LABELS = (
    LABEL_LINE,
    LABEL_TRANSCRIPT,
    LABEL_PAIRING,
    LABEL_COMMITMENT_MASTER,
    LABEL_LINE_MASTER,
    LABEL_COMMITMENT_KEY,
    LABEL_LINE_SECRET,
    LABEL_SALT,
    LABEL_FIELD,
    LABEL_LATER_EPOCHS,
    LABEL_HASH_ONLY,
    LABEL_ROOT_KEY,
    LABEL_EPOCH_SECRET,
    LABEL_EPOCH,
    LABEL_EPOCH_TAG,
    LABEL_FRAME_KEY,
)
TREE_DEPTH = 32
_ZERO_NONCE = bytes(12)


def sha256(data: bytes) -> bytes:
    """SHA-256 of `data`, 32 bytes (FIPS 180-4)."""
    return hashlib.sha256(data).digest()


def key_id(key: bytes) -> bytes:
    """The COSE key id of an Ed25519 public key: SHA-256 of its 32 raw bytes; also its fingerprint."""
    return sha256(key)


def hkdf(secret: bytes, salt: bytes, info: bytes, size: int = 32) -> bytes:
    """HKDF-SHA256, extract and expand (RFC 5869): `size` bytes."""
    return HKDF(hashes.SHA256(), size, salt, info).derive(secret)


def expand(key: bytes, *info: Value, size: int = 32) -> bytes:
    """HKDF-Expand with a uniform `key`, `size` bytes, at most 32: one block (RFC 5869 section 2.3), which the
    standard library gives ten times faster than an object made for each. The info is the CBOR array of label and
    context."""
    assert size <= 32, "one block is enough for every key here"
    return hmac.digest(key, cbor.encode(info) + b"\x01", "sha256")[:size]


# --- Ed25519 ----------------------------------------------------------------------------------

_P = 2**255 - 19
_D = -121665 * pow(121666, _P - 2, _P) % _P


def _small_order() -> frozenset[int]:
    """The y coordinates of the eight points of small order (RFC 8032 section 5.1).

    y = 1 and y = -1 (order 1 and 2), y = 0 (order 4), and the two y of order 8, which are the
    square roots of the roots of d*z^2 + 2*z - 1, z = y^2: doubling such a point gives y = 0.
    """
    root = pow(1 + _D, (_P + 3) // 8, _P)
    if root * root % _P != (1 + _D) % _P:  # pragma: no branch  (the curve's constants choose one way)
        root = root * pow(2, (_P - 1) // 4, _P) % _P
    found = {0, 1, _P - 1}
    for sign in (1, -1):
        z = (-1 + sign * root) * pow(_D, _P - 2, _P) % _P
        y = pow(z, (_P + 3) // 8, _P)
        if y * y % _P != z:  # pragma: no branch
            y = y * pow(2, (_P - 1) // 4, _P) % _P
        if y * y % _P == z:  # pragma: no branch
            found |= {y, _P - y}
    return frozenset(found)


_SMALL_ORDER_Y = _small_order()


@lru_cache(maxsize=256)  # a roster is folded again and again; what is refused is not kept
def check_public_key(key: bytes) -> bytes:
    """`key`, if it is a canonical Ed25519 public key of large order. Raises RemoteError otherwise.

    A library accepts any message under a key of small order, so such keys are refused where a key
    is enrolled: in a card, in a roster, beside an act of an author not known yet.
    """
    if len(key) != 32:
        raise RemoteError("public key is not 32 bytes long")
    y = int.from_bytes(key, "little") & (1 << 255) - 1
    if y >= _P:
        raise RemoteError("public key is not in its canonical encoding")
    if y in _SMALL_ORDER_Y:
        raise RemoteError("public key is of small order")
    # x^2 = (y^2 - 1) / (d y^2 + 1); a quotient is a square exactly if the product is, and the divisor is never 0
    if pow((y * y - 1) * (_D * y * y + 1), (_P - 1) // 2, _P) != 1:
        raise RemoteError("public key is not a point of the curve")
    return key


def verify(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` is `key`'s over `message`: RFC 8032, canonical, cofactorless.

    `key` has passed `check_public_key`; a key that is no point counts as a signature that fails.
    """
    try:
        _public_key(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@lru_cache(maxsize=256)
def _public_key(key: bytes) -> Ed25519PublicKey:
    """The library's form of a key: a record has many signatures of few keys. Raises ValueError."""
    return Ed25519PublicKey.from_public_bytes(key)


# --- sealing ----------------------------------------------------------------------------------


def seal(key: bytes, associated: bytes, plain: bytes) -> bytes:
    """AES-256-GCM-SIV under a key used once, nonce zero (RFC 8452): ciphertext and 16-byte tag."""
    return AESGCMSIV(key).encrypt(_ZERO_NONCE, plain, associated)


def unseal(key: bytes, associated: bytes, sealed: bytes) -> bytes:
    """The plain text of `seal`. Raises RemoteError when it does not open."""
    try:
        return AESGCMSIV(key).decrypt(_ZERO_NONCE, sealed, associated)
    except (InvalidTag, ValueError):
        raise RemoteError("frame does not open") from None


# --- the puncturable tree of keys (spec 4.4) --------------------------------------------------


@dataclass(frozen=True, slots=True)
class KeyTree:
    """A depth-32 tree of HMAC-SHA256 keys from which leaves can be erased for good (GGM).

    `nodes` maps (depth, prefix) to a 32-byte key; a leaf can still be derived if an ancestor is
    there. Erasing a leaf replaces its ancestor by the siblings on the way down, so that a gap of any
    length costs at most 32 nodes and no jump has a limit.
    """

    nodes: tuple[tuple[int, int, bytes], ...]

    def leaf(self, index: int) -> bytes:
        """The key of leaf `index`, 32 bytes. Raises KeyError when it was erased."""
        depth, key = self._ancestor(index)
        for bit in range(TREE_DEPTH - depth - 1, -1, -1):
            key = _child(key, index >> bit & 1)
        return key

    def leaves(self, first: int, end: int) -> list[bytes]:
        """The keys of the leaves in [first, end), in order. Raises KeyError when one was erased."""
        found: list[bytes] = []
        stack = sorted(self.nodes, key=lambda n: n[1] << (TREE_DEPTH - n[0]), reverse=True)
        while stack:
            depth, prefix, key = stack.pop()
            span = TREE_DEPTH - depth
            if prefix << span >= end or (prefix + 1) << span <= first:
                continue
            if depth == TREE_DEPTH:
                found.append(key)
            else:
                stack += [(depth + 1, prefix << 1 | side, _child(key, side)) for side in (1, 0)]
        if len(found) != end - first:
            raise KeyError(first)
        return found

    def without(self, index: int) -> KeyTree:
        """The tree that can no longer derive leaf `index`; the same tree if it could not before."""
        try:
            depth, key = self._ancestor(index)
        except KeyError:
            return self
        kept = [n for n in self.nodes if not (n[0] == depth and n[1] == index >> (TREE_DEPTH - depth))]
        for bit in range(TREE_DEPTH - depth - 1, -1, -1):
            side = index >> bit & 1
            kept.append((TREE_DEPTH - bit, (index >> bit) ^ 1, _child(key, side ^ 1)))
            key = _child(key, side)
        return KeyTree(tuple(kept))

    def without_below(self, floor: int) -> KeyTree:
        """The tree that can derive no leaf below `floor`: the reaction to a stated floor."""
        kept: list[tuple[int, int, bytes]] = []
        stack = list(self.nodes)
        while stack:
            depth, prefix, key = stack.pop()
            span = TREE_DEPTH - depth
            if prefix << span >= floor:
                kept.append((depth, prefix, key))
            elif (prefix + 1) << span > floor:
                stack += [(depth + 1, prefix << 1 | side, _child(key, side)) for side in (0, 1)]
        return KeyTree(tuple(kept))

    def _ancestor(self, index: int) -> tuple[int, bytes]:
        for depth, prefix, key in self.nodes:
            if index >> (TREE_DEPTH - depth) == prefix:
                return depth, key
        raise KeyError(index)


def key_tree(seed: bytes) -> KeyTree:
    """The whole tree under a 32-byte seed."""
    return KeyTree(((0, 0, seed),))


def encode_tree(tree: KeyTree) -> bytes:
    """A tree as it is kept, sealed, at one's own end; not on the wire."""
    return cbor.encode(tree.nodes)


def decode_tree(data: bytes) -> KeyTree:
    """The tree from `encode_tree`. Raises RemoteError."""
    nodes = cbor.decode(data)
    if not isinstance(nodes, tuple):
        raise RemoteError("key tree is not an array")
    return KeyTree(tuple(_tree_node(node) for node in nodes))


def _tree_node(value: Value) -> tuple[int, int, bytes]:
    depth, prefix, key = cbor.array(value, 3, "node of a key tree")
    if not (isinstance(depth, int) and isinstance(prefix, int) and isinstance(key, bytes)):
        raise RemoteError("node of a key tree is malformed")
    return depth, prefix, key


def _child(key: bytes, side: int) -> bytes:
    return hmac.digest(key, b"\x01" if side else b"\x00", "sha256")


# --- derivations (spec 3 and 4.3) -------------------------------------------------------------


def transcript_hash(card_payloads: Iterable[bytes]) -> bytes:
    """The hash of a pair: over both card payloads, sorted by their SHA-256."""
    return sha256(cbor.encode((LABEL_TRANSCRIPT, *sorted(card_payloads, key=sha256))))


def line_id(transcript: bytes, name: str, nonce: bytes) -> bytes:
    """The id of a line; line 0 has the empty name and a zero nonce of 16 bytes."""
    return sha256(cbor.encode((LABEL_LINE, transcript, name, nonce)))


def pairing_secret(transcript: bytes, shares: tuple[bytes, bytes]) -> bytes:
    """From both parties' 32-byte shares, in the order of the parties."""
    return hkdf(shares[0] + shares[1], transcript, cbor.encode((LABEL_PAIRING,)))


def commitment_master(secret: bytes) -> bytes:
    """The half of the pairing secret that a back-up may hold."""
    return expand(secret, LABEL_COMMITMENT_MASTER)


def line_master(secret: bytes) -> KeyTree:
    """The half that no back-up holds: a key tree, so that the secret of a line can be erased from it
    once taken, in whatever order lines are made at the two ends."""
    return key_tree(expand(secret, LABEL_LINE_MASTER))


def line_secret(master: KeyTree, line: bytes) -> bytes:
    """The secret of a line: from the leaf at the first 32 bits of its id. Raises KeyError once taken."""
    return expand(master.leaf(int.from_bytes(line[:4], "big")), LABEL_LINE_SECRET, line)


def line_taken(master: KeyTree, line: bytes) -> KeyTree:
    """The master from which the secret of `line` can no longer be derived."""
    return master.without(int.from_bytes(line[:4], "big"))


def carried_value(root_key: bytes, line: bytes) -> bytes:
    """What is kept of an epoch's root key for that of the next: it gives back nothing of its own epoch."""
    return expand(root_key, LABEL_LATER_EPOCHS, line)


def reserve(root_key: bytes, line: bytes, sender: int) -> bytes:
    """What a hash-only epoch after the last counter would come from (spec 14.1)."""
    return expand(root_key, LABEL_HASH_ONLY, line, sender)


def next_root_key(carried: bytes, new: bytes, theirs: bytes, first_carried: bytes, leaf: bytes) -> bytes:
    """The root key of the epoch that an EPOCH with this leaf hash begins (spec 14.1). `new`: the secret it
    carries; `theirs`: that of the other log's last EPOCH it acknowledges, or 32 zero bytes."""
    return hkdf(new + theirs + first_carried, carried, cbor.encode((LABEL_ROOT_KEY, leaf)))


def epoch_secret_info(
    line: bytes, sender: int, incarnations: tuple[int, int], epoch: int, batch: int, index: int
) -> bytes:
    """What the seal of a new secret is bound to."""
    return cbor.encode((LABEL_EPOCH_SECRET, line, sender, incarnations, epoch, batch, index))


def commitment_key(master: bytes, line: bytes) -> bytes:
    """The key of a line from which the salts of its fields come."""
    return expand(master, LABEL_COMMITMENT_KEY, line)


def epoch_seed(root_key: bytes, line: bytes, sender: int, incarnations: tuple[int, int], epoch: int) -> bytes:
    """The seed of one direction of a line; incarnations in the order of the parties. Of a hash-only epoch
    the reserve stands for the root key."""
    return expand(root_key, LABEL_EPOCH, 1, line, sender, incarnations, epoch)


def epoch_tag(seed: bytes) -> bytes:
    """The four clear bytes that name an epoch and direction; 0 is reserved, so it is stepped over."""
    step = 0
    while True:
        tag = expand(seed, LABEL_EPOCH_TAG, step, size=4)
        if tag != b"\0\0\0\0":
            return tag
        step += 1  # pragma: no cover  (one tag in 2^32 is four zero bytes)


def frame_key(leaf: bytes) -> bytes:
    """The key that seals one frame, from its leaf."""
    return expand(leaf, LABEL_FRAME_KEY)


def salt(key: bytes, party: int, author: int, number: int, index: int) -> bytes:
    """The salt of one field of an act."""
    return expand(key, LABEL_SALT, party, author, number, index)


def node_salt(key: bytes, party: int, incarnation: int, sequence: int, index: int) -> bytes:
    """The salt of one field of a statement."""
    return expand(key, LABEL_SALT, party, 0xFFFF, incarnation, sequence, index)


def field_hash(kind: int, count: int, index: int, field_salt: bytes, field: Value) -> bytes:
    """The hash of one field, which can be disclosed alone and not as another."""
    return sha256(cbor.encode((LABEL_FIELD, kind, count, index, field_salt, field)))


@lru_cache(maxsize=256)
def field_heads(kind: int, count: int) -> tuple[bytes, ...]:
    """What the bytes that are hashed of each field of a body begin with, up to its salt; the salt follows, and the
    field as it is encoded."""
    heads = (cbor.encode((LABEL_FIELD, kind, count, index, b"", None)) for index in range(count))
    return tuple(head.removesuffix(cbor.encode(b"") + cbor.encode(None)) for head in heads)


assert U32 == (1 << TREE_DEPTH) - 1
