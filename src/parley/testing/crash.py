"""kill -9 of real ends under load: two processes of `parley up`, TCP on loopback, both sending all the time.

Ends are killed at moments drawn from a seed, as they start too, and started again at once. Afterwards both are
given time to come right, and then must hold what they would hold had nobody killed anything:

1. Every message of which a desk said that it was released is at the other end, exactly once; nothing else is.
   Both logs have them in the order in which they were released.
2. Both records are the same, entry by entry and root by root; neither end found a fault or a difference in the
   other, so that no place was signed twice.
3. Both ends' exports of every line verify, and agree, in a process that has no keys.
4. No counter was used for two different frames: all frames pass a relay here, which reads their clear bytes.
5. No node ended of itself, and none stopped with a fault.

The moments are drawn; what a process was doing at them is the machine's affair, so that a seed does not repeat a
run exactly. A kill takes nothing from the disk that the system was given: for power cuts see `disk`.

`python -m parley.testing.crash --kills 200 --seed 0`.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import hashlib
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

from parley.core.errors import RemoteError
from parley.core.instruments import message as messages
from parley.core.types import Act, ActKind
from parley.core.wire import frame as frames
from parley.desk.door import SOCKET_NAME
from parley.keys import write_private
from parley.store import Store
from parley.testing.both import PARTIES, WORDS, Both

LINE: Final = "Liaison"
PROGRAM: Final = (sys.executable, "-m", "parley")
AGE_S: Final = 3600.0  # the line was opened so long ago
STARTS_WITHIN_S: Final = 30.0
SETTLES_WITHIN_S: Final = 120.0
AS_IT_STARTS: Final = 0.25  # of the kills: before the node has answered
PREFIX_BYTES: Final = 2  # of a frame over TCP: its length


class Gone(Exception):
    """The node did not answer: it was killed, or hung up."""


@dataclass(slots=True)
class Result:
    """What a run came to. By end: kills and messages released. `starts_s`: from start to first answer."""

    kills: tuple[int, int] = (0, 0)
    released: tuple[int, int] = (0, 0)
    starts_s: list[float] = field(default_factory=list)
    entries: int = 0
    frames: int = 0
    problems: list[str] = field(default_factory=list)


# --- one end --------------------------------------------------------------------------------------


class End:
    """One end: its home, and the process that is its node."""

    def __init__(self, party: str, home: Path, folder: Path, program: Sequence[str]) -> None:
        self.party, self.home, self.program = party, home, program
        self.passphrase, self.said = folder / f"{party}.pass", folder / f"{party}.err"
        self.kills = 0
        self.starts_s: list[float] = []
        self.ended: list[str] = []  # of itself
        self._process: subprocess.Popen[bytes] | None = None
        self.answered_at: float | None = None  # by the monotonic clock; of the process that is up now
        self._life, self.began = 0, 0.0
        write_private(self.passphrase, WORDS.encode())

    def up(self) -> None:
        command = [*self.program, "--home", str(self.home), "--passphrase-file", str(self.passphrase), "up"]
        with self.said.open("ab") as said:
            self._life, self.began, self.answered_at = self._life + 1, time.monotonic(), None
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)

    def kill(self) -> None:
        assert self._process is not None
        if self.is_over:
            self.ended.append(
                f"{self.party}: its node ended with {self._process.returncode}: {self.last_words()}"
            )
        self._process.kill()
        self._process.wait()
        self.kills += 1

    @property
    def is_over(self) -> bool:
        """Whether its process has ended."""
        return self._process is None or self._process.poll() is not None

    def down(self) -> int:
        """Stopped in order; the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(STARTS_WITHIN_S)

    def last_words(self) -> str:
        return self.said.read_text(errors="replace")[-300:].strip()

    def ask(self, name: str, /, **given: object) -> Any:
        """One question over the desk's socket; the answer. Raises Gone, or AssertionError for a refusal."""
        life, heard = self._life, b""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
                link.settimeout(STARTS_WITHIN_S)
                link.connect(str(self.home / SOCKET_NAME))
                link.sendall(json.dumps({"ask": name, "with": given}).encode() + b"\n")
                while not heard.endswith(b"\n"):
                    piece = link.recv(1 << 16)
                    if not piece:
                        raise Gone("closed")
                    heard += piece
        except OSError as e:
            raise Gone(str(e)) from None
        if life == self._life and self.answered_at is None:
            self.answered_at = time.monotonic()
            self.starts_s.append(self.answered_at - self.began)
        found = json.loads(heard)
        assert "answer" in found, (self.party, name, found)
        return found["answer"]


