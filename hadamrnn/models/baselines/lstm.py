"""Long short-term memory (Hochreiter and Schmidhuber 1997), as torch.nn.LSTM."""

from typing import Any

import torch
from torch import nn

from hadamrnn.models.baselines.common import FLOAT_BITS, Baseline, Counts, operations


class LSTM(Baseline):
    """One torch.nn.LSTM layer with torch's initialisation; float32.

    >>> LSTM(input_size=3, hidden_size=8, output_size=4)(torch.randn(5, 20, 3)).shape
    torch.Size([5, 4])
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.rnn = nn.LSTM(self.features, self.hidden_size, batch_first=True)

    def states(self, values: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.rnn(values)[0]
        return found

    def counts(self) -> Counts:
        rows = 4 * self.hidden_size
        return {
            "recurrent": (rows * self.hidden_size, FLOAT_BITS),
            "input": (rows * self.features, FLOAT_BITS),
            "bias": (2 * rows, FLOAT_BITS),
        }

    def step_operations(self, features: int) -> dict[str, int]:
        """Four gates; c = f c + i g and h = o tanh(c); the two biases are summed beforehand."""
        d = self.hidden_size
        return operations(4 * d * (d + features), d, 3 * d, 5 * d)
