"""Companding: an odd, rising curve with an exact inverse, the same in NumPy and torch."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hadamrnn.companding import compress, expand

UNITS = np.array([0.01, 0.0, 2.0], dtype=np.float32)


def signals(seed=0, count=200):
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((count, 3)) * 10.0 ** rng.uniform(-3, 2, (count, 3))).astype("f4")


@given(value=st.floats(-1e4, 1e4), unit=st.floats(1e-4, 1e3))
def test_expand_inverts_compress(value, unit):
    back = expand(compress(np.array([value]), np.array([unit])), np.array([unit]))[0]
    # The difference root - 1 cancels below the unit: an error of one part in 2^53 of it.
    assert back == pytest.approx(value, rel=1e-12, abs=1e-14 * unit)


@given(values=st.lists(st.floats(-1e3, 1e3), min_size=2), unit=st.floats(1e-3, 10))
def test_it_keeps_order_and_sign(values, unit):
    columns = np.sort(np.array(values))[:, None]
    companded = compress(columns, np.array([unit]))[:, 0]
    assert (np.diff(companded) >= 0).all()
    assert np.array_equal(compress(-columns, np.array([unit]))[:, 0], -companded)


def test_small_values_gain_and_large_ones_lose():
    unit = np.array([1.0])
    slope = [float(expand(compress(np.array([v]) + 1e-6, unit), unit)[0]) for v in (0.0, 15.0)]
    assert slope == pytest.approx([1e-6, 15 + 1e-6], abs=1e-9)
    small, large = (
        float((compress(np.array([v + 1e-3]), unit) - compress(np.array([v]), unit))[0] / 1e-3)
        for v in (0.0, 15.0)
    )
    assert small == pytest.approx(1 / 4, rel=1e-3)  # of the root at |v| = 0
    assert large == pytest.approx(1 / 32, rel=1e-3)  # 16^(-3/4) / 4


def test_channels_without_a_unit_stay_to_the_bit():
    values = signals()
    for change in (compress, expand):
        assert np.array_equal(change(values, UNITS)[:, 1], values[:, 1])
        assert not np.array_equal(change(values, UNITS)[:, 0], values[:, 0])


def test_type_stays_and_the_argument_too():
    for dtype in (np.float32, np.float64):
        values = signals().astype(dtype)
        before = values.copy()
        assert compress(values, UNITS.astype(dtype)).dtype == dtype
        assert np.array_equal(values, before)


def test_torch_gives_the_values_of_numpy():
    values = signals()
    for change in (compress, expand):
        other = change(torch.from_numpy(values), torch.from_numpy(UNITS), torch)
        np.testing.assert_allclose(other.numpy(), change(values, UNITS), rtol=1e-5, atol=1e-6)


def test_zero_and_negative_zero():
    companded = compress(np.zeros((1, 3), np.float32), UNITS)
    assert not companded.any() and not np.signbit(companded).any()
