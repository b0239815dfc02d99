"""A learned embedding E in front of the recurrence, folded with its input weights U.

The recurrence is linear and U comes first, so U e_t = (E U^T)[id_t]: one row of a table. The table
has a row for each symbol of the batch, not for each of its steps: E U^T costs rows . n . d, and no
(batch, time, n) or (batch, time, d_in) array exists.
"""

import torch
from torch import Tensor, nn

from hadamrnn.errors import HadamrnnError
from hadamrnn.models.quantization import (
    check_quantizer,
    check_weight_bits,
    initial_log_step,
    quantize,
)
from hadamrnn.recurrence.tracing import autocast_enabled, unseen

PADDING = 0
"""The id whose vector is zero and stays zero."""

DEVIATION = 0.1
"""Of the initial vectors. With the 1 of torch.nn.Embedding, words too rare to be learned add noise
as large as what the others say (docs/notebook/text.md)."""


class FoldedEmbedding(nn.Module):
    """A learned vector for each symbol; that of id 0 (padding) is zero, untrained.

    Vectors are drawn normal with deviation DEVIATION.

    Parameters
    ----------
    symbols : int
        How many there are, padding included.
    size : int
        Numbers of a vector.
    bits : int or None
        Bits of E, 2 to 8; None: full precision.
    quantizer : str
        "max" or "lsq" (``quantization``); E has one step.

    Raises
    ------
    HadamrnnError
        If one of them is below 1.

    Examples
    --------
    >>> embedding = FoldedEmbedding(symbols=100, size=8)
    >>> U = torch.ones(4, 8)
    >>> places, table = embedding.fold(torch.tensor([[0, 7, 7], [0, 0, 99]]), U)
    >>> places.tolist(), tuple(table.shape)
    ([[0, 1, 1], [0, 0, 2]], (3, 4))
    """

    def __init__(
        self, symbols: int, size: int, bits: int | None = None, quantizer: str = "max"
    ) -> None:
        super().__init__()
        if min(symbols, size) < 1:
            raise HadamrnnError(
                f"embedding_size: needs at least one number and symbol; got {size} and {symbols}"
            )
        self.weight = nn.Parameter(torch.empty(symbols, size))
        nn.init.normal_(self.weight, std=DEVIATION)
        with torch.no_grad():
            self.weight[PADDING].zero_()
        self.bits = check_weight_bits(bits)
        learned = check_quantizer(quantizer) == "lsq" and self.bits is not None
        self.log_step = None
        if learned and self.bits is not None:
            self.log_step = nn.Parameter(initial_log_step(self.weight, self.bits))

    def extra_repr(self) -> str:
        symbols, size = self.weight.shape
        return f"{symbols}, {size}" + ("" if self.bits is None else f", bits={self.bits}")

    def vectors(self) -> Tensor:
        """E as the forward pass sees it, (symbols, size), on the grid of ``bits``."""
        return quantize(self.weight, self.bits, self.log_step)

    def forward(self, ids: Tensor) -> Tensor:
        """The vectors themselves, (..., size), for integer ids: the plain form, not used to train.

        No gradient goes to the vector of the padding id.
        """
        return nn.functional.embedding(ids.long(), self.vectors(), padding_idx=PADDING)

    def fold(self, ids: Tensor, input_weight: Tensor) -> tuple[Tensor, Tensor]:
        """The symbols that occur in ``ids`` as look-ups in their rows of E U^T.

        Parameters
        ----------
        ids : (batch, time) integer
            In 0..symbols-1, which is not checked here.
        input_weight : (d, size) float
            U.

        Returns
        -------
        places : (batch, time) int64
            Row numbers of ``table``.
        table : (rows, d) float
            With gradient to E and U, in their type whatever torch.autocast says.
        """
        if unseen():  # which symbols occur cannot be asked
            every = torch.arange(len(self.weight), device=ids.device)
            return ids.long(), _product(self(every), input_weight)
        present = torch.zeros(len(self.weight), dtype=torch.long, device=ids.device)
        ids = ids.long()
        present[ids.reshape(-1)] = 1
        rows = present.nonzero().reshape(-1)
        places = (present.cumsum(0) - 1)[ids]
        return places, _product(self(rows), input_weight)

    def whole_table(self, input_weight: Tensor) -> Tensor:
        """E U^T for every symbol, (symbols, d)."""
        return _product(self.vectors(), input_weight)


def _product(vectors: Tensor, input_weight: Tensor) -> Tensor:
    if not autocast_enabled(vectors.device.type):
        return vectors @ input_weight.t()
    with torch.autocast(vectors.device.type, enabled=False):
        return vectors @ input_weight.t()
