"""Ends for pictures: a morning of 27 July 2021 between two invented watches, standing still on a virtual clock.

Everything said in it is invented. Two pairs of ends are served on loopback by one loop in a thread of its own: one on
a calm morning, one with everything at once (a FLASH unread, a line ringing, an acknowledgement overdue, terms on
offer, a line cut with a message kept back). The clock stands: deadlines in a picture are the same at every taking.
"""

from __future__ import annotations

import asyncio
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, TypeVar
from urllib.parse import quote

import uvicorn

sys.path.insert(0, str(Path(__file__).parents[1] / "console"))
from pair_of_ends import SECRET, End, Ends, accord, paired

from parley import console
from parley.core.accord import Accord
from parley.core.instruments.sealed import PAD_BYTES, SEAL_BYTES, Header, encode_sealed

Made = TypeVar("Made")
LANGUAGES: Final = ("ko", "en")
FIRE: Final = (
    "2021년 7월 27일 10시 05분경 제1초소 동쪽 약 2킬로미터 지점에서 산불이 발생하였습니다. [지어낸 글]\n"
    "바람은 서풍 초속 6미터이며, 불길은 북동쪽으로 번지고 있습니다.\n"
    "10시 40분부터 소방 헬기 2대가 분계선 남쪽 상공에서 진화 작업을 시작할 예정입니다. "
    "비행은 분계선에서 1킬로미터 이상 떨어져 진행합니다.\n"
    "귀측의 확인과 회신을 바랍니다."
)
FIRE_EN: Final = (
    "A fire broke out about 2 kilometres east of post 1 at 1005 on 27 July 2021. [invented]\n"
    "The wind is westerly, 6 metres a second; the fire spreads to the north-east.\n"
    "From 1040 two helicopters will fight it from south of the line, "
    "keeping more than 1 kilometre away from it.\n"
    "We ask you to confirm and to answer."
)


@dataclass
class Shown:
    """One console on the air. `paths`: pages of it, by name."""

    end: End
    base: str
    paths: dict[str, str] = field(default_factory=dict)

    def secret(self, officer: str) -> str:
        return SECRET


def _line(name: str, purpose: str, *minutes: int, open_s: int = 3600) -> Accord:
    made = accord(name, purpose, *minutes, open_s=open_s)
    return Accord(
        made.name,
        made.nonce,
        purpose=made.purpose,
        languages=made.languages,
        schedule=made.schedule,
        civil_clocks=(540, 540),
    )


LINES: Final = (
    ("Liaison", "liaison between the two sides", (53, 8 * 60), 120),
    ("Military East", "notices, eastern sector", (7 * 60,), 3600),
    ("Military West", "notices, western sector", (7 * 60,), 3600),
    ("Ship to ship", "radio between vessels on the western sea", (), 3600),
    ("Services", "notices on works and services", (), 3600),
)


def _said(end: End, line: str, text: str, subject: str, precedence: str, language: str) -> str:
    reason = "lives are in danger now" if precedence == "FLASH" else ""
    draft = end.desk.compose(
        line, text, "duty", precedence=precedence, language=language, subject=subject, reason=reason
    )
    return str(end.desk.release(draft.ref, "chief", SECRET).ref)


def _theirs(ref: str) -> str:
    return ref.replace(":ours:", ":theirs:")


def _message(ref: str) -> str:
    return "/message/" + quote(ref)


def _begun(place: Path) -> Ends:
    ends = paired(place, *(_line(name, purpose, *at, open_s=s) for name, purpose, at, s in LINES))
    for end in (ends.north, ends.south):
        end.desk.take_watch("duty")
    ends.wait(30)
    ends.south.desk.call("Liaison", "duty")
    ends.wait(8)
    ends.north.desk.answer("Liaison", "duty")
    ends.wait(20)
    opening = _said(
        ends.south,
        "Liaison",
        "오늘 오전 개시 통화를 확인합니다. 특이 사항 없습니다. [지어낸 글]",
        "개시 통화 확인",
        "ROUTINE",
        "ko",
    )
    ends.wait(20)
    ends.north.desk.acknowledge(_theirs(opening), "SEEN", "duty", SECRET)
    ends.wait(10)
    return ends


