"""The desk's socket against whoever may open it: always one JSON answer or a closed connection."""

from __future__ import annotations

import inspect
import json
import os
import random
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import realends
from realends import LINE, WORDS, Pair, RealEnd, refused

from parley.desk.ask import QUESTIONS
from parley.desk.door import LINE_BYTES_MAX
from parley.home import Home

MiB = 1 << 20
GOOD = {
    "name": "South",
    "line": LINE,
    "text": "x",
    "by": "duty",
    "passphrase": WORDS["duty"],
    "root_passphrase": WORDS["root"],
    "draft": "draft:1",
    "ref": f"{LINE}:ours:2/1",
    "precedence": "ROUTINE",
    "pair": "South",
    "grounds": "x",
    "reason": "x",
    "grade": "seen",
    "office": "x",
    "powers": "release",
    "precedence_max": "FLASH",
    "opens_at": 4_000_000_000,
    "languages": "en",
    "slots": "09:00 check",
    "owners": ";",
    "civil_clocks": "0,0",
    "always_open": "",
    "most": 1,
    "path": "/dev/null",
}
BAD: list[object] = [
    *(None, True, False, 0, 1, -1, 2**31, 2**32, 2**63, 2**64, 10**40, -(2**70), 1.5, [], {}, [1], {"a": 1}),
    *(
        "",
        "a",
        "a" * 300,
        "a" * 100_000,
        "\0",
        "a\0b",
        "\ud800",
        "\u202e",
        "\n",
        "/",
        "../../x",
        "/a/b/c",
        "%",
    ),
    *("1", "-1", "draft:", "draft:0", "draft:99999999999999999999", "draft:٣", ":", "::", "a:b:c", "é" * 40),
    *(f"{LINE}:ours:", f"{LINE}:ours:-1/1", f"{LINE}:ours:1/99999999999", f"{LINE}:ours:1_0/1", "a" * 33),
    *(f"{LINE}:theirs:0/1", f"{LINE}:ours:65535/1", "99:99 check", "09:00 lunch", "-1:0 check", "9", "1:2:3"),
    *("9:0 check check", ";;", "1e5", "99999999,1", "99999999999,1", "1,", "-1,-1", "en,en", "en," * 70),
    *("e n", "NONE", "RELEASE,ACKNOWLEDGE", "read back", "FLASH", "order wire South", "99", "A" * 5000),
]


@pytest.fixture(scope="module")
def node(prepared: Pair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealEnd]:
    """An end whose node is up; after all of this it is whole and stops as it should."""
    end = realends.twin(prepared.north, tmp_path_factory.mktemp("d"))
    end.configure("")
    (end.secrets / "node.err").write_bytes(b"")
    end.up()
    yield end
    assert end.down() == 0
    assert end.node_said() == ""
    home = Home.open(end.home, WORDS["end"])
    assert home.watch_log.broken_at() is None
    home.close()


