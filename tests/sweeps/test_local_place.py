"""Starting and stopping runs on this machine, with a sleeping program in place of the pipeline."""

import sys
import time

import pytest

from hadamrnn.sweeps import folders, local
from tests.sweeps.test_follow import RUNS


@pytest.fixture
def place(sweep, tmp_path, monkeypatch):
    sleeper = tmp_path / "python"
    sleeper.write_text("#!/bin/sh\nexec sleep 600\n")
    sleeper.chmod(0o755)
    monkeypatch.setattr(local.sys, "executable", str(sleeper))
    found = local.Local(sweep, workers=2)
    yield found
    found.stop()


def test_no_more_runs_at_a_time_than_workers(place):
    assert place.begin(RUNS, running=0) == ["a-q1", "a-q2"]
    assert [*place.active()] == ["a-q1", "a-q2"]
    assert place.begin(RUNS[2:], running=2) == []


def test_runs_of_others_count(place):
    assert place.begin(RUNS, running=1) == ["a-q1"]


def test_stopped_runs_are_resumed_by_the_same_command(place):
    place.begin(RUNS, running=0)
    began = time.monotonic()
    assert place.stop() == "runs were stopped; the same command resumes them"
    assert place.active() == {} and time.monotonic() - began < local.GRACE


def test_workers_share_the_cores_and_the_gpus(monkeypatch):
    monkeypatch.setattr(local.os, "cpu_count", lambda: 8)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5,6,7")
    first, second = (local._environment(slot, workers=2, processes=2) for slot in range(2))
    assert (first["OMP_NUM_THREADS"], second["OMP_NUM_THREADS"]) == ("2", "2")
    assert (first["CUDA_VISIBLE_DEVICES"], second["CUDA_VISIBLE_DEVICES"]) == ("4,5", "6,7")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert "CUDA_VISIBLE_DEVICES" not in local._environment(0, workers=2, processes=1)


def test_a_lock_that_is_looked_at_for_a_moment_is_waited_for(tmp_path):
    assert sys.platform == "win32" or folders.PATIENCE > 1
    with folders.locked(tmp_path / "lock") as held:
        assert held is not None
    assert not folders.is_locked(tmp_path / "lock")
    assert not folders.is_locked(tmp_path / "none")
