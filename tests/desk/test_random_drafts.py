"""In random histories a draft holds what was last typed into it, and what is released is what was offered last."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from two_desks import SECRET, Pair

from parley.core.errors import LocalError

OFFICERS = ("duty", "chief")
WHAT = ("begin", "compose", "save", "save", "save", "offer", "offer", *("release",) * 5, "discard", "restart")


@dataclass
class Known:
    """What a draft must be."""

    by: str
    typed: dict[str, str] = field(default_factory=dict)
    offered: str | None = None
    over: str = ""  # RELEASED or WITHDRAWN


def refused(act: object) -> bool:
    assert callable(act)
    try:
        act()
    except LocalError:
        return True
    return False


def step(pair: Pair, chance: random.Random, known: dict[str, Known]) -> None:
    desk, by = pair.north.desk, chance.choice(OFFICERS)
    what = chance.choice(WHAT)
    if what == "restart":
        pair.start_again(pair.north)
    elif what == "begin":
        known[desk.begin_draft("Liaison", by).ref] = Known(by)
    elif what == "compose":
        text = f"composed {chance.random()}"
        known[desk.compose("Liaison", text, by).ref] = Known(by, {"text": text}, text)
    elif known:
        ref = chance.choice(sorted(known))
        draft = known[ref]
        mine = draft.by == by and not draft.over
        if what == "save":
            text = chance.choice(("", "typed", draft.typed.get("text", ""), f"typed {chance.random()}"))
            assert refused(lambda: desk.save_draft(ref, by, {"text": text})) != mine
            if mine and text != draft.typed.get("text", ""):
                draft.offered = None
            if mine:
                draft.typed["text"] = text
        elif what == "offer":
            able = mine and bool(draft.typed.get("text"))
            assert refused(lambda: desk.offer_draft(ref, by)) != able
            if able:
                draft.offered = draft.typed["text"]
        elif what == "release":
            able = not draft.over and draft.offered is not None and draft.by != by
            text = draft.offered
            if able:
                assert desk.release(ref, by, SECRET).text == text
                draft.over = "RELEASED"
            else:
                assert refused(lambda: desk.release(ref, by, SECRET))
        else:
            assert refused(lambda: desk.discard_draft(ref, by)) != mine
            draft.over = draft.over or ("WITHDRAWN" if mine else "")


def holds(pair: Pair, known: dict[str, Known]) -> None:
    desk = pair.north.desk
    waiting = {ref for ref, draft in known.items() if not draft.over and draft.offered is not None}
    writing = {ref for ref, draft in known.items() if not draft.over and draft.offered is None}
    assert {view.ref for view in desk.drafts()} == waiting
    assert {view.ref for view in desk.drafting()} == writing
    for ref, draft in known.items():
        view = desk.message(ref)
        if not draft.over:
            assert desk.draft(ref).fields.get("text", "") == draft.typed.get("text", "")
            assert desk.draft(ref).offered == (ref in waiting)
            assert view.state == ("WAITING RELEASE" if ref in waiting else "DRAFT")
        elif draft.over == "WITHDRAWN":
            assert view.state == "WITHDRAWN"
        else:
            assert view.text == draft.offered
    assert pair.north.node.watch_log.broken_at() is None


SEEDS = [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 12))]


@pytest.mark.parametrize("seed", SEEDS)
def test_no_history_loses_a_draft_or_releases_another_text(tmp_path: Path, seed: int) -> None:
    pair, chance = Pair(tmp_path), random.Random(seed)
    known: dict[str, Known] = {}
    for _ in range(80):
        step(pair, chance, known)
        holds(pair, known)
    assert {draft.over for draft in known.values()} & {"RELEASED", "WITHDRAWN"}
    pair.close()
