"""Small questions about one value: is it this number, this text, this hash (spec 1.2, 6)."""

import unicodedata
from collections.abc import Callable

Question = Callable[[object], bool]


def number(low: int, high: int) -> Question:
    return lambda value: type(value) is int and low <= value <= high


def text(most: int, least: int = 0) -> Question:
    """CV-3: normal form C, no control characters, a bound in bytes of UTF-8."""

    def holds(value: object) -> bool:
        return (
            type(value) is str
            and least <= len(value.encode()) <= most
            and unicodedata.is_normalized("NFC", value)
            and not any(ord(c) < 0x20 or 0x7F <= ord(c) <= 0x9F for c in value)
        )

    return holds


def octets(size: int) -> Question:
    return lambda value: type(value) is bytes and len(value) == size


def optional(holds: Question) -> Question:
    return lambda value: value is None or holds(value)


def items(holds: Question, least: int, most: int) -> Question:
    return lambda value: type(value) is list and least <= len(value) <= most and all(map(holds, value))


def record(*questions: Question) -> Question:
    """An array with exactly these."""
    return lambda value: (
        type(value) is list
        and len(value) == len(questions)
        and all(holds(part) for holds, part in zip(questions, value, strict=True))
    )


def exactly(wanted: object) -> Question:
    return lambda value: type(value) is type(wanted) and value == wanted


u16 = number(0, 2**16 - 1)
u32 = number(0, 2**32 - 1)
truth = lambda value: type(value) is bool  # noqa: E731
sha256 = octets(32)
lang = text(16)