def calm(place: Path) -> tuple[Ends, dict[str, dict[str, str]]]:
    """A morning on which nothing needs anybody."""
    return _begun(place), {"north": {"board-calm": "/"}, "south": {}}


def busy(place: Path) -> tuple[Ends, dict[str, dict[str, str]]]:
    """The morning with everything at once."""
    ends = _begun(place)
    north, south = ends.north, ends.south
    asked = _said(
        south,
        "Services",
        "The works at the eastern crossing end at 1500 today. [invented]",
        "Works",
        "PRIORITY",
        "en",
    )
    ends.wait(30)
    north.desk.acknowledge(_theirs(asked), "READ_BACK", "duty", SECRET, "works end 1500")
    ends.wait(20)
    answer = north.desk.begin_draft("Services", "duty")
    north.desk.save_draft(
        answer.ref,
        "duty",
        {**answer.fields, "text": "Noted. Our crew leaves at 1430. [invented]", "answers": _theirs(asked)},
    )
    north.desk.offer_draft(answer.ref, "duty")
    north.desk.release(answer.ref, "chief", SECRET)
    ends.wait(20)
    ladder = _said(
        north,
        "Military West",
        "Exercise with small arms from 1300 to 1500, 8 kilometres from the line. [invented]",
        "Exercise notice",
        "IMMEDIATE",
        "en",
    )
    ends.wait(40)
    south.desk.acknowledge(_theirs(ladder), "READ_BACK", "duty", SECRET, "1300 to 1500, 8 kilometres")
    ends.wait(20)
    reply = south.desk.begin_draft("Military West", "duty")
    south.desk.save_draft(
        reply.ref,
        "duty",
        {**reply.fields, "text": "Understood. Our post is told. [invented]", "answers": _theirs(ladder)},
    )
    south.desk.offer_draft(reply.ref, "duty")
    south.desk.release(reply.ref, "chief", SECRET)
    ends.wait(20)
    late = _said(
        south,
        "Military West",
        "서해 지구 정기 점검을 14시에 실시합니다. [지어낸 글]",
        "정기 점검 통지",
        "IMMEDIATE",
        "ko",
    )
    # The line between ships is cut; a message is kept back; terms are offered by us, and half agreed.
    south.desk.sever("Ship to ship", "반복된 주파수 침범 [지어낸 글]", "head", SECRET)
    ends.wait(10)
    kept = _said(
        north, "Ship to ship", "The patrol turns back at 0600. [invented]", "Patrol", "ROUTINE", "en"
    )
    ends.wait(30)
    south.desk.offer_restore(
        "Ship to ship",
        int(ends.clock.wall()) + 4 * 3600,
        "chief",
        SECRET,
        reserved="The cause of the interference.",
    )
    north.desk.offer_restore("Ship to ship", int(ends.clock.wall()) + 5 * 3600, "chief", SECRET)
    ends.wait(1900)
    waits = north.desk.compose(
        "Military East",
        "귀측 통지를 접수하였습니다.\n비행을 감시 초소에 전달하였습니다. [지어낸 글]",
        "duty",
        precedence="IMMEDIATE",
        language="ko",
        subject="산불 통지에 대한 회신",
    )
    begun = north.desk.begin_draft("Military West", "duty")
    north.desk.save_draft(
        begun.ref,
        "duty",
        {
            **begun.fields,
            "precedence": "FLASH",
            "title": "Fire and helicopters",
            "text": FIRE_EN,
            "reason": "lives are in danger now",
            "language": "en",
        },
    )
    flash = _said(south, "Military East", FIRE, "산불 발생 및 헬기 비행 통지", "FLASH", "ko")
    ends.wait(200)
    south.desk.call("Liaison", "duty")
    ends.wait(4)
    number = begun.ref.removeprefix("draft:")
    return ends, {
        "north": {
            "board-alarms": "/",
            "message-flash": _message(_theirs(flash)),
            "message-ladder": _message(ladder),
            "message-kept-back": _message(kept),
            "message-late": _message(_theirs(late)),
            "draft": f"/draft/{number}",
            "check": f"/draft/{number}/check",
            "release": _message(waits.ref),
            "line": "/line/Military%20West",
            "line-cut": "/line/Ship%20to%20ship",
            "record": "/record/Military%20West",
            "call": "/call/Liaison",
            "restore": "/restore/Ship%20to%20ship",
            "sever": "/sever/Liaison",
            "sever-all": "/sever",
            "watch": "/watch",
            "sentence": "/line/Nowhere",
            "sign-in": "/sign-in",
            "wall": "/wall",
        },
        "south": {"message-unanswered": _message(flash)},
    }


