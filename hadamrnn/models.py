"""Classifiers: a recurrent layer, relu, and a quantized linear read-out.

y = V relu(r) + c,   r the last state, or y from the mean over time of relu(h_t), or at every
step for many-to-many (arXiv:2502.00047, section 2)
"""

import math

import torch
from torch import nn

from hadamrnn.errors import HadamrnnError
from hadamrnn.layers import HadamRNN
from hadamrnn.quantization import quantize

READOUTS = ("last", "mean")


class HadamClassifier(nn.Module):
    """HadamRNN, relu, and V with ``weight_bits``: the paper's model.

    input_size, hidden_size, q, weight_bits : as HadamRNN; output_size : classes.
    readout : "last" or "mean" (over time of relu(h_t)); ignored when per_step.
    per_step : logits at every step (many-to-many).
    """

    def __init__(
        self, input_size, hidden_size, output_size, q=1, weight_bits=4, readout="last",
        per_step=False,
    ):  # fmt: skip
        super().__init__()
        if readout not in READOUTS:
            raise HadamrnnError(f"readout: must be one of {', '.join(READOUTS)}; got {readout!r}")
        self.rnn = HadamRNN(input_size, hidden_size, q, weight_bits)
        self.readout, self.per_step, self.weight_bits = readout, per_step, weight_bits
        self.output_weight = nn.Parameter(torch.empty(output_size, hidden_size))
        self.output_bias = nn.Parameter(torch.empty(output_size))
        nn.init.xavier_uniform_(self.output_weight)
        bound = 1 / math.sqrt(hidden_size)
        nn.init.uniform_(self.output_bias, -bound, bound)

    def quantized_output_weight(self):
        """V as the forward pass sees it, (classes, hidden_size)."""
        return quantize(self.output_weight, self.weight_bits)

    def forward(self, x):
        """Logits: (batch, classes), or (batch, time, classes) when per_step.

        x : (batch, time, input_size) float, or (batch, time) integer ids.
        """
        weight = self.quantized_output_weight()
        if self.per_step:
            return self.rnn.run(x, mode="logits", readout=(weight, self.output_bias))[0]
        read, _ = self.rnn.run(x, mode=self.readout)
        active = read if self.readout == "mean" else read.relu()
        return nn.functional.linear(active, weight, self.output_bias)
