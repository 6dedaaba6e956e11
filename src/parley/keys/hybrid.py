"""X-Wing, the hybrid of ML-KEM-768 and X25519, inside HPKE (RFC 9180): seals 32 bytes to a public key.

KEM 0x647A (draft-connolly-cfrg-xwing-kem-06), HKDF-SHA256, AES-256-GCM, mode base, single shot. Sealed is
`enc || ciphertext`, 1,120 + 48 bytes. Used for the shares of a pairing and for the secrets of new epochs.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from parley.keys import chance

SEED_BYTES = 96
_MLKEM_SEED, _MLKEM_PUBLIC = 64, 1184
_HPKE = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


def new_seed() -> bytes:
    """The 96 bytes a key pair is made of: the seed of ML-KEM-768 and the scalar of X25519."""
    return chance.draw(SEED_BYTES)


def public_key(seed: bytes) -> bytes:
    """The public half, 1,216 bytes: ML-KEM-768, then X25519."""
    mlkem, x = _private(seed)
    return mlkem.public_key().public_bytes_raw() + x.public_key().public_bytes_raw()


def seal(public: bytes, secret: bytes, info: bytes) -> bytes:
    """`secret` sealed to a public key. Raises ValueError for a key that is none."""
    key = hpke.MLKEM768X25519PublicKey(
        MLKEM768PublicKey.from_public_bytes(public[:_MLKEM_PUBLIC]),
        X25519PublicKey.from_public_bytes(public[_MLKEM_PUBLIC:]),
    )
    return _HPKE.encrypt(secret, key, info=info)


def unseal(seed: bytes, sealed: bytes, info: bytes) -> bytes | None:
    """The secret in `sealed`, or None when it does not open."""
    try:
        return _HPKE.decrypt(sealed, hpke.MLKEM768X25519PrivateKey(*_private(seed)), info=info)
    except (InvalidTag, ValueError):
        return None


def _private(seed: bytes) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
    return (
        MLKEM768PrivateKey.from_seed_bytes(seed[:_MLKEM_SEED]),
        X25519PrivateKey.from_private_bytes(seed[_MLKEM_SEED:]),
    )
