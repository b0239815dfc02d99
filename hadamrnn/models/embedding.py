"""A learned embedding E in front of the recurrence, folded with its input weights U.

The recurrence is linear and U comes first, so U e_t = (E U^T)[id_t]: one row of a table. The table
has a row for each symbol of the batch, not for each of its steps: E U^T costs rows . n . d, and no
(batch, time, n) or (batch, time, d_in) array exists.
"""

import torch
from torch import nn

from hadamrnn.errors import HadamrnnError

PADDING = 0
"""The id whose vector is zero and stays zero."""

DEVIATION = 0.1
"""Of the initial vectors. With the 1 of torch.nn.Embedding, words too rare to be learned add noise
as large as what the others say (docs/notebook/text.md)."""


class FoldedEmbedding(nn.Module):
    """``symbols`` learned vectors of ``size`` numbers; that of id 0 (padding) is zero, untrained.

    Drawn normal with deviation DEVIATION.

    >>> embedding = FoldedEmbedding(symbols=100, size=8)
    >>> U = torch.ones(4, 8)
    >>> places, table = embedding.fold(torch.tensor([[0, 7, 7], [0, 0, 99]]), U)
    >>> places.tolist(), tuple(table.shape)
    ([[0, 1, 1], [0, 0, 2]], (3, 4))
    """

    def __init__(self, symbols, size):
        super().__init__()
        if min(symbols, size) < 1:
            raise HadamrnnError(
                f"embedding_size: needs at least one number and symbol; got {size} and {symbols}"
            )
        self.weight = nn.Parameter(torch.empty(symbols, size))
        nn.init.normal_(self.weight, std=DEVIATION)
        with torch.no_grad():
            self.weight[PADDING].zero_()

    def extra_repr(self):
        return "{}, {}".format(*self.weight.shape)

    def forward(self, ids):
        """The vectors themselves, (..., size), for integer ids: the plain form, not used to train.

        No gradient goes to the vector of the padding id.
        """
        return nn.functional.embedding(ids.long(), self.weight, padding_idx=PADDING)

    def fold(self, ids, input_weight):
        """The symbols that occur in ``ids`` as look-ups in their rows of E U^T.

        ids : (batch, time) integers; input_weight : U, (d, size).
        Returns (places, table): places (batch, time) int64 row numbers, table (rows, d) with
        gradient to E and U. Raises HadamrnnError for ids that are no symbols.
        """
        self._check(ids)
        present = torch.zeros(len(self.weight), dtype=torch.long, device=ids.device)
        ids = ids.long()
        present[ids.reshape(-1)] = 1
        rows = present.nonzero().reshape(-1)
        places = (present.cumsum(0) - 1)[ids]
        return places, self(rows) @ input_weight.t()

    def whole_table(self, input_weight):
        """E U^T for every symbol, (symbols, d)."""
        return self.weight @ input_weight.t()

    def _check(self, ids):
        if ids.dim() != 2 or ids.is_floating_point() or ids.dtype == torch.bool:
            raise HadamrnnError(
                "x: must be integer ids of shape (batch, time) for a model with an embedding; "
                f"got {ids.dtype} of shape {tuple(ids.shape)}"
            )
        if ids.shape[1] < 1:
            raise HadamrnnError("x: must have at least one time step; got 0")
        if len(ids) and not 0 <= int(ids.min()) <= int(ids.max()) < len(self.weight):
            raise HadamrnnError(
                f"x: ids must lie in 0..{len(self.weight) - 1}; "
                f"got {int(ids.min())}..{int(ids.max())}"
            )
