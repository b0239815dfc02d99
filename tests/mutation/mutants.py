"""Small changes of a Python module, each of which a test should notice.

Changed are comparisons, arithmetic, numbers and booleans, ``and`` and ``or``, conditions, and what
is returned. Left alone are annotations, decorators and texts.
"""

import ast
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

OTHER: dict[type[ast.AST], tuple[type[ast.AST], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.FloorDiv,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,),
    ast.Mod: (ast.FloorDiv,),
    ast.Pow: (ast.Mult,),
    ast.LShift: (ast.RShift,),
    ast.RShift: (ast.LShift,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
    ast.BitXor: (ast.BitOr,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
}
"""What stands in the place of an operator."""


@dataclass(frozen=True)
class Mutant:
    """One change of one module.

    Parameters
    ----------
    path : str
        The module, relative to the project's folder.
    node : int
        Which node of the tree, in the order of ``ast.walk``.
    variant : int
        Which of the changes of that node.
    line : int
        Where it stands.
    before, after : str
        The expression or statement as it was and as it is.
    """

    path: str
    node: int
    variant: int
    line: int
    before: str
    after: str


def _left_alone(tree: ast.AST) -> set[int]:
    """The ids of all nodes in annotations and decorators."""
    roots: list[ast.AST | None] = []
    for node in ast.walk(tree):
        roots += [getattr(node, name, None) for name in ("annotation", "returns")]
        roots += getattr(node, "decorator_list", [])
    return {id(node) for root in roots if root is not None for node in ast.walk(root)}


def changes(node: ast.AST) -> Iterator[dict[str, ast.AST | list[ast.AST] | int | float]]:
    """The fields that each change of ``node`` gives it."""
    match node:
        case ast.Compare(ops=ops):
            for at, op in enumerate(ops):
                for other in OTHER.get(type(op), ()):
                    yield {"ops": [*ops[:at], other(), *ops[at + 1 :]]}
        case ast.BinOp(op=op) | ast.AugAssign(op=op) | ast.BoolOp(op=op):
            for other in OTHER.get(type(op), ()):
                yield {"op": other()}
        case ast.Constant(value=bool() as value):
            yield {"value": not value}
        case ast.Constant(value=int() | float() as value):
            yield {"value": value + 1}
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield {"operand": ast.UnaryOp(ast.Not(), operand)}
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            yield {"test": ast.UnaryOp(ast.Not(), test)}
        case ast.Return(value=ast.expr() as value):
            if not (isinstance(value, ast.Constant) and value.value is None):
                yield {"value": ast.Constant(None)}


def _shown(node: ast.AST) -> str:
    """The first line of ``node`` as source."""
    return ast.unparse(node).splitlines()[0]


def every(root: Path, path: str) -> list[Mutant]:
    """All mutants of the module ``path`` below ``root``."""
    tree = ast.parse((root / path).read_text(encoding="utf-8"))
    alone, found = _left_alone(tree), []
    for index, node in enumerate(ast.walk(tree)):
        if id(node) in alone:
            continue
        for variant, fields in enumerate(changes(node)):
            kept = {name: getattr(node, name) for name in fields}
            before, line = _shown(node), getattr(node, "lineno", 0)
            _put(node, fields)
            found.append(Mutant(path, index, variant, line, before, _shown(node)))
            _put(node, kept)
    return found


def _put(node: ast.AST, fields: dict) -> None:
    """``node`` with ``fields``."""
    for name, value in fields.items():
        setattr(node, name, value)


def mutated(root: Path, mutant: Mutant) -> ast.Module:
    """The tree of the module with the change."""
    tree = ast.parse((root / mutant.path).read_text(encoding="utf-8"))
    node = [*ast.walk(tree)][mutant.node]
    _put(node, [*changes(node)][mutant.variant])
    return ast.fix_missing_locations(tree)


def sample(root: Path, paths: Iterable[str], count: int, seed: int) -> tuple[list[Mutant], int]:
    """``count`` mutants of the modules drawn at random, or all if there are fewer; how many are.

    A larger count adds to the smaller one.

    Parameters
    ----------
    root : Path
        The project's folder.
    paths : iterable of str
        Modules, relative to it.
    count : int
        At least 1.
    seed : int
        Of the draw.

    Returns
    -------
    drawn : list of Mutant
    there : int
    """
    there = [mutant for path in sorted(paths) for mutant in every(root, path)]
    return random.Random(seed).sample(there, len(there))[:count], len(there)
