"""parley verify: exports, by anyone, in processes that have no keys."""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from parley.cli import DONE, NOT_PINNED, NOT_VERIFIED, checking, print_json
from parley.cli.options import pin
from parley.cli.terminal import safe
from parley.core import export
from parley.core.errors import LocalError
from parley.core.export import Refused, Verdict

PINNED = "verified; both identities pinned"
_PIECE_BYTES = 1 << 20  # read at once, so that a small file takes little memory
NOT_PINNED_WORDS = "consistent; identities NOT pinned"


def run(options: argparse.Namespace) -> int:
    pins = [pin(words) for words in options.pin]
    results: list[dict[str, object]] = []
    code = DONE
    verdicts: list[tuple[Path, Verdict]] = []
    for path in options.files:
        data = _read(path)
        try:
            with _nothing_collected():
                verdict = export.verify(data, pins, checking.pieces)
        except Refused as e:
            results.append({"file": str(path), "verdict": "refused", "where": e.where, "why": e.why})
            code = NOT_VERIFIED
            continue
        verdicts.append((path, verdict))
        results.append(_plain(path, verdict))
        if not verdict.pinned and code == DONE:
            code = NOT_PINNED
    differences = _compare(verdicts)
    if differences:
        code = NOT_VERIFIED
    if options.json:
        print_json("verify", {"files": results, "differences": differences})
    else:
        _print(results, differences, len(verdicts))
    return code


@contextlib.contextmanager
def _nothing_collected() -> Iterator[None]:
    """No looking for cycles among values that have none, however many there are."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _plain(path: Path, v: Verdict) -> dict[str, object]:
    return {
        "file": str(path),
        "verdict": PINNED if v.pinned else NOT_PINNED_WORDS,
        "line": v.name,
        "line_id": v.line.hex(),
        "parties": list(v.parties),
        "fingerprints": list(v.fingerprints),
        "sizes": list(v.sizes),
        "roots": [root.hex() for root in v.roots],
        "signed": list(v.signed),
        "findings": list(v.findings),
        "acts": v.acts,
        "statements": v.statements,
        "withheld": v.withheld,
        "declared": v.declared,
        "first_at": v.first_at,
        "last_at": v.last_at,
    }


def _compare(verdicts: list[tuple[Path, Verdict]]) -> list[str]:
    """Two exports of one line must agree as far as both go; who has more is no difference."""
    found = []
    for i, (path, v) in enumerate(verdicts):
        for other_path, other in verdicts[i + 1 :]:
            if v.line != other.line:
                continue
            for party in (0, 1):
                common = min(
                    v.signed[party], other.signed[party]
                )  # above it only an exporter gives the places
                if v.prefix_roots[party][common] != other.prefix_roots[party][common]:
                    found.append(f"{path} and {other_path} differ in the log of {v.parties[party]}")
    return found


def _print(results: list[dict[str, object]], differences: list[str], whole: int) -> None:
    for r in results:
        print(f"{r['file']}: {r['verdict']}")
        if r["verdict"] == "refused":
            print(f"  {_safe(r['where'])}: {_safe(r['why'])}")
            continue
        print(
            f"  line {_safe(r['line'])}: {r['acts']} acts, {r['statements']} statements; {_safe(r['declared'])}"
        )
        columns = (r["parties"], r["sizes"], r["signed"], r["roots"], r["fingerprints"])
        for name, size, signed, root, print_ in zip(
            *(c for c in columns if isinstance(c, list)), strict=True
        ):
            print(
                f"  {_safe(name)}: {size} entries, {signed} of them under its node's signature, root {root[:16]}"
            )
            print(f"    root key {_in_groups(print_)}")
        for finding in r["findings"] if isinstance(r["findings"], list) else []:
            print(f"  finding: {_safe(finding)}")
    for words in differences:
        print(words)
    if whole > 1 and not differences:
        print("As far as these exports are of one line, both records agree.")


def _in_groups(words: str) -> str:
    """As `show.fingerprint` has it; `show` knows the desk, which this command does without."""
    return " ".join(words[i : i + 4] for i in range(0, len(words), 4))


def _safe(value: object) -> str:
    return safe(str(value))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:  # which may be a device without end
            data = file.read(len(export.MAGIC))
            if data != export.MAGIC:
                return data
            about = os.fstat(file.fileno())
            if stat.S_ISREG(about.st_mode):  # read at once: a piece that is put to others is a copy more
                file.seek(0)
                data = file.read(min(about.st_size, export.FILE_BYTES_MAX + 1))
            pieces, size = [data], len(data)
            while size <= export.FILE_BYTES_MAX and (piece := file.read(_PIECE_BYTES)):
                pieces.append(piece)
                size += len(piece)
        data = b"".join(pieces)
        if len(data) > export.FILE_BYTES_MAX:
            raise LocalError(f"{path} is larger than an export may be", "verify it in parts")
        return data
    except OSError as e:
        raise LocalError(f"{path} cannot be read: {e.strerror}", "check the path") from None
