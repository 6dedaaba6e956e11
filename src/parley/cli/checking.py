"""The entries of an export checked by as many processes as there are cores.

An entry is checked against the beginning of its file and nothing else, so stretches of a file can be checked at the
same time. What is folded of them, in the order of the file, and every verdict is made by the one process that was
asked (core/export.py); a fault is told as if there were only that one.

That process hands stretches to its helpers, a few at a time, and checks one itself while it has nothing to fold.
Helpers are forked, so that they have the file without a copy of it. Where nothing can be forked, on one core, and for
a short file, everything is checked here. A helper that dies costs time and nothing else: what it was to check is
checked here.
"""

from __future__ import annotations

import contextlib
import gc
import itertools
import marshal
import os
import select
import signal
import struct
import sys
from collections.abc import Generator
from typing import NoReturn

from parley.core import export
from parley.core.export import Begun, Check, Checked, Piece

ITEMS = 128  # of a stretch
SHORT = 1 << 18  # bytes: below it helpers cost more than they bring
IN_HAND = 3  # stretches that a helper has before it at most
AHEAD = 64  # stretches that may be checked before the fold has come to them
_NUMBER_BYTES = 8
_READ_BYTES = 1 << 18
_ASKED = struct.Struct(">QQQ")


def pieces(begun: Begun, data: bytes) -> Generator[Piece]:
    """All stretches of the file, checked, in its order: what `export.verify` takes as `checker`."""
    number, at, cores = 0, begun.entries_at, _cores()
    if cores > 1 and len(data) > SHORT:
        with _Together(begun, data, cores - 1) as together:
            for i in itertools.count():
                if together.known(i) <= i:
                    break  # what is left is less than a stretch, or not plain
                piece = together.piece(i)
                yield piece
                if piece.refused is not None or piece.end is not None:
                    return
                number, at = number + len(piece.entries), piece.stops
                if (number, at) != together.cut(i + 1):
                    break  # lengths misled the cuts: what begins at this one is no item
    yield from export.in_turn(begun, data, number, at)


