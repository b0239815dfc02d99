"""Quantizers with straight-through gradients, and their exact integers.

Signs: sign(w) in {-1, +1} with sign(0) = +1, so that W stays orthogonal for every w.
Uniform, p >= 2 bits: a = max|w|, integer = clamp(round(w 2^(p-1) / a), -2^(p-1), 2^(p-1) - 1),
value = integer a / 2^(p-1). The range is asymmetric: at 4 bits +max becomes 7/8 of itself.
p = 1: ternary, {-1, 0, +1} a. p = None: full precision. (arXiv:2502.00047, section 3)

The gradient passes through unchanged (straight-through estimator, Bengio et al. 2013).
"""

import operator
from typing import SupportsIndex

from torch import Tensor

from hadamrnn.errors import HadamrnnError

MAX_WEIGHT_BITS = 8


def check_weight_bits(bits: SupportsIndex | None) -> int | None:
    """``bits`` as a Python int, or None.

    Raises
    ------
    HadamrnnError
        Unless it is None or an integer of any type in 1..8.
    """
    if bits is None:
        return None
    try:
        number = -1 if isinstance(bits, bool) else operator.index(bits)
    except TypeError:
        number = -1
    if not 1 <= number <= MAX_WEIGHT_BITS:
        raise HadamrnnError(
            f"weight_bits: must be an integer from 1 (ternary) to {MAX_WEIGHT_BITS}, or null for "
            f"full precision; got {bits}"
        )
    return number


def _straight_through(weight: Tensor, value: Tensor) -> Tensor:
    """``value`` with the gradient of ``weight``, exactly: w - w is zero.

    Plain operations, so that torch.func, torch.export and second derivatives see through them.
    """
    return value + (weight - weight.detach())


def sign(weight: Tensor) -> Tensor:
    """+1 where weight >= 0, else -1; the gradient passes through.

    Examples
    --------
    >>> import torch
    >>> sign(torch.tensor([-0.5, 0.0, 2.0])).tolist()
    [-1.0, 1.0, 1.0]
    """
    negative = (weight.detach() < 0).to(weight.dtype)
    return _straight_through(weight, 1 - 2 * negative)


def integers(weight: Tensor, bits: SupportsIndex) -> tuple[Tensor, Tensor]:
    """The integers of a quantized weight and their common scale.

    Parameters
    ----------
    weight : float Tensor of any shape
        Full-precision parameters.
    bits : int
        1 (ternary) to 8.

    Returns
    -------
    levels : int8 Tensor of the same shape
        In -2^(bits-1)..2^(bits-1)-1, or -1..1 for one bit.
    scale : 0-dim float Tensor
        weight ~ levels * scale.

    Examples
    --------
    >>> import torch
    >>> levels, scale = integers(torch.tensor([-1.0, 0.3, 1.0]), 4)
    >>> levels.tolist(), scale.item()
    ([-8, 2, 7], 0.125)
    """
    levels, scale = _levels(weight, bits)
    return levels.char(), scale


def _levels(weight: Tensor, bits: SupportsIndex) -> tuple[Tensor, Tensor]:
    """As ``integers``, the integers in the type of ``weight``."""
    number = check_weight_bits(bits)
    assert number is not None
    weight = weight.detach()
    highest = weight.abs().max()
    highest = highest.masked_fill(highest == 0, 1)
    if number == 1:
        return (weight / highest).round(), highest
    steps = 2 ** (number - 1)
    return (weight * (steps / highest)).round().clamp(-steps, steps - 1), highest / steps


def quantize(weight: Tensor, bits: SupportsIndex | None) -> Tensor:
    """The p-bit value of ``weight`` with the straight-through gradient.

    Parameters
    ----------
    weight : float Tensor of any shape
        Full-precision parameters.
    bits : int or None
        1 (ternary) to 8; None: ``weight`` itself.

    Returns
    -------
    float Tensor of the same shape

    Examples
    --------
    >>> import torch
    >>> quantize(torch.tensor([-1.0, 0.3, 1.0]), 1).tolist()
    [-1.0, 0.0, 1.0]
    """
    if bits is None:
        return weight
    levels, scale = _levels(weight, bits)
    return _straight_through(weight, levels * scale)
