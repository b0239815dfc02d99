"""CPU kernels of the Krylov form: powers of W applied to a few vectors, and the adjoint.

Cost: n . d (log2(m) + 1) additions a step for n vectors, whatever the batch size. One vector is
seen as rows of LANES numbers: butterflies inside a row are shuffles of one register, those between
rows the passes of tile.py. Vectors are padded with zeros to whole rows.
"""

from hadamrnn.recurrence import tile
from hadamrnn.recurrence.numba_setup import LANES, inline, kernel
from hadamrnn.recurrence.vector_ops import (
    add,
    butterfly_within1,
    butterfly_within2,
    butterfly_within3,
    butterfly_within4,
    copy,
    multiply,
    multiply_add,
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
def _copy(target, source):
    """target = source, both (rows, LANES)."""
    for i in range(target.shape[0]):
        copy(target, i * LANES, source, i * LANES, source, i * LANES)


@inline
def _add(target, source):
    """target += source, both (rows, LANES)."""
    for i in range(target.shape[0]):
        add(target, i * LANES, target, i * LANES, source, i * LANES)


@inline
def _add_product(total, left, right):
    """total += left * right, all (rows, LANES)."""
    for i in range(total.shape[0]):
        multiply_add(total, i * LANES, left, i * LANES, right, i * LANES)


@kernel
def climb(first, stop, vectors, scale, block_size, powers, bias_sum):
    """Write the next powers of W, backwards: powers[C - 1 - i, v] = W^i vectors[v], i < C.

    vectors : (n, rows, LANES), the last one the bias; replaced by W^C vectors. scale : (rows,
    LANES), signs over sqrt(m). powers : (C, n - 1, rows, LANES); the bias's own powers are not
    kept but added to bias_sum (rows, LANES).
    """
    for v in range(first, stop):
        for place in range(powers.shape[0] - 1, -1, -1):
            if v < powers.shape[1]:
                _copy(powers[place, v], vectors[v])
            else:
                _add(bias_sum, vectors[v])
            _transform(vectors[v], block_size)
            _scale(vectors[v], scale)


@kernel
def descend(
    first, stop, adjoints, vectors, scale, block_size, grads, bias_grad, sign_sums,
    rebuild, powers,
):  # fmt: skip
    """Adjoint of ``climb``: C steps of lambda_j = W^T lambda_{j+1} + grads_j, downwards in j.

    adjoints : (n, rows, LANES), lambda_{j+1} and then lambda_{j+1-C}. grads : (C, n - 1, rows,
    LANES), and bias_grad (rows, LANES), the same at every step, for the last vector.
    rebuild : whether vectors (n, rows, LANES) go down too, from W^(j+1) to W^(j+1-C) times their
    start: W is orthogonal. Then sign_sums (n, rows, LANES) grow by lambda * vector of every step,
    which is u times the gradient of the signs u, and powers, if not empty, is written as in
    ``climb``.
    """
    for v in range(first, stop):
        for place in range(grads.shape[0]):
            if rebuild:
                _add_product(sign_sums[v], adjoints[v], vectors[v])
                _scale(vectors[v], scale)
                _transform(vectors[v], block_size)
                if place < powers.shape[0] and v < powers.shape[1]:
                    _copy(powers[place, v], vectors[v])
            _scale(adjoints[v], scale)
            _transform(adjoints[v], block_size)
            _add(adjoints[v], grads[place, v] if v < grads.shape[1] else bias_grad)
