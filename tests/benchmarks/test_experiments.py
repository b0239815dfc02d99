"""The paper's runs in DVC: what is queued, what is collected, and the record of a run."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from benchmarks.paper import experiments as paper
from benchmarks.paper import plan, record
from hadamrnn.errors import HadamrnnError
from hadamrnn.report import records


@pytest.fixture
def made():
    return records.read("results/paper/har2-width-hiddensize64-seed1.json")


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A folder with the plan and one collected run, and what was given to DVC."""
    for name in ("params.yaml", "paper.yaml"):
        shutil.copy(name, tmp_path)
    (tmp_path / paper.FOLDER).mkdir(parents=True)
    for seed in (1, 2, 3):
        shutil.copy(f"results/paper/har2-seed{seed}.json", tmp_path / paper.FOLDER)
    monkeypatch.chdir(tmp_path)
    given = []

    class Done:
        returncode = 0

    def run(words):
        given.append(words)
        return Done

    monkeypatch.setattr(paper.subprocess, "run", run)
    monkeypatch.setattr(paper, "experiments", dict)
    monkeypatch.setattr(paper, "waiting", set)
    return given


def test_nothing_to_queue_is_said_in_one_sentence(clone, capsys):
    paper.main(["queue", "har2"])
    assert clone == []
    assert capsys.readouterr().out == (
        "nothing queued: all 3 runs have their results in results/paper; to make one again, "
        "remove it first (`rm results/paper/har2-seed1.*`)\n"
    )


def test_finished_experiments_are_not_queued_again(clone, capsys, monkeypatch):
    done = {"har2-coarse-seed1": "0", "har2-coarse-seed2": "0", "har2-coarse-seed3": "0"}
    monkeypatch.setattr(paper, "experiments", lambda: done)
    paper.main(["queue", "har2-coarse"])
    assert clone == []
    assert "all 3 runs are finished, 3 of them to be collected" in capsys.readouterr().out


def test_a_run_in_the_queue_is_not_queued_again(clone, capsys, monkeypatch):
    Path("results/paper/har2-seed2.json").unlink()
    monkeypatch.setattr(paper, "waiting", lambda: {"har2-seed2", "imdb-seed1"})
    paper.main(["queue", "har2"])
    assert clone == []
    assert "1 of 3 runs are in the queue" in capsys.readouterr().out


def test_the_queue_is_read_from_dvc(monkeypatch):
    """Lines of ``dvc queue status``; other experiments and finished ones do not count."""
    shown = """Task     Name              Created    Status
3c19774  paper-har2-seed1  10:18 AM   Queued
3c19775  paper-har2-seed2  10:18 AM   Running
3c19776  paper-har2-seed3  10:18 AM   Success
3c19777  another           10:18 AM   Queued

Worker status: 0 active, 0 idle
"""
    monkeypatch.setattr(paper.subprocess, "run", lambda *_, **__: type("", (), {"stdout": shown}))
    assert paper.waiting() == {"har2-seed1", "har2-seed2"}


def test_queue_gives_dvc_what_the_plan_sets(clone, capsys):
    Path("results/paper/har2-seed2.json").unlink()
    paper.main(["queue", "har2"])
    (words,) = clone
    assert words[:6] == ["dvc", "exp", "run", "--queue", "--name", "paper-har2-seed2"]
    assert words[6:] == ["-S", "benchmarks=[har2]", "-S", "seed=2", "evaluate@har2"]
    assert capsys.readouterr().out == "queued 1; 2 were there\n"


def test_a_run_that_dvc_refuses_is_one_sentence(clone, monkeypatch):
    Path("results/paper/har2-seed2.json").unlink()
    monkeypatch.setattr(paper.subprocess, "run", lambda words: type("", (), {"returncode": 1}))
    with pytest.raises(HadamrnnError, match="it refused har2-seed2"):
        paper.main(["queue", "har2"])


