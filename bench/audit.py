"""./run bench audit: how fast an export is verified, and a record replayed.

The export is of one line with 100,000 entries, as the end wrote it that has them. `parley verify` is run on it as
anybody runs it, a process from its start to its verdict, with all cores there are; every signature is checked. What
it is measured against is the bare check of an Ed25519 signature in the same run: one core, one key, one message of
the size of an act, again and again.

A replay is the start of an end whose fold was lost, less its start when it was kept: what is left is reading and
folding the record.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.ends import PARTIES, Ends, kept
from bench.figures import Figure
from bench.up import Up

ENTRIES, ENTRIES_SHORT = 100_000, 1_000
REPLAYED_LINES, REPLAYED = 50, 200_000
RUNS, RUNS_SHORT = 5, 1
BARE_S, BARE_SHORT_S = 1.5, 0.2
MESSAGE_BYTES = 250  # what is signed of an act, with what COSE puts before it
RATIO_AIM = 0.7


def options(parser: argparse.ArgumentParser) -> None:
    """None of its own."""


def run(chosen: argparse.Namespace) -> dict[str, Figure]:
    """Measures both; gives the figures by name."""
    entries, runs, bare_s = (
        (ENTRIES_SHORT, RUNS_SHORT, BARE_SHORT_S) if chosen.short else (ENTRIES, RUNS, BARE_S)
    )
    file = exported(kept(1, entries))
    rates, bare = [], [bare_rate(bare_s)]
    for _ in range(runs):
        rates.append(verified_rate(file))
        bare.append(bare_rate(bare_s))
    found = {
        "verify_entries_per_s": Figure(median(rates), "per s"),
        "verify_bare_per_s": Figure(median(bare), "per s"),
    }
    if chosen.short:
        why = "not with --short"
        found["verify_ratio"] = Figure(None, "", RATIO_AIM, why, at_least=True)
        found["replay_entries_per_s"] = Figure(None, "per s", None, why)
        return found
    cores = len(os.sched_getaffinity(0))
    if cores < 2:
        why = "there is one core"
        found["verify_ratio"] = Figure(None, "", RATIO_AIM, why, at_least=True)
    else:
        # each run against the bare rate just before and after it: other work on the machine slows both
        ratios = [rate / (before + after) for rate, before, after in zip(rates, bare, bare[1:], strict=False)]
        found["verify_ratio"] = Figure(median(ratios), "", RATIO_AIM, at_least=True)
    found["replay_entries_per_s"] = Figure(replay_rate(kept(REPLAYED_LINES, REPLAYED)), "per s")
    return found


def exported(ends: Ends) -> Path:
    """The one line of these ends as a file, written by the first of them; made once."""
    file = ends.place / "line.export"
    if not file.exists():
        with Up(ends, PARTIES[0]) as end:
            (line,) = [view["name"] for view in end.ask("lines") if not view["is_order_wire"]]
            end.ask("export", line=line, path=str(file))
    return file


def verified_rate(file: Path) -> float:
    """Entries a second of `parley verify`, from the start of the process to its end. Raises ValueError if the file is
    not verified, or not as a whole."""
    begun = time.perf_counter()
    words = [sys.executable, "-m", "parley", "verify", "--json", str(file)]
    done = subprocess.run(words, capture_output=True, check=False)
    took = time.perf_counter() - begun
    (verdict,) = json.loads(done.stdout)["result"]["files"]
    if done.returncode != 4 or verdict["findings"]:  # 4: consistent, with no fingerprint given
        raise ValueError(f"{file} was not verified: {verdict}")
    entries: int = sum(verdict["sizes"])
    return entries / took


def bare_rate(for_s: float) -> float:
    """Checks of one signature a second, by one core and nothing else."""
    key = Ed25519PrivateKey.generate()
    message = os.urandom(MESSAGE_BYTES)
    signature, public, count = key.sign(message), key.public_key(), 0
    begun = time.perf_counter()
    while (took := time.perf_counter() - begun) < for_s:
        for _ in range(100):
            public.verify(signature, message)
        count += 100
    return count / took


def replay_rate(ends: Ends) -> float:
    """Entries a second that a start reads and folds when no fold was kept."""
    with Up(ends, PARTIES[0]) as end:  # which keeps the fold, whoever had the ends before
        pass
    with Up(ends, PARTIES[0]) as end:
        usual = end.started_in_s
    for file in ends.home(PARTIES[0]).glob("fold.kept*"):
        file.unlink()
    with Up(ends, PARTIES[0]) as end:
        replayed = end.started_in_s
    return ends.entries / (replayed - usual)
