r"""Biases of few bits: rounded so that little of the error is left in the states.

The error e of the biases is added at every step, so that after t steps the states are wrong by

    A_t e,   A_t = I + M + ... + M^(t-1),   M = (1 - 2^-fade) W.

W is orthogonal, with eigenvalues anywhere on the unit circle: along those near 1 the error grows
with t, along the others it turns and stays small. Rounding each bias to its nearest ignores that.
Here the squared error of all steps, e' G e with G = A_1' A_1 + ... + A_T' A_T, is brought down by
whole steps of one bias at a time, until no single one helps. Where only the last state is read, its
error alone counts.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from hadamrnn.hadamard import recurrent_matrix
from hadamrnn.integer.checks import RANGES
from hadamrnn.integer.fixed_point import round_shift

Array = npt.NDArray[Any]
SWEEPS = 20
"""Over all biases, at most: it has always ended before."""


def accumulation(
    signs: npt.ArrayLike, block_size: int, steps: int, fade: int = 0, last: bool = False
) -> npt.NDArray[np.float64]:
    """G of each block, by doubling the number of steps.

    Parameters
    ----------
    signs : array_like of int, (d,)
        u.
    block_size : int
        m.
    steps : int
        T, at least 1.
    fade : int
        0: never.
    last : bool
        Whether only the error of the last state counts.

    Returns
    -------
    array of float64, (d / m, m, m)
        Positive semidefinite.
    """
    share = 1 - 2.0**-fade if fade else 1.0
    blocks = np.reshape(signs, (-1, block_size))
    return np.stack(
        [_of_block(share * recurrent_matrix(u, block_size), share, steps, last) for u in blocks]
    )


def _of_block(M: Array, share: float, steps: int, last: bool) -> Array:
    """Of one block; M' M = share^2 I."""
    one = np.eye(len(M))
    t, power, A = 1, M, one  # M^t, A_t
    total, G = one, one  # A_1 + ... + A_t, and of A_s' A_s
    for bit in bin(steps)[3:]:
        if not last:  # A_(t+s) = A_t + M^t A_s
            mixed = A.T @ (turned := power @ total)
            G = (1 + share ** (2 * t)) * G + t * A.T @ A + mixed + mixed.T
            total = total + t * A + turned
        A = A + power @ A
        power, t = power @ power, 2 * t
        if bit == "1":
            A, power, t = one + M @ A, M @ power, t + 1
            if not last:
                total, G = total + A, G + A.T @ A
    return A.T @ A if last else G


def stored(
    exact: npt.NDArray[np.int64], bits: int, weight: npt.NDArray[np.float64] | None
) -> tuple[npt.NDArray[np.int64], int] | None:
    """Biases of few bits and the shift that they all have.

    The step is that with the least squared error: a finer one that cuts a few large biases off may
    be nearer to all than one that holds them.

    Parameters
    ----------
    exact : array of int64, (d,)
        Biases in the finest units.
    bits : int
        2 to 16.
    weight : array of float64, (d / m, m, m), or None
        ``accumulation``; None: each bias is the nearest.

    Returns
    -------
    tuple of array of int64, (d,), and int, or None
        B and s, so that B 2^s stands for ``exact``; None if no shift holds all.
    """
    most = (1 << (bits - 1)) - 1
    best: tuple[float, Array, int] | None = None
    for shift in range(RANGES["bias_shift"][1] + 1):
        rounded = round_shift(exact, shift)
        bias = rounded.clip(-most, most)
        error = float(np.square((bias << shift) - exact, dtype=np.float64).sum())
        if best is None or error < best[0]:
            best = error, bias, shift
        if np.array_equal(bias, rounded):  # coarser steps are no nearer
            _, bias, shift = best
            return bias if weight is None else _descended(bias, exact, shift, most, weight), shift
    return None


def _descended(start: Array, exact: Array, shift: int, most: int, weight: Array) -> Array:
    """Whole steps of one bias at a time, in all blocks at once, while e' G e falls."""
    blocks, size, _ = weight.shape
    bias = start.reshape(blocks, size).copy()
    step = float(1 << shift)
    error = bias * step - exact.reshape(blocks, size)
    slope = np.einsum("kij,kj->ki", weight, error)
    for _ in range(SWEEPS):
        before = bias.copy()
        for i in range(size):
            wanted = bias[:, i] + np.rint(-slope[:, i] / (weight[:, i, i] * step)).astype(np.int64)
            change = wanted.clip(-most, most) - bias[:, i]
            if change.any():
                bias[:, i] += change
                slope += weight[:, :, i] * (change * step)[:, None]
        if np.array_equal(bias, before):
            break
    return bias.ravel()
