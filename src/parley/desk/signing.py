"""Who acts, with which key, and what is signed: what all parts of the desk do alike.

An act is signed and released within one turn: it waits at our end until a bearer can take it.
"""

from __future__ import annotations

from parley.core import line as lines
from parley.core import suite
from parley.core.errors import LocalError, Sentence
from parley.core.line import Side, Standing
from parley.core.types import ActKind, Body, Precedence, Subject
from parley.core.wire import cbor
from parley.core.wire import entry as wire
from parley.desk.reading import Reading
from parley.desk.views import TermsView
from parley.keys import OfficerFile, Signer
from parley.keys.officers import Unlocked, unlock
from parley.node import Node, Room
from parley.watch_log import Happened


class Signing:
    """Signs for the officers of one end."""

    def __init__(self, node: Node, look: Reading) -> None:
        self._node, self._look, self._log = node, look, node.watch_log

    def acting(self, by: str) -> OfficerFile:
        """The officer of that name, if he may do anything but read. Raises LocalError."""
        found = self._look.officer_named(by)
        if not found.officer.powers:
            raise LocalError(
                Sentence("{officer} may read, and nothing else", officer=by),
                Sentence("ask an officer whose powers allow it: parley officer list"),
            )
        return found

    def signer(self, by: str, key: str | Unlocked) -> tuple[OfficerFile, Signer]:
        """The officer and the key that signs, opened by passphrase or opened already. Raises LocalError."""
        if isinstance(key, str):
            key = unlock(self._node.home.path, by, key)
        if key.name != by:
            raise LocalError(
                Sentence("the key of {officer} cannot sign for {by}", officer=key.name, by=by),
                Sentence("sign in as the officer who acts"),
            )
        found = self.acting(by)
        if found.officer.key != key.officer.key:
            raise LocalError(
                Sentence("the key of {officer} was changed since the session began", officer=by),
                Sentence("sign in again"),
            )
        return found, key.signer

    def sign_and_release(
        self,
        room: Room,
        kind: ActKind,
        body: Body,
        precedence: Precedence,
        by: str,
        passphrase: str | Unlocked,
        draft: int | None = None,
        kept: int | None = None,
    ) -> int:
        """One act, released; gives its number. `draft`: the event of the journal it was prepared as. `kept`: the id of
        what a cut kept back, which this takes the place of."""
        found, signer = self.signer(by, passphrase)
        self._look.may(found, kind, None, precedence)

        def do() -> int:
            if kept is not None:
                self._node.store.entered(kept)
            cose, number = self._node.sign(room, kind, body, precedence, found.officer.author, signer)
            self._node.release(room, cose, body, draft=draft)
            return number

        number = self._node.turn(do)
        self._log.note(self._node.now(), Happened.SIGNED, by, room.id, draft or 0, act=kind.name)
        return number

    def offer(
        self, room: Room, subject: Subject, terms: bytes, by: str, passphrase: str | Unlocked
    ) -> TermsView:
        """Terms, offered; counts as this officer's agreement."""
        found, signer = self.signer(by, passphrase)
        self._look.may(found, ActKind.OFFER, subject, Precedence.IMMEDIATE)
        self._check_room_for(room, subject, suite.sha256(terms))
        body: Body = (int(subject), terms)

        def do() -> None:
            cose, _ = self._node.sign(
                room, ActKind.OFFER, body, Precedence.IMMEDIATE, found.officer.author, signer
            )
            self._node.release(room, cose, body, subject)

        self._node.turn(do)
        self._log.note(self._node.now(), Happened.SIGNED, by, room.id, act="OFFER", subject=subject.name)
        name = suite.sha256(terms)
        standing = room.line.standing(name) or Standing(subject, name, terms, (Side(), Side()))
        return self._look.terms_view(room, standing)

    def _check_room_for(self, room: Room, subject: Subject, name: bytes) -> None:
        """Raises LocalError for one offer more than a side has (LI-16): it would be signed and stand for nothing."""
        ours, most = room.pair.ours, lines.OFFERS_MAX_OF[subject]
        standings = (s for s in room.line.standings if s.subject == subject)
        offered = {s.hash for s in standings if s.offered[ours] is not None}
        for waiting in self._node.store.waiting(room.id):
            if waiting.kind == ActKind.OFFER and waiting.subject == subject:
                offered.add(suite.sha256(cbor.octets(wire.decode_body(waiting.body)[1])))
        if name not in offered and len(offered) >= most:
            raise LocalError(
                Sentence("we have offered {count} terms of this kind here: no more would count", count=most),
                Sentence("make a new pairing")
                if room.is_order_wire
                else Sentence("agree on a new line, and go on there: parley line offer"),
            )
