"""Sequences of unequal lengths in one batch: steps of padding do not exist.

For the last state and the mean, sequences move to the end of the batch's time, behind steps without
input. Without b such steps leave a zero state at zero, so b becomes the weight of one more input,
which is 1 inside a sequence: every form does this as it is. With an initial state, and where every
step is read, sequences stay at the start, and the states at their ends are picked from all states:
memory for (batch, time, d) numbers.
"""

import torch
from torch import Tensor

from hadamrnn.recurrence import dispatch
from hadamrnn.recurrence.reference import Mode, Readout


def inside(steps: int, lengths: Tensor) -> Tensor:
    """Which steps belong to their sequence, (batch, time) bool.

    Examples
    --------
    >>> inside(3, torch.tensor([1, 3])).tolist()
    [[True, False, False], [True, True, True]]
    """
    return torch.arange(steps, device=lengths.device) < lengths[:, None]


def hide(inputs: Tensor, lengths: Tensor) -> Tensor:
    """``inputs``, (batch, time) or (batch, time, d_in), with zeros in place of padding."""
    outside = ~inside(inputs.shape[1], lengths)
    return inputs.masked_fill(outside if inputs.dim() == 2 else outside[:, :, None], 0)


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
    backend: str = "auto",
    lengths: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """``dispatch.run`` of sequences that end before the last step.

    Parameters
    ----------
    inputs, input_weight, bias, signs, block_size, initial_state, mode, readout, fade, backend
        As ``dispatch.run``. What stands behind a sequence's end is never read.
    lengths : (batch,) int64 or None
        Steps of each sequence, 1 to time; None: all of them.

    Returns
    -------
    output : (batch, d), (batch, time, d) or (batch, time, outputs) float
        As ``dispatch.run``; the mean is over a sequence's own steps, and what belongs to steps
        behind its end is zero.
    last : (batch, d) float
        The state at the end of each sequence.

    Examples
    --------
    >>> x, U, u = torch.ones(2, 3, 1), torch.ones(1, 1), torch.ones(1)
    >>> run(x, U, None, u, 1, lengths=torch.tensor([1, 3]))[0].tolist()
    [[1.0], [3.0]]
    """
    if lengths is None:
        given = (inputs, input_weight, bias, signs, block_size, initial_state, mode, readout)
        return dispatch.run(*given, fade, backend)
    if initial_state is None and mode in ("last", "mean"):
        moved, weight = _at_the_end(inputs, input_weight, bias, lengths)
        output, last = dispatch.run(
            moved, weight, None, signs, block_size, None, mode, None, fade, backend
        )
        if mode == "mean":
            output = output * (inputs.shape[1] / lengths.to(output.dtype))[:, None]
        return output, last
    if backend == "powers":  # of every step
        backend = "frame"
    hidden = hide(inputs, lengths)
    states, _ = dispatch.run(
        hidden, input_weight, bias, signs, block_size, initial_state, "all", None, fade, backend
    )
    last = states[torch.arange(len(lengths), device=lengths.device), lengths - 1]
    within = inside(inputs.shape[1], lengths)[:, :, None]
    if mode == "last":
        return last, last
    if mode == "all":
        return torch.where(within, states, 0.0), last
    if mode == "mean":
        sums = torch.where(within, states.relu(), 0.0).sum(1)
        return sums / lengths.to(sums.dtype)[:, None], last
    assert readout is not None
    logits = torch.nn.functional.linear(states.relu(), *readout)
    return torch.where(within, logits, 0.0), last


def _at_the_end(
    inputs: Tensor, input_weight: Tensor, bias: Tensor | None, lengths: Tensor
) -> tuple[Tensor, Tensor]:
    """Inputs whose sequences end with the batch's time, and U with what stands for b."""
    steps = inputs.shape[1]
    source = torch.arange(steps, device=inputs.device) - (steps - lengths)[:, None]
    outside, source = source < 0, source.clamp(min=0)
    if inputs.dim() == 2:  # one more symbol, whose column of U is zero
        moved = inputs.long().gather(1, source).masked_fill(outside, input_weight.shape[1])
        weight = input_weight if bias is None else input_weight + bias[:, None]
        return moved, torch.cat((weight, weight.new_zeros(len(weight), 1)), 1)
    moved = inputs.gather(1, source[:, :, None].expand_as(inputs))
    moved = moved.masked_fill(outside[:, :, None], 0)
    if bias is None:
        return moved, input_weight
    ones = (~outside)[:, :, None].to(moved.dtype)
    return torch.cat((moved, ones), 2), torch.cat((input_weight, bias[:, None]), 1)
