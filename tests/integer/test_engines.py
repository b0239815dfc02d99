"""Which engine runs a model: what is at hand decides, what is asked for is done or refused."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hadamrnn.compiler import STRICT, compile_c
from hadamrnn.errors import HadamrnnError
from hadamrnn.integer import engine, load

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "shipped/pdigits/model.hrnn"

pytestmark = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="needs a C compiler"
)

PROBE = """
import dataclasses, sys
from pathlib import Path
import numpy as np
from hadamrnn.machine_code import loading
from hadamrnn.compiler import STRICT, compile_c
from hadamrnn.errors import HadamrnnError
from hadamrnn.integer import engine, load
engine.OPTIONS = tuple("-O0" if o == "-O3" else o for o in engine.OPTIONS)  # compiled sooner
code = dataclasses.replace(engine.code(), home=Path(sys.argv[2]))
engine.code = lambda: code
compiled, compile_c = [], loading.compile_c
loading.compile_c = lambda *given, **named: compiled.append(1) or compile_c(*given, **named)
def run(asked):
    model = load(sys.argv[1], asked)
    before = len(compiled)
    classes = model.predict(np.zeros((2, 64, 1)))
    print(model.engine, *classes, before, len(compiled))
"""
AUTO = f"{PROBE}\nrun('auto')"
TWICE = f"{AUTO}\nrun('auto')"
FORCED = f"""{PROBE}
try:
    run("c")
except HadamrnnError as error:
    print(error)
"""


def probe(folder, program=AUTO, **variables):
    """(lines printed, standard error) of ``program``, with caches of its own in ``folder``."""
    drop = {"CC", "PYTHONWARNINGS"}
    kept = {name: value for name, value in os.environ.items() if name not in drop}
    given = {"PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(folder / "home")}
    command = [sys.executable, "-B", "-c", program, str(MODEL), str(folder / "beside")]
    environment = kept | given | variables
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines(), done.stderr


def test_c_is_compiled_when_a_model_first_runs_and_kept(tmp_path):
    assert probe(tmp_path) == (["c 4 4 0 1"], "")
    assert probe(tmp_path) == (["c 4 4 0 0"], "")
    (kept,) = (tmp_path / "home").glob("**/*.so")
    assert kept.name.startswith("runtime-")


def test_c_that_is_asked_for_is_there_at_once(tmp_path):
    assert probe(tmp_path, FORCED) == (["c 4 4 1 1"], "")


def test_looking_at_a_model_compiles_nothing(tmp_path):
    program = "import sys; from hadamrnn.cli import main; sys.exit(main(['info', sys.argv[1]]))"
    assert probe(tmp_path, program)[0][0].split() == ["model", "pdigits"]
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("compiler", "words"),
    [
        ("no-such-compiler", "CC: compiling on this computer needs a C compiler .*-compiler"),
        ("gcc '", r'CC: must be a command, its quotes closed; got "gcc \'" .*'),
        ("false", "false: must compile the C runtime; got no message"),
        ("true", "true: must make code that loads; got .*"),
    ],
)
def test_without_a_compiler_that_works_numpy_runs(tmp_path, compiler, words):
    """Silently, and asked once a process; C that is asked for is refused with the reason."""
    lines, errors = probe(tmp_path, TWICE, CC=compiler)
    assert errors == ""
    first, second = (line.rsplit(" ", 2) for line in lines)
    assert first[0] == second[0] == "numpy 4 4" and second[1] == second[2]
    (sentence,), errors = probe(tmp_path, FORCED, CC=compiler)
    assert errors == ""
    assert re.fullmatch(f"engine: must be auto or numpy here; got c, but {words}", sentence)


def test_what_a_compiler_has_left_is_used_without_one(tmp_path):
    probe(tmp_path)
    assert probe(tmp_path, CC="no-such-compiler") == (["c 4 4 0 0"], "")


def test_where_no_folder_can_be_written_c_runs_and_one_sentence_says_so(tmp_path):
    for name in ("home", "beside"):
        (tmp_path / name).write_text("a file where the folder would be")
    lines, warning = probe(tmp_path, TWICE)
    assert lines == ["c 4 4 0 1", "c 4 4 1 1"]
    assert re.findall(r"UserWarning: (.*)", warning) == [
        "hadamrnn: compiled code of the C runtime must be kept in a folder that can be written, or "
        f"every process compiles it anew; got {tmp_path}/home/hadamrnn, {tmp_path}/beside"
    ]


def test_a_compiler_that_comes_later_is_found_when_it_is_asked_for(tmp_path):
    program = f"{AUTO}\nimport os\ndel os.environ['CC']\nrun('c')\nrun('auto')"
    lines, _ = probe(tmp_path, program, CC="no-such-compiler")
    assert lines == ["numpy 4 4 0 0", "c 4 4 1 1", "c 4 4 1 1"]


@pytest.mark.parametrize("name", ["C", "", "fast", None])
def test_another_engine_is_one_sentence(name):
    with pytest.raises(HadamrnnError, match=f"^engine: must be auto, c or numpy; got {name!r}$"):
        load(MODEL, engine=name)


def test_a_model_that_has_no_packed_file_is_run_by_numpy(monkeypatch):
    def refused(model):
        raise HadamrnnError("class_names: must take at most 65535 bytes; got 70000")

    monkeypatch.setattr(engine.packed, "to_bytes", refused)
    assert load(MODEL).engine == "numpy"
    with pytest.raises(HadamrnnError, match="^class_names: must take at most 65535 bytes"):
        load(MODEL, engine="c")


def test_a_file_that_c_refuses_is_an_error(monkeypatch):
    monkeypatch.setattr(engine.packed, "to_bytes", lambda model: b"no model")
    with pytest.raises(HadamrnnError, match="^pdigits: must be a model that C reads; got status 6"):
        load(MODEL, engine="c")


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_the_calls_compile_without_a_warning(compiler):
    if not shutil.which(compiler):
        pytest.skip("not installed")
    compile_c(["-std=c99", *STRICT, "-O2", "-fsyntax-only", engine.CALLS], [compiler])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux" or not shutil.which("gcc"), reason="needs gcc's ASan")
def test_sanitizers_are_silent(tmp_path):
    """Every kind of model, state and stream."""
    asan, cxx = (
        subprocess.check_output(["gcc", f"-print-file-name={name}"], text=True).strip()
        for name in ("libasan.so", "libstdc++.so.6")
    )
    flags = "gcc -g -fsanitize=address,undefined -fno-sanitize-recover=all"
    program = """
import sys, pytest
from hadamrnn.integer import engine
engine.OPTIONS = tuple("-O1" if o == "-O3" else o for o in engine.OPTIONS)  # compiled sooner
sys.exit(pytest.main(["-p", "no:cacheprovider", "-q", "tests/integer/test_compiled.py",
                      "tests/integer/test_compiled_stream.py"]))
"""
    environment = {
        "PYTHONPATH": str(ROOT),
        "XDG_CACHE_HOME": str(tmp_path),
        "CC": flags,
        "LD_PRELOAD": f"{asan} {cxx}",
        "ASAN_OPTIONS": "detect_leaks=0",
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert list(tmp_path.glob("**/*.so"))
