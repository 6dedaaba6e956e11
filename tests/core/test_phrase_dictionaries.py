"""The phrase dictionaries: any text there and back, anything else refused (spec 8.7)."""

from __future__ import annotations

import itertools
import random
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.core.errors import RemoteError
from parley.core.wire import phrases
from parley.core.wire.phrases import ENGLISH, KOREAN

BOTH = (ENGLISH, KOREAN)
ANY_TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs"), include_characters="\n"), max_size=60).map(
    lambda text: unicodedata.normalize("NFC", text)
)
SENTENCES = st.lists(
    st.sampled_from(
        [
            "Hold fire",
            "hold",
            "FIRE",
            "A",
            "iPhone",
            "UN's",
            "사격",
            "중지하여 주시기 바랍니다",
            "37°40'N",
            "0900",
            "뷁",
            "É",
        ]
    ),
    max_size=8,
)
STOPS = st.sampled_from([" ", ". ", "? ", "! ", ".", "\n", ".\n", "  ", ", "])


def coded(charset: int, text: str) -> bytes:
    data = phrases.encode(charset, text)
    assert data is not None
    return data


@settings(max_examples=150, deadline=None)
@given(ANY_TEXT)
def test_every_text_comes_back_from_either_dictionary(text: str) -> None:
    """PK-13, PK-14."""
    for charset in BOTH:
        assert phrases.decode(charset, coded(charset, text)) == text


@settings(max_examples=100, deadline=None)
@given(SENTENCES, STOPS)
def test_capitals_come_back_wherever_a_sentence_begins(parts: list[str], stop: str) -> None:
    """PK-13."""
    for charset in BOTH:
        assert phrases.decode(charset, coded(charset, stop.join(parts))) == stop.join(parts)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(BOTH), st.binary(max_size=60))
def test_bytes_of_chance_are_a_text_or_refused(charset: int, data: bytes) -> None:
    """PK-15, PK-16: what is a text is one that can be sent, and without capitals in no more bytes."""
    try:
        text = phrases.decode(charset, data)
    except RemoteError:
        return
    assert phrases.decode(charset, coded(charset, text)) == text
    assert len(coded(charset, text)) <= len(data) or any("A" <= sign <= "Z" for sign in text)


@pytest.mark.parametrize("charset", BOTH)
def test_a_text_cut_short_or_with_a_bit_turned_is_a_text_or_refused(charset: int) -> None:
    """PK-15."""
    data = coded(charset, "Hold fire until 17:30. 사격을 중지하여 주시기 바랍니다. 뷁 🕊 UN")
    spoilt = [data[:size] for size in range(len(data))]
    spoilt += [
        bytes(b ^ (1 << bit if i == at else 0) for i, b in enumerate(data))
        for at in range(len(data))
        for bit in range(8)
    ]
    seen = set()
    for each in spoilt:
        try:
            seen.add(phrases.decode(charset, each) != "")
        except RemoteError as e:
            seen.add(str(e) != "")
    assert True in seen


def test_an_escape_reaches_the_ends_of_every_range() -> None:
    """PK-14."""
    ends = "\u7fff\uabff가힣\ud7a4\ud7ff\ue000\uffff\U00010000\U0010ffff"
    for charset in BOTH:
        escape = phrases.table(charset).bits[phrases.ESCAPE]
        for sign in ends:
            assert phrases.decode(charset, coded(charset, sign)) == sign
        assert (
            len(coded(charset, "\uffff" * 8)) == escape + 18
            and len(coded(charset, "\U00010000" * 8)) == escape + 22
        )


def test_what_can_be_in_no_text_is_not_coded() -> None:
    """PK-14: no table would give it back."""
    for text in ("\x00", "a\x01b", "\x02", "\t", "\x1f", "\ud800"):
        assert phrases.encode(ENGLISH, text) is None and phrases.encode(KOREAN, text) is None
    assert phrases.encode(ENGLISH, "") == b"" and phrases.decode(KOREAN, b"") == ""


@pytest.mark.parametrize("charset", BOTH)
def test_codes_are_without_gaps_and_one_is_left_for_the_padding(charset: int) -> None:
    """PK-12."""
    table = phrases.table(charset)
    greatest = max(table.bits.values())
    assert sum(1 << greatest - bits for bits in table.bits.values()) == (1 << greatest) - 1
    assert (2 << greatest) - 1 not in table.entries and table.above == 2 << greatest > max(table.entries)
    codes = [f"{code:b}"[1:] for code in table.entries]
    ordered = sorted(codes)
    assert not any(later.startswith(code) for code, later in itertools.pairwise(ordered))
    assert all(
        f"{table.codes[entry]:b}"[1:] == code
        for entry, code in zip(table.entries.values(), codes, strict=True)
    )
    for sign in (
        "abcdefghijklmnopqrstuvwxyz0123456789 .,;:!?'\"()/-%\n"
        + phrases.ESCAPE
        + phrases.OTHER_CASE
        + phrases.CAPITALS
    ):
        assert sign in table.bits


@pytest.mark.parametrize("charset", BOTH)
def test_no_parting_of_a_text_is_shorter_than_that_of_the_sender(charset: int) -> None:
    """PK-16: against partings by chance."""
    table, chance = phrases.table(charset), random.Random(charset)
    marks = {phrases.ESCAPE, phrases.OTHER_CASE, phrases.CAPITALS}
    entries = [entry for entry in table.bits if not marks & set(entry)]
    for _ in range(200):
        parts = chance.choices(entries, k=chance.randrange(1, 9))
        told = "".join(f"{table.codes[part]:b}"[1:] for part in parts)
        told += "1" * (-len(told) % 8)
        text = phrases.decode(charset, int("1" + told, 2).to_bytes(len(told) // 8 + 1, "big")[1:])
        assert text.lower() == "".join(parts)
        assert len(coded(charset, text)) <= len(told) // 8


def test_a_body_unpacks_to_2048_bytes_and_no_more() -> None:
    """PK-15: before more is unpacked."""
    most = "가" * 682 + "aa"
    assert len(most.encode()) == 2048
    for charset in BOTH:
        assert phrases.decode(charset, coded(charset, most)) == most
        for more in ("a", "가", "🕊"):
            with pytest.raises(RemoteError, match="too much"):
                phrases.decode(charset, coded(charset, most + more))
