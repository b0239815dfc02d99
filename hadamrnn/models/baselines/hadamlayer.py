"""HadamRNN's layer behind the baselines' interface: what its float-only ablations start from.

    h_t = W h_{t-1} + U x_t + b,   W = diag(sign(u)) (I_q (x) S_m) / sqrt(m);   relu(h_t) is read

By itself it equals ``models.HadamClassifier``; a subclass changes what is read, or what follows.
"""

import torch

from hadamrnn.models.baselines.common import Baseline, stored_bits
from hadamrnn.models.layer import HadamRNN


def layer_operations(d, block_size, features):
    """Of one step: butterflies, one scale 1/sqrt(m), U x + b, and their sum."""
    return {
        "additions": d * (block_size.bit_length() - 1 + features + 1),
        "multiplications": d * (features + (block_size > 1)),
        "nonlinear_functions": 0,
        "dense_multiply_adds": d * (d + features),
    }


class HadamLayer(Baseline):
    """One HadamRNN layer; q, weight_bits and the signs' schedule work as there."""

    quantized = True
    activation = staticmethod(torch.relu)

    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.rnn = HadamRNN(self.features, self.hidden_size, self.q, self.weight_bits)

    def states(self, values):
        return self.rnn(values)[0]

    def last_state(self, values):
        return self.rnn.last_state(values)

    def mean_state(self, values):
        return self.rnn.mean_state(values)

    def counts(self):
        d = self.hidden_size
        return {
            "recurrent": (d, 1),
            "input": (d * self.features, stored_bits(self.weight_bits)),
            "bias": (d, stored_bits(None)),
        }

    def step_operations(self, features):
        return layer_operations(self.hidden_size, self.rnn.block_size, features)
