"""Two ends on a real disk, asked as people ask them: by commands, or over the desk's socket.

`prepared` makes them on a virtual clock that ends now, with a cheap passphrase cost, in a moment; `by_commands`
makes them through the commands alone, as a person would. Either way a node is a process of its own.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parley import cli, home
from parley.bearers.memory import memory_pair
from parley.core.accord import Accord
from parley.core.types import POWERS_ALL, Power, Precedence
from parley.desk import Desk
from parley.desk.door import SOCKET_NAME
from parley.home import Home
from parley.keys import Cost, write_private
from parley.node import Node, Settings
from parley.scenario.clock import VirtualClock

CHEAP = Cost(64, 1, 1)
LINE = "Liaison"
WORDS = {"end": "end of the day", "root": "root of it all", "duty": "duty calls", "chief": "chief concern"}
WORDS["clerk"] = "clerk of works"  # an officer who may sign nothing but an acknowledgement
STARTS_WITHIN_S = 20.0


@dataclass(frozen=True)
class Said:
    """What a command ended with."""

    code: int
    out: str
    err: str

    @property
    def found(self) -> Any:
        """The result of a --json."""
        return json.loads(self.out)["result"]


def refused(said: Said, has: str, code: int = 1) -> None:
    """What every refusal looks like: one sentence and a hint on standard error, and its exit code."""
    sentence, hint, *more = said.err.split("\n")
    assert said.code == code, said
    assert sentence.startswith("parley: ") and has in sentence, said
    assert hint.startswith("Hint: ") and more == [""], said
    assert not said.out or "error" in json.loads(said.out), said


class Gone(Exception):
    """The node did not answer: it was killed, or hung up."""


@dataclass
class RealEnd:
    """One end: its home, the files with its passphrases, and its node when that is up."""

    party: str
    home: Path
    secrets: Path
    process: subprocess.Popen[bytes] | None = None
    life: list[str] = field(default_factory=list)  # what its nodes said on standard error

    def secret(self, whose: str) -> str:
        return str(self.secrets / whose)

    def words(self, *words: str) -> list[str]:
        """A command line for this end: with the end's passphrase, and the officer's or root's if it signs."""
        full = ["--home", str(self.home), "--passphrase-file", self.secret("end"), *words]
        signs = words[0] in ("release", "withdraw", "cancel", "ack", "sever", "line", "restore")
        if "--as" in words and signs and "--officer-passphrase-file" not in words:
            full += ["--officer-passphrase-file", self.secret(words[words.index("--as") + 1])]
        if words[:2] == ("officer", "add") and "--officer-passphrase-file" not in words:
            full += ["--officer-passphrase-file", self.secret(words[2])]
        roots = words[0] in ("init", "pair") or words[:2] == ("officer", "add")
        if roots and "--root-passphrase-file" not in words:
            full += ["--root-passphrase-file", self.secret("root")]
        return full

    def says(self, *words: str, stdin: bytes = b"") -> Said:
        """A command in this process; quick."""
        return in_process(self.words(*words), stdin)

    def runs(self, *words: str, code: int | None = 0, stdin: bytes = b"", **how: Any) -> Said:
        """A command in a process of its own."""
        done = subprocess.run(
            [sys.executable, "-m", "parley", *self.words(*words)],
            input=stdin,
            capture_output=True,
            timeout=60,
            check=False,
            **how,
        )
        said = Said(
            done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        )
        assert code is None or said.code == code, (words, said)
        return said

    def configure(self, text: str) -> None:
        (self.home / "parley.toml").write_text(text, encoding="utf-8")

    # --- its node

    def up(self, *, wait: bool = True) -> None:
        """Starts the node; with `wait`, until it answers."""
        with (self.secrets / "node.err").open("ab") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "parley", *self.words("up")], stdin=subprocess.DEVNULL, stderr=err
            )
        if wait:
            self.answers()

    def answers(self) -> None:
        """Waits until the node answers."""
        assert self.process is not None
        deadline = time.monotonic() + STARTS_WITHIN_S
        while True:
            with contextlib.suppress(Gone):
                self.ask("status")
                return
            assert self.process.poll() is None, (self.party, self.process.returncode, self.node_said())
            assert time.monotonic() < deadline, self.party
            time.sleep(0.01)

    def node_said(self) -> str:
        """What its nodes wrote on standard error."""
        return (self.secrets / "node.err").read_text(errors="replace")

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.process = None

    def down(self) -> int:
        """Stops the node as a service manager would; gives its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(20)
        self.process = None
        return code

    # --- over the socket

    def door(self, timeout_s: float = 30.0) -> socket.socket:
        """A connection to the desk's socket. Raises Gone when there is none."""
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            link.connect(str(self.home / SOCKET_NAME))  # waits where many do
        except OSError as e:
            link.close()
            raise Gone(str(e)) from None
        link.settimeout(timeout_s)
        return link

    def ask(self, name: str, /, **given: object) -> Any:
        """One question; the answer. Raises Gone, or AssertionError for a refusal."""
        found = asked(self.door(), {"ask": name, "with": given})
        assert "answer" in found, (name, given, found)
        return found["answer"]

    def line(self) -> Any:
        return self.ask("line", name=LINE)


