"""Which messages of a line still wait for an answer, kept as entries come (spec 6.5).

A message waits until an officer of the other side has acknowledged or answered it, or its own side has taken it
back. `closes` says which entry does that, for the ladder of a message and for what is counted here alike: there is
one rule, and what is kept here is only where to look.

An entry closes a message for good, unless a delegation that lies lower is found later; then the line is folded
again, and what waits with it. What is kept grows with what is open and not with what was ever said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from parley.core import accord as accords
from parley.core.errors import RemoteError
from parley.core.record import Held
from parley.core.types import ActKind, Officer
from parley.core.wire import body as bodies

Place = tuple[int, int]  # party and sequence


def closes(found: Held, party: int, officer: Officer | None) -> bool:
    """Whether `found`, which names a message of `party` on its own line, is an answer to it, an acknowledgement
    of it, or takes it back. `officer`: who the roster says the author of `found` is, if the key is the same."""
    if officer is None or found.body is None:
        return False
    if found.kind not in (ActKind.ACKNOWLEDGE, ActKind.CANCEL, ActKind.MESSAGE):
        return False
    if (found.party == party) != (found.kind == ActKind.CANCEL):
        return False
    if found.kind != ActKind.MESSAGE and not accords.may(officer, found.kind, None, found.said.precedence):
        return False
    try:
        bodies.check_act(found.kind, found.body)
    except RemoteError:
        return False  # recorded, and their fault: without effect here too
    return True


class Open:
    """The messages of one line that nobody has answered: their places, by act id."""

    def __init__(self, places: Iterable[tuple[bytes, Place]] = ()) -> None:
        self._places: dict[bytes, list[Place]] = {}
        for act_id, place in places:
            self.add(act_id, place)

    def __iter__(self) -> Iterator[tuple[bytes, Place]]:
        """Act id and place of each, in the order in which they came."""
        return ((act_id, place) for act_id, places in self._places.items() for place in places)

    def __len__(self) -> int:
        return sum(len(places) for places in self._places.values())

    def add(self, act_id: bytes, place: Place) -> None:
        """One more that waits; one act can lie at two places of a log that contradicts itself."""
        self._places.setdefault(act_id, []).append(place)

    def party_of(self, act_id: bytes) -> int | None:
        """Whose the message is, if it waits."""
        places = self._places.get(act_id)
        return places[0][0] if places else None

    def close(self, act_id: bytes) -> None:
        """It waits no more."""
        self._places.pop(act_id, None)

    def of(self, party: int) -> tuple[Place, ...]:
        """The places of those of a party, in the order of its log."""
        return tuple(sorted(place for _, place in self if place[0] == party))
