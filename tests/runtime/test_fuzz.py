"""A bounded fuzzing run of the C loader and runtime under sanitizers: no crash, no report.

A longer one: python -m tests.runtime.test_fuzz SECONDS SEED [OPTION...], options of the C compiler.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from hadamrnn.integer import packed
from hadamrnn.runtime import sources
from hadamrnn.targets import compiler
from tests.random_models import many_models, random_model

SOURCE = Path(__file__).parents[1] / "fuzz" / "fuzz_load.c"
SECONDS = 10  # for each of the two forms of the inner loops


def fuzz(folder, seconds, seed, options=()):
    """(inputs tried, accepted models run) by the program in fuzz_load.c."""
    rng = np.random.default_rng(seed)
    models = [model for model in many_models(seed) if model.hidden_size <= 64]
    models += [random_model(rng, q=1, input_size=40, readout="mean", max_steps=2)]
    seeds = []
    for index, model in enumerate(models):
        seeds.append(folder / f"{index}.hrnn")
        packed.write(model, seeds[-1])
    program = folder / "fuzz_load"
    files = [SOURCE, sources.FOLDER / "hadamrnn.c", sources.FOLDER / "hadamrnn_load.c"]
    compiler.compile_c(
        ["-std=c99", *compiler.SANITIZERS, "-DFUZZ_MAIN", *options, "-I", sources.FOLDER, *files,
         "-o", program]
    )  # fmt: skip
    command = [program, str(seconds), str(seed), *seeds]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:4000]
    words = done.stdout.split()
    return int(words[0]), int(words[2])


@pytest.mark.slow
@pytest.mark.skipif(
    not any(map(compiler.shutil.which, ("cc", "gcc", "clang"))), reason="needs a C compiler"
)
@pytest.mark.parametrize("lanes", [1, 2])
def test_no_input_harms_the_runtime(tmp_path, lanes):
    tried, accepted = fuzz(tmp_path, SECONDS, seed=lanes, options=[f"-DHR_LANES={lanes}"])
    assert tried > 1000 and accepted > tried / 20  # most mutants are refused, not all


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        numbers = fuzz(Path(name), int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
    print(f"{numbers[0]} inputs, {numbers[1]} runs of accepted models")
