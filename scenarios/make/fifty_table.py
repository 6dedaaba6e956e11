"""The outages of the data beside what was played: one row for each whose two events are of high confidence.

Nothing in a row is written by hand. What the data says is read from it, what happened is what both ends showed, and
why the two differ is found from the events that the steps between them cite.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fifty_data import LABELS, Data, Outage, Period, pyongyang, seoul
from fifty_made import CUT, SILENT
from fifty_played import Played, Track

PARTIES: Final = ("north", "south")
_STATE: Final = {"declared": "cut", "observed": "silent"}
_CALL_S: Final = 720  # a call is answered within a minute; unanswered, it closes after ten


@dataclass(frozen=True, slots=True)
class Span:
    """From `first` until `last`, Unix seconds; None: not before the end of the play."""

    first: int
    last: int | None


@dataclass(frozen=True, slots=True)
class Row:
    """An outage on those of its lines that came to the same. `declared` and `observed`: by party, None for a line
    that was never cut, or never silent. `why`: empty if it agrees."""

    outage: Outage
    lines: tuple[str, ...]
    declared: tuple[Span | None, ...]
    observed: tuple[Span | None, ...]
    why: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        return not self.why


def rows(data: Data, played: Played) -> tuple[Row, ...]:
    """One row for each outage whose two events are of high confidence; more where its lines differ."""
    found: list[Row] = []
    for outage in data.outages:
        if not outage.sure:
            continue
        for line in outage.lines:
            row = _row(data, played, outage, line)
            same = next(
                (n for n, r in enumerate(found) if r.outage is outage and _cells(r) == _cells(row)), None
            )
            if same is None:
                found.append(row)
            else:
                found[same] = Row(
                    outage, (*found[same].lines, line), row.declared, row.observed, found[same].why
                )
    return tuple(found)


def spans(track: Track, words: tuple[str, ...], column: str) -> tuple[Span, ...]:
    """When an end showed one of `words`; `column`: "declared" or "observed". OPENING after a cut belongs to it."""
    found: list[Span] = []
    since: int | None = None
    opened = False
    for shown in track.shown:
        word = getattr(shown, column)
        opened = opened or shown.declared == "OPEN"
        there = opened and (word in words or (since is not None and word == "OPENING"))
        if there and since is None:
            since = shown.at
        elif not there and since is not None:
            found.append(Span(since, shown.at))
            since = None
    if since is not None:
        found.append(Span(since, None))
    return tuple(found)


def opened_at(track: Track) -> int | None:
    """When an end first showed the line as open."""
    return next((shown.at for shown in track.shown if shown.declared == "OPEN"), None)


# --- one row ----------------------------------------------------------------------------------


def _row(data: Data, played: Played, outage: Outage, line: str) -> Row:
    tracks = [played.track(line, party) for party in PARTIES]
    declared = tuple(_nearest(spans(t, CUT, "declared"), outage) for t in tracks)
    observed = tuple(_nearest(spans(t, SILENT, "observed"), outage) for t in tracks)
    why = list(_static(data, outage, line))
    assert outage.ended is not None, "a sure outage has both its events"
    cut = outage.begun_by.act == "cut" and bool(outage.begun_by.announced)
    columns = [("observed", observed), *([("declared", declared)] if cut else [])]
    for word, pair in columns:
        for party, span in zip(PARTIES, pair, strict=True):
            why += _differs(data, played, outage, line, word, party, span)
    return Row(outage, (line,), declared, observed, tuple(dict.fromkeys(_joined(why))))


def _nearest(found: tuple[Span, ...], outage: Outage) -> Span | None:
    """The span that has most of the outage's time."""
    assert outage.ended is not None
    first, last = outage.begun.first, outage.ended.last

    def common(span: Span) -> int:
        return min(last, span.last or last) - max(first, span.first)

    best = max(found, key=common, default=None)
    return best if best is not None and common(best) > 0 else None


def _static(data: Data, outage: Outage, line: str) -> Iterator[str]:
    """What the data itself says against the row."""
    assert outage.ended_by is not None
    for event, what in ((outage.begun_by, "begins"), (outage.ended_by, "ends")):
        if line not in event.lines:
            yield f"{event.id}, with which the data {what} it, does not name this line"
    other = data.overlapping(outage, line)
    if other is not None:
        yield f"the data has {other.id} on this line at the same time"


