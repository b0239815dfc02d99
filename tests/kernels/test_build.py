"""Compiled kernels are kept, never stale, never in the way: by programs with sources of one line.

Each test has a copy of ``hadamrnn/kernels`` whose C code is a number that stands in a second file.
"""

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import hadamrnn

PACKAGE = Path(hadamrnn.__file__).parent

PROBE = """
from hadamrnn.machine_code import loading
from hadamrnn.kernels import build
compiled, compile_c = [], loading.compile_c
loading.compile_c = lambda *given, **named: compiled.append(1) or compile_c(*given, **named)
print(build.load(32).value(), len(compiled))
"""

pytestmark = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="needs a C compiler"
)


@pytest.fixture
def folder(tmp_path):
    package = tmp_path / "source" / "hadamrnn"
    ignore = shutil.ignore_patterns("__pycache__", "csrc")
    for name in ("kernels", "machine_code"):
        shutil.copytree(PACKAGE / name, package / name, ignore=ignore)
    for name in ("__init__", "compiler", "errors"):
        shutil.copy(PACKAGE / f"{name}.py", package)
    sources = package / "kernels" / "csrc"
    sources.mkdir()
    (sources / "number.h").write_text("#define NUMBER 1\n")
    (sources / "kernels.c").write_text('#include "number.h"\nint value(void) { return NUMBER; }\n')
    return tmp_path


def probe(folder, program=PROBE, **variables):
    """(words printed, warnings) of ``program`` with the copied kernels."""
    drop = {"CC", "PYTHONWARNINGS"}
    kept = {name: value for name, value in os.environ.items() if name not in drop}
    given = {"PYTHONPATH": str(folder / "source"), "XDG_CACHE_HOME": str(folder / "home")}
    command = [sys.executable, "-B", "-c", program]
    environment = kept | given | variables
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split(), done.stderr


def kept_files(folder):
    return sorted(folder.glob("**/kernels-*.so"))


def test_kernels_are_kept_until_any_source_changes(folder):
    assert probe(folder) == (["1", "1"], "")
    assert probe(folder) == (["1", "0"], "")
    (folder / "source/hadamrnn/kernels/csrc/number.h").write_text("#define NUMBER 2\n")
    assert probe(folder) == (["2", "1"], "")
    assert len(kept_files(folder / "home")) == len(kept_files(folder)) == 2


def test_another_compiler_or_option_makes_its_own(folder):
    probe(folder)
    assert probe(folder, CC="cc -DOTHER") == (["1", "1"], "")
    assert probe(folder) == (["1", "0"], "")


def test_another_processor_makes_its_own(folder):
    probe(folder)
    other = "from hadamrnn.machine_code import code\ncode._processor = lambda: 'another'\n"
    assert probe(folder, other + PROBE) == (["1", "1"], "")


def test_what_a_compiler_has_left_is_used_without_one(folder):
    probe(folder)
    assert probe(folder, CC="no-such-compiler") == (["1", "0"], "")


def test_without_a_folder_that_can_be_written_kernels_run_and_one_sentence_says_so(folder):
    (folder / "home").write_text("a file where the folder would be")
    (folder / "source/hadamrnn/kernels/__pycache__").write_text("here too")
    words, warning = probe(folder)
    assert words == ["1", "1"]
    assert re.findall(r"UserWarning: (.*)", warning) == [
        "hadamrnn: compiled code of the CPU kernels must be kept in a folder that can be written, "
        f"or every process compiles it anew; got {folder}/home/hadamrnn, "
        f"{folder}/source/hadamrnn/kernels/__pycache__"
    ]


