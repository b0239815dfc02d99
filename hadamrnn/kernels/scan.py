"""CPU kernels of the fused scan: states, read-out and gradients without storing the states.

Forward: T . d (log2(m) + d_in + outputs) operations a sequence, in tiles of LANES sequences.
Backward: W is orthogonal, so h_{t-1} = W^T (h_t - a_t) is rebuilt from the last state while the
adjoint runs, and memory does not grow with T beyond what goes in and out.
"""

import numpy as np

from hadamrnn.kernels import tile as ops
from hadamrnn.kernels.setup import LANES, called, kernel
from hadamrnn.kernels.vector_ops import add

DENSE, ONE_HOT, ROWS, PROJECTED = range(4)
"""Inputs: (batch, time, d_in) numbers; ids as one-hot columns; ids as look-ups in a
(vocabulary, d) table that contains the bias; U x_t + b given as (batch, time, d)."""

LAST, MEAN, LOGITS, ALL = range(4)
"""Outputs: h_T; mean over time of relu(h_t); V relu(h_t) + c at every step; every h_t."""

CHUNK = 8
"""Steps whose outer products are summed together: keeps the running sums out of memory."""

APART = 2
"""Rows between neighbouring tiles that are used together: tiles a power of two apart share few
places of a cache."""


@called
def _input_term(added, columns, kind, dense, ids, weight, bias, first, t):
    """added = U x_t + b for the sequences first .. first + LANES - 1, and -1.

    If all of them read one symbol, returns that instead and leaves ``added`` alone: the row of
    the symbol table is then U x_t + b in every lane.
    """
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
def _fill_symbol_table(table, weight, bias):
    """table[symbol] = U x + b for every symbol x, (symbols, d)."""
    for symbol in range(len(table)):
        for i in range(len(bias)):
            table[symbol, i] = weight[symbol, i] + bias[i]


