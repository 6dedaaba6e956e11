"""The door for programs: a key held by a connection, what is followed, and questions that are one commit."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from two_desks import SECRET, Pair, theirs

from parley.core.errors import LocalError
from parley.desk.door import Asking, Door, serve
from parley.store import Store, Waiting
from parley.watch_log import Happened


class Connection:
    """A connection to the desk of North, without the socket."""

    def __init__(self, pair: Pair) -> None:
        self.told: list[dict[str, Any]] = []
        self.asking = Asking(pair.north.desk, lambda line: self.told.append(json.loads(line)))

    def asks(self, name: str, **given: Any) -> Any:
        return json.loads(self.asking.answer(name, given))


def composed(pair: Pair, text: str) -> str:
    return pair.north.desk.compose("Liaison", text, "duty").ref


def test_a_connection_that_signed_in_needs_no_passphrase_for_its_officer_and_for_nobody_else(
    pair: Pair,
) -> None:
    link, ref = Connection(pair), composed(pair, "one")
    assert "error" in link.asks("release", draft=ref, by="chief")
    assert "release" in link.asks("sign_in", by="chief", passphrase=SECRET)["answer"]
    assert pair.north.desk.journal(1)[0].what == Happened.SIGNED_IN
    assert "error" in link.asks("release", draft=ref, by="duty")
    assert link.asks("release", draft=ref, by="chief")["answer"]["text"] == "one"
    assert "error" in Connection(pair).asks("release", draft=composed(pair, "two"), by="chief")


def test_a_wrong_passphrase_signs_nobody_in_and_one_that_is_given_is_the_one_that_counts(pair: Pair) -> None:
    link, ref = Connection(pair), composed(pair, "one")
    assert "error" in link.asks("sign_in", by="chief", passphrase="wrong")
    assert "error" in link.asks("release", draft=ref, by="chief")
    link.asks("sign_in", by="chief", passphrase=SECRET)
    assert "error" in link.asks("release", draft=ref, by="chief", passphrase="wrong")


def test_a_closed_connection_has_let_the_key_go_and_hears_nothing(pair: Pair) -> None:
    link = Connection(pair)
    link.asks("sign_in", by="chief", passphrase=SECRET)
    assert link.asks("follow") == {"answer": "following"}
    link.asking.close()
    assert "error" in link.asks("release", draft=composed(pair, "one"), by="chief")
    pair.said(pair.north, "two")
    pair.wait(5)
    assert link.told == []


def test_who_follows_is_told_when_a_message_is_at_their_end(pair: Pair) -> None:
    link = Connection(pair)
    link.asks("follow")
    pair.said(pair.north, "one")
    place = pair.north.desk.messages()[0].sequence
    assert place is not None and pair.north.desk.messages()[0].state == "SENDING"
    pair.wait(5)
    last = link.told[-1]["followed"]
    assert last["line"] == "Liaison" and place < last["at_their_end"] <= last["our_size"]
    assert pair.north.desk.messages()[0].state == "AT THEIR END"


def test_who_asks_for_it_brief_gets_ref_and_place_alone(pair: Pair) -> None:
    link = Connection(pair)
    link.asks("sign_in", by="chief", passphrase=SECRET)
    told = link.asks("release", draft=composed(pair, "one"), by="chief", brief=True)["answer"]
    assert told == {"ref": told["ref"], "sequence": pair.north.desk.message(told["ref"]).sequence}
    assert "error" in link.asks("status", brief=True)


def test_only_what_a_question_is_declared_to_take_can_be_asked(pair: Pair) -> None:
    link = Connection(pair)
    for name, given in (
        ("follow", {"line": "x"}),
        ("sign_in", {"by": "chief"}),
        ("sign_in", {"by": 1, "passphrase": ""}),
    ):
        assert "error" in link.asks(name, **given)
    assert link.asks("")["hint"]


def test_what_is_asked_together_is_one_commit_and_each_stands_or_falls_alone(pair: Pair) -> None:
    link, refs = Connection(pair), [composed(pair, text) for text in ("one", "two", "three")]
    link.asks("sign_in", by="chief", passphrase=SECRET)
    with pair.north.desk.together():
        first = link.asks("release", draft=refs[0], by="chief")
        twice = link.asks("release", draft=refs[0], by="chief")
        third = link.asks("release", draft=refs[2], by="chief")
    assert "answer" in first and "error" in twice and "answer" in third
    assert [d.ref for d in pair.north.desk.drafts()] == [refs[1]]
    pair.wait(5)
    arrived = [m.text for m in pair.south.desk.messages("Liaison")]
    assert sorted(arrived) == ["one", "three"]
    assert pair.south.desk.message(theirs(first["answer"]["ref"])).text == "one"


def test_nothing_leaves_before_the_one_commit(pair: Pair) -> None:
    link, refs = Connection(pair), [composed(pair, text) for text in ("one", "two")]
    link.asks("sign_in", by="chief", passphrase=SECRET)
    link.asks("follow")
    with pair.north.desk.together():
        for ref in refs:
            link.asks("release", draft=ref, by="chief")
        link.asks("compose", line="Liaison", text="three", by="duty")
        pair.wait(0)
        assert link.told == [] and pair.south.desk.messages("Liaison") == ()
    pair.wait(5)
    assert len(pair.south.desk.messages("Liaison")) == 2


def test_when_the_one_commit_fails_nothing_of_it_has_happened(pair: Pair) -> None:
    link, ref = Connection(pair), composed(pair, "one")
    link.asks("sign_in", by="chief", passphrase=SECRET)
    before = pair.north.desk.journal(1)[0].id
    with pytest.raises(LocalError, match="the disk is gone"), pair.north.desk.together():
        assert "answer" in link.asks("release", draft=ref, by="chief")
        raise LocalError("the disk is gone")
    assert [d.ref for d in pair.north.desk.drafts()] == [ref]
    assert pair.north.desk.journal(1)[0].id == before
    assert "answer" in link.asks("release", draft=ref, by="chief")
    pair.wait(5)
    assert [m.text for m in pair.south.desk.messages("Liaison")] == ["one"]


def test_a_sign_in_that_cannot_be_noted_signs_nobody_in(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    link, ref = Connection(pair), composed(pair, "one")

    def refuses(by: str) -> None:
        raise LocalError("the disk is full")

    monkeypatch.setattr(pair.north.desk, "note_sign_in", refuses)
    assert link.asks("sign_in", by="chief", passphrase=SECRET)["error"] == "the disk is full"
    assert "error" in link.asks("release", draft=ref, by="chief")


def waits(number: int, size: int) -> Waiting:
    return Waiting(0, bytes(32), bytes(size), b"", 8, None, 0, 1, number, None, 1)


def test_after_one_part_met_a_full_disk_nothing_of_the_commit_is_durable(tmp_path: Path) -> None:
    store = Store(tmp_path / "record.db", sync=False)
    (pages,) = next(iter(store._db.execute("PRAGMA page_count")))
    store._db.execute(f"PRAGMA max_page_count={pages + 8}")
    with pytest.raises(LocalError, match="full"), store.turn():
        with store.part():
            store.wait(waits(1, 10))
        with pytest.raises(LocalError, match="full"), store.part():
            store.wait(waits(2, 200_000))
        with pytest.raises(LocalError, match="full"), store.part():
            store.wait(waits(3, 10))
    assert store.waiting() == ()
    store.close()


def test_a_fault_of_ours_does_not_keep_a_connection_or_the_process(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def breaks(self: Door, taken: object) -> list[bytes]:
        raise RuntimeError("a fault")

    async def scene() -> list[str]:
        told: list[str] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, c: told.append(str(c["exception"])))
        server = await serve(pair.north.desk, tmp_path)
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "desk.sock"))
        writer.write(b'{"ask": "status"}\n')
        writer.write_eof()
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()
        server.close()
        return told

    monkeypatch.setattr(Door, "_answers", breaks)
    assert asyncio.run(scene()) == ["a fault"]


def test_questions_of_one_connection_are_answered_in_their_order(pair: Pair, tmp_path: Path) -> None:
    refs = [composed(pair, f"message {number}") for number in range(3)]
    asked: list[tuple[str, dict[str, Any]]] = [
        ("sign_in", {"by": "chief", "passphrase": SECRET}),
        *(("release", {"draft": ref, "by": "chief", "brief": True}) for ref in refs),
        ("messages", {}),
        ("release", {"draft": refs[0], "by": "chief"}),
    ]

    async def scene() -> list[dict[str, Any]]:
        server = await serve(pair.north.desk, tmp_path)
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "desk.sock"))
        for name, given in asked:
            writer.write(json.dumps({"ask": name, "with": given}).encode() + b"\n")
        writer.write_eof()
        async with asyncio.timeout(5):
            heard = await reader.read()
        writer.close()
        server.close()
        return [json.loads(line) for line in heard.splitlines()]

    signed, one, two, three, messages, again = asyncio.run(scene())
    assert "release" in signed["answer"] and "error" in again
    places = [told["answer"]["sequence"] for told in (one, two, three)]
    assert places == sorted(places) and len(messages["answer"]) == 3
