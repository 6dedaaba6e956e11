"""What an instrument gives the console: its pages, its acts, and what a page says after one.

Each instrument has a module of its own (`letters`, `announcements`, ...). The console puts its pages behind the door,
its acts behind forms, and brings a form that cannot be done back to the page it stood on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from parley.console.forms import Typed
from parley.console.sessions import Session
from parley.desk import Desk

Done: TypeAlias = "str | dict[str, object]"  # where to go on, or an answer to a script
Asked: TypeAlias = Mapping[str, str]  # what the address says: path parameters and the query
Act: TypeAlias = Callable[[Desk, Typed, Session], Done]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One page: its template, what stands on it, and its address."""

    template: str
    path: str
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Instrument:
    """The pages and acts of one instrument.

    `pages`: by route, what makes the page. `acts`: by name, the power it takes ("" for any officer who has one) and
    what does it. `again`: by the name in a form's field `page`, the page that a refused form is shown on once more.
    `notices`: by the word in an address, what a page says after an act. `names`: what its templates may use.
    `link`: the address and the name in the bar.
    """

    pages: Mapping[str, Callable[[Desk, Asked], Leaf]]
    acts: Mapping[str, tuple[str, Act]]
    again: Mapping[str, Callable[[Desk, Typed], Leaf]]
    notices: Callable[[], Mapping[str, str]]
    names: Mapping[str, object] = field(default_factory=dict)
    link: Callable[[], tuple[str, str]] | None = None
