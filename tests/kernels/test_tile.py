"""The inner loops of the scan against their NumPy meaning, and that they write nothing else.

Arrays hold small whole numbers, so every result is exact whether or not products are fused.
"""

import numpy as np
import pytest

from hadamrnn.hadamard import sylvester
from tests.kernels.probing import DTYPES, call, lanes, whole

SIZES = [(m, q) for m in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048) for q in (1, 3)]


def transformed(tile, block_size):
    blocks = tile.reshape(-1, block_size, tile.shape[1])
    return np.einsum("ij,bjk->bik", sylvester(block_size), blocks).reshape(tile.shape)


ADD, ADD_VALUES, TIMES, PLUS, SUBTRACT, SUBTRACT_VALUES, SCALE = range(1, 8)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("block_size", "q"), SIZES)
def test_transform(block_size, q, dtype):
    """Forth scale (S h) + a, back S (scale (h - a)); a of vectors or of values, or none."""
    rows, width = block_size * q, lanes(dtype)
    (tile, added), scale = whole(dtype, 2, rows, width), whole(dtype, 1, rows)[0]
    values, given = whole(dtype, 1, rows, seed=1)[0], tile.copy()
    out = whole(dtype, rows + 1, width)
    untouched, column = out[-1].copy(), scale[:, None]
    back = {SUBTRACT: added, SUBTRACT_VALUES: values[:, None], SCALE: 0}
    forth = {ADD: added, ADD_VALUES: values[:, None]}
    for direction in (ADD, ADD_VALUES, SUBTRACT, SUBTRACT_VALUES, SCALE):
        by = values if direction in (ADD_VALUES, SUBTRACT_VALUES) else added
        call("tile", out, tile, rows, block_size, direction, scale, by)
        if direction in back:
            exact = transformed(column * (tile - back[direction]), block_size)
        else:
            exact = column * transformed(tile, block_size) + forth[direction]
        np.testing.assert_array_equal(out[:-1], exact)
        np.testing.assert_array_equal(tile, given)
    call("tile", tile, tile, rows, block_size, SCALE, scale, added)
    np.testing.assert_array_equal(tile, exact)
    np.testing.assert_array_equal(out[-1], untouched)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("missing", [0, 1, -1], ids=["full", "one missing", "one there"])
@pytest.mark.parametrize("blocks", [0, 0.5, 1, 2.5])
def test_gather_and_scatter(blocks, missing, dtype):
    """columns[j, lane] = sequence lane's number j, zero in lanes that are not there; and back."""
    width = lanes(dtype)
    count, there = int(blocks * width), 1 if missing < 0 else width - missing
    base, columns = whole(dtype, there, count + 9), whole(dtype, count + 1, width)
    untouched, given = columns[-1].copy(), base.copy()
    call("gather", columns, base, count + 9, there, 4, count)
    np.testing.assert_array_equal(columns[:-1, :there], base[:, 4 : 4 + count].T)
    assert not columns[:-1, there:].any()
    np.testing.assert_array_equal(columns[-1], untouched)
    columns += 1
    call("scatter", columns, base, count + 9, there, 4, count)
    given[:, 4 : 4 + count] += 1
    np.testing.assert_array_equal(base, given)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("rows", [1, 4, 9, 10, 17, 19, 128])
@pytest.mark.parametrize("count", [0, 1, 5])
def test_product(count, rows, relu, dtype):
    width = lanes(dtype)
    weight, columns = whole(dtype, count, rows), whole(dtype, count, width)
    out, start = whole(dtype, rows + 1, width), whole(dtype, 1, rows, seed=1)[0]
    untouched = out[-1].copy()
    exact = weight.T @ (np.maximum(columns, 0) if relu else columns)
    call("product", out, start, weight, rows, columns, count, int(relu))
    np.testing.assert_array_equal(out[:-1], exact + start[:, None])
    call("product", out, None, weight, rows, columns, count, int(relu))
    np.testing.assert_array_equal(out[:-1], exact)
    np.testing.assert_array_equal(out[-1], untouched)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("count", [1, 2, 9, 10, 19])
