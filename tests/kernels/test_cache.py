"""Compiled kernels are kept, never stale, never in the way: by programs that use a small one.

Each test has a copy of ``hadamrnn/kernels`` with one more module, whose kernel calls a function of
another file of that folder.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import hadamrnn

KERNELS = Path(hadamrnn.__file__).parent / "kernels"

HELPER = """
from hadamrnn.kernels.setup import inline

@inline
def change(value):
    return value + 1
"""

SMALL = """
import numpy as np
from hadamrnn.kernels.setup import kernel
from hadamrnn.kernels.helper import change

@kernel
def run(first, stop, values):
    for i in range(first, stop):
        values[i] = change(values[i])
"""

PROBE = """
import numpy as np
from hadamrnn.kernels.small import run
values = np.zeros(2, np.float32)
run(0, 2, values)
print(values[1], sum(run.stats.cache_hits.values()))
"""


@pytest.fixture
def folder(tmp_path):
    package = tmp_path / "source" / "hadamrnn"
    shutil.copytree(KERNELS, package / "kernels", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(KERNELS.parent / "__init__.py", package)
    shutil.copy(KERNELS.parent / "errors.py", package)
    (package / "kernels" / "helper.py").write_text(HELPER)
    (package / "kernels" / "small.py").write_text(SMALL)
    return tmp_path


def probe(folder, program=PROBE, **variables):
    """(words printed, warnings) of ``program`` with the copied kernels."""
    drop = {"NUMBA_CACHE_DIR", "PYTHONWARNINGS"}
    kept = {name: value for name, value in os.environ.items() if name not in drop}
    given = {"PYTHONPATH": str(folder / "source"), "XDG_CACHE_HOME": str(folder / "home")}
    command = [sys.executable, "-B", "-c", program]
    environment = kept | given | variables
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split(), done.stderr


def kept_files(folder, pattern="*.nbc"):
    return sorted(folder.glob(f"**/kernels-*/{pattern}"))


@pytest.mark.parametrize("own", [True, False], ids=["NUMBA_CACHE_DIR", "default"])
def test_kernels_are_kept_until_any_source_changes(folder, own):
    variables = {"NUMBA_CACHE_DIR": str(folder / "own")} if own else {}
    assert probe(folder, **variables) == (["1.0", "0"], "")
    assert probe(folder, **variables) == (["1.0", "1"], "")
    helper = folder / "source/hadamrnn/kernels/helper.py"
    helper.write_text(HELPER.replace("+ 1", "+ 2"))
    assert probe(folder, **variables) == (["2.0", "0"], "")
    where = folder / ("own" if own else "home")
    assert len(kept_files(where)) == len(kept_files(folder)) == 2


def test_functions_of_the_user_are_kept_where_numba_keeps_them(folder):
    """What this package does with its own kernels changes nothing for others."""
    (folder / "source" / "users.py").write_text(
        "import numba\n@numba.njit(cache=True)\ndef f(x): return x + 1\n"
    )
    program = "import users, numba; print(numba.config.CACHE_DIR or '-', users.f.stats.cache_path)"
    alone, _ = probe(folder, program)
    beside, _ = probe(folder, f"import hadamrnn.kernels.small\n{program}")
    assert alone == beside


def test_without_a_folder_that_can_be_written_kernels_run_and_one_sentence_says_so(folder):
    (folder / "home").write_text("a file where the folder would be")
    (folder / "source/hadamrnn/kernels/__pycache__").write_text("here too")
    words, warning = probe(folder)
    assert words == ["1.0", "0"]
    assert re.findall(r"UserWarning: (.*)", warning) == [
        "hadamrnn: compiled kernels must be kept in a folder that can be written, or every process "
        f"compiles them anew; got {folder}/home/hadamrnn, "
        f"{folder}/source/hadamrnn/kernels/__pycache__; set NUMBA_CACHE_DIR to one"
    ]


def test_a_home_that_cannot_be_written_leaves_the_package(folder):
    (folder / "home").write_text("a file where the folder would be")
    assert probe(folder) == (["1.0", "0"], "")
    assert probe(folder) == (["1.0", "1"], "")
    assert len(kept_files(folder / "source/hadamrnn/kernels/__pycache__")) == 1


@pytest.mark.parametrize("pattern", ["*.nbc", "*.nbi"])
@pytest.mark.parametrize("damage", [lambda b: b[:-9], lambda b: b""], ids=["cut", "empty"])
def test_damaged_files_are_made_anew(folder, pattern, damage):
    probe(folder)
    (file,) = kept_files(folder, pattern)
    file.write_bytes(damage(file.read_bytes()))
    assert probe(folder) == (["1.0", "0"], "")
    assert probe(folder) == (["1.0", "1"], "")


def test_a_changed_bit_of_machine_code_is_noticed(folder):
    probe(folder)
    (file,) = kept_files(folder)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert probe(folder) == (["1.0", "0"], "")


def test_a_full_disk_costs_the_cache_alone(folder):
    program = f"""
from hadamrnn.kernels import cache
def full(*arguments):
    raise OSError(28, "No space left on device")
cache._File._save_data = full
{PROBE}"""
    words, warning = probe(folder, program)
    assert words == ["1.0", "0"]
    (sentence,) = re.findall(r"UserWarning: (.*)", warning)
    assert sentence.startswith("hadamrnn: compiled kernels must fit into ")
    assert sentence.endswith("No space left on device; they are compiled anew in the next process")


def test_a_kernel_for_other_types_is_not_taken(folder):
    """Two processes may write the index at once; then one file can stand for two signatures."""
    program = """
import numpy as np
from hadamrnn.kernels.small import run
for dtype in (np.float32, np.float64):
    values = np.zeros(2, dtype)
    run(0, 2, values)
    print(values[1])
file = run._cache._cache_file
index = file._load_index()
file._save_index(dict.fromkeys(index, sorted(index.values())[0]))
"""
    assert probe(folder, program) == (["1.0", "1.0"], "")
    assert probe(folder, program) == (["1.0", "1.0"], "")


@pytest.mark.parametrize(
    ("numba", "variables"),
    [("raise ImportError('needs NumPy 1')", {}), (None, {"NUMBA_DISABLE_JIT": "1"})],
)
def test_numba_that_does_not_work_leaves_the_plain_forms(tmp_path, numba, variables):
    paths = [str(KERNELS.parent.parent)]
    if numba is not None:
        (tmp_path / "numba.py").write_text(numba)
        paths.insert(0, str(tmp_path))
    program = """
import torch
from hadamrnn import HadamRNN
from hadamrnn.training.losses import cross_entropy
layer = HadamRNN(3, 8)
for _ in range(2):
    print(*layer.last_state(torch.ones(2, 5, 3)).shape)
cross_entropy(torch.zeros(5000, 3), torch.zeros(5000, dtype=torch.long))
try:
    HadamRNN(3, 8, backend="scan").last_state(torch.ones(2, 5, 3))
except ValueError as error:
    print(error)
"""
    words, warning = probe(tmp_path, program, PYTHONPATH=os.pathsep.join(paths), **variables)
    error = "needs NumPy 1" if numba else "NUMBA_DISABLE_JIT is set"
    assert re.findall(r"UserWarning: (.*)", warning) == [
        f"hadamrnn: numba must be usable for fast CPU kernels; got ImportError: {error}; slower "
        "forms run instead"
    ]
    assert " ".join(words) == "2 8 2 8 backend: scan needs a numba that works; got none"
