"""What a power cut may leave of the journal: every event that was waited for, a chain that holds, and of what was
typed a state there once was, no older than the last event that was waited for."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from parley.testing.written import KINDS, Disk, Recorder, fates, ways
from parley.watch_log import Happened, WatchLog


def course(log: WatchLog, recorder: Recorder, chance: random.Random) -> Iterator[tuple[int, int, int, int]]:
    """Writes at random; gives (operations so far, events sure, text number sure, text number last written)."""
    draft, sure_text, text = log.note(0, Happened.DRAFT, "duty"), 0, 0
    log.keep(draft, 0, {"text": "0"})
    events = 1
    for number in range(1, 40):
        what = chance.choice(("keep", "keep", "keep", "read", "note"))
        if what == "keep":
            text = number
            log.keep(draft, number, {"text": str(number), "more": "x" * chance.randrange(3000)})
        elif what == "read":
            log.note_read(number, b"%d" % number, "duty")
        else:
            log.note(number, Happened.CALLED, "duty")
            sure_text = text
            events = len(log.latest(1000))
        yield recorder.now, events, sure_text, text


@pytest.mark.slow
def test_a_power_cut_takes_keystrokes_and_nothing_that_was_waited_for(tmp_path: Path) -> None:
    folder, chance = tmp_path / "written", random.Random(7)
    folder.mkdir()
    recorder = Recorder(folder)
    with recorder.recording():
        log = WatchLog(folder / "watch.db")
        begun = recorder.now
        states = [(begun, 0, -1, -1), *course(log, recorder, chance)]
        log.close()
    made, taken, lost_some, tried = Disk(), 0, 0, 0
    image = tmp_path / "image"
    image.mkdir()
    for at in range(begun, recorder.now + 1):
        while taken < at:
            made.take(taken, recorder.done[taken])
            taken += 1
        _, events, sure_text, _ = [state for state in states if state[0] <= at][-1]
        written = next((state[3] for state in states if state[0] >= at), states[-1][3])
        for kind in KINDS:
            many = ways(made, kind)
            for way in range(2 if many is None else min(many, 2)):
                found = made.image(fates(made, kind, way, f"{at}/{kind}"))
                for path in image.iterdir():
                    path.unlink()
                for name, data in found.items():
                    (image / Path(name).name).write_bytes(data)
                again = WatchLog(image / "watch.db")
                tried += 1
                assert again.broken_at() is None
                assert len(again.latest(1000)) >= events, (at, kind, way)
                kept = again.working(1)
                if sure_text >= 0 and events:
                    assert kept is not None
                    text = int((kept.fields or {"text": "0"})["text"])
                    assert sure_text <= text <= written, (at, kind, way)
                    lost_some += text < written
                again.close()
    assert tried > 200 and lost_some, "no cut took a keystroke: the test shows nothing"
