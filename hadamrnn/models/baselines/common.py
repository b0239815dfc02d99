"""What every baseline shares: inputs, embedding, read-out, and how its numbers are counted.

A baseline is a subclass with three methods: ``states`` (the recurrence), ``counts`` (numbers it
stores) and ``step_operations`` (what a step costs).
"""

import math
from collections.abc import Sequence

import torch
from torch import nn

from hadamrnn.errors import HadamrnnError
from hadamrnn.models.quantization import check_weight_bits, quantize

READOUTS = ("last", "mean")
FLOAT_BITS = 32
Counts = dict[str, tuple[int, int]]
"""By part, how many numbers are stored and the bits of each."""


def stored_bits(bits: int | None) -> int:
    """Width in memory of a weight.

    Parameters
    ----------
    bits : int or None
        As weight_bits: 1 is ternary, None is float32.

    Returns
    -------
    int
        Bits.

    Examples
    --------
    >>> [stored_bits(bits) for bits in (None, 1, 4)]
    [32, 2, 4]
    """
    return FLOAT_BITS if bits is None else max(2, bits)


def operations(
    multiply_adds: int, additions: int = 0, multiplications: int = 0, functions: int = 0
) -> dict[str, int]:
    """Operations of a step whose products are dense, and what else it does.

    Parameters
    ----------
    multiply_adds : int
        Of the products; each sum starts from its bias, which costs nothing.
    additions, multiplications : int
        Beside the products.
    functions : int
        Evaluations of sigmoid or tanh. relu is free, as in HadamRNN's account.

    Returns
    -------
    dict
        "additions", "multiplications", "nonlinear_functions", "dense_multiply_adds".
    """
    return {
        "additions": multiply_adds + additions,
        "multiplications": multiply_adds + multiplications,
        "nonlinear_functions": functions,
        "dense_multiply_adds": multiply_adds,
    }


