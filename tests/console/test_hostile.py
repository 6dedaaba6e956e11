"""Hostile text changes nothing but itself: on every page, and in the terminal.

The method: an end lives through everything with a harmless word wherever a person of either party can write. A desk
that stands between puts another text in the place of that word, in all it gives to read. Then the page with the
hostile text, that text's own boxes cut out, must be byte for byte the page with the harmless word, cut out the same
way; and in the boxes there is nothing that steers a display.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import pytest
from asgi_client import Browser
from hypothesis import given, settings
from hypothesis import strategies as st
from pair_of_ends import HOSTS, SECRET, Ends, accord, paired

from parley import cli
from parley.cli import show
from parley.console import app
from parley.core.errors import LocalError, Sentence
from parley.core.types import MARKS_MAX
from parley.desk.ask import plain

WORD = "QXQ7QXQ"  # reads the same in capitals, and stands nowhere else
MARKS = "Z" + "\u0301\u0316" * 1000  # two kilobytes on one letter
VECTORS = {
    "an override of direction": "\u202eabc\u202c",
    "an override that is not closed": "\u202e\u202d\u2066",
    "isolates closed too often": "\u2069\u2069\u202c\u202c",
    "nothing to be seen": "\u200b\u2060\ufeff\u00ad\u180e",
    "a tag of invisible letters": "\U000e0041\U000e0042",
    "two kilobytes of marks": MARKS,
    "marks before any letter": "\u0301" * 50,
    "a script": "<script>alert(1)</script>",
    "the end of its box": "</bdi></p></textarea></title></option></select></td><b>",
    "an attribute": "\" ' onmouseover=alert(1) x=`",
    "a reference": "&lt;b&gt; &amp; &#x202e; &bogus",
    "an address that runs": "javascript:alert(1)",
    "a way up": "../../act/sever?x#y",
    "a template": "{{ 7 * 7 }} {% raw %} ${x} %(n)s %s {0} {x!r}",
    "a terminal's colours": "\x1b[31;1mred\x1b[2J",
    "a terminal's clipboard": "\x1b]52;c;cGFybGV5\x07",
    "a terminal's controls of eight bits": "\x9b31m\x9d52;c;x\x9c\x85\x90",
    "a bell and a step back": "\x07\x08\x08\x08\x7f\x00",
    "another line": "a\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029b",
    "a word that never ends": "W" * 1500,
    "letters that look alike": "p\u0430yp\u0430l",
    "a private letter": "\ue000\uf8ff\U000f0000",
    "letters with nothing in them": "\u3164\u115f\u2800\u00a0",
    "right to left": "\u05e9\u05dc\u05d5\u05dd \u0627\u0644\u0633\u0644\u0627\u0645",
}


class Between:
    """A desk with another text wherever the harmless word stands in what it gives to read."""

    def __init__(self, desk: Any) -> None:
        self._desk, self.text = desk, WORD

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._desk, name)
        if not callable(found):
            return found
        return lambda *given, **named: self.put(found(*(self._back(g) for g in given), **named))

    def _back(self, given: Any) -> Any:
        return given.replace(self.text, WORD) if isinstance(given, str) else given

    def put(self, value: Any) -> Any:
        if isinstance(value, Enum):
            return value
        if isinstance(value, Sentence):
            made = {k: self.put(v) for k, v in value.values.items()} if value.values else {}
            return Sentence(value.template, **made)
        if isinstance(value, str):
            return value.replace(WORD, self.text)
        if isinstance(value, tuple | list):
            return type(value)(map(self.put, value))
        if isinstance(value, Mapping):
            return {k: self.put(v) for k, v in value.items()}
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = {f.name: self.put(getattr(value, f.name)) for f in dataclasses.fields(value)}
            return dataclasses.replace(value, **fields)
        return value


@dataclasses.dataclass(repr=False)
class Place:
    """An end that has lived, read through a desk that lies between."""

    ends: Ends
    between: Between
    browser: Browser
    harmless: dict[str, str]  # the pages with the word, by address
    rows: dict[str, str]  # what the commands print with the word, by their names


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("hostile")
    spoken = dataclasses.replace(
        accord(f"L {WORD}", f"purpose {WORD}", 60), addresses=((f"o {WORD}", f"a {WORD}"),)
    )
    ends = paired(
        folder,
        spoken,
        accord(f"M {WORD}", WORD),
        names=(f"N {WORD}", f"S {WORD}"),
        office=f"Office {WORD}",
    )
    north, south = ends.north.desk, ends.south.desk
    north.take_watch("head")
    north.hand_over("head", note=WORD)
    for precedence in ("FLASH", "ROUTINE"):
        for desk, other in ((north, south), (south, north)):
            ref = desk.release(
                desk.compose(
                    f"L {WORD}", WORD, "duty", precedence=precedence, subject=f"s {WORD}", reason=WORD,
                    in_whose_name=f"n {WORD}", form_of_address=f"f {WORD}",
                ).ref, "chief", SECRET,
            ).ref  # fmt: skip
            ends.wait(5)
            if precedence == "ROUTINE":
                other.acknowledge(
                    ref.replace(":ours:", ":theirs:"), "READ_BACK", "duty", SECRET, f"b {WORD} 7"
                )
                ends.wait(5)
    north.cancel(north.waiting_on_them()[0].ref, "chief", SECRET, WORD)
    south.sever(f"M {WORD}", WORD, "duty", SECRET)
    ends.wait(5)
    south.offer_restore(f"M {WORD}", int(ends.clock.wall()) + 9000, "duty", SECRET, reserved=WORD)
    south.call(f"L {WORD}", "duty")
    fields = {"text": WORD, "title": WORD, "in_whose_name": WORD, "form_of_address": WORD, "reason": WORD}
    north.save_draft(north.begin_draft(f"L {WORD}", "chief").ref, "chief", fields)
    north.compose(f"L {WORD}", WORD, "duty", subject=WORD)
    ends.wait(700)  # the FLASH is overdue
    between = Between(north)
    console = app(between, allowed_hosts=HOSTS)  # type: ignore[arg-type]
    browser = ends.north.anew("chief", console)
    targets = ["/", "/watch", "/sever", "/wall", "/sign-in"]
    for line in north.lines():
        targets += [f"/{page}/{line.id}" for page in ("line", "record", "call", "restore", "sever")]
    shown_refs = [m.ref for m in north.messages()] + [d.ref for d in north.drafts()]
    targets += ["/message/" + quote(ref, safe="/:") for ref in shown_refs]
    for draft in (*north.drafting(), *north.drafts()):
        number = draft.ref.removeprefix("draft:")
        targets += [f"/draft/{number}", f"/draft/{number}/check"]
    for target in targets:  # the first time notes who read it
        browser.get(target)
    yield Place(
        ends, between, browser, {target: page_at(browser, target) for target in targets}, printed(between)
    )
    ends.close()


def page_at(browser: Browser, target: str) -> str:
    answer = browser.get(target)
    assert answer.status == 200, f"{answer.status} at {target}"
    return answer.text


# --- what may stand in a box --------------------------------------------------------------------------------


class Boxes(HTMLParser):
    """What of a page is text, and what is an attribute, each in its place; a form keeps its text as it was typed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "textarea" not in self._open:
            self.texts.append(data)


