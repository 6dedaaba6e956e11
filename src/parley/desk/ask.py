"""The desk as questions and answers in JSON: one object a line, over a Unix-domain socket or in-process.

A question is {"ask": NAME, "with": {ARGUMENT: VALUE}}; an answer {"answer": VALUE} or {"error": TEXT,
"hint": TEXT}. Only what is named in `QUESTIONS` can be asked, and only with arguments of the types the
desk declares; anything else is answered with one sentence. The socket lies in the home, for its owner
only; what may be done with it is what the passphrases given allow.

Two questions are of a connection and not of the desk. `sign_in` opens an officer's key for as long as the connection
lasts: a question that takes a passphrase may then leave it out where `by` is that officer. `follow` answers
"following", and from then on one line {"followed": {"line": NAME, "our_size": N, "at_their_end": M}} for each line
of which that changed: M entries of our log are signed for by their node, and their receipt is durable here.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import dataclasses
import functools
import inspect
import json
import os
import types
import typing
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from parley.core.accord import Accord, Meaning, Slot
from parley.core.errors import LocalError, RemoteError
from parley.core.types import U32, Power, Precedence
from parley.desk import Desk, Unlocked, unlock
from parley.keys import write_private

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
Ask: TypeAlias = "Callable[..., Json]"

LINE_BYTES_MAX = 1 << 20
SOCKET_NAME = "desk.sock"
SOCKET_PATH_BYTES_MAX = 103  # of sun_path: 104 with its end on BSD and macOS, 108 on Linux

_PLAIN = (
    "status",
    "alarms",
    "lines",
    "line",
    "officers",
    "drafts",
    "messages",
    "needs_us",
    "waiting_on_them",
    "message",
    "terms",
    "entries",
    "faults",
    "fault",
    "compose",
    "release",
    "withdraw",
    "cancel",
    "acknowledge",
    "sever",
    "offer_restore",
    "agree",
    "withdraw_terms",
    "call",
    "answer",
    "rekey",
    "take_watch",
    "hand_over",
)


def ask(desk: Desk, name: str, key: Unlocked | None = None, /, **given: Json) -> Json:
    """The answer to one question. `key`: stands for the passphrase of its officer where none is given. Raises
    LocalError for what cannot be asked so."""
    question = QUESTIONS.get(name)
    if question is None:
        raise LocalError(f"there is no question {name!r} at this desk", "use the program of the same version")
    if key is None or given.get("by") != key.name or "passphrase" in given or not _takes_key(question):
        _check(name, question, given)
        return plain(question(desk, **given))
    _check(name, question, {**given, "passphrase": ""})
    return plain(question(desk, passphrase=key, **given))


def plain(value: object) -> Json:
    """A view as JSON: dataclasses as objects, tuples as lists, bytes as hex."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, bytes):
        return value.hex()
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"{type(value).__name__} has no JSON form")


# --- questions whose arguments are not plain ---------------------------------------------------


def _add_officer(
    desk: Desk,
    name: str,
    office: str,
    powers: str,
    precedence_max: str,
    passphrase: str,
    root_passphrase: str,
) -> object:
    held = Power.NONE
    for word in [] if powers.strip().lower() == "none" else powers.split(","):
        try:
            held |= Power[word.strip().upper()]
        except KeyError:
            words = ", ".join(str(p.name).lower() for p in Power if p)
            raise LocalError(f"there is no power {word!r}", f"powers are: {words}; or none") from None
    try:
        highest = Precedence[precedence_max.upper()]
    except KeyError:
        raise LocalError(
            f"there is no precedence {precedence_max!r}", "ROUTINE, PRIORITY, IMMEDIATE or FLASH"
        ) from None
    return desk.add_officer(name, office, held, highest, passphrase, root_passphrase)


def _pair_card(desk: Desk, root_passphrase: str) -> object:
    return base64.b64encode(desk.pair_card(root_passphrase)).decode()


def _pair_share(desk: Desk, their_card: str, fingerprint: str, root_passphrase: str) -> object:
    return base64.b64encode(desk.pair_share(_bytes(their_card), fingerprint, root_passphrase)).decode()


def _pair_finish(desk: Desk, name: str, their_card: str, their_share: str, root_passphrase: str) -> object:
    return desk.pair_finish(name, _bytes(their_card), _bytes(their_share), root_passphrase)


