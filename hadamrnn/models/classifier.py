"""Classifiers: a recurrent layer, relu, and a quantized linear read-out.

y = V relu(r) + c,   r the last state, or y from the mean over time of relu(h_t), or at every
step for many-to-many (arXiv:2502.00047, section 2)
"""

import math

import torch
from torch import nn

from hadamrnn.errors import HadamrnnError
from hadamrnn.models.embedding import FoldedEmbedding
from hadamrnn.models.layer import HadamRNN
from hadamrnn.models.quantization import quantize
from hadamrnn.models.state_noise import StateNoise
from hadamrnn.recurrence import dispatch

READOUTS = ("last", "mean")


class HadamClassifier(nn.Module):
    """HadamRNN, relu, and V with ``weight_bits``: the paper's model.

    input_size, hidden_size, q, weight_bits : as HadamRNN; output_size : classes.
    readout : "last" or "mean" (over time of relu(h_t)); ignored when per_step.
    per_step : logits at every step.
    embedding_size : numbers of a learned embedding of input_size symbols; None: ids are one-hot.

    The embedding has full precision; what a model ships is its product with U, a table of
    (symbols, hidden_size) that ``hadamrnn.export`` rounds.
    """

    def __init__(
        self, input_size, hidden_size, output_size, q=1, weight_bits=4, readout="last",
        per_step=False, embedding_size=None,
    ):  # fmt: skip
        super().__init__()
        if readout not in READOUTS:
            raise HadamrnnError(f"readout: must be one of {', '.join(READOUTS)}; got {readout!r}")
        self.rnn = HadamRNN(embedding_size or input_size, hidden_size, q, weight_bits)
        self.readout, self.per_step, self.weight_bits = readout, per_step, weight_bits
        self.output_weight = nn.Parameter(torch.empty(output_size, hidden_size))
        self.output_bias = nn.Parameter(torch.empty(output_size))
        nn.init.xavier_uniform_(self.output_weight)
        bound = 1 / math.sqrt(hidden_size)
        nn.init.uniform_(self.output_bias, -bound, bound)
        self.embedding = FoldedEmbedding(input_size, embedding_size) if embedding_size else None
        self.state_noise: StateNoise | None = None  # set to train for integer states
        self.class_of: list[int] | None = None  # of each output, where outputs are finer classes

    def quantized_output_weight(self):
        """V as the forward pass sees it, (classes, hidden_size)."""
        return quantize(self.output_weight, self.weight_bits)

    def forward(self, x):
        """Logits: (batch, classes), or (batch, time, classes) when per_step.

        x : (batch, time, input_size) float, or (batch, time) integer ids.
        """
        weight = self.quantized_output_weight()
        noise = None
        if self.training and self.state_noise is not None:
            noise = self.state_noise.draw(len(x), self.rnn.sign_weight)
        if self.per_step:
            return self._run(x, "logits", (weight, self.output_bias), noise)[0]
        if self.readout == "mean":
            active, _ = self._run(x, "mean", initial_state=noise)
        else:
            last, _ = self._run(x, "last")
            # W is orthogonal: at the end the noise is as good as at the start, and cheaper.
            active = (last if noise is None else last + noise).relu()
        return nn.functional.linear(active, weight, self.output_bias)

    @torch.no_grad()
    def states(self, x):
        """All states h_1 .. h_T, (batch, time, hidden_size), without gradient; x as in forward."""
        return self._run(x, "all")[0]

    def _run(self, x, mode, readout=None, initial_state=None):
        """The recurrence of ``dispatch.run``, by look-ups in E U^T where there is an embedding."""
        if self.embedding is None:
            return self.rnn.run(x, initial_state, mode, readout)
        rnn = self.rnn
        places, table = self.embedding.fold(x, rnn.quantized_input_weight())
        return dispatch.run(
            places, table.t(), rnn.bias, rnn.signs(), rnn.block_size, initial_state, mode, readout,
            rnn.backend,
        )  # fmt: skip
