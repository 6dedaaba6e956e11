"""parley play: a scenario on real nodes. parley demo: the first case, lived through or played and proved."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from parley import demo
from parley.cli import DONE, NOT_VERIFIED, REFUSED, print_json, show
from parley.core.errors import LocalError
from parley.desk import Desk
from parley.home import Home
from parley.node import Node, SystemClock
from parley.scenario import DEMO_PASSPHRASE, Outcome, Result, Scenario, load, play, story

DEMO_SCENARIO = "korea-2021.toml"
ENDS = ("north", "south")


def run(options: argparse.Namespace) -> int:
    return _play(options) if options.command == "play" else _demo(options)


def _play(options: argparse.Namespace) -> int:
    scenario = load(options.file)
    with _folder(options.keep) as folder:
        outcome = play(scenario, folder, _progress(scenario))
        _clear_progress()
    if options.json:
        print_json("play", outcome.as_json())
    else:
        print(story.table(outcome, "en", _columns()))
        _print_failures(outcome)
    return DONE if outcome.ok else REFUSED


# --- the demonstration ------------------------------------------------------------------------


def _demo(options: argparse.Namespace) -> int:
    if not 2 <= options.port <= 65534:
        raise LocalError(f"{options.port} cannot be the port of a console", "a number from 1024 to 65534")
    scenario = load(options.scenario or _scenarios() / DEMO_SCENARIO)
    with _folder(None) as folder:
        if options.once:
            return _proved(scenario, folder)
        with _stopped_by_term():
            demo.run(scenario, folder, options.bind, options.port, _progress(scenario), _ready)
    return DONE


def _ready(guide: str, consoles: dict[str, str]) -> None:
    _clear_progress()
    print(f"The demonstration is up. Begin here: {guide}")
    for party, address in consoles.items():
        print(f"  {party:5}  {address}")
    print(f"Officers of both ends sign with the passphrase: {DEMO_PASSPHRASE}")
    print("Stop with Ctrl-C; the homes of this demonstration are then deleted.", flush=True)


def _proved(scenario: Scenario, folder: Path) -> int:
    """Plays, tells the story in both languages, and proves the record of both ends."""
    began = time.monotonic()
    outcome = play(scenario, folder, _progress(scenario))
    _clear_progress()
    for language in ("en", "ko"):
        print(story.table(outcome, language, _columns()))
        print()
    _print_failures(outcome)
    if not outcome.ok:
        return REFUSED
    code = _verified(folder)
    print(f"Played and proved in {time.monotonic() - began:.0f} s.")
    return code


def _verified(folder: Path) -> int:
    """Both ends' exports, verified by another process that has no keys; then a flipped byte."""
    files: dict[str, list[Path]] = {}
    pins = []
    for party in ENDS:
        home = Home.open(folder / party, DEMO_PASSPHRASE)
        desk = Desk(Node(home, clock=SystemClock(), timer=_NEVER, entropy=os.urandom))
        pins.append(desk.fingerprint())
        for view in desk.lines():
            name = "order wire" if view.is_order_wire else view.name
            path = folder / f"{party} {name}.export"
            path.write_bytes(desk.export(view.name))
            files.setdefault(name, []).append(path)
        home.close()
    print("The record, exported by each end and verified in another process without keys:")
    for name, paths in files.items():
        verdict, found = _verify(paths, pins)
        if verdict != DONE or found["differences"]:
            print(f"  {name}: REFUSED {found}")
            return NOT_VERIFIED
        both = [f["sizes"] for f in found["files"]]
        parties = found["files"][0]["parties"]
        common = ", ".join(f"{p} {min(a, b)}" for p, a, b in zip(parties, *both, strict=True))
        print(f"  {name:12}  identities pinned, both records agree   entries in both: {common}")
    return _flipped(max((paths[0] for paths in files.values()), key=lambda p: p.stat().st_size), pins)


def _flipped(path: Path, pins: list[str]) -> int:
    """One byte of a copy changed: the verifier must refuse, and name the entry."""
    data = bytearray(path.read_bytes())
    at = len(data) * 2 // 3
    data[at] ^= 0x01
    changed = path.with_name(f"changed {path.name}")
    changed.write_bytes(data)
    verdict, found = _verify([changed], pins)
    refused = found["files"][0]
    print(f"One bit of {path.name} changed (byte {at}): {refused['verdict']},")
    print(f"  {refused.get('where')}: {refused.get('why')}")
    return DONE if verdict == NOT_VERIFIED and "where" in refused else REFUSED


def _verify(paths: list[Path], pins: list[str]) -> tuple[int, dict[str, Any]]:
    """Exit code and result of `parley verify --json` in a process of its own."""
    words = [sys.executable, "-m", "parley", "verify", "--json", *map(str, paths)]
    for pin in pins:
        words += ["--pin", pin]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    found: dict[str, Any] = json.loads(done.stdout)["result"]
    return done.returncode, found


# --- small things -----------------------------------------------------------------------------


@contextlib.contextmanager
def _stopped_by_term() -> Iterator[None]:
    """SIGTERM ends us as Ctrl-C does, so that the folder is deleted, while nothing else listens for it."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _Never:
    """The timer of a node that is only read from."""

    def call_later(self, delay_s: float, callback: object, /) -> _Never:
        return self

    def cancel(self) -> None:
        """Nothing was begun."""


_NEVER = _Never()


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """The folder of both homes: the one to keep, which must be new, or one that is deleted afterwards."""
    if keep is not None:
        try:
            keep.mkdir(parents=True)
        except OSError as e:
            raise LocalError(
                f"{keep} cannot be made: {e.strerror}", "name a folder that does not exist yet"
            ) from None
        yield keep
        return
    folder = Path(tempfile.mkdtemp(prefix="parley-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _scenarios() -> Path:
    """The scenarios shipped with the program: beside the package, or at the root of a checkout."""
    here = Path(__file__).resolve()
    for folder in (here.parents[1] / "scenarios", here.parents[3] / "scenarios"):
        if (folder / DEMO_SCENARIO).exists():
            return folder
    raise LocalError("the scenarios of this program are missing", "run it from a checkout: ./run demo")


def _progress(scenario: Scenario) -> Callable[[Result], None]:
    last: list[float] = []

    def told(result: Result) -> None:
        if sys.stderr.isatty():
            span = max(1, scenario.end - scenario.start)
            done = min(100, 100 * (result.until - scenario.start) // span)
            words = show.progress(int(done), 100, f"playing, {show.clock(result.until)}, percent", last)
            if words:
                print(words, end="", file=sys.stderr, flush=True)

    return told


def _clear_progress() -> None:
    if sys.stderr.isatty():
        print("\r\x1b[2K", end="", file=sys.stderr, flush=True)


def _print_failures(outcome: Outcome) -> None:
    for result in outcome.results:
        if not result.ok:
            print(
                f"NOT AS EXPECTED at {show.clock(result.at)}: expected {result.expected}; found {result.found}"
            )


def _columns() -> int:
    return min(160, shutil.get_terminal_size((132, 24)).columns)
