"""The seam every string of the console passes through: gettext, in the language of whoever is asking.

English is the source; a catalogue is a compiled file `locale/LANGUAGE/LC_MESSAGES/console.mo` beside this one
(`./run words` makes them). The language is that of the request, so it is kept in a context variable.

A name that stands for a state on the record (OPEN, AT THEIR END) is translated where it is shown, never where it
is compared. Sentences made below the console arrive as `core.errors.Sentence` and are said by `say`.
"""

from __future__ import annotations

import gettext
from contextvars import ContextVar
from importlib.resources import as_file, files
from typing import Final

from parley.core.errors import Sentence

LANGUAGES: Final = {"en": "English", "ko": "한국어"}
"""Those shipped, by their tag, each called as its own people call it."""


_RIGHT_TO_LEFT: Final = frozenset({"ar", "fa", "he", "ur"})


def direction(language: str) -> str:
    """Which way a language is written, for the whole page: "ltr" or "rtl"."""
    return "rtl" if language.partition("-")[0] in _RIGHT_TO_LEFT else "ltr"


def _catalogue(language: str) -> gettext.NullTranslations:
    if language == "en":
        return gettext.NullTranslations()
    with as_file(files("parley.console") / "locale") as folder:
        return gettext.translation("console", folder, [language], fallback=True)


_CATALOGUES: Final = {language: _catalogue(language) for language in LANGUAGES}
_current: ContextVar[gettext.NullTranslations] = ContextVar("catalogue", default=_CATALOGUES["en"])


def use(language: str) -> None:
    """All that follows in this request is said in `language`; in English if there is no catalogue of it."""
    _current.set(_CATALOGUES.get(language, _CATALOGUES["en"]))


def preferred(accepted: str) -> str:
    """The language shipped that an Accept-Language header asks for first; English if it names none of them."""
    wishes = []
    for number, part in enumerate(accepted[:512].split(",")):
        tag, _, weight = part.strip().partition(";q=")
        try:
            wishes.append((-float(weight or 1), number, tag.split("-")[0].lower()))
        except ValueError:
            continue
    return next((tag for weight, _, tag in sorted(wishes) if weight < 0 and tag in LANGUAGES), "en")


def _(text: str) -> str:
    """`text` in the language of the request."""
    return _current.get().gettext(text) if text else ""


def in_language(language: str, text: str) -> str:
    """`text` in one of `LANGUAGES`, whoever is asking; as it is where no catalogue has it."""
    return _CATALOGUES[language].gettext(text) if text else ""


def ngettext(one: str, many: str, n: int) -> str:
    """The form for `n`."""
    return _current.get().ngettext(one, many, n)


def say(text: str) -> str:
    """A text from below the console in the language of the request; as it is where no catalogue has it."""
    if not isinstance(text, Sentence) or not text.values:
        return _(text)
    values = {name: say(v) if isinstance(v, Sentence) else v for name, v in text.values.items()}
    try:
        return _(text.template).format(**values)
    except (KeyError, IndexError, ValueError):  # a catalogue that was edited badly must not cost the sentence
        return str(text)
