"""The table of experiments: what each set, and what it reached, in 120 columns."""

import json
import subprocess

import pytest
import yaml

from hadamrnn.cli import experiments, main

BASE = {"benchmarks": ["a"], "q": "auto", "benchmark": {"a": {"epochs": 3}, "b": {"epochs": 2}}}


def metrics(**changes):
    found = {
        "float": {"accuracy": 0.8, "cross_entropy": 0.5},
        "integer": {"accuracy": 0.75, "cross_entropy": 0.51},
        "size": {"packed_file_bytes": 1825, "total_bytes": 1700},
    }
    return json.dumps({**found, **changes})


@pytest.fixture
def commits(tmp_path, monkeypatch):
    """Commits of experiments by name, in a repository whose HEAD has BASE."""
    monkeypatch.chdir(tmp_path)

    def git(*words):
        person = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
        command = ["git", *person, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def commit(document, **results):
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
        for name, text in results.items():
            (tmp_path / f"results/{name}").mkdir(parents=True, exist_ok=True)
            (tmp_path / f"results/{name}/metrics.json").write_text(text)
        git("add", "-A")
        git("commit", "-qm", "one")
        return git("rev-parse", "HEAD")

    git("init", "-q", "-b", "main")
    first = commit(BASE)
    wide = {"epochs": 3, "hidden_size": 512, "data": {"steps": None}}
    changes = {"benchmarks": ["a", "b"], "q": 4, "benchmark": {"a": wide, "b": {"epochs": 2}}}
    found = {"wide": commit(changes, a=metrics(), b=metrics(integer=None))}
    git("reset", "-q", "--hard", first)
    return found


def test_what_was_set_and_reached(commits):
    assert experiments.rows(commits) == [
        ["wide", "a", "q=4 hidden_size=512 data.steps=null", "75.00 %", "0.51", "1,825"],
        ["wide", "b", "q=4", "80.00 %", "0.5", "1,825"],
    ]


def test_the_table_fits(commits, monkeypatch, capsys):
    for name, commit in commits.items():
        head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True).stdout
        ref = f"refs/exps/{head[:2]}/{head[2:].strip()}/{name}-{'x' * 20}"
        subprocess.run(["git", "update-ref", ref, commit], check=True)
    subprocess.run(["git", "update-ref", "refs/exps/exec/EXEC_HEAD", "HEAD"], check=True)
    monkeypatch.setattr(experiments, "changed", lambda *_: " ".join(["train.epochs=100"] * 12))
    assert main(["experiments"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= experiments.WIDTH
    assert [line.split()[:2] for line in lines if "1,825" in line] == [
        [f"wide-{'x' * 20}", "a"],
        [f"wide-{'x' * 20}", "b"],
    ]


def test_without_experiments(commits, capsys):
    assert main(["experiments"]) == 1
    words = "hadamrnn: experiments: must be run first, as by dvc exp run -S q=4; got none"
    assert capsys.readouterr().err == f"{words}\n"
