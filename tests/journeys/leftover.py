"""Whether a page in one language has words of another left in it: what it shows is read, names and codes taken out.

Read in the browser: the text a person can come to see (folds too), labels that are read aloud, and what a script says
later. Taken out: what people wrote, which no catalogue translates. What is left in Latin letters must be the same in
both languages.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

_MONTHS: Final = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC"
SAME_IN_BOTH: Final = frozenset(f"Parley FLASH UTC English RLO PNG JPEG WebP dev {_MONTHS}".split())
_CODES: Final = "|".join(
    (
        r"[0-9a-f]{4}( [0-9a-f]{4}){3,}|\b[0-9a-f]{8,}\b|\d{6}Z [A-Z]{3} \d\d|draft:\d+",
        r"parley [a-z /-]+|parley\.toml의 site|NAME\.[a-z]+",  # commands, a setting, files
    )
)
READ: Final = (Path(__file__).parent / "read.js").read_text(encoding="utf-8")


def english_left(read: dict[str, list[str]], people: set[str]) -> list[str]:
    """Words in Latin letters that neither people wrote nor both languages share: `page: words [in the sentence]`."""
    found: dict[str, str] = {}
    known = sorted(
        {part for text in people for part in (text, " ".join(text.split()), text.upper())},
        key=len,
        reverse=True,
    )
    for page, texts in read.items():
        for text in texts:
            rest = text
            for words in known:
                rest = re.sub(rf"(?<![A-Za-z]){re.escape(words)}(?![A-Za-z])", " ", rest, flags=re.I)
            rest = re.sub(_CODES, " ", rest)
            words = [w for w in re.findall(r"[A-Za-z]{3,}", rest) if w not in SAME_IN_BOTH]
            if words and text not in found:
                found[text] = f"{page}: {' '.join(words)} [{text[:110]}]"
    return sorted(found.values())