def asked(link: socket.socket, question: object) -> Any:
    """One question on a connection, which is closed then; the whole answer object."""
    heard = b""
    try:
        with link:
            link.sendall(json.dumps(question).encode() + b"\n")
            while not heard.endswith(b"\n"):
                piece = link.recv(1 << 16)
                if not piece:
                    raise Gone("closed")
                heard += piece
    except OSError as e:
        raise Gone(str(e)) from None
    return json.loads(heard)


class Terminal(io.TextIOWrapper):
    """A standard input that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def in_process(words: list[str], stdin: bytes = b"", *, terminal: bool = False) -> Said:
    """`parley WORDS` in this process: its exit code and what it printed."""
    out, err = io.StringIO(), io.StringIO()
    before = sys.stdin
    kind = Terminal if terminal else io.TextIOWrapper
    sys.stdin = kind(io.BytesIO(stdin), encoding="utf-8")
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = cli.main(words)
            except SystemExit as e:
                assert isinstance(e.code, int), e.code
                code = e.code
    finally:
        sys.stdin = before
    return Said(code, out.getvalue(), err.getvalue())


def run(*words: str, **how: Any) -> Said:
    """`parley WORDS` in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "parley", *words], capture_output=True, timeout=60, check=False, **how
    )
    return Said(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))


@dataclass
class Pair:
    """North and South."""

    north: RealEnd
    south: RealEnd

    def __iter__(self) -> Iterator[RealEnd]:
        return iter((self.north, self.south))

    def other(self, end: RealEnd) -> RealEnd:
        return self.south if end is self.north else self.north

    def join(self, life_s: int = 1) -> None:
        """A way over TCP on loopback: North listens, South dials."""
        port = free_port()
        for end, way in ((self.north, "listen"), (self.south, "dial")):
            end.configure(f'life_s = {life_s}\n[bearer.cable]\n{way} = "127.0.0.1:{port}"\n')

    def up(self) -> None:
        for end in self:
            end.up(wait=False)
        for end in self:
            end.answers()

    def stop(self) -> None:
        for end in self:
            if end.process is not None:
                end.kill()

    def settled(self, within_s: float = 30.0) -> None:
        """Waits until each end has all of the other, and a receipt for all of its own."""

        def done() -> bool:
            lines = [end.line() for end in self]
            return all(view["waiting"] == 0 and view["agree"] == "agree" for view in lines) and all(
                a["our_size"] == b["their_size"] for a, b in ((lines[0], lines[1]), (lines[1], lines[0]))
            )

        until(done, within_s)


def until(done: Callable[[], bool], within_s: float = 20.0) -> None:
    """Waits until `done()`."""
    deadline = time.monotonic() + within_s
    while not done():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


# --- making ends ------------------------------------------------------------------------------


def empty(place: Path) -> Pair:
    """Two places for ends, with the files of their passphrases."""
    made = []
    for party in ("North", "South"):
        secrets = place / f"{party.lower()}-secrets"
        for whose, words in WORDS.items():
            write_private(secrets / whose, words.encode() + b"\n")
        made.append(RealEnd(party, place / party.lower(), secrets))
    return Pair(*made)


class OffClock:
    """A clock whose wall reading is wrong by `off_s`, which may change at any moment."""

    def __init__(self, clock: VirtualClock, off_s: float = 0.0) -> None:
        self.clock, self.off_s = clock, off_s

    def wall(self) -> float:
        return self.clock.wall() + self.off_s

    def monotonic(self) -> float:
        return self.clock.monotonic()


