"""A tower of combining marks: of what is shown, only its first marks, and then how many more there are."""

from __future__ import annotations

import pytest

from parley.core.types import MARKS_MAX, without_towers

MARK = "\u0301"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("a선\n", "a선\n"),
        ("e" + MARK * MARKS_MAX + "f", "e" + MARK * MARKS_MAX + "f"),
        ("e" + MARK * (MARKS_MAX + 3), "e" + MARK * MARKS_MAX + "+3"),
        ("e" + MARK * (MARKS_MAX + 3) + "f" + MARK, "e" + MARK * MARKS_MAX + "+3f" + MARK),
        (MARK * (MARKS_MAX + 1) + "ab" + MARK * 60, MARK * MARKS_MAX + "+1ab" + MARK * MARKS_MAX + "+54"),
        ("e" + "\u20dd" * (MARKS_MAX + 1) + " ", "e" + "\u20dd" * MARKS_MAX + "+1 "),  # an enclosing circle
    ],
)
def test_of_marks_on_one_letter_the_first_stand_and_the_rest_are_counted(text: str, shown: str) -> None:
    assert "".join(c or f"+{more}" for c, _, more in without_towers(text)) == shown


def test_each_character_comes_with_its_category_and_a_count_with_none() -> None:
    found = tuple(without_towers("a\u202e" + MARK * (MARKS_MAX + 2)))
    assert found == (("a", "Ll", 0), ("\u202e", "Cf", 0), *((MARK, "Mn", 0),) * MARKS_MAX, ("", "", 2))
