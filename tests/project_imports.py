"""Which project files a stage needs: its imports, followed through the package, as text.

DVC does not follow imports, so dvc.yaml lists every module; test_dependencies holds it to this.
"""

import ast
import functools
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("hadamrnn", "stages")


@functools.cache
def module_file(name):
    """Path of a project module relative to the root, or None if ``name`` is none."""
    base = ROOT.joinpath(*name.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if path.exists():
            return path.relative_to(ROOT).as_posix()
    return None


@functools.cache
def imported_modules(path):
    """Names of the project modules that a file imports anywhere, function bodies included.

    What only a type checker reads is left out.
    """
    found, tree = set(), ast.parse((ROOT / path).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body.clear()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(name for name in found if name.split(".")[0] in PACKAGES and module_file(name))


def with_packages(name):
    """The module and the packages that contain it."""
    parts = name.split(".")
    return {".".join(parts[: i + 1]) for i in range(len(parts))}


def closure(path):
    """All project files reachable from ``path`` by imports, itself included, as posix strings."""
    module = path.removesuffix(".py").replace("/", ".")
    seen, waiting = set(), list(filter(None, map(module_file, with_packages(module))))
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        for name in imported_modules(file):
            waiting.extend(filter(None, map(module_file, with_packages(name))))
    return seen
