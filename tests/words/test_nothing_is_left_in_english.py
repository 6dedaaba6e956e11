"""An officer who reads Korean meets no English: refusals made for real, what views say, and the catalogue itself.

What is said is taken apart: without the values that are no words of ours (names, refs, what somebody typed) and
without the commands of a terminal, no Latin letter may be left. A sentence that was joined or formatted on its way
has forgotten how it was made, is said in English, and so is found here.
"""

from __future__ import annotations

import ast
import contextvars
import importlib.util
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from parley.console import words
from parley.core.accord import Accord
from parley.core.errors import LocalError, Sentence
from parley.core.types import NONCE_BYTES, PARAGRAPHS_MAX, Power, Precedence
from parley.desk import Desk
from parley.desk.reader import reason_of
from parley.store import Fault
from parley.testing.both import CHEAP, PARTIES, WORDS, Both

START = 1_627_346_400.0  # 27 July 2021, 00:40 UTC
ROOT = Path(__file__).resolve().parents[2]
COMMAND = re.compile(r'parley [a-z]+( [a-z]+)*( --[a-z]+)*|--read-back "\.\.\."|draft:\d*|Liaison:theirs:2/1')
ON_A_TERMINAL = ("keys/at_rest.py",)  # disk and passphrase file: met, but for few, when an end starts
OURS = ("FLASH", "KiB", "UTC", "Z", "C")  # words of the agreement and of units, the same in Korean


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """Two ends with an open line, a cut one, a message each way at every stage, and an officer who may only read."""
    ends = Both(tmp_path_factory.mktemp("words"), START)
    ends.create()
    for name in ("Liaison", "Leaders"):
        ends.add_line(name)
        ends.open_line(name)
    north, south = ends.desks
    for desk in (north, south):
        draft = desk.compose("Liaison", "Boat adrift at 37.5 N, three persons", "duty")
        desk.release(draft.ref, "chief", WORDS)
    ends.wait(5)
    north.add_officer("guest", "Guest", Power(0), Precedence.FLASH, WORDS, WORDS, CHEAP)
    north.add_officer("reader", "Reader", Power.ACKNOWLEDGE, Precedence.ROUTINE, WORDS, WORDS, CHEAP)
    south.acknowledge(theirs(south), "read back", "duty", WORDS, read_back="37.5 N, 3")
    north.cancel(ours(north), "duty", WORDS, "none")
    north.call("Liaison", "duty")
    ends.wait(2)
    south.answer("Liaison", "duty")
    ends.wait(2)
    south.sever("Leaders", "none", "chief", WORDS)
    north.sever("Leaders", "none", "chief", WORDS)
    ends.wait(5)
    north.take_watch("duty")
    yield ends
    ends.close()


def ours(desk: Desk) -> str:
    return next(m.ref for m in desk.messages() if m.ours)


def theirs(desk: Desk) -> str:
    return next(m.ref for m in desk.messages() if not m.ours)


def in_korean(text: str) -> str:
    """As a console says it to who reads Korean."""

    def say() -> str:
        words.use("ko")
        return words.say(text)

    return contextvars.copy_context().run(say)


def values_of(text: str) -> Iterator[str]:
    """What stands in a sentence and is no text of ours, the longest first where one holds another."""
    if isinstance(text, Sentence):
        for value in text.values.values():
            if isinstance(value, Sentence):
                yield from values_of(value)
            else:
                yield str(value)


def left_in_english(text: str) -> str:
    """The Latin letters of what is said that are neither a value, a command nor one of the words agreed."""
    said = in_korean(text)
    for value in sorted({v for v in values_of(text) if v}, key=len, reverse=True):
        assert value in said or repr(value)[1:-1] in said, f"{value!r} is lost in {said!r}"
        said = said.replace(value, " ")
    said = COMMAND.sub(" ", said)
    for word in OURS:
        said = re.sub(rf"(?<![A-Za-z]){word}(?![A-Za-z])", " ", said)
    return "".join(re.findall(r"[A-Za-z]+ ?", said))


def line(name: str) -> Accord:
    return Accord(name, bytes(NONCE_BYTES), languages=("en", "ko"))


