"""How a command reaches its end: the running node over the socket, or by becoming it for one turn.

Passphrases come from files whose permissions are checked, or are asked for on a terminal; never from the
command line or the environment, where others could read them.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import getpass
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from parley import config
from parley.bearers import TimerHandle
from parley.core.errors import LocalError
from parley.desk import Desk
from parley.desk import ask as questions
from parley.desk.ask import Ask, Json
from parley.desk.door import LINE_BYTES_MAX, SOCKET_NAME
from parley.home import Home, check_binding
from parley.keys import read_credential, write_private
from parley.node import Node, Settings, SystemClock

WAIT_S = 60.0  # for the home of an end that another command holds


class _NoTimer:
    """A node that lives for one turn waits for nothing."""

    def call_later(self, delay_s: float, callback: Callable[[], None], /) -> TimerHandle:
        return _Handle()


class _Handle:
    def cancel(self) -> None:
        """Nothing was begun."""


@contextlib.contextmanager
def end(options: argparse.Namespace, *, running: bool = False) -> Iterator[Ask]:
    """The way to ask this end: `ask(name, **arguments)`. Raises LocalError when it cannot be reached, or,
    `running`, when no node is up: what is asked then would be forgotten with the command."""
    home: Path = options.home
    check_binding(home)
    deadline = time.monotonic() + WAIT_S
    while True:
        connected = connect(home)
        if connected is not None:
            with connected:
                yield functools.partial(_over_socket, connected)
            return
        if running:
            raise LocalError("the node of this end is not up", "start it: parley up")
        try:
            opened = Home.open(home, passphrase(options), wait_s=0.0)
            break
        except LocalError as e:
            if "another process holds" not in e.text or time.monotonic() > deadline:
                raise
            time.sleep(0.05)  # it may be a node that is starting, or a command that will be done soon
    try:
        node = Node(opened, clock=SystemClock(), timer=_NoTimer(), entropy=os.urandom, settings=Settings())
        desk = Desk(node)
        yield functools.partial(questions.ask, desk)
        node.stop()
    finally:
        opened.close()


def connect(home: Path) -> socket.socket | None:
    """A connection to the running node, or None when there is none."""
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        link.connect(str(home / SOCKET_NAME))
        return link
    except OSError:
        link.close()
        return None


def _over_socket(link: socket.socket, name: str, /, **given: Json) -> Json:
    try:
        link.sendall(json.dumps({"ask": name, "with": given}).encode() + b"\n")
        heard = b""
        while not heard.endswith(b"\n"):
            piece = link.recv(65536)
            if not piece or len(heard) > LINE_BYTES_MAX * 64:
                raise LocalError("the node did not answer", "see whether it still runs: parley status")
            heard += piece
    except OSError:
        raise LocalError(
            "the node went away before it answered", "look before you repeat: parley status"
        ) from None
    found: dict[str, Json] = json.loads(heard)
    if "error" in found:
        raise LocalError(str(found["error"]), str(found.get("hint", "")))
    return found["answer"]


def write_new(path: Path, data: bytes) -> None:
    """`data` in a new file that only we may read. Raises LocalError; nothing is ever overwritten."""
    try:
        write_private(path, data)
    except OSError as e:
        if path.exists():
            raise LocalError(f"{path} exists already", "name a new file; nothing was overwritten") from None
        raise LocalError(
            f"{path} cannot be written: {e.strerror}", "check the folder and its permissions"
        ) from None


# --- passphrases ------------------------------------------------------------------------------


def passphrase(options: argparse.Namespace) -> str:
    """The end's: from --passphrase-file, the setting, the service manager's credential, or asked for."""
    path = options.passphrase_file
    if path is None:
        named = config.load(options.home / "parley.toml").passphrase_file
        path = Path(named).expanduser() if named else None
    if path is None and os.environ.get("CREDENTIALS_DIRECTORY"):
        path = Path(os.environ["CREDENTIALS_DIRECTORY"]) / "parley"
        return read_credential(path, of_service_manager=True)
    return _from(path, "Passphrase of this end", "--passphrase-file")


def root_passphrase(options: argparse.Namespace) -> str:
    return _from(options.root_passphrase_file, "Passphrase of the root key", "--root-passphrase-file")


def officer_passphrase(options: argparse.Namespace, name: str) -> str:
    return _from(options.officer_passphrase_file, f"Passphrase of {name}", "--officer-passphrase-file")


def new_passphrase(path: Path | None, whose: str, option: str) -> str:
    """A passphrase that is being chosen: asked for twice on a terminal."""
    first = _from(path, f"New passphrase {whose}", option)
    if path is None and _typed("Again") != first:
        raise LocalError("the two passphrases are not the same", "nothing was made; try again")
    return first


def _from(path: Path | None, prompt: str, option: str) -> str:
    if path is not None:
        return read_credential(path)
    if sys.stdin is None or not sys.stdin.isatty():
        raise LocalError(
            f"{prompt[:1].lower()}{prompt[1:]}: none given, and there is no terminal to ask on",
            f"give {option} FILE",
        )
    words = _typed(prompt)
    if not words:
        raise LocalError("the passphrase is empty", "nothing was done; try again")
    return words


def _typed(prompt: str) -> str:
    try:
        return getpass.getpass(f"{prompt}: ")
    except EOFError:
        return ""
