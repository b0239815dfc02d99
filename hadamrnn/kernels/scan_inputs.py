"""What enters the scan at a step, U x_t + b, for one tile of sequences.

The inputs of the kernels are one tuple (kind, dense, ids, weight, bias), whose parts that ``kind``
does not use are empty arrays; weight is U^T, (d_in, d), for DENSE and ONE_HOT.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from hadamrnn.kernels import tile as ops
from hadamrnn.kernels.setup import LANES, called, inline, kernel
from hadamrnn.kernels.vector_ops import add

Array = npt.NDArray[Any]

DENSE, ONE_HOT, ROWS, PROJECTED = range(4)
"""Inputs: (batch, time, d_in) numbers; ids as one-hot columns; ids as look-ups in a
(vocabulary, d) table that contains the bias; U x_t + b given as (batch, time, d)."""


@inline
def steps_of(inputs: tuple[Any, ...]) -> int:
    """How many time steps there are."""
    kind, dense, ids, _, _ = inputs
    return ids.shape[1] if kind in (ONE_HOT, ROWS) else dense.shape[1]


@inline
def features_of(inputs: tuple[Any, ...]) -> int:
    """Rows of U^T where the scan itself multiplies with it, else 0."""
    kind, _, _, weight, _ = inputs
    return len(weight) if kind in (DENSE, ONE_HOT) else 0


@called
def input_term(added: Array, columns: Array, inputs: tuple[Any, ...], first: int, t: int) -> int:
    """added = U x_t + b for the sequences first .. first + LANES - 1, and -1.

    If all of them read one symbol, returns that instead and leaves ``added`` alone: the row of
    the symbol table is then U x_t + b in every lane.
    """
    kind, dense, ids, weight, bias = inputs
    common = -1
    if kind == ONE_HOT:
        common = ops.common_symbol(ids, first, t)
        if common < 0:
            ops.load_one_hot(columns, ids, first, t)
            ops.fill_rows(added, bias)
            ops.add_product(added, weight, columns)
    elif kind == DENSE:
        ops.load_dense(columns, dense, first, t)
        ops.fill_rows(added, bias)
        ops.add_product(added, weight, columns)
    elif kind == ROWS:
        ops.load_rows(added, weight, ids, first, t)
    else:
        ops.load_dense(added, dense, first, t)
    return common


@called
def _fill(table: Array, weight: Array, bias: Array) -> None:
    for symbol in range(len(table)):
        for i in range(len(bias)):
            table[symbol, i] = weight[symbol, i] + bias[i]


@kernel
def symbol_table(inputs: tuple[Any, ...], hidden: int) -> Array:
    """U x + b for every symbol x of ONE_HOT inputs, (symbols, d); empty for others."""
    kind, _, _, weight, bias = inputs
    table = np.empty((len(weight) if kind == ONE_HOT else 0, hidden), bias.dtype)
    _fill(table, weight, bias)
    return table


@inline
def step(
    state: Array,
    added: Array,
    columns: Array,
    inputs: tuple[Any, ...],
    table: Array,
    scale: Array,
    block_size: int,
    first: int,
    t: int,
) -> None:
    """state = scale * (S state) + U x_t + b for the sequences first .. first + LANES - 1."""
    common = input_term(added, columns, inputs, first, t)
    ops.transform(state, block_size)
    if common >= 0:
        ops.scale_add_values(state, scale, table[common])
    else:
        ops.scale_add_rows(state, scale, added)


@kernel
def add_lookups(first: int, stop: int, table: Array, ids: Array, rows: Array) -> None:
    """table[ids[n]] += rows[n] for every n in turn: the adjoint of look-ups.

    It works in the columns of the groups first .. stop - 1 of LANES columns.

    Parameters
    ----------
    first : int
        The first group of columns.
    stop : int
        The first one behind them.
    table : (symbols, d)
        Grows.
    ids : (n,)
        Rows of the table.
    rows : (n, d)
        The last group may have fewer columns.
    """
    width = table.shape[1]
    for n in range(len(ids)):
        target, source = ids[n] * width, n * width
        for i in range(first * LANES, stop * LANES, LANES):
            if i + LANES <= width:
                add(table, target + i, table, target + i, rows, source + i)
            else:
                for j in range(i, width):
                    table[ids[n], j] += rows[n, j]
