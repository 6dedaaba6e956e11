"""Proving the record: exports of both ends, verified by another process that has no key; and one byte changed.

What both sides announced is checked as any reader of a public site would, from the files that lie there.

The exports are made on the loop's thread, as everything that is asked of a desk; the verifier is a process of its
own, and the loop goes on meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from parley.core.errors import LocalError
from parley.desk import Desk

VERIFY_WITHIN_S: Final = 60.0
_VERIFIED: Final = 0
_NOT_VERIFIED: Final = 3


@dataclass(frozen=True, slots=True)
class LineProof:
    """One line in both exports. `common`: (party, entries that both exports hold)."""

    name: str
    common: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """What the verifier said of all exports. `at`: Unix seconds by the demonstration's clock; `announced`: how many
    public statements were proved; `refusals`: what it refused and why, empty when all is well."""

    at: int
    ok: bool
    files: int
    announced: int
    lines: tuple[LineProof, ...]
    refusals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Flip:
    """What became of a copy with one byte changed. `before` and `after`: that byte; `where` and `why`: the
    verifier's words, empty if it noticed nothing."""

    at: int
    line: str
    end: str
    offset: int
    size: int
    before: int
    after: int
    refused: bool
    where: str
    why: str


async def prove(desks: Mapping[str, Desk], sites: Sequence[Path], folder: Path, at: int) -> Proof:
    """Every line, exported by both ends and verified in one process with both fingerprints pinned, and the proof of
    every statement on the public `sites`. Raises LocalError when the verifier does not answer."""
    folder.mkdir(exist_ok=True)
    paths: list[Path] = []
    for party, desk in desks.items():
        for number, line in enumerate(desk.lines()):
            path = folder / f"{party}-{number}.export"
            path.write_bytes(desk.export(line.id))
            paths.append(path)
            await asyncio.sleep(0)
    code, found = await _verify(paths, _pins(desks))
    refusals = [f"{f['file']}: {f['where']}: {f['why']}" for f in found["files"] if f["verdict"] == "refused"]
    refusals += found["differences"]
    statements = [path for site in sites for path in sorted(site.glob("*.cbor"))]
    announced_code = _VERIFIED
    if statements:
        announced_code, said = await _asked("announcement", "check", statements, _pins(desks))
        refusals += [f"{f['file']}: {f['why']}" for f in said["files"] if f["verdict"] == "refused"]
    return Proof(
        at,
        code == announced_code == _VERIFIED,
        len(paths),
        len(statements),
        _lines(found["files"]),
        tuple(refusals),
    )


async def flip(desks: Mapping[str, Desk], end: str, line: str, folder: Path, at: int) -> Flip:
    """A copy of the export of one line by one end, one bit of one byte changed, verified. Raises LocalError."""
    folder.mkdir(exist_ok=True)
    data = bytearray(desks[end].export(line))
    offset = _within_a_text(desks[end], line, data)
    before = data[offset]
    data[offset] ^= 0x01
    path = folder / "changed.export"
    path.write_bytes(data)
    code, found = await _verify([path], _pins(desks))
    first = found["files"][0]
    return Flip(
        at, line, end, offset, len(data), before, data[offset],
        code == _NOT_VERIFIED and first["verdict"] == "refused",
        str(first.get("where", "")), str(first.get("why", "")),
    )  # fmt: skip


def _within_a_text(desk: Desk, line: str, data: bytearray) -> int:
    """Where in an export the newest message's text is, in its middle; if it has none, somewhere late in it."""
    for message in desk.messages(line, 1):
        text = message.text.splitlines()[0].encode()
        if text and (at := data.find(text)) >= 0:
            return at + len(text) // 2
    return len(data) * 2 // 3


def _pins(desks: Mapping[str, Desk]) -> list[str]:
    return [desk.fingerprint() for desk in desks.values()]


def _lines(files: list[dict[str, Any]]) -> tuple[LineProof, ...]:
    by_line: dict[str, list[dict[str, Any]]] = {}
    for each in files:
        if "line_id" in each:
            by_line.setdefault(each["line_id"], []).append(each)
    return tuple(
        LineProof(
            pair[0]["line"],
            tuple(
                (party, min(each["sizes"][index] for each in pair))
                for index, party in enumerate(pair[0]["parties"])
            ),
        )
        for pair in by_line.values()
    )


async def _verify(paths: list[Path], pins: list[str]) -> tuple[int, dict[str, Any]]:
    """Exit code and result of `parley verify --json`."""
    return await _asked("verify", "", paths, pins)


async def _asked(command: str, does: str, paths: list[Path], pins: list[str]) -> tuple[int, dict[str, Any]]:
    """Exit code and result of a command that needs neither end nor key, in a process of its own."""
    words = ["-m", "parley", command, *([does] if does else []), "--json", *map(str, paths)]
    for pin in pins:
        words += ["--pin", pin]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *words, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
    )
    try:
        out, _ = await asyncio.wait_for(process.communicate(), VERIFY_WITHIN_S)
        found: dict[str, Any] = json.loads(out)["result"]
    except (TimeoutError, ValueError, KeyError):
        raise LocalError("the verifier gave no answer", "try again; the record is as it was") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, found
