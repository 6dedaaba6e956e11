"""Frames from entries and entries from frames, within the budgets (spec 7, 12)."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twoends import COMMITMENT_KEYS, LINE, OFFICER_KEYS, Log, ends, officer, public

from parley.core import exchange, suite
from parley.core import line as lines
from parley.core.accord import Accord
from parley.core.errors import RemoteError
from parley.core.exchange import Candidate, CannotRebuild, lacking, next_to_send, resend_at, sent
from parley.core.record import Held
from parley.core.types import ActKind, Body, Grade, NodeKind, Precedence, Seen, Stamp
from parley.core.wire import entry as wire
from parley.core.wire import frame as frames
from parley.core.wire.frame import (
    ActLayout,
    AnyLayout,
    BodyForm,
    Call,
    CallSign,
    Clear,
    Frontier,
    NodeLayout,
    SignOfLife,
)

ENGLISH_100 = (
    "Our patrol boat has lost its engine and is drifting south. We ask you to hold fire. Reply by phone.."
)
KOREAN_100 = (
    "우리 경비정이 기관 고장으로 남쪽으로 떠내려가고 있습니다. 사격을 하지 말아 주시기 바랍니다. " * 2
)
KOREAN_100 = KOREAN_100[:100]
SEED = suite.sha256(b"seed")


def message(*paragraphs: str, language: str = "en") -> Body:
    return (language, None, None, None, None, None, None, *paragraphs)


def whole_frame(plain: frames.Plain, counter: int = 1) -> bytes:
    """What a bearer carries."""
    clear = frames.encode_clear(Clear(suite.epoch_tag(SEED), counter))
    key = suite.frame_key(suite.key_tree(SEED).leaf(counter))
    return clear + suite.seal(key, clear, frames.encode_plain(plain))


def opened(frame: bytes) -> frames.Plain:
    clear = frames.decode_clear(frame)
    key = suite.frame_key(suite.key_tree(SEED).leaf(clear.counter))
    return frames.decode_plain(suite.unseal(key, frame[:9], frame[9:]))


def carried(
    held: Held, log: Log, other: Log, *, receiver_logs: tuple[Log, Log] | None = None, **options: object
) -> int:
    """Sends one entry across, asserts that it arrives as it was, and gives the size of the frame."""
    logs = (log, other) if log.party == 0 else (other, log)
    options = {"covered": 0, "author_key": None, **options}
    layout = exchange.layout(held, log.signed[held.sequence], ends(log.party, logs), **options)  # type: ignore[arg-type]
    frame = whole_frame(layout)
    plain = opened(frame)
    assert plain == layout
    assert isinstance(plain, ActLayout | NodeLayout | AnyLayout)
    rebuilt, body = exchange.rebuild(plain, ends(1 - log.party, receiver_logs or logs))
    assert rebuilt.signed == log.signed[held.sequence]
    assert (rebuilt.incarnation, rebuilt.sequence, body) == (1, held.sequence, held.body)
    assert suite.sha256(b"\x00" + wire.encode_entry(rebuilt)) == held.leaf
    return len(frame)


# --- the budgets of the treaty ------------------------------------------------------------------------------


def test_an_act_costs_110_bytes_and_its_body() -> None:
    """FR-3, FR-14."""
    log, other = Log(0), Log(1)
    assert carried(log.act(ActKind.MESSAGE, message("x")), log, other) == 110 + 2
    assert carried(log.act(60, ()), log, other) == 110


def test_a_statement_costs_104_bytes_and_32_for_each_root_it_names() -> None:
    """FR-4, FR-5, FR-14."""
    log, other = Log(0), Log(1)
    other.act(ActKind.MESSAGE, message("x"))
    log.act(ActKind.MESSAGE, message("x"))
    held = log.statement(NodeKind.RECEIPT, other)
    assert carried(held, log, other, covered=1) == 104
    assert carried(held, log, other) == 136
    layout = exchange.layout(held, log.signed[1], ends(0, (log, other)), covered=0, author_key=None)
    assert isinstance(layout, NodeLayout)
    both = replace(layout, their_root=other.root(1))
    assert len(whole_frame(both)) == 168
    beyond = log.statement(NodeKind.RECEIPT, other, ((4, SEED),))
    assert carried(beyond, log, other, covered=2) == 104 + 36
    assert carried(beyond, log, other) <= 136 + 36


def test_a_sign_of_life_is_forty_bytes() -> None:
    """FR-8."""
    for watch in (True, False, None):
        life = SignOfLife(watch, 5, 6, 7)
        assert len(whole_frame(life)) == 40
        assert opened(whole_frame(life)) == life


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 10**8), st.integers(1, 10**8)), max_size=60),
    st.lists(st.integers(0, 2**32 - 1), max_size=60),
)
def test_a_frontier_is_at_most_140_bytes_and_says_when_not_all_fitted(
    gaps: list[tuple[int, int]], wanted: list[int]
) -> None:
    """FR-9."""
    holes, at = [], 0
    for gap, count in gaps:
        if at + gap + count < 2**32:
            holes.append((at + gap, count))
            at += gap + count
    told = Frontier(9, bytes(32), 8, b"\x01" * 32, 3, tuple(holes), tuple(sorted(wanted)))
    frame = whole_frame(told)
    back = opened(frame)
    assert isinstance(back, Frontier) and len(frame) <= 140
    assert back.more == (back.holes != told.holes or back.wanted != told.wanted)
    assert back.holes == told.holes[: len(back.holes)] and back.wanted == told.wanted[: len(back.wanted)]
    assert len(whole_frame(Frontier(0, bytes(32), 0, bytes(32), 0))) == 106


def test_an_officers_acknowledgement_with_a_read_back_of_20_bytes_is_at_most_140() -> None:
    """FR-14, PK-6."""
    log, other = Log(0), Log(1)
    named = other.act(ActKind.MESSAGE, message("x"))
    assert carried(log.act(ActKind.ACKNOWLEDGE, (named.id, int(Grade.SEEN), None)), log, other) == 115
    held = log.act(ActKind.ACKNOWLEDGE, (named.id, int(Grade.READ_BACK), "hold fire, 21 by ph."), number=2)
    assert carried(held, log, other) <= 140


def test_a_complete_flash_of_100_signs_keeps_its_budget_with_its_predecessors_missing() -> None:
    """FR-14: English at most 236 and 211 in ASCII, Korean at most 340, form any at most 252."""
    assert len(ENGLISH_100) == len(KOREAN_100) == 100
    log, other = Log(0), Log(1)
    log.act(ActKind.MESSAGE, message("lost"))
    nothing = (Log(0), other)
    english = log.act(ActKind.MESSAGE, message(ENGLISH_100), number=2)
    assert carried(english, log, other, receiver_logs=nothing) <= 180
    assert carried(english, log, other, receiver_logs=nothing, phrases=False) <= 211 <= 236
    layout = exchange.layout(
        english, log.signed[1], ends(0, (log, other)), covered=0, author_key=None, phrases=False
    )
    assert isinstance(layout, ActLayout)
    in_ascii = replace(layout, codec=0x01, body=b"\x00" + ENGLISH_100.encode("ascii"))
    assert len(whole_frame(in_ascii)) == 211
    korean = log.act(ActKind.MESSAGE, message(KOREAN_100, language="ko"), number=3)
    assert carried(korean, log, other, receiver_logs=nothing) <= 220
    assert carried(korean, log, other, receiver_logs=nothing, phrases=False) <= 340
    key = public("officer 0/1")
    unknown = log.act(ActKind.MESSAGE, message(ENGLISH_100), number=4)
    assert carried(unknown, log, other, author_key=key, receiver_logs=nothing) <= 252


def test_a_text_by_phrases_goes_in_the_form_any_and_only_to_who_can_rebuild_it() -> None:
    """PK-11, PK-16, PK-17, FR-6, FR-14: where the form is *any* already the nine bytes cost nothing more."""
    log, other = Log(0), Log(1)
    long, short = log.act(ActKind.MESSAGE, message(ENGLISH_100)), "Hold fire."
    brief = log.act(ActKind.MESSAGE, message(short), number=2)

    def laid(held: Held, **options: object) -> ActLayout | NodeLayout | AnyLayout:
        options = {"covered": 0, "author_key": None, **options}
        return exchange.layout(held, log.signed[held.sequence], ends(0, (log, other)), **options)  # type: ignore[arg-type]

    by_phrases = laid(long)
    assert isinstance(by_phrases, AnyLayout) and by_phrases.inner.codec & 7 == 4
    assert exchange.by_phrases(by_phrases) and not exchange.by_phrases(laid(brief))
    assert not exchange.by_phrases(laid(long, explicit=True))
    assert (by_phrases.of_receiver, by_phrases.of_order_wire, by_phrases.author_key) == (False, False, None)
    assert (by_phrases.incarnation, by_phrases.their_incarnation) == (1, 1)
    assert len(whole_frame(by_phrases)) == 119 + len(by_phrases.inner.body)
    plain = laid(long, phrases=False)
    assert isinstance(plain, ActLayout) and plain.codec & 7 < 4
    assert isinstance(laid(brief), ActLayout)  # nine bytes would be more than it saves
    with_key = laid(brief, author_key=public("officer 0/1"))
    assert isinstance(with_key, AnyLayout) and with_key.inner.codec & 7 == 4
    without = laid(brief, author_key=public("officer 0/1"), phrases=False)
    assert isinstance(without, AnyLayout) and without.inner.codec & 7 < 4
    for explicit in (laid(long, explicit=True), laid(long, explicit=True, phrases=False)):
        assert isinstance(explicit, AnyLayout) and explicit.inner.codec == 7


# --- layout and rebuild -------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(categories=("L", "N", "P", "Zs")), min_size=1, max_size=60), st.booleans())
def test_whatever_is_sent_is_rebuilt_to_the_byte(text: str, explicit: bool) -> None:
    """FR-12."""
    log, other = Log(0), Log(1)
    carried(log.act(ActKind.MESSAGE, message(text)), log, other, explicit=explicit)


@pytest.mark.parametrize("explicit", [False, True])
def test_every_kind_of_entry_arrives_in_both_forms(explicit: bool) -> None:
    """FR-3, FR-4, FR-6, FR-11, FR-12."""
    log, other = Log(1), Log(0)
    theirs = other.act(ActKind.MESSAGE, message("x"))
    for made in (
        log.act(ActKind.MESSAGE, message(ENGLISH_100, KOREAN_100)),
        log.act(ActKind.AGREE, (bytes(32),), number=2),
        log.act(ActKind.ACKNOWLEDGE, (theirs.id, 1, None), number=3, seen=Seen(1, 1)),
        log.act(ActKind.MESSAGE, message("withheld"), number=4, withheld=True),
        log.act(ActKind.SEVER, ((LINE,), 5, "en", "Grounds."), number=5, of_order_wire=True),
        log.act(ActKind.MESSAGE, message("from a safe"), number=6, seen=Seen(0, 0)),
        log.act(63, (1, (2, "three")), number=7),
        log.statement(NodeKind.HEAD, other),
        log.statement(NodeKind.CONTACT, other, (1, 1, 1, 3, None, None, 5)),
        log.statement(NodeKind.RECEIPT, other, ((5, bytes(32)),)),
    ):
        carried(made, log, other, explicit=explicit)


def test_the_explicit_form_of_a_body_needs_neither_accord_nor_log() -> None:
    """FR-13, PK-8: it answers a receiver who could not unpack."""
    log, other = Log(0), Log(1)
    named = other.act(ActKind.MESSAGE, message("x"))
    held = log.act(ActKind.ACKNOWLEDGE, (named.id, 2, "x"))
    empty = (log, Log(1))
    with pytest.raises(CannotRebuild):
        carried(held, log, other, receiver_logs=empty)
    carried(held, log, other, receiver_logs=empty, explicit=True)


def test_history_of_the_receivers_own_log_can_be_sent_back() -> None:
    """FR-6."""
    mine, yours = Log(0), Log(1)
    held = yours.act(ActKind.MESSAGE, message("you said this"))
    layout = exchange.layout(held, yours.signed[0], ends(0, (mine, yours)), covered=0, author_key=None)
    assert isinstance(layout, AnyLayout) and layout.of_receiver
    rebuilt, _ = exchange.rebuild(layout, ends(1, (mine, yours)))
    assert rebuilt.signed == yours.signed[0]


def test_a_frame_that_needs_what_is_not_held_is_kept_and_its_explicit_form_opens() -> None:
    """FR-5, FR-13: an unknown officer, a root we do not hold."""
    log, other = Log(0), Log(1)
    log.act(ActKind.MESSAGE, message("lost"))
    head = log.statement(NodeKind.HEAD)
    empty = (Log(0), Log(1))
    with pytest.raises(CannotRebuild) as told:
        carried(head, log, other, covered=1, receiver_logs=empty)
    assert told.value.sequence == 1
    carried(head, log, other, explicit=True, receiver_logs=empty)
    held = log.act(ActKind.MESSAGE, message("new officer"), author=2)
    layout = exchange.layout(held, log.signed[2], ends(0, (log, other)), covered=0, author_key=None)
    knows_one = {(0, 1): OFFICER_KEYS[0, 1]}
    with pytest.raises(CannotRebuild):
        exchange.rebuild(layout, ends(1, (log, other), keys=knows_one))
    key = public("officer 0/2")
    layout = exchange.layout(held, log.signed[2], ends(0, (log, other)), covered=0, author_key=key)
    assert exchange.rebuild(layout, ends(1, (log, other), keys=knows_one))[0].signed == log.signed[2]


@pytest.mark.parametrize("field", ["author", "number", "time", "sequence", "seen_size", "kind", "precedence"])
def test_a_changed_field_does_not_verify(field: str) -> None:
    """FR-12. The place of an act is not under its own signature: it changes the leaf, not the verdict."""
    log, other = Log(0), Log(1)
    held = log.act(ActKind.MESSAGE, message("x"), precedence=Precedence.PRIORITY)
    layout = exchange.layout(held, log.signed[0], ends(0, (log, other)), covered=0, author_key=None)
    assert isinstance(layout, ActLayout)
    now = getattr(layout, field)
    changed = replace(layout, **{field: Precedence.FLASH if field == "precedence" else now + 1})
    if field == "sequence":
        assert exchange.rebuild(changed, ends(1, (log, other)))[0].sequence == 1
    else:
        with pytest.raises(CannotRebuild):
            exchange.rebuild(changed, ends(1, (log, other)))


@pytest.mark.parametrize("time", [0, 1, 2**32 - 1])
def test_no_time_makes_an_act_invalid(time: int) -> None:
    """CV-4: a peer's time is a claim to display."""
    log, other = Log(0, stamp=Stamp(time)), Log(1)
    carried(log.act(ActKind.MESSAGE, message("x")), log, other)
    carried(log.statement(NodeKind.HEAD), log, other)


