"""Random histories of offers on one line, as transcripts like those in vectors/line: nobody knows beforehand how
they end, and every order of them and both ends must say the same."""

import random

from otherend import bodies, cbor, pen, tree
from otherend.line import hexed
from otherend.running import machine_of, step
from otherend.vector import Vector

HOUR = cbor.encode(["parley/announcement/1", bytes(16), 1_700_100_000, "The lines", ["A point.", "Another."]])
PLAN = ["parley/appointment/1", bytes(16), 2, 1_700_100_000, 600, "A room", ["A", "B"], "To meet"]
MEETING = cbor.encode([*PLAN, None, None, None, False])
MOVED = cbor.encode([*PLAN[:3], 1_700_200_000, *PLAN[4:], "We meet.", tree.sha(MEETING), "Rain", False])
CALLED_OFF = cbor.encode([*PLAN, None, tree.sha(MOVED), None, True])
OPENING = pen.opening([[], []], 1_700_000_000)
CALLED_OFF_AT_ONCE = cbor.encode([*PLAN, None, tree.sha(MEETING), None, True])
TERMS = [
    (bodies.RESTORE, OPENING),
    (bodies.ANNOUNCEMENT_HOUR, HOUR),
    (bodies.APPOINTMENT, MEETING),
    (bodies.APPOINTMENT, MOVED),
    (bodies.APPOINTMENT, CALLED_OFF),
    (bodies.APPOINTMENT, CALLED_OFF_AT_ONCE),
]
MISFITS = [(bodies.APPOINTMENT, HOUR), (bodies.RESTORE, MEETING), (bodies.ACCORD, pen.accord())]
OFFICERS = {1: "duty", 2: "second", 3: "clerk"}
POWERS = {1: 31, 2: bodies.RELEASE | bodies.MAY_RESTORE, 3: bodies.MAY_RESTORE}


class History:
    def __init__(self, seed: int, turns: int = 40) -> None:
        self.chance = random.Random(f"history {seed}")
        self.line, self.line_0 = pen.Pair(), pen.Pair()
        self.line_0.line, self.line_0.key = self.line_0.order_wire, self.line_0.key_0
        self.steps: list[Vector] = []
        self.mine: list[list[bytes]] = [[], []]  # by party: act ids that may be withdrawn
        self.accord = pen.accord(self.chance.choice((1, 2)))
        self._agree_on_an_accord()
        for _ in range(turns):
            self._turn(self.chance.randrange(2))
        self.vector = self._transcript(f"history {seed}", self.chance.randrange(2))

    def _enter(self, pair: pen.Pair, party: int) -> None:
        entry, body, _ = pair.logs[party][-1]
        number = "0" if pair is self.line_0 else "1"
        at = pen.TIME[0] + len(self.steps)
        self.steps.append({"entry": entry.hex(), "body": cbor.encode(body).hex(), "line": number, "at": at})

    def _act(self, pair: pen.Pair, party: int, kind: int, body: list[object], author: int = 1) -> bytes:
        act = pair.act(party, kind, body, author=author, who=OFFICERS.get(author, "root"))
        self._enter(pair, party)
        return act

    def _state(self, pair: pen.Pair, party: int, kind: int = bodies.HEAD, *body: object) -> None:
        pair.state(party, kind, list(body))
        self._enter(pair, party)

    def _agree_on_an_accord(self) -> None:
        for party, word in enumerate(self.line.words):
            roster = [
                [author, pen.public(f"{who} {word}"), who, 3, POWERS[author]]
                for author, who in OFFICERS.items()
            ]
            self._act(self.line_0, party, bodies.ROSTER, roster, author=0)
        self._act(self.line_0, 0, bodies.OFFER, [bodies.ACCORD, self.accord])
        self._state(self.line_0, 1)
        self._act(self.line_0, 1, bodies.AGREE, [tree.sha(self.accord)])
        self._state(self.line_0, 0)

    def _turn(self, party: int) -> None:
        what, author = self.chance.random(), self.chance.choice((1, 1, 2, 2, 3))
        if what < 0.3:
            subject, terms = self.chance.choice(TERMS * 3 + MISFITS)
            act = self._act(self.line, party, bodies.OFFER, [subject, terms], author)
            self.mine[party].append(act)
        elif what < 0.55:
            _, terms = self.chance.choice(TERMS)
            self.mine[party].append(self._act(self.line, party, bodies.AGREE, [tree.sha(terms)], author))
        elif what < 0.65 and self.mine[party]:
            self._act(self.line, party, bodies.WITHDRAW, [self.chance.choice(self.mine[party])], author)
        elif what < 0.75:
            self._state(self.line, party, bodies.ADOPT, tree.sha(self.accord))
        else:
            self._state(self.line, party)

    def _transcript(self, name: str, ours: int) -> Vector:
        """With one show, of what this end says in the order in which all of it was made."""
        vector: Vector = {
            "name": name,
            "card_payloads": [one.hex() for one in self.line.payloads],
            "transcript": self.line.transcript.hex(),
            "line_0": self.line.order_wire.hex(),
            "commitment_key_0": self.line.key_0.hex(),
            "line_name": pen.NAME,
            "line_nonce": pen.NONCE.hex(),
            "line": self.line.line.hex(),
            "commitment_key": self.line.key.hex(),
            "ours": ours,
            "steps": list(self.steps),
        }
        vector["steps"].append({"shows": told_by(vector)})
        return vector

    def at_the_other_end(self) -> Vector:
        return self._transcript(self.vector["name"], 1 - self.vector["ours"])


def told_by(vector: Vector) -> dict[str, object]:
    machine = machine_of(vector)
    for one in vector["steps"]:
        step(machine, one)
    return hexed(machine.shows())
