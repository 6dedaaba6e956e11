"""The guide page: its door, what it shows, and what its buttons do."""

from __future__ import annotations

import asyncio
import re
import string
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from standing import HOSTS, KOREA, short_past, standing, two_ends, until

from parley import console
from parley.demo import guide, words
from parley.demo.course import LANDING, OPENING, RETURN, START, Course, carrying, is_left_out, next_landing
from parley.demo.house import House
from parley.demo.story import MILITARY, SERVICES, STEPS
from parley.scenario import DEMO_PASSPHRASE

FORM = (("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin"))
ACTS = ("rate", "jump", "pilot", "flash", "wire", "prove", "flip")


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str


async def ask(
    app: Any,
    method: str,
    target: str,
    fields: Mapping[str, str] | None = None,
    headers: tuple[tuple[str, str], ...] = (),
    host: str = "localhost:8410",
) -> Answer:
    """What an ASGI app in this process answers."""
    url = urlsplit(target)
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": url.path, "raw_path": url.path.encode(), "root_path": "", "query_string": url.query.encode(),
        "client": ("127.0.0.1", 50000), "server": ("127.0.0.1", 8410),
        "headers": [(b"host", host.encode()), *((k.encode(), v.encode()) for k, v in headers)],
    }  # fmt: skip
    sending, said = [urlencode(fields or {}).encode()], list[dict[str, Any]]()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": sending.pop()} if sending else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    await app(scope, receive, send)
    names = [k.decode().lower() for k, _ in said[0]["headers"]]
    assert len(names) == len(set(names)), "a header is sent twice"
    body = b"".join(m.get("body", b"") for m in said[1:])
    given = dict(zip(names, (v.decode() for _, v in said[0]["headers"]), strict=True))
    return Answer(said[0]["status"], given, body.decode())


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Course, Path]]:
    folder = tmp_path_factory.mktemp("demonstration")
    course = Course(short_past(), folder)
    course.play_to_start()
    yield course, folder


@pytest.fixture
def at_work(course: tuple[Course, Path]) -> Callable[[Callable[[House, Any], Awaitable[None]]], None]:
    """Runs a coroutine with a house at work and its guide."""

    def run(then: Callable[[House, Any], Awaitable[None]]) -> None:
        async def stand() -> None:
            async with standing(*course) as house:
                await then(house, guide.app(house, allowed_hosts=HOSTS))

        asyncio.run(stand())

    return run


def test_every_answer_has_the_headers_and_a_policy_without_inline_script_or_style(at_work: Any) -> None:
    async def look(_: House, site: Any) -> None:
        for target in ("/", "/?lang=ko&palette=night", "/static/guide.js", "/static/console.css", "/nowhere"):
            answer = await ask(site, "GET", target)
            assert answer.status == (404 if target == "/nowhere" else 200), target
            assert answer.headers["content-security-policy"] == guide.CONTENT_SECURITY_POLICY
            assert "unsafe" not in answer.headers["content-security-policy"]
            assert answer.headers["x-frame-options"] == "DENY"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert not re.search(r"<style|\son[a-z]+=|\sstyle=|<script(?![^>]*src=)", answer.text)

    at_work(look)


def test_every_act_sent_from_elsewhere_is_refused_and_does_nothing(at_work: Any) -> None:
    async def push(house: House, site: Any) -> None:
        fields = {"rate": "60", "end": "south", "on": "yes", "bearer": "services-circuit", "up": "no"}
        form = FORM[:1]
        for act in ACTS:
            for says in (
                (("sec-fetch-site", "cross-site"),), (("sec-fetch-site", "same-site"),), (),
                (("origin", "http://localhost:9999"),), (("origin", "http://south.localhost:8412"),),
            ):  # fmt: skip
                assert (await ask(site, "POST", f"/act/{act}", fields, (*form, *says))).status == 403
            assert (await ask(site, "GET", f"/act/{act}")).status in (404, 405)
        assert (house.clock.rate, house.busy, house.pilots["south"].on) == (1.0, "", False)
        assert house.live is not None and house.live.taps["services-circuit"].up
        assert house.live.desks["south"].messages(MILITARY) == ()

    at_work(push)


def test_under_another_name_there_is_nothing(at_work: Any) -> None:
    async def look(_: House, site: Any) -> None:
        for host in ("evil.example", "localhost.evil.example", ""):
            assert (await ask(site, "GET", "/", host=host)).status == 421

    at_work(look)


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_the_page_says_all_of_it_in_either_language(at_work: Any, language: str) -> None:
    async def look(house: House, site: Any) -> None:
        await until(house, lambda: house.wire.frames > 0)
        page = (await ask(site, "GET", f"/?lang={language}")).text
        assert f'<html lang="{language}"' in page
        index = words.LANGUAGES.index(language)
        for step in STEPS:
            assert words.STEPS[step][index][0] in page
        for key in (
            "boards",
            "wire",
            "wires",
            "proof",
            "prove",
            "flip",
            "jump august",
            "run at 60",
            "places",
            "site",
        ):
            assert words.say(language, key, bearer="") in page
        assert ("개통" in page) == (language == "ko")
        other = words.LANGUAGES[1 - index]
        assert f'href="/?lang={other}"' in page
        for party in KOREA.parties:
            for officer in party.officers:
                assert f"link-{party.key}-{officer.login}" in page

    at_work(look)


