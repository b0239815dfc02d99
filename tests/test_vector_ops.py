"""Each LLVM vector operation against its NumPy meaning, and that it writes nothing else.

Arrays hold small whole numbers, so every result is exact whether or not products are fused.
"""

import numba
import numpy as np
import pytest

from hadamrnn.hadamard import sylvester
from hadamrnn.recurrence import vector_ops as ops
from hadamrnn.recurrence.numba_setup import LANES

DTYPES = [np.float32, np.float64]


def whole_numbers(dtype, *shape, seed=0):
    return np.random.default_rng(seed).integers(-8, 9, shape).astype(dtype)


def rows_of(array, offset, count=1, stride=LANES):
    """Views of ``count`` rows of LANES numbers in the flat ``array``."""
    starts = [offset + k * stride for k in range(count)]
    return [array[start : start + LANES] for start in starts]


@numba.njit
def run_butterfly2(array, offset, stride):
    ops.butterfly2(array, offset, stride)


@numba.njit
def run_butterfly4(array, offset, stride):
    ops.butterfly4(array, offset, stride)


@numba.njit
def run_butterfly8(array, offset, stride):
    ops.butterfly8(array, offset, stride)


@numba.njit
def run_scale(array, offset, factor):
    ops.scale(array, offset, factor)


@numba.njit
def run_scale_add(array, offset, factor, other, other_offset):
    ops.scale_add(array, offset, factor, other, other_offset)


@numba.njit
def run_subtract(array, offset, other, other_offset):
    ops.subtract(array, offset, other, other_offset)


@numba.njit
def run_multiply_add(total, offset, left, left_offset, right, right_offset):
    ops.multiply_add(total, offset, left, left_offset, right, right_offset)


@numba.njit
def run_products1(out, offset, weight, start, row_stride, columns, count):
    ops.sum_of_products1(out, offset, weight, start, row_stride, columns, count)


@numba.njit
def run_products4(out, offset, weight, start, row_stride, columns, count):
    ops.sum_of_products4(out, offset, weight, start, row_stride, columns, count)


@numba.njit
def run_outer1(total, offset, left, l_off, l_stride, right, r_off, r_stride, steps):
    ops.sum_of_outer1(total, offset, left, l_off, l_stride, right, r_off, r_stride, steps)


@numba.njit
def run_outer4(total, offset, left, l_off, l_stride, right, r_off, r_stride, steps):
    ops.sum_of_outer4(total, offset, left, l_off, l_stride, right, r_off, r_stride, steps)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("offset", [0, LANES, 5])
@pytest.mark.parametrize(
    ("radix", "butterfly"), [(2, run_butterfly2), (4, run_butterfly4), (8, run_butterfly8)]
)
def test_butterfly_is_a_small_sylvester_transform_of_rows(radix, butterfly, offset, dtype):
    for stride in (LANES, 3 * LANES):
        array = whole_numbers(dtype, 30 * LANES)
        expected = array.copy()
        rows = rows_of(expected, offset, radix, stride)
        for row, value in zip(rows, sylvester(radix) @ np.array(rows), strict=True):
            row[:] = value
        butterfly(array, offset, stride)
        np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("offset", [0, LANES, 7])
def test_scale(offset, dtype):
    array = whole_numbers(dtype, 4 * LANES)
    expected = array.copy()
    rows_of(expected, offset)[0][:] *= 3
    run_scale(array, offset, dtype(3))
    np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("offset", "other_offset"), [(0, LANES), (7, 3)])
def test_scale_add(offset, other_offset, dtype):
    array, other = whole_numbers(dtype, 2, 4 * LANES)
    expected = array.copy()
    (row,), (added,) = rows_of(expected, offset), rows_of(other, other_offset)
    row[:] = -5 * row + added
    run_scale_add(array, offset, dtype(-5), other, other_offset)
    np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("offset", "other_offset"), [(0, LANES), (7, 3)])
def test_subtract(offset, other_offset, dtype):
    array, other = whole_numbers(dtype, 2, 4 * LANES)
    expected = array.copy()
    rows_of(expected, offset)[0][:] -= rows_of(other, other_offset)[0]
    run_subtract(array, offset, other, other_offset)
    np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("offsets", [(0, LANES, 2 * LANES), (9, 3, 0)])
def test_multiply_add(offsets, dtype):
    total, left, right = whole_numbers(dtype, 3, 4 * LANES)
    expected = total.copy()
    (lefts,), (rights,) = rows_of(left, offsets[1]), rows_of(right, offsets[2])
    rows_of(expected, offsets[0])[0][:] += lefts * rights
    run_multiply_add(total, offsets[0], left, offsets[1], right, offsets[2])
    np.testing.assert_array_equal(total, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("count", [0, 1, 2, 9])
@pytest.mark.parametrize(("rows", "function"), [(1, run_products1), (4, run_products4)])
def test_sum_of_products(rows, function, count, dtype):
    offset, start, row_stride = 2 * LANES, 3, 10
    out = whole_numbers(dtype, 8 * LANES)
    weight = whole_numbers(dtype, 60, seed=1)
    columns = whole_numbers(dtype, 9 * LANES, seed=2)
    expected = out.copy()
    for k, row in enumerate(rows_of(expected, offset, rows)):
        for j in range(count):
            row += weight[start + k * row_stride + j] * columns[j * LANES :][:LANES]
    function(out, offset, weight, start, row_stride, columns, count)
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("steps", [0, 1, 2, 8])
@pytest.mark.parametrize(("rows", "function"), [(1, run_outer1), (4, run_outer4)])
def test_sum_of_outer(rows, function, steps, dtype):
    offset, left_place, right_place = 2 * LANES, (LANES, 3 * LANES), (2 * LANES, 7 * LANES)
    total = whole_numbers(dtype, 8 * LANES)
    left = whole_numbers(dtype, 30 * LANES, seed=1)
    right = whole_numbers(dtype, 60 * LANES, seed=2)
    expected = total.copy()
    for k, row in enumerate(rows_of(expected, offset, rows)):
        for t in range(steps):
            (lefts,) = rows_of(left, left_place[0] + t * left_place[1])
            (rights,) = rows_of(right, right_place[0] + t * right_place[1] + k * LANES)
            row += lefts * rights
    function(total, offset, left, *left_place, right, *right_place, steps)
    np.testing.assert_array_equal(total, expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_row_may_be_its_own_operand(dtype):
    array = whole_numbers(dtype, 2 * LANES)
    expected = array + np.concatenate((array[:LANES] ** 2, np.zeros(LANES, dtype)))
    run_multiply_add(array, 0, array, 0, array, 0)
    np.testing.assert_array_equal(array, expected)
