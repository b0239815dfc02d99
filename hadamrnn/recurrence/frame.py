"""All states by the rotating frame: matrix products on any device, gradients by autograd.

Within a chunk of L steps, h_t = f^t W^t (h_0 + g_t) with g_t = sum_{s <= t} f^-s W^-s (U x_s + b):
W^-s [U, b] are L small matrices, g is a cumulative sum, and one batched product with the powers W^t
gives every state. W is orthogonal, so nothing grows on the way; of f, f^(L-s) stands at what is
summed and f^(t-L) at the powers, at most 2^16 apart. Chunks are made at once; the state passes from
one to the next by W^L.

Multiply-adds: B T d m for the states, B T d_in d for the sums, L d m (m + d_in) for the powers,
2 B d m a chunk. Numbers: L d (m + d_in) for the powers; of (B, T, d) arrays two exist for each time
of SEGMENT numbers, and one more segment is made again at a time by the backward pass where there
are several, so that what waits for it is the powers, the outputs and one state a segment.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils import checkpoint

from hadamrnn.recurrence import matrices, plan
from hadamrnn.recurrence.cost import Work
from hadamrnn.recurrence.drive import drive_of
from hadamrnn.recurrence.reference import Mode, Readout, read
from hadamrnn.recurrence.tracing import symbolic

SEGMENT = 2**26
"""Numbers of states that are made at once, 256 MiB in float32."""


class _Tables(NamedTuple):
    """What all chunks share.

    rows : (L, q, features, m), f^(L-s) W^-s U; for U x_t + b itself (L, q, m, m), f^(L-s) W^-s.
    bias : (L, q, 1, m) or None, f^(L-s) W^-s b.
    powers : (L, q, m, m), f^(t-L) W^t.
    factor : f^L.
    projected : whether what comes is U x_t + b.
    """

    rows: Tensor
    bias: Tensor | None
    powers: Tensor
    factor: float
    projected: bool


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
    """The recurrence with its read-out on any device; arguments and results as ``reference.run``.

    Examples
    --------
    >>> x, U, u = torch.ones(1, 3, 1), torch.ones(2, 1), torch.tensor([1.0, -1.0])
    >>> run(x, U, None, u, 1, mode="all")[0].tolist()
    [[[1.0, 1.0], [2.0, 0.0], [3.0, 1.0]]]
    """
    x, rows, bias = drive_of(inputs, input_weight, bias)
    return _read_out(x, rows, bias, signs, block_size, initial_state, mode, readout, fade)


def states(
    projected: Tensor,
    signs: Tensor,
    block_size: int,
    initial_state: Tensor | None = None,
    fade: int | None = None,
) -> Tensor:
    """All states h_1 .. h_T, (batch, time, d), from a_t = U x_t + b of the same shape."""
    given = projected, None, None, signs, block_size, initial_state
    return _read_out(*given, "all", None, fade)[0]


def _read_out(
    x: Tensor,
    rows: Tensor | None,
    bias: Tensor | None,
    signs: Tensor,
    block_size: int,
    state: Tensor | None,
    mode: Mode,
    readout: Readout | None,
    fade: int | None,
) -> tuple[Tensor, Tensor]:
    batch, steps, features = x.shape
    known = plan.TRACED_BATCH if symbolic() else batch
    hidden = len(signs)
    work = Work(hidden, block_size, features, steps, known)
    length = plan.frame_chunk(work, fade, SEGMENT)
    if rows is not None and length * features > known * steps:
        x, rows, bias = _projected(x, rows, bias), None, None
    tables = _tables(rows, bias, signs, block_size, length, fade)
    segment = length * max(1, SEGMENT // max(1, known * length * hidden))
    if symbolic():
        segment = steps
    outputs: list[Tensor] = []
    again = segment < steps and torch.is_grad_enabled()
    for start in range(0, steps, segment):
        arguments = x[:, start : start + segment], state, tables, mode, readout
        if again:
            output, state = checkpoint.checkpoint(
                _segment, *arguments, use_reentrant=False, preserve_rng_state=False
            )
        else:
            output, state = _segment(*arguments)
        outputs.append(output)
    assert state is not None
    if mode == "last":
        return state, state
    if mode == "mean":
        return sum(outputs[1:], outputs[0]) / steps, state
    return torch.cat(outputs, 1) if len(outputs) > 1 else outputs[0], state


def _projected(x: Tensor, rows: Tensor, bias: Tensor | None) -> Tensor:
    return x @ rows if bias is None else x @ rows + bias


def _tables(
    rows: Tensor | None,
    bias: Tensor | None,
    signs: Tensor,
    block_size: int,
    length: int,
    fade: int | None,
) -> _Tables:
    powers = matrices.powers(matrices.step(signs, block_size), length)
    back = matrices.powers_back(signs, powers)
    factor = 1.0 if fade is None else 1 - 2.0**-fade
    if fade is not None:
        ahead = torch.arange(length - 1, -1, -1, device=signs.device, dtype=signs.dtype)
        scale = (factor**ahead)[:, None, None, None]
        powers, back = powers / scale, back * scale
    made = None if bias is None else bias.reshape(-1, 1, block_size) @ back
    if rows is not None:
        back = rows.reshape(len(rows), -1, block_size).transpose(0, 1) @ back
    return _Tables(back, made, powers, factor**length, rows is None)


def _segment(
    x: Tensor, state: Tensor | None, tables: _Tables, mode: Mode, readout: Readout | None
) -> tuple[Tensor, Tensor]:
    """(output, last state) of a segment of time; the sum over time of relu(h_t) for "mean"."""
    (batch, steps), (length, blocks, _, width) = x.shape[:2], tables.powers.shape
    chunks = -(-steps // length)
    x = torch.nn.functional.pad(x, (0, 0, 0, chunks * length - steps))
    x = x.reshape(batch, chunks, length, x.shape[2]).permute(2, 1, 0, 3)
    x = x.reshape(length, chunks * batch, x.shape[3])
    if tables.projected:
        x = x.reshape(length, chunks * batch, blocks, width).transpose(1, 2)
        added = x @ tables.rows
    else:
        added = x[:, None] @ tables.rows
    if tables.bias is not None:
        added = added + tables.bias
    framed = added.cumsum(0)  # (L, q, chunks batch, m)
    states = (framed + _carried(framed[-1], state, chunks, batch, tables)) @ tables.powers
    states = states.reshape(length, blocks, chunks, batch, width).permute(3, 2, 0, 1, 4)
    states = states.reshape(batch, chunks * length, blocks * width)[:, :steps]
    output, last = read(states, mode, readout)
    return (output * steps if mode == "mean" else output), last.clone()


def _carried(
    ends: Tensor, state: Tensor | None, chunks: int, batch: int, tables: _Tables
) -> Tensor:
    """What each chunk finds in its frame, f^L times the state before it, (q, chunks batch, m).

    ends : (q, chunks batch, m)
        Sums at the ends of the chunks, from zero states.
    """
    blocks, _, width = ends.shape
    whole, found = tables.powers[-1], ends.new_zeros(blocks, batch, width)
    if state is not None:
        found = state.reshape(batch, blocks, width).transpose(0, 1)
    before = [found]
    inner = ends[:, : (chunks - 1) * batch] @ whole
    for end in inner.reshape(blocks, chunks - 1, batch, width).unbind(1):
        found = torch.baddbmm(end, found, whole, alpha=tables.factor)
        before.append(found)
    return torch.cat(before, 1) * tables.factor
