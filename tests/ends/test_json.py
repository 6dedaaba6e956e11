"""What commands give to programs, and the page that says so: docs/guide/commands.md."""

from __future__ import annotations

import argparse
import dataclasses
import json
import re
import types
import typing
from pathlib import Path
from typing import Any

import pytest
import realends
from realends import LINE, Pair, RealEnd, in_process

from parley import cli, config
from parley.core.types import Power
from parley.desk import appointments, contacts, letters, passages, views

PAGE = (Path(__file__).parents[2] / "docs" / "guide" / "commands.md").read_text(encoding="utf-8")
OBJECTS = {
    "The status": views.StatusView,
    "A line": views.LineView,
    "A message": views.MessageView,
    "A rung": views.RungView,
    "Terms": views.TermsView,
    "An entry": views.EntryView,
    "An officer": views.OfficerView,
    "A fault": views.FaultView,
    "A letter of the record": passages.LetterView,
    "A paper": letters.PaperView,
    "An appointment": appointments.AppointmentView,
    "A calendar": contacts.CalendarView,
    "A guided call": contacts.GuidedView,
}


def section(heading: str) -> str:
    """What stands under a heading, up to the next of its level or above."""
    lines = PAGE.split("\n")
    first = next(i for i, line in enumerate(lines) if re.fullmatch(rf"#+ {re.escape(heading)}", line))
    level = lines[first].index(" ")
    last = next((i for i in range(first + 1, len(lines)) if re.match(rf"#{{1,{level}}} ", lines[i])), None)
    return "\n".join(lines[first + 1 : last])


def tables(heading: str) -> list[list[list[str]]]:
    """The tables under a heading: rows of cells, without the rows of the head."""
    found: list[list[list[str]]] = []
    before = ""
    for line in section(heading).split("\n"):
        if line.startswith("|"):
            if not before.startswith("|"):
                found.append([])
            found[-1].append([cell.strip() for cell in line.strip("|").split(" | ")])
        before = line
    return [rows[2:] for rows in found]


def keys(heading: str) -> dict[str, str]:
    """Key and type, as the page has them."""
    (rows,) = tables(heading)
    return {row[0].strip("`"): row[1] for row in rows}


def type_words(hint: object) -> str:
    """The words of the page for a type of a view."""
    plain = {str: "text", int: "number", bool: "true or false", types.NoneType: "null"}
    if isinstance(hint, type) and hint in plain:
        return plain[hint]
    if isinstance(hint, types.UnionType):
        return " or ".join(type_words(part) for part in typing.get_args(hint))
    if dataclasses.is_dataclass(hint):
        return "object"
    assert typing.get_origin(hint) is tuple, hint
    of = typing.get_args(hint)[0]
    if dataclasses.is_dataclass(of):
        noun = of.__name__.removesuffix("View").lower()
        return f"list of {'answer' if noun == 'answered' else noun}s"
    return "list of lists" if typing.get_origin(of) is tuple else f"list of {type_words(of)}s"


# --- the page and the program -----------------------------------------------------------------


@pytest.mark.parametrize("heading", OBJECTS)
def test_the_page_has_the_keys_of_every_view(heading: str) -> None:
    view = OBJECTS[heading]
    hints = typing.get_type_hints(view)
    assert keys(heading) == {f.name: type_words(hints[f.name]) for f in dataclasses.fields(view)}


def leaves(parser: argparse.ArgumentParser, name: str = "parley") -> dict[str, argparse.ArgumentParser]:
    """Every command that can be called, by its words."""
    found = {}
    below = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    if not below or not below[0].required:
        found[name] = parser
    for action in below:
        for word, child in action.choices.items():
            found |= leaves(child, f"{name} {word}")
    return found