def _offer_line(
    desk: Desk,
    pair: str,
    name: str,
    by: str,
    passphrase: str,
    purpose: str = "",
    languages: str = "en",
    slots: str = "",
    civil_clocks: str = "0,0",
    owners: str = ";",
    quorum_restore: int = 2,
    second_person: bool = True,
    always_open: str = "",
) -> object:
    """`slots`: "09:00 opening;17:00 closing", times in UTC; `civil_clocks`: ours and theirs, minutes east
    of UTC; `owners`: who answers for the line, ours and theirs."""
    try:
        minutes = [int(word) for word in civil_clocks.split(",")]
        desks = [word.strip() for word in owners.split(";")]
        if len(minutes) != 2 or len(desks) != 2:
            raise ValueError("civil clocks and owners are two, ours and theirs")
        if desk.our_index(pair):
            minutes, desks = minutes[::-1], desks[::-1]
        agreed = Accord(
            name,
            os.urandom(16),
            purpose=purpose,
            languages=tuple(word.strip() for word in languages.split(",")),
            owners=(desks[0], desks[1]),
            civil_clocks=(minutes[0], minutes[1]),
            schedule=tuple(_slot(words) for words in slots.split(";") if words.strip()),
            quorum_restore=quorum_restore,
            second_person=second_person,
            always_open=tuple(int(kind) for kind in always_open.split(",") if kind),
        )
    except (RemoteError, ValueError, IndexError) as e:
        raise LocalError(f"this accord cannot be offered: {e}", "see: parley line offer --help") from None
    if not all(agreed.languages):
        raise LocalError("a language needs a tag", "for example: --languages ko,en")
    if not name:
        raise LocalError("a line needs a name", "for example: parley line offer south Liaison")
    return desk.offer_line(pair, agreed, by, passphrase)


def _slot(words: str) -> Slot:
    time, *meanings = words.split()
    hours, _, minutes = time.partition(":")
    meaning = (meanings or ["check"])[0].upper()
    well = hours.isdecimal() and minutes.isdecimal() and len(meanings) < 2 and meaning in Meaning.__members__
    if not well or int(minutes) > 59:
        known = ", ".join(m.name.lower() for m in Meaning)
        raise ValueError(f"{words.strip()!r} is no slot: HH:MM and one of {known}")
    return Slot(int(hours) * 60 + int(minutes), 0x7F, Meaning[meaning], None, 1800)


def _export(desk: Desk, line: str, path: str) -> object:
    """Writes the export to `path`, absolute, which must not exist; gives its size."""
    if not path.startswith("/") or "\0" in path:
        raise LocalError("the path of an export is absolute", "the node's folder is not the one you are in")
    try:
        if not Path(path).parent.is_dir():
            raise LocalError(f"there is no folder {Path(path).parent}", "make it, or name another")
        data = desk.export(line)
        write_private(Path(path), data)
    except FileExistsError:
        raise LocalError(f"{path} exists already", "name a new file; nothing was overwritten") from None
    except UnicodeEncodeError:
        raise LocalError(f"{path!r} cannot be the name of a file", "name another") from None
    except OSError as e:
        raise LocalError(
            f"{path} cannot be written: {e.strerror}", "check the folder and its permissions"
        ) from None
    return {"path": path, "bytes": len(data)}


def _bytes(words: str) -> bytes:
    try:
        return base64.b64decode(words, validate=True)
    except ValueError:
        raise LocalError("a file given is not base64", "give the file as it was made") from None


def _method(name: str) -> Callable[..., object]:
    return typing.cast("Callable[..., object]", getattr(Desk, name))


QUESTIONS: dict[str, Callable[..., object]] = {name: _method(name) for name in _PLAIN} | {
    "add_officer": _add_officer,
    "pair_card": _pair_card,
    "pair_share": _pair_share,
    "pair_finish": _pair_finish,
    "offer_line": _offer_line,
    "export": _export,
}


def _check(name: str, method: Callable[..., object], given: dict[str, Json]) -> None:
    signature, allowed = _declared(method)
    try:
        signature.bind(None, **given)
    except TypeError as e:
        raise LocalError(f"{name} cannot be asked so: {e}", "use the program of the same version") from None
    for argument, value in given.items():
        if type(value) not in allowed.get(argument, (str,)):
            raise LocalError(
                f"{argument} of {name} is of the wrong kind", "use the program of the same version"
            )
        if isinstance(value, int) and not 0 <= value <= U32:
            raise LocalError(f"{argument} of {name} is out of range", f"a number from 0 to {U32}")
        if isinstance(value, str) and argument != "path" and any("\ud800" <= c <= "\udfff" for c in value):
            raise LocalError(f"{argument} holds a lone surrogate, which is no character", "retype it")


