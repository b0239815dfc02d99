r"""FastGRNN (Kusupati et al., NeurIPS 2018, arXiv:1901.02358, section 3.2).

    z_t = sigmoid(W h_{t-1} + U x_t + b_z)
    g_t = tanh   (W h_{t-1} + U x_t + b_h)            the same W and U
    h_t = (zeta (1 - z_t) + nu) g_t + z_t h_{t-1}     zeta, nu in (0, 1): two learned numbers

The paper names U what is W here and the other way round. Its last stages, sparse weights and
bytes instead of floats, are not part of this baseline: its size is that of float32.
"""

from typing import Any

import torch
from torch import nn

from hadamrnn.errors import HadamrnnError
from hadamrnn.models.baselines.common import FLOAT_BITS, Baseline, Counts, operations


class FastGRNN(Baseline):
    """FastGRNN with full-rank W and U, or W = A B and U = A' B' of a lower rank.

    Initialisation as in the authors' code: normal weights of standard deviation 0.1, gate and
    state biases 1, zeta = sigmoid(1), nu = sigmoid(-4).

    Parameters
    ----------
    recurrent_rank, input_rank : int, optional
        Inner size of W's and U's two factors; None: full rank.
    **arguments
        As Baseline's.

    Examples
    --------
    >>> model = FastGRNN(input_size=3, hidden_size=8, output_size=4, recurrent_rank=2)
    >>> model(torch.randn(5, 20, 3)).shape
    torch.Size([5, 4])
    """

    def __init__(
        self,
        *,
        recurrent_rank: int | None = None,
        input_rank: int | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        for name, rank in (("recurrent_rank", recurrent_rank), ("input_rank", input_rank)):
            if rank is not None and rank < 1:
                raise HadamrnnError(f"{name}: must be at least 1, or None (full rank); got {rank}")
        d = self.hidden_size
        self.recurrent_factors = _factors(d, d, recurrent_rank)
        self.input_factors = _factors(d, self.features, input_rank)
        self.gate_bias = nn.Parameter(torch.ones(d))
        self.state_bias = nn.Parameter(torch.ones(d))
        self.zeta = nn.Parameter(torch.tensor(1.0))
        self.nu = nn.Parameter(torch.tensor(-4.0))

    def states(self, values: torch.Tensor) -> torch.Tensor:
        drive = values
        for factor in reversed(self.input_factors):
            drive = drive @ factor.t()
        zeta, nu = torch.sigmoid(self.zeta), torch.sigmoid(self.nu)
        state, found = drive.new_zeros(len(drive), self.hidden_size), []
        for joint in drive.unbind(1):
            recurrent = state
            for factor in reversed(self.recurrent_factors):
                recurrent = recurrent @ factor.t()
            joint = joint + recurrent
            z = torch.sigmoid(joint + self.gate_bias)
            candidate = torch.tanh(joint + self.state_bias)
            state = (zeta * (1 - z) + nu) * candidate + z * state
            found.append(state)
        return torch.stack(found, 1)

    def counts(self) -> Counts:
        return {
            "recurrent": (sum(f.numel() for f in self.recurrent_factors), FLOAT_BITS),
            "input": (sum(f.numel() for f in self.input_factors), FLOAT_BITS),
            "bias": (2 * self.hidden_size + 2, FLOAT_BITS),  # and zeta, nu
        }

    def step_operations(self, features: int) -> dict[str, int]:
        """Products once for both gates, the second bias, and 1 - z, + nu, + z h_{t-1}."""
        d = self.hidden_size
        products = sum(f.numel() for f in self.recurrent_factors)
        products += sum(f.numel() for f in self.input_factors) if features else 0
        return operations(products, 4 * d, 3 * d, 2 * d)


def _factors(rows: int, columns: int, rank: int | None) -> nn.ParameterList:
    shapes = [(rows, columns)] if rank is None else [(rows, rank), (rank, columns)]
    return nn.ParameterList(nn.Parameter(0.1 * torch.randn(shape)) for shape in shapes)
