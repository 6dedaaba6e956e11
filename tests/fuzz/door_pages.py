"""The pages of the console: every address, method, header and form, right and wrong. Whatever is asked, the
answer is a page or a sentence, with the headers that hold a browser back, and nothing of what was sent is markup.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

import beside
from asgi_client import FORM, HOST, Answer, ask
from damage import NUMBERS, TEXTS, spoilt
from pair_of_ends import SECRET, Ends, paired

from parley.console import guard

ACTS = (
    "compose", "release", "withdraw", "acknowledge", "cancel", "call", "answer", "sever", "sever-all", "offer",
    "agree", "withdraw-terms", "take-watch", "hand-over", "nothing",
)  # fmt: skip
FIELDS = (
    "about", "page", "line", "by", "passphrase", "text", "title", "precedence", "reason", "language", "counterpart",
    "retyped", "grounds", "opens_at", "opening_contact", "reserved", "grade", "read_back", "answers", "reply_by",
    "stale_after", "in_whose_name", "form_of_address", "pair", "other",
)  # fmt: skip
MARKUP = "<script>fuzz</script>"
assert beside


def words(ends: Ends, chance: random.Random) -> str:
    """A word that may stand in an address or a field: one that names something, an odd one, or markup."""
    desk = ends.north.desk
    named = [
        "Liaison",
        "South",
        "duty",
        "chief",
        SECRET,
        "FLASH",
        "SEEN",
        "line",
        "message",
        "ALL LINES",
        "draft:1",
    ]
    named += [view.id for view in desk.lines()] + [
        view.ref for view in (*desk.terms(), *desk.messages(most=5))
    ]
    named += [
        "271000Z JUL 21",
        "2021-07-27 01:00",
        MARKUP,
        "Liaison:theirs:99999/1",
        "draft:" + "9" * 30,
        "../../x",
    ]
    return chance.choice((chance.choice(named), chance.choice(TEXTS), str(chance.choice(NUMBERS))))


def address(ends: Ends, chance: random.Random) -> str:
    path = chance.choice(
        (
            "/", "/state.json", f"/line/{quote(words(ends, chance), safe=chance.choice(('', '/:')))}",
            f"/message/{quote(words(ends, chance), safe=chance.choice(('', '/:')))}",
            f"/static/{quote(words(ends, chance), safe='')}", "/static/console.css", f"/act/{chance.choice(ACTS)}",
            "//", "/%00", "/" + quote(spoilt(chance, b"line/Liaison"), safe="/"),
        )
    )  # fmt: skip
    if chance.random() < 0.4:
        query = {
            chance.choice(("done", "line", "answers", "x")): words(ends, chance)
            for _ in range(chance.randrange(4))
        }
        path += "?" + urlencode(query)
    return path


def headers(chance: random.Random) -> list[tuple[str, str]]:
    found = list(FORM) if chance.random() < 0.8 else []
    for _ in range(chance.randrange(4)):
        name = chance.choice(
            (
                "content-type",
                "origin",
                "sec-fetch-site",
                "content-length",
                "cookie",
                "range",
                "accept",
                "x-odd",
                "host",
            )
        )
        value = chance.choice(
            ("null", "none", "same-origin", "cross-site", "-1", "9" * 30, "x" * 5000, "é", "\x7f", "")
        )
        found.append((name, value))
    return found


def body(ends: Ends, chance: random.Random) -> list[bytes | None]:
    fields = {name: words(ends, chance) for name in chance.sample(FIELDS, chance.randrange(len(FIELDS)))}
    if "retyped" in fields and chance.random() < 0.9:
        fields["passphrase"] = "wrong"  # or there would be no open line left to try
    data = urlencode(fields, errors="replace").encode()
    if chance.random() < 0.3:
        data = spoilt(chance, data, 1 << 17)
    if chance.random() < 0.03:
        data = b"x=" + b"a" * (guard.BODY_BYTES_MAX + chance.choice((-2, -1, 0, 100_000)))
    at = chance.randrange(len(data) + 1)
    return chance.choice(([data], [data[:at], data[at:]], [data[:at], b"", data[at:]]))


def is_fit(answer: Answer, asked: str) -> None:
    assert answer.status in (200, 303) or 400 <= answer.status < 500, f"{answer.status} to {asked}"
    for name, value in guard.HEADERS:
        assert answer.headers.get(name.decode()) == value.decode(), (
            f"no {name.decode()} on {answer.status} to {asked}"
        )
    assert not any("cookie" in name for name in answer.headers), asked
    if answer.headers.get("content-type", "").startswith("text/html"):
        assert MARKUP not in answer.text, f"what was sent is markup: {asked}"
    if answer.status == 303:
        assert answer.headers["location"].startswith("/") and not answer.headers["location"].startswith(
            "//"
        ), asked


def a_request(ends: Ends, chance: random.Random) -> None:
    target = address(ends, chance)
    posts = target.startswith("/act/") and chance.random() < 0.9
    method = (
        "POST"
        if posts
        else chance.choice(("GET", "GET", "GET", "HEAD", "POST", "PUT", "TRACE", "OPTIONS", "x"))
    )
    host = chance.choice(
        (HOST, HOST, HOST, HOST, HOST, "localhost", "evil.example", "", None, "127.0.0.1:8000:9")
    )
    answer = ask(ends.north.console, method, target, headers(chance), body(ends, chance), host)
    is_fit(answer, f"{method} {target}")


@contextmanager
def opened(folder: Path) -> Iterator[Callable[[str, frozenset[int] | None], int]]:
    """The door of the console: one end for all cases, which goes on."""
    ends = paired(folder / "e")
    for text in ("text", MARKUP):
        ends.north.desk.compose("Liaison", text, "duty")
        draft = ends.south.desk.compose("Liaison", text, "duty").ref
        ends.south.desk.release(draft, "chief", SECRET)
    ends.wait(5)

    def play(seed: str, steps: frozenset[int] | None) -> int:
        if steps is None:
            a_request(ends, random.Random(seed))
            ends.wait(0.1)
        return 1

    try:
        yield play
    finally:
        ends.close()
