"""One attempt at a run: what it leaves, and what the next one does with what a kill left."""

import json
import os
import signal
import subprocess
import sys

import pytest

from hadamrnn.errors import HadamrnnError
from hadamrnn.sweeps import folders, job, repository
from hadamrnn.sweeps.runs import Run
from tests.pipeline.clones import ROOT
from tests.sweeps.clone import until
from tests.sweeps.conftest import git

RUN = Run(name="a-q1", settings=("q=1",), benchmarks=("pdigits",))


@pytest.fixture
def folder(sweep):
    return sweep.of(RUN)


@pytest.fixture
def pipeline(monkeypatch, sweep):
    """In place of DVC: a list of what was run, and what it does in the clone."""
    calls = []

    def call(words, clone, environment, log, lock):
        calls.append(words)
        return calls.work(clone)

    def experiment(clone):
        git(clone, "update-ref", repository.place(sweep.commit) + RUN.name, "HEAD")
        return 0

    class Calls(list):
        work = staticmethod(experiment)

    calls = Calls()
    monkeypatch.setattr(job, "_call", call)
    return calls


def record(folder):
    return json.loads((folder / "record.json").read_text())


def test_a_run_leaves_an_experiment_in_the_remote(sweep, folder, pipeline):
    job.make(folder)
    assert list(repository.finished(sweep.home, sweep.remote, sweep.commit)) == [RUN.name]
    assert record(folder)["state"] == "finished" and not (folder / "clone").exists()
    assert pipeline[0][1:] == [
        *("-m", "dvc", "exp", "run", "--name", "a-q1", "-S", "q=1", "evaluate@pdigits")
    ]


def test_a_finished_run_is_not_made_again(folder, pipeline):
    job.make(folder)
    job.make(folder)
    assert len(pipeline) == 1 and "this run is finished" in (folder / "log.txt").read_text()


def test_an_experiment_that_was_not_pushed_is_pushed(sweep, folder, pipeline, monkeypatch):
    def refuse(*_):
        raise HadamrnnError("git push: must work in x; got no route")

    with monkeypatch.context() as patch:
        patch.setattr(job.repository, "push", refuse)
        patch.setattr(job.time, "sleep", lambda _: None)
        job.make(folder)
    assert record(folder) == {
        "state": "failed",
        "why": "git push: must work in x; got no route; the same sweep pushes it later",
    }
    job.make(folder)
    assert len(pipeline) == 1 and record(folder)["state"] == "finished"


def test_the_next_attempt_has_the_checkpoints_and_a_new_clone(folder, pipeline):
    def killed(clone):
        (clone / "checkpoints/a.pt").write_text("an epoch")
        (clone / "half of a file").touch()
        return -9

    finish, pipeline.work = pipeline.work, killed
    job.make(folder)
    assert record(folder)["state"] == "killed" and "signal 9" in record(folder)["why"]

    def resumed(clone):
        assert (clone / "checkpoints/a.pt").read_text() == "an epoch"
        assert git(clone, "status", "--porcelain") == ""
        return finish(clone)

    pipeline.work = resumed
    job.make(folder)
    assert record(folder)["state"] == "finished"


def test_half_a_clone_is_made_anew(folder, pipeline):
    (folder / "clone/.git").mkdir(parents=True)
    job.make(folder)
    assert record(folder)["state"] == "finished"


def test_the_sentence_of_a_stage_is_the_reason(folder, pipeline):
    def fail(clone):
        with (folder / "log.txt").open("a") as log:
            log.write("error: q: must be a power of two; got 3\nERROR: failed to reproduce\n")
        return 1

    pipeline.work = fail
    job.make(folder)
    assert record(folder) == {"state": "failed", "why": "q: must be a power of two; got 3"}


def test_two_processes_never_make_one_run(folder, pipeline, monkeypatch):
    monkeypatch.setattr(folders, "PATIENCE", 0.0)
    with folders.locked(folder / "lock"):
        job.make(folder)
    assert pipeline == [] and "another process makes this run" in (folder / "log.txt").read_text()


ATTEMPT = """
import os, sys
from pathlib import Path
from hadamrnn.sweeps import folders, job

folder = Path(sys.argv[1])
pipeline = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
with folders.locked(folder / "lock") as lock, (folder / "log.txt").open("wb") as log:
    job._call([sys.executable, "-c", pipeline], folder, dict(os.environ), log, lock)
"""


def test_a_run_counts_as_being_made_while_its_pipeline_lives(tmp_path):
    """Also when the attempt that started the pipeline was killed, and the pipeline was not."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    log = tmp_path / "log.txt"
    with subprocess.Popen([sys.executable, "-c", ATTEMPT, tmp_path], env=environment) as attempt:
        until(lambda: log.exists() and log.read_text().endswith("\n"))
        attempt.kill()
    assert folders.is_locked(tmp_path / "lock")
    os.kill(int(log.read_text()), signal.SIGKILL)
    until(lambda: not folders.is_locked(tmp_path / "lock"))


def test_recordings_that_git_does_not_hold_come_along(sweep, folder, pipeline):
    for name in ("data/raw/own/log.csv", "data/prepared/own/card.json"):
        (sweep.home / name).parent.mkdir(parents=True)
        (sweep.home / name).write_text("1,2")
    finish, seen = pipeline.work, []

    def look(clone):
        seen.extend(path.relative_to(clone).as_posix() for path in (clone / "data").rglob("*.*"))
        return finish(clone)

    pipeline.work = look
    job.make(folder)
    assert seen == ["data/raw/own/log.csv"]


def test_processes_and_cores_reach_the_pipeline(sweep, monkeypatch):
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "8")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    found = job._environment({"home": str(sweep.home), "processes": 2})
    assert (found["HADAMRNN_PROCESSES"], found["OMP_NUM_THREADS"]) == ("2", "4")
    assert found["HADAMRNN_FINISHED"] == str(sweep.home / "finished")
    assert found["PATH"].split(os.pathsep)[0] == os.path.dirname(sys.executable)


def test_only_what_is_committed_is_run(sweep):
    (sweep.home / "params.yaml").write_text("q: 3")
    with pytest.raises(HadamrnnError, match=r"^params\.yaml: must be as committed"):
        repository.head(sweep.home)


def test_remotes_are_names_folders_and_urls(sweep, tmp_path):
    git(sweep.home, "remote", "add", "group", "../remote.git")
    for given in ("group", "../remote.git", sweep.remote):
        assert repository.address(sweep.home, given) == sweep.remote
    assert repository.address(sweep.home, None) == str(sweep.home)
    with pytest.raises(HadamrnnError, match="^--remote: must be a Git repository that can be read"):
        repository.address(sweep.home, str(tmp_path / "none"))
