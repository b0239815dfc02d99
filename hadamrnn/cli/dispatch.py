"""From the command line to the module of a command.

A command is a module of this folder, named like it, with HELP (one line), a docstring that
``--help`` shows, ``add_arguments(parser)`` and ``run(options)``, which returns the exit code. What
it needs beyond NumPy it imports inside ``run``, so that the others start without it.
"""

import argparse
import io
import os
import sys
from collections.abc import Sequence
from types import ModuleType

from hadamrnn.cli import (
    bench,
    check,
    experiments,
    firmware,
    info,
    new,
    predict,
    report,
    stream,
    sweep,
    tune,
)
from hadamrnn.errors import HadamrnnError

COMMANDS: tuple[ModuleType, ...] = (
    info,
    predict,
    stream,
    bench,
    firmware,
    new,
    tune,
    report,
    experiments,
    sweep,
    check,
)
EXIT_CODES = "exit codes: 0 done; 1 what is wrong, told in one sentence each; 2 wrong usage"


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    result = argparse.ArgumentParser(
        prog="hadamrnn",
        description="Look into, and run, an exported HadamRNN model (.hrnn); begin with own "
        "recordings; check a clone.",
        epilog=EXIT_CODES,
    )
    commands = result.add_subparsers(dest="command", required=True)
    for module in COMMANDS:
        name = module.__name__.rsplit(".", 1)[-1]
        command = commands.add_parser(
            name, help=module.HELP, description=module.__doc__, epilog=EXIT_CODES
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Default those of the process.

    Returns
    -------
    int
        0, or 1 after an error told in one sentence. Wrong usage exits with 2, as argparse does.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):  # class names in whatever encoding there is
        sys.stdout.reconfigure(errors="backslashreplace")
    options = parser().parse_args(arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except HadamrnnError as error:
        print(f"hadamrnn: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # who reads our output, as head does, has seen enough
        _drop_output()
        return 0
    except OSError as error:
        _drop_output()
        where = "standard output" if error.filename is None else error.filename
        print(f"hadamrnn: {where}: must be usable; got {error.strerror}", file=sys.stderr)
        return 1
    return code


def _drop_output() -> None:
    """Send what is still to be printed nowhere, so that the interpreter can end quietly."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
