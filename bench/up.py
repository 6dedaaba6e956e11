"""An end that is up as a process of its own, as `parley up` makes it, and the two ways of asking it."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path
from typing import Any

from bench.ends import WORDS, Ends

WITHIN_S = 180.0  # a start that replays 200,000 entries takes long
EVERY_S = 0.002


class NotAnswering(Exception):
    """The process is not up, or not yet."""


def free_port() -> int:
    """A port of loopback on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Up:
    """One end at work, with its console; to be used in a `with`."""

    def __init__(self, ends: Ends, party: str, *, way: str = "") -> None:
        """`way`: what the bearer does, as a line of parley.toml; empty for no bearer."""
        self.home, self.port = ends.home(party), free_port()
        bearer = f"[bearer.loopback]\n{way}\n" if way else ""
        (self.home / "parley.toml").write_text(f"console_port = {self.port}\n{bearer}")
        words = [sys.executable, "-m", "parley", "--home", str(self.home)]
        words += ["--passphrase-file", str(ends.secret("end")), "up"]
        begun = time.perf_counter()
        self._process = subprocess.Popen(words, stdin=subprocess.DEVNULL)
        try:
            self._until(self._desk_answers)
            self._until(self._console_answers)
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise
        self.started_in_s = time.perf_counter() - begun
        self._cookie = ""

    def __enter__(self) -> Up:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, name: str, /, **given: object) -> Any:
        """One question to the desk, over its socket. Raises NotAnswering, or ValueError for a refusal."""
        heard = b""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
                link.connect(str(self.home / "desk.sock"))
                link.sendall(json.dumps({"ask": name, "with": given}).encode() + b"\n")
                while not heard.endswith(b"\n"):
                    piece = link.recv(1 << 16)
                    if not piece:
                        raise NotAnswering
                    heard += piece
        except OSError as e:
            raise NotAnswering(str(e)) from None
        found = json.loads(heard)
        if "answer" not in found:
            raise ValueError(f"{name}: {found}")
        return found["answer"]

    def sign_in(self, name: str = "chief") -> None:
        """Signs an officer in to the console; pages are asked for in that session from now on."""
        form = urllib.parse.urlencode({"by": name, "passphrase": WORDS[name], "next": "/"})
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.address}
        status, told, _ = self._http("POST", "/sign-in", form, headers)
        if status != 303 or "set-cookie" not in told:
            raise ValueError(f"the console did not let {name} in: {status}")
        self._cookie = told["set-cookie"].partition(";")[0]

    def page(self, path: str) -> bytes:
        """A page of the console, as the browser gets it without compression."""
        status, _, body = self._http("GET", path, None, {"Cookie": self._cookie, "Accept-Language": "en"})
        if status != 200:
            raise ValueError(f"{path}: {status}")
        return body

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.wait()

    def memory_mib(self) -> float:
        """What the process holds in memory (VmRSS)."""
        for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise NotAnswering

    def _http(
        self, method: str, path: str, body: str | None, headers: dict[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            link.request(method, path, body, headers)
            answer = link.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, told, answer.read()
        except OSError as e:
            raise NotAnswering(str(e)) from None
        finally:
            link.close()

    def _desk_answers(self) -> None:
        self.ask("status")

    def _console_answers(self) -> None:
        self._http("GET", "/sign-in", None, {})

    def _until(self, answers: Any) -> None:
        deadline = time.monotonic() + WITHIN_S
        while True:
            try:
                answers()
                return
            except NotAnswering:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise
            time.sleep(EVERY_S)
