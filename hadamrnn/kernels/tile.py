"""One tile of LANES sequences that advance together: the inner loops of the scan.

A tile holds the state as (d, LANES), batch innermost, so that every butterfly is a full-width
vector operation and the tile of a usual model stays in the first-level cache. Radix-8 passes
(three butterfly levels at once) cut the loads and stores to a third.
"""

from typing import Any

import numpy.typing as npt

from hadamrnn.kernels.setup import LANES, called, inline
from hadamrnn.kernels.vector_ops import (
    add,
    add_where_positive,
    butterfly2,
    butterfly4,
    butterfly8,
    butterfly16,
    copy,
    fill,
    multiply_add,
    scale,
    scale_add,
    scale_add_scalar,
    step_back_row,
    subtract,
)
from hadamrnn.kernels.vector_sums import (
    SUMS,
    active_products,
    relu_products,
    sum_of_outer1x1,
    sum_of_outer1x4,
    sum_of_outer3x4,
    sum_of_products,
)

Array = npt.NDArray[Any]


@called
def transform(tile: Array, block_size: int) -> None:
    """In place (I_q (x) S_m) along the first axis of the (d, LANES) tile."""
    rows, half = tile.shape[0], 1
    while half < block_size:
        remaining = block_size // half
        radix = min(8, remaining)
        if remaining >= 16 and remaining not in (64, 512, 4096):  # not a power of 8: one 16 fits
            radix = 16
        for start in range(0, rows, radix * half):
            for i in range(start, start + half):
                if radix == 16:
                    butterfly16(tile, i * LANES, half * LANES)
                elif radix == 8:
                    butterfly8(tile, i * LANES, half * LANES)
                elif radix == 4:
                    butterfly4(tile, i * LANES, half * LANES)
                else:
                    butterfly2(tile, i * LANES, half * LANES)
        half *= radix


@inline
def scale_rows(tile: Array, factors: Array) -> None:
    """tile[i] *= factors[i]."""
    for i in range(tile.shape[0]):
        scale(tile, i * LANES, factors[i])


@inline
def fill_rows(tile: Array, values: Array) -> None:
    """tile[i] = values[i] in every lane."""
    for i in range(tile.shape[0]):
        fill(tile, i * LANES, values[i])


@inline
def clear(tile: Array) -> None:
    """tile = 0."""
    for i in range(tile.shape[0]):
        fill(tile, i * LANES, tile.dtype.type(0))


@called
def forget(tile: Array, least: float) -> None:
    """tile = 0 if every number of it is below ``least``: processors are slow with the smallest."""
    for i in range(tile.shape[0]):
        for lane in range(LANES):
            if not abs(tile[i, lane]) < least:  # NaN stays
                return
    clear(tile)


@inline
def add_rows(tile: Array, other: Array) -> None:
    """tile += other."""
    for i in range(tile.shape[0]):
        add(tile, i * LANES, tile, i * LANES, other, i * LANES)


@inline
def add_where_active(tile: Array, other: Array, state: Array) -> None:
    """tile += other where state > 0: the adjoint of relu."""
    for i in range(tile.shape[0]):
        add_where_positive(tile, i * LANES, other, i * LANES, state, i * LANES)


@inline
def copy_rows(target: Array, source: Array) -> None:
    """target = source, as far as source has rows."""
    for i in range(source.shape[0]):
        copy(target, i * LANES, source, i * LANES, source, i * LANES)


@called
def sum_lanes(out: Array, tile: Array) -> None:
    """out[i] = the sum of tile[i]."""
    for i in range(len(out)):
        total = tile[i, 0]
        for lane in range(1, LANES):
            total += tile[i, lane]
        out[i] = total


@inline
def scale_add_values(tile: Array, factors: Array, values: Array) -> None:
    """tile[i] = factors[i] * tile[i] + values[i], the same in every lane."""
    for i in range(tile.shape[0]):
        scale_add_scalar(tile, i * LANES, factors[i], values[i])


