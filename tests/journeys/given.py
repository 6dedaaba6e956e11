"""What the journeys are given: a browser, and two ends that are up. Loaded by `tests/journeys/__main__.py`.

One browser for each worker, one pair of ends for each file: the journeys of a file follow each other on the same
lines. What a journey says in its drafts and grounds is invented.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, sync_playwright
from real_pair import Site, Sites, running
from windows import Window, launched, opened

Opener = Callable[..., Window]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        browser = launched(driver)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    with running(Path(tmp_path_factory.mktemp("ends"))) as up:
        yield up


_ALONE: Final = (
    "journey_visitor.py",
    "journey_pictures.py",
    "journey_sizes.py",
)  # each of its tests for itself


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first; what shares lines with the test before it goes to the same worker."""
    names = [*_ALONE]
    items.sort(key=lambda item: names.index(item.path.name) if item.path.name in names else len(names))
    for item in items:
        alone = item.path.name in _ALONE
        item.add_marker(pytest.mark.xdist_group(item.nodeid if alone else item.path.name))


@pytest.fixture
def window(browser: Browser) -> Iterator[Opener]:
    """`window(site, "duty")`: a window of its own at that console, signed in; without a name, not signed in. When
    the journey is over, none of them may have seen anything go wrong."""
    made: list[Window] = []

    def open_one(site: Site, officer: str = "", **how: object) -> Window:
        one = opened(browser, site.base, **how)  # type: ignore[arg-type]
        made.append(one)
        if officer:
            one.sign_in(officer, site.secret(officer))
        return one

    yield open_one
    faults = [fault for one in made for fault in one.faults]
    for one in made:
        one.close()
    if faults:
        pytest.fail(
            "\n".join([f"{len(faults)} faults in the windows of this journey", *faults[:12]]), pytrace=False
        )