class Baseline(nn.Module):
    """logits = V r + c;  r is the last state, its mean over time, or the state of every step.

    Parameters
    ----------
    input_size : int
        Features per step, or symbols when ids are given.
    hidden_size : int
        d.
    output_size : int
        Classes.
    q, weight_bits
        As HadamRNN's; ignored by the baselines that are not quantized or have no blocks, so that
        one params.yaml serves all models.
    readout : {"last", "mean"}
        Ignored when per_step.
    per_step : bool
        Logits at every step.
    embedding_size : int, optional
        Features of a learned embedding of the ids (id 0 is padding and stays zero); None: ids are
        one-hot.
    class_of : sequence of int, optional
        As HadamClassifier's.
    """

    quantized = False  # whether U and V have weight_bits
    activation = staticmethod(nn.Identity())  # of the states, before they are read out

    def __init__(
        self,
        *,
        input_size: int,
        hidden_size: int,
        output_size: int,
        q: int = 1,
        weight_bits: int | None = None,
        readout: str = "last",
        per_step: bool = False,
        embedding_size: int | None = None,
        class_of: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        if readout not in READOUTS:
            raise HadamrnnError(f"readout: must be one of {', '.join(READOUTS)}; got {readout!r}")
        for name, size in (("input_size", input_size), ("hidden_size", hidden_size)):
            if size < 1:
                raise HadamrnnError(f"{name}: must be at least 1; got {size}")
        check_weight_bits(weight_bits)
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.output_size = output_size
        self.q = q
        self.weight_bits = weight_bits if self.quantized else None
        self.readout = readout
        self.per_step = per_step
        self.embedding_size = embedding_size
        self.class_of = class_of
        self.features = embedding_size or input_size
        self.embedding = None
        if embedding_size:
            self.embedding = nn.Embedding(input_size, embedding_size, padding_idx=0)
        self.output_weight = self.weight(output_size, hidden_size)
        self.output_bias = self.biases(output_size)

    def weight(self, rows: int, columns: int) -> nn.Parameter:
        """A new parameter, Xavier uniform as HadamRNN's U and V."""
        return nn.Parameter(nn.init.xavier_uniform_(torch.empty(rows, columns)))

    def biases(self, size: int) -> nn.Parameter:
        """A new parameter, uniform in +-1/sqrt(d) as HadamRNN's biases."""
        bound = 1 / math.sqrt(self.hidden_size)
        return nn.Parameter(torch.empty(size).uniform_(-bound, bound))

    def states(self, values: torch.Tensor) -> torch.Tensor:
        """All states, (batch, time, d), of ``values`` (batch, time, features)."""
        raise NotImplementedError

    def last_state(self, values: torch.Tensor) -> torch.Tensor:
        """The last state, (batch, d)."""
        return self.states(values)[:, -1]

    def mean_state(self, values: torch.Tensor) -> torch.Tensor:
        """The mean over time of the activation of the states, (batch, d)."""
        active: torch.Tensor = self.activation(self.states(values))
        return active.mean(1)

    def counts(self) -> Counts:
        """{"recurrent", "input", "bias"}: (numbers, bits of each), without the read-out."""
        raise NotImplementedError

    def step_operations(self, features: int) -> dict[str, int]:
        """``operations`` of one step; features : inputs of the product, 0 for a look-up of U."""
        raise NotImplementedError

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The logits.

        Parameters
        ----------
        x : torch.Tensor
            (batch, time, input_size) float, or (batch, time) integer ids.

        Returns
        -------
        torch.Tensor
            (batch, classes), or (batch, time, classes) when per_step.

        Raises
        ------
        HadamrnnError
            ``x`` has another shape or type, or ids are out of range.
        """
        values = self.inputs(x)
        if self.per_step:
            read = self.activation(self.states(values))
        elif self.readout == "mean":
            read = self.mean_state(values)
        else:
            read = self.activation(self.last_state(values))
        weight = quantize(self.output_weight, self.weight_bits)
        return nn.functional.linear(read, weight, self.output_bias)

    def inputs(self, x: torch.Tensor) -> torch.Tensor:
        """``x`` as numbers, (batch, time, features): itself, one-hot ids, or embedded ids."""
        dense = x.dim() == 3
        if dense and (self.embedding is not None or x.shape[2] != self.input_size):
            width = "" if self.embedding is not None else f"(batch, time, {self.input_size}), or "
            raise HadamrnnError(
                f"x: must have shape {width}(batch, time) for integer ids; got {tuple(x.shape)}"
            )
        if x.dim() not in (2, 3) or x.shape[1] < 1 or (x.dim() == 2 and x.is_floating_point()):
            raise HadamrnnError(
                f"x: must have at least one time step, and integers where it is (batch, time); "
                f"got {tuple(x.shape)} {x.dtype}"
            )
        if dense:
            return x
        low, high = int(x.min()), int(x.max())
        if not 0 <= low <= high < self.input_size:
            raise HadamrnnError(f"x: ids must lie in 0..{self.input_size - 1}; got {low}..{high}")
        if self.embedding is not None:
            vectors: torch.Tensor = self.embedding(x.long())
            return vectors
        return nn.functional.one_hot(x.long(), self.input_size).to(self.output_weight.dtype)

    def part_bytes(self) -> dict[str, int]:
        """Bytes of each part as it would be stored: recurrent, input, output, bias, embedding.

        Quantized weights count their bits, packed; like HadamRNN's total without its header, the
        one scale of each quantized matrix is left out.
        """
        counts = self.counts()
        counts["output"] = (self.output_weight.numel(), stored_bits(self.weight_bits))
        biases, _ = counts["bias"]
        counts["bias"] = (biases + self.output_size, FLOAT_BITS)
        counts["embedding"] = (self.input_size * (self.embedding_size or 0), FLOAT_BITS)
        return {name: -(-count * bits // 8) for name, (count, bits) in counts.items()}

    def operations_per_step(self, symbols: bool) -> dict[str, int]:
        """additions, multiplications, nonlinear_functions and dense_multiply_adds of one step.

        The mean adds d additions; a model that answers at every step also counts its logits.

        Parameters
        ----------
        symbols : bool
            Whether inputs are ids; without an embedding, U with the bias is then a look-up.

        Returns
        -------
        dict
            As ``operations``.
        """
        result = self.step_operations(0 if symbols and not self.embedding_size else self.features)
        if self.per_step:
            for name in ("additions", "multiplications", "dense_multiply_adds"):
                result[name] += self.output_weight.numel()
        elif self.readout == "mean":
            result["additions"] += self.hidden_size
        return result
