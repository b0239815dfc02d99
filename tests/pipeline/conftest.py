"""A clone of the working tree with tiny settings, made once, in which ``dvc repro`` has run."""

import shutil
from pathlib import Path

import pytest

from tests.pipeline.clones import TINY, commit_clone, run


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    folder = tmp_path_factory.mktemp("template") / "hadamrnn"
    commit_clone(folder, TINY)
    run(folder, "dvc", "repro")
    return folder


@pytest.fixture(scope="module")
def clone(template, tmp_path_factory):
    """A copy of the template for the tests of one module."""
    return Path(
        shutil.copytree(template, tmp_path_factory.mktemp("clone") / "hadamrnn", symlinks=True)
    )
