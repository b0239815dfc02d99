"""Quantizers as one function each equal their plain forms, in values and gradients."""

import math

import pytest
import torch

from hadamrnn.models import fused_quantizers as fused
from hadamrnn.models import straight_through as plain
from hadamrnn.models.quantization import level_range, quantize, sign

DTYPES = [torch.float32, torch.float64]
BITS = [1, 2, 4, 8]


def drawn(*shape, dtype, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=dtype).requires_grad_()


def plain_by_largest(weight, low, high):
    levels, scale = plain.by_largest(weight, low, high)
    return plain.straight_through(weight, levels * scale)


def assert_equal(fast, slow, leaves):
    """Values to the bit, gradients to rounding, whatever of ``leaves`` they are of."""
    found, wanted = fast(*leaves), slow(*leaves)
    assert torch.equal(found, wanted)
    incoming = drawn(*found.shape, dtype=found.dtype, seed=5).detach()
    for left, right in zip(
        torch.autograd.grad(found, leaves, incoming),
        torch.autograd.grad(wanted, leaves, incoming),
        strict=True,
    ):
        tolerance = 50 * torch.finfo(found.dtype).eps
        torch.testing.assert_close(left, right, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("rows", [1, 6])
def test_learned_steps(rows, bits, dtype):
    weight, log_step = drawn(6, 40, dtype=dtype), drawn(rows, 1, dtype=dtype, seed=1)
    with torch.no_grad():  # some weights lie outside the range, some on its ends
        log_step -= math.log(level_range(bits)[1])
        weight[0, :2] = log_step[0].exp() * torch.tensor(level_range(bits), dtype=dtype)
    ends = level_range(bits)
    assert_equal(
        lambda *leaves: fused.on_learned_steps(*leaves, *ends),
        lambda *leaves: plain.on_learned_steps(*leaves, *ends),
        (weight, log_step),
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bits", BITS)
def test_steps_of_the_largest(bits, dtype):
    ends = level_range(bits)
    for weight in (drawn(5, 7, dtype=dtype), drawn(9, dtype=dtype)):
        assert_equal(
            lambda weight: fused.by_largest(weight, *ends),
            lambda weight: plain_by_largest(weight, *ends),
            (weight,),
        )


@pytest.mark.parametrize("dtype", DTYPES)
def test_signs(dtype):
    weight = torch.tensor([-2.0, -0.0, 0.0, 3.0], dtype=dtype, requires_grad=True)
    assert_equal(fused.signs, lambda w: plain.straight_through(w, plain.signs(w)), (weight,))
    held = sign(weight.detach())
    assert torch.equal(held, fused.signs(weight)) and not held.requires_grad


def test_gradients_can_be_differentiated_again():
    """Of the rounding there is no derivative; of what is multiplied with it there is."""
    weight, log_step = drawn(3, 5, dtype=torch.float64), drawn(3, 1, dtype=torch.float64, seed=1)

    def second(form):
        value = form(weight, log_step, -8, 7)
        first = torch.autograd.grad(value.pow(3).sum(), (weight, log_step), create_graph=True)
        return torch.autograd.grad(sum(one.sum() for one in first), (weight, log_step))

    for left, right in zip(
        second(fused.on_learned_steps), second(plain.on_learned_steps), strict=True
    ):
        torch.testing.assert_close(left, right)
        assert left.any()


def test_only_what_needs_a_gradient_gets_one():
    weight, log_step = drawn(3, 5, dtype=torch.float64), drawn(3, 1, dtype=torch.float64, seed=1)
    quantize(weight.detach(), 4, log_step).sum().backward()
    quantize(weight, 4, log_step.detach()).sum().backward()
    assert weight.grad.any() and log_step.grad.any()


def test_torch_func_sees_through():
    """Under torch.func the plain forms run."""
    weight = drawn(3, 5, dtype=torch.float64).detach()
    log_step = drawn(3, 1, dtype=torch.float64, seed=1).detach()

    def loss(weight, log_step):
        return (quantize(weight, 4, log_step) + quantize(weight, 2) + sign(weight)).pow(2).sum()

    found = torch.func.grad(loss, argnums=(0, 1))(weight, log_step)
    leaves = weight.clone().requires_grad_(), log_step.clone().requires_grad_()
    for left, right in zip(found, torch.autograd.grad(loss(*leaves), leaves), strict=True):
        torch.testing.assert_close(left, right)
    many = torch.stack([weight, 2 * weight])
    each = torch.stack([loss(one, log_step) for one in many])
    torch.testing.assert_close(torch.func.vmap(loss, in_dims=(0, None))(many, log_step), each)
