"""./run bench texts: how large the frame is of a complete FLASH of 100 characters, of a receipt, of a tender.

Two ends in this process on a virtual clock, joined by a link in memory that is listened to. Each text becomes a draft
as the console makes it, of one officer and released by another; the message before it is lost on the way, and the
receiver must show the FLASH, its text to the letter, with one missing before. The figure is the worst of the texts.

The texts here are ours, so nothing follows from them for those of others. `--texts FILE` measures any: UTF-8, one
text a line, each a whole message; a text with Hangul in it counts as Korean, any other as English.
"""

from __future__ import annotations

import argparse
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.ends import PARTIES, QUICK, WORDS
from bench.figures import Figure
from parley.bearers import Traits, nobody
from parley.bearers.memory import MemoryBearer, memory_pair
from parley.core.accord import Accord
from parley.core.instruments.message import State
from parley.core.types import POWERS_ALL, Precedence
from parley.desk import Desk
from parley.home import Home
from parley.node import Node, Settings
from parley.scenario.clock import VirtualClock

START = 1_795_262_400.0
LINE = "Liaison"
LIFE_BYTES = 40
FRAME_FIXED_BYTES = 119  # of a frame in the form any without a key, beside its body (spec 7.8)
SETTLES_S = 90.0  # until all is receipted and stated
ENGLISH = (
    "Our patrol boats have lost an engine and drift to the south. We ask you to hold fire. Reply by phone",
    "Fishing boat adrift 3 nm north of the line, four persons on board, no radio. May we send one tug in?",
    "We are opening two gates of the upper dam at 18:00. The river will rise by 1.5 m by midnight tonight",
    "Shots were heard near hill 204 at 0312. Our post did not fire. We ask for a call with your colonels.",
    "A convoy of 9 trucks leaves at 0700 by the coast road. White flags. Please confirm safe passage now.",
    "Your drone crossed the fence at marker 41 and came down in our field. We will return it on Thursday.",
)
KOREAN = (
    "귀측 어선 한 척이 기관 고장으로 우리 수역에서 표류하고 있습니다. 선원 네 명은 무사합니다. "
    "우리 예인선이 17시 40분에 도착하여 경계선까지 인도하겠으니 맞이할 준비를 바랍니다.",
    "오늘 03시 12분 204고지 방향에서 총성이 들렸습니다. 우리 초소는 사격하지 않았습니다. "
    "귀측에서도 사격을 멈추고 지휘관 사이의 통화를 09시에 열 것을 제의하며 회답을 기다립니다.",
    "상류 댐의 수문 두 개를 18시에 엽니다. 자정까지 강물이 1.5미터 높아질 것이니 하류 주민과 "
    "야영객을 미리 대피시켜 주시고 귀측 저수지의 수위를 알려 주시기 바랍니다. 이상입니다.",
    "구호물자를 실은 화물차 아홉 대가 07시에 해안 도로로 출발합니다. 흰 깃발을 달았고 무기는 없습니다. "
    "안전한 통행을 보장하고 검문소에 미리 알려 주시기 바랍니다. 확인 바랍니다.",
)  # cut to the first hundred characters
CHARACTERS = 100
TENDERS = {  # in whose name, to whom, rank: offices of usual length
    "en": ("Head of the Office of the President", "Chairman of the State Affairs Commission", "Minister"),
    "ko": ("남측 대통령 비서실장", "북측 국무위원회 부위원장", "장관급"),
}


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--texts", metavar="FILE", help="part texts: measure these, one a line, beside ours")


