"""CPU kernels of the Krylov form: powers of W applied to a few vectors, and the adjoint.

Cost: n . d (log2(m) + 1) additions a step for n vectors, whatever the batch size. One vector is
seen as rows of LANES numbers, padded with zeros to whole rows; see passes.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from hadamrnn.kernels.passes import transform, transform_scale, transform_scale_add
from hadamrnn.kernels.setup import LANES, inline, kernel
from hadamrnn.kernels.tile import add_rows, copy_rows
from hadamrnn.kernels.vector_ops import multiply, multiply_add, sum_scale_both

Array = npt.NDArray[Any]


@inline
def _scale(vector: Array, factors: Array) -> None:
    """vector *= factors, both (rows, LANES)."""
    for i in range(vector.shape[0]):
        multiply(vector, i * LANES, vector, i * LANES, factors, i * LANES)


@inline
def _sum_scale(total: Array, left: Array, right: Array, factors: Array) -> None:
    """total += left * right, then left and right times ``factors``; all (rows, LANES)."""
    for i in range(0, total.size, LANES):
        sum_scale_both(total, i, left, i, right, i, factors, i)


@inline
def _sum_scale_one(total: Array, vector: Array, other: Array, factors: Array) -> None:
    """total += vector * other, then vector *= factors; all (rows, LANES)."""
    for i in range(0, total.size, LANES):
        multiply_add(total, i, vector, i, other, i)
        multiply(vector, i, vector, i, factors, i)


@kernel
def climb(
    first: int,
    stop: int,
    vectors: Array,
    scale: Array,
    block_size: int,
    powers: Array,
    bias_sum: Array,
    bias_powers: Array,
) -> None:
    """Write the next powers of W, backwards: powers[C - 1 - i, v] = W^i vectors[v], i < C.

    Parameters
    ----------
    first : int
        The first vector that is worked on.
    stop : int
        The first one behind them.
    vectors : (n, rows, LANES)
        The last one is the bias; replaced by W^C vectors.
    scale : (rows, LANES)
        Signs over sqrt(m), times the factor of states that fade.
    block_size : int
        m, a power of two that divides d.
    powers : (C, n - 1, rows, LANES)
        Written.
    bias_sum : (rows, LANES)
        The bias's own powers are added to it.
    bias_powers : (C, rows, LANES)
        They are also kept here, if it is not empty.
    """
    for v in range(first, stop):
        for place in range(powers.shape[0] - 1, -1, -1):
            if v < powers.shape[1]:
                copy_rows(powers[place, v], vectors[v])
            else:
                add_rows(bias_sum, vectors[v])
                if len(bias_powers):
                    copy_rows(bias_powers[place], vectors[v])
            transform_scale(vectors[v], 0, vectors[v], 0, block_size, scale)


@kernel
def descend(
    first: int,
    stop: int,
    adjoints: Array,
    vectors: Array,
    scale: Array,
    block_size: int,
    grads: Array,
    bias_grad: Array,
    sign_sums: Array,
    rebuild: bool,
    powers: Array,
) -> None:
    """Adjoint of ``climb``: C steps of lambda_j = W^T lambda_{j+1} + grads_j, downwards in j.

    Parameters
    ----------
    first : int
        The first vector that is worked on.
    stop : int
        The first one behind them.
    adjoints : (n, rows, LANES)
        lambda_{j+1}, and then lambda_{j+1-C}.
    vectors : (n, rows, LANES)
        With ``rebuild``: W^(j+1) times their start, and then W^(j+1-C) times it.
    scale : (rows, LANES)
        As for ``climb``.
    block_size : int
        As for ``climb``.
    grads : (C, n - 1, rows, LANES)
        Of all vectors but the last.
    bias_grad : (rows, LANES)
        Of the last vector, the same at every step.
    sign_sums : (n, rows, LANES)
        With ``rebuild`` they grow by lambda * vector of every step, which is u times the gradient
        of the signs u.
    rebuild : bool
        Whether vectors go down too: W is orthogonal.
    powers : (C, n - 1, rows, LANES)
        Written as in ``climb``, if not empty.
    """
    for v in range(first, stop):
        for place in range(grads.shape[0]):
            if rebuild:
                _sum_scale(sign_sums[v], adjoints[v], vectors[v], scale)
                transform(vectors[v], block_size)
                if place < powers.shape[0] and v < powers.shape[1]:
                    copy_rows(powers[place, v], vectors[v])
            else:
                _scale(adjoints[v], scale)
            transform(adjoints[v], block_size)
            add_rows(adjoints[v], grads[place, v] if v < grads.shape[1] else bias_grad)


@kernel
def descend_kept(
    first: int,
    stop: int,
    adjoints: Array,
    vectors: Array,
    scale: Array,
    block_size: int,
    grads: Array,
    bias_grad: Array,
    sign_sums: Array,
    powers: Array,
    bias_powers: Array,
) -> None:
    """``descend`` with ``rebuild`` where ``climb`` has kept all powers.

    vectors is W^C times their start, and stays; powers and bias_powers as written by ``climb``.
    """
    ones = np.ones_like(scale)
    for v in range(first, stop):
        for place in range(grads.shape[0]):
            later = vectors[v]
            if place > 0:
                later = powers[place - 1, v] if v < powers.shape[1] else bias_powers[place - 1]
            _sum_scale_one(sign_sums[v], adjoints[v], later, scale)
            added = grads[place, v] if v < grads.shape[1] else bias_grad
            transform_scale_add(adjoints[v], 0, block_size, ones, added, 0)
