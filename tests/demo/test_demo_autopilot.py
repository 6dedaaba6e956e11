"""An end that acts by itself does what a careful watch does, and nothing of its own accord."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from standing import MadeOnce

from parley.core.errors import LocalError
from parley.demo.autopilot import Autopilot, able, send_flash
from parley.desk import Desk
from parley.scenario import DEMO_PASSPHRASE
from parley.scenario.stage import Stage

FLASH = "[invented] [지어낸 글] one boat adrift, three persons"


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> MadeOnce:
    return MadeOnce(tmp_path_factory.mktemp("ends"))


@pytest.fixture
def stage(made_once: MadeOnce) -> Iterator[Stage]:
    with made_once.again() as stage:
        stage.wait(2)  # past the hour at which a scheduled contact opens
        yield stage


class Pair:
    """South acts by hand, North by itself."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.north, self.south = (stage.ends[key].desk for key in ("north", "south"))
        self.pilot = Autopilot(self.north, DEMO_PASSPHRASE, on=True, patience_s=3)

    def acts(self, seconds: float = 12) -> list[str]:
        """What the North does in so many seconds, looked at once a second."""
        done = list[str]()
        for _ in range(int(seconds)):
            self.stage.wait(1)
            done += self.pilot.act(self.stage.clock.monotonic())
        return done


def flash(desk: Desk) -> str:
    return send_flash(desk, "military", FLASH, "[invented] danger to life", DEMO_PASSPHRASE).ref


def test_a_flash_is_drafted_by_one_officer_released_by_another_and_read_back(stage: Stage) -> None:
    pair = Pair(stage)
    ref = flash(pair.south)
    sent = pair.south.message(ref)
    assert sent.drafted_by and sent.ladder[-1].voucher not in ("", sent.drafted_by)
    done = pair.acts()
    stage.wait(2)
    assert done == [f"acknowledge {ref.replace(':ours:', ':theirs:')}"]
    assert pair.south.message(ref).state == "READ BACK"


def test_nothing_is_done_before_a_person_could_have_seen_it(stage: Stage) -> None:
    pair = Pair(stage)
    flash(pair.south)
    stage.wait(1)
    assert [pair.pilot.act(at) for at in (100.0, 102.9)] == [(), ()]
    assert len(pair.pilot.act(103.0)) == 1


def test_a_call_is_answered(stage: Stage) -> None:
    pair = Pair(stage)
    pair.south.call("liaison", "duty")
    assert pair.acts() == ["answer liaison"]
    stage.wait(700)
    assert pair.south.line("liaison").last_contact.startswith("answered")


def test_terms_are_agreed_by_as_many_officers_as_needed_once_all_of_theirs_stand_behind_them(
    stage: Stage,
) -> None:
    pair = Pair(stage)
    pair.south.sever("liaison", "[invented] test", "head", DEMO_PASSPHRASE)
    stage.wait(2)
    opens_at = int(stage.clock.wall()) + 300
    terms = pair.south.offer_restore("liaison", opens_at, "chief", DEMO_PASSPHRASE)
    assert pair.acts() == []
    pair.south.agree(terms.ref, "head", DEMO_PASSPHRASE)
    assert pair.acts() == [f"agree {terms.ref} chief", f"agree {terms.ref} head"]
    stage.wait(2)
    assert pair.south.line("liaison").declared == pair.north.line("liaison").declared == "OPENING"


def test_the_watch_is_taken_when_nobody_has_it(stage: Stage) -> None:
    pair = Pair(stage)
    pair.north.hand_over()
    assert pair.acts() == ["watch"]
    assert pair.north.status().watch == "duty"


def test_nothing_is_released_offered_or_cut_of_its_own_accord(stage: Stage) -> None:
    pair = Pair(stage)
    draft = pair.north.compose("military", "[invented] [지어낸 글] a draft", "duty")
    before = [(line.our_size, line.declared) for line in pair.north.lines()]
    assert pair.acts() == []
    assert [(line.our_size, line.declared) for line in pair.north.lines()] == before
    assert [d.ref for d in pair.north.drafts()] == [draft.ref]


def test_an_end_that_is_not_on_or_silent_answers_nobody(stage: Stage) -> None:
    pair = Pair(stage)
    flash(pair.south)
    pair.south.call("liaison", "duty")
    pair.north.hand_over()
    pair.pilot.on = False
    assert pair.acts() == []
    pair.pilot.on = pair.pilot.silent = True
    assert pair.acts() == ["watch"]


def test_a_flash_needs_two_officers(stage: Stage) -> None:
    officers = stage.ends["south"].desk.officers()
    assert [o.name for o in able(officers, "release", "FLASH")] == ["chief", "head"]

    class Alone(Desk):
        def officers(self):  # type: ignore[no-untyped-def]
            return tuple(o for o in officers if o.name == "chief")

    alone = Alone(stage.ends["south"].desk._node)
    with pytest.raises(LocalError, match="no two officers"):
        flash(alone)
    assert alone.drafts() == ()
