"""Plain PyTorch networks to compare speed with, all with one interface.

    logits = peer(x)     x (batch, time, input_size) float
                         -> (batch, classes), or (batch, time, classes) with per_step=True

A readout relu then linear follows every recurrence, so that only the recurrence differs.
"""

import math

import torch
from torch import Tensor, nn

from hadamrnn.errors import HadamrnnError
from hadamrnn.hadamard import block_size_of, sylvester


def straight_through(value: Tensor, parameter: Tensor) -> Tensor:
    """``value`` forward, the identity gradient to ``parameter`` backward (arXiv:1308.3432)."""
    return parameter + (value - parameter).detach()


def quantize(weight: Tensor, bits: int | None) -> Tensor:
    """Uniform ``bits``-bit quantization with a straight-through gradient.

    a = max|w|, integer = clamp(round(w 2^(p-1) / a), -2^(p-1), 2^(p-1) - 1), result integer a
    / 2^(p-1), so that +a itself maps below a; p = 1 gives {-1, 0, 1} a; None leaves the weight.
    Source: the quantizer of the official code of arXiv:2502.00047.

    >>> quantize(torch.tensor([1.0, -1.0, 0.3]), 2).tolist()
    [0.5, -1.0, 0.5]
    """
    if bits is None:
        return weight
    levels = 2 ** (bits - 1)
    highest = max(levels - 1, 1)
    scale = weight.detach().abs().max() / levels
    integers = torch.clamp(torch.round(weight.detach() / scale), -levels, highest)
    return straight_through(integers * scale, weight)


class DenseStepLoop(nn.Module):
    """HadamRNN with the arithmetic of the official research code (arXiv:2502.00047).

    Every forward takes sign(u), multiplies diag(s) with the dense H / sqrt(m) as d x d matrices,
    quantizes U and V, and runs h_t = W h_{t-1} + U x_t + b in a Python loop: O(T d^2) a sequence.
    Unlike that code, sign(0) = +1 and H, which never learns, is no parameter.

    unbound : take the inputs apart once, in place of x[:, step] at every step, whose gradient is as
    large as x each time: a kinder loop where an embedding in front learns.
    """

    def __init__(
        self,
        input_size,
        hidden_size,
        classes,
        q=1,
        weight_bits=4,
        per_step=False,
        unbound=False,
    ):
        super().__init__()
        block = block_size_of(hidden_size, q)
        blocks = torch.block_diag(*[torch.from_numpy(sylvester(block)).float()] * q)
        self.register_buffer("hadamard", blocks / math.sqrt(block))
        self.signs = nn.Parameter(torch.empty(1, hidden_size))
        self.input_weight = nn.Parameter(torch.empty(hidden_size, input_size))
        self.output_weight = nn.Parameter(torch.empty(classes, hidden_size))
        self.bias = nn.Parameter(torch.empty(hidden_size))
        self.output_bias = nn.Parameter(torch.empty(classes))
        self.weight_bits, self.per_step, self.unbound = weight_bits, per_step, unbound
        for weight in (self.signs, self.input_weight, self.output_weight):
            nn.init.xavier_uniform_(weight)
        for bias in (self.bias, self.output_bias):
            nn.init.uniform_(bias, -1 / math.sqrt(hidden_size), 1 / math.sqrt(hidden_size))

    def recurrent_weight(self) -> Tensor:
        """W = diag(sign(u)) H / sqrt(m), by a dense product as in the official code."""
        signs = torch.where(self.signs.detach() < 0, -1.0, 1.0).to(self.signs)
        return torch.diag(straight_through(signs, self.signs).squeeze(0)) @ self.hadamard

    def forward(self, x: Tensor) -> Tensor:
        weight = self.recurrent_weight().T
        input_weight = quantize(self.input_weight, self.weight_bits).T
        output_weight = quantize(self.output_weight, self.weight_bits).T
        h = x.new_zeros(len(x), len(self.bias))
        outputs = []
        for inputs in x.unbind(1) if self.unbound else (x[:, t] for t in range(x.shape[1])):
            h = h @ weight + inputs @ input_weight + self.bias
            if self.per_step:
                outputs.append(torch.relu(h) @ output_weight + self.output_bias)
        if self.per_step:
            return torch.stack(outputs, dim=1)
        return torch.relu(h) @ output_weight + self.output_bias


