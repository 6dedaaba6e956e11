"""The visitor's five minutes on the whole scenario: a tender answered, lines restored, called, read back, announced by
both, met with silence, answered again, and proved."""

from __future__ import annotations

import asyncio
import os
import re
import select
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from standing import KOREA, standing, until

from parley.demo.course import ANNOUNCED_AT, LANDING, OPENING, RETURN, START, Course
from parley.demo.house import House
from parley.demo.story import LIAISON, MILITARY, SERVICES, STEPS
from parley.desk import Desk
from parley.scenario import DEMO_PASSPHRASE

PORT = 28411


def desk_of(house: House, end: str = "south") -> Desk:
    assert house.live is not None
    return house.live.desks[end]


def declared(house: House, line: str) -> set[str]:
    return {desk_of(house, end).line(line).declared for end in ("north", "south")}


@pytest.mark.slow
@pytest.mark.deep
def test_the_story_goes_from_the_cut_lines_to_the_silence_the_return_and_the_proof(tmp_path: Path) -> None:
    course = Course(KOREA, tmp_path)
    course.play_to_start()

    async def visit() -> None:
        async with standing(course, tmp_path) as house:
            assert START <= house.now < START + 60 and house.story.now == "watch"
            south = desk_of(house)
            assert south.line(LIAISON).declared == "SEVERED BY THEM" and south.status().watch is None

            south.take_watch("duty")
            await until(house, lambda: house.story.now == "letter")
            await answer_the_tender(house)
            await until(house, lambda: house.story.now == "restore")
            for line in (LIAISON, MILITARY):
                terms = south.offer_restore(line, OPENING, "chief", DEMO_PASSPHRASE)
                await until(house, lambda ref=terms.ref: ref in {t.ref for t in south.terms()})  # type: ignore[misc]
                south.agree(terms.ref, "head", DEMO_PASSPHRASE)
            await until(house, lambda: house.story.now == "call")
            assert declared(house, LIAISON) == declared(house, MILITARY) == {"OPENING"}

            house.set_rate(60.0)
            await until(house, lambda: house.now > OPENING and declared(house, LIAISON) == {"OPEN"})
            house.set_rate(1.0)
            assert house.live is not None and house.live.taps["west-fibre"].up
            assert not house.live.taps["east-fibre"].up
            south.call(LIAISON, "duty")
            await until(house, lambda: house.story.now == "flash")

            house.flash("south")
            await until(house, lambda: house.story.now == "announce")
            assert south.messages(MILITARY)[0].state == "READ BACK"
            await announce(house)
            await jump(house)
            await silence(house)
            await answered_again(house)
            house.prove()
            await house.settled()
            house.flip_byte()
            await house.settled()
            await until(house, lambda: house.story.now == "")
            assert house.story.done == set(STEPS)
            assert house.proof is not None and house.proof.ok and house.proof.refusals == ()
            assert house.proof.announced == 5
            assert house.flip is not None and re.match("entry [0-9]+ of (North|South)", house.flip.where)

    async def answer_the_tender(house: House) -> None:
        letters = desk_of(house).letters
        counted = [(s.ours, s.both, s.on_the_way) for s in letters.count(SERVICES)]
        assert sorted(counted) == [(False, 3, 0), (True, 3, 0)]
        tender = letters.list(SERVICES)[0]
        assert not tender.ours and tender.state == "TENDERED"
        paper = letters.answer(tender.ref, "undetermined", "duty")
        await until(house, lambda: house.story.parts.get("tender prepared", False))
        assert "letter" not in house.story.done
        letters.release(paper.ref, "chief", DEMO_PASSPHRASE)

    async def announce(house: House) -> None:
        sites = {end: house.site(end) for end in ("north", "south")}
        assert not any(list(site.glob("*.cbor")) for site in sites.values())
        house.clock.set_rate(300.0)  # faster than a visitor can: an hour is to pass
        await until(house, lambda: house.story.now == "silence")
        house.set_rate(1.0)
        assert {end: len(list(site.glob("*.cbor"))) for end, site in sites.items()} == {
            "north": 1,
            "south": 2,
        }
        for end in sites:
            (view,) = (a for a in desk_of(house, end).announcements.all() if a.at == ANNOUNCED_AT)
            assert all(0 <= (t.published_at or 0) - ANNOUNCED_AT < 300 for t in view.ours)  # a second of ours
            assert view.silence == "" and [p.ours == p.theirs for p in view.points].count(False) == 2

    async def answered_again(house: House) -> None:
        house.jump()
        await house.settled()
        assert house.trouble is None and RETURN <= house.now < RETURN + 60
        south = desk_of(house)
        assert declared(house, LIAISON) == {"OPEN"} and "unanswered" in south.line(LIAISON).last_contact
        assert len(list(house.site("north").glob("*.cbor"))) == 2
        south.call(LIAISON, "duty")
        await until(house, lambda: house.story.now == "prove")

    async def jump(house: House) -> None:
        sent = desk_of(house).messages(MILITARY)[0].ref
        house.jump()
        await house.settled()
        assert house.trouble is None
        assert LANDING <= house.now < LANDING + 60 and house.clock.rate == 1.0
        for end in ("north", "south"):
            lines = {line.name: line for line in desk_of(house, end).lines()}
            for name in (MILITARY, "Military East"):
                assert lines[name].declared == "OPEN"
                assert lines[name].last_contact == "unanswered 2021-08-10 07:00Z, 1 call"
            assert lines[LIAISON].last_contact == "answered 2021-08-10 00:01Z"
            assert lines["Leaders"].declared.startswith("SEVERED")
            assert {line.agree for line in lines.values()} == {"agree"}
        states = {m.ref: m.state for m in desk_of(house).messages(MILITARY)}
        assert states[sent] == "READ BACK" and "ANSWERED" in states.values()

    async def silence(house: House) -> None:
        south = desk_of(house)
        await until(house, lambda: south.line(LIAISON).observed == "OK")
        south.call(LIAISON, "duty")
        house.set_rate(60.0)
        await until(house, lambda: house.story.now == "return")
        assert declared(house, LIAISON) == {"OPEN"} and south.line(LIAISON).observed == "QUIET"
        house.set_rate(1.0)

    asyncio.run(visit())


