"""What waits when a line is cut is kept back: it leaves when released again, and never by itself (spec 10.2)."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from pair_of_ends import SECRET, paired
from test_acts import released
from test_pages import read


def test_what_a_cut_keeps_back_leaves_only_when_released_again(tmp_path: Path) -> None:
    ends = paired(tmp_path)
    north, south = ends.north.desk, ends.south.desk
    north.sever("Liaison", "grounds, invented", "chief", SECRET)
    ends.wait(5)
    kept = south.release(south.compose("Liaison", "kept back", "duty").ref, "chief", SECRET)
    assert (kept.state, kept.mark) == ("RELEASED", "kept back")
    ends.restore("Liaison")
    ends.wait(70)
    assert south.line("Liaison").declared == "OPEN"
    assert [m.text for m in north.messages("Liaison") if m.text == "kept back"] == []
    page = read(ends.south.by("chief"), "/message/" + quote(kept.ref)).words
    assert "Release again" in page and "RELEASE ROUTINE TO NORTH" in page
    again = released(ends.south, kept.ref, counterpart="North", precedence="ROUTINE")
    ends.wait(5)
    assert [m.text for m in north.messages("Liaison") if m.text == "kept back"] == ["kept back"]
    assert again != kept.ref and south.line("Liaison").waiting == 0
    ends.close()