class TorchRecurrent(nn.Module):
    """torch.nn.LSTM or torch.nn.RNN (tanh) of one layer: ``kind`` "lstm" or "rnn"."""

    def __init__(self, kind, input_size, hidden_size, classes, per_step=False):
        super().__init__()
        kinds = {"lstm": nn.LSTM, "rnn": nn.RNN}
        if kind not in kinds:
            raise HadamrnnError(f"kind: must be 'lstm' or 'rnn'; got {kind!r}")
        self.recurrence = kinds[kind](input_size, hidden_size, batch_first=True)
        self.readout = nn.Linear(hidden_size, classes)
        self.per_step = per_step

    def forward(self, x: Tensor) -> Tensor:
        states, _ = self.recurrence(x)
        return self.readout(torch.relu(states if self.per_step else states[:, -1]))


class DiagonalRecurrence(nn.Module):
    """A diagonal complex linear recurrence, S4D-Lin (arXiv:2206.11893), by FFT convolution.

    Each of d channels has n complex states driven by v_t = E x_t (E: encoder, with bias):

        s_t = exp(step l) s_{t-1} + v_t,   y_t = 2 Re(sum_n C_n s_t) + D v_t
        l = -exp(a) + i b, from -1/2 + i pi n,   step log-uniform in [0.001, 0.1]

    The zero-order-hold factor (exp(step l) - 1) / l of the input is part of C. All T outputs are
    one convolution with K_t = 2 Re(sum_n C_n exp(step l t)): O(d T (n + log T)) a sequence.
    """

    def __init__(self, input_size, hidden_size, classes, states=16, per_step=False):
        super().__init__()
        self.encoder = nn.Linear(input_size, hidden_size)
        self.readout = nn.Linear(hidden_size, classes)
        shape = (hidden_size, states)
        low, high = math.log(0.001), math.log(0.1)
        self.log_step = nn.Parameter(torch.empty(hidden_size, 1).uniform_(low, high))
        self.log_decay = nn.Parameter(torch.full(shape, math.log(0.5)))
        self.frequency = nn.Parameter((math.pi * torch.arange(states)).repeat(hidden_size, 1))
        self.mix = nn.Parameter(torch.randn(*shape, 2) / math.sqrt(2))
        self.skip = nn.Parameter(torch.randn(hidden_size))
        self.per_step = per_step

    def exponents_and_mix(self) -> tuple[Tensor, Tensor]:
        """(step l, C), both (d, n) complex, C with the zero-order-hold factor."""
        rate = torch.complex(-self.log_decay.exp(), self.frequency)
        exponent = rate * self.log_step.exp()
        return exponent, torch.view_as_complex(self.mix) * (exponent.exp() - 1) / rate

    def forward(self, x: Tensor) -> Tensor:
        v = self.encoder(x).transpose(1, 2)  # (batch, d, time)
        time = v.shape[-1]
        exponent, mix = self.exponents_and_mix()
        powers = (exponent[..., None] * torch.arange(time, device=x.device)).exp()
        kernel = 2 * torch.einsum("dn,dnt->dt", mix, powers).real
        spectrum = torch.fft.rfft(v, n=2 * time) * torch.fft.rfft(kernel, n=2 * time)
        y = torch.fft.irfft(spectrum, n=2 * time)[..., :time] + self.skip[:, None] * v
        y = y.transpose(1, 2)
        return self.readout(torch.relu(y if self.per_step else y[:, -1]))
