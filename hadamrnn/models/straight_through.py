"""Straight-through gradients by plain torch operations: the definition of each quantizer.

torch.func, torch.export and derivatives of gradients see through these; ``fused_quantizers`` holds
the forms that train on a CPU, which are tested against them.
"""

import math

from torch import Tensor


def straight_through(weight: Tensor, value: Tensor) -> Tensor:
    """``value`` with the gradient of ``weight``, exactly: w - w is zero."""
    return value + (weight - weight.detach())


def signs(weight: Tensor) -> Tensor:
    """+1 where weight >= 0, else -1, without gradient."""
    negative = (weight.detach() < 0).to(weight.dtype)
    return 1 - 2 * negative


def by_largest(weight: Tensor, low: int, high: int) -> tuple[Tensor, Tensor]:
    """Integers in the type of ``weight``, and their scale by max|w|, both without gradient.

    Parameters
    ----------
    weight : float Tensor of any shape
        Full-precision parameters.
    low, high : int
        Ends of the range of integers.

    Returns
    -------
    levels : float Tensor of the same shape
        In low..high.
    scale : float Tensor, 0-dim
        weight ~ levels * scale.
    """
    weight = weight.detach()
    highest = weight.abs().max()
    highest = highest.masked_fill(highest == 0, 1)
    return (weight * (-low / highest)).round().clamp(low, high), highest / -low


def share_of_step(weight: Tensor, log_step: Tensor, high: int) -> float:
    """1 / sqrt(n H), the factor of a learned step's gradient, n weights to a step."""
    return 1 / math.sqrt(weight.numel() / log_step.numel() * high)


def on_learned_steps(weight: Tensor, log_step: Tensor, low: int, high: int) -> Tensor:
    """s round(clamp(w / s, low, high)), s = exp(log_step), with the gradients of ``quantization``.

    Parameters
    ----------
    weight : float Tensor, (rows, n)
        Full-precision parameters.
    log_step : float Tensor, (rows, 1) or (1, 1)
        ln s, of each row or of all.
    low, high : int
        Ends of the range of integers.

    Returns
    -------
    float Tensor, (rows, n)
    """
    step = log_step.exp()
    step = step.detach() + share_of_step(weight, log_step, high) * (step - step.detach())
    place = (weight / step).clamp(low, high)
    return straight_through(place, place.detach().round()) * step
