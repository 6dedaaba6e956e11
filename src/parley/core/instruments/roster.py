"""The roster: which keys may act for a party, with which powers (spec 6.1, 3.4).

A roster is a set of delegations, each signed by the party's root key on line 0. Additions are
order-free: the fold is a union. One author number is one key with fixed powers for ever; of two
delegations of one number that differ the one at the lower place stands, and the other is the root's fault.
Revocation (by author, line, incarnation and size), m-of-n roots and the Merkle list of salted
delegations come later; their places are there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from parley.core import suite
from parley.core.errors import RemoteError
from parley.core.types import Body, Officer, Power, Precedence, Value
from parley.core.wire import cbor


def body(officers: Iterable[Officer]) -> Body:
    """The body of a ROSTER act."""
    return tuple(_field(officer) for officer in officers)


def officers(fields: Body) -> tuple[Officer, ...]:
    """The delegations in a body that has passed its schema. Raises RemoteError for an unfit key."""
    found = []
    for field in fields:
        author, key, office, precedence_max, powers = cbor.array(field, 5, "delegation")
        found.append(
            Officer(
                cbor.integer(author),
                suite.check_public_key(cbor.octets(key)),
                cbor.string(office),
                Precedence(cbor.integer(precedence_max)),
                Power(cbor.integer(powers)),
            )
        )
    return tuple(found)


def added(roster: Mapping[int, Officer], fields: Body) -> dict[int, Officer]:
    """A party's roster with the delegations of one more act; a number already given is not changed."""
    merged = dict(roster)
    for officer in delegated(fields):
        merged.setdefault(officer.author, officer)
    return merged


def delegated(fields: Body | None) -> tuple[Officer, ...]:
    """The delegations of an act: all of them, or none if one has a key that is unfit."""
    try:
        return officers(fields or ())
    except RemoteError:
        return ()


def _field(o: Officer) -> Value:
    return (o.author, o.key, o.office, int(o.precedence_max), int(o.powers))
