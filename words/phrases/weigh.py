"""Chooses and weighs the entries of a phrase dictionary: python words/phrases/weigh.py en|ko GENERAL

From our own prose, our vocabulary and GENERAL, a file of text in the language, one paragraph a line, of which only
counts are taken. It is no part of any check: the tables are frozen, and this shows how they came about.

A text is parted into entries as the sender parts it; the entries that save the fewest bits are dropped, round by round,
until as many are left as wanted. Numbers of our prose are changed at random before they are counted, so that none is
learnt. A string of several letters comes from our own texts or not at all.
"""

from __future__ import annotations

import heapq
import math
import random
import re
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from parley.core.wire import phrases

HERE = Path(__file__).resolve().parent
SEED = 5
ROUNDS = (14_000, 9_000, 6_500, 5_200, 4_500, 4_000, 4_000, 4_000)  # entries left after each
CANDIDATES = 30_000
LETTERS = "abcdefghijklmnopqrstuvwxyz"
SIGNS = " .,;:!?'\"()/-%0123456789\n&+*=#@$<>[]_|~`^{}\\"
ALWAYS = {"en": "–—’‘“”°′″é£€…×•§½", "ko": "–—’‘“”°′″·ㆍ…「」『』㎞℃%×～∼△○□※①②③"}
EACH = 4.0  # added to the weight of every single character, so that what is rare here stays possible


@dataclass(frozen=True)
class How:
    """Longest entry; how often our prose, our vocabulary and general text count; characters taken of that; letters
    from which on a string must be ours."""

    longest: int
    prose: float
    vocabulary: float
    general: float
    general_characters: int
    ours_from: int


HOW = {"en": How(20, 10.0, 12.0, 0.4, 200_000, 4), "ko": How(12, 40.0, 6.0, 0.5, 250_000, 2)}


def varied(line: str, chance: random.Random) -> str:
    """The line with other numbers, of the same shape; years and noughts stay."""

    def other(found: re.Match[str]) -> str:
        told = found.group()
        if len(told) == 4 and told[:2] in ("19", "20"):
            return told
        first = str(chance.randrange(1, 10)) if told[0] != "0" else "0"
        return first + "".join(sign if sign == "0" else str(chance.randrange(10)) for sign in told[1:])

    return re.sub(r"\d+", other, line)


def words(language: str) -> list[str]:
    """Our vocabulary, each with a blank before it."""
    lines = (HERE / f"vocabulary-{language}.txt").read_text(encoding="utf-8").splitlines()
    return [f" {word}" for line in lines if line and not line.startswith("#") for word in line.split()]


def candidates(lines: list[str], least: int, longest: int, *, within_words: bool) -> Counter[str]:
    found: Counter[str] = Counter()
    for line in lines:
        for at in range(len(line)):
            for size in range(2, min(longest, len(line) - at) + 1):
                found[line[at : at + size]] += 1
                if within_words and size > 2 and line[at + size - 1] in " .,":
                    break
    return Counter({part: n for part, n in found.items() if n >= least and fit(part, within_words)})


def fit(part: str, within_words: bool) -> bool:
    if re.search(r"\d{3}", part) and part not in ("000", " 000"):
        return False
    if part[-1] in phrases.MARKS or "\n" in part:
        return False
    return not (within_words and re.search(r"[ .,].*[ .,].", part))


def parted(text: str, bits: dict[str, float], longest: int) -> tuple[float, list[str]]:
    """Fewest bits and the parts of a text; a character without an entry is a part behind the escape."""
    size = len(text)
    best, parts = [0.0] + [1e18] * size, [""] * (size + 1)
    for at in range(size):
        have = best[at]
        for end in range(at + 1, min(at + longest, size) + 1):
            more = bits.get(text[at:end])
            if more is not None and have + more < best[end]:
                best[end], parts[end] = have + more, text[at:end]
        if text[at] not in bits:
            more = bits[phrases.ESCAPE] + 18
            if have + more < best[at + 1]:
                best[at + 1], parts[at + 1] = have + more, phrases.ESCAPE + text[at]
    found, at = [], size
    while at:
        found.append(parts[at])
        at -= 1 if parts[at][0] == phrases.ESCAPE else len(parts[at])
    return best[size], found


def counted(texts: list[tuple[str, float]], bits: dict[str, float], longest: int) -> Counter[str]:
    found: Counter[str] = Counter()
    for text, weight in texts:
        for part in parted(text, bits, longest)[1]:
            found[phrases.ESCAPE if part[0] == phrases.ESCAPE else part] += weight  # type: ignore[assignment]
    return found


