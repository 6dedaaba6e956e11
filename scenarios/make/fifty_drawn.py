"""The picture: every line over fifty years, declared and observed as two bands, from what was played.

It is made for an A4 sheet on its side, and for eyes or printers that see no colour: what is sound is thin, what is cut
or silent is tall; cut is solid, silent is hatched, nothing coming is dotted. Where the two ends show different things
the band is halved: the North above, the South below. A contact that the record holds makes the thin band solid; where
it is hollow, nothing but signs of life says that the line was sound, and those are the program's, not history's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final
from xml.sax.saxutils import escape

from fifty_data import LABELS, Data, midnight, seoul
from fifty_made import CUT, NEAR_DAYS
from fifty_played import Played, Track
from fifty_table import PARTIES, Row, Span, opened_at, rows, spans

WIDTH: Final = 1188  # four to the millimetre of A4
HEIGHT: Final = 840
_LEFT: Final = 232
_RIGHT: Final = 1150
_TOP: Final = 150
_ROW: Final = 34
_BAND: Final = 10
_THIN: Final = 3
_NARROW: Final = 1.6  # a block is never narrower, so that a day can be seen
_CONTACT: Final = 5
_LABEL_CHARACTER: Final = 5.0  # widths of an average character, generously
_LEGEND_CHARACTER: Final = 5.4
_APART_S: Final = 10 * 86400  # ends that differ by less than that could not be told apart at this scale
_INK: Final = "#18222d"
_SOFT: Final = "#5d6975"
_FAINT: Final = "#dfe3e7"
_SOUND: Final = "#4d5b68"
_SILENT: Final = "#8a3a14"
QUIET: Final = ("QUIET", "ONE WAY", "NOT PROVEN")
DOWN: Final = ("DOWN",)

TITLE: Final = "Eighteen lines between the two Koreas, 1971 to 2023"
ABOUT: Final = (
    "Played on two ends from public sources. Declared: what the two sides say of a line. "
    "Observed: what each end measures of it."
)
_FOOT: Final = (
    "Numbers above a band (o01 ...) are the outages of the table. Lines stand in the order in which they open. A line "
    "without a cut is one of which the data has none, which is not to say that there was none:",
    f"nearly all of the data comes from the South. Within {NEAR_DAYS} days of an event of a line its daily contacts "
    "are called; elsewhere the last contact stands. The UN Command's line is not one between the two sides.",
)


def picture(data: Data, played: Played) -> str:
    """The picture as the text of an SVG file."""
    return "\n".join(_Drawing(data, played).parts()) + "\n"


class _Drawing:
    def __init__(self, data: Data, played: Played) -> None:
        self._played = played
        self._rows = rows(data, played)
        first = {t.line: opened_at(t) or played.end for t in played.tracks if t.party == "south"}
        self._lines = sorted((line.id for line in data.lines), key=lambda name: first[name])
        self._first = midnight(date(seoul(played.start).year, 1, 1))
        self._last = midnight(date(seoul(played.end - 1).year + 1, 1, 1))

    def parts(self) -> Iterator[str]:
        bottom = _TOP + _ROW * len(self._lines)
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="297mm" height="210mm" '
            f'font-family="\'Noto Sans\', \'DejaVu Sans\', Helvetica, Arial, sans-serif" fill="{_INK}" role="img" '
            'aria-labelledby="title words">'
        )
        yield f'<title id="title">{escape(TITLE)}: declared and observed</title>'
        yield f'<desc id="words">{escape(" ".join(words(self._played, self._lines)))}</desc>'
        yield _PATTERNS
        yield f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>'
        yield f'<text x="40" y="54" font-size="23" font-weight="600">{escape(TITLE)}</text>'
        yield f'<text x="40" y="75" font-size="12" fill="{_SOFT}">{escape(ABOUT)}</text>'
        yield from self._legend(98)
        yield from self._years(_TOP - 6, bottom)
        for n, line in enumerate(self._lines):
            yield from self._line(line, _TOP + n * _ROW, n == 0)
        for n, foot in enumerate(_FOOT):
            yield f'<text x="40" y="{bottom + 38 + n * 13}" font-size="9" fill="{_SOFT}">{escape(foot)}</text>'
        yield "</svg>"

    def _x(self, at: int) -> float:
        return _LEFT + (_RIGHT - _LEFT) * (at - self._first) / (self._last - self._first)

    def _years(self, top: float, bottom: float) -> Iterator[str]:
        for year in range(seoul(self._first).year, seoul(self._last).year + 1):
            x = self._x(midnight(date(year, 1, 1)))
            fifth = year % 5 == 0
            if fifth:
                yield f'<path d="M{x:.1f} {top}V{bottom}" stroke="{_FAINT}" stroke-width=".8"/>'
                for y in (top - 8, bottom + 16):
                    yield (
                        f'<text x="{x:.1f}" y="{y}" font-size="10" text-anchor="middle" fill="{_SOFT}">'
                        f"{year}</text>"
                    )
            for y, way in ((top, -1), (bottom, 1)):
                length = 5 if fifth else 2.5
                yield f'<path d="M{x:.1f} {y}v{way * length}" stroke="{_SOFT}" stroke-width=".7"/>'
        for y in (top, bottom):
            yield f'<path d="M{_LEFT} {y}H{_RIGHT}" stroke="{_SOFT}" stroke-width=".7"/>'

    def _line(self, line: str, y: float, is_first: bool) -> Iterator[str]:
        declared, observed = y + 7, y + 19
        middle = y + 21.5
        yield f'<text x="40" y="{middle}" font-size="11.5">{escape(LABELS[line][0])}</text>'
        if is_first:
            for word, at in (("declared", declared), ("observed", observed)):
                yield (
                    f'<text x="{_LEFT - 6}" y="{at + 7.5}" font-size="7.5" text-anchor="end" fill="{_SOFT}">'
                    f"{word}</text>"
                )
        yield f'<path d="M40 {y + _ROW}H{_RIGHT}" stroke="{_FAINT}" stroke-width=".5"/>'
        yield f'<g aria-label="{escape(LABELS[line][0])}">'
        tracks = [self._played.track(line, party) for party in PARTIES]
        yield from self._band(tracks, declared, "declared")
        yield from self._band(tracks, observed, "observed")
        yield "</g>"
        yield from self._numbers(line, declared - 1.5)

    def _band(self, tracks: list[Track], y: float, column: str) -> Iterator[str]:
        """What is sound as a thin band over the whole life, and what is not as blocks over it."""
        opened = [at for at in map(opened_at, tracks) if at is not None]
        if not opened:
            return
        since = min(opened)
        centre = y + _BAND / 2
        yield self._box(since, self._played.end, centre - _THIN / 2, _THIN, column)
        if column == "observed":
            for run in tracks[1].runs:
                if run.answered:
                    yield self._box(run.first, run.last, centre - _CONTACT / 2, _CONTACT, "contact")
        kinds = (("cut", CUT),) if column == "declared" else (("quiet", QUIET), ("down", DOWN))
        for kind, states in kinds:
            north, south = (spans(track, states, column) for track in tracks)
            shared = [span for span in north if any(_alike(span, other) for other in south)]
            for span in shared:
                yield self._box(span.first, span.last or self._played.end, y, _BAND, kind)
            for n, found in enumerate((north, south)):
                for span in found:
                    if not any(_alike(span, other) for other in shared):
                        half = _BAND / 2
                        yield self._box(span.first, span.last or self._played.end, y + n * half, half, kind)

    def _box(self, first: int, last: int, y: float, height: float, kind: str) -> str:
        x = self._x(first)
        width = max(self._x(last) - x, _NARROW if kind != "contact" else 0.8)
        return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" {_LOOK[kind]}/>'

    def _numbers(self, line: str, y: float) -> Iterator[str]:
        """The numbers of the outages of the table, those too close joined."""
        at = sorted((self._x(self._begin(row)), row.outage.id) for row in self._rows if line in row.lines)
        groups: list[tuple[float, list[str]]] = []
        for x, number in at:
            if groups and x < groups[-1][0] + _LABEL_CHARACTER * (4 * len(groups[-1][1]) + 1):
                groups[-1][1].append(number)
            else:
                groups.append((x, [number]))
        for x, numbers in groups:
            text = " ".join(numbers)
            end = x + len(text) * _LABEL_CHARACTER > _RIGHT
            where = f'x="{_RIGHT if end else x:.1f}" y="{y:.1f}"' + (' text-anchor="end"' if end else "")
            yield f'<text {where} font-size="7.5" fill="{_SOFT}">{text}</text>'

    def _begin(self, row: Row) -> int:
        """Where a row's number stands: where its blocks begin."""
        first = [span.first for span in (*row.observed, *row.declared) if span is not None]
        return max(min(first, default=row.outage.begun.first), row.outage.begun.first)

    def _legend(self, y: float) -> Iterator[str]:
        x = 40.0
        for kind, text in (
            ("declared", "declared open"),
            ("cut", "declared cut"),
            ("contact", "calls answered"),
            ("observed", "no call in the data, the last one stands"),
            ("quiet", "calls unanswered"),
            ("down", "nothing arrives"),
            ("halves", "the ends differ: North above, South below"),
        ):
            if kind == "halves":
                yield f'<rect x="{x:.1f}" y="{y - _THIN / 2}" width="20" height="{_THIN}" {_LOOK["declared"]}/>'
                yield f'<rect x="{x:.1f}" y="{y - _BAND / 2}" width="20" height="{_BAND / 2}" {_LOOK["cut"]}/>'
            else:
                height = {"declared": _THIN, "observed": _THIN, "contact": _CONTACT}.get(kind, _BAND)
                yield f'<rect x="{x:.1f}" y="{y - height / 2}" width="20" height="{height}" {_LOOK[kind]}/>'
            yield f'<text x="{x + 26:.1f}" y="{y + 3.5}" font-size="10">{escape(text)}</text>'
            x += 26 + _LEGEND_CHARACTER * len(text) + 18