class Officers(threading.Thread):
    """Duty drafts and chief releases at one end, one message after another, whatever becomes of its node."""

    def __init__(self, end: End, chance: Random, pause_s: float) -> None:
        super().__init__(name=end.party, daemon=True)
        self.written: list[str] = []
        self.released: list[str] = []  # of which the desk said so, in that order
        self.stopped = threading.Event()
        self.trouble = ""
        self._end, self._chance, self._pause_s = end, chance, pause_s

    def run(self) -> None:
        try:
            while not self.stopped.is_set():
                self._one(f"{self._end.party} {len(self.written)}")
                time.sleep(self._chance.expovariate(1 / self._pause_s))
        except BaseException as e:
            self.trouble = f"{self._end.party}: the officers stopped: {e!r}"

    def _one(self, text: str) -> None:
        self.written.append(text)
        try:
            draft = self._end.ask("compose", line=LINE, text=text, by="duty")["ref"]
        except Gone:
            time.sleep(0.02)
            return  # whether it was drafted nobody knows; it is not released
        while not self.stopped.is_set():
            try:
                found = self._end.ask("message", ref=draft)
                if found["ref"] == draft:  # it still waits
                    found = self._end.ask("release", draft=draft, by="chief", passphrase=WORDS)
                assert found["text"] == text and found["ref"] != draft
                self.released.append(text)
                return
            except Gone:
                time.sleep(0.02)  # look before you repeat


# --- the way between them -------------------------------------------------------------------------


class Relay:
    """A way over TCP that reads the clear bytes of every frame: a counter of an epoch serves one frame.

    What an end had given to the system when it was killed still goes on; what was for it is lost.
    """

    def __init__(self, to_port: int) -> None:
        self.frames = 0
        self.wrong: list[str] = []
        self._to_port = to_port
        self._seen: dict[tuple[bytes, int], bytes] = {}
        self._closed = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._closed.set()
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                dialled, _ = self._listening.accept()
                threading.Thread(target=self._meet, args=(dialled,), daemon=True).start()

    def _meet(self, dialled: socket.socket) -> None:
        other = self._dial()
        if other is None:
            dialled.close()
            return
        with dialled, other:
            back = threading.Thread(target=self._pass, args=(other, dialled), daemon=True)
            back.start()
            self._pass(dialled, other)
            back.join()

    def _dial(self) -> socket.socket | None:
        """A connection to whoever listens, once he does: he may be starting."""
        deadline = time.monotonic() + STARTS_WITHIN_S
        while time.monotonic() < deadline and not self._closed.is_set():
            try:
                return socket.create_connection(("127.0.0.1", self._to_port))
            except OSError:
                time.sleep(0.02)
        return None

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        rest = b""
        with contextlib.suppress(OSError):
            while piece := source.recv(1 << 16):
                sink.sendall(piece)
                rest = self._read(rest + piece)
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _read(self, stream: bytes) -> bytes:
        """Takes the whole frames off a stream; what is left."""
        while len(stream) >= PREFIX_BYTES:
            end = PREFIX_BYTES + int.from_bytes(stream[:PREFIX_BYTES], "big")
            if len(stream) < end:
                break
            frame, stream = stream[PREFIX_BYTES:end], stream[end:]
            self.frames += 1
            try:
                clear = frames.decode_clear(frame)
            except RemoteError as e:
                self.wrong.append(f"a frame is none: {e.text}")
                continue
            whole = hashlib.sha256(frame).digest()
            if self._seen.setdefault((clear.tag, clear.counter), whole) != whole:
                self.wrong.append(f"counter {clear.counter} of one epoch serves two frames")
        return stream


# --- a run ----------------------------------------------------------------------------------------


def run(
    kills: int,
    seed: int,
    *,
    program: Sequence[str] = PROGRAM,
    pause_s: float = 0.03,
    life_s: float = 0.8,
    settles_within_s: float = SETTLES_WITHIN_S,
    tell: Callable[[int], None] = lambda _: None,
) -> Result:
    """So many kills of the two ends together, then what they came to.

    `program`: what is started as `parley`. `pause_s`: mean pause between two messages of an end. `life_s`: an end
    lives at most so long, drawn evenly, after its first answer, or, a quarter of the time, after its start.
    """
    shared = Path("/dev/shm")
    place = shared if os.access(shared, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="parley-kill-", dir=place) as made:
        folder = Path(made)
        ends, relay = _prepared(folder, program)
        chance, result = Random(f"kills/{seed}"), Result()
        officers = [Officers(end, Random(f"officers/{seed}/{end.party}"), pause_s) for end in ends]
        try:
            for end in ends:
                end.up()
            for each in officers:
                each.start()
            _kill(ends, kills, chance, life_s, tell)
            result.kills = (ends[0].kills, ends[1].kills)
            settled = _settle(ends, officers, settles_within_s)
            result.problems += [each.trouble for each in officers if each.trouble]
            result.problems += [words for end in ends for words in end.ended]
            if settled:
                result.problems.append(f"{settles_within_s:.0f} s after the last kill {settled}")
            _judge(folder, ends, officers, result)
        finally:
            for each in officers:
                each.stopped.set()
            for each in officers:
                each.join(STARTS_WITHIN_S)
            for end in ends:
                if not end.is_over:
                    end.kill()
            relay.close()
        result.released = (len(officers[0].released), len(officers[1].released))
        result.starts_s = [*ends[0].starts_s, *ends[1].starts_s]
        result.frames = relay.frames
        result.problems += sorted(set(relay.wrong))
    return result


