"""The command line of hadamrnn sweep: what is refused in one sentence, and what is shown."""

import subprocess

import pytest

from hadamrnn.cli import main, sweep
from hadamrnn.sweeps.state import State
from tests.pipeline.clones import ROOT


@pytest.fixture
def here(monkeypatch):
    """The project itself, whatever is changed in it."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("hadamrnn.sweeps.repository.head", lambda folder: "0" * 40)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--workers", "0"], "--workers: must be above 0; got 0"),
        (["--every", "0"], "--every: must be above 0; got 0.0"),
        (["--slurm", "gpu"], "--slurm: must be OPTION=VALUE; got 'gpu'"),
        (["har2", "-S", "q=1"], "-S: must stand without entries of paper.yaml, which say what"),
        (["nothing"], "NAME: must be an entry of paper.yaml; got 'nothing'"),
        (["-S", "q=3"], "q: must "),
        (["--part", "3/2"], "--part: must be K/N with 1 <= K <= N; got '3/2'"),
    ],
)
def test_wrong_usage_is_one_sentence(here, capsys, words, sentence):
    assert main(["sweep", *words]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"hadamrnn: {sentence}") and error.count("\n") == 1


def test_another_folder_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["sweep"]) == 1
    assert "must be the folder of params.yaml and dvc.yaml" in capsys.readouterr().err


def test_a_machine_without_slurm_is_told_what_is_needed(here, tmp_path, monkeypatch, capsys):
    def no_squeue(command, **options):
        if command[0] == "squeue":
            raise FileNotFoundError(2, "No such file or directory", "squeue")
        return original(command, **options)

    original = subprocess.run
    monkeypatch.setattr(subprocess, "run", no_squeue)
    words = ["sweep", "har2", "--on", "slurm", "--folder", str(tmp_path)]
    assert main(words) == 1
    assert capsys.readouterr().err.startswith("hadamrnn: --on slurm: needs the commands of SLURM;")


def test_rows_that_are_collected_are_not_made(here, tmp_path, capsys):
    assert main(["sweep", "har2", "--folder", str(tmp_path)]) == 0
    assert "3 collected" in capsys.readouterr().out
    assert not [*tmp_path.rglob("clone")]


def test_status_shows_and_begins_nothing(here, tmp_path, capsys):
    words = ["-S", "benchmarks=[pdigits]", "-S", "q=1,2", "--folder", str(tmp_path), "--status"]
    assert main(["sweep", *words]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "2 waiting" and sum("waiting" in line for line in lines) == 3
    assert not [*tmp_path.rglob("run.json")]


def states(count):
    kinds = ("finished", "failed", "running", "waiting")
    return {f"r{n}": State(name=f"r{n}", kind=kinds[n % 4], words="why") for n in range(count)}


def test_many_runs_fit_a_screen_and_those_at_work_stand_first():
    lines = sweep._text(sweep._table(states(40), 12)).splitlines()
    shown = [line.split() for line in lines[2:]]
    assert [line[1] for line in shown[:12]] == ["running"] * 10 + ["failed"] * 2
    assert shown[-1] == ["and", "28", "more"]


def test_changes_are_told_a_line_each(capsys):
    looks = [states(0) | {"a": State(name="a", kind=kind)} for kind in ("queued", "queued")]
    looks.append({"a": State(name="a", kind="failed", words="q: must be 2")})
    assert sweep._shown(iter(looks)) == looks[-1]
    told = [line.split(" ", 1)[1] for line in capsys.readouterr().out.splitlines()]
    assert told == ["a queued", "1 queued", "a failed: q: must be 2", "1 failed"]