_LOOK: Final = {
    "declared": f'fill="{_SOUND}"',
    "cut": f'fill="{_INK}"',
    "observed": f'fill="#fff" stroke="{_SOUND}" stroke-width=".7"',
    "contact": f'fill="{_SOUND}"',
    "quiet": f'fill="url(#quiet)" stroke="{_SILENT}" stroke-width=".8"',
    "down": f'fill="url(#down)" stroke="{_SILENT}" stroke-width=".8"',
}
_PATTERNS: Final = (
    '<defs><pattern id="quiet" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    f'<rect width="4" height="4" fill="#fff"/><rect width="1.5" height="4" fill="{_SILENT}"/></pattern>'
    '<pattern id="down" width="3.4" height="3.4" patternUnits="userSpaceOnUse">'
    f'<rect width="3.4" height="3.4" fill="#fff"/><circle cx="1.7" cy="1.7" r="1.05" fill="{_SILENT}"/>'
    "</pattern></defs>"
)


def words(played: Played, lines: Iterable[str]) -> Iterator[str]:
    """The picture in sentences, one a line."""
    for line in lines:
        track = played.track(line, "south")
        since = opened_at(track)
        if since is None:
            yield f"{LABELS[line][0]}: never open."
            continue
        parts = [f"open from {_day(since)}"]
        for word, states, column in (
            ("declared cut", CUT, "declared"),
            ("silent", (*QUIET, *DOWN), "observed"),
        ):
            found = [f"{_day(s.first)} to {_day(s.last)}" for s in spans(track, states, column)]
            parts.append(f"{word} {', '.join(found)}" if found else f"never {word}")
        yield f"{LABELS[line][0]}: {'; '.join(parts)}."


def _day(at: int | None) -> str:
    return "the end" if at is None else f"{seoul(at):%Y-%m-%d}"


def _alike(one: Span, other: Span) -> bool:
    """Two ends' spans that look the same on paper."""
    if abs(one.first - other.first) > _APART_S or (one.last is None) != (other.last is None):
        return False
    return one.last is None or other.last is None or abs(one.last - other.last) <= _APART_S