def test_every_command_and_option_is_on_the_page() -> None:
    commands = leaves(cli._parser())
    headings = re.findall(r"^### (parley .*)$", PAGE, re.MULTILINE)
    together = {"parley line list": "parley line", "parley watch take": "parley watch"}
    together["parley watch hand-over"] = "parley watch"
    assert {together.get(name, name) for name in commands} == set(headings)
    for name, parser in commands.items():
        text = section(together.get(name, name))
        usage = re.search(r"```\n(.*?)```", text, re.DOTALL)
        assert usage, name
        known = {option for a in parser._actions for option in a.option_strings} - {"-h", "--help"}
        known -= {o for a in parser._actions if a.help == argparse.SUPPRESS for o in a.option_strings}
        for option in known:
            assert f"`{option}`" in text or option in usage[1], (name, option)
        own = (
            usage[1]
            if name not in together
            else "".join(re.findall(rf"^{name}\\b.*$", usage[1], re.MULTILINE))
        )
        said = set(re.findall(r"(?<![\w-])(--[a-z][a-z-]*|-[a-z])(?![\w-])", own))
        assert said <= known, (name, said - known)
        for a in parser._actions:
            if not a.option_strings and not isinstance(a, argparse._SubParsersAction):
                word = str(a.metavar or a.dest).upper()
                assert word in usage[1].upper(), (name, word)


def test_the_head_of_the_page_has_the_options_of_the_program() -> None:
    before = PAGE.partition("## Exit codes")[0]
    for action in cli._parser()._actions:
        for option in action.option_strings:
            assert option == "-h" or f"| `{option}` |" in before


def test_the_page_has_the_exit_codes() -> None:
    (rows,) = tables("Exit codes")
    codes = {cli.DONE, cli.REFUSED, cli.USAGE, cli.NOT_VERIFIED, cli.NOT_PINNED, cli.FAULT}
    assert {int(code) for code, _ in rows} == codes
    said = (cli.__doc__ or "").replace("\n", " ")
    for code, meaning in rows:
        assert f"{code} {meaning}" in said


def test_the_page_has_the_powers() -> None:
    (rows,) = tables("parley officer add")
    assert [row[0].strip("`") for row in rows] == [str(p.name).lower() for p in Power if p]


def test_the_page_has_the_settings() -> None:
    for rows, kind, apart in zip(
        tables("Settings"), (config.Config, config.BearerConfig), ("bearers", "name"), strict=True
    ):
        fields = [f for f in dataclasses.fields(kind) if f.name != apart]
        assert rows == [[f"`{f.name}`", f"`{json.dumps(f.default)}`", f.metadata["help"]] for f in fields], (
            kind
        )


def test_the_settings_of_the_page_can_be_read(tmp_path: Path) -> None:
    found = re.search(r"```toml\n(.*?)```", section("Settings"), re.DOTALL)
    assert found
    (tmp_path / "parley.toml").write_text(found[1])
    assert [b.name for b in config.load(tmp_path / "parley.toml").bearers] == ["cable", "radio"]


# --- what is given ----------------------------------------------------------------------------


def assert_shape(heading: str, found: Any) -> None:
    """That `found` has the keys of the page, with values of the types it says."""
    said = keys(heading)
    assert list(found) == list(said)
    lists = {"lines": "A line", "rungs": "A rung"}
    for key, kind in said.items():
        value = found[key]
        for word in kind.split(" or ") if kind != "true or false" else [kind]:
            if (word == "null" and value is None) or (word == "text" and isinstance(value, str)):
                break
            if (word == "number" and type(value) is int) or (word == "true or false" and type(value) is bool):
                break
            if word.startswith("list of ") and isinstance(value, list):
                of = word.removeprefix("list of ")
                for item in value:
                    if of in lists:
                        assert_shape(lists[of], item)
                    else:
                        assert isinstance(item, {"texts": str, "numbers": int, "lists": list}[of])
                break
        else:
            pytest.fail(f"{heading}: {key} is {value!r}, not {kind}")


@pytest.fixture(scope="module")
def talked(prepared: Pair, tmp_path_factory: pytest.TempPathFactory) -> RealEnd:
    """An end with a draft and a released message."""
    end = realends.twin(prepared.north, tmp_path_factory.mktemp("talked"))
    for text in ("one", "two"):
        draft = end.says("send", LINE, text, "--as", "duty", "--json").found
    end.says("release", draft["ref"], "--as", "chief")
    return end


