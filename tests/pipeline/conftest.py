"""A clone of the working tree with tiny settings, made once, in which ``dvc repro`` has run."""

import shutil
from pathlib import Path

import pytest

from tests.pipeline.clones import ROOT, TINY, run, write_params


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """Committed as a fresh clone is: no dvc.lock, nothing that a stage writes."""
    folder = tmp_path_factory.mktemp("template") / "hadamrnn"
    files = run(ROOT, "git", "ls-files", "-co", "--exclude-standard").stdout.splitlines()
    for name in files:
        if (ROOT / name).is_file() and name != "dvc.lock":
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    write_params(folder, TINY)
    run(folder, "git", "init", "-q", "-b", "main")
    for key, value in (("user.name", "test"), ("user.email", "test@example.org")):
        run(folder, "git", "config", key, value)
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-qm", "tiny")
    run(folder, "dvc", "repro")
    return folder


@pytest.fixture(scope="module")
def clone(template, tmp_path_factory):
    """A copy of the template for the tests of one module."""
    return Path(
        shutil.copytree(template, tmp_path_factory.mktemp("clone") / "hadamrnn", symlinks=True)
    )
