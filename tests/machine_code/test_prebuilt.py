"""Code that came with the package: the best that the processor has, and never stale."""

import ctypes
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hadamrnn.errors import HadamrnnError
from hadamrnn.machine_code import Code, load, prebuilt
from hadamrnn.targets import wheel

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="needs a C compiler"
)
WIDTH = """
int width(void)
{
#if defined(__AVX512F__)
    return 64;
#elif defined(__AVX2__)
    return 32;
#else
    return 16;
#endif
}
"""


@pytest.fixture
def code(tmp_path, monkeypatch):
    """Code that says what it was compiled for, in a package that has it for every level."""
    source = tmp_path / "width.c"
    source.write_text(WIDTH)
    made = Code("width", "a number", (source,), (source,), ("-O1", "-shared", "-fPIC"), tmp_path)
    monkeypatch.setattr(prebuilt, "FOLDER", tmp_path / "prebuilt")
    prebuilt.build([made], tmp_path / "prebuilt")
    prebuilt._reached.cache_clear()
    yield made
    prebuilt._reached.cache_clear()


def best_width():
    flags = Path("/proc/cpuinfo").read_text().split()
    return 64 if "avx512vl" in flags and "avx512dq" in flags else 32 if "avx2" in flags else 16


@pytest.mark.skipif(
    not Path("/proc/cpuinfo").exists() or platform.machine() != "x86_64", reason="asks Linux"
)
def test_the_best_level_of_this_processor_is_loaded_without_a_compiler(code, monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler")
    assert load(code).width() == best_width()


def test_a_level_that_does_not_load_leaves_the_one_below(code):
    for path in (code.home / "prebuilt").glob("width-*-[12].so"):
        path.write_bytes(b"")
    assert prebuilt.library(code).width() == 16


def test_of_other_sources_or_options_it_is_not_used(code):
    code.sources[0].write_text(WIDTH.replace("16", "17"))
    assert prebuilt.library(code) is None


def test_a_checkout_has_none():
    assert not prebuilt.FOLDER.exists()
    prebuilt._reached.cache_clear()
    assert prebuilt._reached() == -1


EQUAL = """
import sys
from pathlib import Path
import torch
from hadamrnn.kernels import build, library
from hadamrnn.machine_code import prebuilt
from tests.recurrence.cases import MODES, Case, values_and_gradients
prebuilt.FOLDER = Path(sys.argv[1])
prebuilt._reached = lambda: int(sys.argv[2])
assert build.load(64)._name.endswith(f"-{sys.argv[2]}.so"), build.load(64)._name
for mode in MODES:
    case = Case(24, 3, 19, 5, 3, mode, fade=3)
    found, exact = values_and_gradients(case, "scan"), values_and_gradients(case, "reference")
    for name, values in exact.items():
        assert torch.allclose(found[name], values, rtol=1e-9, atol=1e-9), (mode, name)
print(library.lanes("float64"))
"""


@pytest.mark.slow
def test_kernels_of_every_level_equal_the_reference(tmp_path):
    from hadamrnn.kernels import build

    files = prebuilt.build([build.code(32), build.code(64)], tmp_path)
    for level in range(ctypes.CDLL(str(files[0])).level() + 1):
        command = [sys.executable, "-c", EQUAL, str(tmp_path), str(level)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "CC": "no-such-compiler"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (0, f"{2 << level}\n"), done.stderr


def test_what_is_no_unpacked_wheel_is_not_tagged(tmp_path):
    with pytest.raises(HadamrnnError, match="^.*: must be an unpacked wheel of hadamrnn$"):
        wheel.tag(tmp_path)