def memory_bytes(end: RealEnd) -> int:
    assert end.process
    for line in Path(f"/proc/{end.process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    pytest.skip("this system does not tell how much memory a process took")


class Visitor:
    """Somebody at the socket; comes again when the door was shut."""

    def __init__(self, end: RealEnd) -> None:
        self.end, self.link = end, end.door()

    def says(self, data: bytes) -> dict[str, object] | None:
        """What is answered, or None for a closed connection; nothing else is allowed."""
        heard = b""
        try:
            self.link.sendall(data)
            if not data.endswith(b"\n"):
                self.link.shutdown(socket.SHUT_WR)
            while not heard.endswith(b"\n") and (piece := self.link.recv(1 << 16)):
                heard += piece
        except (BrokenPipeError, ConnectionResetError):
            heard = b""
        if not heard or not data.endswith(b"\n"):
            self.link.close()
            self.link = self.end.door()
        if not heard:
            return None
        found = json.loads(heard)
        assert isinstance(found, dict) and ("answer" in found) != ("error" in found), heard
        return found

    def asks(self, name: object, /, **given: object) -> dict[str, object] | None:
        return self.says(json.dumps({"ask": name, "with": given}).encode() + b"\n")


@pytest.fixture
def visitor(node: RealEnd) -> Iterator[Visitor]:
    made = Visitor(node)
    yield made
    made.link.close()
    assert node.ask("status")["party"] == "North"


def is_refused(found: dict[str, object] | None) -> bool:
    return found is not None and bool(found.get("error")) and "hint" in found


def test_only_the_owner_may_open_the_socket(node: RealEnd) -> None:
    found = (node.home / "desk.sock").stat()
    assert stat.S_ISSOCK(found.st_mode) and stat.S_IMODE(found.st_mode) == 0o600
    assert stat.S_IMODE(node.home.stat().st_mode) == 0o700
    assert found.st_uid == os.getuid()


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"0",
        b'"status"',
        b'{"ask": 1}',
        b'{"ask": "status", "with": []}',
        b'{"ask": "status", "with": {"1": 1}}',
        b'{"ask": "nothing of the kind"}',
        b'{"ask": "__init__"}',
        b'{"ask": "_node"}',
        b'{"ask": "journal"}',
        b'{"ask": "status.__class__"}',
        b'{"ask": "status", "with": {"self": 1}}',
        b'{"ask": "officers", "with": {"desk": 1}}',
        b'{"ask": "line"}',
        b'{"ask": "line", "with": {"name": NaN}}',
        b'{"ask": "record", "with": {"most": ' + b"9" * 5000 + b"}}",
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"\xff\xfe\x00",
        b"\x00" * 1000,
        b'{"ask": "status"',
        "{'ask': 'status'}".encode("utf-16"),
    ],
)
def test_what_is_no_question_is_refused(visitor: Visitor, line: bytes) -> None:
    assert is_refused(visitor.says(line + b"\n"))


def test_half_a_line_is_answered_or_the_door_shut(visitor: Visitor) -> None:
    whole = b'{"ask": "status", "with": {}}'
    for size in range(len(whole)):
        found = visitor.says(whole[:size])
        assert found is None or is_refused(found)
    assert "answer" in (visitor.says(whole) or {})  # whole, but for its end


def test_rubbish_is_refused(visitor: Visitor) -> None:
    chance = random.Random(7)
    for _ in range(100):
        found = visitor.says(chance.randbytes(chance.randrange(1, 2000)).replace(b"\n", b" ") + b"\n")
        assert found is None or is_refused(found)


def test_questions_in_one_packet_are_answered_in_their_order(node: RealEnd) -> None:
    with node.door() as link:
        link.sendall(b'{"ask": "status"}\nrubbish\n{"ask": "lines"}\n')
        heard = b""
        while heard.count(b"\n") < 3:
            heard += link.recv(1 << 16)
    found = [json.loads(line) for line in heard.splitlines()]
    assert found[0]["answer"]["party"] == "North" and "error" in found[1] and found[2]["answer"]


def test_a_line_beyond_the_limit_shuts_the_door_and_costs_little(node: RealEnd, visitor: Visitor) -> None:
    before = memory_bytes(node)
    for size in (LINE_BYTES_MAX, 4 * LINE_BYTES_MAX):
        assert visitor.says(b"x" * size + b"\n") is None or size == LINE_BYTES_MAX
    links = [node.door() for _ in range(20)]
    for link in links:
        link.setblocking(False)
        sent = 0
        while sent < 2 * LINE_BYTES_MAX:
            try:
                sent += link.send(b"x" * 65536)
            except (BlockingIOError, BrokenPipeError, ConnectionResetError):
                break
    assert node.ask("status")
    for link in links:
        link.close()
    assert memory_bytes(node) - before < 20 * 3 * LINE_BYTES_MAX


