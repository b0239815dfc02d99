"""Branches of the C runtime that mutants reach, by gcov: python -m tests.fuzz.coverage 20000.

Of the form that this computer compiles, and of the other two, which are chosen by macros.
"""

import re
import sys
import tempfile
from pathlib import Path

from hadamrnn.targets.compiler import run_tool
from tests.fuzz.__main__ import BATCH
from tests.fuzz.mutants import Mutants
from tests.fuzz.readers import CReader

FORMS = {"vectors": (), "int of 16 bits": ("-DHR_LANES=1",), "no vectors": ("-DHR_NO_VECTORS",)}
SOURCES = ("hadamrnn", "hadamrnn_load")
FIGURES = re.compile(r"(Lines executed|Taken at least once):([\d.]+)% of (\d+)")


def measured(count: int, folder: Path, options: tuple[str, ...]) -> dict[str, dict[str, str]]:
    """{source: {figure: "percent of how many"}} after ``count`` mutants."""
    reader, mutants = CReader(folder, ("-O0", "--coverage", *options)), Mutants(0)
    for number, done in enumerate(range(0, count, BATCH)):
        assert reader.ask(mutants.batch(number, min(BATCH, count - done))) is not None
    reader.process.communicate()  # it ends by itself, and writes what it counted
    reader.errors.close()
    found = {}
    for source in SOURCES:
        data = next(folder.glob(f"*{source}.gcda"))
        printed = run_tool(["gcov", "-b", "-n", data], folder).stdout
        # One part for each file that the source includes, the system's headers among them.
        part = next(p for p in printed.split("File ") if p.startswith("'") and f"{source}.c'" in p)
        found[source] = {what: f"{share} % of {of}" for what, share, of in FIGURES.findall(part)}
    return found


def main() -> None:
    """A line for each form and source."""
    with tempfile.TemporaryDirectory(prefix="hadamrnn-") as name:
        for number, (form, options) in enumerate(FORMS.items()):
            for source, figures in measured(
                int(sys.argv[1]), Path(name, str(number)), options
            ).items():
                print(f"{form}, {source}.c:", ", ".join(f"{k} {v}" for k, v in figures.items()))


if __name__ == "__main__":
    main()
