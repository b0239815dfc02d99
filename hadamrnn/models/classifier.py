"""Classifiers: a recurrent layer, relu, and a quantized linear read-out.

y = V r + c,   r the last relu(h_t), their mean over time or its logarithm (readouts.py), or every
relu(h_t) for many-to-many (arXiv:2502.00047, section 2, has the first and the last)
"""

import math
from collections.abc import Sequence
from typing import Any, Literal

import torch
from torch import Tensor, nn

from hadamrnn.errors import HadamrnnError
from hadamrnn.models import sequences
from hadamrnn.models.embedding import FoldedEmbedding
from hadamrnn.models.layer import HadamRNN
from hadamrnn.models.quantization import check_weight_bits, initial_log_step, quantize
from hadamrnn.models.state_noise import StateNoise
from hadamrnn.readouts import LOG_FLOOR, READOUTS
from hadamrnn.recurrence import dispatch, unequal
from hadamrnn.recurrence.reference import Mode, Readout

PartBits = int | None | Literal["auto"]
"""Bits of U or V where they are told apart."""


class HadamClassifier(nn.Module):
    """HadamRNN, relu, and V with a few bits: the paper's model.

    What a model with an embedding of full precision ships is its product with U, a table of
    (symbols, hidden_size) that ``hadamrnn.export`` rounds; of one of few bits it ships both.

    Parameters
    ----------
    input_size, hidden_size, q, hold_signs, fade
        As ``HadamRNN``.
    weight_bits : int or None
        Bits of U and V, 1 (ternary) to 8; None: full precision.
    output_size : int
        Classes.
    readout : str
        "last", "mean" (over time of relu(h_t)) or "log_mean" (its logarithm, ``readouts``);
        ignored when ``per_step``.
    per_step : bool
        Logits at every step (many-to-many).
    embedding_size : int or None
        Numbers of a learned embedding of ``input_size`` symbols; None: ids are one-hot.
    input_weight_bits, output_weight_bits : int, None or "auto"
        Bits of U and of V apart; "auto": ``weight_bits``.
    embedding_bits : int or None
        Bits of the embedding, 1 (ternary) to 8; None: full precision.
    quantizer : str
        "max" or "lsq", as ``HadamRNN``'s; of V every row then learns a step of its own.
    class_of : sequence of int or None
        The class of each output, where outputs are finer classes.
    state_noise : StateNoise or None
        Set to train for integer states.

    Raises
    ------
    HadamrnnError
        If a size, width or read-out is not as above.

    Examples
    --------
    >>> model = HadamClassifier(input_size=3, hidden_size=8, output_size=4)
    >>> model(torch.randn(5, 20, 3)).shape
    torch.Size([5, 4])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        q: int = 1,
        weight_bits: int | None = 4,
        readout: str = "last",
        per_step: bool = False,
        embedding_size: int | None = None,
        *,
        hold_signs: bool = True,
        fade: int | None = None,
        input_weight_bits: PartBits = "auto",
        output_weight_bits: PartBits = "auto",
        embedding_bits: int | None = None,
        quantizer: str = "max",
        class_of: Sequence[int] | None = None,
        state_noise: StateNoise | None = None,
    ) -> None:
        super().__init__()
        if readout not in READOUTS:
            raise HadamrnnError(f"readout: must be one of {', '.join(READOUTS)}; got {readout!r}")
        features = embedding_size or input_size
        sizes = features, hidden_size, q
        input_bits = weight_bits if input_weight_bits == "auto" else input_weight_bits
        output_bits = weight_bits if output_weight_bits == "auto" else output_weight_bits
        options: dict[str, Any] = {"hold_signs": hold_signs, "fade": fade, "quantizer": quantizer}
        self.rnn = HadamRNN(*sizes, input_bits, **options)
        self.readout, self.per_step = readout, per_step
        self.output_weight_bits = check_weight_bits(output_bits)
        self.output_weight = nn.Parameter(torch.empty(output_size, hidden_size))
        self.output_bias = nn.Parameter(torch.empty(output_size))
        nn.init.xavier_uniform_(self.output_weight)
        bound = 1 / math.sqrt(hidden_size)
        nn.init.uniform_(self.output_bias, -bound, bound)
        self.output_log_step = None
        if quantizer == "lsq" and self.output_weight_bits is not None:
            step = initial_log_step(self.output_weight, self.output_weight_bits, output_size)
            self.output_log_step = nn.Parameter(step)
        self.embedding = None
        if embedding_size:
            options = {"bits": embedding_bits, "quantizer": quantizer}
            self.embedding = FoldedEmbedding(input_size, embedding_size, **options)
        self.class_of, self.state_noise = class_of, state_noise

    def quantized_output_weight(self) -> Tensor:
        """V as the forward pass sees it, (classes, hidden_size)."""
        return quantize(self.output_weight, self.output_weight_bits, self.output_log_step)

    def forward(self, x: Tensor, lengths: sequences.Lengths | None = None) -> Tensor:
        """Logits.

        Parameters
        ----------
        x : (batch, time, input_size) float, or (batch, time) integer
            Numbers, or ids in 0..input_size-1.
        lengths : (batch,) integers or None
            Steps of each sequence, 1 to time: what stands behind them does not exist.

        Returns
        -------
        (batch, classes) float, or (batch, time, classes) if ``per_step``
            Zero behind a sequence's end.

        Raises
        ------
        HadamrnnError
            If shapes, types, ids or lengths are not as above.
        """
        weight = self.quantized_output_weight()
        noise = None
        if self.training and self.state_noise is not None:
            noise = self.state_noise.draw(len(x), self.rnn.sign_weight)
        if self.per_step:
            return self._run(x, lengths, "logits", (weight, self.output_bias), noise)
        if self.readout != "last":
            active = self._run(x, lengths, "mean", initial_state=noise)
            if self.readout == "log_mean":
                active = (active + LOG_FLOOR).log2()
        else:
            last = self._run(x, lengths, "last")
            # W is orthogonal: at the end the noise is as good as at the start, and cheaper.
            active = (last if noise is None else last + noise).relu()
        return nn.functional.linear(active, weight, self.output_bias)

    @torch.no_grad()
    def states(self, x: Tensor, lengths: sequences.Lengths | None = None) -> Tensor:
        """All states h_1 .. h_T, (batch, time, hidden_size), without gradient; as ``forward``."""
        return self._run(x, lengths, "all")

    def _run(
        self,
        x: Tensor,
        lengths: sequences.Lengths | None,
        mode: Mode,
        readout: Readout | None = None,
        initial_state: Tensor | None = None,
    ) -> Tensor:
        if dispatch.outside_of_graphs(self.rnn.input_weight, x, lengths):
            from hadamrnn.models import eager

            return eager.call(self._evaluate, x, lengths, mode, readout, initial_state)
        return self._evaluate(x, lengths, mode, readout, initial_state)

    def _evaluate(
        self,
        x: Tensor,
        lengths: sequences.Lengths | None,
        mode: Mode,
        readout: Readout | None,
        initial_state: Tensor | None,
    ) -> Tensor:
        """The read-out of the recurrence, by look-ups in E U^T where there is an embedding."""
        rnn, embedding = self.rnn, self.embedding
        symbols = rnn.input_size if embedding is None else len(embedding.weight)
        if x.dim() != (3 if x.is_floating_point() else 2) or (
            embedding is not None and x.is_floating_point()
        ):
            numbers = f"(batch, time, {symbols}) if float, " if embedding is None else ""
            raise HadamrnnError(
                f"x: must have shape {numbers}(batch, time) if integer ids; got {tuple(x.shape)} "
                f"of {x.dtype}"
            )
        sizes = symbols, rnn.hidden_size
        given = sequences.read(x, initial_state, lengths, *sizes, rnn.input_weight.dtype)
        if embedding is None:
            return rnn.run(given.inputs, given.initial_state, mode, readout, given.lengths)[0]
        places, table = embedding.fold(given.inputs, rnn.quantized_input_weight())
        return unequal.run(
            places,
            table.t(),
            rnn.bias,
            rnn.signs(),
            rnn.block_size,
            given.initial_state,
            mode,
            readout,
            rnn.fade,
            rnn.backend,
            given.lengths,
        )[0]
