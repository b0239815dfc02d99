"""Quantizers as one torch function each, for training on a CPU.

The plain forms (``straight_through``) leave a dozen small operations to autograd, each of which
takes longer than its numbers here. Values are the same bit for bit, gradients up to rounding.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from hadamrnn.models import straight_through as plain
from hadamrnn.recurrence.differentiable import gradients
from hadamrnn.recurrence.tracing import symbolic


def able(weight: Tensor) -> bool:
    """Whether these forms can be used: torch looks at no operation, and numbers lie on a CPU."""
    return weight.device.type == "cpu" and not symbolic()


class _Signs(torch.autograd.Function):
    """Signs of a weight; the gradient passes through."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor) -> Tensor:
        return plain.signs(weight)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        return grad


class _ByLargest(torch.autograd.Function):
    """Values on the grid that max|w| spans; the gradient passes through."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, low: int, high: int) -> Tensor:
        levels, scale = plain.by_largest(weight, low, high)
        return levels.mul_(scale)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        return grad, None, None


class _OnLearnedSteps(torch.autograd.Function):
    """Values on a grid with learned steps."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, log_step: Tensor, low: int, high: int) -> Tensor:
        ctx.save_for_backward(weight, log_step)
        ctx.ends = low, high
        step = log_step.exp()
        place = weight / step
        within = place.clamp(low, high)
        levels = within.round()
        ctx.inside = place == within
        ctx.slope = torch.addcmul(levels, ctx.inside, place, value=-1)
        ctx.slope *= step * plain.share_of_step(weight, log_step, high)
        return levels.mul_(step)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        weight, log_step = ctx.saved_tensors
        if torch.is_grad_enabled():  # to be differentiated again
            value = plain.on_learned_steps(weight, log_step, *ctx.ends)
            return *gradients((value,), (weight, log_step), (grad,)), None, None
        sums = (grad * ctx.slope).reshape(len(log_step), -1).sum(1, keepdim=True)
        return grad * ctx.inside, sums, None, None


signs: Callable[[Tensor], Tensor] = _Signs.apply
by_largest: Callable[[Tensor, int, int], Tensor] = _ByLargest.apply
on_learned_steps: Callable[[Tensor, Tensor, int, int], Tensor] = _OnLearnedSteps.apply