Refusal = Callable[[Desk], object]
REFUSALS: dict[str, tuple[Refusal, tuple[str, ...]]] = {
    "a line that is not": (lambda d: d.line("Nowhere"), ("Nowhere", "Liaison")),
    "a name that is several lines": (lambda d: d.line("l"), ("'l'", "Leaders")),
    "no name of a message": (lambda d: d.message("gibberish"), ("gibberish",)),
    "a message that is not": (lambda d: d.message("Liaison:ours:9/9"), ("Liaison:ours:9/9",)),
    "a number no message has": (lambda d: d.message("Liaison:ours:65535/1"), ("65535",)),
    "a draft that is not": (lambda d: d.draft("draft:999"), ("draft:999",)),
    "terms that are not": (lambda d: d.agree("0" * 16, "duty", WORDS), ("0" * 16,)),
    "a fault that is not": (lambda d: d.fault("f" * 16), ("f" * 16,)),
    "an officer that is not": (lambda d: d.take_watch("nobody"), ("nobody",)),
    "a signer that is not": (lambda d: d.cancel(ours(d), "nobody", WORDS, "why"), ("nobody",)),
    "a wrong passphrase": (lambda d: d.cancel(ours(d), "duty", "guess", "why"), ("duty",)),
    "an officer who may only read": (lambda d: d.take_watch("guest"), ("guest",)),
    "a power one does not hold": (
        lambda d: d.sever("Liaison", "why", "reader", WORDS),
        ("reader", "Reader", "차단"),
    ),
    "a precedence beyond one's own": (
        lambda d: d.release(d.compose("Liaison", "x", "duty", precedence="FLASH").ref, "reader", WORDS),
        ("reader", "긴급", "통지문"),
    ),
    "one's own draft": (
        lambda d: d.release(d.compose("Liaison", "x", "duty").ref, "duty", WORDS),
        ("다른 담당자",),
    ),
    "a text that is too long": (lambda d: d.compose("Liaison", "x" * 1700, "duty"), ("문단", "1700", "1600")),
    "a text of too many lines": (
        lambda d: d.compose("Liaison", "x\n" * (PARAGRAPHS_MAX + 1), "duty"),
        (str(PARAGRAPHS_MAX + 1),),
    ),
    "a text with a control character": (lambda d: d.compose("Liaison", "a\x07b", "duty"), ("문단",)),
    "a subject that is too long": (
        lambda d: d.compose("Liaison", "x", "duty", subject="x" * 300),
        ("제목", "300", "256"),
    ),
    "grounds that are too long": (lambda d: d.sever("Liaison", "x" * 1700, "duty", WORDS), ("사유", "1700")),
    "a precedence that is not": (
        lambda d: d.compose("Liaison", "x", "duty", precedence="URGENT"),
        ("URGENT",),
    ),
    "a line that does not ring": (lambda d: d.answer("Liaison", "duty"), ("Liaison",)),
    "another's watch": (lambda d: d.hand_over("chief"), ("duty", "chief")),
    "the order wire cut": (lambda d: d.sever(wire(d), "why", "duty", WORDS), ("업무 연락선",)),
    "the order wire spoken on": (lambda d: d.compose(wire(d), "x", "duty"), ("업무 연락선",)),
    "keys changed too soon": (lambda d: d.rekey("Leaders", "duty"), ("열쇠",)),
    "a draft of another": (
        lambda d: d.save_draft(d.begin_draft("Liaison", "duty").ref, "chief", {"text": "x"}),
        ("duty", "draft:"),
    ),
    "a draft never offered": (
        lambda d: d.release(d.begin_draft("Liaison", "duty").ref, "chief", WORDS),
        ("draft:", "duty"),
    ),
    "a FLASH without a reason": (lambda d: d.offer_draft(flash(d), "duty"), ("FLASH",)),
    "a line of a name that is taken": (
        lambda d: d.offer_line("South", line("Liaison"), "duty", WORDS),
        ("Liaison",),
    ),
    "a pair that is not": (lambda d: d.offer_line("East", line("New"), "duty", WORDS), ("East", "South")),
    "an officer's name that is taken": (
        lambda d: d.add_officer("duty", "Duty", Power(0), Precedence.FLASH, WORDS, WORDS, CHEAP),
        ("duty",),
    ),
    "a log-in name that is none": (
        lambda d: d.add_officer("a b", "x", Power(0), Precedence.FLASH, WORDS, WORDS, CHEAP),
        ("a b",),
    ),
    "a message of ours acknowledged": (lambda d: d.acknowledge(ours(d), "seen", "duty", WORDS), ("상대",)),
    "a grade that is not": (lambda d: d.acknowledge(theirs(d), "liked", "duty", WORDS), ("liked",)),
    "a read-back without words": (lambda d: d.acknowledge(theirs(d), "read back", "duty", WORDS), ("복창",)),
}