def _prepared(folder: Path, program: Sequence[str]) -> tuple[tuple[End, End], Relay]:
    """Two ends with an open line, their nodes not up, and the way between them."""
    both = Both(folder, float(int(time.time() - AGE_S)))
    both.create()
    both.add_line(LINE)
    both.open_line(LINE)
    both.close()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    relay = Relay(port)
    ways = (f'listen = "127.0.0.1:{port}"', f'dial = "127.0.0.1:{relay.port}"')
    for made, way in zip(both.ends, ways, strict=True):
        (made.path / "parley.toml").write_text(f"life_s = 1\n[bearer.cable]\n{way}\n", encoding="utf-8")
    one, two = (End(made.party, made.path, folder, program) for made in both.ends)
    return (one, two), relay


def _kill(
    ends: tuple[End, End], kills: int, chance: Random, life_s: float, tell: Callable[[int], None]
) -> None:
    """Both ends live and are killed, each at its own moments, and started again at once."""
    moments = [_moment(end, chance, life_s) for end in ends]
    done = 0
    while done < kills:
        for index, end in enumerate(ends):
            if done < kills and moments[index]():
                end.kill()
                end.up()
                moments[index] = _moment(end, chance, life_s)
                done += 1
                tell(done)
        time.sleep(0.002)


def _moment(end: End, chance: Random, life_s: float) -> Callable[[], bool]:
    """When this life of an end is over: so long after its first answer, or, for some, after its start."""
    as_it_starts, after_s = chance.random() < AS_IT_STARTS, chance.uniform(0.0, life_s)

    def is_over() -> bool:
        since = end.began if as_it_starts else end.answered_at
        if end.is_over or time.monotonic() > end.began + STARTS_WITHIN_S:
            return True
        return since is not None and time.monotonic() >= since + after_s

    return is_over


def _answers(end: End) -> bool:
    with contextlib.suppress(Gone):
        end.ask("status")
        return True
    return False


def _answers_or_is_over(end: End) -> bool:
    return end.is_over or _answers(end)


