"""How times, lengths of time and text are read and shown."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from parley.console import forms, shown
from parley.console.forms import Typed, Unfit, instant

AT = int(datetime(2021, 7, 27, 10, 15, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    "typed",
    ["271015Z JUL 21", "271015z jul 21", " 271015Z  JUL 2021 ", "271015ZJUL21", "2021-07-27 10:15", "2021-07-27T10:15Z",
     "2021-07-27 10:15:00 Z"],
)  # fmt: skip
def test_an_instant_is_read_as_a_group_or_as_a_date(typed: str) -> None:
    assert instant(typed, "It") == AT


@pytest.mark.parametrize(
    "typed",
    ["", "now", "321015Z JUL 21", "271060Z JUL 21", "271015Z JULY 21", "271015 JUL 21", "2021-07-27",
     "2021-13-27 10:15", "1969-12-31 23:59", "2106-02-07 06:29", "٢٠٢١-07-27 10:15", "2021-07-27 10:15+09:00",
     "0000-01-01 00:00"],
)  # fmt: skip
def test_what_is_no_instant_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(Unfit) as refused:
        instant(typed, "It")
    assert "271015Z JUL 21" in refused.value.hint


def test_a_group_read_is_the_group_shown() -> None:
    assert forms.group(AT) == "271015Z JUL 21" and instant(forms.group(AT), "It") == AT
    assert forms.day(AT) == "27 JUL 2021" and shown.clock(AT) == "10:15:00Z" and shown.weekday(AT) == "Tue"


def test_an_instant_of_today_is_its_hour_and_another_its_group() -> None:
    assert shown.when(AT, AT + 60) == '<time datetime="2021-07-27T10:15:00Z">10:15:00Z</time>'
    assert shown.when(AT, AT + 86400) == '<time datetime="2021-07-27T10:15:00Z">271015Z JUL 21</time>'
    assert "1970-01-01T00:00:00Z" in shown.when(0, AT) and "2106-02-07" in shown.when(0xFFFFFFFF, AT)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h 00 min"), (86399, "23 h 59 min"),
     (86400, "1 day 0 h"), (172799, "1 day 23 h"), (413 * 86400, "413 days"), (-90, "1 min")],
)  # fmt: skip
def test_a_length_of_time_is_said_as_a_person_would(seconds: int, words: str) -> None:
    assert shown.age(seconds) == words


def test_what_steers_a_display_is_named() -> None:
    assert shown.plain("a\u202eb<") == 'a<span class="control">RLO</span>b&lt;'
    assert shown.plain("\U000e0041\u2028\x00") == "".join(
        f'<span class="control">{name}</span>' for name in ("U+E0041", "LS", "U+0000")
    )
    assert shown.plain("e" + "\u0301" * 9) == "e" + "\u0301" * 6 + '<span class="control">+3 marks</span>'


@pytest.mark.parametrize(
    "text", ["안녕 하세요", "ขั้นตอน", "क्षत्रिय", "نص\u200cعربي\u200f", "👩\u200d🚒", "e\u0301\u0323", "a\nb"]
)
def test_what_scripts_need_is_left_alone(text: str) -> None:
    assert shown.plain(text) == text


def test_a_tag_that_is_no_language_names_none() -> None:
    assert [shown.language(tag) for tag in ("ko", "zh-Hant-TW", "", '"><b>', "k")] == [
        "ko",
        "zh-Hant-TW",
        "",
        "",
        "",
    ]


def test_a_form_that_came_back_gives_each_field_but_the_secret() -> None:
    typed = Typed("sever", "x", {"grounds": "leaflets", "passphrase": "secret"})
    assert typed("sever", "x", "grounds") == "leaflets"
    assert typed("sever", "x", "passphrase") == "" and typed("sever", "y", "grounds") == ""
    assert typed("call", "x", "grounds", "else") == "else"
