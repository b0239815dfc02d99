"""QORNN: a dense W, orthogonal before it is quantized.

Foucault, Mamalet, Malgouyres 2024, "Quantized Approximately Orthogonal Recurrent Neural Networks",
arXiv:2402.04012.
"""

from typing import Any

import torch
from torch import nn

from hadamrnn.models.baselines.dense import DenseRNN
from hadamrnn.models.quantization import quantize

ITERATIONS = 15
"""Enough for singular values from 0.02 of the bound upwards, to float32's precision."""


def bjorck(matrix: torch.Tensor, iterations: int = ITERATIONS) -> torch.Tensor:
    """The orthogonal factor of ``matrix``'s polar decomposition, differentiable.

    M <- (3 M - M M^T M) / 2 moves every singular value in (0, sqrt 3) to 1 (Bjorck and Bowie
    1971). M is first divided by the square root of the largest absolute row sum of M M^T, which
    bounds its norm from above and is 1 for an orthogonal M.

    Parameters
    ----------
    matrix : torch.Tensor
        (d, d) of full rank.
    iterations : int
        More come closer.

    Returns
    -------
    torch.Tensor
        (d, d).

    Examples
    --------
    >>> bjorck(torch.tensor([[3.0, 0.0], [0.0, -0.2]])).round(decimals=5).tolist()
    [[1.0, 0.0], [0.0, -1.0]]
    """
    bound = (matrix @ matrix.t()).abs().sum(1).max().sqrt().detach()
    matrix = matrix / bound
    for _ in range(iterations):
        matrix = 1.5 * matrix - 0.5 * (matrix @ matrix.t()) @ matrix
    return matrix


class QORNN(DenseRNN):
    """h_t = W h_{t-1} + U x_t + b, W = q(bjorck(M)), with W, U and V of ``weight_bits``.

    The quantizer is HadamRNN's, its gradient passes straight through to the orthogonal matrix and
    from there through the iterations to M. W itself is only approximately orthogonal.

    >>> model = QORNN(input_size=3, hidden_size=16, output_size=4, weight_bits=2)
    >>> len(model.recurrent_weight().unique()) <= 4
    True
    """

    quantized = True

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        d = self.hidden_size
        self.recurrent = nn.Parameter(nn.init.orthogonal_(torch.empty(d, d)))

    def orthogonal_weight(self) -> torch.Tensor:
        """W before it is quantized."""
        return bjorck(self.recurrent)

    def recurrent_weight(self) -> torch.Tensor:
        return quantize(self.orthogonal_weight(), self.weight_bits)
