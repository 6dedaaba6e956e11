"""Words of others on a terminal: nothing in them acts on it. A module of its own, because every command needs it
and most need nothing else of `show`."""

from __future__ import annotations

import unicodedata

MARKS_MAX = 6  # more than any script stacks on one letter
_ACTING = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))


def safe(words: str) -> str:
    """`words` with what could act on a terminal made visible, and of a tower of combining marks, which would stand
    over other rows, only its first `MARKS_MAX`; line breaks stay."""
    shown, marks = "", 0
    for c in words:
        kind = unicodedata.category(c)
        if kind in ("Mn", "Me"):
            marks += 1
            if marks > MARKS_MAX:
                continue
        elif marks > MARKS_MAX:
            shown += f"<+{marks - MARKS_MAX} marks>"
        if kind not in ("Mn", "Me"):
            marks = 0
        shown += c if c == "\n" or kind not in _ACTING else f"<U+{ord(c):04X}>"
    return shown + (f"<+{marks - MARKS_MAX} marks>" if marks > MARKS_MAX else "")