def run(chosen: argparse.Namespace) -> dict[str, Figure]:
    """Measures everything; gives the figures by name."""
    ours = (ENGLISH, KOREAN)
    if chosen.short:
        ours = (ENGLISH[:2], KOREAN[:2])
    given = _given(Path(chosen.texts)) if chosen.texts else ([], [])
    found: dict[str, Figure] = {}
    with tempfile.TemporaryDirectory() as place, _joined(Path(place)) as ends:
        for language, aim, texts in (("en", 236, ours[0]), ("ko", 270, ours[1])):
            sizes = [ends.flash(text[:CHARACTERS], language) for text in texts]
            found[f"frame_bytes_flash_{language}_100"] = Figure(max(sizes), "bytes", aim)
            bits = sum(size - FRAME_FIXED_BYTES - 1 for size in sizes) * 8
            found[f"text_bits_per_character_{language}"] = Figure(bits / (CHARACTERS * len(sizes)), "bits")
        for language, names in TENDERS.items():
            found[f"frame_bytes_tender_{language}"] = Figure(ends.tender(*names), "bytes", 200)
        found["frame_bytes_receipt"] = Figure(ends.receipt(), "bytes", 136)
        found["frame_bytes_sign_of_life"] = Figure(ends.sign_of_life(), "bytes", LIFE_BYTES)
        for language, texts in zip(("en", "ko"), given, strict=True):
            sizes = [ends.flash(text, language) for text in texts]
            why = "" if sizes else "no such text was given"
            if chosen.texts:
                for name, of in (("median", median), ("worst", max)):
                    value = of(sizes) if sizes else None
                    found[f"frame_bytes_given_{language}_{name}"] = Figure(value, "bytes", None, why)
    return found


