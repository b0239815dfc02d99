r"""Sylvester-Hadamard matrices and their fast transform (NumPy).

S_1 = [1], S_2m = [[S_m, S_m], [S_m, -S_m]], so that S_m S_m^T = m I and every entry is +1 or -1
(Sylvester 1867). The recurrent matrix of the networks here is

    W(u) = diag(u) . (I_q (x) S_m) / sqrt(m),   u in {-1, +1}^d,   d = q m   (arXiv:2502.00047)

which is orthogonal for every u: binary (up to its scale) for q = 1, block-sparse for q > 1.

>>> H = sylvester(8)
>>> bool((H @ H.T == 8 * np.eye(8)).all())
True
"""

import numpy as np

from hadamrnn.errors import HadamrnnError


def is_power_of_two(value: int) -> bool:
    """Whether ``value`` is 1, 2, 4, 8, ...

    >>> [n for n in range(-1, 10) if is_power_of_two(n)]
    [1, 2, 4, 8]
    """
    return value > 0 and value & (value - 1) == 0


def block_size_of(hidden_size: int, q: int) -> int:
    """Size m of the Hadamard blocks of a ``hidden_size`` state cut into ``q`` blocks.

    Raises HadamrnnError unless q divides hidden_size into blocks whose size is a power of two.

    >>> block_size_of(128, 4)
    32
    """
    if q < 1 or hidden_size % q or not is_power_of_two(hidden_size // q):
        raise HadamrnnError(
            f"q: must divide hidden_size={hidden_size} into blocks whose size is a power of two; "
            f"got q={q}"
        )
    return hidden_size // q


def sylvester(size):
    """Sylvester's matrix S_m.

    size : int, a power of two.
    Returns (size, size) int8 with entries +1 and -1, symmetric.

    >>> sylvester(2).tolist()
    [[1, 1], [1, -1]]
    """
    if not is_power_of_two(size):
        raise HadamrnnError(f"size: Sylvester's matrix needs a power of two; got {size}")
    matrix = np.ones((1, 1), dtype=np.int8)
    while len(matrix) < size:
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
    return matrix


def recurrent_matrix(signs, block_size):
    """The dense W(u), for reading and for tests: (d, d) float64.

    signs : (d,) of +1 and -1; block_size : m, a power of two that divides d.

    >>> W = recurrent_matrix(np.array([1, -1, -1, 1]), 2)
    >>> bool(np.allclose(W @ W.T, np.eye(4)))
    True
    """
    blocks = np.kron(np.eye(len(signs) // block_size), sylvester(block_size))
    return np.asarray(signs, dtype=np.float64)[:, None] * blocks / np.sqrt(block_size)


def fast_transform(values, block_size):
    """Unnormalised block transform (I_q (x) S_m) x along the last axis, in d log2(m) additions.

    values : (..., d), integers or floats; integers must leave room for a factor m.
    block_size : m, a power of two that divides d.
    Returns a new array of the same shape and dtype.

    >>> fast_transform(np.array([1, 2, 3, 4]), 4).tolist()
    [10, -2, -4, 0]
    >>> fast_transform(np.array([1, 2, 3, 4]), 2).tolist()
    [3, -1, 7, -1]
    """
    values = np.asarray(values)
    if not is_power_of_two(block_size) or values.shape[-1] % block_size:
        raise HadamrnnError(
            f"block_size: must be a power of two that divides the last axis "
            f"({values.shape[-1]}); got {block_size}"
        )
    result, half = values, 1
    while half < block_size:
        pairs = result.reshape(*values.shape[:-1], values.shape[-1] // (2 * half), 2, half)
        merged = np.empty_like(pairs)
        np.add(pairs[..., 0, :], pairs[..., 1, :], out=merged[..., 0, :])
        np.subtract(pairs[..., 0, :], pairs[..., 1, :], out=merged[..., 1, :])
        result, half = merged.reshape(values.shape), 2 * half
    return result if result is not values else values.copy()