KEPT_AS_TYPED = {("input", "value"), ("option", "value"), ("button", "value")}
NEEDED = frozenset("\u200c\u200d\u200e\u200f\u061c\n")  # by scripts; they act within their box


def steers(c: str) -> bool:
    """Whether a letter acts on a display beyond its own place."""
    return c not in NEEDED and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")


def is_calm(text: str, where: str) -> None:
    found = [f"U+{ord(c):04X}" for c in text if steers(c)]
    assert not found, f"{found[:3]} in {where}"
    towers = re.split(r"[^\u0300-\u036f]", text)
    assert max(map(len, towers)) <= MARKS_MAX, f"a tower of marks in {where}"


def is_held_in(page: str, where: str) -> None:
    boxes = Boxes(page)
    for text in boxes.texts:
        is_calm(text, f"the text of {where}")
    for tag, name, value in boxes.attributes:
        if (tag, name) not in KEPT_AS_TYPED:
            is_calm(value, f"{name} of {tag} of {where}")
        if name in ("href", "action", "src"):
            assert value.startswith(("/", "#")) and not value.startswith("//"), f"{value!r} in {where}"
    assert not re.search(r"[\ud800-\udfff]", page)


LABEL = '<span class="control">mixed letters</span>'
LEADS = re.compile(
    r' href="/(line|record|call|restore|sever|message|calendar|year)/[^"]*"'
)  # looked at by itself
IN_A_BOX = re.compile(r'(<span class="control">[^<>"]*</span>|[^<>])*', re.DOTALL)


def changes_only_itself(harmless: str, hostile: str, where: str) -> int:
    """How many boxes there are; fails when the pages differ beyond them."""
    harmless, hostile = LEADS.sub("", harmless), LEADS.sub("", hostile)
    outside = harmless.split(WORD)
    hostile = hostile.replace("</bdi>" + LABEL, "</bdi>")
    assert hostile.startswith(outside[0]), f"{where} begins otherwise"
    at = len(outside[0])
    for number, part in enumerate(outside[1:], 1):
        last = number == len(outside) - 1
        end = len(hostile) - len(part) if last else hostile.find(part, at)
        assert end >= at and hostile[end:].startswith(part), (
            f"{where} changed after {outside[number - 1][-60:]!r}"
        )
        box = hostile[at:end]
        assert IN_A_BOX.fullmatch(box), f"{box[:80]!r} is markup in {where}"
        at = end + len(part)
    assert at == len(hostile)
    return len(outside) - 1


