"""Each LLVM vector operation against its NumPy meaning, and that it writes nothing else.

Arrays hold small whole numbers, so every result is exact whether or not products are fused.
"""

import numba
import numpy as np
import pytest

from hadamrnn.hadamard import sylvester
from hadamrnn.recurrence import vector_ops as ops
from hadamrnn.recurrence import vector_sums as sums
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
def run_butterfly16(array, offset, stride):
    ops.butterfly16(array, offset, stride)


@numba.njit
def run_scale_add_scalar(array, offset, factor, addend):
    ops.scale_add_scalar(array, offset, factor, addend)


@numba.njit
def run_multiply(target, offset, source, source_offset, other, other_offset):
    ops.multiply(target, offset, source, source_offset, other, other_offset)


@numba.njit
def run_relu_products1(out, offset, weight, start, row_stride, columns, count):
    sums.relu_products1(out, offset, weight, start, row_stride, columns, count)


@numba.njit
def run_relu_products4(out, offset, weight, start, row_stride, columns, count):
    sums.relu_products4(out, offset, weight, start, row_stride, columns, count)


@numba.njit
def run_masked_products1(out, offset, mask, weight, start, row_stride, columns, count):
    sums.masked_products1(out, offset, mask, weight, start, row_stride, columns, count)


@numba.njit
def run_masked_products4(out, offset, mask, weight, start, row_stride, columns, count):
    sums.masked_products4(out, offset, mask, weight, start, row_stride, columns, count)


@numba.njit
def run_scale(array, offset, factor):
    ops.scale(array, offset, factor)


@numba.njit
def run_scale_add(array, offset, factor, other, other_offset):
    ops.scale_add(array, offset, factor, other, other_offset)


@numba.njit
def run_fill(array, offset, value):
    ops.fill(array, offset, value)


@numba.njit
def run_multiply_add(target, offset, source, source_offset, other, other_offset):
    ops.multiply_add(target, offset, source, source_offset, other, other_offset)


@numba.njit
def run_add_where_positive(target, offset, source, source_offset, other, other_offset):
    ops.add_where_positive(target, offset, source, source_offset, other, other_offset)


@numba.njit
def run_relu(target, offset, source, source_offset, other, other_offset):
    ops.relu(target, offset, source, source_offset, other, other_offset)


@numba.njit
def run_copy(target, offset, source, source_offset, other, other_offset):
    ops.copy(target, offset, source, source_offset, other, other_offset)


@numba.njit
def run_subtract(target, offset, source, source_offset, other, other_offset):
    ops.subtract(target, offset, source, source_offset, other, other_offset)


@numba.njit
def run_add(target, offset, source, source_offset, other, other_offset):
    ops.add(target, offset, source, source_offset, other, other_offset)


@numba.njit
def run_products1(out, offset, weight, start, row_stride, columns, count):
    sums.sum_of_products1(out, offset, weight, start, row_stride, columns, count)


@numba.njit
def run_products4(out, offset, weight, start, row_stride, columns, count):
    sums.sum_of_products4(out, offset, weight, start, row_stride, columns, count)


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
@pytest.mark.parametrize("offset", [0, LANES, 5])
@pytest.mark.parametrize(
    ("radix", "butterfly"),
    [(2, run_butterfly2), (4, run_butterfly4), (8, run_butterfly8), (16, run_butterfly16)],
)
def test_butterfly_is_a_small_sylvester_transform_of_rows(radix, butterfly, offset, dtype):
    for stride in (LANES, 3 * LANES):
        array = whole_numbers(dtype, 60 * LANES)
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
@pytest.mark.parametrize("offset", [0, LANES, 7])
def test_fill(offset, dtype):
    array = whole_numbers(dtype, 4 * LANES)
    expected = array.copy()
    rows_of(expected, offset)[0][:] = -4
    run_fill(array, offset, dtype(-4))
    np.testing.assert_array_equal(array, expected)


