"""The growth of a record as a picture: four panels, both axes by powers of ten, written as SVG by hand.

One idea a panel, one line a thing; each line is named at its end, so that no legend is to be matched by colour. What
is flat in it does not grow with the record.
"""

from __future__ import annotations

import math
from xml.sax.saxutils import escape

PANELS: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    ("Start of the end", "seconds", (("open_s", "start"),)),
    (
        "A message appended; 100 entries synced",
        "ms",
        (
            ("append_cpu_ms", "append, CPU"),
            ("append_ms", "append, with fsync"),
            ("sync_cpu_ms", "sync of 100, CPU"),
        ),
    ),
    (
        "What a reader asks for",
        "CPU ms",
        (
            ("latest_ms", "latest 50"),
            ("needs_us_ms", "needs us"),
            ("by_ref_ms", "one by its ref"),
            ("entries_ms", "last 100 entries"),
        ),
    ),
    (
        "Size",
        "bytes",
        (
            ("store_bytes_per_entry", "record, an entry"),
            ("journal_bytes_per_entry", "journal, an entry"),
            ("sync_bytes", "sync of 100"),
        ),
    ),
)
INKS = ("#1f4e79", "#9c4a1a", "#3d6b35", "#6b4a7d")
PANEL_W, PANEL_H = 300, 190  # of the field in which is drawn
LEFT, TOP, RIGHT, BELOW = 58, 44, 128, 44
GAP_NAMES = 12  # between two names at the ends of lines


def drawn(rows: list[dict[str, float]]) -> str:
    """The picture of these rows, which are in the order of their sizes; an SVG file."""
    width, height = 2 * (LEFT + PANEL_W + RIGHT), 2 * (TOP + PANEL_H + BELOW) + 26
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        ' font-family="sans-serif" font-size="11" fill="#222" role="img" aria-label="Costs of an end by the size of'
        ' its record">',
        f'<rect width="{width}" height="{height}" fill="#fcfcfa"/>',
    ]
    for number, (title, unit, lines) in enumerate(PANELS):
        x = LEFT + number % 2 * (LEFT + PANEL_W + RIGHT)
        y = TOP + number // 2 * (TOP + PANEL_H + BELOW)
        out += _panel(rows, x, y, f"{title} ({unit})", lines)
    out.append(
        f'<text x="{LEFT}" y="{height - 12}" fill="#555">One line, two logs. Each step of either axis is a factor of'
        " ten; what is flat does not grow with the record.</text></svg>"
    )
    return "\n".join(out) + "\n"


def _panel(
    rows: list[dict[str, float]], x: int, y: int, title: str, lines: tuple[tuple[str, str], ...]
) -> list[str]:
    values = [max(row[column], 1e-3) for row in rows for column, _ in lines]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    high = max(high, low + 1)
    least, most = 3, max(4, math.ceil(math.log10(max(row["entries"] for row in rows)) - 0.05))

    def at(entries: float, value: float) -> tuple[float, float]:
        right = (math.log10(entries) - least) / (most - least)
        up = (math.log10(max(value, 1e-3)) - low) / (high - low)
        return round(x + right * PANEL_W, 1), round(y + PANEL_H - up * PANEL_H, 1)

    out = [f'<text x="{x}" y="{y - 16}" font-size="13" font-weight="600">{escape(title)}</text>']
    for power in range(low, high + 1):
        _, line = at(10**least, 10**power)
        out.append(f'<path d="M{x} {line}h{PANEL_W}" stroke="#ddd" fill="none"/>')
        out.append(f'<text x="{x - 7}" y="{line + 4}" text-anchor="end" fill="#555">{_power(power)}</text>')
    for power in range(least, most + 1):
        line, _ = at(10**power, 10**low)
        out.append(f'<path d="M{line} {y}v{PANEL_H}" stroke="#eee" fill="none"/>')
        out.append(
            f'<text x="{line}" y="{y + PANEL_H + 16}" text-anchor="middle" fill="#555">{_power(power)}</text>'
        )
    out.append(
        f'<text x="{x + PANEL_W}" y="{y + PANEL_H + 32}" text-anchor="end" fill="#555">entries of the record</text>'
    )
    ends = []
    for (column, name), ink in zip(lines, INKS, strict=False):
        points = [at(row["entries"], row[column]) for row in rows]
        path = "L".join(f"{px} {py}" for px, py in points)
        out.append(f'<path d="M{path}" stroke="{ink}" stroke-width="1.8" fill="none"/>')
        out += [f'<circle cx="{px}" cy="{py}" r="2.8" fill="{ink}"/>' for px, py in points]
        ends.append((points[-1][1], points[-1][0], name, ink))
    last = -math.inf
    for py, px, name, ink in sorted(ends):
        last = max(py + 4, last + GAP_NAMES)
        out.append(f'<text x="{px + 9}" y="{round(last, 1)}" fill="{ink}">{escape(name)}</text>')
    return out


def _power(power: int) -> str:
    """A power of ten as people read it."""
    return f"{10**power:,}" if power >= 0 else f"{10.0**power:.{-power}f}"
