"""Steps of instruments: each instrument's module reads its own steps, takes them, and says what can be expected.

A scenario's lines and messages are the player's own matter (`player`). What is said by letters, appointments,
announcements comes as *deeds*: a deed is read from its table by the module of its instrument, and taken on the ground
that a play gives it: the desks, the names of the file, and a place for what the instrument must remember.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias, TypeVar

from parley.core.types import Power, Seconds
from parley.desk import Desk
from parley.scenario.format import LinePlan, Party
from parley.scenario.table import Table

T = TypeVar("T")
Facts: TypeAlias = "dict[str, bool | int | str]"


class Ground(Protocol):
    """Where a deed is done. `folder`: of the play, for files that go by hand. `passphrase`: of every officer."""

    passphrase: str
    folder: Path

    def now(self) -> Seconds: ...

    def desk(self, party: str) -> Desk:
        """The desk of a party, by its key. Raises LocalError while its end is down."""

    def other(self, party: str) -> str:
        """The key of the other party."""

    def line_name(self, key: str) -> str:
        """What a line is called at both desks."""

    def kept(self, kind: type[T]) -> T:
        """What an instrument remembers in this play: one value of each kind, made without arguments at first."""


class Deed(Protocol):
    """One step of an instrument. `lines`: keys of the lines it is about, for the story."""

    @property
    def lines(self) -> tuple[str, ...]: ...

    def take(self, ground: Ground, party: str) -> None:
        """Does it, as that party. Raises LocalError when the desk refuses it."""


class Read(Protocol):
    """What the reader of a file gives to whoever reads a step."""

    def line_of(self, table: Table) -> str:
        """The line that the step names."""

    def plan(self, line: str) -> LinePlan:
        """The plan of a line."""

    def officer(self, table: Table, party: Party, power: Power, key: str = "officer", other: str = "") -> str:
        """The officer named under `key`, or the first of the party with this power, but `other` if there is one."""

    def new(self, table: Table, kind: str, about: object) -> str:
        """The step's `id`, taken for a thing of this kind, of which `about` is kept for later steps."""

    def known(self, table: Table, kind: str, key: str = "") -> tuple[str, object]:
        """The id of a thing of this kind that the step names under `key` (default: the kind), and what was kept."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What can be expected of a thing: its keys with the type of each, and what is found at a party's end of the thing
    of that id. `of_line`: the id is that of a line."""

    keys: Mapping[str, type]
    facts: Callable[[Ground, str, str], Facts]
    of_line: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """What an instrument gives to the format. `steps`: by word, what reads it; the party is whose step it is.
    `expected`: by noun. `told`: by word, what the story says of a step without a note, in English and in Korean;
    {lines} stands for its lines."""

    steps: Mapping[str, Callable[[Read, Table, Party], Deed]]
    expected: Mapping[str, Expected]
    told: Mapping[str, tuple[str, str]] = field(default_factory=dict)
