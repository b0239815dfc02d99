"""The train stage with train_on_validation: both parts are trained on, and the files say so."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from hadamrnn import params
from hadamrnn.datasets.common import splits
from hadamrnn.models import storage
from hadamrnn.training.batches import Batches
from hadamrnn.training.configuration import configuration
from hadamrnn.training.fit import fit
from stages import train
from tests.training.small import CLASSES, DENSE, FEATURES, SETTINGS, STEPS, data

CARD = {
    "input": {"kind": "dense", "size": FEATURES, "scale": 1.0, "offset": 0.0},
    "output": {"size": CLASSES, "names": ["a", "b", "c"], "per_step": False},
    "steps": STEPS,
}


@pytest.fixture
def parts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = {"train": data(90, seed=1), "valid": data(40, seed=2)}
    arrays = {
        f"{split}_{what}": array
        for split, pair in made.items()
        for what, array in zip(("inputs", "targets"), pair, strict=True)
    }
    splits.write("data/prepared/har2", arrays, CARD)
    return made


def settings(**train_options):
    return params.Settings(
        benchmark="har2",
        model="hadamrnn",
        q=1,
        readout="mean",
        fade=None,
        weight_bits=4,
        input_weight_bits=4,
        output_weight_bits=4,
        seed=3,
        activation_bits=12,
        input_bits=8,
        bias_bits=16,
        device="cpu",
        data={},
        train=replace(SETTINGS, epochs=2, select="last", **train_options),
    )


@pytest.mark.parametrize("both", [False, True])
def test_the_stage_trains_on_what_was_asked(parts, both):
    asked = settings(train_on_validation=both)
    train.main(asked)
    names = ("train", "valid") if both else ("train",)
    inputs, targets = (np.concatenate([parts[name][k] for name in names]) for k in (0, 1))
    config = configuration(asked, CARD)
    model = storage.build(config, 3)
    rows = Batches(inputs, targets, coding=DENSE, batch_size=SETTINGS.batch_size, seed=3)
    fit(model, rows, Batches(*parts["valid"], coding=DENSE, batch_size=64), asked.train)
    saved = storage.load("models/har2")[0].state_dict()
    assert all(torch.equal(value, saved[name]) for name, value in model.state_dict().items())
    with open("results/har2/history.csv", encoding="utf-8") as file:
        assert {row["validation_held_out"] for row in csv.DictReader(file)} == {str(not both)}
    with open("results/har2/train.json", encoding="utf-8") as file:
        summary = json.load(file)
    assert summary["validation_held_out"] is not both
    assert summary["best_epoch"] == 2
    assert summary["machine"]["cores"] >= 1 and summary["machine"]["torch"] == torch.__version__