class Live:
    """Two ends in this process, on a virtual clock and a link in memory: paired, with officers, no line yet.

    `off_s`: by how much South's clock is wrong.
    """

    def __init__(self, pair: Pair, start: float, off_s: float = 0.0) -> None:
        self.clock = VirtualClock(start)
        self.clocks = (OffClock(self.clock), OffClock(self.clock, off_s))
        self.nodes, self.desks = [], []
        for end, clock in zip(pair, self.clocks, strict=True):
            made = Home.create(
                end.home,
                party=end.party,
                passphrase=WORDS["end"],
                root_passphrase=WORDS["root"],
                cost=CHEAP,
                sync=False,
            )
            node = Node(made, clock=clock, timer=self.clock, entropy=os.urandom, settings=Settings(life_s=60))
            self.nodes.append(node)
            self.desks.append(Desk(node))
        self.north, self.south = self.desks
        self._pair()
        bearers = memory_pair(self.clock, name="cable", latency_s=0.01)
        for node, bearer in zip(self.nodes, bearers, strict=True):
            node.attach(bearer)
            bearer.open()
            node.start()
        self.wait(5)

    def _pair(self) -> None:
        a, b, root = self.north, self.south, WORDS["root"]
        for desk in self.desks:
            for name, powers in (("duty", POWERS_ALL), ("chief", POWERS_ALL), ("clerk", Power.ACKNOWLEDGE)):
                desk.add_officer(name, f"{name} officer", powers, Precedence.FLASH, WORDS[name], root, CHEAP)
        cards = a.pair_card(root), b.pair_card(root)
        shares = (
            a.pair_share(cards[1], b.fingerprint(), root),
            b.pair_share(cards[0], a.fingerprint(), root),
        )
        a.pair_finish("South", cards[1], shares[1], root)
        b.pair_finish("North", cards[0], shares[0], root)

    def wait(self, seconds: float) -> None:
        self.clock.run_until(self.clock.wall() + seconds)

    def offer_line(self) -> None:
        agreed = Accord(LINE, os.urandom(16), languages=("en", "ko"))
        offered = self.north.offer_line("South", agreed, "duty", WORDS["duty"])
        self.wait(5)
        self.south.agree(offered.ref, "duty", WORDS["duty"])
        self.wait(5)

    def open_line(self, in_s: int = 60) -> None:
        """Opens the line, or opens it again, at an hour by North's clock; waits that long."""
        terms = self.north.offer_restore(LINE, int(self.clocks[0].wall()) + in_s, "duty", WORDS["duty"])
        self.wait(5)
        self.north.agree(terms.ref, "chief", WORDS["chief"])
        self.wait(5)
        for officer in ("duty", "chief"):
            self.south.agree(terms.ref, officer, WORDS[officer])
        self.wait(in_s + 60)

    def say(self, desk: Desk, text: str) -> str:
        """A message, released; its ref."""
        draft = desk.compose(LINE, text, "duty")
        return desk.release(draft.ref, "chief", WORDS["chief"]).ref

    def close(self) -> None:
        for node in self.nodes:
            node.stop()
            node.home.close()


def prepared(place: Path) -> Pair:
    """Two paired ends with officers and an open line, made an hour ago by the clock of this machine."""
    pair = empty(place)
    live = Live(pair, float(int(time.time()) - 3600))
    live.offer_line()
    live.open_line()
    live.close()
    return pair


def twin(end: RealEnd, place: Path) -> RealEnd:
    """An end that is like `end`, to be spoilt: its home is bound to its new place, as no copy would be."""
    to = place / "home"
    shutil.copytree(end.home, to, ignore=shutil.ignore_patterns(SOCKET_NAME, "home.json"))
    home._bind(to, end.party)
    return RealEnd(end.party, to, end.secrets)


def by_commands(place: Path) -> Pair:
    """Two paired ends with officers and an open line, through the commands alone; both are up then."""
    pair = empty(place)
    with ThreadPoolExecutor(2) as both:

        def each(do: Callable[[RealEnd], object]) -> None:
            list(both.map(do, pair))

        def begin(end: RealEnd) -> None:
            end.runs("init", "--party", end.party)
            for name, powers in (
                ("duty", "release,acknowledge,sever,restore,administer"),
                ("chief", "release,acknowledge,sever,restore,administer"),
            ):
                end.runs("officer", "add", name, "--office", f"{name} officer", "--powers", powers)
            end.runs("pair", "card", "-o", str(place / f"{end.party}.card"))

        def share(end: RealEnd) -> None:
            other = pair.other(end)
            fingerprint = other.runs("status", "--json").found["fingerprint"]
            end.runs(
                *("pair", "share", str(place / f"{other.party}.card"), "--fingerprint", fingerprint),
                *("-o", str(place / f"{end.party}.share")),
            )

        def finish(end: RealEnd) -> None:
            other = pair.other(end)
            files = str(place / f"{other.party}.card"), str(place / f"{other.party}.share")
            end.runs("pair", "finish", other.party, *files)

        for step in (begin, share, finish):
            each(step)
    pair.join()
    pair.up()
    north, south = pair
    offered = north.runs("line", "offer", "South", LINE, "--as", "duty", "--json").found
    agree(south, offered["ref"], "duty")
    for end in pair:
        until(lambda end=end: any(v["name"] == LINE for v in end.ask("lines")))
    terms = north.runs("restore", "offer", LINE, "--as", "duty", "--json").found
    agree(north, terms["ref"], "chief")
    for officer in ("duty", "chief"):
        agree(south, terms["ref"], officer)
    until(lambda: all(end.line()["declared"] == "OPEN" for end in pair))
    return pair


def agree(end: RealEnd, ref: str, officer: str) -> None:
    """An officer's agreement by command, once their offer is here and receipted."""
    until(lambda: any(ref == v["ref"] for v in end.ask("terms")))
    until(lambda: end.runs("restore", "agree", ref, "--as", officer, code=None).code == 0)