def test_one_entry_in_two_frames_is_one_entry() -> None:
    """FR-16: a repeat under another counter changes nothing."""
    log, other = Log(0), Log(1)
    held = log.act(ActKind.MESSAGE, message("x"))
    layout = exchange.layout(held, log.signed[0], ends(0, (log, other)), covered=0, author_key=None)
    first, again = whole_frame(layout, 1), whole_frame(layout, 2)
    assert first != again and opened(first) == opened(again)
    line = lines.new_line(LINE, 1, Accord("hotline", bytes(16)))
    line = lines.placed(lines.heard(line, held, officer(1)), held, officer(1))
    assert lines.heard(line, held, officer(1)) == line


def test_an_attached_key_of_small_order_is_refused() -> None:
    """SU-2, FR-12."""
    log, other = Log(0), Log(1)
    held = log.act(ActKind.MESSAGE, message("x"), author=2)
    layout = exchange.layout(held, log.signed[0], ends(0, (log, other)), covered=0, author_key=bytes(32))
    with pytest.raises(RemoteError):
        exchange.rebuild(layout, ends(1, (log, other), keys={}))  # type: ignore[arg-type]


def test_an_entry_and_body_over_2048_bytes_are_rebuilt_so_that_they_can_be_recorded_as_a_fault() -> None:
    """EN-12: what is well signed neither vanishes nor blocks; the node keeps it as evidence."""
    log, other = Log(0), Log(1)
    carried(log.act(ActKind.MESSAGE, message("x" * 1500)), log, other)
    held = log.act(ActKind.MESSAGE, message("x" * 1000, "y" * 900), number=2)
    assert carried(held, log, other)  # asserts that it arrives as it was; DEFLATE makes it small


