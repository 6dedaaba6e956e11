"""Fifty years as a scenario: steps from the data's events alone, expectations from its outages alone.

What becomes of an event is decided by its fields, by the rules below, and by nothing else; the page
docs/guide/fifty-years.md tells them to readers.

    established        terms offered and agreed; the line opens at the event
    cut, announced     SEVER by the side that the event names; within a minute the other side rings, and nobody answers
    cut, not announced, or by a side that is not named: the other side rings, and nobody answers; nothing is declared
    unanswered         a call, and nobody answers; from then on no call is answered
    failure            the wire of the line goes down, known to both
    restored           on a line that is declared cut: terms offered by the side the event names, agreed by the other;
                       then a call that is answered. A return in part is only the call
    test-call, answered  a call that is answered
    message            a message on its line; a call that is answered before it, if the event names a caller or
                       nobody answered until then
    all others         told, and nothing done

Where the data has a day and no hour, the hour is that of the line's first daily contact, or 09:00 in Seoul; where it
has a month or a year, the first day of it. Where it names no side, odd events are the North's and even ones the
South's. Within 30 days of an event of a line its daily contacts are called, on the days and at the hours that the data
has for it, and answered or not as the events before say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from fifty_data import LABELS, ONE_WAY, READ, Data, Event, LineOf, Outage, Period, midnight, pyongyang, seoul

NEAR_DAYS: Final = 30
"""Daily contacts are called so many days before and after an event of their line, and not otherwise."""

SILENT: Final = ("QUIET", "DOWN", "ONE WAY", "NOT PROVEN")
HEARD: Final = ("OK", "SLOW")
CUT: Final = ("SEVERED BY US", "SEVERED BY THEM", "SEVERED BY BOTH")
_CALL_S: Final = 900  # a call between the hours has closed by then, answered or not
_BEFORE_OPENING_S: Final = (1200, 600)  # terms offered, terms agreed
_REPAIRED_S: Final = 1800  # a wire is up so long before the call that shows it
_CLEAR_S: Final = 1500  # no daily contact so close to a call of an event
_OTHER: Final = {"north": "south", "south": "north"}
_SPARE: Final = "other-wires"

ACTS: Final = {
    "agreed": "합의",
    "established": "개통",
    "test-call": "시험 통화",
    "answered": "응답",
    "unanswered": "무응답",
    "refused": "접수하지 않음",
    "message": "통지",
    "cut": "차단",
    "judged cut": "차단으로 판단",
    "restored": "복구",
    "reduced": "축소",
    "moved": "이전",
    "upgraded": "개선",
    "failure": "고장",
    "destroyed": "파괴",
    "corrected": "정정",
}
_SIDES: Final = {"north": "북", "south": "남", "both": "양측", None: "자료에 없음"}


@dataclass(frozen=True, slots=True)
class StepOf:
    """A step to be written. `keys`: those after `by` and the lines, as TOML has them."""

    at: int
    order: int
    do: str
    by: str
    lines: tuple[str, ...]
    keys: tuple[str, ...]
    note: tuple[str, str]
    cites: tuple[str, ...]


@dataclass(slots=True)
class State:
    """A line as the events so far leave it."""

    open: bool = False
    cut: bool = False
    answers: bool = True
    wire: str = "up"  # or "down", or ONE_WAY: the South is heard in the North, and not the North in the South
    caller: str = "south"


@dataclass(slots=True)
class Course:
    """A line through the years: its state from each change on, and the instants of its events."""

    line: LineOf
    now: State = field(default_factory=State)
    changes: list[tuple[int, State]] = field(default_factory=list)
    events: list[int] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)

    def keep(self, at: int) -> None:
        now = self.now
        self.changes.append((at, State(now.open, now.cut, now.answers, now.wire, now.caller)))

    def at(self, instant: int) -> State:
        found = State()
        for at, state in self.changes:
            if at > instant:
                break
            found = state
        return found


def made(data: Data) -> str:
    """The scenario as the text of its file."""
    return "".join(_Making(data).text())


class _Making:
    def __init__(self, data: Data) -> None:
        self._data = data
        self._steps: list[StepOf] = []
        self._courses = {line.id: Course(line) for line in data.lines}
        self._wires = _wires(data)
        self._start = midnight(seoul(data.events[0].at).date())
        last = max(event.at for event in data.events)
        self._end = midnight(seoul(last).date() + timedelta(days=1))

    def text(self) -> Iterator[str]:
        for event in self._data.events:
            self._open_unestablished(event.lines, event)
            self._event(event)
        self._open_unestablished(tuple(line.id for line in self._data.lines if line.opened), None)
        for course in self._courses.values():
            self._daily(course)
        for outage in self._data.outages:
            self._expected(outage)
        yield self._head()
        for step in sorted(self._steps, key=lambda s: (s.at, s.order)):
            yield _written(step)

    # --- events

    def _event(self, event: Event) -> None:
        lines = tuple(line for line in event.lines if line in self._courses)
        channel = event.channel or (lines[0] if lines else "")
        plays = event.act in _PLAYED and lines and not (event.act == "message" and channel not in lines)
        if not plays:
            self._say(event.at, "note", event.by if event.by in _OTHER else "", lines, event)
            return
        courses = [self._courses[line] for line in lines]
        match event.act:
            case "established":
                self._open(event, courses)
            case "cut":
                self._cut(event, courses)
            case "unanswered":
                self._unanswered(event, courses)
            case "failure":
                self._wire(event.at - 60, event, courses, "down")
                self._say(event.at, "note", "", lines, event)
            case "restored":
                self._restored(event, courses)
            case "message":
                self._message(event, self._courses[channel])
            case _:
                self._answered(event, courses)
        for course in courses:
            course.events.append(event.at)
            course.keep(event.at)

    def _open_unestablished(self, names: tuple[str, ...], event: Event | None) -> None:
        """Lines of which no event says when they were put in service: when the line itself says, after an event that
        says it was agreed; or a month before the first event that needs them. `event`: None after the last one."""
        established = {line for e in self._data.events if e.act == "established" for line in e.lines}
        for name in names:
            course = self._courses.get(name)
            if course is None or course.now.open or name in established:
                continue
            if event is not None and event.act == "agreed":
                continue
            if course.line.opened is not None:
                day = seoul(course.line.opened.first).date()
                agreed = [e.when.first for e in self._data.events if e.act == "agreed" and name in e.lines]
                day = max([day, *(seoul(at).date() + timedelta(days=1) for at in agreed)])
            else:
                assert event is not None, "a line that does not say when it opened is opened for an event"
                day = seoul(event.at).date() - timedelta(days=30)
            at = max(midnight(day), self._start) + 9 * 3600
            self._terms(at, f"{name}-opens", (name,), "south", (), "opens", "개통")
            course.now.open = True
            course.keep(at)

    def _open(self, event: Event, courses: list[Course]) -> None:
        names = tuple(course.line.id for course in courses)
        self._say(event.at, "note", "", names, event)
        self._terms(event.at, event.id, names, _side(event), (event.id,), "opens", "개통")
        for course in courses:
            course.now.open = True

    def _cut(self, event: Event, courses: list[Course]) -> None:
        declared = bool(event.announced) and event.by in _OTHER
        side = event.by if event.by in _OTHER else _side(event)
        to_cut = tuple(c.line.id for c in courses if declared and not c.now.cut)
        if to_cut:
            words = f"as stated: {event.reason}" if event.reason else "no grounds in the data"
            self._say(event.at, "sever", side, to_cut, event, (f"grounds = {_quoted(words)}",))
        else:
            self._say(event.at, "note", event.by if event.by in _OTHER else "", _ids(courses), event)
        for course in courses:
            course.now.cut = course.now.cut or declared
            course.now.answers = False
        again = tuple(name for name in _ids(courses) if declared and to_cut and name not in to_cut)
        if again:
            note = (
                f"{event.id}: declared cut before, and not a second time.",
                f"{event.id}: 이미 차단이 선언되어 있다.",
            )
            self._add(event.at, "note", side, again, (), note, (event.id,))
        names = tuple(name for name in _ids(courses) if name not in again)
        self._ring(event.at + (60 if declared else 0), _OTHER[side], names, False, event.id)

    def _unanswered(self, event: Event, courses: list[Course]) -> None:
        side = event.by if event.by in _OTHER else _side(event)
        if event.technical:
            self._wire(event.at - 60, event, courses, "down")
        self._say(event.at, "no_answer", side, _ids(courses), event)
        self._ring(event.at, event.caller or _OTHER[side], _ids(courses), False, event.id)
        for course in courses:
            course.now.answers = False

    def _answered(self, event: Event, courses: list[Course]) -> None:
        caller = event.caller or (_OTHER[event.by] if event.by in _OTHER else _side(event))
        self._use(event, courses)
        self._say(event.at, "note", "", _ids(courses), event)
        late = (event.delay_min or 0) * 60 if event.act == "answered" else 0
        if late:
            self._ring(event.at, caller, _ids(courses), False, event.id)
        self._ring(event.at + late, caller, _ids(courses), True, event.id)

    def _message(self, event: Event, course: Course) -> None:
        side = event.by if event.by in _OTHER else _side(event)
        if event.caller or not course.now.answers:
            self._use(event, [course])
            self._ring(event.at, event.caller or side, (course.line.id,), True, event.id)
        words = f"[invented] [지어낸 글] A message was sent ({event.id}); its words are not in the data."
        self._say(
            event.at + 120, "message", side, (course.line.id,), event,
            (f'id = "{event.id}"', f"text = {_quoted(words)}"),
        )  # fmt: skip

    def _restored(self, event: Event, courses: list[Course]) -> None:
        self._use(event, courses)
        if READ.get(event.id) == ONE_WAY:
            self._wire(event.at - 60, event, courses, ONE_WAY)
        self._say(event.at, "note", event.by if event.by in _OTHER else "", _ids(courses), event)
        closed = tuple(c.line.id for c in courses if c.now.cut) if not event.partial else ()
        if closed:
            by = event.by if event.by in _OTHER else _side(event)
            self._terms(event.at, event.id, closed, by, (event.id,), "opens again", "다시 개통")
        caller = event.caller or (event.by if event.by in _OTHER else _side(event))
        self._ring(event.at, caller, _ids(courses), True, event.id)
        for course in courses:
            course.now.cut = course.now.cut and event.partial

    def _use(self, event: Event, courses: list[Course]) -> None:
        """A call is answered on these lines: whatever wire was down is up again before it, but for one that an event
        says is heard one way, until an event says that it is restored."""
        for course in courses:
            if course.now.wire == "down" or (course.now.wire == ONE_WAY and event.act == "restored"):
                self._wire(event.at - _REPAIRED_S, event, [course], "up")
            course.now.answers = True

    # --- steps

    def _wire(self, at: int, event: Event, courses: list[Course], to: str) -> None:
        names = tuple(dict.fromkeys(self._wires[course.line.id] for course in courses))
        if _SPARE in names:
            raise ValueError(f"{event.id}: a wire that is shared by lines of other events cannot go down")
        keys = [f"bearers = {_list(names)}"]
        if to == ONE_WAY:
            keys += ['sender = "north"', "silently = true"]
        elif to == "down" and event.act != "failure":
            keys += ["silently = true"]
        words = {
            "up": ("The wire carries again", "회선이 다시 통한다"),
            "down": ("The wire goes down", "회선이 끊어진다"),
            ONE_WAY: ("The wire carries from the South to the North only", "회선이 남에서 북으로만 통한다"),
        }[to]
        note = (f"{event.id}: {words[0]}.", f"{event.id}: {words[1]}.")
        self._add(at, "bearer_up" if to == "up" else "bearer_down", "", (), tuple(keys), note, (event.id,))
        for course in courses:
            course.now.wire = to

    def _terms(
        self, at: int, name: str, lines: tuple[str, ...], by: str, cites: tuple[str, ...], en: str, ko: str
    ) -> None:
        offered, agreed = (at - before for before in _BEFORE_OPENING_S)
        when = f"{seoul(at):%Y-%m-%d %H:%M}"
        note = (f"Terms: the line {en} at {when}.", f"조건: {when} {ko}.")
        if not cites:
            note = (
                f"{note[0]} No event of the data says when it was put in service.",
                f"{note[1]} 개통한 때를 말하는 사건이 자료에 없다.",
            )
        keys = (f'id = "{name}"', f"opens_at = {_instant(at)}")
        self._add(offered, "offer_restore", by, lines, keys, note, cites)
        agrees = ("Agreed by the other side.", "상대가 동의한다.")
        self._add(agreed, "agree", _OTHER[by], (), (f'terms = "{name}"',), agrees, cites)

    def _ring(self, at: int, caller: str, lines: tuple[str, ...], answered: bool, cites: str) -> None:
        if not lines:
            return
        if any(self._courses[line].now.wire == ONE_WAY for line in lines):
            caller = "south"  # the North's call would not arrive
        note = {
            True: (f"{cites}: a call.", f"{cites}: 통화를 건다."),
            False: (f"{cites}: a call, and nobody answers.", f"{cites}: 통화를 걸지만 응답이 없다."),
        }[answered]
        self._add(at, "call", caller, lines, (), note, (cites,))
        if answered:
            note = (f"{cites}: it is answered.", f"{cites}: 응답한다.")
            self._add(at + 60, "answer", _OTHER[caller], lines, (), note, (cites,))
        for line in lines:
            self._courses[line].calls.append(at)
            self._courses[line].now.caller = caller

    def _say(
        self, at: int, do: str, by: str, lines: tuple[str, ...], event: Event, keys: tuple[str, ...] = ()
    ) -> None:
        there = pyongyang(at) if event.when.known == "minute" else ""
        known = {"month": " (The day is not known.)", "year": " (The day and month are not known.)"}
        en = f"{event.summary}{f' ({there} in Pyongyang.)' if there else ''}{known.get(event.when.known, '')}"
        ko = f"자료 {event.id}: {ACTS[event.act]}. 주체: {_SIDES[event.by]}."
        if there:
            ko += f" 평양 시각 {there}."
        if event.when.known in known:
            ko += " 날짜는 알려지지 않았다."
        self._add(at, do, by, lines, keys, (en, ko), (event.id,))

    def _add(
        self, at: int, do: str, by: str, lines: tuple[str, ...], keys: tuple[str, ...], note: tuple[str, str],
        cites: tuple[str, ...],
    ) -> None:  # fmt: skip
        self._steps.append(StepOf(at, len(self._steps), do, by, lines, keys, note, cites))

    # --- daily contacts

    def _daily(self, course: Course) -> None:
        """The daily contacts of a line near its events, as few steps as say the same."""
        near: set[date] = set()
        for at in course.events:
            day = seoul(at).date()
            near |= {day + timedelta(days=n) for n in range(-NEAR_DAYS, NEAR_DAYS + 1)}
        first = course.line.contacts_from or date.min
        last_day = {"mon-fri": 4, "mon-sat": 5, "daily": 6}[course.line.weekdays]
        days = sorted(d for d in near if d >= first and d.weekday() <= last_day)
        for minute in course.line.hours:
            run: list[int] = []
            held: State | None = None
            for day in days:
                at = midnight(day) + minute * 60
                state = course.at(at)
                clear = all(abs(at - call) > _CLEAR_S for call in course.calls)
                if not (state.open and clear and self._start < at < self._end):
                    self._slots(course.line, run, held)
                    run, held = [], None
                    continue
                if state != held or (run and at - run[-1] > 4 * 86400):
                    self._slots(course.line, run, held)
                    run, held = [], state
                run.append(at)
            self._slots(course.line, run, held)

    def _slots(self, line: LineOf, run: list[int], state: State | None) -> None:
        """One run of daily contacts at one hour in one state."""
        if not run or state is None:
            return
        answered = state.answers and state.wire != "down"
        callers = ("south", "north") if state.wire == "down" else (state.caller,)
        if state.wire == ONE_WAY:
            callers = ("south",)
        en = "Daily contact, as the data has it for this line: " + ("a call." if answered else "no answer.")
        ko = "자료에 있는 이 선의 정기 통화: " + ("통화를 건다." if answered else "응답 없음.")
        for caller in callers:
            self._add(run[0], "call", caller, (line.id,), _repeat(run, line.weekdays), (en, ko), ())
        if answered:
            later = [at + 60 for at in run]
            note = ("Daily contact: answered.", "정기 통화: 응답.")
            keys = _repeat(later, line.weekdays)
            self._add(later[0], "answer", _OTHER[callers[0]], (line.id,), keys, note, ())

    # --- expectations

    def _expected(self, outage: Outage) -> None:
        if not outage.sure or outage.ended is None:
            return
        lines = tuple(line for line in outage.lines if self.expects(outage, line))
        if not lines:
            return
        begun, ended = outage.begun, outage.ended
        cut = outage.begun_by.act == "cut" and bool(outage.begun_by.announced)
        was_open = ('declared = "OPEN"',) if cut else ()
        was_cut = (f"declared = {_list(CUT)}",) if cut else ()
        heard, silent = (f"observed = {_list(HEARD)}",), (f"observed = {_list(SILENT)}",)
        not_open = (f"declared = {_list((*CUT, 'OPENING'))}",) if cut else silent
        for at, keys in (
            (begun.first - 60, (*was_open, *heard)),
            (_after(begun), (*was_cut, *silent)),
            (ended.first - 60, not_open),
            (_after(ended), (*was_open, *heard)),
        ):
            self._add(at, "expect", "", lines, ('party = "both"', *keys), ("", ""), (outage.id,))

    def expects(self, outage: Outage, line: str) -> bool:
        """Whether something can be expected of the line: the two events of the outage name it, and no other outage
        of the data contradicts them."""
        return line in self._courses and outage.names(line) and not self._data.overlapping(outage, line)

    # --- the head of the file

    def _head(self) -> str:
        parts = [
            _HEAD.format(
                start=_instant(self._start),
                end=_instant(self._end),
                version=self._data.version,
                near=NEAR_DAYS,
                about_en=_ABOUT[0],
                about_ko=_ABOUT[1],
            )
        ]
        for line in self._data.lines:
            en, ko = LABELS[line.id]
            parts.append(
                f"\n[line.{line.id}]\nname = {_quoted(en)}\n"
                f"label = {{ en = {_quoted(en)}, ko = {_quoted(ko)} }}\n"
                f"purpose = {_quoted(line.purpose)}\nquorum = 1\nopened = false\n"
            )
        for wire in dict.fromkeys(self._wires.values()):
            lines = tuple(line for line, of in self._wires.items() if of == wire)
            parts.append(f"\n[bearer.{wire}]\nlines = {_list(lines)}\n")
        return "".join(parts)


_PLAYED: Final = frozenset(
    {"established", "cut", "unanswered", "failure", "restored", "message", "test-call", "answered", "refused"}
)

_ABOUT: Final = (
    "Events and outages from public sources (k..., o... in the data). Declared is what the two sides say of a line, "
    "observed is what each end measures.",
    "사건과 단절은 공개 자료에서 가져왔다(자료의 k..., o...). ‘선언’은 양측이 선에 대해 말한 것, "
    "‘관측’은 각 설비가 잰 것이다.",
)

_HEAD: Final = """\
# The lines between the two Koreas, 1971 to 2023. GENERATED: do not edit. ./run fifty-years --make writes it from
# data/korea-lines.json (version {version}); make/fifty_made.py says by which rules.
#
# Steps come from the events of the data (k...), expectations from its outages (o...). The southern side is the source
# of nearly all of it. Nothing of a text is quoted: what a message said is not in the data. Daily contacts are called
# within {near} days of an event of their line, at the hours the data has; that each of them took place is not in it.
# Which wires carry which lines, and signs of life, are means of this program, and no history.
#
# The data often has a day and no hour: it is played at the hour of the line's first daily contact, or at 09:00.
# Times are Seoul time. The North kept UTC+08:30 from 15 August 2015 to 4 May 2018; notes then give its hour too.

