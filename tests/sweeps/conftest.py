"""A repository that stands for the user's clone, and another that stands for the remote."""

import subprocess

import pytest

from hadamrnn.sweeps import repository
from hadamrnn.sweeps.folders import Sweep


def git(folder, *words):
    person = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    done = subprocess.run(
        ["git", *person, *words], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def sweep(tmp_path):
    home, remote = tmp_path / "home", tmp_path / "remote.git"
    for name in (".dvc/config", "params.yaml", "stages/one.py"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).touch()
    (home / ".dvc/.gitignore").write_text("/config.local\n/tmp\n")
    # Else DVC reports in the background, and writes into .dvc/.gitignore while it does.
    (home / ".dvc/config").write_text("[core]\n    analytics = false\n")
    git(home, "init", "-q", "-b", "main")
    git(home, "config", "user.name", "a person")
    git(home, "add", "-A")
    git(home, "commit", "-qm", "one")
    git(tmp_path, "init", "-q", "--bare", str(remote))
    return Sweep(
        home=home,
        folder=tmp_path / "sweeps/one",
        commit=repository.head(home),
        remote=str(remote),
        processes=1,
        cache=str(tmp_path / "cache"),
    )