def test_a_statement_of_another_line_cannot_be_carried() -> None:
    """FR-6: only acts of line 0 are entered elsewhere."""
    log, other = Log(0), Log(1)
    head = log.statement(NodeKind.HEAD)
    layout = exchange.layout(
        head, log.signed[0], ends(0, (log, other)), covered=0, author_key=None, explicit=True
    )
    assert isinstance(layout, AnyLayout)
    with pytest.raises(RemoteError):
        frames.decode_plain(frames.encode_plain(replace(layout, of_order_wire=True)))
    with pytest.raises(RemoteError):
        frames.decode_plain(frames.encode_plain(replace(layout, author_key=bytes(32))))


# --- decoders -----------------------------------------------------------------------------------------------


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 3), st.integers(0, 3))
def test_random_bytes_are_a_layout_that_encodes_to_them_or_a_remote_error(
    data: bytes, form: int, body_form: int
) -> None:
    """FR-2, FR-7, FR-11: what decodes has one encoding."""
    for each in (data, bytes((0x20, form << 6 | body_form << 2)) + data, bytes((form << 2, 0xC0)) + data):
        try:
            plain = frames.decode_plain(each)
        except RemoteError:
            continue
        if not isinstance(plain, Frontier):
            assert frames.encode_plain(plain) == each


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_random_bytes_are_no_entry_card_payload_or_frame(data: bytes) -> None:
    """CV-2."""
    for decode in (
        wire.decode_payload,
        wire.decode_entry,
        wire.decode_card,
        wire.decode_body,
        frames.decode_clear,
        suite.decode_tree,
        suite.check_public_key,
    ):
        with contextlib.suppress(RemoteError):
            decode(data)


