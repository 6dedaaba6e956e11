"""Who signed in, out, and who failed to: as events of the journal.

A failed attempt is noted under the name that was typed, made harmless and cut short, and at most once a minute: who
can reach the console, and knows no passphrase, must not be able to fill the disk. The next event says how many were
passed over.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from parley.node import Node
from parley.watch_log import Happened

REFUSED_EVERY_S: Final = 60
NAME_MAX: Final = 64
_ACTING: Final = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))


class SigningIn:
    """Notes what happens at the console's door."""

    def __init__(self, node: Node) -> None:
        self._node, self._log = node, node.watch_log
        self._refused_at = float("-inf")
        self._passed_over = 0

    def signed_in(self, by: str) -> None:
        self._log.note(self._node.now(), Happened.SIGNED_IN, by)

    def signed_out(self, by: str) -> None:
        self._log.note(self._node.now(), Happened.SIGNED_OUT, by)

    def refused(self, name_as_typed: str) -> None:
        """Notes a failed attempt, or counts it for the next that is noted."""
        steady = self._node.clock.monotonic()
        if steady - self._refused_at < REFUSED_EVERY_S:
            self._passed_over += 1
            return
        more = {"more": self._passed_over} if self._passed_over else {}
        self._refused_at, self._passed_over = steady, 0
        self._log.note(self._node.now(), Happened.REFUSED_SIGN_IN, name=cleaned(name_as_typed), **more)


def cleaned(name: str) -> str:
    """A name as a stranger typed it, without what could act on a screen, at most 64 letters."""
    return "".join(c for c in name[: 4 * NAME_MAX] if unicodedata.category(c) not in _ACTING)[:NAME_MAX]
