"""One thread for small steps, all of them for large ones, and nothing else is touched."""

import numpy as np
import pytest
import torch

from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.prepared.coding import Coding
from hadamrnn.training import step_threads
from hadamrnn.training.batches import Batches


@pytest.fixture(autouse=True)
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def batches(steps, features=None, batch_size=32, device="cpu"):
    shape = (4, steps, features) if features else (4, steps)
    kind = "dense" if features else "symbol"
    inputs, targets = np.zeros(shape, np.uint8), np.zeros(4, np.uint8)
    return Batches(inputs, targets, coding=Coding(kind), batch_size=batch_size, device=device)


@pytest.mark.parametrize(
    ("model", "data", "threads"),
    [
        (HadamClassifier(1, 64, 10), batches(64, 1), 1),
        (HadamClassifier(1, 512, 10), batches(784, 1, batch_size=100), 1),
        (HadamClassifier(9, 512, 2, readout="mean"), batches(128, 9, batch_size=500), 3),
        (HadamClassifier(10, 128, 9, per_step=True), batches(1000, batch_size=128), 3),
        (HadamClassifier(50, 64, 2, embedding_size=8), batches(10), 3),
    ],
    ids=["pixels", "pmnist", "large", "copy", "embedding"],
)
def test_threads(model, data, threads):
    assert step_threads.limit(model, data) == threads == torch.get_num_threads()


def test_other_models_and_devices_keep_their_threads():
    model = HadamClassifier(1, 64, 10)
    assert step_threads.limit(model, batches(64, 1, device="meta")) == 3
    assert step_threads.limit(torch.nn.Linear(1, 1), batches(64, 1)) == 3