def test_a_frame_of_another_suite_or_too_short_is_refused() -> None:
    """FR-1, CV-2."""
    frame = whole_frame(SignOfLife(True, 0, 0, 0))
    assert frames.decode_clear(frame) == Clear(suite.epoch_tag(SEED), 1)
    for bad in (b"\x02" + frame[1:], b"\x00" + frame[1:], frame[:26], b""):
        with pytest.raises(RemoteError):
            frames.decode_clear(bad)


def test_a_flipped_bit_anywhere_does_not_open() -> None:
    """SU-3, FR-1: the clear bytes are associated data."""
    frame = whole_frame(SignOfLife(True, 0, 0, 0))
    for at in range(len(frame)):
        bad = bytearray(frame)
        bad[at] ^= 1
        with pytest.raises(RemoteError):
            opened(bytes(bad))


def test_calls_come_back() -> None:
    """FR-10."""
    for sign in CallSign:
        call = Call(sign, 1_795_262_400, 3)
        assert opened(whole_frame(call)) == call


def test_a_withheld_body_is_a_commitment_and_nothing_else() -> None:
    """FR-11."""
    log, other = Log(0), Log(1)
    held = log.act(ActKind.MESSAGE, message("x"), withheld=True)
    layout = exchange.layout(held, log.signed[0], ends(0, (log, other)), covered=0, author_key=None)
    assert isinstance(layout, ActLayout) and layout.body_form == BodyForm.WITHHELD
    for body, codec in ((bytes(31), 0), (bytes(33), 0), (bytes(32), 1)):
        with pytest.raises(RemoteError):
            frames.decode_plain(frames.encode_plain(replace(layout, body=body, codec=codec)))
    assert COMMITMENT_KEYS[0] not in whole_frame(layout)


