"""Texts by phrases (spec 8.7), from the tables in vectors/wire and the spec alone."""

import functools
import json
from pathlib import Path

from otherend.refused import check

TABLES = {4: "phrases-en-1.json", 5: "phrases-ko-1.json"}
VECTORS = Path(__file__).resolve().parents[3] / "vectors" / "wire"
TEXT_MAX = 2048
TURN, CAPS, ESCAPE = "\x01", "\x02", "\x00"


def listing(entries: dict[str, list[str]]) -> list[tuple[int, str]]:
    """Every entry with the length of its code, in the order of the codes."""
    rows = [(int(length), entry) for length, row in entries.items() for entry in row]
    return sorted(rows, key=lambda row: (row[0], [ord(sign) for sign in row[1]]))


def canonical(rows: list[tuple[int, str]]) -> bytes:
    return b"".join(b"%d %s\n" % (length, entry.encode().hex().upper().encode()) for length, entry in rows)


def codes(rows: list[tuple[int, str]]) -> dict[str, str]:
    """Entry -> its code as 0 and 1."""
    found, code, last = {}, -1, 0
    for length, entry in rows:
        code = (code + 1) << (length - last)
        last = length
        found[entry] = format(code, f"0{length}b")
    check(code + 2 == 1 << last, "PK-12", "not one code is left over")
    return found


@functools.cache
def table(charset: int) -> dict[str, str]:
    return codes(listing(json.loads((VECTORS / TABLES[charset]).read_text(encoding="utf-8"))["entries"]))


@functools.cache
def _reverse(charset: int) -> dict[str, str]:
    return {code: entry for entry, code in table(charset).items()}


def decode(charset: int, data: bytes) -> str:
    entry_of, bits = _reverse(charset), "".join(format(byte, "08b") for byte in data)
    greatest = max(map(len, entry_of))
    signs: list[str] = []
    at = size = 0
    while True:
        for length in range(1, greatest + 1):
            entry = entry_of.get(bits[at : at + length])
            if entry is not None and len(bits) >= at + length:
                break
        else:
            break
        at += length
        if entry == ESCAPE:
            entry, at = _escape(bits, at)
        size += len(entry.replace(TURN, "").replace(CAPS, "").encode())
        check(size <= TEXT_MAX, "PK-15", "unpacks to too much")
        signs += entry
    check(len(bits) - at < 8 and set(bits[at:]) <= {"1"}, "PK-15", "no filling of ones")
    return _cased(signs)


def _escape(bits: str, at: int) -> tuple[str, int]:
    for head, length, low, high, base in (
        ("0", 14, 0, 11172, 0xAC00),
        ("10", 16, 0x20, 0x10000, 0),
        ("11", 20, 0, 0x100000, 0x10000),
    ):
        if bits.startswith(head, at):
            begin = at + len(head)
            check(len(bits) >= begin + length, "PK-14", "an escape ends early")
            value = int(bits[begin : begin + length], 2)
            check(low <= value < high, "PK-14", "an escape to no character")
            check(not 0xD800 <= value + base <= 0xDFFF, "PK-14", "an escape to a surrogate")
            return chr(value + base), begin + length
    check(False, "PK-14", "an escape ends early")
    raise AssertionError


def _cased(signs: list[str]) -> str:
    text = ""
    at, caps = 0, False
    while at < len(signs):
        sign, turn = signs[at], False
        if sign in (TURN, CAPS):
            caps, turn = sign == CAPS, sign == TURN
            at += 1
            check(at < len(signs) and "a" <= signs[at] <= "z", "PK-13", "a mark before no letter")
            sign = signs[at]
        if "a" <= sign <= "z":
            begins = not text or text[-1] == "\n" or text[-2:] in (". ", "? ", "! ")
            text += sign.upper() if caps or turn != begins else sign
        else:
            text, caps = text + sign, False
        at += 1
    return text


# --- the sender's side


def _marks(text: str) -> str:
    said, at = "", 0
    small = text.lower() if text.isascii() else "".join(c.lower() if c.isascii() else c for c in text)
    while at < len(text):
        end = at
        while end < len(text) and text[end].isascii() and text[end].isalpha():
            end += 1
        run = text[at:end]
        if not run:
            said += text[at]
            at += 1
        elif len(run) > 1 and run == run.upper():
            said, at = said + CAPS + small[at:end], end
        else:
            for place in range(at, end):
                before = text[:place]
                begins = not before or before[-1] == "\n" or before[-2:] in (". ", "? ", "! ")
                said += (TURN if (text[place] != small[place]) != begins else "") + small[place]
            at = end
    return said


def encode(charset: int, text: str) -> bytes:
    """In the fewest bits, found from the end of the text."""
    code_of, said = table(charset), _marks(text)
    reach = max(map(len, code_of))
    best = [""] * (len(said) + 1)
    for at in reversed(range(len(said))):
        ways = [
            code_of[said[at:end]] + best[end]
            for end in range(at + 1, min(at + reach, len(said)) + 1)
            if said[at:end] in code_of
        ]
        if said[at] not in code_of:
            ways.append(code_of[ESCAPE] + _escaped(ord(said[at])) + best[at + 1])
        best[at] = min(ways, key=len)
    bits = best[0] + "1" * (-len(best[0]) % 8)
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


def _escaped(point: int) -> str:
    if 0xAC00 <= point < 0xAC00 + 11172:
        return "0" + format(point - 0xAC00, "014b")
    return "10" + format(point, "016b") if point < 0x10000 else "11" + format(point - 0x10000, "020b")
