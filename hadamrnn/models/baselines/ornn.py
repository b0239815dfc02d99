"""ORNN: HadamRNN's linear recurrence with a dense orthogonal W in full precision."""

from typing import Any, cast

import torch
from torch import nn
from torch.nn.utils.parametrizations import orthogonal

from hadamrnn.models.baselines.dense import DenseRNN


class ORNN(DenseRNN):
    """h_t = W h_{t-1} + U x_t + b, W = B exp(A - A^T) with B fixed: orthogonal at every step.

    The parametrization is torch's (matrix exponential around a base; Lezcano
    2019, arXiv:1909.09501). Float32 throughout; starts at a random orthogonal W.

    >>> W = ORNN(input_size=3, hidden_size=8, output_size=4).recurrent_weight()
    >>> torch.allclose(W @ W.T, torch.eye(8), atol=1e-5)
    True
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        layer = nn.Linear(self.hidden_size, self.hidden_size, bias=False)
        nn.init.orthogonal_(layer.weight)
        self.recurrence = orthogonal(layer)

    def recurrent_weight(self) -> torch.Tensor:
        return cast("torch.Tensor", self.recurrence.weight)
