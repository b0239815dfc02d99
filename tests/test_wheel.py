"""The wheel: all of the package and nothing else, usable with NumPy alone."""

import email
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile

import pytest

from tests.pipeline.clones import ROOT, copy_tree
from tests.test_numpy_alone import ALONE


def can_build():
    """Whether setuptools is there, as new as pyproject.toml asks for."""
    if not importlib.util.find_spec("setuptools"):
        return False
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]
    (lowest,) = re.findall(r"setuptools>=(\d+)", " ".join(asked["requires"]))
    return int(importlib.metadata.version("setuptools").split(".")[0]) >= int(lowest)


pytestmark = [
    pytest.mark.skipif(not can_build(), reason="needs setuptools as new as pyproject.toml says"),
    pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs a git checkout"),
]
needs_compiler = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="needs a C compiler"
)
BUILD = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of a fresh clone."""
    folder = tmp_path_factory.mktemp("wheel")
    copy_tree(folder / "clone")
    command = [sys.executable, "-c", BUILD, str(folder)]
    subprocess.run(command, cwd=folder / "clone", check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


def test_all_of_the_package_and_nothing_else(wheel):
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "hadamrnn"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    wanted = {name for name in listed.stdout.splitlines() if (ROOT / name).is_file()}
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == wanted


def test_it_asks_for_numpy_alone(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (place,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        facts = email.message_from_bytes(archive.read(place))
        assert any(name.endswith("/LICENSE") for name in archive.namelist())
    needed = [text for text in facts.get_all("Requires-Dist") if "extra ==" not in text]
    assert [text.split(">")[0] for text in needed] == ["numpy"]
    assert {*facts.get_all("Provides-Extra")} == {"train", "onnx", "pipeline", "slurm"}


def test_the_installed_command_writes_c_with_numpy_alone(wheel, tmp_path):
    """A wheel of Python is installed by unpacking it."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    source = (
        f"{ALONE}\nimport hadamrnn; from hadamrnn.cli import main\n"
        "assert 'installed' in hadamrnn.__file__\nsys.exit(main(sys.argv[1:]))"
    )
    model = ROOT / "shipped/pdigits/model.hrnn"
    command = [sys.executable, "-c", source, "firmware", str(model), str(tmp_path / "c")]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "installed")}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "c").iterdir()} >= {"hadamrnn.c", "hadamrnn.h"}


def answers_in_c(folder, **environment):
    """What a model of the package in ``folder/installed`` says, run in C with NumPy alone."""
    source = (
        f"{ALONE}\nimport numpy as np; from hadamrnn import integer\n"
        "model = integer.load(sys.argv[1], engine='c')\n"
        "print(model.engine, *model.predict(np.zeros((2, 64, 1))))"
    )
    places = {"PYTHONPATH": str(folder / "installed"), "XDG_CACHE_HOME": str(folder / "cache")}
    command = [sys.executable, "-c", source, str(ROOT / "shipped/pdigits/model.hrnn")]
    places |= environment
    done = subprocess.run(
        command, cwd=folder, env=os.environ | places, capture_output=True, text=True
    )
    return done.stdout, done.stderr


@needs_compiler
def test_the_installed_package_runs_models_in_c_with_numpy_alone(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    assert answers_in_c(tmp_path) == ("c 4 4\n", "")


@pytest.mark.long
@needs_compiler
def test_a_wheel_of_this_system_needs_no_compiler(wheel, tmp_path):
    """What ``nox -s wheel`` does between unpacking and packing."""
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    command = [sys.executable, "-m", "hadamrnn.targets.wheel"]
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    subprocess.run(command, cwd=installed, env=environment, check=True, capture_output=True)
    (facts,) = installed.glob("*.dist-info/WHEEL")
    assert "Tag: py3-none-any" not in facts.read_text() and "Purelib: false" in facts.read_text()
    assert answers_in_c(tmp_path, CC="no-such-compiler") == ("c 4 4\n", "")
    assert not (tmp_path / "cache").exists()
