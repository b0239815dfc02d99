"""CPU kernels of the Krylov form: powers of W applied to a few vectors, and the adjoint.

Cost: T . n . d (log2(m) + 1) additions for n vectors, whatever the batch size. One vector is seen
as rows of LANES numbers: butterflies inside a row are shuffles of one register, those between rows
the radix-8 passes of tile.py. Vectors are padded with zeros to whole rows.
"""

import numpy as np

from hadamrnn.recurrence import tile
from hadamrnn.recurrence.numba_setup import LANES, inline, kernel, prange
from hadamrnn.recurrence.vector_ops import (
    butterfly_within1,
    butterfly_within2,
    butterfly_within3,
    butterfly_within4,
    multiply,
)


@inline
def _transform(vector, block_size):
    """In place (I_q (x) S_m) of a (rows, LANES) vector, row after row."""
    for i in range(vector.shape[0]):
        if block_size >= 16:
            butterfly_within4(vector, i * LANES)
        elif block_size == 8:
            butterfly_within3(vector, i * LANES)
        elif block_size == 4:
            butterfly_within2(vector, i * LANES)
        elif block_size == 2:
            butterfly_within1(vector, i * LANES)
    if block_size > LANES:
        tile.transform(vector, block_size // LANES)


@inline
def _scale(vector, factors):
    """vector *= factors, both (rows, LANES)."""
    for i in range(vector.shape[0]):
        multiply(vector, i * LANES, vector, i * LANES, factors, i * LANES)


@inline
def _padded(values):
    """``values`` (d,) as (rows, LANES), zeros behind them."""
    result = np.zeros(((len(values) + LANES - 1) // LANES, LANES), values.dtype)
    result.reshape(-1)[: len(values)] = values
    return result


@kernel
def krylov(start, scale, block_size, powers, bias_sum):
    """powers[v, j] = W^j start[v], for j = 0 .. T-1.

    start : (n, d), the last vector being the bias; scale : (d,) the signs divided by sqrt(m).
    Written: powers (n, T, d), and bias_sum (d,), the sum over j of the last vector's powers.
    """
    hidden = len(scale)
    for v in prange(start.shape[0]):
        current, factors, total = _padded(start[v]), _padded(scale), np.zeros_like(scale)
        flat = current.reshape(-1)
        for j in range(powers.shape[1]):
            if j > 0:
                _transform(current, block_size)
                _scale(current, factors)
            target = powers[v, j]
            for i in range(hidden):
                target[i] = flat[i]
                total[i] += flat[i]
        if v == start.shape[0] - 1:
            bias_sum[:] = total


@kernel
def krylov_adjoint(grads, bias_grad, powers, scale, block_size, start_grad, sign_sums):
    """Adjoint of ``krylov``: lambda_j = grads_j + W^T lambda_{j+1}.

    grads : (n - 1, T, d), and bias_grad (d,), the same at every j, for the last vector; powers :
    (n, T, d). Written: start_grad (n, d) = lambda_0, and sign_sums (n, d), the sum over j >= 1 of
    lambda_j * powers_j, which is u times the gradient of the signs u.
    """
    hidden, vectors = len(scale), powers.shape[0]
    for v in prange(vectors):
        factors = _padded(scale)
        current, total = np.zeros_like(factors), np.zeros_like(scale)
        flat = current.reshape(-1)
        for j in range(powers.shape[1] - 1, -1, -1):
            gradient = bias_grad if v == vectors - 1 else grads[v, j]
            for i in range(hidden):
                flat[i] += gradient[i]
            if j > 0:
                power = powers[v, j]
                for i in range(hidden):
                    total[i] += flat[i] * power[i]
                _scale(current, factors)
                _transform(current, block_size)
        for i in range(hidden):
            start_grad[v, i] = flat[i]
            sign_sums[v, i] = total[i]
