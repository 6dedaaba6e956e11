"""How values are shown: times, ages, states, and text of theirs that must stay inside its box.

UTC first, the parties' civil clocks second. What is shown is never what is compared, kept or signed. Ages and
terms that run are elements that the page's script keeps running (static/live.js) and that stand right without it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from markupsafe import Markup, escape

from parley.console.vocabulary import MEANINGS
from parley.console.words import _
from parley.core.types import Precedence, Seconds, without_towers
from parley.desk.agreed import SlotView
from parley.desk.times import MONTHS
from parley.desk.views import LineView, MessageView, RungView

# --- time ---------------------------------------------------------------------------------------------------


def clock(at: Seconds) -> str:
    """`10:04:12Z`."""
    return f"{datetime.fromtimestamp(at, UTC):%H:%M:%S}Z"


def group(at: Seconds) -> str:
    """The date-time group of an instant: `271015Z JUL 21`."""
    t = datetime.fromtimestamp(at, UTC)
    return f"{t.day:02}{t.hour:02}{t.minute:02}Z {MONTHS[t.month - 1]} {t.year % 100:02}"


def day(at: Seconds) -> str:
    """The date of an instant: `27 JUL 2021`."""
    t = datetime.fromtimestamp(at, UTC)
    return f"{t.day:02} {MONTHS[t.month - 1]} {t.year}"


def weekday(at: Seconds) -> str:
    """The day of the week in UTC, shortened."""
    names = (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))
    return names[datetime.fromtimestamp(at, UTC).weekday()]


def when(at: Seconds, now: Seconds) -> Markup:
    """An instant as a `time` element: the hour alone on the day of `now`, else the date-time group."""
    iso = f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"
    words = clock(at) if at // 86400 == now // 86400 else group(at)
    return Markup('<time datetime="{}">{}</time>').format(iso, words)


def civil(at: Seconds, minutes: int) -> str:
    """The hour on a civil clock `minutes` east of UTC: `19:04:12`."""
    return f"{datetime.fromtimestamp(at + 60 * minutes, UTC):%H:%M:%S}"


def offset(minutes: int) -> str:
    """How far a civil clock is east of UTC: `UTC+9`, `UTC-3:30`."""
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")


def since(at: Seconds, now: Seconds) -> Markup:
    """How long ago, running."""
    return Markup('<span data-since="{}">{}</span>').format(int(at), age(max(0, int(now - at))))


def until(at: Seconds, now: Seconds) -> Markup:
    """How long until then, running down."""
    return Markup('<span data-until="{}">{}</span>').format(int(at), age(max(0, int(at - now))))


def age(seconds: int) -> str:
    """A length of time in the one or two units a person would say."""
    seconds = abs(seconds)
    if seconds < 60:
        return _("%(n)d s") % {"n": seconds}
    if seconds < 3600:
        return _("%(n)d min") % {"n": seconds // 60}
    if seconds < 86400:
        return _("%(h)d h %(m)02d min") % {"h": seconds // 3600, "m": seconds % 3600 // 60}
    if seconds < 2 * 86400:
        return _("1 day %(h)d h") % {"h": seconds % 86400 // 3600}
    return _("%(n)d days") % {"n": seconds // 86400}


# --- text of others -----------------------------------------------------------------------------------------

_HARMLESS: Final = frozenset("\u200c\u200d\u200e\u200f\u061c")  # joiners and marks that scripts need
_NAMES: Final = {
    "\u202a": "LRE", "\u202b": "RLE", "\u202c": "PDF", "\u202d": "LRO", "\u202e": "RLO",
    "\u2066": "LRI", "\u2067": "RLI", "\u2068": "FSI", "\u2069": "PDI",
    "\u200b": "ZWSP", "\u00ad": "SHY", "\ufeff": "BOM", "\u2028": "LS", "\u2029": "PS",
}  # fmt: skip
_ALIKE: Final = ("LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE")
_LABEL: Final = re.compile(r'<span class="control">(.*?)</span>')
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


def plain(text: str) -> Markup:
    """`text` with what would steer its display shown instead of obeyed.

    Embeddings and overrides of direction, invisible format characters and foreign line ends become a small
    label with their name, and of a tower of combining marks only the first ones stand; everything else is
    only escaped. The text itself stays as it was signed.
    """
    if text.isascii() and text.isprintable():
        return escape(text)
    shown, kept = Markup(""), ""
    for c, kind, more in without_towers(text):
        if more:
            shown, kept = shown + kept + _label(_("+%(n)d marks") % {"n": more}), ""
        elif _steers(c, kind):
            shown, kept = shown + kept + _label(_NAMES.get(c, f"U+{ord(c):04X}")), ""
        else:
            kept += c
    return shown + kept


def bare(text: str) -> Markup:
    """`text` for a title, a choice or an attribute, where no markup stands: what `plain` labels is in brackets."""
    return Markup(_LABEL.sub(r"[\1]", plain(text)))


def _label(words: str) -> Markup:
    return Markup('<span class="control">{}</span>').format(words)


def _steers(c: str, kind: str) -> bool:
    return kind in ("Cf", "Zl", "Zp", "Cc") and c not in _HARMLESS and c != "\n"


def language(tag: str) -> str:
    """A BCP 47 tag fit for a `lang` attribute; empty (unknown) if it is not one."""
    return tag if _LANGUAGE.fullmatch(tag) else ""


def odd_letters(name: str) -> bool:
    """Whether a word of a name mixes alphabets that are easily taken for one another (Latin, Greek, Cyrillic)."""
    if name.isascii():
        return False
    for word in re.split(r"[\W\d_]+", name):
        found = {
            alphabet for c in word for alphabet in _ALIKE if unicodedata.name(c, "").startswith(alphabet)
        }
        if len(found) > 1:
            return True
    return False


# --- addresses ----------------------------------------------------------------------------------------------


REF: Final = re.compile(r"draft:[0-9]{1,15}|.{1,128}:(ours|theirs):[0-9]{1,5}/[0-9]{1,10}", re.DOTALL)
DRAFT_REF: Final = re.compile(r"draft:[0-9]{1,15}")


def line_url(line: LineView) -> str:
    """The page of a line; by its id where the name is none that an address can carry."""
    return "/line/" + _named(line)


def record_url(line: LineView) -> str:
    """The page with both logs of a line."""
    return "/record/" + _named(line)


def call_url(line: LineView) -> str:
    """The guided contact call on a line."""
    return "/call/" + _named(line)


def restore_url(line: LineView) -> str:
    """The page on which a line is opened again."""
    return "/restore/" + _named(line)


def sever_url(line: LineView) -> str:
    """The page on which a line is cut."""
    return "/sever/" + _named(line)


def draft_url(ref: str) -> str:
    """The page on which a draft is written."""
    return "/draft/" + ref.removeprefix("draft:")


def _named(line: LineView) -> str:
    return _in_path(line.name) or line.id


def message_url(ref: str) -> str:
    """The page of a message."""
    return "/message/" + (_in_path(ref) or quote(ref, safe=""))


def _in_path(name: str) -> str:
    """`name` quoted for a path; empty if a browser would fold it away."""
    if any(part in ("", ".", "..") for part in name.split("/")):
        return ""
    return quote(name, safe="/:")


# --- states -------------------------------------------------------------------------------------------------

LETTERS: Final = {"FLASH": "Z", "IMMEDIATE": "O", "PRIORITY": "P", "ROUTINE": "R"}
PRECEDENCES: Final = tuple(p.name for p in sorted(Precedence))
WANTED: Final = frozenset({"OPEN", "OPENING"})  # declared states in which something should be heard
FAULTS: Final = frozenset({"ONE WAY", "QUIET", "DOWN", "NOT PROVEN"})


def troubles(line: LineView) -> bool:
    """Whether the observed word needs somebody: a line both hold open on which they cannot be reached."""
    return line.declared in WANTED and line.observed in FAULTS


def abnormal(line: LineView) -> bool:
    """Whether a line is not as one hopes: the bar shows these first."""
    return line.declared != "OPEN" or line.observed != "OK" or line.agree == "difference" or line.ringing


_DAYS: Final = (0x7F, 0x1F)  # every day; Monday to Friday


def slot_words(slot: SlotView, minutes: int) -> str:
    """A scheduled contact in words, on a civil clock `minutes` east of UTC: `09:00 OPENING, Mon to Fri`."""
    at = (slot.minute + minutes) % 1440
    if slot.weekdays == _DAYS[0]:
        days = _("every day")
    elif slot.weekdays == _DAYS[1]:
        days = _("Mon to Fri")
    else:
        names = (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))
        days = ", ".join(name for bit, name in enumerate(names) if slot.weekdays >> bit & 1)
    caller = {True: _("we call"), False: _("they call"), None: _("either calls")}[slot.ours]
    return f"{at // 60:02}:{at % 60:02} {_(MEANINGS.get(slot.meaning, slot.meaning))}, {days}, {caller}"


CLIMB: Final = (
    "DRAFT", "WAITING RELEASE", "RELEASED", "SENDING", "AT THEIR END", "SEEN BY WATCH", "READ BACK", "ANSWERED",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rung:
    """A rung as shown: reached, or not yet."""

    state: str
    reached: bool
    at: Seconds | None = None
    voucher: str = ""


def climb(message: MessageView) -> tuple[Rung, ...]:
    """The whole ladder: every rung in its order, reached or not, and the ends outside it where reached."""
    return _climb(message.ladder, CLIMB if message.ours else CLIMB[3:])


def state_word(state: str, ours: bool) -> str:
    """The name of a state as it reads at this end: a message of theirs has come to ours."""
    return state if ours else {"SENDING": "ENTERED BY THEM", "AT THEIR END": "AT OUR END"}.get(state, state)


def _climb(reached: Sequence[RungView], states: tuple[str, ...]) -> tuple[Rung, ...]:
    found: list[Rung] = []
    for state in states:
        here = [Rung(r.state, True, r.at, r.voucher) for r in reached if r.state == state]
        found += here or [Rung(state, False)]
    found += [Rung(r.state, True, r.at, r.voucher) for r in reached if r.state not in states]
    return tuple(found)
