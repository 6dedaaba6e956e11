"""Letters and appointments as a function of both logs (spec 19, 20), by the vectors and in every order."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.core.instruments import appointment, letter
from parley.core.instruments.appointment import Appointment, Occasion, State, Terms
from parley.core.instruments.letter import Said
from parley.core.types import ActKind
from parley.core.wire import body as bodies
from parley.core.wire import cbor
from parley.core.wire import entry as wire

VECTORS = Path(__file__).parents[2] / "vectors"


def files(pattern: str) -> list[Any]:
    found = sorted(VECTORS.glob(pattern))
    assert found, f"no vectors {pattern}"
    return [pytest.param(json.loads(p.read_text(encoding="utf-8")), id=p.stem) for p in found]


def said(act: dict[str, Any]) -> Said:
    body = wire.decode_body(bytes.fromhex(act["body"]))
    bodies.check_act(act["kind"], body)
    return Said(
        act["party"],
        bytes.fromhex(act["id"]),
        act["sequence"],
        ActKind(act["kind"]),
        act["at"],
        act["author"],
        act["number"],
        body,
        act["covered"],
    )


@pytest.mark.parametrize("v", files("letters/passage-*.json"))
def test_both_ends_say_the_same_of_letters_in_whatever_order_they_had_the_acts(v: dict[str, Any]) -> None:
    """LE-2, LE-4, LE-5, LE-6, LE-7, LE-9, LE-10, LE-11."""
    acts = [said(act) for act in v["acts"] if act["body"] is not None]
    withheld = [(a["party"], ActKind(a["kind"]), a["sequence"]) for a in v["acts"] if a["body"] is None]
    chance = random.Random(1)
    for _ in range(20):
        ways = letter.passages(acts, withheld)
        for way in ways:
            assert way.names.in_whose_name or (way.letter is not None and way.letter.names is None)
            assert way.kind == (way.tender or way.letter).kind  # type: ignore[union-attr]
        told = sorted(
            (
                {
                    "id": w.id.hex(),
                    "party": w.party,
                    "state": w.state.value,
                    "tier": w.tier and int(w.tier),
                    "replaced_by": w.replaced_by and w.replaced_by.hex(),
                }
                for w in ways
            ),
            key=lambda w: str(w["id"]),
        )
        assert told == v["passages"]
        counted = [
            {
                "party": s.party,
                "writer": s.writer.hex(),
                "addressee": s.addressee.hex(),
                "both": s.both,
                "on_the_way": s.on_the_way,
                "missing": list(s.missing),
                "twice": list(s.twice),
            }
            for s in letter.series(ways)
        ]
        assert counted == v["series"]
        chance.shuffle(acts)


def test_bodies_of_letters_come_back_from_their_values() -> None:
    """KI-2."""
    v = json.loads((VECTORS / "letters" / "passage-counted.json").read_text(encoding="utf-8"))
    read = {
        ActKind.TENDER: lambda b: letter.tender_body(letter.tender(b)),
        ActKind.TENDER_ANSWER: lambda b: letter.answer_body(letter.answer(b)),
        ActKind.LETTER: lambda b: letter.letter_body(letter.letter(b)),
    }
    seen = set()
    for act in v["acts"]:
        kind, body = ActKind(act["kind"]), wire.decode_body(bytes.fromhex(act["body"]))
        if kind in read:
            seen.add(kind)
            assert cbor.encode(read[kind](body)) == cbor.encode(body)
    assert seen == set(read)


def test_a_number_far_above_the_others_does_not_list_billions_as_missing() -> None:
    """LE-9."""
    v = json.loads((VECTORS / "letters" / "passage-counted.json").read_text(encoding="utf-8"))
    acts = [said(act) for act in v["acts"]]
    last = max((a for a in acts if a.kind == ActKind.LETTER), key=lambda a: a.sequence)
    high = letter.letter_body(
        letter.Letter(
            None,
            letter.LetterClass.TELEGRAM,
            letter.Names("a", "b"),
            2**32 - 1,
            bytes(32),
            bytes(32),
            (bytes(32), 1, bytes(32)),
            bytes(32),
        )
    )
    acts.append(Said(last.party, b"i" * 32, last.sequence + 1, ActKind.LETTER, 0, 1, 99, high))
    (found,) = (s for s in letter.series(letter.passages(acts)) if s.highest == 2**32 - 1)
    assert found.missing == tuple(range(1, letter.MISSING_SHOWN_MAX + 1))


def made(nonce: int, *, at: int = 1000, instead_of: bytes | None = None, off: bool = False) -> Appointment:
    return Appointment(
        bytes((nonce,)) * 16, Occasion.CALL, at, 60, "", ("", ""), "", None, instead_of, None, off
    )


def test_only_what_is_settled_takes_the_place_of_an_appointment() -> None:
    """AP-3."""
    first, other, off = b"1" * 32, b"2" * 32, b"3" * 32
    agreed = Terms(first, made(1), (True, True), True)
    offered = Terms(other, made(2, instead_of=first), (True, False), False)
    assert appointment.states([agreed, offered], 500) == {first: State.AGREED, other: State.OFFERED}
    settled = Terms(other, made(2, at=2000, instead_of=first), (True, True), True)
    assert appointment.states([agreed, settled], 500) == {first: State.MOVED, other: State.AGREED}
    called_off = Terms(off, made(3, instead_of=other, off=True), (True, True), True)
    assert appointment.states([called_off, settled, agreed], 500) == {
        first: State.MOVED,
        other: State.CALLED_OFF,
        off: State.CALLED_OFF,
    }


def test_the_states_of_terms_that_nobody_else_replaces() -> None:
    """AP-2."""
    for agreed, settled, now, state in (
        ((False, False), False, 0, State.WITHDRAWN),
        ((True, False), False, 0, State.OFFERED),
        ((True, True), False, 0, State.CONFIRMED),
        ((False, False), True, 0, State.AGREED),
        ((True, True), True, 1060, State.AGREED),
        ((True, True), True, 1061, State.PAST),
    ):
        assert appointment.states([Terms(b"1" * 32, made(1), agreed, settled)], now) == {b"1" * 32: state}


@settings(max_examples=50, deadline=None)
@given(st.permutations(range(6)))
def test_the_order_in_which_terms_are_given_changes_no_state(order: list[int]) -> None:
    """AP-3."""
    names = [bytes((n,)) * 32 for n in range(6)]
    terms = [
        Terms(names[n], made(n + 1, instead_of=names[n - 1] if n else None, off=n == 5), (True, True), n != 3)
        for n in range(6)
    ]
    assert appointment.states([terms[n] for n in order], 0) == appointment.states(terms, 0)
