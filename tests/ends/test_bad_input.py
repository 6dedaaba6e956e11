"""Whatever is wrong is answered with one sentence and a hint, with its exit code, and nothing is lost.

Case -> test; a name of a file stands before tests that are not in this one.

wrong passphrase            test_a_wrong_passphrase_opens_nothing, test_a_passphrase_file_is_private_and_one_line
wrong card                  test_a_share_is_made_only_for_the_card_that_was_meant
                            test_a_pairing_is_finished_only_with_what_was_made_for_it
card twice                  test_a_card_serves_one_pairing
clock an hour off           test_wrong_clocks: test_a_clock_an_hour_off_delays_no_line_for_good
clock that jumps            test_wrong_clocks: test_a_clock_that_jumps_is_noted_and_stops_nothing
                            test_wrong_clocks: test_both_clocks_jump_and_nothing_is_lost
full disk                   test_full_disk: test_a_disk_that_is_really_full_is_told_and_nothing_is_lost (a small tmpfs)
                            test_full_disk: test_a_node_on_a_full_disk_lives_and_goes_on (no file may grow)
                            test_a_full_disk_is_one_sentence_and_nothing_is_lost (no file may grow)
read-only disk              test_full_disk: test_a_disk_that_became_read_only_is_told_and_nothing_is_lost (a tmpfs)
                            test_a_home_that_may_not_be_written_to_is_one_sentence (permissions)
store of a newer version    test_a_store_of_a_newer_version_is_left_alone
store of the version before test_put_back: test_a_record_of_the_version_before_is_brought_up_with_all_that_is_in_it
                            test_put_back: test_an_end_with_a_record_of_the_version_before_goes_on
                            test_key_chains: test_a_table_of_version_1_is_brought_to_version_2_and_its_lines_go_on
port in use                 test_a_port_in_use_is_named
killed in init              test_an_init_killed_at_some_points_leaves_no_half_end, ..._killed_anywhere_...
                            test_an_interrupted_init_is_no_home_and_says_what_to_do
oversized, hostile text     test_a_text_that_cannot_be_sent_exactly_is_not_drafted
                            test_an_argument_that_is_no_text_is_not_drafted
a stranger at line speed    test_full_disk: test_a_stranger_at_line_speed_keeps_nobody_from_talking
copied home                 test_a_copied_home_refuses_to_start, test_put_back: test_a_copy_of_a_home_is_refused
export cut short            test_an_export_cut_short_names_where, test_every_byte_changed_is_found_and_named
damaged file of a home      test_a_damaged_file_of_a_home_is_told, test_what_is_no_file_is_told_and_not_waited_for
                            tests/fuzz, the doors "files of a home" and "files handed over"
"""

from __future__ import annotations

import ctypes
import json
import os
import random
import resource
import shutil
import socket
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import apsw
import pytest
import realends
from realends import LINE, WORDS, Pair, RealEnd, Said, in_process, refused

from parley.core import export
from parley.core.wire import cbor
from parley.home import Home
from parley.keys import write_private


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a wrong path makes, it makes here."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture(scope="module")
def north(prepared: Pair) -> RealEnd:
    """An end that refuses; nothing here changes it but its drafts."""
    return prepared.north


@pytest.fixture
def spoilt(prepared: Pair, tmp_path: Path) -> RealEnd:
    """An end to be spoilt."""
    return realends.twin(prepared.north, tmp_path)


def secret(tmp_path: Path, data: bytes = b"wrong", mode: int = 0o600) -> str:
    path = tmp_path / "a-secret"
    path.write_bytes(data)
    path.chmod(mode)
    return str(path)


# --- passphrases ------------------------------------------------------------------------------


def test_a_wrong_passphrase_opens_nothing(north: RealEnd, tmp_path: Path) -> None:
    wrong = secret(tmp_path)
    refused(
        in_process(["--home", str(north.home), "--passphrase-file", wrong, "status"]),
        "wrong passphrase for this end",
    )
    refused(
        north.says("pair", "card", "-o", "card", "--root-passphrase-file", wrong),
        "wrong passphrase for the root key",
    )
    draft = north.says("send", LINE, "kept", "--as", "duty", "--json").found["ref"]
    refused(
        north.says("release", draft, "--as", "chief", "--officer-passphrase-file", wrong),
        "wrong passphrase for chief",
    )
    assert north.says("show", draft, "--json").found["state"] == "WAITING RELEASE"
    assert not Path("card").exists()


@pytest.mark.parametrize(
    ("data", "mode", "has"),
    [
        (b"end of the day", 0o640, "may be read by others"),
        (b"end of the day", 0o604, "may be read by others"),
        (b"", 0o600, "is empty"),
        (b"\n", 0o600, "is empty"),
        (b"\xff\xfe", 0o600, "is not text"),
        (b"end of the day\nand another\n", 0o600, "has more than one line"),
        (None, 0o600, "cannot be read: No such file"),
    ],
)
def test_a_passphrase_file_is_private_and_one_line(
    north: RealEnd, tmp_path: Path, data: bytes | None, mode: int, has: str
) -> None:
    path = secret(tmp_path, data or b"", mode)
    if data is None:
        Path(path).unlink()
    refused(in_process(["--home", str(north.home), "--passphrase-file", path, "status"]), has)


