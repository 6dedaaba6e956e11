"""All addresses and all acts, gone through by everybody who could ask: what each gets, and that nothing else is done.

The addresses are read from the app and the acts from its table, so that a new one without a row here fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from asgi_client import FORM, Answer, Browser
from pair_of_ends import ROOT, SECRET, End, Ends, accord, console_by, paired
from test_pages import Page

from parley.console.acts import ALL_LINES, Acts
from parley.console.instruments import INSTRUMENTS
from parley.console.sessions import IDLE_LOCK_S, SESSION_S
from parley.core.types import POWERS_ALL, Power
from parley.watch_log import Happened

HELD = {
    "guest": "", "only-release": "release", "only-acknowledge": "acknowledge", "only-sever": "sever",
    "only-restore": "restore", "only-administer": "administer", "all": "all", "locked": "all",
}  # fmt: skip
ROLES = ("nobody", "ended", "signed-out", *HELD)
INSIDE = tuple(HELD)  # those with a session

READING = {
    "/": "/", "/watch": "/watch", "/sever": "/sever", "/draft/{number:int}": "/draft/{draft}",
    "/draft/{number:int}/check": "/draft/{draft}/check", "/message/{ref:path}": "/message/{message}",
    "/line/{name:path}": "/line/Liaison", "/record/{name:path}": "/record/Liaison",
    "/call/{name:path}": "/call/Liaison", "/restore/{name:path}": "/restore/Liaison",
    "/sever/{name:path}": "/sever/Liaison",
    "/calendar/{name:path}": "/calendar/Liaison", "/year/{name:path}": "/year/Liaison",
    "/letters": "/letters", "/letter/{ref:path}": "/letter/{letter}", "/letters/desk": "/letters/desk",
    "/appointments": "/appointments", "/announcements": "/announcements", "/announcement/{ref}": "/announcement/{hour}",
}  # fmt: skip
OTHERS = {  # what each role gets: (without a session, with one)
    ("GET", "/sign-in"): (200, 200), ("POST", "/sign-in"): (422, 422), ("GET", "/wall"): (200, 200),
    ("GET", "/state.json"): (401, 200), ("POST", "/look"): (303, 303),
    ("GET", "/letter-file/{ref:path}"): (303, 404), ("GET", "/static/letter-desk.js"): (200, 200),
    ("GET", "/static/letter-sealed.js"): (200, 200),
    ("GET", "/static/{name}"): (200, 200), ("GET", "/events"): (401, 200), ("GET", "/wall/events"): (200, 200),
}  # fmt: skip
SIGNED = frozenset(
    ("release", "withdraw", "acknowledge", "cancel", "sever", "sever-all", "offer", "agree", "agree-accord",
     "withdraw-terms")
)  # fmt: skip


POWERS = {**Acts.POWERS, **{act: power for one in INSTRUMENTS for act, (power, _) in one.acts.items()}}


@dataclass
class Stand:
    """An end with an officer for each role, each at a browser of their own."""

    ends: Ends
    browsers: dict[str, Browser]
    tokens: dict[str, str]

    @property
    def end(self) -> End:
        return self.ends.north

    def act(self, role: str, act: str, fields: dict[str, str]) -> Answer:
        form = {"csrf": self.tokens[role], **fields}
        return self.browsers[role].post(f"/act/{act}", form)

    def done(self) -> object:
        """All that an act could change: our logs, what waits, terms, drafts, the watch, and what was noted last."""
        desk = self.end.desk
        quiet = (Happened.READ, Happened.SIGNED_IN, Happened.SIGNED_OUT, Happened.REFUSED_SIGN_IN)
        return (
            [(line.id, line.our_size, line.waiting, line.declared) for line in desk.lines()],
            [(t.ref, t.ours) for t in desk.terms()],
            [(d.ref, d.saved_at, d.offered, dict(d.fields)) for d in desk.drafting()],
            len(desk.drafts()),
            desk.status().watch,
            next((event.id for event in desk.journal(50) if event.what not in quiet), 0),
        )


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    ends = paired(tmp_path_factory.mktemp("roles"), accord("Liaison", "", 60), accord("Leaders", ""))
    north = ends.north
    for name, held in HELD.items():
        north.add(name, POWERS_ALL if held == "all" else Power[held.upper()] if held else Power(0))
    seconds = [0.0]
    console = console_by(lambda: seconds[0], north.desk)
    browsers = {"nobody": Browser(console), "ended": north.anew("all", console)}
    browsers["ended"].get("/")
    seconds[0] = SESSION_S - IDLE_LOCK_S
    browsers["locked"] = north.anew("locked", console)
    seconds[0] = SESSION_S
    for name in (*HELD, "signed-out"):
        if name not in browsers:
            browsers[name] = north.anew(name if name in HELD else "all", console)
    for name, browser in browsers.items():
        if name not in ("nobody", "ended"):
            browser.get("/")
    cookie = dict(browsers["signed-out"].cookies)
    browsers["signed-out"].act("sign-out")
    browsers["signed-out"].cookies.update(cookie)  # a browser that sends it all the same
    tokens = {name: browser.token for name, browser in browsers.items()}
    tokens["nobody"] = tokens["all"]
    yield Stand(ends, browsers, tokens)
    ends.close()


def routes(console: Any) -> set[tuple[str, str]]:
    found = console._routes().routes
    return {(method, route.path) for route in found for method in route.methods if method != "HEAD"}


def test_every_address_has_its_row(stand: Stand) -> None:
    rows = {("GET", path) for path in READING} | set(OTHERS) | {("POST", "/act/{act}")}
    found = {route for route in routes(stand.end.console) if not route[1].startswith("/static/noble/")}
    assert found == rows


def address(stand: Stand, target: str) -> str:
    desk = stand.end.desk
    if not desk.messages():
        draft = stand.ends.south.desk.compose("Liaison", "text", "duty")
        stand.ends.south.desk.release(draft.ref, "chief", SECRET)
        stand.ends.wait(5)
    if not desk.drafting():
        begun = desk.begin_draft("Liaison", "duty")
        desk.save_draft(begun.ref, "duty", {"text": "being written"})
    if not desk.letters.list():
        names = {"in_whose_name": "Office of the North", "to_whom": "Office of the South"}
        desk.letters.release(desk.letters.tender("Liaison", "duty", **names).ref, "chief", SECRET)
        at = int(stand.ends.clock.wall()) + 86400
        desk.announcements.offer_hour("Liaison", at, "Subject", "duty", SECRET)
        stand.ends.wait(5)
    draft = desk.drafting()[-1].ref.removeprefix("draft:")
    return target.format(
        draft=draft,
        message=quote(desk.messages()[0].ref, safe="/:"),
        letter=quote(desk.letters.list()[0].ref, safe="/:"),
        hour=desk.announcements.all()[0].ref,
    )


@pytest.mark.parametrize("path", READING)
def test_a_page_is_for_whoever_is_signed_in(stand: Stand, path: str) -> None:
    target = address(stand, READING[path])
    before = stand.done()
    for role in ROLES:
        answer = stand.browsers[role].get(target)
        if role not in INSIDE:
            assert (answer.status, answer.location) == (303, "/sign-in?next=" + quote(target, safe=""))
            assert not answer.body and stand.browsers[role].ask("HEAD", target).status == 303
        else:
            assert answer.status == 200, f"{role} at {target}"
            page, powers = Page(answer), stand.end.desk.powers(role)
            for act in (to.removeprefix("/act/") for to in page.offered if to.startswith("/act/")):
                needed = POWERS.get(act)
                assert act == "sign-out" or (needed in powers if needed else powers), (
                    f"{role} is offered {act}"
                )
    assert stand.done() == before


@pytest.mark.parametrize(("method", "path"), [key for key in OTHERS if "events" not in key[1]])
def test_what_is_no_page_is_for_whoever_it_is_meant_for(stand: Stand, method: str, path: str) -> None:
    target = path.replace("{name}", "console.css")
    target = target.replace("{ref:path}", "Liaison:ours:9/9")
    before = stand.done()
    for role in ROLES:
        headers = FORM if method == "POST" else ()
        answer = stand.browsers[role].ask(method, target, headers)
        assert answer.status == OTHERS[method, path][role in INSIDE], f"{role} at {target}"
        if role not in INSIDE:
            for word in (b"Liaison", b"Leaders", b"South", b"duty", b"Duty officer"):
                assert word not in answer.body, f"{word!r} is told to {role} at {target}"
    assert stand.done() == before


# --- acts: how a right form is made, for an officer who may do it -------------------------------------------

Form = dict[str, str]


def liaison(stand: Stand) -> str:
    return stand.end.line("Liaison").id


def drafted(stand: Stand, by: str) -> str:
    desk = stand.end.desk
    by = by if desk.powers(by) else "duty"
    ref = desk.begin_draft("Liaison", by).ref
    desk.save_draft(ref, by, {"text": "text"})
    return ref


def offered(stand: Stand, by: str) -> str:
    return stand.end.desk.compose("Liaison", "text", "duty").ref


def entered(stand: Stand, by: str) -> str:
    ref = stand.end.desk.release(offered(stand, by), "chief", SECRET).ref
    stand.ends.wait(5)
    return ref


def heard(stand: Stand, by: str) -> str:
    south = stand.ends.south.desk
    south.release(south.compose("Liaison", "text", "duty").ref, "chief", SECRET)
    stand.ends.wait(5)
    return stand.end.desk.needs_us()[-1].ref


def ringing(stand: Stand, by: str) -> str:
    stand.ends.south.desk.call("Liaison", "duty")
    stand.ends.wait(2)
    return liaison(stand)


def terms(stand: Stand, by: str) -> str:
    """Terms on the table, offered by them: a line that is cut is to be opened."""
    if stand.end.line("Leaders").declared == "OPEN":
        stand.end.desk.sever("Leaders", "x", "duty", SECRET)
        stand.ends.wait(5)
    south = stand.ends.south.desk
    ref = south.offer_restore("Leaders", int(stand.ends.clock.wall()) + 3600, "duty", SECRET).ref
    stand.ends.wait(5)
    return ref


def stood_behind(stand: Stand, by: str) -> str:
    ref = terms(stand, by)
    stand.end.desk.agree(ref, by if "restore" in stand.end.desk.powers(by) else "duty", SECRET)
    stand.ends.wait(5)
    return ref


def line_offered(stand: Stand, by: str) -> str:
    number = len(stand.end.desk.terms())
    ref = stand.ends.south.desk.offer_line("North", accord(f"New {number}", ""), "duty", SECRET).ref
    stand.ends.wait(5)
    return ref


def on_watch(stand: Stand, by: str) -> str:
    stand.end.desk.take_watch(by if stand.end.desk.powers(by) else "duty")
    return ""


def off_watch(stand: Stand, by: str) -> str:
    stand.end.desk.take_watch("duty")
    return ""


def cut(stand: Stand, by: str) -> str:
    if stand.end.line("Leaders").declared == "OPEN":
        stand.end.desk.sever("Leaders", "x", "duty", SECRET)
        stand.ends.wait(5)
    return stand.end.line("Leaders").id


MADE: dict[str, tuple[Callable[[Stand, str], str], Form]] = {
    "begin-draft": (lambda s, by: "", {"line": "{line}"}),
    "save-draft": (drafted, {"about": "{about}", "text": "more"}),
    "offer-draft": (drafted, {"about": "{about}", "then": "offer"}),
    "discard-draft": (drafted, {"about": "{about}"}),
    "release": (
        offered,
        {"about": "{about}", "counterpart": "South", "precedence": "ROUTINE", "offer": "{offer}"},
    ),
    "withdraw": (offered, {"about": "{about}"}),
    "cancel": (entered, {"about": "{about}", "reason": "x"}),
    "acknowledge": (heard, {"about": "{about}", "grade": "SEEN"}),
    "call": (lambda s, by: "", {"line": "{line}"}),
    "answer": (ringing, {"line": "{line}"}),
    "sever": (cut, {"line": "{about}", "grounds": "x", "retyped": "Leaders"}),
    "sever-all": (cut, {"pair": "South", "grounds": "x", "retyped": ALL_LINES}),
    "offer": (cut, {"line": "{about}", "opens_at": "2021-07-29 10:00"}),
    "agree": (terms, {"about": "{about}"}),
    "agree-accord": (line_offered, {"about": "{about}"}),
    "withdraw-terms": (stood_behind, {"about": "{about}"}),
    "take-watch": (off_watch, {}),
    "hand-over": (on_watch, {"note": "x"}),
}
LAST = ("sever", "sever-all")  # after these there is no open line to try the others on


def test_every_act_has_its_row() -> None:
    assert set(MADE) == set(Acts.POWERS)
    assert set(MADE) >= SIGNED


@pytest.mark.parametrize("act", [*(act for act in MADE if act not in LAST), *LAST])
def test_an_act_is_done_by_whoever_holds_its_power_and_by_nobody_else(stand: Stand, act: str) -> None:
    make, form = MADE[act]
    about: str | None = None
    for role in ROLES:
        held = HELD.get(role, "")
        may = held == "all" or (held and Acts.POWERS[act] in ("", held))
        if about is None or may:
            about = make(stand, role if role in HELD else "duty")
        offer = stand.end.desk.message(about).offer if act == "release" else ""
        fields = {k: v.format(about=about, line=liaison(stand), offer=offer) for k, v in form.items()}
        before = stand.done()
        answer = stand.act(role, act, fields)
        if role not in INSIDE:
            assert answer.status == 401, f"{role}: {act}"
            assert "nothing was done" in Page(answer).words
        elif not may:
            assert answer.status in ((403, 422) if act == "save-draft" else (403,)), f"{role}: {act}"
            assert "nothing was done" in answer.text
        elif role == "locked" and act in SIGNED:
            assert answer.status == 422, f"{role}: {act}"
            assert "Your session is locked, so nothing was done yet." in Page(answer).words
        else:
            assert answer.status == (200 if act == "save-draft" else 303), (
                f"{role}: {act}: {Page(answer).words}"
            )
            assert not answer.location.startswith("/sign-in")
            assert stand.done() != before, f"{role}: {act} did nothing"
            stand.ends.wait(5)
            about = None
            continue
        assert stand.done() == before, f"{role}: {act} was refused and done"


@pytest.mark.parametrize("act", [act for act in POWERS if act not in Acts.POWERS])
def test_an_act_of_an_instrument_is_refused_to_whoever_lacks_its_power(stand: Stand, act: str) -> None:
    """That it is done for whoever holds it, the tests of the instrument show."""
    before = stand.done()
    for role in ROLES:
        held = HELD.get(role, "")
        if held == "all" or (held and POWERS[act] in ("", held)):
            continue
        answer = stand.act(role, act, {"about": "Liaison:ours:1/1", "line": "Liaison"})
        assert answer.status == (403 if role in INSIDE else 401), f"{role}: {act}"
        assert "nothing was done" in Page(answer).words
    assert stand.done() == before


def test_a_sign_out_ends_the_session_and_nothing_else(stand: Stand) -> None:
    before = stand.done()
    again = stand.end.anew("all", stand.browsers["all"].app)
    again.get("/")
    cookies = dict(again.cookies)
    assert again.act("sign-out").location == "/sign-in"
    assert not again.cookies
    again.cookies.update(cookies)
    assert again.get("/").status == 303 and again.get("/state.json").status == 401
    assert stand.browsers["all"].get("/").status == 200
    assert stand.done() == before


def test_the_root_passphrase_signs_nobody_in(stand: Stand) -> None:
    for name, passphrase in (("root", ROOT), ("duty", ROOT), ("", SECRET), ("duty", ""), ("../duty", SECRET)):
        answer = Browser(stand.end.console).sign_in(name, passphrase)
        assert answer.status == 422 and "set-cookie" not in answer.headers
