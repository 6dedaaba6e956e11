"""Words of others on a terminal: nothing in them acts on it. A module of its own, because every command needs it
and most need nothing else of `show`."""

from __future__ import annotations

from parley.core.types import without_towers

_ACTING = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))


def safe(words: str) -> str:
    """`words` with what could act on a terminal made visible, and of a tower of combining marks only the first ones;
    line breaks stay."""
    shown = ""
    for c, kind, more in without_towers(words):
        if more:
            shown += f"<+{more} marks>"
        else:
            shown += c if c == "\n" or kind not in _ACTING else f"<U+{ord(c):04X}>"
    return shown