def test_without_a_file_and_a_terminal_no_passphrase_is_asked_for(north: RealEnd) -> None:
    refused(in_process(["--home", str(north.home), "status"]), "there is no terminal to ask on")


def test_an_end_of_input_at_the_prompt_is_no_passphrase(
    north: RealEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ends(prompt: str) -> str:
        raise EOFError

    monkeypatch.setattr("getpass.getpass", ends)
    refused(in_process(["--home", str(north.home), "status"], terminal=True), "the passphrase is empty")


def test_a_credential_of_the_service_manager_may_show_an_access_list(
    north: RealEnd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "credentials").mkdir()
    credential = tmp_path / "credentials" / "parley"
    credential.write_text(WORDS["end"])
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credential.parent))
    credential.chmod(0o440)
    assert in_process(["--home", str(north.home), "status"]).code == 0
    credential.chmod(0o444)
    refused(in_process(["--home", str(north.home), "status"]), "may be read by others")


def test_an_officer_added_with_a_wrong_root_passphrase_is_not_added(north: RealEnd, tmp_path: Path) -> None:
    wrong = secret(tmp_path)
    said = north.says(
        *("officer", "add", "new", "--office", "x", "--root-passphrase-file", wrong),
        *("--officer-passphrase-file", north.secret("duty")),
    )
    refused(said, "wrong passphrase for the root key")
    assert "new" not in [o["name"] for o in north.says("officer", "list", "--json").found]


# --- homes ------------------------------------------------------------------------------------


def test_a_copied_home_refuses_to_start(north: RealEnd, tmp_path: Path) -> None:
    shutil.copytree(north.home, tmp_path / "copy", ignore=shutil.ignore_patterns("desk.sock"))
    copy = RealEnd("North", tmp_path / "copy", north.secrets)
    for command in ("status", "up"):
        refused(copy.says(command), "is a copy")


def test_a_home_moved_on_its_disk_is_the_home_it_was(spoilt: RealEnd, tmp_path: Path) -> None:
    spoilt.home.rename(tmp_path / "moved")
    assert RealEnd("North", tmp_path / "moved", spoilt.secrets).says("status").code == 0


def test_what_is_no_home_is_told_so(tmp_path: Path, north: RealEnd) -> None:
    for place in (tmp_path / "nothing", tmp_path, Path("/dev/null")):
        end = RealEnd("North", place, north.secrets)
        for words in (("status",), ("up",), ("send", LINE, "x", "--as", "duty")):
            refused(end.says(*words), "is not the home of an end")