@pytest.mark.slow
def test_a_visitor_who_did_nothing_lands_on_the_same_day_with_the_lines_open(tmp_path: Path) -> None:
    course = Course(KOREA, tmp_path)
    course.play_to_start()

    async def visit() -> None:
        async with standing(course, tmp_path) as house:
            await house.set_wire("services-relay", False)
            house.jump()
            await house.settled()
            assert house.trouble is None and LANDING <= house.now < LANDING + 60
            for line in (LIAISON, MILITARY, "Military East", "Panmunjom Test"):
                assert declared(house, line) == {"OPEN"}
            assert desk_of(house).line(LIAISON).last_contact == "answered 2021-08-10 00:01Z"
            for end in ("north", "south"):
                await until(house, lambda end=end: desk_of(house, end).line(MILITARY).observed == "QUIET")  # type: ignore[misc]
                assert len(list(house.site(end).glob("*.cbor"))) == {"north": 1, "south": 3}[end]

    asyncio.run(visit())


@pytest.mark.slow
def test_the_command_serves_three_sites_and_leaves_nothing_behind_when_it_is_stopped(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "parley", "demo", "--port", str(PORT)]
    process = subprocess.Popen(
        words, stdout=subprocess.PIPE, env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    )
    try:
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], 60)[0], "it said nothing within a minute"
        assert f"http://localhost:{PORT - 1}" in process.stdout.readline().decode()
        for port in (PORT - 1, PORT, PORT + 1):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
                assert answer.status == 200
        assert len(list(tmp_path.iterdir())) == 1
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert list(tmp_path.iterdir()) == []
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
