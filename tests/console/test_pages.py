"""Every page renders, whatever the end has lived through and whatever the other party wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import pytest
from asgi_client import Answer, Browser
from pair_of_ends import SECRET, End, Ends, accord, paired

from parley.console import shown
from parley.console.guard import CONTENT_SECURITY_POLICY

VOID = {"meta", "link", "input", "br", "path", "circle", "rect"}
STACK = "Z" + "\u0301\u0302\u0303\u0308" * 20
HOSTILE = "\n".join(
    [
        "\u202eturned around\u202c",
        "W" * 400,
        STACK,
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        "&lt;b&gt; {{ 7 * 7 }} %(n)s %s %",
        "\"'><form action=https://elsewhere.example>",
        "안녕하십니까. שלום עולם 1234",
    ]
)


class Page(HTMLParser):
    """Reads a page as strictly as it must be written: balanced, labelled, nothing inline, scripts of ours only."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.labels: set[str] = set()
        self.fields: list[dict[str, str | None]] = []
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.said: list[str] = []
        self.forms = self.tokens = 0  # forms of acts, and the tokens in them
        self.offered: list[str] = []  # where a button that can be pressed sends its form
        self.held_back = 0  # how many of the elements open now are fieldsets that are disabled
        self.action = ""
        self.feed(answer.text)
        self.close()
        assert not self.open, f"not closed: {self.open}"
        assert len(self.ids) == len(set(self.ids)), "an id stands twice"
        for field in self.fields:
            assert field.get("id") in self.labels or field.get("in_label"), f"no label: {field}"
        assert self.tokens == self.forms, "a form has no token"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        assert len(found) == len(attrs), f"an attribute stands twice: {attrs}"
        assert "style" not in found and not any(name.startswith("on") for name in found), attrs
        assert tag not in {"style", "iframe", "object", "base", "img"}, tag
        if tag == "script":
            assert found["type"] == "module" and str(found["src"]).startswith("/static/"), attrs
        self.tags.add(tag)
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.links += [value for name, value in attrs if name in ("href", "action", "src") and value]
        if tag == "form":
            assert found["method"] == "post", attrs
            self.forms += str(found["action"]).startswith("/act/")
            self.action = str(found["action"])
        if tag == "fieldset" and (self.held_back or "disabled" in found):
            self.held_back += 1
        if (
            tag == "button"
            and found.get("type") != "button"
            and not self.held_back
            and "disabled" not in found
        ):
            assert "form" in self.open, "a button outside of a form"
            self.offered.append(self.action)
        self.tokens += tag == "input" and found.get("name") == "csrf" and bool(found.get("value"))
        if tag == "label" and found.get("for"):
            self.labels.add(str(found["for"]))
        if tag in ("select", "textarea") or (tag == "input" and found.get("type") != "hidden"):
            self.fields.append({**found, "in_label": "yes" if "label" in self.open else None})
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open and self.open.pop() == tag, f"</{tag}> closes another"
        if tag == "fieldset" and self.held_back:
            self.held_back -= 1

    def handle_data(self, data: str) -> None:
        assert "script" not in self.open, "a script stands in the page"
        self.said.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.said).split())


def read(browser: Browser, target: str, status: int = 200) -> Page:
    """The page an officer sees there, read strictly."""
    answer = browser.get(target)
    assert answer.status == status, f"{target}: {answer.status}"
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    page = Page(answer)
    for link in page.links:
        assert link.startswith(("/", "#")), f"leads out: {link}"
    return page


def addresses(end: End) -> Iterator[str]:
    """Every page of an end that an officer can be shown, by its address."""
    yield from ("/", "/watch", "/sever", "/wall", "/sign-in")
    for line in end.desk.lines():
        yield "/line/" + line.id
        named = quote(line.name, safe="")
        yield from (f"/{page}/{named}" for page in ("line", "record", "call", "restore", "sever"))
    for message in (*end.desk.messages(), *end.desk.drafts()):
        yield "/message/" + quote(message.ref, safe="")
    for draft in (*end.desk.drafting(), *end.desk.drafts()):
        number = draft.ref.removeprefix("draft:")
        yield from (f"/draft/{number}", f"/draft/{number}/check")


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ends]:
    """Messages of each kind both ways, a draft, a ringing line, a cut line with terms on the table."""
    ends = paired(
        tmp_path_factory.mktemp("lived"),
        accord("Liaison", "liaison between the two governments", 60),
        accord("<b>Ship</b> & \u202eship", "\u2067radio"),
    )
    for end, other in ((ends.north, ends.south), (ends.south, ends.north)):
        end.desk.take_watch("duty")
        for precedence in shown.PRECEDENCES:
            draft = end.desk.compose(
                "Liaison", HOSTILE, "duty", precedence=precedence, subject=STACK, reason="r"
            )
            ref = end.desk.release(draft.ref, "chief", SECRET).ref
            ends.wait(5)
            if precedence != "FLASH":
                other.desk.acknowledge(
                    ref.replace(":ours:", ":theirs:"),
                    "READ_BACK",
                    "duty",
                    SECRET,
                    HOSTILE[:200].replace("\n", " "),
                )
                ends.wait(5)
        end.desk.compose("Liaison", HOSTILE, "duty", in_whose_name="<i>all</i>", form_of_address="\u202e")
        begun = end.desk.begin_draft("Liaison", "chief").ref
        end.desk.save_draft(begun, "chief", {"text": HOSTILE, "title": STACK, "precedence": "FLASH"})
    ends.south.desk.sever("<b>Ship</b> & \u202eship", HOSTILE.replace("\n", " "), "duty", SECRET)
    ends.wait(5)
    ends.north.desk.offer_restore(
        "<b>Ship</b> & \u202eship", int(ends.clock.wall()) + 900, "duty", SECRET, reserved="<u>x"
    )
    ends.south.desk.call("Liaison", "duty")
    ends.wait(5)
    yield ends
    ends.close()