@functools.cache
def _declared(method: Callable[..., object]) -> tuple[inspect.Signature, dict[str, tuple[type, ...]]]:
    """What a question declares: its signature, and by argument the types a value may have."""
    hints = typing.get_type_hints(method)
    return inspect.signature(method), {argument: _types(hint) for argument, hint in hints.items()}


def _takes_key(method: Callable[..., object]) -> bool:
    """Whether a key that is open may stand for the passphrase."""
    return Unlocked in _declared(method)[1].get("passphrase", ())


def _types(hint: object) -> tuple[type, ...]:
    if isinstance(hint, types.UnionType):
        return tuple(t for part in typing.get_args(hint) for t in _types(part))
    return (hint,) if isinstance(hint, type) else ()


# --- over a socket ----------------------------------------------------------------------------


class Asking:
    """One connection to the desk: the key it was given, and what it follows."""

    def __init__(self, desk: Desk, tell: Callable[[bytes], None]) -> None:
        """`tell`: takes a line that answers no question."""
        self._desk, self._tell = desk, tell
        self._key: Unlocked | None = None
        self._told: dict[bytes, tuple[int, int]] = {}
        self._leave: Callable[[], None] | None = None

    def answer(self, line: bytes) -> bytes:
        """One answer line to one question line; never raises for what the line holds."""
        try:
            question = json.loads(line)
            name, given = question["ask"], question.get("with", {})
            if (
                not isinstance(name, str)
                or not isinstance(given, dict)
                or not all(isinstance(k, str) for k in given)
            ):
                raise KeyError
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return _line(
                {
                    "error": "this is not a question",
                    "hint": 'one JSON object a line: {"ask": ..., "with": {}}',
                }
            )
        try:
            return _line({"answer": self._ask(name, given)})
        except LocalError as e:
            return _line({"error": e.text, "hint": e.hint})
        except RemoteError as e:
            return _line({"error": e.text, "hint": ""})
        except OSError as e:  # a file of the home that is not there, or may not be read
            words = f"the system refused: {e.strerror or e}" + (f" ({e.filename})" if e.filename else "")
            return _line({"error": words, "hint": "look before you repeat: parley status"})

    def close(self) -> None:
        """The connection is gone: the key is let go, nothing is followed any more."""
        if self._leave is not None:
            self._leave()
        self._key = self._leave = None

    def _ask(self, name: str, given: dict[str, Json]) -> Json:
        match name:
            case "sign_in":
                _check(name, _sign_in, given)
                self._key = unlock(self._desk.home_path, str(given["by"]), str(given["passphrase"]))
                self._desk.note_sign_in(self._key.name)
                return list(self._desk.powers(self._key.name))
            case "follow":
                _check(name, _follow, given)
                if self._leave is None:
                    self._told = self._desk.at_their_end()
                    self._leave = self._desk.on_change(self._follow)
                return "following"
            case _:
                return ask(self._desk, name, self._key, **given)

    def _follow(self) -> None:
        now = self._desk.at_their_end()
        for line, (our_size, there) in now.items():
            if self._told.get(line) != (our_size, there):
                told: Json = {"line": self._desk.line_name(line), "our_size": our_size, "at_their_end": there}
                self._tell(_line({"followed": told}))
        self._told = now


def _sign_in(desk: Desk, by: str, passphrase: str) -> None:
    """What `sign_in` takes."""


def _follow(desk: Desk) -> None:
    """What `follow` takes: nothing."""


async def serve(desk: Desk, home: Path) -> asyncio.Server:
    """Answers questions on the socket of the home, which only its owner may open. Raises OSError, or
    LocalError for a home too deep for a socket's name."""
    path = home / SOCKET_NAME
    spare = SOCKET_PATH_BYTES_MAX - len(os.fsencode(path))
    if spare < 0:
        raise LocalError(
            f"the path of this home is {-spare} bytes too long for the desk's socket",
            "move the home, on the same disk, to a shorter path",
        )
    with contextlib.suppress(FileNotFoundError):
        path.unlink()  # we hold the home's lock: whoever made it is gone

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def tell(told: bytes) -> None:
            if writer.transport.get_write_buffer_size() > LINE_BYTES_MAX:  # it follows and does not read
                writer.transport.abort()
            writer.write(told)

        asking = Asking(desk, tell)
        try:
            with contextlib.suppress(OSError, ValueError, asyncio.LimitOverrunError):
                while line := await reader.readline():
                    writer.write(asking.answer(line))
                    await writer.drain()
        finally:
            asking.close()
            writer.close()

    before = os.umask(0o177)
    try:
        return await asyncio.start_unix_server(meet, path=str(path), limit=LINE_BYTES_MAX)
    finally:
        os.umask(before)


def _line(value: dict[str, Json]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