format = "parley-scenario/1"
title = {{ en = "Korea, 1971 to 2023: fifty years of lines", ko = "한반도, 1971 – 2023년: 통신선 50년" }}
start = {start}
end = {end}
seed = 1971

[about]
en = "{about_en}"
ko = "{about_ko}"

[clock]
zone = "UTC+09:00"
name = {{ en = "Seoul", ko = "서울" }}

[settings]
sign_of_life = "28d" # few, so that fifty years play in a minute: silence is seen by calls, not by signs of life
sync = false

[party.north]
name = "North"
label = {{ en = "North", ko = "북" }}
civil_clock = "UTC+09:00"

[party.south]
name = "South"
label = {{ en = "South", ko = "남" }}
civil_clock = "UTC+09:00"
"""


# --- small things -----------------------------------------------------------------------------


def _wires(data: Data) -> dict[str, str]:
    """Which bearer carries which line: lines that an event says failed together share one of their own, all others
    share one that never fails."""
    groups: list[set[str]] = []
    known = {line.id for line in data.lines}
    for event in data.events:
        if event.act == "failure" or event.technical or event.id in READ:
            touched = set(event.lines) & known
            joined = [group for group in groups if group & touched]
            groups = [group for group in groups if not group & touched]
            groups.append(touched.union(*joined))
    return {
        line.id: next((f"{min(group)}-wire" for group in groups if line.id in group), _SPARE)
        for line in data.lines
    }


def _ids(courses: list[Course]) -> tuple[str, ...]:
    return tuple(course.line.id for course in courses)


def _side(event: Event) -> str:
    """A side for what the data gives to both, or to nobody."""
    return "north" if event.number % 2 else "south"


def _after(period: Period) -> int:
    """When what happened in a period must show: its last minute, or when a call made in its minute has closed."""
    return period.first + _CALL_S if period.known == "minute" else period.last - 59


def _instant(at: int) -> str:
    return f"{seoul(at):%Y-%m-%dT%H:%M:%S}+09:00"


def _repeat(run: list[int], weekdays: str) -> tuple[str, ...]:
    if len(run) == 1:
        return ()
    return (f'repeat = {{ every = "1d", until = {_instant(run[-1])}, days = "{weekdays}" }}',)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _list(items: Iterable[str]) -> str:
    return "[" + ", ".join(_quoted(item) for item in items) + "]"


def _written(step: StepOf) -> str:
    rows = ["", "[[step]]", f"at = {_instant(step.at)}", f'do = "{step.do}"']
    if step.by:
        rows.append(f'by = "{step.by}"')
    if len(step.lines) == 1:
        rows.append(f'line = "{step.lines[0]}"')
    elif step.lines:
        rows.append(f"lines = {_list(step.lines)}")
    rows += step.keys
    if step.cites:
        rows.append(f"cites = {_list(step.cites)}")
    if step.note[0]:
        rows.append(f"note = {{ en = {_quoted(step.note[0])}, ko = {_quoted(step.note[1])} }}")
    return "\n".join(rows) + "\n"
