"""Tests against a mutant, in a forked child that imports it in place of the module.

The parent holds what takes long to import (torch, SciPy, Hypothesis), and no mutated module.
"""

import ast
import os
import signal
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType

import hypothesis
import pytest

CPU_SECONDS = 60
CLOCK_SECONDS = 600
PROFILE = "mutation"
"""Hypothesis as in the tests, without the search for the smallest example."""

hypothesis.settings.register_profile(
    PROFILE,
    derandomize=True,
    deadline=None,
    database=None,
    phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
)


def _import_instead(path: Path, tree: ast.Module) -> None:
    """From now on, importing the module at ``path`` runs ``tree``."""
    code = compile(tree, str(path), "exec")
    read = SourceFileLoader.get_code

    def get_code(loader: SourceFileLoader, fullname: str) -> CodeType | None:
        same = Path(loader.path).resolve() == path.resolve()
        return code if same else read(loader, fullname)

    SourceFileLoader.get_code = get_code


def passes(
    root: Path,
    tests: list[str],
    path: str | None = None,
    tree: ast.Module | None = None,
    memory: int | None = None,
) -> bool:
    """Whether all of ``tests`` pass, with ``tree`` in the place of the module ``path`` if given.

    A child that takes too long, too much memory or dies does not pass.

    Parameters
    ----------
    root : Path
        The folder in which pytest runs.
    tests : list of str
        Files, folders and options as pytest takes them. Tests marked slow are left out.
    path : str, optional
        Relative to ``root``.
    tree : ast.Module, optional
        What is imported there.
    memory : int, optional
        The most bytes of address space; sanitizers in what the tests start need all of it.

    Returns
    -------
    bool
    """
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            import resource  # where there is no fork, there is none either

            signal.alarm(CLOCK_SECONDS)
            resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
            if memory is not None:
                resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
            sink = os.open(os.devnull, os.O_WRONLY)
            os.dup2(sink, 1)
            os.dup2(sink, 2)
            os.chdir(root)
            sys.path.insert(0, str(root))
            sys.dont_write_bytecode = True
            if path is not None and tree is not None:
                _import_instead(root / path, tree)
            plugins = ["-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:randomly"]
            # With its rewriting of asserts, pytest reads the modules among ``tests`` by itself.
            options = ["--assert=plain", "-x", "-m", "not slow", f"--hypothesis-profile={PROFILE}"]
            status = int(pytest.main([*plugins, *options, *tests]))
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1] == 0
