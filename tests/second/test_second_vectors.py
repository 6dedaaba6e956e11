"""Every vector of ours under a second implementation, written from docs/spec and vectors/ alone."""

import ast
from pathlib import Path

import pytest
from otherend.refused import CannotRebuild, Refused
from otherend.running import files, load, runner

HERE = Path(__file__).resolve().parent


SLOW = "wire/charset-"  # every code point there is
NAMES = [pytest.param(name, marks=pytest.mark.slow) if name.startswith(SLOW) else name for name in files()]


@pytest.mark.parametrize("name", NAMES)
def test_the_second_implementation_gives_the_verdict_of_the_vector(name: str) -> None:
    vector = load(name)
    if vector["outcome"] == "refused" and not name.startswith("line/"):
        with pytest.raises(
            (Refused, CannotRebuild)
        ) as refused:  # what cannot be rebuilt is kept and asked for
            runner(name)(vector)
        assert str(refused.value).partition(":")[0] in vector["spec"], str(refused.value)
    else:
        runner(name)(vector)


def test_no_vector_is_left_out() -> None:
    names = files()
    assert len(names) >= 500
    assert [name for name in names if runner(name) is None] == []


def test_the_second_implementation_imports_nothing_of_the_product() -> None:
    sources = sorted(HERE.rglob("*.py"))
    assert len(sources) >= 10
    for source in sources:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            named = (
                [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            )
            named += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(one.split(".")[0] in ("parley", "twoends") for one in named), source
