"""From what is published to the files that say it: names, pages, feed; the same announcements give the same bytes.

A text is shown as text, whoever wrote it: nothing in it becomes markup, an address or the name of a file, and what
would steer its display is shown instead of obeyed.
"""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from parley.core import suite
from parley.core.instruments import announcement
from parley.core.instruments.announcement import Announcement, Published
from parley.core.types import Seconds, without_towers
from parley.site import words

_HARMLESS: Final = frozenset("\u200c\u200d\u200e\u200f\u061c")  # joiners and marks that scripts need
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


@dataclass(frozen=True, slots=True)
class Announced:
    """One announcement: the texts of one hour and line, one for each language, in the order given."""

    name: str
    at: Seconds
    texts: tuple[Published, ...]

    @property
    def languages(self) -> tuple[str, ...]:
        """Those in which the site speaks beside it."""
        return _spoken(self.texts)


def files_of(party: str, published: Sequence[Published]) -> Mapping[str, bytes]:
    """The files of the site by name, in the order in which they are to be put in place: what is linked to comes
    before what links to it."""
    announced = _by_hour(published)
    environment = _environment()
    languages = _spoken(published) or ("en",)
    common = {"party": party, "languages": languages}
    made: dict[str, bytes] = {"style.css": (files("parley.site") / "templates" / "style.css").read_bytes()}
    made |= {proof_name(one): one.disclosure for one in published}
    for each in announced:
        page = environment.get_template("announcement.html").render(common, one=each)
        made[f"{each.name}.html"] = page.encode()
    updated = max((one.published_at for one in published), default=0)
    feed = environment.get_template("feed.xml").render(
        common, announced=announced, updated=updated, name=party.encode()
    )
    made["feed.xml"] = _fit_for_xml(feed).encode()
    made["index.html"] = environment.get_template("index.html").render(common, announced=announced).encode()
    return made


def proof_name(one: Published) -> str:
    """The file that proves a text, by the id of its act."""
    return f"{one.act.hex()[:16]}.cbor"


def feed_id(name: bytes) -> str:
    """What names a text, by the id of its act, in a feed for ever, or the feed itself: a UUID of version 8."""
    bits = int.from_bytes(suite.sha256(b"parley/feed/1" + name)[:16], "big") & ~(0xF << 76) & ~(0x3 << 62)
    return uuid.UUID(int=bits | 8 << 76 | 2 << 62).urn


def shown(text: str) -> Markup:
    """`text` with what would steer its display shown by its number, and of a tower of marks only the first ones."""
    made = Markup("")
    for c, kind, more in without_towers(text):
        if more:
            continue
        steers = kind in ("Cf", "Cc", "Zl", "Zp") and c not in _HARMLESS
        made += Markup('<span class="control">U+{:04X}</span>').format(ord(c)) if steers else escape(c)
    return made


def plain(text: str) -> str:
    """The same where no markup stands: in a title, in the feed."""
    kept = (
        f"[U+{ord(c):04X}]"
        if unicodedata.category(c) in ("Cf", "Cc", "Zl", "Zp") and c not in _HARMLESS
        else c
        for c in text
    )
    return "".join(kept)


def feed_text(of: Announcement) -> str:
    """A text for a feed: its paragraphs, with a blank line between."""
    return "\n\n".join(plain(paragraph) for paragraph in of.paragraphs)


def tag(language: str) -> str:
    """A BCP 47 tag fit for a `lang` attribute; empty (unknown) if it is not one."""
    return language if _LANGUAGE.fullmatch(language) else ""


def _by_hour(published: Iterable[Published]) -> tuple[Announced, ...]:
    """The announcements, the latest first; the texts of each in the order given."""
    found: dict[str, list[Published]] = {}
    for one in published:
        found.setdefault(_name(one), []).append(one)  # of one name, one page: none takes the page of another
    made = [Announced(name, texts[0].announcement.at, tuple(texts)) for name, texts in found.items()]
    return tuple(sorted(made, key=lambda a: (-a.at, a.name)))


def _name(one: Published) -> str:
    """What the page of a text is called: the hour in UTC to the second, and what names the announcement. The same
    whatever else is published, so that an address stays what it was."""
    of = one.announcement
    hour = words.stamp(of.at).replace("T", "-").replace(":", "")
    return f"{hour}-{announcement.name(one.line, of)}"


def _spoken(published: Iterable[Published]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words.spoken(one.announcement.language) for one in published))


def _in_language(texts: Sequence[Published], language: str) -> Published:
    """The text beside which the site speaks a language; the first, if there is none."""
    return next((one for one in texts if words.spoken(one.announcement.language) == language), texts[0])


def _fit_for_xml(text: str) -> str:
    """Without the two characters of Unicode's that XML does not have."""
    return text.replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("parley.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["in_language"] = _in_language
    environment.globals |= {
        "say": words.say,
        "spoken": words.spoken,
        "when": words.when,
        "date": words.date,
        "stamp": words.stamp,
        "proof_name": proof_name,
        "feed_id": feed_id,
        "shown": shown,
        "plain": plain,
        "feed_text": feed_text,
        "tag": tag,
    }
    return environment
