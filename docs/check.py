"""What the documents say of the project, compared with the project. Run by `./run docs`.

It prints one line for each kind of check with its count, then one line for each failure, and exits 1 if there
is one. Judged are the files git knows or would add; nothing is imported and nothing fetched.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

FENCE = re.compile(r"^(`{3,}|~{3,})[^\n]*\n.*?^\1`*~*\s*$", re.MULTILINE | re.DOTALL)
CODE_SPAN = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
LINK = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
COMMAND = re.compile(r"(?:^|[`\s])\./run ([a-z][a-z-]*)")
SPEC_ID = r"[A-Z]{1,3}-\d+"
DEFINED = re.compile(rf"\*\*({SPEC_ID})\*\*")
CITED = re.compile(rf"(?<![A-Za-z0-9-])({SPEC_ID})(?![A-Za-z0-9-])")

# Written in pieces, so that this file is not its own finding.
FORBIDDEN = {
    "a path of one machine": re.compile("/wo" + "rk/"),
    "a path outside the repository": re.compile(r"\.\./sha" + "red"),
    "another distribution's name (ours is parley-hotline)": re.compile(
        r"pip3?\s+install\s+(?:-\S+\s+)*[\"']?par" + r"ley(?![\w-])"
    ),
}


def files_of_the_project() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0:
        paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    else:  # no checkout: an unpacked archive
        paths = [path for path in ROOT.rglob("*") if ".venv" not in path.parts]
    return sorted(path for path in paths if path.is_file())


def text_of(path: Path) -> str | None:
    """The text of a file; None if it is not UTF-8 text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def place(path: Path, text: str = "", offset: int = 0) -> str:
    name = path.relative_to(ROOT).as_posix()
    return f"{name}:{text.count(chr(10), 0, offset) + 1}" if text else name


def blanked(text: str) -> str:
    """The text with code blanked out, so that what only looks like a link is not read as one."""

    def blank(match: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " ", match.group())

    return CODE_SPAN.sub(blank, FENCE.sub(blank, text))


def anchors(text: str) -> set[str]:
    """The anchors that a forge makes of the headings."""
    made: set[str] = set()
    for heading in HEADING.findall(FENCE.sub("", text)):
        plain = LINK.sub(lambda match: match.group().partition("](")[0].lstrip("!["), heading)
        slug = re.sub(r"[^\w\- ]", "", plain.replace("`", "").lower()).replace(" ", "-")
        unique, count = slug, 0
        while unique in made:
            count += 1
            unique = f"{slug}-{count}"
        made.add(unique)
    return made


# --- The checks: each yields None for what is well, a sentence for what is not ------------------------------

Looked = Iterator[str | None]


def check_links(pages: dict[Path, str]) -> Looked:
    for page, text in pages.items():
        for match in LINK.finditer(blanked(text)):
            target, _, anchor = match.group(1).partition("#")
            if ELSEWHERE.match(target):
                continue
            goal = (page.parent / target).resolve() if target else page
            at = place(page, text, match.start())
            if ROOT not in (goal, *goal.parents):
                yield f"{at}: {match.group(1)} leads out of the repository"
            elif not goal.exists():
                yield f"{at}: {match.group(1)} does not exist"
            elif anchor and goal in pages and anchor not in anchors(pages[goal]):
                yield f"{at}: {match.group(1)} names no heading there"
            else:
                yield None


def check_commands(pages: dict[Path, str]) -> Looked:
    listing = subprocess.run(["sh", str(ROOT / "run")], capture_output=True, text=True, check=False).stdout
    known = set(re.findall(r"^  ([a-z][a-z-]*)  ", listing, re.MULTILINE))
    if not known:
        yield "run: lists no command"
    for page, text in pages.items():
        for match in COMMAND.finditer(text):
            if match.group(1) in known:
                yield None
            else:
                yield f"{place(page, text, match.start(1))}: ./run has no command {match.group(1)}"


def check_docstrings(sources: dict[Path, str]) -> Looked:
    for path, text in sources.items():
        try:
            opens = ast.get_docstring(ast.parse(text))
        except SyntaxError as error:
            yield f"{place(path)}:{error.lineno}: is not Python"
            continue
        yield None if opens else f"{place(path)}: does not open with a sentence of purpose"


def check_spec_ids(spec: dict[Path, str], evidence: dict[Path, str]) -> Looked:
    defined: dict[str, str] = {}
    for page, text in spec.items():
        for match in DEFINED.finditer(text):
            at = place(page, text, match.start())
            if match.group(1) in defined:
                yield f"{at}: {match.group(1)} is defined at {defined[match.group(1)]} already"
            else:
                defined[match.group(1)] = at
    series = {name.partition("-")[0] for name in defined}
    cited: set[str] = set()
    for path, text in evidence.items():
        for match in CITED.finditer(text):
            cited.add(match.group(1))
            if match.group(1).partition("-")[0] in series and match.group(1) not in defined:
                yield f"{place(path, text, match.start())}: {match.group(1)} is not in the spec"
    for name, at in defined.items():
        yield None if name in cited else f"{at}: {name} is cited by no test and no vector"


def check_words(texts: dict[Path, str]) -> Looked:
    for path, text in texts.items():
        clean = True
        for what, pattern in FORBIDDEN.items():
            for match in pattern.finditer(text):
                clean = False
                yield f"{place(path, text, match.start())}: names {what}"
        if clean:
            yield None


def check_adrs(pages: dict[Path, str]) -> Looked:
    folder = ROOT / "docs" / "adr"
    index = pages.get(folder / "README.md", "")
    for page in pages:
        if page.parent == folder and page.name != "README.md":
            yield None if f"({page.name})" in index else f"{place(page)}: is not listed in docs/adr/README.md"


def main() -> int:
    texts = {path: text for path in files_of_the_project() if (text := text_of(path)) is not None}

    def below(*folders: str) -> dict[Path, str]:
        return {
            path: text for path, text in texts.items() if any((ROOT / f) in path.parents for f in folders)
        }

    pages = {path: text for path, text in texts.items() if path.suffix == ".md"}
    ours = {
        path: text for path, text in pages.items() if ROOT / "vectors" / "third-party" not in path.parents
    }
    sources = {path: text for path, text in below("src/parley").items() if path.suffix == ".py"}
    spec = {path: text for path, text in below("docs/spec").items() if path.suffix == ".md"}
    evidence = {
        path: text
        for path, text in below("tests", "vectors").items()
        if ROOT / "vectors" / "third-party" not in path.parents
    }

    checks: list[tuple[str, Looked]] = [
        ("relative links resolve", check_links(ours)),
        ("./run commands exist", check_commands(ours)),
        ("sources open with their purpose", check_docstrings(sources)),
        ("spec ids are unique and cited", check_spec_ids(spec, evidence)),
        ("ADRs are listed", check_adrs(ours)),
        ("files name no place that is not theirs", check_words(texts)),
    ]
    failures: list[str] = []
    for name, looked in checks:
        results = list(looked)
        wrong = [each for each in results if each is not None]
        failures += wrong
        print(f"{len(results) - len(wrong):6} of {len(results):<6} {name}")
    if not spec:
        print("docs/spec does not exist yet: no spec id was looked for.")
    for failure in failures:
        print(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
