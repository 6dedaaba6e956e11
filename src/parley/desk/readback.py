"""The comparison of a read-back: which numbers, times and positions of a message its read-back lacks.

A FLASH is read back by its key fields. What is compared is only what can be compared without understanding a
language: groups of digits with the unit that stands at them. A number written as a word is not seen; a read-back in
other words that has the same numbers is whole. So an empty difference does not say that the message was understood.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import Final

# Longest first where one begins another. What follows a number and is none of these is not part of it.
_LATIN: Final = (
    r"km/h|km|cm|mm|nmi|nm|kn|kts|kt|khz|mhz|ghz|hz|kg|min|hrs|hr|sec|deg|ft|mi|"
    r"m|t|h|s|%|°"
)
_KOREAN: Final = (
    "킬로미터|센티미터|킬로그램|메가헤르츠|킬로헤르츠|미터|해리|노트|시간|개월|분간|퍼센트|헤르츠|도|시|분|초|명|인|대|척|기|개|발|회|"
    "차|호|번|일|월|년|톤|건|곳|층|미리"
)
_HEMISPHERE: Final = r"(?:\s?[NSEW](?![A-Za-z]))"
_DEGREES: Final = (
    r"\d{1,3}(?:\.\d+)?°(?:\s?\d{1,2}(?:\.\d+)?['′](?:\s?\d{1,2}(?:\.\d+)?[\"″])?)?" + _HEMISPHERE + "?"
)
_FIELD: Final = re.compile(
    "|".join(
        (
            r"\d{6}Z(?:\s[A-Z]{3}\s?\d{2,4})?",  # a date-time group
            _DEGREES,
            r"\d{1,3}-\d{2}(?:\.\d+)?" + _HEMISPHERE,  # 37-57.5N
            r"\d{1,3}(?:\.\d+)?" + _HEMISPHERE,  # 37.95N
            r"\d{1,4}(?:[-/.]\d{1,2}){2}(?![\d])",  # a date
            r"\d{1,2}:\d{2}(?::\d{2})?Z?",
            rf"\d+(?:\.\d+)?(?:\s?(?:{_LATIN})(?![A-Za-z])|\s?(?:{_KOREAN}))?",
        )
    ),
    re.IGNORECASE,
)
_THOUSANDS: Final = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")


def key_fields(text: str) -> tuple[str, ...]:
    """The numbers with their units, times and positions in a text, in order, in one way of writing: without blanks,
    without separators of thousands, letters as capitals, digits and signs of full width as ordinary ones."""
    plain = _THOUSANDS.sub("", unicodedata.normalize("NFKC", text)).replace("′", "'").replace("″", '"')
    return tuple("".join(found[0].split()).upper() for found in _FIELD.finditer(plain))


def lacking(text: str, read_back: str) -> tuple[str, ...]:
    """The key fields of a text that its read-back does not have, in order; one that stands twice in the text and
    once in the read-back is lacking once."""
    read, found = Counter(key_fields(read_back)), []
    for field in key_fields(text):
        if read[field]:
            read[field] -= 1
        else:
            found.append(field)
    return tuple(found)
