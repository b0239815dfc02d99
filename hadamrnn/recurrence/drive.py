"""What drives the recurrence, U x_t + b, as the forms of matrix products take it."""

import torch
from torch import Tensor

from hadamrnn.recurrence.reference import project

ONE_HOT = 64
"""Most symbols that become one-hot vectors. A product with those is cheap on processors made for
products, and its gradient, unlike that of a look-up, neither sorts nor waits."""


def drive_of(
    inputs: Tensor, input_weight: Tensor, bias: Tensor | None
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """Numbers and what they are multiplied by.

    Parameters
    ----------
    inputs, input_weight, bias
        As ``reference.run``.

    Returns
    -------
    x : (batch, time, features) float
    rows : (features, d) float or None
        U^T, with b in it for symbols. None: there are many symbols, and x is U x_t + b.
    bias : (d,) float or None
        b, where it is not in one of the others.

    Examples
    --------
    >>> x, rows, bias = drive_of(torch.tensor([[1]]), torch.ones(3, 2), torch.ones(3))
    >>> x.tolist(), rows.tolist(), bias
    ([[[0.0, 1.0]]], [[2.0, 2.0, 2.0], [2.0, 2.0, 2.0]], None)
    """
    if inputs.dim() == 3:
        return inputs, input_weight.t(), bias
    symbols = input_weight.shape[1]
    if symbols > ONE_HOT:
        return project(inputs, input_weight, bias), None, None
    rows = input_weight.t() if bias is None else input_weight.t() + bias
    every = torch.arange(symbols, device=inputs.device)
    return (inputs[:, :, None] == every).to(rows.dtype), rows, None
