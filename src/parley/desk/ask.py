"""The desk as questions and answers in JSON; over a socket they come by `desk/door.py`.

A question is {"ask": NAME, "with": {ARGUMENT: VALUE}}; an answer {"answer": VALUE} or {"error": TEXT,
"hint": TEXT}. Only what is named in `QUESTIONS` can be asked, and only with arguments of the types the
desk declares; anything else is answered with one sentence.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import inspect
import os
import types
import typing
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from parley.core.accord import LETTERS, Accord, Meaning, Slot
from parley.core.errors import LocalError, RemoteError
from parley.core.types import U32, Power, Precedence
from parley.desk import Desk, Unlocked, announcements, appointments, contacts, letters, objects
from parley.desk.files import write_file

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
Ask: TypeAlias = "Callable[..., Json]"

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
    return act(desk, name, key, **given)()


def act(desk: Desk, name: str, key: Unlocked | None = None, /, **given: Json) -> Callable[[], Json]:
    """Does what is asked, and gives what looks up the answer: to be called once it is durable. `brief` with what
    gives a message: its ref and place alone. Raises LocalError for what cannot be asked so."""
    question = QUESTIONS.get(name)
    brief = given.pop("brief", False) is True if name in _ACTS else False
    if question is None:
        raise LocalError(f"there is no question {name!r} at this desk", "use the program of the same version")
    if key is not None and given.get("by") == key.name and "passphrase" not in given and _takes_key(question):
        check(name, question, {**given, "passphrase": ""})
        done = partial(_ACTS.get(name, question), desk, passphrase=key, **given)
    else:
        check(name, question, given)
        done = partial(_ACTS.get(name, question), desk, **given)
    found = done()
    if brief:
        return lambda: {"ref": str(found), "sequence": desk.place(str(found))}
    return (lambda: plain(desk.message(str(found)))) if name in _ACTS else (lambda: plain(found))


def plain(value: object) -> Json:
    """A view as JSON: dataclasses as objects, tuples as lists, bytes as hex."""
    kind = type(value)
    if kind is str or kind is int or value is None:
        return typing.cast(Json, value)
    fields = _fields(typing.cast(type, kind))
    if fields is not None:
        return {name: plain(getattr(value, name)) for name in fields}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, bytes):
        return value.hex()
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"{type(value).__name__} has no JSON form")


@functools.cache
def _fields(kind: type) -> tuple[str, ...] | None:
    """The names of a dataclass's fields; None for another type."""
    return tuple(f.name for f in dataclasses.fields(kind)) if dataclasses.is_dataclass(kind) else None


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
    always_open: str = "letters",
    addresses: str = "",
) -> object:
    """`slots`: "09:00 opening;17:00 closing", times in UTC; `civil_clocks`: ours and theirs, minutes east
    of UTC; `owners`: who answers for the line, ours and theirs; `always_open`: numbers of act kinds, "letters" for
    letters and their tenders, or nothing; `addresses`: the protocol book, "OFFICE=FORM OF ADDRESS;..."."""
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
            always_open=_kinds(always_open),
            addresses=tuple(_address(words) for words in addresses.split(";") if words.strip()),
        )
    except (RemoteError, ValueError, IndexError) as e:
        raise LocalError(f"this accord cannot be offered: {e}", "see: parley line offer --help") from None
    if not all(agreed.languages):
        raise LocalError("a language needs a tag", "for example: --languages ko,en")
    if not name:
        raise LocalError("a line needs a name", "for example: parley line offer south Liaison")
    return desk.offer_line(pair, agreed, by, passphrase)


def _kinds(words: str) -> tuple[int, ...]:
    if words.strip() == "letters":
        return tuple(int(kind) for kind in LETTERS)
    return tuple(int(kind) for kind in words.split(",") if kind.strip())


def _address(words: str) -> tuple[str, str]:
    office, equals, form = words.partition("=")
    if not equals or not office.strip() or not form.strip():
        raise ValueError(f"{words.strip()!r} is no form of address: OFFICE=FORM")
    return office.strip(), form.strip()


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
    data = desk.export(line)
    write_file(path, data)
    return {"path": path, "bytes": len(data)}


def _bytes(words: str) -> bytes:
    try:
        return base64.b64decode(words, validate=True)
    except ValueError:
        raise LocalError("a file given is not base64", "give the file as it was made") from None


def _method(name: str) -> Callable[..., object]:
    return typing.cast("Callable[..., object]", getattr(Desk, name))


# What gives the ref of a message alone; its view is for after the commit.
_ACTS: dict[str, Callable[..., object]] = {"release": Desk.released, "acknowledge": Desk.acknowledged}
QUESTIONS: dict[str, Callable[..., object]] = {name: _method(name) for name in _PLAIN} | {
    "add_officer": _add_officer,
    "pair_card": _pair_card,
    "pair_share": _pair_share,
    "pair_finish": _pair_finish,
    "offer_line": _offer_line,
    "export": _export,
}
for _instrument in (announcements, appointments, contacts, letters, objects):
    QUESTIONS |= _instrument.QUESTIONS


def check(name: str, method: Callable[..., object], given: dict[str, Json]) -> None:
    """Whether a question can be asked so, by what `method` declares. Raises LocalError."""
    wanted, allowed = _declared(method)
    for argument in (*(wanted - given.keys()), *(given.keys() - allowed.keys())):
        what = "is missing" if argument in wanted else "is not known"
        raise LocalError(
            f"{name} cannot be asked so: {argument!r} {what}", "use the program of the same version"
        )
    for argument, value in given.items():
        if type(value) not in allowed[argument]:
            raise LocalError(
                f"{argument} of {name} is of the wrong kind", "use the program of the same version"
            )
        if isinstance(value, int) and not 0 <= value <= U32:
            raise LocalError(f"{argument} of {name} is out of range", f"a number from 0 to {U32}")
        if isinstance(value, str) and argument != "path" and any("\ud800" <= c <= "\udfff" for c in value):
            raise LocalError(f"{argument} holds a lone surrogate, which is no character", "retype it")


@functools.cache
def _declared(method: Callable[..., object]) -> tuple[frozenset[str], dict[str, tuple[type, ...]]]:
    """What a question declares: the arguments it must have, and by argument the types a value may have."""
    hints = typing.get_type_hints(method)
    arguments = list(inspect.signature(method).parameters.values())[1:]  # the first is the desk
    wanted = frozenset(a.name for a in arguments if a.default is a.empty)
    return wanted, {a.name: _types(hints[a.name]) for a in arguments}


def _takes_key(method: Callable[..., object]) -> bool:
    """Whether a key that is open may stand for the passphrase."""
    return Unlocked in _declared(method)[1].get("passphrase", ())


def _types(hint: object) -> tuple[type, ...]:
    if isinstance(hint, types.UnionType):
        return tuple(t for part in typing.get_args(hint) for t in _types(part))
    return (hint,) if isinstance(hint, type) else ()
