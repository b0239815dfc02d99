"""Quantizers: values on the grid they promise, straight-through gradients, exact messages."""

import math
import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hadamrnn.errors import HadamrnnError
from hadamrnn.models.quantization import (
    check_quantizer,
    initial_log_step,
    integers,
    level_range,
    quantize,
    sign,
)

UNIFORM_BITS = range(2, 9)
ALL_BITS = range(1, 9)
DTYPES = [torch.float32, torch.float64]

SIZES = st.floats(-1e6, 1e6, width=32).filter(lambda v: v == 0 or abs(v) > 1e-6)
WEIGHTS = hnp.arrays(np.float32, hnp.array_shapes(max_dims=3, max_side=6), elements=SIZES)


def random_weight(*shape, dtype=torch.float32, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=dtype)


@given(weight=WEIGHTS, bits=st.sampled_from(UNIFORM_BITS))
def test_levels_are_the_nearest_on_the_grid_within_the_range(weight, bits):
    levels, scale = integers(torch.from_numpy(weight), bits)
    steps = 2 ** (bits - 1)
    assert levels.dtype == torch.int8
    assert levels.shape == weight.shape
    highest = float(np.abs(weight).max())
    if highest:
        assert scale.item() == highest / steps
    exact = weight.astype(np.float64) * steps / (highest or 1)
    distance = np.abs(levels.numpy() - np.clip(exact, -steps, steps - 1))
    assert (distance <= 0.5 + 1e-5).all()
    assert levels.min() >= -steps
    assert levels.max() <= steps - 1


@given(weight=WEIGHTS, bits=st.sampled_from(ALL_BITS))
def test_quantized_value_is_its_integer_times_the_scale(weight, bits):
    weight = torch.from_numpy(weight)
    levels, scale = integers(weight, bits)
    value = quantize(weight, bits)
    assert value.dtype == weight.dtype
    assert torch.equal(value, levels * scale)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bits", UNIFORM_BITS)
def test_the_range_is_asymmetric(bits, dtype):
    weight = torch.tensor([-3.0, 0.1, 3.0], dtype=dtype)
    lowest, _, highest = quantize(weight, bits).tolist()
    steps = 2 ** (bits - 1)
    assert lowest == -3
    assert highest == 3 * (steps - 1) / steps


def test_at_four_bits_the_largest_weight_becomes_seven_eighths():
    assert quantize(torch.tensor([2.0, -1.0]), 4).tolist() == [1.75, -1.0]


@given(weight=WEIGHTS)
def test_one_bit_is_ternary(weight):
    weight = torch.from_numpy(weight)
    levels, scale = integers(weight, 1)
    highest = weight.abs().max()
    assert set(levels.flatten().tolist()) <= {-1, 0, 1}
    assert scale == (highest if highest > 0 else 1)
    assert torch.equal(levels != 0, weight.abs() / scale > 0.5)
    assert (levels * weight >= 0).all()


@pytest.mark.parametrize("bits", ALL_BITS)
def test_zero_weights_stay_zero(bits):
    weight = torch.zeros(3, 2)
    levels, scale = integers(weight, bits)
    assert not levels.any()
    assert scale > 0
    assert torch.isfinite(scale)
    assert torch.equal(quantize(weight, bits), weight)


def test_no_bits_is_full_precision():
    weight = random_weight(3, 2)
    assert quantize(weight, None) is weight


@pytest.mark.parametrize("dtype", DTYPES)
def test_sign_of_zero_is_plus_one(dtype):
    result = sign(torch.tensor([-2.0, -1e-30, -0.0, 0.0, 1e-30, 2.0], dtype=dtype))
    assert result.dtype == dtype
    assert result.tolist() == [-1, -1, 1, 1, 1, 1]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bits", [*ALL_BITS, None, "sign"])
def test_gradient_passes_straight_through(bits, dtype):
    weight = random_weight(5, 4, dtype=dtype).requires_grad_()
    incoming = random_weight(5, 4, dtype=dtype, seed=1)
    value = sign(weight) if bits == "sign" else quantize(weight, bits)
    value.backward(incoming)
    assert torch.equal(weight.grad, incoming)


@pytest.mark.parametrize("bits", [0, -1, 9, 2.5, "4"])
@pytest.mark.parametrize("function", [quantize, integers])
def test_weight_bits_error(function, bits):
    words = (
        "weight_bits: must be an integer from 1 (ternary) to 8, or null for full precision; "
        f"got {bits}"
    )
    with pytest.raises(HadamrnnError, match=f"^{re.escape(words)}$"):
        function(random_weight(3), bits)