def _given(file: Path) -> tuple[list[str], list[str]]:
    """The texts of a file, English and Korean."""
    texts = [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    korean = [text for text in texts if re.search("[가-힣]", text)]
    return [text for text in texts if text not in korean], korean


class Listened:
    """A bearer that notes what its end sends, and while it does not pass loses it."""

    def __init__(self, inner: MemoryBearer) -> None:
        self.name: str = inner.name
        self.traits: Traits = inner.traits
        self.inner = inner
        self.sent: list[bytes] = []
        self.passes = True

    @property
    def up(self) -> bool:
        return self.inner.up

    def attach(
        self,
        receive: Callable[[bytes], None],
        changed: Callable[[bool], None],
        ready: Callable[[], None] = nobody,
    ) -> None:
        self.inner.attach(receive, changed, ready)

    async def start(self) -> None:
        self.inner.open()

    def send(self, frame: bytes) -> bool:
        self.sent.append(frame)
        return self.inner.send(frame) if self.passes else True

    async def aclose(self) -> None:
        self.inner.close()


@dataclass(frozen=True)
class Joined:
    """North speaks, South listens."""

    clock: VirtualClock
    desks: tuple[Desk, Desk]
    bearers: tuple[Listened, Listened]

    def flash(self, text: str, language: str) -> int:
        """The bytes of the frame by which South comes to show `text` though the message before it is missing.
        Raises AssertionError if it does not."""
        way = self.bearers[0]
        way.passes = False
        self._say("Lost on its way.", "en", "ROUTINE")
        self._wait(1.0)
        way.sent.clear()
        self._say(text, language, "FLASH")
        self._wait(0.5)
        for frame in way.sent:
            assert way.inner.send(frame)
            self._wait(0.1)
            shown = self.desks[1].messages(LINE)[0]
            if shown.text == text:
                break
        assert (shown.text, shown.language, shown.precedence) == (text, language, "FLASH"), shown
        assert shown.missing_before == 1 and shown.proven and not shown.subject, shown
        way.passes = True
        self._wait(SETTLES_S)
        return len(frame)

    def tender(self, in_whose_name: str, to_whom: str, rank: str) -> int:
        """The larger of the frames of a tender and of one that takes its place. Raises AssertionError if South does not
        show both as they were said."""
        sizes, earlier = [], ""
        for _ in range(2):
            paper = self.desks[0].letters.tender(
                LINE, "duty", in_whose_name=in_whose_name, to_whom=to_whom, rank=rank, instead_of=earlier
            )
            self.bearers[0].sent.clear()
            earlier = self.desks[0].letters.release(paper.ref, "chief", WORDS["chief"]).ref
            self._wait(1.0)
            shown = self.desks[1].letters.list()[0]
            assert (shown.in_whose_name, shown.to_whom, shown.rank) == (in_whose_name, to_whom, rank), shown
            sizes.append(max(len(frame) for frame in self.bearers[0].sent))
            self._wait(SETTLES_S)
        assert shown.instead_of, "the second does not say whose place it takes"
        return max(sizes)

    def receipt(self) -> int:
        """The largest frame by which South receipts a message of which nothing is missing."""
        self._wait(SETTLES_S)
        self.bearers[1].sent.clear()
        self._say(ENGLISH[0], "en", "FLASH")
        self._wait(1.0)
        frames = [len(frame) for frame in self.bearers[1].sent if len(frame) > LIFE_BYTES]
        assert frames, "nothing was receipted"
        said = self.desks[0].messages(LINE)[0]
        assert said.state == State.AT_THEIR_END.value, said
        return max(frames)

    def sign_of_life(self) -> int:
        """The largest frame of a line on which nothing happens."""
        self._wait(3 * SETTLES_S)
        self.bearers[0].sent.clear()
        self._wait(SETTLES_S)
        assert len(self.bearers[0].sent) >= 3, "no signs of life"
        return max(len(frame) for frame in self.bearers[0].sent)

    def _say(self, text: str, language: str, precedence: str) -> None:
        """As the console has it: begun, saved with what its page sends, offered, released by another officer."""
        desk = self.desks[0]
        line = next(view for view in desk.lines() if view.name == LINE)
        draft = desk.begin_draft(line.id, "duty")
        fields = {
            "line": line.id,
            "language": language,
            "precedence": precedence,
            "text": text,
            "reason": "as measured",
        }
        desk.save_draft(draft.ref, "duty", {**draft.fields, **fields})
        offered = desk.offer_draft(draft.ref, "duty")
        desk.release(offered.ref, "chief", WORDS["chief"], offer=offered.offer)

    def _wait(self, seconds: float) -> None:
        self.clock.run_until(self.clock.wall() + seconds)


@contextmanager
def _joined(place: Path) -> Iterator[Joined]:
    """Two ends paired, with one open line, and nothing to tell each other."""
    clock, root = VirtualClock(START), WORDS["root"]
    homes = [
        Home.create(
            place / party, party=party, passphrase=WORDS["end"], root_passphrase=root, cost=QUICK, sync=False
        )
        for party in PARTIES
    ]
    nodes = [Node(home, clock=clock, timer=clock, entropy=os.urandom, settings=Settings()) for home in homes]
    first, second = memory_pair(clock, name="cable", latency_s=0.01)
    joined = Joined(clock, (Desk(nodes[0]), Desk(nodes[1])), (Listened(first), Listened(second)))
    try:
        _paired(joined, nodes)
        _opened(joined)
        yield joined
    finally:
        for node in nodes:
            node.stop()
            node.home.close()


def _paired(joined: Joined, nodes: Sequence[Node]) -> None:
    (north, south), root = joined.desks, WORDS["root"]
    for desk in joined.desks:
        for name in ("duty", "chief"):
            desk.add_officer(name, f"{name} officer", POWERS_ALL, Precedence.FLASH, WORDS[name], root, QUICK)
    cards = north.pair_card(root), south.pair_card(root)
    shares = (
        north.pair_share(cards[1], south.fingerprint(), root),
        south.pair_share(cards[0], north.fingerprint(), root),
    )
    north.pair_finish(PARTIES[1], cards[1], shares[1], root)
    south.pair_finish(PARTIES[0], cards[0], shares[0], root)
    for node, bearer in zip(nodes, joined.bearers, strict=True):
        node.attach(bearer)
        bearer.inner.open()
        node.start()
    joined._wait(5)


def _opened(joined: Joined) -> None:
    north, south = joined.desks
    agreed = Accord(LINE, os.urandom(16), languages=("ko", "en"), quorum_restore=1)
    terms = north.offer_line(PARTIES[1], agreed, "duty", WORDS["duty"])
    joined._wait(5)
    south.agree(terms.ref, "duty", WORDS["duty"])
    joined._wait(5)
    opening = north.offer_restore(LINE, int(joined.clock.wall()), "duty", WORDS["duty"])
    joined._wait(5)
    south.agree(opening.ref, "duty", WORDS["duty"])
    joined._wait(SETTLES_S)