def _differs(
    data: Data, played: Played, outage: Outage, line: str, word: str, party: str, span: Span | None
) -> Iterator[str]:
    assert outage.ended is not None
    if span is None:
        yield f"{party.title()}: never {_STATE[word]} in that time"
        return
    for at, period, what in ((span.first, outage.begun, "from"), (span.last, outage.ended, "to")):
        if at is None:
            yield f"{party.title()}: {_STATE[word]} to the end, as no event says when this line was back"
        elif not period.holds(at, _CALL_S):
            cause = _cause(data, played, line, at)
            yield f"{party.title()}: {_STATE[word]} {what} {moment(at)}, {cause}"


def _cause(data: Data, played: Played, line: str, at: int) -> str:
    """The event behind a change: the one cited last by a step on the line, if that was within the hour."""
    cited = [(when, event) for when, event in played.cited[line] if at - 3700 <= when <= at]
    if not cited:
        return "by signs of life missed, or by a daily contact"
    event = next(e for e in data.events if e.id == max(cited)[1])
    return f"by {event.id} ({event.act}{', in part' if event.partial else ''})"


def _joined(why: list[str]) -> Iterator[str]:
    """What is the same of both parties is said once."""
    parties = {party.title() for party in PARTIES}
    bare = [w.partition(": ")[2] if w.partition(": ")[0] in parties else w for w in why]
    for full, words in zip(why, bare, strict=True):
        yield words if full == words or bare.count(words) > 1 else full


def _cells(row: Row) -> tuple[object, ...]:
    """What must be the same for two lines to share a row."""
    near = tuple(
        None if s is None else (s.first // 120, None if s.last is None else s.last // 120)
        for s in (*row.declared, *row.observed)
    )
    return (near, row.why)


# --- words ------------------------------------------------------------------------------------


def moment(at: int | None) -> str:
    """An instant by Seoul's clock."""
    return "the end" if at is None else f"{seoul(at):%Y-%m-%d %H:%M}"


def known(period: Period | None) -> str:
    """What the data knows of an instant, by Seoul's clock, with Pyongyang's hour where that was another."""
    if period is None:
        return "not known"
    shape = {"minute": "%Y-%m-%d %H:%M", "day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}[period.known]
    there = pyongyang(period.first) if period.known == "minute" else ""
    return f"{seoul(period.first):{shape}}{f' ({there} in Pyongyang)' if there else ''}"


def span_words(pair: tuple[Span | None, ...], never: str) -> str:
    """What both ends showed: once if it is the same to two minutes, else each."""
    words = [never if s is None else f"{moment(s.first)} to {moment(s.last)}" for s in pair]
    one, other = pair
    if one == other or (
        one and other and abs(one.first - other.first) < 120 and _close(one.last, other.last)
    ):
        return words[0]
    return "; ".join(f"{party}: {word}" for party, word in zip(("North", "South"), words, strict=True))


def names(row: Row) -> str:
    return " and ".join(LABELS[line][0] for line in row.lines)


def verdict(row: Row) -> str:
    return "agrees" if row.agrees else "no: " + "; ".join(row.why)


def ending(data: Data, played: Played, found: tuple[Row, ...]) -> str:
    """The last lines: counts of it all."""
    outages = {row.outage.id for row in found}
    whole = [o for o in sorted(outages) if all(r.agrees for r in found if r.outage.id == o)]
    silent = [o for o in sorted(outages) if not any(s for r in found if r.outage.id == o for s in r.declared)]
    both = f"the records of both ends verify and agree on all {len(data.lines)} lines"
    if played.differences:
        both = f"the records of the ends do not verify, or DIFFER, on {', '.join(played.differences)}"
    return (
        f"{len(outages)} of {len(data.outages)} outages have two events of high confidence; "
        f"{len(whole)} of these agree as a whole. In {len(silent)} of them nothing was ever declared.\n"
        f"{played.held} expectations held, {played.failed} failed; {both}."
    )


def table(data: Data, played: Played, width: int = 120) -> str:
    """The table for a terminal."""
    found = rows(data, played)
    parts = []
    for row in found:
        parts.append(f"{row.outage.id}  {names(row)}")
        for head, words in (
            ("data", f"{known(row.outage.begun)} to {known(row.outage.ended)}"),
            ("declared", span_words(row.declared, "never cut")),
            ("observed", span_words(row.observed, "never silent")),
            ("", verdict(row)),
        ):
            parts += textwrap.wrap(
                words, width, initial_indent=f"     {head:10}", subsequent_indent=" " * 15
            )  # fmt: skip
    return "\n".join([*parts, "", ending(data, played, found)]) + "\n"


def _close(one: int | None, other: int | None) -> bool:
    return one == other if one is None or other is None else abs(one - other) < 120
