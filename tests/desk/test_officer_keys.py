"""An act is signed with a passphrase or with a key opened before; an officer without powers reads."""

from __future__ import annotations

import pytest
from two_desks import SECRET, Pair

from parley.core.errors import LocalError
from parley.desk import unlock
from parley.desk.ask import ask


def test_an_opened_key_signs_for_its_officer_and_for_nobody_else(pair: Pair) -> None:
    desk = pair.north.desk
    key = unlock(desk.home_path, "chief", SECRET)
    ref = desk.compose("Liaison", "text", "duty").ref
    with pytest.raises(LocalError, match="the key of chief cannot sign for duty"):
        desk.release(ref, "duty", key)
    assert desk.release(ref, "chief", key).state == "SENDING"
    assert [line.declared for line in desk.sever("Liaison", "grounds", "chief", key)] == ["SEVERED BY US"]


def test_a_wrong_passphrase_and_an_unknown_name_open_nothing(pair: Pair) -> None:
    for name, words in (("chief", "wrong"), ("nobody", SECRET), ("../chief", SECRET), ("", SECRET)):
        with pytest.raises(LocalError):
            unlock(pair.north.desk.home_path, name, words)


def test_an_officer_without_powers_reads_and_does_nothing(pair: Pair) -> None:
    desk = pair.north.desk
    assert desk.powers("guest") == () and "release" in desk.powers("chief")
    key = unlock(desk.home_path, "guest", SECRET)
    sent = pair.said(pair.south, "text")
    pair.wait(5)
    ref = sent.replace(":ours:", ":theirs:")
    desk.note_read(ref, "guest")
    before = len(desk.journal(1000))
    for refused in (
        lambda: desk.compose("Liaison", "text", "guest"),
        lambda: desk.begin_draft("Liaison", "guest"),
        lambda: desk.call("Liaison", "guest"),
        lambda: desk.rekey("Liaison", "guest"),
        lambda: desk.take_watch("guest"),
        lambda: desk.hand_over("guest"),
        lambda: desk.hand_over("duty", to="guest"),
        lambda: desk.acknowledge(ref, "seen", "guest", key),
        lambda: desk.sever("Liaison", "grounds", "guest", key),
        lambda: desk.withdraw(desk.compose("Liaison", "text", "duty").ref, "guest", key),
    ):
        with pytest.raises(LocalError, match="guest may read, and nothing else"):
            refused()
    assert len(desk.journal(1000)) == before + 1  # the draft of duty
    assert desk.needs_us()[0].ref == ref


def test_an_officer_without_powers_is_added_by_the_word_none(pair: Pair) -> None:
    made = ask(
        pair.north.desk, "add_officer", name="clerk", office="Clerk", powers="none", precedence_max="ROUTINE",
        passphrase="other words", root_passphrase=SECRET,
    )  # fmt: skip
    assert isinstance(made, dict) and made["powers"] == []


def test_questions_of_other_programs_carry_passphrases_only(pair: Pair) -> None:
    ref = pair.north.desk.compose("Liaison", "text", "duty").ref
    with pytest.raises(LocalError, match="wrong kind"):
        ask(pair.north.desk, "release", draft=ref, by="chief", passphrase={"name": "chief"})
    with pytest.raises(LocalError, match="wrong passphrase"):
        ask(pair.north.desk, "release", draft=ref, by="chief", passphrase="")
