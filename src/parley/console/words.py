"""The seam every string of the console passes through, so that a catalogue can take its place.

English is the source; the catalogues come with the full console. A name that stands for a state on the
record (OPEN, AT THEIR END) passes here too, where it is shown, never where it is compared.
"""

from __future__ import annotations

from gettext import NullTranslations

catalogue = NullTranslations()


def _(text: str) -> str:
    """`text` in the language of the console."""
    return catalogue.gettext(text)
