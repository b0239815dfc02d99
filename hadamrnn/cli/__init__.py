"""The command ``hadamrnn``: one module a command, with NumPy alone unless the command says more."""

from hadamrnn.cli.dispatch import main

__all__ = ["main"]
