"""Screenshots of both consoles, for a person to judge: `./run look [DIRECTORY]`, default build/looks.

Builds two real ends with a morning's work on five lines, all of it invented, serves their consoles on loopback
and lets headless Chromium (`$CHROMIUM`, else chromium) take a picture of each page, by day and by dusk.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import uvicorn

sys.path.insert(0, str(Path(__file__).parents[1] / "console"))
from pair_of_ends import SECRET, Ends, accord, paired

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
)  # fmt: skip
SECONDS_MAX = 60.0


@dataclass(frozen=True)
class Picture:
    """One page to take: `width` and `height` in CSS pixels, `scale` as a zoom of the browser."""

    name: str
    end: str
    path: str
    width: int = 1280
    height: int = 1600
    zoom: float = 1.0
    dusk: bool = False


def scene(place: Path) -> tuple[Ends, list[Picture]]:
    """A morning on five lines, and what to look at."""
    ends = paired(
        place,
        accord("Liaison", "liaison between the two governments", 53, 8 * 60, open_s=120),
        accord("Military east", "notices between the militaries, eastern sector", 0, 7 * 60),
        accord("Military west", "notices between the militaries, western sector", 0, 7 * 60),
        accord("Ship to ship", "radio between vessels on the western sea", 30),
        accord("Leaders", "between the offices of the two leaders"),
    )
    north, south = ends.north.desk, ends.south.desk
    north.take_watch("duty")
    south.take_watch("duty")
    ends.wait(30)
    south.call("Liaison", "duty")
    ends.wait(8)
    north.answer("Liaison", "duty")

    def say(
        desk_name: str, line: str, text: str, subject: str, precedence: str = "ROUTINE", reason: str = ""
    ) -> str:
        desk = getattr(ends, desk_name).desk
        draft = desk.compose(
            line, text, "duty", precedence=precedence, language="ko", subject=subject, reason=reason
        )
        return str(desk.release(draft.ref, "chief", SECRET).ref)

    fire = (
        "2021년 7월 27일 10시 05분경 군사분계선 이남 제1초소 동쪽 약 2킬로미터 지점에서 산불이 발생하였습니다.\n"
        "현재 바람은 서풍 초속 6미터이며, 불길은 북동쪽으로 번지고 있습니다.\n"
        "10시 40분부터 소방 헬기 2대가 분계선 남쪽 상공에서 진화 작업을 시작할 예정입니다. "
        "비행은 분계선에서 1킬로미터 이상 떨어져 진행합니다.\n"
        "귀측의 확인과 회신을 바랍니다."
    )
    done = say("south", "Liaison", "오늘 오전 개시 통화를 확인합니다. 특이 사항 없습니다.", "개시 통화 확인")
    ends.wait(20)
    north.acknowledge(done.replace(":ours:", ":theirs:"), "SEEN", "duty", SECRET)
    say("south", "Military west", "서해 지구 정기 점검을 14시에 실시합니다.", "정기 점검 통지", "PRIORITY")
    ends.wait(95)
    flash = say("south", "Military east", fire, "산불 발생 및 헬기 비행 통지", "FLASH", "fire near the line")
    answer = say(
        "north",
        "Liaison",
        "Our delegation will bring eleven persons and two vehicles. Names follow.",
        "",
        "PRIORITY",
    )
    ends.wait(200)
    draft = north.compose(
        "Military east",
        "귀측 통지를 접수하였습니다.\n비행을 감시 초소에 전달하였으며, 사격 훈련은 중지되었습니다.",
        "duty",
        precedence="IMMEDIATE",
        language="ko",
        subject="산불 통지에 대한 회신",
    )
    south.sever("Ship to ship", "반복된 주파수 침범", "head", SECRET)
    ends.wait(20)
    north.offer_restore(
        "Ship to ship",
        int(ends.clock.wall()) + 3600,
        "chief",
        SECRET,
        reserved="The cause of the interference.",
    )
    south.call("Liaison", "duty")
    ends.wait(4)
    theirs = flash.replace(":ours:", ":theirs:")
    return ends, [
        Picture("north-board", "north", "/"),
        Picture("north-board-first-screen", "north", "/", height=800),
        Picture("south-board", "south", "/"),
        Picture("north-board-dusk", "north", "/", dusk=True),
        Picture("north-board-zoomed", "north", "/", zoom=2.0, height=1600),
        Picture("north-message", "north", "/message/" + quote(theirs)),
        Picture("south-message", "south", "/message/" + quote(flash)),
        Picture("north-message-dusk", "north", "/message/" + quote(theirs), dusk=True),
        Picture("north-answered", "south", "/message/" + quote(answer.replace(":ours:", ":theirs:"))),
        Picture("north-release", "north", "/message/" + quote(draft.ref), height=1300),
        Picture("north-line", "north", "/line/Liaison"),
        Picture("south-line", "south", "/line/Ship%20to%20ship"),
        Picture("no-page", "north", "/line/Nowhere", height=400),
    ]


def trouble(place: Path) -> tuple[Ends, list[Picture]]:
    """The same morning a quarter of an hour after the cable was cut: what alarms look like."""
    ends, _ = scene(place)
    ends.bearers[0].link.go_down()
    ends.wait(900)
    ends.north.desk.hand_over()
    return ends, [
        Picture("trouble-board", "north", "/", height=1000),
        Picture("trouble-board-dusk", "north", "/", height=1000, dusk=True),
    ]


def hostile(place: Path) -> tuple[Ends, list[Picture]]:
    """An end whose counterpart says everything a page could trip over."""
    stack = "Z" + "\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308\u030a\u030b" * 12
    ends = paired(place, accord("Liaison", "<b>bold</b> \u202eesrever", 60))
    text = "\n".join(
        [
            "\u202eThis line turns itself around",
            "W" * 300,
            f"{stack} stacked {stack}",
            "<script>alert(1)</script>",
            "שלום עולם, 1234",
        ]
    )
    draft = ends.south.desk.compose(
        "Liaison", text, "duty", subject="\u2066" + "unbroken" * 20, language="en"
    )
    ref = ends.south.desk.release(draft.ref, "chief", SECRET).ref
    ends.wait(30)
    return ends, [
        Picture("hostile-board", "north", "/", height=1000),
        Picture("hostile-message", "north", "/message/" + quote(ref.replace(":ours:", ":theirs:"))),
        Picture("hostile-line", "north", "/line/Liaison"),
    ]


def empty(place: Path) -> tuple[Ends, list[Picture]]:
    """An end on its first day."""
    return Ends(place), [Picture("empty-board", "north", "/", height=900)]


async def take(picture: Picture, port: int, into: Path) -> None:
    with tempfile.TemporaryDirectory() as profile:
        process = await asyncio.create_subprocess_exec(
            CHROMIUM,
            *FLAGS,
            *(("--blink-settings=preferredColorScheme=0",) if picture.dusk else ()),
            f"--force-device-scale-factor={picture.zoom}",
            f"--window-size={int(picture.width / picture.zoom)},{int(picture.height / picture.zoom)}",
            f"--user-data-dir={profile}",
            f"--screenshot={into / picture.name}.png",
            f"http://127.0.0.1:{port}{picture.path}",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            await asyncio.wait_for(process.wait(), SECONDS_MAX)
        except TimeoutError:
            process.kill()
            await process.wait()
    file = into / f"{picture.name}.png"
    if not file.exists():
        raise SystemExit(f"chromium took no picture of {picture.path}; is {CHROMIUM} the browser?")
    print(f"{file}: {file.stat().st_size // 1024} KiB")


async def serve_and_take(ends: Ends, pictures: list[Picture], into: Path) -> None:
    serving, ports = [], {}
    for name, end in (("north", ends.north), ("south", ends.south)):
        server = uvicorn.Server(uvicorn.Config(end.console, log_level="warning", lifespan="off"))
        listening = socket.create_server(("127.0.0.1", 0))
        ports[name] = listening.getsockname()[1]
        serving.append((server, asyncio.create_task(server.serve([listening]))))
    try:
        for picture in pictures:
            await take(picture, ports[picture.end], into)
    finally:
        for server, task in serving:
            server.should_exit = True
            await task
        ends.close()


def main() -> int:
    into = Path(sys.argv[1] if len(sys.argv) > 1 else "build/looks")
    into.mkdir(parents=True, exist_ok=True)
    wanted = sys.argv[2:]
    for build in (scene, trouble, hostile, empty):
        with tempfile.TemporaryDirectory() as place:
            ends, pictures = build(Path(place))
            chosen = [p for p in pictures if not wanted or p.name in wanted]
            asyncio.run(serve_and_take(ends, chosen, into))
    return 0


if __name__ == "__main__":
    sys.exit(main())
