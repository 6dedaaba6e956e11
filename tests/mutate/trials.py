"""Runs the tests of core against one mutant after the other, each in a process of its own that was forked off.

Two ways lead to a mutant. One in the body of a function is put into a running program: a process has collected the
tests once, its child exchanges the code of that one function and runs the tests that reach the changed lines. A
constant, a table or a default is in a module that is made anew: the child of a process that has not imported Parley yet
imports it changed, collects, and runs. The first way costs milliseconds; in it, what a test computed while it was
imported still comes from the unchanged code.

Tests that draw values draw the same ones each time. Time is counted as processor time, so a busy machine makes no
mutant look like an endless loop.
"""

from __future__ import annotations

import ast
import dataclasses
import gc
import importlib
import importlib.util
import json
import os
import resource
import signal
import sys
import time
import types
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from importlib.machinery import ModuleSpec, SourceFileLoader

import cbor2  # noqa: F401  imported here, so that no child has to
import coverage
import cryptography.hazmat.primitives.asymmetric.ed25519  # noqa: F401
import hypothesis
import pytest
from _pytest.runner import runtestprotocol
from mutants import Module, Mutant

ANEW_TEST_S = 0.2  # a module made anew is tried with the tests that take no longer
SLOWEST = 10  # times its own time a test may take under a mutant, and so many seconds more:
SPARE_S = 2.0
MEMORY_BYTES = 4 << 30
QUIET = ["-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:randomly", "--tb=no", "--assert=plain"]


class Outcome(Enum):
    """What became of a mutant."""

    KILLED = "killed"
    TIMEOUT = "timeout"
    SURVIVED = "survived"


@dataclasses.dataclass(frozen=True)
class Test:
    """One test as it ran without a mutant: processor seconds, and the lines it reached, by file."""

    name: str
    cpu_s: float
    lines: dict[str, frozenset[int]]


class Broken(Exception):
    """Without a mutant the tests fail, so that no outcome would mean anything."""


def prepare() -> None:
    """The same examples each time, no shrinking, and no verdict that hangs on how fast the machine is."""
    hypothesis.settings.register_profile(
        "mutants",
        derandomize=True,
        database=None,
        deadline=None,
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
        suppress_health_check=list(hypothesis.HealthCheck),
        report_multiple_bugs=False,
    )
    hypothesis.settings.load_profile("mutants")


