"""Write pages of results: reports/NAME.html for each benchmark, and reports/index.html of all.

A page tells what a model reaches, where it errs and what it costs, beside the recorded runs. Each
is one file that loads nothing and opens from disk.
"""

import argparse
from pathlib import Path

from hadamrnn.cli import needs
from hadamrnn.errors import HadamrnnError

HELP = "write reports/NAME.html and index.html: what models reach, where they err, what they cost"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``hadamrnn report``."""
    parser.add_argument(
        "names", metavar="NAME", nargs="*", help="benchmarks; all that have results"
    )
    parser.add_argument(
        "--counted",
        action="store_true",
        help="count what devices need, even where emulators are installed",
    )


def run(options: argparse.Namespace) -> int:
    """Write the pages, and print where they are."""
    needs.in_root()
    with needs.more_than_numpy("report", "pipeline"):
        from hadamrnn.webpage import pages
    there = pages.evaluated()
    if not (options.names or there):
        raise HadamrnnError("results: must have a metrics.json; got none, run dvc repro")
    parameters = Path("params.yaml").read_text(encoding="utf-8")
    for path in pages.write(options.names or there, parameters, options.counted):
        print(path.as_posix())
    return 0
