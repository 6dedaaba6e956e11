"""X-Wing and HPKE over it, base mode, single shot (spec 3.3), from ML-KEM, X25519 and AES-GCM."""

import hashlib
import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from otherend.refused import Refused, check

X_WING_LABEL = bytes.fromhex("5c2e2f2f5e5c")  # as drawn in the draft: \.//^\
KEM, KDF, AEAD = 0x647A, 0x0001, 0x0002
SUITE_ID = b"HPKE" + b"".join(number.to_bytes(2, "big") for number in (KEM, KDF, AEAD))


class Private:
    """The private half: 64 bytes for ML-KEM-768 (d, z) and 32 for X25519, which X-Wing expands from a seed of 32."""

    def __init__(self, kem_seed: bytes, scalar: bytes) -> None:
        self.kem = MLKEM768PrivateKey.from_seed_bytes(kem_seed)
        self.curve = X25519PrivateKey.from_private_bytes(scalar)

    @classmethod
    def from_seed(cls, seed: bytes) -> "Private":
        expanded = hashlib.shake_256(seed).digest(96)
        return cls(expanded[:64], expanded[64:])

    @property
    def public(self) -> bytes:
        return self.kem.public_key().public_bytes_raw() + self.curve.public_key().public_bytes_raw()

    def shared(self, enc: bytes) -> bytes:
        kem_text, point = enc[:1088], enc[1088:]
        from_kem = self.kem.decapsulate(kem_text)
        from_curve = self.curve.exchange(X25519PublicKey.from_public_bytes(point))
        return hashlib.sha3_256(from_kem + from_curve + point + self.public[-32:] + X_WING_LABEL).digest()


def extract(salt: bytes, label: bytes, ikm: bytes) -> bytes:
    return hmac.digest(salt, b"HPKE-v1" + SUITE_ID + label + ikm, "sha256")


def expand(key: bytes, label: bytes, info: bytes, size: int) -> bytes:
    told = size.to_bytes(2, "big") + b"HPKE-v1" + SUITE_ID + label + info
    return hmac.digest(key, told + b"\x01", "sha256")[:size]


def unseal(private: Private, sealed: bytes, info: bytes, rule: str) -> bytes:
    """Opens `enc || ciphertext` of 32 bytes of plaintext."""
    check(len(sealed) == 1168, rule, "not 1,168 bytes")
    plain = opened(private, sealed, info)
    if plain is None:
        raise Refused(rule, "the sealed secret does not open")
    return plain


def opened(private: Private, sealed: bytes, info: bytes) -> bytes | None:
    """The plaintext of `enc || ciphertext`, of any length; None when it does not open."""
    try:
        shared = private.shared(sealed[:1120])
        context = b"\x00" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
        secret = extract(shared, b"secret", b"")
        key, nonce = expand(secret, b"key", context, 32), expand(secret, b"base_nonce", context, 12)
        return AESGCM(key).decrypt(nonce, sealed[1120:], b"")
    except (InvalidTag, ValueError):
        return None
