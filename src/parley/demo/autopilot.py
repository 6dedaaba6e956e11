"""Lets an end act by itself: what a careful watch would do on its own, and nothing of its own accord.

It takes the watch when nobody has it, answers what rings, acknowledges what has come (a FLASH is read back) and
agrees to terms the other side stands behind with all its officers. It releases no message unasked, offers nothing
and cuts nothing. Everything goes through the desk, under the officers of that end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from parley.core.errors import LocalError
from parley.desk import Desk
from parley.desk.views import MessageView, OfficerView, TermsView

PATIENCE_S: Final = 3.0
_READ_BACK_CHARACTERS_MAX: Final = 160
_POWER_TO_AGREE: Final = {"restore": "restore", "announcement hour": "release", "appointment": "release"}
_ORDER: Final = ("FLASH", "IMMEDIATE", "PRIORITY", "ROUTINE")


class Autopilot:
    """Acts for one end. `on` may be changed at any time; `silent`: keeps the watch and does nothing else."""

    def __init__(self, desk: Desk, passphrase: str, *, on: bool, patience_s: float = PATIENCE_S) -> None:
        self.on, self.silent = on, False
        self._desk, self._passphrase, self._patience_s = desk, passphrase, patience_s
        self._noticed: dict[str, float] = {}

    def act(self, now: float) -> tuple[str, ...]:
        """What is to be done at `now` (monotonic seconds), done, in words for a log. A thing is done so long after
        it was first noticed as a person takes to see it; what the desk refuses now is tried again."""
        if not self.on:
            self._noticed.clear()
            return ()
        wanted = dict(self._wanted())
        self._noticed = {key: at for key, at in self._noticed.items() if key in wanted}
        done = []
        for key, act in wanted.items():
            if now - self._noticed.setdefault(key, now) < self._patience_s:
                continue
            try:
                act()
            except LocalError:
                self._noticed[key] = now
            else:
                del self._noticed[key]
                done.append(key)
        return tuple(done)

    def _wanted(self) -> list[tuple[str, Callable[[], object]]]:
        desk, found = self._desk, list[tuple[str, Callable[[], object]]]()
        officers = desk.officers()
        watch = able(officers, "acknowledge", "FLASH")
        if not watch:
            return []
        name = watch[0].name
        status = desk.status()
        if status.watch is None:
            found.append(("watch", lambda: desk.take_watch(name)))
        if self.silent:
            return found
        for line in status.lines:
            if line.ringing:
                found.append((f"answer {line.name}", lambda line=line: desk.answer(line.id, name)))  # type: ignore[misc]
        for terms in desk.terms():
            if terms.state == "offered" and len(terms.theirs) >= terms.needed > len(terms.ours):
                power = _POWER_TO_AGREE.get(terms.subject, "administer")
                free = [o for o in able(officers, power, "IMMEDIATE") if o.office not in terms.ours]
                for officer in free[:1]:
                    found.append((f"agree {terms.ref} {officer.name}", self._agreement(terms, officer)))
        for message in desk.needs_us():
            may = able(officers, "acknowledge", message.precedence)
            if may:
                found.append((f"acknowledge {message.ref}", self._acknowledgement(message, may[0])))
        return found

    def _agreement(self, terms: TermsView, officer: OfficerView) -> Callable[[], object]:
        return lambda: self._desk.agree(terms.ref, officer.name, self._passphrase)

    def _acknowledgement(self, message: MessageView, officer: OfficerView) -> Callable[[], object]:
        if message.precedence == "FLASH":
            words = message.text[:_READ_BACK_CHARACTERS_MAX]
            return lambda: self._desk.acknowledge(
                message.ref, "read back", officer.name, self._passphrase, words
            )
        return lambda: self._desk.acknowledge(message.ref, "seen", officer.name, self._passphrase)


def send_flash(desk: Desk, line: str, text: str, reason: str, passphrase: str) -> MessageView:
    """A FLASH drafted by one officer of this end and released by a second. Raises LocalError."""
    releasing = able(desk.officers(), "release", "FLASH")
    drafting = [o for o in able(desk.officers(), "acknowledge", "FLASH") if o not in releasing[:1]]
    if not releasing or not drafting:
        raise LocalError(
            "this end has no two officers for a FLASH", "let one draft it and a second release it"
        )
    draft = desk.compose(line, text, drafting[0].name, precedence="FLASH", reason=reason)
    return desk.release(draft.ref, releasing[0].name, passphrase)


def able(officers: tuple[OfficerView, ...], power: str, precedence: str) -> list[OfficerView]:
    """Officers who hold a power up to a precedence, in the order in which they were made."""
    return [
        o
        for o in officers
        if power in o.powers and _ORDER.index(o.precedence_max) <= _ORDER.index(precedence)
    ]