def test_a_home_that_cannot_be_written_leaves_the_package(folder):
    (folder / "home").write_text("a file where the folder would be")
    assert probe(folder) == (["1", "1"], "")
    assert probe(folder) == (["1", "0"], "")
    assert len(kept_files(folder / "source/hadamrnn/kernels/__pycache__")) == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-9],
        lambda content: b"",
        lambda content: content[:5000] + bytes([content[5000] ^ 1]) + content[5001:],
    ],
    ids=["cut", "empty", "one bit"],
)
def test_damaged_files_are_made_anew(folder, damage):
    probe(folder)
    (file,) = kept_files(folder)
    file.write_bytes(damage(file.read_bytes()))
    assert probe(folder) == (["1", "1"], "")
    assert probe(folder) == (["1", "0"], "")


def test_a_full_disk_costs_the_cache_alone(folder):
    program = f"""
import pathlib
def full(*arguments):
    raise OSError(28, "No space left on device")
pathlib.Path.write_bytes = full
{PROBE}"""
    words, warning = probe(folder, program)
    assert words == ["1", "1"]
    (sentence,) = re.findall(r"UserWarning: (.*)", warning)
    assert sentence.startswith("hadamrnn: compiled code of the CPU kernels must fit into ")
    assert sentence.endswith("No space left on device; it is compiled anew in the next process")
    assert not list((folder / "home").glob("**/*.partial"))


def test_many_processes_at_once(folder):
    with ThreadPoolExecutor(6) as pool:
        for words, warning in pool.map(lambda _: probe(folder), range(6)):
            assert (words[0], warning) == ("1", "")
    assert probe(folder) == (["1", "0"], "")


@pytest.mark.parametrize(
    ("compiler", "sentence"),
    [
        ("no-such-compiler", "CC: compiling on this computer needs a C compiler .* got .*compiler"),
        ("gcc '", 'CC: must be a command, its quotes closed; got "gcc \'" .*'),
        ("false", "false: must compile the CPU kernels; got no message"),
        ("true", "true: must make code that loads; got .*"),
    ],
)
def test_without_a_compiler_that_works_the_plain_forms_run(tmp_path, compiler, sentence):
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
    words, warning = probe(tmp_path, program, PYTHONPATH=str(PACKAGE.parent), CC=compiler)
    (said,) = re.findall(r"UserWarning: (.*)", warning)
    start, end = (
        "hadamrnn: fast CPU kernels must be compiled once; got ",
        "; slower forms run instead",
    )
    assert re.fullmatch(start + sentence + end, said)
    assert " ".join(words) == "2 8 2 8 backend: scan needs compiled CPU kernels; got none"


SANITIZED = """
import torch
from tests.recurrence.cases import MODES, Case, values_and_gradients
from hadamrnn.training.losses import cross_entropy
torch.set_num_threads(2)
sizes = [(24, 3, 19, 5, 3), (64, 1, 33, 17, 11), (4, 4, 3, 1, 60)]
for size in sizes:
    for mode in MODES:
        for symbols in (False, True):
            case = Case(*size, mode, symbols, fade=None if symbols else 3)
            for dtype in (torch.float32, torch.float64):
                values_and_gradients(case, "scan", dtype)
    values_and_gradients(Case(*size), "krylov")
for dtype in (torch.float32, torch.float64):
    rows = torch.randn(1237, 9, dtype=dtype, requires_grad=True)
    cross_entropy(rows, torch.arange(1237) % 9).backward()
print("done")
"""


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("gcc"), reason="needs gcc's ASan")
def test_sanitizers_are_silent(tmp_path):
    """Odd sizes, every mode and kind of inputs, in both precisions."""
    asan, cxx = (
        subprocess.check_output(["gcc", f"-print-file-name={name}"], text=True).strip()
        for name in ("libasan.so", "libstdc++.so.6")
    )
    flags = (
        "gcc -fsanitize=address,undefined -fno-sanitize-recover=all "
        "-fno-sanitize=null,pointer-overflow,object-size,alignment"  # ASan sees what these would
    )
    words, errors = probe(
        tmp_path,
        SANITIZED,
        PYTHONPATH=str(PACKAGE.parent),
        CC=flags,
        LD_PRELOAD=f"{asan} {cxx}",
        ASAN_OPTIONS="detect_leaks=0",
    )
    assert words == ["done"], errors
