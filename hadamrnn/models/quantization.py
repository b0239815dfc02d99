"""Quantizers with straight-through gradients, and their exact integers.

Signs: sign(w) in {-1, +1} with sign(0) = +1, so that W stays orthogonal for every w.
Uniform, p >= 2 bits: a = max|w|, integer = clamp(round(w 2^(p-1) / a), -2^(p-1), 2^(p-1) - 1),
value = integer a / 2^(p-1). The range is asymmetric: at 4 bits +max becomes 7/8 of itself.
p = 1: ternary, {-1, 0, +1} a. p = None: full precision. (arXiv:2502.00047, section 3)
The gradient passes through unchanged (straight-through estimator, Bengio et al. 2013).

Learned steps (LSQ, Esser et al. 2020, arXiv:1902.08153) take the place of max|w|: with L and H the
ends of the range above, value = s round(clamp(w / s, L, H)), and

    d value / d w = 1 within the range, else 0
    d value / d s = round(w / s) - w / s within the range, else L or H,   times 1 / sqrt(n H)

n the number of weights that share s. What is kept and learned is ln s, so that s stays positive
and a step of the optimizer changes it by a share of itself.
"""

import math
import operator
from typing import SupportsIndex

import torch
from torch import Tensor

from hadamrnn.errors import HadamrnnError
from hadamrnn.models import fused_quantizers as fused
from hadamrnn.models import straight_through as plain

MAX_WEIGHT_BITS = 8
QUANTIZERS = ("max", "lsq")
"""Where the step between two values of a weight comes from: its largest, or training."""


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


def check_quantizer(name: str) -> str:
    """``name`` itself.

    Raises
    ------
    HadamrnnError
        Unless it is one of QUANTIZERS.
    """
    if name not in QUANTIZERS:
        raise HadamrnnError(f"quantizer: must be one of {', '.join(QUANTIZERS)}; got {name!r}")
    return name


def sign(weight: Tensor) -> Tensor:
    """+1 where weight >= 0, else -1; the gradient passes through.

    Examples
    --------
    >>> import torch
    >>> sign(torch.tensor([-0.5, 0.0, 2.0])).tolist()
    [-1.0, 1.0, 1.0]
    """
    if not weight.requires_grad:
        return plain.signs(weight)
    if fused.able(weight):
        return fused.signs(weight)
    return plain.straight_through(weight, plain.signs(weight))


def level_range(bits: int) -> tuple[int, int]:
    """The smallest and the largest integer of ``bits`` bits.

    >>> level_range(1), level_range(2), level_range(4)
    ((-1, 1), (-2, 1), (-8, 7))
    """
    return (-1, 1) if bits == 1 else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)


@torch.no_grad()
def initial_log_step(weight: Tensor, bits: int, rows: int = 1) -> Tensor:
    """ln of the steps that training starts from: s = 2 mean|w| / sqrt(H), of each row or of all.

    Parameters
    ----------
    weight : float Tensor, (rows or more, n)
    bits : int
        1 (ternary) to 8.
    rows : int
        How many steps: 1, or one for each row of ``weight``.

    Returns
    -------
    float Tensor, (rows, 1)
    """
    mean = weight.detach().abs().reshape(rows, -1).mean(1, keepdim=True)
    mean = mean.masked_fill(mean == 0, 1)
    return (2 * mean / math.sqrt(level_range(bits)[1])).log()


def integers(
    weight: Tensor, bits: SupportsIndex, log_step: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """The integers of a quantized weight and their scale.

    Parameters
    ----------
    weight : float Tensor of any shape
        Full-precision parameters.
    bits : int
        1 (ternary) to 8.
    log_step : float Tensor, (rows, 1) or (1, 1), optional
        ln of the learned steps; without it the scale follows from max|w|.

    Returns
    -------
    levels : int8 Tensor of the same shape
        In -2^(bits-1)..2^(bits-1)-1, or -1..1 for one bit.
    scale : float Tensor, 0-dim or of the shape of ``log_step``
        weight ~ levels * scale.

    Examples
    --------
    >>> import torch
    >>> levels, scale = integers(torch.tensor([-1.0, 0.3, 1.0]), 4)
    >>> levels.tolist(), scale.item()
    ([-8, 2, 7], 0.125)
    """
    number = check_weight_bits(bits)
    assert number is not None
    weight = weight.detach()
    if log_step is None:
        levels, scale = plain.by_largest(weight, *level_range(number))
    else:
        scale = log_step.detach().exp()
        levels = (weight / scale).clamp(*level_range(number)).round()
    return levels.char(), scale


def quantize(weight: Tensor, bits: SupportsIndex | None, log_step: Tensor | None = None) -> Tensor:
    """The p-bit value of ``weight`` with the gradients above.

    Parameters
    ----------
    weight : float Tensor of any shape
        Full-precision parameters.
    bits : int or None
        1 (ternary) to 8; None: ``weight`` itself.
    log_step : float Tensor, (rows, 1) or (1, 1), optional
        ln of the learned steps, of each row or of all; without it the scale follows from max|w|.

    Returns
    -------
    float Tensor of the same shape

    Examples
    --------
    >>> import torch
    >>> quantize(torch.tensor([-1.0, 0.3, 1.0]), 1).tolist()
    [-1.0, 0.0, 1.0]
    >>> quantize(torch.tensor([[-1.0, 0.3, 1.0]]), 2, torch.tensor([[0.5]]).log()).tolist()
    [[-1.0, 0.5, 0.5]]
    """
    number = check_weight_bits(bits)
    if number is None:
        return weight
    ends = level_range(number)
    if log_step is not None:
        form = fused.on_learned_steps if fused.able(weight) else plain.on_learned_steps
        return form(weight, log_step, *ends)
    if fused.able(weight):
        return fused.by_largest(weight, *ends)
    levels, scale = plain.by_largest(weight, *ends)
    return plain.straight_through(weight, levels * scale)
