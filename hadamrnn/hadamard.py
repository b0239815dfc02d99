r"""Sylvester-Hadamard matrices and their fast transform (NumPy).

S_1 = [1], S_2m = [[S_m, S_m], [S_m, -S_m]], so that S_m S_m^T = m I and every entry is +1 or -1
(Sylvester 1867). The recurrent matrix of the networks here is

    W(u) = diag(u) . (I_q (x) S_m) / sqrt(m),   u in {-1, +1}^d,   d = q m   (arXiv:2502.00047)

which is orthogonal for every u: binary (up to its scale) for q = 1, block-sparse for q > 1.

>>> H = sylvester(8)
>>> bool((H @ H.T == 8 * np.eye(8)).all())
True
"""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hadamrnn.errors import HadamrnnError

Number = TypeVar("Number", bound=np.generic)


def is_power_of_two(value: int) -> bool:
    """Whether ``value`` is 1, 2, 4, 8, ...

    Examples
    --------
    >>> [n for n in range(-1, 10) if is_power_of_two(n)]
    [1, 2, 4, 8]
    """
    return value > 0 and value & (value - 1) == 0


def block_size_of(hidden_size: int, q: int) -> int:
    """Size m of the Hadamard blocks of a state.

    Parameters
    ----------
    hidden_size : int
        d, the numbers of the state.
    q : int
        How many blocks there are.

    Returns
    -------
    int
        m = d / q.

    Raises
    ------
    HadamrnnError
        Unless q divides hidden_size into blocks whose size is a power of two.

    Examples
    --------
    >>> block_size_of(128, 4)
    32
    """
    if q < 1 or hidden_size % q or not is_power_of_two(hidden_size // q):
        raise HadamrnnError(
            f"q: must divide hidden_size={hidden_size} into blocks whose size is a power of two; "
            f"got q={q}"
        )
    return hidden_size // q


def sylvester(size: int) -> NDArray[np.int8]:
    """Sylvester's matrix S_m.

    Parameters
    ----------
    size : int
        m, a power of two.

    Returns
    -------
    (size, size) int8
        Entries +1 and -1, symmetric.

    Raises
    ------
    HadamrnnError
        If ``size`` is no power of two.

    Examples
    --------
    >>> sylvester(2).tolist()
    [[1, 1], [1, -1]]
    """
    if not is_power_of_two(size):
        raise HadamrnnError(f"size: Sylvester's matrix needs a power of two; got {size}")
    matrix = np.ones((1, 1), dtype=np.int8)
    while len(matrix) < size:
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
    return matrix


def recurrent_matrix(signs: ArrayLike, block_size: int) -> NDArray[np.float64]:
    """The dense W(u), for reading and for tests.

    Parameters
    ----------
    signs : (d,) array
        u, of +1 and -1.
    block_size : int
        m, a power of two that divides d.

    Returns
    -------
    (d, d) float64

    Examples
    --------
    >>> W = recurrent_matrix(np.array([1, -1, -1, 1]), 2)
    >>> bool(np.allclose(W @ W.T, np.eye(4)))
    True
    """
    factors = np.asarray(signs, dtype=np.float64)
    blocks = np.kron(np.eye(len(factors) // block_size), sylvester(block_size))
    matrix: NDArray[np.float64] = factors[:, None] * blocks / np.sqrt(block_size)
    return matrix


def fast_transform(values: NDArray[Number], block_size: int) -> NDArray[Number]:
    """Unnormalised block transform (I_q (x) S_m) x along the last axis, in d log2(m) additions.

    Parameters
    ----------
    values : (..., d) array
        Integers or floats; integers must leave room for a factor m.
    block_size : int
        m, a power of two that divides d.

    Returns
    -------
    (..., d) array
        A new array of the same type.

    Raises
    ------
    HadamrnnError
        If ``block_size`` is no such power of two.

    Examples
    --------
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
    result: NDArray[Any] = values
    half = 1
    while half < block_size:
        pairs = result.reshape(*values.shape[:-1], values.shape[-1] // (2 * half), 2, half)
        merged = np.empty_like(pairs)
        np.add(pairs[..., 0, :], pairs[..., 1, :], out=merged[..., 0, :])
        np.subtract(pairs[..., 0, :], pairs[..., 1, :], out=merged[..., 1, :])
        result, half = merged.reshape(values.shape), 2 * half
    return result if result is not values else values.copy()
