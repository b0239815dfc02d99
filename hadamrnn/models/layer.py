"""The HadamRNN layer: a torch module like torch.nn.RNN, with a binary orthogonal recurrence."""

import math

import torch
from torch import nn

from hadamrnn.errors import HadamrnnError
from hadamrnn.hadamard import block_size_of
from hadamrnn.models.quantization import check_weight_bits, quantize, sign
from hadamrnn.recurrence import dispatch


class HadamRNN(nn.Module):
    """h_t = W h_{t-1} + U x_t + b with W = diag(sign(u)) (I_q (x) S_m) / sqrt(m), m = d / q.

    W is exactly orthogonal; its entries are +-1/sqrt(m), and zero outside the q blocks
    (arXiv:2502.00047). The recurrence is linear: put relu and a linear layer behind it.

    input_size : features per step, or symbols when ids are given.
    hidden_size : d; d / q must be a power of two.
    q : number of Hadamard blocks (1: HadamRNN, more: Block-HadamRNN).
    weight_bits : bits of U, 1 (ternary) to 8, None for full precision.
    bias : whether b exists.
    backend : form of the recurrence, "auto" unless you know better (recurrence.dispatch).

    Initialisation as in the paper: Xavier uniform for u and U, b uniform in +-1/sqrt(d).

    >>> layer = HadamRNN(input_size=3, hidden_size=8, q=2)
    >>> output, h_n = layer(torch.randn(5, 20, 3))
    >>> output.shape, h_n.shape
    (torch.Size([5, 20, 8]), torch.Size([5, 8]))
    >>> W = layer.recurrent_weight()
    >>> torch.allclose(W @ W.T, torch.eye(8), atol=1e-6)
    True
    """

    def __init__(self, input_size, hidden_size, q=1, weight_bits=4, bias=True, backend="auto"):
        super().__init__()
        if input_size < 1:
            raise HadamrnnError(f"input_size: must be at least 1; got {input_size}")
        check_weight_bits(weight_bits)
        self.block_size = block_size_of(hidden_size, q)
        self.input_size, self.hidden_size, self.q = input_size, hidden_size, q
        self.weight_bits, self.backend = weight_bits, backend
        self.sign_weight = nn.Parameter(torch.empty(1, hidden_size))
        self.input_weight = nn.Parameter(torch.empty(hidden_size, input_size))
        self.bias = nn.Parameter(torch.empty(hidden_size)) if bias else None
        self.reset_parameters()

    def reset_parameters(self):
        """Draw new parameters from torch's current generator."""
        nn.init.xavier_uniform_(self.sign_weight)
        nn.init.xavier_uniform_(self.input_weight)
        if self.bias is not None:
            bound = 1 / math.sqrt(self.hidden_size)
            nn.init.uniform_(self.bias, -bound, bound)

    def extra_repr(self):
        return (
            f"{self.input_size}, {self.hidden_size}, q={self.q}, "
            f"weight_bits={self.weight_bits}, bias={self.bias is not None}"
        )

    def signs(self):
        """(d,) of +1 and -1, with straight-through gradient to ``sign_weight``."""
        return sign(self.sign_weight.reshape(-1))

    def quantized_input_weight(self):
        """U as the forward pass sees it: (d, input_size) on the ``weight_bits`` grid."""
        return quantize(self.input_weight, self.weight_bits)

    @torch.no_grad()
    def recurrent_weight(self):
        """The dense orthogonal W, (d, d)."""
        identity = torch.eye(self.hidden_size).to(self.sign_weight)
        zeros = identity.new_zeros(self.hidden_size, 1, 1)
        rows, _ = dispatch.run(
            zeros, identity.new_zeros(self.hidden_size, 1), None, self.signs(), self.block_size,
            identity, "all", backend="reference",
        )  # fmt: skip
        return rows[:, 0].t().contiguous()

    def run(self, x, h_0=None, mode="all", readout=None):
        """The recurrence with a read-out; modes and shapes as in ``recurrence.dispatch.run``."""
        self._check(x, h_0)
        return dispatch.run(
            x, self.quantized_input_weight(), self.bias, self.signs(), self.block_size, h_0,
            mode, readout, self.backend,
        )  # fmt: skip

    def forward(self, x, h_0=None):
        """All states and the last one.

        x : (batch, time, input_size) float, or (batch, time) integer ids below input_size.
        h_0 : (batch, hidden_size), zeros when None.
        Returns (batch, time, hidden_size), (batch, hidden_size).
        """
        output, _ = self.run(x, h_0, "all")
        return output, output[:, -1]

    def last_state(self, x, h_0=None):
        """h_T alone, (batch, hidden_size): the fast way for many-to-one."""
        return self.run(x, h_0, "last")[0]

    def mean_state(self, x, h_0=None):
        """Mean over time of relu(h_t), (batch, hidden_size)."""
        return self.run(x, h_0, "mean")[0]

    def _check(self, x, h_0):
        if x.dim() not in (2, 3) or (x.dim() == 3 and x.shape[2] != self.input_size):
            raise HadamrnnError(
                f"x: must have shape (batch, time, {self.input_size}), or (batch, time) for "
                f"integer ids; got {tuple(x.shape)}"
            )
        if x.shape[1] < 1:
            raise HadamrnnError("x: must have at least one time step; got 0")
        if x.dim() == 2 and x.is_floating_point():
            raise HadamrnnError(f"x: ids of shape (batch, time) must be integers; got {x.dtype}")
        for name, value in (("x", x if x.dim() == 3 else None), ("h_0", h_0)):
            if value is not None and value.dtype != self.input_weight.dtype:
                raise HadamrnnError(
                    f"{name}: must have the parameters' type {self.input_weight.dtype}; "
                    f"got {value.dtype}"
                )
        if x.dim() == 2 and len(x) and not 0 <= int(x.min()) <= int(x.max()) < self.input_size:
            raise HadamrnnError(
                f"x: ids must lie in 0..{self.input_size - 1}; got {int(x.min())}..{int(x.max())}"
            )
        if h_0 is not None and tuple(h_0.shape) != (len(x), self.hidden_size):
            raise HadamrnnError(
                f"h_0: must have shape ({len(x)}, {self.hidden_size}); got {tuple(h_0.shape)}"
            )
