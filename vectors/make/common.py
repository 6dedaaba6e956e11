"""What the makers of vectors share: fixed keys, one pair of parties, and how a scenario is written.

A seed is the SHA-256 of a name; there is no clock and no chance, so the files come out the same each time.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from parley.core import record, suite
from parley.core.types import (
    POWERS_ALL,
    Act,
    Body,
    Card,
    ClockQuality,
    Entry,
    Officer,
    Precedence,
    Seen,
    Signed,
    Stamp,
    Statement,
)
from parley.core.wire import entry as wire

VECTORS = Path(__file__).resolve().parents[1]
STAMP = Stamp(1_795_262_400, ClockQuality.DISCIPLINED)


def write(folder: str, name: str, what: str, cites: str, outcome: str, **fields: object) -> None:
    """One scenario, one outcome: `good`, or `refused` and then named by its defect."""
    path = VECTORS / folder / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    scenario = {
        "what": what,
        "spec": cites.split(),
        "outcome": outcome,
        **{k: plain(v) for k, v in fields.items()},
    }
    path.write_text(json.dumps(scenario, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def plain(value: object) -> object:
    """A value as JSON: bytes as hex, arrays as lists."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return value


def seed(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()


def public(name: str) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed(name)).public_key().public_bytes_raw()


def sign(name: str, payload: bytes) -> Signed:
    kid = suite.key_id(public(name))
    key = Ed25519PrivateKey.from_private_bytes(seed(name))
    return Signed(kid, payload, key.sign(wire.to_be_signed(kid, payload)))


def card(side: str) -> Card:
    kem = b"".join(seed(f"kem {side} {i}") for i in range(38))
    name = {"a": "Party A", "b": "을 측"}[side]
    return Card(name, public(f"root {side}"), 1, public(f"node {side}"), kem, seed(f"nonce {side}")[:16])


SIDES = tuple(sorted("ab", key=lambda side: suite.sha256(wire.encode_card(card(side)))))  # by party index
CARDS = tuple(card(side) for side in SIDES)
PAYLOADS = tuple(wire.encode_card(c) for c in CARDS)
TRANSCRIPT = suite.transcript_hash(PAYLOADS)
SHARES = (seed("share 0"), seed("share 1"))
PAIRING_SECRET = suite.pairing_secret(TRANSCRIPT, SHARES)
ORDER_WIRE = suite.line_id(TRANSCRIPT, "", bytes(16))
LINE_NAME, LINE_NONCE = "Hotline", seed("line nonce")[:16]
LINE = suite.line_id(TRANSCRIPT, LINE_NAME, LINE_NONCE)
MASTER = suite.line_master(PAIRING_SECRET)
LINE_SECRET = suite.line_secret(MASTER, LINE)
COMMITMENT_MASTER = suite.commitment_master(PAIRING_SECRET)
KEYS = {line: suite.commitment_key(COMMITMENT_MASTER, line) for line in (LINE, ORDER_WIRE)}
SEED = suite.epoch_seed(LINE_SECRET, LINE, 0, (1, 1), 0)  # what party 0 says
OFFICERS = tuple(
    Officer(a, public(f"officer {SIDES[0]}{a}"), office, Precedence.FLASH, POWERS_ALL)
    for a, office in ((1, "duty officer"), (2, "watch officer"))
)
LANGUAGES = ("en", "ko")


def message(text: str, language: str = "en") -> Body:
    return (language, None, None, None, None, None, None, text)


def act(
    kind: int,
    body: Body,
    *,
    party: int = 0,
    author: int = 1,
    number: int = 1,
    precedence: Precedence = Precedence.FLASH,
    seen: Seen = Seen(1, 0),  # noqa: B008
    line: bytes = LINE,
    signer: str = "",
) -> tuple[Act, Signed]:
    salts = record.act_salts(KEYS[line], party, author, number, len(body))
    commitment = record.commitment(kind, body, lambda i: salts[i])
    said = Act(line, party, kind, precedence, author, number, STAMP, seen, commitment)
    return said, sign(signer or f"officer {SIDES[party]}{author}", wire.encode_act(said))


def statement(
    kind: int,
    body: Body,
    *,
    own: record.Tree,
    theirs: record.Tree,
    party: int = 0,
    line: bytes = LINE,
    incarnation: int = 1,
) -> tuple[Statement, Signed]:
    salts = record.statement_salts(KEYS[line], party, incarnation, own.size, len(body))
    commitment = record.commitment(kind, body, lambda i: salts[i])
    said = Statement(
        line,
        party,
        kind,
        Precedence.ROUTINE,
        incarnation,
        own.size,
        STAMP,
        own.root,
        1,
        theirs.size,
        theirs.root,
        commitment,
    )
    return said, sign(f"node {SIDES[party]}", wire.encode_statement(said))


# The neutral element, of small order, and a signature that without the cofactor verifies under it over any bytes.
UNFIT_KEY = (1).to_bytes(32, "little")
FITS_ANYTHING = b"\x58" + b"\x66" * 31 + (1).to_bytes(32, "little")


def entry(sequence: int, signed: Signed) -> bytes:
    return wire.encode_entry(Entry(1, sequence, signed))
