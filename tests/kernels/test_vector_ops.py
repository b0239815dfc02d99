"""Each LLVM vector operation against its NumPy meaning, and that it writes nothing else.

Arrays hold small whole numbers, so every result is exact whether or not products are fused.
"""

import numba
import numpy as np
import pytest

from hadamrnn.hadamard import sylvester
from hadamrnn.kernels import vector_ops as ops
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
def run_step_back_row(state, adjoint, sign_sum, column_sum, place, added, factor):
    ops.step_back_row(state, adjoint, sign_sum, column_sum, place, added, factor)


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
def test_scale_add_scalar(dtype):
    array = whole_numbers(dtype, 4 * LANES)
    expected = array.copy()
    (row,) = rows_of(expected, 7)
    row[:] = -5 * row + 3
    run_scale_add_scalar(array, 7, dtype(-5), dtype(3))
    np.testing.assert_array_equal(array, expected)
