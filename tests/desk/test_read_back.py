"""A read-back is compared by numbers, times and positions, and both ends see what it lacks."""

from __future__ import annotations

import pytest
from two_desks import SECRET, Pair, theirs

from parley.desk.readback import key_fields, lacking


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("Fishing boat adrift, 3 persons.", ("3",)),
        ("12 km north, then 3.5 nm east at 40 kn", ("12KM", "3.5NM", "40KN")),
        ("Boat at 37°57'N 126°40.5'E at 10:15", ("37°57'N", "126°40.5'E", "10:15")),
        ("Position 38-00.5N 126-40.2E, 37.95N", ("38-00.5N", "126-40.2E", "37.95N")),
        ("at 271015Z JUL 21 and 280000Z", ("271015ZJUL21", "280000Z")),
        ("2021-07-27, 1,200 m, 3.000", ("2021-07-27", "1200M", "3.000")),
        ("표류 어선 1척, 3명, 북위 37도 57분, 10시 15분에", ("1척", "3명", "37도", "57분", "10시", "15분")),
        ("헬기 두 대가 뜹니다.", ()),
        ("\uff11\uff12 \uff4b\uff4d", ("12KM",)),
        ("156.8 MHz, channel 16", ("156.8MHZ", "16")),
        ("no numbers at all", ()),
        ("12 monkeys", ("12",)),
    ],
)
def test_key_fields_are_numbers_with_units_times_and_positions(text: str, fields: tuple[str, ...]) -> None:
    assert key_fields(text) == fields


@pytest.mark.parametrize(
    ("read_back", "missing"),
    [
        ("3 persons, 12 km, 10:15", ()),
        ("at 10:15, 12km, persons: 3", ()),
        ("3 persons, 12 nm, 10:15", ("12KM",)),
        ("13 persons, 12 km, 10:15", ("3",)),
        ("", ("3", "12KM", "10:15")),
        ("all received", ("3", "12KM", "10:15")),
    ],
)
def test_what_a_read_back_lacks_is_told_in_the_order_of_the_text(
    read_back: str, missing: tuple[str, ...]
) -> None:
    assert lacking("3 persons, 12 km off, since 10:15.", read_back) == missing


def test_what_stands_twice_is_to_be_read_back_twice() -> None:
    assert lacking("2 ships, 2 boats", "2 ships") == ("2",)
    assert lacking("2 ships, 2 boats", "2 ships and 2 boats, 9 men") == ()


def test_a_long_row_of_digits_is_read_in_no_time() -> None:
    assert len(key_fields("1," * 1000)) == 1000 and len(key_fields("9" * 2000)) == 1
    assert key_fields("1°" * 700 + "x")


def test_both_ends_see_the_words_read_back_and_what_they_lack(pair: Pair) -> None:
    ref = pair.said(pair.north, "Boat adrift, 3 persons, 12 km off, since 10:15.", "FLASH")
    pair.wait(5)
    assert pair.south.desk.key_fields(theirs(ref)) == ("3", "12KM", "10:15")
    for words, missing in (("3 persons, 21 km, 10:15", ("12KM",)), ("3 persons, 12 km, 10:15", ())):
        pair.south.desk.acknowledge(theirs(ref), "read back", "duty", SECRET, words)
        pair.wait(5)
        for view in (pair.north.desk.message(ref), pair.south.desk.message(theirs(ref))):
            assert (view.state, view.read_back, view.read_back_differs) == ("READ BACK", words, missing)


def test_a_message_that_was_only_seen_has_no_read_back(pair: Pair) -> None:
    ref = pair.said(pair.north, "3 persons")
    pair.wait(5)
    pair.south.desk.acknowledge(theirs(ref), "seen", "duty", SECRET, "3 persons")
    pair.wait(5)
    view = pair.north.desk.message(ref)
    assert (view.state, view.read_back, view.read_back_differs) == ("SEEN BY WATCH", "", ())
