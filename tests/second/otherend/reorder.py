"""Other orders of the entries of a transcript, as vectors/README.md allows them."""

import random
from collections.abc import Iterator

from otherend import signed
from otherend.line import Machine
from otherend.running import Vector, machine_of, step


class Stuck(Exception):
    """No entry left may come next: this draw could not have come about."""


class Orders:
    """The entries of one transcript, without those that are dropped in the order of the file."""

    def __init__(self, vector: Vector) -> None:
        self.vector, self.steps, self.entries = vector, [], {}
        whole = machine_of(vector)
        for one in vector["steps"]:
            if "entry" in one:
                before = whole.dropped
                step(whole, one)
                if whole.dropped == before:
                    self.steps.append(one)
                    self.entries[id(one)] = signed.read_entry(bytes.fromhex(one["entry"]))
        self.final = [line.logs[whole.ours].roots for line in whole.lines]

    def draws(self, count: int) -> list[Machine]:
        """Machines after all entries, each in an order of its own; a draw that gets stuck is drawn again."""
        found = []
        for seed in range(300):
            try:
                found.append(self._draw(f"{self.vector['name']} {seed}"))
            except Stuck:
                continue
            if len(found) == count:
                return found
        raise AssertionError("no other order is possible")

    def _draw(self, seed: str) -> Machine:
        chance, machine, left, exists = random.Random(seed), machine_of(self.vector), list(self.steps), False
        while left:
            exists = exists or bool(machine.settled_accords())
            ready = [one for one in left if self._may_come(one, left, machine, exists)]
            if not ready:
                raise Stuck([(one["line"], self.entries[id(one)].sequence) for one in left])
            chosen = chance.choice(ready)
            left = [one for one in left if one is not chosen]
            step(machine, chosen)
        return machine

    def broken_by_the_file(self) -> list[tuple[str, int, int]]:
        """What comes too early in the file itself, by the same rules: line, party, sequence."""
        machine, left, found, exists = machine_of(self.vector), list(self.steps), [], False
        while left:
            exists = exists or bool(machine.settled_accords())
            if not self._may_come(left[0], left, machine, exists):
                entry = self.entries[id(left[0])]
                found.append((left[0]["line"], entry.said.party, entry.sequence))
            step(machine, left.pop(0))
        return found

    def _is_true(self, number: int, said: signed.Statement) -> bool:
        """Whether the root a statement of theirs has of our log is the one our log comes to have."""
        roots = self.final[number]
        return said.their_size < len(roots) and said.their_root == roots[said.their_size]

    def _may_come(self, one: Vector, left: list[Vector], machine: Machine, exists: bool) -> bool:
        return all(self._rules(one, left, machine, exists))

    def _rules(self, one: Vector, left: list[Vector], machine: Machine, exists: bool) -> Iterator[bool]:
        number, entry = int(one["line"]), self.entries[id(one)]
        line, said = machine.lines[number], entry.said
        yield number == 0 or exists
        ours = said.party == machine.ours
        if ours:
            yield entry.sequence <= line.logs[machine.ours].size
        if isinstance(said, signed.Statement):
            other_log = line.logs[1 - said.party]
            yield said.their_size <= other_log.size or (not ours and not self._is_true(number, said))
        elif one.get("key") is None:
            yield machine.proven(said, entry)
        place = (one["line"], said.party, entry.sequence)
        for other in left:  # of two at one place, and of one that comes twice, the first given comes first
            if other is one:
                return
            there = self.entries[id(other)]
            yield (other["line"], there.said.party, there.sequence) != place
