"""The instruments that a scenario can speak of beside lines and messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from parley.scenario import announcements, contacts, letters
from parley.scenario.deeds import Deed, Expected, Kind, Read
from parley.scenario.format import Party
from parley.scenario.table import Table

KINDS: Final[tuple[Kind, ...]] = (letters.KIND, announcements.KIND, contacts.KIND)
STEPS: Final[dict[str, Callable[[Read, Table, Party], Deed]]] = {
    word: read for kind in KINDS for word, read in kind.steps.items()
}
EXPECTED: Final[dict[str, Expected]] = {
    noun: expected for kind in KINDS for noun, expected in kind.expected.items()
}
TOLD: Final[dict[str, tuple[str, str]]] = {word: told for kind in KINDS for word, told in kind.told.items()}
