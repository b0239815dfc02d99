"""Device-agnostic form: log2(T) rounds of large matrix products instead of T small steps.

Round r combines neighbours, a'_j = a_{2j+1} + V^(2^r) a_{2j} with V = f W, for the last state; for
all states the odd ones come from the combined sequence and the even ones from one more product
(Blelloch 1990, with the powers of the one shared V as dense matrices). The arithmetic is that of
the loop plus log2(T) squarings of a (d, d) matrix. Runs wherever torch runs, gradients by autograd.
"""

import torch
from torch import Tensor

from hadamrnn.recurrence.reference import Mode, Readout, project, read, scale_of, transform


def _matrix_transposed(signs: Tensor, block_size: int, fade: int | None) -> Tensor:
    """f W^T as a dense (d, d) tensor with gradient for the signs: row i is f W e_i."""
    identity = torch.eye(len(signs), dtype=signs.dtype, device=signs.device)
    return transform(identity, block_size) * scale_of(signs, block_size, fade)


def _prefix(values: Tensor, power: Tensor) -> Tensor:
    """All h_t = sum_{j <= t} W^(t-j) a_j for a (batch, time, d) sequence; ``power`` is W^T."""
    steps = values.shape[1]
    if steps == 1:
        return values
    even, odd = values[:, 0::2], values[:, 1::2]
    combined = _prefix(odd + even[:, : odd.shape[1]] @ power, power @ power)
    later = even[:, 1:] + combined[:, : even.shape[1] - 1] @ power
    result = torch.cat((even[:, :1], later), 1).repeat_interleave(2, 1)[:, :steps]
    mask = torch.arange(steps, device=values.device) % 2 == 1
    interleaved = combined.repeat_interleave(2, 1)
    padded = torch.nn.functional.pad(interleaved, (0, 0, 0, steps - interleaved.shape[1]))
    return torch.where(mask[None, :, None], padded, result)


def states(
    projected: Tensor,
    signs: Tensor,
    block_size: int,
    initial_state: Tensor | None = None,
    fade: int | None = None,
) -> Tensor:
    """All states h_1 .. h_T, (batch, time, d), from a_t = U x_t + b of the same shape."""
    power = _matrix_transposed(signs, block_size, fade)
    if initial_state is not None:
        first = projected[:, :1] + (initial_state @ power)[:, None]
        projected = torch.cat((first, projected[:, 1:]), 1)
    return _prefix(projected, power)


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
    >>> run(x, U, None, u, 1)[0].tolist()
    [[3.0, 1.0]]
    """
    projected = project(inputs, input_weight, bias)
    return read(states(projected, signs, block_size, initial_state, fade), mode, readout)
