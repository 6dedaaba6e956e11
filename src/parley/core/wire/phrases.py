"""The frozen phrase dictionaries: texts in few bits by tables both ends have (spec 8.7).

A dictionary is a list of strings, each with a code; a text is parted into such strings, and their codes follow each
other. Any parting decodes to the text, so coding is never evidence, and the sender looks for the shortest. What a
table does not have goes by an escape: every text can be coded, if not every one shortly.

Capitals are no entries of their own: they are small letters behind a mark. Where a sentence begins a capital is what
is expected, so there the mark stands before the small letter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from parley.core.errors import RemoteError
from parley.core.types import ENTRY_AND_BODY_BYTES_MAX
from parley.core.wire import phrases_en, phrases_ko

ENGLISH, KOREAN = 4, 5  # as charsets of the codec byte
DICTIONARIES = {ENGLISH: phrases_en.ROWS, KOREAN: phrases_ko.ROWS}

ESCAPE = "\x00"
OTHER_CASE = "\x01"  # of the letter that follows
CAPITALS = "\x02"  # all letters that follow, up to what is none
MARKS = frozenset((OTHER_CASE, CAPITALS))
SMALL = frozenset("abcdefghijklmnopqrstuvwxyz")
STOPS = frozenset(".?!")
_LETTERS = re.compile(r"[A-Za-z]+")
_NOT_OF_A_TEXT = re.compile("[\x00-\x09\x0b-\x1f\ud800-\udfff]")
_NO_MARKS = {ord(OTHER_CASE): None, ord(CAPITALS): None}

HANGUL, HANGUL_COUNT, HANGUL_BITS = 0xAC00, 11_172, 14
PLANE_BITS, ABOVE_BITS = 16, 20
LAST = 0x10FFFF
NEXT_BITS = 12  # looked up at once: nearly all codes are no longer
_TOO_MUCH = "packed body unpacks to too much or does not end where it should"
FRONT = b"\x01"  # before the bits where they are one number, so that none is lost


@dataclass(frozen=True, slots=True)
class Table:
    """`codes`: entry -> its code with a 1 before it, so that no two are equal. `bits`: entry -> length of its code.
    `entries`: the reverse of `codes`. `begun`: three characters -> the longer entries that begin so, with lengths.
    `next`: by the next NEXT_BITS bits, the entry they begin with, the length of its code and its bytes of UTF-8; None
    where the code is longer. `above`: more than any code with the 1 before it. The one code that is free, all ones,
    stands for no entry."""

    codes: dict[str, int]
    bits: dict[str, int]
    entries: dict[int, str]
    begun: dict[str, list[tuple[str, int, int]]]
    next: list[tuple[str, int, int] | None]
    above: int


@cache
def table(charset: int) -> Table:
    """The dictionary of a charset, made when first asked for."""
    codes: dict[str, int] = {}
    bits: dict[str, int] = {}
    begun: dict[str, list[tuple[str, int, int]]] = {}
    following: list[tuple[str, int, int] | None] = [None] * (1 << NEXT_BITS)
    code, before = 0, 0
    for row in DICTIONARIES[charset].split("\v"):
        told, *entries = row.split("\t")
        length = int(told)
        code <<= length - before
        before = length
        for entry in entries:
            codes[entry] = code | 1 << length
            bits[entry] = length
            if len(entry) > 2:
                begun.setdefault(entry[:3], []).append((entry, len(entry), length))
            if length <= NEXT_BITS and entry != ESCAPE:
                span = 1 << (NEXT_BITS - length)
                following[code * span : (code + 1) * span] = [(entry, length, _size(entry))] * span
            code += 1
    return Table(codes, bits, {code: entry for entry, code in codes.items()}, begun, following, 2 << before)


def _size(part: str) -> int:
    """The bytes of UTF-8 that a part adds to a text."""
    return len(part.translate(_NO_MARKS).encode())


@lru_cache(maxsize=128)  # a draft is packed when it is written, so that its release finds it here
def encode(charset: int, text: str) -> bytes | None:
    """`text` in the fewest bits of this dictionary; the last byte is filled up with ones. None for what can be in no
    text: control characters but the line break, and halves of surrogates."""
    if _NOT_OF_A_TEXT.search(text):
        return None
    words, said = table(charset), _marked(text)
    codes, bits, begun = words.codes, words.bits, words.begun
    size = len(said)
    escape = bits[ESCAPE]
    # fewest bits of what lies before each place, and the last part of it; one place more, which a pair may name
    best, parts = [0] + [1 << 30] * (size + 1), [""] * (size + 2)
    for at in range(size):
        have, sign = best[at], said[at]
        few = have + (bits[sign] if sign in bits else escape + _escaped(sign)[1])
        if few < best[at + 1]:
            best[at + 1], parts[at + 1] = few, sign
        pair = said[at : at + 2]
        if pair in bits and have + bits[pair] < best[at + 2]:
            best[at + 2], parts[at + 2] = have + bits[pair], pair
        for entry, length, more in begun.get(said[at : at + 3], ()):
            if at + length <= size and have + more < best[at + length] and said.startswith(entry, at):
                best[at + length], parts[at + length] = have + more, entry
    found: list[str] = []
    at = size
    while at:
        part = parts[at]
        code = codes.get(part)
        if code is None:
            value, length = _escaped(part)
            found.append(f"{value:0{length}b}")
            code = codes[ESCAPE]
        found.append(f"{code:b}"[1:])
        at -= len(part)
    coded = "".join(reversed(found))
    coded += "1" * (-len(coded) % 8)
    return int("1" + coded, 2).to_bytes(len(coded) // 8 + 1, "big")[len(FRONT) :]


def decode(charset: int, data: bytes) -> str:
    """The text in `data`. Raises RemoteError for whatever is none, and for more than a body may have."""
    words = table(charset)
    entries, following, above = words.entries, words.next, words.above
    told = f"{int.from_bytes(FRONT + data, 'big'):b}"[1:]
    parts: list[str] = []
    at = begun = size = 0
    code = 1
    end = len(told)
    while at < end:
        if code == 1 and end - at >= NEXT_BITS:
            known = following[int(told[at : at + NEXT_BITS], 2)]
            if known is not None:
                part, length, more = known
                size += more
                if size > ENTRY_AND_BODY_BYTES_MAX:
                    raise RemoteError(_TOO_MUCH)
                parts.append(part)
                at = begun = at + length
                continue
        code = code << 1 | (told[at] == "1")
        at += 1
        found = entries.get(code)
        if found is None:
            if code >= above:
                break
            continue
        if found == ESCAPE:
            found, at = _unescaped(told, at)
        size += _size(found)
        if size > ENTRY_AND_BODY_BYTES_MAX:
            raise RemoteError(_TOO_MUCH)
        parts.append(found)
        code, begun = 1, at
    if end - begun > 7 or "0" in told[begun:]:
        raise RemoteError("what fills up the last byte is not all ones, or a byte and more")
    return _unmarked("".join(parts))


def _escaped(sign: str) -> tuple[int, int]:
    """What follows the escape for a character, and its bits: 0 and a syllable, 10 and a character of the first
    plane, 11 and one above it."""
    point = ord(sign)
    if HANGUL <= point < HANGUL + HANGUL_COUNT:
        return point - HANGUL, 1 + HANGUL_BITS
    if point < 1 << PLANE_BITS:
        return 0b10 << PLANE_BITS | point, 2 + PLANE_BITS
    return 0b11 << ABOVE_BITS | point - (1 << PLANE_BITS), 2 + ABOVE_BITS


def _unescaped(told: str, at: int) -> tuple[str, int]:
    """The character at `at`, and where it ends."""
    if told[at : at + 1] == "0":
        length, head, base = 1 + HANGUL_BITS, 0, HANGUL
    elif told[at : at + 2] == "10":
        length, head, base = 2 + PLANE_BITS, 0b10 << PLANE_BITS, 0
    else:
        length, head, base = 2 + ABOVE_BITS, 0b11 << ABOVE_BITS, 1 << PLANE_BITS
    bits = told[at : at + length]
    if len(bits) < length:
        raise RemoteError("an escape ends early")
    point = int(bits, 2) - head + base
    if base == HANGUL and point >= HANGUL + HANGUL_COUNT:
        raise RemoteError("an escape to a syllable there is not")
    if point < 0x20 or 0xD800 <= point < 0xE000 or point > LAST:
        raise RemoteError("an escape to no character of a text")
    return chr(point), at + length


# --- capitals ---------------------------------------------------------------------------------


def _begins(text: str, at: int) -> bool:
    """Whether a sentence begins at `at`: at the front, after a line break, after a full stop, question mark or
    exclamation mark and a blank."""
    if at == 0 or text[at - 1] == "\n":
        return True
    return text[at - 1] == " " and at > 1 and text[at - 2] in STOPS


def _marked(text: str) -> str:
    """The text in small letters, with marks."""

    def word(found: re.Match[str]) -> str:
        letters, at = found[0], found.start()
        if len(letters) > 1 and letters.isupper():
            return CAPITALS + letters.lower()
        said = []
        for place, letter in enumerate(letters):
            expected = place == 0 and _begins(text, at)
            said.append(letter.lower() if letter.isupper() == expected else OTHER_CASE + letter.lower())
        return "".join(said)

    return _LETTERS.sub(word, text)


def _unmarked(said: str) -> str:
    """The reverse. Raises RemoteError for a mark before what is no small letter."""
    text: list[str] = []
    mark, run = "", False
    before, last = "", "\n"  # the two characters before, as far as they tell where a sentence begins
    for sign in said:
        if sign in MARKS:
            if mark:
                raise RemoteError("a mark of capitals before another")
            mark, run = sign, False
            continue
        if sign in SMALL:
            run = run or mark == CAPITALS
            begins = last == "\n" or (last == " " and before in STOPS)
            if run or begins != (mark == OTHER_CASE):
                sign = sign.upper()
        elif mark:
            raise RemoteError("a mark of capitals before what is no letter")
        else:
            run = False
        mark = ""
        before, last = last, sign
        text.append(sign)
    if mark:
        raise RemoteError("a mark of capitals at the end")
    return "".join(text)
