"""Principals on a machine with no end: their key files, and `parley letter` as they call it, in this process."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from realends import CHEAP, Said, in_process

from parley.cli import letter_offline
from parley.keys import write_private

SECRET = "only for a trial"


@contextlib.contextmanager
def offline() -> Iterator[None]:
    """A passphrase costs little."""
    with mock.patch.object(letter_offline, "Cost", lambda: CHEAP):
        yield


class Offline:
    """One principal: a folder with key, book and card, and what it hands over."""

    def __init__(self, place: Path, name: str, office: str) -> None:
        place.mkdir(parents=True, exist_ok=True)
        self.place, self.name, self.office = place, name, office
        self.words = place / "passphrase"
        write_private(self.words, SECRET.encode())
        self.key, self.book, self.card = (place / f"{name}.{what}" for what in ("principal", "book", "card"))
        done = self.says("key", name, "--office", office, "--in", str(place), key=False)
        assert done.code == 0, done
        done = self.says("card", "-o", str(self.card), "--json")
        assert done.code == 0, done
        self.fingerprint: str = done.found["fingerprint"]

    def says(self, *words: str, stdin: bytes = b"", key: bool = True) -> Said:
        """`parley letter WORDS` with our key."""
        named = ("--key", str(self.key)) if key else ()
        passphrase = (
            () if words[0] in ("write", "check-disclosed") else ("--key-passphrase-file", str(self.words))
        )
        return in_process(["letter", *words, *named, *passphrase], stdin)

    def draft(self, text: str, *more: str) -> Path:
        path = self.place / f"draft-{len(list(self.place.iterdir()))}"
        done = self.says("write", "-o", str(path), *more, stdin=text.encode(), key=False)
        assert done.code == 0, done
        return path

    def seals(self, to: Offline, text: str, *more: str) -> Path:
        """A sealed letter to another principal."""
        path = self.place / f"letter-{len(list(self.place.iterdir()))}"
        words = ("seal", str(self.draft(text, *more)), *to.pinned("--to"), "-o", str(path))
        done = self.says(*words)
        assert done.code == 0, done
        return path

    def opens(self, letter: Path, sender: Offline, *more: str) -> Said:
        return self.says("open", str(letter), *sender.pinned("--from"), *more)

    def pinned(self, option: str) -> tuple[str, ...]:
        """Our card and its fingerprint, as another gives them."""
        return option, str(self.card), "--fingerprint", self.fingerprint