ROWWISE = {
    "multiply": (run_multiply, lambda target, source, other: source * other),
    "multiply_add": (run_multiply_add, lambda target, source, other: target + source * other),
    "add_where_positive": (
        run_add_where_positive,
        lambda target, source, other: target + np.where(other > 0, source, 0),
    ),
    "relu": (run_relu, lambda target, source, other: np.maximum(source, 0)),
    "copy": (run_copy, lambda target, source, other: source),
    "subtract": (run_subtract, lambda target, source, other: source - other),
    "add": (run_add, lambda target, source, other: source + other),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("offsets", [(0, LANES, 2 * LANES), (9, 3, 0)])
@pytest.mark.parametrize("name", ROWWISE)
def test_rowwise(name, offsets, dtype):
    function, meaning = ROWWISE[name]
    arrays = list(whole_numbers(dtype, 3, 4 * LANES))
    expected = arrays[0].copy()
    rows = [rows_of(*pair)[0] for pair in zip(arrays, offsets, strict=True)]
    rows_of(expected, offsets[0])[0][:] = meaning(*rows)
    arguments = [part for pair in zip(arrays, offsets, strict=True) for part in pair]
    function(*arguments)
    np.testing.assert_array_equal(arrays[0], expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ROWWISE)
def test_a_row_may_be_its_own_operand(name, dtype):
    function, meaning = ROWWISE[name]
    array = whole_numbers(dtype, 2 * LANES)
    expected = array.copy()
    expected[:LANES] = meaning(*[array[:LANES]] * 3)
    function(array, 0, array, 0, array, 0)
    np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_relu_passes_on_what_is_not_a_number(dtype):
    special = np.resize(np.array([np.nan, np.inf, -np.inf, -0.0, 1], dtype), LANES)
    target = np.zeros(LANES, dtype)
    run_relu(target, 0, special, 0, special, 0)
    np.testing.assert_array_equal(target, np.maximum(special, 0))
    total = np.ones(LANES, dtype)
    run_add_where_positive(total, 0, special, 0, special, 0)
    np.testing.assert_array_equal(total, 1 + np.maximum(special, 0))


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


@pytest.mark.parametrize("dtype", DTYPES)
def test_scale_add_scalar(dtype):
    array = whole_numbers(dtype, 4 * LANES)
    expected = array.copy()
    (row,) = rows_of(expected, 7)
    row[:] = -5 * row + 3
    run_scale_add_scalar(array, 7, dtype(-5), dtype(3))
    np.testing.assert_array_equal(array, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("count", [0, 1, 9])
@pytest.mark.parametrize(
    ("rows", "relu", "masked"),
    [(1, run_relu_products1, run_masked_products1), (4, run_relu_products4, run_masked_products4)],
)
def test_sums_with_relu_before_or_mask_behind(rows, relu, masked, count, dtype):
    offset, start, row_stride = 2 * LANES, 3, 10
    out = whole_numbers(dtype, 8 * LANES)
    mask = whole_numbers(dtype, 8 * LANES, seed=3)
    weight = whole_numbers(dtype, 60, seed=1)
    columns = whole_numbers(dtype, 9 * LANES, seed=2)
    with_relu, with_mask = out.copy(), out.copy()
    for k in range(rows):
        (relu_row,), (mask_row,), (condition,) = (
            rows_of(array, offset + k * LANES) for array in (with_relu, with_mask, mask)
        )
        total = np.zeros(LANES, dtype)
        for j in range(count):
            column, factor = columns[j * LANES :][:LANES], weight[start + k * row_stride + j]
            relu_row += factor * np.maximum(column, 0)
            total += factor * column
        mask_row += np.where(condition > 0, total, 0)
    found_relu, found_mask = out.copy(), out.copy()
    relu(found_relu, offset, weight, start, row_stride, columns, count)
    masked(found_mask, offset, mask, weight, start, row_stride, columns, count)
    np.testing.assert_array_equal(found_relu, with_relu)
    np.testing.assert_array_equal(found_mask, with_mask)