# --- what lacks, and what to send next ----------------------------------------------------------------------


def told(size: int, holes: tuple[tuple[int, int], ...] = (), *, more: bool = False) -> Frontier:
    return Frontier(0, bytes(32), size, bytes(32), 0, holes, (), more)


def test_a_frontier_says_what_to_send() -> None:
    """EX-2."""
    assert lacking(told(3), 5) == (3, 4)
    assert lacking(told(5), 5) == ()
    assert lacking(told(9), 5) == ()
    assert lacking(told(2, ((2, 1), (5, 2))), 9) == (2, 5, 6)
    assert lacking(told(2, ((2, 1),), more=True), 9) == (2,)
    assert lacking(told(0, ((0, 2**32 - 1),)), 3) == (0, 1, 2)


@settings(max_examples=80, deadline=None)
@given(st.sets(st.integers(0, 30)), st.integers(0, 32))
def test_nothing_that_lacks_is_left_out(held: set[int], our_size: int) -> None:
    """EX-1, EX-2."""
    held = {s for s in held if s < our_size}
    size = next(n for n in range(40) if n not in held)
    highest = max(held, default=-1)
    missing = [s for s in range(size, highest) if s not in held]
    holes: list[tuple[int, int]] = []
    for s in missing:
        if holes and sum(holes[-1]) == s:
            holes[-1] = (holes[-1][0], holes[-1][1] + 1)
        else:
            holes.append((s, 1))
    if highest >= size:
        holes.append((highest + 1, 2**32 - 2 - highest))
    lacks = lacking(told(size, tuple(holes)), our_size)
    assert set(range(our_size)) - held == set(lacks)
    assert list(lacks) == sorted(set(lacks))


