"""The last state by powers of W: matrix products on any device, gradients by autograd.

The recurrence is linear, so h_T = sum_j (f W)^j (U x_{T-j} + b). Time is cut into C chunks of L
steps. K = [U, f W U, ..., (f W)^(L-1) U], made by doubling, [K, (f W)^n K], turns all chunks into
their sums by one product, and the sums are joined by powers of (f W)^L: one after another where
they are few, else by halves, the earlier half times (f W)^(L C/2) added to the later one.

Multiply-adds: L (d_in + 1) d m for K, B T d_in d for the product, B C d m to join, and d m^2 for
each of log2(L) squarings, or log2(T) where sums are joined by halves. Numbers kept beside the
inputs: L (d_in + 1) d + 2 B C d + d m log2(T). ``plan.powers_chunk`` takes the L that costs least,
which grows with the root of T, and so do these numbers.
"""

import torch
from torch import Tensor

from hadamrnn.errors import HadamrnnError
from hadamrnn.recurrence import matrices, plan
from hadamrnn.recurrence.cost import Work
from hadamrnn.recurrence.drive import drive_of
from hadamrnn.recurrence.reference import Mode, Readout
from hadamrnn.recurrence.tracing import symbolic


def run(
    inputs: Tensor,
    input_weight: Tensor,
    bias: Tensor | None,
    signs: Tensor,
    block_size: int,
    initial_state: Tensor | None = None,
    mode: Mode = "last",
    readout: Readout | None = None,
    fade: int | None = None,
) -> tuple[Tensor, Tensor]:
    """The last state on any device; arguments and results as ``reference.run``.

    Raises
    ------
    HadamrnnError
        For another mode than "last".

    Examples
    --------
    >>> x, U, u = torch.ones(1, 3, 1), torch.ones(2, 1), torch.tensor([1.0, -1.0])
    >>> run(x, U, None, u, 1)[0].tolist()
    [[3.0, 1.0]]
    """
    if mode != "last":
        raise HadamrnnError(f"backend: powers makes the last state alone; got mode {mode!r}")
    x, rows, bias = drive_of(inputs, input_weight, bias)
    features = None if rows is None else len(rows) + (bias is not None)
    work = Work(
        hidden_size=len(signs),
        block_size=block_size,
        input_size=features or 0,
        steps=x.shape[1],
        batch=plan.TRACED_BATCH if symbolic() else len(x),
    )
    length = 1 if features is None else plan.powers_chunk(work)
    factor = 1.0 if fade is None else 1 - 2.0**-fade
    made = _Powers(signs, block_size)
    sums = _sums_of_chunks(x, rows, bias, made, length, factor)
    if initial_state is not None:
        first = _moved(initial_state, made, x.shape[1] - (sums.shape[1] - 1) * length, factor)
        sums = torch.cat((sums[:, :1] + first[:, None], sums[:, 1:]), 1)
    last = _joined(sums, made, length, factor)
    return last, last


class _Powers:
    """M^(2^k) for every k that is asked for, (q, m, m) each; see ``matrices``."""

    def __init__(self, signs: Tensor, block_size: int) -> None:
        self.squares = matrices.squares(matrices.step(signs, block_size))
        self.made: list[Tensor] = []

    def __getitem__(self, steps: int) -> Tensor:
        """M^steps, a power of two."""
        while len(self.made) < steps.bit_length():
            self.made.append(next(self.squares))
        return self.made[steps.bit_length() - 1]


def _blocks(vectors: Tensor, blocks: int) -> Tensor:
    """(n, d) -> (q, n, m)."""
    count, hidden = vectors.shape
    return vectors.reshape(count, blocks, hidden // blocks).transpose(0, 1)


def _vectors(blocks: Tensor) -> Tensor:
    """(q, n, m) -> (n, d)."""
    count, size, width = blocks.shape
    return blocks.transpose(0, 1).reshape(size, count * width)


def _moved(states: Tensor, made: _Powers, steps: int, factor: float) -> Tensor:
    """(f W)^steps of each of ``states``, (batch, d)."""
    moved = _blocks(states, len(made[1]))
    for bit in range(steps.bit_length()):
        if steps >> bit & 1:
            moved = moved @ made[1 << bit]
    return _vectors(moved) * factor**steps


def _sums_of_chunks(
    x: Tensor, rows: Tensor | None, bias: Tensor | None, made: _Powers, length: int, factor: float
) -> Tensor:
    """What each chunk adds to the state at its end, (batch, chunks, d); the first may be shorter.

    rows : (features, d) or None
        U^T; None: ``x`` is U x_t + b itself, in chunks of one step.
    """
    if rows is None:
        return x
    blocks, features, (batch, steps) = len(made[1]), len(rows), x.shape[:2]
    given = rows if bias is None else torch.cat((rows, bias[None]))
    table, count = _blocks(given, blocks)[:, None], 1  # (q, steps, rows, m), the latest step last
    while count < length:
        earlier = table.flatten(1, 2) @ (made[count] * factor**count)
        table, count = torch.cat((earlier.view_as(table), table), 1), 2 * count
    weights = table[:, :, :features].permute(1, 2, 0, 3).reshape(length, features, -1)
    chunks = -(-steps // length)
    first = steps - (chunks - 1) * length
    sums = []
    for start, stop, size in ((0, first, first), (first, steps, length)):
        if start == stop:
            continue
        shape = batch, (stop - start) // size, size * features
        product = x[:, start:stop].reshape(shape) @ weights[length - size :].flatten(0, 1)
        if bias is not None:
            product = product + table[:, length - size :, features].sum(1).flatten()
        sums.append(product)
    return torch.cat(sums, 1)


def _joined(sums: Tensor, made: _Powers, length: int, factor: float) -> Tensor:
    """sum_c (f W)^(L (C - 1 - c)) s_c of sums s_c, (batch, chunks, d)."""
    batch, chunks, hidden = sums.shape
    if chunks == 1:
        return sums[:, 0]
    states = _blocks(sums.transpose(0, 1).reshape(chunks * batch, hidden), len(made[1]))
    if chunks <= plan.FEW_CHUNKS:
        blocks, width = len(states), states.shape[2]
        joined, *others = states.reshape(blocks, chunks, batch, width).unbind(1)
        for later in others:
            joined = torch.baddbmm(later, joined, made[length], alpha=factor**length)
        return _vectors(joined)
    while chunks > 1:
        half = 1 << (chunks - 1).bit_length() - 1
        alone = (2 * half - chunks) * batch  # of the later half, before those that get something
        earlier, later = states[:, : (chunks - half) * batch], states[:, (chunks - half) * batch :]
        steps = half * length
        added = torch.baddbmm(later[:, alone:], earlier, made[steps], alpha=factor**steps)
        states, chunks = torch.cat((later[:, :alone], added), 1), half
    return _vectors(states)