def _cores() -> int:
    """How many processes this one may have at work; one where it cannot fork."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1


class _Together:
    """This process and its helpers at one file; to be used in a `with`, at whose end the helpers are gone."""

    def __init__(self, begun: Begun, data: bytes, helpers: int) -> None:
        self._check, self._more = Check(begun, data), export.cuts(data, begun, ITEMS)
        self._cuts = [next(self._more)]
        self._told: dict[int, Piece] = {}
        self._next = 0  # the first stretch that nobody was given
        self._helpers: list[_Helper] = []
        self._ready = select.poll()
        for _ in range(helpers):
            with contextlib.suppress(OSError):  # no more processes, or no more pipes: this one does it
                self._helpers.append(_Helper(self))
                self._ready.register(self._helpers[-1].hears, select.POLLIN)

    def __enter__(self) -> _Together:
        return self

    def __exit__(self, *_: object) -> None:
        for helper in self._helpers:
            helper.end()

    def known(self, i: int) -> int:
        """How many stretches there are, as far as one looks who wants stretch `i`: as many as may be checked before it
        is folded. The file is cut as it is read, and not all of it before."""
        self._cuts += itertools.islice(self._more, max(0, i + AHEAD + 1 - len(self._cuts)))
        return len(self._cuts) - 1

    def cut(self, i: int) -> tuple[int, int]:
        """The number of the first item of stretch `i`, and where it begins."""
        return self._cuts[i]

    def asked(self, i: int) -> tuple[int, int, int]:
        """What stretch `i` is: the number of its first item, where it begins, and where the next does."""
        return (*self._cuts[i], self._cuts[i + 1][1])

    def checked(self, number: int, at: int, stop: int) -> Piece:
        """A stretch, checked here."""
        return self._check.piece(number, at, stop)

    def piece(self, wanted: int) -> Piece:
        """The stretch `wanted`: the one after that of the last call."""
        while True:
            self._hand_out(wanted)
            if wanted in self._told:
                return self._told.pop(wanted)
            self._listen(0)
            if wanted in self._told:
                continue  # who told it has room for more
            if wanted >= self._next:
                self._next = wanted + 1
                return self.checked(*self.asked(wanted))
            if not any(wanted in helper.has for helper in self._helpers):  # one died that had it
                return self.checked(*self.asked(wanted))
            if self._next < self.known(wanted):
                self._told[self._next] = self.checked(*self.asked(self._next))
                self._next += 1
            else:
                self._listen(None)

    def _hand_out(self, wanted: int) -> None:
        for helper in self._helpers:
            while len(helper.has) < IN_HAND and self._next < self.known(wanted):
                helper.give(self._next, self.asked(self._next))
                self._next += 1

    def _listen(self, wait_ms: int | None) -> None:
        """Takes what helpers have told; one that told the end of it is no helper any more."""
        heard = {fd for fd, _ in self._ready.poll(wait_ms)} if self._helpers else set()
        for helper in [helper for helper in self._helpers if helper.hears in heard]:
            if not helper.listen(self._told):
                self._helpers.remove(helper)
                self._ready.unregister(helper.hears)
                helper.end()


class _Helper:
    """A process that checks the stretches it is given, one after another. `has`: those it did not tell yet."""

    def __init__(self, work: _Together) -> None:
        self.has: list[int] = []
        self._heard = bytearray()
        with contextlib.ExitStack() as ours:
            takes, self._gives = _pipe(ours)
            self.hears, tells = _pipe(ours)
            self._pid = os.fork()
            if self._pid == 0:
                os.close(self._gives)
                os.close(self.hears)
                _help(work, takes, tells)
            ours.pop_all()
        os.close(takes)
        os.close(tells)

    def give(self, i: int, asked: tuple[int, int, int]) -> None:
        self.has.append(i)
        with contextlib.suppress(BrokenPipeError):  # it died: it will be heard of
            os.write(self._gives, _ASKED.pack(*asked))

    def listen(self, told: dict[int, Piece]) -> bool:
        """Puts what it has told into `told`; False when it tells no more."""
        heard = os.read(self.hears, _READ_BYTES)
        self._heard += heard
        while len(self._heard) >= _NUMBER_BYTES:
            end = _NUMBER_BYTES + int.from_bytes(self._heard[:_NUMBER_BYTES], "big")
            if len(self._heard) < end:
                break
            entries, stops, refused, totals = marshal.loads(self._heard[_NUMBER_BYTES:end])
            del self._heard[:end]
            made = [Checked._make(entry) for entry in entries]
            told[self.has.pop(0)] = Piece(made, stops, refused, totals and export.Totals(*totals))
        return bool(heard)

    def end(self) -> None:
        """Ends the process, whatever it does."""
        os.close(self._gives)
        os.close(self.hears)
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)


def _pipe(until: contextlib.ExitStack) -> tuple[int, int]:
    """A pipe, both ends of which are closed with `until`."""
    reads, writes = os.pipe()
    until.callback(os.close, reads)
    until.callback(os.close, writes)
    return reads, writes


def _help(work: _Together, takes: int, tells: int) -> NoReturn:
    """The life of a helper."""
    try:
        gc.disable()  # what is made here is not cyclic, and what was there before need not be looked through
        with os.fdopen(takes, "rb", 0) as given, os.fdopen(tells, "wb") as pipe:
            while asked := given.read(_ASKED.size):
                piece = work.checked(*_ASKED.unpack(asked))
                totals = None if piece.end is None else (piece.end.sizes, piece.end.roots)
                entries = [tuple(entry) for entry in piece.entries]
                told = marshal.dumps((entries, piece.stops, piece.refused, totals))
                pipe.write(len(told).to_bytes(_NUMBER_BYTES, "big") + told)
                pipe.flush()
    except BaseException:
        os._exit(1)
    os._exit(0)
