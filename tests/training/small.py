"""A training run of a second: data, batches, a model, and who listens."""

import math

import numpy as np
import torch

from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.prepared.coding import Coding
from hadamrnn.training.batches import Batches
from hadamrnn.training.fit import fit
from hadamrnn.training.run import Listener
from tests.train_settings import train_settings

CLASSES, FEATURES, STEPS = 3, 2, 10
DENSE = Coding("dense")

SETTINGS = train_settings(
    hidden_size=16,
    epochs=5,
    batch_size=32,
    learning_rate=0.02,
    learning_rate_decay=0.9,
    warmup_steps=2,
    sign_learning_rate=0.1,
    sign_epochs=2,
)


def data(count=150, seed=0):
    """Each class adds its own direction to noise, at every step."""
    generator = np.random.default_rng(seed)
    targets = generator.integers(0, CLASSES, count)
    directions = np.array([[1, 0], [-1, 1], [-1, -1]])
    inputs = generator.standard_normal((count, STEPS, FEATURES)) + directions[targets][:, None]
    return inputs.astype(np.float32), targets.astype(np.uint8)


def batches(seed=1, size=32, count=150):
    return Batches(*data(count), coding=DENSE, batch_size=size, seed=seed)


def model(seed=0, **options):
    torch.manual_seed(seed)
    return HadamClassifier(FEATURES, SETTINGS.hidden_size, CLASSES, **options)


def train(settings=SETTINGS, checkpoint=None, listener=None, readout="last"):
    """(model, FitResult) of one small training."""
    network = model(readout=readout)
    sets = batches(), batches(seed=None, count=70)
    return network, fit(network, *sets, settings, checkpoint, listener)


def without_seconds(history):
    return [{k: v for k, v in row.items() if k != "seconds"} for row in history]


def same_parameters(first, second):
    pairs = zip(first.state_dict().items(), second.state_dict().items(), strict=True)
    return all(a[0] == b[0] and torch.equal(a[1], b[1]) for a, b in pairs)


class Recorder(Listener):
    """Keeps all it hears; raises Stop after ``stop_after`` (epoch, step)."""

    def __init__(self, stop_after=None):
        self.stop_after = stop_after
        self.starts, self.steps, self.rows = [], [], []

    def on_start(self, first_epoch, epochs, steps_per_epoch):
        self.starts.append((first_epoch, epochs, steps_per_epoch))

    def on_step(self, epoch, step, loss):
        self.steps.append((epoch, step))
        assert math.isfinite(loss)
        if self.stop_after == (epoch, step):
            raise Stop

    def on_epoch(self, row):
        self.rows.append(row)


class Stop(Exception):
    pass
