"""The public site: the same bytes each time, put in place whole, hostile text shown as text, nothing of the line."""

from __future__ import annotations

import hashlib
import os
import stat
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from parley.core.errors import LocalError
from parley.core.instruments.announcement import Published, written
from parley.site import Folder, files_of

AT = 1_627_347_600  # 2021-07-27 01:00Z
ATOM = "{http://www.w3.org/2005/Atom}"
HOSTILE = "<script>alert(1)</script> \u202eesrever \"quotes\" & 'more' ]]> \ufffe {{ 7 * 7 }}"
TOWER = "Z" + "\u0301" * 40


def one(
    name: str,
    language: str = "en",
    title: str = "Lines open",
    text: str = "All lines work. [invented]",
    *,
    at: int = AT,
    published_at: int = AT,
    terms: bytes | None = b"t" * 32,
    points: tuple[int, ...] | None = (0,),
    channel: str = "",
    line: bytes = b"l" * 32,
) -> Published:
    made = written(terms, at, language, title, text, channel=channel, points=points)
    act = hashlib.sha256(name.encode()).digest()
    return Published(
        act, line, made, published_at, "South", "Press office", 540, b"proof of " + name.encode()
    )


BOTH = [one("a", "ko", "통신선 재개", "모든 통신선이 다시 가동된다. [지어낸 글]"), one("b")]