def test_what_is_told_of_a_look_is_taken_and_nothing_else_comes_back(at_work: Any) -> None:
    async def look(_: House, site: Any) -> None:
        page = (await ask(site, "GET", '/?lang="><script>&palette="><script>')).text
        assert '<html lang="en">' in page and "<script>" not in page
        assert 'data-palette="night"' in (await ask(site, "GET", "/?palette=night")).text

    at_work(look)


def test_a_wire_is_cut_and_mended_the_clock_runs_fast_and_an_end_is_let_act(at_work: Any) -> None:
    async def press(house: House, site: Any) -> None:
        async def act(name: str, **fields: str) -> Answer:
            return await ask(site, "POST", f"/act/{name}", {**fields, "lang": "ko"}, FORM)

        assert house.live is not None
        answer = await act("wire", bearer="services-circuit", up="no")
        assert (answer.status, answer.headers["location"]) == (303, "/?lang=ko#wires")
        assert not house.live.taps["services-circuit"].up
        await act("wire", bearer="services-circuit", up="yes")
        assert house.live.taps["services-circuit"].up
        await act("rate", rate="60")
        assert house.clock.rate == 60.0
        await act("pilot", end="south", on="yes")
        assert house.pilots["south"].on
        for name, fields in (
            ("rate", {"rate": "7"}), ("pilot", {"end": "east"}), ("wire", {"bearer": "none"}),
            ("flash", {"end": ""}),
        ):  # fmt: skip
            refused = await act(name, **fields)
            assert refused.status == 422 and words.say("ko", "not done") in refused.text
        assert house.clock.rate == 60.0

    at_work(press)


def test_a_flash_from_the_guide_is_read_back_by_an_end_that_acts_by_itself(at_work: Any) -> None:
    async def press(house: House, site: Any) -> None:
        assert house.live is not None
        desks = house.live.desks
        answer = await ask(site, "POST", "/act/flash", {"end": "south"}, FORM)
        assert answer.status == 303, re.findall(r'role="alert".*', answer.text)
        await until(house, lambda: "flash" in house.story.done)
        assert [m.state for m in desks["south"].messages(MILITARY)] == ["READ BACK"]

    at_work(press)


def test_the_record_is_proved_and_a_changed_byte_is_refused_by_name(at_work: Any) -> None:
    async def press(house: House, site: Any) -> None:
        assert (await ask(site, "POST", "/act/prove", {}, FORM)).status == 303
        assert words.say("en", "busy prove") in (await ask(site, "GET", "/")).text
        assert (await ask(site, "POST", "/act/flip", {}, FORM)).status == 422
        await house.settled()
        assert house.proof is not None and house.proof.ok and house.proof.refusals == ()
        assert house.proof.files == 2 * (len(KOREA.lines) + 1) == 2 * len(house.proof.lines)
        assert house.live is not None
        before = house.live.desks["south"].export(MILITARY)
        assert (await ask(site, "POST", "/act/flip", {}, FORM)).status == 303
        await house.settled()
        assert (
            house.flip is not None
            and house.flip.refused
            and re.match("(entry|item) [0-9]+", house.flip.where)
        )
        assert house.flip.before ^ house.flip.after == 1
        assert house.live.desks["south"].export(MILITARY) == before
        page = (await ask(site, "GET", "/")).text
        assert house.flip.where in page and "REFUSED" in page
        await until(house, lambda: "prove" in house.story.done)

    at_work(press)


def test_the_public_sites_are_open_to_all_and_nothing_beside_them_is(at_work: Any) -> None:
    async def look(house: House, site: Any) -> None:
        await until(house, lambda: house.site("north").joinpath("index.html").exists())
        for key in ("north", "south"):
            page = await ask(site, "GET", f"/site/{key}/")
            assert page.status == 200 and page.headers["content-type"].startswith("text/html")
            assert (
                (await ask(site, "GET", f"/site/{key}/feed.xml"))
                .headers["content-type"]
                .startswith("application/atom+xml")
            )
            assert f'href="/site/{key}/"' in (await ask(site, "GET", "/")).text
        (house.site("north") / ".new.html").write_text("half written")
        for path in ("east/", "north/nothing.html", "north/.new.html", "north/..", "north/keys", "../north/"):
            assert (await ask(site, "GET", f"/site/{path}")).status == 404, path

    at_work(look)


def test_an_end_that_acts_by_itself_agrees_to_an_hour_and_to_an_appointment(at_work: Any) -> None:
    async def offer(house: House, _: Any) -> None:
        assert house.live is not None
        south = house.live.desks["south"]
        at = house.now + 3600
        hour = south.announcements.offer_hour(SERVICES, at, "[invented] an hour", "head", DEMO_PASSPHRASE)
        met = south.appointments.offer(SERVICES, "head", DEMO_PASSPHRASE, occasion="meeting", at=at)
        await until(house, lambda: south.appointments.get(met.ref).state == "AGREED")
        await until(house, lambda: {t.ref: t.state for t in south.terms()}.get(hour.ref) == "settled")

    at_work(offer)


