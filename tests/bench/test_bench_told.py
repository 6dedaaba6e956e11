"""What ./run bench prints: a table for people, one JSON object for programs; figures are not judged here."""

from __future__ import annotations

import json

import pytest
from bench.figures import Figure, table

from bench import __main__ as command
from bench import browser, console

FOUND = {
    "start_empty": Figure(0.5, "s", 0.6),
    "watch_screen": Figure(87.5, "kB", 60),
    "watch_screen_served": Figure(22.0, "ms"),
    "first_paint": Figure(None, "ms", 300, "no chromium was found"),
}


def test_the_table_says_what_was_met_and_what_was_not_measured() -> None:
    rows = table(FOUND).splitlines()
    assert len(rows) == 1 + len(FOUND)
    assert rows[1].endswith("<= 0.6 s   met") and rows[2].endswith("NOT MET")
    assert rows[3].endswith("22 ms") and "not measured: no chromium was found" in rows[4]


def test_a_figure_at_its_aim_has_met_it() -> None:
    assert [Figure(v, "s", 0.6).met for v in (0.59, 0.6, 0.61)] == [True, True, False]
    assert Figure(1.0, "s").met is None and Figure(None, "s", 1.0).met is None


def test_json_is_one_object_by_name(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "run", lambda chosen: FOUND)
    assert command.main(["console", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told.keys() == FOUND.keys()
    assert told["watch_screen"] == {"value": 87.5, "unit": "kB", "aim": 60, "met": False}
    assert told["first_paint"]["value"] is None and told["first_paint"]["why"] == "no chromium was found"


def test_without_a_browser_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CHROMIUM", raising=False)
    assert browser.missing()
    monkeypatch.setattr(browser, "sync_playwright", None)
    assert "playwright" in browser.missing()


@pytest.mark.slow
def test_the_short_bench_measures_everything_it_can(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if browser.missing():
        monkeypatch.setattr(browser, "missing", lambda: "not here")
    assert command.main(["console", "--short", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    unmeasured = {name for name, figure in told.items() if figure["value"] is None}
    assert unmeasured <= {
        "start_large",
        "start_large_replayed",
        "memory_large",
        "first_paint",
        "event_to_screen",
    }
    assert all(figure["value"] > 0 for figure in told.values() if figure["value"] is not None)


def test_an_aim_may_be_at_least_so_much() -> None:
    assert [Figure(v, "per s", 1000, at_least=True).met for v in (999, 1000, 1001)] == [False, True, True]
    assert table({"throughput": Figure(999, "per s", 1000, at_least=True)}).endswith(">= 1000 per s  NOT MET")


def test_a_part_that_does_not_exist_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["consol"])
    assert "there is no part 'consol'" in capsys.readouterr().err
