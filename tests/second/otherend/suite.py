"""Spec 4 and the derivations of spec 3: keys from keys. Only single primitives come from a library."""

import hmac
from collections.abc import Sequence
from functools import cache, lru_cache

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from otherend import cbor
from otherend.refused import Refused, check
from otherend.tree import sha

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P


def expand(key: bytes, info: list[object], size: int = 32) -> bytes:
    """HKDF-Expand of at most one block (SU-5)."""
    return hmac.digest(key, cbor.encode(info) + b"\x01", "sha256")[:size]


def hkdf(ikm: bytes, salt: bytes, info: list[object]) -> bytes:
    return expand(hmac.digest(salt, ikm, "sha256"), info)


# --- Ed25519


@cache  # a transcript is told in more than one order
def verify(key: bytes, signature: bytes, message: bytes) -> bool:
    """SU-1. The library compares R as bytes and refuses s >= L, as the vectors of cctv show."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True


def check_key(key: bytes) -> None:
    """SU-2: a point of the curve in its one encoding, and none of the eight of small order."""
    check(len(key) == 32, "SU-2", "no key")
    number = int.from_bytes(key, "little")
    sign, y = number >> 255, number % 2**255
    check(y < P, "SU-2", "y too large")
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    check(x * x % P == square and not (x == 0 and sign), "SU-2", "no point of the curve")
    point = (x, y)
    for _ in range(3):
        point = _double(point)
    check(point != (0, 1), "SU-2", "a point of small order")


@lru_cache
def is_key(key: bytes) -> bool:
    try:
        check_key(key)
    except Refused:
        return False
    return True


def _double(point: tuple[int, int]) -> tuple[int, int]:
    x, y = point
    t = D * x * x * y * y
    return 2 * x * y * pow(1 + t, -1, P) % P, (y * y + x * x) * pow(1 - t, -1, P) % P


def key_id(key: bytes) -> bytes:
    return sha(key)


# --- sealing


def seal(key: bytes, plain: bytes, associated: bytes) -> bytes:
    return AESGCMSIV(key).encrypt(bytes(12), plain, associated)


def unseal(key: bytes, sealed: bytes, associated: bytes) -> bytes:
    try:
        return AESGCMSIV(key).decrypt(bytes(12), sealed, associated)
    except (InvalidTag, ValueError):
        raise Refused("SU-3", "the seal does not hold") from None


# --- the key tree


class Tree:
    """Kept nodes by (depth, prefix): the `prefix` are the first `depth` bits of every leaf below (SU-6 to SU-8)."""

    def __init__(self, seed: bytes) -> None:
        self.nodes = {(0, 0): seed}

    def leaf(self, index: int) -> bytes | None:
        """None once erased."""
        for depth in range(33):
            key = self.nodes.get((depth, index >> 32 - depth))
            if key is not None:
                for bit in range(31 - depth, -1, -1):
                    key = hmac.digest(key, bytes([index >> bit & 1]), "sha256")
                return key
        return None

    def erase(self, index: int) -> None:
        for depth in range(33):
            key = self.nodes.pop((depth, index >> 32 - depth), None)
            if key is not None:
                for below in range(depth + 1, 33):
                    turn = index >> 32 - below
                    self.nodes[below, turn ^ 1] = hmac.digest(key, bytes([~turn & 1]), "sha256")
                    key = hmac.digest(key, bytes([turn & 1]), "sha256")
                return

    def erase_below(self, floor: int) -> None:
        if floor == 0:
            return
        self.erase(floor - 1)  # now no kept node spans the floor
        self.nodes = {(d, p): key for (d, p), key in self.nodes.items() if p << 32 - d >= floor}


# --- pairing, lines, epochs


def transcript_of(payloads: Sequence[bytes]) -> tuple[bytes, list[bytes]]:
    """The transcript, and the payloads in the order of the parties (PA-3, PA-4)."""
    ordered = sorted(payloads, key=sha)
    return sha(cbor.encode(["parley/transcript/1", *ordered])), ordered


def line_id(transcript: bytes, name: str, nonce: bytes) -> bytes:
    return sha(cbor.encode(["parley/line/1", transcript, name, nonce]))


def order_wire(transcript: bytes) -> bytes:
    return line_id(transcript, "", bytes(16))


def pairing_secret(shares: Sequence[bytes], transcript: bytes) -> bytes:
    return hkdf(shares[0] + shares[1], transcript, ["parley/pairing/1"])


def commitment_master(pairing: bytes) -> bytes:
    return expand(pairing, ["parley/commitment-master/1"])


def line_master_seed(pairing: bytes) -> bytes:
    return expand(pairing, ["parley/line-master/1"])


def line_secret(master: Tree, line: bytes) -> bytes:
    """Takes the leaf, which is erased with it (PA-9)."""
    index = int.from_bytes(line[:4], "big")
    leaf = master.leaf(index)
    check(leaf is not None, "PA-9", "this leaf is erased already")
    master.erase(index)
    return expand(leaf, ["parley/line-secret/1", line])


def commitment_key(master: bytes, line: bytes) -> bytes:
    return expand(master, ["parley/commitment-key/1", line])


def epoch_seed(root: bytes, line: bytes, sender: int, incarnations: Sequence[int], epoch: int) -> bytes:
    return expand(root, ["parley/epoch/1", 1, line, sender, list(incarnations), epoch])


def epoch_tag(seed: bytes) -> bytes:
    step = 0
    while (tag := expand(seed, ["parley/epoch-tag/1", step], 4)) == bytes(4):
        step += 1
    return tag


def frame_key(leaf: bytes) -> bytes:
    return expand(leaf, ["parley/frame-key/1"])


def act_salt(key: bytes, party: int, author: int, number: int, index: int) -> bytes:
    return expand(key, ["parley/salt/1", party, author, number, index])


def statement_salt(key: bytes, party: int, incarnation: int, sequence: int, index: int) -> bytes:
    return expand(key, ["parley/salt/1", party, 65535, incarnation, sequence, index])