def _until(done: Callable[[], bool], within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _settle(ends: tuple[End, End], officers: list[Officers], within_s: float) -> str:
    """Waits until each end has all of the other and a receipt for all of its own; why they have not."""
    for end in ends:
        _until(functools.partial(_answers_or_is_over, end), STARTS_WITHIN_S)
        if not _answers(end):
            return f"{end.party} does not answer: {end.last_words()}"
    for each in officers:
        each.stopped.set()
    for each in officers:
        each.join(STARTS_WITHIN_S)
    why = ""

    def done() -> bool:
        nonlocal why
        try:
            one, two = ({view["is_order_wire"]: view for view in end.ask("lines")} for end in ends)
        except Gone:
            why = "an end does not answer"
            return False
        why = ""
        for key, view in one.items():
            for mine, other in ((view, two[key]), (two[key], view)):
                if (
                    mine["waiting"]
                    or mine["missing"]
                    or mine["agree"] != "agree"
                    or mine["our_size"] != other["their_size"]
                ):
                    why = f"the ends hold different entries of {view['name']}, or something waits: {mine['agree']}"
        return not why

    return "" if _until(done, within_s) else why


def _judge(folder: Path, ends: tuple[End, End], officers: list[Officers], result: Result) -> None:
    """What both ends hold in the end, and whether they can prove it."""
    exports, pins = [], []
    for end in ends:
        if not _answers(end):
            result.problems.append(f"{end.party} does not answer: {end.last_words()}")
            return
        status = end.ask("status")
        pins += ["--pin", status["fingerprint"]]
        result.problems += [f"{end.party} has an alarm: {alarm}" for alarm in status["alarms"]]
        if status["unopened_frames"]:
            result.problems.append(f"{end.party} could not open {status['unopened_frames']} frames")
        for number, line in enumerate(status["lines"]):
            exports.append(str(folder / f"{end.party} {number}.export"))
            end.ask("export", line=line["name"], path=exports[-1])
    for end in ends:
        if end.down() != 0 or "fault" in end.last_words():
            result.problems.append(f"{end.party} did not end well: {end.last_words()}")
    stores = [Store(end.home / "record.db", sync=False) for end in ends]
    try:
        _compare(stores, ends, officers, result)
    finally:
        for store in stores:
            store.close()
    said = subprocess.run([*PROGRAM, "verify", *exports, *pins], capture_output=True, check=False)
    if said.returncode != 0:
        words = (said.stdout + said.stderr).decode(errors="replace")
        result.problems.append(f"the exports do not verify: {words}")


def _compare(stores: list[Store], ends: tuple[End, End], officers: list[Officers], result: Result) -> None:
    logs: list[dict[tuple[bytes, int], tuple[bytes, ...]]] = []
    roots = []
    for store, end in zip(stores, ends, strict=True):
        found: Any = store._db.execute("SELECT DISTINCT line, party FROM entries").fetchall()
        logs.append(
            {(line, party): tuple(row.entry for row in store.of_log(line, party)) for line, party in found}
        )
        roots.append(store._db.execute("SELECT * FROM roots ORDER BY 1, 2, 3").fetchall())
        for reason, count in Counter(fault.reason for fault in store.faults()).items():
            result.problems.append(f"{end.party} found {count} faults: {reason}")
    result.entries = sum(len(entries) for entries in logs[0].values())
    for log in logs[0].keys() | logs[1].keys():
        one, two = (side.get(log, ()) for side in logs)
        first = next((i for i, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), None)
        if first is not None:
            result.problems.append(f"the records differ at place {first} of log {log[1]}")
        elif len(one) != len(two):
            result.problems.append(
                f"of log {log[1]} one end holds {len(one)} entries and the other {len(two)}"
            )
    if logs[0] == logs[1] and roots[0] != roots[1]:
        result.problems.append("the entries are the same and the roots are not")
    for store, holder in zip(stores, ends, strict=True):
        for each, author in zip(officers, ends, strict=True):
            texts = _texts(store, author.party)
            where = f"of {author.party}'s messages at {holder.party}"
            arrived = Counter(texts)
            lost = [text for text in each.released if text not in arrived]
            twice = [text for text, count in arrived.items() if count > 1]
            never = [text for text in texts if text not in each.written]
            for what, which in (("lost", lost), ("there twice", twice), ("never written", never)):
                if which:
                    result.problems.append(f"{where} {len(which)} are {what}, the first {which[0]!r}")
            order = [int(text.rsplit(" ", 1)[1]) for text in texts]
            if order != sorted(order):
                result.problems.append(f"{where} some are out of the order of their release")


def _texts(store: Store, party: str) -> list[str]:
    """The messages of a party in the order of its log."""
    found: Any = store._db.execute(
        "SELECT line, party, sequence FROM entries WHERE statement = 0 AND kind = ? ORDER BY sequence",
        (int(ActKind.MESSAGE),),
    ).fetchall()
    texts = []
    for line, index, sequence in found:
        row = store.at(line, index, sequence)
        assert row is not None and row.held.body is not None and isinstance(row.held.said, Act)
        text = messages.message(row.held.body).text
        if text.startswith(f"{party} "):
            texts.append(text)
    return texts


# --- from the command line ------------------------------------------------------------------------


def main(arguments: list[str] | None = None) -> int:
    """Kills ends; 1 if anything is not as it must be."""
    parser = argparse.ArgumentParser(
        prog="parley.testing.crash",
        description="kill -9 of two real ends under load, and what they then hold.",
    )
    parser.add_argument("--kills", type=int, default=200, metavar="N", help="of both ends together (200)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="the seed of the moments (0)")
    asked = parser.parse_args(arguments)
    if asked.kills < 1:
        parser.error("at least one kill")
    started, terminal = time.monotonic(), sys.stderr.isatty()

    def tell(number: int) -> None:
        if terminal:
            print(f"\r\033[K{number} of {asked.kills} kills", end="", file=sys.stderr)

    result = run(asked.kills, asked.seed, tell=tell)
    if terminal:
        print("\r\033[K", end="", file=sys.stderr)
    for words in result.problems:
        print(words, file=sys.stderr)
    starts = result.starts_s or [float("nan")]
    print(
        f"kills {sum(result.kills)} ({', '.join(f'{p} {n}' for p, n in zip(PARTIES, result.kills, strict=True))}),"
        f" messages released {', '.join(f'{p} {n}' for p, n in zip(PARTIES, result.released, strict=True))};"
        f" {len(result.starts_s)} starts to the first answer: {min(starts):.2f} s,"
        f" median {statistics.median(starts):.2f} s, at most {max(starts):.2f} s;"
        f" {result.entries} entries, {result.frames} frames; {time.monotonic() - started:.0f} s"
    )
    print("failed" if result.problems else "nothing lost, nothing doubled, both records agree")
    return 1 if result.problems else 0


if __name__ == "__main__":
    sys.exit(main())
