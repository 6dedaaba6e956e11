"""The bar tells of the latest contact of all lines, whatever their order, answered or not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pair_of_ends import Ends, accord, paired
from test_pages import read

from parley.console.pages import latest_contact

EARLY, LATE = 60, 63  # minutes of the day (UTC) at which the two lines have their contacts


@pytest.fixture(scope="module")
def met(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ends]:
    """Two lines: the contact of the first in order was answered, the later one of the second was not."""
    ends = paired(
        tmp_path_factory.mktemp("met"),
        accord("A first", "liaison", EARLY, open_s=120),
        accord("B second", "liaison", LATE, open_s=120),
    )
    start = int(ends.clock.wall()) // 86400 * 86400
    if ends.clock.wall() >= start + EARLY * 60:
        start += 86400
    ends.clock.run_until(start + EARLY * 60 + 10)
    ends.south.desk.call("A first", "duty")
    ends.wait(5)
    ends.north.desk.answer("A first", "duty")
    ends.clock.run_until(start + LATE * 60 + 10)
    ends.south.desk.call("B second", "duty")
    ends.wait(300)
    yield ends
    ends.close()


def test_the_latest_contact_wins_though_its_line_is_not_the_first(met: Ends) -> None:
    lines = met.south.desk.lines()
    first, second = (met.south.line(name) for name in ("A first", "B second"))
    assert first.last_contact.startswith("answered") and second.last_contact.startswith("unanswered")
    assert first.last_contact_at is not None and second.last_contact_at is not None
    opened = int(met.clock.wall()) // 86400 * 86400
    assert first.last_contact_at == opened + EARLY * 60 + 15
    assert second.last_contact_at == opened + LATE * 60
    assert [line.name for line in lines if line.last_contact_at is not None] == ["A first", "B second"]
    assert latest_contact(lines) == second and latest_contact(lines[::-1]) == second
    assert latest_contact((first,)) == first
    assert latest_contact([line for line in lines if line.last_contact_at is None]) is None


def test_the_bar_of_every_page_says_which_line_was_met_last(met: Ends) -> None:
    for path in ("/", "/watch"):
        words = read(met.south.by("duty"), path).words
        told = words[words.index("Contact, last and next") :][:60]
        assert "B second unanswered" in told and "A first" not in told
