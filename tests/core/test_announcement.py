"""The announcement hour, a side's text, what becomes of it, and the file that proves it, by vectors/announcements."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from parley.core import disclosure
from parley.core.disclosure import Part, Refused
from parley.core.errors import LocalError, RemoteError
from parley.core.instruments import announcement
from parley.core.instruments.announcement import Doubt, Hour, Spoken, State, Step
from parley.core.types import ActKind, Value
from parley.core.wire import body as bodies
from parley.core.wire import cbor
from parley.core.wire import entry as wire

FOLDER = Path(__file__).parents[2] / "vectors" / "announcements"
SCENARIOS = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))
}
AT = 1_627_347_600


def of(prefix: str, outcome: str) -> list[Any]:
    found = [n for n, s in SCENARIOS.items() if n.partition("-")[0] == prefix and s["outcome"] == outcome]
    assert found, prefix
    return found


@pytest.mark.parametrize("name", of("hour", "good"))
def test_the_terms_of_an_hour_are_read_as_they_were_written(name: str) -> None:
    given = SCENARIOS[name]
    hour = announcement.decode_hour(bytes.fromhex(given["terms"]))
    assert (hour.at, hour.subject, list(hour.points)) == (given["hour"], given["subject"], given["points"])
    assert announcement.encode_hour(hour).hex() == given["terms"] and hour.nonce.hex() == given["nonce"]


@pytest.mark.parametrize("name", of("hour", "refused"))
def test_what_is_no_announcement_hour_is_refused(name: str) -> None:
    with pytest.raises(RemoteError):
        announcement.decode_hour(bytes.fromhex(SCENARIOS[name]["terms"]))


@pytest.mark.parametrize("name", of("body", "good"))
def test_a_text_is_read_as_it_was_written(name: str) -> None:
    body = wire.decode_body(bytes.fromhex(SCENARIOS[name]["body"]))
    bodies.check_act(ActKind.ANNOUNCEMENT, body)
    assert announcement.body(announcement.announcement(body)) == body


def test_texts_of_one_hour_belong_together_by_its_terms_or_by_line_and_instant() -> None:
    def named(line: bytes, terms: bytes | None, at: int) -> str:
        return announcement.name(line, announcement.written(terms, at, "en", "A title", "A text."))

    assert named(b"1" * 32, b"t" * 32, AT) == named(b"2" * 32, b"t" * 32, AT + 1) == (b"t" * 8).hex()
    alone = named(b"1" * 32, None, AT)
    assert alone == named(b"1" * 32, None, AT) and len(alone) == 16
    assert len({alone, named(b"2" * 32, None, AT), named(b"1" * 32, None, AT + 1)}) == 3


@pytest.mark.parametrize("name", of("body", "refused"))
def test_a_text_without_its_schema_is_refused(name: str) -> None:
    with pytest.raises(RemoteError):
        bodies.check_act(ActKind.ANNOUNCEMENT, wire.decode_body(bytes.fromhex(SCENARIOS[name]["body"])))


@pytest.mark.parametrize("name", of("disclosure", "good"))
def test_a_disclosure_says_who_said_what_and_whether_it_is_pinned(name: str) -> None:
    given = SCENARIOS[name]
    data = bytes.fromhex(given["file"])
    found = disclosure.read(data)
    assert (found.party, found.fingerprint, found.officer.office) == (
        given["party"],
        given["fingerprint"],
        given["office"],
    )
    terms = found.announcement.terms
    assert found.announcement.title == given["title"] and (terms and terms.hex()) == given["terms"]
    assert found.points_told == given["points_told"] and not found.pinned
    assert (found.announcement.points is not None) == found.points_told
    spaced = " ".join(found.fingerprint[i : i + 4] for i in range(0, 64, 4)).upper()
    assert disclosure.read(data, [spaced, "0" * 64]).pinned
    with pytest.raises(Refused, match="none that was pinned"):  # AN-12
        disclosure.read(data, ["0" * 64])


@pytest.mark.parametrize("name", of("disclosure", "refused"))
def test_an_altered_disclosure_is_refused_and_names_the_part(name: str) -> None:
    with pytest.raises(Refused) as refused:
        disclosure.read(bytes.fromhex(SCENARIOS[name]["file"]))
    assert refused.value.where == SCENARIOS[name]["where"]


def test_what_is_withheld_of_the_whole_is_the_file_without_it() -> None:
    whole = cbor.items(cbor.decode(bytes.fromhex(SCENARIOS["disclosure-whole"]["file"])))

    def part(value: Value, withheld: set[int]) -> Part:
        act, fields = cbor.array(value, 2, "part")
        both = [cbor.array(field, 2, "field") for field in cbor.items(fields)]
        salts = tuple(cbor.octets(salt) for salt, _ in both)
        return Part(cbor.octets(act), tuple(found for _, found in both), salts, withheld)

    made = disclosure.write(cbor.octets(whole[1]), part(whole[2], {1}), part(whole[3], {5}))
    assert made.hex() == SCENARIOS["disclosure"]["file"]


def test_a_flip_of_any_bit_of_a_disclosure_is_refused_or_leaves_what_it_proves() -> None:
    data = bytes.fromhex(SCENARIOS["disclosure"]["file"])
    whole = disclosure.read(data)
    for at in range(len(data)):
        changed = data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]
        try:
            found = disclosure.read(changed)
        except Refused:
            continue
        assert found.announcement == whole.announcement and found.fingerprint == whole.fingerprint


def test_what_an_officer_typed_becomes_paragraphs() -> None:
    made = announcement.written(
        None, AT, "en", " A title ", "One.\r\n\n\tTwo. \n", channel=" press ", points=(2, 0, 2)
    )
    assert made.paragraphs == ("One.", " Two.") and made.title == "A title" and made.channel == "press"
    assert made.points == (0, 2) and made.text == "One.\n Two."
    assert announcement.written(None, AT, "en", "t", "x").points is None


@pytest.mark.parametrize(("title", "text"), [("", "a text"), ("a title", " \n "), (" ", "")])
def test_a_text_has_a_title_and_a_paragraph(title: str, text: str) -> None:
    with pytest.raises(LocalError, match="a title and a text"):
        announcement.written(None, AT, "en", title, text)


def test_a_text_has_no_more_paragraphs_than_a_body_has_fields() -> None:
    lines = ["p"] * announcement.PARAGRAPHS_MAX
    made = announcement.written(None, AT, "en", "t", "\n".join(lines))
    bodies.check_act(ActKind.ANNOUNCEMENT, announcement.body(made))
    with pytest.raises(LocalError, match="at most 58 paragraphs; this one has 59"):
        announcement.written(None, AT, "en", "t", "\n".join([*lines, "p"]))


def test_an_hour_holds_its_bounds() -> None:
    with pytest.raises(RemoteError, match="at most 16 points"):
        Hour(bytes(16), AT, "s", ("p",) * 17)


def test_what_is_published_or_aborted_stays_so_and_nothing_is_published_but_what_waits() -> None:  # AN-5
    for state, step in itertools.product(State, Step):
        after = announcement.STATES.get((state, step))
        if after is None:
            with pytest.raises(LocalError, match=f"is {state}"):
                announcement.stepped(state, step)
        else:
            assert announcement.stepped(state, step) == after
        if state in (State.PUBLISHED, State.ABORTED):
            assert after is None
        if after == State.PUBLISHED:
            assert (state, step) == (State.WAITS, Step.PUBLISH)


@pytest.mark.parametrize(
    ("now", "doubt", "asked"),
    [
        (AT - 0.000_001, None, None),
        (AT, None, (Step.PUBLISH, None)),
        (AT + 900, None, (Step.PUBLISH, None)),
        (AT + 900.001, None, (Step.HOLD, Doubt.LATE)),
        (AT - 3600, Doubt.JUMPED, (Step.HOLD, Doubt.JUMPED)),
        (AT, Doubt.BEHIND, (Step.HOLD, Doubt.BEHIND)),
    ],
)
def test_the_hour_asks_to_publish_from_its_instant_on_and_to_hold_in_doubt(  # AN-6 AN-9
    now: float, doubt: Doubt | None, asked: object
) -> None:
    assert announcement.asked(AT, now, 900, doubt) == asked


def text(points: tuple[int, ...] | None) -> announcement.Announcement:
    return announcement.written(None, AT, "en", "t", "x", points=points)


@pytest.mark.parametrize(
    ("texts", "spoken"),
    [
        ([], Spoken.NO_TEXT),
        ([text(None)], Spoken.NOT_TOLD),
        ([text((1, 2))], Spoken.SPOKEN_OF),
        ([text(())], Spoken.LEFT_OUT),
        ([text((0,)), text((2,))], Spoken.LEFT_OUT),
        ([text((1,)), text((2,))], Spoken.IN_PART),
        ([text((1,)), text(None)], Spoken.IN_PART),
        ([text((0,)), text(None)], Spoken.LEFT_OUT),
    ],
)
def test_what_a_sides_texts_do_with_a_point(texts: list[announcement.Announcement], spoken: Spoken) -> None:
    assert announcement.speaks(1, texts) == spoken  # AN-13