def test_read_back(count, dtype):
    """active = relu(state); out += weight @ columns where state is positive or NaN."""
    width, rows = lanes(dtype), 7
    out, state, active = whole(dtype, 3, rows + 1, width)
    weight, columns = whole(dtype, rows, count), whole(dtype, count, width)
    before = out.copy(), active.copy()
    call("read_back", out, state, active, weight, columns, rows, count)
    np.testing.assert_array_equal(active[:-1], np.maximum(state[:-1], 0))
    added = np.where(state[:-1] > 0, weight @ columns, 0)
    np.testing.assert_array_equal(out[:-1], before[0][:-1] + added)
    np.testing.assert_array_equal(out[-1], before[0][-1])
    np.testing.assert_array_equal(active[-1], before[1][-1])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rows", [1, 3, 7])
@pytest.mark.parametrize("columns", [1, 4, 6, 9])
@pytest.mark.parametrize("steps", [1, 8])
def test_outer_products(steps, columns, rows, dtype):
    """total[i, k] += sum over t of left[t, i] * right[t, k]; rows stand two vectors apart."""
    width, stride = lanes(dtype), columns + 2
    total, exact = whole(dtype, rows, stride, width), whole(dtype, rows, stride, width)
    left = whole(dtype, steps, rows, width)
    right = whole(dtype, steps, stride, width)
    exact[:, :columns] += np.einsum("til,tkl->ikl", left, right[:, :columns])
    call("outer", total, left, right, steps, rows, columns)
    np.testing.assert_array_equal(total, exact)


@pytest.mark.parametrize("dtype", DTYPES)
def test_relu_lets_nan_be_seen(dtype):
    x, condition = whole(dtype, 2, lanes(dtype), seed=2)
    condition[0], x[:2] = np.nan, 5
    condition[1] = -0.0
    exact = np.where(condition <= 0, 0, x)
    call("where_positive", x, condition)
    np.testing.assert_array_equal(x, exact)


@pytest.mark.parametrize("dtype", DTYPES)
def test_what_is_small_everywhere_is_forgotten(dtype):
    for place, value in ((None, 0), ((2, 1), 1e-9), ((0, 0), np.nan)):
        tile = whole(dtype, 3, lanes(dtype))
        tile *= dtype(1e-12)
        if place:
            tile[place] = value
        before = tile.copy()
        call("forget", tile, 3, 1e-10)
        np.testing.assert_array_equal(tile, before if place else 0 * before)


@pytest.mark.parametrize("dtype", DTYPES)
def test_sum_of_lanes(dtype):
    tile, out = whole(dtype, 5, lanes(dtype)), np.zeros(5, dtype)
    call("sum_lanes", out, tile, 5)
    np.testing.assert_array_equal(out, tile.sum(1))


@pytest.mark.parametrize("dtype", DTYPES)
def test_exponential(dtype):
    """Within two units in the last place; below the smallest normal number, that or less."""
    info, width = np.finfo(dtype), lanes(dtype)
    sample = -np.random.default_rng(0).random(40 * width) * np.log(float(info.max)) * 0.98
    sample[:2] = 0, -np.log(2) / 2
    array = sample.astype(dtype)
    exact = np.exp(array.astype(np.longdouble))
    for place in range(0, len(array), width):
        call("exponential", array[place : place + width])
    assert (np.abs(array - exact) <= 2 * np.spacing(exact.astype(dtype))).all()
    for value, least, most in ((-np.inf, 0, 2 * info.tiny), (-1e30, 0, 2 * info.tiny), (0, 1, 1)):
        array = np.full(width, value, dtype)
        call("exponential", array)
        assert (array >= least).all() and (array <= most).all()
    array = np.full(width, np.nan, dtype)
    call("exponential", array)
    assert np.isnan(array).all()