def papers(place: Path) -> tuple[Ends, dict[str, dict[str, str]]]:
    """The morning with letters, an appointment for a handover, and an hour for an announcement."""
    ends = _begun(place)
    north, south = ends.north.desk, ends.south.desk
    names = {"in_whose_name": "남측 국정실 [지어낸 이름]", "to_whom": "북측 국정실 [지어낸 이름]"}

    def released(desk: Any, paper: Any) -> str:
        ref = str(desk.letters.release(paper.ref, "chief", SECRET).ref)
        ends.wait(10)
        return ref

    for rank in ("실장", "차장"):
        tender = released(south, south.letters.tender("Services", "duty", rank=rank, **names))
    released(north, north.letters.answer(_theirs(tender), "accepted", "duty"))
    header = Header(b"w" * 32, b"a" * 32, 1, b"c" * 32)
    sealed_letter = encode_sealed(header, bytes(SEAL_BYTES + PAD_BYTES))
    released(south, south.letters.hand_in(sealed_letter, "duty", ref=tender))
    ends.wait(60)
    for desk, ref, tier in ((south, tender, "count and dates"), (north, _theirs(tender), "existence")):
        released(desk, desk.letters.tier(ref, tier, "duty"))
    north.letters.tender("Services", "duty", in_whose_name=names["to_whom"], to_whom=names["in_whose_name"])
    at = int(ends.clock.wall()) + 3 * 86400
    given = {
        "occasion": "handover",
        "lasts": 1800,
        "place": "회의실 [지어낸 글]",
        "purpose": "서한 전달 [지어낸 글]",
    }
    for hour in (at, at + 86400):
        terms = south.appointments.offer("Services", "chief", SECRET, at=hour, **given)
        ends.wait(10)
    north.agree(terms.ref, "chief", SECRET)
    ends.wait(10)
    points = ("통신선이 다시 열린다 [지어낸 글]", "회담은 정하지 않았다 [지어낸 글]")
    hour_ref = south.announcements.offer_hour(
        "Services", at, "통신선 재개 [지어낸 글]", "chief", SECRET, points
    ).ref
    ends.wait(10)
    north.agree(hour_ref, "chief", SECRET)
    ends.wait(10)
    words = "Lines open again [invented]", "All lines work. [invented]"
    north.announcements.draft(hour_ref, "duty", *words, language="en", points=(0,))
    ends.wait(600)
    letter = "/letter/" + quote(_theirs(tender))
    return ends, {
        "north": {
            "letters": "/letters", "letter": letter, "letter-desk": "/letters/desk", "appointments": "/appointments",
            "announcements": "/announcements", "announcement": f"/announcement/{hour_ref}",
            "calendar": "/calendar/Liaison", "year": "/year/Liaison",
        },
        "south": {},
    }  # fmt: skip


def hostile(place: Path) -> tuple[Ends, dict[str, dict[str, str]]]:
    """An end whose counterpart says everything a page could trip over."""
    tower = "Z" + "\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308\u030a\u030b" * 12
    ends = paired(place, _line("Liaison", "<b>bold</b> \u202eesrever", 60))
    text = "\n".join(
        (
            "\u202eThis line turns itself around",
            "W" * 300,
            f"{tower} stacked {tower}",
            "<script>alert(1)</script>",
            "שלום עולם, 1234",
        )
    )
    draft = ends.south.desk.compose(
        "Liaison", text, "duty", subject="\u2066" + "unbroken" * 20, language="en"
    )
    ref = str(ends.south.desk.release(draft.ref, "chief", SECRET).ref)
    ends.wait(30)
    names = {"in_whose_name": f"\u202e{tower[:40]} <i>office</i>", "to_whom": "unbroken" * 16}
    paper = ends.south.desk.letters.tender("Liaison", "duty", **names)
    tender = str(ends.south.desk.letters.release(paper.ref, "chief", SECRET).ref)
    ends.wait(30)
    paths = {"message-hostile": _message(_theirs(ref)), "board-hostile": "/", "line-hostile": "/line/Liaison"}
    paths["letter-hostile"] = "/letter/" + quote(_theirs(tender))
    return ends, {"north": paths, "south": {}}


