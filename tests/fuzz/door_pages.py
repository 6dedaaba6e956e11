"""The pages of the console: every address, method, header and form, right and wrong. Whatever is asked, the
answer is a page or a sentence, with the headers that hold a browser back, and nothing of what was sent is markup.
Half of what is asked comes from an officer who is signed in, with the token of the session or an odd one.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

import beside
from asgi_client import FORM, HOST, Answer, Browser
from damage import NUMBERS, TEXTS, spoilt
from pair_of_ends import SECRET, Ends, paired

from parley.console import guard
from parley.console.acts import Acts
from parley.console.instruments import INSTRUMENTS

ACTS = (*Acts.POWERS, *(act for one in INSTRUMENTS for act in one.acts), "sign-out", "nothing")
FIELDS = (
    "about", "page", "line", "by", "passphrase", "text", "title", "precedence", "reason", "language", "counterpart",
    "retyped", "grounds", "opens_at", "opening_contact", "reserved", "grade", "read_back", "answers", "reply_by",
    "stale_after", "in_whose_name", "form_of_address", "pair", "other", "then", "offer", "note", "next", "palette",
    "to_whom", "rank", "kind", "answer", "tier", "sealed", "occasion", "at", "minutes", "place", "who_ours",
    "instead_of", "hour", "channel", "points", "point_1", "subject", "number",
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
        "personal letter",
        "accepted",
        "handover",
        "paper:1",
        "2030-01-01 01:00",
    ]
    named += [
        view.ref
        for view in (*desk.letters.list()[:3], *desk.letters.papers()[:3], *desk.appointments.list()[:3])
    ]
    named += [draft.ref for draft in desk.drafting()[:5]] + [
        "/watch",
        "//evil.example",
        "board",
        "draft",
        "ko",
        "night",
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


HOSTS_ODD = ("localhost", "evil.example", "", None, "127.0.0.1:8000:9")
PAGES = (
    "line", "message", "record", "call", "restore", "sever", "draft", "static", "demo/sign-in", "letter", "letter-file",
    "letters", "announcement", "announcements", "appointments", "calendar", "year",
)  # fmt: skip


def address(ends: Ends, chance: random.Random) -> str:
    named = quote(words(ends, chance), safe=chance.choice(("", "/:")))
    path = chance.choice(
        (
            "/", "/watch", "/sever", "/sign-in", "/wall", "/state.json", "/look", "/static/console.css",
            f"/{chance.choice(PAGES)}/{named}", f"/{chance.choice(PAGES)}/{named}", f"/draft/{chance.randrange(40)}",
            f"/draft/{chance.randrange(40)}/check", f"/act/{chance.choice(ACTS)}", f"/act/{chance.choice(ACTS)}", "//",
            "/%00", "/" + quote(spoilt(chance, b"line/Liaison"), safe="/"),
        )
    )  # fmt: skip
    if chance.random() < 0.4:
        query = {
            chance.choice(("done", "line", "next", "x")): words(ends, chance)
            for _ in range(chance.randrange(4))
        }
        path += "?" + urlencode(query)
    return path


def headers(chance: random.Random) -> list[tuple[str, str]]:
    found = list(FORM) if chance.random() < 0.9 else []
    for _ in range(chance.choice((0, 0, 0, 1, 3))):
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


def body(ends: Ends, chance: random.Random, token: str) -> list[bytes | None]:
    fields = {name: words(ends, chance) for name in chance.sample(FIELDS, chance.randrange(len(FIELDS)))}
    if chance.random() < 0.8:
        fields["csrf"] = token
    if "retyped" in fields and chance.random() < 0.9:
        fields["grounds"] = ""  # or there would be no open line left to try
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
    given = answer.headers.get("set-cookie", "").lower()
    if given:
        assert asked.startswith(("POST /sign-in", "POST /look", "POST /act/sign-out")), asked
        assert "; httponly" in given and "; samesite=lax" in given, asked
    if answer.headers.get("content-type", "").startswith("text/html"):
        assert MARKUP not in answer.text, f"what was sent is markup: {asked}"
    if answer.status == 303:
        assert answer.headers["location"].startswith("/") and not answer.headers["location"].startswith(
            "//"
        ), asked


def a_request(ends: Ends, chance: random.Random) -> None:
    browser = ends.north.by("duty") if chance.random() < 0.5 else Browser(ends.north.console)
    if browser.cookies and not browser.token:
        browser.get("/")
    target = address(ends, chance)
    posts = target.startswith(("/act/", "/look", "/sign-in")) and chance.random() < 0.9
    method = (
        "POST" if posts else chance.choice((*["GET"] * 9, "HEAD", "POST", "PUT", "TRACE", "OPTIONS", "x"))
    )
    host = HOST if chance.random() < 0.9 else chance.choice(HOSTS_ODD)
    sent = body(ends, chance, browser.token or "none")
    answer = browser.ask(method, target, headers(chance), sent, host=host)
    is_fit(answer, f"{method} {target}")
    if not browser.cookies and browser is ends.north.by("duty"):
        ends.north.sign_in_again("duty")


@contextmanager
def opened(folder: Path) -> Iterator[Callable[[str, frozenset[int] | None], int]]:
    """The door of the console: one end for all cases, which goes on."""
    ends = paired(folder / "e")
    for text in ("text", MARKUP):
        ends.north.desk.compose("Liaison", text, "duty")
        draft = ends.south.desk.compose("Liaison", text, "duty").ref
        ends.south.desk.release(draft, "chief", SECRET)
        for end in (ends.north, ends.south):
            paper = end.desk.letters.tender("Liaison", "duty", in_whose_name=text, to_whom=text)
            end.desk.letters.release(paper.ref, "chief", SECRET)
            at = int(ends.clock.wall()) + 90_000
            end.desk.appointments.offer(
                "Liaison", "duty", SECRET, occasion="call", at=at, place=text, purpose=text
            )
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
