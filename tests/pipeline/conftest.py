"""A clone of the working tree with tiny settings, made once, in which ``dvc repro`` has run."""

import shutil
from pathlib import Path

import pytest
from filelock import FileLock

from tests.compiling import shared_folder
from tests.pipeline.clones import TINY, commit_clone, run


@pytest.fixture(scope="session")
def template(request, tmp_path_factory):
    """Made by the first process of a run that needs it; nobody writes into it afterwards."""
    folder = shared_folder(request, tmp_path_factory) / "template" / "hadamrnn"
    with FileLock(folder.parent.with_suffix(".lock")):
        if not (folder.parent / "made").exists():
            folder.mkdir(parents=True)
            commit_clone(folder, TINY)
            run(folder, "dvc", "repro")
            (folder.parent / "made").touch()
    return folder


@pytest.fixture(scope="module")
def clone(template, tmp_path_factory):
    """A copy of the template for the tests of one module."""
    return Path(
        shutil.copytree(template, tmp_path_factory.mktemp("clone") / "hadamrnn", symlinks=True)
    )
