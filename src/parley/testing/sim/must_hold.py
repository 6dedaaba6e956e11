"""What must hold in every world, numbered; a failure names the number.

Where each is judged: at every *frame* that leaves, at every *turn*, at every *step* of the course, at every step at
which an end *wrote*, at every *restart*, at the *end*.

| | what | judged where |
| --- | --- | --- |
| 1 | nothing leaves within a turn; what leaves is in the record | frame: `ledger.left`; restart: `ledger.kept` |
| 2 | one entry at one place, one frame under one counter | frame: `ledger.left`; step: `judge.rows` |
| 3 | what is acknowledged is held, with its root | frame: `ledger.left`; step: `judge.logs`; restart: `ledger.kept` |
| 4 | a draft waits or is released, what is released waits or is entered, once | wrote: `judge.released` |
| 5 | all copies of a log agree on their common prefix | step: `judge.logs` |
| 6 | no end shows as open what its own side has severed | step: `judge.stance` |
| 7 | no message is entered on a line held for not open | step: `judge.stance` |
| 8 | a replay of the files says what memory says | restart; wrote: `judge.replay` |
| 9 | who hold the same entries say the same of a line | step: `judge.facts` |
| 10 | no end finds a fault in an honest one; only LocalError is raised | step: `judge.faults`, `world.run` |
| 11 | once all is well, all arrives and is receipted | end: `healing.unsettled` |
| 12 | nothing is shown twice | wrote: `judge.shown` |
| 13 | nothing of one pair shows up in another | frame: `ledger.left`; step: `judge.rows`, `judge.shown` |
| 14 | no end sends or wakes without end | frame, turn: `pace` |
"""

from __future__ import annotations

from typing import Final

MUST_HOLD: Final[dict[int, str]] = {
    1: "nothing leaves before it is committed",
    2: "one entry at one place, one frame under one counter",
    3: "what is acknowledged is held",
    4: "what is released is neither lost nor doubled",
    5: "copies of a log agree",
    6: "a cut of ours shows",
    7: "nothing is entered on a line that is not open",
    8: "replay equals memory",
    9: "joint facts are equal",
    10: "no fault among honest ends",
    11: "all comes right once all is well",
    12: "nothing is shown twice",
    13: "what is of one pair stays there",
    14: "no end does anything without end",
}


class Broken(Exception):
    """Something that must hold does not: which, and how it was seen."""

    def __init__(self, number: int, text: str) -> None:
        super().__init__(number, text)
        self.number, self.text = number, text
