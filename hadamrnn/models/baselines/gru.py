"""Gated recurrent unit (Cho et al. 2014), as torch.nn.GRU."""

from typing import Any

import torch
from torch import nn

from hadamrnn.models.baselines.common import FLOAT_BITS, Baseline, Counts, operations


class GRU(Baseline):
    """One torch.nn.GRU layer with torch's initialisation; float32.

    >>> GRU(input_size=3, hidden_size=8, output_size=4)(torch.randn(5, 20, 3)).shape
    torch.Size([5, 4])
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.rnn = nn.GRU(self.features, self.hidden_size, batch_first=True)

    def states(self, values: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.rnn(values)[0]
        return found

    def counts(self) -> Counts:
        rows = 3 * self.hidden_size
        return {
            "recurrent": (rows * self.hidden_size, FLOAT_BITS),
            "input": (rows * self.features, FLOAT_BITS),
            "bias": (2 * rows, FLOAT_BITS),
        }

    def step_operations(self, features: int) -> dict[str, int]:
        """Three gates; n joins U x and r (W h); h = (1 - z) n + z h."""
        d = self.hidden_size
        return operations(3 * d * (d + features), 3 * d, 3 * d, 3 * d)