@inline
def _share(count: int) -> int:
    """Numbers of ``count`` that are worked on together, so that all shares are of like size."""
    return max(1, -(-count // max(1, -(-count // SUMS))))


@called
def add_relu_product(out: Array, weight_t: Array, columns: Array) -> None:
    """out += weight_t^T @ relu(columns); shapes as ``add_product``."""
    (n, rows), share = weight_t.shape, _share(weight_t.shape[1])
    for i in range(0, rows, share):
        relu_products(out, i * LANES, weight_t, i, rows, columns, n, min(share, rows - i))


@called
def add_product(out: Array, weight_t: Array, columns: Array) -> None:
    """out += weight_t^T @ columns.

    weight_t : (n, rows) scalars; columns : (n, LANES); out : (rows, LANES).
    """
    (n, rows), share = weight_t.shape, _share(weight_t.shape[1])
    for i in range(0, rows, share):
        sum_of_products(out, i * LANES, weight_t, i, rows, columns, n, min(share, rows - i))


@called
def read_back(adjoint: Array, state: Array, active: Array, weight: Array, columns: Array) -> None:
    """active = relu(state); adjoint += weight @ columns where state > 0.

    weight : (d, n) scalars, n > 0; columns : (n, LANES).
    """
    (rows, n), share = weight.shape, _share(weight.shape[1])
    for k in range(0, n, share):
        count = min(share, n - k)
        active_products(adjoint, state, active, weight, k, n, columns[k:], rows, count)


@inline
def scale_add_rows(tile: Array, factors: Array, other: Array) -> None:
    """tile[i] = factors[i] * tile[i] + other[i]."""
    for i in range(tile.shape[0]):
        scale_add(tile, i * LANES, factors[i], other, i * LANES)


@inline
def step_back(
    state: Array, adjoint: Array, sign_sum: Array, column_sum: Array, added: Array, factors: Array
) -> None:
    """One step against time for inputs that are the same in every lane, ``added`` (rows,).

    state -= added, sign_sum += state * adjoint, column_sum += adjoint, then state and adjoint
    times ``factors``: one walk over all of them.
    """
    for i in range(state.shape[0]):
        step_back_row(state, adjoint, sign_sum, column_sum, i * LANES, added[i], factors[i])


@inline
def subtract_scale(tile: Array, other: Array, weight: Array, total: Array, factors: Array) -> None:
    """tile -= other; total += weight * tile; tile[i] *= factors[i]: one walk over all four."""
    for i in range(tile.shape[0]):
        subtract(tile, i * LANES, tile, i * LANES, other, i * LANES)
        multiply_add(total, i * LANES, weight, i * LANES, tile, i * LANES)
        scale(tile, i * LANES, factors[i])


@called
def add_outer(total: Array, left: Array, right: Array, steps: int, columns: int) -> None:
    """total[i, k] += sum over t < steps of left[t, i] * right[t, k], lane by lane, k < columns.

    total : (rows, at least columns, LANES); left : (chunk, rows, LANES); right : (chunk, at least
    columns, LANES).
    """
    rows = total.shape[0]
    stride, l_stride, r_stride = total.shape[1] * LANES, rows * LANES, right.shape[1] * LANES
    whole, threes = columns - columns % 4, rows - rows % 3
    for k in range(0, whole * LANES, 4 * LANES):  # four columns stay in the first-level cache
        for i in range(0, threes, 3):
            place, row = i * stride + k, i * LANES
            sum_of_outer3x4(total, place, stride, left, row, l_stride, right, k, r_stride, steps)
        for i in range(threes, rows):
            place, row = i * stride + k, i * LANES
            sum_of_outer1x4(total, place, stride, left, row, l_stride, right, k, r_stride, steps)
    for k in range(whole * LANES, columns * LANES, LANES):
        for i in range(rows):
            place, row = i * stride + k, i * LANES
            sum_of_outer1x1(total, place, stride, left, row, l_stride, right, k, r_stride, steps)


@called
def load_dense(columns: Array, inputs: Array, first: int, t: int) -> None:
    """columns[j, lane] = inputs[first + lane, t, j]; zero in lanes past the batch."""
    lanes = min(LANES, inputs.shape[0] - first)
    if lanes < LANES:
        clear(columns)
    for lane in range(lanes):
        for j in range(columns.shape[0]):
            columns[j, lane] = inputs[first + lane, t, j]


@called
def load_one_hot(columns: Array, ids: Array, first: int, t: int) -> None:
    """columns[:, lane] = the one-hot vector of ids[first + lane, t]."""
    clear(columns)
    for lane in range(min(LANES, ids.shape[0] - first)):
        columns[ids[first + lane, t], lane] = 1


@called
def common_symbol(ids: Array, first: int, t: int) -> int:
    """The symbol that all sequences of the tile read at step t, or -1: blanks and padding."""
    symbol = ids[first, t]
    for lane in range(1, min(LANES, ids.shape[0] - first)):
        if ids[first + lane, t] != symbol:
            return -1
    return symbol


@called
def load_rows(columns: Array, table: Array, ids: Array, first: int, t: int) -> None:
    """columns[:, lane] = table[ids[first + lane, t]]."""
    for lane in range(min(LANES, ids.shape[0] - first)):
        row = ids[first + lane, t]
        for j in range(columns.shape[0]):
            columns[j, lane] = table[row, j]


@called
def store_dense(columns: Array, outputs: Array, first: int, t: int) -> None:
    """outputs[first + lane, t, j] = columns[j, lane] for the lanes inside the batch."""
    for lane in range(min(LANES, outputs.shape[0] - first)):
        for j in range(columns.shape[0]):
            outputs[first + lane, t, j] = columns[j, lane]