def test_the_links_lead_to_the_console_as_the_guide_was_reached(at_work: Any) -> None:
    async def look(_: House, site: Any) -> None:
        near = (await ask(site, "GET", "/")).text
        assert "http://south.localhost:8412/demo/sign-in/" in near
        numbered = (await ask(site, "GET", "/", host="127.0.0.1:8410")).text
        assert "http://north.localhost:8411/demo/sign-in/" in numbered

    at_work(look)


def test_a_one_click_link_signs_in_at_its_own_end_only(at_work: Any) -> None:
    async def click(house: House, _: Any) -> None:
        secrets = {key: next(iter(links)) for key, links in house.links.items()}
        for key, switchboard in house.switchboards.items():
            host = f"{key}.localhost:8411"
            answer = await ask(switchboard, "GET", f"/demo/sign-in/{secrets[key]}", host=host)
            assert answer.status == 303 and "set-cookie" in answer.headers
            for wrong in ({*secrets} - {key}, {"x"}):
                secret = secrets.get(next(iter(wrong)), "x")
                refused = await ask(switchboard, "GET", f"/demo/sign-in/{secret}", host=host)
                assert refused.status == 404 and "set-cookie" not in refused.headers

    at_work(click)


def test_a_console_that_is_not_of_the_demonstration_has_no_one_click_links(tmp_path: Path) -> None:
    with two_ends(tmp_path) as stage:
        app = console.app(stage.ends["south"].desk, allowed_hosts=HOSTS)
        for secret in ("x", "duty", ""):
            answer = asyncio.run(ask(app, "GET", f"/demo/sign-in/{secret}"))
            assert answer.status == 404 and "set-cookie" not in answer.headers


def test_while_there_is_no_console_its_address_says_so_calmly(at_work: Any) -> None:
    async def look(house: House, site: Any) -> None:
        await house.close()
        for key, switchboard in house.switchboards.items():
            answer = await ask(switchboard, "GET", "/", host=f"{key}.localhost:8411")
            assert answer.status == 503 and "being moved" in answer.text and "옮기는" in answer.text
            assert (await ask(switchboard, "GET", "/static/console.css")).status == 200
        answer = await ask(site, "GET", "/")
        assert answer.status == 200 and words.say("en", "no ends") in answer.text
        assert (await ask(site, "POST", "/act/jump", {}, FORM)).status == 422

    at_work(look)


def test_a_stream_of_a_console_ends_when_its_console_does(at_work: Any) -> None:
    async def stream(house: House, _: Any) -> None:
        said = list[dict[str, Any]]()
        begun = asyncio.Event()

        async def endless(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            begun.set()
            await asyncio.Event().wait()

        async def send(message: dict[str, Any]) -> None:
            said.append(message)

        switchboard = house.switchboards["south"]
        switchboard.connect(endless)
        task = asyncio.create_task(switchboard({"type": "http", "path": "/events"}, None, send))  # type: ignore[arg-type]
        await begun.wait()
        switchboard.connect(None)
        async with asyncio.timeout(5):
            await task
        assert said[-1] == {"type": "http.response.body", "body": b"", "more_body": False}

    at_work(stream)


def test_both_languages_have_the_same_blanks() -> None:
    def blanks(text: str) -> set[str]:
        return {name.lower() for _, name, _, _ in string.Formatter().parse(text) if name}

    for key, (english, korean) in words.TEXTS.items():
        assert blanks(english) == blanks(korean), key
    assert tuple(words.STEPS) == tuple(words.PARTS) == STEPS
    for texts in words.STEPS.values():
        assert [len(of) for of in texts] == [3, 3] and all(all(of) for of in texts)


def test_the_terms_are_the_visitors_and_the_relay_stays_until_the_landing() -> None:
    left_out = [step.do for step in KOREA.steps if is_left_out(step) and step.do != "expect"]
    assert left_out == ["offer_restore", "agree", "agree", "bearer_down"]
    at_start, at_opening, at_landing, at_return = (
        carrying(KOREA, at) for at in (START, OPENING, LANDING, RETURN)
    )
    assert {key for key, up in at_start.items() if up} == {"services-circuit", "services-relay", "vhf"}
    assert {key for key in at_start if at_opening[key] and not at_start[key]} == {
        "west-fibre",
        "channel-cable",
    }
    assert {key for key, up in at_landing.items() if not up} == {"leaders-circuit", "services-relay"}
    assert at_return == at_landing


def test_a_jump_leads_to_the_silence_then_to_the_return_and_then_nowhere() -> None:
    assert [next_landing(at) for at in (START, LANDING - 1, LANDING, RETURN - 1, RETURN)] == [
        LANDING, LANDING, RETURN, RETURN, None,
    ]  # fmt: skip
