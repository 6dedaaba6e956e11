"""The story of a play as a table for a terminal, in English or Korean.

One row for each step that has something to tell, under the day of the story's civil clock: both times, who,
what happened, and what each side then showed of the line, declared and observed, which are never mixed. No
colour: the words carry it. Widths are counted in columns of a terminal, so that Korean stands in its column.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from parley.core.types import Seconds
from parley.scenario.format import Scenario, Step, civil, in_language
from parley.scenario.instruments import TOLD
from parley.scenario.player import Outcome, Result

LANGUAGES = ("en", "ko")
WIDTH = 120
_WIDTH_MIN = 92
_UTC, _CLOCK, _WHO, _VIEW = 11, 6, 6, 24
_GAP = "  "

_DAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "ko": ("월요일", "화요일", "수요일", "목요일", "금요일", "토요일", "일요일"),
}
STATES = {  # as the console says them; the console is too much to load for a table
    "OPEN": "개통",
    "OPENING": "개통 예정",
    "NOT YET OPENED": "개통 전",
    "SEVERED BY US": "우리가 차단",
    "SEVERED BY THEM": "상대가 차단",
    "SEVERED BY BOTH": "양측 차단",
    "OK": "정상",
    "SLOW": "느림",
    "ONE WAY": "한쪽만 들림",
    "NO WATCH": "근무자 없음",
    "QUIET": "무응답",
    "DOWN": "불통",
    "NOT PROVEN": "확인 안 됨",
}
_WORDS = {
    "en": {
        "utc": "UTC",
        "who": "who",
        "what": "what happened",
        "view": "{party}: declared | observed",
        "end down": "end is down",
        "times": "{times} times, until {until}.",
        "as told": "all went as the scenario says; {held} expectations held",
        "not as told": "{failed} of {steps} steps did not go as the scenario says",
        "failed": "NOT AS EXPECTED. Expected {expected}. Found {found}.",
        "place": "Step {number}, line {line} of the file.",
    },
    "ko": {
        "utc": "세계시",
        "who": "주체",
        "what": "일어난 일",
        "view": "{party}: 선언 | 관측",
        "end down": "설비 정지",
        "times": "{until}까지 {times}회.",
        "as told": "모두 각본대로 진행됨, 기대 {held}개 충족",
        "not as told": "{steps}단계 가운데 {failed}단계가 각본과 다름",
        "failed": "기대와 다름. 기대: {expected}. 실제: {found}.",
        "place": "{number}번째 단계, 파일 {line}행.",
    },
}
_DID = {
    "en": {
        "message": "Message on {lines}.",
        "reply": "Reply on {lines}.",
        "release": "Releases the message {message}.",
        "withdraw": "Withdraws the message {message}.",
        "cancel": "Takes back the message {message}.",
        "acknowledge": "Acknowledges the message {message}.",
        "call": "Calls on {lines}.",
        "answer": "Answers on {lines}.",
        "no_answer": "No answer on {lines}.",
        "sever": "Cuts {lines}.",
        "offer_restore": "Offers to restore {lines}.",
        "agree": "Agrees to restore {lines}.",
        "withdraw_terms": "Takes back its agreement on {lines}.",
        "bearer_up": "Bearer up: {bearers}.",
        "bearer_down": "Bearer down: {bearers}.",
        "crash": "The end crashes.",
        "restart": "The end starts again.",
        "watch": "The watch changes.",
        "note": "",
        "expect": "",
    },
    "ko": {
        "message": "{lines}: 통지문.",
        "reply": "{lines}: 회신.",
        "release": "통지문 {message} 결재.",
        "withdraw": "통지문 {message} 철회.",
        "cancel": "통지문 {message} 취소.",
        "acknowledge": "통지문 {message} 확인.",
        "call": "{lines}: 호출.",
        "answer": "{lines}: 응답.",
        "no_answer": "{lines}: 응답 없음.",
        "sever": "{lines}: 차단.",
        "offer_restore": "{lines}: 복구 제안.",
        "agree": "{lines}: 복구 동의.",
        "withdraw_terms": "{lines}: 동의 철회.",
        "bearer_up": "전송로 연결: {bearers}.",
        "bearer_down": "전송로 끊김: {bearers}.",
        "crash": "설비가 갑자기 멈춤.",
        "restart": "설비가 다시 시작됨.",
        "watch": "근무 교대.",
        "note": "",
        "expect": "",
    },
}


@dataclass(frozen=True, slots=True)
class Row:
    """One row, in words. `views`: for each party, its cells, one a group of lines."""

    at: Seconds
    who: str
    what: str
    views: tuple[tuple[str, ...], ...]


def table(outcome: Outcome, language: str = "en", width: int = WIDTH) -> str:
    """The whole story as text of at most `width` columns (92 or more), ending with a line break.

    `language`: "en" or "ko"; another is shown in English.
    """
    language = language if language in LANGUAGES else "en"
    scenario, words = outcome.scenario, _WORDS[language]
    told = list(rows(outcome, language))
    columns = _columns(max(width, _WIDTH_MIN), any(row.at % 60 for row in told))
    lines = [in_language(scenario.title, language)]
    about = in_language(scenario.about, language)
    if about:
        lines += ["", *wrapped(about, min(sum(columns) + len(_GAP) * 5, 100))]
    views = [words["view"].format(party=_party(scenario, p.key, language)) for p in scenario.parties]
    clock = in_language(scenario.clock_name, language)
    cells = [[words["utc"]], [clock], [words["who"]], [words["what"]]]
    cells += [wrapped(view, _VIEW) for view in views]
    lines += ["", *_laid_out(cells, columns), "-" * (sum(columns) + len(_GAP) * (len(columns) - 1))]
    day = ""
    for row in told:
        there = civil(row.at, scenario.clock)
        today = f"{there:%Y-%m-%d} {_DAYS[language][there.weekday()]}"
        if today != day:
            lines += [today] if not day else ["", today]
            day = today
        minute = "%H:%M:%S" if row.at % 60 else "%H:%M"
        first = [civil(row.at, 0).strftime("%m-%d " + minute)], [there.strftime(minute)], [row.who]
        what = wrapped(row.what, columns[3])
        shown = [[part for cell in cells for part in wrapped(cell, _VIEW)] for cells in row.views]
        lines += _laid_out([*first, what, *shown], columns)
    lines += ["", ending(outcome, language)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def rows(outcome: Outcome, language: str = "en") -> Iterator[Row]:
    """The rows, in the order of time: steps with a note, all that act, and all that did not go as told."""
    for result in sorted(outcome.results, key=lambda r: (r.at, r.step.number)):
        if result.ok and result.step.do == "expect" and not result.step.note:
            continue
        yield row(outcome.scenario, result, language)


def row(scenario: Scenario, result: Result, language: str = "en") -> Row:
    """One result as a row."""
    step, words = result.step, _WORDS[language]
    parts = [in_language(step.note, language) or _did(scenario, step, language)]
    if result.times > 1:
        until = f"{civil(result.until, scenario.clock):%Y-%m-%d %H:%M}"
        parts.append(words["times"].format(times=result.times, until=until))
    if not result.ok:
        if step.file_line:
            parts.append(words["place"].format(number=step.number, line=step.file_line))
        parts.append(words["failed"].format(expected=result.expected, found=result.found))
    who = "" if step.by is None else _party(scenario, step.by, language)
    views = tuple(_cells(scenario, result, p.key, language) for p in scenario.parties)
    return Row(result.at, who, " ".join(part for part in parts if part), views)


def ending(outcome: Outcome, language: str = "en") -> str:
    """The last line: whether it went as told."""
    words = _WORDS[language]
    if outcome.ok:
        return words["as told"].format(held=outcome.expectations[0])
    failed = sum(1 for result in outcome.results if not result.ok)
    return words["not as told"].format(failed=failed, steps=len(outcome.results))


def columns_of(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(_columns_of_one(c) for c in text)


def wrapped(text: str, width: int) -> list[str]:
    """A text broken at blanks, and within a word that is too long, to lines of at most `width` columns."""
    lines, line = [], ""
    for word in text.split():
        joined = f"{line} {word}" if line else word
        if columns_of(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        while columns_of(word) > width:
            cut = _fitting(word, width)
            lines.append(word[:cut])
            word = word[cut:]
        line = word
    return [*lines, line] if line or not lines else lines


# --- parts of a row ---------------------------------------------------------------------------


def _did(scenario: Scenario, step: Step, language: str) -> str:
    action = step.action
    if step.do not in _DID[language]:
        english, korean = TOLD.get(step.do, (step.do.replace("_", " "),) * 2)
        words = korean if language == "ko" else english
        return words.format(lines=_lines(scenario, step.lines, language))
    return _DID[language][step.do].format(
        lines=_lines(scenario, step.lines, language),
        message=getattr(action, "message", "") or "",
        bearers=", ".join(getattr(action, "bearers", ())),
    )


def _lines(scenario: Scenario, keys: Iterable[str], language: str) -> str:
    labels = [in_language(scenario.line(key).label, language) for key in keys]
    if not labels:
        return {"en": "all lines", "ko": "모든 선"}[language]
    return ", ".join(labels)


def _cells(scenario: Scenario, result: Result, party: str, language: str) -> tuple[str, ...]:
    """What a party's end showed of the step's lines; lines that show the same stand together."""
    groups: dict[str, list[str]] = {}
    for key, shown in result.views.items():
        groups.setdefault(_view(shown[party], language), []).append(key)
    if len(groups) <= 1:
        return tuple(groups)
    return tuple(f"{', '.join(keys)}: {view}" for view, keys in groups.items())


def _view(shown: tuple[str, str], language: str) -> str:
    if shown == ("", ""):
        return _WORDS[language]["end down"]
    return " | ".join(STATES.get(word, word) if language == "ko" else word for word in shown)


def _party(scenario: Scenario, key: str, language: str) -> str:
    return in_language(scenario.party(key).label, language)


# --- columns ----------------------------------------------------------------------------------


def _columns(width: int, seconds: bool) -> tuple[int, ...]:
    """The widths; `seconds`: some time has them."""
    utc, clock = (_UTC + 3, _CLOCK + 2) if seconds else (_UTC, _CLOCK)
    fixed = (utc, clock, _WHO, _VIEW, _VIEW)
    return (utc, clock, _WHO, width - sum(fixed) - len(_GAP) * len(fixed), _VIEW, _VIEW)


def _laid_out(cells: list[list[str]], columns: tuple[int, ...]) -> list[str]:
    height = max(len(cell) for cell in cells)
    padded = [[*cell, *[""] * (height - len(cell))] for cell in cells]
    return [
        _GAP.join(_padded(part, width) for part, width in zip(line, columns, strict=True))
        for line in zip(*padded, strict=True)
    ]


def _padded(text: str, width: int) -> str:
    return text + " " * (width - columns_of(text))


def _fitting(word: str, width: int) -> int:
    taken = 0
    for n, c in enumerate(word):
        taken += _columns_of_one(c)
        if taken > width:
            return max(n, 1)
    return len(word)


def _columns_of_one(c: str) -> int:
    if unicodedata.combining(c):
        return 0
    return 2 if unicodedata.east_asian_width(c) in "WF" else 1