def swapped(
    selection: Sequence[str], modules: Sequence[Module], wanted: Sequence[Mutant], jobs: int, most_s: float
) -> tuple[list[Test], list[Outcome]]:
    """Runs all tests once, then those that matter against each mutant that swaps, the cheapest first and for no
    more than `most_s` of their own time; in a process of its own, so that this one stays without Parley.
    Raises Broken."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        _silence()
        runs = _Runs(modules, wanted, jobs, most_s)
        try:
            code = pytest.main([*QUIET, *selection], plugins=[runs])
        except BaseException as e:
            runs.broken = repr(e)
            code = 3
        if not runs.outcomes and wanted and not runs.broken:
            runs.broken = f"pytest ended with code {int(code)}"
        told = json.dumps(
            {
                "broken": runs.broken,
                "tests": [(t.name, t.cpu_s, {f: sorted(n) for f, n in t.lines.items()}) for t in runs.tests],
                "outcomes": [o.value for o in runs.outcomes],
            }
        )
        with os.fdopen(write_end, "w") as out:
            out.write(told)
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as come:
        text = come.read()
    os.waitpid(child, 0)
    if not text:
        raise Broken("the process that runs the tests died")
    told = json.loads(text)
    if told["broken"]:
        raise Broken(told["broken"])
    tests = [Test(n, s, {f: frozenset(at) for f, at in lines.items()}) for n, s, lines in told["tests"]]
    return tests, [Outcome(o) for o in told["outcomes"]]


def anew(
    tests: Sequence[Test], modules: Sequence[Module], wanted: Sequence[Mutant], jobs: int, most_s: float
) -> list[Outcome]:
    """Runs the quick tests near its module against each mutant whose module is imported anew. This process
    has not imported Parley yet, and does not."""
    by_file = {module.file: module for module in modules}
    quick = sorted((t for t in tests if t.cpu_s <= ANEW_TEST_S), key=lambda t: t.cpu_s)
    reaching = {}
    for file in by_file:  # by files of tests: what looks at a constant alone reaches no line
        near = {_file_of(t) for t in tests if t.lines.get(file)}
        reaching[file] = _within([t for t in quick if _file_of(t) in near], most_s)

    def trial(mutant: Mutant) -> bool:
        mutant.apply()
        sys.meta_path.insert(0, _Changed(by_file[mutant.file]))
        chosen = reaching[mutant.file]
        files = sorted({_file_of(t) for t in chosen})
        return pytest.main([*QUIET, "-x", *files], plugins=[_Chosen(chosen)]) != pytest.ExitCode.OK

    return _trials(wanted, trial, jobs)


def _file_of(test: Test) -> str:
    return test.name.split("::")[0]


def _within(tests: Sequence[Test], most_s: float) -> list[Test]:
    """The first of `tests` that take no more than so much processor time together."""
    chosen, sum_s = [], 0.0
    for test in tests:
        sum_s += test.cpu_s
        if sum_s > most_s:
            break
        chosen.append(test)
    return chosen


# --- the process that has collected the tests ---------------------------------------------------


class _Runs:
    """Takes the place of pytest's own loop over the tests."""

    def __init__(self, modules: Sequence[Module], wanted: Sequence[Mutant], jobs: int, most_s: float) -> None:
        self.modules = {module.file: module for module in modules}
        self.wanted, self.jobs, self.most_s = wanted, jobs, most_s
        self.tests: list[Test] = []
        self.outcomes: list[Outcome] = []
        self.broken = ""

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            self.broken = "the tests cannot be collected"
            return True
        self.tests, failed = _first_run(session.items, self.modules)
        if failed:
            self.broken = f"without a mutant {len(failed)} tests fail, the first is {failed[0]}"
            return True
        gc.collect()
        gc.freeze()
        order = sorted(self.tests, key=lambda test: test.cpu_s)
        items = {item.nodeid: item for item in session.items}

        def trial(mutant: Mutant) -> bool:
            mutant.apply()
            _swap(self.modules[mutant.file], mutant.where)
            lines = frozenset(range(mutant.lines[0], mutant.lines[1] + 1))
            reaching = [t for t in order if not lines.isdisjoint(t.lines.get(mutant.file, ()))]
            for test in _within(reaching, self.most_s):
                _limit(test.cpu_s)
                if _fails(items[test.name]):
                    return True
            return False

        self.outcomes = _trials(self.wanted, trial, self.jobs)
        return True


def _first_run(items: Sequence[pytest.Item], modules: dict[str, Module]) -> tuple[list[Test], list[str]]:
    """Every test once, without a mutant, in a child."""

    def run() -> object:
        seen = coverage.Coverage(
            data_file=None, include=[str(m.path) for m in modules.values()], messages=False
        )
        seen.start()
        took, failed = [], []
        for i, item in enumerate(items):
            seen.switch_context(str(i))
            from_s = time.process_time()
            if _fails(item):
                failed.append(item.nodeid)
            took.append(time.process_time() - from_s)
        seen.stop()
        lines: list[dict[str, list[int]]] = [{} for _ in items]
        for module in modules.values():
            for line, contexts in seen.get_data().contexts_by_lineno(str(module.path)).items():
                for context in contexts:
                    if context:
                        lines[int(context)].setdefault(module.file, []).append(line)
        return took, lines, failed

    took, lines, failed = _in_child(run)
    return [
        Test(item.nodeid, s, {f: frozenset(n) for f, n in at.items()})
        for item, s, at in zip(items, took, lines, strict=True)
    ], failed


