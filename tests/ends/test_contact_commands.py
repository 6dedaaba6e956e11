"""A call by commands alone, between two real nodes: rung, answered, noted and shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from realends import Pair, prepared, refused, until

LINE = "Liaison"


@pytest.fixture
def pair(tmp_path: Path) -> Any:
    made = prepared(tmp_path)
    made.join()
    made.up()
    yield made
    made.stop()


@pytest.mark.slow
def test_a_call_is_rung_answered_noted_and_shown_by_commands(pair: Pair) -> None:
    north, south = pair

    def call(end: Any, *words: str) -> Any:
        said = end.says("contact", LINE, *words, "--json")
        assert said.code == 0, said
        return said.found

    assert call(north, "--show")["slot"] == 0
    assert "no call is open" in north.says("contact", LINE, "--show").out
    refused(north.says("contact", LINE, "--note", "none", "--as", "duty"), "")
    until(lambda: north.line()["observed"] in ("OK", "QUIET", "NO WATCH"))
    call(north, "--as", "duty")
    until(lambda: south.line()["ringing"])
    call(south, "--answer", "--as", "duty")
    until(lambda: call(north, "--show")["answered_at"] is not None)
    number = call(north, "--show")["their_officers"][0][0]
    seen = call(north, "--note", "their-identity,we-are-heard", "--heard", str(number), "--as", "duty")
    assert set(seen["noted"]) == {"their_identity", "we_are_heard"} and seen["content"] == ""
    seen = call(north, "--note", "none", "--content", "no-message", "--as", "duty")
    assert set(seen["noted"]) == {"their_identity", "we_are_heard"} and seen["content"] == "no_message"
    out = north.says("contact", LINE, "--show").out
    assert "noted: their-identity, we-are-heard" in out and "content: no-message" in out
    assert f"{number} " in out and "between the hours" in out
    refused(north.says("contact", LINE, "--note", "sung", "--as", "duty"), "there is no step 'sung'")
    refused(
        north.says("contact", LINE, "--note", "none", "--heard", "999", "--as", "duty"), "has no officer 999"
    )
    refused(north.says("contact", LINE, "--test", "9", "--as", "duty"), "has no test text 9")
    refused(north.says("contact", LINE, "--content", "messages", "--as", "duty"), "go with --note")
    refused(north.says("contact", LINE), "which officer")
