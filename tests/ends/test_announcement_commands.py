"""An announcement by commands alone, between two real nodes: from the offer of the hour to the check of the proof."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from realends import WORDS, Pair, RealEnd, Said, in_process, prepared, until

from parley.cli import NOT_PINNED, NOT_VERIFIED

LINE = "Liaison"


@pytest.fixture
def pair(tmp_path: Path) -> Any:
    made = prepared(tmp_path)
    made.join()
    for end in made:
        with (end.home / "parley.toml").open() as file:
            settings = file.read()
        end.configure(f'site = "{tmp_path / end.party}-public"\n{settings}')
    made.up()
    yield made
    made.stop()


def says(end: RealEnd, *words: str) -> Said:
    """A command of an announcement; with the officer's passphrase, where it signs."""
    full = end.words("announcement", *words)
    if "--as" in words and words[0] not in ("draft", "hold"):
        full += ["--officer-passphrase-file", end.secret(words[words.index("--as") + 1])]
    said = in_process(full)
    assert said.code == 0, said
    return said


def text_of(end: RealEnd, place: Path, words: str) -> str:
    file = place / f"{end.party}.txt"
    file.write_text(words, encoding="utf-8")
    return str(file)


@pytest.mark.slow
def test_an_announcement_goes_by_commands_from_the_offer_to_the_check(pair: Pair, tmp_path: Path) -> None:
    north, south = pair
    at = int(time.time()) + 15
    hour = f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}Z"
    offered = says(
        north,
        "offer",
        LINE,
        "the lines open",
        "--at",
        hour,
        "--point",
        "All work.",
        "--as",
        "chief",
        "--json",
    )
    ref = offered.found["ref"]
    assert offered.found["subject"] == "announcement hour" and offered.found["opens_at"] == at

    def known(end: RealEnd, state: str) -> bool:
        found = says(end, "list", "--json").found
        return any(a["ref"] == ref and a["terms"]["state"] == state for a in found)

    until(lambda: known(south, "offered"))
    says(south, "agree", ref, "--as", "chief")
    until(lambda: known(north, "settled") and known(south, "settled"))
    for end, words in (
        (north, "모든 통신선이 다시 가동된다. [지어낸 글]"),
        (south, "All lines work. [invented]"),
    ):
        file = text_of(end, tmp_path, words)
        found = says(end, "draft", ref, "--title", f"A text of the {end.party}", "--text", file, "--points", "1",
                     "--language", "en", "--as", "duty", "--json").found  # fmt: skip
        number = str(found["ours"][0]["number"])
        says(end, "release", number, "--as", "chief")
        says(end, "hold", number, "--reason", "once more", "--as", "clerk")
        assert "HELD" in says(end, "show", ref).out
        says(end, "resume", number, "--as", "chief")
    assert time.time() < at - 1, "the machine is too slow for this hour"
    time.sleep(max(0.0, at - 0.5 - time.time()))
    north.kill()  # at the instant
    public = {end.party: Path(f"{tmp_path / end.party}-public") for end in pair}
    assert not list(public["South"].glob("*.cbor"))
    until(lambda: len(list(public["South"].glob("*.cbor"))) == 1, 3)
    assert time.time() - at < 1.5 and not list(public["North"].glob("*.cbor"))
    north.up()
    until(lambda: len(list(public["North"].glob("*.cbor"))) == 1, 10)
    until(lambda: len(says(north, "show", ref, "--json").found["theirs"]) == 1)

    # Anybody checks both proofs: pinned, unpinned, altered.
    proofs = [str(next(public[end.party].glob("*.cbor"))) for end in pair]
    prints = [says_status(end)["fingerprint"] for end in pair]
    both = in_process(["announcement", "check", *proofs, "--pin", prints[0], "--pin", prints[1]])
    assert both.code == 0 and "both signed for one agreed hour" in both.out, both
    assert "A text of the North" in both.out and "모든 통신선이" in both.out
    assert in_process(["announcement", "check", proofs[0]]).code == NOT_PINNED
    assert in_process(["announcement", "check", proofs[0], "--pin", prints[1]]).code == NOT_VERIFIED
    data = Path(proofs[0]).read_bytes()
    (tmp_path / "altered.cbor").write_bytes(data.replace("다시".encode(), "전혀".encode()))
    altered = in_process(["announcement", "check", str(tmp_path / "altered.cbor")])
    assert altered.code == NOT_VERIFIED and "not what was signed" in altered.out

    # The site is written anew, the same to the byte.
    says(north, "site", str(tmp_path / "copy"))
    copied = {p.name: p.read_bytes() for p in (tmp_path / "copy").iterdir()}
    assert copied == {p.name: p.read_bytes() for p in public["North"].iterdir()}
    assert WORDS["end"] not in "".join(str(v) for v in copied)


def says_status(end: RealEnd) -> Any:
    return end.says("status", "--json").found


@pytest.mark.parametrize(
    ("words", "has", "code"),
    [
        (("check", "nowhere.cbor"), "cannot be read", 1),
        (("check", "/dev/zero"), "over 32768 bytes", NOT_VERIFIED),
        (("check", "x", "--pin", "abc"), "is not a fingerprint", 1),
    ],
)
def test_a_check_that_cannot_be_made_says_why(words: tuple[str, ...], has: str, code: int) -> None:
    said = in_process(["announcement", *words])
    assert said.code == code and has in said.err + said.out, said