def test_a_home_is_made_only_where_nothing_is(north: RealEnd, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    refused(north.says("init", "--party", "North"), "is the home of an end already")
    for place in (tmp_path / "file", tmp_path):
        refused(RealEnd("North", place, north.secrets).says("init", "--party", "North"), "is not empty")
    below = RealEnd("North", tmp_path / "file" / "below", north.secrets)
    refused(below.says("init", "--party", "North"), "cannot be made: Not a directory")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("party", ["", "x" * 65, "a\x07b", "\udcff", "a\u202eb"])
def test_a_party_has_a_name_that_can_be_shown(north: RealEnd, tmp_path: Path, party: str) -> None:
    said = RealEnd("North", tmp_path / "new", north.secrets).says("init", "--party", party)
    if party != "a\u202eb":  # a format character is allowed, and made visible where it is shown
        refused(said, "party")
        assert not (tmp_path / "new").exists()


def test_an_interrupted_init_is_no_home_and_says_what_to_do(
    north: RealEnd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = RealEnd("North", tmp_path / "new", north.secrets)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("parley.home._bind", interrupted)
    assert end.says("init", "--party", "North").code == 1
    monkeypatch.undo()
    assert (end.home / "root.key").exists()
    refused(end.says("status"), "is not the home of an end")
    again = end.says("init", "--party", "North")
    refused(again, "is not empty")
    assert "if an init was interrupted here, delete the folder" in again.err


DIES_AT = """
import os, sys
left = int(sys.argv.pop(1))

def dying(name):
    right = getattr(os, name)
    def call(*words, **how):
        global left
        left -= 1
        if left == 0:
            os._exit(137)
        return right(*words, **how)
    setattr(os, name, call)

for name in ("open", "write", "fsync", "mkdir", "chmod", "close"):
    dying(name)
from parley.cli import main
sys.exit(main(sys.argv[1:]))
"""


def killed_in_init(end: RealEnd, at: int) -> int:
    """`parley init`, killed at its `at`-th call of the system to make or write a file; its exit code."""
    words = [sys.executable, "-c", DIES_AT, str(at), *end.words("init", "--party", "New")]
    return subprocess.run(
        words, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False
    ).returncode


def assert_no_half_end(end: RealEnd) -> None:
    """What a killed init left: a whole end, or none, which says so and says what to do."""
    said = end.says("status")
    if said.code == 0:
        assert said.out.startswith("New")
        return
    refused(said, "")
    again = end.says("init", "--party", "New")
    if again.code:
        refused(again, "")
        assert "delete the folder" in again.err or "choose another place" in again.err
        shutil.rmtree(end.home)
        assert end.says("init", "--party", "New").code == 0
    assert end.says("status").code == 0


@pytest.mark.parametrize("at", [1, 4, 12, 24])
def test_an_init_killed_at_some_points_leaves_no_half_end(north: RealEnd, tmp_path: Path, at: int) -> None:
    end = RealEnd("New", tmp_path / "new", north.secrets)
    assert killed_in_init(end, at) == 137
    assert_no_half_end(end)


@pytest.mark.slow
def test_an_init_killed_anywhere_leaves_no_half_end(north: RealEnd, tmp_path: Path) -> None:
    for at in range(1, 200):
        end = RealEnd("New", tmp_path / f"new{at}", north.secrets)
        code = killed_in_init(end, at)
        assert_no_half_end(end)
        if code == 0:
            break
        assert code == 137
    assert code == 0 and at > 20, "it was killed at each of its calls"


def test_one_process_holds_a_home(spoilt: RealEnd, monkeypatch: pytest.MonkeyPatch) -> None:
    held = Home.open(spoilt.home, WORDS["end"])
    try:
        monkeypatch.setattr("parley.cli.reach.WAIT_S", 0.1)
        monkeypatch.setattr("parley.cli.up.COMMAND_ENDS_WITHIN_S", 0.1)
        for command in ("status", "up"):
            refused(spoilt.says(command), "another process holds")
    finally:
        held.close()
    assert spoilt.says("status").code == 0


def test_an_end_that_is_up_is_not_started_again(spoilt: RealEnd) -> None:
    with socket.socket(socket.AF_UNIX) as node:
        node.bind(str(spoilt.home / "desk.sock"))
        node.listen()
        refused(spoilt.says("up"), "is up already")


def test_a_home_too_deep_for_a_socket_says_so(prepared: Pair, tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60)
    deep.mkdir()
    end = realends.twin(prepared.north, deep)
    assert end.says("status").code == 0
    refused(end.says("up"), "too long for the desk's socket")


@pytest.mark.parametrize(
    ("file", "has"),
    [
        ("record.db", "the record is of version"),
        ("watch.db", "the watch log is newer than this program"),
        ("keys.db", "the table of secrets is of version"),
    ],
)
def test_a_store_of_a_newer_version_is_left_alone(spoilt: RealEnd, file: str, has: str) -> None:
    db = apsw.Connection(str(spoilt.home / file))
    (known,) = next(db.execute("PRAGMA user_version"))
    db.execute("PRAGMA user_version=99")
    db.close()
    for command in ("status", "up"):
        refused(spoilt.says(command), has)
    db = apsw.Connection(str(spoilt.home / file))
    assert db.execute("PRAGMA user_version").fetchone() == (99,)
    db.execute(f"PRAGMA user_version={known}")
    db.close()
    assert spoilt.says("status").code == 0


@pytest.mark.parametrize(
    "file", ["record.db", "watch.db", "keys.db", "home.key", "home.json", "officers/duty.json"]
)
def test_a_damaged_file_of_a_home_is_told(spoilt: RealEnd, file: str) -> None:
    for path in spoilt.home.glob(f"{file}-*"):
        path.unlink()
    whole = (spoilt.home / file).read_bytes()
    format_only = b'{"format": "parley-home/1", "party": "N", "binding": 5}'
    for data in (b"", b"rubbish" * 1000, b"[]", format_only, whole[: len(whole) // 2]):
        (spoilt.home / file).write_bytes(data)
        refused(spoilt.says("officer", "list"), "")
    if not file.endswith(".db"):
        (spoilt.home / file).write_bytes(whole)
        assert spoilt.says("officer", "list").code == 0


@pytest.mark.parametrize("file", ["record.db", "watch.db", "keys.db", "home.key", "home.json"])
@pytest.mark.parametrize("kind", ["directory", "pipe", "link that leads nowhere", "link to itself", "gone"])
def test_what_is_no_file_is_told_and_not_waited_for(spoilt: RealEnd, file: str, kind: str) -> None:
    path = spoilt.home / file
    path.rename(spoilt.home / "aside")
    match kind:
        case "directory":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "link that leads nowhere":
            path.symlink_to("nowhere")
        case "link to itself":
            path.symlink_to(path.name)
    for command in ("status", "up"):
        refused(spoilt.says(command), "")
    if path.is_dir():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)
    (spoilt.home / "aside").rename(path)
    assert spoilt.says("status").code == 0


def test_a_record_that_lost_an_entry_or_has_another_is_told_as_damaged(spoilt: RealEnd) -> None:
    """A failure that comes from a file is told as what it comes from, not as a fault of the program."""
    db = apsw.Connection(str(spoilt.home / "record.db"))
    (entry,) = next(db.execute("SELECT entry FROM entries ORDER BY id LIMIT 1"))
    db.execute("UPDATE entries SET entry = ? WHERE id = (SELECT min(id) FROM entries)", (entry[:-30],))
    db.close()
    refused(spoilt.says("status"), "record.db is damaged: entry 0 of one log cannot be read")
    db = apsw.Connection(str(spoilt.home / "record.db"))
    db.execute("UPDATE entries SET entry = ? WHERE id = (SELECT min(id) FROM entries)", (entry,))
    db.close()
    assert spoilt.says("status").code == 0


def test_without_the_root_key_the_end_works_and_pairs_with_nobody(spoilt: RealEnd, tmp_path: Path) -> None:
    away = (spoilt.home / "root.key").rename(tmp_path / "root.key")
    assert spoilt.says("status").code == 0
    refused(spoilt.says("pair", "card", "-o", "card"), "the root key is not here")
    away.rename(spoilt.home / "root.key")
    assert spoilt.says("pair", "card", "-o", "card").code == 0


# --- settings ---------------------------------------------------------------------------------


@pytest.fixture
def settled(north: RealEnd) -> Iterator[RealEnd]:
    """An end with settings of its own; without them afterwards."""
    yield north
    (north.home / "parley.toml").unlink()


@pytest.mark.parametrize(
    ("text", "has"),
    [
        ("life_s = ", "cannot be read"),
        ("\0", "cannot be read"),
        ("life_ms = 1", "there is no setting life_ms"),
        ("life_s = 0", "a number is out of range"),
        ("life_s = 1.5", "life_s is of the wrong kind"),
        ("life_s = true", "life_s is of the wrong kind"),
        ("console_port = 65536", "a number is out of range"),
        ("console_port = 8411\nconsole_hosts = []", "console_hosts names no host"),
        ("console_port = 8411\nconsole_bind = '192.0.2.1'", "the console cannot listen on 192.0.2.1"),
        ("bearer = 1", "bearer is not a table"),
        ("[bearer]\ncable = 1", "bearer.cable is not a table"),
        ("[bearer.cable]", "neither listens nor dials"),
        ("[bearer.cable]\nlisten = '127.0.0.1'", "is not ADDRESS:PORT"),
        ("[bearer.cable]\nlisten = '127.0.0.1:99999'", "is not ADDRESS:PORT"),
        ("[bearer.cable]\ndial = '127.0.0.1:0'", "has no usable address"),
        ("[bearer.cable]\ndial = 'a..b:1'", "has no usable address"),
        ("[bearer.cable]\nlisten = '192.0.2.1:7411'", "bearer cable cannot start"),
        ("[bearer.cable]\nspeed = 1", "there is no setting bearer.cable.speed"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settled: RealEnd, text: str, has: str) -> None:
    settled.configure(text)
    refused(settled.says("up"), has)


def test_settings_that_are_not_text_are_refused(settled: RealEnd) -> None:
    (settled.home / "parley.toml").write_bytes(b"\xff")
    refused(settled.says("up"), "cannot be read")


def test_a_port_in_use_is_named(settled: RealEnd) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settled.configure(f"[bearer.cable]\nlisten = '127.0.0.1:{port}'")
        refused(settled.says("up"), "bearer cable cannot start")
        settled.configure(f"console_port = {port}")
        refused(settled.says("up"), f"the console cannot listen on 127.0.0.1, port {port}")
    assert not (settled.home / "desk.sock").exists()


# --- pairing ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cards(prepared: Pair, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cards and shares of North and South for a second pairing, and of a stranger."""
    place = tmp_path_factory.mktemp("cards")
    stranger = RealEnd("Stranger", place / "stranger", prepared.north.secrets)
    assert stranger.says("init", "--party", "Stranger").code == 0
    ends = {"north": prepared.north, "south": prepared.south, "stranger": stranger}
    for name, end in ends.items():
        assert end.says("pair", "card", "-o", str(place / f"{name}.card")).code == 0
        (place / f"{name}.print").write_text(end.says("status", "--json").found["fingerprint"])
    for ours, theirs in (("north", "south"), ("south", "north"), ("stranger", "south")):
        fingerprint = (place / f"{theirs}.print").read_text()
        card, share = str(place / f"{theirs}.card"), str(place / f"{ours}-{theirs}.share")
        said = ends[ours].says("pair", "share", card, "--fingerprint", fingerprint, "-o", share)
        assert said.code == 0, said
    (place / "rubbish").write_bytes(random.Random(1).randbytes(500))
    (place / "large").write_bytes(bytes(1 << 17))
    (place / "empty").write_bytes(b"")
    return place


@pytest.mark.parametrize(
    ("card", "whose", "has"),
    [
        ("south.card", "stranger", "the fingerprint of this card is not the one you were told"),
        ("north.card", "north", "this is our own card"),
        ("rubbish", "south", "this is not a usable card"),
        ("empty", "south", "this is not a usable card"),
        ("south-north.share", "south", "this is not a usable card"),
        ("large", "south", "is too large to be a card"),
        ("nothing", "south", "cannot be read: No such file"),
    ],
)
def test_a_share_is_made_only_for_the_card_that_was_meant(
    north: RealEnd, cards: Path, card: str, whose: str, has: str
) -> None:
    fingerprint = (cards / f"{whose}.print").read_text()
    said = north.says("pair", "share", str(cards / card), "--fingerprint", fingerprint, "-o", "share")
    refused(said, has)
    assert not Path("share").exists()


@pytest.mark.parametrize(
    ("name", "card", "share", "has"),
    [
        ("Again", "south.card", "stranger-south.share", "this is not a usable share"),
        ("Again", "stranger.card", "south-north.share", "this is not a usable share"),
        ("Again", "north.card", "south-north.share", "this is our own card"),
        ("Again", "south.card", "rubbish", "this is not a usable share"),
        ("Again", "south.card", "empty", "this is not a usable share"),
        ("South", "south.card", "south-north.share", "cannot name a pair"),
        ("a:b", "south.card", "south-north.share", "cannot name a pair"),
        ("", "south.card", "south-north.share", "cannot name a pair"),
    ],
)
def test_a_pairing_is_finished_only_with_what_was_made_for_it(
    north: RealEnd, cards: Path, name: str, card: str, share: str, has: str
) -> None:
    refused(north.says("pair", "finish", name, str(cards / card), str(cards / share)), has)
    assert len(north.says("status", "--json").found["pairs"]) == 1


def test_a_card_serves_one_pairing(prepared: Pair, cards: Path, tmp_path: Path) -> None:
    end = realends.twin(prepared.north, tmp_path)
    files = str(cards / "south.card"), str(cards / "south-north.share")
    assert end.says("pair", "finish", "Again", *files).code == 0
    refused(end.says("pair", "finish", "Third", *files), "this end has made no card for a pairing")
    assert end.says("pair", "card", "-o", "card").code == 0
    refused(end.says("pair", "finish", "Third", *files), "this is not a usable share")
    refused(end.says("pair", "card", "-o", "card"), "exists already")
    assert [name for name, _ in end.says("status", "--json").found["pairs"]] == ["Again", "South"]


# --- what officers ask ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "has"),
    [
        (("line", "show", "Nope"), "there is no line 'Nope'"),
        (("record", ""), "there is no line ''"),
        (("show", "Nope:ours:1/1"), "there is no line 'Nope'"),
        (("show", f"{LINE}:ours:9/9"), "there is no message"),
        (("show", f"{LINE}:ours:01/1"), "there is no message"),
        (("show", "elephant"), "names no message"),
        (("show", "draft:9999"), "there is no draft:9999"),
        (("show", "draft:-1"), "there is no draft:-1"),
        (("show", "\udcff"), "lone surrogate"),
        (("send", LINE, "x", "--as", "nobody"), "there is no officer 'nobody'"),
        (("send", "Nope", "x", "--as", "duty"), "there is no line 'Nope'"),
        (("send", "order wire South", "x", "--as", "duty"), "the order wire carries no messages"),
        (("send", LINE, "x", "--as", "duty", "--precedence", "URGENT"), "there is no precedence 'URGENT'"),
        (("send", LINE, "x", "--as", "duty", "--answers", "elephant"), "names no message"),
        (("release", "draft:9999", "--as", "chief"), "there is no draft:9999"),
        (("withdraw", f"{LINE}:ours:9/9", "--as", "chief"), "there is no message"),
        (("cancel", f"{LINE}:ours:9/9", "--reason", "x", "--as", "chief"), "there is no message"),
        (("ack", f"{LINE}:theirs:9/9", "--as", "duty"), "there is no message"),
        (("sever", LINE, "--grounds", "x", "--as", "clerk"), "may not sign SEVER"),
        (("sever", "--all", "Nope", "--grounds", "x", "--as", "duty"), "there is no pair Nope"),
        (("sever", "order wire South", "--grounds", "x", "--as", "duty"), "the order wire is never severed"),
        (("restore", "offer", LINE, "--as", "clerk"), "may not sign OFFER"),
        (("restore", "offer", LINE, "--as", "duty", "--at", "noon"), "'noon' is not a time"),
        (("restore", "offer", LINE, "--as", "duty", "--at", "2021-01-01T00:00"), "does not say its zone"),
        (("restore", "offer", LINE, "--as", "duty", "--at", "1921-01-01T00:00Z"), "is out of range"),
        (("restore", "agree", "0123456789abcdef", "--as", "duty"), "there are no terms"),
        (("line", "offer", "Nope", "X", "--as", "duty"), "there is no pair Nope"),
        (("line", "offer", "South", "", "--as", "duty"), "a line needs a name"),
        (("line", "offer", "South", "X", "--as", "duty", "--slots", "09:00 lunch"), "is no slot"),
        (("line", "offer", "South", "X", "--as", "duty", "--slots", "9:75"), "is no slot"),
        (("line", "offer", "South", "X", "--as", "duty", "--slots", "25:00"), "cannot be offered"),
        (("line", "offer", "South", "X", "--as", "duty", "--languages", ""), "a language needs a tag"),
        (("line", "offer", "South", "X", "--as", "duty", "--civil-clocks", "x"), "cannot be offered"),
        (("contact", LINE, "--as", "duty"), "the node of this end is not up"),
        (("watch", "take", "--as", "duty"), "the node of this end is not up"),
        (("inbox", "--most", "0"), "--most is out of range"),
        (("officer", "add", "duty", "--office", "x"), "there is an officer duty already"),
        (("export", "Nope", "-o", "x"), "there is no line 'Nope'"),
        (("export", LINE, "-o", "no-folder/x"), "there is no folder"),
        (("export", LINE, "-o", "."), "exists already"),
    ],
)
def test_what_cannot_be_asked_changes_nothing(north: RealEnd, words: tuple[str, ...], has: str) -> None:
    before = kept(north)
    refused(north.says(*words), has)
    assert kept(north) == before


def kept(end: RealEnd) -> list[object]:
    """All that an end has in its record and its journal."""
    found: list[object] = []
    for file, tables in (
        ("record.db", ("entries", "waiting", "released", "pairs")),
        ("watch.db", ("events",)),
    ):
        db = apsw.Connection(str(end.home / file))
        found += [list(db.execute(f"SELECT * FROM {table}")) for table in tables]
        db.close()
    return found


@pytest.mark.parametrize("name", ["", "-", "a/b", "a" * 33, "é", "../x", "a b", "\udcff"])
def test_an_officer_has_a_log_in_name_of_letters(north: RealEnd, name: str) -> None:
    words = north.words("officer", "add", "--office", "x", "--officer-passphrase-file", north.secret("duty"))
    refused(in_process([*words, "--", name]), "surrogate" if name == "\udcff" else "cannot be a log-in name")


@pytest.mark.parametrize(
    ("words", "has"),
    [
        ((), "the following arguments are required: COMMAND"),
        (("frobnicate",), "invalid choice: 'frobnicate'"),
        (("verify",), "the following arguments are required: FILE"),
        (("send", LINE, "x"), "the following arguments are required: --as"),
        (("inbox", "--most", "x"), "invalid int value"),
        (("sever", "--grounds", "x", "--as", "duty"), "one of the arguments line --all is required"),
        (("sever", LINE, "--all", "South", "--grounds", "x", "--as", "duty"), "not allowed with argument"),
    ],
)
def test_a_wrong_command_line_is_2(words: tuple[str, ...], has: str) -> None:
    refused(in_process(list(words)), has, code=2)


@pytest.mark.parametrize(
    ("text", "has"),
    [
        (b"", "a message needs a text"),
        (b" \n\t\n", "a message needs a text"),
        (b"x" * 10_000, "10000 bytes long"),
        (b"one line\n" * 300, "at most 57 paragraphs"),
        (b"x" * 70_000, "too long for one message"),
        (b"a bell \x07", "holds a control character"),
        (b"\x1b]0;title\x07", "holds a control character"),
        (b"caf\xe9", "is not UTF-8 (byte 3)"),
        ("한".encode()[:2], "is not UTF-8 (byte 0)"),
    ],
)
def test_a_text_that_cannot_be_sent_exactly_is_not_drafted(north: RealEnd, text: bytes, has: str) -> None:
    before = kept(north)
    refused(north.says("send", LINE, "--as", "duty", stdin=text), has)
    assert kept(north) == before


def test_an_argument_that_is_no_text_is_not_drafted(north: RealEnd) -> None:
    refused(north.says("send", LINE, "caf\udce9", "--as", "duty"), "holds a lone surrogate")
    refused(north.says("send", LINE, "x", "--as", "duty", "--subject", "\udce9"), "holds a lone surrogate")
    refused(north.says("send", LINE, "x", "--as", "duty", "--reason", "\udce9"), "holds a lone surrogate")


def test_a_draft_is_released_once_and_by_another(spoilt: RealEnd) -> None:
    draft = spoilt.says("send", LINE, "once", "--as", "duty", "--json").found["ref"]
    refused(spoilt.says("release", draft, "--as", "duty"), "a draft is released by a second person")
    refused(spoilt.says("release", draft, "--as", "clerk"), "may not sign ROUTINE MESSAGE")
    released = spoilt.says("release", draft, "--as", "chief", "--json").found
    assert released["state"] == "RELEASED"
    refused(spoilt.says("release", draft, "--as", "chief"), f"{draft} is RELEASED already")
    refused(
        spoilt.says("cancel", released["ref"], "--reason", "x", "--as", "chief"), "is not in the record yet"
    )
    assert spoilt.says("withdraw", released["ref"], "--as", "chief").code == 0
    refused(spoilt.says("release", draft, "--as", "chief"), "already")
    refused(spoilt.says("withdraw", draft, "--as", "chief"), "")


# --- exports ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def exported(prepared: Pair, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """An export and the fingerprints of both parties."""
    path = tmp_path_factory.mktemp("exports") / "liaison.export"
    assert prepared.north.says("export", LINE, "-o", str(path)).code == 0
    return path, [end.says("status", "--json").found["fingerprint"] for end in prepared]


def verify(path: Path, *pins: str) -> Said:
    return in_process(["verify", str(path), "--json", *(word for pin in pins for word in ("--pin", pin))])


def test_an_export_overwrites_nothing(north: RealEnd, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    refused(north.says("export", LINE, "-o", str(tmp_path / "mine")), "exists already")
    assert (tmp_path / "mine").read_text() == "mine"


def test_the_verdict_hangs_on_both_pins(exported: tuple[Path, list[str]]) -> None:
    path, (ours, theirs) = exported
    assert verify(path, ours, theirs).code == 0
    assert (
        verify(path, realends.cli.importlib.import_module("parley.cli.show").fingerprint(ours), theirs).code
        == 0
    )
    for pins in ((), (ours,), (theirs,), (ours, ours)):
        said = verify(path, *pins)
        assert said.code == 4
        assert said.found["files"][0]["verdict"] == "consistent; identities NOT pinned"
    wrong = verify(path, ours, "ab" * 32)
    assert wrong.code == 3
    assert wrong.found["files"][0]["where"] == "identity"
    for pin in ("ab", "x" * 64, ""):
        refused(verify(path, pin), "is not a fingerprint")


def test_one_that_is_refused_outweighs_one_that_is_not_pinned(
    exported: tuple[Path, list[str]], tmp_path: Path
) -> None:
    path, _ = exported
    (tmp_path / "x").write_bytes(b"x")
    assert in_process(["verify", str(path), str(tmp_path / "x")]).code == 3
    assert in_process(["verify", str(tmp_path / "x"), str(path)]).code == 3
    assert in_process(["verify", str(path), str(path)]).code == 4


@pytest.mark.parametrize(
    "data", [b"", b"x", b"parley-export/1\n", random.Random(2).randbytes(5000), b"\x9f" * 5000]
)
@pytest.mark.parametrize("headed", [False, True])
def test_what_is_no_export_is_refused(tmp_path: Path, data: bytes, headed: bool) -> None:
    path = tmp_path / "no.export"
    path.write_bytes((b"parley-export/1\n" if headed else b"") + data)
    said = verify(path)
    assert said.code == 3 and said.found["files"][0]["where"], said


def test_what_cannot_be_read_is_no_verdict(tmp_path: Path) -> None:
    refused(verify(tmp_path), "cannot be read: Is a directory")
    refused(verify(tmp_path / "nothing"), "cannot be read: No such file")
    assert verify(Path("/dev/zero")).code == 3  # a file without end


def spoilings(data: bytes, number: int) -> list[tuple[str, bytes]]:
    """The file with one byte changed at `number` places, and cut short at some."""
    chance = random.Random(number)
    found = []
    for at in sorted({0, len(data) - 1, *(chance.randrange(len(data)) for _ in range(number))}):
        changed = bytearray(data)
        changed[at] ^= 1 << chance.randrange(8)
        found.append((f"byte {at}", bytes(changed)))
    for at in sorted({len(data) - 1, *(chance.randrange(len(data)) for _ in range(number // 10))}):
        found.append((f"cut at {at}", data[:at]))
    return found


def assert_each_is_refused(exported: tuple[Path, list[str]], tmp_path: Path, number: int) -> None:
    path, pins = exported
    spoilt = tmp_path / "spoilt.export"
    for what, data in spoilings(path.read_bytes(), number):
        spoilt.write_bytes(data)
        said = verify(spoilt, *pins)
        (found,) = said.found["files"]
        assert said.code == 3 and found["verdict"] == "refused" and found["where"] and found["why"], what


def test_a_byte_changed_is_found_and_named(exported: tuple[Path, list[str]], tmp_path: Path) -> None:
    assert_each_is_refused(exported, tmp_path, 10)


def test_an_export_cut_short_names_where(exported: tuple[Path, list[str]], tmp_path: Path) -> None:
    path, pins = exported
    whole, cut = path.read_bytes(), tmp_path / "cut.export"
    for size in (0, 1, 16, 17, 200, len(whole) // 2, len(whole) - 100, len(whole) - 1):
        cut.write_bytes(whole[:size])
        said = verify(cut, *pins)
        (found,) = said.found["files"]
        assert said.code == 3 and found["verdict"] == "refused" and found["where"] and found["why"], size


def items(data: bytes) -> list[bytes]:
    """An export taken apart: beginning, entries, end."""
    found, at = [], len(export.MAGIC)
    while at < len(data):
        _, after = cbor.decode_first(data, at)
        found.append(data[at:after])
        at = after
    return found


def test_an_export_with_more_beyond_a_hole_than_is_kept_is_refused_by_its_entry(
    exported: tuple[Path, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head, _, *rest = items(exported[0].read_bytes())
    (tmp_path / "holed.export").write_bytes(export.MAGIC + head + b"".join(rest))
    monkeypatch.setattr("parley.core.line.BEYOND_MAX", 1)
    said = verify(tmp_path / "holed.export")
    assert said.code == 3 and "more entries beyond a hole" in said.found["files"][0]["why"], said


def test_an_export_that_is_one_huge_array_takes_little_memory(tmp_path: Path) -> None:
    """What a few bytes say is many times their size in memory; no value of the file is longer than CBOR may be."""
    count = 16 << 20
    path = tmp_path / "huge.export"
    path.write_bytes(export.MAGIC + b"\x9a" + count.to_bytes(4, "big") + b"\xf6" * count)
    tracemalloc.start()
    try:
        said = verify(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert said.code == 3 and peak < 3 * count


@pytest.mark.slow
def test_every_byte_changed_is_found_and_named(exported: tuple[Path, list[str]], tmp_path: Path) -> None:
    assert_each_is_refused(exported, tmp_path, 400)


# --- the machine refuses ----------------------------------------------------------------------


def limited(bytes_max: int) -> Callable[[], None]:
    """For a process that may make no file longer than this: a full disk, as far as it can tell."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_max, bytes_max))

    return limit


@pytest.mark.slow
def test_a_full_disk_is_one_sentence_and_nothing_is_lost(prepared: Pair, tmp_path: Path) -> None:
    end = realends.twin(prepared.north, tmp_path)
    drafts = [end.runs("send", LINE, f"text {i}", "--as", "duty", "--json").found["ref"] for i in range(3)]
    before = {e["check"] for e in end.says("record", LINE, "--json").found}
    for bytes_max in (0, 100, 4096, 32768):
        full = limited(bytes_max)
        for words in (
            ("send", LINE, "more", "--as", "duty"),
            ("release", drafts[0], "--as", "chief"),
            ("export", LINE, "-o", str(tmp_path / f"x{bytes_max}")),
            ("pair", "card", "-o", str(tmp_path / f"c{bytes_max}")),
            ("status",),
        ):
            said = end.runs(*words, code=None, preexec_fn=full)
            if (
                said.code
            ):  # it may have done what it says, and could then not note in the journal that it stops
                refused(replace(said, out=""), "")
        if (tmp_path / f"x{bytes_max}").exists():
            assert verify(tmp_path / f"x{bytes_max}").code == 4  # whole
        new = RealEnd("New", tmp_path / f"new{bytes_max}", end.secrets)
        said = new.runs("init", "--party", "New", code=None, preexec_fn=full)
        if said.code:
            refused(said, "")
    assert {e["check"] for e in end.says("record", LINE, "--json").found} == before
    for draft in drafts[1:]:
        end.runs("release", draft, "--as", "chief")
    states = [end.runs("show", draft, "--json").found["state"] for draft in drafts]
    assert states[1:] == ["RELEASED", "RELEASED"]
    end.runs("export", LINE, "-o", str(tmp_path / "whole.export"))
    pins = [other.says("status", "--json").found["fingerprint"] for other in prepared]
    assert verify(tmp_path / "whole.export", *pins).code == 0
    journal = Home.open(end.home, WORDS["end"])
    assert journal.watch_log.broken_at() is None
    journal.close()


def without_override() -> None:
    """What is executed next may not pass over permissions, root or not (prctl: PR_CAPBSET_DROP)."""
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)


def test_a_home_that_may_not_be_written_to_is_one_sentence(spoilt: RealEnd) -> None:
    """Root may write to what is read-only, so there the commands run without that privilege."""
    for path in [*spoilt.home.rglob("*"), spoilt.home]:
        path.chmod(0o500 if path.is_dir() else 0o400)
    try:
        for words in (("status",), ("send", LINE, "x", "--as", "duty"), ("up",)):
            done = subprocess.run(
                [sys.executable, "-m", "parley", *spoilt.words(*words)],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                preexec_fn=without_override,
                timeout=60,
                check=False,
            )
            refused(Said(done.returncode, done.stdout.decode(), done.stderr.decode()), "")
    finally:
        for path in [spoilt.home, *spoilt.home.rglob("*")]:
            path.chmod(0o700 if path.is_dir() else 0o600)


def test_an_output_that_cannot_be_written_is_one_sentence(north: RealEnd) -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "parley", *north.words("status")],
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    refused(Said(done.returncode, "", done.stderr.decode()), "the system refused: No space left on device")


@pytest.mark.slow
def test_a_reader_that_has_enough_is_no_error(north: RealEnd) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "parley", *north.words("record", LINE, "--json")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout and process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0


@pytest.mark.slow
def test_a_terminal_of_another_encoding_gets_escapes(spoilt: RealEnd) -> None:
    spoilt.says("send", LINE, "통신선", "--as", "duty")
    said = spoilt.runs("inbox", "--drafts", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert r"\ud1b5" in said.out
    said = spoilt.runs("inbox", "--drafts", "--json", env={**os.environ, "PYTHONIOENCODING": "latin-1"})
    assert "통신선" in [m["text"] for m in json.loads(said.out)["result"]]


def test_a_private_file_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = os.write

    def little(handle: int, data: bytes) -> int:
        return part(handle, bytes(data)[:3])

    monkeypatch.setattr(os, "write", little)
    write_private(tmp_path / "whole", b"more than three")
    assert (tmp_path / "whole").read_bytes() == b"more than three"

    def full(handle: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        write_private(tmp_path / "none", b"x")
    assert not (tmp_path / "none").exists()
