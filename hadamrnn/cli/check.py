"""Look at the environment and the clone: what is wrong, and the command that mends it.

Looks at Python and its packages, the C compiler, the GPU and the data mirror; in a clone of the
project also at DVC's lock file and locks, at files that are damaged or half-written, and at what an
experiment left in params.yaml. With --mend, what a kill or damage left is removed, so that dvc
repro makes it again. Ends with 1 where anything is wrong.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from hadamrnn.checkup import dvc_files, environment, made
from hadamrnn.checkup.finding import Finding
from hadamrnn.cli import needs
from hadamrnn.errors import HadamrnnError

HELP = "what is wrong with the environment and the clone, and how to mend it"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``hadamrnn check``."""
    parser.add_argument(
        "--mend",
        action="store_true",
        help="remove what a kill or damage left and the pipeline makes again; restore dvc.lock",
    )
    parser.add_argument(
        "--files", action="store_true", help="look at the clone alone, not at the machine"
    )


def run(options: argparse.Namespace) -> int:
    """Print a line for every finding; 1 where anything is wrong and was not mended."""
    root = needs.clone_of(Path.cwd())
    if options.files and root is None:
        raise HadamrnnError(f"{Path.cwd()}: must lie in a clone of the project; got no dvc.yaml")
    if options.mend and root is not None and (busy := dvc_files.running(root)):
        raise HadamrnnError(f"{root}: must be mended while DVC rests; got {', '.join(busy)}")
    code = 0
    for finding in findings(root, machine=not options.files):
        mended = options.mend and finding.mend is not None
        if mended and finding.mend is not None:
            finding.mend()
            print(f"mended {finding.words}")
        else:
            print(finding)
        code |= finding.kind == "wrong" and not mended
    return code


def findings(root: Path | None, *, machine: bool = True) -> Iterator[Finding]:
    """All that is looked at, in the order of the lines."""
    if machine:
        yield from environment.look(root)
    if root is not None:
        yield from dvc_files.look(root)
        yield from made.look(root)
        yield from _experiment(root)


def _experiment(root: Path) -> Iterator[Finding]:
    """What an experiment left in params.yaml."""
    try:
        from hadamrnn.checkup import committed
    except ImportError:
        yield Finding("note", "params.yaml: not looked at without pydantic and PyYAML")
        return
    differs = committed.note(root)
    if differs:
        yield Finding("note", differs.split(". To undo it")[0], "git restore params.yaml")