def wire(desk: Desk) -> str:
    return next(view.name for view in desk.lines() if view.is_order_wire)


def flash(desk: Desk) -> str:
    draft = desk.begin_draft("Liaison", "duty").ref
    desk.save_draft(draft, "duty", {"text": "x", "precedence": "FLASH"})
    return draft


@pytest.mark.parametrize("what", REFUSALS)
def test_a_refusal_of_the_desk_is_said_in_korean_with_its_values(both: Both, what: str) -> None:
    refused, values = REFUSALS[what]
    with pytest.raises(LocalError) as found:
        refused(both.desks[0])
    whole = f"{in_korean(found.value.text)} / {in_korean(found.value.hint)}"
    assert [v for v in values if v not in whole] == [], whole
    assert re.search("[가-힣]", in_korean(found.value.text)), whole
    assert (left_in_english(found.value.text), left_in_english(found.value.hint)) == ("", ""), whole


def test_a_refusal_comes_out_in_english_for_who_reads_english(both: Both) -> None:
    with pytest.raises(LocalError) as found:
        both.desks[0].line("Nowhere")
    assert words.say(found.value.text) == "there is no line 'Nowhere'"


def views(desk: Desk) -> Iterator[str]:
    """All that views say in sentences: details of lines, the ladder, the log, the alarms, the four questions."""
    for view in desk.lines():
        yield from (text for text in (view.declared_detail, view.last_contact) if text)
        yield from (answer.evidence for answer in desk.four(view.name))
        for entry in desk.entries(view.name):
            yield from (text for text in (entry.by, entry.words) if text)
    for message in desk.messages():
        yield from (rung.voucher for rung in message.ladder if rung.voucher)
    yield from (alarm.text for alarm in desk.alarms())


@pytest.mark.parametrize("end", [0, 1], ids=PARTIES)
def test_what_views_say_is_said_in_korean(both: Both, end: int) -> None:
    said = {text: left_in_english(text) for text in views(both.desks[end])}
    assert len(said) > 20
    assert {text: left for text, left in said.items() if left} == {}


def test_what_somebody_wrote_stays_as_it_is_where_the_catalogue_knows_the_word(both: Both) -> None:
    assert in_korean("none") == "없음"
    entries = both.desks[0].entries("Leaders")
    assert [in_korean(e.words) for e in entries if e.kind == "SEVER"] == ["none"] * 2
    cuts = in_korean(both.desks[0].line("Leaders").declared_detail).split("; ")
    assert [(cut.partition(",")[0], cut.endswith("부터: none")) for cut in sorted(cuts)] == [
        ("North", True),
        ("South", True),
    ]


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("two different acts named 3/7", "이름이 같은 다른 두 행위: 3/7"),
        ("an entry of theirs is malformed: x: y", "상대의 항목이 형식에 맞지 않음: x: y"),
        ("two entries at one place of their log", "상대 기록부의 한 자리에 두 항목"),
    ],
)
def test_a_reason_read_back_from_the_record_is_said_in_korean(reason: str, said: str) -> None:
    assert in_korean(reason_of(Fault(bytes(32), reason, b"", 0, False))) == said


def test_a_sentence_joined_to_another_text_is_found() -> None:
    known = Sentence("there is no line {line!r}", line="Nowhere")
    assert left_in_english(known) == ""
    assert left_in_english(known + " now") != "" and left_in_english(f"{known}") != ""


# --- the catalogue and the sources --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def make() -> ModuleType:
    """The program that makes the catalogues."""
    spec = importlib.util.spec_from_file_location("words_make", ROOT / "words" / "make.py")
    assert spec is not None and spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def test_every_text_is_translated_and_the_catalogue_is_as_it_is_made(make: ModuleType) -> None:
    assert make.main(["--check"]) == 0


def test_no_refusal_an_officer_can_meet_has_forgotten_how_it_was_made(make: ModuleType) -> None:
    formatted = []
    for room in make.ROOMS:
        path = make.SOURCE / room
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            if file.relative_to(make.SOURCE).as_posix() in (*make.NOT_SHOWN, *ON_A_TERMINAL):
                continue
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                name = getattr(getattr(node, "func", None), "id", "")
                if name in ("LocalError", "Sentence", "Refused", "Unfit"):
                    assert isinstance(node, ast.Call)
                    formatted += [
                        f"{file.name}:{node.lineno}"
                        for text in node.args[:3]
                        if isinstance(text, ast.JoinedStr)
                    ]
    assert formatted == []
