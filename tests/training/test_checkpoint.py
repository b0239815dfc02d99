"""Checkpoints: whole or absent, for one configuration, for one training at a time."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import torch

from hadamrnn import files
from hadamrnn.errors import HadamrnnError
from hadamrnn.training.checkpoint import Checkpoint
from tests.limits import files_of_at_most, read_only

CONFIGURATION = {"benchmark": "copy", "train": {"epochs": 6}, "seed": 1}
STATE = {
    "model": {"weight": torch.arange(6.0).view(2, 3)},
    "history": [{"epoch": 1, "loss": 0.1, "patience": None}],
    "best_epoch": 1,
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new" / "copy.pt"


def names_in(folder):
    return sorted(file.name for file in folder.iterdir())


def test_no_file_is_no_state(path):
    assert Checkpoint(path, CONFIGURATION).load() is None


def test_round_trip(path):
    Checkpoint(path, CONFIGURATION).save(STATE)
    assert names_in(path.parent) == ["copy.pt"]
    state = Checkpoint(path, dict(reversed(CONFIGURATION.items()))).load()
    assert torch.equal(state["model"].pop("weight"), STATE["model"]["weight"])
    assert state == STATE | {"model": {}}


def test_the_last_state_counts(path):
    checkpoint = Checkpoint(path, CONFIGURATION)
    for epoch in (1, 2):
        checkpoint.save({"epoch": epoch})
    assert checkpoint.load() == {"epoch": 2}
    assert names_in(path.parent) == ["copy.pt"]


def test_a_save_that_fails_half_way_leaves_the_old_state(path, monkeypatch):
    checkpoint = Checkpoint(path, CONFIGURATION)
    checkpoint.save({"epoch": 1})

    def torn(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", torn)
    with pytest.raises(KeyboardInterrupt):
        checkpoint.save({"epoch": 2})
    monkeypatch.undo()
    assert checkpoint.load() == {"epoch": 1}
    assert names_in(path.parent) == ["copy.pt"]


def test_a_full_disk_leaves_the_old_state(path):
    checkpoint = Checkpoint(path, CONFIGURATION)
    checkpoint.save({"epoch": 1})
    words = f"{path}: must be writable, and is as it was before; got File too large"
    with files_of_at_most(2000), pytest.raises(HadamrnnError, match=f"^{re.escape(words)}$"):
        checkpoint.save({"epoch": 2, "weight": torch.zeros(1000)})
    assert checkpoint.load() == {"epoch": 1} and names_in(path.parent) == ["copy.pt"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seed": 2}, "seed was 1 there and is 2 now"),
        ({"train": {"epochs": 7}}, "train was {'epochs': 6} there and is {'epochs': 7} now"),
        ({"q": 4}, "q was None there and is 4 now"),
    ],
)
def test_another_configuration_is_refused(path, changes, words):
    Checkpoint(path, CONFIGURATION).save(STATE)
    words = (
        f"{path}: must have been made with the present settings; {words}; "
        "delete the file to start anew"
    )
    with pytest.raises(HadamrnnError, match=f"^{re.escape(words)}$"):
        Checkpoint(path, CONFIGURATION | changes).load()


def damage_by_cutting(path):
    path.write_bytes(path.read_bytes()[:-100])


def damage_by_emptying(path):
    path.write_bytes(b"")


def damage_by_text(path):
    path.write_text("not a checkpoint", encoding="utf-8")


def damage_by_other_content(path):
    torch.save({"weight": torch.zeros(3)}, path)


def damage_by_a_sealed_text(path):
    files.write_sealed(path, b"not a checkpoint")


@pytest.mark.parametrize(
    "damage",
    [
        damage_by_cutting,
        damage_by_emptying,
        damage_by_text,
        damage_by_other_content,
        damage_by_a_sealed_text,
    ],
    ids=lambda function: function.__name__,
)
def test_a_damaged_file_is_refused(path, damage):
    checkpoint = Checkpoint(path, CONFIGURATION)
    checkpoint.save(STATE)
    damage(path)
    words = (
        rf"^{re.escape(str(path))}: must be whole and unchanged; got .*; delete it and start anew$"
    )
    with pytest.raises(HadamrnnError, match=words):
        checkpoint.load()


def test_every_changed_bit_is_refused(path):
    checkpoint = Checkpoint(path, CONFIGURATION)
    checkpoint.save(STATE)
    whole = path.read_bytes()
    for index in range(0, 8 * len(whole), 7):
        changed = bytearray(whole)
        changed[index // 8] ^= 1 << index % 8
        path.write_bytes(changed)
        with pytest.raises(HadamrnnError, match=r"must be whole and unchanged; got"):
            checkpoint.load()


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_state_that_is_not_finite_is_refused(path, number):
    checkpoint = Checkpoint(path, CONFIGURATION)
    moments = {0: {"exp_avg": torch.tensor([1.0, number])}}
    checkpoint.save({"model": {"weight": torch.ones(2)}, "optimizer": [{"state": moments}]})
    words = (
        f"{path}: must hold finite numbers; got others in optimizer.0.state.0.exp_avg; "
        "delete the file to start anew"
    )
    with pytest.raises(HadamrnnError, match=f"^{re.escape(words)}$"):
        checkpoint.load()


def test_a_lock_that_cannot_be_made_is_one_sentence(tmp_path):
    with tempfile.TemporaryDirectory() as name:
        folder, checkpoint = Path(name), Checkpoint(Path(name) / "copy.pt", CONFIGURATION)
        words = rf"^{re.escape(str(folder / 'copy.pt.lock'))}: must be writable; got Permission den"
        with read_only(folder), pytest.raises(HadamrnnError, match=words), checkpoint.locked():
            pass


def test_remove(path):
    checkpoint = Checkpoint(path, CONFIGURATION)
    checkpoint.save(STATE)
    for _ in range(2):
        checkpoint.remove()
        assert checkpoint.load() is None


HOLD = """
import filelock, sys
with filelock.FileLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_lock_held_by_another_process(path):
    checkpoint = Checkpoint(path, CONFIGURATION)
    path.parent.mkdir()
    command = [sys.executable, "-c", HOLD, f"{path}.lock"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as holder:
        assert holder.stdout.readline() == "held\n"
        words = (
            f"{path}: must be used by one training at a time; another process holds copy.pt.lock"
        )
        with pytest.raises(HadamrnnError, match=f"^{re.escape(words)}$"), checkpoint.locked():
            pass
        holder.communicate("")
    with checkpoint.locked():
        pass


def test_the_lock_is_released_by_an_error(path):
    checkpoint = Checkpoint(path, CONFIGURATION)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="stop"), checkpoint.locked():
            raise RuntimeError("stop")