def _fails(item: pytest.Item) -> bool:
    return any(report.failed for report in runtestprotocol(item, log=False, nextitem=None))


def _swap(module: Module, where: str) -> None:
    """Exchanges the code of one function, of a method or of a property for that of the changed tree."""
    found: object = importlib.import_module(_import_name(module))
    for name in where.split("."):
        found = found.__dict__[name] if isinstance(found, type) else getattr(found, name)
    if isinstance(found, property):
        found = found.fget
    function = getattr(found, "__func__", found)
    assert isinstance(function, types.FunctionType), where
    function.__code__ = _code_named(_compiled(module), where)


def _code_named(code: types.CodeType, name: str) -> types.CodeType:
    inside = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    for inner in inside:
        if inner.co_qualname == name:
            return inner
    return _code_named(next(c for c in inside if name.startswith(f"{c.co_qualname}.")), name)


def _compiled(module: Module) -> types.CodeType:
    return compile(ast.fix_missing_locations(module.tree), str(module.path), "exec", dont_inherit=True)


# --- a process that imports a changed module ----------------------------------------------------


class _Changed:
    """Finds one module, and gives it with the code of the changed tree."""

    def __init__(self, module: Module) -> None:
        self.name, self.module = _import_name(module), module

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name != self.name:
            return None
        loader = _ChangedLoader(name, str(self.module.path))
        loader.module = self.module
        return importlib.util.spec_from_file_location(name, self.module.path, loader=loader)


class _ChangedLoader(SourceFileLoader):
    module: Module

    def get_code(self, fullname: str) -> types.CodeType:
        return _compiled(self.module)


class _Chosen:
    """These tests alone, in this order, each within its time."""

    def __init__(self, tests: Sequence[Test]) -> None:
        self.tests = {test.name: (at, test.cpu_s) for at, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted(
            (item for item in items if item.nodeid in self.tests), key=lambda item: self.tests[item.nodeid]
        )

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        _limit(self.tests[item.nodeid][1])
        return (yield)


def _import_name(module: Module) -> str:
    return "parley." + module.file.removesuffix(".py").replace("/", ".")


# --- processes ----------------------------------------------------------------------------------


def _trials(wanted: Sequence[Mutant], trial: Callable[[Mutant], bool], jobs: int) -> list[Outcome]:
    """What becomes of each mutant, `jobs` at a time."""
    outcomes: dict[int, Outcome] = {}
    running: dict[int, int] = {}
    waiting = list(enumerate(wanted))[::-1]
    while waiting or running:
        while waiting and len(running) < jobs:
            number, mutant = waiting.pop()
            child = os.fork()
            if child == 0:
                _alone(trial, mutant)
            running[child] = number
        child, status = os.wait()
        if child in running:
            outcomes[running.pop(child)] = _outcome(status)
    return [outcomes[number] for number in range(len(wanted))]


def _alone(trial: Callable[[Mutant], bool], mutant: Mutant) -> None:
    """In a child: runs the trial and ends the process with its outcome; what breaks is a mutant killed."""
    killed = True
    try:
        _silence()
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        _limit(30.0)
        killed = trial(mutant)
    finally:
        os._exit(1 if killed else 0)


def _outcome(status: int) -> Outcome:
    if os.WIFSIGNALED(status):
        return Outcome.TIMEOUT if os.WTERMSIG(status) == signal.SIGPROF else Outcome.KILLED
    return Outcome.KILLED if os.WEXITSTATUS(status) else Outcome.SURVIVED


def _limit(cpu_s: float) -> None:
    """From now on so much processor time, then the process is ended by the system."""
    signal.setitimer(signal.ITIMER_PROF, SLOWEST * cpu_s + SPARE_S)


def _in_child(run: Callable[[], object]) -> object:
    """What `run` gives, computed in a child and handed back as JSON."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        with os.fdopen(write_end, "w") as out:
            out.write(json.dumps(run()))
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as come:
        text = come.read()
    os.waitpid(child, 0)
    return json.loads(text)


def _silence() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)
