"""Random bytes and fields at every address: always a sentence, never a failure of ours."""

from __future__ import annotations

import random
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pytest
from asgi_client import FORM, Answer
from pair_of_ends import Ends, paired
from test_pages import Page

from parley.console.acts import Acts

ACTS = tuple(Acts.POWERS)
FIELDS = (
    "about", "page", "line", "by", "passphrase", "then", "note", "offer", "next", "palette",
    "text", "title", "precedence", "reason", "language", "counterpart",
    "retyped", "grounds", "opens_at", "opening_contact", "reserved", "grade", "read_back", "answers", "reply_by",
    "stale_after", "in_whose_name", "form_of_address", "pair",
)  # fmt: skip


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ends]:
    found = paired(tmp_path_factory.mktemp("fuzz"))
    found.north.desk.compose("Liaison", "text", "duty")
    found.south.desk.release(
        found.south.desk.compose("Liaison", "text", "duty").ref, "chief", "correct horse"
    )
    begun = found.north.desk.begin_draft("Liaison", "duty").ref
    found.north.desk.save_draft(begun, "duty", {"text": "being written"})
    found.wait(5)
    yield found
    found.close()


def values(ends: Ends) -> tuple[str, ...]:
    desk = ends.north.desk
    return (
        "", " ", "\0", "x", "a" * 5000, "가" * 600, "\u202e" * 40, "<b>", "{{7*7}}", "%(n)s", "-1", "1e9", "0",
        "9" * 30, "١٢", "²", "board", "line", "message", "duty", "chief", "correct horse", "Liaison", "liai", "South",
        "ALL LINES",
        "FLASH", "ROUTINE", "SEEN", "READ_BACK", "en", "ko", "zz-" * 20, "271000Z JUL 21", "2021-07-27 01:00",
        "2106-02-08 00:00", "9999-12-31 23:59", "0000-00-00 00:00", "319999Z FEB 00", "draft:1", "draft:", "draft:-1",
        "draft:" + "9" * 30, "draft:" + "9" * 5000, "draft:١", "Liaison:ours:1/1", "Liaison:theirs:1/1",
        "Liaison:theirs:2/2", "Liaison:theirs:99999/1",
        "Liaison:theirs:2/" + "9" * 30, "Liaison:theirs:2/" + "9" * 5000,
        "Liaison:theirs:-1/-1", "::", "order wire South:ours:0/0", "order wire South", "00000000", "f" * 64, "\ud7ff",
        "\U0010ffff", "a\u0301" * 90, "\r\n\r\n", "../../etc/passwd", *(x.id for x in desk.lines()),
        *(x.ref for x in desk.terms()), *(x.ref for x in desk.drafts()), *(x.ref for x in desk.messages()),
    )  # fmt: skip


def sent(ends: Ends, target: str, body: bytes) -> Answer:
    return ends.north.by("duty").ask("POST", target, FORM, [body])


def token(ends: Ends) -> str:
    duty = ends.north.by("duty")
    if not duty.token:
        duty.get("/")
    return duty.token


def random_fields(ends: Ends, act: str, rounds: int) -> None:
    chance, odd = random.Random(act), values(ends)
    for _ in range(rounds):
        fields = {name: chance.choice(odd) for name in chance.sample(FIELDS, chance.randint(0, len(FIELDS)))}
        answer = sent(ends, f"/act/{act}", urlencode({**fields, "csrf": token(ends)}).encode())
        assert answer.status in (200, 303) or 400 <= answer.status < 500, f"{answer.status} {fields}"
        if answer.headers.get("content-type", "").startswith("text/html"):
            assert Page(answer).words


def one_odd_field(ends: Ends, act: str, most: int, names: int = len(FIELDS)) -> None:
    chance, odd = random.Random(act), values(ends)
    line = ends.north.line("Liaison").id
    right = {
        "about": line, "line": line, "page": "line", "text": "text", "csrf": token(ends),
        "precedence": "ROUTINE", "counterpart": "South", "retyped": "Liaison", "grounds": "x",
        "opens_at": "271000Z JUL 21",
        "grade": "SEEN", "reason": "x",
    }  # fmt: skip
    if act in ("release", "withdraw", "acknowledge", "cancel"):
        right["about"] = "Liaison:theirs:2/1"
    if act in ("release", "withdraw"):
        right["about"] = next((d.ref for d in ends.north.desk.drafts()), "draft:1")
    if act.endswith("-draft"):
        right["about"] = next((d.ref for d in ends.north.desk.drafting()), "draft:1")
    if act in ("sever", "sever-all"):
        right["grounds"] = " "  # the line stays open for the other acts
    for name in chance.sample(FIELDS, names):
        for value in chance.sample(odd, min(most, len(odd))):
            body = urlencode({**right, name: value}).encode()
            answer = sent(ends, f"/act/{act}", body)
            assert answer.status in (200, 303, 422), f"{answer.status} {name}={value!r}"


@pytest.mark.parametrize("act", ACTS)
def test_random_fields_are_answered_with_a_sentence(ends: Ends, act: str) -> None:
    random_fields(ends, act, 4)


@pytest.mark.parametrize("act", ACTS)
def test_one_odd_field_is_answered_with_a_sentence(ends: Ends, act: str) -> None:
    one_odd_field(ends, act, 1, 9)


@pytest.mark.slow
@pytest.mark.parametrize("act", ACTS)
def test_many_random_forms_are_answered_with_a_sentence(ends: Ends, act: str) -> None:
    random_fields(ends, act, 30)
    one_odd_field(ends, act, 3)


def test_random_bytes_in_a_form_are_answered_with_a_sentence(ends: Ends) -> None:
    chance = random.Random(1)
    for n in range(40):
        body = (
            chance.randbytes(chance.randint(0, 200))
            if n % 2
            else bytes(chance.choices(b"by=&%;+a0\xff", k=40))
        )
        answer = sent(ends, chance.choice((*(f"/act/{act}" for act in ACTS), "/sign-in", "/look")), body)
        assert answer.status == 303 or 400 <= answer.status < 500, body


@pytest.mark.parametrize(
    "place",
    ["/message/", "/line/", "/record/", "/call/", "/restore/", "/sever/", "/draft/", "/act/", "/static/", "/",
     "/demo/sign-in/", "/?done=", "/watch?", "/wall?", "/sign-in?next="],
)  # fmt: skip
def test_random_addresses_are_answered(ends: Ends, place: str) -> None:
    chance = random.Random(place)
    odd = values(ends)
    if "?" in place or place not in ("/message/", "/act/", "/static/", "/"):
        odd = tuple(chance.sample(odd, 6))  # whole pages take longer
    for value in (*odd, *(chance.randbytes(chance.randint(1, 30)).decode("latin-1") for _ in range(10))):
        answer = ends.north.by("duty").get(place + quote(value, safe=chance.choice(("", "/:"))))
        assert answer.status == 200 or 400 <= answer.status < 500, f"{answer.status} {place}{value!r}"
        Page(answer) if answer.headers["content-type"].startswith("text/html") else None
