"""Device-agnostic form: log2(T) rounds of large matrix products instead of T small steps.

Round r combines neighbours, a'_j = a_{2j+1} + W^(2^r) a_{2j}, for the last state; for all states
the odd ones come from the combined sequence and the even ones from one more product
(Blelloch 1990, with the powers of the one shared W as dense matrices). The arithmetic is that of
the loop plus log2(T) squarings of a (d, d) matrix. Runs wherever torch runs, gradients by autograd.
"""

import torch

from hadamrnn.recurrence.reference import project, transform


def _matrix_transposed(signs, block_size):
    """W^T as a dense (d, d) tensor with gradient for the signs: row i is W e_i."""
    identity = torch.eye(len(signs), dtype=signs.dtype, device=signs.device)
    return transform(identity, block_size) * (signs / block_size**0.5)


def _prefix(values, power):
    """All h_t = sum_{j <= t} W^(t-j) a_j for a (batch, time, d) sequence; ``power`` is W^T."""
    steps = values.shape[1]
    if steps == 1:
        return values
    even, odd = values[:, 0::2], values[:, 1::2]
    combined = _prefix(odd + even[:, : odd.shape[1]] @ power, power @ power)
    later = even[:, 1:] + combined[:, : even.shape[1] - 1] @ power
    result = torch.empty_like(values)
    result = torch.cat((even[:, :1], later), 1).repeat_interleave(2, 1)[:, :steps]
    mask = torch.arange(steps, device=values.device) % 2 == 1
    interleaved = combined.repeat_interleave(2, 1)
    padded = torch.nn.functional.pad(interleaved, (0, 0, 0, steps - interleaved.shape[1]))
    return torch.where(mask[None, :, None], padded, result)


def states(inputs, input_weight, bias, signs, block_size, initial_state=None):
    """All states h_1 .. h_T on any device; arguments as ``reference.states``."""
    values = project(inputs, input_weight, bias)
    power = _matrix_transposed(signs, block_size)
    if initial_state is not None:
        first = values[:, :1] + (initial_state @ power)[:, None]
        values = torch.cat((first, values[:, 1:]), 1)
    return _prefix(values, power)
