"""The product that passes over zeros is the product, whatever the sizes, strides and zeros.

Arrays hold small whole numbers, so every result is exact.
"""

import platform

import numpy as np
import pytest
import torch

from hadamrnn.kernels import products
from hadamrnn.kernels.products import mostly_zero, product
from tests.kernels.probing import lanes

LISTED, SHARE = 8, 128
"""Vectors and lines that products.h works on together."""


def factors(n, k, rows, filled=0.2, dtype=np.float32):
    """left (n, k) with that share of numbers that are not zero, right and out of ``rows`` rows."""
    generator = np.random.default_rng((n, k, rows))
    left, right, out = (
        generator.integers(1, 9, shape).astype(dtype)
        for shape in ((n, k), (k, rows * lanes(dtype)), (n, rows * lanes(dtype)))
    )
    return left * (generator.random(left.shape) < filled), right, out


@pytest.mark.parametrize("filled", [0.0, 0.2, 1.0])
@pytest.mark.parametrize("rows", [1, LISTED - 1, LISTED, 2 * LISTED + 1])
@pytest.mark.parametrize("k", [1, SHARE - 1, SHARE, SHARE + 1, 3 * SHARE])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_product(k, rows, filled, dtype):
    left, right, out = factors(5, k, rows, filled, dtype)
    grown = out.copy()
    product(left, right, out, False)
    product(left, right, grown, True)
    np.testing.assert_array_equal(out, left @ right)
    np.testing.assert_array_equal(grown - factors(5, k, rows, filled, dtype)[2], left @ right)


def test_strides_of_the_left_factor():
    left, right, out = factors(12, 40, LISTED)
    for view in (left[:, 7:19], left[:, 7:19].T, left[::2, ::3]):
        n, k = view.shape
        product(view, right[:k], out[:n], False)
        np.testing.assert_array_equal(out[:n], view @ right[:k])


def test_it_writes_its_rows_alone():
    left, right, out = factors(9, 20, 2)
    expected = out.copy()
    expected[3:5] = left[3:5] @ right
    product(left[3:5], right, out[3:5], False)
    np.testing.assert_array_equal(out, expected)


@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64", "aarch64", "arm64"), reason="others keep them"
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_without_full_precision_are_zero_in_kernels_and_nowhere_else(dtype):
    """A processor takes a hundred times as long for them."""
    left, right, out = factors(5, 40, 2, 1.0, dtype)
    left = np.full_like(left, np.finfo(dtype).smallest_normal / 4)
    product(left, right, out, False)
    assert not out.any()
    assert (left @ right).all()


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_bits_do_not_depend_on_the_number_of_threads(threads, monkeypatch):
    left, right, _ = factors(23, 300, LISTED)
    left, right = left / 7, right / 3
    results = []
    for count in (1, threads):
        monkeypatch.setattr(torch, "get_num_threads", lambda count=count: count)
        results.append(np.empty((23, right.shape[1]), np.float32))
        product(left, right, results[-1], False)
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_no_zero(value):
    left, right, out = factors(3, 20, 1)
    left[1, 4] = value
    product(left, right, out, False)
    assert np.isfinite(out).all(1).tolist() == [True, False, True]


def test_mostly_zero_counts():
    numbers = np.zeros((4, 10), np.float32)
    assert mostly_zero(numbers)
    numbers.flat[: int(40 * products.MOSTLY_ZERO)] = 1
    assert mostly_zero(numbers)
    numbers[-1, -1] = np.nan
    assert not mostly_zero(numbers)
    assert not mostly_zero(numbers[:0]) and not mostly_zero(numbers[:, :0])
