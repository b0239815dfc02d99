"""h_t = W h_{t-1} + a_t with a dense W: the plain loop, a faster last state, and the layer on it.

The loop costs T small products. Of a linear recurrence the last state alone comes by doubling,
a'_j = a_{2j+1} + W a_{2j}, then W^2, W^4, ...: about the same arithmetic in log2(T) large ones.
"""

from collections.abc import Callable
from typing import Any

import torch

from hadamrnn.models.baselines.common import Baseline, Counts, operations, stored_bits
from hadamrnn.models.quantization import quantize


def loop(
    values: torch.Tensor,
    weight: torch.Tensor,
    inside: Callable[[torch.Tensor], torch.Tensor] | None = None,
) -> torch.Tensor:
    """All states of h_t = f(W h_{t-1} + a_t), h_0 = 0.

    Parameters
    ----------
    values : torch.Tensor
        a, (batch, time, d).
    weight : torch.Tensor
        W, (d, d).
    inside : callable, optional
        f, None for the identity.

    Returns
    -------
    torch.Tensor
        (batch, time, d).
    """
    state, found = torch.zeros_like(values[:, 0]), []
    for value in values.unbind(1):
        state = torch.addmm(value, state, weight.t())
        state = state if inside is None else inside(state)
        found.append(state)
    return torch.stack(found, 1)


def last_by_doubling(values: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """h_T of the linear recurrence, (batch, d); arguments as ``loop``.

    >>> values = torch.ones(1, 3, 1)
    >>> last_by_doubling(values, torch.tensor([[2.0]])).item()
    7.0
    """
    power = weight.t()
    while values.shape[1] > 1:
        if values.shape[1] % 2:  # a zero in front changes nothing: h_0 = 0
            values = torch.nn.functional.pad(values, (0, 0, 1, 0))
        values = values[:, 1::2] + values[:, 0::2] @ power
        power = power @ power
    return values[:, 0]


class DenseRNN(Baseline):
    """h_t = W h_{t-1} + U x_t + b, relu before the output, as HadamRNN; W by the subclass."""

    activation = staticmethod(torch.relu)

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.input_weight = self.weight(self.hidden_size, self.features)
        self.bias = self.biases(self.hidden_size)

    def recurrent_weight(self) -> torch.Tensor:
        """W as the forward pass sees it, (d, d), with gradient."""
        raise NotImplementedError

    def drive(self, values: torch.Tensor) -> torch.Tensor:
        """a_t = U x_t + b, (batch, time, d)."""
        weight = quantize(self.input_weight, self.weight_bits)
        return torch.nn.functional.linear(values, weight, self.bias)

    def states(self, values: torch.Tensor) -> torch.Tensor:
        return loop(self.drive(values), self.recurrent_weight())

    def last_state(self, values: torch.Tensor) -> torch.Tensor:
        return last_by_doubling(self.drive(values), self.recurrent_weight())

    def counts(self) -> Counts:
        d, bits = self.hidden_size, stored_bits(self.weight_bits)
        return {
            "recurrent": (d * d, bits),
            "input": (d * self.features, bits),
            "bias": (d, stored_bits(None)),
        }

    def step_operations(self, features: int) -> dict[str, int]:
        d = self.hidden_size
        return operations(d * (d + features))
