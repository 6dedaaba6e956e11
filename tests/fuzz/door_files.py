"""Files: those of a home, and those handed over, damaged in every way a disk, a hand or an enemy damages them.

A command then answers with one sentence and a hint, and with an exit code that is documented; it ends, and it
takes nothing away: when the damage is undone the end says what it said before.
"""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import beside
import realends
from damage import spoilt, spoilt_json
from realends import LINE, Pair, RealEnd, Said, in_process

from parley import cli
from parley.home import Home

ENDS_WITHIN_S = 20.0
CODES = {cli.DONE, cli.REFUSED, cli.NOT_VERIFIED, cli.NOT_PINNED}
KINDS = (
    "cut", "cut", "flip", "flip", "spoilt", "zeros", "empty", "json", "directory", "fifo", "broken link", "link loop",
    "huge", "gone", "device",
)  # fmt: skip
HUGE_BYTES = 1 << 33
assert beside


@contextmanager
def cheap() -> Iterator[None]:
    """What is done here does not wait for the disk."""
    opened, created = (way.__func__.__kwdefaults__ for way in (Home.open, Home.create))  # type: ignore[attr-defined]
    with mock.patch.dict(opened, sync=False), mock.patch.dict(created, sync=False):
        yield


@contextmanager
def ends_in_time(seconds: float = ENDS_WITHIN_S) -> Iterator[None]:
    """A command that waits for ever is a failure."""

    def late(*_: object) -> None:
        raise AssertionError(f"the command did not end within {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def damaged(path: Path, kind: str, chance: random.Random) -> Iterator[None]:
    """The file at `path` damaged; as it was afterwards, and the same file."""
    aside = path.with_name(path.name + ".aside")
    if kind in ("directory", "fifo", "broken link", "link loop", "huge", "gone", "device"):
        path.rename(aside)
        match kind:
            case "directory":
                path.mkdir()
            case "fifo":
                os.mkfifo(path)
            case "broken link":
                path.symlink_to("nowhere")
            case "link loop":
                path.symlink_to(path.name)
            case "device":
                path.symlink_to("/dev/zero")
            case "huge":
                with path.open("wb") as file:
                    file.truncate(HUGE_BYTES)
        try:
            yield
        finally:
            if kind == "directory":
                for left in path.iterdir():
                    left.unlink()
                path.rmdir()
            else:
                path.unlink(missing_ok=True)
            aside.rename(path)
        return
    whole = path.read_bytes()
    match kind:
        case "cut":
            data = whole[: chance.randrange(len(whole) + 1)]
        case "flip":
            data = bytearray(whole)
            for _ in range(chance.choice((1, 1, 3, 100))):
                data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        case "zeros":
            at = chance.randrange(len(whole))
            data = whole[:at] + bytes(min(4096, len(whole) - at)) + whole[at + 4096 :]
        case "empty":
            data = b""
        case "json" if path.suffix == ".json":
            data = cli.json.dumps(spoilt_json(chance, cli.json.loads(whole))).encode()
        case _:
            data = spoilt(chance, whole, 1 << 24)
    path.write_bytes(bytes(data))
    try:
        yield
    finally:
        path.write_bytes(whole)


def answered(said: Said, what: str) -> None:
    """What every answer looks like."""
    assert said.code in CODES, f"{what}: exit code {said.code}: {said.err[-300:]}"
    assert "Traceback" not in said.err, what
    if said.code == cli.REFUSED:
        lines = said.err.split("\n")
        assert len(lines) == 3 and lines[0].startswith("parley: ") and lines[1].startswith("Hint: "), (
            f"{what}: not one sentence and a hint: {said.err[:500]!r}"
        )


# --- the files of a home ----------------------------------------------------------------------

ASKED: tuple[tuple[str, ...], ...] = (
    ("status",),
    ("line",),
    ("record", LINE),
    ("inbox", "--all"),
    ("officer", "list"),
    ("restore", "list"),
    ("send", LINE, "text", "--as", "duty"),
    ("release", "DRAFT", "--as", "chief"),
    ("export", LINE, "-o", "EXPORT"),
    ("pair", "card", "-o", "EXPORT"),
)


def files_of(end: RealEnd) -> list[Path]:
    """What lies in a home, the lock left out: it holds nothing."""
    found = [path for path in end.home.rglob("*") if path.is_file() and path.name not in ("lock",)]
    return sorted(path for path in found if path.suffix in (".json", ".key", ".db", ".toml", ".wrap"))


def says(end: RealEnd, words: tuple[str, ...], draft: str, folder: Path, number: int) -> Said:
    named = {"DRAFT": draft, "EXPORT": str(folder / f"out-{number}")}
    return end.says(*(named.get(word, word) for word in words))


@contextmanager
def opened_home(folder: Path) -> Iterator[Callable[[str, frozenset[int] | None], int]]:
    """The door of a home's own files."""
    with cheap():
        north = realends.prepared(folder / "ends").north
        north.configure("life_s = 10\n")
        draft = north.says("send", LINE, "kept", "--as", "duty", "--json").found["ref"]
        done = [0]

        def play(seed: str, steps: frozenset[int] | None) -> int:
            if steps is not None:
                return 1
            done[0] += 1
            place = folder / f"twin-{done[0]}"
            place.mkdir()
            a_case(realends.twin(north, place), random.Random(seed), draft, place)
            return 1

        yield play


def a_case(end: RealEnd, chance: random.Random, draft: str, place: Path) -> None:
    before = end.says("record", LINE, "--json").found
    path = chance.choice(files_of(end))
    kind = chance.choice(KINDS)
    what = f"{path.name}, {kind}"
    beside_it = list(end.home.glob(f"{path.name}-*"))
    keys = [
        p
        for p in (end.home / "keys.db", end.home / "keys.wrap")
        if path.name.startswith("keys.") and p != path
    ]
    whole = {
        p: p.read_bytes() for p in keys
    }  # the two are one: neither opens with the other as it was before
    for extra in beside_it:
        extra.unlink()
    with damaged(path, kind, chance):
        for number, words in enumerate(chance.sample(ASKED, 3)):
            with ends_in_time():
                answered(says(end, words, draft, place, number), f"{what}, {' '.join(words[:2])}")
        for extra in end.home.glob(f"{path.name}-*"):
            extra.unlink()
    for other, data in whole.items():
        for extra in end.home.glob(f"{other.name}-*"):
            extra.unlink()
        other.write_bytes(data)
    for words in (("status",), ("show", draft)):
        said = end.says(*words)
        assert said.code == 0, f"{what}: after the damage was undone: {said.err}"
    assert end.says("record", LINE, "--json").found[-len(before) :] == before, (
        f"{what}: the record is another"
    )


# --- files handed over ------------------------------------------------------------------------


@contextmanager
def opened_handed(folder: Path) -> Iterator[Callable[[str, frozenset[int] | None], int]]:
    """The door of cards, shares and exports."""
    with cheap():
        pair = realends.prepared(folder / "ends")
        files = handed(pair, folder)
        (folder / "damaged").mkdir()

        def play(seed: str, steps: frozenset[int] | None) -> int:
            if steps is None:
                a_file(pair, files, random.Random(seed), folder / "damaged")
            return 1

        yield play


def handed(pair: Pair, folder: Path) -> dict[str, Path]:
    """A card, a share and an export as they are handed over; and the fingerprint told beside the card."""
    found = {name: folder / name for name in ("card", "our card", "share", "export")}
    prints = [end.says("status", "--json").found["fingerprint"] for end in pair]
    assert pair.south.says("pair", "card", "-o", str(found["card"])).code == 0
    assert pair.north.says("pair", "card", "-o", str(found["our card"])).code == 0
    words = ("pair", "share", str(found["our card"]), "--fingerprint", prints[0], "-o", str(found["share"]))
    assert pair.south.says(*words).code == 0
    assert pair.north.says("export", LINE, "-o", str(found["export"])).code == 0
    (folder / "print").write_text(prints[1])
    return found


def a_file(pair: Pair, files: dict[str, Path], chance: random.Random, place: Path) -> None:
    name = chance.choice(("card", "share", "export", "export"))
    kind = chance.choice(KINDS)
    path = place / name
    path.write_bytes(files[name].read_bytes())
    before = pair.north.says("record", LINE, "--json").found
    out = place / "out"
    with damaged(path, kind, chance):
        writer = None
        if kind == "fifo":  # somebody writes into it, as a shell does for <(...)
            data = spoilt(chance, files[name].read_bytes(), 1 << 20)
            writer = threading.Thread(target=_pour, args=(path, data), daemon=True)
            writer.start()
        with ends_in_time():
            said = _asked(pair, name, path, files, out)
        if writer is not None:
            writer.join(5)
    answered(said, f"{name}, {kind}")
    if name == "export" and said.code == cli.NOT_VERIFIED:
        verdict = said.found["files"][0]
        assert verdict["where"] and verdict["why"], f"{kind}: refused without a place"
    out.unlink(missing_ok=True)
    path.unlink(missing_ok=True)
    found = pair.north.says("status", "--json").found
    assert len(found["pairs"]) == 1, f"{name}, {kind}: a damaged file made a pair"
    assert pair.north.says("record", LINE, "--json").found == before


def _asked(pair: Pair, name: str, path: Path, files: dict[str, Path], out: Path) -> Said:
    fingerprint = (files["card"].parent / "print").read_text()
    if name == "export":
        return in_process(["verify", str(path), "--json"])
    if name == "card":
        return pair.north.says("pair", "share", str(path), "--fingerprint", fingerprint, "-o", str(out))
    said = pair.north.says("pair", "finish", "South", str(files["card"]), str(path))
    assert said.code != 0, "the name South is taken"
    return said


def _pour(path: Path, data: bytes) -> None:
    try:
        with path.open("wb") as pipe:
            pipe.write(data)
    except OSError:
        pass  # the reader had enough