def test_an_end_on_its_first_day_has_its_pages(tmp_path: Path) -> None:
    ends = Ends(tmp_path)
    ends.add_officers()
    page = read(ends.north.by("duty"), "/")
    assert "not paired" in page.words and "Nothing needs us." in page.words
    assert "ACTUAL" in page.words and "00:50:00Z" in page.words and "Tue 27 JUL 2021" in page.words
    ends.close()


def test_every_page_renders_for_lines_open_and_cut_and_for_hostile_text(lived: Ends) -> None:
    for end in (lived.north, lived.south):
        shown_pages = [read(end.by("chief"), address) for address in addresses(end)]
        assert len(shown_pages) > 30


def test_text_of_theirs_is_shown_and_never_obeyed(lived: Ends) -> None:
    ref = lived.north.desk.needs_us()[0].ref
    page = read(lived.north.by("chief"), "/message/" + quote(ref))
    assert "<script>alert(1)</script><img src=x onerror=alert(1)>" in page.words
    assert "&lt;b&gt; {{ 7 * 7 }} %(n)s %s %" in page.words
    assert "\u202e" not in page.words and "RLO" in page.words
    assert "+73 marks" in page.words
    assert "안녕하십니까. שלום עולם 1234" in page.words


def test_the_board_shows_declared_and_observed_side_by_side(lived: Ends) -> None:
    words = read(lived.north.by("chief"), "/").words
    assert "SEVERED BY THEM" in words and "SEVERED BY US" in read(lived.south.by("chief"), "/").words
    assert "RINGING" in words and "their watch is calling" in words
    assert "Restore" in words and "nobody yet 0 of 2" in words


def test_all_rungs_are_shown_reached_or_not(lived: Ends) -> None:
    flash = next(m for m in lived.north.desk.messages() if m.ours and m.precedence == "FLASH")
    words = read(lived.north.by("chief"), "/message/" + quote(flash.ref)).words
    for state in shown.CLIMB:
        assert state in words
    assert "signed by the node of South" in words
    theirs = flash.ref.replace(":ours:", ":theirs:")
    words = read(lived.south.by("chief"), "/message/" + quote(theirs)).words
    assert "AT OUR END" in words and "AT THEIR END" not in words and "not yet" in words


def test_the_record_page_shows_both_logs_with_their_check_values(lived: Ends) -> None:
    words = read(lived.north.by("chief"), "/record/Liaison").words
    for entry in lived.north.desk.entries("Liaison", 5):
        assert " ".join(entry.check[i : i + 4] for i in range(0, 16, 4)) in words


def test_what_needs_us_is_counted_in_the_title_and_the_bar(lived: Ends) -> None:
    page = read(lived.north.by("chief"), "/")
    needed = (
        len(lived.north.desk.needs_us()) + 1 + 1
    )  # a line that rings, terms that wait for our second officer
    assert f"({needed})" in page.words


def test_lines_observed_down_and_messages_overdue_are_raised(tmp_path: Path) -> None:
    ends = paired(tmp_path)
    draft = ends.south.desk.compose("Liaison", "fire", "duty", precedence="FLASH", reason="fire")
    ends.south.desk.release(draft.ref, "chief", SECRET)
    ends.wait(10)
    ends.bearers[0].link.go_down()
    ends.wait(700)
    words = read(ends.north.by("chief"), "/").words
    assert "DOWN" in words and "overdue 1 min" in words
    ends.close()


def test_a_page_that_is_not_there_says_so_in_a_sentence(lived: Ends) -> None:
    for target in (
        "/nowhere",
        "/line/Nowhere",
        "/message/nothing",
        "/message/draft:999",
        "/static/../__init__.py",
    ):
        assert len(read(lived.north.by("chief"), target, 404).words) > 20
    assert "There is no such page." in read(lived.north.by("chief"), "/line", 404).words
    assert "does not take that" in read(lived.north.by("chief"), "/act/release", 405).words


def test_a_notice_says_only_what_it_may(lived: Ends) -> None:
    assert "You have the watch." in read(lived.north.by("chief"), "/?done=watch-taken").words
    assert "<b>x" not in lived.north.by("chief").get("/?done=%3Cb%3Ex").text


def test_an_answer_is_drafted_with_what_it_answers(lived: Ends) -> None:
    ref, chief = lived.north.desk.needs_us()[0].ref, lived.north.by("chief")
    begun = chief.act("begin-draft", line=lived.north.line("Liaison").id, answers=ref)
    assert begun.status == 303
    assert f'value="{ref}"' in chief.get(begun.location).text
    assert lived.north.desk.draft("draft:" + begun.location.removeprefix("/draft/")).fields["answers"] == ref


def test_the_state_document_keeps_its_shape(lived: Ends) -> None:
    answer = lived.north.by("chief").get("/state.json")
    assert answer.headers["content-type"] == "application/json"
    document = json.loads(answer.body)
    assert set(document) == {
        "format", "party", "fingerprint", "now", "version", "pairs", "bearers", "alarms", "unopened_frames",
        "watch", "lines",
    }  # fmt: skip
    assert document["format"] == "parley-state/1" and document["watch"] == "duty"
    assert set(document["lines"][0]) == {
        "name", "id", "pair", "is_order_wire", "declared", "declared_detail", "observed", "observed_age_s",
        "our_size", "their_size", "their_receipt", "waiting", "missing", "agree", "ringing", "next_contact",
        "open_slot", "last_contact",
    }  # fmt: skip
