"""From the command line to the module of a command.

A command is a module of this folder, named like it, with HELP (one line), a docstring that
``--help`` shows, ``add_arguments(parser)`` and ``run(options)``, which returns the exit code. What
it needs beyond NumPy it imports inside ``run``, so that the others start without it.
"""

import argparse
import sys
from collections.abc import Sequence
from types import ModuleType

from hadamrnn.cli import firmware, info, predict
from hadamrnn.errors import HadamrnnError

COMMANDS: tuple[ModuleType, ...] = (info, predict, firmware)


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    result = argparse.ArgumentParser(
        prog="hadamrnn", description="Look into, and run, an exported HadamRNN model (.hrnn)."
    )
    commands = result.add_subparsers(dest="command", required=True)
    for module in COMMANDS:
        name = module.__name__.rsplit(".", 1)[-1]
        command = commands.add_parser(name, help=module.HELP, description=module.__doc__)
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code: 0, or 1 after an error told in one sentence.

    arguments : default those of the process. Wrong usage exits with 2, as argparse does.
    """
    options = parser().parse_args(arguments)
    try:
        return options.run(options)
    except HadamrnnError as error:
        print(f"hadamrnn: {error}", file=sys.stderr)
        return 1
