"""Plain arrays of a torch model."""

import numpy as np
import torch

from hadamrnn.export import from_torch
from hadamrnn.models.classifier import HadamClassifier


def test_a_layer_without_bias_has_one_of_zeros():
    torch.manual_seed(0)
    model = HadamClassifier(3, 16, 4)
    model.rnn.bias = None
    for weights in (from_torch.frozen_weights(model), from_torch.float_weights(model)):
        assert weights.bias.tolist() == [0.0] * 16
    assert from_torch.frozen_weights(model).bias.dtype == np.float64
