"""Conditions of the C runtime that decide by themselves (MC/DC): python -m tests.fuzz.conditions.

Needs clang 18 or newer as $CC, with its llvm-profdata and llvm-cov. A condition counts as covered
where two runs differ in it alone, of all that were looked at, and in the decision. What the
compiler knows, as a comparison of constants, is left out.
"""

import os
import re
import tempfile
from pathlib import Path

from hadamrnn.compiler import find_compiler, run_tool
from hadamrnn.errors import HadamrnnError
from hadamrnn.runtime import sources
from tests.fuzz.__main__ import BATCH
from tests.fuzz.coverage import FORMS, SOURCES
from tests.fuzz.mutants import Mutants
from tests.fuzz.readers import CReader
from tests.fuzz.shapes import shapes

COUNTED = (
    "-O0",
    *("-fprofile-instr-generate", "-fcoverage-mapping", "-fcoverage-mcdc"),
    "-Dalways_inline=noinline",
)
BATCHES = 10
PAIR = re.compile(r"C\d+-Pair: (covered|not covered|constant folded)")


def tool(name: str) -> Path:
    """A tool of LLVM: beside the compiler that runs, whatever $CC wraps."""
    printed = run_tool([*find_compiler(), f"-print-prog-name={name}"]).stdout.strip()
    return Path(printed)


def printed_by(command: list[str | Path]) -> str:
    """What a tool prints."""
    done = run_tool(command)
    if done.returncode:
        raise HadamrnnError(f"{command[0]}: {done.stderr.strip()}")
    return done.stdout


def count(text: str) -> tuple[int, int]:
    """(conditions, those that decide by themselves) in what ``llvm-cov show --show-mcdc`` prints.

    A decision that constants settle is not left to the program; all others have both outcomes.
    """
    pairs = []
    for part in text.split("MC/DC Decision Region")[1:]:
        table = part.split("MC/DC Coverage for Decision")[0]
        settled = "constant folded" in table and not ("= T " in table and "= F " in table)
        pairs += [] if settled else PAIR.findall(table)
    covered = pairs.count("covered")
    return covered + pairs.count("not covered"), covered


def measured(folder: Path, options: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    """{source: ``count``} after mutants and the shapes."""
    os.environ["LLVM_PROFILE_FILE"] = str(folder / "raw")
    reader, mutants = CReader(folder, (*COUNTED, *options)), Mutants(0)
    for number in range(BATCHES):
        assert reader.ask(mutants.batch(number, BATCH)) is not None
    assert reader.ask(list(shapes())) is not None
    assert reader.process is not None
    reader.process.communicate()  # it ends by itself, and writes what it counted
    reader.errors.close()
    data = folder / "data"
    printed_by([tool("llvm-profdata"), "merge", folder / "raw", "-o", data])
    show = [tool("llvm-cov"), "show", "--show-mcdc", reader.program, f"-instr-profile={data}"]
    paths = (folder / "hadamrnn.c", sources.FOLDER / "hadamrnn_load.c")
    return {
        source: count(printed_by([*show, path]))
        for source, path in zip(SOURCES, paths, strict=True)
    }


def main() -> None:
    """A line for each form and source."""
    with tempfile.TemporaryDirectory(prefix="hadamrnn-") as name:
        for number, (form, flags) in enumerate(FORMS.items()):
            for source, (all_of, covered) in measured(Path(name, str(number)), flags).items():
                print(f"{form}, {source}.c: {covered} of {all_of} conditions")


if __name__ == "__main__":
    main()
