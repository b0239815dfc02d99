"""The passes over a vector against Sylvester's matrix, and that they write nothing else.

Arrays hold small whole numbers, so every result is exact.
"""

import numba
import numpy as np
import pytest

from hadamrnn.hadamard import sylvester
from hadamrnn.kernels import passes
from hadamrnn.kernels.setup import LANES
from hadamrnn.kernels.vector_ops import sum_scale_both

DTYPES = [np.float32, np.float64]
SIZES = [(m, q) for m in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024) for q in (1, 3)]


@numba.njit
def run_transform(vector, block_size):
    passes.transform(vector, block_size)


@numba.njit
def run_scale(target, start, source, source_start, block_size, factors):
    passes.transform_scale(target, start, source, source_start, block_size, factors)


@numba.njit
def run_scale_add(vector, start, block_size, factors, addend, addend_start):
    passes.transform_scale_add(vector, start, block_size, factors, addend, addend_start)


@numba.njit
def run_sum_scale_both(total, place, left, l_place, right, r_place, factors, f_place):
    sum_scale_both(total, place, left, l_place, right, r_place, factors, f_place)


def vectors(block_size, q, count, dtype):
    """``count`` padded vectors of whole numbers, (count, rows, LANES), zero behind q m numbers."""
    size = block_size * q
    values = np.zeros((count, -(-size // LANES) * LANES), dtype)
    values[:, :size] = np.random.default_rng(0).integers(-8, 9, (count, size))
    return values.reshape(count, -1, LANES)


def transformed(vector, block_size, q):
    result = vector.reshape(-1).copy()
    blocks = result[: block_size * q].reshape(q, block_size)
    blocks[:] = blocks @ sylvester(block_size)
    return result.reshape(vector.shape)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("block_size", "q"), SIZES)
def test_transform(block_size, q, dtype):
    (vector,) = vectors(block_size, q, 1, dtype)
    expected = transformed(vector, block_size, q)
    run_transform(vector, block_size)
    np.testing.assert_array_equal(vector, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("block_size", "q"), SIZES)
def test_transform_scale_and_add(block_size, q, dtype):
    arrays, (factors,) = vectors(block_size, q, 4, dtype), vectors(block_size, q, 1, dtype) * 2
    size, expected = factors.size, arrays.copy()
    expected[2] = factors * transformed(arrays[1], block_size, q)
    run_scale(arrays, 2 * size, arrays, size, block_size, factors)
    np.testing.assert_array_equal(arrays, expected)
    expected[2] = factors * transformed(arrays[2], block_size, q) + arrays[3]
    run_scale_add(arrays, 2 * size, block_size, factors, arrays, 3 * size)
    np.testing.assert_array_equal(arrays, expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_sum_scale_both(dtype):
    arrays = np.random.default_rng(0).integers(-8, 9, (4, 3 * LANES)).astype(dtype)
    places, expected = (0, LANES, 3, 7), arrays.copy()
    total, left, right, factors = (
        row[place : place + LANES] for row, place in zip(expected, places, strict=True)
    )
    total += left * right
    left *= factors
    right *= factors
    run_sum_scale_both(*[part for pair in zip(arrays, places, strict=True) for part in pair])
    np.testing.assert_array_equal(arrays, expected)
