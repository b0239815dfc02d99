"""The definition: one time step after another, in plain torch operations.

    h_t = f W h_{t-1} + U x_t + b,   W = diag(u) . (I_q (x) S_m) / sqrt(m)   (arXiv:2502.00047)

f is 1 in the paper's model; with ``fade`` k it is 1 - 2^-k, and a state remembers about 2^k steps.
Related: a scalar decay for each head in RotRNN (arXiv:2407.07239).

Every other form in this folder is tested against the values and gradients of this one. It costs
O(T) small operations and keeps every intermediate for its backward pass, so it is for tests and
for machines where nothing faster runs.
"""

import math
import operator
from typing import Literal, SupportsIndex

import torch
from torch import Tensor

from hadamrnn.errors import HadamrnnError

Mode = Literal["last", "mean", "all", "logits"]
"""What is read out: h_T; the mean over time of relu(h_t); every h_t; V relu(h_t) + c."""

Readout = tuple[Tensor, Tensor]
"""V, (outputs, d), and c, (outputs,), of mode "logits"."""

MAX_FADE = 15


def check_fade(fade: SupportsIndex | None) -> int | None:
    """``fade`` as a Python int, or None.

    Raises
    ------
    HadamrnnError
        Unless it is None or an integer in 1..MAX_FADE.
    """
    if fade is None:
        return None
    try:
        number = -1 if isinstance(fade, bool) else operator.index(fade)
    except TypeError:
        number = -1
    if not 1 <= number <= MAX_FADE:
        raise HadamrnnError(
            f"fade: must be an integer from 1 to {MAX_FADE}, or null for states that do not fade; "
            f"got {fade}"
        )
    return number


def scale_of(signs: Tensor, block_size: int, fade: int | None) -> Tensor:
    """What stands before S: f u / sqrt(m), (d,).

    Examples
    --------
    >>> scale_of(torch.tensor([1.0, -1.0]), 4, fade=1).tolist()
    [0.25, -0.25]
    """
    scale = signs / math.sqrt(block_size)
    return scale if fade is None else scale * (1 - 2.0**-fade)


def transform(values: Tensor, block_size: int) -> Tensor:
    """Unnormalised block Hadamard transform along the last axis, differentiable.

    Parameters
    ----------
    values : (..., d) float
        Rows to transform.
    block_size : int
        m, a power of two that divides d.

    Returns
    -------
    (..., d) float
        (I_q (x) S_m) v of every vector v.

    Examples
    --------
    >>> transform(torch.tensor([1.0, 2.0, 3.0, 4.0]), 4).tolist()
    [10.0, -2.0, -4.0, 0.0]
    """
    shape, half = values.shape, 1
    while half < block_size:
        pairs = values.reshape(*shape[:-1], -1, 2, half)
        first, second = pairs[..., 0, :], pairs[..., 1, :]
        values = torch.stack((first + second, first - second), dim=-2).reshape(shape)
        half *= 2
    return values


def project(inputs: Tensor, input_weight: Tensor, bias: Tensor | None) -> Tensor:
    """a_t = U x_t + b for dense inputs, or a look-up of U's columns for symbols.

    Parameters
    ----------
    inputs : (batch, time, d_in) float, or (batch, time) integer
        Numbers, or ids in 0..d_in-1.
    input_weight : (d, d_in) float
        U.
    bias : (d,) float or None
        b.

    Returns
    -------
    (batch, time, d) float
    """
    if inputs.dim() == 2:
        projected = torch.nn.functional.embedding(inputs.long(), input_weight.t())
    else:
        projected = inputs @ input_weight.t()
    return projected if bias is None else projected + bias


def read(states: Tensor, mode: Mode, readout: Readout | None = None) -> tuple[Tensor, Tensor]:
    """What ``mode`` asks of all states, (batch, time, d), and the last state; see ``run``."""
    last = states[:, -1]
    if mode == "last":
        return last, last
    if mode == "mean":
        return states.relu().mean(1), last
    if mode == "all":  # no view: who changes one of the two does not mean the other
        return states, last.clone()
    assert readout is not None
    return torch.nn.functional.linear(states.relu(), *readout), last


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
    """The recurrence with its read-out, with gradients for every float argument.

    Every form has this function with these arguments.

    Parameters
    ----------
    inputs : (batch, time, d_in) float, or (batch, time) integer
        x: numbers, or ids in 0..d_in-1 that stand for one-hot vectors.
    input_weight : (d, d_in) float
        U.
    bias : (d,) float or None
        b.
    signs : (d,) float
        u, of +1 and -1.
    block_size : int
        m, a power of two that divides d.
    initial_state : (batch, d) float or None
        h_0; None: zeros.
    mode : "last", "mean", "all" or "logits"
        h_T; the mean over time of relu(h_t); every h_t; V relu(h_t) + c at every step.
    readout : (V, c) or None
        (outputs, d) and (outputs,) of mode "logits".
    fade : int or None
        k of the factor 1 - 2^-k, 1 to MAX_FADE; None: no factor.

    Returns
    -------
    output : (batch, d), (batch, time, d) or (batch, time, outputs) float
    last : (batch, d) float
        h_T.
    """
    projected = project(inputs, input_weight, bias)
    scale = scale_of(signs, block_size, fade)
    state = torch.zeros_like(projected[:, 0]) if initial_state is None else initial_state
    steps = []
    for t in range(projected.shape[1]):
        state = scale * transform(state, block_size) + projected[:, t]
        steps.append(state)
    return read(torch.stack(steps, dim=1), mode, readout)
