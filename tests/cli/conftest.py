"""A folder of the pipeline with a small set of recordings, for commands that read params.yaml."""

import re
import shutil
from pathlib import Path

import pytest

from hadamrnn.cli import main
from tests.datasets.formats.conftest import log
from tests.docs.pages import ROOT


@pytest.fixture
def clone(tmp_path, monkeypatch, capsys):
    """params.yaml, dvc.yaml and a section "moves" of 32 neurons and two epochs."""
    monkeypatch.chdir(tmp_path)
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, name)
    Path("data/raw").mkdir(parents=True)
    Path("data/raw/log.csv").write_text("\n".join(log("abcd", steps=40)) + "\n")
    assert main(["new", "moves", "data/raw/log.csv"]) == 0
    text = Path("params.yaml").read_text()
    text = re.sub(r"(hidden_size: )auto( +# auto: 256)", r"\g<1>32\2", text)
    Path("params.yaml").write_text(re.sub(r"(epochs: )auto", r"\g<1>2", text))
    capsys.readouterr()
    return tmp_path