READING = {
    ("status",): "The status",
    ("line",): ["A line"],
    ("line", "list"): ["A line"],
    ("line", "show", LINE): {"line": "A line", "terms": ["Terms"]},
    ("inbox", "--all"): ["A message"],
    ("inbox", "--drafts"): ["A message"],
    ("inbox", LINE, "--all"): ["A message"],
    ("show", "DRAFT"): "A message",
    ("record", LINE): ["An entry"],
    ("record", "order"): ["An entry"],
    ("officer", "list"): ["An officer"],
    ("restore", "list"): ["Terms"],
    ("restore", "list", LINE): ["Terms"],
}


def assert_result(kind: Any, found: Any) -> None:
    if isinstance(kind, str):
        assert_shape(kind, found)
    elif isinstance(kind, list):
        assert found, "an empty list shows nothing"
        for item in found:
            assert_result(kind[0], item)
    else:
        assert list(found) == list(kind)
        for key, value in found.items():
            assert_result(kind[key], value)


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_a_reading_command_gives_what_the_page_says(talked: RealEnd, words: tuple[str, ...]) -> None:
    draft, *_ = talked.says("inbox", "--drafts", "--json").found
    kind = READING[words]
    words = tuple(draft["ref"] if word == "DRAFT" else word for word in words)
    said = talked.says(*words, "--json")
    document = json.loads(said.out)
    assert said.code == 0 and said.err == ""
    assert list(document) == ["format", "command", "result"]
    assert document["format"] == "parley-cli/1"
    command = [w for w in words if w in ("list", "show") or w == words[0]]
    assert document["command"] == " ".join(command)
    assert_result(kind, document["result"])
    assert talked.says(*words).out.strip()


def test_an_acting_command_gives_what_the_page_says(
    prepared: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = realends.twin(prepared.north, tmp_path)

    def does(kind: Any, *words: str) -> Any:
        said = end.says(*words, "--json")
        assert said.code == 0, said
        found = json.loads(said.out)
        assert found["command"] == " ".join(w for w in words[:2] if w in (words[0], "offer", "withdraw"))
        assert_result(kind, found["result"])
        return found["result"]

    for act in ("release", "withdraw"):
        draft = does("A message", "send", LINE, "to " + act, "--as", "duty")["ref"]
        found = does("A message", act, draft, "--as", "chief")
    assert found["state"] == "WITHDRAWN"
    does("Terms", "restore", "offer", LINE, "--as", "duty", "--at", "2100-01-01T00:00Z")
    does("Terms", "line", "offer", "South", "Second", "--as", "duty")
    assert end.says("line", "--json", "offer", "South", "Third", "--as", "duty").found["line"] == "Third"
    does(["A line"], "sever", LINE, "--as", "duty", "--grounds", "a test")
    does("An export", "export", LINE, "-o", str(tmp_path / "liaison.export"))
    pins = [other.says("status", "--json").found["fingerprint"] for other in prepared]
    (tmp_path / "x").write_bytes(b"x")
    said = in_process(
        ["verify", "--json", str(tmp_path / "liaison.export"), str(tmp_path / "x"), "--pin", pins[0]]
    )
    whole, not_whole = said.found["files"]
    assert said.code == 3 and list(said.found) == ["files", "differences"]
    assert {**dict.fromkeys(("file", "verdict", "where", "why"), ""), **whole}.keys() == keys(
        "A verified file"
    ).keys()
    assert list(not_whole) == ["file", "verdict", "where", "why"]


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (("show", "elephant"), "show"),
        (("record", "Nope"), "record"),
        (("line", "show", "Nope"), "line show"),
        (("restore", "agree", "elephant", "--as", "duty"), "restore agree"),
        (("line", "offer", "Nope", "X", "--as", "duty"), "line offer"),
        (("contact", LINE, "--as", "duty"), "contact"),
    ],
)
def test_a_refusal_is_an_object_too(prepared: Pair, words: tuple[str, ...], command: str) -> None:
    said = prepared.north.says(*words, "--json")
    document = json.loads(said.out)
    assert said.code == 1
    assert list(document) == ["format", "command", "error"] and document["command"] == command
    assert said.err == "parley: {text}\nHint: {hint}\n".format(**document["error"])
