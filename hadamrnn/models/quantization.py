"""Quantizers with straight-through gradients, and their exact integers.

Signs: sign(w) in {-1, +1} with sign(0) = +1, so that W stays orthogonal for every w.
Uniform, p >= 2 bits: a = max|w|, integer = clamp(round(w 2^(p-1) / a), -2^(p-1), 2^(p-1) - 1),
value = integer a / 2^(p-1). The range is asymmetric: at 4 bits +max becomes 7/8 of itself.
p = 1: ternary, {-1, 0, +1} a. p = None: full precision. (arXiv:2502.00047, section 3)

The gradient passes through unchanged (straight-through estimator, Bengio et al. 2013).
"""

import torch

from hadamrnn.errors import HadamrnnError

MAX_WEIGHT_BITS = 8


def check_weight_bits(bits):
    """Raise HadamrnnError unless ``bits`` is None or an integer in 1..8."""
    if bits is not None and (not isinstance(bits, int) or not 1 <= bits <= MAX_WEIGHT_BITS):
        raise HadamrnnError(
            f"weight_bits: must be an integer from 1 (ternary) to {MAX_WEIGHT_BITS}, or null for "
            f"full precision; got {bits}"
        )


class _Sign(torch.autograd.Function):
    @staticmethod
    def forward(ctx, weight):
        return (weight < 0).to(weight.dtype).mul_(-2).add_(1)

    @staticmethod
    def backward(ctx, gradient):
        return gradient


def sign(weight):
    """+1 where weight >= 0, else -1; the gradient passes through.

    >>> sign(torch.tensor([-0.5, 0.0, 2.0])).tolist()
    [-1.0, 1.0, 1.0]
    """
    return _Sign.apply(weight)


def integers(weight, bits):
    """The integers of a quantized weight and their common scale.

    weight : float tensor, any shape; bits : 1 (ternary) to 8.
    Returns (int8 tensor of the same shape, 0-dim tensor), with weight ~ integers * scale.

    >>> levels, scale = integers(torch.tensor([-1.0, 0.3, 1.0]), 4)
    >>> levels.tolist(), scale.item()
    ([-8, 2, 7], 0.125)
    """
    levels, scale = _levels(weight, bits)
    return levels.to(torch.int8), scale


def _levels(weight, bits):
    """As ``integers``, the integers in the type of ``weight``."""
    check_weight_bits(bits)
    highest = weight.abs().max()
    highest = highest.masked_fill_(highest == 0, 1)
    if bits == 1:
        return (weight / highest).round_(), highest
    steps = 2 ** (bits - 1)
    return (weight * (steps / highest)).round_().clamp_(-steps, steps - 1), highest / steps


class _Quantize(torch.autograd.Function):
    @staticmethod
    def forward(ctx, weight, bits):
        levels, scale = _levels(weight, bits)
        return levels.mul_(scale)

    @staticmethod
    def backward(ctx, gradient):
        return gradient, None


def quantize(weight, bits):
    """The p-bit value of ``weight`` with the straight-through gradient; itself if bits is None.

    >>> quantize(torch.tensor([-1.0, 0.3, 1.0]), 1).tolist()
    [-1.0, 0.0, 1.0]
    """
    check_weight_bits(bits)
    return weight if bits is None else _Quantize.apply(weight, bits)
