"""Two real processes of torchrun train to the result of one, and only the first writes."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from safetensors.numpy import load_file

from hadamrnn.errors import HadamrnnError
from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.prepared.coding import Coding
from hadamrnn.training import distributed
from hadamrnn.training.batches import Batches
from hadamrnn.training.losses import cross_entropy

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("processes", [1, 2, 3, 5])
def test_shares_together_are_the_batches(processes):
    inputs = np.arange(11, dtype=np.float32)[:, None, None]
    targets = np.arange(11, dtype=np.uint8)

    def made(share):
        batches = Batches(
            inputs, targets, coding=Coding("dense"), batch_size=4, seed=3, share=share
        )
        return [y.tolist() for _, y in batches]

    shares = [made((process, processes)) for process in range(processes)]
    for number, batch in enumerate(made((0, 1))):
        parts = [share[number] for share in shares]
        assert sorted(sum(parts, [])) == sorted(batch)
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_one_process_is_alone():
    with distributed.joined("cpu") as where:
        assert where == torch.device("cpu") and distributed.share() == (0, 1)
        model = torch.nn.Linear(2, 1)
        loss = model(torch.ones(3, 2)).mean()
        loss.backward()
        before = model.weight.grad.clone()
        assert distributed.average(model, loss, 3) == (loss.item(), 3)
        assert torch.equal(model.weight.grad, before)


@pytest.mark.parametrize("symbols", [False, True])
@pytest.mark.parametrize("options", [{}, {"readout": "mean"}, {"per_step": True}], ids=str)
def test_a_process_without_samples_adds_nothing(options, symbols):
    model = HadamClassifier(60, 16, 3, hold_signs=False, **options)
    inputs = torch.zeros(0, 7, dtype=torch.long) if symbols else torch.zeros(0, 7, 60)
    targets = torch.zeros((0, 7) if "per_step" in options else 0, dtype=torch.long)
    loss = cross_entropy(model(inputs), targets)
    loss.backward()
    assert loss == 0
    assert all(not p.grad.any() for p in model.parameters())


def test_one_device_for_several_processes_is_refused(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr(distributed.device, "resolve", lambda name: torch.device("cuda:0"))
    words = "device: must be auto, cpu or cuda in several processes; got 'cuda:0'"
    with pytest.raises(HadamrnnError, match=f"^{words}$"), distributed.joined("cuda:0"):
        pass


def settings(folder, name):
    """params.yaml of a tiny task: 41 training and 9 validation sequences in batches of 8."""
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    section = params["benchmark"][name]
    section |= {"epochs": 2, "batch_size": 8}
    section["data"] |= {"steps": 24, "train_sequences": 41, "valid_sequences": 9}
    section["data"] |= {"test_sequences": 5}
    params["train"] |= {"hidden_size": 16, "warmup_steps": 2}
    params |= {"device": "cpu", "benchmarks": [name]}
    (folder / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")


def stage(folder, *command, **more):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **more}
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.slow
def test_two_and_four_processes_train_to_the_result_of_one(tmp_path):
    """The last batches of 41 and 9 sequences are single ones: all processes but one have none."""
    settings(tmp_path, "copy")
    stage(tmp_path, "stages.prepare", "copy")
    found = []
    torchrun = ("torch.distributed.run", "--standalone", "--nproc_per_node=2", "-m")
    for launcher, processes in (((), "1"), (torchrun, "1"), ((), "4")):
        printed = stage(tmp_path, *launcher, "stages.train", "copy", HADAMRNN_PROCESSES=processes)
        assert printed.count("epoch 1/2:") == 1
        with (tmp_path / "results/copy/history.csv").open(encoding="utf-8") as file:
            history = list(csv.DictReader(file))
        found.append((load_file(tmp_path / "models/copy/model.safetensors"), history))
        assert json.loads((tmp_path / "results/copy/train.json").read_text())["epochs"] == 2
        assert not list((tmp_path / "checkpoints").glob("*.pt"))
        shutil.rmtree(tmp_path / "finished")  # else the second would bring the first's result back
    (alone, alone_history), *several = found
    for together, together_history in several:
        for name, value in alone.items():
            np.testing.assert_allclose(together[name], value, rtol=1e-4, atol=1e-5, err_msg=name)
        for one, two in zip(alone_history, together_history, strict=True):
            for key in ("train_cross_entropy", "valid_cross_entropy", "valid_accuracy"):
                assert float(two[key]) == pytest.approx(float(one[key]), rel=1e-4), key