def files(made, **trained):
    """What an experiment leaves, by path."""
    text = Path("params.yaml").read_text(encoding="utf-8")
    columns = made["history"]
    lines = [
        ",".join(columns),
        *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True)),
    ]
    content = {
        "params.yaml": text,
        "results/har2/train.json": json.dumps({"seconds": 1.0, **trained}),
        "results/har2/metrics.json": json.dumps(made["metrics"]),
        "results/har2/history.csv": "\n".join(lines),
        "results/har2/confusion.csv": "actual,predicted\na,a\na,b\n",
    }
    return lambda path: content[path].encode() if path in content else None


def test_a_record_names_the_machine_that_trained(made):
    settings = {"benchmarks": ["har2"], "seed": 1}
    machine = {"processor": "a processor", "cores": 2}
    run = record.record_of(settings, files(made, machine=machine), "0" * 40, "2026-11-24")
    assert run["machine"] == machine
    assert run["model"] == {"name": "hadamrnn", "hidden_size": 384, "q": 12, "weight_bits": 4}
    assert run["history"] == made["history"]
    assert run["confusion"] == {"classes": ["a", "b"], "counts": [[1, 1], [0, 0]]}
    assert records.dumps(run)


def test_an_unknown_machine_is_not_replaced_by_the_one_that_collects(made):
    settings = {"benchmarks": ["har2"], "seed": 1}
    run = record.record_of(settings, files(made), "0" * 40, "2026-11-24")
    assert list(run["machine"]) == ["collected_on"]


def test_an_experiment_without_metrics_is_named(made):
    read = files(made)
    with pytest.raises(HadamrnnError, match=r"results/har2/train\.json: must be in every"):
        record.record_of(
            {"benchmarks": ["har2"]},
            lambda path: None if "train" in path else read(path),
            "0" * 40,
            "2026-11-24",
        )


def run(folder, *words):
    subprocess.run(words, cwd=folder, check=True, capture_output=True)


def test_collect_reads_what_git_keeps_and_what_dvc_keeps(made, tmp_path, monkeypatch, capsys):
    """The experiment's CSV files and model lie in DVC's cache, the rest in its commit."""
    machine = {"processor": "a processor", "cores": 2}
    read, packed = files(made, machine=machine), b"packed"
    kept = ("results/har2/history.csv", "results/har2/confusion.csv", "exports/har2/model.hrnn")
    for name in ("params.yaml", *(f"results/har2/{n}.json" for n in ("train", "metrics")), *kept):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(read(name) or packed)
    shutil.copy("paper.yaml", tmp_path)
    run(tmp_path, "git", "init", "-q")
    run(tmp_path, "git", "config", "user.name", "test")
    run(tmp_path, "git", "config", "user.email", "test@example.org")
    run(tmp_path, "git", "commit", "-q", "--allow-empty", "-m", "what it starts from")
    run(tmp_path, "dvc", "init", "-q")
    run(tmp_path, "dvc", "add", "-q", *kept)
    run(tmp_path, "git", "add", "-A")
    run(tmp_path, "git", "commit", "-q", "-m", "the experiment")
    run(tmp_path, "git", "update-ref", "refs/exps/0/0/paper-har2-seed1", "HEAD")
    run(tmp_path, "git", "update-ref", "refs/exps/0/0/another", "HEAD")
    for name in kept:
        (tmp_path / name).unlink()
    monkeypatch.chdir(tmp_path)
    paper.main(["collect"])
    assert capsys.readouterr().out == "collected 1: har2-seed1\n"
    found = records.read("results/paper/har2-seed1.json")
    assert found["machine"] == machine
    assert found["history"] == made["history"]
    assert found["command"] == "dvc exp run -S 'benchmarks=[har2]' -S seed=1"
    assert found["commit"] == paper.git("rev-parse", "HEAD^")
    assert Path("results/paper/har2-seed1.hrnn").read_bytes() == packed


@pytest.mark.parametrize(
    ("model", "q", "bits"),
    [("hadamrnn", 12, 4), ("lstm", None, 32), ("ornn", None, 32), ("qornn", None, 4)],
)
def test_a_model_is_described_by_what_it_has(model, q, bits):
    document = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))
    plain = {"readout": "mean", "fade": None}  # what every model can do
    settings = plan.parameters({**document, **plain, "model": model}, "har2")
    described = record.model_of(settings)
    assert (described["q"], described["weight_bits"]) == (q, bits)
