"""Signing: whatever can sign for one public key, and an act or statement signed by it."""

from __future__ import annotations

from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from parley.core import suite
from parley.core.types import Signed
from parley.core.wire import entry as wire


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
