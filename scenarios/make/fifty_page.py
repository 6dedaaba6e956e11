"""The parts of docs/guide/fifty-years.md that are made from a play: the table of outages, and the picture in words."""

from __future__ import annotations

import re
from typing import Final

from fifty_data import LABELS, Data
from fifty_drawn import words
from fifty_played import Played
from fifty_table import ending, known, names, rows, span_words, verdict

_PART: Final = re.compile(r"(<!-- made: (?P<name>[a-z]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def page(text: str, data: Data, played: Played) -> str:
    """The page with its made parts made again. Raises ValueError when it has not the places for them."""
    parts = {"table": _table(data, played), "words": _words(data, played)}
    found = [m["name"] for m in _PART.finditer(text)]
    if found != list(parts):
        raise ValueError(f"the page has places for {found}, not for {list(parts)}")
    return _PART.sub(lambda m: f"{m[1]}\n{parts[m['name']]}\n{m[3]}", text)


def _table(data: Data, played: Played) -> str:
    found = rows(data, played)
    parts = [
        "| outage | line | the data | declared cut | observed silent | |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in found:
        cells = (
            row.outage.id,
            names(row),
            f"{known(row.outage.begun)} to {known(row.outage.ended)}",
            span_words(row.declared, "never"),
            span_words(row.observed, "never"),
            verdict(row),
        )
        parts.append(f"| {' | '.join(cells)} |")
    return "\n".join([*parts, "", ending(data, played, found), ""])


def _words(data: Data, played: Played) -> str:
    lines = [line.id for line in data.lines]
    sentences = dict(zip(lines, words(played, lines), strict=True))
    parts = []
    for line in lines:
        rest = sentences[line].partition(": ")[2]
        parts.append(f"- **{LABELS[line][0]}** (`{line}`): {rest}")
    return "\n".join([*parts, ""])