def plain_step_quantizer(weight, step, bits, incoming):
    """Value and gradients by the formulas of arXiv:1902.08153, section 2.1, one weight at a time.

    Every row of ``step`` belongs to as many rows of ``weight``.
    """
    lowest, highest = level_range(bits)
    rows = len(weight) // len(step)
    value, to_weight = np.zeros_like(weight), np.zeros_like(weight)
    to_step = np.zeros_like(step)
    share = 1 / np.sqrt(weight.size / step.size * highest)
    for i, j in np.ndindex(weight.shape):
        s = step[i // rows, 0]
        place = weight[i, j] / s
        if place <= lowest or place >= highest:
            level = slope = lowest if place <= lowest else highest
        else:
            level, slope = np.rint(place), np.rint(place) - place
            to_weight[i, j] = incoming[i, j]
        value[i, j] = level * s
        to_step[i // rows, 0] += share * slope * incoming[i, j]
    return value, to_weight, to_step


@pytest.mark.parametrize("bits", ALL_BITS)
@pytest.mark.parametrize("rows", [1, 5])
def test_learned_steps_follow_the_formulas_of_their_paper(bits, rows):
    weight = random_weight(5, 7, dtype=torch.float64).requires_grad_()
    incoming = random_weight(5, 7, dtype=torch.float64, seed=1)
    log_step = 0.1 * random_weight(rows, 1, dtype=torch.float64, seed=2)
    log_step = (log_step - math.log(level_range(bits)[1])).requires_grad_()
    result = quantize(weight, bits, log_step)
    result.backward(incoming)
    step = log_step.detach().exp()
    value, to_weight, to_step = plain_step_quantizer(
        weight.detach().numpy(), step.numpy(), bits, incoming.numpy()
    )
    assert np.array_equal(result.detach().numpy(), value)
    np.testing.assert_allclose(weight.grad.numpy(), to_weight, rtol=1e-12)
    np.testing.assert_allclose(log_step.grad.numpy(), to_step * step.numpy(), rtol=1e-9)
    assert 0 < np.count_nonzero(to_weight) < to_weight.size, "both cases of the formulas"


@given(
    weight=hnp.arrays(np.float32, (3, 5), elements=SIZES),
    log_step=hnp.arrays(np.float32, (3, 1), elements=st.floats(-20, 20, width=32)),
    bits=st.sampled_from(ALL_BITS),
    own=st.booleans(),
)
def test_values_on_learned_steps_are_their_integers_times_the_step(weight, log_step, bits, own):
    weight, log_step = torch.from_numpy(weight), torch.from_numpy(log_step[: 3 if own else 1])
    levels, scale = integers(weight, bits, log_step)
    lowest, highest = level_range(bits)
    assert levels.dtype == torch.int8
    assert lowest <= levels.min() and levels.max() <= highest
    assert scale.shape == log_step.shape and (scale > 0).all()
    assert torch.equal(quantize(weight, bits, log_step), levels * scale)


@given(weight=WEIGHTS.filter(lambda w: w.ndim == 2), bits=st.sampled_from(ALL_BITS))
def test_steps_start_from_the_mean_of_their_row(weight, bits):
    steps = initial_log_step(torch.from_numpy(weight), bits, len(weight)).exp().numpy()
    means = np.abs(weight.astype(np.float64)).mean(axis=1, keepdims=True)
    expected = 2 * np.where(means == 0, 1, means) / np.sqrt(level_range(bits)[1])
    np.testing.assert_allclose(steps, expected, rtol=1e-4)


def test_one_step_for_all_starts_from_the_mean_of_all():
    step = initial_log_step(torch.tensor([[1.0, -3.0], [0.0, 4.0]]), 2).exp()
    assert step.shape == (1, 1) and step.item() == pytest.approx(2 * 2)


def test_learning_lowers_the_error_of_the_step_it_starts_from():
    weight = random_weight(1, 400)
    log_step = torch.tensor([[3.0]]).log().requires_grad_()
    optimizer = torch.optim.Adam([log_step], lr=0.01)

    def error():
        return (quantize(weight, 2, log_step) - weight).square().mean()

    first = error().item()
    for _ in range(300):
        optimizer.zero_grad()
        error().backward()
        optimizer.step()
    assert error().item() < first / 2
    assert 0.5 < log_step.exp().item() < 1.5, "near the best step of normal weights, 0.99"


def test_quantizer_error():
    words = "quantizer: must be one of max, lsq; got 'mean'"
    with pytest.raises(HadamrnnError, match=f"^{words}$"):
        check_quantizer("mean")


@pytest.mark.parametrize("name", ["max", "lsq"])
def test_a_quantizer_that_there_is(name):
    assert check_quantizer(name) == name
