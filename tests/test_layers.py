"""Who may know whom: the import rules of docs/architecture.md as a table, read from the sources with `ast`.

Nothing is imported to be judged, so a room that does not exist yet, or does not run, is no obstacle.
An import under TYPE_CHECKING counts: to name a type is to know it.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SRC = Path(__file__).parents[1] / "src"
PRODUCT = "parley"

# --- The table ----------------------------------------------------------------------------------------------
# A room is a module or package below `parley`. It may import itself, and what its row names: "core" is that
# package and everything in it, "=bearers" the package alone and none of its modules. The three middle rooms
# of core stand side by side and may use one another's modules (a label is hashed as CBOR, an entry is
# signed); what keeps them apart is the rule that no chain of imports comes back upon itself.

CORE_TYPES = {"core.errors", "core.types"}
CORE_MIDDLE = {"core.wire", "core.suite", "core.accord"}
EVERYTHING = {
    "core", "bearers", "keys", "store", "watch_log", "home", "node", "desk", "console", "scenario", "witness",
    "config", "site",
}  # fmt: skip

MAY_KNOW: dict[str, set[str]] = {
    "": set(),  # parley/__init__.py
    "core": set(),  # core/__init__.py
    "core.errors": set(),
    "core.types": {"core.errors"},
    "core.wire": CORE_TYPES | CORE_MIDDLE,
    "core.suite": CORE_TYPES | CORE_MIDDLE,
    "core.accord": CORE_TYPES | CORE_MIDDLE,
    "core.record": CORE_TYPES | CORE_MIDDLE,
    "core.instruments": CORE_TYPES | CORE_MIDDLE | {"core.record"},
    "core.objects": CORE_TYPES | CORE_MIDDLE | {"core.record"},
    "core.line": CORE_TYPES | CORE_MIDDLE | {"core.record", "core.instruments"},
    "core.exchange": CORE_TYPES | CORE_MIDDLE | {"core.record", "core.instruments", "core.line"},
    "core.observed": set(),
    "core.export": CORE_TYPES | CORE_MIDDLE | {"core.record", "core.instruments", "core.line"},
    "core.disclosure": CORE_TYPES | CORE_MIDDLE | {"core.record", "core.instruments"},
    "site": {"core"},
    "bearers": set(),
    "keys": {"core"},
    "store": {"core"},
    "watch_log": {"core"},
    "config": CORE_TYPES | {"core.suite", "core.record"},
    "witness": CORE_TYPES | {"core.suite", "core.record"},
    "home": {"core", "store", "watch_log", "keys"},
    "node": {"core", "home", "store", "watch_log", "keys", "=bearers"},
    "desk": {"", "core", "home", "node", "store", "watch_log", "keys"},  # has the officer sign: ADR 5
    "console": CORE_TYPES | {"desk"},
    "scenario": {"core", "home", "node", "store", "watch_log", "keys", "bearers", "desk", "config"},
    "demo": {
        "core", "home", "node", "store", "watch_log", "keys", "bearers", "desk", "config", "scenario", "console",
        "site",
    },
    "cli": EVERYTHING | {"", "demo"},
    "__main__": {"cli"},
    "testing": EVERYTHING | {"", "demo", "cli"},
}  # fmt: skip

# Packages of others, by room; a room without a row has none. "*" is any.
MAY_USE: dict[str, set[str]] = {
    "core.suite": {"cryptography"},
    "keys": {"apsw", "cryptography"},  # private keys, and the seals no library makes from given entropy
    "store": {"apsw"},
    "watch_log": {"apsw"},
    "console": {"starlette", "jinja2", "markupsafe", "uvicorn"},
    "demo": {"starlette", "jinja2"},
    "site": {"jinja2", "markupsafe"},
    "testing": {"*"},
}

# What core may take from the standard library: what computes. What reads a clock, chance, a file, a socket or
# a thread is not here. datetime is here for its arithmetic; its readings of the clock are refused below.
PURE = {
    "__future__", "abc", "base64", "binascii", "bisect", "collections", "copy", "dataclasses", "datetime",
    "enum", "functools", "hashlib", "heapq", "hmac", "itertools", "math", "operator", "re", "string",
    "struct", "types", "typing", "unicodedata", "zlib",
}  # fmt: skip
CLOCK_READINGS = {"now", "today", "utcnow"}
IMPURE_BUILTINS = {"__import__", "breakpoint", "eval", "exec", "input", "open", "print"}


# --- Reading ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Import:
    target: str  # a full dotted name
    line: int
    in_function: bool


def module_names(src: Path) -> dict[str, Path]:
    """Every module below src/parley by its dotted name; a package goes by its own."""
    names = {}
    for path in sorted((src / PRODUCT).rglob("*.py")):
        parts = path.relative_to(src).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


def imports(module: str, path: Path, tree: ast.Module, known: set[str]) -> Iterator[Import]:
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]

    def walk(node: ast.AST, in_function: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield Import(alias.name, child.lineno, in_function)
            elif isinstance(child, ast.ImportFrom):
                base = child.module or ""
                if child.level:
                    above = package.split(".")[: len(package.split(".")) - child.level + 1]
                    base = ".".join([*above, base] if base else above)
                for alias in child.names:  # `from a import b` means a.b where that is a module
                    inner = f"{base}.{alias.name}"
                    yield Import(inner if inner in known else base, child.lineno, in_function)
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from walk(child, in_function or inside)

    yield from walk(tree, False)


def room_of(module: str) -> str | None:
    """The longest row of the table that holds this module; None where there is none."""
    inner = module.removeprefix(PRODUCT).removeprefix(".")
    if inner in MAY_KNOW:
        return inner
    while "." in inner:
        inner = inner.rpartition(".")[0]
        if inner in MAY_KNOW and inner != "core":  # a file in core needs a row of its own
            return inner
    return None


def is_allowed(room: str, target: str) -> bool:
    inner = target.removeprefix(PRODUCT).removeprefix(".")
    if room_of(target) == room:
        return True
    return any(
        entry in (inner, f"={inner}") or (entry != "" and inner.startswith(f"{entry}."))
        for entry in MAY_KNOW[room]
    )


# --- Judging ------------------------------------------------------------------------------------------------


def findings(src: Path) -> list[str]:
    """One line for each breach below src/parley, with file and line; empty when all is well."""
    modules = module_names(src)
    edges: dict[str, set[str]] = {}
    found = []
    for module, path in modules.items():
        room = room_of(module)
        where = path.relative_to(src).as_posix()
        if room is None:
            found.append(f"{where}: has no room in the table")
            continue
        in_core = room == "core" or room.startswith("core.")
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        edges[module] = set()
        for each in imports(module, path, tree, set(modules)):
            top = each.target.partition(".")[0]
            at = f"{where}:{each.line}"
            if each.in_function:
                found.append(f"{at}: imports {each.target} inside a function")
            if top == PRODUCT:
                edges[module].add(each.target)
                if not is_allowed(room, each.target):
                    found.append(f"{at}: {room or PRODUCT} may not know {each.target}")
            elif top in sys.stdlib_module_names:
                if in_core and top not in PURE:
                    found.append(f"{at}: core is pure and may not import {top}")
            elif not MAY_USE.get(room, set()) & {top, "*"}:
                found.append(f"{at}: {room or PRODUCT} may not use {top}")
        if in_core:
            found += [f"{where}:{line}: {what}" for line, what in impurities(tree)]
        if (
            module != "parley.cli"
        ):  # which names its handlers in a table, so that a plain command starts quickly
            found += [f"{where}:{line}: imports by name at run time" for line in dynamic_imports(tree)]
    return found + [f"cycle: {' -> '.join(cycle)}" for cycle in cycles(edges)]


def impurities(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in CLOCK_READINGS:
            owner = ast.unparse(node.value).rpartition(".")[2]
            if owner in ("date", "datetime"):
                yield node.lineno, f"core has no clock and may not call {owner}.{node.attr}"
        elif (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in IMPURE_BUILTINS
        ):
            yield node.lineno, f"core touches nothing and may not call {node.func.id}"


def dynamic_imports(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in (
            "__import__",
            "import_module",
        ):
            yield node.lineno


def cycles(edges: dict[str, set[str]]) -> Iterator[list[str]]:
    """One cycle for each module at which a walk comes back upon itself."""
    done: set[str] = set()
    way: list[str] = []

    def visit(module: str) -> Iterator[list[str]]:
        if module in way:
            yield [*way[way.index(module) :], module]
        elif module not in done:
            way.append(module)
            for target in sorted(edges.get(module, ())):
                yield from visit(target)
            way.pop()
            done.add(module)

    for module in sorted(edges):
        yield from visit(module)


# --- The tests ----------------------------------------------------------------------------------------------


def test_every_room_knows_only_whom_it_may() -> None:
    assert findings(SRC) == []


def test_the_table_names_only_rooms_it_has() -> None:
    named = {entry.lstrip("=") for entries in MAY_KNOW.values() for entry in entries}
    assert named | set(MAY_USE) <= set(MAY_KNOW)


def test_the_product_never_knows_testing_and_few_know_the_scenario() -> None:
    assert not [room for room, entries in MAY_KNOW.items() if "testing" in entries]
    assert [room for room, entries in MAY_KNOW.items() if "scenario" in entries] == [
        "demo", "cli", "testing",
    ]  # fmt: skip
    assert [room for room, entries in MAY_KNOW.items() if "demo" in entries] == ["cli", "testing"]


def plant(src: Path, **files: str) -> Path:
    """A source tree: core__wire is core/wire.py, bearers____init__ is bearers/__init__.py."""
    for name, text in files.items():
        folder, _, stem = (
            name.rpartition("__") if not name.endswith("__init__") else (name[:-10], "", "__init__")
        )
        path = src / PRODUCT / folder.replace("__", "/") / f"{stem}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return src


def test_a_clean_tree_has_no_findings(tmp_path: Path) -> None:
    plant(
        tmp_path,
        core__errors="",
        core__types="from datetime import UTC, datetime\nfrom . import errors\n",
        core__suite="import cryptography.hazmat\nfrom parley.core.types import Act\n",
        core__instruments____init__="from parley.core.instruments import message\n",
        core__instruments__message="from parley.core import record\n",
        core__record="from parley.core import suite\n",
        bearers____init__="import asyncio\n",
        bearers__udp="import socket\nfrom parley.bearers import Traits\n",
        node="import time\nfrom parley.bearers import Bearer\nfrom parley.core import record\n",
        cli="from parley import __version__\nfrom parley.bearers import udp\nfrom parley.node import Node\n",
        testing____init__="import hypothesis\nfrom parley import cli\n",
    )
    assert findings(tmp_path) == []


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"core__types": "import time"}, "core is pure and may not import time"),
        ({"core__types": "from os import urandom"}, "core is pure and may not import os"),
        ({"core__line": "from datetime import datetime\nT = datetime.now()"}, "may not call datetime.now"),
        ({"core__wire": "open('x')"}, "may not call open"),
        ({"core__record": "import cryptography"}, "core.record may not use cryptography"),
        ({"core__types": "import apsw"}, "core.types may not use apsw"),
        ({"core__errors": "import parley.core.types"}, "core.errors may not know parley.core.types"),
        ({"core__wire": "from parley.core.record import x"}, "core.wire may not know parley.core.record"),
        (
            {"core__wire": "from parley.core import suite", "core__suite": "import parley.core.wire"},
            "cycle: parley.core.suite -> parley.core.wire -> parley.core.suite",
        ),
        (
            {"core__record": "from . import line", "core__line": ""},
            "core.record may not know parley.core.line",
        ),
        ({"core__record": "from .line import x"}, "core.record may not know parley.core.line"),
        ({"core__line": "from parley.core.exchange import x"}, "core.line may not know parley.core.exchange"),
        ({"core__line": "from parley.store import x"}, "core.line may not know parley.store"),
        ({"core__helpers": ""}, "core/helpers.py: has no room in the table"),
        ({"extra": ""}, "extra.py: has no room in the table"),
        ({"bearers__udp": "from parley.core.types import x"}, "bearers may not know parley.core.types"),
        ({"node": "from parley.bearers.udp import Udp"}, "node may not know parley.bearers.udp"),
        (
            {"node": "from parley.bearers import udp", "bearers__udp": ""},
            "node may not know parley.bearers.udp",
        ),
        ({"node": "from parley.desk import Desk"}, "node may not know parley.desk"),
        ({"desk": "from parley.console import x"}, "desk may not know parley.console"),
        ({"desk": "from parley.bearers import x"}, "desk may not know parley.bearers"),
        ({"console__app": "from parley.store import x"}, "console may not know parley.store"),
        ({"console__app": "from parley.core.line import x"}, "console may not know parley.core.line"),
        ({"store": "from parley.scenario import clock"}, "store may not know parley.scenario"),
        ({"cli": "from parley.testing import x"}, "cli may not know parley.testing"),
        ({"config": "from parley.core.line import x"}, "config may not know parley.core.line"),
        (
            {"keys": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n  import parley.node"},
            "keys may not know",
        ),
        ({"node": "def f():\n  import time"}, "node.py:2: imports time inside a function"),
        ({"node": "class A:\n  async def f(self):\n    from parley import core"}, "inside a function"),
        ({"node": "import importlib\nimportlib.import_module('parley.cli')"}, "imports by name at run time"),
        (
            {"bearers__a": "from parley.bearers import b", "bearers__b": "from parley.bearers import a"},
            "cycle: parley.bearers.a -> parley.bearers.b -> parley.bearers.a",
        ),
    ],
)
def test_a_planted_breach_is_told(tmp_path: Path, files: dict[str, str], told: str) -> None:
    assert [line for line in findings(plant(tmp_path, **files)) if told in line]