def with_text(place: Place, text: str, target: str) -> str:
    place.between.text = text
    try:
        return page_at(place.browser, target)
    finally:
        place.between.text = WORD


def is_unmoved(place: Place, text: str, targets: Iterable[str]) -> int:
    """How many boxes there are on these pages, which are the same but for that text."""
    boxes = 0
    for target in targets:
        hostile = with_text(place, text, target)
        boxes += changes_only_itself(place.harmless[target], hostile, target)
        is_held_in(hostile, target)
    return boxes


ALL_AT_ONCE = "\u2603".join(text if len(text) < 200 else text[:40] for text in VECTORS.values())


def test_all_hostile_texts_at_once_change_nothing_on_any_page_but_themselves(place: Place) -> None:
    assert is_unmoved(place, ALL_AT_ONCE, place.harmless) > 500


@pytest.mark.parametrize("text", VECTORS.values(), ids=VECTORS)
def test_a_hostile_text_changes_nothing_on_a_page_but_itself(place: Place, text: str) -> None:
    message = next(target for target in place.harmless if target.startswith("/message/L"))
    assert is_unmoved(place, text, ("/", message)) > 50


@pytest.mark.slow
@pytest.mark.parametrize("text", VECTORS.values(), ids=VECTORS)
def test_a_hostile_text_changes_nothing_on_any_page_but_itself(place: Place, text: str) -> None:
    assert is_unmoved(place, text, place.harmless) > 500


HOSTILE = st.text(
    st.one_of(
        st.sampled_from(
            "\u202e\u2066\u200b\u0301\u0300\x1b\x9b\x85\u2028<>&\"'`{}%/\\?#: \u0430\U000e0041\x00"
        ),
        st.characters(exclude_categories=["Cs"], exclude_characters="\n"),
    ),
    max_size=60,
).map("\u2603{}".format)  # a letter of its own, so that a text is not part of a word of the page
SOME = settings(max_examples=6, deadline=None, derandomize=True)
MANY = settings(max_examples=20, deadline=None)


@given(text=HOSTILE)
@SOME
def test_any_text_changes_nothing_on_a_page_but_itself(place: Place, text: str) -> None:
    is_unmoved(place, text, list(place.harmless)[::5])


@pytest.mark.slow
@given(text=HOSTILE)
@MANY
def test_any_text_changes_nothing_on_any_page_but_itself(place: Place, text: str) -> None:
    is_unmoved(place, text, place.harmless)


def test_a_name_of_mixed_letters_is_labelled_and_another_is_not(place: Place) -> None:
    for text, mixed in (
        ("p\u0430yp\u0430l", True),
        ("\u041f\u0430\u0440\u043b\u0435\u0439", False),
        ("Seoul", False),
    ):
        for target in ("/", "/watch", "/sign-in"):
            assert (LABEL in with_text(place, text, target)) == mixed, f"{text} at {target}"


# --- what comes back in a form ------------------------------------------------------------------------------


def typed_forms(place: Place) -> dict[str, dict[str, str]]:
    """A form of each page that takes text, filled in with the word, and none that can be done."""
    desk = place.ends.north.desk
    line = next(x for x in desk.lines() if not x.is_order_wire)
    draft = next(d for d in desk.drafting() if d.by == "chief")
    waits = next(d for d in desk.drafts() if d.drafted_by == "duty")
    theirs, about_line = desk.needs_us()[0].ref, {"line": line.id, "about": line.id}
    return {
        "sever": {**about_line, "page": "sever", "grounds": WORD, "retyped": WORD},
        "sever-all": {"page": "sever-all", "about": line.pair, "pair": line.pair, "grounds": WORD, "retyped": WORD},
        "offer": {**about_line, "page": "restore", "opens_at": WORD, "opening_contact": WORD, "reserved": WORD},
        "release": {"page": "message", "about": waits.ref, "counterpart": WORD, "precedence": WORD},
        "acknowledge": {"page": "message", "about": theirs, "grade": WORD, "read_back": WORD},
        "hand-over": {"page": "watch", "note": WORD},
        "offer-draft": {
            "page": "draft", "about": draft.ref, "line": line.id, "text": WORD, "title": WORD, "reply_by": WORD,
            "in_whose_name": WORD, "form_of_address": WORD, "reason": WORD, "then": "offer", "precedence": "FLASH",
        },
    }  # fmt: skip


