"""One connection to a desk that stays open, as a program has that submits and follows: many questions, one key.

Answers come in the order of the questions; what is followed comes in between, whenever it changes.
"""

from __future__ import annotations

import json
import socket
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.ends import WORDS

WITHIN_S = 60.0


@dataclass(frozen=True)
class Answered:
    """An answer, and when it came (perf_counter)."""

    at: float
    value: Any


@dataclass(frozen=True)
class Followed:
    """How large our log of a line is and how much of it their node has signed for, and when that was told."""

    at: float
    line: str
    our_size: int
    at_their_end: int


class DeskLink:
    """A connection to the desk of one end; to be used in a `with`. It follows, and `chief` is signed in on it."""

    def __init__(self, home: Path) -> None:
        self._link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._link.connect(str(home / "desk.sock"))
        self._link.settimeout(WITHIN_S)
        self._rest = b""
        self._heard: deque[Answered | Followed] = deque()
        self.ask("sign_in", by="chief", passphrase=WORDS["chief"])
        self.ask("follow")

    def __enter__(self) -> DeskLink:
        return self

    def __exit__(self, *_: object) -> None:
        self._link.close()

    def patience(self, seconds: float) -> None:
        """For how long an answer is waited for from now on."""
        self._link.settimeout(seconds)

    def ask(self, name: str, /, **given: object) -> Any:
        """One question and its answer; what is followed meanwhile is dropped. Raises ValueError for a refusal,
        TimeoutError if nothing comes."""
        self.put((name, given))
        while True:
            heard = self.next()
            if isinstance(heard, Answered):
                return heard.value

    def put(self, *questions: tuple[str, dict[str, object]]) -> None:
        """Writes questions, and does not wait for their answers."""
        self._link.sendall(
            b"".join(json.dumps({"ask": name, "with": given}).encode() + b"\n" for name, given in questions)
        )

    def next(self) -> Answered | Followed:
        """What comes next. Raises ValueError for a refusal, TimeoutError if nothing comes."""
        while not self._heard:
            piece = self._link.recv(1 << 18)
            at = time.perf_counter()
            if not piece:
                raise ConnectionError("the desk hung up")
            *whole, self._rest = (self._rest + piece).split(b"\n")
            self._heard.extend(_heard(at, json.loads(line)) for line in whole)
        return self._heard.popleft()


def _heard(at: float, told: Any) -> Answered | Followed:
    if "followed" in told:
        found = told["followed"]
        return Followed(at, found["line"], found["our_size"], found["at_their_end"])
    if "answer" not in told:
        raise ValueError(str(told))
    return Answered(at, told["answer"])
