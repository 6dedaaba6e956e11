"""Cards and shares of a pairing: what is checked before either is used (spec 3.1, 3.3)."""

from __future__ import annotations

from parley.core import suite
from parley.core.errors import LocalError, RemoteError
from parley.core.types import FIRST_INCARNATION, Card, Signed
from parley.core.wire import cbor
from parley.core.wire import entry as wire

SHARE_LABEL = "parley/share/1"


def check_card(data: bytes) -> Card:
    """The card in `data`, a tagged COSE_Sign1 signed by the root key it names. Raises LocalError.

    1. It is one COSE_Sign1 of the subset, tagged.
    2. Root and node keys are fit to be keys.
    3. The signature holds under the root key.
    """
    try:
        card_signed = _untagged(data)  # 1
        card = wire.decode_card(card_signed.payload)
        if card.incarnation != FIRST_INCARNATION:
            raise RemoteError("it is of an incarnation that is not known yet")
        suite.check_public_key(card.root_key)  # 2
        suite.check_public_key(card.node_key)
        _check(card_signed, card.root_key)  # 3
    except RemoteError as e:
        raise LocalError(f"this is not a usable card: {e.text}", "ask for the card again") from None
    return card


def two_cards(our_card: bytes, their_card: bytes) -> tuple[Card, Card]:
    """Both cards of a pairing, ours and theirs, checked. Raises LocalError."""
    ours, theirs = check_card(our_card), check_card(their_card)
    if ours.root_key == theirs.root_key or ours.node_key == theirs.node_key:
        raise LocalError("this is our own card", "pair with the card of the other party")
    return ours, theirs


def share_for(data: bytes, root_key: bytes, transcript: bytes) -> bytes:
    """The sealed share in `data`, signed by `root_key` for this pairing. Raises LocalError."""
    try:
        share = _untagged(data)
        _check(share, root_key)
        label, named, sealed = cbor.array(cbor.decode(share.payload), 3, "share")
        if label != SHARE_LABEL or named != transcript:
            raise RemoteError("it is for another pairing")
        return cbor.octets(sealed)
    except RemoteError as e:
        raise LocalError(
            f"this is not a usable share: {e.text}", "check that both used the same two cards"
        ) from None


def _untagged(data: bytes) -> Signed:
    if data[:1] != wire.COSE_SIGN1_TAG:
        raise RemoteError("it is not a tagged COSE_Sign1")
    return wire.decode_signed(cbor.decode(data[1:]))


def _check(found: Signed, key: bytes) -> None:
    if found.kid != suite.key_id(key) or not suite.verify(
        key, wire.to_be_signed(found.kid, found.payload), found.signature
    ):
        raise RemoteError("its signature does not verify")