@kernel
def add_lookups(first, stop, table, ids, rows):
    """table[ids[n]] += rows[n] for every n in turn: the adjoint of look-ups.

    In the columns of the groups first .. stop - 1 of LANES columns.
    table : (symbols, d); ids : (n,); rows : (n, d); the last group may have fewer columns.
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


@kernel
def forward(
    tile,
    stop,
    kind,
    dense,
    ids,
    weight,
    bias,
    scale,
    block_size,
    initial,
    mode,
    output_weight_t,
    output_bias,
    steps_out,
    result,
    last,
):
    """Run the recurrence for tiles ``tile`` .. ``stop`` - 1 and write what ``mode`` asks for.

    kind, dense, ids, weight, bias : the inputs, see above, where weight is U^T, (d_in, d), for
    DENSE and ONE_HOT; scale : (d,) signs over sqrt(m); initial : (batch, 1, d); output_weight_t :
    V^T. Written: last (batch, 1, d) always; result (batch, 1, d), the sum over
    time, for MEAN; steps_out (batch, time, outputs) for LOGITS and (batch, time, d) for ALL.
    """
    steps = ids.shape[1] if kind in (ONE_HOT, ROWS) else dense.shape[1]
    hidden, outputs, dtype = len(scale), len(output_bias), scale.dtype
    table = np.empty((len(weight) if kind == ONE_HOT else 0, hidden), dtype)
    _fill_symbol_table(table, weight, bias)
    for first in range(tile * LANES, stop * LANES, LANES):
        state, added, total = (
            np.zeros((hidden, LANES), dtype),
            np.zeros((hidden, LANES), dtype),
            np.zeros((hidden, LANES), dtype),
        )
        logits = np.zeros((outputs, LANES), dtype)
        columns = np.zeros((len(weight) if kind in (DENSE, ONE_HOT) else 0, LANES), dtype)
        ops.load_dense(state, initial, first, 0)
        for t in range(steps):
            common = _input_term(added, columns, kind, dense, ids, weight, bias, first, t)
            ops.transform(state, block_size)
            if common >= 0:
                ops.scale_add_values(state, scale, table[common])
            else:
                ops.scale_add_rows(state, scale, added)
            if mode == ALL:
                ops.store_dense(state, steps_out, first, t)
            elif mode == MEAN:
                ops.add_where_active(total, state, state)
            elif mode == LOGITS:
                ops.fill_rows(logits, output_bias)
                ops.add_relu_product(logits, output_weight_t, state)
                ops.store_dense(logits, steps_out, first, t)
        ops.store_dense(state, last, first, 0)
        if mode == MEAN:
            ops.store_dense(total, result, first, 0)


@kernel
def backward(
    tile,
    stop,
    kind,
    dense,
    ids,
    weight,
    bias,
    scale,
    block_size,
    last,
    mode,
    weight_back,
    output_weight_t,
    grad_steps,
    grad_result,
    grad_last,
    grad_weight,
    grad_bias,
    sign_sums,
    grad_output_weight,
    grad_inputs,
    grad_initial,
    wants_inputs,
):
    """Adjoint of ``forward``; states are rebuilt downwards from ``last``.

    last, grad_last : (batch, 1, d); grad_result (batch, 1, d), of every step's part, for MEAN;
    grad_steps : as steps_out; weight_back : U, (d, d_in); output_weight_t : V^T.
    Written per tile, to be summed by the caller: grad_weight (tiles, d_in, d) for DENSE and
    ONE_HOT, grad_bias (for DENSE) and sign_sums (tiles, d), grad_output_weight (tiles, outputs, d).
    Written per sequence: grad_initial (batch, 1, d); grad_inputs (batch, time, d_in) for DENSE if
    wants_inputs, (batch, time, d) for ROWS and PROJECTED.
    sign_sums is the sum over time of lambda_t * (W h_{t-1}): u times the gradient of u.
    """
    steps = ids.shape[1] if kind in (ONE_HOT, ROWS) else dense.shape[1]
    hidden, outputs, dtype = len(scale), output_weight_t.shape[1], scale.dtype
    features = len(weight) if kind in (DENSE, ONE_HOT) else 0
    table = np.empty((len(weight) if kind == ONE_HOT else 0, hidden), dtype)
    _fill_symbol_table(table, weight, bias)
    for tile_index in range(tile, stop):
        first = tile_index * LANES
        state = np.zeros((hidden, LANES), dtype)
        adjoint, added, shared = np.zeros_like(state), np.zeros_like(state), np.zeros_like(state)
        bias_sum, sign_sum = np.zeros_like(state), np.zeros_like(state)
        columns = np.zeros((features, LANES), dtype)
        input_chunk = np.zeros((CHUNK, features, LANES), dtype)
        adjoint_chunk = np.zeros((CHUNK, hidden + APART, LANES), dtype)
        weight_sum = np.zeros((features, hidden + APART, LANES), dtype)
        logit_chunk = np.zeros((CHUNK, outputs, LANES), dtype)
        active_chunk = np.zeros((CHUNK, hidden + APART, LANES), dtype)
        output_sum = np.zeros((outputs, hidden + APART, LANES), dtype)
        ops.load_dense(state, last, first, 0)
        ops.load_dense(adjoint, grad_last, first, 0)
        if mode == MEAN:
            ops.load_dense(shared, grad_result, first, 0)
        filled = queued = 0
        for t in range(steps - 1, -1, -1):
            if mode == ALL:
                ops.load_dense(added, grad_steps, first, t)
                ops.add_rows(adjoint, added)
            elif mode == MEAN:
                ops.add_where_active(adjoint, shared, state)
            elif mode == LOGITS:
                ops.load_dense(logit_chunk[filled], grad_steps, first, t)
                ops.read_back(
                    adjoint, state, active_chunk[filled], output_weight_t, logit_chunk[filled]
                )
            common = _input_term(added, columns, kind, dense, ids, weight, bias, first, t)
            if common >= 0:
                ops.step_back(state, adjoint, sign_sum, weight_sum[common], table[common], scale)
            else:
                ops.subtract_scale(state, added, adjoint, sign_sum, scale)
                if features:
                    ops.copy_rows(input_chunk[queued], columns)
                    ops.copy_rows(adjoint_chunk[queued], adjoint)
                    queued += 1
                if kind == DENSE:
                    ops.add_rows(bias_sum, adjoint)
            if kind == DENSE and wants_inputs:
                ops.clear(columns)
                ops.add_product(columns, weight_back, adjoint)
                ops.store_dense(columns, grad_inputs, first, t)
            elif kind in (ROWS, PROJECTED):
                ops.store_dense(adjoint, grad_inputs, first, t)
            filled += 1
            if queued == CHUNK or t == 0:
                ops.add_outer(weight_sum, input_chunk, adjoint_chunk, queued, hidden)
                queued = 0
            if filled == CHUNK or t == 0:
                if mode == LOGITS:
                    ops.add_outer(output_sum, logit_chunk, active_chunk, filled, hidden)
                filled = 0
            if common < 0:
                ops.scale_rows(adjoint, scale)
            ops.transform(state, block_size)
            ops.transform(adjoint, block_size)
        ops.store_dense(adjoint, grad_initial, first, 0)
        ops.sum_lanes(grad_bias[tile_index], bias_sum)
        ops.sum_lanes(sign_sums[tile_index], sign_sum)
        for j in range(features):
            ops.sum_lanes(grad_weight[tile_index, j], weight_sum[j])
        for c in range(outputs if mode == LOGITS else 0):
            ops.sum_lanes(grad_output_weight[tile_index, c], output_sum[c])
