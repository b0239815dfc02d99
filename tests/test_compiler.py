"""Which C compiler is taken, and what its errors look like: one sentence in any locale."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hadamrnn import compiler
from hadamrnn.errors import HadamrnnError

ROOT = Path(__file__).parents[1]


def executable(path, text):
    path.write_bytes(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_the_variable_names_the_compiler_and_its_options(monkeypatch, tmp_path):
    mine = executable(tmp_path / "my cc", b"#!/bin/sh\n")
    monkeypatch.setenv("CC", f"'{mine}' -m32")
    assert compiler.find_compiler() == [str(mine), "-m32"]


def test_the_first_that_exists_is_taken(monkeypatch, tmp_path):
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    executable(tmp_path / "clang", b"#!/bin/sh\n")
    assert compiler.find_compiler() == ["clang"]
    executable(tmp_path / "gcc", b"#!/bin/sh\n")
    assert compiler.find_compiler() == ["gcc"]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("no-such-compiler -O2", "CC: compiling .* got no-such-compiler -O2"),
        ("gcc '", r'CC: must be a command, its quotes closed; got "gcc \'"'),
        ("", "CC: compiling on this computer needs a C compiler .*; got none"),
    ],
)
def test_a_missing_or_unreadable_command_is_one_sentence(value, words, monkeypatch, tmp_path):
    monkeypatch.setenv("CC", value)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HadamrnnError, match=words) as caught:
        compiler.find_compiler()
    assert "\n" not in str(caught.value)


def test_the_first_error_is_told_whatever_its_encoding(tmp_path):
    """Compilers print file names as they are: here in Latin-1."""
    script = b"#!/bin/sh\nprintf 'note\\nb\\351.c: error: too bad\\nmore error\\n' >&2\nexit 1\n"
    fake = executable(tmp_path / "cc", script)
    with pytest.raises(
        HadamrnnError, match="must compile the C runtime; got b\ufffd.c: error: too"
    ):
        compiler.compile_c(["x.c"], compiler=[str(fake)])


def test_a_program_that_does_not_start_is_one_sentence(tmp_path):
    broken = executable(tmp_path / "cc", b"#!/no/such/interpreter\n")
    with pytest.raises(HadamrnnError, match="must be a program that runs; got"):
        compiler.compile_c(["x.c"], compiler=[str(broken)])


PROGRAM = """
import os, pathlib, tempfile
import numpy as np
from hadamrnn import integer
from hadamrnn import compiler
from hadamrnn.targets import host
model = integer.load(os.environ["MODEL"])
assert host.parity(model, np.zeros((2, 64, 1), np.int8)) == {"sequences": 2, "c_mismatches": 0}
try:
    compiler.compile_c([pathlib.Path(tempfile.gettempdir(), "none.c")])
except ValueError as error:
    print(ascii(str(error)))
"""


@pytest.mark.skipif(not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="needs a C compiler")
@pytest.mark.parametrize("utf8", [{}, {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}])
def test_folders_may_have_any_name_in_any_locale(tmp_path, utf8):
    folder = tmp_path / "é 名"
    folder.mkdir()
    model = shutil.copy(ROOT / "shipped/pdigits/model.hrnn", folder)
    places = {"LC_ALL": "C", "TMPDIR": str(folder), "MODEL": str(model)}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | utf8 | places, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert b"must compile the C runtime; got" in done.stdout and b"none.c" in done.stdout