class Seen(HTMLParser):
    """What a browser makes of a page: its elements, its addresses, its text."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.addresses: list[str] = []
        self.text = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]
        assert not [name for name, _ in attrs if name.startswith("on") or name == "style"]

    def handle_data(self, data: str) -> None:
        self.text += data


def pages(files: dict[str, bytes]) -> list[Seen]:
    return [Seen(data) for name, data in files.items() if name.endswith(".html")]


def test_the_same_announcements_give_the_same_bytes_and_every_address_is_there() -> None:
    files = dict(files_of("South", BOTH))
    assert files == dict(files_of("South", BOTH)) and list(files)[-1] == "index.html"
    for page in pages(files):
        for address in page.addresses:
            assert address in files, address
    assert files[f"{BOTH[0].act.hex()[:16]}.cbor"] == BOTH[0].disclosure


def test_both_texts_stand_with_their_hour_on_the_civil_clock_and_in_utc_and_how_to_check_them() -> None:
    files = files_of("South", BOTH)
    (index,) = [Seen(files["index.html"])]
    for words in (
        "통신선 재개",
        "Lines open",
        "2021년 7월 27일, 10:00 (UTC+9), 01:00 UTC",
        "27 July 2021, 10:00 (UTC+9), 01:00 UTC",
        "27 July 2021, 10:00:00 (UTC+9), 01:00:00 UTC",
        f"parley announcement check {BOTH[1].act.hex()[:16]}.cbor --pin FINGERPRINT",
        f"parley announcement check {BOTH[0].act.hex()[:16]}.cbor --pin FINGERPRINT",
    ):
        assert words in index.text, words


def test_an_hour_that_is_another_day_in_utc_says_both_days() -> None:
    files = files_of("South", [one("late", at=AT - 7200, published_at=AT - 7200)])
    assert "27 July 2021, 08:00 (UTC+9), 26 July 2021, 23:00 UTC" in Seen(files["index.html"]).text


def test_hostile_text_stays_text_on_every_page_and_in_the_feed() -> None:  # AN-15
    texts = [
        one("h", "en", HOSTILE, HOSTILE + "\n" + TOWER, channel=HOSTILE),
        one("i", '"><img src=x>', "t" * 256, "W" * 1600),
        one("j", "ko", HOSTILE, "x", at=AT - 86400, terms=None),
    ]
    files = dict(files_of(HOSTILE[:60], texts))
    for page in pages(files):
        assert not {"script", "img", "iframe", "form", "object"} & set(page.elements)
        assert "<script>alert(1)</script>" in page.text and "\u202e" not in page.text
        assert all(address in files for address in page.addresses)
        assert "49" not in page.text.replace("{{ 7 * 7 }}", "") and page.text.count("\u0301") <= 6
    feed = ElementTree.fromstring(files["feed.xml"])
    assert next(e.findtext(f"{ATOM}title") for e in feed.iter(f"{ATOM}entry")) == HOSTILE.replace(
        "\u202e", "[U+202E]"
    ).replace("\ufffe", "\ufffd")
    assert all(name.isascii() and "/" not in name for name in files)


def test_the_points_and_the_terms_of_an_hour_are_not_on_the_pages() -> None:  # AN-15
    spoken, left_out = one("a", points=(0, 1, 2)), one("a", points=())
    assert files_of("South", [spoken]) == files_of("South", [left_out])


def test_the_feed_has_an_entry_for_each_text_under_a_name_of_its_own() -> None:
    feed = ElementTree.fromstring(files_of("South", [*BOTH, one("c", at=AT - 86400, terms=None)])["feed.xml"])
    entries = list(feed.iter(f"{ATOM}entry"))
    ids = [e.findtext(f"{ATOM}id") for e in entries]
    assert len(set(ids)) == 3 and all(str(i).startswith("urn:uuid:") for i in ids)
    assert entries[0].get("{http://www.w3.org/XML/1998/namespace}lang") == "ko"
    assert feed.findtext(f"{ATOM}updated") == "2021-07-27T01:00:00Z"


def test_a_site_without_an_announcement_says_so() -> None:
    files = files_of("South", [])
    assert "Nothing has been announced yet." in Seen(files["index.html"]).text
    assert ElementTree.fromstring(files["feed.xml"]).find(f"{ATOM}entry") is None


def test_a_folder_is_written_whole_for_everyone_to_read_and_again_without_a_change(tmp_path: Path) -> None:
    mask = os.umask(0o077)
    try:
        site = Folder(tmp_path / "public" / "site", "South")
        site.write(BOTH)
    finally:
        os.umask(mask)
    there = {path.name: path for path in site.path.iterdir()}
    assert {name: path.read_bytes() for name, path in there.items()} == dict(files_of("South", BOTH))
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o644 for path in there.values())
    assert stat.S_IMODE(site.path.stat().st_mode) == 0o755
    inodes = {name: path.stat().st_ino for name, path in there.items()}
    site.write(BOTH)
    assert {path.name: path.stat().st_ino for path in site.path.iterdir()} == inodes
    (site.path / "index.html").unlink()
    (site.path / "robots.txt").write_text("of the server")
    (site.path / ".index.html.new").write_text("what a crash left")
    site.write(BOTH)
    assert (site.path / "index.html").read_bytes() == files_of("South", BOTH)["index.html"]
    assert (site.path / "robots.txt").read_text() == "of the server"


def test_what_is_public_stays_when_more_is_announced(tmp_path: Path) -> None:
    site = Folder(tmp_path / "site", "South")
    site.write(BOTH[:1])
    first = {path.name for path in site.path.iterdir()}
    site.write([*BOTH, one("c", at=AT + 86400, published_at=AT + 86400, terms=b"u" * 32)])
    assert first <= {path.name for path in site.path.iterdir()}


@pytest.mark.parametrize(
    "other",
    [
        {"at": AT + 30, "published_at": AT + 30},
        {"line": b"m" * 32},
        {"terms": b"t" * 32},
        {"terms": b"t" * 7 + b"u" * 25},
    ],
)
def test_another_announcement_of_the_same_minute_leaves_a_page_as_it_was(other: dict[str, Any]) -> None:
    first = one("a", terms=b"t" * 7 + b"v" * 25 if len(set(other.get("terms", b""))) > 1 else None)
    before = files_of("South", [first])
    (page,) = [name for name in before if name[0].isdigit() and name.endswith(".html")]
    for texts in ([first, one("b", **{"terms": None} | other)], [one("b", **{"terms": None} | other), first]):
        after = files_of("South", texts)
        assert after[page] == before[page] and len(after) == len(before) + 2


def test_a_folder_that_cannot_be_written_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "site").write_text("a file")
    with pytest.raises(LocalError, match=r"the public site at .* cannot be written"):
        Folder(tmp_path / "site", "South").write(BOTH)
