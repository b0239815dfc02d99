"""Processes that stage train starts by itself: what is asked, and what a killed one leaves."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from hadamrnn.errors import HadamrnnError
from hadamrnn.training import launch
from tests.training.test_distributed import ROOT, settings, stage

MODEL = Path("models/copy/model.safetensors")


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5"])
def test_a_wrong_number_is_refused(monkeypatch, text):
    monkeypatch.setenv("HADAMRNN_PROCESSES", text)
    words = f"^HADAMRNN_PROCESSES: must be a number of processes; got '{text}'$"
    with pytest.raises(HadamrnnError, match=words):
        launch.asked()


def test_one_of_several_starts_no_more(monkeypatch):
    monkeypatch.setenv("HADAMRNN_PROCESSES", "2")
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert launch.asked() == 2
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert launch.asked() == 1


def test_wrong_settings_are_told_once(tmp_path):
    settings(tmp_path, "copy")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HADAMRNN_PROCESSES": "2"}
    command = [sys.executable, "-m", "stages.train", "har2"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: stage: needs one of the listed benchmarks (copy); got har2\n"


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="finds the process by Linux's /proc")
def test_a_killed_process_ends_the_run_with_a_sentence_and_it_resumes(tmp_path):
    settings(tmp_path, "copy")
    params = tmp_path / "params.yaml"
    text = params.read_text()
    text = re.sub(r"(copy:.*?epochs:) \d+", r"\g<1> 12", text, flags=re.DOTALL)
    params.write_text(text)
    stage(tmp_path, "stages.prepare", "copy")
    more = {"HADAMRNN_PROCESSES": "2"}
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **more}
    command = [sys.executable, "-u", "-m", "stages.train", "copy"]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        printed = []
        for line in process.stdout:
            printed.append(line)
            if "epoch 3/12" in line:
                os.kill(rank_of(process.pid, 1), signal.SIGKILL)
    assert process.returncode == 1
    assert printed[-1] == (
        "error: training: must keep all of its 2 processes; got number 1 killed by SIGKILL, the "
        "same command resumes it after its last finished epoch\n"
    )
    assert not [line for line in printed if "Traceback" in line]
    assert sum(line.startswith("error:") for line in printed) == 1
    resumed = stage(tmp_path, "stages.train", "copy", **more)
    assert "epoch 1/12" not in resumed and "epoch 12/12" in resumed
    after = load_file(tmp_path / MODEL)
    for folder in ("finished", "models", "checkpoints"):
        subprocess.run(["rm", "-r", tmp_path / folder], check=True)
    assert "epoch 1/12" in stage(tmp_path, "stages.train", "copy", **more)
    whole = load_file(tmp_path / MODEL)
    assert all((after[name] == value).all() for name, value in whole.items())


def rank_of(launcher, rank):
    """Id of the child that is one of the processes."""
    for child in Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split():
        if f"RANK={rank}\0".encode() in Path(f"/proc/{child}/environ").read_bytes():
            return int(child)
    raise AssertionError(f"{launcher} has no child with rank {rank}")
