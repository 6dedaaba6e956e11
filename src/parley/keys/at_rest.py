"""Secrets in files: wrapped under a passphrase (Argon2id), readable by their owner alone."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from parley.core.errors import LocalError, RemoteError, Sentence
from parley.core.wire import cbor
from parley.keys import chance

_MEMORY_KIB_MAX = 1 << 18  # a damaged file must not make us take more


@dataclass(frozen=True, slots=True)
class Cost:
    """What Argon2id costs (RFC 9106): memory in KiB, passes, lanes."""

    memory_kib: int = 65536
    passes: int = 3
    lanes: int = 1


def wrap(secret: bytes, passphrase: str, cost: Cost) -> bytes:
    """`secret` wrapped under a passphrase: everything needed to unwrap it is in the bytes."""
    salt, nonce = chance.draw(16), chance.draw(12)
    sealed = AESGCMSIV(_stretched(passphrase, salt, cost)).encrypt(nonce, secret, b"parley/wrap/1")
    return cbor.encode(("parley/wrap/1", (cost.memory_kib, cost.passes, cost.lanes), salt, nonce, sealed))


def unwrap(wrapped: bytes, passphrase: str, whose: str) -> bytes:
    """The secret under a passphrase. Raises LocalError for a wrong passphrase or a broken file."""
    try:
        label, numbers, salt, nonce, sealed = cbor.array(cbor.decode(wrapped), 5, "wrapped key")
        memory, passes, lanes = (cbor.integer(n) for n in cbor.array(numbers, 3, "cost"))
        if label != "parley/wrap/1" or not (
            8 <= memory <= _MEMORY_KIB_MAX and 1 <= passes <= 16 and 1 <= lanes <= 16
        ):
            raise RemoteError("not a wrapped key")
        key = _stretched(passphrase, cbor.octets(salt), Cost(memory, passes, lanes))
        return AESGCMSIV(key).decrypt(cbor.octets(nonce), cbor.octets(sealed), b"parley/wrap/1")
    except InvalidTag:
        raise LocalError(
            Sentence("wrong passphrase for {whose}", whose=whose), "nothing was changed; try again"
        ) from None
    except (RemoteError, ValueError):
        raise LocalError(
            Sentence("the key file of {whose} is damaged", whose=whose), "put back a copy of this file"
        ) from None


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
    if not path.parent.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _sync_folder(path.parent.parent)
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
    _sync_folder(path.parent)


def _sync_folder(path: Path) -> None:
    """What was made in a folder is there after a power cut."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
