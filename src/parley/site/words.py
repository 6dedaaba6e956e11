"""What the public site says beside the texts, in the languages it can say it in.

A text in another language stands among English words. Dates are written as the language writes them: the civil clock
of the party first, because it is what its people read, and UTC beside it, because it is what everybody can compare.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from parley.core.types import Seconds

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "announcements": "Announcements",
        "earlier": "Earlier",
        "nothing": "Nothing has been announced yet.",
        "hour": "Hour",
        "published": "Published",
        "by_our_clock": "by our clock",
        "channel": "Channel",
        "signed": "Signed by",
        "proof": "Proof of this text",
        "check": "How to check that this text is ours",
        "check_1": "Learn the fingerprint of our root key by another way than this site: in print, by voice, or from "
        "somebody who had it before.",
        "check_2": "Download the proof that stands beside the text.",
        "check_3": "On any machine with Parley, without keys and without a network:",
        "check_4": "It names who signed, and prints the text that was signed. Compare it with this page.",
        "not_proved": "A proof shows who said it. It does not show that it is true, nor that anybody agrees with it.",
        "feed": "Feed",
        "all": "All announcements",
    },
    "ko": {
        "announcements": "발표",
        "earlier": "이전 발표",
        "nothing": "아직 발표한 것이 없습니다.",
        "hour": "발표 시각",
        "published": "공표",
        "by_our_clock": "본 측 시계 기준",
        "channel": "발표 경로",
        "signed": "서명",
        "proof": "이 글의 증명 파일",
        "check": "이 글이 본 측의 것인지 확인하는 방법",
        "check_1": "본 측 뿌리 열쇠의 지문을 이 사이트가 아닌 다른 길로 알아 두십시오. 인쇄물이나 음성, "
        "또는 전부터 알고 있던 사람을 통해서입니다.",
        "check_2": "글 옆에 있는 증명 파일을 내려받으십시오.",
        "check_3": "Parley가 있는 아무 기계에서나, 열쇠도 네트워크도 없이 다음을 실행하십시오.",
        "check_4": "누가 서명하였는지 밝히고 서명된 글을 출력합니다. 이 페이지와 비교하십시오.",
        "not_proved": "증명은 누가 말하였는지를 보여 줄 뿐, 그 내용이 참이라거나 누가 동의한다는 것을 "
        "보여 주지 않습니다.",
        "feed": "피드",
        "all": "모든 발표",
    },
}
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def _english(t: datetime) -> str:
    return f"{t.day} {_MONTHS[t.month - 1]} {t.year}"


def _korean(t: datetime) -> str:
    return f"{t.year}년 {t.month}월 {t.day}일"


_DATES: Final[Mapping[str, Callable[[datetime], str]]] = {"en": _english, "ko": _korean}


def spoken(language: str) -> str:
    """The language in which to stand beside a text in `language`: its own if the site has it, else English."""
    main = language.partition("-")[0].lower()
    return main if main in WORDS else "en"


def say(language: str, key: str) -> str:
    """What the site says, in a language that it speaks."""
    return WORDS[language][key]


def date(at: Seconds, minutes: int, language: str) -> str:
    """The date of an instant on a civil clock `minutes` east of UTC."""
    return _DATES[language](_on(at, minutes))


def when(at: Seconds, minutes: int, language: str, *, seconds: bool = False) -> str:
    """An instant on a civil clock and in UTC: `27 July 2021, 10:00 (UTC+9), 01:00 UTC`; the date in UTC too where it is
    another."""
    form = "%H:%M:%S" if seconds else "%H:%M"
    here, utc = _on(at, minutes), _on(at, 0)
    there = f"{utc:{form}} UTC"
    if utc.date() != here.date():
        there = f"{_DATES[language](utc)}, {there}"
    if not minutes:
        return f"{_DATES[language](here)}, {there}"
    return f"{_DATES[language](here)}, {here:{form}} ({offset(minutes)}), {there}"


def offset(minutes: int) -> str:
    """How far a civil clock is east of UTC: `UTC+9`, `UTC-3:30`."""
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")


def stamp(at: Seconds) -> str:
    """An instant as RFC 3339 writes it: `2021-07-27T01:00:00Z`."""
    return f"{_on(at, 0):%Y-%m-%dT%H:%M:%SZ}"


def _on(at: Seconds, minutes: int) -> datetime:
    return datetime.fromtimestamp(at + 60 * minutes, UTC)
