"""Each sum of products against its NumPy meaning, and that it writes nothing else.

Arrays hold small whole numbers, so every result is exact.
"""

import numba
import numpy as np
import pytest

from hadamrnn.kernels import tile
from hadamrnn.kernels import vector_sums as sums
from hadamrnn.kernels.setup import LANES
from hadamrnn.kernels.vector_ops import add_where_positive

DTYPES = [np.float32, np.float64]


def whole_numbers(dtype, *shape, seed=0):
    return np.random.default_rng(seed).integers(-8, 9, shape).astype(dtype)


def rows_of(array, offset, count=1, stride=LANES):
    """Views of ``count`` rows of LANES numbers in the flat ``array``."""
    starts = [offset + k * stride for k in range(count)]
    return [array[start : start + LANES] for start in starts]


@numba.njit
def run_products(out, offset, weight, start, row_stride, columns, count, rows):
    sums.sum_of_products(out, offset, weight, start, row_stride, columns, count, rows)


@numba.njit
def run_relu_products(out, offset, weight, start, row_stride, columns, count, rows):
    sums.relu_products(out, offset, weight, start, row_stride, columns, count, rows)


@numba.njit
def run_active_products(out, state, active, weight, start, row_stride, columns, rows, count):
    sums.active_products(out, state, active, weight, start, row_stride, columns, rows, count)


@numba.njit
def run_add_product(out, weight_t, columns):
    tile.add_product(out, weight_t, columns)


@numba.njit
def run_add_relu_product(out, weight_t, columns):
    tile.add_relu_product(out, weight_t, columns)


@numba.njit
def run_read_back(adjoint, state, active, weight, columns):
    tile.read_back(adjoint, state, active, weight, columns)


@numba.njit
def run_outer1x1(total, place, stride, left, l_off, l_stride, right, r_off, r_stride, steps):
    sums.sum_of_outer1x1(total, place, stride, left, l_off, l_stride, right, r_off, r_stride, steps)


@numba.njit
def run_outer1x4(total, place, stride, left, l_off, l_stride, right, r_off, r_stride, steps):
    sums.sum_of_outer1x4(total, place, stride, left, l_off, l_stride, right, r_off, r_stride, steps)


@numba.njit
def run_outer3x4(total, place, stride, left, l_off, l_stride, right, r_off, r_stride, steps):
    sums.sum_of_outer3x4(total, place, stride, left, l_off, l_stride, right, r_off, r_stride, steps)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("count", [0, 1, 2, 9])
@pytest.mark.parametrize("rows", range(1, sums.SUMS + 1))
def test_sum_of_products(rows, count, dtype):
    offset, start, row_stride = 2 * LANES, 3, 10
    out = whole_numbers(dtype, 12 * LANES)
    weight = whole_numbers(dtype, 120, seed=1)
    columns = whole_numbers(dtype, 9 * LANES, seed=2)
    plain, with_relu = out.copy(), out.copy()
    for k in range(rows):
        (row,), (relu_row,) = (rows_of(a, offset + k * LANES) for a in (plain, with_relu))
        for j in range(count):
            column, factor = columns[j * LANES :][:LANES], weight[start + j * row_stride + k]
            row += factor * column
            relu_row += factor * np.maximum(column, 0)
    for function, expected in ((run_products, plain), (run_relu_products, with_relu)):
        found = out.copy()
        function(found, offset, weight, start, row_stride, columns, count, rows)
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rows", [0, 1, 7])
@pytest.mark.parametrize("count", range(1, sums.SUMS + 1))
def test_active_products(count, rows, dtype):
    start, row_stride = 3, 10
    out, state, active = whole_numbers(dtype, 3, 8, LANES)
    weight = whole_numbers(dtype, 90, seed=1)
    columns = whole_numbers(dtype, 9, LANES, seed=2)
    expected, expected_active = out.copy(), active.copy()
    for i in range(rows):
        factors = weight[start + i * row_stride :][:count]
        expected[i] += np.where(state[i] > 0, factors @ columns[:count], 0)
        expected_active[i] = np.maximum(state[i], 0)
    run_active_products(out, state, active, weight, start, row_stride, columns, rows, count)
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(active, expected_active)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 4, 11])
@pytest.mark.parametrize("rows", [1, 8, sums.SUMS, sums.SUMS + 1, 25])
def test_products_of_any_size(rows, n, dtype):
    weight, columns = whole_numbers(dtype, n, rows, seed=1), whole_numbers(dtype, n, LANES, seed=2)
    out = whole_numbers(dtype, rows, LANES)
    added, active = out.copy(), np.zeros((n, LANES), dtype)
    run_add_product(added, weight, columns)
    np.testing.assert_array_equal(added, out + weight.T @ columns)
    added = out.copy()
    run_add_relu_product(added, weight, columns)
    np.testing.assert_array_equal(added, out + weight.T @ np.maximum(columns, 0))
    adjoint, state = whole_numbers(dtype, 2, n, LANES, seed=3)
    expected = adjoint + np.where(state > 0, weight @ out, 0)
    run_read_back(adjoint, state, active, weight, out)
    np.testing.assert_array_equal(adjoint, expected)
    np.testing.assert_array_equal(active, np.maximum(state, 0))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("steps", [0, 1, 2, 8])
@pytest.mark.parametrize(
    ("lefts", "rights", "function"),
    [(1, 1, run_outer1x1), (1, 4, run_outer1x4), (3, 4, run_outer3x4)],
)
def test_sum_of_outer(lefts, rights, function, steps, dtype):
    place, stride = 2 * LANES, 5 * LANES
    left_place, right_place = (LANES, 3 * LANES), (2 * LANES, 7 * LANES)
    total = whole_numbers(dtype, 20 * LANES)
    left = whole_numbers(dtype, 30 * LANES, seed=1)
    right = whole_numbers(dtype, 70 * LANES, seed=2)
    expected = total.copy()
    for i in range(lefts):
        for k, row in enumerate(rows_of(expected, place + i * stride, rights)):
            for t in range(steps):
                one = rows_of(left, left_place[0] + t * left_place[1], lefts)[i]
                other = rows_of(right, right_place[0] + t * right_place[1], rights)[k]
                row += one * other
    function(total, place, stride, left, *left_place, right, *right_place, steps)
    np.testing.assert_array_equal(total, expected)


@numba.njit
def run_add_where_positive(target, offset, source, source_offset, other, other_offset):
    add_where_positive(target, offset, source, source_offset, other, other_offset)


@pytest.mark.parametrize("dtype", DTYPES)
def test_relu_passes_on_what_is_not_a_number(dtype):
    special = np.resize(np.array([np.nan, np.inf, -np.inf, -0.0, 1], dtype), LANES)
    total, active = np.ones(LANES, dtype), np.zeros(LANES, dtype)
    run_add_where_positive(total, 0, special, 0, special, 0)
    np.testing.assert_array_equal(total, 1 + np.maximum(special, 0))
    one = np.ones(LANES, dtype)
    run_active_products(total.copy(), special, active, one, 0, 1, one, 1, 1)
    np.testing.assert_array_equal(active, np.maximum(special, 0))
