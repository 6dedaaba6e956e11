"""How times, lengths of time and text are read and shown, and said in the officer's language."""

from __future__ import annotations

import contextvars
import gettext
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from asgi_client import Browser
from pair_of_ends import SECRET, Ends

from parley.console import shown, words
from parley.console.forms import Typed
from parley.core.errors import LocalError, Sentence
from parley.desk.times import instant

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
    with pytest.raises(LocalError) as refused:
        instant(typed, "It")
    assert "271015Z JUL 21" in refused.value.hint


def test_a_group_read_is_the_group_shown() -> None:
    assert shown.group(AT) == "271015Z JUL 21" and instant(shown.group(AT), "It") == AT
    assert shown.day(AT) == "27 JUL 2021" and shown.clock(AT) == "10:15:00Z" and shown.weekday(AT) == "Tue"


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


# --- the language of whoever asks ---------------------------------------------------------------------------


class Catalogue(gettext.NullTranslations):
    """A catalogue as a test wants it."""

    def __init__(self, entries: dict[str, str]) -> None:
        super().__init__()
        self._entries = entries

    def gettext(self, message: str) -> str:
        return self._entries.get(message, message)


@pytest.fixture
def korean(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The entries of the Korean catalogue, in use while the test runs; at first none."""
    entries: dict[str, str] = {}
    catalogues = {**words._CATALOGUES, "ko": Catalogue(entries)}
    monkeypatch.setattr(words, "_CATALOGUES", catalogues)
    before = words._current.set(catalogues["ko"])
    yield entries
    words._current.reset(before)


THERE = Sentence("there is no officer {name} at this end", name="kim")


def test_a_sentence_from_below_is_said_with_its_values_in_their_place(korean: dict[str, str]) -> None:
    assert words.say(THERE) == str(THERE) == "there is no officer kim at this end"
    korean[THERE.template] = "이쪽에 {name} 담당관이 없습니다"
    assert words.say(THERE) == "이쪽에 kim 담당관이 없습니다"
    assert words.say("plain") == "plain" and words.say("") == ""


def test_a_sentence_within_a_sentence_is_said_in_the_same_language(korean: dict[str, str]) -> None:
    korean |= {"draft {ref} is {state}": "{state}: {ref}", "RELEASED": "발신 승인됨"}
    said = words.say(Sentence("draft {ref} is {state}", ref="draft:1", state=Sentence("RELEASED")))
    assert said == "발신 승인됨: draft:1"


@pytest.mark.parametrize(
    "broken", ["{nobody}", "{", "{0}", "{name!x}", "{name.upper.x", "{name:99999999999x}"]
)
def test_a_catalogue_edited_badly_costs_no_sentence(korean: dict[str, str], broken: str) -> None:
    korean[THERE.template] = broken
    assert words.say(THERE) == "there is no officer kim at this end"


def test_what_no_catalogue_has_stays_english(korean: dict[str, str]) -> None:
    assert words._("a text nobody has translated") == "a text nobody has translated"
    assert words.ngettext("one", "many", 1) == "one" and words.ngettext("one", "many", 2) == "many"


def test_the_language_is_that_of_the_request_and_of_no_other(korean: dict[str, str]) -> None:
    korean["Nobody"] = "아무도"

    def ask(language: str) -> str:
        words.use(language)
        return words._("Nobody")

    said = [contextvars.copy_context().run(ask, tag) for tag in ("ko", "en", "xx", "")]
    assert said == ["아무도", "Nobody", "Nobody", "Nobody"]
    assert words._("Nobody") == "아무도"  # this request's own is as it was


@pytest.mark.parametrize(
    ("accepted", "tag"),
    [("", "en"), ("ko", "ko"), ("ko-KR,ko;q=0.9,en;q=0.8", "ko"), ("en-GB,ko;q=0.9", "en"), ("fr,de;q=0.9", "en"),
     ("fr, ko;q=0.1", "ko"), ("en;q=0.1,ko;q=0.2", "ko"), ("ko;q=0", "en"), ("*", "en"), ("ko;q=x", "en"),
     ("ko;q=nan", "en"), (";;;,,,;q=;", "en"), ("KO", "ko"), ("x" * 100_000 + ",ko", "en"), ("\u0000ko", "en")],
)  # fmt: skip
def test_a_browser_asks_for_its_language(accepted: str, tag: str) -> None:
    assert words.preferred(accepted) == tag


def test_a_page_speaks_the_language_asked_for_and_the_session_keeps_it(tmp_path: Path) -> None:
    ends = Ends(tmp_path)
    ends.add_officers()
    browser = Browser(ends.north.console)
    wants = (("accept-language", "ko-KR,en;q=0.5"),)
    assert 'lang="ko"' in browser.ask("GET", "/sign-in", wants).text
    assert '<html lang="en"' in browser.get("/sign-in").text
    assert browser.post("/look", {"language": "ko", "palette": "night", "next": "/wall"}).location == "/wall"
    assert '<html lang="ko" dir="ltr" data-palette="night"' in browser.get("/sign-in").text
    browser.sign_in("duty", SECRET)
    assert '<html lang="ko" dir="ltr" data-palette="night"' in browser.get("/").text
    browser.post("/look", {"language": "en", "palette": "day", "next": "/watch"})
    assert '<html lang="en" dir="ltr" data-palette="day"' in browser.get("/watch").text
    browser.post("/look", {"language": "xx", "palette": '"><b>', "next": "/"})
    assert '<html lang="en" dir="ltr">' in browser.get("/").text
    assert '<html lang="en" dir="ltr">' in ends.north.by("chief").get("/").text
    ends.close()


@pytest.mark.parametrize("tag", [tag for tag in words.LANGUAGES if tag != "en"])
def test_a_shipped_catalogue_leaves_the_same_values_open_and_holds_no_markup(tag: str) -> None:
    catalogue = words._CATALOGUES[tag]
    assert isinstance(catalogue, gettext.GNUTranslations)
    entries: dict[object, str] = catalogue._catalog  # type: ignore[attr-defined]
    assert entries
    for key, said in entries.items():
        if not key:
            continue  # the head of the file
        english = key if isinstance(key, str) else key[0]  # type: ignore[index]
        assert not set("<>&") & set(said), f"markup in {english!r}"
        for hole in (r"%\((\w+)\)", r"\{(\w*)\}"):
            if isinstance(key, str):
                assert sorted(set(re.findall(hole, said))) == sorted(set(re.findall(hole, english))), english
        if re.search(r"%\(\w+\)", english):
            any_value = dict.fromkeys(re.findall(r"%\((\w+)\)", english), 7)
            assert said % any_value


@pytest.mark.parametrize(("language", "way"), [("en", "ltr"), ("ko", "ltr"), ("ar", "rtl"), ("he-IL", "rtl")])
def test_a_page_is_laid_out_the_way_its_language_is_written(language: str, way: str) -> None:
    assert words.direction(language) == way
