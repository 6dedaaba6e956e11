"""Makes vectors/wire/phrases-*: the frozen phrase dictionaries of section 8.7, as code lengths of their entries.

The weights are those of words/phrases/entries-*.txt, which are frozen: another weight is another version. With
--modules the constants of the product are written again from the same table; a test compares the two.
"""

from __future__ import annotations

import hashlib
import heapq
import sys
from pathlib import Path

import common as c

from parley.core.wire import phrases

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "words" / "phrases"
LANGUAGES = {"en": ("English", 4), "ko": ("Korean", 5)}
TEXTS = (
    "",
    "a",
    "A",
    "Hold fire.",
    "HOLD FIRE. HOLD FIRE.",
    "no. A sentence that begins small. and another! And one?\nnew line\nNew Line",
    "McDonald of the UN spoke to the OSCE's Vienna office. NATO ships. I agree.",
    "Our patrol boat has lost its engine and is drifting south. We ask you to hold fire. Reply by phone.",
    "Position 37°40'N 124°55'E, course 090, speed 12 knots, at 17:30 UTC on 3 March 2027 (0930 local time).",
    'Where are the survivors? How many? "Five", said Mr. Ødegård.',
    "Zürich, Łódź, Ἀθῆναι, Москва, 東京, 🕊 and 가각힣",
    "{[<|>]}~`^_\\#$%&*+=@;",
    "우리 경비정이 기관 고장으로 남쪽으로 떠내려가고 있습니다. 사격을 하지 말아 주시기 바랍니다.",
    "3월 3일 09시부터 17시 30분까지 실탄사격훈련을 실시할 예정입니다. VHF 16번을 청취하기 바랍니다.",
    "뷁쀍 힣 ㄱ ㅎ ·「인용」 漢字",
    "쌍방은 대화와 협력이 필요하다는 데 인식을 같이하였다. Both sides agreed.",
)
SIGNS = {"\\\\": "\\", "\\n": "\n", "\\0": "\0", "\\1": "\x01", "\\2": "\x02"}


def weights(language: str) -> dict[str, int]:
    """Entry -> weight, at least 1, from a file of lines `weight TAB entry`."""
    found = {}
    text = (SOURCES / f"entries-{language}.txt").read_text(encoding="utf-8")
    for line in text.removesuffix("\n").split("\n"):
        weight, _, told = line.partition("\t")
        parts = told.split("\\\\")
        for sign, meant in SIGNS.items():
            parts = [part.replace(sign, meant) for part in parts]
        found["\\".join(parts)] = int(weight)
    return found


def lengths(weighed: dict[str, int]) -> dict[str, int]:
    """The code lengths of Huffman. One code more, of no weight, stays free: the last one, all ones, for the padding."""
    heap: list[tuple[int, int, tuple[str | None, ...]]] = [(0, -1, (None,))]
    heap += [(weight, n, (entry,)) for n, (entry, weight) in enumerate(sorted(weighed.items()))]
    heapq.heapify(heap)
    found: dict[str | None, int] = dict.fromkeys([None, *weighed], 0)
    count = len(heap)
    while len(heap) > 1:
        first, second = heapq.heappop(heap), heapq.heappop(heap)
        for entry in first[2] + second[2]:
            found[entry] += 1
        heapq.heappush(heap, (first[0] + second[0], count, first[2] + second[2]))
        count += 1
    assert found.pop(None) == max(found.values())
    return {entry: length for entry, length in found.items() if entry is not None}


def listed(table: dict[str, int]) -> dict[int, list[str]]:
    """Length -> entries in the order of their code points: the order of the codes."""
    return {
        length: sorted(entry for entry, own in table.items() if own == length)
        for length in sorted(set(table.values()))
    }


def sha256(rows: dict[int, list[str]]) -> str:
    """Of the canonical listing (PK-12)."""
    lines = (f"{length} {entry.encode().hex().upper()}\n" for length, row in rows.items() for entry in row)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def main() -> None:
    for language, (name, charset) in LANGUAGES.items():
        rows = listed(lengths(weights(language)))
        c.write(
            "wire",
            f"phrases-{language}-1",
            f"the phrase dictionary {name}, version 1: the entries of each code length, in the order of their codes",
            "PK-11 PK-12",
            "good",
            charset=charset,
            count=sum(len(row) for row in rows.values()),
            sha256=sha256(rows),
            entries=rows,
        )
        if "--modules" in sys.argv:
            module(language, name, rows)


def make_texts() -> None:
    """Texts in the fewest bytes either table has for them; two ends may part them otherwise, and as short."""
    c.write(
        "wire",
        "phrases-texts",
        "texts by phrases: charset, text, and its fewest bytes",
        "PK-11 PK-12 PK-13 PK-14 PK-15 PK-16",
        "good",
        texts=[
            (charset, text, phrases.encode(charset, text))
            for text in TEXTS
            for _, charset in LANGUAGES.values()
        ],
    )


def module(language: str, name: str, rows: dict[int, list[str]]) -> None:
    told = "\v".join(f"{length}\t" + "\t".join(row) for length, row in rows.items())
    signs = [repr(sign)[1:-1].replace('"', '\\"') if sign != "'" else sign for sign in told]
    lines, line = [], ""
    for sign in signs:
        if sum(1 + (s >= "\u1100") for s in line + sign) > 100:
            lines.append(line)
            line = ""
        line += sign
    lines.append(line)
    body = "".join(f'    "{line}"\n' for line in lines)
    path = ROOT / "src" / "parley" / "core" / "wire" / f"phrases_{language}.py"
    path.write_text(
        f'"""The phrase dictionary {name}, version 1, frozen (spec 8.7): another word is another version.\n\n'
        "A row for each code length, parted by 0B: the length, then the entries in the order of their codes, each\n"
        "after a tab. Made from words/phrases by `python vectors/make/phrases.py --modules`; a test compares it with\n"
        'vectors/wire, byte for byte.\n"""\n\n'
        f"ROWS = (\n{body})\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
    make_texts()
