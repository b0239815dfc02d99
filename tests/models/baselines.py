"""Small baselines and inputs for them."""

import numpy as np
import torch

from hadamrnn.models import storage

BASELINES = sorted(storage.BASELINES)
FLOATS = ["fastgrnn", "gru", "lstm", "ornn", "rnn"]
READINGS = [("last", False), ("mean", False), ("last", True)]


def make_arguments(**changes):
    arguments = {
        "input_size": 3,
        "hidden_size": 16,
        "output_size": 4,
        "q": 2,
        "weight_bits": 4,
        "readout": "last",
        "per_step": False,
    }
    return arguments | changes


def make(name, seed=0, **changes):
    return storage.build({"model": name, "arguments": make_arguments(**changes)}, seed)


def numbers(batch=5, steps=9, features=3):
    return torch.randn(batch, steps, features, generator=torch.Generator().manual_seed(1))


def ids(batch=5, steps=9, symbols=6):
    return torch.randint(symbols, (batch, steps), generator=torch.Generator().manual_seed(1))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def arrays(model):
    return {name: p.detach().double().numpy() for name, p in model.named_parameters()}
