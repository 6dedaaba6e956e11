"""The floor of a message: what the disk, the signature and one TLS round trip cost without anything of Parley.

Two bare asyncio processes on loopback. The sender signs a record of 300 bytes (Ed25519), writes it, waits for
fdatasync, and only then lets it out, as Parley does. The receiver verifies it, writes it, waits for fdatasync, and
answers with a receipt it has signed. The sender verifies the receipt, writes it and waits for fdatasync: that ends the
clock. Several records that lie in one piece of the stream are synced together, at either side: so the floor too
commits in groups when 32 are in flight, and gets no worse chance than what is measured against it. A receipt is
still signed, written and answered for each record.

Both files lie in the folder given, which is beside the homes of the ends: the same disk. `Floor` drives the two
processes and is used as `with Floor(place) as floor: floor.talk(count, flying)`.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ipaddress
import json
import os
import ssl
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.x509.oid import NameOID

RECORD_BYTES = 300
SIGNATURE_BYTES = 64
NUMBER_BYTES = 8
SIGNED_BYTES = RECORD_BYTES + SIGNATURE_BYTES
RECEIPT_BYTES = NUMBER_BYTES + SIGNATURE_BYTES
SENDER, RECEIVER = bytes([1]) * 32, bytes([2]) * 32  # the two keys: of a bench, and known to both


@dataclass(frozen=True)
class Talked:
    """What one run took: milliseconds from submission to durable receipt, in order; seconds in all; CPU of both."""

    waited_ms: list[float]
    lasted_s: float
    cpu_s: float


class Floor:
    """Two processes that do the least that has to be done; up while the `with` lasts."""

    def __init__(self, place: Path) -> None:
        place.mkdir(parents=True, exist_ok=True)
        _certificate(place)
        with contextlib.ExitStack() as begun:
            self._receiver = begun.enter_context(_process("receive", place))
            port = json.loads(_line(self._receiver))["port"]
            self._sender = begun.enter_context(_process("send", place, str(port)))
            _line(self._sender)
            self._ends = begun.pop_all()

    def __enter__(self) -> Floor:
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()

    def talk(self, count: int, flying: int) -> Talked:
        """Sends so many records, so many of them at once in flight."""
        stdin = self._sender.stdin
        assert stdin is not None
        before = self._used_s()
        stdin.write(json.dumps([count, flying]).encode() + b"\n")
        stdin.flush()
        found = json.loads(_line(self._sender))
        return Talked(found["waited_ms"], found["lasted_s"], self._used_s() - before)

    def _used_s(self) -> float:
        return cpu_s(self._receiver.pid) + cpu_s(self._sender.pid)


def cpu_s(pid: int) -> float:
    """The processor time a process has used, its own and that spent for it in the kernel, in seconds."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def _process(*words: str | Path) -> Iterator[subprocess.Popen[bytes]]:
    made = subprocess.Popen(
        [sys.executable, "-m", "bench.floor", *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        yield made
    finally:
        made.kill()
        made.wait()
        for pipe in (made.stdin, made.stdout):
            assert pipe is not None
            pipe.close()


def _line(process: subprocess.Popen[bytes]) -> bytes:
    pipe: IO[bytes] | None = process.stdout
    assert pipe is not None
    found = pipe.readline()
    if not found:
        raise RuntimeError(f"a process of the floor ended with {process.wait()}")
    return found


def _certificate(place: Path) -> None:
    """A certificate for loopback and its key, both in one file."""
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (place / "floor.pem").write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))


# --- in the two processes ---------------------------------------------------------------------


class _Kept:
    """A file that grows; `append` returns when what was written would survive a power cut."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_APPEND, 0o600)

    def append(self, data: bytes) -> None:
        os.write(self._file, data)
        os.fdatasync(self._file)


class _Pieces(asyncio.Protocol):
    """A stream cut into pieces of one length; all that have come are handed over together."""

    def __init__(self, length: int, take: Callable[[asyncio.Transport, list[bytes]], None]) -> None:
        self._length, self._take, self._rest = length, take, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        whole = len(data) - len(data) % self._length
        self._rest = data[whole:]
        if whole:
            self._take(
                self._transport, [data[at : at + self._length] for at in range(0, whole, self._length)]
            )


async def _receive(place: Path) -> None:
    kept, key = _Kept(place / "received"), Ed25519PrivateKey.from_private_bytes(RECEIVER)
    theirs = Ed25519PrivateKey.from_private_bytes(SENDER).public_key()

    def take(transport: asyncio.Transport, records: list[bytes]) -> None:
        for record in records:
            theirs.verify(record[RECORD_BYTES:], record[:RECORD_BYTES])
        kept.append(b"".join(records))
        numbers = [record[:NUMBER_BYTES] for record in records]
        transport.write(b"".join(number + key.sign(number) for number in numbers))

    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(place / "floor.pem")
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Pieces(SIGNED_BYTES, take), "127.0.0.1", 0, ssl=tls)
    _told({"port": server.sockets[0].getsockname()[1]})
    await server.serve_forever()


class _Sending:
    """The sender: keeps so many in flight, and knows when each was submitted and when its receipt was durable."""

    def __init__(self, place: Path) -> None:
        self._kept = _Kept(place / "sent")
        self._key = Ed25519PrivateKey.from_private_bytes(SENDER)
        self._theirs: Ed25519PublicKey = Ed25519PrivateKey.from_private_bytes(RECEIVER).public_key()
        self._number = 0
        self._begun: dict[int, float] = {}

    def begin(self, transport: asyncio.Transport, count: int, flying: int) -> asyncio.Future[list[float]]:
        self._left, self._waited = count, list[float]()
        self._done: asyncio.Future[list[float]] = asyncio.get_running_loop().create_future()
        self._submit(transport, min(count, flying))
        return self._done

    def _submit(self, transport: asyncio.Transport, count: int) -> None:
        records = deque[bytes]()
        for _ in range(count):
            self._number += 1
            self._begun[self._number] = time.perf_counter()
            record = self._number.to_bytes(NUMBER_BYTES, "big").ljust(RECORD_BYTES, b"r")
            records.append(record + self._key.sign(record))
        self._left -= count
        data = b"".join(records)
        self._kept.append(data)
        transport.write(data)

    def take(self, transport: asyncio.Transport, receipts: list[bytes]) -> None:
        for receipt in receipts:
            self._theirs.verify(receipt[NUMBER_BYTES:], receipt[:NUMBER_BYTES])
        self._kept.append(b"".join(receipts))
        now = time.perf_counter()
        for receipt in receipts:
            self._waited.append((now - self._begun.pop(int.from_bytes(receipt[:NUMBER_BYTES], "big"))) * 1000)
        if self._left:
            self._submit(transport, min(self._left, len(receipts)))
        elif not self._begun:
            self._done.set_result(self._waited)


async def _send(place: Path, port: int) -> None:
    sending = _Sending(place)
    tls = ssl.create_default_context(cafile=str(place / "floor.pem"))
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_connection(
        lambda: _Pieces(RECEIPT_BYTES, sending.take), "127.0.0.1", port, ssl=tls
    )
    _told({})
    while asked := await loop.run_in_executor(None, sys.stdin.readline):
        count, flying = json.loads(asked)
        begun = time.perf_counter()
        waited = await sending.begin(transport, count, flying)
        _told({"waited_ms": waited, "lasted_s": time.perf_counter() - begun})


def _told(value: object) -> None:
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "receive":
        asyncio.run(_receive(Path(sys.argv[2])))
    else:
        asyncio.run(_send(Path(sys.argv[2]), int(sys.argv[3])))
