"""CPU kernels of the fused scan: states, read-out and gradients without storing the states.

Forward: T . d (log2(m) + d_in + outputs) operations a sequence, in tiles of LANES sequences.
Backward: W is orthogonal, so h_{t-1} = W^T (h_t - a_t) is rebuilt from the last state while the
adjoint runs, and memory does not grow with T beyond what goes in and out. Where states fade, that
would divide by the factor at every step, and rounding would grow without bound: the forward pass
keeps the state before every segment of steps, and the backward pass makes a segment's states again
from it, the same numbers.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from hadamrnn.kernels import tile as ops
from hadamrnn.kernels.scan_inputs import (
    DENSE,
    PROJECTED,
    ROWS,
    features_of,
    input_term,
    step,
    steps_of,
    symbol_table,
)
from hadamrnn.kernels.setup import LANES, kernel

Array = npt.NDArray[Any]

LAST, MEAN, LOGITS, ALL = range(4)
"""Outputs: h_T; mean over time of relu(h_t); V relu(h_t) + c at every step; every h_t."""

CHUNK = 8
"""Steps whose outer products are summed together: keeps the running sums out of memory."""

APART = 2
"""Rows between neighbouring tiles that are used together: tiles a power of two apart share few
places of a cache."""


@kernel
def forward(
    tile: int,
    stop: int,
    inputs: tuple[Any, ...],
    scale: Array,
    block_size: int,
    initial: Array,
    mode: int,
    output_weight_t: Array,
    output_bias: Array,
    results: tuple[Array, ...],
    kept: Array,
    segment: int,
    least: float,
) -> None:
    """Run the recurrence for tiles ``tile`` .. ``stop`` - 1 and write what ``mode`` asks for.

    Parameters
    ----------
    tile : int
        The first tile that is worked on.
    stop : int
        The first one behind them.
    inputs : tuple
        See ``scan_inputs``.
    scale : (d,)
        Signs over sqrt(m), times the factor of states that fade.
    block_size : int
        m, a power of two that divides d.
    initial : (batch, 1, d)
        h_0.
    mode : int
        LAST, MEAN, LOGITS or ALL.
    output_weight_t : (d, outputs)
        V^T, for LOGITS.
    output_bias : (outputs,)
        c, for LOGITS.
    results : tuple
        Written: (batch, time, outputs) for LOGITS or (batch, time, d) for ALL; (batch, 1, d) for
        MEAN, the sum over time; (batch, 1, d), h_T.
    kept : (batch, segments, d)
        Written, unless there are none: the state before every ``segment`` steps.
    segment : int
        0 if states do not fade.
    least : number
        A state that has faded below is zero from the next segment on.
    """
    steps_out, result, last = results
    hidden, outputs, dtype = len(scale), len(output_bias), scale.dtype
    table = symbol_table(inputs, hidden)
    for first in range(tile * LANES, stop * LANES, LANES):
        state, added, total = (
            np.zeros((hidden, LANES), dtype),
            np.zeros((hidden, LANES), dtype),
            np.zeros((hidden, LANES), dtype),
        )
        logits = np.zeros((outputs, LANES), dtype)
        columns = np.zeros((features_of(inputs), LANES), dtype)
        ops.load_dense(state, initial, first, 0)
        for t in range(steps_of(inputs)):
            if segment > 0 and t % segment == 0:
                ops.forget(state, least)
                if kept.shape[1] > 0:
                    ops.store_dense(state, kept, first, t // segment)
            step(state, added, columns, inputs, table, scale, block_size, first, t)
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
    tile: int,
    stop: int,
    inputs: tuple[Any, ...],
    scale: Array,
    block_size: int,
    last: Array,
    mode: int,
    weight_back: Array,
    output_weight_t: Array,
    grads: tuple[Array, ...],
    written: tuple[Array, ...],
    wants_inputs: bool,
    kept: Array,
    segment: int,
    least: float,
) -> None:
    """Adjoint of ``forward``; what is written per tile is summed by the caller.

    Parameters
    ----------
    tile, stop, inputs, scale, block_size, mode, output_weight_t, kept, segment, least
        As ``forward``.
    last : (batch, 1, d)
        h_T, from which the states are rebuilt downwards, unless there are kept ones.
    weight_back : (d, d_in)
        U, for DENSE.
    grads : tuple
        Gradients of the ``results``; for MEAN that of every step's part.
    written : tuple
        Per tile: (tiles, d_in, d) of U^T, for DENSE and ONE_HOT; (tiles, d) of b, for DENSE;
        (tiles, d), the sum over time of lambda_t * (W h_{t-1}), u times the gradient of u; (tiles,
        outputs, d) of V, for LOGITS. Per sequence: (batch, time, d_in) of dense inputs if
        ``wants_inputs``, (batch, time, d) for ROWS and PROJECTED; (batch, 1, d) of h_0.
    wants_inputs : bool
        Whether dense inputs need a gradient.
    """
    grad_steps, grad_result, grad_last = grads
    grad_weight, grad_bias, sign_sums, grad_output_weight, grad_inputs, grad_initial = written
    kind, steps, features = inputs[0], steps_of(inputs), features_of(inputs)
    hidden, outputs, dtype = len(scale), output_weight_t.shape[1], scale.dtype
    table = symbol_table(inputs, hidden)
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
        segment_states = np.zeros((segment if kept.shape[1] > 0 else 0, hidden, LANES), dtype)
        ops.load_dense(state, last, first, 0)
        ops.load_dense(adjoint, grad_last, first, 0)
        if mode == MEAN:
            ops.load_dense(shared, grad_result, first, 0)
        filled = queued = 0
        for t in range(steps - 1, -1, -1):
            if kept.shape[1] > 0:
                place = t % segment
                if place == segment - 1 or t == steps - 1:
                    ops.forget(adjoint, least)
                    ops.load_dense(state, kept, first, t // segment)
                    for k in range(place + 1):
                        again = t - place + k
                        step(state, added, columns, inputs, table, scale, block_size, first, again)
                        ops.copy_rows(segment_states[k], state)
                ops.copy_rows(state, segment_states[place])
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
            common = input_term(added, columns, inputs, first, t)
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
            if kept.shape[1] == 0:
                ops.transform(state, block_size)
            ops.transform(adjoint, block_size)
        ops.store_dense(adjoint, grad_initial, first, 0)
        ops.sum_lanes(grad_bias[tile_index], bias_sum)
        ops.sum_lanes(sign_sums[tile_index], sign_sum)
        for j in range(features):
            ops.sum_lanes(grad_weight[tile_index, j], weight_sum[j])
        for c in range(outputs if mode == LOGITS else 0):
            ops.sum_lanes(grad_output_weight[tile_index, c], output_sum[c])
