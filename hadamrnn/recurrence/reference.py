"""The definition: one time step after another, in plain torch operations.

    h_t = W h_{t-1} + U x_t + b,   W = diag(u) . (I_q (x) S_m) / sqrt(m)   (arXiv:2502.00047)

Every other form in this folder is tested against the values and gradients of this one. It costs
O(T) small operations and keeps every intermediate for its backward pass, so it is for tests and
for machines where nothing faster runs.
"""

import math

import torch


def transform(values, block_size):
    """Unnormalised block Hadamard transform along the last axis, differentiable.

    values : (..., d) float tensor; block_size : m, a power of two that divides d.

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


def project(inputs, input_weight, bias):
    """a_t = U x_t + b for dense inputs, or a look-up of U's columns for symbols.

    inputs : (batch, time, d_in) float, or (batch, time) integer ids in 0..d_in-1.
    input_weight : (d, d_in); bias : (d,) or None. Returns (batch, time, d).
    """
    if inputs.dim() == 2:
        projected = torch.nn.functional.embedding(inputs.long(), input_weight.t())
    else:
        projected = inputs @ input_weight.t()
    return projected if bias is None else projected + bias


def states(inputs, input_weight, bias, signs, block_size, initial_state=None):
    """All states h_1 .. h_T by the plain loop.

    inputs : (batch, time, d_in) float or (batch, time) ids; input_weight : (d, d_in);
    bias : (d,) or None; signs : (d,) of +1 and -1; initial_state : (batch, d), zeros when None.
    Returns (batch, time, d).
    """
    projected = project(inputs, input_weight, bias)
    scale = signs / math.sqrt(block_size)
    state = torch.zeros_like(projected[:, 0]) if initial_state is None else initial_state
    steps = []
    for t in range(projected.shape[1]):
        state = scale * transform(state, block_size) + projected[:, t]
        steps.append(state)
    return torch.stack(steps, dim=1)
