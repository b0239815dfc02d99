"""The deployment path where nothing is installed but NumPy: no other package can be imported."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
MODEL = ROOT / "shipped/pdigits/model.hrnn"

ALONE = """
import sys

class Alone:
    allowed = {"numpy", "hadamrnn"} | set(sys.stdlib_module_names)

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] not in self.allowed:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Alone())
"""
FACES = ("cli", "companding", "errors", "export.firmware", "hadamard", "metrics", "prepared.coding")


def run(source, *arguments, cwd=ROOT):
    """Standard output of a program that may import NumPy, the package and nothing else."""
    environment = {key: os.environ[key] for key in ("PATH", "SYSTEMROOT") if key in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", ALONE + source, *map(str, arguments)],
        cwd=cwd,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_nothing_else_can_be_imported():
    with pytest.raises(AssertionError, match="No module named 'torch'"):
        run("import torch")


def test_a_model_is_loaded_and_run():
    source = (
        "import hadamrnn.integer, numpy as np; "
        "model = hadamrnn.integer.load(sys.argv[1]); "
        "assert isinstance(model, hadamrnn.integer.IntegerModel); "
        "state = model.step(model.initial_state(), np.zeros(1, int)); "
        "assert isinstance(state, hadamrnn.integer.IntegerState); "
        "print(*model.predict(np.zeros((2, 64, 1))))"
    )
    assert run(source, MODEL) == "4 4\n"


@pytest.mark.parametrize("name", FACES)
def test_a_face_needs_no_more(name):
    run(f"import hadamrnn.{name}")


def test_every_module_of_the_integer_model_needs_no_more():
    names = sorted(path.stem for path in (ROOT / "hadamrnn/integer").glob("[!_]*.py"))
    assert "packed" in names
    run("\n".join(f"import hadamrnn.integer.{name}" for name in names))


def test_the_command(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((1, 64, 1)))
    command = "from hadamrnn.cli import main; sys.exit(main(sys.argv[1:]))"
    assert run(command, "predict", MODEL, tmp_path / "x.npy") == "0\t4\n"
    assert run(command, "info", MODEL).startswith("model                           pdigits\n")
    written = run(command, "firmware", MODEL, tmp_path / "firmware").splitlines()
    assert str(tmp_path / "firmware" / "hadamrnn.c") in written
