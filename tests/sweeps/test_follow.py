"""What is begun, when, and what is told of runs; with a place that makes nothing by itself."""

import json
import subprocess

import pytest

from hadamrnn.sweeps import folders, follow, repository, slurm, state
from hadamrnn.sweeps.runs import Run
from tests.sweeps.conftest import git

RUNS = [Run(name=f"a-q{q}", settings=(f"q={q}",), benchmarks=("pdigits",)) for q in (1, 2, 4)]


class Place:
    """Has what ``jobs`` says; ``begin`` takes as many as there is room for."""

    def __init__(self, room=9, patience=1):
        self.room, self.patience, self.jobs, self.begun = room, patience, {}, []

    def active(self):
        return {**self.jobs}

    def log(self, name):
        return f"{name}.txt"

    def begin(self, chosen, running):
        names = [run.name for run in chosen][: self.room - running]
        self.begun += names
        self.jobs |= dict.fromkeys(names, ("running", "here"))
        return names

    def finish(self, sweep, name):
        del self.jobs[name]
        git(sweep.remote, "update-ref", repository.place(sweep.commit) + name, "HEAD")


@pytest.fixture
def sweep(sweep):
    git(sweep.home, "push", "-q", sweep.remote, "HEAD:refs/heads/main")
    git(sweep.remote, "symbolic-ref", "HEAD", "refs/heads/main")
    return sweep


def kinds(states):
    return [one.kind for one in states.values()]


def test_runs_are_begun_once_and_finished_ones_never(sweep):
    place = Place(room=1)
    git(sweep.remote, "update-ref", repository.place(sweep.commit) + "a-q1", "HEAD")
    looks = follow.follow(sweep, RUNS, place, 0)
    assert kinds(next(looks)) == ["finished", "queued", "waiting"]
    assert kinds(next(looks)) == ["finished", "running", "waiting"]
    place.finish(sweep, "a-q2")
    assert kinds(next(looks)) == ["finished", "finished", "queued"]
    place.finish(sweep, "a-q4")
    assert kinds(next(looks)) == ["finished"] * 3
    assert [*looks] == [] and place.begun == ["a-q2", "a-q4"]


def test_a_run_that_vanished_was_killed_and_is_not_begun_again_by_this_command(sweep):
    place = Place(patience=2)
    looks = follow.follow(sweep, RUNS[:1], place, 0)
    next(looks)
    assert kinds(next(looks)) == ["running"]
    place.jobs.clear()
    assert kinds(next(looks)) == ["running"]  # a shared file system may show its end late
    last = next(looks)
    assert kinds(last) == ["killed"] and last["a-q1"].words == "ended before it began (a-q1.txt)"
    assert [*looks] == [] and place.begun == ["a-q1"]
    again = Place()
    next(follow.follow(sweep, RUNS[:1], again, 0))
    assert again.begun == ["a-q1"]


def test_a_second_command_looks_on(sweep):
    """It begins what is missing only when the first one is gone."""
    first, second = Place(), Place()
    one, two = (follow.follow(sweep, RUNS[:1], place, 0) for place in (first, second))
    next(one)
    second.jobs = first.jobs
    assert kinds(next(two)) == ["running"]
    first.jobs = {}
    second.jobs = {}
    assert kinds(next(two)) == ["waiting"] and second.begun == []
    one.close()
    assert kinds(next(two)) == ["queued"] and second.begun == ["a-q1"]


def test_what_records_and_locks_tell(sweep):
    for run, content in zip(
        RUNS, ({"state": "failed", "why": "q: must be 2; got 3"}, None, None), strict=True
    ):
        folder = sweep.of(run)
        (folder / "log.txt").write_text("Running stage 'train@pdigits':\n")
        if content:
            (folder / "record.json").write_text(json.dumps(content))
    with folders.locked(sweep.of(RUNS[1]) / "lock"):
        found = state.look(sweep, RUNS, {})
    assert kinds(found) == ["failed", "running", "killed"]
    assert found["a-q1"].words == f"q: must be 2; got 3 ({sweep.of(RUNS[0]) / 'log.txt'})"
    assert found["a-q2"].words == "train@pdigits"


def test_collected_rows_are_done(sweep):
    (sweep.home / "results/paper").mkdir(parents=True)
    (sweep.home / "results/paper/har2-seed1.json").touch()
    run = Run(name="paper-har2-seed1", settings=(), benchmarks=("har2",))
    assert kinds(state.look(sweep, [run], {})) == ["collected"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "pdigits epoch 2/60: loss 1.4, valid 1.4, accuracy 77.50 %, 12 s left *",
            "epoch 2/60, accuracy 77.50 %, 12 s left",
        ),
        (
            "har2 epoch 3/20: loss 1.4, trained rows 1.4, accuracy 9.00 %, 2 s left",
            "epoch 3/20, accuracy 9.00 %, 2 s left",
        ),
        ("Running stage 'export@copy':", "export@copy"),
        ("something else", "begins"),
    ],
)
def test_progress_is_read_from_the_log(tmp_path, line, words):
    (tmp_path / "log.txt").write_text(f"before\n{line}\nmore\n")
    assert state.progress(tmp_path / "log.txt") == words
    assert state.progress(tmp_path / "none.txt") == ""


SQUEUE = """\
7_0|RUNNING|n1|None
7_1|PENDING||Priority
8|COMPLETING|n2|None
"""


def test_jobs_are_read_from_squeue(sweep, monkeypatch):
    for run, number in zip(RUNS, ("7_0", "7_1", "9"), strict=True):
        (sweep.of(run) / "job.json").write_text(json.dumps({"id": number}))
    done = subprocess.CompletedProcess([], 0, stdout=SQUEUE)
    monkeypatch.setattr(slurm.subprocess, "run", lambda *_, **__: done)
    place = slurm.Slurm(sweep, None, 5, {}, [])
    found = place.active()
    assert found == {"a-q1": ("running", "job 7_0, n1"), "a-q2": ("queued", "job 7_1, Priority")}
    done.returncode = 1  # its controller does not answer
    assert place.active() == found


def test_a_failed_run_waits_for_the_command_that_begins_runs(sweep):
    folder, place = sweep.of(RUNS[0]), Place()
    (folder / "record.json").write_text(json.dumps({"state": "failed", "why": "no room"}))
    looks = follow.follow(sweep, RUNS[:1], place, 0)
    with folders.locked(sweep.folder / "lock"):
        assert kinds(next(looks)) == kinds(next(looks)) == ["failed"] and place.begun == []
    assert kinds(next(looks)) == ["queued"] and place.begun == ["a-q1"]
