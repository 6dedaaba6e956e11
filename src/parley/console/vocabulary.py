"""Words that stand for states on the record, listed so that the catalogues have them.

They are compared in English everywhere; only where they are shown does `_` turn them into the officer's language.
"""

from __future__ import annotations

from typing import Final


def _(text: str) -> str:
    """Marks a word for the catalogues and leaves it as it is."""
    return text


DECLARED: Final = (
    _("OPEN"), _("OPENING"), _("SEVERED BY US"), _("SEVERED BY THEM"), _("SEVERED BY BOTH"), _("NOT YET OPENED"),
)  # fmt: skip
OBSERVED: Final = (
    _("OK"), _("SLOW"), _("ONE WAY"), _("NO WATCH"), _("QUIET"), _("DOWN"), _("NOT PROVEN"),
)  # fmt: skip
PRECEDENCES: Final = (_("FLASH"), _("IMMEDIATE"), _("PRIORITY"), _("ROUTINE"))
STATES: Final = (
    _("DRAFT"), _("WAITING RELEASE"), _("RELEASED"), _("SENDING"), _("AT THEIR END"), _("SEEN BY WATCH"),
    _("READ BACK"), _("ANSWERED"), _("CANNOT COMPLY"), _("EXPIRED"), _("CANCELLED"), _("WITHDRAWN"),
    _("ENTERED BY THEM"), _("AT OUR END"),
)  # fmt: skip
GRADES: Final = (
    _("SEEN"), _("READ BACK"), _("WILL COMPLY"), _("CANNOT COMPLY"), _("STAND BY"), _("NOTED"),
)  # fmt: skip
RECORDS: Final = (_("agree"), _("behind"), _("difference"))
TERMS: Final = (
    _("released, waits for a bearer"), _("offered"), _("agreed, not yet confirmed"), _("settled"),
)  # fmt: skip
POWERS: Final = (_("release"), _("acknowledge"), _("sever"), _("restore"), _("administer"))
MEANINGS: Final = {"OPENING": _("OPENING CALL"), "CLOSING": _("CLOSING CALL"), "CHECK": _("CHECK CALL")}
KINDS: Final = (
    _("MESSAGE"), _("ACKNOWLEDGE"), _("CANCEL"), _("SEVER"), _("OFFER"), _("AGREE"), _("WITHDRAW"), _("ROSTER"),
    _("RECEIPT"), _("CONTACT"), _("EPOCH"), _("PREKEYS"), _("ADOPT"), _("HEAD"), _("entry"), _("frame"),
)  # fmt: skip
MARKS: Final = (
    _("kept back"), _("sent before the cut, came after"), _("said while cut"), _("early: before the hour of opening"),
    _("beyond the powers of this officer"), _("another act has this name; this one has no effect"),
)  # fmt: skip
OUTCOMES: Final = (
    _("answered"), _("late"), _("unanswered"), _("one way"), _("cut"), _("not held"),
)  # fmt: skip
JOURNAL: Final = (
    _("heard a call"), _("noted of a call"), _("unanswered"),
    _("draft"), _("released"), _("withdrawn"), _("called"), _("answered"), _("rekeyed"), _("watch"), _("signed"),
    _("alarm"), _("started"), _("stopped"), _("read"), _("signed in"), _("signed out"), _("refused sign-in"),
    _("offered"), _("reopened"), _("announcement"), _("RELEASE"), _("HOLD"), _("RESUME"), _("ABORT"), _("PUBLISH"),
    _("SEND"), _("EDIT"), _("prepared"), _("courier"), _("forgotten"),
)  # fmt: skip
LETTERS: Final = (
    _("TENDERED"), _("UNDETERMINED"), _("ACCEPTED"), _("REFUSED"), _("HANDED IN"), _("RECEIVED"), _("TAKEN BACK"),
)  # fmt: skip
APPOINTMENTS: Final = (
    _("OFFERED"), _("AGREED, NOT YET CONFIRMED"), _("AGREED"), _("MOVED"), _("CALLED OFF"), _("PAST"),
)  # fmt: skip
PAPERS: Final = (_("TENDER"), _("TENDER_ANSWER"), _("TENDER ANSWER"), _("LETTER"), _("TIER"))
ANNOUNCING: Final = (
    _("the clock of this machine jumped since the release"),
    _("at the start the clock of this machine was behind the last time in our journal"),
    _("nothing is known of what the clock of this machine is worth"),
    _("the hour is past by more than this end may be late by itself"),
    _("this end was put back to an earlier state"),
    _("hold"), _("resume"), _("abort"), _("publish"), _("ANNOUNCEMENT"),
)  # fmt: skip