@pytest.mark.parametrize("text", [ALL_AT_ONCE, *VECTORS.values()], ids=["all at once", *VECTORS])
def test_what_was_typed_comes_back_in_its_field_and_nowhere_else(place: Place, text: str) -> None:
    text = text.replace("\r", "").strip()
    for act, form in typed_forms(place).items():
        if text is not ALL_AT_ONCE and act not in ("sever", "offer"):
            continue
        pages = []
        for word in (WORD, text):
            place.between.text = WORD
            answer = place.browser.act(act, **{k: v.replace(WORD, word) for k, v in form.items()})
            assert answer.status == 422, f"{act}: {answer.status}"
            pages.append(answer.text)
            is_held_in(answer.text, act)
        changes_only_itself(*pages, act)


def test_a_log_in_name_that_was_typed_stays_in_its_place(place: Place) -> None:
    pages = []
    for word in (WORD, ALL_AT_ONCE.strip()):
        answer = Browser(place.browser.app).sign_in(word, "x")
        assert answer.status == 422
        pages.append(answer.text)
        is_held_in(answer.text, "/sign-in")
    assert WORD in pages[0]
    south = place.ends.south
    before = page_at(south.by("chief"), "/watch")
    south.desk.note_refused_sign_in(ALL_AT_ONCE)
    after = page_at(south.by("chief"), "/watch")
    is_held_in(after, "/watch")
    assert len(before) < len(after) < len(before) + 1000


def test_what_is_no_text_is_not_taken(place: Place) -> None:
    desk = place.ends.north.desk
    line = desk.lines()[-1]
    ref = desk.begin_draft(line.id, "duty").ref
    for odd in ("\ud800", "a\udfffb"):
        with pytest.raises(LocalError):
            desk.save_draft(ref, "duty", {"text": odd})
        with pytest.raises(LocalError):
            desk.compose(line.id, odd, "duty")
        with pytest.raises(LocalError):
            desk.hand_over(note=odd)
        duty = place.ends.north.by("duty")
        assert duty.act("save-draft", about=ref, text=odd).status == 400
        assert Browser(place.browser.app).sign_in(odd, odd).status == 400
    for odd in ("\x1b[2J", "\x9b", "\x00", "a\x7f"):
        with pytest.raises(LocalError):
            desk.compose(line.id, odd, "duty")
    desk.discard_draft(ref, "duty")


# --- the terminal -------------------------------------------------------------------------------------------


def printed(desk: Any) -> dict[str, str]:
    """What the commands print, by their names."""
    refs = [m.ref for m in desk.messages()]
    line = next(x for x in desk.lines() if not x.is_order_wire)
    found = {
        "status": lambda: show.status(plain(desk.status()), plain(desk.alarms())),
        "line": lambda: show.board(plain(desk.lines())),
        "line show": lambda: show.line({"line": plain(line), "terms": plain(desk.terms())}),
        "inbox": lambda: show.messages(plain(desk.messages())),
        "inbox --drafts": lambda: show.messages(plain(desk.drafts())),
        "record": lambda: show.entries(plain(desk.entries(line.id))),
        "officer list": lambda: show.officers(plain(desk.officers())),
        **{f"show {n}": lambda ref=ref: show.message(plain(desk.message(ref))) for n, ref in enumerate(refs)},
    }
    said = {}
    for name, command in found.items():
        with contextlib.redirect_stdout(io.StringIO()) as out:
            command()
        said[name] = out.getvalue()
    return said


def in_columns(text: str) -> list[str]:
    """The rows, however wide their columns."""
    return [re.sub(r" +", " ", row).strip() for row in text.split("\n")]


@pytest.mark.parametrize("text", VECTORS.values(), ids=VECTORS)
def test_a_hostile_text_changes_nothing_in_a_terminal_but_itself(place: Place, text: str) -> None:
    harmless = place.rows
    assert sum(rows.count(WORD) for rows in harmless.values()) > 60
    place.between.text = text
    hostile = printed(place.between)
    place.between.text = WORD
    for name, rows in hostile.items():
        odd = [
            c
            for c in rows
            if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
        ]
        assert not odd, f"U+{ord(odd[0]):04X} in parley {name}"
        assert max(map(len, re.split(r"[^\u0300-\u036f]", rows))) <= MARKS_MAX, f"a tower in parley {name}"
        before, after = in_columns(harmless[name]), in_columns(rows)
        assert len(before) == len(after), f"parley {name} has other rows"
        for calm, row in zip(before, after, strict=True):
            outside = [part.strip() for part in calm.split(WORD)]
            if len(outside) == 1:
                assert row == calm, f"another row of parley {name} changed"
            else:
                assert (row.startswith(outside[0]) and row.endswith(outside[-1])) or "…" in row


def test_an_error_with_a_hostile_name_in_it_is_printed_calmly(capsys: pytest.CaptureFixture[str]) -> None:
    for text in VECTORS.values():
        cli._failed(argparse.Namespace(json=False), 1, f"there is no line {text}", f"lines: {text}")
        said = capsys.readouterr().err
        assert not [c for c in said if c != "\n" and steers(c)], repr(text)
