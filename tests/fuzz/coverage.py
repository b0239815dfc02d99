"""Branches of the C runtime that are taken, by gcov: python -m tests.fuzz.coverage 20000.

By mutants, and by whole models in the shapes for which the runtime has a loop of its own; of
streams, by models and settings of tests/targets/test_streams.py, and by every status. In every form
that macros and this computer's processor choose. With --lines, those that lack a branch.
"""

import argparse
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hadamrnn.compiler import run_tool
from hadamrnn.errors import HadamrnnError
from hadamrnn.targets import streams
from tests.fuzz.__main__ import BATCH
from tests.fuzz.mutants import Mutants
from tests.fuzz.readers import CReader
from tests.fuzz.shapes import shapes
from tests.runtime.test_stream_statuses import run_every_status
from tests.targets.test_streams import cases, recording

FORMS = {
    "vectors of 16 bytes": (),
    "this processor's vectors": ("-march=native",),
    "int of 16 bits": ("-DHR_LANES=1",),
    "no vectors": ("-DHR_NO_VECTORS",),
}
SOURCES = ("hadamrnn", "hadamrnn_load")
STREAM = "hadamrnn_stream"
STEPS = 100
COUNTED = ("-O0", "--coverage", "-Dalways_inline=noinline")
"""Functions that the compiler would copy into each caller are counted once, in one place."""
BRANCH = re.compile(r"branch +\d+ (never executed|taken (\d+))")


def lines(path: Path) -> Iterator[tuple[int, int, str]]:
    """(branches, those taken, source) of every line of a gcov file that has branches."""
    source, taken = "", []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith(("branch", "call", "function", "unconditional")):
            taken += [int(found[2] or 0) > 0 for found in BRANCH.finditer(line)]
            continue
        if taken:
            yield len(taken), sum(taken), source
        source, taken = line, []
    if taken:
        yield len(taken), sum(taken), source


def measured(
    count: int, folder: Path, options: tuple[str, ...]
) -> dict[str, list[tuple[int, int, str]]]:
    """{source: ``lines``} after ``count`` mutants and the shapes."""
    reader, mutants = CReader(folder, (*COUNTED, *options)), Mutants(0)
    for number, done in enumerate(range(0, count, BATCH)):
        assert reader.ask(mutants.batch(number, min(BATCH, count - done))) is not None
    assert reader.ask(list(shapes())) is not None
    assert reader.process is not None
    reader.process.communicate()  # it ends by itself, and writes what it counted
    reader.errors.close()
    return {
        source: counted(next(folder.glob(f"*-{source}.gcda")), source, folder) for source in SOURCES
    }


def counted(data: Path, source: str, folder: Path) -> list[tuple[int, int, str]]:
    """``lines`` of a source whose counts lie in ``data``."""
    run_tool(["gcov", "-b", "-c", data], folder)
    return list(lines(folder / f"{source}.c.gcov"))


def streamed() -> list[tuple[int, int, str]]:
    """``lines`` of hadamrnn_stream.c after streams of every kind, and calls that are refused.

    It has no forms of its own.
    """
    with streams.HostStreams(options=COUNTED) as program:
        for model, settings in cases():
            chosen = model.stream(**settings).settings
            program.run(model, chosen, recording(model, STEPS), STEPS)
        objects = [program.folder / f"{name}.o" for name in (STREAM, "hadamrnn")]
        run_every_status(program.folder, COUNTED, objects)
        return counted(program.folder / f"{STREAM}.gcda", STREAM, program.folder)


def show(what: str, rows: list[tuple[int, int, str]], each: bool) -> None:
    """Print how many branches were taken, and ``each`` line that lacks one."""
    branches, taken = (sum(row[i] for row in rows) for i in (0, 1))
    print(f"{what}: {taken} of {branches} branches, {100 * taken / branches:.1f} %")
    for of, here, text in rows if each else []:
        if here < of:
            print(f"  {here} of {of}: {text.strip()}")


def main() -> None:
    """A line for each form and source."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("count", type=int, help="how many mutants")
    parser.add_argument("--lines", action="store_true", help="print what lacks a branch")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hadamrnn-") as name:
        for number, (form, flags) in enumerate(FORMS.items()):
            try:
                found = measured(options.count, Path(name, str(number)), flags)
            except HadamrnnError as error:  # an option that this compiler does not know
                print(f"{form}: {error}")
                continue
            for source, rows in found.items():
                show(f"{form}, {source}.c", rows, options.lines)
    show(f"{STREAM}.c", streamed(), options.lines)


if __name__ == "__main__":
    main()