def empty(place: Path) -> tuple[Ends, dict[str, dict[str, str]]]:
    """An end on its first day: officers, and nobody to talk to."""
    ends = Ends(place)
    ends.add_officers()
    return ends, {"north": {"board-first-day": "/"}, "south": {}}


def said_by_people(ends: Ends) -> set[str]:
    """All that officers wrote or named, which no catalogue translates."""
    found: set[str] = {*ends.names, "cable"}
    for end in (ends.north, ends.south):
        desk = end.desk
        found |= {text for o in desk.officers() for text in (o.name, o.office)}
        for line in desk.lines():
            found |= {line.name, line.purpose}
        for m in (*desk.messages(most=100), *desk.drafts()):
            found |= {m.ref, m.subject, m.text, *m.text.split("\n"), m.read_back}
        for d in desk.drafting():
            found |= {v for k, v in d.fields.items() if k not in ("precedence", "language", "line")}
        for t in desk.terms():
            found |= {t.reserved, t.line}
        for x in (*desk.letters.list(), *desk.letters.count()):
            found |= {x.in_whose_name, x.to_whom}
        for v in desk.letters.list():
            found |= {v.ref, v.rank}
        for a in desk.appointments.list():
            found |= {a.place, a.purpose, a.reason}
        for n in desk.announcements.all():
            found |= {
                n.subject,
                *(p.words for p in n.points),
                *(w for t in n.ours for w in (t.title, *t.text.split("\n"))),
            }
        for event in desk.journal(200):
            found |= {str(event.detail.get("note", "")), event.officer}
    parts = {
        part
        for text in found
        for part in (text, *re.split("[\u0300-\u036f\u202a-\u202e\u2066-\u2069]+", text))
    }
    return {part.strip() for part in parts if part.strip()}


# --- on the air -------------------------------------------------------------------------------------


class Air:
    """A loop in a thread that serves consoles. All that touches an end is done there: `do`."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self._servers: list[tuple[uvicorn.Server, Any]] = []

    def do(self, act: Callable[[], Made]) -> Made:
        """`act`, done in the loop's thread; its result."""

        async def doing() -> Made:
            return act()

        return asyncio.run_coroutine_threadsafe(doing(), self.loop).result(60)

    def serve(self, end: End, host: str) -> str:
        """A console for `end`; its address."""
        listening = socket.create_server(("127.0.0.1", 0))
        app = self.do(lambda: console.app(end.desk, allowed_hosts=(host,)))
        server = uvicorn.Server(
            uvicorn.Config(app, log_level="error", lifespan="off", timeout_graceful_shutdown=1)
        )
        server.capture_signals = _nothing  # type: ignore[method-assign]
        task = asyncio.run_coroutine_threadsafe(server.serve([listening]), self.loop)
        self._servers.append((server, (task, app, listening)))
        return f"http://{host}:{listening.getsockname()[1]}"

    def end(self) -> None:
        for server, (task, app, listening) in self._servers:
            self.do(app.end_streams)
            server.should_exit = True
            task.result(10)
            listening.close()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


@contextmanager
def _nothing() -> Iterator[None]:
    yield


@contextmanager
def on_air(
    place: Path, build: Callable[[Path], tuple[Ends, dict[str, dict[str, str]]]], suffix: str = ""
) -> Iterator[SimpleNamespace]:
    """The ends that `build` makes, served: `.north` and `.south` are Shown, `.ends`, `.air`."""
    air = Air()
    try:
        ends, paths = air.do(lambda: build(place))
        shown = {
            name: Shown(end, air.serve(end, f"{name}{suffix}.localhost"), paths[name])
            for name, end in (("north", ends.north), ("south", ends.south))
        }
        yield SimpleNamespace(**shown, ends=ends, air=air)
        air.do(ends.close)
    finally:
        air.end()
