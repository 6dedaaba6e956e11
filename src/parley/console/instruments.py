"""The instruments that have pages of their own, in the order in which the bar names them."""

from __future__ import annotations

from typing import Final

from parley.console import announcements, appointments, contacts, letters
from parley.console.leaf import Instrument

INSTRUMENTS: Final[tuple[Instrument, ...]] = (
    letters.INSTRUMENT,
    announcements.INSTRUMENT,
    appointments.INSTRUMENT,
    contacts.INSTRUMENT,
)
