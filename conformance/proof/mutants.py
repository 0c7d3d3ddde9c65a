"""Small faults put into Python source: comparisons, constants, operators, checks, error reports.

Each mutant differs in one place. Which places there are depends on the source alone.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv,
    ast.LShift: ast.RShift, ast.RShift: ast.LShift, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr, ast.Pow: ast.Mult, ast.MatMult: ast.Mult,
}  # fmt: skip
_ERRORS = {"FormatError", "UnsupportedError"}
_NOT_RUN = {"annotation", "returns", "decorator_list", "type_params", "bases"}


Path = tuple[tuple[str, int | None], ...]
"""Steps from the module to a node: a field, and the place in it if it is a list."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A faulty version of a file.

    Parameters
    ----------
    label
        Where, and what became of what: the same as long as the source there is the same.
    """

    label: str
    source: str
    path: Path
    number: int

    def tree(self) -> ast.Module:
        """Return the module with its fault."""
        tree = ast.parse(self.source)
        _replace(tree, self.path, list(_changes(_at(tree, self.path)))[self.number])
        return ast.fix_missing_locations(tree)


def mutants(source: str, skipped: Container[str] = ()) -> Iterator[Mutant]:
    """Yield all mutants of a module.

    Parameters
    ----------
    skipped
        Dotted names of functions and classes, and lines without indentation, to be left alone.
    """
    tree = ast.parse(source)
    seen: Counter[str] = Counter()
    for path, scope in _places(tree, source.splitlines(), skipped):
        node = _at(tree, path)
        for number, change in enumerate(_changes(node)):
            label = f"{scope}: {_text(node)} -> {_text(change)}"
            seen[label] += 1
            if seen[label] > 1:
                label += f" ({seen[label]})"
            yield Mutant(label, source, path, number)


def _places(tree: ast.Module, lines: Sequence[str], skipped: Container[str]) -> Iterator[tuple[Path, str]]:
    """Yield all nodes that count, with the dotted name of the function or class they are in."""

    def walk(node: ast.AST, path: Path, scope: str) -> Iterator[tuple[Path, str]]:
        if isinstance(node, ast.keyword) and node.arg == "strict":
            return  # of zip: says what always holds
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            return
        is_skipped = isinstance(node, ast.stmt | ast.expr) and lines[node.lineno - 1].strip() in skipped
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            scope = f"{scope}.{node.name}".lstrip(".")
            if scope in skipped:
                return
        if not is_skipped:
            yield path, scope or "module"
        for name, value in ast.iter_fields(node):
            if name in _NOT_RUN or (is_skipped and name not in ("body", "orelse")):
                continue
            if isinstance(value, ast.AST):
                yield from walk(value, (*path, (name, None)), scope)
            elif isinstance(value, list):
                for number, item in enumerate(value):
                    if isinstance(item, ast.AST):
                        yield from walk(item, (*path, (name, number)), scope)

    yield from walk(tree, (), "")


def _at(tree: ast.AST, path: Path) -> ast.AST:
    node: ast.AST = tree
    for name, number in path:
        value = getattr(node, name)
        node = value if number is None else value[number]
    return node


def _replace(tree: ast.AST, path: Path, new: ast.AST) -> None:
    name, number = path[-1]
    parent = _at(tree, path[:-1])
    if number is None:
        setattr(parent, name, new)
    else:
        getattr(parent, name)[number] = new


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what a node can become; the node itself may be used in it."""
    if isinstance(node, ast.Compare):
        for number, operator in enumerate(node.ops):
            ops = list(node.ops)
            ops[number] = _COMPARISONS[type(operator)]()
            yield ast.Compare(node.left, ops, node.comparators)
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    elif isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        yield ast.BinOp(node.left, _OPERATORS[type(node.op)](), node.right)
    elif isinstance(node, ast.AugAssign) and type(node.op) in _OPERATORS:
        yield ast.AugAssign(node.target, _OPERATORS[type(node.op)](), node.value)
    elif isinstance(node, ast.UnaryOp) and not isinstance(node.operand, ast.Constant):
        yield node.operand
    elif isinstance(node, ast.Constant):
        yield from _other_constants(node.value)
    elif isinstance(node, ast.If):
        yield ast.If(ast.Constant(False), node.body, node.orelse)
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield ast.Pass()
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _ERRORS:
        wrong = ast.BinOp(node.args[2], ast.Add(), ast.Constant(1))
        yield ast.Call(node.func, [*node.args[:2], wrong], node.keywords)


def _other_constants(value: object) -> Iterator[ast.Constant]:
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield ast.Constant(value + 1)
        if value > 1:
            yield ast.Constant(value - 1)
    elif isinstance(value, str) and value.startswith("E_"):
        yield ast.Constant("E_WRONG")


def _text(node: ast.AST) -> str:
    """Return a node's source in one line; of a statement with a body its head alone."""
    if isinstance(node, ast.If):
        return f"if {ast.unparse(node.test)}"
    return " ".join(ast.unparse(node).split())
