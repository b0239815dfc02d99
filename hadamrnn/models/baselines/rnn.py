"""The plain recurrent network (Elman 1990), h_t = tanh(W h_{t-1} + U x_t + b), as torch.nn.RNN."""

from typing import Any

import torch
from torch import nn

from hadamrnn.models.baselines.common import FLOAT_BITS, Baseline, Counts, operations


class RNN(Baseline):
    """One torch.nn.RNN layer (tanh) with torch's initialisation; float32.

    >>> RNN(input_size=3, hidden_size=8, output_size=4)(torch.randn(5, 20, 3)).shape
    torch.Size([5, 4])
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.rnn = nn.RNN(self.features, self.hidden_size, batch_first=True)

    def states(self, values: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.rnn(values)[0]
        return found

    def counts(self) -> Counts:
        d = self.hidden_size
        return {
            "recurrent": (d * d, FLOAT_BITS),
            "input": (d * self.features, FLOAT_BITS),
            "bias": (2 * d, FLOAT_BITS),
        }

    def step_operations(self, features: int) -> dict[str, int]:
        d = self.hidden_size
        return operations(d * (d + features), functions=d)
