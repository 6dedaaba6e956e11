"""Pure readings of the core that are remembered while worlds run: the same bytes are read again and again.

Each is a function of its arguments alone, and gives frozen values. A world without this runs the same way, only
slower; a test says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from typing import Any, Final
from unittest import mock

from parley.core import accord as accords
from parley.core import line as lines
from parley.core import suite
from parley.core.instruments import roster
from parley.core.record import Held
from parley.core.wire import body as bodies
from parley.store import Row

_MANY: Final = 32768


@contextmanager
def remembered() -> Iterator[None]:
    """While it lasts, what was read once is not read again."""
    read = Row.held.fget  # type: ignore[attr-defined]

    @lru_cache(_MANY)
    def held(entry: bytes, body: bytes | None, heard_at: int) -> Held:
        found: Held = read(Row(0, b"", entry, body, heard_at, ""))
        return found

    with ExitStack() as stack:
        for module, name in (
            (accords, "decode_terms"),
            (lines, "decode_restore"),
            (bodies, "check_act"),
            (bodies, "check_statement"),
            (suite, "check_public_key"),
            (suite, "decode_tree"),
            (suite, "_child"),
            (suite, "verify"),
            (roster, "officers"),
        ):
            stack.enter_context(mock.patch.object(module, name, _remembering(getattr(module, name))))
        stack.enter_context(
            mock.patch.object(Row, "held", property(lambda row: held(row.entry, row.body, row.heard_at)))
        )
        yield


def _remembering(read: Callable[..., Any]) -> Callable[..., Any]:
    known = lru_cache(_MANY)(read)

    def again(*given: Any) -> Any:
        try:
            return known(*given)
        except TypeError:  # a map in what a peer made up
            return read(*given)

    return again
