"""The small faults that `./run mutate` plants: which there are, that each changes something, and what is left alone."""

from __future__ import annotations

import ast
from pathlib import Path

import mutants
import pytest

CORE = Path(__file__).parents[2] / "src" / "parley" / "core"
MODULES = ("wire/cbor", "wire/entry", "wire/frame", "wire/body", "record", "line")


def found(source: str, tmp_path: Path) -> list[tuple[str, str, str]]:
    path = tmp_path / "sample.py"
    path.write_text(source, "utf-8")
    return [(m.where, m.before, m.after) for m in mutants.read(path, "sample.py").mutants]


def test_a_bound_is_moved_and_its_comparison_turned(tmp_path: Path) -> None:
    source = "def small(n: int) -> bool:\n    return n < 24\n"
    assert found(source, tmp_path) == [
        ("small", "n < 24", "n <= 24"),
        ("small", "n < 24", "n < 25"),
        ("small", "n < 24", "n < 23"),
    ]


def test_of_a_condition_each_half_is_forgotten_and_a_refusal_is_left_out(tmp_path: Path) -> None:
    source = "def check(a: bool, b: bool) -> None:\n    if a or not b:\n        raise ValueError('text 5')\n"
    assert found(source, tmp_path) == [
        ("check", "if a or not b", "True"),
        ("check", "a or not b", "a and (not b)"),
        ("check", "a or not b", "not b"),
        ("check", "a or not b", "a"),
        ("check", "a or not b", "a or b"),
        ("check", "raise ValueError('text 5')", "(left out)"),
    ]


def test_constants_tables_and_defaults_are_changed_and_need_their_module_made_anew(tmp_path: Path) -> None:
    source = "LIMIT = 3\nTABLE = {1: f, 2: g}\nclass Line:\n    ours: int = 0\n    held: bool = True\n"
    changes = found(source, tmp_path)
    assert ("", "LIMIT = 3", "LIMIT = 4") in changes and ("", "LIMIT = 3", "LIMIT = 2") in changes
    assert ("", "TABLE = {1: f, 2: g}", "TABLE = {2: g}") in changes
    assert ("Line", "ours: int = 0", "ours: int = 1") in changes
    assert ("Line", "held: bool = True", "held: bool = False") in changes
    path = tmp_path / "sample.py"
    assert not any(m.swaps for m in mutants.read(path, "sample.py").mutants)


def test_a_field_is_not_carried_over_and_an_order_not_made(tmp_path: Path) -> None:
    source = "def changed(line: Line) -> Line:\n    return replace(line, a=x, b=sorted(y))\n"
    changes = [after for _, _, after in found(source, tmp_path)]
    assert changes == ["replace(line, b=sorted(y))", "replace(line, a=x)", "replace(line, a=x, b=list(y))"]


def test_a_case_of_a_match_and_a_new_value_are_left_out(tmp_path: Path) -> None:
    source = (
        "def f(x: X) -> X:\n    match x:\n        case A():\n            x = g(x)\n        case _:\n            pass\n"
        "    return x\n"
    )
    assert found(source, tmp_path) == [
        ("f", "case A()", "(left out)"),
        ("f", "x = g(x)", "(left out)"),
        ("f", "case _", "(left out)"),
    ]


def test_texts_for_people_assertions_and_annotations_are_left_alone(tmp_path: Path) -> None:
    source = (
        '"""Doc 1."""\ndef f(n: "int | 5") -> None:\n    """Doc 2."""\n    assert n > 1, "no"\n'
        '    raise E(f"{n + 1}")\n'
    )
    assert found(source, tmp_path) == [("f", "raise E(f'{n + 1}')", "(left out)")]


@pytest.mark.parametrize("name", MODULES)
def test_every_mutant_of_core_has_a_name_of_its_own_and_is_a_program(name: str) -> None:
    source = ast.unparse(ast.parse((CORE / f"{name}.py").read_text("utf-8")))
    module = mutants.read(CORE / f"{name}.py", f"core/{name}.py")
    assert len({mutant.name for mutant in module.mutants}) == len(module.mutants) > 50
    assert ast.unparse(module.tree) == source  # finding them leaves the module as it was
    for mutant in module.mutants[:: max(1, len(module.mutants) // 5)]:
        again = mutants.read(CORE / f"{name}.py", f"core/{name}.py")
        next(m for m in again.mutants if m.name == mutant.name).apply()
        changed = ast.unparse(again.tree)
        assert changed != source
        compile(changed, name, "exec")
