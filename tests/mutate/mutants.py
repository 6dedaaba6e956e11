"""Small faults to plant in a module, one at a time: where each lies, what it changes, and the changed code.

A *mutant* is a module with one such fault. Tests that notice it kill it; one that survives shows behaviour that no
test asks about. The faults are those that a careful person makes: a bound off by one, a comparison or a sign turned
round, one half of a condition forgotten, a refusal left out, an entry missing from a table, a field not carried over.

Left alone are texts for people (the arguments of `raise`, f-strings, docstrings), assertions, annotations and
decorators: no promise of the spec hangs on them.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

SHOWN = 60  # characters of code that tell what changed

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
}
_CALLED = {"min": "max", "max": "min", "any": "all", "all": "any", "sorted": "list", "reversed": "list"}
_SKIPPED_FIELDS = frozenset({"annotation", "returns", "decorator_list", "type_comment"})


@dataclass(frozen=True)
class Mutant:
    """One fault. `where`: the outermost function or the class it lies in, as Class.name, empty at the top of the
    module. `swaps`: it lies in the body of that function, so that the function's code can be exchanged in a
    running program; else the module must be imported anew. `lines`: of the statement, as (first, last)."""

    file: str
    where: str
    lines: tuple[int, int]
    before: str
    after: str
    swaps: bool
    apply: Callable[[], None]  # changes the tree that all mutants of a module share: for use after a fork

    @property
    def name(self) -> tuple[str, str, str, str]:
        """What it is called whatever its line: file, place, and both texts."""
        return (self.file, self.where, self.before, self.after)

    def __str__(self) -> str:
        place = f" in {self.where}" if self.where else ""
        return f"{self.file}:{self.lines[0]}{place}: `{self.before}` -> `{self.after}`"


@dataclass
class Module:
    """A source file with its mutants, in the order of the file."""

    file: str
    path: Path
    tree: ast.Module
    mutants: list[Mutant]


def read(path: Path, file: str) -> Module:
    """The module at `path`, called `file` in what is shown, with every mutant of it."""
    tree = ast.parse(path.read_text("utf-8"))
    finder = _Finder(file, tree)
    found = list(finder.block(tree, "body", finder.top))
    told: dict[tuple[str, str, str, str], int] = {}
    named = []
    for mutant in found:
        times = told[mutant.name] = told.get(mutant.name, 0) + 1
        after = mutant.after if times == 1 else f"{mutant.after} ({times})"
        named.append(
            Mutant(file, mutant.where, mutant.lines, mutant.before, after, mutant.swaps, mutant.apply)
        )
    return Module(file, path, tree, named)


@dataclass(frozen=True)
class _Place:
    """Where the walk is: what encloses the node, and which expression or statement shows the change best."""

    where: str = ""
    in_function: bool = False
    lines: tuple[int, int] = (0, 0)
    shown: tuple[ast.AST, ...] = ()  # the nodes around, outermost first, within one statement
    bound: frozenset[str] = frozenset()  # names bound earlier in the function


class _Finder:
    def __init__(self, file: str, tree: ast.Module) -> None:
        self.file = file
        self.top = _Place()
        self.same_type = {
            node.name
            for node in tree.body
            if isinstance(node, ast.FunctionDef)
            and node.args.args
            and node.returns is not None
            and node.args.args[0].annotation is not None
            and ast.unparse(node.args.args[0].annotation) == ast.unparse(node.returns)
        }

    # --- statements ---------------------------------------------------------------------------

    def block(self, owner: ast.AST, field: str, place: _Place) -> Iterator[Mutant]:
        """The mutants of a list of statements."""
        statements: list[ast.stmt] = getattr(owner, field)
        for index, statement in enumerate(statements):
            yield from self.statement(statement, statements, index, place)
            if isinstance(statement, ast.Assign):
                place = _with_bound(place, statement.targets)
            elif isinstance(statement, ast.AnnAssign | ast.For):
                place = _with_bound(place, [statement.target])

    def statement(
        self, node: ast.stmt, around: list[ast.stmt], index: int, place: _Place
    ) -> Iterator[Mutant]:
        if isinstance(node, ast.FunctionDef):
            yield from self.function(node, place)
            return
        if isinstance(node, ast.ClassDef):
            yield from self.block(node, "body", _Place(f"{place.where}{node.name}"))
            return
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Assert | ast.Pass | ast.Global | ast.Nonlocal):
            return
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) == "TypeAlias":
            return
        if _is_docstring(node):
            return
        shown = () if place.in_function else (node,)
        place = _Place(place.where, place.in_function, _header_lines(node), shown, place.bound)
        if place.in_function:
            yield from self.forgotten(node, around, index, place)
        if isinstance(node, ast.Raise):
            return
        if isinstance(node, ast.If | ast.While):
            yield from self.condition(node, "test", place, may_be_true=isinstance(node, ast.If))
        for field, value in ast.iter_fields(node):
            if field in _SKIPPED_FIELDS:
                continue
            if field in ("body", "orelse", "finalbody") and isinstance(value, list):
                yield from self.block(node, field, place)
            elif field == "handlers":
                for handler in value:
                    yield from self.block(handler, "body", place)
            elif field == "cases":
                yield from self.cases(node, value, place)
            elif isinstance(value, ast.AST):
                yield from self.expression(value, _put(node, field, None), place)
            elif isinstance(value, list):
                for at, item in enumerate(value):
                    if isinstance(item, ast.AST):
                        yield from self.expression(item, _put(node, field, at), place)

    def function(self, node: ast.FunctionDef, place: _Place) -> Iterator[Mutant]:
        name = place.where if place.in_function else ".".join(filter(None, (place.where, node.name)))
        for field in ("defaults", "kw_defaults"):
            for at, default in enumerate(getattr(node.args, field)):
                if default is not None:
                    outside = _Place(name, False, (node.lineno, node.lineno))
                    yield from self.expression(default, _put(node.args, field, at), outside)
        names = frozenset(a.arg for a in (*node.args.args, *node.args.kwonlyargs))
        yield from self.block(node, "body", _Place(name, True, bound=names))

    def forgotten(
        self, node: ast.stmt, around: list[ast.stmt], index: int, place: _Place
    ) -> Iterator[Mutant]:
        """The statement left out, where the program then still means something."""
        rebinds = (
            isinstance(node, ast.Assign)
            and len(node.targets) == 1
            and isinstance(node.targets[0], ast.Name)
            and node.targets[0].id in place.bound
        )
        stores = isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript | ast.Attribute)
        if isinstance(node, ast.Raise | ast.Expr | ast.AugAssign) or rebinds or stores:
            yield self.mutant(place, _shown(node), "(left out)", _set(around, index, ast.Pass()))
        elif isinstance(node, ast.Continue):
            yield self.mutant(place, "continue", "break", _set(around, index, ast.Break()))
        elif isinstance(node, ast.Break):
            yield self.mutant(place, "break", "continue", _set(around, index, ast.Continue()))

    def cases(self, node: ast.stmt, cases: list[ast.match_case], place: _Place) -> Iterator[Mutant]:
        for at, case in enumerate(cases):
            if len(cases) > 1:
                before = f"case {ast.unparse(case.pattern)}"
                rest = [other for other in cases if other is not case]
                yield self.mutant(place, before, "(left out)", _set_field(node, "cases", rest))
            if case.guard is not None:
                yield from self.expression(case.guard, _put(cases[at], "guard", None), place)
            yield from self.block(case, "body", place)

    # --- expressions --------------------------------------------------------------------------

    def condition(
        self,
        owner: ast.AST,
        field: str,
        place: _Place,
        *,
        may_be_true: bool = True,
        may_be_false: bool = True,
    ) -> Iterator[Mutant]:
        """A condition that always holds, or never."""
        test: ast.expr = getattr(owner, field)
        only_raises = isinstance(owner, ast.If) and isinstance(owner.body[0], ast.Raise) and not owner.orelse
        for value, wanted in ((True, may_be_true), (False, may_be_false and not only_raises)):
            if wanted:
                before = f"{type(owner).__name__.lower().replace('ifexp', '... if')} {_shown(test)}"
                yield self.mutant(place, before, str(value), _set_field(owner, field, ast.Constant(value)))

    def expression(self, node: ast.AST, put: Callable[[ast.AST], None], place: _Place) -> Iterator[Mutant]:
        """The mutants of an expression and of what is in it. `put` sets another node in its place."""
        if isinstance(node, ast.JoinedStr | ast.pattern):
            return
        place = _Place(place.where, place.in_function, place.lines, (*place.shown, node), place.bound)
        for changed in self.changes(node, place):
            yield self.replaced(node, changed, put, place)
        if isinstance(node, ast.IfExp):
            yield from self.condition(node, "test", place)
        if isinstance(node, ast.comprehension):
            for at, test in enumerate(node.ifs):
                yield self.replaced(test, ast.Constant(True), _put(node, "ifs", at), place)
        for field, value in ast.iter_fields(node):
            if field in _SKIPPED_FIELDS:
                continue
            if isinstance(value, ast.AST):
                yield from self.expression(value, _put(node, field, None), place)
            elif isinstance(value, list):
                for at, item in enumerate(value):
                    if isinstance(item, ast.AST):
                        yield from self.expression(item, _put(node, field, at), place)

    def changes(self, node: ast.AST, place: _Place) -> Iterator[ast.AST]:
        """What may stand in place of `node`, each with one fault in it."""
        match node:
            case ast.Compare(ops=ops):
                for at, op in enumerate(ops):
                    turned = copy.deepcopy(node)
                    turned.ops[at] = _COMPARED[type(op)]()
                    yield turned
            case ast.BinOp(op=op) if type(op) in _COMPUTED:
                turned = copy.deepcopy(node)
                turned.op = _COMPUTED[type(op)]()
                yield turned
            case ast.BoolOp(op=op, values=values):
                turned = copy.deepcopy(node)
                turned.op = ast.Or() if isinstance(op, ast.And) else ast.And()
                yield turned
                for at in range(len(values)):
                    rest = copy.deepcopy(node)
                    del rest.values[at]
                    yield rest if len(rest.values) > 1 else rest.values[0]
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                yield operand
            case ast.Constant(value=bool(value)):
                yield ast.Constant(not value)
            case ast.Constant(value=int(value)):
                yield ast.Constant(value + 1)
                yield ast.Constant(value - 1)
            case ast.Constant(value=bytes(value)):
                yield ast.Constant(value + b"?")
            case ast.Constant(value=str(value)) if not place.in_function:
                yield ast.Constant(value + "x")
            case ast.Call(func=ast.Name(id=name)):
                yield from self.calls(node, name)
            case ast.Set(elts=elts) | ast.Tuple(elts=elts) | ast.List(elts=elts) if not place.in_function:
                for at in range(len(elts)):
                    rest = copy.deepcopy(node)
                    del rest.elts[at]
                    yield rest
            case ast.Dict(keys=keys) if not place.in_function:
                for at in range(len(keys)):
                    rest = copy.deepcopy(node)
                    del rest.keys[at], rest.values[at]
                    yield rest
            case _:
                return

    def calls(self, node: ast.Call, name: str) -> Iterator[ast.AST]:
        if name in _CALLED:
            turned = copy.deepcopy(node)
            turned.func = ast.Name(_CALLED[name], ast.Load())
            if name in ("sorted", "reversed"):
                turned.keywords = []
            yield turned
        if name == "replace":
            for at in range(len(node.keywords)):
                rest = copy.deepcopy(node)
                del rest.keywords[at]
                yield rest if rest.keywords else rest.args[0]
        if name in self.same_type and node.args:
            yield node.args[0]

    # --- one mutant ---------------------------------------------------------------------------

    def replaced(
        self, node: ast.AST, changed: ast.AST, put: Callable[[ast.AST], None], place: _Place
    ) -> Mutant:
        """`changed` in place of `node`, shown in the largest expression around that is short enough."""
        around = next((a for a in place.shown if isinstance(a, ast.expr | ast.stmt) and _short(a)), node)
        before = ast.unparse(around)
        if around is node:
            after = ast.unparse(changed)
        else:
            put(changed)
            after = ast.unparse(around)
            put(node)
        return self.mutant(place, _cut(before), _cut(after), lambda: put(changed))

    def mutant(self, place: _Place, before: str, after: str, apply: Callable[[], None]) -> Mutant:
        return Mutant(self.file, place.where, place.lines, before, after, place.in_function, apply)


def _short(node: ast.AST) -> bool:
    return len(ast.unparse(node)) <= SHOWN


def _shown(node: ast.AST) -> str:
    return _cut(ast.unparse(node))


def _cut(code: str) -> str:
    line = " ".join(code.split())
    return line if len(line) <= SHOWN else line[: SHOWN - 4] + " ..."


def _put(owner: ast.AST, field: str, at: int | None) -> Callable[[ast.AST], None]:
    def put(node: ast.AST) -> None:
        if at is None:
            setattr(owner, field, node)
        else:
            getattr(owner, field)[at] = node

    return put


def _set(around: list[ast.stmt], index: int, node: ast.stmt) -> Callable[[], None]:
    def apply() -> None:
        around[index] = node

    return apply


def _set_field(owner: ast.AST, field: str, value: object) -> Callable[[], None]:
    return lambda: setattr(owner, field, value)


def _header_lines(node: ast.stmt) -> tuple[int, int]:
    """The lines of a statement; of one with a body only those before the body."""
    inner = getattr(node, "body", None) or getattr(node, "cases", None)
    if isinstance(inner, list) and inner:
        first = inner[0].pattern if isinstance(inner[0], ast.match_case) else inner[0]
        return (node.lineno, max(node.lineno, first.lineno - 1))
    return (node.lineno, node.end_lineno or node.lineno)


def _is_docstring(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _with_bound(place: _Place, targets: list[ast.expr]) -> _Place:
    names = {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    return _Place(place.where, place.in_function, place.lines, place.shown, place.bound | names)
