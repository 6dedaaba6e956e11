"""Announcements: the hour both agree on, and what each side says at it in its own words (spec 6.1, 18).

Both agree on an hour and on the points it is about; nobody agrees on a text. Each side's text is an act of its own, one
for each of its languages, that says which of the points it speaks of. What a side does not say is shown as not said.
"""

from __future__ import annotations

from dataclasses import dataclass

from parley.core.errors import RemoteError
from parley.core.types import NONCE_BYTES, U32, Seconds, exactly, text, within
from parley.core.wire import cbor

HOUR_LABEL = "parley/announcement/1"
POINTS_MAX = 16
POINT_BYTES_MAX = 256
SUBJECT_BYTES_MAX = 256


@dataclass(frozen=True, slots=True)
class Hour:
    """The terms of an announcement hour. `nonce`: 16 bytes, so that two hours alike are two. `points`: what the
    announcement is about, in the order by which a text names them."""

    nonce: bytes
    at: Seconds
    subject: str
    points: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        exactly("nonce", self.nonce, NONCE_BYTES)
        within("announcement hour", self.at, 0, U32)
        text("subject", self.subject, SUBJECT_BYTES_MAX)
        if len(self.points) > POINTS_MAX:
            raise RemoteError(f"an announcement has at most {POINTS_MAX} points")
        for point in self.points:
            text("point", point, POINT_BYTES_MAX)


def encode_hour(hour: Hour) -> bytes:
    """The terms an OFFER of an announcement hour carries and an AGREE names by their SHA-256."""
    return cbor.encode((HOUR_LABEL, hour.nonce, hour.at, hour.subject, hour.points))


def decode_hour(terms: bytes) -> Hour:
    """The announcement hour in `terms`. Raises RemoteError."""
    label, nonce, at, subject, points = cbor.array(cbor.decode(terms), 5, "announcement hour")
    if label != HOUR_LABEL:
        raise RemoteError("terms are not those of an announcement hour")
    return Hour(
        cbor.octets(nonce),
        cbor.integer(at),
        cbor.string(subject),
        tuple(cbor.string(point) for point in cbor.items(points)),
    )
