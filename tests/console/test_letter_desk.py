"""The letter desk: what is served, that it is what was published, and that the page can send nothing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path, PurePosixPath

import pytest
from asgi_client import Browser
from pair_of_ends import paired

from parley.console import letter_desk
from parley.core import suite

NOBLE = Path(str(files("parley.console"))) / "static" / "noble"
ADDRESS = "/letters/desk"
IMPORT = re.compile(rb"""^(?:import|export|\})[^'"\n]*\bfrom\s*["']([^"']+)["']""", re.MULTILINE)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    ends = paired(tmp_path_factory.mktemp("desk"))
    yield ends.north.by("duty")
    ends.close()


def test_the_files_of_noble_are_those_that_were_published() -> None:
    """The sums were taken from the archives whose integrity README.md names."""
    listed = dict(
        line.split("  ")[::-1] for line in (NOBLE / "SHA256SUMS").read_text(encoding="ascii").splitlines()
    )
    found = {path.relative_to(NOBLE).as_posix(): path for path in NOBLE.rglob("*") if path.is_file()}
    own = {"SHA256SUMS", "README.md"}
    assert set(found) - own == set(listed) and len(listed) == 20
    for name, path in found.items():
        assert name in own or hashlib.sha256(path.read_bytes()).hexdigest() == listed[name], name
    assert all(f"{package}/LICENSE" in listed for package in letter_desk.PACKAGES)


def test_every_module_that_is_imported_is_served_and_every_one_served_is_imported() -> None:
    wanted, seen = [PurePosixPath("/static/letter-desk.js")], set()
    while wanted:
        address = wanted.pop()
        if str(address) in seen:
            continue
        seen.add(str(address))
        for named in IMPORT.findall(letter_desk.MODULES[str(address)]):
            target = named.decode()
            assert target.startswith(("/static/", "./", "../")), (address, target)
            parts: list[str] = []
            for part in (address.parent / target).parts:
                parts = parts[:-1] if part == ".." else [*parts, part]
            wanted.append(PurePosixPath(*parts))
    assert seen == set(letter_desk.MODULES)


def test_only_the_names_of_packages_are_changed_in_what_is_served() -> None:
    for address, served in letter_desk.MODULES.items():
        if "/noble/" in address:
            published = (NOBLE / address.removeprefix("/static/noble/")).read_bytes()
            assert served.replace(b"'/static/noble/", b"'@noble/") == published


def test_modules_are_served_as_scripts_and_nothing_beside_them(browser: Browser) -> None:
    for address, source in letter_desk.MODULES.items():
        answer = browser.get(address)
        assert answer.status == 200 and answer.headers["content-type"].startswith("text/javascript")
        assert answer.body == source
    for other in ("/static/noble/README.md", "/static/noble/hashes/LICENSE", "/static/noble/../guard.py"):
        assert browser.get(other).status == 404


class Controls(HTMLParser):
    """The controls of the desk that would be sent if a form were: those with a name, and what could send them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.inside = 0
        self.controls: list[dict[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if found.get("id") == "desk":
            self.inside = 1
        if self.inside and tag in ("form", "input", "select", "textarea", "button"):
            self.controls.append({"tag": tag, **found})


def test_no_control_of_the_desk_could_be_sent_anywhere(browser: Browser) -> None:
    answer = browser.get(ADDRESS)
    assert answer.status == 200
    controls = Controls(answer.text).controls
    assert len(controls) > 15
    assert not [one for one in controls if "name" in one or one["tag"] == "form"]
    assert all(one["type"] == "button" for one in controls if one["tag"] == "button")


def test_the_page_says_that_it_is_as_honest_as_the_end_that_serves_it(browser: Browser) -> None:
    text = browser.get(ADDRESS).text
    assert "only as honest as this end" in text and "parley letter" in text


def test_the_desk_needs_a_sign_in(browser: Browser) -> None:
    answer = Browser(browser.app).get(ADDRESS)
    assert answer.status == 303


def test_the_browser_refuses_the_keys_of_small_order_that_we_refuse() -> None:
    """SU-2: the list in letter-sealed.js is the one `suite` computes; the sign bit is cleared there."""
    listed = re.findall(rb'"([0-9a-f]{64})"', letter_desk.MODULES["/static/letter-sealed.js"])
    assert {int.from_bytes(bytes.fromhex(one.decode()), "little") for one in listed} == suite._SMALL_ORDER_Y
