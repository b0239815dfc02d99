"""Quantizers: values on the grid they promise, straight-through gradients, exact messages."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hadamrnn.errors import HadamrnnError
from hadamrnn.models.quantization import integers, quantize, sign

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