def test_visitors_who_do_not_listen_do_not_stop_the_others(node: RealEnd) -> None:
    idle = [node.door() for _ in range(200)]
    deaf = node.door()
    deaf.setblocking(False)
    before = memory_bytes(node)
    try:
        for _ in range(20_000):
            deaf.send(b'{"ask": "status"}\n')
    except BlockingIOError:
        pass  # the node takes no more from one who takes nothing from it
    for _ in range(3):
        assert node.ask("status")
    for link in [*idle, deaf]:
        link.close()
    assert node.ask("status")
    assert memory_bytes(node) - before < 32 * MiB


def test_a_visitor_who_leaves_before_the_answer_is_forgotten(node: RealEnd) -> None:
    for _ in range(50):
        with node.door() as link:
            link.sendall(b'{"ask": "entries", "with": {"line": "Liaison"}}\n')
    assert node.ask("status")


@pytest.mark.parametrize(
    ("words", "has"),
    [
        (("contact", LINE, "--answer", "--as", "duty"), "does not ring"),
        (("contact", LINE, "--as", "nobody"), "there is no officer 'nobody'"),
        (("contact", "Nope", "--as", "duty"), "there is no line 'Nope'"),
        (("watch", "take", "--as", "nobody"), "there is no officer 'nobody'"),
        (("send", LINE, "caf\udce9", "--as", "duty"), "lone surrogate"),
        (("show", "elephant"), "names no message"),
    ],
)
def test_a_refusal_by_the_node_reads_as_any_other(node: RealEnd, words: tuple[str, ...], has: str) -> None:
    refused(node.says(*words), has)


def test_a_running_node_needs_no_passphrase_of_the_end(node: RealEnd) -> None:
    assert realends.in_process(["--home", str(node.home), "status"]).code == 0
    assert node.says("watch", "take", "--as", "duty").code == 0
    assert node.says("status", "--json").found["watch"] == "duty"
    assert node.says("watch", "hand-over").code == 0
    assert node.says("contact", LINE, "--as", "duty", "--json").found["name"] == LINE


def wrongs(chance: random.Random, rounds: int) -> Iterator[tuple[str, dict[str, object]]]:
    """For each question and argument each value that may be wrong, beside others that are good."""
    for name, question in QUESTIONS.items():
        known = list(inspect.signature(question).parameters.values())[1:]
        for wrong in known:
            for bad in BAD:
                for _ in range(rounds):
                    needed = [p for p in known if p.default is p.empty or chance.random() < 0.3]
                    given = {p.name: GOOD[p.name] for p in needed if p.name in GOOD}
                    yield name, {**given, wrong.name: bad}


def costly(name: str, given: dict[str, object]) -> bool:
    """Whether a question makes an officer, which takes time by design."""
    return name == "add_officer" and isinstance(given.get("name"), str) and given["name"] != "South"


def test_arguments_that_cannot_be_meant_are_answered(visitor: Visitor) -> None:
    chance = random.Random(11)
    asked = [w for w in wrongs(chance, 1) if not costly(*w)]
    for name, given in chance.sample(asked, 150):
        assert visitor.asks(name, **given) is not None, (name, given)


@pytest.mark.slow
def test_every_argument_that_cannot_be_meant_is_answered(visitor: Visitor) -> None:
    chance = random.Random(12)
    for name, given in wrongs(chance, 1):
        if costly(name, given) and chance.random() < 0.9:
            continue
        assert visitor.asks(name, **given) is not None or len(str(given)) > 200_000, (name, given)


@pytest.mark.slow
def test_much_rubbish_is_refused(visitor: Visitor) -> None:
    chance = random.Random(13)
    question = json.dumps({"ask": "compose", "with": {"line": LINE, "text": "x", "by": "duty"}}).encode()
    for _ in range(20_000):
        line = bytearray(question if chance.random() < 0.8 else chance.randbytes(200))
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(line))
            match chance.randrange(3):
                case 0:
                    line[at] = chance.randrange(256)
                case 1:
                    del line[at : at + chance.randrange(20)]
                case _:
                    line[at:at] = line[: chance.randrange(len(line) + 1)]
            line = line or bytearray(b"x")
        assert visitor.says(bytes(line).replace(b"\n", b" ") + b"\n") is not None
