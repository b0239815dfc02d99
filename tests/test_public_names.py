"""What ``import hadamrnn`` offers: names that are loaded when used, and types for checkers."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import hadamrnn
from hadamrnn.models.layer import HadamRNN

ROOT = Path(__file__).parent.parent

WITHOUT_TORCH = """
import importlib.util, sys
sys.modules["torch"] = None
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "torch" else find(name, *rest)
import hadamrnn, hadamrnn.integer
try:
    from hadamrnn import HadamRNN
except ImportError as error:
    print(error)
"""


def test_the_layer_is_at_the_top():
    assert hadamrnn.HadamRNN is HadamRNN
    names = ["HadamRNN", "HadamRNNClassifier", "HadamRNNRegressor", "export_module"]
    assert hadamrnn.__all__ == names
    assert {getattr(hadamrnn, name).__name__ for name in names} == {*names}


def test_an_unknown_name():
    with pytest.raises(AttributeError, match="^module 'hadamrnn' has no attribute 'LSTM'$"):
        hadamrnn.LSTM  # noqa: B018


def test_without_torch_the_error_names_what_to_install():
    done = subprocess.run([sys.executable, "-c", WITHOUT_TORCH], capture_output=True, text=True)
    assert done.stdout == (
        "hadamrnn.HadamRNN needs torch, which is not installed; install hadamrnn with its extra "
        "train, as in: pip install '.[train]'\n"
    ), done.stderr


def test_types_are_shipped():
    assert (ROOT / "hadamrnn/py.typed").exists()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "py.typed" in project["tool"]["setuptools"]["package-data"]["hadamrnn"]
