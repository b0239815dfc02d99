"""Commands in a clone of the project, with settings that take seconds."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
TINY = {
    "benchmark": {
        "copy": {
            "epochs": 1,
            "data": {
                "steps": 40,
                "train_sequences": 640,
                "valid_sequences": 64,
                "test_sequences": 64,
            },
        },
        "pdigits": {"epochs": 2},
    },
    "train": {"hidden_size": 32},
}

OUTPUTS = ("exports/", "results/")
"""Where stages write what Git shows and does not know until somebody commits it."""

MARKS = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("dvc"), reason="needs the dvc command (pip install dvc)"),
    pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs a git checkout"),
]


def merge(base, change):
    for key, value in change.items():
        if isinstance(value, dict):
            merge(base.setdefault(key, {}), value)
        else:
            base[key] = value


def run(folder, *command, check=True):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if check:
        assert done.returncode == 0, done.stdout + done.stderr
    return done


def write_params(folder, change):
    document = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))
    merge(document, change)
    (folder / "params.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")


def copy_tree(folder):
    """Copy the working tree to ``folder`` as a fresh clone has it, without stages' outputs."""
    listed = run(ROOT, "git", "ls-files", "--cached").stdout.splitlines()
    others = run(ROOT, "git", "ls-files", "--others", "--exclude-standard").stdout.splitlines()
    listed += [name for name in others if not name.startswith(OUTPUTS)]
    for name in listed:
        if (ROOT / name).is_file() and name != "dvc.lock":
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)


def commit_clone(folder, change):
    """Commit a copy of the working tree with other settings to ``folder``."""
    copy_tree(folder)
    write_params(folder, change)
    run(folder, "git", "init", "-q", "-b", "main")
    for key, value in (("user.name", "test"), ("user.email", "test@example.org")):
        run(folder, "git", "config", key, value)
    run(folder, "git", "add", "-A")
    run(folder, "git", "commit", "-qm", "tiny")


def metrics(folder, benchmark="pdigits"):
    return json.loads((folder / "results" / benchmark / "metrics.json").read_text())


def back_to_the_committed(folder):
    """All but the pages, which take as long as the other stages and are read by few tests."""
    run(folder, "git", "checkout", "-q", "HEAD", "--", "params.yaml")
    run(folder, "dvc", "repro", "evaluate")