def test_the_most_urgent_goes_first_and_one_frame_in_twenty_is_of_the_lowest_class() -> None:
    """EX-3, EX-4."""
    waiting = [Candidate(LINE, i, Precedence(i % 4)) for i in range(8)]
    picked = [next_to_send(waiting, 0.0, turn) for turn in range(40)]
    assert [p.sequence for p in picked if p] == ([3] * 19 + [0]) * 2
    order = []
    while waiting:
        best = next_to_send(waiting, 0.0, 0)
        assert best is not None
        order.append((int(best.precedence), best.sequence))
        waiting.remove(best)
    assert order == [(3, 3), (3, 7), (2, 2), (2, 6), (1, 1), (1, 5), (0, 0), (0, 4)]
    assert next_to_send([], 0.0, 0) is None


def test_what_was_sent_waits_longer_each_time_and_a_receipt_is_sent_once() -> None:
    """EX-5, EX-6."""
    candidate, waits = Candidate(LINE, 0, Precedence.FLASH), []
    assert resend_at(candidate) == float("-inf")
    for _ in range(2000):
        candidate = sent(candidate, 100.0)
        waits.append(resend_at(candidate) - 100.0)
    assert waits[:7] == [2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0] and waits[-1] == 60.0
    once = sent(Candidate(LINE, 0, Precedence.FLASH, once=True), 100.0)
    assert resend_at(once) == float("inf") and next_to_send([once], 1e12, 0) is None
