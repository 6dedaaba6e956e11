"""The catalogues of the console: extracted from the sources, merged with what is translated, compiled.

    ./run words            make them again; list what is missing or doubtful
    ./run words --check    change nothing; fail if a committed file differs or a text has no translation

Texts come from three places: `_("...")` and `ngettext` in templates and console code, the words listed in
console/vocabulary.py, and `Sentence("...")`, `LocalError("...")`, `Refused(...)` anywhere below, whose templates are
said by `console.words.say`. The translations are words/LANGUAGE.po, which people edit; the program reads the compiled
file under src/parley/console/locale. Babel does the work; nothing of it is needed at run time.
"""

from __future__ import annotations

import ast
import io
import re
import string
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from jinja2 import Environment

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "parley"
LANGUAGES = ("ko",)
ROOMS = (
    "console",
    "desk",
    "node",
    "core/line.py",
    "core/types.py",
    "core/instruments",
    "keys/officers.py",
    "keys/at_rest.py",
    "watch_log.py",
    "store.py",
)
NOT_SHOWN = (
    "desk/ask.py",
    "desk/door.py",
    "node/snapshot.py",
)  # what only programs and the start of an end meet
TAKES = {  # the name of what is called: which of its arguments are texts
    "_": (0,), "ngettext": (0, 1), "Sentence": (0,), "LocalError": (0, 1), "Refused": (1, 2), "Unfit": (0, 1),
}  # fmt: skip


def found() -> Iterator[tuple[str | tuple[str, str], str]]:
    """Every text with its place."""
    environment = Environment(extensions=["jinja2.ext.i18n"], trim_blocks=True, lstrip_blocks=True)
    for path in sorted((SOURCE / "console" / "templates").glob("*.html")):
        place = str(path.relative_to(ROOT))
        for _line, function, text in environment.extract_translations(path.read_text("utf-8")):
            if function == "ngettext":
                assert isinstance(text, tuple) and text[0] and text[1]
                yield (text[0], text[1]), place
            elif plain := text if isinstance(text, str) else (text or ("",))[0]:
                yield plain, place
    for room in ROOMS:
        path = SOURCE / room
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            if file.relative_to(SOURCE).as_posix() not in NOT_SHOWN:
                yield from _of_python(file)


def _of_python(file: Path) -> Iterator[tuple[str | tuple[str, str], str]]:
    place = str(file.relative_to(ROOT))
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        texts = [_constant(node.args[n]) for n in TAKES.get(name, ()) if n < len(node.args)]
        if name == "ngettext" and len(texts) == 2 and texts[0] and texts[1]:
            yield (texts[0], texts[1]), place
        else:
            yield from ((text, place) for text in texts if text)


def _constant(node: ast.expr) -> str:
    """The text of an argument; of one that is not plain, nothing: a Sentence inside it is met by itself."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def made(language: str) -> tuple[Catalog, list[str]]:
    """The catalogue with all texts of today, and what is wrong with it."""
    path = ROOT / "words" / f"{language}.po"
    known = (
        read_po(io.BytesIO(path.read_bytes()), locale=language) if path.exists() else Catalog(locale=language)
    )
    catalog = Catalog(locale=language, project="Parley", fuzzy=False)
    catalog.mime_headers  # noqa: B018  (made once, so that the dates below are ours)
    wrong = []
    for text, place in found():
        key = text if isinstance(text, str) else text[0]
        before = known.get(key)
        said = before.string if before is not None else ""
        catalog.add(text, string=said or None, locations=[(place, None)])  # type: ignore[list-item]
    for message in catalog:
        if not message.id:
            continue
        said = message.string if isinstance(message.string, str) else (message.string or ("",))[0]
        asked = message.id if isinstance(message.id, str) else message.id[1]
        if not said.strip():
            wrong.append(f"{language}: not translated: {asked!r}")
        elif _holes(asked) != _holes(said):
            wrong.append(f"{language}: other values than the English: {asked!r}")
    return catalog, wrong


def _holes(text: str) -> set[str]:
    """What a text leaves open: `%(name)s` and `{name}`."""
    try:
        braces = {name.split("[")[0] for _, name, _, _ in string.Formatter().parse(text) if name}
    except ValueError:
        braces = {"(bad braces)"}
    return set(re.findall(r"%\((\w+)\)[sd]", text)) | braces


def _files(catalog: Catalog, language: str) -> dict[Path, bytes]:
    po, mo = io.BytesIO(), io.BytesIO()
    write_po(po, catalog, width=110, sort_output=True, omit_header=True, include_lineno=False)
    head = (
        "# The console of Parley. Not yet read by a native speaker.\n"
        'msgid ""\nmsgstr ""\n'
        f'"Language: {language}\\n"\n"MIME-Version: 1.0\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Content-Transfer-Encoding: 8bit\\n"\n"Plural-Forms: nplurals=1; plural=0;\\n"\n\n'
    )
    data = head.encode() + po.getvalue()
    compiled = read_po(io.BytesIO(data), locale=language)
    compiled.creation_date = compiled.revision_date = datetime(2000, 1, 1, tzinfo=UTC)  # not that of today
    write_mo(mo, compiled)
    folder = SOURCE / "console" / "locale" / language / "LC_MESSAGES"
    return {ROOT / "words" / f"{language}.po": data, folder / "console.mo": mo.getvalue()}


def main(options: list[str]) -> int:
    """Exit code 1 when something is missing, or differs under --check."""
    failed = []
    for language in LANGUAGES:
        catalog, wrong = made(language)
        failed += wrong
        for path, data in _files(catalog, language).items():
            same = path.exists() and path.read_bytes() == data
            if not same and "--check" in options:
                failed.append(f"{path.relative_to(ROOT)} is not as ./run words makes it")
            elif not same:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
        print(f"{language}: {len(catalog)} texts, {len(wrong)} to do")
    print("\n".join(failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
