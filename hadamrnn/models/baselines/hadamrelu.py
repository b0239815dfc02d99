"""HadamRelu: HadamRNN with relu inside the recurrence, an ablation of its linearity.

    h_t = relu(W h_{t-1} + U x_t + b),   W = diag(u) (I_q (x) S_m) / sqrt(m)

Without linearity no form but the step loop computes it.
"""

import math
from typing import Any

import torch

from hadamrnn.hadamard import block_size_of, sylvester
from hadamrnn.models.baselines.common import Counts
from hadamrnn.models.baselines.dense import DenseRNN, loop
from hadamrnn.models.quantization import sign


class HadamRelu(DenseRNN):
    """The ablation; q, weight_bits and the signs' schedule work as in HadamRNN.

    >>> model = HadamRelu(input_size=3, hidden_size=8, output_size=4, q=2, weight_bits=4)
    >>> W = model.recurrent_weight()
    >>> torch.allclose(W @ W.T, torch.eye(8), atol=1e-6)
    True
    """

    quantized = True
    blocks: torch.Tensor

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        d = self.hidden_size
        self.block_size = block_size_of(d, self.q)
        block = torch.from_numpy(sylvester(self.block_size)).float()
        self.register_buffer("blocks", torch.block_diag(*[block] * self.q), persistent=False)
        self.sign_weight = self.weight(1, d)

    def recurrent_weight(self) -> torch.Tensor:
        return sign(self.sign_weight).t() * self.blocks / math.sqrt(self.block_size)

    def states(self, values: torch.Tensor) -> torch.Tensor:
        return loop(self.drive(values), self.recurrent_weight(), torch.relu)

    def last_state(self, values: torch.Tensor) -> torch.Tensor:
        return self.states(values)[:, -1]

    def counts(self) -> Counts:
        return {**super().counts(), "recurrent": (self.hidden_size, 1)}

    def step_operations(self, features: int) -> dict[str, int]:
        """As HadamRNN's: butterflies, one scale 1/sqrt(m), U x + b, and their sum; relu is free."""
        d = self.hidden_size
        return {
            "additions": d * (self.block_size.bit_length() - 1 + features + 1),
            "multiplications": d * (features + (self.block_size > 1)),
            "nonlinear_functions": 0,
            "dense_multiply_adds": d * (d + features),
        }