def huffman(weights: dict[str, float]) -> dict[str, float]:
    heap = [(weight, n, (part,)) for n, (part, weight) in enumerate(sorted(weights.items()))]
    heapq.heapify(heap)
    found: Counter[str] = Counter()
    count = len(heap)
    while len(heap) > 1:
        first, second = heapq.heappop(heap), heapq.heappop(heap)
        found.update(first[2] + second[2])
        heapq.heappush(heap, (first[0] + second[0], count, first[2] + second[2]))
        count += 1
    return {part: float(length) for part, length in found.items()}


def weighed(language: str, general: Path) -> dict[str, float]:
    """Entry -> weight."""
    how, chance = HOW[language], random.Random(SEED)
    prose = [
        line for line in (HERE / f"prose-{language}.txt").read_text(encoding="utf-8").splitlines() if line
    ]
    others = general.read_text(encoding="utf-8").splitlines()
    chance.shuffle(others)
    ours = [phrases._marked(varied(line, chance)) for line in prose]
    told = [phrases._marked("0" + word)[1:] for word in words(language)]
    taken: list[str] = []
    while others and sum(map(len, taken)) <= how.general_characters:
        taken.append(phrases._marked(others.pop(0)))
    texts = [(t, how.prose) for t in ours] + [(t, how.general) for t in taken]
    texts += [(t, how.vocabulary) for t in told]
    weights: Counter[str] = Counter()
    for lines, weight, least, longest, within in (
        (ours, how.prose, 2, how.longest, False),
        (taken, how.general, 8, 4, True),
    ):
        for part, n in candidates(lines, least, longest, within_words=within).items():
            weights[part] += n * weight  # type: ignore[assignment]
    own = "\n".join(ours + told)
    for part in list(weights):
        if sum(sign.isalpha() for sign in part) >= how.ours_from and part not in own:
            del weights[part]
    for word in told:
        if len(word) <= how.longest:
            weights[word] += how.vocabulary  # type: ignore[assignment]
            if language == "ko" and len(word) > 2:
                weights[word[1:]] += how.vocabulary / 2  # type: ignore[assignment]
    signs: Counter[str] = Counter()
    for text, weight in texts:
        for sign in text:
            signs[sign] += weight  # type: ignore[assignment]
    stays = {*LETTERS, *SIGNS, *ALWAYS[language], *phrases.MARKS, phrases.ESCAPE}
    if language == "ko":
        stays |= {sign for sign in signs if "가" <= sign <= "힣" and signs[sign] >= 2 * how.general}
    return _left(texts, weights, signs, stays, how)


def _left(
    texts: list[tuple[str, float]], weights: Counter[str], signs: Counter[str], stays: set[str], how: How
) -> dict[str, float]:
    """The entries that are left after every round, and their weights after two with whole bits."""
    best = sorted(weights, key=lambda part: (-weights[part] * (len(part) - 0.7), part))[:CANDIDATES]
    kept = {part: float(weights[part]) for part in best} | {sign: signs[sign] + 0.5 for sign in stays}
    kept[phrases.ESCAPE] = 20.0
    for size in ROUNDS:
        whole = sum(kept.values())
        bits = {part: -math.log2(weight / whole) for part, weight in kept.items()}
        found = counted(texts, bits, how.longest)

        def saves(part: str, bits: dict[str, float] = bits, found: Counter[str] = found) -> float:
            own = bits.pop(part)
            without = parted(part, bits, how.longest)[0]
            bits[part] = own
            return found[part] * (without - own)

        ranked = sorted((part for part in found if part not in stays), key=lambda p: (-saves(p), p))
        kept = {part: float(found[part]) for part in ranked[: size - len(stays)]}
        kept |= {sign: found[sign] + EACH for sign in stays}
        kept[phrases.ESCAPE] = max(kept[phrases.ESCAPE], 30.0)
    for _ in range(2):
        found = counted(texts, huffman(kept), how.longest)
        kept = {part: found[part] + EACH * (1 if part in stays else 0.3) for part in kept}
        kept[phrases.ESCAPE] = max(kept[phrases.ESCAPE], 30.0)
    return kept


def main() -> None:
    language, general = sys.argv[1], Path(sys.argv[2])
    signs = {"\\": "\\\\", "\n": "\\n", "\0": "\\0", "\x01": "\\1", "\x02": "\\2"}
    for part, weight in sorted(weighed(language, general).items(), key=lambda row: (-row[1], row[0])):
        print(f"{max(1, round(weight * 10))}\t{''.join(signs.get(sign, sign) for sign in part)}")


if __name__ == "__main__":
    main()
