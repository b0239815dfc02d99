"""Each LLVM vector operation against its NumPy meaning, and that it writes nothing else.

Arrays hold small whole numbers, so every result is exact whether or not products are fused.
"""

import numba
import numpy as np
import pytest

from hadamrnn.hadamard import sylvester
from hadamrnn.kernels import tile
from hadamrnn.kernels import vector_ops as ops
from hadamrnn.kernels import vector_sums as sums
from hadamrnn.kernels.setup import LANES
from hadamrnn.training import cross_entropy_kernel

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
def run_copy(target, offset, source, source_offset, other, other_offset):
    ops.copy(target, offset, source, source_offset, other, other_offset)


@numba.njit
def run_maximum(target, offset, source, source_offset, other, other_offset):
    ops.maximum(target, offset, source, source_offset, other, other_offset)


@numba.njit
def run_exp_of_difference(target, place, peak):
    cross_entropy_kernel.exp_of_difference(target, place, peak)


@numba.njit
def run_subtract(target, offset, source, source_offset, other, other_offset):
    ops.subtract(target, offset, source, source_offset, other, other_offset)


@numba.njit
def run_add(target, offset, source, source_offset, other, other_offset):
    ops.add(target, offset, source, source_offset, other, other_offset)


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
def run_step_back_row(state, adjoint, sign_sum, column_sum, place, added, factor):
    ops.step_back_row(state, adjoint, sign_sum, column_sum, place, added, factor)


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
    "copy": (run_copy, lambda target, source, other: source),
    "maximum": (run_maximum, lambda target, source, other: np.maximum(source, other)),
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
def test_exp_of_difference(dtype):
    """Within two units in the last place; below the smallest normal number, that or less."""
    info, peak = np.finfo(dtype), np.full(LANES, 3, dtype)
    sample = -np.random.default_rng(0).random(40 * LANES) * np.log(float(info.max)) * 0.98
    sample[:3] = 0, -np.log(2) / 2, -1e-30
    array = (3 + sample).astype(dtype)
    exact = np.exp((array - dtype(3)).astype(np.longdouble))
    for place in range(0, len(array), LANES):
        run_exp_of_difference(array, place, peak)
    assert (np.abs(array - exact) <= 2 * np.spacing(exact.astype(dtype))).all()
    special = np.resize(np.array([np.nan, -np.inf, -1e30, 3], dtype), LANES)
    run_exp_of_difference(special, 0, peak)
    np.testing.assert_array_equal(np.isnan(special), np.arange(LANES) % 4 == 0)
    assert (special[1::4] <= 2 * info.tiny).all() and (special[1::4] >= 0).all()
    assert (special[2::4] <= 2 * info.tiny).all() and (special[3::4] == 1).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_relu_passes_on_what_is_not_a_number(dtype):
    special = np.resize(np.array([np.nan, np.inf, -np.inf, -0.0, 1], dtype), LANES)
    total, active = np.ones(LANES, dtype), np.zeros(LANES, dtype)
    run_add_where_positive(total, 0, special, 0, special, 0)
    np.testing.assert_array_equal(total, 1 + np.maximum(special, 0))
    one = np.ones(LANES, dtype)
    run_active_products(total.copy(), special, active, one, 0, 1, one, 1, 1)
    np.testing.assert_array_equal(active, np.maximum(special, 0))


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
@pytest.mark.parametrize("place", [0, 5])
def test_step_back_row(place, dtype):
    arrays = list(whole_numbers(dtype, 4, 3 * LANES))
    expected = [array.copy() for array in arrays]
    state, adjoint, sign_sum, column_sum = (rows_of(array, place)[0] for array in expected)
    state -= 2
    sign_sum += state * adjoint
    column_sum += adjoint
    state *= -3
    adjoint *= -3
    run_step_back_row(*arrays, place, dtype(2), dtype(-3))
    np.testing.assert_array_equal(arrays, expected)


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


@pytest.mark.parametrize("dtype", DTYPES)
def test_scale_add_scalar(dtype):
    array = whole_numbers(dtype, 4 * LANES)
    expected = array.copy()
    (row,) = rows_of(expected, 7)
    row[:] = -5 * row + 3
    run_scale_add_scalar(array, 7, dtype(-5), dtype(3))
    np.testing.assert_array_equal(array, expected)
