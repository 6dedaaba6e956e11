"""The part of the bench that measures growth: its table, its picture, and that a short run measures everything."""

from __future__ import annotations

import json
import xml.etree.ElementTree as xml
from argparse import Namespace
from pathlib import Path

import pytest
from bench.growth_picture import PANELS, drawn

from bench import growth

ROWS = [
    {
        column: (size if column == "entries" else 2.0 + number * number)
        for number, column in enumerate(growth.COLUMNS)
    }
    for size in (1_000.0, 10_000.0, 100_000.0)
]
ROWS[-1]["append_cpu_ms"] *= 1.25
ROWS[-1]["sync_cpu_ms"] *= 3


def test_what_grows_is_told_by_the_largest_against_the_smallest() -> None:
    found = growth.figures(ROWS)
    assert found["growth_append_ratio"].value == 1.25 and found["growth_append_ratio"].met
    assert found["growth_sync_ratio"].value == 3 and found["growth_sync_ratio"].met is False
    assert found["growth_entries"].value == 100_000
    assert growth.figures(ROWS[:1])["growth_sync_ratio"].met is None


def test_the_table_has_a_row_for_each_thing_and_a_column_for_each_size() -> None:
    rows = growth.table_of(ROWS).splitlines()
    assert len(rows) == len(growth.COLUMNS) and len({len(row) for row in rows}) == 1
    assert rows[0].split() == ["entries", "1,000", "10,000", "100,000"]


def test_numbers_are_shown_with_three_digits_that_count() -> None:
    assert [growth.shown(v) for v in (0.01234, 5.0, 99.94, 947.3, 30860.0)] == [
        "0.0123", "5", "99.9", "947", "30,860",
    ]  # fmt: skip


def test_the_picture_shows_every_point_of_the_table() -> None:
    picture = xml.fromstring(drawn(ROWS))
    lines = sum(len(lines) for _, _, lines in PANELS)
    found = list(picture.iter("{http://www.w3.org/2000/svg}circle"))
    assert len(found) == lines * len(ROWS)
    width, height = float(picture.attrib["width"]), float(picture.attrib["height"])
    assert all(0 < float(c.attrib["cx"]) < width and 0 < float(c.attrib["cy"]) < height for c in found)
    assert {column for _, _, lines in PANELS for column, _ in lines} == set(growth.COLUMNS) - {"entries"}


def test_a_flat_line_is_drawn_flat() -> None:
    circles = list(xml.fromstring(drawn(ROWS)).iter("{http://www.w3.org/2000/svg}circle"))
    first = circles[: len(ROWS)]  # of the first line, whose value is the same in all rows
    assert len({c.attrib["cy"] for c in first}) == 1 and len({c.attrib["cx"] for c in first}) == len(ROWS)


@pytest.mark.slow
def test_a_short_run_measures_every_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(growth, "PLACE", tmp_path)
    found = growth.run(Namespace(short=True, json=False, growth=1, growth_picture=tmp_path / "picture.svg"))
    (row,) = json.loads((tmp_path / "growth.json").read_text())["rows"]
    assert row.keys() == growth.COLUMNS.keys() and all(value > 0 for value in row.values())
    assert xml.parse(tmp_path / "picture.svg").getroot().tag.endswith("svg")
    assert (tmp_path / "growth.svg").exists() and "sync of 100 bytes" in capsys.readouterr().out
    assert found["store_bytes_per_entry"].value == row["store_bytes_per_entry"]
